"""Which row of the run's frame is where now, when merged rows are gone, back, or partly back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from crmkit.errors import ConflictError
from crmkit.frames import as_text, identity, plain

from ._change import Conflict
from ._columns import row_identities

if TYPE_CHECKING:
    import numpy.typing as npt

    from crmkit.frames import StoredRows, Table

    from ._columns import Header, Lines

_MAX_STEPS: Final = 2_000_000


def present_rows(table: Table, header: Header, lines: Lines) -> npt.NDArray[np.int64]:
    """Return for each row of the frame before the run where it is in ``table``; -1 for a merged row that is gone.

    Raises:
        ConflictError: Rows were added, removed or moved since the run.
    """
    n = header.layout["rows"]
    total = n if isinstance(n, int) else 0
    merges = [line for line in range(len(lines)) if lines.kind[line] == "merge"]
    losers = lines.row[np.asarray(merges, dtype=np.int64)] if merges else np.empty(0, dtype=np.int64)
    keyed = header.key is not None and header.unique_key and header.key in table.columns
    if not merges and keyed:
        return _by_key(table, header, lines, total)
    if not total - len(losers) <= len(table) <= total:
        raise _rows_differ(total, len(losers), len(table))
    staying = np.ones(total, dtype=bool)
    if merges and keyed:
        known = set(table.texts(str(header.key)).values)
        staying[[int(lines.row[line]) for line in merges if lines.record_id[line] not in known]] = False
    elif len(table) == total - len(losers):
        staying[losers] = False
    elif len(table) < total:
        staying = _by_contents(table, header, lines, merges, total)
    if int(np.count_nonzero(staying)) != len(table):
        raise _rows_differ(total, len(losers), len(table))
    places = np.full(total, -1, dtype=np.int64)
    places[staying] = np.arange(len(table))
    if merges:
        _check_places(table, header if keyed else None, lines, merges, places)
    return places


def _check_places(
    table: Table, keyed: Header | None, lines: Lines, merges: list[int], places: npt.NDArray[np.int64]
) -> None:
    """Raise unless merged rows that are back, and with a key their survivors, are where they must be."""
    back = [line for line in merges if places[lines.row[line]] >= 0]
    here = [int(places[lines.row[line]]) for line in back]
    if keyed is not None:
        texts = table.texts(str(keyed.key))
        values: list[object] = [*texts.values, None]
        expected = {place: lines.record_id[line] for line, place in zip(back, here, strict=True)}
        expected |= {
            int(places[lines.survivor[line]]): lines.after[line] for line in merges if not lines.redacted[line]
        }
        wrong = [place for place, name in expected.items() if values[texts.codes[place]] != name]
    else:
        back = [line for line in back if not lines.redacted[line]]
        here = [int(places[lines.row[line]]) for line in back]
        found = row_identities(table.rows(here), table.columns)
        stored = row_identities(lines.stored_rows(back), table.columns)
        wrong = [place for place, one, other in zip(here, found, stored, strict=True) if one != other]
    if wrong:
        reason = "the rows are not the ones that the run left, or not in their order"
        conflicts = [Conflict(row=None, record_id=None, path=None, reason=reason)]
        raise ConflictError(f"cannot undo: {reason}; rows were added, removed or moved", conflicts=conflicts)


def _rows_differ(total: int, merged: int, found: int) -> ConflictError:
    expected = f"{total - merged}" + (f" to {total}" if merged else "")
    reason = f"the frame has {found} rows, not {expected}"
    conflict = Conflict(row=None, record_id=None, path=None, reason=reason)
    return ConflictError(f"cannot undo: {reason}; rows were added or removed since the run", conflicts=[conflict])


def _by_key(table: Table, header: Header, lines: Lines, total: int) -> npt.NDArray[np.int64]:
    """Find rows by their record ids; -1 also where an id is there twice and its row is not where it was."""
    texts = table.texts(str(header.key))
    if len(table) == total:
        values: list[object] = [*texts.values, None]
        if [values[code] for code in texts.codes[lines.row].tolist()] == lines.record_id:
            return np.arange(total, dtype=np.int64)
    expected: dict[int, set[object]] = {}
    for row, record_id in zip(lines.row.tolist(), lines.record_id, strict=True):
        expected.setdefault(row, set()).add(record_id)
    if header.key in lines.path.values:
        code = lines.path.values.index(header.key)
        for line in np.flatnonzero(lines.path.codes == code):
            value = plain(lines.after[line])
            expected[int(lines.row[line])].add(None if value is None else as_text(value))
    if len(table) == total:
        values = [*texts.values, None]
        if all(values[texts.codes[row]] in names for row, names in expected.items()):
            return np.arange(total, dtype=np.int64)
    positions: dict[object, list[int]] = {}
    for place, name in enumerate(texts.rows()):
        positions.setdefault(name, []).append(place)
    places = np.full(total, -1, dtype=np.int64)
    for row, names in expected.items():
        found = [place for name in names if name is not None for place in positions.get(name, ())]
        if len(found) == 1:
            places[row] = found[0]
    return places


def _by_contents(table: Table, header: Header, lines: Lines, merges: list[int], total: int) -> npt.NDArray[np.bool_]:
    """Find out by what rows hold which merged rows are back, where there is no key to ask."""
    known = [line for line in merges if not lines.redacted[line]]
    names = table.columns
    losers = lines.stored_rows(known)
    contents = row_identities(losers, names)
    classes = {content: number for number, content in enumerate(dict.fromkeys(contents))}
    of_loser = {int(lines.row[line]): classes[content] for line, content in zip(known, contents, strict=True)}
    allowed: dict[int, set[int]] = {row: {number} for row, number in of_loser.items()}
    gone = {int(lines.row[line]) for line in merges}
    changed = {int(row) for row in lines.row} - gone
    for row, loser in header.twins:
        if loser in of_loser:
            allowed.setdefault(row, {-1} if row in changed else set()).add(of_loser[loser])
    return _thread(_classes(table, losers, classes), allowed, gone, total, len(table))


def _classes(table: Table, losers: StoredRows, classes: dict[object, int]) -> list[int]:
    """Return for each row of the frame which merged row's contents it has, -1 for none."""
    candidate = np.ones(len(table), dtype=bool)
    for name in table.columns:
        wanted = {identity(plain(cell)) for cell in losers.columns.get(name, [None])}
        column = table.distinct(name)
        fits = np.fromiter(
            (identity(value) in wanted for value in [*column.values, None]), dtype=bool, count=len(column) + 1
        )
        candidate &= fits[column.codes]
    rows = np.flatnonzero(candidate).tolist()
    found = [-1] * len(table)
    for row, content in zip(rows, row_identities(table.rows(rows), table.columns), strict=True):
        found[row] = classes.get(content, -1)
    return found


def _thread(
    found: list[int], allowed: dict[int, set[int]], gone: set[int], total: int, length: int
) -> npt.NDArray[np.bool_]:
    """Lay the frame's rows along the rows before the run: all that stayed, and merged rows where contents agree.

    ``reach[row]`` holds how many of the frame's rows may have been used up before ``row``.
    """
    other = {-1}
    reach: list[set[int]] = [{0}]
    steps = 0
    for row in range(total):
        skip = row in gone
        fits = allowed.get(row, set() if skip else other)
        after = {used + 1 for used in reach[-1] if used < length and found[used] in fits}
        if skip:
            after |= reach[-1]
        steps += len(after)
        if not after or steps > _MAX_STEPS:
            break
        reach.append(after)
    if len(reach) <= total or length not in reach[total]:
        reason = "which merged rows are back cannot be told from what the frame holds"
        conflict = Conflict(row=None, record_id=None, path=None, reason=reason)
        raise ConflictError(f"cannot undo: {reason}; merge with a key column to undo in parts", conflicts=[conflict])
    staying = np.ones(total, dtype=bool)
    used = length
    for row in range(total - 1, -1, -1):
        if row in gone and used in reach[row]:
            staying[row] = False
        else:
            used -= 1
    return staying
