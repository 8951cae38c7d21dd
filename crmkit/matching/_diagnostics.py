"""What a run has to say about itself: what was used, what was left out, and how far to trust the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.typing import JSONValue

    from ._blocking import RuleUse

__all__ = ["Diagnostics"]


@attrs.frozen(kw_only=True, repr=False)
class Diagnostics:
    """Facts about one run, without any value out of a record.

    Attributes:
        records: Records read.
        distinct_records: The same with full copies counted once.
        system: CRM system the columns were taken for, if any.
        columns: For each comparison the columns it read.
        unused: Comparisons that found no column or no value.
        rules: What each blocking rule did.
        candidates: Pairs that were compared.
        expected_pairs: For each explanation how many pairs of the file it has, as estimated.
        expected_precision: Share of the linked pairs that match, by the model's own account.
        expected_recall: Share of the matching pairs *among the candidates* that were linked.
        oversized: Records in components too large to compare all with all.
        notes: What a careful reader should know.

    .. versionadded:: 0.1.0
    """

    records: int
    distinct_records: float
    system: str | None
    columns: Mapping[str, tuple[str, ...]]
    unused: tuple[str, ...]
    rules: tuple[RuleUse, ...]
    candidates: int
    expected_pairs: Mapping[str, float]
    expected_precision: float
    expected_recall: float
    oversized: int
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"<Diagnostics: {self.records} records, {self.candidates} candidate pairs, expected precision "
            f"{self.expected_precision:.3f}, expected recall {self.expected_recall:.3f}, {len(self.notes)} notes>"
        )

    def __str__(self) -> str:
        lines = [repr(self)[1:-1]]
        if self.system is not None:
            lines.append(f"columns taken for an export of {self.system}")
        lines += [f"{name} reads {', '.join(columns)}" for name, columns in self.columns.items()]
        if self.unused:
            lines.append(f"no column for {', '.join(self.unused)}")
        lines += [
            f"blocking by {use.rule}: {use.status}, {use.pairs} new pairs"
            for use in self.rules
            if use.status != "missing column"
        ]
        return "\n".join([*lines, *self.notes])

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the facts as plain data."""
        return {
            **attrs.asdict(self, recurse=False),
            "columns": {name: list(columns) for name, columns in self.columns.items()},
            "unused": list(self.unused),
            "rules": [attrs.asdict(use) for use in self.rules],
            "expected_pairs": dict(self.expected_pairs),
            "notes": list(self.notes),
        }
