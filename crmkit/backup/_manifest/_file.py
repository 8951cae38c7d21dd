"""The manifest as a file: written line by line, read strictly, in memory that does not grow with it."""

from __future__ import annotations

import hashlib
from typing import IO, TYPE_CHECKING, Any, Final

import attrs

from crmkit._canonical import json_bytes
from crmkit._merkle import CompactRange, leaf_hash
from crmkit.backup._findings._findings import Finding
from crmkit.backup._tree._files import open_regular
from crmkit.backup._tree._paths import folded, ordinary, shown, unportable, unsafe
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
from ._lines import Block, Limits, Plain, blocks, plain, read_entries

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MANIFEST: Final = "manifest.jsonl"
CHUNKS: Final = "chunks.bin"
BUCKETS: Final = "buckets.bin"
STATEMENT: Final = "statement.json"
_LEAVES_AT_ONCE: Final = 1024
_TABLE: Final = b'"type":"table"}'
_NO_ENTRY: Final = (_TABLE, b'"type":"footer"}')


class ManifestWriter:
    """Writes one manifest with its leaf files; paths must come in order."""

    def __init__(self, out: IO[bytes], chunks: IO[bytes], buckets: IO[bytes], header: Header) -> None:
        self._out, self._chunks, self._buckets = out, chunks, buckets
        self._chunk = header.chunk_size
        self._tree = CompactRange()
        self._leaves: list[bytes] = []
        self._whole, self._chunks_hash, self._buckets_hash = hashlib.sha256(), hashlib.sha256(), hashlib.sha256()
        self._last: bytes | None = None
        self.entries = self.files = self.bytes = self.tables = 0
        self.table_roots: dict[str, str] = {}
        self._put(header.line())

    def _put(self, line: bytes) -> None:
        raw = line + b"\n"
        self._out.write(raw)
        self._whole.update(raw)
        self._leaves.append(leaf_hash(line))
        if len(self._leaves) == _LEAVES_AT_ONCE:
            self._grow()

    def _grow(self) -> None:
        self._tree.extend(self._leaves)
        self._leaves.clear()

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
        self._grow()
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
        line = json_bytes(footer) + b"\n"
        self._out.write(line)
        self._whole.update(line)
        return footer

    @property
    def sha256(self) -> bytes:
        """SHA-256 of all that was written."""
        return self._whole.digest()

    @property
    def lines(self) -> int:
        """Lines under the root so far."""
        return self._tree.size + len(self._leaves)


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
    with open_regular(path) as stream:
        return _scan(stream, path.name, limits or Limits())


def _scan(stream: IO[bytes], name: str, limits: Limits) -> Scanned:
    scan = _Scan(name)
    for block in blocks(stream, name, limits):
        scan.take(block)
    return scan.end(stream)


class _Scan:
    """The state of one reading."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._whole, self._tree, self._twins = hashlib.sha256(), CompactRange(), _Twins()
        self._header: Header | None = None
        self._footer: dict[str, Any] | None = None
        self._tables: dict[str, TableEntry] = {}
        self._findings: list[Finding] = []
        self._last: bytes | None = None
        self._files = self._size = self._entries = self._chunk = 0

    def take(self, block: Block) -> None:
        """Take a block of lines."""
        self._whole.update(block.data)
        number, lines = block.first, block.lines
        start, end = int(self._header is None), len(lines)
        while end > start and lines[end - 1].endswith(_NO_ENTRY):
            end -= 1
        found = None
        try:
            if start:
                self._line(lines[0])
            between = lines[start:end]
            if between and self._footer is None and not self._tables:
                found = plain(between, self._last, self._chunk)
            if found is not None:
                self._plain(between, found)
            rest = start if found is None else end
            for number, line in enumerate(lines[rest:], block.first + rest):  # noqa: B007  the error below says the line
                self._line(line)
        except ManifestError as error:
            raise ManifestError(str(error), location=f"{self._name}, line {number}") from None

    def _plain(self, lines: Sequence[bytes], found: Plain) -> None:
        sha256 = hashlib.sha256
        self._tree.extend([sha256(b"\x00" + line).digest() for line in lines])
        self._last = found.paths[-1]
        self._entries += len(lines)
        self._files += found.files
        self._size += found.size_bytes
        for path in found.paths:
            if not ordinary(path):
                self._judge(path)

    def _line(self, line: bytes) -> None:
        if self._footer is not None:
            raise ManifestError("something stands behind the footer")
        if self._header is None:
            self._header = parse_header(line)
            self._chunk = self._header.chunk_size
        elif not line.endswith(_NO_ENTRY):
            self._entry(line)
        elif line.endswith(_TABLE):
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
        self._judge(path)

    def _judge(self, path: bytes) -> None:
        """Judge a name."""
        danger = unsafe(path)
        if danger is not None:
            self._findings.append(Finding(code="UNSAFE_PATH", path=shown(path), detail=danger))
        elif (danger := unportable(path)) is not None:
            self._findings.append(Finding(code="UNSAFE_PATH", path=shown(path), severity="warning", detail=danger))
        self._twins.add(path)

    def end(self, stream: IO[bytes]) -> Scanned:
        """Hold the footer against the lines."""
        name = self._name
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
    whole = hashlib.sha256()
    chunk = scanned.header.chunk_size
    first, last = 2, 1 + scanned.entries  # the header is line 1
    with open_regular(path) as stream:
        for block in blocks(stream, path.name, limits or Limits()):
            whole.update(block.data)
            lines = block.lines[max(0, first - block.first) : max(0, last + 1 - block.first)]
            if lines:
                yield from read_entries(lines, chunk)
    if whole.digest() != scanned.sha256:
        raise ManifestError("it changed while it was read", location=path.name)
