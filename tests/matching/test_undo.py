from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmkit as ck
from crmkit import frames
from crmkit.errors import ConflictError, NotFoundError
from crmkit.matching import MergeLog, Survivorship, United, merge_clusters

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

PEOPLE = [
    {"id": "a", "tel": "1", "city": None},
    {"id": "b", "tel": None, "city": "Oslo"},
    {"id": "c", "tel": "3", "city": "Bergen"},
    {"id": "d", "tel": None, "city": "Oslo"},
    {"id": "e", "tel": "5", "city": None},
]

KINDS = {
    "records": lambda rows: rows,
    "pandas": lambda rows: pd.DataFrame(rows, index=[f"r{k}" for k in range(len(rows))]),
    "polars": pl.DataFrame,
    "arrow": pa.Table.from_pylist,
}


def same(one, other):
    return one == other if isinstance(one, list) else one.equals(other)


def three_runs(frame):
    """B goes into A; then D into C; then C into A."""
    first, log1 = merge_clusters(frame, {"a": 1, "b": 1}, key="id", survivors=["a"])
    second, log2 = merge_clusters(first, {"c": 1, "d": 1}, key="id", survivors=["c"], previous=log1)
    third, log3 = merge_clusters(second, {"a": 1, "c": 1}, key="id", survivors=["a"], previous=log2)
    return first, second, third, log3


@pytest.mark.parametrize("kind", KINDS)
def test_everything_is_undone_in_every_kind_of_frame(kind):
    frame = KINDS[kind](PEOPLE)
    *_, golden, log = three_runs(frame)
    back, log = log.undo(golden)
    assert same(back, frame)
    assert log.pointers() == {}
    assert len(log.undone) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_merge_is_undone_alone(kind):
    frame = KINDS[kind](PEOPLE)
    _, second, golden, log = three_runs(frame)
    back, log = log.undo(golden, "c")
    assert same(back, second)
    assert log.pointers() == {"b": "a", "d": "c"}


def test_a_merge_that_others_build_on_is_refused_with_the_reason():
    *_, golden, log = three_runs(PEOPLE)
    with pytest.raises(ConflictError, match=f"run {log.run_id}.*merged 2 records.*together=True") as caught:
        log.undo(golden, "b")
    assert [conflict.record_id for conflict in caught.value.conflicts] == ["a"]
    assert log.undone == ()


def test_what_builds_on_it_is_undone_together_on_request():
    *_, golden, log = three_runs(PEOPLE)
    back, log = log.undo(golden, "b", together=True)
    assert back == [PEOPLE[0], PEOPLE[1], {"id": "c", "tel": "3", "city": "Bergen"}, PEOPLE[4]]
    assert log.pointers() == {"d": "c"}
    back, log = log.undo(back, "d")
    assert back == PEOPLE


def test_a_merge_that_nothing_builds_on_is_undone_after_later_ones():
    _, second, _, log = three_runs(PEOPLE)
    two = log.runs[1]
    back, two = two.undo(second, "b")
    assert [row["id"] for row in back] == ["a", "b", "c", "e"]
    back, two = two.undo(back, ["d"])
    assert back == PEOPLE


def test_a_set_of_merges_is_undone_at_once():
    golden, log = merge_clusters(PEOPLE, {"a": 1, "b": 1, "c": 2, "d": 2}, key="id")
    back, log = log.undo(golden, ["b", "c"])
    assert back == PEOPLE
    assert [one.run_id for one in log.undone] == [log.run_id] * 2


def test_a_run_names_which_of_several_merges_is_meant():
    first, log1 = merge_clusters(PEOPLE, {"a": 1, "b": 1}, key="id", survivors=["a"])
    golden, log = merge_clusters(first, {"a": 1, "c": 1}, key="id", survivors=["a"], previous=log1)
    back, _ = log.undo(golden, "a")
    assert back == first
    with pytest.raises(ConflictError):
        log.undo(golden, "a", run_id=log1.run_id)
    assert log.undo(golden, "a", run_id=log1.run_id, together=True)[0] == PEOPLE
    with pytest.raises(NotFoundError, match="unknown run"):
        log.undo(golden, "a", run_id="nothing")


