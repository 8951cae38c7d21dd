"""Business listings: companies with branches, each site in several lists, towers where many share one address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._duplicates import repeated
from ._edits import typo
from ._people import ADDRESS, WORLDS, address, companies_of, landlines_at, worlds_for
from ._phones import mobiles, written_at_home
from ._render import moments, owners
from ._spelling import company_name, domain, other_company_name, postcode, short_company_name, street_line
from ._spoil import change_case, digit_typo
from ._uscc import credit_code
from ._worlds import world

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ._draws import Draws
    from ._people import Codes
    from ._spoil import Rows

__all__ = ["ACCOUNT_CAUSES", "ACCOUNT_COLUMNS", "accounts_of", "render_accounts"]

ACCOUNT_COLUMNS = (
    "id", "name", "street", "city", "region", "postal_code", "country", "phone", "website", "email", "registration_id",
    "industry", "source", "owner_name", "created_at", "updated_at",
)  # fmt: skip
_WEIGHTS = {
    "short_name": 14, "other_form": 10, "acronym": 3, "name_typo": 9, "branch_label": 7, "list_slash": 5,
    "street_typo": 8, "no_unit": 7, "moved": 4, "new_phone": 8, "phone_typo": 6, "site_form": 8, "case": 7,
    "former_name": 2, "no_postcode": 4,
}  # fmt: skip
ACCOUNT_CAUSES = tuple(_WEIGHTS)
_SOURCES = ("CRM", "ERP", "Web form", "Trade fair", "Purchased list")


def accounts_of(
    draws: Draws, n: int, sites: int, shares: dict[str, float], *, fiction: bool
) -> tuple[Codes, Codes, NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Draw the codes of ``n`` listings of ``sites`` sites.

    Returns:
        Listings, companies, the site and the causes of each listing, and how badly it was treated.
    """
    companies, places = _sites(draws, sites, shares, fiction=fiction)
    who = np.concatenate([np.arange(sites), repeated(draws, sites, n - sites, (50, 25, 15, 10))])
    order = draws.order(n)
    who = who[order]
    copies = np.flatnonzero(order >= sites)
    codes = {field: values[who] for field, values in places.items()}
    severity = np.zeros(n, dtype=np.int64)
    severity[copies] = 1 + draws.weighted((50, 35, 15), len(copies))
    count = np.where(severity == 1, 1, np.where(severity == 2, 2 + draws.below(2, n), 4 + draws.below(2, n)))
    bits = np.zeros(n, dtype=np.int64)
    for step in range(5):
        drawn = np.int64(1) << draws.weighted(tuple(_WEIGHTS.values()), n)
        bits |= np.where((count > step) & (severity > 0), drawn, 0)
    _apply(draws, codes, bits, fiction=fiction)
    return codes, companies, who, bits, severity


def _sites(draws: Draws, sites: int, shares: dict[str, float], *, fiction: bool) -> tuple[Codes, Codes]:
    # most companies have one site, a few have dozens
    spread = draws.weighted((78, 9, 5, 5, 3), sites)
    sizes = np.where(
        spread < 3, spread + 1, np.where(spread == 3, 4 + draws.below(5, sites), 9 + draws.below(30, sites))
    )
    firms = int(np.searchsorted(np.cumsum(sizes), sites)) + 1 if sites else 0
    worlds = np.sort(worlds_for(draws, shares, firms))
    companies = companies_of(draws, worlds, switchboards=1.0, fiction=fiction)
    company = np.repeat(np.arange(firms), sizes[:firms])[:sites]
    head = np.ones(sites, dtype=bool)
    head[1:] = company[1:] != company[:-1]
    out: Codes = {"company": company, "world": companies["world"][company], "branch": (~head).astype(np.int64)}
    own = address(draws, out["world"])
    for field in (*ADDRESS, "country"):
        out[field] = np.where(head, companies[field][company], own[field])
    out["phone"] = _phones(draws, out, fiction=fiction)
    central = head | draws.chance(0.25, sites)
    out["phone"] = np.where(central, companies["phone"][company], out["phone"])
    out["phone_country"] = np.where(central, companies["country"][company], out["country"])
    _share_buildings(draws, out)
    return companies, out


