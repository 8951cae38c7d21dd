"""Where rows belong in a frame in which rows came, went or moved since the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from crmkit.errors import ConflictError

from ._change import Conflict

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from crmkit.frames import Table

    from ._columns import Header, Lines

_TWICE: Final = -2


class Order:
    """Where records stood when they were all there, by record id; for frames in which rows came, went or moved."""

    __slots__ = ("_known", "_rank", "_row")

    def __init__(self, table: Table, key: str, records: Sequence[str]) -> None:
        self._known = {record: place for place, record in enumerate(records)}
        texts = table.texts(key).rows()
        self._row: dict[object, int] = {}
        twice: set[object] = set()
        for row, record in enumerate(texts):
            if self._row.setdefault(record, row) != row:
                twice.add(record)
        for record in twice:
            self._row[record] = _TWICE
        self._rank = np.fromiter(
            (self._known.get(str(record), -1) for record in texts), dtype=np.int64, count=len(texts)
        )

    def rows(self, header: Header, lines: Lines, chosen: Sequence[int]) -> npt.NDArray[np.int64]:
        """Return where the rows of all lines are now, -1 for a row that is not there.

        Raises:
            ConflictError: A record id of a ``chosen`` line is there twice, so nobody can tell which row is meant.
        """
        total = header.layout["rows"]
        found = [self._row.get(record, -1) for record in lines.record_id]
        twice = [line for line in chosen if found[line] == _TWICE]
        if twice:
            reason = "its record id is there twice"
            conflicts = [
                Conflict(
                    row=int(lines.row[line]), record_id=lines.record_id[line], path=lines.path[line], reason=reason
                )
                for line in twice
            ]
            raise ConflictError("cannot undo: a record id is there twice", conflicts=conflicts)
        places = np.full(total if isinstance(total, int) else 0, -1, dtype=np.int64)
        places[lines.row] = np.maximum(np.asarray(found, dtype=np.int64), -1)
        return places

    def positions(self, records: Sequence[str | None]) -> npt.NDArray[np.int64]:
        """Return where rows that come back will be: each behind the nearest record that stood before it."""
        ranks = np.fromiter(
            (self._known.get(str(record), -1) for record in records), dtype=np.int64, count=len(records)
        )
        known = np.flatnonzero(self._rank >= 0)
        order = known[np.argsort(self._rank[known], kind="stable")]
        before = np.searchsorted(self._rank[order], ranks)
        anchor = np.where(before > 0, np.append(order, -1)[before - 1] + 1, 0)
        if len(order):
            anchor = np.where(before == 0, order[0], anchor)
        turn = np.lexsort((ranks, anchor))
        positions = np.empty(len(records), dtype=np.int64)
        positions[turn] = anchor[turn] + np.arange(len(records))
        return positions
