"""The page about formats is complete, and its vectors of whole files and digests are computed anew here."""

from __future__ import annotations

import base64
import contextlib
import csv
import datetime as dt
import hashlib
import hmac
import json
import os
import re
import sqlite3
import tomllib
import zipfile
import zlib
from pathlib import Path

import pytest

from crmkit import backup, columns, encryption, frames, quality
from crmkit import permissions as perm
from crmkit._canonical import encode_parts, json_bytes
from crmkit._journal import Journal
from crmkit.audit import AuditPlan, Event, InclusionProof, Log, NoteSigner, SelfGrant
from crmkit.changes import ChangeLog
from crmkit.encryption import Keyring, LocalKeyFile, SQLiteSubjectStore, open_file
from crmkit.matching import Labels, Longest, Matcher, MatchIndex, MergeLog, MostRecent, Survivorship
from crmkit.sync import Agreed, Consistency, SyncPlan
from crmkit.validators import Email, FixPlan, Schema

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


BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
WITHIN = {
    *("crmkit-json/1", "crmkit-audit/1", "crmkit-file/1", "crmkit-match-index/1"),  # shown as lines or octets
    *("crmkit-table/1", "crmkit-rowseal/1"),  # hashed, never written
}
SUMMARIES = {"crmkit-validation-report/1", "crmkit-reconcile-report/1", "crmkit-gate/1", "crmkit-sync/1"}
SUMMARIES |= {"crmkit-sync-applied/1"}


def lines(marker: str) -> list[str]:
    """The lines of the page's JSON blocks that say they are of this format."""
    return [
        line
        for kind, text in BLOCKS
        if kind == "json"
        for line in text.splitlines()
        if marker in line and marker in (json.loads(line).get("format"), json.loads(line).get("type"))
    ]


def journals(kind: str) -> list[str]:
    """The page's journals of this kind."""
    found = (text for language, text in BLOCKS if language in ("json", "text"))
    starts = (
        text[text.index('{"body":{"format":"crmkit-journal/1"') :] for text in found if '"crmkit-journal/1"' in text
    )
    return ["".join(re.findall(r'^\{"body":.*\n', text, re.MULTILINE)) for text in starts if f'"kind":"{kind}"' in text]


def test_every_fenced_json_and_toml_of_the_page_is_what_it_says() -> None:
    assert len(BLOCKS) > 25
    for kind, text in BLOCKS:
        if kind == "json":
            for line in text.splitlines():
                json.loads(line)
        elif kind == "toml":
            tomllib.loads(text)


def test_every_document_has_a_whole_example() -> None:
    markers = set(re.findall(r"\bcrmkit-[a-z-]+/[0-9]+\b", PAGE)) - WITHIN - SUMMARIES
    shown = "\n".join(text for _, text in BLOCKS)
    missing = {one for one in markers if not re.search(rf'"(?:format|type)": ?"{one}"', shown)}
    assert missing == {"crmkit-schema/1"}  # its example stands in a line, and as TOML
    assert 'format = "crmkit-schema/1"' in shown


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
    for said in (*lines, people.root.hex(), chunks, made.root, statement.digest, signature):
        assert said in PAGE
    kept = {"ledger": backup.TrustLedger(tmp_path / "trust.jsonl"), "state": tmp_path / "scrub"}
    keys = [backup.SigningKey(OCTETS).public]
    assert backup.verify(payload, keys=keys, level="sample", now=lambda: NOW, **kept).ok
    assert (tmp_path / "trust.jsonl").read_text() + (tmp_path / "scrub").read_text() in PAGE
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


def test_a_change_log(tmp_path: Path) -> None:
    [text] = journals("changes")
    (tmp_path / "changes.jsonl").write_text(text, encoding="utf-8")
    head = json.loads(text.splitlines()[-1])["hash"]
    assert f"last line's hash is `{head}`" in PAGE
    log = ChangeLog.load(tmp_path / "changes.jsonl", expect=head)
    fixed = [{"id": "1", "email": "Ana@example.com"}, {"id": "2", "email": "bo@example.com"}]
    assert log.revert(fixed) == [{"id": "1", "email": "Ana@EXAMPLE.com"}, fixed[1]]
    assert log.save(tmp_path / "again.jsonl") == head


