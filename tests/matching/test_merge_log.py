from __future__ import annotations

import datetime as dt
import uuid
import zoneinfo
from decimal import Decimal

import numpy as np
import pytest

from crmkit import frames
from crmkit.errors import ConflictError, InvalidValueError, NotFoundError, SchemaError, ShapeError
from crmkit.matching import Longest, Matcher, MergeLog, merge_clusters
from crmkit.records import RecordSet
from crmkit.testing import generate

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

PEOPLE = [
    {"id": 1, "name": "Ann Lee", "tel": None, "city": "Oslo"},
    {"id": 2, "name": "Anne Lee", "tel": "+12025550111", "city": "Bergen"},
    {"id": 3, "name": "Bo Berg", "tel": None, "city": "Oslo"},
    {"id": 4, "name": "A. Lee", "tel": "+12025550122", "city": "Oslo"},
]
DEALS = {"deal": ["d1", "d2", "d3", "d4"], "contact": [2, 3, None, 4], "amount": [1.5, 2.0, 3.0, None]}


@pytest.fixture
def merged():
    return merge_clusters(PEOPLE, {1: "x", 2: "x", 4: "x"}, key="id", survivors=[1], survivorship={"name": Longest()})


FRAMES = {
    "mapping": lambda columns: columns,
    "records": lambda columns: [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)],
    "recordset": RecordSet,
    "pandas": pd.DataFrame,
    "pandas Int64": lambda columns: pd.DataFrame(columns).astype({"contact": "Int64"}),
    "polars": pl.DataFrame,
    "arrow": pa.table,
}


@pytest.mark.parametrize("kind", FRAMES)
def test_child_records_follow_in_every_kind_of_frame_and_go_back(merged, kind):
    deals = FRAMES[kind](DEALS)
    _, log = merged
    moved, rebinds = log.repoint(deals, "contact", key="deal", by="lin")
    assert type(moved) is type(deals)
    assert [None if value is None else int(value) for value in frames.read(moved).column("contact")] == [1, 3, None, 1]
    assert {change.kind for change in rebinds} == {"rebind"}
    assert [change.record_id for change in rebinds] == ["d1", "d4"]
    back = rebinds.revert(moved)
    assert back.equals(deals) if kind.startswith("pandas") or kind in {"polars", "arrow"} else back == deals


def test_several_columns_and_cells_of_several_ids_are_followed():
    _, log = merge_clusters([{"id": "a"}, {"id": "b"}, {"id": "c"}], {"a": 1, "b": 1}, key="id", survivors=["a"])
    rows = [{"who": "b", "with": "a; b; c"}, {"who": "c", "with": "c"}, {"who": None, "with": 7}]
    moved, _ = log.repoint(rows, ["who", "with"], separator="; ")
    assert moved == [{"who": "a", "with": "a; c"}, {"who": "c", "with": "c"}, {"who": None, "with": 7}]
    with pytest.raises(SchemaError, match="did you mean 'with'"):
        log.repoint(rows, "wiht")


def test_ids_that_were_read_as_floats_and_texts_are_the_same_ids(merged):
    _, log = merged
    assert log.repoint([{"c": 2.0}, {"c": "2"}, {"c": True}], "c")[0] == [{"c": 1.0}, {"c": "1"}, {"c": True}]


def test_pointers_lead_to_the_last_record():
    rows = [{"id": name} for name in "abcd"]
    golden, log = merge_clusters(rows, {"a": 1, "b": 1}, key="id", survivors=["b"])
    golden, log = merge_clusters(golden, {"b": 1, "c": 1}, key="id", survivors=["c"], previous=log)
    golden, log = merge_clusters(golden, {"c": 1, "d": 1}, key="id", survivors=["d"], previous=log)
    assert golden == [{"id": "d"}]
    assert log.pointers() == {"a": "d", "b": "d", "c": "d"}
    assert log.survivor_of("a") == log.survivor_of("d") == "d"
    with pytest.raises(NotFoundError):
        log.survivor_of("z")


