"""Undoing: find where each row is now, compare with what the run left, and only then write."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crmkit import frames
from crmkit.errors import ConflictError
from crmkit.frames import as_text, identical, is_missing, plain, same

from ._align import present_rows
from ._change import Conflict
from ._reads import reads_as

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crmkit.typing import Frame

    from ._columns import Header, Lines
    from ._order import Order

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")


def revert(
    table: frames.Table, header: Header, lines: Lines, chosen: Sequence[int], *, order: Order | None = None
) -> Frame:
    """Undo the ``chosen`` lines in ``table``; all of them or none.

    Args:
        table: The frame.
        header: Of the log.
        lines: Of the log.
        chosen: Which of them.
        order: Where records stood, if rows of the frame may have come, gone or moved since the run.
    """
    if not chosen:
        return table.native
    places = present_rows(table, header, lines) if order is None else order.rows(header, lines, chosen)
    merge = lines.kind.values.index("merge") if "merge" in lines.kind.values else -1
    kinds = lines.kind.codes
    conflicts = [
        _conflict(lines, line, "its values were erased from the log") for line in chosen if lines.redacted[line]
    ]
    cells, found = _cells(table, header, lines, [line for line in chosen if kinds[line] != merge], places)
    conflicts += found
    if conflicts:
        raise _error(conflicts)
    columns: Any = header.layout["columns"]
    described: dict[str, Any] = dict(columns)
    former = {
        path: described.get(path)
        for path in cells
        if table.kind == header.layout["kind"]
        and _is_last(table, lines, path, cells[path], places, described.get(path))
    }
    native = table.restore(cells, former)
    back = [line for line in chosen if kinds[line] == merge and places[lines.row[line]] < 0]
    if not back:
        return native
    if order is None:
        rows = lines.row[np.asarray(back)]
        staying = np.flatnonzero(places >= 0)
        positions = np.searchsorted(np.sort(np.concatenate([staying, rows])), rows)
    else:
        positions = order.positions([lines.record_id[line] for line in back])
    stored = lines.stored_rows(back)
    target = frames.read(native)
    if table.kind != header.layout["kind"]:
        stored = _as_texts(target, stored)
    return target.insert(stored, positions.tolist(), index=header.layout.get("index"))


def _is_last(
    table: frames.Table, lines: Lines, path: str, cells: dict[int, object], places: Any, described: object
) -> bool:
    """Say whether a column that has another type now gets its former one: once all of its changes are undone."""
    if described is None or table.dtype(path) == described:
        return False
    numbers = np.flatnonzero(lines.path.codes == lines.path.values.index(path))
    rows, first = np.unique(lines.row[numbers], return_index=True)
    here = [int(place) for place in places[rows]]
    stored = table.stored(path, [place for place in here if place >= 0])
    held = dict(zip([place for place in here if place >= 0], stored, strict=True)) | cells
    return all(
        _matches(held[place], lines.before[line], exact=True)
        for place, line in zip(here, numbers[first].tolist(), strict=True)
        if place >= 0
    )


def _cells(
    table: frames.Table, header: Header, lines: Lines, chosen: Sequence[int], places: Any
) -> tuple[dict[str, dict[int, object]], list[Conflict]]:
    """Return the cells to write back, and what stands against it."""
    exact = table.kind == header.layout["kind"]
    by_path: dict[int, list[int]] = {}
    for line in chosen:
        by_path.setdefault(int(lines.path.codes[line]), []).append(line)
    cells: dict[str, dict[int, object]] = {}
    conflicts: list[Conflict] = []
    for code, numbers in by_path.items():
        path = lines.path.values[code]
        if path not in table.columns:
            conflicts += [_conflict(lines, line, "the frame has no such column any more") for line in numbers]
            continue
        here = []
        for line in numbers:
            if places[lines.row[line]] < 0:
                conflicts.append(_conflict(lines, line, "the row is not in the frame, or its record id is there twice"))
            elif not lines.redacted[line]:
                here.append(line)
        rows = [int(places[lines.row[line]]) for line in here]
        stored = table.stored(path, rows)
        write = None if exact else _writer(table, path)
        now: dict[int, object] = {}
        against: list[Conflict] = []
        in_turn: dict[int, list[int]] | None = None
        for line, row, held in zip(reversed(here), reversed(rows), reversed(stored), strict=True):
            current = now.get(row, held)
            before, after = lines.before[line], lines.after[line]
            if identical(current, before):
                continue
            if identical(current, after) or _matches(current, after, exact=exact):
                now[row] = before if write is None else write(before)
            elif write is None and is_missing(current) and is_missing(before):
                now[row] = before  # undone already, in a column that has one marker for all that is missing
            elif not _matches(current, before, exact=exact):
                in_turn = _in_turn(lines, code) if in_turn is None else in_turn
                earlier = [lines.before[other] for other in in_turn.get(int(lines.row[line]), ()) if other < line]
                if not any(_matches(current, value, exact=exact) for value in earlier):  # else it is undone further
                    against.append(_conflict(lines, line, "holds another value than the run left"))
        conflicts += reversed(against)
        if now:
            cells[path] = now
    return cells, conflicts


def _in_turn(lines: Lines, code: int) -> dict[int, list[int]]:
    """Return the lines of each cell of a column that was changed more than once: row -> lines."""
    numbers = np.flatnonzero(lines.path.codes == code)
    _, places, counts = np.unique(lines.row[numbers], return_inverse=True, return_counts=True)
    found: dict[int, list[int]] = {}
    for line in numbers[counts[places] > 1].tolist():
        found.setdefault(int(lines.row[line]), []).append(line)
    return found


def _matches(current: object, value: object, *, exact: bool) -> bool:
    """Say whether a cell holds ``value``, or the text of it because its column became text."""
    if same(current, value):
        return True
    if not exact:
        return reads_as(current, value)
    current, value = plain(current), plain(value)
    if current is None or value is None or isinstance(current, str) is isinstance(value, str):
        return False
    return as_text(current) == as_text(value)


def _writer(table: frames.Table, path: str) -> Callable[[object], object]:
    """Return what gives a former value as a column of another kind of frame holds it.

    That is text where the column holds nothing but text, and dates where it holds nothing but dates: pandas has
    midnights for them.
    """
    texts: list[Any] = table.distinct(path).values
    if not all(isinstance(text, str) for text in texts):
        return plain
    dates = all(map(_DATE.fullmatch, texts))

    def write(value: object) -> object:
        value = plain(value)
        if value is None:
            return None
        text = as_text(value)
        return text.removesuffix("T00:00:00") if dates and isinstance(value, dt.datetime) else text

    return write


def _as_texts(table: frames.Table, rows: frames.StoredRows) -> frames.StoredRows:
    """Return rows for another kind of frame: as text where its column holds nothing but text."""
    columns = {}
    for name, cells in rows.columns.items():
        columns[name] = list(map(_writer(table, name) if name in table.columns else plain, cells))
    return frames.StoredRows(columns, None, len(rows))


def _conflict(lines: Lines, line: int, reason: str) -> Conflict:
    return Conflict(row=int(lines.row[line]), record_id=lines.record_id[line], path=lines.path[line], reason=reason)


def _error(conflicts: list[Conflict]) -> ConflictError:
    shown = "; ".join(
        f"row {conflict.row}" + (f" {conflict.path!r}" if conflict.path else "") + f" {conflict.reason}"
        for conflict in conflicts[:5]
    )
    more = f"; and {len(conflicts) - 5} more" if len(conflicts) > 5 else ""
    return ConflictError(
        f"cannot undo {len(conflicts)} change(s), so none was undone: {shown}{more}", conflicts=conflicts
    )
