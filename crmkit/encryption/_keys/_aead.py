"""The three suites, each one call of pyca: no primitive or mode is put together here.

1. AES-256-SIV (RFC 5297) with the record and a random nonce as components of their own.
2. AES-256-SIV without record and nonce: equal values of a field give equal tokens.
3. Cobblestone-256 (C2SP chunked encryption): commits to its key and context.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, Protocol

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from crmkit._canonical import encode_parts
from crmkit.encryption._octets import _alike, _token
from crmkit.errors import DecryptionError, RefusedError

from ._secret import SecretKey, Unpicklable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NONCE_BYTES: Final = 16
_KEY_BYTES: Final = {_token.RANDOM: 64, _token.DETERMINISTIC: 64, _token.COMMITTING: 32}

# RFC 5297, appendix A.1, with the key of 256 bits that the RFC uses there.
_ANSWER_KEY = bytes.fromhex("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
_ANSWER_DATA = bytes.fromhex("101112131415161718191a1b1c1d1e1f2021222324252627")
_ANSWER_TEXT = bytes.fromhex("112233445566778899aabbccddee")
_ANSWER = bytes.fromhex("85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c")


class Suite(Protocol):
    """Encrypts and decrypts the bodies of tokens under one key."""

    def seal(self, frame: bytes, about: bytes, record: bytes, nonce: bytes) -> bytes:
        """Return the body; ``nonce`` is used by suite 1 only."""
        ...

    def open(self, body: bytes, about: bytes, record: bytes) -> bytes:
        """Return the frame, or raise `DecryptionError` that says nothing."""
        ...

    def seal_alike(self, frames: Sequence[bytes], about: bytes, records: Sequence[bytes]) -> bytes:
        """Return the bodies of frames of one length, one behind the other."""
        ...

    def open_alike(self, bodies: bytes, about: bytes, records: Sequence[bytes]) -> list[bytes | None]:
        """Return the frames of bodies of one length; ``None`` for one that cannot be opened."""
        ...


def key_bytes(suite: int) -> int:
    """Return how long the key of a suite is."""
    return _KEY_BYTES[suite]


def siv(key: bytes) -> AESSIV:
    """Return AES-SIV under ``key``.

    Raises:
        RefusedError: This build of cryptography has no AES-SIV, or one that gives wrong answers.
    """
    global _checked  # noqa: PLW0603 - once a process
    if not _checked:
        check_siv(AESSIV)
        _checked = True
    return AESSIV(key)


_checked = False


def check_siv(algorithm: Callable[[bytes], AESSIV]) -> None:
    """Ask AES-SIV a question whose answer the RFC prints.

    Raises:
        RefusedError: It is absent or wrong.
    """
    try:
        answer = algorithm(_ANSWER_KEY).encrypt(_ANSWER_TEXT, [_ANSWER_DATA])
    except UnsupportedAlgorithm:
        raise RefusedError(
            "this build of cryptography has no AES-SIV; install the wheel from PyPI, or use Field(suite=3)",
            rule="no_aes_siv",
        ) from None
    if answer != _ANSWER:
        raise RefusedError("AES-SIV of this build gives a wrong answer to RFC 5297, A.1", rule="wrong_aes_siv")


def failed() -> DecryptionError:
    """Return the one error for everything that goes wrong once a key was used."""
    return DecryptionError("this token cannot be opened here")


class _OneByOne:
    """What suites without a nonce of ours do with a column."""

    __slots__ = ()

    def seal_alike(self: Suite, frames: Sequence[bytes], about: bytes, records: Sequence[bytes]) -> bytes:
        rows = zip(frames, records, strict=True)
        return b"".join([self.seal(frame, about, record, b"") for frame, record in rows])

    def open_alike(self: Suite, bodies: bytes, about: bytes, records: Sequence[bytes]) -> list[bytes | None]:
        found: list[bytes | None] = []
        for body, record in zip(_alike.cut(bodies, len(bodies) // len(records)), records, strict=True):
            try:
                found.append(self.open(body, about, record))
            except DecryptionError:
                found.append(None)
        return found


class RandomSuite:
    """Suite 1."""

    __slots__ = ("_siv",)

    def __init__(self, key: bytes) -> None:
        self._siv = siv(key)

    def seal(self, frame: bytes, about: bytes, record: bytes, nonce: bytes) -> bytes:
        return nonce + self._siv.encrypt(frame, [about, record, nonce])

    def seal_alike(self, frames: Sequence[bytes], about: bytes, records: Sequence[bytes]) -> bytes:
        """As `seal`, with the nonces of all rows drawn at once."""
        encrypt = self._siv.encrypt
        noise = os.urandom(NONCE_BYTES * len(frames))
        nonces = _alike.cut(noise, NONCE_BYTES)
        sealed = [
            encrypt(frame, [about, record, nonce]) for frame, record, nonce in zip(frames, records, nonces, strict=True)
        ]
        return _alike.beside(noise, NONCE_BYTES, b"".join(sealed), len(sealed[0]))

    def open_alike(self, bodies: bytes, about: bytes, records: Sequence[bytes]) -> list[bytes | None]:
        """As `open`, without a call for each row; only where one cannot be opened is it asked which."""
        decrypt = self._siv.decrypt
        nonces, sealed = _alike.columns(bodies, len(bodies) // len(records), NONCE_BYTES)
        rows = list(zip(sealed, records, nonces, strict=True))
        try:
            return [decrypt(one, [about, record, nonce]) for one, record, nonce in rows]
        except InvalidTag:
            return [self._open(one, about, record, nonce) for one, record, nonce in rows]

    def _open(self, sealed: bytes, about: bytes, record: bytes, nonce: bytes) -> bytes | None:
        try:
            return self._siv.decrypt(sealed, [about, record, nonce])
        except InvalidTag:
            return None

    def open(self, body: bytes, about: bytes, record: bytes) -> bytes:
        try:
            return self._siv.decrypt(body[NONCE_BYTES:], [about, record, body[:NONCE_BYTES]])
        except InvalidTag:
            raise failed() from None


class DeterministicSuite(_OneByOne):
    """Suite 2."""

    __slots__ = ("_siv",)

    def __init__(self, key: bytes) -> None:
        self._siv = siv(key)

    def seal(self, frame: bytes, about: bytes, record: bytes, nonce: bytes) -> bytes:  # noqa: ARG002 - suites are called alike
        return self._siv.encrypt(frame, [about])

    def open(self, body: bytes, about: bytes, record: bytes) -> bytes:  # noqa: ARG002 - suites are called alike
        try:
            return self._siv.decrypt(body, [about])
        except InvalidTag:
            raise failed() from None


class CommittingSuite(_OneByOne, Unpicklable):
    """Suite 3."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = SecretKey(key)

    def seal(self, frame: bytes, about: bytes, record: bytes, nonce: bytes) -> bytes:  # noqa: ARG002 - suites are called alike
        encryptor = Cobblestone256Encryptor(self._key.reveal(), encode_parts([b"crmkit/v1", about, record]))
        return encryptor.update(frame) + encryptor.finalize()

    def open(self, body: bytes, about: bytes, record: bytes) -> bytes:
        decryptor = Cobblestone256Decryptor(self._key.reveal(), encode_parts([b"crmkit/v1", about, record]))
        try:
            return decryptor.update(body) + decryptor.finalize()
        except InvalidTag:
            raise failed() from None


def suite(number: int, key: bytes) -> Suite:
    """Return the suite of that number under ``key``."""
    made: dict[int, Callable[[bytes], Suite]] = {
        _token.RANDOM: RandomSuite,
        _token.DETERMINISTIC: DeterministicSuite,
        _token.COMMITTING: CommittingSuite,
    }
    return made[number](key)
