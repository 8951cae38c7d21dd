"""Files compared without loading them: the same answer as in memory, in however many parts they are gone through."""

from __future__ import annotations

import gc
import random

import pytest

import crmkit as ck
from crmkit.errors import FormatError
from crmkit.frames import _arrow, _table
from crmkit.reconciliation import reconcile_files

pa = pytest.importorskip("pyarrow")


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
    from crmkit import frames

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
