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
from crmkit.permissions._decisions._compile import Compiled
from crmkit.permissions._decisions._listing import Listing
from crmkit.permissions._decisions._separation import violations
from crmkit.permissions._policy._given import check_org, check_policy, read_assignments
from crmkit.permissions._policy._people import Assignment, moment_of

from ._review_rows import ReviewRow, Rows
from ._usage import read_usage

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from crmkit.permissions._policy._people import OrgChart
    from crmkit.permissions._policy._policy import Policy
    from crmkit.typing import AuditSink, Frame, JSONValue, Language, UsageSource

__all__ = ["Review", "ReviewDecision", "Verdict", "review"]

Verdict: TypeAlias = Literal["keep", "revoke", "change"]
"""What a reviewer decides."""
_COLUMNS: Final = ("principal", "role", "tenant", "via", "status", "granted_by", "since", "until", "last_used",
                   "flags", "reason", "decision", "decided_by")  # fmt: skip


@attrs.frozen
class ReviewDecision:
    """What somebody decided about a role of a principal in a tenant, however often it is assigned there.

    .. versionadded:: 0.1.0
    """

    principal: str
    role: str
    tenant: str | None
    verdict: Verdict
    by: str
    comment: str = ""


class Review(Report):
    """A frozen list of who holds what; made by :func:`review`.

    Attributes:
        rows: One for each assignment and role that it brings; nothing is merged, so that no flag is lost.
        at: Of which moment.
        policy_digest: Of which policy.
        digest: SHA-256 over all of it; decisions name it, so that nobody signs another list than was shown.
        decisions: What was decided so far.
        notes: What could not be told, such as usage from a log that does not verify.

    .. versionadded:: 0.1.0
    """

    __slots__ = ("_decided", "at", "decisions", "digest", "notes", "policy_digest", "rows")

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
        self._decided = {_about(one): one for one in self.decisions}
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

    def decide(
        self, principal: str, role: str, verdict: Verdict, *, by: str, comment: str = "", tenant: str | None = None
    ) -> Review:
        """Return the review with one more decision; a later one about the same role replaces the former.

        Args:
            principal: Whose.
            role: Which role that is assigned to them; one that it inherits cannot be taken away alone.
            verdict: What to do with it.
            by: Who decides.
            comment: Why.
            tenant: Only as it is assigned in this tenant; in each otherwise.

        Raises:
            NotFoundError: There is no such row, or no such verdict, or the role is inherited only.
        """
        mine = [row for row in self.rows if (row.principal, row.role) == (principal, role)]
        mine = [row for row in mine if tenant is None or row.tenant == tenant]
        if not mine:
            raise NotFoundError(f"the review has no row of {principal!r} and {role!r}")
        tenants = dict.fromkeys(row.tenant for row in mine if row.via == role)
        if not tenants:
            raise NotFoundError(f"{role!r} comes to {principal!r} by {mine[0].via!r} only; decide about that")
        if verdict not in ("keep", "revoke", "change"):
            raise NotFoundError.of("verdict", verdict, ("keep", "revoke", "change"))
        made = {_about(one): one for one in self.decisions}
        for one in tenants:
            made.pop((principal, role, one), None)
            made[principal, role, one] = ReviewDecision(principal, role, one, verdict, by, comment)
        return Review(
            self.rows, at=self.at, policy_digest=self.policy_digest, notes=self.notes, decisions=made.values()
        )

    def decided(self, row: ReviewRow) -> ReviewDecision | None:
        """Return what was decided about a row; nothing is about a role that another brings."""
        return self._decided.get(_about(row)) if row.via == row.role else None

    def open(self) -> tuple[ReviewRow, ...]:
        """Return the rows of assigned roles that nobody decided about."""
        return tuple(row for row in self.rows if row.via == row.role and self.decided(row) is None)

    def revocations(self, assignments: Iterable[Assignment]) -> Listing[Assignment]:
        """Return those of the assignments that were decided to be revoked."""
        wanted = {key for key, one in self._decided.items() if one.verdict == "revoke"}
        return Listing(Assignment, (one for one in assignments if _about(one) in wanted), title="To be taken away")

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
                "review": self.digest, "role": one.role, "tenant": one.tenant, "verdict": one.verdict, "by": one.by,
                "comment": one.comment,
            }  # fmt: skip
            audit.record("review.decided", actor=by, resource=("principal", one.principal), outcome="ok", detail=detail)
        closed: dict[str, JSONValue] = {"review": self.digest, "policy": self.policy_digest, "open": len(self.open())}
        audit.record("review.signed", actor=by, resource=None, outcome="ok", count=len(self.decisions), detail=closed)

    def _columns(self) -> dict[str, list[object]]:
        """Return the review column by column."""
        found: dict[str, list[object]] = {name: [] for name in _COLUMNS}
        for row in self.rows:
            one = self.decided(row)
            values = (row.principal, row.role, row.tenant, row.via, row.status, row.granted_by, _iso(row.since),
                      _iso(row.until), _iso(row.last_used), " ".join(row.flags), row.reason,
                      None if one is None else one.verdict, None if one is None else one.by)  # fmt: skip
            for name, value in zip(_COLUMNS, values, strict=True):
                found[name].append(value)
        return found

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return the review as a frame."""
        from crmkit import frames

        return frames.build(self._columns(), like=like)

    def to_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write the review as CSV that a spreadsheet shows and never runs, and return the path."""
        target = Path(path)
        _delimited.write(target, self._columns())
        return target

    def to_dict(self) -> Mapping[str, JSONValue]:
        """Return the summary as plain data."""
        return {"at": self.at.isoformat(), "digest": self.digest, "policy": self.policy_digest, "rows": len(self.rows),
                "decided": len(self.decisions), "flags": dict(self.counts()), "notes": list(self.notes)}  # fmt: skip

    def to_html(self, *, lang: Language = "en", title: str | None = None) -> str:
        """Return a page on which a manager decides and signs; static, printable, nothing is loaded."""
        from ._page import page

        return page(self, lang=lang, title=title)

    def save(self, path: str | os.PathLike[str], *, lang: Language = "en", title: str | None = None) -> Path:
        """Write that page and return its path."""
        target = Path(path)
        target.write_text(self.to_html(lang=lang, title=title), encoding="utf-8", newline="\n")
        return target

    def _repr_html_(self) -> str:
        from ._page import table

        return table(self, lang="en", limit=20)


