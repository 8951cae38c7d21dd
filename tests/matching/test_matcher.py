from __future__ import annotations

import json
import logging

import numpy as np
import pytest

from crmkit.errors import FormatError, InvalidValueError, NotFittedError, NotFoundError, SchemaError
from crmkit.matching import BlockingRule, Comparison, Matcher, MatchModel, Precision, evaluate
from crmkit.matching import comparisons as c
from crmkit.testing import generate

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")


@pytest.fixture(scope="module")
def data():
    return generate.contacts(1_500, seed=11)


@pytest.fixture(scope="module")
def report(data):
    return Matcher.contacts().dedupe(data.columns)


def same_groups(first, second):
    return evaluate(list(first), list(second)).to_dict()["f1"] == 1.0


def test_generated_contacts_are_matched_without_configuration(data, report):
    found = evaluate(report.labels.tolist(), data.truth.tolist())
    assert found.pairwise.f1 > 0.93
    assert abs(report.diagnostics.expected_precision - found.pairwise.precision) < 0.05


def test_generated_accounts_are_matched_without_configuration():
    places = generate.accounts(800, seed=4)
    found = Matcher.accounts().dedupe(places.columns)
    assert evaluate(found.labels.tolist(), places.truth.tolist()).pairwise.f1 > 0.8


def test_chinese_contacts_with_the_name_in_one_column_and_the_mobile_as_key_are_matched():
    people = generate.contacts(1_000, seed=2, scripts={"zh": 1.0})
    columns = dict(people.columns)
    given, family = columns.pop("given_name"), columns.pop("family_name")
    columns = {
        "编号": columns["id"],
        "姓名": [f"{f or ''}{g or ''}" or None for g, f in zip(given, family, strict=True)],
        "手机": columns["phone"],
        "公司名称": columns["company_name"],
    }
    found = Matcher.contacts().dedupe(columns)
    assert found.diagnostics.columns["given"] == ("姓名 (given)",)
    assert found.diagnostics.columns["phone"] == ("手机",)
    assert evaluate(found.labels.tolist(), people.truth.tolist()).pairwise.precision > 0.8


def test_clusters_have_one_row_for_each_input_row_in_order(data, report):
    clusters = report.clusters
    assert clusters["record_id"] == data.columns["id"]
    assert len(clusters["cluster_id"]) == len(data)


def test_the_same_input_gives_the_same_result(data, report):
    again = Matcher.contacts().dedupe(data.columns)
    assert again.labels.tolist() == report.labels.tolist()
    assert again.pairs == report.pairs


def test_the_order_of_columns_does_not_matter(data, report):
    backwards = dict(reversed(data.columns.items()))
    assert Matcher.contacts().dedupe(backwards).labels.tolist() == report.labels.tolist()


def test_the_order_of_rows_does_not_matter(data, report):
    order = np.random.default_rng(0).permutation(len(data))
    moved = {name: [values[row] for row in order] for name, values in data.columns.items()}
    labels = np.empty(len(data), dtype=int)
    labels[order] = Matcher.contacts().dedupe(moved).labels
    assert evaluate(labels.tolist(), report.labels.tolist()).pairwise.f1 == 1.0


def test_the_order_of_rows_does_not_move_a_score(data, report):
    order = np.random.default_rng(3).permutation(len(data))
    moved = {name: [values[row] for row in order] for name, values in data.columns.items()}
    was, now = (
        {frozenset(pair): odds for *pair, odds in zip(one["left"], one["right"], one["match_weight"], strict=True)}
        for one in (report.pairs, Matcher.contacts().dedupe(moved).pairs)
    )
    assert was.keys() == now.keys()
    assert max(abs(odds - now[pair]) for pair, odds in was.items()) < 1e-6


def test_results_come_in_the_kind_of_the_frame(data):
    columns = {name: values[:200] for name, values in data.columns.items()}
    assert isinstance(Matcher.contacts().dedupe(pd.DataFrame(columns)).clusters, pd.DataFrame)
    assert isinstance(Matcher.contacts().dedupe(pl.DataFrame(columns)).pairs, pl.DataFrame)


def test_a_fitted_matcher_is_data_and_works_again_after_loading(data):
    matcher = Matcher.contacts(
        threshold=Precision(0.9), blocking=[BlockingRule("email"), BlockingRule("phone", loose=True)]
    )
    matcher.fit(data.columns)
    loaded = Matcher.from_dict(json.loads(json.dumps(matcher.to_dict())))
    assert repr(loaded) == repr(matcher)
    assert loaded.predict(data.columns) == matcher.predict(data.columns)
    first, second = (one.dedupe(data.columns, refit=False) for one in (matcher, loaded))
    assert first.labels.tolist() == second.labels.tolist()
    assert not any(value in json.dumps(matcher.to_dict()) for value in data.columns["email"][:50] if value)


def test_a_model_on_a_larger_file_expects_more_pairs(data):
    matcher = Matcher.contacts().fit(data.columns)
    model = matcher.model_
    twice = model.for_size(2 * model.n, 4 * model.pairs)
    assert twice.numbers["match"] == pytest.approx(2 * model.numbers["match"])
    assert "match" in repr(model)


