"""Which records repeat a person, and what happened to each of them on the way into the file.

A record is a row of codes (:mod:`._people`). What changes a fact (married, moved, new job) changes
codes here; what changes its spelling (a typo, a nickname, a format) sets a bit that rendering obeys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from crmkit.errors import NotFoundError

from ._people import ADDRESS, WORLDS, address, mailboxes, phones
from ._worlds import world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ._draws import Draws
    from ._people import Codes, Population

__all__ = ["CAUSES", "Causes", "records_of", "repeated"]

# what can happen to a duplicate, with its weight
_WEIGHTS = {
    "given_typo": 8, "family_typo": 9, "street_typo": 8, "email_typo": 6, "phone_typo": 6, "birth_typo": 5,
    "birth_swap": 3, "nickname": 10, "initial": 6, "swap": 4, "romanized": 2, "case": 9, "whitespace": 7, "married": 4,
    "moved": 8, "new_job": 8, "new_email": 3, "new_phone": 3, "short_company": 6, "company_typo": 4,
}  # fmt: skip
CAUSES = tuple(_WEIGHTS)
# who moves, marries, and changes job, number and address at once cannot be known again by anybody: at most two of them
_EVENTS = ("married", "moved", "new_job", "new_email", "new_phone")
_BIT = {cause: np.int64(1 << position) for position, cause in enumerate(CAUSES)}


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Causes:
    """What was done to each record, by row; nothing for a record that was not altered.

    Example:
        >>> causes = Causes(names=("typo", "moved"), bits=np.array([0, 2]))
        >>> causes[1], causes.counts()
        (('moved',), {'typo': 0, 'moved': 1})

    .. versionadded:: 0.1.0
    """

    names: tuple[str, ...]
    bits: NDArray[np.int64]

    def __getitem__(self, row: int) -> tuple[str, ...]:
        return tuple(cause for at, cause in enumerate(self.names) if int(self.bits[row]) >> at & 1)

    def __len__(self) -> int:
        return len(self.bits)

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        return (self[row] for row in range(len(self)))

    def __repr__(self) -> str:
        return f"Causes({np.count_nonzero(self.bits)} of {len(self)} records altered)"

    def rows(self, cause: str) -> NDArray[np.int64]:
        """Return the rows that ``cause`` happened to."""
        if cause not in self.names:
            raise NotFoundError.of("cause", cause, self.names)
        return np.flatnonzero(self.bits >> self.names.index(cause) & 1)

    def counts(self) -> dict[str, int]:
        """Count the rows by cause."""
        return {cause: int(np.count_nonzero(self.bits >> at & 1)) for at, cause in enumerate(self.names)}


def records_of(
    draws: Draws, population: Population, n: int, *, fiction: bool
) -> tuple[Codes, NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Write every person down once and some of them again.

    Returns:
        The codes of ``n`` records in random order, the person and the causes of each, and how badly it was treated:
        0 for an original, 1 lightly, 2 medium, 3 heavily.
    """
    persons = len(population.persons["world"])
    who = np.concatenate([np.arange(persons), repeated(draws, persons, n - persons, (70, 19, 8, 3))])
    order = draws.order(n)
    who = who[order]
    rows = np.flatnonzero(order >= persons)
    codes = {field: values[who] for field, values in population.persons.items() if field != "father"}
    severity = np.zeros(n, dtype=np.int64)
    severity[rows] = 1 + draws.weighted((50, 35, 15), len(rows))
    bits = np.zeros(n, dtype=np.int64)
    bits[rows] = _happenings(draws, severity[rows])
    _apply_facts(draws, codes, population.companies, bits, fiction=fiction)
    codes["serial"] = mailboxes(codes, who)
    return codes, who, bits, severity


