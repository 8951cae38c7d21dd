"""Text lines to rows of cells: fast where the quotes are right, careful where they are not.

`csv.reader` in its strict mode does the work.  Where it refuses a record (a quote inside a quoted cell, a quote that is
never closed, a cell longer than its process-wide limit) the record is read again by slower rules that lose nothing: a
quote that opens nothing is text, and never swallows the rest of the file.
"""

from __future__ import annotations

import csv
import itertools
import re
from typing import TYPE_CHECKING

import attrs

from ._columns import columns_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ._notes import NoteList

BLOCK_LINES = 512
"""Few enough that their cells are still in the processor's cache when columns take them."""

FIRST_LINES = 1_024
"""Lines that are read one by one, until it is known how many cells a row has."""
_REST_OF_QUOTED = re.compile(r'[^"]*+(?:""[^"]*+)*+"')


@attrs.frozen(eq=False, repr=False)
class Columns:
    """The cells of many rows of one width, column by column."""

    cells: list[list[str]]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.cells[0])


class Lines:
    """Physical lines that can be put back, counted from 1."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._back: list[str] = []
        self.taken: list[str] = []
        """Lines handed out one by one since they were last cleared."""
        self.number = 0
        self.saw_nul = False
        self.width = 0
        """Cells of an even row; 0 until it is known."""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._back.pop() if self._back else next(self._lines)
        self.taken.append(line)
        self.number += 1
        return line

    def block(self) -> tuple[list[str], str]:
        """Return many lines at once, and all of them in one text; none at the end."""
        lines = self._back[::-1]
        self._back.clear()
        lines.extend(itertools.islice(self._lines, BLOCK_LINES if self.width else FIRST_LINES))
        self.number += len(lines)
        text = "".join(lines)
        if "\0" in text:
            self.saw_nul = True
        return lines, text

    def put_back(self, lines: list[str]) -> None:
        """Put lines just handed out back in front."""
        self._back.extend(reversed(lines))
        self.number -= len(lines)


def split(lines: Lines, delimiter: str, *, max_cell: int, notes: NoteList) -> Iterator[list[list[str]] | Columns]:
    """Yield the cells of every record, many records at a time; an empty line is an empty list.

    Once ``lines.width`` is known, records that are all of that width come as columns.

    Args:
        lines: Where the text comes from.
        delimiter: One character.
        max_cell: A quote that is still open after so many characters is text.
        notes: Gets ``stray_quote`` and ``unclosed_quote``, with line numbers.
    """
    while True:
        block, text = lines.block()
        if not block:
            return
        cells = None if lines.saw_nul or not lines.width else columns_of(block, text, delimiter, lines.width)
        if cells is not None:
            yield Columns(cells)
            continue
        try:
            yield list(csv.reader(block, delimiter=delimiter, strict=True))
        except csv.Error:  # a fault somewhere, or a record that goes on in the next block
            end = lines.number
            lines.put_back(block)
            yield list(_one_by_one(lines, end, delimiter, max_cell, notes))


def _one_by_one(lines: Lines, end: int, delimiter: str, max_cell: int, notes: NoteList) -> Iterator[list[str]]:
    """Yield the records that start up to line ``end``."""
    while lines.number < end:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        lines.taken.clear()
        try:
            for row in reader:
                lines.taken.clear()
                yield row
                if lines.number >= end:
                    return
        except csv.Error:
            lines.put_back(lines.taken)
        lines.taken.clear()
        yield _careful(lines, delimiter, max_cell, notes)


def _careful(lines: Lines, delimiter: str, max_cell: int, notes: NoteList) -> list[str]:
    """Read one record, keeping every character of it."""
    cells: list[str] = []
    text = next(lines).rstrip("\r\n")
    at = 0
    last_close: int | None = None  # of this line; looked for once, as a line may have any number of such cells
    while True:
        if text.startswith('"', at):
            line = lines.number
            found = _quoted(lines, text, at + 1, delimiter, max_cell)
            if found is None:
                last_close = text.rfind('"' + delimiter) if last_close is None else last_close
                cell, at, closed = _literal(text, at, delimiter, last_close)
                notes.add("stray_quote" if closed else "unclosed_quote", params={"line": line})
            else:
                cell, text, at = found
                last_close = last_close if line == lines.number else None
        else:
            end = text.find(delimiter, at)
            end = len(text) if end < 0 else end
            cell, at = text[at:end], end
        cells.append(cell)
        if at >= len(text):
            return cells
        at += len(delimiter)


def _quoted(lines: Lines, text: str, at: int, delimiter: str, max_cell: int) -> tuple[str, str, int] | None:
    """Read a quoted cell from behind its opening quote, over as many lines as it has.

    Returns:
        The cell, the line on which it ends and the position behind its closing quote; ``None``, with no line used up,
        if the quote closes nowhere or is followed by something else than a delimiter or line end.
    """
    parts: list[str] = []
    length = pulled = 0
    while True:
        match = _REST_OF_QUOTED.match(text, at) if text.find('"', at) >= 0 else None
        if match is not None:
            end = match.end()
            if end == len(text) or text.startswith(delimiter, end):
                parts.append(text[at : end - 1])
                return "".join(parts).replace('""', '"'), text, end
            break
        line = lines.taken[-1]
        parts.append(text[at:] + line[len(line.rstrip("\r\n")) :])
        length += len(parts[-1])
        if length > max_cell:
            break
        try:
            text = next(lines).rstrip("\r\n")
        except StopIteration:
            break
        pulled += 1
        at = 0
    if pulled:
        lines.put_back(lines.taken[-pulled:])
        del lines.taken[-pulled:]
    return None


def _literal(text: str, at: int, delimiter: str, last_close: int) -> tuple[str, int, bool]:
    """Read a cell that starts with a quote and is not well quoted, within its line.

    It ends at the first quote that a delimiter or the line end follows; without one the opening quote is text too.
    Where the last such quote of the line is, is known.
    """
    end = text.find('"' + delimiter, at + 1) if last_close > at else -1
    if end < 0 and text.endswith('"') and len(text) - 1 > at:
        end = len(text) - 1
    if end >= 0:
        return text[at + 1 : end].replace('""', '"'), end + 1, True
    end = text.find(delimiter, at)
    end = len(text) if end < 0 else end
    return text[at:end], end, False
