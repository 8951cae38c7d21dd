"""What rules found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from crmkit import _notebook, frames
from crmkit.issues import Report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from crmkit.typing import Frame, JSONValue

    from ._rules import DuplicateRules

__all__ = ["RuleReport"]


@attrs.frozen(eq=False, kw_only=True, repr=False)
class RuleReport(Report):
    """Duplicates as rules see them; goes into ``compare_runs`` beside a ``MatchReport``.

    Attributes:
        rules: The rules.
        record_ids: Id of each record, in the order of the frame.
        labels: Cluster of each record, numbered by first record.
        used: The conditions whose fields are there, in words.
        notes: What was left out, and where the rules are approximate.

    Example:
        >>> from crmkit.matching import vendor_rules
        >>> people = [
        ...     {"id": "a", "full_name": "Ann Lee", "email": "ann@example.org"},
        ...     {"id": "b", "full_name": "ann lee", "email": "ANN@example.org"},
        ... ]
        >>> vendor_rules("pipedrive", "contact").find(people)
        <RuleReport: pipedrive, records 2, clusters 1, duplicates 1, pairs 1>

    .. versionadded:: 0.1.0
    """

    rules: DuplicateRules
    record_ids: Sequence[object]
    labels: NDArray[np.int64]
    used: tuple[str, ...]
    notes: tuple[str, ...]
    rows: NDArray[np.int64]
    conditions: NDArray[np.int64]
    like: Any

    @property
    def ok(self) -> bool:
        """Whether the rules found no duplicate."""
        return not len(self.rows)

    @property
    def pairs(self) -> Frame:
        """The caller's kind of frame with ``left``, ``right`` (record ids) and ``condition``, by row."""
        ids = self.record_ids
        return frames.build(
            {
                "left": [ids[row] for row in self.rows[:, 0].tolist()],
                "right": [ids[row] for row in self.rows[:, 1].tolist()],
                "condition": [self.used[number] for number in self.conditions.tolist()],
            },
            like=self.like,
        )

    @property
    def clusters(self) -> Frame:
        """The caller's kind of frame with ``record_id`` and ``cluster_id``, one row per input row, in input order."""
        return self.to_frame(self.like)

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return ``clusters`` as a frame of the kind of ``like``; a ``RecordSet`` without it."""
        return frames.build({"record_id": list(self.record_ids), "cluster_id": self.labels.tolist()}, like=like)

    def counts(self) -> dict[str, int]:
        """Return records, clusters, duplicates (records beyond the first of their cluster) and pairs."""
        clusters = len(np.unique(self.labels))
        return {
            "records": len(self.labels),
            "clusters": clusters,
            "duplicates": len(self.labels) - clusters,
            "pairs": len(self.rows),
        }

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the figures as plain data, without values out of records."""
        return {
            "kind": type(self).__name__,
            "rules": self.rules.name,
            "used": list(self.used),
            "counts": dict(self.counts()),
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        figures = ", ".join(f"{name} {number}" for name, number in self.counts().items())
        return f"<RuleReport: {self.rules.name}, {figures}>"

    def _repr_html_(self) -> str:
        figures = " · ".join(f"{name} {number:,}" for name, number in self.counts().items())
        made = np.bincount(self.conditions, minlength=len(self.used)).tolist()
        table = _notebook.table(("condition", "pairs"), list(zip(self.used, made, strict=True)))
        return _notebook.sheet(self.rules.name, figures, table, notes=self.notes)
