"""Frames that others changed since, records of every class, and descriptions of types that no library wrote."""

from __future__ import annotations

import datetime as dt
import sys
from collections import OrderedDict, UserDict, defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs
import numpy as np
import pytest

from crmkit import frames
from crmkit.changes import ChangeLog, Edits, apply_edits, apply_merges
from crmkit.errors import SchemaError, ShapeError
from crmkit.records import RecordSet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")
pydantic = pytest.importorskip("pydantic")

LIBRARIES: dict[str, Callable[[dict[str, Any]], Any]] = {"polars": pl.DataFrame, "arrow": pa.table}


def saved(log: ChangeLog, folder: Path) -> ChangeLog:
    log.save(folder / "log.jsonl")
    return ChangeLog.load(folder / "log.jsonl")


# Columns that became text, or got a category more, and were changed by others since


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("others", ["many", "300", "007", "1_0"])
def test_a_column_stays_text_while_it_holds_a_text_that_its_former_type_would_lose(library: str, others: str) -> None:
    numbers = pl.Series("n", [1, 2, 3], dtype=pl.Int8)
    frame = pl.DataFrame([numbers]) if library == "polars" else pa.table({"n": pa.array([1, 2, 3], pa.int8())})
    changed, log = apply_edits(frame, Edits(path=["n"], row=[0], after=["one"]))
    assert frames.read(changed).column("n") == ["one", "2", "3"]
    since = frames.read(changed).replace({"n": {1: others}})
    assert frames.read(log.revert(since)).column("n") == ["1", others, "3"]
    assert frames.read(log.revert(changed)).column("n") == [1, 2, 3]


def test_an_enum_stays_text_while_it_holds_what_it_does_not_know() -> None:
    frame = pl.DataFrame({"c": pl.Series(["a", "b"], dtype=pl.Enum(["a", "b"]))})
    changed, log = apply_edits(frame, Edits(path=["c"], row=[0], after=["other"]))
    since = changed.with_columns(c=pl.Series(["other", "unknown"]))
    assert log.revert(since)["c"].to_list() == ["a", "unknown"]
    assert log.revert(since).schema["c"] == pl.String
    assert log.revert(changed).equals(frame)


def test_a_category_that_others_use_since_stays() -> None:
    frame = pd.DataFrame({"c": pd.Categorical(["a", "b"], categories=["b", "a"])})
    changed, log = apply_edits(frame, Edits(path=["c"], row=[0], after=["new"]))
    since = pd.DataFrame({"c": changed["c"].where([True, False], "new")})
    back = log.revert(since)
    assert back["c"].tolist() == ["a", "new"]
    assert back["c"].cat.categories.tolist() == ["b", "a", "new"]
    fewer = pd.DataFrame({"c": changed["c"].cat.remove_categories(["b"])})
    assert log.revert(fewer)["c"].cat.categories.tolist() == ["a", "new"]
    pd.testing.assert_frame_equal(log.revert(changed), frame)


@pytest.mark.parametrize("value", [True, 1.0, Decimal(1), np.int8(1)])
def test_categories_never_take_a_value_for_another_that_equals_it(value: object) -> None:
    table = frames.read(pd.DataFrame({"c": pd.Categorical([1, 2])}))
    if type(value) is np.int8:
        assert table.replace({"c": {1: value}})["c"].tolist() == [1, 1]
        return
    with pytest.raises(SchemaError, match="cannot hold a value that equals one of them and is not it"):
        table.replace({"c": {1: value}})


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_merged_row_that_a_column_cast_since_cannot_hold_is_refused_by_name(library: str) -> None:
    frame = LIBRARIES[library]({"id": ["1", "2"], "n": [1, 300]})
    golden, log = apply_merges(frame, survivor_of={1: 0}, key="id")
    small: Any = golden.with_columns(pl.col("n").cast(pl.Int8)) if library == "polars" else None
    if library == "arrow":
        small = golden.set_column(1, "n", golden["n"].cast(pa.int8()))
    with pytest.raises(
        SchemaError, match=r"column 'n' is [Ii]nt8 now and does not hold what was there before"
    ) as caught:
        log.revert(small)
    assert "300" not in str(caught.value)


