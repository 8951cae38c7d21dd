"""Tables in PostgreSQL."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from crmkit.backup._rows._sql import quoted, table_name

from ._base import BLOCK
from ._database import DatabaseSource, from_epoch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crmkit._canonical import LogicalType
    from crmkit.backup._rows._sql import Dialect


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

    def _declared(self) -> Iterator[tuple[str, str, int | None]]:
        sql = (
            "SELECT attname, format_type(atttypid, NULL), atttypmod FROM pg_attribute "
            "WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        )
        for name, kind, modifier in self._execute(sql, [table_name(self.table)]).fetchall():
            yield name, kind, self._scale(name, modifier) if kind == "numeric" else None

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
            return [
                None if value is None else from_epoch(str(value), aware=kind.kind == "timestamptz") for value in values
            ]
        return list(values)
