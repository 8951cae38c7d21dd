"""Writing rows back: into a new frame, or into a table within one savepoint; compare-and-set, all or none."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

from crmkit import frames
from crmkit._canonical import keyed_digests
from crmkit.errors import ConflictError, SchemaError

from ._recover_children import children, require_table
from ._sources._database import DatabaseSource
from ._sources._frame import FrameSource
from ._sql import quoted, table_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit._canonical import RowSchema
    from crmkit.typing import Frame

    from ._sources._base import Source

Row: TypeAlias = "tuple[object, ...]"
RecoveryKind: TypeAlias = Literal["restore", "overwrite"]


@attrs.frozen(kw_only=True)
class RowRecovery:
    """One row that would be brought back.

    Attributes:
        kind: ``"restore"`` for a deleted row, ``"overwrite"`` for one whose columns were changed.
        key: The key's cells.
        columns: Columns that change; all of them for a deleted row.
        before: What the live row holds in them now; empty for a deleted one.
        after: What the backup holds.

    .. versionadded:: 0.1.0
    """

    kind: RecoveryKind
    key: tuple[object, ...] = attrs.field(repr=False)
    columns: tuple[str, ...]
    before: tuple[object, ...] = attrs.field(repr=False)
    after: tuple[object, ...] = attrs.field(repr=False)


def rows_by_key(source: Source, schema: RowSchema, wanted: Sequence[Row]) -> dict[Row, tuple[bytes, Row]]:
    """Return the wanted rows by key: digest and cells."""
    keys = frozenset(wanted)
    found: dict[Row, tuple[bytes, Row]] = {}
    for block in source.blocks(schema):
        cells = [block[name] for name in source.key]
        places = [row for row, key in enumerate(zip(*cells, strict=True)) if key in keys]
        if not places:
            continue
        part = {name: [column[row] for row in places] for name, column in block.items()}
        _, digests = keyed_digests(schema, (), part)
        for number, row in enumerate(places):
            key = tuple(column[row] for column in cells)
            if key in found:
                raise SchemaError(f"{source.name} has a key twice, so a row of it cannot be named")
            found[key] = digests[number], tuple(column[number] for column in part.values())
    return found


def write(
    live: Source, schema: RowSchema, key: Sequence[str], rows: Sequence[RowRecovery], *, undo: bool = False
) -> Frame | None:
    """Change rows that are still what the plan saw, all or none; return the new frame of one.

    Raises:
        ConflictError: A row is not.
        SchemaError: The table is a file.
    """
    if isinstance(live, DatabaseSource):
        _into_database(live, key, rows, undo=undo)
        return None
    if isinstance(live, FrameSource):
        return _into_frame(live, schema, key, rows, undo=undo)
    raise SchemaError("rows go back into a frame or a table of a database; load the file first")


def _conflict(conflicts: Sequence[Row]) -> ConflictError:
    text = f"{len(conflicts)} rows are not what the plan saw; nothing was changed"
    return ConflictError(text, conflicts=conflicts)


def _into_frame(
    live: FrameSource, schema: RowSchema, key: Sequence[str], rows: Sequence[RowRecovery], *, undo: bool
) -> Frame:
    table = live.table
    current = rows_by_key(live, schema, [row.key for row in rows])
    names = list(schema.columns)
    conflicts = []
    for row in rows:
        held = current.get(row.key)
        there = row.before if not undo else row.after
        if row.kind == "restore":
            good = (held is None) != undo and (held is None or _equal(schema, row.columns, held[1], there))
        else:
            good = held is not None and _equal(
                schema, row.columns, tuple(held[1][names.index(name)] for name in row.columns), there
            )
        if not good:
            conflicts.append(row.key)
    if conflicts:
        raise _conflict(conflicts)
    columns = {name: list(table.column(name)) for name in table.columns}
    keys = list(zip(*(columns[name] for name in key), strict=True))
    place = {found: at for at, found in enumerate(keys)}
    gone: set[int] = set()
    for row in rows:
        if row.kind == "overwrite":
            for name, value in zip(row.columns, row.before if undo else row.after, strict=True):
                columns[name][place[row.key]] = value
        elif undo:
            gone.add(place[row.key])
        else:
            for name, value in zip(row.columns, row.after, strict=True):
                columns[name].append(value)
    if gone:
        columns = {name: [value for at, value in enumerate(found) if at not in gone] for name, found in columns.items()}
    return frames.build(columns, like=table)


def _equal(schema: RowSchema, columns: Sequence[str], one: Sequence[object], two: Sequence[object]) -> bool:
    only = type(schema)({name: schema.columns[name] for name in columns})
    block = {name: [left, right] for name, left, right in zip(columns, one, two, strict=True)}
    _, digests = keyed_digests(only, (), block)
    return digests[0] == digests[1]


_BINDING: Final = {"postgresql": "%s", "sqlite": "?", "duckdb": "?"}
_EQUAL: Final = {
    "postgresql": "{x} IS NOT DISTINCT FROM {v}",
    "sqlite": "{x} IS {v}",
    "duckdb": "{x} IS NOT DISTINCT FROM {v}",
}


def _into_database(live: DatabaseSource, key: Sequence[str], rows: Sequence[RowRecovery], *, undo: bool) -> None:
    """Change rows that are still what the plan saw, all within one savepoint."""
    require_table(live)
    cursor = live.cursor()
    conflicts: list[Row] = []
    with _transaction(live):
        statements = _Statements(live, key)
        # Undone in the reverse order: a row that refers to another one of them goes before it.
        for row in reversed(rows) if undo else rows:
            sql, values = statements.of(row, undo=undo)
            try:
                cursor.execute(f"{sql} RETURNING 1", [_bound(live, value) for value in values])
                changed = len(cursor.fetchall())
            except Exception as error:
                if not any(base.__name__ == "IntegrityError" for base in type(error).__mro__):
                    raise
                # The driver's own words quote the row that is in the way.
                text = "a rule of the table (unique, foreign key, check, not null) refuses a row; nothing was changed"
                raise ConflictError(text, conflicts=[row.key]) from None
            if changed != 1:
                conflicts.append(row.key)
        if conflicts:
            raise _conflict(conflicts[::-1] if undo else conflicts)


class _Statements:
    """The SQL of one table's recovery; exact in its comparisons, whatever the columns' collations are."""

    def __init__(self, live: DatabaseSource, key: Sequence[str]) -> None:
        self._live, self._key, self._schema = live, key, live.schema()
        self._name = table_name(live.table)
        self._bind = _BINDING[live.dialect]
        self._types = _column_types(live) if live.dialect == "postgresql" else {}
        self._children: Sequence[str] | None = None

    def of(self, row: RowRecovery, *, undo: bool) -> tuple[str, list[object]]:
        """Return the statement that changes one row, and what it binds."""
        held, wanted = (row.after, row.before) if undo else (row.before, row.after)
        if row.kind == "overwrite":
            assigned = ", ".join(f"{quoted(column)} = {self._bind}" for column in row.columns)
            where = self._where([*self._key, *row.columns])
            return f"UPDATE {self._abort} {self._name} SET {assigned} WHERE {where}", [*wanted, *row.key, *held]  # noqa: S608  quoted
        if undo:
            self._refuse_unseen(row)
            self._refuse_children(row)
            return f"DELETE FROM {self._name} WHERE {self._where(row.columns)}", list(held)  # noqa: S608  quoted
        listed = ", ".join(map(quoted, row.columns))
        places = ", ".join([self._bind] * len(row.columns))
        selected = f"SELECT {places}"
        if self._types:
            # A bare NULL or text in a SELECT would get the wrong type; a key that the server counts up comes back too.
            cast = ", ".join(f"%s::{self._types[column]} AS {quoted(column)}" for column in row.columns)
            selected = f"OVERRIDING SYSTEM VALUE SELECT * FROM (SELECT {cast}) v"  # noqa: S608  quoted
        there = f"SELECT 1 FROM {self._name} WHERE {self._plain(self._key)}"  # noqa: S608  quoted
        sql = f"INSERT {self._abort} INTO {self._name} ({listed}) {selected} WHERE NOT EXISTS ({there})"
        return sql, [*wanted, *row.key]

    @property
    def _abort(self) -> str:
        """A table of SQLite may be declared to replace the rows in its way; nothing but a conflict will do here."""
        return "OR ABORT" if self._live.dialect == "sqlite" else ""

    def _plain(self, columns: Sequence[str]) -> str:
        """As the columns compare: what only differs in case may be the same to a key."""
        equal = _EQUAL[self._live.dialect]
        return " AND ".join(equal.format(x=self._typed(column), v=self._bind) for column in columns)

    def _where(self, columns: Sequence[str]) -> str:
        """To the letter: a change of case alone is a change."""
        return " AND ".join(self._exact(column) for column in columns)

    def _exact(self, column: str) -> str:
        equal, bind, dialect = _EQUAL[self._live.dialect], self._bind, self._live.dialect
        if self._schema.columns[column].kind != "text":
            return equal.format(x=self._typed(column), v=bind)
        if dialect == "sqlite":
            return equal.format(x=quoted(column), v=f"{bind} COLLATE BINARY")
        if dialect == "duckdb":
            return equal.format(x=f"encode({quoted(column)}::VARCHAR)", v=f"encode({bind}::VARCHAR)")
        return equal.format(x=f'{quoted(column)}::text COLLATE "C"', v=f"({bind}::{self._types[column]})::text")

    def _typed(self, column: str) -> str:
        """Return a column for a comparison; JSON has no equality of its own in PostgreSQL."""
        x = quoted(column)
        return f"{x}::jsonb" if self._types and self._schema.columns[column].kind == "json" else x

    def _refuse_unseen(self, row: RowRecovery) -> None:
        """A column that the recovery did not know may hold work of somebody's by now."""
        if {name for name, *_ in self._live._declared()} - set(row.columns):
            text = "the table has columns that the recovery did not know; delete the row yourself, nothing was changed"
            raise ConflictError(text, conflicts=[row.key])

    def _refuse_children(self, row: RowRecovery) -> None:
        """Deleting a row must not take others along that came to refer to it."""
        if self._children is None:
            self._children = children(self._live, self._plain(self._key))
        for sql in self._children:
            cursor = self._live.cursor()
            cursor.execute(sql, [_bound(self._live, value) for value in row.key])
            if cursor.fetchone() is not None:
                text = "rows that refer to a restored one would be deleted or emptied with it; nothing was changed"
                raise ConflictError(text, conflicts=[row.key])


