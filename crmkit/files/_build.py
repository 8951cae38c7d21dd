"""Rows of text to columns: names made unique, uneven rows kept whole, repeated text held once."""

from __future__ import annotations

import bisect
import csv
import io
import itertools
from typing import TYPE_CHECKING

from crmkit import _delimited
from crmkit.records import RecordSet
from crmkit.systems import shown_headers

from ._lost_cells import address

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ._notes import NoteList

BATCH_CELLS = 200_000
ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"})
"""What a spreadsheet shows where a formula has no value (ECMA-376 part 1, 18.17.3)."""
SHOWN = 5
"""How many places a note names."""
EXTRA = "_extra"
_TRIAL = 20_000
_NEW = 0.8
"""Share of the latest cells that no cell before had, from which it no longer pays to look each of them up."""


def column_names(header: Sequence[str], notes: NoteList) -> list[str]:
    """Return unique, non-blank names for the columns of a header, saying what was changed.

    A second ``Email`` becomes ``Email_2``; a blank name becomes ``column_`` and its place, counted from 1.
    """
    free = _FreeNames({name for name in header if name.strip()})
    shown = shown_headers(header)
    names: list[str] = []
    used: set[str] = set()
    for place, name in enumerate(header, start=1):
        wanted = name
        if not name.strip():
            wanted = free.like(f"column_{place}")
            notes.add("blank_column_name", column=wanted, params={"place": place})
        elif name in used:
            wanted = free.like(name)
            notes.add("duplicate_column", column=wanted, params={"name": shown[name], "place": place})
        names.append(wanted)
        used.add(wanted)
    return names


