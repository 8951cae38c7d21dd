"""Roles and what they grant; who has them, and who people are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import attrs

from crmkit.errors import NotFoundError, SchemaError

from ._conditions import TRUE, Condition
from ._schema import SCOPES, Level, Scope, _names

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

__all__ = ["Assignment", "Exemption", "FieldRule", "Grant", "OrgChart", "Principal", "Role", "RoleKind", "SoD"]

RoleKind: TypeAlias = Literal["profile", "permission_set", "system"]
"""What a role is for: the main one of a job, an addition to it, or the system's own."""


def _scopes(value: str | Iterable[str] | None) -> tuple[Scope, ...]:
    names = () if value is None else _names(value)
    for name in names:
        if name not in SCOPES:
            raise NotFoundError.of("scope", name, SCOPES)
    return cast("tuple[Scope, ...]", names)


@attrs.frozen
class Grant:
    """Actions on a resource that a role allows or denies.

    Args:
        actions: Names of actions or groups, or ``"*"``.
        resource: The resource.
        scope: Which records: one scope or several, whose union it is. An allow needs one; a deny without one is about
            every record.
        when: What must hold besides. An allow counts where it is TRUE, a deny where it is not FALSE.
        effect: ``"allow"`` or ``"deny"``; a deny wins over every allow.
        cross_tenant: Lift the border between tenants; only with scope ``"all"``.
        reason: Why, for those who are refused.
        id: How decisions name the rule; ``role.grants.position`` otherwise.

    Example:
        >>> Grant("read", "contact", scope="team")
        Grant(actions=('read',), resource='contact', scope=('team',))

    .. versionadded:: 0.1.0
    """

    actions: tuple[str, ...] = attrs.field(converter=_names)
    resource: str
    scope: tuple[Scope, ...] = attrs.field(default=(), kw_only=True, converter=_scopes)
    when: Condition = attrs.field(default=TRUE, kw_only=True)
    effect: Literal["allow", "deny"] = attrs.field(
        default="allow", kw_only=True, validator=attrs.validators.in_(("allow", "deny"))
    )
    cross_tenant: bool = attrs.field(default=False, kw_only=True)
    reason: str | None = attrs.field(default=None, kw_only=True)
    id: str | None = attrs.field(default=None, kw_only=True)

    def __repr__(self) -> str:
        return _short_repr(self)


@attrs.frozen
class FieldRule:
    """A level of some fields that a role allows, or that it caps.

    Args:
        resource: The resource.
        level: ``"hidden"``, ``"masked"``, ``"read"`` or ``"write"``.
        fields: Names of fields, or ``"*"``; give these or ``sensitivity``.
        sensitivity: The fields of this sensitivity.
        scope: Which records, as for :class:`Grant`; an allow needs one.
        when: What must hold besides.
        effect: An ``"allow"`` gives the level, a ``"cap"`` takes everything above it, whoever allowed it.
        mask: A mask instead of the field's own.
        id: How explanations name the rule.

    Example:
        >>> FieldRule("contact", "masked", sensitivity="pii", scope="team")
        FieldRule(resource='contact', level='masked', sensitivity='pii', scope=('team',))

    .. versionadded:: 0.1.0
    """

    resource: str
    level: Level
    fields: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=_names)
    sensitivity: str | None = attrs.field(default=None, kw_only=True)
    scope: tuple[Scope, ...] = attrs.field(default=(), kw_only=True, converter=_scopes)
    when: Condition = attrs.field(default=TRUE, kw_only=True)
    effect: Literal["allow", "cap"] = attrs.field(
        default="allow", kw_only=True, validator=attrs.validators.in_(("allow", "cap"))
    )
    mask: str | None = attrs.field(default=None, kw_only=True)
    id: str | None = attrs.field(default=None, kw_only=True)

    def __repr__(self) -> str:
        return _short_repr(self)


def _short_repr(value: Any) -> str:
    """Show what differs from the defaults."""
    fields = attrs.fields(type(value))
    shown = ", ".join(
        f"{field.name}={getattr(value, field.name)!r}"
        for field in fields
        if getattr(value, field.name) not in (field.default, ())
    )
    return f"{type(value).__name__}({shown})"


def _grants(values: Iterable[Grant]) -> tuple[Grant, ...]:
    return tuple(values)


def _field_rules(values: Iterable[FieldRule]) -> tuple[FieldRule, ...]:
    return tuple(values)