def test_a_merged_record_that_came_back_points_where_it_went_last():
    rows = [{"id": name} for name in "abc"]
    golden, log = merge_clusters(rows, {"a": 1, "b": 1}, key="id", survivors=["a"])
    again, log = merge_clusters([*golden, {"id": "b"}], {"a": 1, "b": 1}, key="id", survivors=["b"], previous=log)
    assert [row["id"] for row in again] == ["c", "b"]
    assert log.pointers() == {"a": "b"}
    back, log = log.undo(again)
    assert sorted(row["id"] for row in back) == ["a", "b", "c"]


def test_every_cell_says_where_it_came_from(merged):
    golden, log = merged
    assert golden[0] == {"id": 1, "name": "Anne Lee", "tel": "+12025550111", "city": "Oslo"}
    found = {row["path"]: (row["record_id"], row["source"], row["rule"]) for row in log.provenance().to_dicts()}
    assert found["name"] == ("1", "2", "Longest()")
    assert found["tel"][:2] == ("1", "2")
    assert found["city"][:2] == ("1", "1")
    assert found["id"] == ("1", "1", "SurvivorsOwn()")
    assert type(log.provenance(like=pl.DataFrame())) is pl.DataFrame


def test_what_a_value_could_have_been_is_kept(merged):
    golden, log = merged
    found = {(row["path"], row["alternative"], row["source"]) for row in log.alternatives(golden)}
    assert found == {
        ("name", "Ann Lee", "1"), ("name", "A. Lee", "4"), ("tel", "+12025550122", "4"), ("city", "Bergen", "2"),
    }  # fmt: skip
    assert log.alternatives(list(reversed(golden))) == log.alternatives(golden)
    with pytest.raises(ConflictError):
        log.alternatives(golden[1:])
    back, log = log.undo(golden, 1)
    assert log.alternatives(back) == []


def test_alternatives_of_a_table_without_ids_go_by_position():
    rows = [{"x": "a"}, {"x": "c"}, {"x": "b"}]
    golden, log = merge_clusters(rows, [0, 1, 0], survivors=[2])
    assert log.alternatives(golden) == [
        {"record_id": "2", "path": "x", "kept": "a", "alternative": "b", "source": "2"}
    ] or (log.alternatives(golden)[0]["record_id"] == "2")
    with pytest.raises(ConflictError):
        log.alternatives(golden[1:])


def test_the_merges_of_all_runs_are_a_frame(merged):
    golden, log = merged
    golden, log = merge_clusters(golden, {1: 0, 3: 0}, key="id", survivors=[3], previous=log, by="lin")
    _, log = log.undo(golden, 1)
    rows = log.to_frame(what="merges").to_dicts()
    assert [(row["record_id"], row["survivor_id"], row["by"], row["undone"]) for row in rows] == [
        ("2", "1", None, False), ("4", "1", None, False), ("1", "3", "lin", True),
    ]  # fmt: skip
    assert len(log.to_frame()) == len(log)


def test_merging_is_recorded_in_an_audit_log(merged):
    class Sink:
        def record(self, action, **said):
            self.said = {"action": action, **said}

    sink = Sink()
    merge_clusters(PEOPLE, {1: 0, 2: 0}, key="id", by="lin", reason="clean-up", audit=sink)
    assert (sink.said["action"], sink.said["actor"], sink.said["purpose"]) == ("records.merge", "lin", "clean-up")
    assert "Lee" not in str(sink.said)


def test_erasing_a_record_reaches_all_runs(merged):
    golden, log = merged
    golden, log = merge_clusters(golden, {1: 0, 3: 0}, key="id", survivors=[3], previous=log)
    assert log.redact("2") > 0
    assert log.runs[0].redacted > 0
    log.verify()
    with pytest.raises(ConflictError, match="erased"):
        log.undo(golden, 2, together=True)


def test_nothing_is_shown_in_the_repr(merged):
    _, log = merged
    assert "Lee" not in repr(log)
    assert "2 records merged" in repr(log)


