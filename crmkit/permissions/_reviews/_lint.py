"""What is legal in a policy and probably a mistake."""

from __future__ import annotations

import datetime as dt
import unicodedata
from typing import TYPE_CHECKING, Final

from crmkit.errors import NotTranslatableError
from crmkit.permissions._conditions._normal import fields_of, normal, walk
from crmkit.permissions._conditions._operands import RecordValue
from crmkit.permissions._conditions._schema import LEVELS
from crmkit.permissions._conditions._tree import FALSE, TRUE, All, Any, Condition, Custom
from crmkit.permissions._decisions._compile import Compiled, RoleSet, Rule
from crmkit.permissions._decisions._interpret import Interpreter
from crmkit.permissions._decisions._known import Known
from crmkit.permissions._decisions._regions import regions
from crmkit.permissions._decisions._separation import members_of, violations
from crmkit.permissions._filters._sql import sql
from crmkit.permissions._policy._given import check_org, check_policy, read_assignments
from crmkit.permissions._policy._people import OrgChart, Principal, moment_of

from ._lint_report import LINT_CODES, Finding, LintReport

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crmkit.permissions._conditions._schema import Resource
    from crmkit.permissions._policy._people import Assignment
    from crmkit.permissions._policy._policy import Policy
    from crmkit.permissions._policy._roles import Role

__all__ = ["lint"]


def lint(
    policy: Policy,
    assignments: Iterable[Assignment] | None = None,
    *,
    org: OrgChart | None = None,
    at: dt.datetime | None = None,
) -> LintReport:
    """Look for what is legal and probably a mistake.

    Args:
        policy: The policy.
        assignments: Who has which roles; without them nothing is said about members.
        org: Who people are, to know who is active.
        at: When; now otherwise.

    Example:
        >>> from crmkit.permissions import Policy, Resource, Role
        >>> lint(Policy([Resource("deal", actions=["read"])], [Role("idle", owner="ann")])).counts()
        {'empty_role': 1, 'granted_to_nobody': 1}

    .. versionadded:: 0.1.0
    """
    check_policy(policy)
    check_org(org)
    linter = _Linter(policy)
    found = list(linter.policy_findings())
    if assignments is not None:
        moment = moment_of(at)
        found += linter.assignment_findings(read_assignments(assignments), org, moment)
    return LintReport(found)


def _finding(code: str, path: tuple[str | int, ...], detail: str = "") -> Finding:
    severity, message = LINT_CODES[code]
    return Finding(code, severity, path, f"{message}{detail}")


