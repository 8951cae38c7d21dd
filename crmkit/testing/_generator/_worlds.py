"""The name and place tables that generated records draw from, one world per language.

A world is read from ``crmkit/data/generator/<code>.toml``. Frequent names stand first and are weighted by a Zipf law
over a table of fixed size, so that the number of namesakes grows with the square of the number of records.
"""

from __future__ import annotations

import tomllib
import unicodedata
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from ._draws import zipf

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Place", "World", "world"]

_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
# Bulgarian Transliteration Act (2009), annex
_BULGARIAN = str.maketrans(dict(zip("абвгдезийклмнопрстуфъьюя", [*"abvgdeziyklmnoprstufay", "yu", "ya"], strict=True)))
_BULGARIAN |= str.maketrans({"ж": "zh", "х": "h", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sht"})


@attrs.frozen(kw_only=True)
class Place:
    """A city as an address needs it."""

    name: str
    region: str
    country: str
    postcode: str
    areas: tuple[str, ...]
    districts: tuple[str, ...]


@attrs.frozen(kw_only=True, eq=False)
class World:
    """Everything one language contributes; positions in these tables are the codes that plans are made of."""

    code: str
    given: tuple[str, ...]  # women's names first
    given_latin: tuple[str, ...]
    women: int
    women_weights: NDArray[np.int64]
    men_weights: NDArray[np.int64]
    family: tuple[str, ...]
    family_latin: tuple[str, ...]
    family_weights: NDArray[np.int64]
    nicknames: dict[str, tuple[str, ...]]
    homophones: dict[str, str]  # character -> the others read alike
    traditional: dict[str, str]
    streets: tuple[str, ...]
    street_types: tuple[tuple[str, ...], ...]  # each with its short forms
    units: tuple[tuple[str, ...], ...]
    places: tuple[Place, ...]
    brand_first: tuple[tuple[str, str], ...]  # as written, in Latin letters
    brand_second: tuple[tuple[str, str], ...]
    trades: tuple[tuple[str, str], ...]
    forms: tuple[tuple[str, ...], ...]
    jobs: tuple[str, ...]
    freemail: tuple[str, ...]


@cache
def world(code: str) -> World:
    """Read one world's tables."""
    raw = tomllib.loads((files("crmkit") / "data" / "generator" / f"{code}.toml").read_text(encoding="utf-8"))
    names, streets, companies = raw["names"], raw["streets"], raw["companies"]
    common: dict[str, Any] = {
        "code": code,
        "streets": _bar(streets["names"]) if "|" in streets["names"] else tuple(streets["names"].split()),
        "places": tuple(_place(line) for line in raw["places"]["table"].strip().splitlines()),
        "jobs": _bar(companies["jobs"]),
        "freemail": tuple(companies["freemail"].split()),
    }
    if code == "zh":
        return _chinese(common, names, streets, companies)
    women, men = tuple(names["female"].split()), tuple(names["male"].split())
    family = tuple(dict.fromkeys([*names["family"].split(), *_tail(names["tail_first"], names["tail_last"])]))
    return World(
        **common,
        given=women + men,
        given_latin=tuple(map(_latin, women + men)),
        women=len(women),
        women_weights=zipf(len(women), len(women) // 6),
        men_weights=zipf(len(men), len(men) // 6),
        family=family,
        family_latin=tuple(map(_latin, family)),
        family_weights=zipf(len(family), 30),
        nicknames=_nicknames(raw["nicknames"]["table"], women + men),
        homophones={},
        traditional={},
        street_types=tuple(_short_forms(item) for item in streets["types"].split()),
        units=tuple(_short_forms(item) for item in streets["units"].split()),
        brand_first=tuple((word, _latin(word)) for word in companies["first"].split()),
        brand_second=tuple((word, _latin(word)) for word in companies["second"].split()),
        trades=tuple((word, _latin(word)) for item in companies["trades"].split() for word in item.split("=")),
        forms=tuple(_short_forms(item) for item in companies["forms"].split(";")),
    )


def _chinese(
    common: dict[str, Any], names: dict[str, str], streets: dict[str, str], companies: dict[str, str]
) -> World:
    family = [(*item.split(":"), "")[:4] for item in names["family"].split()]
    genders = [[(*item.split(":"), "")[:3] for item in names[gender].split()] for gender in ("female", "male")]
    given: list[str] = []
    latin: list[str] = []
    weights: list[NDArray[np.int64]] = []
    for characters in genders:
        single = zipf(len(characters), 12)
        given += [one[0] for one in characters] + [one[0] + two[0] for one in characters for two in characters]
        latin += [one[1] for one in characters] + [one[1] + two[1] for one in characters for two in characters]
        # a fifth of the given names have one character
        pairs = (single[:, None] // 100 * (single[None, :] // 100)).ravel()
        weights.append(np.concatenate([single * (int(pairs.sum()) // int(single.sum()) // 4), pairs]))
    readings: dict[str, str] = {}
    for character, reading, _ in (item for characters in genders for item in characters):
        readings.setdefault(reading, "")
        if character not in readings[reading]:
            readings[reading] += character
    traditional = {item[0]: item[2] for characters in genders for item in characters if item[2]}
    traditional |= {one: other for item in family if item[3] for one, other in zip(item[0], item[3], strict=True)}
    pairs_of = {
        key: tuple(tuple(item.split(":")) for item in companies[key].split()) for key in ("first", "second", "trades")
    }
    return World(
        **common,
        given=tuple(given),
        given_latin=tuple(latin),
        women=len(genders[0]) * (len(genders[0]) + 1),
        women_weights=weights[0],
        men_weights=weights[1],
        family=tuple(item[0] for item in family),
        family_latin=tuple(item[1] for item in family),
        family_weights=np.array([int(item[2]) for item in family], dtype=np.int64),
        nicknames={},
        homophones={one: alike.replace(one, "") for alike in readings.values() if len(alike) > 1 for one in alike},
        traditional=traditional,
        street_types=tuple((item,) for item in streets["types"].split()),
        units=(("室",),),
        brand_first=pairs_of["first"],  # type: ignore[arg-type]  # pairs by the table's form
        brand_second=pairs_of["second"],  # type: ignore[arg-type]  # as above
        trades=pairs_of["trades"],  # type: ignore[arg-type]  # as above
        forms=tuple((item,) for item in companies["forms"].split(";")),
    )


def _bar(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split("|") if item.strip())


def _short_forms(item: str) -> tuple[str, ...]:
    full, _, short = item.strip().partition("=")
    return (full, *(form for form in short.split(",") if form))


def _tail(first: str, last: str) -> list[str]:
    starts, ends = first.split(), last.split()
    size = len(starts) * len(ends)
    # a stride without a common divisor mixes the list, so that neighbours in rank do not share a beginning
    stride = next(step for step in range(int(size * 0.618), 2 * size) if np.gcd(step, size) == 1)
    return [starts[k * stride % size // len(ends)] + ends[k * stride % size % len(ends)] for k in range(size)]


def _nicknames(text: str, given: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    spelled = {name.casefold(): name for name in given}
    table: dict[str, tuple[str, ...]] = {}
    for item in text.split():
        root, _, short = item.partition("=")
        if root.casefold() in spelled:
            table[spelled[root.casefold()]] = tuple(name[:1].upper() + name[1:] for name in short.split(","))
    return table


def _place(line: str) -> Place:
    name, region, country, postcode, areas, *districts = (cell.strip() for cell in line.split("|"))
    return Place(
        name=name,
        region=region,
        country=country,
        postcode=postcode,
        areas=tuple(areas.split()),
        districts=tuple(districts[0].split()) if districts else (),
    )


def _latin(word: str) -> str:
    """Spell a word in a-z, as its owner would in an e-mail address."""
    lowered = word.casefold().translate(_GERMAN).translate(_BULGARIAN)
    plain = unicodedata.normalize("NFD", lowered)
    return "".join(letter for letter in plain if "a" <= letter <= "z")
