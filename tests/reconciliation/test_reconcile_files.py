"""Files compared without loading them: the same answer as in memory, in however many parts they are gone through."""

from __future__ import annotations

import gc
import mmap
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crmkit as ck
from crmkit import frames
from crmkit.errors import FormatError
from crmkit.frames import _table
from crmkit.frames._kinds import _arrow
from crmkit.frames._spool import let_go
from crmkit.reconciliation import reconcile_files

pa = pytest.importorskip("pyarrow")
pl = pytest.importorskip("polars")


@pytest.fixture
def in_small_parts(monkeypatch):
    monkeypatch.setattr(_table, "_LONG", 0)
    monkeypatch.setattr(_arrow, "PIECE", 7)


def tables(seed, rows=120):
    """Two tables with every kind of trouble that only a whole column can tell."""
    rng = random.Random(seed)
    left = [
        {
            "id": f"{n:04}",
            "name": rng.choice(["Ann Lee", "Bo Lind", "Zoë Marsh", "王小明", None]),
            "note": "x" * rng.randint(1, 30),
            "stage": rng.choice(["Open", "Won", "Lost"]),
            "seen": f"2024-01-{rng.randint(10, 28)} 08:15:00",
            "amount": round(rng.random() * 1000, 2),
            "size": rng.randint(0, 50),
        }
        for n in range(rows)
    ]
    right = []
    for row in left:
        if rng.random() < 0.05:
            continue
        row = dict(row)
        row["note"] = row["note"][:12]
        row["stage"] = {"Open": "new", "Won": "won"}.get(row["stage"], row["stage"])
        row["seen"] = row["seen"].replace(" 08", " 16")
        if rng.random() < 0.1:
            row["amount"] = round(row["amount"] * 100, 2)
        if rng.random() < 0.1:
            row["name"] = rng.choice(["ann lee ", "N/A", "Zoë Marsh"])
        if rng.random() < 0.05:
            row["id"] = row["id"].lstrip("0") or "0"
        if rng.random() < 0.04:
            right.append(dict(row))
        if rng.random() < 0.03:
            row["id"] = None
        right.append(row)
    rng.shuffle(right)
    return left, right


def facts(report):
    """Everything that a report says, in an order of its own."""
    said = report.to_dict()
    return {
        "figures": {name: said[name] for name in ("keys", "counts", "causes", "columns")},
        "cells": sorted(report.cells.to_dicts(), key=str),
        "explain": report.explain(),
        "totals": report.totals(),
        "by": report.by("stage"),
        "gate": repr(report.gate(max_missing=0.1, same_totals=["amount"])),
    }


@pytest.mark.parametrize("seed", range(4))
def test_files_give_the_answer_that_memory_gives(seed, tmp_path, in_small_parts):
    left, right = tables(seed)
    expected = ck.reconcile(left, right, key="id")
    assert expected.causes().keys() >= {"truncated", "time_zone", "unit", *(("recoded",) if seed > 1 else ())}
    for side, rows in (("left", left), ("right", right)):
        pytest.importorskip("pyarrow.parquet").write_table(
            pa.Table.from_pylist(rows), tmp_path / f"{side}.parquet", row_group_size=11
        )
    found = reconcile_files(tmp_path / "left.parquet", tmp_path / "right.parquet", key="id", folder=tmp_path)
    assert facts(found) == facts(expected)
    assert len(found.missing()) == expected.counts()["missing"]


@pytest.mark.parametrize("seed", range(4))
def test_csv_files_give_the_answer_that_read_csv_gives(seed, tmp_path, in_small_parts):
    left, right = tables(seed)
    for side, rows in (("left", left), ("right", right)):
        frames.build({name: [row[name] for row in rows] for name in rows[0]}).to_csv(tmp_path / f"{side}.csv")
    expected = ck.reconcile(ck.read_csv(tmp_path / "left.csv"), ck.read_csv(tmp_path / "right.csv"), key="id")
    assert facts(reconcile_files(tmp_path / "left.csv", tmp_path / "right.csv", key="id")) == facts(expected)


def test_a_table_goes_through_in_parts_or_whole_with_one_answer(in_small_parts):
    left, right = tables(9)
    one, other = pa.Table.from_pylist(left), pa.Table.from_pylist(right)
    values = {"stage": {"Open": "new", "Won": "won"}}
    parts = facts(ck.reconcile(one, other, key="id", tolerance={"amount": 0.5}, values=values))
    whole = facts(ck.reconcile(left, right, key="id", tolerance={"amount": 0.5}, values=values))
    assert parts == whole


def test_copies_go_when_the_report_goes(tmp_path):
    (tmp_path / "was.csv").write_text("id,city\n1,Oslo\n", encoding="utf-8")
    work = tmp_path / "work"
    work.mkdir()
    report = reconcile_files(tmp_path / "was.csv", tmp_path / "was.csv", key="id", folder=work)
    assert report.ok
    assert len(list(work.rglob("*.arrow"))) == 2
    del report
    gc.collect()
    assert not list(work.iterdir())


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"id,city\n1,Oslo,secret-9\n", "too many or too few"),
        ("a.csv", b"\xff\xfe\x00\x01", "not such a file"),
        ("a.csv", b"", "not such a file"),
        ("a.parquet", b"PAR1 secret-9", "not such a file"),
        ("a.xlsx", b"", "ends in"),
    ],
)
def test_what_is_no_such_file_is_refused_without_quoting_it(name, content, said, tmp_path):
    (tmp_path / name).write_bytes(content)
    work = tmp_path / "work"
    work.mkdir()
    with pytest.raises(FormatError, match=said) as caught:
        reconcile_files(tmp_path / name, tmp_path / name, key="id", folder=work)
    assert "secret-9" not in str(caught.value)
    assert not list(work.iterdir()), "nothing is left behind"


