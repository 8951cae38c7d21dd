"""The fault model: every fault is found, at the level that can find it, and put in its class."""

from __future__ import annotations

import datetime as dt
import errno
import json
import os
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from crmkit import backup
from crmkit.backup._tree import _hashing
from crmkit.backup._verify import _compare
from crmkit.errors import InvalidValueError

NOW = dt.datetime(2026, 11, 28, 12, 0, tzinfo=dt.UTC)
CHUNK = 4096


def flip(path: Path, at: int, bit: int = 0) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1 << bit
    path.write_bytes(data)


def test_an_unharmed_backup_passes_at_every_level_and_says_what_it_did_not_look_at(made: Any) -> None:
    (made.payload / "crm" / "contacts.csv").unlink()  # noise is no CSV, and this test probes
    (made.payload / "crm" / "客户.csv").unlink()
    shutil.rmtree(made.meta)
    made.make()
    for level in ("statement", "inventory", "sample", "content", "probe"):
        report = made.verify(level=level)
        assert report.ok, report
        assert report.findings == ()
        said = {item.what for item in report.not_checked}
        assert "restoring" in said
        assert ("content" in said) == (level in ("statement", "inventory"))
        assert any("completeness" in what and "encryption" in what for what in said) == (level != "probe")
    assert made.verify(level="content").coverage.complete
    assert not made.verify(level="inventory").coverage.complete


def test_a_report_is_never_true_or_false(made: Any) -> None:
    with pytest.raises(TypeError, match=r"\.ok"):
        bool(made.verify())


@pytest.mark.parametrize("at", [0, CHUNK - 1, CHUNK, 2 * CHUNK + 7, 3 * CHUNK + 99])
def test_a_flipped_bit_is_found_in_its_file_and_chunk(made: Any, at: int) -> None:
    flip(made.payload / "crm/contacts.csv", at, bit=at % 8)
    finding = made.one("MODIFIED")
    [(start, end)] = finding.ranges
    assert finding.path == "crm/contacts.csv"
    assert start <= at < end <= 3 * CHUNK + 100
    assert end - start <= CHUNK
    assert made.found(level="inventory") == set()


def test_every_octet_of_manifest_statement_and_leaves_is_covered(made: Any) -> None:
    for name in ("manifest.jsonl", "statement.json", "chunks.bin"):
        path = made.meta / name
        whole = path.read_bytes()
        for at in range(0, len(whole), 7 if len(whole) > 400 else 1):
            flip(path, at, bit=at % 7)
            report = made.verify(level="inventory")
            assert not report.ok, f"{name} at {at}"
            path.write_bytes(whole)


def test_truncated_and_appended_files_are_told_apart_and_their_good_part_is_proved(made: Any) -> None:
    path = made.payload / "crm/contacts.csv"
    whole = path.read_bytes()
    path.write_bytes(whole[: 2 * CHUNK + 5])
    for level in ("inventory", "content"):
        assert made.found(level=level) == {("TRUNCATED", "crm/contacts.csv")}
    finding = made.one("TRUNCATED")
    assert finding.ranges == ((2 * CHUNK, 3 * CHUNK + 100),)
    assert (finding.expected, finding.actual) == (3 * CHUNK + 100, 2 * CHUNK + 5)
    path.write_bytes(whole + b"x")
    for level in ("inventory", "content"):
        assert made.found(level=level) == {("EXTENDED", "crm/contacts.csv")}
    assert "12288 bytes are proved good" in (made.one("EXTENDED").detail or "")
    path.write_bytes(b"")
    assert made.found() == {("TRUNCATED", "crm/contacts.csv")}


def test_a_zeroed_page_and_a_hole_are_found(made: Any) -> None:
    path = made.payload / "crm/contacts.csv"
    with path.open("r+b") as stream:
        stream.seek(CHUNK)
        stream.write(bytes(CHUNK))
    assert made.one("MODIFIED").ranges == ((CHUNK, 2 * CHUNK),)
    path.unlink()
    with path.open("wb") as stream:
        stream.truncate(3 * CHUNK + 100)
    assert made.one("MODIFIED").ranges == ((0, 3 * CHUNK + 100),)


