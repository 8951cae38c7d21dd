"""Unified social credit codes of Chinese organizations: 统一社会信用代码."""

from __future__ import annotations

import re

import attrs

from ._identifier import Fault, Identifier

__all__ = ["USCC"]

_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_FORM = re.compile(r"[1-9ANY][0-9A-HJ-NPQRTUWXY][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}\Z").match
_WEIGHTS = tuple(3**at % 31 for at in range(17))


@attrs.frozen
class USCC(Identifier):
    """统一社会信用代码: 18 characters without I, O, S, V, Z; the last one checks the others.

    Example:
        >>> USCC().is_valid("91110000600037341L"), USCC().is_valid("91110000600037341M")
        (True, False)
        >>> USCC().examine("9111OOOO600037341L")[0].fix
        '91110000600037341L'

    Source:
        GB 32100-2015, section 4 and annex A.

    .. versionadded:: 0.1.0
    """

    json_pattern = "^[1-9ANY][0-9A-HJ-NPQRTUWXY][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$"

    word = "uscc"

    def fault(self, compact: str) -> Fault | None:
        if _FORM(compact) is None:
            return "malformed"
        total = sum(weight * _SIGNS.index(sign) for weight, sign in zip(_WEIGHTS, compact, strict=False))
        return None if _SIGNS[-total % 31] == compact[17] else "checksum"
