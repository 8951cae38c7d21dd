"""Identity cards and resident certificates of Taiwan: 國民身分證, 居留證."""

from __future__ import annotations

import re

import attrs

from ._identifier import Fault, Identifier

__all__ = ["TaiwanId"]

_FORM = re.compile(r"[A-Z][1289A-D][0-9]{8}\Z").match
_LETTERS = "ABCDEFGHJKLMNPQRSTUVXYWZIO"  # in the order of their values from 10


@attrs.frozen
class TaiwanId(Identifier):
    """The number of a Taiwan identity card, or of a resident certificate of a foreigner in its new or old form.

    Example:
        >>> TaiwanId().is_valid("A123456789"), TaiwanId().is_valid("A123456788"), TaiwanId().is_valid("A800000014")
        (True, False, True)

    Source:
        National Immigration Agency, new form of the UI number (2021-01-02); weights 1, 9 to 1, 1 modulo 10.

    .. versionadded:: 0.1.0
    """

    word = "taiwan_id"

    def fault(self, compact: str) -> Fault | None:
        if _FORM(compact) is None:
            return "malformed"
        first = 10 + _LETTERS.index(compact[0])
        second = compact[1] if compact[1].isdecimal() else str(_LETTERS.index(compact[1]) % 10)
        figures = [first // 10, first % 10, int(second), *map(int, compact[2:])]
        weights = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)
        total = sum(weight * figure for weight, figure in zip(weights, figures, strict=True))
        return None if total % 10 == 0 else "checksum"
