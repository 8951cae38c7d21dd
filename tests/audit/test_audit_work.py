"""Plan, collect, analyse, report, remedy; each step on the record."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, date, datetime, timedelta

import pytest

from crmkit.audit import (
    AuditPlan,
    BulkExport,
    ChangeWithoutTicket,
    Detector,
    DormantAccount,
    Event,
    Evidence,
    GainedThenUsed,
    Log,
    NoteSigner,
    OffHours,
    RepeatedDenials,
    SelfGrant,
    SeparationOfDuties,
    config_changes,
)
from crmkit.audit._work._detectors import _WORDS, default_detectors
from crmkit.errors import CheckFailedError, FixityError, FormatError, IntegrityError, InvalidValueError, NotFoundError

MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def told(*lines):
    """Events of (minutes after Monday ten o'clock, actor, action, resource, more)."""
    return [
        Event(
            action=action,
            actor=actor,
            resource=resource,
            at=MONDAY + timedelta(minutes=minutes),
            seq=seq,
            **(more[0] if more else {}),
        )
        for seq, (minutes, actor, action, resource, *more) in enumerate(lines)
    ]


def seqs(detector, events):
    return [finding.events for finding in detector.look(events)]


def test_off_hours():
    events = told(
        (0, "u", "contact.read", None), (-240, "u", "contact.read", None), (599, "u", "contact.read", None),
        (600, "u", "contact.read", None), (660, "u", "contact.read", None), (5 * 24 * 60, "u", "contact.read", None),
        (-241, None, "contact.read", None), (-241, "u", "log.erased", None),
    )  # fmt: skip
    assert seqs(OffHours(), events) == [(1, 3, 4), (5,)]
    from zoneinfo import ZoneInfo

    assert seqs(OffHours(zone=ZoneInfo("Asia/Shanghai")), events[:1]) == []  # 18:00 there
    assert seqs(OffHours(zone=ZoneInfo("Asia/Shanghai"), end=18), events[:1]) == [(0,)]
    assert seqs(OffHours(types=("robot",)), events) == []


def test_bulk_export():
    many = {"count": 600}
    events = told(
        (0, "u", "contact.export", None, many), (60, "v", "contact.export", None, many),
        (24 * 60 + 1, "u", "contact.export", None, many), (24 * 60 + 2, "u", "contact.read", None, many),
        (24 * 60 + 3, "u", "contact.export", None, {"count": 600, "outcome": "denied"}),
        (24 * 60 + 4, "u", "contact.decrypt", None, many), (24 * 60 + 5, "u", "contact.export", None, many),
    )  # fmt: skip
    assert seqs(BulkExport(), events) == [(2, 5)]
    assert seqs(BulkExport(records=600), events)[0] == (0,)


def test_repeated_denials():
    denied = {"outcome": "denied"}
    events = told(
        *((minutes, "u", "contact.read", None, denied) for minutes in (0, 20, 21, 22, 23, 24, 25)), (26, "u", "x", None)
    )
    assert seqs(RepeatedDenials(), events) == [(1, 2, 3, 4, 5)]
    assert seqs(RepeatedDenials(times=2, within=timedelta(minutes=1)), events) == [(1, 2), (3, 4), (5, 6)]


def test_dormant_account():
    events = told(
        (0, "u", "x", None), (90 * 24 * 60, "u", "x", None), (89 * 24 * 60, "v", "x", None), (0, "v", "x", None)
    )
    assert seqs(DormantAccount(), events) == [(0, 1)]


def test_self_grant():
    events = told(
        (0, "u", "role.assign", ("user", "u")), (0, "u", "role.assign", ("user", "v")), (0, "u", "role.assign", None),
        (0, "u", "permission.grant", ("user", "u")), (0, "u", "role.assign", ("user", "u"), {"outcome": "denied"}),
        (0, None, "role.assign", ("user", "u")),
    )  # fmt: skip
    assert seqs(SelfGrant(), events) == [(0,), (3,)]


def test_gained_then_used():
    events = told(
        (0, "boss", "role.assign", ("user", "u")), (5, "u", "contact.read", None), (10, "u", "contact.export", None),
        (12, "u", "contact.delete", None), (0, "boss", "role.assign", ("user", "v")), (31, "v", "contact.export", None),
        (-1, "v", "contact.export", None), (0, "boss", "role.assign", None),
        (0, "boss", "role.assign", ("user", "nobody")),
        (1, "u", "contact.export", None, {"outcome": "denied"}),
    )  # fmt: skip
    assert seqs(GainedThenUsed(), events) == [(0, 2)]


def test_separation_of_duties():
    events = told(
        (0, "u", "export.request", ("list", "1")), (1, "u", "export.approve", ("list", "1")),
        (2, "v", "export.request", ("list", "2")), (3, "w", "export.approve", ("list", "2")),
        (4, "v", "export.approve", ("list", "3")), (5, "v", "export.approve", None),
        (6, "v", "export.request", ("list", "3")),
    )  # fmt: skip
    assert seqs(SeparationOfDuties(), events) == [(0, 1), (4, 6)]


def test_changes_without_a_ticket_and_the_configuration_record():
    events = told(
        (0, "u", "policy.update", ("policy", "p")), (1, "u", "policy.update", ("policy", "p"), {"request": "T-1"}),
        (2, "u", "policy.read", ("policy", "p")), (3, "u", "contact.update", ("contact", "1")),
        (4, None, "log.pruned", None),
        (5, "u", "policy.update", None, {"outcome": "denied"}), (6, None, "config.set", None),
    )  # fmt: skip
    assert seqs(ChangeWithoutTicket(), events) == [(0,), (6,)]
    record = config_changes(events)
    assert [(line.seq, line.action, line.request) for line in record] == [
        (0, "policy.update", None), (1, "policy.update", "T-1"), (4, "log.pruned", None), (6, "config.set", None),
    ]  # fmt: skip
    assert (record[0].actor, record[0].resource, record[3].actor, record[3].resource) == (
        "u",
        ("policy", "p"),
        None,
        None,
    )
    assert config_changes([Event(action="key.rotate")])[0].seq == -1


def test_detectors_are_settings_that_can_be_shown_and_compared():
    assert repr(SelfGrant()) == "SelfGrant()"
    assert BulkExport(records=5) == BulkExport(records=5) != BulkExport()
    with pytest.raises(NotImplementedError):
        Detector().look([])
    assert {detector.name for detector in default_detectors()} == set(_WORDS)


PLAN = AuditPlan(
    name="Q1 | *bold*", auditor="audit-1", since=MONDAY - timedelta(days=1), until=MONDAY + timedelta(days=1)
)


@pytest.fixture
def log(path, signer):
    with Log.open(path, signer=signer) as log:
        log.extend(
            told(
                (-5000, "u", "contact.read", ("contact", "0")),
                (0, "u", "role.assign", ("user", "u")),
                (1, "u", "contact.export", ("list", "1"), {"count": 5}),
                (2, "v", "contact.read", ("contact", "7")),
            )
        )
        yield log


def test_an_audit_from_plan_to_remedy_is_on_the_record(log, signer, tmp_path):
    PLAN.start(log)
    evidence = PLAN.collect(log, tmp_path / "evidence.zip", audit=log)
    assert (evidence.count, evidence.origin) == (3, "crm.example.com/audit")
    events = evidence.verify([signer.verifier])
    assert [event.seq for event in events] == [1, 2, 3]
    report = PLAN.analyse(events, verified=log.verify(), audit=log)
    assert report.counts() == {
        "off_hours": 0, "bulk_export": 0, "repeated_denials": 0, "dormant_account": 0, "self_grant": 1,
        "gained_then_used": 1, "separation_of_duties": 0, "change_without_ticket": 1,
    }  # fmt: skip
    assert report.score == 75.0
    paths = PLAN.publish(report, tmp_path / "out", audit=log)
    assert [path.name for path in paths] == ["report.md", "report.json", "findings.csv"]
    finding = next(iter(report))
    remedy = report.remediate(finding.id, owner="boss", due=date(2026, 4, 1), audit=log)
    assert (remedy.status, remedy.score_before, remedy.score_after) == ("open", 75.0, 87.5)
    assert remedy.is_overdue(date(2026, 4, 2))
    assert not remedy.is_overdue(date(2026, 4, 1))
    with pytest.raises(CheckFailedError, match="still has the finding"):
        remedy.move("done", actor="boss", report=report)
    moved = remedy.move("in_progress", actor="boss", audit=log, note="asked")
    later = PLAN.analyse(events[1:], verified=True)
    done = moved.move("done", actor="boss", report=later, audit=log)
    assert (done.status, done.score_before, done.score_after, done.note) == ("done", 75.0, 100.0, "asked")
    assert not done.is_overdue(date(2030, 1, 1))
    with pytest.raises(NotFoundError, match="did you mean 'done'"):
        remedy.move("dnoe", actor="boss")
    steps = [event for event in log if event.action.startswith("audit.")]
    assert [event.action for event in steps] == [
        "audit.planned", "audit.collected", "audit.analysed", "audit.reported", "audit.remediation",
        "audit.remediation", "audit.remediation",
    ]  # fmt: skip
    assert steps[4].detail["score_before"] == "75.0"
    assert steps[6].detail["status"] == "done"
    assert [line.action for line in log.config_changes()] == ["role.assign"]


def test_a_plan_has_a_scope(log):
    def seen(**more):
        plan = AuditPlan(name="x", auditor="a", since=PLAN.since, until=PLAN.until, **more)
        return [event.seq for event in log if plan.covers(event)]

    assert seen() == [1, 2, 3]
    assert seen(actions="contact.*") == [2, 3]
    assert seen(resources=["contact"]) == [3]
    assert seen(actions=["login"]) == []
    for since, until in (
        (PLAN.until, PLAN.since),
        (datetime(2026, 1, 1), PLAN.until),
        (PLAN.since, datetime(2026, 1, 1)),
    ):
        with pytest.raises(InvalidValueError):
            AuditPlan(name="x", auditor="a", since=since, until=until)


def test_evidence_keeps_to_the_scope(log, signer, tmp_path):
    plan = AuditPlan(name="x", auditor="a", since=PLAN.since, until=PLAN.until, actions="contact.*")
    evidence = plan.collect(log, tmp_path / "evidence.zip")
    assert [event.action for event in evidence.verify([signer.verifier])] == ["contact.export", "contact.read"]


def test_evidence_stands_alone(log, signer, tmp_path):
    one = PLAN.collect(log, tmp_path / "one.zip")
    two = PLAN.collect(log, tmp_path / "two.zip")
    assert one.path.read_bytes() == two.path.read_bytes()
    with zipfile.ZipFile(one.path) as archive:
        assert sorted(archive.namelist()) == [
            "checkpoint.txt", "events.jsonl", "manifest.json", "plan.json", "proofs.jsonl", "verify_audit_log.py",
        ]  # fmt: skip
        files = {name: archive.read(name) for name in archive.namelist()}
    with pytest.raises(IntegrityError, match="no signature"):
        one.verify([NoteSigner.generate("crm.example.com/audit").verifier])

    def rewrite(**changed):
        data = files | {name.replace("_", "."): value for name, value in changed.items()}
        with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
            for name, value in data.items():
                archive.writestr(name, value)
        return Evidence.load(tmp_path / "bad.zip")

    with pytest.raises(FixityError, match=r"events\.jsonl"):
        rewrite(events_jsonl=files["events.jsonl"].replace(b"contact.read", b"contact.sell")).verify([signer.verifier])
    import hashlib

    from crmkit._canonical import json_bytes

    manifest = json.loads(files["manifest.json"])
    for change, words in (
        ({"origin": "other"}, "another log"),
        ({"count": 2}, "not as many"),
    ):
        with pytest.raises(IntegrityError, match=words):
            rewrite(manifest_json=json_bytes(manifest | change)).verify([signer.verifier])
    forged = files["events.jsonl"].replace(b"contact.read", b"contact.sell")
    digests = manifest["files"] | {"events.jsonl": hashlib.sha256(forged).hexdigest()}
    with pytest.raises(IntegrityError, match="not proved"):
        rewrite(events_jsonl=forged, manifest_json=json_bytes(manifest | {"files": digests})).verify([signer.verifier])
    twice = {name: files[name] + files[name].splitlines(keepends=True)[-1] for name in ("events.jsonl", "proofs.jsonl")}
    digests = manifest["files"] | {name: hashlib.sha256(data).hexdigest() for name, data in twice.items()}
    more = json_bytes(manifest | {"files": digests, "count": manifest["count"] + 1})
    with pytest.raises(IntegrityError, match="twice or out of turn"):
        rewrite(events_jsonl=twice["events.jsonl"], proofs_jsonl=twice["proofs.jsonl"], manifest_json=more).verify(
            [signer.verifier]
        )
    with pytest.raises(FixityError, match="cannot be read"):
        rewrite(manifest_json=json_bytes(manifest | {"files": {"none.txt": ""}})).verify([signer.verifier])
    for data in (b"hello", b""):
        (tmp_path / "odd.zip").write_bytes(data)
        with pytest.raises(FormatError, match="not evidence"):
            Evidence.load(tmp_path / "odd.zip")
    with pytest.raises(FormatError, match="not evidence"):
        rewrite(manifest_json=json_bytes(manifest | {"format": "crmkit-audit-evidence/9"}))


def test_evidence_needs_a_checkpoint(tmp_path, make, signer):
    with Log.open(tmp_path / "none", origin="x") as log, pytest.raises(InvalidValueError, match="needs a checkpoint"):
        PLAN.collect(log, tmp_path / "x.zip")
    with (
        Log.open(tmp_path / "empty", signer=signer) as log,
        pytest.raises(InvalidValueError, match="needs a checkpoint"),
    ):
        PLAN.collect(log, tmp_path / "x.zip")
    make(tmp_path / "log", 3)
    with Log.open(tmp_path / "log", read_only=True) as log:
        assert PLAN.collect(log, tmp_path / "x.zip").count == 3
        assert log.export_tiles(tmp_path / "tiles") == 1
        assert (tmp_path / "tiles" / "checkpoint").read_bytes() == log.checkpoints()[-1]
    with Log.open(tmp_path / "none", read_only=True) as log, pytest.raises(InvalidValueError, match="tiles"):
        log.export_tiles(tmp_path / "tiles")


def test_a_report_is_for_people_in_two_languages_and_for_programs(log, tmp_path):
    report = PLAN.analyse(log, verified=True)
    english, chinese = report.to_markdown(), report.to_markdown("zh")
    assert "# Audit: Q1 \\| \\*bold\\*" in english
    assert "| u gave a right to itself | error | u |" in english
    assert "u 给自己授予了权限" in chinese
    assert json.loads(report.to_json())["findings"][0]["message"] == "u gave a right to itself"
    assert json.loads(report.to_json("zh"))["score"] == 75.0
    assert report.to_frame().to_dicts()[0]["detector"] == "self_grant"
    report.to_csv(tmp_path / "findings.csv")
    assert "self_grant" in (tmp_path / "findings.csv").read_text(encoding="utf-8-sig")
    assert "self_grant" in report._repr_html_()
    assert len(report) == 3
    with pytest.raises(TypeError, match=r"use \.ok"):
        bool(report)
    with pytest.raises(CheckFailedError, match="1 findings, the first: self_grant"):
        report.raise_for()
    with pytest.raises(NotFoundError):
        report.raise_for("eror")
    with pytest.raises(NotFoundError):
        report.remediate("none", owner="x", due=date(2026, 1, 1))
    assert not report.ok


def test_a_quiet_period_is_fine_only_if_the_log_was_verified():
    quiet = PLAN.analyse([], verified=True)
    quiet.raise_for("info")
    assert (quiet.ok, quiet.score) == (True, 100.0)
    assert "Nothing was found." in quiet.to_markdown()
    unverified = PLAN.analyse([], verified=False)
    assert (unverified.ok, unverified.score) == (False, 0.0)
    with pytest.raises(CheckFailedError, match="not verified"):
        unverified.raise_for()
    nothing = AuditPlan(name="x", auditor="a", since=PLAN.since, until=PLAN.until, detectors=())
    assert nothing.analyse([], verified=True).score == 100.0
    found = PLAN.analyse(told((1, "u", "role.assign", ("user", "u"))), verified=False)
    assert found.remediate(next(iter(found)).id, owner="x", due=date(2026, 1, 1)).score_after == 0.0


def test_many_events_of_a_finding_are_cut_in_the_table():
    denied = {"outcome": "denied"}
    report = PLAN.analyse(told(*((0, "u|v", "x", None, denied) for _ in range(9))), verified=True)
    series = RepeatedDenials(times=9).look(told(*((0, "u", "x", None, denied) for _ in range(9))))
    assert len(next(series).events) == 9
    assert "u\\|v" in report.to_markdown()
    plan = AuditPlan(name="x", auditor="a", since=PLAN.since, until=PLAN.until, detectors=(RepeatedDenials(times=9),))
    assert ", ..." in plan.analyse(told(*((0, "u", "x", None, denied) for _ in range(9))), verified=True).to_markdown()


def test_publishing_without_a_record(tmp_path):
    report = PLAN.analyse([], verified=True)
    assert len(PLAN.publish(report, tmp_path / "out", lang="zh")) == 3
