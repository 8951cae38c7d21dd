"""What holds keys or values out of records: its owner's file, in no pickle, and showable even half-made."""

from __future__ import annotations

import base64
import copy
import importlib
import os
import pickle
import pkgutil
import re
import stat
import traceback
import tracemalloc
import types
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from crmkit import audit, backup, encryption, quality
from crmkit._journal import Journal
from crmkit.audit import AuditPlan, Evidence, Log, NoteSigner, Pseudonyms
from crmkit.encryption import Field, Index, Keyring, LocalKeyFile, SecretKey, SQLiteSubjectStore, seal_file
from crmkit.encryption._files import _FileKey
from crmkit.encryption._keys._aead import CommittingSuite
from crmkit.encryption._values._blind import _IndexKey
from crmkit.encryption._values._subjects import _Entry
from crmkit.encryption.hazmat import StaticKeyWrapper
from crmkit.errors import FormatError, RefusedError
from crmkit.matching import Matcher
from crmkit.testing import generate

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = bytes(range(32))


@pytest.fixture
def careless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder, in a process whose files everybody may read and write unless somebody sees to it."""
    monkeypatch.chdir(tmp_path)
    before = os.umask(0)
    yield tmp_path
    os.umask(before)


def others_may(folder: Path) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.name for path in files if stat.S_IMODE(path.stat().st_mode) & 0o077)


@pytest.mark.parametrize("place", ["log", "log.sqlite"])
def test_a_log_and_what_stands_beside_it_are_their_owners_alone(careless: Path, place: str) -> None:
    signer = NoteSigner.generate("crm.example/audit")
    with Log.open(place, signer=signer) as log:
        change = {"email": ("a@example.com", "b@example.com")}
        log.record_change("contact.update", actor="u", resource=("contact", "1"), changes=change)
        assert others_may(careless) == []
        now = datetime.now(UTC)
        plan = AuditPlan(name="all", auditor="a", since=now - timedelta(days=1), until=now + timedelta(days=1))
        plan.start(log)
        plan.collect(log, "evidence.zip")
    assert others_may(careless) == []


def test_keys_and_files_with_values_are_their_owners_alone(careless: Path) -> None:
    ring = Keyring.create("acme.keyset", wrapper=LocalKeyFile.create("kek.key"))
    SQLiteSubjectStore("subjects.db")
    (careless / "plain").touch(0o600)
    seal_file(ring, "plain", "sealed", context={"kind": "test"})
    people = generate.contacts(40, seed=1).columns
    Matcher.contacts().fit(people).index(people).save("people.index")
    for name in ("history.jsonl", "history.sqlite"):
        quality.History(name).add(quality.profile(people))
    backup.TrustLedger("trust.jsonl")
    with Journal.open(careless / "changes.jsonl", kind="test") as journal:
        journal.append(b'{"a":1}')
    with (careless / "changes.jsonl").open("ab") as torn:
        torn.write(b'{"body":{"email":"a@exam')
    with Journal.open(careless / "changes.jsonl", kind="test"):
        pass
    assert (careless / "changes.jsonl.torn").exists()
    assert others_may(careless) == []


def holders(folder: Path) -> dict[str, Any]:
    wrapper = LocalKeyFile.create(folder / "kek.key")
    ring = Keyring.create(folder / "acme.keyset", wrapper=wrapper)
    field = Field("contacts.email", normalizer="email-v1", indexes=[Index.unique()])
    box = ring.box([field])
    return {
        "key": SecretKey(KEY),
        "wrapper in the program": StaticKeyWrapper(KEY),
        "wrapper": wrapper,
        "ring": ring,
        "keyset": ring.keyset,
        "box": box,
        "cipher": box.engine.cipher(field, None, create=False),
        "cipher that commits": CommittingSuite(KEY),
        "index": box.engine.blind(field, "unique"),
        "signer of backups": backup.SigningKey(KEY),
        "signer of logs": NoteSigner.generate("crm.example/audit", seed=KEY),
        "pseudonyms": Pseudonyms(KEY),
        "log": Log.open(folder / "log", signer=NoteSigner.generate("crm.example/audit", seed=KEY)),
        "key of files": _FileKey(b"", SecretKey(KEY)),
        "key of a person": _Entry(0.0, SecretKey(KEY), b""),
        "key of an index": _IndexKey(HMAC(KEY, SHA256()), KEY),
    }


def test_nothing_that_holds_a_key_is_pickled_or_copied_whole(tmp_path: Path) -> None:
    for name, holder in holders(tmp_path).items():
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError):
                pickle.dumps(holder, protocol)
        with pytest.raises(TypeError):
            copy.deepcopy(holder)
        assert KEY.hex() not in repr(holder), name


def fields(holder: Any) -> Iterator[Any]:
    """What serializers find: of attrs classes the fields, of others the dictionary, and so on inside of those."""
    seen: dict[int, Any] = {}
    left = [holder]
    while left:
        one = left.pop()
        if id(one) in seen:
            continue
        seen[id(one)] = one
        yield one
        if isinstance(one, dict):
            left += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple | set | frozenset):
            left += one
        elif isinstance(one, types.ModuleType | type):
            continue
        elif attrs.has(type(one)):
            left += [getattr(one, field.name) for field in attrs.fields(type(one))]
        elif hasattr(one, "__dict__"):
            left += vars(one).values()


def test_no_serializer_of_fields_finds_a_key(tmp_path: Path) -> None:
    shapes = [KEY, *(form.encode() for form in (KEY.hex(), base64.b64encode(KEY[:30]).decode(), repr(KEY)[2:-1]))]
    shapes += [base64.b64encode(b"\x01" + KEY)]  # as a note signer has it
    for name, holder in holders(tmp_path).items():
        written = [bytes(one) if isinstance(one, bytes | bytearray) else str(one).encode() for one in fields(holder)]
        assert not [one for one in written for shape in shapes if shape in one], name
        if attrs.has(type(holder)):
            told = f"{attrs.asdict(holder)} {attrs.astuple(holder)}".encode()
            assert not [shape for shape in shapes if shape in told], name


def test_no_attrs_class_of_an_area_with_keys_has_a_field_for_one() -> None:
    """The rule beside the list of holders: what has the name and type of a secret stands in no attrs class."""
    named = re.compile(r"secret|private|passphrase|material|seed|salt|(^|_)(key|mac|pepper|password)$")
    typed = re.compile(r"(bytes|bytearray|str|HMAC)\b")
    pytest.importorskip("sqlalchemy", reason="one of the modules that are looked through needs it")
    found = set()
    for area in (audit, backup, encryption):
        for module in pkgutil.walk_packages(area.__path__, f"{area.__name__}."):
            for kind in vars(importlib.import_module(module.name)).values():
                if isinstance(kind, type) and attrs.has(kind) and kind.__module__ == module.name:
                    found |= {
                        f"{kind.__name__}.{field.name}"
                        for field in attrs.fields(kind)
                        if named.search(field.name) and typed.match(str(field.type))
                    }
    # A public key, the name of a signer, and the salt that whoever is shown a value is handed with it.
    assert found == {"NoteVerifier.public_key", "Accepted.key", "Opening.salt"}


def test_a_key_that_was_refused_can_be_shown_by_what_reports_the_error() -> None:
    words = b"orange bicycle lantern, orange bicycle lantern"
    with pytest.raises(RefusedError) as caught:
        SecretKey(words)
    said = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "<SecretKey, destroyed>" in "".join(said.format())


def test_evidence_that_unpacks_out_of_all_proportion_is_refused_unread(tmp_path: Path) -> None:
    place = tmp_path / "bomb.zip"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", b" " * (64 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(FormatError):
            Evidence.load(place)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
