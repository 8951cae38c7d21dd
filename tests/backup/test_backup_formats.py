"""Other people's manifests: their conformance suites, and every fault that they plant."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from crmkit.backup import formats
from crmkit.errors import ConflictError, FormatError, InvalidValueError, NotFoundError


def bags() -> list[tuple[str, bool]]:
    place = os.environ.get("CRMKIT_CONFORMANCE")
    path = Path(place or ".") / "bagit" / "index.json"
    if not place or not path.exists():
        return []
    return [(case["path"], case["valid"]) for case in json.loads(path.read_text())["cases"]]


@pytest.mark.parametrize(("path", "valid"), bags())
def test_the_bagit_suite_agrees(conformance: Path, path: str, valid: bool) -> None:
    report = formats.verify_bag(conformance / "bagit" / path)
    assert report.ok == valid, report.findings
    assert any("signed" in item.reason for item in report.not_checked)


def test_the_suite_is_whole(conformance: Path) -> None:
    assert len(bags()) == 37


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    payload = tmp_path / "dump"
    (payload / "in").mkdir(parents=True)
    (payload / "a.csv").write_text("a")
    (payload / "in" / "客户 100%.csv").write_text("bb")
    (payload / "line\nfeed").write_text("c")
    return formats.write_bag(payload, tmp_path / "bag", algorithms=["sha256", "md5"], info={"Contact-Name": "A\nB"})


def test_a_bag_that_was_written_is_valid_here_and_for_the_reference(bag: Path, folder: Path) -> None:
    assert formats.verify_bag(bag).ok
    assert "100%25.csv" in (bag / "manifest-md5.txt").read_text()  # RFC 8493, section 2.1.3; the reference does not
    formats.write_bag(folder, bag.with_name("plain"))
    reference = pytest.importorskip("bagit", reason="needs bagit")
    reference.Bag(str(bag.with_name("plain"))).validate()


def test_faults_of_bags_are_each_named_and_nothing_stops_at_the_first(bag: Path) -> None:
    (bag / "data" / "a.csv").write_text("x")
    (bag / "data" / "in" / "客户 100%.csv").unlink()
    (bag / "data" / "new").write_text("new")
    found = {(finding.code, finding.path) for finding in formats.verify_bag(bag)}
    assert {("MODIFIED", "data/a.csv"), ("MISSING", "data/in/客户 100%.csv"), ("EXTRA", "data/new")} <= found
    (bag / "manifest-md5.txt").unlink()
    assert ("MISSING", "manifest-md5.txt") in {(one.code, one.path) for one in formats.verify_bag(bag)}


def test_bags_are_refused_where_they_could_lie(bag: Path, tmp_path: Path) -> None:
    with pytest.raises(ConflictError):
        formats.write_bag(tmp_path / "dump", bag)
    with pytest.raises(NotFoundError, match="sha256"):
        formats.write_bag(tmp_path / "dump", tmp_path / "other", algorithms=["sha25"])
    (tmp_path / "dump" / "link").symlink_to("a.csv")
    with pytest.raises(FormatError, match="files only"):
        formats.write_bag(tmp_path / "dump", tmp_path / "other")
    with pytest.raises(FileNotFoundError):
        formats.verify_bag(tmp_path / "nowhere")
    (bag / "fetch.txt").write_text("nonsense\n")
    (bag / "bag-info.txt").write_text("Payload-Oxum: many\n")
    codes = formats.verify_bag(bag).codes()
    assert "MANIFEST_MALFORMED" in codes
    (bag / "manifest-sha256.txt").write_text("zz\nabc  data/a.csv\n" + "0" * 64 + "  elsewhere\n")
    assert "MANIFEST_MALFORMED" in formats.verify_bag(bag).codes()
    (bag / "manifest-sha3.txt").write_text("")
    assert "NOT_CHECKED" in formats.verify_bag(bag).codes()
    shutil.rmtree(bag / "data")
    assert ("MISSING", "data") in {(one.code, one.path) for one in formats.verify_bag(bag)}
    for text in (
        b"BagIt-Version: 3.0\nTag-File-Character-Encoding: UTF-8\n",
        b"BagIt-Version: 1.0\nTag-File-Character-Encoding: klingon\n",
    ):
        (bag / "bagit.txt").write_bytes(text)
        assert formats.verify_bag(bag).codes() == ("MANIFEST_MALFORMED",)


# -- checksum files ----------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "files"
    (place / "in").mkdir(parents=True)
    (place / "a b.csv").write_text("a")
    (place / "in" / "back\\slash\nline").write_text("b")
    return place


def test_coreutils_and_crmkit_read_each_other(folder: Path) -> None:
    program = shutil.which("sha256sum")
    if program is None:
        pytest.skip("needs sha256sum")
    formats.write_sums(folder, folder / "SUMS")
    assert subprocess.run([program, "-c", "--strict", "--quiet", "SUMS"], cwd=folder, check=False).returncode == 0
    for options in ([], ["--tag"], ["-b"]):
        names = ["a b.csv", "in/back\\slash\nline"]
        done = subprocess.run([program, *options, *names], cwd=folder, capture_output=True, check=True)
        (folder / "SUMS").write_bytes(done.stdout)
        assert formats.verify_sums(folder, folder / "SUMS", complete=True).ok, options
    for tool, algorithm in (("md5sum", "md5"), ("sha1sum", "sha1"), ("sha512sum", "sha512"), ("b2sum", "blake2b")):
        done = subprocess.run([tool, "a b.csv"], cwd=folder, capture_output=True, check=True)
        (folder / "SUMS").write_bytes(done.stdout)
        assert formats.verify_sums(folder, folder / "SUMS", algorithm=algorithm).ok


def test_faults_of_checksum_files_are_named(folder: Path) -> None:
    formats.write_sums(folder, folder / "SUMS", algorithm="md5")
    whole = (folder / "SUMS").read_bytes()
    (folder / "a b.csv").write_text("x")
    (folder / "new").write_text("x")
    report = formats.verify_sums(folder, folder / "SUMS")
    assert {(one.code, one.path) for one in report} == {("MODIFIED", "a b.csv")}
    assert any("does not list" in item.what for item in report.not_checked)
    assert ("EXTRA", "new") in {
        (one.code, one.path) for one in formats.verify_sums(folder, folder / "SUMS", complete=True)
    }
    (folder / "a b.csv").unlink()
    assert formats.verify_sums(folder, folder / "SUMS").codes() == ("MISSING",)
    (folder / "a b.csv").mkdir()
    assert formats.verify_sums(folder, folder / "SUMS").codes() == ("TYPE_CHANGED",)
    (folder / "a b.csv").rmdir()
    os.mkfifo(folder / "a b.csv")
    assert formats.verify_sums(folder, folder / "SUMS").codes() == ("TYPE_CHANGED",)
    for bad in (
        b"",
        b"\n",
        b"# comment only\n",
        b"nonsense\n",
        b"\\" + b"0" * 32 + b"  a\\x\n",
        b"0" * 34 + b"  a\n",
        b"FOO (a) = " + b"0" * 32 + b"\n",
    ):
        (folder / "SUMS").write_bytes(bad)
        assert formats.verify_sums(folder, folder / "SUMS").codes() == ("MANIFEST_MALFORMED",), bad
    (folder / "SUMS").write_bytes(whole + b"0" * 32 + b"  a b.csv\n")
    assert "MANIFEST_MALFORMED" in formats.verify_sums(folder, folder / "SUMS").codes()
    (folder / "SUMS").write_bytes(b"0" * 32 + b"  ../../etc/passwd\n")
    assert formats.verify_sums(folder, folder / "SUMS").codes() == ("UNSAFE_PATH",)
    with pytest.raises(NotFoundError):
        formats.read_sums(folder / "SUMS", algorithm="crc")
    with pytest.raises(NotFoundError):
        formats.write_sums(folder, folder / "SUMS", algorithm="crc")


# -- PostgreSQL --------------------------------------------------------------------------------------------------------


def crc32c_slowly(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for octet in data:
        crc ^= octet
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


@pytest.mark.parametrize("size", [0, 1, 255, 256, 5000, 2048 * 256 - 1, 2048 * 256, 2048 * 256 + 77])
def test_crc32c_agrees_with_its_slow_twin(size: int) -> None:
    import random

    data = random.Random(size).randbytes(size)
    assert formats.crc32c(data) == crc32c_slowly(data)


def test_crc32c_has_the_published_values() -> None:
    assert formats.crc32c(bytes(32)) == 0x8A9136AA
    assert formats.crc32c(b"\xff" * 32) == 0x62A8AB43
    assert formats.crc32c(bytes(range(32))) == 0x46DD794E


@pytest.fixture(scope="session")
def base_backup(postgres_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base backup of a server with a tablespace."""
    place = Path(postgres_server.host)
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = {"user": "postgres", "group": "postgres", "extra_groups": []}
    subprocess.run(["mkdir", "-p", str(place / "space"), str(place / "moved")], check=True, **user)
    postgres_server.run("psql", "-qc", f"CREATE TABLESPACE extra LOCATION '{place / 'space'}'")
    postgres_server.run("psql", "-qc", "CREATE TABLE in_space (x int) TABLESPACE extra")
    for algorithm in ("CRC32C", "SHA256"):
        command = (
            *(str(postgres_server.bin / "pg_basebackup"), "-h", str(place), "-U", "postgres", "-c", "fast"),
            *("-D", str(place / algorithm), f"--manifest-checksums={algorithm}"),
            *("-T", f"{place / 'space'}={place / 'moved' / algorithm}"),
        )
        subprocess.run(command, check=True, capture_output=True, cwd=place, **user)
    postgres_server.run("psql", "-qc", "DROP TABLE in_space")
    postgres_server.run("psql", "-qc", "DROP TABLESPACE extra")
    return place


