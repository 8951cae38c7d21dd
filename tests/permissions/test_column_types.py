"""SQL through SQLAlchemy answers as a record does, or nobody gets to ask: which column types hold which fields."""

from __future__ import annotations

import datetime as dt
import enum
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("sqlalchemy", reason="builds the query")

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql, sqlite

from crmkit.encryption import Field as Secret
from crmkit.encryption import encrypted_type
from crmkit.errors import NotTranslatableError
from crmkit.permissions import Assignment, Engine, Field, Grant, Plan, Policy, Resource, Role, record

if TYPE_CHECKING:
    from collections.abc import Iterator

AT = dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC)
DAY = AT.date()
ASKED: dict[str, Any] = {
    "str": "open", "int": 2, "float": 2.5, "decimal": Decimal("2.5"), "bool": True, "date": DAY, "datetime": AT,
}  # fmt: skip


class Stage(enum.Enum):
    OPEN = "open"


class Named(enum.StrEnum):
    OPEN = "open"


class Same(enum.StrEnum):
    open = "open"
    won = "won"


class Lower(sa.types.TypeDecorator[str]):
    impl = sa.String
    cache_ok = True

    def process_result_value(self, value: Any, _dialect: Any) -> Any:
        return None if value is None else value.lower()


class Plain(sa.types.TypeDecorator[str]):
    impl = sa.String
    cache_ok = True


class PaddedThere(Plain):
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        return sa.CHAR(8) if dialect.name == "postgresql" else sa.String()


class PlainMoment(sa.types.TypeDecorator[dt.datetime]):
    impl = sa.DateTime(timezone=True)
    cache_ok = True


def plan_of(kind: Any, when: Any = None) -> Plan:
    resource = Resource("c", fields={"f": Field(kind)}, actions=["read"])
    asked = record.f.is_null() if kind == "list" else record.f.eq(ASKED[kind])
    rules = [Grant("read", "c", scope="all", when=asked if when is None else when)]
    return Engine(Policy([resource], [Role("r", grants=rules)]), [Assignment("a", "r")]).view("a").filter("read", "c")


def table_of(column_type: Any) -> Any:
    return sa.Table("c", sa.MetaData(), sa.Column("id", sa.Integer), sa.Column("f", column_type))


NEVER = [
    ("str", sa.Integer()), ("str", sa.JSON()), ("str", sa.LargeBinary()), ("str", sa.Uuid()), ("str", Lower()),
    ("str", sa.Enum(Stage)), ("str", sa.Enum(Named)), ("str", postgresql.UUID()), ("str", postgresql.JSONB()),
    ("str", sa.String().with_variant(sa.Integer(), "postgresql")), ("str", postgresql.DOMAIN("whole", sa.Integer())),
    ("str", sa.PickleType()), ("str", sa.ARRAY(sa.String())), ("int", sa.Numeric()), ("int", sa.Numeric(10, 0)),
    ("int", sa.Float()), ("int", sa.String()), ("int", sa.Boolean()), ("int", sa.Double()), ("float", sa.Numeric()),
    ("float", sa.Float(asdecimal=True)), ("float", sa.Numeric(asdecimal=False)), ("float", sa.String()),
    ("decimal", sa.Float()), ("decimal", sa.Double()), ("decimal", sa.Numeric(asdecimal=False)),
    ("decimal", postgresql.MONEY()), ("bool", sa.Integer()), ("bool", sa.String()), ("date", sa.DateTime()),
    ("date", sa.DateTime(timezone=True)), ("date", sa.String()), ("datetime", sa.DateTime()), ("datetime", sa.Date()),
    ("datetime", postgresql.TIMESTAMP()), ("datetime", sa.Time()),
    ("list", sa.JSON()), ("list", sa.String()),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "column_type"), NEVER, ids=repr)
