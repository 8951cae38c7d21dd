"""Who there is: companies, and persons with their households, sons, jobs and mailboxes, as columns of codes.

Nothing here is text. A person is a row of positions in the tables of :mod:`._worlds`, so that five
million of them fit in memory and a duplicate is a row of the same codes with some of them changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from ._phones import COUNTRIES, landlines, mobiles
from ._worlds import world

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._draws import Draws

    Codes = dict[str, NDArray[np.int64]]

__all__ = ["SCRIPTS", "WORLDS", "Population", "address", "companies_of", "mailboxes", "persons"]

WORLDS = ("en", "de", "fr", "es", "zh", "bg")
# each script's worlds with their shares in percent
SCRIPTS = {"latin": ((0, 62), (1, 14), (2, 12), (3, 12)), "zh": ((4, 100),), "cyrillic": ((5, 100),)}

ADDRESS = ("place", "street", "street_type", "house", "unit")
# patterns of the local part: given.family, gfamily, givenfamily, given_family, given.familyYY, family.given,
# givenNNNN, a word with a number, a number
COMPANY_PATTERNS = (50, 28, 6, 4, 0, 12)
FREE_PATTERNS = (22, 12, 16, 6, 20, 6, 10, 8, 0)
HOME_PATTERN = 9  # a word and the number of a household
CHINESE_PATTERNS = (8, 4, 16, 2, 12, 8, 15, 5, 30)


@attrs.frozen(kw_only=True, eq=False)
class Population:
    """Persons and the companies they work for."""

    persons: Codes
    companies: Codes
    households: NDArray[np.int64]  # person -> household, -1 outside


def worlds_for(draws: Draws, shares: dict[str, float], n: int) -> NDArray[np.int64]:
    """Draw the world of each of ``n`` parties."""
    numbers = [
        (number, round(share * percent * 1000))
        for script, share in shares.items()
        for number, percent in SCRIPTS[script]
    ]
    which = draws.weighted([weight for _, weight in numbers], n)
    return np.array([number for number, _ in numbers], dtype=np.int64)[which]


def address(draws: Draws, worlds: NDArray[np.int64]) -> Codes:
    """Draw an address in each world."""
    n = len(worlds)
    out = {field: np.zeros(n, dtype=np.int64) for field in (*ADDRESS, "country")}
    for number, code in enumerate(WORLDS):
        rows = np.flatnonzero(worlds == number)
        if not len(rows):
            continue
        here, k = world(code), len(rows)
        # the first city of a table is the largest
        out["place"][rows] = np.minimum(draws.below(len(here.places), k), draws.below(len(here.places) + 6, k))
        out["street"][rows] = draws.below(len(here.streets), k)
        out["street_type"][rows] = np.minimum(
            draws.below(len(here.street_types), k), draws.below(len(here.street_types), k)
        )
        countries = np.array([COUNTRIES.index(place.country) for place in here.places])
        out["country"][rows] = countries[out["place"][rows]]
    out["house"][:] = 1 + np.minimum(draws.below(220, n), draws.below(400, n))
    out["unit"][:] = np.where(draws.chance(0.22, n), 1 + draws.below(60, n), 0)
    return out


def landlines_at(draws: Draws, worlds: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Draw a landline number at each place."""
    out = np.zeros(len(worlds), dtype=np.int64)
    for number, code in enumerate(WORLDS):
        rows = np.flatnonzero(worlds == number)
        if len(rows):
            out[rows] = landlines(draws, code, places[rows])
    return out


def phones(draws: Draws, codes: Codes, *, landline_share: float, fiction: bool) -> NDArray[np.int64]:
    """Draw a number for each party, a mobile or a landline of its place."""
    numbers = mobiles(draws, codes["country"], fiction=fiction)
    if fiction:
        return numbers
    fixed = draws.chance(landline_share, len(numbers))
    return np.where(fixed, landlines_at(draws, codes["world"], codes["place"]), numbers)


def companies_of(draws: Draws, worlds: NDArray[np.int64], *, switchboards: float, fiction: bool) -> Codes:
    """Draw one company for each world number in ``worlds``, which is sorted."""
    n = len(worlds)
    out: Codes = {"world": worlds, **address(draws, worlds)}
    out |= {field: np.zeros(n, dtype=np.int64) for field in ("first", "second", "trade", "form")}
    out["founder"] = np.full(n, -1, dtype=np.int64)
    for number, code in enumerate(WORLDS):
        rows = np.flatnonzero(worlds == number)
        if not len(rows):
            continue
        here, k = world(code), len(rows)
        out["first"][rows] = draws.below(len(here.brand_first), k)
        out["second"][rows] = draws.below(len(here.brand_second), k)
        out["trade"][rows] = draws.below(len(here.trades), k)
        out["form"][rows] = np.minimum(draws.below(len(here.forms), k), draws.below(len(here.forms), k))
        named = draws.chance(0.0 if code == "zh" else 0.3, k)
        out["founder"][rows] = np.where(named, draws.weighted(here.family_weights, k), -1)
    out["phone"] = phones(draws, out, landline_share=1.0, fiction=fiction)
    out["switchboard"] = np.where(draws.chance(switchboards, n), out["phone"], 0)
    out["pattern"] = draws.weighted(COMPANY_PATTERNS, n)
    name = (((out["world"] * 128 + out["first"]) * 64 + out["second"]) * 64 + out["trade"]) * 8192 + out["founder"] + 1
    out["serial"] = serials(name, np.arange(n))
    return out