@pytest.fixture
def base(base_backup: Path, tmp_path: Path) -> Path:
    """A copy with the tablespace, to be damaged."""
    target = tmp_path / "base"
    shutil.copytree(base_backup / "SHA256", target, symlinks=True)
    [link] = list((target / "pg_tblspc").iterdir())
    shutil.copytree(link.readlink(), tmp_path / "space")
    link.unlink()
    link.symlink_to(tmp_path / "space")
    return target


@pytest.mark.parametrize("algorithm", ["CRC32C", "SHA256"])
def test_an_intact_base_backup_verifies(base_backup: Path, algorithm: str) -> None:
    report = formats.verify_postgres_backup(base_backup / algorithm)
    assert report.ok, report.findings
    assert report.findings == ()
    assert report.coverage.files_read == report.coverage.files > 900


def damage(base: Path, name: str) -> str:
    """Do what a case of PostgreSQL's own suite does; return the path that the finding must name."""
    [link] = list((base / "pg_tblspc").iterdir())
    if name == "extra_file":
        (base / "extra_file").write_text("x")
        return "extra_file"
    if name == "extra_tablespace_file":
        below = next(path for path in link.iterdir())
        inner = next(path for path in below.iterdir())
        (inner / "extra_ts_file").write_text("x")
        return f"pg_tblspc/{link.name}/{below.name}/{inner.name}/extra_ts_file"
    if name == "missing_file":
        (base / "pg_xact" / "0000").unlink()
        return "pg_xact/0000"
    if name == "missing_tablespace":
        link.unlink()
        return f"pg_tblspc/{link.name}/"
    if name == "append_to_file":
        with (base / "global/pg_control").open("ab") as stream:
            stream.write(b"x")
        return "global/pg_control"
    if name == "truncate_file":
        (base / "global/pg_control").write_bytes(b"")
        return "global/pg_control"
    if name == "replace_file":
        size = (base / "PG_VERSION").stat().st_size
        (base / "PG_VERSION").write_bytes(b"q" * size)
        return "PG_VERSION"
    assert name == "bad_manifest"
    with (base / "backup_manifest").open("ab") as stream:
        stream.write(b"\n")
    return "backup_manifest"


