"""Split names whose script puts blanks between words: Latin, Cyrillic, Greek, Arabic and others."""

from __future__ import annotations

import re

from crmkit.normalize import text
from crmkit.values import PersonName

from . import _tables

_NICKNAME = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|[\"“”„«][^\"“”„«»]*[\"“”»]|(?<= )'[^' ]+'(?= )")
_ROMAN = frozenset({"II", "III", "IV", "V"})
# Where a family name in capitals may stand first ("DUPONT Jean").
_CAPITALS_FIRST = frozenset(re.findall("..", "FRBELUCHMADZTNSNCIJPKRCNTWHKSGVNHU"))
_TWO_FAMILY_NAMES = frozenset(re.findall("..", "ESMXARCOCLPEVEECGTCUBODOHNPYSVNICRPAUYPR"))
_LIMIT = 500  # characters; a longer text is no name, and its words are not worth sorting


def split(cleaned: str, country: str | None) -> PersonName:
    """Split a cleaned name of words."""
    if len(cleaned) > _LIMIT:
        return PersonName(full=cleaned)
    parts = [part.strip() for part in _NICKNAME.sub(" ", cleaned).split(",")]
    parts = [part for part in parts if part]
    if not parts:
        return PersonName(full=cleaned)
    suffixes: list[str] = []
    while len(parts) > 1 and _all_suffixes(parts[-1], after_comma=True):
        suffixes.insert(0, parts.pop())
    if len(parts) > 1 and _all_suffixes(parts[1], after_comma=False):
        suffixes.insert(0, parts.pop(1))  # "Smith, Jr., John"
    if len(parts) == 1 and ("," not in cleaned or suffixes):
        return _in_order(parts[0].split(), cleaned, suffixes, country)
    family = parts[0].split()
    prefixes = _take_prefixes(family, keep=1)
    given = parts[1].split() if len(parts) > 1 else []  # "Smith,"
    for part in parts[2:]:
        words = part.split()
        prefixes += _take_prefixes(words, keep=0)
        given += words
    prefixes += _take_prefixes(given, keep=0)
    while len(given) > 1 and (
        _key(given[-1]) in _tables.words("particle") or given[-1] in _tables.words("particle_lower")
    ):
        family.insert(0, given.pop())  # "Gogh, Vincent van"
    tail = _take_suffixes(given, keep=1) or _take_suffixes(family, keep=1)
    return _build(given, family, prefixes, [*tail, *suffixes], cleaned)


def _key(word: str) -> str:
    return (word.lower() if word.isascii() else text.fold(word)).replace(".", "")


def _all_suffixes(part: str, *, after_comma: bool) -> bool:
    words = part.split()
    known = _tables.words("suffix")
    risky = _tables.words("suffix_risky")
    for word in words:
        key = _key(word)
        if key not in known or (key in risky and not (after_comma and (word.isupper() or "." in word))):
            return False
    return True


def _take_prefixes(words: list[str], *, keep: int) -> list[str]:
    known = _tables.words("prefix")
    risky = _tables.words("prefix_risky")
    count = 0
    while len(words) - count > keep:
        word = words[count]
        key = _key(word)
        if key not in known and not ("-" in key and key.split("-")[0] in known and "." in word):
            break
        if key in risky and not word.endswith(".") and len(words) - count < 3:
            break  # "Don Johnson", "Major Tom": a given name unless more follows
        count += 1
    taken = words[:count]
    del words[:count]
    return taken


def _take_suffixes(words: list[str], *, keep: int) -> list[str]:
    known = _tables.words("suffix")
    risky = _tables.words("suffix_risky")
    end = len(words)
    while end > keep:
        word = words[end - 1]
        key = _key(word)
        if key not in known:
            break
        if key in risky and not (word.isupper() and end > 2 and not words[end - 2].isupper()):
            break  # "Jack Ma", "John V": a family name or an initial unless it stands out in capitals behind two words
        if word in {"Ii", "Iii", "Iv"} or (key in {"ii", "iii", "iv"} and end <= 2 and word not in _ROMAN):
            break
        end -= 1
    taken = words[end:]
    del words[end:]
    return taken


def _in_order(words: list[str], cleaned: str, suffixes: list[str], country: str | None) -> PersonName:
    prefixes = _take_prefixes(words, keep=1)
    suffixes = [*_take_suffixes(words, keep=1), *suffixes]
    if len(words) == 1:
        return _build([], words, prefixes, suffixes, cleaned) if prefixes else _build(words, [], [], suffixes, cleaned)
    if _is_family_first(words, country):
        count = 1
        if country in _CAPITALS_FIRST and _is_capitals(words[0]) and not _is_capitals(words[-1]):
            while count < len(words) - 1 and _is_capitals(words[count]):
                count += 1
        return _build(words[count:], words[:count], prefixes, suffixes, cleaned, family_first=True)
    start = _family_start(words, country)
    return _build(words[:start], words[start:], prefixes, suffixes, cleaned)


def _is_capitals(word: str) -> bool:
    return len(word) > 1 and word.isupper() and "." not in word


def _is_family_first(words: list[str], country: str | None) -> bool:
    if country in _CAPITALS_FIRST and _is_capitals(words[0]) and not _is_capitals(words[-1]):
        return True
    first, last = _key(words[0]), _key(words[-1])
    if country in {"CN", "TW", "HK", "MO", "SG"}:
        weights = _tables.surnames_by_reading()
        return first in weights and (last not in weights or weights[first] >= weights[last])
    if first in _tables.words("surname_vi"):
        return country == "VN" or (len(words) > 2 and _key(words[1]) in _tables.words("middle_vi"))
    return country in {"HU", "VN"}


def _family_start(words: list[str], country: str | None) -> int:
    """Return where the family name begins: at the first particle, else at the last word."""
    particles = _tables.words("particle")
    lower = _tables.words("particle_lower")
    given_end = 1
    if _key(words[0]) in _tables.words("given_particle") and len(words) > 2:
        given_end = 2  # "Abdul Rahman Khan"
    elif len(words) > 1 and (_key(words[0]) in particles or words[0] in lower):
        return 0  # "van der Berg": no given name
    for index in range(given_end, len(words) - 1):
        word = words[index]
        if word in lower and word in {"y", "e", "und"}:
            return max(index - 1, given_end)  # "José Ortega y Gasset"
        if _key(word) in particles or word in lower:
            return index
    if country in _TWO_FAMILY_NAMES and len(words) > given_end + 1:
        return len(words) - 2
    return len(words) - 1


def _build(
    given: list[str],
    family: list[str],
    prefixes: list[str],
    suffixes: list[str],
    full: str,
    *,
    family_first: bool = False,
) -> PersonName:
    couple = next((i for i, word in enumerate(given) if word in {"&", "and", "und", "+"}), None)
    size = 1
    if couple is not None and 0 < couple < len(given) - 1:
        size = couple + 2  # "John & Mary Smith"
    elif len(given) > 1 and _key(given[0]) in _tables.words("given_particle"):
        size = 2
    if family_first:
        size = len(given)
    return PersonName(
        given=" ".join(given[:size]) or None,
        middle=" ".join(given[size:]) or None,
        family=" ".join(family) or None,
        prefix=" ".join(prefixes) or None,
        suffix=" ".join(suffixes) or None,
        full=full,
        order="family_first" if family_first else "given_first",
    )
