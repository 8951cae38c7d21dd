"""Ids of clusters that stay the same from run to run, and what happened where they could not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import attrs
import numpy as np

from crmkit.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["ClusterEvent", "ClusterIds", "carry_over"]


@attrs.frozen
class ClusterEvent:
    """What became of a cluster since the run before.

    Attributes:
        kind: ``"join"``: records of several clusters are one now. ``"split"``: records of one cluster are in several
            now. ``"gone"``: none of its records is in the table any more.
        cluster_id: Of a join the cluster that they are in now, else the cluster that was.
        others: Of a join the clusters that went into it, of a split the clusters that the rest is in now; sorted.

    Example:
        >>> ClusterEvent("join", 4, (9,))
        ClusterEvent(kind='join', cluster_id=4, others=(9,))

    .. versionadded:: 0.1.0
    """

    kind: Literal["join", "split", "gone"]
    cluster_id: int
    others: tuple[int, ...] = ()


@attrs.frozen(eq=False, repr=False)
class ClusterIds:
    """The cluster of every record of a run.

    Attributes:
        records: Record ids as text, in the order of the table.
        clusters: The cluster id of each.
        following: The first id that no cluster ever had.
    """

    records: Sequence[str]
    clusters: NDArray[np.int64]
    following: int


def carry_over(
    known: Mapping[str, int],
    following: int,
    records: Sequence[str],
    labels: NDArray[np.int64],
    *,
    golden: Collection[str] = (),
) -> tuple[NDArray[np.int64], int, tuple[ClusterEvent, ...]]:
    """Give the clusters of a run the ids that their records had before.

    An id goes to the cluster with the most of its records, among equals to the one with its golden record; a cluster
    of several ids takes the one that gave it the most records, among equals the oldest. Ids are never used again, and
    the order of rows does not matter.

    Args:
        known: Record id -> cluster id before.
        following: The first id that no cluster ever had.
        records: Record ids of this run.
        labels: The cluster of each, counted from 0 without gaps.
        golden: Records that others were merged into.

    Returns:
        The id of each label, the next id that is free, and what was joined, split, or is gone.

    Raises:
        SchemaError: Not one record is known.
    """
    before = np.fromiter((known.get(record, -1) for record in records), dtype=np.int64, count=len(records))
    if len(records) and known and not (before >= 0).any():
        raise SchemaError(
            "none of the records of the previous log is in this table; it is the log of another table, or key= names "
            "another column than then"
        )
    count = int(labels.max(initial=-1)) + 1
    place = np.flatnonzero(before >= 0)
    pairs, back = np.unique(np.stack([labels[place], before[place]], axis=1), axis=0, return_inverse=True)
    chief = np.fromiter((records[row] in golden for row in place.tolist()), dtype=np.float64, count=len(place))
    most = np.bincount(back.ravel(), minlength=len(pairs))
    chiefs = np.bincount(back.ravel(), weights=chief, minlength=len(pairs))
    first = _first_records(records, labels, count)
    ids = np.full(count, -1, dtype=np.int64)
    taken: set[int] = set()
    for k in np.lexsort((first[pairs[:, 0]], pairs[:, 1], -chiefs, -most)).tolist():
        label, old = int(pairs[k, 0]), int(pairs[k, 1])
        if ids[label] < 0 and old not in taken:
            ids[label] = old
            taken.add(old)
    new = np.flatnonzero(ids < 0)
    new = new[np.argsort(first[new], kind="stable")]
    ids[new] = np.arange(following, following + len(new))
    return ids, following + len(new), _events(pairs, ids, set(known.values()))


def _first_records(records: Sequence[str], labels: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return for each cluster the place that its first record has when all are sorted by id."""
    first = np.full(count, len(records), dtype=np.int64)
    order = sorted(range(len(records)), key=records.__getitem__)
    np.minimum.at(first, labels[order], np.arange(len(records)))
    return first


def _events(pairs: NDArray[np.int64], ids: NDArray[np.int64], known: set[int]) -> tuple[ClusterEvent, ...]:
    olds: dict[int, list[int]] = {}
    news: dict[int, list[int]] = {}
    for label, old in pairs.tolist():
        olds.setdefault(int(ids[label]), []).append(old)
        news.setdefault(old, []).append(int(ids[label]))
    found = [ClusterEvent("join", new, tuple(sorted(set(came) - {new}))) for new, came in olds.items() if len(came) > 1]
    found += [
        ClusterEvent("split", old, tuple(sorted(set(went) - {old}))) for old, went in news.items() if len(went) > 1
    ]
    found += [ClusterEvent("gone", old) for old in known - news.keys()]
    return tuple(sorted(found, key=lambda event: (event.kind, event.cluster_id)))
