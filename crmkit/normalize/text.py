"""Any text: cleaned without changing its meaning, folded for comparison, repaired after a wrong decoding.

``clean`` is for values that will be kept, ``fold`` for keys that will be compared. Neither touches punctuation beyond
its width and its typographic variants; what counts as noise inside a name or an address is known to the modules of
those kinds.
"""

from __future__ import annotations

import re
import unicodedata

from crmkit.errors import InvalidValueError
from crmkit.normalize._text import _folding, _mojibake

__all__ = [
    "clean",
    "fold",
    "format",
    "has_han",
    "is_lost",
    "is_valid",
    "normalize",
    "repair",
    "to_simplified",
    "validate",
]

_HAN = re.compile("[\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
# What clean() must look at: controls, invisible characters, surrogates, full-width and half-width forms.
_ODD = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\uff01-\uffee\ufff9-\ufffb]"
)
_JOINERS = re.compile(
    # Kept where the script needs them: between letters of Arabic, Indic and South-East Asian scripts, inside emoji.
    "(?<=[\u0600-\u109f\u1780-\u18af])([\u200c\u200d])[\u200c\u200d]*(?=[\u0600-\u109f\u1780-\u18af])"
    "|(?<=[\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])(\u200d)\u200d*(?=[\u2190-\u2bff\U0001f000-\U0001faff])"
    "|[\u200c\u200d]+"
)
_LOST = re.compile("\ufffd|锟斤拷|斤拷锟")
_SURROGATE = re.compile("[\ud800-\udfff]")
_KATAKANA = re.compile("[\uff61-\uff9f]+")


# Punctuation that Chinese sets full-width: among Han characters it is right as it stands.
_MARKS = {ord(mark): chr(ord(mark) - 0xFEE0) for mark in "（），：；！？"}
_MARK = re.compile("[（），：；！？]")
_BRACKETED = re.compile("（[^（）()]*）")


def _widths() -> dict[int, str | None]:
    table: dict[int, str | None] = {0xFF01 + i: chr(0x21 + i) for i in range(94) if 0xFF01 + i not in _MARKS}
    table.update({0xFFE0: "¢", 0xFFE1: "£", 0xFFE2: "¬", 0xFFE4: "¦", 0xFFE5: "¥", 0xFFE6: "₩"})
    invisible = (
        (0x00, 0x08), (0x0E, 0x1B), (0x7F, 0x84), (0x86, 0x9F), (0xAD, 0xAD), (0x061C, 0x061C), (0x180E, 0x180E),
        (0x200B, 0x200B), (0x200E, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB),
    )  # fmt: skip
    for first, last in invisible:
        table.update(dict.fromkeys(range(first, last + 1)))
    return table


_WIDTHS = _widths()
_FOLDS = _folding.FoldTable()


def clean(raw: str, *, narrow: bool = False) -> str:
    r"""Tidy a text without changing what it says.

    Outer blanks go, inner runs of blanks (line ends too) become one space, full-width ASCII becomes half-width and
    half-width kana full-width, control and invisible characters go, the rest is put into NFC. Half a surrogate pair
    becomes U+FFFD, because no file could hold it. Brackets, commas and colons that stand among Chinese characters stay
    full-width, as Chinese is set.

    Args:
        raw: Any text.
        narrow: Make those half-width too: for reading a text, not for keeping it.

    Returns:
        The tidy text; ``""`` where nothing is left. ``clean(clean(x)) == clean(x)``.

    Example:
        >>> clean("  Acme　（上海）  Ｌｔｄ.\u200b ")
        'Acme (上海) Ltd.'
        >>> clean(" 阿里巴巴（中国）有限公司 ")
        '阿里巴巴（中国）有限公司'

    Note:
        O(length). Zero-width joiners stay where a script or an emoji needs them.

    Source:
        Unicode Standard Annex 15 (NFC); Unicode 16.0, section 23 (format characters), block U+FF00 (width);
        GB/T 15834-2011, section 5.1 (Chinese punctuation is as wide as a character).

    .. versionadded:: 0.1.0
    """
    if raw.isascii() and raw.isprintable():
        return " ".join(raw.split())
    if _ODD.search(raw) is not None:
        if _SURROGATE.search(raw) is not None:
            raw = raw.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        raw = raw.translate(_WIDTHS)
        if "\u200c" in raw or "\u200d" in raw:
            raw = _JOINERS.sub(lambda found: found[1] or found[2] or "", raw)
        raw = _KATAKANA.sub(lambda found: unicodedata.normalize("NFKC", found[0]), raw)
    tidied = unicodedata.normalize("NFC", " ".join(raw.split()))
    if _MARK.search(tidied) is None:
        return tidied
    return tidied.translate(_MARKS) if narrow or not has_han(tidied) else _narrow_among_latin(tidied)


def _narrow_among_latin(text: str) -> str:
    """Make full-width marks half-width, but for those that a Chinese sentence or name has."""
    kept: set[int] = set()
    for match in _BRACKETED.finditer(text):
        around = (text[: match.start()].rstrip()[-1:], text[match.end() :].lstrip()[:1])
        if any(_HAN.match(char) for char in around):
            kept |= {match.start(), match.end() - 1}
    for match in _MARK.finditer(text):
        at = match.start()
        before = text[at - 1 : at]
        if match[0] not in "（）" and (_HAN.match(before) or at - 1 in kept):
            kept.add(at)
    return "".join(char if at in kept else char.translate(_MARKS) for at, char in enumerate(text))


