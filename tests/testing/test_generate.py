from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from crmkit.errors import NotFoundError
from crmkit.testing import generate


@pytest.fixture(scope="module")
def made():
    return generate.contacts(20_000, seed=3)


def digest(columns, rows):
    text = json.dumps({name: values[:rows] for name, values in columns.items()}, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_row_does_not_depend_on_the_rows_it_is_rendered_with(made):
    whole = made.columns
    pieces = list(made.chunks(7_777))
    for name, values in whole.items():
        assert [value for piece in pieces for value in piece[name]] == values


def test_pairs_are_exactly_the_rows_of_one_party(made):
    small = generate.contacts(600, seed=5)
    slow = [(a, b) for a in range(600) for b in range(a + 1, 600) if small.truth[a] == small.truth[b]]
    assert [tuple(pair) for pair in small.pairs().tolist()] == slow
    assert len(made.pairs()) > 4_000


def test_a_fifth_of_the_records_repeat_another_one(made):
    assert len(np.unique(made.truth)) == 16_000
    assert np.count_nonzero(made.severity) == 4_000


def test_an_unknown_script_is_named_with_the_nearest_one():
    with pytest.raises(NotFoundError, match="did you mean 'latin'"):
        generate.contacts(10, scripts={"latn": 1.0})
