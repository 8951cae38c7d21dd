"""Tables in SQLite."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from crmkit._canonical import LogicalType, RowSchema, rows
from crmkit.backup._rows._snapshot import schema_of
from crmkit.backup._rows._sql import SQLITE_CELL, SQLITE_SHA256, quoted
from crmkit.errors import InvalidValueError

from ._database import DatabaseSource
from ._text import parser, read_at_once

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from crmkit.backup._rows._sql import Dialect


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

    def _declared(self) -> Iterator[tuple[str, str, int | None]]:
        for _, name, declared, *_ in self._execute(f"PRAGMA table_info({quoted(self.table[-1])})").fetchall():
            yield name, declared, None

    def _in_server(self, schema: RowSchema) -> bool:
        """SQLite is no server: fetching its rows costs less than its calling Python for each cell of them."""
        del schema
        return False

    def _values(self, values: Iterable[object], kind: LogicalType) -> Sequence[object]:
        held = list(values)
        types = set(map(type, held)) - {type(None)}
        if types <= _AS_STORED.get(kind.kind, set()):
            return held
        if types == {str} and None not in held and kind.kind in _WRITTEN:
            known_all = read_at_once(kind, held)  # type: ignore[arg-type]  # their types were looked at
            if known_all is not None:
                return known_all
        if types <= {str} or types <= {int}:  # of one type, so that equal values are the same: each is read once
            known = {value: None if value is None else _from_sqlite(value, kind) for value in set(held)}
            return list(map(known.__getitem__, held))
        return [None if value is None else _from_sqlite(value, kind) for value in held]


_AS_STORED: Final[Mapping[str, set[type]]] = {"int": {int}, "text": {str}, "float64": {float}, "bytes": {bytes}}


_WRITTEN: Final = ("date", "timestamp", "timestamptz", "decimal")
"""Kinds that SQLite has no type for, and that are read from text."""
_reader = functools.lru_cache(maxsize=256)(parser)


def _from_sqlite(value: object, kind: LogicalType) -> object:
    """Return a stored value as what its column is declared to hold."""
    said = kind.kind
    if isinstance(value, str) and said not in ("text", "int", "float64", "list", "map"):
        with contextlib.suppress(ValueError, ArithmeticError, KeyError):
            return _reader(kind)(value)
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
