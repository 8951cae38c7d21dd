"""Two systems kept in step: three-way compare, sources of truth, deletions, clocks, and plans as data."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit._canonical import json_bytes
from crmkit.errors import ConflictError, FixityError, FormatError, NotFoundError, SchemaError, ShapeError
from crmkit.sync import Agreed, Consistency, Monitor, SyncPlan, SyncRules, plan_sync, plan_upsert

AT = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)


def now():
    return AT


def row(key, phone="1", city="Oslo", **more):
    return {"id": key, "phone": phone, "city": city, **more}


def ago(**spans):
    return (AT - dt.timedelta(**spans)).isoformat()


# -- cells ------------------------------------------------------------------------------------------------------------


def test_a_change_on_one_side_goes_to_the_other():
    agreed = [row("1"), row("2")]
    left, right = [row("1", phone="2"), row("2")], [row("1", city="Bergen"), row("2")]
    plan = plan_sync(left, right, key="id", agreed=agreed)
    assert [(step.side, step.columns, step.before, step.after, step.reasons) for step in plan.steps] == [
        ("right", ("phone",), ("1",), ("2",), ("left_changed",)),
        ("left", ("city",), ("Oslo",), ("Bergen",), ("right_changed",)),
    ]
    assert plan.ok
    assert plan.apply(left, "left").frame == plan.apply(right, "right").frame == [row("1", "2", "Bergen"), row("2")]


def test_the_same_change_on_both_sides_is_no_difference():
    plan = plan_sync([row("1", phone="9")], [row("1", phone="9")], key="id", agreed=[row("1")])
    assert plan.is_empty
    assert plan.agreed.cell(("1",), "phone") == "9"


def test_two_changes_of_one_cell_are_left_to_a_person_who_may_decide_by_side():
    left, right = [row("1", phone="2")], [row("1", phone="3")]
    plan = plan_sync(left, right, key="id", agreed=[row("1")])
    (conflict,) = plan.conflicts
    assert (conflict.reason, conflict.left, conflict.right, conflict.agreed) == ("both_changed", ("2",), ("3",), ("1",))
    assert not plan.steps
    assert not plan.ok
    assert plan.explain() == ["both sides changed it since they last agreed (1)"]
    assert plan.explain("zh") == ["自上次一致以来两侧都改过 (1)"]
    for take, expected in (("left", "2"), ("right", "3")):
        decided = plan.resolve(take)
        assert decided.ok
        assert decided.apply(left, "left").frame == decided.apply(right, "right").frame == [row("1", phone=expected)]


def test_what_was_never_agreed_on_is_a_conflict_unless_there_is_a_source_of_truth():
    left, right = [row("1", phone="2")], [row("1", phone="3")]
    assert plan_sync(left, right, key="id").conflict_counts() == {"never_agreed": 1}
    rules = SyncRules(source={"phone": "right"})
    assert plan_sync(left, right, key="id", rules=rules).apply(left, "left").frame == right


def test_a_source_of_truth_says_when_it_overrules_somebody():
    plan = plan_sync([row("1")], [row("1", phone="5")], key="id", agreed=[row("1")], rules=SyncRules(source="left"))
    assert plan.steps[0].reasons == ("overruled",)
    assert plan.counts()["overruled"] == 1


def test_ways_to_write_one_number_are_not_written_back_and_forth():
    left, right = [row("1", phone="+86 138 0013 8000")], [row("1", phone="13800138000")]
    plan = plan_sync(left, right, key="id", kinds={"phone": "phone"})
    assert plan.is_empty
    rules = SyncRules(source="left", ignore=())
    assert plan_sync(left, right, key="id", kinds={"phone": "phone"}, rules=rules).counts()["update_right"] == 1


def test_empty_cells_empty_the_other_side_or_say_nothing():
    left, right, agreed = [row("1", phone=None)], [row("1")], [row("1")]
    assert plan_sync(left, right, key="id", agreed=agreed).apply(right, "right").frame == left
    kept = plan_sync(left, right, key="id", agreed=agreed, rules=SyncRules(empty="keep"))
    assert not kept.steps
    assert kept.skipped == {"empty": 1}


def test_values_are_written_as_the_other_side_calls_them():
    values = {"stage": {"Closed Won": "won", "Open": "open", "Reopened": "open"}}
    left = [{"id": "1", "stage": "Closed Won"}, {"id": "2", "stage": "Open"}, {"id": "3", "stage": "Closed Won"}]
    right = [{"id": "1", "stage": "open"}, {"id": "2", "stage": "won"}, {"id": "3", "stage": "open"}]
    agreed = [{"id": "1", "stage": "open"}, {"id": "2", "stage": "open"}, {"id": "3", "stage": "won"}]
    plan = plan_sync(left, right, key="id", values=values, agreed=agreed)
    assert [(step.side, step.key, step.after) for step in plan.steps] == [
        ("right", ("1",), ("won",)), ("left", ("2",), ("Closed Won",)),
    ]  # fmt: skip
    assert plan.conflict_counts() == {"value_unknown": 1}, "two words on the left stand for 'open'"
    assert plan.resolve("right").conflict_counts() == {"value_unknown": 1}
    assert plan.resolve("left").steps[-1].after == ("won",)


# -- rows -------------------------------------------------------------------------------------------------------------


def test_new_rows_go_to_the_side_that_lacks_them():
    left, right = [row("1"), row("2")], [row("1"), row("3")]
    plan = plan_sync(left, right, key="id", agreed=[row("1")])
    assert (plan.counts()["create_right"], plan.counts()["create_left"]) == (1, 1)
    assert plan.apply(left, "left").frame == [row("1"), row("2"), row("3")]


@pytest.mark.parametrize("wanted", ["ask", "follow", "restore", "keep"])
def test_a_row_deleted_on_one_side_is_treated_as_the_rules_say(wanted):
    agreed = [row(str(n)) for n in range(50)]
    left, right = agreed, agreed[1:]
    plan = plan_sync(left, right, key="id", agreed=agreed, rules=SyncRules(deletions=wanted))
    if wanted == "ask":
        assert plan.conflict_counts() == {"deleted_on_right": 1}
        assert plan.resolve("right").apply(left, "left").frame == right
        assert len(plan.resolve("left").apply(right, "right").frame) == 50
    elif wanted == "follow":
        assert plan.apply(left, "left").frame == right
        assert ("0",) not in plan.agreed.rows
    elif wanted == "restore":
        assert plan.records("right", "create") == [row("0")]
    else:
        assert not plan.steps
        assert plan.skipped == {"deletion_kept": 1}
        assert ("0",) in plan.agreed.rows


def test_a_deleted_row_that_the_other_side_changed_is_a_conflict():
    agreed = [row(str(n)) for n in range(50)]
    left = [row("0", phone="7"), *agreed[1:]]
    plan = plan_sync(left, agreed[1:], key="id", agreed=agreed, rules=SyncRules(deletions="follow"))
    assert plan.conflict_counts() == {"deleted_and_changed": 1}


def test_an_export_that_came_back_empty_deletes_nothing():
    agreed = [row(str(n)) for n in range(50)]
    rules = SyncRules(deletions="follow")
    for nothing, more in (([], {}), ([dict.fromkeys(row("x"))], {"key_missing": 1})):
        plan = plan_sync(agreed, nothing, key="id", agreed=agreed, rules=rules)
        assert plan.conflict_counts() == {"too_many_deletions": 50, **more}
        assert not plan.steps
        assert len(plan.agreed) == 50


def test_rows_without_a_good_key_are_reported_and_not_touched():
    left = [row("1"), row("1", phone="2"), row(None, phone="3"), row("007")]
    right = [row("1", phone="9"), row("7", city="Bergen")]
    plan = plan_sync(left, right, key="id", agreed=[])
    assert plan.conflict_counts() == {"key_missing": 1, "key_doubled": 1, "almost_key": 1}
    assert not plan.steps, "a key that lost its zeros must not make a second record"
    assert not plan.resolve("left").ok, "none of these has a value to take"


# -- clocks -----------------------------------------------------------------------------------------------------------


def test_a_row_that_changed_just_now_is_pending_and_holds_the_watermark_back():
    rules = SyncRules(updated_at="at", settle=dt.timedelta(minutes=15), source="left")
    left = [row("1", phone="2", at=ago(minutes=3)), row("2", phone="2", at=ago(hours=3))]
    right = [row("1", at=ago(days=3)), row("2", at=ago(days=3))]
    plan = plan_sync(left, right, key="id", rules=rules, now=now)
    assert plan.pending == (("1",),)
    assert [step.key for step in plan.steps] == [("2",)]
    assert ("1",) not in plan.agreed.rows
    assert plan.agreed.watermark < AT - dt.timedelta(minutes=3)
    settled = plan_sync(left[1:], right[1:], key="id", rules=rules, now=now)
    assert settled.agreed.watermark == AT - dt.timedelta(minutes=20), "settle and skew before now"


def test_the_newest_wins_only_where_clocks_can_tell():
    rules = SyncRules(source="newest", updated_at=("at", "changed"), skew=dt.timedelta(minutes=5))

    def planned(mine, yours):
        left, right = [row("1", phone="2", at=mine)], [row("1", phone="3", changed=yours)]
        return plan_sync(left, right, key="id", agreed=[row("1")], rules=rules, now=now)

    assert planned(ago(hours=1), ago(hours=2)).steps[0].side == "right"
    assert planned(ago(hours=2), ago(hours=1)).steps[0].side == "left"
    assert planned(ago(minutes=62), ago(minutes=60)).conflict_counts() == {"both_changed": 1}, "within the skew"
    assert planned(ago(hours=-9), ago(hours=1)).conflict_counts() == {"both_changed": 1}, "a moment in the future"
    assert planned(ago(hours=-9), ago(hours=1)).ahead == 1
    assert planned("2026-03-02 10:00", ago(hours=1)).unreadable == 1, "a moment without a zone"
    assert planned(None, ago(hours=1)).conflict_counts() == {"both_changed": 1}


def test_a_clock_that_runs_ahead_does_not_keep_a_row_pending_for_ever():
    rules = SyncRules(updated_at="at", settle=dt.timedelta(minutes=15), source="left")
    left, right = [row("1", phone="2", at=ago(days=-400))], [row("1", at=ago(days=1))]
    plan = plan_sync(left, right, key="id", rules=rules, now=now)
    assert (plan.pending, plan.ahead, len(plan.steps)) == ((), 1, 1)


@pytest.mark.parametrize(("text", "hour"), [("2026-03-02 10:00", 2), ("2026-03-02T10:00:00+00:00", 10)])
def test_moments_without_a_zone_are_those_of_the_zone_that_the_rules_name(text, hour):
    import zoneinfo

    from crmkit.sync._moments import moment_of

    assert moment_of(text, zoneinfo.ZoneInfo("Asia/Shanghai")).hour == hour


@pytest.mark.parametrize("text", ["2026-03-29 02:30", "2026-10-25 02:30"])
def test_an_hour_that_summer_time_skips_or_repeats_is_no_moment(text):
    import zoneinfo

    from crmkit.sync._moments import moment_of

    assert moment_of(text, zoneinfo.ZoneInfo("Europe/Berlin")) is None


# -- tables in part ---------------------------------------------------------------------------------------------------


def test_what_changed_since_the_watermark_is_enough():
    agreed = Agreed.of([row(str(n)) for n in range(9)], key="id")
    left, right = [row("3", phone="2")], [row("5", city="Bergen"), row("new")]
    plan = plan_sync(left, right, key="id", agreed=agreed, partial=["left", "right"])
    assert [(step.side, step.kind, step.key) for step in plan.steps] == [
        ("right", "update", ("3",)), ("left", "update", ("5",)), ("left", "create", ("new",)),
    ]  # fmt: skip
    assert len(plan.agreed) == 10
    whole = [row(str(n)) for n in range(9)]
    assert plan.apply(whole, "right").counts() == {"done": 1, "already": 0, "conflicts": 0}


def test_a_row_in_conflict_that_was_fetched_from_one_side_only_stays_one():
    first = plan_sync([row("1", phone="2")], [row("1", phone="3")], key="id")
    assert first.conflict_counts() == {"never_agreed": 1}
    again = plan_sync([row("1", phone="4")], [row("2")], key="id", agreed=first.agreed, partial=["right"])
    assert again.conflict_counts() == {"not_fetched": 1}
    assert [step.key for step in again.steps] == [("2",)]


def test_a_table_in_part_needs_what_was_agreed():
    with pytest.raises(SchemaError, match="agreed="):
        plan_sync([row("1")], [row("2")], key="id", partial=["left"])


# -- plans as data ----------------------------------------------------------------------------------------------------


def test_a_plan_survives_a_crash_and_is_applied_once(tmp_path):
    left = [row("1", phone="2"), row("2"), row("3", city="Bergen")]
    right = [row("1"), row("3")]
    plan = plan_upsert(left, right, key="id")
    plan.save(tmp_path / "plan.json")
    half = [row("1", phone="2"), row("3")]  # the client wrote one record, then the machine went down
    found = SyncPlan.load(tmp_path / "plan.json")
    assert found.digest == plan.digest
    rest = found.outstanding(half, "right")
    assert [(step.kind, step.key) for step in rest.steps] == [("update", ("3",)), ("create", ("2",))]
    first = found.apply(half, "right")
    assert first.counts() == {"done": 2, "already": 1, "conflicts": 0}
    second = found.apply(first.frame, "right")
    assert second.counts() == {"done": 0, "already": 3, "conflicts": 0}
    assert second.frame == first.frame
    assert plan_upsert(left, second.frame, key="id").is_empty


def test_planning_again_gives_the_same_digest_and_another_table_another():
    left, right = [row("1", phone="2")], [row("1")]
    assert plan_upsert(left, right, key="id").digest == plan_upsert(left, right, key="id").digest
    assert plan_upsert(left, right, key="id").digest != plan_upsert([row("1", phone="4")], right, key="id").digest


def test_the_digest_is_that_of_the_published_vector():
    plan = plan_upsert([{"id": "1", "x": "2"}], [{"id": "1", "x": "1"}], key="id")
    assert plan.digest == "9efd35c828b1d50fecaa419b7bd7232398420ec54a698d3f7531a4d31097a039"


def test_an_edited_plan_is_refused(tmp_path):
    path = plan_upsert([row("1", phone="2")], [row("1")], key="id").save(tmp_path / "plan.json")
    document = json.loads(path.read_text())
    document["plan"]["steps"][0]["after"] = [["text", "666"]]
    path.write_bytes(json_bytes(document))
    with pytest.raises(FixityError):
        SyncPlan.load(path)
    document["format"] = "crmkit-sync-plan/2"
    path.write_bytes(json_bytes(document))
    with pytest.raises(FormatError, match="newer"):
        SyncPlan.load(path)
    path.write_text("{")
    with pytest.raises(FormatError):
        SyncPlan.load(path)


def test_a_row_that_moved_on_is_not_written_at_all():
    plan = plan_upsert(
        [row("1", phone="2", city="Bergen"), row("2"), row("3", phone="9")], [row("1"), row("3")], key="id"
    )
    live = [row("1", phone="5"), row("2", city="Rome")]
    applied = plan.apply(live, "right")
    assert applied.frame == live
    assert [conflict.reason for conflict in applied.conflicts] == ["moved_on", "gone", "exists"]
    assert not applied.ok


def test_applying_is_undone_exactly_and_refuses_where_somebody_wrote_since():
    agreed = [row(str(n)) for n in range(60)]
    left = [row("0", phone="2"), *agreed[2:], row("new")]
    plan = plan_sync(left, agreed, key="id", agreed=agreed, rules=SyncRules(deletions="follow"))
    assert {step.kind for step in plan.steps} == {"create", "update", "delete"}
    applied = plan.apply(agreed, "right")
    assert [item["id"] for item in applied.frame] == [item["id"] for item in left]
    assert applied.revert(applied.frame) == agreed
    back = plan.inverse().apply(applied.frame, "right")
    assert sorted(back.frame, key=str) == sorted(agreed, key=str)
    changed = [{**item, "city": "Rome"} for item in applied.frame]
    with pytest.raises(ConflictError):
        applied.revert(changed)
    with pytest.raises(ConflictError):
        applied.revert(changed[1:])


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow", "mapping", "recordset"])
def test_frames_of_every_kind_take_all_three_steps(kind):
    agreed = [{"id": n, "size": n * 1.5, "city": f"c{n}"} for n in range(50)]
    left = [{**agreed[0], "size": 9.0}, *agreed[2:], {"id": 99, "size": 2.5, "city": "new"}]
    plan = plan_sync(left, agreed, key="id", agreed=agreed, rules=SyncRules(deletions="follow"))
    columns = {name: [item[name] for item in agreed] for name in ("id", "size", "city")}
    if kind == "pandas":
        pd = pytest.importorskip("pandas")
        frame = pd.DataFrame(columns, index=range(100, 150))
    elif kind == "polars":
        frame = pytest.importorskip("polars").DataFrame(columns)
    elif kind == "arrow":
        frame = pytest.importorskip("pyarrow").table(columns)
    elif kind == "mapping":
        frame = columns
    else:
        from crmkit import frames

        frame = frames.build(columns)
    applied = plan.apply(frame, "right")
    assert applied.counts() == {"done": 3, "already": 0, "conflicts": 0}
    assert type(applied.frame) is type(frame)
    from crmkit import frames

    table = frames.read(applied.frame)
    assert table.column("id") == [0, *range(2, 50), 99]
    assert table.column("size")[0] == 9.0
    assert applied.revert(applied.frame) is frame


def test_the_log_and_the_audit_trail_hold_what_was_done_and_no_values():
    class Sink:
        said = ()

        def record(self, action, **what):
            self.said = (*self.said, (action, what))

    sink = Sink()
    plan = plan_upsert([row("1", phone="secret-7")], [row("1")], key="id")
    applied = plan.apply([row("1")], "right", by="sync", audit=sink)
    assert [(change.path, change.before, change.after) for change in applied.log] == [("phone", "1", "secret-7")]
    ((action, what),) = sink.said
    assert (action, what["count"], what["fields"]) == ("sync.apply", 1, ["phone"])
    for shown in (
        repr(sink.said),
        repr(plan),
        repr(plan.steps),
        repr(applied),
        plan._repr_html_(),
        json.dumps(plan.to_dict()),
    ):
        assert "secret-7" not in shown


def test_failed_steps_stay_as_they_were_agreed():
    left, right, agreed = [row("1", phone="2"), row("2", phone="2")], [row("1"), row("2")], [row("1"), row("2")]
    plan = plan_sync(left, right, key="id", agreed=agreed)
    state = plan.agreed_without([("2",)])
    assert (state.cell(("1",), "phone"), state.cell(("2",), "phone")) == ("2", "1")
    again = plan_sync(left, [row("1", phone="2"), row("2")], key="id", agreed=state)
    assert [step.key for step in again.steps] == [("2",)]
    assert not again.conflicts


# -- one way ----------------------------------------------------------------------------------------------------------


def test_an_upsert_never_deletes_and_never_writes_to_the_records():
    records, target = [row("1", phone=None), row("2")], [row("1"), row("3")]
    plan = plan_upsert(records, target, key="id")
    assert plan.counts()["create_right"] == 1
    assert {step.side for step in plan.steps} == {"right"}
    assert plan.skipped == {"empty": 1, "only_right": 1}


def test_records_that_parted_from_the_target_do_not_overwrite_what_it_got_since():
    target_then = [row("1"), row("2"), row("3")]
    records = [row("1", phone="2"), row("2"), row("3", phone="8")]
    target = [row("1"), row("2", phone="7"), row("3", phone="9")]
    plan = plan_upsert(records, target, key="id", agreed=target_then)
    assert plan.records("right", "update") == [{"id": "1", "phone": "2"}]
    assert plan.skipped == {"right_changed": 1}
    assert plan.conflict_counts() == {"both_changed": 1}


def test_a_record_that_the_target_has_under_another_key_is_not_made_again():
    people = [
        {"id": str(n), "first_name": name, "last_name": "Maier", "email": f"{name.lower()}@example.com"}
        for n, name in enumerate(["Ana", "Bo", "Cyrus", "Dora", "Emil"])
    ]
    records = [{**person, "id": f"X{person['id']}"} if person["id"] == "2" else person for person in people]
    plan = plan_upsert(records, people, key="id", similar=True)
    assert plan.conflict_counts() == {"similar": 1}
    assert not plan.steps
    assert plan_upsert(records, people, key="id").counts()["create_right"] == 1


def test_an_empty_target_gets_everything():
    assert plan_upsert([row("1")], [], key="id").apply([], "right").frame == [row("1")]


def test_a_mapping_writes_as_the_target_does():
    from crmkit import mapping

    move = mapping.preset("zoho", "contact") | mapping.preset("salesforce", "contact").inverse()
    zoho = [{"id": "7", "Last_Name": "Maier", "Email": "ana.maier@example.com"}]
    move = move.renamed({"Id": "Zoho_Id__c"})
    target = [{"Zoho_Id__c": "9", "LastName": "Lind", "Email": "bo.lind@example.com"}]
    plan = plan_upsert(zoho, target, key="id", columns=move)
    (made,) = plan.records("right", "create")
    assert (made["Zoho_Id__c"], made["LastName"], made["Email"]) == ("7", "Maier", "ana.maier@example.com")


# -- what was agreed --------------------------------------------------------------------------------------------------


def test_what_was_agreed_is_kept_in_a_file_that_shows_damage(tmp_path):
    plan = plan_sync([row("1", phone="2"), row("2", city=None)], [row("1", phone="3"), row("2", city=None)], key="id")
    path = plan.agreed.save(tmp_path / "agreed.jsonl")
    found = Agreed.load(path)
    assert found.rows == plan.agreed.rows
    assert repr(found.cell(("1",), "phone")) == "OPEN"
    text = path.read_text()
    path.write_text(text.replace("Oslo", "Rome"))
    with pytest.raises(FixityError):
        Agreed.load(path)
    path.write_text(text[: len(text) // 2])
    with pytest.raises((FixityError, FormatError)):
        Agreed.load(path)
    path.write_text(text.replace("agreed/1", "agreed/2"))
    with pytest.raises(FormatError, match="newer"):
        Agreed.load(path)
    assert [item.name for item in tmp_path.iterdir()] == ["agreed.jsonl"]


def test_wrong_use_says_so():
    with pytest.raises(NotFoundError, match="newest"):
        SyncRules(source="newst")
    with pytest.raises(NotFoundError):
        SyncRules(ignore=("formt",))
    with pytest.raises(NotFoundError):
        SyncRules(deletions="flow")
    with pytest.raises(ValueError, match="updated_at"):
        SyncRules(settle=dt.timedelta(minutes=1))
    with pytest.raises(SchemaError, match="fone"):
        plan_sync([row("1")], [row("1")], key="id", rules=SyncRules(source={"fone": "left"}))
    with pytest.raises(ShapeError):
        plan_sync([row("1")], [row("1")], key="id", agreed=Agreed.of([row("1")], key=["id", "city"]))
    with pytest.raises(SchemaError):
        Agreed.of([row("1"), row("1")], key="id")
    with pytest.raises(TypeError):
        bool(plan_sync([row("1")], [row("1")], key="id"))


# -- properties -------------------------------------------------------------------------------------------------------

CELLS = st.sampled_from([None, "a", "b", "c"])
TABLES = st.dictionaries(st.sampled_from("pqrstu"), st.tuples(CELLS, CELLS), max_size=6)


def table(rows):
    columns = {"id": [], "x": [], "y": []}
    for key, cells in rows.items():
        for name, value in zip(columns, (key, *cells), strict=True):
            columns[name].append(value)
    return columns


def as_rows(frame):
    return {key: (x, y) for key, x, y in zip(*(frame[name] for name in ("id", "x", "y")), strict=True)}


def slow_sync(left, right, base):
    """Decide every cell in the most obvious way; ``None`` stands for a conflict."""
    made, conflicts = {}, 0
    for key in sorted({*left, *right}):
        if key not in left or key not in right:
            here = left.get(key, right.get(key))
            if key not in base:
                made[key] = here
            else:
                conflicts += 1
            continue
        cells = []
        for place in range(2):
            mine, yours = left[key][place], right[key][place]
            agreed = base[key][place] if key in base else "never"
            if mine == yours:
                cells.append(mine)
            elif agreed == mine:
                cells.append(yours)
            elif agreed == yours:
                cells.append(mine)
            else:
                conflicts += 1
                cells.append((mine, yours))
        made[key] = tuple(cells)
    return made, conflicts


@settings(max_examples=60)
@given(TABLES, TABLES, TABLES)
def test_both_sides_come_to_what_an_obvious_three_way_compare_gives(left, right, base):
    plan = plan_sync(table(left), table(right), key="id", agreed=table(base))
    expected, conflicts = slow_sync(left, right, base)
    assert len(plan.conflicts) == conflicts
    one, other = plan.apply(table(left), "left"), plan.apply(table(right), "right")
    mine, yours = as_rows(one.frame), as_rows(other.frame)
    for key, cells in expected.items():
        for place, cell in enumerate(cells):
            wanted = cell if isinstance(cell, tuple) else (cell, cell)
            assert (mine[key][place], yours[key][place]) == wanted
    again = plan_sync(one.frame, other.frame, key="id", agreed=plan.agreed)
    assert not again.steps, "once applied, a plan leaves nothing to write"
    assert len(again.conflicts) == conflicts, "and its conflicts stay conflicts"
    assert plan.apply(one.frame, "left").counts()["done"] == plan.apply(other.frame, "right").counts()["done"] == 0


@settings(max_examples=60)
@given(TABLES, TABLES, TABLES, st.sampled_from(["left", "right"]))
def test_a_person_can_decide_everything(left, right, base, take):
    plan = plan_sync(table(left), table(right), key="id", agreed=table(base)).resolve(take)
    assert plan.ok
    one, other = plan.apply(table(left), "left").frame, plan.apply(table(right), "right").frame
    assert as_rows(one) == as_rows(other)


@settings(max_examples=60)
@given(TABLES, TABLES, TABLES)
def test_a_plan_is_undone_by_its_inverse(left, right, base):
    rules = SyncRules(deletions="follow", max_deletions=100)
    plan = plan_sync(table(left), table(right), key="id", agreed=table(base), rules=rules)
    for side, rows in (("left", left), ("right", right)):
        applied = plan.apply(table(rows), side)
        assert applied.ok
        assert as_rows(applied.revert(applied.frame)) == rows
        assert as_rows(plan.inverse().apply(applied.frame, side).frame) == rows


@settings(max_examples=60)
@given(TABLES, TABLES, TABLES)
def test_sides_are_symmetric(left, right, base):
    one = plan_sync(table(left), table(right), key="id", agreed=table(base))
    other = plan_sync(table(right), table(left), key="id", agreed=table(base))
    turned = {"left": "right", "right": "left"}
    assert sorted((step.side, step.kind, step.key) for step in one.steps) == sorted(
        (turned[step.side], step.kind, step.key) for step in other.steps
    )
    assert len(one.conflicts) == len(other.conflicts)


# -- monitor ----------------------------------------------------------------------------------------------------------


def test_a_monitor_knows_limits_and_what_is_usual(tmp_path):
    from crmkit.quality import History

    right = [row(str(n)) for n in range(100)]
    monitor = Monitor(history=History(tmp_path / "sync.sqlite"), name="crm-erp", least_rate=0.5)
    rules = SyncRules(source="left")
    for _ in range(3):
        seen = monitor.observe(plan_sync([row("0", phone="2"), *right[1:]], right, key="id", rules=rules))
        assert seen.ok
        assert seen.rate == 0.99
    spoilt = [row(str(n), city="Oslo ", phone="1") for n in range(30)] + right[30:]
    seen = monitor.observe(plan_sync(spoilt, right, key="id", rules=rules))
    assert [alarm.code for alarm in seen.alarms] == ["sync_unusual", "sync_new_cause"]
    assert seen.explain("zh")[0] == "不一致的行：30，通常为 1"
    with pytest.raises(Exception, match="not ok"):
        seen.raise_for()
    kept = monitor.observations()
    assert len(kept) == 4
    assert kept[-1].alarms == seen.alarms
    assert kept[-1].to_dict() == seen.to_dict()
    with pytest.raises(FormatError):
        Consistency.from_dict({**seen.to_dict(), "format": "crmkit-consistency/2"})


def test_a_monitor_sees_conflicts_wrong_clocks_and_a_sync_that_falls_behind(tmp_path):
    from crmkit.quality import History

    monitor = Monitor(history=History(tmp_path / "sync.jsonl"), name="crm-erp", least_rate=0)
    rules = SyncRules(updated_at="at", settle=dt.timedelta(hours=1))
    right = [row(str(n), at=ago(days=2)) for n in range(20)]
    for late in (1, 2, 3, 5):
        left = [row(str(n), phone="9", at=ago(minutes=5)) for n in range(late)] + right[late:]
        seen = monitor.observe(plan_sync(left, right, key="id", rules=rules, now=now))
    assert [alarm.code for alarm in seen.alarms] == ["sync_behind"]
    left = [row("0", phone="9", at=ago(days=-9)), *right[1:]]
    seen = monitor.observe(plan_sync(left, right, key="id", rules=rules, now=now))
    assert [alarm.code for alarm in seen.alarms] == ["sync_conflicts", "sync_clock_ahead"]
