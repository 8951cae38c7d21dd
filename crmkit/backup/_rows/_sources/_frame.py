"""Tables in memory: frames of any kind, and lists of dicts."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from crmkit import frames
from crmkit._canonical import LogicalType, RowSchema
from crmkit.errors import SchemaError

from ._base import BLOCK, ClientSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from crmkit.typing import Frame


_BY_TYPE: dict[type, LogicalType] = {
    bool: LogicalType(kind="bool"),
    int: LogicalType(kind="int"),
    float: LogicalType(kind="float64"),
    str: LogicalType(kind="text"),
    bytes: LogicalType(kind="bytes"),
    dt.date: LogicalType(kind="date"),
    UUID: LogicalType(kind="uuid"),
}


def infer(name: str, values: Iterable[object]) -> LogicalType:
    """Return the type that holds all values of a column exactly; a column without values is text.

    Raises:
        SchemaError: There is none, or several.
    """
    found: set[str] = set()
    scale = 0
    kinds: dict[str, LogicalType] = {}
    for value in values:
        if value is None:
            continue
        if isinstance(value, dt.datetime):
            kind = LogicalType(kind="timestamp" if value.utcoffset() is None else "timestamptz")
        elif isinstance(value, Decimal):
            exponent = value.as_tuple().exponent
            scale = max(scale, -exponent if isinstance(exponent, int) else 0)
            kind = LogicalType(kind="decimal", scale=0)
        else:
            known = next((known for base, known in _BY_TYPE.items() if isinstance(value, base)), None)
            if known is None:
                raise SchemaError(f"column {name!r} holds {type(value).__name__}; say its type with schema=")
            kind = known
        found.add(kind.kind)
        kinds[kind.kind] = kind
    if not found:
        return LogicalType(kind="text")
    if found == {"int", "float64"}:
        return LogicalType(kind="float64")
    if len(found) > 1:
        raise SchemaError(f"column {name!r} holds {' and '.join(sorted(found))}; say its type with schema=")
    [only] = kinds.values()
    return LogicalType(kind="decimal", scale=scale) if only.kind == "decimal" else only


class FrameSource(ClientSource):
    """A frame of any kind, or a list of dicts.

    NaN and missing are two values here, except in pandas columns, which have one mark for both: there it is missing.

    Args:
        frame: The frame.
        key: Columns that tell rows apart.
        name: What the table is called.
        schema: Types of the columns; found from the values where ``None``.

    Example:
        >>> FrameSource([{"id": 1}], key="id", name="contacts")
        FrameSource('contacts')

    .. versionadded:: 0.1.0
    """

    def __init__(
        self, frame: Frame, *, key: str | Sequence[str] = (), name: str = "table", schema: RowSchema | None = None
    ) -> None:
        super().__init__(name, key)
        self._table = frames.read(frame)
        self._schema = schema

    @property
    def table(self) -> frames.Table:
        """The frame, read column by column."""
        return self._table

    def schema(self) -> RowSchema:
        """Return the given types, or those of the values."""
        if self._schema is None:
            table = self._table
            self._schema = RowSchema({name: infer(name, self._column(name)) for name in table.columns})
        return self._schema

    def blocks(self, schema: RowSchema) -> Iterator[Mapping[str, Sequence[object]]]:
        """Yield the frame in slices."""
        columns = {name: self._column(name) for name in schema.columns}
        for start in range(0, max(1, len(self._table)), BLOCK):
            yield {name: column[start : start + BLOCK] for name, column in columns.items()}

    def _column(self, name: str) -> list[object]:
        """Return a column in which NaN is NaN: `frames` calls it missing, and a digest must tell the two apart."""
        values = self._table.column(name)
        if None not in values:
            return values
        native, kind = self._table.native, self._table.kind
        raw: Sequence[object]
        if kind == "mapping":
            raw = native[name]
        elif kind == "polars":
            raw = native.get_column(name).to_list()
        elif kind == "arrow" and hasattr(native, "column_names"):
            raw = native.column(name).to_pylist()
        elif kind == "recordset":
            raw = native.column(name)
        elif kind == "records" and all(type(record) is dict for record in native):
            raw = [record.get(name) for record in native]
        else:
            return values  # pandas has one mark for both
        return [
            found if value is None and isinstance(found, float | Decimal) else value
            for value, found in zip(values, raw, strict=True)
        ]
