"""Conflicts, other processes, files of text, the account, and what a log shows."""

from __future__ import annotations

import datetime as dt
import html
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest

from crmkit import frames
from crmkit.changes import ChangeLog, Conflict, Edits, account, apply_edits, apply_merges
from crmkit.errors import (
    CheckFailedError,
    ConflictError,
    FormatError,
    NotFoundError,
    SchemaError,
    ShapeError,
    TamperedLogError,
)
from crmkit.files import read_csv
from crmkit.records import RecordSet

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")

CLOCK = lambda: dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)  # noqa: E731 - the clock
PEOPLE = [
    {"id": "1", "email": " CANARY-ann@example.com", "phone": None},
    {"id": "2", "email": "CANARY-bob@example.com", "phone": "+12025550123"},
    {"id": "3", "email": "CANARY-ann@example.com", "phone": "+12025550199"},
]
TRIM = Edits(path=["email"], row=[0], after=["CANARY-ann@example.com"], rule="trim", confidence=1.0)


def test_an_edit_whose_before_is_gone_is_a_conflict_and_writes_nothing() -> None:
    edits = Edits(path=["email", "phone"], row=[0, 1], after=["x", "y"], before=["other", "+12025550123"])
    changed, log = apply_edits(PEOPLE, edits, key="id")
    assert changed[0] is PEOPLE[0]
    assert changed[1]["phone"] == "y"
    (conflict,) = log.conflicts
    assert (conflict.row, conflict.record_id, conflict.path) == (0, "1", "email")
    assert "CANARY" not in repr(conflict)
    again, nothing = apply_edits(changed, edits)
    assert again is changed
    assert len(nothing) == 0
    assert len(nothing.conflicts) == 1


def test_a_before_of_text_stands_for_the_value_that_reads_so() -> None:
    changed, log = apply_edits({"a": [7, 8]}, Edits(path=["a", "a"], row=[0, 1], after=[1, 1], before=["7", "9"]))
    assert changed == {"a": [1, 8]}
    assert [conflict.row for conflict in log.conflicts] == [1]


def test_edits_of_one_cell_are_made_in_turn_and_undone_last_first() -> None:
    edits = Edits(
        path=["a", "a", "a"], row=[0, 0, 0], after=["b", "c", "d"], before=["a", "b", "x"], rule=["r", "s", "t"]
    )
    changed, log = apply_edits([{"a": "a"}], edits)
    assert changed == [{"a": "c"}]
    assert [(change.before, change.after) for change in log] == [("a", "b"), ("b", "c")]
    assert log.revert(changed) == [{"a": "a"}]
    assert log.revert(changed, where={"rule": "s"}) == [{"a": "b"}]
    with pytest.raises(ConflictError, match="row 0 'a' holds another value"):
        log.revert(changed, where={"rule": "r"})


def test_nothing_is_undone_where_one_value_changed_since() -> None:
    changed, log = apply_edits(PEOPLE, Edits(path=["email", "email"], row=[0, 1], after=["x", "y"]), key="id")
    changed[1] = {**changed[1], "email": "SECRET"}
    with pytest.raises(ConflictError, match="row 1 'email' holds another value") as caught:
        log.revert(changed)
    assert changed[0]["email"] == "x"
    assert "SECRET" not in str(caught.value)
    assert "CANARY" not in str(caught.value)
    (conflict,) = caught.value.conflicts
    assert conflict.record_id == "2"
    assert log.revert(changed, where={"record_id": "1"})[0] == PEOPLE[0]


def test_a_golden_record_changed_since_is_not_unmerged() -> None:
    golden, log = apply_merges(PEOPLE, survivor_of={2: 0}, cells={"phone": {0: "+12025550199"}}, key="id")
    touched, later = apply_edits(golden, Edits(path=["phone"], row=[0], after=["other"]), key="id")
    with pytest.raises(ConflictError, match="row 0 'phone' holds another value than the run left"):
        log.revert(touched)
    assert log.revert(later.revert(touched)) == PEOPLE


@pytest.mark.parametrize(
    "change", [lambda rows: rows[:1], lambda rows: [*rows, {"id": "9"}], lambda rows: []], ids=["fewer", "more", "none"]
)
def test_rows_that_came_or_went_since_are_a_conflict(change: Any) -> None:
    golden, log = apply_merges(PEOPLE, survivor_of={2: 0})
    with pytest.raises(ConflictError, match="rows were added"):
        log.revert(change(golden))


