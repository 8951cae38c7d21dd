"""Find the row that names the columns where a title stands above it, as reports of many systems have one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from crmkit.errors import FormatError
from crmkit.systems import identify, is_usual_name, looks_like_value, value_shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._notes import NoteList

__all__ = ["check_header_row", "named_row"]

_DEEPEST = 12
"""Rows that are looked at: a title, who made it and when, what it was filtered by."""
_FEWEST_USUAL = 2
_FEWEST_WORDS = 3
_MOST_DOUBTFUL = 2
_MOST_LABELLED = 6
_LABEL = re.compile(r"[^\d\W][^:：]{0,40}(?:：|:(?:\s|\Z))")
_MEASURE = re.compile(r"[\d.,:/ -]*\d[\d.,:/ -]*")
"""A count, a time or a date of any order."""


@attrs.frozen
class _Found:
    """A row below titles, counted from 0, and whether its cells are known names of columns."""

    row: int
    certain: bool


def check_source(source: object, what: str) -> None:
    """Refuse what is no file, such as a table that was read already.

    Raises:
        TypeError: It has nothing to read.
    """
    if not isinstance(source, (bytes, bytearray, memoryview)) and not callable(getattr(source, "read", None)):
        raise TypeError(f"{what} takes a path, bytes or an open file, not {type(source).__name__}")


def check_header_row(header_row: int | None, *, has_header: bool | None) -> None:
    """Refuse what cannot be meant.

    Raises:
        ValueError: Below 1, or a row of names in a file that has none.
    """
    given: object = header_row  # what a caller without a type checker may say
    if given is None:
        return
    if isinstance(given, bool) or not isinstance(given, int) or given < 1:
        raise ValueError("header_row is the number of a row, counted from 1 as spreadsheets do")
    if has_header is False:
        raise ValueError("header_row names the row with the column names; leave out has_header=False")


def named_row(
    rows: Sequence[Sequence[str]], notes: NoteList, *, header_row: int | None, has_header: bool | None, above: int = 0
) -> int:
    """Return the place of the row from which to read, the first one where nothing tells of another.

    Args:
        rows: The first rows, blank ones among them.
        notes: Gets ``title_rows`` where rows above the names are left out, ``header_below`` where they may have to be.
        header_row: What the caller says, counted from 1.
        has_header: What the caller says of the first row; where that is anything, no other row is looked for.
        above: Rows of the sheet that stand above ``rows``.

    Raises:
        FormatError: The row that the caller names is not there, or is blank.
    """
    first = next((place for place, row in enumerate(rows) if row), 0)
    if header_row is not None:
        at = header_row - 1 - above
        if not 0 <= at < len(rows) or not any(map(str.strip, rows[at])):
            raise FormatError(f"row {header_row} has no cells, so header_row={header_row} names no columns")
    else:
        found = None if has_header is not None else _below_titles(rows[first:])
        if found is None:
            return first
        at = first + found.row
        if not found.certain:
            notes.add("header_below", params={"row": at + 1 + above})
            return first
    n_left_out = sum(any(map(str.strip, row)) for row in rows[:at])
    if n_left_out:
        notes.add("title_rows", severity="info", params={"row": at + 1 + above, "count": n_left_out})
    return at


def _below_titles(rows: Sequence[Sequence[str]]) -> _Found | None:
    """Find the first row below titles that names the columns, or may.

    A title has one cell, or says something of the file (`_is_about_file`); a pair of other words may be one, which
    leaves it a question. Whatever stands above is narrower than the names, unless it has a label with a colon.
    """
    above: list[list[str]] = []
    n_doubtful = 0
    filled = [[cell for cell in row if cell.strip()] for row in rows[: _DEEPEST + 1]]
    for at, cells in enumerate(filled):
        if not cells:
            continue
        if _are_known(cells):
            wide = len(cells) >= _FEWEST_WORDS or not n_doubtful
            certain = not n_doubtful and all(len(row) < len(cells) or _has_label(row) for row in above)
            return _Found(at, certain=certain) if above and wide else None
        if len(cells) == 1:
            if not above and is_usual_name(cells[0]):
                return None
        elif not _is_about_file(cells):
            if len(cells) > _FEWEST_USUAL or n_doubtful == _MOST_DOUBTFUL or any(map(_is_cell_of_table, cells)):
                clear = above and not n_doubtful and max(map(len, above)) < len(cells)
                return _Found(at, certain=False) if clear and _may_be_names(cells, filled[at + 1 :]) else None
            n_doubtful += 1
        above.append(cells)
    return None


def _are_known(cells: list[str]) -> bool:
    """Say whether these are known names of columns, most of them or of one system."""
    if len(cells) < _FEWEST_USUAL or any(map(looks_like_value, cells)):
        return False
    usual = sum(map(is_usual_name, cells))
    return usual >= _FEWEST_USUAL and (2 * usual >= len(cells) or identify(cells) is not None)


def _is_about_file(cells: list[str]) -> bool:
    """Say whether a row has labels and what they say, such as ``Exported by: | Ann`` and ``as of | 2025-01-01``."""
    if len(cells) <= _MOST_LABELLED and _has_label(cells):
        return True
    return len(cells) == 2 and value_shape(cells[0]) is None and _is_measure(cells[1]) and not _is_measure(cells[0])


def _has_label(cells: list[str]) -> bool:
    return any(_LABEL.match(cell.strip()) for cell in cells)


def _is_measure(cell: str) -> bool:
    return value_shape(cell) == "date" or _MEASURE.fullmatch(cell.strip()) is not None


def _is_cell_of_table(cell: str) -> bool:
    return looks_like_value(cell) or is_usual_name(cell)


def _may_be_names(names: list[str], rows: list[list[str]]) -> bool:
    """Say whether these are several words above rows of several cells."""
    words = all(value_shape(name) is None and any(map(str.isalpha, name)) for name in names)
    below = [cells for cells in rows if cells]
    wide = len(names) >= _FEWEST_WORDS and len(names) == len({*names}) and all(len(cells) > 1 for cells in below)
    return words and wide and bool(below)
