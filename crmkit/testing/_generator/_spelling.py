"""How companies and addresses are written: names, domains, postcodes and street lines from codes."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from ._people import WORLDS
from ._worlds import world

if TYPE_CHECKING:
    from ._people import Codes
    from ._worlds import World

__all__ = ["company_name", "domain", "other_company_name", "postcode", "short_company_name", "street_line"]

_LETTERS = "ABEGHJLNPRSTWXYZ"  # of codes in Canada and Britain both
_DOMAIN_ENDS = (".example", ".example.com", ".example.net", ".example.org")


def domain(companies: Codes, company: int) -> str:
    """Return the e-mail domain of a company."""
    here = world(WORLDS[companies["world"][company]])
    founder = int(companies["founder"][company])
    first = here.family_latin[founder] if founder >= 0 else here.brand_first[companies["first"][company]][1]
    second = "" if founder >= 0 else here.brand_second[companies["second"][company]][1]
    serial = int(companies["serial"][company])
    trade = here.trades[companies["trade"][company]][1]
    return f"{first}{second}-{trade}{serial + 1 if serial else ''}{_DOMAIN_ENDS[company % 4]}"


def company_name(companies: Codes, company: int) -> str:
    """Return the full name of a company, legal form included."""
    here = world(WORLDS[companies["world"][company]])
    founder = int(companies["founder"][company])
    first = here.brand_first[companies["first"][company]][0]
    second = here.brand_second[companies["second"][company]][0]
    trade, form = here.trades[companies["trade"][company]][0], here.forms[companies["form"][company]][0]
    if here.code == "zh":
        city = here.places[companies["place"][company]].name.removesuffix("市")
        return f"{city}{first}{second}{trade}{form}"
    core = here.family[founder] if founder >= 0 else first + second.lower() if company % 3 else f"{first} {second}"
    return f"{core} {trade} {form}"


def short_company_name(companies: Codes, company: int) -> str:
    """Return the name that people use: without legal form, in Chinese also without city."""
    here = world(WORLDS[companies["world"][company]])
    full = company_name(companies, company)
    short = full.removesuffix(here.forms[companies["form"][company]][0]).strip()
    if here.code == "zh":
        short = short.removeprefix(here.places[companies["place"][company]].name.removesuffix("市"))
    return short


def other_company_name(companies: Codes, company: int, name: str) -> str:
    """Return the name with its legal form written another way."""
    forms = world(WORLDS[companies["world"][company]]).forms[companies["form"][company]]
    return f"{name.removesuffix(forms[0])}{forms[company % len(forms)]}"


@cache
def postcode(pattern: str, number: int) -> str:
    """Fill a postcode pattern with the digits and letters that ``number`` chooses."""
    out = []
    for sign in pattern:
        if sign == "d":
            number, digit = divmod(number, 10)
            out.append(str(digit))
        elif sign == "L" and out and (out[-1].isdigit() or out[-1] in _LETTERS) and len(out) > 2:
            number, letter = divmod(number, len(_LETTERS))
            out.append(_LETTERS[letter])
        else:
            out.append(sign)
    return "".join(out)


def street_line(here: World, street: int, kind: int, house: int, unit: int, place: int, number: int) -> str:
    """Write the street line of an address; ``number`` chooses among the ways to write it."""
    name, forms = here.streets[street], here.street_types[kind]
    style = number % 100
    if here.code == "zh":
        districts = here.places[place].districts
        district = districts[(street * 7 + kind) % len(districts)] if style < 70 else ""
        room = f"{unit % 20 + 1}栋{unit * 37 % 18 + 1:d}0{unit % 4 + 1}室" if unit else ""
        return f"{district}{name}{forms[0]}{house}号{room}"
    form = forms[0] if style < 70 else forms[1 + number // 100 % (len(forms) - 1)] if len(forms) > 1 else forms[0]
    flat = ""
    if unit:
        written_unit = here.units[unit % len(here.units)]
        flat = f", {written_unit[0] if style % 4 else written_unit[-1]} {unit}"
    match here.code:
        case "de":
            joined = f"{name}{form}" if form[0].islower() else f"{name} {form}"
            return f"{joined} {house}{flat}"
        case "fr":
            return f"{house} {form} {name}{flat}"
        case "es" | "bg":
            return f"{form} {name} {house}{flat}" if style % 3 else f"{form} {name}, {house}{flat}"
        case _:
            return f"{house} {name} {form}{flat}"
