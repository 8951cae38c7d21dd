"""What an account proves, and what it says that it does not."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from crmkit import changes
from crmkit.changes import ChangeLog, Edits, account, apply_edits, apply_merges
from crmkit.errors import ConflictError, SchemaError
from crmkit.files import read_csv
from crmkit.records import RecordSet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def reasons(before: Any, after: Any) -> list[tuple[str | None, str]]:
    return [(found.path, found.reason) for found in account(before, after, []).discrepancies]


TYPE = [("a", "is of another type")]
INDEX = [(None, "the rows have another index")]
ORDER = [(None, "the columns stand in another order")]
CELL = [("a", "differs, and no log says why")]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda frame: frame.copy(), []),
        (lambda frame: frame.astype({"c": "category"}), [("c", "is of another type")]),
        (lambda frame: frame.set_index(frame.index + 5), INDEX),
        (lambda frame: frame.rename_axis("k"), INDEX),
        (lambda frame: frame.set_index(frame.index.astype(float)), INDEX),
        (lambda frame: frame[["b", "a", "c"]], ORDER),
        (lambda frame: frame.assign(a=frame["a"].map(lambda cell: cell or float("nan")).astype(object)), CELL),
    ],
)
def test_pandas_frames_are_compared_to_types_index_order_and_markers(
    change: Callable[[Any], Any], found: list[tuple[str | None, str]]
) -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": pd.Series(["x", None], dtype=object), "b": [1, 2], "c": ["x", "y"]})
    assert reasons(frame, change(frame)) == found


def test_polars_and_arrow_frames_are_compared_to_types_and_markers() -> None:
    pl, pa = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    frame = pl.DataFrame({"a": [1.5, None], "b": [1, 2]})
    assert reasons(frame, frame.clone()) == []
    assert reasons(frame, frame.with_columns(pl.col("a").fill_null(float("nan")))) == CELL
    assert reasons(frame, frame.with_columns(pl.col("a").cast(pl.Float32))) == TYPE
    assert reasons(frame, frame.select("b", "a")) == ORDER
    texts = pa.table({"a": pa.array(["x", None])})
    assert reasons(texts, pa.table({"a": pa.array(["x", None]).dictionary_encode()})) == TYPE


def test_records_are_compared_to_markers() -> None:
    assert reasons([{"a": None, "b": 1}], [{"a": float("nan"), "b": 1}]) == CELL
    assert reasons([{"a": None, "b": 1}], [{"a": None, "b": 1}]) == []


def test_a_frame_of_another_kind_is_compared_as_text_and_said_to_be(tmp_path: Path) -> None:
    table = RecordSet({"a": ["x", None], "n": [1, 2]})
    table.to_csv(tmp_path / "a.csv")
    written = read_csv(tmp_path / "a.csv")
    assert account(table.to_dicts(), written, []).ok
    assert account(table.to_dicts(), written, []).compared == "text"
    assert account(table, table, []).compared == "exact"


def saved(log: ChangeLog, folder: Path) -> ChangeLog:
    log.save(folder / "log.jsonl")
    return ChangeLog.load(folder / "log.jsonl")


def enum() -> Any:
    pl = pytest.importorskip("polars")
    return pl.DataFrame({"c": pl.Series(["USA", None, "DE"], dtype=pl.Enum(["USA", "US", "DE", "中国"]))})


def ordered() -> Any:
    pd = pytest.importorskip("pandas")
    return pd.DataFrame({"c": pd.Categorical(["b", None, "a"], categories=["b", "a", "c"], ordered=True)})


def numbered() -> Any:
    pd = pytest.importorskip("pandas")
    return pd.DataFrame({"c": pd.Categorical([3, None, 1], categories=[3, 1, 2], ordered=True)})


def dated() -> Any:
    pd = pytest.importorskip("pandas")
    return pd.DataFrame({"c": pd.Categorical(pd.to_datetime(["2026-01-02", None, "2026-01-01"]))})


def dictionary() -> Any:
    pa = pytest.importorskip("pyarrow")
    indices = pa.array([0, None, 1], type=pa.int8())
    return pa.table({"c": pa.DictionaryArray.from_arrays(indices, pa.array(["x", "y"]), ordered=True)})


def dictionary_of_numbers() -> Any:
    pa = pytest.importorskip("pyarrow")
    indices = pa.array([0, None, 1], type=pa.int16())
    return pa.table({"c": pa.DictionaryArray.from_arrays(indices, pa.array([7, 8]))})


@pytest.mark.parametrize("make", [enum, ordered, numbered, dated, dictionary, dictionary_of_numbers])
@pytest.mark.parametrize("after", ["CN", 5])
@pytest.mark.parametrize("stored", [False, True], ids=["memory", "file"])
def test_types_with_their_own_values_come_back_when_a_value_outside_of_them_is_undone(
    make: Callable[[], Any], after: object, stored: bool, tmp_path: Path
) -> None:
    frame = make()
    for changed, log in (
        apply_edits(frame, Edits(path=["c", "c"], row=[0, 2], after=[after, None])),
        apply_merges(frame, survivor_of={1: 0}, cells={"c": {0: after}}),
    ):
        undone = saved(log, tmp_path) if stored else log
        assert account(frame, changed, [undone]).discrepancies == ()


def test_a_merge_that_could_not_be_saved_is_refused_before_anything_is_done() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"id": ["1", "2", "3"], "band": pd.interval_range(0, 3)})
    with pytest.raises(SchemaError, match="column 'band': a Interval has no form in a change log"):
        apply_merges(frame, survivor_of={1: 0}, key="id")
    with pytest.raises(SchemaError, match=r"column 'x': a Fraction has no form"):
        apply_merges([{"x": 1}, {"x": [Fraction(1, 2)]}], survivor_of={1: 0})


def test_lines_without_values_are_counted_and_never_undone(tmp_path: Path) -> None:
    people = [{"id": "1", "n": "a "}, {"id": "2", "n": "a"}, {"id": "3", "n": "b"}]
    fixed, fixes = apply_edits(people, Edits(path=["n"], row=[0], after=["a"]), key="id")
    golden, merges = apply_merges(people, survivor_of={1: 0}, key="id")
    for changed, log in ((fixed, fixes), (golden, merges)):
        assert log.redacted == 0
        assert "erased" not in repr(log)
        log.save(tmp_path / "log.jsonl")
        text = (tmp_path / "log.jsonl").read_bytes()
        start = text.index(b',"side":')
        (tmp_path / "log.jsonl").write_bytes(text[:start] + b"}" + text[text.index(b"\n", start) :])
        read = ChangeLog.load(tmp_path / "log.jsonl")
        assert read.redacted == 1
        assert read.counts("redacted") == {"True": 1}
        assert read.to_dict()["redacted"] == 1
        assert repr(read).endswith("; the values of 1 are erased>")
        with pytest.raises(ConflictError, match="its values were erased from the log"):
            read.revert(changed)


def test_a_log_without_changes_is_false_as_any_empty_sequence() -> None:
    assert not apply_edits([{"a": 1}], Edits(path=[], row=[], after=[]))[1]
    assert apply_edits([{"a": 1}], Edits(path=["a"], row=[0], after=[2]))[1]


def test_guards_of_a_written_file_are_a_log_that_balances(tmp_path: Path) -> None:
    people = RecordSet({"id": ["1", "2", "3"], "n": [" =1+1", "'@x", "b"]})
    fixed, fixes = apply_edits(people, Edits(path=["n"], row=[0], after=["=1+1"]), key="id")
    assert isinstance(fixed, RecordSet)
    written = fixed.to_csv(tmp_path / "out.csv")
    guards = changes.escapes(fixed, written, key="id", by="test")
    assert guards.counts() == {"escape": 2}
    assert [(change.record_id, change.path, change.before, change.after) for change in guards] == [
        ("1", "n", "=1+1", "'=1+1"),
        ("2", "n", "'@x", "''@x"),
    ]
    changes.save([fixes, guards], tmp_path / "changes.jsonl")
    logs = changes.load(tmp_path / "changes.jsonl")
    assert account(people, read_csv(tmp_path / "out.csv"), logs).ok
    assert account(people, read_csv(tmp_path / "out.csv", unescape=True), [fixes]).ok
    assert not account(people, read_csv(tmp_path / "out.csv"), [fixes]).ok
    assert len(changes.escapes(fixed, ())) == 0
