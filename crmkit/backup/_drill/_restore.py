"""Restore a dump into a scratch place, with commands that are fixed here and know no other target."""

from __future__ import annotations

import abc
import contextlib
import gzip
import os
import re
import secrets
import shutil
import sqlite3
import subprocess
from typing import IO, TYPE_CHECKING, Any, Final, cast

import attrs

from crmkit.backup._probes._databases import postgres_program
from crmkit.backup._tree._hashing import Reader
from crmkit.errors import FixityError, NotFoundError, RefusedError

from ._scratch import Scratch, ScratchFolder, ScratchPostgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_COPY: Final = re.compile(rb"COPY .* FROM stdin;\r?\n")
_RESTRICT: Final = re.compile(rb"\\(un)?restrict [A-Za-z0-9]+\r?\n")
_SAID: Final = 2000


class RestoreError(Exception):
    """The restore program failed; carries the last of what it said, for the person who runs the drill."""


@attrs.frozen(kw_only=True)
class Restored:
    """What came out of a restore, for checks.

    Attributes:
        kind: ``"postgresql"``, ``"sqlite"`` or ``"folder"``.
        connection: A connection to it, where it is a database.
        folder: Where its files are, where it is none.

    .. versionadded:: 0.1.0
    """

    kind: str
    connection: Any = None
    folder: Path | None = None

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a query and return its rows."""
        if self.connection is None:
            raise NotFoundError("a restored folder answers no queries; use a check of your own")
        cursor = self.connection.cursor()
        cursor.execute(sql)
        return list(cursor.fetchall())


class Restore(abc.ABC):
    """How a backup is restored.

    .. versionadded:: 0.1.0
    """

    @abc.abstractmethod
    def run(self, payload: Path, scratch: Scratch) -> None:
        """Restore ``payload`` into ``scratch``."""

    @abc.abstractmethod
    def opened(self, scratch: Scratch) -> contextlib.AbstractContextManager[Restored]:
        """Open what was restored, for checks."""


class PgRestore(Restore):
    r"""``pg_restore`` for archives and dump folders, ``psql`` for plain dumps, into a `ScratchPostgres`.

    Errors end the restore: a dump that restores with errors is no backup.  A plain dump runs with psql's own commands
    switched off (``\restrict``), and is refused before it runs where it changes the database it is in.

    Args:
        file: The dump in the payload; the only file of the payload where ``None``.

    Example:
        >>> PgRestore(file="crm.dump")
        PgRestore(file='crm.dump')

    .. versionadded:: 0.1.0
    """

    def __init__(self, file: str | None = None) -> None:
        self._file = file

    def run(self, payload: Path, scratch: Scratch) -> None:
        """Restore."""
        if not isinstance(scratch, ScratchPostgres):
            raise RefusedError("PgRestore restores into ScratchPostgres only", rule="scratch_of_another_kind")
        dump = _only_file(payload, self._file)
        scratch.guard()
        if dump.is_dir() or _starts(dump, b"PGDMP"):
            options = ("--exit-on-error", "--no-owner", "--no-acl", "--no-password", "--dbname", scratch.url)
            _call([_program("pg_restore"), *options, str(dump)])
        else:
            self._plain(dump, scratch)

    def _plain(self, dump: Path, scratch: ScratchPostgres) -> None:
        with _text(dump) as stream:
            for _ in _safe_lines(stream):
                pass
        program = _program("psql")
        command = [program, "-X", "-q", "-w", "-v", "ON_ERROR_STOP=1", "-d", scratch.url]
        token = secrets.token_hex(16).encode()
        knows = subprocess.run(  # noqa: S603  a fixed command
            command, input=b"\\restrict %b\n\\unrestrict %b\n" % (token, token), capture_output=True, check=False,
            env=_environment(),
        )  # fmt: skip
        scratch.guard()
        with subprocess.Popen(  # noqa: S603  a fixed command
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=_environment()
        ) as process:
            if process.stdin is None or process.stderr is None:
                raise AssertionError("pipes were asked for")
            with contextlib.suppress(BrokenPipeError), _text(dump) as stream:
                if knows.returncode == 0:
                    process.stdin.write(b"\\restrict %b\n" % token)
                for line in _safe_lines(stream):
                    process.stdin.write(line)
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            said = process.stderr.read()
            if process.wait() != 0:
                raise RestoreError(said.decode("utf-8", "replace")[-_SAID:])

    @contextlib.contextmanager
    def opened(self, scratch: Scratch) -> Iterator[Restored]:
        """Connect to the scratch database."""
        if not isinstance(scratch, ScratchPostgres):
            raise RefusedError("PgRestore restores into ScratchPostgres only", rule="scratch_of_another_kind")
        scratch.guard()
        with scratch.connect() as connection:
            yield Restored(kind="postgresql", connection=connection)

    def __repr__(self) -> str:
        return f"PgRestore(file={self._file!r})"


def _safe_lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines of a plain dump; refuse what leaves the database that it is meant for."""
    copying = False
    for number, line in enumerate(stream, start=1):
        if copying:
            copying = line.rstrip(b"\r\n") != b"\\."
        elif _COPY.fullmatch(line):
            copying = True
        elif _RESTRICT.fullmatch(line):
            continue  # the dump's own; ours stands around all of it
        elif line.lstrip().startswith(b"\\"):
            raise RefusedError(
                f"line {number} of the dump is a command of psql, such as \\connect", rule="dump_commands"
            )
        elif re.match(rb"\s*(CREATE|DROP|ALTER)\s+(DATABASE|SYSTEM|ROLE|USER|TABLESPACE)\b", line, re.IGNORECASE):
            raise RefusedError(f"line {number} of the dump changes the cluster, not a database", rule="dump_commands")
        yield line


