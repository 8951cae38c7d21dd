"""One table, one root: frames, CSV, parquet, SQLite, PostgreSQL and DuckDB agree on every edge value."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import math
import random
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit import backup
from crmkit._canonical import rows
from crmkit._merkle import root as tree_root
from crmkit.backup._rows import _snapshot
from crmkit.errors import FormatError, InvalidValueError, NotFoundError, SchemaError

UTC = dt.UTC
SCHEMA = backup.row_schema(
    {
        "id": "int",
        "name": "text",
        "amount": "decimal(2)",
        "score": "float64",
        "active": "bool",
        "born": "date",
        "seen": "timestamp",
        "updated": "timestamptz",
        "blob": "bytes",
        "ref": "uuid",
    }
)
TEXTS = [
    None, "", " ", '"', '""', "a,b", "line\nfeed", "cr\r\nlf", "'", "\\", "\\N", "NULL", "null", "é", "e\u0301", "客户",
    "𠮷野家", "3:abc", "-", "1:-", "\ttab", "Zoë  ", "ﬁ", "İ", "\u200b", "=1+1", "x" * 300, "a|b", "\ufeffbom", ";",
]  # fmt: skip
AMOUNTS = [None, "0.00", "-0.00", "0.01", "-1.50", "1", "99999999999999.99", "1e2", "-0.01", "123.4"]
SCORES = [None, 0.0, -0.0, 1.5, math.nan, math.inf, -math.inf, 1e-310, 5e-324, 0.1, -1e308, 2.0**53, 1 / 3]
DATES = [
    None,
    dt.date(1, 1, 1),
    dt.date(1969, 12, 31),
    dt.date(2000, 2, 29),
    dt.date(9999, 12, 31),
    dt.date(1582, 10, 10),
]
TIMES = [
    None, dt.datetime(1969, 12, 31, 23, 59, 59, 999999), dt.datetime(1970, 1, 1), dt.datetime(2026, 3, 29, 2, 30),
    dt.datetime(1901, 1, 1, 0, 0, 0, 1), dt.datetime(2262, 4, 12, 1, 2, 3, 456789), dt.datetime(1752, 9, 2),
]  # fmt: skip
BLOBS = [None, b"", b"\x00", b"\xff\x00\x80", b"text"]
INTS = [0, 1, -1, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)]


def table() -> dict[str, list[Any]]:
    """Edge values against each other, each of them more than once."""
    rng = random.Random(5)
    size = 120

    def pick(values: list[Any]) -> list[Any]:
        return [values[row % len(values)] for row in range(size)]

    columns: dict[str, list[Any]] = {
        "id": [*INTS, *range(1000, 1000 + size - len(INTS))],
        "name": pick(TEXTS),
        "amount": [None if text is None else Decimal(text) for text in pick(AMOUNTS)],
        "score": pick(SCORES),
        "active": pick([True, False, None]),
        "born": pick(DATES),
        "seen": pick(TIMES),
        "updated": [
            None if value is None else value.replace(tzinfo=dt.timezone(dt.timedelta(hours=row % 5)))
            for row, value in enumerate(pick(TIMES))
        ],
        "blob": pick(BLOBS),
        "ref": [None if row % 4 == 0 else UUID(int=rng.getrandbits(128)) for row in range(size)],
    }
    order = list(range(size))
    rng.shuffle(order)
    return {name: [values[row] for row in order] for name, values in columns.items()}


def of_frame(columns: dict[str, list[Any]], **options: Any) -> backup.Snapshot:
    return backup.snapshot(backup.FrameSource(columns, key="id", name="t", schema=SCHEMA), **options)


def write_csv(path: Path, columns: dict[str, list[Any]]) -> None:
    """As PostgreSQL's COPY ... CSV writes: nothing for NULL, a quoted nothing for an empty text."""

    def cell(value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return "t" if value else "f"
        if isinstance(value, bytes):
            return f'"\\x{value.hex()}"'
        if isinstance(value, float):
            return repr(value)
        text = value.isoformat() if isinstance(value, dt.date) else str(value)
        return '"' + text.replace('"', '""') + '"' if isinstance(value, str) else text

    lines = [",".join(columns)]
    lines += [",".join(map(cell, row)) for row in zip(*columns.values(), strict=True)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="")


def test_the_frame_route_gives_the_digests_that_the_format_says() -> None:
    columns = table()
    snapshot = of_frame(columns, buckets=4)
    encoded = rows(SCHEMA, columns)
    leaves: list[list[bytes]] = [[], [], [], []]
    for row, number in zip(encoded, columns["id"], strict=True):
        text = str(number)
        key = hashlib.sha256(f"{len(text)}:{text}".encode()).digest()
        leaves[key[0] >> 6].append(hashlib.sha256(row).digest())
    twins = [hashlib.sha256(b"\x00" + b"".join(sorted(leaf))).digest() for leaf in leaves]
    assert list(snapshot.leaves) == twins
    assert snapshot.root == _snapshot.table_root(SCHEMA, ["id"], 120, twins)
    assert tree_root(twins) != snapshot.root


def test_csv_agrees_with_the_frame(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    write_csv(path, table())
    assert backup.snapshot(backup.CsvSource(path, schema=SCHEMA, key="id")).root == of_frame(table()).root


def test_sqlite_agrees_with_the_frame() -> None:
    database = sqlite3.connect(":memory:")
    columns = table()
    database.execute(
        "CREATE TABLE t (id INTEGER, name TEXT, amount DECIMALTEXT, score REAL, active BOOLEAN, born TEXT, seen TEXT, "
        "updated TEXT, blob BLOB, ref TEXT)"
    )

    def stored(value: Any) -> Any:
        if isinstance(value, Decimal | UUID):
            return str(value)
        if isinstance(value, dt.date):
            return value.isoformat()
        return "nan" if isinstance(value, float) and math.isnan(value) else value

    lines = [list(map(stored, row)) for row in zip(*columns.values(), strict=True)]
    nan_rows = [row for row, score in enumerate(columns["score"]) if score is not None and math.isnan(score)]
    for row in nan_rows:
        lines[row][3] = None  # SQLite cannot store NaN: it makes it NULL
        columns["score"][row] = None
    database.executemany(f"INSERT INTO t VALUES ({','.join('?' * 10)})", lines)
    source = backup.SqliteSource(database, "t", key="id", schema=SCHEMA)
    expected = of_frame(columns).root
    assert backup.snapshot(source).root == expected
    assert (
        backup.snapshot(backup.FrameSource(next(iter(source.blocks(SCHEMA))), key="id", schema=SCHEMA)).root == expected
    )


def test_parquet_agrees_with_the_frame(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="needs pyarrow")
    import pyarrow.parquet as pq

    columns = table()
    kinds = {
        "id": pa.int64(), "name": pa.string(), "amount": pa.decimal128(20, 2), "score": pa.float64(),
        "active": pa.bool_(), "born": pa.date32(), "seen": pa.timestamp("us"), "updated": pa.timestamp("us", tz="UTC"),
        "blob": pa.binary(), "ref": pa.binary(16),
    }  # fmt: skip
    columns["ref"] = [None if value is None else value.bytes for value in columns["ref"]]
    columns["amount"] = [None if value is None else value.quantize(Decimal("0.01")) for value in columns["amount"]]
    arrow = pa.table({name: pa.array(columns[name], kind) for name, kind in kinds.items()})
    pq.write_table(arrow, tmp_path / "t.parquet", row_group_size=17)
    source = backup.ParquetSource(tmp_path / "t.parquet", key="id", schema=SCHEMA)
    assert backup.snapshot(source).root == of_frame(table()).root
    assert backup.ParquetSource(tmp_path / "t.parquet").key == ()


def test_duckdb_agrees_with_the_frame_in_its_own_sql_and_through_python() -> None:
    duckdb = pytest.importorskip("duckdb", reason="needs duckdb")
    database = duckdb.connect()
    database.execute(
        "CREATE TABLE t (id BIGINT, name VARCHAR, amount DECIMAL(20,2), score DOUBLE, active BOOLEAN, born DATE, "
        "seen TIMESTAMP, updated TIMESTAMPTZ, blob BLOB, ref UUID)"
    )
    columns = table()
    lines = [list(row) for row in zip(*columns.values(), strict=True)]
    for row in lines:
        row[7] = None if row[7] is None else row[7].astimezone(UTC).isoformat()
    database.executemany(f"INSERT INTO t VALUES ({','.join('?' * 10)})", lines)
    source = backup.DuckdbSource(database, "t", key="id")
    assert source.schema().header() == SCHEMA.header()
    expected = of_frame(table()).root
    assert backup.snapshot(source).root == expected
    block = next(iter(source.blocks(SCHEMA)))
    assert backup.snapshot(backup.FrameSource(block, key="id", schema=SCHEMA)).root == expected
    database.execute("INSERT INTO t (id, seen, updated) VALUES (77, 'infinity', '-infinity')")
    columns = table()
    for name, values in columns.items():
        values.append({"id": 77, "seen": math.inf, "updated": -math.inf}.get(name))
    expected = of_frame(columns).root
    assert backup.snapshot(source).root == expected
    block = next(iter(source.blocks(SCHEMA)))
    assert backup.snapshot(backup.FrameSource(block, key="id", schema=SCHEMA)).root == expected


POSTGRES_TABLE = (
    "CREATE TABLE t (id bigint, name text, amount numeric(20,2), score double precision, active boolean, born date, "
    "seen timestamp, updated timestamptz, blob bytea, ref uuid)"
)


@pytest.fixture
def postgres(postgres_url: str) -> Any:
    psycopg = pytest.importorskip("psycopg", reason="needs psycopg")
    with psycopg.connect(postgres_url) as connection:
        connection.execute(POSTGRES_TABLE)
        columns = table()
        with connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO t VALUES ({','.join(['%s'] * 10)})", list(zip(*columns.values(), strict=True))
            )
        yield connection


def test_postgresql_agrees_with_the_frame_in_its_own_sql_and_through_python(postgres: Any) -> None:
    source = backup.PostgresSource(postgres, "t", key="id")
    assert source.schema().header() == SCHEMA.header()
    expected = of_frame(table()).root
    for zone in ("UTC", "Asia/Shanghai", "America/St_Johns"):
        postgres.execute(f"SET TimeZone = '{zone}'")
        assert backup.snapshot(source).root == expected
    block = next(iter(source.blocks(SCHEMA)))
    assert backup.snapshot(backup.FrameSource(block, key="id", schema=SCHEMA)).root == expected
    postgres.execute("INSERT INTO t (id, seen, updated, amount) VALUES (77, 'infinity', '-infinity', 'NaN')")
    columns = table()
    extra = {"id": 77, "seen": math.inf, "updated": -math.inf, "amount": Decimal("NaN")}
    for name, values in columns.items():
        values.append(extra.get(name))
    assert backup.snapshot(source).root == of_frame(columns).root
    block = next(iter(source.blocks(SCHEMA)))
    assert backup.snapshot(backup.FrameSource(block, key="id", schema=SCHEMA)).root == of_frame(columns).root


def test_postgresqls_own_csv_agrees_with_its_table(postgres: Any, tmp_path: Path) -> None:
    with postgres.cursor() as cursor, cursor.copy("COPY t TO STDOUT (FORMAT csv, HEADER)") as copy:
        data = b"".join(copy)
    (tmp_path / "t.csv").write_bytes(data)
    source = backup.CsvSource(tmp_path / "t.csv", schema=SCHEMA, key="id")
    assert backup.snapshot(source).root == backup.snapshot(backup.PostgresSource(postgres, "t", key="id")).root


def test_text_options_mean_the_same_on_every_route(postgres: Any) -> None:
    duckdb = pytest.importorskip("duckdb", reason="needs duckdb")
    schema = backup.row_schema({"id": "int", "name": "text nfc trim empty_is_null"})
    expected = backup.snapshot(backup.FrameSource(table(), key="id", schema=schema)).root
    assert backup.snapshot(backup.PostgresSource(postgres, "t", key="id", schema=schema)).root == expected
    database = duckdb.connect()
    database.execute("CREATE TABLE t (id BIGINT, name VARCHAR)")
    database.executemany("INSERT INTO t VALUES (?, ?)", list(zip(table()["id"], table()["name"], strict=True)))
    assert backup.snapshot(backup.DuckdbSource(database, "t", key="id", schema=schema)).root == expected
    assert (
        expected
        != backup.snapshot(
            backup.FrameSource(table(), key="id", schema=backup.row_schema({"id": "int", "name": "text"}))
        ).root
    )


def test_folding_case_and_json_are_pythons_matter_even_in_a_database(postgres: Any) -> None:
    folded = backup.row_schema({"id": "int", "name": "text casefold"})
    expected = backup.snapshot(backup.FrameSource(table(), key="id", schema=folded)).root
    assert backup.snapshot(backup.PostgresSource(postgres, "t", key="id", schema=folded)).root == expected
    with pytest.raises(SchemaError, match="fold case"):
        backup.row_sql("postgresql", "t", folded)
    postgres.execute("CREATE TABLE j (id int, doc jsonb)")
    postgres.execute("""INSERT INTO j VALUES (1, '{"b": 1.50, "a": [null, "x"]}'), (2, NULL)""")
    documents = {"id": [1, 2], "doc": [{"a": [None, "x"], "b": 1.5}, None]}
    schema = backup.row_schema({"id": "int", "doc": "json"})
    source = backup.FrameSource(documents, key="id", schema=schema)
    assert backup.snapshot(backup.PostgresSource(postgres, "j", key="id")).root == backup.snapshot(source).root


def test_values_without_exact_text_are_refused_by_column_and_never_rounded(postgres: Any) -> None:
    cents = backup.row_schema({"id": "int", "amount": "decimal(1)"})
    with pytest.raises(InvalidValueError, match="'amount'"):
        backup.snapshot(backup.PostgresSource(postgres, "t", key="id", schema=cents))
    with pytest.raises(InvalidValueError, match="'amount'"):
        backup.snapshot(backup.FrameSource(table(), key="id", schema=cents))
    postgres.execute("UPDATE t SET born = '0044-03-15 BC' WHERE id = 0")
    with pytest.raises(InvalidValueError, match="'born'"):
        backup.snapshot(backup.PostgresSource(postgres, "t", key="id"))
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE t (id INTEGER, n TEXT, d DATE)")
    database.execute("INSERT INTO t VALUES (1, x'00ff', NULL)")
    with pytest.raises(InvalidValueError, match="'n'"):
        backup.snapshot(backup.SqliteSource(database, "t", key="id"))
    database.execute("UPDATE t SET n = 'a', d = 'canary-91'")
    with pytest.raises(InvalidValueError) as caught:
        backup.snapshot(backup.SqliteSource(database, "t", key="id"))
    assert "canary" not in str(caught.value)


def test_a_numeric_column_without_scale_takes_that_of_its_values(postgres: Any) -> None:
    postgres.execute("CREATE TABLE n (x numeric)")
    postgres.execute("INSERT INTO n VALUES (1.5), (0.125), (2)")
    source = backup.PostgresSource(postgres, ("public", "n"))
    assert source.schema().columns["x"].scale == 3
    frame = backup.FrameSource({"x": [Decimal("1.5"), Decimal("0.125"), Decimal(2)]})
    assert backup.snapshot(source).root == backup.snapshot(frame).root
    with pytest.raises(SchemaError, match="no table"):
        backup.PostgresSource(postgres, "nothing").schema()
    postgres.execute("CREATE TABLE m (x money)")
    with pytest.raises(SchemaError, match="money"):
        backup.PostgresSource(postgres, "m").schema()


@pytest.mark.parametrize("rows_", [0, 1, 3000])
def test_order_never_matters_and_any_change_does(rows_: int) -> None:
    rng = random.Random(rows_)
    columns = {"id": list(range(rows_)), "v": [rng.random() for _ in range(rows_)]}
    whole = backup.snapshot(
        backup.FrameSource(columns, key="id"), schema=backup.row_schema({"id": "int", "v": "float64"})
    )
    order = rng.sample(range(rows_), rows_)
    shuffled = {name: [values[at] for at in order] for name, values in columns.items()}
    assert backup.snapshot(backup.FrameSource(shuffled, key="id"), schema=whole.schema).root == whole.root
    if not rows_:
        return
    for change in ("value", "drop", "double"):
        other = {name: list(values) for name, values in columns.items()}
        if change == "value":
            other["v"][rows_ // 2] += 1
        elif change == "drop":
            for values in other.values():
                values.pop()
        else:
            for values in other.values():
                values.append(values[0])
        changed = backup.snapshot(backup.FrameSource(other, key="id"), schema=whole.schema, buckets=whole.buckets)
        assert changed.root != whole.root
        assert changed.duplicate_keys == (change == "double")


def test_the_rows_that_differ_are_found_by_fetching_few() -> None:
    size = 20_000
    before = {"id": list(range(size)), "v": [f"value {n}" for n in range(size)]}
    after = {name: list(values) for name, values in before.items()}
    for row in (5, 777, 19_999):
        after["v"][row] = "other"
    after["id"][100] = 50_000
    one, two = (backup.FrameSource(columns, key="id") for columns in (before, after))
    found = backup.compare(one, two)
    assert found.differing == ((19_999,), (5,), (777,))
    assert (found.missing, found.unexpected) == (((100,),), ((50_000,),))
    assert found.fetched < size / 4
    assert not found.ok
    assert found.counts() == {"left": size, "right": size, "missing": 1, "unexpected": 1, "differing": 3}
    assert backup.compare(one, one).ok
    assert len(found.to_frame(like=[])) == 5
    assert found.to_dict()["ok"] is False
    assert "differ" in repr(found)
    assert "no" in found._repr_html_()


def test_snapshots_compare_without_their_sources_as_far_as_buckets() -> None:
    one = backup.snapshot(backup.FrameSource({"id": [1, 2], "v": ["a", "b"]}, key="id"))
    two = backup.snapshot(backup.FrameSource({"id": [1, 2], "v": ["a", "c"]}, key="id"))
    found = backup.compare(one, two)
    assert found.differing_buckets == (0,)
    assert found.differing is None
    renamed = backup.snapshot(backup.FrameSource({"id": [1, 2], "w": ["a", "b"]}, key="id"))
    assert not backup.compare(one, renamed).same_schema
    assert not backup.compare(one, renamed).ok
    with pytest.raises(SchemaError, match="keys"):
        backup.compare(one, backup.snapshot(backup.FrameSource({"id": [1]})))
    four = backup.snapshot(backup.FrameSource({"id": [1, 2], "v": ["a", "b"]}, key="id"), buckets=4)
    with pytest.raises(SchemaError, match="buckets"):
        backup.compare(one, four)


def test_rows_without_a_key_and_doubles_are_counted_one_for_one() -> None:
    one = backup.FrameSource({"v": ["a", "a", "b"]})
    two = backup.FrameSource({"v": ["a", "b", "c"]})
    found = backup.compare(one, two)
    assert (found.missing, found.unexpected, found.differing) == ((("a",),), (("c",),), ())


def test_a_snapshot_survives_a_file_and_nothing_in_it_can_be_edited() -> None:
    snapshot = of_frame(table(), buckets=4, bounds=["id", "born"])
    text = snapshot.to_json()
    again = backup.Snapshot.from_json(text)
    assert again == snapshot
    assert again.bounds["born"] == ("0001-01-01", "9999-12-31")
    assert "Zoë" not in text
    for old, new in (('"rows":120', '"rows":121'), ('"key":["id"]', '"key":[]'), ("decimal", "float64"), ("ab", "cd")):
        with pytest.raises(FormatError):
            backup.Snapshot.from_json(text.replace(old, new, 1))
    assert "120 rows" in repr(snapshot)


def test_wrong_use_says_what_to_write() -> None:
    source = backup.FrameSource({"id": [1]}, key="idd")
    with pytest.raises(NotFoundError, match="did you mean 'id'"):
        backup.snapshot(source)
    with pytest.raises(SchemaError, match="power of two"):
        backup.snapshot(source, buckets=3)
    with pytest.raises(NotFoundError, match="dialect"):
        backup.row_sql("oracle", "t", SCHEMA)  # type: ignore[arg-type]
    with pytest.raises(NotFoundError, match="'id'"):
        backup.row_sql("duckdb", "t", SCHEMA, key=["idd"])
    with pytest.raises(SchemaError, match="complex"):
        backup.snapshot(backup.FrameSource({"id": [1j]}))
    with pytest.raises(SchemaError, match="int and text"):
        backup.snapshot(backup.FrameSource({"id": [1, "a"]}))
    assert backup.FrameSource({"id": [1, 2.5]}).schema().columns["id"].kind == "float64"
    with pytest.raises(NotFoundError):
        backup.row_schema({"a": "integer"})
    assert backup.row_sql("sqlite", 'a"b', backup.row_schema({"x": "int"})).endswith('FROM "a""b"')
    with pytest.raises(SchemaError, match="NUL"):
        backup.row_sql("sqlite", "a\x00", backup.row_schema({"x": "int"}))


def test_csv_cells_keep_what_python_loses(tmp_path: Path) -> None:
    from crmkit.backup._rows._sources._csv_cells import MARK, read_blocks

    def read(text: str) -> list[list[str | None]]:
        blocks = read_blocks(io.StringIO(text, newline=""), ",", "t.csv", size=1000)
        return [[{"": None, MARK: ""}.get(cell, cell) for cell in row] for block in blocks for row in block]

    assert read('a,b\n"",\n,""\n"x""",""\n"",""\n') == [["a", "b"], ["", None], [None, ""], ['x"', ""], ["", ""]]
    assert read('a,b\n"1\n"",""2",""\n"\n","\n"\n') == [["a", "b"], ['1\n","2', ""], ["\n", "\n"]]
    assert read('a\n""\n\nx\n') == [["a"], [""], [None], ["x"]]
    for bad in ("a,b\n1\n", 'a\n"x\n', 'a,b\n"x"y,1\n'):
        with pytest.raises(FormatError):
            read(bad)
    with pytest.raises(FormatError, match="private"):
        read("a\n\ue000\ue0ff\ue000\n")
    rng = random.Random(3)
    for _ in range(300):
        cells = [
            [rng.choice(["", '"', '""', ",", "\n", "x", 'x"y', '","', '"\n"']) for _ in range(3)] for _ in range(4)
        ]
        out = io.StringIO(newline="")
        csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(cells)
        assert read(out.getvalue()) == cells


def test_csv_files_that_do_not_fit_their_schema_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,name\nx,canary-5\n")
    schema = backup.row_schema({"id": "int", "name": "text"})
    with pytest.raises(InvalidValueError, match="'id'") as caught:
        backup.snapshot(backup.CsvSource(path, schema=schema))
    assert "canary" not in str(caught.value)
    with pytest.raises(SchemaError, match="'nam'"):
        backup.snapshot(backup.CsvSource(path, schema=backup.row_schema({"nam": "text"})))
    path.write_text("id,b\n1,maybe\n")
    with pytest.raises(InvalidValueError, match="'b'"):
        backup.snapshot(backup.CsvSource(path, schema=backup.row_schema({"b": "bool"})))
    path.write_text("id,name\n")
    assert backup.snapshot(backup.CsvSource(path, schema=schema)).rows == 0


def many(source: Any) -> None:
    """Hold the leaves that a server makes to those made of its row digests here."""
    from crmkit.backup._rows._buckets import index

    for key in (("id",), (), ("email", "id")):
        source.key = key
        schema = source.schema()
        for buckets in (1, 2, 64, 65_536, None):
            assert source.index(schema, buckets) == index(source.digests(schema), buckets)
        if key == ("id",):
            rows, duplicates = source.index(schema, None)[1:]
            assert (rows, duplicates) == (2_002, 2)


LINES = [(n, f"u{n}@example.com" if n % 3 else None) for n in range(2_000)] + [(7, "twin"), (7, "twin")]


def test_duckdb_makes_the_leaves_that_its_rows_have() -> None:
    duckdb = pytest.importorskip("duckdb", reason="needs duckdb")
    database = duckdb.connect()
    database.execute("CREATE TABLE t (id BIGINT, email VARCHAR)")
    database.execute(
        "INSERT INTO t SELECT unnest($1), unnest($2)", [list(column) for column in zip(*LINES, strict=True)]
    )
    many(backup.DuckdbSource(database, "t"))
    database.execute("DELETE FROM t")
    assert backup.snapshot(backup.DuckdbSource(database, "t", key="id")).rows == 0


def test_postgresql_makes_the_leaves_that_its_rows_have(postgres_url: str) -> None:
    psycopg = pytest.importorskip("psycopg", reason="needs psycopg")
    with psycopg.connect(postgres_url) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (id bigint, email text)")
        cursor.executemany("INSERT INTO t VALUES (%s, %s)", LINES)
        many(backup.PostgresSource(connection, "t"))


@pytest.mark.parametrize("cell", ["1_0", " 10", "10 ", "\u0661\u0660", "１０"])
@pytest.mark.parametrize("kind", ["int", "decimal(0)", "float64"])
def test_a_number_that_only_python_would_read_is_no_number(tmp_path: Path, cell: str, kind: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"n\n{cell}\n", encoding="utf-8")
    with pytest.raises(InvalidValueError, match="column 'n'"):
        backup.snapshot(backup.CsvSource(path, schema=backup.row_schema({"n": kind})))


def test_sqlite_values_of_another_type_are_refused_with_their_column() -> None:
    for declared, value in (("BOOL", "yes"), ("BOOL", 2), ("INTEGER", 1.5), ("INTEGER", "x"), ("TEXT", b"a")):
        database = sqlite3.connect(":memory:")
        database.execute(f"CREATE TABLE t (c {declared})")
        database.executemany("INSERT INTO t VALUES (?)", [(None,), (value,)])
        with pytest.raises(InvalidValueError, match="column 'c'"):
            backup.snapshot(backup.SqliteSource(database, "t"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,note\n" + "1,x\n" * 3000 + "2\n", r"row 3001: 1 cells, the header has 2"),
        ("id,note\n" + "1,x\n" * 3000 + '2,"open\n', r"row 3001: .*not closed"),
        ("id,note\n" + "1,x\n" * 3000 + '2,"a"b\n', r"row 3001: .*malformed"),
        ("id,note\n" + "1,x\n" * 10 + "2\n" + '3,"open\n', r"row 11: 1 cells, the header has 2"),
    ],
)
def test_a_fault_far_into_a_csv_file_is_named_by_its_row(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(FormatError, match=words):
        list(backup.CsvSource(path, schema=backup.row_schema({"id": "int", "note": "text"})).blocks(
            backup.row_schema({"id": "int", "note": "text"})
        ))  # fmt: skip


NEARLY = (
    *("", "1", "-7", "+3", "1_0", " 1", "1 ", "1\n", "\u0661", "1.50", "nan", "inf", "-infinity", "1e5", "x"),
    *("2026-01-02", "2026-01-02T03:04:05", "2026-01-02T03:04:05+02:00", "infinity", "\ue000\ue0ff\ue000"),
)


@given(
    cells=st.lists(st.one_of(st.sampled_from(NEARLY), st.text(max_size=4)), min_size=1, max_size=6),
    kind=st.sampled_from(["int", "decimal(2)", "float64", "date", "timestamp", "timestamptz", "text"]),
)
def test_a_column_read_at_once_is_the_one_that_is_read_cell_by_cell(cells: list[str], kind: str) -> None:
    from crmkit.backup._rows._sources._text import parser, read_at_once

    said = backup.row_schema({"x": kind}).columns["x"]
    found = read_at_once(said, cells)
    if found is None:
        return  # then the slow way is taken
    read = parser(said)
    wanted = [read(cell) for cell in cells]
    assert list(map(repr, found)) == list(map(repr, wanted))
