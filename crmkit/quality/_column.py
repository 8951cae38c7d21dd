"""What one column is like: counts that add up, so that the profile of two halves is the profile of the whole.

No value of a record is kept, except those of a column with few different ones (a country, a stage), and none of them
that only a few rows hold.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from crmkit.normalize import dates

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
_NUMBER = re.compile(r"[+-]?(?:\d{1,18}(?:\.\d{1,12})?|\.\d{1,12})\Z", re.ASCII).match
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII).match


@attrs.frozen(kw_only=True)
class ColumnProfile:
    """The counts of one column; two of them add up.

    Attributes:
        rows: Rows.
        missing: Rows without a value, blank ones included.
        types: How many values have which type in the frame (``str``, ``int``, ``float``, ``date``, ...).
        categories: Value to rows, in a column with few different short values; ``None`` in others.
        shapes: Shape (``A-9{4}``) to rows; ``None`` where there are too many.
        lengths: Length to rows, from 32 on by powers of two.
        numbers: Number of a logarithmic bin to rows that hold a number in it.
        months: ``YYYY-MM`` to rows that hold such a day.
        first_day: The earliest day, ISO.
        last_day: The latest day, ISO.
        least: The least number.
        most: The greatest number.
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
    first_day: str | None = attrs.field(default=None, repr=False)
    last_day: str | None = attrs.field(default=None, repr=False)
    least: float | None = attrs.field(default=None, repr=False)
    most: float | None = attrs.field(default=None, repr=False)
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
        for name in sorted(self.numbers, key=int):
            reached += self.numbers[name]
            if reached >= share * total:
                return _middle(int(name))
        return self.most

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
            first_day=min(filter(None, (self.first_day, other.first_day)), default=None),
            last_day=max(filter(None, (self.last_day, other.last_day)), default=None),
            least=min((x for x in (self.least, other.least) if x is not None), default=None),
            most=max((x for x in (self.most, other.most) if x is not None), default=None),
            sketch=None
            if self.sketch is None or other.sketch is None
            else tuple(sorted({*self.sketch, *other.sketch})[:_SKETCH]),
        )

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the counts as plain data: without hashes, and without values that fewer than three rows hold."""
        rare = 3
        categories = self.categories and {name: n for name, n in self.categories.items() if n >= rare}
        data: dict[str, Any] = attrs.asdict(self, filter=lambda field, _: field.name not in ("sketch", "categories"))
        return {**data, "categories": categories, "stored_distinct": self.distinct}

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
    least, most = math.inf, -math.inf
    for text, n in pairs:
        shapes[shape_of(text)] += n
        lengths[_length(len(text))] += n
        stripped = text.strip()
        if _NUMBER(stripped) is not None:
            figure = float(stripped)
            least, most = min(least, figure), max(most, figure)
            numbers[str(_bin(figure))] += n
        elif len(stripped) <= 40 and any(map(str.isdecimal, stripped)):
            day = stripped[:10] if _ISO_DAY(stripped) else dates.normalize(stripped)
            if day is not None and day[:4] >= "0001":
                months[day[:7]] += n
                days.append(day)
    short = len(pairs) <= _MOST_CATEGORIES and all(len(text) <= _LONGEST_CATEGORY for text, _ in pairs)
    present = sum(n for _, n in pairs)
    return ColumnProfile(
        rows=len(table),
        missing=len(table) - present,
        types=dict(sorted(types.items())),
        categories=dict(sorted(pairs)) if short else None,
        shapes=dict(sorted(shapes.items())) if len(shapes) <= _MOST_SHAPES else None,
        lengths=dict(sorted(lengths.items())),
        numbers=dict(sorted(numbers.items())),
        months=dict(sorted(months.items())),
        first_day=min(days, default=None),
        last_day=max(days, default=None),
        least=None if least is math.inf else least,
        most=None if most == -math.inf else most,
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


def _middle(number: int) -> float:
    if number == 0:
        return 0.0
    size = 2 ** ((abs(number) - 400 + 0.5) / _BINS_PER_DOUBLING)
    return math.copysign(size, number)
