"""Writing a journal: append, recover from a crash, and erase what stands beside the chain."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

import attrs

from crmkit._disk import end_of_lines, make_private, sync_path
from crmkit.errors import FormatError, IntegrityError, TamperedLogError

from ._line import FORMAT, GENESIS, Head, decode, encode, line_hash, parse, require_object
from ._lock import FileLock
from ._reader import read_header

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

Durability: TypeAlias = Literal["each", "close", "os"]

BLOCK = 1 << 16
LINE_START = b'{"body":{'
_OPEN = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_log = logging.getLogger("crmkit.journal")


@attrs.frozen
class Recovery:
    """An unfinished last line that was found and set aside."""

    size_bytes: int
    path: Path
    """File it was appended to."""


class Journal:
    """The one writer of a journal; a context manager.  Made by `open`.

    Attributes:
        head: Where the journal stands.
        recovered: What was set aside when it was opened, ``None`` if nothing.
    """

    def __init__(self, path: Path, fd: int, lock: FileLock, head: Head, size: int, durability: Durability) -> None:
        self._path = path
        self._fd = fd
        self._lock = lock
        self._size = size
        self._durability = durability
        self._usable = True
        self.head = head
        self.recovered: Recovery | None = None

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        kind: str,
        about: bytes = b"{}",
        durability: Durability = "close",
        wait_s: float = 0.0,
    ) -> Journal:
        """Open a journal for appending, or make one.

        The last line is verified, not the whole chain: that is the reader's part.  What a crash left behind the last
        line feed was never acknowledged; it is appended to ``<name>.torn`` and cut off.

        Args:
            path: The file.
            kind: What the journal is of; an existing one must say the same.
            about: More for the header of a new journal: the bytes of a JSON object without ``format`` and ``kind``.
            durability: When data is forced to disk: at ``each`` append, at `sync` and ``close``, or when the ``os``
                pleases.
            wait_s: How long to wait for another writer, in seconds.

        Raises:
            LockedError: Another writer is at work.
            FormatError: The file is something else.
            TamperedLogError: Its last line is not what was written.
        """
        path = Path(path)
        lock = FileLock(path.with_name(path.name + ".lock"), wait_s=wait_s)
        fd = -1
        try:
            fd = os.open(path, _OPEN, 0o600)
            recovered = _set_torn_aside(path, fd)
            size = os.lseek(fd, 0, os.SEEK_END)
            if size:
                head = _last_head(path, kind)
            else:
                head, size = Head(-1, GENESIS), 0
            journal = cls(path, fd, lock, head, size, durability)
            journal.recovered = recovered
            if head.lines < 0:
                journal._write([(_header(kind, about), b"")])
                journal.sync()
                sync_path(path.parent)
        except BaseException:
            if fd >= 0:
                os.close(fd)
            lock.release()
            raise
        return journal

    def append(self, body: bytes, side: bytes = b"") -> Head:
        """Append one line; return where the journal stands now.

        Args:
            body: The bytes of a JSON object, which the chain covers.
            side: The bytes of one that it does not cover, and that can be erased; none by default.

        Raises:
            FormatError: Not JSON objects.
            OSError: The system did not take it, for instance because the disk is full; the journal is as before.
            IntegrityError: An earlier failure could not be undone; open the journal again.
        """
        return self.extend([(body, side)])

    def extend(self, lines: Iterable[tuple[bytes, bytes]]) -> Head:
        """Append many lines as one write: all of them or, after an error, none; see `append`."""
        pairs = list(lines)
        for body, side in pairs:
            require_object(body, "body")
            if side:
                require_object(side, "side")
        if pairs:
            self._write(pairs)
            if self._durability == "each":
                os.fsync(self._fd)
        return self.head

    def _write(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        if not self._usable:
            raise IntegrityError("the journal is closed, or an earlier write failed half-way; open it again")
        number, previous = self.head.lines, self.head.hash
        pieces = []
        for body, side in pairs:
            number += 1
            own = line_hash(previous, body)
            pieces.append(encode(number, body, side, previous=previous, own=own))
            previous = own
        data = memoryview(b"".join(pieces))
        done = 0
        try:
            while done < len(data):
                done += os.write(self._fd, data[done:])
        except BaseException:
            self._usable = False
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self._size)
                self._usable = True
            raise
        self._size += len(data)
        self.head = Head(number, previous)

    def sync(self) -> None:
        """Force what was appended to disk."""
        os.fsync(self._fd)

    def close(self) -> None:
        """Force everything to disk, unless that is left to the system, and let the next writer in."""
        if self._fd < 0:
            return
        fd, self._fd, self._usable = self._fd, -1, False
        try:
            if self._durability != "os":
                os.fsync(fd)
        finally:
            os.close(fd)
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Journal({self._path.name!r}, {self.head.lines} lines)"


def _header(kind: str, about: bytes) -> bytes:
    require_object(about, "about")
    said = {**json.loads(about), "format": FORMAT, "kind": kind}
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _set_torn_aside(path: Path, fd: int) -> Recovery | None:
    """Move what is behind the last line feed to ``<name>.torn``; there first, and only then off the journal."""
    size = os.lseek(fd, 0, os.SEEK_END)
    keep = end_of_lines(fd, size)
    if keep == size:
        return None
    os.lseek(fd, 0, os.SEEK_SET)
    start = os.read(fd, len(LINE_START))
    if start != LINE_START[: len(start)]:
        raise FormatError("not a journal; nothing was changed", location=path.name)
    aside = path.with_name(path.name + ".torn")
    with make_private(aside).open("ab") as torn:
        os.lseek(fd, keep, os.SEEK_SET)
        while piece := os.read(fd, BLOCK):
            torn.write(piece)
        torn.write(b"\n")
        torn.flush()
        os.fsync(torn.fileno())
    os.ftruncate(fd, keep)
    os.fsync(fd)
    _log.warning("%s ended in an unfinished line; set %d bytes aside in %s", path.name, size - keep, aside.name)
    return Recovery(size - keep, aside)


def _last_head(path: Path, kind: str) -> Head:
    """Verify header and last line and return where the journal stands."""
    with path.open("rb") as stream:
        _, own = read_header(stream, path.name, kind)
        first = stream.tell()
        size = stream.seek(0, os.SEEK_END)
        if first == size:
            return Head(0, own)
        start = max(first, end_of_lines(stream.fileno(), size - 1))
        stream.seek(start)
        raw = stream.read()
    try:
        number, previous = parse(raw)
    except (ValueError, RecursionError):
        raise TamperedLogError("not a line of a journal", location=f"{path.name}, last line") from None
    if start == first and previous != own:
        raise TamperedLogError("it does not follow the header", location=f"{path.name}, line {number}")
    line, _ = decode(raw, number, previous, path.name)
    return Head(line.number, line.hash)
