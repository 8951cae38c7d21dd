"""Types of polars columns: what fits, what becomes text, and how a column gets its former type again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from crmkit.errors import SchemaError
from crmkit.frames._distinct import as_text
from crmkit.frames._fit import all_same, reads_alike
from crmkit.frames._marks import is_missing, plain_list
from crmkit.frames._moments import Unreadable, beyond, from_ticks, read_text, to_ticks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.typing import JSONValue


def written(column: Any, cells: Mapping[int, object]) -> Any:
    """Return a copy of a Series with some cells changed; as text where its type cannot hold them."""
    import polars as pl

    given = list(cells.values())
    held = held_by(given, column.dtype)
    if held is None:
        held = pl.Series([None if value is None else as_text(value) for value in plain_list(given)], dtype=pl.String)
        column = as_strings(column)
    places = np.arange(len(column), dtype=np.int64)
    places[np.fromiter(cells, dtype=np.int64, count=len(cells))] = np.arange(len(column), len(column) + len(cells))
    return pl.concat([column, held.alias(column.name)]).gather(places)


def extended(column: Any, values: list[object]) -> Any:
    """Return a Series with values appended."""
    import polars as pl

    held = held_by(values, column.dtype)
    if held is None:
        raise SchemaError(f"column {column.name!r} is {column.dtype} now and does not hold what was there before")
    return pl.concat([column, held.alias(column.name)])


def held_by(given: Sequence[object], dtype: Any) -> Any:
    """Return values as a Series of ``dtype``; ``None`` where it cannot hold them all faithfully."""
    import polars as pl

    try:
        if any(isinstance(value, np.datetime64 | np.timedelta64) for value in given) and dtype.is_temporal():
            ticks = [None if is_missing(value) else to_ticks(value, _unit(dtype)) for value in given]
            held = pl.Series(ticks, dtype=pl.Int64, strict=True).cast(dtype)
        else:
            held = pl.Series(given if dtype.is_float() else plain_list(given), dtype=dtype, strict=True)
        return held if held.dtype == dtype and all_same(exact_values(held), given) else None
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        return None


def _unit(dtype: Any) -> str:
    import polars as pl

    return "D" if dtype == pl.Date else getattr(dtype, "time_unit", None) or "ns"


def exact_values(column: Any) -> list[object]:
    """Return a Series as Python values; moments finer than Python's as numpy's."""
    import polars as pl

    dtype = column.dtype
    try:
        values: list[object] = column.to_list()
    except (OverflowError, ValueError):  # a year that Python's calendar does not have
        if not dtype.is_temporal():
            raise SchemaError(f"a column of {dtype} holds what Python cannot, such as years beyond 9999") from None
        return beyond(column.to_physical().to_list(), "m" if dtype == pl.Duration else "M", _unit(dtype))
    if dtype.is_temporal() and _unit(dtype) == "ns":
        kind = "M" if isinstance(dtype, pl.Datetime) else "m"
        return from_ticks(values, column.to_physical().to_list(), kind)
    return values


def as_strings(column: Any) -> Any:
    """Return a Series as text.

    Raises:
        SchemaError: The column holds lists, structs, bytes, durations or objects, which have no text that could be
            read back.
    """
    import polars as pl

    dtype = column.dtype
    if dtype.base_type() in {pl.Categorical, pl.Enum, pl.String, pl.Null}:
        return column.cast(pl.String)
    if dtype.is_nested() or dtype.base_type() in {pl.Binary, pl.Object, pl.Duration}:
        raise SchemaError(f"column {column.name!r} is {dtype}; it holds neither this value nor text")
    values = exact_values(column)
    if any(isinstance(value, np.generic) for value in values):
        raise SchemaError(f"column {column.name!r} has nanoseconds, which text would lose; cast it first")
    return pl.Series(column.name, [None if value is None else as_text(value) for value in values], dtype=pl.String)


def describe(dtype: Any, *, full: bool) -> JSONValue:
    """Return a dtype as plain data; categories only in ``full``, because they are values out of records."""
    import polars as pl

    if isinstance(dtype, pl.Enum):
        return ["Enum", list(dtype.categories)] if full else "Enum"
    if isinstance(dtype, pl.Datetime):
        return ["Datetime", dtype.time_unit, dtype.time_zone]
    if isinstance(dtype, pl.Decimal):
        return ["Decimal", dtype.precision, dtype.scale]
    return str(dtype)


def narrowed(column: Any, described: JSONValue, cells: Mapping[int, object]) -> Any:
    """Return a column that became text in the type it had, if all of its texts are of that type again.

    Args:
        column: The column, ``cells`` written.
        described: The type that it had.
        cells: Row to what is put back there, exactly: text has one word for ``NaN`` and null, and these may be either.
    """
    import polars as pl

    if column.dtype != pl.String or described is None or described == "String":
        return column
    former = _dtype(described)
    if former is None:
        return column
    if former.base_type() in {pl.Categorical, pl.Enum, pl.Null}:
        try:
            return column.cast(former, strict=True)
        except pl.exceptions.PolarsError:
            return column
    try:
        values = [read_text(text, _family(former)) for text in column.to_list()]
    except Unreadable:
        return column
    held = held_by([cells.get(row, value) for row, value in enumerate(values)], former)
    if held is None or not reads_alike(as_strings(held).to_list(), column.to_list(), cells):
        return column
    return held.alias(column.name)


def _dtype(described: JSONValue) -> Any:
    import polars as pl

    if isinstance(described, list):
        makers: dict[str, Any] = {"Enum": pl.Enum, "Datetime": pl.Datetime, "Decimal": pl.Decimal}
        try:
            name, *arguments = described
            return makers[str(name)](*arguments)
        except (LookupError, TypeError, ValueError, pl.exceptions.PolarsError):  # what no polars wrote
            return None
    found = getattr(pl, str(described), None)
    return found if isinstance(found, type) and issubclass(found, pl.DataType) else None


def _family(dtype: Any) -> str:
    if dtype.is_integer():
        return "int"
    if dtype.is_float():
        return "float"
    return str(dtype.base_type()).lower()
