"""Numbers and amounts of money."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, ClassVar, Literal

import attrs

from crmkit.errors import SchemaError
from crmkit.normalize import numbers

from ._check import Check, Context
from ._placeholders import is_placeholder
from ._verdict import Finding, Verdict, failed, normal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.values import Money as Amount

__all__ = ["Money", "Number"]

_THOUSANDS_OR_DECIMAL = 0.9
_PLAIN = re.compile(r"(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,9})?\Z").match
"""A number in its normal form, not negative: a fast path, which only accepts."""


def _limit(value: Decimal | float | str | None) -> Decimal | None:
    """Return a limit exactly as it was written: 0.1 is a tenth, not the nearest binary fraction."""
    try:
        return None if value is None else Decimal(str(value))
    except InvalidOperation:
        raise SchemaError("a limit of a number is a number") from None


@attrs.frozen(kw_only=True)
class _Limited(Check):
    typed: ClassVar[bool] = True

    ge: Decimal | None = attrs.field(default=None, converter=_limit)
    le: Decimal | None = attrs.field(default=None, converter=_limit)
    decimal: Literal[".", ","] | None = None

    def _read(self, text: str, code: str) -> tuple[Amount | None, tuple[Finding, ...]]:
        amount = numbers.parse(text, decimal=self.decimal)
        if amount is None:
            if is_placeholder(text):
                return None, (Finding("placeholder", dimension="completeness", severity="warning"),)
            return None, failed(code)
        if self.ge is not None and amount.amount < self.ge:
            return amount, failed("too_small", ge=f"{self.ge:f}")
        if self.le is not None and amount.amount > self.le:
            return amount, failed("too_large", le=f"{self.le:f}")
        return amount, ()

    def examine_many(self, texts: Sequence[str], contexts: Sequence[Context]) -> Mapping[int, Verdict]:
        del contexts
        examine = self.examine
        if self.decimal == ",":
            return {at: verdict for at, text in enumerate(texts) if (verdict := examine(text))}
        plain, ge, le = _PLAIN, self.ge, self.le
        positive = le is None and (ge is None or ge <= 0)  # then no sign is all that there is to ask
        return {
            at: verdict
            for at, text in enumerate(texts)
            if not (
                plain(text) is not None
                and (positive or ((ge is None or Decimal(text) >= ge) and (le is None or Decimal(text) <= le)))
            )
            and (verdict := examine(text))
        }

    def _confidence(self, text: str) -> float:
        return _THOUSANDS_OR_DECIMAL if self.decimal is None and numbers.is_ambiguous(text) else 1.0

    def _form(self, text: str, form: str) -> tuple[Finding, ...]:
        return () if text == form else normal(text, form, confidence=self._confidence(text))


@attrs.frozen(kw_only=True)
class Number(_Limited):
    """A number; the normal form has digits and a point only.

    Args:
        ge: The least that is right.
        le: The most that is right.
        decimal: The decimal sign, where the file's custom is known.

    Example:
        >>> Number(ge=0).is_valid("12.5"), Number(ge=0).is_valid("-1"), Number().is_valid("a dozen")
        (True, False, False)

    .. versionadded:: 0.1.0
    """

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        amount, found = self._read(text, "number_invalid")
        if amount is None:
            return found
        if amount.currency is not None:
            return failed("number_invalid")
        return (*found, *self._form(text, f"{amount.amount:f}"))


@attrs.frozen(kw_only=True)
class Money(_Limited):
    """An amount of money, with or without its currency.

    Args:
        ge: The least that is right.
        le: The most that is right.
        decimal: The decimal sign, where the file's custom is known.
        currency: ISO 4217 code; an amount that says another one is wrong.

    Example:
        >>> Money(ge=0, currency="CNY").examine("EUR 12.50")[0].code
        'currency_unexpected'
        >>> Money().examine("1,234.50")[0].fix
        '1234.50'

    Source:
        ISO 4217.

    .. versionadded:: 0.1.0
    """

    currency: str | None = None

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        amount, found = self._read(text, "money_invalid")
        if amount is None:
            return found
        if self.currency is not None and amount.currency not in (None, self.currency):
            found = (*found, Finding("currency_unexpected", params={"currency": self.currency}))
        form = f"{amount.amount:f}" if amount.currency is None else f"{amount.amount:f} {amount.currency}"
        return (*found, *self._form(text, form))
