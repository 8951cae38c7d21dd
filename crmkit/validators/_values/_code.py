"""Codes: ids, customer numbers and other signs of a fixed form, whose leading zeros count."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, ClassVar

import attrs

from crmkit._plain import plain
from crmkit.normalize import numbers
from crmkit.normalize._placeholders import is_placeholder
from crmkit.validators._checks._arguments import count
from crmkit.validators._checks._check import Check
from crmkit.validators._checks._verdict import Finding, Verdict, failed, normal, stand_in
from crmkit.validators._reading._patterns import compile_pattern

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.validators._checks._references import Context

__all__ = ["Code", "RecordId"]

_FLOAT = re.compile(r"(\d{1,17})\.0+\Z", re.ASCII).match
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d{1,3}\Z", re.ASCII).match
_LEAST_SHARE = 0.8
_FEWEST = 10
_ZERO_WAS_LOST = 0.95
_ZERO_WAS_LOST_LEARNED = 0.9
_LONGEST = 255


@attrs.frozen(kw_only=True)
class Code(Check):
    """A code, mostly of digits: an id, a customer number. Text, never a number: ``007`` is not ``7``.

    What spreadsheets do to codes is found: zeros in front lost, ``.0`` behind, digits lost in ``1.2E+11``.

    Args:
        length: Digits of every code; where absent found from the column, if four in five have one length.
        pattern: A regular expression for codes that are no plain digits.

    Example:
        >>> Code(length=6).examine("1234")[0].fix, Code(length=6).is_valid("001234"), Code().examine("1.2E+11")[0].code
        ('001234', True, 'code_lossy')

    .. versionadded:: 0.1.0
    """

    learns: ClassVar[bool] = True

    length: int | None = attrs.field(default=None, validator=count("length of a Code()", least=1))
    pattern: str | None = attrs.field(default=None)
    learned: bool = attrs.field(default=False, repr=False, eq=False)

    @pattern.validator
    def _compiles(self, _attribute: object, pattern: str | None) -> None:
        if pattern is not None:
            compile_pattern(pattern, "the pattern of a Code()")

    def learn(self, texts: Sequence[str]) -> Check:
        if self.length is not None or self.pattern is not None:
            return self
        lengths = Counter(len(text) for text in texts if text.isascii() and text.isdecimal())
        n = sum(lengths.values())
        if n < _FEWEST or n < _LEAST_SHARE * len(texts):
            return self
        length, hits = lengths.most_common(1)[0]
        # Numbers that were counted up have many lengths by nature; only codes that begin with zeros do not.
        zeros = any(text.startswith("0") and len(text) == length for text in texts)
        if hits < _LEAST_SHARE * n or not zeros:
            return self
        return attrs.evolve(self, length=length, learned=True)

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        tidy = plain(text[: _LONGEST + 1])
        if _SCIENTIFIC(tidy) is not None:
            return (Finding("code_lossy"),)
        cut = _FLOAT(tidy)
        code = cut[1] if cut is not None else tidy
        if self.pattern is not None:
            found = compile_pattern(self.pattern, "the pattern of a Code()")(code)
            return normal(text, code) if found is not None else failed("pattern_mismatch", pattern=self.pattern)
        if self.length is None or (self.learned and not code.isdecimal()):
            return normal(text, code)
        if code.isascii() and code.isdecimal() and len(code) == self.length:
            return normal(text, code)
        if is_placeholder(text):
            return stand_in("warning")
        params = {"length": self.length}
        if code.isascii() and code.isdecimal() and 0 < len(code) < self.length:
            sure = _ZERO_WAS_LOST_LEARNED if self.learned else _ZERO_WAS_LOST
            return (Finding("code_invalid", fix=code.zfill(self.length), confidence=sure, params=params),)
        return failed("code_invalid", **params)


@attrs.frozen
class RecordId(Check):
    """The id of a record, in whatever form its system gives ids.

    Only what nobody can have meant is found: a long id that a spreadsheet wrote as ``1.23450E+15``, whose last digits
    are gone.

    Example:
        >>> RecordId().examine("1.23450E+15")[0].code, RecordId().is_valid("003A000001XyZ01")
        ('code_lossy', True)

    .. versionadded:: 0.1.0
    """

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        return failed("code_lossy") if numbers.is_scientific(text) else ()

    def examine_many(self, texts: Sequence[str], contexts: Sequence[Context]) -> Mapping[int, Verdict]:
        del contexts
        if "+" not in "".join(texts):
            return {}
        return {at: verdict for at, text in enumerate(texts) if "+" in text and (verdict := self.examine(text))}
