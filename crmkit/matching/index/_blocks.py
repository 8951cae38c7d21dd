"""The blocks of one blocking rule, sorted, so that a record's block is two look-ups away."""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from ._vocabulary import buffer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[np.generic]]
    Key = tuple[int, ...]
    MarksOf = Callable[[int], bytes]

__all__ = ["Around", "RuleIndex", "rule_arrays"]

_LARGEST = 2**62
_TWO = 2


def rule_arrays(
    columns: Sequence[Sequence[NDArray[np.int32]]], sizes: Sequence[int], rank: NDArray[np.int64]
) -> dict[str, NDArray[np.generic]] | None:
    """Sort the rows by the keys of a rule, those of one block by ``rank``.

    Args:
        columns: For each key of the rule the codes of all rows, one array per source column, -1 where missing; first
            the key with the most values, so that what is left to search is short.
        sizes: How many values each key has.
        rank: Place of each row when rows are sorted by content.

    Returns:
        ``rows``; ``starts``, for each value of the first key its place in ``rows``; and ``rest``, the other keys as
        one number, ascending within one value of the first. ``None`` where the others do not fit into one number.
    """
    if len(sizes) > 1 and np.prod([float(size) for size in sizes[1:]]) >= _LARGEST:
        return None
    rows, first, rest = [], [], []
    for combination in itertools.product(*columns):
        present = np.flatnonzero(np.logical_and.reduce([column >= 0 for column in combination]))
        rows.append(present.astype(np.int32))
        first.append(combination[0][present])
        number = np.zeros(len(present), dtype=np.int64)
        for column, size in zip(combination[1:], sizes[1:], strict=True):
            number = number * size + column[present]
        rest.append(number)
    row, head, tail = np.concatenate(rows), np.concatenate(first), np.concatenate(rest)
    order = np.lexsort((rank[row], tail, head)) if len(sizes) > 1 else np.lexsort((rank[row], head))
    arrays: dict[str, NDArray[np.generic]] = {
        "rows": row[order],
        "starts": np.searchsorted(head[order], np.arange(sizes[0] + 1)).astype(np.int64),
    }
    if len(sizes) > 1:
        small = tail.max(initial=0) < 2**31
        arrays["rest"] = tail[order].astype(np.int32 if small else np.int64)
    return arrays


