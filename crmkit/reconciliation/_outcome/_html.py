"""The report as a static table for a notebook: figures and causes, no value of any record."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from crmkit._notebook import sheet, table

if TYPE_CHECKING:
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
    compared = len(report.rows.pairing.left)
    found: Counter[tuple[str, str]] = Counter()
    for part in report.parts:
        name = (*report.columns, *report.keys)[part.column].name
        for cause, n in zip(part.causes, part.counts().tolist(), strict=True):
            found[name, report.say(cause)] += n
    rows = [
        (name, said, n, f"{n / compared:.2%}" if compared else "")
        for (name, said), n in found.most_common(_MOST_ROWS)
        if n
    ]
    heads = [words[name] for name in ("column", "cause", "cells", "share")]
    body = table(heads, rows) if rows else f"<p>{words['none']}</p>"
    return sheet("", figures, body)
