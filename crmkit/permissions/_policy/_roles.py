"""Roles, what they grant, and which of them must be kept apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import attrs

from crmkit.errors import NotFoundError
from crmkit.permissions._conditions._schema import SCOPES, Level, Scope, _names
from crmkit.permissions._conditions._tree import TRUE, Condition

from ._people import aware

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

__all__ = ["Exemption", "FieldRule", "Grant", "Role", "RoleKind", "SoD"]

RoleKind: TypeAlias = Literal["profile", "permission_set", "system"]
"""What a role is for: the main one of a job, an addition to it, or the system's own."""


def _scopes(value: str | Iterable[str] | None) -> tuple[Scope, ...]:
    names = () if value is None else _names(value)
    for name in names:
        if name not in SCOPES:
            raise NotFoundError.of("scope", name, SCOPES)
    return cast("tuple[Scope, ...]", names)


def _is_condition(_instance: object, attribute: Any, value: object) -> None:
    if not isinstance(value, Condition):
        raise TypeError(f"{attribute.name} must be a condition, such as record.stage.eq('won')")


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
    when: Condition = attrs.field(default=TRUE, kw_only=True, validator=_is_condition)
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
    when: Condition = attrs.field(default=TRUE, kw_only=True, validator=_is_condition)
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
    until: dt.datetime = attrs.field(validator=aware)  # type: ignore[assignment]  # the validator takes None too
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
