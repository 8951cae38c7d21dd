"""String likeness of many pairs at once: rapidfuzz in bulk, each distinct pair of codes once where that pays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ._fields import Codes, EncodedField, LevelArray, Texts, Trait

__all__ = ["code_of", "edits", "is_affix", "jaro_winkler", "lengths", "on_distinct_pairs", "partial_ratio", "token_set"]

_CHUNK = 1 << 18


def _bulk(scorer: Callable[..., float], a: Texts, b: Texts, dtype: type, cutoff: float | None) -> Trait:
    from rapidfuzz import process

    parts = [
        process.cpdist(
            a[start : start + _CHUNK].tolist(),
            b[start : start + _CHUNK].tolist(),
            scorer=scorer,
            dtype=dtype,
            score_cutoff=cutoff,
        )
        for start in range(0, len(a), _CHUNK)
    ]
    return np.concatenate(parts) if parts else np.empty(0, dtype=dtype)


def edits(a: Texts, b: Texts, *, most: int = 2) -> Trait:
    """Optimal string alignment distance; above ``most`` some larger number."""
    from rapidfuzz.distance import OSA

    return _bulk(OSA.distance, a, b, np.uint16, most)


def jaro_winkler(a: Texts, b: Texts, *, least: float = 0.0) -> Trait:
    """Jaro-Winkler similarity 0..1; under ``least`` it is 0."""
    from rapidfuzz.distance import JaroWinkler

    return _bulk(JaroWinkler.similarity, a, b, np.float64, least)


def token_set(a: Texts, b: Texts, *, least: float = 0.0) -> Trait:
    """Token set ratio 0..100; under ``least`` it is 0."""
    from rapidfuzz import fuzz

    return _bulk(fuzz.token_set_ratio, a, b, np.float64, least)


def partial_ratio(a: Texts, b: Texts, *, least: float = 0.0) -> Trait:
    """Ratio 0..100 of the shorter text with its best place in the longer: 100 if it is part of it."""
    from rapidfuzz import fuzz

    return _bulk(fuzz.partial_ratio, a, b, np.float64, least)


def is_affix(a: Texts, b: Texts, shorter: Trait, *, at_end: bool = False) -> NDArray[np.bool_]:
    """Whether the shorter of two texts, ``shorter`` characters long, starts (or ends) the other."""
    from rapidfuzz.distance import Postfix, Prefix

    scorer = Postfix.similarity if at_end else Prefix.similarity
    return np.asarray(_bulk(scorer, a, b, np.uint16, None) >= shorter)


def lengths(values: Sequence[str] | Texts) -> NDArray[np.int32]:
    """Characters in each value."""
    return np.fromiter(map(len, values), dtype=np.int32, count=len(values))


def code_of(texts: Sequence[str | None]) -> Codes:
    """Number equal texts alike, in order of first sight; -1 for ``None`` and the empty text.

    Example:
        >>> code_of(["b", None, "a", "b"]).tolist()
        [0, -1, 1, 0]
    """
    seen: dict[str, int] = {}
    return np.fromiter(
        (seen.setdefault(text, len(seen)) if text else -1 for text in texts), dtype=np.int32, count=len(texts)
    )


def on_distinct_pairs(
    field: EncodedField, a: Codes, b: Codes, compare: Callable[[EncodedField, Codes, Codes], LevelArray]
) -> LevelArray:
    """Compare each distinct pair of codes once where many repeat, else pair by pair."""
    size = len(field.values)
    if len(a) < 1_000 or size * 3 > len(a):
        return compare(field, a, b)
    low, high = np.minimum(a, b), np.maximum(a, b)
    distinct, back = np.unique(low.astype(np.int64) * size + high, return_inverse=True)
    return compare(field, (distinct // size).astype(np.int32), (distinct % size).astype(np.int32))[back]
