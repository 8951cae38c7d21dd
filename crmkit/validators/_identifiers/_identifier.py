"""What all numbered identifiers share: separators off, length, form, check digits, and repairs that these prove."""

from __future__ import annotations

from abc import abstractmethod
from itertools import combinations
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

from crmkit._plain import digits, plain
from crmkit.normalize._placeholders import is_placeholder
from crmkit.validators._checks._check import Check
from crmkit.validators._checks._verdict import Finding, Verdict, failed, normal, stand_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit.validators._checks._references import Context

__all__ = ["Fault", "Identifier", "luhn", "mod97"]

Fault: TypeAlias = Literal["malformed", "checksum"]

_LONGEST = 64
_MOST_SWAPS = 2
_MOST_PLACES = 6
_PROVEN_BY_CHECK_DIGIT = 0.97
_SEPARATORS = str.maketrans("", "", " -./·•_:()")
_TO_DIGIT = {"O": "0", "Q": "0", "D": "0", "I": "1", "L": "1", "|": "1", "Z": "2", "S": "5", "B": "8", "G": "6"}
_TO_LETTER = {"0": "O", "1": "I", "2": "Z", "5": "S", "8": "B"}


class Identifier(Check):
    """An identifier with a form of its own and, mostly, check digits.

    A letter typed for a digit (O for 0) is put right only where the check digits hold for exactly one reading.

    .. versionadded:: 0.1.0
    """

    __slots__ = ()

    word: ClassVar[str]
    """Names the check in rules and codes: ``iban``."""

    proves: ClassVar[bool] = True
    """Whether check digits can prove a repair."""

    @property
    def slug(self) -> str:
        return self.word

    def compact(self, text: str) -> str:
        """Return the identifier without separators, half-width, in capitals."""
        return digits(plain(text[: 4 * _LONGEST])).upper().translate(_SEPARATORS)

    @abstractmethod
    def fault(self, compact: str) -> Fault | None:
        """Return what is wrong with the compact form; ``None``: nothing."""

    def form(self, compact: str) -> str:
        """Return the normal form of a right identifier."""
        return compact

    def sure(self, text: str) -> float:
        """Return how sure the normal form of a right identifier is."""
        del text
        return 1.0

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        compact = self.compact(text) if len(text) <= _LONGEST else ""
        fault = self.fault(compact) if compact else "malformed"
        if fault is None:
            form = self.form(compact)
            return normal(text, form, confidence=self.sure(text))
        if is_placeholder(text):
            return stand_in("warning")
        if self.proves and compact:
            readings = {candidate for candidate in _readings(compact) if self.fault(candidate) is None}
            if len(readings) == 1:
                fix = self.form(readings.pop())
                return (Finding(f"{self.word}_{fault}", fix=fix, confidence=_PROVEN_BY_CHECK_DIGIT),)
        return failed(f"{self.word}_{fault}")


def _readings(compact: str) -> Iterator[str]:
    """Yield the text with one or two look-alikes exchanged, and with every such letter, or all of one, made a digit."""
    places = [at for at, char in enumerate(compact) if char in _TO_DIGIT or char in _TO_LETTER]
    body = "".join(_TO_DIGIT.get(char, char) for char in compact[:-1])
    yield body + compact[-1]
    yield body + _TO_DIGIT.get(compact[-1], compact[-1])
    for letter in sorted({char for char in compact if char in _TO_DIGIT}):
        yield compact.replace(letter, _TO_DIGIT[letter])
    if len(places) > _MOST_PLACES:
        places = [at for at in places if compact[at] in _TO_DIGIT][:_MOST_PLACES]
    for n in range(1, _MOST_SWAPS + 1):
        for chosen in combinations(places, n):
            chars = list(compact)
            for at in chosen:
                chars[at] = _TO_DIGIT.get(chars[at]) or _TO_LETTER[chars[at]]
            yield "".join(chars)


def luhn(number: str) -> bool:
    """Say whether the last digit is the check digit of the others.

    Source:
        ISO/IEC 7812-1:2017, annex B.

    Example:
        >>> luhn("4111111111111111"), luhn("4111111111111112")
        (True, False)
    """
    total = 0
    for at, char in enumerate(reversed(number)):
        value = int(char) * (2 if at % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def mod97(text: str) -> int:
    """Return the remainder by 97 of the text with its letters written as numbers (A is 10).

    Source:
        ISO/IEC 7064:2003, MOD 97-10.
    """
    return int("".join(str(int(char, 36)) for char in text)) % 97
