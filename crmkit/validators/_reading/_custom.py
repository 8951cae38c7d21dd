"""How a column writes what can be read in two ways: the order of its dates, the decimal sign of its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from crmkit.normalize.dates import DateOrder
    from crmkit.normalize.numbers import DecimalEvidence, DecimalSign

__all__ = ["Custom"]


@attrs.frozen
class Custom:
    """What a column's checks were told, or have found out, of how it is written.

    Attributes:
        order: The order of day, month and year; ``None`` where nothing tells.
        decimal: The decimal sign; ``None`` where each text tells its own.
        is_contradicted: Whether some numbers show the one sign and some the other, and too few agree: one that can be
            read with either is then no number, as for the check of the column.
    """

    order: DateOrder | None = None
    decimal: DecimalSign | None = None
    is_contradicted: bool = False

    @classmethod
    def of_numbers(cls, texts: Sequence[str]) -> Custom:
        """Find out how numbers are written that no check has looked at.

        Example:
            >>> Custom.of_numbers(["1.234", "0,50"]).decimal
            ','
        """
        from crmkit.normalize import numbers

        odd = [text for text in texts if "," in text or "." in text or not text.isascii()]
        return cls.shown_by(numbers.decimal_evidence(odd)) if odd else cls()

    @classmethod
    def shown_by(cls, evidence: DecimalEvidence) -> Custom:
        """Return what the numbers of a column show."""
        return cls(decimal=evidence.sign, is_contradicted=evidence.is_contradicted and evidence.sign is None)

    def amount(self, text: str) -> Decimal | None:
        """Return the number that a text says, ``None`` for none.

        Example:
            >>> Custom(decimal=",").amount("1.234"), Custom().amount("1.234"), Custom().amount("a dozen")
            (Decimal('1234'), Decimal('1.234'), None)
        """
        from crmkit.normalize import numbers

        if self.is_contradicted and numbers.is_ambiguous(text):
            return None
        found = numbers.parse(text, decimal=self.decimal)
        if found is None and self.decimal is not None:  # a text that leaves no doubt is read as it is
            found = numbers.parse(text)
        return None if found is None else found.amount
