"""Whether a workbook is out of all proportion: a few kilobytes that would fill the memory of the machine.

The reader of workbooks lays a sheet out as a grid from its first to its last filled cell, so two cells far apart cost
what a sheet full of them would; and what is packed a thousandfold costs what it unpacks to. Both are looked for before.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING, Final
from xml.parsers import expat

from crmkit.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["refuse_out_of_proportion"]

_LARGE_PART: Final = 64 << 20
_MOST_PACKED: Final = 250
"""A sheet of a million equal rows is packed sixtyfold; deflate ends at a thousandfold."""
_LARGE_GRID: Final = 20_000_000
_SPARSEST: Final = 50
"""Cells of a large grid for each that is filled."""
_CHUNK: Final = 1 << 22
_OVERLAP: Final = 24
_SHEETS: Final = re.compile(r"xl/worksheets/[^/]+\.(xml|bin)\Z", re.IGNORECASE)
_ROW_HEADER, _CELLS = 0, range(1, 12)
"""Records of a binary sheet (MS-XLSB 2.1.7.62: BrtRowHdr, and the cells from BrtCellBlank to BrtFmlaError)."""


def refuse_out_of_proportion(content: bytes, location: str | None) -> None:
    """Refuse a workbook (xlsx, xlsm, xlsb, ods) that would take memory out of proportion to it.

    Raises:
        FormatError: A part unpacks to more than 250 times its size, or the cells of a sheet lie so far apart that
            fewer than one in fifty of more than twenty million would be filled.
    """
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return  # xls: at most 65,536 rows of 256 columns
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            for part in book.infolist():
                if part.file_size > max(_LARGE_PART, _MOST_PACKED * part.compress_size):
                    raise FormatError(
                        f"a part of the workbook unpacks to more than {_MOST_PACKED} times its size", location=location
                    )
            for rows, columns, filled in _grids(book):
                if rows * columns > max(_LARGE_GRID, _SPARSEST * filled):
                    raise FormatError(
                        f"the cells of a sheet lie too far apart: {filled:,} in a grid of up to {rows:,} rows and"
                        f" {columns:,} columns; delete the far ones",
                        location=location,
                    )
    except (zipfile.BadZipFile, expat.ExpatError, NotImplementedError, EOFError, RuntimeError):
        return  # whether the file can be read is not decided here


def _grids(book: zipfile.ZipFile) -> Iterator[tuple[int, int, int]]:
    """Yield of every sheet its last row and column and how many cells are filled, all no less than they are."""
    for name in book.namelist():
        if (match := _SHEETS.match(name)) is not None:
            yield _of_xml(book, name) if match[1].lower() == "xml" else _of_records(book.read(name))
        elif name == "content.xml":
            yield from _of_open_document(book, name)


_FAR_ROW = re.compile(rb"r=[\"'][A-Z]{1,3}([0-9]{5,7})[\"']")
_FAR_COLUMN = re.compile(rb"r=[\"']([A-Z]{2,3})[0-9]")
_NEAR = 9_999, 26
_CELL = re.compile(rb"<(?:\w+:)?c[\s>/]")


def _of_xml(book: zipfile.ZipFile, name: str) -> tuple[int, int, int]:
    """Look for the addresses of the farthest cells alone, which is ten times as fast as to parse them all."""
    row, column = _NEAR
    for text in _pieces(book, name):
        row = max(row, int(_greatest(_FAR_ROW.findall(text)) or 0))
        column = max(column, _number(_greatest(_FAR_COLUMN.findall(text))))
    if row * column <= _LARGE_GRID:
        return row, column, 0
    return row, column, sum(len(_CELL.findall(text, _OVERLAP)) for text in _pieces(book, name))


def _pieces(book: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """Yield a part in pieces that begin with the last octets of the one before."""
    before = b" " * _OVERLAP
    with book.open(name) as stream:
        while chunk := stream.read(_CHUNK):
            yield before + chunk
            before = (before + chunk)[-_OVERLAP:]


def _greatest(found: list[bytes]) -> bytes:
    """Return the greatest of numbers, or of the letters of columns, that have no zeros before them."""
    longest = len(max(found, key=len, default=b""))
    return max((one for one in found if len(one) == longest), default=b"")


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _of_records(content: bytes) -> tuple[int, int, int]:
    """Walk the records of a binary sheet (MS-XLSB 2.1.4)."""
    row = column = filled = at = 0
    view, end = memoryview(content), len(content)
    while at < end:
        kind, at = _varint(view, at, 2)
        size, at = _varint(view, at, 4)
        if kind == _ROW_HEADER:
            row = max(row, int.from_bytes(view[at : at + 4], "little"))
        elif kind in _CELLS:
            filled += 1
            column = max(column, int.from_bytes(view[at : at + 4], "little"))
        at += size
    return row + 1, column + 1, filled


def _varint(view: memoryview, at: int, most: int) -> tuple[int, int]:
    number = 0
    for place in range(most):
        if at >= len(view):
            break
        octet = view[at]
        at += 1
        number |= (octet & 0x7F) << (7 * place)
        if octet < 0x80:
            break
    return number, at


def _of_open_document(book: zipfile.ZipFile, name: str) -> list[tuple[int, int, int]]:
    """Parse an OpenDocument sheet, where rows and cells say how often they are repeated."""
    sheets = _OpenDocument()
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = sheets.start, sheets.end
    with book.open(name) as stream:
        parser.ParseFile(stream)
    return sheets.grids


class _OpenDocument:
    """Counts what is filled (OpenDocument 1.3 part 3, 9.1): a cell with a value or with a paragraph of text."""

    def __init__(self) -> None:
        self.grids: list[tuple[int, int, int]] = []
        self._row = self._last_row = self._column = self._last_column = self._filled = 0
        self._in_row = self._repeated = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        kind = name.rpartition(":")[2]
        if kind == "table":
            self._row = self._last_row = self._last_column = self._filled = 0
        elif kind == "table-row":
            self._column = self._in_row = 0
            self._repeated = _count(attributes, "table:number-rows-repeated")
        elif kind in ("table-cell", "covered-table-cell"):
            many = _count(attributes, "table:number-columns-repeated")
            self._column += many
            if any(key.startswith("office:") for key in attributes):
                self._in_row += many
                self._last_column = max(self._last_column, self._column)
        elif kind == "p" and self._column:
            self._in_row = max(self._in_row, 1)
            self._last_column = max(self._last_column, self._column)

    def end(self, name: str) -> None:
        kind = name.rpartition(":")[2]
        if kind == "table-row":
            self._row += self._repeated
            if self._in_row:
                self._last_row = self._row
                self._filled += self._in_row  # a repeated row is written once
        elif kind == "table":
            self.grids.append((self._last_row, self._last_column, self._filled))


def _count(attributes: dict[str, str], key: str) -> int:
    given = attributes.get(key, "")
    return int(given) if given.isdecimal() and len(given) < 12 else 1
