"""Files that have one thing to compare, and tables that have few columns in common."""

from __future__ import annotations

import pytest

from crmkit.matching import Matcher, evaluate
from crmkit.matching import comparisons as c
from crmkit.testing import generate

N = 400
MOBILES = {"id": list(range(N)), "phone": [f"+1202555{i // 2:04d}" for i in range(N)]}
CHINESE = {"id": list(range(N)), "手机": [f"138{i // 2:04d}{i // 2 * 7:04d}" for i in range(N)]}
BADGES = {"id": list(range(N)), "badge": [f"B{i // 2}" for i in range(N)]}
TWO = [i // 2 for i in range(N)]


@pytest.mark.parametrize(
    ("matcher", "frame"),
    [
        (Matcher.contacts(), MOBILES),
        (Matcher.accounts(), MOBILES),
        (Matcher.contacts(country="CN"), CHINESE),
        (Matcher(comparisons=[c.exact("badge")]), BADGES),
        (Matcher(comparisons=[c.web("site")]), {"site": [f"www.firm{i // 2 * 7919}.com" for i in range(N)]}),
    ],
    ids=["phone", "phone of accounts", "Chinese mobile", "key of the caller's", "web"],
)
def test_a_value_that_two_records_share_is_one_party_s_where_there_is_nothing_else(matcher, frame):
    found = matcher.dedupe(frame)
    assert evaluate(found.labels.tolist(), TWO).pairwise.recall > 0.99
    assert evaluate(found.labels.tolist(), TWO).pairwise.precision > 0.99
    assert [note for note in found.diagnostics.notes if "is taken for one party's" in note]


def test_two_tables_with_nothing_but_phones_are_linked():
    left, right = ({name: values[part::2] for name, values in MOBILES.items()} for part in (0, 1))
    found = Matcher.contacts().link(left, right)
    assert [(a + 1, a) for a in found.links["left"]] == list(
        zip(found.links["right"], found.links["left"], strict=True)
    )
    assert found.counts()["links"] == N // 2


@pytest.mark.parametrize(
    ("comparison", "values"),
    [
        (c.exact("x"), [f"D{i // 20}" for i in range(N)]),
        (c.phone("x", name="x"), [f"+1202555{i // 20:04d}" for i in range(N)]),
        (c.number("x"), [float(i // 2) for i in range(N)]),
    ],
    ids=["department", "switchboard", "number"],
)
def test_what_many_share_or_does_not_say_who_it_is_joins_nobody_and_a_note_says_so(comparison, values):
    found = Matcher(comparisons=[comparison]).dedupe({"x": values})
    assert found.counts()["clusters"] == N
    assert "there is nothing but 'x' to compare, and no two records are one party by it alone" in (
        found.diagnostics.notes
    )


def test_an_index_of_phones_scores_as_the_run_does():
    matcher = Matcher.contacts().fit(MOBILES)
    hits = matcher.index(MOBILES).search({"phone": MOBILES["phone"][0]})
    assert [hit.record_id for hit in hits if hit.match_probability > 0.5] == [0, 1]


@pytest.mark.parametrize("columns", [("id", "email"), ("id", "given_name", "family_name", "email", "phone")])
@pytest.mark.parametrize("is_left", [True, False])
def test_a_table_with_fewer_columns_is_linked_by_what_both_have(columns, is_left):
    data = generate.contacts(800, seed=4)
    whole = {name: values[:400] for name, values in data.columns.items()}
    few = {name: whole[name] for name in columns}
    found = Matcher.contacts().link(*((few, whole) if is_left else (whole, few)))
    party = dict(zip(data.columns["id"], data.truth.tolist(), strict=True))
    links = list(zip(found.links["left"], found.links["right"], strict=True))
    themselves = sum(value is not None for value in few["email"])
    assert sum(a == b for a, b in links) >= 0.9 * themselves
    assert sum(party[a] == party[b] for a, b in links) >= 0.95 * len(links)
    assert {"street", "birth_date"} <= set(found.diagnostics.unused)
