"""The database store of a log: one SQLite file, for who wants to ask questions in SQL.

Everything of a batch is one transaction, so there is nothing to recover. Triggers refuse to change or delete events;
they guard against accidents, while against people who own the file there are the checkpoints.
"""

from __future__ import annotations

import contextlib
import functools
import json
import sqlite3
from typing import TYPE_CHECKING

from crmkit._disk import make_private
from crmkit._merkle import HASH_BYTES, leaf_hash
from crmkit.audit._proofs._rows import Rows
from crmkit.errors import FormatError, IntegrityError, LockedError, TamperedLogError

from ._jsonl import check_note
from ._segment import FORMAT, stored_moment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ._jsonl import Torn

__all__ = ["DatabaseRows", "SQLiteStore", "blob", "columns", "odd_object", "read_about"]

TILE = 16
_SYSTEM = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
_SCHEMA = """
CREATE TABLE about (format TEXT NOT NULL, origin TEXT NOT NULL, pruned INTEGER NOT NULL);
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, body BLOB NOT NULL,
    at TEXT, action TEXT, actor TEXT, resource_type TEXT, resource_id TEXT);
CREATE INDEX events_at ON events (at);
CREATE INDEX events_actor ON events (actor);
CREATE INDEX events_resource ON events (resource_type, resource_id);
CREATE TABLE hashes (row INTEGER, tile INTEGER, hashes BLOB NOT NULL, PRIMARY KEY (row, tile)) WITHOUT ROWID;
CREATE TABLE checkpoints (number INTEGER PRIMARY KEY, note BLOB NOT NULL);
CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER events_remain BEFORE DELETE ON events WHEN OLD.seq >= (SELECT pruned FROM about)
    BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
CREATE TRIGGER checkpoints_stay BEFORE UPDATE ON checkpoints BEGIN SELECT RAISE(ABORT, 'checkpoints stay'); END;
CREATE TRIGGER checkpoints_remain BEFORE DELETE ON checkpoints BEGIN SELECT RAISE(ABORT, 'checkpoints stay'); END;
INSERT INTO about VALUES (?, ?, 0)
"""

_OBJECTS = "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'trigger', 'view')"


