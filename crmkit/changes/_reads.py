"""Whether a text is how a file would show a value: ``True`` for ``true``, ``7`` for ``7.0``, a date for midnight."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal, InvalidOperation
from typing import Final

from crmkit.frames import as_text, plain, same

_DURATION: Final = re.compile(r"(?:(-?\d+) days?)?,?(?: ?\+?(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?")


def reads_as(current: object, value: object) -> bool:
    """Say whether ``current`` is how a file of text would show ``value``, or the other way round."""
    value = plain(value)
    current = plain(current)
    if value is None or current is None or current == "":
        return value in (None, "") if current in (None, "") and (value is None or isinstance(value, str)) else False
    if not isinstance(current, str):
        return as_text(current) == value if isinstance(value, str) else same(value, current)
    if current == as_text(value) or current.replace(" ", "T", 1) == as_text(value):
        return True
    try:
        if isinstance(value, bool):
            return current.casefold() == as_text(value)
        if isinstance(value, int | float | Decimal):
            return "_" not in current and Decimal(current) == Decimal(str(value))
        if isinstance(value, dt.datetime):
            return dt.datetime.fromisoformat(current) == value
        if isinstance(value, dt.date):
            return dt.datetime.fromisoformat(current) == dt.datetime.combine(value, dt.time())
        if isinstance(value, dt.time):
            return dt.time.fromisoformat(current) == value
        if isinstance(value, dt.timedelta):
            return _duration(current) == value
    except (ValueError, InvalidOperation, TypeError):
        return False
    return False


def _duration(text: str) -> dt.timedelta | None:
    """Read a duration as Python and pandas write it: ``1 day, 2:00:00``, ``1 days 02:00:00``, ``-1 days +02:00:00``."""
    found = _DURATION.fullmatch(text)
    if found is None or not any(found.groups()):
        return None
    days, hours, minutes, seconds, part = (
        int(group or 0) for group in (*found.groups()[:4], (found[5] or "").ljust(6, "0"))
    )
    return dt.timedelta(days, seconds, part, minutes=minutes, hours=hours)
