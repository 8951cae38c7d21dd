"""Check, fix, match and merge are undone exactly, whatever kind of table they were given, by any process."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import crmkit as ck
from crmkit import changes, frames
from crmkit.records import RecordSet
from crmkit.testing import generate

FIELDS = ("id", "first_name", "last_name", "email", "phone", "birth_date", "country", "notes")
PEOPLE = ["Ana", "Anna", " Ana", "ＡＮＡ", "Zoë", "王小明", "null", "", "ana\u200b", "Ana\0", "=1+1", "x" * 400]
EMAILS = ["ana@example.com", "ANA@Example.COM ", "ana@gmial.com", "ana@", "bo@example.com", "n/a", ""]
PHONES = ["+1 312 555 0123", "(312) 555-0123", "+86 138 0013 8000", "13800138000", "555-0123", "1.38E+10", "-", ""]
DATES = ["1980-04-01", "19800401", "01.04.1980", "0000-00-00", "9999-12-31", "spring", ""]
CELLS = {
    "id": st.sampled_from(["1", "2", "3", "4", "007"]) | st.integers(0, 10**6).map(str),
    "first_name": st.sampled_from(PEOPLE),
    "last_name": st.sampled_from(["Maier", "Mayer", "MAIER", "de la Cruz ", "李", "O'Brien"]),
    "email": st.sampled_from(EMAILS),
    "phone": st.sampled_from(PHONES),
    "birth_date": st.sampled_from(DATES),
    "country": st.sampled_from(["US", "usa", "中国", "Atlantis", ""]),
    "notes": st.text(max_size=6).filter(lambda text: text.isprintable()),
}
ROW = st.fixed_dictionaries({name: st.none() | cell for name, cell in CELLS.items()})
ROWS = st.lists(ROW, min_size=1, max_size=12)
TWINS = [
    {"id": "1", "first_name": " Ana", "last_name": "Maier", "email": "ANA@Example.COM ", "phone": "+1 312 555 0123",
     "birth_date": "19800401", "country": "usa", "notes": None},
    {"id": "1", "first_name": "Ana", "last_name": "Maier", "email": "ana@example.com", "phone": None,
     "birth_date": "1980-04-01", "country": "US", "notes": "x"},
]  # fmt: skip


def as_pandas(rows: list[dict[str, Any]]) -> Any:
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame(rows, columns=list(FIELDS), index=[7 * i for i in range(len(rows))])


def as_polars(rows: list[dict[str, Any]]) -> Any:
    polars = pytest.importorskip("polars")
    return polars.DataFrame(rows, schema=dict.fromkeys(FIELDS, polars.String))


def as_arrow(rows: list[dict[str, Any]]) -> Any:
    arrow = pytest.importorskip("pyarrow")
    return arrow.table({name: arrow.array([row[name] for row in rows], arrow.string()) for name in FIELDS})


def as_duckdb(rows: list[dict[str, Any]]) -> Any:
    duckdb = pytest.importorskip("duckdb")
    table = as_arrow(rows)
    return duckdb.connect().from_arrow(table)


def as_mapping(rows: list[dict[str, Any]]) -> Any:
    return {name: [row[name] for row in rows] for name in FIELDS}


KINDS = {
    "pandas": as_pandas,
    "polars": as_polars,
    "pyarrow": as_arrow,
    "duckdb": as_duckdb,
    "dicts": lambda rows: rows,
    "mapping": as_mapping,
    "RecordSet": lambda rows: RecordSet(as_mapping(rows)),
}


def assert_identical(kind: str, one: Any, other: Any) -> None:
    if kind == "pandas":
        import pandas as pd

        pd.testing.assert_frame_equal(one, other, check_exact=True)
    elif kind == "polars":
        from polars.testing import assert_frame_equal

        assert_frame_equal(one, other)
    elif kind in ("pyarrow", "duckdb"):
        as_table = one.to_arrow_table() if kind == "duckdb" else one
        assert other.equals(as_table)
    else:
        assert one == other


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@example(rows=TWINS)
@given(rows=ROWS)
def test_everything_is_undone_exactly_in_every_kind_of_table(kind: str, rows: list[dict[str, Any]]) -> None:
    frame = KINDS[kind](rows)
    report = ck.check(frame)
    clean, fixes = report.fixes(min_confidence=0.0).apply(frame)
    golden, merges = ck.dedupe(clean).merge()
    changes.account(frame, golden, [fixes, merges]).raise_for()
    unmerged = merges.revert(golden)
    if kind != "duckdb":  # a relation comes back as what it gives: an Arrow table
        assert_identical(kind, clean, unmerged)
    assert_identical(kind, frame, fixes.revert(unmerged))


@pytest.mark.parametrize("kind", KINDS)
def test_the_twins_are_merged_in_every_kind_of_table(kind: str) -> None:
    frame = KINDS[kind]([*TWINS, {**TWINS[0], "id": "2", "first_name": "Bo", "email": "bo@example.com",
                                  "phone": "+1 312 555 0199", "birth_date": "1950-01-01"}])  # fmt: skip
    clean, fixes = ck.check(frame).fixes().apply(frame)
    golden, merges = ck.dedupe(clean).merge()
    assert merges.merged == 1
    assert len(fixes) >= 2
    emails = [str(email).lower() for email in frames.read(golden).column("email")]
    assert emails == ["ana@example.com", "bo@example.com"]


READER = """
    import sys
    import crmkit as ck
    from crmkit import changes, frames

    folder = sys.argv[1]
    fixes, merges = changes.load(f"{folder}/changes.jsonl")
    fixes.verify()
    merges.verify()
    golden = ck.read_csv(folder + "/golden.csv", unescape=True)
    contacts = ck.read_csv(folder + "/contacts.csv", unescape=True)
    again = fixes.revert(merges.revert(golden))
    assert again == contacts, "not the input"
    changes.account(contacts, golden, [fixes, merges]).raise_for()
    print(len(contacts), len(golden), merges.merged)
"""


def test_another_process_verifies_and_undoes_what_this_one_wrote(tmp_path: Any) -> None:
    contacts = generate.contacts(400, seed=3, messy=True).records
    contacts.to_csv(tmp_path / "contacts.csv")
    clean, fixes = ck.check(contacts).fixes().apply(contacts)
    golden, merges = ck.dedupe(clean).merge()
    golden.to_csv(tmp_path / "golden.csv")
    changes.save([fixes, merges], tmp_path / "changes.jsonl")
    code = textwrap.dedent(READER)
    environment = {**os.environ, "PYTHONPATH": str(Path(ck.__file__).parents[1]), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.split() == [str(len(contacts)), str(len(golden)), str(merges.merged)]
    assert merges.merged > 20
    assert len(contacts) == len(golden) + merges.merged
