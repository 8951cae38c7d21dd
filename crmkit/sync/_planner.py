"""From a comparison to a plan: rows first, then cells, then what both sides will have agreed on."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from crmkit import frames
from crmkit.normalize import numbers
from crmkit.normalize._placeholders import is_marker
from crmkit.reconciliation import agree

from ._agreed import OPEN, Agreed, Open
from ._decide import decide
from ._lone import LoneRows
from ._moments import Moments
from ._plan import SyncPlan
from ._resolve import merged
from ._step import UNKNOWN, Step, SyncConflict, translated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from crmkit.reconciliation import ColumnPair, ReconcileReport

    from ._agreed import Key
    from ._decide import Side, SyncRules

__all__ = ["Planner"]


class Planner:
    """Decides everything about one comparison.

    Args:
        report: The comparison.
        rules: Whose value counts, and when.
        state: What was agreed.
        stamps: Moments of change of both tables' rows.
        unknown: Keys that cannot be judged.
        one_way: Nothing is written to the left.
    """

    def __init__(
        self, report: ReconcileReport, rules: SyncRules, state: Agreed | None, *,
        stamps: tuple[list[object], list[object]] | None = None, unknown: Sequence[Key] = (), one_way: bool = False,
    ) -> None:  # fmt: skip
        self._report, self._rules, self._state, self._one_way = report, rules, state, one_way
        self._moments = Moments(rules, stamps, report.at)
        self._unknown = set(unknown)
        self._keys = (
            _keys(report.left, [pair.left for pair in report.keys]),
            _keys(report.right, [pair.right for pair in report.keys]),
        )
        self._place = {} if state is None else {name: at for at, name in enumerate(state.columns)}
        self.steps: list[Step] = []
        self.conflicts: list[SyncConflict] = []
        self.pending: dict[Key, None] = {}
        self.skipped: Counter[str] = Counter()
        self._held: dict[Key, dict[str, str | Open | None]] = {}  # cells on which no new agreement was reached
        self._written: dict[Key, dict[str, str | Open | None]] = {}  # cells that the left side gets
        self._rows_gone: set[Key] = set()
        self._rows_made: dict[Key, tuple[str | None, ...]] = {}
        self._lone: tuple[LoneRows, ...] = ()

    def plan(self) -> SyncPlan:
        """Decide rows and cells."""
        blocked = self._blocked()
        self.conflicts += [SyncConflict(reason="not_fetched", key=key) for key in sorted(self._unknown)]
        touched = self._cells(blocked)
        self._lone_rows(blocked)
        report = self._report
        return SyncPlan(
            keys=tuple((pair.left, pair.right) for pair in report.keys),
            names={pair.left: pair.right for pair in report.columns},
            values={pair.left: dict(pair.values) for pair in report.columns if pair.values is not None},
            steps=merged(self.steps),
            conflicts=tuple(self.conflicts),
            pending=tuple(self.pending),
            skipped=dict(self.skipped),
            same=len(report.rows.pairing.left) - len(touched),
            ahead=self._moments.ahead,
            unreadable=self._moments.unreadable,
            causes=report.causes(),
            at=report.at,
            one_way=self._one_way,
            agreed=self._next(blocked),
            before=self._state,
        )  # fmt: skip

    # -- rows that nothing can be done about --------------------------------------------------------------------------

    def _blocked(self) -> tuple[set[int], set[int]]:
        """Report rows whose key is no name for them; return those rows of the left and the right table."""
        rows = self._report.rows
        left: set[int] = set()
        right: set[int] = set()
        for reason, mine, yours in (
            ("key_missing", rows.no_key_left, rows.no_key_right),
            ("key_doubled", rows.pairing.doubled_left, rows.pairing.doubled_right),
            ("key_scientific", _scientific(self._keys[0]), _scientific(self._keys[1])),
        ):
            new_left, new_right = set(mine.tolist()) - left, set(yours.tolist()) - right
            named = [self._name(0, row) for row in sorted(new_left)] + [self._name(1, row) for row in sorted(new_right)]
            keys = named if reason == "key_missing" else list(dict.fromkeys(named))
            self.conflicts += [SyncConflict(reason=reason, key=key) for key in keys]
            left |= new_left
            right |= new_right
        if not (left or right or len(rows.loosely) or self._report.similar):
            return left, right
        partners = dict(zip(rows.pairing.left.tolist(), rows.pairing.right.tolist(), strict=True))
        for row in rows.loosely.tolist():
            if row not in left:
                self.conflicts.append(SyncConflict(reason="almost_key", key=self._name(0, row)))
            left.add(row)
            right.add(partners[row])
        for pair in self._report.similar:
            if pair.left_row not in left and pair.right_row not in right:
                self.conflicts.append(SyncConflict(reason="similar", key=self._name(0, pair.left_row)))
            left.add(pair.left_row)
            right.add(pair.right_row)
        left |= {a for a, b in partners.items() if b in right}
        right |= {b for a, b in partners.items() if a in left}
        return left, right

    def _name(self, side: int, row: int) -> Key:
        return tuple("" if part is None else part for part in self._keys[side][row])

    def _is_pending(self, key: Key, left: int | None, right: int | None) -> bool:
        if self._moments.unsettled(left, right):
            self.pending[key] = None
            return True
        return False

    # -- cells --------------------------------------------------------------------------------------------------------

    def _cells(self, blocked: tuple[set[int], set[int]]) -> set[int]:
        """Decide every differing cell; return the pairs of rows that have one."""
        report, pairing = self._report, self._report.rows.pairing
        touched: set[int] = set()
        for part in report.parts:
            if part.column >= len(report.columns):
                continue  # the key itself: its rows are blocked
            column = report.columns[part.column]
            ignored = np.fromiter(
                (cause.code in self._rules.ignore for cause in part.causes), dtype=bool, count=len(part.causes)
            )
            cells = np.flatnonzero(~ignored[part.which])
            mine, yours = pairing.left[part.pair[cells]], pairing.right[part.pair[cells]]
            given = [frames.plain(value) for value in report.left.stored(column.left, mine.tolist())]
            held = [frames.plain(value) for value in report.right.stored(column.right, yours.tolist())]
            for at, (left, right) in enumerate(zip(mine.tolist(), yours.tolist(), strict=True)):
                if left in blocked[0] or right in blocked[1]:
                    continue
                touched.add(int(part.pair[cells[at]]))
                which = int(part.which[cells[at]])
                self._cell(column, (left, right), (part.left[which], part.right[which]), (given[at], held[at]))
        return touched

    def _cell(
        self, column: ColumnPair, rows: tuple[int, int], texts: tuple[str | None, str | None], cells: tuple[Any, Any]
    ) -> None:
        key = self._name(0, rows[0])
        base = self._base(key, column.left)
        if self._is_pending(key, *rows):
            return
        changed = [None if isinstance(base, Open) else not agree(base, text, column, ignore=self._rules.ignore)
                   for text in texts]  # fmt: skip
        order = self._moments.order(*rows)
        found = decide(
            self._rules.authority(column.left), left_changed=changed[0], right_changed=changed[1], order=order
        )
        outcome, reason = found.outcome, found.reason
        written = texts[0] if outcome == "write_right" else texts[1]
        if outcome == "write_left" and self._one_way:
            outcome = "skip"
        elif outcome in ("write_left", "write_right") and self._says_nothing(written):
            outcome, reason = "skip", "empty"
        if outcome == "skip":
            self.skipped[reason] += 1
            self._held.setdefault(key, {})[column.left] = base
            return
        values: tuple[Any, ...] = self._translated(column, texts, cells)
        if outcome == "write_left" and values[1] is UNKNOWN:
            outcome, reason = "conflict", "value_unknown"
        if outcome == "conflict":
            self._held.setdefault(key, {})[column.left] = base
            self.conflicts.append(
                SyncConflict(
                    reason=reason, key=key, columns=(column.left,), left=(cells[0],), right=(cells[1],),
                    agreed=None if isinstance(base, Open) else (base,),
                )
            )  # fmt: skip
            return
        side: Side = "right" if outcome == "write_right" else "left"
        name = column.right if side == "right" else column.left
        before, after = (cells[1], values[0]) if side == "right" else (cells[0], values[1])
        self.steps.append(
            Step(
                side=side, kind="update", key=key, columns=(name,), before=(before,), after=(after,), reasons=(reason,)
            )
        )
        if side == "left":
            self._written.setdefault(key, {})[column.left] = texts[1]

    def _says_nothing(self, text: str | None) -> bool:
        return self._rules.empty == "keep" and (text is None or is_marker(text))

    def _translated(
        self, column: ColumnPair, texts: tuple[str | None, str | None], cells: tuple[Any, Any]
    ) -> tuple[Any, Any]:
        """Return the left value as the right side writes it, and the right value as the left side does."""
        if column.values is None:
            return cells
        return texts[0], translated(column.values, cells[1], to="left")

    def _base(self, key: Key, column: str) -> str | Open | None:
        if self._state is None or column not in self._place:
            return OPEN
        found = self._state.rows.get(key)
        return OPEN if found is None else found[self._place[column]]

    # -- rows that only one side has ------------------------------------------------------------------------------

    def _lone_rows(self, blocked: tuple[set[int], set[int]]) -> None:
        pairing = self._report.rows.pairing
        lone: list[tuple[int, int, Key]] = [
            *((0, row, self._name(0, row)) for row in pairing.missing.tolist() if row not in blocked[0]),
            *((1, row, self._name(1, row)) for row in pairing.unexpected.tolist() if row not in blocked[1]),
        ]
        lone = [item for item in lone if item[2] not in self._unknown]
        self._lone = tuple(LoneRows(self._report, side, [row for of, row, _ in lone if of == side]) for side in (0, 1))
        known = set() if self._state is None else self._state.rows.keys()
        gone = [item for item in lone if item[2] in known]
        followed = self._rules.deletions == "follow" and self._rules.may_delete(len(gone), len(known))
        for side, row, key in lone:
            if self._is_pending(key, *((row, None) if side == 0 else (None, row))):
                continue
            if key in known:
                self._deleted(side, row, key, followed=followed)
            else:
                self._created(side, row, key)
        present = {*self._keys[0], *self._keys[1]}
        self._rows_gone |= {key for key in known if key not in present}

    def _created(self, side: int, row: int, key: Key, reason: str = "created") -> None:
        """Plan the row for the side that lacks it."""
        if side == 1 and self._one_way:
            self.skipped["only_right"] += 1
            return
        columns = self._report.columns
        cells = self._lone[side].cells(row)
        target: Side = "right" if side == 0 else "left"
        names = tuple(pair.right if side == 0 else pair.left for pair in columns)
        if any(cell is UNKNOWN for cell in cells):
            self.conflicts.append(SyncConflict(reason="value_unknown", key=key))
            return
        self.steps.append(Step(side=target, kind="create", key=key, columns=names, after=cells, reasons=(reason,)))
        self._rows_made[key] = self._lone[side].texts(row)

    def _deleted(self, side: int, row: int, key: Key, *, followed: bool) -> None:
        """Decide a row that was agreed and that the other side does not have any more."""
        wanted = self._rules.deletions
        into_left = self._one_way and side == 0  # the target deleted it, and nothing is written to the records
        if wanted == "keep" and not into_left:
            self.skipped["deletion_kept"] += 1
            return
        if wanted == "restore":
            self._created(side, row, key, "restored")
            return
        changed = self._has_changed(side, row, key)
        if wanted == "follow" and followed and not changed and not into_left:
            self._follow(side, row, key)
            return
        if wanted == "follow" and not followed:
            reason = "too_many_deletions"
        elif changed:
            reason = "deleted_and_changed"
        else:
            reason = "deleted_on_right" if side == 0 else "deleted_on_left"
        columns = self._report.columns
        held = self._lone[side].held(row)
        bases = [self._base(key, pair.left) for pair in columns]
        self.conflicts.append(
            SyncConflict(
                reason=reason, key=key, columns=tuple(pair.left for pair in columns), left=held if side == 0 else None,
                right=held if side == 1 else None, agreed=tuple(None if base is OPEN else base for base in bases),
            )
        )  # fmt: skip

    def _has_changed(self, side: int, row: int, key: Key) -> bool:
        """Whether a row is not what was agreed."""
        for pair, text in zip(self._report.columns, self._lone[side].texts(row), strict=True):
            base = self._base(key, pair.left)
            if not isinstance(base, Open) and not agree(base, text, pair, ignore=self._rules.ignore):
                return True
        return False

    def _table(self, side: int) -> frames.Table:
        return self._report.left if side == 0 else self._report.right

    def _column(self, side: int, pair: ColumnPair) -> str:
        return pair.left if side == 0 else pair.right

    def _follow(self, side: int, row: int, key: Key) -> None:
        table = self._table(side)
        keys = {self._column(side, pair) for pair in self._report.keys}
        names = tuple(name for name in table.columns if name not in keys)
        before = tuple(frames.plain(table.stored(name, [row])[0]) for name in names)
        target: Side = "left" if side == 0 else "right"
        self.steps.append(Step(side=target, kind="delete", key=key, columns=names, before=before, reasons=("deleted",)))
        self._rows_gone.add(key)

    # -- what both sides will have agreed on ----------------------------------------------------------------------

    def _next(self, blocked: tuple[set[int], set[int]]) -> Agreed:
        """Return the state once every step is made."""
        report, pairing = self._report, self._report.rows.pairing
        names = tuple(pair.left for pair in report.columns)
        former = {} if self._state is None else self._state.rows
        rows: dict[Key, tuple[str | Open | None, ...]] = {}
        texts = [_mapped(report, pair, pairing.left) for pair in report.columns]
        for at, (left, right) in enumerate(zip(pairing.left.tolist(), pairing.right.tolist(), strict=True)):
            if left in blocked[0] or right in blocked[1]:
                continue
            key = self._name(0, left)
            if key in self.pending:
                continue
            cells: list[str | Open | None] = [column[at] for column in texts]
            for changes in (self._held.get(key), self._written.get(key)):
                for name, value in (changes or {}).items():
                    cells[names.index(name)] = value
            rows[key] = tuple(cells)
        rows |= self._rows_made
        for key, cells_of in former.items():
            if key not in rows and key not in self._rows_gone:
                rows[key] = tuple(self._former(cells_of, name) for name in names)
        return Agreed(
            key=tuple(pair.left for pair in report.keys), columns=names, rows=rows, watermark=self._watermark(blocked)
        )

    def _former(self, cells: tuple[str | Open | None, ...], name: str) -> str | Open | None:
        return cells[self._place[name]] if name in self._place else OPEN

    def _watermark(self, blocked: tuple[set[int], set[int]]) -> Any:
        """Return up to when everything is known to be in the state: rows that are open hold it back."""
        former = None if self._state is None else self._state.watermark
        if not self._moments.known:
            return None
        open_keys = {*self.pending, *(conflict.key for conflict in self.conflicts)}
        left = [row for row in range(len(self._keys[0])) if row in blocked[0] or self._name(0, row) in open_keys]
        right = [row for row in range(len(self._keys[1])) if row in blocked[1] or self._name(1, row) in open_keys]
        return self._moments.watermark(left, right, held=bool(self._unknown), former=former)


def _keys(table: frames.Table, names: Sequence[str]) -> list[tuple[str | None, ...]]:
    return list(zip(*(table.texts(name).rows() for name in names), strict=True))


def _scientific(keys: Sequence[tuple[str | None, ...]]) -> NDArray[np.int64]:
    """Return the rows whose key a spreadsheet wrote as ``1.38E+10``: it stands for a thousand others as well."""
    hit = (any(part is not None and numbers.is_scientific(part) for part in key) for key in keys)
    return np.flatnonzero(np.fromiter(hit, dtype=bool, count=len(keys)))


def _mapped(report: ReconcileReport, pair: ColumnPair, rows: NDArray[np.int64]) -> list[str | None]:
    """Return the left texts of some rows as the right side writes them."""
    distinct = report.left.texts(pair.left)
    values = pair.values or {}
    lookup: list[str | None] = [*(values.get(str(value), str(value)) for value in distinct.values), None]
    return [lookup[code] for code in distinct.codes[rows].tolist()]
