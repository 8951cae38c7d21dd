"""Undoing when rows moved, came or went since: by key, without a key, and what cannot be told is refused."""

from __future__ import annotations

import datetime as dt
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest

from crmkit.changes import ChangeLog, Edits, account, apply_edits, apply_merges
from crmkit.errors import ConflictError, SchemaError
from crmkit.records import RecordSet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Rows = list[dict[str, Any]]
PEOPLE: Rows = [{"id": str(number), "name": name, "status": "new"} for number, name in enumerate("abcde")]
CLOSED = Edits(path=["status"] * 2, row=[0, 3], after=["closed"] * 2, rule=["one", "two"])


def saved(log: ChangeLog, folder: Path) -> ChangeLog:
    log.save(folder / "log.jsonl")
    return ChangeLog.load(folder / "log.jsonl")


# Edits of a run with a key


def test_rows_are_found_by_key_after_others_were_added_removed_and_moved(tmp_path: Path) -> None:
    changed, log = apply_edits(PEOPLE, CLOSED, key="id")
    extra = {"id": "x", "name": "new", "status": "closed"}
    since = [extra, changed[3], changed[2], changed[0]]
    assert saved(log, tmp_path).revert(since) == [extra, PEOPLE[3], PEOPLE[2], PEOPLE[0]]
    assert log.revert([extra, changed[0]], where={"rule": "one"}) == [extra, PEOPLE[0]]


def test_an_id_that_is_there_twice_is_undone_in_its_place_only() -> None:
    changed, log = apply_edits(PEOPLE, CLOSED, key="id")
    doubled = [changed[0], {**changed[1], "id": "0"}, *changed[2:]]
    assert log.revert(doubled) == [PEOPLE[0], {**PEOPLE[1], "id": "0"}, *PEOPLE[2:]]
    with pytest.raises(
        ConflictError, match="row 0 'status' the row is not in the frame, or its record id is there twice"
    ):
        log.revert(doubled[::-1])
    assert log.revert(doubled[::-1], where={"rule": "two"})[1] == PEOPLE[3]


def test_a_record_that_stands_where_another_stood_is_never_given_its_value() -> None:
    """The record at row 0 was closed by somebody else; an id that is there twice elsewhere makes it no other record."""
    changed, log = apply_edits(PEOPLE, CLOSED, key="id")
    stranger = {"id": "9", "name": "z", "status": "closed"}
    since = [stranger, *changed[1:], {**changed[1]}]
    with pytest.raises(ConflictError, match="the row is not in the frame"):
        log.revert(since)
    back = log.revert([stranger, *changed[1:4], changed[1]], where={"rule": "two"})
    assert back[0] is stranger
    assert back[3] == PEOPLE[3]


def test_rows_whose_id_the_run_itself_changed_are_found_by_either_id() -> None:
    changed, log = apply_edits(PEOPLE, Edits(path=["id", "id"], row=[0, 1], after=["A", None]), key="id")
    assert [row["id"] for row in changed] == ["A", None, "2", "3", "4"]
    assert log.revert(changed) == PEOPLE
    assert log.revert(changed[:1] + changed[2:], where={"row": 0})[0] == PEOPLE[0]
    assert log.revert([changed[4], changed[0]], where={"row": 0}) == [PEOPLE[4], PEOPLE[0]]
    half = log.revert(changed, where={"row": 1})
    assert log.revert(half[::-1]) == PEOPLE[::-1]


# Edits of a run without a key


@pytest.mark.parametrize(
    "since", [lambda rows: rows[:-1], lambda rows: [*rows, rows[0]], lambda rows: []], ids=["fewer", "more", "none"]
)
def test_without_a_key_a_frame_of_another_length_is_refused(since: Callable[[Rows], Rows]) -> None:
    changed, log = apply_edits(PEOPLE, CLOSED)
    with pytest.raises(ConflictError, match=r"the frame has \d rows, not 5; rows were added or removed") as caught:
        log.revert(since(changed))
    (conflict,) = caught.value.conflicts
    assert (conflict.row, conflict.path) == (None, None)


# Merges


TWICE: Rows = [
    {"name": "Ann", "phone": "1"},
    {"name": "Ann", "phone": "1"},
    {"name": "Bob", "phone": None},
    {"name": "Bob", "phone": "2"},
    {"name": "Cy", "phone": "3"},
    {"name": "Cy", "phone": "3"},
]
INTO = {1: 0, 3: 2, 5: 4}


