"""pyarrow tables, and everything that can hand over Arrow data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from crmkit.frames._distinct import Distinct, distinct_floats
from crmkit.frames._hashes import finite, number_hashes, numbers_of, text_hashes
from crmkit.frames._marks import plain_list
from crmkit.frames._source import MISSING, Source, column_names
from crmkit.frames._spool import let_go

from ._arrow_types import exact_values, extended, narrowed, workable, written

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt

    from crmkit.frames._source import StoredRows
    from crmkit.typing import Frame, JSONValue


PIECE = 250_000
"""Rows of a long column that are turned into Python's values together."""
_SAMPLE = 2_000
"""Cells that tell whether a column of texts has few distinct ones."""


class ArrowSource(Source):
    """A pyarrow Table."""

    kind: ClassVar[str] = "arrow"
    typed: ClassVar[bool] = True

    def __init__(self, data: Any) -> None:
        self.native = workable(data)
        self.columns = column_names(data.column_names)
        self.length = data.num_rows

    def values(self, name: str) -> list[object]:
        return plain_list(exact_values(self.native.column(name)))

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
        return Distinct(exact_values(coded.dictionary), codes)

    def stored(self, name: str, rows: Sequence[int]) -> list[object]:
        return exact_values(taken(self.native.column(name), np.asarray(rows, dtype=np.int64)))

    def dtype(self, name: str, *, full: bool) -> JSONValue:  # noqa: ARG002 - an Arrow type is always short
        field = self.native.schema.field(self.columns.index(name))
        return [str(field.type), field.nullable]

    def type_of(self, name: str) -> object:
        field = self.native.schema.field(self.columns.index(name))
        return field.type, field.nullable

    def numbers(self, name: str) -> npt.NDArray[np.float64] | None:
        import pyarrow as pa
        import pyarrow.types as types

        column = self.native.column(name)
        if not (types.is_integer(column.type) or types.is_floating(column.type)):
            return None
        return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)

    def blank(self, name: str) -> npt.NDArray[np.bool_] | None:
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.types as types

        column = self.native.column(name)
        if types.is_string(column.type) or types.is_large_string(column.type):
            made = pc.equal(pc.utf8_trim_whitespace(column), pa.scalar("", column.type))
        elif types.is_integer(column.type) or types.is_floating(column.type) or types.is_date32(column.type):
            made = column.is_null(nan_is_null=True)
        else:
            return None
        return np.asarray(pc.fill_null(made, fill_value=True).to_numpy(), dtype=bool)

    def text_numbers(self, name: str) -> npt.NDArray[np.float64] | None:
        import pyarrow as pa
        import pyarrow.types as types

        whole = self.native.column(name)
        if not (types.is_string(whole.type) or types.is_large_string(whole.type)):
            return None
        made = np.empty(len(whole), dtype=np.float64)
        for first in range(0, len(whole), PIECE):
            piece = whole.slice(first, PIECE)
            try:
                found = np.asarray(piece.cast(pa.float64()).to_numpy(), dtype=np.float64)
            except pa.ArrowInvalid:
                found = numbers_of(piece.to_pylist())
            made[first : first + len(piece)] = found
            let_go()
        return finite(made)

    def hashes(self, name: str, seed: int) -> npt.NDArray[np.uint64] | None:  # noqa: ARG002 - seeded by Python itself
        whole = self.native.column(name)
        # Text comes out as Python's own, so not all of a long column at once.
        pieces = [whole.slice(first, PIECE) for first in range(0, len(whole), PIECE)] or [whole]
        made = []
        for piece in pieces:
            found = hashed(piece)
            if found is None:
                return None
            made.append(found)
            let_go()
        return np.concatenate(made)

    def restore(self, cells: Mapping[str, Mapping[int, object]], dtypes: Mapping[str, JSONValue]) -> Frame:
        made = self.replace(cells)
        for name, rows in cells.items():
            place = self.columns.index(name)
            field = made.schema.field(place)
            column, field = narrowed(made.column(place), field, dtypes.get(name), rows)
            made = made.set_column(place, field, column)
        return made

    def insert(self, rows: StoredRows, order: npt.NDArray[np.int64], index: JSONValue) -> Frame:  # noqa: ARG002 - Arrow has no index
        import pyarrow as pa

        columns = [
            extended(self.native.column(name), rows.cells(name), name).take(pa.array(order)) for name in self.columns
        ]
        return pa.table(columns, schema=self.native.schema)

    def replace(self, cells: Mapping[str, Mapping[int, object]]) -> Frame:
        made = self.native
        for name, rows in cells.items():
            place = self.columns.index(name)
            column = written(self.native.column(place), rows, name)
            field = self.native.schema.field(place).with_type(column.type)
            made = made.set_column(place, field.with_nullable(field.nullable or column.null_count > 0), column)
        return made

    def pieces(self) -> Iterator[Any]:
        for first in range(0, self.length, PIECE):
            yield self.native.slice(first, PIECE)
            let_go()

    def take(self, rows: Sequence[int]) -> Frame:
        import pyarrow as pa

        wanted = np.asarray(rows, dtype=np.int64)
        columns = []
        for column in self.native.columns:  # one after the other: rows far apart are on all pages of a column
            columns.append(taken(column, wanted))
            let_go()
        return pa.table(columns, schema=self.native.schema) if columns else self.native.take(pa.array(wanted))


