"""Least privilege: what nobody used can go, and a replay of the log shows that nobody would have missed it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from crmkit import _notebook, frames
from crmkit.issues import Report
from crmkit.permissions._decisions._engine import Engine
from crmkit.permissions._policy._given import check_org, check_policy, read_assignments
from crmkit.permissions._policy._people import moment_of
from crmkit.permissions._policy._policy import Policy

from ._diff import no_masks
from ._simulation import Simulation
from ._usage import read_usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit.permissions._decisions._engine import CustomPredicate
    from crmkit.permissions._decisions._view import View
    from crmkit.permissions._policy._people import Assignment, OrgChart
    from crmkit.permissions._policy._roles import Grant, Role
    from crmkit.typing import Frame, JSONValue, Usage, UsageSource

    from ._usage import Used

__all__ = ["LeastPrivilege", "Simulation", "Suggestion", "SuggestionKind", "least_privilege", "simulate"]

SuggestionKind: TypeAlias = Literal[
    "unused_role", "unused_permission", "unused_assignment", "narrower_scope", "split_role"
]
"""What could be less."""


@attrs.frozen
class Suggestion:
    """One thing that could be taken away, as far as the log tells.

    Attributes:
        kind: What kind of thing.
        role: Of which role.
        permission: ``resource.action``, where it is about one.
        principals: Who it is about.
        detail: For people.
        since: From when on the log was read.

    .. versionadded:: 0.1.0
    """

    kind: SuggestionKind
    role: str
    permission: str | None
    principals: tuple[str, ...]
    detail: str
    since: dt.datetime


class LeastPrivilege(Report):
    """What could be taken away; made by :func:`least_privilege`.

    Attributes:
        suggestions: Nothing where they are withheld.
        withheld: Why nothing is suggested, where that is so.
        since: From when on the log was read.

    .. versionadded:: 0.1.0
    """

    __slots__ = ("_policy", "since", "suggestions", "withheld")

    def __init__(
        self, policy: Policy, suggestions: Iterable[Suggestion], *, since: dt.datetime, withheld: str | None = None
    ) -> None:
        self._policy = policy
        self.suggestions = tuple(suggestions)
        self.withheld = withheld
        self.since = since

    def __repr__(self) -> str:
        return f"<LeastPrivilege: {self.withheld or f'{len(self.suggestions)} suggestions'}>"

    @property
    def ok(self) -> bool:
        """Whether the log told enough, and nothing is left over."""
        return self.withheld is None and not self.suggestions

    def counts(self) -> Mapping[str, int]:
        """Return how many suggestions there are of each kind."""
        return dict(Counter(one.kind for one in self.suggestions))

    def proposal(self) -> Policy:
        """Return the policy without the permissions that nobody used; denies, caps and fields stay."""
        unused = {(one.role, one.permission) for one in self.suggestions if one.kind == "unused_permission"}
        roles = [self._less(role, unused) for role in self._policy.roles.values()]
        old = self._policy
        return Policy(
            list(old.resources.values()),
            roles,
            sod=old.sod,
            principal=old.principal,
            context=old.context,
            predicates=old.predicates,
            masks=old.masks,
        )

    def _less(self, role: Role, unused: set[tuple[str, str | None]]) -> Role:
        grants: list[Grant] = []
        for grant in role.grants:
            actions = self._policy.resources[grant.resource].expand(grant.actions)
            kept = [action for action in actions if (role.id, f"{grant.resource}.{action}") not in unused]
            if grant.effect == "deny" or len(kept) == len(actions):
                grants.append(grant)
            elif kept:
                grants.append(attrs.evolve(grant, actions=kept))
        return attrs.evolve(role, grants=grants)

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return the suggestions as a frame."""
        columns: dict[str, list[object]] = {
            "kind": [one.kind for one in self.suggestions],
            "role": [one.role for one in self.suggestions],
            "permission": [one.permission for one in self.suggestions],
            "principals": [" ".join(one.principals) for one in self.suggestions],
            "detail": [one.detail for one in self.suggestions],
        }
        return frames.build(columns, like=like)

    def to_dict(self) -> Mapping[str, JSONValue]:
        """Return the summary as plain data."""
        return {"since": self.since.isoformat(), "withheld": self.withheld, "counts": dict(self.counts())}

    def _repr_html_(self) -> str:
        rows = [(one.kind.replace("_", " "), one.role, one.detail) for one in self.suggestions[:20]]
        lead = self.withheld or (f"{len(self.suggestions):,} could be taken away" if rows else "nothing to take away")
        table = _notebook.table(("suggestion", "role", "what"), rows) if rows else ""
        return _notebook.sheet("Least privilege", lead, table, _notebook.more(len(rows), len(self.suggestions), "rows"))


