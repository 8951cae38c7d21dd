"""One line of a journal: its bytes and its hash."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import attrs

from crmkit.errors import FormatError, TamperedLogError

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = "crmkit-journal/1"
GENESIS = "0" * 64
"""What the first line has for ``prev``."""
HASH_CHARACTERS = 64

_HEX = re.compile(f"[0-9a-f]{{{HASH_CHARACTERS}}}")
_decode = json.JSONDecoder().raw_decode
_BODY = '{"body":'
_HASH = ',"hash":"'
_NUMBER = '","n":'
_PREVIOUS = ',"prev":"'
_SIDE = ',"side":'


@attrs.frozen
class Head:
    """Where a journal stands: enough to prove later that nothing up to here was changed or cut off.

    Attributes:
        lines: Number of lines behind the header.
        hash: Hash of the last of them, 64 hexadecimal digits.
    """

    lines: int
    hash: str


@attrs.frozen
class Line:
    """One line as it was read and verified."""

    number: int
    """Counted from 1; the header is 0."""
    body: Mapping[str, Any] = attrs.field(repr=False)
    side: Mapping[str, Any] = attrs.field(repr=False)
    hash: str


def line_hash(previous: str, body: bytes) -> str:
    """Return the hash of a line: SHA-256 of the 32 bytes of the hash before, and the bytes of the body."""
    return hashlib.sha256(bytes.fromhex(previous) + body).hexdigest()


def encode(number: int, body: bytes, side: bytes, *, previous: str, own: str) -> bytes:
    """Return the line's bytes, keys in the order that ``crmkit-json/1`` gives them, and a line feed."""
    beside = b',"side":%b' % side if side else b""
    return b'{"body":%b,"hash":"%b","n":%d,"prev":"%b"%b}\n' % (body, own.encode(), number, previous.encode(), beside)


def require_object(data: bytes, what: str) -> None:
    """Refuse bytes that would break the line they are put into.

    Raises:
        FormatError: Not one JSON object without a line feed.
    """
    try:
        text = data.decode()
        value, end = _decode(text)
    except (ValueError, RecursionError):
        value, end, text = None, -1, ""
    if not isinstance(value, dict) or end != len(text) or "\n" in text:
        raise FormatError(f"{what} is not one JSON object on one line")


def decode(raw: bytes, number: int, previous: str, name: str) -> tuple[Line, bytes]:
    """Read and verify one line that should follow ``previous``; also return its body's bytes.

    Raises:
        TamperedLogError: It is not the line that was written there; ``.location`` says which.
    """

    def fault(what: str) -> TamperedLogError:
        return TamperedLogError(what, location=f"{name}, line {number}")

    try:
        body, content, own, claimed, before, side = _parse(raw.decode())
    except (ValueError, RecursionError):
        raise fault("not a line of a journal") from None
    if claimed != number:
        what = "lines before it are missing" if claimed > number else "it stands behind later lines, or twice"
        raise fault(f"out of place, it says it is line {claimed}: {what}")
    if before != previous:
        raise fault("it does not follow the line before it: one of the two was replaced")
    if line_hash(previous, content) != own:
        raise fault("its body is not what was written")
    return Line(number, body, side, own), content


def _parse(text: str) -> tuple[dict[str, Any], bytes, str, int, str, dict[str, Any]]:
    """Return body, its bytes, hash, number, ``prev`` and side of a line that is laid out as `encode` does."""
    at = _after(text, 0, _BODY)
    body, end = _decode(text, at)
    content = text[at:end].encode()
    own, at = _quoted_hash(text, end, _HASH)
    claimed, at = _decode(text, _after(text, at, _NUMBER))
    before, at = _quoted_hash(text, at, _PREVIOUS)
    at = _after(text, at, '"')
    side: Any = {}
    if text.startswith(_SIDE, at):
        side, at = _decode(text, at + len(_SIDE))
    if text[at:] != "}\n" or type(claimed) is not int or type(body) is not dict or type(side) is not dict:
        raise ValueError
    return body, content, own, claimed, before, side


def parse(raw: bytes) -> tuple[int, str]:
    """Return number and ``prev`` as a line states them, unverified.

    Raises:
        ValueError: Not laid out as a line.
    """
    _, _, _, claimed, before, _ = _parse(raw.decode())
    return claimed, before


def _after(text: str, at: int, mark: str) -> int:
    if not text.startswith(mark, at):
        raise ValueError
    return at + len(mark)


def _quoted_hash(text: str, at: int, mark: str) -> tuple[str, int]:
    at = _after(text, at, mark)
    digits = text[at : at + HASH_CHARACTERS]
    if _HEX.fullmatch(digits) is None:
        raise ValueError
    return digits, at + HASH_CHARACTERS
