"""From codes to text: the columns of a range of rows.

Every choice made here is hashed from the seed, the column and the row, so the text of a row does not depend on which
rows are rendered with it, and a file can be written piece by piece.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ._people import WORLDS
from ._phones import written_at_home
from ._spelling import company_name, domain, other_company_name, postcode, short_company_name, street_line
from ._spoil import Rows, spoil
from ._worlds import world

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ._worlds import World

__all__ = ["CONTACT_COLUMNS", "moments", "owners", "render_contacts"]

CONTACT_COLUMNS = (
    "id", "given_name", "family_name", "email", "phone", "birth_date", "company_name", "job_title", "street", "city",
    "region", "postal_code", "country", "owner_name", "created_at", "updated_at",
)  # fmt: skip

_ROLES = ("info", "sales", "office", "contact")
_WORDS = ("sunny", "tiger", "moon", "rocky", "lucky", "star", "happy", "blue", "ace", "ninja", "green", "dj")
_OWNERS = ("Ada Rep", "Ben Rep", "Cleo Rep", "Dov Rep", "Eva Rep", "Finn Rep", "Gus Rep", "Hana Rep")


def render_contacts(rows: Rows, missing: dict[str, float], full_names: str | None = None) -> dict[str, list[Any]]:
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
    columns["phone"][:] = written_at_home(rows)
    columns["birth_date"][:] = _births(rows)
    columns["company_name"][:] = _companies(rows)
    columns["id"][:] = [f"C{number:07d}" for number in (rows.index + 1).tolist()]
    columns["owner_name"][:] = owners(rows)
    columns["created_at"][:], columns["updated_at"][:] = moments(rows)
    spoil(rows, columns)
    for column, share in missing.items():
        columns[column][rows.number("missing " + column) < round(share * 2**62)] = None
    if full_names is not None:
        columns = _join_names(rows, columns, all_of_them=full_names == "all")
    return {name: values.tolist() for name, values in columns.items()}


def _join_names(
    rows: Rows, columns: dict[str, NDArray[np.object_]], *, all_of_them: bool
) -> dict[str, NDArray[np.object_]]:
    """Move given and family name into one field, Chinese names family first, a fifth of the others with a comma."""
    chinese = rows.codes["world"] == WORLDS.index("zh")
    at = np.arange(len(chinese)) if all_of_them else np.flatnonzero(chinese)
    full = np.full(len(chinese), None, dtype=object)
    style = (rows.number("full name") % 5)[at].tolist()
    family_first = (chinese & ~rows.has("romanized"))[at].tolist()
    full[at] = [
        f"{family}{given}" if first else f"{family}, {given}" if comma == 0 else f"{given} {family}"
        for given, family, first, comma in zip(
            columns["given_name"][at], columns["family_name"][at], family_first, style, strict=True
        )
    ]
    columns["given_name"][at] = columns["family_name"][at] = None
    return {"id": columns.pop("id"), "full_name": full, **columns}


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
        case 7 | 9:
            return f"{_WORDS[handle % len(_WORDS)]}{handle}"
        case 8:
            return f"{handle * 76_543 + 100_000_007}"
        case _:
            return _ROLES[pattern - 20]


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
    other = [other_company_name(rows.companies, firm, name) for firm, name in zip(firms.tolist(), names, strict=True)]
    style = rows.number("company") % 100
    style = np.where(rows.has("short_company"), 70, style)
    return [
        names[position] if kind < 65 else short[position] if kind < 85 else other[position]
        for kind, position in zip(style.tolist(), where.tolist(), strict=True)
    ]


def _postcodes(rows: Rows, here: World, at: NDArray[np.int64]) -> list[str]:
    # a street has one postcode
    mixed = (
        rows.codes["place"][at] * 7_919 + rows.codes["street"][at] * 104_729 + rows.codes["street_type"][at] * 1_299_709
    )
    patterns = [place.postcode for place in here.places]
    return [
        postcode(patterns[place], number)
        for place, number in zip(rows.codes["place"][at].tolist(), mixed.tolist(), strict=True)
    ]


def _streets(rows: Rows, here: World, at: NDArray[np.int64]) -> list[str]:
    codes = rows.codes
    return [
        street_line(here, street, kind, house, unit, place, number)
        for street, kind, house, unit, place, number in zip(
            codes["street"][at].tolist(), codes["street_type"][at].tolist(), codes["house"][at].tolist(),
            codes["unit"][at].tolist(), codes["place"][at].tolist(), rows.number("street")[at].tolist(), strict=True,
        )
    ]  # fmt: skip


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
        if int(day) <= 12 and day != month:
            out[position] = f"{year}-{day}-{month}"
        else:
            out[position] = f"{year}-{month}-{13 + (int(day) + 10) % 16:02d}"
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


def moments(rows: Rows) -> tuple[list[str], list[str]]:
    """Write when each record was made and last changed, in the six years before November 2026."""
    span = 365 * 6 * 24
    created = rows.number("created") % span
    updated = created + rows.number("updated") % (span - created)
    return _take(_hours(), created), _take(_hours(), updated)


def owners(rows: Rows) -> list[str]:
    """Write which colleague each record belongs to."""
    return _take(_OWNERS, rows.number("owner") % len(_OWNERS))
