"""Sort many numbers together with the places that they had.

Key and place share 64 bits where they fit: sorting numbers is five times faster than sorting places by them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["distinct", "distinct_keys", "sort_with_places"]


def distinct(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the distinct numbers, ascending; ``np.unique`` takes several times as long.

    Example:
        >>> distinct(np.array([7, 3, 7])).tolist()
        [3, 7]
    """
    ordered = np.sort(numbers)
    is_first = np.ones(len(ordered), dtype=bool)
    is_first[1:] = ordered[1:] != ordered[:-1]
    return ordered[is_first]


def sort_with_places(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for sorted keys the place that each had, and the keys; equal keys keep their order, none is below 0.

    Example:
        >>> places, keys = sort_with_places(np.array([7, 3, 7]))
        >>> places.tolist(), keys.tolist()
        ([1, 0, 2], [3, 7, 7])
    """
    bits = len(keys).bit_length()
    if int(np.max(keys, initial=0)) >> (63 - bits):
        order = np.argsort(keys, kind="stable")
        return order, keys[order]
    both = keys << bits
    both |= np.arange(len(keys))
    both.sort()
    return both & ((1 << bits) - 1), both >> bits


def distinct_keys(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return distinct keys, ascending, and for each key which of them it is; none is below 0.

    Example:
        >>> [found.tolist() for found in distinct_keys(np.array([7, 3, 7]))]
        [[3, 7], [1, 0, 1]]
    """
    places, ordered = sort_with_places(keys)
    is_first = np.ones(len(keys), dtype=bool)
    is_first[1:] = ordered[1:] != ordered[:-1]
    back = np.empty(len(keys), dtype=np.int64)
    back[places] = np.cumsum(is_first) - 1
    return ordered[is_first], back
