"""A vault that was lost, emptied or changed is no erasure: the log tells of those."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from types import SimpleNamespace

import pytest

from crmkit.audit import Log, NoteSigner, verify
from crmkit.audit._stores._segment import EVENT
from crmkit.audit._verify._values import check_values
from crmkit.errors import IntegrityError

SIGNER = NoteSigner.generate("example.com/log")


def change(log, contact="1"):
    said = {"email": ("ann@old.example", "ann@new.example")}
    return log.record_change("contact.update", actor="u-1", resource=("contact", contact), changes=said).seq


def vault_of(path):
    return path / "vault.sqlite" if path.name == "log" else path.with_suffix(".vault.sqlite")


def ask(path, query):
    with closing(sqlite3.connect(vault_of(path))) as database, database:
        database.executescript(query)


def damage(path, **asked):
    report = verify(path, keys=[SIGNER.verifier], deep=True, **asked)
    assert report.ok is (not report.damage)
    return [(item.kind, item.seq) for item in report]


@pytest.fixture
def made(path):
    """Changes of contacts 1 and 2 at turns 0 and 1, a read, and a change of 1 again at turn 3."""
    with Log.open(path, signer=SIGNER) as log:
        change(log)
        change(log, "2")
        log.record("contact.read", actor="u-1", resource=("contact", "1"))
        change(log)
    assert damage(path) == []
    return path


def test_a_vault_that_was_deleted_is_damage(made):
    vault_of(made).unlink()
    assert damage(made) == [("opening", 0)]
    assert damage(made, vault=False) == [], "an auditor's copy has none"
    assert verify(made, keys=[SIGNER.verifier]).ok, "only a deep verification looks"
    for writes in (False, True):
        with Log.open(made, signer=SIGNER if writes else None, read_only=not writes) as log:
            assert log.verify(keys=[SIGNER.verifier], deep=True).counts() == {"opening": 1}
            with pytest.raises(IntegrityError, match="event 0: the vault does not hold"):
                log.disclose(0)
            assert log.disclose(2) == []


@pytest.mark.parametrize(
    ("query", "seq"),
    [
        ("DELETE FROM openings", 0),
        ("DELETE FROM openings WHERE subject = (SELECT subject FROM openings GROUP BY subject HAVING count(*) = 2)", 1),
        ("DELETE FROM openings WHERE rowid = (SELECT max(rowid) FROM openings)", 3),
        ("UPDATE openings SET value = '\"x\"' WHERE side = 'after'", 0),
        ("UPDATE openings SET salt = x'00' WHERE rowid = 3", 1),
        ("UPDATE openings SET field = 'phone' WHERE rowid = 3", 1),
        ("INSERT OR IGNORE INTO destroyed SELECT event_id, subject FROM openings; DELETE FROM openings", 0),
        ("DROP TABLE openings", "unreadable"),
    ],
)
def test_whatever_is_done_to_a_vault_shows(made, query, seq):
    ask(made, query)
    assert damage(made) == [(seq, None) if seq == "unreadable" else ("opening", seq)]


def test_what_the_log_says_was_erased_may_be_gone_and_nothing_else(made):
    with Log.open(made, signer=SIGNER) as log:
        erasure = log.erase(("contact", "1"))
        assert set(log[erasure.seq].detail["events"]) == {log[0].id, log[3].id}
        assert log.disclose(0) == log.disclose(3) == []
        assert len(log.disclose(1)) == 2
    assert damage(made) == []
    vault_of(made).unlink()
    assert damage(made) == [("opening", 1)]
    with Log.open(made, read_only=True) as log:
        assert log.disclose(0) == []
        with pytest.raises(IntegrityError):
            log.disclose(1)


def test_an_erasure_that_a_crash_kept_from_the_log_is_told_by_the_next(made, monkeypatch):
    with Log.open(made, signer=SIGNER) as log:
        monkeypatch.setattr(log._store, "append", lambda *_, **__: (_ for _ in ()).throw(OSError(28, "full")))
        with pytest.raises(OSError, match="full"):
            log.erase(("contact", "1"))
        monkeypatch.undo()
    assert damage(made) == [("opening", 0)]
    with Log.open(made, signer=SIGNER) as log:
        assert log.erase(("contact", "1")).erased == 0
        assert "events" not in log[log.erase(("contact", "1")).seq].detail
    assert damage(made) == []


def test_one_erasure_of_very_many_events_is_told_in_pieces(made, monkeypatch):
    monkeypatch.setattr("crmkit.audit._log._log._ERASED_AT_ONCE", 1)
    with Log.open(made, signer=SIGNER) as log:
        erasure = log.erase(("contact", "1"))
        erasure.verify()
        assert [(event.count, len(event.detail["events"])) for event in log.events(action="log.erased")] == [
            (4, 1),
            (0, 1),
        ]
    assert damage(made) == []


def test_pruned_events_commit_to_nothing_any_more(path):
    from datetime import UTC, datetime, timedelta

    with Log.open(path, signer=SIGNER) as log:
        change(log)
        log.rotate()
        log.prune(datetime.now(UTC) + timedelta(days=1))
    vault_of(path).unlink()
    assert damage(path) == []


def test_a_vault_of_its_own_is_found_by_the_log_and_named_to_verify(path, tmp_path):
    with Log.open(path, signer=SIGNER, vault=tmp_path / "elsewhere.db") as log:
        change(log)
        log.checkpoint()
        assert log.verify(deep=True).ok
    assert damage(path) == [("opening", 0)]
    assert damage(path, vault=tmp_path / "elsewhere.db") == []


def test_a_commitment_that_is_no_digest_is_held_against_the_vault(tmp_path):
    from crmkit.audit import Event

    with Log.open(tmp_path / "log", signer=SIGNER) as log:
        log.append(Event(action="c.u", change={"email": {"after": "ä"}}))
    assert damage(tmp_path / "log") == [("opening", 0)]


def test_lines_that_are_no_events_are_said_elsewhere(made):
    class Broken:
        def lines(self, _part):
            return [EVENT + b'x","change":{}}\n', EVENT + b"x\n"]

    assert check_values(Broken(), [SimpleNamespace(kind="live")], 9, vault_of(made)) == []
