"""Who may: the search over people against asking everybody."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

pytest.importorskip("hypothesis", reason="property tests")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit.permissions import (
    Assignment,
    Custom,
    Engine,
    Field,
    Grant,
    OrgChart,
    Outcome,
    Policy,
    Principal,
    Resource,
    Role,
    context,
    principal,
    record,
)

QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=60)
AT = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
IDS = ["ann", "bob", "cyd", "dee", "eve", "5"]
DEAL = Resource(
    "deal", fields={"stage": Field(), "score": Field("int"), "tags": Field("list")}, actions=["read", "update"],
    owner="owner_id", team="team_id", territory="region", tenant="tenant_id",
)  # fmt: skip
ROLE_NAMES = ["a", "b"]


def predicate(row: Any, who: Principal, _context: Any) -> bool | None:
    return None if row.get("stage") is None else who.id < str(row["stage"])


ATOMS = st.sampled_from([
    record.owner_id.eq(principal.id), record.owner_id.ne(principal.id), principal.id.eq(record.stage),
    principal.id.eq("ann"), principal.id.ne("ann"), principal.id.is_in(["ann", "bob"]), principal.id.starts_with("a"),
    record.tenant_id.ne(principal.tenant), principal.tenant.is_null(), principal.tenant.eq("t1"),
    record.team_id.is_in(principal.teams), record.region.is_in(principal.territories),
    record.owner_id.is_in(principal.reports), record.score.is_in(principal.reports),
    record.score.is_in(principal.codes), record.stage.is_in(principal.codes), record.stage.under(principal.city),
    record.stage.eq(principal.city), record.score.lt(principal.grade), principal.grade.gt(1),
    principal.teams.contains("red"), record.tags.contains(principal.id), record.tags.contains("x"),
    record.stage.is_null(), record.stage.eq("ann"), context.channel.eq("web"), Custom("before"),
])  # fmt: skip
WHENS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        inner.map(lambda one: ~one),
        st.tuples(inner, inner).map(lambda two: two[0] & two[1]),
        st.tuples(inner, inner).map(lambda two: two[0] | two[1]),
    ),
    max_leaves=5,
)
SCOPES = st.lists(
    st.sampled_from(["own", "reports", "team", "territory", "tenant", "all"]), min_size=1, max_size=2, unique=True
)
GRANTS = st.one_of(
    st.builds(lambda scope, when: Grant("read", "deal", scope=scope, when=when), SCOPES, WHENS),
    st.builds(lambda scope: Grant("read", "deal", scope=scope), SCOPES),
    st.builds(lambda when: Grant("read", "deal", when=when, effect="deny"), WHENS),
    st.builds(lambda scope: Grant("read", "deal", scope=scope, effect="deny"), SCOPES),
)
ROLES = st.lists(st.lists(GRANTS, max_size=3), min_size=2, max_size=2)
PEOPLE = st.tuples(*(
    st.builds(
        lambda name, status, tenant, teams, lands, city, grade, codes: Principal(
            name, status=status, tenant=tenant, teams=teams, territories=lands,
            attrs={"city": city, "grade": grade, "codes": codes},
            manager=None if name == "ann" else IDS[IDS.index(name) - 1] if name != "5" else None,
        ),
        st.just(name), st.sampled_from(["active", "active", "active", "left"]),
        st.sampled_from([None, "t1", "t1", "t2"]),
        st.lists(st.sampled_from(["red", "blue"]), max_size=2, unique=True),
        st.lists(st.sampled_from(["emea", "de"]), max_size=2, unique=True), st.sampled_from([None, "", "ann", "won"]),
        st.sampled_from([None, 1, 2]), st.sampled_from([None, [], ["ann"], [1, 5], ["won", None]]),
    )
    for name in IDS
))  # fmt: skip
TIMES = st.sampled_from([(None, None), (None, None), (AT, None), (None, AT), (AT - HOUR, AT + HOUR), (AT + HOUR, None)])
HELD = st.lists(
    st.builds(
        lambda who, role, tenant, times: Assignment(who, role, tenant=tenant, not_before=times[0], not_after=times[1]),
        st.sampled_from(IDS), st.sampled_from(ROLE_NAMES), st.sampled_from([None, None, "t1", "t2"]), TIMES,
    ),
    max_size=8,
)  # fmt: skip
ROWS = st.fixed_dictionaries({
    "owner_id": st.sampled_from([None, 5, *IDS]), "team_id": st.sampled_from([None, "red", "Red", 3]),
    "region": st.sampled_from([None, "emea", "de", "berlin", "us"]),
    "tenant_id": st.sampled_from([None, "t1", "t2", 1]),
    "stage": st.sampled_from([None, "ann", "won", "won/x", 5]), "score": st.sampled_from([None, 1, 5, True, "5"]),
    "tags": st.sampled_from([None, [], ["ann"], ["x", None], "x"]),
})  # fmt: skip


def made(roles: Any, people: Any, held: Any) -> Engine:
    lower, upper = roles
    policy = Policy(
        [DEAL],
        [Role("a", grants=lower), Role("b", grants=upper, inherits=["a"])],
        principal={"city": "str", "grade": "int", "codes": "list"}, context={"channel": "str"}, predicates=["before"],
    )  # fmt: skip
    org = OrgChart(people, territories={"de": "emea", "berlin": "de"})
    return Engine(policy, held, org=org, predicates={"before": predicate}, now=lambda: AT)


@QUIET
@given(ROLES, PEOPLE, HELD, ROWS)
def test_who_may_is_everybody_who_would_be_allowed(roles: Any, people: Any, held: Any, row: Any) -> None:
    engine = made(roles, people, held)
    holders = list(dict.fromkeys(one.principal for one in held))
    wanted = [name for name in holders if engine.view(name).allows("read", "deal", row)]
    assert [access.principal for access in engine.who_can("read", "deal", row)] == wanted


@QUIET
@given(ROLES, PEOPLE, HELD)
def test_who_may_at_all_is_everybody_whose_outcome_is_not_never(roles: Any, people: Any, held: Any) -> None:
    engine = made(roles, people, held)
    holders = list(dict.fromkeys(one.principal for one in held))
    outcomes = [(name, engine.view(name).outcome("read", "deal")) for name in holders]
    wanted = [(name, outcome) for name, outcome in outcomes if outcome is not Outcome.NEVER]
    assert [(access.principal, access.outcome) for access in engine.who_can("read", "deal")] == wanted


def test_a_plan_shows_what_it_asks_of_records() -> None:
    deal = Resource("deal", actions=["read"], owner="owner_id")
    roles = [
        Role("own", grants=[Grant("read", "deal", scope="own")]),
        Role("all", grants=[Grant("read", "deal", scope="all")]),
    ]
    engine = Engine(Policy([deal], roles), [Assignment("ann", "own"), Assignment("bob", "all")])
    depends = engine.view("ann").filter("read", "deal")._repr_html_()
    assert "owner_id" in depends
    always = engine.view("bob").filter("read", "deal")._repr_html_()
    assert "always" in always
    assert "owner_id" not in always
