"""What a plan says of itself, and every setting or name that it refuses."""

from __future__ import annotations

import datetime as dt

import pytest

from crmkit import mapping
from crmkit.errors import FormatError, NotFoundError, SchemaError
from crmkit.quality import History
from crmkit.reconciliation import reconcile
from crmkit.sync import Agreed, Consistency, Monitor, SyncPlan, SyncRules, plan_sync, plan_upsert

pl = pytest.importorskip("polars")


@pytest.fixture
def plan():
    agreed = [{"id": "1", "phone": "1"}, {"id": "2", "phone": "1"}]
    left = [{"id": "1", "phone": "2"}, {"id": "2", "phone": "3"}]
    right = [{"id": "1", "phone": "1"}, {"id": "2", "phone": "4"}]
    return plan_sync(left, right, key="id", agreed=agreed)


def test_a_plan_and_what_it_did_are_shown_without_a_value(plan):
    rows = plan.to_frame().to_dicts()
    assert [(row["side"], row["kind"], row["key"], row["columns"]) for row in rows] == [
        ("right", "update", "1", "phone"), ("", "conflict", "2", "phone"),
    ]  # fmt: skip
    done = plan.apply([{"id": "1", "phone": "1"}, {"id": "2", "phone": "4"}], "right")
    assert done.to_frame().to_dicts() == [{"kind": "update", "key": "1", "columns": "phone"}]
    assert done.to_dict()["counts"] == done.counts() == {"done": 1, "already": 0, "conflicts": 0}
    assert repr(done) == "<Applied: 1 done, 0 already, 0 conflicts>"
    assert 'done</th><td style="text-align:left">1</td>' in done._repr_html_()


def test_names_that_do_not_exist_are_refused(plan):
    with pytest.raises(NotFoundError, match="side"):
        plan.apply([{"id": "1", "phone": "1"}], "middle")
    with pytest.raises(SchemaError, match="phone"):
        plan.apply({"id": ["1"], "mobile": ["1"]}, "right")
    with pytest.raises(NotFoundError, match="side"):
        plan.resolve(take="middle")
    with pytest.raises(NotFoundError, match="reason"):
        plan.resolve(take="left", reason="bad_mood")
    with pytest.raises(NotFoundError, match="column"):
        plan.resolve(take="left", column="mobile")


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"deletions": "maybe"}, NotFoundError),
        ({"empty": "burn"}, NotFoundError),
        ({"ignore": ("weather",)}, NotFoundError),
        ({"settle": dt.timedelta(seconds=-1)}, ValueError),
        ({"settle": dt.timedelta(minutes=5)}, ValueError),
    ],
)
def test_rules_that_say_nothing_are_refused(settings, error):
    with pytest.raises(error):
        SyncRules(**settings)


def test_a_watermark_has_a_zone():
    with pytest.raises(ValueError, match="naive"):
        Agreed.of([{"id": "1"}], key="id", watermark=dt.datetime(2026, 3, 2))


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path):
    agreed = Agreed.of([{"id": "1", "phone": "1"}], key="id")
    target = tmp_path / "agreed.jsonl"
    target.mkdir()
    with pytest.raises(OSError, match=r"."):
        agreed.save(target)
    assert [one.name for one in tmp_path.iterdir()] == ["agreed.jsonl"]


def test_a_plan_file_that_is_none_is_refused(tmp_path):
    path = tmp_path / "plan.json"
    for text in ("{", "[]", '{"format": "crmkit-sync-plan/1"}', '{"format": "other/9"}'):
        path.write_text(text)
        with pytest.raises(FormatError):
            SyncPlan.load(path)


def test_consistency_is_data_and_says_what_is_wrong(plan, tmp_path):
    found = Monitor(history=History(tmp_path / "sync.jsonl"), name="crm-erp", least_rate=0.9).observe(plan)
    assert Consistency.from_dict(found.to_dict()).to_dict() == found.to_dict()
    assert list(found.to_frame().columns) == ["cause", "cells"]
    assert found.name in repr(found)
    assert "%" in found._repr_html_()
    with pytest.raises(FormatError):
        Consistency.from_dict({"format": "other/1"})


# -- keys and clocks out of spreadsheets and other systems ------------------------------------------------------------


@pytest.mark.parametrize("key", ["", "  ", "\u3000", None])
def test_rows_whose_key_is_blank_are_never_taken_for_one_record(key):
    plan = plan_upsert([{"id": key, "a": 5}], [{"id": key, "a": 7}, {"id": "1", "a": 1}], key="id")
    assert not plan.steps
    assert plan.conflict_counts() == {"key_missing": 2}
    with pytest.raises(SchemaError, match="needs a key"):
        Agreed.of([{"id": key, "a": 5}], key="id")


@pytest.mark.parametrize("key", ["1.38E+10", "1,38E+10", 1.38e25])
def test_a_key_in_scientific_notation_makes_no_duplicate_and_writes_to_nobody(key):
    target = [{"id": "13800138000", "a": 1}]
    plan = plan_upsert([{"id": key, "a": 2}], target, key="id")
    assert not plan.steps
    assert plan.conflict_counts() == {"key_scientific": 1}
    assert plan.explain("zh") == ["电子表格将主键写成科学记数法，数字已丢失 (1)"]
    both = plan_sync([{"id": key, "a": 2}], [{"id": key, "a": 3}], key="id", rules=SyncRules(source="left"))
    assert not both.steps


