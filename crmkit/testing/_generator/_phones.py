"""Phone numbers with the shape of a country's numbers, and the ways people write them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ._worlds import world

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._draws import Draws
    from ._spoil import Rows

__all__ = ["CALLING_CODES", "COUNTRIES", "heads", "landlines", "mobiles", "written", "written_at_home"]

COUNTRIES = ("US", "GB", "CA", "AU", "DE", "FR", "ES", "CN", "BG")
CALLING_CODES = (1, 44, 1, 61, 49, 33, 34, 86, 359)

# Beginning of a mobile number and the digits that follow. Source: national numbering plans as in libphonenumber 9.
_MOBILE = {
    "GB": [(f"7{d}", 8) for d in "123"],
    "AU": [(f"4{d}", 7) for d in "012"],
    "DE": [(f"17{d}", 7) for d in "0123456789"],
    "FR": [(f"6{d}", 7) for d in "12678"],
    "ES": [(f"6{d}", 7) for d in "0123456"],
    "CN": [(f"1{head}", 8) for head in (30, 31, 32, 33, 35, 36, 37, 38, 39, 50, 51, 52, 58, 59, 77, 86, 87, 88, 89)],
    "BG": [(head, 7) for head in ("87", "88", "89")],
}

# Numbers that regulators set aside for films and books. Sources: NANPA 555 line numbers; Ofcom, "Telephone numbers for
# use in TV and radio drama"; ACMA, "Phone numbers for use in TV shows, films and creative works"; Bundesnetzagentur,
# Mitteilung 148/2021 ("Drama Numbers"); ARCEP decision 2018-0881, annex (numbers for audiovisual works). Left out are
# those that libphonenumber holds for invalid, as the British 07700 900ddd and the French 06 39 98 dd dd.
_FICTION = {
    "US": [], "CA": [],  # <area code> 555-01dd, filled from the places
    "GB": [("2079460", 3), ("1134960", 3), ("1144960", 3), ("1164960", 3),
           ("1174960", 3), ("1184960", 3), ("1214960", 3), ("1314960", 3), ("1414960", 3), ("1514960", 3),
           ("1614960", 3), ("2920180", 3)],
    "AU": [("25550", 4), ("35550", 4), ("75550", 4), ("85550", 4), ("27010", 4), ("37010", 4), ("77010", 4)],
    "DE": [("3023125", 3), ("6990009", 3), ("4066969", 3), ("2214710", 3), ("8999998", 3)],
    "FR": [("19900", 4), ("26191", 4), ("35301", 4), ("46571", 4), ("53649", 4)],
}  # fmt: skip


@cache
def heads(country: str, *, fiction: bool = False) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how a country's mobile numbers begin and how many digits follow each beginning."""
    table = list(_FICTION.get(country, ())) if fiction else list(_MOBILE.get(country, ()))
    if country in ("US", "CA"):
        areas = sorted({area for place in world("en").places if place.country == country for area in place.areas})
        table = (
            [(f"{area}55501", 2) for area in areas] if fiction else [(f"{a}{d}", 6) for a in areas for d in "2346789"]
        )
    if not table:
        return heads(country, fiction=False)
    return (
        np.array([int(head) for head, _ in table], dtype=np.int64),
        np.array([digits for _, digits in table], dtype=np.int64),
    )


@cache
def _landline_heads(code: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    heads = [_landline_head(place.country, place.areas[0]) for place in world(code).places]
    return np.array([int(head) for head, _ in heads]), np.array([digits for _, digits in heads])


def _landline_head(country: str, area: str) -> tuple[str, int]:
    match country:
        case "US" | "CA":
            return f"{area}4", 6
        case "GB":
            return {"20": ("207", 7), "29": ("29204", 5)}.get(area, (f"{area}49", 5))
        case "AU":
            return {"7": "73", "8": "89"}.get(area, f"{area}9"), 7
        case "DE":
            return f"{area}4", 6
        case "FR":
            return {"1": "14", "2": "24", "3": "38", "4": "47"}.get(area, "56"), 7
        case "ES":
            return f"{area}4"[:3], 6
        case "CN":
            return f"{area}{6 if len(area) == 2 else 8}", 6 if area == "592" else 7
        case _:
            return (f"{area}9", 6) if area == "2" else (f"{area}6", 5)


def _complete(draws: Draws, begin: NDArray[np.int64], digits: NDArray[np.int64]) -> NDArray[np.int64]:
    scale = 10**digits
    return begin * scale + draws.below(scale, len(begin))


def mobiles(draws: Draws, countries: NDArray[np.int64], *, fiction: bool) -> NDArray[np.int64]:
    """Draw a national number for each country position in :data:`COUNTRIES`."""
    out = np.zeros(len(countries), dtype=np.int64)
    for position, country in enumerate(COUNTRIES):
        rows = np.flatnonzero(countries == position)
        if len(rows):
            begin, digits = heads(country, fiction=fiction)
            which = draws.below(len(begin), len(rows))
            out[rows] = _complete(draws, begin[which], digits[which])
    return out


def landlines(draws: Draws, code: str, places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Draw a national number with the area code of each place of the world ``code``."""
    begin, digits = _landline_heads(code)
    return _complete(draws, begin[places], digits[places])


def written_at_home(rows: Rows) -> list[str]:
    """Write the number of each row, with the calling code where it is not a number of the row's country."""
    style = rows.number("phone") % 100
    style = np.where(rows.codes["phone_country"] == rows.codes["country"], style, style % 55)
    return list(map(written, rows.codes["phone_country"].tolist(), rows.codes["phone"].tolist(), style.tolist()))


def written(country: int, number: int, style: int) -> str:
    """Write a national number; ``style`` is any non-negative number.

    Example:
        >>> [written(0, 2125550123, style) for style in (0, 40, 60, 80, 90)]
        ['+12125550123', '+1 212 555 0123', '(212) 555-0123', '212.555.0123', '2125550123']
    """
    calling, text, style = CALLING_CODES[country], str(number), style % 100
    if style < 30:
        return f"+{calling}{text}"
    if calling == 1:
        area, exchange, line = text[:3], text[3:6], text[6:]
        if style < 55:
            return f"+1 {area} {exchange} {line}"
        if style < 75:
            return f"({area}) {exchange}-{line}"
        return (
            f"{area}.{exchange}.{line}"
            if style < 85
            else f"{area}{exchange}{line}"
            if style < 92
            else f"1-{area}-{exchange}-{line}"
        )
    if country == COUNTRIES.index("CN"):
        mobile = text[0] == "1" and len(text) == 11
        if style < 70:
            return text if mobile else f"0{text[:-8]}-{text[-8:]}"
        if style < 85:
            return f"{text[:3]} {text[3:7]} {text[7:]}" if mobile else f"(0{text[:-8]}){text[-8:]}"
        return f"+86 {text}" if style < 95 else f"0086{text}"
    cut = 3 if len(text) > 8 else 2
    groups = f"{text[:cut]} {text[cut:-4]} {text[-4:]}"
    if style < 55:
        return f"+{calling} {groups}"
    if calling == 34:
        return text if style < 80 else groups
    if style < 75:
        return f"0{groups}"
    abroad = "0011" if country == COUNTRIES.index("AU") else "00"
    return f"0{text}" if style < 85 else f"{abroad}{calling}{text}" if style < 95 else f"+{calling} (0){groups}"
