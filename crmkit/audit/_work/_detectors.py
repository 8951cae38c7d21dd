"""What to look for in events: each detector is one question, with its settings in the open."""

from __future__ import annotations

import hashlib
import itertools
from collections import defaultdict, deque
from datetime import UTC, datetime, timedelta, tzinfo
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, ClassVar

import attrs

from crmkit.audit._events._config import is_config

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crmkit.audit._events._event import Event
    from crmkit.typing import Language, Severity

__all__ = [
    "BulkExport", "ChangeWithoutTicket", "Detector", "DormantAccount", "Finding", "GainedThenUsed", "OffHours",
    "RepeatedDenials", "SelfGrant", "SeparationOfDuties", "default_detectors",
]  # fmt: skip

GRANTS = frozenset({"role.assign", "permission.grant"})
SENSITIVE = ("*.export", "*.delete", "*.decrypt", "*.erase", "role.*", "permission.*", "config.*")
_WORDS = {
    "off_hours": ("worked outside of office hours", "在工作时间之外操作"),
    "bulk_export": ("took out very many records", "导出了大量记录"),
    "repeated_denials": ("was denied again and again", "多次被拒绝"),
    "dormant_account": ("acted after a long silence", "长期未用的账号又有操作"),
    "self_grant": ("gave a right to itself", "给自己授予了权限"),
    "gained_then_used": ("used a right right after getting it", "获得权限后立即使用"),
    "separation_of_duties": ("did two things that are for two people", "一人完成了须由两人完成的操作"),
    "change_without_ticket": ("changed the configuration without a ticket", "没有工单就更改了配置"),
}


@attrs.frozen(kw_only=True)
class Finding:
    """Something a person should look at. Made by a `Detector`.

    Attributes:
        detector: Which one.
        severity: How bad it is.
        actor: Who; an id or pseudonym as the events have it.
        at: When it happened, or ended.
        events: Turns of the events that show it.

    .. versionadded:: 0.1.0
    """

    detector: str
    severity: Severity
    actor: str
    at: datetime
    events: tuple[int, ...]

    @property
    def id(self) -> str:
        """Stable name of the finding: the same events give the same one."""
        text = f"{self.detector}:{','.join(map(str, self.events))}"
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def message(self, lang: Language = "en") -> str:
        """Say it in words."""
        words = _WORDS[self.detector][lang == "zh"]
        return f"{self.actor} {words}"


class Detector:
    """A question that events answer; subclass it with a ``name``, a ``severity`` and `look`.

    Example:
        >>> from crmkit.audit import Event, SelfGrant
        >>> grant = Event(action="role.assign", actor="u-17", resource=("user", "u-17"), seq=3)
        >>> [finding.message() for finding in SelfGrant().look([grant])]
        ['u-17 gave a right to itself']

    .. versionadded:: 0.1.0
    """

    name: ClassVar[str]
    severity: ClassVar[Severity] = "warning"

    def look(self, events: Sequence[Event]) -> Iterator[Finding]:
        """Yield what is found.

        Args:
            events: Stored events in the order of the log.
        """
        raise NotImplementedError

    def _found(self, *events: Event) -> Finding:
        last = events[-1]
        return Finding(
            detector=self.name, severity=self.severity, actor=_who(last), at=last.at,
            events=tuple(event.seq for event in events if event.seq is not None),
        )  # fmt: skip


def _who(event: Event) -> str:
    return "" if event.actor is None else event.actor.id


def _by_actor(events: Sequence[Event]) -> Iterator[tuple[str, list[Event]]]:
    found: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.actor is not None and not event.action.startswith("log."):
            found[event.actor.id].append(event)
    for actor, own in found.items():
        yield actor, sorted(own, key=lambda event: event.at)


def _is(action: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(action, pattern) for pattern in patterns)


@attrs.frozen(kw_only=True)
class OffHours(Detector):
    """People at work when nobody should be.

    Attributes:
        start: First hour of work.
        end: First hour after it.
        weekdays: Days of work; Monday is 0.
        zone: Where the office is.
        types: Types of actors that keep office hours.

    .. versionadded:: 0.1.0
    """

    name: ClassVar[str] = "off_hours"
    severity: ClassVar[Severity] = "info"
    start: int = 7
    end: int = 20
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)
    zone: tzinfo = UTC
    types: tuple[str, ...] = ("user",)

    def look(self, events: Sequence[Event]) -> Iterator[Finding]:
        """Yield one finding for each actor and day."""
        for _, own in _by_actor(events):
            days: dict[object, list[Event]] = defaultdict(list)
            for event in own:
                at = event.at.astimezone(self.zone)
                if event.actor is not None and event.actor.type in self.types and not self._is_work(at):
                    days[at.date()].append(event)
            yield from (self._found(*found) for found in days.values())

    def _is_work(self, at: datetime) -> bool:
        return at.weekday() in self.weekdays and self.start <= at.hour < self.end


