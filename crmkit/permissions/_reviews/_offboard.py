"""Somebody leaves: exactly what to take away, and what to hand over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from crmkit import _notebook
from crmkit.errors import SchemaError
from crmkit.permissions._decisions._engine import Engine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.permissions._policy._people import Assignment
    from crmkit.typing import Frame

__all__ = ["Offboarding", "offboard"]


@attrs.frozen
class Offboarding:
    """What is to be done when somebody leaves.

    Attributes:
        principal: Who.
        revoke: The assignments to remove, also those that are over or have not begun.
        granted: Assignments of others that this principal granted, to be looked at.
        owned: Resource -> ids of the records to hand over.
        reports: Who reports to them directly and needs another manager.
        exemptions: Separations of duties that excuse or are excused by them.
        owned_roles: Roles that they answer for.

    .. versionadded:: 0.1.0
    """

    principal: str
    revoke: tuple[Assignment, ...]
    granted: tuple[Assignment, ...]
    owned: Mapping[str, tuple[object, ...]]
    reports: tuple[str, ...]
    exemptions: tuple[str, ...]
    owned_roles: tuple[str, ...]

    def __repr__(self) -> str:
        owned = sum(map(len, self.owned.values()))
        return f"<Offboarding of {self.principal!r}: {len(self.revoke)} roles to revoke, {owned} records to hand over>"

    def _repr_html_(self) -> str:
        facts = {
            "roles to revoke": [one.role for one in self.revoke],
            "granted to others, to be looked at": [f"{one.role} to {one.principal}" for one in self.granted[:20]],
            "records to hand over": [f"{len(ids):,} {resource}" for resource, ids in self.owned.items()],
            "need another manager": self.reports[:20],
            "exemptions that name them": self.exemptions,
            "roles that they answer for": self.owned_roles,
        }
        return _notebook.sheet("Offboarding", self.principal, _notebook.facts({k: v for k, v in facts.items() if v}))


def offboard(engine: Engine, principal: str, *, records: Mapping[str, Frame] | None = None) -> Offboarding:
    """List what to take from somebody who leaves, and what to hand over.

    Args:
        engine: Of which policy and people.
        principal: Who leaves; also somebody whom only assignments know.
        records: Resource -> frame of its records, to find those that they own.

    Raises:
        NotFoundError: There is no such resource.
        SchemaError: A frame has no column with the owner or the id.

    Example:
        >>> from crmkit.permissions import Assignment, Engine, Policy, Resource, Role
        >>> policy = Policy([Resource("deal", actions=["read"], owner="owner_id")], [Role("sales")])
        >>> engine = Engine(policy, [Assignment("ann", "sales")])
        >>> deals = [{"id": 7, "owner_id": "ann"}, {"id": 8, "owner_id": "bo"}]
        >>> left = offboard(engine, "ann", records={"deal": deals})
        >>> len(left.revoke), left.owned
        (1, {'deal': (7,)})

    .. versionadded:: 0.1.0
    """
    from crmkit import frames

    given: object = engine  # what callers without a type checker pass
    if not isinstance(given, Engine):
        raise SchemaError(f"offboard takes an Engine, which knows the people, not {type(given).__name__}")
    policy = engine.policy
    owned: dict[str, tuple[object, ...]] = {}
    for name, frame in (records or {}).items():
        resource = policy.resource(name)
        if resource.owner is not None:
            table = frames.read(frame)
            keys, owners = table.column(resource.key), table.column(resource.owner)
            owned[name] = tuple(key for key, owner in zip(keys, owners, strict=True) if owner == principal)
    return Offboarding(
        principal=principal,
        revoke=tuple(one for one in engine.assignments if one.principal == principal),
        granted=tuple(one for one in engine.assignments if one.granted_by == principal and one.principal != principal),
        owned=owned,
        reports=tuple(sorted(engine.org.direct_reports(principal))),
        exemptions=tuple(
            rule.name
            for rule in policy.sod
            if any(principal in (one.principal, one.approver) for one in rule.exceptions)
        ),
        owned_roles=tuple(role.id for role in policy.roles.values() if role.owner == principal),
    )
