"""Whether a value fits a column's type: what came out must be what went in."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from numbers import Number
from typing import TYPE_CHECKING, Final

import numpy as np

from ._distinct import identity
from ._marks import is_missing, plain

if TYPE_CHECKING:
    from collections.abc import Sequence


_FINE: Final = (np.datetime64, np.timedelta64)


def same(held: object, given: object) -> bool:
    """Say whether a column that gives ``held`` back kept ``given`` faithfully.

    A number may change its type (``7`` held as ``7.0``) but not its value; a date may be held as its midnight; text,
    truth values and numbers never stand for each other.

    Example:
        >>> same(7.0, 7), same(7, "7"), same(1, True), same(0.1, Decimal("0.1"))
        (True, False, False, False)

    .. versionadded:: 0.1.0
    """
    if type(held) is str and type(given) is str:
        return held == given
    held, given = plain(held), plain(given)
    if held is None or given is None:
        return held is given
    if isinstance(held, bool) or isinstance(given, bool):
        return held is given
    if isinstance(held, _FINE) or isinstance(given, _FINE):  # before numbers: numpy calls its durations integers
        held, given = _fine(held), _fine(given)
        return type(held) is type(given) and bool(held == given)
    if isinstance(held, Number) and isinstance(given, Number):
        return _same_number(held, given)
    if isinstance(held, dt.datetime) and isinstance(given, dt.date) and not isinstance(given, dt.datetime):
        return held.tzinfo is None and held == dt.datetime.combine(given, dt.time())
    if isinstance(held, dt.datetime) and isinstance(given, dt.datetime):
        return (held.tzinfo is None) == (given.tzinfo is None) and held == given
    return identity(held) == identity(given) or (isinstance(held, str) and held == given)


def identical(held: object, given: object) -> bool:
    """Say whether two cells are one value of one type, the marker of a missing one included.

    Example:
        >>> identical(7, 7.0), identical(None, float("nan")), identical(float("nan"), float("nan"))
        (False, False, True)

    .. versionadded:: 0.1.0
    """
    if type(held) is not type(given):
        return False
    if is_missing(held) or is_missing(given):
        return is_missing(held) and is_missing(given)
    return held == given if type(held) is str else identity(held) == identity(given)


def _fine(value: object) -> object:
    """Return a moment or duration of pandas as numpy's, which is what others have for one with nanoseconds."""
    return getattr(value, "asm8", value) if getattr(value, "tzinfo", None) is None else value


def _same_number(held: Number, given: Number) -> bool:
    if isinstance(held, Decimal) and isinstance(given, Decimal):
        return held == given
    if isinstance(held, float) and isinstance(given, float):
        return identity(float(held)) == identity(float(given))
    return bool(held == given)


def all_same(held: Sequence[object], given: Sequence[object]) -> bool:
    """Say whether a column kept every value."""
    return len(held) == len(given) and all(map(same, held, given))
