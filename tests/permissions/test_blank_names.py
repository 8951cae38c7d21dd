"""What is blank belongs to nobody, in every back end, and nobody is called so."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from crmkit.errors import NotFoundError, SchemaError
from crmkit.permissions import Assignment, Engine, Grant, OrgChart, Policy, Principal, Resource, Role

MADE: list[Any] = [
    lambda name: Principal(name), lambda name: Principal("a", teams=[name]),
    lambda name: Principal("a", teams=["north", name]), lambda name: Principal("a", territories=[name]),
    lambda name: Principal("a", reports=[name]), lambda name: Assignment(name, "sales"),
    lambda name: Assignment("a", name), lambda name: OrgChart(territories={name: "emea"}),
]  # fmt: skip
MAY_BE_NONE: list[Any] = [
    lambda name: OrgChart(territories={"de": name}),
    lambda name: Principal("a", tenant=name), lambda name: Principal("a", manager=name),
    lambda name: Assignment("a", "sales", tenant=name),
]  # fmt: skip


@pytest.mark.parametrize("name", ["", " ", "\t\n", "\u3000", "\xa0"])
def test_nobody_and_nothing_is_called_by_a_blank(name: str) -> None:
    for make in (*MADE, *MAY_BE_NONE):
        with pytest.raises(SchemaError, match=r"is blank; what is blank belongs to nobody"):
            make(name)


@pytest.mark.parametrize("name", [None, 5, 1.5, b"ann", float("nan")])
def test_ids_are_text(name: Any) -> None:
    for make in MADE:
        with pytest.raises(SchemaError, match=f"is text, not {type(name).__name__}"):
            make(name)
    for make in MAY_BE_NONE:
        if name is None:
            make(name)
        else:
            with pytest.raises(SchemaError, match="is text"):
                make(name)


DEAL = Resource("deal", actions=["read"], owner="owner", team="team", territory="region", tenant="org", key="id")
BLANKS = ["", " ", None, float("nan")]
ROWS: list[dict[str, Any]] = [
    {"owner": "cy", "team": "south", "region": "us", "org": "acme"} | {column: blank}
    for column in ("owner", "team", "region", "org") for blank in BLANKS
] + [dict.fromkeys(("owner", "team", "region", "org"), blank) for blank in BLANKS] + [
    {"owner": "ann", "team": "", "region": "", "org": "acme"},
    {"owner": "", "team": "north", "region": "", "org": "acme"},
    {"owner": "", "team": "", "region": "emea", "org": "acme"},
    {"owner": "ann", "team": "north", "region": "emea", "org": ""},
]  # fmt: skip
ORG = OrgChart([
    Principal("ann", tenant="acme", teams=["north"], territories=["emea"]), Principal("bob"),
    Principal("cy", tenant="acme"),
])  # fmt: skip


@pytest.mark.parametrize("scope", ["own", "reports", "team", "territory"])
@pytest.mark.parametrize("who", ["ann", "bob"])
def test_a_blank_record_is_nobodys_on_records_in_frames_and_in_sql(scope: Any, who: str, request: Any) -> None:
    policy = Policy([DEAL], [Role("r", grants=[Grant("read", "deal", scope=scope)])])
    plan = Engine(policy, [Assignment(one, "r") for one in ("ann", "bob")], org=ORG).view(who).filter("read", "deal")
    rows = [{"id": place, **row} for place, row in enumerate(ROWS)]
    last = len(BLANKS) * 5
    wanted = {"own": [last], "reports": [last], "team": [last, last + 1], "territory": [last, last + 2]}[scope]
    wanted = wanted if who == "ann" else []  # bob is of no tenant, team or territory, and so are the blank ones
    assert [row["id"] for row in rows if plan.allows(row)] == wanted
    clean = [{name: None if cell != cell else cell for name, cell in row.items()} for row in rows]
    assert [row["id"] for row in plan.apply(clean)] == wanted
    for module in ("pandas", "polars"):
        made = pytest.importorskip(module, reason="the frame").DataFrame(clean)
        assert list(plan.apply(made)["id"]) == wanted
    with sqlite3.connect(":memory:") as lite:
        lite.execute("CREATE TABLE deal (id INTEGER, owner TEXT, team TEXT, region TEXT, org TEXT)")
        lite.executemany("INSERT INTO deal VALUES (:id, :owner, :team, :region, :org)", clean)
        text, values = plan.to_sql()
        assert [one for (one,) in lite.execute(f"SELECT id FROM deal WHERE {text} ORDER BY id", values)] == wanted
    lite.close()
    psycopg = pytest.importorskip("psycopg", reason="speaks to PostgreSQL")
    with psycopg.connect(request.getfixturevalue("postgres_url")) as connection:
        connection.execute("CREATE TABLE deal (id int, owner text, team text, region text, org text)")
        connection.cursor().executemany(
            "INSERT INTO deal VALUES (%(id)s, %(owner)s, %(team)s, %(region)s, %(org)s)", clean
        )
        text, values = plan.to_sql(dialect="postgres", paramstyle="format")
        found = connection.execute(f"SELECT id FROM deal WHERE {text} ORDER BY id", values).fetchall()
        assert [one for (one,) in found] == wanted


def test_a_blank_tenant_is_no_tenant_to_look_from() -> None:
    policy = Policy([DEAL], [Role("r", grants=[Grant("read", "deal", scope="tenant")])])
    engine = Engine(policy, [Assignment("ann", "r")], org=ORG)
    with pytest.raises(NotFoundError, match="no assignment in tenant"):
        engine.view("ann", tenant="")
    assert engine.who_can("read", "deal", {"owner": "", "org": ""}) == []


def test_an_unknown_role_is_answered_with_those_there_are() -> None:
    policy = Policy([DEAL], [Role("sales"), Role("ops")])
    with pytest.raises(NotFoundError, match='unknown role "saels"; did you mean "sales"'):
        Engine(policy, [Assignment("ann", "saels")])
    with pytest.raises(NotFoundError, match=r'unknown role "zzz"; known: "sales", "ops"$'):
        Engine(policy, [Assignment("ann", "zzz")])
    with pytest.raises(NotFoundError, match='unknown role "zzz"; there are none'):
        Engine(Policy([DEAL], []), [Assignment("ann", "zzz")])
    many = Policy([DEAL], [Role(f"role {number}") for number in range(15)])
    with pytest.raises(NotFoundError, match=r'"role 11", and 3 more$'):
        Engine(many, [Assignment("ann", "zzz")])
