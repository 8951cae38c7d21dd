"""Distinct values out of codes and out of floats, in numpy alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._distinct import Distinct, first_rows


def renumbered(codes: Any, values: list[object]) -> Distinct:
    """Renumber codes so that values come in first-seen order and unused ones go."""
    present = np.zeros(len(values), dtype=bool)
    present[codes[codes >= 0]] = True
    used = np.flatnonzero(present)
    compact = np.full(len(values) + 1, -1, dtype=np.int32)
    compact[used] = np.arange(len(used), dtype=np.int32)
    dense = compact[codes]
    order = np.argsort(np.asarray(first_rows(dense, len(used)), dtype=np.int64), kind="stable")
    rank = np.empty(len(used) + 1, dtype=np.int32)
    rank[order] = np.arange(len(used), dtype=np.int32)
    rank[-1] = -1
    return Distinct([values[used[place]] for place in order], rank[dense])


def distinct_floats(numbers: Any) -> Distinct:
    """Return distinct floats by their bits, so that ``0.0`` and ``-0.0`` are two; NaN is missing."""
    wide = np.asarray(numbers, dtype=np.float64)
    bits, inverse = np.unique(wide.view(np.int64), return_inverse=True)
    values = bits.view(np.float64)
    numbered = np.where(np.isnan(values)[inverse], -1, inverse)
    return renumbered(numbered, values.tolist())
