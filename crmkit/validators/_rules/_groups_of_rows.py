"""Rows that share a value, and what most of a group say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crmkit.validators._reading._columns import Columns

__all__ = ["GroupModes", "combined_key", "group_modes", "laplace"]


def combined_key(
    columns: Columns, fields: Sequence[str], form: str | Callable[[str], str | None] | None
) -> tuple[Any, Any]:
    """Return a number for each combination of values, and which rows have all of them."""
    n = columns.n_rows
    key, able = np.zeros(n, dtype=np.int64), np.ones(n, dtype=bool)
    for field in fields:
        forms = columns.normalized(field, form)
        empty = np.append(np.array([text == "" for text in forms.values], dtype=bool), True)
        able &= ~empty[forms.codes]
        _, key = np.unique(key * (len(forms.values) + 1) + forms.codes + 1, return_inverse=True)
        key = key.reshape(-1).astype(np.int64)
    return key, able


@attrs.frozen(eq=False)
class GroupModes:
    """For each group: how many rows speak, the value that most of them hold, and how many hold it.

    Attributes:
        total: Rows with a value, by group.
        mode: Position of the most frequent value, -1 where nobody speaks.
        support: Rows that hold it.
        tied: Whether another value has as much support.
    """

    total: Any
    mode: Any
    support: Any
    tied: Any


def group_modes(groups: Any, codes: Any, n_groups: int, n_values: int) -> GroupModes:
    """Count what the rows of each group say.

    Args:
        groups: The group of each row that speaks.
        codes: What it says, 0 to ``n_values``.
        n_groups: Number of groups.
        n_values: Number of values.
    """
    total = np.bincount(groups, minlength=n_groups)
    pairs, counts = np.unique(groups.astype(np.int64) * n_values + codes, return_counts=True)
    of = pairs // max(n_values, 1)
    mode = np.full(n_groups, -1, dtype=np.int64)
    support, tied = np.zeros(n_groups, dtype=np.int64), np.zeros(n_groups, dtype=bool)
    order = np.lexsort((counts, of))  # by group, the most frequent last
    mode[of[order]] = pairs[order] % max(n_values, 1)
    support[of[order]] = counts[order]
    second = order[:-1][(of[order][:-1] == of[order][1:]) & (counts[order][:-1] == counts[order][1:])]
    tied[of[second][counts[second] == support[of[second]]]] = True
    return GroupModes(total, mode, support, tied)


def laplace(hits: Any, total: Any) -> Any:
    """Return the rule of succession: how likely the next one agrees after ``hits`` of ``total`` did."""
    return (hits + 1) / (total + 2)
