from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.errors import FormatError, InvalidValueError, NotFoundError
from crmkit.matching import Label, Labels, Matcher, Question, evaluate
from crmkit.matching._decisions import _clusters as clusters
from crmkit.matching._labelling import _labels as known
from crmkit.matching._learning import _correction as correction
from crmkit.testing import generate


@pytest.fixture(scope="module")
def data():
    return generate.contacts(1_500, seed=31)


@pytest.fixture(scope="module")
def report(data):
    return Matcher.contacts().dedupe(data.columns)


def answered(data, questions):
    row = {record_id: k for k, record_id in enumerate(data.columns["id"])}
    return Labels.of(
        (one.left, one.right, data.truth[row[one.left]] == data.truth[row[one.right]]) for one in questions
    )


def test_labels_keep_each_pair_once_whichever_side_was_named_first():
    labels = Labels.of([("a", "b", True), ("b", "a", True), ("a", "c", False), ("a", "b", True)])
    assert len(labels) == 3
    found = known.known_pairs(labels, [["a", "b", "c"]])
    assert (found.left.tolist(), found.right.tolist(), found.match.tolist()) == ([0, 0], [1, 2], [True, False])


def test_two_tables_may_name_their_records_alike():
    labels = Labels.of([(1, 1, True), (1, 2, False), (2, 1, True)])
    found = known.known_pairs(labels, [[1, 2], [1, 2]])
    assert (found.left.tolist(), found.right.tolist()) == ([0, 0, 1], [2, 3, 2])


def test_labels_that_contradict_each_other_are_refused():
    with pytest.raises(InvalidValueError, match="both as a match and as none"):
        Labels.of([("a", "b", True), ("a", "b", False)])
    with pytest.raises(InvalidValueError, match="both as a match and as none"):
        known.known_pairs(Labels.of([("a", "b", True), ("b", "a", False)]), [["a", "b"]])
    with pytest.raises(InvalidValueError, match="the same record twice"):
        known.known_pairs(Labels.of([("a", "a", True)]), [["a", "b"]])


def test_answers_that_cannot_all_be_kept_are_noted(data):
    a, b, c = data.columns["id"][:3]
    found = Matcher.contacts().dedupe(data.columns, labels=Labels.of([(a, b, True), (b, c, True), (a, c, False)]))
    assert found.labels[0] != found.labels[2]
    assert any(note.startswith("1 labels could not be kept") for note in found.diagnostics.notes)
    assert found.cluster_sizes.max() < 10


def test_a_labelled_pair_stays_apart_in_a_component_too_large_to_score():
    n = 12
    left, right = (side.astype(np.int32) for side in np.triu_indices(n, 1))
    odds = np.where((left == 0) & (right == 1), 2 * clusters.VETO, 5.0)
    found = clusters.cluster(n, left, right, odds, lambda a, b: np.zeros(len(a)), largest=4)
    assert found.labels[0] != found.labels[1]


def test_labels_are_data(data, report):
    labels = answered(data, report.ask(5))
    assert Labels.from_dict(json.loads(json.dumps(labels.to_dict()))) == labels
    for broken in ({}, {"format": "crmkit-labels/2", "pairs": []}, {"format": "crmkit-labels/1"}):
        with pytest.raises(FormatError, match="crmkit-labels/1"):
            Labels.from_dict(broken)


@pytest.mark.parametrize("answer", ["n", "no", "true", None, 2, 0.5, float("nan")])
def test_what_is_neither_true_nor_false_is_no_answer(answer):
    with pytest.raises(InvalidValueError, match="True for a match"):
        Labels.of([("a", "b", answer)])


def test_a_saved_answer_that_is_text_is_refused():
    for pairs in ([["a", "b", "false"]], [["a"]], [1]):
        with pytest.raises(FormatError, match="true or false"):
            Labels.from_dict({"format": "crmkit-labels/1", "pairs": pairs})
    assert len(Labels.of([(np.int64(1), 2, np.bool_(True)), (1, 3, 0)])) == 2


def test_nobody_asks_for_fewer_than_no_pairs(report):
    with pytest.raises(InvalidValueError, match="a whole number from 0"):
        report.ask(-1)


def test_a_label_shows_no_record_id():
    assert "canary" not in repr(Label("canary@example.com", "b", match=True))
    assert "canary" not in repr(Labels.of([("canary@example.com", "b", True)]))


def test_a_label_of_a_record_that_is_not_there_is_refused_without_naming_it(data):
    with pytest.raises(NotFoundError, match="not in the frame") as caught:
        Matcher.contacts().dedupe(data.columns, labels=Labels.of([("canary", "C0000001", True)]))
    assert "canary" not in str(caught.value)


