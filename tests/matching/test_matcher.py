from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit.matching import Matcher, evaluate
from crmkit.testing import generate

if TYPE_CHECKING:
    from crmkit.matching import MatchReport


@pytest.fixture(scope="module")
def generated() -> tuple[generate.Generated, MatchReport]:
    data = generate.contacts(2_000, seed=11)
    return data, Matcher.contacts().dedupe(data.columns)


def test_generated_contacts_are_matched_without_configuration(generated):
    data, report = generated
    found = evaluate(report.labels.tolist(), data.truth.tolist())
    assert found.pairwise.f1 > 0.93
    assert found.pairwise.precision > 0.93


def test_clusters_have_one_row_for_each_input_row_in_order(generated):
    data, report = generated
    clusters = report.clusters
    assert clusters["record_id"] == data.columns["id"]
    assert len(clusters["cluster_id"]) == len(data)
