"""How long a system was down, by month and year, and how often longer than it may be."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

import attrs

from crmkit.backup._manifest._statement import check_moment
from crmkit.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._records import Incident


@attrs.frozen(kw_only=True)
class Downtime:
    """How long a system was down in a month or a year.

    Attributes:
        period: Such as ``"2026-03"`` or ``"2026"``.
        planned: Time of announced maintenance.
        failure: Time of failures.
        incidents: How many failures touched the period.
        over_rto: How many of them lasted longer than the RTO, in all.
        availability: Share of the period without failure, 0 to 1.

    .. versionadded:: 0.1.0
    """

    period: str
    planned: dt.timedelta
    failure: dt.timedelta
    incidents: int
    over_rto: int
    availability: float


def downtime(
    incidents: Sequence[Incident],
    *,
    rto: dt.timedelta,
    at: dt.datetime,
    by: Literal["month", "year"] = "month",
    tz: str = "UTC",
) -> list[Downtime]:
    """Sum up downtime by month or year, oldest first; an incident counts in every period that it touches.

    Overlapping failures count once; an incident that still lasts is counted up to ``at``.

    Args:
        incidents: What happened.
        rto: How long the system may be down at a time.
        at: The moment, aware.
        by: ``"month"`` or ``"year"``.
        tz: Time zone in which months begin.

    Raises:
        NotFoundError: An unknown period.

    Example:
        >>> from datetime import UTC, datetime, timedelta
        >>> from crmkit.backup import Incident
        >>> down = Incident(system="CRM", kind="failure", started=datetime(2026, 3, 31, 23, tzinfo=UTC),
        ...                 restored=datetime(2026, 4, 1, 2, tzinfo=UTC))
        >>> [(month.period, month.failure, month.over_rto)
        ...  for month in downtime([down], rto=timedelta(hours=2), at=datetime(2026, 5, 1, tzinfo=UTC))]
        [('2026-03', datetime.timedelta(seconds=3600), 1), ('2026-04', datetime.timedelta(seconds=7200), 1)]

    .. versionadded:: 0.1.0
    """
    if by not in ("month", "year"):
        raise NotFoundError.of("period", by, ("month", "year"))
    check_moment(at)
    zone = ZoneInfo(tz)
    spans: dict[str, dict[str, list[tuple[dt.datetime, dt.datetime]]]] = {}
    touched: dict[str, list[bool]] = {}
    limits: dict[str, tuple[dt.datetime, dt.datetime]] = {}
    for incident in incidents:
        end = min(incident.restored or at, at)
        start = incident.started
        while start < end:
            name, first, last = _period(start.astimezone(zone), by, zone)
            stop = min(end, last)
            limits[name] = first, last
            spans.setdefault(name, {}).setdefault(incident.kind, []).append((start, stop))
            if incident.kind == "failure":
                touched.setdefault(name, []).append(end - incident.started > rto)
            start = stop
    found = []
    for name in sorted(spans):
        failed = _union(spans[name].get("failure", []))
        first, last = limits[name]
        length = min(last, at) - first
        found.append(
            Downtime(
                period=name,
                planned=_union(spans[name].get("planned", [])),
                failure=failed,
                incidents=len(touched.get(name, [])),
                over_rto=sum(touched.get(name, [])),
                availability=1 - failed / length if length else 1.0,
            )
        )
    return found


def _period(local: dt.datetime, by: str, zone: ZoneInfo) -> tuple[str, dt.datetime, dt.datetime]:
    """Return the name of a period, its beginning and its end, as moments in UTC."""
    if by == "year":
        first, last = dt.datetime(local.year, 1, 1, tzinfo=zone), dt.datetime(local.year + 1, 1, 1, tzinfo=zone)
        return f"{local.year:04d}", first.astimezone(dt.UTC), last.astimezone(dt.UTC)
    first = dt.datetime(local.year, local.month, 1, tzinfo=zone)
    year, month = (local.year + 1, 1) if local.month == 12 else (local.year, local.month + 1)
    last = dt.datetime(year, month, 1, tzinfo=zone)
    return f"{local.year:04d}-{local.month:02d}", first.astimezone(dt.UTC), last.astimezone(dt.UTC)


def _union(spans: Sequence[tuple[dt.datetime, dt.datetime]]) -> dt.timedelta:
    """Return the length of spans, overlaps counted once."""
    total = dt.timedelta()
    until: dt.datetime | None = None
    for start, end in sorted(spans):
        begin = start if until is None else max(start, until)
        if end > begin:
            total += end - begin
            until = end
    return total
