"""Learn a match model from candidate pairs without labels: expectation maximization on patterns of levels.

Chance is computed; what is learned is how many pairs each explanation has, how often it shares each group's cause
(rho), and how a shared cause looks in the data (m). Every limit that the data pushed against is reported.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

import attrs
import numpy as np

from crmkit.matching._kinds._channels import EMAIL_DIFFERENT
from crmkit.matching._pairs._levels import PairLevels, compare_pairs
from crmkit.matching._pairs._sampling import chance_tables, compress, sample_candidates
from crmkit.matching._settings._presets import DEPENDS, MATCH, Rate, changed
from crmkit.matching.comparisons import KINDS

from ._causes import sharing
from ._correction import features, fit_correction
from ._model import (
    MatchModel,
    filled_groups,
    group_evidence,
    log_different,
    log_expected,
    memberships,
    posterior,
    ratio_of,
    starting_tables,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from crmkit.matching._labelling._labels import KnownPairs
    from crmkit.matching._pairs._blocking import Candidates
    from crmkit.matching._reading._encode import Encoded
    from crmkit.matching._settings._presets import Explanation

    from ._model import FloatArray, Memberships

__all__ = ["Estimate", "compress", "estimate", "sample_candidates"]

_log = logging.getLogger("crmkit.matching")

_LEAST_STEPS, _MOST_STEPS = 9, 60
_TEACHERS = frozenset({MATCH})
"""Explanations that error tables are learned from. The others would teach what is not theirs: colleagues who live in
one city look like people whose addresses are badly mistyped."""

_LABEL_WEIGHT = 1.0
"""A labelled pair counts as the one pair it is; what it says about pairs like it is for the correction."""

_TELLING, _HARDLY = 0.7, 0.15
"""A group tells an explanation from a match if the match shares it so often and the explanation so seldom."""

_PRIOR_RATE = 20.0
_PRIOR_ERRORS = 20.0
_PRIOR_NAMESAKES = 50.0


_NEVER = Rate(0.0)


@attrs.frozen(eq=False)
class Estimate:
    """A learned model and what is to be said about the learning."""

    model: MatchModel
    steps: int
    converged: bool
    notes: tuple[str, ...]


def estimate(
    encoded: Encoded,
    candidates: Candidates,
    explanations: Sequence[Explanation],
    *,
    seed: int = 0,
    known: KnownPairs | None = None,
) -> Estimate:
    """Fit the model to candidate pairs, and to what people said about some of them.

    A labelled pair is a pattern of its own whose match is not estimated; afterwards the labels correct the log odds.

    Note:
        Deterministic for a seed. O(patterns x explanations x groups) a step, some ten to sixty steps.
    """
    positions, weights = sample_candidates(candidates, encoded.contents, seed=seed)
    pairs = compare_pairs(encoded, candidates.left[positions], candidates.right[positions])
    pairs, weights = compress(pairs, weights)
    chance = chance_tables(encoded, seed=seed + 1)
    if known is None or not len(known):
        return fit_patterns(encoded, pairs, weights, explanations, chance)
    labelled = compare_pairs(encoded, known.left, known.right)
    answers = np.where(known.match, 1, -1).astype(np.int8)
    together = np.concatenate([np.zeros(pairs.size, dtype=np.int8), answers])
    weights = np.concatenate([weights, np.full(len(known), _LABEL_WEIGHT)])
    found = fit_patterns(encoded, pairs.joined(labelled), weights, explanations, chance, answers=together)
    columns = features(found.model, labelled, log_expected(found.model, labelled))
    correction = fit_correction(columns, posterior(found.model, labelled).log_odds, known.match)
    return attrs.evolve(found, model=attrs.evolve(found.model, correction=correction))


def fit_patterns(
    encoded: Encoded,
    pairs: PairLevels,
    weights: FloatArray,
    explanations: Sequence[Explanation],
    chance: dict[str, FloatArray],
    *,
    answers: NDArray[np.int8] | None = None,
) -> Estimate:
    """Run expectation maximization on weighted patterns; ``answers`` fixes some: 1 a match, -1 none, 0 open."""
    groups = {comparison.group for comparison in encoded.comparisons}
    groups |= {comparison.wide for comparison in encoded.comparisons if comparison.wide is not None}
    possible = [one for one in explanations if one.name == MATCH or _is_possible(one, groups)]
    match = next(one for one in possible if one.name == MATCH)
    untold = [one for one in possible if one is not match and not _is_told(one, match, groups)]
    explanations = [one for one in possible if one not in untold]
    tied = {one.name: one for one in explanations if one.tied_to is not None and not _is_identifiable(groups)}
    least = _least_number(encoded.possible_pairs) if encoded.n else 1e-3
    size = encoded.effective or 1.0  # without records the model is for one, and grows with those that come
    numbers = {one.name: max(one.share * size, least) for one in explanations}
    if encoded.n == 0:  # no step will tie them
        numbers |= {one.name: one.tie * numbers[one.tied_to] for one in tied.values() if one.tied_to in numbers}
    model = MatchModel(
        comparisons=encoded.comparisons,
        n=size,
        pairs=encoded.possible_pairs,
        numbers=numbers,
        rates={one.name: _starts(one, groups) for one in explanations},
        errors={comparison.name: starting_tables(comparison) for comparison in encoded.comparisons},
        chance=chance,
        namesake_email=_namesake_prior() if {"email", "given", "family"} <= encoded.fields.keys() else None,
    )
    open_ = np.zeros(len(weights), dtype=np.int8) if answers is None else answers
    members = memberships(model, pairs)
    fitting = _Fitting(
        pairs=pairs,
        weights=weights,
        explanations=list(explanations),
        tied=tied,
        answers=open_,
        members=members,
        filled=filled_groups(members, pairs).astype(np.float64),
        namesakes=_share_of_namesakes(encoded),
    )
    step = 0
    converged = len(weights) == 0
    while not converged and step < _MOST_STEPS:
        step += 1
        updated = fitting.step(model)
        floor = 0.002 * max(encoded.effective, 1.0)
        moved = max(
            abs(updated.numbers[name] - number) / max(number, floor, 1e-9) for name, number in model.numbers.items()
        )
        model = updated
        converged = step >= _LEAST_STEPS and moved < 0.01
    notes = list(dict.fromkeys(fitting.limits_hit(model)))
    notes += [
        f"'{name}' cannot be told from a match without birth date and e-mail or id; its number is fixed at "
        f"{one.tie:g} times '{one.tied_to}'"
        for name, one in tied.items()
    ]
    notes += [
        f"{one.name!r} cannot be told from a match by the columns of this file and was left out" for one in untold
    ]
    if groups <= {"given", "family", "generation"}:
        notes.append("there is nothing but names to compare, and a name alone joins nobody")
    if encoded.n == 0:
        notes.append("there was no record to learn from; the model is the one that learning starts from")
    if not converged:
        notes.append(f"estimation stopped after {step} steps without settling")
    _log.info("fitted %d patterns in %d steps: %r", len(weights), step, model)
    return Estimate(model, step, converged, tuple(notes))


def _starts(explanation: Explanation, groups: set[str]) -> dict[str, float]:
    """Return the rates to start from, of the groups that the file has and of those whose cause it has too."""
    known = groups | {changed(group) for group, cause in DEPENDS.items() if {group, cause} <= groups}
    return {name: rate.start for name, rate in explanation.rates.items() if name in known}


def _least_number(pairs: float) -> float:
    """Pairs that every explanation is granted: one, or a twentieth of a tiny file's pairs."""
    return min(1.0, 0.05 * pairs)