def test_swapped_renamed_deleted_and_added_files_are_told_apart(made: Any) -> None:
    one, two = made.payload / "one", made.payload / "two"
    one.rename(made.payload / "x")
    two.rename(one)
    (made.payload / "x").rename(two)
    assert made.found() == {("SWAPPED", "one"), ("SWAPPED", "two")}
    (made.payload / "crm/客户.csv").rename(made.payload / "other.csv")
    (made.payload / "crm.csv").unlink()
    (made.payload / "new").write_bytes(b"new")
    found = made.found()
    assert found == {
        ("SWAPPED", "one"),
        ("SWAPPED", "two"),
        ("RENAMED", "crm/客户.csv"),
        ("MISSING", "crm.csv"),
        ("EXTRA", "new"),
    }


def test_a_file_moved_over_another_is_one_renamed_and_one_lost(made: Any) -> None:
    (made.payload / "one").rename(made.payload / "two")
    assert made.found() == {("RENAMED", "one"), ("MODIFIED", "two")}


def test_three_files_in_a_ring_are_swapped(bare: Any) -> None:
    for name in "abc":
        (bare.payload / name).write_text(f"content of {name}" * (ord(name) - 90))
    bare.make()
    texts = [(bare.payload / name).read_text() for name in "abc"]
    for name, text in zip("bca", texts, strict=True):
        (bare.payload / name).write_text(text)
    assert bare.found() == {("SWAPPED", name) for name in "abc"}


