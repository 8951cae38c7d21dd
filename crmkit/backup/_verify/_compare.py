"""Compare a folder with its manifest in one pass: both come in the order of path octets, so nothing is kept.

Only what does not fit is kept, and paired up at the end: a file that is missing here and extra there was renamed.
"""

from __future__ import annotations

import stat
import unicodedata
from typing import TYPE_CHECKING

import attrs

from crmkit.backup._findings._findings import Finding
from crmkit.backup._tree._hashing import ChangedError, Hashed, Reader, ReadError, damaged
from crmkit.backup._tree._paths import shown, unsafe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from crmkit.backup._manifest._entry import Entry
    from crmkit.backup._manifest._leaves import ChunkLeaves
    from crmkit.backup._tree._walk import Node


@attrs.define
class _Other:
    """A file that is not what its entry says."""

    entry: Entry
    read: Hashed
    offset: int
    finding: Finding | None = None


class Comparison:
    """Goes through manifest and folder together.

    Args:
        reader: Reads contents; ``None`` looks at sizes only.
        leaves: Chunk leaves of the manifest, to say where a file is damaged; ``None`` where they are not good.
        chunk: Bytes a chunk.
        good: Called with every file that is as the manifest says, and where its leaves begin: after its content was
            read, or, without a reader, after its size fitted.
    """

    def __init__(
        self,
        *,
        reader: Reader | None,
        leaves: ChunkLeaves | None,
        chunk: int,
        good: Callable[[Entry, Node, int], None] | None = None,
    ) -> None:
        self._reader = reader
        self._leaves = leaves
        self._chunk = chunk
        self._good = good
        self.findings: list[Finding] = []
        self.files_read = 0
        self.not_reached = 0
        self._missing: list[Entry] = []
        self._extra: list[tuple[bytes, Hashed | None, int]] = []
        self._others: list[_Other] = []
        self._closed: bytes | None = None  # a folder that could not be listed, with a slash

    def run(self, entries: Iterable[Entry], nodes: Iterator[Node]) -> None:
        """Compare everything."""
        node = next(nodes, None)
        offset = 0
        chunk = self._chunk
        for entry in entries:
            path = entry[0]
            while node is not None and (node.type == "unreadable" or node.path < path):
                self._beyond(node)
                node = next(nodes, None)
            if node is not None and node.path == path:
                self._both(entry, node, offset)
                node = next(nodes, None)
            elif self._closed is not None and path.startswith(self._closed):
                self.not_reached += 1
                self._add("NOT_CHECKED", path, detail="its folder could not be listed")
            elif unsafe(path) is None:  # an unsafe name is a finding of the manifest, and is not looked for
                self._missing.append(entry)
            if entry[4] > chunk:
                offset += -(-entry[4] // chunk)
        while node is not None:
            self._beyond(node)
            node = next(nodes, None)
        self._pair()

    def _add(self, code: str, path: bytes, **more: object) -> None:
        self.findings.append(Finding(code=code, path=shown(path), **more))  # type: ignore[arg-type]

    def _beyond(self, node: Node) -> None:
        if node.type == "unreadable":
            self._closed = node.path + b"/" if node.path else b""
            reason = node.reason
            self._add("UNREADABLE", node.path or b".", detail=reason)
        elif node.type != "file":
            self._extra.append((node.path, None, 0))
        elif self._reader is None:
            self._extra.append((node.path, None, node.stat().st_size))
        else:
            read = self._read(self._reader, node)
            self._extra.append((node.path, read, read.size if read is not None else 0))

    def _read(self, reader: Reader, node: Node) -> Hashed | None:
        try:
            return reader.hash(node.name, folder=node.folder)
        except ReadError as error:
            self._add("UNREADABLE", node.path, detail=f"errno {error.errno}: {error.reason}, at byte {error.offset}")
        except ChangedError:
            self._add("UNSTABLE", node.path)
        return None

    def _both(self, entry: Entry, node: Node, offset: int) -> None:
        kind = entry[1]
        if node.type != kind:
            self._add("TYPE_CHANGED", entry.path, expected=kind, actual=node.type)
            return
        if kind == "file" and self._reader is not None:
            read = self._read(self._reader, node)
            if read is None:
                return
            self.files_read += 1
            if read.size != entry.size or read.digest != entry.digest:
                self._others.append(_Other(entry, read, offset))
                return
            mode = read.mode
        else:
            try:
                found = node.stat()
            except OSError as error:
                self._add("UNREADABLE", entry.path, detail=f"errno {error.errno}: {error.strerror}")
                return
            mode = found.st_mode
            if kind == "file" and found.st_size != entry.size:
                code = "TRUNCATED" if found.st_size < entry.size else "EXTENDED"
                self._add(code, entry.path, expected=entry.size, actual=found.st_size)
                return
            if kind == "symlink" and node.target() != entry.target:
                self._add("MODIFIED", entry.path, detail="the link points elsewhere")
                return
        if kind != "symlink" and stat.S_IMODE(mode) != entry.mode:
            self._add("MODE_CHANGED", entry.path, expected=f"{entry.mode:04o}", actual=f"{stat.S_IMODE(mode):04o}")
        if kind == "file" and self._good is not None:
            self._good(entry, node, offset)

    def judge(self, entry: Entry, read: Hashed, offset: int) -> None:
        """Take a file that was read apart from the pass (a sample of contents)."""
        self.files_read += 1
        if read.size != entry.size or read.digest != entry.digest:
            other = _Other(entry, read, offset)
            self._describe(other)

    # -- pairing ----------------------------------------------------------------------------------------------------

    def _pair(self) -> None:
        """Find the other half of every file that does not fit."""
        homes: dict[tuple[int, bytes], list[bytes]] = {}
        for other in self._others:
            homes.setdefault((other.entry.size, other.entry.digest), []).append(other.entry.path)
        lost: dict[tuple[int, bytes], list[Entry]] = {}
        for entry in self._missing:
            if entry.type == "file" and entry.size:
                lost.setdefault((entry.size, entry.digest), []).append(entry)
        found_again: set[bytes] = set()
        for other in self._others:
            key = (other.read.size, other.read.digest)
            home = [path for path in homes.get(key, ()) if path != other.entry.path]
            if home:
                self._add("SWAPPED", other.entry.path, detail=f"holds the content of {shown(home[0])}")
                continue
            if moved := lost.get(key):
                came = moved.pop(0)
                found_again.add(came.path)
                self._add("RENAMED", came.path, actual=shown(other.entry.path), detail="over another file")
                self._add("MODIFIED", other.entry.path, detail=f"holds the content of {shown(came.path)}")
                continue
            self._describe(other)
        self._renamed(lost, found_again)

    def _renamed(self, lost: dict[tuple[int, bytes], list[Entry]], found_again: set[bytes]) -> None:
        forms: dict[str, list[Entry]] = {}
        for entry in self._missing:
            form = _form(entry.path)
            if form is not None:
                forms.setdefault(form, []).append(entry)
        for path, read, size in self._extra:
            form = _form(path)
            twins = [entry for entry in forms.get(form or "", ()) if entry.path not in found_again]
            twins = [
                entry
                for entry in twins
                if entry.type != "file" or (entry.size == size and (read is None or read.digest == entry.digest))
            ]
            if twins:
                found_again.add(twins[0].path)
                unsure = None if self._reader is not None else "its content was not compared"
                self._add("NAME_NORMALIZED", twins[0].path, actual=shown(path), detail=unsure)
                continue
            same = [] if read is None else lost.get((read.size, read.digest), [])
            same = [entry for entry in same if entry.path not in found_again]
            if same:
                found_again.add(same[0].path)
                self._add("RENAMED", same[0].path, actual=shown(path))
                continue
            self._add("EXTRA", path, actual=size)
        for entry in self._missing:
            if entry.path not in found_again:
                self._add("MISSING", entry.path, expected=entry.size if entry.type == "file" else entry.type)

    def _describe(self, other: _Other) -> None:
        """Say how a file differs, and where."""
        entry, read, chunk = other.entry, other.read, self._chunk
        expected = None if self._leaves is None else self._leaves.of(entry, other.offset)
        more: dict[str, object] = {"expected": entry.digest.hex(), "actual": read.digest.hex()}
        if read.size < entry.size:
            whole = read.size // chunk
            good = 0
            if expected:
                while good < min(whole, len(read.leaves)) and read.leaves[good] == expected[good]:
                    good += 1
            more |= {"expected": entry.size, "actual": read.size, "ranges": ((good * chunk, entry.size),)}
            self._add("TRUNCATED", entry.path, **more, detail=f"the first {good * chunk} bytes are proved good")
        elif read.size > entry.size:
            more |= {"expected": entry.size, "actual": read.size, "ranges": ((entry.size, read.size),)}
            whole = entry.size // chunk
            good = 0
            if expected:
                while good < whole and read.leaves[good] == expected[good]:
                    good += 1
            self._add("EXTENDED", entry.path, **more, detail=f"the first {good * chunk} bytes are proved good")
        elif entry.size <= chunk:
            self._add("MODIFIED", entry.path, **more, ranges=((0, entry.size),))
        elif expected:
            where = damaged(expected, read.leaves, expected_size=entry.size, actual_size=read.size, chunk=chunk)
            self._add("MODIFIED", entry.path, **more, ranges=where)
        else:
            self._add("MODIFIED", entry.path, **more, detail="where is unknown: its chunk digests are not good")


def _form(path: bytes) -> str | None:
    """Return the one Unicode form of a name that has several; ``None`` for one that has not."""
    if path.isascii():
        return None
    try:
        return unicodedata.normalize("NFC", path.decode())
    except UnicodeDecodeError:
        return None
