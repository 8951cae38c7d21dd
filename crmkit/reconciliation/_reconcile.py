"""The comparison as a whole: pair rows, drop those that are equal, look at the cells of the others.

Equal data costs one pass over both tables. A row that the screen cannot prove equal is compared cell by cell with the
real tolerance, so the answer is exact in both directions.
"""

from __future__ import annotations

import datetime as dt
import logging
from typing import TYPE_CHECKING

import attrs
import numpy as np

from crmkit import frames
from crmkit._called import check_called
from crmkit._elsewhere import takes_its_keywords
from crmkit._run_id import new_run_id
from crmkit.errors import SchemaError
from crmkit.mapping import Mapping as FieldMapping

from ._causes._cause import Cause
from ._causes._cells import cell_codes, compare_cells
from ._causes._columns import confirm, find_swapped
from ._outcome._report import ReconcileReport
from ._pairing._keys import blank_keys, doubled, pair_by_loose_key
from ._pairing._mapped import map_left, with_targets
from ._pairing._rows import Rows, pair_rows
from ._pairing._settings import check_by_column, key_names, key_pairs, names_given, pair_columns, read_both
from ._pairing._similar import find_similar
from ._pairing._uncompared import uncompared

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from crmkit.frames import Table
    from crmkit.mapping import MappingReport
    from crmkit.matching import Matcher
    from crmkit.typing import Frame, Language, Progress

    from ._causes._cause import ColumnKind
    from ._causes._cells import Differing
    from ._pairing._rows import Pairing
    from ._pairing._settings import ColumnPair

__all__ = ["reconcile"]

_log = logging.getLogger("crmkit.reconciliation")


