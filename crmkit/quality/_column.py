"""What one column is like: counts that add up, so that the profile of two halves is the profile of the whole.

No value of a record is kept, except those of a column with few different ones (a country, a stage); what is stored has
none of them that only a few rows hold, or that is somebody's e-mail, phone or number. The ends of a column are single
records, so numbers are told by the edges of their bins and days by their months. The newest day is kept, because it
tells whether a table still moves, but not of a column that is about people.
"""

from __future__ import annotations

import decimal
import hashlib
import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from crmkit.normalize import dates

from ._personal_data import is_about_people, is_personal
from ._shape import shape_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit.frames import Table
    from crmkit.typing import JSONValue

__all__ = ["ColumnProfile", "column_profile"]

_SKETCH = 1024
_MOST_CATEGORIES = 200
_LONGEST_CATEGORY = 60
_MOST_SHAPES = 400
_BINS_PER_DOUBLING = 4
_FIRST_RECORDS = 1985
_A_GENERATION = 15
_DOWN, _UP = (decimal.Context(prec=2, rounding=way) for way in (decimal.ROUND_DOWN, decimal.ROUND_UP))
_NUMBER = re.compile(r"[+-]?(?:\d{1,18}(?:\.\d{1,12})?|\.\d{1,12})\Z", re.ASCII).match
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII).match


