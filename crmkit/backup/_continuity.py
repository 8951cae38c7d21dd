"""When it fails: who does what, how often it was practised, how long it was down.  Plain data, kept as JSON or TOML."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

import attrs

from crmkit._canonical import json_bytes, parse_json
from crmkit.errors import FormatError, NotFoundError, SchemaError

from ._statement import moment_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.typing import JSONValue

FORMAT: Final = "crmkit-continuity/1"
IncidentKind: TypeAlias = Literal["planned", "failure"]
_KINDS: Final = ("planned", "failure")


def _aware(_instance: object, attribute: attrs.Attribute[Any], value: dt.datetime | None) -> None:
    if value is not None and value.tzinfo is None:
        raise ValueError(f"{attribute.name} is naive; give an aware moment, such as datetime.now(UTC)")


def _texts(values: Sequence[str]) -> tuple[str, ...]:
    return (values,) if isinstance(values, str) else tuple(values)


@attrs.frozen(kw_only=True)
class IncidentPlan:
    """What is done when a system fails.

    Attributes:
        system: Which system.
        detect: How a failure is noticed.
        respond: First steps, in order.
        resolve: Steps back to service, in order.
        contacts: Role to how to reach whoever holds it; roles, because people change.
        fallbacks: What is used meanwhile.
        manual_work: How work goes on by hand.
        bring_back: How work done by hand gets into the system afterwards.
        rto: How long it may be down.
        rpo: How much data, in time, may be lost.
        reviewed: When the plan was last looked at.

    Example:
        >>> plan = IncidentPlan(system="CRM", detect=["health check"], respond=["call the administrator"])
        >>> [problem.split(":")[0] for problem in plan.problems()][:3]
        ['resolve', 'contacts', 'fallbacks']

    .. versionadded:: 0.1.0
    """

    system: str
    detect: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    respond: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    resolve: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    contacts: Mapping[str, str] = attrs.field(factory=dict, converter=dict, repr=False)
    fallbacks: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    manual_work: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    bring_back: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    rto: dt.timedelta | None = None
    rpo: dt.timedelta | None = None
    reviewed: dt.datetime | None = attrs.field(default=None, validator=_aware)

    def problems(
        self, *, now: dt.datetime | None = None, review_every: dt.timedelta = dt.timedelta(days=365)
    ) -> tuple[str, ...]:
        """Return what the plan lacks; nothing for a complete one.

        Args:
            now: The moment; without it the age of the review is not judged, and that is one of the problems.
            review_every: How old the last review may be.
        """
        asked = {
            "detect": "how is a failure noticed?",
            "respond": "what is done first?",
            "resolve": "how does it get back into service?",
            "contacts": "who is called?",
            "fallbacks": "what is used meanwhile?",
            "manual_work": "how does work go on by hand?",
            "bring_back": "how does work done by hand get into the system afterwards?",
            "rto": "how long may it be down?",
            "rpo": "how much data may be lost?",
        }
        found = [f"{name}: {question}" for name, question in asked.items() if not getattr(self, name)]
        found += [f"contacts: nobody is named for {role!r}" for role, how in self.contacts.items() if not how.strip()]
        if self.reviewed is None:
            found.append("reviewed: never")
        elif now is None:
            found.append("reviewed: no moment was given to judge its age by")
        elif now - self.reviewed > review_every:
            found.append(f"reviewed: more than {review_every.days} days ago")
        return tuple(found)


@attrs.frozen(kw_only=True)
class DrillRecord:
    """One exercise.

    Attributes:
        at: When.
        passed: Whether it worked.
        rto: How long it took.
        rpo: How much data, in time, was lost.
        notes: What was learned.

    Example:
        >>> from datetime import UTC, datetime
        >>> DrillRecord(at=datetime(2026, 3, 1, tzinfo=UTC), passed=True).passed
        True

    .. versionadded:: 0.1.0
    """

    at: dt.datetime = attrs.field(validator=_aware)
    passed: bool
    rto: dt.timedelta | None = None
    rpo: dt.timedelta | None = None
    notes: str = ""


@attrs.frozen(kw_only=True)
class Incident:
    """One time that a system was down.

    Attributes:
        system: Which system.
        kind: ``"planned"`` for maintenance that was announced, ``"failure"`` for the rest.
        started: When it went down.
        detected: When somebody noticed.
        notified: When its users were told.
        restored: When it was back; ``None`` while it lasts.
        cause: Why.
        lessons: What changed because of it.

    Raises:
        SchemaError: The moments are out of order.

    Example:
        >>> from datetime import UTC, datetime
        >>> down = Incident(system="CRM", kind="failure", started=datetime(2026, 3, 1, 8, tzinfo=UTC),
        ...                 restored=datetime(2026, 3, 1, 9, tzinfo=UTC))
        >>> down.problems()
        ('detected: nobody said when', 'notified: nobody said when', 'cause: unknown', 'lessons: none')

    .. versionadded:: 0.1.0
    """

    system: str
    kind: IncidentKind
    started: dt.datetime = attrs.field(validator=_aware)
    detected: dt.datetime | None = attrs.field(default=None, validator=_aware)
    notified: dt.datetime | None = attrs.field(default=None, validator=_aware)
    restored: dt.datetime | None = attrs.field(default=None, validator=_aware)
    cause: str = ""
    lessons: tuple[str, ...] = attrs.field(default=(), converter=_texts)

    def __attrs_post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise NotFoundError.of("kind of incident", self.kind, _KINDS)
        later = [self.detected, self.restored] if self.kind == "failure" else [self.restored]
        if any(moment is not None and moment < self.started for moment in later):
            raise SchemaError("an incident is detected and restored after it started")

    def problems(self) -> tuple[str, ...]:
        """Return what the record lacks; nothing for a complete one."""
        found = []
        if self.kind == "failure" and self.detected is None:
            found.append("detected: nobody said when")
        if self.notified is None:
            found.append("notified: nobody said when")
        elif self.kind == "planned" and self.notified >= self.started:
            found.append("notified: users were told only when it had begun")
        if self.restored is None:
            found.append("restored: it still lasts, or nobody said when")
        if not self.cause:
            found.append("cause: unknown")
        if self.kind == "failure" and not self.lessons:
            found.append("lessons: none")
        return tuple(found)


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
    now: dt.datetime,
    by: Literal["month", "year"] = "month",
    tz: str = "UTC",
) -> list[Downtime]:
    """Sum up downtime by month or year, oldest first; an incident counts in every period that it touches.

    Overlapping failures count once; an incident that still lasts is counted up to ``now``.

    Args:
        incidents: What happened.
        rto: How long the system may be down at a time.
        now: The moment, aware.
        by: ``"month"`` or ``"year"``.
        tz: Time zone in which months begin.

    Raises:
        NotFoundError: An unknown period.

    Example:
        >>> from datetime import UTC, datetime, timedelta
        >>> down = Incident(system="CRM", kind="failure", started=datetime(2026, 3, 31, 23, tzinfo=UTC),
        ...                 restored=datetime(2026, 4, 1, 2, tzinfo=UTC))
        >>> [(month.period, month.failure, month.over_rto)
        ...  for month in downtime([down], rto=timedelta(hours=2), now=datetime(2026, 5, 1, tzinfo=UTC))]
        [('2026-03', datetime.timedelta(seconds=3600), 1), ('2026-04', datetime.timedelta(seconds=7200), 1)]

    .. versionadded:: 0.1.0
    """
    if by not in ("month", "year"):
        raise NotFoundError.of("period", by, ("month", "year"))
    if now.tzinfo is None:
        raise ValueError("now is naive; give an aware moment, such as datetime.now(UTC)")
    zone = ZoneInfo(tz)
    spans: dict[str, dict[str, list[tuple[dt.datetime, dt.datetime]]]] = {}
    touched: dict[str, list[bool]] = {}
    limits: dict[str, tuple[dt.datetime, dt.datetime]] = {}
    for incident in incidents:
        end = min(incident.restored or now, now)
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
        length = min(last, now) - first
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


@attrs.frozen(kw_only=True)
class ContinuityRecords:
    r"""Plans, exercises and incidents of an organisation, as one document.

    Attributes:
        plans: One for each system.
        drills: Exercises.
        incidents: What happened.

    Example:
        >>> records = ContinuityRecords(plans=[IncidentPlan(system="CRM", contacts={"administrator": "ext. 100"})])
        >>> ContinuityRecords.from_json(records.to_json()) == records
        True
        >>> ContinuityRecords.from_toml('format = "crmkit-continuity/1"\n[[plans]]\nsystem = "CRM"').plans[0].system
        'CRM'

    .. versionadded:: 0.1.0
    """

    plans: tuple[IncidentPlan, ...] = attrs.field(default=(), converter=tuple)
    drills: tuple[DrillRecord, ...] = attrs.field(default=(), converter=tuple)
    incidents: tuple[Incident, ...] = attrs.field(default=(), converter=tuple)

    def to_json(self) -> str:
        """Return the document as ``crmkit-json/1``."""
        said = {
            "format": FORMAT,
            **{name: [_plain(item) for item in getattr(self, name)] for name in ("plans", "drills", "incidents")},
        }
        return json_bytes(said).decode()

    @classmethod
    def from_json(cls, text: str) -> ContinuityRecords:
        """Read a document that `to_json` wrote.

        Raises:
            FormatError: It is something else; ``.location`` says where.
        """
        return _records(parse_json(text.encode()))

    @classmethod
    def from_toml(cls, text: str) -> ContinuityRecords:
        """Read a document that a person wrote: tables ``[[plans]]``, ``[[drills]]``, ``[[incidents]]``.

        Durations are minutes in ``rto_minutes`` and ``rpo_minutes``; moments are TOML's, with an offset.

        Raises:
            FormatError: It is something else; ``.location`` says where.
        """
        try:
            said = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            raise FormatError("not TOML") from None
        return _records(said)


def _plain(item: attrs.AttrsInstance) -> dict[str, JSONValue]:
    said: dict[str, JSONValue] = {}
    for field in attrs.fields(type(item)):
        value = getattr(item, field.name)
        if isinstance(value, dt.timedelta):
            said[f"{field.name}_minutes"] = round(value.total_seconds() / 60)
        elif isinstance(value, dt.datetime):
            said[field.name] = moment_text(value)
        elif isinstance(value, Mapping):
            said[field.name] = dict(value)
        elif isinstance(value, tuple):
            said[field.name] = list(value)
        elif value is not None:
            said[field.name] = value
    return said


def _records(said: Any) -> ContinuityRecords:
    if not isinstance(said, Mapping) or said.get("format") != FORMAT:
        raise FormatError(f"not a document of {FORMAT}")
    kinds: dict[str, Any] = {"plans": IncidentPlan, "drills": DrillRecord, "incidents": Incident}
    for name in said:
        if name not in (*kinds, "format"):
            raise FormatError(str(NotFoundError.of("table", name, kinds)))
    read = {
        name: tuple(_item(kind, item, f"{name}[{number}]") for number, item in enumerate(said.get(name, [])))
        for name, kind in kinds.items()
    }
    return ContinuityRecords(**read)


def _item(kind: Any, said: Any, place: str) -> Any:
    if not isinstance(said, Mapping):
        raise FormatError("not a table", location=place)
    fields = {field.name: str(field.type) for field in attrs.fields(kind)}
    known = {f"{name}_minutes" if "timedelta" in text else name: name for name, text in fields.items()}
    values: dict[str, Any] = {}
    for name, value in said.items():
        if name not in known:
            raise FormatError(str(NotFoundError.of("member", name, known)), location=place)
        field = known[name]
        try:
            values[field] = _value(fields[field], value)
        except (TypeError, ValueError):
            raise FormatError(f"{name!r} is of another type", location=place) from None
    try:
        return kind(**values)
    except (TypeError, ValueError, LookupError) as error:
        reason = str(error) if isinstance(error, SchemaError | NotFoundError) else "a member is missing or wrong"
        raise FormatError(reason, location=place) from None


def _value(kind: str, value: Any) -> Any:
    """Read one member as its field's type."""
    if "timedelta" in kind:
        if type(value) is not int or value < 0:
            raise TypeError
        return dt.timedelta(minutes=value)
    if "datetime" in kind:
        return dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    wanted: type | tuple[type, ...] = str
    if kind.startswith("tuple"):
        wanted = list
    elif kind.startswith("Mapping"):
        wanted = dict
    elif kind == "bool":
        wanted = bool
    if not isinstance(value, wanted):
        raise TypeError
    inner = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    if not all(isinstance(item, str) for item in inner):
        raise TypeError
    return value


