"""Record ids: the caller's key where every record has its own, else the row position."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.frames import Table

__all__ = ["record_ids"]


def record_ids(
    table: Table, key: str | None, recognized: str | None
) -> tuple[Sequence[object], str | None, str | None]:
    """Return the id of every row, the column that has it, and a note where the wanted column could not be used.

    Raises:
        SchemaError: ``key`` names no column.
    """
    name = recognized if key is None else key
    if name is None:
        return range(len(table)), None, None
    column = table.column(name)
    if set(map(type, column)) <= {str} and len(set(column)) == len(column):  # the usual case, at a tenth of the cost
        return column, name, None
    distinct = table.distinct(name)
    if len(distinct.values) == len(table):
        return table.column(name), name, None
    missing = int((distinct.codes < 0).sum())
    repeated = len(table) - missing - len(distinct.values)
    note = (
        f"column {name!r} is no record id here ({missing} missing, {repeated} repeated); "
        f"records are named by row position from 0"
    )
    return range(len(table)), None, note