def _is_possible(explanation: Explanation, groups: set[str]) -> bool:
    """Whether the file has a group that this explanation shares for sure; without one it only imitates chance."""
    needed = [group for group, rate in explanation.rates.items() if not rate.free and rate.start > 0.5]
    return all(group in groups for group in needed) and bool(groups - set(needed))


def _is_told(explanation: Explanation, match: Explanation, groups: set[str]) -> bool:
    """Whether the file has a group that a match shares and this explanation hardly ever does.

    Where people have nothing but an address, an equal address is one person, for who would say otherwise.
    """
    if explanation.tied_to is not None:
        return True
    return any(
        rate.start >= _TELLING and explanation.rates.get(group, _NEVER).start <= _HARDLY
        for group, rate in match.rates.items()
        if group in groups
    )


def _is_identifiable(groups: set[str]) -> bool:
    return "birth_date" in groups and bool(groups & {"email", "national_id"})


def _namesake_prior() -> FloatArray:
    return np.array([1e-5, 0.001, 0.001, 0.002, 1.0 - 0.00401])


def _share_of_namesakes(encoded: Encoded) -> float | None:
    """Return the share of the file's pairs that have one given and one family name by chance, ``None`` without names.

    Within each world given and family name are drawn apart from each other.
    """
    if not {"given", "family"} <= encoded.fields.keys():
        return None
    worlds = encoded.worlds
    share = worlds.sizes / max(len(worlds.codes), 1)
    agree = [worlds.same_values(encoded.fields[name]) for name in ("given", "family")]
    return float((share**2 * agree[0] * agree[1]).sum())


