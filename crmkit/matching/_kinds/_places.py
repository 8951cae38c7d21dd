"""Kinds of field that say where: street, city, postcode, region."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, cast

import numpy as np

from crmkit._progress import chunks
from crmkit.matching._sorting import distinct_keys
from crmkit.normalize import addresses, text

from ._alike import (
    code_of,
    codes_by_first,
    edits_of,
    has_all_words_of,
    is_affix_of,
    jaro_winkler_of,
    outline,
    prepare_outline,
    word_outline,
)
from ._fields import Kind, Prepared
from ._together import TOGETHER
from ._vocabulary import OfParts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ._fields import Codes, EncodedField, LevelArray, Trait

__all__ = ["CITY", "POSTCODE", "REGION", "STREET", "split_street"]


def normalize_street(raw: str) -> str | None:
    """Folded street with abbreviations and ordinals unified, traditional characters as simplified ones.

    Example:
        >>> normalize_street("朝陽區建國路88號") == normalize_street("朝阳区建国路88号")
        True
    """
    return text.to_simplified(addresses.street(raw)) or None


def normalize_streets(values: Sequence[str]) -> Iterator[str | None]:
    """Normalize many lines, those that differ in nothing but their numbers only once."""
    forms: dict[str, tuple[int, list[str] | None]] = {}
    for part in chunks(len(values), TOGETHER):
        yield from _normalize_streets(values[part], forms)


def _normalize_streets(values: Sequence[str], forms: dict[str, tuple[int, list[str] | None]]) -> Iterator[str | None]:
    joined = "\n".join(values)
    if joined.count("\n") != len(values) - 1:
        joined = "\n".join(["" if "\n" in raw else raw for raw in values])  # then it has no number, and is read alone
    numbers = iter(_RUN.findall(joined))
    for raw, line in zip(values, _RUN.sub("0", joined).split("\n"), strict=bool(values)):
        known = forms.get(line)
        if known is None:
            known = forms[line] = _form_of(line)
        count, form = known
        own = list(itertools.islice(numbers, count))
        if form is None or len(raw) > _USUAL:
            yield normalize_street(raw)
        elif count == 1:
            yield f"{form[0]}{own[0]}{form[2]}"
        elif count == 2 and form[1] == "1":
            yield f"{form[0]}{own[0]}{form[2]}{own[1]}{form[4]}"
        else:
            yield _filled(form, own)


def _form_of(line: str) -> tuple[int, list[str] | None]:
    """Count the numbers of a line, in which each is a 0, and cut its normal form at them, where they are 1, 2, 3.

    None where one is lost or was added (``First Avenue`` is ``1st ave``), or where it may matter how long it is.
    """
    around = line.split("0")
    marks = _MARKS[: len(around) - 1]
    if not 1 < len(around) <= len(_MARKS) + 1:
        return len(around) - 1, None
    marked = "".join(itertools.chain.from_iterable(itertools.zip_longest(around, marks, fillvalue="")))
    parts = _RUNS(text.to_simplified(addresses.street(marked)))
    if sorted(parts[1::2]) != list(marks) or ("stra" in marked.lower() and _GLUED.search(marked)):
        return len(marks), None
    return len(marks), parts


def _filled(form: Sequence[str], numbers: Sequence[str]) -> str:
    parts = list(form)
    parts[1::2] = [numbers[int(mark) - 1] for mark in parts[1::2]]
    return "".join(parts)


_RUN = re.compile("[0-9]+")
_RUNS = re.compile("([0-9]+)").split
_ONE_RUN = re.compile(r"([^0-9]*)([0-9]+)([^0-9]*)\Z").match
_MARKS = "123456789"
_GLUED = re.compile(r"[0-9]\w*stra(?:ss|ß|ẞ)e", re.IGNORECASE)
_USUAL = 200
_PLAIN_NUMBER = re.compile(r"(\d+[a-z]?) (?!\d)|.* (\d+[a-z]?)\Z")


def split_street(value: str) -> tuple[str | None, str]:
    """House number and the words without it; the usual forms here, the rest by the address reader."""
    number: str | None
    number, _, name = value.partition(" ")
    if number.isdecimal() and name and value.isascii() and not name[0].isdecimal():
        return number, name
    found = _PLAIN_NUMBER.match(value)
    number = (found.group(1) or found.group(2)) if found and value.isascii() else addresses.house_number(value)
    if not number:
        return None, value
    before, _, after = value.partition(number)
    return number, " ".join(f"{before} {after}".split())


def split_streets(values: Sequence[str]) -> Iterator[tuple[str | None, str]]:
    """Split many lines; those that differ in nothing but their one number only once."""
    known: dict[tuple[str, str], tuple[str | None, str]] = {}
    for value in values:
        number, _, name = value.partition(" ")
        if number.isdecimal() and name and value.isascii() and not name[0].isdecimal():
            yield number, name
            continue
        one = _ONE_RUN(value)
        if one is None:
            yield split_street(value)
            continue
        before, run, after = one.groups()
        around = (before, after)
        if around not in known:
            known[around] = split_street(f"{before}1{after}")
        found, name = known[around]
        if found is None:
            yield None, value
        elif found.count("1") == 1 and "1" not in name:
            yield found.replace("1", run), name
        else:
            yield split_street(value)


def _first_word(name: str) -> str | None:
    return next((word for word in name.split() if len(word) > 2 or not word.isascii()), None)


def _prepare_streets(values: Sequence[str]) -> Prepared:
    numbers: list[str | None] = []
    words: list[str] = []
    for number, name in split_streets(values):
        numbers.append(number)
        words.append(name)
    first: dict[str | None, int] = {}
    place = codes_by_first(words, len(words), first, ())
    names = cast("list[str]", list(first))
    number_codes, word = code_of(numbers), code_of(names)
    starts = [value[:10] if len(value) >= 6 or not value.isascii() else None for value in values]
    of_names: dict[str, Trait] = {
        "words": np.array(names, dtype=object),
        "word": word,
        **{f"words_{trait}": found for trait, found in outline(names).items()},
        **word_outline(names, "words"),
    }
    return Prepared(
        {"house": _together(number_codes, code_of([_first_word(name) for name in names])[place]), "start": starts},
        {
            "number": number_codes,
            **outline(values),
            **{trait: OfParts(found, place) for trait, found in of_names.items()},
        },
    )


def _together(one: Codes, two: Codes) -> Codes:
    """Number the pairs of codes; -1 where either is missing."""
    result = np.full(len(one), -1, dtype=np.int32)
    present = np.flatnonzero((one >= 0) & (two >= 0))
    result[present] = distinct_keys(one[present].astype(np.int64) << 32 | two[present])[1]
    return result


def _compare_streets(field: EncodedField, a: Codes, b: Codes) -> LevelArray:
    number, word = field.traits["number"], field.traits["word"]
    level = np.full(len(a), 5, dtype=np.int8)
    alike = (word[a] == word[b]) & (word[a] >= 0)
    rest = np.flatnonzero(~alike)
    near = jaro_winkler_of(field, a[rest], b[rest], least=0.85, part="words")
    unsure = np.flatnonzero(~near)
    near[unsure] = has_all_words_of(field, a[rest[unsure]], b[rest[unsure]], part="words")
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
    normalize_all=normalize_streets,
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
    distance = edits_of(field, a, b)
    near = ((distance <= 1) & (shorter >= 4)) | ((distance <= 2) & (shorter >= 7))
    rest = np.flatnonzero(~near & (shorter >= 2))
    near[rest] = is_affix_of(field, a[rest], b[rest])  # 上海 and 上海市, Newcastle and Newcastle upon Tyne
    rest = np.flatnonzero(~near & (shorter >= 5))
    near[rest] = jaro_winkler_of(field, a[rest], b[rest], least=0.9)
    return np.where(near, 1, 2).astype(np.int8)


def normalize_postcode(raw: str) -> str | None:
    """Letters and digits only, folded; the form that a country asks for does not matter for comparing."""
    return _PUNCTUATION.sub("", text.fold(raw)) or None


def _compare_postcodes(field: EncodedField, a: Codes, b: Codes) -> LevelArray:
    shorter = np.minimum(field.traits["length"][a], field.traits["length"][b])
    near = (edits_of(field, a, b, most=1) <= 1) & (shorter >= 3)
    rest = np.flatnonzero(~near & (shorter >= 4))
    near[rest] = is_affix_of(field, a[rest], b[rest])  # ZIP and ZIP+4
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
