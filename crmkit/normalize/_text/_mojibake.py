"""Find out whether a text was decoded with the wrong encoding, and undo it only where that is certain.

Each reading is undone by encoding the text back and decoding it right. That the bytes allow it proves little for a
short text, so every character that comes out is weighed by what stood around it: a wrong repair destroys a correct
value, a missed one leaves a visible fault for a person to see.
"""

from __future__ import annotations

import re
from functools import cache

from crmkit._tables import read_lines, read_pairs

_HIGH_RUN = re.compile("[\x80-\uffff]+")
_CASED_START = re.compile("[A-Za-z]$")
_QUOTES_AND_DASHES = frozenset("‘’“”„‚…–—•™®»«\xa0›‹†")


@cache
def _cp1252() -> dict[int, bytes]:
    """Characters of a text that was read as Latin-1 or Windows-1252, each with its byte."""
    table = {code: bytes([code]) for code in range(256)}
    for byte in range(0x80, 0xA0):
        try:
            table[ord(bytes([byte]).decode("cp1252"))] = bytes([byte])
        except UnicodeDecodeError:
            continue  # five bytes have no character; readers keep the control character
    return table


def _single_bytes(text: str) -> bytes | None:
    table = _cp1252()
    try:
        return b"".join([table[ord(character)] for character in text])
    except KeyError:
        return None


def repair(text: str) -> str | None:
    """Undo every wrong decoding that is certain; ``None`` where there is none. The text is not ASCII alone."""
    repaired: str | None = None
    for _ in range(3):  # files that went through three wrong readings exist; more is noise
        known = text if repaired is None else repaired
        better = _undo(known) or _undo_with_blanks(known)
        if better is None:
            break
        repaired = better
    return repaired


# Without one of these no wrong reading is possible: a UTF-8 lead byte before a continuation byte, read as Western
# characters; two GB 2312 characters, read so; a Chinese character.
_UTF8_PAIR = re.compile(
    "[\xc2-\xf4][\x80-\xbf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
)
_GB2312_PAIR = re.compile("[\xa1-\xfe]{4}")
_COMMON_LETTERS = re.compile("[\x00-\u017f\u0386-\u03ce\u0401-\u045f\u05d0-\u05ea\u0621-\u064a]+")
_WIDE = re.compile("[\u3400-\u9fff\ue000-\uf8ff]")


def _undo(text: str) -> str | None:
    if _UTF8_PAIR.search(text) is None and _GB2312_PAIR.search(text) is None:
        return _undo_utf8_as_gbk(text) if _WIDE.search(text) is not None else None
    data = _single_bytes(text)
    if data is not None:
        try:
            right = data.decode("utf-8")
        except UnicodeDecodeError:
            return _undo_gbk_as_latin(text, data)
        if max(right) < "\u0800" and _is_gb2312(data):  # two bytes a letter fit both encodings
            chinese = _undo_gbk_as_latin(text, data)
            if chinese is not None or _COMMON_LETTERS.fullmatch(right) is None:
                return None if _COMMON_LETTERS.fullmatch(right) else chinese
        return right if _is_certain_utf8(text, right) else None
    return _undo_utf8_as_gbk(text)


# --- UTF-8 read as Latin-1 or Windows-1252 ---

# A Chinese character of three bytes, the last or middle one U+00A0, which somebody tidied into a blank.
_TRAIL = "[\x80-\xbf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
_BLANK_BYTE = re.compile(f"([\xe3-\xe9]) (?={_TRAIL})|([\xe3-\xe9]{_TRAIL}) ")


def _undo_with_blanks(text: str) -> str | None:
    """Undo Chinese whose bytes A0 became blanks, if every letter of the outcome but ASCII is Chinese."""
    whole = _BLANK_BYTE.sub(lambda found: f"{found[1] or found[2]}\xa0", text)
    right = None if whole == text else _undo(whole)
    if right is None or any(_script(char) not in ("cjk", "width") for char in right if not char.isascii()):
        return None
    return right


