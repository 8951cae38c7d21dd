"""What two texts must be to have an order: both numbers, or both moments."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ._custom import Custom

__all__ = ["comparable"]

_NUMBER = re.compile(r"[+-]?\d{1,300}(?:\.\d{1,300})?\Z", re.ASCII)


def comparable(text: str, custom: Custom | None = None) -> tuple[Literal["number", "moment"], float] | None:
    """Return what kind of quantity the text is and a figure that orders it, or ``None`` for neither.

    Moments count in seconds; a day without a time is its first second.

    Example:
        >>> comparable("12.5"), comparable("2024-03-05")[0], comparable("soon")
        (('number', 12.5), 'moment', None)
    """
    from ._custom import Custom
    from ._moments import parse_moment

    custom = custom or Custom()
    stripped = text.strip()
    plain = "." not in stripped or (custom.decimal != "," and not custom.is_contradicted)
    if plain and _NUMBER.match(stripped) and not (len(stripped) == 13 and stripped.isdecimal()):
        return "number", float(Decimal(stripped))
    moment = parse_moment(stripped, order=custom.order)
    if moment is not None:
        day, second = moment.utc
        return "moment", day * 86_400 + (second or 0.0)
    amount = custom.amount(stripped)
    return None if amount is None else ("number", float(amount))
