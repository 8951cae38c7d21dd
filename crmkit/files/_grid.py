"""What a sheet may measure: cells that lie in a grid of rows and columns, of which so many are filled."""

from __future__ import annotations

from typing import Final

import attrs

from crmkit.errors import FormatError

__all__ = ["FARTHEST_COLUMN", "FARTHEST_ROW", "LARGE_GRID", "Grid", "check_place"]

FARTHEST_ROW: Final = 1_048_576
FARTHEST_COLUMN: Final = 16_384
"""Of every program that writes spreadsheets, to this day."""
LARGE_GRID: Final = 20_000_000
"""Cells that may always be laid out: half a gigabyte."""
_SPARSEST: Final = 50
"""Cells of a large grid for each that is filled."""
_HUGE_GRID: Final = 200_000_000
_SPARSEST_HUGE: Final = 4


@attrs.frozen
class Grid:
    """Rows and columns up to the last cell, and how many cells are filled."""

    rows: int
    columns: int
    filled: int
    held: int = 0
    """Cells that are laid out beside the grid, or before it is known."""

    def check(self) -> None:
        """Refuse what would take memory out of proportion.

        Raises:
            FormatError: Fewer than one in fifty of more than twenty million cells would be filled, or fewer than one in
                four of more than two hundred million.
        """
        cells = max(self.rows * self.columns, self.held)
        if cells > LARGE_GRID and cells > (_SPARSEST if cells <= _HUGE_GRID else _SPARSEST_HUGE) * self.filled:
            raise FormatError(
                f"the cells of a sheet lie too far apart: {self.filled:,} in a grid of up to {self.rows:,} rows and"
                f" {self.columns:,} columns; delete the far ones"
            )


def check_place(row: int, column: int) -> None:
    """Refuse a place that no spreadsheet has; both are counted from 1.

    Raises:
        FormatError: It lies beyond the last row or column.
    """
    if row > FARTHEST_ROW or column > FARTHEST_COLUMN:
        raise FormatError(
            f"the cells of a sheet lie too far apart: no spreadsheet has more than {FARTHEST_ROW:,} rows and"
            f" {FARTHEST_COLUMN:,} columns"
        )
