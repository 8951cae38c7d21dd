from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.errors import InvalidValueError, NotFoundError, ShapeError
from crmkit.matching import Matcher, Precision, compare_runs, evaluate, evaluate_links, threshold_curve
from crmkit.matching._decisions import _threshold as threshold
from crmkit.testing import generate

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


@given(LABELS)
def test_cluster_level_counts_clusters_that_are_exactly_right(labels):
    found, truth = [one for one, _ in labels], [two for _, two in labels]

    def clusters(names):
        groups = {}
        for row, name in enumerate(names):
            groups.setdefault(name, set()).add(row)
        return {frozenset(group) for group in groups.values() if len(group) > 1}

    said, real = clusters(found), clusters(truth)
    result = evaluate(found, truth).clusters
    assert result.precision == pytest.approx(len(said & real) / len(said) if said else 1.0)
    assert result.recall == pytest.approx(len(said & real) / len(real) if real else 1.0)


@pytest.fixture(scope="module")
def two_runs():
    data = generate.contacts(800, seed=13)
    return data, *(Matcher.contacts(threshold=at).dedupe(data.columns) for at in (0.5, 0.999))


def test_a_comparison_of_two_runs_counts_what_changed_and_whether_it_was_right(two_runs):
    data, first, second = two_runs
    found = compare_runs(first, second, data.truth.tolist())
    rows = list(itertools.combinations(range(800), 2))
    together = [[run.labels[a] == run.labels[b] for a, b in rows] for run in (first, second)]
    same = [data.truth[a] == data.truth[b] for a, b in rows]
    lost = [k for k in range(len(rows)) if together[0][k] and not together[1][k]]
    assert found.lost_pairs == len(lost) > 0
    assert found.lost_right == sum(same[k] for k in lost)
    assert found.gained_pairs == 0 == found.gained_right
    assert found.kept_pairs == sum(a and b for a, b in zip(*together, strict=True))
    ids = data.columns["id"]
    assert found.lost == tuple((ids[rows[k][0]], ids[rows[k][1]]) for k in lost)
    assert f"{len(lost)} pairs lost" in str(found)
    back = compare_runs(second, first)
    assert (back.gained_pairs, back.gained_right) == (found.lost_pairs, None)
    assert back.to_dict()["lost"] == 0
    assert "gained" in repr(back)


def test_runs_over_different_records_are_not_compared(two_runs):
    _, first, _ = two_runs
    other = Matcher.contacts().dedupe(generate.contacts(50, seed=1).columns)
    with pytest.raises(ShapeError, match="different records"):
        compare_runs(first, other)
    with pytest.raises(ShapeError, match="one label a record"):
        compare_runs(first, first, [1])


# --- links between two tables -------------------------------------------------------------------------------------

PAIRS = st.sets(st.tuples(st.sampled_from("abcde"), st.integers(0, 4)), max_size=14)


@given(PAIRS, PAIRS)
def test_links_are_judged_by_the_definitions(found, truth):
    result = evaluate_links(found, truth)
    assert result.pairwise.precision == pytest.approx(len(found & truth) / len(found) if found else 1.0)
    assert result.pairwise.recall == pytest.approx(len(found & truth) / len(truth) if truth else 1.0)
    assert (result.found_pairs, result.true_pairs, result.common_pairs) == (
        *map(len, (found, truth)),
        len(found & truth),
    )
    records = {end for pair in found | truth for end in pair}
    mine = {one: {one} | {end for pair in found if one in pair for end in pair} for one in records}
    theirs = {one: {one} | {end for pair in truth if one in pair for end in pair} for one in records}
    if records:
        shares = [(len(mine[k] & theirs[k]) / len(mine[k]), len(mine[k] & theirs[k]) / len(theirs[k])) for k in records]
        assert result.bcubed.precision == pytest.approx(np.mean([one for one, _ in shares]))
        assert result.bcubed.recall == pytest.approx(np.mean([two for _, two in shares]))
    exact = sum(mine[k] == theirs[k] and len(mine[k]) > 1 for k in records)
    linked, real = (sum(len(sets[k]) > 1 for k in records) for sets in (mine, theirs))
    assert result.clusters.precision == pytest.approx(exact / linked if linked else 1.0)
    assert result.clusters.recall == pytest.approx(exact / real if real else 1.0)


@pytest.fixture(scope="module")
def two_tables():
    data = generate.contacts(500, seed=13, duplicates=0.5)
    left, right = ({name: values[part] for name, values in data.columns.items()} for part in
                   (slice(200), slice(200, None)))  # fmt: skip
    truth = [(a, b) for k, a in enumerate(left["id"]) for j, b in enumerate(right["id"])
             if data.truth[k] == data.truth[200 + j]]  # fmt: skip
    return left, right, truth


