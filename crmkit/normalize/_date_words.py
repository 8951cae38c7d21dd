"""Month names and Chinese numerals, for reading dates.

Source of the names: Unicode CLDR, wide and abbreviated forms in English, German, French, Spanish, Italian, Portuguese
and Dutch. A short form that means two months in two of them (``mar``, the same month everywhere) would be left out.
"""

from __future__ import annotations

from typing import Final

_NAMES = """
january jan januar januari janvier janv enero ene gennaio gen janeiro jänner
february feb februar februari février févr fevrier febrero febbraio fevereiro fev
march mar märz mär mrz maart mrt mars marzo março marco maerz
april apr avril avr abril abr aprile
may mai mei mayo maggio mag maio
june jun juni juin junio giugno giu junho
july jul juli juillet juil julio luglio lug julho
august aug août aout agosto ago augustus
september sep sept septembre septiembre settembre set setembro
october oct oktober okt octobre octubre ottobre ott outubro out
november nov novembre noviembre novembro
december dec dezember dez décembre déc decembre diciembre dic dicembre dezembro
"""

MONTHS: Final[dict[str, int]] = {
    name: number for number, line in enumerate(_NAMES.strip().splitlines(), start=1) for name in line.split()
}
"""Case-folded month names and their numbers."""

_NUMERALS = {char: number for number, char in enumerate("〇一二三四五六七八九")} | {"零": 0}


def chinese_number(text: str) -> int | None:
    """Read digits, Chinese digits (``二〇二四``) or a Chinese number below a hundred (``二十一``).

    Example:
        >>> chinese_number("二〇二四"), chinese_number("十二"), chinese_number("三十一"), chinese_number("05")
        (2024, 12, 31, 5)
    """
    if text.isdecimal():
        return int(text)
    if "十" in text:
        tens, _, ones = text.partition("十")
        if len(tens) > 1 or len(ones) > 1 or not all(char in _NUMERALS for char in tens + ones):
            return None
        return 10 * (_NUMERALS[tens] if tens else 1) + (_NUMERALS[ones] if ones else 0)
    if not all(char in _NUMERALS for char in text):
        return None
    return int("".join(str(_NUMERALS[char]) for char in text))
