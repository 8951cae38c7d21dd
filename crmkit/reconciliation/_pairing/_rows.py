"""Which row on the left belongs to which on the right: by key, exactly; what has no partner; what has several.

Keys are 64-bit hashes of one run, sorted and merged. A hash that the other side lacks proves that the key is not there;
two equal hashes prove nothing, so the keys of every pair that is looked at are compared themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    Positions = NDArray[np.int64]
    Hashes = NDArray[np.uint64]
    Codes = NDArray[np.int64]

__all__ = ["Pairing", "Rows", "pair_rows"]

_MOST_RIVALS = 100
"""A key that is there more often on a side is paired in order."""


@attrs.frozen(eq=False)
class Pairing:
    """Positions that belong together, and those that stay alone.

    Attributes:
        left: Positions of the left table; ``left[i]`` belongs to ``right[i]``.
        right: Positions of the right table.
        missing: Positions that only the left table has, ascending.
        unexpected: Positions that only the right table has, ascending.
        doubled_left: Positions of the left table whose key is there more than once, ascending.
        doubled_right: The same for the right table.
    """

    left: Positions
    right: Positions
    missing: Positions
    unexpected: Positions
    doubled_left: Positions
    doubled_right: Positions


@attrs.frozen(eq=False, kw_only=True)
class Rows:
    """Which rows belong together, and what is the matter with the others.

    Attributes:
        pairing: Pairs of rows, and those without a partner.
        no_key_left: Rows of the left table whose key is missing.
        no_key_right: The same on the right.
        loosely: Rows of the left table that found a partner only by a key that almost agrees.
    """

    pairing: Pairing
    no_key_left: Positions
    no_key_right: Positions
    loosely: Positions


def pair_rows(
    keys: tuple[Hashes, Hashes],
    contents: tuple[Hashes, Hashes],
    *,
    keyed: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    codes: Callable[[Positions, Positions], tuple[Codes, Codes]],
) -> Pairing:
    """Pair rows of equal keys.

    Args:
        keys: Hash of each row's key, left and right.
        contents: Hash of each row's other cells: rows of a repeated key with equal contents are partners.
        keyed: Which rows have a key; the others stay alone.
        codes: Gives for some left and some right rows numbers for their cells, equal where the cells are, shape
            ``(columns, rows)``; by them the other rows of a repeated key find the partner that they share most with.

    Note:
        O(n log n); O(n) where both tables have the same keys in the same order, as after an export and import.
    """
    n, m = len(keys[0]), len(keys[1])
    if n == m and np.array_equal(keys[0], keys[1]) and keyed[0].all() and keyed[1].all():
        ordered = np.sort(keys[0])
        if not (ordered[1:] == ordered[:-1]).any():
            rows, none = np.arange(n, dtype=np.int64), np.empty(0, dtype=np.int64)
            return Pairing(rows, rows, none, none, none, none)
    left, right = _Side.of(keys[0], keyed[0]), _Side.of(keys[1], keyed[1])
    place = np.searchsorted(right.keys, left.keys)
    there = place < len(right.keys)
    there[there] = right.keys[place[there]] == left.keys[there]
    single = there.copy()
    single[there] = (left.counts[there] == 1) & (right.counts[place[there]] == 1)
    pairs_left = [left.rows[left.starts[single]]]
    pairs_right = [right.rows[right.starts[place[single]]]]
    rivals = []
    for at in np.flatnonzero(there & ~single).tolist():
        equal, mine, yours = _equal_first(left.group(at), right.group(int(place[at])), contents)
        pairs_left.append(equal[0])
        pairs_right.append(equal[1])
        if len(mine) and len(yours):
            rivals.append((mine, yours))
    for mine, yours in _nearest(rivals, codes):
        pairs_left.append(mine)
        pairs_right.append(yours)
    partner, used_right = np.full(n, -1, dtype=np.int64), np.zeros(m, dtype=bool)
    for mine, yours in zip(pairs_left, pairs_right, strict=True):
        partner[mine] = yours
        used_right[yours] = True
    paired = np.flatnonzero(partner >= 0)
    return Pairing(
        paired,
        partner[paired],
        np.flatnonzero(partner < 0),
        np.flatnonzero(~used_right),
        left.doubled(),
        right.doubled(),
    )


@attrs.frozen(eq=False)
class _Side:
    """The rows of one table by key: ``rows[starts[k] : starts[k] + counts[k]]`` have ``keys[k]``, in their order."""

    rows: Positions
    keys: Hashes
    starts: Positions
    counts: Positions

    @classmethod
    def of(cls, keys: Hashes, keyed: NDArray[np.bool_]) -> _Side:
        rows = None if keyed.all() else np.flatnonzero(keyed)
        held = keys if rows is None else keys[rows]
        order = np.argsort(held)  # not the stable sort, which takes several times as long
        rows, ordered = order if rows is None else rows[order], held[order]
        is_first = np.concatenate([[True], ordered[1:] != ordered[:-1]]) if len(rows) else np.empty(0, dtype=bool)
        if is_first.all():  # the usual case, in which nothing has to be held twice
            return cls(rows, ordered, np.arange(len(rows)), np.broadcast_to(np.int64(1), rows.shape))
        starts = np.flatnonzero(is_first)
        counts = np.diff(np.concatenate([starts, [len(rows)]]))
        several = np.flatnonzero(np.repeat(counts > 1, counts))
        rows[several] = rows[several][np.lexsort((rows[several], ordered[several]))]
        return cls(rows, ordered[starts], starts, counts)

    def group(self, at: int) -> Positions:
        start = int(self.starts[at])
        return self.rows[start : start + int(self.counts[at])]

    def doubled(self) -> Positions:
        return np.sort(self.rows[np.repeat(self.counts > 1, self.counts)])


def _equal_first(
    left: Positions, right: Positions, contents: tuple[Hashes, Hashes]
) -> tuple[tuple[Positions, Positions], Positions, Positions]:
    """Pair the rows of one repeated key that have equal contents; return them and those that are left over."""
    waiting: dict[Any, list[int]] = {}
    for row, content in zip(right[::-1].tolist(), contents[1][right[::-1]].tolist(), strict=True):
        waiting.setdefault(content, []).append(row)
    first, second, rest = [], [], []
    for row, content in zip(left.tolist(), contents[0][left].tolist(), strict=True):
        same = waiting.get(content)
        if same:
            first.append(row)
            second.append(same.pop())
        else:
            rest.append(row)
    over = sorted(row for same in waiting.values() for row in same)
    as_rows = (np.asarray(rows, dtype=np.int64) for rows in (first, second, rest, over))
    one, other, mine, yours = as_rows
    return (one, other), mine, yours


def _nearest(
    rivals: Sequence[tuple[Positions, Positions]], codes: Callable[[Positions, Positions], tuple[Codes, Codes]]
) -> Iterator[tuple[Positions, Positions]]:
    """Pair the rows of each group, those that share most cells first, ties in the order of the tables."""
    if not rivals:
        return
    mine, yours = codes(np.concatenate([a for a, _ in rivals]), np.concatenate([b for _, b in rivals]))
    start = other_start = 0
    for left, right in rivals:
        a, b = mine[:, start : start + len(left)], yours[:, other_start : other_start + len(right)]
        start, other_start = start + len(left), other_start + len(right)
        n = min(len(left), len(right))
        if len(left) > _MOST_RIVALS or len(right) > _MOST_RIVALS:
            yield left[:n], right[:n]
            continue
        shared = (a[:, :, None] == b[:, None, :]).sum(axis=0)
        order = np.argsort(-shared, axis=None, kind="stable")
        taken, partner = np.full(len(left), -1), np.zeros(len(right), dtype=bool)
        for one, other in zip(*np.unravel_index(order, shared.shape), strict=True):
            if taken[one] < 0 and not partner[other]:
                taken[one], partner[other] = other, True
        found = np.flatnonzero(taken >= 0)
        yield left[found], right[taken[found]]
