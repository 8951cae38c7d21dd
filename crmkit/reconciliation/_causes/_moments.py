"""Causes between dates and times: zones, swapped days and months, the two day counts of Excel."""

from __future__ import annotations

import datetime as dt
import re

from crmkit.normalize import dates

from ._cause import Cause

__all__ = ["moment"]

_DAY = dt.timedelta(days=1)
_SYSTEMS_APART = dt.timedelta(days=1462)
"""The two day counts of Excel: 1900-01-00 and 1904-01-01."""
_FARTHEST_ZONES = dt.timedelta(hours=26)
_QUARTER = dt.timedelta(minutes=15)
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?\Z", re.ASCII)
_TIME_OF_DAY = re.compile(r"\d[T ]\d{1,2}:\d{2}", re.ASCII)
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})\b(.*)", re.ASCII | re.DOTALL)


def _read_moment(value: str) -> tuple[dt.datetime, bool] | None:
    """Return a moment and whether it has a time of day; an offset is applied, so that the moment is in UTC."""
    stripped = value.strip()
    if not 8 <= len(stripped) <= 40:
        return None
    has_time = _TIME_OF_DAY.search(stripped) is not None
    try:
        found = dt.datetime.fromisoformat(stripped.replace("/", "-", 2) if stripped[:4].isdigit() else stripped)
    except ValueError:
        day = dates.parse(stripped)
        if day is None or has_time:
            return None
        return dt.datetime.combine(day, dt.time()), False
    if found.tzinfo is not None:
        try:
            found = found.astimezone(dt.UTC).replace(tzinfo=None)
        except OverflowError:
            return None
    return found, has_time


def moment(left: str, right: str) -> Cause | None:
    """Zones, swapped days and months, and the two day counts of Excel."""
    serial = _serial(left, right)
    if serial is not None:
        return serial
    one, other = _read_moment(left), _read_moment(right)
    if one is None or other is None:
        return _swapped_text(left, right)
    (a, timed_a), (b, timed_b) = one, other
    if a == b:
        return Cause("format")
    if timed_a != timed_b and a.date() == b.date():
        return Cause("rounding", {"unit": "day"})  # the time of day is gone
    apart = abs(a - b)
    if _swapped(a, b):
        return Cause("day_month_swapped")
    if apart == _SYSTEMS_APART or (not timed_a and not timed_b and abs(apart - _SYSTEMS_APART) <= _DAY):
        return Cause("date_system", {"days": apart.days})
    if timed_a and timed_b:
        if apart < dt.timedelta(minutes=1) and 0 in (a.second, b.second):
            return Cause("rounding", {"unit": "minute"})
        if apart < dt.timedelta(seconds=1):
            return Cause("rounding", {"unit": "second"})
        if apart <= _FARTHEST_ZONES and apart % _QUARTER == dt.timedelta(0):
            hours = (b - a) / dt.timedelta(hours=1)
            return Cause("time_zone", {"hours": int(hours) if hours == int(hours) else hours})
    elif apart == _DAY:
        shift = Cause("time_zone", {"days": (b - a).days})
        return Cause("changed", to_confirm=shift)
    return None


def _swapped(a: dt.datetime, b: dt.datetime) -> bool:
    return (a.year, a.month, a.day, a.time()) == (b.year, b.day, b.month, b.time()) and a.day != a.month


def _swapped_text(left: str, right: str) -> Cause | None:
    """``3/4/2026`` and ``4/3/2026``, which no reading alone can tell."""
    a, b = _SLASHED.match(left.strip()), _SLASHED.match(right.strip())
    if a is None or b is None:
        return None
    (day, month, year, rest), (other_day, other_month, other_year, other_rest) = a.groups(), b.groups()
    same = (int(day), int(month), year, rest) == (int(other_month), int(other_day), other_year, other_rest)
    return Cause("day_month_swapped") if same and int(day) <= 12 and int(month) <= 12 else None


def _serial(left: str, right: str) -> Cause | None:
    """A day count that a spreadsheet left where the other side has the date."""
    for count, day in ((left, right), (right, left)):
        stripped = count.strip()
        if not re.fullmatch(r"\d{4,5}(?:\.0+)?", stripped, re.ASCII):
            continue
        found, read = dates.from_serial(int(float(stripped))), _read_moment(day)
        if found is None or read is None or _PLAIN_NUMBER.match(day.strip()):
            continue
        apart = abs(read[0] - dt.datetime.combine(found, dt.time()))
        if apart < _DAY:
            return Cause("format")
        if abs(apart - _SYSTEMS_APART) <= _DAY:
            return Cause("date_system", {"days": apart.days})
    return None
