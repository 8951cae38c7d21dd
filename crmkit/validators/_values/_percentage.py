"""Percentages and ages: numbers with a natural range."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

import attrs

from crmkit.normalize import numbers
from crmkit.normalize import text as texts
from crmkit.normalize._placeholders import is_placeholder
from crmkit.validators._checks._arguments import count
from crmkit.validators._checks._check import Check
from crmkit.validators._checks._verdict import Verdict, failed, normal, stand_in

from ._number import _limit, number_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.typing import JSONValue
    from crmkit.validators._checks._references import Context

__all__ = ["Age", "Percentage"]

_YEARS = re.compile(r"(\d{1,3})\s*(?:周岁|岁|歲|years?(?: old)?|yrs?|y/?o|J(?:ahre)?)?\.?\Z", re.IGNORECASE).match
_LONGEST = 40
_LEAST_SHARES = 0.95


@attrs.frozen(kw_only=True)
class Percentage(Check):
    """A percentage; the normal form is a number without the sign, 0 to 100.

    A column that holds shares (``0.25``) is read as shares if nearly all of its numbers are between 0 and 1.

    Args:
        ge: The least that is right, in percent.
        le: The most that is right, in percent.
        shares: Numbers without a sign are shares of 1; found from the column where absent.

    Example:
        >>> Percentage().examine("12.5 %")[0].fix, Percentage().is_valid("120%")
        ('12.5', False)
        >>> Percentage(shares=True).examine("0.25")[0].fix
        '25'

    .. versionadded:: 0.1.0
    """

    typed: ClassVar[bool] = True
    learns: ClassVar[bool] = True

    ge: Decimal | None = attrs.field(default=Decimal(0), converter=_limit)
    le: Decimal | None = attrs.field(default=Decimal(100), converter=_limit)
    shares: bool | None = None

    def learn(self, texts: Sequence[str]) -> Check:
        if self.shares is not None:
            return self
        read = [amount.amount for text in texts if (amount := numbers.parse(text[:_LONGEST])) is not None]
        between = sum(0 <= number <= 1 for number in read)
        fractions = sum(0 < number < 1 for number in read)
        return attrs.evolve(self, shares=bool(fractions) and between >= _LEAST_SHARES * len(read) and len(read) > 2)

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        raw = texts.clean(text[: _LONGEST + 1])
        signed = raw.endswith(("%", "％"))
        amount = numbers.parse(raw.rstrip("%％ ")) if 0 < len(raw) <= _LONGEST else None
        if amount is None or amount.currency is not None:
            if is_placeholder(text):
                return stand_in("warning")
            return failed("percentage_invalid")
        value = amount.amount if signed or not self.shares else amount.amount * 100
        if self.ge is not None and value < self.ge:
            return failed("too_small", ge=f"{self.ge:f}")
        if self.le is not None and value > self.le:
            return failed("too_large", le=f"{self.le:f}")
        form = f"{value.normalize():f}" if signed or self.shares else f"{value:f}"
        return normal(text, form)

    def in_json_schema(self) -> tuple[dict[str, JSONValue], bool]:
        return number_words(self.ge, self.le), False


@attrs.frozen(kw_only=True)
class Age(Check):
    """A person's age in whole years.

    Args:
        ge: The least that is right.
        le: The most that is right; nobody has lived longer than 122 years.

    Example:
        >>> Age().examine("42岁")[0].fix, Age(ge=18).is_valid("17"), Age().is_valid("1984")
        ('42', False, False)

    .. versionadded:: 0.1.0
    """

    typed: ClassVar[bool] = True

    ge: int = attrs.field(default=0, validator=count("ge of an Age()", least=0))
    le: int = attrs.field(default=122, validator=count("le of an Age()", least=0))

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        found = _YEARS(texts.clean(text)) if len(text) <= _LONGEST else None
        if found is None:
            amount = numbers.parse(text) if len(text) <= _LONGEST else None
            whole = None if amount is None or amount.currency else amount.amount
            if whole is None or whole != whole.to_integral_value():
                if is_placeholder(text):
                    return stand_in("warning")
                return failed("age_invalid")
            years = int(whole)
        else:
            years = int(found[1])
        if years < self.ge:
            return failed("too_small", ge=str(self.ge))
        if years > self.le:
            return failed("too_large", le=str(self.le))
        return normal(text, str(years))

    def in_json_schema(self) -> tuple[dict[str, JSONValue], bool]:
        return number_words(self.ge, self.le), False