class _Linter:
    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._compiled = Compiled(policy)
        self._allowed: dict[tuple[str, str], list[Rule]] = {
            key: [rule for rule in rules if rule.effect == "allow"] for key, rules in self._compiled.grants.items()
        }
        self._by_role: dict[tuple[str, str, str], list[Rule]] = {}
        for (action, resource), rules in self._compiled.grants.items():
            for rule in rules:
                self._by_role.setdefault((rule.role, action, resource), []).append(rule)

    def policy_findings(self) -> Iterator[Finding]:
        for role in self._policy.roles.values():
            yield from self._role(role)
        yield from self._identical()
        yield from self._confusable()
        for resource in self._policy.resources.values():
            for action in resource.actions:
                if not self._allowed.get((action, resource.name)):
                    yield _finding("granted_to_nobody", ("resources", resource.name, action))
        for place, separation in enumerate(self._policy.sod):
            if separation.kind == "static":
                for name in self._policy.roles:
                    if len(members_of(self._compiled, separation, [name])) > separation.at_most:
                        yield _finding("sod_unsatisfiable", ("sod", place), f": {name}")

    def _role(self, role: Role) -> Iterator[Finding]:
        path: tuple[str | int, ...] = ("roles", role.id)
        if not role.grants and not role.field_rules and not role.inherits:
            yield _finding("empty_role", path)
        if role.owner is None:
            yield _finding("role_without_owner", path)
        role_set = self._compiled.role_set([role.id])
        for resource in {grant.resource for grant in role.grants}:
            actions = self._policy.resources[resource].actions
            if "read" in actions and "update" in actions:
                formulas = [role_set.formula(action, resource) for action in ("update", "read")]
                if formulas[0] != FALSE and formulas[1] == FALSE:
                    yield _finding("write_without_read", path, f": {resource}")
        for place, grant in enumerate(role.grants):
            where = (*path, "grants", place)
            if grant.cross_tenant:
                yield _finding("cross_tenant", where)
            yield from self._condition(grant.when, grant.resource, role_set, where)
        yield from self._rules(role.id, role_set, path)
        for place, rule in enumerate(role.field_rules):
            where = (*path, "fields", place)
            fields = self._policy.resources[rule.resource].fields
            clear = rule.effect == "allow" and LEVELS.index(rule.level) >= LEVELS.index("read")
            shown = [name for name in fields if fields[name].sensitivity not in ("public", "internal")]
            if clear and "*" in rule.fields and shown:
                yield _finding("wildcard_sensitive", where, f": {', '.join(shown)}")
            yield from self._condition(rule.when, rule.resource, role_set, where)

    def _condition(
        self, when: Condition, resource: str, role_set: RoleSet, path: tuple[str | int, ...]
    ) -> Iterator[Finding]:
        if when == TRUE:
            return
        declared = self._policy.resources[resource]
        formula = normal(when)
        truth = _constant(formula)
        if truth is not None:
            yield _finding("always_true" if truth else "never_true", path)
            return
        if not _reads_others(formula):
            try:
                sql(formula, declared, dialect="sqlite", paramstyle="qmark", columns={})
            except NotTranslatableError as error:
                yield _finding("untranslatable", path, f": {error}")
            if _never(formula, declared):
                yield _finding("never_true", path)
        for name in fields_of(formula):
            secret = declared.fields[name].sensitivity not in ("public", "internal")
            if secret and role_set.at_least("read", name, resource) == FALSE:
                yield _finding("sensitive_in_condition", path, f": {name}")

    def _rules(self, role: str, role_set: RoleSet, path: tuple[str | int, ...]) -> Iterator[Finding]:
        """Look for rules of a role that another rule makes useless."""
        seen: set[tuple[str, str]] = set()
        for action, resource in self._keys(role):
            own = self._by_role[role, action, resource]
            inherited = [rule for rule in role_set.rules(action, resource) if rule.role != role]
            denies = [rule for rule in [*own, *inherited] if rule.effect == "deny" and rule.condition == TRUE]
            for rule in own:
                code = self._useless(rule, own, inherited, denies, (action, resource))
                if code is not None and (rule.id, code) not in seen:
                    seen.add((rule.id, code))
                    yield _finding(code, (*path, rule.id), f": {action} on {resource}")

    def _keys(self, role: str) -> list[tuple[str, str]]:
        found: dict[tuple[str, str], None] = {}
        for grant in self._policy.roles[role].grants:
            for action in self._policy.resources[grant.resource].expand(grant.actions):
                found[action, grant.resource] = None
        return list(found)

    def _useless(
        self, rule: Rule, own: list[Rule], inherited: list[Rule], denies: list[Rule], key: tuple[str, str]
    ) -> str | None:
        if rule.effect == "deny":
            return None if self._allowed.get(key) else "deny_never_bites"
        if denies:
            return "shadowed"
        for place, other in enumerate(own):
            first = own.index(rule) > place
            wider = other is not rule and other.effect == "allow" and covers(other.condition, rule.condition)
            if wider and (first or not covers(rule.condition, other.condition)):
                return "redundant_in_role"
        if any(other.effect == "allow" and covers(other.condition, rule.condition) for other in inherited):
            return "redundant_by_inheritance"
        return None

    def _identical(self) -> Iterator[Finding]:
        seen: dict[object, str] = {}
        for role in self._policy.roles.values():
            key = (frozenset(role.inherits), role.grants, role.field_rules)
            if key == (frozenset(), (), ()):
                continue
            other = seen.setdefault(key, role.id)
            if other != role.id:
                yield _finding("identical_roles", ("roles", role.id), f": {other}")

    def _confusable(self) -> Iterator[Finding]:
        seen: dict[str, str] = {}
        for name in self._policy.roles:
            other = seen.setdefault(skeleton(name), name)
            if other != name:
                yield _finding("confusable_names", ("roles", name), f": {other!r} and {name!r}")

    def assignment_findings(
        self, assignments: tuple[Assignment, ...], org: OrgChart | None, at: dt.datetime
    ) -> Iterator[Finding]:
        policy = self._policy
        held: dict[str, dict[str, None]] = {}
        live: list[Assignment] = []
        for place, one in enumerate(assignments):
            path = ("assignments", place)
            if one.role not in policy.roles or (org is not None and one.principal not in org.people):
                yield _finding("unknown_member", path)
                continue
            if one.not_after is not None and one.not_after <= at:
                yield _finding("expired_assignment", path)
                continue
            if one.principal in held.get(one.role, {}) and one in live:
                yield _finding("duplicate_assignment", path)
            if policy.roles[one.role].privileged and one.not_after is None:
                yield _finding("permanent_privilege", path)
            held.setdefault(one.role, {})[one.principal] = None
            live.append(one)
        for role in policy.roles.values():
            members = held.get(role.id, {})
            where = ("roles", role.id)
            if not members:
                yield _finding("role_without_members", where)
            if role.max_members is not None and len(members) > role.max_members:
                yield _finding("too_many_members", where, f": {len(members)} of {role.max_members}")
            for needed in role.requires:
                if any(member not in held.get(needed, {}) for member in members):
                    yield _finding("missing_prerequisite", where, f": {needed}")
        privileged = [role.id for role in policy.roles.values() if role.privileged]
        active = {member for role in privileged for member in held.get(role, {})
                  if org is None or org.people[member].status == "active"}  # fmt: skip
        if privileged and not active:
            yield _finding("no_administrator", ("roles",))
        for violation in violations(self._compiled, live, at):
            if not violation.exempt:
                yield _finding("sod_violated", ("sod", violation.separation), f": {', '.join(violation.members)}")


