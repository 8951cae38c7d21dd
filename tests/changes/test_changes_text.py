"""Undoing in what was read back from a file of text: what counts as the value that the run left, and what does not."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from crmkit.changes import ChangeLog, Edits, account, apply_edits, apply_merges
from crmkit.errors import ConflictError
from crmkit.files import read_csv
from crmkit.records import RecordSet

if TYPE_CHECKING:
    from pathlib import Path

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")

TEN = dt.datetime(2026, 1, 2, 10)
FINE = "2026-01-02T03:04:05.000000001"
NUMBER = uuid.UUID(int=5)

SAME: list[tuple[object, Any]] = [
    *((text, 7) for text in ("7", "7.0", "07", "+7", " 7", "7e0")),
    *(("1e3", 1000), ("7.00", Decimal(7)), ("0.1", 0.1), ("0.10", 0.1), ("0.1", Decimal("0.1")), ("-0.0", -0.0)),
    *(("inf", float("inf")), ("Infinity", float("inf")), ("9007199254740993", 2**53 + 1)),
    *((text, True) for text in ("true", "True", "TRUE")),
    ("False", False),
    *((text, dt.date(2026, 1, 2)) for text in ("2026-01-02", "2026-01-02 00:00:00", "2026-01-02T00:00")),
    *((text, TEN) for text in ("2026-01-02 10:00", "2026-01-02T10:00:00", "2026-01-02 10:00:00.000")),
    ("2026-01-02", dt.datetime(2026, 1, 2)),
    *((text, TEN.replace(tzinfo=dt.UTC)) for text in ("2026-01-02 10:00+00:00", "2026-01-02 12:00:00+02:00")),
    ("2026-01-02 10:00:00+00:00", pd.Timestamp(TEN, tz="UTC")),
    *((text, pd.Timestamp(FINE)) for text in (FINE, FINE.replace("T", " "))),
    *((text, np.datetime64(FINE)) for text in (FINE, FINE.replace("T", " "))),
    *((text, dt.time(10)) for text in ("10:00", "10:00:00", "10:00:00.000000")),
    *((text, dt.timedelta(1)) for text in ("1 day, 0:00:00", "1 days", "1 days 00:00:00", "24:00:00")),
    *((text, dt.timedelta(hours=-22)) for text in ("-1 day, 2:00:00", "-1 days +02:00:00")),
    ("0 days 00:00:00.5", dt.timedelta(milliseconds=500)),
    ("1 days 00:00:00", pd.Timedelta(1, "D")),
    *((missing, value) for missing in (None, "") for value in (None, "")),
    *(("x", "x"), ("[1, 2]", [1, 2]), ("b", b"b"), (str(NUMBER), NUMBER)),
    # and the other way round: what was text is read as a value by another kind of frame
    *((7, "7"), (7.0, "7"), (True, "true"), (dt.date(2026, 1, 2), "2026-01-02"), (NUMBER, str(NUMBER))),
    *((7, 7.0), (7.0, 7), (Decimal("7.0"), 7), (dt.date(2026, 1, 2), dt.datetime(2026, 1, 2))),
]
OTHER: list[tuple[object, Any]] = [
    *((text, 7) for text in ("8", "1,000", "nan", "sNaN", "seven", "7_0", "1" * 5000, "1e999999999")),
    *(("9007199254740992", 2**53 + 1), ("0.1", np.float32(0.1)), ("1_000", 1000), ("true", 1), ("True", 1)),
    *((text, True) for text in ("1", "yes", "false", "")),
    *((text, dt.date(2026, 1, 2)) for text in ("2026-01-02 10:00", "2026-01-03", "02.01.2026", "soon")),
    *((text, TEN) for text in ("2026-01-02", "2026-01-02 10:00+00:00", "2026-01-02 10:01")),
    ("2026-01-02 10:00", TEN.replace(tzinfo=dt.UTC)),
    *((FINE.replace("01", "02"), value) for value in (pd.Timestamp(FINE), np.datetime64(FINE))),
    *((text, dt.time(10)) for text in ("10:00:01", "ten")),
    *((text, dt.timedelta(1)) for text in ("2 days", "1", "P1D", ",", "0 days")),
    *((None, value) for value in ("x", 0, False, 0.0)),
    *((text, None) for text in ("x", "None", "nan", "0")),
    *(("", 0), ("X", "x"), (" x", "x"), ("[1,2]", [1, 2]), ("B", b"b")),
    *((True, "1"), (7, "8"), (7, True), (dt.date(2026, 1, 2), TEN), (0, None), (None, []), ([1], None), ("", [])),
]


def named(pairs: list[tuple[object, Any]]) -> list[Any]:
    return [pytest.param(*pair, id=f"{pair[0]!r:.40} and {pair[1]!r:.40}") for pair in pairs]


def undone(current: object, value: Any) -> Any:
    """Undo a run that left ``value`` in a frame of records, in a frame of another kind that holds ``current``."""
    before = "what was there before"
    _, log = apply_edits([{"id": "1", "a": before}], Edits(path=["a"], row=[0], after=[value]), key="id")
    return log.revert(RecordSet({"id": ["1"], "a": [current]})).column("a")[0] == before


@pytest.mark.parametrize(("current", "value"), named(SAME))
def test_a_cell_that_reads_as_what_the_run_left_is_undone(current: object, value: Any) -> None:
    assert undone(current, value)


@pytest.mark.parametrize(("current", "value"), named(OTHER))
def test_a_cell_that_reads_as_something_else_is_a_conflict(current: object, value: Any) -> None:
    with pytest.raises(ConflictError, match="row 0 'a' holds another value than the run left"):
        undone(current, value)


def test_a_cell_that_reads_as_what_was_there_before_is_undone_already() -> None:
    _, log = apply_edits([{"a": 7}, {"a": 8}], Edits(path=["a", "a"], row=[0, 1], after=[1, 2]))
    half = RecordSet({"a": ["7.0", "2"]})
    assert log.revert(half).column("a") == ("7.0", "8")
    assert log.revert(log.revert(half)).column("a") == ("7.0", "8")


COLUMNS: dict[str, Any] = {
    "id": ["1", "2", "3"],
    "n": [1, 2, 3],
    "x": [0.1, None, 2.0],
    "ok": [True, False, True],
    "born": pd.to_datetime(["1980-01-02", None, "1990-03-04"]),
    "seen": pd.to_datetime(["2026-01-02 03:04:05", None, "2026-07-02 00:00:00"]).tz_localize("Europe/Oslo"),
    "fine": pd.to_datetime([FINE, None, "2026-07-02T00:00:00.000000000"]),
    "for": pd.to_timedelta(["1D", None, "-22h"]),
    "kind": pd.Categorical(["a", None, "b"]),
    "month": pd.PeriodIndex(["2026-01", "NaT", "2026-03"], freq="M"),
}


@pytest.mark.parametrize("stored", [False, True], ids=["memory", "file"])
@pytest.mark.parametrize("name", [name for name in COLUMNS if name != "id"])
def test_every_type_of_pandas_is_undone_in_what_its_own_csv_says(name: str, stored: bool, tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": COLUMNS["id"], name: COLUMNS[name]})
    last = frame[name].iloc[2]
    changed, log = apply_edits(frame, Edits(path=[name] * 2, row=[0, 2], after=[last, None]), key="id")
    golden, merges = apply_merges(changed, survivor_of={1: 0}, key="id")
    if stored:
        log.save(tmp_path / "log.jsonl")
        log = ChangeLog.load(tmp_path / "log.jsonl")
    golden.to_csv(tmp_path / "golden.csv", index=False)
    written = read_csv(tmp_path / "golden.csv")
    back = log.revert(merges.revert(written))
    assert isinstance(back, RecordSet)
    assert back.column("id") == ("1", "2", "3")
    assert account(frame, written, [log, merges]).discrepancies == ()
    written_back = pl.DataFrame({"id": back.column("id"), name: back.column(name)})
    assert account(frame, written_back, []).ok


def test_an_account_by_text_takes_what_another_writer_wrote_for_what_it_reads_as(tmp_path: Path) -> None:
    frame = pd.DataFrame({name: column for name, column in COLUMNS.items() if name != "id"})
    frame.to_csv(tmp_path / "same.csv", index=False)
    written = read_csv(tmp_path / "same.csv")
    assert written.column("ok") == ("True", "False", "True")
    found = account(frame, written, [])
    assert (found.compared, found.discrepancies) == ("text", ())
    columns = {name: list(written.column(name)) for name in written.columns}
    for name, other in (("ok", "False"), ("n", "1.5"), ("born", "1980-01-03"), ("for", "2 days"), ("x", "0.11")):
        spoilt = RecordSet({**columns, name: [other, *columns[name][1:]]})
        assert [(one.row, one.path) for one in account(frame, spoilt, []).discrepancies] == [(0, name)]


def test_dates_that_pandas_holds_as_midnights_come_back_as_dates_among_dates() -> None:
    frame = pd.DataFrame({"born": pd.to_datetime(["1980-01-02", "1990-03-04"])})
    _, log = apply_edits(frame, Edits(path=["born"], row=[1], after=[None]))
    assert log.revert(RecordSet({"born": ["1980-01-02", None]})).column("born") == ("1980-01-02", "1990-03-04")
    among_moments = log.revert(RecordSet({"born": ["1980-01-02T10:00:00", None]}))
    assert among_moments.column("born")[1] == "1990-03-04T00:00:00"
    among_values = log.revert(pl.DataFrame({"born": [dt.datetime(1980, 1, 2), None]}))
    assert among_values["born"].to_list() == [dt.datetime(1980, 1, 2), dt.datetime(1990, 3, 4)]
