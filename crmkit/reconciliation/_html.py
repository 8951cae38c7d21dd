"""The report as a static table for a notebook: figures and causes, no value of any record."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from crmkit.issues import message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.typing import Language

    from ._report import ReconcileReport

__all__ = ["report_html"]

_MOST_ROWS = 20
_WORDS = {
    "en": {"column": "column", "cause": "cause", "cells": "cells", "share": "share", "none": "all compared cells agree",
           "left": "left", "right": "right", "matched": "matched", "missing": "missing", "unexpected": "unexpected",
           "differing": "differing"},
    "zh": {"column": "列", "cause": "原因", "cells": "单元格", "share": "占比", "none": "比较的单元格全部一致",
           "left": "左表", "right": "右表", "matched": "已配对", "missing": "缺失", "unexpected": "多出",
           "differing": "有差异"},
}  # fmt: skip


def report_html(report: ReconcileReport) -> str:
    """Return the figures, then columns and causes, worst first."""
    words, counts = _WORDS[report.lang], report.counts()
    figures = ", ".join(
        f"{words[name]} {counts[name]:,}" for name in ("left", "right", "matched", "missing", "unexpected", "differing")
    )
    rows = [
        [one.column, _said(cause, report.lang), f"{n:,}", f"{n / one.compared:.2%}" if one.compared else ""]
        for one in report.by_column()
        for cause, n in one.causes.items()
    ][:_MOST_ROWS]
    heads = [words[name] for name in ("column", "cause", "cells", "share")]
    body = _table(heads, rows) if rows else f"<p>{words['none']}</p>"
    return f'<div class="crmkit-report"><p>{escape(figures)}</p>{body}</div>'


def _said(cause: str, lang: Language) -> str:
    """Say what a cause is, whatever its figures are in single cells."""
    return message(cause, lang=lang)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