@takes_its_keywords
def reconcile(
    left: Frame,
    right: Frame,
    *,
    key: str | Sequence[str] | None = None,
    columns: Mapping[str, str] | FieldMapping | None = None,
    only: Sequence[str] | None = None,
    kinds: Mapping[str, ColumnKind] | None = None,
    tolerance: Mapping[str, float] | float = 0.0,
    values: Mapping[str, Mapping[str, str]] | None = None,
    same_key: bool = True,
    similar: bool | Matcher = False,
    lang: Language = "en",
    now: Callable[[], dt.datetime] | None = None,
    progress: Progress | None = None,
) -> ReconcileReport:
    """Compare two tables that should agree, and say of every difference what caused it.

    Args:
        left: What was, or should be: the source of a migration, the master of a sync. Any frame.
        right: What is there now. Any frame, of another kind if need be.
        key: Column or columns of the left table that identify a row; the recognised id where ``None``.
        columns: What columns of the left table are called on the right, where the names differ. A
            :class:`crmkit.mapping.Mapping` from the left system to the right one maps the left table first, values
            and times too; columns then have its target's names in the report, and other settings may use either.
        only: Columns of the left table to compare; all that both tables have where ``None``.
        kinds: What columns hold (``"phone"``, ``"date"``, ...), which decides what counts as another way to write the
            same; recognised from the headers where not given.
        tolerance: How far numbers may be apart and still count as equal: for all columns, or column by column.
        values: For columns with closed lists: what values on the left are called on the right.
        same_key: Look among the rows that found no partner for keys that differ only in blanks, case, leading zeros or
            a ``.0`` behind them.
        similar: Look among the rows that then still have no partner for those that are probably one record under two
            keys, by the means of :mod:`crmkit.matching`; a matcher says how. They are in ``.similar``, and stay
            missing and unexpected.
        lang: Language of messages.
        now: Gives the moment of the run, aware; the clock where ``None``.
        progress: Shows how far it is; ``tqdm`` fits.

    Returns:
        Rows that are missing, unexpected or doubled, every differing cell with its cause, rates, control totals, and
        a gate. Data never raises.

    Raises:
        SchemaError: Not a frame, a column that was named is not there, or nothing in common.
        NotFoundError: No such kind.
        ValueError: A negative tolerance.

    Example:
        >>> was = [
        ...     {"id": "1", "phone": "+86 138 0013 8000", "plan": "gold"},
        ...     {"id": "2", "phone": None, "plan": "free"},
        ... ]
        >>> now = [{"id": "1", "phone": "13800138000", "plan": "silver"}]
        >>> report = reconcile(was, now, key="id")
        >>> report.causes()
        {'changed': 1, 'format': 1}
        >>> report.counts()["missing"]
        1

    Note:
        O(rows log rows + cells). Memory is that of the frames and about 40 bytes a row, plus the differing cells.

    .. versionadded:: 0.1.0
    """
    check_called(now=now, progress=progress)
    check_by_column(kinds=kinds, tolerance=tolerance, values=values)
    if isinstance(columns, FieldMapping):
        one, other = frames.read_two(left, right)
        if not other.columns and not len(other):
            other = with_targets(one, other, columns)
        mapped = map_left(one, other, columns)
        one, names, key = mapped.left, dict(mapped.columns), mapped.key(key)
        only = None if only is None else [mapped.named(name) for name in only]
        known = {name: kind for name, kind in mapped.kinds.items() if only is None or name in only}
        kinds = {**known, **mapped.renamed(kinds or {})}
        values = mapped.renamed(values or {})
        tolerance = tolerance if isinstance(tolerance, int | float) else mapped.renamed(tolerance)
        said: MappingReport | None = mapped.report
    else:
        names, said = names_given(columns), None
        one, other = read_both(left, right, names, names=[*key_names(key), *names])
    apart = uncompared(one, other, names, only=only, mapping=said)
    if apart.is_alien and not set(key_names(key)) <= set(one.columns):
        raise SchemaError(f"{apart.said('en')[0]}: the mapping reads another table")
    keys = key_pairs(one, other, key, names)
    compared = pair_columns(
        one, other, keys=keys, columns=names, only=only, kinds=dict(kinds or {}),
        tolerance=tolerance, values=dict(values or {}),
    )  # fmt: skip
    key_a, key_b, keyed_a, keyed_b = frames.row_hashes(one, other, [pair.compared() for pair in keys])
    keyed_a &= ~blank_keys(one, [pair.left for pair in keys])
    keyed_b &= ~blank_keys(other, [pair.right for pair in keys])
    row_a, row_b, _, _ = frames.row_hashes(one, other, [pair.compared() for pair in compared])

    def codes(rows: NDArray[np.int64], others: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return cell_codes(one, other, (rows, others), compared)

    pairing = pair_rows((key_a, key_b), (row_a, row_b), keyed=(keyed_a, keyed_b), codes=codes)
    loosely = np.empty(0, dtype=np.int64)
    if same_key and len(pairing.missing) and len(pairing.unexpected):
        pairing, loosely = pair_by_loose_key(one, other, keys, pairing)
    loose = _marked(len(one), loosely)[pairing.left]
    # What the hashes of key and row prove is settled; a key that is there twice is looked at, to see that it is one.
    open_ = row_a[pairing.left] != row_b[pairing.right]
    open_ |= _marked(len(one), pairing.doubled_left)[pairing.left]
    open_ |= _marked(len(other), pairing.doubled_right)[pairing.right]
    _log.info("%d rows paired, %d of them to be looked at", len(pairing.left), int(open_.sum()))
    rows = (pairing.left, pairing.right)
    strict = np.flatnonzero(open_ & ~loose)
    cells = compare_cells(one, other, rows, strict, keys=keys, columns=compared, progress=progress)
    # Where keys only resemble each other the key is compared like any column: its cause is what the reader wants.
    shifted = compare_cells(one, other, rows, np.flatnonzero(loose), keys=(), columns=[*compared, *keys])
    parts = find_swapped(_together([*cells.columns, *shifted.columns]))
    parts = _settled(one, other, pairing, parts, columns=compared, keys=keys)
    if len(cells.collided):
        pairing, parts = _without(pairing, parts, cells.collided)
    pairing = attrs.evolve(
        pairing,
        doubled_left=doubled(one, [pair.left for pair in keys], pairing.doubled_left),
        doubled_right=doubled(other, [pair.right for pair in keys], pairing.doubled_right),
    )
    found = Rows(
        pairing=pairing,
        no_key_left=np.flatnonzero(~keyed_a),
        no_key_right=np.flatnonzero(~keyed_b),
        loosely=loosely,
    )
    at = now() if now is not None else dt.datetime.now(tz=dt.UTC)
    alike = (
        find_similar(one, other, pairing, compared, matcher=None if similar is True else similar, progress=progress)
        if similar is not False
        else ()
    )
    return ReconcileReport(
        left=one, right=other, keys=tuple(keys), columns=tuple(compared), rows=found, parts=tuple(parts),
        run_id=new_run_id(), at=at, lang=lang, similar=alike,
        apart=apart,
    )  # fmt: skip


def _marked(n: int, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    marks = np.zeros(n, dtype=bool)
    marks[rows] = True
    return marks


def _without(pairing: Pairing, parts: Sequence[Differing], pairs: NDArray[np.int64]) -> tuple[Pairing, list[Differing]]:
    """Take apart pairs whose keys have one hash and are two keys."""
    keep = np.ones(len(pairing.left), dtype=bool)
    keep[pairs] = False
    position = np.cumsum(keep) - 1
    made = attrs.evolve(
        pairing,
        left=pairing.left[keep],
        right=pairing.right[keep],
        missing=np.union1d(pairing.missing, pairing.left[pairs]),
        unexpected=np.union1d(pairing.unexpected, pairing.right[pairs]),
    )
    return made, [attrs.evolve(part, pair=position[part.pair]) for part in parts]


# -- what a whole column decides --------------------------------------------------------------------------------------


def _together(parts: Sequence[Differing]) -> list[Differing]:
    """Put the differing cells of two rounds together, by column."""
    by_column: dict[int, list[Differing]] = {}
    for part in parts:
        by_column.setdefault(part.column, []).append(part)
    made = []
    for column, found in sorted(by_column.items()):
        bases = np.cumsum([0, *(len(part.left) for part in found)])
        pair = np.concatenate([part.pair for part in found])
        order = np.argsort(pair, kind="stable")
        which = np.concatenate([part.which + base for part, base in zip(found, bases[:-1], strict=True)])
        made.append(
            attrs.evolve(
                found[0],
                column=column,
                pair=pair[order],
                which=which[order],
                left=[value for part in found for value in part.left],
                right=[value for part in found for value in part.right],
                causes=[cause for part in found for cause in part.causes],
            )
        )
    return made


def _settled(
    left: Table, right: Table, pairing: Pairing, parts: Sequence[Differing], *, columns: Sequence[ColumnPair],
    keys: Sequence[ColumnPair],
) -> list[Differing]:  # fmt: skip
    made = []
    for part in parts:
        column = [*columns, *keys][part.column]
        undecided = [cause.to_confirm for cause in part.causes if cause.to_confirm is not None]
        cuts = any(cause.code == "truncated" for cause in undecided)
        longest = {
            "left": _longest(left, column.left) if cuts else (0, 0),
            "right": _longest(right, column.right) if cuts else (0, 0),
        }
        told = confirm(part, longest=longest, rows_with=_counter(left, column.left, pairing.left))
        if column in keys:  # rows that found each other by it: whatever differs is a matter of form
            told = attrs.evolve(told, causes=[_SAME_KEY if one.code == "changed" else one for one in told.causes])
        made.append(told)
    return made


_SAME_KEY = Cause("format")


def _longest(table: Table, name: str) -> tuple[int, int]:
    most = size = 0
    for piece in table.pieces():
        values = [str(value) for value in piece.texts(name).values]
        most = max(most, max(map(len, values), default=0))
        size = max(size, max((len(value.encode("utf-8", "replace")) for value in values), default=0))
    return most, size


def _counter(table: Table, name: str, rows: NDArray[np.int64]) -> Callable[[Collection[str]], Mapping[str, int]]:
    """Count on demand how many of the rows have some texts: most columns never ask."""

    def rows_with(wanted: Collection[str]) -> Mapping[str, int]:
        found = dict.fromkeys(wanted, 0)
        paired, first = _marked(len(table), rows), 0
        for piece in table.pieces():
            texts = piece.texts(name)
            codes = texts.codes[paired[first : first + len(piece)]]
            counts = np.bincount(codes[codes >= 0], minlength=len(texts))
            for value, n in zip(texts.values, counts.tolist(), strict=True):
                if value in found:
                    found[str(value)] += n
            first += len(piece)
        return found

    return rows_with
