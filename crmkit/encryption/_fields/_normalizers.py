"""The normal forms that blind indexes are computed over; each has a version, because an index outlives code."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from crmkit.errors import InvalidValueError, NotFoundError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

_BLANKS = re.compile(r"\s+")
FALLBACK: Final = "\0"
"""Stands before the text of a value that its normalizer does not know; no normal form has it."""


def check_assigned(text: str) -> str:
    """Refuse characters that Unicode has not assigned yet: only the forms of assigned ones are stable.

    Raises:
        InvalidValueError: There is one; the message does not show it.
    """
    if not text.isascii() and any(unicodedata.category(char) in {"Cn", "Cs"} for char in text):
        raise InvalidValueError("the text has a character that Unicode has not assigned, so its index could change")
    return text


def _text(raw: str, _country: str | None) -> str:
    if raw.isascii():
        return " ".join(raw.lower().split())
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", raw).casefold())
    return _BLANKS.sub(" ", folded).strip()


def _exact(raw: str, _country: str | None) -> str:
    return raw


def _digits(raw: str, _country: str | None) -> str | None:
    from crmkit._plain import digits

    return "".join(char for char in digits(raw) if char in "0123456789") or None


def _email(raw: str, _country: str | None) -> str | None:
    from crmkit.normalize import emails

    return emails.key(raw)


def _phone(raw: str, country: str | None) -> str | None:
    from crmkit.normalize import phones

    return phones.normalize(raw, country)


def _name(raw: str, _country: str | None) -> str | None:
    from crmkit.normalize import names

    return names.normalize(raw)


NORMALIZERS: Final[dict[str, Callable[[str, str | None], str | None]]] = {
    "exact-v1": _exact,
    "text-v1": _text,
    "digits-v1": _digits,
    "email-v1": _email,
    "e164-v1": _phone,
    "name-v1": _name,
}


def check_name(name: str, country: str | None) -> None:
    """Raise unless there is such a normalizer, and it takes a country."""
    if name not in NORMALIZERS:
        raise NotFoundError.of("normalizer", name, NORMALIZERS)
    if country is not None and name != "e164-v1":
        raise RefusedError(f"{name} takes no country; only e164-v1 does", rule="country")


def normalize(name: str, raw: str, country: str | None = None) -> str:
    """Return the normal form of a value.

    A value that the normalizer does not know, such as an e-mail address without ``@``, is still found by its own
    spelling: its ``text-v1`` form stands behind a NUL.

    Raises:
        InvalidValueError: A character that Unicode has not assigned.
    """
    check_assigned(raw)
    found = NORMALIZERS[name](raw, country)
    return FALLBACK + _text(raw, None) if found is None else found
