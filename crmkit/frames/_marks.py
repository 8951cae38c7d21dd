"""Missing values: which markers there are, and the one place where they become ``None``."""

from __future__ import annotations

import contextlib
import datetime as dt
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Final

import numpy as np

from crmkit._optional import loaded

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Mark(Enum):
    ABSENT = "absent"

    def __repr__(self) -> str:
        return self.name


ABSENT: Final = _Mark.ABSENT
"""What stands where a dict record has no such key at all, which is not the same as the key with ``None``."""

# Types whose values are never a missing marker and need no conversion: a column of these is returned as it is.
_PLAIN: Final = frozenset(
    {str, int, bool, bytes, dt.date, dt.datetime, dt.time, dt.timedelta, list, dict, tuple, type(None)}
)
_FINER: Final = frozenset({"ns", "ps", "fs", "as"})


def is_missing(value: object) -> bool:
    """Say whether ``value`` is one of the markers for "there is no value".

    Example:
        >>> [is_missing(value) for value in (None, float("nan"), "", 0)]
        [True, True, False, False]

    .. versionadded:: 0.1.0
    """
    if value is None or value is ABSENT:
        return True
    if isinstance(value, float):
        return value != value
    if isinstance(value, Decimal):
        return value.is_nan()
    if isinstance(value, np.generic):
        return _is_missing_scalar(value)
    pandas = loaded("pandas")
    return pandas is not None and (value is pandas.NaT or value is pandas.NA)


def _is_missing_scalar(value: np.generic) -> bool:
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value))
    return isinstance(value, np.floating) and bool(np.isnan(value))


def plain(value: object) -> object:
    """Return ``value`` as crmkit works with it: missing is ``None``, numpy scalars are Python's.

    Example:
        >>> plain(float("nan")), plain("x")
        (None, 'x')

    .. versionadded:: 0.1.0
    """
    if is_missing(value):
        return None
    if isinstance(value, np.datetime64 | np.timedelta64):
        rounded = value.astype(f"{value.dtype.kind}8[us]")
        moment = rounded.item()
        if not isinstance(moment, int) and rounded.astype(value.dtype) == value:
            return moment
        # Python has no such moment: nanoseconds stay numpy's, years that its calendar does not have become text.
        return value if np.datetime_data(value.dtype)[0] in _FINER else str(value)
    if isinstance(value, np.generic):
        return value.item()
    pandas = loaded("pandas")
    if pandas is None or type(value) in _PLAIN:
        return value
    with contextlib.suppress(ValueError, OverflowError):  # years that Python's calendar does not have
        if isinstance(value, pandas.Timestamp) and value.nanosecond == 0:
            return value.to_pydatetime()
        if isinstance(value, pandas.Timedelta) and value.nanoseconds == 0:
            return value.to_pytimedelta()
    return value


def plain_list(values: Sequence[object]) -> list[object]:
    """Return all ``values`` as :func:`plain` does; a list of nothing but ordinary values costs one pass over types."""
    types = set(map(type, values))
    if types <= _PLAIN:
        return values if isinstance(values, list) else list(values)
    if types <= _PLAIN | {float}:
        return [None if value != value else value for value in values]
    return [plain(value) for value in values]
