"""Keyrings: made, loaded, rotated, refused; on disk and in two processes."""

import copy
import datetime as dt
import json
import os
import pickle
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from crmkit.encryption import Field, Keyring, LocalKeyFile, MultiWrapper, Rotator, SecretKey, SQLiteTokenTable, inspect
from crmkit.encryption._keys._keyset import Envelope, Keyset
from crmkit.encryption.hazmat import StaticKeyWrapper
from crmkit.errors import (
    ConflictError,
    CrmkitWarning,
    FormatError,
    IntegrityError,
    KeyDestroyedError,
    KeysetRollbackError,
    KeyWrapperError,
    KMSRefusedError,
    KMSUnavailableError,
    NotFoundError,
    RefusedError,
)

NOW = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)


def path_of(ring: Keyring) -> Path:
    return ring._path


class Broken:
    """A wrapper that answers as told."""

    def __init__(self, uri, error=None, answer=None, inner=None):
        self.uri, self.error, self.answer, self.inner = uri, error, answer, inner

    def wrap(self, key, context):
        if self.error:
            raise self.error
        return self.inner.wrap(key, context)

    def unwrap(self, blob, context):
        if self.error:
            raise self.error
        return self.answer if self.answer is not None else self.inner.unwrap(blob, context)


def test_a_keyring_is_found_again(ring, wrapper, email):
    token = ring.box([email]).encrypt(email, "a@example.com", record=1)
    again = Keyring.load(path_of(ring), wrapper=wrapper, tenant="acme", min_generation=1)
    assert again.box([email], tenant="acme").decrypt(email, token, record=1) == "a@example.com"
    assert again.status() == ring.status()
    assert stat.S_IMODE(path_of(ring).stat().st_mode) == 0o600


def test_status_says_what_there_is_and_no_key(ring):
    ring.rotate("index", now=lambda: NOW)
    status = ring.status()
    assert (status.tenant, status.generation) == ("acme", 2)
    assert [(key.purpose, key.version, key.state) for key in status.keys] == [
        ("data", 1, "active"),
        ("index", 1, "read-only"),
        ("subject", 1, "active"),
        ("index", 2, "active"),
    ]
    assert status.keys[-1].created_at == "2026-11-28T00:00:00+00:00"


def test_nothing_that_is_there_is_overwritten(ring, wrapper, tmp_path):
    with pytest.raises(FileExistsError):
        Keyring.create(path_of(ring), wrapper=wrapper)
    LocalKeyFile.create(tmp_path / "kek")
    before = (tmp_path / "kek").read_bytes()
    for words in (None, "orange bicycle lantern"):
        with pytest.raises(FileExistsError, match=r"^kek is there already; LocalKeyFile\(path\) opens it"):
            LocalKeyFile.create(tmp_path / "kek", passphrase=words)
    assert (tmp_path / "kek").read_bytes() == before


def test_wrong_use_is_told(ring, wrapper, tmp_path, email):
    for tenant in ("", "a\nb"):
        with pytest.raises(RefusedError):
            Keyring.create(tmp_path / "x", wrapper=wrapper, tenant=tenant)
    with pytest.raises(ValueError, match="naive"):
        Keyring.create(tmp_path / "x", wrapper=wrapper, now=lambda: dt.datetime(2026, 1, 1))
    assert not (tmp_path / "x").exists()
    with pytest.raises(NotFoundError, match="did you mean 'data'"):
        ring.rotate("date")
    with pytest.raises(RefusedError, match="acme"):
        ring.box([email], tenant="globex")


def test_another_tenants_keyring_is_refused(ring, wrapper, tmp_path, email):
    token = ring.box([email]).encrypt(email, "a@example.com", record=1)
    with pytest.raises(RefusedError, match="globex"):
        Keyring.load(path_of(ring), wrapper=wrapper, tenant="globex")
    other = Keyring.create(tmp_path / "globex", wrapper=wrapper, tenant="globex")
    with pytest.raises(LookupError):
        other.box([email]).decrypt(email, token, record=1)


