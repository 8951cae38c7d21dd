"""What a change of policy changes: who gains and loses what, each with a record that shows it."""

from __future__ import annotations

import html
from collections import Counter
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from crmkit.issues import Report

from ._compile import reads_clock
from ._conditions import FALSE, Condition
from ._engine import Engine
from ._regions import regions
from ._schema import LEVELS, Field, Resource

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from crmkit.typing import Frame, JSONValue

    from ._engine import CustomPredicate
    from ._people import Assignment, OrgChart
    from ._policy import Policy
    from ._schema import Level
    from ._view import View

__all__ = ["AccessChange", "PolicyDiff", "Verdict", "check_access_not_granted", "check_no_new_access", "diff"]

Verdict: TypeAlias = Literal["wider", "narrower", "different", "unknown"]
"""How access changes: more, less, more and less, or nobody can say."""


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

    .. versionadded:: 0.1.0
    """

    principal: str
    resource: str
    action: str
    verdict: Verdict
    gained: Mapping[str, object] | None = attrs.field(default=None, repr=False)
    lost: Mapping[str, object] | None = attrs.field(default=None, repr=False)


class PolicyDiff(Report):
    """What changes between two policies; made by :func:`crmkit.permissions.diff`.

    Attributes:
        changes: One for each principal and thing whose access changes, or may.
        roles_added: Roles that only the new policy has.
        roles_removed: Roles that only the old policy has.
        old: Digest of the old policy.
        new: Digest of the new policy.

    .. versionadded:: 0.1.0
    """

    __slots__ = ("_refused", "changes", "new", "old", "roles_added", "roles_removed")

    def __init__(
        self,
        changes: Iterable[AccessChange],
        old: Policy,
        new: Policy,
        *,
        refused: frozenset[Verdict] = frozenset(),
    ) -> None:
        self.changes = tuple(changes)
        self.old = old.digest
        self.new = new.digest
        self.roles_added = tuple(sorted(new.roles.keys() - old.roles.keys()))
        self.roles_removed = tuple(sorted(old.roles.keys() - new.roles.keys()))
        self._refused = refused

    def __repr__(self) -> str:
        return f"<PolicyDiff: {', '.join(f'{n} {name}' for name, n in self.counts().items()) or 'no change'}>"

    @property
    def ok(self) -> bool:
        """Whether nothing is there that the check refuses; of a plain diff, whether nothing changes."""
        refused = self._refused or {"wider", "narrower", "different", "unknown"}
        return not any(change.verdict in refused for change in self.changes)

    def counts(self) -> Mapping[str, int]:
        """Return how many changes there are of each kind."""
        return dict(Counter(change.verdict for change in self.changes))

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return the changes as a frame, without the records that show them."""
        from crmkit import frames

        names = ("principal", "resource", "action", "verdict")
        return frames.build({name: [getattr(change, name) for change in self.changes] for name in names}, like=like)

    def to_dict(self) -> Mapping[str, JSONValue]:
        """Return the summary as plain data."""
        return {
            "old": self.old, "new": self.new, "counts": dict(self.counts()), "roles_added": list(self.roles_added),
            "roles_removed": list(self.roles_removed),
            "changes": [
                {"principal": one.principal, "resource": one.resource, "action": one.action, "verdict": one.verdict}
                for one in self.changes
            ],
        }  # fmt: skip

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(one.principal)}</td><td>{html.escape(one.action)} {html.escape(one.resource)}</td>"
            f"<td>{one.verdict}</td></tr>"
            for one in self.changes[:20]
        )
        return f"<table><tr><th>principal</th><th>permission</th><th>change</th></tr>{rows}</table>"


