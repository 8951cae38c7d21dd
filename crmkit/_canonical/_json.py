"""Canonical JSON: RFC 8785, and the narrower ``crmkit-json/1`` that every reader of JSON takes without loss."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from json.encoder import encode_basestring
from typing import TYPE_CHECKING

from crmkit.errors import FormatError, InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_SAFE_INT = 2**53 - 1
"""Largest integer that JSON readers with doubles keep (RFC 7493, section 2.2)."""
MAX_DEPTH = 200

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def json_bytes(value: object) -> bytes:
    """Return the ``crmkit-json/1`` form: RFC 8785 without floats, large integers or lone surrogates.

    Args:
        value: ``None``, bool, int within ±(2^53 - 1), text, and lists and mappings of these with text keys.

    Raises:
        InvalidValueError: Something else is in it; the message names the place, never the value.

    Example:
        >>> json_bytes({"b": [True, None], "a": "é"}).decode()
        '{"a":"é","b":[true,null]}'
    """
    try:
        plain = _plain(value, 0)
    except _LackingError as error:
        raise InvalidValueError(f"${''.join(reversed(error.path))}: {error.reason}") from None
    return _utf8(_encode(plain))


class _LackingError(Exception):
    """Something that the form lacks; gathers the way to it while it goes up."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path: list[str] = []


def _plain(value: object, depth: int) -> object:
    """Return the value with its keys in order, built of exactly the types that JSON has."""
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return value
    if kind is int:
        if not -MAX_SAFE_INT <= value <= MAX_SAFE_INT:  # type: ignore[operator]  # it is an int
            raise _LackingError("integer beyond 2^53 - 1; store it as text")
        return value
    if depth >= MAX_DEPTH:
        raise _LackingError(f"nested deeper than {MAX_DEPTH} levels")
    step = ""
    try:
        if isinstance(value, (list, tuple)):
            items = []
            for index, item in enumerate(value):
                step = f"[{index}]"
                items.append(_plain(item, depth + 1))
            return items
        if isinstance(value, Mapping):
            members = {}
            for key in _sorted_keys(value, "$"):
                item = value[key]
                step = key
                members[key] = item if type(item) is str or item is None else _plain(item, depth + 1)
            return members
    except _LackingError as error:
        error.path.append(f".{step}" if isinstance(value, Mapping) else step)
        raise
    if isinstance(value, float):
        raise _LackingError("crmkit-json/1 has no floats; store decimals as text")
    raise _LackingError(f"JSON has no {kind.__name__}")


def jcs(value: object) -> bytes:
    """Return the RFC 8785 form, floats included.

    Args:
        value: As for `json_bytes`, and finite floats, and larger integers that a double holds exactly.

    Raises:
        InvalidValueError: JSON cannot say it, or only by losing something.

    Example:
        >>> jcs([1e30, 4.50, 2e-3, -0.0]).decode()
        '[1e+30,4.5,0.002,0]'

    Source:
        RFC 8785; numbers by ECMA-262, Number::toString.
    """
    pieces: list[str] = []
    _write(value, "$", 0, pieces)
    return _utf8("".join(pieces))


def _write(value: object, place: str, depth: int, pieces: list[str]) -> None:
    if isinstance(value, str):
        pieces.append(encode_basestring(value))
    elif value is None:
        pieces.append("null")
    elif isinstance(value, bool):
        pieces.append("true" if value else "false")
    elif isinstance(value, (int, float)):
        pieces.append(_number(value, place))
    elif depth >= MAX_DEPTH:
        raise InvalidValueError(f"nested deeper than {MAX_DEPTH} levels")
    elif isinstance(value, (list, tuple)):
        pieces.append("[")
        for index, item in enumerate(value):
            if index:
                pieces.append(",")
            _write(item, f"{place}[{index}]", depth + 1, pieces)
        pieces.append("]")
    elif isinstance(value, Mapping):
        pieces.append("{")
        for index, key in enumerate(_sorted_keys(value, place)):
            pieces.append(f"{',' if index else ''}{encode_basestring(key)}:")
            _write(value[key], f"{place}.{key}", depth + 1, pieces)
        pieces.append("}")
    else:
        raise InvalidValueError(f"{place}: JSON has no {type(value).__name__}")


def _number(value: float, place: str) -> str:
    """Write a number as ECMAScript does: shortest digits that read back, exponent from 10^21 and below 10^-6."""
    if isinstance(value, int) and -MAX_SAFE_INT <= value <= MAX_SAFE_INT:
        return int.__repr__(value)
    try:
        double = float(value)
    except OverflowError:
        double = math.inf
    if not math.isfinite(double):
        raise InvalidValueError(f"{place}: JSON has no such number")
    if double != value:
        raise InvalidValueError(f"{place}: a double cannot hold this integer; store it as text")
    if double == 0:
        return "0"
    sign, mantissa, exponent = Decimal(repr(double)).normalize().as_tuple()
    digits = "".join(map(str, mantissa))
    point = len(digits) + int(exponent)  # where the decimal point stands, counted from the first digit
    if len(digits) <= point <= 21:
        text = digits + "0" * (point - len(digits))
    elif 0 < point <= 21:
        text = f"{digits[:point]}.{digits[point:]}"
    elif -6 < point <= 0:
        text = f"0.{'0' * -point}{digits}"
    else:
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        text = f"{digits[0]}{fraction}e{point - 1:+d}"
    return f"-{text}" if sign else text


def _sorted_keys(value: Mapping[object, object], place: str) -> Iterable[str]:
    """Return the keys in the order of their UTF-16 code units (RFC 8785, section 3.2.3)."""
    names: list[str] = []
    astral = False
    for key in value:
        if type(key) is not str:
            raise InvalidValueError(f"{place}: a key is {type(key).__name__}, not text")
        if not key.isascii() and max(key) >= "\ud800":
            astral = True
        names.append(key)
    if astral:
        return sorted(names, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
    return sorted(names)


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InvalidValueError("text with a lone surrogate has no UTF-8 form") from None


def parse_json(data: bytes) -> object:
    """Read a ``crmkit-json/1`` document, and only that: the same bytes must come out of `json_bytes` again.

    Raises:
        FormatError: Not JSON, or not in its one canonical form.
    """
    try:
        value: object = json.loads(data.decode(), parse_float=_refuse, parse_constant=_refuse)
        canonical = json_bytes(value)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"not crmkit-json/1: {type(error).__name__}") from None
    if canonical != data:
        raise FormatError("not crmkit-json/1: this document is written in another way")
    return value


def _refuse(_text: str) -> object:
    raise ValueError
