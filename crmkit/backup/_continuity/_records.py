"""When it fails: who does what, how often it was practised, how long it was down.  Plain data, kept as JSON or TOML."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import attrs

from crmkit._canonical import json_bytes, parse_json
from crmkit._toml import from_toml
from crmkit.backup._manifest._statement import moment_text
from crmkit.errors import FormatError, NotFoundError, SchemaError

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
        self, *, at: dt.datetime | None = None, review_every: dt.timedelta = dt.timedelta(days=365)
    ) -> tuple[str, ...]:
        """Return what the plan lacks; nothing for a complete one.

        Args:
            at: The moment; without it the age of the review is not judged, and that is one of the problems.
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
        elif at is None:
            found.append("reviewed: no moment was given to judge its age by")
        elif at - self.reviewed > review_every:
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
            said = from_toml(text)
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
