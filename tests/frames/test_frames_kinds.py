"""Every kind of frame reads the same and comes back as its own kind."""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any, NamedTuple

import attrs
import numpy as np
import pytest

from crmkit import frames
from crmkit.errors import SchemaError, ShapeError

duckdb = pytest.importorskip("duckdb")
pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")
pydantic = pytest.importorskip("pydantic")


@attrs.frozen
class Person:
    name: str | None
    age: int | None


@dataclasses.dataclass(frozen=True)
class PersonData:
    name: str | None
    age: int | None


class PersonModel(pydantic.BaseModel):
    name: str | None
    age: int | None


class PersonTuple(NamedTuple):
    name: str | None
    age: int | None


NAMES = ["Ada", None, "Bo"]
AGES = [36, 41, None]


def rows_of(make: Any) -> list[Any]:
    return [make(name=name, age=age) for name, age in zip(NAMES, AGES, strict=True)]


KINDS = {
    "pandas": lambda: pd.DataFrame({"name": NAMES, "age": pd.array(AGES, dtype="Int64")}),
    "polars": lambda: pl.DataFrame({"name": NAMES, "age": AGES}),
    "arrow": lambda: pa.table({"name": NAMES, "age": AGES}),
    "dicts": lambda: rows_of(dict),
    "mapping": lambda: {"name": list(NAMES), "age": list(AGES)},
    "attrs": lambda: rows_of(Person),
    "dataclass": lambda: rows_of(PersonData),
    "pydantic": lambda: rows_of(PersonModel),
    "namedtuple": lambda: rows_of(PersonTuple),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_reads_the_same_columns(kind: str) -> None:
    table = frames.read(KINDS[kind]())
    assert table.columns == ("name", "age")
    assert len(table) == 3
    assert table.column("name") == NAMES
    assert table.column("age") == AGES
    assert table.distinct("age").values == [36, 41]
    assert table.distinct("age").codes.tolist() == [0, 1, -1]
    assert table.texts("age").values == ["36", "41"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_comes_back_as_its_own_kind(kind: str) -> None:
    frame = KINDS[kind]()
    table = frames.read(frame)
    changed = table.replace({"name": {1: "Cy"}, "age": {2: 7}})
    assert type(changed) is type(frame)
    assert frames.read(changed).column("name") == ["Ada", "Cy", "Bo"]
    assert frames.read(changed).column("age") == [36, 41, 7]
    assert frames.read(frame).column("name") == NAMES, "the caller's frame is never written to"
    taken = table.take([2, 0])
    assert type(taken) is type(frame)
    assert frames.read(taken).column("name") == ["Bo", "Ada"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_change_gives_the_frame_itself(kind: str) -> None:
    frame = KINDS[kind]()
    assert frames.read(frame).replace({}) is frame
    assert frames.read(frame).replace({"name": {}}) is frame


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_columns_and_rows_are_wrong_use(kind: str) -> None:
    table = frames.read(KINDS[kind]())
    with pytest.raises(SchemaError, match="did you mean 'name'"):
        table.column("nmae")
    with pytest.raises(SchemaError, match="unknown column"):
        table.replace({"nmae": {0: "x"}})
    with pytest.raises(SchemaError, match="row out of range"):
        table.replace({"name": {3: "x"}})
    with pytest.raises(SchemaError, match="row out of range"):
        table.take([-1])


@pytest.mark.parametrize("kind", KINDS)
def test_build_makes_the_kind_of_like(kind: str) -> None:
    frame = KINDS[kind]()
    made = frames.build({"rule": ["a", None], "n": [1, 2]}, like=frame)
    read = frames.read(made)
    assert read.column("rule") == ["a", None]
    assert read.column("n") == [1, 2]
    expected = "records" if isinstance(frame, list) else frames.read(frame).kind
    assert read.kind == expected


def test_lazy_polars_frames_are_collected() -> None:
    table = frames.read(pl.LazyFrame({"a": [1]}))
    assert isinstance(table.native, pl.DataFrame)


def test_duckdb_relations_come_back_as_arrow() -> None:
    relation = duckdb.sql("select 1 as a, 'x' as b union all select 2, null order by a")
    table = frames.read(relation)
    assert table.column("b") == ["x", None]
    assert isinstance(table.replace({"b": {1: "y"}}), pa.Table)


def test_anything_with_an_arrow_stream_is_read() -> None:
    class Stream:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return pa.table({"a": [1, 2]}).__arrow_c_stream__(requested_schema)

    assert frames.read(Stream()).column("a") == [1, 2]


def test_generators_of_records_become_lists() -> None:
    table = frames.read(row for row in rows_of(dict))
    assert isinstance(table.replace({"name": {0: "x"}}), list)
    assert isinstance(frames.read(tuple(rows_of(dict))).take([0]), tuple)


def test_a_table_reads_as_itself() -> None:
    table = frames.read([{"a": 1}])
    assert frames.read(table) is table


@pytest.mark.parametrize("junk", ["name,age", b"x", 7, None, object()])
def test_what_is_no_frame_is_said_to_be_none(junk: object) -> None:
    with pytest.raises(SchemaError, match="is not a frame"):
        frames.read(junk)


@pytest.mark.parametrize("column", [pd.Series([1]), pl.Series([1]), pa.array([1])])
def test_a_single_column_is_no_frame(column: object) -> None:
    with pytest.raises(SchemaError, match="is one column"):
        frames.read(column)


def test_a_single_record_is_no_frame() -> None:
    with pytest.raises(SchemaError, match="put a single record into a list"):
        frames.read({"name": "Ada", "age": 3})
    with pytest.raises(SchemaError, match="not a record"):
        frames.read([1, 2])


def test_ragged_columns_are_refused() -> None:
    with pytest.raises(ShapeError) as caught:
        frames.read({"a": [1, 2], "b": [1]})
    assert (caught.value.expected, caught.value.actual) == (2, 1)


def test_duplicate_column_names_are_refused() -> None:
    doubled = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(SchemaError, match="duplicate column names: 'a'"):
        frames.read(doubled)
    with pytest.raises(SchemaError, match="duplicate column names"):
        frames.read(pa.table([[1], [2]], names=["a", "a"]))
    with pytest.raises(SchemaError, match="duplicate column names: '1'"):
        frames.read([{1: "x", "1": "y"}])


def test_column_names_that_are_not_text_are_addressed_by_their_text() -> None:
    table = frames.read(pd.DataFrame({0: ["a"], 1: ["b"]}))
    assert table.columns == ("0", "1")
    changed = table.replace({"1": {0: "c"}})
    assert list(changed.columns) == [0, 1]
    assert changed.loc[0, 1] == "c"
    assert frames.read([{7: "x"}]).replace({"7": {0: "y"}}) == [{7: "y"}]


def test_a_key_that_one_record_lacks_is_null_and_stays_away() -> None:
    records = [{"a": 1}, {"a": 2, "b": "x"}]
    table = frames.read(records)
    assert table.column("b") == [None, "x"]
    assert table.replace({"a": {0: 9}}) == [{"a": 9}, {"a": 2, "b": "x"}]
    assert table.replace({"b": {0: "y"}}) == [{"a": 1, "b": "y"}, {"a": 2, "b": "x"}]


def test_untouched_records_and_columns_are_the_same_objects() -> None:
    records = rows_of(dict)
    changed = frames.read(records).replace({"name": {1: "x"}})
    assert changed[0] is records[0]
    assert changed[2] is records[2]
    columns = {"a": [1, 2], "b": ["x", "y"]}
    assert frames.read(columns).replace({"a": {0: 5}})["b"] is columns["b"]


def test_untouched_pandas_columns_share_memory_and_the_index_stays() -> None:
    index = pd.MultiIndex.from_tuples([("x", 1), ("x", 1), ("y", 2)], names=["g", "i"])
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [4, 5, 6], "c": pd.Categorical(["u", "v", "u"])}, index=index)
    changed = frames.read(frame).replace({"a": {0: 9}})
    assert changed.index.is_(frame.index)
    assert np.shares_memory(changed["b"].to_numpy(), frame["b"].to_numpy())
    assert np.shares_memory(changed["c"].array.codes, frame["c"].array.codes)
    assert frame["a"].tolist() == [1, 2, 3]
    assert changed["a"].tolist() == [9, 2, 3]
    assert frames.read(frame).take([2, 1]).index.tolist() == [("y", 2), ("x", 1)]


def test_untouched_polars_and_arrow_columns_are_the_same_buffers() -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": [3, 4]})
    changed = frames.read(frame).replace({"a": {0: 5}})
    address = changed["b"].to_arrow().buffers()[1].address
    assert address == frame["b"].to_arrow().buffers()[1].address
    assert frame["a"].to_list() == [1, 2]
    table = pa.table({"a": [1, 2], "b": [3, 4]})
    made = frames.read(table).replace({"a": {0: 5}})
    assert made.column("b").chunk(0).buffers()[1].address == table.column("b").chunk(0).buffers()[1].address


MIXED = [1, 1.0, True, "1", Decimal("1.0"), Decimal("1.00"), -0.0, 0.0, [1], [True], {"a": 1}, b"1", None, 1, [1]]


def test_distinct_never_takes_one_type_for_another() -> None:
    found = frames.read({"a": MIXED}).distinct("a")
    assert len(found) == len(MIXED) - 3
    assert [type(value) for value in found.rows()] == [type(value) for value in MIXED]
    assert found.codes.tolist() == [*range(12), -1, 0, 8]


def test_texts_are_what_a_person_would_type() -> None:
    values = [7.0, 7, "7", True, Decimal("1E+3"), 1e300, -0.0, dt.date(2026, 1, 2), 0.1]
    found = frames.read({"a": values}).texts("a")
    assert found.rows() == ["7", "7", "7", "true", "1000", "1e+300", "-0.0", "2026-01-02", "0.1"]
    assert len(found) == 7


def test_a_column_of_midnights_reads_as_dates() -> None:
    dates = pd.DataFrame({"born": pd.to_datetime(["1980-01-02", None])})
    assert frames.read(dates).texts("born").values == ["1980-01-02"]
    moments = pd.DataFrame({"at": pd.to_datetime(["1980-01-02 00:00", "1980-01-02 10:00"])})
    assert frames.read(moments).texts("at").values == ["1980-01-02T00:00:00", "1980-01-02T10:00:00"]


def test_a_record_set_keeps_its_notes_and_comes_back_as_one() -> None:
    from crmkit.records import Note, RecordSet

    note = Note(code="renamed_column", severity="warning", row=None, column="a", params={})
    table = frames.read(RecordSet({"a": ["x", None], "b": ["1", "2"]}, notes=[note]))
    assert table.kind == "recordset"
    assert table.notes == (note,)
    changed = table.replace({"a": {1: "y"}})
    assert isinstance(changed, RecordSet)
    assert list(changed.column("a")) == ["x", "y"]
    assert changed.notes == (note,)
    assert table.take([1]).to_dicts() == [{"a": None, "b": "2"}]
    assert isinstance(frames.build({"a": [1]}), RecordSet)


FAR = [
    pl.DataFrame({"a": pl.Series([3_000_000, 0, None], dtype=pl.Int32).cast(pl.Date)}),
    pa.table({"a": pa.array([3_000_000, 0, None], pa.int32()).view(pa.date32())}),
    {"a": np.array([3_000_000, 0, "NaT"], dtype="M8[D]")},
]


@pytest.mark.parametrize("frame", FAR, ids=["polars", "arrow", "mapping"])
def test_years_that_python_lacks_are_read_as_text_and_survive(frame: Any) -> None:
    table = frames.read(frame)
    assert table.texts("a").values[0] == "10183-09-21"
    assert table.column("a")[2] is None
    changed = table.replace({"a": {2: dt.date(2026, 1, 2)}})
    assert frames.read(changed).texts("a").values[0] == "10183-09-21"


def test_distinct_by_library_and_by_python_agree() -> None:
    columns: dict[str, list[Any]] = {
        "text": ["b", None, "a", "b", "", "é"] * 3,
        "int": [2**62, None, -1, 0, 2**62, 5] * 3,
        "float": [0.0, None, -0.0, 1.5, float("inf"), 0.0] * 3,
        "bool": [True, None, False, True, True, False] * 3,
        "date": [dt.date(9999, 12, 31), None, dt.date(1, 1, 1)] * 6,
    }
    pandas = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    pandas["cat"] = pd.Categorical(columns["text"], categories=["z", "é", "", "a", "b"])
    for frame in (pl.DataFrame(columns), pa.table(columns), pandas, columns):
        table = frames.read(frame)
        for name, values in columns.items():
            slow = frames.Distinct.of(values)
            assert table.distinct(name).values == slow.values
            assert [str(value) for value in table.distinct(name).values] == [str(value) for value in slow.values]
            assert table.distinct(name).codes.tolist() == slow.codes.tolist()
            assert table.distinct(name).counts().sum() == sum(value is not None for value in values)
    assert frames.read(pandas).distinct("cat").values == ["b", "a", "", "é"]
    chunks = [pa.array(["y", "x"]).dictionary_encode(), pa.array(["x", None]).dictionary_encode()]
    dictionary = pa.table({"a": pa.chunked_array(chunks)})
    assert frames.read(dictionary).distinct("a").values == ["y", "x"]
    assert frames.read(dictionary).distinct("a").codes.tolist() == [0, 1, 1, -1]


def test_missing_markers_become_none_everywhere() -> None:
    marks = [None, float("nan"), pd.NaT, pd.NA, np.float64("nan"), np.datetime64("NaT", "ns")]
    marks += [Decimal("NaN"), Decimal("sNaN")]
    assert frames.read({"a": marks}).column("a") == [None] * len(marks)
    assert frames.read([{"a": mark} for mark in marks]).distinct("a").values == []
    assert frames.read(pd.DataFrame({"a": pd.Series(marks[:5], dtype=object)})).column("a") == [None] * 5
    assert frames.read(pl.DataFrame({"a": [None, float("nan"), 1.0]})).column("a") == [None, None, 1.0]


def test_moments_of_pandas_are_pythons() -> None:
    frame = pd.DataFrame({"at": pd.to_datetime(["2026-01-02 03:04:05", None]).tz_localize("Europe/Oslo")})
    (value, missing) = frames.read(frame).column("at")
    assert missing is None
    assert type(value) is dt.datetime
    assert value.utcoffset() == dt.timedelta(hours=1)
    fine = pd.Timestamp("2026-01-02 03:04:05.000000001")
    assert frames.read(pd.DataFrame({"at": [fine]})).texts("at").values == ["2026-01-02T03:04:05.000000001"]


def test_widening_is_what_the_page_says() -> None:
    changed = frames.read(pd.DataFrame({"a": [1, 2], "b": [1, 2], "c": [1, 2], "d": [True, False]})).replace(
        {"a": {0: None}, "b": {0: "x"}, "c": {0: 3}, "d": {0: None}}
    )
    assert [str(dtype) for dtype in changed.dtypes] == ["Int64", "object", "int64", "boolean"]
    assert changed["b"].tolist() == ["x", 2]
    for kind in (pl.DataFrame, pa.table):
        made = frames.read(kind({"a": [1, 2], "b": [[1], [2]]})).replace({"a": {0: "x"}})
        assert frames.read(made).column("a") == ["x", "2"]
        with pytest.raises(SchemaError, match="column 'b'"):
            frames.read(kind({"a": [1, 2], "b": [[1], [2]]})).replace({"b": {0: "x"}})


def test_record_objects_refuse_what_their_class_refuses_without_showing_it() -> None:
    @attrs.frozen
    class Strict:
        age: int = attrs.field(validator=attrs.validators.instance_of(int))

    with pytest.raises(SchemaError, match="row 0: Strict does not take the new value of 'age'") as caught:
        frames.read([Strict(3)]).replace({"age": {0: "CANARY"}})
    assert "CANARY" not in str(caught.value)


def test_large_tables_do_not_keep_every_list() -> None:
    table = frames.read({name: list(range(500_000)) for name in "abcdef"})
    for name in "abcdef":
        table.column(name)
    assert len(table._columns) == 4
    table.forget()
    assert len(table._columns) == 0


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "records"])
def test_results_with_half_a_surrogate_pair_can_be_built_in_every_kind(kind):
    library = None if kind == "records" else pytest.importorskip(kind)
    columns = {"id": ["A\ud800", "b", None], "n": [1, 2, 3]}
    like = (
        [{"x": 1}] if library is None else getattr(library, "DataFrame" if kind != "pyarrow" else "table")({"x": [1]})
    )
    found = frames.read(frames.build(columns, like=like)).column("id")
    assert found == (["A\ud800", "b", None] if kind == "records" else ["A\\ud800", "b", None])


def test_mapped_objects_of_sqlalchemy_are_read_as_records_and_never_copied() -> None:
    orm = pytest.importorskip("sqlalchemy.orm", reason="needs SQLAlchemy")

    class Base(orm.DeclarativeBase):  # type: ignore[misc]  # imported at run time
        pass

    class Somebody(Base):
        __tablename__ = "somebody"
        id = orm.mapped_column(__import__("sqlalchemy").Integer, primary_key=True)
        called = orm.mapped_column("name", __import__("sqlalchemy").String)

    table = frames.read([Somebody(id=1, called="Ana"), {"id": 2, "called": None}, Somebody(id=3)])
    assert table.columns == ("id", "called")
    assert table.column("called") == ["Ana", None, None]
    with pytest.raises(SchemaError, match="Somebody does not take"):
        table.replace({"called": {0: "Bo"}})
