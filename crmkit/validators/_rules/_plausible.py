"""Numbers that do not fit the rest of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import numpy as np

from crmkit.errors import SchemaError
from crmkit.validators._reading._ordered import comparable

from ._groups_of_rows import combined_key
from ._rule import Judgement, Rule, RunContext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.issues import Dimension
    from crmkit.typing import Severity

    from ._rule import _Mask

__all__ = ["Plausible", "plausible"]

_MAD_TO_SIGMA = 1.4826


@attrs.frozen(repr=False)
class Plausible(Rule):
    """A number is no extreme outlier among the others, or among those of its group."""

    field: str = attrs.field(kw_only=False)
    by: str | None = None
    most: float = 8.0
    fewest: int = 20

    kind: ClassVar[str] = "plausible"
    dimension: ClassVar[Dimension] = "accuracy"

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.field,) if self.by is None else (self.field, self.by)

    @property
    def default_code(self) -> str:
        return "implausible"

    def judge(self, run: RunContext, asked: _Mask) -> Judgement:
        texts = run.columns.texts(self.field)
        figures = np.full(len(texts.values) + 1, np.nan)
        custom = run.custom(self.field)
        for at, text in enumerate(texts.values):
            figure = comparable(text, custom)
            if figure is not None:
                figures[at] = figure[1]
        value = figures[texts.codes]
        able = asked & ~np.isnan(value)
        known = value[able]
        if len(known) and known.min() > 0:  # amounts spread over orders of magnitude: their logarithm is what is usual
            value = np.log10(value, where=able, out=np.full(len(value), np.nan))
        group = np.zeros(len(value), dtype=np.int64)
        if self.by is not None:
            group, grouped = combined_key(run.columns, (self.by,), "text")
            able &= grouped
        skipped: dict[str, int] = {}
        _add(skipped, "empty", asked & (texts.codes < 0))
        _add(skipped, f"invalid:{self.field}", asked & (texts.codes >= 0) & np.isnan(figures[texts.codes]))
        if self.by is not None:
            _add(skipped, "group_missing", asked & ~np.isnan(value) & ~able)
        rows = np.flatnonzero(able)
        order = rows[np.argsort(group[rows], kind="stable")]
        starts = np.flatnonzero(np.diff(group[order], prepend=-1)) if len(order) else np.empty(0, dtype=np.int64)
        failed: list[int] = []
        few = 0
        for members in np.split(order, starts[1:]):
            if len(members) < self.fewest:
                few += len(members)
                continue
            middle = np.median(value[members])
            spread = _MAD_TO_SIGMA * np.median(np.abs(value[members] - middle))
            if spread > 0:
                failed += members[np.abs(value[members] - middle) > self.most * spread].tolist()
        if few:
            skipped["too_few_values"] = few
        return Judgement(failed=np.sort(np.array(failed, dtype=np.int64)), skipped=skipped, params={"most": self.most})

    def _renamed(self, names: Mapping[str, str]) -> dict[str, Any]:
        return {"field": names.get(self.field, self.field), "by": names.get(self.by, self.by) if self.by else None}

    def __repr__(self) -> str:
        by = "" if self.by is None else f", by={self.by!r}"
        return f"plausible({self.field!r}{by}){self._suffix()}"


def _add(skipped: dict[str, int], reason: str, rows: Any) -> None:
    n = int(np.count_nonzero(rows))
    if n:
        skipped[reason] = n


def plausible(
    field: str, *, by: str | None = None, most: float = 8.0, fewest: int = 20, code: str | None = None,
    name: str | None = None, severity: Severity = "warning",
) -> Rule:  # fmt: skip
    """Point at numbers and dates that are extreme outliers in the file: a price with a slipped decimal sign.

    The distance from the median is counted in robust standard deviations (1.4826 times the median absolute deviation);
    numbers that are all positive are compared by their logarithm.

    Args:
        field: A column of numbers or dates.
        by: Compare with the rows that hold the same value here (the product, the currency).
        most: The largest distance that is still usual.
        fewest: The fewest numbers from which anything is said.
        code: A code of your own; ``implausible`` where absent.
        name: Names the rule in the report.
        severity: Of a failure.

    Example:
        >>> from crmkit.validators import Schema
        >>> rows = [{"price": str(100 + n)} for n in range(40)] + [{"price": "990000"}]
        >>> [issue.row for issue in Schema("s", rules=[plausible("price")]).check(rows)]
        [40]

    Source:
        Iglewicz & Hoaglin (1993), How to Detect and Handle Outliers, ASQC: the modified z-score.

    .. versionadded:: 0.1.0
    """
    if most <= 0 or fewest < 3:
        raise SchemaError("plausible(): most= is above 0, fewest= at least 3")
    return Plausible(field, by=by, most=most, fewest=fewest, code=code, name=name, severity=severity)
