"""Files that must not be lost, half there, or anybody's to read: whole and on disk before they have their name.

Left out: files that are appended to; journals and the stores of the audit log do that, each by its own rules.
"""

from __future__ import annotations

import contextlib
import os
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OWNER: Final = 0o600
_EVERYBODY: Final = 0o666  # as far as the process's own mask lets them
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_BLOCK: Final = 1 << 16


def make_private(path: Path) -> Path:
    """Make an empty file that only its owner may read, where there is none; return the path.

    What is there keeps the rights that somebody gave it. What SQLite puts beside a database, its log and its journal,
    gets the rights of the database.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, _NEW, _OWNER))
    return path


@contextlib.contextmanager
def creating(path: Path, *, private: bool = False) -> Iterator[IO[bytes]]:
    """Give a file to write that was not there; it and its name are on disk when the block ends, or it is gone again.

    Args:
        path: The file.
        private: Whether only its owner may read it, from the first octet on.

    Raises:
        FileExistsError: It was there.
    """
    with _filled(path, private=private) as stream:
        yield stream
    sync_path(path.parent)


@contextlib.contextmanager
def replacing(path: Path, *, private: bool = False) -> Iterator[IO[bytes]]:
    """Give a file to write; it takes the place of ``path`` when all of it is on disk, and is gone after an error.

    Args:
        path: The file; a reader sees the old one or the new one, never half of one.
        private: Whether only its owner may read it, from the first octet on.
    """
    fresh = path.with_name(f".{path.name}.{os.urandom(4).hex()}.new")
    with _filled(fresh, private=private) as stream:
        yield stream
    try:
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    sync_path(path.parent)


@contextlib.contextmanager
def _filled(path: Path, *, private: bool) -> Iterator[IO[bytes]]:
    fd = os.open(path, _NEW, _OWNER if private else _EVERYBODY)
    try:
        with os.fdopen(fd, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def sync_path(path: Path) -> None:
    """Force a file, or the names in a folder, to disk; systems that cannot open folders do that on their own."""
    if path.is_dir() and not hasattr(os, "O_DIRECTORY"):  # pragma: no cover  Windows
        return
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def end_of_lines(fd: int, end: int | None = None) -> int:
    """Return the offset behind the last line feed of a file, or the last one before ``end``; 0 if there is none."""
    if end is None:
        end = os.lseek(fd, 0, os.SEEK_END)
    while end > 0:
        start = max(0, end - _BLOCK)
        os.lseek(fd, start, os.SEEK_SET)
        at = os.read(fd, end - start).rfind(b"\n")
        if at >= 0:
            return start + at + 1
        end = start
    return 0
