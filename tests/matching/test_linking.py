from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.errors import InvalidValueError
from crmkit.matching import Matcher, Precision
from crmkit.matching._decisions import _linking as linking
from crmkit.testing import generate


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(6, 11)), unique=True, max_size=20), st.integers(0, 1_000))
def test_one_to_one_equals_the_greedy_choice(pairs, seed):
    odds = np.random.default_rng(seed).permutation(len(pairs)).astype(float) - 3.0
    used, expected = set(), []
    for k in np.argsort(-odds):
        if odds[k] >= 0.0 and not used & set(pairs[k]):
            used |= set(pairs[k])
            expected.append(int(k))
    left, right = (np.array([pair[side] for pair in pairs], dtype=np.int32) for side in (0, 1))
    assert linking.match_one_to_one(left, right, odds, least=0.0).tolist() == sorted(expected)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(6, 11)), unique=True, max_size=20), st.integers(0, 1_000))
def test_many_to_one_takes_the_best_of_each_left_record(pairs, seed):
    odds = np.random.default_rng(seed).integers(-3, 4, len(pairs)).astype(float)
    expected = []
    for record in range(6):
        mine = [k for k, pair in enumerate(pairs) if pair[0] == record and odds[k] > 0.0]
        if mine:
            expected.append(min(mine, key=lambda k: (-odds[k], pairs[k][1])))
    left, right = (np.array([pair[side] for pair in pairs], dtype=np.int32) for side in (0, 1))
    assert linking.match_many_to_one(left, right, odds, least=0.0).tolist() == sorted(expected)


def test_ties_are_broken_by_row_whatever_the_order_of_the_pairs():
    pairs = [(a, b) for a in range(4) for b in range(4, 8)]
    odds = np.ones(len(pairs))
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(pairs))
        left, right = (np.array([pairs[k][side] for k in order], dtype=np.int32) for side in (0, 1))
        chosen = linking.match_one_to_one(left, right, odds, least=0.0)
        found = sorted(zip(left[chosen].tolist(), right[chosen].tolist(), strict=True))
        assert found == [(0, 4), (1, 5), (2, 6), (3, 7)]


def test_a_long_chain_of_links_is_assigned_whole():
    n = 200_000  # every pair waits for the one before it: a pass over all for each would take hours
    left = np.repeat(np.arange(n, dtype=np.int32), 2)[1:]
    right = (n + np.repeat(np.arange(n, dtype=np.int32), 2)[:-1]).astype(np.int32)
    odds = np.linspace(9.0, 1.0, len(left))
    chosen = linking.match_one_to_one(left, right, odds, least=0.0)
    assert len(chosen) == n


@pytest.fixture(scope="module")
def sides():
    data = generate.contacts(1_200, seed=3, duplicates=0.4)
    columns = data.columns  # made anew at each access
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    first = {}
    for row, party in zip(rows, data.truth.tolist(), strict=True):
        first.setdefault(party, row)
    master = list(first.values())
    known = {row["id"]: party for row, party in zip(rows, data.truth.tolist(), strict=True)}
    others = [row for row in rows if first[known[row["id"]]] is not row]
    return others, master, known


def test_many_left_records_may_share_one_of_the_master_list(sides):
    others, master, known = sides
    found = Matcher.contacts().link(others, master, many_to_one=True)
    links = [(row["left"], row["right"]) for row in found.links]
    assert len({left for left, _ in links}) == len(links)
    assert len({right for _, right in links}) < len(links)
    right = sum(known[a] == known[b] for a, b in links)
    assert right / len(links) > 0.97
    assert right / len(others) > 0.85


def test_one_to_one_links_nobody_twice(sides):
    others, master, _ = sides
    found = Matcher.contacts().link(others, master, one_to_one=True)
    links = [(row["left"], row["right"]) for row in found.links]
    assert len({left for left, _ in links}) == len(links) == len({right for _, right in links})


def test_both_ways_to_link_at_once_are_refused(sides):
    with pytest.raises(InvalidValueError, match="not both"):
        Matcher.contacts().link(sides[0], sides[1], one_to_one=True, many_to_one=True)


def test_one_iterator_for_both_tables_is_refused():
    import crmkit as ck
    from crmkit.errors import SchemaError

    people = [{"id": "1", "name": "Ana Maier", "email": "ana.maier@example.com"}]
    for link in (ck.link, Matcher.contacts().link):
        shared = iter(people)
        with pytest.raises(SchemaError, match="one iterator"):
            link(shared, shared)
    shared = (row for row in people)
    with pytest.raises(SchemaError, match="one iterator"):
        ck.reconcile(shared, shared, key="id")
    assert len(ck.link(iter(people), iter(people)).links) == 1


@pytest.mark.parametrize("once", [False, True])
def test_exchanging_the_tables_exchanges_the_links(once):
    columns = generate.contacts(1_200, seed=9).columns
    left, right = ({name: values[part] for name, values in columns.items()} for part in (slice(500), slice(500, None)))
    one, two = (
        Matcher.contacts().link(left, right, one_to_one=once),
        Matcher.contacts().link(right, left, one_to_one=once),
    )
    there, back = one.links, two.links
    assert sorted(zip(there["left"], there["right"], strict=True)) == sorted(
        zip(back["right"], back["left"], strict=True)
    )
    assert np.allclose(sorted(one.pairs["match_weight"]), sorted(two.pairs["match_weight"]), atol=1e-5)


@pytest.mark.parametrize("cut", [0.6, Precision(0.995)])
def test_no_link_is_under_a_cut_that_was_asked_for(sides, cut):
    others, master, _ = sides
    found = Matcher.contacts(threshold=cut).link(others, master, one_to_one=True)
    assert min(link["match_probability"] for link in found.links) >= found.threshold_
    assert found.diagnostics.expected_precision >= getattr(cut, "target", cut)
    assert not [note for note in found.diagnostics.notes if "under the cut" in note]


def test_links_under_the_cut_of_a_run_that_asked_for_none_are_counted(sides):
    others, master, _ = sides
    found = Matcher.contacts().link(others, master, one_to_one=True)
    under = sum(link["match_probability"] < found.threshold_ for link in found.links)
    assert under
    assert [note for note in found.diagnostics.notes if note.startswith(f"{under} links are under the cut")]
