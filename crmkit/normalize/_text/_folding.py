"""The character table behind ``text.fold``: what each character becomes when strings are compared.

A character's fold does not depend on its neighbours, so a whole string folds in one ``str.translate``; the table fills
itself with the characters that occur.
"""

from __future__ import annotations

import unicodedata
from functools import cache

from crmkit._tables import read_lines

# Letters that Unicode does not decompose although readers drop the stroke. Source: Unicode CLDR, Latin-ASCII transform.
_LETTERS = {
    "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ł": "l", "ŀ": "l", "ŋ": "n", "þ": "th", "ŧ": "t", "æ": "ae",
    "œ": "oe", "ƒ": "f", "ɓ": "b", "ƀ": "b", "ƈ": "c", "ɗ": "d", "ɖ": "d", "ə": "a", "ǝ": "a", "ɛ": "e", "ɠ": "g",
    "ɨ": "i", "ƙ": "k", "ɲ": "n", "ɔ": "o", "ƥ": "p", "ʈ": "t", "ƭ": "t", "ʉ": "u", "ƴ": "y", "ƶ": "z", "ȷ": "j",
    "ɫ": "l", "ƚ": "l", "ǥ": "g", "ĸ": "k", "ɵ": "o", "ɩ": "i",
}  # fmt: skip
# Punctuation that typists and word processors write in several ways.
_PUNCTUATION = {
    **dict.fromkeys("‘’‚‛ʹʻʼʽˈˊˋ`´′‵＇׳", "'"),
    **dict.fromkeys("“”„‟«»″‶＂〝〞״", '"'),
    **dict.fromkeys("‐‑‒–—―−﹘﹣－⸺⸻", "-"),
    **dict.fromkeys("・•‧∙⋅･●᛫", "·"),
    **dict.fromkeys("【〔〖﹝［", "["),
    **dict.fromkeys("】〕〗﹞］", "]"),
    "、": ",", "。": ".", "⁄": "/", "∕": "/", "〜": "~",
}  # fmt: skip
# Marks that are accents or vowel points, not letters: Latin, Greek and Cyrillic accents, Hebrew points, Arabic harakat.
# Marks of Indic and South-East Asian scripts and of kana are part of the spelling and stay.
_ACCENTS = (
    (0x0300, 0x036F), (0x0483, 0x0489), (0x0591, 0x05BD), (0x05BF, 0x05BF), (0x05C1, 0x05C2), (0x05C4, 0x05C5),
    (0x05C7, 0x05C7), (0x0610, 0x061A), (0x0640, 0x0640), (0x064B, 0x065F), (0x0670, 0x0670), (0x06D6, 0x06ED),
    (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE00, 0xFE0F), (0xFE20, 0xFE2F), (0xE0100, 0xE01EF),
)  # fmt: skip


@cache
def simplified() -> dict[str, str]:
    """Return the table of traditional characters, each with the simplified one."""
    return {
        traditional: group[0]
        for line in read_lines("zh_simplified.txt")
        for group in line.split()
        for traditional in group[1:]
    }


def is_accent(code: int) -> bool:
    """Whether the character is a mark that folding drops."""
    return any(first <= code <= last for first, last in _ACCENTS)


def _fold_once(text: str, table: dict[str, str]) -> str:
    folded: list[str] = []
    for character in unicodedata.normalize("NFKD", text).casefold():
        code = ord(character)
        if is_accent(code) or unicodedata.category(character) in {"Cf", "Cc"}:
            folded.append(" " if character in "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85" else "")
        elif 0xD800 <= code <= 0xDFFF:
            folded.append("\ufffd")
        else:
            plain = _PUNCTUATION.get(character) or _LETTERS.get(character) or character
            folded.append(table.get(plain, plain))
    return "".join(folded)


class FoldTable(dict[int, str]):
    """For ``str.translate``: the fold of each character, found when it first occurs."""

    def __missing__(self, code: int) -> str:
        """Work out the fold of one character: repeat until nothing changes, so that folding twice is folding once."""
        table = simplified()
        text = _PUNCTUATION.get(chr(code), chr(code))
        while True:
            folded = _fold_once(text, table)
            if folded == text:
                break
            text = folded
        if code < 0x20000:  # rare planes are not kept, so that hostile text cannot make the table grow for ever
            self[code] = text
        return text
