"""How a matcher shows itself: in a line, and in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from crmkit import _notebook

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.matching._kinds._fields import Comparison
    from crmkit.matching._matcher import Matcher
    from crmkit.matching._pairs._blocking import BlockingRule

__all__ = ["line", "sheet"]


def line(matcher: Matcher, comparisons: Sequence[Comparison], rules: Sequence[BlockingRule]) -> str:
    """Return the matcher as the call that makes it, with what it compares and blocks by."""
    shown = [f"kind={matcher.kind!r}"]
    shown.append(f"comparisons=[{', '.join(map(repr, comparisons))}]")
    shown.append(f"blocking=[{', '.join(map(repr, rules))}]")
    shown.append(f"threshold={matcher.threshold!r}")
    defaults = {field.name: field.default for field in attrs.fields(type(matcher))}
    shown += [
        f"{name}={getattr(matcher, name)!r}"
        for name in ("country", "block_cap", "seed")
        if getattr(matcher, name) != defaults[name]
    ]
    return f"Matcher({', '.join(shown)})"


def sheet(matcher: Matcher, comparisons: Sequence[Comparison], rules: Sequence[BlockingRule]) -> str:
    """Return the matcher as HTML."""
    facts = {
        "compares": [one.name for one in comparisons],
        "blocks by": [" + ".join(rule.keys) for rule in rules],
        "cut": matcher.threshold,
        "fitted": matcher.model_ is not None,
    }
    return _notebook.sheet("Matcher", matcher.kind, _notebook.facts(facts))
