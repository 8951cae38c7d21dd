"""The model's answer for a handful of pairs: evidence in plain Python, and what all explanations make of it at once.

For so few pairs the calls into numpy cost a hundred times what they compute, so there are as few as can be.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from crmkit.matching._kinds._channels import EMAIL_LOCAL
from crmkit.matching._learning._causes import plan
from crmkit.matching._learning._model import NAME_GROUPS, NAMESAKES_UNSEEN, PERSON_NAMES
from crmkit.matching._settings._presets import MATCH, changed
from crmkit.matching.comparisons import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from crmkit.matching._learning._model import MatchModel

    from ._query import Query

    Pair = tuple[Sequence[int], Sequence[float], float]
    """Levels, log frequencies, and log share of the world that both are of."""

__all__ = ["Judge"]

_HIGHEST = 200.0
"""As ``ratio_of`` holds evidence."""

_DOUBLE = 600.0
"""Log of what products may be at most, so that with the numbers of pairs they still fit a double."""

_LOWEST = -745.0
"""Log of the smallest double."""

_UNSEEN = math.exp(NAMESAKES_UNSEEN)


class Judge:
    """Weighs the explanations for pairs of records.

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
        apart = [_logs(model.chance[one.name].tolist()) for one in comparisons]
        self.ratios = [
            [a - b for a, b in zip(one, other, strict=True)] for one, other in zip(self.same, apart, strict=True)
        ]
        self._terms = list(zip(self.same, self.ratios, strict=True))
        names = {one.name: k for k, one in enumerate(comparisons)}
        self._given, self._family = names.get("given", -1), names.get("family", -1)
        self._email = names.get("email", -1)
        table = model.namesake_email
        self.namesake = None if table is None else _logs(table.tolist())
        if min(self._email, self._given, self._family) < 0:
            self.namesake = None
        self._lay_groups()
        self._explanations = Explanations(model)
        self._kappa = math.log(model.kappa)
        self._name_groups = [[k for k, one in enumerate(comparisons) if one.group == group] for group in NAME_GROUPS]
        self._beside: list[tuple[int, int]] | None = None
        if {"given", "family"} <= {one.group for one in comparisons}:
            self._beside = [
                (k, EMAIL_LOCAL if one.kind == "email" else KINDS[one.kind].different)
                for k, one in enumerate(comparisons)
                if one.group not in PERSON_NAMES
            ]

    def _lay_groups(self) -> None:
        """Note which comparisons are a group of their own, and what is to be told apart in the others."""
        comparisons, groups = self.model.comparisons, self.model.groups
        self._size = len(groups)
        place = {group: row for row, group in enumerate(groups)}
        shared = {one.wide for one in comparisons}
        self._alone: list[tuple[int, int]] = []
        self._together: list[tuple[int, list[int], list[tuple[int, int]], list[tuple[int, int]]]] = []
        """Row of each other group; its members that are nested; those that always count in it, with the level that
        says *different*; and those that count in the row of a wider one where none of them agrees."""
        for row, group in enumerate(groups):
            members = [k for k, one in enumerate(comparisons) if one.group == group]
            if len(members) == 1 and group not in shared and comparisons[members[0]].wide is None:
                self._alone.append((row, members[0]))
                continue
            nested = [k for k in members if comparisons[k].nested]
            narrow = [(k, KINDS[comparisons[k].kind].different) for k in members if comparisons[k].wide is None]
            wide = [(k, place[one]) for k in members if (one := comparisons[k].wide) is not None]
            if members:
                self._together.append((row, nested if len(nested) > 1 else [], narrow, wide))

    def prior(self, query: Query) -> float:
        """Return the log odds of a match and of chance before anything is compared."""
        number = self.model.numbers[MATCH]
        return math.log(max(number, 1e-300) * self._grown(query) / query.pairs)

    def _grown(self, query: Query) -> float:
        return query.records / self.model.n if self.model.n else 1.0

    def judge(self, query: Query, pairs: Sequence[Pair], floor: float) -> list[tuple[float, int]]:
        """Return for each pair the log odds of a match and the position of the most probable explanation.

        A match that chance alone holds under ``floor`` is weighed against no other: then what is returned is some
        number under the floor.
        """
        explanations, grown = self._explanations, self._grown(query)
        found, open_, evidence, chances = [], [], [], []
        for place, (levels, rarity, share) in enumerate(pairs):
            ratios = self._evidence(levels, rarity)
            if max(ratios) > explanations.limit or min(ratios) < -explanations.limit:
                found.append(self._held(query, levels, share, explanations.logs(ratios, grown)))
                continue
            match = explanations.match_number(ratios) * grown
            chance = query.pairs * math.exp(share + self._agreeing_names(levels) * self._kappa)
            if self._only_names(levels):
                chance = max(chance, match * _UNSEEN)
            odds = math.log(match / chance) if match else _LOWEST
            found.append((odds, len(self.model.numbers)))
            if odds >= floor:
                open_.append(place)
                evidence.append(ratios)
                chances.append(chance)
        if not open_:
            return found
        for place, numbers, chance in zip(open_, explanations.expected(evidence, grown), chances, strict=True):
            match = numbers[explanations.match]
            numbers.append(chance)
            position = numbers.index(max(numbers))
            numbers[explanations.match] = 0.0
            found[place] = math.log(match / sum(numbers)), position
        return found

    def _held(
        self, query: Query, levels: Sequence[int], share: float, logs: list[float]
    ) -> tuple[float, int]:  # fmt: skip
        """Return what ``judge`` does for one pair, by logarithms."""
        match = logs[self._explanations.match]
        chance = math.log(query.pairs) + share + self._agreeing_names(levels) * self._kappa
        if self._only_names(levels):
            chance = max(chance, match + NAMESAKES_UNSEEN)
        logs.append(chance)
        position = logs.index(max(logs))
        logs[self._explanations.match] = -math.inf
        peak = max(logs)
        return match - peak - math.log(sum([math.exp(one - peak) for one in logs])), position

    def _evidence(self, levels: Sequence[int], rarity: Sequence[float]) -> list[float]:
        """Return log (e_same / e_different) of each group."""
        ratios = [
            0.0 if level < 0 else same[level] - rare if level == 0 or rare else ratio[level]
            for level, rare, (same, ratio) in zip(levels, rarity, self._terms, strict=True)
        ]
        if self.namesake is not None and levels[self._given] == 0 and levels[self._family] == 0:
            level = levels[self._email]
            if level >= 0:
                among = self.same[self._email][level] - self.namesake[level]
                ratios[self._email] = min(among, ratios[self._email]) if level == 0 else among
        result = [0.0] * self._size
        for row, k in self._alone:
            result[row] = ratios[k]
        for row, nested, narrow, wide in self._together:
            exact = [k for k in nested if levels[k] == 0]
            if len(exact) > 1:
                rarest = min(exact, key=rarity.__getitem__)
                for k in exact:
                    if k != rarest:
                        ratios[k] = self.same[k][0]
            agrees = False
            for k, different in narrow:
                result[row] += ratios[k]
                if -1 < levels[k] != different:
                    agrees = True
            for k, wider in wide:
                result[row if agrees else wider] += ratios[k]
        return result

    def _agreeing_names(self, levels: Sequence[int]) -> int:
        count = -1
        for several in self._name_groups:
            for k in several:
                if levels[k] == 0:
                    count += 1
                    break
        return max(count, 0)

    def _only_names(self, levels: Sequence[int]) -> bool:
        if self._beside is None:
            return False
        for k, worst in self._beside:  # noqa: SIM110  # all() over a generator costs twice as much
            if -1 < levels[k] < worst:
                return False
        return True


