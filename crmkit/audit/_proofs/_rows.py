"""The hashes of a log: every fourth level of its Merkle tree, kept in rows, enough to prove anything in microseconds.

Row ``r`` holds the complete nodes of level ``4 * r``, 32 bytes each, one after the other: row 0 the leaf hashes. So a
node of any level is at most 15 hashes away, and 256 hashes of row 0, 2, 4, ... are one tile of C2SP tlog-tiles.
Rows can be made again from the events; once bodies are pruned they are all that is left of them.

Source:
    C2SP tlog-tiles (https://c2sp.org/tlog-tiles), whose tiles of height 8 `export_tiles` writes.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from crmkit import _merkle
from crmkit._merkle import HASH_BYTES, CompactRange, Prover

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

__all__ = ["HEIGHT", "RowStore", "Rows", "export_tiles"]

HEIGHT = 4
"""Levels from one row to the next."""
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT


class RowStore(Protocol):
    """Where rows are kept."""

    def counts(self) -> list[int]:
        """Return how many whole hashes each row has."""
        ...

    def read(self, row: int, start: int, count: int) -> bytes:
        """Return hashes of a row."""
        ...

    def write(self, row: int, start: int, data: bytes) -> None:
        """Put hashes into a row; the same ones again do no harm."""
        ...


def usable(counts: list[int]) -> int:
    """Return the largest tree that rows of these lengths are whole for."""
    if not counts:
        return 0
    size = counts[0]
    for row in range(1, max(len(counts), (size.bit_length() + HEIGHT) // HEIGHT) + 1):
        have = counts[row] if row < len(counts) else 0
        size = min(size, ((have + 1) << (HEIGHT * row)) - 1)
    return size


class Rows(Prover):
    """The tree of a log: what is stored, and behind it what is not stored yet.

    Args:
        store: Where the rows are.
        edge: The right edge to go on from; that of all leaves that are whole by default.
    """

    __slots__ = ("_base", "_edge", "_pending", "_store")

    def __init__(self, store: RowStore, *, edge: CompactRange | None = None) -> None:
        self._store = store
        self._base = usable(store.counts()) if edge is None else edge.size
        self._pending: list[list[bytes]] = []
        self._edge = self.edge(self._base) if edge is None else edge

    @property
    def size(self) -> int:
        """Number of leaves, stored or not."""
        return self._base + (len(self._pending[0]) if self._pending else 0)

    @property
    def stored(self) -> int:
        """Number of leaves that are in the store."""
        return self._base

    @property
    def head(self) -> CompactRange:
        """The right edge, which grows with the tree."""
        return self._edge

    def append(self, leaf: bytes) -> None:
        """Add a leaf hash at the right."""
        self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add leaf hashes at the right."""
        size, nodes, pending = self._edge.size, list(self._edge.nodes), self._pending
        if not pending:
            pending.append([])
        first, sha256 = pending[0], hashlib.sha256
        for leaf in leaves:
            first.append(leaf)
            done, level, node = size, 0, leaf
            while done & 1:
                node = sha256(b"\x01" + nodes.pop() + node).digest()
                done >>= 1
                level += 1
                if not level % HEIGHT:
                    row = level // HEIGHT
                    while row >= len(pending):
                        pending.append([])
                    pending[row].append(node)
            nodes.append(node)
            size += 1
        self._edge = CompactRange.trusted(size, nodes)

    def mark(self) -> tuple[CompactRange, list[int]]:
        """Return where the tree stands, for `take_back`."""
        return self._edge, [len(hashes) for hashes in self._pending]

    def take_back(self, mark: tuple[CompactRange, list[int]]) -> None:
        """Forget what was added since."""
        self._edge, counts = mark
        del self._pending[len(counts) :]
        for hashes, count in zip(self._pending, counts, strict=True):
            del hashes[count:]

    def flush(self) -> None:
        """Put what is pending into the store."""
        for row, hashes in reversed(list(enumerate(self._pending))):
            self._store.write(row, self._base >> (HEIGHT * row), b"".join(hashes))
        self._base, self._pending = self.size, []

    def compare(self, counts: list[int]) -> tuple[int, int] | None:
        """Hold what is pending against the store, as far as that goes, and let go of it.

        Args:
            counts: How many hashes the rows of the store have.

        Returns:
            Row and number of the first hash that is another one there; ``None`` if all agree.
        """
        differs = None
        for row, hashes in enumerate(self._pending):
            start = self._base >> (HEIGHT * row)
            have = min(len(hashes), (counts[row] if row < len(counts) else 0) - start)
            if differs is None and have > 0:
                stored = self._store.read(row, start, have)
                if stored != b"".join(hashes[:have]):
                    places = (stored[at * HASH_BYTES : (at + 1) * HASH_BYTES] != hashes[at] for at in range(have))
                    differs = (row, start + next(at for at, other in enumerate(places) if other))
        self._base, self._pending = self.size, []
        return differs

    def node(self, level: int, index: int) -> bytes:
        """Return a complete node."""
        row, above = divmod(level, HEIGHT)
        data = self._hashes(row, index << above, 1 << above)
        if not above:
            return data
        return _merkle.root(data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES))

    def leaves(self, start: int, stop: int) -> list[bytes]:
        """Return leaf hashes."""
        data = self._hashes(0, start, stop - start)
        return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]

    def _hashes(self, row: int, start: int, count: int) -> bytes:
        stored = self._base >> (HEIGHT * row)
        data = b""
        if start < stored:
            data = self._store.read(row, start, min(count, stored - start))
        if start + count > stored:
            pending = self._pending[row]
            data += b"".join(pending[max(0, start - stored) : start + count - stored])
        return data


def export_tiles(tree: Rows, size: int, folder: str | os.PathLike[str]) -> int:
    """Write the tree over the first ``size`` events as C2SP tlog-tiles; return the number of tiles.

    Args:
        tree: The tree.
        size: How many events.
        folder: Gets ``tile/<level>/<number>``, with ``.p/<width>`` for those that are not full.
    """
    written = level = 0
    while size >> (TILE_HEIGHT * level):
        count = size >> (TILE_HEIGHT * level)
        for number in range((count + TILE_WIDTH - 1) // TILE_WIDTH):
            start = number * TILE_WIDTH
            width = min(TILE_WIDTH, count - start)
            path = Path(folder, "tile", str(level), *_tile_name(number))
            if width < TILE_WIDTH:
                path = path.with_name(path.name + ".p") / str(width)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"".join(tree.node(TILE_HEIGHT * level, start + place) for place in range(width)))
            written += 1
        level += 1
    return written


def _tile_name(number: int) -> list[str]:
    """Return the path of a tile's number: groups of three digits, all but the last with an ``x``."""
    parts = [f"{number % 1000:03d}"]
    while number >= 1000:
        number //= 1000
        parts.append(f"x{number % 1000:03d}")
    return parts[::-1]