def test_a_review_of_fixes(tmp_path: Path) -> None:
    [text] = [text for _, text in BLOCKS if text.startswith("accept,")]
    (tmp_path / "review.csv").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    plan = FixPlan.from_csv(tmp_path / "review.csv")
    assert (plan.key, plan.befores, plan.afters) == ("id", ("Ana@EXAMPLE.com",), ("Ana@example.com",))
    plan.to_csv(tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "review.csv").read_bytes()


def test_the_seal_of_a_review_is_what_the_page_says() -> None:
    [text] = [text for _, text in BLOCKS if text.startswith("accept,")]
    [line] = csv.DictReader(text.splitlines())
    seal = line.pop("seal")
    line.pop("accept")
    numbers = {name: repr(float(line[name])) for name in ("row", "confidence", "together")}
    whole = {**line, **numbers}
    without = {name: cell for name, cell in whole.items() if name != "after"}
    halves = [hashlib.sha256(json.dumps(one, sort_keys=True).encode()).hexdigest()[:12] for one in (without, whole)]
    assert seal == "s" + "".join(halves)


def test_a_rule_set_as_toml() -> None:
    [text] = [text for kind, text in BLOCKS if kind == "toml" and "crmkit-schema/1" in text]
    assert Schema.from_toml(text) == Schema("people", fields={"email": Email()})
    assert Schema.from_toml(text).hash in PAGE


def test_a_health_report() -> None:
    [line] = lines("crmkit-health/1")
    assert json.dumps(quality.Health.from_dict(json.loads(line)).to_dict(), sort_keys=True) == line


def test_a_key_file_with_a_passphrase(tmp_path: Path) -> None:
    [line] = lines("crmkit-kek/1")
    (tmp_path / "kek").write_text(line)
    (tmp_path / "kek").chmod(0o600)
    assert LocalKeyFile(tmp_path / "kek", passphrase="four words and a bit").uri in PAGE


def test_the_tables_of_encryption(ring: Keyring, tmp_path: Path) -> None:
    store = SQLiteSubjectStore(tmp_path / "subjects.db")
    ring.box([encryption.Field("contacts.note", subject=True)], subjects=store)
    with contextlib.closing(sqlite3.connect(tmp_path / "subjects.db")) as database:
        names = [row[1] for row in database.execute("pragma table_info(crmkit_subjects)")]
    section = PAGE.partition("## Tables of encryption")[2].partition("\n## ")[0]
    assert [name for name in names if f"`{name}`" not in section] == []
    [state] = re.findall(r'^\{"name": "contacts.email", "after".*$', section, re.MULTILINE)
    assert encryption.Checkpoint.from_json(state).to_json() == state


def test_a_policy() -> None:
    [line] = [line for _, text in BLOCKS for line in text.splitlines() if line.startswith('{"resources"')]
    [toml] = [text for kind, text in BLOCKS if kind == "toml" and "[resources.deal]" in text]
    assert perm.Policy.from_json(line) == perm.Policy.from_toml(toml)
    assert f"`{perm.Policy.from_toml(toml).digest}`" in PAGE
    assert perm.Policy.from_json(line).to_toml() == toml


def test_a_matcher_and_its_index(tmp_path: Path) -> None:
    [line] = lines("crmkit-matcher/1")
    assert json.dumps(Matcher.from_dict(json.loads(line)).to_dict()) == line
    [packed] = [text for kind, text in BLOCKS if kind == "text" and text.startswith("eN")]
    data = zlib.decompress(base64.b64decode(packed))
    (tmp_path / "people.index").write_bytes(data)
    index = MatchIndex.load(tmp_path / "people.index")
    assert {hit.record_id for hit in index.search({"email": "ana@example.com"})[:2]} == {"0", "2"}
    first, second, rest = data.split(b"\n", 2)
    length, digest = second.split(b" ")
    header = rest[: int(length, 16)]
    assert (first, hashlib.blake2b(header, digest_size=16).hexdigest().encode()) == (b"crmkit-match-index/1", digest)
    assert json.loads(header)["document"]["matcher"] == json.loads(line)


