"""Bring single rows back: deleted by mistake, or overwritten; previewed, compare-and-set, logged, undone.

A restore of the whole database would throw away everything that happened since.  This takes the rows that are asked
for out of the backup, shows what would change, and changes only what is still as it was shown.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import attrs

from crmkit import _journal as journal
from crmkit import frames
from crmkit._canonical import json_bytes
from crmkit._run_id import new_run_id
from crmkit.errors import ConflictError, NotFoundError, SchemaError, ShapeError

from ._create import utc_now
from ._databases import DatabaseSource
from ._sources import FrameSource, Source, digest_block
from ._sql import quoted, table_name
from ._statement import moment_text

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Sequence

    from crmkit._canonical import RowSchema
    from crmkit.typing import Frame

Row: TypeAlias = "tuple[object, ...]"
RecoveryKind: TypeAlias = Literal["restore", "overwrite"]
_KIND: Final = "row-recovery"


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


@attrs.frozen(kw_only=True, repr=False)
class RecoveryPlan:
    """What would be brought back; nothing happens before `apply`.

    Attributes:
        rows: One for each row that differs.
        unchanged: How many of the wanted rows are as in the backup already.
        not_in_backup: Keys that were wanted and that the backup has not.
        key: The key's columns.

    .. versionadded:: 0.1.0
    """

    rows: tuple[RowRecovery, ...]
    unchanged: int
    not_in_backup: tuple[tuple[object, ...], ...] = attrs.field(repr=False)
    key: tuple[str, ...]
    _live: Source
    _schema: RowSchema

    def preview(self, like: Frame | None = None) -> Frame:
        """Return one row for each change: kind, key, columns; no values but the key's."""
        columns: dict[str, Sequence[object]] = {
            "kind": [row.kind for row in self.rows],
            "key": [" ".join(map(str, row.key)) for row in self.rows],
            "columns": [", ".join(row.columns) for row in self.rows],
        }
        return frames.build(columns, like=like)

    def apply(
        self,
        *,
        log: str | os.PathLike[str] | None = None,
        by: str | None = None,
        reason: str | None = None,
        now: Callable[[], dt.datetime] = utc_now,
    ) -> Recovery:
        """Bring the rows back: all of them, or after a conflict none.

        A database is changed in one transaction (the caller's, where one is open, which is then not committed); of a
        frame a new one is made.

        Args:
            log: File that the changes are written to, before anything is changed. It holds the values.
            by: Who does it.
            reason: Why.
            now: The clock.

        Returns:
            What was done, with the frame, and its undoing.

        Raises:
            ConflictError: A live row is not what the plan saw; nothing was changed. ``.conflicts`` has the keys.
        """
        recovery = Recovery(
            rows=self.rows, key=self.key, run_id=new_run_id(now=now), at=moment_text(now()), by=by, reason=reason
        )
        if log is not None:
            recovery.save(log)
        return attrs.evolve(recovery, frame=_apply(self._live, self._schema, self.key, self.rows))

    def __repr__(self) -> str:
        kinds = [row.kind for row in self.rows]
        return f"<RecoveryPlan {kinds.count('restore')} to restore, {kinds.count('overwrite')} to overwrite>"


