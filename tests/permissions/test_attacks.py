"""What somebody tries who wants to see or do more than they may: each must end in less, or in an error."""

from __future__ import annotations

import datetime as dt
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from crmkit.errors import (
    AccessDeniedError,
    NotFoundError,
    NotTranslatableError,
    PolicyFileError,
    SchemaError,
    ViewExpiredError,
)
from crmkit.permissions import (
    NOW,
    Assignment,
    Engine,
    Field,
    FieldRule,
    Grant,
    OrgChart,
    Policy,
    Principal,
    Resource,
    Role,
    View,
    constraint_breaches,
    diff,
    lint,
    record,
    review,
)

if TYPE_CHECKING:
    from collections.abc import Callable

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


HEAD = 'version = 1\n[resources.c]\nactions = ["read"]\n[resources.c.fields]\nkind = {}\n[roles.r]\ngrants = ['
ALLOW = '{ actions = ["read"], resource = "c", scope = "all" }'


def test_two_files_of_one_name_are_both_read(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    deny = '{ effect = "deny", actions = ["read"], resource = "c" }'
    (tmp_path / "policy.toml").write_text('version = 1\ninclude = ["more.toml", "sub/base.toml"]\n', encoding="utf-8")
    (tmp_path / "more.toml").write_text(f"{HEAD}{ALLOW}]\n", encoding="utf-8")
    (tmp_path / "sub" / "base.toml").write_text('version = 1\ninclude = "more.toml"\n', encoding="utf-8")
    (tmp_path / "sub" / "more.toml").write_text(f"version = 1\n[roles.no]\ngrants = [{deny}]\n", encoding="utf-8")
    policy = Policy.load(tmp_path / "policy.toml")
    engine = Engine(policy, [Assignment("ann", "r"), Assignment("ann", "no")])
    assert engine.view("ann").outcome("read", "c").name == "NEVER"
    (tmp_path / "sub" / "more.toml").write_text("version = 1\nroels = {}\n", encoding="utf-8")
    with pytest.raises(PolicyFileError, match=r"^sub/more\.toml:2: .*unknown key .roels"):
        Policy.load(tmp_path / "policy.toml")


def test_files_that_include_each_other_come_to_an_end(tmp_path: Path) -> None:
    for place in range(80):
        (tmp_path / f"{place}.toml").write_text(f'version = 1\ninclude = ["{place + 1}.toml"]\n', encoding="utf-8")
    with pytest.raises(PolicyFileError, match="more than 50 deep"):
        Policy.load(tmp_path / "0.toml")
    (tmp_path / "0.toml").write_text('version = 1\ninclude = ["a\\u0000.toml"]\n', encoding="utf-8")
    with pytest.raises(PolicyFileError, match="there is no file"):
        Policy.load(tmp_path / "0.toml")


def test_a_value_that_is_not_utf_8_is_refused_and_not_changed(tmp_path: Path) -> None:
    deny = '{ effect = "deny", actions = ["read"], resource = "c", when = { eq = ["record.kind", "Müller"] } }'
    (tmp_path / "policy.toml").write_bytes(f"{HEAD}\n{ALLOW},\n{deny}]\n".encode("latin-1"))
    with pytest.raises(PolicyFileError, match=r"policy\.toml:9: not UTF-8"):
        Policy.load(tmp_path / "policy.toml")


@pytest.mark.parametrize("word", ["all", "any"])
def test_a_condition_that_lost_its_parts_opens_nothing(word: str) -> None:
    grant = ALLOW.replace(" }", f", when = {{ {word} = [] }} }}")
    with pytest.raises(PolicyFileError, match=f"{word} needs a condition"):
        Policy.from_toml(f"{HEAD}{grant}]\n")


@pytest.mark.parametrize("data", [[], None, {"version": 1.0}, {"version": 1, "roles": {1: {}}},
                                  {"version": 1, "roles": {" ": {}}}])  # fmt: skip
def test_plain_data_of_another_shape_is_no_policy(data: Any) -> None:
    with pytest.raises(PolicyFileError):
        Policy.from_dict(data)


def test_a_signaling_nan_is_missing() -> None:
    offer = Resource("offer", fields={"price": Field("decimal")}, actions=["read", "update"])
    grants = [Grant("read", "offer", scope="all", when=record.price.lt(10)),
              Grant("update", "offer", scope="all", when=record.price.is_null())]  # fmt: skip
    view = Engine(Policy([offer], [Role("r", grants=grants)]), [Assignment("ann", "r")]).view("ann")
    row = {"price": Decimal("sNaN")}
    assert (view.allows("read", "offer", row), view.allows("update", "offer", row)) == (False, True)
    assert (bool(view.explain("read", "offer", row)), bool(view.explain("update", "offer", row))) == (False, True)
    with pytest.raises(SchemaError, match="NaN"):
        record.price.lt(Decimal("sNaN"))


def test_an_explanation_is_the_same_whatever_a_hidden_field_holds() -> None:
    hidden = record.salary.ge(100) | record.salary.is_null() | (record.kind.eq("vip") & record.email.has_text("@"))
    view = view_of(
        Grant("read", "contact", scope="own", when=hidden),
        Grant("read", "contact", scope="all", when=record.salary.lt(0) & record.kind.eq("x")),
        Grant("read", "contact", scope="own", when=~record.salary.is_in([1, 2]) & record.email.starts_with("b")),
    )
    for owner, kind in (("bob", "vip"), ("bob", "x"), (None, None), ("bob", 5)):
        rows = [{"owner": owner, "kind": kind, "salary": salary, "email": email}
                for salary in (None, 1, 50, 200, "wrong") for email in (None, "a@b", "b", 5)]  # fmt: skip
        told = {str(view.explain("read", "contact", row).to_dict() | {"at": ""}) for row in rows}
        assert len(told) == 1
        assert "salary >= ..." in told.pop()


@pytest.mark.parametrize("level", ["hidden", "masked"])
def test_an_explanation_says_nothing_of_a_public_field_that_a_cap_takes_away(level: Any) -> None:
    cap = FieldRule("contact", level, fields=["kind"], effect="cap", when=record.owner.eq("bob"))
    view = view_of(Grant("read", "contact", scope="all", when=record.kind.eq("open")), cap)
    assert "it is closed" in str(view.explain("read", "contact", {"owner": "cy", "kind": "closed"}))
    for owner in ("bob", None):
        told = [view.explain("read", "contact", {"owner": owner, "kind": kind}) for kind in ("closed", "secret", None)]
        assert len({str(one) for one in told}) == 1
        assert "kind = ..." in str(told[0])


ODD = Resource("odd", fields={"k": Field(), "n": Field("int"), "f": Field("float"), "b": Field("bool"),
                              "d": Field("date"), "t": Field("list")}, actions=["read"])  # fmt: skip
TODAY = dt.date(2026, 6, 1)
ON_ODD = [record.k.ne("x"), ~record.k.is_null(), ~record.k.is_in(["x"]), ~record.k.starts_with("x"),
          ~record.k.has_text("x"), ~record.k.under("x"), record.n.gt(5), ~record.n.is_null(), record.n.ne(7),
          ~record.n.is_in([1, 2]), record.f.gt(1.5), record.f.le(1.5), record.b.ne(True), ~record.b.is_null(),
          record.b.eq(False), record.d.gt(TODAY), record.d.ne(TODAY), record.k.is_null(), record.n.is_null(),
]  # fmt: skip


@pytest.mark.parametrize("when", ON_ODD, ids=repr)
def test_cells_of_another_type_than_their_column_in_sqlite_are_as_on_records(when: Any) -> None:
    sa = pytest.importorskip("sqlalchemy", reason="builds the query")
    policy = Policy([ODD], [Role("r", grants=[Grant("read", "odd", scope="all", when=when)])])
    view = Engine(policy, [Assignment("ann", "r")]).view("ann")
    cells: list[Any] = [b"x", b"zzz", "zzz", "x", 7, 1, 0, 2, 2.5, None, "", "2026-07-01", "2026-02-31", "now", 2**60]
    engine = sa.create_engine("sqlite://")
    table = sa.Table("odd", sa.MetaData(), sa.Column("id"), *(sa.Column(name) for name in "knfbd"))
    rows = [{"id": place, **dict.fromkeys("knfbd", cell)} for place, cell in enumerate(cells)]
    with engine.begin() as connection:
        raw = connection.connection.driver_connection
        raw.execute("CREATE TABLE odd (id, k, n, f, b, d)")  # of no type, so that every cell stays what it is
        raw.executemany("INSERT INTO odd VALUES (:id, :k, :n, :f, :b, :d)", rows)
        plan = view.filter("read", "odd")
        text, values = plan.to_sql()
        by_text = [place for (place,) in raw.execute(f"SELECT id FROM odd WHERE {text} ORDER BY id", values)]
        made = sa.select(table.c.id).where(plan.to_sqlalchemy(table)).order_by(table.c.id)
        by_query = list(connection.execute(made).scalars())
    for row in rows:  # as a driver gives them
        row["b"] = {0: False, 1: True}.get(row["b"], row["b"]) if type(row["b"]) is int else row["b"]
        row["d"] = TODAY.replace(month=7) if row["d"] == "2026-07-01" else row["d"]
    wanted = [row["id"] for row in plan.select(rows)]
    assert by_text == by_query
    assert by_text == wanted


def test_lists_are_nothing_that_sqlite_has() -> None:
    policy = Policy([ODD], [Role("r", grants=[Grant("read", "odd", scope="all", when=~record.t.is_null())])])
    plan = Engine(policy, [Assignment("ann", "r")]).view("ann").filter("read", "odd")
    with pytest.raises(NotTranslatableError, match="SQLite has no list"):
        plan.to_sql()


def test_moments_without_a_time_zone_are_refused_wherever_one_is_asked_for() -> None:
    naive = START.replace(tzinfo=None)
    policy = Policy([CONTACT], [Role("r", grants=[OWN])])
    held, org = [Assignment("ann", "r")], OrgChart([Principal("ann")])
    engine = Engine(policy, held)
    asks: list[Callable[[], object]] = [
        lambda: review(policy, held, org=org, at=naive),
        lambda: constraint_breaches(policy, held, at=naive), lambda: engine.who_can("read", "contact", at=naive),
        lambda: engine.what_can("ann", at=naive), lambda: engine.view("ann", at=naive),
        lambda: lint(policy, held, at=naive), lambda: diff(policy, policy, held, at=naive),
        lambda: Engine(policy, held, now=lambda: naive),
    ]  # fmt: skip
    for ask in asks:
        with pytest.raises(SchemaError, match="time zone"):
            ask()
    assert constraint_breaches(policy, held) == []


@pytest.mark.parametrize("when", [None, True, {"always": True}])
def test_what_is_no_condition_is_refused_where_it_is_written(when: Any) -> None:
    with pytest.raises(TypeError, match="when"):
        Grant("read", "contact", scope="all", when=when)


@pytest.mark.parametrize("name", ["", " ", None, 5])
def test_roles_and_resources_have_names(name: Any) -> None:
    for parts in (([CONTACT], [Role(name)]), ([Resource(name, actions=["read"])], [])):
        with pytest.raises(PolicyFileError, match="must have a name"):
            Policy(*parts)


class Sink:
    """Keeps events, or fails as a full disk does."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.full = False

    def record(self, action: str, **event: Any) -> None:
        if self.full:
            raise OSError("no space left")
        self.events.append((action, event))


def exporting(sink: Sink, **settings: Any) -> View:
    deal = Resource(
        "deal", fields={"name": Field()}, actions=["read", "export"], owner="owner", sensitive_actions="export"
    )
    role = Role("sales", grants=[Grant(["read", "export"], "deal", scope="own")])
    return Engine(Policy([deal], [role]), [Assignment("ann", "sales")], audit=sink, **settings).view("ann")


ROUTES: dict[str, Any] = {
    "sql": lambda plan: plan.to_sql(dialect="postgres"),
    "sqlalchemy": lambda plan: plan.to_sqlalchemy(_table()),
    "narwhals": lambda plan: plan.to_narwhals(),
}


def _table() -> Any:
    sa = pytest.importorskip("sqlalchemy", reason="needs SQLAlchemy")
    return sa.Table("deal", sa.MetaData(), sa.Column("owner", sa.String), sa.Column("name", sa.String))


@pytest.mark.parametrize("route", ROUTES)
def test_an_export_through_a_database_cannot_pass_by_the_audit_log(route: str) -> None:
    sink = Sink()
    view = exporting(sink, record="sensitive")
    ROUTES[route](view.filter("export", "deal"))
    [(action, event)] = sink.events
    assert (action, event["outcome"], event["count"], event["detail"]["asked"]) == ("deal.export", "ok", 0, route)
    ROUTES[route](view.filter("read", "deal"))
    assert len(sink.events) == 1  # reading is not among what the resource calls sensitive
    sink.full = True
    with pytest.raises(AccessDeniedError, match="could not be written"):
        ROUTES[route](view.filter("export", "deal"))
    ROUTES[route](exporting(sink, record="sensitive", on_audit_failure="allow").filter("export", "deal"))


def test_a_filter_for_somebody_who_may_nothing_is_an_event_too() -> None:
    sink = Sink()
    deal = Resource("deal", actions=["read", "export"], owner="owner")
    role = Role("reader", grants=[Grant("read", "deal", scope="all")])
    view = Engine(Policy([deal], [role]), [Assignment("ann", "reader")], audit=sink).view("ann")
    assert view.filter("export", "deal").to_sql() == ("1 = 0", [])
    assert [(action, event["outcome"]) for action, event in sink.events] == [("deal.export", "denied")]


def test_a_denial_because_the_log_is_full_does_not_read_like_a_permission() -> None:
    sink = Sink()
    view = exporting(sink, record="all")
    sink.full = True
    for ask in (view.require, lambda _action, resource, one: view.project(resource, one)):
        with pytest.raises(AccessDeniedError, match="audit log could not be written") as caught:
            ask("read", "deal", {"owner": "ann"})
        assert "ALLOW" not in str(caught.value)


@pytest.mark.parametrize("odd", ["42", 7, [], (), b"", object()], ids=lambda odd: type(odd).__name__)
def test_what_is_no_record_is_an_error_and_never_every_record(odd: object) -> None:
    deal = Resource("deal", actions=["read"], owner="owner")
    view = Engine(
        Policy([deal], [Role("all", grants=[Grant("read", "deal", scope="all")])]), [Assignment("ann", "all")]
    ).view("ann")
    for ask in (view.allows, view.require, view.explain):
        with pytest.raises(SchemaError, match="not a record"):
            ask("read", "deal", odd)
