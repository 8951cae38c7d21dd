"""The model's answer for one pair in plain Python."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crmkit.matching._kinds._channels import EMAIL_LOCAL
from crmkit.matching._learning._causes import plan
from crmkit.matching._learning._model import NAME_GROUPS, NAMESAKES_UNSEEN, PERSON_NAMES
from crmkit.matching._settings._presets import MATCH, changed
from crmkit.matching.comparisons import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.matching._learning._model import MatchModel

    from ._query import Query

__all__ = ["Judge"]

_HIGHEST = 200.0
"""As ``ratio_of`` holds evidence."""


class Judge:
    """Weighs the explanations for one pair of records at a time.

    Attributes:
        model: Of the matcher.
        same: Log of m for each comparison and level.
        ratios: Log of m / u for each comparison and level.
        namesake: Log of u of e-mail addresses between people of one name, by level; ``None`` where it does not count.
    """

    def __init__(self, model: MatchModel) -> None:
        self.model = model
        comparisons = model.comparisons
        self.same = [_logs(model.errors[one.name].tolist()) for one in comparisons]
        self._apart = [_logs(model.chance[one.name].tolist()) for one in comparisons]
        self.ratios = [
            [a - b for a, b in zip(same, apart, strict=True)]
            for same, apart in zip(self.same, self._apart, strict=True)
        ]
        self._groups = model.groups
        place = {group: row for row, group in enumerate(model.groups)}
        self._group = [place[one.group] for one in comparisons]
        self._wide = [-1 if one.wide is None else place[one.wide] for one in comparisons]
        self._different = [KINDS[one.kind].different for one in comparisons]
        names = {one.name: k for k, one in enumerate(comparisons)}
        self._given, self._family = names.get("given", -1), names.get("family", -1)
        self._email = names.get("email", -1)
        table = model.namesake_email
        self.namesake = None if table is None else _logs(table.tolist())
        if min(self._email, self._given, self._family) < 0:
            self.namesake = None
        self._nested = [
            [k for k, one in enumerate(comparisons) if one.group == group and one.nested] for group in model.groups
        ]
        self._nested = [several for several in self._nested if len(several) > 1]
        self._plans = []
        for name, number in model.numbers.items():
            alone, depending = plan(model.rates[name], model.groups)
            rates = model.rates[name]
            self._plans.append(
                (
                    math.log(max(number, 1e-300)),
                    [(place[group], rates[group], 1.0 - rates[group]) for group in alone if rates[group] > 0.0],
                    [
                        (place[cause], rates[cause], [(place[g], rates[g], rates[changed(g)]) for g in several])
                        for cause, several in depending.items()
                    ],
                )
            )
        self._match = list(model.numbers).index(MATCH)
        self._kappa = math.log(model.kappa)
        self._name_groups = [[k for k, one in enumerate(comparisons) if one.group == group] for group in NAME_GROUPS]
        self._beside = None
        if {"given", "family"} <= {one.group for one in comparisons}:
            self._beside = [
                (k, EMAIL_LOCAL if one.kind == "email" else KINDS[one.kind].different)
                for k, one in enumerate(comparisons)
                if one.group not in PERSON_NAMES
            ]
        self._members = [
            [k for k, of in enumerate(self._group) if of == row and self._wide[k] < 0]
            for row in range(len(self._groups))
        ]
        """Comparisons of each group that nothing wider takes."""

    def prior(self, query: Query) -> float:
        """Return the log odds of a match and of chance before anything is compared."""
        return self._plans[self._match][0] + self._grown(query) - math.log(query.pairs)

    def _grown(self, query: Query) -> float:
        return math.log(query.records / self.model.n) if self.model.n else 0.0

    def judge(
        self, query: Query, levels: Sequence[int], rarity: Sequence[float], world: float, floor: float = -math.inf
    ) -> tuple[float, int]:
        """Return the log odds of a match and the position of the most probable explanation.

        A match that one rival alone holds under ``floor`` is weighed against no other: then what is returned is some
        number under the floor.
        """
        evidence = self._evidence(levels, rarity)
        ratio = [math.exp(value) if value < _HIGHEST else math.exp(_HIGHEST) for value in evidence]
        grown = self._grown(query)
        match = grown + self._predicted(self._match, ratio)
        chance = math.log(query.pairs) + world + self._agreeing_names(levels) * self._kappa
        if self._only_names(levels):
            chance = max(chance, match + NAMESAKES_UNSEEN)
        if match - chance < floor:
            return match - chance, len(self._plans)
        expected = []
        for place in range(len(self._plans)):
            found = match if place == self._match else grown + self._predicted(place, ratio)
            if match - found < floor:
                return match - found, place
            expected.append(found)
        expected.append(chance)
        others = [value for place, value in enumerate(expected) if place != self._match]
        peak = max(others)
        total = peak + math.log(sum([math.exp(value - peak) for value in others]))
        return match - total, expected.index(max(expected))

    def _predicted(self, place: int, ratio: Sequence[float]) -> float:
        """Return log of how many such pairs an explanation predicts, over what chance does."""
        number, alone, depending = self._plans[place]
        product = 1.0
        for row, rate, rest in alone:
            product *= rate * ratio[row] + rest
        for cause, rate, several in depending:
            same, apart = rate * ratio[cause], 1.0 - rate
            for row, with_, without in several:
                same *= with_ * ratio[row] + 1.0 - with_
                apart *= without * ratio[row] + 1.0 - without
            product *= same + apart
        if 1e-290 < product < 1e290:
            return number + math.log(product)
        return number + self._slow_log(alone, depending, ratio)

    @staticmethod
    def _slow_log(
        alone: Sequence[tuple[int, float, float]],
        depending: Sequence[tuple[int, float, Sequence[tuple[int, float, float]]]],
        ratio: Sequence[float],
    ) -> float:
        """Add logarithms where the product itself does not fit a double."""
        total = sum(math.log(rate * ratio[row] + rest) for row, rate, rest in alone)
        for cause, rate, several in depending:
            same, apart = rate * ratio[cause], 1.0 - rate
            known = math.log(same + apart)
            total += known
            for row, with_, without in several:
                same *= with_ * ratio[row] + 1.0 - with_
                apart *= without * ratio[row] + 1.0 - without
                total += math.log(same + apart) - known
                known = math.log(same + apart)
        return total

    def _evidence(self, levels: Sequence[int], rarity: Sequence[float]) -> list[float]:
        """Return log (e_same / e_different) of each group."""
        ratios = [
            0.0 if level < 0 else same[level] - rare if level == 0 or rare else ratio[level]
            for level, rare, same, ratio in zip(levels, rarity, self.same, self.ratios, strict=True)
        ]
        if self.namesake is not None and levels[self._given] == 0 and levels[self._family] == 0:
            level = levels[self._email]
            if level >= 0:
                ratio = self.same[self._email][level] - self.namesake[level]
                ratios[self._email] = min(ratio, ratios[self._email]) if level == 0 else ratio
        for nested in self._nested:
            exact = [k for k in nested if levels[k] == 0]
            if len(exact) > 1:
                rarest = min(exact, key=rarity.__getitem__)
                for k in exact:
                    if k != rarest:
                        ratios[k] = self.same[k][0]
        result = [0.0] * len(self._groups)
        narrow: dict[int, bool] = {}
        for k, level in enumerate(levels):
            if level < 0:
                continue
            row = self._group[k]
            if self._wide[k] >= 0:
                if row not in narrow:
                    narrow[row] = any(
                        levels[other] >= 0 and levels[other] != self._different[other] for other in self._members[row]
                    )
                if not narrow[row]:
                    row = self._wide[k]
            result[row] += ratios[k]
        return result

    def _agreeing_names(self, levels: Sequence[int]) -> int:
        count = 0
        for several in self._name_groups:
            if any(levels[k] == 0 for k in several):
                count += 1
        return max(count - 1, 0)

    def _only_names(self, levels: Sequence[int]) -> bool:
        if self._beside is None:
            return False
        return all(not 0 <= levels[k] < worst for k, worst in self._beside)


def _logs(values: Sequence[float]) -> list[float]:
    return [math.log(value) for value in values]
