"""Two states of an engine compared, question by question: whose access changes, and a record that shows it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

from crmkit.permissions._conditions._schema import LEVELS, Field, Resource
from crmkit.permissions._conditions._tree import FALSE, Condition

from ._compile import reads_clock
from ._regions import regions

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping

    from crmkit.permissions._conditions._schema import Level
    from crmkit.typing import JSONValue

    from ._compile import RoleSet
    from ._engine import Engine, _State
    from ._view import View

__all__ = ["AccessChange", "Side", "Verdict", "changes", "difference"]

_MAX_NAMED: Final = 100

Side: TypeAlias = "tuple[Engine, _State]"
"""An engine and one of the states that it had."""
Verdict: TypeAlias = Literal["wider", "narrower", "different", "unknown"]
"""How access changes: more, less, more and less, or nobody can say."""
Question: TypeAlias = "tuple[str, str, Condition, Condition]"
"""Resource, action or ``field:level``, and what is asked for it on either side."""


@attrs.frozen
class AccessChange:
    """How one thing that one principal may do changes.

    Attributes:
        principal: Who.
        resource: On what.
        action: What; of a field ``field:level``, such as ``email:read``.
        verdict: How it changes.
        gained: A record on which only the new policy allows it; made up, no real one.
        lost: A record on which only the old policy allows it.
        tenant: In which tenant, where it is not the principal's own.

    .. versionadded:: 0.1.0
    """

    principal: str
    resource: str
    action: str
    verdict: Verdict
    gained: Mapping[str, object] | None = attrs.field(default=None, repr=False)
    lost: Mapping[str, object] | None = attrs.field(default=None, repr=False)
    tenant: str | None = attrs.field(default=None, kw_only=True)


def changes(before: Side, after: Side, at: dt.datetime) -> Iterator[AccessChange]:
    """Yield what changes for everybody, in each tenant in which they have an assignment, at a moment."""
    sides = (before, after)
    old, new = before[1].org, after[1].org
    same_ways = old is new or old.same_ways(new)
    known: dict[tuple[object, ...], AccessChange | None] = {}
    asked: dict[tuple[object, ...], list[Question]] = {}
    for principal in dict.fromkeys([*old.people, *new.people]):
        same = same_ways and old.people.get(principal) == new.people.get(principal)
        for tenant in _tenants(sides, principal):
            direct = [_direct(state, principal, at, tenant) for _, state in sides]
            sets = [state.compiled.role_set(roles) for (_, state), roles in zip(sides, direct, strict=True)]
            key = (id(sets[0]), id(sets[1]), same)
            if key not in asked:
                asked[key] = list(_questions(sets[0], sets[1], all_of_them=not same))
            if not asked[key]:
                continue
            views = tuple(
                engine._make(state, principal, at, tenant, None, None, audited=False)
                if principal in state.org.people else None
                for engine, state in sides
            )  # fmt: skip
            for resource, action, was, becomes in asked[key]:
                bound = (_bound(views[0], resource, was), _bound(views[1], resource, becomes))
                if bound[0] == bound[1]:
                    continue
                change_key = (resource, action, *bound)
                if change_key not in known:
                    known[change_key] = _compare(resource, action, sides, views, (was, becomes), bound)
                found = known[change_key]
                if found is not None:
                    yield attrs.evolve(found, principal=principal, tenant=tenant)


def difference(before: Side, after: Side, at: dt.datetime) -> dict[str, JSONValue]:
    """Return what changes, as the audit log keeps it: by role, by assignment, and by what people may do.

    People are counted, and of assignments the first hundred are named, so that the event stays small.
    """
    roles = [state.compiled.policy.roles for _, state in (before, after)]
    held = [
        dict.fromkeys((one.principal, one.role) for given in state.assignments.values() for one in given)
        for _, state in (before, after)
    ]
    counts = Counter((one.resource, one.action, one.verdict) for one in changes(before, after, at))
    data: dict[str, list[JSONValue]] = {
        "roles_added": [*sorted(roles[1].keys() - roles[0].keys())],
        "roles_removed": [*sorted(roles[0].keys() - roles[1].keys())],
        "roles_changed": [
            name for name in sorted(roles[0].keys() & roles[1].keys()) if roles[0][name] != roles[1][name]
        ],
        "access": [
            {"resource": resource, "action": action, "change": verdict, "people": count}
            for (resource, action, verdict), count in sorted(counts.items())
        ],
    }
    for word, one, other in (("assigned", held[1], held[0]), ("revoked", held[0], held[1])):
        found = [pair for pair in one if pair not in other]
        data[word] = [{"principal": principal, "role": role} for principal, role in found[:_MAX_NAMED]]
        if len(found) > _MAX_NAMED:
            data[word].append({"more": len(found) - _MAX_NAMED})
    return {name: part for name, part in data.items() if part}


def _tenants(sides: tuple[Side, Side], principal: str) -> list[str | None]:
    """Return ``None`` for the principal's own tenant, and the others in which they have an assignment."""
    own = {state.org.people[principal].tenant for _, state in sides if principal in state.org.people}
    held = [one.tenant for _, state in sides for one in state.assignments.get(principal, ())]
    return [None, *dict.fromkeys(name for name in held if name is not None and name not in own)]


