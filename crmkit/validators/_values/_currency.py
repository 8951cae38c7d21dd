"""Currencies by their codes and names."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import attrs

from crmkit._tables import read_rows
from crmkit.normalize import text as texts
from crmkit.normalize._placeholders import is_placeholder
from crmkit.validators._checks._check import Check
from crmkit.validators._checks._verdict import Verdict, failed, normal, stand_in

if TYPE_CHECKING:
    from crmkit.validators._checks._references import Context

__all__ = ["Currency"]

_LONGEST = 64
_SHARED = frozenset({"$", "¥", "￥", "元", "kr", "rs", "£"})


@attrs.frozen
class Currency(Check):
    """A currency; the normal form is its ISO 4217 code. A sign that several countries use names none.

    Example:
        >>> Currency().examine("人民币")[0].fix, Currency().is_valid("EUR"), Currency().is_valid("$")
        ('CNY', True, False)

    Source:
        ISO 4217:2015.

    .. versionadded:: 0.1.0
    """

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        known = _codes()
        if text in known:
            return normal(text, known[text])
        if len(text) > _LONGEST:
            return failed("currency_unknown")
        word = texts.clean(text).casefold().replace(" ", "")
        if word in _SHARED:
            return failed("currency_shared")
        code = known.get(word) or known.get(word.upper())
        if code is not None:
            return normal(text, code)
        if is_placeholder(text):
            return stand_in("warning")
        return failed("currency_unknown")


@cache
def _codes() -> dict[str, str]:
    found: dict[str, str] = {}
    for code, words in read_rows("currencies.tsv"):
        found[code] = code
        for word in words.split("|"):
            if word and word not in _SHARED:
                found.setdefault(word, code)
    return found
