"""Why a decision is what it is: the same rules, asked one by one with all three truth values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.permissions._conditions._normal import fields_of
from crmkit.permissions._conditions._schema import SCOPES
from crmkit.permissions._policy._check_policy import selected

from ._decision import Decision, Leaf, NearMiss, Outcome
from ._interpret import Interpreter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.permissions._conditions._schema import Resource, Scope

    from ._compile import Rule
    from ._decision import DecisionCode
    from ._view import View

__all__ = ["explain"]

_MAX_GRANTING = 20


def explain(view: View, action: str, resource: str, record: Mapping[str, object], asked: bool) -> Decision:  # noqa: FBT001 - private
    """Return the decision on a record with its reasons; ``asked`` says whether there is one."""
    declared = view._compiled.policy.resources[resource]
    interpreter = Interpreter(declared, view._known, view._customs, record)
    interpreter.hidden = _capped(view, resource, interpreter)
    allows: list[Rule] = []
    denies: list[Rule] = []
    misses: list[NearMiss] = []
    for rule in view._role_set.rules(action, resource) if view._active else ():
        leaves: list[Leaf] = []
        interpreter.met_hidden = False
        truth = interpreter.ask(rule.condition, leaves)
        if rule.effect == "deny":
            if truth is not False:
                denies.append(rule)
        elif truth is True:
            allows.append(rule)
        else:
            told = interpreter.failed(rule.condition) if interpreter.met_hidden else tuple(leaves)
            misses.append(NearMiss(rule.id, rule.role, told))
    code: DecisionCode = "no_matching_allow"
    deciding: list[Rule] = denies or allows
    if not view._active:
        code, deciding = "inactive", []
    elif denies:
        code = "separation" if denies[0].grant is None else "explicit_deny"
    elif allows:
        code = "allowed"
    if not asked and code == "allowed" and view.outcome(action, resource) is not Outcome.ALWAYS:
        code, deciding = "no_matching_allow", []  # allowed on a record that has nothing in it, but not on every one
    allowed = code == "allowed"
    first = deciding[0] if deciding else None
    default = code == "no_matching_allow"
    return Decision(
        allowed=allowed,
        code=code,
        principal=view.principal,
        action=action,
        resource=resource,
        rule=None if first is None else first.id,
        rules=tuple(rule.id for rule in deciding),
        role_path=() if first is None else _path(view, first.role),
        scope_level=_narrowest(declared, interpreter) if allowed else None,
        reason=None if first is None else first.reason,
        errors=tuple(interpreter.errors),
        near_misses=tuple(sorted(misses, key=lambda miss: len(miss.leaves))) if default else (),
        granting_roles=_granting(view, action, resource, interpreter) if default else (),
        policy_digest=view.policy_digest,
        valid_until=view.valid_until,
        at=view._clock(),
    )


def _capped(view: View, resource: str, interpreter: Interpreter) -> frozenset[str]:
    """Return the fields that a cap keeps the principal from reading on this record, public ones too."""
    found: set[str] = set()
    for rule in view._role_set.caps(resource):
        if rule.field_rule is not None and interpreter.ask(rule.condition) is not False:
            found.update(selected(rule.field_rule, view._compiled.policy.resources[resource]))
    return frozenset(found)


def _path(view: View, role: str) -> tuple[str, ...]:
    """Return the way from an assigned role to the one that has the rule, the shortest."""
    ways: dict[str, tuple[str, ...]] = {name: (name,) for name in sorted(view._direct)}
    waiting = list(ways)
    for name in waiting:
        if name == role:
            return ways[name]
        for parent in view._compiled.policy.roles[name].inherits:
            if parent not in ways:
                ways[parent] = (*ways[name], parent)
                waiting.append(parent)
    return ()


def _narrowest(resource: Resource, interpreter: Interpreter) -> Scope:
    return next(
        scope for scope in SCOPES if resource.can_scope(scope) and interpreter.ask(resource.level(scope)) is True
    )


def _granting(view: View, action: str, resource: str, interpreter: Interpreter) -> tuple[str, ...]:
    """Return roles that the principal has not and that would allow it, as far as their own rules go."""
    found: dict[str, None] = {}
    for rule in view._compiled.grants.get((action, resource), ()):
        wanted = rule.effect == "allow" and len(found) < _MAX_GRANTING and rule.role not in view.roles
        told = wanted and all(map(interpreter.may_show, fields_of(rule.condition)))  # that it is met says what is there
        if told and interpreter.ask(rule.condition) is True:
            found[rule.role] = None
    return tuple(found) if view._active else ()
