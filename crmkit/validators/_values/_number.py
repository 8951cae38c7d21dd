"""Numbers and amounts of money."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, ClassVar, Literal

import attrs

from crmkit.errors import SchemaError
from crmkit.normalize import numbers
from crmkit.normalize._placeholders import is_placeholder
from crmkit.validators._checks._arguments import one_of
from crmkit.validators._checks._check import Check
from crmkit.validators._checks._conditions import Column
from crmkit.validators._checks._references import Context, Reference, country_reference
from crmkit.validators._checks._verdict import Finding, Verdict, failed, normal, stand_in
from crmkit.validators._reading._custom import Custom
from crmkit.validators._reading._lines import Lines
from crmkit.values import Money as Amount

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.typing import JSONValue


__all__ = ["Money", "Number", "number_words"]

_FIGURES = re.compile(r"[\d.,() +-]*\Z", re.ASCII).match
"""An amount without any word or sign of a currency."""

# How sure a form is; docs/explanation/validation.md has the reasons.
_THOUSANDS_OR_DECIMAL = 0.9
_POINT_OR_THOUSANDS = 0.5  # 1.234 is what a program writes, "1.234 EUR" is what a person writes for a thousand
_SIGN_OF_THE_COLUMN = 0.98
_SIGN_OF_MOST = 0.8
_OWN_COUNTRY = 0.97
_DEFAULT_COUNTRY = 0.9
_ITS_OWN_DOLLAR = 0.8
_PLAIN_FORM = r"(?:0|[1-9][0-9]{0,14}+)(?:\.[0-9]{1,9}+)?+"
_PLAIN = re.compile(rf"{_PLAIN_FORM}\Z").match
_PLAIN_LINES = Lines(_PLAIN_FORM)
"""A number in its normal form, not negative: a fast path, which only accepts."""
_POINT = re.compile(r"^-?(?:0+\.\d|\d+\.(?:\d{1,2}|\d{4,})$|\d{4,}\.\d)", re.MULTILINE | re.ASCII)
_EITHER = re.compile(r"^-?[1-9]\d{0,2}\.\d{3}$", re.MULTILINE | re.ASCII)
"""Whether, of numbers in normal form, a line a number, one shows the decimal point, and one could have thousands."""


def number_words(ge: Decimal | int | None, le: Decimal | int | None) -> dict[str, JSONValue]:
    """Return what JSON Schema says of a number between two limits."""
    limits = {"minimum": ge, "maximum": le}
    known = {word: limit for word, limit in limits.items() if limit is not None}
    return {"type": "number"} | {
        word: float(limit) if isinstance(limit, Decimal) else limit for word, limit in known.items()
    }


def _limit(value: Decimal | float | str | None) -> Decimal | None:
    """Return a limit exactly as it was written: 0.1 is a tenth, not the nearest binary fraction."""
    try:
        limit = None if value is None else Decimal(str(value))
    except InvalidOperation:
        raise SchemaError("a limit of a number is a number") from None
    if limit is not None and not limit.is_finite():
        raise SchemaError("a limit of a number is a finite number; leave it out where there is none")
    return limit


def _currency_reference(currency: str | Column | Reference | None) -> str | Reference | None:
    """Turn what a caller gives as ``currency=`` into an ISO code or a reference to a column."""
    if isinstance(currency, Column):
        return Reference(currency.name, "currency")
    if currency is None or isinstance(currency, Reference):
        return currency
    code = numbers.currency(currency)
    if code is None:
        raise SchemaError(f"no currency {currency!r}; give an ISO 4217 code such as 'CNY', or col('currency')")
    return code


@attrs.frozen(kw_only=True)
class _Limited(Check):
    typed: ClassVar[bool] = True
    learns: ClassVar[bool] = True

    ge: Decimal | None = attrs.field(default=None, converter=_limit)
    le: Decimal | None = attrs.field(default=None, converter=_limit)
    decimal: Literal[".", ","] | None = attrs.field(
        default=None, validator=one_of("decimal sign", (".", ","), optional=True)
    )
    evidence: numbers.DecimalEvidence | None = attrs.field(default=None, repr=False, eq=False)
    """What the column shows, where some number of it can be read in two ways."""

    @property
    def _by_column(self) -> bool:
        """Whether the column rather than each text says how ``1.234`` is read."""
        return self.evidence is not None and (self.evidence.sign == "," or self.evidence.is_contradicted)

    def learn(self, texts: Sequence[str]) -> Check:
        if self.decimal is not None:
            return self
        evidence = _evidence(texts)
        return attrs.evolve(self, evidence=evidence) if evidence.either else self

    @property
    def assumed(self) -> str | None:
        """What reading such a column takes for granted, as the code of an assumption."""
        if self.evidence is None or self.evidence.sign == ".":
            return None
        if self.evidence.sign == ",":
            return "decimal_comma"
        return None if self.evidence.is_contradicted else "decimal_sign_open"

    @property
    def custom(self) -> Custom | None:
        """How the column writes numbers, for the rules that read it, too; ``None`` where this check need not know."""
        if self.decimal is not None:
            return Custom(decimal=self.decimal)
        return None if self.evidence is None else Custom.shown_by(self.evidence)

    def unlearned(self) -> Check:
        """Return the check without what a column showed: it judges what it wrote, which has a point."""
        return self if self.evidence is None else attrs.evolve(self, evidence=None)

    def _sign(self, text: str) -> numbers.DecimalSign | None:
        """Return the decimal sign by which to read a text; ``None`` leaves it to the text."""
        if self.decimal is not None or self.evidence is None or not numbers.is_ambiguous(text):
            return self.decimal
        return self.evidence.sign

    def _read(self, text: str, code: str) -> tuple[Amount | None, tuple[Finding, ...]]:
        plain = self.decimal != "," and not self._by_column and _PLAIN(text.removeprefix("-")) is not None
        amount = Amount(Decimal(text), None) if plain else numbers.parse(text, decimal=self._sign(text))
        if self._by_column and self._sign(text) is None and numbers.is_ambiguous(text):
            return None, (Finding("number_ambiguous", severity="warning", dimension="consistency"),)
        if amount is None:
            if is_placeholder(text):
                return None, stand_in("warning")
            return None, failed(code)
        if self.ge is not None and amount.amount < self.ge:
            return amount, failed("too_small", ge=f"{self.ge:f}")
        if self.le is not None and amount.amount > self.le:
            return amount, failed("too_large", le=f"{self.le:f}")
        return amount, ()

    def examine_many(self, texts: Sequence[str], contexts: Sequence[Context]) -> Mapping[int, Verdict]:
        if self.decimal == "," or self._by_column:
            return super().examine_many(texts, contexts)
        examine, referring = self.examine, bool(self.references)
        plain, ge, le = _PLAIN, self.ge, self.le
        if le is None and (ge is None or ge <= 0):  # then no sign is all that there is to ask
            odd = _PLAIN_LINES.others(texts)
            return {at: verdict for at in odd if (verdict := examine(texts[at], contexts[at] if referring else ()))}
        return {
            at: verdict
            for at, text in enumerate(texts)
            if not (
                plain(text) is not None and (ge is None or Decimal(text) >= ge) and (le is None or Decimal(text) <= le)
            )
            and (verdict := examine(text, contexts[at] if referring else ()))
        }

    def in_json_schema(self) -> tuple[dict[str, JSONValue], bool]:
        return number_words(self.ge, self.le), False

    def _confidence(self, text: str) -> float:
        """How sure the reading is; a fix that takes the proof of a decimal comma away is as sure as the others."""
        if self.decimal is not None:
            return 1.0
        if self._by_column and self.evidence is not None:
            signed = "," in text or "." in text
            contradicted = self.evidence.is_contradicted
            return 1.0 if not signed else _SIGN_OF_MOST if contradicted else _SIGN_OF_THE_COLUMN
        if not numbers.is_ambiguous(text):
            return 1.0
        if self.evidence is not None and self.evidence.sign == ".":
            return _SIGN_OF_THE_COLUMN
        return _POINT_OR_THOUSANDS if "." in text else _THOUSANDS_OR_DECIMAL

    def _form(self, text: str, form: str, sure: float = 1.0) -> tuple[Finding, ...]:
        return () if text == form else normal(text, form, confidence=min(sure, self._confidence(text)))


def _evidence(texts: Sequence[str]) -> numbers.DecimalEvidence:
    """Return what a column shows of its decimal sign; one of plain numbers is told at a glance."""
    odd = set(_PLAIN_LINES.others(texts))
    if not any(sign in texts[at] for at in odd for sign in ",.，．"):
        lines = "\n".join(texts)
        return numbers.DecimalEvidence(int(_POINT.search(lines) is not None), 0, int(_EITHER.search(lines) is not None))
    lines = "\n".join([text for at, text in enumerate(texts) if at not in odd])
    found = numbers.decimal_evidence(texts[at] for at in odd)
    return numbers.DecimalEvidence(
        found.point + len(_POINT.findall(lines)), found.comma, found.either + len(_EITHER.findall(lines))
    )


@attrs.frozen(kw_only=True)
class Number(_Limited):
    """A number; the normal form has digits and a point only.

    ``1.234`` and ``1,234`` are read with the decimal sign that the other numbers of the column prove; where some prove
    the one and some the other, such a number is reported as ``number_ambiguous`` and never changed.

    Args:
        ge: The least that is right.
        le: The most that is right.
        decimal: The decimal sign, where the file's custom is known; found from the column where absent.

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
        if _PLAIN(text.removeprefix("-")) is None and numbers.currencies(text):
            return failed("number_invalid")
        return (*found, *self._form(text, f"{amount.amount:f}"))


