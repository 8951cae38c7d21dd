"""Types of pandas columns: what fits, what widens, and how a column gets its former type again."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np

from crmkit.errors import SchemaError
from crmkit.frames._fit import all_same, identical
from crmkit.frames._marks import is_missing, plain

from ._arrow_types import parse_type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from crmkit.frames._source import StoredRows
    from crmkit.typing import Frame, JSONValue

    from ._pandas import PandasSource

OBJECT: Any = np.dtype(object)


def unwrapped(array: Any) -> Any:
    """Return the numpy array where pandas has merely wrapped one; else the array itself."""
    import pandas as pd

    # Not isinstance: columns of text are a subclass where pyarrow is missing, and have a dtype to keep.
    return array.to_numpy() if type(array) is pd.arrays.NumpyExtensionArray else array


def written(array: Any, cells: Mapping[int, object]) -> Any:
    """Return a copy of ``array`` with some cells changed, of the same dtype if that can hold them."""
    import pandas as pd

    rows = np.fromiter(cells, dtype=np.int64, count=len(cells))
    given = list(cells.values())
    dtype = array.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        array = _with_categories(array, given)
        dtype = array.dtype
    for wider in (dtype, _nullable(dtype)):
        if wider is None:
            continue
        held = _held(given, wider)
        if held is not None:
            return _with_cells(array if wider is dtype else pd.array(array, dtype=wider), rows, held)
    made = np.array(array, dtype=object)
    made[rows] = _objects(given)
    return made


def _with_cells(array: Any, rows: npt.NDArray[np.int64], held: Any) -> Any:
    """Return a copy with ``held`` at ``rows``."""
    import pandas as pd

    if isinstance(array.dtype, pd.ArrowDtype | pd.SparseDtype):
        # pandas sets no item of a sparse array, and of a dictionary of Arrow's it loses missing ones.
        places = np.arange(len(array), dtype=np.int64)
        places[rows] = np.arange(len(array), len(array) + len(rows))
        return _joined(array, held).take(places)
    made = array.copy()
    made[rows] = held
    return made


def _joined(array: Any, held: Any) -> Any:
    import pandas as pd

    return pd.concat([pd.Series(array), pd.Series(held)], ignore_index=True).array


def _held(given: list[object], dtype: Any) -> Any:
    """Return the values as an array of ``dtype``; ``None`` where it cannot hold them all faithfully."""
    import pandas as pd

    if dtype == OBJECT:
        return _objects(given)
    if isinstance(dtype, pd.PeriodDtype) and not all(
        is_missing(value) or isinstance(value, pd.Period) for value in given
    ):
        return None  # pandas would take an integer for a year
    if isinstance(dtype, np.dtype) and dtype.kind in "iub" and any(map(is_missing, given)):
        return None
    try:
        with np.errstate(all="ignore"):  # what did not fit is found below
            held = unwrapped(pd.array(given, dtype=dtype))
    except (TypeError, ValueError, OverflowError):
        return None
    return held if all_same(list(held), given) else None


def _nullable(dtype: Any) -> Any:
    """Return the pandas dtype that holds what this numpy dtype does, and missing values too."""
    import pandas as pd

    if isinstance(dtype, np.dtype) and dtype.kind in "iub":
        name = {"i": f"Int{8 * dtype.itemsize}", "u": f"UInt{8 * dtype.itemsize}", "b": "boolean"}[dtype.kind]
        return pd.api.types.pandas_dtype(name)
    return None


def _with_categories(array: Any, given: Sequence[object]) -> Any:
    """Append categories for values that have none, in the order in which they come.

    Raises:
        SchemaError: The categories cannot tell a value from one of theirs, as ``True`` from ``1``.
    """
    known = {value: value for value in array.categories}
    new = list(dict.fromkeys(value for value in given if not is_missing(value) and value not in known))
    if any(not identical(plain(known.get(value, value)), plain(value)) for value in given if not is_missing(value)):
        raise SchemaError("a column of categories cannot hold a value that equals one of them and is not it")
    return array.add_categories(new) if new else array


def _objects(values: Sequence[object]) -> Any:
    return np.fromiter(values, dtype=object, count=len(values))


def describe(dtype: Any, *, full: bool) -> JSONValue:
    """Return a dtype as plain data; categories by their number only, because they are values out of records."""
    import pandas as pd

    if isinstance(dtype, pd.CategoricalDtype):
        return ["category", len(dtype.categories), describe(dtype.categories.dtype, full=True)] if full else "category"
    if isinstance(dtype, pd.StringDtype):
        return ["string", dtype.storage, "nan" if isinstance(dtype.na_value, float) else "NA"]
    if isinstance(dtype, pd.ArrowDtype):
        return ["arrow", str(dtype.pyarrow_dtype)]
    return str(dtype)


def narrowed(array: Any, described: JSONValue) -> Any:
    """Return a widened array in the type it had, if all of its values fit that again."""
    import pandas as pd

    dtype = array.dtype
    if described is None or describe(dtype, full=isinstance(described, list)) == described:
        return array
    if isinstance(dtype, pd.CategoricalDtype):
        return _without_categories(array, described)
    former = _dtype(described)
    held = None if former is None else _held(list(array), former)
    return array if held is None else held


def _dtype(described: JSONValue) -> Any:
    import pandas as pd

    try:
        match described:
            case ["string", str(storage), missing]:
                return pd.StringDtype(storage, na_value=np.nan) if missing == "nan" else pd.StringDtype(storage)
            case ["arrow", str(name)]:
                kind = parse_type(name)
                return None if kind is None else pd.ArrowDtype(kind)
        dtype = pd.api.types.pandas_dtype(described)
        return None if isinstance(dtype, pd.CategoricalDtype) else dtype  # its categories are not described
    except (TypeError, ValueError, NotImplementedError):  # what no pandas wrote
        return None


def _without_categories(array: Any, described: JSONValue) -> Any:
    """Take categories away that were appended, unless one is still in use."""
    import pandas as pd

    match described:
        case ["category", int(keep), described_values]:
            values = _dtype(described_values)
        case _:
            return array
    if keep >= len(array.categories) or (len(array.codes) and array.codes.max() >= keep):
        return array
    # A list, because not every index is cast: one of no category may have become one of moments.
    former = pd.Index(list(array.categories[:keep]), dtype=values)
    return pd.Categorical.from_codes(array.codes, categories=former, ordered=array.ordered)


def inserted(source: PandasSource, rows: StoredRows, order: npt.NDArray[np.int64], index: JSONValue) -> Frame:
    """Append rows column by column, each in the column's own type, and bring all into order."""
    import pandas as pd

    frame = source.native
    arrays = {}
    given = _fitting(source, rows)
    labels = pd.RangeIndex(len(order)) if given is None else _index(frame.index, given, order, index)
    for place, name in enumerate(source.columns):
        array = _extended(unwrapped(frame.iloc[:, place].array), rows.cells(name)).take(order)
        arrays[place] = pd.Series(array, dtype=array.dtype, index=labels)  # a dtype, or pandas guesses one
    made = type(frame)(arrays, index=labels)
    made.columns = frame.columns
    made.attrs = dict(frame.attrs)
    return made if len(made.columns) else pd.DataFrame(index=made.index, columns=frame.columns)


