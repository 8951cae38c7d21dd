"""Dates that must not be too long ago."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import numpy as np

from crmkit.errors import SchemaError
from crmkit.validators._reading._moments import parse_moment

from ._rule import Judgement, Rule, RunContext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.issues import Dimension
    from crmkit.typing import Severity

    from ._rule import _Mask

__all__ = ["Fresh", "fresh"]


@attrs.frozen(repr=False)
class Fresh(Rule):
    """A date lies at most so many days before the run."""

    field: str = attrs.field(kw_only=False)
    days: float = attrs.field(kw_only=False)

    kind: ClassVar[str] = "fresh"
    dimension: ClassVar[Dimension] = "timeliness"

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.field,)

    @property
    def default_code(self) -> str:
        return "stale"

    def judge(self, run: RunContext, asked: _Mask) -> Judgement:
        texts = run.columns.texts(self.field)
        now = run.now.astimezone(UTC)
        today = now.toordinal() + (now.hour * 3600 + now.minute * 60 + now.second) / 86_400
        ages = np.full(len(texts.values) + 1, np.nan)
        order = run.custom(self.field).order
        for at, text in enumerate(texts.values):
            moment = parse_moment(text, order=order)
            if moment is not None:
                day, second = moment.utc
                # A day without a time of day is young until it is over.
                ages[at] = today - day - (1 if second is None else second / 86_400)
        age = ages[texts.codes]
        empty = int(np.count_nonzero(asked & (texts.codes < 0)))
        bad = int(np.count_nonzero(asked & (texts.codes >= 0) & np.isnan(age)))
        failed = np.flatnonzero(asked & (age > self.days))
        skipped = {"empty": empty, f"invalid:{self.field}": bad}
        return Judgement(
            failed=failed,
            skipped={reason: n for reason, n in skipped.items() if n},
            params=[{"days": int(self.days), "age": int(days)} for days in age[failed].tolist()],
        )

    def _renamed(self, names: Mapping[str, str]) -> dict[str, Any]:
        return {"field": names.get(self.field, self.field)}

    def __repr__(self) -> str:
        return f"fresh({self.field!r}, within={self.days:g}){self._suffix()}"


def fresh(
    field: str, *, within: timedelta | float, code: str | None = None, name: str | None = None,
    severity: Severity = "warning",
) -> Rule:  # fmt: skip
    """Demand that a date is not too long ago, seen from the clock of the run.

    Args:
        field: The column with a date or moment.
        within: The longest time, as a ``timedelta`` or in days.
        code: A code of your own; ``stale`` where absent.
        name: Names the rule in the report.
        severity: Of a failure.

    Example:
        >>> from datetime import UTC, datetime
        >>> from crmkit.validators import Schema
        >>> rows = [{"seen": "2026-01-01"}, {"seen": "2024-01-01"}]
        >>> now = datetime(2026, 3, 1, tzinfo=UTC)
        >>> [issue.row for issue in Schema("s", rules=[fresh("seen", within=365)]).check(rows, now=lambda: now)]
        [1]

    .. versionadded:: 0.1.0
    """
    days = within.total_seconds() / 86_400 if isinstance(within, timedelta) else float(within)
    if not days > 0:
        raise SchemaError("fresh(within=) is a time above zero")
    return Fresh(field, days, code=code, name=name, severity=severity)