_NOTICES: Final[Mapping[str, Mapping[str, str]]] = {
    "planned": {
        "en": (
            "Planned maintenance: {system}\n\n{system} will not be available from {start} to {end}.\n"
            "Reason: {reason}\n{fallback}Please save your work before then.\nQuestions: {contact}\n"
        ),
        "zh": (
            "计划维护通知：{system}\n\n{system} 将于 {start} 至 {end} 暂停服务。\n"
            "原因：{reason}\n{fallback}请在此之前保存您的工作。\n如有疑问请联系：{contact}\n"
        ),
    },
    "incident": {
        "en": (
            "Incident: {system}\n\n{system} has not been available since {start}. We expect it back at {end}.\n"
            "What we know: {reason}\n{fallback}The next message follows when this changes.\nContact: {contact}\n"
        ),
        "zh": (
            "故障通知：{system}\n\n{system} 自 {start} 起无法使用，预计 {end} 恢复。\n"
            "目前情况：{reason}\n{fallback}情况有变化时将另行通知。\n联系人：{contact}\n"
        ),
    },
    "all_clear": {
        "en": (
            "All clear: {system}\n\n{system} is available again since {end}; it was down from {start}.\n"
            "Cause: {reason}\n{fallback}Please report anything that looks wrong to: {contact}\n"
        ),
        "zh": (
            "恢复通知：{system}\n\n{system} 已于 {end} 恢复服务（自 {start} 起中断）。\n"
            "原因：{reason}\n{fallback}如发现异常请联系：{contact}\n"
        ),
    },
}
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {"fallback": "Meanwhile: {text}\n", "unknown": "a time not yet known", "none": "not yet known"},
    "zh": {"fallback": "期间请使用：{text}\n", "unknown": "待定时间", "none": "尚不明确"},
}


