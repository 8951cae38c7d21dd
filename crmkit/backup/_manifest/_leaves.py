"""``chunks.bin``: the digests of chunks, read where they are asked for."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from crmkit._merkle import HASH_BYTES, root
from crmkit.backup._tree._files import open_regular

if TYPE_CHECKING:
    from pathlib import Path

    from ._entry import Entry


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with open_regular(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]  # it has readinto, too


class ChunkLeaves:
    """The leaves of each file with more than one chunk, in the order of the manifest."""

    def __init__(self, path: Path, chunk: int) -> None:
        self._path = path
        self._chunk = chunk

    def of(self, entry: Entry, offset: int) -> tuple[bytes, ...]:
        """Return the leaves of one file; none for a file of one chunk, or where they are not those of its root."""
        count = -(-entry.size // self._chunk)
        if count <= 1:
            return ()
        with open_regular(self._path) as stream:
            stream.seek(offset * HASH_BYTES)
            data = stream.read(count * HASH_BYTES)
        leaves = tuple(data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES))
        return leaves if len(leaves) == count and root(leaves) == entry.digest else ()
