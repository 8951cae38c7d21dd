"""How good is a clustering, where the truth is known: pairwise and B-cubed precision, recall and F1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from crmkit import _notebook
from crmkit.errors import InvalidValueError, ShapeError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from numpy.typing import NDArray

__all__ = ["Evaluation", "Scores", "evaluate", "reliability_curve", "threshold_curve"]


@attrs.frozen
class Scores:
    """Precision, recall and F1 of one measure; 1.0 where there was nothing to find or nothing was said.

    .. versionadded:: 0.1.0
    """

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2.0 * self.precision * self.recall / total if total else 0.0


@attrs.frozen(kw_only=True)
class Evaluation:
    """Three measures. Pairwise counts pairs, so large clusters weigh more; B-cubed counts records.

    ``clusters`` counts clusters of two records or more that are exactly right, which is what a person who merges them
    would ask for.

    .. versionadded:: 0.1.0
    """

    pairwise: Scores
    bcubed: Scores
    clusters: Scores
    true_pairs: int
    found_pairs: int
    common_pairs: int

    def __repr__(self) -> str:
        one = self.pairwise
        return f"<Evaluation: pairwise precision {one.precision:.3f}, recall {one.recall:.3f}, F1 {one.f1:.3f}>"

    def _repr_html_(self) -> str:
        measures = (("pairwise", self.pairwise), ("B-cubed", self.bcubed), ("clusters", self.clusters))
        rows = [(name, f"{one.precision:.3f}", f"{one.recall:.3f}", f"{one.f1:.3f}") for name, one in measures]
        lead = f"{self.true_pairs:,} true pairs, {self.found_pairs:,} found, {self.common_pairs:,} of them right"
        return _notebook.sheet("Evaluation", lead, _notebook.table(("", "precision", "recall", "F1"), rows))

    def __str__(self) -> str:
        lines = [f"{'':9}precision  recall  F1"]
        for name, one in (("pairwise", self.pairwise), ("B-cubed", self.bcubed), ("clusters", self.clusters)):
            lines.append(f"{name:9}{one.precision:9.4f}  {one.recall:.4f}  {one.f1:.4f}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, float]:
        """Return the numbers by name."""
        return {
            "precision": self.pairwise.precision,
            "recall": self.pairwise.recall,
            "f1": self.pairwise.f1,
            "bcubed_precision": self.bcubed.precision,
            "bcubed_recall": self.bcubed.recall,
            "bcubed_f1": self.bcubed.f1,
            "cluster_precision": self.clusters.precision,
            "cluster_recall": self.clusters.recall,
            "cluster_f1": self.clusters.f1,
        }


def evaluate(clusters: Sequence[Hashable], truth: Sequence[Hashable]) -> Evaluation:
    """Compare two clusterings of the same records.

    Args:
        clusters: Cluster of each record as found, in any labels.
        truth: Its true cluster, in the same order.

    Returns:
        Pairwise, B-cubed and cluster-level precision and recall.

    Raises:
        ShapeError: The two have different lengths.

    Example:
        >>> found = evaluate(["a", "a", "b", "b"], [1, 1, 1, 2])
        >>> found.pairwise.precision, round(found.pairwise.recall, 3)
        (0.5, 0.333)

    Note:
        O(n log n).

    Source:
        Bagga & Baldwin (1998), Algorithms for Scoring Coreference Chains (B-cubed).

    .. versionadded:: 0.1.0
    """
    if not hasattr(clusters, "__len__") or not hasattr(truth, "__len__"):
        raise InvalidValueError("clusters and truth are one label a record, such as the labels of a MatchReport")
    if len(clusters) != len(truth):
        raise ShapeError("clusters and truth must have one label a record", expected=len(truth), actual=len(clusters))
    found, true = _numbered(clusters), _numbered(truth)
    both = _numbered_pairs(found, true)
    found_sizes, true_sizes, both_sizes = np.bincount(found), np.bincount(true), np.bincount(both)
    found_pairs, true_pairs, common = _pairs(found_sizes), _pairs(true_sizes), _pairs(both_sizes)
    share = both_sizes[both].astype(np.float64) if len(both) else np.ones(1)
    per_found = share / found_sizes[found] if len(both) else share
    per_true = share / true_sizes[true] if len(both) else share
    whole = (both_sizes == found_sizes[_first(both, found)]) & (both_sizes == true_sizes[_first(both, true)])
    exact = int((whole & (both_sizes > 1)).sum())
    several, real = int((found_sizes > 1).sum()), int((true_sizes > 1).sum())
    return Evaluation(
        clusters=Scores(exact / several if several else 1.0, exact / real if real else 1.0),
        pairwise=Scores(common / found_pairs if found_pairs else 1.0, common / true_pairs if true_pairs else 1.0),
        bcubed=Scores(float(per_found.mean()), float(per_true.mean())),
        true_pairs=true_pairs,
        found_pairs=found_pairs,
        common_pairs=common,
    )


def threshold_curve(
    log_odds: NDArray[np.float64], matches: NDArray[np.bool_], true_pairs: int, *, at: Iterable[float] | None = None
) -> list[dict[str, float]]:
    """Return precision, recall and F1 of *pairs* (before clustering) at each threshold.

    Args:
        log_odds: Of the scored pairs.
        matches: Whether each of them truly matches.
        true_pairs: All true pairs, also those that were not scored.
        at: Match probabilities to cut at; 0.01 to 0.99 if not given.

    Example:
        >>> curve = threshold_curve(np.array([4.0, 1.0, -3.0]), np.array([True, False, True]), 2, at=[0.5])
        >>> curve[0]["precision"], curve[0]["recall"]
        (0.5, 0.5)

    .. versionadded:: 0.1.0
    """
    from crmkit.matching._decisions._scoring import probability

    chances = probability(log_odds)
    curve = []
    for threshold in at if at is not None else np.round(np.linspace(0.01, 0.99, 99), 2).tolist():
        kept = chances >= threshold
        hits = int((kept & matches).sum())
        one = Scores(hits / int(kept.sum()) if kept.any() else 1.0, hits / true_pairs if true_pairs else 1.0)
        curve.append({"threshold": threshold, "precision": one.precision, "recall": one.recall, "f1": one.f1})
    return curve


def reliability_curve(
    log_odds: NDArray[np.float64], matches: NDArray[np.bool_], *, bins: int = 10
) -> list[dict[str, float]]:
    """Return how often pairs truly match, by the probability that the model gave them.

    Args:
        log_odds: Of the scored pairs.
        matches: Whether each of them truly matches.
        bins: Equal steps of the match probability from 0 to 1; steps without a pair are left out.

    Returns:
        For each step ``probability`` (mean of what the model said), ``observed`` (share that truly matches) and
        ``pairs``. The two are equal where the model is calibrated.

    Raises:
        ShapeError: The two have different lengths.

    Example:
        >>> curve = reliability_curve(np.array([4.0, 4.0, -4.0]), np.array([True, True, False]))
        >>> [(round(row["probability"], 2), row["observed"], row["pairs"]) for row in curve]
        [(0.02, 0.0, 1), (0.98, 1.0, 2)]

    Source:
        DeGroot & Fienberg (1983), The Comparison and Evaluation of Forecasters.

    .. versionadded:: 0.1.0
    """
    from crmkit.matching._decisions._scoring import probability

    if len(log_odds) != len(matches):
        raise ShapeError("every pair needs an answer", expected=len(log_odds), actual=len(matches))
    said = probability(log_odds)
    step = np.minimum((said * bins).astype(np.int64), bins - 1)
    pairs = np.bincount(step, minlength=bins)
    mean = np.bincount(step, weights=said, minlength=bins) / np.maximum(pairs, 1)
    share = np.bincount(step, weights=matches, minlength=bins) / np.maximum(pairs, 1)
    return [
        {"probability": float(mean[k]), "observed": float(share[k]), "pairs": int(pairs[k])}
        for k in np.flatnonzero(pairs)
    ]


def _numbered(labels: Sequence[Hashable]) -> NDArray[np.int64]:
    seen: dict[Hashable, int] = {}
    return np.fromiter((seen.setdefault(label, len(seen)) for label in labels), dtype=np.int64, count=len(labels))


def _numbered_pairs(first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    joined = first * (int(np.max(second, initial=0)) + 1) + second
    return np.asarray(np.unique(joined, return_inverse=True)[1]).ravel()


def _first(both: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the label that each combination of labels has."""
    result = np.zeros(int(np.max(both, initial=-1)) + 1, dtype=np.int64)
    result[both] = labels
    return result


def _pairs(sizes: NDArray[np.int64]) -> int:
    return int((sizes * (sizes - 1) // 2).sum())
