"""Cells of a CSV file that keep what ``csv.reader`` loses: whether an empty cell was quoted.

``1,""`` is an empty text and ``1,`` is nothing; PostgreSQL writes both, and a digest must tell them apart.
"""

from __future__ import annotations

import csv
import itertools
from typing import TYPE_CHECKING, Final

from crmkit.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

MARK: Final = "\ue000\ue0ff\ue000"
"""Stands for a quoted empty cell between two readers; a file that holds it itself is refused."""
_AT_ONCE: Final = 1 << 18
"""Characters that are read at once, up to the end of a line."""


def read_blocks(stream: TextIO, delimiter: str, name: str, *, size: int) -> Iterator[list[list[str]]]:
    """Yield rows in blocks, the header alone in the first.

    An empty cell is missing, and `MARK` a quoted empty one.

    Raises:
        FormatError: A row has more or fewer cells than the first, or a quote is not closed.
    """
    reader = csv.reader(
        itertools.chain.from_iterable(_marked(stream, delimiter, name)), delimiter=delimiter, strict=True
    )
    width = number = 0
    while True:
        block: list[list[str]] = []
        try:
            block.extend(itertools.islice(reader, size if width else 1))
        except (csv.Error, UnicodeError):
            # What was read before the fault is in the block: a wrong width in it comes first.
            number += len(_even(block, width, number, name))
            raise FormatError(
                "a quote is not closed, or a cell is malformed", location=f"{name}, row {number}"
            ) from None
        if not block:
            return
        if not width and not block[0]:
            continue  # empty lines above the header
        width = width or len(block[0])
        block = _even(block, width, number, name)
        number += len(block)
        if block:
            yield block


def _even(block: list[list[str]], width: int, number: int, name: str) -> list[list[str]]:
    """Return rows of one width; an empty line is a missing cell where there is one column, and no row elsewhere."""
    if set(map(len, block)) <= {width}:
        return block
    rows = [row or [""] for row in block if row or width == 1]
    for at, row in enumerate(rows, start=number):
        if len(row) != width:
            raise FormatError(f"{len(row)} cells, the header has {width}", location=f"{name}, row {at}")
    return rows


def _marked(stream: TextIO, delimiter: str, name: str) -> Iterator[list[str]]:
    """Yield lines, many at once, with a mark in quoted empty cells; quotes may go over lines."""
    inside = False
    while lines := stream.readlines(_AT_ONCE):
        text = "".join(lines)
        if MARK in text:
            raise FormatError("it holds private characters that this reader needs", location=name)
        if '"' not in text:
            yield lines
            continue
        marked = []
        for line in lines:
            quotes = line.count('"')
            if not quotes or '""' not in line:
                marked.append(line)
            elif not inside:
                marked.append(_outside(line, delimiter))
            else:
                head, tail = _closing(line)
                marked.append(head + (_outside(tail, delimiter) if '""' in tail else tail))
            if quotes % 2:
                inside = not inside
        yield marked


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