class _Counted(NamedTuple):
    """The pairs in which a comparison counts in a group, and its levels there."""

    group: int
    rows: NDArray[np.intp]
    levels: NDArray[np.int8]


@attrs.define(eq=False, kw_only=True)
class _Fitting:
    """One expectation-maximization problem: data, limits, priors, and what no step changes."""

    pairs: PairLevels
    weights: FloatArray
    explanations: list[Explanation]
    tied: dict[str, Explanation]
    answers: NDArray[np.int8]
    members: Memberships
    filled: FloatArray
    namesakes: float | None
    counted: list[list[_Counted]] = attrs.field(init=False)
    _apart: FloatArray | None = attrs.field(init=False, default=None)

    @counted.default
    def _levels_that_count(self) -> list[list[_Counted]]:
        found: list[list[_Counted]] = [[] for _ in self.pairs.levels]
        for place, comparisons in enumerate(self.members):
            for k, counted in comparisons:
                present = self.pairs.levels[k] >= 0
                rows = np.flatnonzero(present if counted is None else present & counted)
                found[k].append(_Counted(place, rows, self.pairs.levels[k][rows]))
        return found

    def step(self, model: MatchModel) -> MatchModel:
        """Return the model after one step."""
        self._apart = log_different(model, self.pairs, self._apart)
        ratio = ratio_of(group_evidence(model, self.pairs, self.members, self._apart))
        expected = log_expected(model, self.pairs, ratio)
        match = list(model.numbers).index(MATCH)
        others = np.arange(len(expected)) != match
        expected[np.ix_(others, self.answers > 0)] = -np.inf
        expected[match, self.answers < 0] = -np.inf
        expected -= expected.max(axis=0)
        share = np.exp(expected)
        share *= self.weights / share.sum(axis=0)
        least = _least_number(model.pairs)
        numbers = {name: max(float(share[row].sum()), least) for row, name in enumerate(model.numbers)}
        for name, one in self.tied.items():
            if one.tied_to in numbers:
                numbers[name] = max(one.tie * numbers[one.tied_to], 1e-3)
        place = {group: row for row, group in enumerate(model.groups)}
        rates: dict[str, dict[str, float]] = {}
        same = np.zeros((len(model.groups), len(self.weights)))
        for row, one in enumerate(self.explanations):
            rates[one.name] = dict(model.rates[one.name])
            for name, found in sharing(model.rates[one.name], model.groups, ratio).items():
                at = place[name.partition(",")[0]]
                shared = share[row] * found.same
                if one.name in _TEACHERS:
                    same[at] += shared
                old = model.rates[one.name][name]
                exposed = share[row] if isinstance(found.exposed, float) else share[row] * found.exposed
                rates[one.name][name] = _rate(one.rates[name], old, shared, exposed, self.filled[at])
        return attrs.evolve(
            model,
            numbers=numbers,
            rates=rates,
            errors=self._errors(model, same),
            kappa=self._kappa(model, share[-1]),
            namesake_email=self._namesake_email(model, share),
        )

    def _errors(self, model: MatchModel, same: FloatArray) -> dict[str, FloatArray]:
        tables = {}
        for comparison, several in zip(model.comparisons, self.counted, strict=True):
            kind = KINDS[comparison.kind]
            counts = np.zeros(len(kind.levels))
            for one in several:
                counts += np.bincount(one.levels, weights=same[one.group][one.rows], minlength=len(kind.levels))
            table = (counts + _PRIOR_ERRORS * starting_tables(comparison)) / (counts.sum() + _PRIOR_ERRORS)
            table = _limited(table, kind.different, kind.limit)
            if kind.opposed is not None:
                table = _limited(table, kind.opposed, kind.opposed_limit)
            tables[comparison.name] = table
        return tables

    def _kappa(self, model: MatchModel, by_chance: FloatArray) -> float:
        if self.namesakes is None:
            return 1.0
        names = [k for k, one in enumerate(model.comparisons) if one.name in {"given", "family"}]
        both = (self.pairs.levels[names] == 0).all(axis=0)
        return max(1.0, (float(by_chance[both].sum()) + 50.0) / (model.pairs * self.namesakes + 50.0))

    def _namesake_email(self, model: MatchModel, share: FloatArray) -> FloatArray | None:
        if model.namesake_email is None:
            return None
        position = {one.name: k for k, one in enumerate(model.comparisons)}
        levels = self.pairs.levels
        both = (levels[position["given"]] == 0) & (levels[position["family"]] == 0) & (levels[position["email"]] >= 0)
        others = self.weights[both] - share[list(model.numbers).index(MATCH)][both]
        counts = np.bincount(levels[position["email"]][both], weights=others, minlength=EMAIL_DIFFERENT + 1)
        table = counts + _PRIOR_NAMESAKES * _namesake_prior()
        return np.asarray(table / table.sum())

    def limits_hit(self, model: MatchModel) -> list[str]:
        """Say which limits the data pushed against: a sign of a file that breaks the model's assumptions."""
        notes = []
        for one in self.explanations:
            for group, rate in model.rates[one.name].items():
                limits = one.rates[group]
                if limits.free and (rate <= limits.least > 0.0 or rate >= limits.most < 1.0):
                    notes.append(f"the rate of '{group}' under '{one.name}' is at its limit {rate:g}")
        for comparison in model.comparisons:
            kind = KINDS[comparison.kind]
            if kind.limit is not None and model.errors[comparison.name][kind.different] >= kind.limit - 1e-9:
                notes.append(
                    f"the error table of '{comparison.name}' is at its limit {kind.limit:g} for different values"
                )
        return notes


def _rate(limits: Rate, old: float, shared: FloatArray, share: FloatArray, filled: FloatArray) -> float:
    if not limits.free:
        return old
    total, of = float(np.einsum("i,i", shared, filled)), float(np.einsum("i,i", share, filled))
    rate = (total + _PRIOR_RATE * limits.start) / (of + _PRIOR_RATE)
    return min(max(rate, limits.least), limits.most)


def _limited(table: FloatArray, different: int, limit: float | None) -> FloatArray:
    """Hold the share of "different" at ``limit`` and spread the rest in proportion."""
    table = np.maximum(table, 1e-7)
    table = table / table.sum()
    if limit is not None and table[different] > limit:
        scale = (1.0 - limit) / (1.0 - table[different])
        table = table * scale
        table[different] = limit
    return np.asarray(table)
