"""The token: what an encrypted value looks like outside, and the one way in which it may be spelt."""

from __future__ import annotations

import binascii
from typing import Final

import attrs

from crmkit.errors import PlaintextFoundError, TokenError, TokenFormatError, UnsupportedTokenError

MARKER: Final = "crm1."
VERSION: Final = 1
HEADER_BYTES: Final = 18
RANDOM, DETERMINISTIC, COMMITTING = 1, 2, 3
OVERHEAD: Final = {RANDOM: 32, DETERMINISTIC: 16, COMMITTING: 72}
"""Octets of a body that are not ciphertext: nonce and synthetic IV; synthetic IV; salt, commitment and tag."""
MIN_FRAME: Final = 2

_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_+/=", b"+/!!!")
_PADDING = (b"", b"", b"==", b"=")
_LAST = (None, "", "AQgw", "AEIMQUYcgkosw048")
"""What the last character may be where it has unused bits: those with these bits zero."""


@attrs.frozen
class TokenInfo:
    """What a token shows to everybody; made by ``inspect``.

    Attributes:
        version: Of the format.
        suite: 1 random, 2 deterministic, 3 committing.
        key_tag: Names the key; 32 hexadecimal digits.
        plaintext_bytes: Octets of the padded plaintext, type and padding included.

    .. versionadded:: 0.1.0
    """

    version: int
    suite: int
    key_tag: str
    plaintext_bytes: int


def header(suite: int, tag: bytes) -> bytes:
    """Return the octets that every token of one key begins with."""
    return bytes((VERSION, suite)) + tag


def encode(raw: bytes) -> str:
    """Return the text form of a token's octets."""
    return MARKER + encode_body(raw)


def encode_body(raw: bytes) -> str:
    """Return base64url without padding."""
    return binascii.b2a_base64(raw, newline=False).translate(_TO_URL, b"=").decode("ascii")


def decode(token: str) -> bytes:
    """Return the octets of a text token.

    Raises:
        PlaintextFoundError: It does not begin like a token.
        TokenFormatError: It is cut short, or not in the one spelling.
        UnsupportedTokenError: Another version or suite.
    """
    if not token.startswith(MARKER):
        raise PlaintextFoundError(
            "this is not a token: it does not begin with the marker; if it is plaintext, migrate it with a Rotator"
        )
    return check(decode_body(token[len(MARKER) :]))


def decode_body(body: str) -> bytes:
    """Return the octets of base64url without padding, in its one spelling.

    Raises:
        TokenFormatError: It is spelt in another way.
    """
    last = _LAST[len(body) % 4]
    raw = _read(body)
    if raw is None:  # raised outside of the handler: Python's own error holds the whole text
        raise TokenFormatError("not a token: cut short, or a character outside of the base64url alphabet")
    if last is not None and body[-1] not in last:
        raise TokenFormatError("not a token: unused bits of its base64url are set")
    return raw


def _read(body: str) -> bytes | None:
    try:
        # What is of another alphabet becomes something that no alphabet has, and the strict reader refuses it.
        data = body.encode("ascii").translate(_FROM_URL) + _PADDING[len(body) % 4]
        return binascii.a2b_base64(data, strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        return None


def header_of(prefix: str) -> bytes:
    """Return the header that the first 29 characters of a text token spell; nothing if they do not."""
    try:
        return decode_body(prefix[len(MARKER) :])
    except TokenFormatError:
        return b""


def check(raw: bytes) -> bytes:
    """Return the octets of a token if version, suite and length are right.

    Raises:
        TokenFormatError: Too short.
        UnsupportedTokenError: Another version or suite.
    """
    if len(raw) < 2:
        raise TokenFormatError("not a token: too short")
    if raw[0] != VERSION:
        raise UnsupportedTokenError(f"a token of version {raw[0]}; this release reads version {VERSION}")
    overhead = OVERHEAD.get(raw[1])
    if overhead is None:
        raise UnsupportedTokenError(f"a token of suite {raw[1]}; this release knows {', '.join(map(str, OVERHEAD))}")
    if len(raw) < HEADER_BYTES + overhead + MIN_FRAME:
        raise TokenFormatError("not a token: too short")
    return raw


def looks_like_token(value: object) -> bool:
    """Say whether a plaintext is a well-formed text token already."""
    if isinstance(value, bytes | bytearray) and value.startswith(MARKER.encode()) and value.isascii():
        value = value.decode("ascii")
    if not isinstance(value, str) or not value.startswith(MARKER):
        return False
    try:
        decode(value)
    except TokenError:
        return False
    return True


def inspect(token: str | bytes) -> TokenInfo:
    """Say what a token shows without any key.

    Args:
        token: Text, or the octets of a raw token.

    Raises:
        TokenFormatError: Not a token.
        UnsupportedTokenError: Another version or suite.

    Example:
        >>> inspect("crm1.AQEAAAAAAAAAAAAAAAAAAAAA" + "A" * 86)
        TokenInfo(version=1, suite=1, key_tag='00000000000000000000000000000000', plaintext_bytes=32)

    .. versionadded:: 0.1.0
    """
    raw = decode(token) if isinstance(token, str) else check(token)
    size = len(raw) - HEADER_BYTES - OVERHEAD[raw[1]]
    return TokenInfo(raw[0], raw[1], raw[2:HEADER_BYTES].hex(), size)
