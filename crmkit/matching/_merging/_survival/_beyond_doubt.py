"""Many values at once: those that are plainly right are told by one regular expression over all of them, one a line.

It accepts only plain writing of which :class:`WellFormed` would say, one by one, that nothing speaks against it;
everything else is for the careful functions there. ``tests/matching/test_beyond_doubt.py`` compares the two.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from crmkit.normalize import _placeholders, emails, text

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["doubtful", "national"]

_CAPITAL, _SMALL, _HAN = "A-ZÀ-ÖØ-Þ", "a-zß-öø-ÿ", "\u4e00-\u9fff"
_WORD = rf"[{_CAPITAL}][{_CAPITAL}{_SMALL}]*+"
_PERSON = rf"(?:(?=[^{_SMALL}\n]*[{_SMALL}])(?!.{{100}}){_WORD}(?:[ '-]{_WORD})*+|[{_HAN}]{{1,9}})"
"""Words with a capital first, and a small letter somewhere; or Chinese characters."""
_SIGN = rf"!-_a-~{_CAPITAL}{_SMALL}{_HAN}"
_LETTER = rf"A-Za-z{_HAN}"
_COMPANY = (
    rf"(?=[^{_LETTER}\n]*[{_LETTER}])(?=.{{9,100}}$)[0-9{_LETTER}][{_SIGN}]*+(?: [{_SIGN}]++)*+(?<=[0-9{_LETTER}.])"
)
"""With single spaces, a letter in it, and longer than any legal form alone."""
_NUMBERED = r"(?=[^0-9\n]*[0-9])(?=[^1-9\n]*[1-9])[^@\n]++"
"""A digit, not only zeros, and nothing of an address; no word for nothing has a digit."""
_NATIONAL = r"(?=(?:[^0-9\n]*[0-9]){7})\(?0?[1-79][0-9 ()./-]{5,20}"
_WORDED = r"(?!.{100})[A-Za-z]++(?:[ '.-][A-Za-z]++)*+"


def doubtful(kind: str, texts: Sequence[str]) -> Sequence[int]:
    """Return the positions of the texts of which this module does not know that they can be right.

    Args:
        kind: What the texts are, as for :class:`WellFormed`: ``person``, ``company``, or nothing of those that have a
            form.
        texts: Values, as they are.
    """
    texts = list(map(str.strip, texts))
    if kind == "person":
        return _doubted(_lines(_PERSON, texts))
    if kind == "company":
        return _doubted(_lines(_COMPANY, texts))
    rest = [at for at, line in enumerate(_lines(_NUMBERED, texts)) if not line]
    lines = _lines(_WORDED, [texts[at] for at in rest])
    addresses = emails.placeholder_words()
    doubted = set(_doubted(lines)) | {k for k, line in enumerate(lines) if _compact(line) in addresses}
    return [at for k, at in enumerate(rest) if k in doubted]


def national(texts: Sequence[str]) -> list[int]:
    """Return the positions of numbers in national form, long enough without their area, whose country is not said."""
    return [at for at, line in enumerate(_lines(_NATIONAL, texts)) if line]


def _lines(plain: str, texts: Sequence[str]) -> list[str]:
    """Return for each text its line if that is plain, else nothing."""
    if not texts:
        return []
    joined = "\n".join(texts)
    if joined.count("\n") != len(texts) - 1:
        joined = "\n".join(["" if "\n" in text else text for text in texts])
    return _pattern(plain).findall(joined)


@cache
def _pattern(plain: str) -> re.Pattern[str]:
    """Match a whole line; the group is the line if it is plain, empty for anything else."""
    return re.compile(rf"^(?:({plain})$|.*+$)", re.MULTILINE)


def _doubted(lines: Sequence[str]) -> list[int]:
    """Return the positions of lines that are not plain, a word for nothing, or one letter over and over."""
    words = _placeholders.words()
    folded = [(line.lower() if line.isascii() else text.fold(line)).rstrip(". ") for line in lines]
    return [
        at
        for at, word in enumerate(folded)
        if not word or word in words or (word[0] == word[-1] and len(word) > 2 and not word.strip(word[0]))
    ]


def _compact(line: str) -> str:
    return line.lower().replace(" ", "").replace("-", "").replace(".", "").replace("'", "")
