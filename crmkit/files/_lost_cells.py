"""Cells of a workbook that read as empty and are not: errors such as ``#N/A``, and formulas that were never computed.

The reader of workbooks gives an empty cell for both. Only the workbook's own XML (xlsx, xlsm) tells them from cells
that nobody filled in; it is read once more where it has any such cell.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from typing import TYPE_CHECKING, Literal, TypeAlias
from xml.parsers import expat

import attrs

if TYPE_CHECKING:
    from typing import IO

__all__ = ["LostCell", "address", "lost_cells"]

Loss: TypeAlias = Literal["error_cells", "formulas_without_value"]

_CHUNK = 1 << 20
_SIGNS = (b't="e"', b"t='e'", b"<f", b":f")
_ADDRESS = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})\Z", re.ASCII)
_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"


@attrs.frozen
class LostCell:
    """Where a cell is, counted from 0, and why it reads as empty."""

    loss: Loss
    row: int
    column: int


def lost_cells(content: bytes, sheet: str) -> list[LostCell]:
    """Return the cells of a sheet that have an error or a formula without a value, in the order of the file.

    Args:
        content: The workbook; of another format than xlsx and xlsm nothing is said.
        sheet: Name of the sheet.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            part = _part_of(book, sheet)
            if part is None or not _has_signs(book, part):
                return []
            cells = _Cells()
            with book.open(part) as stream:
                _parse(stream, cells)
            return cells.lost
    except (zipfile.BadZipFile, KeyError, expat.ExpatError, NotImplementedError, EOFError):
        return []  # not the XML of a workbook; whether the file can be read is not decided here


def address(row: int, column: int) -> str:
    """Return the address that a spreadsheet shows.

    Example:
        >>> address(0, 0), address(9, 27)
        ('A1', 'AB10')
    """
    letters = ""
    rest = column + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row + 1}"


def _parse(stream: IO[bytes], handler: _Handler) -> None:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: handler.start(_local(name), attributes)
    parser.EndElementHandler = lambda name: handler.end(_local(name))
    parser.CharacterDataHandler = handler.text
    parser.ParseFile(stream)


def _local(name: str) -> str:
    return name.rpartition(":")[2]


class _Handler:
    """Takes what a parser meets; by default nothing of it."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def text(self, text: str) -> None:
        """Text stands in an element."""


class _Collector(_Handler):
    """Gathers the attributes of all elements of one name."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.found: list[dict[str, str]] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == self._name:
            self.found.append({_local(key): value for key, value in attributes.items()})


class _Cells(_Handler):
    """Finds the lost cells of a sheet; rows and cells without an address follow the one before."""

    def __init__(self) -> None:
        self.lost: list[LostCell] = []
        self._row = self._column = -1
        self._type = ""
        self._formula = self._value = self._in_value = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._column += 1
            if (match := _ADDRESS.match(attributes.get("r", ""))) is not None:
                self._column, self._row = _number(match[1]), int(match[2]) - 1
            self._type = attributes.get("t", "n")
            self._formula = self._value = False
        elif name == "f":
            self._formula = True
        elif name == "v":
            self._in_value = True
        elif name == "row":
            given = attributes.get("r", "")
            self._row = int(given) - 1 if given.isdecimal() else self._row + 1
            self._column = -1

    def text(self, text: str) -> None:
        self._value = self._value or (self._in_value and bool(text.strip()))

    def end(self, name: str) -> None:
        if name == "v":
            self._in_value = False
        elif name == "c":
            if self._type == "e":
                self.lost.append(LostCell("error_cells", self._row, self._column))
            elif self._formula and not self._value and self._type == "n":  # of type str, the result is an empty text
                self.lost.append(LostCell("formulas_without_value", self._row, self._column))


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _part_of(book: zipfile.ZipFile, sheet: str) -> str | None:
    """Return the name of the file that holds a sheet."""
    sheets, relations = _Collector("sheet"), _Collector("Relationship")
    for part, collector in ((_WORKBOOK, sheets), (_RELATIONS, relations)):
        with book.open(part) as stream:
            _parse(stream, collector)
    wanted = next((found.get("id") for found in sheets.found if found.get("name") == sheet), None)
    target = next((found.get("Target") for found in relations.found if found.get("Id") == wanted), None)
    if wanted is None or target is None:
        return None
    return posixpath.normpath(target[1:] if target.startswith("/") else posixpath.join("xl", target))


def _has_signs(book: zipfile.ZipFile, part: str) -> bool:
    """Say whether the sheet has any error or formula, without parsing it."""
    before = b""
    with book.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            if any(sign in before + chunk for sign in _SIGNS):
                return True
            before = chunk[-8:]
    return False
