from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crmkit.matching._sorting import distinct, distinct_keys, sort_with_places

KEYS = st.lists(st.integers(0, 5) | st.integers(0, 2**63 - 1), max_size=40).map(lambda keys: np.array(keys, np.int64))


@given(KEYS)
def test_keys_come_sorted_with_their_places_and_equal_ones_in_their_order(keys):
    places, ordered = sort_with_places(keys)
    assert places.tolist() == np.argsort(keys, kind="stable").tolist()
    assert ordered.tolist() == sorted(keys.tolist())


@given(KEYS)
def test_distinct_keys_are_those_of_numpy(keys):
    found, back = distinct_keys(keys)
    known, its = np.unique(keys, return_inverse=True)
    assert (found.tolist(), back.tolist()) == (known.tolist(), its.ravel().tolist())
    assert distinct(keys).tolist() == known.tolist()