def test_other_encodings_and_delimiters_are_named(tmp_path):
    (tmp_path / "was.csv").write_bytes("id;城市\n1;北京\n".encode("gb18030"))
    (tmp_path / "now.tsv").write_text("id\t城市\n1\t上海\n", encoding="utf-8-sig")
    from crmkit import frames

    one = frames.read(frames.spool(tmp_path / "was.csv", tmp_path, encoding="gb18030", delimiter=";"))
    other = frames.read(frames.spool(tmp_path / "now.tsv", tmp_path))
    assert one.columns == other.columns == ("id", "城市")
    assert (one.column("城市"), other.column("城市")) == (["北京"], ["上海"])


def test_a_tolerance_holds_in_files_whose_numbers_are_text(tmp_path, in_small_parts):
    left, right = tables(3)
    for row in right:
        row["amount"] += 1e-7
    settings = {"key": "id", "tolerance": {"amount": 1e-6}, "kinds": {"amount": "number"}}
    expected = ck.reconcile(left, right, **settings)
    for side, rows in (("left", left), ("right", right)):
        frames.build({name: [row[name] for row in rows] for name in rows[0]}).to_csv(tmp_path / f"{side}.csv")
        pytest.importorskip("pyarrow.parquet").write_table(pa.Table.from_pylist(rows), tmp_path / f"{side}.parquet")
    for one, other in (("left.csv", "right.csv"), ("left.parquet", "right.csv"), ("left.csv", "right.parquet")):
        found = reconcile_files(tmp_path / one, tmp_path / other, **settings)
        assert found.causes() == expected.causes()
        assert found.counts() == expected.counts()


NUMBERS = st.sampled_from(["1", "1.0", "1.4", "-0.0", "1e3", "999.8", "NaN", "inf", "-inf", "x", "", " 1", "1_0", None])


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=8), st.sampled_from([0.5, 1e-6]))
def test_numbers_that_are_text_agree_within_the_tolerance_in_every_library(cells, width):
    left = {"id": [str(n) for n in range(len(cells))], "n": [one for one, _ in cells]}
    right = {"id": [str(n) for n in range(len(cells))], "n": [other for _, other in cells]}
    expected = ck.reconcile(left, right, key="id", tolerance=width).cells.to_dicts()
    schema = {"id": pl.String, "n": pl.String}
    arrow = pa.schema([("id", pa.string()), ("n", pa.string())])
    for make in (lambda data: pl.DataFrame(data, schema=schema), lambda data: pa.table(data, schema=arrow)):
        assert ck.reconcile(make(left), make(right), key="id", tolerance=width).cells.to_dicts() == expected
    for n, (one, other) in enumerate(cells):  # the slow and obvious way
        differs = one != other and not _near(one, other, width)
        assert any(row["left_row"] == n for row in expected) == differs


def _near(one, other, width):
    try:
        return abs(float(one) - float(other)) <= width
    except (TypeError, ValueError):
        return False


def test_rows_far_apart_are_taken_chunk_by_chunk():
    chunks = [[f"a{n}" for n in range(5)], [], ["x", None, "z"], ["q"]]
    column = pa.chunked_array([pa.array(chunk, pa.string()) for chunk in chunks])
    values = [value for chunk in chunks for value in chunk]
    for rows in ([], [0], [8], [5, 5, 0], [8, 7, 6, 5, 4, 3, 2, 1, 0], list(range(9)), [2, 7, 2]):
        found = _arrow.taken(column, np.array(rows, dtype=np.int64))
        assert found.to_pylist() == [values[row] for row in rows]


def test_few_distinct_texts_have_the_hashes_of_many():
    texts = ["Oslo", None, "北京", "Oslo"] * 2_000
    once = _arrow.hashed(pa.chunked_array([pa.array(texts)]))
    assert once.tolist() == _arrow.hashed(pa.chunked_array([pa.array(texts[:4])])).tolist() * 2_000


@pytest.mark.skipif(not hasattr(mmap, "MADV_DONTNEED"), reason="the system takes no advice about pages")
def test_pages_that_were_looked_at_are_given_back(tmp_path):
    place = tmp_path / "big.csv"
    place.write_text("id,note\n" + "".join(f"{n},{'x' * 400}\n" for n in range(20_000)), encoding="utf-8")
    table = frames.spool(place, tmp_path)

    def resident():
        smaps = Path("/proc/self/smaps").read_text(encoding="utf-8").split("big-", 1)[1]
        return int(smaps.split("Rss:", 1)[1].split()[0])

    before = resident()
    table.column("note").to_pylist()
    assert resident() > before + 4_000
    let_go()
    assert resident() < 1_000
    assert table.column("note")[19_999].as_py() == "x" * 400


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path):
    (tmp_path / "was.csv").write_bytes("id,city\n1,Oslo\n".encode("utf-8-sig"))
    (tmp_path / "now.csv").write_text("id,city\n1,Oslo\n", encoding="utf-8")
    assert reconcile_files(tmp_path / "was.csv", tmp_path / "now.csv", key="id").gate().ok


def test_files_without_rows_are_compared_and_pass_no_gate(tmp_path):
    for side in ("was", "now"):
        (tmp_path / f"{side}.csv").write_text("id,city\n", encoding="utf-8")
    report = reconcile_files(tmp_path / "was.csv", tmp_path / "now.csv", key="id")
    assert report.ok
    assert not report.gate().ok
