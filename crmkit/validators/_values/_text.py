"""Any text: length, pattern, blanks, and damage from a wrong encoding."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import attrs

from crmkit.normalize import text as texts
from crmkit.validators._checks._arguments import count
from crmkit.validators._checks._check import Check
from crmkit.validators._checks._verdict import PASSED, Finding, Verdict, failed, normal
from crmkit.validators._reading._patterns import compile_pattern

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.typing import JSONValue
    from crmkit.validators._checks._references import Context

__all__ = ["REPAIR_CONFIDENCE", "Blank", "Required", "Text", "tidy"]

REPAIR_CONFIDENCE = 0.97
"""A repaired encoding is proven by the bytes, but the reader cannot ask who wrote it."""

_TIDY_ASCII = re.compile(r"(?![=+@-])[!-~]+(?: [!-~]+)*\Z").match
_FORMULA = re.compile(r"\s*(?:=.|[+@-].*?(?:\w\(|\|))", re.DOTALL).match
_WHOSE = "the pattern of a Text()"
_LONGEST_FORMULA = 8192  # the longest that a spreadsheet runs


def tidy(raw: str, *, multiline: bool = False) -> tuple[str, tuple[Finding, ...]]:
    """Return the text cleaned and, where its encoding was mistaken, repaired; and what there is to say about that.

    Source:
        OWASP, CSV Injection, for what a spreadsheet runs; a text that only begins with ``-``, ``+`` or ``@`` is let be.
    """
    if _TIDY_ASCII(raw) is not None:
        return raw, PASSED
    if len(raw) <= _LONGEST_FORMULA and _FORMULA(raw) is not None:
        return raw, (Finding("formula", severity="warning"),)
    if multiline and "\n" in raw:
        cleaned = "\n".join(texts.clean(line) for line in raw.splitlines()).strip("\n")
    else:
        cleaned = texts.clean(raw)
    # Of the text as it stands, first: cleaning takes characters (U+00A0) that are bytes of the damaged one.
    repaired = texts.repair(raw) or texts.repair(cleaned)
    if repaired is not None:
        repaired = texts.clean(repaired)
        return repaired, (Finding("text_damaged", fix=repaired, confidence=REPAIR_CONFIDENCE, severity="warning"),)
    if texts.is_lost(cleaned):
        return cleaned, (Finding("text_damaged", severity="warning"),)
    return cleaned, normal(raw, cleaned)


@attrs.frozen
class Required(Check):
    """The value is there: neither missing nor blank.

    Example:
        >>> Required().is_valid(" "), Required().is_valid("x")
        (False, True)

    .. versionadded:: 0.1.0
    """

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del text, context
        return PASSED

    def examine_many(self, texts: Sequence[str], contexts: Sequence[Context]) -> Mapping[int, Verdict]:
        del texts, contexts
        return {}

    def missing(self) -> Verdict:
        return (Finding("required", dimension="completeness"),)


@attrs.frozen
class Blank(Check):
    """The value is missing or blank; useful as an alternative: ``Money(ge=0) | Blank()``.

    Example:
        >>> Blank().is_valid(None), Blank().is_valid("x")
        (True, False)

    .. versionadded:: 0.1.0
    """

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del text, context
        return failed("not_blank")

    def missing(self) -> Verdict:
        return PASSED

    def in_json_schema(self) -> tuple[dict[str, JSONValue], bool]:
        return {"maxLength": 0}, True


@attrs.frozen(kw_only=True)
class Text(Check):
    """Any text, tidy, of a length and form.

    Args:
        min_length: Fewest characters, counted after tidying.
        max_length: Most characters.
        pattern: A regular expression that the whole tidy text must match; one that could take for ever is refused.
        multiline: Line ends belong to the text.

    Example:
        >>> Text(max_length=5).examine("abcdef")
        (Finding(code='too_long', confidence=None, dimension='validity', severity=None),)
        >>> Text(pattern="[A-Z]{2}-[0-9]+").is_valid("AB-12")
        True

    .. versionadded:: 0.1.0
    """

    min_length: int | None = attrs.field(default=None, validator=count("min_length of a Text()", least=0))
    max_length: int | None = attrs.field(default=None, validator=count("max_length of a Text()", least=0))
    pattern: str | None = attrs.field(default=None)
    multiline: bool = False

    @pattern.validator
    def _compiles(self, _attribute: object, pattern: str | None) -> None:
        if pattern is not None:
            compile_pattern(pattern, _WHOSE)

    def examine_many(self, texts: Sequence[str], contexts: Sequence[Context]) -> Mapping[int, Verdict]:
        del contexts
        examine = self.examine
        if self.pattern is not None:
            return {at: verdict for at, text in enumerate(texts) if (verdict := examine(text))}
        least, most = self.min_length or 0, sys.maxsize if self.max_length is None else self.max_length
        return {
            at: verdict
            for at, text in enumerate(texts)
            if not (_TIDY_ASCII(text) is not None and least <= len(text) <= most) and (verdict := examine(text))
        }

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        tidied, found = tidy(text, multiline=self.multiline)
        length = len(tidied)
        if self.max_length is not None and length > self.max_length:
            found = (*found, *failed("too_long", max_length=self.max_length, length=length))
        if self.min_length is not None and length < self.min_length:
            found = (*found, *failed("too_short", min_length=self.min_length, length=length))
        if self.pattern is not None and compile_pattern(self.pattern, _WHOSE)(tidied) is None:
            found = (*found, *failed("pattern_mismatch", pattern=self.pattern))
        return found

    def in_json_schema(self) -> tuple[dict[str, JSONValue], bool]:
        bounds = {"minLength": self.min_length, "maxLength": self.max_length}
        said: dict[str, JSONValue] = {word: bound for word, bound in bounds.items() if bound is not None}
        if self.pattern is not None:
            said["pattern"] = f"^(?:{self.pattern})$"
        return said, False
