"""How far apart the cells of an OpenDocument spreadsheet lie (OpenDocument 1.3 part 3, 9.1).

Rows and cells say how often they are repeated, so a few octets may stand for any number of cells.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from crmkit.errors import FormatError

from ._grid import FARTHEST_COLUMN, FARTHEST_ROW, Grid
from ._sheet_xml import Handler, parse_strictly

if TYPE_CHECKING:
    from ._archive import Part

__all__ = ["grids_of_document"]

_MOST_REPEATED_TEXT: Final = 1 << 30
_NUMBER: Final = re.compile(r"0*[0-9]{1,7}\Z", re.ASCII)
_FILLING: Final = frozenset(
    {"formula", "value", "value-type", "string-value", "date-value", "time-value", "boolean-value", "currency"}
)


def grids_of_document(part: Part) -> list[Grid]:
    """Return the grid of every table, and one of all of them together, which are in memory at one time.

    Raises:
        FormatError: No XML, a number that cannot be meant, or a short text that is repeated until it fills the memory.
    """
    tables = _Tables()
    parse_strictly(part, tables)
    grids = tables.grids
    whole = Grid(
        sum(grid.rows for grid in grids),
        max((grid.columns for grid in grids), default=0),
        sum(grid.filled for grid in grids),
        held=sum(max(grid.held, grid.rows * grid.columns) for grid in grids),
    )
    return [*grids, whole] if len(grids) > 1 else grids


class _Tables(Handler):
    """Counts for each table what its cells take: laid out as a grid, and one by one as the rows are read.

    A cell that is repeated counts as filled once, and as long as it is as often as it is repeated.
    """

    def __init__(self) -> None:
        self.grids: list[Grid] = []
        self._in_table = self._is_filled = False
        self._text = self._spaces = 0
        self._begin_table()

    def _begin_table(self) -> None:
        self._row = self._last_row = self._last_column = self._filled = self._held = 0
        self._begin_row(1)

    def _begin_row(self, repeated: int) -> None:
        self._column = self._column_held = self._filled_here = self._text_here = 0
        self._rows, self._cells, self._cell_at = repeated, 0, 0

    def start(self, name: str, attributes: list[str]) -> None:
        kind = name.rpartition(":")[2]
        if kind in ("table-cell", "covered-table-cell"):
            self._start_cell(attributes)
        elif kind == "table-row":
            self._begin_row(_count(attributes, "number-rows-repeated", FARTHEST_ROW))
        elif kind == "table":
            if self._in_table:
                raise FormatError("not a workbook that can be read (a table stands in a table)")
            self._in_table = True
            self._begin_table()
        else:
            self._is_filled = True
            if kind == "s":
                self._spaces += _count(attributes, "c", FARTHEST_ROW)

    def _start_cell(self, attributes: list[str]) -> None:
        self._column_held = self._column  # those before it are laid out, be they filled or not
        self._cells = _count(attributes, "number-columns-repeated", FARTHEST_COLUMN)
        self._column += self._cells
        self._is_filled = any(_local(key) in _FILLING for key in attributes[::2])
        self._cell_at, self._spaces = self.parser.CurrentByteIndex, 0

    def end(self, name: str) -> None:
        kind = name.rpartition(":")[2]
        if kind in ("table-cell", "covered-table-cell"):
            if self._is_filled:
                self._filled_here += 1
                self._last_column = max(self._last_column, self._column)
                self._column_held = self._column
                self._text_here += (self.parser.CurrentByteIndex - self._cell_at + self._spaces) * self._cells
            self._is_filled = False
        elif kind == "table-row":
            self._row += self._rows
            self._held += self._column_held
            self._text += self._text_here * self._rows
            if self._filled_here:
                self._last_row = self._row
                self._filled += self._filled_here
            if self._text > _MOST_REPEATED_TEXT:
                raise FormatError("the workbook repeats a text until it would fill the memory")
        elif kind == "table":
            self._in_table = False
            self.grids.append(Grid(self._last_row, self._last_column, self._filled, held=self._held))


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _count(attributes: list[str], key: str, most: int) -> int:
    """Return a number of times, 1 where it is not given.

    Raises:
        FormatError: No number, or more than any spreadsheet has.
    """
    for place in range(0, len(attributes), 2):
        if _local(attributes[place]) == key:
            given = attributes[place + 1]
            if not _NUMBER.match(given) or int(given) > most:
                raise FormatError("the cells of a sheet lie too far apart: one is repeated as no spreadsheet can")
            return int(given)
    return 1
