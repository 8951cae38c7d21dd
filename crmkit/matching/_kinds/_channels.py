"""Kinds of field that reach somebody: e-mail, phone, web address."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from crmkit._progress import chunks
from crmkit.normalize import emails, phones, text
from crmkit.normalize._bulk import emails as email_bulk
from crmkit.normalize._bulk import phones as phone_bulk

from ._alike import code_of, codes_by_first, edits_of, lengths, outline, prepare_outline, renumbered
from ._fields import Kind, Prepared
from ._together import TOGETHER, by_line, without
from ._vocabulary import OfParts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from ._fields import Codes, EncodedField, LevelArray, Texts

__all__ = ["EMAIL", "EMAIL_DIFFERENT", "EMAIL_LOCAL", "PHONE", "WEB", "bare_local", "company_domain", "letters_of"]

_EMAIL_LEVELS = ("exact", "typo", "two edits", "same local part", "different")
EMAIL_DIFFERENT = _EMAIL_LEVELS.index("different")
EMAIL_LOCAL = _EMAIL_LEVELS.index("same local part")

_DIGITS = re.compile(r"\d+")
_PUNCTUATION = re.compile(r"[\W_]+")
_NOT_LETTERS = re.compile(r"[\W\d_]+")
_NOT_NUMBERS = re.compile(r"[^\d\n]+")


def normalize_email(raw: str) -> str | None:
    """The e-mail key; an address that no mail system would take keeps its folded text, its twin may have the same.

    A placeholder is nothing: everybody who had no address has the same one.
    """
    key = emails.normalize(raw)
    if key is not None:
        return None if emails.is_placeholder(key) else key
    folded = text.fold(raw).replace(" ", "")
    return folded if "@" in folded else None


def normalize_emails(values: Sequence[str]) -> Iterator[str | None]:
    """Keys of many addresses; those that are good beyond doubt are told together."""
    for part in chunks(len(values), TOGETHER):
        doubted = set(email_bulk.doubtful(values[part]))
        yield from [normalize_email(raw) if at in doubted else _lower(raw) for at, raw in enumerate(values[part])]


def _lower(raw: str) -> str:
    """Return the very text where there is nothing to change, so that a column is not held twice."""
    lowered = raw.lower()
    return raw if raw == lowered else lowered


def company_domain(value: str) -> str | None:
    """The domain that stands for an employer; none for free mail.

    Example:
        >>> company_domain("ann@example.com"), company_domain("ann@gmail.com")
        ('example.com', None)
    """
    domain = value.rpartition("@")[2]
    return None if not domain or emails.is_free_mail(domain) else domain


def bare_local(local: str) -> str:
    """The local part of an address without punctuation."""
    return _PUNCTUATION.sub("", local)


def _prepare_emails(values: Sequence[str]) -> Prepared:
    """Look at each local part once: a third of the people have one that somebody else has too."""
    first: dict[str | None, int] = {}
    place = codes_by_first((value.rpartition("@")[0] for value in values), len(values), first, ())
    local = cast("list[str]", list(first))
    first.clear()
    role = np.zeros(len(values), dtype=bool)
    asked = np.flatnonzero(np.array(emails.may_be_roles(local), dtype=bool)[place])
    role[asked] = emails.roles_among([values[at] for at in asked.tolist()])
    bare = without(local, _PUNCTUATION.match)
    plain = role | (lengths(bare) < 4)[place]
    bare_codes = code_of(bare)
    del bare
    numbers = by_line(local, lambda text: _NOT_NUMBERS.sub("|", text))
    digits = code_of([number.strip("|") or "|" for number in numbers])
    del numbers, local
    return Prepared(
        {"local": renumbered(place, ~plain)},
        {
            "local": place,
            "digits": OfParts(digits, place),
            "bare": OfParts(bare_codes, place),
            "plain": plain,
            "role": role,
            **outline(values),
        },
    )


def letters_of(field: EncodedField, codes: Codes) -> Texts:
    """Letters of the local parts of addresses; hardly any address has to be asked, so they are not kept."""
    local = [value.rpartition("@")[0] for value in field.values[codes].tolist()]
    return np.array(without(local, _NOT_LETTERS.match), dtype=object)


def _compare_emails(field: EncodedField, a: Codes, b: Codes) -> LevelArray:
    level = np.full(len(a), EMAIL_DIFFERENT, dtype=np.int8)
    local = field.traits["local"]
    level[local[a] == local[b]] = 3
    distance = edits_of(field, a, b)
    level[(distance == 2) & (np.minimum(field.traits["length"][a], field.traits["length"][b]) >= 12)] = 2
    level[distance == 1] = 1
    return level


EMAIL = Kind(
    name="email",
    levels=_EMAIL_LEVELS,
    start=(0.9, 0.04, 0.01, 0.03, 0.02),
    different=EMAIL_DIFFERENT,
    normalize=normalize_email,
    normalize_all=normalize_emails,
    keys=("local",),
    prepare=_prepare_emails,
    compare=_compare_emails,
    owned=True,
)


def normalize_phone(raw: str, country: str | None = None) -> str | None:
    """E.164 where the number can be read; else its digits, if there are at least five.

    Example:
        >>> normalize_phone("386-5286")
        '3865286'
    """
    found = phones.normalize(raw, country)
    if found is not None:
        return found
    digits = "".join(_DIGITS.findall(text.clean(raw)))
    return digits if len(digits) >= 5 and len(set(digits)) > 1 else None


def normalize_phones(
    texts: Sequence[str], countries: Sequence[str | None], country_of: NDArray[np.integer[Any]]
) -> Iterator[str | None]:
    """Normalize many numbers, each in one of the countries; those beyond doubt are told together."""
    for part in chunks(len(texts), TOGETHER):
        yield from _normalize_phones(texts[part], countries, country_of[part])


def _normalize_phones(
    texts: Sequence[str], countries: Sequence[str | None], country_of: NDArray[np.integer[Any]]
) -> list[str | None]:
    found = phone_bulk.read_many(texts, countries, country_of, ways=False)
    forms: list[str | None] = np.where(
        found.kinds == phone_bulk.E164, np.array(texts, dtype=object), found.forms
    ).tolist()
    for at in np.flatnonzero(found.kinds == phone_bulk.UNKNOWN).tolist():
        forms[at] = normalize_phone(texts[at], countries[int(country_of[at])])
    return forms


def _prepare_phones(values: Sequence[str]) -> Prepared:
    tails = code_of([value[-7:] if len(value) >= 7 else None for value in values])
    return Prepared({"tail": tails}, {"tail": tails, **outline(values)})


def _compare_phones(field: EncodedField, a: Codes, b: Codes) -> LevelArray:
    tail = field.traits["tail"]
    level = np.full(len(a), 2, dtype=np.int8)
    level[edits_of(field, a, b, most=1) <= 1] = 1
    level[(tail[a] == tail[b]) & (tail[a] >= 0)] = 1
    return level


PHONE = Kind(
    name="phone",
    levels=("exact", "one edit or same last seven", "different"),
    start=(0.92, 0.05, 0.03),
    different=2,
    normalize=normalize_phone,
    keys=("tail",),
    prepare=_prepare_phones,
    compare=_compare_phones,
    owned_alone=True,
)


def normalize_web(raw: str) -> str | None:
    """The host of a web address, without ``www``.

    Example:
        >>> normalize_web("https://www.Example.com/about?x=1")
        'example.com'
    """
    host = re.sub(r"^[a-z][a-z0-9+.-]*:/*", "", text.fold(raw)).lstrip("/")
    host = re.split(r"[/?#:\s]", host, maxsplit=1)[0].rpartition("@")[2]
    host = host.removeprefix("www.").strip(".")
    return host if "." in host else None


def _compare_hosts(field: EncodedField, a: Codes, b: Codes) -> LevelArray:
    level = np.full(len(a), 2, dtype=np.int8)
    level[edits_of(field, a, b, most=1) <= 1] = 1
    return level


WEB = Kind(
    name="web",
    levels=("exact", "typo", "different"),
    start=(0.9, 0.05, 0.05),
    different=2,
    normalize=normalize_web,
    prepare=prepare_outline,
    compare=_compare_hosts,
    owned_alone=True,
)
