"""Corners of the back ends and the model that nothing random is sure to reach."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from crmkit import frames
from crmkit.errors import NotFoundError, NotTranslatableError, PolicyFileError, SchemaError
from crmkit.permissions import (
    NOW,
    Assignment,
    Custom,
    Engine,
    Field,
    FieldRule,
    Grant,
    OrgChart,
    Policy,
    Principal,
    Resource,
    Role,
    diff,
    least_privilege,
    lint,
    principal,
    record,
    review,
)
from crmkit.permissions._conditions._tree import FALSE, TRUE
from crmkit.permissions._decisions._regions import regions
from crmkit.permissions._filters._sql import sql

AT = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
DEAL = Resource(
    "deal",
    fields={
        "stage": Field(),
        "note": Field(collation="binary"),
        "score": Field("int"),
        "ratio": Field("float"),
        "amount": Field("decimal"),
        "seen": Field("datetime"),
        "tags": Field("list"),
        "due": Field("date"),
    },
    actions=["read", "update"],
    owner="owner_id",
)


def text_of(condition: Any, dialect: Any = "postgres", style: Any = "format", **columns: Any) -> str:
    return str(sql(condition, DEAL, dialect=dialect, paramstyle=style, columns=columns)[0])


def plan_of(condition: Any, *people: Principal, **options: Any) -> Any:
    policy = Policy([DEAL], [Role("r", grants=[Grant("read", "deal", scope="all", when=condition)])], **options)
    who = people or (Principal("ann"),)
    return Engine(policy, [Assignment(who[0].id, "r")], org=OrgChart(who)).view(who[0].id).filter("read", "deal")


def test_sql_is_what_each_database_compares_exactly() -> None:
    assert text_of(record.stage.eq("a")) == '"stage"::text COLLATE "C" = %s'
    assert text_of(record.stage.ne("a"), "sqlite", "numeric") == (
        "(typeof(`stage`) = 'text' AND `stage` COLLATE BINARY <> :1)"
    )
    assert text_of(record.stage.eq(record.note), "duckdb") == '"stage" COLLATE C = "note" COLLATE C'
    assert text_of(record.ratio.gt(0.5)) == "NULLIF(\"ratio\", 'NaN'::double precision) > %s"
    assert text_of(record.amount.gt(1)) == "NULLIF(\"amount\", 'NaN'::numeric) > %s"
    assert text_of(record.stage.has_text("a"), "sqlite", "dollar") == (
        "(typeof(`stage`) = 'text' AND instr(`stage` COLLATE BINARY, $1) > 0)"
    )
    assert text_of(~record.stage.has_text("a"), style="named") == 'NOT (strpos("stage"::text COLLATE "C", :p0) > 0)'
    assert text_of(record.stage.starts_with("ab"), "duckdb", "qmark") == 'starts_with("stage" COLLATE C, ?)'
    assert text_of(record.tags.contains("a")) == '%s COLLATE "C" = ANY("tags")'
    assert text_of(record.tags.contains(1)) == '%s = ANY("tags")'
    assert "list_contains" in text_of(record.tags.contains(1), "duckdb")
    assert text_of(~record.stage.is_null(), style="pyformat") == '"stage" IS NOT NULL'
    assert text_of(TRUE) == "1 = 1"
    assert text_of(FALSE) == "1 = 0"


@pytest.mark.parametrize("name", ['a"; DROP TABLE deal; --', "a%s", "a'b", "列", "x\ny", "?:p0"])
def test_hostile_names_of_columns_are_quoted(name: str) -> None:
    quoted = '"' + name.replace('"', '""').replace("%", "%%") + '"'
    assert text_of(record.score.gt(1), stage="x", score=name) == f"{quoted} > %s"
    assert text_of(record.score.gt(1), style="qmark", score=("d", name)) == f'"d".{quoted.replace("%%", "%")} > ?'


def test_sql_refuses_what_it_does_not_know() -> None:
    with pytest.raises(NotTranslatableError, match="no SQL for 'mysql' is tested"):
        text_of(record.score.gt(1), "mysql")
    with pytest.raises(NotFoundError, match="unknown paramstyle"):
        text_of(record.score.gt(1), style="questionmark")
    with pytest.raises(NotFoundError, match="did you mean 'score'"):
        text_of(record.score.gt(1), scor="x")
    with pytest.raises(NotTranslatableError, match="NUL"):
        text_of(record.score.gt(1), score="a\0b")
    with pytest.raises(NotTranslatableError, match="32766 parameters"):
        text_of(record.score.is_in(range(40_000)), "sqlite")
    with pytest.raises(NotTranslatableError, match="SQLite has no datetime"):
        text_of(record.seen.gt(AT), "sqlite")
    with pytest.raises(NotTranslatableError, match="predicate of the caller"):
        text_of(Custom("p"))


def test_thousands_of_alternatives_are_not_nested_thousands_deep() -> None:
    import sqlite3

    wide = record.score.eq(0)
    for number in range(1, 2_000):
        wide = wide | (record.score.eq(number) & record.stage.eq(str(number)))
    text, values = sql(wide, DEAL, dialect="sqlite", paramstyle="qmark", columns={})
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE deal (score, stage)")
    connection.execute("INSERT INTO deal VALUES (1999, '1999'), (1999, 'x')")
    assert connection.execute(f"SELECT stage FROM deal WHERE {text}", values).fetchall() == [("1999",)]
    connection.close()


def test_sqlalchemy_refuses_what_no_test_has_run() -> None:
    sa = pytest.importorskip("sqlalchemy", reason="builds the query")
    from sqlalchemy import orm
    from sqlalchemy.dialects import mysql, postgresql, sqlite

    types = {"ratio": sa.Double, "amount": sa.Numeric, "seen": sa.DateTime(timezone=True), "tags": sa.ARRAY(sa.String)}
    table = sa.Table(
        "deal",
        sa.MetaData(),
        *(sa.Column(name, types.get(name, sa.String)) for name in DEAL.fields),
    )
    condition = (
        record.stage.eq("a")
        & ~record.ratio.is_null()
        & (record.stage.under("x/") | ~record.note.has_text("b"))
        & record.amount.gt(1)
    )
    clause = plan_of(condition).to_sqlalchemy(table)
    shown = str(clause.compile(dialect=postgresql.dialect()))
    assert 'deal.stage::text COLLATE "C" =' in shown
    assert "NULLIF(deal.ratio, 'NaN'::double precision) IS NOT NULL" in shown
    assert "'NaN'::numeric" in shown
    assert "strpos(" in shown
    for dialect, wanted in ((mysql.dialect(), "mysql"), (sqlite.dialect(), "SQLite has no decimal")):
        with pytest.raises(NotTranslatableError, match=wanted):
            str(clause.compile(dialect=dialect))
    lite = plan_of(
        record.stage.is_in(["a"]) & record.note.has_text("b") & record.ratio.is_null() & record.stage.starts_with("c")
    )
    assert "COLLATE BINARY" in str(lite.to_sqlalchemy(table).compile(dialect=sqlite.dialect()))
    assert "instr(" in str(lite.to_sqlalchemy(table).compile(dialect=sqlite.dialect()))
    assert str(plan_of(record.seen.gt(AT)).to_sqlalchemy(table).compile(dialect=postgresql.dialect())).startswith(
        "true AND deal.seen >"
    )
    assert str(plan_of(TRUE).to_sqlalchemy(table)) == "true"
    assert str(plan_of(record.stage.is_in([])).to_sqlalchemy(table)) == "false"
    for unable in (record.tags.contains("a"), Custom("p")):
        roles = [Role("r", grants=[Grant("read", "deal", scope="all", when=unable)])]
        engine = Engine(
            Policy([DEAL], roles, predicates=["p"]), [Assignment("a", "r")], predicates={"p": lambda *_: True}
        )
        plan = engine.view("a").filter("read", "deal")
        with pytest.raises(NotTranslatableError):
            plan.to_sqlalchemy(table)
    with pytest.raises(SchemaError, match="unknown column 'stge'"):
        plan_of(record.stage.eq("a")).to_sqlalchemy(table, columns={"stage": "stge"})

    class Base(orm.DeclarativeBase):
        pass

    class Deal(Base):
        __tablename__ = "deals"
        id: Any = sa.Column(sa.Integer, primary_key=True)
        stage: Any = sa.Column(sa.String)

    assert "deals.stage" in str(plan_of(record.stage.eq("a")).to_sqlalchemy(Deal).compile(dialect=sqlite.dialect()))


def test_moments_in_another_zone_and_other_types_are_asked_row_by_row() -> None:
    pl = pytest.importorskip("polars", reason="frames of polars")
    berlin = pl.DataFrame({"seen": [AT, AT + dt.timedelta(hours=2)]}).with_columns(
        pl.col("seen").dt.convert_time_zone("Europe/Berlin")
    )
    assert frames.read(plan_of(record.seen.gt(AT)).apply(berlin)).column("seen") == [AT + dt.timedelta(hours=2)]
    naive = pl.DataFrame({"seen": [dt.datetime(2030, 1, 1)]})
    assert plan_of(record.seen.gt(AT)).apply(naive).height == 0
    wrong = pl.DataFrame({"stage": [1, 2]})
    assert plan_of(record.stage.ne("a")).apply(wrong).height == 0
    lists = pl.DataFrame({"tags": [["a"], ["b"], None]})
    assert plan_of(record.tags.contains("a")).apply(lists).height == 1
    assert plan_of(record.stage.eq("a")).apply(pl.LazyFrame({"stage": ["a", "b"]})).height == 1


def test_what_is_known_of_the_principal_alone_is_settled_before_records_are_asked() -> None:
    ann = Principal("ann", attrs={"city": "Oslo", "codes": ["a", 1]})
    options: Any = {"principal": {"city": "str", "codes": "list"}}
    for condition, outcome in [
        (principal.city.has_text("sl"), "ALWAYS"),
        (principal.city.starts_with("B"), "NEVER"),
        (principal.city.under("Oslo"), "ALWAYS"),
        (principal.codes.contains("a"), "ALWAYS"),
        (principal.codes.contains("b"), "NEVER"),
        (~principal.city.is_in(principal.codes), "ALWAYS"),
        (principal.city.has_text(principal.tenant), "NEVER"),
        (~record.stage.is_in(principal.teams), "ALWAYS"),
    ]:
        plan = plan_of(condition, ann, **options)
        assert plan.outcome.name == outcome, condition
        assert plan.allows({}) is (outcome == "ALWAYS")
    numbers = Principal("ann", attrs={"codes": [1, 2]})
    nothing = plan_of(~record.stage.is_in(principal.codes), numbers, **options)
    assert [nothing.allows({"stage": value}) for value in ("x", None, 1)] == [True, False, False]
    assert repr(nothing.condition) == "~(record.stage.is_null())"
    blank = plan_of(
        record.stage.starts_with(principal.city) | record.stage.has_text(principal.city),
        Principal("ann", attrs={"city": ""}),
        **options,
    )
    assert not blank.allows({"stage": "anything"})
    assert DEAL.level("team") == FALSE


def test_diamonds_of_roles_and_territories_are_walked_once() -> None:
    roles = [
        Role("top", inherits=["left", "right"]),
        Role("left", inherits=["base"]),
        Role("right", inherits=["base"]),
        Role("base", grants=[Grant("read", "deal", scope="all"), Grant("update", "deal", effect="deny")]),
    ]
    engine = Engine(Policy([DEAL], roles), [Assignment("ann", "top")])
    view = engine.view("ann")
    assert view.explain("read", "deal", {}).role_path == ("top", "left", "base")
    org = OrgChart([Principal("ann", territories=["emea", "de"])], territories={"de": "emea"})
    assert org.territories(["emea", "de"]) == {"emea", "de"}
    found = review(
        engine.policy,
        [Assignment("ann", "top", reason="x"), Assignment("ann", "base", reason="x")],
        org=OrgChart([Principal("ann")]),
    )
    assert [(row.role, row.via) for row in found.rows] == [
        ("base", "base"), ("top", "top"), ("base", "top"), ("left", "top"), ("right", "top"),
    ]  # fmt: skip
    again = review(
        engine.policy,
        [Assignment("ann", "base", reason="x"), Assignment("ann", "top", reason="x")],
        org=OrgChart([Principal("ann")]),
    )
    assert {(row.role, row.via) for row in again.rows} == {(row.role, row.via) for row in found.rows}


def test_groups_of_fields_that_a_frame_lacks_are_passed_over() -> None:
    rules = [
        FieldRule("deal", "read", fields=["stage"], scope="own"),
        FieldRule("deal", "masked", fields=["note"], scope="all"),
    ]
    policy = Policy([DEAL], [Role("r", grants=[Grant("read", "deal", scope="all")], field_rules=rules)])
    view = Engine(policy, [Assignment("ann", "r")]).view("ann")
    assert view.project_frame("deal", [{"owner_id": "ann", "stage": "won"}]) == [{"stage": "won"}]
    assert view.project_frame("deal", [{"owner_id": "bob", "stage": "won"}]) == []  # nothing of it may be seen
    assert view.level("deal", "stage", {"owner_id": "ann"}) == "read"
    assert view.level("deal", "stage", {"owner_id": "bob"}) == "hidden"


def test_changes_between_fields_that_are_compared_with_each_other_are_told() -> None:
    fields = {name: Field("int") for name in "abcd"}
    resource = Resource("deal", fields=fields, actions=["read"])

    def policy(when: Any) -> Policy:
        return Policy([resource], [Role("r", grants=[Grant("read", "deal", scope="all", when=when)])])

    def verdict(old: Any, new: Any) -> str | None:
        found = diff(policy(old), policy(new), [Assignment("ann", "r")]).changes
        return next((one.verdict for one in found if one.action == "read"), None)

    a, b, c, d = (record[name] for name in "abcd")
    assert verdict(a.eq(b) & b.eq(c), a.eq(b) & b.eq(c) & a.eq(c)) is None
    assert verdict(a.ne(b) & b.ne(c) & a.ne(c), a.ne(b) & b.ne(c)) == "wider"
    assert verdict(a.ne(b) & c.ne(d), a.ne(b) & c.ne(d) & b.ne(c)) == "narrower"
    assert verdict(a.lt(b), a.lt(b) | a.eq(b)) == "unknown"
    tags = Resource("deal", fields={"tags": Field("list")}, actions=["read"])
    many = [record.tags.contains(str(number)) for number in range(8)]
    assert not regions((many[0] | many[1] | many[2] | many[3] | many[4] | many[5] | many[6],), tags).complete
    assert regions((many[0] | many[1],), tags).complete
    unsure = regions((many[0] | ~many[1],), tags)
    assert ["0", None] in unsure.values["tags"]


def test_use_that_was_denied_says_nothing_of_scopes() -> None:
    from types import SimpleNamespace

    policy = Policy(
        [DEAL], [Role("r", grants=[Grant("read", "deal", scope="own"), Grant("update", "deal", effect="deny")])]
    )
    uses = [SimpleNamespace(actor="ann", action="deal.read", resource=("deal", "1"), at=AT - dt.timedelta(days=40))]
    log: Any = SimpleNamespace(verified=True, usage=lambda since: uses)
    records = {"deal": {"1": {"owner_id": "bob"}}}
    assert least_privilege(policy, [Assignment("ann", "r")], log, at=AT, records=records).counts() == {}


def test_a_resource_without_reading_is_no_finding() -> None:
    policy = Policy(
        [Resource("job", actions=["run"])], [Role("r", owner="x", grants=[Grant("run", "job", scope="all")])]
    )
    assert lint(policy).counts() == {}


def test_an_exception_without_a_zone_is_refused_with_its_line() -> None:
    text = 'version = 1\n[roles.a]\n[roles.b]\n[[sod]]\nname = "s"\nmembers = ["a", "b"]\n[[sod.exceptions]]\n'
    text += 'principal = "x"\napprover = "y"\nreason = "z"\nuntil = {}\n'
    for until in ("2026-01-01T00:00:00", '"soon"', "7"):
        with pytest.raises(
            PolicyFileError, match=r"policy:11: \[sod.0.exceptions.0.until\] must be a moment with a time zone"
        ):
            Policy.from_toml(text.format(until))
    assert Policy.from_toml(text.format('"2026-01-01T00:00:00Z"')).sod[0].exceptions[0].until.year == 2026


def test_a_blank_prefix_explains_itself_as_missing() -> None:
    when = record.stage.starts_with(principal.city) | record.note.eq(record.stage)
    policy = Policy(
        [DEAL], [Role("r", grants=[Grant("read", "deal", scope="all", when=when)])], principal={"city": "str"}
    )
    people = OrgChart([Principal("ann", attrs={"city": ""}), Principal("bob", attrs={"city": "a"})])
    engine = Engine(policy, [Assignment("ann", "r"), Assignment("bob", "r")], org=people)
    row = {"stage": "abc", "note": "x"}
    assert not engine.view("ann").explain("read", "deal", row)
    assert engine.view("bob").explain("read", "deal", row)
    assert [engine.view(who).level("deal", "stage", row) for who in ("ann", "bob")] == ["hidden", "hidden"]


def test_fields_are_compared_with_fields_in_frames_and_numbers_too() -> None:
    pl = pytest.importorskip("polars", reason="frames of polars")
    texts = pl.DataFrame({"stage": ["a", "a", None], "note": ["a", "b", None]})
    assert plan_of(record.stage.eq(record.note)).apply(texts).height == 1
    assert plan_of(record.stage.ne(record.note)).apply(texts).height == 1
    numbers = Resource("deal", fields={"a": Field("int"), "b": Field("int")}, actions=["read"])
    policy = Policy([numbers], [Role("r", grants=[Grant("read", "deal", scope="all", when=record.a.lt(record.b))])])
    plan = Engine(policy, [Assignment("ann", "r")]).view("ann").filter("read", "deal")
    assert plan.apply(pl.DataFrame({"a": [1, 2, None], "b": [2, 1, 5]})).rows() == [(1, 2)]


def test_many_rules_that_differ_in_one_value_are_one_look_into_a_set() -> None:
    whens = [record.score.eq(number) for number in range(3_000)] + [record.stage.eq(str(number)) for number in range(9)]
    whens += [record.ratio.eq(0.5), record.due.is_null()]
    grants = [Grant("read", "deal", scope="all", when=when) for when in whens]
    view = Engine(Policy([DEAL], [Role("r", grants=grants)]), [Assignment("ann", "r")]).view("ann")
    day = dt.date(2026, 1, 1)
    cases: list[tuple[dict[str, Any], bool]] = [
        ({"score": 2_999}, True),
        ({"score": 3_000}, False),
        ({"score": True}, False),
        ({"stage": "8"}, True),
        ({"stage": "9"}, False),
        ({"ratio": 0.5}, True),
        ({}, False),
    ]
    for row, wanted in cases:
        assert view.allows("read", "deal", {"due": day, **row}) is wanted
    assert view.allows("read", "deal", {})
    plan = view.filter("read", "deal")
    assert len(plan.condition.children) == 4
    assert plan.apply([{"due": day, "score": 5, "stage": None, "ratio": None}])


def test_ordered_text_is_compared_in_frames_as_in_python() -> None:
    pl = pytest.importorskip("polars", reason="frames of polars")
    resource = Resource("deal", fields={name: Field(collation="binary") for name in "ab"}, actions=["read"])
    policy = Policy([resource], [Role("r", grants=[Grant("read", "deal", scope="all", when=record.a.lt(record.b))])])
    plan = Engine(policy, [Assignment("ann", "r")]).view("ann").filter("read", "deal")
    assert plan.apply(pl.DataFrame({"a": ["B", "b", None], "b": ["a", "B", "x"]})).rows() == [("B", "a")]
    empty = plan_of(record.stage.under("emea/"))
    assert empty.apply(pl.DataFrame({"stage": ["emea", "emea/de", "emeax", None]})).height == 2
    with_text = plan_of(record.stage.has_text("x") | ~record.stage.starts_with("e"))
    assert with_text.apply(pl.DataFrame({"stage": ["emea", "emeax", "us", None]})).height == 2


def test_a_number_that_sqlite_cannot_hold_exactly_is_not_compiled() -> None:
    sa = pytest.importorskip("sqlalchemy", reason="builds the query")
    from sqlalchemy.dialects import sqlite

    from crmkit.permissions._filters._sqlalchemy import _elements

    number = next(one for one in _elements() if one.__name__ == "Number")
    with pytest.raises(NotTranslatableError, match="decimal"):
        sa.select(number(sa.column("amount", sa.Numeric()), "decimal")).compile(dialect=sqlite.dialect())


def test_cells_of_a_frame_without_the_column_are_those_that_are_there() -> None:
    from crmkit.permissions._filters._frame import cells_of

    rows = frames.read([{"stage": "won"}])
    asked = [record.stage.eq("won"), record.score.eq(1)]
    assert cells_of(rows, asked, DEAL) == {"stage": ["won"]}


def test_what_holds_for_everybody_is_a_constant_of_the_search() -> None:
    from crmkit.permissions._conditions._tree import Const
    from crmkit.permissions._decisions import _who

    maker = object.__new__(_who._Filter)
    assert (maker._emit(Const(value=True)), maker._emit(Const(value=False))) == ("True", "False")


def test_who_may_by_a_moment_is_asked_with_the_moment_of_the_question() -> None:
    at = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    deal = Resource("deal", fields={"due": Field(type="datetime")}, actions=["read"])
    policy = Policy([deal], [Role("r", grants=[Grant("read", "deal", scope="all", when=record.due.le(NOW))])])
    engine = Engine(policy, [Assignment("ann", "r")])
    for due, names in ((at - dt.timedelta(days=1), ["ann"]), (at + dt.timedelta(days=1), [])):
        assert [one.principal for one in engine.who_can("read", "deal", {"due": due}, at=at)] == names


def test_who_may_by_a_predicate_of_the_caller_is_asked_person_by_person() -> None:
    deal = Resource("deal", fields={"stage": Field()}, actions=["read"])
    policy = Policy(
        [deal], [Role("r", grants=[Grant("read", "deal", scope="all", when=Custom("open"))])], predicates=["open"]
    )
    engine = Engine(
        policy,
        [Assignment("ann", "r"), Assignment("bob", "r")],
        predicates={"open": lambda row, _who, _context: row["stage"] == "open"},
    )
    assert [one.principal for one in engine.who_can("read", "deal", {"stage": "open"})] == ["ann", "bob"]
    assert engine.who_can("read", "deal", {"stage": "won"}) == []


def test_the_nearest_name_is_told_as_it_is_written() -> None:
    policy = Policy([Resource("Deal", actions=["read"])])
    with pytest.raises(NotFoundError, match='unknown resource "deel"; did you mean "Deal"'):
        policy.resource("deel")
