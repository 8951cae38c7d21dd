"""Where salts and values stand, beside the log and not in it, so that they can be destroyed.

Source:
    SQLite ``secure_delete``: deleted content is overwritten with zeros (https://www.sqlite.org/pragma.html).
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from crmkit._canonical import json_bytes
from crmkit._disk import make_private
from crmkit.audit._events._commitment import SALT_BYTES, Opening, Pseudonyms
from crmkit.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

__all__ = ["DATABASES", "ERASED", "Vault", "erased_events", "vault_beside"]

DATABASES = frozenset({".sqlite", ".sqlite3", ".db"})
"""Ends of the names of logs that stand in a database."""
ERASED = b'{"action":"log.erased"'
"""How the line of an event begins that tells of an erasure."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS openings (
    event_id TEXT NOT NULL, field TEXT NOT NULL, side TEXT NOT NULL, subject TEXT NOT NULL,
    salt BLOB NOT NULL, value TEXT NOT NULL, PRIMARY KEY (event_id, field, side));
CREATE INDEX IF NOT EXISTS openings_subject ON openings (subject);
CREATE TABLE IF NOT EXISTS destroyed (event_id TEXT PRIMARY KEY, subject TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS keys (name TEXT PRIMARY KEY, key BLOB NOT NULL);
"""


def vault_beside(path: Path) -> Path:
    """Return where the vault of a log is, if nobody has said otherwise."""
    return path.with_suffix(".vault.sqlite") if path.suffix in DATABASES else path / "vault.sqlite"


def erased_events(data: bytes) -> list[str]:
    """Return the ids of the events whose values an erasure has destroyed, out of the event that tells of it."""
    try:
        said = json.loads(data)
        ids = said["detail"]["events"] if said["action"] == "log.erased" else []
    except (ValueError, TypeError, LookupError, RecursionError):
        return []
    return [one for one in ids if type(one) is str] if isinstance(ids, list) else []


def _salt(value: object) -> bytes:
    if type(value) is not bytes or len(value) != SALT_BYTES:
        raise ValueError
    return value


class Vault:
    """Openings of commitments, by event and by the person they are about."""

    def __init__(self, path: Path, *, write: bool = True) -> None:
        self.path = path
        self._write = write
        if not write:
            return
        make_private(path)
        with self._open() as database:
            database.executescript(_SCHEMA)
            fresh = secrets.token_bytes(32)
            database.execute("INSERT OR IGNORE INTO keys VALUES ('pseudonyms', ?)", (fresh,))
            (key,) = database.execute("SELECT key FROM keys WHERE name = 'pseudonyms'").fetchone()
        self.pseudonyms = Pseudonyms(bytes(key))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        mode = "rwc" if self._write else "ro"
        try:
            with closing(
                sqlite3.connect(f"{self.path.absolute().as_uri()}?mode={mode}", uri=True, timeout=30)
            ) as vault:
                vault.execute("PRAGMA secure_delete = ON")
                vault.execute("PRAGMA synchronous = FULL")
                with vault:
                    yield vault
        except sqlite3.Error as error:
            raise OSError(f"the vault cannot be used: {type(error).__name__}") from None

    def put(self, event_id: str, subject: str, openings: Iterable[Opening]) -> None:
        """Keep the openings of one event; on disk when this returns."""
        rows = [
            (event_id, opening.field, opening.side, subject, opening.salt, json_bytes(opening.value).decode())
            for opening in openings
        ]
        with self._open() as database:
            database.executemany("INSERT INTO openings VALUES (?, ?, ?, ?, ?, ?)", rows)

    def get(self, event_id: str) -> list[Opening]:
        """Return what is left of the openings of an event."""
        with self.reading() as ask:
            return ask(event_id)

    @contextmanager
    def reading(self) -> Iterator[Callable[[str], list[Opening]]]:
        """Give what tells the openings that are left of an event; none of any where there is no vault.

        Raises:
            IntegrityError: When it is asked: something else stands there.
        """
        if not self._write and not self.path.exists():
            yield lambda _: []
            return
        with self._open() as database:
            yield lambda event_id: _openings(database, event_id)

    def forget(self, event_id: str) -> None:
        """Destroy the openings of an event that did not get into the log."""
        with self._open() as database:
            database.execute("DELETE FROM openings WHERE event_id = ?", (event_id,))

    def count(self, subject: str) -> int:
        """Return how many openings are about a person."""
        with self._open() as database:
            (count,) = database.execute("SELECT count(*) FROM openings WHERE subject = ?", (subject,)).fetchone()
        return int(count)

    def erase(self, subject: str) -> tuple[int, list[str]]:
        """Destroy every opening that is about a person.

        Returns:
            How many, and the ids of the events that they opened. The vault knows those until it is told by `said` that
            the log has them, so that after a crash between the two the next erasure says them.
        """
        with self._open() as database:
            database.execute(
                "INSERT OR IGNORE INTO destroyed SELECT DISTINCT event_id, subject FROM openings WHERE subject = ?",
                (subject,),
            )
            count = database.execute("DELETE FROM openings WHERE subject = ?", (subject,)).rowcount
            ids = database.execute("SELECT event_id FROM destroyed WHERE subject = ? ORDER BY event_id", (subject,))
            return count, [event_id for (event_id,) in ids]

    def said(self, subject: str) -> None:
        """Forget which events were about a person: the log says so."""
        with self._open() as database:
            database.execute("DELETE FROM destroyed WHERE subject = ?", (subject,))


def _openings(database: sqlite3.Connection, event_id: str) -> list[Opening]:
    query = "SELECT field, side, value, salt FROM openings WHERE event_id = ? ORDER BY field, side DESC"
    rows = database.execute(query, (event_id,)).fetchall()
    try:
        return [Opening(field=row[0], side=row[1], value=json.loads(row[2]), salt=_salt(row[3])) for row in rows]
    except (ValueError, TypeError, RecursionError):
        raise IntegrityError("the vault does not hold what was put there", location=f"event {event_id}") from None
