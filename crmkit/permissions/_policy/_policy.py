"""A policy: resources, roles, separation of duties and masks, held against each other once and then never changed."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, cast

import attrs

from crmkit import _notebook, masking
from crmkit._canonical import json_bytes
from crmkit.errors import NotFoundError
from crmkit.permissions._conditions._check_types import Declared, unknown
from crmkit.permissions._conditions._frozen import FrozenDict
from crmkit.permissions._conditions._schema import Resource, _names

from ._check_policy import LAST, problems
from ._problem import refuse

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path

    from crmkit.masking import Kind
    from crmkit.permissions._conditions._types import Type
    from crmkit.typing import JSONValue

    from ._roles import Role, SoD

__all__ = ["Policy"]


_MOST_ROWS = 60


@attrs.frozen(slots=False, eq=False, repr=False, init=False)
class Policy:
    """Everything that decides, but who people are and which roles they have.

    Args:
        resources: What can be asked for.
        roles: What can be assigned.
        sod: Separation of duties.
        principal: Attribute -> type of what conditions may ask of a principal besides what all have.
        context: Name -> type of what the caller may say of a request.
        predicates: Names of predicates that the engine is given for ``Custom`` conditions.
        masks: Name of a mask of the caller's -> the kind of :mod:`crmkit.masking` that reveals just as much, which
            puts all masks in one order: where two roles give two masks, the one that reveals less is used.

    Raises:
        PolicyFileError: Names are unknown or double, types do not fit, roles inherit in a circle, masks contradict
            each other; ``.problems`` has every one.

    Example:
        >>> from crmkit.permissions import Field, Grant, Policy, Resource, Role
        >>> contact = Resource("contact", fields={"name": Field()}, actions=["read"], owner="owner_id")
        >>> policy = Policy([contact], [Role("sales", grants=[Grant("read", "contact", scope="own")])])
        >>> policy
        <Policy 1 resources, 1 roles, 1 grants>

    .. versionadded:: 0.1.0
    """

    resources: Mapping[str, Resource]
    roles: Mapping[str, Role]
    sod: tuple[SoD, ...]
    principal: Mapping[str, Type]
    context: Mapping[str, Type]
    predicates: frozenset[str]
    masks: Mapping[str, str]

    def __init__(
        self,
        resources: tuple[Resource, ...] | list[Resource] = (),
        roles: tuple[Role, ...] | list[Role] = (),
        *,
        sod: tuple[SoD, ...] | list[SoD] = (),
        principal: Mapping[str, Type] | None = None,
        context: Mapping[str, Type] | None = None,
        predicates: tuple[str, ...] | list[str] | frozenset[str] = (),
        masks: Mapping[str, str] | None = None,
    ) -> None:
        self.__attrs_init__(
            FrozenDict({resource.name: resource for resource in resources}),
            FrozenDict({role.id: role for role in roles}),
            tuple(sod),
            FrozenDict(principal or {}),
            FrozenDict(context or {}),
            frozenset(_names(predicates)),
            FrozenDict(masks or {}),
        )
        refuse(problems(self, list(resources), list(roles)))

    def _repr_html_(self) -> str:
        rows = [
            (one.id, one.kind, ", ".join(sorted(one.inherits)), len(one.grants), one.description)
            for one in list(self.roles.values())[:_MOST_ROWS]
        ]
        table = _notebook.table(("role", "kind", "inherits", "grants", "description"), rows) if rows else ""
        rest = _notebook.more(len(rows), len(self.roles), "roles")
        return _notebook.sheet("Policy", f"resources {', '.join(self.resources)}", table, rest)

    def __repr__(self) -> str:
        grants = sum(len(role.grants) for role in self.roles.values())
        return f"<Policy {len(self.resources)} resources, {len(self.roles)} roles, {grants} grants>"

    def __eq__(self, other: object) -> bool:
        return self.digest == other.digest if isinstance(other, Policy) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical form, in hexadecimal; every decision carries it."""
        return hashlib.sha256(json_bytes(self.to_dict())).hexdigest()

    def to_dict(self) -> Mapping[str, JSONValue]:
        """Return the policy as plain data, in its one canonical form; see :doc:`/reference/formats`."""
        from ._as_data import policy_data

        return policy_data(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, JSONValue]) -> Policy:
        """Return the policy of plain data, such as `to_dict` gives.

        Raises:
            PolicyFileError: Something is wrong; ``.problems`` has all of it.

        Example:
            >>> Policy.from_dict({"version": 1, "resources": {"deal": {"actions": ["read"]}}})
            <Policy 1 resources, 0 roles, 0 grants>
        """
        from ._read_data import policy_from_dict

        return policy_from_dict(data)

    def to_toml(self) -> str:
        """Return the text of a policy file; reading it gives an equal policy, and equal policies give the same text.

        Example:
            >>> print(Policy([Resource("deal", actions=["read"])]).to_toml(), end="")
            version = 1
            <BLANKLINE>
            [resources.deal]
            actions = ["read"]
        """
        from ._write import dumps

        return dumps(self, format="toml")

    @classmethod
    def from_toml(cls, text: str) -> Policy:
        r"""Read a policy from text; it cannot include files.

        Raises:
            PolicyFileError: Something is wrong; ``.problems`` has all of it, each with its line.

        Example:
            >>> from crmkit.errors import PolicyFileError
            >>> try:
            ...     Policy.from_toml('version = 1\n[resources.deal]\nactions = ["read"]\nownr = "owner_id"')
            ... except PolicyFileError as error:
            ...     print(error)
            policy:4: [resources.deal.ownr] unknown key "ownr"; did you mean "owner"? [P001]
        """
        from ._load import loads

        return loads(text, format="toml")

    def to_json(self) -> str:
        """Return the text of a policy file in JSON, as `to_toml` does in TOML."""
        from ._write import dumps

        return dumps(self, format="json")

    @classmethod
    def from_json(cls, text: str) -> Policy:
        """Read a policy from JSON text, as `from_toml` does from TOML."""
        from ._load import loads

        return loads(text, format="json")

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the policy to a ``.toml`` or ``.json`` file and return its path.

        Raises:
            ValueError: The name ends in something else.
        """
        from ._write import dump

        return dump(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Policy:
        """Read a policy from a ``.toml`` or ``.json`` file and the files that it includes.

        Args:
            path: The file. ``include`` names others, relative to it; nothing may be defined in two of them.

        Raises:
            PolicyFileError: Something is wrong; ``.problems`` has all of it, each with file and line.
            FileNotFoundError: There is no such file.

        Example:
            >>> from tempfile import mkdtemp
            >>> Policy.load(Policy([Resource("deal", actions=["read"])]).save(f"{mkdtemp()}/policy.json"))
            <Policy 1 resources, 0 roles, 0 grants>
        """
        from ._load import load

        return load(path)

    def resource(self, name: str) -> Resource:
        """Return a resource.

        Raises:
            NotFoundError: There is none of this name.
        """
        try:
            return self.resources[name]
        except (KeyError, TypeError):  # a record or list in the place of the name cannot be looked up at all
            raise NotFoundError(unknown("resource", name, self.resources), name=_text(name)) from None

    def role(self, name: str) -> Role:
        """Return a role.

        Raises:
            NotFoundError: There is none of this name.
        """
        try:
            return self.roles[name]
        except (KeyError, TypeError):  # a record or list in the place of the name cannot be looked up at all
            raise NotFoundError(unknown("role", name, self.roles), name=_text(name)) from None

    def check_action(self, action: str, resource: str) -> None:
        """Raise unless the resource has the action.

        Raises:
            NotFoundError: There is no such resource, or it has no such action.
        """
        known = self.resource(resource).actions
        if action not in known:
            raise NotFoundError(unknown(f'action of resource "{resource}"', action, known), name=_text(action))

    def declared(self, resource: Resource) -> Declared:
        """Return the types of what conditions on the resource may name."""
        return Declared(resource, self.principal, self.context, self.predicates)

    def mask_kind(self, name: str) -> Kind:
        """Return the kind of mask that this one is, or reveals as much as."""
        kind = self.masks.get(name, name)
        return masking.last(int(kind[4:])) if kind in LAST else cast("Kind", kind)

    def reveals(self, name: str) -> int:
        """Return the place of a mask in the order of masks, the one that reveals least first."""
        return masking.disclosure(self.mask_kind(name))


def _text(name: object) -> str | None:
    return name if isinstance(name, str) else None
