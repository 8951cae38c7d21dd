"""pyarrow tables, and everything that can hand over Arrow data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from crmkit.errors import SchemaError

from ._distinct import Distinct, as_text
from ._fit import all_same
from ._marks import plain_list
from ._pandas import distinct_floats
from ._source import Source, column_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.typing import Frame


class ArrowSource(Source):
    """A pyarrow Table."""

    kind: ClassVar[str] = "arrow"

    def __init__(self, data: Any) -> None:
        self.native = data
        self.columns = column_names(data.column_names)
        self.length = data.num_rows

    def values(self, name: str) -> list[object]:
        return plain_list(self.native.column(name).to_pylist())

    def distinct(self, name: str) -> Distinct | None:
        import pyarrow as pa
        import pyarrow.types as types

        column = self.native.column(name)
        if types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        kind = column.type
        if types.is_float64(kind):
            return distinct_floats(column.to_numpy())
        if not (
            types.is_integer(kind) or types.is_string(kind) or types.is_large_string(kind) or types.is_date32(kind)
        ):
            return None
        coded = pa.chunked_array(column.dictionary_encode()).combine_chunks()
        coded = coded if isinstance(coded, pa.Array) else coded.unify_dictionaries().combine_chunks()
        if isinstance(coded, pa.ChunkedArray):
            return None
        codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
        return Distinct(coded.dictionary.to_pylist(), codes)

    def stored(self, name: str, rows: Sequence[int]) -> list[object]:
        values: list[object] = self.native.column(name).take(list(rows)).to_pylist()
        return values

    def replace(self, cells: Mapping[str, Mapping[int, object]]) -> Frame:
        made = self.native
        for name, rows in cells.items():
            place = self.columns.index(name)
            column = written(self.native.column(place), rows, name)
            field = self.native.schema.field(place).with_type(column.type)
            made = made.set_column(place, field.with_nullable(field.nullable or column.null_count > 0), column)
        return made

    def take(self, rows: Sequence[int]) -> Frame:
        import pyarrow as pa

        return self.native.take(pa.array(np.asarray(rows, dtype=np.int64)))


def written(column: Any, cells: Mapping[int, object], name: str) -> Any:
    """Return a column with some cells changed; as text where its type cannot hold them."""
    import pyarrow as pa

    given = list(cells.values())
    kind = column.type
    if _held(given, kind) is None:
        column, kind = as_strings(column, name), pa.string()
        given = [None if value is None else as_text(value) for value in plain_list(given)]
    rows = np.fromiter(cells, dtype=np.int64, count=len(cells))
    chunks, start = [], 0
    for chunk in column.chunks:
        inside = np.flatnonzero((rows >= start) & (rows < start + len(chunk)))
        if len(inside):
            values = chunk.to_pylist()
            for place in inside:
                values[rows[place] - start] = given[place]
            chunks.append(pa.array(values, type=kind))
        else:
            chunks.append(chunk)
        start += len(chunk)
    return pa.chunked_array(chunks, type=kind)


def _held(given: list[object], kind: Any) -> Any:
    import pyarrow as pa

    try:
        held = pa.array(given, type=kind, from_pandas=not pa.types.is_floating(kind))
    except (TypeError, ValueError, OverflowError, pa.ArrowException):
        return None
    return held if all_same(held.to_pylist(), given) else None


def as_strings(column: Any, name: str) -> Any:
    """Return a column as text.

    Raises:
        SchemaError: The column holds lists, structs or bytes, which have no text that could be read back.
    """
    import pyarrow as pa
    import pyarrow.types as types

    kind = column.type
    if types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if types.is_nested(kind) or types.is_binary(kind) or types.is_large_binary(kind):
        raise SchemaError(f"column {name!r} is {kind}; it holds neither this value nor text")
    texts = [None if value is None else as_text(value) for value in column.to_pylist()]
    return pa.chunked_array([pa.array(texts, type=pa.string())])


def arrow_table(data: Any) -> Any:
    """Return ``data`` as a pyarrow Table."""
    from crmkit._optional import require

    pa = require("pyarrow", extra="arrow", what=f"reading a {type(data).__name__}")
    return pa.table(data) if not hasattr(data, "read_all") else data.read_all()
