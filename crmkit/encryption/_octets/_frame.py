"""Typed plaintext: one octet says the type, the value follows, and padding hides its length."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

import attrs
import numpy as np

from crmkit._canonical import json_bytes, parse_json
from crmkit.errors import CrmkitError, InvalidValueError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

NULL: Final = b"n"
END: Final = b"\x80"
MAX_BYTES: Final = 16 * 1024 * 1024
_MOST_BITS: Final = 13_280
"""Python writes integers of up to 4,300 digits unless it was told otherwise."""
_MOST_DIGITS: Final = 10_000
_INTEGER = re.compile(rb"-?[0-9]+\Z")
_BOOLS: Final = {b"1": True, b"0": False}


@attrs.frozen
class Codec:
    """How values of one type become octets, and back.

    Attributes:
        code: The octet that names the type.
        encode: Value -> octets; raises `InvalidValueError` for another type.
        decode: Octets -> value.
    """

    code: bytes
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], object]


def _wrong(wanted: str, value: object) -> InvalidValueError:
    return InvalidValueError(f"{wanted} wanted, not {type(value).__name__}")


def utf8(text: str) -> bytes | None:
    """Return text as UTF-8; ``None`` where it has a lone surrogate.

    Whoever raises for that does so outside of this handler: Python's own error holds the whole text, and would stay
    behind the new one for whatever reports errors.
    """
    try:
        return text.encode()
    except UnicodeEncodeError:
        return None


def _from_text(value: object) -> bytes:
    if not isinstance(value, str):
        raise _wrong("text", value)
    data = utf8(value)
    if data is None:
        raise InvalidValueError("text with a lone surrogate has no UTF-8 form")
    return data


def _from_bytes(value: object) -> bytes:
    if not isinstance(value, bytes | bytearray):
        raise _wrong("bytes", value)
    return bytes(value)


def _from_int(value: object) -> bytes:
    if isinstance(value, float):
        raise InvalidValueError(
            "an integer wanted, not float; a column of pandas with missing numbers holds floats: .astype('Int64')"
        )
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise _wrong("an integer", value)
    number = int(value)
    if number.bit_length() > _MOST_BITS:
        raise InvalidValueError("an integer of more than 4,000 digits; encrypt it as text or bytes")
    return b"%d" % number


def _to_int(data: bytes) -> int:
    if not _INTEGER.match(data):
        raise ValueError
    return int(data)


def _from_decimal(value: object) -> bytes:
    if isinstance(value, bool) or not isinstance(value, Decimal | int) or not Decimal(value).is_finite():
        raise _wrong("a finite Decimal", value)
    return str(Decimal(value)).encode()


def decimal_text(value: Decimal) -> str:
    """Return a finite number in the one spelling that equal numbers share: exact, whatever the thread's context is.

    Raises:
        InvalidValueError: Written out it has more than 10,000 digits before or behind the point.
    """
    sign, digits, exponent = value.as_tuple()
    if not value:
        return "0"
    if not isinstance(exponent, int) or exponent < -_MOST_DIGITS or value.adjusted() > _MOST_DIGITS:
        raise InvalidValueError("a number of more than 10,000 digits cannot be compared or indexed")
    kept = len(digits)
    while not digits[kept - 1]:
        kept -= 1
    return f"{Decimal((sign, digits[:kept], exponent + len(digits) - kept)):f}"


def _from_bool(value: object) -> bytes:
    if not isinstance(value, bool | np.bool_):
        raise _wrong("a bool", value)
    return b"1" if value else b"0"


def _from_date(value: object) -> bytes:
    if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
        raise _wrong("a date", value)
    return value.isoformat().encode()


def _from_moment(value: object) -> bytes:
    if not isinstance(value, dt.datetime):
        raise _wrong("a datetime", value)
    if value != value or getattr(value, "nanosecond", 0) != 0:
        raise InvalidValueError("a moment in whole microseconds wanted: not NaT, and nothing finer")
    return value.isoformat().encode()


def from_json(value: object) -> bytes:
    """Return a document's canonical octets; errors do not say where, because keys are plaintext too."""
    try:
        return json_bytes(value)
    except InvalidValueError:
        pass  # and raise outside: its message has the keys on the way, and they are plaintext too
    raise InvalidValueError(
        "JSON of text, bools, None, integers up to 2^53 - 1, lists and dicts with text keys wanted; something else is "
        "in it, or a lone surrogate, or it is nested deeper than 200 levels"
    )


JSON: Final = "json"
CODECS: Final[dict[object, Codec]] = {
    str: Codec(b"s", _from_text, lambda data: data.decode()),
    bytes: Codec(b"b", _from_bytes, lambda data: data),
    int: Codec(b"i", _from_int, _to_int),
    Decimal: Codec(b"d", _from_decimal, lambda data: Decimal(data.decode())),
    bool: Codec(b"?", _from_bool, lambda data: _BOOLS[data]),
    dt.date: Codec(b"D", _from_date, lambda data: dt.date.fromisoformat(data.decode())),
    dt.datetime: Codec(b"T", _from_moment, lambda data: dt.datetime.fromisoformat(data.decode())),
    JSON: Codec(b"j", from_json, parse_json),
}
"""Type -> codec. No floats, because they are no exact text, and no pickle, because reading one can run anything."""


@attrs.frozen
class Framer:
    """Puts values of one field into frames and takes them out again.

    Attributes:
        kind: The field's type, a key of ``CODECS``.
        bucket: A frame's length is a multiple of it; ``None``: no padding.
        fixed: Every value has at most so many octets, and every frame is as long as the longest needs.
        hide_null: ``None`` has a frame like any value.
    """

    kind: object
    bucket: int | None
    fixed: int | None
    hide_null: bool

    def size(self, value_bytes: int) -> int:
        """Return how long the frame of a value of so many octets is.

        Raises:
            InvalidValueError: The field is ``fixed`` and the value longer.
            RefusedError: The value is longer than any token may hold.
        """
        if value_bytes > MAX_BYTES:
            raise RefusedError("a value of more than 16 MiB: use seal_file", rule="too_large")
        if self.fixed is not None:
            if value_bytes > self.fixed:
                raise InvalidValueError(f"the value is longer than the {self.fixed} bytes that the field is fixed to")
            return -(-(self.fixed + 2) // 16) * 16
        framed = value_bytes + 2
        return framed if self.bucket is None else -(-framed // self.bucket) * self.bucket

    def wrap(self, value: object) -> bytes:
        """Return the frame of a value.

        Raises:
            InvalidValueError: Not of the field's type; the message never shows it.
        """
        if value is None:
            code, data = NULL, b""
        else:
            codec = CODECS[self.kind]
            code, data = codec.code, codec.encode(value)
        return (code + data + END).ljust(self.size(len(data)), b"\0")

    def unwrap(self, frame: bytes) -> object:
        """Return the value of an authentic frame.

        Raises:
            ValueError: It was not made by `wrap` of this field.
        """
        stripped = frame.rstrip(b"\0")
        if self.kind is str and stripped.startswith(b"s") and stripped.endswith(END):
            return stripped[1:-1].decode()
        codec = CODECS[self.kind]
        if stripped[-1:] != END:
            raise ValueError
        code, data = stripped[:1], stripped[1:-1]
        if code == NULL and not data and self.hide_null:
            return None
        if code != codec.code:
            raise ValueError
        try:
            return codec.decode(data)
        except (CrmkitError, InvalidOperation, KeyError, ValueError):
            pass  # and raise outside: these errors quote the value
        raise ValueError
