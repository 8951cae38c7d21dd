"""The kind of field that holds dates, first of all the birth date."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from ._fields import Kind, Prepared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._fields import Codes, EncodedField, LevelArray

__all__ = ["DATE", "DATE_DIFFERENT", "normalize_date"]


def _prepare_dates(values: Sequence[str]) -> Prepared:
    digits = np.frombuffer("".join(values).encode("ascii"), dtype=np.uint8).reshape(-1, 8)
    number = digits.astype(np.int32) - ord("0")
    parts = np.stack(
        [number[:, :4] @ np.array([1000, 100, 10, 1]), number[:, 4:6] @ np.array([10, 1]), number[:, 6:] @ [10, 1]],
        axis=1,
    )
    return Prepared({}, {"digits": digits, "parts": parts})


def _compare_dates(field: EncodedField, a: Codes, b: Codes) -> LevelArray:
    x, y = field.traits["digits"][a], field.traits["digits"][b]
    apart = x != y
    count = apart.sum(axis=1)
    level = np.full(len(a), DATE_DIFFERENT, dtype=np.int8)
    same_year, same_month, same_day = ~apart[:, :4].any(axis=1), ~apart[:, 4:6].any(axis=1), ~apart[:, 6:].any(axis=1)
    level[same_year] = 4
    steps = np.abs(field.traits["parts"][a] - field.traits["parts"][b])
    level[(steps <= 1).all(axis=1)] = 3
    level[(same_year.astype(int) + same_month + same_day >= 2) | (count == 2)] = 2
    swapped = np.zeros(len(a), dtype=bool)
    for i in range(7):  # two neighboring digits exchanged
        swapped |= (count == 2) & apart[:, i] & (x[:, i] == y[:, i + 1]) & (x[:, i + 1] == y[:, i])
    day_for_month = same_year & (x[:, 4:6] == y[:, 6:]).all(axis=1) & (x[:, 6:] == y[:, 4:6]).all(axis=1)
    level[(count == 1) | swapped | day_for_month] = 1
    return level


_DIGITS = re.compile(r"\D*(\d{4})\D?(\d{2})\D?(\d{2})(?:\D.*)?\Z", re.DOTALL)


def normalize_date(raw: str) -> str | None:
    """Eight digits, year first; a date that does not exist keeps its digits, because its twin may have the same.

    What systems write where no date is known is none: the first and the last day that databases and spreadsheets can
    hold, and months with days of zero.

    Example:
        >>> normalize_date("1999-02-31"), [normalize_date(text) for text in ("?", "9999-12-31", "1900-01-01")]
        ('19990231', [None, None, None])
    """
    found = _DIGITS.match(raw)
    if found is None:
        return None
    year, month, day = found.groups()
    is_edge = not _FIRST_YEAR <= int(year) <= _LAST_YEAR and month + day in _EDGES
    is_open = is_edge or month + day == "0000" or year in _NO_YEARS or year + month + day in _PLACEHOLDERS
    return None if is_open else year + month + day


_FIRST_YEAR, _LAST_YEAR, _EDGES = 1901, 2098, frozenset({"0101", "1231"})
"""The first or last day of a year in which no living person was born; within such a year another day may be a slip."""

_NO_YEARS = frozenset({"0000", "0001", "9999"})
_PLACEHOLDERS = frozenset({"18991230", "11111111", "20790606"})
"""The day from which spreadsheets count, one key held down, and the last day of a short form of databases."""


_DATE_LEVELS = (
    "exact",
    "one edit or day and month swapped",
    "two parts equal or two edits",
    "each part one off at most",
    "same year",
    "different",
)
DATE_DIFFERENT = _DATE_LEVELS.index("different")

DATE = Kind(
    name="date",
    levels=_DATE_LEVELS,
    start=(0.9, 0.06, 0.015, 0.005, 0.01, 0.01),
    different=DATE_DIFFERENT,
    normalize=normalize_date,
    prepare=_prepare_dates,
    compare=_compare_dates,
    limit=0.1,
)
