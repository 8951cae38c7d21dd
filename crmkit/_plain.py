"""Take off what a keyboard or a copy-and-paste put round a number, an address or a date.

Channel values (e-mail, phone, postcode, date, amount) are ASCII at heart.
Full-width digits and signs become their ASCII twins, blanks of every kind become a space, and characters that nobody
can see go. Letters and their case are left alone: that is for each kind of value to decide.
"""

from __future__ import annotations

import re
import unicodedata

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_BLANKS = dict.fromkeys([0x00A0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000, 0x0009], 0x20)
_INVISIBLE = dict.fromkeys(
    [0x00AD, 0x034F, 0x061C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065),
     *range(0x2066, 0x2070), 0xFEFF, *range(0xFE00, 0xFE10), *range(0x0E, 0x20), *range(0x09), 0x7F]
)  # fmt: skip
_FOREIGN_DIGIT = re.compile(r"[^\D0-9]")
_TABLE: dict[int, int | None] = {**_FULL_WIDTH, **_BLANKS, **_INVISIBLE}


def plain(raw: str) -> str:
    """Return ``raw`` half-width, without invisible characters, trimmed.

    Example:
        >>> plain(" ＋８６　１３８ ")
        '+86 138'
    """
    return raw.strip() if raw.isascii() and raw.isprintable() else raw.translate(_TABLE).strip()


def digits(raw: str) -> str:
    """Return ``raw`` with every decimal digit of any script as ASCII.

    Example:
        >>> digits("٠٥٠ १२")
        '050 12'
    """
    if raw.isascii() or _FOREIGN_DIGIT.search(raw) is None:
        return raw
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() and not char.isascii() else char for char in raw)
