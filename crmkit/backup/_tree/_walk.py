"""Walk a folder in the order of path octets, without ever following a link or leaving the folder."""

from __future__ import annotations

import fnmatch
import operator
import os
import re
import sys
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HAS_DIR_FD: Final = os.open in os.supports_dir_fd and os.scandir in os.supports_fd
_OPEN: Final = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)
_FOLDER: Final = _OPEN | getattr(os, "O_DIRECTORY", 0)
_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)
_ENCODING: Final = sys.getfilesystemencoding()
_ERRORS: Final = sys.getfilesystemencodeerrors()
_Item: TypeAlias = "tuple[bytes, str, os.DirEntry[str]]"


class Node(NamedTuple):
    """One thing in the folder.

    ``name`` and ``folder`` open it (``folder`` is ``None`` where the system has no such calls, and ``name`` then is
    the whole path); ``error`` says why a folder could not be listed.
    """

    path: bytes
    type: str
    name: str
    folder: int | None
    entry: os.DirEntry[str] | None
    error: OSError | None = None

    def stat(self) -> os.stat_result:
        """Look at it, not at what it links to."""
        if self.entry is None:
            raise AssertionError("only the top has no entry, and it is not looked at")
        return self.entry.stat(follow_symlinks=False)

    @property
    def reason(self) -> str:
        """Why a folder could not be listed."""
        return "" if self.error is None else f"errno {self.error.errno}: {self.error.strerror}"

    def target(self) -> bytes:
        """Return where a link points to."""
        return os.fsencode(os.readlink(self.name, dir_fd=self.folder))


class Ignore:
    """Patterns of names that are no part of a backup."""

    def __init__(self, patterns: Sequence[str]) -> None:
        anywhere = [pattern for pattern in patterns if "/" not in pattern.rstrip("/")]
        from_top = [pattern for pattern in patterns if pattern not in anywhere]
        self._name = _any(pattern.rstrip("/") for pattern in anywhere)
        self._path = _any(pattern.strip("/") for pattern in from_top)

    def __bool__(self) -> bool:
        """Whether there is any pattern."""
        return self._name is not None or self._path is not None

    def __call__(self, path: bytes) -> bool:
        """Whether the path itself is ignored; what lies below an ignored folder is not asked for."""
        text = path.decode("utf-8", "surrogateescape")
        name = text.rpartition("/")[2]
        return bool((self._name and self._name.fullmatch(name)) or (self._path and self._path.fullmatch(text)))


def _any(patterns: Iterator[str]) -> re.Pattern[str] | None:
    translated = [fnmatch.translate(pattern) for pattern in patterns]
    return re.compile("|".join(translated)) if translated else None


def open_folder(path: str | os.PathLike[str]) -> int | None:
    """Open the folder that a walk starts at; the caller closes it."""
    return os.open(path, _FOLDER) if HAS_DIR_FD else None


def walk(top: str | os.PathLike[str], folder: int | None, ignore: Ignore | None = None) -> Iterator[Node]:
    """Yield everything below ``top`` in the order of path octets.

    A folder comes before what is in it.  Types are ``file``, ``dir``, ``symlink``, ``other``, and ``unreadable`` for a
    folder (already yielded as ``dir``) whose contents nobody could list.

    Memory is that of the widest folders on one path, not of the tree.
    """
    first, error = _list(folder if folder is not None else os.fspath(top), b"", ignore)
    if error is not None:
        yield Node(b"", "unreadable", "", folder, None, error)
        return
    stack: list[tuple[Iterator[_Item], int | None]] = [(iter(first), folder)]
    try:
        while stack:
            items, handle = stack[-1]
            for path, kind, entry in items:
                name = entry.name if handle is not None else entry.path
                if kind != "descend":
                    yield Node(path, kind, name, handle, entry)
                    continue
                path = path[:-1]  # noqa: PLW2901  without the slash that it was sorted by
                below, fd, fault = _descend(name, handle, path, ignore)
                if fault is not None:
                    yield Node(path, "unreadable", name, handle, entry, fault)
                    continue
                stack.append((iter(below), fd))
                break
            else:
                stack.pop()
                if stack and handle is not None:
                    os.close(handle)
    finally:
        for _, handle in stack[1:]:
            if handle is not None:
                os.close(handle)


def _descend(
    name: str, handle: int | None, path: bytes, ignore: Ignore | None
) -> tuple[list[_Item], int | None, OSError | None]:
    fd = None
    if handle is not None:
        try:
            fd = os.open(name, _FOLDER | _NO_FOLLOW, dir_fd=handle)
        except OSError as error:
            return [], None, error
    below, fault = _list(fd if fd is not None else name, path + b"/", ignore)
    if fault is not None and fd is not None:
        os.close(fd)
    return below, fd, fault


def _list(place: int | str, prefix: bytes, ignore: Ignore | None) -> tuple[list[_Item], OSError | None]:
    items: list[_Item] = []
    skip = ignore or None
    try:
        with os.scandir(place) as found:
            for entry in found:
                path = prefix + entry.name.encode(_ENCODING, _ERRORS)  # what os.fsencode does, at a third of its cost
                if skip is not None and skip(path):
                    continue
                if entry.is_file(follow_symlinks=False):
                    items.append((path, "file", entry))
                elif entry.is_symlink():
                    items.append((path, "symlink", entry))
                elif entry.is_dir(follow_symlinks=False):
                    items.append((path, "dir", entry))
                    # Its contents sort where its name with a slash does: behind "a-b", before "a0".
                    items.append((path + b"/", "descend", entry))
                else:
                    items.append((path, "other", entry))
    except OSError as error:
        return [], error
    items.sort(key=operator.itemgetter(0))
    return items, None


def open_parent(top: str | os.PathLike[str], folder: int | None, path: bytes) -> tuple[int | None, str]:
    """Open the folder that a path lies in, step by step and never through a link; return it and the last name.

    The caller closes it if it is not ``folder``.
    """
    *parents, name = os.fsdecode(path).split("/")
    if folder is None:
        return None, os.path.join(os.fspath(top), *parents, name)  # noqa: PTH118  of text that is no Path
    current = folder
    for parent in parents:
        try:
            below = os.open(parent, _FOLDER | _NO_FOLLOW, dir_fd=current)
        finally:
            if current != folder:
                os.close(current)
        current = below
    return current, name
