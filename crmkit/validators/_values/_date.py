"""Days and moments: real, not before, not after, and not to be read in two ways."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar, Literal

import attrs

from crmkit.errors import SchemaError
from crmkit.normalize import dates
from crmkit.normalize._placeholders import is_placeholder
from crmkit.validators._checks._arguments import one_of
from crmkit.validators._checks._check import Check
from crmkit.validators._checks._verdict import Finding, Verdict, failed, normal, stand_in
from crmkit.validators._reading._moments import Moment, is_iso_between, parse_moment
from crmkit.validators._reading._zones import day_in, exists, placed, zone_of, zone_validator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.validators._checks._references import Context


__all__ = ["Date", "DateTime"]

_DEFAULTS = frozenset({"0001-01-01", "1899-12-30", "1899-12-31", "1900-01-01"})
"""What programs and spreadsheets make of no day: first days of their calendars."""
_ORDER_OF_THE_COLUMN = 0.98
_ORDER_OF_FEW_DATES = 0.8
_CENTURY_OF_THE_BOUNDS = 0.9
_CENTURY_CHOSEN = 0.8
_CENTURIES = (1900, 2000)
_DAY_S = 86_400
_DAY_LENGTH = len("2026-01-01")
_SERIAL = re.compile(r"[1-7]\d{4}(?:\.\d{1,12})?\Z", re.ASCII).match
"""A day that a spreadsheet counts, 1927 to 2119, with the time of day as its fraction."""
_FEWEST_SERIALS = 3
_SERIAL_OF_THE_COLUMN = 0.9  # some count from 1904
_SLACK = timedelta(days=2)
"""Clocks of the world are up to 26 hours apart: a day more is within a bound whatever clock wrote it."""
_NO_DAYS = _DEFAULTS - {"0001-01-01"} | {"1111-11-11"}
"""Real days that spreadsheets, forms and people in a hurry write for no date at all."""


def _bound(value: date | str | None) -> str | None:
    """Return a bound as ISO text; ``now`` stays a word until a run says when that is."""
    if value is None or value == "now":
        return value  # type: ignore[return-value]  # None or the word
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if parse_moment(value) is None:
        raise SchemaError("a bound of a date is a date, ISO text, or 'now'")
    return value


@attrs.frozen(kw_only=True)
class _Dated(Check):
    typed: ClassVar[bool] = True
    learns: ClassVar[bool] = True
    _longest_plain: ClassVar[int] = 40

    after: str | None = attrs.field(default=None, converter=_bound)
    before: str | None = attrs.field(default=None, converter=_bound)
    order: Literal["YMD", "DMY", "MDY"] | None = attrs.field(
        default=None, validator=one_of("order of a date", ("YMD", "DMY", "MDY"), optional=True)
    )
    zone: str | None = attrs.field(default=None, validator=zone_validator())
    learned: bool = attrs.field(default=False, repr=False, eq=False)
    proven: frozenset[str] = attrs.field(default=frozenset(), repr=False, eq=False)
    serials: bool = attrs.field(default=False, repr=False, eq=False)

    def learn(self, texts: Sequence[str]) -> Check:
        if self._counts_days(texts):
            return attrs.evolve(self, serials=True)
        if self.order is not None:
            return self
        # Dates that begin with a year in full need no order; without them a column of exports is done at once.
        unclear = (text for text in texts if text[4:5] != "-" or text[7:8] != "-")
        order, proven = dates.order_evidence(unclear)
        return self if order in (None, "YMD") else attrs.evolve(self, order=order, learned=True, proven=proven)

    def _counts_days(self, texts: Sequence[str]) -> bool:
        """Say whether all that the column holds are days that a spreadsheet counted, each within the bounds."""
        read = [moment for text in texts if (moment := _of_serial(text)) is not None]
        if len(read) < max(_FEWEST_SERIALS, len(texts) // 2) or any(map(self._outside, read)):
            return False
        return all(_SERIAL(text) is not None or is_placeholder(text) for text in texts)

    def at(self, now: datetime) -> Check:
        """Return the check with the word ``now`` replaced by a moment."""
        moment = now.astimezone(UTC if self.zone is None else zone_of(self.zone)).isoformat(timespec="seconds")
        if "now" not in (self.after, self.before):
            return self
        after, before = (moment if bound == "now" else bound for bound in (self.after, self.before))
        return attrs.evolve(self, after=after, before=before)

    def examine_many(self, texts: Sequence[str], contexts: Sequence[Context]) -> Mapping[int, Verdict]:
        del contexts
        longest = self._longest_plain
        examine = self.examine
        if self.zone is not None and longest > _DAY_LENGTH:  # what its clocks never showed is no fast matter
            longest = _DAY_LENGTH
        after = "0000-00-00" if self.after is None else _clear_of(_said(self.after), _SLACK)
        before = "9999-99-99" if self.before is None else _clear_of(_said(self.before), -_SLACK)
        return {
            at: verdict
            for at, text in enumerate(texts)
            if not (len(text) <= longest and text[:10] not in _DEFAULTS and is_iso_between(text, after, before))
            and (verdict := examine(text))
        }

    def _judge(self, text: str, code: str) -> tuple[Moment | None, Verdict]:
        moment = self._read(text)
        if moment is not None:
            outside = self._outside(moment)
            if outside and moment.day.isoformat() in _NO_DAYS:
                return None, stand_in("warning")
            if not outside and moment.day.isoformat() in _DEFAULTS and not moment.second:
                return None, (Finding("date_default", severity="warning", dimension="completeness"),)
            return moment, outside
        if self.serials and (counted := _of_serial(text)) is not None:
            form = counted.iso if counted.second else counted.day.isoformat()
            return None, (Finding("date_serial", fix=form, confidence=_SERIAL_OF_THE_COLUMN),)
        if dates.is_ambiguous(text):
            return None, (Finding("date_ambiguous", severity="warning", dimension="consistency"),)
        if is_placeholder(text):
            return None, stand_in("warning")
        return None, failed(code)

    def _read(self, text: str) -> Moment | None:
        """Return the moment; a year of two digits is in the last century that the bounds allow."""
        moment = parse_moment(text, order=self.order)
        if moment is None or not self._outside(moment) or not dates.has_short_year(text):
            return moment
        return next(reversed(self._centuries(text)), moment)

    def _centuries(self, text: str) -> list[Moment]:
        """Return the moments within the bounds that a year of two digits allows."""
        read = [parse_moment(text, order=self.order, first_year=century) for century in _CENTURIES]
        return [moment for moment in read if moment is not None and not self._outside(moment)]

    def _outside(self, moment: Moment) -> tuple[Finding, ...]:
        found: tuple[Finding, ...] = ()
        for name, code, wrong in (("after", "too_early", -1), ("before", "too_late", 1)):
            bound = getattr(self, name)
            limit = None if bound is None else parse_moment(_said(bound))
            if limit is not None and _compare(moment, limit, self.zone) == wrong:
                found = (*found, *failed(code, **{name: limit.day.isoformat()}))
        return found

    def _confidence(self, text: str) -> float:
        """A date that needs the column's order to be read is as sure as that order; so is its century as its choice."""
        sure = self._confidence_of_century(text)
        if not self.learned or dates.parse(text) is not None:
            return sure
        return min(sure, _ORDER_OF_THE_COLUMN if dates.separator(text) in self.proven else _ORDER_OF_FEW_DATES)

    def _confidence_of_century(self, text: str) -> float:
        if not dates.has_short_year(text):
            return 1.0
        if self.after is None or self.before is None:
            return _CENTURY_OF_THE_BOUNDS
        if len(self._centuries(text)) > 1:
            return _CENTURY_CHOSEN
        usual = parse_moment(text, order=self.order)
        return _CENTURY_OF_THE_BOUNDS if usual is None or self._outside(usual) else 1.0