def test_rows_may_have_been_added_and_moved_since():
    golden, log = merge_clusters(PEOPLE, {"a": 1, "b": 1, "d": 2, "e": 2}, key="id", survivors=["a", "d"])
    moved = [{"id": "new", "tel": None, "city": None}, *reversed(golden)]
    back, log = log.undo(moved, "b")
    assert sorted(row["id"] for row in back) == ["a", "b", "c", "d", "new"]
    assert back[back.index(PEOPLE[0]) + 1] == PEOPLE[1]
    assert PEOPLE[0] in back


def test_a_value_that_somebody_changed_since_is_not_overwritten():
    golden, log = merge_clusters(PEOPLE, {"a": 1, "b": 1}, key="id", survivors=["a"])
    edited = [dict(row) for row in golden]
    edited[0]["city"] = "Trondheim"
    with pytest.raises(ConflictError, match="'city' holds another value") as caught:
        log.undo(edited, "b")
    assert "Trondheim" not in str(caught.value)
    assert "Oslo" not in str(caught.value)


def test_a_table_that_went_through_a_file_of_text_is_undone_by_text(tmp_path):
    rows = [row | {"n": k} for k, row in enumerate(PEOPLE)]
    golden, log = merge_clusters(pd.DataFrame(rows), {"a": 1, "b": 1, "d": 2, "e": 2}, key="id", survivors=["a", "e"])
    golden.to_csv(tmp_path / "golden.csv", index=False)
    back, _ = log.undo(ck.read_csv(tmp_path / "golden.csv"), ["b", "d"])
    assert back.to_dicts() == [row | {"n": str(row["n"])} for row in rows]


def test_a_golden_record_that_is_gone_or_there_twice_is_a_conflict():
    golden, log = merge_clusters(PEOPLE, {"a": 1, "b": 1}, key="id", survivors=["a"])
    with pytest.raises(ConflictError, match="not in the frame"):
        log.undo(golden[1:], "b")
    with pytest.raises(ConflictError, match="twice"):
        log.undo([*golden, golden[0]], "b")


def test_a_record_that_came_back_by_itself_is_not_there_twice():
    golden, log = merge_clusters(PEOPLE, {"a": 1, "b": 1}, key="id", survivors=["a"])
    again = {"id": "b", "tel": "9", "city": "Oslo"}
    back, _ = log.undo([*golden, again], "b")
    assert [row["id"] for row in back] == ["a", "c", "d", "e", "b"]
    assert back[-1] is again or back[-1] == again


def test_what_was_undone_is_not_undone_again():
    golden, log = merge_clusters(PEOPLE, {"a": 1, "b": 1}, key="id")
    back, log = log.undo(golden, "b")
    with pytest.raises(NotFoundError, match="took part in no merge"):
        log.undo(back, "b")
    assert log.undo(back) == (back, log) or log.undo(back)[0] == back


def test_an_unknown_record_is_refused_without_its_id():
    golden, log = merge_clusters(PEOPLE, {"a": 1, "b": 1}, key="id")
    with pytest.raises(NotFoundError) as caught:
        log.undo(golden, "secret-person")
    assert "secret-person" not in str(caught.value)


def test_without_record_ids_rows_are_named_by_their_position():
    rows = [{"name": "Ann", "tel": "1"}, {"name": "Ann", "tel": None}, {"name": "Bo", "tel": None}]
    golden, log = merge_clusters(rows, [0, 0, 1])
    assert log.pointers() == {"1": "0"}
    back, _ = log.undo(golden, 1)
    assert back == rows


def test_undoing_is_recorded_without_values():
    class Sink:
        def record(self, action, **said):
            self.said = {"action": action, **said}

    sink = Sink()
    *_, golden, log = three_runs(PEOPLE)
    log.undo(golden, "b", together=True, by="lin", reason="not the same", audit=sink)
    assert sink.said["action"] == "records.unmerge"
    assert (sink.said["actor"], sink.said["purpose"], sink.said["count"]) == ("lin", "not the same", 2)
    assert sink.said["detail"]["merges"] == 2
    assert "Oslo" not in str(sink.said)


CELLS = st.one_of(st.none(), st.sampled_from(["x", "y", "n/a", "x; y", ""]))


@st.composite
def histories(draw):
    """A table, and merges one after the other, with rows that are added between them."""
    count = draw(st.integers(1, 8))
    rows = [{"id": f"r{k}", "p": draw(CELLS), "q": draw(CELLS)} for k in range(count)]
    steps = []
    for number in range(draw(st.integers(1, 4))):
        added = [{"id": f"n{number}{k}", "p": draw(CELLS), "q": draw(CELLS)} for k in range(draw(st.integers(0, 2)))]
        steps.append((added, draw(st.lists(st.integers(0, 3), min_size=20, max_size=20))))
    return rows, steps, draw(st.randoms(use_true_random=False))