def test_the_statement_and_the_ledger(tmp_path: Path) -> None:
    [payload] = lines("crmkit-statement/1")
    [envelope] = [line for _, text in BLOCKS for line in text.splitlines() if line.startswith('{"payload"')]
    assert base64.b64decode(json.loads(envelope)["payload"]).decode() == payload
    (tmp_path / "statement.json").write_text(envelope + "\n")
    statement = backup.read_statement(tmp_path)
    [text] = journals("backup-trust")
    (tmp_path / "trust.jsonl").write_text(text)
    head = backup.TrustLedger(tmp_path / "trust.jsonl").head("crm", backup.SigningKey(OCTETS).public.key_id)
    assert head is not None
    assert (head.seq, head.digest) == (statement.seq, statement.digest)


def test_a_log_of_recovery(tmp_path: Path) -> None:
    [text] = journals("row-recovery")
    (tmp_path / "recovery.jsonl").write_text(text)
    live = [{"id": "1", "name": "Ana"}, {"id": "2", "name": "Bo"}]
    done = backup.Recovery.load(tmp_path / "recovery.jsonl")
    assert done.revert(backup.FrameSource(live, key="id", name="people")) == [{"id": "2", "name": "???"}]
    done.save(tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_text() == text


def test_continuity_records() -> None:
    [line] = lines("crmkit-continuity/1")
    assert backup.ContinuityRecords.from_json(line).to_json() == line


def test_the_manifest_of_evidence(tmp_path: Path) -> None:
    [line] = lines("crmkit-audit-evidence/1")
    signer = NoteSigner.generate("crm.example.com/audit", seed=OCTETS)
    at = dt.datetime(2026, 3, 2, 9, 0, 0, 5, tzinfo=dt.UTC)
    said = {"actor": "u-17", "resource": ("contact", "42"), "at": at}
    since, until = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
    plan = AuditPlan(name="Q1", auditor="audit-1", since=since, until=until, detectors=(SelfGrant(),))
    with Log.open(tmp_path / "log", signer=signer, now=lambda: at) as log:
        log.append(Event(action="contact.read", fields=["email"], id="01KJQ8N1R00000000000000000", **said))
        log.append(Event(action="contact.delete", outcome="denied", id="01KJQ8N1R00000000000000001", **said))
        log.checkpoint()
        plan.collect(log, tmp_path / "evidence.zip")
    with zipfile.ZipFile(tmp_path / "evidence.zip") as archive:
        assert archive.read("plan.json").decode() in PAGE
        made, shown = json.loads(archive.read("manifest.json")), json.loads(line)
    assert made["files"].keys() == shown["files"].keys()
    for document in (made, shown):
        del document["files"]["verify_audit_log.py"]  # every version of crmkit has its own
    assert made == shown


def test_a_sync_plan(tmp_path: Path) -> None:
    [line] = lines("crmkit-sync-plan/1")
    (tmp_path / "plan.json").write_text(line + "\n")
    plan = SyncPlan.load(tmp_path / "plan.json")
    assert plan.digest == json.loads(line)["digest"]
    plan.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == line + "\n"


def test_a_map_of_columns() -> None:
    [line] = [line for _, text in BLOCKS for line in text.splitlines() if line.startswith('{"system"')]
    found = columns.recognize(frames.read([{"id": "1", "email": "ana@example.com"}]))
    assert json.dumps(found.to_dict()) == line
    assert columns.ColumnMap.from_dict(json.loads(line)) == found


def test_the_tables_of_a_log_and_its_vault(tmp_path: Path) -> None:
    signer = NoteSigner.generate("crm.example.com/audit", seed=OCTETS)
    with Log.open(tmp_path / "log.sqlite", signer=signer) as log:
        log.append(Event(action="contact.read", actor="u-17", resource=("contact", "42")))
        log.record_change("contact.update", actor="u-17", resource=("contact", "42"), changes={"name": ("Ana", "Anna")})
    section = PAGE.partition("## crmkit-audit/1")[2].partition("\n## crmkit-schema")[0]
    for name in ("log.sqlite", "log.vault.sqlite"):
        with contextlib.closing(sqlite3.connect(tmp_path / name)) as database:
            tables = [row[0] for row in database.execute("select name from sqlite_master where type = 'table'")]
            assert tables
            for table in tables:
                assert f"`{table}`" in section
