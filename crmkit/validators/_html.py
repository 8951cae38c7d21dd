"""The report as a static table for a notebook: masked, short, without script."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from crmkit.masking import mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.masking import Kind

    from ._fixes import FixPlan
    from ._report import ValidationReport

__all__ = ["masked", "plan_html", "report_html"]

_MOST_ROWS = 20
_KINDS: tuple[tuple[str, Kind], ...] = (("mail", "email"), ("phone", "phone"), ("mobile", "phone"), ("fax", "phone"),
                                        ("name", "name"))  # fmt: skip
_WORDS = {
    "en": {"rows": "rows", "score": "score", "severity": "severity", "field": "field", "what": "what is wrong",
           "n": "issues", "example": "example (masked)", "none": "no issues", "crashed": "rules that crashed",
           "assumed": "assumed", "before": "before (masked)", "after": "after (masked)", "sure": "confidence",
           "cells": "cells to change"},
    "zh": {"rows": "行", "score": "得分", "severity": "级别", "field": "字段", "what": "问题", "n": "数量",
           "example": "示例（已脱敏）", "none": "没有问题", "crashed": "出错的规则", "assumed": "假定",
           "before": "修改前（已脱敏）", "after": "修改后（已脱敏）", "sure": "可信度", "cells": "个单元格待修改"},
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


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def report_html(report: ValidationReport) -> str:
    """Return scores, then the worst (field, code) pairs with one masked example each."""
    words = _WORDS[report.issues.lang]
    counts = report.counts()
    scores = ", ".join(f"{name} {score:.1%}" for name, score in report.scores.items())
    parts = [
        (
            f"<p><strong>{escape(report.schema.name)}</strong>: {counts['rows']} {words['rows']}, "
            f"{words['score']} {report.score:.1%} ({escape(scores)})</p>"
        )
    ]
    if report.crashed:
        parts.append(f"<p>{words['crashed']}: {escape(', '.join(report.crashed))}</p>")
    rows = _worst(report)
    heads = [words[name] for name in ("severity", "field", "what", "n", "example")]
    parts.append(_table(heads, rows) if rows else f"<p>{words['none']}</p>")
    if report.assumptions:
        items = "".join(f"<li>{escape(text)}</li>" for text in report.assumed(report.issues.lang)[:_MOST_ROWS])
        parts.append(f"<p>{words['assumed']}:</p><ul>{items}</ul>")
    return f'<div class="crmkit-report">{"".join(parts)}</div>'


def _worst(report: ValidationReport) -> list[list[str]]:
    rows: list[list[str]] = []
    for severity in ("error", "warning", "info"):
        graded = report.issues.filter(severity=severity)
        for rule, n in graded.counts("rule").items():
            if len(rows) == _MOST_ROWS:
                return rows
            first = graded.filter(rule=rule).head(1)[0]
            rows.append([severity, first.path or "", first.message, str(n), masked(first.value, first.path)])
    return rows


def plan_html(plan: FixPlan) -> str:
    """Return the first changes of a plan, masked."""
    words = _WORDS["en"]
    shown = plan.head(_MOST_ROWS)
    rows = [
        [path, ", ".join(codes), masked(before, path), masked(after, path), f"{confidence:.2f}"]
        for path, codes, before, after, confidence in zip(
            shown.paths, shown.codes, shown.befores, shown.afters, shown.confidences, strict=True
        )
    ]
    heads = [words[name] for name in ("field", "what", "before", "after", "sure")]
    return f'<div class="crmkit-report"><p>{len(plan)} {words["cells"]}</p>{_table(heads, rows)}</div>'