def test_a_merged_row_that_an_array_cast_since_cannot_hold_widens_it_as_a_column_of_pandas() -> None:
    frame = {"id": ["1", "2"], "n": np.array([1, 300])}
    golden, log = apply_merges(frame, survivor_of={1: 0}, key="id")
    back = log.revert({**golden, "n": golden["n"].astype("int8")})
    assert back["n"].tolist() == [1, 300]
    assert back["n"].dtype == object
    table = pd.DataFrame(frame)
    golden, log = apply_merges(table, survivor_of={1: 0}, key="id")
    back = log.revert(golden.astype({"n": "int8"}))
    assert back["n"].tolist() == [1, 300]
    assert back["n"].dtype == object


def test_only_the_chunks_with_a_changed_cell_are_written() -> None:
    chunks = [pa.array([1, 2]), pa.array([], pa.int64()), pa.array([3, 4])]
    table = pa.table({"n": pa.chunked_array(chunks)})
    made = frames.read(table).replace({"n": {3: 40}})
    assert made["n"].to_pylist() == [1, 2, 3, 40]
    assert made["n"].chunk(0).buffers()[1].address == table["n"].chunk(0).buffers()[1].address
    assert made["n"].chunk(2).buffers()[1].address != table["n"].chunk(2).buffers()[1].address


def test_a_column_of_nothing_has_no_distinct_values() -> None:
    for column in (pl.Series("n", [None, None], dtype=pl.Int64), pl.Series("n", [None, None], dtype=pl.String)):
        found = frames.read(pl.DataFrame([column])).distinct("n")
        assert (found.values, found.codes.tolist()) == ([], [-1, -1])


# Descriptions of types out of a log that somebody wrote

DESCRIBED: list[Any] = [
    None, 5, "nosuch", [], ["nosuch"], ["nosuch", True], ["Enum"], ["Enum", 5], ["Datetime", "parsec", None],
    ["Decimal", "x", "y"], ["string", "nosuch", "NA"], ["string", 5, "NA"], ["arrow", "nosuch"], ["arrow", 5],
    ["category", 1, "object"], ["category"], ["timestamp[parsec, tz=UTC]", True], ["decimal128(99, 2)", True],
    ["decimal7(3, 2)", True], ["dictionary<values=nosuch, indices=int32, ordered=0>", True], {"a": 1},
    "decimal128(5, 2)[pyarrow]", "DataType", "Series", "category",
]  # fmt: skip


@pytest.mark.parametrize("described", DESCRIBED, ids=repr)
@pytest.mark.parametrize(
    "make", [pl.DataFrame, pa.table, pd.DataFrame, dict], ids=["polars", "arrow", "pandas", "mapping"]
)
def test_a_description_that_no_library_wrote_leaves_the_column_as_it_is(described: Any, make: Any) -> None:
    table = frames.read(make({"c": ["a", "b"]}))
    back = frames.read(table.restore({"c": {0: "z"}}, {"c": described}))
    assert back.column("c") == ["z", "b"]
    assert back.unlike(table) == []


@pytest.mark.parametrize("described", DESCRIBED, ids=repr)
def test_a_description_that_no_library_wrote_leaves_categories_as_they_are(described: Any) -> None:
    table = frames.read(pd.DataFrame({"c": pd.Categorical(["a", "b"], categories=["b", "a"])}))
    back = table.restore({"c": {0: "z"}}, {"c": described})
    assert back["c"].tolist() == ["z", "b"]
    assert back["c"].cat.categories.tolist() == ["b", "a", "z"]


# What Python cannot hold


def test_nested_moments_beyond_pythons_calendar_and_text_that_is_none_are_refused_in_words() -> None:
    far = pl.DataFrame({"c": [[3_000_000]]}).select(pl.col("c").cast(pl.List(pl.Int32)).cast(pl.List(pl.Date)))
    with pytest.raises(SchemaError, match=r"a column of List\(Date\) holds what Python cannot"):
        frames.read(far).column("c")
    with pytest.raises(SchemaError, match=r"a column of list<item: date32\[day\]> holds what Python cannot") as caught:
        frames.read(pa.table({"c": far["c"].to_arrow().cast(pa.list_(pa.date32()))})).column("c")
    assert caught.value.__suppress_context__
    broken = pa.array([b"CANARY\xff"]).view(pa.string())
    with pytest.raises(SchemaError, match="a column of string holds what Python cannot: text that is not UTF-8"):
        frames.read(pa.table({"c": broken})).column("c")


