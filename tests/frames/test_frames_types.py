"""Columns of every type that the libraries have: what is read, what is written, and what is refused in words."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from crmkit import frames
from crmkit.changes import ChangeLog, Edits, account, apply_edits, apply_merges
from crmkit.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

OSLO = zoneinfo.ZoneInfo("Europe/Oslo")
NEW_YEAR, SUMMER = dt.datetime(2026, 1, 1), dt.datetime(2026, 7, 1)
DAYS = [dt.timedelta(days=1), None, dt.timedelta(hours=2)]
MONEY = [Decimal("1.50"), None, Decimal("2.00")]
TEXTS = ["a", None, "b"]


def ticks(kind: Any) -> Any:
    return pa.array([1, None, 2000], pa.int64()).view(kind)


ARROW: dict[str, Callable[[], Any]] = {
    "large_string": lambda: pa.array(TEXTS, pa.large_string()),
    "dictionary": lambda: pa.array(TEXTS).dictionary_encode(),
    "dictionary of large": lambda: pa.array(TEXTS, pa.large_string()).dictionary_encode(),
    "decimal32": lambda: pa.array(MONEY, pa.decimal32(5, 2)),
    "decimal64": lambda: pa.array(MONEY, pa.decimal64(12, 2)),
    "decimal128": lambda: pa.array(MONEY, pa.decimal128(5, 2)),
    "decimal256": lambda: pa.array(MONEY, pa.decimal256(50, 2)),
    "zone": lambda: pa.array([NEW_YEAR, None, SUMMER], pa.timestamp("us", tz="Europe/Oslo")),
    "offset": lambda: pa.array([NEW_YEAR, None, SUMMER], pa.timestamp("ms", tz="+02:00")),
    "seconds": lambda: pa.array([NEW_YEAR, None, SUMMER], pa.timestamp("s")),
    "nanoseconds": lambda: ticks(pa.timestamp("ns")),
    "duration": lambda: pa.array(DAYS, pa.duration("ms")),
    "duration in nanoseconds": lambda: ticks(pa.duration("ns")),
    "time32": lambda: pa.array([dt.time(1, 2), None, dt.time(3)], pa.time32("s")),
    "time64": lambda: pa.array([dt.time(1, 2, 3, 4), None, dt.time(3)], pa.time64("us")),
    "time in nanoseconds": lambda: ticks(pa.time64("ns")),
    "date64": lambda: pa.array([dt.date(2026, 1, 1), None, dt.date(2026, 7, 1)], pa.date64()),
    "half": lambda: pa.array(np.array([1.5, 2.5, 3.0], dtype=np.float16)),
    "float32": lambda: pa.array([1.5, None, 0.1], pa.float32()),
    "uint64": lambda: pa.array([1, None, 2**64 - 1], pa.uint64()),
    "bool": lambda: pa.array([True, None, False]),
    "null": lambda: pa.array([None, None, None]),
    "binary": lambda: pa.array([b"a", None, b"b"]),
    "list": lambda: pa.array([[1], None, [2]]),
    "struct": lambda: pa.array([{"a": 1}, None, {"a": 2}]),
}
POLARS: dict[str, Callable[[], Any]] = {
    "Enum": lambda: pl.Series(TEXTS, dtype=pl.Enum(["b", "a", "c"])),
    "Categorical": lambda: pl.Series(TEXTS, dtype=pl.Categorical),
    "Decimal": lambda: pl.Series(MONEY, dtype=pl.Decimal(10, 2)),
    "zone": lambda: pl.Series([NEW_YEAR, None, SUMMER]).dt.replace_time_zone("Europe/Oslo"),
    "milliseconds": lambda: pl.Series([NEW_YEAR, None, SUMMER]).cast(pl.Datetime("ms")),
    "nanoseconds": lambda: pl.Series([1, None, 2000]).cast(pl.Datetime("ns")),
    "Duration": lambda: pl.Series(DAYS),
    "Duration in nanoseconds": lambda: pl.Series([1, None, 2000]).cast(pl.Duration("ns")),
    "Time": lambda: pl.Series([dt.time(1, 2, 3, 4), None, dt.time(3)]),
    "Time in nanoseconds": lambda: pl.Series([1, None, 2000]).cast(pl.Time),
    "Int8": lambda: pl.Series([1, None, 3], dtype=pl.Int8),
    "UInt64": lambda: pl.Series([1, None, 2**64 - 1], dtype=pl.UInt64),
    "Int128": lambda: pl.Series([1, None, 2**100], dtype=pl.Int128),
    "Float32": lambda: pl.Series([1.5, None, 0.1], dtype=pl.Float32),
    "Boolean": lambda: pl.Series([True, None, False]),
    "Null": lambda: pl.Series([None, None, None]),
    "Binary": lambda: pl.Series([b"a", None, b"b"]),
    "List": lambda: pl.Series([[1], None, [2]]),
    "Array": lambda: pl.Series([[1, 2], None, [2, 3]], dtype=pl.Array(pl.Int64, 2)),
    "Struct": lambda: pl.Series([{"a": 1}, None, {"a": 2}]),
}
PANDAS: dict[str, Callable[[], Any]] = {
    "category": lambda: pd.Series(TEXTS, dtype="category"),
    "category of nothing": lambda: pd.Series([None, None, None], dtype=float).astype("category"),
    "category of strings": lambda: pd.Series(TEXTS, dtype="string[python]").astype("category"),
    "category of moments": lambda: pd.Series(pd.to_datetime([NEW_YEAR, None, SUMMER]).tz_localize(OSLO)).astype(
        "category"
    ),
    "period": lambda: pd.Series(pd.PeriodIndex(["2026-01", "NaT", "2026-03"], freq="M")),
    "timedelta": lambda: pd.Series(pd.to_timedelta(["1D", None, "2h"])),
    "timedelta in seconds": lambda: pd.Series(np.array([1, 2, 3], dtype="m8[s]")),
    "nanoseconds": lambda: pd.Series(np.array([1, "NaT", 2000], dtype="M8[ns]")),
    "zone": lambda: pd.Series(pd.to_datetime([NEW_YEAR, None, SUMMER])).dt.tz_localize(OSLO),
    "offset": lambda: pd.Series(pd.to_datetime(["2026-01-01T00:00+02:00", None, "2026-07-01T00:00+02:00"])),
    "Int64": lambda: pd.Series([1, None, 2**62 + 1], dtype="Int64"),
    "UInt8": lambda: pd.Series([1, None, 255], dtype="UInt8"),
    "Float32": lambda: pd.Series([1.5, None, 0.1], dtype="Float32"),
    "float32": lambda: pd.Series([1.5, None, 0.1], dtype="float32"),
    "complex": lambda: pd.Series([1j, 2j, 3j]),
    "boolean": lambda: pd.Series([True, None, False], dtype="boolean"),
    "string": lambda: pd.Series(TEXTS, dtype="string"),
    "string of Python": lambda: pd.Series(TEXTS, dtype="string[python]"),
    "str": lambda: pd.Series(TEXTS, dtype="str"),
    "str of Python": lambda: pd.Series(TEXTS, dtype=pd.StringDtype("python", na_value=np.nan)),
    "sparse": lambda: pd.Series(pd.arrays.SparseArray([1.0, float("nan"), 0.5])),
    "Arrow string": lambda: pd.Series(TEXTS, dtype=pd.ArrowDtype(pa.string())),
    "Arrow int32": lambda: pd.Series([1, None, 3], dtype=pd.ArrowDtype(pa.int32())),
    "Arrow decimal": lambda: pd.Series(MONEY, dtype=pd.ArrowDtype(pa.decimal128(5, 2))),
    "Arrow zone": lambda: pd.Series(
        [NEW_YEAR, None, SUMMER], dtype=pd.ArrowDtype(pa.timestamp("us", tz="Europe/Oslo"))
    ),
    "Arrow date": lambda: pd.Series([NEW_YEAR.date(), None, SUMMER.date()], dtype=pd.ArrowDtype(pa.date32())),
    "Arrow dictionary": lambda: pd.Series(pd.arrays.ArrowExtensionArray(pa.array(TEXTS).dictionary_encode())),
    "objects": lambda: pd.Series([{"a": 1}, [1], (2,)], dtype=object),
}
IDS = ["1", "2", "3"]
FRAMES: dict[str, Callable[[], Any]] = {
    **{f"arrow {name}": lambda make=make: pa.table({"id": IDS, "c": make()}) for name, make in ARROW.items()},
    **{f"polars {name}": lambda make=make: pl.DataFrame({"id": IDS, "c": make()}) for name, make in POLARS.items()},
    **{f"pandas {name}": lambda make=make: pd.DataFrame({"id": IDS, "c": make()}) for name, make in PANDAS.items()},
}
TEXTLESS = {
    *("arrow nanoseconds", "arrow duration", "arrow duration in nanoseconds", "arrow time in nanoseconds"),
    *("arrow binary", "arrow list", "arrow struct"),
    *("polars nanoseconds", "polars Duration", "polars Duration in nanoseconds", "polars Time in nanoseconds"),
    *("polars Binary", "polars List", "polars Array", "polars Struct"),
}
"""Columns that are never made text, because nobody could read it back."""


def saved(log: ChangeLog, folder: Path) -> ChangeLog:
    log.save(folder / "log.jsonl")
    return ChangeLog.load(folder / "log.jsonl")


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize("after", ["no such value", 5, None, "last"], ids=["text", "number", "missing", "its own"])
def test_an_edit_of_a_column_of_any_type_is_undone_to_the_type_and_the_marker(
    name: str, after: object, tmp_path: Path, assert_frames_equal: Any
) -> None:
    frame = FRAMES[name]()
    if after == "last":
        after = frames.read(frame).stored("c", [2])[0]
    if name in TEXTLESS and (after == 5 or isinstance(after, str)):
        with pytest.raises(SchemaError, match="column 'c'"):
            apply_edits(frame, Edits(path=["c"], row=[0], after=[after]))
        return
    changed, log = apply_edits(frame, Edits(path=["c"], row=[0], after=[after]), key="id")
    before, now = frames.read(frame).texts("c").rows(), frames.read(changed).texts("c").rows()
    if after is None:
        assert now[0] is None
    elif isinstance(after, str | int):
        assert now[0] == str(after) or frames.same(frames.read(changed).stored("c", [0])[0], after)
    else:
        assert now[0] == before[2]
    if len(log):
        assert _same_day(now[1:]) == _same_day(before[1:]), "no other cell changes"
    for undone in (log, saved(log, tmp_path)):
        assert_frames_equal(undone.revert(changed), frame)
        assert account(frame, changed, [undone]).discrepancies == ()


def _same_day(texts: list[Any]) -> list[Any]:
    """A column of midnights reads as dates, and as moments once one of its cells is text."""
    return [text.removesuffix("T00:00:00") if text is not None else None for text in texts]


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize("key", ["id", None])
def test_a_merged_row_of_any_type_comes_back(
    name: str, key: str | None, tmp_path: Path, assert_frames_equal: Any
) -> None:
    frame = FRAMES[name]()
    golden, log = apply_merges(frame, survivor_of={2: 0}, key=key)
    assert frames.read(golden).texts("c").rows() == frames.read(frame).texts("c").rows()[:2]
    for undone in (log, saved(log, tmp_path)):
        assert_frames_equal(undone.revert(golden), frame)


@pytest.fixture
def assert_frames_equal() -> Callable[[Any, Any], None]:
    return _assert_frames_equal


def _assert_frames_equal(left: Any, right: Any) -> None:
    """Compare types, cells and markers; a dictionary's own order is nobody's business."""
    assert type(left) is type(right)
    if isinstance(left, pd.DataFrame):
        pd.testing.assert_frame_equal(left, right, check_exact=True)
        assert list(left.dtypes) == list(right.dtypes)
        assert [type(cell) for cell in left["c"]] == [type(cell) for cell in right["c"]]
    elif isinstance(left, pl.DataFrame):
        assert left.schema == right.schema
        assert left.equals(right)
    else:
        assert left.schema.equals(right.schema)
        for name in left.column_names:
            kind = left.schema.field(name).type
            flat = kind.value_type if pa.types.is_dictionary(kind) else kind
            assert left[name].cast(flat).equals(right[name].cast(flat))


# What is read


@pytest.mark.parametrize("name", ["arrow nanoseconds", "polars nanoseconds", "pandas nanoseconds"])
def test_nanoseconds_are_never_rounded_away(name: str) -> None:
    table = frames.read(FRAMES[name]())
    assert table.texts("c").rows()[::2] == ["1970-01-01T00:00:00.000000001", "1970-01-01T00:00:00.000002"]
    assert table.column("c")[2] == dt.datetime(1970, 1, 1, 0, 0, 0, 2)
    assert table.column("c")[0] != dt.datetime(1970, 1, 1)


def test_two_moments_a_nanosecond_apart_are_two_and_a_change_between_them_is_noticed() -> None:
    first = pl.DataFrame({"at": pl.Series([1, 2, 1]).cast(pl.Datetime("ns"))})
    other = pl.DataFrame({"at": pl.Series([1, 3, 1]).cast(pl.Datetime("ns"))})
    assert frames.read(first).distinct("at").codes.tolist() == [0, 1, 0]
    assert not frames.same(np.datetime64(1, "ns"), np.datetime64(2, "ns"))
    assert [found.row for found in account(first, other, []).discrepancies] == [1]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.timedelta64(1, "ns"), "0:00:00.000000001"),
        (np.timedelta64(-1, "ns"), "-1 day, 23:59:59.999999999"),
        (np.timedelta64(86_400_000_001_001, "ns"), "1 day, 0:00:00.000001001"),
    ],
)
def test_durations_with_nanoseconds_are_written_as_python_writes_the_others(value: Any, text: str) -> None:
    assert frames.plain(value) is value
    assert frames.as_text(value) == text


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.datetime64("2026-01-02"), dt.datetime(2026, 1, 2)),
        (np.datetime64("2026-01-02T03:04:05.000006000", "ns"), dt.datetime(2026, 1, 2, 3, 4, 5, 6)),
        (np.datetime64("12026", "Y"), "12026"),
        (np.datetime64(10**15, "s"), str(np.datetime64(10**15, "s"))),
        (np.timedelta64(90, "m"), dt.timedelta(minutes=90)),
        (np.timedelta64(10**15, "s"), "1000000000000000 seconds"),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.str_("x"), "x"),
        (np.datetime64("NaT"), None),
    ],
)
def test_numpys_scalars_become_pythons_where_python_has_them_and_text_where_it_has_not(value: Any, plain: Any) -> None:
    """10**15 seconds are more microseconds than 64 bits hold: numpy's own cast gives a moment of another age."""
    assert frames.plain(value) == plain
    assert type(frames.plain(value)) is type(plain)


