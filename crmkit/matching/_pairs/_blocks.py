"""Blocks of one rule as runs of sorted keys, and the pairs within them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import attrs
import numpy as np

from crmkit.matching._reading._marks import near_rows
from crmkit.matching._sorting import distinct, sort_with_places

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Pairs = tuple[NDArray[np.int32], NDArray[np.int32]]

__all__ = ["NEIGHBORS", "Runs", "pairs_within"]

NEIGHBORS = 3
"""Records before and behind that one of a block over the cap meets."""

_LOCAL = 1 << 20
"""Pairs held at a time while a rule is expanded."""


def pairs_within(starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return positions (i, j), i < j, of all pairs within each run ``starts[k] : starts[k] + sizes[k]``."""
    total = int(sizes.sum())
    if total == 0:
        empty = np.empty(0, dtype=np.int64)
        return empty, empty
    first = np.repeat(starts, sizes)
    offset = np.arange(total) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    following = np.repeat(sizes, sizes) - 1 - offset
    left = np.repeat(first + offset, following)
    ends = np.cumsum(following)
    right = left + 1 + (np.arange(int(ends[-1])) - np.repeat(ends - following, following))
    return left, right


_LEAST_CAP = 12
"""Records that a block may always have, for so many may well be one party."""


def _cap_within(sizes: NDArray[np.int64], cap: int, most: float) -> int:
    """Return the largest cap, ``cap`` at most, under which blocks of these sizes make no more than ``most`` pairs."""
    of_size = np.bincount(sizes, minlength=1)
    size = np.arange(len(of_size))
    too_many = np.flatnonzero(np.cumsum(of_size * (size * (size - 1) // 2)) > most)
    return min(max(int(too_many[0]) - 1, _LEAST_CAP), cap) if len(too_many) else cap


@attrs.frozen(eq=False)
class Runs:
    """A rule's blocks as runs of an argsort."""

    rows: NDArray[np.int32]
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    cut_starts: NDArray[np.int64]
    cut_sizes: NDArray[np.int64]
    cut_keys: NDArray[np.int64] | None
    several: bool
    places: NDArray[np.int64]
    """Where each of ``rows`` stood before it was sorted."""
    all_starts: NDArray[np.int64]
    present: Sequence[NDArray[np.int32]]
    """Rows of each variant, before they were joined and sorted."""

    cap: int
    """Largest block whose records all meet."""

    @classmethod
    def of(cls, variants: Sequence[NDArray[np.int64]], *, cap: int, most: float = np.inf) -> Runs:
        """Find the blocks; where they make more than ``most`` pairs, the cap is lowered until they do not."""
        present = [np.flatnonzero(variant >= 0).astype(np.int32) for variant in variants]
        rows = np.concatenate(present)
        values = np.concatenate([variant[found] for variant, found in zip(variants, present, strict=True)])
        places, values = sort_with_places(values)
        rows = rows[places]
        edges = np.flatnonzero(np.diff(values)) + 1
        starts = np.concatenate([[0], edges]).astype(np.int64)
        sizes = np.diff(np.concatenate([starts, [len(rows)]])).astype(np.int64)
        cap = _cap_within(sizes[sizes <= cap], cap, most)
        over = sizes > cap
        useful = (sizes > 1) & ~over
        cut_keys = np.flatnonzero(over) if over.any() else None
        return cls(
            rows, starts[useful], sizes[useful], starts[over], sizes[over], cut_keys, len(variants) > 1,
            places, starts, present, cap,
        )  # fmt: skip

    def blocks(self, n: int) -> tuple[NDArray[np.int32], ...]:
        """Return for each variant the block of every row, in the order of keys; -1 for none."""
        number = np.zeros(len(self.rows), dtype=np.int32)
        number[self.all_starts[1:]] = 1
        block_of = np.empty(len(self.rows), dtype=np.int32)
        block_of[self.places] = np.cumsum(number, dtype=np.int32)
        result = []
        for rows in self.present:
            of_row = np.full(n, -1, dtype=np.int32)
            of_row[rows], block_of = block_of[: len(rows)], block_of[len(rows) :]
            result.append(of_row)
        return tuple(result)

    @property
    def total(self) -> int:
        return int((self.sizes * (self.sizes - 1) // 2).sum())

    @property
    def largest(self) -> int:
        """Records of the largest block."""
        return int(max(np.max(self.sizes, initial=0), np.max(self.cut_sizes, initial=0)))

    def pairs(self, side: NDArray[np.int8] | None) -> Iterator[Pairs]:
        """Yield the pairs of uncut blocks, some millions at a time, each once."""
        weight = np.cumsum(self.sizes * (self.sizes - 1) // 2)
        cuts = np.arange(_LOCAL, self.total, _LOCAL) if not self.several else np.empty(0, dtype=np.int64)
        edges = distinct(np.concatenate([[0], np.searchsorted(weight, cuts), [len(self.sizes)]]).astype(np.int64))
        for start, end in itertools.pairwise(edges.tolist()):
            i, j = pairs_within(self.starts[start:end], self.sizes[start:end])
            yield self._ordered(self.rows[i], self.rows[j], side)

    def _ordered(self, a: NDArray[np.int32], b: NDArray[np.int32], side: NDArray[np.int8] | None) -> Pairs:
        left, right = np.minimum(a, b), np.maximum(a, b)
        if side is not None:
            across = side[left] != side[right]
            left, right = left[across], right[across]
        if self.several:  # a record with the same value in two columns, or two records with two values in common
            key = distinct(left.astype(np.int64) << 32 | right)
            left, right = (key >> 32).astype(np.int32), (key & 0xFFFFFFFF).astype(np.int32)
            apart = left != right
            left, right = left[apart], right[apart]
        return left, right

    def neighbors(self, order: NDArray[np.int64], side: NDArray[np.int8] | None) -> Pairs:
        """Return the pairs of records that are near each other in ``order`` within cut blocks.

        Of two tables every record meets the nearest of the other one: between many copies of one record its
        neighbors would else all be of its own table.
        """
        total = int(self.cut_sizes.sum())
        block_of = np.repeat(np.arange(len(self.cut_sizes)), self.cut_sizes)
        offset = np.arange(total) - np.repeat(np.cumsum(self.cut_sizes) - self.cut_sizes, self.cut_sizes)
        rows = self.rows[np.repeat(self.cut_starts, self.cut_sizes) + offset]
        sort = np.lexsort((order[rows], block_of))
        rows, block_of = rows[sort], block_of[sort]
        near = near_rows(rows, block_of, order[rows], None if side is None else side[rows], NEIGHBORS)
        a, b = (np.concatenate(ends) for ends in zip(*near, strict=True))
        left, right = self._ordered(a, b, side)
        apart = left != right
        return left[apart], right[apart]
