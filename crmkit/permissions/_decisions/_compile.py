"""A policy made ready to decide: rules indexed by what they are about, one formula for each question of each role set.

A question has one answer formula, ``any allow and not any deny``. A decision is whether it is TRUE. Principals with the
same roles share a `RoleSet`, and with it formulas and generated code; what differs between them comes in as values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import attrs

from crmkit.permissions._conditions._atoms import Compare
from crmkit.permissions._conditions._generate import Factory, generate
from crmkit.permissions._conditions._normal import all_of, any_of, merged, negate, normal, walk
from crmkit.permissions._conditions._operands import Now, PrincipalValue, RecordValue
from crmkit.permissions._conditions._schema import LEVELS
from crmkit.permissions._conditions._tree import FALSE, TRUE, Condition
from crmkit.permissions._policy._check_policy import selected
from crmkit.permissions._policy._people import reached

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from crmkit.permissions._conditions._schema import Level, Resource
    from crmkit.permissions._policy._policy import Policy
    from crmkit.permissions._policy._roles import FieldRule, Grant

__all__ = ["Compiled", "RoleSet", "Rule"]


@attrs.frozen(eq=False)
class Rule:
    """One rule with all that it demands of a record, in negation normal form."""

    id: str
    role: str
    effect: Literal["allow", "deny", "cap"]
    condition: Condition
    grant: Grant | None = None
    field_rule: FieldRule | None = None
    reason: str | None = None


class Compiled:
    """The rules of a policy by what they are about; built in one pass."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.masks: Mapping[str, Callable[[str], str]] = {}
        self.grants: dict[tuple[str, str], list[Rule]] = {}
        self.by_role: dict[tuple[str, str], dict[str, list[Rule]]] = {}
        self.field_rules: dict[str, list[Rule]] = {}
        self.place = {role: place for place, role in enumerate(policy.roles)}
        self.separations: dict[tuple[str, str], list[Rule]] = {}
        self._factories: dict[tuple[str, Condition], Factory] = {}
        self._by_roles: dict[frozenset[str], RoleSet] = {}
        self._by_closure: dict[frozenset[str], RoleSet] = {}
        self._reaches: dict[tuple[object, ...], Condition] = {}
        for role in policy.roles.values():
            for place, grant in enumerate(role.grants):
                self._add_grant(role.id, place, grant)
            for place, rule in enumerate(role.field_rules):
                self._add_field_rule(role.id, place, rule)
        for separation in policy.sod:
            if separation.kind == "record":
                resource, _, action = separation.members[1].rpartition(".")
                owner = RecordValue(policy.resources[resource].owner or "")
                condition = Compare(owner, PrincipalValue("id"))
                rule_id = f"sod.{separation.name}"
                made = Rule(rule_id, rule_id, "deny", condition, reason=f"separation of duties: {separation.name}")
                self.separations.setdefault((action, resource), []).append(made)

    def _add_grant(self, role: str, place: int, grant: Grant) -> None:
        resource = self.policy.resources[grant.resource]
        condition = self._condition(resource, grant, cross_tenant=grant.cross_tenant)
        rule = Rule(grant.id or f"{role}.grants.{place}", role, grant.effect, condition, grant, reason=grant.reason)
        for action in resource.expand(grant.actions):
            key = (action, grant.resource)
            self.grants.setdefault(key, []).append(rule)
            self.by_role.setdefault(key, {}).setdefault(role, []).append(rule)

    def _add_field_rule(self, role: str, place: int, rule: FieldRule) -> None:
        resource = self.policy.resources[rule.resource]
        condition = self._condition(resource, rule, cross_tenant=False)
        made = Rule(rule.id or f"{role}.fields.{place}", role, rule.effect, condition, field_rule=rule)
        self.field_rules.setdefault(rule.resource, []).append(made)

    def _condition(self, resource: Resource, rule: Grant | FieldRule, *, cross_tenant: bool) -> Condition:
        """Return scope, border of the tenant and condition of a rule as one, in negation normal form."""
        key = (resource.name, rule.effect, rule.scope, cross_tenant)
        reach = self._reaches.get(key)
        if reach is None:
            reach = self._reaches[key] = normal(all_of(self._reach(resource, rule, cross_tenant=cross_tenant)))
        return all_of([normal(rule.when), reach])

    @staticmethod
    def _reach(resource: Resource, rule: Grant | FieldRule, *, cross_tenant: bool) -> Iterator[Condition]:
        """Yield what scope and tenant demand of a record."""
        scopes = rule.scope
        if rule.effect == "allow":
            if resource.tenant is not None and not cross_tenant:
                yield resource.level("tenant")
            scopes = scopes or ((resource.default_scope,) if resource.default_scope else ())
        if "all" in scopes or not scopes:
            return
        if "tenant" not in scopes:
            yield resource.scoped(scopes)
        elif rule.effect != "allow":  # an allow is held to the tenant anyway
            yield any_of([resource.level("tenant"), resource.scoped(one for one in scopes if one != "tenant")])

    def role_set(self, roles: Iterable[str]) -> RoleSet:
        """Return what these roles and all that they inherit decide."""
        key = frozenset(roles)
        found = self._by_roles.get(key)
        if found is None:
            closure = self.closure(key)
            found = self._by_closure.setdefault(closure, RoleSet(self, closure))
            self._by_roles[key] = found
        return found

    def closure(self, roles: Iterable[str]) -> frozenset[str]:
        """Return the roles and all that they inherit, at any distance."""
        return reached(roles, lambda name: self.policy.roles[name].inherits)

    def factory(self, resource: str, condition: Condition) -> Factory:
        """Return the generated code of a formula about a resource."""
        key = (resource, condition)
        found = self._factories.get(key)
        if found is None:
            declared = self.policy.declared(self.policy.resources[resource])
            found = self._factories[key] = generate(condition, declared)
        return found


