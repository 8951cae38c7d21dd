"""Rows that only one side has, read column by column: as they are, and as the other side would write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from crmkit import frames

from ._step import translated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.reconciliation import ReconcileReport

__all__ = ["LoneRows"]


class LoneRows:
    """The compared cells of some rows of one side.

    Args:
        report: The comparison.
        side: 0 for the left table, 1 for the right one.
        rows: The rows.
    """

    def __init__(self, report: ReconcileReport, side: int, rows: Sequence[int]) -> None:
        self._place = {row: at for at, row in enumerate(rows)}
        table = report.left if side == 0 else report.right
        self._held: list[list[Any]] = []
        self._cells: list[list[Any]] = []
        self._texts: list[list[str | None]] = []
        for pair in report.columns:
            name = pair.left if side == 0 else pair.right
            held: list[Any] = [frames.plain(value) for value in table.stored(name, rows)]
            distinct = table.texts(name)
            words: list[str | None] = [*map(str, distinct.values), None]
            texts = [words[code] for code in distinct.codes[np.asarray(rows, dtype=np.int64)].tolist()]
            cells = held
            if pair.values is not None and side == 0:
                texts = [None if text is None else pair.values.get(text, text) for text in texts]
                cells = [translated(pair.values, value, to="right") for value in held]
            elif pair.values is not None:
                cells = [translated(pair.values, value, to="left") for value in held]
            self._held.append(held)
            self._cells.append(cells)
            self._texts.append(texts)

    def held(self, row: int) -> tuple[Any, ...]:
        """Return a row's cells as its table has them."""
        return tuple(column[self._place[row]] for column in self._held)

    def cells(self, row: int) -> tuple[Any, ...]:
        """Return a row's cells as the other side writes them; ``UNKNOWN`` where it has no one word."""
        return tuple(column[self._place[row]] for column in self._cells)

    def texts(self, row: int) -> tuple[str | None, ...]:
        """Return a row's cells as what was agreed on is kept."""
        return tuple(column[self._place[row]] for column in self._texts)
