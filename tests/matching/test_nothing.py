"""What says nothing never survives over what says something, in any rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.matching import (
    FirstSeen,
    Longest,
    MostComplete,
    MostFrequent,
    MostRecent,
    Newest,
    Oldest,
    RefusalWins,
    ScoredBy,
    SurvivorFirst,
    Survivorship,
    SurvivorsOwn,
    TrustedSource,
    United,
    Verified,
    WellFormed,
    merge_clusters,
)
from crmkit.normalize import _placeholders

NOTHINGS = [
    "", "  ", "\t", "\u200b", "\u3000", "-", "--", "—", "n/a", "N/A", " NULL ", "null", "None", "NaN", "<NA>",
    "(blank)", "#N/A", "无", "暂无", "未知", "unknown", [], (),
]  # fmt: skip
RULES = [
    MostRecent(), MostRecent("on"), MostComplete(), MostFrequent(), Longest(), FirstSeen(), SurvivorFirst(),
    TrustedSource("system", ["best"]), Verified("ok"), ScoredBy(lambda value: -len(value)), RefusalWins(),
    RefusalWins("no"), Newest(), Oldest(), Newest("on"), Oldest("on"), WellFormed(), United(),
    [SurvivorFirst(), MostRecent()], [MostRecent(), WellFormed()], [WellFormed("email"), MostRecent()],
]  # fmt: skip


def rows_of(nothing):
    """A record that every rule would take, twice, and one with a value."""
    better = {"value": nothing, "on": "2025-01-01", "system": "best", "ok": "yes", "a": "1", "b": "2"}
    worse = {"value": "a@x.org", "on": "2020-01-01", "system": "web", "ok": "no", "a": None, "b": None}
    return [
        {"id": "1", **better, "updated_at": "2025-01-01"},
        {"id": "2", **better, "updated_at": "2025-01-01"},
        {"id": "3", **worse, "updated_at": "2020-01-01"},
    ]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: repr(rule).partition("=<function")[0])
def test_no_rule_lets_nothing_win(rule):
    for nothing in NOTHINGS:
        rows = rows_of(nothing)
        golden, log = merge_clusters(rows, [0] * 3, key="id", survivors=["1"], survivorship={"value": rule})
        as_list = isinstance(nothing, list | tuple) and isinstance(rule, United)
        assert golden[0]["value"] == (["a@x.org"] if as_list else "a@x.org")
        assert log.revert(golden) == rows


@pytest.mark.parametrize("style", ["insightly", "freshsales", "pipedrive", "nutshell"])
@pytest.mark.parametrize("nothing", ["", " ", "-", "n/a", "NULL"])
def test_empty_fields_are_filled_as_vendors_fill_them(style, nothing):
    rows = [{"id": "1", "email": nothing, "first_name": "Ann"}, {"id": "2", "email": "a@x.org", "first_name": nothing}]
    golden, _ = merge_clusters(rows, [0, 0], key="id", survivors=["1"], survivorship=getattr(Survivorship, style)())
    assert golden == [{"id": "1", "email": "a@x.org", "first_name": "Ann"}]


def test_the_record_that_stays_is_fullest_in_what_it_says():
    rows = [
        {"id": "1", "email": "-", "city": "", "title": "n/a", "phone": "1"},
        {"id": "2", "email": "a@x.org", "city": "Oslo", "title": None, "phone": None},
    ]
    assert merge_clusters(rows, [0, 0], key="id")[0][0]["id"] == "2"


def test_where_nobody_says_anything_one_of_the_cells_stays():
    rows = [{"id": "1", "email": "-"}, {"id": "2", "email": ""}, {"id": "3", "email": None}]
    golden, _ = merge_clusters(rows, [0] * 3, key="id", survivorship={"email": FirstSeen()})
    assert golden == [{"id": "1", "email": "-"}]


def test_the_survivors_own_stays_even_if_it_says_nothing():
    rows = [{"id": "1", "email": "-"}, {"id": "2", "email": "a@x.org"}]
    rules = {"email": SurvivorsOwn()}
    assert merge_clusters(rows, [0, 0], key="id", survivors=["1"], survivorship=rules)[0][0]["email"] == "-"


@pytest.mark.parametrize("nothing", ["", "-", "n/a"])
def test_a_second_email_takes_a_place_that_says_nothing(nothing):
    rows = [
        {"id": "1", "email": "a@x.org", "email_2": nothing, "updated_at": "2025-01-01"},
        {"id": "2", "email": "b@x.org", "email_2": nothing, "updated_at": "2024-01-01"},
    ]
    assert merge_clusters(rows, [0, 0], key="id", kind="contact")[0][0]["email_2"] == "b@x.org"


@pytest.mark.parametrize(
    "value", ["0", "no", "No", "Na", "Nan", "x", "test", "Nil Return", "N", 0, False, 0.0, "."], ids=repr
)
def test_what_says_something_may_win(value):
    rows = [{"id": "1", "value": value}, {"id": "2", "value": "other"}]
    assert merge_clusters(rows, [0, 0], key="id", survivorship={"value": FirstSeen()})[0][0]["value"] is value


@given(st.text(max_size=12) | st.sampled_from([one for one in NOTHINGS if isinstance(one, str)]))
def test_only_markers_and_blanks_say_nothing(value):
    if _placeholders.says_nothing(value):
        assert _placeholders.is_marker(value) or not value.strip() or not value.isprintable()
    elif _placeholders.is_marker(value):
        assert value.strip().istitle()  # a name
