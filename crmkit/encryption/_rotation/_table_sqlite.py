"""A column of tokens in an SQLite database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crmkit.errors import RefusedError

from ._table import Checkpoint, Rewrite, StoredToken

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

_CHECKPOINTS: Final = "create table if not exists crmkit_checkpoints (name text primary key, state text not null)"


class SQLiteTokenTable:
    """A column of tokens in an SQLite database, for a :class:`Rotator`.

    Checkpoints are kept in a table ``crmkit_checkpoints`` of the same database. Every call opens the database and
    closes it again, whatever happens, so there is nothing to close.

    Args:
        path: The database.
        table: The table.
        column: The column with the tokens.
        key: The primary key: one column, an integer, text or a blob.
        subject: The column that names the person, for fields with ``subject=True``.
        others: Columns for compound indexes, and those that the field is bound to.

    Example:
        >>> SQLiteTokenTable("crm.db", "contacts", "email")
        SQLiteTokenTable('crm.db', 'contacts', 'email')

    .. versionadded:: 0.1.0
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        table: str,
        column: str,
        *,
        key: str = "id",
        subject: str | None = None,
        others: Sequence[str] = (),
    ) -> None:
        self._path = Path(path)
        self._name = (table, column)
        self._table, self._column, self._key = _quoted(table), _quoted(column), _quoted(key)
        self._subject = subject
        self._others = tuple(others)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=30, isolation_level=None)

    def load(self, name: str) -> Checkpoint | None:
        """Return the checkpoint of that name."""
        with closing(self._connect()) as connection:
            connection.execute(_CHECKPOINTS)
            row = connection.execute("select state from crmkit_checkpoints where name = ?", (name,)).fetchone()
        return None if row is None else Checkpoint.from_json(row[0])

    def batch(self, after: Any, limit: int) -> list[StoredToken]:
        """Return rows with a value, behind a key, in the order of keys."""
        more = ([self._subject] if self._subject else []) + list(self._others)
        columns = ", ".join([self._key, self._column, *map(_quoted, more)])
        where = f"{self._column} is not null" + ("" if after is None else f" and {self._key} > ?")
        with closing(self._connect()) as connection:
            rows = connection.execute(
                f"select {columns} from {self._table} where {where} order by {self._key} limit ?",  # noqa: S608 - quoted names
                (limit,) if after is None else (after, limit),
            ).fetchall()
        found = []
        for key, token, *rest in rows:
            person = rest.pop(0) if self._subject else None
            found.append(StoredToken(key, token, person, dict(zip(self._others, rest, strict=True))))
        return found

    def write(self, rows: Sequence[Rewrite], checkpoint: Callable[[int], Checkpoint]) -> int:
        """Write rows that still hold what was read, and the checkpoint, in one transaction."""
        with closing(self._connect()) as connection:
            connection.execute("begin immediate")
            names = [self._name[1], *(rows[0].indexes if rows else ())]
            sets = ", ".join(f"{_quoted(name)} = ?" for name in names)
            written = connection.executemany(
                f"update {self._table} set {sets} where {self._key} = ? and {self._column} = ?",  # noqa: S608 - quoted names
                ((row.new, *row.indexes.values(), row.key, row.old) for row in rows),
            ).rowcount
            state = checkpoint(written)
            connection.execute(
                "insert into crmkit_checkpoints values (?, ?) on conflict do update set state = excluded.state",
                (state.name, state.to_json()),
            )
            connection.execute("commit")
        return written

    def prefixes(self) -> dict[str, int]:
        """Return how many values begin with each header."""
        column = self._column
        head = f"case typeof({column}) when 'blob' then hex(substr({column}, 1, 18)) else substr({column}, 1, 29) end"
        with closing(self._connect()) as connection:
            rows = connection.execute(
                f"select {head}, count(*) from {self._table} where {self._column} is not null group by 1"  # noqa: S608 - quoted names
            ).fetchall()
        return {str(prefix): count for prefix, count in rows}

    def __repr__(self) -> str:
        return f"SQLiteTokenTable({self._path.name!r}, {self._name[0]!r}, {self._name[1]!r})"


def _quoted(name: str) -> str:
    if not name or "\0" in name:
        raise RefusedError("a table or column has a name", rule="name")
    return '"' + name.replace('"', '""') + '"'
