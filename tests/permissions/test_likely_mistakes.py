"""What callers are likely to get wrong is said in a sentence, and what they gave is not repeated."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

import crmkit.permissions as perm
from crmkit.errors import NotFoundError, SchemaError
from crmkit.permissions import Assignment, Engine, OrgChart, Policy, Principal

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
POLICY = perm.preset("salesforce")
HELD = [Assignment("ann", "standard_user")]
LOG: Any = SimpleNamespace(verified=True, usage=lambda since: [])
ANY: Any = perm

CALLS = {
    "engine": lambda policy, held, org: Engine(policy, held, org=org),
    "replace": lambda policy, held, org: Engine(POLICY, HELD).replace(policy, held, org=org),
    "review": lambda policy, held, org: ANY.review(policy, held, org=org),
    "lint": lambda policy, held, org: ANY.lint(policy, held, org=org),
    "diff": lambda policy, held, org: ANY.diff(POLICY, policy, held, org=org),
    "no new access": lambda policy, held, org: ANY.check_no_new_access(policy, POLICY, held, org=org),
    "not granted": lambda policy, held, org: ANY.check_access_not_granted(policy, [], held, org=org),
    "least": lambda policy, held, org: ANY.least_privilege(policy, held, LOG, org=org, at=NOW),
    "simulate": lambda policy, held, org: ANY.simulate(policy, held, LOG, org=org, since=NOW),
}
CHART = OrgChart([Principal("ann")])
MISTAKES = [
    ("salesforce", HELD, CHART, r"^the policy is a Policy, not a str: Policy\(\.\.\.\), Policy\.load\(path\)"),
    ({"roles": {}}, HELD, CHART, "the policy is a Policy, not a dict"),
    (POLICY, [("ann", "secret@x.example")], CHART, r"^assignment 0 is a tuple: write Assignment\(principal, role\)$"),
    (POLICY, [*HELD, {"principal": "secret@x.example"}], CHART, "assignment 1 is a dict"),
    (POLICY, HELD[0], CHART, "assignments are a list of Assignment, not an Assignment"),
    (POLICY, "ann", CHART, "assignments are a list of Assignment, not a str"),
    (POLICY, 5, CHART, "assignments are a list of Assignment, not an int"),
    (POLICY, HELD, [Principal("ann")], r"^org= is an OrgChart, not a list: OrgChart\(\[Principal\("),
    (POLICY, HELD, Principal("ann"), "org= is an OrgChart, not a Principal"),
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("mistake", MISTAKES, ids=[str(n) for n in range(len(MISTAKES))])
def test_a_likely_mistake_is_named(call: Any, mistake: tuple[Any, ...]) -> None:
    *given, said = mistake
    with pytest.raises(SchemaError, match=said) as caught:
        call(*given)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_what_is_right_is_taken(call: Any) -> None:
    call(POLICY, iter(HELD), CHART)


def test_constraints_and_charts_and_names_say_so_too() -> None:
    with pytest.raises(SchemaError, match="the policy is a Policy"):
        ANY.constraint_breaches("salesforce", HELD)
    with pytest.raises(SchemaError, match="assignment 0 is a tuple"):
        ANY.constraint_breaches(POLICY, [("ann", "standard_user")])
    with pytest.raises(SchemaError, match="made of Principal objects, and one is a str"):
        OrgChart(["ann"])  # type: ignore[list-item]
    view: Any = Engine(POLICY, HELD)
    with pytest.raises(SchemaError, match="named by its id, as text, not by a Principal"):
        view.view(Principal("ann"))
    with pytest.raises(SchemaError, match="not by a dict"):
        view.view({"id": "ann"})


def test_a_record_in_the_place_of_a_name_is_not_shown() -> None:
    record = {"email": "secret@x.example"}
    view: Any = Engine(POLICY, HELD).view("ann")
    resource = next(iter(POLICY.resources))
    for ask in (
        lambda: view.may("read", record),
        lambda: view.may(record, resource),
        lambda: view.allows("read", record),
        lambda: view.allows(record, resource, record),
        lambda: view.require("read", record),
        lambda: view.level(record, "email"),
        lambda: Policy.role(POLICY, record),  # type: ignore[arg-type]
    ):
        with pytest.raises(NotFoundError, match="is text, not a dict") as caught:
            ask()
        assert "secret" not in str(caught.value)