def least_privilege(
    policy: Policy,
    assignments: Iterable[Assignment],
    usage: UsageSource,
    *,
    window: dt.timedelta = dt.timedelta(days=90),
    min_observation: dt.timedelta = dt.timedelta(days=30),
    at: dt.datetime | None = None,
    org: OrgChart | None = None,
    records: Mapping[str, Mapping[str, Mapping[str, object]]] | None = None,
    predicates: Mapping[str, CustomPredicate] | None = None,
) -> LeastPrivilege:
    """Say what was not used and could be taken away.

    Nothing is suggested where the log does not verify, or tells of less time than ``min_observation``: that nobody is
    seen to use a thing would then say nothing.

    Args:
        policy: The policy.
        assignments: Who has which roles.
        usage: What was used.
        window: How far back to look.
        min_observation: For how long the log must tell.
        at: When; now otherwise.
        org: Who people are.
        records: Resource -> id -> record as it is now, to see whether a narrower scope would do.
        predicates: As for the engine.

    Example:
        >>> from types import SimpleNamespace
        >>> from crmkit.permissions import Assignment, Grant, Policy, Resource, Role
        >>> deal = Resource("deal", actions=["read", "delete"])
        >>> policy = Policy([deal], [Role("sales", grants=[Grant("*", "deal", scope="all")])])
        >>> now = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
        >>> before = now - dt.timedelta(days=60)
        >>> read = SimpleNamespace(actor="ann", action="deal.read", resource=("deal", "1"), at=before)
        >>> log = SimpleNamespace(verified=True, usage=lambda since: [read])
        >>> found = least_privilege(policy, [Assignment("ann", "sales")], log, at=now)
        >>> [suggestion.permission for suggestion in found.suggestions]
        ['deal.delete']

    .. versionadded:: 0.1.0
    """
    check_policy(policy)
    check_org(org)
    moment = moment_of(at)
    given = read_assignments(assignments)
    since = moment - window
    used = read_usage(usage, policy, since)
    if not used.verified:
        return LeastPrivilege(policy, (), since=since, withheld="the log does not verify")
    if used.first is None or moment - used.first < min_observation:
        return LeastPrivilege(
            policy, (), since=since, withheld=f"the log tells of less than {min_observation.days} days"
        )
    engine = Engine(policy, given, org=org, predicates=predicates, masks=no_masks(policy), constraints="report")
    found = [*_unused(engine, used, moment), *_narrower(engine, used, records or {})]
    return LeastPrivilege(policy, found, since=since)


def _unused(engine: Engine, used: Used, at: dt.datetime) -> Iterable[Suggestion]:
    """Suggest to take away what nobody used: by role, by permission of a role, by member; and to split roles."""
    compiled = engine._state.compiled
    members: dict[str, set[str]] = {}
    direct: dict[str, set[str]] = {}
    for one in engine.assignments:
        if one.valid(at):
            direct.setdefault(one.role, set()).add(one.principal)
            for role in compiled.closure([one.role]):
                members.setdefault(role, set()).add(one.principal)
    by_actor: dict[str, set[tuple[str, str]]] = {}
    for actor, action, resource in used.last:
        by_actor.setdefault(actor, set()).add((action, resource))
    allows: dict[str, list[tuple[str, str]]] = {}
    for key, rules in compiled.grants.items():
        for role in dict.fromkeys(rule.role for rule in rules if rule.effect == "allow"):
            allows.setdefault(role, []).append(key)
    for role, keys in allows.items():
        holders = sorted(members.get(role, ()))
        mine = set(keys)
        uses = {holder: by_actor.get(holder, set()) & mine for holder in holders}
        everything = set().union(*uses.values())
        if holders and not everything:
            yield Suggestion("unused_role", role, None, tuple(holders), "nobody used any of it", used.since)
        for action, resource in keys:
            if holders and (action, resource) not in everything:
                name = f"{resource}.{action}"
                yield Suggestion("unused_permission", role, name, tuple(holders), f"nobody used {name}", used.since)
        inherited = {key for name in compiled.closure([role]) for key in allows.get(name, ())}
        for holder in sorted(direct.get(role, ())):
            if everything and not by_actor.get(holder, set()) & inherited:
                yield Suggestion("unused_assignment", role, None, (holder,), f"{holder} used none of it", used.since)
        groups = _groups({holder: keys for holder, keys in uses.items() if keys})
        if len(groups) > 1:
            shown = " | ".join(", ".join(group) for group in groups)
            yield Suggestion(
                "split_role", role, None, tuple(holders), f"used by groups with nothing in common: {shown}", used.since
            )


