"""Values that an event, a vault or an evidence zip must refuse with an error of its own, never with a raw one."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
import zipfile
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from crmkit._canonical import json_bytes
from crmkit.audit import AuditPlan, Event, Evidence, Log, NoteSigner
from crmkit.errors import CrmkitError, FixityError, FormatError, IntegrityError, InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIGNER = NoteSigner.generate("example.com/log")


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


def cyclic() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["a"] = [value]
    return value


@pytest.mark.parametrize(
    "said",
    [
        {"detail": nested(5000)},
        {"detail": cyclic()},
        {"detail": [1]},
        {"detail": 5},
        {"at": "2026-03-02"},
        {"at": datetime.max.replace(tzinfo=timezone(timedelta(hours=-5)))},
        {"fields": None},
        {"rules": 5},
        {"change": {"email": "ann@example.com"}},
        {"change": {"email": {"before": 1}}},
    ],
    ids=range(10),
)
def test_an_event_that_cannot_be_is_refused_and_nothing_is_stored(tmp_path: Path, said: dict[str, Any]) -> None:
    with Log.open(tmp_path / "log", signer=SIGNER) as log:
        with pytest.raises(InvalidValueError) as caught:
            log.append(Event(action="contact.read", **said))
        assert "ann@" not in str(caught.value)
        assert not len(log)


@pytest.mark.parametrize(
    "change",
    ["value = '{'", "value = '1.5'", "value = '\"other\"'", "value = x'00'", "salt = x'00'", "salt = 5", "field = 'q'"],
)
def test_a_vault_that_was_changed_is_not_disclosed_from(tmp_path: Path, change: str) -> None:
    with Log.open(tmp_path / "log", signer=SIGNER) as log:
        changed = log.record_change("c.u", actor="u-1", resource=("c", "1"), changes={"email": (None, "ann@example")})
        with closing(sqlite3.connect(tmp_path / "log" / "vault.sqlite")) as database, database:
            database.execute(f"UPDATE openings SET {change} WHERE side = 'after'")
        with pytest.raises(IntegrityError):
            log.disclose(changed.seq or 0)


@pytest.mark.parametrize("pair", [("a",), 5, "ab", ("a", "b", "c")], ids=range(4))
def test_a_change_that_is_no_pair_is_refused(tmp_path: Path, pair: Any) -> None:
    with Log.open(tmp_path / "log", signer=SIGNER) as log:
        with pytest.raises(InvalidValueError, match="a pair of values, before and after"):
            log.record_change("c.u", actor="u-1", resource=("c", "1"), changes={"email": pair})
        assert not len(log)


def test_an_erasure_proves_itself_while_others_append(tmp_path: Path) -> None:
    with Log.open(tmp_path / "log", signer=SIGNER, durability="os") as log:
        over = threading.Event()

        def go_on() -> None:
            while not over.is_set():
                log.record("contact.read", actor="u-1", resource=("contact", "1"))

        others = [threading.Thread(target=go_on) for _ in range(2)]
        for other in others:
            other.start()
        try:
            for number in range(20):
                log.erase(("contact", str(number))).verify()
        finally:
            over.set()
            for other in others:
                other.join()


@pytest.fixture
def evidence(tmp_path: Path) -> bytes:
    now = datetime.now(UTC)
    plan = AuditPlan(name="q", auditor="a", since=now - timedelta(days=1), until=now + timedelta(days=1))
    with Log.open(tmp_path / "log", signer=SIGNER) as log:
        for _ in range(3):
            log.record("role.assign", actor="u-1", resource=("user", "u-1"))
        plan.collect(log, tmp_path / "evidence.zip")
    return (tmp_path / "evidence.zip").read_bytes()


def test_every_bit_of_the_zip_directory_may_be_wrong(evidence: bytes, tmp_path: Path) -> None:
    path = tmp_path / "changed.zip"
    for place in range(evidence.index(b"PK\x01\x02"), len(evidence)):
        for bit in (1, 8, 64):
            changed = bytearray(evidence)
            changed[place] ^= bit
            path.write_bytes(changed)
            try:
                events = Evidence.load(path).verify([SIGNER.verifier])
            except (FormatError, IntegrityError):
                continue
            assert len(events) == 3


def other_proofs(line: bytes) -> Callable[[dict[str, bytes], dict[str, Any]], None]:
    def change(files: dict[str, bytes], said: dict[str, Any]) -> None:
        files["proofs.jsonl"] = (line + b"\n") * said["count"]

    return change


@pytest.mark.parametrize(
    "change",
    [
        *map(other_proofs, [b"x", b"[]", b"{}", b'{"path":["zz"],"seq":0}', b'{"path":[],"seq":"0"}', b"[" * 100_000]),
        lambda files, _: files.pop("checkpoint.txt"),
        lambda files, _: files.pop("events.jsonl"),
        lambda _, said: said.update(origin="other.example"),
        lambda _, said: said.pop("origin"),
    ],
    ids=range(10),
)
def test_evidence_that_was_put_together_anew_is_refused(
    evidence: bytes, tmp_path: Path, change: Callable[[dict[str, bytes], dict[str, Any]], object]
) -> None:
    source = tmp_path / "evidence.zip"
    with zipfile.ZipFile(source) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    said = json.loads(files.pop("manifest.json"))
    change(files, said)
    said["files"] = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    with zipfile.ZipFile(tmp_path / "anew.zip", "w") as archive:
        for name, data in {"manifest.json": json_bytes(said), **files}.items():
            archive.writestr(name, data)
    with pytest.raises(CrmkitError) as caught:
        Evidence.load(tmp_path / "anew.zip").verify([SIGNER.verifier])
    assert isinstance(caught.value, FixityError | IntegrityError | FormatError)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_log_that_is_read_only_or_closed_destroys_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with Log.open(path, signer=SIGNER) as log:
        changed = log.record_change("c.u", actor="u-1", resource=("c", "1"), changes={"email": (None, "b")})
    before = files(path)
    with Log.open(path, read_only=True) as reader:
        for said in ("the log was opened to be read only", "the log is closed"):
            with pytest.raises(InvalidValueError, match=said):
                reader.erase(("c", "1"))
            with pytest.raises(InvalidValueError, match=said):
                reader.prune(datetime.now(UTC) + timedelta(days=1))
            with pytest.raises(InvalidValueError, match=said):
                reader.rotate()
            with pytest.raises(InvalidValueError, match=said):
                reader.compress()
            if said.endswith("only"):
                assert [opening.value for opening in reader.disclose(changed.seq or 0)] == [None, "b"]
            reader.close()
    assert files(path) == before


def test_a_log_without_its_vault_is_read_and_no_vault_is_made(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with Log.open(path, signer=SIGNER) as log:
        changed = log.record_change("c.u", actor="u-1", resource=("c", "1"), changes={"email": (None, "b")})
    (path / "vault.sqlite").unlink()
    with Log.open(path, read_only=True) as reader:
        assert reader[changed.seq or 0].fields == ("email",)
        with pytest.raises(IntegrityError, match="event 0: the vault does not hold what the event commits to"):
            reader.disclose(changed.seq or 0)
    assert not (path / "vault.sqlite").exists()


def test_a_vault_that_cannot_be_used_keeps_a_change_from_being_stored(tmp_path: Path) -> None:
    with Log.open(tmp_path / "log", signer=SIGNER, vault=tmp_path / "vault.sqlite") as log:
        log.record_change("c.u", actor="u-1", resource=("c", "1"), changes={"email": (None, "b")})
        (tmp_path / "vault.sqlite").write_bytes(b"no database" * 1000)
        with pytest.raises(OSError, match="the vault cannot be used: DatabaseError"):
            log.record_change("c.u", actor="u-1", resource=("c", "1"), changes={"email": (None, "b")})
        assert len(log) == 1