@pytest.mark.parametrize(
    "clusters",
    [
        {1: "x", 2: "x", 4: "x"}, {"1": "x", "2": "x", "4": "x", "3": None}, ["x", "x", "y", "x"],
        np.array([0, 0, 1, 0]), {"record_id": [1, 2, 4], "cluster_id": [0, 0, 0]},
        [{"record_id": 1, "cluster_id": 0}, {"record_id": 2, "cluster_id": 0}, {"record_id": 4, "cluster_id": 0}],
        pl.DataFrame({"record_id": [1, 2, 4], "cluster_id": [0, 0, 0]}), pd.Series([0, 0, 1, 0]),
        pl.Series(["x", "x", None, "x"]), [1.5, 1.5, float("nan"), 1.5],
        pd.DataFrame({"record_id": [1, 2, 3, 4], "cluster_id": [0, 0, None, 0]}),
    ],
    ids=repr,
)  # fmt: skip
def test_clusters_are_taken_in_any_form(clusters):
    golden, log = merge_clusters(PEOPLE, clusters, key="id")
    assert log.merged == 2
    assert log.revert(golden) == PEOPLE


def test_records_whose_cluster_is_missing_are_not_merged():
    for missing in (None, float("nan"), pd.NA, pd.NaT):
        assert merge_clusters(PEOPLE, [missing] * 4, key="id")[0] == PEOPLE
        assert merge_clusters(PEOPLE, {1: missing, 2: missing}, key="id")[0] == PEOPLE
    nothing = np.full(4, np.nan)
    assert merge_clusters(PEOPLE, nothing, key="id")[0] == PEOPLE
    assert merge_clusters(PEOPLE, pd.DataFrame({"record_id": [1, 2], "cluster_id": nothing[:2]}), key="id")[0] == PEOPLE


def test_a_text_is_one_survivor():
    rows = [{"id": name, "x": name} for name in ("1", "2", "12")]
    assert merge_clusters(rows, [0, 0, 0], key="id", survivors="12")[0][0]["id"] == "12"


def test_clusters_that_cannot_be_merged_are_refused():
    for wrong in ([[1, 2], [3], [4], []], np.zeros((4, 2)), None, "0011"):
        with pytest.raises(SchemaError):
            merge_clusters(PEOPLE, wrong, key="id")
    with pytest.raises(NotFoundError, match="2 of the records in clusters= are not in the table"):
        merge_clusters(PEOPLE, {1: 0, 7: 0, "secret": 0}, key="id")
    with pytest.raises(NotFoundError, match="survivors="):
        merge_clusters(PEOPLE, {1: 0, 2: 0}, key="id", survivors=[9])
    with pytest.raises(InvalidValueError, match="two records of one cluster"):
        merge_clusters(PEOPLE, {1: 0, 2: 0}, key="id", survivors=[1, 2])
    with pytest.raises(InvalidValueError, match="in two clusters"):
        merge_clusters(PEOPLE, {"record_id": [1, 1], "cluster_id": [0, 1]}, key="id")
    with pytest.raises(ShapeError):
        merge_clusters(PEOPLE, [0, 0], key="id")
    with pytest.raises(SchemaError, match="'cluster_id'; did you mean 'cluster'"):
        merge_clusters(PEOPLE, [{"record_id": 1, "cluster": 0}], key="id")
    with pytest.raises(SchemaError, match="'city' is no record id here"):
        merge_clusters(PEOPLE, [0] * 4, key="city")
    with pytest.raises(SchemaError, match="did you mean 'id'"):
        merge_clusters(PEOPLE, [0] * 4, key="idd")


def test_records_without_any_value_are_merged_and_come_back():
    rows = [{"id": str(k), "x": None, "y": None} for k in range(4)]
    golden, log = merge_clusters(rows, [0, 0, 1, 1], key="id")
    assert golden == [rows[0], rows[2]]
    assert log.undo(golden)[0] == rows
    assert merge_clusters([], [])[0] == []


def test_a_cluster_of_ten_thousand_records_is_merged_and_taken_apart():
    n = 10_000
    rows = {
        "id": [f"r{k}" for k in range(n)],
        "email": [f"p{k % 500}@example.com" if k % 3 else None for k in range(n)],
        "updated_at": [f"2026-01-{k % 28 + 1:02}" for k in range(n)],
    }
    golden, log = merge_clusters(rows, [0] * n, key="id")
    assert len(golden["id"]) == 1
    assert log.merged == n - 1
    back, log = log.undo(golden, "r5")
    assert back == rows
    assert log.pointers() == {}


