"""Results go to other processes; what holds keys, connections or compiled code says what to do instead."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

import crmkit as ck
from crmkit.permissions import Assignment, Engine, Grant, Policy, Resource, Role
from crmkit.testing import generate


@pytest.fixture(scope="module")
def results() -> list[Any]:
    rows = generate.contacts(120, seed=1, messy=True).records
    checked = ck.check(rows)
    clean, fixes = checked.fixes(min_confidence=0.9).apply(rows)
    found = ck.dedupe(clean)
    _, merges = found.merge()
    profile = ck.profile(rows)
    drifted = ck.drift(profile, ck.profile(clean))
    links, compared = ck.link(rows, rows), ck.reconcile(rows, rows)
    return [rows, checked, checked.fixes(), fixes, found, merges, links, profile, drifted, compared]


def test_results_come_back_as_they_were(results: list[Any]) -> None:
    for result in results:
        back = pickle.loads(pickle.dumps(result))
        assert repr(back) == repr(result)
        assert back._repr_html_() == result._repr_html_()
    again = pickle.loads(pickle.dumps(results[4]))
    assert again.merge()[0].columns == results[4].merge()[0].columns


def test_what_cannot_be_pickled_says_what_to_do() -> None:
    policy = Policy([Resource("deal", actions=["read"])], [Role("sales", grants=[Grant("read", "deal", scope="all")])])
    engine = Engine(policy, [Assignment("ann", "sales")])
    for held, said in ((engine, "make one from its policy"), (engine.view("ann"), "ask the other process's engine")):
        with pytest.raises(TypeError, match=said):
            pickle.dumps(held)
