"""The blocks of the blocking rules, sorted, so that a record's block is two look-ups away."""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from crmkit.matching._reading._marks import mark

from ._vocabulary import buffer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from numpy.typing import NDArray

    from ._query import Query

    Arrays = Mapping[str, NDArray[np.generic]]
    Key = tuple[int, ...]
    MarksOf = Callable[[int], bytes]

__all__ = ["Around", "Blocks", "RuleIndex", "marks_in", "rule_arrays"]

_LARGEST = 2**62


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

    __slots__ = ("added", "names", "removed", "rest", "rows", "sizes", "slots", "starts")

    def __init__(self, names: Sequence[str], sizes: Sequence[int], arrays: Arrays) -> None:
        self.names = tuple(names)
        """Keys, in the order in which they are sorted by."""
        self.sizes = tuple(sizes)
        self.rows = buffer(arrays["rows"])
        self.starts = buffer(arrays["starts"])
        rest = arrays.get("rest")
        self.rest = None if rest is None else buffer(rest)
        self.added: dict[Key, list[int]] = {}
        self.removed: Counter[Key] = Counter()
        self.slots: tuple[int, ...] = ()
        """Where its keys are among those of a record."""

    def keys(self, slots: Sequence[Any]) -> Mapping[Key, int]:
        """Return the keys of a record, and how many of its columns' combinations give each."""
        several = [slots[slot] for slot in self.slots]
        return Counter(
            key
            for key in itertools.product(*[(one,) if isinstance(one, int) else one for one in several])
            if min(key) >= 0
        )

    def span(self, key: Key) -> tuple[int, int]:
        """Return where the block of a key begins and ends among the rows that the index was built with."""
        first = key[0]
        sizes = self.sizes
        if first >= sizes[0]:
            return 0, 0
        start, stop = self.starts[first], self.starts[first + 1]
        if self.rest is None or start == stop:
            return start, stop
        number = key[1]
        if number >= sizes[1]:
            return 0, 0
        for code, size in zip(key[2:], sizes[2:], strict=True):
            if code >= size:
                return 0, 0
            number = number * size + code
        low = bisect_left(self.rest, number, start, stop)
        return low, bisect_right(self.rest, number, low, stop)

    def collect(self, key: Key, times: int, cap: int, found: set[int], around: Around) -> None:
        """Put the rows of a block into ``found``, of one over the cap only the nearest.

        Args:
            key: Of the block.
            times: How often the record itself would be in it.
            cap: Largest block whose records all meet.
            found: What is filled; removed rows may be in it.
            around: How rows are ordered within a block.
        """
        start, stop = self.span(key)
        if not self.added and not self.removed:
            if start != stop:
                if stop - start + times <= cap:
                    found.update(self.rows[start:stop])
                else:
                    found |= around.nearest(self.rows, start, stop, ())
            return
        added = self.added.get(key, ()) if self.added else ()
        size = stop - start + len(added) - (self.removed[key] if self.removed else 0)
        if size + times > cap:
            found |= around.nearest(self.rows, start, stop, added)
        elif size:
            found.update(self.rows[start:stop])
            found.update(added)