class RoleSet:
    """What principals with the same roles have in common."""

    def __init__(self, compiled: Compiled, roles: frozenset[str]) -> None:
        self.compiled = compiled
        self.roles = roles
        self._formulas: dict[tuple[str, str], Condition] = {}
        self._caps: dict[str, list[Rule]] = {}
        self._levels: dict[tuple[str, str, Level, str], Condition] = {}

    def rules(self, action: str, resource: str) -> list[Rule]:
        """Return the rules about this action on this resource."""
        known = self.compiled.by_role.get((action, resource), {})
        if len(known) <= len(self.roles):
            mine = [role for role in known if role in self.roles]
        else:  # of a policy with thousands of roles somebody has few
            place = self.compiled.place
            mine = sorted((role for role in self.roles if role in known), key=lambda role: place[role])
        found = [rule for role in mine for rule in known[role]]
        return found + self.compiled.separations.get((action, resource), [])

    def formula(self, action: str, resource: str) -> Condition:
        """Return the condition under which the action is allowed, in negation normal form."""
        found = self._formulas.get((action, resource))
        if found is None:
            found = self._formulas[action, resource] = decide(self.rules(action, resource))
        return found

    def caps(self, resource: str) -> list[Rule]:
        """Return the field rules that take away reading."""
        found = self._caps.get(resource)
        if found is None:
            found = self._caps[resource] = [
                rule
                for rule in self.compiled.field_rules.get(resource, ())
                if rule.effect == "cap"
                and rule.role in self.roles
                and rule.field_rule is not None
                and LEVELS.index(rule.field_rule.level) < LEVELS.index("read")
            ]
        return found

    def field_rules(self, field: str, resource: str) -> list[Rule]:
        """Return the field rules about this field."""
        declared = self.compiled.policy.resources[resource]
        return [
            rule
            for rule in self.compiled.field_rules.get(resource, ())
            if rule.role in self.roles and rule.field_rule is not None and field in selected(rule.field_rule, declared)
        ]

    def at_least(self, level: Level, field: str, resource: str, *, action: str = "") -> Condition:
        """Return the condition under which the field has this level or more.

        Args:
            level: The level.
            field: The field.
            resource: Its resource.
            action: The right to the record that it goes with; ``read``, and ``update`` for the level ``write``.
        """
        action = action or ("update" if level == "write" else "read")
        key = (field, resource, level, action)
        found = self._levels.get(key)
        if found is None:
            rank = LEVELS.index(level)
            rights = [self.formula(action, resource)]
            if action == "update":
                rights.append(self.formula("read", resource))
            rules = self.field_rules(field, resource)
            allows = [rule.condition for rule in rules if rule.effect == "allow" and _rank(rule) >= rank]
            if self.compiled.policy.resources[resource].fields[field].sensitivity == "public":
                allows.append(TRUE)
            caps = [negate(rule.condition) for rule in rules if rule.effect == "cap" and _rank(rule) < rank]
            found = self._levels[key] = all_of([*rights, any_of(allows), *caps])
        return found


def _rank(rule: Rule) -> int:
    if rule.field_rule is None:  # pragma: no cover - only field rules are asked
        raise AssertionError
    return LEVELS.index(rule.field_rule.level)


def decide(rules: Iterable[Rule]) -> Condition:
    """Return the one formula of some rules: an allow is TRUE and every deny is FALSE."""
    rules = list(rules)
    allows = merged(any_of(rule.condition for rule in rules if rule.effect == "allow"))
    if allows == FALSE:
        return FALSE
    return all_of([*(negate(rule.condition) for rule in rules if rule.effect == "deny"), allows])


def reads_clock(condition: Condition) -> bool:
    """Say whether the answer may change with time alone."""
    return any(isinstance(operand, Now) for node in walk(condition) for operand in node.operands)
