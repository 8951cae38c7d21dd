"""From codes to text: the columns of a range of rows.

Every choice made here is hashed from the seed, the column and the row, so the text of a row does not depend on which
rows are rendered with it, and a file can be written piece by piece.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ._draws import hashed
from ._duplicates import CAUSES
from ._edits import typo
from ._people import WORLDS
from ._phones import written
from ._worlds import world

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ._people import Codes
    from ._worlds import World

__all__ = ["CONTACT_COLUMNS", "company_name", "domain", "render_contacts", "street_line"]

CONTACT_COLUMNS = (
    "id", "given_name", "family_name", "email", "phone", "birth_date", "company_name", "job_title", "street", "city",
    "region", "postal_code", "country", "owner_name", "created_at", "updated_at",
)  # fmt: skip

_ROLES = ("info", "sales", "office", "contact")
_WORDS = ("sunny", "tiger", "moon", "rocky", "lucky", "star", "happy", "blue", "ace", "ninja", "green", "dj")
_OWNERS = ("Ada Rep", "Ben Rep", "Cleo Rep", "Dov Rep", "Eva Rep", "Finn Rep", "Gus Rep", "Hana Rep")
_BIT = {cause: 1 << position for position, cause in enumerate(CAUSES)}
_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
_DOMAIN_ENDS = (".example", ".example.com", ".example.net", ".example.org")


class Rows:
    """One range of rows with its hashed numbers."""

    def __init__(
        self, codes: Codes, bits: NDArray[np.int64], companies: Codes, seed: int, start: int, stop: int
    ) -> None:
        self.codes = {field: values[start:stop] for field, values in codes.items()}
        self.bits = bits[start:stop]
        self.companies = companies
        self.index = np.arange(start, stop)
        self.seed = seed

    def number(self, label: str) -> NDArray[np.int64]:
        return hashed(self.seed, label, self.index)

    def has(self, cause: str) -> NDArray[np.bool_]:
        return (self.bits & _BIT[cause]) > 0


def render_contacts(rows: Rows, missing: dict[str, float]) -> dict[str, list[str | None]]:
    """Write the contact columns of a range of rows; ``missing`` is the share left out by column."""
    n = len(rows.index)
    columns: dict[str, NDArray[np.object_]] = {name: np.empty(n, dtype=object) for name in CONTACT_COLUMNS}
    for number, code in enumerate(WORLDS):
        at = np.flatnonzero(rows.codes["world"] == number)
        if len(at):
            here = world(code)
            columns["given_name"][at], columns["family_name"][at] = _names(rows, here, at)
            columns["email"][at] = _emails(rows, here, at)
            columns["street"][at] = _streets(rows, here, at)
            columns["job_title"][at] = _take(here.jobs, rows.codes["job"][at])
            place = rows.codes["place"][at]
            for column, attribute in (("city", "name"), ("region", "region"), ("country", "country")):
                columns[column][at] = _take([getattr(item, attribute) for item in here.places], place)
            columns["postal_code"][at] = _postcodes(rows, here, at)
    columns["phone"][:] = list(
        map(
            written,
            rows.codes["phone_country"].tolist(),
            rows.codes["phone"].tolist(),
            rows.number("phone").tolist(),
        )
    )
    columns["birth_date"][:] = _births(rows)
    columns["company_name"][:] = _companies(rows)
    columns["id"][:] = [f"C{number:07d}" for number in (rows.index + 1).tolist()]
    columns["owner_name"][:] = _take(_OWNERS, rows.number("owner") % len(_OWNERS))
    created = rows.number("created") % (365 * 6 * 24)
    updated = created + rows.number("updated") % np.maximum(365 * 6 * 24 - created, 1)
    columns["created_at"][:], columns["updated_at"][:] = _moments(created), _moments(updated)
    _spoil(rows, columns)
    for column, share in missing.items():
        columns[column][rows.number("missing " + column) < round(share * 2**62)] = None
    return {name: values.tolist() for name, values in columns.items()}


def _take(table: Sequence[str], positions: NDArray[np.int64]) -> list[str]:
    return [table[position] for position in positions.tolist()]


def _names(rows: Rows, here: World, at: NDArray[np.int64]) -> tuple[list[str], list[str]]:
    given = _take(here.given, rows.codes["given"][at])
    family = _take(here.family, rows.codes["family"][at])
    if here.code == "bg":
        family = [
            name + "а" if woman else name for name, woman in zip(family, rows.codes["woman"][at].tolist(), strict=True)
        ]
    number = rows.number("nickname")[at].tolist()
    for position in np.flatnonzero(rows.has("nickname")[at]).tolist():
        short = here.nicknames[given[position]]
        given[position] = short[number[position] % len(short)]
    for position in np.flatnonzero(rows.has("romanized")[at]).tolist():
        given[position] = here.given_latin[rows.codes["given"][at[position]]].capitalize()
        family[position] = here.family_latin[rows.codes["family"][at[position]]].capitalize()
    for position in np.flatnonzero(rows.has("initial")[at] & ~rows.has("romanized")[at]).tolist():
        given[position] = given[position][0] + "." * (number[position] % 2)
    for position in np.flatnonzero(rows.has("swap")[at]).tolist():
        given[position], family[position] = family[position], given[position]
    return given, family


def _emails(rows: Rows, here: World, at: NDArray[np.int64]) -> list[str]:
    codes = rows.codes
    domains = _domains(rows, here, at)
    mail_given = _take(here.given_latin, codes["given"][at])
    mail_family = _take(here.family_latin, codes["mail_family"][at])
    if here.code == "bg":
        mail_family = [
            name + "a" if woman else name for name, woman in zip(mail_family, codes["woman"][at].tolist(), strict=True)
        ]
    year = (codes["birth"][at] // 365 + 35) % 100
    return [
        f"{_local(pattern, given, family, born, handle)}{serial + 1 if serial else ''}@{site}"
        for pattern, given, family, born, handle, serial, site in zip(
            codes["pattern"][at].tolist(), mail_given, mail_family, year.tolist(), codes["handle"][at].tolist(),
            codes["serial"][at].tolist(), domains, strict=True,
        )
    ]  # fmt: skip


def _local(pattern: int, given: str, family: str, year: int, handle: int) -> str:
    match pattern:
        case 0:
            return f"{given}.{family}"
        case 1:
            return f"{given[:1]}{family}"
        case 2:
            return f"{given}{family}"
        case 3:
            return f"{given}_{family}"
        case 4:
            return f"{given}.{family}{year:02d}"
        case 5:
            return f"{family}.{given}"
        case 6:
            return f"{given}{handle}"
        case 7:
            return f"{_WORDS[handle % len(_WORDS)]}{handle}"
        case 8:
            return f"{handle * 76_543 + 100_000_007}"
        case _:
            return _ROLES[pattern - 20]


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


def _domains(rows: Rows, here: World, at: NDArray[np.int64]) -> list[str]:
    firms, where = np.unique(np.maximum(rows.codes["mail_at"][at], 0), return_inverse=True)
    sites = [domain(rows.companies, firm) for firm in firms.tolist()]
    free = [here.freemail[-1 - k] for k in range(-len(here.freemail), 0)]
    return [
        sites[position] if kind >= 0 else free[-1 - kind]
        for kind, position in zip(rows.codes["mail_at"][at].tolist(), where.tolist(), strict=True)
    ]


def _companies(rows: Rows) -> list[str]:
    firms, where = np.unique(rows.codes["company"], return_inverse=True)
    names = [company_name(rows.companies, firm) for firm in firms.tolist()]
    short = [short_company_name(rows.companies, firm) for firm in firms.tolist()]
    other = [_other_form(rows.companies, firm, name) for firm, name in zip(firms.tolist(), names, strict=True)]
    style = rows.number("company") % 100
    style = np.where(rows.has("short_company"), 70, style)
    return [
        names[position] if kind < 65 else short[position] if kind < 85 else other[position]
        for kind, position in zip(style.tolist(), where.tolist(), strict=True)
    ]


def _other_form(companies: Codes, company: int, name: str) -> str:
    forms = world(WORLDS[companies["world"][company]]).forms[companies["form"][company]]
    return f"{name.removesuffix(forms[0])}{forms[company % len(forms)]}"


def _postcodes(rows: Rows, here: World, at: NDArray[np.int64]) -> list[str]:
    # a street has one postcode
    mixed = (
        rows.codes["place"][at] * 7_919 + rows.codes["street"][at] * 104_729 + rows.codes["street_type"][at] * 1_299_709
    )
    patterns = [place.postcode for place in here.places]
    return [
        _postcode(patterns[place], number)
        for place, number in zip(rows.codes["place"][at].tolist(), mixed.tolist(), strict=True)
    ]


@cache
def _postcode(pattern: str, number: int) -> str:
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


def _streets(rows: Rows, here: World, at: NDArray[np.int64]) -> list[str]:
    codes = rows.codes
    return [
        street_line(here, street, kind, house, unit, place, number)
        for street, kind, house, unit, place, number in zip(
            codes["street"][at].tolist(), codes["street_type"][at].tolist(), codes["house"][at].tolist(),
            codes["unit"][at].tolist(), codes["place"][at].tolist(), rows.number("street")[at].tolist(), strict=True,
        )
    ]  # fmt: skip


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


@cache
def _days(shape: int) -> list[str]:
    days = np.datetime64("1935-01-01") + np.arange(25_600)
    texts = np.datetime_as_string(days).tolist()
    if shape == 1:
        return [f"{text[8:]}.{text[5:7]}.{text[:4]}" for text in texts]
    if shape == 2:
        return [f"{text[5:7]}/{text[8:]}/{text[:4]}" for text in texts]
    if shape == 3:
        return [f"{text[8:]}/{text[5:7]}/{text[:4]}" for text in texts]
    if shape == 4:
        return [f"{text[:4]}年{int(text[5:7])}月{int(text[8:])}日" for text in texts]
    return [str(text) for text in texts]


def _births(rows: Rows) -> list[str]:
    iso = _days(0)
    out = _take(iso, rows.codes["birth"])
    number = rows.number("birth").tolist()
    for position in np.flatnonzero(rows.has("birth_swap")).tolist():
        year, month, day = out[position].split("-")
        if int(day) <= 12:
            out[position] = f"{year}-{day}-{month}"
        else:
            out[position] = f"{year}-{month}-{28 - int(day) % 10:02d}"
    for position in np.flatnonzero(rows.has("birth_typo")).tolist():
        out[position] = _wrong_date(out[position], number[position])
    return out


def _wrong_date(text: str, number: int) -> str:
    year, month, day = map(int, text.split("-"))
    number, part = divmod(number, 4)
    if part == 0:
        year += (-10, -1, 1, 10)[number % 4]
    elif part == 1:
        month = (month + number % 11) % 12 + 1
        day = min(day, 28)
    else:
        day = (day + number % 27) % 28 + 1
    return f"{year:04d}-{month:02d}-{day:02d}" if (month, day) != (2, 29) else f"{year:04d}-02-28"


@cache
def _hours() -> list[str]:
    hours = np.datetime64("2020-11-01T00", "h") + np.arange(365 * 6 * 24 + 1)
    return [f"{text}:00:00Z" for text in np.datetime_as_string(hours).tolist()]


def _moments(hours: NDArray[np.int64]) -> list[str]:
    return _take(_hours(), hours)


def _spoil(rows: Rows, columns: dict[str, NDArray[np.object_]]) -> None:
    """Apply what changes a text whatever it says: typing errors, letter case, stray blanks."""
    for cause, column in (
        ("given_typo", "given_name"), ("family_typo", "family_name"), ("street_typo", "street"),
        ("company_typo", "company_name"),
    ):  # fmt: skip
        _edit(rows, columns, cause, column, typo)
    _edit(rows, columns, "email_typo", "email", _email_typo)
    _edit(rows, columns, "phone_typo", "phone", _digit_typo)
    for column in ("given_name", "family_name", "street", "company_name", "city", "email"):
        _edit(rows, columns, "case", column, _case)
    for column in ("given_name", "family_name", "company_name"):
        _edit(rows, columns, "whitespace", column, _blanks)


def _edit(
    rows: Rows, columns: dict[str, NDArray[np.object_]], cause: str, column: str, edit: Callable[[str, int], str]
) -> None:
    at = np.flatnonzero(rows.has(cause))
    if len(at):
        label = cause if cause == "case" else f"{cause} {column}"
        numbers = rows.number(label)[at].tolist()
        here = columns[column]
        chinese = rows.codes["world"][at] == WORLDS.index("zh")
        for position, number, han in zip(at.tolist(), numbers, chinese.tolist(), strict=True):
            here[position] = (
                _homophone(here[position], number) if han and edit is typo else edit(here[position], number)
            )


def _homophone(text: str, number: int) -> str:
    """Write a character that sounds alike, its traditional form, or leave it out."""
    here = world("zh")
    places = [
        (at, other)
        for at, sign in enumerate(text)
        for other in here.homophones.get(sign, "") + here.traditional.get(sign, "")
    ]
    if places:
        at, other = places[number % len(places)]
        return text[:at] + other + text[at + 1 :]
    return typo(text, number)


def _email_typo(text: str, number: int) -> str:
    local, _, site = text.partition("@")
    return f"{typo(local, number)}@{site}"


def _digit_typo(text: str, number: int) -> str:
    places = [at for at, sign in enumerate(text) if sign.isdigit()][-7:]
    number, which = divmod(number, len(places))
    at = places[which]
    return text[:at] + str((int(text[at]) + 1 + number % 9) % 10) + text[at + 1 :]


def _case(text: str, number: int) -> str:
    return text.upper() if number % 2 else text.lower()


def _blanks(text: str, number: int) -> str:
    return (f" {text}", f"{text} ", f"{text}\u00a0", text.replace(" ", "  ") + " ")[number % 4]
