"""Finding out what kind of frame something is, and building one of that kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from crmkit._optional import loaded
from crmkit._report import Report
from crmkit.errors import MissingDependencyError, SchemaError

from ._kinds._arrow import ArrowSource, arrow_table
from ._kinds._mapping import MappingSource, RecordSetSource
from ._kinds._pandas import PandasSource
from ._kinds._polars import PolarsSource
from ._kinds._records import RecordsSource
from ._table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.typing import Frame

    from ._source import Source


def read(data: Frame) -> Table:
    """Read a frame of any kind.

    Args:
        data: pandas or polars DataFrame (lazy ones are collected), pyarrow Table or anything with
            ``__arrow_c_stream__``, a duckdb relation, a ``RecordSet``, a mapping of columns, or an iterable of dicts,
            attrs objects, dataclasses, pydantic models or named tuples. A ``Table`` is returned as it is.

    Returns:
        The table: read-only, nothing is copied before a column is asked for.

    Raises:
        SchemaError: Not a frame, or two columns have one name.
        ShapeError: The columns of a mapping differ in length.

    Example:
        >>> table = read([{"id": 1, "email": "ada@example.org"}, {"id": 2}])
        >>> table
        <Table records: 2 rows, 2 columns>
        >>> table.column("email")
        ['ada@example.org', None]

    .. versionadded:: 0.1.0
    """
    return data if isinstance(data, Table) else Table(_source(data))


def read_two(left: Frame, right: Frame) -> tuple[Table, Table]:
    """Read two tables that are held against each other.

    Raises:
        SchemaError: Not a frame; or one iterator was given for both, which the second would find empty.

    Example:
        >>> [len(table) for table in read_two([{"id": 1}], {"id": [1, 2]})]
        [1, 2]

    .. versionadded:: 0.1.0
    """
    if left is right and isinstance(left, Iterator):
        raise SchemaError("one iterator was given for both tables, and can be read once; make a list of it first")
    return read(left), read(right)


def _source(data: Any) -> Source:
    kind = _library(data)
    if kind == "pandas":
        return PandasSource(data)
    if kind == "polars":
        return PolarsSource(data)
    if kind == "pyarrow":
        return ArrowSource(data)
    if kind == "duckdb":
        return _duckdb(data)
    if _is_record_set(data):
        return RecordSetSource(data)
    _refuse_results(data)
    if kind == "narwhals":
        return _source(data.to_native())
    if isinstance(data, Mapping):
        return MappingSource(data)
    if hasattr(data, "__arrow_c_stream__"):
        return ArrowSource(arrow_table(data))
    if isinstance(data, str | bytes) or not isinstance(data, Iterable):
        hint = "; read a file with crmkit.read_csv" if isinstance(data, str | bytes) or hasattr(data, "open") else ""
        raise SchemaError(f"an object of type {type(data).__name__} is not a frame{hint}")
    return RecordsSource(data)


def _library(data: Any) -> str | None:
    """Name the library whose frame this is; raise for its other objects, which people pass by mistake."""
    for name, frames, columns in (
        ("pandas", ("DataFrame",), ("Series", "Index")),
        ("polars", ("DataFrame", "LazyFrame"), ("Series",)),
        ("pyarrow", ("Table",), ("Array", "ChunkedArray")),
        ("duckdb", ("DuckDBPyRelation",), ()),
        ("narwhals", ("DataFrame", "LazyFrame"), ("Series",)),
    ):
        library = loaded(name)
        if library is None:
            continue
        if isinstance(data, tuple(getattr(library, kind) for kind in frames)):
            return name
        if columns and isinstance(data, tuple(getattr(library, kind) for kind in columns)):
            raise SchemaError(f"a {name} {type(data).__name__} is one column; pass a frame")
    return None


def _refuse_results(data: object) -> None:
    """Raise for what crmkit returned beside a table, or with one: it iterates, but it is not the table.

    Raises:
        SchemaError: A report, or a table and its log that were not taken apart.
    """
    if isinstance(data, Report):
        kind = type(data).__name__
        raise SchemaError(
            f"a {kind} is what was found, not a table: give the table that it is about, or .to_frame() of the report"
        )
    if isinstance(data, tuple) and len(data) == 2 and (isinstance(data[1], Report) or _is_log(data[1])):
        raise SchemaError(
            "this is a table together with its log: apply() and merge() return both; write table, log = ... and give "
            "the table"
        )


def _is_log(data: object) -> bool:
    changes = loaded("crmkit.changes")
    return changes is not None and isinstance(data, changes.ChangeLog)


def _duckdb(data: Any) -> Source:
    try:
        return ArrowSource(arrow_table(data))
    except MissingDependencyError:
        return RecordSetSource(record_set({name: array.tolist() for name, array in data.fetchnumpy().items()}))


def _is_record_set(data: object) -> bool:
    records = loaded("crmkit.records")
    return records is not None and isinstance(data, records.RecordSet)


def record_set(columns: Mapping[str, Sequence[object]]) -> Any:
    """Return a ``RecordSet`` of these columns."""
    from crmkit.records import RecordSet

    return RecordSet(columns)


def unpaired(values: Sequence[object]) -> list[object]:
    r"""Return a column for a library whose text is UTF-8, which has no lone surrogates: they become ``\ud800``.

    Example:
        >>> unpaired(["Ann", "A\ud800", None, 3])
        ['Ann', 'A\\ud800', None, 3]
    """
    cells = list(values)
    try:
        "".join(cell for cell in cells if type(cell) is str).encode()
    except UnicodeEncodeError:
        return [cell.encode("utf-8", "backslashreplace").decode() if type(cell) is str else cell for cell in cells]
    return cells


def build(columns: Mapping[str, Sequence[object]], *, like: object = None) -> Frame:
    r"""Build a result table in the kind of another frame.

    Args:
        columns: Name -> values, missing as ``None``; all of one length.
        like: A frame (or ``Table``) whose kind the result gets; ``None`` gives a ``RecordSet``. For records of any
            kind the result is a list of dicts. Text for pandas, polars and pyarrow has lone surrogates written as
            ``\ud800``, because their columns hold UTF-8.

    Raises:
        ShapeError: The columns differ in length.

    Example:
        >>> build({"rule": ["email"], "rows": [3]}, like=[{"id": 1}])
        [{'rule': 'email', 'rows': 3}]

    .. versionadded:: 0.1.0
    """
    given: object = columns  # what callers without a type checker pass
    if not isinstance(given, Mapping):
        raise SchemaError(f"columns are a mapping of name to values, not {type(given).__name__}")
    if isinstance(like, type):
        raise SchemaError(f"like= takes a frame, such as {like.__name__}(), not the class {like.__name__}")
    if isinstance(like, str):
        raise SchemaError("like= takes a frame of the kind that is wanted, such as pd.DataFrame(), not its name")
    MappingSource(columns)  # checks lengths
    kind = "recordset" if like is None else read(like).kind
    if kind == "pandas":
        import pandas as pd

        return pd.DataFrame({name: pd.Series(unpaired(values)) for name, values in columns.items()})
    if kind == "polars":
        import polars as pl

        return pl.DataFrame({name: pl.Series(name, unpaired(values), strict=False) for name, values in columns.items()})
    if kind == "arrow":
        import pyarrow as pa

        return pa.table({name: pa.array(unpaired(values)) for name, values in columns.items()})
    if kind == "mapping":
        return {name: list(values) for name, values in columns.items()}
    if kind == "records":
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return record_set(columns)
