"""Encrypted files: whole or not there, bound to what they are, in bounded memory."""

import subprocess
import sys

import pytest

from crmkit import _disk
from crmkit.encryption import Field, Keyring, open_file, seal_file
from crmkit.encryption._rotation._table import TokenCount
from crmkit.errors import DecryptionError, FormatError, KeyDestroyedError, RefusedError, UnknownKeyError

CONTEXT = {"kind": "export", "day": "2026-11-28"}


@pytest.fixture
def sealed(ring, tmp_path):
    (tmp_path / "a.csv").write_bytes(b"id,email\n1,canary@example.com\n" * 5)
    seal_file(ring, tmp_path / "a.csv", tmp_path / "a.crm", context=CONTEXT)
    return tmp_path / "a.crm"


def names(folder):
    return {path.name for path in folder.iterdir()} - {"acme.keyset", "acme.keyset.lock"}


@pytest.mark.parametrize("size", [0, 1, 16_383, 16_384, 16_385, 100_000, (1 << 20) + 7])
def test_files_of_all_sizes_come_back(ring, tmp_path, size):
    (tmp_path / "a").write_bytes(bytes(n % 251 for n in range(1000)) * (size // 1000) + b"z" * (size % 1000))
    seal_file(ring, tmp_path / "a", tmp_path / "b", context=CONTEXT)
    open_file(ring, tmp_path / "b", tmp_path / "c", context=dict(reversed(CONTEXT.items())))
    assert (tmp_path / "c").read_bytes() == (tmp_path / "a").read_bytes()
    assert (tmp_path / "c").stat().st_mode & 0o077 == 0


def test_every_change_and_cut_is_noticed_and_leaves_nothing(ring, sealed, tmp_path):
    whole = sealed.read_bytes()
    assert b"canary" not in whole
    bad = tmp_path / "bad"
    for at in range(len(whole)):
        changed = bytearray(whole)
        changed[at] ^= 1 << at % 8
        bad.write_bytes(bytes(changed))
        with pytest.raises((DecryptionError, FormatError, UnknownKeyError)):
            open_file(ring, bad, tmp_path / "out", context=CONTEXT)
    for size in range(0, len(whole), 3):
        bad.write_bytes(whole[:size])
        with pytest.raises((DecryptionError, FormatError)):
            open_file(ring, bad, tmp_path / "out", context=CONTEXT)
    bad.write_bytes(whole + b"x")
    with pytest.raises(DecryptionError, match=r"^this file cannot be opened here$"):
        open_file(ring, bad, tmp_path / "out", context=CONTEXT)
    assert names(tmp_path) == {"a.csv", "a.crm", "bad"}


def test_a_file_opens_as_what_it_was_sealed_only(ring, sealed, tmp_path, wrapper):
    for context in (
        {"kind": "export"},
        {**CONTEXT, "day": "2026-11-29"},
        {**CONTEXT, "x": "y"},
        {"kin": "dexport", "day": "2026-11-28"},
    ):
        with pytest.raises(DecryptionError):
            open_file(ring, sealed, tmp_path / "out", context=context)
    for call in (seal_file, open_file):
        with pytest.raises(RefusedError, match="context"):
            call(ring, sealed, tmp_path / "out", context={})
    other = Keyring.create(tmp_path / "o", wrapper=wrapper, tenant="globex")
    with pytest.raises(UnknownKeyError):
        open_file(other, sealed, tmp_path / "out", context=CONTEXT)


def test_old_files_open_until_their_key_is_destroyed(ring, sealed, tmp_path):
    ring.rotate()
    open_file(ring, sealed, tmp_path / "out", context=CONTEXT)
    nothing = TokenCount(Field("t.f"), {}, 0, 0, 0)
    ring.destroy("data", 1, counts=[nothing], backups_gone=True)
    with pytest.raises(KeyDestroyedError):
        open_file(ring, sealed, tmp_path / "out", context=CONTEXT, overwrite=True)
    assert (tmp_path / "out").read_bytes() == (tmp_path / "a.csv").read_bytes()


def test_nothing_is_overwritten_unless_it_may(ring, sealed, tmp_path):
    with pytest.raises(FileExistsError):
        seal_file(ring, tmp_path / "a.csv", sealed, context=CONTEXT)
    with pytest.raises(FileExistsError):
        open_file(ring, sealed, tmp_path / "a.csv", context=CONTEXT)
    seal_file(ring, tmp_path / "a.csv", sealed, context={"kind": "x"}, overwrite=True)
    open_file(ring, sealed, tmp_path / "a.csv", context={"kind": "x"}, overwrite=True)
    with pytest.raises(FileNotFoundError):
        seal_file(ring, tmp_path / "absent", tmp_path / "out", context=CONTEXT)
    assert names(tmp_path) == {"a.csv", "a.crm"}


def test_a_disk_that_fills_up_leaves_nothing_behind(ring, sealed, tmp_path, monkeypatch):
    def full(fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_disk.os, "fsync", full)
    with pytest.raises(OSError, match="space"):
        open_file(ring, sealed, tmp_path / "out", context=CONTEXT)
    assert names(tmp_path) == {"a.csv", "a.crm"}


def test_a_large_file_takes_little_memory(ring, tmp_path, wrapper):
    with (tmp_path / "big").open("wb") as stream:
        stream.truncate(96 << 20)
    script = f"""
import resource, warnings
warnings.simplefilter("ignore")
from crmkit.encryption import Keyring, open_file, seal_file
from crmkit.encryption.hazmat import StaticKeyWrapper
ring = Keyring.load({str(tmp_path / "acme.keyset")!r}, wrapper=StaticKeyWrapper(bytes(range(32))))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
seal_file(ring, {str(tmp_path / "big")!r}, {str(tmp_path / "b")!r}, context={{"k": "v"}})
open_file(ring, {str(tmp_path / "b")!r}, {str(tmp_path / "c")!r}, context={{"k": "v"}})
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 32 * 1024  # KiB; the file has 96 MiB
    assert (tmp_path / "c").stat().st_size == 96 << 20


def test_a_context_is_text(ring, tmp_path):
    (tmp_path / "a.csv").write_bytes(b"x")
    for context in ({"day": 1}, {"day": None}, {1: "day"}):
        with pytest.raises(RefusedError, match="is text"):
            seal_file(ring, tmp_path / "a.csv", tmp_path / "a.crm", context=context)
