"""Read and write moments and days in the families that systems use; say what a text leaves open."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Final

from crmkit.mapping._parts._form import zone_of
from crmkit.normalize import dates

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from crmkit.mapping._parts._form import Form
    from crmkit.normalize.dates import DateOrder

__all__ = ["Problem", "read_day", "read_moment", "write_day", "write_moment"]

Problem = str
"""The code of what a text leaves open, ``""`` for nothing."""

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_EPOCH_MS = re.compile(r"-?\d{1,14}(?:\.0+)?\Z", re.ASCII)
_THIRTEEN = re.compile(r"-?\d{12,13}\Z", re.ASCII)
_ISO = re.compile(r"(?:\d{4}-\d\d-\d\d(?:[T ]\d\d:?\d\d.*)?|\d{8}T\d{4}.*)\Z", re.ASCII)
_SERIAL = re.compile(r"[2-7]\d{4}(?:\.\d+)?\Z", re.ASCII)
"""The day count of a spreadsheet, from 1954 to 2119; whether it begins in 1900 or 1904 the file does not say."""
_HAS_CLOCK = re.compile(r"\d\s*[:时時]\s*\d")
_CLOCK = re.compile(
    r"(?:[T,\s]|(?<=[日号號]))\s*(?P<am>上午|下午|晚上|中午)?\s*(?P<h>\d{1,2})[:.时時](?P<m>\d{2})"
    r"(?:[:.分](?P<s>\d{2})秒?(?:[.,](?P<f>\d{1,9}))?)?分?\s*(?P<pm>[AaPp]\.?[Mm]\.?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?\Z",
    re.ASCII,
)


def read_moment(raw: str, form: Form, order: DateOrder | None) -> tuple[dt.datetime | dt.date | None, Problem]:
    """Return the moment in UTC (or the day, where no time of day is written), and what the text leaves open.

    A time that the clocks showed twice is read as the first of the two and said to be ambiguous; one that they
    skipped is no moment.
    """
    text = raw.strip()
    if _EPOCH_MS.match(text) and (form.style == "epoch-ms" or _THIRTEEN.match(text)):
        return _from_ms(text)
    found = _iso(text)
    if found is None:
        found, problem = _written(text, order)
        if problem:
            return None, problem
    if found is None:
        return None, "time_unreadable"
    if not isinstance(found, dt.datetime):
        return found, ""
    if found.tzinfo is not None:
        return _to_utc(found)
    if form.style == "utc-naive":
        return found.replace(tzinfo=dt.UTC), ""
    if form.zone is None:
        return None, "time_zone_missing"
    return _localized(found, zone_of(form.zone))


def write_moment(moment: dt.datetime | dt.date, form: Form) -> tuple[str | None, Problem]:
    """Return the moment as the form writes it; ``None`` where it cannot be written."""
    if not isinstance(moment, dt.datetime):
        if form.style != "epoch-ms":
            return moment.isoformat(), ""
        zone = dt.UTC if form.zone is None else zone_of(form.zone)
        moment = dt.datetime(moment.year, moment.month, moment.day, tzinfo=zone)
        return _to_ms(moment), "time_of_day_assumed"
    if form.style == "epoch-ms":
        return _to_ms(moment), "time_shortened" if moment.microsecond % 1000 else ""
    if form.style == "iso-z":
        return moment.replace(tzinfo=None).isoformat() + "Z", ""
    if form.style == "utc-naive":
        return moment.replace(tzinfo=None).isoformat(sep=" "), ""
    if form.zone is None:
        return (moment.isoformat(), "") if form.style == "iso-offset" else (None, "time_zone_missing")
    try:
        local = moment.astimezone(zone_of(form.zone))
    except OverflowError:
        return None, "time_unreadable"
    if form.style == "iso-offset":
        return local.isoformat(), ""
    plain = local.replace(tzinfo=None, fold=0)
    return plain.isoformat(sep=" "), "time_ambiguous" if _twice(plain, zone_of(form.zone)) else ""


def read_day(raw: str, form: Form, order: DateOrder | None) -> tuple[dt.date | str | None, Problem]:
    """Return the day; a birthday without a year (``--0412``) stays the text that it is."""
    text = raw.strip()
    if _EPOCH_MS.match(text) and (form.style == "epoch-ms" or _THIRTEEN.match(text)):
        moment, problem = _from_ms(text)
        if not isinstance(moment, dt.datetime):
            return None, problem
        if form.zone is None and form.style == "epoch-ms":
            return None, "time_zone_missing"
        zone = dt.UTC if form.zone is None else zone_of(form.zone)
        try:
            return moment.astimezone(zone).date(), ""
        except OverflowError:
            return None, "time_unreadable"
    if dates.month_day(text) is not None:
        return text, ""
    found = _iso(text)
    if isinstance(found, dt.datetime):
        if found.tzinfo is not None and form.zone is not None and found.utcoffset() == dt.timedelta(0):
            try:
                return found.astimezone(zone_of(form.zone)).date(), ""
            except OverflowError:
                return None, "time_unreadable"
        return found.date(), ""
    if found is not None:
        return found, ""
    day = dates.parse(text, order=order)
    if day is not None:
        return day, ""
    return None, _problem(text)


def _problem(text: str) -> Problem:
    """Return why a text is no day."""
    if _SERIAL.match(text):
        return "time_serial"
    return "day_ambiguous" if dates.is_ambiguous(text) else "time_unreadable"


def write_day(day: dt.date | str, form: Form) -> tuple[str | None, Problem]:
    """Return the day as the form writes it; ``None`` where it cannot be written."""
    if isinstance(day, str):
        return (None, "time_unreadable") if form.style == "epoch-ms" else (day, "")
    if form.style != "epoch-ms":
        return day.isoformat(), ""
    if form.zone is None:
        return None, "time_zone_missing"
    return _to_ms(dt.datetime(day.year, day.month, day.day, tzinfo=zone_of(form.zone))), ""


def _iso(text: str) -> dt.datetime | dt.date | None:
    if not _ISO.match(text):
        return None
    try:
        return dt.date.fromisoformat(text) if len(text) == 10 else dt.datetime.fromisoformat(text)
    except ValueError:
        return None


def _written(text: str, order: DateOrder | None) -> tuple[dt.datetime | dt.date | None, Problem]:
    """Read a moment as people and spreadsheets write it."""
    day = dates.parse(text, order=order)
    if day is None:
        return None, _problem(text)
    clock = _CLOCK.search(text)
    if clock is None:
        return (None, "time_unreadable") if _HAS_CLOCK.search(text) else (day, "")
    hour, minute, second = int(clock["h"]), int(clock["m"]), int(clock["s"] or 0)
    half = (clock["pm"] or "").lower()[:1] or _HALVES.get(clock["am"] or "", "")
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        time = dt.time(hour, minute, second, int((clock["f"] or "0").ljust(6, "0")[:6]))
    except ValueError:
        return None, "time_unreadable"
    return dt.datetime.combine(day, time, tzinfo=_offset(clock["zone"])), ""


_HALVES = {"上午": "a", "下午": "p", "晚上": "p", "中午": "p"}


def _offset(zone: str | None) -> dt.tzinfo | None:
    if zone is None:
        return None
    if zone[0] not in "+-":
        return dt.UTC
    figures = zone[1:].replace(":", "").ljust(4, "0")
    size = dt.timedelta(hours=int(figures[:2]), minutes=int(figures[2:]))
    return dt.timezone(size if zone[0] == "+" else -size) if size < dt.timedelta(days=1) else None


def _localized(naive: dt.datetime, zone: ZoneInfo) -> tuple[dt.datetime | None, Problem]:
    aware = naive.replace(tzinfo=zone, fold=0)
    moment, problem = _to_utc(aware)
    if moment is None:
        return None, problem
    if moment.astimezone(zone).replace(tzinfo=None, fold=0) != naive.replace(fold=0):
        return None, "time_gap"
    return moment, "time_ambiguous" if _twice(naive, zone) else ""


def _twice(naive: dt.datetime, zone: ZoneInfo) -> bool:
    """Say whether clocks in the zone showed this time twice."""
    first, second = (naive.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return first is not None and second is not None and first > second


def _to_utc(moment: dt.datetime) -> tuple[dt.datetime | None, Problem]:
    try:
        return moment.astimezone(dt.UTC), ""
    except OverflowError:
        return None, "time_unreadable"


def _from_ms(text: str) -> tuple[dt.datetime | None, Problem]:
    try:
        return _EPOCH + dt.timedelta(milliseconds=int(text.partition(".")[0])), ""
    except OverflowError:
        return None, "time_unreadable"


def _to_ms(moment: dt.datetime) -> str:
    return str((moment - _EPOCH) // dt.timedelta(milliseconds=1))