def _direct(state: _State, principal: str, at: dt.datetime, tenant: str | None) -> frozenset[str]:
    person = state.org.people.get(principal)
    if person is None or person.status != "active":
        return frozenset()
    return state.direct(person, at, tenant)


def _questions(before: RoleSet, after: RoleSet, *, all_of_them: bool) -> Iterator[Question]:
    """Yield the questions whose formulas are not the same, whoever asks; all where the people themselves change."""
    old, new = before.compiled.policy.resources, after.compiled.policy.resources
    for name in dict.fromkeys([*old, *new]):
        found = [resources[name] for resources in (old, new) if name in resources]
        asked: list[tuple[str, str, Level | None]] = [
            (action, "", None) for action in dict.fromkeys(action for one in found for action in one.actions)
        ]
        fields = dict.fromkeys(field for one in found for field in one.fields)
        asked += [(f"{field}:{level}", field, level) for field in fields for level in LEVELS[1:]]
        for action, field, level in asked:
            was, becomes = (_formula(role_set, name, action, field, level) for role_set in (before, after))
            if all_of_them or was != becomes or old.get(name) != new.get(name):
                yield name, action, was, becomes


def _formula(role_set: RoleSet, resource: str, action: str, field: str, level: Level | None) -> Condition:
    """Return what is asked for an action, or for a level of a field; FALSE of what the policy does not know."""
    declared = role_set.compiled.policy.resources.get(resource)
    if declared is None or (level is not None and field not in declared.fields):
        return FALSE
    if level is None:
        return role_set.formula(action, resource)
    return role_set.at_least(level, field, resource)


def _bound(view: View | None, resource: str, formula: Condition) -> Condition:
    known = view is not None and resource in view._compiled.policy.resources
    return view._bound(resource, formula) if view is not None and known else FALSE


def _compare(
    resource: str,
    action: str,
    sides: tuple[Side, Side],
    views: tuple[View | None, ...],
    formulas: tuple[Condition, Condition],
    bound: tuple[Condition, Condition],
) -> AccessChange | None:
    """Look for records on which the two differ, by asking the code that decides in each engine."""
    declared = [state.compiled.policy.resources.get(resource) for _, state in sides]
    both = _both_fields([one for one in declared if one is not None])
    unknown = AccessChange("", resource, action, "unknown")
    if both is None:
        return unknown
    asked = regions(bound, both)
    checks = [
        (lambda _record: False) if view is None or one is None else view._predicate(resource, formula)
        for one, view, formula in zip(declared, views, formulas, strict=True)
    ]
    gained = lost = None
    for record in asked.records():
        allowed = checks[0](record), checks[1](record)
        if allowed == (False, True) and gained is None:
            gained = record
        elif allowed == (True, False) and lost is None:
            lost = record
        if gained is not None and lost is not None:
            return AccessChange("", resource, action, "different", gained, lost)
    if not asked.complete or any(map(reads_clock, formulas)):
        return attrs.evolve(unknown, gained=gained, lost=lost)
    if gained is not None:
        return AccessChange("", resource, action, "wider", gained)
    return None if lost is None else AccessChange("", resource, action, "narrower", None, lost)


def _both_fields(sides: list[Resource]) -> Resource | None:
    """Return a resource with the fields of both, ``None`` where one field has two types."""
    fields: dict[str, Field] = {}
    for side in sides:
        if any(name in fields and fields[name].type != field.type for name, field in side.fields.items()):
            return None
        fields.update(side.fields)
    return Resource(sides[0].name, fields=fields)
