"""What somebody tries who wants to see or do more than they may: each must end in less, or in an error."""

from __future__ import annotations

import datetime as dt
import sqlite3
from typing import Any

import pytest

from crmkit.errors import NotFoundError, SchemaError, ViewExpiredError
from crmkit.permissions import NOW, Assignment, Engine, Field, FieldRule, Grant, Policy, Resource, Role, View, record

START = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
CONTACT = Resource(
    "contact",
    fields={
        "owner": Field(sensitivity="public"),
        "kind": Field(sensitivity="public"),
        "email": Field(sensitivity="pii", mask="email"),
        "salary": Field("int", sensitivity="hr"),
    },
    actions=["read", "update"],
    owner="owner",
)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> dt.datetime:
        return self.now


def view_of(*rules: Grant | FieldRule, clock: Clock | None = None, until: dt.datetime | None = None) -> View:
    grants = [rule for rule in rules if isinstance(rule, Grant)]
    role = Role("r", grants=grants, field_rules=[rule for rule in rules if isinstance(rule, FieldRule)])
    engine = Engine(Policy([CONTACT], [role]), [Assignment("ann", "r", not_after=until)], now=clock or Clock())
    return engine.view("ann")


EVERY = Grant("read", "contact", scope="all")
OWN = Grant("read", "contact", scope="own")
NO_SECRETS = Grant("read", "contact", effect="deny", when=record.kind.eq("secret"))


def test_a_column_that_a_table_lacks_is_an_error_of_sqlite_and_not_a_text_unlike_any_other() -> None:
    plan = view_of(EVERY, NO_SECRETS).filter("read", "contact")
    database = sqlite3.connect(":memory:")
    with database:
        database.execute('CREATE TABLE contact (id, "a`b" TEXT)')
        database.execute("INSERT INTO contact VALUES (1, 'secret')")
    for columns in ({}, {"kind": "knid"}, {"kind": 'knid"'}):
        text, values = plan.to_sql(columns=columns)
        with pytest.raises(sqlite3.OperationalError, match="no such column"):
            database.execute(f"SELECT id FROM contact WHERE {text}", values)
    text, values = plan.to_sql(columns={"kind": "a`b"})
    assert database.execute(f"SELECT id FROM contact WHERE {text}", values).fetchall() == []
    database.close()


@pytest.mark.parametrize("column", ["", (), ("c", ""), 5, ["c", 5], {"c": 1}, None])
def test_a_column_must_be_a_name(column: Any) -> None:
    with pytest.raises(SchemaError, match='column of field "kind" must be a name'):
        view_of(EVERY, NO_SECRETS).filter("read", "contact").to_sql(columns={"kind": column})


def test_a_map_of_columns_names_fields_that_there_are() -> None:
    plan = view_of(EVERY, NO_SECRETS).filter("read", "contact")
    for asked in (plan.to_narwhals, plan.to_sql, lambda columns: plan.apply([{"kind": "a"}], columns=columns)):
        with pytest.raises(NotFoundError, match="did you mean 'kind'"):
            asked(columns={"knid": "kind"})


def test_objects_of_pandas_are_text_only_if_all_of_them_are() -> None:
    pd = pytest.importorskip("pandas", reason="frames of pandas")
    plan = view_of(EVERY, NO_SECRETS).filter("read", "contact")
    odd = [5, True, b"secret", "secret", None, float("nan"), pd.NA, "open"]
    frame = pd.DataFrame({"kind": ["open"] * 200 + odd}, dtype=object)
    assert len(plan.apply(frame)) == 201
    assert list(plan.apply(frame.iloc[200:]).kind) == ["open"]


