"""Places where copies lie: a folder here, or any file system that fsspec knows."""

from __future__ import annotations

import abc
import errno
import os
import posixpath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmkit._optional import require
from crmkit.backup._tree._paths import unsafe
from crmkit.backup._tree._walk import open_folder, open_parent, walk
from crmkit.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_BLOCK = 1 << 20
_NO_FILE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO)
"""There is none; or a link, socket or device in its place, or a link on the way to it, and none of them is opened."""


_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)


def require_distinct(copies: Mapping[str, Store]) -> None:
    """Refuse one place under two names: it would be counted, or vote, as often as it is named.

    Raises:
        SchemaError: There is such a pair.
    """
    seen: dict[str, str] = {}
    for name, store in copies.items():
        other = seen.setdefault(store.place, name)
        if other != name:
            raise SchemaError(f"copies {other!r} and {name!r} are one and the same place")


class Store(abc.ABC):
    """A copy of a payload: files that can be read in parts, and replaced as a whole.

    Attributes:
        grade: How strong a reading is as evidence: ``"read"`` for bytes that came back over the wire or from the disk.

    .. versionadded:: 0.1.0
    """

    grade = "read"

    @property
    @abc.abstractmethod
    def place(self) -> str:
        """Where it is, the same for two stores of one place: a copy that is counted twice is no second copy."""

    @abc.abstractmethod
    def size(self, path: bytes) -> int | None:
        """Return a file's size; ``None`` where there is no regular file.

        Raises:
            OSError: Nobody can tell: what cannot be read may be there all the same.
        """

    @abc.abstractmethod
    def paths(self) -> Iterator[bytes]:
        """Yield the path of every file.

        Raises:
            OSError: A folder cannot be listed: an incomplete list would pass for a complete one.
        """

    @abc.abstractmethod
    def read(self, path: bytes, block: int) -> Iterator[bytes]:
        """Yield a file in blocks of exactly ``block`` octets but the last."""

    @abc.abstractmethod
    def part(self, path: bytes, start: int, length: int) -> bytes:
        """Return a part of a file."""

    @abc.abstractmethod
    def replace(self, path: bytes, content: Iterator[bytes], *, keep: str, mode: int | None = None) -> None:
        """Put a whole file in place; what was there is kept under its name with ``keep`` at the end.

        Args:
            path: The file.
            content: All of it; where it raises, nothing has changed.
            keep: Ending of the name of what was there.
            mode: Its permissions, where the place has any.
        """

    def checked(self, path: bytes) -> bytes:
        """Refuse a path that leads out of the store.

        Raises:
            SchemaError: It would.
        """
        danger = unsafe(path)
        if danger is not None:
            raise SchemaError(f"a path that is not safe: {danger}")
        return path


class LocalStore(Store):
    """A folder on this machine; links in it are never followed.

    Args:
        folder: The folder.

    Example:
        >>> LocalStore("/backups/crm").size(b"contacts.csv") is None
        True

    .. versionadded:: 0.1.0
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    @property
    def place(self) -> str:
        """The folder itself, whatever links lead to it."""
        try:
            found = self.folder.stat()
        except OSError:
            return str(self.folder.absolute())
        return f"{found.st_dev}:{found.st_ino}" if found.st_ino else str(self.folder.resolve())

    def _open(self, path: bytes, flags: int, mode: int = 0o600) -> int:
        self.checked(path)
        top = open_folder(self.folder)
        parent: int | None = None
        try:
            parent, name = open_parent(self.folder, top, path)
            extra = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
            return os.open(name, flags | extra, mode, dir_fd=parent)
        finally:
            for fd in {top, parent} - {None}:
                os.close(fd)  # type: ignore[arg-type]  # None was taken out

    def paths(self) -> Iterator[bytes]:
        """Yield the path of every file, without following links."""
        fd = open_folder(self.folder)
        try:
            for node in walk(self.folder, fd):
                if node.type == "unreadable":
                    raise OSError(node.reason)
                if node.type == "file":
                    yield node.path
        finally:
            if fd is not None:
                os.close(fd)

    def size(self, path: bytes) -> int | None:
        """Return a file's size; ``None`` where there is no regular file."""
        import stat

        try:
            fd = self._open(path, os.O_RDONLY)
        except OSError as error:
            if error.errno in _NO_FILE:
                return None
            raise
        try:
            found = os.fstat(fd)
        finally:
            os.close(fd)
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def read(self, path: bytes, block: int) -> Iterator[bytes]:
        """Yield a file in blocks."""
        with os.fdopen(self._open(path, os.O_RDONLY), "rb") as stream:
            while data := stream.read(block):
                yield data

    def part(self, path: bytes, start: int, length: int) -> bytes:
        """Return a part of a file."""
        with os.fdopen(self._open(path, os.O_RDONLY), "rb") as stream:
            stream.seek(start)
            return stream.read(length)

    def replace(self, path: bytes, content: Iterator[bytes], *, keep: str, mode: int | None = None) -> None:
        """Write beside, force to disk, keep the old one, rename: a crash leaves the old or the new file."""
        from crmkit._disk import sync_path

        target = self.folder / os.fsdecode(self.checked(path))
        self._parents(target)
        fresh = target.with_name(f".{target.name}.{os.getpid()}.healed")
        try:
            with os.fdopen(os.open(fresh, _NEW, 0o600), "wb") as stream:  # nobody else's to read, even for a moment
                for data in content:
                    stream.write(data)
                stream.flush()
                if mode is not None:
                    fresh.chmod(mode & 0o777)
                os.fsync(stream.fileno())
            if os.path.lexists(target):
                self._set_aside(target, target.with_name(target.name + keep))
            fresh.replace(target)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
        sync_path(target.parent)

    def _set_aside(self, target: Path, aside: Path) -> None:
        """Give what is there a second name, and take none away that is in use."""
        taken = FileExistsError(errno.EEXIST, "there is one kept aside already", aside.name)
        if os.path.lexists(aside):
            raise taken
        if target.is_file() and not target.is_symlink():
            try:
                os.link(target, aside)
            except FileExistsError:
                raise taken from None
            except (OSError, NotImplementedError):
                pass  # a file system without links of this kind
            else:
                return
        target.rename(aside)

    def _parents(self, target: Path) -> None:
        current = self.folder
        for part in target.relative_to(self.folder).parts[:-1]:
            current = current / part
            if current.is_symlink():
                raise SchemaError("a folder on the way is a link, which is not followed")
            current.mkdir(exist_ok=True)

    def __repr__(self) -> str:
        return f"LocalStore({self.folder.name!r})"


