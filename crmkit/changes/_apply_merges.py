"""Merging rows: the rows that go are written down whole, beside the cells of those that stay."""

from __future__ import annotations

from itertools import compress
from operator import ne
from typing import TYPE_CHECKING

import numpy as np

from crmkit import frames
from crmkit._called import check_called
from crmkit.errors import SchemaError

from ._apply import header_of, is_same, is_unique, read_back, record_ids, utc_now
from ._columns import Codes, Lines, check_storable, row_identities
from ._log import ChangeLog

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence

    from crmkit.frames import StoredRows, Table
    from crmkit.typing import AuditSink, Frame


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
    now: Callable[[], dt.datetime] = utc_now,
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
    check_called(now=now)
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
    stays = np.ones(len(table), dtype=bool)
    stays[losers] = False
    golden = whole.take(np.flatnonzero(stays).tolist()) if losers else whole.native
    lines = read_back(
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
    header = header_of(
        table,
        writes,
        key=key,
        by=by,
        reason=reason,
        run_id=run_id,
        now=now,
        edits_key=False,
        twins=() if is_unique(table, key) and key not in writes else _twins(table, whole, losers, survivors),
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
        for row, name in zip(survivors, record_ids(table, key, survivors), strict=True)
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
        record_id=record_ids(table, key, row.tolist()),
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
        changes = _changes(held, afters)
        if all(changes) and changes:
            writes[path], befores[path] = dict(zip(rows, afters, strict=True)), held
        elif any(changes):
            writes[path] = dict(compress(zip(rows, afters, strict=True), changes))
            befores[path] = list(compress(held, changes))
    return writes, befores


def _changes(held: Sequence[object], afters: Sequence[object]) -> list[bool]:
    """Say of each cell whether writing the new value changes anything."""
    if {*map(type, held), *map(type, afters)} <= {str, type(None)}:
        return list(map(ne, held, afters))
    return [not is_same(before, after) for before, after in zip(held, afters, strict=True)]


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