@pytest.mark.parametrize("library", LIBRARIES)
def test_moments_of_several_makers_are_written_together_or_refused_together(library: str) -> None:
    make = LIBRARIES[library]
    days = frames.read(make({"c": [dt.date(2026, 1, 1)] * 4}))
    mixed = [np.datetime64("12026-01-02"), dt.date(2026, 1, 2), dt.datetime(2026, 1, 3), None]
    made = days.replace({"c": dict(enumerate(mixed))})
    assert frames.read(made).texts("c").rows()[0] == "12026-01-02"
    assert frames.read(made).stored("c", [1])[0] in {dt.date(2026, 1, 2), np.datetime64("2026-01-02")}
    assert type(made) is type(days.native)
    moments = frames.read(make({"c": [dt.datetime(2026, 1, 1)] * 2}))
    widened = moments.replace({"c": {0: np.datetime64("2026-01-02T03:04:05"), 1: "soon"}})
    assert frames.read(widened).column("c") == ["2026-01-02T03:04:05", "soon"]


# Values without an order or a hash


def test_sets_and_what_cannot_be_hashed_are_told_apart_by_contents_or_by_being() -> None:
    class Thing:
        __hash__ = None  # type: ignore[assignment]

    one, other = Thing(), Thing()
    column = [{1, 2}, {2, 1}, frozenset({1, 2}), {1, 2.0}, {"1"}, one, other, one, {1.0, 2}]
    assert frames.Distinct.of(column).codes.tolist() == [0, 0, 1, 2, 3, 4, 5, 4, 6][: len(column)]
    for value in ({1, "a", None, 2.5}, frozenset({("x", 1)}), {frozenset({1})}, set()):
        kind, text = frames.encode_cell(value)
        back = frames.decode_cell(kind, text)
        assert (type(back), back) == (type(value), value)


def test_arrays_of_more_dimensions_are_no_columns() -> None:
    with pytest.raises(ShapeError, match="column 'a' is not one-dimensional"):
        frames.read({"a": np.zeros((2, 2))})
    with pytest.raises(SchemaError, match="'b' holds one str, not a column"):
        frames.read({"b": "text"})


# Row labels


def test_labels_of_which_an_index_forgot_the_parts_come_back_all_the_same(tmp_path: Path) -> None:
    index = pd.MultiIndex.from_tuples([("x", 1), ("y", 2), (None, 3), ("z", 4)], names=["g", None])
    frame = pd.DataFrame({"id": list("abcd"), "n": [1, 2, 3, 4]}, index=index)
    golden, log = apply_merges(frame, survivor_of={1: 0, 2: 3}, key="id")
    since = golden.set_axis(golden.index.remove_unused_levels(), axis=0)
    back = saved(log, tmp_path).revert(since)
    assert back.index.equals(index)
    assert list(back.index.names) == ["g", None]
    assert back["n"].tolist() == [1, 2, 3, 4]
    pd.testing.assert_frame_equal(log.revert(golden), frame)


@pytest.mark.parametrize(
    "index",
    [
        pd.PeriodIndex(["2026-01", "2026-02", "2026-03", "2026-04"], freq="M"),
        pd.date_range("2026-03-28", periods=4, freq="D", tz="Europe/Oslo"),
        pd.timedelta_range("1h", periods=4, freq="h"),
        pd.CategoricalIndex(list("xyxz"), ordered=True),
        pd.Index(["a", "b", None, "d"], dtype="string[python]"),
        pd.RangeIndex(9, 1, -2, name="k"),
        pd.Index([1.5, float("nan"), 2.5, 1.5]),
    ],
    ids=["period", "zone", "span", "category", "text", "range", "doubled"],
)  # fmt: skip
@pytest.mark.parametrize("key", ["id", None])
def test_every_kind_of_index_comes_back_with_its_type_whole_and_in_parts(
    index: Any, key: str | None, tmp_path: Path
) -> None:
    frame = pd.DataFrame({"id": list("abcd")}, index=index)
    golden, log = apply_merges(frame, survivor_of={1: 0, 3: 2}, key=key)
    log = saved(log, tmp_path)
    pd.testing.assert_frame_equal(log.revert(golden), frame)
    part = log.revert(golden, where={"survivor": 2})
    assert part["id"].tolist() == ["a", "c", "d"]
    back = log.revert(part)
    pd.testing.assert_frame_equal(back, frame)
    assert type(back.index) is type(index)


def test_the_label_of_an_erased_row_is_erased_with_it(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["1", "2"], "n": [1, 2]}, index=["ann@example.com", "CANARY@example.com"])
    _, log = apply_merges(frame, survivor_of={1: 0}, key="id")
    assert log.redact("2") == 1
    log.save(tmp_path / "log.jsonl")
    assert "CANARY" not in (tmp_path / "log.jsonl").read_text(encoding="utf-8")
    assert log._lines.rows.labels == [None]


