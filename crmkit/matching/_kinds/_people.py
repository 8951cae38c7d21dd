"""Kinds of field that name a person: given name, family name, generation.

Source:
    Levels after ``docs/explanation/matching.md``; Winkler (1990) for the Jaro-Winkler similarity.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from crmkit.normalize import _placeholders, names, text

from ._alike import code_of, edits, edits_of, is_affix_of, jaro_winkler_of, lengths, outline, prepare_outline, token_set
from ._fields import NULL, Kind, Prepared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ._fields import Codes, EncodedField, LevelArray, Trait

__all__ = [
    "BORNE",
    "BORNE_SHARE",
    "FAMILY_NAME",
    "GENERATION",
    "GIVEN_ANOTHER",
    "GIVEN_HALF_SWAPPED",
    "GIVEN_INITIAL",
    "GIVEN_NAME",
    "GIVEN_SWAPPED",
    "are_told_apart",
    "bag_of",
    "digest_of",
    "script_of_name",
    "spoken_name",
]

_GIVEN_LEVELS = (
    "exact",
    "nickname or prefix",
    "initial",
    "typo",
    "alike",
    "different",
    "swapped",
    "half swapped",
    "another name",
)
GIVEN_INITIAL = _GIVEN_LEVELS.index("initial")
GIVEN_ALIKE = _GIVEN_LEVELS.index("alike")
GIVEN_DIFFERENT = _GIVEN_LEVELS.index("different")
GIVEN_SWAPPED = _GIVEN_LEVELS.index("swapped")
GIVEN_HALF_SWAPPED = _GIVEN_LEVELS.index("half swapped")
GIVEN_ANOTHER = _GIVEN_LEVELS.index("another name")
"""Two names that people bear, Susan and Robert, or Maria and Marta: hardly ever one person, whatever else agrees."""

BORNE = 5.0
BORNE_SHARE = 5e-4
"""Records, and their share of the file, from which a name is one that people bear and no typing error of another."""


FAMILY_DIFFERENT = 4


def normalize_name(raw: str) -> str | None:
    """Fold a part of a person's name, katakana to hiragana; placeholders and texts without a letter are nothing.

    Example:
        >>> normalize_name("タロウ") == normalize_name("たろう") == normalize_name("ﾀﾛｳ")
        True
    """
    folded = text.fold(raw)
    if not folded or _placeholders.is_name_placeholder(raw, folded=folded):
        return None
    folded = " ".join(_NOT_LETTERS.sub(" ", folded.replace("'", "")).split())
    return folded.translate(_HIRAGANA) or None


_NOT_LETTERS = re.compile(r"[\W\d_]+")
_HIRAGANA = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}
"""Each letter of katakana with that of hiragana: two ways to write one sound."""


def normalize_family(raw: str) -> str | None:
    """Fold a family name; a generation behind it is compared on its own.

    Example:
        >>> normalize_family("Public, Jr."), normalize_family("Junior")
        ('public', 'junior')
    """
    folded = normalize_name(raw)
    if folded is None:
        return None
    words = folded.split()
    return " ".join(words[:-1]) if len(words) > 1 and words[-1] in _GENERATIONS else folded


_GENERATIONS = {
    "jr": "jr", "jnr": "jr", "junior": "jr", "sr": "sr", "snr": "sr", "senior": "sr", "ii": "2", "iii": "3", "iv": "4",
    "2nd": "2", "3rd": "3", "4th": "4",
}  # fmt: skip


def normalize_generation(raw: str) -> str | None:
    """What tells namesakes of one family apart: Jr., Sr., III; no other suffix says it.

    Example:
        >>> [normalize_generation(text) for text in ("Jr.", "JUNIOR", "III", "PhD")]
        ['jr', 'jr', '3', None]
    """
    return _GENERATIONS.get(text.fold(raw).strip(" .,"))


def last_generation(raw: str) -> str:
    """Return the generation at the end of a name of several words, "" if there is none.

    Example:
        >>> last_generation("John Public, Sr."), last_generation("Junior")
        ('Sr.', '')
    """
    words = raw.replace(",", " ").split()
    return words[-1] if len(words) > 1 and normalize_generation(words[-1]) is not None else ""


def _name_traits(values: Sequence[str]) -> dict[str, Trait]:
    han = np.fromiter(map(text.has_han, values), dtype=bool, count=len(values))
    spoken = [
        spoken_name(value) if h else value.replace(" ", "") for value, h in zip(values, han.tolist(), strict=True)
    ]
    return {
        "han": han,
        "script": np.fromiter(map(script_of_name, values), dtype=np.int32, count=len(values)),
        "first": np.fromiter((ord(value[0]) for value in values), dtype=np.int32, count=len(values)),
        "sound": code_of(spoken),
        "several": np.fromiter((" " in value for value in values), dtype=bool, count=len(values)),
        "spoken": np.array(spoken, dtype=object),
        "bag": _bags(values, han.tolist()),
        "sound_bag": np.fromiter(map(digest_of, spoken), dtype=np.uint64, count=len(values)),
        **outline(values),
    }


_LATIN_SCRIPT, _HAN_SCRIPT, _LATIN_ENDS, _HANGUL = 0, 1, 0x300, range(0xAC00, 0xD800)


def script_of_name(value: str) -> int:
    """Number the script of a name: 0 Latin, 1 Han, else by its first letter's place among all letters.

    Example:
        >>> len({script_of_name(name) for name in ("anna", "анна", "άννα", "안나", "あんな", "安娜", "آنا")})
        7
    """
    if text.has_han(value):
        return _HAN_SCRIPT
    first = ord(value[0])
    if first < _LATIN_ENDS or 0x1E00 <= first < 0x1F00:
        return _LATIN_SCRIPT
    return 2 + ((0x1100 if first in _HANGUL else first) >> 8)


def are_told_apart(one: int, two: int) -> bool:
    """Whether names of two scripts can be compared: of one script, or Han with Latin, which is taken for pinyin.

    Any other two (Щербаков and Shcherbakov) look different whoever bears them, and that is no evidence.
    """
    return one == two or (one <= _HAN_SCRIPT and two <= _HAN_SCRIPT)


def _of_other_scripts(field: EncodedField, a: Codes, b: Codes) -> NDArray[np.bool_]:
    """``are_told_apart``, turned over, for many pairs."""
    one, two = field.traits["script"][a], field.traits["script"][b]
    return np.asarray((one != two) & (np.maximum(one, two) > _HAN_SCRIPT))


def _bags(values: Sequence[str], han: Sequence[bool]) -> Trait:
    """One number for the words of each value (the characters of a Han name), whatever their order.

    Numbers of two parts add up to that of the whole, so that a name says the same wherever it was divided.
    """
    sums = (bag_of(value, is_han=is_han) for value, is_han in zip(values, han, strict=True))
    return np.fromiter(sums, dtype=np.uint64, count=len(values))


def bag_of(value: str, *, is_han: bool) -> int:
    """The number of one value; see ``_bags``."""
    return sum(digest_of(part) for part in (value.replace(" ", "") if is_han else value.split())) & _WORD


_WORD = (1 << 64) - 1


@lru_cache(maxsize=1 << 16)
def digest_of(part: str) -> int:
    return int.from_bytes(hashlib.blake2b(part.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def spoken_name(value: str) -> str:
    """How a Han name sounds; a doubled character (伟伟) counts once, it is a pet form or a slip."""
    return names.pinyin_key(_DOUBLED.sub(r"\1", value)) or value


_DOUBLED = re.compile(r"(.)\1+")


def _prepare_given(values: Sequence[str]) -> Prepared:
    traits = _name_traits(values)
    han = traits["han"].tolist()
    roots = [value if h else names.nickname_root(value) for value, h in zip(values, han, strict=True)]
    known = np.fromiter((not h and len(names.nicknames(v)) > 1 for v, h in zip(values, han, strict=True)), dtype=bool)
    starts = [value if h else value[:3] for value, h in zip(values, han, strict=True)]
    root = code_of(roots)
    return Prepared({"root": root, "start": starts}, traits | {"root": root, "known": known})


def _prepare_family(values: Sequence[str]) -> Prepared:
    traits = _name_traits(values)
    sounds = [
        names.pinyin_key(v) if h else names.soundex(v) for v, h in zip(values, traits["han"].tolist(), strict=True)
    ]
    return Prepared({"sound": sounds}, traits)


def _typo(field: EncodedField, a: Codes, b: Codes) -> NDArray[np.bool_]:
    """One edit (two in long names), or alike as a whole; Han names count as mistyped if they are pronounced alike."""
    length, han, spoken = field.traits["length"], field.traits["han"], field.traits["spoken"]
    sound = field.traits["sound"]
    result = (han[a] | han[b]) & (sound[a] == sound[b]) & (sound[a] >= 0)
    mixed = np.flatnonzero((han[a] != han[b]) & ~result)
    if len(mixed):
        long_enough = np.minimum(lengths(spoken[a[mixed]]), lengths(spoken[b[mixed]])) >= 4
        result[mixed] = long_enough & (edits(spoken[a[mixed]], spoken[b[mixed]], most=1) <= 1)
    latin = np.flatnonzero(~(han[a] | han[b]))
    p, q = a[latin], b[latin]
    shorter = np.minimum(length[p], length[q])
    distance = edits_of(field, p, q)
    near = ((distance <= 1) & (shorter >= 3)) | ((distance <= 2) & (shorter >= 7))
    rest = np.flatnonzero(~near & (shorter >= 4))
    near[rest] = jaro_winkler_of(field, p[rest], q[rest], least=0.92)
    result[latin] = near
    return np.asarray(result)


def _alike(field: EncodedField, a: Codes, b: Codes, among: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Two or three errors in a short name: Maciel for Michael; hardly evidence alone, but no contradiction."""
    length, han = field.traits["length"], field.traits["han"]
    result = np.zeros(len(a), dtype=bool)
    rest = np.flatnonzero(among & ~(han[a] | han[b]) & (np.minimum(length[a], length[b]) >= 4))
    result[rest] = jaro_winkler_of(field, a[rest], b[rest], least=0.8)
    return result


