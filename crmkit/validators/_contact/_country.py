"""Countries and postal codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import attrs

from crmkit.normalize import addresses, countries
from crmkit.normalize import text as words
from crmkit.normalize._placeholders import is_filler_number, is_placeholder
from crmkit.validators._checks._arguments import one_of
from crmkit.validators._checks._by_country import ByCountry
from crmkit.validators._checks._check import Check
from crmkit.validators._checks._verdict import Finding, Skipped, Verdict, failed, normal, stand_in
from crmkit.validators._reading._likeness import nearest
from crmkit.validators._values._text import tidy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.typing import Severity
    from crmkit.validators._checks._references import Context

__all__ = ["Country", "Postcode"]

_ZERO_WAS_LOST = 0.9
_INEXACT = 0.7
_CODE_LENGTH = 2
_LONGEST = 100
_SHORTEST = 4


@attrs.frozen(kw_only=True)
class Country(Check):
    """A country or territory; the normal form is its ISO 3166-1 alpha-2 code.

    Args:
        form: ``"code"``; or ``"any"`` where names are as right as codes, because the system stores names; or
            ``"column"`` to take codes for the normal form only in a column that mostly holds codes.

    Codes and names in English, Chinese and the country's own languages are understood: ``中国``, ``PRC`` and ``CHN``
    are ``CN``.

    A part of a country or a name that others share (England, Korea) is no sure name of one.

    Example:
        >>> Country().examine("Untied States")[0].fix
        'US'
        >>> Country().examine("中国")[0].fix, Country().is_valid("Atlantis")
        ('CN', False)
        >>> Country(form="any").examine("中国"), Country().examine("England")[0].confidence
        ((), 0.7)

    Source:
        ISO 3166-1; names of Unicode CLDR.

    .. versionadded:: 0.1.0
    """

    severity: ClassVar[Severity] = "warning"
    learns: ClassVar[bool] = True

    form: Literal["code", "any", "column"] = attrs.field(
        default="code", validator=one_of("form of a country", ("code", "any", "column"))
    )

    def learn(self, texts: Sequence[str]) -> Check:
        if self.form != "column":
            return self
        named = [text for text in texts if countries.normalize(text) is not None]
        codes = sum(len(text.strip()) == _CODE_LENGTH for text in named)
        return attrs.evolve(self, form="code" if 2 * codes > len(named) else "any")

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        code = countries.normalize(text)
        if code is not None:
            if self.form == "any":
                tidied, found = tidy(text)
                return found if tidied != text else ()
            return normal(text, code, confidence=1.0 if countries.is_exact(text) else _INEXACT)
        if is_placeholder(text):
            return stand_in()
        if len(text) > _LONGEST:
            return failed("country_unknown")
        near, sure = nearest(countries.fold(text), countries.by_folded_name(), shortest=_SHORTEST)
        if near is not None and self.form != "code":
            near = countries.name(near, "zh" if words.has_han(text) else "en")
        return (Finding("country_unknown", fix=near, confidence=sure),)


@attrs.frozen(kw_only=True)
class Postcode(ByCountry):
    """A postal code of the form that its country uses.

    Args:
        country: A code or name, or ``col("country")`` to read it from each row. Without a known one nothing is said.

    Example:
        >>> Postcode(country="GB").examine("sw1a1aa")[0].fix, Postcode(country="CN").is_valid("2000")
        ('SW1A 1AA', False)

    Source:
        Universal Postal Union, addressing sheets; Unicode CLDR.

    .. versionadded:: 0.1.0
    """

    severity: ClassVar[Severity] = "warning"

    def examine(self, text: str, context: Context = ()) -> Verdict:
        country = self.country_of(context)
        if not country:
            return Skipped("country_missing" if country is None else "country_invalid")
        valid = addresses.postcode_is_valid(text, country)
        if valid is None:
            return Skipped("country_without_codes")
        if is_filler_number(text) and "0" in text:  # no country has a code of zeros only, though its form is right
            return stand_in()
        if valid:
            return normal(text, addresses.postcode(text, country) or text)
        if is_placeholder(text):
            return stand_in()
        digits = addresses.postcode(text) or ""
        padded = f"0{digits}"
        # Spreadsheets drop a leading zero; one that makes the code valid was most likely there.
        if digits.isdecimal() and addresses.postcode_is_valid(padded, country):
            form = addresses.postcode(padded, country)
            return (Finding("postcode_invalid", fix=form, confidence=_ZERO_WAS_LOST, params={"country": country}),)
        return failed("postcode_invalid", country=country)