class RuleIndex:
    """The blocks of one rule."""

    __slots__ = (
        "_cap", "_first", "_rest", "_rows", "_second", "_sizes", "_slots", "_starts", "added", "is_simple", "names",
        "removed",
    )  # fmt: skip

    def __init__(self, names: Sequence[str], sizes: Sequence[int], cap: int, arrays: Arrays) -> None:
        self.names = tuple(names)
        """Keys, in the order in which they are sorted by."""
        self._cap = cap
        """Largest block whose records all meet."""
        self._sizes = tuple(sizes)
        self._rows = buffer(arrays["rows"])
        self._starts = buffer(arrays["starts"])
        rest = arrays.get("rest")
        self._rest = None if rest is None else buffer(rest)
        self.added: dict[Key, list[int]] = {}
        self.removed: Counter[Key] = Counter()
        self.take_slots([0] * len(names), ())

    def take_slots(self, slots: Sequence[int], several: Collection[int]) -> None:
        """Note where its keys are among those of a record; in ``several`` there is one for each column."""
        self._slots = tuple(slots)
        self._first, self._second = slots[0], slots[1] if len(slots) > 1 else -1
        self.is_simple = len(slots) <= _TWO and not any(slot in several for slot in slots)
        """Whether it has one or two keys, each of one column."""

    def keys(self, slots: Sequence[Any]) -> Mapping[Key, int]:
        """Return the keys of a record, and how many of its columns' combinations give each."""
        several = [slots[slot] for slot in self._slots]
        return Counter(
            key
            for key in itertools.product(*[(one,) if isinstance(one, int) else one for one in several])
            if min(key) >= 0
        )

    def gather(self, slots: Sequence[int], found: set[int], around: Around) -> None:
        """Put the rows of a record's block into ``found``, as ``collect`` does, for a simple rule."""
        first = slots[self._first]
        if first < 0:
            return
        if self._second < 0:
            second = -1
        elif (second := slots[self._second]) < 0:
            return
        if self.added or self.removed or first >= self._sizes[0]:
            self.collect((first,) if self._second < 0 else (first, second), 1, found, around)
            return
        starts = self._starts
        start, stop = starts[first], starts[first + 1]
        if start == stop:
            return
        if self._rest is not None:
            rest = self._rest
            start = bisect_left(rest, second, start, stop)
            if start == stop or rest[start] != second:
                return
            stop = bisect_right(rest, second, start + 1, stop)
        if stop - start == 1:
            found.add(self._rows[start])
        elif stop - start < self._cap:
            found.update(self._rows[start:stop])
        else:
            found |= around.nearest(self._rows, start, stop, ())

    def span(self, key: Key) -> tuple[int, int]:
        """Return where the block of a key begins and ends among the rows that the index was built with."""
        first = key[0]
        sizes = self._sizes
        if first >= sizes[0]:
            return 0, 0
        start, stop = self._starts[first], self._starts[first + 1]
        if self._rest is None or start == stop:
            return start, stop
        number = key[1]
        if number >= sizes[1]:
            return 0, 0
        for code, size in zip(key[2:], sizes[2:], strict=True):
            if code >= size:
                return 0, 0
            number = number * size + code
        low = bisect_left(self._rest, number, start, stop)
        return low, bisect_right(self._rest, number, low, stop)

    def collect(self, key: Key, times: int, found: set[int], around: Around) -> None:
        """Put the rows of a block into ``found``, of one over the cap only the nearest.

        Args:
            key: Of the block.
            times: How often the record itself would be in it.
            found: What is filled; removed rows may be in it.
            around: How rows are ordered within a block.
        """
        start, stop = self.span(key)
        if not self.added and not self.removed:
            if start != stop:
                if stop - start + times <= self._cap:
                    found.update(self._rows[start:stop])
                else:
                    found |= around.nearest(self._rows, start, stop, ())
            return
        added = self.added.get(key, ()) if self.added else ()
        size = stop - start + len(added) - (self.removed[key] if self.removed else 0)
        if size + times > self._cap:
            found |= around.nearest(self._rows, start, stop, added)
        elif size:
            found.update(self._rows[start:stop])
            found.update(added)

    def add(self, keys: Mapping[Key, int], row: int, marks_of: MarksOf) -> None:
        """Put a row into its blocks."""
        for key, times in keys.items():
            for _ in range(times):
                insort(self.added.setdefault(key, []), row, key=marks_of)

    def remove(self, keys: Mapping[Key, int]) -> None:
        """Count a row out of its blocks."""
        self.removed.update(keys)


@attrs.frozen(eq=False)
class Around:
    """Finds what stands next to a record when rows are sorted by content.

    Attributes:
        marks: Returns those of the record; most records meet no block over the cap, and never need them.
        marks_of: Returns those of a row.
        distance: Neighbors on either side.
        gone: Rows that are not there any more.
    """

    marks: Callable[[], bytes]
    marks_of: MarksOf
    distance: int
    gone: set[int]

    def nearest(self, rows: memoryview, start: int, stop: int, added: Sequence[int]) -> set[int]:
        """Return the nearest rows of ``rows[start:stop]`` and of ``added``, both sorted."""
        marks, marks_of = self.marks(), self.marks_of
        low, high = start, stop
        while low < high:
            middle = (low + high) // 2
            if marks_of(rows[middle]) <= marks:
                low = middle + 1
            else:
                high = middle
        place = bisect_right(added, marks, key=marks_of)
        before = [*self._first(rows, range(low - 1, start - 1, -1)), *self._first(added, range(place - 1, -1, -1))]
        after = [*self._first(rows, range(low, stop)), *self._first(added, range(place, len(added)))]
        before.sort(key=lambda row: (marks_of(row), row), reverse=True)
        after.sort(key=lambda row: (marks_of(row), row))
        return {*before[: self.distance], *after[: self.distance]}

    def _first(self, rows: Sequence[int] | memoryview, places: range) -> list[int]:
        """Return the first rows at these places that are still there."""
        found: list[int] = []
        for place in places:
            if rows[place] not in self.gone:
                found.append(rows[place])
                if len(found) == self.distance:
                    break
        return found
