"""Kinds of field that say where: street, city, postcode, region."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from crmkit.normalize import addresses, text

from ._alike import code_of, edits_of, is_affix, jaro_winkler_of, outline, prepare_outline, token_set_of, word_outline
from ._fields import Kind, Prepared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._fields import Codes, EncodedField, LevelArray

__all__ = ["CITY", "POSTCODE", "REGION", "STREET", "split_street"]


def normalize_street(raw: str) -> str | None:
    """Folded street with abbreviations and ordinals unified."""
    return addresses.street(raw) or None


_PLAIN_NUMBER = re.compile(r"(\d+[a-z]?) (?!\d)|.* (\d+[a-z]?)\Z")


def split_street(value: str) -> tuple[str | None, str]:
    """House number and the words without it; the usual forms here, the rest by the address reader."""
    found = _PLAIN_NUMBER.match(value)
    number = (found.group(1) or found.group(2)) if found and value.isascii() else addresses.house_number(value)
    if not number:
        return None, value
    before, _, after = value.partition(number)
    return number, " ".join(f"{before} {after}".split())


def _prepare_streets(values: Sequence[str]) -> Prepared:
    numbers, words, houses = [], [], []
    for value in values:
        number, rest = split_street(value)
        numbers.append(number)
        words.append(rest)
        first = next((word for word in rest.split() if len(word) > 2 or not word.isascii()), None)
        houses.append(f"{number}|{first}" if number and first else None)
    starts = [value[:10] if len(value) >= 6 or not value.isascii() else None for value in values]
    return Prepared(
        {"house": houses, "start": starts},
        {
            "number": code_of(numbers),
            "words": np.array(words, dtype=object),
            "word": code_of(words),
            **outline(values),
            **{f"words_{name}": trait for name, trait in outline(words).items()},
            **word_outline(words, "words"),
        },
    )


def _compare_streets(field: EncodedField, a: Codes, b: Codes) -> LevelArray:
    number, word = field.traits["number"], field.traits["word"]
    level = np.full(len(a), 5, dtype=np.int8)
    alike = (word[a] == word[b]) & (word[a] >= 0)
    rest = np.flatnonzero(~alike)
    near = jaro_winkler_of(field, a[rest], b[rest], least=0.85, part="words")
    unsure = np.flatnonzero(~near)
    near[unsure] = token_set_of(field, a[rest[unsure]], b[rest[unsure]], least=95.0, part="words")
    alike[rest] = near
    distance = edits_of(field, a, b)
    short = np.minimum(field.traits["length"][a], field.traits["length"][b]) < 6
    same_number = (number[a] == number[b]) & (number[a] >= 0)
    no_number = (number[a] < 0) | (number[b] < 0)
    level[alike & ~same_number & ~no_number] = 4
    level[same_number & ~alike] = 3
    close = ~short & (same_number | no_number)  # 12 and 14 Main Street are one edit apart and two houses
    level[(alike & no_number) | ((distance == 2) & close)] = 2
    level[(alike & same_number) | ((distance == 1) & close)] = 1
    return level


STREET = Kind(
    common=0.003,
    name="street",
    levels=(
        "exact",
        "same number and alike, or one edit",
        "alike without number, or two edits",
        "same number, other words",
        "other number",
        "different",
    ),
    start=(0.8, 0.1, 0.05, 0.01, 0.01, 0.03),
    different=5,
    normalize=normalize_street,
    keys=("house", "start"),
    prepare=_prepare_streets,
    compare=_compare_streets,
    limit=0.05,
)


def normalize_place(raw: str) -> str | None:
    """Folded name of a place, punctuation out."""
    return " ".join(_PUNCTUATION.sub(" ", text.fold(raw)).split()) or None


_PUNCTUATION = re.compile(r"[\W_]+")


def _compare_cities(field: EncodedField, a: Codes, b: Codes) -> LevelArray:
    length = field.traits["length"]
    shorter = np.minimum(length[a], length[b])
    x, y = field.values[a], field.values[b]
    distance = edits_of(field, a, b)
    near = ((distance <= 1) & (shorter >= 4)) | ((distance <= 2) & (shorter >= 7))
    rest = np.flatnonzero(~near & (shorter >= 2))
    near[rest] = is_affix(x[rest], y[rest], shorter[rest])  # 上海 and 上海市, Newcastle and Newcastle upon Tyne
    rest = np.flatnonzero(~near & (shorter >= 5))
    near[rest] = jaro_winkler_of(field, a[rest], b[rest], least=0.9)
    return np.where(near, 1, 2).astype(np.int8)


def normalize_postcode(raw: str) -> str | None:
    """Letters and digits only, folded; the form that a country asks for does not matter for comparing."""
    return _PUNCTUATION.sub("", text.fold(raw)) or None


def _compare_postcodes(field: EncodedField, a: Codes, b: Codes) -> LevelArray:
    shorter = np.minimum(field.traits["length"][a], field.traits["length"][b])
    x, y = field.values[a], field.values[b]
    near = (edits_of(field, a, b, most=1) <= 1) & (shorter >= 3)
    rest = np.flatnonzero(~near & (shorter >= 4))
    near[rest] = is_affix(x[rest], y[rest], shorter[rest])  # ZIP and ZIP+4
    return np.where(near, 1, 2).astype(np.int8)


def _compare_regions(field: EncodedField, a: Codes, b: Codes) -> LevelArray:
    near = edits_of(field, a, b, most=1) <= 1
    return np.where(near, 1, 2).astype(np.int8)


CITY = Kind(
    common=0.2,
    name="city",
    levels=("exact", "alike", "different"),
    start=(0.85, 0.1, 0.05),
    different=2,
    normalize=normalize_place,
    prepare=prepare_outline,
    compare=_compare_cities,
    limit=0.15,
)

POSTCODE = Kind(
    common=0.05,
    name="postcode",
    levels=("exact", "alike", "different"),
    start=(0.9, 0.06, 0.04),
    different=2,
    normalize=normalize_postcode,
    prepare=prepare_outline,
    compare=_compare_postcodes,
    limit=0.15,
)

REGION = Kind(
    common=0.3,
    name="region",
    levels=("exact", "one edit", "different"),
    start=(0.92, 0.03, 0.05),
    different=2,
    normalize=normalize_place,
    prepare=prepare_outline,
    compare=_compare_regions,
)
