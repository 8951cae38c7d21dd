from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from crmkit.matching import Matcher, evaluate
from crmkit.testing import generate

_SPEC = importlib.util.spec_from_file_location(
    "broken_files", Path(__file__).parents[2] / "benchmarks" / "matching" / "broken.py"
)
broken = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(broken)

ROWS = 1_200

LEAST = dict.fromkeys(broken.FILES, 0.90) | {
    "franchise": 0.85,
    "without given_name": 0.80,
    "names and e-mail": 0.75,
    "leads": 0.50,
    "placeholders": 0.88,
    "names alone": 0.0,
}
"""F1 under which a file is lost: floors well under what is measured, so that a collapse and not a seed fails."""


ALWAYS = {"without given_name", "without email"}
"""Of the files without a column these two are the hardest; the others take part with ``-m thorough``."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.thorough) if name.startswith("without") and name not in ALWAYS else name
        for name in broken.FILES
    ],
)
def test_a_file_that_breaks_an_assumption_is_matched_sanely(name):
    columns, truth = broken.FILES[name](ROWS, 41)
    kind = "account" if name == "franchise" else "lead" if name == "leads" else "contact"
    found = Matcher(kind=kind).dedupe(columns)
    judged = evaluate(found.labels.tolist(), truth.tolist())
    assert judged.pairwise.f1 >= LEAST[name]
    assert judged.found_pairs - judged.common_pairs <= 0.03 * max(len(truth), judged.true_pairs), (
        "no flood of false links"
    )
    assert found.cluster_sizes.max() <= 2 * np.bincount(truth).max(), "no collapse"


def test_names_alone_join_nobody_and_the_run_says_why():
    columns, _ = broken.FILES["names alone"](300, 1)
    found = Matcher.contacts().dedupe(columns)
    assert found.ok
    assert any("nothing but names" in note for note in found.diagnostics.notes)


@pytest.mark.parametrize("name", broken.LINKED)
def test_two_tables_of_any_sizes_are_linked(name):
    share = broken.LINKED[name][0]
    data = generate.contacts(4_000, seed=14, duplicates=0.3)
    cut = int(4_000 * share)
    left = {key: values[:cut] for key, values in data.columns.items()}
    right = {key: values[cut:] for key, values in data.columns.items()}
    found = Matcher.contacts().link(left, right)
    a, b = data.truth[found.scored.left[found.linked]], data.truth[found.scored.right[found.linked]]
    sizes = np.bincount(data.truth[cut:], minlength=data.truth.max() + 1)
    assert (a == b).mean() > 0.93
    assert (a == b).sum() / sizes[data.truth[:cut]].sum() > 0.85


def test_every_cell_equal_is_one_party_or_a_note():
    columns = {"id": [str(k) for k in range(60)], "first_name": ["Ann"] * 60, "last_name": ["Lee"] * 60}
    found = Matcher.contacts().dedupe(columns | {"email": ["ann.lee@example.org"] * 60})
    assert found.cluster_sizes.max() == 60
