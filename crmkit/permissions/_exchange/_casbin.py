"""Policies out of casbin: the families whose meaning is known exactly; every other model is refused by name."""

from __future__ import annotations

import configparser
import csv
import io
import re
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote

import attrs

from crmkit.errors import FormatError
from crmkit.permissions._conditions._schema import Resource
from crmkit.permissions._policy._people import Assignment, OrgChart, Principal
from crmkit.permissions._policy._policy import Policy
from crmkit.permissions._policy._roles import Grant, Role

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CasbinPolicy", "from_casbin"]

_ALLOW: Final = "some(where(p.eft==allow))"
_NO_DENY: Final = "!some(where(p.eft==deny))"
_EFFECTS: Final = {_ALLOW: False, f"{_ALLOW}&&{_NO_DENY}": True, f"{_NO_DENY}&&{_ALLOW}": True}
_PLAIN: Final = {"r.sub==p.sub", "r.obj==p.obj", "r.act==p.act"}
_MATCHERS: Final[dict[frozenset[str], Literal["plain", "rbac", "domains"]]] = {
    frozenset(_PLAIN): "plain",
    frozenset({*_PLAIN - {"r.sub==p.sub"}, "g(r.sub,p.sub)"}): "rbac",
    frozenset({*_PLAIN - {"r.sub==p.sub"}, "g(r.sub,p.sub,r.dom)", "r.dom==p.dom"}): "domains",
}
_SECTIONS: Final = {"request_definition", "policy_definition", "role_definition", "policy_effect", "matchers"}


@attrs.frozen
class CasbinPolicy:
    """What was read: a policy, who has which roles, and who there is.

    Attributes:
        policy: Objects are resources, subjects with rules are roles. In a model with domains a role is
            ``domain/name``, the domain percent-encoded, so that no two of them are one.
        assignments: Each subject holds the role of its own name and those that ``g`` gives.
        org: The subjects.

    .. versionadded:: 0.1.0
    """

    policy: Policy
    assignments: tuple[Assignment, ...]
    org: OrgChart


def from_casbin(model: str, policy: str) -> CasbinPolicy:
    """Read a casbin model and its policy.

    Args:
        model: Text of the ``.conf`` file: plain, with roles, with roles and deny-override, or with roles in domains.
        policy: Text of the ``.csv`` file.

    Raises:
        FormatError: The model or a line is of another kind; the message names what it has that is not understood.
        PolicyFileError: Roles inherit in a circle, which casbin accepts.

    Example:
        >>> model = '''[request_definition]
        ... r = sub, obj, act
        ... [policy_definition]
        ... p = sub, obj, act
        ... [policy_effect]
        ... e = some(where (p.eft == allow))
        ... [matchers]
        ... m = r.sub == p.sub && r.obj == p.obj && r.act == p.act'''
        >>> from crmkit.permissions import Engine
        >>> read = from_casbin(model, "p, alice, data1, read")
        >>> Engine(read.policy, read.assignments, org=read.org).view("alice").allows("read", "data1", {})
        True

    .. versionadded:: 0.1.0
    """
    family, has_effect = _family(model)
    rules, links = _lines(policy, family, has_effect=has_effect)
    return _Importer(family).build(rules, links)


def _family(model: str) -> tuple[Literal["plain", "rbac", "domains"], bool]:
    """Return which of the known models this is, and whether its rules have an effect."""
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=True)
    try:
        parser.read_string(model)
    except configparser.Error as error:
        raise FormatError(f"not a casbin model: {type(error).__name__}") from None
    found = {
        f"{section}.{key}": re.sub(r"\s+", "", value) for section in parser for key, value in parser[section].items()
    }
    extra = set(parser.sections()) - _SECTIONS
    if extra:
        raise FormatError(f"casbin model with section [{min(extra)}] is not understood")
    matcher = found.get("matchers.m", "")
    family = _MATCHERS.get(frozenset(matcher.split("&&")))
    if family is None:
        raise FormatError(f"casbin matcher {matcher!r} is not understood")
    effect = found.get("policy_effect.e", "")
    if effect not in _EFFECTS:
        raise FormatError(f"casbin effect {effect!r} is not understood")
    subject = "sub,dom,obj,act" if family == "domains" else "sub,obj,act"
    expected = {
        "request_definition.r": subject,
        "policy_definition.p": subject + (",eft" if found.get("policy_definition.p", "").endswith(",eft") else ""),
        "role_definition.g": {"plain": None, "rbac": "_,_", "domains": "_,_,_"}[family],
    }
    known = {key for key, value in expected.items() if value is not None} | {"matchers.m", "policy_effect.e"}
    for key in sorted(found.keys() | known):
        if key not in known or found.get(key) != expected.get(key, found.get(key)) or key not in found:
            raise FormatError(f"casbin definition {key!r} is not understood")
    has_effect = found["policy_definition.p"].endswith(",eft")
    if has_effect and not _EFFECTS[effect]:
        raise FormatError("casbin rules with an effect and a policy effect that ignores denies are not understood")
    return family, has_effect


