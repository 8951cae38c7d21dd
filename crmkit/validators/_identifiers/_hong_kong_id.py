"""Identity cards of Hong Kong: 香港身份證."""

from __future__ import annotations

import re

import attrs

from ._identifier import Fault, Identifier

__all__ = ["HongKongId"]

_FORM = re.compile(r"[A-Z]{1,2}[0-9]{6}[0-9A]\Z").match


@attrs.frozen
class HongKongId(Identifier):
    """The number of a Hong Kong identity card: one or two letters, six digits, a check character in brackets.

    Example:
        >>> [HongKongId().is_valid(text) for text in ("G123456(A)", "G123456(7)", "AB987654(3)")]
        [True, False, True]

    Source:
        Hong Kong Immigration Department, Registration of Persons Regulations (Cap. 177A); check character: weights 9 to
        1 modulo 11, a missing first letter counts as a blank (36).

    .. versionadded:: 0.1.0
    """

    word = "hong_kong_id"

    def fault(self, compact: str) -> Fault | None:
        if _FORM(compact) is None:
            return "malformed"
        padded = compact.rjust(9)
        values = [36 if sign == " " else int(sign, 36) for sign in padded[:8]]
        total = sum(weight * value for weight, value in zip(range(9, 1, -1), values, strict=True))
        return None if "0123456789A"[-total % 11] == padded[8] else "checksum"

    def form(self, compact: str) -> str:
        return f"{compact[:-1]}({compact[-1]})"
