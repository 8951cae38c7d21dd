"""Regular expressions that come as data: compiled once, and refused if a value could make them run for ever.

Python's ``re`` backtracks. A repeat without an end inside another one (``(a+)+``), or an alternative that both branches
can begin inside one, takes time exponential in the length of a text that nearly matches. Such a pattern is refused
when the rule is made; and the more repeats a pattern has, the shorter are the texts that it is asked about.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from crmkit.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Match: TypeAlias = Callable[[str], "re.Match[str] | None"]

__all__ = ["compile_pattern"]

_LONGEST_TEXT = (10_000, 10_000, 2_000, 500, 150, 80, 64)
"""By the number of repeats without an end: the longest text that is asked about. A longer one does not match."""

_MANY = 16
_MOST_OPEN = len(_LONGEST_TEXT) - 1
_LONGEST_PATTERN = 1000


@lru_cache(maxsize=512)
def compile_pattern(pattern: str, whose: str) -> Match:
    """Return the full match of a pattern that is safe to ask.

    Args:
        pattern: A regular expression.
        whose: Names it in messages, such as ``the pattern of a Text()``.

    Raises:
        SchemaError: If it is no regular expression, or one that could take time exponential in the length of a text.

    Example:
        >>> compile_pattern("[A-Z]+", "it")("ABC") is not None
        True
    """
    if len(pattern) > _LONGEST_PATTERN:
        raise SchemaError(f"{whose} is longer than {_LONGEST_PATTERN} characters")
    try:
        compiled = re.compile(pattern)
        tree = re._parser.parse(pattern)  # type: ignore[attr-defined]  # the only description of a pattern there is
    except (re.error, RecursionError, OverflowError) as error:
        raise SchemaError(f"{whose} is no regular expression: {error}") from None
    if _is_explosive(tree, inside=False):
        raise SchemaError(
            f"{whose} can take for ever on a text that nearly matches: it repeats a part that itself repeats or "
            "branches; make the inner part of a fixed length, or the repeat possessive (++)"
        )
    n_open = _open_repeats(tree)
    if n_open > _MOST_OPEN:
        raise SchemaError(f"{whose} has more than {_MOST_OPEN} repeats without an end, and can take very long")
    full, longest = compiled.fullmatch, _LONGEST_TEXT[n_open]
    return lambda text: full(text) if len(text) <= longest else None


def _children(argument: Any) -> Iterable[Any]:
    """Return the patterns inside of one node's argument."""
    if hasattr(argument, "data"):
        return [argument]
    if isinstance(argument, (tuple, list)):
        return [child for part in argument for child in _children(part)]
    return []


def _name(operation: object) -> str:
    return str(operation)


def _is_open(node: tuple[Any, Any]) -> bool:
    return _name(node[0]) in ("MAX_REPEAT", "MIN_REPEAT") and node[1][1] >= _MANY


def _is_explosive(tree: Any, *, inside: bool) -> bool:
    """Say whether a repeat without an end holds something that could match one text in several ways."""
    for node in tree:
        operation, argument = _name(node[0]), node[1]
        if operation in ("POSSESSIVE_REPEAT", "ATOMIC_GROUP"):
            if any(_is_explosive(child, inside=False) for child in _children(argument)):
                return True
            continue
        if inside and (_is_loose(node) or operation == "GROUPREF"):
            return True
        within = inside or _is_open(node)
        if _is_open(node) and any(child.getwidth()[0] == 0 for child in _children(argument)):
            return True  # the part can be empty, so it can be passed in any number of ways
        if operation == "BRANCH" and inside and not _is_told_apart(argument[1]):
            return True
        if any(_is_explosive(child, inside=within and not _is_delimited(child)) for child in _children(argument)):
            return True
    return False


def _is_loose(node: tuple[Any, Any]) -> bool:
    """Say whether a repeat has more than one possible length."""
    return _name(node[0]) in ("MAX_REPEAT", "MIN_REPEAT") and node[1][1] >= _MANY and node[1][0] != node[1][1]


def _is_delimited(tree: Any) -> bool:
    """Say whether a repeated part begins or ends with a literal that its own repeats cannot match: ``(-[a-z]+)*``."""
    nodes = list(tree)
    while len(nodes) == 1 and _name(nodes[0][0]) == "SUBPATTERN":
        nodes = list(nodes[0][1][-1])
    if len(nodes) < 2:
        return False
    for edge, rest in ((nodes[0], nodes[1:]), (nodes[-1], nodes[:-1])):
        if _name(edge[0]) != "LITERAL":
            continue
        sets = [child for node in rest for child in _matched(node)]
        if sets and all(_excludes(one, edge[1]) for one in sets) and not any(_is_nested(node) for node in rest):
            return True
    return False


def _is_nested(node: tuple[Any, Any]) -> bool:
    if _name(node[0]) == "BRANCH":
        return True
    if _is_open(node):
        return any(_is_open(inner) or _is_nested(inner) for child in _children(node[1]) for inner in child)
    return any(_is_nested(inner) for child in _children(node[1]) for inner in child)


def _matched(node: tuple[Any, Any]) -> list[tuple[Any, Any]]:
    """Return the nodes that match one character each, inside of ``node``."""
    children = list(_children(node[1]))
    if not children or _name(node[0]) == "IN":
        return [node]
    return [one for child in children for inner in child for one in _matched(inner)]


def _excludes(node: tuple[Any, Any], code: int) -> bool:
    """Say whether a one-character node can be proven not to match the character."""
    operation, argument = _name(node[0]), node[1]
    if operation == "LITERAL":
        return bool(argument != code)
    if operation == "NOT_LITERAL":
        return bool(argument == code)
    if operation != "IN":
        return operation == "AT"
    negated, hit = False, False
    for kind, value in argument:
        word = _name(kind)
        if word == "NEGATE":
            negated = True
        elif word == "LITERAL":
            hit = hit or value == code
        elif word == "RANGE":
            hit = hit or value[0] <= code <= value[1]
        elif word == "CATEGORY":
            hit = hit or _in_category(_name(value), chr(code))
    return hit if negated else not hit


def _in_category(name: str, char: str) -> bool:
    kinds = {"CATEGORY_DIGIT": r"\d", "CATEGORY_SPACE": r"\s", "CATEGORY_WORD": r"\w", "CATEGORY_NOT_DIGIT": r"\D",
             "CATEGORY_NOT_SPACE": r"\S", "CATEGORY_NOT_WORD": r"\W"}  # fmt: skip
    return name not in kinds or re.match(kinds[name], char) is not None


def _is_told_apart(branches: Any) -> bool:
    """Say whether the first characters of the branches are different literals."""
    firsts = [next(iter(branch), None) for branch in branches]
    codes = [node[1] for node in firsts if node is not None and _name(node[0]) == "LITERAL"]
    return len(codes) == len(firsts) and len(set(codes)) == len(codes)


def _open_repeats(tree: Any) -> int:
    return sum(int(_is_open(node)) + sum(_open_repeats(child) for child in _children(node[1])) for node in tree)
