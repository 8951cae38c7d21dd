"""A table's rows as one root, and as the leaves that say where two tables differ."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

import attrs

from crmkit import _notebook
from crmkit._canonical import LogicalType, RowSchema, encode_parts, json_bytes, parse_json
from crmkit._merkle import root as tree_root
from crmkit.backup._manifest._entry import HEX64, TableEntry
from crmkit.errors import FormatError, NotFoundError, SchemaError

from ._buckets import MOST_BUCKETS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ._sources._base import Source

FORMAT: Final = "crmkit-snapshot/1"
_TABLE: Final = b"crmkit-table/1"


def schema_document(schema: RowSchema) -> Mapping[str, Any]:
    """Return a row schema as the document that is hashed."""
    found: dict[str, Any] = json.loads(schema.header())
    return found


def schema_of(document: Mapping[str, Any]) -> RowSchema:
    """Read what `schema_document` gave.

    Raises:
        FormatError: It is something else.
    """

    def kind(said: Mapping[str, Any]) -> LogicalType:
        item = said.get("item")
        return LogicalType(
            kind=said["type"],
            scale=said.get("scale"),
            options=tuple(said.get("options", ())),
            item=None if item is None else kind(item),
        )

    try:
        schema = RowSchema({column["name"]: kind(column) for column in document["columns"]})
    except (KeyError, TypeError, LookupError, ValueError):
        raise FormatError("not a schema of crmkit-row/1") from None
    if schema_document(schema) != document:
        raise FormatError("not a schema of crmkit-row/1")
    return schema


@attrs.frozen(kw_only=True, repr=False)
class Snapshot:
    """What a table held at one moment: no row of it, but enough to tell later whether it holds the same.

    Attributes:
        name: The table.
        rows: Number of rows.
        root: Over everything below, 32 bytes: two snapshots of one root are of the same rows and schema.
        key: Columns that tell rows apart; empty where rows are told apart by all of their content.
        schema: Names and types of the columns.
        leaves: One digest a bucket.
        duplicate_keys: Rows whose key another row has too.
        bounds: Least and greatest value of the columns that were asked for, as text.

    .. versionadded:: 0.1.0
    """

    name: str
    rows: int
    root: bytes
    key: tuple[str, ...]
    schema: RowSchema
    leaves: tuple[bytes, ...]
    duplicate_keys: int = 0
    bounds: Mapping[str, tuple[str, str]] = attrs.field(factory=dict, hash=False)

    @property
    def buckets(self) -> int:
        """Number of buckets."""
        return len(self.leaves)

    @property
    def schema_print(self) -> str:
        """SHA-256 of the schema, hexadecimal."""
        return self.schema.digest().hex()

    def _repr_html_(self) -> str:
        facts = {
            "rows": self.rows, "key": self.key, "columns": tuple(self.schema.columns), "rows of a doubled key":
            self.duplicate_keys or None, "digest of the rows": self.root.hex(),
        }  # fmt: skip
        return _notebook.sheet(f"Snapshot of {self.name}", "", _notebook.facts(facts))

    def entry(self) -> TableEntry:
        """Return what a manifest says of the table."""
        return TableEntry(self.name, self.rows, self.root, self.buckets, self.key, schema_document(self.schema))

    def to_json(self) -> str:
        """Return the snapshot as one line of ``crmkit-json/1``."""
        return json_bytes(
            {
                "format": FORMAT,
                "name": self.name,
                "rows": self.rows,
                "root": self.root.hex(),
                "key": list(self.key),
                "schema": schema_document(self.schema),
                "leaves": [leaf.hex() for leaf in self.leaves],
                "duplicate_keys": self.duplicate_keys,
                "bounds": {name: list(pair) for name, pair in self.bounds.items()},
            }
        ).decode()

    @classmethod
    def from_json(cls, text: str) -> Snapshot:
        """Read what `to_json` gave.

        Raises:
            FormatError: It is something else, or its root is not over its leaves.
        """
        said: Any = parse_json(text.encode())
        members = {"format", "name", "rows", "root", "key", "schema", "leaves", "duplicate_keys", "bounds"}
        if not isinstance(said, dict) or said.get("format") != FORMAT or set(said) != members:
            raise FormatError(f"not a snapshot of {FORMAT}")
        if not all(isinstance(leaf, str) and HEX64.fullmatch(leaf) for leaf in (said["root"], *said["leaves"])):
            raise FormatError("a digest is not 64 hexadecimal digits")
        snapshot = cls(
            name=said["name"],
            rows=said["rows"],
            root=bytes.fromhex(said["root"]),
            key=tuple(said["key"]),
            schema=schema_of(said["schema"]),
            leaves=tuple(bytes.fromhex(leaf) for leaf in said["leaves"]),
            duplicate_keys=said["duplicate_keys"],
            bounds={name: (low, high) for name, (low, high) in said["bounds"].items()},
        )
        if snapshot.root != table_root(snapshot.schema, snapshot.key, snapshot.rows, snapshot.leaves):
            raise FormatError("the root is not over these leaves")
        return snapshot

    def __repr__(self) -> str:
        return f"<Snapshot {self.name}: {self.rows} rows, root {self.root.hex()[:16]}>"


def table_root(schema: RowSchema, key: Sequence[str], rows: int, leaves: Sequence[bytes]) -> bytes:
    """Return the root of a table: over schema, key, counts and bucket leaves, so that none can be exchanged."""
    parts = [
        _TABLE,
        schema.header(),
        json_bytes(list(key)),
        str(rows).encode(),
        str(len(leaves)).encode(),
        tree_root(leaves),
    ]
    return hashlib.sha256(encode_parts(parts)).digest()


def snapshot(
    source: Source, *, buckets: int | None = None, bounds: Sequence[str] = (), schema: RowSchema | None = None
) -> Snapshot:
    """Take the digests of a table, wherever it is: the same rows give the same root on every route.

    Args:
        source: `FrameSource`, `CsvSource`, `ParquetSource`, `SqliteSource`, `PostgresSource` or `DuckdbSource`.
        buckets: Number of buckets, a power of two; take that of the snapshot you will compare with.
        bounds: Columns whose least and greatest value are kept, in the clear: times and numbers, not people.
        schema: Names and types of the columns, where the source is not to decide.

    Raises:
        SchemaError: A column is not there, or has no exact text.
        InvalidValueError: A value that its type has no exact text for; names column and row, never the value.

    Example:
        >>> from crmkit.backup import FrameSource
        >>> people = [{"id": 1, "name": "Zoë"}, {"id": 2, "name": None}]
        >>> one = snapshot(FrameSource(people, key="id", name="people"))
        >>> two = snapshot(FrameSource(people[::-1], key="id", name="people"))
        >>> one.root == two.root, one.rows
        (True, 2)

    .. versionadded:: 0.1.0
    """
    if buckets is not None and (not 1 <= buckets <= MOST_BUCKETS or buckets & (buckets - 1)):
        raise SchemaError("buckets are a power of two from 1 to 65,536")
    from ._sources._base import check_source

    check_source(source)
    used = source.schema() if schema is None else schema
    unknown = [name for name in (*source.key, *bounds) if name not in used.columns]
    if unknown:
        raise NotFoundError.of("column", unknown[0], used.columns)
    leaves, rows, duplicates = source.index(used, buckets)
    return Snapshot(
        name=source.name,
        rows=rows,
        root=table_root(used, source.key, rows, leaves),
        key=source.key,
        schema=used,
        leaves=leaves,
        duplicate_keys=duplicates if source.key else 0,
        bounds=dict(source.bounds(bounds)) if bounds else {},
    )
