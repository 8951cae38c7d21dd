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

    from crmkit.changes import ChangeLog

    from ._mask import Masks
    from ._words import Words

__all__ = ["corrections"]

_SHOWN = 15


def corrections(logs: Sequence[ChangeLog], words: Words, masks: Masks, said: Mapping[str, str]) -> Markup:
    """List the kinds of change with their number, one example, and how sure they were.

    Args:
        logs: The change logs.
        words: The page's texts.
        masks: What of a value may be shown.
        said: What a rule says when it fails, by its name.
    """
    counted: Counter[tuple[str, str]] = Counter()
    example: dict[tuple[str, str], tuple[ChangeLog, int]] = {}
    for log in logs:
        keys = zip(log.column("reason"), log.column("rule"), log.column("path"), strict=True)
        for line, (reason, rule, path) in enumerate(keys):
            key = (said.get(str(rule)) or str(reason or rule or ""), str(path or ""))
            counted[key] += 1
            example.setdefault(key, (log, line))
    conflicts = sum(len(log.conflicts) for log in logs)
    rows = []
    for key, count in counted.most_common(_SHOWN):
        log, line = example[key]
        one = log[line]
        why, path = key
        shown = change(words, masks.show(path, text(one.before)), masks.show(path, text(one.after)))
        sure = "–" if one.confidence is None else percent(one.confidence)
        rows.append([why, name(path), number(count), sure, shown])
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


def text(value: object) -> str | None:
    """Return a cell of a log as text; a missing one as ``None``."""
    return None if value is None else as_text(value)