def test_a_projected_frame_carries_nothing_besides_its_cells() -> None:
    pd = pytest.importorskip("pandas", reason="frames of pandas")
    view = view_of(OWN)
    columns = {"owner": ["ann", "bob"], "kind": pd.Categorical(["a", "b"]), "email": ["x@example.com", "y@example.com"]}
    frame = pd.DataFrame(columns)
    frame.attrs["raw"] = "y@example.com"
    for indexed in (frame.set_index("email"), frame.set_index(["email", "owner"], drop=False),
                    frame.set_index(pd.Index(frame["email"], name=None)),
                    frame.set_index(pd.CategoricalIndex(frame["email"]))):  # fmt: skip
        shown = view.project_frame("contact", indexed)
        assert "example" not in f"{shown}{shown.index}{shown.index.name}{shown.index.names}{shown.attrs}"
        assert list(shown.index) == [0]
        assert list(shown["kind"].cat.categories) == ["a"]
        kept = view.filter("read", "contact").apply(indexed)
        assert "y@" not in f"{getattr(kept.index, 'levels', '')}{getattr(kept.index, 'categories', '')}"
        assert list(kept["kind"].cat.categories) == ["a"]
    assert list(view.project_frame("contact", frame.iloc[::-1]).index) == [0]


def test_a_projected_table_of_arrow_has_no_foreign_dictionary_and_no_metadata() -> None:
    pa = pytest.importorskip("pyarrow", reason="frames of pyarrow")
    view = view_of(OWN, FieldRule("contact", "masked", fields=["email"], scope="own"))
    kind = pa.dictionary(pa.int8(), pa.string())
    table = pa.table(
        {"owner": ["ann", "bob"], "kind": pa.array(["a", "b"]).cast(kind),
         "email": pa.array(["x@example.com", "y@example.com"]).dictionary_encode()}
    ).replace_schema_metadata({"raw": "y@example.com"})  # fmt: skip
    shown = view.project_frame("contact", table)
    assert shown.schema.metadata is None
    assert shown.schema.field("kind").type == kind
    assert shown["kind"].chunk(0).dictionary.to_pylist() == ["a"]
    assert "x@example.com" not in str(shown)
    assert "y@" not in str(shown)
    assert "y@" not in str(view.filter("read", "contact").apply(table)["email"])


def test_a_field_that_is_open_for_a_time_is_closed_afterwards_in_views_that_are_kept() -> None:
    clock = Clock()
    end = START + dt.timedelta(hours=1)
    view = view_of(EVERY, Grant("update", "contact", scope="all"), FieldRule("contact", "write", fields=["salary"],
                   scope="all", when=NOW.lt(end)), clock=clock)  # fmt: skip
    row = {"owner": "bob", "salary": 5}

    def answers() -> tuple[object, ...]:
        return (
            view.level("contact", "salary"), view.level("contact", "salary", row),
            "salary" in view.project("contact", row), "salary" in view.project_frame("contact", [row])[0],
            view.check_write("contact", row, {"salary": 6}) == [], view.check_query("contact", sort=["salary"]) == [],
        )  # fmt: skip

    assert answers() == ("write", "write", True, True, True, True)
    clock.now = end
    assert answers() == ("hidden", "hidden", False, False, False, False)
    clock.now = START
    assert answers() == ("write", "write", True, True, True, True)


def test_a_plan_is_over_when_the_grant_is() -> None:
    clock = Clock()
    plan = view_of(OWN, clock=clock, until=START + dt.timedelta(hours=1)).filter("read", "contact")
    mine = {"owner": "ann"}
    assert plan.select([mine]) == [mine]
    clock.now = START + dt.timedelta(hours=1)
    for ask in (lambda: plan.allows(mine), lambda: plan.select([mine]), lambda: plan.apply([mine]), plan.to_sql,
                plan.to_narwhals, lambda: plan.to_sqlalchemy(None)):  # fmt: skip
        with pytest.raises(ViewExpiredError):
            ask()


def test_filters_of_many_people_keep_no_code_of_each() -> None:
    rule = FieldRule("contact", "read", fields=["salary"], scope="own", when=NOW.gt(START))
    policy = Policy([CONTACT], [Role("r", grants=[OWN], field_rules=[rule])])
    engine = Engine(policy, [Assignment(f"p{number}", "r") for number in range(30)])
    for number in range(30):
        view = engine.view(f"p{number}")
        assert view.filter("read", "contact").select([{"owner": f"p{number}"}])
        assert view.project("contact", {"owner": f"p{number}", "salary": 5})["salary"] == 5
    assert len(engine._state.compiled._factories) < 10
