"""Crashes, full disks, two at once: nothing half-made looks good, and nothing that was saved is lost."""

from __future__ import annotations

import datetime as dt
import errno
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from crmkit import _disk, backup
from crmkit.backup._tree import _hashing
from crmkit.errors import ConflictError, FixityError, FormatError, ManifestError, SchemaError


def run(code: str, *arguments: object) -> int:
    script = textwrap.dedent(code)
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], check=False, capture_output=True
    ).returncode


DRIVER = """
import os, pathlib, shutil, signal, sys
from crmkit import backup
from crmkit.backup._verify import _content

kept, every = pathlib.Path(sys.argv[1]), int(sys.argv[2])
_content._SAVE_EVERY_BYTES = 1
step = steps = 0

def watch(place, name):
    real = getattr(place, name)
    def call(*arguments, **options):
        global steps
        steps += 1
        if steps == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **options)
    setattr(place, name, call)

for place, name in (
    (os, "open"), (os, "fsync"), (os, "write"), (os, "close"), (os, "link"),
    (pathlib.Path, "open"), (pathlib.Path, "replace"), (pathlib.Path, "rename"), (pathlib.Path, "unlink"),
):
    watch(place, name)

def work(folder):
    BODY

for number in range(every, 10_000, every):
    folder = kept / str(number)
    shutil.copytree(kept / "start", folder, symlinks=True)
    child = os.fork()
    if not child:
        step, steps = number, 0
        work(folder)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status == 0:
        (kept / "done").rmdir() if (kept / "done").exists() else None
        folder.rename(kept / "done")
        break
    if not os.WIFSIGNALED(status):
        sys.exit(1)
"""

CREATE = """
    made = backup.create(folder / "dump", backup.Header(set="crm"))
    backup.sign(made, backup.SigningKey(bytes(range(32))), seq=1)
"""
VERIFY = """
    key = backup.SigningKey(bytes(range(32)))
    report = backup.verify(folder / "dump", keys=[key.public], level="sample", state=folder / "scrub.json",
                           ledger=backup.TrustLedger(folder / "trust.jsonl"))
    assert report.ok
"""


def killed_at_each_step(body: str, made: Any, tmp_path: Path, every: int = 1) -> list[Path]:
    """Run it again and again, killed one step later each time; return what each left, in order."""
    kept = tmp_path / "kept"
    (kept / "start").mkdir(parents=True)
    for folder in (made.payload, made.meta):
        if folder.exists():
            shutil.copytree(folder, kept / "start" / folder.name, symlinks=True)
    code = textwrap.dedent(DRIVER).replace("    BODY", body.strip("\n"))
    done = subprocess.run([sys.executable, "-c", code, str(kept), str(every)], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    assert (kept / "done").is_dir()
    return sorted((place for place in kept.iterdir() if place.name.isdigit()), key=lambda place: int(place.name))


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.thorough)])
def test_a_create_that_is_killed_at_any_step_leaves_no_backup_that_looks_good(
    made: Any, tmp_path: Path, every: int
) -> None:
    def now() -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    shutil.rmtree(made.meta)
    places = killed_at_each_step(CREATE, made, tmp_path, every)
    assert len(places) > 10
    finished = []
    for place in places:
        left = type(made)(place / "dump", made.key)
        good = False
        if left.meta.exists():
            report = left.verify(now=now)
            good = report.ok
            if not good:
                assert "INCOMPLETE" in report.codes()
                assert "MANIFEST_MALFORMED" not in report.codes()
        finished.append(good)
        if not good:
            left.make()  # a new one goes over what the crash left
        assert left.verify(now=now).ok
    assert finished == sorted(finished)  # from one step on it counts, and never before
    assert not finished[0]


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.thorough)])
def test_a_verification_that_is_killed_at_any_step_keeps_what_it_had_saved(
    made: Any, tmp_path: Path, every: int
) -> None:
    def now() -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    places = killed_at_each_step(VERIFY, made, tmp_path, every)
    assert len(places) > 10
    ever = []
    for place in places:
        left = type(made)(place / "dump", made.key)
        ledger = backup.TrustLedger(place / "trust.jsonl")
        options: dict[str, Any] = {"level": "sample", "state": place / "scrub.json", "ledger": ledger, "now": now}
        report = left.verify(budget=backup.Budget(files=1), **options)
        assert report.ok, report.findings
        ever.append(report.coverage.files_ever)
        assert left.verify(**options).coverage.complete
        assert len(ledger.entries()) == 1
    assert ever == sorted(ever)
    assert ever[-1] == report.coverage.files


