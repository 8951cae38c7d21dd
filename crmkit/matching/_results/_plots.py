"""Charts of a match run, each of what a method of the report gives as data; matplotlib is the extra ``plot``."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from crmkit._optional import require
from crmkit.matching._decisions._threshold import log_odds_of
from crmkit.matching._evaluation._clusters import evaluate

from ._report import MatchReport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._explain import PairExplanation
    from ._link_report import LinkReport
    from ._report import PairReport

__all__ = [
    "plot_blocks",
    "plot_precision_recall",
    "plot_reliability",
    "plot_scores",
    "plot_waterfall",
    "plot_weights",
]

_FOR, _AGAINST, _PLAIN = "#0072b2", "#d55e00", "#7f7f7f"
"""Blue and vermilion of Okabe and Ito's palette, which readers with any kind of color vision tell apart."""


def _axes(ax: Any, what: str, *, height: float = 4.0) -> Any:
    if ax is not None:
        return ax
    require("matplotlib", extra="plot", what=what)
    return _figure_class()(figsize=(8.0, height), layout="constrained").add_subplot()


@cache
def _figure_class() -> Any:
    """Return matplotlib's figure, and one that shows itself as the last expression of a notebook's cell.

    Figures of pyplot do so, but pyplot keeps every figure until somebody closes it, and may want a window.
    """
    from matplotlib.figure import Figure

    class ShownFigure(Figure):
        def _repr_png_(self) -> bytes:
            held = io.BytesIO()
            self.savefig(held, format="png", dpi=100, facecolor="white")
            return held.getvalue()

    return ShownFigure


def plot_waterfall(explanation: PairExplanation, *, ax: Any = None) -> Any:
    """Draw the evidence of one pair, step by step from the prior to the match weight.

    Args:
        explanation: As ``report.explain(a, b)`` gives it.
        ax: Axes to draw on; without them a new figure's, ``.figure`` of the result, which a notebook shows.

    Returns:
        The axes.

    Example:
        >>> from crmkit.matching import Matcher
        >>> from crmkit.testing import generate
        >>> report = Matcher.contacts().dedupe(generate.contacts(200, seed=1).columns)
        >>> pair = report.ask(1).questions[0]
        >>> plot_waterfall(report.explain(pair.left, pair.right)).get_xlabel()
        'match weight (bits)'

    .. versionadded:: 0.1.0
    """
    steps = [*explanation.steps]
    ax = _axes(ax, "plot_waterfall", height=1.4 + 0.35 * (len(steps) + 1))
    ends = np.cumsum([step.weight for step in steps])
    for row, (step, end) in enumerate(zip(steps, ends.tolist(), strict=True)):
        ax.barh(row, step.weight, left=end - step.weight, color=_FOR if step.weight >= 0 else _AGAINST, height=0.6)
        ax.annotate(f"{round(step.weight, 1) + 0.0:+.1f}", (max(end, end - step.weight), row), xytext=(4, 0),
                    textcoords="offset points", va="center", fontsize="small")  # fmt: skip
    total = explanation.match_weight
    ax.barh(len(steps), total, color=_PLAIN, height=0.6)
    ax.annotate(f"{total:+.1f}  ({explanation.match_probability:.1%})", (max(total, 0.0), len(steps)), xytext=(4, 0),
                textcoords="offset points", va="center", fontsize="small")  # fmt: skip
    ax.set_yticks(range(len(steps) + 1), [*(step.name for step in steps), "match weight"])
    ax.invert_yaxis()
    ax.axvline(0.0, color="black", linewidth=0.8)
    ax.use_sticky_edges = False
    ax.margins(x=0.12)
    ax.set_xlabel("match weight (bits)")
    ax.set_title(explanation.sentence, loc="left", fontsize="medium")
    return ax


def plot_weights(report: PairReport, *, ax: Any = None) -> Any:
    """Draw what each level of each comparison speaks for or against, in bits; data: ``report.weights()``.

    Example:
        >>> from crmkit.matching import Matcher
        >>> from crmkit.testing import generate
        >>> report = Matcher.contacts().dedupe(generate.contacts(200, seed=1).columns)
        >>> plot_weights(report).get_xlabel()
        'match weight of the level (bits)'

    .. versionadded:: 0.1.0
    """
    rows = report.weights()
    ax = _axes(ax, "plot_weights", height=1.0 + 0.22 * len(rows))
    values = [row["weight"] for row in rows]
    ax.barh(range(len(rows)), values, color=[_FOR if value >= 0 else _AGAINST for value in values], height=0.7)
    ax.set_yticks(range(len(rows)), [f"{row['comparison']}: {row['level']}" for row in rows], fontsize="small")
    ax.invert_yaxis()
    ax.axvline(0.0, color="black", linewidth=0.8)
    ax.set_xlabel("match weight of the level (bits)")
    ax.margins(y=0.01)
    return ax


def plot_scores(report: PairReport, *, ax: Any = None) -> Any:
    """Draw how many pairs have which match weight, and where the cut is.

    Example:
        >>> from crmkit.matching import Matcher
        >>> from crmkit.testing import generate
        >>> report = Matcher.contacts().dedupe(generate.contacts(200, seed=1).columns)
        >>> plot_scores(report).get_ylabel()
        'scored pairs'

    .. versionadded:: 0.1.0
    """
    ax = _axes(ax, "plot_scores")
    weights = np.clip(report.scored.log_odds / np.log(2.0), -8.0, 40.0)
    edges = np.arange(-8.0, 41.0)
    cut = log_odds_of(report.threshold_) / np.log(2.0)
    ax.hist(weights[weights <= cut], bins=edges, color=_PLAIN, label="under the cut")
    ax.hist(weights[weights > cut], bins=edges, color=_FOR, label="over the cut")
    ax.axvline(cut, color="black", linewidth=1.2, linestyle="--", label=f"cut at {report.threshold_:.3g}")
    ax.set_xlabel("match weight (bits)")
    ax.set_ylabel("scored pairs")
    ax.legend()
    return ax


