"""Regions of a country: provinces, states, Länder."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, ClassVar, Literal

import attrs

from crmkit._tables import read_rows
from crmkit.normalize import text as texts
from crmkit.normalize._placeholders import is_placeholder
from crmkit.validators._checks._arguments import one_of
from crmkit.validators._checks._by_country import ByCountry
from crmkit.validators._checks._verdict import Finding, Skipped, Verdict, normal, stand_in
from crmkit.validators._reading._likeness import nearest

if TYPE_CHECKING:
    from crmkit.typing import Severity
    from crmkit.validators._checks._references import Context

__all__ = ["Region", "region_name"]

_LONGEST = 80


@attrs.frozen(kw_only=True)
class Region(ByCountry):
    """A province or state of the row's country, by code or name.

    Known are the regions of Australia, Brazil, Canada, China, Germany and the United States; of other countries
    nothing is said.

    Args:
        country: A code or name, or ``col("country")`` to read it from each row.
        form: ``"name"`` or ``"code"``: what the normal form is. Chinese regions are written in full (``广东省``).

    Example:
        >>> Region(country="CN").examine("广东")[0].fix, Region(country="US", form="code").examine("new york")[0].fix
        ('广东省', 'NY')
        >>> Region(country="US").is_valid("Ontario"), Region(country="US").examine("Californa")[0].fix
        (False, 'California')

    Source:
        ISO 3166-2; GB/T 2260.

    .. versionadded:: 0.1.0
    """

    severity: ClassVar[Severity] = "warning"

    form: Literal["name", "code", "any"] = attrs.field(
        default="any", validator=one_of("form of a region", ("name", "code", "any"))
    )

    def examine(self, text: str, context: Context = ()) -> Verdict:
        country = self.country_of(context)
        if not country:
            return Skipped("country_missing" if country is None else "country_invalid")
        known = _regions(country)
        if not known:
            return Skipped("country_without_regions")
        word = texts.fold(text[: 2 * _LONGEST])
        found = known.get(word)
        if found is not None:
            return normal(text, self._written(found, text, country))
        if is_placeholder(text):
            return stand_in()
        near, sure = nearest(word, known, shortest=3) if len(text) <= _LONGEST else (None, None)
        fix = None if near is None else self._written(near, near[1], country)
        return (Finding("region_unknown", fix=fix, confidence=sure, params={"country": country}),)

    def _written(self, region: tuple[str, str], text: str, country: str) -> str:
        code, name = region
        if self.form == "any":
            short = text.strip().upper() == code
            return code if short else name if country == "CN" or not texts.has_han(text) else texts.clean(text)
        return code if self.form == "code" else name


@cache
def _regions(country: str) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for whole, name, aliases in read_rows("regions.tsv"):
        where, _, code = whole.partition("-")
        if where == country:
            region = (code, name)
            found.update({texts.fold(word): region for word in (whole, code, name, *aliases.split("|")) if word})
    return found


def region_name(text: str, country: str) -> str | None:
    """Return the official name of a region of the country, or ``None`` if it is none that is known.

    Example:
        >>> region_name("NY", "US"), region_name("广东", "CN")
        ('New York', '广东省')
    """
    found = _regions(country).get(texts.fold(text))
    return None if found is None else found[1]
