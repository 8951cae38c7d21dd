"""The log as its users see it, in a folder and in a database."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import threading
from datetime import UTC, datetime, timedelta

import pytest

from crmkit.audit import (
    Actor,
    CallableWitness,
    Checkpoint,
    Event,
    FileWitness,
    InclusionProof,
    Log,
    NoteSigner,
    Pseudonyms,
    SQLiteWitness,
    Witness,
    verify,
)
from crmkit.audit._stores import _segment
from crmkit.audit._stores._vault import Vault
from crmkit.errors import FormatError, IntegrityError, InvalidValueError, LockedError, NotFoundError, TamperedLogError
from crmkit.typing import AuditSink, UsageSource

ORIGIN = "crm.example.com/audit"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_what_is_recorded_comes_back_in_its_order(path, signer):
    with Log.open(path, signer=signer) as log:
        receipts = [
            log.record(
                "contact.read", actor="u-17", resource=("contact", str(number)), outcome="denied", fields=["email"],
                count=number, purpose="support", at=START, detail={"n": number},
            )
            for number in range(5)
        ]  # fmt: skip
    assert [receipt.seq for receipt in receipts] == [0, 1, 2, 3, 4]
    with Log.open(path, read_only=True) as log:
        found = list(log)
        assert (len(log), bool(log), log.origin, log.path) == (5, True, ORIGIN, path)
        assert repr(log) == f"<Log '{ORIGIN}', 5 events>"
    assert [(event.seq, event.id) for event in found] == [(receipt.seq, receipt.id) for receipt in receipts]
    third = found[3]
    assert (third.action, third.outcome, third.count, third.purpose, third.at) == (
        "contact.read",
        "denied",
        3,
        "support",
        START,
    )
    assert (third.fields, third.detail, third.resource.id) == (("email",), {"n": 3}, "3")
    assert third.stored_at is not None


def test_a_log_is_the_sink_and_the_source_that_other_areas_ask_for(path, signer):
    with Log.open(path, signer=signer) as log:
        assert isinstance(log, AuditSink)
        assert isinstance(log, UsageSource)
        log.record("contact.read", actor="u-1", resource=("contact", "1"), outcome="ok", at=START)
        log.record("contact.read", actor="u-1", resource=("contact", "2"), outcome="denied", at=START)
        log.record("job.run", actor=None, resource=None, outcome="ok", at=START)
        log.record("list.read", actor="u-2", resource=None, outcome="ok", at=START + timedelta(days=1))
        assert [(use.actor, use.action, use.resource) for use in log.usage(since=START)] == [
            ("u-1", "contact.read", ("contact", "1")),
            ("u-2", "list.read", None),
        ]
        assert [use.actor for use in log.usage(since=START + timedelta(hours=1))] == ["u-2"]
        assert not log.verified
        assert not log.verify().ok  # nothing is signed yet
        assert not log.verified
        log.checkpoint()
        log.verify().raise_for()
        assert log.verified


def test_events_are_found_by_what_they_say(path, events, signer):
    with Log.open(path, signer=signer) as log:
        log.extend(events(20))
        log.extend(events(5, actor="u-9", action="contact.export", outcome="failed"))
        log.append(Event(action="contacts.read", actor=Actor(id="u-17", type="job"), at=START))

        def seqs(**asked):
            return [event.seq for event in log.events(**asked)]

        assert seqs(actor="u-9") == [20, 21, 22, 23, 24]
        assert seqs(resource=("contact", "3")) == [3, 23]
        assert seqs(resource=("contact", "3"), actor="u-17") == [3]
        assert seqs(resource=("account", "3")) == []
        assert seqs(action="contact.export") == seqs(outcome="failed") == seqs(actor="u-9")
        assert seqs(action="contact.*") == list(range(25))
        assert seqs(start=18, stop=21) == [18, 19, 20]
        assert seqs(since=START + timedelta(seconds=18), stop=20) == [18, 19]
        assert seqs(until=START + timedelta(seconds=2), stop=20) == [0, 1]
        assert log[3].resource.id == "3"
        for wrong in (-1, 26):
            with pytest.raises(IndexError):
                log[wrong]


def test_a_log_goes_on_where_it_stood(path, events, signer):
    for turn in range(4):
        with Log.open(path, signer=signer) as log:
            assert log.size == 3 * turn
            log.extend(events(3))
    assert verify(path, keys=[signer.verifier]).proved == 12


def test_an_empty_log_is_sound(path, signer):
    with Log.open(path, signer=signer) as log:
        assert log.checkpoint() is None
        assert list(log) == []
    report = verify(path, keys=[signer.verifier])
    assert (report.ok, report.size) == (True, 0)


def test_a_log_without_a_key_proves_nothing_and_says_so(path, events):
    with Log.open(path, origin=ORIGIN) as log:
        log.extend(events(3))
        with pytest.raises(InvalidValueError, match="signer="):
            log.checkpoint()
        with pytest.raises(InvalidValueError, match="no checkpoint covers"):
            log.prove(1)
    report = verify(path)
    assert (report.ok, report.counts(), report.proved) == (False, {"unproved": 1}, 0)


def test_each_event_a_batch_of_its_own(path, events, signer):
    with Log.open(path, signer=signer, durability="each") as log:
        log.extend(events(5))
    assert verify(path, keys=[signer.verifier], deep=True).ok
    if path.is_dir():
        (segment,) = (path / "events").iterdir()
        assert segment.read_bytes().count(b'{"root":') == 5


@pytest.mark.parametrize("durability", ["each", "group", "os"])
def test_durability_is_when_data_is_forced_to_disk(folder, events, signer, durability, monkeypatch):
    log = Log.open(folder, signer=signer, durability=durability)
    forced = []
    monkeypatch.setattr(os, "fsync", forced.append)
    log.extend(events(3))
    assert len(forced) == {"each": 3, "group": 1, "os": 0}[durability]
    forced.clear()
    log.close()
    log.close()
    assert forced


def test_submitted_events_are_written_by_themselves(path, signer):
    with Log.open(path, signer=signer) as log:
        first = log.submit("contact.read", actor="u-1")
        assert "waiting" in repr(first) or first.seq == 0
        waited = threading.Event()
        for _ in range(500):
            if first.is_settled:
                break
            waited.wait(0.01)
        assert (first.seq, first.wait() is first) == (0, True)
        assert repr(first) == f"Receipt({first.id!r}, seq=0)"
        log.submit(Event(action="contact.read"))
    assert verify(path, keys=[signer.verifier]).size == 2


def test_a_submitter_helps_when_the_writer_does_not_keep_up(path, signer, monkeypatch):
    with Log.open(path, signer=signer, durability="each") as log:
        monkeypatch.setattr(threading.Thread, "start", lambda self: None)
        receipts = [log.submit("contact.read") for _ in range(8)]
        assert receipts[3].is_settled
        log._committer._timer = None
    assert verify(path, keys=[signer.verifier]).size == 8


def test_large_batches_are_cut(path, signer):
    with Log.open(path, signer=signer) as log:
        log.extend([Event(action="import", purpose="x" * 3_000_000) for _ in range(4)])
    assert verify(path, keys=[signer.verifier]).proved == 4


def test_many_threads_share_a_log(path, signer):
    with Log.open(path, signer=signer) as log:

        def work(name):
            for number in range(25):
                log.record("contact.read", actor=name, resource=("contact", str(number)), outcome="ok")

        threads = [threading.Thread(target=work, args=(f"u-{number}",)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for number in range(6):
            assert [event.resource.id for event in log.events(actor=f"u-{number}")] == [str(i) for i in range(25)]
    assert verify(path, keys=[signer.verifier], deep=True).proved == 150


def test_two_logs_of_one_file_see_each_other(path, events, signer):
    with Log.open(path, signer=signer) as one, Log.open(path, signer=signer) as two:
        one.extend(events(3))
        assert two.append(events(1)[0]).seq == 3
        assert one.refresh() == 4
        with Log.open(path, read_only=True) as reader:
            one.extend(events(2))
            assert (reader.refresh(), len(list(reader))) == (6, 6)
    assert verify(path, keys=[signer.verifier]).ok


# What is refused


def test_a_closed_log_and_a_reader_take_nothing(path, make, events, signer):
    make(path, 2)
    log = Log.open(path, signer=signer)
    log.close()
    with pytest.raises(InvalidValueError, match="is closed"):
        log.append(events(1)[0])
    with Log.open(path, read_only=True) as reader:
        with pytest.raises(InvalidValueError, match="read only"):
            reader.append(events(1)[0])
        with pytest.raises(InvalidValueError, match="signer="):
            reader.checkpoint()


def test_the_log_keeps_its_own_actions_to_itself(path, signer):
    with Log.open(path, signer=signer) as log, pytest.raises(InvalidValueError, match="the log's own"):
        log.record("log.pruned", actor="u", resource=None, outcome="ok")


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"purpose": "\ud800"}, InvalidValueError),
        ({"detail": {"x": float("nan")}}, InvalidValueError),
        ({"actor": ""}, InvalidValueError),
        ({"outcome": "maybe"}, NotFoundError),
    ],
)
def test_a_bad_event_is_refused_and_leaves_no_trace(path, signer, said, error):
    with Log.open(path, signer=signer) as log:
        with pytest.raises(error):
            log.record("contact.read", **{"actor": "u", "resource": None, "outcome": "ok"} | said)
        assert log.record("contact.read", actor="u", resource=None, outcome="ok").seq == 0


def test_a_ten_megabyte_event_and_a_huge_integer_are_kept(path, signer):
    with Log.open(path, signer=signer) as log:
        log.record("import", actor="u", resource=None, outcome="ok", detail={"x": "é" * 5_000_000, "n": 10**400})
        assert log[0].detail["n"] == hex(10**400)
    assert verify(path, keys=[signer.verifier], deep=True).ok


@pytest.mark.parametrize("origin", [" crm", "crm\n", "a\x00b"])
def test_an_origin_that_no_checkpoint_could_bear_is_refused(path, origin):
    with pytest.raises(InvalidValueError, match="printable"):
        Log.open(path, origin=origin)


def test_another_log_or_none_at_the_place_is_an_error(path, make, tmp_path):
    with pytest.raises(FormatError, match="no audit log is here"):
        Log.open(path)
    with pytest.raises(FormatError, match="no audit log is here"):
        Log.open(path, read_only=True)
    with pytest.raises(FormatError, match="no audit log is here"):
        verify(path)
    make(path, 1)
    with pytest.raises(InvalidValueError, match="not 'other"):
        Log.open(path, origin="other.example.com/log")
    with pytest.raises(NotFoundError, match="did you mean 'each'"):
        Log.open(path, durability="eahc")
    (tmp_path / "empty" / "events").mkdir(parents=True)
    with pytest.raises(FormatError, match="no audit log is here"):
        Log.open(tmp_path / "empty")


def test_a_lock_that_is_not_given_up_is_an_error(path, make, signer):
    make(path, 1)
    with Log.open(path, signer=signer) as holder, Log.open(path, signer=signer, wait_s=0.05) as other:
        with holder._locked(), pytest.raises(LockedError):
            other.record("contact.read", actor="u", resource=None, outcome="ok")
        assert other.record("contact.read", actor="u", resource=None, outcome="ok").seq == 1


# Checkpoints, keys and witnesses


def test_checkpoints_are_made_by_number_by_time_and_at_the_end(path, events, signer):
    with Log.open(path, signer=signer, checkpoint_events=10) as log:
        log.extend(events(9))
        assert log.checkpoints() == []
        log.extend(events(1))
        assert [Checkpoint.peek(note).size for note in log.checkpoints()] == [10]
        log.extend(events(3))
        assert log.checkpoint() == log.checkpoint()
    with Log.open(path, signer=signer, checkpoint_s=0) as log:
        log.extend(events(1))
        assert [Checkpoint.peek(note).size for note in log.checkpoints()] == [10, 13, 14]
        log.extend(events(1))
    with Log.open(path, read_only=True) as log:
        notes = [Checkpoint.open(note, [signer.verifier]) for note in log.checkpoints()]
    assert [note.size for note in notes] == [10, 13, 14, 15]


def test_a_checkpoint_of_an_os_log_is_on_disk_behind_its_events(folder, events, signer, monkeypatch):
    with Log.open(folder, signer=signer, durability="os", checkpoint_events=3) as log:
        forced = []
        monkeypatch.setattr(os, "fsync", forced.append)
        log.extend(events(3))
        assert forced


@pytest.mark.parametrize("kind", ["file", "sqlite", "callable"])
def test_witnesses_get_every_checkpoint_and_hold_the_log_to_it(path, events, signer, tmp_path, kind):
    notes = []
    made = {
        "file": lambda: FileWitness(tmp_path / "notes"),
        "sqlite": lambda: SQLiteWitness(tmp_path / "notes.db"),
        "callable": lambda: CallableWitness("mail", notes.append, lambda: notes[-1] if notes else None),
    }
    witness = made[kind]()
    with Log.open(path, signer=signer, witnesses=[witness], checkpoint_events=5) as log:
        log.extend(events(5))
        assert Checkpoint.peek(witness.latest()).size == 5
        log.extend(events(2))
    assert Checkpoint.peek(witness.latest()).size == 7
    with Log.open(path, signer=signer, witnesses=[witness]) as log:
        assert log.checkpoint() == witness.latest()
    report = verify(path, keys=[signer.verifier], witnesses=[witness])
    assert (report.ok, report.witnessed) == (True, 7)
    assert "notes" in repr(witness) or "mail" in repr(witness)


def test_a_witness_refuses_what_has_not_grown(signer, tmp_path):
    witness = FileWitness(tmp_path / "notes")
    witness.observe(Checkpoint(ORIGIN, 3, bytes(32)).sign([signer]), [])
    for other in (
        Checkpoint(ORIGIN, 3, b"x" * 32),
        Checkpoint(ORIGIN, 2, bytes(32)),
        Checkpoint("other", 3, bytes(32)),
    ):
        with pytest.raises(TamperedLogError, match="witness notes"):
            witness.observe(other.sign([signer]), [])
    assert Checkpoint.peek(witness.latest()).size == 3


def test_a_witness_that_only_forwards_and_one_that_is_incomplete(signer, events, path):
    seen = []
    with Log.open(path, signer=signer, witnesses=[CallableWitness("mail", seen.append)]) as log:
        log.extend(events(2))
        log.checkpoint()
    assert len(seen) == 2  # it cannot say what it has, so it gets the last one again
    for call in (Witness("x").latest, lambda: Witness("x").keep(b"")):
        with pytest.raises(NotImplementedError):
            call()


def test_a_witness_out_of_reach_keeps_nobody_from_working(path, events, signer, tmp_path, caplog):
    witness = FileWitness(tmp_path / "away" / "notes")
    with caplog.at_level(logging.WARNING, "crmkit.audit"):
        with Log.open(path, signer=signer, witnesses=[witness], checkpoint_events=1) as log:
            log.extend(events(2))
        assert "witness notes did not take a checkpoint" in caplog.text
    (tmp_path / "away").mkdir()
    with Log.open(path, signer=signer, witnesses=[witness], checkpoint_events=1) as log:
        log.extend(events(1))
    assert Checkpoint.peek(witness.latest()).size == 3


def test_a_log_that_a_witness_knows_otherwise_does_not_open(path, make, signer, tmp_path):
    make(path, 4)
    ahead, other, foreign = (FileWitness(tmp_path / name) for name in ("ahead", "other", "foreign"))
    ahead.keep(Checkpoint(ORIGIN, 9, bytes(32)).sign([signer]))
    other.keep(Checkpoint(ORIGIN, 2, bytes(32)).sign([signer]))
    foreign.keep(Checkpoint("other.example.com", 2, bytes(32)).sign([signer]))
    for witness, words in ((ahead, "rolled back"), (other, "not the log whose first 2"), (foreign, "of another log")):
        with pytest.raises(TamperedLogError, match=words):
            Log.open(path, signer=signer, witnesses=[witness])


def test_another_key_takes_over_and_the_log_says_so(path, make, events, signer):
    make(path, 2)
    fresh = NoteSigner.generate(ORIGIN)
    with pytest.raises(IntegrityError, match="former_keys"):
        Log.open(path, signer=fresh)
    with Log.open(path, signer=fresh, former_keys=[signer.verifier]) as log:
        log.extend(events(1))
        assert [event.action for event in log] == ["contact.read", "contact.read", "log.key_changed", "contact.read"]
        assert log[2].detail == {"from": signer.key_id, "to": fresh.key_id}
    assert verify(path, keys=[signer.verifier, fresh.verifier]).ok
    assert verify(path, keys=[fresh.verifier]).counts() == {"unknown_key": 1}
    with Log.open(path, signer=fresh) as log:
        log.extend(events(1))


def test_nothing_is_signed_that_has_not_grown_from_what_was_signed(path, events, signer):
    log = Log.open(path, signer=signer)
    log.extend(events(3))
    for note in (Checkpoint(ORIGIN, 2, bytes(32)), Checkpoint(ORIGIN, 7, bytes(32))):
        log._store.last_note = lambda note=note: note.sign([signer])
        with pytest.raises(IntegrityError):
            log.checkpoint()
    del log._store.last_note
    assert log.checkpoints() == []
    log.close()


# Time


def test_a_clock_that_goes_back_is_recorded_and_time_stands_still(path, events, signer):
    clock = [START]
    with Log.open(path, signer=signer, now=lambda: clock[0]) as log:
        log.extend(events(1))
        clock[0] = START - timedelta(seconds=0.5)
        log.extend(events(1))
        clock[0] = START - timedelta(days=1)
        log.extend(events(1))
        clock[0] = START + timedelta(seconds=1)
        log.extend(events(1))
        assert [(event.action, event.stored_at - START) for event in log] == [
            ("contact.read", timedelta(0)),
            ("contact.read", timedelta(0)),
            ("log.clock_went_back", timedelta(0)),
            ("contact.read", timedelta(0)),
            ("contact.read", timedelta(seconds=1)),
        ]
        assert log[2].detail == {"clock": "2026-03-01T09:00:00.000000Z"}
    assert verify(path, keys=[signer.verifier]).ok


# Proofs


def test_every_event_is_proved_to_somebody_who_has_nothing_but_the_key(path, events, signer):
    with Log.open(path, signer=signer) as log:
        log.extend(events(40))
        log.checkpoint()
        log.extend(events(1))
        for seq in range(40):
            proof = InclusionProof.parse(log.prove(seq).to_bytes())
            assert proof.verify([signer.verifier]) == log[seq]
        for wrong in (41, 99):
            with pytest.raises(IndexError):
                log.prove(wrong)
        with pytest.raises(InvalidValueError, match="no checkpoint covers"):
            log.prove(40)
        with pytest.raises(IntegrityError):
            InclusionProof(seq=3, event=proof.event, path=proof.path, checkpoint=proof.checkpoint).verify(
                [signer.verifier]
            )
        assert len(log.consistency_proof(40)) == len(log.consistency_proof(40, 41)) > 0
        assert "contact" not in repr(proof)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"seq":1}', b"\xff"])
def test_what_is_no_proof_is_refused(data):
    with pytest.raises(FormatError):
        InclusionProof.parse(data)


def test_a_proof_whose_event_claims_another_turn_is_refused(folder, signer):
    from crmkit._merkle import leaf_hash
    from crmkit.audit._events._event import moment

    event = Event(action="a", seq=5, stored_at=START, at=START).to_bytes()
    assert moment(START) in event.decode()
    note = Checkpoint(ORIGIN, 1, leaf_hash(event)).sign([signer])
    with pytest.raises(IntegrityError, match="another turn"):
        InclusionProof(seq=0, event=event, path=(), checkpoint=note).verify([signer.verifier])


# Personal data


def test_changes_are_commitments_that_can_be_opened_and_erased(path, events, signer):
    with Log.open(path, signer=signer) as log:
        log.extend(events(3))
        changed = log.record_change(
            "contact.update", actor="u-17", resource=("contact", "42"),
            changes={"email": ("ann@old.example", "ann@new.example"), "phone": (None, "+12025550123")},
            purpose="asked to",
        )  # fmt: skip
        other = log.record_change(
            "contact.update", actor="u", resource=("contact", "43"), changes={"email": ("a", "b")}
        )
        log.checkpoint()
        before = {seq: log.prove(seq) for seq in range(5)}
        openings = log.disclose(changed.seq)
        assert {(opening.field, opening.side): opening.value for opening in openings} == {
            ("email", "before"): "ann@old.example", ("email", "after"): "ann@new.example",
            ("phone", "before"): None, ("phone", "after"): "+12025550123",
        }  # fmt: skip
        assert (log[changed.seq].fields, log[changed.seq].purpose) == (("email", "phone"), "asked to")
        erasure = log.erase(("contact", "42"), actor="u-1", request="DSR-7")
        erasure.verify()
        assert (erasure.erased, erasure.seq, erasure.size, erasure.size_after) == (4, 5, 5, 6)
        assert log.disclose(changed.seq) == []
        assert len(log.disclose(other.seq)) == 2
        told = log[5]
        assert (told.action, told.count, told.resource.id, told.request) == (
            "log.erased",
            4,
            erasure.pseudonym,
            "DSR-7",
        )
        for proof in before.values():
            proof.verify([signer.verifier])
        assert log.erase(("contact", "42")).erased == 0
        kept = b"".join(file.read_bytes() for file in path.parent.rglob("*") if file.is_file())
        assert b"ann@" not in kept.replace(b"vault", b"")
    assert verify(path, keys=[signer.verifier], deep=True).ok


def test_values_may_be_about_somebody_else_than_the_resource(path, signer):
    with Log.open(path, signer=signer) as log:
        log.record_change(
            "deal.note", actor="u", resource=("deal", "1"), subject=("contact", "42"), changes={"note": ("", "x")}
        )
        assert log.erase(("deal", "1")).erased == 0
        assert log.erase(("contact", "42")).erased == 2
        log.erase(("contact", "42")).verify()


def test_the_first_erasure_of_an_empty_log_proves_nothing_and_says_so(path, signer):
    with Log.open(path, signer=signer) as log:
        erasure = log.erase(("contact", "42"))
        erasure.verify()
        assert (erasure.size, erasure.erased) == (0, 0)


def test_values_of_an_event_that_was_not_stored_are_destroyed(path, signer, monkeypatch):
    with Log.open(path, signer=signer) as log:

        def full(*_, **__):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(log._store, "append", full)
        with pytest.raises(OSError, match="No space"):
            log.record_change("contact.update", actor="u", resource=("contact", "42"), changes={"email": ("a", "b")})
        assert log.vault.count(log.vault.pseudonyms.name("contact", "42")) == 0
        monkeypatch.undo()


def test_a_value_that_was_changed_in_the_vault_is_not_disclosed(path, signer):
    with Log.open(path, signer=signer) as log:
        changed = log.record_change(
            "contact.update", actor="u", resource=("contact", "42"), changes={"email": ("a", "b")}
        )
        with sqlite3.connect(log.vault.path) as database:
            database.execute("UPDATE openings SET value = '\"c\"'")
        database.close()
        with pytest.raises(IntegrityError, match="email"):
            log.disclose(changed.seq)


def test_ids_are_pseudonyms_where_that_is_asked_for(path, signer, tmp_path):
    names = Pseudonyms(bytes(32), of=("resource", "actor"))
    with Log.open(path, signer=signer, pseudonyms=names, vault=tmp_path / "v.sqlite") as log:
        log.record("contact.read", actor="ann@example.com", resource=("contact", "ann@example.com"), outcome="ok")
        log.record("contact.read", actor=None, resource=None, outcome="ok")
        assert [event.seq for event in log.events(resource=("contact", "ann@example.com"))] == [0]
        assert [event.seq for event in log.events(actor="ann@example.com")] == [0]
        assert log[0].resource.id == names.name("contact", "ann@example.com")
    with Log.open(path, signer=signer, pseudonyms=Pseudonyms(bytes(32))) as log:
        log.record("contact.read", actor="u-1", resource=("contact", "ann@example.com"), outcome="ok")
        assert [event.seq for event in log.events(resource=("contact", "ann@example.com"), actor="u-1")] == [2]
    with Log.open(path, signer=signer, pseudonyms=Pseudonyms(bytes(32), of=())) as log:
        log.record("contact.read", actor="u-1", resource=("contact", "7"), outcome="ok")
        assert [event.seq for event in log.events(resource=("contact", "7"), actor="u-1")] == [3]
    assert b"ann@example.com" not in b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


def test_a_vault_is_made_only_when_it_is_needed(path, make, tmp_path):
    make(path, 2)
    assert not list(tmp_path.rglob("*vault*"))
    assert Vault(tmp_path / "vault.sqlite").get("none") == []


# Forks


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_process_writes_on_with_files_of_its_own(path, events, signer):
    with Log.open(path, signer=signer) as log:
        log.extend(events(2))
        child = os.fork()
        if child == 0:
            code = 1
            try:
                log.extend(events(3))
                code = 0
            except InvalidValueError as error:
                code = 0 if "forked" in str(error) and not path.is_dir() else 1
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        log.extend(events(1))
        assert log.size == (6 if path.is_dir() else 3)
    assert verify(path, keys=[signer.verifier]).ok


# Damage that a log meets when it is opened


def test_a_log_that_its_own_checkpoint_contradicts_does_not_open(folder, make, signer, events):
    make(folder, 5)
    notes = (folder / "checkpoints.jsonl").read_bytes()
    for count, words in ((3, "cut off"), (7, "not the events that were signed")):
        shutil.rmtree(folder)
        with Log.open(folder, origin=ORIGIN) as log:
            log.extend(events(count, actor="u-99"))
        (folder / "checkpoints.jsonl").write_bytes(notes)
        for settings in ({"signer": signer}, {"read_only": True}):
            with pytest.raises(TamperedLogError, match=words):
                Log.open(folder, **settings)


def test_a_database_that_is_none_or_lacks_something_does_not_open(tmp_path, make, signer):
    path = tmp_path / "log.db"
    path.write_bytes(b"hello" * 1000)
    for settings in ({"signer": signer}, {"read_only": True}):
        with pytest.raises(FormatError, match="not an audit log"):
            Log.open(path, **settings)
    path.unlink()
    with pytest.raises(FormatError, match="not an audit log"):
        Log.open(tmp_path / "no" / "folder" / "log.db", signer=signer)
    make(path, 20)

    def change(*statements):
        copy = tmp_path / "copy.db"
        with sqlite3.connect(path) as source, sqlite3.connect(copy) as target:
            source.backup(target)
            for statement in statements:
                target.execute(statement)
        source.close()
        target.commit()
        target.close()
        return copy

    with pytest.raises(FormatError, match="does not read"):
        Log.open(change("UPDATE about SET format = 'crmkit-audit/9'"), signer=signer)
    with pytest.raises(FormatError, match="not an audit log"):
        Log.open(change("DROP TABLE hashes"), signer=signer)
    cut = change("DROP TRIGGER events_remain", "DELETE FROM events WHERE seq > 12")
    with pytest.raises(TamperedLogError, match="20 events were written, 13 are there"):
        Log.open(cut, signer=signer)
    with pytest.raises(TamperedLogError, match="hashes are missing"):
        Log.open(change("DELETE FROM hashes WHERE row = 0 AND tile = 0"), signer=signer)._store.rows.leaves(0, 3)
    assert not verify(change("UPDATE about SET format = 'crmkit-audit/9'"), keys=[signer.verifier]).ok


def test_a_database_that_cannot_be_written_says_so(tmp_path, make, signer, events, monkeypatch):
    with Log.open(make(tmp_path / "log.db", 2), signer=signer) as log:
        store = log._store
        real = store._database

        class Broken:
            in_transaction = False

            def execute(self, statement, *values):
                if statement.startswith("BEGIN"):
                    error = sqlite3.OperationalError("disk I/O error")
                    error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_IOERR, "SQLITE_IOERR"
                    raise error
                return real.execute(statement, *values)

        store._database = Broken()
        with pytest.raises(OSError, match="SQLITE_IOERR"):
            log.extend(events(1))
        store._database = real
        assert log.extend(events(1))[0].seq == 2


def test_what_a_forked_process_does_first(path, make, signer, events):
    from crmkit.audit._log._log import _after_fork

    make(path, 2)
    with Log.open(path, signer=signer) as log:
        _after_fork()
        if path.is_dir():
            log.extend(events(1))
        else:
            with pytest.raises(InvalidValueError, match="forked"):
                log.extend(events(1))
            log._closed = None
    assert verify(path, keys=[signer.verifier]).ok


@pytest.mark.parametrize("near", [1, 300, 5000])
def test_an_event_is_found_from_anywhere_as_it_is_by_reading_everything(folder, events, signer, monkeypatch, near):
    monkeypatch.setattr(_segment, "_NEAR_BYTES", near)
    with Log.open(folder, signer=signer, segment_bytes=20_000) as log:
        for size in (1, 1, 7, 40, 1, 1, 30):
            log.extend(events(size, first=log.size))
        log.append(Event(action="import", purpose="x" * 9000, detail={"v": ',"seq":3,"stored_at":"2026"'}))
        log.extend(events(20, first=log.size))
        whole = list(log._store.read())
        assert [seq for seq, _ in whole] == list(range(len(log)))
        for start in range(len(log) + 1):
            assert list(log._store.read(start)) == whole[start:]
            assert list(log._store.read(start, start + 1)) == whole[start : start + 1]


def test_damage_does_not_keep_an_event_from_being_looked_for(folder, make, signer, monkeypatch):
    monkeypatch.setattr(_segment, "_NEAR_BYTES", 1)
    make(folder, 50)
    segment = next((folder / "events").iterdir())
    good = segment.read_bytes()
    with Log.open(folder, read_only=True) as log:
        for changed in (good.replace(b"stored_at", b"stored-at"), good[:700], b"\n" * len(good), b"", b"\x00" * 999):
            segment.write_bytes(changed)
            assert len([seq for seq, _ in log._store.read(40)]) <= 10


@pytest.mark.skipif(os.name == "nt", reason="POSIX rights")
def test_the_folder_is_the_owners_alone_whatever_the_umask_is(tmp_path, signer, events):
    """Who may write to the folder can exchange whole files, whatever the rights of the files are."""
    before = os.umask(0)
    try:
        with Log.open(tmp_path / "new" / "log", signer=signer) as log:
            log.extend(events(1))
    finally:
        os.umask(before)
    own = [tmp_path / "new" / "log", *(tmp_path / "new" / "log").rglob("*")]
    assert {place.name: place.stat().st_mode & 0o077 for place in own if place.stat().st_mode & 0o077} == {}
    given = tmp_path / "given"
    given.mkdir(mode=0o750)
    with Log.open(given, signer=signer):
        pass
    assert given.stat().st_mode & 0o777 == 0o750  # one that was there keeps the rights that it was given
