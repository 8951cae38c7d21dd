"""Whole columns of exactly one built-in type, which need not be asked cell by cell what they are.

Each function gives just what the cell-by-cell way of ``_row`` gives, which the tests hold them to.
"""

from __future__ import annotations

import datetime as dt
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001  the naive epoch, for naive times
_EPOCH_UTC = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_LOOKED_AT = 1000


class ZoneError(ValueError):
    """A time with a zone among those without, or the other way round."""


def _by_value(values: Sequence[Any], cells: Callable[[Sequence[Any]], list[str]]) -> list[str]:
    """Make the cell of each distinct value once, where enough are alike for that to pay."""
    if len(set(values[:_LOOKED_AT])) * 2 > min(len(values), _LOOKED_AT):
        return cells(values)
    distinct = list(set(values))
    return list(map(dict(zip(distinct, cells(distinct), strict=True)).__getitem__, values))


def _texts(values: Sequence[Any]) -> list[str]:
    return ["-" if text is None else f"{len(text if text.isascii() else text.encode())}:{text}" for text in values]


def _ints(values: Sequence[Any]) -> list[str]:
    return ["-" if number is None else f"{len(text := str(number))}:{text}" for number in values]


def _bools(values: Sequence[Any]) -> list[str]:
    return list(map({True: "1:t", False: "1:f", None: "-"}.__getitem__, values))


def _floats(values: Sequence[Any]) -> list[str]:
    if not values:
        return []
    packed = struct.pack(f">{len(values)}d", *[0.0 if value is None else value + 0.0 for value in values])
    return [
        "-" if value is None else "16:7ff8000000000000" if value != value else f"16:{bits}"
        for value, bits in zip(values, packed.hex("-", 8).split("-"), strict=True)
    ]


def _naive_times(values: Sequence[Any]) -> list[str]:
    if any(value is not None and value.tzinfo is not None for value in values):
        raise ZoneError("a time without a zone wanted")
    return _times(values, _EPOCH)


def _aware_times(values: Sequence[Any]) -> list[str]:
    if any(value is not None and value.tzinfo is None for value in values):
        raise ZoneError("a time with a zone wanted")
    return _times(values, _EPOCH_UTC)


def _times(values: Sequence[Any], epoch: dt.datetime) -> list[str]:
    return ["-" if value is None else f"{len(text := str((value - epoch) // _MICROSECOND))}:{text}" for value in values]


_NONE = type(None)
FAST: dict[str, tuple[set[type], Callable[[Sequence[Any]], list[str]]]] = {
    "text": ({str, _NONE}, lambda values: _by_value(values, _texts)),
    "int": ({int, _NONE}, lambda values: _by_value(values, _ints)),
    "bool": ({bool, _NONE}, _bools),
    # Not by value: 0.0 and -0.0 are equal, as are the times that a clock set back shows twice.
    "float64": ({float, _NONE}, _floats),
    "timestamp": ({dt.datetime, _NONE}, _naive_times),
    "timestamptz": ({dt.datetime, _NONE}, _aware_times),
}
"""By kind: the types of value that the column may hold, and what writes its cells."""
