"""Rows that found no partner by key and look like one another: a key that moved, a record merged or typed in twice.

These are estimates. They are reported apart, and never counted among the matched rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from crmkit import frames
from crmkit.columns import recognize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.frames import Table
    from crmkit.matching import Matcher
    from crmkit.typing import Progress

    from ._rows import Pairing
    from ._settings import ColumnPair

__all__ = ["SimilarPair", "find_similar"]


@attrs.frozen(kw_only=True)
class SimilarPair:
    """A missing and an unexpected row that are probably one record.

    Attributes:
        left_row: Row of the left table, among the missing.
        right_row: Row of the right table, among the unexpected.
        probability: How likely it is, 0 to 1.
        explanation: What speaks for it, without values.

    .. versionadded:: 0.1.0
    """

    left_row: int
    right_row: int
    probability: float
    explanation: str


def find_similar(
    left: Table, right: Table, pairing: Pairing, columns: Sequence[ColumnPair], *, matcher: Matcher | None,
    progress: Progress | None,
) -> tuple[SimilarPair, ...]:  # fmt: skip
    """Link the rows without a partner, each to one at most, the likeliest first.

    Args:
        left: The left table.
        right: The right table.
        pairing: Which rows are without a partner.
        columns: Columns that are compared; keys say nothing here, they are what differs.
        matcher: How to match; the preset of the left table's kind of record where ``None``.
        progress: Shows how far it is.

    Raises:
        SchemaError: No column to match on.
    """
    if not len(pairing.missing) or not len(pairing.unexpected):
        return ()
    used = matcher if matcher is not None else _preset(left)
    mine = _part(left, pairing.missing, {pair.left: pair.left for pair in columns})
    yours = _part(right, pairing.unexpected, {pair.left: pair.right for pair in columns})
    found = used.link(mine, yours, one_to_one=True, progress=progress)
    chosen = found.scored.take(np.flatnonzero(found.linked))
    order = np.lexsort((chosen.right, chosen.left, -chosen.log_odds))
    names = found.model.explanations
    return tuple(
        SimilarPair(
            left_row=int(pairing.missing[chosen.left[at]]),
            right_row=int(pairing.unexpected[chosen.right[at] - len(pairing.missing)]),
            probability=float(chosen.probability[at]),
            explanation=names[int(chosen.explanation[at])],
        )
        for at in order.tolist()
    )


def _preset(left: Table) -> Matcher:
    from crmkit.matching import Matcher  # loaded only where it is asked for

    kind = recognize(left).kind
    return {"account": Matcher.accounts, "lead": Matcher.leads}.get(kind or "", Matcher.contacts)()


def _part(table: Table, rows: Any, names: dict[str, str]) -> dict[str, list[object]]:
    part = frames.read(table.take(rows))
    return {name: part.column(theirs) for name, theirs in names.items()}
