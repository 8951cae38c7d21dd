"""Witnesses that cannot be used: what is stored stays acknowledged, and a report says what is wrong."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from crmkit.audit import CallableWitness, FileWitness, Log, NoteSigner, SQLiteWitness, verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SIGNER = NoteSigner.generate("example.com/log")


def add(log: Log) -> int | None:
    return log.record("contact.read", actor="u-1", resource=("contact", "1")).seq


def fail(_: bytes) -> None:
    raise RuntimeError("not reached")


def test_an_event_is_acknowledged_though_a_witness_raises_anything(tmp_path: Path) -> None:
    broken = SQLiteWitness(tmp_path / "witness.sqlite")
    with Log.open(
        tmp_path / "log", signer=SIGNER, witnesses=[broken, CallableWitness("mail", fail)], checkpoint_events=1
    ) as log:
        assert add(log) == 0
        (tmp_path / "witness.sqlite").write_bytes(b"no database" * 1000)
        assert add(log) == 1
        changed = log.record_change("c.u", actor="u-1", resource=("c", "1"), changes={"email": ("a", "b")})
        assert [opening.value for opening in log.disclose(changed.seq or 0)] == ["a", "b"]
    report = verify(tmp_path / "log", keys=[SIGNER.verifier], witnesses=[broken])
    assert [(item.kind, item.location) for item in report] == [("unreadable", "witness witness.sqlite")]
    with pytest.raises(OSError, match=r"witness witness\.sqlite cannot be used"):
        Log.open(tmp_path / "log", signer=SIGNER, witnesses=[broken])


@pytest.mark.parametrize("note", ["'text'", "5", "x'00'"])
def test_a_row_of_a_witness_that_is_no_checkpoint_is_reported(tmp_path: Path, note: str) -> None:
    witness = SQLiteWitness(tmp_path / "witness.sqlite")
    with Log.open(tmp_path / "log", signer=SIGNER, witnesses=[witness]) as log:
        add(log)
    with closing(sqlite3.connect(tmp_path / "witness.sqlite")) as database, database:
        database.execute(f"UPDATE checkpoints SET note = {note}")
    report = verify(tmp_path / "log", keys=[SIGNER.verifier], witnesses=[witness])
    assert [(item.kind, item.location) for item in report] == [("unreadable", "witness witness.sqlite")]


def test_a_witness_that_raises_anything_when_asked_is_reported(tmp_path: Path) -> None:
    with Log.open(tmp_path / "log", signer=SIGNER) as log:
        add(log)

    def latest() -> bytes:
        raise RuntimeError("not reached")

    report = verify(
        tmp_path / "log", keys=[SIGNER.verifier], witnesses=[CallableWitness("store", lambda _: None, latest)]
    )
    assert [(item.kind, item.location) for item in report] == [("unreadable", "witness store")]


def test_a_file_witness_goes_on_behind_a_line_that_a_full_disk_cut_short(tmp_path: Path) -> None:
    witness = FileWitness(tmp_path / "kept")
    with Log.open(tmp_path / "log", signer=SIGNER, witnesses=[witness], checkpoint_events=1) as log:
        add(log)
        with (tmp_path / "kept").open("ab") as stream:
            stream.write(b'{"note":"exam')
        add(log)
        add(log)
    assert verify(tmp_path / "log", keys=[SIGNER.verifier], witnesses=[witness]).witnessed == 3
    Log.open(tmp_path / "log", signer=SIGNER, witnesses=[witness]).close()


def test_a_witness_that_others_give_later_checkpoints_meanwhile_is_no_contradiction(tmp_path: Path) -> None:
    class Busy(FileWitness):
        """Gets a checkpoint from another writer between being asked and being told."""

        def observe(self, note: bytes, proof: Sequence[bytes]) -> None:
            if others:
                writer = others.pop()
                add(writer)
                writer.checkpoint()
            super().observe(note, proof)

    plain = FileWitness(tmp_path / "kept")
    others: list[Log] = []
    with Log.open(tmp_path / "log", signer=SIGNER, witnesses=[plain]) as other:
        add(other)
        other.checkpoint()
        with Log.open(tmp_path / "log", signer=SIGNER, witnesses=[Busy(tmp_path / "kept")]) as log:
            add(log)
            others.append(other)
            log.checkpoint()
            assert not others
            assert add(log) == 3
    report = verify(tmp_path / "log", keys=[SIGNER.verifier], witnesses=[plain])
    assert report.ok, report
    assert report.witnessed == 4


def test_a_receipt_is_not_settled_before_a_database_has_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Log.open(tmp_path / "log.sqlite", signer=SIGNER) as log:
        store, receipt = log._store, log.submit("contact.read", actor="u-1", resource=("contact", "1"))
        receipt.wait()
        lock, seen = store.lock, []

        @contextmanager
        def watched(wait_s: float) -> Iterator[None]:
            with lock(wait_s):
                yield
                seen.append(late.is_settled)

        monkeypatch.setattr(store, "lock", watched)
        late = log.submit("contact.read", actor="u-1", resource=("contact", "2"))
        late.wait()
    assert seen[0] is False
