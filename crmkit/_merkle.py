"""The Merkle tree of RFC 6962: roots, inclusion and consistency proofs, made and verified.

Leaves enter as hashes (`leaf_hash`), so callers decide what a leaf is.  `Prover` proves from complete nodes wherever
they are kept, `Tree` keeps them in memory; `CompactRange` keeps only what the next append needs, 32 bytes a level, and
can be stored; `root` is for a list at hand.
Verifiers return nothing or raise: an answer that can be ignored is not asked for.

Source:
    RFC 6962 section 2.1 and RFC 9162 sections 2.1.1 to 2.1.4, with SHA-256.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from .errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf: SHA-256 of 0x00 and the data."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256 of 0x01 and both children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaf hashes, level by level; a node without a sibling moves up as it is.

    Example:
        >>> root([]).hex()[:16], root([leaf_hash(b"a"), leaf_hash(b"b")]).hex()[:16]
        ('e3b0c44298fc1c14', 'b137985ff484fb60')
    """
    level = list(leaves)
    if not level:
        return EMPTY_ROOT
    sha256 = hashlib.sha256
    while len(level) > 1:
        above = [sha256(b"\x01" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]


class CompactRange:
    """The right edge of a growing tree: enough to append and to know the root, nothing to prove with.

    Args:
        size: Number of leaves that ``nodes`` stand for.
        nodes: Roots of the complete subtrees, largest first, as `nodes` gave them.

    Raises:
        IntegrityError: ``nodes`` are not those of a tree of ``size`` leaves.

    Example:
        >>> edge = CompactRange()
        >>> for data in (b"a", b"b", b"c"):
        ...     edge.append(leaf_hash(data))
        >>> edge.size, len(edge.nodes), edge.root() == root(map(leaf_hash, (b"a", b"b", b"c")))
        (3, 2, True)
    """

    __slots__ = ("_nodes", "_size")

    def __init__(self, size: int = 0, nodes: Sequence[bytes] = ()) -> None:
        if size < 0 or len(nodes) != size.bit_count() or any(len(node) != HASH_BYTES for node in nodes):
            raise IntegrityError(f"{len(nodes)} nodes are not the edge of a tree of {size} leaves")
        self._size = size
        self._nodes = list(nodes)

    @classmethod
    def trusted(cls, size: int, nodes: list[bytes]) -> CompactRange:
        """Return the range of nodes that were computed here, without looking at them again."""
        made = cls.__new__(cls)
        made._size, made._nodes = size, nodes
        return made

    @property
    def size(self) -> int:
        """Number of leaves."""
        return self._size

    @property
    def nodes(self) -> tuple[bytes, ...]:
        """Roots of the complete subtrees, largest first: the state to store."""
        return tuple(self._nodes)

    def append(self, leaf: bytes) -> None:
        """Add a leaf hash at the right; amortised two hashes."""
        size, nodes = self._size, self._nodes
        while size & 1:
            leaf = node_hash(nodes.pop(), leaf)
            size >>= 1
        nodes.append(leaf)
        self._size += 1

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Add many leaf hashes at the right, in whole subtrees: a third of the time of `append` for each."""
        at, nodes = 0, self._nodes
        while at < len(leaves):
            # The widest subtree that begins here: as far as the alignment of the edge and the leaves at hand go.
            width = 1 << (len(leaves) - at).bit_length() - 1
            if self._size:
                width = min(width, self._size & -self._size)
            node = root(leaves[at : at + width])
            size = self._size >> width.bit_length() - 1
            while size & 1:
                node = node_hash(nodes.pop(), node)
                size >>= 1
            nodes.append(node)
            self._size += width
            at += width

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        if not self._nodes:
            return EMPTY_ROOT
        *others, result = self._nodes
        sha256 = hashlib.sha256
        for node in reversed(others):
            result = sha256(b"\x01" + node + result).digest()
        return result


class Prover:
    """Proves what a tree holds, for every past size too; where its complete nodes are kept is the subclass's matter."""

    __slots__ = ()

    @property
    def size(self) -> int:
        """Number of leaves."""
        raise NotImplementedError

    def node(self, level: int, index: int) -> bytes:
        """Return the root over the ``2**level`` leaves from ``index * 2**level``, all of which are there."""
        raise NotImplementedError

    def edge(self, size: int | None = None) -> CompactRange:
        """Return the right edge over the first ``size`` leaves; all of them by default."""
        size = self._known(size)
        nodes, start = [], 0
        for level in range(size.bit_length() - 1, -1, -1):
            if size >> level & 1:
                nodes.append(self.node(level, start >> level))
                start += 1 << level
        return CompactRange(size, nodes)

    def root(self, size: int | None = None) -> bytes:
        """Return the root over the first ``size`` leaves; all of them by default."""
        size = self._known(size)
        return self._subtree(0, size) if size else EMPTY_ROOT

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """Return the path from leaf ``index`` to the root over the first ``size`` leaves, lowest node first.

        Raises:
            IndexError: There is no such leaf, or there are not so many.
        """
        size = self._known(size)
        if not 0 <= index < size:
            raise IndexError(f"no leaf {index} in a tree of {size}")
        path: list[bytes] = []
        start, end = 0, size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                path.append(self._subtree(middle, end))
                end = middle
            else:
                path.append(self._subtree(start, middle))
                start = middle
        return path[::-1]

    def consistency_proof(self, first: int, second: int | None = None) -> list[bytes]:
        """Return the nodes that prove the first ``first`` leaves to be a prefix of the first ``second``.

        Raises:
            IndexError: ``first`` is not in 1..``second``, or there are not so many leaves.
        """
        second = self._known(second)
        if not 0 < first <= second:
            raise IndexError(f"no consistency proof from {first} to {second} leaves")
        path: list[bytes] = []
        start, end, whole = 0, second, True
        while first != end:
            middle = start + _split(end - start)
            if first <= middle:
                path.append(self._subtree(middle, end))
                end = middle
            else:
                path.append(self._subtree(start, middle))
                start, whole = middle, False
        if not whole:
            path.append(self._subtree(start, end))
        return path[::-1]

    def _known(self, size: int | None) -> int:
        if size is None:
            return self.size
        if not 0 <= size <= self.size:
            raise IndexError(f"no tree of {size} leaves; there are {self.size}")
        return size

    def _subtree(self, start: int, end: int) -> bytes:
        """Return the root over leaves ``start`` to ``end``, where ``start`` is where RFC 6962 would split."""
        width = end - start
        if width & (width - 1) == 0:
            level = width.bit_length() - 1
            return self.node(level, start >> level)
        middle = start + _split(width)
        return node_hash(self._subtree(start, middle), self._subtree(middle, end))


class Tree(Prover):
    """A tree in memory: keeps its complete nodes, 64 bytes a leaf.

    Example:
        >>> tree = Tree(map(leaf_hash, (b"a", b"b", b"c")))
        >>> verify_inclusion(leaf_hash(b"c"), 2, 3, tree.inclusion_proof(2), tree.root())
        >>> verify_consistency(2, tree.root(2), 3, tree.root(), tree.consistency_proof(2))
    """

    __slots__ = ("_levels",)

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        for leaf in leaves:
            self.append(leaf)

    @property
    def size(self) -> int:
        """Number of leaves."""
        return len(self._levels[0])

    def node(self, level: int, index: int) -> bytes:
        """Return a complete node."""
        return self._levels[level][index]

    def append(self, leaf: bytes) -> None:
        """Add a leaf hash at the right."""
        for level in self._levels:
            level.append(leaf)
            if len(level) % 2:
                return
            leaf = node_hash(level[-2], leaf)
        self._levels.append([leaf])


def _split(width: int) -> int:
    """Return the largest power of two below ``width``."""
    return 1 << (width - 1).bit_length() - 1


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that ``leaf`` (a leaf hash) is number ``index`` of the ``size`` leaves under ``root``.

    Raises:
        IntegrityError: It is not proved: wrong path, wrong length, or an index outside of the tree.

    Source:
        RFC 9162 section 2.1.3.2.
    """
    _require_hashes(leaf, root, *proof)
    if not 0 <= index < size:
        raise IntegrityError(f"inclusion not proved: no leaf {index} in a tree of {size}")
    node, last, result = index, size - 1, leaf
    for step in proof:
        if last == 0:
            raise IntegrityError("inclusion not proved: the proof is too long")
        if node & 1 or node == last:
            result = node_hash(step, result)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            result = node_hash(result, step)
        node, last = node >> 1, last >> 1
    if last or not hmac.compare_digest(result, root):
        raise IntegrityError("inclusion not proved: the path does not lead to the root")


def verify_consistency(first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree of ``first`` leaves is a prefix of the tree of ``second``: nothing was changed or dropped.

    Raises:
        IntegrityError: It is not proved.  A tree without leaves proves nothing and is refused.

    Source:
        RFC 9162 section 2.1.4.2.
    """
    _require_hashes(first_root, second_root, *proof)
    if not 0 < first <= second:
        raise IntegrityError(f"consistency not proved: {first} leaves are no prefix of {second}")
    path = list(proof)
    if first == second:
        if path or not hmac.compare_digest(first_root, second_root):
            raise IntegrityError("consistency not proved: trees of one size have different roots, or there is a proof")
        return
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    if not path:
        raise IntegrityError("consistency not proved: the proof is empty")
    node, last = first - 1, second - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = path[0]
    for step in path[1:]:
        if last == 0:
            raise IntegrityError("consistency not proved: the proof is too long")
        if node & 1 or node == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, step)
        node, last = node >> 1, last >> 1
    if last or not (hmac.compare_digest(old, first_root) and hmac.compare_digest(new, second_root)):
        raise IntegrityError("consistency not proved: the path does not lead to both roots")


def _require_hashes(*hashes: bytes) -> None:
    if any(len(value) != HASH_BYTES for value in hashes):
        raise IntegrityError(f"not proved: a hash is not {HASH_BYTES} bytes long")
