"""Do two tables agree, may the migration go on, what keeps two systems apart: the sections about comparisons."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from crmkit.issues import message
from crmkit.reconciliation import CAUSES

from ._charts import Bar, bars
from ._html import Markup, el
from ._parts import Column, change, chip, name, section, table, tile
from ._words import number, percent

if TYPE_CHECKING:
    from decimal import Decimal

    from crmkit.reconciliation import Gate, Limit, ReconcileReport, Total
    from crmkit.sync import SyncPlan

    from ._mask import Masks
    from ._words import Words

__all__ = ["agreement", "agreement_steps", "agreement_tiles", "plan_sections", "verdict", "verdict_tile"]

_SHOWN = 15
_TONES = {"error": "bad", "warning": "warn", "info": "accent"}
_LONE = (
    "missing", "unexpected", "doubled_left", "doubled_right", "no_key_left", "no_key_right", "almost_key", "similar",
)  # fmt: skip
_MOST_STEPS = 3


def agreement_tiles(report: ReconcileReport, words: Words) -> list[Markup]:
    """Return the headline numbers of a comparison."""
    counts = report.counts()
    bad = {"missing": "bad", "unexpected": "warn", "differing": "warn"}
    return [tile(number(counts["matched"]), words("tile_matched"))] + [
        tile(number(counts[what]), words(f"tile_{what}"), tone if counts[what] else "good")
        for what, tone in bad.items()
    ]


def verdict_tile(gate: Gate, words: Words) -> Markup:
    """Return the verdict as a headline."""
    broken = len(gate.reasons)
    if gate.ok:
        return tile("✓", words("tile_pass"), "good")
    return tile(number(broken), words("tile_fail"), "bad")


def verdict(gate: Gate, words: Words, masks: Masks) -> Markup:
    """Show every limit, the broken ones first."""
    columns = [
        Column("", explains_itself=True),
        Column(words("col_limit"), explains_itself=True),
        Column(words("col_column")),
        Column(words("col_found"), is_number=True),
        Column(words("col_allowed"), is_number=True),
    ]
    broken = [limit for limit in gate.limits if not limit.ok]
    rows = [
        [
            chip(words("broken"), "error"),
            words(f"limit_{limit.what}"),
            "–" if limit.column is None else name(masks.header(limit.column)),
            *_figures(limit),
        ]
        for limit in broken
    ]
    rest = len(gate.limits) - len(broken)
    return section(
        words("verdict"),
        table(columns, rows) if rows else None,
        el("p", words.about(rest, "limits_hold", n=rest), class_="soft") if rows and rest else None,
        lead=words("verdict_pass" if gate.ok else "verdict_fail"),
    )


def _figures(limit: Limit) -> tuple[str, str]:
    if limit.what in ("total", "headers"):
        return "–", "–"
    allowed = percent(limit.allowed) if 0 < limit.allowed < 1 else number(int(limit.allowed))
    return f"{number(limit.found)} / {number(limit.of)}", allowed


def agreement(report: ReconcileReport, words: Words, masks: Masks, *, reveal: bool) -> list[Markup | None]:
    """Show causes, columns, rows without a partner, and totals."""
    return [
        _apart(report, words, masks),
        _why(report, words),
        _where(report, words, masks, reveal=reveal),
        _lone(report, words),
        _totals(report, words, masks),
    ]


def _apart(report: ReconcileReport, words: Words, masks: Masks) -> Markup | None:
    """Name the columns of one table alone; those of the right one only beside missing ones, which they may be."""
    if not report.missing_columns and not report.apart.is_alien:
        return None
    columns = [
        Column(words("col_column"), explains_itself=True),
        Column(words("col_what"), explains_itself=True),
    ]
    rows = [[name(masks.header(one)), chip(words("apart_missing"), "error")] for one in report.missing_columns]
    rows += [[name(masks.header(one)), chip(words("apart_unexpected"), "info")] for one in report.unexpected_columns]
    alien = report.apart.said(words.lang)[:1] if report.apart.is_alien else []
    return section(
        words("apart"), *(el("p", said) for said in alien), table(columns, rows) if rows else None,
        lead=words("apart_lead"),
    )  # fmt: skip


def _why(report: ReconcileReport, words: Words) -> Markup:
    told: Counter[tuple[str, str]] = Counter()
    for part in report.parts:
        for cause, n in zip(part.causes, part.counts().tolist(), strict=True):
            told[cause.code, report.say(cause, words.lang)] += n
    rows = [
        Bar(label=said, value=float(n), shown=number(n), tone=_TONES[CAUSES[code].severity])
        for (code, said), n in told.most_common(_SHOWN)
        if n
    ]
    if not rows:
        return section(words("why"), el("p", words("why_none")))
    return section(words("why"), bars(rows, title=words("why")), lead=words("why_lead"))


def _where(report: ReconcileReport, words: Words, masks: Masks, *, reveal: bool) -> Markup | None:
    rows = []
    for part in report.parts:
        pair = (*report.columns, *report.keys)[part.column]
        counted: Counter[str] = Counter()
        first: dict[str, int] = {}
        for at, (cause, n) in enumerate(zip(part.causes, part.counts().tolist(), strict=True)):
            if n:
                said = report.say(cause, words.lang)
                counted[said] += n
                first.setdefault(said, at)
        rows += [(n, pair.left, said, part, first[said]) for said, n in counted.items()]
    if not rows:
        return None
    rows.sort(key=lambda row: (-row[0], row[1], row[2]))
    matched = report.counts()["matched"]
    columns = [
        Column(words("col_column"), explains_itself=True),
        Column(words("col_cause"), explains_itself=True),
        Column(words("col_cells"), is_number=True),
        Column(words("col_share"), is_number=True),
        Column(words("col_example"), is_wide=True),
    ]
    body = [
        [
            name(masks.header(column)),
            chip(said, CAUSES[part.causes[at].code].severity),
            number(n),
            percent(n / matched) if matched else "–",
            change(words, masks.show(column, part.left[at]), masks.show(column, part.right[at])),
        ]
        for n, column, said, part, at in rows[:_SHOWN]
    ]
    more = len(rows) - _SHOWN
    return section(
        words("where"),
        table(columns, body),
        el("p", words("where_more", n=more), class_="soft") if more > 0 else None,
        lead=words("where_lead_revealed" if reveal else "where_lead"),
    )


def _lone(report: ReconcileReport, words: Words) -> Markup:
    counts = report.counts()
    rows = [[words(f"lone_{what}"), number(counts[what])] for what in _LONE if counts[what]]
    if not rows:
        return section(words("lone"), el("p", words("lone_none")))
    columns = [Column(words("col_what"), explains_itself=True), Column(words("col_records"), is_number=True)]
    return section(words("lone"), table(columns, rows))


def _totals(report: ReconcileReport, words: Words, masks: Masks) -> Markup | None:
    totals = report.totals()
    if not totals:
        return None
    columns = [
        Column(words("col_column"), explains_itself=True),
        Column(words("col_left"), is_number=True),
        Column(words("col_right"), is_number=True),
        Column(words("col_difference"), is_number=True),
    ]
    rows = [[name(masks.header(total.column)), *map(_amount, _sums(total))] for total in totals]
    return section(words("totals"), table(columns, rows), lead=words("totals_lead"))


def _sums(total: Total) -> tuple[Decimal, Decimal, Decimal]:
    return total.left.sum, total.right.sum, total.difference


def _amount(value: Decimal) -> str:
    return f"{value.normalize():,f}"


def agreement_steps(report: ReconcileReport, words: Words, masks: Masks) -> list[str]:
    """Say what to do next: the rows that were lost, and the steps behind the most frequent serious causes."""
    missing = report.counts()["missing"]
    absent = len(report.missing_columns)
    steps = [words.about(absent, "next_columns", n=absent)] if absent else []
    steps += [words.about(missing, "next_missing", n=missing)] if missing else []
    serious: Counter[tuple[str, str]] = Counter()
    for part in report.parts:
        column = (*report.columns, *report.keys)[part.column].left
        for cause, n in zip(part.causes, part.counts().tolist(), strict=True):
            if n and cause.code != "changed" and CAUSES[cause.code].severity == "error":
                serious[column, report.say(cause, words.lang)] += n
    for (column, said), n in serious.most_common(_MOST_STEPS):
        steps.append(words.about(n, "next_cause", n=n, cause=said, column=masks.header(column)))
    return steps


def plan_sections(plan: SyncPlan, words: Words) -> list[Markup | None]:
    """Show what a plan would write, and what a person must decide."""
    made = Counter((step.side, step.kind) for step in plan.steps)
    heads = [
        Column(words("col_side"), explains_itself=True),
        Column(words("col_step"), explains_itself=True),
        Column(words("col_records"), is_number=True),
    ]
    rows = [[words(f"side_{side}"), words(f"step_{kind}"), number(n)] for (side, kind), n in sorted(made.items())]
    shown = table(heads, rows) if rows else el("p", words("steps_none"))
    found: list[Markup | None] = [section(words("steps"), shown, lead=words("steps_lead"))]
    reasons = plan.conflict_counts()
    conflicts = [[message(f"sync_{reason}", lang=words.lang), number(n)] for reason, n in reasons.items()]
    if conflicts:
        what = [Column(words("col_what"), explains_itself=True), Column(words("col_records"), is_number=True)]
        found.append(section(words("conflicts"), table(what, conflicts)))
    return found
