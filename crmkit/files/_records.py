"""How far apart the cells of a sheet of binary records lie: xlsb (MS-XLSB 2.1.4) and xls (MS-XLS 2.1.4)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from crmkit.errors import FormatError

from ._grid import Grid, check_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._archive import Part

__all__ = ["check_streams", "grid_of_records"]

_ROW_HEADER, _CELLS = 0, range(1, 12)
"""MS-XLSB 2.1.7.62: BrtRowHdr, and the cells from BrtCellBlank to BrtFmlaError."""
_BEGIN_SHEET_DATA: Final = 0x91


def grid_of_records(part: Part) -> Grid:
    """Return the grid of what would be a binary sheet; of a part that is none, nothing.

    Raises:
        FormatError: A cell in a place that no spreadsheet has.
    """
    view = memoryview(b"".join(part.chunks()))
    row = column = filled = at = last_row = 0
    begun, end = False, len(view)
    while at < end:
        kind, at = _varint(view, at, 2)
        size, at = _varint(view, at, 4)
        if kind == _BEGIN_SHEET_DATA:
            begun = True
        elif begun and kind == _ROW_HEADER:
            row = int.from_bytes(view[at : at + 4], "little")
        elif begun and kind in _CELLS:
            filled += 1
            last_row = max(last_row, row + 1)
            column = max(column, int.from_bytes(view[at : at + 4], "little") + 1)
        at += size
    check_place(last_row, column)
    return Grid(last_row, column, filled)


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


_FREE: Final = 0xFFFFFFFA
"""Numbers of sectors from here on are signs (MS-CFB 2.1)."""
_ENTRY_SIZE: Final = 128
_MOST_COLUMNS: Final = 256
_SHEET, _SEVERAL = 0x85, (0xBD, 0xBE)
_MOST_STREAMS: Final = 4
_ONE_CELL: Final = frozenset(
    {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0xD6, 0xFD, 0x201, 0x203, 0x204, 0x205, 0x206, 0x27E, 0x406}
)
"""Records of a cell in BIFF 2 to 8, all of which begin with its row and column of two octets each."""


def check_streams(content: bytes) -> None:
    """Refuse an xls workbook with a cell beyond the 256 columns that the format has.

    Rows have two octets, so that no more than 65,536 can be told.

    Raises:
        FormatError: Such a cell, or a file whose streams cannot be followed.
    """
    try:
        for stream in _streams(content):
            looked_at = bytearray(len(stream))
            for start in set(_walk(stream, 0, looked_at)):
                for _ in _walk(stream, start, looked_at):
                    pass
    except (struct.error, IndexError) as error:
        raise FormatError("not a workbook that can be read (it is cut off)") from error


def _walk(stream: bytes, at: int, looked_at: bytearray) -> Iterator[int]:
    """Go over records, up to one that was looked at, and yield where sheets are said to begin."""
    while at + 4 <= len(stream) and not looked_at[at]:
        looked_at[at] = 1
        kind, size = struct.unpack_from("<HH", stream, at)
        content = stream[at + 4 : at + 4 + size]
        at += 4 + size
        if kind in _ONE_CELL and len(content) >= 4:
            _check_column(content, 2)
        elif kind in _SEVERAL and len(content) >= 6:
            _check_column(content, 2)
            _check_column(content, len(content) - 2)
        elif kind == _SHEET and len(content) >= 4:
            yield int.from_bytes(content[:4], "little")


def _check_column(content: bytes, at: int) -> None:
    if struct.unpack_from("<H", content, at)[0] >= _MOST_COLUMNS:
        raise FormatError("the cells of a sheet lie too far apart: an xls sheet has no more than 256 columns")


def _streams(content: bytes) -> Iterator[bytes]:
    """Yield the streams of a compound file that hold a workbook (MS-CFB 2.2 to 2.6)."""
    shift, small_shift = struct.unpack_from("<HH", content, 30)
    if shift not in (9, 12) or small_shift != 6:
        raise FormatError("not a workbook that can be read (its sectors are of no known size)")
    sectors = _Sectors(content, 1 << shift)
    first_entry, _, cutoff, first_small, _, first_table, n_tables = struct.unpack_from("<7I", content, 48)
    table = list(struct.unpack_from("<109I", content, 76))
    n_left = min(n_tables, len(content) >> shift)
    while first_table < _FREE:
        if not n_left:
            raise FormatError("not a workbook that can be read (its table of sectors has no end)")
        n_left -= 1
        more = struct.unpack(f"<{(1 << shift) // 4}I", sectors.one(first_table))
        table.extend(more[:-1])
        first_table = more[-1]
    sectors.read_table(table)
    entries = sectors.chain(first_entry)
    small = _Sectors(b"", 64)
    n_streams = 0
    for at in range(0, len(entries) - _ENTRY_SIZE + 1, _ENTRY_SIZE):
        entry = entries[at : at + _ENTRY_SIZE]
        start, size = struct.unpack_from("<II", entry, 116)
        if entry[66] == 5:
            small = _Sectors(bytes(64) + sectors.chain(start), 64)
            small.table = sectors.numbers(first_small)
        name = entry[:64].decode("utf-16-le", "replace").split("\0")[0].casefold()
        if name in ("workbook", "book"):
            n_streams += 1
            if n_streams > _MOST_STREAMS:
                raise FormatError("not a workbook that can be read (it holds several)")
            yield (small if size < cutoff else sectors).chain(start)


class _Sectors:
    """Sectors of one size, counted from behind the header, which is as long as one (MS-CFB 2.2)."""

    def __init__(self, content: bytes, size: int) -> None:
        self._content, self._size = content, size
        self.table: list[int] = []

    def one(self, number: int) -> bytes:
        start = (number + 1) * self._size
        return self._content[start : start + self._size].ljust(self._size, b"\0")

    def read_table(self, numbers: list[int]) -> None:
        held = [number for number in numbers if number < len(self._content) // self._size]
        whole = b"".join(map(self.one, held))
        self.table = _without_ring(whole)

    def numbers(self, start: int) -> list[int]:
        return _without_ring(self.chain(start))

    def chain(self, number: int) -> bytes:
        """Return the sectors from one on."""
        found: list[bytes] = []
        while number < len(self.table):
            found.append(self.one(number))
            number = self.table[number]
        return b"".join(found)


def _without_ring(content: bytes) -> list[int]:
    """Return which sector follows which, refusing a ring, which a reader may follow until the memory is full."""
    table = list(struct.unpack(f"<{len(content) // 4}I", content))
    seen_from = [-1] * len(table)
    for start in range(len(table)):
        number = start
        while number < len(table) and seen_from[number] < 0:
            seen_from[number] = start
            number = table[number]
        if number < len(table) and seen_from[number] == start:
            raise FormatError("not a workbook that can be read (its sectors follow each other in a ring)")
    return table