# Records


class Model(pydantic.BaseModel):
    id: str
    n: int | None = None


class Frozen(Mapping[str, Any]):
    """A mapping that takes no changes."""

    def __init__(self, cells: Mapping[str, Any]) -> None:
        self._cells = dict(cells)

    def __getitem__(self, name: str) -> Any:
        return self._cells[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._cells)

    def __len__(self) -> int:
        return len(self._cells)


class Named(NamedTuple):
    id: str
    n: int | None


@attrs.frozen
class Only:
    id: str


@pytest.mark.parametrize("kind", [OrderedDict, UserDict, Frozen, Model, Named], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("container", [list, tuple])
def test_records_of_every_class_come_back_from_a_merge_as_what_they_were(
    kind: Any, container: Any, tmp_path: Path
) -> None:
    rows = [{"id": "1", "n": 1}, {"id": "2", "n": None}, {"id": "3", "n": 3}]
    frame = container(kind(**row) if kind in {Model, Named} else kind(row) for row in rows)
    golden, log = apply_merges(frame, survivor_of={1: 0, 2: 0}, cells={"n": {0: 3}}, key="id")
    assert [type(record) for record in golden] == ([dict] if kind is Frozen else [kind])
    for undone in (log, saved(log, tmp_path)):
        back = undone.revert(golden)
        assert type(back) is container
        assert [type(record) for record in back[1:]] == [kind, kind]
        assert [frames.read([record]).column("n") for record in back] == [[1], [None], [3]]


def test_a_dict_with_defaults_comes_back_as_one() -> None:
    frame = [defaultdict(list, id="1"), defaultdict(list, id="2")]
    golden, log = apply_merges(frame, survivor_of={1: 0}, key="id")
    back = log.revert(golden)
    assert back == frame
    assert type(back[1]) is defaultdict


def test_a_field_that_a_record_has_not_is_named() -> None:
    with pytest.raises(SchemaError, match="row 0: a Only has no field 'n'"):
        frames.read([Only("1"), {"id": "2", "n": 5}]).replace({"n": {0: 7}})
    mixed = frames.read([Only("1"), {"id": "2", 7: 5}])
    assert mixed.column("7") == [None, 5]
    assert mixed.replace({"7": {1: 6}})[1] == {"id": "2", 7: 6}


# Tables


def test_rows_are_put_back_only_where_they_can_be() -> None:
    table = frames.read([{"a": 1}, {"a": 3}])
    assert table.insert(frames.read([{"a": 2}]).rows([0]), [1]) == [{"a": 1}, {"a": 2}, {"a": 3}]
    for place in (-1, 3):
        with pytest.raises(SchemaError, match="the frame will have rows 0 to 2"):
            table.insert(frames.read([{"a": 2}]).rows([0]), [place])


def test_what_is_kept_of_one_column_is_let_go_of_alone() -> None:
    table = frames.read([{"a": 1, "b": 2}])
    first = table.column("a"), table.distinct("b"), table.texts("b")
    table.forget("b")
    assert table.column("a") is first[0]
    assert table.distinct("b") is not first[1]
    assert table.texts("b").values == first[2].values == ["2"]


def test_a_duckdb_relation_is_read_without_pyarrow_too(monkeypatch: pytest.MonkeyPatch) -> None:
    duckdb = pytest.importorskip("duckdb")
    relation = duckdb.sql(
        "select * from (values (1, 'x', date '2026-01-02'), (2, null, null)) as t(a, b, c) order by a"
    )
    dates = frames.read(relation).texts("c").rows()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    table = frames.read(relation)
    assert table.kind == "recordset"
    assert isinstance(table.native, RecordSet)
    assert [table.column(name) for name in "ab"] == [[1, 2], ["x", None]]
    assert table.texts("c").rows() == dates == ["2026-01-02", None]


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_frame_of_narwhals_is_read_and_given_back_as_what_it_wraps(library: str) -> None:
    narwhals = pytest.importorskip("narwhals")
    native = LIBRARIES[library]({"a": [1, 2]})
    changed = frames.read(narwhals.from_native(native)).replace({"a": {0: 5}})
    assert type(changed) is type(native)
    assert frames.read(changed).column("a") == [5, 2]
    with pytest.raises(SchemaError, match="a narwhals Series is one column; pass a frame"):
        frames.read(narwhals.from_native(native)["a"])
