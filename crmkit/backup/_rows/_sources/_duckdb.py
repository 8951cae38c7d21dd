"""Tables and views in DuckDB."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from crmkit.backup._rows._sql import quoted, table_name

from ._database import DatabaseSource, from_epoch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crmkit._canonical import LogicalType
    from crmkit.backup._rows._sql import Dialect


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

    def _declared(self) -> Iterator[tuple[str, str, int | None]]:
        for name, kind, *_ in self._execute(f"DESCRIBE {table_name(self.table)}").fetchall():
            yield name, kind, None

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
                else from_epoch(str(value) if str(value).endswith("infinity") else f"{value}e-6", aware=aware)
                for value in values
            ]
        if kind.kind == "json":
            return [None if value is None else json.loads(str(value)) for value in values]
        return list(values)