@attrs.frozen
class Role:
    """A named set of grants and field rules, after a job and not after a person.

    Args:
        id: How assignments name it.
        kind: ``"profile"``, ``"permission_set"`` or ``"system"``.
        inherits: Roles whose rules this one has too.
        grants: What it allows and denies.
        field_rules: What it shows of fields.
        function: The job that needs it.
        owner: Who answers for it in reviews.
        description: For people.
        privileged: Whether holding it for good should show in reviews.
        max_members: How many principals may hold it.
        requires: Roles that one must hold before.

    Example:
        >>> Role("sales", grants=[Grant("read", "contact", scope="team")]).grants[0].scope
        ('team',)

    .. versionadded:: 0.1.0
    """

    id: str
    kind: RoleKind = attrs.field(
        default="profile",
        kw_only=True,
        validator=attrs.validators.in_(("profile", "permission_set", "system")),
    )
    inherits: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=_names)
    grants: tuple[Grant, ...] = attrs.field(default=(), kw_only=True, converter=_grants)
    field_rules: tuple[FieldRule, ...] = attrs.field(default=(), kw_only=True, converter=_field_rules)
    function: str | None = attrs.field(default=None, kw_only=True)
    owner: str | None = attrs.field(default=None, kw_only=True)
    description: str | None = attrs.field(default=None, kw_only=True)
    privileged: bool = attrs.field(default=False, kw_only=True)
    max_members: int | None = attrs.field(default=None, kw_only=True)
    requires: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=_names)


def _aware(_instance: object, attribute: Any, value: dt.datetime | None) -> None:
    if value is not None and value.utcoffset() is None:
        raise SchemaError(f"{attribute.name} needs a time zone: 2026-01-31T12:00:00+00:00, not a bare local time")


@attrs.frozen
class Assignment:
    """That a principal holds a role, from ``not_before`` on and until just before ``not_after``.

    Args:
        principal: Who.
        role: Holds what.
        tenant: Only as a principal of this tenant.
        not_before: First moment, with a time zone; ``None`` for always.
        not_after: First moment at which it is over.
        granted_by: Who gave it.
        reason: Why.
        ticket: Where that is written down.
        granted_at: When it was given, for reviews.

    Example:
        >>> Assignment("u17", "sales", granted_by="u1").role
        'sales'

    .. versionadded:: 0.1.0
    """

    principal: str
    role: str
    tenant: str | None = attrs.field(default=None, kw_only=True)
    not_before: dt.datetime | None = attrs.field(default=None, kw_only=True, validator=_aware)
    not_after: dt.datetime | None = attrs.field(default=None, kw_only=True, validator=_aware)
    granted_by: str | None = attrs.field(default=None, kw_only=True)
    reason: str | None = attrs.field(default=None, kw_only=True)
    ticket: str | None = attrs.field(default=None, kw_only=True)
    granted_at: dt.datetime | None = attrs.field(default=None, kw_only=True, validator=_aware)

    def valid(self, at: dt.datetime) -> bool:
        """Say whether it holds at a moment."""
        return (self.not_before is None or self.not_before <= at) and (self.not_after is None or at < self.not_after)


@attrs.frozen
class Exemption:
    """That one principal may break a separation of duties for a while.

    Example:
        >>> import datetime as dt
        >>> until = dt.datetime(2026, 12, 31, tzinfo=dt.UTC)
        >>> Exemption("u3", until, approver="u1", reason="year end").principal
        'u3'

    .. versionadded:: 0.1.0
    """

    principal: str
    until: dt.datetime = attrs.field(validator=_aware)  # type: ignore[assignment]  # the validator takes None too
    approver: str = attrs.field(kw_only=True)
    reason: str = attrs.field(kw_only=True)


def _exemptions(values: Iterable[Exemption]) -> tuple[Exemption, ...]:
    return tuple(values)


@attrs.frozen
class SoD:
    """Separation of duties: of these roles or permissions nobody has more than so many.

    Args:
        name: How reports call it.
        members: Roles, or permissions written ``resource.action``, which any role may bring.
        at_most: How many of them one principal may have.
        kind: ``"static"`` looks at what is assigned, inherited roles included; ``"dynamic"`` at what a session
            activates; ``"record"`` denies the second of two permissions on records that the principal owns: nobody
            approves what they created.
        exceptions: Who may break it, until when.

    Example:
        >>> SoD("four eyes", members=["invoice.create", "invoice.approve"]).at_most
        1

    .. versionadded:: 0.1.0
    """

    name: str
    members: tuple[str, ...] = attrs.field(converter=_names)
    at_most: int = attrs.field(default=1, kw_only=True, validator=attrs.validators.ge(1))
    kind: Literal["static", "dynamic", "record"] = attrs.field(
        default="static", kw_only=True, validator=attrs.validators.in_(("static", "dynamic", "record"))
    )
    exceptions: tuple[Exemption, ...] = attrs.field(default=(), kw_only=True, converter=_exemptions)


@attrs.frozen
class Principal:
    """A person or service who asks.

    Args:
        id: As records and assignments name it.
        status: Only ``"active"`` principals are ever allowed anything.
        tenant: Whose data it may reach.
        teams: Its teams.
        territories: Its territories; those below come with them through the :class:`OrgChart`.
        manager: Whom it reports to.
        reports: Who reports to it, besides those who name it as their manager.
        attrs: What conditions may ask besides, as the policy declares it.

    Example:
        >>> Principal("u17", teams=["t3"]).teams
        ('t3',)

    .. versionadded:: 0.1.0
    """

    id: str
    status: str = attrs.field(default="active", kw_only=True)
    tenant: str | None = attrs.field(default=None, kw_only=True)
    teams: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=_names)
    territories: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=_names)
    manager: str | None = attrs.field(default=None, kw_only=True)
    reports: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=_names)
    attrs: Mapping[str, object] = attrs.field(factory=dict, kw_only=True, repr=False, hash=False)