KINDS = {
    "add": {"EXTRA"},
    "remove": {"MISSING"},
    "change size": {"TRUNCATED", "EXTENDED"},
    "change content": {"MODIFIED"},
    "damage manifest": {"MANIFEST_MALFORMED", "ROOT_MISMATCH"},
}


def test_every_corruption_of_postgresqls_own_suite_is_found(base: Path, conformance: Path, tmp_path: Path) -> None:
    cases = json.loads((conformance / "pg_verifybackup/faults.json").read_text())["cases"]
    done = 0
    for case in cases:
        if case["posix_only"]:
            continue  # needs a user who is not root; test_backup_faults becomes one
        copy = tmp_path / case["name"]
        shutil.copytree(base, copy, symlinks=True)
        kept = tmp_path / "kept"
        shutil.copytree(tmp_path / "space", kept)
        path = damage(copy, case["name"])
        report = formats.verify_postgres_backup(copy)
        assert not report.ok
        found = [one for one in report if one.code in KINDS[case["kind"]] and (one.path or "").startswith(path)]
        assert found, case["name"]
        shutil.rmtree(tmp_path / "space")
        kept.rename(tmp_path / "space")
        done += 1
    assert done == 8


def test_manifests_of_version_2_and_broken_ones(base: Path) -> None:
    path = base / "backup_manifest"
    whole = path.read_bytes()

    def put(text: bytes) -> None:
        start = text.rfind(b'"Manifest-Checksum"')
        digest = hashlib.sha256(text[:start]).hexdigest().encode()
        path.write_bytes(text[:start] + b'"Manifest-Checksum": "' + digest + b'"}\n')

    two = whole.replace(b'Version": 1,', b'Version": 2,\n"System-Identifier": 7429,', 1)
    put(two)
    assert formats.verify_postgres_backup(base).ok
    path.write_bytes(whole.replace(b"SHA256", b"SHA224", 1))
    assert formats.verify_postgres_backup(base).codes() == ("ROOT_MISMATCH",)
    for old, new in (
        (b'Version": 1,', b'Version": 3,'),
        (b'Version": 1,', b'Version": 2,'),
        (b'"SHA256"', b'"MD5"'),
        (b'"Size": ', b'"Size": true, "x": '),
        (b'"Path": "PG_VERSION"', b'"Path": "base/1/PG_VERSION"'),
        (b'"Files": [', b'"Files": 5, "x": ['),
        (b'{ "PostgreSQL', b'{{ "PostgreSQL'),
    ):
        assert old in whole
        put(whole.replace(old, new, 1))
        assert formats.verify_postgres_backup(base).codes() == ("MANIFEST_MALFORMED",), new
    put(whole.replace(b'"Path": "PG_VERSION"', b'"Encoded-Path": "' + b"PG_VERSION".hex().encode() + b'"'))
    assert formats.verify_postgres_backup(base).ok
    path.unlink()
    path.mkdir()
    assert formats.verify_postgres_backup(base).codes() == ("UNREADABLE",)
    with pytest.raises(FileNotFoundError):
        formats.verify_postgres_backup(base / "nowhere")


# -- DSSE --------------------------------------------------------------------------------------------------------------


def test_a_statement_is_a_dsse_envelope(made: Any) -> None:
    from crmkit.backup import pae

    envelope = formats.read_dsse((made.meta / "statement.json").read_bytes())
    [(key_id, signature)] = envelope.signatures
    assert key_id == made.key.key_id
    made.key.public.verify(pae(envelope.payload_type, envelope.payload), signature)
    assert envelope.to_json() == (made.meta / "statement.json").read_bytes()


def test_folder_and_checksum_file_have_one_order_and_the_other_is_named(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a").write_text("a")
    formats.write_sums(tmp_path / "data", tmp_path / "SUMS")
    assert formats.verify_sums(tmp_path / "data", tmp_path / "SUMS", complete=True).ok
    for call in (formats.write_sums, formats.verify_sums):
        with pytest.raises(InvalidValueError, match="the folder comes first, then the checksum file"):
            call(tmp_path / "SUMS", tmp_path / "data")
