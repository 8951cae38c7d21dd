"""What estimation looks at: a sample of the candidate pairs, compressed to patterns, and random pairs for chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crmkit.matching._kinds._people import GIVEN_HALF_SWAPPED, GIVEN_SWAPPED
from crmkit.matching.comparisons import KINDS

from ._levels import PairLevels, compare_pairs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from crmkit.matching._learning._model import FloatArray
    from crmkit.matching._reading._encode import Encoded

    from ._blocking import Candidates

__all__ = ["chance_tables", "compress", "sample_candidates"]

SAMPLE_PER_RULE = 2_000
_RANDOM_PAIRS = 50_000
_PRIOR_CHANCE = 200.0


def sample_candidates(
    candidates: Candidates, contents: NDArray[np.uint64], *, seed: int, per_rule: int = SAMPLE_PER_RULE
) -> tuple[NDArray[np.intp], FloatArray]:
    """Take up to ``per_rule`` of the pairs that each rule was first to produce.

    Which ones hangs on the seed and on what the records say (``contents``), not on the order of rows.

    Returns:
        Positions of the pairs, and for each how many pairs it stands for.
    """
    random = np.random.default_rng(seed)
    positions, weights = [np.empty(0, dtype=np.intp)], [np.empty(0)]
    for rule in range(len(candidates.uses)):
        found = np.flatnonzero(candidates.rule == rule)
        taken = found
        if len(found) > per_rule:
            of_pair = contents[candidates.left[found]] + contents[candidates.right[found]]
            drawn = random.choice(len(found), per_rule, replace=False)
            taken = np.sort(found[np.argsort(of_pair, kind="stable")[drawn]])
        if len(taken):
            positions.append(taken)
            weights.append(np.full(len(taken), len(found) / len(taken)))
    return np.concatenate(positions), np.concatenate(weights)


def compress(pairs: PairLevels, weights: FloatArray) -> tuple[PairLevels, FloatArray]:
    """Merge pairs with one pattern: equal levels, and frequencies equal to half an octave."""
    if not pairs.size:
        return pairs, weights
    table = np.concatenate(
        [pairs.levels.astype(np.int16), _half_octaves(pairs.rarity), _half_octaves(pairs.world[None])]
    )
    first, back = _distinct_columns(table)
    summed = np.bincount(back, weights=weights).astype(np.float64)

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return (np.bincount(back, weights=weights * values) / summed).astype(np.float32)

    rarity = np.empty((len(pairs.rarity), len(first)), dtype=np.float32)
    for k, values in enumerate(pairs.rarity):
        rarity[k] = mean(values)
    return PairLevels(pairs.levels[:, first], rarity, mean(pairs.world)), summed


def _distinct_columns(table: NDArray[np.int16]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the place of the first of each kind of column, and for each column which of these it is.

    Sorted by a 64-bit mix, which is several times faster than by content; whether it kept all apart is looked at.
    """
    mixed = np.zeros(table.shape[1], dtype=np.uint64)
    for row in table:
        mixed = (mixed ^ row.astype(np.uint64)) * np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(29)
    _, first, back = np.unique(mixed, return_index=True, return_inverse=True)
    back = back.ravel()
    if not np.array_equal(table[:, first][:, back], table):
        rows = np.ascontiguousarray(table.T).view([("", np.int16)] * table.shape[0]).ravel()
        _, first, back = np.unique(rows, return_index=True, return_inverse=True)
    return first, back.ravel()


def _half_octaves(logs: NDArray[np.float32]) -> NDArray[np.int16]:
    return np.asarray(np.round(logs * (2.0 / np.log(2.0))), dtype=np.int16)


def chance_tables(encoded: Encoded, *, seed: int) -> dict[str, FloatArray]:
    """Return u for each comparison from random pairs within one world, as nearly all candidates are.

    Half a pair is added to each level and 200 to "different", so that the few pairs of a small file, among which its
    duplicates weigh heavily, do not decide alone.
    """
    random = np.random.default_rng(seed)
    count = _RANDOM_PAIRS if encoded.n > 1 else 0
    rows = np.argsort(encoded.contents, kind="stable").astype(np.int32)
    left = rows[random.integers(0, max(encoded.n, 1), count)]
    right = encoded.worlds.partners(left, rows, random)
    apart = left != right
    pairs = compare_pairs(encoded, left[apart], right[apart])
    tables = {}
    scale = min(1.0, encoded.possible_pairs / max(pairs.size, 1))  # a small file has fewer pairs than were drawn
    for k, comparison in enumerate(encoded.comparisons):
        size = len(KINDS[comparison.kind].levels)
        level = pairs.levels[k]
        counts = np.bincount(level[level >= 0], minlength=size) * scale + 0.5
        kind = KINDS[comparison.kind]
        apart_levels = [kind.different] if kind.opposed is None else [kind.different, kind.opposed]
        counts[apart_levels] += _PRIOR_CHANCE / len(apart_levels)
        tables[comparison.name] = counts / counts.sum()
    if "given" in tables:  # by chance a swap is far rarer than any sample of pairs can show
        swapped = slice(GIVEN_SWAPPED, GIVEN_HALF_SWAPPED + 1)
        tables["given"][swapped] = np.minimum(tables["given"][swapped], 1e-6)
        tables["given"] /= tables["given"].sum()
    return tables
