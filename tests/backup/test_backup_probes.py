"""Probes: every format is asked whether it is whole, cut at every kind of place, and what nobody can tell is said."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import shutil
import sqlite3
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from crmkit import backup
from crmkit.backup._probes import _archives as _probe_archives
from crmkit.backup._probes import _databases as _probe_databases
from crmkit.backup._probes import _probe, _probed

ROWS = b"id,email\n" + b"".join(b"%d,user%d@example.com\n" % (n, n) for n in range(5000))
PG_DUMP = (
    b"--\n-- PostgreSQL database dump\n--\n\nCREATE TABLE a (x int);\nCOPY a (x) FROM stdin;\n1\n\\.\n\n"
    b"--\n-- PostgreSQL database dump complete\n--\n\n"
)
MYSQL_DUMP = (
    b"-- MySQL dump 10.13\nCREATE TABLE a (x int);\nINSERT INTO a VALUES (1);\n-- Dump completed on 2026-11-28\n"
)


def tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for number in range(3):
            info = tarfile.TarInfo(f"f{number}")
            info.size = len(ROWS)
            archive.addfile(info, io.BytesIO(ROWS))
    return out.getvalue()


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"f{number}", ROWS)
    return out.getvalue()


def zstd(data: bytes) -> bytes:
    program = shutil.which("zstd")
    if program is None:
        pytest.skip("needs the program zstd")
    return subprocess.run([program, "-q", "-c"], input=data, capture_output=True, check=True).stdout


def sqlite(folder: Path) -> bytes:
    path = folder / "made.sqlite"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE t (x TEXT)")
    database.executemany("INSERT INTO t VALUES (?)", [(f"value {n}" * 20,) for n in range(500)])
    database.commit()
    database.close()
    return path.read_bytes()


def parquet(folder: Path) -> bytes:
    pa = pytest.importorskip("pyarrow", reason="needs pyarrow")
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"a": list(range(5000))}), folder / "made.parquet", write_page_checksum=True)
    return (folder / "made.parquet").read_bytes()


WHOLE: dict[str, Any] = {
    "a.csv": lambda _: ROWS,
    "a.tsv": lambda _: ROWS.replace(b",", b"\t"),
    "utf16.csv": lambda _: "id,x\n1,客户 客户 客户\n".encode("utf-16"),
    "a.jsonl": lambda _: b'{"a": 1}\n{"a": null}\n',
    "a.csv.gz": lambda _: gzip.compress(ROWS),
    "a.csv.bz2": lambda _: bz2.compress(ROWS),
    "a.csv.xz": lambda _: lzma.compress(ROWS),
    "a.csv.zst": lambda _: zstd(ROWS),
    "a.tar": lambda _: tar(),
    "a.tar.gz": lambda _: gzip.compress(tar()),
    "a.zip": lambda _: zipped(),
    "pg.sql": lambda _: PG_DUMP,
    "pg.sql.gz": lambda _: gzip.compress(PG_DUMP),
    "my.sql": lambda _: MYSQL_DUMP,
    "my.sql.xz": lambda _: lzma.compress(MYSQL_DUMP),
    "a.sqlite": sqlite,
    "a.parquet": parquet,
}


@pytest.mark.parametrize("name", WHOLE)
def test_whole_files_are_complete_and_cut_ones_are_not(name: str, tmp_path: Path) -> None:
    data: bytes = WHOLE[name](tmp_path)
    path = tmp_path / "x" / name
    path.parent.mkdir()
    path.write_bytes(data)
    report = backup.probe(path)
    assert report.complete, report
    assert report.details
    with pytest.raises(TypeError):
        bool(report)
    for keep in (len(data) - 1, len(data) // 2, len(data) // 2 + 1, 3):
        if name in ("pg.sql", "my.sql") and keep == len(data) - 1:
            continue  # the last line is there, only its line feed is not
        path.write_bytes(data[:keep])
        cut = backup.probe(path)
        if cut.complete is None:
            assert cut.format is None, cut  # three octets of SQL are no format
        else:
            assert cut.complete is False, (name, keep)
            assert cut.reason
    path.write_bytes(b"")
    assert backup.probe(path).complete in (False, None)


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.bz2", "a.csv.xz", "a.csv.zst", "a.zip", "a.tar.gz", "a.sqlite"])
def test_damage_in_the_middle_is_found(name: str, tmp_path: Path) -> None:
    data = bytearray(WHOLE[name](tmp_path))
    middle = len(data) // 2
    data[middle : middle + 40] = bytes(255 - octet for octet in data[middle : middle + 40])
    if name == "a.sqlite":
        data[4096:8192] = b"\xff" * 4096
    path = tmp_path / "x" / name
    path.parent.mkdir()
    path.write_bytes(data)
    assert backup.probe(path).complete is False


def test_a_dump_that_ended_early_is_found_inside_a_whole_compressed_file(tmp_path: Path) -> None:
    path = tmp_path / "pg.sql.gz"
    path.write_bytes(gzip.compress(PG_DUMP[:-80]))
    report = backup.probe(path)
    assert (report.complete, report.reason) == (False, "the line with which the dump program ends is missing")
    path.write_bytes(gzip.compress(b""))
    assert backup.probe(path).reason == "nothing is inside"


def test_rows_of_other_widths_open_quotes_and_broken_json_are_found(tmp_path: Path) -> None:
    for name, text, reason in (
        ("a.csv", "a,b\n1\n", "row 1 has 1 columns, the first 2"),
        ("a.csv", 'a,b\n1,"x\n', "a quote is not closed, or a cell is malformed"),
        ("a.csv", "a,b\n1,2", "the last line has no line feed"),
        ("a.jsonl", '{"a":1}\n{"a":\n', "line 2 is not JSON"),
        ("a.jsonl", '{"a":1}', "the last line has no line feed"),
    ):
        (tmp_path / name).write_text(text)
        assert backup.probe(tmp_path / name).reason == reason


def test_a_tar_without_its_end_and_an_encrypted_zip_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(tar().rstrip(b"\x00") + bytes(512))
    assert backup.probe(tmp_path / "a.tar").complete is False
    data = bytearray(zipped())
    for at in range(len(data) - 4):
        if data[at : at + 4] == b"PK\x01\x02":
            data[at + 8] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    report = backup.probe(tmp_path / "a.zip")
    assert (report.complete, report.reason) == (None, "its members are encrypted")


def test_decompression_bombs_are_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_probed, "MOST_BYTES", 1 << 20)
    (tmp_path / "a.gz").write_bytes(gzip.compress(bytes(3 << 20)))
    (tmp_path / "a.zip").write_bytes(zip_of_zeros())
    for name in ("a.gz", "a.zip"):
        report = backup.probe(tmp_path / name)
        assert report.complete is None
        assert "octets inside" in (report.reason or "")


def zip_of_zeros() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(3 << 20))
    return out.getvalue()


def test_a_postgresql_archive_is_decoded_to_its_end(postgres_server: Any, postgres_url: str, tmp_path: Path) -> None:
    import psycopg

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE t AS SELECT n, md5(n::text) FROM generate_series(1, 20000) n")
    path = tmp_path / "crm.dump"
    postgres_server.run("pg_dump", "--format=custom", "--file", str(path), "--dbname", postgres_url)
    assert backup.probe(path).complete
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    listed = subprocess.run(
        [str(postgres_server.bin / "pg_restore"), "--list", str(path)], capture_output=True, check=False
    )
    assert listed.returncode == 0  # the fact that makes this probe decode everything
    assert backup.probe(path).complete is False


def test_what_is_not_here_is_said_to_be_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    (tmp_path / "a.dump").write_bytes(b"PGDMP\x01\x0e")
    monkeypatch.setattr(_probe_databases, "postgres_program", lambda _: None)
    assert backup.probe(tmp_path / "a.dump").complete is None
    (tmp_path / "a.zst").write_bytes(b"\x28\xb5\x2f\xfd" + bytes(20))
    real = importlib.import_module

    def missing(name: str, package: str | None = None) -> Any:
        if name in ("compression.zstd", "zstandard") or name.startswith("pyarrow"):
            raise ImportError(name, name=name)
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", missing)
    monkeypatch.setattr(_probe_archives.shutil, "which", lambda _: None)
    assert backup.probe(tmp_path / "a.zst").complete is None
    (tmp_path / "a.parquet").write_bytes(b"PAR1" + bytes(50) + b"\x10\x00\x00\x00PAR1")
    assert backup.probe(tmp_path / "a.parquet").complete is None
    (tmp_path / "a.parquet").write_bytes(b"PAR1" + bytes(50) + b"\xff\x00\x00\x00PAR1")
    assert backup.probe(tmp_path / "a.parquet").complete is False
    (tmp_path / "a.bin").write_bytes(b"anything")
    assert backup.probe(tmp_path / "a.bin").format is None


def test_files_without_their_magic_are_damaged_at_their_start(tmp_path: Path) -> None:
    for name in ("a.gz", "a.zip", "a.tar", "a.sqlite", "a.parquet", "a.xz"):
        (tmp_path / name).write_bytes(bytes(600))
        assert backup.probe(tmp_path / name).complete is False, name


@pytest.mark.parametrize(
    ("head", "plain"),
    [
        (ROWS, True), (gzip.compress(ROWS), True), (b"PGDMP", True), (b'{"a": "b"}', True),
        ("客户，张三\n".encode() * 9, True), (bytes(5000), True), (b"age-encryption.org/v1\n", False), (b"-----BEGIN PGP MESSAGE-----\n", False),  # noqa: E501
        (b"Salted__12345678", False), (b"", False),
    ],
)  # fmt: skip
def test_plaintext_is_told_from_known_envelopes(head: bytes, plain: bool) -> None:
    assert (_probe.plain_reason(head) is not None) == plain


def test_random_octets_are_not_called_plaintext() -> None:
    import random

    for seed in range(50):
        assert _probe.plain_reason(random.Random(seed).randbytes(4096)) is None


def test_a_broken_promise_of_encryption_is_found_in_the_backup(bare: Any) -> None:
    import random

    (bare.payload / "sealed").write_bytes(random.Random(1).randbytes(5000))
    bare.make(encryption="seal_file", key_id="k1")
    assert bare.verify(level="probe").ok
    shutil.rmtree(bare.meta)
    (bare.payload / "oops.csv").write_bytes(ROWS)
    bare.make(encryption="seal_file", key_id="k1")
    finding = bare.one("PLAINTEXT", level="probe")
    assert (finding.path, finding.detail) == ("oops.csv", "it is text")


def test_a_probe_of_a_backup_says_what_it_could_not_tell(bare: Any) -> None:
    (bare.payload / "a.bin").write_bytes(b"anything")
    (bare.payload / "a.csv").write_bytes(b"a,b\n1")
    data = bytearray(zipped())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (bare.payload / "a.zip").write_bytes(data)
    bare.make()
    report = bare.verify(level="probe")
    assert {(found.code, found.path, found.severity) for found in report} == {
        ("PROBE_FAILED", "a.csv", "error"),
        ("NOT_CHECKED", "a.zip", "warning"),
    }
    assert [item.count for item in report.not_checked if item.what == "completeness by format"] == [2]


def test_messages_hold_every_code_in_both_languages() -> None:
    from crmkit.backup._findings._findings import SEVERITIES, texts

    assert set(texts()) - {"words"} == set(SEVERITIES)
    for code in SEVERITIES:
        finding = backup.Finding(code=code, path="a")
        assert set(texts()[code]) == {"en", "zh", "hint_en", "hint_zh"}
        assert finding.message("zh") != finding.message("en")
        assert finding.hint("zh") != finding.hint("en")
    for name, both in texts()["words"].items():
        assert set(both) == {"en", "zh"}, name
    with pytest.raises(LookupError, match="MISSING"):
        backup.Finding(code="MISING")


def test_reports_speak_chinese_and_escape_what_files_are_called(bare: Any) -> None:
    nasty = "<script>alert(1)</script>|`x`\n#.csv".replace("/", "_")
    (bare.payload / nasty).write_bytes(b"a,b\n1")
    bare.make()
    (bare.payload / nasty).unlink()
    report = bare.verify()
    page = report.to_html("zh")
    assert "<script" not in page
    assert "这个备份可靠吗" in page
    assert "清单中有此文件" in report.to_markdown("zh")
    assert "<script" not in report.to_markdown()
    assert json.loads(report.to_json("zh"))["findings"][0]["code"] == "MISSING"
    assert len(report.to_frame(like=[])) == len(report.findings)
    assert "MISSING 1" in repr(report)
    from crmkit.errors import CheckFailedError

    with pytest.raises(CheckFailedError, match="MISSING 1"):
        report.raise_for()
    assert report._repr_html_()
