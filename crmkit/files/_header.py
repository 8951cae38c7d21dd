"""Tell whether the first row of a file holds the names of its columns or the first record."""

from __future__ import annotations

from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from crmkit.systems import generic_names, header_words, is_usual_name, looks_like_value, value_shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._notes import NoteList

__all__ = ["SAMPLE_ROWS", "has_names"]

SAMPLE_ROWS = 200
_ENOUGH = 0.5
_FEWEST_COUNTED = 2
_FEWEST_WORDS = 3


def has_names(rows: Sequence[Sequence[str]], notes: NoteList) -> bool:
    """Say whether the first row names the columns, and note where it does not, or may not.

    A first cell speaks for a record if it has the shape of a value (an e-mail address, a phone number, a date, a long
    number or code) that at least half of the cells below have too, or begins a count 1, 2, 3 that they go on; it speaks
    for names if the cells below have such a shape and it has not. Words have no shape: there a usual name of a column
    speaks for names, twice as loud as a word that stands again among the cells below it, which no name of a column
    does, speaks for a record. Without rows below, one e-mail address or phone number is enough.

    Args:
        rows: The first row and those below it, as many as there are at hand.
        notes: Gets ``no_header``, ``header_like_values`` or ``header_unknown``.
    """
    first, below = rows[0], list(islice(rows, 1, 1 + SAMPLE_ROWS))
    columns = [[row[place] for row in below if place < len(row)] for place in range(len(first))]
    votes = sum(map(_vote, first, columns))
    known = sum(map(is_usual_name, first))
    if votes == 0 and len(below) >= _FEWEST_COUNTED:
        votes = sum(map(_stands_again, first, columns)) - 2 * known
    if votes <= 0 and not all(map(_is_number, first)):
        votes += 2 * any(_begins_count(rows, place) for place in range(len(first)))
    like_values = sum(map(looks_like_value, first))
    if votes > 0 or (not below and like_values):
        notes.add("no_header", params={"columns": len(first)})
        return False
    if like_values:
        notes.add("header_like_values", params={"count": like_values})
    elif not known and len(first) >= _FEWEST_WORDS and len(below) >= _FEWEST_WORDS and all(map(_is_words, first)):
        notes.add("header_unknown", severity="info", params={"columns": len(first)})
    return True


def _is_words(cell: str) -> bool:
    return any(map(str.isalpha, cell)) and not any(map(str.isdigit, cell)) and not _vocabulary() & {*header_words(cell)}


@cache
def _vocabulary() -> frozenset[str]:
    """Return the words that usual names of columns are made of."""
    return frozenset(word for name in generic_names().kinds_of for word in header_words(name))


def _stands_again(cell: str, below: list[str]) -> bool:
    """Say whether a word is among the cells below it, as one value among several."""
    text = cell.strip()
    return (
        len(text) > 1 and any(map(str.isalpha, text)) and text in map(str.strip, below) and len({text, *below}) > 1
    )  # fmt: skip


def _vote(cell: str, below: list[str]) -> int:
    filled = [text for text in below if text.strip()]
    if not cell.strip() or not filled:
        return 0
    shape = value_shape(cell)
    shapes = [(value_shape(text), len(text)) for text in filled]
    if shape is not None:
        length = len(cell) if shape in ("number", "code") else None  # words with digits are alike only by length
        alike = sum(one == shape and length in (None, size) for one, size in shapes)
        return 1 if alike >= _ENOUGH * len(filled) else 0
    certain = sum(one in ("email", "url", "phone", "date") for one, _ in shapes)
    return -1 if certain > _ENOUGH * len(filled) else 0


def _begins_count(rows: Sequence[Sequence[str]], place: int) -> bool:
    """Say whether the column counts its rows from the first one on."""
    cells = [row[place].strip() if place < len(row) else "" for row in islice(rows, 1 + SAMPLE_ROWS)]
    if len(cells) <= _FEWEST_COUNTED or not all(map(_is_number, cells)):
        return False
    first = int(cells[0])
    return first in (0, 1) and cells == [str(first + at) for at in range(len(cells))]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10
