from __future__ import annotations

import itertools
import sys

import numpy as np
import pytest

from crmkit.errors import MissingDependencyError, ShapeError
from crmkit.matching import (
    Matcher,
    evaluate,
    plot_blocks,
    plot_precision_recall,
    plot_reliability,
    plot_scores,
    plot_waterfall,
    plot_weights,
)
from crmkit.testing import generate


@pytest.fixture(scope="module")
def data():
    return generate.contacts(600, seed=8)


@pytest.fixture(scope="module")
def report(data):
    return Matcher.contacts(block_cap=4).dedupe(data.columns)


@pytest.fixture(scope="module")
def explanation(report):
    question = report.ask(1).questions[0]
    return report.explain(question.left, question.right)


def test_the_waterfall_ends_at_the_match_weight(explanation):
    pytest.importorskip("matplotlib", reason="charts need the extra plot")
    ax = plot_waterfall(explanation)
    *steps, total = ax.patches
    assert total.get_width() == pytest.approx(explanation.match_weight)
    assert [bar.get_width() for bar in steps] == pytest.approx([step.weight for step in explanation.steps])
    end = steps[-1]
    assert end.get_x() + end.get_width() == pytest.approx(explanation.match_weight)
    assert [label.get_text() for label in ax.get_yticklabels()][-1] == "match weight"
    low, high = ax.get_xlim()
    edges = [value for bar in steps for value in (bar.get_x(), bar.get_x() + bar.get_width())]
    assert low < min(edges)
    assert max(edges) < high


def test_the_histogram_holds_every_pair_and_marks_the_cut(report):
    pytest.importorskip("matplotlib", reason="charts need the extra plot")
    ax = plot_scores(report)
    assert sum(bar.get_height() for bar in ax.patches) == len(report.scored)
    assert any("cut at 0.5" in text.get_text() for text in ax.get_legend().get_texts())


def test_weights_are_those_of_the_model(report):
    rows = report.weights()
    given = {row["level"]: row for row in rows if row["comparison"] == "given"}
    assert given["exact"]["m"] == pytest.approx(report.model.errors["given"][0])
    assert given["exact"]["weight"] > 3.0 > given["different"]["weight"]
    for row in rows:
        assert row["weight"] == pytest.approx(np.log2(row["m"] / row["u"]))
    pytest.importorskip("matplotlib", reason="charts need the extra plot")
    assert len(plot_weights(report).patches) == len(rows)


def test_the_curve_meets_the_truth(data, report):
    rows = report.curve(data.truth.tolist())
    assert max(row["f1"] for row in rows) > 0.9
    recalls = [row["recall"] for row in rows]
    assert recalls == sorted(recalls, reverse=True)
    with pytest.raises(ShapeError):
        report.curve([1, 2])
    pytest.importorskip("matplotlib", reason="charts need the extra plot")
    ax = plot_precision_recall(report, data.truth.tolist())
    legend = ax.get_legend()
    names = [text.get_text() for text in legend.get_texts()]
    assert any(name.startswith("cut used") for name in names)
    assert legend.get_title().get_text() == "the curve: each pair by itself"
    said = evaluate(report.labels.tolist(), data.truth.tolist()).pairwise
    assert f"after clustering: F1 {said.f1:.3f}" in names
    assert ax.lines[-1].get_xydata().tolist() == [[said.recall, said.precision]]


def test_blocks_say_what_each_rule_did(report):
    rules = [use for use in report.diagnostics.rules if use.status != "missing column"]
    assert any(use.status == "cut" for use in rules)
    assert all(use.largest_block <= 4 or use.status != "used" for use in rules)
    pytest.importorskip("matplotlib", reason="charts need the extra plot")
    ax = plot_blocks(report)
    assert [label.get_text() for label in ax.get_yticklabels()] == [use.rule for use in rules]


def test_charts_draw_on_the_axes_that_are_given(report, explanation, data):
    figure = pytest.importorskip("matplotlib.figure", reason="charts need the extra plot").Figure()
    axes = figure.subplots(5, 1)
    calls = [
        (plot_waterfall, explanation), (plot_weights, report), (plot_scores, report), (plot_blocks, report)
    ]  # fmt: skip
    for ax, (plot, shown) in zip(axes, calls, strict=False):
        assert plot(shown, ax=ax) is ax
    assert plot_precision_recall(report, data.truth.tolist(), ax=axes[4]) is axes[4]


def test_without_matplotlib_a_chart_says_what_to_install(report, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "crmkit\[plot\]"'):
        plot_scores(report)


def test_the_reliability_curve_counts_every_scored_pair(report, data):
    rows = report.reliability(data.truth.tolist(), bins=5)
    assert sum(row["pairs"] for row in rows) == len(report.scored)
    matches = data.truth[report.scored.left] == data.truth[report.scored.right]
    assert sum(row["observed"] * row["pairs"] for row in rows) == pytest.approx(matches.sum())
    assert all(low["probability"] < high["probability"] for low, high in itertools.pairwise(rows))
    with pytest.raises(ShapeError):
        report.reliability(data.truth.tolist()[:-1])


def test_the_reliability_chart_shows_the_curve(report, data):
    pytest.importorskip("matplotlib", reason="charts need the extra plot")
    truth = data.truth.tolist()
    ax = plot_reliability(report, truth)
    diagonal, curve = ax.lines
    assert diagonal.get_xydata().tolist() == [[0.0, 0.0], [1.0, 1.0]]
    assert curve.get_ydata().tolist() == [row["observed"] for row in report.reliability(truth)]