class _FreeNames:
    """Gives names that no column has; each number of a name is tried once, however often the name occurs."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = taken
        self._next: dict[str, int] = {}

    def like(self, name: str) -> str:
        """Return the name, or it with the first number that makes it new, and keep it taken."""
        found, number = name, self._next.get(name, 2)
        while found in self._taken:
            found = f"{name}_{number}"
            number += 1
        self._next[name] = number
        self._taken.add(found)
        return found


class _Column:
    """The values of one column; text that repeats is held once, as long as it pays.

    Held in tuples of text, which the garbage collector stops visiting; a growing list would be walked again and again.
    """

    __slots__ = ("_length", "_parts", "_seen", "_suspect")

    def __init__(self) -> None:
        self._parts: list[tuple[str | None, ...]] = []
        self._length = 0
        self._seen: dict[str, str | None] | None = {"": None}
        self._suspect = False

    def extend(self, cells: Sequence[str]) -> None:
        self._length += len(cells)
        if self._seen is None:
            self._suspect = self._suspect or not ERRORS.isdisjoint(cells)
            self._parts.append(tuple([cell or None for cell in cells] if "" in cells else cells))
            return
        known = len(self._seen)
        held = self._seen.setdefault
        self._parts.append(tuple(map(held, cells, cells)))
        if self._length > _TRIAL and len(self._seen) - known > _NEW * len(cells):
            self._suspect = not ERRORS.isdisjoint(self._seen)
            self._seen = None

    def take(self) -> tuple[tuple[str | None, ...], list[int]]:
        """Return all values, and the rows in which a spreadsheet had an error, which is no value.

        The values are let go of, so that no two copies of a table are in memory.
        """
        values = tuple(itertools.chain.from_iterable(self._parts))
        suspect = self._suspect if self._seen is None else not ERRORS.isdisjoint(self._seen)
        self._parts.clear()
        self._seen = None
        wrong = [row for row, value in enumerate(values) if value in ERRORS] if suspect else []
        return (tuple(None if value in ERRORS else value for value in values) if wrong else values), wrong


class TableBuilder:
    """Takes rows and gives a `RecordSet` in which every cell of them is found again.

    Args:
        header: Column names as the file has them; ``None`` for a file without.
        width: Number of columns where there is no header.
        first_row: Row of the sheet, counted from 0, that holds the first record.
        first_column: Column of the sheet, counted from 0, in which the table begins.
    """

    def __init__(
        self,
        header: Sequence[str] | None,
        notes: NoteList,
        *,
        width: int = 0,
        delimiter: str = ",",
        unescape: bool = False,
        first_row: int = 1,
        first_column: int = 0,
    ) -> None:
        if header is None:
            self.names = [f"column_{place}" for place in range(1, width + 1)]
        else:
            self.names = column_names([_delimited.unguard(name) for name in header] if unescape else header, notes)
        self._columns = [_Column() for _ in self.names]
        self._notes = notes
        self._delimiter = delimiter
        self._unescape = unescape
        self._extra: dict[int, str] = {}
        self._corner = first_row, first_column
        self._blank_lines: list[int] = []
        self._empty_extras = 0
        self._length = 0

    @property
    def batch_rows(self) -> int:
        """How many rows to hand over at a time, so that wide tables stay within memory."""
        return max(1, BATCH_CELLS // max(1, len(self.names)))

    def add(self, rows: list[list[str]], *, look_for_nul: bool = False) -> None:
        """Append rows of any width."""
        width = len(self.names)
        if set(map(len, rows)) != {width}:
            rows = self._even(rows, width)
        if look_for_nul:
            self._find_nul(rows)
        if rows:
            self.extend(zip(*rows, strict=True))

    def extend(self, columns: Iterable[Sequence[str]]) -> None:
        """Append even rows that were cut into columns."""
        length = 0
        for column, cells in zip(self._columns, columns, strict=True):
            length = len(cells)
            if self._unescape:
                column.extend([_delimited.unguard(cell) if cell[:1] == "'" else cell for cell in cells])
            else:
                column.extend(cells)
        self._length += length

    def _even(self, rows: list[list[str]], width: int) -> list[list[str]]:
        """Bring rows to one width: fill short ones, and put what is too much into a column of its own."""
        even: list[list[str]] = []
        for row in rows:
            at = self._length + len(even)
            if not row:
                self._blank_lines.append(at)
                continue
            if len(row) < width:
                self._notes.add("short_row", row=at, params={"cells": len(row), "columns": width})
                row = row + [""] * (width - len(row))  # noqa: PLW2901  the row, evened
            elif len(row) > width:
                if any(row[width:]):
                    self._notes.add("long_row", row=at, params={"cells": len(row), "columns": width})
                    self._extra[at] = _joined(row[width:], self._delimiter)
                else:
                    self._empty_extras += 1
                row = row[:width]  # noqa: PLW2901  the row, evened
            even.append(row)
        return even

    def _find_nul(self, rows: list[list[str]]) -> None:
        for index, row in enumerate(rows):
            for name, cell in zip(self.names, row, strict=True):
                if "\0" in cell:
                    self._notes.add(
                        "nul_character", row=self._length + index, column=name, params={"count": cell.count("\0")}
                    )

    def finish(self) -> RecordSet:
        """Return the table with its notes."""
        columns: dict[str, Sequence[object]] = {}
        for place, (name, column) in enumerate(zip(self.names, self._columns, strict=True)):
            columns[name], wrong = column.take()
            if wrong:
                told = [address(self._row_of_sheet(row), self._corner[1] + place) for row in wrong[:SHOWN]]
                shown = ", ".join(told) + (", …" if len(wrong) > SHOWN else "")
                self._notes.add("error_cells", column=name, params={"count": len(wrong), "places": shown})
        if self._extra:
            name = _FreeNames(set(columns)).like(EXTRA)
            columns[name] = tuple(map(self._extra.get, range(self._length)))
            self._notes.add("extra_column", column=name, params={"rows": len(self._extra)})
        if self._blank_lines:
            self._notes.add("blank_lines", severity="info", params={"count": len(self._blank_lines)})
        if self._empty_extras:
            self._notes.add("empty_extra_cells", severity="info", params={"rows": self._empty_extras})
        return RecordSet(columns, notes=self._notes.finish())

    def _row_of_sheet(self, row: int) -> int:
        return self._corner[0] + row + bisect.bisect_right(self._blank_lines, row)


def _joined(cells: list[str], delimiter: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="").writerow(cells)
    return text.getvalue()


def portions(rows: list[list[str]], size: int) -> Iterator[list[list[str]]]:
    """Yield rows in lists of at most ``size``; see `TableBuilder.batch_rows`."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