def _groups(uses: Mapping[str, set[tuple[str, str]]]) -> list[tuple[str, ...]]:
    """Return the members in groups that share no permission; those who used the same are looked at once."""
    alike: dict[frozenset[tuple[str, str]], list[str]] = {}
    for holder, keys in uses.items():
        alike.setdefault(frozenset(keys), []).append(holder)
    groups: list[tuple[list[str], set[tuple[str, str]]]] = []
    for used, holders in alike.items():
        names, shared = list(holders), set(used)
        apart: list[tuple[list[str], set[tuple[str, str]]]] = []
        for others, theirs in groups:
            if theirs & shared:
                names += others
                shared |= theirs
            else:
                apart.append((others, theirs))
        groups = [*apart, (names, shared)]
    return [tuple(sorted(names)) for names, _ in groups]


def _narrower(
    engine: Engine, used: Used, records: Mapping[str, Mapping[str, Mapping[str, object]]]
) -> Iterable[Suggestion]:
    """Suggest narrower scopes where every use that could be looked at was of a narrower one."""
    from crmkit.permissions._conditions._schema import SCOPES

    levels: dict[tuple[str, str], set[str]] = {}
    total: Counter[tuple[str, str]] = Counter()
    seen: Counter[tuple[str, str]] = Counter()
    for use, (action, kind) in used.events:
        total[action, kind] += 1
        record = records.get(kind, {}).get(use.resource[1]) if use.resource is not None else None
        if record is not None and use.actor in engine.org.people:
            decision = _view(engine, use).explain(action, kind, record)
            if decision.scope_level is not None:
                seen[action, kind] += 1
                levels.setdefault((action, kind), set()).add(decision.scope_level)
    for role in engine.policy.roles.values():
        for grant in role.grants:
            for action in engine.policy.resources[grant.resource].expand(grant.actions):
                key = (action, grant.resource)
                widest = max((SCOPES.index(scope) for scope in grant.scope), default=-1)
                needed = max((SCOPES.index(scope) for scope in levels.get(key, ())), default=widest)
                if grant.effect == "allow" and needed < widest and seen[key] == total[key]:
                    name = f"{grant.resource}.{action}"
                    detail = (
                        f"{name}: {SCOPES[needed]} was enough for all {seen[key]} uses, {SCOPES[widest]} is granted"
                    )
                    yield Suggestion("narrower_scope", role.id, name, (), detail, used.since)


def _view(engine: Engine, use: Usage) -> View:
    """Return what the actor might then, with all their roles together, also those that are never active together."""
    return engine._make(engine._state, use.actor, use.at, None, None, None, audited=False)


def simulate(
    policy: Policy,
    assignments: Iterable[Assignment],
    usage: UsageSource,
    *,
    since: dt.datetime,
    org: OrgChart | None = None,
    records: Mapping[str, Mapping[str, Mapping[str, object]]] | None = None,
    predicates: Mapping[str, CustomPredicate] | None = None,
) -> Simulation:
    """Replay a log against a policy, and say what of that would have been denied.

    Args:
        policy: The policy to try.
        assignments: Who has which roles.
        usage: What was done.
        since: From when on.
        org: Who people are.
        records: Resource -> id -> record; a use of a record that is not among them is unsure where it depends.
        predicates: As for the engine.

    Raises:
        SchemaError: The log does not verify: what it says was done may not have been.

    Example:
        >>> from types import SimpleNamespace
        >>> from crmkit.permissions import Assignment, Grant, Policy, Resource, Role
        >>> deal = Resource("deal", actions=["read"])
        >>> policy = Policy([deal], [Role("all", grants=[Grant("read", "deal", scope="all")])])
        >>> now = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
        >>> read = SimpleNamespace(actor="ann", action="deal.read", resource=("deal", "1"), at=now)
        >>> log = SimpleNamespace(verified=True, usage=lambda since: [read])
        >>> simulate(policy, [Assignment("ann", "all")], log, since=now).ok
        True

    .. versionadded:: 0.1.0
    """
    from crmkit.errors import SchemaError
    from crmkit.permissions._decisions._decision import Outcome

    check_policy(policy)
    engine = Engine(policy, assignments, org=org, predicates=predicates, masks=no_masks(policy), constraints="report")
    if not usage.verified:
        raise SchemaError("the log does not verify, so a replay of it would prove nothing")
    allowed = 0
    denied: list[Usage] = []
    unsure: list[Usage] = []
    for use, (action, kind) in read_usage(usage, policy, since).events:
        if use.actor not in engine.org.people:
            denied.append(use)
            continue
        view = _view(engine, use)
        record = (records or {}).get(kind, {}).get(use.resource[1]) if use.resource is not None else None
        outcome = view.outcome(action, kind)
        if record is not None and outcome is Outcome.DEPENDS:
            outcome = Outcome.ALWAYS if view.allows(action, kind, record) else Outcome.NEVER
        if outcome is Outcome.DEPENDS:
            unsure.append(use)
        elif outcome is Outcome.NEVER:
            denied.append(use)
        else:
            allowed += 1
    return Simulation(allowed, tuple(denied), tuple(unsure))
