"""One hash per byte: a file's digest, and the digests of its chunks where it has several.

A file of at most one chunk has the SHA-256 of its bytes.  A longer one has the RFC 6962 root over its chunks, whose
leaves say later *where* it was damaged.  Only the file's bytes are hashed, once.
"""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING, Final, NamedTuple

from crmkit._merkle import root

if TYPE_CHECKING:
    from collections.abc import Sequence

CHUNK: Final = 1 << 20
READ_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOCTTY", 0)
)


class ChangedError(Exception):
    """A file changed while it was read."""


class ReadError(Exception):
    """A file could not be read; says at which offset."""

    def __init__(self, error: OSError, offset: int) -> None:
        super().__init__(error.strerror)
        self.errno = error.errno
        self.reason = error.strerror or type(error).__name__
        self.offset = offset


class Hashed(NamedTuple):
    """What reading a file once told."""

    size: int
    digest: bytes
    leaves: tuple[bytes, ...]
    """Chunk leaves; empty for a file of at most one chunk."""
    sha256: bytes | None
    """The flat digest, where it was asked for or is the digest."""
    mode: int
    mtime_ns: int

    @property
    def is_root(self) -> bool:
        """Whether `digest` is a root over chunks."""
        return bool(self.leaves)


class Reader:
    """Hashes files with one buffer.

    Args:
        chunk: Bytes a chunk.
        also_flat: Hash longer files a second time, for a digest that other programs know.
    """

    def __init__(self, chunk: int = CHUNK, *, also_flat: bool = False) -> None:
        self._chunk = chunk
        # One octet more than a chunk, so that a file that grows is seen to.
        self._view = memoryview(bytearray(chunk + 1))
        self._also_flat = also_flat
        self._leaf = hashlib.sha256(b"\x00")
        self.read_bytes = 0

    def hash(self, name: bytes | str, *, folder: int | None = None) -> Hashed:
        """Hash a regular file, and once more if it changed meanwhile.

        Raises:
            ReadError: It could not be opened or read.
            ChangedError: It changed twice while it was read.
        """
        try:
            return self._once(name, folder)
        except ChangedError:
            return self._once(name, folder)

    def _once(self, name: bytes | str, folder: int | None) -> Hashed:
        offset = 0
        try:
            fd = os.open(name, READ_FLAGS, dir_fd=folder)
        except OSError as error:
            raise ReadError(error, 0) from None
        try:
            before = os.fstat(fd)
            if not stat.S_ISREG(before.st_mode):
                raise ChangedError
            if before.st_size <= self._chunk:
                offset = _small(fd, self._view, before.st_size)
                digest = hashlib.sha256(self._view[:offset]).digest()
                leaves: tuple[bytes, ...] = ()
                flat: bytes | None = digest
            else:
                digest, leaves, flat, offset = self._large(fd, before.st_size)
            after = os.fstat(fd)
        except OSError as error:
            raise ReadError(error, offset) from None
        finally:
            os.close(fd)
        self.read_bytes += offset
        if offset != before.st_size or before.st_mtime_ns != after.st_mtime_ns or before.st_size != after.st_size:
            raise ChangedError
        return Hashed(offset, digest, leaves, flat, after.st_mode, after.st_mtime_ns)

    def _large(self, fd: int, size: int) -> tuple[bytes, tuple[bytes, ...], bytes | None, int]:
        leaves: list[bytes] = []
        view, start, offset = self._view[: self._chunk], self._leaf, 0
        flat = hashlib.sha256() if self._also_flat else None
        try:
            while offset <= size:  # a file that grows as fast as it is read has no end
                filled = _fill(fd, view)
                if not filled:
                    break
                offset += filled
                part = view[:filled]
                leaf = start.copy()
                leaf.update(part)
                leaves.append(leaf.digest())
                if flat is not None:
                    flat.update(part)
        except OSError as error:
            raise ReadError(error, offset) from None
        return root(leaves), tuple(leaves), None if flat is None else flat.digest(), offset


def _small(fd: int, view: memoryview, size: int) -> int:
    """Read a file of at most one chunk into the buffer; return how much came."""
    filled = _read_into(fd, view)
    while filled < size:  # a signal or a network file system may cut a read short
        more = _read_into(fd, view[filled:])
        if not more:
            break
        filled += more
    return filled


def _read_into(fd: int, view: memoryview) -> int:
    """Read once into a buffer that is there already: a new one for each file costs more than its hash may."""
    if hasattr(os, "readv"):
        return os.readv(fd, [view])
    data = os.read(fd, len(view))  # pragma: no cover  Windows
    view[: len(data)] = data  # pragma: no cover
    return len(data)  # pragma: no cover


def _fill(fd: int, view: memoryview) -> int:
    filled = 0
    while filled < len(view):
        got = _read_into(fd, view[filled:])
        if not got:
            break
        filled += got
    return filled


def digest_of(data: bytes, chunk: int = CHUNK) -> bytes:
    """Return the digest of bytes at hand, as a file of them would have it; the slow, obvious twin of `Reader`."""
    leaves = leaves_of(data, chunk)
    return root(leaves) if leaves else hashlib.sha256(data).digest()


def leaves_of(data: bytes, chunk: int = CHUNK) -> tuple[bytes, ...]:
    """Return the chunk leaves of bytes at hand; none for at most one chunk."""
    if len(data) <= chunk:
        return ()
    return tuple(hashlib.sha256(b"\x00" + data[start : start + chunk]).digest() for start in range(0, len(data), chunk))


def damaged(
    expected: Sequence[bytes], actual: Sequence[bytes], *, expected_size: int, actual_size: int, chunk: int
) -> tuple[tuple[int, int], ...]:
    """Return the byte ranges of the expected file that differ, as far as both have leaves; neighbours are joined.

    Example:
        >>> damaged([b"a", b"b", b"c"], [b"a", b"x", b"y"], expected_size=25, actual_size=25, chunk=10)
        ((10, 25),)
    """
    ranges: list[tuple[int, int]] = []
    for number, leaf in enumerate(expected):
        start, end = number * chunk, min((number + 1) * chunk, expected_size)
        if number < len(actual) and actual[number] == leaf:
            continue
        if start >= actual_size:
            break
        if ranges and ranges[-1][1] == start:
            ranges[-1] = (ranges[-1][0], end)
        else:
            ranges.append((start, end))
    return tuple(ranges)
