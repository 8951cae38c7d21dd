"""Random numbers that are the same on every platform, Python and numpy.

numpy promises a stable bit stream of ``PCG64`` but not of the distributions above it. Everything is therefore drawn
as raw 64-bit words or hashed from a counter, and shaped with integer arithmetic only: no logarithm, no power, whose
last digit differs between C libraries, and no ``hash()``, which differs between processes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["Draws", "hashed", "zipf"]


class Draws:
    """A seeded source of integers."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)

    def words(self, n: int) -> NDArray[np.uint64]:
        """Draw ``n`` raw words."""
        return np.asarray(self._bits.random_raw(n), dtype=np.uint64)

    def below(self, bound: ArrayLike, n: int) -> NDArray[np.int64]:
        """Draw ``n`` integers in ``[0, bound)``; ``bound`` is one number or one per draw, each at least 1."""
        # 32 high bits times a bound under 2**31: a product that fits, a bias under 2**-10 for the largest of them
        high = self.words(n) >> np.uint64(32)
        return ((high * np.asarray(bound, dtype=np.uint64)) >> np.uint64(32)).astype(np.int64)

    def chance(self, share: float, n: int) -> NDArray[np.bool_]:
        """Draw ``n`` booleans, true with probability ``share``."""
        return (self.words(n) >> np.uint64(11)) < np.uint64(round(share * 2**53))

    def weighted(self, weights: Sequence[int] | NDArray[np.int64], n: int) -> NDArray[np.int64]:
        """Draw ``n`` positions with the given integer weights."""
        edges = np.cumsum(np.asarray(weights, dtype=np.int64))
        return np.searchsorted(edges, self.below(int(edges[-1]), n), side="right").astype(np.int64)

    def order(self, n: int) -> NDArray[np.int64]:
        """Draw a permutation of ``range(n)``."""
        return np.argsort(self.words(n), kind="stable")


def zipf(count: int, shift: int) -> NDArray[np.int64]:
    """Return integer weights proportional to ``1 / (rank + shift)``.

    Example:
        >>> zipf(3, 1).tolist()
        [1000000, 500000, 333333]
    """
    return 1_000_000 // (np.arange(count, dtype=np.int64) + shift)


def hashed(seed: int, label: str, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return one number in ``[0, 2**62)`` per row, from seed, label and row alone.

    A row's number does not depend on which other rows are asked for, so a table can be written in pieces.

    Source:
        Steele, Lea & Flood (2014), Fast Splittable Pseudorandom Number Generators, OOPSLA: the SplitMix64 finalizer.
    """
    start = seed & 0xFFFFFFFFFFFFFFFF
    for byte in label.encode():
        start = ((start ^ byte) * 0x100000001B3 + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    z = rows.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(start)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return (z >> np.uint64(2)).astype(np.int64)