@pytest.mark.parametrize("once", [{}, {"one_to_one": True}, {"many_to_one": True}])
def test_the_curve_of_a_link_run_is_what_a_run_at_each_cut_would_give(two_tables, once):
    left, right, truth = two_tables
    matcher = Matcher.contacts(threshold=0.5)
    runs = {0.5: matcher.link(left, right, **once)}
    for at in (0.3, 0.95):
        matcher.threshold = at
        runs[at] = matcher.link(left, right, refit=False, **once)
    assert runs[0.5].counts()["links"] > 40
    for at, run in runs.items():
        said = evaluate_links(run, truth)
        row = next(row for row in runs[0.5].curve(truth) if row["threshold"] == at)
        assert row["precision"] == pytest.approx(said.pairwise.precision)
        assert row["recall"] == pytest.approx(said.pairwise.recall)
        assert row["f1"] == pytest.approx(said.pairwise.f1)
        bare = evaluate_links(list(zip(run.links["left"], run.links["right"], strict=True)), truth)
        assert bare.pairwise == said.pairwise
        assert bare.clusters == said.clusters


def test_a_reliability_curve_of_links_counts_every_scored_pair(two_tables):
    left, right, truth = two_tables
    found = Matcher.contacts().link(left, right)
    rows = found.reliability(truth)
    assert sum(row["pairs"] for row in rows) == len(found.scored)
    real = set(truth)
    hits = sum(pair in real for pair in zip(found.pairs["left"], found.pairs["right"], strict=True))
    assert sum(row["pairs"] * row["observed"] for row in rows) == pytest.approx(hits)
    assert rows[-1]["observed"] > 0.9


def test_two_link_runs_are_compared_link_by_link(two_tables):
    left, right, truth = two_tables
    matcher = Matcher.contacts()
    first, second = matcher.link(left, right), matcher.link(left, right, one_to_one=True, refit=False)
    one, two = (set(zip(run.links["left"], run.links["right"], strict=True)) for run in (first, second))
    found = compare_runs(first, second, truth)
    assert set(found.gained) == two - one
    assert set(found.lost) == one - two != set()
    assert (found.gained_pairs, found.lost_pairs, found.kept_pairs) == (len(two - one), len(one - two), len(one & two))
    assert found.lost_right == len((one - two) & set(truth))
    assert found.gained_right == len((two - one) & set(truth))
    assert compare_runs(first, second).lost_right is None
    assert compare_runs(first, first, truth).lost_pairs == 0


def test_runs_that_do_not_go_together_are_refused(two_tables, two_runs):
    left, right, truth = two_tables
    linked = Matcher.contacts().link(left, right)
    with pytest.raises(InvalidValueError, match="over the same two tables"):
        compare_runs(linked, two_runs[1])
    with pytest.raises(ShapeError, match="different records"):
        compare_runs(linked, Matcher.contacts().link(right, left))
    with pytest.raises(NotFoundError, match="true link") as caught:
        evaluate_links(linked, [*truth, ("nobody", right["id"][0])])
    assert "nobody" not in str(caught.value)
    with pytest.raises(NotFoundError, match="true link"):
        linked.curve([(right["id"][0], left["id"][0])])


def test_tables_without_links_are_judged(two_tables):
    left, right, truth = two_tables
    none = {name: [] for name in left}
    found = Matcher.contacts().link(none, right)
    assert evaluate_links(found, []).pairwise.f1 == 1.0
    assert found.curve([])[0]["recall"] == 1.0
    assert evaluate_links([], truth).pairwise.recall == 0.0


def test_runs_that_read_one_table_in_other_orders_are_compared_by_record():
    columns = generate.contacts(200, seed=5, duplicates=0.5).columns
    turned = {name: values[::-1] for name, values in columns.items()}
    first, second = (Matcher.contacts(threshold=0.99).dedupe(one, key="id") for one in (columns, turned))
    third = Matcher.contacts().dedupe(turned, key="id")
    said = compare_runs(first, Matcher.contacts().dedupe(columns, key="id"))
    assert compare_runs(first, second).kept_pairs == compare_runs(first, first).kept_pairs > 0
    assert compare_runs(first, second).gained_pairs == compare_runs(first, second).lost_pairs == 0
    assert {frozenset(pair) for pair in compare_runs(first, third).gained} == {frozenset(pair) for pair in said.gained}
    with pytest.raises(ShapeError, match="different records"):
        compare_runs(first, Matcher.contacts().dedupe({name: values[1:] for name, values in columns.items()}, key="id"))


def test_link_runs_that_read_tables_in_other_orders_are_compared_by_record(two_tables):
    left, right, truth = two_tables
    turned = [{name: values[::-1] for name, values in one.items()} for one in (left, right)]
    first = Matcher.contacts().link(left, right, key="id")
    second = Matcher.contacts(threshold=0.99).link(*turned, key="id")
    found = compare_runs(first, second, truth)
    links = [set(zip(run.links["left"], run.links["right"], strict=True)) for run in (first, second)]
    assert set(found.lost) == links[0] - links[1] != set()
    assert set(found.gained) == links[1] - links[0]
    assert found.lost_right == len((links[0] - links[1]) & set(truth))
