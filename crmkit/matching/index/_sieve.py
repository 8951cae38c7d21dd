"""Drop the candidates whose odds cannot reach the floor, mostly after a few comparisons.

Every comparison gets a *worth* that its part in the log odds of a match cannot exceed, whatever the others say: what
chance and the rivals predict only lowers the odds, a group is worth at most what it is worth alone, and of the
comparisons of one group only what speaks for a match counts. A comparison that was not made yet counts as the best
that two different values can be. The sum is compared with the floor after each comparison.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from crmkit.matching._kinds._channels import EMAIL_DIFFERENT, EMAIL_LOCAL
from crmkit.matching._kinds._people import GIVEN_HALF_SWAPPED, GIVEN_INITIAL, GIVEN_SWAPPED
from crmkit.matching._settings._presets import DEPENDS, MATCH, changed
from crmkit.matching.comparisons import KINDS

from ._far import Marks
from ._fields import NEW
from ._query import LEVEL_ALONE, MISSING, MOST, MOST_WORLDS
from ._vocabulary import part_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ._fields import Value
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
        self._nest = [-1] * len(groups)
        """For each comparison of whose group only the rarest equal value counts, the number of the group."""
        for number, group in enumerate(dict.fromkeys(groups)):
            nested = [k for k, one in enumerate(model.comparisons) if one.group == group and one.nested]
            for k in nested if len(nested) > 1 else ():
                if k not in leveler.several and judge.same[k][0] <= 0.0:
                    self._nest[k] = number
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

    def plan(self, query: Query, share: float) -> list[Step]:
        """Return what is known of each comparison of the record, for candidates of a world with this log share."""
        steps: list[Step] = []
        leveler = self._leveler
        for k in self._order:
            values = query.values[k]
            if not values:
                continue
            field, best = query.fields[k], self._best[k]
            place = field.place
            if k in leveler.several:
                missing = (-1,) * len(field.columns)
                best = max([best, *[self._if_equal(query, k, value, share)[0] for value in values]])
                steps.append((k, place, {missing: 0.0}, best, {missing: MISSING}))
                continue
            value, of_world = query.fresh(k, values[0]), share if field.is_local else 0.0
            step = value.steps.get(of_world)
            if step is None or len(step[2]) > MOST:
                if len(value.steps) > MOST_WORLDS:
                    value.steps.clear()
                step = value.steps[of_world] = self._step(query, k, value, of_world)
            steps.append(step)
        return steps

    def _step(self, query: Query, k: int, value: Value, share: float) -> Step:
        """Return what is known of a comparison of one column, for candidates of a world with this log share."""
        code, best = value.code, self._best[k]
        worths: dict[Any, float] = {-1: 0.0}
        levels: dict[Any, tuple[int, float]] = {-1: MISSING}
        if code != NEW:
            if k == self._leveler.given and query.single_given:
                worths[code] = max(best, self._worths[k][0])
                levels[code] = LEVEL_ALONE[GIVEN_INITIAL]
            else:
                worths[code], rare = self._if_equal(query, k, value, share)
                levels[code] = 0, rare
        return k, query.fields[k].place, worths, best, levels

    def _if_equal(self, query: Query, k: int, value: Value, share: float) -> tuple[float, float]:
        """Return what an equal value is worth, and its log frequency in the world."""
        rare = query.fresh(k, value).rarity
        if share and query.fields[k].is_local:
            rare = min(rare - share, 0.0)
        return max(self._judge.same[k][0] - rare, 0.0), rare

    def likely(
        self, query: Query, rows: Iterable[int], floor: float
    ) -> list[tuple[int, list[int], list[float], float]]:
        """Return the candidates whose odds may reach the floor.

        Returns:
            Row, levels, log frequencies, and log share of the world that both are of, of each.
        """
        near: list[tuple[int, Sequence[int]]] = []
        others: list[tuple[int, Sequence[int]]] = []
        record_of, world = self._state.record_of, query.world
        for row in rows:
            record = record_of(row)
            (near if record[-1] == world >= 0 else others).append((row, record))
        found: list[tuple[int, list[int], list[float], float]] = []
        if near:
            self._sift(query, near, query.share, floor, found)
        if others:
            self._sift(query, others, 0.0, floor, found)
        return found

    def _sift(
        self, query: Query, candidates: Iterable[tuple[int, Sequence[int]]], share: float, floor: float,
        found: list[tuple[int, list[int], list[float], float]],
    ) -> None:  # fmt: skip
        """Put those of one world, whose log share this is, into ``found``."""
        steps, leveler = self.plan(query, share), self._leveler
        start = self._judge.prior(query) - share
        least = floor - _ROUNDING
        for row, record in candidates:
            total = start + sum([worths.get(record[place], best) for _, place, worths, best, _ in steps])
            if (total < least or not self._reaches(least, total, query, record, share, steps)) and not (
                query.may_be_exchanged and leveler.is_exchanged(query, record)
            ):
                continue
            levels, rarity = leveler.levels(query, steps, record, share)
            found.append((row, levels, rarity, share))

    def _reaches(
        self, least: float, total: float, query: Query, record: Sequence[int], share: float, steps: Sequence[Step]
    ) -> bool:  # fmt: skip
        """Compare until the sum is under the least; say whether it never is."""
        for step in steps:
            _, place, worths, best, _ = step
            key = record[place]
            if key in worths:
                continue
            worth = worths[key] = self._worth_of(query, step, key, share)
            total += worth - best
            if total < least:
                return False
        total -= self._counted_twice(query, record, steps)
        return total >= least and (self._email < 0 or total + self._of_namesake(query, record, steps) >= least)

    def _counted_twice(self, query: Query, record: Sequence[int], steps: Sequence[Step]) -> float:
        """Return what equal values are worth that others of their group imply: only the rarest counts."""
        most: dict[int, float] = {}
        total = 0.0
        for k, place, worths, _, _ in steps:
            nest = self._nest[k]
            if nest >= 0 and (code := record[place]) == query.codes[place] and code >= 0:
                worth = worths[code]
                total += worth
                if worth > most.get(nest, 0.0):
                    most[nest] = worth
        return total - sum(most.values())

    def _worth_of(self, query: Query, step: Step, key: Any, share: float) -> float:
        """Return what a value is worth that was not met yet."""
        k, _, _, _, levels = step
        leveler, marks = self._leveler, self._marks[k]
        if marks is not None and (far := marks.of(query, query.values[k][0])) is not None:
            worth = far.worth(key)
            if worth is not None:
                if far.level:
                    levels[key] = LEVEL_ALONE[far.level]
                return worth
        simple = leveler.simple[k]
        if simple is not None:
            level = simple(query.values[k][0].text, query.fields[k].text(key))
            levels[key] = LEVEL_ALONE[level]
            return self._worths[k][level] if level >= 0 else 0.0  # names of two scripts say nothing
        level, rare = levels[key] = leveler.compare(query, k, key, share)
        return self.worth(k, level, rare if level == 0 else leveler.in_world(k, rare, share))

    def _of_namesake(self, query: Query, record: Sequence[int], steps: Sequence[Step]) -> float:
        """Return what is to be taken off where two addresses are alike because both are made of one name."""
        k = self._email
        if k in self._leveler.several:
            return 0.0
        for step in steps:
            if step[0] == k:
                level, _ = step[4].get(record[step[1]], MISSING)
                if 0 < level < EMAIL_DIFFERENT and self._leveler.email_level(query, record, level) == EMAIL_DIFFERENT:
                    return self._worths[k][EMAIL_DIFFERENT] - self._worths[k][level]
        return 0.0


def _rates_of(group: str) -> list[str]:
    """Return the names under which the rates of a group may stand."""
    return [group, changed(group)] if group in DEPENDS else [group]
