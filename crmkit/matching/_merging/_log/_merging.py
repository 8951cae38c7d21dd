"""What a log of merges holds beyond the changes themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from crmkit.matching._merging._cluster_ids import ClusterIds

__all__ = ["Merging", "Sources", "Undone"]


@attrs.frozen
class Undone:
    """A merge that was undone.

    Attributes:
        run_id: The run that made it.
        survivor: Row of its golden record in the table of that run.
        at: When it was undone, ISO 8601 in UTC.
        by: By whom.
        reason: Why.
        apart: Whether matching keeps its records apart from now on.

    .. versionadded:: 0.1.0
    """

    run_id: str
    survivor: int
    at: str
    by: str | None = None
    reason: str | None = None
    apart: bool = False


@attrs.frozen(eq=False)
class Sources:
    """The rows that the values of a column came from.

    Attributes:
        rows: Rows of golden records.
        sources: For each the row that its value came from.
        several: Row of a golden record -> the rows, where it is not just the one.
    """

    rows: NDArray[np.int64]
    sources: NDArray[np.int64]
    several: dict[int, tuple[int, ...]] = attrs.field(factory=dict)

    def of(self) -> dict[int, tuple[int, ...]]:
        """Return the rows that each value came from."""
        ones = {row: (source,) for row, source in zip(self.rows.tolist(), self.sources.tolist(), strict=True)}
        return ones | self.several

    @classmethod
    def read(cls, found: Mapping[int, tuple[int, ...]]) -> Sources:
        """Return what :meth:`of` gave."""
        nothing = np.empty(0, dtype=np.int64)
        return cls(nothing, nothing, dict(found))


@attrs.frozen(eq=False)
class Merging:
    """What a run of merging knows beyond its changes.

    Attributes:
        ids: Cluster of every record; ``None`` where the table had no record ids.
        rules: Column -> the rule that chose its values, in words.
        sources: Column -> where its values came from, as far as that is another row.
    """

    ids: ClusterIds | None
    rules: Mapping[str, str]
    sources: Mapping[str, Sources]
