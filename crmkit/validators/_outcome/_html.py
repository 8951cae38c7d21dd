"""The report as a static table for a notebook: masked, short, without script."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from crmkit._notebook import SEVERITY_WORDS, sheet, table
from crmkit.masking import mask

if TYPE_CHECKING:
    from crmkit.masking import Kind

    from ._fixes import FixPlan
    from ._report import ValidationReport

__all__ = ["masked", "plan_html", "report_html"]

_MOST_ROWS = 20
_MOST_CHANGES = 10
_KINDS: tuple[tuple[str, Kind], ...] = (
    ("mail", "email"), ("邮箱", "email"), ("邮件", "email"), ("phone", "phone"), ("mobile", "phone"), ("fax", "phone"),
    ("tel", "phone"), ("手机", "phone"), ("电话", "phone"), ("传真", "phone"), ("name", "name"), ("姓名", "name"),
    ("名称", "name"),
)  # fmt: skip
_WORDS = {
    "en": {"rows": "rows", "score": "score", "severity": "severity", "field": "field", "what": "what is wrong",
           "n": "issues", "example": "example (masked)", "none": "no issues", "crashed": "rules that crashed",
           "assumed": "assumed", "before": "before (masked)", "after": "after (masked)", "sure": "confidence",
           "cells": "cells to change", "more": "first {shown} of {all}", "validity": "validity",
           "completeness": "completeness", "accuracy": "accuracy", "consistency": "consistency",
           "uniqueness": "uniqueness", "integrity": "integrity", "timeliness": "timeliness"},
    "zh": {"rows": "行", "score": "得分", "severity": "级别", "field": "字段", "what": "问题", "n": "数量",
           "example": "示例（已脱敏）", "none": "没有问题", "crashed": "出错的规则", "assumed": "假定",
           "before": "修改前（已脱敏）", "after": "修改后（已脱敏）", "sure": "可信度", "cells": "个单元格待修改",
           "more": "共 {all} 项，显示前 {shown} 项", "validity": "有效性", "completeness": "完整性",
           "accuracy": "准确性", "consistency": "一致性",
           "uniqueness": "唯一性", "integrity": "关联完整性", "timeliness": "及时性"},
}  # fmt: skip


def masked(value: str | None, field: str | None) -> str:
    """Return what may be shown of a value of a field; what nobody knows the kind of is hidden whole.

    Example:
        >>> masked("13800138000", "phone"), masked("secret", "notes")
        ('138****8000', '***')
    """
    if value is None:
        return ""
    kind: Kind = next((kind for word, kind in _KINDS if word in (field or "").lower()), "full")
    return mask(value, kind)


def report_html(report: ValidationReport) -> str:
    """Return scores, then the worst (field, code) pairs with one masked example each."""
    words = _WORDS[report.issues.lang]
    counts = report.counts()
    scores = ", ".join(f"{words.get(name, name)} {score:.1%}" for name, score in report.scores.items())
    lead = f"{counts['rows']:,} {words['rows']}, {words['score']} {report.score:.1%} ({scores})"
    parts = []
    if report.crashed:
        parts.append(f"<p>{words['crashed']}: {escape(', '.join(report.crashed))}</p>")
    rows = _worst(report)
    heads = [words[name] for name in ("severity", "field", "what", "n", "example")]
    parts.append(table(heads, rows) if rows else f"<p>{words['none']}</p>")
    if report.assumptions:
        items = "".join(f"<li>{escape(text)}</li>" for text in report.assumed(report.issues.lang)[:_MOST_ROWS])
        parts.append(f"<p>{words['assumed']}:</p><ul>{items}</ul>")
    return sheet(report.schema.name, lead, *parts)


def _worst(report: ValidationReport) -> list[list[object]]:
    rows: list[list[object]] = []
    severities = SEVERITY_WORDS[report.issues.lang]
    for severity in ("error", "warning", "info"):
        graded = report.issues.filter(severity=severity)
        for rule, n in graded.counts("rule").items():
            if len(rows) == _MOST_ROWS:
                return rows
            first = graded.filter(rule=rule).head(1)[0]
            rows.append([severities[severity], first.path, first.message, n, masked(first.value, first.path)])
    return rows


def plan_html(plan: FixPlan) -> str:
    """Return the first changes of a plan, masked."""
    words = _WORDS[plan.lang]
    shown = plan.head(_MOST_CHANGES)
    rows = [
        (path, why, masked(before, path), masked(after, path), f"{confidence:.2f}")
        for path, why, before, after, confidence in zip(
            shown.paths, shown.whys, shown.befores, shown.afters, shown.confidences, strict=True
        )
    ]
    heads = [words[name] for name in ("field", "what", "before", "after", "sure")]
    rest = words["more"].format(shown=len(rows), all=f"{len(plan):,}") if len(rows) < len(plan) else ""
    return sheet(
        "", f"{len(plan):,} {words['cells']}", table(heads, rows) if rows else "", notes=[rest] if rest else []
    )
