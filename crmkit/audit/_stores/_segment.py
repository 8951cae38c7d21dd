"""A segment: one file of a log's events, its lines, and how it is read up to where it can be trusted.

.. code-block:: text

    {"checkpoint":...,"edge":[...],"first":N,"format":"crmkit-audit/1","origin":...,...}     header
    {"action":...,"seq":N,"stored_at":"...","v":1}                                       events
    {"root":"...","size":N}                                                              trailer of a batch

A batch is written with one write and ends with its trailer. What follows the last trailer that agrees was never
acknowledged. Nothing but the events goes into the tree; header and trailers are checked against it.
"""

from __future__ import annotations

import gzip
import os
import re
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

import attrs

from crmkit._canonical import json_bytes, parse_json
from crmkit._merkle import CompactRange, leaf_hash
from crmkit.errors import CrmkitError, FormatError, TamperedLogError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit.audit._proofs._rows import Rows

__all__ = [
    "FORMAT", "Header", "Segment", "Tail", "claimed_seq", "list_segments", "open_segment", "read_tail", "seek_event",
    "trailer",
]  # fmt: skip

FORMAT = "crmkit-audit/1"
EVENT = b'{"action":'
MAX_LINE = 1 << 26
_NAME = re.compile(r"([0-9]{20})\.(jsonl|jsonl\.gz|pruned)")
_NEAR_BYTES = 1 << 14
_SUFFIX_BYTES = 90
_SEQ = re.compile(rb',"seq":(0|[1-9][0-9]{0,18}),"stored_at":"[^"]{27}","v":[0-9]+\}\n$')
_TRAILER = re.compile(rb'\{"root":"([0-9a-f]{64})","size":(0|[1-9][0-9]{0,18})\}\n')


@attrs.frozen
class Segment:
    """A file of a log: where it is and what it starts with."""

    first: int
    path: Path
    kind: Literal["jsonl", "jsonl.gz", "pruned"]


def segment_path(folder: Path, first: int, kind: str = "jsonl") -> Path:
    """Return the name of the segment that starts with event ``first``."""
    return folder / f"{first:020d}.{kind}"


def list_segments(folder: Path) -> list[Segment]:
    """Return the segments of a log, oldest first; of two forms of one, that which lost least."""
    found: dict[int, Segment] = {}
    for entry in sorted(os.listdir(folder)):  # noqa: PTH208  comparing paths is slow; "jsonl" < "jsonl.gz" < "pruned"
        name = _NAME.fullmatch(entry)
        if name is not None and (first := int(name[1])) not in found:
            found[first] = Segment(first, folder / entry, name[2])  # type: ignore[arg-type]  # the pattern
    return [found[first] for first in sorted(found)]


def open_segment(segment: Segment) -> IO[bytes]:
    """Open a segment for reading, compressed or not; one that was compressed since it was listed, too."""
    path = segment.path
    if segment.kind != "jsonl.gz":
        try:
            return path.open("rb")
        except FileNotFoundError:
            if segment.kind != "jsonl":
                raise
            path = segment_path(path.parent, segment.first, "jsonl.gz")
    return gzip.open(path, "rb")  # type: ignore[return-value]  # reads as one


@attrs.frozen
class Header:
    """The first line of a segment."""

    origin: str
    first: int
    edge: CompactRange
    checkpoint: str | None
    stored_at: str
    """Of the event before the segment; ``""`` in the first."""

    def to_bytes(self) -> bytes:
        """Return the line."""
        said = {
            "checkpoint": self.checkpoint,
            "edge": [node.hex() for node in self.edge.nodes],
            "first": self.first,
            "format": FORMAT,
            "origin": self.origin,
            "stored_at": self.stored_at,
        }
        return json_bytes(said) + b"\n"

    @classmethod
    def read(cls, stream: IO[bytes], segment: Segment) -> Header:
        """Read and check the first line.

        Raises:
            FormatError: Not a segment of a log, or one of a later version.
            TamperedLogError: Its members do not agree with each other or with the file's name.
        """
        name = segment.path.name
        raw = stream.readline(MAX_LINE)
        try:
            said = parse_json(raw[:-1])
            form = said["format"]  # type: ignore[index]  # anything else is caught
        except (FormatError, TypeError, KeyError):
            raise FormatError("not a segment of an audit log", location=name) from None
        if form != FORMAT:
            raise FormatError(f"of a format that this version does not read; it reads {FORMAT}", location=name)
        try:
            header = cls(
                said["origin"],  # type: ignore[index]
                said["first"],  # type: ignore[index]
                CompactRange(said["first"], [bytes.fromhex(node) for node in said["edge"]]),  # type: ignore[index]
                said["checkpoint"],  # type: ignore[index]
                said["stored_at"],  # type: ignore[index]
            )
            texts = [header.origin, header.stored_at, *([] if header.checkpoint is None else [header.checkpoint])]
            same = {str} == set(map(type, texts)) and type(header.first) is int
            same = same and header.to_bytes() == raw and header.first == segment.first
        except (CrmkitError, TypeError, KeyError, ValueError, AttributeError):
            same = False
        if not same:
            raise TamperedLogError("its header is not what was written", location=name)
        return header