def _share_buildings(draws: Draws, out: Codes) -> None:
    """Move 6 % of the sites into the building of another one; a fifth of these answers at its desk's number."""
    n = len(out["world"])
    mixed = draws.order(n)
    mixed = mixed[np.argsort(out["world"][mixed], kind="stable")]
    guest, host = mixed[:-1], mixed[1:]
    moves = (out["world"][guest] == out["world"][host]) & draws.chance(0.06, len(guest))
    moves[1:] &= ~moves[:-1]
    guest, host = guest[moves], host[moves]
    for field in ("place", "street", "street_type", "house", "country"):
        out[field][guest] = out[field][host]
    desk = draws.chance(0.2, len(guest))
    for field in ("phone", "phone_country"):
        out[field][guest] = np.where(desk, out[field][host], out[field][guest])


def _phones(draws: Draws, codes: Codes, *, fiction: bool) -> NDArray[np.int64]:
    if fiction:
        return mobiles(draws, codes["country"], fiction=True)
    return landlines_at(draws, codes["world"], codes["place"])


def _apply(draws: Draws, codes: Codes, bits: NDArray[np.int64], *, fiction: bool) -> None:
    # what cannot be seen on a record is exchanged for what can
    chinese = codes["world"] == WORLDS.index("zh")
    for cause, impossible, instead in (
        ("no_unit", codes["unit"] == 0, "street_typo"),
        ("case", chinese, "no_postcode"),
        ("other_form", chinese, "short_name"),
    ):
        hit = impossible & (bits >> ACCOUNT_CAUSES.index(cause) & 1 == 1)
        bits[hit] = bits[hit] & ~(1 << ACCOUNT_CAUSES.index(cause)) | 1 << ACCOUNT_CAUSES.index(instead)
    rows = np.flatnonzero(bits >> ACCOUNT_CAUSES.index("moved") & 1)
    new = address(draws, codes["world"][rows])
    for field in ("street", "street_type", "house", "unit"):  # within the city
        codes[field][rows] = new[field]
    rows = np.flatnonzero(bits >> ACCOUNT_CAUSES.index("no_unit") & 1)
    codes["unit"][rows] = 0
    rows = np.flatnonzero(bits >> ACCOUNT_CAUSES.index("new_phone") & 1)
    part = {field: codes[field][rows] for field in ("world", "place", "country")}
    codes["phone"][rows] = _phones(draws, part, fiction=fiction)
    codes["phone_country"][rows] = part["country"]


def render_accounts(rows: Rows, missing: dict[str, float]) -> dict[str, list[str | None]]:
    """Write the account columns of a range of rows."""
    codes, firms = rows.codes, rows.companies
    worlds = [world(WORLDS[number]) for number in codes["world"].tolist()]
    company, place = codes["company"].tolist(), codes["place"].tolist()
    cities = [here.places[position] for here, position in zip(worlds, place, strict=True)]
    columns: dict[str, list[str | None]] = {name: [] for name in ACCOUNT_COLUMNS}
    columns["id"] = [f"A{number:07d}" for number in (rows.index + 1).tolist()]
    columns["name"] = _names(rows)
    columns["street"] = [
        street_line(here, *parts)
        for here, *parts in zip(
            worlds, codes["street"].tolist(), codes["street_type"].tolist(), codes["house"].tolist(),
            codes["unit"].tolist(), place, rows.number("street").tolist(), strict=True,
        )
    ]  # fmt: skip
    columns["city"] = [city.name for city in cities]
    columns["region"] = [city.region for city in cities]
    columns["country"] = [city.country for city in cities]
    mixed = codes["place"] * 7_919 + codes["street"] * 104_729 + codes["street_type"] * 1_299_709
    columns["postal_code"] = [
        postcode(city.postcode, number) for city, number in zip(cities, mixed.tolist(), strict=True)
    ]
    columns["phone"] = [*written_at_home(rows)]
    sites = [domain(firms, firm) for firm in company]
    style = np.where(rows.has("site_form"), 1 + rows.number("site form") % 3, 0).tolist()
    columns["website"] = [
        (f"https://www.{site}", f"http://{site}/", f"www.{site}", f"{site.upper()}")[form]
        for site, form in zip(sites, style, strict=True)
    ]
    mailbox = (rows.number("mailbox") % 4).tolist()
    columns["email"] = [
        f"{('info', 'info', 'office', 'sales')[box]}@{site}" for box, site in zip(mailbox, sites, strict=True)
    ]
    columns["registration_id"] = [
        credit_code(firms["place"][firm], firm) if here.code == "zh" else None
        for firm, here in zip(company, worlds, strict=True)
    ]
    columns["industry"] = [here.trades[firms["trade"][firm]][0] for firm, here in zip(company, worlds, strict=True)]
    columns["source"] = [_SOURCES[number] for number in (rows.number("source") % len(_SOURCES)).tolist()]
    columns["owner_name"] = [*owners(rows)]
    created, updated = moments(rows)
    columns["created_at"], columns["updated_at"] = [*created], [*updated]
    _spoil(rows, columns)
    for column, share in missing.items():
        for at in np.flatnonzero(rows.number("missing " + column) < round(share * 2**62)).tolist():
            columns[column][at] = None
    for at in np.flatnonzero(rows.has("no_postcode")).tolist():
        columns["postal_code"][at] = None
    return columns


