"""Records that a person took apart again, so that the next run does not put them together as before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from crmkit.matching._labelling._labels import KnownPairs

    Rows = NDArray[np.int32]

__all__ = ["Apart"]

_FEW = 60
"""Records of a merge up to which all its pairs are named, so that also those that no rule makes are known."""


@attrs.frozen(eq=False)
class Apart:
    """Rows of a table that are no party of each other, in sets.

    Attributes:
        sets: For each set of rows, sorted; a row may be in several.
        layers: Number of a row's set, -1 for none; a row that is in several sets has them in several layers.
    """

    sets: tuple[NDArray[np.int64], ...]
    layers: tuple[NDArray[np.int64], ...]

    @classmethod
    def of(cls, records: Sequence[Sequence[str]], rows: Mapping[str, int]) -> Apart:
        """Find the rows of records; those that are not in the table are left out.

        Args:
            records: Sets of record ids.
            rows: Record id -> row, of the whole table.
        """
        sets = [np.unique([rows[name] for name in one if name in rows]).astype(np.int64) for one in records]
        sets = [one for one in sets if len(one) > 1]
        layers: list[NDArray[np.int64]] = []
        for number, one in enumerate(sets):
            free = next((layer for layer in layers if (layer[one] < 0).all()), None)
            if free is None:
                free = np.full(len(rows), -1, dtype=np.int64)
                layers.append(free)
            free[one] = number
        return cls(tuple(sets), tuple(layers))

    def __len__(self) -> int:
        return len(self.sets)

    def __repr__(self) -> str:
        return f"<Apart: {len(self)} sets of records>"

    @property
    def note(self) -> str:
        """What a report says of it."""
        records = len(np.unique(np.concatenate(self.sets)))
        return f"{records} records stay apart that were taken apart after an earlier merge"

    def holds(self, left: Rows, right: Rows) -> NDArray[np.bool_]:
        """Return for each pair of rows whether the two were taken apart."""
        result = np.zeros(len(left), dtype=bool)
        for layer in self.layers:
            result |= (layer[left] == layer[right]) & (layer[left] >= 0)
        return result

    def named(self, left: Rows, right: Rows) -> NDArray[np.bool_]:
        """Return for each pair of rows whether :meth:`pairs` has it."""
        keys = left.astype(np.int64) << 32 | right
        mine, other = self.pairs()
        return np.isin(keys, mine.astype(np.int64) << 32 | other)

    def pairs(self) -> tuple[Rows, Rows]:
        """Return the pairs of all sets that are not too large to name them all: smaller rows, larger rows."""
        keys = [np.empty(0, dtype=np.int64)]
        for one in self.sets:
            if len(one) <= _FEW:
                i, j = np.triu_indices(len(one), 1)
                keys.append(one[i] << 32 | one[j])
        key = np.unique(np.concatenate(keys))
        return (key >> 32).astype(np.int32), (key & 0xFFFFFFFF).astype(np.int32)

    def split(self, labels: NDArray[np.int64], known: KnownPairs) -> NDArray[np.int64]:
        """Take what is still together of a set out of its cluster, all but the first; what was labelled a match stays.

        Returns:
            Labels, numbered in order of first row.
        """
        result = labels.copy()
        following = int(labels.max(initial=-1)) + 1
        matched = np.concatenate([known.left[known.match], known.right[known.match]])
        for one in self.sets:
            free = one[~np.isin(one, matched)]
            _, first = np.unique(result[free], return_index=True)
            others = np.delete(free, first)
            result[others] = np.arange(following, following + len(others))
            following += len(others)
        _, first, numbered = np.unique(result, return_index=True, return_inverse=True)
        order = np.empty(len(first), dtype=np.int64)
        order[np.argsort(first, kind="stable")] = np.arange(len(first))
        return np.asarray(order[numbered.ravel()])