class Explanations:
    """How many pairs like one each explanation predicts, over what chance does.

    An explanation is a product over groups, and a cause that others depend on a sum of two products, with it and
    without: each product is a row, so that one multiplication gives them all.
    """

    def __init__(self, model: MatchModel) -> None:
        place = {group: row for row, group in enumerate(model.groups)}
        self.match = list(model.numbers).index(MATCH)
        self._numbers = [max(number, 1e-300) for number in model.numbers.values()]
        rows: list[dict[int, tuple[float, float]]] = []
        mixed: list[dict[int, tuple[float, float]]] = []
        self._causes: list[tuple[int, int]] = []
        """Explanation and row of what it says with a cause; in the row behind stands what it says without."""
        for position, name in enumerate(model.numbers):
            rates = model.rates[name]
            alone, depending = plan(rates, model.groups)
            rows.append({place[group]: (rates[group], 1.0 - rates[group]) for group in alone if rates[group] > 0.0})
            for cause, several in depending.items():
                rate = rates[cause]
                self._causes.append((position, len(model.numbers) + len(mixed)))
                mixed.append({place[cause]: (rate, 0.0), **{place[g]: (rates[g], 1.0 - rates[g]) for g in several}})
                without = {place[g]: (rates[changed(g)], 1.0 - rates[changed(g)]) for g in several}
                mixed.append({place[cause]: (0.0, 1.0 - rate), **without})
        self._rows = [*rows, *mixed]
        shape = len(self._rows), len(place)
        self._slope: NDArray[np.float64] = np.zeros(shape)
        self._constant: NDArray[np.float64] = np.ones(shape)
        for row, terms in enumerate(self._rows):
            for group, (slope, constant) in terms.items():
                self._slope[row, group], self._constant[row, group] = slope, constant
        self.limit = _DOUBLE / len(place)
        """Up to which evidence of each group for or against one cause products fit a double."""
        self._alone = [(group, *terms) for group, terms in self._rows[self.match].items()]
        self._mixed = [
            [[(group, *terms) for group, terms in self._rows[row + part].items()] for part in (0, 1)]
            for position, row in self._causes
            if position == self.match
        ]

    def match_number(self, evidence: Sequence[float]) -> float:
        """Return the number of matches among pairs like one, in a file of the size that the model was learned from."""
        ratio = [math.exp(value) for value in evidence]
        number = self._numbers[self.match]
        for group, slope, constant in self._alone:
            number *= slope * ratio[group] + constant
        for products in self._mixed:
            total = 0.0
            for terms in products:
                product = 1.0
                for group, slope, constant in terms:
                    product *= slope * ratio[group] + constant
                total += product
            number *= total
        return number

    def expected(self, evidence: Sequence[Sequence[float]], grown: float) -> list[list[float]]:
        """Return for each pair the number of every explanation.

        Args:
            evidence: For each pair the log ratio of each group, none over the limit.
            grown: How much larger the file is than the one that the model was learned from.
        """
        factors = np.exp(np.array(evidence))[:, None, :] * self._slope
        factors += self._constant
        products: list[list[float]] = np.multiply.reduce(factors, axis=2).tolist()
        found = []
        for one in products:
            numbers = [number * grown * value for number, value in zip(self._numbers, one, strict=False)]
            for position, row in self._causes:
                numbers[position] *= one[row] + one[row + 1]
            found.append(numbers)
        return found

    def logs(self, evidence: Sequence[float], grown: float) -> list[float]:
        """Return the logarithms of what ``expected`` gives for one pair."""
        ratio = [math.exp(min(value, _HIGHEST)) for value in evidence]
        rows = [
            sum(_log(slope * ratio[group] + constant) for group, (slope, constant) in terms.items())
            for terms in self._rows
        ]
        numbers = [math.log(number * grown) + row for number, row in zip(self._numbers, rows, strict=False)]
        for position, row in self._causes:
            peak = max(rows[row], rows[row + 1])
            numbers[position] += peak + math.log(math.exp(rows[row] - peak) + math.exp(rows[row + 1] - peak))
        return numbers


def _logs(values: Iterable[float]) -> list[float]:
    return [math.log(value) for value in values]


def _log(value: float) -> float:
    return math.log(value) if value > 0.0 else _LOWEST
