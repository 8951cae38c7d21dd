"""Tables in databases: digested by the server where SQL can, by Python where it cannot."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import hashlib
import json
import re
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from crmkit._canonical import LogicalType, RowSchema, rows
from crmkit.errors import InvalidValueError, SchemaError

from ._snapshot import schema_of
from ._sources import BLOCK, Source, digest_block, parser
from ._sql import SQLITE_CELL, SQLITE_SHA256, Dialect, inexact_sql, quoted, row_sql, server_side, table_name

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ._sources import Pairs


class DatabaseSource(Source):
    """What the three databases share.

    .. versionadded:: 0.1.0
    """

    dialect: Dialect

    def __init__(
        self,
        connection: Any,
        table: str | Sequence[str],
        *,
        key: str | Sequence[str] = (),
        schema: RowSchema | None = None,
    ) -> None:
        super().__init__(table if isinstance(table, str) else table[-1], key)
        self.connection = connection
        self.table: tuple[str, ...] = (table,) if isinstance(table, str) else tuple(table)
        self._schema = schema

    def schema(self) -> RowSchema:
        """Return the given types, or those of the table."""
        if self._schema is None:
            found = self._columns()
            if not found:
                raise SchemaError(f"no table {self.name!r}, or it has no columns")
            self._schema = RowSchema(found)
        return self._schema

    def _columns(self) -> dict[str, LogicalType]:
        raise NotImplementedError

    def cursor(self) -> Any:
        """Return a cursor in the connection's own transaction."""
        return self.connection.cursor()

    def _execute(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        cursor = self.cursor()
        cursor.execute(sql, parameters) if parameters else cursor.execute(sql)
        return cursor

    def _stream(self, sql: str) -> Iterator[list[tuple[Any, ...]]]:
        cursor = self._execute(sql)
        while block := cursor.fetchmany(BLOCK):
            yield block

    def digests(self, schema: RowSchema) -> Iterator[Pairs]:
        """Yield digests that the server computed, or Python where SQL has no exact text."""
        if server_side(self.dialect, schema) is not None:
            for columns in self.blocks(schema):
                yield digest_block(schema, self.key, columns)
            return
        for name, why, sql in inexact_sql(self.dialect, self.table, schema):
            found = self._execute(sql).fetchone()[0]
            if found:
                raise InvalidValueError(f"{self.name}, column {name!r}: {found} values are {why}")
        for block in self._stream(row_sql(self.dialect, self.table, schema, key=self.key)):
            yield [bytes.fromhex(pair[0]) for pair in block], [bytes.fromhex(pair[1]) for pair in block]

    def blocks(self, schema: RowSchema) -> Iterator[Mapping[str, Sequence[object]]]:
        """Read the table in blocks."""
        wanted = ", ".join(self._selected(name, kind) for name, kind in schema.columns.items())
        sql = f"SELECT {wanted} FROM {table_name(self.table)}"  # noqa: S608  names are quoted
        empty = True
        for block in self._stream(sql):
            columns = zip(*block, strict=True)
            yield {
                name: self._values(values, schema.columns[name])
                for name, values in zip(schema.columns, columns, strict=True)
            }
            empty = False
        if empty:
            yield {name: [] for name in schema.columns}

    def _selected(self, name: str, kind: LogicalType) -> str:
        del kind
        return quoted(name)

    def _values(self, values: Iterable[object], kind: LogicalType) -> Sequence[object]:
        del kind
        return list(values)


_POSTGRES: Final[Mapping[str, LogicalType]] = {
    **dict.fromkeys(("smallint", "integer", "bigint"), LogicalType(kind="int")),
    **dict.fromkeys(("real", "double precision"), LogicalType(kind="float64")),
    **dict.fromkeys(("text", "character varying", "name", "citext"), LogicalType(kind="text")),
    "boolean": LogicalType(kind="bool"),
    "date": LogicalType(kind="date"),
    "timestamp without time zone": LogicalType(kind="timestamp"),
    "timestamp with time zone": LogicalType(kind="timestamptz"),
    "bytea": LogicalType(kind="bytes"),
    "uuid": LogicalType(kind="uuid"),
    **dict.fromkeys(("json", "jsonb"), LogicalType(kind="json")),
}


class PostgresSource(DatabaseSource):
    """A table in PostgreSQL 14 or newer, over a psycopg connection.

    Take all snapshots of a backup in one ``REPEATABLE READ`` transaction, the one that the dump uses, so that they are
    of one moment.  A ``numeric`` column without a declared scale gets the largest scale that its values have.

    Args:
        connection: What ``psycopg.connect`` returned.
        table: Name, or schema and name.
        key: Columns that tell rows apart.
        schema: Types of the columns; those of the table where ``None``.

    Note:
        :doc:`/how-to/compare-tables` shows it.

    .. versionadded:: 0.1.0
    """

    dialect: Dialect = "postgresql"

    def _columns(self) -> dict[str, LogicalType]:
        sql = (
            "SELECT attname, format_type(atttypid, NULL), atttypmod FROM pg_attribute "
            "WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        )
        found: dict[str, LogicalType] = {}
        for name, kind, modifier in self._execute(sql, [table_name(self.table)]).fetchall():
            if kind == "numeric":
                found[name] = LogicalType(kind="decimal", scale=self._scale(name, modifier))
            elif kind in _POSTGRES:
                found[name] = _POSTGRES[kind]
            else:
                raise SchemaError(f"column {name!r} is of type {kind}; say its type with schema=")
        return found

    def _scale(self, name: str, modifier: int) -> int:
        if modifier >= 0:
            scale = (modifier - 4) & 0x7FF
            return scale if scale < 1024 else 0
        sql = f"SELECT coalesce(max(scale({quoted(name)})), 0) FROM {table_name(self.table)}"  # noqa: S608  quoted
        return int(self._execute(sql).fetchone()[0])

    def _stream(self, sql: str) -> Iterator[list[tuple[Any, ...]]]:
        if getattr(self.connection, "autocommit", False):
            yield from super()._stream(sql)
            return
        # A cursor of the server: rows come in blocks, and a large table is never in memory.
        with self.connection.cursor(name=f"crmkit_{uuid.uuid4().hex}") as cursor:
            cursor.execute(sql)
            while block := cursor.fetchmany(BLOCK):
                yield block

    def _selected(self, name: str, kind: LogicalType) -> str:
        x = quoted(name)
        if kind.kind == "float64":
            return f"{x}::float8"
        if kind.kind in ("timestamp", "timestamptz"):
            # psycopg has no infinite times; the text says them, and a zone does not matter.
            return f"CASE WHEN isfinite({x}) THEN extract(epoch from {x})::text ELSE {x}::text END"
        return x

    def _values(self, values: Iterable[object], kind: LogicalType) -> Sequence[object]:
        if kind.kind in ("timestamp", "timestamptz"):
            return [None if value is None else _epoch(str(value), aware=kind.kind == "timestamptz") for value in values]
        return list(values)


def _epoch(text: str, *, aware: bool) -> object:
    if text.endswith("infinity"):
        return float(text.replace("infinity", "inf"))
    start = dt.datetime(1970, 1, 1, tzinfo=dt.UTC if aware else None)
    return start + dt.timedelta(microseconds=int(Decimal(text) * 1_000_000))


_DUCKDB: Final[Mapping[str, LogicalType]] = {
    **dict.fromkeys(
        (
            *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"),
            *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
        ),
        LogicalType(kind="int"),
    ),
    **dict.fromkeys(("FLOAT", "DOUBLE"), LogicalType(kind="float64")),
    "VARCHAR": LogicalType(kind="text"),
    "BOOLEAN": LogicalType(kind="bool"),
    "DATE": LogicalType(kind="date"),
    "TIMESTAMP": LogicalType(kind="timestamp"),
    "TIMESTAMP WITH TIME ZONE": LogicalType(kind="timestamptz"),
    "BLOB": LogicalType(kind="bytes"),
    "UUID": LogicalType(kind="uuid"),
    "JSON": LogicalType(kind="json"),
}


class DuckdbSource(DatabaseSource):
    """A table or view in DuckDB.

    Args:
        connection: What ``duckdb.connect`` returned.
        table: Name, or schema and name.
        key: Columns that tell rows apart.
        schema: Types of the columns; those of the table where ``None``.

    Note:
        :doc:`/how-to/compare-tables` shows it.

    .. versionadded:: 0.1.0
    """

    dialect: Dialect = "duckdb"

    def cursor(self) -> Any:
        """Return the connection itself: what DuckDB calls a cursor is another connection, with its own transaction."""
        return self.connection

    def _columns(self) -> dict[str, LogicalType]:
        found: dict[str, LogicalType] = {}
        for name, kind, *_ in self._execute(f"DESCRIBE {table_name(self.table)}").fetchall():
            scale = re.fullmatch(r"DECIMAL\(\d+,\s*(\d+)\)", kind)
            if scale:
                found[name] = LogicalType(kind="decimal", scale=int(scale[1]))
            elif kind in _DUCKDB:
                found[name] = _DUCKDB[kind]
            else:
                raise SchemaError(f"column {name!r} is of type {kind}; say its type with schema=")
        return found

    def _selected(self, name: str, kind: LogicalType) -> str:
        x = quoted(name)
        if kind.kind == "float64":
            return f"{x}::DOUBLE"
        if kind.kind in ("timestamp", "timestamptz"):
            # As a number: DuckDB needs a library of time zones to make a Python object of the other.
            return f"CASE WHEN isfinite({x}) THEN epoch_us({x})::VARCHAR ELSE {x}::VARCHAR END"
        return x

    def _values(self, values: Iterable[object], kind: LogicalType) -> Sequence[object]:
        if kind.kind in ("timestamp", "timestamptz"):
            aware = kind.kind == "timestamptz"
            return [
                None
                if value is None
                else _epoch(str(value) if str(value).endswith("infinity") else f"{value}e-6", aware=aware)
                for value in values
            ]
        if kind.kind == "json":
            return [None if value is None else json.loads(str(value)) for value in values]
        return list(values)


_SQLITE: Final = (
    (r"BOOL(EAN)?", LogicalType(kind="bool")),
    (r"TIMESTAMPTZ|TIMESTAMP WITH TIME ZONE", LogicalType(kind="timestamptz")),
    (r"DATETIME|TIMESTAMP", LogicalType(kind="timestamp")),
    (r"DATE", LogicalType(kind="date")),
    (r"UUID", LogicalType(kind="uuid")),
    (r"JSON", LogicalType(kind="json")),
    (r".*INT.*", LogicalType(kind="int")),
    (r".*(CHAR|CLOB|TEXT).*", LogicalType(kind="text")),
    (r".*BLOB.*", LogicalType(kind="bytes")),
    (r".*(REAL|FLOA|DOUB).*", LogicalType(kind="float64")),
)


class SqliteSource(DatabaseSource):
    """A table in SQLite, by the standard library's module.

    SQLite has no types for times, decimals and truth values: a column that is declared so holds text (ISO 8601), or
    numbers, and is read as what it is declared; a value that is not that is an error and not a guess.

    Args:
        connection: What ``sqlite3.connect`` returned.
        table: Name.
        key: Columns that tell rows apart.
        schema: Types of the columns; those that the table declares where ``None``.

    Example:
        >>> import sqlite3
        >>> from crmkit.backup import snapshot
        >>> database = sqlite3.connect(":memory:")
        >>> _ = database.execute("CREATE TABLE people (id INTEGER, name TEXT)")
        >>> _ = database.execute("INSERT INTO people VALUES (1, 'Zoë')")
        >>> snapshot(SqliteSource(database, "people", key="id")).rows
        1

    .. versionadded:: 0.1.0
    """

    dialect: Dialect = "sqlite"

    def _columns(self) -> dict[str, LogicalType]:
        found: dict[str, LogicalType] = {}
        for _, name, declared, *_ in self._execute(f"PRAGMA table_info({quoted(self.table[-1])})").fetchall():
            scale = re.fullmatch(r"(?:DECIMAL|NUMERIC)\(\d+,\s*(\d+)\)", declared.upper())
            if scale:
                found[name] = LogicalType(kind="decimal", scale=int(scale[1]))
                continue
            kind = next((kind for pattern, kind in _SQLITE if re.fullmatch(pattern, declared.upper())), None)
            if kind is None:
                raise SchemaError(f"column {name!r} is declared {declared!r}; say its type with schema=")
            found[name] = kind
        return found

    def digests(self, schema: RowSchema) -> Iterator[Pairs]:
        """Yield digests that SQLite computed with crmkit's functions."""
        register_sqlite(self.connection)
        import sqlite3

        try:
            yield from super().digests(schema)
        except sqlite3.OperationalError as error:
            if "user-defined function" not in str(error):
                raise
            raise InvalidValueError(f"{self.name}: a value has no exact text as its column's type") from None

    def _values(self, values: Iterable[object], kind: LogicalType) -> Sequence[object]:
        return [None if value is None else _from_sqlite(value, kind) for value in values]


def _from_sqlite(value: object, kind: LogicalType) -> object:
    """Return a stored value as what its column is declared to hold."""
    said = kind.kind
    if isinstance(value, str) and said not in ("text", "int", "float64", "list", "map"):
        with contextlib.suppress(ValueError, ArithmeticError, KeyError):
            return parser(kind)(value)
        raise InvalidValueError(f"{said} wanted, not this text")
    if said == "bool" and value in (0, 1):
        return bool(value)
    if said == "decimal" and isinstance(value, float):
        # NUMERIC columns keep 1.5 as a double; its shortest text is what was put in.
        return Decimal(repr(value))
    return value


@functools.lru_cache(maxsize=256)
def _kind(said: str) -> RowSchema:
    return schema_of({"columns": [{"name": "cell", **json.loads(said)}], "format": "crmkit-row/1"})


def register_sqlite(connection: sqlite3.Connection) -> None:
    """Give an SQLite connection the two functions that ``row_sql("sqlite", ...)`` calls.

    Example:
        >>> import sqlite3
        >>> database = sqlite3.connect(":memory:")
        >>> register_sqlite(database)
        >>> kind = '{"type":"float64"}'
        >>> database.execute("SELECT crmkit_cell(-0.0, ?)", [kind]).fetchone()
        ('16:0000000000000000',)

    .. versionadded:: 0.1.0
    """

    def cell(value: object, said: str) -> str:
        schema = _kind(said)
        kind = schema.columns["cell"]
        found = None if value is None else _from_sqlite(value, kind)
        return rows(schema, {"cell": [found]})[0].decode()

    def digest(row: str) -> str:
        return hashlib.sha256(row.encode()).hexdigest()

    connection.create_function(SQLITE_CELL, 2, cell, deterministic=True)
    connection.create_function(SQLITE_SHA256, 1, digest, deterministic=True)
