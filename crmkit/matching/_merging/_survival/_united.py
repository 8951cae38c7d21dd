"""Values of which all survive: several e-mails in a cell, tags, notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs
import numpy as np

from crmkit.errors import SchemaError
from crmkit.normalize import text

from ._rules import SurvivorshipRule
from ._wellformed import is_placeholder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._members import Members, Scores

__all__ = ["United"]


@attrs.frozen
class United(SurvivorshipRule):
    """All values, each once, in one cell: the survivor's first, then in the order of the records.

    Values that differ only in case and white space are one, and a placeholder is left out where there is another
    value. A cell that is a list stays one. It decides alone: no other rule can stand beside it.

    Args:
        separator: Parts the values of a cell, and joins them again; a line feed for notes.

    Example:
        >>> from crmkit.matching import merge_clusters
        >>> people = [{"id": "1", "tags": "vip; north"}, {"id": "2", "tags": "North;fair"}]
        >>> golden, _ = merge_clusters(people, {"1": "a", "2": "a"}, key="id", survivorship={"tags": United("; ")})
        >>> golden[0]["tags"]
        'vip; north; fair'

    .. versionadded:: 0.1.0
    """

    needs_value: ClassVar[bool] = True

    separator: str = attrs.field(default="; ", validator=attrs.validators.min_len(1))

    def scores(self, members: Members, column: str) -> Scores:  # noqa: ARG002  # nothing is chosen
        """Score all rows alike: nothing is chosen, all of it survives."""
        return np.zeros(len(members.rows))

    def unite(
        self, members: Members, column: str, clusters: NDArray[np.bool_]
    ) -> tuple[dict[int, object], dict[int, list[int]]]:
        """Return for some clusters the united value, and the places of the rows that gave a part of it."""
        values: dict[int, object] = {}
        sources: dict[int, list[int]] = {}
        distinct = members.distinct(column)
        codes = members.codes(column)
        if members.survivor is None:
            raise SchemaError("United cannot choose the survivor")
        places = np.flatnonzero(clusters[members.cluster] & (codes >= 0))
        places = places[np.lexsort((places, ~members.survivor[places], members.cluster[places]))]
        bounds = np.flatnonzero(np.diff(members.cluster[places], prepend=-1))
        for group in np.split(places, bounds[1:]) if len(places) else ():
            cells = [distinct.values[code] for code in codes[group].tolist()]
            cluster = int(members.cluster[group[0]])
            values[cluster], used = self._joined(cells)
            sources[cluster] = [int(group[k]) for k in used]
        return values, sources

    def _joined(self, cells: list[object]) -> tuple[object, list[int]]:
        as_list = any(isinstance(cell, list | tuple) for cell in cells)
        parts = [
            (part, k)
            for k, cell in enumerate(cells)
            for part in (cell if isinstance(cell, list | tuple) else self._parts(cell))
        ]
        real = [(part, k) for part, k in parts if not (isinstance(part, str) and is_placeholder(part))]
        kept: dict[object, tuple[object, int]] = {}
        for part, k in real or parts:
            kept.setdefault(text.fold(part) if isinstance(part, str) else repr(part), (part, k))
        used = list(dict.fromkeys(k for _, k in kept.values()))
        united = [part for part, _ in kept.values()]
        return (united if as_list else self.separator.join(map(str, united)) if len(used) > 1 else cells[used[0]]), used

    def _parts(self, cell: object) -> list[object]:
        if not isinstance(cell, str):
            return [cell]
        sign = self.separator.strip() or self.separator
        return [part.strip() for part in cell.split(sign) if part.strip()] or [cell]
