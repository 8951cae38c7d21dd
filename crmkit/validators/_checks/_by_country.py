"""Checks that depend on a country: a fixed one, or that of each row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import attrs

from ._check import Check
from ._references import Context, Reference, country_reference

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ByCountry"]


@attrs.frozen(kw_only=True)
class ByCountry(Check):
    """A check that is told the country by ``country=``: a code, a name, or ``col("country")``."""

    country: str | Reference | None = attrs.field(default=None, converter=country_reference)

    @property
    def references(self) -> tuple[Reference, ...]:
        return (self.country,) if isinstance(self.country, Reference) else ()

    def rename(self, names: Mapping[str, str]) -> Self:
        if not isinstance(self.country, Reference):
            return self
        column = names.get(self.country.column, self.country.column)
        return attrs.evolve(self, country=attrs.evolve(self.country, column=column))

    def country_of(self, context: Context) -> str | None:
        """Return the country of one value; ``None`` is missing, ``""`` names none."""
        if not isinstance(self.country, Reference):
            return self.country
        return context[0] if context else None