@settings(max_examples=12, deadline=None)
@given(histories())
def test_undoing_in_any_order_gives_back_what_went_in(history):
    undo_in_any_order(history)


@pytest.mark.thorough
@settings(max_examples=2000, deadline=None)
@given(histories())
def test_undoing_in_any_order_gives_back_what_went_in_of_many(history):
    undo_in_any_order(history)


def undo_in_any_order(history):
    rows, steps, random = history
    expected, current, log = list(rows), list(rows), None
    for added, labels in steps:
        expected += added
        current = [*current, *added]
        rules = Survivorship({"p": United("; ")} if random.random() < 0.5 else {})
        current, log = merge_clusters(current, labels[: len(current)], key="id", survivorship=rules, previous=log)
    assert sorted([*log.pointers(), *(row["id"] for row in current)]) == sorted(row["id"] for row in expected)
    names = sorted(log.pointers())
    random.shuffle(names)
    for name in names:
        if name in log.pointers():
            try:
                current, log = log.undo(current, name)
            except ConflictError:
                current, log = log.undo(current, name, together=True)
        assert not set(log.pointers()) & {row["id"] for row in current}
    assert current == expected
    assert log.pointers() == {}


@settings(max_examples=8, deadline=None)
@given(histories(), st.sampled_from(sorted(KINDS)))
def test_everything_undone_at_once_gives_back_what_went_in(history, kind):
    rows, steps, _ = history
    frame = KINDS[kind](rows)
    current, log = frame, None
    for _, labels in steps:
        current, log = merge_clusters(current, labels[: len(current)], key="id", previous=log)
    assert isinstance(log, MergeLog)
    assert same(log.undo(current)[0], frame)


@dataclasses.dataclass
class Person:
    id: str
    n: int | None
    t: str | None


ROWS = [{"id": "a", "n": 1, "t": None}, {"id": "b", "n": 2, "t": "5"}, {"id": "c", "n": 3, "t": "7"}]
FRAMES = {
    "rows": lambda rows: [dict(row) for row in rows],
    "columns": lambda rows: {name: [row[name] for row in rows] for name in rows[0]},
    "objects": lambda rows: [Person(**row) for row in rows],
    "pandas": pd.DataFrame,
    "pandas by name": lambda rows: pd.DataFrame(rows, index=[f"row {row['id']}" for row in rows]),
    "pandas by two": lambda rows: pd.DataFrame(rows, index=pd.MultiIndex.from_tuples([(r["id"], 1) for r in rows])),
    "pandas by day": lambda rows: pd.DataFrame(rows, index=pd.date_range("2026-01-01", periods=len(rows))),
    "polars": pl.DataFrame,
    "pyarrow": pa.Table.from_pylist,
}


def cells_of(frame):
    table = frames.read(frame)
    return [dict(zip(table.columns, row, strict=True)) for row in zip(*map(table.column, table.columns), strict=True)]


@pytest.mark.parametrize("later", FRAMES)
@pytest.mark.parametrize("first", [*FRAMES, "file"])
def test_merges_of_one_kind_of_frame_are_undone_in_any_other(first, later, tmp_path):
    if first == "file":
        path = tmp_path / "people.csv"
        path.write_text("id,n,t\na,1,\nb,2,5\nc,3,7\n", encoding="utf-8")
        frame = ck.read_csv(path)
    else:
        frame = FRAMES[first](ROWS)
    golden, log = merge_clusters(frame, {"a": 1, "b": 1}, key="id")
    log.save(tmp_path / "log.jsonl")
    rows = [{**row, "n": int(row["n"])} for row in cells_of(golden)]
    for known in (log, MergeLog.load(tmp_path / "log.jsonl")):
        for undone in (known.undo(FRAMES[later](rows), "b")[0], known.revert(FRAMES[later](rows))):
            assert [{**row, "n": int(row["n"])} for row in cells_of(undone)] == ROWS  # a file holds texts
            assert type(undone) is type(FRAMES[later](rows))
            if later == "pandas":
                assert undone.index.equals(pd.RangeIndex(3))
            if later == "objects" and first != "file":
                assert undone == FRAMES[later](ROWS)
