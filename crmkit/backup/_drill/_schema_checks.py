"""Whether the structure came back: keys that point somewhere, columns, constraints, indexes, sequences."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import attrs

from crmkit._canonical import json_bytes
from crmkit.backup._findings._findings import Finding
from crmkit.backup._rows._sql import quoted, table_name

from ._checks import CheckResult, RestoreCheck

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from crmkit.typing import JSONValue

    from ._restore import Restored

_PG_KEYS = """
SELECT c.conname, c.conrelid::regclass::text, c.confrelid::regclass::text,
  (SELECT array_agg(a.attname ORDER BY k.n) FROM unnest(c.conkey) WITH ORDINALITY k(num, n)
   JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num),
  (SELECT array_agg(a.attname ORDER BY k.n) FROM unnest(c.confkey) WITH ORDINALITY k(num, n)
   JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.num)
FROM pg_constraint c WHERE c.contype = 'f' ORDER BY 1
"""


@attrs.frozen
class ForeignKeys(RestoreCheck):
    """No row points to a row that is not there.

    Attributes:
        also: Pairs that the database does not declare: ``(table, column, other table, other column)``.

    Example:
        >>> ForeignKeys(also=[("contacts", "account_id", "accounts", "id")]).name
        'ForeignKeys'

    .. versionadded:: 0.1.0
    """

    also: Sequence[tuple[str, str, str, str]] = ()

    def run(self, restored: Restored, now: dt.datetime) -> CheckResult:
        """Count orphans of every foreign key; the checks of a database may have been off during the restore."""
        del now
        findings = []
        evidence: dict[str, JSONValue] = {}
        for name, table, columns, other, others in self._keys(restored):
            joined = " AND ".join(
                f"o.{quoted(there)} = t.{quoted(here)}" for here, there in zip(columns, others, strict=True)
            )
            given = " AND ".join(f"t.{quoted(here)} IS NOT NULL" for here in columns)
            sql = (
                f"SELECT count(*) FROM {table} t WHERE {given} "  # noqa: S608  names are quoted
                f"AND NOT EXISTS (SELECT 1 FROM {other} o WHERE {joined})"
            )
            orphans = restored.query(sql)[0][0]
            evidence[name] = orphans
            if orphans:
                findings.append(Finding(code="FK_ORPHANS", path=name, expected=0, actual=orphans))
        return CheckResult(name=self.name, findings=tuple(findings), evidence=evidence)

    def _keys(self, restored: Restored) -> list[tuple[str, str, Sequence[str], str, Sequence[str]]]:
        found: list[tuple[str, str, Sequence[str], str, Sequence[str]]] = []
        if restored.kind == "postgresql":
            found += [
                (name, table, columns, other, others)
                for name, table, other, columns, others in restored.query(_PG_KEYS)
            ]
        else:
            tables = restored.query("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            for (table,) in tables:
                keys: dict[int, tuple[str, list[str], list[str]]] = {}
                for number, _, other, here, there, *_ in restored.query(f"PRAGMA foreign_key_list({quoted(table)})"):
                    entry = keys.setdefault(number, (other, [], []))
                    entry[1].append(here)
                    entry[2].append(there or "rowid")
                for other, here_all, there_all in keys.values():
                    name = f"{table}.{','.join(here_all)}"
                    found.append((name, quoted(table), here_all, quoted(other), there_all))
        for table, here, other, there in self.also:
            found.append((f"{table}.{here}", table_name(table), [here], table_name(other), [there]))
        return found


def schema_fingerprint(connection: Any, kind: str) -> str:
    """Return a digest of a database's tables and columns: names, types, what may be missing.

    Args:
        connection: psycopg or sqlite3.
        kind: ``"postgresql"`` or ``"sqlite"``.

    Example:
        >>> import sqlite3
        >>> database = sqlite3.connect(":memory:")
        >>> _ = database.execute("CREATE TABLE contacts (id INTEGER)")
        >>> schema_fingerprint(database, "sqlite")[:16]
        'f0bd8bcba535eb36'

    .. versionadded:: 0.1.0
    """
    cursor = connection.cursor()
    if kind == "postgresql":
        cursor.execute(
            "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull "
            "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped "
            "AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') ORDER BY 1, a.attnum"
        )
        rows = [list(row) for row in cursor.fetchall()]
    else:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
        rows = []
        for (table,) in cursor.fetchall():
            cursor.execute(f"PRAGMA table_info({quoted(table)})")
            rows += [[table, name, declared, bool(required)] for _, name, declared, required, *_ in cursor.fetchall()]
    return hashlib.sha256(json_bytes(rows)).hexdigest()


def schema_objects(connection: Any, kind: str) -> tuple[str, ...]:
    """Return the constraints and indexes of a database, each as one line of text, sorted.

    They stand at the end of a dump, so they are what a dump that was cut near its end loses.

    Args:
        connection: psycopg or sqlite3.
        kind: ``"postgresql"`` or ``"sqlite"``.

    Example:
        >>> import sqlite3
        >>> database = sqlite3.connect(":memory:")
        >>> _ = database.execute("CREATE TABLE contacts (id INTEGER)")
        >>> _ = database.execute("CREATE INDEX by_id ON contacts (id)")
        >>> schema_objects(database, "sqlite")
        ('index by_id on contacts',)

    .. versionadded:: 0.1.0
    """
    cursor = connection.cursor()
    if kind == "postgresql":
        cursor.execute(
            "SELECT 'constraint ' || conname || ' on ' || conrelid::regclass || ': ' || pg_get_constraintdef(oid) "
            "FROM pg_constraint WHERE conrelid <> 0 AND connamespace NOT IN "
            "(SELECT oid FROM pg_namespace WHERE nspname IN ('pg_catalog', 'information_schema', 'pg_toast')) "
            "UNION ALL SELECT 'index ' || indexname || ' on ' || tablename || ': ' || indexdef FROM pg_indexes "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
        )
    else:
        cursor.execute(
            "SELECT type || ' ' || name || ' on ' || tbl_name FROM sqlite_master "
            "WHERE type IN ('index', 'trigger', 'view') ORDER BY 1"
        )
    return tuple(sorted(row[0] for row in cursor.fetchall()))


@attrs.frozen
class SchemaFingerprint(RestoreCheck):
    """Tables and columns are those that the source had.

    Attributes:
        expected: What `schema_fingerprint` gave for the source.

    Example:
        >>> SchemaFingerprint("0" * 64).name
        'SchemaFingerprint'

    .. versionadded:: 0.1.0
    """

    expected: str

    def run(self, restored: Restored, now: dt.datetime) -> CheckResult:
        """Compare."""
        del now
        found = schema_fingerprint(restored.connection, restored.kind)
        findings = (
            () if found == self.expected else (Finding(code="SCHEMA_CHANGED", expected=self.expected, actual=found),)
        )
        return CheckResult(name=self.name, findings=findings, evidence={"fingerprint": found})


@attrs.frozen
class SchemaObjects(RestoreCheck):
    """Every constraint and index of the source is there.

    Attributes:
        expected: What `schema_objects` gave for the source.

    Example:
        >>> SchemaObjects(()).name
        'SchemaObjects'

    .. versionadded:: 0.1.0
    """

    expected: Sequence[str]

    def run(self, restored: Restored, now: dt.datetime) -> CheckResult:
        """Compare."""
        del now
        found = schema_objects(restored.connection, restored.kind)
        lost = sorted(set(self.expected) - set(found))
        findings = tuple(Finding(code="CONSTRAINT_MISSING", path=name) for name in lost)
        return CheckResult(name=self.name, findings=findings, evidence={"objects": len(found)})


@attrs.frozen
class Sequences(RestoreCheck):
    """No sequence would give an id that is in use.

    Example:
        >>> Sequences().name
        'Sequences'

    .. versionadded:: 0.1.0
    """

    def run(self, restored: Restored, now: dt.datetime) -> CheckResult:
        """Compare each sequence with the greatest value of its column."""
        del now
        findings = []
        evidence: dict[str, JSONValue] = {}
        if restored.kind == "postgresql":
            owned = restored.query(
                "SELECT s.oid::regclass::text, d.refobjid::regclass::text, a.attname FROM pg_class s "
                "JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') "
                "JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid WHERE s.relkind = 'S'"
            )
            asked = [
                (name, f"SELECT last_value, (SELECT coalesce(max({quoted(column)}), 0) FROM {table}) FROM {name}")  # noqa: S608  by the server
                for name, table, column in owned
            ]
        else:
            kept = restored.query("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_sequence'")[0][0]
            names = restored.query("SELECT name FROM sqlite_sequence") if kept else []
            asked = [(name, _sqlite_sequence(name)) for (name,) in names]
        for name, sql in asked:
            last, greatest = restored.query(sql)[0]
            evidence[name] = [int(last), int(greatest)]
            if greatest > last:
                findings.append(Finding(code="SEQUENCE_BEHIND", path=name, expected=int(greatest), actual=int(last)))
        return CheckResult(name=self.name, findings=tuple(findings), evidence=evidence)


def _sqlite_sequence(table: str) -> str:
    text = table.replace("'", "''")
    greatest = f"SELECT coalesce(max(rowid), 0) FROM {quoted(table)}"  # noqa: S608  quoted
    return f"SELECT seq, ({greatest}) FROM sqlite_sequence WHERE name = '{text}'"  # noqa: S608  quoted