def _is_certain_utf8(text: str, right: str) -> bool:
    """Whether the letters around each pair or triple could only have come from UTF-8.

    Walks both texts together: a character of ``right`` took as many characters of ``text`` as it has UTF-8 bytes.
    """
    strong = False
    position = 0
    previous_script = ""
    for index, character in enumerate(right):
        size = len(character.encode("utf-8"))
        if size == 1:
            position += 1
            previous_script = ""
            continue
        source = text[position : position + size]
        before = text[position - 1] if position else ""
        after = text[position + size] if position + size < len(text) else ""
        script = _script(character)
        if script == "bad":
            return False
        if any("\x80" <= part <= "\x9f" for part in source[1:]):
            strong = True  # no real text holds a C1 control
        elif size == 2:
            strong = strong or _is_strong_pair(source, character, before, after, script == previous_script)
        elif size == 3:
            strong = strong or _is_strong_triple(source, script, index, before, after, script == previous_script)
        else:
            strong = True
        previous_script = script
        position += size
    return strong


def _script(character: str) -> str:
    code = ord(character)
    if code < 0xA0 or 0x0250 <= code < 0x02B0 or 0x07C0 <= code < 0x0900:
        return "bad"
    for name, first, last in (
        ("latin", 0xA0, 0x24F), ("mark", 0x2B0, 0x36F), ("greek", 0x370, 0x3FF), ("cyrillic", 0x400, 0x52F),
        ("armenian", 0x530, 0x58F), ("hebrew", 0x590, 0x5FF), ("arabic", 0x600, 0x77F), ("indic", 0x900, 0x109F),
        ("georgian", 0x10A0, 0x10FF), ("ethiopic", 0x1200, 0x139F), ("khmer", 0x1780, 0x17FF),
        ("latin3", 0x1E00, 0x1EFF),
        ("punctuation", 0x2000, 0x2BFF), ("cjk", 0x3000, 0x9FFF), ("cjk", 0xAC00, 0xD7AF), ("cjk", 0xF900, 0xFAFF),
        ("width", 0xFE00, 0xFFEF), ("emoji", 0x1F000, 0x1FAFF), ("cjk", 0x20000, 0x323AF),
    ):  # fmt: skip
        if first <= code <= last:
            return name
    return "neutral" if character in "\ufeff\ufffd" else "bad"


def _is_strong_pair(source: str, right: str, before: str, after: str, same_script: bool) -> bool:  # noqa: FBT001 - private
    lead, trail = source[0], source[1]
    if lead in "ß×":
        return same_script and lead == "×"
    if before and before.islower():
        return True  # an upper-case letter inside a word: "JosÃ©"
    if right in "ÃÂ" or lead not in "ÂÃÄÅ":
        return same_script  # Greek, Cyrillic, Hebrew, Arabic: certain from the second letter on
    if before.isupper() and not (after.islower() and trail not in _QUOTES_AND_DASHES):
        # A word in capitals may end in Å or Ä before a quotation mark; its repair would go on in capitals.
        return right.isupper() and trail not in _QUOTES_AND_DASHES
    if lead == "Â":
        return trail not in _QUOTES_AND_DASHES or (trail in "\xa0®»«" and bool(before) and not before.isspace())
    if trail in _QUOTES_AND_DASHES:
        return lead == "Ã" and right.isupper() and after.islower() and not before.isalpha()
    return not before.isalpha() or same_script or after.islower()


def _is_strong_triple(source: str, script: str, index: int, before: str, after: str, same_script: bool) -> bool:  # noqa: FBT001 - private
    if source.startswith(("â€", "â‚", "â„", "ï¼", "ï½")):
        return True
    if source == "ï»¿":
        return index == 0
    if script == "latin3":
        return same_script or after.isalpha() or source[2] not in _QUOTES_AND_DASHES
    return same_script or (script == "punctuation" and not before.isalpha())


# --- GBK read as Latin-1 or Windows-1252 ---


def _is_gb2312(data: bytes) -> bool:
    try:
        return any(_level(character) for character in data.decode("gb2312"))
    except UnicodeDecodeError:
        return False


