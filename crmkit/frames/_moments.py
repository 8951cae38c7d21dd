"""Ticks and texts of typed columns, exact both ways."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Unreadable(Exception):  # noqa: N818 - never leaves this package
    """A text is not one of the wanted type."""


def from_ticks(values: Sequence[object], ticks: Sequence[int | None], kind: str) -> list[object]:
    """Return Python's moments where they are exact, numpy's (``M`` or ``m``, nanoseconds) where they are not."""
    make: Any = np.datetime64 if kind == "M" else np.timedelta64
    return [
        value if tick is None or tick % 1000 == 0 else make(tick, "ns")
        for value, tick in zip(values, ticks, strict=True)
    ]


def beyond(ticks: Sequence[int | None], kind: str, unit: str) -> list[object]:
    """Return the moments of a column in which some are out of Python's years 1 to 9999 as numpy's."""
    make: Any = np.datetime64 if kind == "M" else np.timedelta64
    return [None if tick is None else make(tick, unit) for tick in ticks]


def to_ticks(value: object, unit: str) -> int:
    """Return a moment, time of day or duration as ticks; what has a time zone in UTC."""
    if isinstance(value, np.datetime64 | np.timedelta64):
        return int(value.astype(f"{value.dtype.kind}8[{unit}]").astype(np.int64))
    if isinstance(value, dt.datetime):
        aware = value if value.tzinfo is not None else value.replace(tzinfo=dt.UTC)
        return _microseconds(aware - dt.datetime(1970, 1, 1, tzinfo=dt.UTC), unit)
    if isinstance(value, dt.date):
        return to_ticks(dt.datetime.combine(value, dt.time()), unit)
    if isinstance(value, dt.time):
        return _microseconds(
            dt.timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond),
            unit,
        )
    if isinstance(value, dt.timedelta):
        return _microseconds(value, unit)
    raise TypeError


def _microseconds(value: dt.timedelta, unit: str) -> int:
    exact = value // dt.timedelta(microseconds=1)
    if unit == "ns":
        return exact * 1000
    return exact // {"us": 1, "ms": 1000, "s": 1_000_000, "D": 86_400_000_000}[unit]


_READERS: Final[dict[str, Callable[[str], object]]] = {
    "int": int,
    "float": float,
    "decimal": Decimal,
    "boolean": {"true": True, "false": False}.__getitem__,
    "date": dt.date.fromisoformat,
    "datetime": dt.datetime.fromisoformat,
    "time": dt.time.fromisoformat,
}


def read_text(text: str | None, family: str) -> object:
    """Return what :func:`as_text` wrote for a value of this family of types."""
    if text is None:
        return None
    try:
        return _READERS[family](text)
    except (KeyError, ValueError, InvalidOperation):
        raise Unreadable from None
