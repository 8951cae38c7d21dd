"""Names of other scripts in Latin letters, and a key in which the ways to write one of them meet."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from crmkit._optional import require
from crmkit.normalize import text

from . import _sounds

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
    """Return a name in Latin letters, folded: Cyrillic, Greek, Arabic, Hebrew, Thai, kana, Hangul; Chinese in pinyin.

    Returns:
        The name; ``None`` where nothing is left, and for a Japanese name in Chinese characters and kana, whose reading
        only its bearer knows. Arabic and Hebrew come without the vowels that they do not write.

    Raises:
        MissingDependencyError: The name is of another script than Latin and Chinese, and the extra ``translit`` is not
            installed.

    Example:
        >>> romanize("Сергей Иванов"), romanize("김민준"), romanize("張三"), romanize("Zoë")
        ('sergei ivanov', 'gimminjun', 'zhangsan', 'zoe')

    Note:
        A Japanese name in Chinese characters alone cannot be told from a Chinese one, and is read in pinyin.

    Source:
        The tables of anyascii (ISC); Chinese as :func:`pinyin_key`.

    .. versionadded:: 0.1.0
    """
    folded = text.fold(raw)[:_LIMIT]
    if not folded:
        return None
    if text.has_han(folded):
        return None if _KANA.search(raw) else _sounds.pinyin_key(raw)
    if all(char.isascii() or not char.isalpha() for char in folded):
        return folded
    return _transliterated(unicodedata.normalize("NFC", folded))


@lru_cache(maxsize=1 << 16)
def _transliterated(folded: str) -> str | None:
    anyascii = require("anyascii", extra="translit", what="names.romanize of this script")
    return " ".join(str(anyascii.anyascii(folded)).lower().split()) or None


def skeleton(raw: str) -> str | None:
    """Return the consonants of a name as most romanizations would write them, so that its spellings meet.

    Sergey, Sergei and Сергей are one, as are Muhammad, Mohamed and محمد. A key for finding candidates and weak evidence
    at most: Marina and Mirna have one skeleton too.

    Returns:
        One key for each word, in their order; ``None`` as for :func:`romanize`.

    Raises:
        MissingDependencyError: As :func:`romanize`.

    Example:
        >>> skeleton("Александр"), skeleton("Alexander"), skeleton("محمد"), skeleton("Mohammed")
        ('lksndr', 'lksndr', 'md', 'md')

    Source:
        ISO 9, BGN/PCGN and GOST for Cyrillic, ISO 233 for Arabic, ISO 843 for Greek.

    .. versionadded:: 0.1.0
    """
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
