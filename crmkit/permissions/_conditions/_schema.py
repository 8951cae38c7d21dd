"""Resources: what can be asked for, with which actions, and what its fields are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

import attrs

from crmkit.errors import NotFoundError

from ._atoms import Compare, In
from ._frozen import FrozenDict
from ._normal import any_of
from ._operands import PrincipalValue, RecordValue
from ._tree import FALSE, TRUE, Condition
from ._types import TYPES, Type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["LEVELS", "SCOPES", "Field", "Level", "Resource", "Scope"]

Scope: TypeAlias = Literal["own", "reports", "team", "territory", "tenant", "all"]
"""Which records a rule is about, narrowest first; each holds one's own records too."""
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
Level: TypeAlias = Literal["hidden", "masked", "read", "write"]
"""What may be seen of a field, least first."""
LEVELS: Final[tuple[Level, ...]] = get_args(Level)

PRINCIPAL_TYPES: Final[dict[str, Type]] = {
    "id": "str", "tenant": "str", "teams": "list", "territories": "list", "reports": "list",
}  # fmt: skip
"""What is known of every principal."""

_SCOPE_COLUMNS: Final[dict[Scope, tuple[str, str, bool]]] = {
    "own": ("owner", "id", False),
    "reports": ("owner", "reports", True),
    "team": ("team", "teams", True),
    "territory": ("territory", "territories", True),
    "tenant": ("tenant", "tenant", False),
}


@attrs.frozen
class Field:
    """One field of a resource.

    Args:
        type: What it holds; a value of another type counts as missing.
        nullable: Whether it may be missing; a create without it is refused otherwise.
        sensitivity: ``"public"`` fields come with the right to read the record, all others must be granted.
        mask: How it looks to those who may see it masked: a kind of :mod:`crmkit.masking`, or of the policy's own.
        collation: ``"binary"`` says that text is ordered by code point everywhere, so that conditions may compare
            it with less and greater.

    Example:
        >>> Field("str", sensitivity="pii", mask="email").sensitivity
        'pii'

    .. versionadded:: 0.1.0
    """

    type: Type = attrs.field(default="str", validator=attrs.validators.in_(TYPES))
    nullable: bool = attrs.field(default=True, kw_only=True)
    sensitivity: str = attrs.field(default="internal", kw_only=True)
    mask: str = attrs.field(default="full", kw_only=True)
    collation: Literal["binary"] | None = attrs.field(default=None, kw_only=True)


def _names(values: Iterable[str]) -> tuple[str, ...]:
    return (values,) if isinstance(values, str) else tuple(values)


def _copied(fields: Mapping[str, Field]) -> FrozenDict[str, Field]:
    return FrozenDict(fields)


def _groups(groups: Mapping[str, Iterable[str]]) -> FrozenDict[str, tuple[str, ...]]:
    return FrozenDict({name: _names(group) for name, group in groups.items()})


@attrs.frozen
class Resource:
    """A kind of record: its fields, its actions, and the columns that say whose a record is.

    Args:
        name: How rules call it.
        fields: Name -> field. Columns named below that are not among them are added as internal text.
        actions: What can be done with it; ``read``, ``create`` and ``update`` are what fields go by.
        owner: Column with the principal whose record it is, for the scopes ``own`` and ``reports``.
        team: Column with the team.
        territory: Column with the territory.
        tenant: Column with the tenant; every allow then reaches records of the principal's own tenant only.
        key: Column with the record's id, for the audit log and for searches.
        groups: Name -> actions that rules may name together.
        default_scope: Scope of allows that name none; without it they must name one.
        sensitive_actions: Actions that ``record="sensitive"`` writes to the audit log also when they are allowed.

    Example:
        >>> contact = Resource("contact", fields={"name": Field()}, actions=["read"], owner="owner_id")
        >>> sorted(contact.fields)
        ['name', 'owner_id']

    .. versionadded:: 0.1.0
    """

    name: str
    fields: Mapping[str, Field] = attrs.field(factory=dict, kw_only=True, converter=_copied)
    actions: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=_names)
    owner: str | None = attrs.field(default=None, kw_only=True)
    team: str | None = attrs.field(default=None, kw_only=True)
    territory: str | None = attrs.field(default=None, kw_only=True)
    tenant: str | None = attrs.field(default=None, kw_only=True)
    key: str = attrs.field(default="id", kw_only=True)
    groups: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict, kw_only=True, converter=_groups)
    default_scope: Scope | None = attrs.field(default=None, kw_only=True)
    sensitive_actions: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=_names)

    def __attrs_post_init__(self) -> None:
        columns = {name: Field() for name in (self.owner, self.team, self.territory, self.tenant) if name is not None}
        object.__setattr__(self, "fields", FrozenDict({**self.fields, **{
            name: field for name, field in columns.items() if name not in self.fields
        }}))  # fmt: skip

    def expand(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the actions that these names mean: ``*`` is all of them, a group is its members.

        Raises:
            NotFoundError: There is no such action or group.
        """
        found: dict[str, None] = {}
        for name in names:
            if name != "*" and name not in self.groups and name not in self.actions:
                raise NotFoundError.of(f'action of resource "{self.name}"', name, [*self.actions, *self.groups])
            found.update(dict.fromkeys(self.actions if name == "*" else self.groups.get(name, (name,))))
        return tuple(found)

    def can_scope(self, scope: Scope) -> bool:
        """Say whether a column of this resource carries the scope."""
        return scope == "all" or getattr(self, _SCOPE_COLUMNS[scope][0]) is not None

    def level(self, scope: Scope) -> Condition:
        """Return the condition of one scope alone; FALSE where no column carries it."""
        if scope == "all":
            return TRUE
        column, value, is_list = _SCOPE_COLUMNS[scope]
        name = getattr(self, column)
        if name is None:
            return FALSE
        field, asked = RecordValue(name), PrincipalValue(value)
        return In(field, asked) if is_list else Compare(field, asked)

    def scoped(self, scopes: Iterable[Scope]) -> Condition:
        """Return the condition that a record lies in one of the scopes; own records are in each of them."""
        return any_of(self.level(scope) for scope in dict.fromkeys(["own", *scopes]) if self.can_scope(scope))
