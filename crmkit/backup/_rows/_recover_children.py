"""Rows of other tables that the deletion of a row would take along or empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crmkit.errors import SchemaError

from ._sql import quoted, table_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ._sources._database import DatabaseSource

_POSTGRES: Final = """
SELECT c.oid::bigint, c.conrelid::regclass::text, a.attname, p.attname
FROM pg_constraint c CROSS JOIN LATERAL unnest(c.conkey, c.confkey) WITH ORDINALITY u(child, parent, n)
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = u.child
JOIN pg_attribute p ON p.attrelid = c.confrelid AND p.attnum = u.parent
WHERE c.contype = 'f' AND c.confrelid = to_regclass(%s) AND c.confdeltype IN ('c', 'n', 'd') ORDER BY c.oid, u.n
"""
_SILENT: Final = ("CASCADE", "SET NULL", "SET DEFAULT")


def require_table(live: DatabaseSource) -> None:
    """Refuse a view of SQLite: some versions say that they changed a row of it, and change nothing.

    Raises:
        SchemaError: It is one.
    """
    if live.dialect != "sqlite":
        return
    at = f"{quoted(live.table[0])}." if len(live.table) > 1 else ""
    for place in (at,) if at else ("", "temp."):
        sql = f"SELECT type FROM {place}sqlite_master WHERE name = ? COLLATE NOCASE"  # noqa: S608  quoted
        if ("view",) in live.connection.execute(sql, [live.table[-1]]).fetchall():
            raise SchemaError("rows go back into a table, and this is a view")


def children(live: DatabaseSource, condition: str) -> list[str]:
    """Return for each foreign key that acts silently the query that finds rows which refer to one row.

    Args:
        live: The table.
        condition: Its key, with a place for each value.
    """
    found = {"postgresql": _postgres, "sqlite": _sqlite}.get(live.dialect)
    return [] if found is None else [_query(live, *key, condition) for key in found(live)]


def _query(live: DatabaseSource, child: str, columns: Sequence[str], parents: Sequence[str], condition: str) -> str:
    own = ", ".join(f"child.{quoted(name)}" for name in columns)
    theirs = ", ".join(map(quoted, parents))
    below = f"SELECT {theirs} FROM {table_name(live.table)} WHERE {condition}"  # noqa: S608  quoted
    return f"SELECT 1 FROM {child} AS child WHERE ({own}) IN ({below}) LIMIT 1"  # noqa: S608  quoted


def _postgres(live: DatabaseSource) -> Iterator[tuple[str, list[str], list[str]]]:
    cursor = live.connection.cursor()
    cursor.execute(_POSTGRES, [table_name(live.table)])
    keys: dict[int, tuple[str, list[str], list[str]]] = {}
    for oid, child, own, theirs in cursor.fetchall():
        key = keys.setdefault(oid, (child, [], []))
        key[1].append(own)
        key[2].append(theirs)
    yield from keys.values()


def _sqlite(live: DatabaseSource) -> Iterator[tuple[str, list[str], list[str]]]:
    connection = live.connection
    [enforced] = connection.execute("PRAGMA foreign_keys").fetchone()
    if not enforced:
        return
    at = f"{quoted(live.table[0])}." if len(live.table) > 1 else ""
    own_key = [
        (place, name)
        for _, name, *_, place in connection.execute(f"PRAGMA {at}table_info({quoted(live.table[-1])})")
        if place
    ]
    primary = [name for _, name in sorted(own_key)]
    tables = connection.execute(f"SELECT name FROM {at}sqlite_master WHERE type = 'table'").fetchall()  # noqa: S608  quoted
    for (table,) in tables:
        keys: dict[int, tuple[str, list[str], list[str]]] = {}
        for number, _, parent, own, theirs, _, deleted, _ in connection.execute(
            f"PRAGMA {at}foreign_key_list({quoted(table)})"
        ):
            if parent.casefold() == live.table[-1].casefold() and deleted in _SILENT:
                key = keys.setdefault(number, (f"{at}{quoted(table)}", [], []))
                key[1].append(own)
                key[2].append(theirs if theirs is not None else primary[len(key[2])])
        yield from keys.values()
