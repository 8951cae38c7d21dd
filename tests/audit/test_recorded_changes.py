"""Fixes and merges record themselves in an audit log, without a value."""

from __future__ import annotations

import crmkit as ck
from crmkit.audit import Log, verify
from crmkit.changes import ChangeLog, Edits, apply_edits


def test_fixes_and_merges_are_recorded(path, signer, tmp_path):
    people = [
        {"id": "1", "email": "Ana@EXAMPLE.com", "name": "Ana Lindqvist", "phone": "+12025550123"},
        {"id": "2", "email": "ana@example.com", "name": "Ana Lindqvist", "phone": "+12025550123"},
        {"id": "3", "email": "bo@example.org", "name": "Bo Sandell", "phone": "+12025550199"},
    ]
    with Log.open(path, signer=signer) as log:
        clean, fixes = ck.check(people).fixes().apply(people, by="lin", reason="spring clean-up", audit=log)
        _, merges = ck.dedupe(clean).merge(by="lin", audit=log)
        first, second = list(log)
    assert (first.action, first.actor.id, first.resource.id, first.count) == (
        "records.fix",
        "lin",
        fixes.run_id,
        len(fixes),
    )
    assert (first.purpose, first.fields, first.detail["kinds"]) == ("spring clean-up", ("email",), {"cell": 1})
    assert (second.action, second.resource.id, second.count) == ("records.merge", merges.run_id, len(merges))
    assert second.purpose is None
    assert verify(path, keys=[signer.verifier]).proved == 2
    told = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"@EXAMPLE.com" not in told
    assert b"Lindqvist" not in told


def test_the_event_names_the_very_log_even_after_an_erasure(tmp_path):
    class Sink:
        def record(self, action, **said):
            return said["detail"]["digest"]

    _, log = apply_edits([{"a": 1}, {"a": 2}], Edits(path=["a", "a"], row=[0, 1], after=[5, 6]), audit=Sink())
    digest = log.record(Sink())
    log.save(tmp_path / "log.jsonl")
    assert ChangeLog.load(tmp_path / "log.jsonl").record(Sink()) == digest
    _, other = apply_edits([{"a": 1}, {"a": 2}], Edits(path=["a", "a"], row=[0, 1], after=[5, 7]))
    assert other.record(Sink()) != digest
