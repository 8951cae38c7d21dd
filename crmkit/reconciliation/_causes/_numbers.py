"""Causes between numbers: zeros and digits that are gone, noise, rounding, another unit."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from ._cause import Cause

__all__ = ["number"]

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?\Z", re.ASCII)
_SCIENTIFIC = re.compile(r"[+-]?\d(?:\.\d+)?[eE]\+?\d{1,3}\Z", re.ASCII)
_DIGITS = re.compile(r"\d+\Z", re.ASCII)
_FLOAT_NOISE = Decimal("1e-9")
_DOUBLE = 15
"""Digits that a double keeps for sure; what computing adds to a number shows behind them."""
_UNITS = (10_000, 1_000, 100)


def _decimal(value: str) -> Decimal | None:
    stripped = value.strip()
    if len(stripped) > 64 or not _NUMBER.match(stripped):
        return None
    try:
        return Decimal(stripped)
    except InvalidOperation:  # pragma: no cover - the pattern lets nothing through that Decimal refuses
        return None


def number(left: str, right: str) -> Cause | None:
    """Zeros, digits, noise, rounding, unit."""
    a, b = left.strip(), right.strip()
    if _DIGITS.match(a) and _DIGITS.match(b) and a.lstrip("0") == b.lstrip("0"):
        return Cause("leading_zeros_lost")
    one, other = _decimal(a), _decimal(b)
    if one is None or other is None:
        return None
    lost = _digits_lost(a, b, one, other)
    if lost is not None:
        return lost
    if one == other:
        return Cause("leading_zeros_lost" if _has_leading_zero(a) != _has_leading_zero(b) else "format")
    if not one or not other:
        return None
    if _is_noise(one, other):
        return Cause("float_noise")
    for factor in _UNITS:
        for big, small in ((one, other), (other, one)):
            if _close(big, small * factor):
                return Cause("unit", {"factor": factor, "larger": "left" if big is one else "right"})
    return _rounding(one, other)


def _is_noise(one: Decimal, other: Decimal) -> bool:
    """Whether the last digits of a double are all that differs: one side has as many, and is no whole number.

    Two phone numbers or two sums that differ in the last of a dozen digits are near each other too, and are two.
    """
    if abs(one - other) > _FLOAT_NOISE * max(abs(one), abs(other)):
        return False
    return any(value != value.to_integral_value() and len(value.as_tuple().digits) >= _DOUBLE for value in (one, other))


def _has_leading_zero(value: str) -> bool:
    return len(value) > 1 and value[0] == "0" and value[1] not in ".eE"


def _close(one: Decimal, other: Decimal) -> bool:
    return abs(one - other) <= _FLOAT_NOISE * abs(one)


def _digits_lost(a: str, b: str, one: Decimal, other: Decimal) -> Cause | None:
    """A spreadsheet shows long numbers as 1.38E+10 and keeps fifteen digits of them."""
    for text_, number, whole, exact in ((a, one, b, other), (b, other, a, one)):
        if _SCIENTIFIC.match(text_) and _DIGITS.match(whole) and len(whole) >= 9:
            shown = len(re.sub(r"[eE].*|\D", "", text_))
            if _to_digits(exact, shown) == _to_digits(number, shown):
                return Cause("digits_lost", {"kept": shown}) if number != exact else Cause("format")
        if _DIGITS.match(text_) and _DIGITS.match(whole) and len(text_) == len(whole) > 15 and number != exact:
            kept = len(text_.rstrip("0"))
            if kept <= 17 and abs(number - exact) < Decimal(10) ** (len(whole) - 15):
                return Cause("digits_lost", {"kept": min(kept, 15)})
    return None


def _to_digits(number: Decimal, digits: int) -> Decimal:
    if not number:
        return number
    places = digits - 1 - number.adjusted()
    return round(number, places) if places < 60 else number


def _rounding(one: Decimal, other: Decimal) -> Cause | None:
    """One is the other with fewer places behind the point."""
    for fine, coarse in ((one, other), (other, one)):
        exponent, places = fine.as_tuple().exponent, coarse.normalize().as_tuple().exponent
        if not isinstance(exponent, int) or not isinstance(places, int):  # pragma: no cover - NaN never gets here
            continue
        digits = max(0, -places)
        if -exponent > digits:
            step = Decimal(1).scaleb(-digits)
            if abs(fine - coarse) <= step / 2:
                return Cause("rounding", {"digits": digits})
            if abs(fine - coarse) < step and abs(coarse) < abs(fine):
                return Cause("rounding", {"digits": digits, "cut": True})
    return None