def persons(
    draws: Draws, n: int, shares: dict[str, float], *, households: float, sons: float, roles: float, fiction: bool
) -> Population:
    """Draw ``n`` persons.

    Args:
        draws: Where the randomness comes from.
        n: How many.
        shares: Weight of each script.
        households: Share of persons who live with another person of the file.
        sons: Share of persons who are sons with their father's name and address.
        roles: Share of persons whose address is a role mailbox of their company.
        fiction: Whether phone numbers come from the ranges set aside for fiction.
    """
    who: Codes = {"world": worlds_for(draws, shares, n)}
    house, head = _households(draws, n, round(households * n))
    who["world"] = who["world"][head]
    who |= address(draws, who["world"])
    who["woman"] = draws.chance(0.5, n).astype(np.int64)
    for field in ("given", "family", "job", "free"):
        who[field] = np.zeros(n, dtype=np.int64)
    for number, code in enumerate(WORLDS):
        rows = np.flatnonzero(who["world"] == number)
        if not len(rows):
            continue
        here, k = world(code), len(rows)
        woman = who["woman"][rows] == 1
        who["given"][rows] = np.where(
            woman, draws.weighted(here.women_weights, k), here.women + draws.weighted(here.men_weights, k)
        )
        who["family"][rows] = draws.weighted(here.family_weights, k)
        who["job"][rows] = draws.below(len(here.jobs), k)
        who["free"][rows] = np.minimum(draws.below(len(here.freemail), k), draws.below(len(here.freemail), k))
    who["birth"] = draws.below(25_500, n)  # days after 1935-01-01
    companies = _employ(draws, who, in_household=house >= 0, fiction=fiction)
    who["handle"] = draws.below(10_000, n)
    _address_book(draws, who, companies, roles=roles)
    _live_together(draws, who, house, head, fiction=fiction)
    _name_sons(draws, who, house, round(sons * n))
    return Population(persons=who, companies=companies, households=house)