def test_an_old_generation_is_refused(ring, wrapper, email):
    old = path_of(ring).read_bytes()
    ring.rotate()
    path_of(ring).write_bytes(old)
    with pytest.raises(KeysetRollbackError) as caught:
        Keyring.load(path_of(ring), wrapper=wrapper, min_generation=2)
    assert (caught.value.generation, caught.value.expected) == (1, 2)
    with pytest.raises(KeysetRollbackError):
        ring.refresh()
    assert ring.generation == 2
    with pytest.raises(ConflictError):
        ring.rotate()


def test_a_second_process_takes_over_new_keys(ring, wrapper, email):
    other = Keyring.load(path_of(ring), wrapper=wrapper)
    box, others = ring.box([email]), other.box([email])
    assert not other.refresh()
    ring.rotate("data")
    token = box.encrypt(email, "a@example.com", record=1)
    with pytest.raises(LookupError):
        others.decrypt(email, token, record=1)
    with pytest.raises(ConflictError, match="refresh"):
        other.rotate("data")
    assert other.refresh()
    assert others.decrypt(email, token, record=1) == "a@example.com"
    assert other.rotate("data") == 3


def test_every_changed_octet_of_the_file_is_noticed(ring, wrapper):
    path = path_of(ring)
    whole = path.read_bytes()
    for at in range(0, len(whole), 7):
        for flip in (1, 0x10):
            changed = bytearray(whole)
            changed[at] ^= flip
            path.write_bytes(bytes(changed))
            with pytest.raises((FormatError, IntegrityError, KeyWrapperError, KeysetRollbackError, NotFoundError)):
                Keyring.load(path, wrapper=wrapper, tenant=None)
    for size in range(0, len(whole), 50):
        path.write_bytes(whole[:size])
        with pytest.raises(FormatError):
            Keyring.load(path, wrapper=wrapper)


def test_parts_of_two_files_do_not_fit_together(ring, wrapper, tmp_path):
    other = Keyring.create(tmp_path / "b", wrapper=wrapper, tenant="acme")
    mine, theirs = json.loads(path_of(ring).read_bytes()), json.loads((tmp_path / "b").read_bytes())
    for part in ("sealed", "wrapped"):
        mixed = {**mine, part: theirs[part]}
        path_of(ring).write_bytes(json.dumps(mixed, sort_keys=True, separators=(",", ":")).encode())
        with pytest.raises(IntegrityError):
            Keyring.load(path_of(ring), wrapper=wrapper)
    for wrong in ({"generation": "1"}, {"tenant": 7}, {"format": "x"}, {"wrapped": 7}, {"sealed": "é"}):
        with pytest.raises(FormatError):
            Envelope.read(json.dumps({**mine, **wrong}, sort_keys=True, separators=(",", ":")).encode(), "x")
    assert other.generation == 1


def test_a_sealed_list_of_keys_that_is_none_is_refused():
    keyset = Keyset.new("t", NOW)
    from crmkit._canonical import json_bytes
    from crmkit.encryption._keys._aead import siv
    from crmkit.encryption._keys._derive import derive, parts

    described = keyset.keys[0].described()
    sealer, about = siv(derive(bytes(32), 64, "keyset", "t", 1)), [parts("crmkit-keyset/1", "t", 1)]
    for wrong in ({"state": "destroyed"}, {"tags": "AAAA"}, {"material": "*"}, {"material": "AAAA"}):
        sealed = sealer.encrypt(json_bytes({"keys": [{**described, **wrong}]}), about)
        with pytest.raises((IntegrityError, RefusedError)):
            Keyset.open(sealed, bytes(32), tenant="t", generation=1, place="x")
    for bad in ({}, {"keys": [{}]}, []):
        sealed = sealer.encrypt(json_bytes(bad), about)
        with pytest.raises(IntegrityError):
            Keyset.open(sealed, bytes(32), tenant="t", generation=1, place="x")


def test_a_file_beyond_all_measure_is_not_read(tmp_path, wrapper):
    with (tmp_path / "big").open("wb") as stream:
        stream.truncate(16 * 1024 * 1024)
    with pytest.raises(FormatError, match="too large"):
        Keyring.load(tmp_path / "big", wrapper=wrapper)


