"""Compressed files and archives, read to their end."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import importlib
import lzma
import shutil
import subprocess
import tarfile
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, Any, Final, cast

from . import _probed
from ._probed import IncompleteError, Probed, UnknownError
from ._text import SQL_TRAILERS, Ends, sql_complete

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMPRESSED: Final = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_BLOCK: Final = 1 << 18
_FAULTS: Final = (EOFError, OSError, zlib.error, lzma.LZMAError, ValueError)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open what is inside a compressed file.

    Raises:
        UnknownError: zstd, and neither a library nor the program is here.
    """
    with path.open("rb") as raw:
        head = raw.read(6)
    if head.startswith(b"\x28\xb5\x2f\xfd") or path.suffix == ".zst":
        with _zstd(path) as stream:
            yield stream
        return
    openers: dict[str, Any] = {"bzip2": bz2.open, "xz": lzma.open}
    kind = next((kind for magic, kind in COMPRESSED.items() if head.startswith(magic)), "gzip")
    with openers.get(kind, gzip.open)(path, "rb") as stream:
        yield cast("IO[bytes]", stream)


@contextlib.contextmanager
def _zstd(path: Path) -> Iterator[IO[bytes]]:
    for name in ("compression.zstd", "zstandard"):
        with contextlib.suppress(ImportError):
            module = importlib.import_module(name)
            with module.open(path, "rb") as stream:
                yield stream
            return
    program = shutil.which("zstd")
    if program is None:
        raise UnknownError("neither a zstd library nor the program zstd is here")
    command = [program, "-dcq", "--", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:  # noqa: S603
        if process.stdout is None:
            raise AssertionError("a pipe was asked for")
        yield process.stdout
        if process.wait() != 0:
            raise EOFError


def probe_compressed(path: Path) -> Probed:
    """Decompress to the end, whose checksum the format has; then look at what was inside."""
    ends = Ends()
    try:
        with opened(path) as stream:
            while ends.total <= _probed.MOST_BYTES and (block := stream.read(_BLOCK)):
                ends.add(block)
    except _FAULTS as error:
        raise IncompleteError(_reason(error, "it ends, or is damaged, inside the compressed data")) from None
    if ends.total > _probed.MOST_BYTES:
        raise UnknownError(f"more than {_probed.MOST_BYTES} octets inside")
    details = {"bytes_inside": ends.total}
    if ends.head[257:262] == b"ustar" or path.name.endswith((".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".tar.zst")):
        with opened(path) as stream:
            inside = _tar(stream)
        return Probed({**details, **inside.details}, "compressed tar")
    for kind, (opening, _) in SQL_TRAILERS.items():
        if any(text in ends.head[:1024] for text in opening):
            sql_complete(kind, ends.tail)
            return Probed(details, f"compressed {kind}")
    if not ends.total:
        raise IncompleteError("nothing is inside")
    return Probed(details)


def _reason(error: Exception, otherwise: str) -> str:
    return "it ends inside the compressed data" if isinstance(error, EOFError) else otherwise


def probe_zip(path: Path) -> Probed:
    """Read every member; each has a checksum."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > _probed.MOST_BYTES:
                raise UnknownError(f"more than {_probed.MOST_BYTES} octets inside")
            if any(member.flag_bits & 1 for member in members):
                raise UnknownError("its members are encrypted")
            if archive.testzip() is not None:
                raise IncompleteError("a member does not fit its checksum")
    except NotImplementedError:
        raise UnknownError("a member is compressed in a way that Python does not read") from None
    except (zipfile.BadZipFile, *_FAULTS):
        raise IncompleteError("it ends before its directory, or is damaged") from None
    return Probed({"members": len(members)})


def probe_tar(path: Path) -> Probed:
    """Read every member and the two empty blocks that end an archive."""
    with path.open("rb") as stream:
        return _tar(stream)


def _tar(stream: IO[bytes]) -> Probed:
    members = 0
    counted = _Counted(stream)
    try:
        with tarfile.open(fileobj=counted, mode="r|", errorlevel=2, ignore_zeros=False) as archive:  # type: ignore[call-overload]  # only read is asked of it
            for member in archive:
                members += 1
                content = archive.extractfile(member) if member.isreg() else None
                while content is not None and content.read(_BLOCK):
                    pass
        while counted.read(_BLOCK):
            pass
    except (tarfile.TarError, *_FAULTS):
        raise IncompleteError("it ends inside a member, or is damaged") from None
    if counted.tail != bytes(1024) or counted.total % 512:
        raise IncompleteError("the two empty blocks at its end are missing")
    return Probed({"members": members})


class _Counted:
    """A stream that remembers its last kilobyte."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.tail = b""
        self.total = 0

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        data = self._stream.read(size)
        self.tail = (self.tail + data)[-1024:]
        self.total += len(data)
        return data
