"""One writer at a time, across processes: the operating system's lock on a file beside the journal."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import TYPE_CHECKING, Self

from crmkit.errors import LockedError

if TYPE_CHECKING:
    from pathlib import Path

POLL_S = 0.02
"""Longest pause between two tries; the first ones are shorter, for a lock that is held for one write only."""
_FIRST_POLL_S = 0.000_25

if sys.platform == "win32":  # pragma: no cover  run on Windows only
    import msvcrt

    def _lock(fd: int) -> None:
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)

    def _unlock(fd: int) -> None:
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_UN)


class FileLock:
    """Holds ``path`` locked until released; the system lets go of it when the process dies, however it dies.

    The file stays where it is: removing it would let two writers each lock a file of that name.

    Args:
        path: Lock file; made if missing.
        wait_s: How long to wait for another holder, in seconds.

    Raises:
        LockedError: Another process, or another lock of this one, holds it.
    """

    def __init__(self, path: Path, *, wait_s: float = 0.0) -> None:
        self._fd: int | None = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            _lock(self._fd)
        except OSError:
            self._wait(path, wait_s)

    def _wait(self, path: Path, wait_s: float) -> None:
        until = time.monotonic() + wait_s
        pause = _FIRST_POLL_S
        while time.monotonic() < until:
            time.sleep(pause)
            pause = min(2 * pause, POLL_S)
            with contextlib.suppress(OSError):
                _lock(self._fd)  # type: ignore[arg-type]  # it is open
                return
        self.release()
        raise LockedError(f"{path.name} is locked: another writer is at work") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Let go; doing it twice does no harm."""
        if self._fd is not None:
            with contextlib.suppress(OSError):
                _unlock(self._fd)  # a process that was forked meanwhile has the file open too, and would keep it locked
            os.close(self._fd)
            self._fd = None