@attrs.frozen(kw_only=True)
class Money(_Limited):
    """An amount of money, with or without its currency.

    The normal form keeps the currency that the text says: its code behind the amount. A sign that several currencies
    share (``$``, ``¥``, ``元``) becomes a code only where ``currency`` or ``country`` settles which is meant, and is
    let be elsewhere.

    Args:
        ge: The least that is right.
        le: The most that is right.
        decimal: The decimal sign, as for :class:`Number`.
        currency: ISO 4217 code, or ``col("currency")`` to read it from each row; an amount that says another one is
            wrong.
        country: Whose currency a shared sign means where ``currency`` is silent: a code or name, or ``col("country")``.
        default: The country where that column is empty or names none.

    Example:
        >>> Money(ge=0, currency="CNY").examine("EUR 12.50")[0].code
        'currency_unexpected'
        >>> Money().examine("1,234.50")[0].fix
        '1234.50'
        >>> Money().examine("$1,000")[0].fix, Money(currency="USD").examine("$1,000")[0].fix
        ('$1000', '1000 USD')

    Source:
        ISO 4217; signs: Unicode CLDR.

    .. versionadded:: 0.1.0
    """

    currency: str | Reference | None = attrs.field(default=None, converter=_currency_reference)
    country: str | Reference | None = attrs.field(default=None, converter=country_reference)
    default: str | None = attrs.field(default=None, converter=country_reference)

    def __attrs_post_init__(self) -> None:
        if isinstance(self.default, Reference):
            raise SchemaError("default= of a Money() is one country; give the column as country=")

    @property
    def references(self) -> tuple[Reference, ...]:
        return tuple(given for given in (self.currency, self.country) if isinstance(given, Reference))

    def rename(self, names: Mapping[str, str]) -> Money:
        def renamed(given: str | Reference | None) -> str | Reference | None:
            if not isinstance(given, Reference):
                return given
            return attrs.evolve(given, column=names.get(given.column, given.column))

        return attrs.evolve(self, currency=renamed(self.currency), country=renamed(self.country))

    def examine(self, text: str, context: Context = ()) -> Verdict:
        amount, found = self._read(text, "money_invalid")
        if amount is None:
            return found
        known = dict(zip(self.references, context, strict=False))
        expected = known.get(self.currency) if isinstance(self.currency, Reference) else self.currency
        meant = frozenset[str]() if _FIGURES(text) is not None else numbers.currencies(text)
        form, sure = f"{amount.amount:f}", 1.0
        if len(meant) == 1:
            form = f"{form} {amount.currency}"
        elif expected and expected in meant:
            form = f"{form} {expected}"
        elif meant:
            settled, sure = self._of_country(text, known)
            form = numbers.normalize(text, decimal=self._sign(text)) or text if settled is None else f"{form} {settled}"
        if expected and meant and expected not in meant:
            found = (*found, Finding("currency_unexpected", params={"currency": expected}))
        return (*found, *self._form(text, form, sure))

    def _of_country(self, text: str, known: Mapping[Reference, str | None]) -> tuple[str | None, float]:
        """Return the currency that a shared sign means in the country, and how sure that is."""
        own = known.get(self.country) if isinstance(self.country, Reference) else self.country
        amount = numbers.parse(text, decimal=self._sign(text), country=own or self.default)
        if amount is None or amount.currency is None:
            return None, 1.0
        if "USD" in numbers.currencies(text) and amount.currency != "USD":
            return amount.currency, _ITS_OWN_DOLLAR
        return amount.currency, _OWN_COUNTRY if own else _DEFAULT_COUNTRY
