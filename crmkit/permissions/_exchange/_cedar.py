"""A policy as Cedar policies: for a second opinion on decisions, and for Cedar's own analysers.

Cedar skips a rule whose condition fails for a missing attribute, also where it forbids. So every condition is written
with its own tests of presence: an allow as "is TRUE", a deny as "is not FALSE".
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from crmkit.errors import NotTranslatableError
from crmkit.permissions._conditions._atoms import OPERATORS, Atom, Compare, Contains, In, IsNull, StartsWith
from crmkit.permissions._conditions._normal import negate
from crmkit.permissions._conditions._operands import Operand, PrincipalValue, RecordValue
from crmkit.permissions._conditions._schema import PRINCIPAL_TYPES
from crmkit.permissions._conditions._tree import All, Condition, Const, Not
from crmkit.permissions._conditions._tree import Any as AnyOf
from crmkit.permissions._decisions._compile import Compiled
from crmkit.permissions._policy._given import check_policy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.permissions._conditions._schema import Resource
    from crmkit.permissions._conditions._types import Type
    from crmkit.permissions._decisions._view import View
    from crmkit.permissions._policy._policy import Policy

__all__ = ["cedar_entities", "to_cedar"]


def to_cedar(policy: Policy) -> str:
    """Return the decisions of a policy as Cedar policies.

    Roles are entities of type ``Role``, principals of type ``User`` are in the roles that are active. A record is an
    entity of the type of its resource, named as in the policy; a missing field is an attribute that is not there.

    Raises:
        NotTranslatableError: A condition asks for fractions, dates, the clock, text in text, or a predicate.

    Example:
        >>> from crmkit.permissions import Grant, Policy, Resource, Role
        >>> deal = Resource("deal", actions=["read"], owner="owner_id")
        >>> print(to_cedar(Policy([deal], [Role("sales", grants=[Grant("read", "deal", scope="own")])])))
        @id("sales.grants.0")
        permit (principal in Role::"sales", action == Action::"deal.read", resource)
        when { (resource has "owner_id" && principal has "id" && resource["owner_id"] == principal["id"]) };

    .. versionadded:: 0.1.0
    """
    check_policy(policy)
    compiled = Compiled(policy)
    found: list[str] = []
    for (action, name), rules in {**compiled.grants}.items():
        resource = policy.resources[name]
        for rule in [*rules, *compiled.separations.get((action, name), [])]:
            writer = _Writer(policy, resource)
            who = "principal" if rule.grant is None else f"principal in Role::{_text(rule.role)}"
            head = f"({who}, action == Action::{_text(f'{name}.{action}')}, resource)"
            # A deny counts where it is not FALSE: where its negation is not TRUE.
            body = (
                writer.write(rule.condition) if rule.effect == "allow" else f"!{writer.write(negate(rule.condition))}"
            )
            word = "permit" if rule.effect == "allow" else "forbid"
            found.append(f"@id({_text(rule.id)})\n{word} {head}\nwhen {{ {body} }};")
    return "\n".join(found)


def cedar_entities(view: View, resource: str, record: Mapping[str, object]) -> list[dict[str, Any]]:
    """Return one principal, their roles and one record as Cedar's entities, to ask Cedar the same question.

    Raises:
        NotTranslatableError: A value is of a type that Cedar lacks.

    Example:
        >>> from crmkit.permissions import Assignment, Engine, Policy, Resource, Role
        >>> policy = Policy([Resource("deal", actions=["read"])], [Role("sales")])
        >>> view = Engine(policy, [Assignment("ann", "sales")]).view("ann")
        >>> [entity["uid"]["type"] for entity in cedar_entities(view, "deal", {"id": 7})]
        ['User', 'deal', 'Role']

    .. versionadded:: 0.1.0
    """
    declared = view._compiled.policy.resource(resource)
    names = [*PRINCIPAL_TYPES, *view._compiled.policy.principal]
    mine = {name: view._known.value(PrincipalValue(name)) for name in names}
    roles = sorted(view.roles) if view._active else []
    entities: list[dict[str, Any]] = [
        {"uid": {"type": "User", "id": view.principal}, "attrs": _attributes(mine),
         "parents": [{"type": "Role", "id": role} for role in roles]},
        {"uid": {"type": resource, "id": str(record.get(declared.key))},
         "attrs": _attributes({name: record.get(name) for name in declared.fields}), "parents": []},
    ]  # fmt: skip
    return entities + [{"uid": {"type": "Role", "id": role}, "attrs": {}, "parents": []} for role in roles]


def _attributes(values: Mapping[str, object]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, (frozenset, list, tuple, set)):
            found[name] = sorted(value, key=str)
        elif isinstance(value, (float, Decimal)) or (value is not None and not isinstance(value, (str, int))):
            raise NotTranslatableError(f"Cedar has no {type(value).__name__} for {name!r}")
        elif value is not None:
            found[name] = value
    return found


def _text(value: str) -> str:
    """Return a text as Cedar writes it; JSON's escapes with braces around code points."""
    return "".join(
        f"\\u{{{ord(char):x}}}" if ord(char) < 0x20 or ord(char) > 0x7E else json.dumps(char)[1:-1] for char in value
    ).join('""')


