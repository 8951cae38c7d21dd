"""A log as a verifier sees it: parts with lines, stored hashes and checkpoints, none of them believed."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import zlib
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs

from crmkit._merkle import CompactRange
from crmkit.audit._proofs._files import FileRows, read_notes
from crmkit.audit._proofs._rows import Rows
from crmkit.audit._stores._segment import EVENT, FORMAT, Header, Segment, lines, list_segments, open_segment
from crmkit.audit._stores._sqlite import DatabaseRows, blob, columns, odd_object, read_about
from crmkit.errors import CrmkitError, FormatError, TamperedLogError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crmkit.audit._proofs._rows import RowStore

_LOOSE = """
SELECT seq, body, at, action, actor, resource_type, resource_id
FROM (SELECT *, CAST(body AS TEXT) AS said FROM events) WHERE CASE WHEN json_valid(said) THEN
    typeof(body) IS NOT 'blob' OR seq IS NOT json_extract(said, '$.seq')
    OR at IS NOT json_extract(said, '$.at') OR action IS NOT json_extract(said, '$.action')
    OR actor IS NOT json_extract(said, '$.actor.id') OR resource_type IS NOT json_extract(said, '$.resource.type')
    OR resource_id IS NOT json_extract(said, '$.resource.id') END
ORDER BY seq
"""
_SIZES = """
SELECT coalesce((SELECT max(seq) + 1 FROM events), 0),
    coalesce((SELECT tile * 16 + length(CAST(hashes AS BLOB)) / 32 FROM hashes WHERE row = 0
              ORDER BY tile DESC LIMIT 1), 0)
"""
__all__ = ["DatabaseSource", "FileSource", "Part", "Source", "open_source"]


@attrs.frozen(kw_only=True)
class Part:
    """A stretch of a log that can be read by itself: a segment, or a database.

    Attributes:
        name: File name.
        kind: Whether it has trailers, has none, or has hashes only.
        first: First event.
        edge: The tree's right edge before it; ``None`` where the header is not one.
        stored_at: When the event before it was stored.
        origin: Which log it says it is of.
        checkpoint: The newest one when the part was begun.
    """

    name: str
    kind: Literal["segment", "database", "pruned"]
    first: int
    edge: CompactRange | None = None
    stored_at: str = ""
    origin: str | None = None
    checkpoint: str | None = None


@attrs.frozen
class FileSource:
    """A folder. Can be sent to other processes."""

    folder: Path

    def parts(self) -> list[Part]:
        """Return the parts in order; a header that cannot be believed has no edge."""
        return [self._part(segment) for segment in list_segments(self.folder / "events")]

    def _part(self, segment: Segment) -> Part:
        part = Part(
            name=segment.path.name, kind="pruned" if segment.kind == "pruned" else "segment", first=segment.first
        )
        try:
            with open_segment(segment) as stream:
                header = Header.read(stream, segment)
        except (OSError, EOFError, zlib.error, FormatError, TamperedLogError):
            return part
        return attrs.evolve(
            part, edge=header.edge, stored_at=header.stored_at, origin=header.origin, checkpoint=header.checkpoint
        )

    def lines(self, part: Part) -> Iterator[bytes]:
        """Yield the lines of a part behind its header."""
        kind = part.name.partition(".")[2]
        with open_segment(Segment(part.first, self.folder / "events" / part.name, kind)) as stream:  # type: ignore[arg-type]  # its name has the kind
            rest = lines(stream)
            next(rest, None)
            yield from rest

    @contextlib.contextmanager
    def rows(self) -> Iterator[RowStore]:
        """Give the stored hashes."""
        yield FileRows(self.folder / "hashes")

    def notes(self) -> list[bytes]:
        """Return the checkpoints."""
        return read_notes(self.folder / "checkpoints.jsonl")

    def loose(self, *, deep: bool) -> Iterator[tuple[int | None, str]]:  # noqa: ARG002  a database has more
        """Yield what is found by and does not say what the bodies say: a folder has nothing of the kind."""
        yield from ()


@attrs.frozen
class DatabaseSource:
    """A SQLite database. Can be sent to other processes."""

    path: Path

    def _open(self) -> contextlib.closing[sqlite3.Connection]:
        return contextlib.closing(sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True))

    def parts(self) -> list[Part]:
        """Return what was pruned, and the rest."""
        with self._open() as database:
            form, origin, pruned = read_about(database)
            if form != FORMAT:
                raise FormatError(f"of a format that this version does not read; it reads {FORMAT}")
            edge = Rows(DatabaseRows(database)).edge(pruned)
        part = Part(name=self.path.name, kind="database", first=pruned, edge=edge, origin=origin)
        return [attrs.evolve(part, kind="pruned", first=0, edge=CompactRange()), part] if pruned else [part]

    def lines(self, part: Part) -> Iterator[bytes]:
        """Yield the bodies as lines."""
        with self._open() as database:
            for (body,) in database.execute("SELECT body FROM events WHERE seq >= ? ORDER BY seq", (part.first,)):
                known = type(body) is bytes and body.startswith(EVENT)
                yield (body if known else EVENT) + b"\n"  # what is none stands for one that nobody has written

    @contextlib.contextmanager
    def rows(self) -> Iterator[RowStore]:
        """Give the stored hashes."""
        with self._open() as database:
            yield DatabaseRows(database)

    def notes(self) -> list[bytes]:
        """Return the checkpoints."""
        with self._open() as database:
            return [blob(row[0]) for row in database.execute("SELECT note FROM checkpoints ORDER BY number")]

    def loose(self, *, deep: bool) -> Iterator[tuple[int | None, str]]:
        """Yield the first event whose columns, by which it is found, do not say what its body says; then the indexes.

        Args:
            deep: Also hold the indexes against the table.
        """
        with self._open() as database:
            odd = odd_object(database)
            if odd is not None:
                yield None, f"schema, {odd}"
            for row in database.execute("SELECT min(seq) FROM events WHERE seq < (SELECT pruned FROM about)"):
                if row[0] is not None:
                    yield row[0], "rows"
            events, hashes = database.execute(_SIZES).fetchone()
            if hashes < events:  # they are written with the events, so no crash takes them
                yield hashes, "hashes"
            for row in database.execute(_LOOSE):
                if not _agrees(row):  # SQLite cuts texts with a NUL, so that what it finds is looked at again
                    yield row[0], "columns"
                    break
            if deep and database.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
                yield None, "indexes"


def _agrees(row: tuple[Any, ...]) -> bool:
    """Whether the columns of an event say what its body says."""
    try:
        return columns(row[0], blob(row[1])) == row and json.loads(row[1])["seq"] == row[0]
    except (CrmkitError, ValueError, TypeError, LookupError, AttributeError):
        return False


Source: TypeAlias = FileSource | DatabaseSource


def open_source(path: Path) -> Source:
    """Look at a log: a folder, or a database."""
    if any((path / name).exists() for name in ("events", "hashes", "checkpoints.jsonl")):
        return FileSource(path)
    if path.is_dir() or not path.exists():
        raise FormatError("no audit log is here", location=path.name or str(path))
    return DatabaseSource(path)
