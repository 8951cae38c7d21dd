"""Single rows brought back: previewed, compare-and-set, logged, undone; on frames and three databases."""

from __future__ import annotations

import datetime as dt
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crmkit import backup
from crmkit.errors import ConflictError, NotFoundError, SchemaError, ShapeError, TamperedLogError

SAVED = [
    {"id": 1, "name": "Ana", "amount": Decimal("1.50"), "seen": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)},
    {"id": 2, "name": "Bo", "amount": None, "seen": None},
    {"id": 3, "name": "Cy 客户", "amount": Decimal("0.00"), "seen": dt.datetime(1969, 1, 1, tzinfo=dt.UTC)},
    {"id": 4, "name": None, "amount": Decimal("9.99"), "seen": None},
]
SCHEMA = backup.row_schema({"id": "int", "name": "text", "amount": "decimal(2)", "seen": "timestamptz"})


def saved() -> backup.Source:
    return backup.FrameSource(SAVED, key="id", schema=SCHEMA)


def spoil(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Row 1 deleted, row 2 and 4 changed, row 3 as it was, row 5 new since."""
    return [
        {**rows[1], "name": "?", "amount": Decimal("7.00")},
        rows[2],
        {**rows[3], "name": "new"},
        {**rows[0], "id": 5},
    ]


@pytest.fixture(params=["frame", "sqlite", "postgresql", "duckdb"])
def live(request: pytest.FixtureRequest) -> Any:
    """Where the rows are now, and how to read all of them."""
    rows = spoil(SAVED)
    if request.param == "frame":
        yield backup.FrameSource(rows, key="id", schema=SCHEMA)
        return
    columns = "id bigint, name text, amount numeric(12,2), seen timestamptz"
    values = [tuple(row.values()) for row in rows]
    if request.param == "sqlite":
        connection: Any = sqlite3.connect(":memory:")
        connection.execute("CREATE TABLE t (id INTEGER, name TEXT, amount DECIMALTEXT, seen TEXT)")
        texts = [(a, b, None if c is None else str(c), None if d is None else d.isoformat()) for a, b, c, d in values]
        connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", texts)
        connection.commit()
        yield backup.SqliteSource(connection, "t", key="id", schema=SCHEMA)
    elif request.param == "duckdb":
        duckdb = pytest.importorskip("duckdb", reason="needs duckdb")
        connection = duckdb.connect()
        connection.execute(f"CREATE TABLE t ({columns.replace('numeric', 'DECIMAL')})")
        connection.executemany(
            "INSERT INTO t VALUES (?, ?, ?, ?)",
            [(a, b, c, None if d is None else d.isoformat()) for a, b, c, d in values],
        )
        yield backup.DuckdbSource(connection, "t", key="id", schema=SCHEMA)
    else:
        psycopg = pytest.importorskip("psycopg", reason="needs psycopg")
        with psycopg.connect(request.getfixturevalue("postgres_url"), autocommit=True) as connection:
            connection.execute(f"CREATE TABLE t ({columns})")
            with connection.cursor() as cursor:
                cursor.executemany("INSERT INTO t VALUES (%s, %s, %s, %s)", values)
            yield backup.PostgresSource(connection, "t", key="id")


def now(source: backup.Source, frame: Any = None) -> Any:
    return backup.snapshot(backup.FrameSource(frame, key="id", schema=SCHEMA) if frame is not None else source).root


def of(rows: list[dict[str, Any]]) -> Any:
    return backup.snapshot(backup.FrameSource(rows, key="id", schema=SCHEMA)).root


def test_deleted_and_overwritten_rows_come_back_and_nothing_else_changes(live: Any, tmp_path: Path) -> None:
    before = now(live)
    plan = backup.recover(saved(), live, keys=[1, 2, 3, 9])
    assert [(row.kind, row.key) for row in plan.rows] == [("restore", (1,)), ("overwrite", (2,))]
    assert plan.rows[1].columns == ("name", "amount")
    assert (plan.unchanged, plan.not_in_backup) == (1, ((9,),))
    assert len(plan.to_frame(like=[])) == 2
    assert now(live) == before
    log = tmp_path / "recovery.jsonl"
    done = plan.apply(log=log, by="lin", reason="deleted by mistake")
    wanted = [SAVED[0], SAVED[1], SAVED[2], {**SAVED[3], "name": "new"}, {**SAVED[0], "id": 5}]
    assert now(live, done.frame) == of(wanted)

    again = backup.Recovery.load(log)
    assert again.rows == done.rows
    assert (again.by, again.reason, again.run_id) == ("lin", "deleted by mistake", done.run_id)
    target = live if done.frame is None else backup.FrameSource(done.frame, key="id", schema=SCHEMA)
    frame = again.revert(target)
    assert now(live, frame) == before


def test_one_column_of_a_row_can_be_brought_back(live: Any) -> None:
    done = backup.recover(saved(), live, keys=[2, 1], columns=["amount"]).apply()
    wanted = [SAVED[0], {**SAVED[1], "name": "?"}, SAVED[2], {**SAVED[3], "name": "new"}, {**SAVED[0], "id": 5}]
    assert now(live, done.frame) == of(wanted)


def test_a_row_that_changed_after_the_preview_stops_everything(live: Any) -> None:
    if isinstance(live, backup.FrameSource):
        return  # a frame that was read does not change
    plan = backup.recover(saved(), live, keys=[1, 2, 4])
    live.connection.execute("UPDATE t SET name = 'somebody else' WHERE id = 4")
    before = now(live)
    with pytest.raises(ConflictError, match="1 rows") as caught:
        plan.apply()
    assert caught.value.conflicts == ((4,),)
    assert now(live) == before
    live.connection.execute("INSERT INTO t (id) VALUES (1)")
    with pytest.raises(ConflictError) as caught:
        plan.apply()
    assert caught.value.conflicts == ((1,), (4,))


def test_undoing_after_later_work_is_refused(live: Any) -> None:
    done = backup.recover(saved(), live, keys=[1]).apply()
    if done.frame is not None:
        frame = [{**row, "name": "later"} if row["id"] == 1 else row for row in done.frame]
        live = backup.FrameSource(frame, key="id", schema=SCHEMA)
    else:
        live.connection.execute("UPDATE t SET name = 'later' WHERE id = 1")
    with pytest.raises(ConflictError):
        done.revert(live)


def test_wrong_use_is_refused_and_no_value_is_shown(tmp_path: Path) -> None:
    live = backup.FrameSource(spoil(SAVED), key="id", schema=SCHEMA)
    with pytest.raises(SchemaError, match="key"):
        backup.recover(backup.FrameSource(SAVED), live, keys=[1])
    with pytest.raises(SchemaError, match="'more'"):
        backup.recover(backup.FrameSource([{**SAVED[0], "more": 1}], key="id"), live, keys=[1])
    with pytest.raises(NotFoundError, match="'name'"):
        backup.recover(saved(), live, keys=[1], columns=["nam"])
    with pytest.raises(ShapeError):
        backup.recover(saved(), live, keys=[(1, 2)])
    with pytest.raises(SchemaError, match="twice"):
        backup.recover(backup.FrameSource([SAVED[0], SAVED[0]], key="id", schema=SCHEMA), live, keys=[1])
    plan = backup.recover(saved(), live, keys=[1, 2])
    assert "Ana" not in repr(plan) + repr(plan.rows)
    assert "2 rows" in repr(plan.apply(log=tmp_path / "log"))
    with pytest.raises(NotFoundError):
        backup.Recovery.load(tmp_path / "log", run_id="nothing")
    data = (tmp_path / "log").read_bytes()
    (tmp_path / "log").write_bytes(data.replace(b'"restore"', b'"overwrit"'))
    with pytest.raises(TamperedLogError):
        backup.Recovery.load(tmp_path / "log")
    path = tmp_path / "t.csv"
    path.write_text("id,name,amount,seen\n")
    source = backup.CsvSource(path, schema=SCHEMA, key="id")
    with pytest.raises(SchemaError, match="load the file"):
        backup.recover(saved(), source, keys=[1]).apply()


def test_an_open_transaction_stays_the_callers(postgres_url: str) -> None:
    psycopg = pytest.importorskip("psycopg", reason="needs psycopg")
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE t (id bigint, name text, amount numeric(12,2), seen timestamptz)")
        connection.commit()
        live = backup.PostgresSource(connection, "t", key="id")
        backup.recover(saved(), live, keys=[1]).apply()
        assert now(live) == of(SAVED[:1])
        connection.rollback()
        assert backup.snapshot(live).rows == 0


# -- harm that a recovery must not do ------------------------------------------------------------------------------


def contacts(*statements: str) -> tuple[sqlite3.Connection, backup.SqliteSource, backup.Source]:
    """A small table in SQLite, and its backup with one contact."""
    connection = sqlite3.connect(":memory:")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    kept = backup.FrameSource([{"id": 1, "email": "a@example.com"}], key="id")
    return connection, backup.SqliteSource(connection, "t", key="id"), kept


@pytest.mark.parametrize("rule", ["REPLACE", "IGNORE", "ROLLBACK", "ABORT"])
def test_a_row_that_is_in_the_way_of_one_that_comes_back_stays(rule: str) -> None:
    connection, live, kept = contacts(
        f"CREATE TABLE t (id INTEGER, email TEXT UNIQUE ON CONFLICT {rule})",
        "INSERT INTO t VALUES (2, 'a@example.com')",
        "INSERT INTO t VALUES (3, 'b@example.com')",
    )
    connection.execute("UPDATE t SET email = 'c@example.com' WHERE id = 3")  # the caller's open transaction
    with pytest.raises(ConflictError) as caught:
        backup.recover(kept, live, keys=[1]).apply()
    assert caught.value.conflicts == ((1,),)
    assert "example" not in str(caught.value)
    assert connection.execute("SELECT * FROM t").fetchall() == [(2, "a@example.com"), (3, "c@example.com")]
    assert connection.in_transaction


def test_a_change_of_case_alone_is_a_change_whatever_the_collation() -> None:
    connection, live, kept = contacts(
        "CREATE TABLE t (id INTEGER, email TEXT COLLATE NOCASE)", "INSERT INTO t VALUES (1, 'old')"
    )
    plan = backup.recover(kept, live, keys=[1])
    connection.execute("UPDATE t SET email = 'OLD'")
    with pytest.raises(ConflictError):
        plan.apply()
    assert connection.execute("SELECT email FROM t").fetchall() == [("OLD",)]


def test_a_run_that_changed_nothing_cannot_be_undone(tmp_path: Path) -> None:
    connection, live, kept = contacts("CREATE TABLE t (id INTEGER, email TEXT)")
    first = backup.recover(kept, live, keys=[1])
    second = backup.recover(kept, live, keys=[1])
    done = first.apply(log=tmp_path / "log")
    with pytest.raises(ConflictError):
        second.apply(log=tmp_path / "log")
    assert backup.Recovery.load(tmp_path / "log").run_id == done.run_id
    with pytest.raises(ConflictError):
        first.apply(log=tmp_path / "other")
    with pytest.raises(NotFoundError):
        backup.Recovery.load(tmp_path / "other")
    assert connection.execute("SELECT id FROM t").fetchall() == [(1,)]


@pytest.mark.parametrize("action", ["CASCADE", "SET NULL"])
@pytest.mark.parametrize("named", [True, False])
def test_undoing_takes_no_row_along_that_came_to_refer_to_a_restored_one(action: str, named: bool) -> None:
    connection, live, kept = contacts(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, email TEXT)",
        f"CREATE TABLE notes (id INTEGER, contact INTEGER REFERENCES t{'(id)' if named else ''} ON DELETE {action})",
    )
    connection.execute("PRAGMA foreign_keys = ON")
    done = backup.recover(kept, live, keys=[1]).apply()
    connection.execute("INSERT INTO notes VALUES (7, 1)")
    with pytest.raises(ConflictError, match="refer"):
        done.revert(live)
    assert connection.execute("SELECT * FROM notes").fetchall() == [(7, 1)]
    connection.execute("DELETE FROM notes")
    done.revert(live)
    assert connection.execute("SELECT * FROM t").fetchall() == []


def test_undoing_deletes_no_row_with_columns_that_nobody_compared() -> None:
    connection, _, kept = contacts("CREATE TABLE t (id INTEGER, email TEXT, note TEXT)")
    live = backup.SqliteSource(connection, "t", key="id", schema=backup.row_schema({"id": "int", "email": "text"}))
    done = backup.recover(kept, live, keys=[1]).apply()
    connection.execute("UPDATE t SET note = 'work of somebody'")
    with pytest.raises(ConflictError, match="did not know"):
        done.revert(live)
    assert connection.execute("SELECT note FROM t").fetchall() == [("work of somebody",)]


@pytest.mark.parametrize("temporary", ["", "TEMP"])
def test_a_view_of_sqlite_is_no_table_to_recover_into(temporary: str) -> None:
    connection, _, kept = contacts("CREATE TABLE u (id INTEGER, email TEXT)", "INSERT INTO u VALUES (2, 'b')")
    connection.execute(f"CREATE {temporary} VIEW T AS SELECT * FROM u")
    connection.commit()
    live = backup.SqliteSource(connection, "t", key="id", schema=backup.row_schema({"id": "int", "email": "text"}))
    with pytest.raises(SchemaError, match="view"):
        backup.recover(kept, live, keys=[1]).apply()
    assert not connection.in_transaction


def test_one_text_is_no_list_of_keys() -> None:
    rows = backup.FrameSource([{"id": "a", "email": "x"}, {"id": "ab", "email": "y"}], key="id")
    with pytest.raises(ShapeError, match="list of keys"):
        backup.recover(rows, rows, keys="ab")


def test_postgresql_keeps_live_rows_and_the_callers_transaction(postgres_url: str) -> None:
    psycopg = pytest.importorskip("psycopg", reason="needs psycopg")
    kept = backup.FrameSource([{"id": 1, "part": 1, "email": "a@example.com"}], key=("id", "part"))
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY, part bigint, email varchar(20) UNIQUE,"
            "PRIMARY KEY (id, part))"
        )
        connection.execute(
            "CREATE TABLE notes (id int, c bigint, p bigint, FOREIGN KEY (c, p) REFERENCES t ON DELETE CASCADE)"
        )
        live = backup.PostgresSource(connection, "t", key=("id", "part"))
        plan = backup.recover(kept, live, keys=[(1, 1)])

        connection.execute("BEGIN")  # the caller's, although the connection says autocommit
        plan.apply()
        connection.execute("ROLLBACK")
        assert backup.snapshot(live).rows == 0

        connection.execute("INSERT INTO t (part, email) VALUES (2, 'a@example.com')")
        with pytest.raises(ConflictError, match="rule of the table") as caught:
            plan.apply()
        assert "example" not in str(caught.value)
        assert caught.value.__cause__ is None
        connection.execute("DELETE FROM t")

        done = plan.apply()
        connection.execute("INSERT INTO notes VALUES (7, 1, 1)")
        with pytest.raises(ConflictError, match="refer"):
            done.revert(live)
        assert connection.execute("SELECT count(*) FROM notes").fetchone() == (1,)
        connection.execute("DELETE FROM notes")
        done.revert(live)
        assert backup.snapshot(live).rows == 0


def test_postgresql_sees_a_change_of_case_alone_in_a_column_that_does_not(postgres_url: str) -> None:
    psycopg = pytest.importorskip("psycopg", reason="needs psycopg")
    schema = backup.row_schema({"id": "int", "name": "text", "code": "text"})
    kept = backup.FrameSource([{"id": 1, "name": "Ana", "code": "ab  "}], key="id", schema=schema)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            "CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
        )
        connection.execute("CREATE TABLE t (id int, name text COLLATE nocase, code char(4))")
        connection.execute("INSERT INTO t VALUES (1, 'bo', 'cd')")
        live = backup.PostgresSource(connection, "t", key="id", schema=schema)
        plan = backup.recover(kept, live, keys=[1])
        connection.execute("UPDATE t SET name = 'BO'")
        with pytest.raises(ConflictError):
            plan.apply()
        done = backup.recover(kept, live, keys=[1]).apply()
        assert connection.execute("SELECT name, code FROM t").fetchone() == ("Ana", "ab  ")
        done.revert(live)
        assert connection.execute("SELECT name, code FROM t").fetchone() == ("BO", "cd  ")
