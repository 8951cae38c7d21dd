"""Which mask a column wears on the page: none for business fields, the strictest where nobody knows the field."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from crmkit.masking import Kind, mask

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Masks"]

_KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(("email", "email_2", "owner_email"), "email"),
    **dict.fromkeys(
        ("phone", "mobile", "phone_home", "phone_other", "phone_assistant", "fax"), "phone"
    ),
    **dict.fromkeys(
        (
            "full_name", "given_name", "middle_name", "family_name", "nickname", "phonetic_name", "owner_name", "name",
            "company_name", "legal_name", "trade_name", "street", "street_2", "other_street", "other_street_2",
            "created_by", "updated_by",
        ),
        "name",
    ),
    **dict.fromkeys(
        ("national_id", "tax_id", "vat_id", "registration_id", "duns", "lei", "id", "source_id", "account_id"), "id"
    ),
}  # fmt: skip
_WORDS = frozenset(
    {
        "account_type", "city", "country", "currency", "deal_type", "department", "district", "gender", "industry",
        "job_title", "language", "lead_source", "lifecycle_stage", "lost_reason", "other_city", "other_country",
        "other_region", "ownership", "pipeline", "prefix", "rating", "region", "stage", "status", "suffix", "time_zone",
        "type", "deleted",
    }
)  # fmt: skip
_MOMENTS = frozenset(
    {
        "close_date", "closed_at", "converted_at", "created_at", "due_at", "end_at", "last_activity_at", "start_at",
        "updated_at",
    }
)  # fmt: skip
_AMOUNTS = frozenset({"amount", "annual_revenue", "employee_count", "probability"})
_ADDRESSES = frozenset({"website", "domain"})
# A column of a file that needs cleaning holds what belongs elsewhere: the e-mail in the job title, the phone in the
# country. So a field that is not personal shows a value only if it has the shape of the field.
_WORD_SHAPE = re.compile(r"[^\W\d_]+(?:[ .,'’/&()（）·-]{1,3}[^\W\d_]+){0,5}[.)）]?")
_MOMENT_SHAPE = re.compile(
    r"(?:\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2}))"
    r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?: ?[AaPp]\.?[Mm]\.?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
)
_AMOUNT_SHAPE = re.compile(r"[-+(]?(?:[^\W\d_]{1,3}|[¥$€£])? ?\d{1,9}(?:[.,]\d{1,3})*\)? ?(?:[^\W\d_]{1,3}|%)?")
_HOST_SHAPE = re.compile(r"(?:https?://)?(?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,24}/?", re.IGNORECASE)
_SHAPES = {
    **dict.fromkeys(_WORDS, _WORD_SHAPE),
    **dict.fromkeys(_MOMENTS, _MOMENT_SHAPE),
    **dict.fromkeys(_AMOUNTS, _AMOUNT_SHAPE),
    **dict.fromkeys(_ADDRESSES, _HOST_SHAPE),
}
_LONGEST = 48


class Masks:
    """Shows the cells of one table as the page may show them.

    Example:
        >>> masks = Masks({"Mail": "email", "Land": "country"}, reveal=False)
        >>> masks.show("Mail", "ana@example.com"), masks.show("Land", "DE"), masks.show("Notes", "Ana owes us")
        ('a***@example.com', 'DE', '***')
    """

    __slots__ = ("_fields", "_headers", "_reveal")

    def __init__(
        self, fields: Mapping[str, str], *, reveal: bool, headers: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._fields = fields
        self._reveal = reveal
        self._headers = headers

    def header(self, column: str) -> str:
        """Return a column's name as the page may show it: a first row that was no header holds a person."""
        return column if self._reveal else self._headers.get(column, column)

    def show(self, column: str | None, value: str | None) -> str | None:
        """Return the value as the page may show it; ``None`` stays ``None``."""
        if value is None:
            return None
        field = (self._fields.get(column) if column is not None else None) or ""
        shape = _SHAPES.get(field)
        has_shape = shape is not None and len(value) <= _LONGEST and shape.fullmatch(value.strip()) is not None
        shown = value if self._reveal or has_shape else mask(value, _KINDS.get(field, "full"))
        return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"
