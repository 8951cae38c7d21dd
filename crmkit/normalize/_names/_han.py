"""Split names written in Chinese characters, kana or Hangul."""

from __future__ import annotations

import re
from functools import cache

from crmkit.normalize import text
from crmkit.normalize._text import _folding
from crmkit.values import PersonName

from . import _tables

_HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_CJK = f"{_HAN}\u3041-\u30ff\uac00-\ud7a3"
_CJK_ONLY = re.compile(f"[{_CJK}]+")
_DOTS = re.compile("[·・•‧．∙⋅･●]")
_PARTS = re.compile(f"[{_CJK}]+(?:[·・•‧．∙⋅･●.][{_CJK}]+)*")
_BRACKETS = re.compile(r"[(\[{<（【][^()\[\]{}<>（）【】]*[)\]}>）】]")
_FIRST_OF_SEVERAL = re.compile(f"(?<=[{_CJK}]) *[/、;|&＆]")  # 张三/李四: the first is the contact
_PLAIN = re.compile("[\u4e00-\u9fff]{2,3}")
_KANA_OR_HANGUL = re.compile("[\u3041-\u30fa\u30fc-\u30ff\uac00-\ud7a3]")
_LATIN_WORD = re.compile("[A-Za-z\u00c0-\u024f][A-Za-z\u00c0-\u024f'.-]*")
_COMMON_SURNAME = 100.0  # of 100,000 people


def split(cleaned: str, country: str | None) -> PersonName:
    """Split a cleaned name that holds Chinese characters, kana or Hangul."""
    outside = _BRACKETS.sub(" ", cleaned)
    words = _PARTS.findall(_FIRST_OF_SEVERAL.split(outside, maxsplit=1)[0]) or _PARTS.findall(cleaned)
    if not words:
        return PersonName(full=cleaned, order="family_first")
    suffix, words = _take_honorifics(words)
    prefix = None
    first = words[0]
    if len(words) == 1:
        if _DOTS.search(first) or "." in first:
            return _by_dot(cleaned, first, suffix)
        if len(first) == 2 and first[0] in "小老" and _weight(first[1]) >= _COMMON_SURNAME:
            prefix, words = first[0], [first[1]]  # 小王, 老张: what colleagues call each other
        elif len(first) == 1 and (latin := _LATIN_WORD.findall(outside)):
            return PersonName(given=" ".join(latin), family=first, suffix=suffix, full=cleaned, order="family_first")
    family, given = _parts(words, country)
    if suffix is not None and family is None and given is not None and len(given) == 1:
        family, given = given, None  # a form of address follows the family name
    return PersonName(given=given, family=family, prefix=prefix, suffix=suffix, full=cleaned, order="family_first")


@cache
def _unusual_edges() -> tuple[frozenset[str], frozenset[str]]:
    """Characters that begin a compound surname or a nickname, and those that end a form of address, in both scripts."""
    first = {name[0] for name in _compound()} | {"小", "老"}
    last = {word[-1] for word in _honorifics()}
    for traditional, simple in _folding.simplified().items():
        if simple in first:
            first.add(traditional)
        if simple in last:
            last.add(traditional)
    return frozenset(first), frozenset(last)


def is_plain(raw: str) -> bool:
    """Whether the name is a family name of one character and a given name of one or two, and nothing else."""
    if _PLAIN.fullmatch(raw) is None:
        return False
    first, last = _unusual_edges()
    return raw[0] not in first and raw[-1] not in last


def _take_honorifics(words: list[str]) -> tuple[str | None, list[str]]:
    taken: list[str] = []
    while True:
        found, words = _take_honorific(words)
        if found is None:
            return "".join(taken) or None, words
        taken.insert(0, found)


def _take_honorific(words: list[str]) -> tuple[str | None, list[str]]:
    last = words[-1]
    key = text.to_simplified(last)
    for length in (4, 3, 2, 1):
        tail = key[-length:]
        if len(key) < length or tail not in _honorifics():
            continue
        rest = last[: len(last) - length]
        if not rest:
            if len(words) > 1:
                return last, words[:-1]
            continue
        # One character (张总, 李工) may as well end a given name (王建工): only after a bare family name.
        if length > 1 or tail in "様殿" or not text.has_han(tail) or is_surname(rest):
            return last[len(last) - length :], [*words[:-1], rest]
    return None, words


@cache
def _honorifics() -> frozenset[str]:
    return _tables.words("honorific_zh") | _tables.words("honorific_ja_ko")


def _by_dot(cleaned: str, name: str, suffix: str | None) -> PersonName:
    """阿凡提·买买提, 约翰·史密斯: the own name stands first, the father's or family's last."""
    parts = [part for part in _DOTS.sub(".", name).split(".") if part]
    if len(parts) == 1:
        return PersonName(given=parts[0], suffix=suffix, full=cleaned)
    middle = "·".join(parts[1:-1]) or None
    return PersonName(given=parts[0], middle=middle, family=parts[-1], suffix=suffix, full=cleaned)


def _parts(words: list[str], country: str | None) -> tuple[str | None, str | None]:
    joined = "".join(words)
    if len(words) > 1:
        if len(words[0]) == 1 and len(joined) > 2 and text.to_simplified(joined[:2]) in _compound():
            return joined[:2], joined[2:]  # 欧 阳 修
        if len(words[0]) <= 4:
            return words[0], joined[len(words[0]) :]
        return None, joined
    if "\uac00" <= joined[0] <= "\ud7a3":
        size = 2 if joined[:2] in _tables.words("surname_ko") else 1
        return (joined[:size], joined[size:]) if size < len(joined) <= size + 3 else (None, joined)
    if _KANA_OR_HANGUL.search(joined) is not None:
        return _japanese(joined) or (None, joined)
    if country == "JP" or len(joined) in {4, 5}:
        found = _japanese(joined)
        if found is not None:
            return found
        if country == "JP":
            return None, joined
    return _chinese(joined)


def _japanese(joined: str) -> tuple[str, str] | None:
    key = text.to_simplified(joined)
    for length in (3, 2):
        if len(joined) > length and key[:length] in _tables.words("surname_ja"):
            return joined[:length], joined[length:]
    return None


def _chinese(joined: str) -> tuple[str | None, str | None]:
    key = text.to_simplified(joined)
    for length in (4, 3, 2):
        if key[:length] in _compound() and length <= len(joined) <= length + 3:
            return joined[:length], joined[length:] or None
    if len(joined) == 1:
        return (joined, None) if _weight(key) else (None, joined)
    if len(joined) == 4 and min(_weight(key[0]), _weight(key[1])) >= _COMMON_SURNAME:
        return joined[:2], joined[2:]  # a married woman's two surnames: 陈方安生
    if len(joined) <= 3 or (len(joined) == 4 and _weight(key[0])):
        return joined[0], joined[1:]
    return None, joined


@cache
def _compound() -> frozenset[str]:
    return frozenset(name for name in _tables.surname_weights() if len(name) > 1)


def _weight(character: str) -> float:
    return _tables.surname_weights().get(text.to_simplified(character), 0.0)


def is_surname(name: str) -> bool:
    return _weight(name) > 0.0 or name in _tables.words("surname_ja")


def has_cjk(raw: str) -> bool:
    """Whether the text holds a Chinese character, kana or Hangul."""
    return _CJK_ONLY.search(raw) is not None
