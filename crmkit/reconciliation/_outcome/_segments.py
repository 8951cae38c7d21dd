"""Where differences sit: by the values of a column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from crmkit.errors import NotFoundError
from crmkit.reconciliation._causes._cause import CAUSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from crmkit.frames import Table

    from ._report import ReconcileReport

__all__ = ["Segment", "segments"]


@attrs.frozen(kw_only=True)
class Segment:
    """How the rows fared that have one value in the column that was asked for.

    Attributes:
        value: The value, ``None`` where it is missing.
        rows: Rows on the left, and those that only the right has.
        missing: Rows that only the left has.
        unexpected: Rows that only the right has.
        differing: Rows with a differing cell.

    .. versionadded:: 0.1.0
    """

    value: str | None = attrs.field(repr=False)
    rows: int
    missing: int
    unexpected: int
    differing: int

    @property
    def rate(self) -> float:
        """Share of the rows that do not agree, 0 to 1."""
        return (self.missing + self.unexpected + self.differing) / self.rows if self.rows else 0.0


def segments(
    report: ReconcileReport, column: str, *, prefix: int | None, causes: Sequence[str] | None
) -> list[Segment]:
    """Return the rows by the values of a column; see :meth:`crmkit.reconciliation.ReconcileReport.by`."""
    for cause in causes or ():
        if cause not in CAUSES:
            raise NotFoundError.of("cause", cause, CAUSES)
    other = next((pair.right for pair in (*report.columns, *report.keys) if pair.left == column), column)
    number: dict[str | None, int] = {}
    mine = _segments(report.left, column, prefix, number)
    pairing = report.rows.pairing
    extra = np.empty(0, dtype=np.int64)
    if other in report.right.columns and len(pairing.unexpected):
        extra = _segments(report.right, other, prefix, number)[pairing.unexpected]
    elif len(pairing.unexpected):
        extra = np.full(len(pairing.unexpected), number.setdefault(None, len(number)))
    n = len(number)
    differing = _pairs_with(report, causes)
    figures = {
        "rows": np.bincount(mine, minlength=n) + np.bincount(extra, minlength=n),
        "missing": np.bincount(mine[pairing.missing], minlength=n),
        "unexpected": np.bincount(extra, minlength=n),
        "differing": np.bincount(mine[pairing.left[differing]], minlength=n),
    }
    found = [
        Segment(value=value, **{name: int(counts[at]) for name, counts in figures.items()})
        for value, at in number.items()
    ]
    return sorted(found, key=lambda one: (-(one.missing + one.unexpected + one.differing), one.value or ""))


def _pairs_with(report: ReconcileReport, causes: Sequence[str] | None) -> NDArray[np.int64]:
    if causes is None:
        return report.differing_pairs
    wanted = set(causes)
    pairs = [np.empty(0, dtype=np.int64)]
    for part in report.parts:
        hit = np.fromiter((cause.code in wanted for cause in part.causes), dtype=bool, count=len(part.causes))
        pairs.append(part.pair[hit[part.which]])
    return np.unique(np.concatenate(pairs))


def _segments(table: Table, column: str, prefix: int | None, number: dict[str | None, int]) -> NDArray[np.int64]:
    """Return for each row the number of its segment; new values get the next number."""
    made = [_piece_segments(piece, column, prefix, number) for piece in table.pieces()]
    return np.concatenate(made) if made else np.empty(0, dtype=np.int64)


def _piece_segments(table: Table, column: str, prefix: int | None, number: dict[str | None, int]) -> NDArray[np.int64]:
    texts = table.texts(column)
    values: list[str | None] = [str(value)[:prefix] for value in texts.values]
    lookup = np.array([number.setdefault(value, len(number)) for value in values], dtype=np.int64)
    if bool((texts.codes < 0).any()):
        lookup = np.append(lookup, number.setdefault(None, len(number)))
    return lookup[texts.codes] if len(lookup) else np.empty(0, dtype=np.int64)