def _undo_gbk_as_latin(text: str, data: bytes) -> str | None:
    try:
        right = data.decode("gb2312")  # both bytes of a character stand above 0xA0: no mixing with ASCII letters
    except UnicodeDecodeError:
        try:
            right = data.decode("gbk")
        except UnicodeDecodeError:
            return None
    common = rare = longest = 0
    position = 0
    for run in _HIGH_RUN.finditer(text):
        part = data[run.start() : run.end()]
        if len(part) % 2:
            return None
        if run.start() and _CASED_START.search(text[run.start() - 1]) and len(part) < 6:
            return None  # "JÄÄÄÄR": a Latin word with a run of accents
        if min(part) >= 0xC0 and _is_cased_word(part):
            return None  # a Russian or Greek word read as Latin-1, or letters listed one after the other
        longest = max(longest, len(part))
        position = run.end()
    for character in right:
        level = _level(character)
        common += level == 1
        rare += level == 2
        if level == 3:
            return None
    if longest < 4 or common < 2 or common < 2 * rare or not position:
        return None
    return right if _is_chinese(data, right) else None


def _is_cased_word(part: bytes) -> bool:
    for encoding in ("cp1251", "koi8-r", "cp1253", "latin-1"):
        try:
            word = part.decode(encoding)
        except UnicodeDecodeError:
            continue
        if word.isalpha() and (word.isupper() or word.islower() or word.istitle()):
            return True
    return False


def _level(character: str) -> int:
    """GB 2312: 0 no Han, 1 the 3,755 common characters, 2 the other 3,008, 3 outside."""
    if character.isascii():
        return 0
    try:
        lead = character.encode("gb2312")[0]
    except UnicodeEncodeError:
        return 3
    return 0 if lead < 0xB0 else 1 if lead < 0xD8 else 2


def _is_chinese(data: bytes, right: str) -> bool:
    """Whether the bytes are not Korean or Japanese as well."""
    han = [c for c in right if _level(c)]
    everyday = sum(c in _everyday() for c in han)
    for encoding in ("euc_kr", "euc_jp"):
        try:
            other = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        letters = [c for c in other if not c.isascii()]
        if sum("\uac00" <= c <= "\ud7a3" or "\u3040" <= c <= "\u30ff" for c in letters) * 10 >= 9 * len(letters):
            return everyday * 10 >= 8 * len(han)
    return everyday * 10 >= (6 if len(han) <= 4 else 4) * len(han)


@cache
def _everyday() -> frozenset[str]:
    surnames = [entry.partition("/")[0] for _, group in read_pairs("zh_surnames.txt")[:160] for entry in group.split()]
    return frozenset("".join(surnames) + "".join(read_lines("zh_everyday.txt")))


# --- UTF-8 read as GBK ---


def _undo_utf8_as_gbk(text: str) -> str | None:
    try:
        right = text.encode("gb18030").decode("utf-8")
    except UnicodeError:
        return None
    outside = sum(_level(character) == 3 for character in text)
    levels = [_level(character) for character in right]
    if 3 in levels:
        return _undo_accents(text, right)
    common, rare = levels.count(1), levels.count(2)
    if common + rare == 0:
        return _undo_accents(text, right)
    if common + rare >= 2 and common >= 2 * rare and outside >= 1 + bool(rare):
        return right
    return None


def _undo_accents(text: str, right: str) -> str | None:
    """Undo Latin words whose accented letters became a Chinese character each: "M眉ller"."""
    if len(text) != len(right) or any(not "\xc0" <= c <= "\u024f" for c in right if not c.isascii()):
        return None
    for index, character in enumerate(text):
        if character.isascii():
            continue
        before, after = text[max(index - 1, 0) : index], text[index + 1 : index + 2]
        # "OK么" is a question and "A股" a share: only a character inside a word is certain.
        if not (
            before.isascii() and before.isalpha() and after.isascii() and after.islower() and right[index].islower()
        ):
            return None
    return right
