"""Types of Arrow columns: what fits, what becomes text, and how a column gets its former type again."""

from __future__ import annotations

import re
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


def workable(table: Any) -> Any:
    """Return a table without columns of which Arrow takes no rows: views become large, runs are written out."""
    import pyarrow as pa
    import pyarrow.compute as compute
    import pyarrow.types as types

    def whole(kind: Any) -> Any:
        if types.is_dictionary(kind):
            return pa.dictionary(kind.index_type, whole(kind.value_type), ordered=kind.ordered)
        if types.is_string_view(kind):
            return pa.large_string()
        return pa.large_binary() if types.is_binary_view(kind) else kind

    for place, field in enumerate(table.schema):
        column = table.column(place)
        if types.is_run_end_encoded(field.type):
            column = compute.run_end_decode(column)
        kind = whole(column.type)
        if kind != field.type:
            column = column if kind == column.type else column.cast(kind)
            table = table.set_column(place, field.with_type(column.type), column)
    return table


def written(column: Any, cells: Mapping[int, object], name: str) -> Any:
    """Return a column with some cells changed; as text where its type cannot hold them.

    Chunks without a changed cell are the same objects.
    """
    import pyarrow as pa

    given = list(cells.values())
    held = held_by(given, column.type)
    if held is None:
        column = as_strings(column, name)
        held = pa.array([None if value is None else as_text(value) for value in plain_list(given)], type=pa.string())
    rows = np.fromiter(cells, dtype=np.int64, count=len(cells))
    chunks, start = [], 0
    for chunk in column.chunks:
        inside = np.flatnonzero((rows >= start) & (rows < start + len(chunk)))
        if len(inside):
            places = np.arange(len(chunk), dtype=np.int64)
            places[rows[inside] - start] = np.arange(len(chunk), len(chunk) + len(inside))
            chunks.append(pa.concat_arrays([chunk, held.take(pa.array(inside))]).take(pa.array(places)))
        else:
            chunks.append(chunk)
        start += len(chunk)
    return pa.chunked_array(chunks, type=column.type)


def extended(column: Any, values: list[object], name: str) -> Any:
    """Return a column with values appended."""
    import pyarrow as pa

    held = held_by(values, column.type)
    if held is None:
        raise SchemaError(f"column {name!r} is {column.type} now and does not hold what was there before")
    return pa.chunked_array([*column.chunks, held], type=column.type)


def held_by(given: Sequence[object], kind: Any) -> Any:
    """Return values as an array of ``kind``; ``None`` where it cannot hold them all faithfully."""
    import pyarrow as pa
    import pyarrow.types as types

    try:
        if any(isinstance(value, np.datetime64 | np.timedelta64) for value in given) and types.is_temporal(kind):
            ticks = [None if is_missing(value) else to_ticks(value, _unit(kind)) for value in given]
            held = pa.array(ticks, type=_whole(kind)).view(kind)
        else:
            held = pa.array(list(given) if types.is_floating(kind) else plain_list(given), type=kind, from_pandas=False)
        return held if all_same(exact_values(held), given) else None
    except (TypeError, ValueError, OverflowError, pa.ArrowException):
        return None


def exact_values(column: Any) -> list[object]:
    """Return a column as Python values; moments finer than Python's as numpy's."""
    import pyarrow as pa
    import pyarrow.types as types

    kind = column.type
    if getattr(kind, "unit", None) == "ns" and not types.is_interval(kind):
        coarse = {
            "timestamp": lambda: pa.timestamp("us", tz=kind.tz),
            "duration": lambda: pa.duration("us"),
            "time64": lambda: pa.time64("us"),
        }[str(kind).partition("[")[0]]()
        return from_ticks(
            column.cast(coarse, safe=False).to_pylist(),
            column.cast(pa.int64()).to_pylist(),
            "M" if types.is_timestamp(kind) else "m",
        )
    try:
        values: list[object] = column.to_pylist()
    except (OverflowError, ValueError):  # a year that Python's calendar does not have
        if not types.is_temporal(kind):
            raise SchemaError(
                f"a column of {kind} holds what Python cannot: text that is not UTF-8, or years beyond 9999"
            ) from None
        ticks = column.cast(_whole(kind)).to_pylist()
        return beyond(ticks, "m" if types.is_duration(kind) else "M", _unit(kind))
    return values


