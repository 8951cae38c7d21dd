"""Row digests in buckets by the digest of their key, so that neither order nor collation matters."""

from __future__ import annotations

import bisect
import hashlib
import itertools
import math
import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

ROWS_A_BUCKET: Final = 256
MOST_BUCKETS: Final = 65_536
Pairs: TypeAlias = tuple[Sequence[bytes], Sequence[bytes]]
"""Digests of keys, and of rows."""


class Index(NamedTuple):
    """A table's buckets."""

    leaves: tuple[bytes, ...]
    rows: int
    duplicates: int
    """Rows whose key came before."""


def bucket_count(rows: int) -> int:
    """Return how many buckets a table gets: the power of two near a row count over 256, from 1 to 65,536.

    Example:
        >>> bucket_count(100), bucket_count(1_000_000)
        (1, 4096)
    """
    return min(MOST_BUCKETS, 1 << round(math.log2(max(1.0, rows / ROWS_A_BUCKET))))


def bucket_of(key_digest: bytes, bits: int) -> int:
    """Return the bucket: the first bits of the key's digest."""
    return int.from_bytes(key_digest[:4], "big") >> (32 - bits) if bits else 0


def leaf_of(digests: Iterable[bytes]) -> bytes:
    """Return a bucket's leaf: SHA-256 of 0x00 and the sorted digests of its rows."""
    return hashlib.sha256(b"\x00" + b"".join(sorted(digests))).digest()


def index(pairs: Iterable[Pairs], buckets: int | None = None) -> Index:
    """Sort row digests into buckets; ``buckets`` is their number where another snapshot fixed it."""
    held: list[bytes] = []
    keys: set[bytes] = set()
    for key_digests, digests in pairs:
        held += map(operator.add, key_digests, digests)
        keys.update(key_digests)
    count = buckets if buckets is not None else bucket_count(len(held))
    # Sorted by key digest the buckets lie one after the other.
    held.sort()
    bits = count.bit_length() - 1
    ends = [bisect.bisect_left(held, (number << (32 - bits)).to_bytes(4, "big")) for number in range(1, count)]
    leaves = [
        leaf_of([pair[32:] for pair in held[start:end]]) for start, end in itertools.pairwise([0, *ends, len(held)])
    ]
    return Index(tuple(leaves), len(held), len(held) - len(keys))