@pytest.mark.parametrize("as_type", [int, float, str])
def test_moments_in_milliseconds_are_read(as_type):
    earlier, later = as_type(1704067200000), as_type(1704167200000)
    left, right = [{"id": "1", "a": 1, "at": earlier}], [{"id": "1", "a": 2, "at": later}]
    plan = plan_sync(left, right, key="id", rules=SyncRules(source="newest", updated_at="at"))
    assert [(step.side, step.reasons) for step in plan.steps] == [("left", ("newest",))]
    assert plan.unreadable == 0


def test_a_zone_that_is_none_is_refused_at_once():
    with pytest.raises(NotFoundError, match="Mars"):
        SyncRules(zone="Mars/Base")


def test_two_empty_systems_agree():
    assert plan_sync([], [], key="id").is_empty
    assert plan_upsert([], [], key="id", columns={"id": "Id"}).is_empty


def test_a_column_that_both_sides_agreed_on_cannot_vanish_unseen():
    rows = [{"id": "1", "name": "Ann", "phone": "+12125550123"}]
    agreed = plan_sync(rows, rows, key="id").agreed
    renamed = [{"id": "1", "name": "Ann", "phone_number": "+12125550123"}]
    with pytest.raises(SchemaError, match=r"right table: unknown column 'phone'.*both sides agreed on it"):
        plan_sync(rows, renamed, key="id", agreed=agreed)
    with pytest.raises(SchemaError, match="left table"):
        plan_sync(renamed, rows, key="id", agreed=agreed)
    assert plan_sync(rows, renamed, key="id", agreed=agreed, columns={"phone": "phone_number"}).is_empty
    assert plan_sync(rows, renamed, key="id", agreed=agreed, only=["name"]).is_empty
    assert plan_sync(rows, [{"id": "1", "name": "Ann"}], key="id", agreed=rows).is_empty


def test_a_document_that_is_nested_without_end_is_no_plan(tmp_path):
    place = tmp_path / "deep"
    place.write_text("[" * 200_000)
    for load in (SyncPlan.load, Agreed.load):
        with pytest.raises(FormatError):
            load(place)


# -- columns that the target does not show ----------------------------------------------------------------------------

MOVE = mapping.preset("zoho", "contact") | mapping.preset("salesforce", "contact").inverse()
RECORDS = [
    {"id": "1", "First_Name": "Ann", "Last_Name": "Lee", "Mailing_Zip": "10115", "Phone": None},
    {"id": "2", "First_Name": None, "Last_Name": "Marsh", "Mailing_Zip": None, "Phone": None},
]
FULL = {"FirstName": "Ann", "LastName": "Lee", "MailingPostalCode": "10115", "Phone": None}


@pytest.mark.parametrize(
    "target", [[], [{"Id": "9", "LastName": "Sample"}], pl.DataFrame({"Id": ["9"], "LastName": ["Sample"]})]
)
def test_a_load_writes_every_field_of_the_mapping_whatever_the_target_shows(target):
    plan = plan_upsert(RECORDS, target, key="id", columns=MOVE)
    assert plan.records("right", "create")[0] == {"Id": "1", **FULL}
    assert plan.left_out == ()


def test_records_of_an_api_may_lack_what_is_empty_in_all_of_them():
    target = [{"Id": "1", "LastName": "Lee"}]
    plan = plan_upsert(RECORDS, target, key="id", columns=MOVE)
    done = plan.apply(target, "right")
    assert done.frame[0] == {"Id": "1", **FULL}
    assert done.revert(done.frame) == target
    arrived = [{name: cell for name, cell in row.items() if cell is not None} for row in done.frame]
    assert plan.outstanding(arrived, "right").steps == ()
    with pytest.raises(SchemaError, match="unknown column"):
        plan.apply(pl.DataFrame(target), "right")
    with pytest.raises(SchemaError, match="unknown column 'Id'"):
        plan.apply([{"LastName": "Lee"}], "right")


def test_columns_that_the_target_does_not_have_are_said_to_be_left_out(tmp_path):
    records = [{"id": "1", "name": "Ann", "mobile": "+12125550123", "fax": None}]
    target = pl.DataFrame({"id": ["1"], "name": ["Anne"]})
    plan = plan_upsert(records, target, key="id")
    assert plan.left_out == ("mobile",)
    assert not plan.ok
    assert plan.explain() == ["mobile: the target does not have this column, so it is not written"]
    assert "1 column left out" in repr(plan)
    assert SyncPlan.load(plan.save(tmp_path / "plan.json")).left_out == ("mobile",)
    assert plan_upsert(records, target, key="id", only=["name"]).ok


def test_a_comparison_through_a_mapping_takes_an_empty_side():
    report = reconcile(RECORDS, [], key="id", columns=MOVE)
    assert report.counts()["missing"] == 2
    turned = reconcile([], [{"Id": "1", "LastName": "Lee"}], key="id", columns=MOVE)
    assert turned.counts()["unexpected"] == 1


def test_a_step_that_failed_leaves_a_column_that_is_new_in_the_sync_open():
    agreed = Agreed.of([{"id": "1", "a": "1"}], key="id")
    plan = plan_sync([{"id": "1", "a": "2", "b": "3"}], [{"id": "1", "a": "1", "b": "3"}], key="id", agreed=agreed)
    kept = plan.agreed_without([("1",)])
    assert kept.cell(("1",), "a") == "1"
    assert plan_sync(
        [{"id": "1", "a": "2", "b": "3"}], [{"id": "1", "a": "1", "b": "4"}], key="id", agreed=kept
    ).conflict_counts() == {"never_agreed": 1}