class OrgChart:
    """Who there is, who reports to whom, and which territory lies in which.

    Args:
        people: The principals, each id once.
        territories: Territory -> the one that it lies in.

    Raises:
        SchemaError: An id is there twice, or somebody reports, or a territory lies, in a circle; the message names it.

    Example:
        >>> org = OrgChart([Principal("ann"), Principal("bo", manager="ann"), Principal("cy", manager="bo")])
        >>> sorted(org.reports("ann"))
        ['bo', 'cy']

    .. versionadded:: 0.1.0
    """

    __slots__ = ("_above", "_below", "_lands", "_outside", "_reports", "people")

    def __init__(self, people: Iterable[Principal] = (), *, territories: Mapping[str, str] | None = None) -> None:
        self.people: dict[str, Principal] = {}
        for person in people:
            if person.id in self.people:
                raise SchemaError(f"principal {person.id!r} is there twice")
            self.people[person.id] = person
        direct: dict[str, dict[str, None]] = {}
        for person in self.people.values():
            if person.manager is not None:
                direct.setdefault(person.manager, {})[person.id] = None
            for report in person.reports:
                direct.setdefault(person.id, {})[report] = None
        self._reports = direct
        self._lands: dict[tuple[str, ...], frozenset[str]] = {}
        self._above: dict[str, dict[str, None]] | None = None
        self._outside: dict[str, dict[str, None]] | None = None
        self._below: dict[str, dict[str, None]] = {}
        for inner, outer in (territories or {}).items():
            self._below.setdefault(outer, {})[inner] = None
        _refuse_circles(self._reports, "reporting")
        _refuse_circles(self._below, "territories")

    def __len__(self) -> int:
        return len(self.people)

    def __repr__(self) -> str:
        return f"<OrgChart of {len(self)} people>"

    def with_people(self, people: Iterable[Principal]) -> OrgChart:
        """Return a chart of other people with the same territories."""
        made = OrgChart(people)
        made._below = self._below
        return made

    def get(self, principal: str) -> Principal:
        """Return a principal.

        Raises:
            NotFoundError: There is none of this id.
        """
        try:
            return self.people[principal]
        except KeyError:
            raise NotFoundError(f"unknown principal {principal!r}", name=principal) from None  # and suggest nobody else

    def direct_reports(self, principal: str) -> frozenset[str]:
        """Return who reports to somebody without anybody between."""
        return frozenset(self._reports.get(principal, ()))

    def reports(self, principal: str) -> frozenset[str]:
        """Return everybody below, at any distance."""
        return _below(self._reports, [principal]) - {principal} if principal in self._reports else frozenset()

    def territories(self, names: Iterable[str]) -> frozenset[str]:
        """Return the territories and all that lie in them."""
        key = tuple(names)
        found = self._lands.get(key)
        if found is None:
            found = self._lands[key] = _below(self._below, key)
        return found

    @property
    def managers(self) -> Mapping[str, object]:
        """Those to whom anybody reports, as keys."""
        return self._reports

    def above(self, principal: str) -> frozenset[str]:
        """Return everybody to whom somebody reports, at any distance."""
        if self._above is None:
            self._above = _turned(self._reports)
        return _below(self._above, self._above.get(principal, ()))

    def around(self, territory: str) -> frozenset[str]:
        """Return a territory and all in which it lies."""
        if self._outside is None:
            self._outside = _turned(self._below)
        return _below(self._outside, [territory])


def _turned(tree: Mapping[str, Iterable[str]]) -> dict[str, dict[str, None]]:
    """Return the tree with every step the other way round."""
    found: dict[str, dict[str, None]] = {}
    for outer, inside in tree.items():
        for inner in inside:
            found.setdefault(inner, {})[outer] = None
    return found


def _below(tree: Mapping[str, Mapping[str, None]], start: Iterable[str]) -> frozenset[str]:
    found: set[str] = set()
    waiting = list(start)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(tree.get(name, ()))
    return frozenset(found)


def _refuse_circles(tree: Mapping[str, Mapping[str, None]], what: str) -> None:
    circle = find_circle(tree)
    if circle is not None:
        raise SchemaError(f"{what} in a circle: {' -> '.join(circle)}")


def find_circle(tree: Mapping[str, Iterable[str]]) -> list[str] | None:
    """Return a way through the tree that comes back to its start, without recursion."""
    done: set[str] = set()
    for start in tree:
        path: list[str] = []
        on_path: set[str] = set()
        stack = [(start, iter(tree.get(start, ())))] if start not in done else []
        if stack:
            path.append(start)
            on_path.add(start)
        while stack:
            name, rest = stack[-1]
            step = next(rest, None)
            if step is None:
                stack.pop()
                done.add(path.pop())
                on_path.discard(name)
            elif step in on_path:
                return [*path[path.index(step) :], step]
            elif step not in done:
                path.append(step)
                on_path.add(step)
                stack.append((step, iter(tree.get(step, ()))))
    return None
