"""Dates and times as numbers, to tell which of two records is the later."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import numpy as np

from crmkit.normalize import dates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Scores = NDArray[np.float64]

__all__ = ["moment_ranks"]

_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?)?")
_ZERO, _NINE = ord("0"), ord("9")
_EXACT = 15
"""Digits that a float holds without loss."""


def _uniform(texts: Sequence[str]) -> Scores | None:
    """Return the digits of ISO dates or times as numbers, if all are written alike; text order is time order then."""
    if not texts or not _ISO.fullmatch(texts[0]) or set(map(len, texts)) != {len(texts[0])}:
        return None
    signs = np.array(texts).view(np.uint32).reshape(len(texts), -1)
    digit = np.array([char.isdigit() for char in texts[0]])
    digits = signs[:, digit]
    if int(digit.sum()) > _EXACT or not (signs[:, ~digit] == signs[0, ~digit]).all():
        return None
    if not ((digits >= _ZERO) & (digits <= _NINE)).all():
        return None
    return np.asarray((digits - _ZERO).astype(np.float64) @ 10.0 ** np.arange(digits.shape[1])[::-1])


def moment_ranks(texts: Sequence[str]) -> Scores:
    """Order texts of dates and times: ISO by moment, numbers by value, everything else by the day it names."""
    uniform = _uniform(texts)
    if uniform is not None:
        return uniform
    if all(map(str.isdecimal, texts)):
        return np.array([float(one) for one in texts])
    moments = [_iso(one) for one in texts]
    if None not in moments:
        return np.array(moments, dtype=np.float64)
    order = dates.infer_order(texts)
    days = (dates.parse(one, order=order) for one in texts)
    return np.array([-np.inf if day is None else float(day.toordinal()) for day in days])


def _iso(text: str) -> float | None:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
    return (moment - _EPOCH) / _TICK


_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_TICK = dt.timedelta(microseconds=1)
