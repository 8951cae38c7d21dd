"""Legal entity identifiers."""

from __future__ import annotations

import re

import attrs

from ._identifier import Fault, Identifier, mod97

__all__ = ["LEI"]

_FORM = re.compile(r"[A-Z0-9]{18}[0-9]{2}\Z").match


@attrs.frozen
class LEI(Identifier):
    """A legal entity identifier: 20 characters with two check digits.

    Example:
        >>> LEI().is_valid("213800WSGIIZCXF1P572"), LEI().is_valid("213800WSGIIZCXF1P573")
        (True, False)

    Source:
        ISO 17442-1:2020.

    .. versionadded:: 0.1.0
    """

    json_pattern = "^[A-Z0-9]{18}[0-9]{2}$"

    word = "lei"

    def fault(self, compact: str) -> Fault | None:
        if _FORM(compact) is None:
            return "malformed"
        return None if mod97(compact) == 1 else "checksum"
