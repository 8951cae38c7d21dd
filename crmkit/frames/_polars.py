"""polars: untouched columns are the same buffers; lazy frames are collected."""

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


class PolarsSource(Source):
    """A polars DataFrame."""

    kind: ClassVar[str] = "polars"

    def __init__(self, data: Any) -> None:
        self.native = data.collect() if hasattr(data, "collect") else data
        self.columns = column_names(self.native.columns)
        self.length = self.native.height

    def values(self, name: str) -> list[object]:
        return plain_list(self.native[name].to_list())

    def distinct(self, name: str) -> Distinct | None:
        import polars as pl

        column = self.native[name]
        if column.dtype == pl.Float64:
            return distinct_floats(column.to_numpy())
        if not (column.dtype.is_integer() or column.dtype in {pl.String, pl.Boolean, pl.Date}):
            return None
        found = column.drop_nulls().unique(maintain_order=True)
        if not len(found):
            return Distinct([], np.full(self.length, -1, dtype=np.int32))
        numbers = pl.Series(np.arange(len(found), dtype=np.int32))
        codes = column.replace_strict(found, numbers, default=-1, return_dtype=pl.Int32)
        return Distinct(found.to_list(), codes.to_numpy())

    def stored(self, name: str, rows: Sequence[int]) -> list[object]:
        values: list[object] = self.native[name].gather(rows).to_list()
        return values

    def replace(self, cells: Mapping[str, Mapping[int, object]]) -> Frame:
        return self.native.with_columns([written(self.native[name], rows) for name, rows in cells.items()])

    def take(self, rows: Sequence[int]) -> Frame:
        return self.native[np.asarray(rows, dtype=np.int64)]


def written(column: Any, cells: Mapping[int, object]) -> Any:
    """Return a copy of a Series with some cells changed; as text where its type cannot hold them."""
    import polars as pl

    rows = pl.Series(list(cells), dtype=pl.UInt64)
    given = list(cells.values())
    held = _held(given, column.dtype)
    if held is None:
        held = pl.Series([None if value is None else as_text(value) for value in plain_list(given)], dtype=pl.String)
        column = as_strings(column)
    return column.clone().scatter(rows, held)


def _held(given: list[object], dtype: Any) -> Any:
    import polars as pl

    try:
        held = pl.Series(plain_list(given) if not dtype.is_float() else given, dtype=dtype, strict=True)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        return None
    return held if all_same(held.to_list(), given) else None


def as_strings(column: Any) -> Any:
    """Return a Series as text.

    Raises:
        SchemaError: The column holds lists, structs, bytes or objects, which have no text that could be read back.
    """
    import polars as pl

    dtype = column.dtype
    if dtype.is_nested() or dtype in {pl.Binary, pl.Object}:
        raise SchemaError(f"column {column.name!r} is {dtype}; it holds neither this value nor text")
    if dtype in {pl.Categorical, pl.Enum, pl.String, pl.Null}:
        return column.cast(pl.String)
    texts = [None if value is None else as_text(value) for value in column.to_list()]
    return pl.Series(column.name, texts, dtype=pl.String)
