"""Questions after answers: no label is lost, and no fitted model is replaced by a worse one."""

from __future__ import annotations

import pytest

from crmkit.errors import InvalidValueError, NotFoundError
from crmkit.matching import Label, Labels, Matcher
from crmkit.testing import generate

DATA = generate.contacts(400, seed=31)
ROWS = DATA.columns
PARTY = dict(zip(ROWS["id"], DATA.truth.tolist(), strict=True))
BADGES = {("Badge" if name == "id" else name): values for name, values in ROWS.items()}


def answered(questions):
    return Labels.of((one.left, one.right, PARTY[one.left] == PARTY[one.right]) for one in questions)


@pytest.fixture(scope="module")
def labels():
    return answered(Matcher.contacts().fit(ROWS).ask(ROWS, 20))


@pytest.mark.parametrize(
    "again", [{}, {"key": "id"}, {"key": "id", "frame": dict(ROWS)}], ids=["again", "other key", "other object"]
)
def test_asking_keeps_a_model_that_learned_from_labels(labels, again):
    matcher = Matcher.contacts().fit(ROWS, labels=labels)
    model = matcher.model_
    questions = matcher.ask(**{"frame": ROWS, "n": 5} | again)
    assert len(questions) == 5
    assert matcher.model_ is model
    assert model.correction


def test_each_round_of_questions_learns_from_all_answers(labels):
    matcher = Matcher.contacts().fit(ROWS, labels=labels)
    asked = {frozenset((one.left, one.right)) for one in labels}
    questions = matcher.ask(ROWS, 10)
    assert not asked & {frozenset((one.left, one.right)) for one in questions}
    more = answered(questions)
    matcher.ask(ROWS, 10, labels=more)
    whole = Matcher.contacts().fit(ROWS, labels=labels + more)
    assert matcher.model_.correction == whole.model_.correction != {}
    model = matcher.model_
    matcher.ask(ROWS, 10, labels=more)
    assert matcher.model_ is model, "nothing new was said"


def test_of_two_answers_about_one_pair_the_later_one_counts(labels):
    first = labels.pairs[0]
    other = Label(first.right, first.left, not first.match)
    assert labels.updated(Labels((other,))).pairs == (*labels.pairs[1:], other)
    matcher = Matcher.contacts().fit(ROWS, labels=labels)
    matcher.ask(ROWS, 1, labels=Labels((other,)))
    assert matcher.dedupe(ROWS, labels=labels.updated(Labels((other,)))).diagnostics.labels == len(labels)


def test_a_matcher_that_was_not_fitted_learns_from_labels_when_it_is_asked(labels):
    matcher = Matcher.contacts()
    matcher.ask(ROWS, 5, labels=labels)
    assert matcher.model_.correction == Matcher.contacts().fit(ROWS, labels=labels).model_.correction


def test_records_have_the_ids_of_the_key_in_fit_predict_and_questions(labels):
    matcher = Matcher.contacts().fit(BADGES, key="Badge", labels=labels)
    assert matcher.model_.correction
    assert set(matcher.predict(BADGES, key="Badge")["left"]) <= set(ROWS["id"])
    assert isinstance(matcher.predict(BADGES)["left"][0], int)
    by_row = matcher.ask(BADGES, 10)
    assert all(isinstance(one.left, int) for one in by_row)
    row = {record_id: k for k, record_id in enumerate(ROWS["id"])}
    known = {frozenset((row[one.left], row[one.right])) for one in labels}
    assert not known & {frozenset((one.left, one.right)) for one in by_row}
    with pytest.raises(NotFoundError, match="a label names a record"):
        Matcher.contacts().fit(BADGES, labels=labels)


@pytest.mark.parametrize("n", [2.5, -1, True, "5", None])
def test_a_number_of_questions_is_a_whole_number(n):
    with pytest.raises(InvalidValueError, match="a whole number from 0"):
        Matcher.contacts().ask(ROWS, n)


@pytest.mark.parametrize("answer", [("a", [1], True), ({"id": 1}, "b", True), ("a", "b"), 7])
def test_what_is_no_label_is_refused(answer):
    with pytest.raises(InvalidValueError, match=r"record ids|by their ids"):
        Labels.of([answer])


def test_labels_are_labels():
    with pytest.raises(InvalidValueError, match=r"Labels\.of"):
        Matcher.contacts().fit(ROWS, labels=[("C0000001", "C0000002", True)])
