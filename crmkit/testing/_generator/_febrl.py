"""A second generator, written apart from the first: originals and their duplicates as the FEBRL generator makes them.

It goes record by record through Python objects and one stream of random numbers, and shares neither tables nor
functions with :mod:`._people` and its neighbours. It knows nothing of households or jobs; its errors
are those of typing, scanning and writing down what was heard.

Source:
    Christen (2005), Probabilistic Data Generation for Deduplication and Data Linkage, IDEAL 2005, LNCS 3578: the
    kinds of error, the limits per field and record, and the Poisson number of duplicates.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["FEBRL_CAUSES", "FEBRL_COLUMNS", "febrl_records"]

FEBRL_COLUMNS = (
    "id", "given_name", "surname", "street_number", "address_1", "address_2", "suburb", "postcode", "state",
    "date_of_birth", "soc_sec_id",
)  # fmt: skip
FEBRL_CAUSES = ("typing", "scanning", "hearing", "missing", "other_value", "word_swap", "field_swap")

_KEYBOARD = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_SCANNED = (
    ("5", "s"),
    ("8", "b"),
    ("0", "o"),
    ("1", "l"),
    ("m", "rn"),
    ("w", "vv"),
    ("cl", "d"),
    ("h", "li"),
    ("g", "q"),
)
_HEARD = (
    ("ph", "f"), ("ck", "k"), ("mc", "mac"), ("y", "i"), ("c", "k"), ("z", "s"), ("th", "t"), ("ee", "ea"), ("ou", "u"),
    ("ie", "y"), ("sch", "sh"), ("wh", "w"), ("kn", "n"), ("ll", "l"), ("tt", "t"), ("ss", "s"), ("ei", "ai"),
)  # fmt: skip
# which fields are hit, with weights; the identifier is written down with more care than a name
_FIELDS = {
    "given_name": 18, "surname": 18, "street_number": 8, "address_1": 14, "address_2": 8, "suburb": 12, "postcode": 7,
    "state": 4, "date_of_birth": 7, "soc_sec_id": 4,
}  # fmt: skip
# P(0), P(0..1), ... of a Poisson variable with mean 1.5, times 10**6; a table, since exp() differs between C libraries
_POISSON = (223_130, 557_825, 808_847, 934_358, 981_424, 1_000_000)


class _Dice:
    """One stream of uniform numbers, read in blocks."""

    def __init__(self, seed: int) -> None:
        self._generator = np.random.Generator(np.random.PCG64(seed))
        self._left: list[float] = []

    def roll(self, sides: int) -> int:
        if not self._left:
            self._left = self._generator.random(8192).tolist()
        return int(self._left.pop() * sides)

    def happens(self, percent: float) -> bool:
        return self.roll(10_000) < percent * 100

    def often(self, items: list[str]) -> str:
        """Take an item, those in front more often: the smaller of two rolls."""
        return items[min(self.roll(len(items)), self.roll(len(items)))]


def febrl_records(
    n: int, *, seed: int, originals: int, most: int
) -> tuple[dict[str, list[str | None]], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Make ``originals`` records and duplicates of them up to ``n``.

    Returns:
        The columns, and per record the original, the causes as bits, and the number of changes.
    """
    dice = _Dice(seed)
    tables = _tables()
    made: list[tuple[dict[str, str | None], int, int, int]] = [
        (_original(dice, tables), number, 0, 0) for number in range(originals)
    ]
    count = [0] * originals
    open_for_more = list(range(originals))
    while len(made) < n:
        at = dice.roll(len(open_for_more))
        number = open_for_more[at]
        roll = dice.roll(1_000_000)
        wanted = max(1, next(times for times, edge in enumerate(_POISSON) if roll < edge))
        for _ in range(min(wanted, most - count[number], n - len(made))):
            record, bits, changes = _altered(dice, made[number][0], tables)
            made.append((record, number, bits, changes))
            count[number] += 1
        if count[number] == most:
            open_for_more[at] = open_for_more[-1]
            open_for_more.pop()
    for position in range(len(made) - 1, 0, -1):
        other = dice.roll(position + 1)
        made[position], made[other] = made[other], made[position]
    columns: dict[str, list[str | None]] = {"id": [f"rec-{row}" for row in range(len(made))]}
    columns |= {field: [record[field] for record, *_ in made] for field in FEBRL_COLUMNS[1:]}
    origin, bits_of, changes_of = (np.array([item[at] for item in made], dtype=np.int64) for at in (1, 2, 3))
    return columns, origin, bits_of, changes_of


def _tables() -> dict[str, list[str]]:
    text = (files("crmkit") / "data" / "generator" / "febrl.toml").read_text(encoding="utf-8")
    raw: dict[str, str] = tomllib.loads(text)
    return {
        name: [item.strip() for item in value.replace("\n", "").split("|")] if "|" in value else value.split()
        for name, value in raw.items()
    }


