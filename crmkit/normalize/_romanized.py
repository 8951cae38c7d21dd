"""Names of other scripts in Latin letters, and a key in which the ways to write one of them meet."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from crmkit._optional import require
from crmkit.normalize import _name_sounds, text

_LIMIT = 500
_KANA = re.compile("[\u3041-\u30ff]")
_NOT_LETTERS = re.compile(r"[^a-z]+")
_DOUBLED = re.compile(r"(.)\1+")
# Sounds that romanizations write in several ways, longest first. Source: the tables of ISO 9, BGN/PCGN and GOST for
# Cyrillic, ISO 233 and common use for Arabic, ISO 843 for Greek.
_SOUNDS = (
    ("shch", "s"), ("sch", "s"), ("tch", "c"), ("sh", "s"), ("ch", "c"), ("zh", "z"), ("kh", "h"), ("gh", "g"),
    ("ph", "f"), ("th", "t"), ("dh", "d"), ("ts", "c"), ("tz", "c"), ("dj", "j"), ("ck", "k"), ("x", "ks"), ("q", "k"),
    ("w", "v"),
)  # fmt: skip
_SOFT = re.compile("[aeiouyh]+")


def romanize(raw: str) -> str | None:
    """Return the name folded, in Latin letters; see ``names.romanize``."""
    folded = text.fold(raw)[:_LIMIT]
    if not folded:
        return None
    if text.has_han(folded):
        return None if _KANA.search(raw) else _name_sounds.pinyin_key(raw)
    if all(char.isascii() or not char.isalpha() for char in folded):
        return folded
    return _transliterated(unicodedata.normalize("NFC", folded))


@lru_cache(maxsize=1 << 16)
def _transliterated(folded: str) -> str | None:
    anyascii = require("anyascii", extra="translit", what="names.romanize of this script")
    return " ".join(str(anyascii.anyascii(folded)).lower().split()) or None


def skeleton(raw: str) -> str | None:
    """Return the consonants of a name as most romanizations would write them; see ``names.skeleton``."""
    latin = romanize(raw)
    if latin is None:
        return None
    keys = []
    for word in latin.replace("-", " ").split():
        letters = _NOT_LETTERS.sub("", word)
        for written, sound in _SOUNDS:
            letters = letters.replace(written, sound)
        if letters:
            rest = _SOFT.sub("", letters)
            keys.append(_DOUBLED.sub(r"\1", rest) or letters[0])
    return " ".join(keys) or None
