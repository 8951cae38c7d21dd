"""Why two records are one party, or are not: a waterfall of match weights, then the rival explanations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from crmkit import _notebook
from crmkit.matching._decisions._scoring import probability
from crmkit.matching._kinds._people import GIVEN_SWAPPED
from crmkit.matching._learning._causes import log_ratios
from crmkit.matching._learning._model import group_evidence, log_expected, memberships, posterior, ratio_of
from crmkit.matching._pairs._levels import compare_pairs
from crmkit.matching._settings._presets import CHANCE, MATCH, explanation_texts
from crmkit.matching.comparisons import KINDS

if TYPE_CHECKING:
    from collections.abc import Container

    from crmkit.matching._learning._model import FloatArray, MatchModel
    from crmkit.matching._pairs._levels import PairLevels
    from crmkit.matching._reading._encode import Encoded

__all__ = ["UNCOUNTED", "EvidenceStep", "PairExplanation", "explain_levels", "explain_pair"]

_SAID_BY_EMAIL = "that of the e-mail address"
UNCOUNTED = frozenset({"missing", "not counted", _SAID_BY_EMAIL})
"""What stands for a level where a comparison is no evidence."""

_LN2 = float(np.log(2.0))
_DOUBT = 0.1
"""Match probability from which to 1 less it a sentence says how sure it is."""

_WIDTH = 240
"""Pixels of the waterfall in a notebook."""


@attrs.frozen(kw_only=True)
class EvidenceStep:
    """One bar of the waterfall.

    Attributes:
        name: Group of comparisons, or ``prior`` and ``rival explanations``.
        weight: Match weight in bits that it adds.
        levels: For each comparison of the group its level in words.

    .. versionadded:: 0.1.0
    """

    name: str
    weight: float
    levels: tuple[tuple[str, str], ...] = ()


@attrs.frozen(kw_only=True, repr=False)
class PairExplanation:
    """The evidence for and against two records being one party; holds no value out of the records.

    Attributes:
        left: Record id.
        right: Record id.
        steps: The waterfall; the weights add up to ``match_weight``.
        match_weight: Log2 odds.
        match_probability: The same as a probability.
        explanations: Probability of every explanation; they add up to 1, and that of ``match`` is
            ``match_probability``.
        text: The most probable explanation as a sentence; under one half that of the most probable rival.

    .. versionadded:: 0.1.0
    """

    left: object
    right: object
    steps: tuple[EvidenceStep, ...]
    match_weight: float
    match_probability: float
    explanations: dict[str, float]
    text: str

    @property
    def sentence(self) -> str:
        """``text``, with how sure it is from 10 to 90 %: "more likely than not" of a match, "if not" of its rival."""
        if not _DOUBT < self.match_probability < 1.0 - _DOUBT:
            return self.text
        return f"more likely than not {self.text}" if self.match_probability > 0.5 else f"if not a match, {self.text}"

    def __repr__(self) -> str:
        return f"<PairExplanation: match probability {self.match_probability:.3f}, {self.sentence}>"

    def __str__(self) -> str:
        lines = [f"match probability {self.match_probability:.1%}: {self.sentence}", f"{'weight':>8}  evidence"]
        for step in self.steps:
            said = "; ".join(f"{name}: {level}" for name, level in step.levels)
            lines.append(f"{_bits(step.weight):>8}  {step.name}{f' ({said})' if said else ''}")
        lines.append(f"{_bits(self.match_weight):>8}  match weight")
        return "\n".join([*lines, self._rivals()])

    def _repr_html_(self) -> str:
        rows = []
        low, most = self._reach()
        end = 0.0
        for step in self.steps:
            start, end = end, end + step.weight
            said = "; ".join(f"{name}: {level}" for name, level in step.levels)
            bar = _notebook.bar(step.weight, most, start=min(start, end) - low, width=_WIDTH)
            rows.append((step.name, _bits(step.weight), bar, said))
        total = _notebook.bar(end, most, start=min(0.0, end) - low, width=_WIDTH)
        rows.append(("match weight", _bits(self.match_weight), total, ""))
        table = _notebook.table(("evidence", "bits", "", "levels"), rows)
        head = f"Match probability {self.match_probability:.1%}"
        return _notebook.sheet(head, self.sentence, table, notes=[self._rivals()])

    def _reach(self) -> tuple[float, float]:
        """Return the lowest sum that the steps reach, and how far the highest is from it."""
        ends = np.cumsum([0.0, *(step.weight for step in self.steps)])
        low, high = float(ends.min()), float(ends.max())
        return low, max(high - low, 1.0)

    def _rivals(self) -> str:
        rivals = sorted(self.explanations.items(), key=lambda item: -item[1])
        return "explanations: " + ", ".join(f"{name} {share:.1%}" for name, share in rivals if share >= 0.0005)

    def to_dict(self) -> dict[str, object]:
        """Return the explanation as plain data."""
        return {
            "match_weight": self.match_weight,
            "match_probability": self.match_probability,
            "steps": [{"name": one.name, "weight": one.weight, "levels": dict(one.levels)} for one in self.steps],
            "explanations": dict(self.explanations),
            "text": self.text,
        }


def _bits(weight: float) -> str:
    """Write a weight with its sign; what rounds to nothing has the sign of nothing."""
    return f"{round(weight, 1) + 0.0:+.1f}"


def explain_pair(
    encoded: Encoded, model: MatchModel, a: int, b: int, *, left: object, right: object
) -> PairExplanation:
    """Explain the score of rows ``a`` and ``b``."""
    rows = np.array([[a], [b]], dtype=np.int32)
    filled = frozenset(
        name
        for name, field in encoded.fields.items()
        if all(any(column[row] >= 0 for column in field.columns) for row in (a, b))
    )
    return explain_levels(model, compare_pairs(encoded, rows[0], rows[1]), left=left, right=right, filled=filled)


def explain_levels(
    model: MatchModel, pairs: PairLevels, *, left: object, right: object, filled: Container[str] = frozenset()
) -> PairExplanation:
    """Explain the score of the one pair that was compared; ``filled`` names what both records have."""
    evidence = group_evidence(model, pairs)
    expected = log_expected(model, pairs, ratio_of(evidence))[:, 0]
    match = list(model.numbers).index(MATCH)
    steps = [EvidenceStep(name="prior", weight=float(np.log(model.numbers[MATCH]) - expected[-1]) / _LN2)]
    members = memberships(model, pairs)
    said = log_ratios(model.rates[MATCH], model.groups, ratio_of(evidence))
    for place, group in enumerate(model.groups):
        levels = []
        for k, counts in members[place]:
            if counts is None or counts[0]:
                levels.append((model.comparisons[k].name, _level_in_words(model, pairs, k, filled)))
        weight = float(said[group][0]) / _LN2 if group in said else 0.0
        steps.append(EvidenceStep(name=group, weight=weight, levels=tuple(levels)))
    others: FloatArray = np.delete(expected, match)
    total = float(np.max(others) + np.log(np.exp(others - np.max(others)).sum()))
    steps.append(EvidenceStep(name="rival explanations", weight=(float(expected[-1]) - total) / _LN2))
    log_odds = before = float(expected[match]) - total
    if model.correction:
        log_odds = float(posterior(model, pairs).log_odds[0])
        expected[match] += log_odds - before
        steps.append(EvidenceStep(name="labels", weight=(log_odds - before) / _LN2))
    shares: FloatArray = np.exp(expected - np.max(expected))
    shares /= shares.sum()
    names, texts = model.explanations, explanation_texts(model.comparisons)
    best = int(np.argmax(expected))
    if (best == match) != (log_odds > 0.0):  # the rivals are more only together
        rivals = np.where(np.arange(len(expected)) == match, -np.inf, expected)
        best = match if log_odds > 0.0 else int(np.argmax(rivals))
    return PairExplanation(
        left=left,
        right=right,
        steps=tuple(steps),
        match_weight=log_odds / _LN2,
        match_probability=float(probability(np.array([log_odds]))[0]),
        explanations=dict(zip(names, shares.tolist(), strict=True)),
        text=texts.get(names[best], texts[CHANCE]),
    )


def _level_in_words(model: MatchModel, pairs: PairLevels, k: int, filled: Container[str]) -> str:
    """Say how a comparison came out; what both have and does not count is said by something else."""
    comparison, level = model.comparisons[k], int(pairs.levels[k, 0])
    if level >= 0:
        return KINDS[comparison.kind].levels[level]
    came_out = {one.name: int(said) for one, said in zip(model.comparisons, pairs.levels[:, 0], strict=True)}
    if comparison.name == "family" and came_out.get("given") == GIVEN_SWAPPED:
        return "swapped"
    if comparison.name == "domain" and came_out.get("email") == 0:
        return _SAID_BY_EMAIL
    return "not counted" if comparison.name in filled else "missing"
