"""The one known value that a text is a slip away from."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["nearest"]

_LEAST_LIKENESS = 85.0
_AT_MOST = 0.95
"""Likeness is no proof, however great."""

T = TypeVar("T")


def nearest(word: str, known: Mapping[str, T], *, shortest: int = 0) -> tuple[T | None, float | None]:
    """Return what the name nearest to a word means, and how sure that is; nothing if two meanings are near.

    Args:
        word: A folded text, of bounded length.
        known: Folded name to its meaning.
        shortest: Shorter names, such as codes, are never near: one letter makes another of them.
    """
    from rapidfuzz import fuzz, process

    found = process.extract(word, list(known), scorer=fuzz.ratio, score_cutoff=_LEAST_LIKENESS, limit=None)
    meant: dict[T, float] = {}
    for name, score, _ in found:  # best first
        if len(name) >= shortest:
            meant.setdefault(known[name], score)
    if len(meant) != 1:
        return None, None
    value, score = next(iter(meant.items()))
    return value, round(score / 100 * _AT_MOST, 2)
