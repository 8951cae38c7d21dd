"""Keys that are none, keys that are there twice, and keys that only resemble each other."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import attrs
import numpy as np

from crmkit import frames
from crmkit.normalize import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from crmkit.frames import Table

    from ._rows import Pairing
    from ._settings import ColumnPair

__all__ = ["blank_keys", "doubled", "loose_key", "pair_by_loose_key"]

_NOISE = re.compile(r"[\s\-_./]+")
_FLOAT_TAIL = re.compile(r"\.0+\Z")


def loose_key(value: str) -> str:
    """Return what is left of a key when blanks, case, width, leading zeros and a decimal tail are taken away.

    Example:
        >>> loose_key(" 00-123.0 "), loose_key("AB 7") == loose_key("ab7")
        ('123', True)
    """
    folded = text.fold(_FLOAT_TAIL.sub("", value.strip()))
    squeezed = _NOISE.sub("", folded)
    return squeezed.lstrip("0") or squeezed


def pair_by_loose_key(
    left: Table, right: Table, keys: Sequence[ColumnPair], pairing: Pairing
) -> tuple[Pairing, NDArray[np.int64]]:
    """Pair rows without a partner by their loose keys, where such a key is there once on either side.

    Returns:
        The pairing with them, and their rows on the left.
    """
    mine = _loose_keys(left, [pair.left for pair in keys], pairing.missing)
    yours = _loose_keys(right, [pair.right for pair in keys], pairing.unexpected)
    both = [name for name in mine if name in yours]
    if not both:
        return pairing, np.empty(0, dtype=np.int64)
    first = np.array([mine[name] for name in both], dtype=np.int64)
    second = np.array([yours[name] for name in both], dtype=np.int64)
    lefts, rights = np.concatenate([pairing.left, first]), np.concatenate([pairing.right, second])
    order = np.argsort(lefts, kind="stable")
    made = attrs.evolve(
        pairing,
        left=lefts[order],
        right=rights[order],
        missing=np.setdiff1d(pairing.missing, first),
        unexpected=np.setdiff1d(pairing.unexpected, second),
    )
    return made, first


def doubled(table: Table, names: Sequence[str], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Keep the rows whose keys, and not only the hashes of them, are there more than once."""
    if not len(rows):
        return rows
    part = frames.read(table.take(rows))  # type: ignore[arg-type]  # an array is a sequence of rows
    keys = list(zip(*(part.texts(name).rows() for name in names), strict=True))
    counts = Counter(keys)
    several = np.fromiter((counts[key] > 1 for key in keys), dtype=bool, count=len(keys))
    return np.asarray(rows[several])


def _loose_keys(table: Table, names: Sequence[str], rows: NDArray[np.int64]) -> dict[tuple[str, ...], int]:
    part = frames.read(table.take(rows))  # type: ignore[arg-type]  # an array is a sequence of rows
    columns = []
    for name in names:
        texts = part.texts(name)
        columns.append(texts.map([loose_key(str(value)) or None for value in texts.values]).rows())
    found: dict[tuple[str, ...], int] = {}
    twice: set[tuple[str, ...]] = set()
    for row, cells in zip(rows.tolist(), zip(*columns, strict=True), strict=True):
        if None in cells:
            continue
        loose = tuple(map(str, cells))
        if loose in found:
            twice.add(loose)
        found[loose] = row
    return {name: row for name, row in found.items() if name not in twice}


def blank_keys(table: Table, names: Sequence[str]) -> NDArray[np.bool_]:
    """Return which rows have no key but blanks: as a key they would make one record of all of them."""
    made = np.ones(len(table), dtype=bool)
    for name in names:
        made &= np.concatenate([piece.blank(name) for piece in table.pieces()]) if len(table) else made
    return made
