"""Days and moments in text, comparable with one another even if one of them has no time of day."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

from crmkit.normalize import dates

if TYPE_CHECKING:
    from crmkit.normalize.dates import DateOrder

__all__ = ["Moment", "is_iso_between", "parse_iso", "parse_moment"]

_CLOCK = re.compile(
    r"(?:[T,]|(?<=\d)\s|(?<=[日号號])\s*|\s)\s*(?P<am>上午|下午|晚上|中午)?\s*(?P<h>\d{1,2})[:.时時](?P<m>\d{1,2})"
    r"(?:[:.分](?P<s>\d{1,2})秒?(?:[.,](?P<f>\d{1,9}))?)?分?\s*(?P<pm>[AaPp]\.?[Mm]\.?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?\Z",
    re.ASCII,
)
_EPOCH_MS = re.compile(r"-?\d{13}\Z", re.ASCII)
_DAY_S = 86_400
_DAY_LENGTH = len("2026-01-01")


class Moment(NamedTuple):
    """A day and, where one was written, the second of it; an offset from UTC is kept apart."""

    day: date
    second: float | None
    offset_s: int | None

    @property
    def iso(self) -> str:
        """ISO 8601, as exact as it was written."""
        if self.second is None:
            return self.day.isoformat()
        whole, part = divmod(round(self.second * 1_000_000), 1_000_000)
        text = f"{self.day.isoformat()}T{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
        if part:
            text += f".{part:06d}".rstrip("0")
        if self.offset_s is None:
            return text
        if self.offset_s == 0:
            return f"{text}Z"
        sign, minutes = ("+" if self.offset_s > 0 else "-"), abs(self.offset_s) // 60
        return f"{text}{sign}{minutes // 60:02d}:{minutes % 60:02d}"

    @property
    def utc(self) -> tuple[int, float | None]:
        """Day number and second of the day, in UTC where the offset is known; orders moments."""
        if self.second is None:
            return self.day.toordinal(), None
        days, second = divmod(self.second - (self.offset_s or 0), _DAY_S)
        return self.day.toordinal() + int(days), second


def parse_moment(raw: str, *, order: DateOrder | None = None, first_year: int | None = None) -> Moment | None:
    """Return the moment that the text means, or ``None`` if it is none, or could be two days.

    Example:
        >>> parse_moment("2024-03-05 14:30").iso, parse_moment("5 Mar 2024 2:30 PM +08:00").iso
        ('2024-03-05T14:30:00', '2024-03-05T14:30:00+08:00')
        >>> parse_moment("2024-03-05 25:00") is None, parse_moment("1709649000000").iso
        (True, '2024-03-05T14:30:00Z')
    """
    exact = parse_iso(raw)
    if exact is not None:
        return exact
    text = raw.strip()
    day = (
        dates.parse(text, order=order) if first_year is None else dates.parse(text, order=order, first_year=first_year)
    )
    if day is None:
        return None
    if _EPOCH_MS.match(text):
        return Moment(day, int(text) / 1000 % _DAY_S, 0)
    clock = _CLOCK.search(text)
    if clock is None:
        return Moment(day, None, None)
    hour, minute, second = int(clock["h"]), int(clock["m"]), int(clock["s"] or 0)
    half = (clock["pm"] or "").lower()[:1] or {"上午": "a", "下午": "p", "晚上": "p"}.get(clock["am"] or "", "")
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    # A leap second is written as 60; it is read as the last moment of its minute.
    if hour > 23 or minute > 59 or second > 60:
        return None
    fraction = float(f"0.{clock['f']}") if clock["f"] else 0.0
    return Moment(day, hour * 3600 + minute * 60 + min(second, 59) + fraction, _offset(clock["zone"]))


def parse_iso(text: str) -> Moment | None:
    """Read the form that needs no guessing, fast; ``None`` leaves the text to the patient way."""
    if text[4:5] != "-" or text[7:8] != "-" or text[10:11] not in ("", "T", " "):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if len(text) == _DAY_LENGTH:
        return Moment(moment.date(), None, None)
    offset = moment.utcoffset()
    second = moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1_000_000
    return Moment(moment.date(), second, None if offset is None else int(offset.total_seconds()))


def is_iso_between(text: str, after: str, before: str) -> bool:
    """Say whether the text is an ISO day or moment that lies between two days beyond doubt: a fast path.

    Args:
        text: Any text.
        after: ISO day; the text's day must be a later one.
        before: ISO day; the text's day must be an earlier one.
    """
    if text[4:5] != "-" or text[7:8] != "-" or not after < text[:_DAY_LENGTH] < before:
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return text[10:11] in ("", "T", " ")


def _offset(zone: str | None) -> int | None:
    if zone is None:
        return None
    if zone[0] not in "+-":
        return 0
    figures = zone[1:].replace(":", "").ljust(4, "0")
    return (int(figures[:2]) * 3600 + int(figures[2:]) * 60) * (1 if zone[0] == "+" else -1)
