"""Witnesses: somebody else who keeps checkpoints, out of reach of whoever could rewrite the log.

A witness takes a checkpoint only with a proof that the log has grown from the one it has. What it keeps is what the log
is held to later, so a log is proved up to its newest checkpoint that is out of the attacker's reach, and no further.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from crmkit._disk import sync_path
from crmkit._merkle import verify_consistency
from crmkit.errors import FormatError, IntegrityError, TamperedLogError

from ._checkpoint import Checkpoint
from ._files import note_line, read_last_note, write_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["CallableWitness", "FileWitness", "SQLiteWitness", "Witness"]


class Witness:
    """Keeps the newest checkpoint of a log; subclass it with `latest` and `keep`.

    Args:
        name: What reports call it.

    Example:
        >>> class Remembers(Witness):
        ...     note = None
        ...     def latest(self): return self.note
        ...     def keep(self, note): self.note = note
        >>> Remembers("memory").name
        'memory'

    .. versionadded:: 0.1.0
    """

    answers = True
    """Whether `latest` tells what it has; one that only forwards cannot."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def latest(self) -> bytes | None:
        """Return the newest checkpoint it has, ``None`` before the first."""
        raise NotImplementedError

    def keep(self, note: bytes) -> None:
        """Keep a checkpoint."""
        raise NotImplementedError

    def observe(self, note: bytes, proof: Sequence[bytes]) -> None:
        """Take a checkpoint that has grown from the one before.

        Args:
            note: The signed checkpoint.
            proof: Consistency proof from `latest`; empty where there is none, or where nothing was added.

        Raises:
            TamperedLogError: It has not.
        """
        before = self.latest()
        if before is not None:
            old, new = Checkpoint.peek(before), Checkpoint.peek(note)
            if old.origin != new.origin:
                raise TamperedLogError("of another log", location=f"witness {self.name}")
            try:
                verify_consistency(old.size, old.root, new.size, new.root, proof)
            except IntegrityError as error:
                raise TamperedLogError(str(error), location=f"witness {self.name}") from None
        self.keep(note)


class FileWitness(Witness):
    """Keeps every checkpoint in a file: on another disk, in a repository, on a share that others own.

    Args:
        path: The file; its folder must be there.

    Example:
        >>> import tempfile
        >>> witness = FileWitness(Path(tempfile.mkdtemp()) / "audit.checkpoints")
        >>> witness.latest() is None
        True

    .. versionadded:: 0.1.0
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        super().__init__(self._path.name)

    def latest(self) -> bytes | None:
        """Return the newest checkpoint."""
        return read_last_note(self._path)

    def keep(self, note: bytes) -> None:
        """Append a checkpoint; behind what a full disk has left of another one it begins a line of its own."""
        with self._path.open("a+b", buffering=0) as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - 1))
            begun = stream.read(1) not in (b"", b"\n")
            write_all(stream.fileno(), b"\n" * begun + note_line(note))
        sync_path(self._path)


class SQLiteWitness(Witness):
    """Keeps every checkpoint in a table ``checkpoints`` of a database of its own.

    Args:
        path: The database; made if missing.

    Example:
        >>> import tempfile
        >>> SQLiteWitness(Path(tempfile.mkdtemp()) / "witness.sqlite").latest() is None
        True

    .. versionadded:: 0.1.0
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        super().__init__(self._path.name)
        with self._open() as database:
            database.execute("CREATE TABLE IF NOT EXISTS checkpoints (number INTEGER PRIMARY KEY, note BLOB NOT NULL)")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path)) as database, database:
                yield database
        except sqlite3.Error as error:
            raise OSError(f"witness {self.name} cannot be used: {type(error).__name__}") from None

    def latest(self) -> bytes | None:
        """Return the newest checkpoint."""
        with self._open() as database:
            row = database.execute("SELECT note FROM checkpoints ORDER BY number DESC LIMIT 1").fetchone()
        if row is not None and type(row[0]) is not bytes:
            raise FormatError("not a checkpoint", location=f"witness {self.name}")
        return None if row is None else row[0]

    def keep(self, note: bytes) -> None:
        """Add a checkpoint."""
        with self._open() as database:
            database.execute("INSERT INTO checkpoints (note) VALUES (?)", (note,))


class CallableWitness(Witness):
    """Hands checkpoints to a function: to mail them, to commit them, to put them into an object store.

    Args:
        name: What reports call it.
        keep: Called with every signed checkpoint.
        latest: Gives the newest one back; without it nothing can be compared.

    Example:
        >>> mails = []
        >>> CallableWitness("mail", mails.append)
        CallableWitness('mail')

    .. versionadded:: 0.1.0
    """

    def __init__(
        self, name: str, keep: Callable[[bytes], object], latest: Callable[[], bytes | None] | None = None
    ) -> None:
        super().__init__(name)
        self._keep = keep
        self._latest = latest
        self.answers = latest is not None

    def latest(self) -> bytes | None:
        """Ask for the newest checkpoint."""
        return None if self._latest is None else self._latest()

    def keep(self, note: bytes) -> None:
        """Hand on a checkpoint."""
        self._keep(note)
