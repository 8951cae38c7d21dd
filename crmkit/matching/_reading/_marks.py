"""The order that rows stand in within blocks over the cap: by marks of their values, so by what they say alone.

Not by codes, which are numbered as values are first seen: the same records in another order would get other neighbors.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from crmkit.matching._kinds._fields import EncodedField

    Rows = NDArray[np.int32]

__all__ = ["content_places", "mark", "near_rows", "row_marks"]


def mark(text: str | None) -> int:
    """Return 16 bits of a text's checksum; 0 for none. Two texts of one mark only stand among each other.

    Example:
        >>> mark("lee"), mark(None)
        (39902, 0)
    """
    return 0 if text is None else zlib.crc32(text.encode("utf-8", "surrogatepass")) >> 16


def row_marks(fields: Iterable[EncodedField]) -> list[NDArray[np.uint16]]:
    """Return for each source column of each field the mark of every row."""
    found = []
    for field in fields:
        table = np.append((field.checksums >> np.uint32(16)).astype(np.uint16), np.uint16(0))
        found += [table[column] for column in field.columns]
    return found


def content_places(marks: Sequence[NDArray[np.uint16]], side: NDArray[np.int8] | None) -> NDArray[np.int64]:
    """Return each row's place when rows are sorted by their marks, equal rows in the order in which they stand.

    Of two tables the first row of equal ones shares its place with the first equal one of the other table, the second
    with the second, and so on, so that copies meet copies.
    """
    n = len(marks[0])
    if side is None:
        order = np.lexsort(marks[::-1])
        place = np.empty(n, dtype=np.int64)
        place[order] = np.arange(n)
        return place
    order = np.lexsort(np.stack([side, *marks[::-1]]))
    changes = np.zeros(n, dtype=bool)
    changes[:1] = True
    for column in marks:
        changes[1:] |= np.diff(column[order]) != 0
    group = np.cumsum(changes)
    changes[1:] |= np.diff(side[order]) != 0
    starts = np.flatnonzero(changes)
    turn = np.arange(n) - np.repeat(starts, np.diff(np.append(starts, n)))
    by_turn = np.lexsort((turn, group))
    new = np.ones(n, dtype=bool)
    new[1:] = (np.diff(group[by_turn]) != 0) | (np.diff(turn[by_turn]) != 0)
    place = np.empty(n, dtype=np.int64)
    place[order[by_turn]] = np.cumsum(new)
    return place


def near_rows(
    rows: Rows, block_of: NDArray[np.int64], order: NDArray[np.int64], side: NDArray[np.int8] | None, reach: int
) -> Iterator[tuple[Rows, Rows]]:
    """Yield the pairs of rows of one block that stand near each other, of two tables each with the other's nearest.

    Args:
        rows: Sorted by block, and within a block by place.
        block_of: Of each of them.
        order: Its place, as ``content_places`` gives it.
        side: The table it is of, if there are two.
        reach: How many neighbors on either side.
    """
    if side is not None:
        for one in (0, 1):
            yield from _across(rows, block_of, order, side == one, reach)
        return
    for distance in range(1, reach + 1):
        together = block_of[:-distance] == block_of[distance:]
        yield rows[:-distance][together], rows[distance:][together]


def _across(
    rows: Rows, block_of: NDArray[np.int64], order: NDArray[np.int64], mine: NDArray[np.bool_], reach: int
) -> Iterator[tuple[Rows, Rows]]:
    """Yield for the rows that are ``mine`` the nearest others of their block: ``reach`` before, the equal, and after.

    Args:
        rows: Sorted by block, and within a block by place.
        block_of: Of each of them.
        order: Its place, as ``content_places`` gives it.
        mine: Of which table it is.
        reach: How many on either side.
    """
    theirs = np.flatnonzero(~mine)
    own = np.flatnonzero(mine)
    # Rows are sorted by block and order, so one number says where a row stands; of equals each table has one.
    width = int(order.max(initial=0)) + 1
    place = block_of * width + order
    first = np.searchsorted(place[theirs], place[own])
    at = first < len(theirs)
    same = np.zeros(len(own), dtype=np.int64)
    same[at] = place[theirs[first[at]]] == place[own[at]]
    for distance in range(-reach, reach + 1):
        beside = first + distance + (same - 1 if distance > 0 else 0)
        meets = (beside >= 0) & (beside < len(theirs)) & ((distance != 0) | (same > 0))
        a, b = own[meets], theirs[beside[meets]]
        together = block_of[a] == block_of[b]
        yield rows[a[together]], rows[b[together]]
