"""Corners of the log that no fault of a whole log is sure to reach."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sqlite3
import zipfile

import pytest

from crmkit._canonical import json_bytes
from crmkit.audit import AuditPlan, CallableWitness, Evidence, Log
from crmkit.audit._stores._segment import Segment, open_segment
from crmkit.audit._verify import _standalone
from crmkit.audit._work import _evidence
from crmkit.errors import IntegrityError, InvalidValueError, TamperedLogError


def test_evidence_that_is_not_there_is_not_called_broken(tmp_path):
    with pytest.raises(FileNotFoundError):
        Evidence.load(tmp_path / "none.zip")


def test_a_column_that_holds_no_bytes_is_wrong():
    assert _standalone.blob(b"x") == b"x"
    with pytest.raises(_standalone.Wrong):
        _standalone.blob(10**9)


def test_a_witness_that_calls_the_log_tampered_stops_it_and_what_is_stored_keeps_its_values(path, signer):
    told = []

    class Witness(CallableWitness):
        def observe(self, note, proof):
            told.append(note)
            raise TamperedLogError("not the log that I know")

    log = Log.open(path, signer=signer, witnesses=[Witness("other", lambda note: None)], checkpoint_events=1)
    with pytest.raises(TamperedLogError):
        log.record_change("c.u", actor="u-1", resource=("c", "1"), changes={"email": ("a", "b")})
    assert told
    assert [opening.value for opening in log.disclose(0)] == ["a", "b"]


def test_a_pruned_segment_that_is_gone_is_not_looked_for_compressed(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_segment(Segment(path=tmp_path / f"{0:020d}.pruned", first=0, kind="pruned"))


def test_a_database_that_is_locked_or_gone_is_no_damage(tmp_path, signer, monkeypatch):
    path = tmp_path / "log.sqlite"
    with Log.open(path, signer=signer) as log:
        log.record("contact.read", actor="u-1", resource=("contact", "1"))

        class Locked:
            def cursor(self):
                raise sqlite3.OperationalError("database is locked")

        with monkeypatch.context() as patched:
            patched.setattr(log._store, "_database", Locked())
            with pytest.raises(sqlite3.OperationalError):
                list(log._store.read(0, 1))


def test_evidence_whose_proofs_and_events_name_different_turns_is_refused(tmp_path, signer, monkeypatch):
    with Log.open(tmp_path / "log", signer=signer) as log:
        for number in range(3):
            log.record("contact.read", actor="u-1", resource=("contact", str(number)))
        plan = AuditPlan(name="x", auditor="a", since=dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
                         until=dt.datetime(2100, 1, 1, tzinfo=dt.UTC))  # fmt: skip
        evidence = plan.collect(log, tmp_path / "evidence.zip")
    with zipfile.ZipFile(evidence.path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    said = json.loads(files["manifest.json"])
    lines = files["proofs.jsonl"].split(b"\n")
    told = json.loads(lines[2])
    lines[2] = json_bytes(told | {"seq": told["seq"] + 5})
    files["proofs.jsonl"] = b"\n".join(lines)
    said["files"]["proofs.jsonl"] = hashlib.sha256(files["proofs.jsonl"]).hexdigest()
    files["manifest.json"] = json_bytes(said)
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    edited = Evidence.load(tmp_path / "other.zip")
    with pytest.raises(IntegrityError, match="not proved"):
        edited.verify([signer.verifier])
    monkeypatch.setattr(_evidence, "verify_inclusion", lambda *_: None)
    with pytest.raises(IntegrityError, match="another turn"):
        edited.verify([signer.verifier])

    def refuse(*_):
        raise InvalidValueError("no such proof")

    monkeypatch.setattr(_evidence, "verify_inclusion", refuse)
    with pytest.raises(InvalidValueError, match="no such proof"):
        edited.verify([signer.verifier])