@contextlib.contextmanager
def _text(dump: Path) -> Iterator[IO[bytes]]:
    opener: Any = gzip.open if _starts(dump, b"\x1f\x8b") else open
    with opener(dump, "rb") as stream:
        yield cast("IO[bytes]", stream)


def _environment() -> dict[str, str]:
    """Return an environment in which no variable of libpq can lead elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _program(name: str) -> str:
    found = postgres_program(name)
    if found is None:
        raise RestoreError(f"{name} is not installed here")
    return found


def _call(command: list[str]) -> None:
    done = subprocess.run(  # noqa: S603  a fixed command
        command, capture_output=True, check=False, stdin=subprocess.DEVNULL, env=_environment()
    )
    if done.returncode != 0:
        raise RestoreError(done.stderr.decode("utf-8", "replace")[-_SAID:])


def _starts(path: Path, magic: bytes) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(magic)) == magic


def _only_file(payload: Path, name: str | None) -> Path:
    """Return the dump: a file or folder of the payload itself, never what a link in it leads to."""
    if name is not None:
        path = payload / name
        if not path.resolve().is_relative_to(payload.resolve()):
            raise RefusedError("the dump lies outside of the payload", rule="dump_outside")
        if not path.exists():
            raise NotFoundError.of("file of the payload", name, [one.name for one in payload.iterdir()])
        if path.resolve() != payload.resolve() / name:
            raise RefusedError("a link leads to the dump, and none is followed", rule="dump_outside")
        return path
    files = [path for path in payload.rglob("*") if path.is_file() and not path.is_symlink()]
    toc = payload / "toc.dat"
    if toc.is_file() and not toc.is_symlink():
        return payload
    if len(files) != 1:
        raise NotFoundError(f"the payload has {len(files)} files; say which one is the dump with file=")
    return files[0]


class SqliteRestore(Restore):
    """Copies an SQLite database into a `ScratchFolder` and opens the copy, never the backup.

    Args:
        file: The database in the payload; the only file of the payload where ``None``.

    Example:
        >>> SqliteRestore(file="crm.sqlite")
        SqliteRestore(file='crm.sqlite')

    .. versionadded:: 0.1.0
    """

    def __init__(self, file: str | None = None) -> None:
        self._file = file

    def run(self, payload: Path, scratch: Scratch) -> None:
        """Restore."""
        folder = _folder(scratch)
        kept = _only_file(payload, self._file)
        # What was committed may lie in the log beside it, and what was not may have to be rolled back from the journal.
        for ending in ("", "-wal", "-journal"):
            part = kept.with_name(kept.name + ending)
            if part.is_symlink():
                raise RefusedError("a part of the database is a link, and none is followed", rule="dump_outside")
            if not ending or part.exists():
                shutil.copyfile(part, folder / f"restored.sqlite{ending}", follow_symlinks=False)
        with contextlib.closing(sqlite3.connect(folder / "restored.sqlite")) as database:
            try:
                said = database.execute("PRAGMA quick_check(1)").fetchone()
            except sqlite3.DatabaseError as error:
                raise RestoreError(str(error)) from None
            if said != ("ok",):
                raise RestoreError("SQLite finds damaged pages")

    @contextlib.contextmanager
    def opened(self, scratch: Scratch) -> Iterator[Restored]:
        """Open the copy."""
        folder = _folder(scratch)
        with contextlib.closing(sqlite3.connect(folder / "restored.sqlite")) as database:
            yield Restored(kind="sqlite", connection=database, folder=folder)

    def __repr__(self) -> str:
        return f"SqliteRestore(file={self._file!r})"


class FolderRestore(Restore):
    """Copies the files of a backup into a `ScratchFolder`, links as links, and reads every copy back.

    Example:
        >>> FolderRestore()
        FolderRestore()

    .. versionadded:: 0.1.0
    """

    def run(self, payload: Path, scratch: Scratch) -> None:
        """Restore."""
        folder = _folder(scratch)
        shutil.copytree(payload, folder, symlinks=True, dirs_exist_ok=True)
        reader = Reader()
        for path in payload.rglob("*"):
            if path.is_file() and not path.is_symlink():
                copy = folder / path.relative_to(payload)
                if reader.hash(str(path)).digest != reader.hash(str(copy)).digest:
                    raise FixityError("the restored file is another one", location=path.name)

    @contextlib.contextmanager
    def opened(self, scratch: Scratch) -> Iterator[Restored]:
        """Return the folder."""
        yield Restored(kind="folder", folder=_folder(scratch))

    def __repr__(self) -> str:
        return "FolderRestore()"


def _folder(scratch: Scratch) -> Path:
    if not isinstance(scratch, ScratchFolder):
        raise RefusedError("this restores into ScratchFolder only", rule="scratch_of_another_kind")
    scratch.guard()
    return scratch.folder
