"""Parquet files, through pyarrow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit._canonical import LogicalType, RowSchema, keyed_digests
from crmkit._optional import require
from crmkit.errors import InvalidValueError, SchemaError

from ._base import BLOCK, ClientSource

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence

    from crmkit.backup._rows._buckets import Pairs


class ParquetSource(ClientSource):
    """A parquet file, read with pyarrow row group by row group.

    Args:
        path: The file.
        key: Columns that tell rows apart.
        name: What the table is called; the file's name where ``None``.
        schema: Types of the columns; those of the file where ``None``.

    Raises:
        MissingDependencyError: pyarrow is not installed.

    Example:
        >>> ParquetSource("contacts.parquet", key="id")
        ParquetSource('contacts')

    .. versionadded:: 0.1.0
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        key: str | Sequence[str] = (),
        name: str | None = None,
        schema: RowSchema | None = None,
    ) -> None:
        self._path = Path(path)
        super().__init__(name if name is not None else self._path.stem, key)
        self._schema = schema

    def schema(self) -> RowSchema:
        """Return the given types, or those of the file."""
        if self._schema is None:
            parquet = require("pyarrow.parquet", extra="arrow", what="ParquetSource")
            fields = parquet.read_schema(self._path)
            self._schema = RowSchema({field.name: _of_arrow(field.name, field.type) for field in fields})
        return self._schema

    def digests(self, schema: RowSchema) -> Iterator[Pairs]:
        """Yield digests; times as the numbers that they are stored as, which is their text in ``crmkit-row/1``."""
        compute = require("pyarrow.compute", extra="arrow", what="ParquetSource")
        pyarrow = require("pyarrow", extra="arrow", what="ParquetSource")
        done = 0
        for batch in self._batches(schema):
            columns: dict[str, Sequence[object]] = {}
            kinds = dict(schema.columns)
            for name, kind in schema.columns.items():
                array = batch.column(name)
                if _is_time(array.type, kind):
                    whole = compute.cast(array, pyarrow.timestamp("us", array.type.tz))
                    columns[name] = compute.cast(whole, "int64").to_pylist()
                    kinds[name] = LogicalType(kind="int")
                else:
                    columns[name] = _arrow_column(array, kind)
            try:
                yield keyed_digests(RowSchema(kinds), self.key, columns)
            except InvalidValueError as error:
                raise InvalidValueError(f"{self.name}, rows from {done}: {error}") from None
            done += batch.num_rows

    def blocks(self, schema: RowSchema) -> Iterator[Mapping[str, Sequence[object]]]:
        """Read the file in batches."""
        for batch in self._batches(schema):
            yield {name: _arrow_column(batch.column(name), schema.columns[name]) for name in schema.columns}

    def _batches(self, schema: RowSchema) -> Iterator[Any]:
        parquet = require("pyarrow.parquet", extra="arrow", what="ParquetSource")
        with parquet.ParquetFile(self._path) as file:
            yield from file.iter_batches(batch_size=BLOCK, columns=list(schema.columns))


def _is_time(kind: Any, wanted: LogicalType) -> bool:
    """Whether a column holds just the times that are wanted, in units that microseconds hold exactly."""
    types = require("pyarrow.types", extra="arrow", what="ParquetSource")
    if wanted.kind not in ("timestamp", "timestamptz") or not types.is_timestamp(kind) or kind.unit == "ns":
        return False
    return (kind.tz is not None) == (wanted.kind == "timestamptz")


def _arrow_column(array: Any, kind: LogicalType) -> Sequence[object]:
    values: list[object] = array.to_pylist()
    if kind.kind == "uuid":
        return [UUID(bytes=value) if isinstance(value, bytes) else value for value in values]
    return values


def _of_arrow(name: str, kind: Any) -> LogicalType:
    types = require("pyarrow.types", extra="arrow", what="ParquetSource")
    if types.is_timestamp(kind):
        if kind.unit == "ns":
            raise SchemaError(f"column {name!r} has nanoseconds; say its type with schema=")
        return LogicalType(kind="timestamptz" if kind.tz else "timestamp")
    if types.is_decimal(kind):
        return LogicalType(kind="decimal", scale=max(0, kind.scale))
    for test, found in (
        (types.is_boolean, "bool"),
        (types.is_integer, "int"),
        (types.is_floating, "float64"),
        (types.is_string, "text"),
        (types.is_large_string, "text"),
        (types.is_binary, "bytes"),
        (types.is_large_binary, "bytes"),
        (types.is_date32, "date"),
    ):
        if test(kind):
            return LogicalType(kind=found)  # type: ignore[arg-type]  # from the table above
    raise SchemaError(f"column {name!r} is of a type without exact text; say its type with schema=")
