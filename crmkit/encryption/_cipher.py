"""One field under its keys: values to tokens and back, singly and by the column."""

from __future__ import annotations

import binascii
import os
from typing import TYPE_CHECKING, Any, Final

import attrs

from crmkit._canonical import encode_parts
from crmkit.errors import (
    CrmkitError,
    DoubleEncryptionError,
    InvalidValueError,
    KeyDestroyedError,
    TokenError,
    UnknownKeyError,
)

from . import _aead, _token
from ._derive import derive, key_tag
from ._frame import CODECS, END
from ._keyring import field_items

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ._aead import Suite
    from ._field import Field
    from ._frame import Framer
    from ._keyset import Keyset

NO_NONCE: Final = b""
_CHUNK: Final = 1024
_MARKER: Final = _token.MARKER.encode()
_MOST_PADS: Final = 512
"""Texts of fewer octets find their padding ready."""
_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
_FROM_URL: Final = bytes.maketrans(b"-_+/=", b"+/!!!")


@attrs.frozen
class _Lock:
    """A key ready for use: its suite, and what it authenticates besides the record and the value."""

    header: bytes
    suite: Suite = attrs.field(repr=False)
    about: bytes = attrs.field(repr=False)
    prefix: str = attrs.field(
        init=False, default=attrs.Factory(lambda self: _token.encode(self.header), takes_self=True)
    )


