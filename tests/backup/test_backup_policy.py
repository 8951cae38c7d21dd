"""Policy: pure functions of a catalogue and a clock; retention explains itself and never leaves nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs
import pytest

pytest.importorskip("hypothesis", reason="needs hypothesis")
from hypothesis import given
from hypothesis import strategies as st

from crmkit.backup import (
    GFS,
    BackupPolicy,
    BackupRecord,
    CopyPlace,
    check_policy,
    plan_prune,
    preflight,
)
from crmkit.errors import CheckFailedError, NotFoundError, SchemaError

UTC = dt.UTC
NOW = dt.datetime(2026, 11, 28, 12, tzinfo=UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
PLACES = (
    CopyPlace(name="nas", medium="disk"),
    CopyPlace(name="vault", medium="object store", offsite=True, offline_or_immutable=True),
)


def policy(**more: Any) -> BackupPolicy:
    return BackupPolicy(**{"rpo": DAY, "rto": 4 * HOUR, **more})


def record(age: dt.timedelta = HOUR, **more: Any) -> BackupRecord:
    created = NOW - age
    usual: dict[str, Any] = {
        "backup_id": f"b-{created:%Y%m%d%H%M}", "created": created, "verified_at": created + dt.timedelta(minutes=5),
        "drilled_at": created + dt.timedelta(minutes=9), "restore_time": HOUR, "encrypted": True, "size_bytes": 1000,
        "places": PLACES, "schema": "s1",
    }  # fmt: skip
    return BackupRecord(**{**usual, **more})


def test_a_good_regime_keeps_every_rule_and_says_what_is_due_next() -> None:
    report = check_policy(policy(), [record()], at=NOW)
    assert report.ok
    assert report.violations == ()
    assert report.next_due == (NOW - HOUR + DAY, "rpo")


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ({"created": NOW - 2 * DAY}, ("rpo",)),
        ({"restore_time": 5 * HOUR}, ("rto",)),
        ({"restore_time": None}, ("rto",)),
        ({"places": PLACES[:1]}, ("copies", "media", "offline_or_immutable", "offsite")),
        ({"encrypted": False}, ("encrypted",)),
        ({"verified_at": None}, ("verify_every",)),
        ({"verified_at": NOW - 31 * DAY}, ("verify_every",)),
        ({"drilled_at": NOW - 91 * DAY}, ("drill_every",)),
        ({"drilled_at": None}, ("drill_every", "rto")),
        ({"verify_errors": 2}, ("rpo", "verify_every", "zero_errors")),
        ({"succeeded": False}, ("failed", "rpo", "verify_every")),
        ({"kind": "incremental", "parent": "gone"}, ("chain", "rpo", "verify_every")),
        ({"created": NOW + DAY}, ("drill_every", "future_dated", "rpo", "rto", "verify_every")),
    ],
)
def test_each_rule_is_broken_by_its_own_fault(change: dict[str, Any], rules: tuple[str, ...]) -> None:
    report = check_policy(policy(), [record(**change)], at=NOW)
    assert report.rules == rules
    assert not report.ok
    assert report.to_dict()["ok"] is False
    assert len(report.to_frame(like=[])) == len(report.violations)
    assert report._repr_html_()
    assert rules[0] in repr(report)


def test_a_violation_says_since_when() -> None:
    [found] = check_policy(policy(), [record(30 * HOUR)], at=NOW).violations
    assert found.since == NOW - 6 * HOUR
    assert "1 d 6 h" in found.message


def test_a_backup_much_smaller_than_those_before_it_is_a_violation() -> None:
    earlier = [record(n * DAY) for n in range(1, 6)]
    assert check_policy(policy(), [*earlier, record(size_bytes=400)], at=NOW).rules == ("shrink",)
    assert check_policy(policy(), [*earlier, record(size_bytes=600)], at=NOW).ok


def test_settings_that_cannot_be_meant_are_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        record(created=dt.datetime(2026, 1, 1))
    for function in (check_policy, plan_prune):
        with pytest.raises(ValueError, match="naive"):
            function(policy(), [], at=dt.datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="naive"):
        preflight("upgrade", policy(), [], at=dt.datetime(2026, 1, 1))
    with pytest.raises(SchemaError):
        record(kind="incremental")
    with pytest.raises(Exception, match="Berlyn"):
        policy(tz="Europe/Berlyn")
    with pytest.raises(NotFoundError, match="upgrade"):
        preflight("upgrad", policy(), [], at=NOW)  # type: ignore[arg-type]


# -- retention -----------------------------------------------------------------------------------------------------------  # noqa: E501


def daily(start: dt.datetime, days: int, **more: Any) -> list[BackupRecord]:
    return [
        BackupRecord(
            backup_id=f"{start + n * DAY:%Y-%m-%d}", created=start + n * DAY, verified_at=start + n * DAY, **more
        )
        for n in range(days)
    ]


def test_iso_weeks_at_new_year_belong_to_their_own_year() -> None:
    records = daily(dt.datetime(2026, 12, 20, 3, tzinfo=UTC), 20)
    plan = plan_prune(policy(keep=GFS(last=0, weekly=3)), records, at=records[-1].created)
    assert plan.keep == ("2027-01-08", "2027-01-03", "2026-12-27")
    assert plan.why("2027-01-03") == ("weekly 2026-W53, newest verified of its ISO week",)
    plan = plan_prune(policy(keep=GFS(last=0, yearly=2)), records, at=records[-1].created)
    assert plan.keep == ("2027-01-08", "2026-12-31")


def test_days_are_those_of_the_policys_time_zone_and_survive_the_change_of_clocks() -> None:
    late = [dt.datetime(2026, 3, day, 23, 30, tzinfo=UTC) for day in (27, 28, 29)]
    early = [dt.datetime(2026, 3, day, 0, 30, tzinfo=UTC) for day in (28, 29, 30)]
    records = [BackupRecord(backup_id=f"{at:%d-%H}", created=at, verified_at=at) for at in (*late, *early)]
    plan = plan_prune(policy(keep=GFS(last=0, daily=3), tz="Europe/Berlin"), records, at=NOW)
    assert plan.keep == ("30-00", "29-00", "28-00")
    plan = plan_prune(policy(keep=GFS(last=0, daily=3)), records, at=NOW)
    assert plan.keep == ("30-00", "29-23", "28-23")


def test_failed_damaged_future_and_orphaned_backups_never_push_a_good_one_out() -> None:
    good = record(5 * DAY)
    bad = [
        record(HOUR, succeeded=False), record(2 * HOUR, verify_errors=1), record(-2 * DAY),
        record(3 * HOUR, kind="incremental", parent="gone"),
    ]  # fmt: skip
    plan = plan_prune(policy(keep=GFS(last=1)), [good, *bad], at=NOW)
    assert plan.drop == ()
    assert plan.why(good.backup_id) == ("among the last 1",)
    assert [plan.why(one.backup_id)[0].split(";")[0] for one in bad] == [
        "failed", "damaged", "dated in the future", "its chain is broken",
    ]  # fmt: skip


def test_a_chain_is_never_broken_and_the_newest_verified_one_stays() -> None:
    full = record(3 * DAY)
    step = record(2 * DAY, kind="incremental", parent=full.backup_id)
    last = record(DAY, kind="incremental", parent=step.backup_id, verified_at=None)
    plan = plan_prune(policy(keep=GFS(last=1)), [full, step, last], at=NOW)
    assert plan.drop == ()
    assert plan.why(step.backup_id) == ("the newest that is verified", f"{last.backup_id} builds on it")
    assert f"{last.backup_id} builds on it" in plan.why(full.backup_id)


def test_a_backup_that_builds_on_a_failed_one_is_kept_for_a_person_to_look_at() -> None:
    failed = record(3 * DAY, succeeded=False)
    step = record(2 * DAY, kind="incremental", parent=failed.backup_id)
    plan = plan_prune(policy(keep=GFS(last=1)), [failed, step, record()], at=NOW)
    assert plan.drop == ()
    assert "builds on a failed" in plan.why(step.backup_id)[0]


def test_where_nothing_is_verified_nothing_is_dropped() -> None:
    records = [attrs.evolve(record(n * DAY), verified_at=None) for n in range(1, 5)]
    plan = plan_prune(policy(keep=GFS(last=1)), records, at=NOW)
    assert plan.drop == ()
    with pytest.raises(NotFoundError):
        plan.why("nothing")
    assert "drop 0" in repr(plan)


@st.composite
def catalogues(draw: st.DrawFn) -> list[BackupRecord]:
    records: list[BackupRecord] = []
    for number in range(draw(st.integers(0, 12))):
        created = NOW - dt.timedelta(hours=draw(st.integers(-30, 2000)))
        parents = [one.backup_id for one in records] + ["gone"]
        parent = draw(st.none() | st.sampled_from(parents))
        records.append(
            BackupRecord(
                backup_id=f"b{number}", created=created, kind="full" if parent is None else "incremental",
                parent=parent, succeeded=draw(st.booleans()), verified_at=draw(st.none() | st.just(created)),
                verify_errors=draw(st.sampled_from([0, 0, 0, 1])),
            )
        )  # fmt: skip
    return records


@given(catalogues(), st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))
def test_a_plan_never_leaves_a_broken_chain_or_no_verified_backup(
    records: list[BackupRecord], last: int, days: int, months: int
) -> None:
    plan = plan_prune(policy(keep=GFS(last=last, daily=days, monthly=months)), records, at=NOW)
    assert sorted((*plan.keep, *plan.drop)) == sorted(one.backup_id for one in records)
    kept = {one.backup_id: one for one in records if one.backup_id in plan.keep}
    everything = {one.backup_id for one in records}
    for one in kept.values():
        assert one.parent is None or one.parent in kept or one.parent not in everything
    past = {one.backup_id: one for one in records if one.created <= NOW}

    def good(one: BackupRecord) -> bool:
        link: BackupRecord | None = one
        while link is not None and link.succeeded and not link.verify_errors:
            if link.parent is None:
                return True
            link = past.get(link.parent)
        return False

    verified = [one for one in past.values() if good(one) and one.verified]
    if verified:
        assert any(one.backup_id in kept for one in verified)
    for name in plan.drop:
        assert plan.why(name) == ("no tier needs it",)
        assert verified


# -- preflight -----------------------------------------------------------------------------------------------------------  # noqa: E501


def test_a_change_may_begin_only_with_a_way_back() -> None:
    gate = preflight("migration", policy(), [record()], at=NOW, live_schema="s1")
    assert gate.ok
    gate.raise_for()
    with pytest.raises(TypeError):
        bool(gate)
    for change, word in (
        ({"created": NOW - 3 * DAY}, "older"),
        ({"verified_at": None}, "not verified"),
        ({"verified_at": NOW - 2 * HOUR}, "not verified"),
        ({"drilled_at": None}, "drill"),
        ({"schema": "s2"}, "another schema"),
        ({"succeeded": False}, "no good full"),
        ({"kind": "incremental", "parent": "x"}, "no good full"),
    ):
        gate = preflight("upgrade", policy(), [record(**change)], at=NOW, live_schema="s1")
        assert not gate.ok
        assert any(word in reason for reason in gate.reasons), change
        with pytest.raises(CheckFailedError, match="no upgrade now"):
            gate.raise_for()
    assert "was not given" in preflight("cleanup", policy(), [record()], at=NOW).reasons[0]
