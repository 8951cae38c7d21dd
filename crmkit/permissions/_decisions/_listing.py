"""What a question finds, as a sequence that is a table, too."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar, overload

import attrs

from crmkit import _notebook, frames

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from crmkit.typing import Frame, JSONValue

__all__ = ["Listing"]

Item = TypeVar("Item")


class Listing(Sequence[Item]):
    """What ``Engine.who_can``, ``Engine.what_can`` and ``Review.revocations`` find, in its order; it does not change.

    It is used like a list, equals one of the same items, is empty where nothing was found, and shows itself as a table.

    Example:
        >>> from crmkit.permissions import Assignment, Engine, Grant, Policy, Resource, Role
        >>> deal = Resource("deal", actions=["read", "delete"])
        >>> policy = Policy([deal], [Role("all", grants=[Grant("read", "deal", scope="all")])])
        >>> found = Engine(policy, [Assignment("ann", "all")]).what_can("ann")
        >>> found
        <Listing of 1 Permission>
        >>> found[0].action
        'read'
        >>> found.to_dict()
        {'rows': [{'resource': 'deal', 'action': 'read', 'outcome': 'always', 'condition': ''}]}

    .. versionadded:: 0.1.0
    """

    __slots__ = ("_items", "_kind", "_title")
    __hash__ = None  # type: ignore[assignment]  # it equals lists, which have none

    def __init__(self, kind: type[Item], items: Iterable[Item], *, title: str) -> None:
        self._kind = kind
        self._items = tuple(items)
        self._title = title

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)

    @overload
    def __getitem__(self, place: int) -> Item: ...

    @overload
    def __getitem__(self, place: slice) -> Listing[Item]: ...

    def __getitem__(self, place: int | slice) -> Item | Listing[Item]:
        if isinstance(place, slice):
            return Listing(self._kind, self._items[place], title=self._title)
        return self._items[place]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (Listing, list, tuple)):
            return NotImplemented
        return self._items == tuple(other)

    def __repr__(self) -> str:
        return f"<Listing of {len(self):,} {self._kind.__name__}>"

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return a row for each item, as a frame of the kind of ``like``; several names are joined by spaces."""
        rows = [[_cell(value) for value in self._values(one)] for one in self._items]
        columns: dict[str, list[object]] = {
            name: [row[place] for row in rows] for place, name in enumerate(self._names())
        }
        return frames.build(columns, like=like)

    def to_dict(self) -> Mapping[str, JSONValue]:
        """Return all items as plain data."""
        names = self._names()
        return {
            "rows": [dict(zip(names, map(_plain, self._values(one)), strict=True)) for one in self._items],
        }

    def _names(self) -> list[str]:
        kind: Any = self._kind
        return [field.name for field in attrs.fields(kind)]

    def _values(self, item: object) -> list[object]:
        return [getattr(item, name) for name in self._names()]

    def _repr_html_(self) -> str:
        items = self._items[:_MOST_ROWS]
        rows = [[_shown(value) for value in self._values(one)] for one in items]
        filled = [place for place in range(len(self._names())) if any(row[place] not in (None, "") for row in rows)]
        heads = [self._names()[place].replace("_", " ") for place in filled]
        table = _notebook.table(heads, [[row[place] for place in filled] for row in rows]) if rows else ""
        lead = f"{len(self):,} found" if rows else "nothing found"
        return _notebook.sheet(self._title, lead, table, _notebook.more(len(rows), len(self), "rows"))


_MOST_ROWS = 20


def _plain(value: object) -> JSONValue:
    if isinstance(value, tuple):
        return [str(one) for one in value]
    if isinstance(value, enum.Enum):
        return str(value.value)
    return value.isoformat() if isinstance(value, dt.datetime) else value  # type: ignore[return-value]  # text or none


def _cell(value: object) -> object:
    return " ".join(map(str, value)) if isinstance(value, tuple) else _plain(value)


def _shown(value: object) -> object:
    return value.value if isinstance(value, enum.Enum) else value
