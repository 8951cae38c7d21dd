"""Columns in a mapping, and crmkit's own ``RecordSet``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from crmkit.errors import SchemaError, ShapeError
from crmkit.frames._distinct import Distinct
from crmkit.frames._fit import all_same
from crmkit.frames._marks import plain_list
from crmkit.frames._source import Source, column_names

if TYPE_CHECKING:
    import numpy.typing as npt

    from crmkit.frames._source import StoredRows
    from crmkit.typing import Frame, JSONValue


class MappingSource(Source):
    """A dict of columns; each a list, a tuple or a one-dimensional numpy array, and given back as the same."""

    kind: ClassVar[str] = "mapping"

    def __init__(self, data: Mapping[Any, Any]) -> None:
        self.native = data
        self.columns = column_names(data)
        self._keys = dict(zip(self.columns, data, strict=True))
        self.length = -1
        for name, column in zip(self.columns, data.values(), strict=True):
            if isinstance(column, np.ndarray):
                if column.ndim != 1:
                    raise ShapeError(f"column {name!r} is not one-dimensional", expected=1, actual=column.ndim)
            elif not isinstance(column, Sequence) or isinstance(column, str | bytes):
                raise SchemaError(
                    f"{name!r} holds one {type(column).__name__}, not a column; put a single record into a list"
                )
            if self.length < 0:
                self.length = len(column)
            elif len(column) != self.length:
                raise ShapeError(
                    f"column {name!r} has {len(column)} rows, the columns before it have {self.length}",
                    expected=self.length,
                    actual=len(column),
                )
        self.length = max(self.length, 0)

    def values(self, name: str) -> list[object]:
        column = self.native[self._keys[name]]
        if isinstance(column, np.ndarray):
            return plain_list(column.tolist() if column.dtype.kind not in "mM" else list(column))
        return plain_list(column)

    def distinct(self, name: str) -> Distinct | None:
        column = self.native[self._keys[name]]
        if isinstance(column, np.ndarray):
            return None
        types = set(map(type, column))
        types.discard(type(None))
        return Distinct.of_texts(column) if types == {str} else None

    def stored(self, name: str, rows: Sequence[int]) -> list[object]:
        column = self.native[self._keys[name]]
        return stored(column, rows)

    def type_of(self, name: str) -> object:
        return self.dtype(name, full=True)

    def dtype(self, name: str, *, full: bool) -> JSONValue:  # noqa: ARG002 - a numpy type is always short
        column = self.native[self._keys[name]]
        return column.dtype.str if isinstance(column, np.ndarray) else None

    def restore(self, cells: Mapping[str, Mapping[int, object]], dtypes: Mapping[str, JSONValue]) -> Frame:
        made = self.replace(cells)
        for name in cells:
            key = self._keys[name]
            made[key] = narrowed(made[key], dtypes.get(name))
        return made

    def insert(self, rows: StoredRows, order: npt.NDArray[np.int64], index: JSONValue) -> Frame:  # noqa: ARG002 - columns have no index
        return {
            self._keys[name]: extended(self.native[self._keys[name]], rows.cells(name), order) for name in self.columns
        }

    def replace(self, cells: Mapping[str, Mapping[int, object]]) -> Frame:
        made = dict(self.native)
        for name, rows in cells.items():
            made[self._keys[name]] = written(self.native[self._keys[name]], rows)
        return made

    def take(self, rows: Sequence[int]) -> Frame:
        return {key: _take(column, rows) for key, column in self.native.items()}


class RecordSetSource(Source):
    """What ``read_csv`` and ``read_excel`` give."""

    kind: ClassVar[str] = "recordset"
    verbatim: ClassVar[bool] = True

    def __init__(self, data: Any) -> None:
        self.native = data
        self.columns = column_names(data.columns)
        self.length = len(data)
        self.notes = tuple(data.notes)

    def values(self, name: str) -> list[object]:
        return plain_list(self.native.column(name))

    def distinct(self, name: str) -> Distinct | None:
        column = self.native.held(name)  # of a file: text alone, which needs no list of its own
        if not isinstance(column, tuple):
            return Distinct.of_texts(column) if column.codes is None else Distinct.of_codes(column.values, column.codes)
        return Distinct.of(column) if set(map(type, column)) <= {str, type(None)} else None

    def cells(self, name: str) -> Sequence[object] | None:
        column: Sequence[object] = self.native.held(name)
        return None if isinstance(column, tuple) else column

    def stored(self, name: str, rows: Sequence[int]) -> list[object]:
        column = self.native.held(name)
        return stored(column, rows) if isinstance(column, tuple) else list(column.take(rows))

    def restore(self, cells: Mapping[str, Mapping[int, object]], dtypes: Mapping[str, JSONValue]) -> Frame:  # noqa: ARG002 - columns of anything
        return self.replace(cells)

    def insert(self, rows: StoredRows, order: npt.NDArray[np.int64], index: JSONValue) -> Frame:  # noqa: ARG002 - columns have no index
        columns = {name: extended(self.native.column(name), rows.cells(name), order) for name in self.columns}
        return type(self.native)(columns, notes=self.notes)

    def replace(self, cells: Mapping[str, Mapping[int, object]]) -> Frame:
        columns = {name: self.native.column(name) for name in self.columns}
        for name, rows in cells.items():
            columns[name] = written(columns[name], rows)
        return type(self.native)(columns, notes=self.notes)

    def take(self, rows: Sequence[int]) -> Frame:
        columns = {name: tuple(self.stored(name, rows)) for name in self.columns}
        return type(self.native)(columns, notes=self.notes)


def stored(column: Any, rows: Sequence[int]) -> list[object]:
    """Return cells of a list, tuple or array as they are; numbers of a typed array as Python's."""
    if isinstance(column, np.ndarray):
        taken = column[np.asarray(rows, dtype=np.int64)]
        return list(taken) if taken.dtype.kind in "mM" else taken.tolist()
    return [column[row] for row in rows]