class FsspecStore(Store):
    """A folder on any file system of fsspec: S3, Azure, SFTP, memory.

    An object store's ETag is not a digest of the content, and is never taken for one: every byte is read back.

    Args:
        filesystem: What ``fsspec.filesystem(...)`` returned, or an URL such as ``"s3://bucket/crm"``.
        folder: Path on that file system; taken from the URL where that is given.

    Raises:
        MissingDependencyError: An URL, and fsspec is not installed.

    Example:
        >>> import fsspec
        >>> memory = fsspec.filesystem("memory")
        >>> FsspecStore(memory, "/crm").size(b"contacts.csv") is None
        True

    .. versionadded:: 0.1.0
    """

    def __init__(self, filesystem: Any, folder: str = "") -> None:
        if isinstance(filesystem, str):
            fsspec = require("fsspec", extra="remote", what="FsspecStore")
            filesystem, folder = fsspec.core.url_to_fs(filesystem)
        self._fs = filesystem
        self._folder = folder.rstrip("/")

    @property
    def place(self) -> str:
        """The folder and its file system."""
        top = self._fs._strip_protocol(self._folder) or self._folder
        if type(self._fs).__name__ == "LocalFileSystem":
            return LocalStore(top).place
        return f"{type(self._fs).__name__}:{getattr(self._fs, '_fs_token', '')}:{top}"

    def _place(self, path: bytes) -> str:
        return posixpath.join(self._folder, os.fsdecode(self.checked(path)))

    def paths(self) -> Iterator[bytes]:
        """Yield the path of every file."""
        self._fs.invalidate_cache()
        top = self._fs._strip_protocol(self._folder)
        if not self._fs.isdir(top):
            raise FileNotFoundError(2, "no such folder", top)
        for name in self._fs.find(top):
            yield os.fsencode(name[len(top.rstrip("/")) + 1 :])

    def size(self, path: bytes) -> int | None:
        """Return a file's size; ``None`` where there is none."""
        self._fs.invalidate_cache()
        try:
            said = self._fs.info(self._place(path))
        except FileNotFoundError:
            return None
        return int(said["size"]) if said.get("type") == "file" else None

    def read(self, path: bytes, block: int) -> Iterator[bytes]:
        """Yield a file in blocks."""
        with self._fs.open(self._place(path), "rb", block_size=max(block, 5 * _BLOCK)) as stream:
            held = b""
            while data := stream.read(block - len(held)):
                held += data
                if len(held) == block:
                    yield held
                    held = b""
            if held:
                yield held

    def part(self, path: bytes, start: int, length: int) -> bytes:
        """Return a part of a file."""
        data: bytes = self._fs.cat_file(self._place(path), start=start, end=start + length)
        return data

    def replace(self, path: bytes, content: Iterator[bytes], *, keep: str, mode: int | None = None) -> None:
        """Write beside, keep the old one, move: object stores have no rename, so readers may see none for a moment."""
        del mode  # most of these places have none
        place = self._place(path)
        total = 0
        fresh = f"{place}.healed"
        self._fs.makedirs(posixpath.dirname(place), exist_ok=True)
        try:
            with self._fs.open(fresh, "wb") as stream:
                for data in content:
                    stream.write(data)
                    total += len(data)
            self._fs.invalidate_cache()
            if self._fs.size(fresh) != total:
                raise OSError(errno.EIO, "not all of it arrived", posixpath.basename(place))  # noqa: TRY301  as below
            if self._fs.exists(place):
                if self._fs.exists(place + keep):
                    aside = posixpath.basename(place) + keep
                    raise FileExistsError(errno.EEXIST, "there is one kept aside already", aside)  # noqa: TRY301  as below
                self._fs.mv(place, place + keep)
            self._fs.mv(fresh, place)
        except BaseException:
            if self._fs.exists(fresh):
                self._fs.rm(fresh)
            raise

    def __repr__(self) -> str:
        return f"FsspecStore({type(self._fs).__name__}, {posixpath.basename(self._folder)!r})"
