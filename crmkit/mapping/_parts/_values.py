"""Tables of values: what a picklist's values are called on the other side."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import attrs

from crmkit.normalize import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["ValueTable"]


def _pairs(table: Mapping[str, str] | Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    items = table.items() if hasattr(table, "items") else table
    return tuple((str(one), str(other)) for one, other in items)


@attrs.frozen
class ValueTable:
    """What values are called on the other side, in both directions.

    Several values may become one (``OPEN`` and ``NEW`` are both ``new``); ``backward`` says which of them the way back
    takes. A value is looked for as it is, then without regard to case, width and blanks.

    Attributes:
        forward: Pairs of a value on the left and its name on the right.
        backward: Pairs of a value on the right and its name on the left.

    Example:
        >>> from crmkit.mapping import ValueTable
        >>> stages = ValueTable.of({"New": "new", "Open": "new", "Won": "won"})
        >>> stages.get(" open "), stages.inverse().get("new"), stages.get("Lost") is None, stages.merges()
        ('new', 'New', True, ('Open',))

    .. versionadded:: 0.1.0
    """

    forward: tuple[tuple[str, str], ...] = attrs.field(converter=_pairs)
    backward: tuple[tuple[str, str], ...] = attrs.field(converter=_pairs)
    _found: Mapping[str, str] = attrs.field(init=False, repr=False, eq=False)
    _folded: Mapping[str, str] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        exact: dict[str, str] = {}
        folded: dict[str, str] = {}
        for one, other in self.forward:
            exact.setdefault(one, other)
            folded.setdefault(_fold(one), other)
        object.__setattr__(self, "_found", exact)
        object.__setattr__(self, "_folded", folded)

    @classmethod
    def of(cls, table: Mapping[str, str] | Iterable[tuple[str, str]]) -> ValueTable:
        """Build a table from left to right; on the way back the first value with a name is taken."""
        pairs = _pairs(table)
        back: dict[str, str] = {}
        for one, other in pairs:
            back.setdefault(other, one)
        return cls(pairs, back.items())

    def get(self, value: str) -> str | None:
        """Return what a value is called on the right, or ``None`` where the table does not have it."""
        found = self._found.get(value)
        return found if found is not None else self._folded.get(_fold(value))

    @property
    def table(self) -> Mapping[str, str]:
        """The way to the right, as a mapping."""
        return MappingProxyType(dict(self._found))

    def inverse(self) -> ValueTable:
        """Return the table read from right to left."""
        return ValueTable(self.backward, self.forward)

    def merges(self) -> tuple[str, ...]:
        """Return the values that the way there and back turns into another one."""
        back = self.inverse()
        return tuple(value for value, other in self._found.items() if back.get(other) != value)

    def __or__(self, other: ValueTable) -> ValueTable:
        """Return the table that goes through both; values that the second one does not have are left out."""
        forward = [(a, found) for a, b in self.forward if (found := other.get(b)) is not None]
        first, second = self.inverse(), other.inverse()
        backward = [(c, found) for c, b in second.forward if (found := first.get(b)) is not None]
        return ValueTable(forward, backward)


def _fold(value: str) -> str:
    return text.fold(value).strip()
