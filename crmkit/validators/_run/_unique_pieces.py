"""Uniqueness over a table that comes in pieces: a hash for each row, and the texts themselves of rows that share one.

Two texts of one hash are compared as texts before anything is said, so a collision costs time and is never an issue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from crmkit import frames
from crmkit.validators._outcome._counts import RuleOutcome
from crmkit.validators._reading._columns import Columns

from ._crashed import Crashed, answered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.issues import IssueTable
    from crmkit.validators._checks._check import Check
    from crmkit.validators._rules._relations import Unique

    from ._packed import PackedTexts
    from ._run import Run

__all__ = ["UniqueInPieces"]

_FACTOR = np.uint64(0x9E3779B97F4A7C15)
"""Joins the hashes of several columns."""


@attrs.define(eq=False)
class UniqueInPieces:
    """One rule of uniqueness without a condition, asked of piece after piece."""

    rule: Unique
    _hashes: list[Any] = attrs.field(factory=list, init=False)
    _rows: list[Any] = attrs.field(factory=list, init=False)
    _n: int = attrs.field(default=0, init=False)
    _exception: str | None = attrs.field(default=None, init=False)

    def add(self, columns: Columns, start: int) -> None:
        """Take the hashes of a piece whose first row is ``start``."""
        self._n += columns.n_rows
        if self._exception is not None:
            return
        key, able = np.zeros(columns.n_rows, dtype=np.uint64), np.ones(columns.n_rows, dtype=bool)
        forms = answered(lambda: [columns.normalized(field, self.rule.normalize) for field in self.rule.fields])
        if isinstance(forms, Crashed):
            self._exception = forms.exception
            return
        for form in forms:
            hashes = np.fromiter(map(hash, [*form.values, ""]), np.int64, len(form.values) + 1).view(np.uint64)
            filled = np.array([*map(bool, form.values), False])
            key = key * _FACTOR + hashes[form.codes]
            able &= filled[form.codes]
        rows = np.flatnonzero(able)
        self._hashes.append(key[rows])
        self._rows.append(rows + start)

    def finish(
        self, run: Run, texts: Mapping[str, PackedTexts], ids: PackedTexts | None, checks: Mapping[str, Check]
    ) -> tuple[RuleOutcome, list[IssueTable]]:
        """Judge the rows that share a hash as if the table had no others.

        Args:
            run: The run.
            texts: The rule's columns.
            ids: The records' ids.
            checks: The checks of the fields.
        """
        from ._run import judge_rule

        if self._exception is not None:
            return self._outcome(0, 0, error=self._n), []
        rows = self._candidates()
        held = {field: texts[field].at(rows) for field in self.rule.fields}
        record_ids = None if ids is None else ids.ids_at(rows)
        columns = Columns(frames.read(held))
        found, issues = judge_rule(run, self.rule, columns, record_ids, checks)
        n_able = sum(map(len, self._rows))
        outcome = self._outcome(n_able - found[0].failed, found[0].failed)
        return outcome, [table.stamped(run.run_id, record_ids).placed(rows) for table in issues]

    def _candidates(self) -> Any:
        """Return the rows whose hash another row has, ascending."""
        if not self._rows:
            return np.empty(0, dtype=np.int64)
        hashes, rows = np.concatenate(self._hashes), np.concatenate(self._rows)
        self._hashes.clear()
        order = np.argsort(hashes)
        hashes = hashes[order]
        again = hashes[1:] == hashes[:-1]
        shared = np.append(again, False) | np.append(False, again)
        return np.sort(rows[order[shared[: len(order)]]])

    def _outcome(self, passed: int, failed: int, *, error: int = 0) -> RuleOutcome:
        rule = self.rule
        empty = self._n - passed - failed - error
        return RuleOutcome(
            rule=rule.title, path=rule.path, severity=rule.severity, dimension=rule.dimension, passed=passed,
            failed=failed, error=error, skipped=empty, reasons={"empty": empty} if empty else {},
            exceptions=() if self._exception is None else (self._exception,),
        )  # fmt: skip
