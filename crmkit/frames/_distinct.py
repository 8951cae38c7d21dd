"""The distinct values of a column, and the same as text.

Bulk work is done once for each distinct value. What counts as one value must be strict, because a rule that sees ``1``
may not decide about ``True``, ``1.0``, ``"1"`` or ``Decimal("1.00")``, which Python's ``==`` all calls equal.
"""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

import attrs
import numpy as np

if TYPE_CHECKING:
    from array import array
    from collections.abc import Hashable, Iterable, Sequence

    import numpy.typing as npt

_SAMPLE: Final = 512
_AGAIN: Final = 8
# Types for which ``==`` within the type means "the same value", so a dict may tell them apart.
_EXACT: Final = frozenset({str, int, bool, bytes, dt.date, dt.timedelta})


@attrs.frozen(eq=False)
class Distinct:
    """A column as its distinct values and, for each row, which of them it holds.

    Attributes:
        values: The values without ``None``, in the order in which they first appear.
        codes: For each row the position in ``values``; -1 is missing. ``int32``, shape ``(n_rows,)``.

    Example:
        >>> column = Distinct.of(["b", None, "a", "b"])
        >>> column.values, column.codes.tolist()
        (['b', 'a'], [0, -1, 1, 0])

    .. versionadded:: 0.1.0
    """

    values: list[object] = attrs.field(repr=False)
    codes: npt.NDArray[np.int32] = attrs.field(repr=False)
    _all_text: bool = attrs.field(default=False, repr=False, kw_only=True)

    @classmethod
    def of(cls, values: Sequence[object]) -> Distinct:
        """Find the distinct values of a column in which missing is ``None``."""
        types = set(map(type, values))
        types.discard(type(None))
        if types == {str}:
            return cls.of_texts(values)
        keys: Iterable[Hashable]
        if not types or (len(types) == 1 and types <= _EXACT):
            return cls._of_keys(values, values)
        if types == {float}:
            return distinct_floats(np.array([math.nan if value is None else value for value in values]))
        keys = [None if value is None else identity(value) for value in values]
        return cls._of_keys(keys, values)

    @classmethod
    def of_texts(cls, values: Sequence[object]) -> Distinct:
        """Do the same for values of which it is known that each is a ``str`` itself or ``None``."""
        return cls._of_keys(values, values, all_text=True)

    @classmethod
    def of_codes(cls, values: Sequence[str], codes: array[int]) -> Distinct:
        """Take texts that are distinct already, with 32-bit codes that nobody changes any more."""
        held = np.frombuffer(codes, dtype=np.int32)
        held.flags.writeable = False
        return cls(list(values), held, all_text=True)

    @classmethod
    def _of_keys(cls, keys: Sequence[object], values: Sequence[object], *, all_text: bool = False) -> Distinct:
        n = len(values)
        if keys is values and _are_few(values):
            return cls._of_few(values, all_text=all_text)
        first: dict[object, int] = {}  # each value with the row in which it appears first, found in one pass
        rows = np.fromiter(map(first.setdefault, keys, range(n)), dtype=np.int32, count=n)
        missing = first.pop(None, -1)
        is_first = rows == np.arange(n, dtype=np.int32)
        if missing >= 0:
            is_first[missing] = False
        rank = np.cumsum(is_first, dtype=np.int32) - np.int32(1)
        codes = rank[rows]
        if missing >= 0:
            codes[rows == missing] = -1
        distinct = list(first)
        if keys is values:
            return cls(distinct, codes, all_text=all_text)
        return cls([values[row] for row in first.values()], codes)

    @classmethod
    def _of_few(cls, values: Sequence[Any], *, all_text: bool) -> Distinct:
        """Do the same where values come again and again: a dictionary that stays small is asked for all at once."""
        first = dict.fromkeys(values)
        first.pop(None, None)
        distinct = list(first)
        number: dict[object, int] = dict(zip(distinct, range(len(distinct)), strict=True))
        number[None] = -1
        return cls(distinct, np.array(itemgetter(*values)(number), dtype=np.int32), all_text=all_text)

    def __len__(self) -> int:
        """Number of distinct values, missing not counted."""
        return len(self.values)

    def counts(self) -> npt.NDArray[np.int64]:
        """Return how many rows hold each value, aligned with ``values``."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.values)).astype(np.int64)

    def rows(self) -> list[object]:
        """Return the column itself again, one value a row, missing as ``None``."""
        return self.spread(self.values)

    def spread(self, results: Sequence[object]) -> list[object]:
        """Give each row the result that belongs to its value, a missing one ``None``.

        Args:
            results: One result for each of ``values``.

        Example:
            >>> column = Distinct.of(["b", None, "a", "b"])
            >>> column.spread([str.upper(text) for text in column.values])
            ['B', None, 'A', 'B']
        """
        lookup = np.empty(len(self.values) + 1, dtype=object)
        lookup[:-1] = np.fromiter(results, dtype=object, count=len(self.values))
        lookup[-1] = None
        spread: list[object] = lookup[self.codes].tolist()
        return spread

    def map(self, results: Sequence[object]) -> Distinct:
        """Replace each value by its result and find the distinct ones again; a result of ``None`` is missing."""
        again = Distinct.of(results)
        lookup = np.append(again.codes, np.int32(-1))
        return Distinct(again.values, lookup[self.codes])


def _are_few(values: Sequence[Any]) -> bool:
    """Say whether a sample of a long column holds each of its values many times."""
    step = len(values) // _SAMPLE
    return step > 1 and len(set(values[::step])) * _AGAIN <= _SAMPLE


def distinct_floats(numbers: Any) -> Distinct:
    """Return distinct floats by their bits, so that ``0.0`` and ``-0.0`` are two; NaN is missing."""
    wide = np.asarray(numbers, dtype=np.float64)
    bits, inverse = np.unique(wide.view(np.int64), return_inverse=True)
    values = bits.view(np.float64)
    numbered = np.where(np.isnan(values)[inverse], -1, inverse)
    return renumbered(numbered, values.tolist())


def renumbered(codes: Any, values: list[object]) -> Distinct:
    """Renumber codes so that values come in first-seen order and unused ones go."""
    first = np.full(len(values) + 1, len(codes), dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    order = np.argsort(first[:-1], kind="stable")
    order = order[: int(np.count_nonzero(first[:-1] < len(codes)))]
    number = np.full(len(values) + 1, -1, dtype=np.int32)
    number[order] = np.arange(len(order), dtype=np.int32)
    return Distinct([values[place] for place in order], number[codes])


def identity(value: object) -> Hashable:
    """Return a key that two values share only if they are the same value of the same type.

    Equal to Python and yet not the same here: ``1`` and ``True``, ``0.0`` and ``-0.0``, ``Decimal("1")`` and
    ``Decimal("1.0")``, one moment in two time zones. What cannot be hashed is compared by its contents where it is a
    list, dict or set, else by identity.

    Example:
        >>> identity(1) == identity(True), identity(1) == identity(1.0), identity("1") == identity("1")
        (False, False, True)

    .. versionadded:: 0.1.0
    """
    kind = type(value)
    if kind in _EXACT:
        return (kind, value)
    if isinstance(value, float):
        return (kind, value, math.copysign(1.0, value))
    if isinstance(value, Decimal):
        return (kind, str(value))
    if isinstance(value, dt.datetime | dt.time):
        return (kind, value.isoformat(), value.fold, str(value.tzinfo))
    if isinstance(value, list | tuple):
        return (kind, tuple(map(identity, value)))
    if isinstance(value, dict):
        return (kind, tuple((identity(key), identity(item)) for key, item in value.items()))
    if isinstance(value, set | frozenset):
        return (kind, frozenset(map(identity, value)))
    try:
        hash(value)
    except TypeError:
        return (kind, "at", id(value))
    return (kind, value)


def as_texts(column: Distinct) -> Distinct:
    """Return the column with every value as a person would type it."""
    if column._all_text:
        return column
    types = set(map(type, column.values))
    if types <= {str}:
        return column
    moments = [value for value in column.values if isinstance(value, dt.datetime | np.datetime64)]
    dates_only = bool(moments) and all(map(_is_midnight, moments))
    if types == {float}:
        numbers: list[Any] = column.values
        return column.map([_float_text(value) if value.is_integer() else repr(value) for value in numbers])
    return column.map([as_text(value, date_only=dates_only) for value in column.values])


def as_text(value: object, *, date_only: bool = False) -> str:
    """Return ``value`` as a person would type it.

    Args:
        value: Any value but a missing one.
        date_only: Write a moment as its date; for columns in which every time is midnight, which is how pandas
            holds dates.

    Example:
        >>> from decimal import Decimal
        >>> [as_text(value) for value in (7.0, True, Decimal("1E+3"), 0.5, dt.date(2026, 3, 1))]
        ['7', 'true', '1000', '0.5', '2026-03-01']

    .. versionadded:: 0.1.0
    """
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.datetime):
        text = value.isoformat()
        return text.partition("T")[0] if date_only else text
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, np.timedelta64):  # with nanoseconds: written as Python writes the others
        microseconds, nanoseconds = divmod(int(value.astype("m8[ns]").astype(np.int64)), 1000)
        text = str(dt.timedelta(microseconds=microseconds))
        return f"{text}{'' if '.' in text else '.000000'}{nanoseconds:03d}"
    return str(value)


def _is_midnight(value: object) -> bool:
    """Say whether a moment is the midnight that stands for a date; by its text, which has pandas' nanoseconds too."""
    return isinstance(value, dt.datetime) and value.isoformat().endswith("T00:00:00")


def _float_text(value: float) -> str:
    if value.is_integer() and abs(value) < 2**53 and (value != 0 or math.copysign(1.0, value) > 0):
        return str(int(value))
    return repr(float(value))
