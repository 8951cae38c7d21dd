"""Questions the other way round: who may, what may somebody, which records; complete, or an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from crmkit.permissions._conditions._tree import FALSE
from crmkit.permissions._policy._people import moment_of

from ._decision import Outcome
from ._known import as_mapping
from ._listing import Listing
from ._who import Question

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from ._compile import Compiled
    from ._engine import Engine

__all__ = ["Access", "Permission", "accessible", "what_can", "who_can"]


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


def who_can(
    engine: Engine,
    action: str,
    resource: str,
    record: Mapping[str, object] | None = None,
    *,
    at: dt.datetime | None = None,
) -> Listing[Access]:
    """Return everybody who may do something; see :meth:`Engine.who_can`."""
    engine.policy.check_action(action, resource)
    moment = engine._now() if at is None else moment_of(at)
    state = engine._state
    declared = state.compiled.policy.resources[resource]
    row = None if record is None else as_mapping(record)
    groups = state.people.by_roles(state, moment)
    found: list[Access] = []
    for direct, people in groups.items():
        formula = state.compiled.role_set(direct).formula(action, resource)
        if formula == FALSE:
            continue
        question = Question(engine, state, declared, formula, moment)
        bringing = _bringing(state.compiled, direct, action, resource)
        if row is None:
            outcomes = zip(people, question.outcomes(people), strict=True)
            found += [Access(one.id, outcome, bringing) for one, outcome in outcomes if outcome is not Outcome.NEVER]
        else:
            found += [Access(one.id, Outcome.ALWAYS, bringing) for one in question.of_record(people, row)]
    if len(groups) > 1:
        place = state.people.place
        found.sort(key=lambda access: place[access.principal])
    return Listing(Access, found, title=f"Who may {action} {'some' if record is None else 'this'} {resource}")


def _bringing(compiled: Compiled, direct: frozenset[str], action: str, resource: str) -> tuple[str, ...]:
    """Return the assigned roles that have, or inherit, an allow for it."""
    rules = compiled.role_set(direct).rules(action, resource)
    holders = {rule.role for rule in rules if rule.effect == "allow"}
    return tuple(role for role in sorted(direct) if compiled.closure([role]) & holders)


def what_can(engine: Engine, principal: str, *, at: dt.datetime | None = None) -> Listing[Permission]:
    """Return everything that a principal may do; see :meth:`Engine.what_can`."""
    view = engine._make(
        engine._state, principal, engine._now() if at is None else moment_of(at), None, None, None, audited=False
    )
    found: list[Permission] = []
    for resource in engine.policy.resources.values():
        for action in resource.actions:
            outcome = view.outcome(action, resource.name)
            if outcome is not Outcome.NEVER:
                condition = "" if outcome is Outcome.ALWAYS else repr(view.filter(action, resource.name).condition)
                found.append(Permission(resource.name, action, outcome, condition))
    return Listing(Permission, found, title=f"What {principal} may do")


def accessible(
    engine: Engine, principal: str, action: str, resource: str, records: Iterable[Mapping[str, object]]
) -> list[object]:
    """Return the ids of the records that are within reach; see :meth:`Engine.accessible`."""
    key = engine.policy.resource(resource).key
    return [record.get(key) for record in engine.view(principal).filter(action, resource).select(records)]
