"""One field under its keys: values to tokens and back, singly and by the column."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import attrs

from crmkit._canonical import encode_parts
from crmkit.encryption._fields._field import field_items
from crmkit.encryption._keys import _aead
from crmkit.encryption._keys._derive import derive, key_tag
from crmkit.encryption._keys._secret import Unpicklable
from crmkit.encryption._octets import _alike, _token
from crmkit.encryption._octets._frame import CODECS, END
from crmkit.errors import (
    CrmkitError,
    DoubleEncryptionError,
    InvalidValueError,
    KeyDestroyedError,
    TokenError,
    UnknownKeyError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crmkit.encryption._fields._field import Field
    from crmkit.encryption._keys._aead import Suite
    from crmkit.encryption._keys._keyset import Keyset
    from crmkit.encryption._octets._frame import Framer

NO_NONCE: Final = b""
_CHUNK: Final = 4096
_MOST_PADS: Final = 512
"""Texts of fewer octets find their padding ready."""


@attrs.frozen
class _Lock:
    """A key ready for use: its suite, and what it authenticates besides the record and the value."""

    header: bytes
    suite: Suite = attrs.field(repr=False)
    about: bytes = attrs.field(repr=False)
    prefix: str = attrs.field(
        init=False, default=attrs.Factory(lambda self: _token.encode(self.header), takes_self=True)
    )


class FieldCipher(Unpicklable):
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

    def made(self, value: object) -> bool:
        """Say whether octets begin like a raw token of one of these keys."""
        return isinstance(value, bytes) and value[: _token.HEADER_BYTES] in self._by_header

    def seal(self, value: object, record: bytes) -> str | bytes | None:
        """Return the token of one value; ``None`` for ``None``, unless the field hides it."""
        if value is None and not self._framer.hide_null:
            return None
        self._check_double(value)
        return self._token(self._framer.wrap(value), record)

    def _token(self, frame: bytes, record: bytes) -> str | bytes:
        active = self._active
        nonce = os.urandom(_aead.NONCE_BYTES) if self._random else NO_NONCE
        raw = active.header + active.suite.seal(frame, active.about, record, nonce)
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
        found: list[str | bytes | None] = [None] * len(values)
        for start in range(0, len(values), _CHUNK):
            frames = self._frames(values[start : start + _CHUNK], start)
            for places, alike in _alike.groups(frames):
                own = [records[start + place] for place in places]
                tokens = self._sealed(alike, own)
                if len(places) == len(frames):
                    found[start : start + len(frames)] = tokens
                    continue
                for place, token in zip(places, tokens, strict=True):
                    found[start + place] = token
        return found

    def _sealed(self, frames: Sequence[bytes], records: Sequence[bytes]) -> Sequence[str | bytes]:
        """Return the tokens of frames of one length."""
        active = self._active
        if len(frames) < _alike.FEWEST:
            return [self._token(frame, record) for frame, record in zip(frames, records, strict=True)]
        bodies = active.suite.seal_alike(frames, active.about, records)
        if self._is_text:
            return _alike.spell(self.prefix, bodies, len(frames))
        return [active.header + body for body in _alike.cut(bodies, len(bodies) // len(frames))]

    def _frames(self, values: Sequence[object], start: int) -> list[bytes]:
        """Return a frame for each value, one of no octets for a missing value that is not hidden."""
        kinds, pads = set(map(type, values)), self._pads
        texts: Sequence[Any] = values
        if pads and not self._framer.hide_null and kinds == {str, type(None)}:
            texts = [value for value in values if value is not None]
        if pads and (kinds == {str} or texts is not values):
            quick = _alike.frames_of_texts(texts, pads)
            if quick is not None:
                one = iter(quick)
                return quick if texts is values else [b"" if value is None else next(one) for value in values]
        frames: list[bytes] = []
        try:
            for value in values:
                frames.append(self._frame(value))  # noqa: PERF401 - an error names the row that it stopped at
        except InvalidValueError as error:
            raise InvalidValueError(f"{self.field.name}, row {start + len(frames)}: {error}") from None
        except DoubleEncryptionError as error:
            raise DoubleEncryptionError(f"row {start + len(frames)}: {error}", rule=error.rule) from None
        return frames

    def _frame(self, value: object) -> bytes:
        if value is None and not self._framer.hide_null:
            return b""
        self._check_double(value)
        return self._framer.wrap(value)

    def _check_double(self, value: object) -> None:
        if self.made(value) or _token.looks_like_token(value):
            raise DoubleEncryptionError(
                f"{self.field.name}: the value is a token already; to move it, use rebind", rule="double_encryption"
            )

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
                    frames = lock.suite.open_alike(bodies, lock.about, [records[row] for row in rows])
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
        self, frames: Sequence[bytes | None], rows: Sequence[int], found: list[object], failed: dict[int, CrmkitError]
    ) -> None:
        whole = [frame for frame in frames if frame is not None]
        quick = _alike.texts_of_frames(whole) if self.field.type is str and len(whole) == len(frames) else None
        if quick is not None and len(quick) == len(rows):
            for row, text in zip(rows, quick, strict=True):
                found[row] = text
            return
        for row, frame in zip(rows, frames, strict=True):
            try:
                if frame is None:
                    failed[row] = _aead.failed()
                else:
                    found[row] = self._framer.unwrap(frame)
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
    ) -> Iterator[tuple[Sequence[int], bytes]]:
        """Yield places of tokens that are beyond doubt this key's, and their bodies; others are looked at alone."""
        head: Any = lock.prefix if self._is_text else lock.header
        kind, size = type(head), len(head)
        least = _token.OVERHEAD[self.field.number] + _token.MIN_FRAME
        if len(self._by_header) > 1 or set(map(type, tokens)) != {kind}:
            places = [place for place in places if type(tokens[place]) is kind and tokens[place][:size] == head]
        for within, alike in _alike.groups(tokens if len(places) == len(tokens) else [tokens[at] for at in places]):
            if len(alike) < _alike.FEWEST or len(alike[0]) < size + least:
                continue
            if self._is_text:
                bodies = _alike.read(head, alike)
            else:
                bodies = b"".join([one[size:] for one in alike]) if all(one[:size] == head for one in alike) else None
            if bodies is not None and len(bodies) >= least * len(alike):
                yield [places[at] for at in within], bodies

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
            pass
        raise _aead.failed()


def _paddings(framer: Framer) -> tuple[bytes, ...]:
    """Return what follows a text of 0, 1, 2, ... octets in its frame; nothing for a field of another kind."""
    if framer.kind is not str:
        return ()
    sizes = range(_MOST_PADS if framer.fixed is None else min(framer.fixed + 1, _MOST_PADS))
    return tuple(END.ljust(framer.size(size) - size - 1, b"\0") for size in sizes)


def _about(field: Field, tenant: str, header: bytes) -> bytes:
    """Return what every token of a field authenticates: where it belongs."""
    own = field.name.rpartition(".")[2]
    return encode_parts(
        [
            b"crmkit/v1", header, tenant.encode(), field.table.encode(), own.encode(), CODECS[field.type].code,
            *(name.encode() for name in field.bound),
        ]
    )  # fmt: skip
