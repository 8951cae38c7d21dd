"""Subject keys in an SQLite file of their own."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crmkit._disk import make_private
from crmkit.errors import RefusedError

from ._subjects import SubjectRow

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence
    from datetime import timedelta

_TABLE: Final = """
create table if not exists crmkit_subjects (
  tenant text not null, subject text not null, generation integer not null, sealed blob,
  created_at text not null, shredded_at text, merged_into text,
  primary key (tenant, subject)
) without rowid
"""
_COLUMNS: Final = "subject, generation, sealed, created_at, shredded_at, merged_into"
_CHUNK: Final = 500


class SQLiteSubjectStore:
    """Subject keys in an SQLite file.

    Destroyed keys are overwritten (``secure_delete``), and the write-ahead log is emptied, so that the file does not
    hold them any more. A copy-on-write file system, a backup or a flash disk may. Every call opens the file and closes
    it again, whatever happens, so there is nothing to close.

    Args:
        path: The file; made if missing, readable by its owner only.
        backup_retention: How long backups of the file are kept; goes into every erasure receipt.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> SQLiteSubjectStore(Path(tempfile.mkdtemp()) / "subjects.db").get_many("acme", ["person:1"])
        {}

    .. versionadded:: 0.1.0
    """

    def __init__(self, path: str | os.PathLike[str], *, backup_retention: timedelta | None = None) -> None:
        self._path = make_private(Path(path))
        self.backup_retention = backup_retention
        with closing(self._connect()) as connection:
            connection.execute(_TABLE)

    def _connect(self) -> sqlite3.Connection:
        # One connection a call: cheap for SQLite, and safe in threads and forked processes.
        connection = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        try:
            connection.execute("pragma secure_delete = on")
        except BaseException:  # a file that is no database, or a disk that is gone
            connection.close()
            raise
        return connection

    def get_many(self, tenant: str, subjects: Sequence[str]) -> dict[str, SubjectRow]:
        """Return the rows of those that have one."""
        with closing(self._connect()) as connection:
            return _rows(connection, tenant, subjects)

    def put_many(self, tenant: str, rows: Sequence[SubjectRow]) -> dict[str, SubjectRow]:
        """Add rows for those that have none; return those that are there now."""
        with closing(self._connect()) as connection:
            connection.execute("begin immediate")
            connection.executemany(
                "insert into crmkit_subjects (tenant, subject, generation, sealed, created_at) values (?, ?, ?, ?, ?) "
                "on conflict do nothing",
                [(tenant, row.subject, row.generation, row.sealed, row.created_at) for row in rows],
            )
            found = _rows(connection, tenant, [row.subject for row in rows])
            connection.execute("commit")
        return found

    def rewrap(self, tenant: str, rows: Sequence[tuple[SubjectRow, SubjectRow]]) -> int:
        """Replace rows that are still as the first of each pair; return how many were."""
        with closing(self._connect()) as connection:
            connection.execute("begin immediate")
            done = sum(
                connection.execute(
                    "update crmkit_subjects set generation = ?, sealed = ? "
                    "where tenant = ? and subject = ? and sealed = ?",
                    (new.generation, new.sealed, tenant, old.subject, old.sealed),
                ).rowcount
                for old, new in rows
            )
            connection.execute("commit")
        return done

    def tombstone(self, tenant: str, subjects: Sequence[str], at: str) -> dict[str, SubjectRow]:
        """Destroy keys in one step; return the rows as they were."""
        with closing(self._connect()) as connection:
            connection.execute("begin immediate")
            before = _rows(connection, tenant, subjects)
            connection.executemany(
                "insert into crmkit_subjects (tenant, subject, generation, sealed, created_at, shredded_at) "
                "values (?, ?, 0, null, ?, ?) on conflict do update set sealed = null, "
                "shredded_at = coalesce(crmkit_subjects.shredded_at, excluded.shredded_at)",
                [(tenant, subject, at, at) for subject in subjects],
            )
            connection.execute("commit")
            connection.execute("pragma wal_checkpoint(truncate)")
        return before

    def merge(self, tenant: str, subject: str, into: str) -> None:
        """Note that one person turned out to be another."""
        with closing(self._connect()) as connection:
            connection.execute("begin immediate")
            connection.execute(
                "update crmkit_subjects set merged_into = ? where tenant = ? and subject = ?", (into, tenant, subject)
            )
            connection.execute("commit")

    def merged_from(self, tenant: str, subject: str) -> list[str]:
        """Return those that were merged straight into this one."""
        with closing(self._connect()) as connection:
            found = connection.execute(
                "select subject from crmkit_subjects where tenant = ? and merged_into = ? order by subject",
                (tenant, subject),
            )
            return [row[0] for row in found]

    def page(self, tenant: str, after: str, limit: int) -> list[SubjectRow]:
        """Return rows in the order of their subjects, behind ``after``."""
        if limit < 1:
            raise RefusedError("a page has one row at least", rule="batch")
        with closing(self._connect()) as connection:
            found = connection.execute(
                f"select {_COLUMNS} from crmkit_subjects where tenant = ? and subject > ? order by subject limit ?",  # noqa: S608 - constants
                (tenant, after, limit),
            )
            return [SubjectRow(*row) for row in found]

    def __repr__(self) -> str:
        return f"SQLiteSubjectStore({self._path.name!r})"


def _rows(connection: sqlite3.Connection, tenant: str, subjects: Sequence[str]) -> dict[str, SubjectRow]:
    return {row.subject: row for row in _select(connection, tenant, subjects)}


def _select(connection: sqlite3.Connection, tenant: str, subjects: Sequence[str]) -> Iterator[SubjectRow]:
    for start in range(0, len(subjects), _CHUNK):
        chunk = subjects[start : start + _CHUNK]
        marks = ", ".join("?" * len(chunk))
        found = connection.execute(
            f"select {_COLUMNS} from crmkit_subjects where tenant = ? and subject in ({marks})",  # noqa: S608 - marks only
            (tenant, *chunk),
        )
        yield from (SubjectRow(*row) for row in found)
