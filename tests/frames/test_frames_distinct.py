"""Distinct values: long columns of few values take another way and come to the same."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit import frames
from crmkit.frames import Distinct


def slow(values):
    found = list(dict.fromkeys(value for value in values if value is not None))
    return found, [-1 if value is None else found.index(value) for value in values]


@given(
    seed=st.integers(0, 10**6), n=st.integers(1, 4000), kinds=st.integers(1, 80),
    missing=st.sampled_from([0.0, 0.3, 1.0]),
)  # fmt: skip
def test_long_columns_of_few_values_come_to_the_same(seed, n, kinds, missing):
    rng = random.Random(seed)
    values = [None if rng.random() < missing else f"v{rng.randrange(kinds)}" for _ in range(n)]
    for column in (
        Distinct.of(values),
        frames.read({"a": values}).texts("a"),
        frames.read({"a": tuple(values)}).texts("a"),
    ):
        assert (column.values, column.codes.tolist()) == slow(values)
        assert column.codes.dtype == np.int32


@pytest.mark.parametrize("last", ["new", None, "v0"])
def test_a_value_that_no_sample_sees_is_not_lost(last):
    values = ["v0", "v1"] * 3000 + [last]
    column = Distinct.of(values)
    assert (column.values, column.codes.tolist()) == slow(values)


def test_values_of_other_types_among_text_are_kept_apart():
    values = ["1", 1, True, 1.0, None] * 1000
    assert Distinct.of(values).values == ["1", 1, True, 1.0]
    assert [type(value) for value in Distinct.of(values).values] == [str, int, bool, float]
    whole = [1, 2, None] * 1000
    assert frames.read({"a": whole}).texts("a").values == ["1", "2"]