def test_documents_of_another_format_are_refused():
    with pytest.raises(FormatError, match="crmkit-matcher/1"):
        Matcher.from_dict({"format": "crmkit-matcher/9"})
    with pytest.raises(FormatError, match="crmkit-match-model/1"):
        MatchModel.from_dict({"format": "pickle"})


def test_predicting_before_fitting_is_refused(data):
    with pytest.raises(NotFittedError, match="call fit"):
        Matcher.contacts().predict(data.columns)


def test_a_model_is_refused_on_other_columns(data):
    matcher = Matcher.contacts().fit(data.columns)
    fewer = {name: values for name, values in data.columns.items() if name != "email"}
    with pytest.raises(SchemaError, match="was fitted on"):
        matcher.predict(fewer)


def test_the_repr_prints_every_rule_and_can_be_evaluated():
    for matcher in (
        Matcher.contacts(),
        Matcher.accounts(block_cap=50),
        Matcher(
            comparisons=[c.given_name("Vorname"), c.exact("badge"), c.text("note", group="n")],
            blocking=[BlockingRule("badge")],
            threshold=0.9,
        ),
    ):
        names = {"Matcher": Matcher, "c": c, "BlockingRule": BlockingRule, "Comparison": Comparison}
        assert repr(eval(repr(matcher), names)) == repr(matcher)
        assert eval(repr(matcher), names)._comparisons() == matcher._comparisons()


