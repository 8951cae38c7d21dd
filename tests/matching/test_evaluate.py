from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.errors import ShapeError
from crmkit.matching import Precision, evaluate, threshold_curve
from crmkit.matching import _threshold as threshold

LABELS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=14)


@given(LABELS)
def test_both_measures_equal_their_definitions(labels):
    found, truth = [one for one, _ in labels], [two for _, two in labels]
    result = evaluate(found, truth)
    pairs = list(itertools.combinations(range(len(labels)), 2))
    said = {pair for pair in pairs if found[pair[0]] == found[pair[1]]}
    true = {pair for pair in pairs if truth[pair[0]] == truth[pair[1]]}
    assert result.pairwise.precision == pytest.approx(len(said & true) / len(said) if said else 1.0)
    assert result.pairwise.recall == pytest.approx(len(said & true) / len(true) if true else 1.0)
    if labels:
        shares = []
        for k in range(len(labels)):
            mine = {j for j in range(len(labels)) if found[j] == found[k]}
            theirs = {j for j in range(len(labels)) if truth[j] == truth[k]}
            shares.append((len(mine & theirs) / len(mine), len(mine & theirs) / len(theirs)))
        assert result.bcubed.precision == pytest.approx(np.mean([one for one, _ in shares]))
        assert result.bcubed.recall == pytest.approx(np.mean([two for _, two in shares]))


def test_labels_of_different_length_are_refused():
    with pytest.raises(ShapeError) as caught:
        evaluate([1, 2], [1])
    assert caught.value.expected == 1


def test_an_evaluation_prints_a_small_table():
    shown = str(evaluate(["a", "a"], ["a", "a"]))
    assert "pairwise    1.0000  1.0000  1.0000" in shown
    assert evaluate(["a", "b"], ["a", "a"]).to_dict()["f1"] == 0.0


def test_the_curve_gives_precision_and_recall_at_each_threshold():
    curve = threshold_curve(np.array([3.0, 1.0, -3.0]), np.array([True, False, True]), 4, at=[0.01, 0.5, 0.9, 0.999])
    assert [round(point["precision"], 3) for point in curve] == [0.667, 0.5, 1.0, 1.0]
    assert [point["recall"] for point in curve] == [0.5, 0.25, 0.25, 0.0]
    assert len(threshold_curve(np.array([0.0]), np.array([True]), 1)) == 99


ODDS = np.array([4.0, 3.0, 2.0, 0.1, -0.1, -2.0, -4.0])


def test_the_cut_is_one_half_unless_asked_otherwise():
    assert threshold.choose_threshold("auto", ODDS, 4.0) == 0.5
    assert threshold.choose_threshold(0.9, ODDS, 4.0) == 0.9
    assert threshold.choose_threshold("f1", np.empty(0), 4.0) == 0.5


def test_a_precision_that_is_asked_for_is_expected_at_the_cut():
    cut = threshold.choose_threshold(Precision(0.95), ODDS, 4.0)
    chances = 1 / (1 + np.exp(-ODDS))
    assert chances[chances >= cut].mean() >= 0.95
    assert sorted(chances)[::-1][int((chances >= cut).sum())] < 0.95
    assert threshold.choose_threshold(Precision(0.9999), ODDS, 4.0) == pytest.approx(chances.max(), abs=1e-6)


def test_the_expected_f1_is_highest_at_its_cut():
    cut = threshold.choose_threshold("f1", ODDS, 4.0)
    chances = np.sort(1 / (1 + np.exp(-ODDS)))[::-1]
    expected = [2 * chances[: k + 1].sum() / (k + 1 + 4.0) for k in range(len(chances))]
    assert (chances >= cut).sum() == int(np.argmax(expected)) + 1


@pytest.mark.parametrize("wrong", [0.0, 1.0, 1.5, -1])
def test_a_threshold_outside_of_0_and_1_is_refused(wrong):
    with pytest.raises(ValueError, match="between 0 and 1"):
        threshold.choose_threshold(wrong, ODDS, 4.0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        Precision(wrong)


def test_an_unknown_word_for_the_threshold_is_refused():
    with pytest.raises(ValueError, match="'auto', 'f1'"):
        threshold.choose_threshold("best", ODDS, 4.0)
