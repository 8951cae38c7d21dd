"""What a log of merges holds beyond the changes themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ._cluster_ids import ClusterIds

__all__ = ["Merging", "Undone"]


@attrs.frozen
class Undone:
    """A merge that was undone.

    Attributes:
        run_id: The run that made it.
        survivor: Row of its golden record in the table of that run.
        at: When it was undone, ISO 8601 in UTC.
        by: By whom.
        reason: Why.

    .. versionadded:: 0.1.0
    """

    run_id: str
    survivor: int
    at: str
    by: str | None = None
    reason: str | None = None


@attrs.frozen(eq=False)
class Merging:
    """What a run of merging knows beyond its changes.

    Attributes:
        ids: Cluster of every record; ``None`` where the table had no record ids.
        rules: Column -> the rule that chose its values, in words.
        sources: Column -> row of a golden record -> the rows that its value came from, where that is another row.
    """

    ids: ClusterIds | None
    rules: Mapping[str, str]
    sources: Mapping[str, Mapping[int, Sequence[int]]]