def test_a_column_that_cannot_hold_the_field_is_refused_before_any_query(kind: Any, column_type: Any) -> None:
    with pytest.raises(NotTranslatableError, match=r"column 'f' is .*field 'f' is ") as caught:
        plan_of(kind).to_sqlalchemy(table_of(column_type))
    assert type(column_type).__name__ in str(caught.value) or "Integer()" in str(caught.value)
    if kind != "list":  # also where only presence is asked for, and between two columns
        for when in (~record.f.is_null(), record.f.is_null(), record.f.ne(record.f)):
            with pytest.raises(NotTranslatableError):
                plan_of(kind, when).to_sqlalchemy(table_of(column_type))


HERE_NOT_THERE = [
    ("str", sa.CHAR(8), "sqlite"), ("str", sa.NCHAR(8), "sqlite"), ("str", PaddedThere(), "sqlite"),
    ("str", sa.String().with_variant(sa.CHAR(8), "postgresql"), "sqlite"),
    ("str", sa.Uuid(as_uuid=False), "postgresql"), ("float", sa.REAL(), "sqlite"), ("float", sa.Float(24), "sqlite"),
    ("float", sa.BigInteger(), "sqlite"), ("str", sa.types.NullType(), "sqlite"),
]  # fmt: skip
DIALECTS: dict[str, Any] = {"sqlite": sqlite.dialect(), "postgresql": postgresql.dialect()}


@pytest.mark.parametrize(("kind", "column_type", "right"), HERE_NOT_THERE, ids=repr)
def test_what_one_database_holds_exactly_is_refused_when_it_is_compiled_for_another(
    kind: Any, column_type: Any, right: str
) -> None:
    clause = plan_of(kind).to_sqlalchemy(table_of(column_type))
    for name, dialect in DIALECTS.items():
        if name == right:
            assert str(clause.compile(dialect=dialect))
        else:
            with pytest.raises(NotTranslatableError, match=f"column 'f' is .* on {name}"):
                clause.compile(dialect=dialect)


EXACT: list[tuple[Any, Any, list[Any]]] = [
    *(("str", one, ["open", "OPEN", "open ", "x", "", None]) for one in (
        sa.String(), sa.String(9), sa.Text(), sa.Unicode(9), sa.VARCHAR(9), sa.UnicodeText(), Plain())),
    ("str", sa.Enum("open", "won", name="stage"), ["open", "won", None]), ("str", sa.Enum(Same), ["open", "won", None]),
    *(("int", one, [1, 2, 3, -5, None]) for one in (sa.Integer(), sa.SmallInteger(), sa.BigInteger())),
    *(("float", one, [2.5, 2.4999999999999996, 0.1, 3.0, None]) for one in (sa.Double(), sa.Float(), sa.Float(53))),
    *(("float", one, [2, 3, 1, None]) for one in (sa.Integer(), sa.SmallInteger())),
    *(("decimal", one, [Decimal("2.5"), Decimal("2.50"), Decimal("2.51"), Decimal(-1), None]) for one in (
        sa.Numeric(), sa.Numeric(10, 2), sa.DECIMAL(10, 2))),
    ("decimal", sa.BigInteger(), [1, 2, 3, None]), ("bool", sa.Boolean(), [True, False, None]),
    ("date", sa.Date(), [DAY, DAY - dt.timedelta(days=1), DAY + dt.timedelta(days=1), None]),
    *(("datetime", one, [AT, AT - dt.timedelta(microseconds=1), AT + dt.timedelta(days=1), None]) for one in (
        sa.DateTime(timezone=True), sa.TIMESTAMP(timezone=True), PlainMoment())),
    ("list", sa.ARRAY(sa.String()), [["a"], [], None]),
]  # fmt: skip
ONLY_POSTGRES: list[tuple[Any, Any, list[Any]]] = [
    ("str", postgresql.CITEXT(), ["open", "OPEN", "x", None]),
    ("str", sa.Uuid(as_uuid=False), [f"{7:032x}", None]),
]