def _original(dice: _Dice, tables: dict[str, list[str]]) -> dict[str, str | None]:
    *suburb, state, postcode = dice.often(tables["suburb"]).split()
    month = 1 + dice.roll(12)
    record: dict[str, str | None] = {
        "given_name": dice.often(tables["given"]),
        "surname": dice.often(tables["family"]),
        "street_number": str(1 + min(dice.roll(90), dice.roll(400))),
        "address_1": f"{tables['street'][dice.roll(len(tables['street']))]} {dice.often(tables['street_types'])}",
        "address_2": dice.often(tables["building"]) if dice.happens(45) else None,
        "suburb": " ".join(suburb),
        "postcode": f"{int(postcode) + dice.roll(40):04d}",
        "state": state,
        "date_of_birth": f"{1910 + dice.roll(95)}{month:02d}{1 + dice.roll(28):02d}",
        "soc_sec_id": str(1_000_000 + dice.roll(9_000_000)),
    }
    for field, percent in (("given_name", 2), ("surname", 1), ("street_number", 4), ("date_of_birth", 2), ("state", 1)):
        if dice.happens(percent):
            record[field] = None
    return record


def _altered(
    dice: _Dice, record: dict[str, str | None], tables: dict[str, list[str]]
) -> tuple[dict[str, str | None], int, int]:
    """Change one to eight fields of a record, each at most twice."""
    copy = dict(record)
    bits = changes = 0
    hits: dict[str, int] = {}
    wanted = 1 + min(dice.roll(8), dice.roll(8))
    for _ in range(6 * wanted):
        if changes == wanted:
            break
        at = dice.roll(sum(_FIELDS.values()))
        for field, weight in _FIELDS.items():  # noqa: B007 - the field where the walk ends is used below
            at -= weight
            if at < 0:
                break
        if hits.get(field, 0) == 2:
            continue
        cause = _alter(dice, copy, field, tables)
        if cause is not None:
            hits[field] = hits.get(field, 0) + 1
            bits |= 1 << FEBRL_CAUSES.index(cause)
            changes += 1
    return copy, bits, changes


def _alter(dice: _Dice, record: dict[str, str | None], field: str, tables: dict[str, list[str]]) -> str | None:
    old = record[field]
    if old is None:
        return None
    roll = dice.roll(100)
    if roll < 52:
        cause, new = "typing", _type(dice, old)
    elif roll < 62:
        cause, new = "scanning", _replace(dice, old, _SCANNED)
    elif roll < 74:
        cause, new = "hearing", old if old[0].isdigit() else _replace(dice, old, _HEARD)
    elif roll < 84:
        cause, new = "missing", ""
    elif roll < 89:
        names: dict[str, Callable[[], str]] = {
            "given_name": lambda: dice.often(tables["given"]),
            "surname": lambda: dice.often(tables["family"]),
            "suburb": lambda: " ".join(dice.often(tables["suburb"]).split()[:-2]),
            "address_2": lambda: dice.often(tables["building"]),
        }
        cause, new = "other_value", names[field]() if field in names else old
    elif roll < 95:
        cause, new = "word_swap", " ".join(reversed(old.split(" ")))
    else:
        return _swap_fields(record, field)
    if new == old:
        return None
    record[field] = new or None
    return cause


def _swap_fields(record: dict[str, str | None], field: str) -> str | None:
    partner = {"given_name": "surname", "surname": "given_name", "address_1": "address_2", "suburb": "address_2"}.get(
        field
    )
    if partner is None or record[partner] in (None, record[field]):
        return None
    record[field], record[partner] = record[partner], record[field]
    return "field_swap"


def _type(dice: _Dice, text: str) -> str:
    at = dice.roll(len(text))
    kind = dice.roll(4)
    if kind == 0 and len(text) > 1:
        return text[:at] + text[at + 1 :]
    if kind == 1 and at + 1 < len(text):
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    near = _near(text[at])
    if not near:
        return text
    sign = near[dice.roll(len(near))]
    return text[:at] + sign + text[at + (kind != 2) :]


def _near(sign: str) -> str:
    """Return the keys in the same row beside a key, and those above and below it; digits stay digits."""
    for row, keys in enumerate(_KEYBOARD):
        at = keys.find(sign)
        if at >= 0:
            beside = keys[max(at - 1, 0) : at] + keys[at + 1 : at + 2]
            if row == 0:
                return beside
            return beside + "".join(
                other[at : at + 1] for other in _KEYBOARD[max(row - 1, 1) : row + 2] if other != keys
            )
    return ""


def _replace(dice: _Dice, text: str, table: tuple[tuple[str, str], ...]) -> str:
    usable = [pair for left, right in table for pair in ((left, right), (right, left)) if pair[0] in text]
    if not usable:
        return text
    old, new = usable[dice.roll(len(usable))]
    return text.replace(old, new, 1)
