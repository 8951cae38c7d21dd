"""Blocking keys of one value: what ``Kind.prepare`` derives for a vocabulary, in plain Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.matching._kinds._channels import bare_local
from crmkit.matching._kinds._people import bag_of, digest_of
from crmkit.matching._kinds._places import split_street
from crmkit.matching._kinds._values import rare_tokens
from crmkit.normalize import emails, names, text

from ._levels import spoken

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["KEYS", "name_numbers"]


def _given(value: str) -> tuple[str | None, ...]:
    return (value, value) if text.has_han(value) else (names.nickname_root(value), value[:3])


def _family(value: str) -> tuple[str | None, ...]:
    return (names.pinyin_key(value) if text.has_han(value) else names.soundex(value),)


def _email(value: str) -> tuple[str | None, ...]:
    local = value.rpartition("@")[0]
    return (None if len(bare_local(local)) < 4 or emails.is_role(value) else local,)


def _phone(value: str) -> tuple[str | None, ...]:
    return (value[-7:] if len(value) >= 7 else None,)


def _street(value: str) -> tuple[str | None, ...]:
    number, rest = split_street(value)
    first = next((word for word in rest.split() if len(word) > 2 or not word.isascii()), None)
    house = f"{number}|{first}" if number and first else None
    return house, value[:10] if len(value) >= 6 or not value.isascii() else None


def _company(value: str) -> tuple[str | None, ...]:
    return (value[:4] if text.has_han(value) else value[:6],)


def _organization(value: str) -> tuple[str | None, ...]:
    return *_company(value), " ".join(sorted(value.split())), rare_tokens(value)


KEYS: dict[str, Callable[[str], tuple[str | None, ...]]] = {
    "given_name": _given,
    "family_name": _family,
    "email": _email,
    "phone": _phone,
    "street": _street,
    "company": _company,
    "organization": _organization,
}
"""Derived texts by kind, in the order of ``Kind.keys``."""


def name_numbers(part: str) -> tuple[int, int]:
    """Return the numbers of a given or family name: of its words, and of its sound; those of a whole name add up."""
    return bag_of(part, is_han=text.has_han(part)), digest_of(spoken(part))