def covers(wide: Condition, narrow: Condition) -> bool:
    """Say whether the first holds wherever the second does, as far as their shape tells."""
    if wide in (TRUE, narrow):
        return True
    if isinstance(wide, Any) and set(narrow.parts if isinstance(narrow, Any) else (narrow,)) <= set(wide.parts):
        return True
    parts = dict.fromkeys(narrow.parts) if isinstance(narrow, All) else {narrow: None}
    if isinstance(wide, All):
        return all(
            part in parts or (isinstance(part, (All, Any)) and any(covers(part, other) for other in parts))
            for part in wide.parts
        )
    if not isinstance(wide, Any):
        return wide in parts
    return any(covers(wide, other) for other in parts if other != narrow)


def _never(formula: Condition, declared: Resource) -> bool:
    """Say whether no record can meet it, where every kind of record can be listed; one comparison alone can be met."""
    if not any(isinstance(node, All) for node in walk(formula)):
        return False
    asked = regions((formula,), declared)
    return asked.complete and not any(Interpreter(declared, _NOBODY, {}, one).ask(formula) for one in asked.records())


def _constant(formula: Condition) -> bool | None:
    return None if formula not in (TRUE, FALSE) else formula == TRUE


def _reads_others(formula: Condition) -> bool:
    """Say whether principal, context or time are asked for, which are not known here."""
    return any(
        isinstance(node, Custom) or not all(isinstance(one, RecordValue) for one in node.operands)
        for node in walk(formula)
    )


_NOBODY: Final = Known(
    Principal("nobody"), OrgChart(), tenant=None, attributes={}, context={}, clock=lambda: dt.datetime.now(tz=dt.UTC)
)  # where only the record is asked


_LOOKALIKES: Final = str.maketrans(
    "аеорсухіјԁһоАВЕКМНОРСТХІЈαορντυικΑΒΕΖΗΙΚΜΝΟΡΤΥΧ0|1", "aeopcyxijdhoABEKMHOPCTXIJaopvtuikABEZHIKMNOPTYXolI"
)


def skeleton(name: str) -> str:
    """Return what a name looks like: other scripts' look-alikes, width, case and invisible characters taken away.

    Source:
        After Unicode Technical Standard 39, section 4; only the look-alikes of Latin letters that Cyrillic and Greek
        have, which is what mistakes and tricks are made of.
    """
    plain = "".join(char for char in unicodedata.normalize("NFKC", name) if unicodedata.category(char) != "Cf")
    return plain.translate(_LOOKALIKES).casefold().replace("i", "l").replace("_", "").replace("-", "").replace(" ", "")
