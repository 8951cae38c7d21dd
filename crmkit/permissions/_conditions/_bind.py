"""What the atoms mean, and what is left of a condition once principal, request and moment are known."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Final, Protocol

import attrs

from ._atoms import Atom, Compare, Contains, HasText, In, IsNull, StartsWith, Under
from ._normal import all_of, any_of, negate
from ._operands import Operand, RecordValue
from ._tree import FALSE, All, Any, Condition, Const, Not
from ._types import WRONG, fits, member

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ._schema import Field

__all__ = ["Values", "bind", "holds"]

_COMPARE: Final[dict[str, Callable[..., bool]]] = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge,
}  # fmt: skip


class Values(Protocol):
    """What is known besides the record."""

    def value(self, operand: Operand) -> object:
        """Return the value, of its declared type, or ``None``."""
        ...


def holds(atom: Atom, left: object, right: object) -> bool | None:
    """Return whether an atom holds of two values, ``None`` where one is missing or of the wrong type.

    The one definition of what the atoms mean; the back ends are held against it.
    """
    if isinstance(atom, In) and right is not None and not right:
        return False
    if left is WRONG or right is WRONG:
        return None
    if isinstance(atom, IsNull):
        return left is None
    if left is None or right is None:
        return None
    if isinstance(atom, Compare):
        return _COMPARE[atom.operator](left, right)
    if isinstance(atom, In):
        return left in right  # type: ignore[operator]  # a list of texts and integers
    if isinstance(atom, Contains):
        return member(left, right)
    text, part = str(left), str(right)
    if is_blank(atom, part):
        return None
    if isinstance(atom, HasText):
        return part in text
    if isinstance(atom, StartsWith):
        return text.startswith(part)
    path = part.rstrip("/")
    return text == path or text.startswith(path + "/")


def is_blank(atom: Atom, part: str) -> bool:
    """Say whether the text would be in, before or above every other one; such an atom is UNKNOWN."""
    return not (part.rstrip("/") if isinstance(atom, Under) else part)


def bind(condition: Condition, values: Values, fields: Mapping[str, Field]) -> Condition:
    """Return what is left to ask of the record, in negation normal form, as far as TRUE goes.

    Args:
        condition: In negation normal form. Its negations stand before atoms only, and neither an UNKNOWN atom nor its
            negation is TRUE: both become FALSE.
        values: What is known.
        fields: The fields of the record.
    """
    if isinstance(condition, All):
        return all_of(bind(part, values, fields) for part in condition.parts)
    if isinstance(condition, Any):
        return any_of(bind(part, values, fields) for part in condition.parts)
    if isinstance(condition, Not):
        bound = _bind_atom(condition.part, values, fields)
        if isinstance(bound, In) and not bound.right:  # it is none of them as soon as it is there
            return Not(IsNull(bound.left))
        return FALSE if bound is None else negate(bound)
    bound = _bind_atom(condition, values, fields)
    return FALSE if bound is None or (isinstance(bound, In) and not bound.right) else bound


def _bind_atom(atom: Condition, values: Values, fields: Mapping[str, Field]) -> Condition | None:
    """Return the atom with what is known in it, ``None`` where it can only be UNKNOWN.

    A list whose members are all of another type than the field's is left as an empty one: nothing is in it, but unlike
    membership of a list that is empty, a missing value is not known to be outside.
    """
    if not isinstance(atom, Atom):
        return atom
    right = atom.right
    if isinstance(right, Operand) and not isinstance(right, RecordValue):
        found = values.value(right)
        if isinstance(found, frozenset):
            if not found:
                return FALSE
            right = tuple(sorted(found, key=lambda one: (type(one).__name__, one)))
            if isinstance(atom.left, RecordValue):
                kind = fields[atom.left.name].type
                right = tuple(one for one in right if fits(one, kind))
        elif found is None or (isinstance(atom, (HasText, StartsWith, Under)) and is_blank(atom, str(found))):
            return None
        else:
            right = found  # type: ignore[assignment]  # of the type that was declared
    if isinstance(atom.left, RecordValue):
        return attrs.evolve(atom, right=right)
    truth = holds(atom, values.value(atom.left), right)
    return None if truth is None else Const(value=truth)
