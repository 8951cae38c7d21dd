"""Which scored pairs between two tables are links, where records may be linked once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.int32]
    Scores = NDArray[np.float64]

__all__ = ["ONLY_CANDIDATE", "choose_links", "match_many_to_one", "match_one_to_one"]

ONLY_CANDIDATE = 4.0
"""How far under a cut that nobody asked for a pair of log odds is still a link, if it is the best of both its records
and neither table has duplicates: being the only candidate is evidence."""


def choose_links(
    left: Rows,
    right: Rows,
    log_odds: Scores,
    *,
    cut: float,
    one_to_one: bool,
    many_to_one: bool,
    contents: NDArray[np.uint64] | None = None,
) -> NDArray[np.bool_]:
    """Say of each scored pair whether it is a link.

    Of pairs with equal scores what their records say decides, by ``contents``, and between copies the smaller row.
    """
    if one_to_one or many_to_one:
        ties = np.zeros(len(left), dtype=np.uint64) if contents is None else contents[left] + contents[right]
        if one_to_one:
            chosen = match_one_to_one(left, right, log_odds, least=cut, ties=ties)
        else:
            chosen = match_many_to_one(left, right, log_odds, least=cut, ties=ties)
    else:
        chosen = np.flatnonzero(log_odds > cut)
    linked = np.zeros(len(left), dtype=bool)
    linked[chosen] = True
    return linked


def match_many_to_one(
    left: Rows, right: Rows, log_odds: Scores, *, least: float, ties: NDArray[np.uint64] | None = None
) -> NDArray[np.intp]:
    """Choose for each left record its best right record above ``least``; of equals by ``ties``, then the smaller row.

    Returns:
        Positions of the chosen pairs, ascending. O(pairs log pairs).
    """
    open_ = np.flatnonzero(log_odds > least)
    between = right[open_] if ties is None else ties[open_]
    open_ = open_[np.lexsort((right[open_], between, -_rounded(log_odds[open_]), left[open_]))]
    first = np.flatnonzero(np.diff(left[open_], prepend=-1))
    return np.sort(open_[first])


_ROUNDS = 4
"""Rounds over whole arrays, after which few pairs are left; a chain of pairs would take a round for each."""


def match_one_to_one(
    left: Rows, right: Rows, log_odds: Scores, *, least: float, ties: NDArray[np.uint64] | None = None
) -> NDArray[np.intp]:
    """Choose pairs by descending score so that no record is used twice; of equals by ``ties``, then the smaller rows.

    Returns:
        Positions of the chosen pairs, ascending.

    Note:
        Greedy: pairs that are the best of both their records are taken together, what is left one by one.
        O(pairs log pairs).
    """
    open_ = np.flatnonzero(log_odds >= least)
    between = left[open_] if ties is None else ties[open_]
    open_ = open_[np.lexsort((right[open_], left[open_], between, -_rounded(log_odds[open_])))]
    chosen: list[NDArray[np.intp]] = []
    for _ in range(_ROUNDS):
        place = np.arange(len(open_))
        best_left, best_right = _first_place(left[open_], place), _first_place(right[open_], place)
        taken = open_[(best_left == place) & (best_right == place)]
        chosen.append(taken)
        open_ = open_[~(np.isin(left[open_], left[taken]) | np.isin(right[open_], right[taken]))]
    used: set[int] = set()
    rest = []
    for pair, a, b in zip(open_.tolist(), left[open_].tolist(), right[open_].tolist(), strict=True):
        if a not in used and b not in used:
            used |= {a, b}
            rest.append(pair)
    return np.sort(np.concatenate([*chosen, np.array(rest, dtype=np.intp)]))


def _rounded(log_odds: Scores) -> Scores:
    """Hold scores to nine digits: rounding errors of the estimation depend on the order of rows."""
    return np.round(log_odds, 9)


def _first_place(rows: Rows, place: NDArray[np.intp]) -> NDArray[np.intp]:
    _, first, back = np.unique(rows, return_index=True, return_inverse=True)
    return np.asarray(place[first][back.ravel()])
