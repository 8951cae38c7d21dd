"""Separation of duties: which of its members somebody has, by role or by permission."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import attrs

from crmkit.permissions._conditions._tree import FALSE
from crmkit.permissions._policy._people import moment_of

from ._compile import Compiled

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from crmkit.permissions._policy._people import Assignment
    from crmkit.permissions._policy._policy import Policy
    from crmkit.permissions._policy._roles import SoD

__all__ = ["Violation", "broken", "sod_violations", "violations"]


@attrs.frozen
class Violation:
    """Somebody has more of the members of a separation than they may.

    Attributes:
        separation: Its name.
        principal: Who.
        members: Which of its members they have.
        exempt: Whether an exception lets them.

    .. versionadded:: 0.1.0
    """

    separation: str
    principal: str
    members: tuple[str, ...]
    exempt: bool


def members_of(compiled: Compiled, separation: SoD, roles: Iterable[str]) -> tuple[str, ...]:
    """Return the members that these roles bring; inherited roles count, and so do permissions by any role."""
    role_set = compiled.role_set(roles)
    found: list[str] = []
    for member in separation.members:
        resource, _, action = member.rpartition(".")
        if member in compiled.policy.roles:
            has = member in role_set.roles
        else:
            has = role_set.formula(action, resource) != FALSE
        if has:
            found.append(member)
    return tuple(found)


def broken(
    compiled: Compiled, roles: Iterable[str], principal: str, at: dt.datetime, *, kind: Literal["static", "dynamic"]
) -> str | None:
    """Return the name of a separation that somebody would break with these roles, exceptions considered."""
    roles = frozenset(roles)
    for separation in compiled.policy.sod:
        if separation.kind != kind or is_exempt(separation, principal, at):
            continue
        if len(members_of(compiled, separation, roles)) > separation.at_most:
            return separation.name
    return None


def is_exempt(separation: SoD, principal: str, at: dt.datetime) -> bool:
    """Say whether an exception lets the principal break it at a moment."""
    return any(one.principal == principal and at < one.until for one in separation.exceptions)


def sod_violations(
    policy: Policy, assignments: Iterable[Assignment], *, at: dt.datetime | None = None
) -> list[Violation]:
    """Return everybody who breaks a static separation of duties, those with an exception too.

    Args:
        policy: The policy.
        assignments: Who has which roles; inherited roles count.
        at: When; now otherwise.

    Example:
        >>> from crmkit.permissions import Assignment, Policy, Role, SoD
        >>> policy = Policy(roles=[Role("buyer"), Role("payer")], sod=[SoD("two people", members=["buyer", "payer"])])
        >>> sod_violations(policy, [Assignment("ann", "buyer"), Assignment("ann", "payer")])[0].principal
        'ann'

    .. versionadded:: 0.1.0
    """
    return violations(Compiled(policy), assignments, moment_of(at))


def violations(compiled: Compiled, assignments: Iterable[Assignment], at: dt.datetime) -> list[Violation]:
    """Return everybody who breaks a static separation of duties."""
    held: dict[str, set[str]] = {}
    for assignment in assignments:
        if assignment.valid(at):
            held.setdefault(assignment.principal, set()).add(assignment.role)
    found: list[Violation] = []
    known: dict[tuple[str, frozenset[str]], tuple[str, ...]] = {}
    for separation in compiled.policy.sod:
        if separation.kind != "static":
            continue
        for principal, roles in held.items():
            key = (separation.name, frozenset(roles))
            if key not in known:
                known[key] = members_of(compiled, separation, roles)
            if len(known[key]) > separation.at_most:
                exempt = is_exempt(separation, principal, at)
                found.append(Violation(separation.name, principal, known[key], exempt))
    return found
