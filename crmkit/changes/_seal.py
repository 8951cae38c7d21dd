"""What the chain runs over: for each line a digest of its values under a salt, so that values can be erased."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import TYPE_CHECKING, Any, Final

from crmkit._canonical import encode_parts
from crmkit.errors import SchemaError, TamperedLogError
from crmkit.frames import StoredRow, encode_cell

if TYPE_CHECKING:
    from ._columns import Lines

SALT_BYTES: Final = 16


class Seal:
    """What was written down about each line: a salt, and the digest that the chain runs over."""

    __slots__ = ("digests", "salts")

    def __init__(self, salts: list[bytes | None], digests: list[str]) -> None:
        self.salts = salts
        self.digests = digests

    def erase(self, line: int) -> None:
        """Forget the salt of a line, without which its digest says nothing."""
        self.salts[line] = None

    def digest(self) -> str:
        """Return the SHA-256 over the digests of all lines; it stays when values are erased."""
        return hashlib.sha256(bytes.fromhex("".join(self.digests))).hexdigest()

    def verify(self, lines: Lines) -> None:
        """Raise unless every value is the one that its digest was made of."""
        for line, (salt, expected) in enumerate(zip(self.salts, self.digests, strict=True)):
            if salt is not None and not hmac.compare_digest(digest(salt, *sides(lines, line)[1:]), expected):
                raise TamperedLogError("the value is not the one that was written down", location=f"line {line + 1}")


def seal(lines: Lines) -> Seal:
    """Draw salts and make digests of all lines; write down the types, which stay when values are erased."""
    noise = secrets.token_bytes(SALT_BYTES * len(lines))
    salts: list[bytes | None] = [noise[start : start + SALT_BYTES] for start in range(0, len(noise), SALT_BYTES)]
    digests, types = [], []
    for line in range(len(lines)):
        kind, before, after = sides(lines, line)
        types.append(kind)
        digests.append(digest(noise[SALT_BYTES * line : SALT_BYTES * (line + 1)], before, after))
    lines.types = types
    return Seal(salts, digests)


def digest(salt: bytes, before: bytes, after: bytes) -> str:
    """Return HMAC-SHA256 of the two values as JSON, keyed with the salt."""
    return hmac.digest(salt, encode_parts((before, after)), "sha256").hex()


def sides(lines: Lines, line: int) -> tuple[str, bytes, bytes]:
    """Return the type, and ``before`` and ``after`` as JSON.

    Raises:
        SchemaError: A value of a type that has no form in the log.
    """
    before, after = lines.before_of(line), lines.after[line]
    if type(before) is str and type(after) is str:
        return "text", text(before), text(after)
    try:
        if isinstance(before, StoredRow):
            return "row", _row(before), text(after)
        before_type, before_text = encode_cell(before)
        after_type, after_text = encode_cell(after)
    except SchemaError as error:
        where = f"row {lines.row[line]}" + (f", column {lines.path[line]!r}" if lines.path[line] else "")
        raise SchemaError(f"{where}: {error}") from None
    kind = before_type if before_type == after_type else f"{before_type}>{after_type}"
    return kind, text(before_text), text(after_text)


def parsed_sides(side: dict[str, Any], kind: str) -> tuple[bytes, bytes]:
    """Return ``before`` and ``after`` of a line that was read, as the JSON that must have stood there."""
    before = side["before"]
    return json_bytes(before) if kind == "row" else text(before), text(side["after"])


def _row(row: StoredRow) -> bytes:
    cells: dict[str, object] = {"cells": [[name, *encode_cell(cell)] for name, cell in row.cells.items()]}
    if row.label is not None:
        cells["label"] = encode_cell(row.label)
    return json_bytes(cells)


def json_bytes(value: object) -> bytes:
    """Return text, lists and objects as ``crmkit-json/1``; a text with lone surrogates as escapes."""
    try:
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode()


def text(value: str | None) -> bytes:
    """Return one text, or ``null``, as :func:`json_bytes` does."""
    if value is None:
        return b"null"
    try:
        return encode_basestring(value).encode()
    except UnicodeEncodeError:
        return encode_basestring_ascii(value).encode()
