"""What the types that engines declare hold, in the logical types of ``crmkit-row/1``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from crmkit._canonical import LogicalType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit._canonical._row import Kind
    from crmkit.backup._rows._sql import Dialect

_DECLARED: Final[Mapping[Dialect, tuple[tuple[str, Kind], ...]]] = {
    "postgresql": (
        ("smallint|integer|bigint", "int"),
        ("real|double precision", "float64"),
        ("text|character varying|name|citext", "text"),
        ("boolean", "bool"),
        ("date", "date"),
        ("timestamp without time zone", "timestamp"),
        ("timestamp with time zone", "timestamptz"),
        ("bytea", "bytes"),
        ("uuid", "uuid"),
        ("jsonb?", "json"),
        ("numeric", "decimal"),
    ),
    "duckdb": (
        ("U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)", "int"),
        ("FLOAT|DOUBLE", "float64"),
        ("VARCHAR", "text"),
        ("BOOLEAN", "bool"),
        ("DATE", "date"),
        ("TIMESTAMP", "timestamp"),
        ("TIMESTAMP WITH TIME ZONE", "timestamptz"),
        ("BLOB", "bytes"),
        ("UUID", "uuid"),
        ("JSON", "json"),
        (r"DECIMAL\(\d+,\s*(\d+)\)", "decimal"),
    ),
    # SQLite keeps any word as a type; the order is that of its own rules for what holds what.
    "sqlite": (
        (r"(?:DECIMAL|NUMERIC)\(\d+,\s*(\d+)\)", "decimal"),
        ("BOOL(EAN)?", "bool"),
        ("TIMESTAMPTZ|TIMESTAMP WITH TIME ZONE", "timestamptz"),
        ("DATETIME|TIMESTAMP", "timestamp"),
        ("DATE", "date"),
        ("UUID", "uuid"),
        ("JSON", "json"),
        (".*INT.*", "int"),
        (".*(CHAR|CLOB|TEXT).*", "text"),
        (".*BLOB.*", "bytes"),
        (".*(REAL|FLOA|DOUB).*", "float64"),
    ),
}


def logical_type(dialect: Dialect, declared: str, scale: int | None = None) -> LogicalType | None:
    """Return what a column of a declared type holds; ``None`` for a type without exact text.

    Args:
        dialect: Whose type it is.
        declared: The type, in the engine's words.
        scale: Digits behind the point, where the words do not say them.

    Example:
        >>> logical_type("sqlite", "varchar(80)").kind, logical_type("duckdb", "DECIMAL(10,2)").scale
        ('text', 2)
    """
    for pattern, kind in _DECLARED[dialect]:
        found = re.fullmatch(pattern, declared.upper() if dialect == "sqlite" else declared)
        if found is None:
            continue
        if kind == "decimal":
            return LogicalType(kind=kind, scale=int(found[1]) if found.re.groups else scale)
        return LogicalType(kind=kind)
    return None
