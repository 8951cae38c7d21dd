"""pandas: index, dtypes and memory of untouched columns stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ._distinct import Distinct, first_rows
from ._fit import all_same
from ._marks import is_missing, plain_list
from ._source import Source, column_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.typing import Frame

_OBJECT: Any = np.dtype(object)


class PandasSource(Source):
    """A pandas DataFrame; columns whose name is not text are addressed by ``str(name)``."""

    kind: ClassVar[str] = "pandas"

    def __init__(self, data: Any) -> None:
        self.native = data
        self.columns = column_names(data.columns)
        self.length = len(data)
        self._places = {name: place for place, name in enumerate(self.columns)}

    def _array(self, name: str) -> Any:
        return self.native.iloc[:, self._places[name]].array

    def values(self, name: str) -> list[object]:
        return array_values(self._array(name))

    def distinct(self, name: str) -> Distinct | None:
        import pandas as pd

        array = self._array(name)
        dtype = array.dtype
        if isinstance(dtype, pd.CategoricalDtype):
            return _distinct_codes(array.codes, array_values(array.categories.array))
        if isinstance(dtype, np.dtype) and dtype.kind == "f":
            return distinct_floats(array.to_numpy())
        by_library = isinstance(dtype, pd.StringDtype) or (isinstance(dtype, np.dtype) and dtype.kind in "iubM")
        if not by_library and dtype == _OBJECT:
            by_library = pd.api.types.infer_dtype(array.to_numpy(), skipna=True) == "string"
        if not by_library:
            return None
        codes, found = pd.factorize(array)
        return Distinct(array_values(found), codes.astype(np.int32))

    def stored(self, name: str, rows: Sequence[int]) -> list[object]:
        array = self._array(name)
        return list(array.take(np.asarray(rows, dtype=np.int64)))

    def replace(self, cells: Mapping[str, Mapping[int, object]]) -> Frame:
        made = self.native.copy(deep=False)
        for name, rows in cells.items():
            made.isetitem(self._places[name], written(self._array(name), rows))
        return made

    def take(self, rows: Sequence[int]) -> Frame:
        return self.native.take(np.asarray(rows, dtype=np.int64))


def array_values(array: Any) -> list[object]:
    """Return a pandas array as Python values, missing as ``None``."""
    import pandas as pd

    dtype = array.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        lookup = np.empty(len(array.categories) + 1, dtype=object)
        lookup[:-1] = np.fromiter(array_values(array.categories.array), dtype=object, count=len(array.categories))
        lookup[-1] = None
        spread: list[object] = lookup[array.codes].tolist()
        return spread
    if isinstance(dtype, np.dtype) and dtype.kind in "iub":
        plain: list[object] = np.asarray(array).tolist()
        return plain
    if isinstance(dtype, np.dtype) and dtype.kind == "f":
        numbers = np.asarray(array)
        boxed = numbers.astype(object)
        boxed[np.isnan(numbers)] = None
        floats: list[object] = boxed.tolist()
        return floats
    if isinstance(dtype, pd.StringDtype):
        texts: list[object] = array.to_numpy(dtype=object, na_value=None).tolist()
        return texts
    return plain_list(list(np.asarray(array, dtype=object)))


def _distinct_codes(codes: Any, values: list[object]) -> Distinct:
    """Renumber codes so that values come in first-seen order and unused ones go."""
    present = np.zeros(len(values), dtype=bool)
    present[codes[codes >= 0]] = True
    used = np.flatnonzero(present)
    compact = np.full(len(values) + 1, -1, dtype=np.int32)
    compact[used] = np.arange(len(used), dtype=np.int32)
    dense = compact[codes]
    order = np.argsort(np.asarray(first_rows(dense, len(used)), dtype=np.int64), kind="stable")
    rank = np.empty(len(used) + 1, dtype=np.int32)
    rank[order] = np.arange(len(used), dtype=np.int32)
    rank[-1] = -1
    return Distinct([values[used[place]] for place in order], rank[dense])


def distinct_floats(numbers: Any) -> Distinct:
    """Return distinct floats by their bits, so that ``0.0`` and ``-0.0`` are two; NaN is missing."""
    wide = np.asarray(numbers, dtype=np.float64)
    bits, inverse = np.unique(wide.view(np.int64), return_inverse=True)
    values = bits.view(np.float64)
    numbered = np.where(np.isnan(values)[inverse], -1, inverse)
    return _distinct_codes(numbered, values.tolist())


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
            made = array.astype(wider, copy=True) if wider is not dtype else array.copy()
            made[rows] = held
            return made
    made = np.asarray(array, dtype=object).copy()
    made[rows] = np.fromiter(given, dtype=object, count=len(given))
    return pd.array(made, dtype=_OBJECT)


def _held(given: list[object], dtype: Any) -> Any:
    """Return the values as an array of ``dtype``; ``None`` where it cannot hold them all faithfully."""
    import pandas as pd

    if dtype == _OBJECT:
        return pd.array(np.fromiter(given, dtype=object, count=len(given)), dtype=_OBJECT)
    if isinstance(dtype, np.dtype) and dtype.kind in "iub" and any(map(is_missing, given)):
        return None
    try:
        held = pd.array(given, dtype=dtype)
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
    known = set(array.categories)
    new = list(dict.fromkeys(value for value in given if not is_missing(value) and value not in known))
    if not new or _held(new, array.categories.dtype) is None:
        return array
    return array.add_categories(new)