def render_notice(
    kind: Literal["planned", "incident", "all_clear"],
    *,
    system: str,
    start: dt.datetime,
    contact: str,
    end: dt.datetime | None = None,
    reason: str = "",
    fallback: str = "",
    lang: Literal["en", "zh"] = "en",
    tz: str = "UTC",
) -> str:
    """Write the message for the users of a system.

    Args:
        kind: ``"planned"``, ``"incident"`` or ``"all_clear"``.
        system: Which system.
        start: When it goes or went down, aware.
        contact: Whom to ask.
        end: When it will be or is back; must be known for planned maintenance and for an all-clear.
        reason: Why, in the readers' language.
        fallback: What to use meanwhile.
        lang: ``"en"`` or ``"zh"``.
        tz: Time zone of the readers.

    Raises:
        NotFoundError: An unknown kind or language.
        ValueError: A naive moment, or an end that is missing or before the start.

    Example:
        >>> from datetime import UTC, datetime
        >>> start = datetime(2026, 3, 1, 22, tzinfo=UTC)
        >>> text = render_notice("incident", system="CRM", start=start, contact="it@example.com", lang="zh")
        >>> print(text.splitlines()[2])
        CRM 自 2026-03-01 22:00 UTC 起无法使用，预计 待定时间 恢复。

    .. versionadded:: 0.1.0
    """
    if kind not in _NOTICES:
        raise NotFoundError.of("kind of notice", kind, _NOTICES)
    if lang not in _WORDS:
        raise NotFoundError.of("language", lang, _WORDS)
    if start.tzinfo is None or (end is not None and end.tzinfo is None):
        raise ValueError("a naive moment; give an aware one, such as datetime.now(UTC)")
    if (end is None and kind != "incident") or (end is not None and end < start):
        raise ValueError("this notice needs an end that is not before its start")
    zone = ZoneInfo(tz)
    words = _WORDS[lang]
    return _NOTICES[kind][lang].format(
        system=_line(system),
        start=_local(start, zone),
        end=_local(end, zone) if end is not None else words["unknown"],
        reason=_line(reason) or words["none"],
        fallback=words["fallback"].format(text=_line(fallback)) if fallback else "",
        contact=_line(contact),
    )


def _line(text: str) -> str:
    return " ".join(text.split())


def _local(moment: dt.datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")
