"""Currencies as people write them: codes and words that name one, and signs that several of them share."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import attrs

from crmkit._tables import read_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Meant", "currencies_of_sign", "named", "read"]

_SHARED = {
    "$": "$", "dollar": "$", "dollars": "$", "¥": "¥", "元": "元", "元整": "元", "圆": "元", "圆整": "元", "块": "元",
    "kr": "kr", "rs": "Rs", "rs.": "Rs",
}  # fmt: skip
_BEFORE = frozenset("$¥")
_CODE_FIRST = re.compile(r"([A-Z]{3})(?![^\W\d_])")
_CODE_IN_BRACKETS = re.compile(r"\(([A-Z]{3})\)")


@attrs.frozen
class Meant:
    """What the words round an amount say of its currency: its code, a sign that several share, or nothing."""

    code: str | None = None
    sign: str | None = None

    @property
    def codes(self) -> frozenset[str]:
        """The currencies that it can be; empty where nothing is said."""
        if self.code is not None:
            return frozenset({self.code})
        return frozenset() if self.sign is None else frozenset(currencies_of_sign(self.sign).values())

    def beside(self, other: Meant) -> Meant | None:
        """Return what both say together, or ``None`` if they contradict each other."""
        if not other.codes or not self.codes:
            return self if self.codes else other
        both = self.codes & other.codes
        if not both:
            return None
        if len(both) == 1:  # 元 behind ¥ leaves no yen
            return Meant(code=next(iter(both)))
        return min(self, other, key=lambda meant: len(meant.codes))

    def around(self, figures: str) -> str:
        """Return figures with the currency: the code behind them, a shared sign where it usually stands."""
        if self.code is not None:
            return f"{figures} {self.code}"
        if self.sign is None:
            return figures
        if self.sign in _BEFORE:
            return f"-{self.sign}{figures[1:]}" if figures.startswith("-") else f"{self.sign}{figures}"
        return f"{figures}{self.sign}" if not self.sign.isascii() else f"{figures} {self.sign}"


@cache
def currencies_of_sign(sign: str) -> Mapping[str, str]:
    """Return for each country that uses the sign the currency that it means there."""
    return {
        country: currency
        for shared, currency, countries in read_rows("currency_signs.tsv")
        if shared == sign
        for country in countries.split("|")
    }


@cache
def _words() -> dict[str, Meant]:
    found = {word: Meant(sign=sign) for word, sign in _SHARED.items()}
    for code, words in read_rows("currencies.tsv"):
        found.update(dict.fromkeys((code.lower(), *words.split("|")), Meant(code=code)))
    found.pop("", None)
    return found


def read(*words: str) -> Meant | None:
    """Return what the words say together, or ``None`` if one is not understood or they contradict each other."""
    known = _words()
    found = Meant()
    for word in words:
        folded = word.lower().replace(" ", "")
        if not folded:
            continue
        parts = [folded] if folded in known else [folded[:3], folded[3:]]  # "usd$": a code and a sign together
        for part in parts:
            meant = known.get(part)
            together = None if meant is None else found.beside(meant)
            if together is None:
                return None
            found = together
    return found


def named(text: str) -> str | None:
    """Return the one currency that a cell of a currency column names, or ``None``."""
    known = _words()
    meant = known.get(text.lower().replace(" ", ""))
    if meant is not None:
        return meant.code
    match = _CODE_FIRST.match(text) or _CODE_IN_BRACKETS.search(text)
    meant = None if match is None else known.get(match[1].lower())
    return None if meant is None else meant.code
