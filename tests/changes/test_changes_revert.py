"""Undoing gives the input back exactly, whole and in part, for every kind of frame."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import attrs
import numpy as np
import pytest

from crmkit import frames
from crmkit.changes import ChangeLog, Edits, apply_edits, apply_merges
from crmkit.records import RecordSet

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

COLUMNS: dict[str, list[Any]] = {
    "id": ["a", "b", "c", "d", "e"],
    "n": [1, 2, 3, 4, 5],
    "x": [1.5, -0.0, 2.0, float("inf"), 0.1],
    "ok": [True, False, True, False, True],
    "name": ["Ann", None, "", "王伟", " x"],
    "on": [dt.date(1, 1, 1), None, dt.date(9999, 12, 31), dt.date(2026, 1, 2), None],
    "at": [dt.datetime(2026, 1, 2, 3, 4, 5, 678901), None, dt.datetime(1970, 1, 1), None, dt.datetime(1, 1, 1)],
    "amount": [Decimal("1.50"), Decimal("0.00"), None, Decimal("-7.25"), Decimal("9.99")],
}


@attrs.frozen
class Row:
    id: str
    n: int
    x: float
    ok: bool
    name: str | None
    on: dt.date | None
    at: dt.datetime | None
    amount: Decimal | None


def records() -> list[dict[str, Any]]:
    return [dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)]


def ragged() -> list[dict[str, Any]]:
    made = records()
    del made[1]["name"], made[2]["amount"]
    return made


def pandas_frame() -> pd.DataFrame:
    frame = pd.DataFrame({**COLUMNS, "at": COLUMNS["at"]})
    frame["cat"] = pd.Categorical(["u", "v", None, "u", "w"], categories=["w", "u", "v", "unused"])
    frame["big"] = pd.array([1, None, 2**62, 4, 5], dtype="Int64")
    frame["mixed"] = pd.Series([None, float("nan"), pd.NA, pd.NaT, np.int32(7)], dtype=object)
    frame["when"] = pd.to_datetime(["2026-01-01", None, "2026-01-03", None, "2026-01-05"]).tz_localize("Europe/Oslo")
    frame["fine"] = pd.Series(np.array([1, 2, -1, 4, 5], dtype="M8[ns]"))
    return frame


KINDS: dict[str, Any] = {
    "dicts": ragged,
    "attrs": lambda: [Row(**record) for record in records()],
    "mapping": lambda: {name: list(column) for name, column in COLUMNS.items()},
    "arrays": lambda: {"id": list("abcde"), "n": np.arange(1, 6), "x": np.array(COLUMNS["x"])},
    "recordset": lambda: RecordSet(COLUMNS),
    "polars": lambda: pl.DataFrame(COLUMNS).with_columns(
        cat=pl.Series(["u", "v", None, "u", "w"], dtype=pl.Categorical),
        fine=pl.Series([1, 2, None, -4, 10**18], dtype=pl.Int64).cast(pl.Datetime("ns")),
    ),
    "arrow": lambda: pa.table(COLUMNS).append_column("cat", pa.array(["u", "v", None, "u", "w"]).dictionary_encode()),
    "pandas": pandas_frame,
    "pandas doubled index": lambda: pandas_frame().set_index(pd.Index([7, 7, 7, 8, 8], name="k")),
    "pandas levels": lambda: pandas_frame().set_index(
        pd.MultiIndex.from_tuples([("x", 1), ("x", 1), ("y", 2), ("y", 3), ("z", 4)], names=["g", None])
    ),
    "pandas moments": lambda: pandas_frame().set_index(pd.date_range("2026-01-01", periods=5, freq="D", tz="UTC")),
}


EDITS = Edits(
    path=["n", "n", "x", "name", "name", "id", "x"],
    row=[0, 3, 1, 0, 4, 2, 4],
    after=["seven", 8, None, None, "x", "z", "many"],
    rule=["a", "a", "b", "b", "b", "c", "c"],
    confidence=[0.5, None, 1.0, None, None, 0.25, 1.0],
)


def narrow(frame: Any, edits: Edits) -> Edits:
    """Leave out edits of columns that the frame has not."""
    columns = frames.read(frame).columns
    keep = [line for line, path in enumerate(edits.path) if path in columns]
    return attrs.evolve(
        edits,
        **{
            name: [getattr(edits, name)[line] for line in keep]
            for name in ("path", "row", "after", "rule", "confidence")
        },
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stored", [False, True], ids=["memory", "file"])
def test_undoing_edits_gives_the_input_back(kind: str, stored: bool, tmp_path: Any, assert_exactly: Any) -> None:
    frame = KINDS[kind]()
    changed, log = apply_edits(frame, narrow(frame, EDITS), key="id")
    assert frames.read(changed).texts("n").rows()[:4] == ["seven", "2", "3", "8"]
    assert frames.read(changed).texts("x").rows()[4] == "many"
    assert_exactly(frame, KINDS[kind]())
    if stored:
        log.save(tmp_path / "log.jsonl")
        log = ChangeLog.load(tmp_path / "log.jsonl")
    assert_exactly(log.revert(changed), frame)
    parts = changed
    for rule in "bca":
        parts = log.revert(parts, where={"rule": rule})
    assert_exactly(parts, frame)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", ["id", None])
@pytest.mark.parametrize("stored", [False, True], ids=["memory", "file"])
def test_undoing_merges_gives_the_input_back(
    kind: str, key: str | None, stored: bool, tmp_path: Any, assert_exactly: Any
) -> None:
    frame = KINDS[kind]()
    cells: dict[str, dict[int, object]] = {"x": {1: 4.5}, "n": {3: 99}}
    golden, log = apply_merges(frame, survivor_of={0: 1, 2: 1, 4: 3}, cells=cells, key=key, rule="same person")
    assert frames.read(golden).column("id") == ["b", "d"]
    assert frames.read(golden).column("n") == [2, 99]
    assert log.merged == 3
    assert_exactly(frame, KINDS[kind]())
    if stored:
        log.save(tmp_path / "log.jsonl")
        log = ChangeLog.load(tmp_path / "log.jsonl")
    assert_exactly(log.revert(golden), frame)
    first = log.revert(golden, where={"survivor": 1})
    assert frames.read(first).column("id") == ["a", "b", "c", "d"]
    assert_exactly(log.revert(first), frame)
    last = log.revert(golden, where={"row": 4})
    assert frames.read(last).column("id") == ["b", "d", "e"]
    assert_exactly(log.revert(log.revert(last, where={"kind": "cell"})), frame)
    assert_exactly(log.revert(frame), frame)
