"""Record ids in what a result shows of itself."""

from __future__ import annotations

import re

from crmkit.masking import mask

__all__ = ["shown_id"]

_PHONE = re.compile(r"\+[\d\s().-]{7,20}|1[3-9]\d{9}|\(?\d{3}\)?[\s.-]\d{3}[\s.-]\d{4}")


def shown_id(record_id: object) -> str:
    """Show a record's id; one that reaches somebody, an e-mail address or phone number, is masked."""
    shown = str(record_id)
    if "@" in shown:
        return mask(shown, "email")
    return mask(shown, "phone") if _PHONE.fullmatch(shown) else shown
