"""D-U-N-S numbers of companies."""

from __future__ import annotations

import re

import attrs

from ._identifier import Fault, Identifier

__all__ = ["DUNS"]

_FORM = re.compile(r"[0-9]{9}\Z").match


@attrs.frozen
class DUNS(Identifier):
    """A D-U-N-S number: nine digits. Numbers given out since 2006 have no check digit, so only the form is judged.

    Example:
        >>> DUNS().examine("15-048-3782")[0].fix, DUNS().is_valid("1504837"), DUNS().is_valid("000000000")
        ('150483782', False, False)

    Source:
        Dun & Bradstreet, D-U-N-S Number documentation.

    .. versionadded:: 0.1.0
    """

    json_pattern = "^[0-9]{9}$"

    word = "duns"
    proves = False

    def fault(self, compact: str) -> Fault | None:
        return None if _FORM(compact) is not None and len(set(compact)) > 1 else "malformed"
