"""Record ids: the caller's key where every record has its own, else the row position."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.errors import InvalidValueError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.frames import Table

__all__ = ["record_ids"]


def record_ids(
    table: Table, key: str | None, recognized: str | None
) -> tuple[Sequence[object], str | None, str | None]:
    """Return the id of every row, the column that has it, and a note where the wanted column could not be used.

    Raises:
        InvalidValueError: ``key`` is no name.
        SchemaError: ``key`` names no column, or one whose values are missing or repeated; a column that was recognized
            as the id and is none gives a note instead, because nobody asked for it.
    """
    if key is not None and not isinstance(key, str):
        raise InvalidValueError("key= names one column; to use several, make one column of them first")
    name = recognized if key is None else key
    if name is None:
        return range(len(table)), None, None
    column = table.cells(name)
    if set(map(type, column)) <= {str} and len(set(column)) == len(column):  # the usual case, at a tenth of the cost
        return column, name, None
    distinct = table.distinct(name)
    if len(distinct.values) == len(table):
        return column, name, None
    missing = int((distinct.codes < 0).sum())
    repeated = len(table) - missing - len(distinct.values)
    said = f"column {name!r} is no record id here ({missing} missing, {repeated} repeated)"
    if key is not None:
        raise SchemaError(f"{said}; leave key= out to name records by row position")
    return range(len(table)), None, f"{said}; records are named by row position from 0"