def test_a_column_that_is_gone_is_a_conflict() -> None:
    changed, log = apply_edits({"a": [1], "b": [2]}, Edits(path=["a"], row=[0], after=[9]))
    with pytest.raises(ConflictError, match="no such column any more"):
        log.revert({"b": changed["b"]})


def test_rows_that_were_sorted_since_are_found_by_their_key() -> None:
    changed, log = apply_edits(PEOPLE, TRIM, key="id")
    back = log.revert(changed[::-1])
    assert back == PEOPLE[::-1]
    assert log.revert(changed[:1]) == PEOPLE[:1]
    with pytest.raises(ConflictError, match="the row is not in the frame"):
        log.revert(changed[1:])


def test_merging_twice_over_is_refused() -> None:
    with pytest.raises(SchemaError, match="row 1 is to go and to survive"):
        apply_merges(PEOPLE, survivor_of={0: 1, 1: 2})
    with pytest.raises(SchemaError, match="give it to its survivor"):
        apply_merges(PEOPLE, survivor_of={0: 1}, cells={"phone": {0: "x"}})
    with pytest.raises(SchemaError, match="row out of range"):
        apply_merges(PEOPLE, survivor_of={0: 7})
    with pytest.raises(SchemaError, match="row out of range"):
        apply_merges(PEOPLE, survivor_of={7: 0})
    with pytest.raises(SchemaError, match="row out of range"):
        apply_edits(PEOPLE, Edits(path=["email"], row=[-1], after=[""]))
    with pytest.raises(SchemaError, match="did you mean 'email'"):
        apply_edits(PEOPLE, Edits(path=["emial"], row=[0], after=[""]))
    with pytest.raises(ShapeError, match="rule has 1 values, path has 2"):
        Edits(path=["a", "b"], row=[0, 0], after=[1, 2], rule=["r"])


def test_a_change_tells_everything_about_itself() -> None:
    edits = attrs.evolve(TRIM, rule_version="2", reason=["blanks"])
    _, log = apply_edits(PEOPLE, edits, key="id", by="lin", now=CLOCK, run_id="RUN")
    (change,) = log
    assert log[0] == change == log[-1]
    assert attrs.asdict(change) == {
        "change_id": "RUN-0", "run_id": "RUN", "kind": "cell", "record_id": "1", "row": 0, "path": "email",
        "type": "text", "before": " CANARY-ann@example.com", "after": "CANARY-ann@example.com", "rule": "trim",
        "rule_version": "2", "confidence": 1.0, "by": "lin", "at": "2026-11-23T12:00:00.000Z", "reason": "blanks",
        "survivor": None, "redacted": False,
    }  # fmt: skip
    assert log.column("rule") == ["trim"]
    assert log.column("row") == [0]
    with pytest.raises(NotFoundError, match="did you mean 'rule'"):
        log.column("rul")
    with pytest.raises(NotFoundError, match="did you mean 'rule'"):
        log.revert(PEOPLE, where={"ruls": "x"})
    with pytest.raises(IndexError):
        log[1]
    assert log.counts("rule") == {"trim": 1}
    assert log.to_dict()["counts"] == {"cell": 1}


def test_the_same_edits_at_the_same_time_make_the_same_log() -> None:
    first = apply_edits(PEOPLE, TRIM, key="id", now=CLOCK, run_id="RUN")
    second = apply_edits(PEOPLE, TRIM, key="id", now=CLOCK, run_id="RUN")
    assert list(first[1]) == list(second[1])


def test_a_merge_line_holds_the_whole_row() -> None:
    _, log = apply_merges(
        PEOPLE, survivor_of={2: 0}, cells={"phone": {0: "x"}}, key="id", rule="same", rules={"phone": "latest"},
        confidence={2: 0.9},
    )  # fmt: skip
    cell, merge = log
    assert (cell.kind, cell.row, cell.rule, cell.survivor) == ("cell", 0, "latest", 0)
    assert (merge.kind, merge.row, merge.record_id, merge.after, merge.survivor) == ("merge", 2, "3", "1", 0)
    assert (merge.rule, merge.confidence, merge.before) == ("same", 0.9, PEOPLE[2])


