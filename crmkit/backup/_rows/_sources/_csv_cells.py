"""Cells of a CSV file that keep what ``csv.reader`` loses: whether an empty cell was quoted.

``1,""`` is an empty text and ``1,`` is nothing; PostgreSQL writes both, and a digest must tell them apart.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Final

from crmkit.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

MARK: Final = "\ue000\ue0ff\ue000"
"""Stands for a quoted empty cell between two readers; a file that holds it itself is refused."""


def read_cells(stream: TextIO, delimiter: str, name: str) -> Iterator[list[str | None]]:
    """Yield rows; ``None`` for a cell that is empty and not quoted.

    Raises:
        FormatError: A row has more or fewer cells than the first, or a quote is not closed.
    """
    for row in read_marked(stream, delimiter, name):
        yield [None if cell == "" else "" if cell == MARK else cell for cell in row]


def read_marked(stream: TextIO, delimiter: str, name: str) -> Iterator[list[str]]:
    """Yield rows in which an empty cell is missing, and `MARK` a quoted empty one; see `read_cells`."""
    width: int | None = None
    number = 0
    reader = csv.reader(_marked(stream, delimiter, name), delimiter=delimiter, strict=True)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except (csv.Error, UnicodeError):
            raise FormatError(
                "a quote is not closed, or a cell is malformed", location=f"{name}, row {number}"
            ) from None
        if not row and width != 1:
            continue
        cells = row or [""]
        if width is None:
            width = len(cells)
        elif len(cells) != width:
            raise FormatError(f"{len(cells)} cells, the header has {width}", location=f"{name}, row {number}")
        number += 1
        yield cells


def _marked(stream: TextIO, delimiter: str, name: str) -> Iterator[str]:
    """Put a mark into quoted empty cells, keeping track of quotes that go over lines."""
    inside = False
    for line in stream:
        if MARK in line:
            raise FormatError("it holds private characters that this reader needs", location=name)
        quotes = line.count('"')
        if not quotes:
            yield line
            continue
        if not inside and '""' in line:
            yield _outside(line, delimiter)
        elif inside and '""' in line:
            head, tail = _closing(line)
            yield head + (_outside(tail, delimiter) if '""' in tail else tail)
        else:
            yield line
        if quotes % 2:
            inside = not inside


def _closing(line: str) -> tuple[str, str]:
    """Cut a line that begins inside of quotes behind the quote that closes them."""
    at = 0
    while True:
        at = line.find('"', at)
        if at < 0:
            return line, ""
        if line[at : at + 2] == '""':
            at += 2
            continue
        return line[: at + 1], line[at + 1 :]


def _outside(line: str, delimiter: str) -> str:
    """Mark quoted empty cells of a piece of a line that begins outside of quotes."""
    pieces: list[str] = []
    at, start_of_cell = 0, True
    size = len(line)
    while at < size:
        character = line[at]
        if start_of_cell and character == '"':
            end = at + 1
            while True:
                end = line.find('"', end)
                if end < 0:
                    pieces.append(line[at:])
                    return "".join(pieces)
                if line[end : end + 2] == '""':
                    end += 2
                    continue
                break
            pieces.append(f'"{MARK}"' if end == at + 1 else line[at : end + 1])
            at = end + 1
            start_of_cell = False
            continue
        following = line.find(delimiter, at)
        if following < 0:
            pieces.append(line[at:])
            break
        pieces.append(line[at : following + 1])
        at = following + 1
        start_of_cell = True
    return "".join(pieces)
