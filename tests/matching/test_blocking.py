from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.matching import BlockingRule
from crmkit.matching._pairs import _blocking as blocking
from crmkit.matching._pairs import _blocks

COLUMN = st.lists(st.integers(-1, 3), min_size=12, max_size=12)


def codes(values):
    return np.array(values, dtype=np.int32)


def brute_force(keys, rules, n):
    """Every pair that agrees on all keys of some rule, with the first such rule."""
    found = {}
    for a, b in itertools.combinations(range(n), 2):
        for position, rule in enumerate(rules):
            choices = itertools.product(*(keys[name] for name in rule.keys))
            left = {tuple(int(c[a]) for c in choice) for choice in choices}
            choices = itertools.product(*(keys[name] for name in rule.keys))
            right = {tuple(int(c[b]) for c in choice) for choice in choices}
            if any(min(value) >= 0 for value in left & right):
                found[a, b] = position
                break
    return found


def as_dict(candidates):
    rows = zip(candidates.left.tolist(), candidates.right.tolist(), candidates.rule.tolist(), strict=True)
    pairs = [((a, b), rule) for a, b, rule in rows]
    assert len({pair for pair, _ in pairs}) == len(pairs), "a pair came twice"
    return dict(pairs)


@given(COLUMN, COLUMN, COLUMN, COLUMN)
def test_blocking_finds_what_brute_force_finds_each_pair_once(a, b, c, d):
    keys = {"a": (codes(a),), "b": (codes(b),), "many": (codes(c), codes(d))}
    rules = [BlockingRule("a", "b"), BlockingRule("many"), BlockingRule("b"), BlockingRule("a", "many")]
    assert as_dict(blocking.block(keys, rules, 12)) == brute_force(keys, rules, 12)


@given(COLUMN, COLUMN)
def test_linking_keeps_the_pairs_across_tables_only(a, b):
    keys = {"a": (codes(a),), "b": (codes(b),)}
    rules = [BlockingRule("a"), BlockingRule("b")]
    side = np.array([0] * 5 + [1] * 7, dtype=np.int8)
    across = {pair: rule for pair, rule in brute_force(keys, rules, 12).items() if pair[0] < 5 <= pair[1]}
    assert as_dict(blocking.block(keys, rules, 12, side=side)) == across


@given(COLUMN, COLUMN)
def test_a_block_over_the_cap_is_cut_to_neighbors_and_reported(a, b):
    n = len(a)
    keys = {"a": (codes([0] * n),), "b": (codes(b),)}
    rules = [BlockingRule("a"), BlockingRule("b")]
    found = blocking.block(keys, rules, n, cap=3, order=lambda: np.arange(n))
    pairs = as_dict(found)
    assert found.uses[0].status == "cut"
    assert found.uses[0].records_in_cut_blocks == n
    assert {(k, k + 1) for k in range(n - 1)} <= set(pairs)
    assert all(b - a <= 3 or keys["b"][0][a] == keys["b"][0][b] for a, b in pairs)


def test_a_rule_in_pieces_gives_the_same_pairs(monkeypatch):
    values = codes([0, 1] * 40)
    whole = as_dict(blocking.block({"a": (values,)}, [BlockingRule("a")], 80))
    monkeypatch.setattr(_blocks, "_LOCAL", 50)
    assert as_dict(blocking.block({"a": (values,)}, [BlockingRule("a")], 80)) == whole


def test_a_loose_rule_that_makes_too_many_pairs_is_left_out_and_said_so(monkeypatch):
    monkeypatch.setattr(blocking, "loose_budget", lambda n: 0.1)
    found = blocking.block({"a": (codes([0] * 10),)}, [BlockingRule("a", loose=True)], 10)
    assert len(found) == 0
    assert found.uses[0].status == "too many pairs"


def test_a_rule_without_its_column_is_left_out_and_said_so():
    found = blocking.block({}, [BlockingRule("email")], 10)
    assert found.uses[0].status == "missing column"
    assert repr(found) == "<Candidates: 0 pairs by 0 rules>"


def test_keys_too_wide_for_one_number_are_numbered_again():
    wide = np.array([2**31 - 2, 5, 5, -1], dtype=np.int32)
    key = blocking.combined_key([wide, wide, wide])
    assert key[1] == key[2] != key[0]
    assert key[3] == -1


def test_a_rule_needs_a_key_and_shows_itself():
    with pytest.raises(ValueError, match="at least one key"):
        BlockingRule()
    assert str(BlockingRule("a", "b")) == "a + b"
    assert repr(BlockingRule("a", loose=True)) == "BlockingRule('a', loose=True)"


@given(st.lists(st.integers(-1, 4), min_size=1, max_size=30), st.integers(0, 40), st.integers(2, 9))
def test_a_rule_over_its_budget_is_cut_at_its_largest_blocks(values, budget, cap):
    sizes = [values.count(value) for value in set(values) - {-1}]

    def pairs_under(cap):
        return sum(size * (size - 1) // 2 for size in sizes if size <= cap)

    allowed = max((one for one in range(1, cap + 1) if pairs_under(one) <= budget), default=1)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(blocking, "_STRICT_ANYWAY", budget)
        patched.setattr(blocking, "_STRICT", 0.0)
        patched.setattr(_blocks, "_LEAST_CAP", 1)
        found = blocking.block({"a": (codes(values),)}, [BlockingRule("a")], len(values), cap=cap)
    assert len(found) == pairs_under(allowed) <= max(budget, 0)
    assert pairs_under(found.uses[0].cap) == pairs_under(allowed)
    assert (found.uses[0].status == "cut") == any(size > found.uses[0].cap for size in sizes)


def test_a_budget_never_cuts_blocks_that_may_be_one_party_and_knows_what_is_expected(monkeypatch):
    values = codes([value for value in range(40) for _ in range(12)] + [99] * 13)
    monkeypatch.setattr(blocking, "_STRICT_ANYWAY", 10)
    found = blocking.block({"a": (values,)}, [BlockingRule("a")], len(values), order=lambda: np.arange(len(values)))
    assert (found.uses[0].cap, found.uses[0].blocks_cut, found.uses[0].pairs) == (12, 1, 40 * 66)
    assert len(found) > 40 * 66, "the records of the cut block meet neighbors"
    assert blocking.strict_budget(10) == 10
    assert blocking.strict_budget(10, 70.0) == 140.0
