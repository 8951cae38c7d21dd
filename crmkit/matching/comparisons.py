"""What a matcher can compare, one function for each kind of field.

Without arguments a comparison finds its columns by their canonical field names (through :mod:`crmkit.columns`); with
column names it reads these. ``group`` names what it shares a cause with: comparisons of one group count as one piece
of evidence.

Example:
    >>> from crmkit.matching import BlockingRule, Matcher, comparisons as c
    >>> Matcher(comparisons=[c.given_name(), c.family_name(), c.email("Mail")], blocking=[BlockingRule("email")]).kind
    'contact'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from ._kinds._channels import EMAIL, PHONE, WEB
from ._kinds._dates import DATE
from ._kinds._fields import Comparison, shorthand
from ._kinds._people import FAMILY_NAME, GENERATION, GIVEN_NAME
from ._kinds._places import CITY, POSTCODE, REGION, STREET
from ._kinds._values import COMPANY, EXACT, IDENTIFIER, NUMBER, ORGANIZATION, TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._kinds._fields import Kind

__all__ = [
    "KINDS", "city", "company", "date", "domain", "email", "exact", "family_name", "generation", "given_name",
    "identifier", "number",
    "organization", "phone", "postcode", "region", "street", "text", "web",
]  # fmt: skip

SharedBy: TypeAlias = Literal["household", "employer"] | None

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        GIVEN_NAME, FAMILY_NAME, GENERATION, DATE, EMAIL, PHONE, WEB, STREET, CITY, POSTCODE, REGION, COMPANY,
        ORGANIZATION,
        IDENTIFIER, EXACT, TEXT, NUMBER,
    )
}  # fmt: skip
"""Every kind by name."""


def _comparison(
    kind: str,
    columns: tuple[str, ...],
    fields: tuple[str, ...],
    name: str | None,
    group: str | None,
    *,
    nested: bool = False,
    wide: str | None = None,
    shared_by: SharedBy = None,
) -> Comparison:
    own = name or (columns[0] if columns else kind)
    return Comparison(
        name=own,
        kind=kind,
        fields=() if columns else fields,
        columns=columns,
        group=group or own,
        nested=nested,
        wide=wide,
        shared_by=shared_by,
    )


@shorthand
def given_name(*columns: str, name: str | None = None) -> Comparison:
    """Compare given names: nicknames, initials, typos, given and family name swapped.

    .. versionadded:: 0.1.0
    """
    return _comparison("given_name", columns, ("given_name",), name or "given", None)


@shorthand
def family_name(*columns: str, name: str | None = None) -> Comparison:
    """Compare family names: typos, double names.

    .. versionadded:: 0.1.0
    """
    return _comparison("family_name", columns, ("family_name",), name or "family", None)


@shorthand
def generation(*columns: str, name: str | None = None) -> Comparison:
    """Compare what tells father and son apart (Jr., Sr., III): its own column, or the end of the family or full name.

    .. versionadded:: 0.1.0
    """
    return _comparison("generation", columns, ("suffix", "family_name", "full_name"), name or "generation", None)


@shorthand
def date(*columns: str, name: str | None = None, group: str | None = None) -> Comparison:
    """Compare dates; without columns the birth date.

    .. versionadded:: 0.1.0
    """
    return _comparison("date", columns, ("birth_date",), name or (None if columns else "birth_date"), group)


@shorthand
def email(*columns: str, name: str | None = None) -> Comparison:
    """Compare e-mail addresses: typos, the same local part at another domain.

    .. versionadded:: 0.1.0
    """
    return _comparison("email", columns, ("email", "email_2"), name or "email", None)


@shorthand
def phone(*columns: str, name: str | None = None) -> Comparison:
    """Compare phone numbers; of several columns the best agreement counts.

    .. versionadded:: 0.1.0
    """
    return _comparison("phone", columns, ("mobile", "phone", "phone_home", "phone_other"), name or "phone", None)


@shorthand
def web(*columns: str, name: str | None = None) -> Comparison:
    """Compare web addresses by host.

    .. versionadded:: 0.1.0
    """
    return _comparison("web", columns, ("website", "domain"), name or "web", None)


@shorthand
def street(*columns: str, name: str | None = None, group: str | None = "place") -> Comparison:
    """Compare streets with house numbers.

    .. versionadded:: 0.1.0
    """
    return _comparison("street", columns, ("street",), name or "street", group)


@shorthand
def city(
    *columns: str, name: str | None = None, group: str | None = "place", nested: bool = True, wide: str | None = "area"
) -> Comparison:
    """Compare cities.

    .. versionadded:: 0.1.0
    """
    return _comparison("city", columns, ("city",), name or "city", group, nested=nested, wide=wide)


@shorthand
def postcode(*columns: str, name: str | None = None, group: str | None = "place", nested: bool = True) -> Comparison:
    """Compare postcodes; a longer form of the same code is alike.

    .. versionadded:: 0.1.0
    """
    return _comparison("postcode", columns, ("postal_code",), name or "postcode", group, nested=nested)


@shorthand
def region(
    *columns: str, name: str | None = None, group: str | None = "place", nested: bool = True, wide: str | None = "area"
) -> Comparison:
    """Compare states and provinces.

    .. versionadded:: 0.1.0
    """
    return _comparison("region", columns, ("region",), name or "region", group, nested=nested, wide=wide)


@shorthand
def company(*columns: str, name: str | None = None, group: str | None = "employer", nested: bool = True) -> Comparison:
    """Compare the names of employers.

    .. versionadded:: 0.1.0
    """
    return _comparison("company", columns, ("company_name",), name or "company", group, nested=nested)


@shorthand
def domain(*, name: str | None = None, group: str | None = "employer", nested: bool = True) -> Comparison:
    """Compare the domains of e-mail addresses, unless it is free mail or the addresses are equal.

    .. versionadded:: 0.1.0
    """
    return _comparison("exact", (), ("email_domain",), name or "domain", group, nested=nested)


@shorthand
def organization(*columns: str, name: str | None = None) -> Comparison:
    """Compare the names of organizations as records of their own: legal forms, words moved or left out.

    .. versionadded:: 0.1.0
    """
    return _comparison("organization", columns, ("name", "company_name"), name or "name", None)


@shorthand
def identifier(*columns: str, name: str | None = None, group: str | None = None) -> Comparison:
    """Compare numbers that authorities or the caller give out; without columns the national id.

    .. versionadded:: 0.1.0
    """
    return _comparison("identifier", columns, ("national_id",), name or (None if columns else "national_id"), group)


@shorthand
def exact(column: str, *, name: str | None = None, group: str | None = None, shared_by: SharedBy = None) -> Comparison:
    """Compare folded texts that are equal or not.

    .. versionadded:: 0.1.0
    """
    return _comparison("exact", (column,), (), name, group, shared_by=shared_by)


@shorthand
def text(*columns: str, name: str | None = None, group: str | None = None, shared_by: SharedBy = None) -> Comparison:
    """Compare free texts by their words.

    .. versionadded:: 0.1.0
    """
    return _comparison("text", columns, (), name, group, shared_by=shared_by)


@shorthand
def number(column: str, *, name: str | None = None, group: str | None = None, shared_by: SharedBy = None) -> Comparison:
    """Compare numbers: equal, within 2 or 10 percent.

    .. versionadded:: 0.1.0
    """
    return _comparison("number", (column,), (), name, group, shared_by=shared_by)