def _households(draws: Draws, n: int, members: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the household of each person and the person whose name and address hold for it."""
    house, head = np.full(n, -1, dtype=np.int64), np.arange(n)
    if members < 2:
        return house, head
    sizes = 2 + draws.weighted((55, 27, 18), members)
    ends = np.cumsum(sizes)
    count = int(np.searchsorted(ends, members, side="left"))
    starts = np.concatenate([[0], ends[:count]])
    starts = starts[starts < members - 1]  # nobody lives together alone: one left over joins the last household
    marks = np.zeros(members, dtype=np.int64)
    marks[starts] = 1
    house[:members] = np.cumsum(marks) - 1
    head[:members] = starts[house[:members]]
    return house, head


def _employ(draws: Draws, who: Codes, *, in_household: NDArray[np.bool_], fiction: bool) -> Codes:
    n = len(in_household)
    counts = np.bincount(who["world"], minlength=len(WORLDS))
    firms = np.where(counts > 0, counts // 8 + 1, 0)
    companies = companies_of(draws, np.repeat(np.arange(len(WORLDS)), firms), switchboards=0.10, fiction=fiction)
    first = np.concatenate([[0], np.cumsum(firms)])[who["world"]]
    size = firms[who["world"]]
    # half of the people are spread evenly, half gather in large companies
    spread = draws.below(size, n)
    who["company"] = first + np.where(draws.chance(0.5, n), spread, np.minimum(spread, draws.below(size, n)))
    office = draws.chance(0.30, n) & ~in_household
    for field in (*ADDRESS, "country"):
        who[field] = np.where(office, companies[field][who["company"]], who[field])
    nearby = draws.chance(0.5, n) & ~office
    for field in ("place", "country"):
        who[field] = np.where(nearby & ~in_household, companies[field][who["company"]], who[field])
    board = companies["switchboard"][who["company"]]
    called = draws.chance(0.25, n) & (board > 0)
    who["phone"] = np.where(called, board, phones(draws, who, landline_share=0.35, fiction=fiction))
    who["phone_country"] = np.where(called, companies["country"][who["company"]], who["country"])
    return companies


def _address_book(draws: Draws, who: Codes, companies: Codes, *, roles: float) -> None:
    n = len(who["world"])
    at_work = draws.chance(0.6, n)
    free = np.where(who["world"] == 4, draws.weighted(CHINESE_PATTERNS, n), draws.weighted(FREE_PATTERNS, n))
    who["mail_at"] = np.where(at_work, who["company"], -1 - who["free"])  # a company, or -1 - the free-mail domain
    who["pattern"] = np.where(at_work, companies["pattern"][who["company"]], free)
    role = draws.chance(roles, n)
    who["mail_at"] = np.where(role, who["company"], who["mail_at"])
    who["pattern"] = np.where(role, 20 + draws.weighted((6, 3, 2, 1), n), who["pattern"])


def _live_together(
    draws: Draws, who: Codes, house: NDArray[np.int64], head: NDArray[np.int64], *, fiction: bool
) -> None:
    inside = np.flatnonzero(house >= 0)
    if not len(inside):
        return
    chief = head[inside]
    for field in (*ADDRESS, "country"):
        who[field][inside] = who[field][chief]
    # Chinese spouses keep their own surnames: the second of a household in half of the cases
    keeps = (who["world"][inside] == 4) & (inside == chief + 1) & draws.chance(0.5, len(inside))
    who["family"][inside] = np.where(keeps, who["family"][inside], who["family"][chief])
    _name_apart(who, inside, inside - chief)
    shared = draws.chance(0.40, int(house[inside[-1]]) + 1)
    lines = phones(
        draws,
        {"world": who["world"], "place": who["place"], "country": who["country"]},
        landline_share=1.0,
        fiction=fiction,
    )
    _share_mailboxes(draws, who, inside, house, head)
    on_line = inside[shared[house[inside]]]
    who["phone"][on_line] = lines[head[on_line]]
    who["phone_country"][on_line] = who["country"][on_line]


def _share_mailboxes(
    draws: Draws, who: Codes, inside: NDArray[np.int64], house: NDArray[np.int64], head: NDArray[np.int64]
) -> None:
    """Give a tenth of the households one free-mail address for all who live there, with a number of its own."""
    one_for_all = draws.chance(0.10, int(house[inside[-1]]) + 1)
    users = inside[one_for_all[house[inside]]]
    who["mail_at"][users] = -1 - who["free"][head[users]]
    who["pattern"][users] = HOME_PATTERN
    who["handle"][users] = 10_000 + house[users]


def _name_apart(who: Codes, inside: NDArray[np.int64], position: NDArray[np.int64]) -> None:
    """Give other names to those who bear the name of one who lives with them; the sons come later, and on purpose."""
    for back in (1, 2, 3):
        later = np.flatnonzero(position >= back)
        later = later[who["given"][inside[later]] == who["given"][inside[later - back]]]
        for number, code in enumerate(WORLDS):
            rows = inside[later]
            rows = rows[who["world"][rows] == number]
            women, everybody = world(code).women, len(world(code).given)
            first = np.where(who["woman"][rows] == 1, 0, women)
            span = np.where(who["woman"][rows] == 1, women, everybody - women)
            who["given"][rows] = first + (who["given"][rows] - first + 5) % span


def _name_sons(draws: Draws, who: Codes, house: NDArray[np.int64], count: int) -> None:
    """Turn ``count`` men who live alone into sons, with the name and address of another one of their world."""
    who["father"] = np.full(len(house), -1, dtype=np.int64)
    men = np.flatnonzero((house < 0) & (who["woman"] == 0))
    mixed = men[draws.order(len(men))]
    mixed = mixed[np.argsort(who["world"][mixed], kind="stable")]
    father, son = mixed[:-1:2], mixed[1::2]
    kin = np.flatnonzero(who["world"][father] == who["world"][son])
    kin = kin[draws.order(len(kin))[:count]]
    father, son = father[kin], son[kin]
    for field in ("given", "family", *ADDRESS, "country"):
        who[field][son] = who[field][father]
    who["birth"][son] = np.minimum(who["birth"][father] + 7_300 + draws.below(5_500, len(son)), 25_499)
    line = draws.chance(0.40, len(son))
    for field in ("phone", "phone_country"):
        who[field][son] = np.where(line, who[field][father], who[field][son])
    who["father"][son] = father


def mailboxes(who: Codes, owner: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the persons who would have the same address: 0 for the first, 1 for the next, and so on."""
    pattern = who["pattern"]
    digits = np.where((pattern == 4) | (pattern >= 6), who["handle"], 0)
    key = ((who["mail_at"] + 64) * 32 + pattern) * 16_384 + digits
    names = (who["world"] * 16_384 + who["given"]) * 4_096 + who["mail_family"]
    # two keys of 62 bits together: the hash of one is mixed into the other; a clash costs one needless digit
    mixed = key * np.int64(0x27D4EB2F165667C5) + names * np.int64(0x2545F4914F6CDD1D)
    found = serials(mixed, owner)
    return np.where((pattern >= 20) | (pattern == HOME_PATTERN), 0, found)


def serials(key: NDArray[np.int64], owner: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the different owners of an equal key that come before each one."""
    order = np.lexsort((owner, key))
    sorted_key, sorted_owner = key[order], owner[order]
    new_key = np.ones(len(key), dtype=bool)
    new_key[1:] = sorted_key[1:] != sorted_key[:-1]
    new_owner = new_key.copy()
    new_owner[1:] |= sorted_owner[1:] != sorted_owner[:-1]
    count = np.cumsum(new_owner)
    first = np.maximum.accumulate(np.where(new_key, count, 0))
    out = np.empty(len(key), dtype=np.int64)
    out[order] = count - first
    return out
