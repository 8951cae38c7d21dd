"""Travel permits to mainland China: 港澳居民来往内地通行证 (回乡证) and 台湾居民来往大陆通行证 (台胞证)."""

from __future__ import annotations

import re

import attrs

from ._identifier import Fault, Identifier

__all__ = ["TravelPermit"]

_FORM = re.compile(r"(?:[HM](?:[0-9]{8}|[0-9]{10})|[0-9]{8}|[0-9]{10}[A-Z]?)\Z").match


@attrs.frozen
class TravelPermit(Identifier):
    """The number of a permit with which people of Hong Kong (H), Macau (M) and Taiwan (digits only) travel.

    These numbers carry no check digit.

    Example:
        >>> [TravelPermit().is_valid(text) for text in ("H12345678", "12345678", "X12345678")]
        [True, True, False]

    Source:
        National Immigration Administration of China, permits of the 2013 and 2015 editions.

    .. versionadded:: 0.1.0
    """

    word = "travel_permit"
    proves = False

    def fault(self, compact: str) -> Fault | None:
        return None if _FORM(compact) is not None else "malformed"
