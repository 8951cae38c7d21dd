"""Check digits of the value added tax numbers of Europe, by the prefix of the country.

Source:
    European Commission, VIES, "VAT number construction rules", and the tax offices of the countries, as python-stdnum
    collected them; the tests hold every country against it.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from ._identifier import luhn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["CHECKS"]


def _weighted(weights: tuple[int, ...], number: str) -> int:
    return sum(weight * int(sign) for weight, sign in zip(weights, number, strict=False))


def _mod_11_10(number: str) -> bool:
    """ISO/IEC 7064, MOD 11,10."""
    product = 10
    for sign in number[:-1]:
        total = (int(sign) + product) % 10 or 10
        product = 2 * total % 11
    return (11 - product) % 10 == int(number[-1])


def _austria(number: str) -> bool:
    total = sum(sum(map(int, str(int(sign) * (1 + at % 2)))) for at, sign in enumerate(number[1:8]))
    return (10 - (total + 4) % 10) % 10 == int(number[8])


def _france(number: str) -> bool:
    if not number[:2].isdecimal():
        return True  # the newer keys with letters are not published
    return luhn(number[2:]) and int(number[2:] + "12") % 97 == int(number[:2])


def _britain(number: str) -> bool:
    if not number[0].isdecimal():
        return True
    rest = _weighted((8, 7, 6, 5, 4, 3, 2, 10, 1), number) % 97
    return rest == 0 or (number[:3] >= "100" and rest in (42, 55))


def _netherlands(number: str) -> bool:
    total = _weighted((9, 8, 7, 6, 5, 4, 3, 2), number) - int(number[8])
    of_companies = total % 11 == 0
    whole = "".join(str(int(sign, 36)) for sign in f"NL{number}")
    return of_companies or int(whole) % 97 == 1


def _poland(number: str) -> bool:
    return _weighted((6, 5, 7, 2, 3, 4, 5, 6, 7), number) % 11 == int(number[9])


def _portugal(number: str) -> bool:
    return (11 - _weighted((9, 8, 7, 6, 5, 4, 3, 2), number) % 11) % 11 % 10 == int(number[8])


def _slovenia(number: str) -> bool:
    check = 11 - _weighted((8, 7, 6, 5, 4, 3, 2), number) % 11
    return check != 11 and check % 10 == int(number[7])


def _switzerland(number: str) -> bool:
    check = (11 - _weighted((5, 4, 3, 2, 7, 6, 5, 4), number) % 11) % 11
    return check == int(number[8])


def _norway(number: str) -> bool:
    return _weighted((3, 2, 7, 6, 5, 4, 3, 2, 1), number) % 11 == 0


def _bulgaria(number: str) -> bool:
    """Nine digits: a firm. Ten: a citizen (birth date in front), a foreigner, or anybody else who pays the tax."""
    last = int(number[-1])
    if len(number) == 9:
        check = _weighted((1, 2, 3, 4, 5, 6, 7, 8), number) % 11
        return (_weighted((3, 4, 5, 6, 7, 8, 9, 10), number) % 11 if check == 10 else check) % 10 == last
    century, month = divmod(int(number[2:4]), 20)  # months from 21 on are of the 19th century, from 41 of the 21st
    year = {0: 1900, 1: 1800, 2: 2000}.get(century)
    citizen = year is not None and _is_day(year + int(number[:2]), month, int(number[4:6]))
    return (
        (citizen and _weighted((2, 4, 8, 5, 10, 9, 7, 3, 6), number) % 11 % 10 == last)
        or _weighted((21, 19, 17, 13, 11, 9, 7, 3, 1), number) % 10 == last
        or (11 - _weighted((4, 3, 2, 7, 6, 5, 4, 3, 2), number) % 11) % 11 == last
    )


def _cyprus(number: str) -> bool:
    at_odd_places = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21)
    total = sum(at_odd_places[int(sign)] for sign in number[:8:2]) + sum(map(int, number[1:8:2]))
    return number[:2] != "12" and number[8] == chr(ord("A") + total % 26)


def _czechia(number: str) -> bool:
    """Eight digits: a firm. Nine or ten: the birth number of a person; nine beginning with 6 are given to others."""
    weights = (8, 7, 6, 5, 4, 3, 2)
    if len(number) == 8:
        return number[0] != "9" and ((11 - _weighted(weights, number) % 11) % 11 or 1) % 10 == int(number[7])
    if len(number) == 9 and number[0] == "6":
        return (8 - (10 - _weighted(weights, number[1:]) % 11) % 11) % 10 == int(number[8])
    return _birth_number(number)


def _birth_number(number: str) -> bool:
    """Of Czechs and Slovaks: the month has 50 added for women, 20 where numbers ran out; a tenth digit since 1954."""
    year, month, day = 1900 + int(number[:2]), int(number[2:4]) % 50 % 20, int(number[4:6])
    if len(number) == 9:
        year -= 100 if year >= 1980 else 0
        return year < 1954 and _is_day(year, month, day)
    year += 100 if year < 1954 else 0
    return _is_day(year, month, day) and int(number[:9]) % 11 % 10 == int(number[9])


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _spain(number: str) -> bool:
    """Persons have a letter that depends on the remainder by 23; firms a digit by Luhn, or the letter for it."""
    first, last = number[0], number[8]
    if first in "KLM":
        return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number[1:8]) % 23] == last
    if first.isdecimal() or first in "XYZ":
        return "TRWAGMYFPDXBNJZSQVHLCKE"[int(first.translate(_FOREIGNERS) + number[1:8]) % 23] == last
    if first not in "ABCDEFGHJNPQRSUVW":
        return False
    check = next(digit for digit in range(10) if luhn(f"{number[1:8]}{digit}"))
    return last in (str(check), "JABCDEFGHI"[check])


_FOREIGNERS = str.maketrans("XYZ", "012")


def _ireland(number: str) -> bool:
    """Seven digits, a check letter and perhaps one more letter, which counts, too; or the older form with a sign."""
    letters = "WABCDEFGHIJKLMNOPQRSTUV"
    figures, more = number[:7], number[8:]
    if not figures.isdecimal():
        figures, more = f"0{number[2:7]}{number[0]}", ""
    total = _weighted((8, 7, 6, 5, 4, 3, 2), figures) + 9 * (letters.index(more) if more else 0)
    return letters[total % 23] == number[7]


def _lithuania(number: str) -> bool:
    """Nine digits: a firm; twelve: others. The last but one says that it is a number of this tax."""
    if number[-2] != "1":
        return False
    for start in (0, 2):
        rest = sum((1 + (at + start) % 9) * int(sign) for at, sign in enumerate(number[:-1])) % 11
        if rest != 10:
            break
    return rest % 10 == int(number[-1])


def _latvia(number: str) -> bool:
    """A first digit above 3: a firm; else a person, by day of birth or, beginning with 32, without it."""
    if number[0] > "3":
        return _weighted((9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1), number) % 11 == 3
    born = _is_day(1800 + 100 * int(number[6]) + int(number[4:6]), int(number[2:4]), int(number[:2]))
    right = (1 + _weighted((10, 5, 8, 4, 2, 1, 6, 3, 7, 9), number)) % 11 % 10 == int(number[10])
    return right and (born or number.startswith("32"))


def _malta(number: str) -> bool:
    return number[0] != "0" and _weighted((3, 4, 6, 7, 8, 9, 10, 1), number) % 37 == 0


def _romania(number: str) -> bool:
    body = number[:-1].zfill(9)
    return number[0] != "0" and 10 * _weighted((7, 5, 3, 2, 1, 7, 5, 3, 2), body) % 11 % 10 == int(number[-1])


def _slovakia(number: str) -> bool:
    of_the_tax = number[0] != "0" and number[2] in "234789" and int(number) % 11 == 0
    return of_the_tax or _birth_number(number)


CHECKS: Final[Mapping[str, Callable[[str], bool]]] = {
    "AT": _austria,
    "BE": lambda number: (97 - int(number[:8]) % 97) == int(number[8:]),
    "DE": lambda number: number[0] != "0" and _mod_11_10(number),
    "DK": lambda number: number[0] != "0" and _weighted((2, 7, 6, 5, 4, 3, 2, 1), number) % 11 == 0,
    "EE": lambda number: _weighted((3, 7, 1, 3, 7, 1, 3, 7, 1), number) % 10 == 0,
    "EL": lambda number: _weighted((256, 128, 64, 32, 16, 8, 4, 2), number) % 11 % 10 == int(number[8]),
    "FI": lambda number: _weighted((7, 9, 10, 5, 8, 4, 2, 1), number) % 11 == 0,
    "FR": _france,
    "GB": _britain,
    "HR": _mod_11_10,
    "HU": lambda number: _weighted((9, 7, 3, 1, 9, 7, 3, 1), number) % 10 == 0,
    "IT": luhn,
    "LU": lambda number: int(number[:6]) % 89 == int(number[6:]),
    "NL": _netherlands,
    "PL": _poland,
    "PT": lambda number: number[0] != "0" and _portugal(number),
    "SE": lambda number: luhn(number[:10]),
    "SI": _slovenia,
    "CHE": _switzerland,
    "NO": _norway,
    "BG": _bulgaria,
    "CY": _cyprus,
    "CZ": _czechia,
    "ES": _spain,
    "IE": _ireland,
    "LT": _lithuania,
    "LV": _latvia,
    "MT": _malta,
    "RO": _romania,
    "SK": _slovakia,
    "XI": _britain,
}