def _unit(kind: Any) -> str:
    """Name the unit in which a column of moments counts."""
    import pyarrow.types as types

    return "D" if types.is_date32(kind) else getattr(kind, "unit", "ms")


def _whole(kind: Any) -> Any:
    """Return the integers of which moments are made."""
    import pyarrow as pa

    return pa.int32() if kind.bit_width == 32 else pa.int64()


def as_strings(column: Any, name: str) -> Any:
    """Return a column as text.

    Raises:
        SchemaError: The column holds lists, structs or bytes, which have no text that could be read back.
    """
    import pyarrow as pa
    import pyarrow.types as types

    kind = column.type
    if types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if types.is_null(kind) or types.is_string(kind) or types.is_large_string(kind):
        return column.cast(pa.string())
    values = exact_values(column)
    if _family(kind) is None or any(isinstance(value, np.generic) for value in values):
        raise SchemaError(f"column {name!r} is {kind}; it holds neither this value nor text that could be read back")
    texts = [None if value is None else as_text(value) for value in values]
    return pa.chunked_array([pa.array(texts, type=pa.string())])


def narrowed(column: Any, field: Any, described: JSONValue, cells: Mapping[int, object]) -> tuple[Any, Any]:
    """Return column and field in the type they had, if all values are of that type again.

    Args:
        column: The column, ``cells`` written.
        field: Its field.
        described: The type that it had.
        cells: Row to what is put back there, exactly: text has one word for ``NaN`` and null, and these may be either.
    """
    import pyarrow as pa
    import pyarrow.types as types

    if not isinstance(described, list) or len(described) != 2:
        return column, field
    former = parse_type(str(described[0]))
    if former is not None and former != column.type and types.is_string(column.type):
        values: Any = column.to_pylist()
        family = _family(former.value_type if types.is_dictionary(former) else former)
        try:
            if family is not None:
                values = [read_text(text, family) for text in values]
        except Unreadable:
            return column, field
        texts = column.to_pylist()
        values = [cells.get(row, value) for row, value in enumerate(values)]
        held = held_by(values, former)
        if held is not None:
            back = pa.chunked_array([held])
            if family is None or reads_alike(as_strings(back, field.name).to_pylist(), texts, cells):
                column = back
    if str(column.type) == described[0]:
        field = field.with_type(column.type).with_nullable(bool(described[1]) or column.null_count > 0)
    return column, field


def _family(kind: Any) -> str | None:
    """Name the reader that takes a text of this type back."""
    import pyarrow.types as types

    for family, test in (
        ("int", types.is_integer),
        ("float", types.is_floating),
        ("boolean", types.is_boolean),
        ("decimal", types.is_decimal),
        ("date", types.is_date),
        ("datetime", types.is_timestamp),
        ("time", types.is_time),
    ):
        if test(kind):
            return family
    return None


def parse_type(text: str) -> Any:
    """Return the Arrow type that ``str()`` wrote; ``None`` for one that no column is narrowed to."""
    import pyarrow as pa

    plain = {
        "double": "float64",
        "float": "float32",
        "halffloat": "float16",
        "date32[day]": "date32",
        "date64[ms]": "date64",
    }
    try:
        return pa.type_for_alias(plain.get(text, text))
    except ValueError:
        pass
    try:
        return _parameterized(text)
    except ValueError:  # what no Arrow wrote, such as a unit that there is not
        return None


def _parameterized(text: str) -> Any:
    """Return the type of a text with parameters."""
    import pyarrow as pa

    if found := re.fullmatch(r"timestamp\[(\w+), tz=(.+)\]", text):
        return pa.timestamp(found[1], tz=found[2])
    if found := re.fullmatch(r"decimal(\d+)\((\d+), (-?\d+)\)", text):
        make = {"32": "decimal32", "64": "decimal64", "128": "decimal128", "256": "decimal256"}.get(found[1], "")
        return getattr(pa, make)(int(found[2]), int(found[3])) if hasattr(pa, make) else None
    if found := re.fullmatch(r"dictionary<values=(.+), indices=(\w+), ordered=([01])>", text):
        values, indices = parse_type(found[1]), parse_type(found[2])
        return pa.dictionary(indices, values, ordered=found[3] == "1") if values is not None else None
    return None