class _Writer:
    """Writes "is TRUE" of a condition in negation normal form."""

    def __init__(self, policy: Policy, resource: Resource) -> None:
        self._declared = policy.declared(resource)

    def write(self, condition: Condition) -> str:
        if isinstance(condition, Const):
            return f"({str(condition.value).lower()})"
        if isinstance(condition, (All, AnyOf)):
            sign = " && " if isinstance(condition, All) else " || "
            return f"({sign.join(self.write(part) for part in condition.parts)})"
        negated = isinstance(condition, Not)
        atom = condition.part if isinstance(condition, Not) else condition
        if not isinstance(atom, Atom):
            raise NotTranslatableError(f"Cedar cannot be asked for {atom!r}")
        left, there = self._operand(atom.left)
        if isinstance(atom, IsNull):
            return f"({there})" if negated else f"(!({there}))"
        test = self._test(atom, left)
        if isinstance(atom, In) and negated and isinstance(atom.right, Operand):
            right, held = self._operand(atom.right)  # nothing is in an empty list, not even what is missing
            return f"({held} && ({right} == [] || ({there} && !({test}))))"
        guards = [there]
        if isinstance(atom.right, Operand):
            guards.append(self._operand(atom.right)[1])
        return f"({' && '.join([*guards, f'!({test})' if negated else test])})"

    def _test(self, atom: Atom, left: str) -> str:
        right = self._operand(atom.right)[0] if isinstance(atom.right, Operand) else self._value(atom.right)
        if isinstance(atom, Compare):
            if atom.operator not in ("eq", "ne") and self._declared.type_of(atom.left) != "int":
                raise NotTranslatableError("Cedar orders integers only")
            return f"{left} {OPERATORS[atom.operator]} {right}"
        if isinstance(atom, In):
            return f"{right}.contains({left})"
        if isinstance(atom, Contains):
            return f"{left}.contains({right})"
        if isinstance(atom, StartsWith) and isinstance(atom.right, str):
            return f"{left} like {self._pattern(atom.right)}"
        raise NotTranslatableError(f"Cedar cannot be asked for {type(atom).__name__}")

    def _operand(self, operand: Operand) -> tuple[str, str]:
        kind: Type = self._declared.type_of(operand)
        if kind not in ("str", "int", "bool", "list"):
            raise NotTranslatableError(f"{operand!r} is {kind}, which Cedar lacks or compares otherwise")
        owner = {RecordValue: "resource", PrincipalValue: "principal"}.get(type(operand), "context")
        name = _text(operand.name)
        return f"{owner}[{name}]", f"{owner} has {name}"

    def _value(self, value: object) -> str:
        if isinstance(value, tuple):
            return f"[{', '.join(self._value(one) for one in value)}]"
        if isinstance(value, bool):
            return str(value).lower()
        return _text(value) if isinstance(value, str) else str(cast("int", value))

    @staticmethod
    def _pattern(prefix: str) -> str:
        return _text(prefix).replace("*", "\\*")[:-1] + '*"'