def test_samples_reach_every_file_and_come_back_to_the_oldest(made: Any, tmp_path: Path) -> None:
    now = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
    state = tmp_path / "scrub.json"
    seen = []
    for night in range(6):
        report = made.verify(
            level="sample",
            state=state,
            budget=backup.Budget(files=1),
            now=lambda night=night: now + dt.timedelta(days=night),
        )
        assert report.ok
        seen.append(report.coverage.files_ever)
        left = [item.count for item in report.not_checked if item.what == "content"]
        assert left == [5]
    assert seen == [1, 2, 3, 4, 5, 6]
    assert report.coverage.complete
    path = made.payload / "crm.csv"
    path.write_bytes(path.read_bytes()[::-1])
    found = made.verify(
        level="sample", state=state, budget=backup.Budget(files=1), now=lambda: now + dt.timedelta(days=9)
    )
    assert found.codes() == ("MODIFIED",)
    assert found.coverage.files_ever == 5
    again = made.verify(level="sample", state=state, budget=backup.Budget(files=1))
    assert again.codes() == ("MODIFIED",)  # a damaged file counts as never read, so it comes first
    assert made.verify(level="sample", budget=backup.Budget(seconds=0)).coverage.files_read == 1
    assert made.verify(level="sample", budget=backup.Budget(read_bytes=30)).coverage.files_read >= 1


