"""Find the row that names the columns where a title stands above it, as reports of many systems have one."""

from __future__ import annotations

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
    """Find the first row of several cells below rows of one, if it may name the columns."""
    filled = [[cell for cell in row if cell.strip()] for row in rows[: _DEEPEST + 1]]
    if not filled or len(filled[0]) != 1 or is_usual_name(filled[0][0]):
        return None
    at = next((place for place, cells in enumerate(filled) if len(cells) > 1), None)
    if at is None or any(map(looks_like_value, filled[at])):
        return None
    names = filled[at]
    usual = sum(map(is_usual_name, names))
    if usual >= _FEWEST_USUAL and (2 * usual >= len(names) or identify(names) is not None):
        return _Found(at, certain=True)
    words = all(value_shape(name) is None and any(map(str.isalpha, name)) for name in names)
    below = [cells for cells in filled[at + 1 :] if cells]
    wide = len(names) >= _FEWEST_WORDS and len(names) == len({*names}) and all(len(cells) > 1 for cells in below)
    return _Found(at, certain=False) if words and wide and below else None
