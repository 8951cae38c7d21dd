"""The rows of a review: what an assignment brings to somebody, whether it is used, and what speaks against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from crmkit.permissions._decisions._compile import Compiled
    from crmkit.permissions._policy._people import Assignment, OrgChart

    from ._usage import Used

__all__ = ["FLAGS", "ReviewRow", "Rows"]

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


@attrs.frozen
class ReviewRow:
    """One role that one assignment brings to one principal.

    Attributes:
        principal: Who.
        role: Holds what.
        tenant: Only in this tenant; ``None`` where the assignment names none.
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
    tenant: str | None
    via: str
    status: str
    granted_by: str | None
    since: dt.datetime | None
    until: dt.datetime | None
    reason: str | None
    last_used: dt.datetime | None
    flags: tuple[str, ...]


class Rows:
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

    def where(self, one: Assignment) -> tuple[str, str, str | None]:
        """Return what an assignment is of; one that names no tenant counts in the principal's own."""
        person = self._people.people.get(one.principal)
        own = None if person is None else person.tenant
        return one.principal, one.role, own if one.tenant is None else one.tenant

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
            one.principal,
            role,
            one.tenant,
            one.role,
            status,
            one.granted_by,
            since,
            one.not_after,
            reason,
            last,
            flags,
        )
