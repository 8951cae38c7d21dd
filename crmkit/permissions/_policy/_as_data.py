"""A policy as plain data in one canonical form: what is digested, written and compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from crmkit.permissions._conditions._data import condition_data
from crmkit.permissions._conditions._tree import TRUE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.permissions._conditions._schema import Resource
    from crmkit.typing import JSONValue

    from ._policy import Policy
    from ._roles import FieldRule, Grant, Role, SoD

__all__ = ["VERSION", "policy_data"]

VERSION = 1


def policy_data(policy: Policy) -> Mapping[str, JSONValue]:
    """Return the policy; what has its default is left out, sets are sorted, rules stay in their order."""
    data: dict[str, JSONValue] = {
        "version": VERSION,
        "resources": {name: _resource(policy.resources[name]) for name in sorted(policy.resources)},
        "roles": {name: _role(policy.roles[name]) for name in sorted(policy.roles)},
        "sod": [_sod(rule) for rule in policy.sod],
        "principal": dict(sorted(policy.principal.items())),
        "context": dict(sorted(policy.context.items())),
        "predicates": sorted(policy.predicates),
        "masks": dict(sorted(policy.masks.items())),
    }
    return {name: part for name, part in data.items() if part not in ({}, [])}


def _changed(value: Any, *names: str) -> dict[str, Any]:
    """Return the attributes that do not have their default."""
    found: dict[str, Any] = {}
    for field in attrs.fields(type(value)):
        part = getattr(value, field.name)
        if field.name in names and part != field.default and part not in ((), {}):
            found[field.name] = list(part) if isinstance(part, tuple) else part
    return found


def _resource(resource: Resource) -> JSONValue:
    data = _changed(resource, "actions", "owner", "team", "territory", "tenant", "key", "default_scope",
                    "sensitive_actions")  # fmt: skip
    if resource.groups:
        data["groups"] = {name: list(actions) for name, actions in sorted(resource.groups.items())}
    data["fields"] = {
        name: {"type": field.type, **_changed(field, "nullable", "sensitivity", "mask", "collation")}
        for name, field in sorted(resource.fields.items())
    }
    return data


def _role(role: Role) -> JSONValue:
    names = ("inherits", "function", "owner", "description", "privileged", "max_members", "requires")
    data: dict[str, Any] = {"kind": role.kind, **_changed(role, *names)}
    if role.grants:
        data["grants"] = [_rule(grant) for grant in role.grants]
    if role.field_rules:
        data["fields"] = [_rule(rule) for rule in role.field_rules]
    return data


def _rule(rule: Grant | FieldRule) -> JSONValue:
    data = _changed(rule, *(field.name for field in attrs.fields(type(rule)) if field.name != "when"))
    if rule.when != TRUE:
        data["when"] = condition_data(rule.when)
    return data


def _sod(rule: SoD) -> JSONValue:
    data = _changed(rule, "name", "members", "at_most", "kind")
    if rule.exceptions:
        data["exceptions"] = [
            {"principal": one.principal, "until": one.until.isoformat(), "approver": one.approver, "reason": one.reason}
            for one in rule.exceptions
        ]
    return data