def taken(column: Any, rows: npt.NDArray[np.int64]) -> Any:
    """Return some rows of a column, chunk by chunk: Arrow would first copy a column of several chunks into one."""
    import pyarrow as pa

    if column.num_chunks < 2:
        return column.take(pa.array(rows))
    first = np.cumsum([0, *(len(chunk) for chunk in column.chunks)])
    chunk_of = np.searchsorted(first, rows, side="right") - 1
    order = np.argsort(chunk_of, kind="stable")
    chunks, starts = np.unique(chunk_of[order], return_index=True)
    parts = [
        column.chunk(int(chunk)).take(pa.array(rows[places] - first[chunk]))
        for chunk, places in zip(chunks.tolist(), np.split(order, starts[1:]), strict=bool(len(chunks)))
    ]
    found = pa.chunked_array(parts, type=column.type)
    if (order[1:] > order[:-1]).all():
        return found
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order))
    return found.take(pa.array(back))


def hashed(column: Any) -> npt.NDArray[np.uint64] | None:
    """Hash a part of a column; ``None`` where its type has no hash of its own, which all parts agree on."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as types

    kind = column.type
    missing = np.asarray(column.is_null().to_numpy(), dtype=bool) if column.null_count else None
    if types.is_string(kind) or types.is_large_string(kind):
        few = len(column) > _SAMPLE and pc.count_distinct(column.slice(0, _SAMPLE)).as_py() < _SAMPLE // 2
        return _by_dictionary(column) if few else text_hashes(column.to_numpy(), missing)
    if types.is_date32(kind):
        column = column.cast(pa.int32())
    elif types.is_timestamp(kind):
        column = column.cast(pa.int64())
    elif not (types.is_integer(kind) or types.is_float64(kind)):
        return None
    filled = column.fill_null(0) if missing is not None else column
    return number_hashes(filled.to_numpy(), missing)


def _by_dictionary(column: Any) -> npt.NDArray[np.uint64]:
    """Hash each distinct text once: worth it where most are there many times."""
    import pyarrow as pa

    coded = pa.chunked_array([column.combine_chunks()]).dictionary_encode().chunk(0)
    hashes = np.append(text_hashes(coded.dictionary.to_numpy(zero_copy_only=False), None), MISSING)
    found: npt.NDArray[np.uint64] = hashes[coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)]
    return found


def arrow_table(data: Any) -> Any:
    """Return ``data`` as a pyarrow Table."""
    from crmkit._optional import require

    pa = require("pyarrow", extra="arrow", what=f"reading a {type(data).__name__}")
    return pa.table(data) if not hasattr(data, "read_all") else data.read_all()