class Blocks:
    """The blocks of all rules.

    A block of a rule lies within that of another rule where the keys of the first tell those of the second: people of
    one street and family name are people of one street. Where the second is not over the cap, the first adds nothing.
    """

    def __init__(self, rules: Sequence[RuleIndex], told_by: Mapping[str, str], several: AbstractSet[int]) -> None:
        """Lay out rules.

        Args:
            rules: With their slots.
            told_by: For a derived key the key that is the value itself.
            several: Slots with a key for each of several columns.
        """
        self.rules = rules
        single = [rule for rule in rules if several.isdisjoint(rule.slots)]
        within = {
            id(one): frozenset(
                id(other) for other in single if other is not one and _tells(other.names, one.names, told_by)
            )
            for one in single
        }
        self._single = [
            (
                id(rule), rule.slots[0], list(zip(rule.slots[1:], rule.sizes[1:], strict=True)),
                rule.starts, rule.rest, rule.rows, within[id(rule)],
            )
            for rule in sorted(single, key=lambda rule: -len(within[id(rule)]))
        ]  # fmt: skip
        self._others = [rule for rule in rules if id(rule) not in within]
        self._has_changed = False

    def candidates(self, slots: Sequence[Any], cap: int, around: Around) -> set[int]:
        """Return the rows that some rule puts beside a record; of a block over the cap only the nearest.

        Args:
            slots: Keys of the record.
            cap: Largest block whose records all meet.
            around: How rows are ordered within a block.
        """
        found: set[int] = set()
        if self._has_changed:
            self._collect(self.rules, slots, cap, found, around)
            return found - around.gone
        covered: set[int] = set()
        for rule, first, others, starts, rest, rows, within in self._single:
            code = slots[first]
            if code < 0 or rule in covered:
                continue
            number = 0
            for slot, size in others:
                other = slots[slot]
                if other < 0:
                    break
                number = number * size + other
            else:
                start, stop = starts[code], starts[code + 1]
                if rest is not None and start < stop:
                    start = bisect_left(rest, number, start, stop)
                    stop = bisect_right(rest, number, start, stop)
                if stop - start >= cap:
                    found |= around.nearest(rows, start, stop, ())
                    continue
                if start < stop:
                    found.update(rows[start:stop])
                if within:
                    covered |= within
        if self._others:
            self._collect(self._others, slots, cap, found, around)
        return found

    @staticmethod
    def _collect(rules: Iterable[RuleIndex], slots: Sequence[Any], cap: int, found: set[int], around: Around) -> None:
        for rule in rules:
            for key, times in rule.keys(slots).items():
                rule.collect(key, times, cap, found, around)

    def add(self, slots: Sequence[Any], row: int, marks_of: MarksOf) -> None:
        """Put a row into its blocks."""
        self._has_changed = True
        for rule in self.rules:
            for key, times in rule.keys(slots).items():
                for _ in range(times):
                    insort(rule.added.setdefault(key, []), row, key=marks_of)

    def remove(self, slots: Sequence[Any]) -> None:
        """Count a row out of its blocks."""
        self._has_changed = True
        for rule in self.rules:
            rule.removed.update(rule.keys(slots))


def _tells(keys: Sequence[str], others: Sequence[str], told_by: Mapping[str, str]) -> bool:
    """Say whether two records with the same keys have the same other ones, too, if they have these."""
    return all(other in keys or told_by.get(other) in keys for other in others)


class Around:
    """Finds what stands next to a record when rows are sorted by content.

    Attributes:
        gone: Rows that are not there any more.
    """

    __slots__ = ("_distance", "_marks", "_marks_of", "_query", "gone")

    def __init__(self, query: Query, marks_of: MarksOf, distance: int, gone: AbstractSet[int]) -> None:
        """Prepare.

        Args:
            query: The record.
            marks_of: Returns the marks of a row.
            distance: Neighbors on either side.
            gone: Rows that are not there any more.
        """
        self._query, self._marks_of, self._distance, self.gone = query, marks_of, distance, gone
        self._marks: bytes | None = None  # most records meet no block over the cap, and never need them

    def nearest(self, rows: memoryview, start: int, stop: int, added: Sequence[int]) -> set[int]:
        """Return the nearest rows of ``rows[start:stop]`` and of ``added``, both sorted."""
        if self._marks is None:
            self._marks = marks_in(self._query.texts())
        marks, marks_of = self._marks, self._marks_of
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
        return {*before[: self._distance], *after[: self._distance]}

    def _first(self, rows: Sequence[int] | memoryview, places: range) -> list[int]:
        """Return the first rows at these places that are still there."""
        found: list[int] = []
        for place in places:
            if rows[place] not in self.gone:
                found.append(rows[place])
                if len(found) == self._distance:
                    break
        return found


def marks_in(texts: Iterable[str | None]) -> bytes:
    """Return the marks of a record, by which it is ordered within its blocks."""
    return b"".join(mark(text).to_bytes(2, "big") for text in texts)
