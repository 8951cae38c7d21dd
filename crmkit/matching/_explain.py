"""Why two records are one party, or are not: a waterfall of match weights, then the rival explanations."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import attrs
import numpy as np

from ._causes import log_ratios
from ._comparisons import compare_pairs
from ._model import group_evidence, log_expected, memberships, posterior, ratio_of
from ._presets import CHANCE, MATCH, explanation_texts
from ._scoring import probability
from .comparisons import KINDS

if TYPE_CHECKING:
    from ._comparisons import PairLevels
    from ._encode import Encoded
    from ._model import FloatArray, MatchModel

__all__ = ["EvidenceStep", "PairExplanation", "explain_levels", "explain_pair"]

_LN2 = float(np.log(2.0))
_WIDTH = 240
"""Pixels of the waterfall in a notebook."""

_FOR, _AGAINST, _PLAIN = "#0072b2", "#d55e00", "#7f7f7f"
"""As in the charts: colors that readers with any kind of color vision tell apart."""


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
        explanations: Probability of every explanation; they add up to 1.
        text: The most probable explanation as a sentence.

    .. versionadded:: 0.1.0
    """

    left: object
    right: object
    steps: tuple[EvidenceStep, ...]
    match_weight: float
    match_probability: float
    explanations: dict[str, float]
    text: str

    def __repr__(self) -> str:
        return f"<PairExplanation: match probability {self.match_probability:.3f}, {self.text}>"

    def __str__(self) -> str:
        lines = [f"match probability {self.match_probability:.1%}: {self.text}", f"{'weight':>8}  evidence"]
        for step in self.steps:
            said = "; ".join(f"{name}: {level}" for name, level in step.levels)
            lines.append(f"{step.weight:+8.1f}  {step.name}{f' ({said})' if said else ''}")
        lines.append(f"{self.match_weight:+8.1f}  match weight")
        return "\n".join([*lines, self._rivals()])

    def _repr_html_(self) -> str:
        rows = []
        low, scale = self._scale()
        end = 0.0
        for step in self.steps:
            start, end = end, end + step.weight
            said = "; ".join(f"{name}: {level}" for name, level in step.levels)
            bar = _bar(min(start, end) - low, abs(step.weight), scale, _FOR if step.weight >= 0 else _AGAINST)
            rows.append((step.name, f"{step.weight:+.1f}", bar, said))
        total = _bar(min(0.0, end) - low, abs(end), scale, _PLAIN)
        rows.append(("match weight", f"{self.match_weight:+.1f}", total, ""))
        body = "".join(
            f'<tr><td>{html.escape(name)}</td><td style="text-align:right">{weight}</td>'
            f'<td style="text-align:left">{bar}</td><td style="text-align:left">{html.escape(said)}</td></tr>'
            for name, weight, bar, said in rows
        )
        return (
            f"<p>{html.escape(f'{self.match_probability:.1%}: {self.text}')}</p><table><thead><tr><th>evidence</th>"
            f"<th>bits</th><th></th><th>levels</th></tr></thead><tbody>{body}</tbody></table>"
            f"<p>{html.escape(self._rivals())}</p>"
        )

    def _scale(self) -> tuple[float, float]:
        """Return the lowest sum that the steps reach, and pixels for a bit."""
        ends = np.cumsum([0.0, *(step.weight for step in self.steps)])
        low, high = float(ends.min()), float(ends.max())
        return low, _WIDTH / max(high - low, 1.0)

    def _rivals(self) -> str:
        rivals = sorted(self.explanations.items(), key=lambda item: -item[1])
        return ", ".join(f"{name} {share:.1%}" for name, share in rivals if share >= 0.0005)

    def to_dict(self) -> dict[str, object]:
        """Return the explanation as plain data."""
        return {
            "match_weight": self.match_weight,
            "match_probability": self.match_probability,
            "steps": [{"name": one.name, "weight": one.weight, "levels": dict(one.levels)} for one in self.steps],
            "explanations": dict(self.explanations),
            "text": self.text,
        }


def _bar(start: float, length: float, scale: float, color: str) -> str:
    left, width = scale * start, max(scale * length, 1.0)
    return f'<div style="margin-left:{left:.0f}px;width:{width:.0f}px;height:.8em;background:{color}"></div>'


def explain_pair(
    encoded: Encoded, model: MatchModel, a: int, b: int, *, left: object, right: object
) -> PairExplanation:
    """Explain the score of rows ``a`` and ``b``."""
    rows = np.array([[a], [b]], dtype=np.int32)
    return explain_levels(model, compare_pairs(encoded, rows[0], rows[1]), left=left, right=right)


def explain_levels(model: MatchModel, pairs: PairLevels, *, left: object, right: object) -> PairExplanation:
    """Explain the score of the one pair that was compared."""
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
                comparison, level = model.comparisons[k], int(pairs.levels[k, 0])
                levels.append((comparison.name, "missing" if level < 0 else KINDS[comparison.kind].levels[level]))
        weight = float(said[group][0]) / _LN2 if group in said else 0.0
        steps.append(EvidenceStep(name=group, weight=weight, levels=tuple(levels)))
    others: FloatArray = np.delete(expected, match)
    total = float(np.max(others) + np.log(np.exp(others - np.max(others)).sum()))
    steps.append(EvidenceStep(name="rival explanations", weight=(float(expected[-1]) - total) / _LN2))
    log_odds = float(expected[match]) - total
    if model.correction:
        corrected = float(posterior(model, pairs).log_odds[0])
        steps.append(EvidenceStep(name="labels", weight=(corrected - log_odds) / _LN2))
        log_odds = corrected
    shares: FloatArray = np.exp(expected - np.max(expected))
    shares /= shares.sum()
    names, texts = model.explanations, explanation_texts(model.comparisons)
    best = names[int(np.argmax(expected))]
    return PairExplanation(
        left=left,
        right=right,
        steps=tuple(steps),
        match_weight=log_odds / _LN2,
        match_probability=float(probability(np.array([log_odds]))[0]),
        explanations=dict(zip(names, shares.tolist(), strict=True)),
        text=texts.get(best, texts[CHANCE]),
    )
