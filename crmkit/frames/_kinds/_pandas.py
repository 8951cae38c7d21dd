"""pandas: index, dtypes and memory of untouched columns stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from crmkit.frames._distinct import Distinct, distinct_floats, renumbered
from crmkit.frames._hashes import number_hashes, text_hashes
from crmkit.frames._marks import plain_list
from crmkit.frames._source import Source, column_names

from ._pandas_types import OBJECT, describe, inserted, narrowed, unwrapped, written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from crmkit.frames._source import StoredRows
    from crmkit.typing import Frame, JSONValue


class PandasSource(Source):
    """A pandas DataFrame; columns whose name is not text are addressed by ``str(name)``."""

    kind: ClassVar[str] = "pandas"

    def __init__(self, data: Any) -> None:
        self.native = data
        self.columns = column_names(data.columns)
        self.length = len(data)
        self._places = {name: place for place, name in enumerate(self.columns)}

    def _array(self, name: str) -> Any:
        return unwrapped(self.native.iloc[:, self._places[name]].array)

    def _set(self, frame: Any, name: str, array: Any) -> None:
        import pandas as pd

        column = pd.Series(array, dtype=array.dtype, index=frame.index, copy=False)  # a dtype, or pandas guesses one
        frame.isetitem(self._places[name], column)

    def values(self, name: str) -> list[object]:
        return array_values(self._array(name))

    def distinct(self, name: str) -> Distinct | None:
        import pandas as pd

        array = self._array(name)
        dtype = array.dtype
        if isinstance(dtype, pd.CategoricalDtype):
            return renumbered(array.codes, array_values(unwrapped(array.categories.array)))
        if isinstance(dtype, np.dtype) and dtype.kind == "f":
            return distinct_floats(array)
        by_library = isinstance(dtype, pd.StringDtype) or (isinstance(dtype, np.dtype) and dtype.kind in "iubM")
        if not by_library and dtype == OBJECT:
            by_library = pd.api.types.infer_dtype(array, skipna=True) == "string"
        if not by_library:
            return None
        codes, found = pd.factorize(array)
        return Distinct(array_values(found), codes.astype(np.int32))

    def stored(self, name: str, rows: Sequence[int]) -> list[object]:
        array = self._array(name)
        taken = array.take(np.asarray(rows, dtype=np.int64))
        if isinstance(array.dtype, np.dtype) and array.dtype.kind in "iubf":
            numbers: list[object] = np.asarray(taken).tolist()
            return numbers
        return list(taken)

    def dtype(self, name: str, *, full: bool) -> JSONValue:
        return describe(self._array(name).dtype, full=full)

    def type_of(self, name: str) -> object:
        return self.native.dtypes.iloc[self._places[name]]

    def numbers(self, name: str) -> npt.NDArray[np.float64] | None:
        import pandas as pd

        array = self._array(name)
        dtype = array.dtype
        if isinstance(dtype, np.dtype) and dtype.kind in "iuf":
            return np.asarray(array, dtype=np.float64)
        if (
            pd.api.types.is_numeric_dtype(dtype)
            and pd.api.types.is_extension_array_dtype(dtype)
            and dtype.kind in "iuf"
        ):
            return np.asarray(array.to_numpy(dtype=np.float64, na_value=np.nan))
        return None

    def blank(self, name: str) -> npt.NDArray[np.bool_] | None:
        import pandas as pd

        array = self._array(name)
        simple = isinstance(array.dtype, np.dtype) and array.dtype.kind in "iufbM"
        return np.asarray(pd.isna(array), dtype=bool) if simple else None

    def hashes(self, name: str, seed: int) -> npt.NDArray[np.uint64] | None:  # noqa: ARG002 - seeded by Python itself
        import pandas as pd

        array = self._array(name)
        if isinstance(array.dtype, pd.StringDtype):
            missing = np.asarray(array.isna(), dtype=bool)
            return text_hashes(array.to_numpy(dtype=object, na_value=None), missing if missing.any() else None)
        if isinstance(array.dtype, np.dtype) and array.dtype.kind in "iufM":
            return number_hashes(np.asarray(array))
        return None

    def same_index(self, other: Any) -> bool:
        left, right = self.native.index, other.native.index
        return (
            type(left) is type(right)
            and list(left.names) == list(right.names)
            and left.dtype == right.dtype
            and bool(left.equals(right))
        )

    def labels(self, rows: Sequence[int]) -> list[object] | None:
        return [plain_label(label) for label in self.native.index.take(np.asarray(rows, dtype=np.int64))]

    def index(self) -> JSONValue:
        import pandas as pd

        index = self.native.index
        if isinstance(index, pd.RangeIndex):
            return {"range": [index.start, index.stop, index.step]}
        frequency = getattr(index, "freqstr", None) if isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex) else None
        return {"freq": frequency} if frequency else None

    def restore(self, cells: Mapping[str, Mapping[int, object]], dtypes: Mapping[str, JSONValue]) -> Frame:
        made = self.native.copy(deep=False)
        for name, rows in cells.items():
            self._set(made, name, narrowed(written(self._array(name), rows), dtypes.get(name)))
        return made

    def insert(self, rows: StoredRows, order: npt.NDArray[np.int64], index: JSONValue) -> Frame:
        return inserted(self, rows, order, index)

    def next_labels(self, n: int) -> list[object]:
        index = self.native.index
        numbered = getattr(index, "nlevels", 1) == 1 and index.dtype.kind == "i"
        first = (int(index.max()) + 1 if len(index) else 0) if numbered else self.length
        labels: list[object] = list(range(first, first + n))
        return labels if getattr(index, "nlevels", 1) == 1 else [(label,) * index.nlevels for label in labels]

    def replace(self, cells: Mapping[str, Mapping[int, object]]) -> Frame:
        made = self.native.copy(deep=False)
        for name, rows in cells.items():
            self._set(made, name, written(self._array(name), rows))
        return made

    def take(self, rows: Sequence[int]) -> Frame:
        return self.native.take(np.asarray(rows, dtype=np.int64))


def is_text(column: Any) -> bool:
    """Say whether a column of text, or of objects, holds nothing else."""
    import pandas as pd

    return column.dtype != OBJECT or pd.api.types.infer_dtype(column, skipna=True) in ("string", "empty")


def plain_label(label: Any) -> object:
    """Return an index label without numpy's own types, part by part."""
    if isinstance(label, tuple):
        return tuple(map(plain_label, label))
    return label.item() if isinstance(label, np.bool_ | np.integer | np.floating) else label


def array_values(array: Any) -> list[object]:
    """Return a pandas array as Python values, missing as ``None``."""
    import pandas as pd

    dtype = array.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        lookup = np.empty(len(array.categories) + 1, dtype=object)
        lookup[:-1] = np.fromiter(
            array_values(unwrapped(array.categories.array)), dtype=object, count=len(array.categories)
        )
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