def _compare_given(field: EncodedField, a: Codes, b: Codes) -> LevelArray:
    level = np.full(len(a), GIVEN_DIFFERENT, dtype=np.int8)
    length, first, root = field.traits["length"], field.traits["first"], field.traits["root"]
    han = field.traits["han"][a] | field.traits["han"][b]
    shorter = np.minimum(length[a], length[b])
    same_start = (first[a] == first[b]) & ~han
    typo = _typo(field, a, b)
    level[_alike(field, a, b, ~typo)] = GIVEN_ALIKE
    level[typo] = 3
    borne = field.traits["known"] | (field.counts >= max(BORNE, BORNE_SHARE * field.filled))
    level[borne[a] & borne[b] & (shorter >= 2)] = GIVEN_ANOTHER
    # Han names are free compositions; two without a character in common are two names.
    both_han = field.traits["han"][a] & field.traits["han"][b]
    level[both_han & ((field.traits["outline"][a] & field.traits["outline"][b]) == 0)] = GIVEN_ANOTHER
    level[same_start & (shorter == 1)] = 2
    check = np.flatnonzero(same_start & (shorter >= 2))
    prefix = is_affix_of(field, a[check], b[check])
    level[check[prefix]] = 1
    level[root[a] == root[b]] = 1
    alike_in_sound = han & (field.traits["sound"][a] == field.traits["sound"][b]) & (field.traits["sound"][a] >= 0)
    level[alike_in_sound & (level == GIVEN_ANOTHER)] = 3
    level[_of_other_scripts(field, a, b) & np.isin(level, (GIVEN_DIFFERENT, GIVEN_ANOTHER))] = NULL
    return level


