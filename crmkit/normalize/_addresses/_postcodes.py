"""Postal codes: the written form of each country, and whether a code has it."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from crmkit._plain import digits, plain
from crmkit._tables import read_rows

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["postcode", "postcode_is_valid"]

_LONGEST = 40
_DECIMAL = re.compile(r"\s*([0-9]+)\.([0-9]+)\s*\Z")
_OLD_LETTERS = {"AT": "A", "BE": "B", "DE": "D", "FR": "F", "IT": "I", "LU": "L", "ES": "E", "SE": "S", "FI": "FIN"}


@cache
def _postcodes() -> dict[str, tuple[Callable[[str], re.Match[str] | None], str]]:
    return {country: (re.compile(pattern).fullmatch, form) for country, pattern, form in read_rows("postal_codes.tsv")}


def _compact(raw: str) -> str:
    return re.sub(r"[\s.〒-]+", "", digits(plain(raw[:_LONGEST]))).upper()


def _whole(raw: str) -> str:
    """Read what a spreadsheet made of a code of digits: ``2139.0`` is 2139, and 2139.5 is no code at all."""
    decimal = _DECIMAL.match(digits(plain(raw[:_LONGEST])))
    if decimal is None:
        return raw
    return "" if decimal[2].strip("0") else decimal[1]


def postcode(raw: str, country: str | None = None) -> str | None:
    """Return the postal code in its written form.

    Args:
        raw: Code as typed; a country letter before it (``D-10115``, ``CH 8001``) is taken off, and so is the
            ``.0`` of a number.
        country: ISO 3166-1 alpha-2 code.

    Returns:
        The code as the country writes it; without a country, or for one whose codes are not known, the compact form.
        ``None`` if nothing is left, or the code has not a shape of that country.

    Example:
        >>> postcode("sw1a1aa", "GB"), postcode("94105 1234", "US"), postcode("１0001", "FR"), postcode("1234", "US")
        ('SW1A 1AA', '94105-1234', '10001', None)

    Source:
        Unicode CLDR 26 postalCodeData; Universal Postal Union addressing sheets.

    .. versionadded:: 0.1.0
    """
    compact = _compact(_whole(raw))
    if not compact or len(raw) > _LONGEST or not compact.isalnum():
        return None
    known = _postcodes().get(country) if country is not None else None
    if known is None:
        return compact
    matches, form = known
    if not matches(compact):
        compact = _without_country_letters(compact, country or "")
        if not matches(compact):
            return None
    return _written(compact, form)


def _without_country_letters(compact: str, country: str) -> str:
    for letters in (country, _OLD_LETTERS.get(country)):
        if letters and compact.startswith(letters) and compact[len(letters) :].isdecimal():
            return compact[len(letters) :]
    return compact


def _written(compact: str, form: str) -> str:
    """Put blanks and hyphens back: ``#`` is one character, ``*`` all that the rest of the form does not need."""
    if not form:
        return compact
    if form.startswith("*"):
        behind = len(form) - 1
        return f"{compact[:-behind]} {compact[-behind:]}"
    written = ""
    rest = compact
    for char in form:
        if not rest:
            break
        if char in " -":
            written += char
        else:
            written, rest = written + rest[0], rest[1:]
    return written + rest


def postcode_is_valid(raw: str, country: str) -> bool | None:
    """Say whether the code has a shape of that country; ``None`` where nothing is known about its codes.

    Example:
        >>> postcode_is_valid("SW1A 1AA", "GB"), postcode_is_valid("1234", "DE"), postcode_is_valid("123", "AE")
        (True, False, None)

    .. versionadded:: 0.1.0
    """
    return postcode(raw, country) is not None if country in _postcodes() else None