def record_set(rows: Rows) -> RecordSet:
    return RecordSet({name: [row[name] for row in rows] for name in rows[0]})


@pytest.mark.parametrize("order", list(permutations([0, 2, 4])), ids=str)
@pytest.mark.parametrize("make", [list, record_set])
def test_survivors_that_read_like_what_went_into_them_are_told_apart_by_what_stands_around(
    order: tuple[int, ...], make: Any, tmp_path: Path
) -> None:
    frame = make(TWICE)
    golden, log = apply_merges(frame, survivor_of=INTO, cells={"phone": {2: "2"}})
    assert len(golden) == 3
    log = saved(log, tmp_path)
    parts = golden
    for number, survivor in enumerate(order, start=1):
        parts = log.revert(parts, where={"survivor": survivor})
        assert len(parts) == 3 + number
        assert account(frame, log.revert(parts), []).ok
    assert parts == frame


def test_a_row_that_came_back_and_was_edited_since_is_not_taken_for_another() -> None:
    golden, log = apply_merges(TWICE, survivor_of=INTO, cells={"phone": {2: "2"}})
    part = log.revert(golden, where={"survivor": 2})
    assert part[2] == TWICE[3]
    touched = [*part[:2], {**part[2], "phone": "SECRET"}, *part[3:]]
    with pytest.raises(ConflictError, match="which merged rows are back cannot be told") as caught:
        log.revert(touched)
    assert "SECRET" not in str(caught.value)
    assert "merge with a key column" in str(caught.value)
    assert len(caught.value.conflicts) == 1


def test_a_stranger_among_golden_records_is_not_taken_for_a_merged_row() -> None:
    golden, log = apply_merges(TWICE, survivor_of=INTO)
    with pytest.raises(ConflictError, match="which merged rows are back cannot be told"):
        log.revert([*golden, {"name": "Dee", "phone": "4"}])
    with pytest.raises(ConflictError, match="not the ones that the run left"):
        log.revert([*golden, *golden])


def test_rows_of_which_the_log_forgot_the_contents_are_not_guessed() -> None:
    golden, log = apply_merges(TWICE[2:], survivor_of={1: 0, 3: 2}, key="name")
    part = log.revert(golden, where={"survivor": 0})
    assert log.redact("Bob") == 1
    with pytest.raises(ConflictError, match="which merged rows are back cannot be told"):
        log.revert(part, where={"survivor": 2})
    assert log.revert(golden, where={"survivor": 2}) == [golden[0], *TWICE[4:]]


def test_a_survivor_that_read_like_an_erased_row_is_still_told_apart() -> None:
    golden, log = apply_merges(TWICE, survivor_of=INTO, key="name")
    part = log.revert(golden, where={"survivor": 4})
    assert log.redact("Ann") == 1
    assert log.revert(part, where={"survivor": 2}) == [golden[0], *TWICE[2:]]


def keyed() -> tuple[Rows, ChangeLog]:
    return apply_merges(PEOPLE, survivor_of={1: 0, 4: 3}, cells={"status": {0: "merged", 3: "merged"}}, key="id")


def test_with_a_key_a_golden_record_that_was_exchanged_for_another_is_noticed() -> None:
    golden, log = keyed()
    with pytest.raises(ConflictError, match="the frame has 3 rows, not 3 to 5"):
        log.revert([golden[0], {**golden[1], "id": "1"}, golden[2]])
    with pytest.raises(ConflictError, match="not the ones that the run left, or not in their order"):
        log.revert([golden[2], golden[1], golden[0]])
    with pytest.raises(ConflictError, match="not the ones that the run left"):
        log.revert([{**golden[0], "id": "x"}, *golden[1:]])
    assert log.revert([golden[0], {"id": "x", "name": "?", "status": "?"}, golden[2]])[2]["id"] == "x"


def test_with_a_key_parts_are_undone_whatever_the_rows_hold(tmp_path: Path) -> None:
    golden, log = keyed()
    log = saved(log, tmp_path)
    part = log.revert(golden, where={"survivor": 3})
    assert [row["id"] for row in part] == ["0", "2", "3", "4"]
    touched = [*part[:3], {**part[3], "name": "edited since"}]
    back = log.revert(touched)
    assert back == [*PEOPLE[:4], {**PEOPLE[4], "name": "edited since"}]


