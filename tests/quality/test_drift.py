"""Drift: what changed is found, what is chance or small is not, and every finding says what it rests on."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmkit as ck
from crmkit.errors import CheckFailedError, SchemaError
from crmkit.quality import drift, profile
from crmkit.quality._stats import cohens_h, ks_distance, psi, robust_z, two_proportions
from crmkit.validators import Choice, Satisfies, Schema

START = datetime(2026, 1, 5, tzinfo=UTC)


def day(number, *, rows=400, seed=None, schema=None, **change):
    rng = random.Random(number if seed is None else seed)
    made = {
        "stage": [rng.choice(["new", "new", "won", "lost"]) for _ in range(rows)],
        "amount": [f"{rng.lognormvariate(8, 1):.2f}" for _ in range(rows)],
        "phone": [f"+86138{rng.randint(0, 99_999_999):08d}" for _ in range(rows)],
        "note": [rng.choice([None, "a", "b"]) for _ in range(rows)],
        "seen": [f"{(START + timedelta(days=number)).date()}" for _ in range(rows)],
    }
    for name, edit in change.items():
        made[name] = [edit(value, rng) for value in made[name]]
    return profile(made, schema, name="deals", now=lambda: START + timedelta(days=number))


HISTORY = [day(number) for number in range(12)]


def codes(report):
    return {(issue.path, issue.code) for issue in report}


def test_days_that_differ_by_chance_have_no_findings():
    for number in range(12, 24):
        assert codes(drift(day(number), HISTORY)) == set(), number


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"note": lambda value, rng: None if rng.random() < 0.5 else value}, ("note", "drift_missing")),
        ({"stage": lambda value, rng: "赢单" if value == "won" else value}, ("stage", "drift_new_values")),
        ({"stage": lambda value, rng: "won" if rng.random() < 0.8 else value}, ("stage", "drift_distribution")),
        ({"phone": lambda value, rng: value[3:] if rng.random() < 0.5 else value}, ("phone", "drift_shapes")),
        ({"phone": lambda value, rng: "+8613800138000"}, ("phone", "drift_distinct")),
        ({"amount": lambda value, rng: f"{float(value) * 100:.2f}"}, ("amount", "drift_numbers")),
        ({"seen": lambda value, rng: "2025-12-20"}, ("seen", "drift_freshness")),
    ],
    ids=["missing", "new", "distribution", "shapes", "distinct", "numbers", "freshness"],
)
def test_planted_changes_are_found_with_their_figures(change, expected):
    report = drift(day(12, **change), HISTORY)
    assert expected in codes(report)
    for issue in report:
        assert issue.params["n"]
        assert {"before", "after", "effect"} & set(issue.params) or issue.code.startswith("drift_column")
        assert issue.message != issue.code.replace("_", " ")
    assert "赢单" not in " ".join(issue.message for issue in report)


def test_columns_that_go_and_come_and_change_their_type():
    before = profile({"a": ["1"] * 200, "b": ["x"] * 200}, now=lambda: START)
    after = profile({"a": [1] * 200, "c": ["x"] * 200}, now=lambda: START)
    report = drift(after, before)
    assert codes(report) == {("a", "drift_type"), ("b", "drift_column_gone"), ("c", "drift_column_new")}
    assert not report.ok
    with pytest.raises(CheckFailedError, match="drifted"):
        report.raise_for()
    with pytest.raises(TypeError):
        bool(report)


def test_volume_is_held_against_the_history_and_its_weekday():
    assert (None, "drift_volume") in codes(drift(day(12, rows=100), HISTORY))
    assert (None, "drift_volume") in codes(drift(day(1, rows=900), day(0)))
    assert (None, "drift_volume") not in codes(drift(day(1, rows=500), day(0)))
    weeks = [day(n, rows=60 if (START + timedelta(days=n)).weekday() >= 5 else 400) for n in range(42)]
    saturday = next(n for n in range(42, 49) if (START + timedelta(days=n)).weekday() == 5)
    assert (None, "drift_volume") not in codes(drift(day(saturday, rows=60), weeks))
    assert (None, "drift_volume") in codes(drift(day(saturday, rows=400), weeks))


def test_rules_that_fail_more_often_or_begin_to_crash():
    schema = Schema("d", fields={"stage": Choice(["new", "won", "lost"])})
    before = [day(n, schema=schema) for n in range(3)]
    worse = day(3, schema=schema, stage=lambda value, rng: "?" if rng.random() < 0.2 else value)
    found = drift(worse, before)
    assert ("drift_rule", "stage:choice") in {(issue.code, issue.params.get("rule")) for issue in found}
    crashing = Schema("d", fields={"stage": Choice(["new", "won", "lost"]) & Satisfies(lambda text: 1 / 0)})
    assert "drift_rule_crashes" in {issue.code for issue in drift(day(3, schema=crashing), before)}


def test_few_rows_say_nothing():
    few = profile({"a": ["x"] * 20}, now=lambda: START)
    none = profile({"a": [None] * 20}, now=lambda: START)
    assert codes(drift(none, few)) == set()
    with pytest.raises(SchemaError, match="earlier profile"):
        drift(few, [])


def test_reports_speak_chinese_and_become_frames():
    report = ck.drift(day(12, note=lambda value, rng: None), HISTORY, lang="zh")
    assert "缺失占比" in " ".join(issue.message for issue in report)
    assert "share without" in " ".join(issue.message for issue in report.in_language("en"))
    assert len(report.to_frame()) == len(report) == len(report.to_frame(like=[{"a": 1}]))
    assert report.to_dict()["counts"] == report.counts()
    assert "<table>" in report._repr_html_()
    assert "没有变化" in ck.drift(day(12), HISTORY, lang="zh")._repr_html_()
    assert "before" in repr(report)


counts = st.dictionaries(st.integers(-5, 5).map(str), st.integers(1, 50), min_size=1, max_size=6)


@settings(deadline=None)
@given(counts, counts)
def test_distances_are_symmetric_bounded_and_zero_for_the_same(a, b):
    assert psi(a, a) == ks_distance(a, a) == 0
    assert psi(a, b) == pytest.approx(psi(b, a))
    assert ks_distance(a, b) == pytest.approx(ks_distance(b, a))
    assert 0 <= ks_distance(a, b) <= 1.0000001
    assert psi(a, b) >= 0


def test_statistics_of_the_textbook():
    assert psi({}, {"1": 1}) == ks_distance({}, {"1": 1}) == 0.0
    assert two_proportions(10, 100, 10, 100) == 1.0
    assert two_proportions(0, 0, 1, 2) == two_proportions(0, 5, 0, 5) == 1.0
    assert two_proportions(60, 100, 40, 100) == pytest.approx(0.00468, abs=1e-4)
    assert cohens_h(0.5, 0.5) == 0
    assert robust_z(1, [1, 2]) is None
    assert robust_z(10, [1, 2, 3, 4, 5]) == pytest.approx((10 - 3) / 1.4826)