def is_lost(raw: str) -> bool:
    r"""Say whether a wrong decoding left traces of characters that nobody can bring back.

    Example:
        >>> [is_lost(text) for text in ("Jos\ufffd", "锟斤拷", "JosÃ©", "José")]
        [True, True, False, False]

    Source:
        ``锟斤拷`` is U+FFFD twice, written as UTF-8 and read as GBK.

    .. versionadded:: 0.1.0
    """
    return not raw.isascii() and _LOST.search(raw) is not None


def fold(raw: str) -> str:
    """Return the form in which two texts are compared: case, accents, widths, traditional characters, quotes unified.

    Returns:
        The folded text, ``""`` where nothing is left. ``fold(fold(x)) == fold(x)``.

    Example:
        >>> fold("  ＡＣＭＥ  Zoë O’Łoś ")
        "acme zoe o'los"
        >>> fold("華為技術") == fold("华为技术")
        True

    Note:
        O(length). Vowel signs of Indic scripts and voicing marks of kana are letters, not accents, and stay.
        Traditional characters fold one by one; the extra ``zh`` is not used here, so keys do not depend on what is
        installed.

    Source:
        Unicode Standard, section 3.13 (case folding), UAX 15 (NFKD); CLDR Latin-ASCII for letters with strokes;
        OpenCC TSCharacters for traditional characters.

    .. versionadded:: 0.1.0
    """
    if raw.isascii():
        if not raw.isprintable():
            raw = clean(raw)
        raw = raw.lower()
        return " ".join((raw.replace("`", "'") if "`" in raw else raw).split())
    if _SURROGATE.search(raw) is not None:
        raw = raw.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return unicodedata.normalize("NFC", " ".join(raw.translate(_FOLDS).split()))


def repair(raw: str) -> str | None:
    """Undo a wrong decoding where it is certain that there was one.

    Known: UTF-8 read as Latin-1 or Windows-1252 (also twice, and with its U+00A0 turned into blanks), UTF-8 read as
    GBK, GBK read as Latin-1 or Windows-1252.

    Returns:
        The text as it was written, or ``None``: nothing wrong, or not certain.

    Example:
        >>> repair("JosÃ©")
        'José'
        >>> repair("ÕÅÈý")
        '张三'
        >>> repair("José") is None
        True

    Note:
        O(length). Correct text stays correct: where the bytes would allow another reading but the letters around do
        not demand it, the answer is ``None``.

    Source:
        WHATWG Encoding Standard (windows-1252 and its five unassigned bytes; GB18030); GB/T 2312-1980, levels 1 and 2.

    .. versionadded:: 0.1.0
    """
    if raw.isascii():
        return None
    return _mojibake.repair(raw)


def has_han(raw: str) -> bool:
    """Whether the text holds a Chinese character (which Japanese and Korean text may, too).

    Example:
        >>> has_han("张 Sam"), has_han("Sam")
        (True, False)

    .. versionadded:: 0.1.0
    """
    return not raw.isascii() and _HAN.search(raw) is not None


def to_simplified(raw: str) -> str:
    """Write traditional characters as simplified ones, one by one.

    Example:
        >>> to_simplified("臺灣積體電路")
        '台湾积体电路'

    Note:
        For comparison and search. To publish text, use OpenCC, which looks at words.

    Source:
        OpenCC 1.4.2, TSCharacters.

    .. versionadded:: 0.1.0
    """
    return raw if raw.isascii() else raw.translate(_simplified_codes())


_simplified: dict[int, str] = {}


def _simplified_codes() -> dict[int, str]:
    if not _simplified:
        _simplified.update({ord(key): value for key, value in _folding.simplified().items()})
    return _simplified


def normalize(raw: str) -> str | None:
    r"""Return ``fold(raw)``, or ``None`` where nothing is left.

    Example:
        >>> normalize(" É "), normalize(" \u200b ")
        ('e', None)

    .. versionadded:: 0.1.0
    """
    return fold(raw) or None


def is_valid(raw: str) -> bool:
    r"""Whether the text says something and is neither broken nor wrongly decoded.

    Example:
        >>> is_valid("José"), is_valid("JosÃ©"), is_valid("Jos\ufffd"), is_valid(" ")
        (True, False, False, False)

    .. versionadded:: 0.1.0
    """
    cleaned = clean(raw)
    return bool(cleaned) and not is_lost(cleaned) and repair(cleaned) is None


def validate(raw: str) -> str:
    """Return the text cleaned, or say that it is empty or wrongly decoded.

    Raises:
        InvalidValueError: Nothing is left of the text, or it was decoded with the wrong encoding.

    Example:
        >>> validate("  José ")
        'José'

    .. versionadded:: 0.1.0
    """
    cleaned = clean(raw)
    if not cleaned:
        raise InvalidValueError("the text is empty; give one with at least one visible character")
    if is_lost(cleaned) or repair(cleaned) is not None:
        raise InvalidValueError("the text was decoded with the wrong encoding; read the file again with the right one")
    return cleaned


def format(value: str) -> str:  # noqa: A001 - one of the four verbs every kind of value answers
    """Return the text as people read it: cleaned.

    Example:
        >>> format(" José  García ")
        'José García'

    .. versionadded:: 0.1.0
    """
    return clean(value)
