from __future__ import annotations

import json
import re

import pytest

from crmkit.errors import CheckFailedError, NotFoundError
from crmkit.matching import Matcher
from crmkit.records import RecordSet
from crmkit.testing import generate


@pytest.fixture(scope="module")
def columns():
    return generate.contacts(600, seed=14).columns


@pytest.fixture(scope="module")
def report(columns):
    return Matcher.contacts().dedupe(columns)


def test_pairs_are_sorted_and_hold_those_under_the_threshold_too(report):
    pairs = report.pairs
    chances = pairs["match_probability"]
    assert chances == sorted(chances, reverse=True)
    assert chances[-1] < report.threshold_ < chances[0]
    assert len(chances) == report.counts()["pairs"]


def test_explaining_a_pair_gives_the_score_that_was_used(report):
    pairs = report.pairs
    for k in range(0, len(pairs["left"]), 7):
        left, right = pairs["left"][k], pairs["right"][k]
        there, back = report.explain(left, right), report.explain(right, left)
        assert there.match_weight == pytest.approx(pairs["match_weight"][k], abs=1e-4)
        assert there.match_probability == pytest.approx(pairs["match_probability"][k], abs=1e-4)
        assert back.match_weight == pytest.approx(there.match_weight, abs=1e-4)
        assert sum(step.weight for step in there.steps) == pytest.approx(there.match_weight, abs=1e-6)
        assert sum(there.explanations.values()) == pytest.approx(1.0)
        assert max(there.explanations, key=there.explanations.get) == pairs["explanation"][k]


def test_an_explanation_reads_as_sentences_and_as_data(report):
    one = report.explain(report.pairs["left"][0], report.pairs["right"][0])
    text = str(one)
    assert "match probability 100.0%: they are the same person" in text
    assert "prior" in text
    assert "rival explanations" in text
    assert repr(one).startswith("<PairExplanation: match probability 1.000")
    assert json.dumps(one.to_dict())
    assert "<table>" in one._repr_html_()


def test_two_strangers_are_explained_by_chance(report, columns):
    assert report.explain(columns["id"][0], columns["id"][1]).text == "they agree by chance"


def test_an_unknown_id_is_refused_without_repeating_it(report):
    with pytest.raises(NotFoundError) as caught:
        report.explain("secret@example.org", "x")
    assert "secret" not in str(caught.value)


def test_a_report_is_neither_true_nor_false_and_can_be_asked_to_raise(report, columns):
    with pytest.raises(TypeError, match=r"use \.ok or \.raise_for"):
        bool(report)
    assert not report.ok
    with pytest.raises(CheckFailedError, match="duplicates"):
        report.raise_for()
    assert isinstance(report.to_frame(), RecordSet)
    assert isinstance(report.to_frame(like=[{"a": 1}]), list)


def test_no_personal_data_in_what_a_report_shows_of_itself(report, columns):
    private = {
        value
        for name in ("email", "phone", "street", "family_name")
        for value in columns[name]
        if value and len(value) > 5
    }
    shown = [
        repr(report),
        report._repr_html_(),
        json.dumps(report.to_dict()),
        repr(report.diagnostics),
        str(report.diagnostics),
        repr(report.model),
        repr(report.run.encoded),
        repr(report.run.encoded.comparisons),
        *(
            str(report.explain(a, b))
            for a, b in zip(report.pairs["left"][:20], report.pairs["right"][:20], strict=True)
        ),
    ]
    assert not any(value in text for value in private for text in shown)


def test_the_page_of_a_report_is_escaped(columns):
    odd = dict(columns)
    odd["id"] = [f"<b>{value}</b>" for value in columns["id"]]
    left = {name: values[:300] for name, values in odd.items()}
    right = {name: values[300:] for name, values in odd.items()}
    assert "<b>C0" not in Matcher.contacts().link(left, right)._repr_html_()


def test_diagnostics_say_what_was_read_and_what_was_left_out(report):
    text = str(report.diagnostics)
    assert "email reads email" in text
    assert "no column for generation, national_id" in text
    assert "blocking by email: used" in text
    assert "owner_name" not in text
    assert 0.5 < report.diagnostics.expected_precision <= 1.0
    assert 0.5 < report.diagnostics.expected_recall <= 1.0


