"""Bring single rows back: deleted by mistake, or overwritten; previewed, compare-and-set, logged, undone.

A restore of the whole database would throw away everything that happened since.  This takes the rows that are asked
for out of the backup, shows what would change, and changes only what is still as it was shown.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

from crmkit import _journal as journal
from crmkit import _notebook, frames
from crmkit._called import check_called
from crmkit._canonical import json_bytes, keyed_digests
from crmkit._run_id import new_run_id
from crmkit.backup._findings._recorded import record_backup
from crmkit.backup._manifest._create import utc_now
from crmkit.backup._manifest._statement import moment_text
from crmkit.errors import NotFoundError, SchemaError, ShapeError

from ._recover_write import Row, RowRecovery, rows_by_key, write
from ._sources._base import Source, check_source

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Callable, Iterable, Sequence

    from crmkit._canonical import RowSchema
    from crmkit.typing import AuditSink, Frame, JSONValue


_KIND: Final = "row-recovery"
_ABANDONED: Final = "abandoned"


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

    def _repr_html_(self) -> str:
        rows = [(row.kind, " ".join(map(str, row.key)), ", ".join(row.columns)) for row in self.rows[:20]]
        lead = f"{len(self.rows):,} rows, {self.unchanged:,} are as in the backup already"
        notes = [f"{len(self.not_in_backup):,} rows are not in the backup"] if self.not_in_backup else []
        table = _notebook.table(("what", " ".join(self.key), "columns"), rows) if rows else ""
        return _notebook.sheet("Recovery", lead, table, _notebook.more(len(rows), len(self.rows), "rows"), notes=notes)

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return one row for each change (kind, key, columns) as a frame of ``like``'s kind; of values only keys."""
        columns: dict[str, Sequence[object]] = {
            "kind": [row.kind for row in self.rows],
            "key": [" ".join(map(str, row.key)) for row in self.rows],
            "columns": [", ".join(row.columns) for row in self.rows],
        }
        return frames.build(columns, like=like)

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the figures as plain data, without keys and values."""
        return {
            "rows": len(self.rows), "kinds": dict(Counter(row.kind for row in self.rows)),
            "unchanged": self.unchanged, "not_in_backup": len(self.not_in_backup),
        }  # fmt: skip

    def apply(
        self,
        *,
        log: str | os.PathLike[str] | None = None,
        by: str | None = None,
        reason: str | None = None,
        audit: AuditSink | None = None,
        now: Callable[[], dt.datetime] = utc_now,
    ) -> Recovery:
        """Bring the rows back: all of them, or after a conflict none.

        A database is changed in one transaction (the caller's, where one is open, which is then not committed); of a
        frame a new one is made.

        Args:
            log: File that the changes are written to, before anything is changed. It holds the values.
            by: Who does it.
            reason: Why.
            audit: Log that the recovery is recorded in, with its outcome.
            now: The clock.

        Returns:
            What was done, with the frame, and its undoing.

        Raises:
            ConflictError: A live row is not what the plan saw; nothing was changed. ``.conflicts`` has the keys.
        """
        check_called(now=now)
        recovery = Recovery(
            rows=self.rows, key=self.key, run_id=new_run_id(now=now), at=moment_text(now()), by=by, reason=reason
        )
        if log is not None:
            recovery.save(log)
        done = False
        try:
            recovery = attrs.evolve(recovery, frame=write(self._live, self._schema, self.key, self.rows))
            done = True
        finally:
            if log is not None and not done:
                recovery._abandon(log)
            record_backup(
                audit, "recover", recovery.run_id, by=by, ok=done, count=len(self.rows), purpose=reason, kind="run"
            )
        return recovery

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

    def _abandon(self, path: str | os.PathLike[str]) -> None:
        """Write that nothing of it happened: undoing it later would take away what somebody else brought back."""
        with journal.Journal.open(path, kind=_KIND, durability="each", wait_s=10.0) as writer:
            writer.extend([(json_bytes({"run_id": self.run_id, "kind": _ABANDONED}), json_bytes({}))])

    @classmethod
    def load(cls, path: str | os.PathLike[str], run_id: str | None = None) -> Recovery:
        """Read a run from a log, the last one where none is named; one that changed nothing is not among them.

        Raises:
            TamperedLogError: The log was edited.
            NotFoundError: There is no such run, or it changed nothing.
        """
        lines = list(journal.read(Path(path), kind=_KIND))
        abandoned = {line.body["run_id"] for line in lines if line.body["kind"] == _ABANDONED}
        known = [name for name in dict.fromkeys(line.body["run_id"] for line in lines) if name not in abandoned]
        wanted = run_id if run_id is not None else known[-1] if known else ""
        own = [line for line in lines if line.body["run_id"] == wanted and wanted not in abandoned]
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
        return write(live, live.schema(), self.key, self.rows, undo=True)

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
    for given in (backup, live):
        check_source(given)
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
    then = rows_by_key(backup, schema, wanted)
    current = rows_by_key(live, schema, wanted)
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
    if isinstance(keys, str | bytes):  # its letters would be keys, and other rows than the one that was meant
        raise ShapeError("keys is a list of keys, not one text", expected=width)
    wanted = [key if isinstance(key, tuple) else (key,) for key in keys]
    if any(len(key) != width for key in wanted):
        raise ShapeError(f"a key has {width} columns", expected=width)
    return list(dict.fromkeys(wanted))


def _same(schema: RowSchema, name: str, one: Row, two: Row) -> bool:
    at = list(schema.columns).index(name)
    only = type(schema)({name: schema.columns[name]})
    _, digests = keyed_digests(only, (), {name: [one[at], two[at]]})
    return digests[0] == digests[1]
