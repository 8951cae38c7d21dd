"""Which cells of paired rows differ, and from what cause: exact, column by column, each distinct pair of texts once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from crmkit import frames
from crmkit._progress import chunks, steps

from ._cause import Cause
from ._tell import cause_of, near

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from crmkit.frames import Table
    from crmkit.reconciliation._pairing._settings import ColumnPair
    from crmkit.typing import Progress

    Rows = NDArray[np.int64]

__all__ = ["Cells", "Differing", "cell_codes", "compare_cells"]

CHUNK = 250_000
"""Pairs of rows that are looked at together."""


@attrs.frozen(eq=False)
class Differing:
    """The distinct pairs of unequal texts in one column.

    Attributes:
        column: Position of the column.
        pair: For each differing cell which row pair it is in, ascending.
        which: For each differing cell the position of its texts below.
        left: Distinct texts on the left; ``None`` is missing.
        right: The texts on the right that go with them.
        causes: Why they differ.
    """

    column: int
    pair: Rows
    which: NDArray[np.int64]
    left: list[str | None]
    right: list[str | None]
    causes: list[Cause]

    def __len__(self) -> int:
        return len(self.pair)

    def counts(self) -> NDArray[np.int64]:
        """Return how many cells have each pair of texts."""
        return np.bincount(self.which, minlength=len(self.left)).astype(np.int64)


@attrs.frozen(eq=False)
class Cells:
    """All differing cells, and the pairs of rows whose keys turned out to be unlike."""

    columns: tuple[Differing, ...]
    collided: Rows


def compare_cells(
    left: Table, right: Table, rows: tuple[Rows, Rows], pairs: Rows, *, keys: Sequence[ColumnPair],
    columns: Sequence[ColumnPair], progress: Progress | None = None,
) -> Cells:  # fmt: skip
    """Compare some pairs of rows cell by cell.

    Args:
        left: The left table.
        right: The right table.
        rows: The row on the left and on the right of every pair.
        pairs: Positions of the pairs to look at, ascending.
        keys: Columns of the key; pairs whose keys differ are not pairs, and are returned apart.
        columns: Columns to compare.
        progress: Wraps the loop over chunks.
    """
    found: list[list[Differing]] = [[] for _ in columns]
    collided = [np.empty(0, dtype=np.int64)]
    for part_of in steps(progress, list(chunks(len(pairs), CHUNK)), "compare"):
        chunk = pairs[part_of]
        one, other = _part(left, rows[0][chunk]), _part(right, rows[1][chunk])
        unlike = np.zeros(len(chunk), dtype=bool)
        for key in keys:
            a, b, _ = _aligned(one, other, key)
            unlike |= a != b
        collided.append(chunk[unlike])
        for place, column in enumerate(columns):
            part = _compare_column(one, other, column, place, chunk, ~unlike)
            if part is not None:
                found[place].append(part)
    return Cells(tuple(_joined(parts) for parts in found if parts), np.concatenate(collided))


def cell_codes(
    left: Table, right: Table, rows: tuple[Rows, Rows], columns: Sequence[ColumnPair]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return numbers for the cells of some rows, equal where the texts are; shape ``(columns, rows)``."""
    one, other = _part(left, rows[0]), _part(right, rows[1])
    both = [_aligned(one, other, column)[:2] for column in columns]
    return np.array([a for a, _ in both]), np.array([b for _, b in both])


def _part(table: Table, rows: Rows) -> Table:
    whole = len(rows) == len(table) and bool((rows == np.arange(len(rows))).all())
    return table if whole else frames.read(table.take(rows))  # type: ignore[arg-type]  # an array is a sequence of rows


def _aligned(
    one: Table, other: Table, column: ColumnPair
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[str | None]]:
    """Return both columns as codes into one vocabulary of texts; code -1 is its last, missing."""
    mine, yours = one.texts(column.left), other.texts(column.right)
    if column.values is not None:
        names = column.values
        mine = mine.map([names.get(str(value), value) for value in mine.values])
    number = {value: place for place, value in enumerate(mine.values)}
    lookup = np.fromiter(
        (number.setdefault(value, len(number)) for value in yours.values), dtype=np.int64, count=len(yours)
    )
    texts: list[Any] = [*number, None]
    return mine.codes.astype(np.int64), np.append(lookup, -1)[yours.codes], texts


def _compare_column(
    one: Table, other: Table, column: ColumnPair, place: int, pairs: Rows, alike: NDArray[np.bool_]
) -> Differing | None:
    a, b, texts = _aligned(one, other, column)
    unequal = (a != b) & alike
    if column.tolerance and unequal.any():
        x, y = one.numbers(column.left), other.numbers(column.right)
        if x is not None and y is not None:
            unequal &= ~(np.abs(x - y) <= column.tolerance)
    cells = np.flatnonzero(unequal)
    if not len(cells):
        return None
    width = len(texts)
    distinct, which = np.unique((a[cells] + 1) * width + (b[cells] + 1), return_inverse=True)
    left = [texts[code - 1] for code in (distinct // width).tolist()]
    right = [texts[code - 1] for code in (distinct % width).tolist()]
    causes = [_cause(x, y, column) for x, y in zip(left, right, strict=True)]
    told = np.fromiter((cause is not None for cause in causes), dtype=bool, count=len(causes))
    which = which.ravel()
    kept = told[which]
    cells, which = cells[kept], which[kept]
    if not len(cells):
        return None
    numbers = np.cumsum(told) - 1
    keep = np.flatnonzero(told).tolist()
    return Differing(
        place,
        pairs[cells],
        numbers[which],
        [left[at] for at in keep],
        [right[at] for at in keep],
        [cause for cause in causes if cause is not None],
    )


def _cause(left: str | None, right: str | None, column: ColumnPair) -> Cause | None:
    found = cause_of(left, right, column.kind)
    if found is None:
        return None
    if near(left, right, column.tolerance):
        return None
    if column.values is not None and found.code == "changed" and left not in column.values.values():
        return Cause("value_map_miss")  # a value that the map does not know came through as it was, or as a default
    return found


def _joined(parts: Sequence[Differing]) -> Differing:
    if len(parts) == 1:
        return parts[0]
    which, base = [], 0
    for part in parts:
        which.append(part.which + base)
        base += len(part.left)
    return Differing(
        parts[0].column,
        np.concatenate([part.pair for part in parts]),
        np.concatenate(which),
        [value for part in parts for value in part.left],
        [value for part in parts for value in part.right],
        [cause for part in parts for cause in part.causes],
    )