def _compare_family(field: EncodedField, a: Codes, b: Codes) -> LevelArray:
    level = np.full(len(a), FAMILY_DIFFERENT, dtype=np.int8)
    length = field.traits["length"]
    shorter = np.minimum(length[a], length[b])
    check = np.flatnonzero((shorter >= 3) & ~(field.traits["han"][a] | field.traits["han"][b]))
    overlap = is_affix_of(field, a[check], b[check]) | is_affix_of(field, a[check], b[check], at_end=True)
    several = field.traits["several"]
    rest = np.flatnonzero(~overlap & (several[a[check]] | several[b[check]]))
    x, y = field.values[a[check[rest]]], field.values[b[check[rest]]]
    overlap[rest] = token_set(x, y, least=100.0) >= 100.0
    typo = _typo(field, a, b)
    level[_alike(field, a, b, ~typo)] = 3
    level[check[overlap]] = 2
    level[typo] = 1
    level[_of_other_scripts(field, a, b) & (level == FAMILY_DIFFERENT)] = NULL
    return level


GIVEN_NAME = Kind(
    common=0.03,
    name="given_name",
    levels=_GIVEN_LEVELS,
    start=(0.84, 0.04, 0.03, 0.05, 0.01, 0.015, 0.005, 0.005, 0.005),
    different=GIVEN_DIFFERENT,
    normalize=normalize_name,
    keys=("root", "start"),
    prepare=_prepare_given,
    compare=_compare_given,
    limit=0.2,
    opposed=GIVEN_ANOTHER,
    opposed_limit=0.003,
)

FAMILY_NAME = Kind(
    common=0.03,
    name="family_name",
    levels=("exact", "typo", "part of it", "alike", "different"),
    start=(0.89, 0.06, 0.02, 0.01, 0.02),
    different=4,
    normalize=normalize_family,
    keys=("sound",),
    prepare=_prepare_family,
    compare=_compare_family,
    limit=0.06,
)


def _compare_generations(_field: EncodedField, a: Codes, _b: Codes) -> LevelArray:
    return np.ones(len(a), dtype=np.int8)


GENERATION = Kind(
    name="generation",
    levels=("exact", "different"),
    start=(0.995, 0.005),
    different=1,
    normalize=normalize_generation,
    prepare=prepare_outline,
    compare=_compare_generations,
    limit=0.01,
)
