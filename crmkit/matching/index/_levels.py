"""Comparison levels of one pair of values: what the kinds compute for arrays, in plain Python.

For a handful of candidates the calls into numpy would cost a hundred times what they compute. Tests hold these
functions to the levels that the kinds give.
"""

from __future__ import annotations

from functools import lru_cache
from operator import ne
from typing import TYPE_CHECKING

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA, JaroWinkler

from crmkit.matching._kinds._channels import EMAIL_DIFFERENT
from crmkit.matching._kinds._dates import DATE_DIFFERENT
from crmkit.matching._kinds._fields import NULL
from crmkit.matching._kinds._people import (
    GIVEN_ALIKE,
    GIVEN_ANOTHER,
    GIVEN_DIFFERENT,
    are_told_apart,
    script_of_name,
    spoken_name,
)
from crmkit.matching._kinds._places import split_street
from crmkit.matching._kinds._values import LATIN_END, WHOLE_NAME
from crmkit.normalize import names, text

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "LEVELS",
    "given_features",
    "given_level",
    "latin_given_level",
    "organization_level",
    "spoken",
    "street_parts",
]

_SLACK = 1e-9
_REMEMBERED = 1 << 13
"""Names that are kept with what was found out about them: they come again and again."""

_distance = OSA.distance
_winkler = JaroWinkler.similarity


def _is_jaro_winkler(a: str, b: str, least: float) -> bool:
    return bool(a and b) and _winkler(a, b, score_cutoff=least - 1e-6) >= least - _SLACK


def _is_token_set(a: str, b: str, least: float) -> bool:
    return bool(a and b) and fuzz.token_set_ratio(a, b, score_cutoff=least) >= least


def _mark(value: str) -> int:
    mark = 0
    for char in value:
        mark |= 1 << (ord(char) & 63)
    return mark


@lru_cache(maxsize=_REMEMBERED)
def spoken(value: str) -> str:
    """How a name sounds, without blanks; a Han name in pinyin."""
    return spoken_name(value) if text.has_han(value) else value.replace(" ", "")


@lru_cache(maxsize=_REMEMBERED)
def given_features(value: str) -> tuple[bool, str, bool]:
    """Whether a given name is a Han name, its root, and whether it is known to have short forms."""
    if text.has_han(value):
        return True, value, False
    return False, names.nickname_root(value), len(names.nicknames(value)) > 1


_TYPO, _ALIKE, _APART = range(3)


def _likeness(a: str, b: str, *, han_a: bool, han_b: bool) -> int:
    """Say whether one name may be the other mistyped, looks like it, or neither."""
    shorter = min(len(a), len(b))
    if han_a or han_b:
        x, y = spoken(a), spoken(b)
        if x == y and x:
            return _TYPO
        near = han_a != han_b and min(len(x), len(y)) >= 4 and _distance(x, y, score_cutoff=1) <= 1
        return _TYPO if near else _APART
    distance = _distance(a, b, score_cutoff=2)
    if (distance <= 1 and shorter >= 3) or (distance <= 2 and shorter >= 7):
        return _TYPO
    if shorter < 4:
        return _APART
    found = _winkler(a, b, score_cutoff=0.8 - 1e-6)
    return _TYPO if found >= 0.92 - _SLACK else _ALIKE if found >= 0.8 - _SLACK else _APART


def given_level(a: str, b: str, borne_a: bool, borne_b: bool) -> int:  # noqa: FBT001  # in the order of the names
    """Level of two given names; ``borne`` says that so many records have it that it is no typing error."""
    han_a, root_a, known_a = given_features(a)
    han_b, root_b, known_b = given_features(b)
    is_sure = (borne_a or known_a) and (borne_b or known_b)
    if not (han_a or han_b):
        return latin_given_level(a, b, is_one_root=root_a == root_b, is_sure=is_sure)
    if root_a == root_b:
        return 1
    another = is_sure and min(len(a), len(b)) >= 2
    if another or (han_a and han_b and not _mark(a) & _mark(b)):
        x = spoken(a)
        level = 3 if x and x == spoken(b) else GIVEN_ANOTHER
    else:
        level = (3, GIVEN_ALIKE, GIVEN_DIFFERENT)[_likeness(a, b, han_a=han_a, han_b=han_b)]
    return NULL if level in {GIVEN_ANOTHER, GIVEN_DIFFERENT} and not _is_comparable(a, b) else level


def latin_given_level(a: str, b: str, *, is_one_root: bool, is_sure: bool) -> int:
    """Level of two given names that are no Han names; ``is_sure`` says that neither is a typing error."""
    if is_one_root:
        return 1
    shorter = min(len(a), len(b))
    if a[0] == b[0]:
        if shorter == 1:
            return 2
        if a.startswith(b) or b.startswith(a):
            return 1
    is_another = is_sure and shorter >= 2
    level = GIVEN_ANOTHER if is_another else _LATIN_GIVEN[_likeness(a, b, han_a=False, han_b=False)]
    return NULL if level in {GIVEN_ANOTHER, GIVEN_DIFFERENT} and not _is_comparable(a, b) else level


_LATIN_GIVEN = (3, GIVEN_ALIKE, GIVEN_DIFFERENT)


def _is_comparable(a: str, b: str) -> bool:
    """Whether two names are of scripts that can be told apart letter by letter; most are in Latin letters."""
    return (a.isascii() and b.isascii()) or are_told_apart(script_of_name(a), script_of_name(b))


