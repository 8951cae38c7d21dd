"""polars: untouched columns are the same buffers; lazy frames are collected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from crmkit.frames._distinct import Distinct, distinct_floats
from crmkit.frames._hashes import finite
from crmkit.frames._marks import plain_list
from crmkit.frames._source import MISSING, Source, column_names

from ._polars_types import describe, exact_values, extended, narrowed, written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from crmkit.frames._source import StoredRows
    from crmkit.typing import Frame, JSONValue


class PolarsSource(Source):
    """A polars DataFrame."""

    kind: ClassVar[str] = "polars"
    typed: ClassVar[bool] = True

    def __init__(self, data: Any) -> None:
        self.native = data.collect() if hasattr(data, "collect") else data
        self.columns = column_names(self.native.columns)
        self.length = self.native.height

    def values(self, name: str) -> list[object]:
        return plain_list(exact_values(self.native[name]))

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
        return Distinct(exact_values(found), codes.to_numpy())

    def stored(self, name: str, rows: Sequence[int]) -> list[object]:
        return exact_values(self.native[name].gather(np.asarray(rows, dtype=np.int64)))

    def dtype(self, name: str, *, full: bool) -> JSONValue:
        return describe(self.native[name].dtype, full=full)

    def type_of(self, name: str) -> object:
        return self.native.schema[name]

    def numbers(self, name: str) -> npt.NDArray[np.float64] | None:
        import polars as pl

        column = self.native[name]
        if not (column.dtype.is_integer() or column.dtype.is_float()):
            return None
        return np.asarray(column.cast(pl.Float64).to_numpy(), dtype=np.float64)

    def blank(self, name: str) -> npt.NDArray[np.bool_] | None:
        import polars as pl

        column = self.native[name]
        if column.dtype == pl.String:
            # Blanks sort before the first sign of ASCII or behind its last: most columns have none such to look at.
            suspect = (column < "!") | (column > "~") | column.is_null()
            made = column.str.strip_chars() == "" if suspect.any() else suspect
            return np.asarray(made.fill_null(value=True).to_numpy(), dtype=bool)
        if column.dtype.is_float():
            return np.asarray((column.is_null() | column.is_nan()).fill_null(value=True).to_numpy(), dtype=bool)
        simple = column.dtype.is_integer() or column.dtype in {pl.Boolean, pl.Date}
        return np.asarray(column.is_null().to_numpy(), dtype=bool) if simple else None

    def text_numbers(self, name: str) -> npt.NDArray[np.float64] | None:
        import polars as pl

        column = self.native[name]
        if column.dtype != pl.String:
            return None
        return finite(np.array(column.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy(), dtype=np.float64))

    def hashes(self, name: str, seed: int) -> npt.NDArray[np.uint64] | None:
        import polars as pl

        column = self.native[name]
        simple = {pl.String, pl.Boolean, pl.Date, pl.Float64, pl.Float32}
        if not (column.dtype.is_integer() or column.dtype in simple):
            return None
        made = column.hash(seed).to_numpy(writable=True)
        missing = column.is_null() | column.is_nan() if column.dtype.is_float() else column.is_null()
        made[missing.fill_null(value=True).to_numpy()] = MISSING
        return np.asarray(made, dtype=np.uint64)

    def restore(self, cells: Mapping[str, Mapping[int, object]], dtypes: Mapping[str, JSONValue]) -> Frame:
        return self.native.with_columns(
            [narrowed(written(self.native[name], rows), dtypes.get(name), rows) for name, rows in cells.items()]
        )

    def insert(self, rows: StoredRows, order: npt.NDArray[np.int64], index: JSONValue) -> Frame:  # noqa: ARG002 - polars has no index
        import polars as pl

        return pl.DataFrame([extended(self.native[name], rows.cells(name)).gather(order) for name in self.columns])

    def replace(self, cells: Mapping[str, Mapping[int, object]]) -> Frame:
        return self.native.with_columns([written(self.native[name], rows) for name, rows in cells.items()])

    def take(self, rows: Sequence[int]) -> Frame:
        return self.native[np.asarray(rows, dtype=np.int64)]
