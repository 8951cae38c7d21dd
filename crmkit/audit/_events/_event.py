"""One event: who did what to which thing, how it ended; and its bytes.

The canonical bytes are ``crmkit-json/1`` with the members that are empty left out. They are put together by hand,
because this is the hot path of an append; a test holds them equal to what `json_bytes` makes of `Event.to_dict`.
The log adds ``seq``, ``stored_at`` and ``v``, which sort last, so that everything else can be encoded before the turn
in the log is known.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from json.encoder import encode_basestring as _quote
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias, final, get_args

import attrs

from crmkit._canonical import MAX_DEPTH, MAX_SAFE_INT, json_bytes
from crmkit._run_id import new_run_id
from crmkit.errors import FormatError, InvalidValueError, NotFoundError

from ._parties import ACTORS, RESOURCES, TEXT, Actor, Resource, listed, named_actor, names, refuse, to_resource

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MAX_EVENT_BYTES", "Actor", "Event", "Outcome", "Resource", "complete", "moment", "suffix", "utc_now"]

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
        try:
            at = at.astimezone(UTC)
        except OverflowError:
            raise InvalidValueError("a moment that UTC has no name for") from None
    return f"{_second(at.toordinal(), at.hour, at.minute, at.second)}.{at.microsecond:06d}Z"


@functools.lru_cache(64)
def _second(day: int, hour: int, minute: int, second: int) -> str:
    """Return a moment without its fraction; many events in a row share it."""
    return f"{date.fromordinal(day).isoformat()}T{hour:02d}:{minute:02d}:{second:02d}"


def _require(holds: bool) -> None:  # noqa: FBT001  what holds is all there is to say
    if not holds:
        raise ValueError


def _read_moment(text: str) -> datetime:
    _require(len(text) == 27 and text[-1] == "Z")
    return datetime.fromisoformat(text)


@final
@attrs.frozen(kw_only=True, init=False, weakref_slot=False)
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
    actor: Actor | None
    resource: Resource | None
    outcome: Outcome
    code: str | None
    rules: tuple[str, ...]
    scope: str | None
    policy: str | None
    fields: tuple[str, ...]
    count: int
    purpose: str | None
    request: str | None
    change: Mapping[str, Mapping[str, str]]
    detail: Mapping[str, Any] = attrs.field(repr=False)
    at: datetime
    id: str
    seq: int | None
    stored_at: datetime | None

    def __init__(  # by hand: one that attrs makes takes twice the time, and this is the hot path of an append
        self, *, action: str, actor: Actor | str | None = None, resource: Resource | tuple[str, str] | None = None,
        outcome: Outcome = "ok", code: str | None = None, rules: Iterable[str] = (), scope: str | None = None,
        policy: str | None = None, fields: Iterable[str] = (), count: int = 1, purpose: str | None = None,
        request: str | None = None, change: Mapping[str, Mapping[str, str]] | None = None,
        detail: Mapping[str, Any] | None = None, at: datetime | None = None, id: str | None = None,  # noqa: A002
        seq: int | None = None, stored_at: datetime | None = None,
    ) -> None:  # fmt: skip
        if type(actor) is str:
            actor = named_actor(actor)
        if isinstance(resource, tuple):
            resource = to_resource(resource)
        rules = rules if type(rules) is tuple else names(rules)
        fields = fields if type(fields) is tuple else names(fields)
        at = utc_now() if at is None else at
        if (detail and not _is_mapping(detail)) or (change and not _is_change(change)):
            raise InvalidValueError("detail is a mapping; change is made by Log.record_change")
        id = new_run_id() if id is None else id  # noqa: A001
        draft: Any = self
        object.__setattr__(self, "__class__", _Draft)  # frozen attributes take three times as long to set
        draft.action = action
        draft.actor = actor
        draft.resource = resource
        draft.outcome = outcome
        draft.code = code
        draft.rules = rules
        draft.scope = scope
        draft.policy = policy
        draft.fields = fields
        draft.count = count
        draft.purpose = purpose
        draft.request = request
        draft.change = dict(change) if change else {}
        draft.detail = dict(detail) if detail else {}
        draft.at = at
        draft.id = id
        draft.seq = seq
        draft.stored_at = stored_at
        draft.__class__ = Event
        if not (
            type(action) is type(id) is str and action and id
            and (code is None or (type(code) is str and code))
            and (scope is None or (type(scope) is str and scope))
            and (policy is None or (type(policy) is str and policy))
            and (purpose is None or (type(purpose) is str and purpose))
            and (request is None or (type(request) is str and request))
            and TEXT.issuperset(map(type, fields)) and (not rules or TEXT.issuperset(map(type, rules)))
            and outcome in _OUTCOMES and type(count) is int and 0 <= count <= MAX_SAFE_INT
            and _is_aware(at)
            and type(actor) in ACTORS and type(resource) in RESOURCES
        ):  # fmt: skip
            self._refuse()

    def _refuse(self) -> NoReturn:
        """Say what is not what it should be."""
        if self.outcome not in _OUTCOMES:
            raise NotFoundError.of("outcome", self.outcome, _OUTCOMES)
        if type(self.count) is not int or not 0 <= self.count <= MAX_SAFE_INT:
            raise InvalidValueError("count is a whole number from 0 to 2^53 - 1")
        if not _is_aware(self.at):
            raise InvalidValueError("at is no moment, or a naive one; give an aware one, such as datetime.now(UTC)")
        for name, kinds in (("actor", ACTORS), ("resource", RESOURCES)):
            if type(getattr(self, name)) not in kinds:
                raise InvalidValueError(f"{name} is of class {name.title()}, or its short form")
        refuse(self, ("action", "id"), ("code", "scope", "policy", "purpose", "request"), ("rules", "fields"))

    def prefix(self) -> bytes:
        """Return the canonical bytes up to where the log's own members follow.

        Raises:
            InvalidValueError: Something in ``detail`` that the form lacks, text with lone surrogates, or more than
                16 MiB.
        """
        actor = f',"actor":{self.actor._json()}' if self.actor is not None else ""
        pieces = [f'{{"action":{_quote(self.action)}{actor},"at":"{moment(self.at)}"']
        if self.change:
            pieces.append(f',"change":{json_bytes(self.change).decode()}')
        if self.code is not None:
            pieces.append(f',"code":{_quote(self.code)}')
        if self.count != 1:
            pieces.append(f',"count":{self.count}')
        if self.detail:
            pieces.append(f',"detail":{json_bytes(_exact(self.detail)).decode()}')
        if self.fields:
            pieces.append(f',"fields":{listed(self.fields)}')
        pieces.append(f',"id":{_quote(self.id)},"outcome":"{self.outcome}"')
        if self.policy is not None:
            pieces.append(f',"policy":{_quote(self.policy)}')
        if self.purpose is not None:
            pieces.append(f',"purpose":{_quote(self.purpose)}')
        if self.request is not None:
            pieces.append(f',"request":{_quote(self.request)}')
        if self.resource is not None:
            pieces.append(f',"resource":{self.resource._json()}')
        if self.rules:
            pieces.append(f',"rules":{listed(self.rules)}')
        if self.scope is not None:
            pieces.append(f',"scope":{_quote(self.scope)}')
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


class _Draft:
    """An event while its attributes are set."""

    __slots__ = Event.__slots__  # type: ignore[attr-defined]  # attrs makes them


def suffix(seq: int, stored_at: str) -> bytes:
    """Return what the log puts behind the prefix of an event."""
    return b',"seq":%d%b' % (seq, _behind_seq(stored_at))


def complete(prefixes: Iterable[bytes], first: int, stored_at: str) -> list[bytes]:
    """Return the events of a batch, given their turns."""
    behind = _behind_seq(stored_at)
    return [b'%b,"seq":%d%b' % (prefix, seq, behind) for seq, prefix in enumerate(prefixes, start=first)]


def _behind_seq(stored_at: str) -> bytes:
    return b',"stored_at":"%b","v":%d}' % (stored_at.encode(), VERSION)


def _is_aware(at: object) -> bool:
    return isinstance(at, datetime) and at.tzinfo is not None


def _is_mapping(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_change(change: object) -> bool:
    """Whether it is what `Log.record_change` makes: field to side to commitment."""
    return isinstance(change, Mapping) and all(
        isinstance(pair, Mapping) and TEXT.issuperset(map(type, pair.values())) for pair in change.values()
    )


def _exact(value: object, depth: int = 0) -> Any:
    """Write floats, which the canonical form lacks, as the shortest text that reads back, and large integers as text.

    Raises:
        InvalidValueError: NaN or an infinity, or deeper than the canonical form goes.
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
    if depth > MAX_DEPTH:
        raise InvalidValueError(f"detail: nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        return {name: _exact(item, depth + 1) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(item, depth + 1) for item in value]
    return value
