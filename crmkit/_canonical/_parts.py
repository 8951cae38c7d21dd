"""Tuples of byte strings as one byte string that no other tuple gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable

WORD = 8


def encode_parts(parts: Iterable[bytes]) -> bytes:
    """Join byte strings so that the tuple can be told from the result.

    The number of parts, then each part's length and the part; numbers are 8 bytes, big-endian.

    Example:
        >>> encode_parts([b"ab", b"c"]) != encode_parts([b"a", b"bc"])
        True
    """
    parts = list(parts)
    pieces = [len(parts).to_bytes(WORD, "big")]
    for part in parts:
        pieces += (len(part).to_bytes(WORD, "big"), part)
    return b"".join(pieces)


def decode_parts(data: bytes) -> tuple[bytes, ...]:
    """Undo `encode_parts`.

    Raises:
        FormatError: The bytes are not what `encode_parts` gives.
    """
    parts: list[bytes] = []
    at = WORD
    for _ in range(int.from_bytes(data[:WORD], "big")):
        start = at + WORD
        at = start + int.from_bytes(data[start - WORD : start], "big")
        if at > len(data) or start > len(data):
            break
        parts.append(data[start:at])
    if at != len(data) or len(parts) != int.from_bytes(data[:WORD], "big"):
        raise FormatError("not a tuple of parts: lengths and bytes do not agree")
    return tuple(parts)