def repeated(draws: Draws, parties: int, count: int, weights: tuple[int, ...]) -> NDArray[np.int64]:
    """Draw ``count`` repetitions of parties; ``weights`` are those of being repeated once, twice, and so on."""
    if count <= 0:
        return np.zeros(0, dtype=np.int64)
    chosen = draws.order(parties)[:count]
    times = 1 + draws.weighted(weights, len(chosen))
    return np.tile(np.repeat(chosen, times), count // max(len(chosen), 1) + 1)[:count]


def _happenings(draws: Draws, severity: NDArray[np.int64]) -> NDArray[np.int64]:
    n = len(severity)
    # a light case suffers one happening, a medium one two or three, a heavy one four or five
    count = np.where(severity == 1, 1, np.where(severity == 2, 2 + draws.below(2, n), 4 + draws.below(2, n)))
    bits, events = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    mask = sum(_BIT[cause] for cause in _EVENTS)
    weights = tuple(_WEIGHTS.values())
    for step in range(5):
        drawn = np.int64(1) << draws.weighted(weights, n)
        event = (drawn & mask) > 0
        drawn = np.where(event & (events >= 2), _BIT["case"], drawn)
        events += event
        bits |= np.where(count > step, drawn, 0)
    return bits


def _apply_facts(draws: Draws, codes: Codes, companies: Codes, bits: NDArray[np.int64], *, fiction: bool) -> None:
    _fit_to_world(codes, bits)
    # who is renamed, moves or changes jobs
    codes["mail_family"] = codes["family"].copy()
    rows = np.flatnonzero(bits & _BIT["married"])
    for number, code in enumerate(WORLDS):
        here = rows[codes["world"][rows] == number]
        codes["family"][here] = draws.weighted(world(code).family_weights, len(here))
    renamed = rows[draws.chance(0.5, len(rows))]  # the others keep the address with the maiden name
    codes["mail_family"][renamed] = codes["family"][renamed]

    rows = np.flatnonzero(bits & _BIT["moved"])
    new = address(draws, codes["world"][rows])
    local = draws.chance(0.4, len(rows))  # within the city
    for field in (*ADDRESS, "country"):
        stays = local & (field in ("place", "country"))
        codes[field][rows] = np.where(stays, codes[field][rows], new[field])

    rows = np.flatnonzero(bits & _BIT["new_job"])
    span = np.bincount(companies["world"], minlength=len(WORLDS))
    first = np.concatenate([[0], np.cumsum(span)])
    firm = first[codes["world"][rows]] + draws.below(span[codes["world"][rows]], len(rows))
    at_work = codes["mail_at"][rows] >= 0
    codes["mail_at"][rows] = np.where(at_work, firm, codes["mail_at"][rows])
    codes["pattern"][rows] = np.where(at_work, companies["pattern"][firm], codes["pattern"][rows])
    codes["company"][rows] = firm
    for number, code in enumerate(WORLDS):
        here = rows[codes["world"][rows] == number]
        codes["job"][here] = draws.below(len(world(code).jobs), len(here))

    rows = np.flatnonzero(bits & _BIT["new_email"])
    to_work = draws.chance(0.5, len(rows))
    firm = codes["company"][rows]
    free = -1 - codes["free"][rows]
    other = np.where(codes["mail_at"][rows] >= 0, free, np.where(to_work, firm, free))
    codes["mail_at"][rows] = other
    codes["pattern"][rows] = np.where(
        other >= 0, companies["pattern"][firm], draws.weighted((22, 12, 16, 6, 20, 6, 10, 8), len(rows))
    )
    codes["handle"][rows] = np.where(
        draws.chance(0.5, len(rows)), draws.below(10_000, len(rows)), codes["handle"][rows]
    )

    rows = np.flatnonzero(bits & _BIT["new_phone"])
    part = {field: codes[field][rows] for field in ("world", "place", "country")}
    codes["phone"][rows] = phones(draws, part, landline_share=0.35, fiction=fiction)
    codes["phone_country"][rows] = part["country"]


def _fit_to_world(codes: Codes, bits: NDArray[np.int64]) -> None:
    """Exchange what cannot happen to a record for what can, so that its number of causes stays."""
    chinese = codes["world"] == WORLDS.index("zh")
    latin = ~chinese & (codes["world"] != WORLDS.index("bg"))
    for cause, impossible, instead in (
        ("romanized", latin, "family_typo"),
        ("nickname", chinese, "street_typo"),
        ("initial", chinese, "romanized"),
        ("case", chinese, "whitespace"),
        ("married", (codes["woman"] == 0) | chinese, "moved"),
        ("nickname", ~chinese & ~_has_nickname(codes), "given_typo"),
    ):
        hit = impossible & ((bits & _BIT[cause]) > 0)
        bits[hit] = bits[hit] & ~_BIT[cause] | _BIT[instead]


def _has_nickname(codes: Codes) -> NDArray[np.bool_]:
    out = np.zeros(len(codes["world"]), dtype=bool)
    for number, code in enumerate(WORLDS):
        rows = np.flatnonzero(codes["world"] == number)
        known = np.array([name in world(code).nicknames for name in world(code).given])
        out[rows] = known[codes["given"][rows]]
    return out