def test_pandas_moments_beyond_pythons_calendar_stay_pandas() -> None:
    frame = pd.DataFrame({"at": pd.Series(np.array(["12026-01-02", "2026-01-02"], dtype="M8[s]"))})
    table = frames.read(frame)
    assert table.column("at")[1] == dt.datetime(2026, 1, 2)
    assert table.texts("at").rows()[0].startswith("12026-01-02")
    spans = pd.DataFrame({"for": pd.Series(np.array([10**15, 60], dtype="m8[s]"))})
    assert frames.read(spans).column("for")[1] == dt.timedelta(minutes=1)
    assert frames.read(spans).column("for")[0].asm8 == np.timedelta64(10**15, "s")


def test_views_and_runs_of_arrow_are_written_out_because_arrow_takes_no_rows_of_them(tmp_path: Path) -> None:
    class Stream:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            columns = {"text": ["x", "y"], "kind": pl.Series(["u", "v"], dtype=pl.Categorical), "raw": [b"1", b"2"]}
            return pl.DataFrame(columns).__arrow_c_stream__(requested_schema)

    table = frames.read(Stream())
    assert [str(field.type) for field in table.native.schema][::2] == ["large_string", "large_binary"]
    assert table.column("kind") == ["u", "v"]
    changed, log = apply_edits(table, Edits(path=["text", "kind", "raw"], row=[1, 1, 0], after=["z", "new", b"3"]))
    assert changed.to_pylist() == [{"text": "x", "kind": "u", "raw": b"3"}, {"text": "z", "kind": "new", "raw": b"2"}]
    assert saved(log, tmp_path).revert(changed).to_pylist() == table.native.to_pylist()
    runs = pa.table({"a": pa.RunEndEncodedArray.from_arrays([2, 3], pa.array(["u", "v"]))})
    assert frames.read(runs).take([2, 0]).to_pylist() == [{"a": "v"}, {"a": "u"}]
    whole = pa.table({"a": [1]})
    assert frames.read(whole).native is whole


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
@pytest.mark.parametrize("make", [pa.timestamp, pa.duration])
def test_arrow_moments_that_python_lacks_are_read_as_text_and_undone_exactly(
    unit: str, make: Any, tmp_path: Path
) -> None:
    far = pa.array([2**55 // {"s": 10**6, "ms": 10**3, "us": 1}[unit] * 10**2, None, 0], pa.int64()).view(make(unit))
    frame = pa.table({"id": IDS, "c": far})
    golden, log = apply_merges(frame, survivor_of={0: 2}, key="id")
    assert saved(log, tmp_path).revert(golden).equals(frame)
    assert frames.read(frame).column("c")[1:] == [
        None,
        dt.datetime(1970, 1, 1) if make is pa.timestamp else dt.timedelta(),
    ]
    changed, log = apply_edits(frame, Edits(path=["c"], row=[2], after=[None]))
    assert frames.read(changed).texts("c").rows()[0] == frames.read(frame).texts("c").rows()[0]
    assert saved(log, tmp_path).revert(changed).equals(frame)


def test_moments_with_nanoseconds_are_written_into_columns_that_hold_them() -> None:
    fine = np.datetime64(1_500_000_001, "ns")
    for frame in (FRAMES["arrow nanoseconds"](), FRAMES["polars nanoseconds"](), FRAMES["pandas nanoseconds"]()):
        made = frames.read(frame).replace({"c": {0: fine, 1: dt.datetime(2026, 1, 2, tzinfo=None), 2: None}})
        rows = frames.read(made).texts("c").rows()
        assert rows == ["1970-01-01T00:00:01.500000001", "2026-01-02T00:00:00", None]
    mixed = [np.timedelta64(1, "ns"), dt.time(1, 2, 3, 4), None]
    for make in (
        lambda: pa.table({"c": ticks(pa.time64("ns"))}),
        lambda: pl.DataFrame({"c": POLARS["Time in nanoseconds"]()}),
    ):
        made = frames.read(make()).replace({"c": dict(enumerate(mixed))})
        assert frames.read(made).stored("c", [0, 1, 2]) == mixed
    spans = [np.timedelta64(1, "ns"), dt.timedelta(hours=1), None]
    for make in (
        lambda: pa.table({"c": ticks(pa.duration("ns"))}),
        lambda: pl.DataFrame({"c": POLARS["Duration in nanoseconds"]()}),
    ):
        made = frames.read(make()).replace({"c": dict(enumerate(spans))})
        assert frames.read(made).stored("c", [0, 1, 2]) == spans


def test_a_moment_finer_than_the_column_is_not_rounded_into_it() -> None:
    for frame in (
        pa.table({"c": pa.array([SUMMER], pa.timestamp("us"))}),
        pl.DataFrame({"c": [SUMMER]}),
        pa.table({"c": pa.array([SUMMER], pa.timestamp("s"))}),
        pl.DataFrame({"c": pl.Series([SUMMER]).cast(pl.Datetime("ms"))}),
    ):
        for fine in (np.datetime64(1, "ns"), np.datetime64(1_000_001, "ns")):
            made = frames.read(frame).replace({"c": {0: fine}})
            assert frames.read(made).texts("c").rows() == [str(fine)]


@pytest.mark.parametrize("kind", ["polars", "arrow"])
def test_dates_that_python_lacks_come_back_from_a_merge_beside_dates_that_it_has(kind: str, tmp_path: Path) -> None:
    days = pl.Series("c", [3_000_000, 20_000, None, 7], dtype=pl.Int32).cast(pl.Date)
    frame: Any = pl.DataFrame({"id": ["1", "2", "3", "4"], "c": days})
    frame = frame if kind == "polars" else pa.table({"id": ["1", "2", "3", "4"], "c": days.to_arrow()})
    golden, log = apply_merges(frame, survivor_of={0: 3, 1: 3, 2: 3}, key="id")
    assert frames.read(golden).column("c") == [dt.date(1970, 1, 8)]
    assert saved(log, tmp_path).revert(golden).equals(frame)
    written = frames.read(golden).replace({"c": {0: np.datetime64("12026-01-02", "D")}})
    assert frames.read(written).texts("c").rows() == ["12026-01-02"]
