"""Holds the parts of a policy against each other, and finds everything that is wrong at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crmkit import masking
from crmkit.errors import NotFoundError
from crmkit.permissions._conditions._check_types import unknown
from crmkit.permissions._conditions._schema import LEVELS, PRINCIPAL_TYPES, SCOPES, Field, Resource
from crmkit.permissions._conditions._tree import TRUE
from crmkit.permissions._conditions._types import TYPES

from ._people import find_circle
from ._problem import Problem
from ._roles import FieldRule, Grant, Role, SoD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ._policy import Policy

__all__ = ["MASK_NAMES", "problems"]

LAST: Final = ("last1", "last2", "last3", "last4")
MASK_NAMES: Final = (*(kind for kind in masking.DISCLOSURE if isinstance(kind, str)), *LAST)
"""What fields may name as their mask without declaring it."""
_TEXT_ONLY: Final = frozenset(MASK_NAMES) - {"full", "hash"}


def problems(policy: Policy, resources: Sequence[Resource], roles: Sequence[Role]) -> Iterator[Problem]:
    """Yield every problem of a policy."""
    yield from _doubles("resources", [resource.name for resource in resources])
    yield from _doubles("roles", [role.id for role in roles])
    for name, kind in {**policy.principal, **policy.context}.items():
        if kind not in TYPES:
            yield Problem(
                "P104", unknown("type", kind, TYPES), ("principal" if name in policy.principal else "context", name)
            )
    for name in set(policy.principal) & set(PRINCIPAL_TYPES):
        yield Problem("P106", f'every principal has "{name}" already', ("principal", name))
    for name, like in policy.masks.items():
        if name in MASK_NAMES:
            yield Problem("P106", f'"{name}" is a mask already', ("masks", name))
        if like not in MASK_NAMES:
            yield Problem("P105", unknown("mask", like, MASK_NAMES), ("masks", name))
    for resource in resources:
        yield from _resource(policy, resource)
    ids: dict[str, tuple[str | int, ...]] = {}
    for role in roles:
        yield from _role(policy, role, ids)
    circle = find_circle({role.id: [name for name in role.inherits if name in policy.roles] for role in roles})
    if circle is not None:
        yield Problem("P201", f"roles inherit in a circle: {' -> '.join(circle)}", ("roles", circle[0], "inherits"))
    yield from _doubles("sod", [rule.name for rule in policy.sod])
    for place, rule in enumerate(policy.sod):
        yield from _sod(policy, rule, ("sod", place))
    yield from _contradictory_masks(policy, roles)


def _doubles(what: str, names: Sequence[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for name in names:
        if _is_blank(name):
            yield Problem("P002", "must have a name that is text and not empty", (what, str(name)))
        if name in seen:
            yield Problem("P107", f'"{name}" is there twice', (what, name))
        seen.add(name)


def _is_blank(name: object) -> bool:
    return not (isinstance(name, str) and name.strip())


def _resource(policy: Policy, resource: Resource) -> Iterator[Problem]:
    path = ("resources", resource.name)
    if resource.default_scope is not None and resource.default_scope not in SCOPES:
        yield Problem("P104", unknown("scope", resource.default_scope, SCOPES), (*path, "default_scope"))
    elif resource.default_scope is not None and not resource.can_scope(resource.default_scope):
        yield Problem("P203", f'scope "{resource.default_scope}" needs a column that the resource does not name', path)
    for column in filter(None, (resource.owner, resource.team, resource.territory, resource.tenant)):
        if resource.fields[column].type != "str":
            yield Problem(
                "P103", f'column "{column}" says whose a record is, so it must be text', (*path, "fields", column)
            )
    for group, actions in resource.groups.items():
        if group in resource.actions:
            yield Problem("P106", f'"{group}" is an action already', (*path, "groups", group))
        yield from _actions(resource, [*actions], (*path, "groups", group))
    yield from _actions(resource, [*resource.sensitive_actions], (*path, "sensitive_actions"))
    for name, field in resource.fields.items():
        yield from _mask(policy, field, field.mask, (*path, "fields", name))


def _actions(resource: Resource, names: list[str], path: tuple[str | int, ...]) -> Iterator[Problem]:
    for name in names:
        if name not in resource.actions:
            yield Problem("P102", unknown(f'action of resource "{resource.name}"', name, resource.actions), path)


def _mask(policy: Policy, field: Field, mask: str, path: tuple[str | int, ...]) -> Iterator[Problem]:
    if mask not in MASK_NAMES and mask not in policy.masks:
        yield Problem("P105", unknown("mask", mask, [*MASK_NAMES, *policy.masks]), path)
    elif field.type != "str" and mask in _TEXT_ONLY:
        yield Problem("P103", f'mask "{mask}" is for text; a field of type {field.type} takes "full" or "hash"', path)


def _role(policy: Policy, role: Role, ids: dict[str, tuple[str | int, ...]]) -> Iterator[Problem]:
    path: tuple[str | int, ...] = ("roles", role.id)
    for part in ("inherits", "requires"):
        for name in getattr(role, part):
            if name not in policy.roles:
                yield Problem("P101", unknown("role", name, policy.roles), (*path, part))
    rules: list[tuple[str, int, Grant | FieldRule]] = [
        ("grants", place, grant) for place, grant in enumerate(role.grants)
    ]
    rules += [("fields", place, rule) for place, rule in enumerate(role.field_rules)]
    for part, place, rule in rules:
        where = (*path, part, place)
        if rule.id is not None and rule.id in ids:
            yield Problem(
                "P107", f'rule id "{rule.id}" is there twice, also in {".".join(map(str, ids[rule.id]))}', where
            )
        elif rule.id is not None:
            ids[rule.id] = where
        resource = policy.resources.get(rule.resource)
        if resource is None:
            yield Problem("P101", unknown("resource", rule.resource, policy.resources), where)
            continue
        yield from _scope(rule, resource, where)
        if rule.when != TRUE:
            for message in policy.declared(resource).problems(rule.when):
                yield Problem("P103", message, (*where, "when"))
        if isinstance(rule, Grant):
            yield from _grant(rule, resource, where)
        else:
            yield from _field_rule(policy, rule, resource, where)


def _scope(rule: Grant | FieldRule, resource: Resource, path: tuple[str | int, ...]) -> Iterator[Problem]:
    if rule.effect == "allow" and not rule.scope and resource.default_scope is None:
        yield Problem("P202", f"an allow needs a scope: one of {', '.join(SCOPES)}", path)
    for scope in rule.scope:
        if not resource.can_scope(scope):
            yield Problem("P203", f'scope "{scope}" needs a column that resource "{resource.name}" does not name', path)


def _grant(rule: Grant, resource: Resource, path: tuple[str | int, ...]) -> Iterator[Problem]:
    if not rule.actions:
        yield Problem("P204", "a grant needs an action", path)
    try:
        resource.expand(rule.actions)
    except NotFoundError as error:
        name = str(error.name)
        yield Problem(
            "P102", unknown(f'action of resource "{resource.name}"', name, [*resource.actions, *resource.groups]), path
        )
    if rule.cross_tenant and rule.scope != ("all",):
        yield Problem("P205", 'cross_tenant needs scope = "all"', path)


def _field_rule(policy: Policy, rule: FieldRule, resource: Resource, path: tuple[str | int, ...]) -> Iterator[Problem]:
    if rule.level not in LEVELS:
        yield Problem("P104", unknown("level", rule.level, LEVELS), path)
    if bool(rule.fields) == (rule.sensitivity is not None):
        yield Problem("P206", "a field rule names fields or a sensitivity, and not both", path)
    for name in rule.fields:
        if name != "*" and name not in resource.fields:
            yield Problem("P101", unknown(f'field of resource "{resource.name}"', name, resource.fields), path)
    known = {field.sensitivity for field in resource.fields.values()}
    if rule.sensitivity is not None and rule.sensitivity not in known:
        yield Problem("P101", unknown(f'sensitivity of resource "{resource.name}"', rule.sensitivity, known), path)
    if rule.mask is not None:
        for name in selected(rule, resource):
            yield from _mask(policy, resource.fields[name], rule.mask, path)


def selected(rule: FieldRule, resource: Resource) -> list[str]:
    """Return the fields of the resource that a rule is about."""
    if rule.sensitivity is not None:
        return [name for name, field in resource.fields.items() if field.sensitivity == rule.sensitivity]
    return list(resource.fields) if "*" in rule.fields else [name for name in rule.fields if name in resource.fields]


def _sod(policy: Policy, rule: SoD, path: tuple[str | int, ...]) -> Iterator[Problem]:
    for member in rule.members:
        resource, dot, action = member.rpartition(".")
        if rule.kind != "record" and member in policy.roles:
            continue
        if not dot or resource not in policy.resources:
            yield Problem("P101", unknown("role or permission", member, [*policy.roles, *policy.resources]), path)
        elif action not in policy.resources[resource].actions:
            known = policy.resources[resource].actions
            yield Problem("P102", unknown(f'action of resource "{resource}"', action, known), path)
    if rule.kind == "record":
        resources = {member.rpartition(".")[0] for member in rule.members}
        kept = [policy.resources[name] for name in resources if name in policy.resources]
        if len(rule.members) != 2 or len(resources) != 1 or rule.exceptions or any(one.owner is None for one in kept):
            message = "needs two permissions on one resource that names an owner, and no exceptions"
            yield Problem("P207", f"separation on one record {message}", path)
    elif len(rule.members) <= rule.at_most:
        yield Problem("P207", f"at most {rule.at_most} of {len(rule.members)} members separates nothing", path)


def _contradictory_masks(policy: Policy, roles: Sequence[Role]) -> Iterator[Problem]:
    """Yield masks of one field that stand at one place in the order, so that nobody could say which to use."""
    used: dict[tuple[str, str, int], str] = {}
    valid = {*MASK_NAMES, *policy.masks}
    places: list[tuple[Resource, str, str, tuple[str | int, ...]]] = []
    for resource in policy.resources.values():
        places += [
            (resource, name, field.mask, ("resources", resource.name, "fields", name))
            for name, field in resource.fields.items()
        ]
    for role in roles:
        for place, rule in enumerate(role.field_rules):
            if rule.mask is not None and rule.resource in policy.resources:
                resource = policy.resources[rule.resource]
                places += [
                    (resource, name, rule.mask, ("roles", role.id, "fields", place))
                    for name in selected(rule, resource)
                ]
    for resource, name, mask, path in places:
        if mask in valid and policy.masks.get(mask, mask) in MASK_NAMES:
            other = used.setdefault((resource.name, name, policy.reveals(mask)), mask)
            if other != mask:
                yield Problem(
                    "P208",
                    f'masks "{other}" and "{mask}" of field "{name}" reveal equally much; declare which reveals less',
                    path,
                )
