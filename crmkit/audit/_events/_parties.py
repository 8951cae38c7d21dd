"""Who acts and what it is done to: the parties of an event."""

from __future__ import annotations

import functools
from json.encoder import encode_basestring as _quote
from typing import TYPE_CHECKING, NoReturn

import attrs

from crmkit.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "ACTORS", "RESOURCES", "TEXT", "Actor", "Resource", "listed", "named_actor", "names", "refuse", "to_resource",
]  # fmt: skip

TEXT = frozenset({str})
MAX_KEPT = 256


def names(values: Iterable[str]) -> tuple[str, ...]:
    """Return texts as a tuple; one text stands for itself."""
    try:
        return (values,) if isinstance(values, str) else tuple(values)
    except TypeError:
        raise InvalidValueError("rules, fields and roles are sequences of texts") from None


def listed(texts: tuple[str, ...]) -> str:
    """Return a list of texts as JSON."""
    return f"[{','.join(map(_quote, texts))}]"


def refuse(owner: object, needed: tuple[str, ...], optional: tuple[str, ...], lists: tuple[str, ...]) -> NoReturn:
    """Say which attribute is not what it should be."""
    for name in needed:
        value = getattr(owner, name)
        if type(value) is not str or not value:
            raise InvalidValueError(f"{name} is text that says something")
    for name in optional:
        value = getattr(owner, name)
        if value is not None and (type(value) is not str or not value):
            raise InvalidValueError(f"{name} is text that says something, or None")
    raise InvalidValueError(f"{' and '.join(lists)}: a sequence of texts")


@attrs.frozen(kw_only=True)
class Actor:
    """Who did it.

    Attributes:
        id: A name that stays the same; personal data wherever it stands for a person (see `Pseudonyms`).
        type: ``user``, ``service``, ``job``, ...
        roles: What the actor was at that moment.
        session: Names the session.

    Example:
        >>> Actor(id="u-17", roles=["sales"])
        Actor(id='u-17', type='user', roles=('sales',), session=None)

    .. versionadded:: 0.1.0
    """

    id: str
    type: str = "user"
    roles: tuple[str, ...] = attrs.field(default=(), converter=names)
    session: str | None = None

    def __attrs_post_init__(self) -> None:
        if not (
            type(self.id) is type(self.type) is str and self.id and self.type
            and (self.session is None or (type(self.session) is str and self.session))
            and TEXT.issuperset(map(type, self.roles))
        ):  # fmt: skip
            refuse(self, ("id", "type"), ("session",), ("roles",))

    def _json(self) -> str:
        roles = f',"roles":{listed(self.roles)}' if self.roles else ""
        session = f',"session":{_quote(self.session)}' if self.session is not None else ""
        return f'{{"id":{_quote(self.id)}{roles}{session},"type":{_quote(self.type)}}}'


@attrs.frozen(kw_only=True)
class Resource:
    """What it was done to.

    Attributes:
        type: What kind of thing: ``contact``, ``role``, ``export``, ...
        id: Which one; personal data wherever it stands for a person (see `Pseudonyms`).
        tenant: Whose, where one system serves several.

    Example:
        >>> Resource(type="contact", id="42")
        Resource(type='contact', id='42', tenant=None)

    .. versionadded:: 0.1.0
    """

    type: str
    id: str
    tenant: str | None = None

    def __attrs_post_init__(self) -> None:
        if not (
            type(self.id) is type(self.type) is str and self.id and self.type
            and (self.tenant is None or (type(self.tenant) is str and self.tenant))
        ):  # fmt: skip
            refuse(self, ("type", "id"), ("tenant",), ())

    def _json(self) -> str:
        tenant = f',"tenant":{_quote(self.tenant)}' if self.tenant is not None else ""
        return f'{{"id":{_quote(self.id)}{tenant},"type":{_quote(self.type)}}}'


def named_actor(name: str) -> Actor:
    """Return the user of an id; the same few users do most of what is recorded."""
    return _kept_actor(name) if len(name) <= MAX_KEPT else Actor(id=name)


@functools.lru_cache(1024)
def _kept_actor(name: str) -> Actor:
    return Actor(id=name)


ACTORS = frozenset({Actor, type(None)})
RESOURCES = frozenset({Resource, type(None)})


def to_resource(value: tuple[str, str]) -> Resource:
    """Return the resource of a kind and an id."""
    if len(value) != 2:
        raise InvalidValueError("resource is a pair of type and id")
    return Resource(type=value[0], id=value[1])
