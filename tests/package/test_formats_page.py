"""The page about formats is complete, and its vectors of whole files and digests are computed anew here."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import os
import re
from pathlib import Path

import pytest

from crmkit import backup, encryption, quality
from crmkit import permissions as perm
from crmkit._canonical import encode_parts, json_bytes
from crmkit._journal import Journal
from crmkit.audit import Event, InclusionProof, Log, NoteSigner
from crmkit.encryption import Keyring, LocalKeyFile, SQLiteSubjectStore, open_file
from crmkit.matching import Labels, Longest, Matcher, MergeLog, MostRecent, Survivorship
from crmkit.sync import Agreed, Consistency

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "formats.md").read_text(encoding="utf-8")
NOW = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
OCTETS = bytes(range(32))


def test_every_marker_that_the_code_writes_is_on_the_page() -> None:
    marker = re.compile(r"\bcrmkit-[a-z-]+/[0-9]+\b")
    written = {
        found: path
        for path in (ROOT / "crmkit").rglob("*.py")
        for found in marker.findall(path.read_text(encoding="utf-8"))
    }
    assert len(written) > 30
    assert {found: path.name for found, path in written.items() if found not in PAGE} == {}


def test_every_fenced_json_of_the_page_is_json() -> None:
    blocks = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) > 5
    for line in "".join(blocks).splitlines():
        json.loads(line)


def test_a_journal(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "j", kind="test") as journal:
        journal.append(b'{"a":1}', b'{"s":2}')
    assert (tmp_path / "j").read_text() in PAGE


def test_survivorship_rules_have_their_hash() -> None:
    rules = Survivorship(columns={"email": [MostRecent("updated_at")]}, default=[Longest()])
    assert json_bytes(rules.to_dict()).decode() in PAGE
    assert rules.hash in PAGE


def test_a_log_of_merges(tmp_path: Path) -> None:
    [(head, text)] = re.findall(r"hash of its last line is `([0-9a-f]{64})`:\n\n```json\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "merges.jsonl").write_text(text, encoding="utf-8")
    log = MergeLog.load(tmp_path / "merges.jsonl", expect=head)
    people = [
        {"id": "1", "email": "ana@example.com", "city": None},
        {"id": "2", "email": None, "city": "Oslo"},
        {"id": "3", "email": "bo@example.com", "city": "Bergen"},
    ]
    golden = [people[0] | {"city": "Oslo"}, people[2]]
    assert log.revert(golden) == people
    assert log.clusters() == {"1": 0, "2": 0, "3": 1}
    assert log.pointers() == {}
    assert log.taken_apart() == [("1", "2")]
    [undone] = log.undone
    assert (undone.at, undone.by, undone.reason) == ("2026-01-02T03:04:05.000Z", "lin", "two persons")
    assert log.save(tmp_path / "again.jsonl") == head
    assert (tmp_path / "again.jsonl").read_text(encoding="utf-8") == text
    lines = [json.loads(line) for line in text.splitlines()]
    sides = [(line["body"], line["side"]) for line in lines if "side" in line]
    assert [body["kind"] for body, _ in sides] == ["cell", "merge"]
    for body, side in sides:
        parts = encode_parts([json_bytes(side["before"]), json_bytes(side["after"])])
        assert hmac.new(bytes.fromhex(side["salt"]), parts, hashlib.sha256).hexdigest() == body["digest"]


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    """The keyset of the page, opened with the key file of the page."""
    [document] = re.findall(r'^\{"format":"crmkit-keyset/1".*\}$', PAGE, re.MULTILINE)
    (tmp_path / "acme.keyset").write_text(document)
    (tmp_path / "kek.key").write_bytes(OCTETS)
    (tmp_path / "kek.key").chmod(0o600)
    return Keyring.load(tmp_path / "acme.keyset", wrapper=LocalKeyFile(tmp_path / "kek.key"), tenant="acme")


def test_a_keyset_opens_with_its_key_file(ring: Keyring) -> None:
    roots = {key.purpose: key.reveal() for key in ring.keyset.keys}
    assert roots == {"data": OCTETS, "index": bytes(range(0x80, 0xA0)), "subject": bytes(range(0xC0, 0xE0))}
    assert ring.status().wrapped_by[0] in PAGE


def test_a_sealed_file_opens(ring: Keyring, tmp_path: Path) -> None:
    [sealed] = re.findall(r"`(Y3Jta2l0LWZpbGUvMQ[^`]*)`", PAGE)
    (tmp_path / "sealed").write_bytes(base64.b64decode(sealed))
    open_file(ring, tmp_path / "sealed", tmp_path / "plain", context={"kind": "export"})
    assert (tmp_path / "plain").read_text() == "id,email"


def test_a_receipt_of_an_erasure(ring: Keyring, tmp_path: Path) -> None:
    note = encryption.Field("contacts.note", subject=True, indexes=[encryption.Index.unique()])
    store = SQLiteSubjectStore(tmp_path / "subjects.db", backup_retention=dt.timedelta(days=30))
    box = ring.box([note], subjects=store)
    box.encrypt(note, "call after six", record=42, subject="person:42")
    assert box.shred("person:42", now=lambda: NOW).to_bytes().decode() in PAGE


def test_a_proof_of_an_event(tmp_path: Path) -> None:
    signer = NoteSigner.generate("crm.example.com/audit", seed=OCTETS)
    at = dt.datetime(2026, 3, 2, 9, 0, 0, 5, tzinfo=dt.UTC)
    said = {"actor": "u-17", "resource": ("contact", "42"), "at": at}
    with Log.open(tmp_path / "log", signer=signer, now=lambda: at) as log:
        log.append(Event(action="contact.read", fields=["email"], id="01KJQ8N1R00000000000000000", **said))
        log.append(Event(action="contact.delete", outcome="denied", id="01KJQ8N1R00000000000000001", **said))
        log.checkpoint()
        proof = log.prove(0).to_bytes()
    assert proof.decode() in PAGE
    assert InclusionProof.parse(proof).verify([signer.verifier]).action == "contact.read"


def test_a_backup_and_the_proof_of_one_of_its_files(tmp_path: Path) -> None:
    payload = tmp_path / "dump"
    payload.mkdir()
    (payload / "a.csv").write_bytes(b"id\n1\n")
    (payload / "b.bin").write_bytes(bytes(4097))
    (payload / "l").symlink_to("a.csv")
    for name in ("a.csv", "b.bin", "l"):
        os.utime(payload / name, ns=(0, 1), follow_symlinks=False)
        if name != "l":
            (payload / name).chmod(0o644)
    rows = [{"id": 1, "name": "Zoë"}, {"id": 2, "name": None}]
    people = backup.snapshot(backup.FrameSource(rows, key="id", name="people"), buckets=2)
    assert people.to_json() in PAGE
    header = backup.Header(
        set="crm",
        chunk_size=4096,
        backup_id="01JGJ3Q5M8XXXXXXXXXXXXXXXX",
        created="2026-01-02T03:04:05Z",
        tool="crmkit 0.1.0",
    )
    made = backup.create(payload, header, tables=[people], now=lambda: NOW)
    statement = backup.sign(made, backup.SigningKey(OCTETS), seq=1)
    lines = made.path.read_text().splitlines()
    signature = json.loads((made.folder / "statement.json").read_text())["signatures"][0]["sig"]
    chunks = hashlib.sha256((made.folder / "chunks.bin").read_bytes()).hexdigest()
    for said in (*lines[1:4], people.root.hex(), chunks, made.root, statement.digest, signature):
        assert said in PAGE
    assert backup.prove(made.folder, "a.csv").to_json() in PAGE


def test_the_digest_of_a_review() -> None:
    deal = perm.Resource("deal", actions=["read"], owner="owner_id")
    policy = perm.Policy([deal], [perm.Role("sales", grants=[perm.Grant("read", "deal", scope="own")])])
    held = [perm.Assignment("ann", "sales", granted_by="bob", reason="team")]
    review = perm.review(policy, held, org=perm.OrgChart([perm.Principal("ann")]), at=NOW)
    assert policy.digest in PAGE
    assert review.digest in PAGE


def test_labels_and_matchers_read_what_the_page_shows() -> None:
    [labels] = re.findall(r'^\{"format": "crmkit-labels/1".*\}$', PAGE, re.MULTILINE)
    assert Labels.from_dict(json.loads(labels)).to_dict() == json.loads(labels)
    document = Matcher.contacts().to_dict()
    assert Matcher.from_dict(document).to_dict() == document


def test_a_profile(tmp_path: Path) -> None:
    history = quality.History(tmp_path / "history.jsonl")
    history.add(quality.profile([{"country": "NO"}, {"country": None}], name="contacts", now=lambda: NOW))
    assert (tmp_path / "history.jsonl").read_text() in PAGE


def test_what_both_sides_agreed_on(tmp_path: Path) -> None:
    agreed = Agreed.of([{"id": "1", "phone": "+12125550123"}, {"id": "2", "phone": None}], key="id")
    agreed.save(tmp_path / "agreed")
    assert (tmp_path / "agreed").read_text() in PAGE


def test_a_line_of_consistency() -> None:
    line = Consistency(name="erp", at=NOW, rows=100, off=2, pending=1, conflicts=1, causes={"case": 3})
    assert json_bytes(line.to_dict()).decode() in PAGE
