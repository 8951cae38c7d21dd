"""Drop the candidates whose odds cannot reach the floor, mostly after a few comparisons.

Every comparison gets a *worth* that its part in the log odds of a match cannot exceed, whatever the others say: what
chance and the rivals predict only lowers the odds, a group is worth at most what it is worth alone, and of the
comparisons of one group only what speaks for a match counts. A comparison that was not made yet counts as the best
that two different values can be. The sum is compared with the floor after each comparison.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crmkit.matching._kinds._channels import EMAIL_DIFFERENT, EMAIL_LOCAL
from crmkit.matching._kinds._people import GIVEN_HALF_SWAPPED, GIVEN_SWAPPED
from crmkit.matching._settings._presets import DEPENDS, MATCH, changed
from crmkit.matching.comparisons import KINDS

from ._far import Marks
from ._fields import NEW
from ._pairs import UNKNOWN
from ._state import part_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ._pairs import PairLeveler
    from ._posterior import Judge
    from ._query import Query, Step
    from ._state import State

    Arrays = Mapping[str, NDArray[np.generic]]

__all__ = ["Sieve"]

_HIGHEST = 200.0
"""As ``ratio_of`` holds evidence."""

_ROUNDING = 1e-6
"""How much a bound may be too low by rounding."""

_SLOW = frozenset({"street", "company", "organization", "text"})
"""Kinds that cost more to compare than the others."""


class Sieve:
    """Finds the candidates that are worth a full answer."""

    def __init__(self, judge: Judge, leveler: PairLeveler, state: State, arrays: Arrays) -> None:
        model = judge.model
        self._judge, self._leveler, self._state = judge, leveler, state
        self._email = next((k for k, one in enumerate(model.comparisons) if one.name == "email"), -1)
        groups = [one.group for one in model.comparisons]
        self._shares = [
            groups.count(one.group) > 1 or one.wide is not None or one.name == "domain" for one in model.comparisons
        ]
        """Whether something else may take the place of what a comparison says against a match."""
        match = model.rates[MATCH]
        self._rates = [
            [match[name] for name in _rates_of(one.group) if match.get(name, 0.0) > 0.0] for one in model.comparisons
        ]
        exchanged = {(leveler.given, GIVEN_SWAPPED), (leveler.given, GIVEN_HALF_SWAPPED)}  # these are let through
        self._worths = [self._of_levels(k) for k in range(len(model.comparisons))]
        """What each level is worth where it says nothing of a frequency."""
        self._best = [
            max([worth for level, worth in enumerate(worths) if level and (k, level) not in exchanged], default=0.0)
            for k, worths in enumerate(self._worths)
        ]
        for k in (leveler.given, leveler.family):
            if k >= 0:
                self._best[k] = max(self._best[k], 0.0)  # names of two scripts say nothing
        different = [KINDS[one.kind].different for one in model.comparisons]
        gains = [best - worths[level] for best, worths, level in zip(self._best, self._worths, different, strict=True)]
        cost = [0.4 if one.kind in _SLOW else 1.0 for one in model.comparisons]
        self._order = sorted(range(len(gains)), key=lambda k: -gains[k] * cost[k])
        """Comparisons that say most for what they cost come first."""
        self._simple = [None if k in leveler.several else simple for k, simple in enumerate(leveler.simple)]
        """What compares two values, where that says it all."""
        self._marks = [
            Marks(field, k, part, self._worths[k])
            if "marks" in (part := part_of(arrays, f"field/{field.comparison.name}")) and k not in leveler.several
            else None
            for k, field in enumerate(state.fields)
        ]

    def _of_levels(self, k: int) -> list[float]:
        judge = self._judge
        values = list(judge.ratios[k])
        if k == self._email:
            if judge.namesake is not None:
                same = judge.same[k]
                values = [max(value, a - b) for value, a, b in zip(values, same, judge.namesake, strict=True)]
            # The mailbox of a desk may come to say nothing, and that of a namesake to be another one.
            least = max(values[EMAIL_DIFFERENT], 0.0)
            values = [max(value, least) if level <= EMAIL_LOCAL else value for level, value in enumerate(values)]
        return [self._worth(k, value) for value in values]

    def _worth(self, k: int, evidence: float) -> float:
        """Return the most that evidence adds to the log odds of a match."""
        rates = self._rates[k]
        if not rates:
            return 0.0
        if self._shares[k]:
            return max(evidence, 0.0)
        ratio = math.exp(min(_HIGHEST, evidence))
        return max([math.log(rate * ratio + 1.0 - rate) if rate < 1.0 else evidence for rate in rates])

    def worth(self, k: int, level: int, rarity: float) -> float:
        """Return the most that a level adds to the log odds of a match."""
        if level > 0 and not rarity:
            return self._worths[k][level]
        # A ratio counts at most in full, whatever the rate.
        return max(self._judge.same[k][level] - rarity, 0.0) if level >= 0 else 0.0

    def plan(self, query: Query, world: float) -> tuple[float, list[Step]]:
        """Return what the sum begins with, and for each comparison of the record what it can be worth."""
        steps: list[Step] = []
        leveler = self._leveler
        for k in self._order:
            values = query.values[k]
            if not values:
                continue
            best, place = self._best[k], query.fields[k].place
            if isinstance(place, slice):
                best = max([best, *[self._of_any(query, k, value.code, world) for value in values]])
                steps.append((k, place, {(-1,) * (place.stop - place.start): 0.0}, best, None))
            else:
                code = values[0].code
                known: dict[object, float] = {-1: 0.0}
                if code != NEW:
                    known[code] = self.worth(k, 0, query.rarity_of(k, world))
                    if k == leveler.given and query.single_given:
                        known[code] = max(known[code], best)
                marks = self._marks[k]
                steps.append((k, place, known, best, None if marks is None else marks.of(query, values[0])))
        return self._judge.prior(query) - world, steps

    def _of_any(self, query: Query, k: int, code: int, world: float) -> float:
        level, rarity = self._leveler.any_equal(query, k, [code] * len(query.codes), world)
        return self.worth(k, level, rarity)

    def likely(self, query: Query, rows: Iterable[int], floor: float) -> Iterable[tuple[int, Sequence[int], float]]:
        """Yield row, codes and log share of the world of every candidate whose odds may reach the floor."""
        state, leveler, plans = self._state, self._leveler, query.plans
        least = floor - _ROUNDING
        named = leveler.named and query.first_codes[leveler.given] >= 0 and query.first_codes[leveler.family] >= 0
        for row in rows:
            codes = state.codes_of(row)
            is_near = query.world >= 0 and state.world_of(row) == query.world
            world = query.share if is_near else 0.0
            plan = plans[is_near]
            if plan is None:
                plan = plans[is_near] = self.plan(query, world)
            start, steps = plan
            total = start + sum([known.get(codes[place], best) for _, place, known, best, _ in steps])
            if total < least:
                continue
            if (named and leveler.is_exchanged(query, codes, state.whole_of(row))) or (
                self._reaches(least, total, query, codes, world, steps)
            ):
                yield row, codes, world

    def _reaches(
        self, least: float, total: float, query: Query, codes: Sequence[int], world: float, steps: Sequence[Step]
    ) -> bool:  # fmt: skip
        """Compare until the sum is under the least; say whether it never is."""
        for k, place, known, best, far in steps:
            key = codes[place]
            if key in known:
                continue
            worth = None
            if far is not None and key < far[4]:
                mark, needs, marks, sizes, _, table, own_key, worth_far, level, are_known, worth_known = far
                other = marks[key]
                if (
                    (mark & ~other).bit_count() >= needs[sizes[key]]
                    and other & ~mark
                    and (table is None or table[key] != own_key)
                ):
                    worth = worth_known if are_known is not None and are_known[key] else worth_far
                    if level:
                        query.memo[k][key] = (level, 0.0)
            if worth is None:
                simple = self._simple[k]
                if simple is None:
                    worth = self._compared(query, k, codes, world)
                else:
                    level = simple(query.values[k][0].text, query.fields[k].text(key))
                    query.memo[k][key] = (level, 0.0)
                    worth = self._worths[k][level] if level >= 0 else 0.0  # names of two scripts say nothing
            known[key] = worth
            total += worth - best
            if total < least:
                return False
        return self._email < 0 or total + self._of_namesake(query, codes) >= least

    def _of_namesake(self, query: Query, codes: Sequence[int]) -> float:
        """Return what is to be taken off where two addresses are alike because both are made of one name."""
        k = self._email
        if k in self._leveler.several or not query.values[k]:
            return 0.0
        level, _ = query.memo[k].get(codes[query.fields[k].columns[0]], (0, 0.0))
        if not level or self._leveler.email_level(query, codes, level) != EMAIL_DIFFERENT:
            return 0.0
        return self._worths[k][EMAIL_DIFFERENT] - self._worths[k][level]

    def _compared(self, query: Query, k: int, codes: Sequence[int], world: float) -> float:
        leveler = self._leveler
        level, rarity = UNKNOWN, 0.0
        if k in leveler.several:
            level, rarity = leveler.any_equal(query, k, codes, world)
        if level == UNKNOWN:
            level, rarity = leveler.unequal(query, k, codes, world)
        return self.worth(k, level, rarity)


def _rates_of(group: str) -> list[str]:
    """Return the names under which the rates of a group may stand."""
    return [group, changed(group)] if group in DEPENDS else [group]