def test_rewrapping_moves_the_keys_to_another_holder(ring, wrapper, tmp_path, email):
    token = ring.box([email]).encrypt(email, "a@example.com", record=1)
    local = LocalKeyFile.create(tmp_path / "kek")
    ring.rewrap(local)
    assert ring.status().wrapped_by == (local.uri,)
    with pytest.raises(KMSRefusedError, match="another passphrase"):
        Keyring.load(path_of(ring), wrapper=wrapper)
    again = Keyring.load(path_of(ring), wrapper=LocalKeyFile(tmp_path / "kek"))
    assert again.box([email]).decrypt(email, token, record=1) == "a@example.com"
    ring.rewrap()
    assert ring.generation == 3


def test_several_holders_and_each_alone_unwraps(tmp_path):
    first, second = StaticKeyWrapper(bytes(range(32))), StaticKeyWrapper(bytes(range(1, 33)))
    both = MultiWrapper([first, second])
    ring = Keyring.create(tmp_path / "k", wrapper=both)
    assert ring.status().wrapped_by == (first.uri, second.uri)
    for one in (first, second, both, MultiWrapper([second, first])):
        assert Keyring.load(tmp_path / "k", wrapper=one).generation == 1
    down = Broken(first.uri, KMSUnavailableError("down", uri=first.uri))
    refusing = Broken(second.uri, KMSRefusedError("no", uri=second.uri))
    assert Keyring.load(tmp_path / "k", wrapper=MultiWrapper([down, second])).generation == 1
    assert Keyring.load(tmp_path / "k", wrapper=MultiWrapper([refusing, first])).generation == 1
    with pytest.raises(KMSUnavailableError):
        Keyring.load(tmp_path / "k", wrapper=MultiWrapper([refusing, down]))
    with pytest.raises(KMSRefusedError):
        Keyring.load(tmp_path / "k", wrapper=refusing)
    blob = both.wrap(b"key", {"a": "b"})
    assert both.unwrap(blob, {"a": "b"}) == b"key"
    for bad in (b"", b"7", b'[["a"]]', b'[["a","*"]]'):
        with pytest.raises(KMSRefusedError):
            both.unwrap(bad, {})
    with pytest.raises(KMSRefusedError):
        both.unwrap(blob, {"a": "c"})
    assert both.uri == f"{first.uri}+{second.uri}"
    for wrong in ([], [first, first]):
        with pytest.raises(RefusedError):
            MultiWrapper(wrong)


def test_a_wrapper_that_is_down_or_lies_changes_nothing(ring, wrapper, email, tmp_path):
    box = ring.box([email])
    token = box.encrypt(email, "a@example.com", record=1)
    before = path_of(ring).read_bytes()
    ring._wrapper = Broken(wrapper.uri, KMSUnavailableError("down"))
    for call in (lambda: ring.rotate(), lambda: ring.rewrap()):
        with pytest.raises(KMSUnavailableError):
            call()
    assert (path_of(ring).read_bytes(), ring.generation) == (before, 1)
    assert not ring.refresh()  # nothing changed, so nobody is asked
    assert box.decrypt(email, token, record=1) == "a@example.com"  # encrypting and decrypting ask nobody
    with pytest.raises(KMSRefusedError, match="no key"):
        Keyring.load(path_of(ring), wrapper=Broken(wrapper.uri, answer=b"short"))
    with pytest.raises(IntegrityError):
        Keyring.load(path_of(ring), wrapper=Broken(wrapper.uri, answer=bytes(32)))
    with pytest.raises(KMSUnavailableError):
        Keyring.create(tmp_path / "new", wrapper=Broken("x", KMSUnavailableError("down")))
    assert not (tmp_path / "new").exists()


