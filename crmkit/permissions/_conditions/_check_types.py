"""Holds a condition against what the policy declares: every name known, every comparison of one type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from crmkit._nearest import did_you_mean
from crmkit.errors import NotFoundError

from ._atoms import Atom, Compare, Contains, HasText, In, IsNull, StartsWith, Under
from ._normal import walk
from ._operands import Now, Operand, PrincipalValue, RecordValue
from ._schema import PRINCIPAL_TYPES
from ._tree import Condition, Custom
from ._types import fits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ._schema import Field, Resource
    from ._types import Type

__all__ = ["Declared", "unknown"]

_MOST_NAMES: Final = 12
"""How many names a message lists."""


def unknown(what: str, name: object, known: Iterable[str]) -> str:
    """Return the sentence for a name that nobody declared, with the nearest one that somebody did, or a few of them.

    Of what is no text, such as a record in its place, only the type is said.
    """
    if not isinstance(name, str):
        article = "an" if what[:1] in "aeio" else "a"
        return f"the name of {article} {what} is text, not a {type(name).__name__}"
    names = list(map(str, known))
    near = did_you_mean(name, names)
    if near is not None:
        return f'unknown {what} "{name}"; did you mean "{near}"?'
    listed = ", ".join(f'"{one}"' for one in names[:_MOST_NAMES])
    more = f", and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f'unknown {what} "{name}"; ' + (f"known: {listed}{more}" if names else "there are none")


@attrs.frozen
class Declared:
    """The types of everything that a condition on one resource may name."""

    resource: Resource
    principal: Mapping[str, Type]
    context: Mapping[str, Type]
    predicates: frozenset[str]

    def type_of(self, operand: Operand) -> Type:
        """Return the declared type.

        Raises:
            NotFoundError: Nothing of this name is declared.
        """
        if isinstance(operand, Now):
            return "datetime"
        if isinstance(operand, RecordValue):
            fields: Mapping[str, Field] = self.resource.fields
            if operand.name not in fields:
                raise NotFoundError(unknown(f'field of resource "{self.resource.name}"', operand.name, fields))
            return fields[operand.name].type
        what, known = ("principal attribute", self.principal)
        if not isinstance(operand, PrincipalValue):
            what, known = "context value", self.context
        elif operand.name in PRINCIPAL_TYPES:
            return PRINCIPAL_TYPES[operand.name]
        if operand.name not in known:
            raise NotFoundError(
                unknown(what, operand.name, [*known, *(PRINCIPAL_TYPES if known is self.principal else ())])
            )
        return known[operand.name]

    def problems(self, condition: Condition) -> Iterator[str]:
        """Yield what is wrong with a condition, a sentence each."""
        for node in walk(condition):
            if isinstance(node, Custom):
                if node.name not in self.predicates:
                    yield unknown("predicate", node.name, self.predicates)
            elif isinstance(node, Atom):
                try:
                    types = [self.type_of(operand) for operand in node.operands]
                except NotFoundError as error:
                    yield str(error)
                    continue
                problem = self._atom(node, types)
                if problem is not None:
                    yield f"{node.left!r} {problem}"

    def _atom(self, node: Atom, types: list[Type]) -> str | None:
        """Return what is wrong with an atom whose operands have these types."""
        left, right = types[0], types[1] if len(types) > 1 else None
        if isinstance(node, Compare):
            return self._compare(node, left, right)
        if isinstance(node, IsNull):
            return None
        if isinstance(node, (HasText, StartsWith, Under)):
            if left != "str" or right not in (None, "str"):
                return "must be text and be compared with text"
            if isinstance(node.right, RecordValue):
                return "can be compared with text, principal or context, not with another field"
            if right is None and not (isinstance(node.right, str) and node.right.strip("/")):
                return "must be compared with text that is not empty"
            return None
        if isinstance(node, Contains):
            if left != "list" or isinstance(node.right, RecordValue) or right == "list":
                return "must be a list, and its member a literal, principal or context value"
            return (
                None if right in (None, "str", "int") and _is_member(node) else "has members that are text or integers"
            )
        if left not in ("str", "int") and right == "list":
            return f"is {left}; only text and integers can be members of a list"
        if right is not None:
            return None if right == "list" and not isinstance(node.right, RecordValue) else "needs a list behind in"
        values = node.right if isinstance(node, In) and isinstance(node.right, tuple) else ()
        wrong = next((value for value in values if not fits(value, left)), None)
        if left == "list" or wrong is not None:
            return f"is {left}; in has a {type(wrong).__name__}"
        return None

    def _compare(self, node: Compare, left: Type, right: Type | None) -> str | None:
        if left == "list" or right == "list":
            return "is a list; ask for a member with contains"
        if right is None and not fits(node.right, left):
            return f"is {left} and cannot be compared with {type(node.right).__name__}"
        if right is not None and left != right:
            return f"is {left} and cannot be compared with {node.right!r}, which is {right}"
        if node.operator not in ("eq", "ne"):
            if left == "bool":
                return "is bool and has no order"
            if left == "str" and not all(self._is_binary(operand) for operand in node.operands):
                return 'is text without a declared order; give its field collation = "binary" if databases sort it so'
        return None

    def _is_binary(self, operand: Operand) -> bool:
        return not isinstance(operand, RecordValue) or self.resource.fields[operand.name].collation == "binary"


def _is_member(node: Atom) -> bool:
    return isinstance(node.right, (Operand, str)) or fits(node.right, "int")