def _column_types(live: DatabaseSource) -> dict[str, str]:
    """Return each column's type in the server's words."""
    cursor = live.connection.cursor()
    cursor.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
        "WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped",
        [table_name(live.table)],
    )
    return dict(cursor.fetchall())


def _bound(live: DatabaseSource, value: object) -> object:
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return "infinity" if value > 0 else "-infinity"
    if isinstance(value, dict | list):
        return json.dumps(value)
    if live.dialect == "sqlite" and not isinstance(value, int | float | str | bytes | type(None)):
        return value.isoformat() if isinstance(value, dt.date) else str(value)
    return value


class _transaction:  # noqa: N801  reads as a verb
    """A savepoint in the caller's transaction, or a transaction of its own where none is open."""

    def __init__(self, live: DatabaseSource) -> None:
        self._connection = live.connection
        self._dialect = live.dialect
        self._own = self._begin()

    def _begin(self) -> bool:
        if self._dialect == "duckdb":
            self._connection.execute("BEGIN")  # duckdb has no savepoints, and refuses a second BEGIN
            return True
        if self._dialect == "sqlite":
            return not self._connection.in_transaction
        # With autocommit a transaction may be open all the same, and is the caller's.
        return bool(self._connection.autocommit) and self._connection.info.transaction_status == 0

    def __enter__(self) -> None:
        if self._dialect == "duckdb":
            return
        if self._own and self._dialect == "postgresql":
            self._connection.execute("BEGIN")
        self._connection.execute("SAVEPOINT crmkit_recover")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._dialect == "duckdb":
            self._connection.execute("COMMIT" if kind is None else "ROLLBACK")
            return
        if kind is not None:
            self._connection.execute("ROLLBACK TO SAVEPOINT crmkit_recover")
        self._connection.execute("RELEASE SAVEPOINT crmkit_recover")
        if self._own and self._dialect == "postgresql":
            self._connection.execute("COMMIT")