class FieldCipher:
    """Encrypts and decrypts values of one field of one tenant, or of one person in it.

    It holds no state that changes, so threads may share it and a forked process may go on with it.
    """

    __slots__ = ("_active", "_by_header", "_destroyed", "_framer", "_is_text", "_pads", "_random", "field", "prefix")

    def __init__(self, field: Field, active: _Lock, others: Sequence[_Lock], destroyed: frozenset[bytes]) -> None:
        self.field = field
        self._active = active
        self._by_header = {lock.header: lock for lock in (active, *others)}
        self._destroyed = destroyed
        self._framer = field.framer
        self._is_text = field.encoding == "text"
        self._random = field.number == _token.RANDOM
        self.prefix = active.prefix
        self._pads = _paddings(self._framer)

    @classmethod
    def of(cls, field: Field, keyset: Keyset) -> FieldCipher:
        """Derive a field's keys from the data roots of a keyset."""
        items = field_items(field, keyset.tenant)
        locks, destroyed = [], set()
        for key in keyset.of("data"):
            tag = key_tag(key.tags, items)
            header = _token.header(field.number, tag)
            if key.state == "destroyed":
                destroyed.add(header)
                continue
            own = derive(key.reveal(), _aead.key_bytes(field.number), *items)
            locks.append(
                (key.state, _Lock(header, _aead.suite(field.number, own), _about(field, keyset.tenant, header)))
            )
        active = next(lock for state, lock in locks if state == "active")
        return cls(field, active, [lock for _, lock in locks if lock is not active], frozenset(destroyed))

    @classmethod
    def of_subject(cls, field: Field, tenant: str, subject: str, key: bytes, tags: bytes) -> FieldCipher:
        """Derive a field's key from the key of one person."""
        items = ("subject-field", field.number, tenant, subject)
        header = _token.header(field.number, key_tag(tags, items))
        own = derive(key, _aead.key_bytes(field.number), *items)
        lock = _Lock(header, _aead.suite(field.number, own), _about(field, tenant, header))
        return cls(field, lock, (), frozenset())

    @property
    def key_tag(self) -> str:
        """The public name of the key that writes."""
        return self._active.header[2:].hex()

    def is_current(self, token: str | bytes) -> bool:
        """Say whether the key that writes made the token, by its public prefix."""
        head = self.prefix if isinstance(token, str) else self._active.header
        return token[: len(head)] == head

    def seal(self, value: object, record: bytes) -> str | bytes | None:
        """Return the token of one value; ``None`` for ``None``, unless the field hides it."""
        if value is None and not self._framer.hide_null:
            return None
        self._check_double(value)
        active = self._active
        nonce = os.urandom(_aead.NONCE_BYTES) if self._random else NO_NONCE
        raw = active.header + active.suite.seal(self._framer.wrap(value), active.about, record, nonce)
        return _token.encode(raw) if self._is_text else raw

    def open(self, token: str | bytes | None, record: bytes) -> object:
        """Return the value of one token; ``None`` for ``None``."""
        if token is None:
            return None
        raw = self._raw(token)
        lock = self._by_header.get(raw[: _token.HEADER_BYTES])
        if lock is None:
            raise self._unknown(raw[: _token.HEADER_BYTES])
        frame = lock.suite.open(raw[_token.HEADER_BYTES :], lock.about, record)
        return self._unwrap(frame)

    def seal_many(self, values: Sequence[object], records: Sequence[bytes]) -> list[str | bytes | None]:
        """Return the tokens of a column; the record of a missing value is not looked at.

        Raises:
            InvalidValueError: A value is not of the field's type; names the row.
            DoubleEncryptionError: A value is a token already; names the row.
        """
        found: list[str | bytes | None] = []
        for start in range(0, len(values), _CHUNK):
            bodies = self._bodies(values[start : start + _CHUNK], records[start : start + _CHUNK], start)
            found += self._spell(bodies)
        return found

    def _bodies(self, values: Sequence[object], records: Sequence[bytes], start: int) -> list[bytes | None]:
        frames: list[bytes] = []
        try:
            self._frames(values, frames)
        except InvalidValueError as error:
            raise InvalidValueError(f"{self.field.name}, row {start + len(frames)}: {error}") from None
        except DoubleEncryptionError as error:
            raise DoubleEncryptionError(f"row {start + len(frames)}: {error}", rule=error.rule) from None
        return self._active.suite.seal_many(frames, self._active.about, records)

    def _frames(self, values: Sequence[object], frames: list[bytes]) -> None:
        """Append a frame for each value, one of no octets for a missing value that is not hidden."""
        wrap, hide_null, pads = self._framer.wrap, self._framer.hide_null, self._pads
        limit, append = len(pads), frames.append  # no paddings: every value goes the long way
        for value in values:
            if type(value) is str and limit:  # what wrap would do, without the calls
                try:
                    data = value.encode()
                except UnicodeEncodeError:
                    data = _MARKER  # which sends it to those that say what is wrong
                if len(data) < limit and not data.startswith(_MARKER):
                    append(b"s" + data + pads[len(data)])
                    continue
            if value is None and not hide_null:
                append(b"")
            else:
                self._check_double(value)
                append(wrap(value))

    def _check_double(self, value: object) -> None:
        if isinstance(value, str):
            double = value.startswith(_token.MARKER) and _token.looks_like_token(value)
        else:
            double = isinstance(value, bytes) and value[: _token.HEADER_BYTES] in self._by_header
        if double:
            raise DoubleEncryptionError(
                f"{self.field.name}: the value is a token already; to move it, use rebind", rule="double_encryption"
            )

    def _spell(self, bodies: Sequence[bytes | None]) -> list[str | bytes | None]:
        """Put header and spelling round the bodies; base64 goes over all bodies of one length at once."""
        if not self._is_text:
            header = self._active.header
            return [None if body is None else header + body for body in bodies]
        found: list[str | bytes | None] = [None] * len(bodies)
        for length, places in _by_length(bodies).items():
            filler = b"\0" * (-length % 3)
            alike: Sequence[Any] = bodies if len(places) == len(bodies) else [bodies[place] for place in places]
            data = binascii.b2a_base64(filler.join(alike) + filler, newline=False)
            text = data.translate(_TO_URL).decode("ascii")
            step, size, prefix = (length + len(filler)) * 4 // 3, -(-length * 4 // 3), self.prefix
            tokens: list[str | bytes | None] = [prefix + text[at : at + size] for at in range(0, len(text), step)]
            if alike is bodies:
                return tokens
            for place, token in zip(places, tokens, strict=True):
                found[place] = token
        return found

    def open_many(
        self, tokens: Sequence[object], records: Sequence[bytes], failed: dict[int, CrmkitError]
    ) -> list[object]:
        """Return the values of a column, ``None`` for missing ones and for those that end up in ``failed``.

        Args:
            tokens: The column.
            records: Octets of the record ids.
            failed: Row -> error, filled here.
        """
        found: list[object] = [None] * len(tokens)
        for start in range(0, len(tokens), _CHUNK):
            chunk = tokens[start : start + _CHUNK]
            left = [place for place, token in enumerate(chunk) if token is not None]
            for lock in self._by_header.values():  # the key that writes first, and most columns need no other
                opened: list[int] = []
                for places, bodies in self._bodies_of(lock, chunk, left):
                    rows = [start + place for place in places]
                    frames = lock.suite.open_many(bodies, lock.about, [records[row] for row in rows])
                    self._unwrap_many(frames, rows, found, failed)
                    opened += places
                left = [] if len(opened) == len(left) else sorted({*left}.difference(opened))
                if not left:
                    break
            for place in left:
                row = start + place
                found[row] = self._open_alone(chunk[place], records[row], row, failed)
        return found

    def _unwrap_many(
        self, frames: Sequence[bytes | None], rows: list[int], found: list[object], failed: dict[int, CrmkitError]
    ) -> None:
        is_text, unwrap = self.field.type is str, self._framer.unwrap
        for row, frame in zip(rows, frames, strict=True):
            try:
                if frame is None:
                    failed[row] = _aead.failed()
                    continue
                text = frame.rstrip(b"\0") if is_text else b""
                if text.startswith(b"s") and text.endswith(b"\x80"):  # what unwrap would do, without the call
                    found[row] = text[1:-1].decode()
                else:
                    found[row] = unwrap(frame)
            except ValueError:
                failed[row] = _aead.failed()

    def _open_alone(self, token: Any, record: bytes, row: int, failed: dict[int, CrmkitError]) -> object:
        try:
            return self.open(token, record)
        except CrmkitError as error:
            failed[row] = error.with_traceback(None)  # whose frames hold values
            return None

    def _bodies_of(
        self, lock: _Lock, tokens: Sequence[Any], places: Sequence[int]
    ) -> Iterator[tuple[list[int], list[bytes]]]:
        """Yield places of tokens that are beyond doubt this key's, and their bodies; others are looked at alone."""
        head: Any = lock.prefix if self._is_text else lock.header
        kind, size = type(head), len(head)
        least = _token.OVERHEAD[self.field.number] + _token.MIN_FRAME
        alike: dict[int, list[int]] = {}
        for place in places:
            token = tokens[place]
            if type(token) is kind and token[:size] == head:
                alike.setdefault(len(token), []).append(place)
        for length, several in alike.items():
            rests = [tokens[place][size:] for place in several]
            bodies = _decode_many(rests, length - size) if self._is_text else rests
            if bodies is not None and len(bodies[0]) >= least:
                yield several, bodies

    def _raw(self, token: str | bytes) -> bytes:
        if self._is_text:
            if not isinstance(token, str):
                raise InvalidValueError(f"{self.field.name}: a token as text wanted, not {type(token).__name__}")
            return _token.decode(token)
        if not isinstance(token, bytes | bytearray | memoryview):
            raise InvalidValueError(f"{self.field.name}: a token as bytes wanted, not {type(token).__name__}")
        return _token.check(bytes(token))

    def _unknown(self, header: bytes) -> TokenError:
        tag = header[2:].hex()
        if header in self._destroyed:
            return KeyDestroyedError(f"{self.field.name}: the key {tag} of this token was destroyed", key_tag=tag)
        return UnknownKeyError(
            f"{self.field.name}: no key {tag} here; the token is of another field, tenant, person or keyring",
            key_tag=tag,
        )

    def _unwrap(self, frame: bytes) -> object:
        try:
            return self._framer.unwrap(frame)
        except ValueError:
            raise _aead.failed() from None


