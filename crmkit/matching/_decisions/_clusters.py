"""From scored pairs to clusters: components over weak edges, then average linkage on clipped log odds.

Components alone would let one false link join two parties for good. Within a component of three or more records every
pair is scored, also those that no rule produced, and clusters are merged while the mean of their pairs speaks for it.
A pair against counts less than a pair for, because the errors of one bad record are not independent.
"""

from __future__ import annotations

import heapq
import itertools
from typing import TYPE_CHECKING

import attrs
import numpy as np

from crmkit.matching._pairs._blocks import pairs_within
from crmkit.matching._sorting import distinct

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Rows = NDArray[np.int32]
    Scores = NDArray[np.float64]

__all__ = ["Clustering", "average_linkage", "cluster", "components"]

EDGE = -1.0
"""Log odds, relative to the threshold, from which a pair joins a component."""

MOST_FOR, MOST_AGAINST = 6.0, -2.0
VETO = -1e6
"""Log odds that keep two records apart whatever speaks for their union; ``score`` gives it, or less, to forbid one."""

_TIES = 1e-6
_DIGITS = 9
"""Digits of a mean that are compared: rounding errors depend on the order of adding up."""

LARGEST = 400
_BATCH = 4_000_000


@attrs.frozen(eq=False)
class Clustering:
    """Cluster of each row, numbered in order of first row; how many rows stood in components too large to score."""

    labels: NDArray[np.int64]
    oversized: int = 0

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Rows in each cluster."""
        return np.bincount(self.labels)


def components(n: int, left: Rows, right: Rows) -> NDArray[np.int64]:
    """Return for each of n rows the smallest row that it is connected with.

    Note:
        Vectorized union-find: hooking on smaller roots with pointer jumping, O(log n) rounds over the edges.
    """
    root = np.arange(n)
    a, b = left.astype(np.int64), right.astype(np.int64)
    while len(a):
        first, second = root[a], root[b]
        apart = first != second
        a, b, first, second = a[apart], b[apart], first[apart], second[apart]
        np.minimum.at(root, np.maximum(first, second), np.minimum(first, second))
        while True:
            jumped = root[root]
            if np.array_equal(jumped, root):
                break
            root = jumped
    return root


def cluster(
    n: int,
    left: Rows,
    right: Rows,
    log_odds: Scores,
    score: Callable[[Rows, Rows], Scores],
    *,
    threshold: float = 0.0,
    largest: int = LARGEST,
    contents: NDArray[np.uint64] | None = None,
) -> Clustering:
    """Cluster n rows.

    Args:
        n: Number of rows.
        left: Smaller row of each scored pair.
        right: Larger row.
        log_odds: Their log odds.
        score: Gives the log odds of any pairs, for those that no blocking rule produced.
        threshold: Log odds above which two records count as one.
        largest: Components with more members are clustered on the given pairs alone, and reported.
        contents: A number for each row that decides between unions of equal score; without it the smaller row does.

    Returns:
        Labels that do not depend on the order of the pairs.
    """
    edges = log_odds > threshold + EDGE
    a, b, odds = left[edges], right[edges], log_odds[edges] - threshold
    root = components(n, a, b)
    size = np.bincount(root, minlength=n)
    labels = root.copy()
    pair_size = size[root[a]] if len(a) else np.empty(0, dtype=np.int64)
    two = (pair_size == 2) & (odds <= 0.0)
    labels[b[two]] = b[two]
    if (size > largest).any():
        forbidden = log_odds <= VETO / 2
        inside = forbidden & (root[left] == root[right])
        wide_left, wide_right = np.concatenate([a, left[inside]]), np.concatenate([b, right[inside]])
        wide_odds = np.concatenate([odds, log_odds[inside]])
        _split_large(labels, root, size, wide_left, wide_right, wide_odds, largest, contents)
    members = np.flatnonzero((size[root] >= 3) & (size[root] <= largest))
    if len(members):
        place = members if contents is None else contents[members]
        _split_medium(labels, members[np.lexsort((place, root[members]))], root, score, threshold)
    return Clustering(_numbered(labels), int(size[size > largest].sum()))


def _numbered(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number clusters in the order of their first rows; each label is one of its rows."""
    rows = np.arange(len(labels))
    first = np.empty(len(labels), dtype=np.int64)
    first[labels[::-1]] = rows[::-1]
    first = first[labels]
    return np.asarray((np.cumsum(first == rows) - 1)[first])


