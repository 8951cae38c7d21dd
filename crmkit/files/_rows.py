"""Text lines to rows of cells: fast where the quotes are right, careful where they are not.

`csv.reader` in its strict mode does the work.  Where it refuses a record (a quote inside a quoted cell, a quote that is
never closed, a cell longer than its process-wide limit) the record is read again by slower rules that lose nothing: a
quote that opens nothing is text, and never swallows the rest of the file.
"""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ._notes import NoteList

_REST_OF_QUOTED = re.compile(r'[^"]*+(?:""[^"]*+)*+"')


class Lines:
    """Physical lines that can be put back, counted from 1."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._back: list[str] = []
        self.taken: list[str] = []
        """Lines handed out since `clear`."""
        self.number = 0
        self.saw_nul = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._back.pop() if self._back else next(self._lines)
        self.taken.append(line)
        self.number += 1
        if "\0" in line:
            self.saw_nul = True
        return line

    def clear(self) -> None:
        """Forget the lines handed out: their record is done."""
        self.taken.clear()

    def put_back(self, count: int) -> None:
        """Put the last ``count`` lines handed out back in front."""
        if count:
            self._back.extend(reversed(self.taken[-count:]))
            del self.taken[-count:]
            self.number -= count


def split(lines: Lines, delimiter: str, *, max_cell: int, notes: NoteList) -> Iterator[list[str]]:
    """Yield the cells of every record; an empty line is an empty list.

    Args:
        lines: Where the text comes from.
        delimiter: One character.
        max_cell: A quote that is still open after so many characters is text.
        notes: Gets ``stray_quote`` and ``unclosed_quote``, with line numbers.
    """
    while True:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            for row in reader:
                lines.taken.clear()
                yield row
        except csv.Error:
            lines.put_back(len(lines.taken))
        else:
            return
        yield _careful(lines, delimiter, max_cell, notes)
        lines.clear()


def _careful(lines: Lines, delimiter: str, max_cell: int, notes: NoteList) -> list[str]:
    """Read one record, keeping every character of it."""
    cells: list[str] = []
    text = next(lines).rstrip("\r\n")
    at = 0
    while True:
        if text.startswith('"', at):
            line = lines.number
            found = _quoted(lines, text, at + 1, delimiter, max_cell)
            if found is None:
                cell, at, closed = _literal(text, at, delimiter)
                notes.add("stray_quote" if closed else "unclosed_quote", params={"line": line})
            else:
                cell, text, at = found
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
        match = _REST_OF_QUOTED.match(text, at)
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
    lines.put_back(pulled)
    return None


def _literal(text: str, at: int, delimiter: str) -> tuple[str, int, bool]:
    """Read a cell that starts with a quote and is not well quoted, within its line.

    It ends at the first quote that a delimiter or the line end follows; without one the opening quote is text too.
    """
    end = text.find('"' + delimiter, at + 1)
    if end < 0 and text.endswith('"') and len(text) - 1 > at:
        end = len(text) - 1
    if end >= 0:
        return text[at + 1 : end].replace('""', '"'), end + 1, True
    end = text.find(delimiter, at)
    end = len(text) if end < 0 else end
    return text[at:end], end, False