class DatabaseRows:
    """Rows of hashes as a table: 16 hashes a tile."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def counts(self) -> list[int]:
        """Return how many hashes each row has."""
        found: list[int] = []
        query = "SELECT tile, length(hashes) FROM hashes WHERE row = ? ORDER BY tile DESC LIMIT 1"
        while (last := self._database.execute(query, (len(found),)).fetchone()) is not None:
            found.append(last[0] * TILE + last[1] // HASH_BYTES)
        return found

    def read(self, row: int, start: int, count: int) -> bytes:
        """Return hashes of a row."""
        first, last = start // TILE, (start + count - 1) // TILE
        found = self._database.execute(
            "SELECT hashes FROM hashes WHERE row = ? AND tile BETWEEN ? AND ? ORDER BY tile", (row, first, last)
        )
        data = b"".join(blob(tile[0]) for tile in found)
        part = data[(start - first * TILE) * HASH_BYTES :][: count * HASH_BYTES]
        if len(part) != count * HASH_BYTES:
            raise TamperedLogError("hashes are missing", location=f"row {row}")
        return part

    def write(self, row: int, start: int, data: bytes) -> None:
        """Put hashes into a row, behind those that are there."""
        first, inside = divmod(start, TILE)
        if inside:
            data = self.read(row, first * TILE, inside) + data
        step = TILE * HASH_BYTES
        self._database.executemany(
            "INSERT OR REPLACE INTO hashes VALUES (?, ?, ?)",
            [(row, first + at // step, data[at : at + step]) for at in range(0, len(data), step)],
        )


def blob(value: object) -> bytes:
    """Return a column's bytes; SQLite keeps anything anywhere, and ``bytes`` of a number is as many zeros.

    Raises:
        FormatError: Something else is there.
    """
    if type(value) is not bytes:
        raise FormatError("a column holds something else than bytes")
    return value


def read_about(database: sqlite3.Connection) -> tuple[str, str, int]:
    """Return format, origin, and how many events were pruned.

    Raises:
        FormatError: That is not what is there.
    """
    found = database.execute("SELECT format, origin, pruned FROM about").fetchall()
    if len(found) != 1 or [type(value) for value in found[0]] != [str, str, int] or found[0][2] < 0:
        raise FormatError("not an audit log: its table about is not one that was written")
    return found[0]  # type: ignore[no-any-return]  # it was just checked


@functools.cache
def _known_objects() -> dict[str, str]:
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        for statement in _SCHEMA.split(";\n"):
            database.execute(statement, ("", "") if "?" in statement else ())
        return dict(database.execute(_OBJECTS))


def odd_object(database: sqlite3.Connection) -> str | None:
    """Return the first table or trigger of the log that is gone or another one, or a trigger that was put on it.

    Triggers decide what becomes of an event that is stored, so that a foreign one can make it vanish.
    """
    found, known = dict(database.execute(_OBJECTS)), _known_objects()
    odd = [name for name, said in known.items() if found.get(name) != said]
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    odd += [name for (name,) in database.execute(query) if name not in known]
    return min(odd, default=None)


def columns(seq: int, body: bytes) -> tuple[object, ...]:
    """Return the line of an event: its turn, its body, and what one may ask for in SQL."""
    said = json.loads(body)
    resource = said.get("resource", {})
    actor = said.get("actor", {}).get("id")
    return (seq, body, said["at"], said["action"], actor, resource.get("type"), resource.get("id"))


class SQLiteStore:
    """A log in a database. Methods that write are called under `lock`, by one thread at a time."""

    def __init__(
        self, path: Path, *, origin: str | None, write: bool, salvage: bool, wait_s: float, sync: bool = True
    ) -> None:
        if salvage:
            raise IntegrityError("a database has no unfinished batches that could be set aside")
        if not path.exists() and not (write and origin is not None):
            raise FormatError("no audit log is here", location=path.name or str(path))
        self.path = path
        self.torn: list[Torn] = []
        try:
            self._connect(write=write, wait_s=wait_s, sync=sync)
            with self.lock(wait_s) if write else contextlib.nullcontext():
                self._load(origin if write else None, write=write)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # SQLite quotes a damaged schema in its messages
            self.close()
            raise FormatError(f"not an audit log: {type(error).__name__}", location=path.name) from None
        except BaseException:
            self.close()
            raise

    def _connect(self, *, write: bool, wait_s: float, sync: bool) -> None:
        if write:
            with contextlib.suppress(FileNotFoundError):  # SQLite finds no folder either, and says so in its own words
                make_private(self.path)
        mode = "rwc" if write else "ro"
        self._database = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode={mode}", uri=True, timeout=wait_s, isolation_level=None,
            check_same_thread=False,
        )  # fmt: skip
        if write:
            for pragma in ("journal_mode = WAL", f"synchronous = {'FULL' if sync else 'OFF'}", "secure_delete = ON"):
                self._database.execute(f"PRAGMA {pragma}")
        self.row_store = DatabaseRows(self._database)

    survives_fork = False
    """A connection must not be used on the other side of a fork (https://www.sqlite.org/howtocorrupt.html, 2.6)."""

    def _load(self, origin: str | None, *, write: bool) -> None:
        if not self._database.execute("SELECT 1 FROM sqlite_master WHERE name = 'about'").fetchone() and origin:
            for statement in _SCHEMA.split(";\n"):
                self._database.execute(statement, (FORMAT, origin) if "?" in statement else ())
        form, self.origin, self._pruned = read_about(self._database)
        if form != FORMAT:
            raise FormatError(
                f"of a format that this version does not read; it reads {FORMAT}", location=self.path.name
            )
        self._look()
        count = self._database.execute("SELECT max(seq) + 1 FROM events").fetchone()[0] or self._pruned
        if count != self.rows.size:
            raise TamperedLogError(
                f"{self.rows.size} events were written, {count} are there", location=f"event {count}"
            )
        note = self.last_note()
        if note is not None:
            check_note(note, self.rows)
        odd = odd_object(self._database)
        if write and odd is not None:
            raise TamperedLogError("a table or trigger is not what was made", location=odd)

    def _look(self) -> None:
        self.rows = Rows(self.row_store)
        last = self._database.execute("SELECT body FROM events ORDER BY seq DESC LIMIT 1").fetchone()
        self.last_stored_at = stored_moment(blob(last[0])) if last is not None else ""

    def refresh(self) -> None:
        """Take in what other processes have appended."""
        counts = self.row_store.counts()
        if (counts[0] if counts else 0) != self.rows.size:
            self._look()

    def read(
        self, start: int = 0, stop: int | None = None, *, actor: str | None = None,
        resource: tuple[str, str] | None = None,
    ) -> Iterator[tuple[int, bytes | None]]:  # fmt: skip
        """Yield number and bytes of events; ``None`` for a body that was pruned, unless somebody's are asked for."""
        stop = self.rows.size if stop is None else min(stop, self.rows.size)
        query, values = "SELECT seq, body FROM events WHERE seq >= ? AND seq < ?", [start, stop]
        asked: list[str | int] = [*values]
        if actor is not None:
            query, asked = f"{query} AND actor = ?", [*asked, actor]
        if resource is not None:
            query, asked = f"{query} AND resource_type = ? AND resource_id = ?", [*asked, *resource]
        if actor is None and resource is None:
            yield from ((seq, None) for seq in range(start, min(stop, self._pruned)))
        try:
            for seq, body in self._database.cursor().execute(f"{query} ORDER BY seq", asked):
                yield seq, blob(body)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            raise FormatError(f"cannot be read: {type(error).__name__}", location=self.path.name) from None

    def notes(self) -> list[bytes]:
        """Return the checkpoints, oldest first."""
        return [blob(row[0]) for row in self._database.execute("SELECT note FROM checkpoints ORDER BY number")]

    def last_note(self) -> bytes | None:
        """Return the newest checkpoint."""
        row = self._database.execute("SELECT note FROM checkpoints ORDER BY number DESC LIMIT 1").fetchone()
        return None if row is None else blob(row[0])

    @contextlib.contextmanager
    def lock(self, wait_s: float) -> Iterator[None]:
        """Hold the log against other writers: one transaction, all of it or nothing."""
        self._database.execute(f"PRAGMA busy_timeout = {int(wait_s * 1000)}")
        try:
            self._database.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _SYSTEM:
                raise _as_system_error(error) from None
            raise LockedError(f"{self.path.name} is locked: another writer is at work") from None
        try:
            yield
            self._database.execute("COMMIT")
        except sqlite3.OperationalError as error:
            self._undo()
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _SYSTEM:
                raise _as_system_error(error) from None
            raise
        except BaseException:
            self._undo()
            raise

    def _undo(self) -> None:
        if self._database.in_transaction:
            self._database.execute("ROLLBACK")
        with contextlib.suppress(sqlite3.Error):
            self._look()

    def append(self, events: list[bytes], *, sync: bool) -> None:  # noqa: ARG002  the connection was told
        """Write one batch.

        Raises:
            TamperedLogError: A trigger that somebody added has kept an event from being stored; nothing of it is.
        """
        lines = [columns(seq, body) for seq, body in enumerate(events, start=self.rows.size)]
        self._database.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", lines)
        (stored,) = self._database.execute("SELECT count(*) FROM events WHERE seq >= ?", (self.rows.size,)).fetchone()
        if stored != len(lines):
            raise TamperedLogError("the database did not keep what it was given", location=f"event {self.rows.size}")
        self.rows.extend(map(leaf_hash, events))
        self.rows.flush()

    def tidy(self, stored_at: str) -> None:
        """Remember the time of the last event."""
        self.last_stored_at = stored_at

    def add_note(self, note: bytes) -> None:
        """Keep a checkpoint."""
        self._database.execute("INSERT INTO checkpoints (note) VALUES (?)", (note,))

    def rotate(self) -> None:
        """Do nothing: a database has no segments."""

    def compress(self) -> int:
        """Do nothing: a database has no segments."""
        return 0

    def sync(self) -> None:
        """Do nothing: a transaction is on disk when it ends."""

    def prunable(self, before: str) -> int:
        """Return the event before which all were stored before then."""
        query = "SELECT seq, body FROM events WHERE seq >= ? ORDER BY seq"
        for seq, body in self._database.cursor().execute(query, (self._pruned,)):
            if stored_moment(blob(body)) >= before:
                return int(seq) if seq > self._pruned else 0
        return self.rows.size if self.rows.size > self._pruned else 0

    def prune(self, end: int) -> int:
        """Destroy the bodies of the events before ``end``."""
        self._database.execute("UPDATE about SET pruned = ?", (end,))
        self._pruned = end
        return self._database.execute("DELETE FROM events WHERE seq < ?", (end,)).rowcount

    def close(self) -> None:
        """Let go of the file."""
        if hasattr(self, "_database"):
            self._database.close()


def _as_system_error(error: sqlite3.OperationalError) -> OSError:
    return OSError(f"the database did not take it: {error.sqlite_errorname}")