def _split_medium(
    labels: NDArray[np.int64],
    members: NDArray[np.int64],
    root: NDArray[np.int64],
    score: Callable[[Rows, Rows], Scores],
    threshold: float,
) -> None:
    """Average linkage in every component of ``members`` (sorted by root), those of one size at a time.

    Of unions with equal score that of the members standing first is made.
    """
    edges = np.concatenate([[0], np.flatnonzero(np.diff(root[members])) + 1, [len(members)]])
    starts, sizes = edges[:-1], np.diff(edges)
    for size in distinct(sizes).tolist():
        of_size = starts[sizes == size]
        step = max(1, _BATCH // (size * size))
        for begin in range(0, len(of_size), step):
            chosen = of_size[begin : begin + step]
            rows = members[chosen[:, None] + np.arange(size)]
            i, j = pairs_within(np.zeros(1, dtype=np.int64), np.array([size]))
            a, b = rows[:, i].ravel().astype(np.int32), rows[:, j].ravel().astype(np.int32)
            odds = score(np.minimum(a, b), np.maximum(a, b)) - threshold
            matrix = np.zeros((len(chosen), size, size))
            matrix[:, i, j] = clip(odds).reshape(len(chosen), -1)
            matrix[:, j, i] = matrix[:, i, j]
            owner = average_linkage(matrix)
            labels[rows] = np.take_along_axis(rows, owner, axis=1)


def clip(log_odds: Scores) -> Scores:
    """Hold scores between the limits, but for a veto; beyond them what was clipped off decides between equals.

    So that it is the evidence that breaks a tie, and not the order of the rows.
    """
    held = np.clip(log_odds, MOST_AGAINST, MOST_FOR) + _TIES * np.clip(log_odds, -100.0, 100.0)
    return np.where(log_odds <= VETO / 2, VETO, held)


def average_linkage(scores: Scores) -> NDArray[np.int64]:
    """Merge the two clusters with the highest mean score while it is above 0; many problems of one size at once.

    Args:
        scores: Shape (problems, size, size), symmetric; the diagonal is not read.

    Returns:
        For each problem and member the smallest member of its cluster.

    Note:
        O(size) rounds over the arrays. A problem without a negative score is one cluster, without any round.
    """
    problems, size, _ = scores.shape
    owner = np.tile(np.arange(size), (problems, 1))
    i, j = np.triu_indices(size, 1)
    whole = (scores[:, i, j] > 0.0).all(axis=1)
    owner[whole] = 0
    open_ = np.flatnonzero(~whole)
    total = scores[open_].copy()
    count = np.ones((len(open_), size))
    diagonal = np.arange(size)
    for _ in range(size - 1):
        if not len(open_):
            break
        mean = total / (count[:, :, None] * count[:, None, :])
        mean[:, diagonal, diagonal] = -np.inf
        flat = np.round(mean.reshape(len(open_), -1), _DIGITS)
        best = flat.argmax(axis=1)
        going = np.flatnonzero(flat[np.arange(len(open_)), best] > 0.0)
        if len(going) < len(open_):
            open_, total, count, best = open_[going], total[going], count[going], best[going]
        every = np.arange(len(open_))
        keep, gone = best // size, best % size
        keep, gone = np.minimum(keep, gone), np.maximum(keep, gone)
        total[every, keep, :] += total[every, gone, :]
        total[every, :, keep] += total[every, :, gone]
        count[every, keep] += count[every, gone]
        total[every, gone, :] = -np.inf
        total[every, :, gone] = -np.inf
        mine = owner[open_]
        owner[open_] = np.where(mine == gone[:, None], keep[:, None], mine)
    return owner


def _split_large(
    labels: NDArray[np.int64],
    root: NDArray[np.int64],
    size: NDArray[np.int64],
    left: Rows,
    right: Rows,
    odds: Scores,
    largest: int,
    contents: NDArray[np.uint64] | None,
) -> None:
    """Average linkage on the given pairs alone, for components too large to score all pairs of."""
    inside = np.flatnonzero(size[root[left]] > largest)
    inside = inside[np.argsort(root[left[inside]], kind="stable")]
    edges = np.concatenate([[0], np.flatnonzero(np.diff(root[left[inside]])) + 1, [len(inside)]])
    for start, end in itertools.pairwise(edges.tolist()):
        part = inside[start:end]
        if (odds[part] > 0.0).all():
            continue
        rows = distinct(np.concatenate([left[part], right[part]]).astype(np.int64))
        a, b = np.searchsorted(rows, left[part]), np.searchsorted(rows, right[part])
        says = rows.astype(np.uint64) if contents is None else contents[rows]
        labels[rows] = rows[_linkage_of_contents(says, a, b, odds[part])]


def _linkage_of_contents(
    says: NDArray[np.uint64], left: NDArray[np.intp], right: NDArray[np.intp], odds: Scores
) -> NDArray[np.int64]:
    """Cluster what records say instead of records, so that neither their order nor that of their copies counts.

    Copies of one record are one where a pair of them speaks for it, and every pair of contents counts once: which of
    the copies met which other record hangs on where they stand.

    Returns:
        For each record the first one of its cluster.
    """
    n = len(says)
    copies = (says[left] == says[right]) & (odds > 0.0)
    one = components(n, left[copies].astype(np.int32), right[copies].astype(np.int32))
    order = np.lexsort((np.arange(n), says))
    order = order[one[order] == order]  # the nodes, by content
    node = np.empty(n, dtype=np.int64)
    node[order] = np.arange(len(order))
    node = node[one]
    a, b = np.minimum(node[left], node[right]), np.maximum(node[left], node[right])
    apart = np.flatnonzero(a != b)
    apart = apart[np.lexsort((odds[apart], b[apart], a[apart]))]  # a veto comes first
    first = (np.diff(a[apart], prepend=-1) != 0) | (np.diff(b[apart], prepend=-1) != 0)
    once = apart[first]
    owner = _sparse_linkage(len(order), a[once], b[once], clip(odds[once]))[node]
    smallest = np.full(len(order), n)
    np.minimum.at(smallest, owner, np.arange(n))
    return smallest[owner]


def _sparse_linkage(n: int, left: NDArray[np.int64], right: NDArray[np.int64], scores: Scores) -> NDArray[np.int64]:
    """Average linkage over some of the pairs, by a heap with outdated entries skipped; of equals the smaller ones."""
    near: list[dict[int, tuple[float, int]]] = [{} for _ in range(n)]
    for a, b, odds in zip(left.tolist(), right.tolist(), scores.tolist(), strict=True):
        near[a][b] = near[b][a] = (odds, 1)
    heap = [
        (-round(total / count, _DIGITS), a, b)
        for a in range(n)
        for b, (total, count) in near[a].items()
        if a < b and total > 0.0
    ]
    heapq.heapify(heap)
    owner = list(range(n))
    while heap:
        mean, keep, gone = heapq.heappop(heap)
        entry = near[keep].get(gone)
        if entry is None or -round(entry[0] / entry[1], _DIGITS) != mean:
            continue
        if len(near[keep]) < len(near[gone]):
            keep, gone = gone, keep
        owner[gone] = keep
        del near[keep][gone], near[gone][keep]
        for other, (total, count) in near[gone].items():
            del near[other][gone]
            old_total, old_count = near[keep].get(other, (0.0, 0))
            entry = (old_total + total, old_count + count)
            near[keep][other] = near[other][keep] = entry
            if entry[0] > 0.0:
                heapq.heappush(heap, (-round(entry[0] / entry[1], _DIGITS), min(keep, other), max(keep, other)))
        near[gone].clear()
    result = np.array(owner)
    while True:
        jumped = result[result]
        if np.array_equal(jumped, result):
            return result
        result = jumped
