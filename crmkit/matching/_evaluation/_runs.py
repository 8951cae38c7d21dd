"""What changed between two runs over the same records: pairs gained and lost, and whether that was right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

import attrs
import numpy as np

from crmkit import _notebook, frames
from crmkit.errors import InvalidValueError, ShapeError

from ._links import LinkSet, is_linking

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from numpy.typing import NDArray

    from crmkit.typing import Frame, JSONValue

    from ._links import Linking

__all__ = ["RunComparison", "compare_runs"]


class Grouping(Protocol):
    """Records and the clusters that they were put into, such as a ``MatchReport`` or a ``RuleReport``."""

    @property
    def record_ids(self) -> Sequence[object]: ...

    @property
    def labels(self) -> NDArray[np.int64]: ...


_SHOWN = 1_000_000
"""Pairs that are listed at most; all are counted."""


@attrs.frozen(kw_only=True, repr=False)
class RunComparison:
    """Pairs that are together (for runs over two tables: linked) in one run and apart in the other.

    Attributes:
        gained: Record ids of pairs that only the second run joins; at most a million. Of links the left table's first.
        lost: Those that only the first run joins.
        gained_pairs: How many pairs were gained.
        lost_pairs: How many were lost.
        kept_pairs: How many are together in both.
        gained_right: How many of the gained pairs match, where the truth is given.
        lost_right: How many of the lost pairs match.

    .. versionadded:: 0.1.0
    """

    gained: tuple[tuple[object, object], ...]
    lost: tuple[tuple[object, object], ...]
    gained_pairs: int
    lost_pairs: int
    kept_pairs: int
    gained_right: int | None = None
    lost_right: int | None = None

    def __repr__(self) -> str:
        return f"<RunComparison: {self.gained_pairs} gained, {self.lost_pairs} lost, {self.kept_pairs} kept>"

    def _repr_html_(self) -> str:
        rows = [
            ("together in both", self.kept_pairs, None), ("only in the second", self.gained_pairs, self.gained_right),
            ("only in the first", self.lost_pairs, self.lost_right),
        ]  # fmt: skip
        judged = self.gained_right is not None
        heads = ("", "pairs", "that match")
        return _notebook.sheet(
            "Two runs", "", _notebook.table(heads[: 2 + judged], [row[: 2 + judged] for row in rows])
        )

    def __str__(self) -> str:
        lines = [f"{self.kept_pairs:,} pairs are together in both runs"]
        for name, number, right in (
            ("gained", self.gained_pairs, self.gained_right),
            ("lost", self.lost_pairs, self.lost_right),
        ):
            judged = "" if right is None else f": {right:,} match, {number - right:,} do not"
            lines.append(f"{number:,} pairs {name}{judged}")
        return "\n".join(lines)

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return the pairs that were gained and lost (change, left, right) as a frame of the kind of ``like``."""
        pairs = [("gained", *pair) for pair in self.gained] + [("lost", *pair) for pair in self.lost]
        columns: dict[str, list[object]] = {
            name: [pair[at] for pair in pairs] for at, name in enumerate(("change", "left", "right"))
        }
        return frames.build(columns, like=like)

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the counts as plain data, without record ids."""
        return {
            "gained": self.gained_pairs,
            "lost": self.lost_pairs,
            "kept": self.kept_pairs,
            "gained_right": self.gained_right,
            "lost_right": self.lost_right,
        }


def compare_runs(
    before: Grouping | Linking,
    after: Grouping | Linking,
    truth: Sequence[Hashable] | Iterable[tuple[Hashable, Hashable]] | None = None,
) -> RunComparison:
    """Compare the clusters of two runs over the same records, or the links of two runs over the same two tables.

    Records are found by their ids, in whatever order each run read them; runs that name them by row position need one
    order.

    Args:
        before: A run, or what a vendor's rules found.
        after: Another one, such as with another threshold, other comparisons, or labels.
        truth: If it is known: the true party of each record, in the order of the first run; for links the true ones, as
            (left record id, right record id).

    Raises:
        ShapeError: The runs are over different records, or ``truth`` has another length.
        InvalidValueError: One is no run, or one is over one table and the other over two.
        NotFoundError: A true link names a record that its table does not have.

    Example:
        >>> from crmkit.matching import Matcher
        >>> from crmkit.testing import generate
        >>> people = generate.contacts(300, seed=1)
        >>> first, second = (Matcher.contacts(threshold=at).dedupe(people.columns) for at in (0.5, 0.999))
        >>> compare_runs(first, second).gained_pairs
        0

    Note:
        O(records + pairs).

    .. versionadded:: 0.1.0
    """
    if is_linking(before) and is_linking(after):
        links = None if truth is None else cast("Iterable[tuple[Hashable, Hashable]]", truth)
        return _compare_links(cast("Linking", before), cast("Linking", after), links)
    if not all(hasattr(run, "record_ids") and hasattr(run, "labels") for run in (before, after)):
        raise InvalidValueError("two runs over one table can be compared, or two over the same two tables")
    labels = None if truth is None else cast("Sequence[Hashable]", truth)
    return _compare_clusters(cast("Grouping", before), cast("Grouping", after), labels)


def _compare_clusters(before: Grouping, after: Grouping, truth: Sequence[Hashable] | None) -> RunComparison:
    ids = list(before.record_ids)
    place = _places(ids, list(after.record_ids))
    if truth is not None and len(truth) != len(ids):
        raise ShapeError("truth must have one label a record", expected=len(ids), actual=len(truth))
    one, two = before.labels, after.labels[place]
    lost, gained = _apart(one, two), _apart(two, one)
    both = np.unique(np.stack([one, two]), axis=1, return_counts=True)[1]
    numbers: dict[Hashable, int] = {}
    true = None if truth is None else np.array([numbers.setdefault(label, len(numbers)) for label in truth])

    def right(pairs: NDArray[np.int64]) -> int | None:
        return None if true is None else int((true[pairs[:, 0]] == true[pairs[:, 1]]).sum())

    return RunComparison(
        gained=_named(gained, ids, ids),
        lost=_named(lost, ids, ids),
        gained_pairs=len(gained),
        lost_pairs=len(lost),
        kept_pairs=int((both * (both - 1) // 2).sum()),
        gained_right=right(gained),
        lost_right=right(lost),
    )


def _compare_links(before: Linking, after: Linking, truth: Iterable[tuple[Hashable, Hashable]] | None) -> RunComparison:
    left, right = list(before.left_ids), list(before.right_ids)
    one, two = LinkSet.of_run(before), LinkSet.of_run(after)
    places = [_places(left, list(after.left_ids)), _places(right, list(after.right_ids))]
    rows = [np.argsort(place)[column] for place, column in zip(places, two.rows.T, strict=True)]
    two = LinkSet.of_rows(np.stack(rows, axis=1), len(left), len(right))
    true = None if truth is None else LinkSet.true_for(before, truth)
    lost, gained = one.but(two), two.but(one)
    return RunComparison(
        gained=_named(gained, left, right),
        lost=_named(lost, left, right),
        gained_pairs=len(gained),
        lost_pairs=len(lost),
        kept_pairs=len(one) - len(lost),
        gained_right=None if true is None else int(true.holds(gained).sum()),
        lost_right=None if true is None else int(true.holds(lost).sum()),
    )


def _places(ids: Sequence[object], others: Sequence[object]) -> NDArray[np.int64]:
    """Return where each record of one run stands in the other, which may have read them in another order.

    Raises:
        ShapeError: One has a record that the other has not.
    """
    if ids == others:
        return np.arange(len(ids))
    place = {record_id: row for row, record_id in enumerate(others)}
    if len(ids) != len(others) or not all(record_id in place for record_id in ids):
        raise ShapeError("the runs are over different records", expected=len(ids), actual=len(others))
    return np.array([place[record_id] for record_id in ids], dtype=np.int64)


def _named(
    pairs: NDArray[np.int64], left: Sequence[object], right: Sequence[object]
) -> tuple[tuple[object, object], ...]:
    return tuple((left[a], right[b]) for a, b in pairs[:_SHOWN].tolist())


def _apart(labels: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the pairs of rows that ``labels`` puts together and ``others`` does not."""
    order = np.argsort(labels, kind="stable")
    grouped = labels[order]
    found = [np.empty((0, 2), dtype=np.int64)]
    for step in range(1, len(order)):
        together = np.flatnonzero(grouped[step:] == grouped[:-step])
        if not len(together):
            break
        a, b = order[together], order[together + step]
        apart = others[a] != others[b]
        found.append(np.stack([np.minimum(a, b)[apart], np.maximum(a, b)[apart]], axis=1))
    pairs = np.concatenate(found)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
