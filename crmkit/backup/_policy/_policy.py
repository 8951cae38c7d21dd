"""What a backup regime must keep to: how old, how many, where; judged from a catalogue and a clock that is given."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import Counter
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

import attrs

from crmkit import frames
from crmkit.backup._manifest._statement import check_moment, moment_text
from crmkit.issues import Report

from ._catalogue import SKEW, BackupRecord, chain_of, restorable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.typing import Frame, JSONValue, Severity

_EVER: Final = dt.datetime.min.replace(tzinfo=dt.UTC)


@attrs.frozen(kw_only=True)
class GFS:
    """Grandfather, father, son: how many backups to keep of each tier.

    Attributes:
        last: The newest so many.
        daily: The newest of each of the last so many days that have one.
        weekly: The same by ISO week.
        monthly: The same by month.
        yearly: The same by year.

    Example:
        >>> GFS(daily=7, weekly=4, monthly=12).weekly
        4

    .. versionadded:: 0.1.0
    """

    last: int = 1
    daily: int = 0
    weekly: int = 0
    monthly: int = 0
    yearly: int = 0

    def __attrs_post_init__(self) -> None:
        for name in ("last", "daily", "weekly", "monthly", "yearly"):
            number = getattr(self, name)
            if not isinstance(number, int) or isinstance(number, bool) or number < 0:
                raise ValueError(f"{name} is a number of backups to keep, 0 or more")


@attrs.frozen(kw_only=True)
class BackupPolicy:
    """What must hold.

    Attributes:
        rpo: How much data, in time, may be lost: the newest good backup must be younger.
        rto: How long a restore may take; judged by the newest drill.
        keep: What retention keeps.
        tz: Time zone in which days, weeks, months and years are counted.
        copies: Copies of each kept backup, the original data counted as one (the 3 of 3-2-1-1-0).
        media: Different media among them, the data's own counted (the 2).
        offsite: Copies in another place (the first 1).
        offline_or_immutable: Copies that nobody can change over the network (the second 1).
        verify_every: How old the last verification of the newest backup may be (the 0 is: without errors).
        drill_every: How long ago a drill may have passed last.
        max_shrink: How much smaller than the median of the last ten a full backup may be, 0 to 1.
        encrypted: Whether backups must be encrypted.

    Example:
        >>> from datetime import timedelta
        >>> BackupPolicy(rpo=timedelta(hours=24), rto=timedelta(hours=4)).copies
        3

    .. versionadded:: 0.1.0
    """

    rpo: dt.timedelta
    rto: dt.timedelta
    keep: GFS = attrs.field(factory=GFS)
    tz: str = "UTC"
    copies: int = 3
    media: int = 2
    offsite: int = 1
    offline_or_immutable: int = 1
    verify_every: dt.timedelta = dt.timedelta(days=30)
    drill_every: dt.timedelta = dt.timedelta(days=90)
    max_shrink: float = 0.5
    encrypted: bool = True

    def __attrs_post_init__(self) -> None:
        for name in ("rpo", "rto", "verify_every", "drill_every"):
            if not isinstance(getattr(self, name), dt.timedelta):
                raise ValueError(f"{name} is a length of time, such as timedelta(hours=24)")  # noqa: TRY004  as the others
        ZoneInfo(self.tz)  # raises where there is no such zone
        if not 0 <= self.max_shrink <= 1:  # NaN is in no range, and no backup would ever be too small
            raise ValueError("max_shrink lies in 0 to 1")


Rule: TypeAlias = Literal[
    "rpo", "rto", "copies", "media", "offsite", "offline_or_immutable", "zero_errors", "verify_every", "drill_every",
    "encrypted", "shrink", "chain", "future_dated", "failed",
]  # fmt: skip


@attrs.frozen(kw_only=True)
class Violation:
    """One rule that does not hold.

    Attributes:
        rule: Which.
        severity: ``"error"``, or ``"warning"`` for what only needs a look.
        message: What is wrong.
        since: When it became so; ``None`` where that is unknown.
        backup_id: Which backup it is about.

    .. versionadded:: 0.1.0
    """

    rule: Rule
    message: str
    severity: Severity = "error"
    since: dt.datetime | None = None
    backup_id: str | None = None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class PolicyReport(Report):
    """Whether a regime keeps its policy.

    Attributes:
        violations: Every rule that does not hold.
        next_due: When the next rule will stop to hold if nothing happens, and which.
        at: For which moment.

    .. versionadded:: 0.1.0
    """

    violations: tuple[Violation, ...]
    next_due: tuple[dt.datetime, Rule] | None
    at: dt.datetime

    @property
    def ok(self) -> bool:
        """Whether every rule holds."""
        return not any(found.severity == "error" for found in self.violations)

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that do not hold, each once, sorted."""
        return tuple(sorted({found.rule for found in self.violations}))

    def counts(self) -> dict[str, int]:
        """Return how many violations there are of each rule."""
        return dict(Counter(found.rule for found in self.violations))

    def to_dict(self) -> dict[str, JSONValue]:
        """Return everything as plain data."""
        due = self.next_due
        return {
            "ok": self.ok,
            "at": moment_text(self.at),
            "violations": [
                {**attrs.asdict(found), "since": None if found.since is None else moment_text(found.since)}
                for found in self.violations
            ],
            "next_due": None if due is None else {"at": moment_text(due[0]), "rule": due[1]},
        }

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return one row a violation."""
        names = ("rule", "severity", "message", "since", "backup_id")
        columns = {
            name: [
                moment_text(found.since) if name == "since" and found.since else getattr(found, name)
                for found in self.violations
            ]
            for name in names
        }
        return frames.build(columns, like=like)

    def _repr_html_(self) -> str:
        from crmkit.backup._findings._page import Section, fragment

        rows = [(found.rule, found.message) for found in self.violations[:20]]
        return fragment(
            "Backup policy", "kept" if self.ok else "not kept", [Section(None, ("rule", ""), rows, empty="")]
        )

    def __repr__(self) -> str:
        return f"<PolicyReport {'kept' if self.ok else 'not kept'}: {', '.join(self.rules) or 'every rule holds'}>"


def check_policy(policy: BackupPolicy, catalogue: Sequence[BackupRecord], *, at: dt.datetime) -> PolicyReport:
    """Judge a catalogue of backups.

    Args:
        policy: What must hold.
        catalogue: Every backup that is known, failed ones too.
        at: The moment to judge for, aware; backups from the future do not count.

    Raises:
        ValueError: A naive moment.

    Example:
        >>> from datetime import UTC, datetime, timedelta
        >>> policy = BackupPolicy(rpo=timedelta(hours=24), rto=timedelta(hours=4))
        >>> check_policy(policy, [], at=datetime(2026, 1, 1, tzinfo=UTC)).rules
        ('drill_every', 'rpo', 'rto', 'verify_every')

    .. versionadded:: 0.1.0
    """
    check_moment(at)
    found: list[Violation] = []
    due: list[tuple[dt.datetime, Rule]] = []
    past = []
    for record in catalogue:
        if record.created > at + SKEW:
            text = "it says it is from the future, and does not count"
            found.append(Violation(rule="future_dated", message=text, backup_id=record.backup_id))
        else:
            past.append(record)
    by_id = {record.backup_id: record for record in past}
    for record in sorted(past, key=lambda record: record.created):
        if not record.succeeded:
            found.append(
                Violation(
                    rule="failed", severity="warning", message="it was never finished", since=record.created,
                    backup_id=record.backup_id,
                )
            )  # fmt: skip
        elif chain_of(record, by_id) is None:
            text = "a backup that it builds on is not there"
            found.append(Violation(rule="chain", message=text, since=record.created, backup_id=record.backup_id))
    good = restorable(past)
    newest = good[-1] if good else None

    def within(rule: Rule, last: dt.datetime | None, limit: dt.timedelta, what: str) -> None:
        if last is None:
            found.append(Violation(rule=rule, message=f"{what}: never"))
        elif at - last > limit:
            text = f"{what}: {_span(at - last)} ago, the limit is {_span(limit)}"
            found.append(Violation(rule=rule, message=text, since=last + limit))
        else:
            due.append((last + limit, rule))

    within("rpo", newest.created if newest else None, policy.rpo, "newest good backup")
    verified = [record.verified_at for record in good if record.verified_at is not None and record.verified_at <= at]
    within("verify_every", max(verified, default=None), policy.verify_every, "last verification")
    drilled = [record for record in past if record.drilled_at is not None and record.drilled_at <= at]
    latest = max(drilled, key=lambda record: record.drilled_at or _EVER, default=None)
    within("drill_every", latest.drilled_at if latest else None, policy.drill_every, "last drill that passed")
    if latest is None or latest.restore_time is None:
        found.append(Violation(rule="rto", message="no drill measured how long a restore takes"))
    elif latest.restore_time > policy.rto:
        text = f"the last drill took {_span(latest.restore_time)}, the limit is {_span(policy.rto)}"
        found.append(Violation(rule="rto", message=text, since=latest.drilled_at, backup_id=latest.backup_id))
    if newest is not None:
        found += _places(policy, newest)
        found += _contents(policy, newest, good)
    for record in past:
        if record.verify_errors:
            text = f"{record.verify_errors} errors when it was last verified"
            found.append(
                Violation(rule="zero_errors", message=text, since=record.verified_at, backup_id=record.backup_id)
            )
    return PolicyReport(violations=tuple(found), next_due=min(due, default=None), at=at)


def _span(span: dt.timedelta) -> str:
    hours, rest = divmod(int(span.total_seconds()), 3600)
    days, hours = divmod(hours, 24)
    return " ".join(
        part for part in (f"{days} d" if days else "", f"{hours} h" if hours else "", f"{rest // 60} min") if part
    )


def _places(policy: BackupPolicy, newest: BackupRecord) -> list[Violation]:
    """Judge 3-2-1-1 of the newest backup; the data itself is the first copy, on a disk."""
    places = newest.places
    have = {
        "copies": 1 + len(places),
        "media": len({"disk", *(place.medium for place in places)}),
        "offsite": sum(place.offsite for place in places),
        "offline_or_immutable": sum(place.offline_or_immutable for place in places),
    }
    found = []
    rules: tuple[Rule, ...] = ("copies", "media", "offsite", "offline_or_immutable")
    for rule in rules:
        wanted: int = getattr(policy, rule)
        if have[rule] < wanted:
            text = f"{rule.replace('_', ' ')}: {have[rule]}, wanted {wanted}"
            found.append(Violation(rule=rule, message=text, since=newest.created, backup_id=newest.backup_id))
    return found


def _contents(policy: BackupPolicy, newest: BackupRecord, good: Sequence[BackupRecord]) -> list[Violation]:
    found = []
    if policy.encrypted and not newest.encrypted:
        text = "the newest backup is not encrypted"
        found.append(Violation(rule="encrypted", message=text, since=newest.created, backup_id=newest.backup_id))
    fulls = [record for record in good if record.kind == "full"]
    if len(fulls) > 1:
        last, earlier = fulls[-1], [record.size_bytes for record in fulls[-11:-1]]
        usual = statistics.median(earlier)
        if last.size_bytes < usual * (1 - policy.max_shrink):
            text = f"{last.size_bytes} bytes, the ones before it had {int(usual)}"
            found.append(Violation(rule="shrink", message=text, since=last.created, backup_id=last.backup_id))
    return found
