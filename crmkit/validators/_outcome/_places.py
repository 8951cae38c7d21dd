"""Where the changes of a plan belong in a frame that may have been sorted, filtered or edited since."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, cast

from crmkit.changes import Conflict
from crmkit.errors import NotFoundError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit.frames import Table

__all__ = ["groups_of", "places_of"]

_GONE = "no row has this record id"
_SEVERAL = "several rows have this record id, and none of them stands where the plan was made"
_OTHER = "the row now belongs to a record with an id"


def places_of(
    table: Table, key: str | None, cells: Sequence[tuple[int, str, str]], record_ids: Sequence[str | None],
    *, n_rows: int | None = None,
) -> tuple[list[int | None], list[Conflict]]:  # fmt: skip
    """Find the row of each change by the id of its record, so that no change lands in somebody else's row.

    Args:
        table: The frame that is to be changed.
        key: The column of the ids; without one, rows are where they were.
        cells: For each change the row that it was made for, its column and its new value.
        record_ids: For each change the id that the record had.
        n_rows: How many rows there were when the plan was made, where that is known.

    Returns:
        For each change its row, or ``None`` for those that are among the conflicts.

    Raises:
        SchemaError: The frame lacks the column of the ids, or has other rows than a plan without ids was made for.
    """
    if key is None:
        _demand_rows(table, (row for row, _, _ in cells), n_rows)
        return [row for row, _, _ in cells], []
    if key not in table.columns:
        raise SchemaError(f"the plan finds rows by their key: {NotFoundError.of('column', key, table.columns)}")
    texts = table.texts(key)
    here = [*cast("list[str]", texts.values), None]
    ids = [_said(here[code]) for code in texts.codes.tolist()]
    number = Counter(ids)
    row_of = {record_id: row for row, record_id in enumerate(ids)}
    renamed = {row: after for row, path, after in cells if path == key}
    rows: list[int | None] = []
    conflicts = []
    for (row, path, _), record_id in zip(cells, map(_said, record_ids), strict=True):
        there = ids[row] if row < len(ids) else _NOWHERE
        wanted = {record_id, renamed.get(row, record_id)}  # a change of the key may have been made already
        found: int | None = None
        if there in wanted:
            found = row
        elif record_id is not None:
            found = next((row_of[name] for name in wanted if number[name] == 1), None)
        rows.append(found)
        if found is None:
            reason = _OTHER if record_id is None else _SEVERAL if number[record_id] else _GONE
            conflicts.append(Conflict(row=row, record_id=record_id, path=path, reason=reason))
    return rows, conflicts


_NOWHERE = "\x00no such row"


def _said(record_id: str | None) -> str | None:
    return record_id if record_id is not None and record_id.strip() else None


def _demand_rows(table: Table, rows: Iterable[int], n_rows: int | None) -> None:
    last = max(rows, default=-1)
    if last >= 0 and n_rows not in (None, len(table)):
        raise SchemaError(
            f"the plan was made for {n_rows} rows, the frame has {len(table)}: without a key nobody can tell "
            "which row is which; give the schema a key, or make a new plan"
        )
    if last >= len(table):
        raise SchemaError(f"the plan changes row {last}, the frame has {len(table)} rows")


def groups_of(rows: Sequence[int], rules: Sequence[str], together: Sequence[int]) -> list[int | None]:
    """Number the changes that are only right together, such as the two sides of an exchange.

    Args:
        rows: For each change its row.
        rules: The rule that asks for it.
        together: How many changes that rule asks for in that row.
    """
    numbers: dict[tuple[int, str], int] = {}
    return [
        numbers.setdefault((row, rule), len(numbers)) if size > 1 else None
        for row, rule, size in zip(rows, rules, together, strict=True)
    ]
