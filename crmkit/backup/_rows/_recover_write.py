"""Writing rows back: into a new frame, or into a table within one savepoint; compare-and-set, all or none."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

from crmkit import frames
from crmkit._canonical import keyed_digests
from crmkit.errors import ConflictError, SchemaError

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
    cursor = live.cursor()
    name = table_name(live.table)
    bind = _BINDING[live.dialect]
    equal = _EQUAL[live.dialect]
    schema = live.schema()

    def condition(columns: Sequence[str]) -> str:
        return " AND ".join(equal.format(x=_typed(live, column, schema), v=bind) for column in columns)

    conflicts: list[Row] = []
    with _transaction(live):
        for row in rows:
            held, wanted = (row.after, row.before) if undo else (row.before, row.after)
            if row.kind == "overwrite":
                assigned = ", ".join(f"{quoted(column)} = {bind}" for column in row.columns)
                sql = f"UPDATE {name} SET {assigned} WHERE {condition([*key, *row.columns])}"  # noqa: S608  quoted
                values = [*wanted, *row.key, *held]
            elif undo:
                sql = f"DELETE FROM {name} WHERE {condition(row.columns)}"  # noqa: S608  quoted
                values = list(held)
            else:
                listed = ", ".join(map(quoted, row.columns))
                places = ", ".join([bind] * len(row.columns))
                sql = (
                    f"INSERT INTO {name} ({listed}) SELECT {places} "  # noqa: S608  quoted
                    f"WHERE NOT EXISTS (SELECT 1 FROM {name} WHERE {condition(key)})"
                )
                if live.dialect == "postgresql":
                    sql = (
                        f"INSERT INTO {name} ({listed}) SELECT * FROM (SELECT {_casts(live, row.columns)}) v "  # noqa: S608
                        f"WHERE NOT EXISTS (SELECT 1 FROM {name} WHERE {condition(key)})"
                    )
                values = [*wanted, *row.key]
            cursor.execute(f"{sql} RETURNING 1", [_bound(live, value) for value in values])
            if len(cursor.fetchall()) != 1:
                conflicts.append(row.key)
        if conflicts:
            raise _conflict(conflicts)


def _typed(live: DatabaseSource, column: str, schema: RowSchema) -> str:
    """Return a column for a comparison; JSON has no equality of its own in PostgreSQL."""
    x = quoted(column)
    return f"{x}::jsonb" if live.dialect == "postgresql" and schema.columns[column].kind == "json" else x


def _casts(live: DatabaseSource, columns: Sequence[str]) -> str:
    """Say the type of every value: a bare NULL or text in a SELECT would get the wrong one."""
    cursor = live.connection.cursor()
    cursor.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
        "WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped",
        [table_name(live.table)],
    )
    kinds = dict(cursor.fetchall())
    return ", ".join(f"%s::{kinds[column]} AS {quoted(column)}" for column in columns)


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
        return bool(getattr(self._connection, "autocommit", False))

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
