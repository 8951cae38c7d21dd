"""The tests behind drift, each with an effect size, so that a large table does not cry wolf."""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["cohens_h", "ks_distance", "psi", "robust_z", "two_proportions"]

_FLOOR = 1e-4
_MAD_TO_SIGMA = 1.4826


def two_proportions(hits: int, n: int, base_hits: int, base_n: int) -> float:
    """Return the two-sided p-value that two shares are one.

    Source:
        Agresti (2013), Categorical Data Analysis, section 3.1: the pooled z-test.
    """
    if not n or not base_n:
        return 1.0
    pooled = (hits + base_hits) / (n + base_n)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / base_n))
    if spread == 0:
        return 1.0
    return math.erfc(abs(hits / n - base_hits / base_n) / spread / math.sqrt(2))


def cohens_h(share: float, base: float) -> float:
    """Return the distance of two shares on the scale on which 0.2 is small and 0.8 large.

    Source:
        Cohen (1988), Statistical Power Analysis, chapter 6.
    """
    return abs(2 * math.asin(math.sqrt(share)) - 2 * math.asin(math.sqrt(base)))


def psi(now: Mapping[str, int], base: Mapping[str, int]) -> float:
    """Return the population stability index over fixed bins; below 0.1 nothing, above 0.25 much.

    Bins are floored, so that an empty one does not make it infinite.
    """
    n, base_n = sum(now.values()), sum(base.values())
    if not n or not base_n:
        return 0.0
    total = 0.0
    for name in {*now, *base}:
        a = max(now.get(name, 0) / n, _FLOOR)
        b = max(base.get(name, 0) / base_n, _FLOOR)
        total += (a - b) * math.log(a / b)
    return total


def ks_distance(now: Mapping[str, int], base: Mapping[str, int]) -> float:
    """Return the largest distance between two distribution functions over numbered bins, 0 to 1."""
    n, base_n = sum(now.values()), sum(base.values())
    if not n or not base_n:
        return 0.0
    a = b = largest = 0.0
    for name in sorted({*now, *base}, key=int):
        a += now.get(name, 0) / n
        b += base.get(name, 0) / base_n
        largest = max(largest, abs(a - b))
    return largest


def robust_z(value: float, history: Sequence[float], *, least: float = 0.0) -> float | None:
    """Return how many robust standard deviations ``value`` lies from the median of what came before.

    Args:
        value: Today's figure.
        history: Earlier ones; fewer than five say nothing (``None``).
        least: The least spread that counts, so that a history without any does not make every change infinite.
    """
    if len(history) < 5:
        return None
    middle = median(history)
    spread = max(_MAD_TO_SIGMA * median([abs(item - middle) for item in history]), least, 1e-12)
    return (value - middle) / spread
