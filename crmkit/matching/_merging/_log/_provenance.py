"""Where the values of golden records came from, and what they could have been."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from crmkit import frames
from crmkit.changes import Conflict
from crmkit.errors import ConflictError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit.frames import Table
    from crmkit.typing import Frame

    from ._merge_log import MergeLog

__all__ = ["alternatives", "provenance"]


def provenance(log: MergeLog, like: Frame | None) -> Frame:
    """Say for every cell of a golden record where it came from; see :meth:`MergeLog.provenance`."""
    survivors = np.unique(log._lines.survivor[log._active(log.undone)]).tolist()
    names = {row: log._name_of(row) for row in survivors}
    columns: dict[str, list[object]] = {"record_id": [], "path": [], "source": [], "rule": []}
    for path in _paths(log):
        known = log._merging.sources.get(path)
        sources = {} if known is None else known.of()
        columns["record_id"] += names.values()
        columns["path"] += [path] * len(survivors)
        columns["source"] += [
            "; ".join(map(log._name_of, sources[row])) if row in sources else names[row] for row in survivors
        ]
        columns["rule"] += [log._merging.rules.get(path)] * len(survivors)
    return frames.build(columns, like=like)


def alternatives(log: MergeLog, golden: Frame) -> Frame:
    """Say what golden records could have held; see :meth:`MergeLog.alternatives`."""
    table = frames.read(golden)
    lines = log._lines
    merges = log._active(log.undone)
    places = _places(log, table, np.unique(lines.survivor[merges]).tolist())
    columns: dict[str, list[object]] = {name: [] for name in ("record_id", "path", "kept", "alternative", "source")}
    found = sorted(_found(log, table, places, merges.tolist()), key=lambda one: one[:3])
    seen: set[tuple[int, int, str]] = set()
    for survivor, number, source, path, kept, value in found:
        if (survivor, number, value) in seen:
            continue
        seen.add((survivor, number, value))
        row = (log._name_of(survivor), path, kept, value, log._name_of(source))
        for column, cell in zip(columns.values(), row, strict=True):
            column.append(cell)
    return frames.build(columns, like=table.native)


def _found(
    log: MergeLog, table: Table, places: dict[int, int], merges: list[int]
) -> Iterator[tuple[int, int, int, str, str | None, str]]:
    """Yield survivor, number of the column, source row, column, value that was kept, and another one."""
    lines = log._lines
    losers = lines.stored_rows(merges)
    into = [int(lines.survivor[line]) for line in merges]
    rows = [int(lines.row[line]) for line in merges]
    own: dict[str, list[tuple[int, object]]] = {}
    for line in np.flatnonzero(np.isin(lines.survivor, into) & ~log._of_kind("merge")).tolist():
        own.setdefault(str(lines.path[line]), []).append((int(lines.row[line]), lines.before[line]))
    for number, path in enumerate(_paths(log)):
        if path not in table.columns or path == log._header.key:
            continue
        held = table.column(path)
        candidates = zip(into, rows, losers.columns.get(path, [None] * len(rows)), strict=True)
        for survivor, source, cell in (*candidates, *((row, row, cell) for row, cell in own.get(path, ()))):
            value, kept = _text(cell), _text(held[places[survivor]])
            if value is not None and value != kept:
                yield survivor, number, source, path, kept, value


def _text(cell: object) -> str | None:
    value = frames.plain(cell)
    return None if value is None else frames.as_text(value)


def _paths(log: MergeLog) -> list[str]:
    columns: Any = log._header.layout["columns"]
    return [str(name) for name, _ in columns]


def _places(log: MergeLog, table: Table, survivors: list[int]) -> dict[int, int]:
    """Return where each golden record is in the frame."""
    key = log._header.key
    if key is not None and key in table.columns:
        rows = {name: place for place, name in enumerate(table.texts(key).rows())}
        places = {row: rows.get(log._name_of(row), -1) for row in survivors}
    else:
        lost = np.sort(log._lines.row[log._active(log.undone)])
        places = {row: row - int(np.searchsorted(lost, row)) for row in survivors}
        if len(table) != log.rows - len(lost):
            places = dict.fromkeys(survivors, -1)
    if -1 in places.values():
        reason = "the golden record is not in the frame"
        conflicts = [
            Conflict(row=row, record_id=log._name_of(row), path=None, reason=reason)
            for row, place in places.items()
            if place < 0
        ]
        raise ConflictError(f"{len(conflicts)} golden record(s) are not in the frame", conflicts=conflicts)
    return places
