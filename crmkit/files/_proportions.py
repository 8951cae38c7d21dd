"""Whether a workbook is out of all proportion: a few kilobytes that would fill the memory of the machine.

The reader of workbooks lays a sheet out as a grid from its first to its last filled cell, so two cells far apart cost
what a sheet full of them would; and what is packed a thousandfold costs what it unpacks to. Both are looked for before.
What cannot be looked through is refused: nothing is read that was not looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crmkit.errors import FormatError

from ._archive import parts_of
from ._open_document import grids_of_document
from ._records import check_streams, grid_of_records
from ._sheet_xml import grid_of_sheet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._archive import Part
    from ._grid import Grid

__all__ = ["refuse_out_of_proportion"]

_LARGE_PART: Final = 64 << 20
_MOST_PACKED: Final = 250
"""A sheet of a million equal rows is packed sixtyfold; deflate ends at a thousandfold."""
_ZIP, _COMPOUND_FILE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BINARY: Final = "workbook.bin.rels"


def refuse_out_of_proportion(content: bytes, location: str | None) -> None:
    """Refuse what is no workbook (xlsx, xlsm, xlsb, xls, ods), or would take memory out of proportion to it.

    Raises:
        FormatError: A part unpacks to more than 250 times its size, the cells of a sheet lie so far apart that fewer
            than one in fifty of more than twenty million would be filled, or the file is none that all readers
            understand alike.
    """
    try:
        if content.startswith(_COMPOUND_FILE):
            check_streams(content)
        elif content.startswith(_ZIP):
            _check_archive(parts_of(content))
        else:
            raise FormatError("not a workbook that can be read; use read_csv for text")  # noqa: TRY301  one way out
    except FormatError as error:
        raise FormatError(str(error), location=location) from error.__cause__


def _check_archive(parts: list[Part]) -> None:
    for part in parts:
        if part.size > max(_LARGE_PART, _MOST_PACKED * part.packed_size):
            raise FormatError(f"a part of the workbook unpacks to more than {_MOST_PACKED} times its size")
    for grid in _grids(parts):
        grid.check()


def _grids(parts: list[Part]) -> Iterator[Grid]:
    binary = any(part.name.endswith(_BINARY) for part in parts)
    for part in parts:
        grid = grid_of_sheet(part)
        if grid is not None:
            yield grid
        if part.name == "content.xml":
            yield from grids_of_document(part)
        if binary:
            yield grid_of_records(part)
