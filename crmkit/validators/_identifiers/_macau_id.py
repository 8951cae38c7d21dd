"""Identity cards of Macau: 澳門居民身份證."""

from __future__ import annotations

import re

import attrs

from ._identifier import Fault, Identifier

__all__ = ["MacauId"]

_FORM = re.compile(r"[157][0-9]{7}\Z").match


@attrs.frozen
class MacauId(Identifier):
    """The number of a Macau resident identity card: eight digits, the first 1, 5 or 7, the last in brackets.

    How the check digit is made was never published, so only the form is judged.

    Example:
        >>> MacauId().examine("12345678")[0].fix, MacauId().is_valid("32345678")
        ('1234567(8)', False)

    Source:
        Macau Identification Services Bureau (DSI), resident identity card.

    .. versionadded:: 0.1.0
    """

    word = "macau_id"
    proves = False

    def fault(self, compact: str) -> Fault | None:
        return None if _FORM(compact) is not None else "malformed"

    def form(self, compact: str) -> str:
        return f"{compact[:-1]}({compact[-1]})"
