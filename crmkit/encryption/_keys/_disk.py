"""Files that must not be lost or half there: complete, on disk, and under their name before anybody relies on them."""

from __future__ import annotations

import os
import secrets
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def create(path: Path, data: bytes) -> None:
    """Write a file that was not there, readable by its owner only; `FileExistsError` if it was."""
    _fill(path, lambda stream: stream.write(data))
    sync_folder(path.parent)


def replace(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Put a file into place in one step, once it is complete and on disk; an error leaves what was there."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        _fill(fresh, write)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    sync_folder(path.parent)


def _fill(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    with os.fdopen(os.open(path, _NEW, 0o600), "wb") as stream:
        write(stream)
        stream.flush()
        os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Make a name in a folder last: tokens under a new key must not outlive the file that holds it."""
    if hasattr(os, "O_DIRECTORY"):  # pragma: no branch  Windows has none, and does it on its own
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