def test_the_wrapper_is_told_whose_keys_it_wraps(tmp_path, wrapper):
    told = []

    class Telling(Broken):
        def wrap(self, key, context):
            told.append(dict(context))
            return super().wrap(key, context)

    ring = Keyring.create(tmp_path / "k", wrapper=Telling(wrapper.uri, inner=wrapper), tenant="acme")
    ring.rotate()
    assert told == [
        {"tenant": "acme", "purpose": "crmkit-keyset", "generation": "1"},
        {"tenant": "acme", "purpose": "crmkit-keyset", "generation": "2"},
    ]


def test_a_destroyed_key_says_so_and_a_key_in_use_is_not_destroyed(ring, tmp_path, email):
    import sqlite3

    box = ring.box([email])
    with sqlite3.connect(tmp_path / "crm.db") as database:
        database.execute("create table contacts (id integer primary key, email text, email_unique text)")
        tokens = [box.encrypt(email, f"{n}@example.com", record=n) for n in range(3)]
        database.executemany("insert into contacts values (?, ?, null)", enumerate(tokens))
    ring.rotate("data")
    rotator = Rotator(box, email, SQLiteTokenTable(tmp_path / "crm.db", "contacts", "email"))
    with pytest.raises(RefusedError, match="Rotator"):
        ring.destroy("data", 1, backups_gone=True)
    with pytest.raises(RefusedError, match="backups_gone"):
        ring.destroy("data", 1, counts=[rotator.verify()], backups_gone=False)
    with pytest.raises(RefusedError, match="3 tokens"):
        ring.destroy("data", 1, counts=[rotator.verify()], backups_gone=True)
    with pytest.raises(RefusedError, match="active"):
        ring.destroy("data", 2, counts=[rotator.verify()], backups_gone=True)
    with pytest.raises(NotFoundError, match="version 9"):
        ring.destroy("data", 9, counts=[rotator.verify()], backups_gone=True)
    rotator.run()
    ring.destroy("data", 1, counts=[rotator.verify()], backups_gone=True)
    for again in (box, Keyring.load(path_of(ring), wrapper=ring._wrapper).box([email])):
        with pytest.raises(KeyDestroyedError) as caught:
            again.decrypt(email, tokens[0], record=0)
        assert caught.value.key_tag == inspect(tokens[0]).key_tag
        with pytest.raises(KeyDestroyedError):
            again.decrypt_column(email, tokens, records=[0, 1, 2])
    with pytest.raises(RefusedError, match="destroyed"):
        ring.keyset.key("data", 1).reveal()
    ring.rotate("index")
    ring.destroy("index", 1, backups_gone=True)
    assert [key.state for key in ring.status().keys if key.version == 1] == ["destroyed", "destroyed", "active"]


def test_two_rings_that_rotate_at_once_do_not_lose_a_key(ring, wrapper, email):
    rings = [Keyring.load(path_of(ring), wrapper=wrapper) for _ in range(4)]
    outcomes = []

    def rotate(one):
        try:
            outcomes.append(one.rotate("data"))
        except ConflictError:
            outcomes.append(None)

    threads = [threading.Thread(target=rotate, args=(one,)) for one in rings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes, key=str) == [2, None, None, None]
    assert Keyring.load(path_of(ring), wrapper=wrapper).generation == 2


def test_a_process_killed_while_it_writes_leaves_one_of_the_two_files(tmp_path, wrapper):
    ring = Keyring.create(tmp_path / "k", wrapper=wrapper)
    script = f"""
import os, sys, warnings
warnings.simplefilter("ignore")
from pathlib import Path
from crmkit.encryption import Keyring
from crmkit.encryption.hazmat import StaticKeyWrapper
ring = Keyring.load({str(tmp_path / "k")!r}, wrapper=StaticKeyWrapper(bytes(range(32))))
step = sys.argv[1]
if step == "fsync":
    os.fsync = lambda fd: os._exit(9)
elif step == "replace":
    Path.replace = lambda self, other: os._exit(9)
ring.rotate()
os._exit(9)
"""
    for step, generation in (("fsync", 1), ("replace", 1), ("after", 2)):
        done = subprocess.run([sys.executable, "-c", script, step], check=False)
        assert done.returncode == 9
        assert Keyring.load(tmp_path / "k", wrapper=wrapper).generation == generation
    assert ring.refresh()
    assert ring.rotate() == 3


