"""How good links between two tables are, where the true ones are known: the measures of ``evaluate``, for links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias, cast

import attrs
import numpy as np

from crmkit.errors import NotFoundError

from ._clusters import Evaluation, Scores

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from numpy.typing import NDArray

    Link: TypeAlias = tuple[Hashable, Hashable]
    Numbers = dict[Hashable, int]

__all__ = ["LinkSet", "Linking", "evaluate_links", "is_linking"]


class Linking(Protocol):
    """A run over two tables, such as a ``LinkReport``."""

    @property
    def left_ids(self) -> Sequence[object]: ...

    @property
    def right_ids(self) -> Sequence[object]: ...

    @property
    def linked_rows(self) -> NDArray[np.int64]: ...


def is_linking(found: object) -> bool:
    """Say whether it is a run over two tables."""
    return all(hasattr(found, name) for name in ("left_ids", "right_ids", "linked_rows"))


@attrs.frozen(eq=False, repr=False)
class LinkSet:
    """Links as numbers, each once.

    Attributes:
        keys: ``left * right_size + right`` of each link, ascending.
        left_size: Records of the left table.
        right_size: Records of the right table.
    """

    keys: NDArray[np.int64]
    left_size: int
    right_size: int

    @classmethod
    def of_rows(cls, rows: NDArray[np.int64], left_size: int, right_size: int) -> LinkSet:
        """Make a set of pairs of rows, each counted from the start of its table; shape ``(n, 2)``."""
        return cls(np.unique(rows[:, 0] * max(right_size, 1) + rows[:, 1]), left_size, right_size)

    @classmethod
    def of_run(cls, run: Linking) -> LinkSet:
        """Take the links of a run."""
        return cls.of_rows(run.linked_rows, len(run.left_ids), len(run.right_ids))

    @classmethod
    def true_for(cls, run: Linking, truth: Iterable[Link]) -> LinkSet:
        """Find the rows of true links.

        Raises:
            NotFoundError: One names a record that its table does not have; the message does not repeat the id.
        """
        left, right = _numbers(run.left_ids), _numbers(run.right_ids)
        rows = []
        for a, b in truth:
            if a not in left or b not in right:
                raise NotFoundError(
                    "a true link names a record that its table does not have; links are (left id, right id), "
                    "with ids as in .links"
                )
            rows.append((left[a], right[b]))
        return cls.of_rows(np.array(rows, dtype=np.int64).reshape(-1, 2), len(left), len(right))

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def rows(self) -> NDArray[np.int64]:
        """The links as pairs of rows."""
        return np.stack(np.divmod(self.keys, max(self.right_size, 1)), axis=1)

    def holds(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Say of pairs of rows whether they are among the links."""
        return np.isin(rows[:, 0] * max(self.right_size, 1) + rows[:, 1], self.keys, assume_unique=False)

    def but(self, others: LinkSet) -> NDArray[np.int64]:
        """Return the links, as pairs of rows, that ``others`` does not have."""
        return self.rows[~np.isin(self.keys, others.keys, assume_unique=True)]

    def per_record(self) -> NDArray[np.int64]:
        """Count the links of each record, those of the left table first."""
        left, right = self.rows.T
        return np.concatenate(
            [np.bincount(left, minlength=self.left_size), np.bincount(right, minlength=self.right_size)]
        )


def evaluate_links(found: Linking | Iterable[Link], truth: Iterable[Link]) -> Evaluation:
    """Compare links between two tables with the true ones.

    Args:
        found: A ``LinkReport``, or links from elsewhere as (left record id, right record id).
        truth: The true links, as (left record id, right record id); each counts once.

    Returns:
        What ``evaluate`` gives for one table. ``pairwise`` counts links. ``bcubed`` goes record by record of both
        tables, a record with all that it is linked to; of a report all records count, of bare links those that one
        side names. ``clusters`` counts the linked records whose links are exactly the true ones.

    Raises:
        NotFoundError: A true link names a record that the report's tables do not have.

    Example:
        >>> said = evaluate_links([("a", 1), ("b", 2)], [("a", 1), ("b", 3)])
        >>> said.pairwise.precision, said.pairwise.recall, round(said.clusters.precision, 2)
        (0.5, 0.5, 0.5)

    Note:
        O(links log links + records). Links are not taken as transitive: that two left records share a right one makes
        no pair of them.

    Source:
        Bagga & Baldwin (1998), Algorithms for Scoring Coreference Chains (B-cubed).

    .. versionadded:: 0.1.0
    """
    said, true = _sets(found, truth)
    both = LinkSet(np.intersect1d(said.keys, true.keys, assume_unique=True), said.left_size, said.right_size)
    mine, theirs, common = said.per_record(), true.per_record(), both.per_record()
    whole = (mine == common) & (theirs == common) & (common > 0)
    return Evaluation(
        pairwise=_scores(len(both), len(said), len(true)),
        bcubed=Scores(_mean((common + 1) / (mine + 1)), _mean((common + 1) / (theirs + 1))),
        clusters=_scores(int(whole.sum()), int((mine > 0).sum()), int((theirs > 0).sum())),
        true_pairs=len(true),
        found_pairs=len(said),
        common_pairs=len(both),
    )


def _sets(found: Linking | Iterable[Link], truth: Iterable[Link]) -> tuple[LinkSet, LinkSet]:
    if is_linking(found):
        run = cast("Linking", found)
        return LinkSet.of_run(run), LinkSet.true_for(run, truth)
    left: Numbers = {}
    right: Numbers = {}
    numbered = [
        np.array([(left.setdefault(a, len(left)), right.setdefault(b, len(right))) for a, b in links], dtype=np.int64)
        for links in (cast("Iterable[Link]", found), truth)
    ]
    said, true = (LinkSet.of_rows(rows.reshape(-1, 2), len(left), len(right)) for rows in numbered)
    return said, true


def _numbers(ids: Sequence[object]) -> Numbers:
    return {record_id: row for row, record_id in enumerate(ids)}


def _scores(common: int, said: int, true: int) -> Scores:
    return Scores(common / said if said else 1.0, common / true if true else 1.0)


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else 1.0
