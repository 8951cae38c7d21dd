"""Rows of text to columns: names made unique, uneven rows kept whole, repeated text held once."""

from __future__ import annotations

import bisect
import csv
import io
import itertools
from array import array
from typing import TYPE_CHECKING, cast

from crmkit import _delimited
from crmkit.records import RecordSet
from crmkit.records._held import CELLS, HeldColumn, JoinedTexts, RepeatedTexts, joined
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
_LONG = 200_000
"""Cells from which a column is held in less room, at the cost of making its texts anew when it is asked for."""
_MANY = 0.4
"""Distinct texts for each cell from which a long column takes less room with every cell written out."""


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
    What stands behind the first ``_LONG`` cells is held as `HeldColumn` has it, and in the end so is the whole column.
    """

    __slots__ = ("_coded", "_joined", "_length", "_parts", "_seen", "_waiting", "_wrong")

    def __init__(self) -> None:
        self._parts: list[tuple[str | None, ...]] = []
        self._length = 0
        self._seen: dict[str, str | None] | None = {"": None}
        self._coded: tuple[_Numbers, array[int]] | None = None
        self._joined: list[bytes | tuple[str, ...]] | None = None
        self._waiting: list[str] = []
        self._wrong: list[int] = []

    def extend(self, cells: Sequence[str]) -> None:
        if not ERRORS.isdisjoint(cells):
            self._wrong += (row for row, cell in enumerate(cells, self._length) if cell in ERRORS)
            cells = ["" if cell in ERRORS else cell for cell in cells]
        self._length += len(cells)
        if self._joined is not None:
            self._waiting.extend(cells)
            if len(self._waiting) >= 2 * CELLS:
                self._put()
        elif self._coded is not None:
            numbers, codes = self._coded
            numbers.put(cells, codes)
            self._weigh(numbers, codes)
        elif self._seen is None:
            self._parts.append(tuple([cell or None for cell in cells] if "" in cells else cells))
        else:
            known = len(self._seen)
            held = self._seen.setdefault
            self._parts.append(tuple(map(held, cells, cells)))
            if self._length > _TRIAL and len(self._seen) - known > _NEW * len(cells):
                self._seen = None
        if self._parts and self._length > _LONG:
            self._pack()

    def _pack(self) -> None:
        """Hold what was read so far in less room, and what follows likewise."""
        if self._seen is None or len(self._seen) > _MANY * self._length:
            self._join(itertools.chain.from_iterable(self._parts))
        else:
            self._coded = (_Numbers(), array("i"))
            for part in self._parts:
                self._coded[0].put(part, self._coded[1])
        self._parts.clear()
        self._seen = None

    def _weigh(self, numbers: _Numbers, codes: array[int]) -> None:
        if len(numbers) > _MANY * self._length:
            self._join(numbers.column(codes))

    def _join(self, values: Iterable[str | None]) -> None:
        self._joined, self._coded = [], None
        self._waiting = [value or "" for value in values]
        self._put()

    def _put(self, *, all_of_it: bool = False) -> None:
        assert self._joined is not None  # noqa: S101  # only then is anything waiting
        whole = len(self._waiting) if all_of_it else len(self._waiting) // CELLS * CELLS
        self._joined.extend(joined([self._waiting[:whole]]))
        del self._waiting[:whole]

    def take(self) -> tuple[tuple[str | None, ...] | HeldColumn, list[int]]:
        """Return all values, and the rows in which a spreadsheet had an error, which is no value.

        The values are let go of, so that no two copies of a table are in memory.
        """
        return self._taken(), self._wrong

    def _taken(self) -> tuple[str | None, ...] | HeldColumn:
        if self._joined is not None:
            self._put(all_of_it=True)
            pieces, self._joined = self._joined, []
            return JoinedTexts(pieces, self._length)
        if self._coded is not None:
            (numbers, codes), self._coded = self._coded, None
            return numbers.column(codes)
        values = tuple(itertools.chain.from_iterable(self._parts))
        self._parts.clear()
        self._seen = None
        return values


class _Numbers(dict[str | None, int]):
    """Texts with numbers in the order in which they were first asked for; what is missing is -1."""

    def __init__(self) -> None:
        super().__init__({None: -1, "": -1})

    def __missing__(self, text: str) -> int:
        number = self[text] = len(self) - 2
        return number

    def put(self, cells: Sequence[str | None], codes: array[int]) -> None:
        """Append the numbers of some cells."""
        import numpy as np  # which takes them several times as fast as the array does

        codes.frombytes(np.fromiter(map(self.__getitem__, cells), dtype=np.intc, count=len(cells)).tobytes())

    def column(self, codes: array[int]) -> RepeatedTexts:
        """Return the column that has these codes."""
        return RepeatedTexts(cast("tuple[str, ...]", tuple(self)[2:]), codes)


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
