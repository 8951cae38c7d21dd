"""Reviews: who holds which role, by whom and why, whether they use it, and what speaks against it."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

from crmkit import _delimited
from crmkit._canonical import json_bytes
from crmkit.errors import IntegrityError, NotFoundError
from crmkit.issues import Report

from ._compile import Compiled
from ._separation import violations
from ._usage import read_usage

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from crmkit.typing import AuditSink, Frame, JSONValue, Language, UsageSource

    from ._people import Assignment, OrgChart
    from ._policy import Policy
    from ._usage import Used

__all__ = ["FLAGS", "Review", "ReviewDecision", "ReviewRow", "Verdict", "review"]

FLAGS: Final[Mapping[str, tuple[str, str]]] = {
    "leaver": ("is not active any more", "已离职或停用"),
    "orphan": ("nobody knows who this is", "查无此人"),
    "mover": ("now has another job than the role is for", "岗位已变动"),
    "expired": ("is over", "已过期"),
    "never_used": ("was never used", "从未使用"),
    "stale": ("has not been used for long", "长期未使用"),
    "privileged": ("is privileged", "特权角色"),
    "sod": ("breaks a separation of duties", "违反职责分离"),
    "self_granted": ("was granted by the holder", "自行授予"),
    "no_reason": ("has no reason and no ticket", "无授予理由"),
    "permanent": ("is privileged and has no end", "特权且无期限"),
    "duplicate": ("is held twice", "重复授予"),
}
"""Flag -> what it says, in English and Chinese."""
Verdict: TypeAlias = Literal["keep", "revoke", "change"]
"""What a reviewer decides."""
_COLUMNS: Final = ("principal", "role", "via", "status", "granted_by", "since", "until", "last_used", "flags",
                   "reason", "decision", "decided_by")  # fmt: skip


@attrs.frozen
class ReviewRow:
    """One role of one principal.

    Attributes:
        principal: Who.
        role: Holds what.
        via: The assigned role that brings it; the role itself where it is assigned.
        status: The principal's status; ``"unknown"`` of somebody who is not there.
        granted_by: Who gave it.
        since: Since when.
        until: Until when.
        reason: Why, with the ticket.
        last_used: When something that it allows was used last.
        flags: What speaks against it; keys of ``FLAGS``.

    .. versionadded:: 0.1.0
    """

    principal: str
    role: str
    via: str
    status: str
    granted_by: str | None
    since: dt.datetime | None
    until: dt.datetime | None
    reason: str | None
    last_used: dt.datetime | None
    flags: tuple[str, ...]


@attrs.frozen
class ReviewDecision:
    """What somebody decided about a row.

    .. versionadded:: 0.1.0
    """

    principal: str
    role: str
    verdict: Verdict
    by: str
    comment: str = ""


class Review(Report):
    """A frozen list of who holds what; made by :func:`review`.

    Attributes:
        rows: One a principal and role.
        at: Of which moment.
        policy_digest: Of which policy.
        digest: SHA-256 over all of it; decisions name it, so that nobody signs another list than was shown.
        decisions: What was decided so far.
        notes: What could not be told, such as usage from a log that does not verify.

    .. versionadded:: 0.1.0
    """

    __slots__ = ("at", "decisions", "digest", "notes", "policy_digest", "rows")

    def __init__(
        self,
        rows: Iterable[ReviewRow],
        *,
        at: dt.datetime,
        policy_digest: str,
        notes: Iterable[str] = (),
        decisions: Iterable[ReviewDecision] = (),
    ) -> None:
        self.rows = tuple(rows)
        self.at = at
        self.policy_digest = policy_digest
        self.notes = tuple(notes)
        self.decisions = tuple(decisions)
        data = {"at": at.isoformat(), "policy": policy_digest, "rows": [_plain(row) for row in self.rows]}
        self.digest = hashlib.sha256(json_bytes(data)).hexdigest()

    def __repr__(self) -> str:
        return f"<Review of {len(self.rows)} rows, {len(self.flagged())} flagged, {len(self.decisions)} decided>"

    @property
    def ok(self) -> bool:
        """Whether nothing is flagged."""
        return not self.flagged()

    def flagged(self) -> tuple[ReviewRow, ...]:
        """Return the rows with a flag."""
        return tuple(row for row in self.rows if row.flags)

    def counts(self) -> Mapping[str, int]:
        """Return how many rows have each flag."""
        return dict(Counter(flag for row in self.rows for flag in row.flags))

    def decide(self, principal: str, role: str, verdict: Verdict, *, by: str, comment: str = "") -> Review:
        """Return the review with one more decision; a later one about the same row replaces the former.

        Raises:
            NotFoundError: There is no such row, or no such verdict.
        """
        if not any((row.principal, row.role) == (principal, role) for row in self.rows):
            raise NotFoundError(f"the review has no row of {principal!r} and {role!r}")
        if verdict not in ("keep", "revoke", "change"):
            raise NotFoundError.of("verdict", verdict, ("keep", "revoke", "change"))
        kept = [one for one in self.decisions if (one.principal, one.role) != (principal, role)]
        decided = [*kept, ReviewDecision(principal, role, verdict, by, comment)]
        return Review(self.rows, at=self.at, policy_digest=self.policy_digest, notes=self.notes, decisions=decided)

    def open(self) -> tuple[ReviewRow, ...]:
        """Return the rows of assigned roles that nobody decided about."""
        decided = {(one.principal, one.role) for one in self.decisions}
        return tuple(row for row in self.rows if row.via == row.role and (row.principal, row.role) not in decided)

    def revocations(self, assignments: Iterable[Assignment]) -> list[Assignment]:
        """Return those of the assignments that were decided to be revoked."""
        wanted = {(one.principal, one.role) for one in self.decisions if one.verdict == "revoke"}
        return [one for one in assignments if (one.principal, one.role) in wanted]

    def sign_off(self, audit: AuditSink, *, by: str, digest: str) -> None:
        """Write every decision to the audit log, and that the review is closed.

        Args:
            audit: The log.
            by: Who signs.
            digest: What the signer was shown.

        Raises:
            IntegrityError: The digest is of another list.
        """
        if digest != self.digest:
            raise IntegrityError("the digest is of another review than this; nothing was signed")
        for one in self.decisions:
            detail: dict[str, JSONValue] = {
                "review": self.digest, "role": one.role, "verdict": one.verdict, "by": one.by, "comment": one.comment
            }  # fmt: skip
            audit.record("review.decided", actor=by, resource=("principal", one.principal), outcome="ok", detail=detail)
        closed: dict[str, JSONValue] = {"review": self.digest, "policy": self.policy_digest, "open": len(self.open())}
        audit.record("review.signed", actor=by, resource=None, outcome="ok", count=len(self.decisions), detail=closed)

    def columns(self) -> dict[str, list[object]]:
        """Return the review column by column."""
        decided = {(one.principal, one.role): one for one in self.decisions}
        found: dict[str, list[object]] = {name: [] for name in _COLUMNS}
        for row in self.rows:
            one = decided.get((row.principal, row.role))
            values = (row.principal, row.role, row.via, row.status, row.granted_by, _iso(row.since), _iso(row.until),
                      _iso(row.last_used), " ".join(row.flags), row.reason,
                      None if one is None else one.verdict, None if one is None else one.by)  # fmt: skip
            for name, value in zip(_COLUMNS, values, strict=True):
                found[name].append(value)
        return found

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return the review as a frame."""
        from crmkit import frames

        return frames.build(self.columns(), like=like)

    def to_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write the review as CSV that a spreadsheet shows and never runs, and return the path."""
        target = Path(path)
        _delimited.write(target, self.columns())
        return target

    def to_dict(self) -> Mapping[str, JSONValue]:
        """Return the summary as plain data."""
        return {"at": self.at.isoformat(), "digest": self.digest, "policy": self.policy_digest, "rows": len(self.rows),
                "decided": len(self.decisions), "flags": dict(self.counts()), "notes": list(self.notes)}  # fmt: skip

    def html(self, *, lang: Language = "en", title: str | None = None) -> str:
        """Return a page on which a manager decides and signs; static, printable, nothing is loaded."""
        from ._page import page

        return page(self, lang=lang, title=title)

    def save(self, path: str | os.PathLike[str], *, lang: Language = "en", title: str | None = None) -> Path:
        """Write that page and return its path."""
        target = Path(path)
        target.write_text(self.html(lang=lang, title=title), encoding="utf-8", newline="\n")
        return target

    def _repr_html_(self) -> str:
        from ._page import table

        return table(self, lang="en", limit=20)


def _iso(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _plain(row: ReviewRow) -> JSONValue:
    return [row.principal, row.role, row.via, row.status, row.granted_by, _iso(row.since), _iso(row.until), row.reason,
            _iso(row.last_used), list(row.flags)]  # fmt: skip


def review(
    policy: Policy,
    assignments: Iterable[Assignment],
    people: OrgChart,
    *,
    usage: UsageSource | None = None,
    functions: Mapping[str, str] | None = None,
    at: dt.datetime | None = None,
    stale_after: dt.timedelta = dt.timedelta(days=90),
    window: dt.timedelta = dt.timedelta(days=365),
) -> Review:
    """List who holds which role, inherited ones included, with what speaks against it.

    Args:
        policy: The policy.
        assignments: Who has which roles; also those of people who are not there any more.
        people: Who there is.
        usage: What was used; without it, or where it does not verify, nothing is said about use.
        functions: Principal -> job, to be held against what roles are for.
        at: When; now otherwise.
        stale_after: Unused for this long is stale.
        window: How far back the log is read.

    Example:
        >>> from crmkit.permissions import Assignment, Grant, OrgChart, Policy, Principal, Resource, Role
        >>> deal = Resource("deal", actions=["read"])
        >>> policy = Policy([deal], [Role("sales", grants=[Grant("read", "deal", scope="all")])])
        >>> people = OrgChart([Principal("ann", status="left")])
        >>> found = review(policy, [Assignment("ann", "sales", granted_by="ann")], people)
        >>> found.rows[0].flags
        ('leaver', 'self_granted', 'no_reason')

    .. versionadded:: 0.1.0
    """
    moment = dt.datetime.now(tz=dt.UTC) if at is None else at
    given = tuple(assignments)
    compiled = Compiled(policy)
    used = None if usage is None else read_usage(usage, policy, moment - window)
    notes = ["the log does not verify, so nothing is said about use"] if used is not None and not used.verified else []
    known = [one for one in given if one.role in policy.roles]
    notes += [
        f"role {name!r} is not in the policy" for name in sorted({one.role for one in given} - policy.roles.keys())
    ]
    breaking = {
        (violation.principal, member)
        for violation in violations(compiled, known, moment)
        if not violation.exempt
        for member in violation.members
    }
    breakers = {principal for principal, _ in breaking}
    maker = _Rows(compiled, people, used, moment, stale_after, functions or {}, breakers)
    counts = Counter((one.principal, one.role, one.tenant) for one in known)
    rows: dict[tuple[str, str], ReviewRow] = {}
    for one in known:
        for role in [one.role, *sorted(compiled.closure([one.role]) - {one.role})]:
            row = maker.row(one, role, doubled=counts[one.principal, one.role, one.tenant] > 1)
            if (one.principal, role) not in rows or one.role == role:
                rows[one.principal, role] = row
    ordered = sorted(rows.values(), key=lambda row: (row.principal, row.via, row.via != row.role, row.role))
    return Review(ordered, at=moment, policy_digest=policy.digest, notes=notes)


class _Rows:
    """Makes the rows of one review."""

    def __init__(
        self,
        compiled: Compiled,
        people: OrgChart,
        used: Used | None,
        at: dt.datetime,
        stale_after: dt.timedelta,
        functions: Mapping[str, str],
        breakers: set[str],
    ) -> None:
        self._compiled = compiled
        self._people = people
        self._used = used
        self._at = at
        self._stale_after = stale_after
        self._functions = functions
        self._breakers = breakers
        self._allows: dict[str, set[tuple[str, str]]] = {}
        for key, rules in compiled.grants.items():
            for rule in rules:
                if rule.effect == "allow":
                    self._allows.setdefault(rule.role, set()).add(key)
        self._last: dict[str, dict[tuple[str, str], dt.datetime]] = {}
        for (actor, action, resource), moment in () if used is None else used.last.items():
            self._last.setdefault(actor, {})[action, resource] = moment

    def row(self, one: Assignment, role: str, *, doubled: bool) -> ReviewRow:
        person = self._people.people.get(one.principal)
        mine = self._allows.get(role, set())
        if role == one.role:  # the assigned role is used by what it inherits, too
            mine = set().union(*(self._allows.get(name, set()) for name in self._compiled.closure([role])))
        last = max((at for key, at in self._last.get(one.principal, {}).items() if key in mine), default=None)
        declared = self._compiled.policy.roles[role]
        job = self._functions.get(one.principal)
        idle = self._used is not None and self._used.verified and bool(mine)
        since = one.granted_at if one.granted_at is not None else one.not_before
        told = {
            "leaver": person is not None and person.status != "active",
            "orphan": person is None,
            "mover": job is not None and declared.function is not None and declared.function != job,
            "expired": one.not_after is not None and one.not_after <= self._at,
            "never_used": idle and last is None,
            "stale": idle and last is not None and self._at - last > self._stale_after,
            "privileged": declared.privileged,
            "sod": one.principal in self._breakers,
            "self_granted": one.granted_by == one.principal,
            "no_reason": not one.reason and not one.ticket,
            "permanent": declared.privileged and one.not_after is None,
            "duplicate": doubled,
        }
        reason = " ".join(part for part in (one.reason, one.ticket) if part) or None
        flags = tuple(flag for flag in FLAGS if told[flag])
        status = "unknown" if person is None else person.status
        return ReviewRow(
            one.principal, role, one.role, status, one.granted_by, since, one.not_after, reason, last, flags
        )
