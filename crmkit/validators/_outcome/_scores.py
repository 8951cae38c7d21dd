"""Scores: how far the records are from having no issue.

For one dimension a record loses the weight of its worst issue of that dimension: 1 for an error, 0.5 for a warning,
0.1 for an info. The dimension's score is 1 minus the mean loss over all records; the score of the whole is the mean
over the dimensions that were checked. Counting records keeps ten new rules that everybody passes from hiding
the one that half of the records fail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from crmkit.errors import NotFoundError
from crmkit.issues import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit.issues import IssueTable
    from crmkit.typing import JSONValue

    from ._counts import RuleOutcome

__all__ = ["WEIGHTS", "Summary", "score_of", "summaries"]

WEIGHTS: Mapping[str, float] = {"error": 1.0, "warning": 0.5, "info": 0.1}
"""What a record loses by its worst issue of a dimension."""

_WAYS = ("rule", "field", "dimension", "code", "severity")


@attrs.frozen(kw_only=True)
class Summary:
    """What one rule, field, dimension, code or severity adds up to.

    Attributes:
        issues: Issues found.
        errors: Of them errors.
        warnings: Of them warnings.
        infos: Of them infos.
        rows: Records with at least one of them.
        passed: Answers of rules that were "passed"; 0 by code and by severity, which know failures only.
        failed: Answers that were "failed".
        crashed: Rows for which a rule crashed.
        skipped: Rows for which a rule was not asked.
        score: 1 minus the mean loss over the records, 0 to 1; ``None`` where nothing was checked.

    .. versionadded:: 0.1.0
    """

    issues: int = 0
    errors: int = 0
    warnings: int = 0
    infos: int = 0
    rows: int = 0
    passed: int = 0
    failed: int = 0
    crashed: int = 0
    skipped: int = 0
    score: float | None = None

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the summary as plain data."""
        return attrs.asdict(self)


def score_of(issues: IssueTable, n_rows: int) -> float:
    """Return 1 minus the mean loss of ``n_rows`` records by the worst of their ``issues``."""
    if n_rows == 0:
        return 1.0
    loss = np.zeros(n_rows)
    for severity in reversed(SEVERITIES):
        rows = issues.filter(severity=severity).rows
        loss[rows[rows < n_rows]] = WEIGHTS[severity]
    return 1.0 - float(loss.mean())


def summaries(by: str, issues: IssueTable, outcomes: Iterable[RuleOutcome], n_rows: int) -> dict[str, Summary]:
    """Return a summary for each rule, field, dimension, code or severity; those with the worst score first.

    Raises:
        NotFoundError: If there is no such way to sum up.
    """
    if by not in _WAYS:
        raise NotFoundError.of("way to sum up", by, _WAYS)
    groups: dict[str, list[RuleOutcome]] = {}
    if by in ("rule", "field", "dimension"):
        for outcome in outcomes:
            word = {"rule": outcome.rule, "field": outcome.path or "", "dimension": outcome.dimension}[by]
            groups.setdefault(word, []).append(outcome)
    for word in issues.counts(by):
        groups.setdefault(word, [])
    found = {word: _summary(_of(issues, by, word), members, n_rows, by) for word, members in groups.items()}
    order = sorted(found.items(), key=lambda item: (_rank(item[1]), -item[1].errors, -item[1].issues, item[0]))
    return dict(order)


def _of(issues: IssueTable, by: str, word: str) -> IssueTable:
    if by == "field":
        return issues.filter(path=word or (None,))  # type: ignore[arg-type]  # a rule about whole records has no path
    return issues.filter(**{by: word})  # type: ignore[arg-type]  # the ways are arguments of filter


def _rank(summary: Summary) -> float:
    return 2.0 if summary.score is None else summary.score


def _summary(issues: IssueTable, outcomes: list[RuleOutcome], n_rows: int, by: str) -> Summary:
    counts = issues.counts("severity")
    checked = sum(outcome.checked for outcome in outcomes)
    scored = bool(checked) or by in ("code", "severity") or len(issues) > 0
    return Summary(
        issues=len(issues), errors=counts.get("error", 0), warnings=counts.get("warning", 0),
        infos=counts.get("info", 0), rows=len(issues.rows), passed=sum(outcome.passed for outcome in outcomes),
        failed=sum(outcome.failed for outcome in outcomes), crashed=sum(outcome.error for outcome in outcomes),
        skipped=sum(outcome.skipped for outcome in outcomes), score=score_of(issues, n_rows) if scored else None,
    )  # fmt: skip
