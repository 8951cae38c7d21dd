"""Kinds of field that are not about persons or places: company name, identifier, and what a caller adds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from crmkit.normalize import _placeholders, companies, text

from ._alike import (
    code_of,
    edits_of,
    is_affix_of,
    jaro_winkler_of,
    outline,
    prepare_outline,
    token_set_of,
    word_outline,
)
from ._fields import SEEN_ELSEWHERE, Kind, Prepared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ._fields import Codes, EncodedField, LevelArray, Trait

__all__ = [
    "COMPANY", "COMPARED_WORDS", "EXACT", "IDENTIFIER", "LATIN_END", "NUMBER", "ORGANIZATION", "TEXT", "WHOLE_NAME",
    "rare_tokens", "words_of",
]  # fmt: skip

_PUNCTUATION = re.compile(r"[\W_]+")


def normalize_company(raw: str) -> str | None:
    """The core of a company's name: folded, without its legal form."""
    folded = text.fold(raw)
    if _placeholders.is_name_placeholder(raw, folded=folded):
        return None
    return companies.split_folded(folded)[0] or None


def rare_tokens(value: str) -> str | None:
    """The two longest words, in order of the alphabet: survives words added, left out and moved."""
    words = sorted({word for word in value.split() if len(word) > 3}, key=lambda word: (-len(word), word))[:2]
    return " ".join(sorted(words)) or None


def _prepare_companies(values: Sequence[str]) -> Prepared:
    han = np.fromiter(map(text.has_han, values), dtype=bool, count=len(values))
    starts = [value[:4] if h else value[:6] for value, h in zip(values, han.tolist(), strict=True)]
    return Prepared({"start": starts}, {"han": han, **outline(values), **word_outline(values)})


WHOLE_NAME = 6
"""Letters from which two names of one script without a word in common are two names; shorter ones may be initials."""

LATIN_END = 0x300

COMPARED_WORDS = 8
"""Words of a name that are compared, the rarest first."""


def _prepare_organizations(values: Sequence[str]) -> Prepared:
    ready = _prepare_companies(values)
    tokens = [" ".join(sorted(value.split())) for value in values]
    keys: dict[str, Sequence[str | None]] = {"tokens": tokens, "words": [rare_tokens(value) for value in values]}
    return Prepared(
        {**ready.keys, **keys}, ready.traits | {"tokens": code_of(tokens)} | _words(values, ready.traits["han"])
    )


