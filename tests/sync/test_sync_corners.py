"""What a plan says of itself, and every setting or name that it refuses."""

from __future__ import annotations

import datetime as dt

import pytest

from crmkit.errors import FormatError, NotFoundError, SchemaError
from crmkit.quality import History
from crmkit.sync import Agreed, Consistency, Monitor, SyncPlan, SyncRules, plan_sync


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
        plan.apply([{"id": "1", "mobile": "1"}], "right")
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
