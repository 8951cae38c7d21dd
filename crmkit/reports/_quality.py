"""Scores by dimension, and what is wrong most often: the sections about a validation report."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from crmkit.issues import DIMENSIONS, SEVERITIES

from ._charts import Bar, bars
from ._html import Markup, el, join
from ._parts import Column, change, chip, name, section, table
from ._words import number, percent

if TYPE_CHECKING:
    from crmkit.validators import ValidationReport

    from ._mask import Masks
    from ._words import Words

__all__ = ["assumed", "problems", "quality"]

_SHOWN = 15
_GOOD, _FAIR = 0.95, 0.8
_EXPECTED = frozenset({"empty", "condition_false", "not_judged"})


def quality(report: ValidationReport, words: Words) -> Markup:
    """Draw the score of each dimension that some rule looked at."""
    scores = report.scores
    if not scores:
        return section(words("quality"), el("p", words("quality_none")))
    rows = [
        Bar(
            label=words(dimension),
            note=words(f"{dimension}_note"),
            value=scores[dimension],
            shown=percent(scores[dimension]),
            tone=tone(scores[dimension]),
        )
        for dimension in DIMENSIONS
        if dimension in scores
    ]
    return section(words("quality"), bars(rows, title=words("quality"), maximum=1.0), lead=words("quality_lead"))


def tone(score: float) -> str:
    """Return the color of a score: the words beside it say the same."""
    return "good" if score >= _GOOD else "warn" if score >= _FAIR else "bad"


def problems(report: ValidationReport, words: Words, masks: Masks, *, reveal: bool) -> Markup:
    """List the kinds of issue, worst first, each with one example."""
    issues = report.issues
    if not len(issues) and not report.crashed and _unasked(report, words, masks) is None:
        return section(words("problems"), el("p", words("problems_none")))
    keys = list(zip(issues.column("severity"), issues.column("code"), issues.column("path"), strict=True))
    counted = Counter(keys)
    first: dict[tuple[str, str, str | None], int] = {}
    kinds: dict[tuple[str, str, str | None], Counter[str]] = {}
    params = issues.column("params")
    fixes = issues.column("fix")
    for at, key in enumerate(keys):
        kinds.setdefault(key, Counter())[params[at]] += 1
        # The best example is one that also shows what the value should be.
        if key not in first or (fixes[first[key]] is None and fixes[at] is not None):
            first[key] = at
    ranked = sorted(counted, key=lambda key: (SEVERITIES.index(key[0]), -counted[key], key[1], key[2] or ""))
    rows = []
    for key in ranked[:_SHOWN]:
        severity, _, path = key
        issue = issues[first[key]]
        if issue.row is None:
            example = el("span", "–", class_="soft")
        elif issue.fix is not None:
            example = change(words, masks.show(path, issue.value), masks.show(path, issue.fix))
        elif issue.value is not None:
            example = el("code", masks.show(path, issue.value))
        else:
            example = el("span", words("empty"), class_="soft")
        rows.append(
            [
                chip(words(severity), severity),
                _said(issue.message, len(kinds[key]), words),
                words("whole_table") if path is None else name(masks.header(path)),
                number(counted[key]),
                percent(counted[key] / report.n_rows) if issue.row is not None and report.n_rows else "–",
                example,
            ]
        )
    columns = [
        Column(words("col_level"), explains_itself=True),
        Column(words("col_problem"), explains_itself=True),
        Column(words("col_column"), explains_itself=True),
        Column(words("col_rows"), is_number=True),
        Column(words("col_share"), is_number=True),
        Column(words("col_example"), is_wide=True),
    ]
    more = len(ranked) - _SHOWN
    return section(
        words("problems"),
        table(columns, rows) if rows else None,
        el("p", words("problems_more", n=more), class_="soft") if more > 0 else None,
        _crashed(report, words),
        _unasked(report, words, masks),
        lead=words("problems_lead_revealed" if reveal else "problems_lead"),
    )


def _said(message: str, variants: int, words: Words) -> Markup:
    """Say what is wrong; where the rows differ in the details of the message, say that too."""
    more = el("span", " ", words("variants", n=variants - 1), class_="soft") if variants > 1 else None
    return join(message, more)


def _unasked(report: ValidationReport, words: Words, masks: Masks) -> Markup | None:
    """List the rules that could not be asked of many rows, for what was not checked is not known to be right."""
    rows = []
    for outcome in report.outcomes.values():
        for reason, count in outcome.reasons.items():
            if reason in _EXPECTED or outcome.rule.endswith(":normal_form"):
                continue
            shown = _reason(reason, words, masks)
            rows.append(
                [name(masks.header(outcome.path)) if outcome.path else el("code", outcome.rule), shown, number(count)]
            )
    if not rows:
        return None
    columns = [Column(words("col_column")), Column(words("col_why")), Column(words("col_rows"), is_number=True)]
    return join(el("h3", words("unasked")), table(columns, rows[:_SHOWN]))


def _reason(reason: str, words: Words, masks: Masks) -> str:
    """Say why a rule was not asked; ``invalid:amount`` is that another cell of the row could not be read."""
    word, _, column = reason.partition(":")
    if word == "invalid" and column:
        return words("other_invalid", column=masks.header(column))
    return words(reason) if words.knows(reason) else reason.replace("_", " ")


def _crashed(report: ValidationReport, words: Words) -> Markup | None:
    if not report.crashed:
        return None
    rules = [el("li", el("code", rule), f" ({number(report.outcomes[rule].error)})") for rule in report.crashed]
    return join(el("h3", words("crashed")), el("p", words("crashed_lead")), el("ul", *rules))


def assumed(report: ValidationReport, words: Words) -> Markup | None:
    """Say what the columns were taken for, so that a reader can object."""
    sentences = report.assumed(words.lang)
    if not sentences:
        return None
    return section(words("assumed"), el("ul", *(el("li", sentence) for sentence in sentences)))
