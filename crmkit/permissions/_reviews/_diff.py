"""What a change of policy changes: who gains and loses what, each with a record that shows it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import attrs

from crmkit import _notebook
from crmkit.issues import Report
from crmkit.permissions._decisions._compare import AccessChange, Verdict, changes
from crmkit.permissions._decisions._engine import Engine
from crmkit.permissions._policy._given import check_org, check_policy, read_assignments
from crmkit.permissions._policy._people import OrgChart, Principal, moment_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from crmkit.permissions._decisions._engine import CustomPredicate
    from crmkit.permissions._policy._people import Assignment
    from crmkit.permissions._policy._policy import Policy
    from crmkit.typing import Frame, JSONValue

__all__ = ["AccessChange", "PolicyDiff", "Verdict", "check_access_not_granted", "check_no_new_access", "diff"]


class PolicyDiff(Report):
    """What changes between two policies; made by :func:`crmkit.permissions.diff`.

    Attributes:
        changes: One for each principal and thing whose access changes, or may.
        roles_added: Roles that only the policy after has.
        roles_removed: Roles that only the policy before has.
        before: Digest of the policy before.
        after: Digest of the policy after.

    .. versionadded:: 0.1.0
    """

    __slots__ = ("_refused", "after", "before", "changes", "roles_added", "roles_removed")

    def __init__(
        self,
        changes: Iterable[AccessChange],
        before: Policy,
        after: Policy,
        *,
        refused: frozenset[Verdict] = frozenset(),
    ) -> None:
        self.changes = tuple(changes)
        self.before = before.digest
        self.after = after.digest
        self.roles_added = tuple(sorted(after.roles.keys() - before.roles.keys()))
        self.roles_removed = tuple(sorted(before.roles.keys() - after.roles.keys()))
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

        names = ("principal", "tenant", "resource", "action", "verdict")
        return frames.build({name: [getattr(change, name) for change in self.changes] for name in names}, like=like)

    def to_dict(self) -> Mapping[str, JSONValue]:
        """Return the summary as plain data."""
        return {
            "before": self.before, "after": self.after, "counts": dict(self.counts()),
            "roles_added": list(self.roles_added), "roles_removed": list(self.roles_removed),
            "changes": [
                {"principal": one.principal, "resource": one.resource, "action": one.action, "verdict": one.verdict,
                 **({} if one.tenant is None else {"tenant": one.tenant})}
                for one in self.changes
            ],
        }  # fmt: skip

    def _repr_html_(self) -> str:
        rows = [(one.principal, f"{one.action} on {one.resource}", one.verdict) for one in self.changes[:20]]
        lead = ", ".join(f"{n:,} {name}" for name, n in self.counts().items() if n) or "nobody may do more or less"
        table = _notebook.table(("who", "may", "is now"), rows) if rows else ""
        return _notebook.sheet("Policy change", lead, table, _notebook.more(len(rows), len(self.changes), "changes"))


def diff(
    before: Policy,
    after: Policy,
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
        before: The policy as it is.
        after: The policy as it would be.
        assignments: Who has which roles; an assignment of a role that a policy has not gives nothing there.
        org: Who people are.
        predicates: As for the engine.
        at: When; now otherwise.

    Example:
        >>> from crmkit.permissions import Assignment, Grant, Policy, Resource, Role
        >>> deal = Resource("deal", actions=["read"], owner="owner_id")
        >>> before = Policy([deal], [Role("sales", grants=[Grant("read", "deal", scope="own")])])
        >>> after = Policy([deal], [Role("sales", grants=[Grant("read", "deal", scope="all")])])
        >>> found = diff(before, after, [Assignment("ann", "sales")])
        >>> found.changes[0].verdict, found.changes[0].gained
        ('wider', {'owner_id': None})

    .. versionadded:: 0.1.0
    """
    return PolicyDiff(_changes(before, after, read_assignments(assignments), org, predicates, at), before, after)


def check_no_new_access(
    before: Policy,
    after: Policy,
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
        >>> before = Policy([deal], [Role("sales", grants=[Grant("read", "deal", scope="all")])])
        >>> after = Policy([deal], [Role("sales", grants=[Grant("read", "deal", scope="own")])])
        >>> check_no_new_access(before, after, [Assignment("ann", "sales")]).ok
        True

    .. versionadded:: 0.1.0
    """
    found = _changes(before, after, read_assignments(assignments), org, predicates, at)
    return PolicyDiff(found, before, after, refused=frozenset({"wider", "different", "unknown"}))


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
        forbidden: Pairs of action and resource, asked in every tenant in which somebody has an assignment.
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
    check_policy(policy)
    given = read_assignments(assignments)
    masks = no_masks(policy)
    engine = Engine(policy, given, org=org, predicates=predicates, masks=masks, constraints="report")
    moment = engine._now() if at is None else moment_of(at)
    excused = frozenset(except_for)
    found: list[str] = []
    for action, resource in forbidden:
        found += [
            f"{access.principal!r} may {action} {resource} by {', '.join(access.roles)}"
            for access in engine.who_can(action, resource, at=moment)
            if access.principal not in excused
        ]
        for who, tenant in dict.fromkeys((one.principal, one.tenant) for one in given):
            if tenant is not None and tenant != engine.org.people[who].tenant and who not in excused:
                view = engine._make(engine._state, who, moment, tenant, None, None, audited=False)
                if view.may(action, resource):
                    found.append(f"{who!r} may {action} {resource} in tenant {tenant!r}")
    return found


def no_masks(policy: Policy) -> dict[str, Callable[[str], str]]:
    """Return stand-ins for the masks of the caller, where only decisions are asked for."""
    return {name: lambda _text: "***" for name in policy.masks}


def _changes(
    before: Policy,
    after: Policy,
    assignments: tuple[Assignment, ...],
    org: OrgChart | None,
    predicates: Mapping[str, CustomPredicate] | None,
    at: dt.datetime | None,
) -> Iterator[AccessChange]:
    check_policy(before)
    check_policy(after)
    check_org(org)
    org = OrgChart(map(Principal, dict.fromkeys(one.principal for one in assignments))) if org is None else org
    one, other = (_engine(policy, assignments, org, predicates) for policy in (before, after))
    return changes((one, one._state), (other, other._state), one._now() if at is None else moment_of(at))


def _engine(
    policy: Policy,
    assignments: tuple[Assignment, ...],
    org: OrgChart,
    predicates: Mapping[str, CustomPredicate] | None,
) -> Engine:
    kept = [one for one in assignments if one.role in policy.roles]
    people = [attrs.evolve(one, attrs={name: value for name, value in one.attrs.items() if name in policy.principal})
              for one in org.people.values()]  # fmt: skip
    return Engine(policy, kept, org=org.with_people(people), predicates=predicates, masks=no_masks(policy),
                  constraints="report")  # fmt: skip
