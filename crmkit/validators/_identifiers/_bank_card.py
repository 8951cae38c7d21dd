"""Bank card numbers."""

from __future__ import annotations

import re

import attrs

from ._identifier import Fault, Identifier, luhn

__all__ = ["BankCard"]

_FORM = re.compile(r"[1-9][0-9]{11,18}\Z").match


@attrs.frozen
class BankCard(Identifier):
    """The number of a payment card: 12 to 19 digits, the last of which checks the others.

    Example:
        >>> BankCard().is_valid("6222 0212 3456 7890 123"), BankCard().examine("4111-1111-1111-1111")[0].fix
        (False, '4111111111111111')

    Note:
        A file of customers is no place for card numbers; :func:`crmkit.quality.find_personal_data` finds them.

    Source:
        ISO/IEC 7812-1:2017.

    .. versionadded:: 0.1.0
    """

    word = "bank_card"

    def fault(self, compact: str) -> Fault | None:
        if _FORM(compact) is None or len(set(compact)) == 1:
            return "malformed"
        return None if luhn(compact) else "checksum"