@attrs.frozen(kw_only=True)
class ColumnProfile:
    """The counts of one column; two of them add up.

    Attributes:
        rows: Rows.
        missing: Rows without a value, blank ones included.
        types: How many values have which type in the frame (``str``, ``int``, ``float``, ``date``, ...).
        categories: Value to rows, in a column with few different short values; ``None`` in others, and in those whose
            name says that they hold names, addresses, phones, ids or birth dates of people.
        shapes: Shape (``A-9{4}``) to rows; ``None`` where there are too many.
        lengths: Length to rows, from 32 on by powers of two.
        numbers: Number of a logarithmic bin to rows that hold a number in it.
        months: ``YYYY-MM`` to rows that hold such a day.
        newest: The latest day, ISO, in a column whose name does not say that it is about people; see `last_day`.
        sketch: The least hashes of the distinct values; ``None`` after a profile was stored without them.

    .. versionadded:: 0.1.0
    """

    rows: int = 0
    missing: int = 0
    types: Mapping[str, int] = attrs.field(factory=dict)
    categories: Mapping[str, int] | None = attrs.field(factory=dict, repr=False)
    shapes: Mapping[str, int] | None = attrs.field(factory=dict, repr=False)
    lengths: Mapping[str, int] = attrs.field(factory=dict, repr=False)
    numbers: Mapping[str, int] = attrs.field(factory=dict, repr=False)
    months: Mapping[str, int] = attrs.field(factory=dict, repr=False)
    newest: str | None = attrs.field(default=None, repr=False)
    sketch: tuple[int, ...] | None = attrs.field(default=(), repr=False)
    stored_distinct: int | None = attrs.field(default=None, repr=False)

    @property
    def present(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing

    @property
    def missing_share(self) -> float:
        """Share of rows without a value."""
        return self.missing / self.rows if self.rows else 0.0

    @property
    def distinct(self) -> int | None:
        """Number of different values: exact below 1024, else estimated to about 3 %; ``None`` where not known.

        Source:
            Bar-Yossef et al. (2002), Counting Distinct Elements in a Data Stream: the k-th least hash.
        """
        if self.sketch is None:
            return self.stored_distinct
        if len(self.sketch) < _SKETCH:
            return len(self.sketch)
        return round((_SKETCH - 1) / ((self.sketch[-1] + 1) / 2**64))

    def quantile(self, share: float) -> float | None:
        """Return the number below which ``share`` of the numbers are, to about 9 %; ``None`` without numbers."""
        total = sum(self.numbers.values())
        if not total:
            return None
        reached = 0
        places = sorted(map(int, self.numbers))
        for place in places:
            reached += self.numbers[str(place)]
            if reached >= share * total:
                return _middle(place)
        return _middle(places[-1])

    @property
    def least(self) -> float | None:
        """A round number that none is below: the edge of the lowest bin, to two digits; ``None`` without numbers."""
        return min((_edges(int(name))[0] for name in self.numbers), default=None)

    @property
    def most(self) -> float | None:
        """A round number that none is above: the edge of the highest bin, to two digits; ``None`` without numbers."""
        return max((_edges(int(name))[1] for name in self.numbers), default=None)

    @property
    def last_day(self) -> str | None:
        """The latest day, ISO; ``None`` without days, and where they may be birth dates.

        They are, as far as anybody can tell, where the name says so, or where the days begin before 1985 and reach over
        fifteen years.
        """
        years = sorted((int(month[:4]), n) for month, n in self.months.items())
        total, reached = sum(n for _, n in years), 0
        for year, n in years:
            reached += n
            if 20 * reached >= total:
                return self.newest if year >= _FIRST_RECORDS or years[-1][0] - year < _A_GENERATION else None
        return None

    def merge(self, other: ColumnProfile) -> ColumnProfile:
        """Return the profile of both parts together."""
        return ColumnProfile(
            rows=self.rows + other.rows,
            missing=self.missing + other.missing,
            types=_sum(self.types, other.types),
            categories=_bounded(self.categories, other.categories, _MOST_CATEGORIES),
            shapes=_bounded(self.shapes, other.shapes, _MOST_SHAPES),
            lengths=_sum(self.lengths, other.lengths),
            numbers=_sum(self.numbers, other.numbers),
            months=_sum(self.months, other.months),
            newest=max(filter(None, (self.newest, other.newest)), default=None),
            sketch=None
            if self.sketch is None or other.sketch is None
            else tuple(sorted({*self.sketch, *other.sketch})[:_SKETCH]),
        )

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the counts as plain data.

        Without hashes, without values that fewer than three rows hold or that are somebody's, and without a birth date.
        """
        rare = 3
        categories = self.categories and {
            name: n for name, n in self.categories.items() if n >= rare and not is_personal(name)
        }
        data: dict[str, Any] = attrs.asdict(self, filter=lambda field, _: field.name not in ("sketch", "categories"))
        return {**data, "categories": categories, "newest": self.last_day, "stored_distinct": self.distinct}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ColumnProfile:
        """Return the profile that :meth:`to_dict` wrote; how many values differ can no longer be added up."""
        return cls(**data, sketch=None)


def _sum(a: Mapping[str, int], b: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted((Counter(a) + Counter(b)).items()))


def _bounded(a: Mapping[str, int] | None, b: Mapping[str, int] | None, most: int) -> dict[str, int] | None:
    if a is None or b is None:
        return None
    both = _sum(a, b)
    return both if len(both) <= most else None


def column_profile(table: Table, name: str) -> ColumnProfile:
    """Count one column of a table, once for each distinct value."""
    distinct = table.texts(name)
    counts = distinct.counts().tolist()
    pairs = [(str(text), n) for text, n in zip(distinct.values, counts, strict=True) if str(text).strip()]
    values = table.distinct(name)
    types: Counter[str] = Counter()
    for value, n in zip(values.values, values.counts().tolist(), strict=True):
        types[type(value).__name__] += n
    shapes: Counter[str] = Counter()
    lengths: Counter[str] = Counter()
    numbers: Counter[str] = Counter()
    months: Counter[str] = Counter()
    days: list[str] = []
    for text, n in pairs:
        shapes[shape_of(text)] += n
        lengths[_length(len(text))] += n
        stripped = text.strip()
        if _NUMBER(stripped) is not None:
            numbers[str(_bin(float(stripped)))] += n
        elif len(stripped) <= 40 and any(map(str.isdecimal, stripped)):
            day = stripped[:10] if _ISO_DAY(stripped) else dates.normalize(stripped)
            if day is not None and day[:4] >= "0001":
                months[day[:7]] += n
                days.append(day)
    short = len(pairs) <= _MOST_CATEGORIES and all(len(text) <= _LONGEST_CATEGORY for text, _ in pairs)
    present = sum(n for _, n in pairs)
    private = is_about_people(name)
    return ColumnProfile(
        rows=len(table),
        missing=len(table) - present,
        types=dict(sorted(types.items())),
        categories=dict(sorted(pairs)) if short and not private else None,
        shapes=dict(sorted(shapes.items())) if len(shapes) <= _MOST_SHAPES else None,
        lengths=dict(sorted(lengths.items())),
        numbers=dict(sorted(numbers.items())),
        months=dict(sorted(months.items())),
        newest=None if private else max(days, default=None),
        sketch=_sketch(text for text, _ in pairs),
    )


def _sketch(texts: Iterable[str]) -> tuple[int, ...]:
    hashes = np.array(
        [
            int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
            for text in texts
        ],
        dtype=np.uint64,
    )
    return tuple(np.unique(hashes)[:_SKETCH].tolist())


def _length(n: int) -> str:
    return str(n) if n < 32 else str(1 << (n.bit_length() - 1))


def _bin(figure: float) -> int:
    """Return the bin of a number: zero, or a quarter of a doubling on its side of zero."""
    if figure == 0:
        return 0
    place = math.floor(_BINS_PER_DOUBLING * math.log2(abs(figure))) + 400
    return max(place, 1) if figure > 0 else -max(place, 1)


def _edges(number: int) -> tuple[float, float]:
    """Return the ends of a bin, rounded away from it to two digits, so that they are no number of anybody's."""
    if number == 0:
        return 0.0, 0.0
    place = abs(number) - 400
    low = _DOWN.create_decimal_from_float(2 ** (place / _BINS_PER_DOUBLING)) if abs(number) > 1 else 0
    high = _UP.create_decimal_from_float(2 ** ((place + 1) / _BINS_PER_DOUBLING))
    return (float(low), float(high)) if number > 0 else (-float(high), -float(low))


def _middle(number: int) -> float:
    if number == 0:
        return 0.0
    size = 2 ** ((abs(number) - 400 + 0.5) / _BINS_PER_DOUBLING)
    return math.copysign(size, number)