def plot_precision_recall(report: MatchReport | LinkReport, truth: Sequence[Any], *, ax: Any = None) -> Any:
    """Draw precision and recall of pairs at every cut, against the truth; data: ``report.curve(truth)``.

    The curve judges each pair by itself, as it was scored. Clusters join some pairs by way of others and keep others
    apart, so what :func:`~crmkit.matching.evaluate` says of them is a point of its own, ``after clustering``.

    Args:
        report: The run.
        truth: The true party of each record, in the order of the frame; for links the true ones, as pairs of ids.
        ax: As in the other charts.

    Example:
        >>> from crmkit.matching import Matcher
        >>> from crmkit.testing import generate
        >>> people = generate.contacts(200, seed=1)
        >>> report = Matcher.contacts().dedupe(people.columns)
        >>> plot_precision_recall(report, people.truth.tolist()).get_xlabel()
        'recall of pairs'

    .. versionadded:: 0.1.0
    """
    ax = _axes(ax, "plot_precision_recall")
    rows = report.curve(truth)
    ax.plot([row["recall"] for row in rows], [row["precision"] for row in rows], color=_FOR, marker=".", markersize=3)
    used = min(rows, key=lambda row: abs(row["threshold"] - report.threshold_))
    best = max(rows, key=lambda row: row["f1"])
    for row, name, color in ((used, "cut used", "black"), (best, "best cut", _AGAINST)):
        ax.plot([row["recall"]], [row["precision"]], "o", color=color, label=f"{name}: F1 {row['f1']:.3f}")
    if isinstance(report, MatchReport):
        said = evaluate(report.labels.tolist(), truth).pairwise
        ax.plot([said.recall], [said.precision], "D", color=_PLAIN, label=f"after clustering: F1 {said.f1:.3f}")
    ax.set_xlabel("recall of pairs")
    ax.set_ylabel("precision of pairs")
    ax.legend(loc="lower left", title="the curve: each pair by itself")
    return ax


def plot_reliability(report: MatchReport | LinkReport, truth: Sequence[Any], *, bins: int = 10, ax: Any = None) -> Any:
    """Draw how often pairs truly match against the probability they were given; data: ``report.reliability(truth)``.

    On the diagonal the model says what is so; under it, it is too sure. The size of a point is that of its step.

    Args:
        report: The run.
        truth: The true party of each record, in the order of the frame; for links the true ones, as pairs of ids.
        bins: Steps of the match probability.
        ax: As in the other charts.

    Example:
        >>> from crmkit.matching import Matcher
        >>> from crmkit.testing import generate
        >>> people = generate.contacts(200, seed=1)
        >>> report = Matcher.contacts().dedupe(people.columns)
        >>> plot_reliability(report, people.truth.tolist()).get_ylabel()
        'share of pairs that match'

    .. versionadded:: 0.1.0
    """
    ax = _axes(ax, "plot_reliability")
    rows = report.reliability(truth, bins=bins)
    said, real = [row["probability"] for row in rows], [row["observed"] for row in rows]
    ax.plot([0.0, 1.0], [0.0, 1.0], color=_PLAIN, linewidth=0.8, linestyle="--", label="calibrated")
    ax.plot(said, real, color=_FOR, linewidth=1.0)
    ax.scatter(said, real, s=[12.0 + 24.0 * np.log10(row["pairs"]) for row in rows], color=_FOR, label="scored pairs")
    for row in rows:
        ax.annotate(f"{row['pairs']:,}", (row["probability"], row["observed"]), xytext=(6, -10),
                    textcoords="offset points", fontsize="small")  # fmt: skip
    ax.set_xlabel("match probability")
    ax.set_ylabel("share of pairs that match")
    ax.set_xlim(-0.03, 1.08)
    ax.legend(loc="upper left")
    return ax


def plot_blocks(report: PairReport, *, ax: Any = None) -> Any:
    """Draw how many new pairs each blocking rule made, with its largest block.

    Example:
        >>> from crmkit.matching import Matcher
        >>> from crmkit.testing import generate
        >>> report = Matcher.contacts().dedupe(generate.contacts(200, seed=1).columns)
        >>> plot_blocks(report).get_xscale()
        'log'

    .. versionadded:: 0.1.0
    """
    rules = [use for use in report.diagnostics.rules if use.status != "missing column"]
    ax = _axes(ax, "plot_blocks", height=1.0 + 0.25 * len(rules))
    colors = {"used": _FOR, "cut": _AGAINST}
    for row, use in enumerate(rules):
        ax.barh(row, max(use.pairs, 0.5), color=colors.get(use.status, _PLAIN), height=0.7)
        said = f"{use.pairs:,}" if use.status != "too many pairs" else "not used: too many pairs"
        ax.annotate(f"{said}; largest block {use.largest_block:,}", (max(use.pairs, 0.5), row), xytext=(4, 0),
                    textcoords="offset points", va="center", fontsize="small")  # fmt: skip
    ax.set_xscale("log")
    most = max([use.pairs for use in rules] + [1])
    ax.set_xlim(0.5, 0.5 * (2.0 * most) ** 1.7 + 50.0)  # the words behind the longest bar take as much room again
    ax.margins(y=0.01)
    ax.set_yticks(range(len(rules)), [use.rule for use in rules], fontsize="small")
    ax.invert_yaxis()
    ax.set_xlabel("new pairs (blue: whole blocks, orange: blocks over the cap cut to neighbors)")
    return ax
