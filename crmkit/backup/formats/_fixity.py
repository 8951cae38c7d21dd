"""Hold a list of files and digests against a folder; what the three formats share."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Final, Protocol

import attrs

from crmkit.backup._findings._findings import Finding, NotChecked
from crmkit.backup._tree._hashing import READ_FLAGS
from crmkit.backup._tree._paths import shown, unsafe
from crmkit.backup._tree._walk import Ignore, open_folder, walk
from crmkit.backup._verify._report import Coverage, VerifyReport, ordered

from ._crc32c import Crc32c

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from crmkit.backup._tree._walk import Node

_BLOCK: Final = 1 << 20
ALGORITHMS: Final = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b")


class Hash(Protocol):
    """What hashlib gives, as far as it is used here."""

    def update(self, data: bytes, /) -> None:
        """Take more."""

    def hexdigest(self) -> str:
        """Return the digest."""


def new_hash(name: str) -> Hash:
    """Return a hash by its name, ``crc32c`` included; weak ones are for fixity only."""
    return Crc32c() if name == "crc32c" else hashlib.new(name, usedforsecurity=False)


@attrs.frozen(kw_only=True)
class Wanted:
    """What a manifest says of one file."""

    path: bytes
    digests: Mapping[str, str]
    size: int | None = None


@attrs.define
class Judged:
    """What came out of looking at a folder."""

    findings: list[Finding] = attrs.field(factory=list)
    not_checked: list[NotChecked] = attrs.field(factory=list)
    files: int = 0
    size_bytes: int = 0
    files_read: int = 0
    bytes_read: int = 0

    def add(self, code: str, path: bytes | str | None = None, **more: object) -> None:
        """Add a finding."""
        place = shown(path) if isinstance(path, bytes) else path
        self.findings.append(Finding(code=code, path=place, **more))  # type: ignore[arg-type]

    def skip(self, what: str, reason: str, count: int | None = None) -> None:
        """Say that something was not checked."""
        self.not_checked.append(NotChecked(what=what, reason=reason, count=count))

    def report(self) -> VerifyReport:
        """Return the report; these formats are not signed, and it says so."""
        self.skip("who made it, age, rollback", "the format is not signed")
        self.skip("restoring", "only a drill restores")
        return VerifyReport(
            level="content",
            findings=ordered(self.findings),
            not_checked=tuple(self.not_checked),
            coverage=Coverage(
                files=self.files, size_bytes=self.size_bytes, files_read=self.files_read, bytes_read=self.bytes_read
            ),
        )


def judge(
    judged: Judged,
    folder: Path,
    wanted: Iterable[Wanted],
    *,
    extra: bool,
    ignore: tuple[str, ...] = (),
    prefix: bytes = b"",
) -> set[bytes]:
    """Look at every wanted file and, where asked, at what is there besides; return the paths that were found.

    ``prefix`` is put before paths, for a folder that a link leads to.
    """
    listed = {}
    for item in wanted:
        danger = unsafe(item.path)
        if danger is None:
            listed[item.path] = item
        else:
            judged.add("UNSAFE_PATH", item.path, detail=danger)
    judged.files += len(listed)
    judged.size_bytes += sum(item.size or 0 for item in listed.values())
    found: set[bytes] = set()
    closed: list[bytes] = []
    fd = open_folder(folder)
    try:
        for node in walk(folder, fd, Ignore(ignore)):
            path = prefix + node.path
            if node.type == "unreadable":
                judged.add("UNREADABLE", path or b".", detail=node.reason)
                closed.append(path + b"/" if path else b"")
            elif path in listed:
                if node.type == "dir":
                    judged.add("TYPE_CHANGED", path, expected="file", actual="dir")
                    found.add(path)
                elif node.type != "file":
                    judged.add("TYPE_CHANGED", path, expected="file", actual=node.type)
                    found.add(path)
                else:
                    found.add(path)
                    _content(judged, listed[path], node)
            elif extra and node.type != "dir":
                judged.add("EXTRA", path)
    finally:
        if fd is not None:
            os.close(fd)
    for path in sorted(listed.keys() - found):
        if any(path.startswith(start) for start in closed):
            judged.add("NOT_CHECKED", path, detail="its folder could not be listed")
        else:
            judged.add("MISSING", path)
    return found


def _content(judged: Judged, item: Wanted, node: Node) -> None:
    size = 0
    hashes = {name: new_hash(name) for name in item.digests}
    try:
        if item.size is not None and (actual := node.stat().st_size) != item.size:
            code = "TRUNCATED" if actual < item.size else "EXTENDED"
            judged.add(code, item.path, expected=item.size, actual=actual)
            return
        fd = os.open(node.name, READ_FLAGS, dir_fd=node.folder)
        try:
            while block := os.read(fd, _BLOCK):
                size += len(block)
                for one in hashes.values():
                    one.update(block)
        finally:
            os.close(fd)
    except OSError as error:
        judged.add("UNREADABLE", item.path, detail=f"errno {error.errno}: {error.strerror}, at byte {size}")
        return
    judged.files_read += 1
    judged.bytes_read += size
    for name, expected in item.digests.items():
        actual_digest = hashes[name].hexdigest()
        if actual_digest != expected.lower():
            judged.add("MODIFIED", item.path, expected=expected, actual=actual_digest, detail=name)
            return