def test_nothing_a_log_shows_by_itself_holds_a_value(tmp_path: Path) -> None:
    changed, log = apply_edits(PEOPLE, TRIM, key="id")
    _, merges = apply_merges(changed, survivor_of={2: 0}, key="id")
    for shown in (log, merges):
        everything = repr(shown) + shown._repr_html_() + json.dumps(shown.to_dict()) + "".join(map(repr, shown))
        assert "CANARY" not in everything
    assert "CANARY" in str(log.to_frame(like=[]))
    assert frames.read(merges.to_frame(like=pl.DataFrame())).column("kind") == ["merge"]
    assert isinstance(log.to_frame(), RecordSet)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Oldest(column=None)", "Oldest"),
        ("Oldest(column='since')", "Oldest since"),
        (
            "WellFormed(type='email'), MostRecent(column=None), MostFrequent()",
            "WellFormed email, MostRecent, MostFrequent",
        ),
        ("TrustedSource(column='by', order=('erp', 'web'))", "TrustedSource by erp web"),
        ("Verified(column='ok', values=())", "Verified ok"),
        ("United(separator='; ')", "United"),
        ("ScoredBy(score=<function digits at 0x7f00>)", "ScoredBy digits"),
        ("from one record: street, city", "from one record: street, city"),
        ("email.fold", "email.fold"),
        ("Broken(", "Broken("),
    ],
)
def test_a_page_shows_a_rule_as_people_say_it_and_the_log_keeps_it_as_it_was(written: str, said: str) -> None:
    _, log = apply_edits([{"id": "1", "a": None}], Edits(path=["a"], row=[0], after=["x"], rule=written), key="id")
    page = html.unescape(log._repr_html_())
    assert f">{said}</td>" in page
    assert ">empty → text</td>" in page
    assert [(one.rule, one.type) for one in log] == [(written, "null>text")]


SCRIPT = """
import pickle, sys
from crmkit.changes import ChangeLog, account
frame = pickle.load(open(sys.argv[1], "rb"))
logs = [ChangeLog.load(path) for path in sys.argv[3:]]
for log in reversed(logs):
    log.verify()
    frame = log.revert(frame)
pickle.dump(frame, open(sys.argv[2], "wb"))
"""


@pytest.mark.parametrize("kind", ["dicts", "pandas", "polars", "recordset"])
def test_a_log_of_one_process_is_verified_and_undone_by_another(kind: str, tmp_path: Path, assert_exactly: Any) -> None:
    import pickle

    rows = [{"id": str(row), "n": row, "on": dt.date(2026, 1, row + 1), "x": Decimal(row)} for row in range(6)]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    make: dict[str, Any] = {
        "dicts": lambda: rows, "pandas": lambda: pd.DataFrame(columns, index=list("abcdef")),
        "polars": lambda: pl.DataFrame(columns), "recordset": lambda: RecordSet(columns),
    }  # fmt: skip
    frame = make[kind]()
    clean, fixes = apply_edits(frame, Edits(path=["n", "x"], row=[0, 3], after=["zero", Decimal("1.5")]), key="id")
    golden, merges = apply_merges(clean, survivor_of={1: 0, 5: 2}, cells={"on": {0: None}}, key="id")
    fixes.save(tmp_path / "fixes.jsonl")
    merges.save(tmp_path / "merges.jsonl")
    (tmp_path / "golden").write_bytes(pickle.dumps(golden))
    places = ["golden", "back", "fixes.jsonl", "merges.jsonl"]
    subprocess.run([sys.executable, "-c", SCRIPT, *places], cwd=tmp_path, check=True, env=_environment())
    assert_exactly(pickle.loads((tmp_path / "back").read_bytes()), frame)


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(Path(frames.__file__).parents[2])}


def test_a_frame_that_went_through_a_file_of_text_is_undone_by_text(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "id": ["1", "2", "3"],
            "n": [1, 2, 3],
            "x": [1.5, float("nan"), 2.0],
            "ok": [True, False, True],
            "at": pd.to_datetime(["2026-01-02 03:04:05", None, "2026-01-03 00:00:00"]),
        }
    )
    edits = Edits(path=["n", "x", "x", "ok", "at"], row=[0, 1, 0, 1, 2], after=[9, 7.0, None, True, None])
    changed, log = apply_edits(frame, edits, key="id")
    golden, merges = apply_merges(changed, survivor_of={2: 0}, cells={"n": {0: 3}}, key="id")
    golden.to_csv(tmp_path / "golden.csv", index=False)
    text = read_csv(tmp_path / "golden.csv")
    back = log.revert(merges.revert(text))
    assert isinstance(back, RecordSet)
    assert back.to_dicts() == [
        {"id": "1", "n": "1", "x": "1.5", "ok": "True", "at": "2026-01-02 03:04:05"},
        {"id": "2", "n": "2", "x": None, "ok": "false", "at": None},
        {"id": "3", "n": "3", "x": "2", "ok": "true", "at": "2026-01-03T00:00:00"},
    ]
    spoilt = RecordSet(
        {name: ["?" for _ in text.column(name)] if name == "n" else text.column(name) for name in text.columns}
    )
    with pytest.raises(ConflictError, match="row 0 'n' holds another value"):
        merges.revert(spoilt)


