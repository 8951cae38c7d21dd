"""One condition, one answer: on a record, in generated code, in every kind of frame, and in real databases."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("hypothesis", reason="property tests")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit import frames
from crmkit.errors import NotTranslatableError
from crmkit.permissions import Assignment, Engine, Field, Grant, OrgChart, Policy, Resource, Role, View, record
from crmkit.permissions._decisions._interpret import Interpreter
from crmkit.permissions._filters._frame import expression
from crmkit.permissions._filters._sql import sql

if TYPE_CHECKING:
    from collections.abc import Iterator

SIMPLE = ("str", "int", "float", "bool", "date", "datetime")
ALL = (*SIMPLE, "decimal", "list")
SQLITE = ("str", "int", "float", "bool", "date")
QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=100)


@pytest.fixture(scope="session")
def draw(world: Any) -> Any:
    return {kinds: world.strategies(kinds) for kinds in (SIMPLE, ALL, SQLITE)}


def view_of(world: Any, condition: Any, who: dict[str, Any], said: dict[str, Any]) -> View:
    """Put the condition into a policy of its own, without scope, and look at it as somebody."""
    resource = world.Resource("deal", fields=world.FIELDS, actions=["read"], key="id")
    policy = Policy(
        [resource], [Role("r", grants=[Grant("read", "deal", scope="all", when=condition)])],
        principal=world.PRINCIPAL_TYPES, context=world.CONTEXT_TYPES,
    )  # fmt: skip
    person = world.as_principal(who)
    engine = Engine(policy, [Assignment(person.id, "r")], org=OrgChart([person]))
    return engine.view(
        person.id, at=world.AT, context={name: value for name, value in said.items() if value is not None}
    )


def cases(strategy: Any) -> Any:
    return st.tuples(
        strategy.conditions, strategy.people, strategy.contexts, st.lists(strategy.rows, min_size=1, max_size=6)
    )


def expected(world: Any, case: Any) -> list[dict[str, Any]]:
    condition, who, said, rows = case
    return [row for row in rows if world.truth(condition, row, who, said) is True]


def numbered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"id": place, **row} for place, row in enumerate(rows)]


def test_generated_code_interpreter_and_plan_agree_with_the_slow_evaluator(world: Any, draw: Any) -> None:
    @settings(QUIET, max_examples=400)
    @given(cases(draw[ALL]))
    def holds(case: Any) -> None:
        condition, who, said, rows = case
        view = view_of(world, condition, who, said)
        plan = view.filter("read", "deal")
        declared = view._compiled.policy.resources["deal"]
        formula = view._role_set.formula("read", "deal")
        for row in rows:
            truth = world.truth(condition, row, who, said)
            assert view.allows("read", "deal", row) is (truth is True)
            assert plan.allows(row) is (truth is True)
            # the interpreter works on the normal form, whose TRUE is the condition's, and so is its negation's FALSE
            assert Interpreter(declared, view._known, {}, row).ask(formula) is truth
            assert bool(view.explain("read", "deal", row)) is (truth is True)
        assert plan.select(rows) == expected(world, case)
        if plan.outcome.name != "DEPENDS":
            assert len(expected(world, case)) == (len(rows) if plan.outcome.name == "ALWAYS" else 0)

    holds()


def test_a_deny_counts_where_it_is_not_false(world: Any, draw: Any) -> None:
    @QUIET
    @given(cases(draw[ALL]))
    def holds(case: Any) -> None:
        condition, who, said, rows = case
        resource = world.Resource("deal", fields=world.FIELDS, actions=["read"])
        grants = [Grant("read", "deal", scope="all"), Grant("read", "deal", effect="deny", when=condition)]
        policy = Policy(
            [resource], [Role("r", grants=grants)], principal=world.PRINCIPAL_TYPES, context=world.CONTEXT_TYPES
        )
        person = world.as_principal(who)
        context = {name: value for name, value in said.items() if value is not None}
        view = Engine(policy, [Assignment(person.id, "r")], org=OrgChart([person])).view(
            person.id, at=world.AT, context=context
        )
        for row in rows:
            assert view.allows("read", "deal", row) is (world.truth(condition, row, who, said) is False)
        assert view.filter("read", "deal").select(rows) == [
            row for row in rows if world.truth(condition, row, who, said) is False
        ]

    holds()


def frame_of(library: str, rows: list[dict[str, Any]], fields: dict[str, Any]) -> Any:
    columns = {"id": list(range(len(rows))), **{name: [row[name] for row in rows] for name in rows[0]}}
    if library.startswith("pandas"):
        pd = pytest.importorskip("pandas", reason="frames of pandas")
        if library == "pandas-object":
            return pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})
        types = {
            "str": "string",
            "int": "Int64",
            "float": "Float64",
            "bool": "boolean",
            "datetime": "datetime64[us, UTC]",
        }
        kinds = {name: types.get(fields[name].type, "object") if name in fields else "int64" for name in columns}
        return pd.DataFrame({name: pd.Series(cells, dtype=kinds[name]) for name, cells in columns.items()})
    if library == "polars":
        pl = pytest.importorskip("polars", reason="frames of polars")
        types = {"str": pl.String, "int": pl.Int64, "float": pl.Float64, "bool": pl.Boolean, "date": pl.Date,
                 "datetime": pl.Datetime("us", "UTC")}  # fmt: skip
        return pl.DataFrame(
            columns, schema={name: types[fields[name].type] if name in fields else pl.Int64 for name in columns}
        )
    pa = pytest.importorskip("pyarrow", reason="frames of pyarrow")
    types = {"str": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(), "date": pa.date32(),
             "datetime": pa.timestamp("us", "UTC")}  # fmt: skip
    return pa.table(
        {
            name: pa.array(cells, types[fields[name].type] if name in fields else pa.int64())
            for name, cells in columns.items()
        }
    )


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("library", ["polars", "pandas-object", "pandas-string", "pyarrow"])
def test_frames_of_every_library_keep_the_rows_that_records_would_be_kept(library: str, world: Any, draw: Any) -> None:
    from crmkit import frames

    @QUIET
    @given(cases(draw[SIMPLE]))
    def holds(case: Any) -> None:
        condition, who, said, rows = case
        frame = frame_of(library, rows, world.FIELDS)
        view = view_of(world, condition, who, said)
        wanted = [place for place, row in enumerate(rows) if world.truth(condition, row, who, said) is True]
        plan = view.filter("read", "deal")
        assert frames.read(plan.apply(frame)).column("id") == wanted
        if library == "pandas-object" and not {world.FIELDS[name].type for name in plan.fields} <= {"str"}:
            return  # columns of objects that are not text have no type that an expression could rely on
        if library == "pandas-string" and "date" in {world.FIELDS[name].type for name in plan.fields}:
            return
        if library == "pandas-object" and any(all(row[name] is None for row in rows) for name in plan.fields):
            return  # a column of nothing but None has no type either
        assert frames.read(frames.keep(frame, plan.to_narwhals())).column("id") == wanted

    holds()


SQL_TYPES = {
    "sqlite": {"str": "TEXT COLLATE NOCASE", "int": "INTEGER", "float": "REAL", "bool": "INTEGER", "date": "TEXT"},
    "postgres": {"str": "text", "int": "bigint", "float": "double precision", "bool": "boolean", "date": "date",
                 "datetime": "timestamptz", "decimal": "numeric", "list": "text[]"},
    "duckdb": {"str": "VARCHAR", "int": "BIGINT", "float": "DOUBLE", "bool": "BOOLEAN", "date": "DATE",
               "datetime": "TIMESTAMPTZ", "decimal": "DECIMAL(18,4)", "list": "VARCHAR[]"},
}  # fmt: skip


def create(dialect: str, fields: dict[str, Any]) -> str:
    columns = [
        f'"{name}" {SQL_TYPES[dialect][field.type]}'
        for name, field in fields.items()
        if field.type in SQL_TYPES[dialect]
    ]
    return f"CREATE TABLE deal (id INTEGER, {', '.join(columns)})"


def ask(execute: Any, dialect: str, style: str, plan: Any, rows: list[dict[str, Any]], insert: str) -> list[int]:
    execute("DELETE FROM deal", [])
    for row in numbered(rows):
        names = ", ".join(f'"{name}"' for name in row)
        values = [
            value.isoformat() if dialect == "sqlite" and hasattr(value, "isoformat") else value
            for value in row.values()
        ]
        execute(f"INSERT INTO deal ({names}) VALUES ({', '.join([insert] * len(row))})", values)
    text, parameters = plan.to_sql(dialect=dialect, paramstyle=style)
    return [found[0] for found in execute(f"SELECT id FROM deal WHERE {text} ORDER BY id", parameters)]


def check_sql(
    world: Any, strategy: Any, execute: Any, dialect: str, style: str, insert: str, examples: int = 100
) -> None:
    @settings(QUIET, max_examples=examples)
    @given(cases(strategy))
    def holds(case: Any) -> None:
        condition, who, said, rows = case
        plan = view_of(world, condition, who, said).filter("read", "deal")
        wanted = [place for place, row in enumerate(rows) if world.truth(condition, row, who, said) is True]
        assert ask(execute, dialect, style, plan, rows, insert) == wanted

    holds()


@pytest.mark.parametrize("style", ["qmark", "named"])
def test_sqlite_returns_the_same_records_though_its_columns_ignore_case(style: str, world: Any, draw: Any) -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        fields = {name: field for name, field in world.FIELDS.items() if field.type in SQLITE}
        connection.execute(create("sqlite", fields))
        check_sql(
            world, draw[SQLITE], lambda text, values: connection.execute(text, values).fetchall(), "sqlite", style, "?"
        )


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Any]:
    psycopg = pytest.importorskip("psycopg", reason="speaks to PostgreSQL")
    with psycopg.connect(postgres_url, autocommit=True) as connection:

        def execute(text: str, values: Any) -> list[Any]:
            cursor = connection.execute(text, values)
            return cursor.fetchall() if cursor.description else []

        yield execute


@pytest.mark.parametrize("style", ["format", "pyformat"])
def test_postgres_returns_the_same_records(style: str, world: Any, draw: Any, postgres: Any) -> None:
    postgres(create("postgres", world.FIELDS), None)
    check_sql(world, draw[ALL], postgres, "postgres", style, "%s", 80)


def test_postgres_compares_text_exactly_though_its_columns_ignore_case(world: Any, postgres: Any) -> None:
    postgres("CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)", None)
    postgres("CREATE TABLE deal (id int, stage text COLLATE nocase, note text COLLATE nocase)", None)
    postgres("INSERT INTO deal VALUES (1, 'won', 'x'), (2, 'WON', 'x'), (3, NULL, 'x')", None)
    stage = world.record.stage
    for condition, wanted in [
        (stage.eq("won"), [1]), (stage.ne("won"), [2]), (stage.is_in(["WON"]), [2]),
        (stage.starts_with("w"), [1]), (stage.has_text("O"), [2]), (stage.under("won"), [1]),
    ]:  # fmt: skip
        text, values = sql(condition, world.DEAL, dialect="postgres", paramstyle="format", columns={})
        assert [row[0] for row in postgres(f"SELECT id FROM deal WHERE {text}", values)] == wanted, text


@pytest.mark.parametrize("style", ["qmark", "dollar"])
def test_duckdb_returns_the_same_records(style: str, world: Any, draw: Any) -> None:
    duckdb = pytest.importorskip("duckdb", reason="the database")
    with duckdb.connect() as connection:
        connection.execute(create("duckdb", world.FIELDS))
        check_sql(
            world, draw[ALL], lambda text, values: connection.execute(text, values).fetchall(), "duckdb", style, "?", 80
        )


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_sqlalchemy_returns_the_same_records(dialect: str, world: Any, draw: Any, request: Any) -> None:
    sa = pytest.importorskip("sqlalchemy", reason="builds the query")
    kinds = SQLITE if dialect == "sqlite" else SIMPLE
    types = {"str": sa.String, "int": sa.BigInteger, "float": sa.Double, "bool": sa.Boolean, "date": sa.Date,
             "datetime": sa.DateTime(timezone=True)}  # fmt: skip
    if dialect == "sqlite":
        engine = sa.create_engine("sqlite://")
    else:
        url = request.getfixturevalue("postgres_url")
        engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    fields = {name: field for name, field in world.FIELDS.items() if field.type in kinds}
    columns = [sa.Column(name, types[field.type]) for name, field in fields.items()]
    table = sa.Table("deal", sa.MetaData(), sa.Column("id", sa.Integer), *columns)
    table.metadata.create_all(engine)
    with engine.connect() as connection:

        @settings(QUIET, max_examples=60)
        @given(cases(draw[kinds]))
        def holds(case: Any) -> None:
            condition, who, said, rows = case
            plan = view_of(world, condition, who, said).filter("read", "deal")
            connection.execute(table.delete())
            connection.execute(table.insert(), numbered(rows))
            query = sa.select(table.c.id).where(plan.to_sqlalchemy(table)).order_by(table.c.id)
            wanted = [place for place, row in enumerate(rows) if world.truth(condition, row, who, said) is True]
            assert list(connection.execute(query).scalars()) == wanted

        holds()
    engine.dispose()


@pytest.mark.parametrize(
    ("build", "sqlite", "frame"),
    [
        (lambda r: r.amount.gt(1), "no decimal", "is decimal"),
        (lambda r: r.tags.contains("a"), "no lists", "is list"),
        (lambda r: r.note.eq("a\0b"), "NUL", None),
        (lambda r: r.note.eq("\ud800"), "surrogate", "surrogate"),
        (lambda r: r.score.eq(2**64), "64 bits", "64 bits"),
    ],
)  # fmt: skip
def test_what_a_back_end_cannot_ask_exactly_is_refused_whole(
    build: Any, sqlite: str, frame: str | None, world: Any
) -> None:
    condition = world.record.owner_id.eq("u") & build(world.record)
    with pytest.raises(NotTranslatableError, match=sqlite):
        sql(condition, world.DEAL, dialect="sqlite", paramstyle="qmark", columns={})
    if frame is not None:
        with pytest.raises(NotTranslatableError, match=frame):
            expression(condition, world.DEAL, {})


@pytest.mark.parametrize("library", ["polars", "pandas", "pyarrow"])
def test_columns_of_another_precision_are_asked_cell_by_cell(library: str) -> None:
    """A library brings the literal to the column's precision, and then more rows are equal than are."""
    pytest.importorskip(library, reason="a frame")
    pl = pytest.importorskip("polars", reason="makes the columns")
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    half = at + dt.timedelta(microseconds=500)
    deal = Resource("deal", fields={"f": Field("float"), "t": Field("datetime"), "n": Field("int")}, actions=["read"])
    moments = pl.Series("t", [at, half, at + dt.timedelta(milliseconds=1), None])
    columns = [
        pl.Series("f", [0.1, 0.5, 16777217.0, None], dtype=pl.Float32),
        *(moments.dt.cast_time_unit(unit) for unit in ("ms", "us", "ns")),
        (pl.Series("t", [at, None]).dt.cast_time_unit("ns").cast(int) + 300).cast(pl.Datetime("ns", "UTC")),
        pl.Series("n", [44, 0, 1], dtype=pl.UInt8),
    ]
    far = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)
    literals = {"f": [0.1, 16777217.0, 1e300], "t": [at, half, far], "n": [300, 44, 2**62, -212]}
    for column in columns:
        frame = column.to_frame()
        frame = frame.to_pandas() if library == "pandas" else frame.to_arrow() if library == "pyarrow" else frame
        cells = frames.read(frame).column(column.name)
        for word, value in itertools.product(("eq", "ne", "lt", "le", "gt", "ge"), literals[column.name]):
            when = getattr(record[column.name], word)(value)
            policy = Policy([deal], [Role("r", grants=[Grant("read", "deal", scope="all", when=when)])])
            plan = Engine(policy, [Assignment("ann", "r")]).view("ann").filter("read", "deal")
            wanted = [cell for cell in cells if plan.allows({column.name: cell})]
            assert frames.read(plan.apply(frame)).column(column.name) == wanted, (column.dtype, word, value)
