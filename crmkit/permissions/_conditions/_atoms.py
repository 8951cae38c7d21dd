"""The comparisons that conditions are made of: a closed set, because every back end must know each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

from ._tree import Condition, truthless

if TYPE_CHECKING:
    import datetime as dt
    from decimal import Decimal

    from ._operands import Operand

__all__ = [
    "FLIPPED",
    "OPERATORS",
    "OPPOSITE",
    "Atom",
    "Compare",
    "Contains",
    "HasText",
    "In",
    "IsNull",
    "Named",
    "Operator",
    "Scalar",
    "StartsWith",
    "Under",
]

Scalar: TypeAlias = "str | int | float | Decimal | bool | dt.date | dt.datetime"
"""What a literal may be."""
Operator: TypeAlias = Literal["eq", "ne", "lt", "le", "gt", "ge"]
OPERATORS: Final[dict[str, str]] = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
OPPOSITE: Final[dict[Operator, Operator]] = {"eq": "ne", "ne": "eq", "lt": "ge", "ge": "lt", "gt": "le", "le": "gt"}
FLIPPED: Final[dict[Operator, Operator]] = {"eq": "eq", "ne": "ne", "lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}


@attrs.frozen
class Named:
    """A value that is known by its name when a condition is asked."""

    name: str


@attrs.frozen
class Atom(Condition):
    """A comparison of an operand with another, a literal or a list."""

    left: Operand
    right: Operand | Scalar | tuple[Scalar, ...] = ()

    @property
    def operands(self) -> tuple[Operand, ...]:
        return (self.left, self.right) if isinstance(self.right, Named) else (self.left,)


@attrs.frozen(repr=False)
class Compare(Atom):
    """Two values compare so."""

    operator: Operator = "eq"

    def __repr__(self) -> str:
        return f"{self.left!r}.{self.operator}({self.right!r})"


@attrs.frozen(repr=False)
class In(Atom):
    """The value is one of a list."""

    def __repr__(self) -> str:
        return f"{self.left!r}.is_in({list(self.right) if isinstance(self.right, tuple) else self.right!r})"


@attrs.frozen(repr=False)
class Contains(Atom):
    """The value is a list that has this member."""

    def __repr__(self) -> str:
        return f"{self.left!r}.contains({self.right!r})"


@attrs.frozen(repr=False)
class HasText(Atom):
    """The text has this text in it."""

    def __repr__(self) -> str:
        return f"{self.left!r}.has_text({self.right!r})"


@attrs.frozen(repr=False)
class StartsWith(Atom):
    """The text starts so."""

    def __repr__(self) -> str:
        return f"{self.left!r}.starts_with({self.right!r})"


@attrs.frozen(repr=False)
class Under(Atom):
    """The text is this path or one below it."""

    def __repr__(self) -> str:
        return f"{self.left!r}.under({self.right!r})"


@attrs.frozen(repr=False)
class IsNull(Atom):
    """The value is missing."""

    def __repr__(self) -> str:
        return f"{self.left!r}.is_null()"


for _class in (Atom, Compare, In, Contains, HasText, StartsWith, Under, IsNull):
    _class.__bool__ = truthless  # type: ignore[method-assign]
