"""What an adversary or an unlucky hand tries: drills at their source, healings of the last copy, silent passes."""

from __future__ import annotations

import datetime as dt
import errno
import json
import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from crmkit import backup
from crmkit.errors import InvalidValueError, RefusedError, SchemaError

NOW = dt.datetime(2026, 11, 28, 12, 0, tzinfo=dt.UTC)


def drill(made: Any, restore: backup.Restore, **options: Any) -> backup.DrillReport:
    asked = options.pop("checks", [backup.CustomCheck("asked", lambda _: True)])
    scratch = options.pop("scratch", backup.ScratchFolder())
    return backup.Drill(
        restore=restore, scratch=scratch, checks=asked, keys=[made.key.public], **options
    ).run(made.payload, now=lambda: NOW)  # fmt: skip


def database(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


# -- drills -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", [None, "crm.sqlite", "folder/crm.sqlite"])
@pytest.mark.parametrize("inside", [True, False])
def test_a_link_in_a_backup_leads_no_drill_to_the_live_database(
    bare: Any, tmp_path: Path, file: str | None, inside: bool
) -> None:
    place = bare.payload / "kept" if inside else tmp_path / "live"
    place.mkdir()
    database(place / "crm.sqlite", "CREATE TABLE t (id)")
    before = (place / "crm.sqlite").read_bytes()
    (bare.payload / "folder").symlink_to(place)
    (bare.payload / "crm.sqlite").symlink_to(place / "crm.sqlite")
    # Of the kind incremental: a full backup without a byte is refused anyhow.
    header = backup.Header(set="crm", kind="incremental", parent="full")
    backup.sign(backup.create(bare.payload, header, now=lambda: NOW), bare.key, seq=1)
    wrote = []

    def write(restored: Any) -> bool:
        restored.connection.execute("INSERT INTO t VALUES (1)")
        restored.connection.commit()
        wrote.append(1)
        return True

    checks = [backup.CustomCheck("write", write)]
    if inside and file is None:  # the one real file is the dump, and the drill writes into its copy
        assert drill(bare, backup.SqliteRestore(), checks=checks).ok
        assert wrote
    else:
        report = drill(bare, backup.SqliteRestore(file=file), checks=checks)
        assert report.codes() == ("RESTORE_FAILED",)
        assert not wrote
    assert (place / "crm.sqlite").read_bytes() == before
    assert sorted(path.name for path in place.iterdir()) == ["crm.sqlite"]


def test_a_scratch_folder_in_the_backup_is_refused_and_the_backup_is_as_it_was(made: Any) -> None:
    before = made.verify()
    for parent in (made.payload, made.payload / "crm", made.meta, made.payload / "link" / ".."):
        with pytest.raises(RefusedError, match="in the backup"):
            drill(made, backup.FolderRestore(), scratch=backup.ScratchFolder(parent))
    assert before.ok
    assert made.verify().codes() == ()


def test_what_was_committed_into_the_log_beside_a_database_is_restored(bare: Any, tmp_path: Path) -> None:
    live = sqlite3.connect(tmp_path / "crm.sqlite")
    live.execute("PRAGMA journal_mode = WAL")
    live.execute("CREATE TABLE t (id)")
    live.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    live.execute("INSERT INTO t VALUES (1)")
    live.commit()
    for name in ("crm.sqlite", "crm.sqlite-wal"):
        shutil.copyfile(tmp_path / name, bare.payload / name)
    live.close()
    bare.make()
    report = drill(bare, backup.SqliteRestore(file="crm.sqlite"), checks=[backup.RowCounts({"t": 1})])
    assert report.ok, report.findings
    assert bare.verify().ok  # the backup's own log was not touched
    wal = bare.payload / "crm.sqlite-wal"
    wal.rename(tmp_path / "wal")
    wal.symlink_to(tmp_path / "wal")
    shutil.rmtree(bare.meta)
    bare.make(seq=2)
    assert drill(bare, backup.SqliteRestore(file="crm.sqlite")).codes() == ("RESTORE_FAILED",)


def test_a_drill_that_asks_nothing_has_not_passed(made: Any) -> None:
    report = drill(made, backup.FolderRestore(), checks=[])
    assert (report.ok, report.codes()) == (False, ("NOT_CHECKED",))
    assert drill(made, backup.FolderRestore()).ok
    for check in (backup.RowCounts({}), backup.TableDigests([])):
        assert drill(made, backup.FolderRestore(), checks=[check]).codes() == ("NOT_CHECKED",)


# -- copies -----------------------------------------------------------------------------------------------------------


def test_one_place_under_two_names_is_no_second_copy(made: Any, tmp_path: Path) -> None:
    fsspec = pytest.importorskip("fsspec", reason="needs fsspec")
    (tmp_path / "alias").symlink_to(made.payload)
    one = backup.LocalStore(made.payload)
    memory = fsspec.filesystem("memory")
    same: list[tuple[backup.Store, backup.Store]] = [
        (one, backup.LocalStore(tmp_path / "alias")),
        (one, backup.LocalStore(made.payload / "crm" / "..")),
        (one, backup.FsspecStore(made.payload.as_uri())),
        (backup.FsspecStore(memory, "/crm"), backup.FsspecStore("memory://crm/")),
    ]
    for first, second in same:
        with pytest.raises(SchemaError, match="same place"):
            backup.compare_copies(made.meta, {"nas": first, "cloud": second}, keys=[made.key.public])
        with pytest.raises(SchemaError, match="same place"):
            backup.vote_copies({"nas": first, "cloud": second})


def healed(made: Any, nas: Path) -> None:
    stores = {"here": backup.LocalStore(made.payload), "nas": backup.LocalStore(nas)}
    report = backup.compare_copies(made.meta, stores, keys=[made.key.public])
    backup.plan_heal(report).apply()


def test_a_healed_file_has_the_permissions_of_its_original(bare: Any, tmp_path: Path) -> None:
    for name, mode in (("secret", 0o600), ("script", 0o750)):
        (bare.payload / name).write_text(name)
        (bare.payload / name).chmod(mode)
    bare.make()
    (tmp_path / "nas").mkdir()
    healed(bare, tmp_path / "nas")
    assert backup.verify(tmp_path / "nas", bare.meta, keys=[bare.key.public], now=lambda: NOW).codes() == ()


@pytest.mark.parametrize("links", [True, False])
def test_a_healing_that_dies_at_any_step_leaves_a_name_for_the_old_or_the_new_file(
    made: Any, tmp_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    nas = tmp_path / "nas"
    shutil.copytree(made.payload, nas, symlinks=True)
    (nas / "one").write_bytes(b"damaged")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    if not links:
        monkeypatch.setattr(os, "link", refuse)

    def dies(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", dies)
        with pytest.raises(KeyboardInterrupt):
            healed(made, nas)
    kept = {path.name: path.read_bytes() for path in nas.glob("one*")}
    assert kept.pop("one.damaged") == b"damaged"
    assert kept == ({"one": b"damaged"} if links else {})
    assert (made.payload / "one").read_bytes() == b"first file"
    assert not list(nas.glob(".*"))
    (nas / "one.damaged").unlink()
    healed(made, nas)
    assert (nas / "one").read_bytes() == b"first file"


def test_a_remote_copy_that_did_not_take_everything_is_not_put_in_place(made: Any) -> None:
    fsspec = pytest.importorskip("fsspec", reason="needs fsspec")
    memory = fsspec.filesystem("memory")
    memory.pipe("/short/one", b"damaged")

    class Short(type(memory)):  # type: ignore[misc]  # the class is only known here
        def size(self, path: str) -> int:
            return int(super().size(path)) - 1

    short = backup.FsspecStore(Short(), "/short")
    stores = {"here": backup.LocalStore(made.payload), "cloud": short}
    report = backup.compare_copies(made.meta, stores, keys=[made.key.public])
    plan = backup.plan_heal(report)
    with pytest.raises(OSError, match="not all of it arrived"):
        plan.apply()
    assert memory.cat("/short/one") == b"damaged"
    assert not [name for name in memory.find("/short") if name.endswith(".healed")]
    memory.rm("/short", recursive=True)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.EMFILE])
def test_a_file_that_cannot_be_opened_is_not_called_missing(
    made: Any, tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {name: tmp_path / name for name in ("nas", "usb")}
    for place in places.values():
        shutil.copytree(made.payload, place, symlinks=True)
    stores = {name: backup.LocalStore(place) for name, place in {"here": made.payload, **places}.items()}
    before = backup.LocalStore._open

    def refused(self: backup.LocalStore, path: bytes, flags: int, mode: int = 0o600) -> int:
        if path == b"one" and self.folder.name != made.payload.name:
            raise OSError(number, os.strerror(number))
        return before(self, path, flags, mode)

    monkeypatch.setattr(backup.LocalStore, "_open", refused)
    report = backup.compare_copies(made.meta, stores, keys=[made.key.public])
    assert {name: state.state for name, state in report.states("one").items()} == {
        "here": "good", "nas": "unreadable", "usb": "unreadable",
    }  # fmt: skip
    # Two copies that nobody could read do not outvote the one that has the file.
    assert {"UNREADABLE", "UNDECIDABLE"} == {found.code for found in backup.vote_copies(stores).findings}


# -- verifications that pass too easily -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [{"max_shrink": float("nan")}, {"max_shrink": 1.5}, {"max_shrink": -1}, {"min_signatures": 0}]
)
def test_limits_that_would_let_everything_pass_are_refused(made: Any, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError):
        made.verify(**options)
    if "max_shrink" in options:
        day = dt.timedelta(days=1)
        with pytest.raises(ValueError, match="max_shrink"):
            backup.BackupPolicy(rpo=day, rto=day, **options)


def test_one_text_is_no_list_of_patterns_whose_star_ignores_everything() -> None:
    with pytest.raises(SchemaError, match="list of patterns"):
        backup.Header(set="crm", ignore="*.tmp")
    assert backup.Header(set="crm", ignore=["*.tmp"]).ignore == ("*.tmp",)


def test_a_sample_that_was_dated_into_the_future_is_due_again(made: Any, tmp_path: Path) -> None:
    state = tmp_path / "state"
    ahead = NOW + dt.timedelta(days=3650)
    assert made.verify(level="sample", state=state, now=lambda: ahead).ok
    one = backup.Budget(files=1)
    report = made.verify(level="sample", state=state, budget=one)
    assert report.coverage.files_ever == 1  # and not all of them
    for _ in range(report.coverage.files - 1):
        report = made.verify(level="sample", state=state, budget=one)
    assert report.coverage.files_ever == report.coverage.files
    times = json.loads(state.read_text().splitlines()[1])
    assert set(times.values()) == {int(NOW.timestamp())}


def test_each_fault_is_still_found_when_several_meet_in_one_place(made: Any, tmp_path: Path) -> None:
    (made.payload / "one").unlink()
    (made.payload / "one").symlink_to("two")
    (made.payload / "two").write_bytes(b"second on!")
    (made.payload / "crm.csv").rename(made.payload / "CRM.csv")
    (made.payload / "crm" / "contacts.csv").write_bytes(b"")
    (made.meta / "chunks.bin").unlink()
    statement = json.loads((made.meta / "statement.json").read_bytes())
    statement["signatures"] = []
    (made.meta / "statement.json").write_text(json.dumps(statement))
    found = {code for code, _ in made.found(max_age=dt.timedelta(0), now=lambda: NOW + dt.timedelta(days=1))}
    assert found >= {"TYPE_CHANGED", "MODIFIED", "RENAMED", "TRUNCATED", "INCOMPLETE", "UNSIGNED", "STALE"}
