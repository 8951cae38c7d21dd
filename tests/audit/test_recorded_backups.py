"""What is done to backups records itself in an audit log."""

from __future__ import annotations

import shutil
import sqlite3

import pytest

from crmkit import backup
from crmkit.audit import Log, verify
from crmkit.errors import ConflictError


@pytest.fixture
def dump(tmp_path):
    folder = tmp_path / "dump"
    folder.mkdir()
    database = sqlite3.connect(folder / "crm.sqlite")
    database.executescript(
        "CREATE TABLE contacts (id INTEGER, name TEXT); INSERT INTO contacts VALUES (1, 'Lindqvist')"
    )
    database.close()
    return folder


def test_backups_and_drills_are_recorded_with_how_they_ended(dump, path, signer):
    key = backup.SigningKey.generate()
    with Log.open(path, signer=signer) as log:
        made = backup.create(dump, backup.Header(set="crm"), audit=log, by="ops")
        statement = backup.sign(made, key, seq=1)
        assert backup.verify(dump, keys=[key.public], audit=log, by="ops").ok
        drill = backup.Drill(
            restore=backup.SqliteRestore(), scratch=backup.ScratchFolder(), keys=[key.public],
            checks=[backup.RowCounts({"contacts": 1})],
        )  # fmt: skip
        assert drill.run(dump, audit=log, by="ops").ok
        (dump / "crm.sqlite").write_bytes(b"broken")
        assert not backup.verify(dump, keys=[key.public], audit=log).ok
        assert not drill.run(dump, audit=log).ok
        events = list(log)
    told = [(event.action, event.outcome, event.resource.id) for event in events]
    assert told == [
        (f"backup.{verb}", outcome, statement.backup_id)
        for verb, outcome in (
            ("create", "ok"), ("verify", "ok"), ("drill", "ok"), ("verify", "failed"), ("drill", "failed"),
        )
    ]  # fmt: skip
    assert [event.actor and event.actor.id for event in events] == ["ops", "ops", "ops", None, None]
    assert events[0].detail == {"bytes": made.size_bytes, "root": made.root, "set": "crm"}
    assert events[2].detail["checks"] == {"failed": 0, "passed": 1, "skipped": 0}
    assert events[3].detail["codes"]
    assert verify(path, keys=[signer.verifier]).proved == 5


def test_rows_that_are_brought_back_are_recorded_and_so_is_a_failure(path, signer, tmp_path):
    schema = backup.row_schema({"id": "int", "name": "text"})
    saved = backup.FrameSource([{"id": 1, "name": "Lindqvist"}], key="id", schema=schema)
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.execute("CREATE TABLE t (id INTEGER, name TEXT)")
    live = backup.SqliteSource(database, "t", key="id", schema=schema)
    plan, late = (backup.recover(saved, live, keys=[1]) for _ in range(2))
    with Log.open(path, signer=signer) as log:
        done = plan.apply(by="ops", reason="ticket 7", audit=log)
        with pytest.raises(ConflictError):
            late.apply(by="ops", audit=log)
        one, two = list(log)
    database.close()
    assert (one.action, one.actor.id, one.resource.id, one.count, one.purpose, one.outcome) == (
        "backup.recover", "ops", done.run_id, 1, "ticket 7", "ok",
    )  # fmt: skip
    assert (two.action, two.outcome) == ("backup.recover", "failed")
    assert b"Lindqvist" not in b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


def test_healing_is_recorded_where_something_is_written(dump, path, signer, tmp_path):
    key = backup.SigningKey.generate()
    backup.sign(backup.create(dump, backup.Header(set="crm")), key, seq=1)
    shutil.copytree(dump, tmp_path / "copy")
    (tmp_path / "copy" / "crm.sqlite").write_bytes(b"broken")
    stores = {"one": backup.LocalStore(dump), "two": backup.LocalStore(tmp_path / "copy")}
    report = backup.compare_copies(dump.with_name("dump.meta"), stores, keys=[key.public])
    plan = backup.plan_heal(report)
    with Log.open(path, signer=signer) as log:
        plan.check()
        assert len(log) == 0
        plan.apply(audit=log, by="ops")
        (event,) = log
    assert (event.action, event.count, event.outcome) == ("backup.heal", 1, "ok")
    assert (tmp_path / "copy" / "crm.sqlite").read_bytes() == (dump / "crm.sqlite").read_bytes()
