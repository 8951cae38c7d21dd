"""Frames without what they carry besides their cells, which may be of rows and columns that were taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._read import read

if TYPE_CHECKING:
    from crmkit.typing import Frame


def bare(data: Frame, *, labels: bool = False) -> Frame:
    """Return the frame with no category that no row holds: pandas and pyarrow keep those of rows that were taken away.

    Args:
        data: A frame of any kind.
        labels: Whether to leave out the labels of rows as well, where they are more than numbers without a name, and
            attributes and metadata.

    Example:
        >>> import pandas
        >>> frame = pandas.DataFrame({"stage": pandas.Categorical(["won", "lost"])}).head(1)
        >>> list(bare(frame)["stage"].cat.categories)
        ['won']

    .. versionadded:: 0.1.0
    """
    table = read(data)
    if table.kind == "pandas":
        return _pandas(table.native, labels=labels)
    return _arrow(table.native, labels=labels) if table.kind == "arrow" else table.native


def _pandas(frame: Any, *, labels: bool) -> Any:
    import numpy as np
    import pandas as pd

    made = frame.copy(deep=False)
    for place, dtype in enumerate(frame.dtypes):
        if isinstance(dtype, pd.CategoricalDtype):
            made.isetitem(place, frame.iloc[:, place].cat.remove_unused_categories())
        elif isinstance(dtype, pd.ArrowDtype) and hasattr(dtype.pyarrow_dtype, "value_type"):
            made.isetitem(place, _arrow_backed(frame.iloc[:, place], dtype.pyarrow_dtype))
    if isinstance(made.index, pd.MultiIndex):
        made.index = made.index.remove_unused_levels()
    elif isinstance(made.index, pd.CategoricalIndex):
        made.index = made.index.remove_unused_categories()
    if labels:
        made.attrs = {}
        plain = isinstance(made.index.dtype, np.dtype) and made.index.dtype.kind in "iu"
        if made.index.name is not None or isinstance(made.index, pd.MultiIndex) or not plain:
            made.index = pd.RangeIndex(len(made))
    return made


def _arrow_backed(column: Any, kind: Any) -> Any:
    import pandas as pd
    import pyarrow as pa

    return column.astype(pd.ArrowDtype(kind.value_type)) if pa.types.is_dictionary(kind) else column


def _arrow(table: Any, *, labels: bool) -> Any:
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            plain = table.column(place).cast(field.type.value_type)
            table = table.set_column(place, field, plain.dictionary_encode().cast(field.type))
    if not labels:
        return table
    return table.cast(pa.schema([field.remove_metadata() for field in table.schema]))