def test_forked_processes_and_threads_draw_different_nonces(ring, email, in_child, tmp_path):
    box = ring.box([email])
    work = lambda: (tmp_path / str(os.getpid())).write_text(box.encrypt(email, "a@example.com", record=1))  # noqa: E731
    assert [in_child(work) for _ in range(3)] == [0, 0, 0]
    tokens = [path.read_text() for path in tmp_path.iterdir() if path.name.isdigit()]
    found = []

    def many():
        found.extend(box.encrypt_column(email, ["a@example.com"] * 500, records=[1] * 500))
        found.extend(box.encrypt(email, "a@example.com", record=1) for _ in range(200))

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    rotations = [ring.rotate() for _ in range(3)]
    for thread in threads:
        thread.join()
    tokens += found
    assert len(set(tokens)) == len(tokens) == 3 + 4 * 700
    assert set(box.decrypt_column(email, tokens, records=[1] * len(tokens))) == {"a@example.com"}
    assert rotations == [2, 3, 4]


def test_neither_keyring_nor_box_is_pickled_or_copied(ring, box):
    for thing in (ring, box):
        with pytest.raises(TypeError):
            pickle.dumps(thing)
        with pytest.raises(TypeError):
            copy.copy(thing)
    assert repr(box) == "<Box of 'acme': 1 fields>"


# -- key files


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_a_key_file_that_others_can_read_is_refused(tmp_path, mode):
    LocalKeyFile.create(tmp_path / "kek")
    (tmp_path / "kek").chmod(mode)
    with pytest.raises(RefusedError, match="chmod 600") as caught:
        LocalKeyFile(tmp_path / "kek")
    assert caught.value.rule == "key_file_readable"


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", RefusedError),
        (b"x" * 31, RefusedError),
        (b"correct horse battery staple....", RefusedError),
        (b"a" * 64, RefusedError),
        (bytes(32), RefusedError),
        (bytes(range(33)), FormatError),
        (b"{", FormatError),
        (b'{"format":"crmkit-kek/1"}', FormatError),
        (bytes(range(31)), RefusedError),
    ],
)
def test_a_key_file_that_holds_no_random_key_is_refused(tmp_path, data, error):
    (tmp_path / "kek").write_bytes(data)
    (tmp_path / "kek").chmod(0o600)
    with pytest.raises(error):
        LocalKeyFile(tmp_path / "kek")


def test_a_passphrase_makes_a_key_with_the_salt_in_the_file(tmp_path):
    made = LocalKeyFile.create(tmp_path / "kek", passphrase="orange bicycle lantern")
    again = LocalKeyFile(tmp_path / "kek", passphrase="orange bicycle lantern")
    assert again.uri == made.uri
    assert again.unwrap(made.wrap(b"key", {"a": "b"}), {"a": "b"}) == b"key"
    other = LocalKeyFile(tmp_path / "kek", passphrase="orange bicycle lanterm")
    assert other.uri != made.uri
    with pytest.raises(KMSRefusedError):
        other.unwrap(made.wrap(b"key", {}), {})
    with pytest.raises(KMSRefusedError):
        made.unwrap(b"short", {})
    with pytest.raises(FormatError, match="passphrase"):
        LocalKeyFile(tmp_path / "kek")
    with pytest.raises(RefusedError, match="12 characters"):
        LocalKeyFile.create(tmp_path / "other", passphrase="short")
    said = json.loads((tmp_path / "kek").read_bytes())
    assert (said["memory_kib"], said["iterations"], said["lanes"]) == (65536, 3, 1)
    for weak in (
        {"memory_kib": 1024},
        {"iterations": 1},
        {"lanes": 0},
        {"lanes": 1000},
        {"memory_kib": 1 << 40},
        {"kdf": "scrypt"},
        {"salt": "AAAA"},
        {"iterations": 10**9},
    ):
        (tmp_path / "kek").write_bytes(json.dumps({**said, **weak}, sort_keys=True, separators=(",", ":")).encode())
        with pytest.raises(FormatError, match="weak"):
            LocalKeyFile(tmp_path / "kek", passphrase="orange bicycle lantern")
    LocalKeyFile.create(tmp_path / "raw")
    with pytest.raises(FormatError, match="without a passphrase"):
        LocalKeyFile(tmp_path / "raw", passphrase="orange bicycle lantern")
    assert repr(made) == "LocalKeyFile('kek')"