def _family(a: str, b: str) -> int:
    han_a, han_b = text.has_han(a), text.has_han(b)
    likeness = _likeness(a, b, han_a=han_a, han_b=han_b)
    if likeness == _TYPO:
        return 1
    different = 4 if _is_comparable(a, b) else NULL
    if han_a or han_b:
        return different
    shorter, longer = (a, b) if len(a) <= len(b) else (b, a)
    if len(shorter) >= 3:
        if longer.startswith(shorter) or longer.endswith(shorter):
            return 2
        if (" " in a or " " in b) and _is_token_set(a, b, 100.0):
            return 2
    return 3 if likeness == _ALIKE else different


def _date(a: str, b: str) -> int:
    edits = sum(map(ne, a, b))
    same_year = a[:4] == b[:4]
    if edits == 1 or (same_year and a[4:6] == b[6:] and a[6:] == b[4:6]):
        return 1
    if edits == 2:
        first, second = (k for k in range(8) if a[k] != b[k])
        return 1 if second == first + 1 and a[first] == b[second] and a[second] == b[first] else 2
    if same_year:
        if a[4:6] == b[4:6] or a[6:] == b[6:]:
            return 2
    elif a[4:] == b[4:]:
        return 2
    if abs(int(a[:4]) - int(b[:4])) <= 1 and all(abs(int(a[k : k + 2]) - int(b[k : k + 2])) <= 1 for k in (4, 6)):
        return 3
    return 4 if same_year else DATE_DIFFERENT


def _email(a: str, b: str) -> int:
    distance = _distance(a, b, score_cutoff=2)
    if distance == 1:
        return 1
    if distance == 2 and min(len(a), len(b)) >= 12:
        return 2
    return 3 if a.rpartition("@")[0] == b.rpartition("@")[0] else EMAIL_DIFFERENT


def _phone(a: str, b: str) -> int:
    if len(a) >= 7 and len(b) >= 7 and a[-7:] == b[-7:]:
        return 1
    return 1 if _distance(a, b, score_cutoff=1) <= 1 else 2


def _one_edit(a: str, b: str) -> int:
    return 1 if _distance(a, b, score_cutoff=1) <= 1 else 2


street_parts = lru_cache(maxsize=1 << 8)(split_street)


def _street(a: str, b: str) -> int:
    (number_a, words_a), (number_b, words_b) = street_parts(a), street_parts(b)
    alike = (words_a == words_b and bool(words_a)) or (
        _is_jaro_winkler(words_a, words_b, 0.85) or _is_token_set(words_a, words_b, 95.0)
    )
    same_number = bool(number_a) and number_a == number_b
    no_number = not number_a or not number_b
    distance = _distance(a, b, score_cutoff=2) if min(len(a), len(b)) >= 6 and (same_number or no_number) else 3
    if (alike and same_number) or distance == 1:
        return 1
    if (alike and no_number) or distance == 2:
        return 2
    if same_number:
        return 3
    return 4 if alike and not no_number else 5


def _city(a: str, b: str) -> int:
    shorter, longer = (a, b) if len(a) <= len(b) else (b, a)
    size = len(shorter)
    if size >= 2 and longer.startswith(shorter):
        return 1
    distance = _distance(a, b, score_cutoff=2)
    if (distance <= 1 and size >= 4) or (distance <= 2 and size >= 7):
        return 1
    return 1 if size >= 5 and _is_jaro_winkler(a, b, 0.9) else 2


def _postcode(a: str, b: str) -> int:
    shorter, longer = (a, b) if len(a) <= len(b) else (b, a)
    if len(shorter) >= 3 and _distance(a, b, score_cutoff=1) <= 1:
        return 1
    return 1 if len(shorter) >= 4 and longer.startswith(shorter) else 2


def _company(a: str, b: str) -> int:
    return 1 if _is_token_set(a, b, 75.0) or _is_jaro_winkler(a, b, 0.92) else 2


def _text(a: str, b: str) -> int:
    return 1 if _is_token_set(a, b, 90.0) or _is_jaro_winkler(a, b, 0.92) else 2


def _number(a: str, b: str) -> int:
    x, y = float(a), float(b)
    apart = abs(x - y) / max(abs(x), abs(y), 1e-12)
    return 1 if apart <= 0.02 else 2 if apart <= 0.1 else 3


def _never(_a: str, _b: str) -> int:
    return 1


def organization_level(a: str, b: str, share: float) -> int:
    """Level of two names of organizations that have this share of their weight of words in common."""
    shorter, longer = (a, b) if len(a) <= len(b) else (b, a)
    size = len(shorter)
    han = text.has_han(a) and text.has_han(b)
    if size >= 4 and _distance(a, b, score_cutoff=2) <= (2 if size >= 8 else 1):
        return 1
    if (size >= 6 and _is_jaro_winkler(a, b, 0.95)) or sorted(a.split()) == sorted(b.split()):
        return 1
    inside = (han and size >= 2) or size >= 4
    if share >= 0.8 or (inside and (longer.startswith(shorter) or longer.endswith(shorter))):
        return 2
    if share >= 0.4:
        return 3
    one_script = text.has_han(a) == text.has_han(b) and (ord(a[0]) < LATIN_END) == (ord(b[0]) < LATIN_END)
    return 5 if share == 0.0 and size >= WHOLE_NAME and one_script else 4


LEVELS: dict[str, Callable[[str, str], int]] = {
    "family_name": _family,
    "generation": _never,
    "date": _date,
    "email": _email,
    "phone": _phone,
    "web": _one_edit,
    "street": _street,
    "city": _city,
    "postcode": _postcode,
    "region": _one_edit,
    "company": _company,
    "identifier": _one_edit,
    "exact": _never,
    "text": _text,
    "number": _number,
}
"""Level of two different values by kind. A given name also asks how common it is, an organization for its words."""