def test_another_type_of_file_is_never_opened(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two", "crm.csv", "crm0"):
        (made.payload / name).unlink()
    os.mkfifo(made.payload / "one")  # opening it for reading would wait forever
    (made.payload / "two").symlink_to("/etc/passwd")
    (made.payload / "crm.csv").mkdir()
    monkeypatch.chdir(made.payload)  # a socket's path may have 107 bytes
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("crm0")
        found = made.found()
    assert found == {("TYPE_CHANGED", name) for name in ("one", "two", "crm.csv", "crm0")}


def test_a_folder_that_became_a_link_is_not_followed(made: Any, tmp_path: Path) -> None:
    (made.payload / "crm").rename(tmp_path / "elsewhere")
    (made.payload / "crm").symlink_to(tmp_path / "elsewhere")
    found = made.found()
    assert ("TYPE_CHANGED", "crm") in found
    assert ("MISSING", "crm/contacts.csv") in found


def test_a_link_that_points_elsewhere_and_a_mode_that_changed_are_found(made: Any) -> None:
    (made.payload / "link").unlink()
    (made.payload / "link").symlink_to("/etc/shadow")
    (made.payload / "one").chmod(0o666)
    report = made.verify()
    assert {(finding.code, finding.path) for finding in report} == {("MODIFIED", "link"), ("MODE_CHANGED", "one")}
    assert [finding.severity for finding in report if finding.path == "one"] == ["warning"]


def test_a_read_error_in_the_middle_names_its_offset_and_the_rest_goes_on(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = _hashing._fill
    asked: list[int] = []

    def broken(stream: Any, view: memoryview) -> int:
        asked.append(1)
        if len(asked) == 3:
            raise OSError(errno.EIO, "Input/output error")
        return real(stream, view)

    monkeypatch.setattr(_hashing, "_fill", broken)
    flip(made.payload / "two", 0)
    report = made.verify()
    assert {(finding.code, finding.path) for finding in report} == {
        ("UNREADABLE", "crm/contacts.csv"),
        ("MODIFIED", "two"),
    }
    assert f"errno {errno.EIO}" in str(report.findings[0].detail)
    assert f"at byte {2 * CHUNK}" in str(report.findings[0].detail)


def test_a_folder_that_cannot_be_listed_leaves_its_files_not_checked(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crmkit.backup._tree import _walk

    real = _walk._list

    def refuse(place: Any, prefix: bytes, ignore: Any) -> Any:
        if prefix == b"crm/":
            return [], PermissionError(errno.EACCES, "Permission denied")
        return real(place, prefix, ignore)

    monkeypatch.setattr(_walk, "_list", refuse)
    report = made.verify()
    assert ("UNREADABLE", "crm") in {(finding.code, finding.path) for finding in report}
    unreached = {finding.path for finding in report if finding.code == "NOT_CHECKED"}
    assert unreached == {"crm/contacts.csv", "crm/empty", "crm/客户.csv"}
    assert [item.count for item in report.not_checked if item.what == "files below a folder"] == [3]
    assert not report.ok


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to become another user")
def test_permission_denied_in_the_middle_of_a_tree_as_another_user(made: Any) -> None:
    (made.payload / "crm").chmod(0o700)
    (made.payload / "two").chmod(0o600)
    for path in (*made.payload.parents, made.payload):
        if str(path).startswith("/tmp/"):
            path.chmod(0o755)
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover  another process
        try:
            os.setuid(65534)
            found = sorted({(finding.code, finding.path) for finding in made.verify()})
            os.write(write_end, json.dumps(found).encode())
        finally:
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as stream:
        found = json.load(stream)
    os.waitpid(child, 0)
    assert ["UNREADABLE", "two"] in found
    assert ["UNREADABLE", "crm"] in found
    assert ["NOT_CHECKED", "crm/contacts.csv"] in found


def test_a_file_that_changes_while_it_is_read_is_read_again_and_then_called_unstable(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = _hashing._small
    target = made.payload / "two"
    times: list[int] = []

    def changing(fd: int, view: memoryview, size: int) -> int:
        filled = real(fd, view, size)
        if os.fstat(fd).st_ino == target.stat().st_ino:
            times.append(1)
            if len(times) <= allowed:
                os.utime(target, ns=(allowed, len(times) + 100 * allowed))
        return filled

    monkeypatch.setattr(_hashing, "_small", changing)
    allowed = 1
    assert made.found() == set()
    times.clear()
    allowed = 99
    assert made.found() == {("UNSTABLE", "two")}
    assert len(times) == 2


def test_a_file_that_grows_while_it_is_read_is_unstable(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = _hashing._fill

    def growing(stream: Any, view: memoryview) -> int:
        with (made.payload / "crm/contacts.csv").open("ab") as more:
            more.write(b"x" * 10)
        return real(stream, view)

    monkeypatch.setattr(_hashing, "_fill", growing)
    assert ("UNSTABLE", "crm/contacts.csv") in made.found()


def test_faults_together_are_each_found(made: Any) -> None:
    flip(made.payload / "crm/contacts.csv", 5000)
    (made.payload / "two").unlink()
    (made.payload / "crm0").write_bytes(b"grown")
    (made.payload / "crm" / "empty" / "new").write_bytes(b"")
    (made.payload / "one").rename(made.payload / "eins")
    (made.payload / "link").unlink()
    flip(made.meta / "chunks.bin", 40)
    report = made.verify()
    assert {(finding.code, finding.path) for finding in report} == {
        ("MODIFIED", "crm/contacts.csv"),
        ("MISSING", "two"),
        ("EXTENDED", "crm0"),
        ("EXTRA", "crm/empty/new"),
        ("RENAMED", "one"),
        ("MISSING", "link"),
        ("ROOT_MISMATCH", "chunks.bin"),
    }
    damaged = next(finding for finding in report if finding.path == "crm/contacts.csv")
    assert damaged.ranges == ()  # the leaves are not to be believed, so nothing is said about where
    assert "unknown" in (damaged.detail or "")


# -- statement, signature, freshness ---------------------------------------------------------------------------------


def edit_statement(made: Any, change: Any) -> None:
    path = made.meta / "statement.json"
    said = json.loads(path.read_text())
    change(said)
    path.write_text(json.dumps(said))


def test_a_stripped_signature_never_passes(made: Any) -> None:
    edit_statement(made, lambda said: said.update(signatures=[]))
    assert made.found() == {("UNSIGNED", None)}
    assert not made.verify().ok
    lenient = made.verify(require_signed=False)
    assert lenient.ok
    assert [finding.severity for finding in lenient] == ["warning"]
    assert any("who made" in item.what for item in lenient.not_checked)


def test_a_signature_of_another_key_is_not_trusted(made: Any) -> None:
    other = backup.SigningKey.generate()
    assert made.found(keys=[other.public]) == {("UNKNOWN_KEY", None)}
    assert made.found(keys=[]) == {("UNKNOWN_KEY", None)}
    assert made.verify(keys=[], require_signed=False).ok


def test_a_key_that_signs_where_one_that_checks_is_wanted_is_told_at_once(made: Any) -> None:
    """Its id is of no signature where it is another one's, so it would end as a signature that nobody knows."""
    proof = backup.prove(made.meta, "crm.csv")
    place = {"one": backup.LocalStore(made.payload)}
    drill = {"restore": backup.SqliteRestore(), "scratch": backup.ScratchFolder()}
    for wrong, told in (
        ([made.key], "one is a SigningKey: signing_key.public"),
        ([made.key.public, backup.SigningKey.generate()], "one is a SigningKey"),
        ([made.key.public.public_bytes()], "one is a bytes"),
        (made.key.public, "a list of public keys, even of one, not a VerifyingKey"),
        (str(made.meta), "not a str"),
    ):
        for attempt in (
            lambda wrong=wrong: made.verify(keys=wrong),
            lambda wrong=wrong: made.verify(keys=wrong, require_signed=False, level="statement"),
            lambda wrong=wrong: backup.check_proof(proof, made.meta, keys=wrong),
            lambda wrong=wrong: backup.compare_copies(made.meta, place, keys=wrong),
            lambda wrong=wrong: backup.compare_copies(made.meta, place, keys=wrong, require_signed=False),
            lambda wrong=wrong: backup.Drill(keys=wrong, **drill),
        ):
            with pytest.raises(InvalidValueError, match=told):
                attempt()


def test_an_edited_statement_has_a_bad_signature(made: Any) -> None:
    import base64

    def older(said: dict[str, Any]) -> None:
        payload = base64.b64decode(said["payload"]).replace(b'"seq":1', b'"seq":9')
        said["payload"] = base64.b64encode(payload).decode()

    edit_statement(made, older)
    assert made.found() == {("BAD_SIGNATURE", None)}


def test_a_manifest_edited_and_rooted_anew_has_no_good_signature(made: Any) -> None:
    flip(made.payload / "two", 0)
    thief = backup.SigningKey.generate()
    shutil.rmtree(made.meta)
    forged = backup.create(made.payload, backup.Header(set="crm", chunk_size=CHUNK), now=lambda: NOW)
    backup.sign(forged, thief, seq=1)
    assert made.found() == {("UNKNOWN_KEY", None)}
    edit_statement(made, lambda said: said["signatures"][0].update(keyid=made.key.key_id))
    assert made.found() == {("BAD_SIGNATURE", None)}


def test_an_old_manifest_with_new_data_does_not_fit_its_statement(made: Any, tmp_path: Path) -> None:
    shutil.copytree(made.meta, tmp_path / "old")
    flip(made.payload / "two", 0)
    shutil.rmtree(made.meta)
    made.make(seq=2)
    assert made.verify().ok
    shutil.copy(tmp_path / "old" / "manifest.jsonl", made.meta)
    assert ("ROOT_MISMATCH", "manifest.jsonl") in made.found()
    assert ("MODIFIED", "two") in made.found()


def test_two_people_can_be_asked_to_have_signed(made: Any) -> None:
    second = backup.SigningKey(bytes(32))
    both = [made.key.public, second.public]
    assert made.found(keys=both, min_signatures=2) == {("UNSIGNED", None)}
    backup.countersign(made.meta, second)
    report = made.verify(keys=both, min_signatures=2)
    assert report.ok
    assert set(report.trusted_keys) == {made.key.key_id, second.key_id}


def test_a_rollback_a_fork_and_a_gap_are_seen_by_the_ledger(made: Any, tmp_path: Path) -> None:
    ledger = backup.TrustLedger(tmp_path / "trust.jsonl")
    old = tmp_path / "old.meta"
    shutil.copytree(made.meta, old)
    first = backup.read_statement(made.meta)
    assert made.verify(ledger=ledger).ok
    shutil.rmtree(made.meta)
    made.make(seq=2, prev=first)
    assert made.verify(ledger=ledger).ok
    assert ledger.head("crm").seq == 2  # type: ignore[union-attr]

    shutil.rmtree(made.meta)
    shutil.copytree(old, made.meta)  # a stale copy with a valid statement
    assert made.found(ledger=ledger) == {("ROLLBACK", None)}

    shutil.rmtree(made.meta)
    made.make(seq=2, prev=first, source="another")
    assert made.found(ledger=ledger) == {("FORK", None)}

    shutil.rmtree(made.meta)
    made.make(seq=3, prev=first)
    assert made.found(ledger=ledger) == {("CHAIN_GAP", None)}

    shutil.rmtree(made.meta)
    made.make(seq=7)
    report = made.verify(ledger=ledger)
    assert [(finding.code, finding.severity) for finding in report] == [("CHAIN_GAP", "warning")]
    assert ledger.head("crm").seq == 7  # type: ignore[union-attr]


def test_the_ledger_learns_only_from_what_passed_every_check(made: Any, tmp_path: Path) -> None:
    ledger = backup.TrustLedger(tmp_path / "trust.jsonl")
    flip(made.payload / "two", 0)
    made.verify(ledger=ledger)
    assert ledger.head("crm") is None
    flip(made.payload / "two", 0)
    made.verify(ledger=ledger, level="statement")
    assert ledger.next_seq("crm") == 2
    assert len(ledger.entries()) == 1
    made.verify(ledger=ledger)
    assert len(ledger.entries()) == 1


def test_age_expiry_the_future_and_the_set_are_judged_with_the_given_clock(made: Any) -> None:
    day = dt.timedelta(days=1)
    assert made.verify(max_age=day, expect_set="crm").ok
    assert made.found(max_age=day, now=lambda: NOW + 2 * day) == {("STALE", None)}
    assert made.found(now=lambda: NOW - day) == {("FUTURE_DATED", None)}
    assert made.verify(now=lambda: NOW - dt.timedelta(minutes=4)).ok
    assert made.found(expect_set="erp") == {("WRONG_SET", None)}
    shutil.rmtree(made.meta)
    manifest = backup.create(made.payload, backup.Header(set="crm"), now=lambda: NOW)
    backup.sign(manifest, made.key, seq=1, expires=NOW + day)
    assert made.verify().ok
    assert made.found(now=lambda: NOW + day) == {("EXPIRED", None)}


def test_the_parent_of_an_incremental_backup_must_be_there_and_be_the_one(bare: Any, tmp_path: Path) -> None:
    full = bare.make()
    shutil.rmtree(bare.meta)
    made = backup.create(
        bare.payload,
        backup.Header(set="crm", kind="incremental", parent=full.backup_id, parent_statement=full.digest),
        now=lambda: NOW,
    )
    backup.sign(made, bare.key, seq=2, prev=full)
    assert bare.verify(parents=[full]).ok
    assert any(item.what == "parent" for item in bare.verify().not_checked)
    assert bare.found(parents=[]) == {("PARENT_MISSING", None)}
    import attrs

    assert bare.found(parents=[attrs.evolve(full, seq=5)]) == {("CHAIN_GAP", None)}


def test_a_shrunken_backup_is_undersized(made: Any) -> None:
    import attrs

    now = backup.read_statement(made.meta)
    earlier = [attrs.evolve(now, backup_id=f"b{n}", size_bytes=now.size_bytes * n) for n in (1, 3, 4)]
    assert made.verify(history=earlier[:1]).ok
    assert made.found(history=earlier) == {("UNDERSIZED", None)}
    assert made.verify(history=earlier, max_shrink=0.9).ok


def test_a_full_backup_of_nothing_is_undersized(bare: Any) -> None:
    bare.make()
    assert bare.found() == {("UNDERSIZED", None)}


# -- manifests that nobody wrote ---------------------------------------------------------------------------------------


def reseal(made: Any, lines: list[bytes]) -> None:
    """Write a manifest of these lines as an attacker would who has the key: root, counts and signature fit."""
    from crmkit._canonical import json_bytes
    from crmkit._merkle import leaf_hash, root

    body = lines
    entries = [json.loads(line) for line in body[1:]]
    footer = json.loads((made.meta / "manifest.jsonl").read_bytes().splitlines()[-1])
    files = [entry for entry in entries if entry.get("type") == "file"]
    footer |= {
        "root": root(map(leaf_hash, body)).hex(),
        "entries": len([entry for entry in entries if entry.get("type") != "table"]),
        "files": len(files),
        "bytes": sum(entry.get("size", 0) for entry in files),
    }
    (made.meta / "manifest.jsonl").write_bytes(b"".join(line + b"\n" for line in [*body, json_bytes(footer)]))
    (made.meta / "statement.json").unlink()


HELLO = {"mode": "0644", "mtime": "0", "sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}


@pytest.mark.parametrize(
    ("path", "severity"),
    [
        ("../evil", "error"), ("/etc/cron.d/evil", "error"), ("C:\\evil", "error"), ("\\\\server\\share", "error"),
        ("a/../../b", "error"), ("a//b", "error"), ("./a", "error"), ("..\\evil", "error"),
        ("~root", "warning"), ("aux.txt", "warning"), ("a/NUL", "warning"), ("a.", "warning"), ("a b ", "warning"),
        ("a:b", "warning"), ("a\\b", "warning"), ("COM¹", "warning"),
    ],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_unsafe_and_never_opened(
    made: Any, path: str, severity: str, tmp_path: Path
) -> None:
    from crmkit._canonical import json_bytes

    (tmp_path / "evil").write_bytes(b"hello")
    header = (made.meta / "manifest.jsonl").read_bytes().splitlines()[0]
    reseal(made, [header, json_bytes({**HELLO, "path": path, "size": 5, "type": "file"})])
    backup.sign(made.meta, made.key, seq=2)
    report = made.verify()
    unsafe = [finding for finding in report if finding.code == "UNSAFE_PATH"]
    assert [(finding.path, finding.severity) for finding in unsafe] == [(path, severity)]


def test_a_name_with_a_nul_or_not_utf8_is_taken_exactly(bare: Any) -> None:
    from crmkit.backup._tree._paths import unsafe

    assert unsafe(b"a\x00b") == "it has a NUL"
    assert unsafe(b"") == "it is empty"
    odd = os.fsencode(bare.payload) + b"/\xff\xfe"
    with open(odd, "wb") as stream:  # noqa: PTH123  no Path holds it
        stream.write(b"x")
    bare.make()
    assert bare.verify().ok
    assert bare.one("UNSAFE_PATH").detail == "it is not UTF-8"
    os.unlink(odd)  # noqa: PTH108
    assert bare.found() == {("UNSAFE_PATH", "\\xff\\xfe"), ("MISSING", "\\xff\\xfe")}


def test_twins_by_case_and_by_unicode_form_are_named(bare: Any) -> None:
    for name in ("Kunden.csv", "kunden.csv", "Müller", "Mu\u0308ller", "müller"):
        (bare.payload / name).write_bytes(name.encode())
    bare.make()
    report = bare.verify()
    assert report.ok
    assert [finding.code for finding in report] == ["NAME_COLLISION"] * 3


def test_a_name_that_came_back_in_another_unicode_form_is_paired(bare: Any) -> None:
    (bare.payload / "Müller.csv").write_bytes(b"x" * 10)
    bare.make()
    (bare.payload / "Müller.csv").rename(bare.payload / "Mu\u0308ller.csv")
    for level in ("inventory", "content"):
        assert bare.found(level=level) == {("NAME_NORMALIZED", "Müller.csv")}
    (bare.payload / "Mu\u0308ller.csv").write_bytes(b"y" * 10)
    assert bare.found() == {("MISSING", "Müller.csv"), ("EXTRA", "Mu\u0308ller.csv")}


def test_manifest_lines_out_of_order_twice_unknown_or_cut_are_malformed(made: Any) -> None:
    path = made.meta / "manifest.jsonl"
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    bad = {
        "empty": b"",
        "cut at a line": b"".join(lines[:-1]),
        "cut in a line": whole[:-20],
        "twice": b"".join([*lines[:2], lines[1], *lines[2:]]),
        "out of order": b"".join([lines[0], lines[2], lines[1], *lines[3:]]),
        "trailing": whole + b"{}\n",
        "a blank": whole + b"\n",
        "no header": b"".join(lines[1:]),
        "another version": whole.replace(b"crmkit-manifest/1", b"crmkit-manifest/2"),
        "unknown member": whole.replace(b'"mode":"0644"', b'"mode":"0644","more":1', 1),
        "hex in capitals": whole.replace(b'"sha256":"e3', b'"sha256":"E3'),
        "float": whole.replace(b'"size":10', b'"size":10.0'),
        "another hash": whole.replace(b'"hash":"sha256"', b'"hash":"md5"'),
        "not UTF-8": whole.replace("客".encode(), b"\xff\xff\xff"),
    }
    for what, data in bad.items():
        assert data != whole, what
        path.write_bytes(data)
        report = made.verify()
        assert report.codes() == ("MANIFEST_MALFORMED",), what
        assert any(item.what == "every file" for item in report.not_checked), what


def test_manifests_without_end_are_read_up_to_a_limit(made: Any) -> None:
    import tracemalloc

    path = made.meta / "manifest.jsonl"
    header, entry = path.read_bytes().splitlines(keepends=True)[:2]
    with path.open("wb") as stream:
        stream.write(header)
        stream.truncate(1 << 30)  # one line of a gigabyte
    tracemalloc.start()
    assert made.verify().codes() == ("MANIFEST_MALFORMED",)
    assert tracemalloc.get_traced_memory()[1] < 30 << 20
    tracemalloc.stop()
    with path.open("wb") as stream:
        stream.write(header)
        for number in range(2000):
            stream.write(entry.replace(b'"path":"', b'"path":"%06d' % number))
    finding = made.one("MANIFEST_MALFORMED", limits=backup.Limits(lines=1000))
    assert "limit" in (finding.detail or "")


@pytest.mark.thorough
def test_a_manifest_of_ten_million_lines_is_bounded(made: Any) -> None:
    import resource

    path = made.meta / "manifest.jsonl"
    header, entry = path.read_bytes().splitlines(keepends=True)[:2]
    with path.open("wb") as stream:
        stream.write(header)
        for start in range(0, 10_000_000, 10_000):
            block = (entry.replace(b'"path":"', b'"path":"%08d' % n) for n in range(start, start + 10_000))
            stream.write(b"".join(block))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = made.verify()
    assert report.codes() == ("MANIFEST_MALFORMED",)
    assert "limit" in str(report.findings[0].detail)
    assert any(item.what == "every file" for item in report.not_checked)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_a_manifest_that_changes_between_its_two_readings_is_noticed(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = _compare.Comparison.run

    def late(self: Any, entries: Any, nodes: Any) -> None:
        path = made.meta / "manifest.jsonl"
        path.write_bytes(path.read_bytes().replace(b'"size":10', b'"size":11', 1))
        real(self, entries, nodes)

    monkeypatch.setattr(_compare.Comparison, "run", late)
    assert "MANIFEST_MALFORMED" in made.verify().codes()


def test_statements_that_nobody_wrote_are_malformed(made: Any) -> None:
    path = made.meta / "statement.json"
    whole = path.read_text()
    for bad in (
        "",
        "{",
        "[]",
        '{"payload":"","payloadType":"x","signatures":[]}',
        whole + "{",
        whole[:-10],
        "{" * 5000,
    ):
        path.write_text(bad)
        report = made.verify()
        assert "MANIFEST_MALFORMED" in report.codes()
        assert report.statement is None
    path.write_bytes(b"x" * (5 << 20))
    assert "MANIFEST_MALFORMED" in made.verify().codes()


def test_without_statement_or_manifest_a_backup_is_incomplete_and_the_files_are_still_looked_at(made: Any) -> None:
    (made.meta / "statement.json").unlink()
    flip(made.payload / "two", 0)
    assert made.found() == {("INCOMPLETE", None), ("MODIFIED", "two")}
    (made.meta / "manifest.jsonl").unlink()
    assert made.found() == {("INCOMPLETE", None), ("INCOMPLETE", "manifest.jsonl")}
    (made.meta / "chunks.bin").unlink()
    with pytest.raises(FileNotFoundError):
        backup.verify(made.payload, made.payload.parent / "nowhere")
    with pytest.raises(FileNotFoundError):
        backup.verify(made.payload.parent / "nowhere", made.meta)


def test_lost_leaves_are_incomplete(made: Any) -> None:
    (made.meta / "chunks.bin").unlink()
    assert made.found() == {("INCOMPLETE", "chunks.bin")}


def test_ignored_names_are_in_the_signed_header_and_said(bare: Any) -> None:
    (bare.payload / "keep").write_bytes(b"x")
    (bare.payload / "cache").mkdir()
    (bare.payload / "cache" / "a").write_bytes(b"x")
    (bare.payload / "b.tmp").write_bytes(b"x")
    bare.make(ignore=("*.tmp", "cache/"))
    report = bare.verify()
    assert report.ok
    assert report.coverage.files == 1
    assert any(item.what == "ignored names" for item in report.not_checked)
    (bare.payload / "new.tmp").write_bytes(b"x")
    assert bare.verify().ok
    (bare.payload / "new").write_bytes(b"x")
    assert bare.found() == {("EXTRA", "new")}


def test_no_report_holds_the_content_of_a_file(made: Any) -> None:
    canary = "canary-7319@example.com"
    (made.payload / "crm.csv").write_text(canary * 3)
    (made.payload / "more.csv").write_text(f'a,b\n"{canary}')
    report = made.verify(level="probe")
    shown = [repr(report), report.to_json(), report.to_markdown(), report.to_html(), report._repr_html_()]
    assert not report.ok
    assert not any(canary in text for text in shown)


@pytest.mark.parametrize("name", ["manifest.jsonl", "statement.json", "chunks.bin", "buckets.bin"])
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_pipe_or_device_in_place_of_the_manifest_keeps_nobody_waiting(made: Any, name: str) -> None:
    for put in (os.mkfifo, lambda path: path.symlink_to("/dev/zero")):
        (made.meta / name).unlink()
        put(made.meta / name)
        found = made.verify()
        assert not found.ok
        assert ("UNREADABLE", name) in {(finding.code, finding.path) for finding in found.findings}


def test_what_no_level_compares_is_said(made: Any) -> None:
    os.utime(made.payload / "two", ns=(0, 0))
    found = made.verify()
    assert found.ok
    assert any("times" in item.what for item in found.not_checked)
