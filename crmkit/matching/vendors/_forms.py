"""How a vendor's rule makes a value comparable, and how it compares two that are not equal.

These are the vendors' ways, not crmkit's: no nickname table where they have none, no country for a phone number.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rapidfuzz import fuzz
from rapidfuzz.distance import JaroWinkler

from crmkit.normalize import companies, names, text

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FORMS", "MEASURES"]

_NOT_DIGITS = re.compile(r"\D+")
_SEPARATORS = re.compile(r"[_.]")
_LAST_DIGITS = 4
_SHORT = 10
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*:/*")
_KEY_WORDS, _KEY_LETTERS = 2, 5


def _plain(raw: str) -> str | None:
    return " ".join(raw.split()).casefold() or None


def _cased(raw: str) -> str | None:
    return raw.strip() or None


def _digits(raw: str) -> str | None:
    return _NOT_DIGITS.sub("", text.clean(raw)) or None


def _domain(raw: str) -> str | None:
    host = _SCHEME.sub("", raw.strip().casefold()).lstrip("/")
    host = re.split(r"[/?#:\s]", host, maxsplit=1)[0].removeprefix("www.").strip(".")
    return host if "." in host else None


def _email_domain(raw: str) -> str | None:
    domain = raw.strip().casefold().rpartition("@")[2]
    return ".".join(domain.split(".")[-2:]) if "." in domain else None


def _email_key(raw: str) -> str | None:
    local, at, _ = raw.strip().casefold().rpartition("@")
    domain = _email_domain(raw)
    bare = _SEPARATORS.sub("", local)
    return f"{bare}@{domain}" if at and bare and domain else None


def _initial(raw: str) -> str | None:
    return text.fold(raw)[:1] or None


def _sound(raw: str) -> str | None:
    return names.soundex(raw) or text.fold(raw) or None


def _folded(raw: str) -> str | None:
    return text.fold(raw) or None


def _company_key(raw: str) -> str | None:
    """Five letters of each of the first two words of a company's name; of a Chinese name its first five characters."""
    words = companies.core(raw).split()[:_KEY_WORDS]
    return "".join(word[:_KEY_LETTERS] for word in words) or None


def _phone_key(raw: str) -> str | None:
    """A phone number without a leading 1 and without its last four digits."""
    digits = _NOT_DIGITS.sub("", text.clean(raw))
    digits = digits.removeprefix("1") if len(digits) > _SHORT else digits
    return digits[:-_LAST_DIGITS] or None


FORMS: dict[str, Callable[[str], str | None]] = {
    "text": _plain,
    "cased text": _cased,
    "digits": _digits,
    "domain": _domain,
    "e-mail domain": _email_domain,
    "e-mail key": _email_key,
    "initial": _initial,
    "sound": _sound,
    "folded": _folded,
    "company key": _company_key,
    "phone key": _phone_key,
}
"""Name of a form to what makes it; ``None`` is no value."""


def _first_name(a: str, b: str) -> float:
    """The best of equal, initial, Jaro-Winkler and a table of name variants."""
    x, y = text.fold(a), text.fold(b)
    if x == y or (x[:1] == y[:1] and min(len(x.rstrip(".")), len(y.rstrip("."))) == 1):
        return 100.0
    if y in names.nicknames(x) or x in names.nicknames(y):
        return 100.0
    return 100.0 * JaroWinkler.similarity(x, y)


def _last_name(a: str, b: str) -> float:
    x, y = text.fold(a), text.fold(b)
    if x == y:
        return 100.0
    sound = 100.0 if names.soundex(x) == names.soundex(y) != "" and x[-1:] == y[-1:] else 0.0
    return max(sound, 100.0 * fuzz.ratio(x, y) / 100.0)


def _company(a: str, b: str) -> float:
    x, y = companies.core(a), companies.core(b)
    if x and (x == y or companies.acronym(a) == y or companies.acronym(b) == x):
        return 100.0
    return float(fuzz.token_sort_ratio(x, y))


def _title(a: str, b: str) -> float:
    """Equal, or the initials of the other."""
    x, y = text.fold(a), text.fold(b)
    if x == y or "".join(word[0] for word in x.split()) == y or "".join(word[0] for word in y.split()) == x:
        return 100.0
    return 0.0


def _starts(a: str, b: str) -> float:
    x, y = text.fold(a), text.fold(b)
    return 100.0 if x.startswith(y) or y.startswith(x) else 0.0


MEASURES: dict[str, Callable[[str, str], float]] = {
    "first name": _first_name,
    "last name": _last_name,
    "company": _company,
    "title": _title,
    "starts with": _starts,
}
"""Name of a measure to what computes it, 0..100, symmetric."""
