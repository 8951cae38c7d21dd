"""Edges of formats and sources that the larger tests do not come by."""

from __future__ import annotations

import datetime as dt
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from crmkit import backup
from crmkit.backup._manifest import _entry, _statement
from crmkit.backup._tree import _walk
from crmkit.errors import FormatError, InvalidValueError, ManifestError, SchemaError

HEX = "0" * 64


@pytest.mark.parametrize(
    "line",
    [
        b"[]", b"{", b'{"type":"fifo"}', b'{"mode":"644","mtime":"0","path":"a","type":"dir"}',
        b'{"mode":"0644","mtime":"01","path":"a","type":"dir"}', b'{"mode":"0644","mtime":"0","type":"dir"}',
        b'{"mode":"0644","mtime":"0","path":"a","size":"1","type":"file"}',
        b'{"mode":"0644","mtime":"0","path":"a","sha256":"zz","size":1,"type":"file"}',
        b'{"mode":"0644","mtime":"0","path":"a","size":1,"type":"file"}',
        b'{"mode":"0644","mtime":"0","path":"a\\"","size":1,"type":"file"}',
        b'{"mode":"0644","mtime":"0","path_b64":"YQ==","type":"dir"}',
        b'{"mode":"0644","mtime":"0","path_b64":"!","type":"dir"}',
        b'{"mode":"0644","mtime":"0","path":"a","target":"b","type":"dir"}',
        b'{"mode":"0644","mtime":"0","path":"a","type":"symlink"}',
        f'{{"mode":"0644","mtime":"0","path":"a","root":"{HEX}","size":1,"type":"file"}}'.encode(),
        f'{{"mode":"0644","mtime":"0","path":"\\"","root":"{HEX}","size":1,"type":"file"}}'.encode(),
    ],
)  # fmt: skip
def test_entries_in_any_other_form_are_malformed(line: bytes) -> None:
    with pytest.raises(ManifestError):
        _entry.parse_entry(line, chunk=4096)


def test_tables_footers_and_headers_in_any_other_form_are_malformed() -> None:
    table = _entry.TableEntry("t", 1, bytes(32), 2, ("id",), {})
    whole = _entry.table_line(table)
    assert _entry.parse_table(whole) == table
    for old, new in (
        (b'"buckets":2', b'"buckets":3'), (b'"rows":1', b'"rows":-1'), (b'"root":"00', b'"root":"zz'),
        (b'"key":["id"]', b'"key":[1]'), (b'"name":"t"', b'"name":1'), (b'"schema":{}', b'"schema":[]'),
    ):  # fmt: skip
        with pytest.raises(ManifestError):
            _entry.parse_table(whole.replace(old, new))
    for footer in (b'{"type":"footer"}', b'{"bytes":0,"entries":0,"files":0,"tables":0,"type":"footer"}'):
        with pytest.raises(ManifestError):
            _entry.parse_footer(footer)
    header = backup.Header(set="a", backup_id="b", created="c").line()
    for old, new in (
        (b'"set":"a"', b'"set":1'), (b'"created":"c",', b""), (b'"kind":"full"', b'"kind":"half"'), (b'"ignore":[]', b'"ignore":[1]'),  # noqa: E501
    ):  # fmt: skip
        with pytest.raises(ManifestError):
            _entry.parse_header(header.replace(old, new))