def _of_serial(text: str) -> Moment | None:
    """Return the moment that a spreadsheet counted in days, to the second."""
    if _SERIAL(text) is None:
        return None
    seconds = round(Decimal(text) * _DAY_S)
    day = dates.from_serial(seconds // _DAY_S)
    return None if day is None else Moment(day, seconds % _DAY_S, None)


def _clear_of(bound: str, slack: timedelta) -> str:
    """Return the day beyond which a day, by whatever clocks it was written, is within the bound."""
    day = parse_moment(bound).day  # type: ignore[union-attr]  # bounds were read when the check was made
    try:
        return (day + slack).isoformat()
    except OverflowError:
        return day.isoformat()


def _compare(moment: Moment, limit: Moment, zone: str | None) -> int:
    """Return -1, 0 or 1; where either has no time of day or no known zone, a day's difference is not yet one."""
    moment, limit = placed(moment, zone), placed(limit, zone)
    day, second = moment.utc
    limit_day, limit_second = limit.utc
    if second is None or limit_second is None:
        day, limit_day = day_in(moment, zone), day_in(limit, zone)
        return (day > limit_day) - (day < limit_day)
    here, there = day * 86_400 + second, limit_day * 86_400 + limit_second
    slack = 0 if (moment.offset_s is None) == (limit.offset_s is None) else 86_400
    return (here > there + slack) - (here < there - slack)


def _said(bound: str) -> str:
    return datetime.now(UTC).isoformat(timespec="seconds") if bound == "now" else bound


@attrs.frozen(kw_only=True)
class Date(_Dated):
    """A day; the normal form is ISO 8601.

    ``3/4/2024`` can be in March or in April. The order of a column is found from the dates that can be read in only
    one way; where it cannot be, such a date is reported as ``date_ambiguous`` and never changed.

    A column that holds nothing but numbers such as ``45123`` has the days of a spreadsheet, counted from 1900: each is
    a ``date_serial``, with the date as its fix.

    A year of two digits is read so that the day lies within ``after`` and ``before``: ``15.06.85`` of a birth is in
    1985, and ``15.06.27`` in 1927. A fix that had to choose the century is never sure.

    Args:
        after: The first day that is right: a date, ISO text or ``"now"``.
        before: The last day that is right.
        order: How three numbers are to be read: ``YMD``, ``DMY`` or ``MDY``; found from the column where absent.
        zone: IANA name of the zone whose day it is, such as ``Asia/Shanghai``; says when ``"now"`` is today there.

    Example:
        >>> Date().examine("2024年3月5日")[0].fix, Date().is_valid("2023-02-29")
        ('2024-03-05', False)
        >>> Date(after="1900-01-01").examine("1024-03-05")[0].code
        'too_early'
        >>> Date(before="2026-01-01").examine("15.06.27")[0].fix
        '1927-06-15'

    Source:
        ISO 8601-1:2019 section 5.2; two-digit years without bounds: POSIX strptime ``%y``.

    .. versionadded:: 0.1.0
    """

    _longest_plain: ClassVar[int] = len("2026-01-01")
    json_format = "date"

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        moment, found = self._judge(text, "date_invalid")
        if moment is None:
            return found
        form = normal(text, moment.day.isoformat(), confidence=self._confidence(text))
        if moment.second:  # a time of day is more than a form: it is kept
            form = normal(text, moment.iso, confidence=self._confidence(text)) if "T" not in text else ()
        return (*found, *form)  # type: ignore[misc]  # a judged date has findings, never a reason to skip


@attrs.frozen(kw_only=True)
class DateTime(_Dated):
    """A moment: a day, mostly with a time of day and an offset from UTC; ISO 8601 with ``T`` or a blank is normal.

    Args:
        after: The first moment that is right: a date, datetime, ISO text or ``"now"``.
        before: The last moment that is right.
        order: As for :class:`Date`.
        zone: IANA name of the zone whose clocks showed moments and bounds without an offset. They are then compared
            to the second, and a time that these clocks left out is found. Without it, half of the world may have
            another day, and such a moment is only wrong by more than one. Nothing is written into the value.

    Example:
        >>> DateTime().examine("5 Mar 2024 2:30 PM")[0].fix
        '2024-03-05T14:30:00'
        >>> DateTime().examine("2024-03-05 14:30:00Z")
        ()
        >>> at_noon = DateTime(before="2024-03-05T12:00", zone="Asia/Shanghai")
        >>> at_noon.is_valid("2024-03-05T03:59:00Z"), at_noon.is_valid("2024-03-05T04:01:00Z")
        (True, False)

    Source:
        ISO 8601-1:2019 section 5.4; RFC 3339 section 5.6 for the blank.

    .. versionadded:: 0.1.0
    """

    json_format = "date-time"

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        moment, found = self._judge(text, "datetime_invalid")
        if moment is None:
            return found
        if not exists(moment, self.zone):
            found = (*found, Finding("time_gap", severity="warning", params={"zone": self.zone}))  # type: ignore[misc]  # as below
        iso = moment.day.isoformat()
        written = text[:10] == iso and (len(text) == 10 or text[10] in "T ") and text == text.strip()
        form = () if written else normal(text, moment.iso, confidence=self._confidence(text))
        return (*found, *form)  # type: ignore[misc]  # a judged moment has findings, never a reason to skip
