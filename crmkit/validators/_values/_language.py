"""Languages by their codes and names."""

from __future__ import annotations

import re
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

__all__ = ["Language"]

_TAG = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|[0-9]{3}))?\Z").match
_LONGEST = 64


@attrs.frozen
class Language(Check):
    """A language: an ISO 639-1 code, a tag such as ``zh-Hans-CN``, or a name in English, Chinese or itself.

    Example:
        >>> [Language().examine(text)[0].fix for text in ("德语", "Deutsch", "deu", "ZH_cn")]
        ['de', 'de', 'de', 'zh-CN']
        >>> Language().is_valid("Klingon")
        False

    Source:
        ISO 639-1, RFC 5646 section 2.1; names of Unicode CLDR.

    .. versionadded:: 0.1.0
    """

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        form = _form(texts.clean(text)) if len(text) <= _LONGEST else None
        if form is not None:
            return normal(text, form)
        if is_placeholder(text):
            return stand_in("warning")
        return failed("language_unknown")


def _form(text: str) -> str | None:
    named = _names().get(texts.fold(text))
    if named is not None:
        return named
    tag = _TAG(text)
    code = None if tag is None else _names().get(tag[1].lower())
    if tag is None or code is None or (tag[2] is None and tag[3] is None):
        return None
    parts = [code, *([tag[2].title()] if tag[2] else []), *([tag[3].upper()] if tag[3] else [])]
    return "-".join(parts)


@cache
def _names() -> dict[str, str]:
    found: dict[str, str] = {}
    for code, alpha3, en, zh, aliases in read_rows("languages.tsv"):
        for name in (en, zh, *aliases.split("|")):
            if name:
                found.setdefault(texts.fold(name), code)
        found[code] = code
        if alpha3:
            found[alpha3] = code
    return found
