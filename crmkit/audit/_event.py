"""One event: who did what to which thing, how it ended; and its bytes.

The canonical bytes are ``crmkit-json/1`` with the members that are empty left out. They are put together by hand,
because this is the hot path of an append; a test holds them equal to what `json_bytes` makes of `Event.to_dict`.
The log adds ``seq``, ``stored_at`` and ``v``, which sort last, so that everything else can be encoded before the turn
in the log is known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from json.encoder import encode_basestring as _quote
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias, get_args

import attrs

from crmkit._canonical import MAX_SAFE_INT, json_bytes
from crmkit._run_id import new_run_id
from crmkit.errors import FormatError, InvalidValueError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.typing import JSONValue

__all__ = ["MAX_EVENT_BYTES", "Actor", "Event", "Outcome", "Resource", "moment", "suffix", "utc_now"]

Outcome: TypeAlias = Literal["ok", "denied", "failed"]
"""How an action ended."""

VERSION = 1
MAX_EVENT_BYTES = 1 << 24
_OUTCOMES = get_args(Outcome)


def utc_now() -> datetime:
    """Return the system's clock."""
    return datetime.now(UTC)


def moment(at: datetime) -> str:
    """Return a moment as events write it: UTC, microseconds, ``Z``."""
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    return at.isoformat(timespec="microseconds")[:-6] + "Z"


def _require(holds: bool) -> None:  # noqa: FBT001  what holds is all there is to say
    if not holds:
        raise ValueError


def _read_moment(text: str) -> datetime:
    _require(len(text) == 27 and text[-1] == "Z")
    return datetime.fromisoformat(text)


def _names(values: Iterable[str]) -> tuple[str, ...]:
    return (values,) if isinstance(values, str) else tuple(values)


def _are_texts(needed: tuple[object, ...], optional: tuple[object, ...], lists: tuple[object, ...]) -> bool:
    """Whether all are what they should be; a validator for each attribute would take twice the time of an append."""
    for value in needed:
        if type(value) is not str or not value:
            return False
    for value in optional:
        if value is not None and (type(value) is not str or not value):
            return False
    return all(type(item) is str for item in lists)


def _refuse(owner: object, needed: tuple[str, ...], optional: tuple[str, ...], lists: tuple[str, ...]) -> NoReturn:
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
    roles: tuple[str, ...] = attrs.field(default=(), converter=_names)
    session: str | None = None

    def __attrs_post_init__(self) -> None:
        if not _are_texts((self.id, self.type), (self.session,), self.roles):
            _refuse(self, ("id", "type"), ("session",), ("roles",))

    def _json(self) -> str:
        roles = f',"roles":[{",".join(map(_quote, self.roles))}]' if self.roles else ""
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
        if not _are_texts((self.type, self.id), (self.tenant,), ()):
            _refuse(self, ("type", "id"), ("tenant",), ())

    def _json(self) -> str:
        tenant = f',"tenant":{_quote(self.tenant)}' if self.tenant is not None else ""
        return f'{{"id":{_quote(self.id)}{tenant},"type":{_quote(self.type)}}}'


def _actor(value: Actor | str | None) -> Actor | None:
    return Actor(id=value) if isinstance(value, str) else value


def _resource(value: Resource | tuple[str, str] | None) -> Resource | None:
    if isinstance(value, tuple):
        if len(value) != 2:
            raise InvalidValueError("resource is a pair of type and id")
        return Resource(type=value[0], id=value[1])
    return value


def _detail(value: Mapping[str, JSONValue]) -> dict[str, Any]:
    return {} if not value else dict(value)


