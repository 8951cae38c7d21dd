"""What tables in databases share: digested by the server where SQL can, by Python where it cannot."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from crmkit._canonical import LogicalType, RowSchema, keyed_digests
from crmkit.backup._rows._buckets import Index, bucket_count, leaf_of
from crmkit.backup._rows._sql import bucket_sql, inexact_sql, quoted, row_sql, server_side, table_name
from crmkit.errors import InvalidValueError, SchemaError

from ._base import BLOCK, Source
from ._declared import logical_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from crmkit.backup._rows._buckets import Pairs
    from crmkit.backup._rows._sql import Dialect

_ROWS_TO_AGGREGATE: Final = 100_000
"""Most rows of one bucket, in the mean, whose digests a server is asked to join: they are in its memory at once."""


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
        found = {}
        for name, declared, scale in self._declared():
            kind = logical_type(self.dialect, declared, scale)
            if kind is None:
                raise SchemaError(f"column {name!r} is of type {declared!r}; say its type with schema=")
            found[name] = kind
        return found

    def _declared(self) -> Iterable[tuple[str, str, int | None]]:
        """Return each column's name, its type in the engine's words, and its scale where that is known apart."""
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
        if not self._in_server(schema):
            for columns in self.blocks(schema):
                yield keyed_digests(schema, self.key, columns)
            return
        for block in self._stream(row_sql(self.dialect, self.table, schema, key=self.key)):
            yield [bytes.fromhex(pair[0]) for pair in block], [bytes.fromhex(pair[1]) for pair in block]

    def index(self, schema: RowSchema, buckets: int | None) -> Index:
        """Let the server make the leaves where it can: then it sends one line a bucket, and no row."""
        rows = self._count()
        wanted = buckets or bucket_count(rows)
        if rows > wanted * _ROWS_TO_AGGREGATE or not self._in_server(schema):
            return super().index(schema, buckets)
        found = self._execute(bucket_sql(self.dialect, self.table, schema, key=self.key, buckets=wanted)).fetchall()
        total = sum(line[1] for line in found)
        if buckets is None and bucket_count(total) != wanted:  # other rows by now; so many that the layout changed
            return super().index(schema, buckets)
        leaves = {int(line[0]): bytes.fromhex(line[3]) for line in found}
        empty = leaf_of(())
        return Index(
            tuple(leaves.get(number, empty) for number in range(wanted)),
            total,
            total - sum(line[2] for line in found),
        )

    def _count(self) -> int:
        return int(self._execute(f"SELECT count(*) FROM {table_name(self.table)}").fetchone()[0])  # noqa: S608  quoted

    def _in_server(self, schema: RowSchema) -> bool:
        """Whether the server digests rows of this schema; values without an exact text are refused here."""
        if server_side(self.dialect, schema) is not None:
            return False
        for name, why, sql in inexact_sql(self.dialect, self.table, schema):
            found = self._execute(sql).fetchone()[0]
            if found:
                raise InvalidValueError(f"{self.name}, column {name!r}: {found} values are {why}")
        return True

    def blocks(self, schema: RowSchema) -> Iterator[Mapping[str, Sequence[object]]]:
        """Read the table in blocks."""
        wanted = ", ".join(self._selected(name, kind) for name, kind in schema.columns.items())
        sql = f"SELECT {wanted} FROM {table_name(self.table)}"  # noqa: S608  names are quoted
        empty = True
        for block in self._stream(sql):
            columns = zip(*block, strict=True)
            yield {
                name: self._column(name, values, schema.columns[name])
                for name, values in zip(schema.columns, columns, strict=True)
            }
            empty = False
        if empty:
            yield {name: [] for name in schema.columns}

    def _column(self, name: str, values: Iterable[object], kind: LogicalType) -> Sequence[object]:
        try:
            return self._values(values, kind)
        except InvalidValueError as error:
            raise InvalidValueError(f"{self.name}, column {name!r}: {error}") from None

    def _selected(self, name: str, kind: LogicalType) -> str:
        del kind
        return quoted(name)

    def _values(self, values: Iterable[object], kind: LogicalType) -> Sequence[object]:
        del kind
        return list(values)


def from_epoch(text: str, *, aware: bool) -> object:
    if text.endswith("infinity"):
        return float(text.replace("infinity", "inf"))
    start = dt.datetime(1970, 1, 1, tzinfo=dt.UTC if aware else None)
    return start + dt.timedelta(microseconds=int(Decimal(text) * 1_000_000))
