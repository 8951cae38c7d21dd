"""Issues as a static table for a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import _notebook
from crmkit.masking import shown_id

if TYPE_CHECKING:
    from ._table import IssueTable

__all__ = ["issues_html"]

_MOST_ROWS = 20
_WORDS = {
    "en": ("severity", "row", "record", "field", "what is wrong", "proposed", "confidence", "issues", "yes"),
    "zh": ("级别", "行", "记录", "字段", "问题", "有修改建议", "可信度", "个问题", "是"),
}


def issues_html(table: IssueTable) -> str:
    """Return the first issues without any value: what is wrong, where, and whether there is a fix."""
    *heads, issues, yes = _WORDS[table.lang]
    severities = _notebook.SEVERITY_WORDS[table.lang]
    rows = [
        (
            severities[issue.severity], issue.row,
            None if issue.record_id is None else shown_id(issue.record_id), issue.path, issue.message,
            None if issue.fix is None else yes, issue.confidence,
        )
        for issue in table.head(_MOST_ROWS)
    ]  # fmt: skip
    figures = ", ".join(f"{severities[name]} {n:,}" for name, n in table.counts("severity").items())
    rest = f"… {len(table) - len(rows):,}" if len(rows) < len(table) else ""
    return _notebook.sheet(
        f"{len(table):,} {issues}", figures, _notebook.table(heads, rows) if rows else "", notes=[rest] if rest else []
    )
