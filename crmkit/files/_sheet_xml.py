"""How far apart the cells of a sheet of xlsx lie.

A sheet is any part in which ``sheetData`` occurs, wherever it stands in the archive and whatever the workbook calls it.
Nearly all programs write each row and cell as ``<c r="A1"``, which regular expressions check several times as fast as a
parser. A sheet with any row or cell that is written otherwise goes through the parser. Both take the octets for what
they are (as Latin-1), as the reader of workbooks does: no encoding hides or adds an element.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Final
from xml.parsers import expat

from crmkit.errors import FormatError

from ._grid import FARTHEST_COLUMN, FARTHEST_ROW, LARGE_GRID, Grid, check_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._archive import Part

__all__ = ["BYTE_ORDER_MARK", "grid_of_sheet", "parse_strictly"]

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_MARK: Final = "sheetData"
_SIGN, _WIDE_SIGNS = _MARK.encode(), (_MARK.encode("utf-16-le"), _MARK.encode("utf-16-be"))
_OVERLAP: Final = 2 * len(_MARK)
_LONGEST_TAG: Final = 1 << 26
_ENCODING: Final = re.compile(rb"\s*<\?xml[^>]*?\sencoding\s*=\s*[\"']([^\"'>]*)")
_ENCODINGS: Final = re.compile(
    rb"utf-?8|(us-)?ascii|iso-8859-\d+|windows-125\d|gb2312|gbk|gb18030|utf-16\w*", re.IGNORECASE
)
"""Those that write ``<`` as ASCII does and nothing else with this octet; in UTF-16 no sheet is read."""
_TAG: Final = rb"[<:](?:c|row)[\s/>]"
_NOT_NEAR: Final = re.compile(_TAG + rb"(?!r=\"(?:[A-F]?[A-Z])?[0-9]{1,5}\"[ />])")
"""Beyond column FZ or row 99,999: less than what is always read lies before."""
_UNUSUAL: Final = re.compile(_TAG + rb"(?!r=\"[A-Z]{0,3}[0-9]{1,7}\"[ />])")
_FAR_ROW: Final = re.compile(rb" r=\"[A-Z]{1,3}([0-9]{5,7})\"")
_FAR_COLUMN: Final = re.compile(rb" r=\"([A-Z]{2,3})[0-9]")
_NEAR: Final = 9_999, 26
_ADDRESS: Final = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})\Z", re.ASCII)
_ROW: Final = re.compile(r"[0-9]{1,7}\Z", re.ASCII)


def grid_of_sheet(part: Part) -> Grid | None:
    """Return the grid of a sheet, no smaller than it is; ``None`` for what is no sheet or always small enough.

    Raises:
        FormatError: No XML, or a cell in a place that no spreadsheet has.
    """
    if not _is_sheet(part) or not any(_NOT_NEAR.search(piece) for piece in _pieces(part)):
        return None
    row, column = _NEAR
    for piece in _pieces(part):
        if _UNUSUAL.search(piece):
            return _parsed(part)
        row = max(row, int(_greatest(_FAR_ROW.findall(piece)) or 0))
        column = max(column, column_number(_greatest(_FAR_COLUMN.findall(piece)).decode()))
    check_place(row, column)
    return _parsed(part) if row * column > LARGE_GRID else None


def _is_sheet(part: Part) -> bool:
    before, found = b"", False
    for chunk in part.chunks():
        if not before:
            _check_encoding(chunk)
        piece = before + chunk
        if any(sign in piece for sign in _WIDE_SIGNS):
            raise FormatError("a sheet of the workbook is not in UTF-8")
        found = found or _SIGN in piece
        before = piece[-_OVERLAP:]
    return found


def _check_encoding(head: bytes) -> None:
    match = _ENCODING.match(head.removeprefix(BYTE_ORDER_MARK)[:4096])
    if match is not None and not _ENCODINGS.fullmatch(match[1]):
        raise FormatError("a part of the workbook is not in UTF-8")


def _pieces(part: Part) -> Iterator[bytes]:
    """Yield the sheet in pieces, none of which begins or ends within a tag."""
    before: list[bytes] = []
    length = 0
    for chunk in part.chunks():
        cut = chunk.rfind(b"<")
        if cut < 0:
            before.append(chunk)
            length += len(chunk)
            if length > _LONGEST_TAG:
                raise FormatError("a cell of the workbook is too long")
            continue
        yield b"".join([*before, chunk[:cut]])
        before, length = [chunk[cut:]], len(chunk) - cut
    yield b"".join(before)


def _greatest(found: list[bytes]) -> bytes:
    """Return the greatest of numbers, zeros before them or not, or of the letters of columns."""
    longest = len(max(found, key=len, default=b""))
    return max((one for one in found if len(one) == longest), default=b"")


def column_number(letters: str) -> int:
    """Return the number of a column, counted from 1.

    Example:
        >>> [column_number(letters) for letters in ("", "A", "aa", "XFD")]
        [0, 1, 27, 16384]
    """
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def parse_strictly(part: Part, handler: Handler) -> None:
    """Parse a part without any document type, which workbooks may not have (ECMA-376 part 2, 8.1.4).

    Raises:
        FormatError: Not well-formed.
    """
    parser = expat.ParserCreate("iso-8859-1")
    parser.ordered_attributes = True
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = handler.start, handler.end
    parser.StartDoctypeDeclHandler = _refuse_document_type
    handler.parser = parser
    chunks = part.chunks()
    first = next(chunks, b"").removeprefix(BYTE_ORDER_MARK)
    try:
        for chunk in itertools.chain([first], chunks):
            parser.Parse(chunk, False)  # noqa: FBT003  the parser's own signature
        parser.Parse(b"", True)  # noqa: FBT003  likewise
    except expat.ExpatError as error:
        raise FormatError("not a workbook that can be read (its XML is broken)") from error


def _refuse_document_type(*_declared: object) -> None:
    raise FormatError("not a workbook that can be read (its XML has a document type)")


class Handler:
    """Takes the elements of a part."""

    parser: expat.XMLParserType

    def start(self, name: str, attributes: list[str]) -> None:
        """An element begins; its attributes are names and values by turns."""
        raise NotImplementedError

    def end(self, name: str) -> None:
        """An element ends."""
        raise NotImplementedError


def _parsed(part: Part) -> Grid:
    cells = _Cells()
    parse_strictly(part, cells)
    return Grid(cells.last_row, cells.last_column, cells.filled)


class _Cells(Handler):
    """Follows the places of cells; a row or cell without one stands behind the one before.

    A cell counts as filled if it has anything in it and stands behind all others that counted, so none counts twice.
    """

    def __init__(self) -> None:
        self.last_row = self.last_column = self.filled = 0
        self._row, self._column = 1, 0
        self._place = self._counted = (0, 0)

    def start(self, name: str, attributes: list[str]) -> None:
        kind = name.rpartition(":")[2]
        if kind == "c":
            self._start_cell(attributes)
        elif kind == "row":
            for place in range(0, len(attributes), 2):
                if attributes[place] == "r":
                    if not _ROW.match(attributes[place + 1]):
                        raise FormatError("a row of the workbook has a number that no spreadsheet has")
                    self._row = int(attributes[place + 1])
                    check_place(self._row, 1)
        elif self._place > self._counted:
            self.filled += 1
            self._counted = self._place

    def _start_cell(self, attributes: list[str]) -> None:
        row, column = self._row, self._column + 1
        for place in range(0, len(attributes), 2):
            if attributes[place] == "r":
                if (match := _ADDRESS.match(attributes[place + 1])) is None:
                    raise FormatError("a cell of the workbook has a place that no spreadsheet has")
                row, column = int(match[2]), column_number(match[1])
        if row > FARTHEST_ROW or column > FARTHEST_COLUMN:
            check_place(row, column)
        self._column = column
        self._place = (row, column)
        if row > self.last_row:
            self.last_row = row
        if column > self.last_column:
            self.last_column = column

    def end(self, name: str) -> None:
        if name.rpartition(":")[2] == "row":
            self._row += 1
            self._column = 0
