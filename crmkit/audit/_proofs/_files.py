"""Files that are whole or not there, and the small ones of a log: rows of hashes and checkpoints."""

from __future__ import annotations

import json
import os
from typing import IO, TYPE_CHECKING

from crmkit._canonical import json_bytes
from crmkit._disk import end_of_lines, sync_path
from crmkit._merkle import HASH_BYTES
from crmkit.errors import FormatError, TamperedLogError

from ._rows import HEIGHT

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "CREATE",
    "FileRows",
    "note_line",
    "read_last_note",
    "read_notes",
    "replace_file",
    "write_all",
]

CREATE = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class FileRows:
    """Rows of hashes as files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, row: int) -> Path:
        """Return the file of a row; it is named after the level."""
        return self._folder / f"{row * HEIGHT:02d}"

    def counts(self) -> list[int]:
        """Return how many whole hashes each row has."""
        found: list[int] = []
        while (path := self.path(len(found))).exists():
            found.append(path.stat().st_size // HASH_BYTES)
        return found

    def read(self, row: int, start: int, count: int) -> bytes:
        """Return hashes of a row."""
        with self.path(row).open("rb", buffering=0) as stream:
            stream.seek(start * HASH_BYTES)
            data = stream.read(count * HASH_BYTES)
        if len(data) != count * HASH_BYTES:
            raise TamperedLogError("hashes are missing", location=f"hashes/{self.path(row).name}")
        return data

    def write(self, row: int, start: int, data: bytes) -> None:
        """Put hashes into a row."""
        fd = os.open(self.path(row), CREATE, 0o600)
        try:
            os.lseek(fd, start * HASH_BYTES, os.SEEK_SET)
            write_all(fd, data)
        finally:
            os.close(fd)

    def sync(self) -> None:
        """Force all rows to disk."""
        for row in range(len(self.counts())):
            sync_path(self.path(row))


def write_all(fd: int, data: bytes) -> None:
    """Write everything, however many calls it takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def replace_file(path: Path, data: bytes) -> None:
    """Make a whole file appear at once, on disk before it has its name."""
    fresh = path.with_name(path.name + ".new")
    fd = os.open(fresh, CREATE | os.O_TRUNC, 0o600)
    try:
        write_all(fd, data)
        os.fsync(fd)
    finally:
        os.close(fd)
    fresh.replace(path)
    sync_path(path.parent)


def read_notes(path: Path) -> list[bytes]:
    """Return the checkpoints of a file, oldest first; an unfinished last line is not one yet.

    Raises:
        FormatError: A line is something else.
    """
    if not path.exists():
        return []
    return [
        _read_note(line + b"\n", f"{path.name}, line {number}")
        for number, line in enumerate(path.read_bytes().split(b"\n")[:-1], start=1)
    ]


def read_last_note(path: Path) -> bytes | None:
    """Return the newest checkpoint of a file, which may hold very many; ``None`` if it holds none.

    Raises:
        FormatError: The last line is something else.
    """
    try:
        with path.open("rb", buffering=0) as stream:
            line = _last_line(stream)
    except FileNotFoundError:
        return None
    return _read_note(line, f"{path.name}, last line") if line else None


def _last_line(stream: IO[bytes]) -> bytes:
    """Return the last line that has a line feed, reading from the end."""
    end = end_of_lines(stream.fileno())
    start = end_of_lines(stream.fileno(), end - 1)
    stream.seek(start)
    return stream.read(end - start)


def _read_note(line: bytes, location: str) -> bytes:
    try:
        note: bytes = json.loads(line)["note"].encode()
        known = note_line(note) == line
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        known = False
    if not known:
        raise FormatError("not a checkpoint", location=location)
    return note


def note_line(note: bytes) -> bytes:
    """Return the line of a checkpoint."""
    return json_bytes({"note": note.decode()}) + b"\n"