@pytest.fixture
def postgres_engine(postgres_url: str) -> Iterator[Any]:
    pytest.importorskip("psycopg", reason="speaks to PostgreSQL")
    engine = sa.create_engine(postgres_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS citext"))
    yield engine
    engine.dispose()


def conditions(kind: str) -> list[Any]:
    asked = ASKED.get(kind)
    found = [record.f.is_null(), ~record.f.is_null()]
    if asked is None:
        return found
    found += [record.f.eq(asked), record.f.ne(asked), ~record.f.eq(asked)]
    if kind not in ("str", "bool"):
        found += [record.f.ge(asked), record.f.lt(asked)]
    if kind == "str":
        found += [record.f.starts_with("op"), ~record.f.has_text("E"), record.f.is_in(["open", "x"])]
    return found


def answers(engine: Any, kind: Any, column_type: Any, cells: list[Any]) -> None:
    """Ask the database and each mapped object, as both come back of it."""

    class Base(orm.DeclarativeBase):
        pass

    class C(Base):
        __tablename__ = "exact"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        f = sa.Column(column_type)

    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add_all([C(id=place, f=cell) for place, cell in enumerate(cells)])
        session.commit()
        held = session.scalars(sa.select(C).order_by(C.id)).all()
        for when in conditions(kind):
            plan = plan_of(kind, when)
            query = sa.select(C.id).where(plan.to_sqlalchemy(C)).order_by(C.id)
            assert list(session.scalars(query)) == [one.id for one in held if plan.allows(one)], when  # type: ignore[arg-type]
    Base.metadata.drop_all(engine)


@pytest.mark.parametrize("kind", [*ASKED, "list"])
def test_postgres_says_of_exact_columns_what_objects_say(kind: Any, postgres_engine: Any) -> None:
    mine = [one for one in [*EXACT, *ONLY_POSTGRES] if one[0] == kind]
    assert mine
    for _, column_type, cells in mine:
        answers(postgres_engine, kind, column_type, cells)


@pytest.mark.parametrize(
    ("kind", "column_type", "cells"),
    [
        *(one for one in EXACT if one[0] not in ("decimal", "datetime", "list")),
        ("str", sa.CHAR(8), ["open", "open ", "x", None]), ("float", sa.REAL(), [2.5, 0.1, None]),
        ("float", sa.BigInteger(), [2, 2**53 + 1, -(2**60), None]),
    ],
    ids=repr,
)  # fmt: skip
def test_sqlite_says_of_exact_columns_what_objects_say(kind: Any, column_type: Any, cells: list[Any]) -> None:
    engine = sa.create_engine("sqlite://")
    answers(engine, kind, column_type, cells)
    engine.dispose()


def test_a_column_that_crmkit_encrypts_tells_only_whether_it_is_filled() -> None:
    def closed() -> Any:
        raise AssertionError("nothing is encrypted to ask whether it is there")

    table = table_of(encrypted_type(Secret("c.f"), closed))
    for when in (record.f.eq("open"), record.f.ne("open"), ~record.f.is_in(["open"]), record.f.has_text("o")):
        with pytest.raises(NotTranslatableError, match="column 'f' of field 'f' is encrypted"):
            plan_of("str", when).to_sqlalchemy(table)
    for when in (record.f.is_null(), ~record.f.is_null()):
        for dialect in DIALECTS.values():
            assert "NULL" in str(plan_of("str", when).to_sqlalchemy(table).compile(dialect=dialect))


def test_types_of_columns_that_are_not_asked_for_are_nobodys_business() -> None:
    table = sa.Table("c", sa.MetaData(), sa.Column("f", sa.String), sa.Column("g", sa.PickleType))
    assert plan_of("str").to_sqlalchemy(table) is not None


def test_a_column_says_by_type_coerce_what_a_decorator_really_holds() -> None:
    table = table_of(Lower())
    named = sa.select(table.c.id, sa.type_coerce(table.c.f, sa.String).label("f")).subquery()
    assert str(plan_of("str").to_sqlalchemy(named).compile(dialect=postgresql.dialect()))
