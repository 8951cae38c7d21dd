"""The engine: a policy, who has which roles and who people are, ready to be asked."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Literal, NoReturn, TypeAlias

from crmkit._called import check_called
from crmkit.errors import AccessDeniedError, NotFoundError, SchemaError
from crmkit.permissions._conditions._check_types import unknown
from crmkit.permissions._policy._given import check_org, check_policy, read_assignments
from crmkit.permissions._policy._people import Assignment, OrgChart, Principal

from . import _search
from ._auditing import Auditor, RecordMode
from ._compare import difference
from ._compile import Compiled
from ._constraints import breaches
from ._known import Known, typed
from ._separation import broken
from ._session import Session
from ._view import View
from ._who import People

if TYPE_CHECKING:
    from crmkit.permissions._policy._policy import Policy
    from crmkit.typing import AuditSink

    from ._interpret import Custom1
    from ._listing import Listing
    from ._search import Access, Permission

__all__ = ["CustomPredicate", "Engine"]

CustomPredicate: TypeAlias = "Callable[[Mapping[str, object], Principal, Mapping[str, object]], bool | None]"
"""A predicate of the caller: of a record, the principal and the context; ``None`` for unknown, as is raising."""
MaskFunction: TypeAlias = Callable[[str], str]
"""A mask of the caller: text in, what may be shown of it out."""

_NOTHING: Mapping[str, object] = {}
_log = logging.getLogger("crmkit.permissions")


class _State:
    """Everything that is replaced together."""

    def __init__(self, compiled: Compiled, assignments: Iterable[Assignment], org: OrgChart | None) -> None:
        self.compiled = compiled
        self.assignments: dict[str, list[Assignment]] = {}
        for assignment in assignments:
            self.assignments.setdefault(assignment.principal, []).append(assignment)
        policy = compiled.policy
        for role in {one.role for held in self.assignments.values() for one in held} - policy.roles.keys():
            raise NotFoundError(unknown("role", role, policy.roles), name=role)
        self.org = OrgChart(map(Principal, self.assignments)) if org is None else org
        for name in self.assignments:
            self.org.get(name)
        self.attributes = {
            person.id: typed(person.attrs, policy.principal, "principal attribute")
            for person in self.org.people.values()
            if person.attrs
        }
        self.views: dict[str, View] = {}

    @cached_property
    def people(self) -> People:
        """The people by the roles that they are assigned; made where somebody searches."""
        return People(self)

    def direct(self, person: Principal, at: dt.datetime | None, tenant: str | None = None) -> frozenset[str]:
        """Return the roles that somebody is assigned in a tenant, their own otherwise, at a moment or at any."""
        asked = person.tenant if tenant is None else tenant
        mine = _in_tenant(self.assignments.get(person.id, ()), person, asked)
        return frozenset(one.role for one in mine if at is None or one.valid(at))


class Engine:
    """Answers who may do what; safe in threads.

    Args:
        policy: What decides.
        assignments: Who has which roles.
        org: Who people are; without it everybody with an assignment is an active principal without team or tenant.
        predicates: Name -> function for the ``Custom`` conditions of the policy.
        masks: Name -> function for the masks that the policy declares as the caller's own.
        audit: Where decisions are recorded; ``crmkit.audit.Log`` or anything with its ``record`` method.
        record: Which are: ``"denies"``; ``"sensitive"``, denies and what the resource names as sensitive, and
            sensitive fields that are shown in the clear; or ``"all"``.
        on_audit_failure: Whether what could not be recorded is denied or allowed.
        now: The clock, aware.
        constraints: What happens where the assignments break a static separation of duties, a number of members or a
            prerequisite of the policy, now or later: ``"refuse"`` raises, ``"report"`` logs a warning and goes on.

    Raises:
        NotFoundError: An assignment names an unknown role or person, or a predicate or mask is missing.
        SchemaError: The assignments break a constraint; see :func:`constraint_breaches`. The clock has no time zone.
            Something else than a policy, assignments and an org chart was given.
        InvalidValueError: An attribute of a person is not of the type that the policy declares.

    Example:
        >>> from crmkit.permissions import Assignment, Engine, Field, Grant, Policy, Resource, Role
        >>> deal = Resource("deal", fields={"stage": Field()}, actions=["read", "delete"], owner="owner_id")
        >>> policy = Policy([deal], [Role("sales", grants=[Grant("read", "deal", scope="own")])])
        >>> engine = Engine(policy, [Assignment("ann", "sales")])
        >>> print(engine.view("ann").explain("delete", "deal", {"owner_id": "ann"}))
        DENY delete on deal to ann: no rule allows it

    .. versionadded:: 0.1.0
    """

    __slots__ = ("_auditor", "_constraints", "_masks", "_now", "_predicates", "_state")

    def __init__(
        self,
        policy: Policy,
        assignments: Iterable[Assignment] = (),
        *,
        org: OrgChart | None = None,
        predicates: Mapping[str, CustomPredicate] | None = None,
        masks: Mapping[str, MaskFunction] | None = None,
        audit: AuditSink | None = None,
        record: RecordMode = "denies",
        on_audit_failure: Literal["deny", "allow"] = "deny",
        now: Callable[[], dt.datetime] | None = None,
        constraints: Literal["refuse", "report"] = "refuse",
    ) -> None:
        check_called(now=now)
        if constraints not in ("refuse", "report"):
            raise NotFoundError.of("way with constraints", constraints, ("refuse", "report"))
        self._constraints = constraints
        self._now = now if now is not None else _utc_now
        if self._now().utcoffset() is None:
            raise SchemaError("the clock of an engine must give moments with a time zone")
        self._predicates = dict(predicates or {})
        self._masks = dict(masks or {})
        if record not in ("denies", "sensitive", "all"):
            raise NotFoundError.of("record mode", record, ("denies", "sensitive", "all"))
        if on_audit_failure not in ("deny", "allow"):
            raise NotFoundError.of("audit failure policy", on_audit_failure, ("deny", "allow"))
        self._auditor = None if audit is None else Auditor(audit, record, on_audit_failure)
        self._state = self._made(policy, read_assignments(assignments), org)

    def _made(self, policy: Policy, assignments: tuple[Assignment, ...], org: OrgChart | None) -> _State:
        check_policy(policy)
        check_org(org)
        for name in policy.predicates - self._predicates.keys():
            raise NotFoundError(f'the policy asks for predicate "{name}"; give the engine predicates={{"{name}": ...}}')
        for name in policy.masks.keys() - self._masks.keys():
            raise NotFoundError(f'the policy asks for mask "{name}"; give the engine masks={{"{name}": ...}}')
        compiled = Compiled(policy)
        compiled.masks = self._masks
        made = _State(compiled, assignments, org)
        found = list(breaches(compiled, chain.from_iterable(made.assignments.values()), self._now()))
        if found and self._constraints == "refuse":
            more = f" and {len(found) - 3} more" if len(found) > 3 else ""
            raise SchemaError(f"the assignments break the policy: {'; '.join(map(str, found[:3]))}{more}")
        if found:
            _log.warning("the assignments break %d constraints of the policy", len(found))
        return made

    def __repr__(self) -> str:
        state = self._state
        return f"<Engine {state.compiled.policy!r}, {len(state.org)} people>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an Engine is not pickled; make one from its policy and assignments in the other process")

    @property
    def policy(self) -> Policy:
        """The policy that decides now."""
        return self._state.compiled.policy

    @property
    def org(self) -> OrgChart:
        """Who people are."""
        return self._state.org

    @property
    def assignments(self) -> tuple[Assignment, ...]:
        """Who has which roles, by person."""
        return tuple(one for held in self._state.assignments.values() for one in held)

    def replace(
        self,
        policy: Policy | None = None,
        assignments: Iterable[Assignment] | None = None,
        *,
        org: OrgChart | None = None,
        actor: str | None = None,
    ) -> None:
        """Put another policy, other assignments or other people in place, all at once.

        Views that are held go on with what they were made of; new ones see all of the new or all of the old.
        Where there is an audit log, the change is recorded with both digests and what it changes: roles and assignments
        that come and go, and for each action, and level of a field, how many people may do more, less or other things.
        Nothing is replaced if it cannot be recorded.
        """
        before = self._state
        policy = before.compiled.policy if policy is None else policy
        given = self.assignments if assignments is None else read_assignments(assignments)
        made = self._made(
            policy, given, before.org if org is None and assignments is None else org or _grown(before.org, given)
        )
        if self._auditor is not None:
            change = difference((self, before), (self, made), self._now())
            detail = {"before": before.compiled.policy.digest, "after": policy.digest, **change}
            written = self._auditor.write(
                "policy.changed", actor=actor, resource=None, allowed=True, at=self._now(), detail=detail
            )
            if not written:
                raise SchemaError("the audit log could not be written, so nothing was replaced")
        self._state = made

    def who_can(
        self,
        action: str,
        resource: str,
        record: Mapping[str, object] | None = None,
        *,
        at: dt.datetime | None = None,
    ) -> Listing[Access]:
        """Return everybody who may do something on this record, or without one on any.

        Returns:
            All of them, in the order of the people; nothing is cut off. Principals are asked in their own tenant.

        Example:
            >>> from crmkit.permissions import Assignment, Engine, Grant, Policy, Resource, Role
            >>> deal = Resource("deal", actions=["read"])
            >>> policy = Policy([deal], [Role("all", grants=[Grant("read", "deal", scope="all")])])
            >>> Engine(policy, [Assignment("ann", "all")]).who_can("read", "deal").to_frame(like=[])
            [{'principal': 'ann', 'outcome': 'always', 'roles': 'all'}]
        """
        return _search.who_can(self, action, resource, record, at=at)

    def what_can(self, principal: str, *, at: dt.datetime | None = None) -> Listing[Permission]:
        """Return everything that a principal may do, by resource and action."""
        return _search.what_can(self, principal, at=at)

    def accessible(
        self, principal: str, action: str, resource: str, records: Iterable[Mapping[str, object]]
    ) -> list[object]:
        """Return the ids of those of the records that a principal may do something with, in their order.

        Raises:
            NotFoundError: There is no such principal, resource or action.
        """
        return _search.accessible(self, principal, action, resource, records)

    def session(self, principal: str, *, activate: Iterable[str] = ()) -> Session:
        """Return a session in which only some of the assigned roles are active.

        Raises:
            AccessDeniedError: The roles together break a dynamic separation of duties.
            NotFoundError: The principal does not hold a role.
        """
        return Session(self, principal, activate)

    # What searches ask for, without making a view of everybody.

    def _known(self, state: _State, person: Principal, at: dt.datetime) -> Known:
        attributes = state.attributes.get(person.id, _NOTHING)
        return Known(person, state.org, tenant=person.tenant, attributes=attributes, context=_NOTHING, clock=lambda: at)

    def _custom(self, name: str, person: Principal, context: Mapping[str, object]) -> Custom1:
        return _guarded(name, self._predicates[name], person, context)

    def view(
        self,
        principal: str,
        *,
        at: dt.datetime | None = None,
        tenant: str | None = None,
        context: Mapping[str, object] | None = None,
        roles: Iterable[str] | None = None,
    ) -> View:
        """Return what a principal may do.

        Args:
            principal: Who.
            at: At this moment, aware; from now on otherwise.
            tenant: As a principal of this tenant; of their own otherwise.
            context: What the policy's conditions ask of the request.
            roles: Only these of the assigned roles; all otherwise.

        Raises:
            NotFoundError: There is no such principal, or they have no assignment in this tenant, or do not hold a role.
            AccessDeniedError: The roles together break a dynamic separation of duties.
            InvalidValueError: A context value is not of the type that the policy declares.
            SchemaError: ``at`` has no time zone, or the principal is not named by its id.
        """
        state = self._state
        plain = at is None and tenant is None and context is None and roles is None
        if plain:
            who: object = principal
            if not isinstance(who, str):
                state.org.get(principal)  # says so
            kept = state.views.get(principal)
            if kept is not None and (kept.valid_until is None or self._now() < kept.valid_until):
                return kept
        made = self._make(state, principal, at, tenant, context, None if roles is None else frozenset(roles))
        kept_apart = broken(state.compiled, made._direct, principal, made._clock(), kind="dynamic")
        if kept_apart is not None:
            message = f"separation of duties {kept_apart!r}: these roles are never active together; use Engine.session"
            raise AccessDeniedError(message)
        if plain:
            state.views[principal] = made
        return made

    def _make(
        self,
        state: _State,
        principal: str,
        at: dt.datetime | None,
        tenant: str | None,
        context: Mapping[str, object] | None,
        only: frozenset[str] | None,
        *,
        audited: bool = True,
    ) -> View:
        person = state.org.get(principal)
        if at is not None and at.utcoffset() is None:
            raise SchemaError("at needs a time zone")
        moment = self._now() if at is None else at
        held = state.assignments.get(principal, [])
        asked = person.tenant if tenant is None else tenant
        if tenant is not None and tenant != person.tenant and all(one.tenant != tenant for one in held):
            raise NotFoundError(f"principal {principal!r} has no assignment in tenant {tenant!r}", name=tenant)
        mine = _in_tenant(held, person, asked)
        direct = frozenset(one.role for one in mine if one.valid(moment))
        if only is not None:
            for role in only - direct:
                raise NotFoundError(unknown("role of the principal", role, direct), name=role)
            direct = only
        policy = state.compiled.policy
        given = typed(context or {}, policy.context, "context value")
        clock = self._now if at is None else lambda: at
        known = Known(
            person,
            state.org,
            tenant=asked,
            attributes=state.attributes.get(principal, {}),
            context=given,
            clock=clock,
        )
        return View(
            person,
            compiled=state.compiled,
            role_set=state.compiled.role_set(direct),
            direct=direct,
            known=known,
            customs={name: self._custom(name, person, given) for name in policy.predicates},
            tenant=asked,
            valid_until=_boundary(mine, moment) if at is None else None,
            auditor=self._auditor if audited else None,
            policy_digest=policy.digest,
        )


def _in_tenant(held: Iterable[Assignment], person: Principal, tenant: str | None) -> list[Assignment]:
    """Return the assignments in a tenant; one that names none is in the principal's own, and in no other."""
    return [one for one in held if (one.tenant if one.tenant is not None else person.tenant) == tenant]


def _utc_now() -> dt.datetime:
    return dt.datetime.now(tz=dt.UTC)


def _grown(org: OrgChart, assignments: Iterable[Assignment]) -> OrgChart | None:
    """Return the people who were there, or ``None`` where somebody new has an assignment and nobody said who it is."""
    return org if all(one.principal in org.people for one in assignments) else None


def _boundary(assignments: Iterable[Assignment], at: dt.datetime) -> dt.datetime | None:
    """Return when the next of these grants begins or ends."""
    ends = (end for one in assignments for end in (one.not_before, one.not_after) if end is not None and end > at)
    return min(ends, default=None)


def _guarded(
    name: str, predicate: CustomPredicate, person: Principal, context: Mapping[str, object]
) -> Callable[[Mapping[str, object]], bool | None]:
    """Return a predicate for one principal that never raises: what fails is unknown, and so allows nothing."""

    def ask(record: Mapping[str, object]) -> bool | None:
        try:
            truth = predicate(record, person, context)
        except Exception as error:  # noqa: BLE001 - a predicate of the caller may raise anything
            _log.warning("predicate %r failed: %s", name, type(error).__name__)
            return None
        return truth if truth is True or truth is False else None

    return ask