def _fitting(source: PandasSource, rows: StoredRows) -> list[Any] | None:
    """Return labels for rows that are put back; ``None`` where all rows are merely numbered, and are numbered anew.

    Rows out of another kind of frame have none; where an index was replaced since, those of before do not fit.
    """
    import pandas as pd

    index, labels = source.native.index, rows.labels
    levels = index.nlevels if isinstance(index, pd.MultiIndex) else None
    if labels is not None and all(levels is None or (isinstance(one, tuple) and len(one) == levels) for one in labels):
        numbers = isinstance(index, pd.RangeIndex)
        if not numbers or all(isinstance(one, int) and one not in index for one in labels):
            return labels
    numbered = isinstance(index, pd.RangeIndex) and index.start == 0 and index.step == 1
    return None if numbered and index.name is None else source.next_labels(len(rows))


def _extended(array: Any, values: list[object]) -> Any:
    import pandas as pd

    if isinstance(array.dtype, pd.CategoricalDtype):
        array = _with_categories(array, values)
    held = _held(values, array.dtype)
    if held is None:
        array, held = _objects(list(array)), _objects(values)
    if isinstance(array.dtype, np.dtype) and array.dtype.kind not in "mM":
        return np.concatenate([array, held])
    return _joined(array, held)


def _index(index: Any, labels: list[Any], order: npt.NDArray[np.int64], described: JSONValue) -> Any:
    import pandas as pd

    if isinstance(index, pd.MultiIndex):
        kept = _same_levels(index, labels, order)
        if kept is not None:
            return kept
        levels = [
            _index(index.get_level_values(level), [label[level] for label in labels], order, None)
            for level in range(index.nlevels)
        ]
        return pd.MultiIndex.from_arrays(levels, names=index.names)
    array = _extended(index.to_numpy() if isinstance(index, pd.RangeIndex) else unwrapped(index.array), labels)
    made = pd.Index(array.take(order), dtype=array.dtype, name=index.name)
    if isinstance(described, dict):
        bounds, frequency = described.get("range"), described.get("freq")
        if isinstance(bounds, list):
            whole = _range(bounds, index.name)
            return whole if whole.equals(made) else made
        if frequency and isinstance(made, pd.DatetimeIndex | pd.TimedeltaIndex):
            moments: Any = made
            with contextlib.suppress(ValueError):  # not all rows are back yet
                moments.freq = frequency
    return made


def _same_levels(index: Any, labels: list[Any], order: npt.NDArray[np.int64]) -> Any:
    """Extend a MultiIndex by labels whose parts its levels know, which they do if rows were merely taken out of it."""
    codes = []
    for number, level in enumerate(index.levels):
        parts = [label[number] for label in labels]
        found = np.array([-1 if is_missing(part) else _place(level, part) for part in parts], dtype=np.int64)
        if (found < -1).any():
            return None
        codes.append(np.concatenate([np.asarray(index.codes[number], dtype=np.int64), found])[order])
    return type(index)(levels=index.levels, codes=codes, names=index.names, verify_integrity=False)


def _place(level: Any, part: Any) -> int:
    try:
        place = level.get_loc(part)
    except (KeyError, TypeError):
        return -2
    return place if isinstance(place, int) and all_same([level[place]], [part]) else -2


def _range(bounds: Sequence[Any], name: Any) -> Any:
    import pandas as pd

    start, stop, step = bounds
    return pd.RangeIndex(start, stop, step, name=name)