@attrs.frozen(kw_only=True)
class BulkExport(Detector):
    """Somebody takes out more records in a day than a person can need.

    Attributes:
        records: From how many on.
        within: In what time.
        actions: What counts as taking out.

    .. versionadded:: 0.1.0
    """

    name: ClassVar[str] = "bulk_export"
    severity: ClassVar[Severity] = "error"
    records: int = 1000
    within: timedelta = timedelta(days=1)
    actions: tuple[str, ...] = ("*.export", "*.decrypt", "*.download")

    def look(self, events: Sequence[Event]) -> Iterator[Finding]:
        """Yield one finding each time the sum reaches the limit."""
        for _, own in _by_actor(events):
            window: deque[Event] = deque()
            for event in own:
                if event.outcome == "ok" and _is(event.action, self.actions):
                    window.append(event)
                    while event.at - window[0].at > self.within:
                        window.popleft()
                    if sum(item.count for item in window) >= self.records:
                        yield self._found(*window)
                        window.clear()


@attrs.frozen(kw_only=True)
class RepeatedDenials(Detector):
    """Somebody tries doors.

    Attributes:
        times: From how many denials on.
        within: In what time.

    .. versionadded:: 0.1.0
    """

    name: ClassVar[str] = "repeated_denials"
    times: int = 5
    within: timedelta = timedelta(minutes=10)

    def look(self, events: Sequence[Event]) -> Iterator[Finding]:
        """Yield one finding for each such series."""
        for _, own in _by_actor(events):
            window: deque[Event] = deque()
            for event in own:
                if event.outcome == "denied":
                    window.append(event)
                    while event.at - window[0].at > self.within:
                        window.popleft()
                    if len(window) >= self.times:
                        yield self._found(*window)
                        window.clear()


@attrs.frozen(kw_only=True)
class DormantAccount(Detector):
    """An account acts that nobody used for a long time; as far back as the events reach.

    Attributes:
        silence: How long.

    .. versionadded:: 0.1.0
    """

    name: ClassVar[str] = "dormant_account"
    silence: timedelta = timedelta(days=90)

    def look(self, events: Sequence[Event]) -> Iterator[Finding]:
        """Yield the last event before the silence and the first behind it."""
        for _, own in _by_actor(events):
            for before, after in itertools.pairwise(own):
                if after.at - before.at >= self.silence:
                    yield self._found(before, after)


@attrs.frozen(kw_only=True)
class SelfGrant(Detector):
    """Somebody gives a role or permission to the own account.

    .. versionadded:: 0.1.0
    """

    name: ClassVar[str] = "self_grant"
    severity: ClassVar[Severity] = "error"

    def look(self, events: Sequence[Event]) -> Iterator[Finding]:
        """Yield each such grant."""
        for event in events:
            gave = event.action in GRANTS and event.outcome == "ok" and event.resource is not None
            if gave and event.resource.id == _who(event):  # type: ignore[union-attr]  # it is there
                yield self._found(event)


@attrs.frozen(kw_only=True)
class GainedThenUsed(Detector):
    """A right is used for something sensitive right after it was given.

    Attributes:
        within: How soon.
        actions: What is sensitive.

    .. versionadded:: 0.1.0
    """

    name: ClassVar[str] = "gained_then_used"
    within: timedelta = timedelta(minutes=30)
    actions: tuple[str, ...] = SENSITIVE

    def look(self, events: Sequence[Event]) -> Iterator[Finding]:
        """Yield the grant and the first such use."""
        uses = dict(_by_actor(events))
        for grant in events:
            if grant.action not in GRANTS or grant.outcome != "ok" or grant.resource is None:
                continue
            for use in uses.get(grant.resource.id, ()):
                soon = timedelta(0) <= use.at - grant.at <= self.within
                if soon and use is not grant and use.outcome == "ok" and _is(use.action, self.actions):
                    yield self._found(grant, use)
                    break


@attrs.frozen(kw_only=True)
class SeparationOfDuties(Detector):
    """One person does to one thing what two people must do.

    Attributes:
        pairs: Actions that exclude each other.

    .. versionadded:: 0.1.0
    """

    name: ClassVar[str] = "separation_of_duties"
    severity: ClassVar[Severity] = "error"
    pairs: tuple[tuple[str, str], ...] = (("export.request", "export.approve"), ("merge.propose", "merge.approve"))

    def look(self, events: Sequence[Event]) -> Iterator[Finding]:
        """Yield both events."""
        for _, own in _by_actor(events):
            seen: dict[tuple[str, str, str], Event] = {}
            for event in own:
                if event.outcome != "ok" or event.resource is None:
                    continue
                kind, name = event.resource.type, event.resource.id
                for one, two in self.pairs:
                    other = {one: two, two: one}.get(event.action)
                    if other is not None and (other, kind, name) in seen:
                        yield self._found(seen[other, kind, name], event)
                seen[event.action, kind, name] = event


@attrs.frozen(kw_only=True)
class ChangeWithoutTicket(Detector):
    """The configuration was changed, and no request says why.

    .. versionadded:: 0.1.0
    """

    name: ClassVar[str] = "change_without_ticket"

    def look(self, events: Sequence[Event]) -> Iterator[Finding]:
        """Yield each such change."""
        for event in events:
            own = event.action.startswith("log.")
            if is_config(event) and event.outcome == "ok" and event.request is None and not own:
                yield self._found(event)


def default_detectors() -> tuple[Detector, ...]:
    """Return all detectors with their defaults."""
    return (
        OffHours(), BulkExport(), RepeatedDenials(), DormantAccount(), SelfGrant(), GainedThenUsed(),
        SeparationOfDuties(), ChangeWithoutTicket(),
    )  # fmt: skip
