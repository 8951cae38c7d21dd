"""What was corrected and why: the section about a change log of fixes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from crmkit.frames import as_text

from ._html import Markup, el
from ._parts import Column, change, name, section, table
from ._words import number, percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.changes import Change, ChangeLog

    from ._mask import Masks
    from ._words import Words

__all__ = ["corrections"]

_SHOWN = 15
_TRIED = 20


def corrections(logs: Sequence[ChangeLog], words: Words, masks: Masks, said: Mapping[tuple[int, str], str]) -> Markup:
    """List the kinds of change with their number, one example, and how sure they were.

    Args:
        logs: The change logs.
        words: The page's texts.
        masks: What of a value may be shown.
        said: What was said of a cell, by row and column.
    """
    counted: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], list[tuple[ChangeLog, int]]] = {}
    for log in logs:
        keys = zip(log.column("reason"), log.column("rule"), log.column("row"), log.column("path"), strict=True)
        for line, (reason, rule, row, path) in enumerate(keys):
            key = (said.get((row, path)) or str(reason or rule or ""), str(path or ""))
            counted[key] += 1
            if counted[key] <= _TRIED:
                examples.setdefault(key, []).append((log, line))
    conflicts = sum(len(log.conflicts) for log in logs)
    rows = []
    for key, count in counted.most_common(_SHOWN):
        why, path = key
        one, shown = _example(examples[key], path, words, masks)
        sure = "–" if one.confidence is None else percent(one.confidence)
        rows.append([why, name(masks.header(path)), number(count), sure, shown])
    columns = [
        Column(words("col_why"), is_wide=True, explains_itself=True),
        Column(words("col_column"), explains_itself=True),
        Column(words("col_cells"), is_number=True),
        Column(words("col_sure"), is_number=True),
        Column(words("col_change"), is_wide=True, explains_itself=True),
    ]
    return section(
        words("fixes"),
        table(columns, rows) if rows else el("p", words("fixes_none")),
        el("p", words("fixes_conflicts", n=conflicts), class_="soft") if conflicts else None,
        lead=words("fixes_lead") if rows else None,
    )


def _example(lines: Sequence[tuple[ChangeLog, int]], path: str, words: Words, masks: Masks) -> tuple[Change, Markup]:
    """Choose the first change that still shows as one when it is masked; where none does, say that it is hidden."""
    for log, line in lines:
        one = log[line]
        before, after = masks.show(path, text(one.before)), masks.show(path, text(one.after))
        if before != after:
            return one, change(words, before, after)
    log, line = lines[0]
    return log[line], el("span", words("hidden"), class_="soft")


def text(value: object) -> str | None:
    """Return a cell of a log as text; a missing one as ``None``."""
    return None if value is None else as_text(value)