def _words(values: Sequence[str], han: Trait) -> dict[str, Trait]:
    """The rarest words of each name, and how rare they are; of a Han name every two characters are a word."""
    vocabulary: dict[str, int] = {}
    rows = [
        [vocabulary.setdefault(word, len(vocabulary)) for word in dict.fromkeys(words_of(value, is_han))]
        for value, is_han in zip(values, han.tolist(), strict=True)
    ]
    sizes = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
    flat = np.fromiter((word for row in rows for word in row), dtype=np.int32, count=int(sizes.sum()))
    counts = np.bincount(flat, minlength=len(vocabulary))
    rare = np.log((counts + 0.5) / (len(values) + SEEN_ELSEWHERE))
    owner = np.repeat(np.arange(len(rows)), sizes)
    order = np.lexsort((rare[flat], owner))
    place = np.arange(len(flat)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    words = np.full((len(values), COMPARED_WORDS), -1, dtype=np.int32)
    kept = place < COMPARED_WORDS
    words[owner[kept], place[kept]] = flat[order][kept]
    return {"words": words, "word_rarity": rare}


def words_of(value: str, han: bool) -> list[str]:  # noqa: FBT001  # two ways to read one value
    if not han:
        return value.split()
    compact = value.replace(" ", "")
    return [compact[k : k + 2] for k in range(max(len(compact) - 1, 1))]


def _in_common(field: EncodedField, a: Codes, b: Codes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the share of the shorter name's weight that both have, and the log frequency of the rarest such word."""
    words, rare = field.traits["words"], np.append(field.traits["word_rarity"], 0.0)
    one, two = words[a], words[b]
    common = ((one[:, :, None] == two[:, None, :]) & (one[:, :, None] >= 0)).any(axis=2)
    weight = np.where(one >= 0, rare[one], 0.0)
    shared = np.where(common, weight, 0.0)
    least = np.maximum(weight.sum(axis=1), np.where(two >= 0, rare[two], 0.0).sum(axis=1))
    return shared.sum(axis=1) / np.minimum(least, -1e-9), shared.min(axis=1)


def _compare_companies(field: EncodedField, a: Codes, b: Codes) -> LevelArray:
    near = token_set_of(field, a, b, least=75.0)
    rest = np.flatnonzero(~near)
    near[rest] = jaro_winkler_of(field, a[rest], b[rest], least=0.92)
    return np.where(near, 1, 2).astype(np.int8)


COMPANY = Kind(
    common=0.02,
    name="company",
    levels=("exact", "alike", "different"),
    start=(0.8, 0.13, 0.07),
    different=2,
    normalize=normalize_company,
    keys=("start",),
    prepare=_prepare_companies,
    compare=_compare_companies,
)


def _compare_organizations(field: EncodedField, a: Codes, b: Codes) -> LevelArray:
    length, han, tokens = field.traits["length"], field.traits["han"], field.traits["tokens"]
    shorter = np.minimum(length[a], length[b])
    level = np.full(len(a), 4, dtype=np.int8)
    share, _ = _in_common(field, a, b)
    level[share >= 0.4] = 3
    inside = np.flatnonzero((han[a] & han[b] & (shorter >= 2)) | (shorter >= 4))
    part = is_affix_of(field, a[inside], b[inside]) | is_affix_of(field, a[inside], b[inside], at_end=True)
    level[inside[part]] = 2
    level[share >= 0.8] = 2
    close = np.asarray(edits_of(field, a, b) <= np.where(shorter >= 8, 2, 1)) & (shorter >= 4)
    rest = np.flatnonzero(~close & (shorter >= 6))
    close[rest] = jaro_winkler_of(field, a[rest], b[rest], least=0.95)
    level[close | (tokens[a] == tokens[b])] = 1
    rest = np.flatnonzero((level == 4) & (share == 0.0) & (shorter >= WHOLE_NAME) & (han[a] == han[b]))
    latin = field.traits["initial"] < LATIN_END
    level[rest[latin[a[rest]] == latin[b[rest]]]] = 5
    return level


def _organization_rarity(field: EncodedField, a: Codes, b: Codes, level: LevelArray) -> NDArray[np.float64]:
    """A part in common is as rare as its rarest word; the others hang together with it."""
    rare = _in_common(field, a, b)[1]
    return np.where((level == 2) | (level == 3), rare, 0.0)


ORGANIZATION = Kind(
    name="organization",
    levels=("exact", "typo or words moved", "part of it", "some words", "different", "another name"),
    start=(0.6, 0.15, 0.12, 0.06, 0.06, 0.01),
    different=4,
    normalize=normalize_company,
    keys=("start", "tokens", "words"),
    prepare=_prepare_organizations,
    compare=_compare_organizations,
    rarity=_organization_rarity,
    limit=0.3,
    opposed=5,
    opposed_limit=0.02,
)


def normalize_identifier(raw: str) -> str | None:
    """Letters and digits only, folded; nothing if they are all the same character."""
    compact = _PUNCTUATION.sub("", text.fold(raw))
    return compact if len(set(compact)) > 1 else None


def _compare_identifiers(field: EncodedField, a: Codes, b: Codes) -> LevelArray:
    near = edits_of(field, a, b, most=1) <= 1
    return np.where(near, 1, 2).astype(np.int8)


IDENTIFIER = Kind(
    name="identifier",
    levels=("exact", "one edit", "different"),
    start=(0.93, 0.065, 0.005),
    different=2,
    normalize=normalize_identifier,
    prepare=prepare_outline,
    compare=_compare_identifiers,
    owned=True,
)


def _fold(raw: str) -> str | None:
    return text.fold(raw) or None


def _compare_nothing(_field: EncodedField, a: Codes, _b: Codes) -> LevelArray:
    return np.ones(len(a), dtype=np.int8)


EXACT = Kind(
    name="exact",
    levels=("exact", "different"),
    start=(0.95, 0.05),
    different=1,
    normalize=_fold,
    prepare=prepare_outline,
    compare=_compare_nothing,
    owned_alone=True,
)


def _prepare_texts(values: Sequence[str]) -> Prepared:
    return Prepared({}, outline(values) | word_outline(values))


def _compare_texts(field: EncodedField, a: Codes, b: Codes) -> LevelArray:
    near = token_set_of(field, a, b, least=90.0)
    rest = np.flatnonzero(~near)
    near[rest] = jaro_winkler_of(field, a[rest], b[rest], least=0.92)
    return np.where(near, 1, 2).astype(np.int8)


TEXT = Kind(
    name="text",
    levels=("exact", "alike", "different"),
    start=(0.8, 0.12, 0.08),
    different=2,
    normalize=_fold,
    prepare=_prepare_texts,
    compare=_compare_texts,
)


def normalize_number(raw: str) -> str | None:
    """A number as Python writes it; nothing for text that is none.

    Example:
        >>> normalize_number(" 1,200.50 "), normalize_number("about ten")
        ('1200.5', None)
    """
    try:
        number = float(text.clean(raw).replace(",", ""))
    except ValueError:
        return None
    return repr(number) if np.isfinite(number) else None


def _prepare_numbers(values: Sequence[str]) -> Prepared:
    return Prepared({}, {"number": np.fromiter(map(float, values), dtype=np.float64, count=len(values))})


def _compare_numbers(field: EncodedField, a: Codes, b: Codes) -> LevelArray:
    x, y = field.traits["number"][a], field.traits["number"][b]
    apart = np.abs(x - y) / np.maximum(np.maximum(np.abs(x), np.abs(y)), 1e-12)
    return np.where(apart <= 0.02, 1, np.where(apart <= 0.1, 2, 3)).astype(np.int8)


NUMBER = Kind(
    name="number",
    levels=("exact", "within 2 %", "within 10 %", "different"),
    start=(0.8, 0.1, 0.05, 0.05),
    different=3,
    normalize=normalize_number,
    prepare=_prepare_numbers,
    compare=_compare_numbers,
)
