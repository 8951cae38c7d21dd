"""Making changes: compare, set, and write down what was there."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from crmkit import frames
from crmkit._run_id import new_run_id
from crmkit.errors import SchemaError
from crmkit.frames import Table, as_text, identical, is_missing, plain, same

from ._change import Conflict
from ._columns import Codes, Header, Lines, check_storable, codes, confidences, row_identities
from ._log import ChangeLog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from crmkit.frames import StoredRows
    from crmkit.typing import AuditSink, Frame

    from ._change import Edits


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def apply_edits(
    table: Table | Frame,
    edits: Edits,
    *,
    key: str | None = None,
    by: str | None = None,
    reason: str | None = None,
    run_id: str | None = None,
    now: Callable[[], dt.datetime] = _utc_now,
    audit: AuditSink | None = None,
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
    table = frames.read(table)
    kept, cells, befores, conflicts = _compare(table, edits)
    changed = table.replace(cells)
    paths, rows = [edits.path[line] for line in kept], [edits.row[line] for line in kept]
    ids = _record_ids(table, key, rows)
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
    lines = _read_back(changed, lines)
    header = _header(table, cells, key=key, by=by, reason=reason, run_id=run_id, now=now)
    found = [
        Conflict(row=row, record_id=record_id, path=path, reason="holds another value than the edit expects")
        for (row, path), record_id in zip(
            conflicts, _record_ids(table, key, [row for row, _ in conflicts]), strict=True
        )
    ]
    log = ChangeLog._make(header, lines, conflicts=found)
    if audit is not None:
        log.record(audit)
    return changed, log


def _compare(
    table: Table, edits: Edits
) -> tuple[list[int], dict[str, dict[int, object]], dict[int, object], list[tuple[int, str]]]:
    """Decide which edits are made: their numbers, the cells to write, what was there, and the conflicts."""
    places: dict[str, list[int]] = {}
    for line, path in enumerate(edits.path):
        places.setdefault(path, []).append(line)
    kept: list[int] = []
    cells: dict[str, dict[int, object]] = {}
    befores: dict[int, object] = {}
    conflicts: list[tuple[int, str]] = []
    for path, numbers in places.items():
        rows = [int(edits.row[line]) for line in numbers]
        if rows and not (min(rows) >= 0 and max(rows) < len(table)):
            raise SchemaError(f"row out of range: the frame has rows 0 to {len(table) - 1}")
        written: dict[int, object] = {}
        for line, row, stored in zip(numbers, rows, table.stored(path, rows), strict=True):
            current = written.get(row, stored)
            after = edits.after[line]
            if _is_same(current, after):
                continue
            if edits.before is not None and not _expected(current, edits.before[line]):
                conflicts.append((row, path))
                continue
            written[row] = after
            befores[line] = current
            kept.append(line)
        if written:
            cells[path] = written
    kept.sort()
    return kept, cells, befores, conflicts


def _is_same(current: object, after: object) -> bool:
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


def _read_back(changed: Frame, lines: Lines) -> Lines:
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


def _record_ids(table: Table, key: str | None, rows: Sequence[int]) -> list[str | None]:
    if key is None:
        return [None] * len(rows)
    texts = table.texts(key)
    values: list[Any] = [*texts.values, None]  # a code of -1 is the last
    return [values[code] for code in texts.codes[np.asarray(rows, dtype=np.int64)].tolist()]


def _is_unique(table: Table, key: str | None) -> bool:
    return key is not None and len(table.texts(key)) == len(table)


def _header(
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
        unique_key=_is_unique(table, key) and (edits_key or key not in touched),
        layout=table.layout(touched),
        twins=twins,
    )


def apply_merges(
    table: Table | Frame,
    *,
    survivor_of: Mapping[int, int],
    cells: Mapping[str, Mapping[int, object]] | None = None,
    rule: str | None = None,
    rule_version: str | None = None,
    rules: Mapping[str, str] | None = None,
    confidence: Mapping[int, float] | None = None,
    key: str | None = None,
    by: str | None = None,
    reason: str | None = None,
    run_id: str | None = None,
    now: Callable[[], dt.datetime] = _utc_now,
    audit: AuditSink | None = None,
) -> tuple[Frame, ChangeLog]:
    """Merge rows into others and write down what was there.

    Args:
        table: The frame, or a ``Table`` of it.
        survivor_of: Row that goes -> row that it goes into.
        cells: Column -> row that stays -> its value in the golden record.
        rule: Which rule merged the rows.
        rule_version: Its version.
        rules: Column -> the survivorship rule that chose its values; ``rule`` where absent.
        confidence: Row that goes -> how sure the match is, 0 to 1.
        key: Column with the record ids.
        by: Who does it.
        reason: Why.
        run_id: ULID; a new one where absent.
        now: The clock.
        audit: Where to record it; see :meth:`ChangeLog.record`.

    Returns:
        The golden frame, of the caller's kind: the rows that stay, in their order, with ``cells`` written. And the log,
        which holds the rows that went as a whole. Lines are in the order of rows: changed cells of a survivor and
        merged rows, each by the row they are about.

    Raises:
        SchemaError: A row goes into one that goes itself; a cell of a row that goes; an unknown column or row; a row
            that goes holds something that has no form in a change log (see :doc:`/reference/formats`).

    Example:
        >>> people = [{"id": "1", "phone": None}, {"id": "2", "phone": "+12025550123"}]
        >>> golden, log = apply_merges(people, survivor_of={1: 0}, cells={"phone": {0: "+12025550123"}}, key="id")
        >>> golden
        [{'id': '1', 'phone': '+12025550123'}]
        >>> log.revert(golden) == people
        True

    .. versionadded:: 0.1.0
    """
    table = frames.read(table)
    losers = sorted(int(row) for row in survivor_of)
    survivors = [int(survivor_of[row]) for row in losers]
    gone = set(losers)
    _check_merges(table, losers, survivors)
    for path, rows in (cells or {}).items():
        if not gone.isdisjoint(rows):
            raise SchemaError(f"a new value of {path!r} is for a row that is merged away; give it to its survivor")
    stored_rows = table.rows(losers)
    check_storable(stored_rows)
    writes, befores = _golden_cells(table, cells or {})
    whole = frames.read(table.replace(writes))
    staying = np.setdiff1d(np.arange(len(table), dtype=np.int64), np.asarray(losers, dtype=np.int64))
    golden = whole.take(staying.tolist()) if losers else whole.native
    lines = _read_back(
        whole,
        _merge_lines(
            table,
            losers,
            survivors,
            writes,
            befores,
            rule=rule,
            rule_version=rule_version,
            rules=rules or {},
            confidence=confidence or {},
            key=key,
            reason=reason,
            rows=stored_rows,
        ),
    )
    header = _header(
        table,
        writes,
        key=key,
        by=by,
        reason=reason,
        run_id=run_id,
        now=now,
        edits_key=False,
        twins=() if _is_unique(table, key) and key not in writes else _twins(table, whole, losers, survivors),
    )
    log = ChangeLog._make(header, lines)
    if audit is not None:
        log.record(audit)
    return golden, log


def _merge_lines(
    table: Table,
    losers: list[int],
    survivors: list[int],
    writes: Mapping[str, Mapping[int, object]],
    befores: Mapping[str, list[object]],
    *,
    rule: str | None,
    rule_version: str | None,
    rules: Mapping[str, str],
    confidence: Mapping[int, float],
    key: str | None,
    reason: str | None,
    rows: StoredRows,
) -> Lines:
    """Return the lines of merges and of the cells of golden records, by row and then by column, merges first."""
    paths: list[str | None] = [None, *(name for name in table.columns if name in writes)]
    sizes = [len(losers), *(len(writes[path]) for path in paths[1:] if path is not None)]
    names = [
        name if name is not None else str(row)
        for row, name in zip(survivors, _record_ids(table, key, survivors), strict=True)
    ]
    before: list[object] = list(range(len(losers)))
    after: list[object] = list(names)
    about = list(losers)
    for path in paths[1:]:
        if path is not None:
            before += befores[path]
            after += writes[path].values()
            about += writes[path]
    number = np.repeat(np.arange(len(paths)), sizes)
    row = np.asarray(about, dtype=np.int64)
    order = np.lexsort((number, row))
    number, row, turn = number[order], row[order], order.tolist()
    n = len(turn)
    survivor = np.asarray([*survivors, *about[len(losers) :]], dtype=np.int64)[order]
    sure = np.full(n, np.nan)
    sure[: len(losers)] = [confidence.get(loser, np.nan) for loser in losers]
    return Lines(
        kind=Codes.coded(["merge", "cell"], np.minimum(number, 1)),
        row=row,
        path=Codes.coded(paths, number),
        before=[before[line] for line in turn],
        after=[after[line] for line in turn],
        record_id=_record_ids(table, key, row.tolist()),
        survivor=survivor,
        rule=Codes.coded([rule if path is None else rules.get(path, rule) for path in paths], number),
        rule_version=Codes.constant(rule_version, n),
        confidence=sure[order],
        reason=Codes.constant(reason, n),
        redacted=np.zeros(n, dtype=bool),
        rows=rows,
    )


def _check_merges(table: Table, losers: list[int], survivors: list[int]) -> None:
    if losers and not (losers[0] >= 0 and losers[-1] < len(table)):
        raise SchemaError(f"row out of range: the frame has rows 0 to {len(table) - 1}")
    if survivors and not (min(survivors) >= 0 and max(survivors) < len(table)):
        raise SchemaError(f"row out of range: the frame has rows 0 to {len(table) - 1}")
    chained = set(losers) & set(survivors)
    if chained:
        raise SchemaError(f"row {min(chained)} is to go and to survive; name the last survivor for every row")


def _golden_cells(
    table: Table, cells: Mapping[str, Mapping[int, object]]
) -> tuple[dict[str, dict[int, object]], dict[str, list[object]]]:
    """Return the cells that really change, and what they hold now."""
    writes: dict[str, dict[int, object]] = {}
    befores: dict[str, list[object]] = {}
    for path, values in cells.items():
        rows = [int(row) for row in values]
        if rows and not (min(rows) >= 0 and max(rows) < len(table)):
            raise SchemaError(f"row out of range: the frame has rows 0 to {len(table) - 1}")
        afters = list(values.values())
        held = table.stored(path, rows)
        kept = [
            k
            for k, (before, after) in enumerate(zip(held, afters, strict=True))
            if (before != after if type(before) is str and type(after) is str else not _is_same(before, after))
        ]
        if kept:
            writes[path] = {rows[k]: afters[k] for k in kept}
            befores[path] = [held[k] for k in kept]
    return writes, befores


def _twins(table: Table, whole: Table, losers: list[int], survivors: list[int]) -> tuple[tuple[int, int], ...]:
    """Pair each survivor that reads the same as a row that was merged away, before or after, with that row."""
    if not losers:
        return ()
    names = table.columns
    gone = dict(zip(row_identities(table.rows(losers), names), losers, strict=True))
    staying = sorted(set(survivors))
    found = set()
    for form in (table, whole):
        for row, held in zip(staying, row_identities(form.rows(staying), names), strict=True):
            if held in gone:
                found.add((row, gone[held]))
    return tuple(sorted(found))
