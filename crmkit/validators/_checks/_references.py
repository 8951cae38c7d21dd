"""The other columns of a row that a check reads: the country of a phone, the currency of an amount."""

from __future__ import annotations

import attrs

from crmkit.errors import SchemaError

from ._conditions import Column

__all__ = ["Context", "Reference", "country_reference"]

Context = tuple[str | None, ...]
"""The values of a check's references: ``None`` missing, ``""`` filled in but invalid."""


@attrs.frozen
class Reference:
    """Another column of the same row that a check reads, in a normal form; what a check's ``references`` are made of.

    Example:
        >>> Reference("Country", normalize="country")
        col('Country')

    .. versionadded:: 0.1.0
    """

    column: str
    normalize: str | None = None

    def __repr__(self) -> str:
        return f"col({self.column!r})"


def country_reference(country: str | Column | Reference | None) -> str | Reference | None:
    """Turn what a caller gives as ``country=`` into an ISO code or a reference to a column.

    Raises:
        SchemaError: If a literal is neither a code nor a name of a country.
    """
    from crmkit.normalize import countries

    if isinstance(country, Column):
        return Reference(country.name, "country")
    if country is None or isinstance(country, Reference):
        return country
    given: object = country  # what callers without a type checker pass
    if not isinstance(given, str):
        raise SchemaError(
            "a country is its ISO 3166-1 code, such as 'CN', or its name, or col('country'), "
            f"not {type(given).__name__}"
        )
    code = countries.normalize(country)
    if code is None:
        raise SchemaError(f"no country {country!r}; give an ISO 3166-1 code such as 'CN', or col('country')")
    return code