def test_records_come_back_as_objects_of_their_class_and_no_module_is_imported_for_it(tmp_path: Path) -> None:
    people = [Person("1", "Ann"), Person("2", "Bob")]
    golden, log = apply_merges(people, survivor_of={1: 0}, key="name")
    log.save(tmp_path / "log.jsonl")
    log = ChangeLog.load(tmp_path / "log.jsonl")
    assert log.revert(golden) == people
    with pytest.raises(SchemaError, match="is not loaded; import its module first"):
        ChangeLog.load(_renamed(log, tmp_path)).revert([{"id": "1", "name": "Ann"}])


@attrs.frozen
class Person:
    id: str
    name: str = attrs.field(converter=str.strip)


def _renamed(log: ChangeLog, folder: Path) -> Path:
    """Save a log whose record class nobody knows, with a chain that holds."""
    labels = log._lines.rows.labels
    assert labels is not None
    labels[0] = "os.path:Unknown"
    log._seal = None
    log._lines.types = None
    log.save(folder / "renamed.jsonl")
    return folder / "renamed.jsonl"


def test_erased_values_are_not_undone_and_the_rest_is() -> None:
    changed, log = apply_edits(PEOPLE, Edits(path=["email", "email"], row=[0, 1], after=["x", "y"]), key="id")
    assert log.redact("1") == 1
    assert log.redact("1") == 0
    log.verify()
    with pytest.raises(ConflictError, match="its values were erased from the log"):
        log.revert(changed)
    back = log.revert(changed, where=lambda change: not change.redacted)
    assert [row["email"] for row in back] == ["x", PEOPLE[1]["email"], PEOPLE[2]["email"]]
    assert next(iter(log)).before is None


def test_erasing_the_survivor_erases_what_was_merged_into_it() -> None:
    golden, log = apply_merges(PEOPLE, survivor_of={2: 0}, key="id")
    assert log.redact("1") == 1
    (change,) = log
    assert change.redacted
    with pytest.raises(ConflictError, match="erased"):
        log.revert(golden)


def test_a_value_changed_in_memory_is_found() -> None:
    _, log = apply_edits(PEOPLE, TRIM, key="id")
    log.verify()
    log._lines.before[0] = "other"
    with pytest.raises(TamperedLogError, match="line 1"):
        log.verify()


def test_a_log_written_anew_shows_against_the_hash_that_was_kept(tmp_path: Path) -> None:
    _, log = apply_edits(PEOPLE, TRIM, key="id")
    kept = log.save(tmp_path / "log.jsonl")
    assert len(ChangeLog.load(tmp_path / "log.jsonl", expect=kept)) == 1
    _, other = apply_edits(PEOPLE, attrs.evolve(TRIM, after=["forged"]), key="id")
    other.save(tmp_path / "log.jsonl")
    with pytest.raises(TamperedLogError, match="expected hash"):
        ChangeLog.load(tmp_path / "log.jsonl", expect=kept)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.jsonl"]


def test_other_files_are_said_to_be_no_logs(tmp_path: Path) -> None:
    for number, content in enumerate([b"", b"{}\n", b"id,email\n1,x\n", b"\xff\xfe\x00", b"[" * 100_000]):
        path = tmp_path / str(number)
        path.write_bytes(content)
        with pytest.raises(FormatError):
            ChangeLog.load(path)
    from crmkit._journal import Journal

    with Journal.open(tmp_path / "other", kind="audit") as journal:
        journal.append(b"{}")
    with pytest.raises(FormatError, match="of 'audit', not of changes"):
        ChangeLog.load(tmp_path / "other")
    with Journal.open(tmp_path / "later", kind="changes", about=b'{"version":2}'):
        pass
    with pytest.raises(FormatError, match="changes of version 2; this reads 1"):
        ChangeLog.load(tmp_path / "later")
    with Journal.open(tmp_path / "hollow", kind="changes", about=b'{"version":1}'):
        pass
    with pytest.raises(FormatError, match="the header is not one of a change log"):
        ChangeLog.load(tmp_path / "hollow")