@attrs.frozen(kw_only=True, repr=False)
class Recovery:
    """What was brought back.

    Attributes:
        rows: One for each row.
        key: The key's columns.
        run_id: ULID of the run.
        at: When, ISO 8601 in UTC.
        by: Who.
        reason: Why.
        frame: The new frame, where the live table was one.

    .. versionadded:: 0.1.0
    """

    rows: tuple[RowRecovery, ...]
    key: tuple[str, ...]
    run_id: str
    at: str
    by: str | None = None
    reason: str | None = None
    frame: Frame | None = attrs.field(default=None, repr=False, eq=False)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Append the changes to a chained log; it holds the values, which undoing needs."""
        with journal.Journal.open(path, kind=_KIND, durability="each", wait_s=10.0) as writer:
            said = {"run_id": self.run_id, "at": self.at, "by": self.by, "reason": self.reason, "key": list(self.key)}
            lines = [
                (
                    json_bytes({**said, "kind": row.kind, "columns": list(row.columns)}),
                    json_bytes({name: _coded(getattr(row, name)) for name in ("key", "before", "after")}),
                )
                for row in self.rows
            ]
            writer.extend(lines)

    @classmethod
    def load(cls, path: str | os.PathLike[str], run_id: str | None = None) -> Recovery:
        """Read a run from a log, the last one where none is named.

        Raises:
            TamperedLogError: The log was edited.
            NotFoundError: There is no such run.
        """
        lines = list(journal.read(Path(path), kind=_KIND))
        known = list(dict.fromkeys(line.body["run_id"] for line in lines))
        wanted = run_id if run_id is not None else known[-1] if known else ""
        own = [line for line in lines if line.body["run_id"] == wanted]
        if not own:
            raise NotFoundError.of("run", wanted, known)
        body = own[0].body
        return cls(
            rows=tuple(
                RowRecovery(
                    kind=line.body["kind"],
                    columns=tuple(line.body["columns"]),
                    key=_decoded(line.side["key"]),
                    before=_decoded(line.side["before"]),
                    after=_decoded(line.side["after"]),
                )
                for line in own
            ),
            key=tuple(body["key"]),
            run_id=wanted,
            at=body["at"],
            by=body["by"],
            reason=body["reason"],
        )

    def revert(self, live: Source) -> Frame | None:
        """Undo it: restored rows are deleted, overwritten ones get back what they held.

        Args:
            live: The table now; a `FrameSource` of ``frame`` for a frame.

        Returns:
            The frame, where ``live`` is one.

        Raises:
            ConflictError: A row is not what the recovery left; nothing is changed.
        """
        return _apply(live, live.schema(), self.key, self.rows, undo=True)

    def __repr__(self) -> str:
        return f"<Recovery {self.run_id}: {len(self.rows)} rows>"


def _coded(values: Sequence[object]) -> list[list[str | None]]:
    coded = []
    for value in values:
        kind, text = frames.encode_cell(value)
        coded.append([kind, text])
    return coded


def _decoded(coded: Sequence[Sequence[Any]]) -> tuple[object, ...]:
    return tuple(frames.decode_cell(kind, text) for kind, text in coded)


def recover(
    backup: Source, live: Source, *, keys: Iterable[object], columns: Sequence[str] | None = None
) -> RecoveryPlan:
    """Plan to bring rows of a backup back into a live table.

    Args:
        backup: The table in the backup: a restored database, a file, a frame.
        live: The table now: a frame, or a table in SQLite, PostgreSQL or DuckDB.
        keys: Keys of the rows to bring back; a tuple each where the key has several columns.
        columns: Columns to bring back in rows that are still there; all of them where ``None``.

    Raises:
        SchemaError: There is no key, or the tables have other keys or columns.
        NotFoundError: An unknown column.

    Example:
        >>> from crmkit.backup import FrameSource
        >>> saved = FrameSource([{"id": 1, "name": "Ana"}, {"id": 2, "name": "Bo"}], key="id")
        >>> now = FrameSource([{"id": 2, "name": "?"}, {"id": 3, "name": "Cy"}], key="id")
        >>> plan = recover(saved, now, keys=[1, 2])
        >>> plan
        <RecoveryPlan 1 to restore, 1 to overwrite>
        >>> plan.apply().frame
        [{'id': 2, 'name': 'Bo'}, {'id': 3, 'name': 'Cy'}, {'id': 1, 'name': 'Ana'}]

    .. versionadded:: 0.1.0
    """
    if not backup.key or backup.key != live.key:
        raise SchemaError("both tables need the same key")
    schema = live.schema()
    saved = backup.schema()
    if list(saved.columns) != list(schema.columns):
        gone = sorted(set(saved.columns) ^ set(schema.columns))
        what = f"; only one of them has {gone[0]!r}" if gone else ", or in another order"
        raise SchemaError(f"the tables have other columns{what}")
    for name in columns or ():
        if name not in schema.columns:
            raise NotFoundError.of("column", name, schema.columns)
    wanted = _wanted(keys, len(live.key))
    then = _rows(backup, schema, wanted)
    current = _rows(live, schema, wanted)
    names = tuple(schema.columns)
    used = [name for name in (columns or names) if name not in live.key]
    found: list[RowRecovery] = []
    unchanged = 0
    for key in wanted:
        if key not in then:
            continue
        old_digest, old = then[key]
        if key not in current:
            found.append(RowRecovery(kind="restore", key=key, columns=names, before=(), after=old))
            continue
        digest, now = current[key]
        changed = [name for name in used if digest != old_digest and not _same(schema, name, old, now)]
        if changed:
            at = [names.index(name) for name in changed]
            found.append(
                RowRecovery(
                    kind="overwrite",
                    key=key,
                    columns=tuple(changed),
                    before=tuple(now[place] for place in at),
                    after=tuple(old[place] for place in at),
                )
            )
        else:
            unchanged += 1
    return RecoveryPlan(
        rows=tuple(found),
        unchanged=unchanged,
        not_in_backup=tuple(key for key in wanted if key not in then),
        key=live.key,
        live=live,
        schema=schema,
    )


def _wanted(keys: Iterable[object], width: int) -> list[Row]:
    wanted = [key if isinstance(key, tuple) else (key,) for key in keys]
    if any(len(key) != width for key in wanted):
        raise ShapeError(f"a key has {width} columns", expected=width)
    return list(dict.fromkeys(wanted))


def _rows(source: Source, schema: RowSchema, wanted: Sequence[Row]) -> dict[Row, tuple[bytes, Row]]:
    """Return the wanted rows by key: digest and cells."""
    keys = frozenset(wanted)
    found: dict[Row, tuple[bytes, Row]] = {}
    for block in source.blocks(schema):
        cells = [block[name] for name in source.key]
        places = [row for row, key in enumerate(zip(*cells, strict=True)) if key in keys]
        if not places:
            continue
        part = {name: [column[row] for row in places] for name, column in block.items()}
        _, digests = digest_block(schema, (), part)
        for number, row in enumerate(places):
            key = tuple(column[row] for column in cells)
            if key in found:
                raise SchemaError(f"{source.name} has a key twice, so a row of it cannot be named")
            found[key] = digests[number], tuple(column[number] for column in part.values())
    return found


def _same(schema: RowSchema, name: str, one: Row, two: Row) -> bool:
    at = list(schema.columns).index(name)
    only = type(schema)({name: schema.columns[name]})
    _, digests = digest_block(only, (), {name: [one[at], two[at]]})
    return digests[0] == digests[1]


# -- writing -----------------------------------------------------------------------------------------------------------


def _apply(
    live: Source, schema: RowSchema, key: Sequence[str], rows: Sequence[RowRecovery], *, undo: bool = False
) -> Frame | None:
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
    current = _rows(live, schema, [row.key for row in rows])
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
    _, digests = digest_block(only, (), block)
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
