"""Which backups to keep and why; nothing is ever deleted here."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Literal, TypeAlias
from zoneinfo import ZoneInfo

import attrs

from crmkit import _notebook, frames
from crmkit._report import Report
from crmkit.backup._manifest._statement import check_moment
from crmkit.errors import NotFoundError

from ._catalogue import SKEW, BackupRecord, chain_of, restorable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.typing import Frame, JSONValue, Severity

    from ._policy import BackupPolicy

Change: TypeAlias = Literal["upgrade", "migration", "cleanup"]
"""What `preflight` is asked before."""
_CHANGES = ("upgrade", "migration", "cleanup")


@attrs.frozen(kw_only=True)
class PruneDecision:
    """What happens to one backup, and why.

    Attributes:
        backup_id: Which.
        keep: Whether it stays.
        reasons: Every reason to keep it, or the one to drop it.

    .. versionadded:: 0.1.0
    """

    backup_id: str
    keep: bool
    reasons: tuple[str, ...]


@attrs.frozen(kw_only=True)
class PrunePlan:
    """What retention would keep and drop; deleting is the caller's own act.

    Attributes:
        decisions: One for each backup, newest first.

    .. versionadded:: 0.1.0
    """

    decisions: tuple[PruneDecision, ...]

    @property
    def keep(self) -> tuple[str, ...]:
        """Ids to keep, newest first."""
        return tuple(decision.backup_id for decision in self.decisions if decision.keep)

    @property
    def drop(self) -> tuple[str, ...]:
        """Ids that may be deleted, newest first."""
        return tuple(decision.backup_id for decision in self.decisions if not decision.keep)

    def why(self, backup_id: str) -> tuple[str, ...]:
        """Return the reasons for one backup.

        Raises:
            NotFoundError: There is no such backup.
        """
        for decision in self.decisions:
            if decision.backup_id == backup_id:
                return decision.reasons
        raise NotFoundError.of("backup", backup_id, [decision.backup_id for decision in self.decisions])

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return the decisions (backup_id, keep, reasons) as a frame of the kind of ``like``."""
        columns: dict[str, list[object]] = {
            "backup_id": [one.backup_id for one in self.decisions],
            "keep": [one.keep for one in self.decisions],
            "reasons": ["; ".join(one.reasons) for one in self.decisions],
        }
        return frames.build(columns, like=like)

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the plan as plain data."""
        return {"keep": list(self.keep), "drop": list(self.drop)}

    def _repr_html_(self) -> str:
        rows = [("keep" if one.keep else "drop", one.backup_id, one.reasons) for one in self.decisions[:60]]
        table = _notebook.table(("", "backup", "why"), rows) if rows else ""
        rest = _notebook.more(len(rows), len(self.decisions), "backups")
        return _notebook.sheet("Retention", f"keep {len(self.keep)}, drop {len(self.drop)}", table, rest)

    def __repr__(self) -> str:
        return f"<PrunePlan keep {len(self.keep)}, drop {len(self.drop)}>"


def _tiers(policy: BackupPolicy) -> list[tuple[str, int]]:
    keep = policy.keep
    return [("daily", keep.daily), ("weekly", keep.weekly), ("monthly", keep.monthly), ("yearly", keep.yearly)]


def period(tier: str, local: dt.datetime) -> str:
    """Name the day, ISO week, month or year of a local time.

    Example:
        >>> from datetime import datetime
        >>> period("weekly", datetime(2027, 1, 2)), period("yearly", datetime(2027, 1, 2))
        ('2026-W53', '2027')
    """
    if tier == "daily":
        return local.strftime("%Y-%m-%d")
    if tier == "weekly":
        year, week, _ = local.isocalendar()  # the year of the week, which is not that of the day at new year
        return f"{year}-W{week:02d}"
    return local.strftime("%Y-%m" if tier == "monthly" else "%Y")


def plan_prune(policy: BackupPolicy, catalogue: Sequence[BackupRecord], *, at: dt.datetime) -> PrunePlan:
    """Decide which backups to keep, with every reason.

    Only finished backups without errors count for a tier. A verified backup is preferred within a period, and the
    newest verified one is always kept; a backup that a kept one builds on is kept; failed and future-dated backups are
    never a reason to drop another, and are kept for a person to look at.

    Args:
        policy: What to keep, and in which time zone.
        catalogue: Every backup that is known.
        at: The moment, aware.

    Example:
        >>> from datetime import UTC, datetime, timedelta
        >>> from crmkit.backup import GFS, BackupPolicy
        >>> policy = BackupPolicy(rpo=timedelta(days=1), rto=timedelta(hours=4), keep=GFS(daily=2))
        >>> days = [datetime(2026, 1, day, 3, tzinfo=UTC) for day in (1, 2, 3)]
        >>> records = [BackupRecord(backup_id=f"b{day.day}", created=day, verified_at=day) for day in days]
        >>> plan = plan_prune(policy, records, at=days[-1])
        >>> plan.keep, plan.drop, plan.why("b2")
        (('b3', 'b2'), ('b1',), ('daily 2026-01-02, newest verified of its day',))

    .. versionadded:: 0.1.0
    """
    check_moment(at)
    zone = ZoneInfo(policy.tz)
    reasons: dict[str, list[str]] = {record.backup_id: [] for record in catalogue}
    past = [record for record in catalogue if record.created <= at + SKEW]
    good = restorable(past)[::-1]
    units = {"daily": "day", "weekly": "ISO week", "monthly": "month", "yearly": "year"}
    for record in good[: max(0, policy.keep.last)]:
        reasons[record.backup_id].append(f"among the last {policy.keep.last}")
    for tier, wanted in _tiers(policy):
        periods: dict[str, list[BackupRecord]] = {}
        for record in good:
            periods.setdefault(period(tier, record.created.astimezone(zone)), []).append(record)
        for name, members in list(periods.items())[: max(0, wanted)]:
            verified = [record for record in members if record.verified]
            chosen = (verified or members)[0]
            what = "newest verified" if verified else "newest, none is verified,"
            reasons[chosen.backup_id].append(f"{tier} {name}, {what} of its {units[tier]}")
    newest_verified = next((record for record in good if record.verified), None)
    if newest_verified is not None and not reasons[newest_verified.backup_id]:
        reasons[newest_verified.backup_id].append("the newest that is verified")
    if newest_verified is None:
        for record in good:
            reasons[record.backup_id].append("nothing is verified, so nothing is dropped")
    _look_at(catalogue, past, reasons)
    _chains(catalogue, reasons)
    ordered = sorted(catalogue, key=lambda record: (record.created, record.backup_id), reverse=True)
    return PrunePlan(
        decisions=tuple(
            PruneDecision(
                backup_id=record.backup_id,
                keep=bool(reasons[record.backup_id]),
                reasons=tuple(reasons[record.backup_id]) or ("no tier needs it",),
            )
            for record in ordered
        )
    )


def _look_at(catalogue: Sequence[BackupRecord], past: Sequence[BackupRecord], reasons: dict[str, list[str]]) -> None:
    """Keep what a person should look at before it goes."""
    by_id = {record.backup_id: record for record in past}
    for record in catalogue:
        if record.backup_id not in by_id:
            reasons[record.backup_id].append("dated in the future; look at the clocks first")
        elif not record.succeeded:
            reasons[record.backup_id].append("failed; it counts for nothing, look at it before you delete it")
        elif record.verify_errors:
            reasons[record.backup_id].append("damaged; parts of it may heal another copy")
        elif chain_of(record, by_id) is None:
            reasons[record.backup_id].append("its chain is broken; look for the missing backup first")
        elif any(not link.succeeded or link.verify_errors for link in chain_of(record, by_id) or ()):
            reasons[record.backup_id].append("it builds on a failed or damaged backup; look at that first")


def _chains(catalogue: Sequence[BackupRecord], reasons: dict[str, list[str]]) -> None:
    by_id = {record.backup_id: record for record in catalogue}
    for record in catalogue:
        if reasons[record.backup_id]:
            for link in (chain_of(record, by_id) or [record])[1:]:
                text = f"{record.backup_id} builds on it"
                if text not in reasons[link.backup_id]:
                    reasons[link.backup_id].append(text)


@attrs.frozen(kw_only=True)
class Preflight(Report):
    """Whether a change may begin.

    Attributes:
        change: Which.
        reasons: Every reason why not; it may begin if there is none.
        backup_id: The backup to go back to.

    .. versionadded:: 0.1.0
    """

    change: str
    reasons: tuple[str, ...]
    backup_id: str | None

    def __repr__(self) -> str:
        word = "may begin" if self.ok else f"may not begin: {len(self.reasons)} reasons"
        return f"<Preflight {self.change}: {word}; backup {self.backup_id}>"

    def _repr_html_(self) -> str:
        facts = {"backup to go back to": self.backup_id}
        lead = "may begin" if self.ok else "may not begin"
        return _notebook.sheet(self.change, lead, _notebook.facts(facts), notes=self.reasons)

    @property
    def ok(self) -> bool:
        """Whether the change may begin."""
        return not self.reasons

    def counts(self) -> dict[str, int]:
        """Return how many reasons there are."""
        return {"reasons": len(self.reasons)}

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return the reasons as a frame of the kind of ``like``."""
        return frames.build({"reason": list(self.reasons)}, like=like)

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the answer as plain data."""
        return {"change": self.change, "ok": self.ok, "reasons": list(self.reasons), "backup_id": self.backup_id}

    def _reason(self, severity: Severity) -> str | None:
        del severity
        return None if self.ok else f"no {self.change} now: {'; '.join(self.reasons)}"


def preflight(
    change: Change,
    policy: BackupPolicy,
    catalogue: Sequence[BackupRecord],
    *,
    at: dt.datetime,
    live_schema: str | None = None,
    max_age: dt.timedelta = dt.timedelta(hours=24),
) -> Preflight:
    """Ask whether there is a way back before something is changed: a young, verified, drilled, fitting full backup.

    Args:
        change: ``"upgrade"``, ``"migration"`` or ``"cleanup"``; all three ask the same, the word is in the answer.
        policy: For how long a drill counts.
        catalogue: Every backup that is known.
        at: The moment, aware.
        live_schema: Fingerprint of the live schema; the backup must have it.
        max_age: How old the newest full backup may be.

    Raises:
        NotFoundError: An unknown change.

    Example:
        >>> from datetime import UTC, datetime, timedelta
        >>> from crmkit.backup import BackupPolicy
        >>> policy = BackupPolicy(rpo=timedelta(hours=24), rto=timedelta(hours=4))
        >>> preflight("upgrade", policy, [], at=datetime(2026, 1, 1, tzinfo=UTC)).reasons
        ('there is no good full backup',)

    .. versionadded:: 0.1.0
    """
    if change not in _CHANGES:
        raise NotFoundError.of("change", change, _CHANGES)
    check_moment(at)
    past = [record for record in catalogue if record.created <= at + SKEW]
    fulls = [record for record in restorable(past) if record.kind == "full"]
    if not fulls:
        return Preflight(change=change, reasons=("there is no good full backup",), backup_id=None)
    newest = fulls[-1]
    reasons = []
    if at - newest.created > max_age:
        reasons.append(f"the newest full backup is older than {max_age}")
    if not newest.verified or newest.verified_at is None or newest.verified_at < newest.created:
        reasons.append("its content was not verified since it was made")
    drilled = [record.drilled_at for record in past if record.drilled_at is not None and record.drilled_at <= at]
    if not drilled or at - max(drilled) > policy.drill_every:
        reasons.append("no drill passed within the time that the policy asks for")
    if live_schema is None:
        reasons.append("the live schema was not given, so nobody knows whether the backup fits it")
    elif newest.schema != live_schema:
        reasons.append("the backup has another schema than the live system")
    return Preflight(change=change, reasons=tuple(reasons), backup_id=newest.backup_id)
