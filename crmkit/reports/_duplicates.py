"""Who is in the file more than once, and what merging did: the sections about a match report and its change log."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from crmkit.normalize import text as folding

from ._charts import Bar, bars, diverging, histogram, share
from ._html import Markup, el
from ._parts import Column, chip, name, section, table
from ._words import number, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.changes import ChangeLog
    from crmkit.frames import Table
    from crmkit.matching import MatchReport, PairExplanation

    from ._mask import Masks
    from ._words import Words

__all__ = ["close_calls", "duplicates", "merged"]

_BINS = 20
_EXAMPLES = 8
_FIELDS_SHOWN = 12
_CLOSE = 0.2


def duplicates(report: MatchReport, words: Words, masks: Masks) -> Markup:
    """Show how often parties occur, how sure the pairs are, why pairs look alike, and some pairs in full."""
    sizes = report.cluster_sizes
    if not (sizes > 1).any():
        return section(words("duplicates"), el("p", words("duplicates_none")), _notes(report, words))
    repeated = int((sizes > 1).sum())
    rows = int(sizes[sizes > 1].sum())
    lead = words("duplicates_lead", rows=rows, parties=repeated, threshold=percent(report.threshold_))
    parts = [
        Bar(label=words(f"size_{size}"), value=count, shown=number(count), tone=tone)
        for size, count, tone in zip(
            (1, 2, 3, 4),
            (int((sizes == 1).sum()), int((sizes == 2).sum()), int((sizes == 3).sum()), int((sizes > 3).sum())),
            ("muted", "accent", "warn", "bad"),
            strict=True,
        )
    ]
    expected = words(
        "expected",
        precision=percent(report.diagnostics.expected_precision),
        recall=percent(report.diagnostics.expected_recall),
    )
    overruled = _overruled(report)
    return section(
        words("duplicates"),
        el("h3", words("sizes")),
        share(parts, title=words("sizes")),
        _certainty(report, words),
        el("p", expected, class_="soft"),
        _kinds(report, words),
        el("h3", words("examples")),
        *(_example(report, pair, words, masks) for pair in _examples(report)),
        el("p", words("overruled", n=overruled), class_="soft") if overruled else None,
        _notes(report, words),
        lead=lead,
    )


def close_calls(report: MatchReport) -> int:
    """Count the pairs whose probability is near the threshold: those that a person should look at."""
    return int((np.abs(report.scored.probability - report.threshold_) < _CLOSE).sum())


def _certainty(report: MatchReport, words: Words) -> Markup:
    counts, _ = np.histogram(report.scored.probability, bins=_BINS, range=(0.0, 1.0))
    return histogram(
        [int(count) for count in counts],
        edges=["0 %", "25 %", "50 %", "75 %", "100 %"],
        title=words("certainty"),
        split=round(report.threshold_ * _BINS),
    )


def _kinds(report: MatchReport, words: Words) -> Markup | None:
    names = report.model.explanations
    counted = Counter(np.asarray(report.scored.explanation).tolist())
    if not counted:
        return None
    rows = [
        Bar(label=words.name(names[code]), value=count, shown=number(count), tone="accent" if code == 0 else "muted")
        for code, count in sorted(counted.items(), key=lambda item: (item[0] != 0, -item[1]))
    ]
    return el("div", el("p", words("explanations"), class_="soft"), bars(rows, title=words("explanations")))


def _examples(report: MatchReport) -> list[int]:
    """Choose pairs from the surest to the closest call, of different clusters, and two that were kept apart.

    Pairs that the rest of their group decided against their own score are counted, not shown: nothing about the two
    records alone explains them.
    """
    scored, labels = report.scored, report.labels
    order = np.argsort(-scored.log_odds, kind="stable")
    together = labels[scored.left[order]] == labels[scored.right[order]]
    counts = scored.probability[order] >= report.threshold_
    joined, apart = order[together & counts], order[~together & ~counts]
    chosen: list[int] = []
    seen: set[int] = set()
    # Evenly over the ranks, so that the middle and the end are seen beside the obvious beginning.
    for pair in joined[np.unique(np.linspace(0, max(len(joined) - 1, 0), num=4 * _EXAMPLES).astype(int))].tolist():
        cluster = int(labels[scored.left[pair]])
        if cluster not in seen:
            seen.add(cluster)
            chosen.append(pair)
    if len(chosen) > _EXAMPLES - 2:
        chosen = [chosen[at] for at in np.linspace(0, len(chosen) - 1, num=_EXAMPLES - 2).astype(int)]
    return chosen + [int(pair) for pair in apart[:2]]


def _overruled(report: MatchReport) -> int:
    """Count the pairs that their group decided against their own score."""
    together = report.labels[report.scored.left] == report.labels[report.scored.right]
    return int((together != (report.scored.probability >= report.threshold_)).sum())


def _example(report: MatchReport, pair: int, words: Words, masks: Masks) -> Markup:
    left, right = int(report.scored.left[pair]), int(report.scored.right[pair])
    explained = report.explain(report.run.id_of(left), report.run.id_of(right))
    together = report.labels[left] == report.labels[right]
    source = report.run.sources[0].table
    rows = []
    for column in source.columns:
        cells = [_text(source, column, row) for row in (left, right)]
        if any(cell is not None for cell in cells):
            shown = [masks.show(column, cell) for cell in cells]
            # Masks hide whether two values agree, so that is said beside them.
            rows.append(
                [name(masks.header(column)), *(el("code", cell) if cell else "–" for cell in shown), _alike(*cells)]
            )
    best = max(explained.explanations, key=explained.explanations.__getitem__)
    why = _reasons(explained, words) if best == report.model.explanations[0] else words.name(best)
    summary = el(
        "summary",
        chip(words("same") if together else words("different"), "ok" if together else "plain"),
        el("span", f" {percent(explained.match_probability)}" + (f" · {why}" if why else ""), class_="soft"),
    )
    columns = [
        Column(words("field"), is_wide=True, explains_itself=True),
        Column(words("record_a"), explains_itself=True),
        Column(words("record_b"), explains_itself=True),
        Column(words("alike"), explains_itself=True),
    ]
    legend = el("p", words("alike_lead"), class_="soft")
    return el("details", summary, table(columns, rows[:_FIELDS_SHOWN]), legend, _waterfall(explained, words))


def _alike(left: str | None, right: str | None) -> str:
    """Say whether two values agree: exactly, but for how they are written, or not; ``–`` where one is missing."""
    if left is None or right is None:
        return "–"
    if left == right:
        return "="
    one, other = ("".join(filter(str.isalnum, folding.fold(value))) for value in (left, right))
    return "≈" if one and one == other else "≠"


def _reasons(explained: PairExplanation, words: Words) -> str:
    """Name what speaks most for one party, so that closed examples differ."""
    strongest = sorted((step for step in explained.steps if step.weight > 1.0), key=lambda step: -step.weight)
    return words("list_comma").join(words.name(step.name) for step in strongest[:3])


def _text(table: Table, column: str, row: int) -> str | None:
    texts = table.texts(column)
    code = int(texts.codes[row])
    return None if code < 0 else str(texts.values[code])


def _waterfall(explained: PairExplanation, words: Words) -> Markup:
    rows = [
        Bar(
            label=words.name(step.name),
            value=step.weight,
            shown=f"{step.weight:+.1f}",
            tone="good" if step.weight > 0 else "bad",
            note=", ".join(words.level(level) for _, level in step.levels) or None,
        )
        for step in explained.steps
        if abs(step.weight) >= 0.05
    ]
    return el("div", el("p", words("explain_weight"), class_="soft"), diverging(rows, title=words("explain_weight")))


def _notes(report: MatchReport, words: Words) -> Markup | None:
    if not report.diagnostics.notes:
        return None
    notes = el("ul", *(el("li", note, lang="en") for note in report.diagnostics.notes), class_="soft")
    return el("details", el("summary", words("notes")), notes)


def merged(logs: Sequence[ChangeLog], words: Words, masks: Masks) -> Markup:
    """Account for the rows, and say which columns of the survivors were filled or replaced."""
    rows = sum(log.rows for log in logs[:1])
    gone = sum(log.merged for log in logs)
    filled: Counter[str] = Counter()
    for log in logs:
        kinds = zip(log.column("kind"), log.column("path"), strict=True)
        filled.update(str(path) for kind, path in kinds if kind == "cell")
    shown = [[name(masks.header(path)), number(count)] for path, count in filled.most_common(_FIELDS_SHOWN)]
    return section(
        words("golden"),
        el("p", words("golden_fields")) if shown else None,
        table([Column(words("col_column")), Column(words("col_cells"), is_number=True)], shown) if shown else None,
        lead=words("golden_lead", rows=rows, left=rows - gone, merged=gone),
    )
