"""String likeness of many pairs at once: rapidfuzz in bulk, each distinct pair of codes once where that pays."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

from crmkit.matching._sorting import distinct_keys

from ._fields import Prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from ._fields import Codes, EncodedField, LevelArray, Texts, Trait

__all__ = [
    "code_of",
    "codes_by_first",
    "edits",
    "edits_of",
    "has_all_words_of",
    "is_affix",
    "is_affix_of",
    "is_within",
    "jaro_winkler",
    "jaro_winkler_of",
    "lengths",
    "on_distinct_pairs",
    "outline",
    "prepare_outline",
    "renumbered",
    "token_set",
    "token_set_of",
    "word_outline",
]

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


def edits_of(field: EncodedField, a: Codes, b: Codes, *, most: int = 2) -> Trait:
    """Edits between values of a field; pairs that their outlines already keep further apart are not read.

    Note:
        An edit changes at most one character to another, so a value with d characters of its own is at least d edits
        away; exchanging two neighbors changes none.
    """
    distance = np.full(len(a), most + 1, dtype=np.uint16)
    size, mark = field.traits["length"], field.traits["outline"]
    own = np.maximum(_set_bits(np.bitwise_and(mark[a], ~mark[b])), _set_bits(np.bitwise_and(mark[b], ~mark[a])))
    open_ = np.flatnonzero((own <= most) & (np.abs(size[a] - size[b]) <= most))
    distance[open_] = edits(field.values[a[open_]], field.values[b[open_]], most=most)
    return distance


def jaro_winkler_of(field: EncodedField, a: Codes, b: Codes, *, least: float, part: str = "") -> NDArray[np.bool_]:
    """Whether values of a field (or of their ``part``) have at least this Jaro-Winkler similarity.

    Note:
        Of a value with d characters of its own at most length - d match, which bounds Jaro by (m/la + m/lb + 1)/3; a
        common start of four adds at most 0.4 of the rest, and nothing where the first characters differ.
    """
    prefix = f"{part}_" if part else ""
    values = field.traits[part] if part else field.values
    size, mark = field.traits[f"{prefix}length"], field.traits[f"{prefix}outline"]
    one, two = size[a], size[b]
    matches = np.minimum(
        one - _set_bits(np.bitwise_and(mark[a], ~mark[b])), two - _set_bits(np.bitwise_and(mark[b], ~mark[a]))
    )
    bound = (matches / np.maximum(one, 1) + matches / np.maximum(two, 1) + 1.0) / 3.0
    initial = field.traits[f"{prefix}initial"]
    bound = np.where(initial[a] == initial[b], bound + 0.4 * (1.0 - bound), bound)
    result = np.zeros(len(a), dtype=bool)
    open_ = np.flatnonzero(bound >= least - 1e-9)
    # The scorer's own cutoff is short of exact by rounding, so it is set a little lower than what counts.
    result[open_] = jaro_winkler(values[a[open_]], values[b[open_]], least=least - 1e-6) >= least - 1e-9
    return result


def outline(values: Sequence[str]) -> dict[str, Trait]:
    """Length, first character and a 64-bit mark of the characters in each value: what bounds are computed from."""
    size = lengths(values)
    mark = np.zeros(len(values), dtype=np.uint64)
    initial = np.zeros(len(values), dtype=np.uint32)
    for start in range(0, len(values), _OUTLINED):
        part = slice(start, start + _OUTLINED)
        text = "".join(values[part])
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        starts = np.cumsum(size[part]) - size[part]
        filled = np.flatnonzero(size[part] > 0)
        if len(filled):
            mark[part][filled] = np.bitwise_or.reduceat(_BIT[points % 64], starts[filled])
            initial[part][filled] = points[starts[filled]]
    return {"length": size, "outline": mark, "initial": initial}


_OUTLINED = 1 << 14
"""Values whose characters are held at a time."""

_BIT = np.uint64(1) << np.arange(64, dtype=np.uint64)


def prepare_outline(values: Sequence[str]) -> Prepared:
    """Outline alone, for kinds without keys of their own."""
    return Prepared({}, outline(values))


_BITS = np.array([number.bit_count() for number in range(1 << 16)], dtype=np.uint8)


def _set_bits_by_table(marks: NDArray[np.uint64]) -> NDArray[np.int32]:
    quarters = np.ascontiguousarray(marks).view(np.uint16)
    return _BITS[quarters[::4]].astype(np.int32) + _BITS[quarters[1::4]] + _BITS[quarters[2::4]] + _BITS[quarters[3::4]]


def _set_bits(marks: NDArray[np.uint64]) -> NDArray[np.int32]:
    """Count set bits; numpy has a function for it from 2.0."""
    counted = getattr(np, "bitwise_count", None)
    return _set_bits_by_table(marks) if counted is None else np.asarray(counted(marks), dtype=np.int32)


def jaro_winkler(a: Texts, b: Texts, *, least: float = 0.0) -> Trait:
    """Jaro-Winkler similarity 0..1; under ``least`` it is 0."""
    from rapidfuzz.distance import JaroWinkler

    return _bulk(JaroWinkler.similarity, a, b, np.float64, least)


def token_set(a: Texts, b: Texts, *, least: float = 0.0) -> Trait:
    """Token set ratio 0..100; under ``least`` it is 0."""
    from rapidfuzz import fuzz

    return _bulk(fuzz.token_set_ratio, a, b, np.float64, least)


def word_outline(values: Sequence[str], part: str = "") -> dict[str, Trait]:
    """What bounds on token sets are computed from: length and outline of the sorted words, and a mark of the words."""
    bits: dict[str, int] = {}
    joined: list[str] = []
    marks = np.zeros(len(values), dtype=np.uint64)
    for at, value in enumerate(values):
        words = sorted(set(value.split()))
        joined.append(" ".join(words))
        mark = 0
        for word in words:
            bit = bits.get(word)
            if bit is None:
                bit = bits[word] = 1 << (zlib.crc32(word.encode("utf-8", "surrogatepass")) & 63)
            mark |= bit
        marks[at] = mark
    prefix = f"{part}_" if part else ""
    traits = outline(joined)
    return {
        f"{prefix}set_length": traits["length"],
        f"{prefix}set_outline": traits["outline"],
        f"{prefix}set_words": marks,
    }


def token_set_of(field: EncodedField, a: Codes, b: Codes, *, least: float, part: str = "") -> NDArray[np.bool_]:
    """Whether values of a field (or of their ``part``) have at least this token set ratio.

    Note:
        Without a word in common the ratio is that of the sorted words, 200 m / (la + lb) with m characters in common
        order, of which there are at most those that do not stand in one of the two alone.
    """
    prefix = f"{part}_" if part else ""
    values = field.traits[part] if part else field.values
    size, mark = field.traits[f"{prefix}set_length"], field.traits[f"{prefix}set_outline"]
    words = field.traits[f"{prefix}set_words"]
    common = np.minimum(
        size[a] - _set_bits(np.bitwise_and(mark[a], ~mark[b])), size[b] - _set_bits(np.bitwise_and(mark[b], ~mark[a]))
    )
    bound = 200.0 * common / np.maximum(size[a] + size[b], 1)
    open_ = np.flatnonzero((np.bitwise_and(words[a], words[b]) != 0) | (bound >= least - 1e-6))
    result = np.zeros(len(a), dtype=bool)
    result[open_] = token_set(values[a[open_]], values[b[open_]], least=least) >= least
    return result


def has_all_words_of(field: EncodedField, a: Codes, b: Codes, *, part: str = "") -> NDArray[np.bool_]:
    """Whether all words of one value (or of its ``part``) are among those of the other, and there are any.

    Note:
        Each word sets one of 64 bits, and a word that the other lacks mostly sets one of its own; the rest is read.
    """
    prefix = f"{part}_" if part else ""
    values = field.traits[part] if part else field.values
    words = field.traits[f"{prefix}set_words"]
    one, two = words[a], words[b]
    both = one & two
    open_ = np.flatnonzero(((both == one) | (both == two)) & (both != 0))
    result = np.zeros(len(a), dtype=bool)
    result[open_] = token_set(values[a[open_]], values[b[open_]], least=100.0) >= 100.0
    return result


def is_affix_of(field: EncodedField, a: Codes, b: Codes, *, at_end: bool = False) -> NDArray[np.bool_]:
    """Whether one of two different values of a field starts (or ends) the other; read only where outlines allow it."""
    size, mark, initial = field.traits["length"], field.traits["outline"], field.traits["initial"]
    one, two = size[a], size[b]
    both = mark[a] & mark[b]
    fits = (one != two) & (both == np.where(one < two, mark[a], mark[b])) & (np.minimum(one, two) > 0)
    open_ = np.flatnonzero(fits if at_end else fits & (initial[a] == initial[b]))
    result = np.zeros(len(a), dtype=bool)
    p, q = a[open_], b[open_]
    result[open_] = is_affix(field.values[p], field.values[q], np.minimum(size[p], size[q]), at_end=at_end)
    return result


def is_within(parts: Texts, wholes: Texts) -> NDArray[np.bool_]:
    """Whether each text is part of the other, in time linear in the characters."""
    found = (part in whole for part, whole in zip(parts.tolist(), wholes.tolist(), strict=True))
    return np.fromiter(found, dtype=bool, count=len(parts))


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
    first: dict[str | None, int] = {}
    return codes_by_first(texts, len(texts), first, (None, ""))


def codes_by_first(
    texts: Iterable[str | None], size: int, first: dict[str | None, int], missing: tuple[str | None, ...]
) -> Codes:
    """Number equal texts alike, in order of first sight; -1 for those that are missing.

    Args:
        texts: The texts.
        size: How many they are.
        first: Filled with the place of the first of each text; the missing ones are taken out.
        missing: What counts for none.
    """
    place = np.fromiter(map(first.setdefault, texts, range(size)), dtype=np.int32, count=size)
    is_first = place == np.arange(size, dtype=np.int32)
    none = [first.pop(text) for text in missing if text in first]
    is_first[none] = False
    codes = (np.cumsum(is_first, dtype=np.int32) - np.int32(1))[place]
    for at in none:
        codes[place == at] = -1
    return codes


def renumbered(codes: Codes, kept: NDArray[np.bool_]) -> Codes:
    """Number those codes that are kept, in order of first sight; the others are -1.

    Example:
        >>> renumbered(np.array([0, 1, 0, 2]), np.array([False, True, True, True])).tolist()
        [-1, 0, 1, 2]
    """
    rows = np.flatnonzero(kept)
    first = np.full(int(np.max(codes, initial=-1)) + 2, len(codes), dtype=np.int64)
    first[codes[rows[::-1]]] = rows[::-1]
    found = np.flatnonzero(first < len(codes))
    number = np.full(len(first), -1, dtype=np.int32)
    number[found[np.argsort(first[found])]] = np.arange(len(found), dtype=np.int32)
    return np.where(kept, number[codes], np.int32(-1))


def on_distinct_pairs(
    field: EncodedField, a: Codes, b: Codes, compare: Callable[[EncodedField, Codes, Codes], LevelArray]
) -> LevelArray:
    """Compare each distinct pair of codes once where many repeat, else pair by pair."""
    size = len(field.values)
    if len(a) < 1_000 or size * 3 > len(a):
        return compare(field, a, b)
    low, high = np.minimum(a, b), np.maximum(a, b)
    distinct, back = distinct_keys(low.astype(np.int64) * size + high)
    return compare(field, (distinct // size).astype(np.int32), (distinct % size).astype(np.int32))[back]