def narrowed(column: Any, dtype: JSONValue) -> Any:
    """Return a column of objects as an array of ``dtype`` again, if it holds nothing else any more."""
    if not isinstance(column, np.ndarray) or not isinstance(dtype, str) or column.dtype.str == dtype:
        return column
    held = held_by(column.tolist(), np.dtype(dtype))
    return column if held is None else held


def held_by(values: Sequence[object], dtype: np.dtype[Any]) -> Any:
    """Return values as an array of ``dtype``; ``None`` where it cannot hold them all faithfully."""
    try:
        held = np.fromiter(values, dtype=dtype, count=len(values))
    except (TypeError, ValueError, OverflowError):
        return None
    return held if all_same(list(held), values) else None


def extended(column: Any, values: Sequence[object], order: npt.NDArray[np.int64]) -> Any:
    """Return a column with ``values`` appended and all of it brought into ``order``."""
    if isinstance(column, np.ndarray):
        held = held_by(values, column.dtype)
        if held is None:
            column, held = column.astype(object), np.fromiter(values, dtype=object, count=len(values))
        return np.concatenate([column, held])[order]
    made = [*column, *values]
    taken = [made[place] for place in order]
    return tuple(taken) if isinstance(column, tuple) else taken


def written(column: Any, cells: Mapping[int, object]) -> Any:
    """Return a copy of a column with some cells changed, a list, tuple or array as it was."""
    if isinstance(column, np.ndarray):
        held = held_by(list(cells.values()), column.dtype)
        made = column.astype(object) if held is None else column.copy()
        rows = np.fromiter(cells, dtype=np.int64, count=len(cells))
        made[rows] = np.fromiter(cells.values(), dtype=object, count=len(cells)) if held is None else held
        return made
    cells_list = list(column)
    for row, value in cells.items():
        cells_list[row] = value
    return tuple(cells_list) if isinstance(column, tuple) else cells_list


def _take(column: Any, rows: Sequence[int]) -> Any:
    if isinstance(column, np.ndarray):
        return column[np.asarray(rows, dtype=np.int64)]
    taken = [column[row] for row in rows]
    return tuple(taken) if isinstance(column, tuple) else taken
