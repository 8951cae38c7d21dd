"""Making changes: compare, set, and write down what was there."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from crmkit import frames
from crmkit._called import check_called
from crmkit._run_id import new_run_id
from crmkit.errors import SchemaError
from crmkit.frames import Table, as_text, identical, is_missing, plain, same

from ._change import Conflict
from ._columns import Codes, Header, Lines, codes, confidences
from ._log import ChangeLog

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from crmkit.typing import AuditSink, Frame

    from ._change import Edits


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def apply_edits(
    table: Table | Frame,
    edits: Edits,
    *,
    key: str | None = None,
    by: str | None = None,
    reason: str | None = None,
    run_id: str | None = None,
    now: Callable[[], dt.datetime] = utc_now,
    audit: AuditSink | None = None,
    refused: Sequence[Conflict] = (),
) -> tuple[Frame, ChangeLog]:
    """Change cells and write down what was there.

    Each edit is compare-and-set: where it says what the cell must hold ``before`` and the cell holds something else,
    nothing is written and the edit is among the log's ``.conflicts``. A cell that holds the new value already is left
    alone, so applying edits twice changes nothing more. Edits of one cell are made one after the other.

    Args:
        table: The frame, or a ``Table`` of it.
        edits: What to change.
        key: Column with the record ids, for people who read the log and for undoing after rows were moved.
        by: Who does it.
        reason: Why; an edit's own reason wins.
        run_id: ULID; a new one where absent.
        now: The clock.
        audit: Where to record it; see :meth:`ChangeLog.record`.
        refused: Conflicts that the caller found beforehand; they join those of the log.

    Returns:
        The changed frame, of the caller's kind, and the log. Lines are in the order of the edits.

    Raises:
        SchemaError: An unknown column or row, or a column that can neither hold a value nor be widened to hold it.

    Example:
        >>> from crmkit.changes import Edits, apply_edits
        >>> people = [{"id": "1", "email": " ann@example.com"}, {"id": "2", "email": "bob@example.com"}]
        >>> edits = Edits(path=["email"], row=[0], after=["ann@example.com"], rule="trim")
        >>> clean, log = apply_edits(people, edits, key="id")
        >>> clean[0]["email"], clean[1] is people[1]
        ('ann@example.com', True)
        >>> log.revert(clean) == people
        True

    .. versionadded:: 0.1.0
    """
    check_called(now=now)
    table = frames.read(table)
    kept, cells, befores, conflicts = _compare(table, edits)
    half: set[int] = set()
    while broken := _broken(edits, conflicts) - half:  # what the whole of a group cannot do, no part of it does
        half |= broken
        kept, cells, befores, conflicts = _compare(table, edits, half)
    changed = table.replace(cells)
    paths, rows = [edits.path[line] for line in kept], [edits.row[line] for line in kept]
    ids = record_ids(table, key, rows)
    n = len(kept)
    lines = Lines(
        kind=Codes.constant(edits.kind, n),
        row=np.asarray(rows, dtype=np.int64),
        path=Codes(paths),
        before=[befores[line] for line in kept],
        after=[edits.after[line] for line in kept],
        record_id=ids,
        survivor=np.full(n, -1, dtype=np.int64),
        rule=codes(_kept(edits.rule, kept), n),
        rule_version=codes(_kept(edits.rule_version, kept), n),
        confidence=confidences(_kept(edits.confidence, kept), n),
        reason=codes(_kept(edits.reason, kept) if edits.reason is not None else reason, n),
        redacted=np.zeros(n, dtype=bool),
    )
    lines = read_back(changed, lines)
    header = header_of(table, cells, key=key, by=by, reason=reason, run_id=run_id, now=now)
    places = [edits.row[line] for line in conflicts]
    found = [
        Conflict(row=row, record_id=record_id, path=edits.path[line], reason=reason)
        for (line, reason), row, record_id in zip(
            conflicts.items(), places, record_ids(table, key, places), strict=True
        )
    ]
    log = ChangeLog._make(header, lines, conflicts=[*found, *refused])
    if audit is not None:
        log.record(audit)
    return changed, log


_DIFFERS = "holds another value than the edit expects"
_HALF = "belongs together with a change that cannot be made"


def _broken(edits: Edits, conflicts: Mapping[int, str]) -> set[int]:
    """Return the edits that belong together with one that is a conflict."""
    if edits.group is None or not conflicts:
        return set()
    groups = {edits.group[line] for line in conflicts} - {None}
    return {line for line, group in enumerate(edits.group) if group in groups}


def _compare(
    table: Table, edits: Edits, half: Collection[int] = ()
) -> tuple[list[int], dict[str, dict[int, object]], dict[int, object], dict[int, str]]:
    """Decide which edits are made: their numbers, the cells to write, what was there, and why others are conflicts.

    Args:
        table: The table.
        edits: The edits.
        half: Those that are not made because others of their group cannot be.
    """
    places: dict[str, list[int]] = {}
    for line, path in enumerate(edits.path):
        places.setdefault(path, []).append(line)
    kept: list[int] = []
    cells: dict[str, dict[int, object]] = {}
    befores: dict[int, object] = {}
    conflicts: dict[int, str] = {}
    for path, numbers in places.items():
        rows = [int(edits.row[line]) for line in numbers]
        if rows and not (min(rows) >= 0 and max(rows) < len(table)):
            raise SchemaError(f"row out of range: the frame has rows 0 to {len(table) - 1}")
        written: dict[int, object] = {}
        for line, row, stored in zip(numbers, rows, table.stored(path, rows), strict=True):
            current = written.get(row, stored)
            after = edits.after[line]
            if is_same(current, after):
                continue
            if edits.before is not None and not _expected(current, edits.before[line]):
                conflicts[line] = _DIFFERS
                continue
            if line in half:
                conflicts[line] = _HALF
                continue
            written[row] = after
            befores[line] = current
            kept.append(line)
        if written:
            cells[path] = written
    kept.sort()
    return kept, cells, befores, conflicts


def is_same(current: object, after: object) -> bool:
    """Say whether writing ``after`` would change nothing."""
    return identical(current, after) or (is_missing(current) and is_missing(after))


def _expected(current: object, before: object) -> bool:
    if same(current, before):
        return True
    held = plain(current)
    return isinstance(before, str) and held is not None and not isinstance(held, str) and as_text(held) == before


def _kept(column: Any, kept: list[int]) -> Any:
    if column is None or isinstance(column, str | float | int):
        return column
    return [column[line] for line in kept]


def read_back(changed: Frame, lines: Lines) -> Lines:
    """Put into ``after`` what the frame holds now, where a column gave the value a type of its own.

    A line whose cell then holds what it held before, such as ``7.0`` written into a column of integers that had ``7``,
    is left out.
    """
    table = frames.read(changed)
    if table.verbatim:
        return lines
    merge = lines.kind.values.index("merge") if "merge" in lines.kind.values else -1
    typed: list[int] = []
    for code, path in enumerate(lines.path.values):
        if path is None:
            continue
        numbers = np.flatnonzero((lines.path.codes == code) & (lines.kind.codes != merge))
        rows, last = np.unique(lines.row[numbers][::-1], return_index=True)  # a cell changed twice: its last line
        for line, value in zip(numbers[::-1][last].tolist(), table.stored(path, rows.tolist()), strict=True):
            if value is not lines.after[line]:
                lines.after[line] = value
                typed.append(line)
    idle = sorted(line for line in typed if identical(lines.before[line], lines.after[line]))
    return lines.without(idle) if idle else lines


def record_ids(table: Table, key: str | None, rows: Sequence[int]) -> list[str | None]:
    if key is None:
        return [None] * len(rows)
    texts = table.texts(key)
    values: list[Any] = [*texts.values, None]  # a code of -1 is the last
    return [values[code] for code in texts.codes[np.asarray(rows, dtype=np.int64)].tolist()]


def is_unique(table: Table, key: str | None) -> bool:
    return key is not None and len(table.texts(key)) == len(table)


def header_of(
    table: Table,
    touched: Mapping[str, object],
    *,
    key: str | None,
    by: str | None,
    reason: str | None,
    run_id: str | None,
    now: Callable[[], dt.datetime],
    twins: tuple[tuple[int, int], ...] = (),
    edits_key: bool = True,
) -> Header:
    moment = now()
    if moment.tzinfo is None:
        raise ValueError("the clock gives a naive moment; give an aware one, such as datetime.now(UTC)")
    moment = moment.astimezone(dt.UTC)
    return Header(
        run_id=run_id or new_run_id(now=lambda: moment),
        at=moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        by=by,
        reason=reason,
        key=key,
        unique_key=is_unique(table, key) and (edits_key or key not in touched),
        layout=table.layout(touched),
        twins=twins,
    )