def test_labelled_matches_are_linked_and_labelled_others_never(data, report):
    ids, labels = data.columns["id"], report.labels
    together = next(
        (a, b) for a, b in zip(report.scored.left, report.scored.right, strict=True) if labels[a] == labels[b]
    )
    apart = (0, int(np.flatnonzero(labels != labels[0])[0]))
    said = Labels.of([(ids[together[0]], ids[together[1]], False), (ids[apart[0]], ids[apart[1]], True)])
    found = Matcher.contacts().dedupe(data.columns, labels=said)
    assert found.labels[together[0]] != found.labels[together[1]]
    assert found.labels[apart[0]] == found.labels[apart[1]]
    assert found.diagnostics.labels == 2


def test_labels_help_and_measure_precision(data, report):
    labels = answered(data, report.ask(150))
    found = Matcher.contacts().dedupe(data.columns, labels=labels)
    before, after = (evaluate(one.labels.tolist(), data.truth.tolist()).pairwise for one in (report, found))
    assert after.f1 > before.f1
    linked = found.labels[found.scored.left] == found.labels[found.scored.right]
    real = (data.truth[found.scored.left] == data.truth[found.scored.right])[linked].mean()
    assert found.diagnostics.measured_precision == pytest.approx(real, abs=0.05)
    assert 0.9 < found.diagnostics.measured_recall <= 1.0
    assert "measured by 150 labels" in str(found.diagnostics)
    assert report.diagnostics.measured_precision is None


def test_one_slip_on_a_sure_pair_moves_no_other(data, report):
    ids, labels, scored = data.columns["id"], report.labels, report.scored
    sure = int(np.argmax(scored.log_odds))
    strangers = (0, int(np.flatnonzero(labels != labels[0])[0]))
    before = evaluate(labels.tolist(), data.truth.tolist()).pairwise
    for a, b, match in [(scored.left[sure], scored.right[sure], False), (*strangers, True)]:
        found = Matcher.contacts().dedupe(data.columns, labels=Labels.of([(ids[a], ids[b], match)]))
        after = evaluate(found.labels.tolist(), data.truth.tolist()).pairwise
        assert after.precision > before.precision - 0.02
        assert after.recall > before.recall - 0.02


def test_many_answers_that_agree_overrule_a_sure_model():
    columns = {"constant": np.ones(60), "street equal": np.tile([1.0, 0.0], 30)}
    odds = np.full(60, 5.0)
    few, many = (
        correction.fit_correction({name: values[:n] for name, values in columns.items()}, odds[:n], np.zeros(n, bool))
        for n in (1, 60)
    )
    assert sum(few.values()) > -0.5
    assert odds[0] + sum(many.values()) < 0.0


def test_one_wrong_answer_does_not_outweigh_what_the_model_is_sure_of(data, report):
    sure = int(np.argmax(report.scored.log_odds))
    ids = data.columns["id"]
    wrong = Labels.of([(ids[report.scored.left[sure]], ids[report.scored.right[sure]], False)])
    facts = Matcher.contacts().dedupe(data.columns, labels=wrong).diagnostics
    real = evaluate(report.labels.tolist(), data.truth.tolist()).pairwise.precision
    assert facts.measured_precision == pytest.approx(real, abs=0.04)
    assert facts.precision_interval[0] <= real <= facts.precision_interval[1]
    assert [note for note in facts.notes if note.startswith("1 labels measure little")]
    assert "(between 0." in str(facts)
    assert report.diagnostics.precision_interval is None


def test_many_answers_against_sure_pairs_are_believed(data, report):
    ids, best = data.columns["id"], np.argsort(-report.scored.log_odds)[:120]
    wrong = Labels.of((ids[report.scored.left[k]], ids[report.scored.right[k]], False) for k in best)
    facts = Matcher.contacts().fit(data.columns).dedupe(data.columns, labels=wrong, refit=False).diagnostics
    assert facts.measured_precision < 0.6


def test_a_matcher_that_learned_from_labels_is_data(data, report):
    matcher = Matcher.contacts()
    matcher.fit(data.columns, labels=answered(data, report.ask(60)))
    assert matcher.model_.correction
    again = Matcher.from_dict(json.loads(json.dumps(matcher.to_dict())))
    first, second = (one.dedupe(data.columns, refit=False) for one in (matcher, again))
    assert first.labels.tolist() == second.labels.tolist()
    pair = first.scored.left[0], first.scored.right[0]
    told = first.explain(*(data.columns["id"][row] for row in pair))
    assert "labels" in [step.name for step in told.steps]
    assert sum(step.weight for step in told.steps) == pytest.approx(told.match_weight)


