"""Value added tax numbers of Europe: the form each country uses, and its check digits."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

import attrs

from crmkit.validators._checks._by_country import ByCountry
from crmkit.validators._checks._verdict import Skipped, Verdict, normal

from ._identifier import Fault, Identifier
from ._vat_checks import CHECKS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crmkit.validators._checks._references import Context

__all__ = ["VAT"]

_FORMS: Final[Mapping[str, str]] = {
    "AT": r"U\d{8}", "BE": r"[01]\d{9}", "BG": r"\d{9,10}", "CY": r"\d{8}[A-Z]", "CZ": r"\d{8,10}", "DE": r"\d{9}",
    "DK": r"\d{8}", "EE": r"\d{9}", "EL": r"\d{9}", "ES": r"[A-Z0-9]\d{7}[A-Z0-9]", "FI": r"\d{8}",
    "FR": r"[A-HJ-NP-Z0-9]{2}\d{9}", "GB": r"(?:\d{9}|\d{12}|GD[0-4]\d{2}|HA[5-9]\d{2})", "HR": r"\d{11}",
    "HU": r"\d{8}", "IE": r"\d[A-Z0-9+*]\d{5}[A-W][A-IW]?", "IT": r"\d{11}", "LT": r"(?:\d{9}|\d{12})",
    "LU": r"\d{8}", "LV": r"\d{11}", "MT": r"\d{8}", "NL": r"\d{9}B\d{2}", "PL": r"\d{10}", "PT": r"\d{9}",
    "RO": r"\d{2,10}", "SE": r"\d{10}01", "SI": r"[1-9]\d{7}", "SK": r"\d{10}", "XI": r"\d{9}(?:\d{3})?",
    "CHE": r"\d{9}(?:MWST|TVA|IVA)?", "NO": r"\d{9}(?:MVA)?",
}  # fmt: skip
_PREFIX = {"GR": "EL", "CH": "CHE"}


@cache
def _match(prefix: str) -> Callable[[str], re.Match[str] | None]:
    return re.compile(rf"{prefix}({_FORMS[prefix]})\Z", re.ASCII).match


@attrs.frozen(kw_only=True)
class VAT(ByCountry, Identifier):
    """A value added tax number of a European country.

    Form and check digits are checked for every member of the EU, Northern Ireland, Great Britain, Switzerland and
    Norway. Whether somebody holds the number only VIES knows.

    Args:
        country: Where numbers without a country prefix belong: a code or name, or ``col("country")``.

    Example:
        >>> VAT().examine("DE 136.695.976")[0].fix, VAT(country="DE").is_valid("136695977")
        ('DE136695976', False)
        >>> VAT().examine("136695976")
        Skipped(reason='country_missing')

    Source:
        European Commission, VIES, structure of VAT identification numbers; check digits: national tax offices, as
        collected by python-stdnum, which the tests hold them against.

    .. versionadded:: 0.1.0
    """

    word = "vat"

    def examine(self, text: str, context: Context = ()) -> Verdict:
        own = self.country_of(context)
        compact = self.compact(text)
        if not compact[:2].isalpha() and compact:
            if not own:
                return Skipped("country_missing" if own is None else "country_invalid")
            prefix = _PREFIX.get(own, own)
            if prefix not in _FORMS:
                return Skipped("country_without_numbers")
            verdict = Identifier.examine(self, f"{prefix}{text[:40]}")
            return verdict or normal(text, f"{prefix}{compact}")
        if self._prefix(compact) is None and compact[:2].isalpha():
            return Skipped("country_without_numbers") if _is_country(compact[:2]) else Identifier.examine(self, text)
        return Identifier.examine(self, text)

    @staticmethod
    def _prefix(compact: str) -> str | None:
        if compact.startswith("CHE"):
            return "CHE"
        return compact[:2] if compact[:2] in _FORMS else "EL" if compact[:2] == "GR" else None

    def fault(self, compact: str) -> Fault | None:
        prefix = self._prefix(compact)
        if prefix is None:
            return "malformed"
        found = _match(prefix)(self.form(compact))
        if found is None:
            return "malformed"
        return None if CHECKS[prefix](found[1]) else "checksum"

    def form(self, compact: str) -> str:
        return f"EL{compact[2:]}" if compact.startswith("GR") else compact


def _is_country(code: str) -> bool:
    from crmkit.normalize import countries

    return countries.normalize(code) == code