def _names(rows: Rows) -> list[str | None]:
    out: list[str | None] = []
    codes, firms = rows.codes, rows.companies
    label = (rows.number("label") % 100 < 40) & (codes["branch"] == 1) | rows.has("branch_label")
    for firm, place, short, other, letters, slash, former, branch, number in zip(
        codes["company"].tolist(), codes["place"].tolist(), rows.has("short_name").tolist(),
        rows.has("other_form").tolist(), rows.has("acronym").tolist(), rows.has("list_slash").tolist(),
        rows.has("former_name").tolist(), label.tolist(), rows.number("name").tolist(), strict=True,
    ):  # fmt: skip
        here = world(WORLDS[firms["world"][firm]])
        full = company_name(firms, firm)
        brief = short_company_name(firms, firm)
        if former:
            name = _former(here.code, number)
        elif letters:
            name = _acronym(here.code, brief)
        elif short:
            name = brief
        else:
            name = other_company_name(firms, firm, full) if other else full
        city = here.places[place].name
        if branch:
            name = _branch(here.code, name, city, number)
        if slash:
            name = f"{name} / {brief}" if number % 2 else f"{brief} ({city})"
        out.append(name)
    return out


def _acronym(code: str, brief: str) -> str:
    if code == "zh":
        return brief[:2]
    letters = [sign for word in brief.split() for sign in word if sign.isupper()]
    return "".join(letters) if len(letters) > 1 else brief[:4].upper()


def _former(code: str, number: int) -> str:
    here = world(code)
    number, first = divmod(number, len(here.brand_first))
    number, second = divmod(number, len(here.brand_second))
    trade = here.trades[number % len(here.trades)][0]
    blank = "" if code == "zh" else " "
    return f"{here.brand_first[first][0]}{blank}{here.brand_second[second][0]}{blank}{trade}{blank}{here.forms[0][0]}"


def _branch(code: str, name: str, city: str, number: int) -> str:
    if code == "zh":
        return f"{name}{city.removesuffix('市')}分公司"
    word = {"en": "Branch", "de": "Niederlassung", "fr": "Agence", "es": "Sucursal", "bg": "клон"}[code]
    return (f"{name} - {city}", f"{name}, {city}", f"{name} {word} {city}", f"{name} ({city})")[number % 4]


def _spoil(rows: Rows, columns: dict[str, list[str | None]]) -> None:
    edits: tuple[tuple[str, str, Callable[[str, int], str]], ...] = (
        ("name_typo", "name", typo),
        ("street_typo", "street", typo),
        ("phone_typo", "phone", digit_typo),
        ("case", "name", change_case),
        ("case", "street", change_case),
    )
    for cause, column, edit in edits:
        numbers = rows.number(cause if cause == "case" else f"{cause} {column}").tolist()
        for at in np.flatnonzero(rows.has(cause)).tolist():
            old = columns[column][at]
            if old is not None:
                columns[column][at] = edit(old, numbers[at])