def test_what_labels_taught_is_in_every_number_of_an_explanation(data, report):
    labels = answered(data, report.ask(60))
    found = Matcher.contacts().dedupe(data.columns, labels=labels)
    assert found.model.correction
    pairs = found.pairs
    answers = {frozenset((one.left, one.right)) for one in labels}
    open_ = [k for k in range(len(pairs["left"])) if {pairs["left"][k], pairs["right"][k]} not in answers]
    doubtful = sorted(open_, key=lambda k: abs(pairs["match_probability"][k] - 0.5))[:60]
    moved = 0
    for k in doubtful:
        told = found.explain(pairs["left"][k], pairs["right"][k])
        assert told.match_probability == pytest.approx(pairs["match_probability"][k], abs=1e-6)
        assert told.explanations["match"] == pytest.approx(told.match_probability, abs=1e-9)
        assert sum(told.explanations.values()) == pytest.approx(1.0)
        assert max(told.explanations, key=told.explanations.__getitem__) == pairs["explanation"][k]
        moved += abs(next(step.weight for step in told.steps if step.name == "labels")) > 0.5
        if told.match_probability > 0.5:
            assert told.text == "they are the same person"
            assert pairs["explanation"][k] == "match"
        if 0.1 < told.match_probability < 0.9:
            assert told.sentence == (
                f"more likely than not {told.text}" if told.match_probability > 0.5 else f"if not a match, {told.text}"
            )
            assert f"match {told.match_probability:.1%}" in str(told).splitlines()[-1]
    assert moved > 5


def test_questions_are_new_spread_and_reproducible(data, report):
    first = report.ask(40)
    assert [(one.left, one.right) for one in report.ask(40)] == [(one.left, one.right) for one in first]
    ends = [record_id for one in first for record_id in (one.left, one.right)]
    assert len(set(ends)) == len(ends), "no record is asked about twice while others are left"
    labels = answered(data, first)
    second = report.ask(40, labels=labels)
    asked = {frozenset((one.left, one.right)) for one in first}
    assert not asked & {frozenset((one.left, one.right)) for one in second}
    assert len({round(one.match_probability, 1) for one in first}) >= 5
    assert len(report.ask(10**6)) == len(report.scored)


def test_asking_the_matcher_again_about_one_frame_does_not_match_it_again(data, monkeypatch):
    matcher = Matcher.contacts()
    matcher.ask(data.columns, n=1)
    columns = data.columns
    first = matcher.ask(columns, n=5)
    monkeypatch.setattr(Matcher, "dedupe", None)
    assert matcher.ask(columns, n=5) == first


def test_a_question_shows_values_only_where_it_is_printed(data, report):
    question = report.ask(1).questions[0]
    name, (a, b) = next((name, both) for name, both in question.values.items() if all(both))
    assert str(a) not in repr(question)
    assert name in str(question)
    assert str(a) in str(question)
    assert str(b) in str(question)
    assert repr(report.ask(2)) == "<Questions: 2 pairs; .answer() asks about them>"


def test_the_loop_takes_answers_skips_and_stops(report):
    shown = []

    def read(text):
        shown.append(text)
        return ["y", "skip", " 否 ", "q", "y"][len(shown) - 1]

    labels = report.ask(6).answer(read)
    assert [one.match for one in labels] == [True, False]
    assert len(shown) == 4
    assert "same party?" in shown[0]


def test_questions_of_a_link_name_each_table_s_own_record(data):
    columns = data.columns  # made anew at each access
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    left = [row | {"id": f"L{k}"} for k, row in enumerate(rows[:700])]
    right = [row | {"id": f"R{k}"} for k, row in enumerate(rows[700:])]
    found = Matcher.contacts().link(left, right)
    questions = found.ask(8)
    assert all(one.left.startswith("L") and one.right.startswith("R") for one in questions)
    labels = Labels.of((one.left, one.right, True) for one in questions)
    again = Matcher.contacts().link(left, right, labels=labels)
    linked = {(row["left"], row["right"]) for row in again.links}
    assert {(one.left, one.right) for one in questions} <= linked


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8), st.booleans()), max_size=12))
def test_answers_are_found_whichever_side_comes_first(triples):
    told = {frozenset((a, b)): match for a, b, match in triples if a != b}
    labels = Labels.of((min(pair), max(pair), match) for pair, match in told.items())
    found = known.known_pairs(labels, [range(9)])
    a, b = (grid.ravel().astype(np.int32) for grid in np.meshgrid(np.arange(9), np.arange(9)))
    expected = [
        {True: 1, False: -1, None: 0}[told.get(frozenset((x, y)))] for x, y in zip(a.tolist(), b.tolist(), strict=True)
    ]
    assert found.answers(a, b).tolist() == expected


def test_both_records_of_a_question_stand_in_columns_whatever_their_script():
    values = {"city": ("南京市", "南京市"), "姓名": ("何巧娟", "He Qiaojuan"), "phone": ("1", None)}
    shown = str(Question("a", "b", 0.5, "they agree", values)).splitlines()[:3]
    assert shown[0].startswith("city   =  ")
    ends = {sum(2 if "\u3000" < char < "\uffff" else 1 for char in line.partition("|")[0]) for line in shown}
    assert len(ends) == 1


def test_the_first_question_after_fit_reads_no_file_again(monkeypatch):
    people = generate.contacts(300, seed=6).columns
    matcher = Matcher.contacts().fit(people)
    monkeypatch.setattr(Matcher, "dedupe", lambda *_, **__: pytest.fail("matched again"))
    assert len(matcher.ask(people, n=5)) == 5
    with pytest.raises(pytest.fail.Exception):
        matcher.ask(dict(people), n=5)