def diff(
    old: Policy,
    new: Policy,
    assignments: Iterable[Assignment],
    *,
    org: OrgChart | None = None,
    predicates: Mapping[str, CustomPredicate] | None = None,
    at: dt.datetime | None = None,
) -> PolicyDiff:
    """Compare what two policies let people do with records and fields.

    Each verdict but ``unknown`` comes with a made-up record, which both engines were asked about. ``unknown`` is said
    where conditions ask for text in text, order of text, the clock or a predicate, or are too many to look at; it is
    never guessed, but it too shows a record where one was found.

    Args:
        old: The policy as it is.
        new: The policy as it would be.
        assignments: Who has which roles; an assignment of a role that a policy has not gives nothing there.
        org: Who people are.
        predicates: As for the engine.
        at: When; now otherwise.

    Example:
        >>> from crmkit.permissions import Assignment, Grant, Policy, Resource, Role
        >>> deal = Resource("deal", actions=["read"], owner="owner_id")
        >>> old = Policy([deal], [Role("sales", grants=[Grant("read", "deal", scope="own")])])
        >>> new = Policy([deal], [Role("sales", grants=[Grant("read", "deal", scope="all")])])
        >>> found = diff(old, new, [Assignment("ann", "sales")])
        >>> found.changes[0].verdict, found.changes[0].gained
        ('wider', {'owner_id': None})

    .. versionadded:: 0.1.0
    """
    return PolicyDiff(_changes(old, new, tuple(assignments), org, predicates, at), old, new)


def check_no_new_access(
    old: Policy,
    new: Policy,
    assignments: Iterable[Assignment],
    *,
    org: OrgChart | None = None,
    predicates: Mapping[str, CustomPredicate] | None = None,
    at: dt.datetime | None = None,
) -> PolicyDiff:
    """Return the comparison of two policies, which is ``ok`` only if nobody provably gains anything.

    What cannot be told counts as gained. ``raise_for`` makes a gate of it.

    Example:
        >>> from crmkit.permissions import Assignment, Grant, Policy, Resource, Role
        >>> deal = Resource("deal", actions=["read"], owner="owner_id")
        >>> old = Policy([deal], [Role("sales", grants=[Grant("read", "deal", scope="all")])])
        >>> new = Policy([deal], [Role("sales", grants=[Grant("read", "deal", scope="own")])])
        >>> check_no_new_access(old, new, [Assignment("ann", "sales")]).ok
        True

    .. versionadded:: 0.1.0
    """
    found = _changes(old, new, tuple(assignments), org, predicates, at)
    return PolicyDiff(found, old, new, refused=frozenset({"wider", "different", "unknown"}))


def check_access_not_granted(
    policy: Policy,
    forbidden: Iterable[tuple[str, str]],
    assignments: Iterable[Assignment],
    *,
    org: OrgChart | None = None,
    except_for: Iterable[str] = (),
    predicates: Mapping[str, CustomPredicate] | None = None,
    at: dt.datetime | None = None,
) -> list[str]:
    """Return who may, on some record, do what nobody should.

    Args:
        policy: The policy.
        forbidden: Pairs of action and resource.
        assignments: Who has which roles.
        org: Who people are.
        except_for: Principals who may.
        predicates: As for the engine.
        at: When; now otherwise.

    Returns:
        A sentence for each, empty where all is well.

    Example:
        >>> from crmkit.permissions import Assignment, Grant, Policy, Resource, Role
        >>> deal = Resource("deal", actions=["delete"])
        >>> policy = Policy([deal], [Role("boss", grants=[Grant("delete", "deal", scope="all")])])
        >>> check_access_not_granted(policy, [("delete", "deal")], [Assignment("ann", "boss")])
        ["'ann' may delete deal by boss"]

    .. versionadded:: 0.1.0
    """
    engine = Engine(policy, assignments, org=org, predicates=predicates, masks=_no_masks(policy))
    excused = frozenset(except_for)
    return [
        f"{access.principal!r} may {action} {resource} by {', '.join(access.roles)}"
        for action, resource in forbidden
        for access in engine.who_can(action, resource, at=at)
        if access.principal not in excused
    ]


def _no_masks(policy: Policy) -> dict[str, Callable[[str], str]]:
    return {name: lambda _text: "***" for name in policy.masks}


