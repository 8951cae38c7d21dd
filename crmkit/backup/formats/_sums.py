"""Checksum files as coreutils, BSD and b3sum write them, escaped names included."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from crmkit._disk import replacing
from crmkit._optional import require
from crmkit.backup._tree._walk import Ignore, open_folder, walk
from crmkit.errors import FormatError, InvalidValueError, NotFoundError

from ._fixity import ALGORITHMS, Judged, Wanted, judge, new_hash

if TYPE_CHECKING:
    from crmkit.backup._verify._report import VerifyReport

_BY_LENGTH: Final = {32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
_GNU: Final = re.compile(rb"(\\?)([0-9a-fA-F]{32,128}) ([ *])(.+)", re.DOTALL)
_BSD: Final = re.compile(rb"(\\?)([A-Z0-9/-]+) \((.+)\) = ([0-9a-fA-F]{32,128})", re.DOTALL)
_TAGS: Final = {b"BLAKE2b": "blake2b", b"BLAKE2B": "blake2b"}
_ESCAPES: Final = {b"\\\\": b"\\", b"\\n": b"\n", b"\\r": b"\r"}


@attrs.frozen(kw_only=True)
class Checksum:
    """One line of a checksum file.

    Attributes:
        path: The name, exact octets.
        algorithm: Such as ``"sha256"``.
        digest: Hexadecimal, lower case.

    .. versionadded:: 0.1.0
    """

    path: bytes
    algorithm: str
    digest: str


def _unescaped(name: bytes) -> bytes:
    bad: list[bytes] = []

    def one(found: re.Match[bytes]) -> bytes:
        if found[0] not in _ESCAPES:
            bad.append(found[0])
        return _ESCAPES.get(found[0], b"")

    result = re.sub(rb"\\.?", one, name, flags=re.DOTALL)
    if bad:
        raise ValueError
    return result


def _line(line: bytes, algorithm: str | None) -> Checksum:
    found = _BSD.fullmatch(line)
    if found:
        escaped, tag, name, digest = found.groups()
        used = _TAGS.get(tag, tag.decode().lower().replace("-", ""))
        if used not in (*ALGORITHMS, "blake3"):
            raise ValueError
    else:
        found = _GNU.fullmatch(line)
        if not found:
            raise ValueError
        escaped, digest, _, name = found.groups()
        used = algorithm or _BY_LENGTH.get(len(digest), "")
        if not used:
            raise ValueError
    return Checksum(path=_unescaped(name) if escaped else name, algorithm=used, digest=digest.decode().lower())


def read_sums(path: str | os.PathLike[str], *, algorithm: str | None = None) -> list[Checksum]:
    r"""Read a checksum file in GNU, BSD or escaped form.

    Args:
        path: The file.
        algorithm: Of GNU lines; found from the digest's length where ``None`` (a BLAKE3 digest is as long as SHA-256).

    Raises:
        FormatError: A line is in none of these forms, or there is no line at all; ``.location`` says which.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "MD5SUMS"
        >>> _ = path.write_bytes(b"d41d8cd98f00b204e9800998ecf8427e  empty.csv\n")
        >>> read_sums(path)
        [Checksum(path=b'empty.csv', algorithm='md5', digest='d41d8cd98f00b204e9800998ecf8427e')]

    Source:
        GNU coreutils manual, md5sum invocation; OpenBSD cksum(1).

    .. versionadded:: 0.1.0
    """
    path = Path(path)
    if algorithm is not None and algorithm not in (*ALGORITHMS, "blake3"):
        raise NotFoundError.of("algorithm", algorithm, (*ALGORITHMS, "blake3"))
    if algorithm is None and path.suffix == ".b3":
        algorithm = "blake3"
    found = []
    with path.open("rb") as stream:
        for number, raw in enumerate(stream, start=1):
            line = raw.rstrip(b"\n").removesuffix(b"\r")
            if not line or (line.startswith(b"#") and not _GNU.fullmatch(line)):
                continue
            try:
                found.append(_line(line, algorithm))
            except ValueError:
                raise FormatError("not a line of a checksum file", location=f"{path.name}, line {number}") from None
    if not found:
        raise FormatError("there is no checksum in it, and nothing would be checked", location=path.name)
    return found


def verify_sums(
    folder: str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    complete: bool = False,
    algorithm: str | None = None,
) -> VerifyReport:
    """Verify the files that a checksum file lists.

    Args:
        folder: Where names begin.
        path: The checksum file, in the folder or elsewhere.
        complete: Whether files that it does not list are findings.
        algorithm: See `read_sums`.

    Raises:
        OSError: The checksum file cannot be read.
        InvalidValueError: The two are in the wrong order.
        MissingDependencyError: BLAKE3 digests, and the library is not installed.

    Example:
        >>> import pathlib, tempfile
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> _ = (folder / "a.csv").write_text("a")
        >>> _ = write_sums(folder, folder / "SHA256SUMS")
        >>> _ = (folder / "a.csv").write_text("b")
        >>> verify_sums(folder, folder / "SHA256SUMS").codes()
        ('MODIFIED',)

    .. versionadded:: 0.1.0
    """
    top, path = _in_order(folder, path)
    judged = Judged()
    try:
        listed = read_sums(path, algorithm=algorithm)
    except FormatError as error:
        judged.add("MANIFEST_MALFORMED", path.name, detail=str(error))
        judged.skip("every file", "the checksum file could not be read")
        return judged.report()
    wanted: dict[bytes, dict[str, str]] = {}
    for line in listed:
        name = line.path.removeprefix(b"./")
        if wanted.setdefault(name, {}).setdefault(line.algorithm, line.digest) != line.digest:
            judged.add("MANIFEST_MALFORMED", name, detail="it stands twice with other digests")
    if any("blake3" in digests for digests in wanted.values()):
        require("blake3", extra=None, what="a BLAKE3 checksum file")
    own = (path.name,) if path.resolve().parent == top.resolve() else ()
    judge(
        judged,
        top,
        (Wanted(path=name, digests=digests) for name, digests in wanted.items()),
        extra=complete,
        ignore=own,
    )
    if not complete:
        judged.skip("files that it does not list", "complete=False")
    return judged.report()


def _in_order(folder: str | os.PathLike[str], path: str | os.PathLike[str]) -> tuple[Path, Path]:
    top, file = Path(folder), Path(path)
    if top.is_file() or file.is_dir():
        raise InvalidValueError("the folder comes first, then the checksum file")
    return top, file


def write_sums(
    folder: str | os.PathLike[str], path: str | os.PathLike[str], *, algorithm: str = "sha256"
) -> list[Checksum]:
    """Write a checksum file of every file in a folder, in GNU form; names with line feeds are escaped.

    Args:
        folder: The folder.
        path: The checksum file; it is not listed if it lies in the folder.
        algorithm: One that hashlib has.

    Example:
        See `verify_sums`.

    .. versionadded:: 0.1.0
    """
    if algorithm not in ALGORITHMS:
        raise NotFoundError.of("algorithm", algorithm, ALGORITHMS)
    top, target = _in_order(folder, path)
    own = (target.name,) if target.resolve().parent == top.resolve() else ()
    lines: list[Checksum] = []
    fd = open_folder(top)
    try:
        for node in walk(top, fd, Ignore(own)):
            if node.type == "unreadable":
                raise OSError(getattr(node.error, "errno", None), "a folder cannot be listed")
            if node.type != "file":
                continue
            running = new_hash(algorithm)
            handle = os.open(node.name, os.O_RDONLY, dir_fd=node.folder)
            with os.fdopen(handle, "rb") as stream:
                while block := stream.read(1 << 20):
                    running.update(block)
            lines.append(Checksum(path=node.path, algorithm=algorithm, digest=running.hexdigest()))
    finally:
        if fd is not None:
            os.close(fd)
    with replacing(target) as stream_out:
        for line in lines:
            name = line.path.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
            mark = b"\\" if name != line.path else b""
            stream_out.write(mark + line.digest.encode() + b"  " + name + b"\n")
    return lines
