"""Comparisons, gates and plans on the page, in both languages."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

import crmkit as ck
from crmkit.reports import Page
from crmkit.sync import plan_sync
from crmkit.testing import generate

AT = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def compared() -> tuple[Any, Any, Any]:
    from crmkit import frames

    table = frames.read(generate.contacts(60, seed=5).records)
    left = [dict(zip(table.columns, row, strict=True)) for row in zip(*map(table.column, table.columns), strict=True)]
    left = [{**row, "amount": f"{n}.50", "birth_date": f"1980-01-{1 + n % 28:02}"} for n, row in enumerate(left)]
    right = [{**row, "email": (row["email"] or "")[:18], "amount": f"{n}50"} for n, row in enumerate(left[:-4])]
    right += [{**right[0], "id": "<script>"}, dict(right[1])]
    report = ck.reconcile(left, right, key="id", now=lambda: AT)
    return report, report.gate(max_missing=0, same_totals=["amount"]), plan_sync(left, right, key="id", agreed=left)


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        (
            "en",
            ["Do the two tables agree?", "May it go on?", "No: these limits are broken.", "cut at 18", "missing on"],
        ),
        ("zh", ["两张表一致吗？", "可以继续吗？", "不可以", "在 18 处被截断", "右侧缺失", "没有对应的记录", "合计"]),
    ],
)
def test_a_comparison_and_its_verdict_are_on_the_page(
    compared: tuple[Any, Any, Any], lang: Any, said: list[str]
) -> None:
    report, gate, plan = compared
    html = ck.report(report, gate, plan, lang=lang, now=lambda: AT).to_html()
    for text in said:
        assert text in html
    assert "<script" not in html
    shown = [row["email"] for row in report.left.native if row["email"] and row["email"] in html]
    assert not shown, "values of personal columns are masked"
    assert ck.report(report, gate, plan, lang=lang, now=lambda: AT).to_html() == html


def test_figures_are_those_of_the_report(compared: tuple[Any, Any, Any]) -> None:
    report, gate, plan = compared
    html = Page([report, gate, plan]).to_html()
    counts = report.counts()
    for what in ("matched", "missing", "unexpected"):
        assert f"<b>{counts[what]}</b>" in html
    assert f"<b>{len(gate.reasons)}</b>" in html
    assert "What would be written" in html
    assert repr(Page([report, gate, plan])).startswith("Page(comparisons=1, gates=1, plans=1")


def test_tables_that_agree_and_a_gate_that_passes_say_so() -> None:
    rows = [{"id": "1", "city": "Oslo"}]
    report = ck.reconcile(rows, rows, key="id")
    html = ck.report(report, report.gate()).to_html()
    for text in ("All compared cells agree.", "Every record has exactly one partner.", "Yes: every limit holds."):
        assert text in html
    assert "Nothing: both sides agree." in ck.report(plan_sync(rows, rows, key="id")).to_html()


def test_something_else_is_refused() -> None:
    with pytest.raises(TypeError, match="a page shows reports"):
        ck.report({"counts": 1})  # type: ignore[arg-type]
