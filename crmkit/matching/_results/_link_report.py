"""Result of matching two tables: the links, how good they are where the truth is known, and what a person sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from crmkit.masking import shown_id
from crmkit.matching._decisions._linking import choose_links
from crmkit.matching._evaluation._clusters import reliability_curve, threshold_curve
from crmkit.matching._evaluation._links import LinkSet

from ._report import SHOWN, PairReport

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from numpy.typing import NDArray

    from crmkit.typing import Frame

    Flags = NDArray[np.bool_]

__all__ = ["LinkReport"]


@attrs.frozen(eq=False, kw_only=True, repr=False)
class LinkReport(PairReport):
    """Records of two tables that are the same party.

    Attributes:
        linked: For each scored pair whether it was linked.
        one_to_one: Whether no record may be linked twice.
        many_to_one: Whether no record of the left table may.

    .. versionadded:: 0.1.0
    """

    linked: Flags
    one_to_one: bool = False
    many_to_one: bool = False

    @property
    def ok(self) -> bool:
        """Whether every record of the left table was linked."""
        return self.counts()["left unlinked"] == 0

    @property
    def links(self) -> Frame:
        """The linked pairs, in the kind of the left frame; columns as in ``pairs``."""
        return self.to_frame(self.run.sources[0].table)

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return ``links`` as a frame of the kind of ``like``; a ``RecordSet`` without it."""
        chosen = self.scored.take(np.flatnonzero(self.linked))
        return self.pairs_frame(self.run, chosen, self.model, like=like)

    @property
    def left_ids(self) -> Sequence[object]:
        """Id of each record of the left table, in the order of its frame."""
        return self.run.ids[0]

    @property
    def right_ids(self) -> Sequence[object]:
        """Id of each record of the right table, in the order of its frame."""
        return self.run.ids[1]

    @property
    def linked_rows(self) -> NDArray[np.int64]:
        """Rows of the linked records, each counted from the start of its own table; shape ``(links, 2)``."""
        return self._rows()[self.linked]

    def _rows(self) -> NDArray[np.int64]:
        right = self.scored.right.astype(np.int64) - len(self.run.ids[0])
        return np.stack([self.scored.left.astype(np.int64), right], axis=1)

    def curve(self, truth: Iterable[tuple[Hashable, Hashable]]) -> list[dict[str, float]]:
        """Return precision, recall and F1 of the links that each cut would make; see ``threshold_curve``.

        Args:
            truth: The true links, as (left record id, right record id).

        Raises:
            NotFoundError: A true link names a record that its table does not have.

        Note:
            Links are chosen as in the run: one to one, many to one, or any, and each cut is taken as one that was
            asked for. A cut under the floor of ``.pairs`` finds what is there.
        """
        true = LinkSet.true_for(self, truth)
        scored = self.scored
        # What a higher cut links are those of the lowest cut that reach it: the choice goes from the best pair down.
        chosen = choose_links(
            scored.left, scored.right, scored.log_odds,
            cut=-np.inf, one_to_one=self.one_to_one, many_to_one=self.many_to_one,
            contents=self.run.encoded.contents,
        )  # fmt: skip
        return threshold_curve(scored.log_odds[chosen], true.holds(self._rows()[chosen]), len(true))

    def reliability(self, truth: Iterable[tuple[Hashable, Hashable]], *, bins: int = 10) -> list[dict[str, float]]:
        """Return how often scored pairs truly match, by the probability they were given; see ``reliability_curve``.

        Args:
            truth: The true links, as (left record id, right record id).
            bins: Steps of the match probability.

        Raises:
            NotFoundError: A true link names a record that its table does not have.
        """
        true = LinkSet.true_for(self, truth)
        return reliability_curve(self.scored.log_odds, true.holds(self._rows()), bins=bins)

    def counts(self) -> dict[str, int]:
        """Return the records on both sides, the links, and the records without one."""
        left, right = self.scored.left[self.linked], self.scored.right[self.linked]
        return {
            "left": len(self.run.ids[0]),
            "right": len(self.run.ids[1]),
            "links": int(self.linked.sum()),
            "left unlinked": len(self.run.ids[0]) - len(np.unique(left)),
            "right unlinked": len(self.run.ids[1]) - len(np.unique(right)),
        }

    def _repr_html_(self) -> str:
        chosen = np.flatnonzero(self.linked)
        best = chosen[np.argsort(-self.scored.log_odds[chosen], kind="stable")[:SHOWN]]
        rows = [
            (shown_id(self.run.id_of(int(self.scored.left[k]))), shown_id(self.run.id_of(int(self.scored.right[k]))),
             f"{self.scored.probability[k]:.3f}")
            for k in best
        ]  # fmt: skip
        return self._html(("left", "right", "match probability"), rows, len(chosen), "links")
