"""Separation of duties: which of its members somebody has, by role or by permission."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import attrs

from crmkit.permissions._conditions._tree import FALSE

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from crmkit.permissions._policy._people import Assignment
    from crmkit.permissions._policy._roles import SoD

    from ._compile import Compiled

__all__ = ["Violation", "broken", "violations"]


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