def test_no_value_is_lost_by_a_merge():
    columns = generate.contacts(400, seed=11).columns
    golden, log = Matcher.contacts().dedupe(columns).merge()
    place = {record: row for row, record in enumerate(columns["id"])}
    held = {record: row for row, record in enumerate(golden["id"])}
    kept = {(row["record_id"], row["path"], row["alternative"]) for row in records_of(log.alternatives(golden))}
    for loser, survivor in log.pointers().items():
        for path, values in columns.items():
            value = values[place[loser]]
            if path != "id" and value is not None and value != golden[path][held[survivor]]:
                assert (survivor, path, str(value)) in kept


def records_of(frame):
    return [dict(zip(frame, row, strict=True)) for row in zip(*frame.values(), strict=True)]


ZONE = zoneinfo.ZoneInfo("UTC")  # frames read every other one alike, but pandas keeps its offsets by the zone's address
IDS = {
    "integers": [1, 2, 3],
    "negative": [-1, -2, -3],
    "large": [2**62 + 1, 2**62 + 3, 2**62 + 5],
    "fractions": [1.5, 2.5, 1e300],
    "decimals": [Decimal("1.50"), Decimal("2.50"), Decimal("3.00")],
    "uuids": [uuid.UUID(int=k) for k in (1, 2, 3)],
    "days": [dt.date(2026, 1, k) for k in (1, 2, 3)],
    "midnights": [dt.datetime(2026, 1, k) for k in (1, 2, 3)],
    "moments": [dt.datetime(2026, 1, k, 5, 6, 7, 8) for k in (1, 2, 3)],
    "moments of a zone": [dt.datetime(2026, 1, k, 5, tzinfo=ZONE) for k in (1, 2, 3)],
    "bytes": [b"a", b"\xc3\xa4", b"c"],
    "texts": ["007", "7", "-7"],
}


@pytest.mark.parametrize("saved", [False, True])
@pytest.mark.parametrize("name", IDS)
def test_pointers_keep_their_type_and_that_of_their_column(name, saved, tmp_path):
    stays, goes, other = IDS[name]
    _, log = merge_clusters({"id": IDS[name], "n": [1, 2, 3]}, [0, 0, 1], key="id", survivors=[stays])
    if saved:
        log.save(tmp_path / "log.jsonl")
        log = MergeLog.load(tmp_path / "log.jsonl")
    children = {"id": [1, 2, 3, 4], "who": [goes, other, None, stays]}
    expected = [stays, other, None, stays]
    moved, rebinds = log.repoint(children, "who", key="id")
    assert moved["who"] == expected
    assert [type(one) for one in moved["who"]] == [type(one) for one in expected]
    assert rebinds.revert(moved) == children
    makers = [pl.DataFrame, pd.DataFrame, pa.table] if name != "uuids" else [pd.DataFrame]
    for make in makers:
        frame = make(children)
        moved, rebinds = log.repoint(frame, "who", key="id")
        assert frames.read(moved).dtype("who") == frames.read(frame).dtype("who")
        assert frames.read(moved).column("who") == frames.read(make({**children, "who": expected})).column("who")
        assert rebinds.revert(moved).equals(frame)


def test_pointers_of_whole_numbers_stay_integers_in_pandas():
    _, log = merge_clusters({"id": ["-1", "-2", "3"]}, [0, 0, 1], key="id", survivors=["-1"])
    moved, _ = log.repoint(pd.DataFrame({"who": [-2, 3]}), "who")
    assert (moved["who"].dtype, moved["who"].tolist()) == ("int64", [-1, 3])


def test_an_id_that_the_type_of_a_pointer_cannot_hold_is_text():
    for stays in ("007", "A7", "", "1e3"):
        _, log = merge_clusters({"id": [stays, "8"]}, [0, 0], key="id", survivors=[stays])
        for value in (8, 8.0, Decimal(8)):
            assert log.repoint([{"who": value}], "who")[0] == [{"who": stays}]
