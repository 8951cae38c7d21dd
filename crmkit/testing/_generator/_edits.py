"""Small changes to a text, each steered by one non-negative number: the same number makes the same change."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["alike", "confuse", "drop", "keyboard", "repeat", "substitute", "transpose", "typo"]

# the neighbours of a key on a QWERTY keyboard
_NEIGHBOURS = {
    "q": "wa", "w": "qes", "e": "wrd", "r": "etf", "t": "ryg", "y": "tuh", "u": "yij", "i": "uok", "o": "ipl",
    "p": "ol",
    "a": "qsz", "s": "awdx", "d": "sefc", "f": "drgv", "g": "fthb", "h": "gyjn", "j": "hukm", "k": "jil", "l": "kop",
    "z": "ax", "x": "zsc", "c": "xdv", "v": "cfb", "b": "vgn", "n": "bhm", "m": "nj",
    "1": "2", "2": "13", "3": "24", "4": "35", "5": "46", "6": "57", "7": "68", "8": "79", "9": "80", "0": "9",
    "а": "вп", "о": "рл", "е": "нк", "и": "мт", "н": "ег", "т": "иь", "р": "по", "в": "ыа", "л": "од", "с": "чм",
}  # fmt: skip
# what scanners and tired eyes take for one another. Source: character confusions usual in the OCR literature.
_ALIKE = {
    "0": "O", "O": "0", "1": "l", "l": "1", "I": "l", "5": "S", "S": "5", "8": "B", "B": "8", "6": "b", "2": "Z",
    "Z": "2", "g": "q", "q": "g", "m": "rn", "rn": "m", "w": "vv", "vv": "w", "cl": "d", "d": "cl", "h": "b", "e": "c",
    "未": "末", "末": "未", "己": "已", "已": "己", "日": "曰", "土": "士", "士": "土", "人": "入", "入": "人",
}  # fmt: skip
_ALPHABETS = ("abcdefghijklmnopqrstuvwxyz", "абвгдежзийклмнопрстуфхцчшщюя", "0123456789")


def _alphabet(character: str) -> str:
    lowered = character.lower()
    return next((alphabet for alphabet in _ALPHABETS if lowered in alphabet), "")


def substitute(text: str, number: int) -> str:
    """Put another letter for a letter, another digit for a digit."""
    if not text:
        return text
    number, at = divmod(number, len(text))
    alphabet = _alphabet(text[at]) or (_ALPHABETS[0] if text[at].isalpha() and ord(text[at]) < 0x250 else "")
    if not alphabet:
        return text
    old = text[at]
    new = alphabet[number % len(alphabet)]
    if new == old.lower():
        new = alphabet[(number + 1) % len(alphabet)]
    return text[:at] + (new.upper() if old.isupper() else new) + text[at + 1 :]


def keyboard(text: str, number: int) -> str:
    """Hit the key beside the right one."""
    places = [at for at, character in enumerate(text) if character.lower() in _NEIGHBOURS]
    if not places:
        return text
    number, which = divmod(number, len(places))
    at = places[which]
    near = _NEIGHBOURS[text[at].lower()]
    new = near[number % len(near)]
    return text[:at] + (new.upper() if text[at].isupper() else new) + text[at + 1 :]


def drop(text: str, number: int) -> str:
    """Leave a character out; a text of one character stays."""
    if len(text) < 2:
        return text
    at = number % len(text)
    return text[:at] + text[at + 1 :]


def repeat(text: str, number: int) -> str:
    """Type a character twice."""
    if not text:
        return text
    at = number % len(text)
    return text[:at] + text[at].lower() + text[at:] if at else text[:1] + text[:1].lower() + text[1:]


def transpose(text: str, number: int) -> str:
    """Exchange two neighbours that differ."""
    places = [at for at in range(len(text) - 1) if text[at].lower() != text[at + 1].lower()]
    if not places:
        return text
    at = places[number % len(places)]
    one, other = text[at], text[at + 1]
    if one.isupper() and other.islower():  # "John" becomes "Ojhn", not "oJhn"
        one, other = one.lower(), other.upper()
    return text[:at] + other + one + text[at + 2 :]


def confuse(text: str, number: int) -> str:
    """Read a character as one that looks like it."""
    places = [
        (at, seen) for at in range(len(text)) for seen in (text[at : at + 2], text[at : at + 1]) if seen in _ALIKE
    ]
    if not places:
        return text
    at, seen = places[number % len(places)]
    return text[:at] + _ALIKE[seen] + text[at + len(seen) :]


def alike(text: str, number: int, *tables: Mapping[str, str]) -> str:
    """Put a character of the tables for another; each table maps a character to those it is mistaken for."""
    places = [(at, other) for at, sign in enumerate(text) for table in tables for other in table.get(sign, "")]
    if not places:
        return text
    at, other = places[number % len(places)]
    return text[:at] + other + text[at + 1 :]


_KINDS = (keyboard, drop, transpose, repeat, substitute, keyboard, drop, transpose)


def typo(text: str, number: int) -> str:
    """Make one typing error of a kind that the number chooses; tries the next kind where one changes nothing."""
    number, kind = divmod(number, len(_KINDS))
    for step in range(len(_KINDS)):
        changed = _KINDS[(kind + step) % len(_KINDS)](text, number)
        if changed != text:
            return changed
    return text