def _lines(policy: str, family: str, *, has_effect: bool) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    width = {"plain": 3, "rbac": 3, "domains": 4}[family] + has_effect
    rules: dict[tuple[str, ...], None] = {}
    links: dict[tuple[str, ...], None] = {}
    for number, row in _rows(policy):
        kind, cells = row[0], tuple(row[1:])
        if kind == "p" and len(cells) == width:
            if has_effect and cells[-1] not in ("allow", "deny"):
                raise FormatError(f"line {number}: the effect is neither allow nor deny")
            rules[cells] = None
        elif kind == "g" and family != "plain" and len(cells) == (3 if family == "domains" else 2):
            links[cells] = None
        else:
            raise FormatError(f"line {number} of the casbin policy is not understood")
    return list(rules), list(links)


def _rows(policy: str) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(csv.reader(io.StringIO(policy), skipinitialspace=True), 1):
        cells = [cell.strip() for cell in row]
        if cells and cells != [""] and not cells[0].startswith("#"):
            yield number, cells


class _Importer:
    """Builds roles: every name that has a rule or is linked is one, and a subject holds the role of its own name."""

    def __init__(self, family: str) -> None:
        self._domains = family == "domains"

    def build(self, rules: list[tuple[str, ...]], links: list[tuple[str, ...]]) -> CasbinPolicy:
        actions: dict[str, dict[str, None]] = {}
        grants: dict[str, list[Grant]] = {}
        subjects: dict[str, dict[str, None]] = {}
        inherits: dict[str, dict[str, None]] = {}
        for cells in rules:
            subject, domain, obj, action, effect = self._rule(cells)
            actions.setdefault(obj, {})[action] = None
            scope = None if effect == "deny" else "all"
            grant = Grant(action, obj, scope=scope, effect="deny" if effect == "deny" else "allow")
            grants.setdefault(self._role(subject, domain), []).append(grant)
            subjects.setdefault(subject, {})[domain] = None
        for cells in links:
            member, group = cells[0], cells[1]
            domain = cells[2] if self._domains else ""
            inherits.setdefault(self._role(member, domain), {})[self._role(group, domain)] = None
            subjects.setdefault(member, {})[domain] = None
            subjects.setdefault(group, {})[domain] = None
        names = [self._role(subject, domain) for subject, domains in subjects.items() for domain in domains]
        roles = [
            Role(name, kind="system", inherits=inherits.get(name, ()), grants=grants.get(name, ())) for name in names
        ]
        resources = [Resource(obj, actions=found) for obj, found in actions.items()]
        assignments = tuple(
            Assignment(subject, self._role(subject, domain), tenant=domain or None)
            for subject, domains in subjects.items()
            for domain in domains
        )
        return CasbinPolicy(Policy(resources, roles), assignments, OrgChart(map(Principal, subjects)))

    def _rule(self, cells: tuple[str, ...]) -> tuple[str, str, str, str, str]:
        if self._domains:
            subject, domain, obj, action, *effect = cells
        else:
            subject, obj, action, *effect = cells
            domain = ""
        return subject, domain, obj, action, effect[0] if effect else "allow"

    def _role(self, subject: str, domain: str) -> str:
        return f"{quote(domain, safe='')}/{subject}" if self._domains else subject
