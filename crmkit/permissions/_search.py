"""Questions the other way round: who may, what may somebody, which records; complete, or an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from ._conditions import FALSE
from ._decision import Outcome

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ._compile import RoleSet
    from ._engine import Engine
    from ._view import View

__all__ = ["Access", "Permission", "accessible", "views", "what_can", "who_can"]


@attrs.frozen
class Access:
    """That a principal may do something.

    Attributes:
        principal: Who.
        outcome: On every record or on some; of one record always ``ALWAYS``.
        roles: The assigned roles that bring it.

    .. versionadded:: 0.1.0
    """

    principal: str
    outcome: Outcome
    roles: tuple[str, ...]


@attrs.frozen
class Permission:
    """One thing that a principal may do.

    Attributes:
        resource: On what.
        action: What.
        outcome: On every record or on some.
        condition: On which, as text; empty where on every one.

    .. versionadded:: 0.1.0
    """

    resource: str
    action: str
    outcome: Outcome
    condition: str


def views(engine: Engine, at: dt.datetime | None, wanted: Callable[[RoleSet], bool]) -> Iterator[View]:
    """Return a view of everybody who is active and whose roles are wanted; unrecorded, for a review is no use."""
    moment = engine._now() if at is None else at
    state = engine._state
    known: dict[int, bool] = {}
    for principal in state.assignments:
        person = state.org.people[principal]
        role_set = engine._role_set(state, person, moment)
        if id(role_set) not in known:
            known[id(role_set)] = wanted(role_set)
        if known[id(role_set)] and person.status == "active":
            yield engine._make(state, principal, moment, None, None, None, audited=False)


def who_can(
    engine: Engine,
    action: str,
    resource: str,
    record: Mapping[str, object] | None = None,
    *,
    at: dt.datetime | None = None,
) -> list[Access]:
    """Return everybody who may do something.

    Args:
        engine: Of which policy and people.
        action: What.
        resource: On what kind of record.
        record: On this record; on some record otherwise.
        at: When; now otherwise.

    Returns:
        All of them, in the order of the people; nothing is cut off. Principals are asked in their own tenant.

    Example:
        >>> from crmkit.permissions import Assignment, Engine, Grant, Policy, Resource, Role
        >>> deal = Resource("deal", actions=["read"])
        >>> policy = Policy([deal], [Role("all", grants=[Grant("read", "deal", scope="all")])])
        >>> [access.principal for access in who_can(Engine(policy, [Assignment("ann", "all")]), "read", "deal")]
        ['ann']

    .. versionadded:: 0.1.0
    """
    engine.policy.check_action(action, resource)
    found: list[Access] = []
    roles_of: dict[frozenset[str], tuple[str, ...]] = {}
    for view in views(engine, at, lambda role_set: role_set.formula(action, resource) != FALSE):
        outcome = view.outcome(action, resource)
        if record is not None and outcome is not Outcome.NEVER:
            outcome = Outcome.ALWAYS if view.allows(action, resource, record) else Outcome.NEVER
        if outcome is not Outcome.NEVER:
            if view._direct not in roles_of:
                roles_of[view._direct] = _bringing(view, action, resource)
            found.append(Access(view.principal, outcome, roles_of[view._direct]))
    return found


def _bringing(view: View, action: str, resource: str) -> tuple[str, ...]:
    """Return the assigned roles that have, or inherit, an allow for it."""
    compiled = view._compiled
    holders = {rule.role for rule in view._role_set.rules(action, resource) if rule.effect == "allow"}
    return tuple(role for role in sorted(view._direct) if compiled.closure([role]) & holders)


def what_can(engine: Engine, principal: str, *, at: dt.datetime | None = None) -> list[Permission]:
    """Return everything that a principal may do, by resource and action.

    Example:
        >>> from crmkit.permissions import Assignment, Engine, Grant, Policy, Resource, Role
        >>> deal = Resource("deal", actions=["read"])
        >>> policy = Policy([deal], [Role("all", grants=[Grant("read", "deal", scope="all")])])
        >>> what_can(Engine(policy, [Assignment("ann", "all")]), "ann")
        [Permission(resource='deal', action='read', outcome=<Outcome.ALWAYS: 'always'>, condition='')]

    .. versionadded:: 0.1.0
    """
    view = engine._make(engine._state, principal, engine._now() if at is None else at, None, None, None, audited=False)
    found: list[Permission] = []
    for resource in engine.policy.resources.values():
        for action in resource.actions:
            outcome = view.outcome(action, resource.name)
            if outcome is not Outcome.NEVER:
                condition = "" if outcome is Outcome.ALWAYS else repr(view.filter(action, resource.name).condition)
                found.append(Permission(resource.name, action, outcome, condition))
    return found


def accessible(
    engine: Engine, principal: str, action: str, resource: str, records: Iterable[Mapping[str, object]]
) -> list[object]:
    """Return the ids of those of the records that a principal may do something with, in their order.

    Raises:
        NotFoundError: There is no such principal, resource or action.

    Example:
        >>> from crmkit.permissions import Assignment, Engine, Grant, Policy, Resource, Role
        >>> deal = Resource("deal", actions=["read"], owner="owner_id")
        >>> policy = Policy([deal], [Role("own", grants=[Grant("read", "deal", scope="own")])])
        >>> engine = Engine(policy, [Assignment("ann", "own")])
        >>> accessible(engine, "ann", "read", "deal", [{"id": 1, "owner_id": "ann"}, {"id": 2, "owner_id": "bob"}])
        [1]

    .. versionadded:: 0.1.0
    """
    key = engine.policy.resource(resource).key
    return [record.get(key) for record in engine.view(principal).filter(action, resource).select(records)]
