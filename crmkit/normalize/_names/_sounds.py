"""Keys by sound: American Soundex for Latin letters, pinyin for Chinese characters."""

from __future__ import annotations

import re
from functools import lru_cache

from crmkit._optional import require
from crmkit.errors import MissingDependencyError
from crmkit.normalize import text

from . import _han, _tables

_SOUNDEX = str.maketrans("abcdefghijklmnopqrstuvwxyz", "01230120022455012623010202")
_RUN = re.compile(r"(.)\1+")
_NOT_LATIN = re.compile("[^a-z]+")
_HAN_ONLY = re.compile("[\u3400-\u9fff\U00020000-\U000323af]+")
_LIMIT = 64  # characters; no name needs more, and hostile text should not cost more


def soundex(raw: str) -> str:
    """Return the American Soundex code: the first letter and three digits; ``""`` where there is no Latin letter.

    Example:
        >>> [soundex(name) for name in ("Robert", "Rupert", "Ashcraft", "Tymczak", "Pfister", "Lee")]
        ['R163', 'R163', 'A261', 'T522', 'P236', 'L000']

    Source:
        US National Archives (NARA), The Soundex Indexing System, 2007: h and w between two letters of one code do not
        part them, vowels do.

    .. versionadded:: 0.1.0
    """
    word = raw.lower() if raw.isascii() and raw.isalpha() else _NOT_LATIN.sub("", text.fold(raw))
    if not word:
        return ""
    word = word[:_LIMIT]
    sounding = word[0] + word[1:].replace("h", "").replace("w", "")
    codes = _RUN.sub(r"\1", sounding.translate(_SOUNDEX))[1:].replace("0", "")
    return (word[0].upper() + codes + "000")[:4]


def _readings(raw: str) -> list[str] | None:
    """Return the reading of the family name and of each character behind it."""
    if _han.is_plain(raw):  # most names
        family, given = text.to_simplified(raw[0]), text.to_simplified(raw[1:])
    else:
        name = _han.split(text.clean(raw, narrow=True)[:_LIMIT], None)
        family, given = text.to_simplified(name.family or ""), text.to_simplified(name.given or "")
    whole = family + given
    if not whole or _HAN_ONLY.fullmatch(whole) is None:
        return None
    known = _tables.pinyin()
    readings: list[str] = []
    surname = _tables.surname_readings().get(family)
    if surname is not None:
        readings.append(surname)
        whole = given
    for character in whole:
        reading = known.get(character) or _rare_reading(character)
        if reading is None:
            return None
        readings.append(reading)
    return readings


def _rare_reading(character: str) -> str | None:
    try:
        pypinyin = require("pypinyin", extra="zh", what="pinyin of a rare character")
    except MissingDependencyError:
        return None
    found = str(pypinyin.lazy_pinyin(character, errors="ignore", v_to_u=False)[0:1] or "")
    reading = _NOT_LATIN.sub("", found)
    return reading or None


def pinyin_key(raw: str) -> str | None:
    """Return the reading of a Chinese name, family name first, in one word without tones.

    Names in pinyin get the same key where it is clear which word is the family name, so that 张三 and "San Zhang" meet.

    Returns:
        The key; ``None`` for a name that is neither Chinese nor pinyin, or holds a character that no table knows.

    Example:
        >>> pinyin_key("张小明"), pinyin_key("Zhang Xiaoming"), pinyin_key("Xiao-Ming Zhang")
        ('zhangxiaoming', 'zhangxiaoming', 'zhangxiaoming')
        >>> pinyin_key("单雄信"), pinyin_key("歐陽修"), pinyin_key("Smith")
        ('shanxiongxin', 'ouyangxiu', None)

    Note:
        One reading a character, that of surnames where it differs (单 is shan). Characters outside GB/T 2312 are read
        with pypinyin where the extra ``zh`` is installed.

    Source:
        Unihan kMandarin by way of pypinyin (MIT); surname readings: Xiandai Hanyu Cidian.

    .. versionadded:: 0.1.0
    """
    if not raw.isascii() and text.has_han(raw):
        readings = _readings(raw)
        return None if readings is None else "".join(readings)
    return _latin_key(raw)


def pinyin_initials(raw: str) -> str | None:
    """Return the first letters of the readings of a Chinese name: what people type to find it.

    Example:
        >>> pinyin_initials("欧阳小明"), pinyin_initials("Smith")
        ('oyxm', None)

    Source:
        As :func:`pinyin_key`.

    .. versionadded:: 0.1.0
    """
    if raw.isascii() or not text.has_han(raw):
        return None
    readings = _readings(raw)
    if readings is None:
        return None
    name = _han.split(text.clean(raw, narrow=True)[:_LIMIT], None)
    compound = len(name.family or "") > 1 and text.to_simplified(name.family or "") in _tables.surname_readings()
    if not compound:
        return "".join(reading[0] for reading in readings)
    known = _tables.pinyin()
    first = "".join(known.get(c, "?")[0] for c in text.to_simplified(name.family or ""))
    return first + "".join(reading[0] for reading in readings[1:])


def _latin_key(raw: str) -> str | None:
    """The key of a name in pinyin, family name first, where it is clear which word that is."""
    if len(raw) > _LIMIT:
        return None
    words = text.fold(raw).replace("-", "").replace("'", "").replace(",", " ").split()
    if not 2 <= len(words) <= 3 or not all(word.isascii() and word.isalpha() for word in words):
        return None
    counts = [_syllable_count(word) for word in words]
    if 0 in counts:
        return None
    surnames = _tables.surnames_by_reading()
    first, last = surnames.get(words[0], 0.0), surnames.get(words[-1], 0.0)
    is_clear = "," in raw or not last or max(counts[0], counts[-1]) > 1 or (len(words) == 3 and first >= last)
    if first and is_clear:
        return "".join(words)
    if "," in raw:
        return None
    if last and not first:
        return words[-1] + "".join(words[:-1])
    if first >= 5 * last:
        return "".join(words)
    return words[-1] + "".join(words[:-1]) if last >= 5 * first else None


@lru_cache(maxsize=1 << 16)
def _syllable_count(word: str) -> int:
    """Return the least number of Mandarin syllables that make up ``word``; 0 where it is not made of them."""
    syllables = _tables.syllables()
    best = [0] + [99] * len(word)
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - 6), end):
            if best[start] + 1 < best[end] and word[start:end] in syllables:
                best[end] = best[start] + 1
    return 0 if best[-1] > 4 else best[-1]
