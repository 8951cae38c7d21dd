"""Plain data as TOML. Reading is ``tomllib``'s, within limits; TOML has no null, so writing leaves out what is null."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["from_toml", "to_toml"]

_MOST_PARTS = 32
"""Of one dotted key: ``tomllib`` needs the square of their number, and no document of crmkit has a third of it."""
_TOKEN = re.compile(
    r"""(?P<text>\"{3}(?:[^\\]|\\.)*?(?:"{3,5}|\\?\Z)|'{3}.*?(?:'{3,5}|\Z)|"(?:[^"\\\n]|\\.)*+"?|'[^'\n]*+'?)"""
    r"""|(?P<bare>[A-Za-z0-9_-]++)|(?P<dot>\.)|(?P<space>[ \t]++)|\#[^\n]*+|.""",
    re.DOTALL,
)

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z").match
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def from_toml(text: str, *, parse_float: Callable[[str], Any] = float) -> dict[str, Any]:
    """Return what a document says, which somebody else may have written.

    Raises:
        tomllib.TOMLDecodeError: It is none, is nested too deeply, or has a dotted key of more than 32 parts.

    Example:
        >>> from_toml("a.b = 1")
        {'a': {'b': 1}}
        >>> from_toml("a = " + "[" * 100_000)
        Traceback (most recent call last):
        ...
        tomllib.TOMLDecodeError: nested too deeply
    """
    line = _long_key(text)
    if line is not None:
        raise tomllib.TOMLDecodeError(f"a dotted key of more than {_MOST_PARTS} parts (at line {line})")
    try:
        return tomllib.loads(text, parse_float=parse_float)
    except RecursionError:
        raise tomllib.TOMLDecodeError("nested too deeply") from None


def _long_key(text: str) -> int | None:
    """Return the line of the first key with too many parts."""
    if not any(line.count(".") >= _MOST_PARTS for line in text.split("\n")):
        return None
    dots = 0
    for found in _TOKEN.finditer(text):
        if found.lastgroup == "dot":
            dots += 1
            if dots >= _MOST_PARTS:
                return text.count("\n", 0, found.start()) + 1
        elif found.lastgroup is None:
            dots = 0
    return None


def to_toml(data: Mapping[str, Any]) -> str:
    """Return the document: simple values first, then a table for each mapping, then arrays of tables.

    Example:
        >>> print(to_toml({"name": "s", "fields": {"a b": {"Email": {}}}, "rules": [{"unique": {"fields": ["a"]}}]}))
        name = "s"
        <BLANKLINE>
        [fields]
        "a b" = { Email = {} }
        <BLANKLINE>
        [[rules]]
        unique = { fields = ["a"] }
        <BLANKLINE>
    """
    simple = [
        f"{_key(key)} = {_value(value)}"
        for key, value in data.items()
        if value is not None and not isinstance(value, dict) and not _is_tables(value)
    ]
    parts = ["\n".join(simple)]
    for key, value in data.items():
        if isinstance(value, dict):
            parts.append("\n".join([f"[{_key(key)}]", *_lines(value)]))
        elif _is_tables(value):
            parts += ["\n".join([f"[[{_key(key)}]]", *_lines(table)]) for table in value]
    return "\n\n".join(parts) + "\n"


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _lines(table: Mapping[str, Any]) -> list[str]:
    return [f"{_key(key)} = {_value(value)}" for key, value in table.items() if value is not None]


def _key(key: str) -> str:
    return key if _BARE(key) else _text(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items() if item is not None)
        return f"{{ {inner} }}" if inner else "{}"
    return f"[{', '.join(_value(item) for item in value)}]"


def _text(text: str) -> str:
    signs = []
    for sign in text:
        code = ord(sign)
        if sign in _ESCAPES:
            signs.append(_ESCAPES[sign])
        elif code < 0x20 or code == 0x7F:
            signs.append(f"\\u{code:04X}")
        else:
            signs.append(sign)
    return f'"{"".join(signs)}"'