def test_a_value_without_a_form_is_undone_in_memory_and_refused_by_the_file(tmp_path: Path) -> None:
    thing = object()
    changed, log = apply_edits([{"a": thing}], Edits(path=["a"], row=[0], after=["x"]))
    assert log.revert(changed)[0]["a"] is thing
    with pytest.raises(SchemaError, match="row 0, column 'a': a object has no form"):
        log.save(tmp_path / "log.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_the_account_balances_and_finds_what_no_log_explains() -> None:
    clean, fixes = apply_edits(PEOPLE, TRIM, key="id")
    golden, merges = apply_merges(clean, survivor_of={2: 0}, cells={"phone": {0: "+12025550199"}}, key="id")
    found = account(PEOPLE, golden, [fixes, merges])
    found.raise_for()
    assert (found.rows_in, found.rows_out, found.merged, found.cells_changed) == (3, 2, 1, 2)
    with pytest.raises(TypeError, match="use"):
        bool(found)
    for broken, logs, reason in [
        (golden[:1], [fixes, merges], "2"),
        ([golden[0], {**golden[1], "email": "SECRET"}], [fixes, merges], "differs, and no log says why"),
        (golden, [merges], "differs, and no log says why"),
        (golden, [fixes], "3 rows went in, 2 came out and 0 were merged"),
        ([{**row, "new": 1} for row in golden], [fixes, merges], "did not go in"),
        (
            [{"id": row["id"], "phone": row["phone"], "email": row["email"]} for row in golden][::-1],
            [fixes, merges],
            "",
        ),
    ]:
        spoilt = account(PEOPLE, broken, logs)
        assert not spoilt.ok
        assert any(reason in discrepancy.reason for discrepancy in spoilt.discrepancies)
        with pytest.raises(CheckFailedError) as caught:
            spoilt.raise_for()
        assert "SECRET" not in str(caught.value)
        assert "CANARY" not in str(caught.value)


def test_the_account_holds_through_a_file_of_text(tmp_path: Path) -> None:
    source = RecordSet({name: [row[name] for row in PEOPLE] for name in PEOPLE[0]})
    clean, fixes = apply_edits(source, TRIM, key="id")
    golden, merges = apply_merges(clean, survivor_of={2: 0}, key="id")
    golden.to_csv(tmp_path / "golden.csv")
    account(source, read_csv(tmp_path / "golden.csv"), [fixes, merges]).raise_for()
    account(source, pl.DataFrame(golden.to_dicts()), [fixes, merges]).raise_for()


def test_a_column_that_the_frame_did_not_have_is_no_part_to_undo():
    changed, log = apply_edits([{"email": "a", "city": "x"}], Edits(path=["email"], row=[0], after=["b"], rule="r"))
    with pytest.raises(NotFoundError, match="did you mean 'email'"):
        log.revert(changed, where={"path": "emial"})
    assert log.revert(changed, where={"path": "city"}) == changed
    with pytest.raises(NotFoundError, match="did you mean 'cell'"):
        log.revert(changed, where={"kind": "cel"})


def test_a_word_that_no_change_has_is_an_error_and_not_silence():
    frame = [{"id": "7", "email": " a"}, {"id": "8", "email": " b"}]
    edits = Edits(path=["email", "email"], row=[0, 1], after=["a", "b"], rule=["email:email", "trim"])
    changed, log = apply_edits(frame, edits, key="id")
    with pytest.raises(NotFoundError, match="did you mean 'email:email'"):
        log.revert(changed, where={"rule": "emial:email"})
    with pytest.raises(NotFoundError, match="no change of record_id '9'"):
        log.revert(changed, where={"record_id": "9"})
    with pytest.raises(NotFoundError, match="record ids are texts"):
        log.revert(changed, where={"record_id": 7})
    assert log.revert(changed, where={"rule": "trim", "record_id": "7"}) == changed  # both are known, not together
    assert log.revert(changed, where={"path": "id"}) == changed
    assert log.revert(changed, where={"record_id": "7"})[0]["email"] == " a"


def test_a_key_that_reaches_somebody_is_shown_by_no_repr_and_no_notebook():
    rows = [{"email": "canary1@example.com", "tel": "+49 151 23456780", "city": "x"} for _ in range(1)]
    for key, word in (("email", "canary1"), ("tel", "23456780")):
        _, log = apply_edits(rows, Edits(path=["city"], row=[0], after=["y"]), by="me", key=key)
        change = log[0] if hasattr(log, "__getitem__") else next(iter(log))
        assert word in change.record_id
        assert word not in repr(change) + repr(log) + log._repr_html_()
        conflict = Conflict(row=0, record_id=change.record_id, path=None, reason="other")
        assert word not in repr(conflict)
        assert "record" in log._repr_html_()