def _paddings(framer: Framer) -> tuple[bytes, ...]:
    """Return what follows a text of 0, 1, 2, ... octets in its frame; nothing for a field of another kind."""
    if framer.kind is not str or framer.bucket is None or framer.fixed is not None:
        return ()
    return tuple(END.ljust(framer.size(size) - size - 1, b"\0") for size in range(_MOST_PADS))


def _by_length(bodies: Sequence[bytes | None]) -> dict[int, list[int]]:
    places: dict[int, list[int]] = {}
    for place, body in enumerate(bodies):
        if body is not None:
            places.setdefault(len(body), []).append(place)
    return places


def _decode_many(bodies: list[str], length: int) -> list[bytes] | None:
    """Decode base64url texts of one length at once; ``None`` if any of them is not in its one spelling."""
    if length % 4 == 1 or length == 0:
        return None
    filler = "A" * (-length % 4)
    try:
        text = (filler.join(bodies) + filler).encode("ascii")
        # What is of another alphabet becomes something that no alphabet has, and the strict reader refuses it.
        data = binascii.a2b_base64(text.translate(_FROM_URL), strict_mode=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    step = (length + len(filler)) * 3 // 4
    size = length * 3 // 4
    if any(any(data[at::step]) for at in range(size, step)):  # unused bits are set
        return None
    return [data[at : at + size] for at in range(0, len(data), step)]


def _about(field: Field, tenant: str, header: bytes) -> bytes:
    """Return what every token of a field authenticates: where it belongs."""
    own = field.name.rpartition(".")[2]
    return encode_parts(
        [b"crmkit/v1", header, tenant.encode(), field.table.encode(), own.encode(), CODECS[field.type].code]
    )