def test_a_sample_meets_files_that_vanish_or_change_under_it(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from crmkit.backup._verify import _content

    real = _content.open_parent

    def vanish(top: Any, folder: Any, path: bytes) -> Any:
        if path == b"two":
            (made.payload / "two").unlink()
        if path == b"crm/contacts.csv":
            shutil.rmtree(made.payload / "crm")
        return real(top, folder, path)

    monkeypatch.setattr(_content, "open_parent", vanish)
    report = made.verify(level="sample")
    assert {(found.code, found.path) for found in report} >= {("UNREADABLE", "two"), ("UNREADABLE", "crm/contacts.csv")}


def test_two_verifications_at_once_lose_nothing(made: Any, tmp_path: Path) -> None:
    from crmkit.backup._verify._state import ScrubState

    state, ledger = tmp_path / "scrub.json", tmp_path / "trust.jsonl"
    code = """
    import sys
    from crmkit import backup
    key = backup.SigningKey(bytes(range(32)))
    for _ in range(4):
        report = backup.verify(sys.argv[1], keys=[key.public], level="sample", state=sys.argv[2],
                               ledger=backup.TrustLedger(sys.argv[3]), budget=backup.Budget(files=3))
        report.raise_for()
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(made.payload), str(state), str(ledger)]
    both = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    again = made.verify(level="sample", state=state, budget=backup.Budget(files=1), now=lambda: dt.datetime.now(dt.UTC))
    assert again.coverage.complete
    assert len(backup.TrustLedger(ledger).entries()) == 1

    early, late = dt.datetime(2030, 1, 1, tzinfo=dt.UTC), dt.datetime(2031, 1, 1, tzinfo=dt.UTC)
    one, two = ScrubState(state, late), ScrubState(state, late)
    one.saw("a", late)
    two.saw("a", early)
    two.saw("b", early)
    one.save()
    two.save()
    merged = ScrubState(state, late)
    assert merged.last("a") == int(late.timestamp())
    assert merged.last("b") == int(early.timestamp())


def test_a_state_that_is_something_else_is_refused_and_left_alone(made: Any, tmp_path: Path) -> None:
    state = tmp_path / "scrub.json"
    for text in ("", "{}", '{"format":"crmkit-scrub/1"}\n[]', '{"format":"crmkit-scrub/1"}\n{"a":"b"}\n', "\x00"):
        state.write_text(text)
        with pytest.raises(FormatError):
            made.verify(level="sample", state=state)
        assert state.read_text() == text


class FullDisk:
    """A file that takes so many octets and no more."""

    def __init__(self, stream: Any, room: list[int]) -> None:
        self._stream, self._room = stream, room

    def write(self, data: bytes) -> int:
        self._room[0] -= len(data)
        if self._room[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return int(self._stream.write(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@pytest.mark.parametrize("room", [0, 100, 300, 700])
def test_a_full_disk_leaves_nothing_half_made(made: Any, room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    import contextlib

    from crmkit.backup._manifest import _create

    shutil.rmtree(made.meta)
    left = [room]
    real = _disk.replacing

    @contextlib.contextmanager
    def small(path: Path) -> Any:
        with real(path) as stream:
            yield FullDisk(stream, left)

    monkeypatch.setattr(_create, "replacing", small)
    with pytest.raises(OSError, match="No space"):
        made.make()
    assert list(made.meta.iterdir()) == []
    assert "INCOMPLETE" in made.verify().codes()


def test_a_real_full_disk_leaves_nothing_half_made(made: Any, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8k", "none", str(small)], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        return  # no right to mount here; the test above stands in with a failing file
    try:
        for number in range(200):
            (made.payload / f"file-{number}").write_bytes(b"x")
        with pytest.raises(OSError, match="No space"):
            backup.create(made.payload, backup.Header(set="crm"), meta=small / "meta")
        assert [path.name for path in (small / "meta").iterdir()] == []
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_what_cannot_be_described_is_said_and_nothing_is_left(bare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(bare.payload / "pipe")
    with pytest.raises(FormatError, match="pipe"):
        bare.make()
    assert list(bare.meta.iterdir()) == []
    bare.make(ignore=("pipe",))
    with pytest.raises(ConflictError, match="finished"):
        bare.make()
    with pytest.raises(ConflictError, match="countersign"):
        backup.sign(bare.meta, bare.key, seq=2)
    shutil.rmtree(bare.meta)
    (bare.payload / "pipe").unlink()
    (bare.payload / "a").write_bytes(b"x")

    def changed(self: Any, fd: int, folder: Any) -> Any:
        raise _hashing.ChangedError

    monkeypatch.setattr(_hashing.Reader, "_once", changed)
    with pytest.raises(FixityError, match="changed"):
        bare.make()

    def unread(self: Any, fd: int, folder: Any) -> Any:
        raise _hashing.ReadError(OSError(errno.EIO, "Input/output error"), 7)

    monkeypatch.setattr(_hashing.Reader, "_once", unread)
    with pytest.raises(OSError, match="at byte 7"):
        bare.make()
    with pytest.raises(SchemaError, match="lies in the payload"):
        backup.create(bare.payload, backup.Header(set="crm"), meta=bare.payload / "meta")


def test_folders_that_cannot_be_listed_stop_a_create(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from crmkit.backup._tree import _walk

    def refuse(place: Any, prefix: bytes, ignore: Any) -> Any:
        return [], PermissionError(errno.EACCES, "Permission denied")

    shutil.rmtree(made.meta)
    monkeypatch.setattr(_walk, "_list", refuse)
    with pytest.raises(OSError, match="cannot be listed"):
        made.make()


def test_headers_and_statements_that_cannot_be_meant_are_refused(made: Any) -> None:
    for wrong in (
        {"set": ""}, {"set": "a\nb"}, {"set": "x" * 300}, {"set": "a", "kind": "incremental"}, {"set": "a", "parent": "b"},  # noqa: E501
        {"set": "a", "chunk_size": 5000}, {"set": "a", "parent": "b", "kind": "incremental", "parent_statement": "x"},
    ):  # fmt: skip
        with pytest.raises(SchemaError):
            backup.Header(**wrong)  # type: ignore[arg-type]
    with pytest.raises(LookupError, match="incremental"):
        backup.Header(set="a", kind="incrementl", parent="b")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="from 1"):
        backup.sign(made.meta, made.key, seq=0)
    with pytest.raises(LookupError, match="content"):
        made.verify(level="contents")
    (made.meta / "manifest.jsonl").write_bytes(b"")
    (made.meta / "statement.json").unlink()
    with pytest.raises(ManifestError):
        backup.sign(made.meta, made.key, seq=1)
    with pytest.raises(ValueError, match="32 bytes"):
        backup.SigningKey(b"short")
    with pytest.raises(ValueError, match="32 bytes"):
        backup.VerifyingKey(b"short")


def test_keys_show_nothing_secret() -> None:
    key = backup.SigningKey(bytes(range(32)))
    assert bytes(range(32)).hex() not in repr(key)
    assert backup.SigningKey(key.private_bytes()).key_id == key.key_id == key.public.key_id
    assert backup.VerifyingKey(key.public.public_bytes()) == key.public
    assert len({key.public, backup.VerifyingKey(key.public.public_bytes())}) == 1
    assert key.key_id in repr(key.public)