def test_moments_and_statements_in_any_other_form_are_malformed(made: Any) -> None:
    for text in ("2026-01-01", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00+00:00"):
        with pytest.raises(FormatError):
            _statement.moment_of(text)
    with pytest.raises(ValueError, match="naive"):
        _statement.moment_text(dt.datetime(2026, 1, 1))
    payload = backup.read_statement(made.meta / "statement.json").payload()
    for old, new in (
        (b'"seq":1', b'"seq":-1'), (b'"seq":1', b'"seq":"1"'), (b'"seq":1,', b""), (b'"kind":"full"', b'"kind":"half"'),
        (b'"tables":{}', b'"tables":{"a":"b"}'), (b'"files":6', b'"files":6,"more":1'), (b"crmkit-statement/1", b"x/1"),
        (b"2026-11-28", b"2026-11-31"),
    ):  # fmt: skip
        assert old in payload
        with pytest.raises(ManifestError):
            _statement.parse_statement(payload.replace(old, new))
    for envelope in (
        b'{"payload":"e30","payloadType":"application/vnd.crmkit.statement+json","signatures":[]}',
        b'{"payload":"e30=","payloadType":"application/vnd.crmkit.statement+json","signatures":[{"sig":1}]}',
        b'{"payload":"e30=","payloadType":"application/vnd.crmkit.statement+json","signatures":[{"keyid":1,"sig":""}]}',
        b'{"payload":"e30=","payloadType":"application/vnd.crmkit.statement+json","signatures":[{"x":1}]}',
        b'{"payload":"","payload":"","payloadType":"x","signatures":[]}',
    ):
        with pytest.raises(ManifestError):
            _statement.parse_envelope(envelope)


def test_types_of_parquet_files_are_found_or_asked_for(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="needs pyarrow")
    import pyarrow.parquet as pq

    moment = dt.datetime(2026, 1, 1)
    columns = {
        "i": pa.array([1]), "f": pa.array([1.5]), "t": pa.array(["a"]), "b": pa.array([True]), "d": pa.array([dt.date(2026, 1, 1)]),  # noqa: E501
        "n": pa.array([Decimal("1.50")]), "s": pa.array([moment], pa.timestamp("us")), "x": pa.array([b"x"]),
        "z": pa.array([moment], pa.timestamp("us", tz="UTC")),
    }  # fmt: skip
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    source = backup.ParquetSource(tmp_path / "t.parquet", key="i")
    kinds = [kind.kind for kind in source.schema().columns.values()]
    assert kinds == ["int", "float64", "text", "bool", "date", "decimal", "timestamp", "bytes", "timestamptz"]
    assert backup.snapshot(source, bounds=["i"]).bounds == {"i": ("1", "1")}
    for column in (pa.array([moment], pa.timestamp("ns")), pa.array([[1]])):
        pq.write_table(pa.table({"a": column}), tmp_path / "u.parquet")
        with pytest.raises(SchemaError, match="say its type"):
            backup.ParquetSource(tmp_path / "u.parquet").schema()


def test_nan_and_missing_are_two_values_in_every_frame_but_pandas() -> None:
    pa = pytest.importorskip("pyarrow", reason="needs pyarrow")
    pl = pytest.importorskip("polars", reason="needs polars")
    pd = pytest.importorskip("pandas", reason="needs pandas")
    nan = float("nan")
    plain = {"id": [1, 2, 3], "v": [nan, None, 1.0]}
    rows = [{"id": 1, "v": nan}, {"id": 2, "v": None}, {"id": 3, "v": 1.0}]
    schema = backup.row_schema({"id": "int", "v": "float64"})

    def root(frame: Any) -> bytes:
        return backup.snapshot(backup.FrameSource(frame, key="id", schema=schema)).root

    wanted = root(plain)
    assert [root(frame) for frame in (rows, pa.table(plain), pl.DataFrame(plain, strict=False))] == [wanted] * 3
    assert root(pd.DataFrame(plain)) != wanted
    inferred = backup.FrameSource(
        {"a": [UUID(int=1)], "b": [Decimal("1.25")], "c": [dt.datetime(2026, 1, 1, tzinfo=dt.UTC)], "d": [None]}
    )
    assert [kind.kind for kind in inferred.schema().columns.values()] == ["uuid", "decimal", "timestamptz", "text"]


def test_csv_reads_every_type_that_it_has_a_form_for(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("b,u,j,n,t\n\\x00ff,00000000-0000-0000-0000-000000000001,[1],NaN,-infinity\n")
    schema = backup.row_schema({"b": "bytes", "u": "uuid", "j": "json", "n": "decimal(2)", "t": "timestamp"})
    [block] = backup.CsvSource(path, schema=schema).blocks(schema)
    assert block["b"] == [b"\x00\xff"]
    assert block["j"] == [[1]]
    assert block["t"] == [float("-inf")]
    from crmkit._canonical import LogicalType

    listed = backup.row_schema({"b": LogicalType(kind="list", item=LogicalType(kind="int"))})
    with pytest.raises(SchemaError, match="no form"):
        list(backup.CsvSource(path, schema=listed).blocks(listed))


def test_sqlite_types_are_those_that_its_columns_declare() -> None:
    database = sqlite3.connect(":memory:")
    database.execute(
        "CREATE TABLE t (a BIGINT, b VARCHAR(9), c DECIMAL(9, 2), d DATETIME, e DATE, f BOOLEAN, g UUID, h JSON, i DOUBLE)"  # noqa: E501
    )
    database.execute(
        "INSERT INTO t VALUES (1, 'x', 1.5, '2026-01-01 00:00:00', '2026-01-01', 1, ?, '[1]', 2.5)", [str(UUID(int=1))]
    )
    source = backup.SqliteSource(database, "t", key="a")
    kinds = [kind.kind for kind in source.schema().columns.values()]
    assert kinds == ["int", "text", "decimal", "timestamp", "date", "bool", "uuid", "json", "float64"]
    assert backup.snapshot(source).rows == 1
    database.execute("UPDATE t SET c = 1.234")
    with pytest.raises(InvalidValueError):
        backup.snapshot(source)
    database.execute("CREATE TABLE u (a GEOMETRY)")
    with pytest.raises(SchemaError, match="GEOMETRY"):
        backup.SqliteSource(database, "u").schema()
    with pytest.raises(SchemaError, match="no table"):
        backup.SqliteSource(database, "v").schema()


def test_snapshots_and_schemas_in_any_other_form_are_refused() -> None:
    for text in ("{}", '{"format":"crmkit-snapshot/2"}', "[]"):
        with pytest.raises(FormatError):
            backup.Snapshot.from_json(text)
    from crmkit.backup._rows._snapshot import schema_of

    for document in ({}, {"columns": [{"name": "a", "type": "integer"}]}, {"columns": [{"name": "a", "type": "int"}]}):
        with pytest.raises(FormatError):
            schema_of(document)
    assert backup.snapshot(backup.FrameSource([{"id": 1}], key="id")).schema_print


def test_a_walk_goes_by_whole_paths_where_a_system_has_no_handles(made: Any) -> None:
    with_handles = [(node.path, node.type) for node in _walk.walk(made.payload, _walk.open_folder(made.payload))]
    without = [(node.path, node.type) for node in _walk.walk(made.payload, None)]
    assert with_handles == without
    assert _walk.open_parent(made.payload, None, b"crm/a") == (None, str(made.payload / "crm" / "a"))
    assert [node.type for node in _walk.walk(made.payload / "nowhere", None)] == ["unreadable"]