def test_a_wrapped_key_is_bound_to_its_context(wrapper):
    blob = wrapper.wrap(b"key", {"tenant": "a"})
    assert wrapper.unwrap(blob, {"tenant": "a"}) == b"key"
    for context in ({}, {"tenant": "b"}):
        with pytest.raises(KMSRefusedError):
            wrapper.unwrap(blob, context)


def test_a_static_key_warns_outside_of_tests(monkeypatch):
    monkeypatch.delitem(sys.modules, "pytest")
    with pytest.warns(CrmkitWarning, match="for tests"):
        wrapper = StaticKeyWrapper(bytes(range(32)))
    assert repr(wrapper) == f"StaticKeyWrapper({wrapper.uri!r})"


# -- SecretKey


def test_a_secret_key_shows_and_gives_away_nothing():
    material = bytes(range(32))
    key = SecretKey(material)
    assert key.reveal() == material
    assert key == SecretKey(material)
    assert key != SecretKey(bytes(range(1, 33)))
    assert key != material
    for attempt in (
        lambda: pickle.dumps(key),
        lambda: copy.copy(key),
        lambda: copy.deepcopy(key),
        lambda: list(key),
        lambda: bytes(key),
        lambda: hash(key),
        lambda: json.dumps(key),
        lambda: {key},
    ):
        with pytest.raises(TypeError) as caught:
            attempt()
        assert material.hex() not in str(caught.value)
    for shown in (repr(key), str(key), f"{key}", f"{key!r:>50}"):
        assert "<SecretKey of 32 bytes>" in shown
    with key:
        inner = key._material
    assert inner == bytearray(32)
    key.destroy()
    assert repr(key) == "<SecretKey, destroyed>"
    with pytest.raises(RefusedError):
        key.reveal()


def test_two_fields_two_tenants_two_purposes_have_no_key_in_common(tmp_path, wrapper):
    from crmkit.encryption._keys._derive import derive

    root = bytes(range(32))
    names = [
        ("field", 1, "a", "t", "f"),
        ("field", 3, "a", "t", "f"),
        ("det", 2, "a", "t", "f"),
        ("field", 1, "at", "", "f"),
        ("field", 1, "a", "tf", ""),
        ("file", "a"),
        ("subject-wrap", "a"),
        ("tag-root",),
        ("tag", "field", 1, "a", "t", "f"),
    ]
    assert len({derive(root, 32, *name) for name in names}) == len(names)
    field = Field("t.f")
    tags = set()
    for tenant in ("a", "b"):
        ring = Keyring.create(tmp_path / tenant, wrapper=wrapper, tenant=tenant)
        tags.add(ring.box([field]).prefix(field))
    assert len(tags) == 2


def test_a_passphrase_that_is_no_text_is_refused_before_there_is_a_file(tmp_path):
    with pytest.raises(RefusedError, match="surrogate") as caught:
        LocalKeyFile.create(tmp_path / "kek.key", passphrase="canary canary \udcff")
    assert caught.value.__context__ is None  # Python's own error would hold the passphrase
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_begins_as_a_document_does_is_a_key(tmp_path, monkeypatch):
    key = b"{" + bytes(range(1, 32))
    monkeypatch.setattr("crmkit.encryption._keys._local_key_file.os.urandom", lambda _: key)
    made = LocalKeyFile.create(tmp_path / "kek")
    monkeypatch.undo()
    assert LocalKeyFile(tmp_path / "kek").unwrap(made.wrap(bytes(range(32)), {}), {}) == bytes(range(32))
    with pytest.raises(FormatError, match="made without a passphrase"):
        LocalKeyFile(tmp_path / "kek", passphrase="orange bicycle lantern")
