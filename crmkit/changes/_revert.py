"""Undoing: find where each row is now, compare with what the run left, and only then write."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import numpy as np

from crmkit import frames
from crmkit.errors import ConflictError
from crmkit.frames import as_text, identity, is_missing, plain, same

from ._align import present_rows
from ._change import Conflict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.typing import Frame

    from ._columns import Header, Lines


def revert(table: frames.Table, header: Header, lines: Lines, chosen: Sequence[int]) -> Frame:
    """Undo the ``chosen`` lines in ``table``; all of them or none."""
    if not chosen:
        return table.native
    places = present_rows(table, header, lines)
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
    described = dict(columns)
    native = table.restore(cells, described if table.kind == header.layout["kind"] else {})
    back = [line for line in chosen if kinds[line] == merge and places[lines.row[line]] < 0]
    if not back:
        return native
    rows = lines.row[np.asarray(back)]
    staying = np.flatnonzero(places >= 0)
    positions = np.searchsorted(np.sort(np.concatenate([staying, rows])), rows)
    stored = lines.stored_rows(back)
    target = frames.read(native)
    if table.kind != header.layout["kind"]:
        stored = _as_texts(target, stored)
    return target.insert(stored, positions.tolist(), index=header.layout.get("index"))


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
                conflicts.append(_conflict(lines, line, "the row is not in the frame"))
            elif not lines.redacted[line]:
                here.append(line)
        rows = [int(places[lines.row[line]]) for line in here]
        stored = table.stored(path, rows)
        now: dict[int, object] = {}
        for line, row, held in zip(reversed(here), reversed(rows), reversed(stored), strict=True):
            current = now.get(row, held)
            before, after = lines.before[line], lines.after[line]
            if exact and type(current) is str and current != before and current == after:
                now[row] = before  # what nearly every line is, and needs no closer look
                continue
            if _identical(current, before):
                continue
            if same(current, after) or (not exact and _reads_as(current, after)):
                now[row] = before if exact else _in_kind(current, before, after)
            elif not same(current, before) and (exact or not _reads_as(current, before)):
                conflicts.append(_conflict(lines, line, "holds another value than the run left"))
        if now:
            cells[path] = now
    return cells, conflicts


def _identical(current: object, before: object) -> bool:
    if is_missing(current) or is_missing(before):
        return type(current) is type(before) and is_missing(current) and is_missing(before)
    return type(current) is type(before) and identity(current) == identity(before)


def _reads_as(current: object, value: object) -> bool:
    """Say whether a text is how a file of text would show ``value``."""
    value = plain(value)
    current = plain(current)
    if value is None or current is None or current == "":
        return value in {None, ""} if current in {None, ""} and (value is None or isinstance(value, str)) else False
    if not isinstance(current, str):
        return isinstance(value, str) and as_text(current) == value
    if current == as_text(value):
        return True
    try:
        if isinstance(value, bool):
            return current.casefold() == as_text(value)
        if isinstance(value, int | float | Decimal):
            return Decimal(current) == Decimal(str(value))
        if isinstance(value, dt.datetime):
            return dt.datetime.fromisoformat(current) == value
        if isinstance(value, dt.date):
            return dt.datetime.fromisoformat(current) == dt.datetime.combine(value, dt.time())
    except (ValueError, InvalidOperation, TypeError):
        return False
    return False


def _in_kind(current: object, before: object, after: object) -> object:
    """Return the former value as another kind of frame holds it: as text where the present one became text."""
    before = plain(before)
    became_text = isinstance(plain(current), str) and not isinstance(plain(after), str)
    return as_text(before) if before is not None and became_text else before


def _as_texts(table: frames.Table, rows: frames.StoredRows) -> frames.StoredRows:
    """Return rows for another kind of frame: as text where its column holds nothing but text."""
    columns = {}
    for name, cells in rows.columns.items():
        plain_cells = [plain(cell) for cell in cells]
        if name in table.columns and all(isinstance(value, str) for value in table.distinct(name).values):
            plain_cells = [None if cell is None else as_text(cell) for cell in plain_cells]
        columns[name] = plain_cells
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