def test_own_comparisons_are_used_and_blocked_by():
    rows = 40
    columns = {
        "given_name": ["Ann", "Bob"] * (rows // 2),
        "badge": [f"x{k // 2}" for k in range(rows)],
        "joined": [f"2020-01-{k // 2 % 28 + 1:02}" for k in range(rows)],
        "salary": [str(1000 + 10 * (k // 2)) for k in range(rows)],
        "note": [f"note about number {k // 2}" for k in range(rows)],
        "office": [f"room {k // 2}" for k in range(rows)],
    }
    comparisons = [
        c.exact("badge"),
        c.date("joined"),
        c.number("salary"),
        c.text("note"),
        c.exact("office", shared_by="household"),
    ]
    found = Matcher(comparisons=comparisons).dedupe(columns)
    assert same_groups(found.labels.tolist(), [k // 2 for k in range(rows)])
    assert set(found.model.groups) == {"badge", "joined", "salary", "note", "office"}


def test_two_comparisons_of_one_name_are_refused(data):
    with pytest.raises(SchemaError, match="'email'"):
        Matcher(comparisons=[c.email(), c.email("x")]).dedupe(data.columns)


def test_misspelt_settings_say_what_was_meant(data):
    with pytest.raises(NotFoundError, match="did you mean 'contact'"):
        Matcher(kind="contacts")
    with pytest.raises(NotFoundError, match="did you mean 'email'"):
        Matcher(blocking=[BlockingRule("emial")]).dedupe(data.columns)
    with pytest.raises(SchemaError, match="did you mean 'email'"):
        Matcher(comparisons=[c.email("emial")]).dedupe(data.columns)
    with pytest.raises(SchemaError, match="did you mean 'email'"):
        Matcher.contacts().dedupe(data.columns, key="emial")


def test_linking_finds_the_twins_in_another_table(data):
    columns = data.columns
    left = {name: [v for k, v in enumerate(values) if k % 2 == 0] for name, values in columns.items()}
    right = pd.DataFrame({name: [v for k, v in enumerate(values) if k % 2] for name, values in columns.items()})
    found = Matcher.leads().link(left, right)
    truth = dict(zip(columns["id"], data.truth.tolist(), strict=True))
    links = found.links
    right_pairs = [truth[a] == truth[b] for a, b in zip(links["left"], links["right"], strict=True)]
    assert np.mean(right_pairs) > 0.9
    assert set(links["left"]) <= set(left["id"])
    once = Matcher.contacts().link(left, right, one_to_one=True, key=("id", "id"))
    assert len(set(once.links["left"])) == len(once.links["left"]) == len(set(once.links["right"]))
    assert once.counts()["links"] == len(once.links["left"])
    assert found.to_dict()["counts"]["left"] == len(left["id"])
    assert "match probability" in once._repr_html_()
    assert not once.ok
    a, b = links["left"][0], links["right"][0]
    assert found.explain(a, b).match_probability > 0.5


# --- degenerate input ---------------------------------------------------------------------------------------------


def test_no_record_and_one_record_are_no_error():
    for rows in (0, 1):
        columns = {"email": ["ann@example.org"] * rows, "name": ["Ann"] * rows}
        found = Matcher.contacts().dedupe(columns)
        assert found.ok
        assert found.labels.tolist() == list(range(rows))
        assert any("nothing to compare" in note for note in found.diagnostics.notes)
        assert found.pairs["left"] == []
        golden, log = found.merge()
        assert golden == columns
        assert len(log) == 0


def test_columns_without_a_value_are_said_to_be_empty():
    found = Matcher.contacts().dedupe({"email": [None] * 5, "last_name": [""] * 5})
    assert found.labels.tolist() == [0, 1, 2, 3, 4]
    assert any("is empty" in note for note in found.diagnostics.notes)
    assert "email" in found.diagnostics.unused


def test_a_frame_with_nothing_to_match_on_says_what_was_looked_for():
    with pytest.raises(SchemaError, match="looked for given_name, family_name"):
        Matcher.contacts().dedupe({"color": ["red", "blue"], "weight": ["1", "2"]})


def test_a_file_of_one_record_repeated_is_one_cluster_without_comparing_all_with_all():
    one = {
        "first_name": "Ann", "last_name": "Lee", "email": "ann.lee@example.org", "phone": "+12025550123",
        "street": "1 Main Street", "city": "Springfield",
    }  # fmt: skip
    rows = 30_000
    found = Matcher.contacts().dedupe({name: [value] * rows for name, value in one.items()})
    assert len(found.cluster_sizes) == 1
    assert found.diagnostics.candidates <= 4 * rows
    assert any("over the cap" in note for note in found.diagnostics.notes)
    assert any("too large" in note for note in found.diagnostics.notes)


def test_a_placeholder_that_every_record_has_joins_nobody(data):
    columns = dict(data.columns)
    columns["phone"] = ["+1 202 555 0100"] * len(data)
    found = evaluate(Matcher.contacts().dedupe(columns).labels.tolist(), data.truth.tolist())
    assert found.pairwise.precision > 0.9
    assert found.pairwise.recall > 0.75


def test_no_duplicates_at_all_give_next_to_no_links():
    people = generate.contacts(2_000, seed=8, duplicates=0.0)
    report = Matcher.contacts().dedupe(people.columns)
    assert report.counts()["duplicates"] <= 10


def test_repeated_record_ids_fall_back_to_row_positions_and_say_so():
    numbers = range(12)
    columns = {"id": [str(n % 11) for n in numbers], "email": [f"{n}@example.org" for n in numbers]}
    with pytest.raises(SchemaError, match=r"no record id here \(0 missing, 1 repeated\); leave key= out"):
        Matcher.contacts().dedupe(columns, key="id")
    found = Matcher.contacts().dedupe(columns)
    assert found.clusters["record_id"] == list(numbers)
    assert any("no record id here (0 missing, 1 repeated)" in note for note in found.diagnostics.notes)


@pytest.mark.parametrize(("given", "code"), [("cn", "CN"), ("China", "CN"), ("德国", "DE"), (None, None)])
def test_a_country_is_named_as_people_do(given, code):
    assert Matcher.contacts(country=given).country == code


@pytest.mark.parametrize("given", ["Atlantis", "", 5])
def test_what_is_no_country_is_refused_in_one_sentence(given):
    with pytest.raises(InvalidValueError, match=r"^country= is a code of ISO 3166-1"):
        Matcher.contacts(country=given)


def test_thousands_of_columns_are_no_trouble():
    columns = {f"column {k}": [str(k), None, "x"] for k in range(5_000)}
    columns["email"] = ["a@example.org", "a@example.org", "b@example.org"]
    assert len(Matcher.contacts().dedupe(columns).labels) == 3


def test_every_step_reports_progress_and_logs(data, caplog):
    seen = []

    def progress(items, *, total=None, desc=None):
        seen.append((desc, total))
        return items

    columns = {name: values[:200] for name, values in data.columns.items()}
    with caplog.at_level(logging.INFO, logger="crmkit.matching"):
        Matcher.contacts().dedupe(columns, progress=progress)
    assert {desc for desc, _ in seen} >= {"encode", "block", "score"}
    text = caplog.text
    assert "candidate pairs" in text
    assert not any(value in text for value in columns["email"] if value)


@pytest.mark.parametrize(
    "settings",
    [
        {"threshold": "F1"},
        {"threshold": 0},
        {"threshold": 1.0},
        {"threshold": 99},
        {"threshold": float("nan")},
        {"threshold": True},
        {"threshold": None},
        {"comparisons": ["email"]},
        {"comparisons": "email"},
        {"blocking": ["email"]},
        {"blocking": "email"},
        {"seed": -1},
        {"country": 49},
        {"country": "Atlantis"},
    ],
)
def test_a_wrong_setting_is_refused_before_a_file_is_read(settings):
    with pytest.raises(ValueError, match=r"threshold|comparisons|blocking|seed|country"):
        Matcher.contacts(**settings)


def test_a_document_that_is_not_whole_is_refused():
    whole = Matcher.contacts().to_dict()
    for name in whole:
        with pytest.raises(FormatError):
            Matcher.from_dict({key: value for key, value in whole.items() if key != name})
    for broken in ([], {**whole, "more": 1}, {**whole, "comparisons": [1]}, {**whole, "blocking": [{}]}):
        with pytest.raises(FormatError):
            Matcher.from_dict(broken)