def _about(one: ReviewRow | ReviewDecision | Assignment) -> tuple[str, str, str | None]:
    """Return what decisions are about."""
    return one.principal, one.role, one.tenant


def _iso(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _plain(row: ReviewRow) -> JSONValue:
    return [row.principal, row.role, row.tenant, row.via, row.status, row.granted_by, _iso(row.since), _iso(row.until),
            row.reason, _iso(row.last_used), list(row.flags)]  # fmt: skip


def review(
    policy: Policy,
    assignments: Iterable[Assignment],
    *,
    org: OrgChart,
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
        org: Who there is.
        usage: What was used; without it, or where it does not verify, nothing is said about use.
        functions: Principal -> job, to be held against what roles are for.
        at: When; now otherwise.
        stale_after: Unused for this long is stale.
        window: How far back the log is read.

    Example:
        >>> from crmkit.permissions import Assignment, Grant, OrgChart, Policy, Principal, Resource, Role
        >>> deal = Resource("deal", actions=["read"])
        >>> policy = Policy([deal], [Role("sales", grants=[Grant("read", "deal", scope="all")])])
        >>> org = OrgChart([Principal("ann", status="left")])
        >>> found = review(policy, [Assignment("ann", "sales", granted_by="ann")], org=org)
        >>> found.rows[0].flags
        ('leaver', 'self_granted', 'no_reason')

    .. versionadded:: 0.1.0
    """
    check_policy(policy)
    check_org(org)
    moment = moment_of(at)
    given = read_assignments(assignments)
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
    maker = Rows(compiled, org, used, moment, stale_after, functions or {}, breakers)
    counts = Counter(map(maker.where, known))
    rows: list[ReviewRow] = []
    for one in sorted(known, key=lambda one: (one.principal, one.role, one.tenant or "")):
        doubled = counts[maker.where(one)] > 1
        rows += (maker.row(one, role, doubled=doubled) for role in _brought(compiled, one.role))
    return Review(rows, at=moment, policy_digest=policy.digest, notes=notes)


def _brought(compiled: Compiled, role: str) -> list[str]:
    """Return a role and those that come with it."""
    return [role, *sorted(compiled.closure([role]) - {role})]