@attrs.frozen(kw_only=True)
class Event:
    """One event. Holds ids, names of fields and decisions, never the values of a record.

    Attributes:
        action: What was done, as ``kind.verb``: ``contact.merge``.
        actor: Who; an `Actor`, or its id.
        resource: To what; a `Resource`, or a pair of type and id.
        outcome: ``ok``, ``denied`` or ``failed``.
        code: A stable word for why it ended so.
        rules: Ids of the rules that decided.
        scope: What the permission was limited to.
        policy: Which version of the policy was asked.
        fields: Names of the fields that were touched.
        count: How many things it was done to; bulk exports count rows.
        purpose: What for.
        request: Id of the ticket or request behind it.
        change: Field name to commitments of the values ``before`` and ``after``; made by `Log.record_change`.
        detail: Anything else that JSON can say, without floats and without personal data.
        at: When it happened, aware; now by default.
        id: ULID.
        seq: Its turn in the log, from 0; ``None`` until it is in one.
        stored_at: When the log took it; never before that of the event ahead of it.

    Example:
        >>> event = Event(action="contact.read", actor="u-17", resource=("contact", "42"), fields=["email"])
        >>> event.actor.id, event.resource.type, event.outcome
        ('u-17', 'contact', 'ok')

    .. versionadded:: 0.1.0
    """

    action: str
    actor: Actor | None = attrs.field(default=None, converter=_actor)
    resource: Resource | None = attrs.field(default=None, converter=_resource)
    outcome: Outcome = "ok"
    code: str | None = None
    rules: tuple[str, ...] = attrs.field(default=(), converter=_names)
    scope: str | None = None
    policy: str | None = None
    fields: tuple[str, ...] = attrs.field(default=(), converter=_names)
    count: int = 1
    purpose: str | None = None
    request: str | None = None
    change: Mapping[str, Mapping[str, str]] = attrs.field(factory=dict, converter=_detail)
    detail: Mapping[str, Any] = attrs.field(factory=dict, converter=_detail, repr=False)
    at: datetime = attrs.field(factory=utc_now)
    id: str = attrs.field(factory=new_run_id)
    seq: int | None = None
    stored_at: datetime | None = None

    def __attrs_post_init__(self) -> None:
        optional = (self.code, self.scope, self.policy, self.purpose, self.request)
        if not _are_texts((self.action, self.id), optional, self.rules + self.fields):
            _refuse(self, ("action", "id"), ("code", "scope", "policy", "purpose", "request"), ("rules", "fields"))
        if self.outcome not in _OUTCOMES:
            raise NotFoundError.of("outcome", str(self.outcome), _OUTCOMES)
        if type(self.count) is not int or not 0 <= self.count <= MAX_SAFE_INT:
            raise InvalidValueError("count is a whole number from 0 to 2^53 - 1")
        if self.at.tzinfo is None:
            raise InvalidValueError("at is a naive moment; give an aware one, such as datetime.now(UTC)")
        for kind, value in ((Actor, self.actor), (Resource, self.resource)):
            if value is not None and type(value) is not kind:
                raise InvalidValueError(f"{kind.__name__.lower()} is of class {kind.__name__}, or its short form")

    def prefix(self) -> bytes:
        """Return the canonical bytes up to where the log's own members follow.

        Raises:
            InvalidValueError: Something in ``detail`` that the form lacks, text with lone surrogates, or more than
                16 MiB.
        """
        pieces = ['{"action":', _quote(self.action)]
        if self.actor is not None:
            pieces += ',"actor":', self.actor._json()
        pieces += ',"at":"', moment(self.at), '"'
        if self.change:
            pieces += ',"change":', json_bytes(self.change).decode()
        if self.code is not None:
            pieces += ',"code":', _quote(self.code)
        if self.count != 1:
            pieces += ',"count":', str(self.count)
        if self.detail:
            pieces += ',"detail":', json_bytes(_exact(self.detail)).decode()
        if self.fields:
            pieces += ',"fields":[', ",".join(map(_quote, self.fields)), "]"
        pieces += ',"id":', _quote(self.id), ',"outcome":"', self.outcome, '"'
        if self.policy is not None:
            pieces += ',"policy":', _quote(self.policy)
        if self.purpose is not None:
            pieces += ',"purpose":', _quote(self.purpose)
        if self.request is not None:
            pieces += ',"request":', _quote(self.request)
        if self.resource is not None:
            pieces += ',"resource":', self.resource._json()
        if self.rules:
            pieces += ',"rules":[', ",".join(map(_quote, self.rules)), "]"
        if self.scope is not None:
            pieces += ',"scope":', _quote(self.scope)
        try:
            data = "".join(pieces).encode()
        except UnicodeEncodeError:
            raise InvalidValueError("an event with a lone surrogate has no UTF-8 form") from None
        if len(data) > MAX_EVENT_BYTES:
            raise InvalidValueError(f"an event of {len(data):,} bytes; the limit is {MAX_EVENT_BYTES:,}")
        return data

    def to_bytes(self) -> bytes:
        """Return the canonical bytes of an event that is in a log.

        Raises:
            InvalidValueError: It is in none.
        """
        if self.seq is None or self.stored_at is None:
            raise InvalidValueError("the event is in no log yet")
        return self.prefix() + suffix(self.seq, moment(self.stored_at))

    def to_dict(self) -> dict[str, Any]:
        """Return what the canonical bytes say."""
        said: dict[str, Any] = {"action": self.action, "at": moment(self.at), "id": self.id, "outcome": self.outcome}
        for part in ("actor", "resource"):
            value = getattr(self, part)
            if value is not None:
                said[part] = {
                    name: list(item) if isinstance(item, tuple) else item
                    for name, item in attrs.asdict(value, recurse=False).items()
                    if item not in (None, ())
                }
        for name in ("code", "scope", "policy", "purpose", "request"):
            if getattr(self, name) is not None:
                said[name] = getattr(self, name)
        for name in ("rules", "fields"):
            if getattr(self, name):
                said[name] = list(getattr(self, name))
        if self.count != 1:
            said["count"] = self.count
        if self.change:
            said["change"] = {name: dict(pair) for name, pair in self.change.items()}
        if self.detail:
            said["detail"] = _exact(self.detail)
        if self.seq is not None and self.stored_at is not None:
            said |= {"seq": self.seq, "stored_at": moment(self.stored_at), "v": VERSION}
        return said

    @classmethod
    def parse(cls, data: bytes, *, strict: bool = True) -> Event:
        """Read the canonical bytes of a stored event.

        Args:
            data: The bytes, without a line feed.
            strict: Refuse bytes that are not the one canonical form of what they say.

        Raises:
            FormatError: Not an event of this version.
        """
        try:
            said = json.loads(data)
            _require(said.pop("v") == VERSION)
            for name in ("at", "stored_at"):
                said[name] = _read_moment(said[name])
            for name, kind in (("actor", Actor), ("resource", Resource)):
                if name in said:
                    said[name] = kind(**said[name])
            _require(type(said["seq"]) is int and said["seq"] >= 0)
            event = cls(**said)
            _require(not strict or event.to_bytes() == data)
        except (ValueError, TypeError, KeyError, AttributeError, LookupError, RecursionError) as error:
            raise FormatError(f"not an event of crmkit-audit/1: {type(error).__name__}") from None
        return event


def suffix(seq: int, stored_at: str) -> bytes:
    """Return what the log puts behind the prefix of an event."""
    return b',"seq":%d,"stored_at":"%b","v":%d}' % (seq, stored_at.encode(), VERSION)


def _exact(value: object) -> Any:
    """Write floats, which the canonical form lacks, as the shortest text that reads back, and large integers as text.

    Raises:
        InvalidValueError: NaN or an infinity.
    """
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return value
    if isinstance(value, float):
        if value - value != 0:
            raise InvalidValueError("detail: NaN and infinities have no JSON form")
        return repr(float(value))
    if kind is int:
        return value if -MAX_SAFE_INT <= value <= MAX_SAFE_INT else hex(value)  # type: ignore[operator, arg-type]  # int
    if isinstance(value, Mapping):
        return {name: _exact(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(item) for item in value]
    return value
