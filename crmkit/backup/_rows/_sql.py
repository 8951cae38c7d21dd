"""``crmkit-row/1`` written as SQL, so that a server digests its own rows and sends 64 octets for each.

The text of each cell is what `crmkit._canonical` writes; what SQL cannot say exactly is refused, not approximated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from crmkit._canonical import LogicalType, RowSchema, json_bytes
from crmkit.errors import NotFoundError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit._canonical._row import Kind

Dialect: TypeAlias = Literal["postgresql", "duckdb", "sqlite"]
"""Databases whose SQL `row_sql` writes."""

SQLITE_CELL: Final = "crmkit_cell"
SQLITE_SHA256: Final = "crmkit_sha256"
_FIRST_DATE: Final = "0001-01-01"
_LAST_DATE: Final = "9999-12-31"


def row_schema(columns: Mapping[str, str | LogicalType]) -> RowSchema:
    """Make a row schema from names of types.

    Args:
        columns: Column to type: ``"int"``, ``"text"``, ``"decimal(2)"`` (digits behind the point), ``"float64"``,
            ``"bool"``, ``"date"``, ``"timestamp"``, ``"timestamptz"``, ``"bytes"``, ``"uuid"``, ``"json"``; text may
            have options that are applied before it is digested: ``"text nfc trim"`` (also ``casefold``,
            ``empty_is_null``).

    Raises:
        NotFoundError: An unknown type or option.

    Example:
        >>> row_schema({"id": "int", "amount": "decimal(2)", "name": "text nfc"}).header().decode()[:50]
        '{"columns":[{"name":"id","type":"int"},{"name":"am'

    .. versionadded:: 0.1.0
    """

    def kind(said: str | LogicalType) -> LogicalType:
        if isinstance(said, LogicalType):
            return said
        word, *options = said.split()
        name, _, scale = word.partition("(")
        digits = int(scale.rstrip(")")) if scale else None
        return LogicalType(kind=name, scale=digits, options=tuple(options))  # type: ignore[arg-type]  # it checks

    return RowSchema({name: kind(said) for name, said in columns.items()})


def quoted(name: str) -> str:
    """Quote a name as all three dialects do.

    Example:
        >>> quoted('a"b')
        '"a""b"'
    """
    if "\x00" in name:
        raise SchemaError("a name with a NUL")
    return '"' + name.replace('"', '""') + '"'


def table_name(table: str | Sequence[str]) -> str:
    """Quote a table, given as its name or as schema and name."""
    return ".".join(map(quoted, (table,) if isinstance(table, str) else table))


def server_side(dialect: Dialect, schema: RowSchema) -> str | None:
    """Say why a server cannot digest rows of this schema itself; ``None`` if it can."""
    for name, kind in schema.columns.items():
        if kind.kind in ("json", "list", "map"):
            return f"column {name!r}: SQL has no canonical text for {kind.kind}"
        if "casefold" in kind.options:
            return f"column {name!r}: databases fold case in other ways than Unicode's full folding"
        if dialect == "sqlite" and kind.options:
            return f"column {name!r}: SQLite has no Unicode normal forms"
    return None


def _text(dialect: Dialect, column: str, kind: LogicalType) -> str:
    """Return the SQL for the text of a cell; NULL stays NULL."""
    x = quoted(column)
    if kind.kind == "text":
        for option in ("nfc", "trim", "empty_is_null"):
            if option in kind.options:
                x = _TEXT_OPTIONS[dialect][option].format(x=x)
        return x
    return _TEXTS[dialect][kind.kind].format(x=x, s=kind.scale)


_TEXT_OPTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "postgresql": {"nfc": "normalize({x}, NFC)", "trim": "btrim({x}, ' ')", "empty_is_null": "nullif({x}, '')"},
    "duckdb": {"nfc": "nfc_normalize({x})", "trim": "trim({x}, ' ')", "empty_is_null": "nullif({x}, '')"},
}
_BOOL = "CASE {x} WHEN true THEN 't' WHEN false THEN 'f' END"
_TEXTS: Final[Mapping[str, Mapping[Kind, str]]] = {
    "postgresql": {
        "int": "{x}::text",
        "decimal": "CASE WHEN {x}::numeric = 'NaN' THEN 'NaN' ELSE trunc({x}::numeric, {s})::text END",
        "float64": (
            "CASE WHEN {x}::float8 = 'NaN' THEN '7ff8000000000000' "
            "ELSE encode(float8send({x}::float8 + 0.0), 'hex') END"
        ),
        "bool": _BOOL,
        "date": "to_char({x}, 'YYYY-MM-DD')",
        "timestamp": (
            "CASE WHEN {x} = 'infinity' THEN 'inf' WHEN {x} = '-infinity' THEN '-inf' "
            "ELSE (extract(epoch from {x}) * 1000000)::bigint::text END"
        ),
        "timestamptz": (
            "CASE WHEN {x} = 'infinity' THEN 'inf' WHEN {x} = '-infinity' THEN '-inf' "
            "ELSE (extract(epoch from {x}) * 1000000)::bigint::text END"
        ),
        "bytes": "encode({x}, 'hex')",
        "uuid": "{x}::text",
    },
    "duckdb": {
        "int": "{x}::VARCHAR",
        "decimal": "{x}::DECIMAL(38, {s})::VARCHAR",
        "float64": (
            "CASE WHEN isnan({x}::DOUBLE) THEN '7ff8000000000000' ELSE lower(hex(({x}::DOUBLE + 0.0)::BIT::BLOB)) END"
        ),
        "bool": _BOOL,
        "date": "{x}::VARCHAR",
        "timestamp": (
            "CASE WHEN isfinite({x}) THEN epoch_us({x})::VARCHAR WHEN {x} > '1970-01-01' THEN 'inf' "
            "WHEN {x} IS NOT NULL THEN '-inf' END"
        ),
        "timestamptz": (
            "CASE WHEN isfinite({x}) THEN epoch_us({x})::VARCHAR WHEN {x} > '1970-01-01' THEN 'inf' "
            "WHEN {x} IS NOT NULL THEN '-inf' END"
        ),
        "bytes": "lower(hex({x}))",
        "uuid": "{x}::VARCHAR",
    },
}


def _cell(dialect: Dialect, column: str, kind: LogicalType) -> str:
    if dialect == "sqlite" and kind.kind not in ("int", "text"):
        said = json_bytes(kind.describe()).decode().replace("'", "''")
        return f"{SQLITE_CELL}({quoted(column)}, '{said}')"
    text = _text(dialect, column, kind) if dialect != "sqlite" else _SQLITE_TEXT[kind.kind].format(x=quoted(column))
    length = {
        "postgresql": "octet_length(convert_to({t}, 'UTF8'))::text" if kind.kind == "text" else "length({t})::text",
        "duckdb": "strlen({t})::VARCHAR",
        "sqlite": "length(CAST({t} AS BLOB))",
    }[dialect].format(t=text)
    return f"coalesce({length} || ':' || {text}, '-')"


_SQLITE_TEXT: Final[Mapping[str, str]] = {"int": "CAST({x} AS TEXT)", "text": "{x}"}

_DIGEST: Final[Mapping[str, str]] = {
    "postgresql": "encode(sha256(convert_to({row}, 'UTF8')), 'hex')",
    "duckdb": "sha256({row})",
    "sqlite": SQLITE_SHA256 + "({row})",
}


def row_sql(
    dialect: Dialect,
    table: str | Sequence[str],
    schema: RowSchema,
    *,
    key: Sequence[str] = (),
) -> str:
    """Write the query that digests a table's rows in the server.

    Args:
        dialect: ``"postgresql"`` (13 or newer), ``"duckdb"``, or ``"sqlite"`` after `register_sqlite`.
        table: Name, or schema and name.
        schema: Names and types of the columns.
        key: Columns that tell rows apart.

    Returns:
        A SELECT of two columns: the key's digest (the row's own without a key) and the row's digest, hexadecimal.

    Raises:
        SchemaError: The dialect cannot say a column's text exactly.
        NotFoundError: An unknown dialect or key column.

    Example:
        >>> print(row_sql("duckdb", "people", row_schema({"id": "int"}), key=["id"]))  # doctest: +ELLIPSIS
        SELECT sha256(coalesce(strlen("id"::VARCHAR)::VARCHAR || ':' || "id"::VARCHAR, '-')), ... FROM "people"

    .. versionadded:: 0.1.0
    """
    if dialect not in get_args(Dialect):
        raise NotFoundError.of("dialect", dialect, get_args(Dialect))
    reason = server_side(dialect, schema)
    if reason is not None:
        raise SchemaError(reason)
    for name in key:
        if name not in schema.columns:
            raise NotFoundError.of("column", name, schema.columns)

    keys, row = _digests(dialect, schema, key)
    return f"SELECT {keys}, {row} FROM {table_name(table)}"  # noqa: S608  names are quoted


def _digests(dialect: Dialect, schema: RowSchema, key: Sequence[str]) -> tuple[str, str]:
    """Return the SQL of the key's digest and of the row's, hexadecimal."""

    def digest(names: Sequence[str]) -> str:
        cells = " || ".join(_cell(dialect, name, schema.columns[name]) for name in names)
        return _DIGEST[dialect].format(row=cells)

    row = digest(list(schema.columns))
    return digest(key) if key else row, row


_FIRST_BITS: Final[Mapping[str, str]] = {
    # The first sixteen bits of a digest in hexadecimal, as an integer.
    "postgresql": "('x' || substr(k, 1, 4))::bit(16)::int",
    "duckdb": " + ".join(
        f"(strpos('0123456789abcdef', substr(k, {at}, 1)) - 1) * {weight}"
        for at, weight in ((1, 4096), (2, 256), (3, 16), (4, 1))
    ),
}
_LEAF: Final[Mapping[str, str]] = {
    "postgresql": "encode(sha256(decode('00' || string_agg(d, '' ORDER BY d COLLATE \"C\"), 'hex')), 'hex')",
    "duckdb": "sha256(unhex('00' || string_agg(d, '' ORDER BY d)))",
}


def bucket_sql(
    dialect: Dialect, table: str | Sequence[str], schema: RowSchema, *, key: Sequence[str], buckets: int
) -> str:
    """Write the query that makes the leaves of a table's buckets in the server.

    Returns:
        A SELECT of four columns: number of the bucket, its rows, its distinct keys, and its leaf, hexadecimal; an
        empty bucket has no line.
    """
    keys, row = _digests(dialect, schema, key)
    inner = f"SELECT {keys} AS k, {row} AS d FROM {table_name(table)}"  # noqa: S608  names are quoted
    # Divided, not shifted: what dialects give for a shift by no bits differs less than their casts do.
    bucket = f"floor(({_FIRST_BITS[dialect]}) / {65_536 // buckets}.0)"
    return f"SELECT {bucket} AS b, count(*), count(DISTINCT k), {_LEAF[dialect]} FROM ({inner}) AS x GROUP BY 1"  # noqa: S608  as above


def inexact_sql(dialect: Dialect, table: str | Sequence[str], schema: RowSchema) -> list[tuple[str, str, str]]:
    """Write the queries that count values without an exact text.

    Returns:
        Column, why, and the query.
    """
    found = []
    for name, kind in schema.columns.items():
        why, condition = _inexact(dialect, quoted(name), kind)
        if condition:
            found.append((name, why, f"SELECT count(*) FROM {table_name(table)} WHERE {condition}"))  # noqa: S608  quoted
    return found


def _inexact(dialect: Dialect, x: str, kind: LogicalType) -> tuple[str, str]:
    if kind.kind == "decimal" and dialect != "sqlite":
        why = f"not exact with {kind.scale} digits behind the point"
        if dialect == "duckdb":
            return why, f"TRY_CAST({x} AS DECIMAL(38, {kind.scale})) IS DISTINCT FROM {x}"
        exact = f"{x}::numeric = trunc({x}::numeric, {kind.scale})"
        endless = f"{x}::text IN ('Infinity', '-Infinity')"
        return why, f"{x}::numeric <> 'NaN' AND NOT ({exact}) OR {endless}"
    if kind.kind == "date" and dialect != "sqlite":
        return "of a year outside of 1 to 9999", f"{x} < '{_FIRST_DATE}' OR {x} > '{_LAST_DATE}'"
    if kind.kind in ("int", "text") and dialect == "sqlite":
        wanted = "integer" if kind.kind == "int" else "text"
        return f"not stored as {wanted}", f"typeof({x}) NOT IN ('{wanted}', 'null')"
    return "", ""
