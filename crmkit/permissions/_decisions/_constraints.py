"""What assignments must keep to: separation of duties, how many may hold a role, and which role comes before another.

Grants begin and end, so each moment from now on is looked at at which anything changes, not only the present one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import attrs

from crmkit.permissions._policy._given import check_policy, read_assignments
from crmkit.permissions._policy._people import moment_of

from ._compile import Compiled
from ._separation import is_exempt, members_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from crmkit.permissions._policy._people import Assignment
    from crmkit.permissions._policy._policy import Policy

__all__ = ["Breach", "breaches", "constraint_breaches"]


@attrs.frozen
class Breach:
    """A constraint of the policy that assignments break.

    Attributes:
        kind: ``"separation"``: somebody has more of its members than they may; ``"members"``: more principals hold a
            role than may; ``"prerequisite"``: somebody holds a role without one that it requires.
        name: Of the separation or the role.
        principals: Who.
        at: From when on; the moment that was asked for, or a later one at which a grant or exception begins or ends.

    Example:
        >>> import datetime as dt
        >>> str(Breach("members", "admin", ("ann", "bob"), dt.datetime(2026, 6, 1, tzinfo=dt.UTC)))
        "role 'admin' has 2 members, more than may hold it at 2026-06-01T00:00:00+00:00"

    .. versionadded:: 0.1.0
    """

    kind: Literal["separation", "members", "prerequisite"]
    name: str
    principals: tuple[str, ...]
    at: dt.datetime

    def __str__(self) -> str:
        who = ", ".join(map(repr, self.principals[:5])) + (", ..." if len(self.principals) > 5 else "")
        what = {
            "separation": f"separation of duties {self.name!r} is broken by {who}",
            "members": f"role {self.name!r} has {len(self.principals)} members, more than may hold it",
            "prerequisite": f"role {self.name!r} is held without one that it requires by {who}",
        }
        return f"{what[self.kind]} at {self.at.isoformat()}"


def constraint_breaches(
    policy: Policy, assignments: Iterable[Assignment], *, at: dt.datetime | None = None
) -> list[Breach]:
    """Return what assignments break of the policy's constraints, at a moment or at any later one.

    Inherited roles and permissions count for separations and prerequisites, direct assignments for numbers of members.
    Roles in different tenants count together: it is one person who has the duties.

    Args:
        policy: The policy.
        assignments: Who has which roles.
        at: From when on; now otherwise.

    Example:
        >>> import datetime as dt
        >>> from crmkit.permissions import Assignment, Policy, Role
        >>> policy = Policy(roles=[Role("owner", max_members=1), Role("lead", requires=["trained"]), Role("trained")])
        >>> held = [Assignment("ann", "owner"), Assignment("bob", "owner"), Assignment("bob", "lead")]
        >>> [str(one) for one in constraint_breaches(policy, held, at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))]
        ... # doctest: +NORMALIZE_WHITESPACE
        ["role 'owner' has 2 members, more than may hold it at 2026-01-01T00:00:00+00:00",
         "role 'lead' is held without one that it requires by 'bob' at 2026-01-01T00:00:00+00:00"]

    Source:
        ANSI INCITS 359-2012, static separation of duty; the others after casbin's ``roleMax`` and ``rolePre``.

    .. versionadded:: 0.1.0
    """
    check_policy(policy)
    return list(breaches(Compiled(policy), read_assignments(assignments), moment_of(at)))


def breaches(compiled: Compiled, assignments: Iterable[Assignment], at: dt.datetime) -> Iterator[Breach]:
    """Yield what assignments break, now or later."""
    policy = compiled.policy
    limited = {role.id for role in policy.roles.values() if role.max_members is not None}
    alone = any(rule.kind == "static" for rule in policy.sod)
    asked = alone or any(role.requires for role in policy.roles.values())
    if not (limited or asked):
        return
    held: dict[str, list[Assignment]] = {}
    members: dict[str, list[Assignment]] = {}
    for one in assignments:
        if one.not_after is None or one.not_after > at:
            held.setdefault(one.principal, []).append(one)
            if one.role in limited:
                members.setdefault(one.role, []).append(one)
    for role, grants in members.items():
        yield from _too_many(role, policy.roles[role].max_members or 0, grants, at)
    if asked:
        personal = _Personal(compiled)
        for principal, grants in held.items():
            yield from personal.breaches(principal, grants, at)


def _too_many(role: str, limit: int, grants: list[Assignment], at: dt.datetime) -> Iterator[Breach]:
    """Yield the first moment at which more hold the role than may."""
    if len({one.principal for one in grants}) <= limit:
        return
    begins = (one.not_before for one in grants if one.not_before is not None)
    for moment in sorted({at, *(begin for begin in begins if begin > at)}):
        holding = tuple(dict.fromkeys(one.principal for one in grants if one.valid(moment)))
        if len(holding) > limit:
            yield Breach("members", role, holding, moment)
            return


class _Personal:
    """Separations and prerequisites of one principal after the other; the same roles are looked at once."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        self._known: dict[frozenset[str], tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self._separations = {rule.name: rule for rule in compiled.policy.sod if rule.kind == "static"}

    def breaches(self, principal: str, grants: list[Assignment], at: dt.datetime) -> Iterator[Breach]:
        """Yield each constraint that the principal breaks, with the first moment at which they do."""
        ends = [end for one in grants for end in (one.not_before, one.not_after) if end is not None]
        exceptions = [one for rule in self._separations.values() for one in rule.exceptions]
        ends += [one.until for one in exceptions if one.principal == principal]
        seen: set[tuple[str, str]] = set()
        for moment in sorted({at, *(end for end in ends if end > at)}):
            broken, lacking = self._of_roles(frozenset(one.role for one in grants if one.valid(moment)))
            for name in broken:
                if ("separation", name) not in seen and not is_exempt(self._separations[name], principal, moment):
                    seen.add(("separation", name))
                    yield Breach("separation", name, (principal,), moment)
            for role in lacking:
                if ("prerequisite", role) not in seen:
                    seen.add(("prerequisite", role))
                    yield Breach("prerequisite", role, (principal,), moment)

    def _of_roles(self, roles: frozenset[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the separations that these roles break, and those of them that lack a prerequisite."""
        found = self._known.get(roles)
        if found is None:
            closure = self._compiled.closure(roles)
            broken = tuple(
                name
                for name, rule in self._separations.items()
                if len(members_of(self._compiled, rule, roles)) > rule.at_most
            )
            known = self._compiled.policy.roles
            lacking = tuple(role for role in sorted(roles) if not closure.issuperset(known[role].requires))
            found = self._known[roles] = (broken, lacking)
        return found
