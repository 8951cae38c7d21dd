"""The manifest as a file: written line by line, read strictly, in memory that does not grow with it."""

from __future__ import annotations

import hashlib
from typing import IO, TYPE_CHECKING, Any, Final

import attrs

from crmkit._canonical import json_bytes
from crmkit._merkle import CompactRange, leaf_hash
from crmkit.backup._tree._paths import folded, shown, unportable, unsafe
from crmkit.backup._verify._findings import Finding
from crmkit.errors import ManifestError

from ._entry import (
    Entry,
    Header,
    TableEntry,
    entry_line,
    parse_entry,
    parse_footer,
    parse_header,
    parse_table,
    table_line,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MANIFEST: Final = "manifest.jsonl"
CHUNKS: Final = "chunks.bin"
BUCKETS: Final = "buckets.bin"
STATEMENT: Final = "statement.json"


@attrs.frozen(kw_only=True)
class Limits:
    """How much of a manifest is read before it is called malformed: nobody's file may exhaust the reader's memory.

    Attributes:
        line_bytes: Longest line, in bytes.
        lines: Most lines.

    Example:
        >>> Limits(lines=1000).line_bytes
        1048576

    .. versionadded:: 0.1.0
    """

    line_bytes: int = 1 << 20
    lines: int = 5_000_000


class ManifestWriter:
    """Writes one manifest with its leaf files; paths must come in order."""

    def __init__(self, out: IO[bytes], chunks: IO[bytes], buckets: IO[bytes], header: Header) -> None:
        self._out, self._chunks, self._buckets = out, chunks, buckets
        self._chunk = header.chunk_size
        self._tree = CompactRange()
        self._chunks_hash, self._buckets_hash = hashlib.sha256(), hashlib.sha256()
        self._last: bytes | None = None
        self.entries = self.files = self.bytes = self.tables = 0
        self.table_roots: dict[str, str] = {}
        self._put(header.line())

    def _put(self, line: bytes) -> None:
        self._tree.append(leaf_hash(line))
        self._out.write(line + b"\n")

    def entry(self, entry: Entry, leaves: tuple[bytes, ...] = ()) -> None:
        """Add a file; ``leaves`` are those of its chunks."""
        if self._last is not None and entry.path <= self._last:
            raise ManifestError("paths out of order", location=shown(entry.path))
        self._last = entry.path
        self._put(entry_line(entry, chunk=self._chunk))
        self.entries += 1
        if entry.type == "file":
            self.files += 1
            self.bytes += entry.size
        if leaves:
            joined = b"".join(leaves)
            self._chunks.write(joined)
            self._chunks_hash.update(joined)

    def table(self, table: TableEntry, leaves: tuple[bytes, ...]) -> None:
        """Add a table with its bucket leaves."""
        if table.name in self.table_roots:
            raise ManifestError(f"two tables of the name {table.name!r}")
        self._put(table_line(table))
        self.tables += 1
        self.table_roots[table.name] = table.root.hex()
        joined = b"".join(leaves)
        self._buckets.write(joined)
        self._buckets_hash.update(joined)

    def finish(self) -> dict[str, Any]:
        """Write the footer; return what it says."""
        footer = {
            "type": "footer",
            "bytes": self.bytes,
            "entries": self.entries,
            "files": self.files,
            "tables": self.tables,
            "root": self._tree.root().hex(),
            "chunks": self._chunks_hash.hexdigest(),
            "buckets": self._buckets_hash.hexdigest(),
        }
        self._out.write(json_bytes(footer) + b"\n")
        return footer

    @property
    def lines(self) -> int:
        """Lines under the root so far."""
        return self._tree.size


@attrs.frozen(kw_only=True)
class Scanned:
    """A manifest that was read to its end and agrees with itself."""

    header: Header
    root: str
    lines: int
    """Lines under the root: header, entries and tables."""
    entries: int
    files: int
    size_bytes: int
    tables: tuple[TableEntry, ...]
    chunks: str
    buckets: str
    sha256: bytes
    """Of the whole file, so that a second reading can tell that it is the same."""
    findings: tuple[Finding, ...]
    """Names that are not safe, or that another name hides."""


def scan(path: Path, limits: Limits | None = None) -> Scanned:
    """Read a manifest strictly, from the first line to the footer.

    Raises:
        ManifestError: It is malformed; ``.location`` says where.
        OSError: It cannot be read.
    """
    with path.open("rb") as stream:
        return _scan(stream, path.name, limits or Limits())


def _lines(stream: IO[bytes], name: str, limits: Limits) -> Iterator[tuple[int, bytes]]:
    number = 0
    longest = limits.line_bytes
    while raw := stream.readline(longest + 1):
        number += 1
        if not raw.endswith(b"\n"):
            what = "a line is longer than the limit" if len(raw) > longest else "cut off, no line feed at the end"
            raise ManifestError(what, location=f"{name}, line {number}")
        if number > limits.lines:
            raise ManifestError(f"more than {limits.lines} lines, the limit", location=name)
        yield number, raw


def _scan(stream: IO[bytes], name: str, limits: Limits) -> Scanned:
    scan = _Scan()
    number = 0
    try:
        for number, raw in _lines(stream, name, limits):  # noqa: B007  the error below says the line
            scan.take(raw)
    except ManifestError as error:
        if error.location is not None:
            raise
        raise ManifestError(str(error), location=f"{name}, line {number}") from None
    return scan.end(stream, name)


class _Scan:
    """The state of one reading."""

    def __init__(self) -> None:
        self._whole, self._tree, self._twins = hashlib.sha256(), CompactRange(), _Twins()
        self._header: Header | None = None
        self._footer: dict[str, Any] | None = None
        self._tables: dict[str, TableEntry] = {}
        self._findings: list[Finding] = []
        self._last: bytes | None = None
        self._files = self._size = self._entries = self._chunk = 0

    def take(self, raw: bytes) -> None:
        """Take one line with its line feed."""
        self._whole.update(raw)
        line = raw[:-1]
        if self._footer is not None:
            raise ManifestError("something stands behind the footer")
        if self._header is None:
            self._header = parse_header(line)
            self._chunk = self._header.chunk_size
        elif not line.endswith((b'"type":"table"}', b'"type":"footer"}')):
            self._entry(line)
        elif line.endswith(b'"type":"table"}'):
            table = parse_table(line)
            if table.name in self._tables:
                raise ManifestError("a table stands twice")
            self._tables[table.name] = table
        else:
            self._footer = parse_footer(line)
            return
        self._tree.append(leaf_hash(line))

    def _entry(self, line: bytes) -> None:
        if self._tables:
            raise ManifestError("a file stands behind a table")
        entry = parse_entry(line, chunk=self._chunk)
        path, last = entry[0], self._last
        if last is not None and path <= last:
            raise ManifestError("a path stands twice" if path == last else "paths are not in order")
        self._last = path
        self._entries += 1
        if entry[1] == "file":
            self._files += 1
            self._size += entry[4]
        danger = unsafe(path)
        if danger is not None:
            self._findings.append(Finding(code="UNSAFE_PATH", path=shown(path), detail=danger))
        elif (danger := unportable(path)) is not None:
            self._findings.append(Finding(code="UNSAFE_PATH", path=shown(path), severity="warning", detail=danger))
        self._twins.add(path)

    def end(self, stream: IO[bytes], name: str) -> Scanned:
        """Hold the footer against the lines."""
        header, footer = self._header, self._footer
        if header is None or footer is None:
            raise ManifestError("cut off: there is no footer" if header else "empty", location=name)
        counted = {
            "bytes": self._size,
            "entries": self._entries,
            "files": self._files,
            "tables": len(self._tables),
            "root": self._tree.root().hex(),
        }
        for what, value in counted.items():
            if footer[what] != value:
                raise ManifestError(f"the footer says another {what!r} than its lines have", location=name)
        if self._twins.hashes:
            stream.seek(0)
            self._findings += self._twins.findings(stream, self._chunk)
        return Scanned(
            header=header,
            root=footer["root"],
            lines=self._tree.size,
            entries=self._entries,
            files=self._files,
            size_bytes=self._size,
            tables=tuple(self._tables.values()),
            chunks=footer["chunks"],
            buckets=footer["buckets"],
            sha256=self._whole.digest(),
            findings=tuple(self._findings),
        )


class _Twins:
    """Finds names that fold to one another, keeping only those that folding changes: of two twins at least one does."""

    def __init__(self) -> None:
        self.hashes: dict[bytes, int] = {}

    def add(self, path: bytes) -> None:
        """Remember a path if folding changes it."""
        plain = folded(path)
        if plain != path:
            key = hashlib.blake2b(plain, digest_size=12).digest()
            self.hashes[key] = self.hashes.get(key, 0) + 1

    def findings(self, stream: IO[bytes], chunk: int) -> list[Finding]:
        """Go through the manifest again; the second and later of twins are findings."""
        seen: set[bytes] = set()
        found = []
        for raw in stream:
            if b'"path' not in raw:
                continue
            try:
                path = parse_entry(raw[:-1], chunk=chunk).path
            except ManifestError:  # header, table or footer that mentions a path
                continue
            key = hashlib.blake2b(folded(path), digest_size=12).digest()
            if key in self.hashes:
                if key in seen:
                    found.append(Finding(code="NAME_COLLISION", path=shown(path)))
                seen.add(key)
        return found


def entries(path: Path, scanned: Scanned, limits: Limits | None = None) -> Iterator[Entry]:
    """Read the entries of a manifest that `scan` found good.

    Raises:
        ManifestError: It is another file now.
    """
    limits = limits or Limits()
    whole = hashlib.sha256()
    chunk = scanned.header.chunk_size
    first, last = 1, 1 + scanned.entries
    with path.open("rb") as stream:
        for number, raw in _lines(stream, path.name, limits):
            whole.update(raw)
            if first < number <= last:
                yield parse_entry(raw[:-1], chunk=chunk)
    if whole.digest() != scanned.sha256:
        raise ManifestError("it changed while it was read", location=path.name)