def test_a_cell_of_a_survivor_whose_row_was_edited_since_is_named_by_row_id_and_column() -> None:
    golden, log = keyed()
    with pytest.raises(ConflictError, match="row 3 'status' holds another value than the run left") as caught:
        log.revert([*golden[:2], {**golden[2], "status": "SECRET"}])
    (conflict,) = caught.value.conflicts
    assert (conflict.row, conflict.record_id, conflict.path) == (3, "3", "status")
    assert "SECRET" not in str(caught.value)


def test_only_the_first_of_many_conflicts_are_in_the_message_and_all_in_the_error() -> None:
    rows = [{"a": number} for number in range(9)]
    changed, log = apply_edits(rows, Edits(path=["a"] * 9, row=list(range(9)), after=["x"] * 9))
    with pytest.raises(
        ConflictError, match=r"cannot undo 9 change\(s\), so none was undone: row 0 'a' .*; and 4 more$"
    ) as caught:
        log.revert([{"a": "y"}] * 9)
    assert [conflict.row for conflict in caught.value.conflicts] == list(range(9))
    assert changed == [{"a": "x"}] * 9


# What is asked of a run before anything is done


def test_a_golden_value_for_a_row_that_is_not_there_is_refused() -> None:
    for row in (-1, 5):
        with pytest.raises(SchemaError, match="row out of range: the frame has rows 0 to 4"):
            apply_merges(PEOPLE, survivor_of={1: 0}, cells={"status": {row: "x"}})


def test_a_clock_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="the clock gives a naive moment"):
        apply_edits(PEOPLE, CLOSED, now=lambda: dt.datetime(2026, 1, 1))
    later = dt.timezone(dt.timedelta(hours=8))
    _, log = apply_edits(PEOPLE, CLOSED, now=lambda: dt.datetime(2026, 1, 1, 7, tzinfo=later))
    assert log[0].at == "2025-12-31T23:00:00.000Z"


def test_an_edit_that_a_typed_column_turns_into_what_it_held_is_no_change() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"n": [7, 8, 9], "x": [1.0, 2.0, 3.0]})
    edits = Edits(path=["n", "n", "x"], row=[0, 1, 2], after=[7.0, 80.0, 30], rule=["same", "other", "third"])
    changed, log = apply_edits(frame, edits)
    assert changed["n"].tolist() == [7, 80, 9]
    assert [(change.rule, change.before, change.after) for change in log] == [("other", 8, 80), ("third", 3.0, 30.0)]
    assert log.column("path") == ["n", "x"]
    pd.testing.assert_frame_equal(log.revert(changed), frame)


def test_a_cell_changed_twice_is_undone_once_even_in_a_column_that_had_to_become_text() -> None:
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"n": [1, 2]})
    changed, log = apply_edits(frame, Edits(path=["n", "n"], row=[0, 0], after=[5, "five"], rule=["r", "s"]))
    assert changed["n"].to_list() == ["five", "2"]
    assert log.revert(changed).equals(frame)
    half = log.revert(changed, where={"rule": "s"})
    assert half["n"].to_list() == ["5", "2"]
    assert log.revert(half).equals(frame)
    assert log.revert(log.revert(half)).equals(frame)


def test_undoing_twice_does_no_harm_where_a_cell_was_changed_twice(tmp_path: Path) -> None:
    rows = [{"a": "x"}, {"a": "x"}]
    edits = Edits(path=["a"] * 4, row=[0, 0, 0, 1], after=["y", "x", "z", "y"], rule=["r", "s", "t", "r"])
    changed, log = apply_edits(rows, edits)
    log = saved(log, tmp_path)
    assert changed == [{"a": "z"}, {"a": "y"}]
    assert log.revert(log.revert(changed)) == rows
    assert log.revert(rows, where={"rule": "t"}) == rows
    with pytest.raises(ConflictError, match="row 0 'a' holds another value"):
        log.revert([{"a": "elsewhere"}, rows[1]])


def test_what_a_log_shows_of_rows_and_missing_values_is_text_or_none() -> None:
    golden, log = apply_merges(TWICE, survivor_of={3: 2}, cells={"phone": {2: "2"}})
    shown = log.to_frame(like=[])
    assert [row["before"] for row in shown] == [None, "name=Bob; phone=2"]
    assert [row["after"] for row in shown] == ["2", "2"]
    assert log.key is None
    assert apply_edits(PEOPLE, CLOSED, key="id")[1].key == "id"
    assert golden[2]["phone"] == "2"
