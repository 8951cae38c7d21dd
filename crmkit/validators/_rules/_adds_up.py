"""Columns that add up to another one."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import numpy as np

from crmkit.errors import SchemaError
from crmkit.validators._values._number import _limit

from ._rule import Judgement, Rule, RunContext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.typing import Severity
    from crmkit.validators._reading._custom import Custom

    from ._rule import _Mask

__all__ = ["AddsUp", "adds_up"]


def _tolerance(value: Decimal | float | str) -> Decimal:
    return _limit(value) or Decimal(0)


@attrs.frozen(repr=False)
class AddsUp(Rule):
    """The parts of a row add up to its total."""

    total: str = attrs.field(kw_only=False)
    parts: tuple[str, ...] = attrs.field(kw_only=False)
    tolerance: Decimal = attrs.field(default=Decimal("0.01"), converter=_tolerance)

    kind: ClassVar[str] = "adds_up"

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.total, *self.parts)

    @property
    def default_code(self) -> str:
        return "sum_differs"

    def judge(self, run: RunContext, asked: _Mask) -> Judgement:
        able = asked & run.columns.present(self.total)
        some = np.zeros(run.columns.n_rows, dtype=bool)
        for part in self.parts:
            some |= run.columns.present(part)
        able &= some
        empty = int(np.count_nonzero(asked & ~able))
        skipped = {"empty": empty} if empty else {}
        amounts: list[list[Decimal | None]] = []
        for column, custom in zip(
            self.columns, _of_one_hand([run.custom(column) for column in self.columns]), strict=True
        ):
            texts = run.columns.texts(column)
            read = [custom.amount(text) for text in texts.values]
            bad = np.array([amount is None for amount in read] + [False], dtype=bool)[texts.codes] & able
            if bad.any():
                skipped[f"invalid:{column}"] = int(np.count_nonzero(bad))
                able &= ~bad
            amounts.append([*read, Decimal(0)])  # an empty part counts as nothing
        rows = np.flatnonzero(able)
        codes = [run.columns.texts(column).codes[rows].tolist() for column in self.columns]
        failed = []
        for row, places in zip(rows.tolist(), zip(*codes, strict=True), strict=True):
            figures = [amount[place] or Decimal(0) for amount, place in zip(amounts, places, strict=True)]
            if abs(figures[0] - sum(figures[1:])) > self.tolerance:
                failed.append(row)
        return Judgement(failed=np.array(failed, dtype=np.int64), skipped=skipped, params={"fields": list(self.parts)})

    def _renamed(self, names: Mapping[str, str]) -> dict[str, Any]:
        parts = tuple(names.get(part, part) for part in self.parts)
        return {"total": names.get(self.total, self.total), "parts": parts}

    def __repr__(self) -> str:
        return f"adds_up({self.total!r}, {', '.join(map(repr, self.parts))}){self._suffix()}"


def _of_one_hand(customs: list[Custom]) -> list[Custom]:
    """Read a column that does not show its decimal sign as the others of the sum, where these agree on theirs."""
    signs = {custom.decimal for custom in customs if custom.decimal is not None}
    if len(signs) != 1:
        return customs
    (sign,) = signs
    return [
        attrs.evolve(custom, decimal=sign) if custom.decimal is None and not custom.is_contradicted else custom
        for custom in customs
    ]


def adds_up(
    total: str, *parts: str, tolerance: Decimal | float | str = "0.01", code: str | None = None,
    name: str | None = None, severity: Severity = "error",
) -> Rule:  # fmt: skip
    """Demand that columns of a row add up to another one; an empty part counts as nothing.

    Numbers are read with the decimal sign that their column shows, or else the other columns of the sum.

    Args:
        total: The column with the sum; a row in which it or every part is empty is skipped.
        parts: The columns that are added.
        tolerance: The largest difference that is no difference.
        code: A code of your own; ``sum_differs`` where absent.
        name: Names the rule in the report.
        severity: Of a failure.

    Example:
        >>> from crmkit.validators import Schema
        >>> rows = [{"gross": "119", "net": "100", "tax": "19"}, {"gross": "119", "net": "100", "tax": "18"}]
        >>> [issue.row for issue in Schema("s", rules=[adds_up("gross", "net", "tax")]).check(rows)]
        [1]

    .. versionadded:: 0.1.0
    """
    if not parts:
        raise SchemaError("adds_up() needs the columns that are added")
    return AddsUp(total, parts, tolerance=tolerance, code=code, name=name, severity=severity)
