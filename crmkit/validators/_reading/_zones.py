"""Moments without an offset, read by the clocks of one time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from crmkit.errors import NotFoundError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ._moments import Moment

__all__ = ["day_in", "exists", "placed", "zone_of", "zone_validator"]


@cache
def zone_of(name: str) -> ZoneInfo:
    """Return the zone of the IANA database.

    Raises:
        SchemaError: If there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise SchemaError(str(NotFoundError.of("time zone", name, sorted(available_timezones())))) from None


def zone_validator() -> Callable[[Any, Any, Any], None]:
    """Demand the name of a zone, such as ``Asia/Shanghai``, or ``None``."""

    def validate(_instance: object, _attribute: object, value: object) -> None:
        if value is None:
            return
        if not isinstance(value, str):
            raise SchemaError("a time zone is given by its name, such as 'Asia/Shanghai'")
        zone_of(value)

    return validate


def _clock(moment: Moment) -> datetime:
    return datetime.combine(moment.day, time()) + timedelta(seconds=moment.second or 0.0)


def placed(moment: Moment, zone: str | None) -> Moment:
    """Give a moment without an offset that of the zone at that time; of two, where clocks were set back, the first."""
    if zone is None or moment.second is None or moment.offset_s is not None:
        return moment
    offset = _clock(moment).replace(tzinfo=zone_of(zone)).utcoffset()
    return moment if offset is None else moment._replace(offset_s=int(offset.total_seconds()))


def exists(moment: Moment, zone: str | None) -> bool:
    """Say whether the clocks of the zone ever showed the moment: in spring they leave out an hour."""
    if zone is None or moment.second is None or moment.offset_s is not None:
        return True
    clock = _clock(moment).replace(tzinfo=zone_of(zone))
    try:
        back = clock.astimezone(UTC).astimezone(clock.tzinfo)
    except OverflowError:  # at the ends of the calendar
        return True
    return back.replace(tzinfo=None) == clock.replace(tzinfo=None)


def day_in(moment: Moment, zone: str | None) -> int:
    """Return the number of the day on which the moment is in the zone; in UTC where there is none."""
    if zone is None or moment.second is None or moment.offset_s is None:
        return moment.utc[0] if zone is None else moment.day.toordinal()
    days, second = moment.utc
    try:
        clock = datetime.combine(date.fromordinal(days), time(), UTC) + timedelta(seconds=second or 0.0)
        return clock.astimezone(zone_of(zone)).date().toordinal()
    except (OverflowError, ValueError):
        return days
