"""One column in, one column of the same kind out: for calls such as ``df["token"] = f(df["email"])``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from crmkit._optional import loaded
from crmkit.errors import SchemaError, ShapeError

from ._kinds._pandas import array_values
from ._kinds._pandas_types import unwrapped
from ._marks import plain_list

if TYPE_CHECKING:
    from crmkit.typing import Frame


@attrs.frozen
class Column:
    """A column that somebody passed by itself.

    Attributes:
        kind: ``"pandas"``, ``"polars"``, ``"arrow"``, ``"numpy"`` or ``"list"``.
        values: The cells, missing as ``None``, no library's own scalars. Do not change the list: it may be the
            caller's.

    .. versionadded:: 0.1.0
    """

    kind: str
    values: list[object] = attrs.field(repr=False)
    _native: Any = attrs.field(repr=False)

    def __len__(self) -> int:
        return len(self.values)

    def like(self, values: Sequence[object]) -> Frame:
        """Return other values, one for each row, as a column of the caller's kind.

        A pandas Series keeps its index and name, a polars Series its name, a tuple stays a tuple. Text and integers
        get the type that the library has for them; ``None`` is missing.

        Raises:
            ShapeError: There is not one value for each row.

        Example:
            >>> read_column(("a", None)).like(["x", None])
            ('x', None)
        """
        if len(values) != len(self.values):
            raise ShapeError("one value for each row wanted", expected=len(self.values), actual=len(values))
        if self.kind == "pandas":
            return _pandas_like(self._native, values)
        if self.kind == "polars":
            import polars as pl

            return pl.Series(self._native.name, values, strict=False)
        if self.kind == "arrow":
            import pyarrow as pa

            return pa.array(values)
        if self.kind == "numpy":
            made = np.empty(len(values), dtype=object)
            made[:] = values
            return made
        return tuple(values) if isinstance(self._native, tuple) else list(values)

    def same_rows(self, other: Column) -> bool:
        """Say whether two columns are of the same rows, as far as they tell: as long, and labelled alike in pandas.

        Series of pandas with other labels come from another order or choice of rows, and pandas itself would not put
        them beside each other by position.
        """
        if len(self) != len(other):
            return False
        labels: list[Any] = [getattr(one._native, "index", None) for one in (self, other) if one.kind == "pandas"]
        known = [one for one in labels if one is not None]
        return len(known) < 2 or bool(known[0].equals(known[1]))


def read_column(data: Frame, *, what: str = "column") -> Column:
    """Read one column of any kind.

    Args:
        data: A pandas or polars Series, a pandas Index, a pyarrow Array or ChunkedArray, a one-dimensional numpy array,
            or a list, tuple, range or other sequence that is not text.
        what: What the column is, for the message of an error.

    Raises:
        SchemaError: It is not a column; a frame is not one, and neither is a single value.

    Example:
        >>> read_column([1, float("nan"), "x"]).values
        [1, None, 'x']

    .. versionadded:: 0.1.0
    """
    if isinstance(data, list | tuple):
        return Column("list", plain_list(data), data)
    if isinstance(data, np.ndarray):
        if data.ndim != 1:
            raise SchemaError(f"the {what} has {data.ndim} dimensions; a column has one")
        return Column("numpy", plain_list(list(data) if data.dtype.kind in "mM" else data.tolist()), data)
    pandas, polars, arrow = loaded("pandas"), loaded("polars"), loaded("pyarrow")
    if pandas is not None and isinstance(data, pandas.Series | pandas.Index):
        return Column("pandas", array_values(unwrapped(data.array)), data)
    if polars is not None and isinstance(data, polars.Series):
        from ._kinds._polars_types import exact_values

        return Column("polars", plain_list(exact_values(data)), data)
    if arrow is not None and isinstance(data, arrow.Array | arrow.ChunkedArray):
        from ._kinds._arrow_types import exact_values as exact_arrow_values

        return Column("arrow", plain_list(exact_arrow_values(data)), data)
    if isinstance(data, Sequence) and not isinstance(data, str | bytes | bytearray):
        return Column("list", plain_list(list(data)), data)
    raise SchemaError(f"the {what} is a {type(data).__name__}, not a column; pass a list, an array or a Series")


def _pandas_like(native: Any, values: Sequence[object]) -> Any:
    import pandas as pd

    kinds = set(map(type, values)) - {type(None)}
    array: Any
    if kinds == {int}:
        array = pd.Series(list(values), dtype="Int64" if None in values else "int64").array
    elif kinds == {str}:
        array = pd.Series(list(values)).array
    else:
        array = np.empty(len(values), dtype=object)
        array[:] = values
    index = native.index if isinstance(native, pd.Series) else None
    return pd.Series(array, index=index, name=native.name)