def test_an_owner_or_an_assistant_never_feeds_a_match():
    export = {
        "First Name": ["Ann", "Bob"],
        "Last Name": ["Lee", "Kim"],
        "Email": ["ann@example.org", "bob@example.net"],
        "Asst. Phone": ["+12025550123", "+12025550123"],
        "Contact Owner": ["Sam Rep", "Sam Rep"],
        "Reports To": ["Max Boss", "Max Boss"],
    }
    found = Matcher.contacts().dedupe(export)
    read = {column for columns in found.diagnostics.columns.values() for column in columns}
    assert not any("Asst" in column or "Owner" in column or "Reports" in column for column in read)


def test_a_house_number_of_its_own_column_goes_with_the_street():
    rows = {"street_number": ["12", None], "address_1": ["main street", "oak avenue"], "surname": ["lee", "kim"]}
    found = Matcher.contacts().dedupe(rows)
    assert found.diagnostics.columns["street"] == ("street_number + address_1",)
    assert list(found.run.encoded.fields["street"].values) == ["12 main st", "oak ave"]


@pytest.mark.parametrize("key", ["ann.lee@example.org", "+1 202 555 0123", "13800138000"])
def test_a_key_that_reaches_somebody_is_masked_on_the_page(key):
    person = {"first_name": "Ann", "last_name": "Lee", "email": "ann.lee@example.org", "city": "Oslo"}
    found = Matcher.contacts().link([{"k": key, **person}], [{"k": "left-17", **person}], key="k")
    page = found._repr_html_()
    assert key not in page
    assert "left-17" in page


def test_what_is_said_of_organizations_does_not_call_them_people():
    places = generate.accounts(400, seed=4).columns
    found = Matcher.accounts().dedupe(places)
    best = found.pairs
    said = [str(found.explain(a, b)) for a, b in zip(best["left"], best["right"], strict=True)]
    said += [question.explanation for question in found.ask(50)]
    assert any("they are the same organization" in text for text in said)
    assert not [text for text in said if "person" in text or "people" in text]


def test_the_waterfall_in_a_notebook_ends_where_the_match_weight_does():
    report = Matcher.contacts().dedupe(generate.contacts(200, seed=1).columns)
    for question in report.ask(5):
        found = report.explain(question.left, question.right)
        bars = [tuple(map(int, one)) for one in re.findall(r"margin-left:(\d+)px;width:(\d+)px", found._repr_html_())]
        assert len(bars) == len(found.steps) + 1
        (first, wide), (last, width) = bars[0], bars[-1]
        zero = first + wide if found.steps[0].weight < 0.0 else first
        assert min(abs(zero - last), abs(zero - last - width)) <= 2
        assert all(left + width <= 243 for left, width in bars)
        weights = re.findall(r">([+-][\d.]+)<", found._repr_html_())
        assert weights[-1] == f"{found.match_weight:+.1f}"


def test_the_sentence_is_about_one_person_just_where_that_is_more_probable_than_not(report):
    pairs = report.pairs
    seen = set()
    for left, right, chance in zip(pairs["left"], pairs["right"], pairs["match_probability"], strict=True):
        said = report.explain(left, right)
        seen.add((chance > 0.5, max(said.explanations, key=said.explanations.__getitem__) == "match"))
        assert (said.text == "they are the same person") == (chance > 0.5)
    assert (False, False) in seen
    assert (True, True) in seen


def test_what_both_records_have_is_not_called_missing():
    people = generate.contacts(300, seed=6).columns
    people = {name: [*values, values[0]] for name, values in people.items()}
    people["id"][-1] = "turned"
    people["given_name"][0], people["family_name"][0] = "Solveig", "Brattvoll"
    people["given_name"][-1], people["family_name"][-1] = "Brattvoll", "Solveig"
    people["email"][0] = people["email"][-1] = "sb@brattvoll-bygg.example.no"
    matcher = Matcher.contacts().fit(people)
    found = matcher.dedupe(people, refit=False).explain(people["id"][0], "turned")
    record = {name: values[0] for name, values in people.items() if name != "id" and values[0] is not None}
    for told in (found, matcher.index(people).explain(record, "turned")):
        levels = dict(level for step in told.steps for level in step.levels)
        assert levels["given"] == levels["family"] == "swapped"
        assert levels["domain"] == "that of the e-mail address"
        assert all(level != "missing" or people.get(name, [None])[0] is None for name, level in levels.items())
