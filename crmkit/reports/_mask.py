"""Which mask a column wears on the page: none for business fields, the strictest where nobody knows the field."""

from __future__ import annotations

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
            "company_name", "legal_name", "trade_name", "street", "street_2", "created_by", "updated_by",
        ),
        "name",
    ),
    **dict.fromkeys(
        ("national_id", "tax_id", "vat_id", "registration_id", "duns", "lei", "id", "source_id", "account_id"), "id"
    ),
}  # fmt: skip
_PLAIN = frozenset(
    {
        "account_type", "amount", "annual_revenue", "city", "close_date", "closed_at", "country", "created_at",
        "currency", "deal_type", "department", "district", "employee_count", "gender", "industry", "job_title",
        "language", "last_activity_at", "lead_source", "lifecycle_stage", "lost_reason", "ownership", "pipeline",
        "prefix", "probability", "rating", "region", "stage", "status", "suffix", "tags", "time_zone", "type",
        "updated_at", "website", "domain", "deleted", "converted_at", "due_at", "start_at", "end_at",
    }
)  # fmt: skip
_LONGEST = 48


class Masks:
    """Shows the cells of one table as the page may show them.

    Example:
        >>> masks = Masks({"Mail": "email", "Land": "country"}, reveal=False)
        >>> masks.show("Mail", "ana@example.com"), masks.show("Land", "DE"), masks.show("Notes", "Ana owes us")
        ('a***@example.com', 'DE', '***')
    """

    __slots__ = ("_fields", "_reveal")

    def __init__(self, fields: Mapping[str, str], *, reveal: bool) -> None:
        self._fields = fields
        self._reveal = reveal

    def show(self, column: str | None, value: str | None) -> str | None:
        """Return the value as the page may show it; ``None`` stays ``None``."""
        if value is None:
            return None
        field = self._fields.get(column) if column is not None else None
        shown = value if self._reveal or field in _PLAIN else mask(value, _KINDS.get(field or "", "full"))
        return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"