def trailer(edge: CompactRange) -> bytes:
    """Return the line that ends a batch."""
    return b'{"root":"%b","size":%d}\n' % (edge.root().hex().encode(), edge.size)


def read_trailer(line: bytes) -> tuple[bytes, int] | None:
    """Return root and size of a trailer, ``None`` if the line is none."""
    found = _TRAILER.fullmatch(line)
    return None if found is None else (bytes.fromhex(found[1].decode()), int(found[2]))


def claimed_seq(line: bytes) -> int | None:
    """Return the turn that a line says its event has, or the next one after a trailer; ``None`` if it says none."""
    if line.startswith(EVENT):
        found = _SEQ.search(line, max(0, len(line) - _SUFFIX_BYTES))
        return None if found is None else int(found[1])
    ended = read_trailer(line)
    return None if ended is None else ended[1]


def seek_event(stream: IO[bytes], size: int, seq: int) -> None:
    """Move to a line not far ahead of an event, by the turns that lines say; what they say is checked by who reads on.

    Args:
        stream: A segment that is not compressed.
        size: Its size in bytes.
        seq: The event's turn.
    """
    stream.seek(0)
    stream.readline(MAX_LINE)
    low, high = stream.tell(), size
    while high - low > _NEAR_BYTES:
        middle = (low + high) // 2
        stream.seek(middle)
        stream.readline(MAX_LINE)
        at = stream.tell()
        said = claimed_seq(stream.readline(MAX_LINE)) if at < high else None
        if said is not None and said <= seq:
            low = at
        else:
            high = middle
    stream.seek(low)


@attrs.frozen
class Tail:
    """How far a segment can be trusted.

    Attributes:
        good: Bytes up to behind the last trailer that agrees.
        rest: Bytes behind them.
        torn: Whether the rest can be what a crash leaves: the beginning of one batch.
        size: Number of events up to there.
        last: The last event's line, ``b""`` if there is none.
    """

    size: int
    good: int
    rest: int
    torn: bool
    last: bytes


def stored_moment(line: bytes) -> str:
    """Return when the log took an event, from the line or bytes of it."""
    return line.rstrip(b"\n")[-35:-8].decode("ascii", "replace")


def lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield lines with their line feeds; the last may lack it.

    Raises:
        TamperedLogError: The segment is compressed, and damaged.
    """
    try:
        yield from iter(lambda: stream.readline(MAX_LINE), b"")
    except (gzip.BadGzipFile, zlib.error, EOFError):
        raise TamperedLogError("it cannot be decompressed", location=Path(stream.name).name) from None


def read_tail(stream: IO[bytes], start: int, rows: Rows) -> Tail:
    """Read batches from offset ``start`` on and take those that agree into ``rows``.

    Args:
        stream: The segment.
        start: Offset behind a trailer, or behind the header.
        rows: The tree up to there.
    """
    stream.seek(start)
    good = at = start
    last = kept = partial = b""
    batch: list[bytes] = []
    size, fits = rows.size, True
    for line in lines(stream):
        at += len(line)
        if not line.endswith(b"\n"):
            partial = line
        elif line.startswith(EVENT):
            batch.append(leaf_hash(line[:-1]))
            last = line
        elif fits:
            ended = read_trailer(line)
            fits = ended is not None and ended[1] == size + len(batch) and _agrees(rows, batch, ended[0])
            if fits:
                size, good, batch, kept = size + len(batch), at, [], last
    torn = fits and _is_beginning(partial.rstrip(b"\x00"), rows, batch)
    return Tail(size, good, at - good, torn, kept)


def _is_beginning(partial: bytes, rows: Rows, batch: list[bytes]) -> bool:
    """Whether an unfinished line can be what follows the events of ``batch`` in a write that was cut short."""
    edge = CompactRange(rows.size, rows.head.nodes)
    for leaf in batch:
        edge.append(leaf)
    return partial[: len(EVENT)] == EVENT[: len(partial)] or trailer(edge).startswith(partial)


def _agrees(rows: Rows, batch: list[bytes], root: bytes) -> bool:
    """Take a batch into the tree if the root is then the one that its trailer says."""
    mark = rows.mark()
    rows.extend(batch)
    if rows.head.root() == root:
        return True
    rows.take_back(mark)
    return False