def _changes(
    old: Policy,
    new: Policy,
    assignments: tuple[Assignment, ...],
    org: OrgChart | None,
    predicates: Mapping[str, CustomPredicate] | None,
    at: dt.datetime | None,
) -> Iterator[AccessChange]:
    from ._people import OrgChart, Principal

    org = OrgChart(map(Principal, dict.fromkeys(one.principal for one in assignments))) if org is None else org
    engines = [_engine(policy, assignments, org, predicates) for policy in (old, new)]
    moment = engines[0]._now() if at is None else at
    known: dict[tuple[object, ...], AccessChange | None] = {}
    unchanged: dict[tuple[object, ...], list[tuple[str, str, Condition, Condition]]] = {}
    for principal, person in org.people.items():
        if person.status != "active":
            continue
        before, after = (engine.view(principal, at=moment) for engine in engines)
        key = (id(before._role_set), id(after._role_set))
        if key not in unchanged:
            unchanged[key] = list(_differing(before, after))
        for resource, action, was, becomes in unchanged[key]:
            bound = (_bound(before, resource, was), _bound(after, resource, becomes))
            if bound[0] == bound[1]:
                continue
            change_key = (resource, action, *bound)
            if change_key not in known:
                known[change_key] = _compare(resource, action, (before, after), (was, becomes), bound)
            found = known[change_key]
            if found is not None:
                yield attrs.evolve(found, principal=principal)


def _engine(
    policy: Policy,
    assignments: tuple[Assignment, ...],
    org: OrgChart,
    predicates: Mapping[str, CustomPredicate] | None,
) -> Engine:
    kept = [one for one in assignments if one.role in policy.roles]
    people = [attrs.evolve(one, attrs={name: value for name, value in one.attrs.items() if name in policy.principal})
              for one in org.people.values()]  # fmt: skip
    return Engine(policy, kept, org=org.with_people(people), predicates=predicates, masks=_no_masks(policy))


def _differing(before: View, after: View) -> Iterator[tuple[str, str, Condition, Condition]]:
    """Yield the questions whose formulas are not the same, whoever asks."""
    old, new = before._compiled.policy.resources, after._compiled.policy.resources
    for name in dict.fromkeys([*old, *new]):
        found = [resources[name] for resources in (old, new) if name in resources]
        questions: list[tuple[str, str, Level | None]] = [
            (action, "", None) for action in dict.fromkeys(action for one in found for action in one.actions)
        ]
        fields = dict.fromkeys(field for one in found for field in one.fields)
        questions += [(f"{field}:{level}", field, level) for field in fields for level in LEVELS[1:]]
        for action, field, level in questions:
            was, becomes = (_formula(view, name, action, field, level) for view in (before, after))
            if was != becomes or old.get(name) != new.get(name):
                yield name, action, was, becomes


def _formula(view: View, resource: str, action: str, field: str, level: Level | None) -> Condition:
    """Return what is asked for an action, or for a level of a field; FALSE of what the policy does not know."""
    declared = view._compiled.policy.resources.get(resource)
    if declared is None or (level is not None and field not in declared.fields):
        return FALSE
    if level is None:
        return view._role_set.formula(action, resource)
    return view._role_set.at_least(level, field, resource)


def _bound(view: View, resource: str, formula: Condition) -> Condition:
    return FALSE if resource not in view._compiled.policy.resources else view._bound(resource, formula)


def _compare(
    resource: str,
    action: str,
    views: tuple[View, View],
    formulas: tuple[Condition, Condition],
    bound: tuple[Condition, Condition],
) -> AccessChange | None:
    """Look for records on which the two differ, by asking the code that decides in each engine."""
    sides = [view._compiled.policy.resources.get(resource) for view in views]
    declared = _both_fields([side for side in sides if side is not None])
    unknown = AccessChange("", resource, action, "unknown")
    if declared is None:
        return unknown
    asked = regions(bound, declared)
    checks = [
        (lambda _record: False) if side is None else view._predicate(resource, formula)
        for side, view, formula in zip(sides, views, formulas, strict=True)
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
