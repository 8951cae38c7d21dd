"""The file store of a log: segments of JSON lines, rows of hashes, checkpoints, all in one folder.

.. code-block:: text

    events/00000000000000000000.jsonl       segments, named after their first event; closed ones may be .jsonl.gz
    hashes/00 04 08 ...                     rows of the tree
    checkpoints.jsonl                       every checkpoint
    torn/                                   what crashes left, set aside
    lock                                    held for the time of one batch
"""

from __future__ import annotations

import contextlib
import logging
import os
from itertools import pairwise
from json.encoder import encode_basestring as _quote
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from crmkit._disk import end_of_lines, sync_path
from crmkit._journal import FileLock
from crmkit._merkle import CompactRange, leaf_hash
from crmkit.audit._proofs._checkpoint import Checkpoint
from crmkit.audit._proofs._files import (
    CREATE,
    FileRows,
    note_line,
    read_last_note,
    read_notes,
    replace_file,
    write_all,
)
from crmkit.audit._proofs._rows import Rows
from crmkit.errors import FormatError, IntegrityError, TamperedLogError

from ._retention import compress_segment, prunable, prune_segment
from ._segment import (
    EVENT,
    Header,
    Segment,
    claimed_seq,
    lines,
    list_segments,
    open_segment,
    read_tail,
    seek_event,
    segment_path,
    stored_moment,
    trailer,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FileStore", "Torn", "check_note"]

FLUSH_LEAVES: Final = 4096
_APPEND = os.O_RDWR | os.O_APPEND | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_log = logging.getLogger("crmkit.audit")


@attrs.frozen
class Torn:
    """An unfinished batch that was found and set aside."""

    size_bytes: int
    path: Path


def check_note(note: bytes, rows: Rows) -> None:
    """Refuse a log that its own last checkpoint contradicts.

    Raises:
        TamperedLogError: It was cut off, or has other events than were signed.
    """
    last = Checkpoint.peek(note)
    if last.size > rows.size or rows.root(last.size) != last.root:
        what = "cut off" if last.size > rows.size else "not the events that were signed"
        raise TamperedLogError(f"{what}: the last checkpoint covers {last.size} events", location="checkpoint")


class FileStore:
    """A log in a folder. Methods that write are called under `lock`, by one thread at a time.

    Args:
        folder: The folder.
        origin: Name of a log that is to be made; ``None`` takes what is there.
        write: Whether to write at all; a reader changes nothing and needs no right to.
        segment_bytes: When to begin a new segment.
        salvage: Set aside even acknowledged events behind the first damage, where no checkpoint covers them, and make
            all hashes again.
        wait_s: How long to wait for other writers, in seconds.
    """

    def __init__(
        self, folder: Path, *, origin: str | None, write: bool, segment_bytes: int, salvage: bool, wait_s: float
    ) -> None:
        self.folder = folder
        self._events = folder / "events"
        self._stem = os.path.join(self._events, "")  # noqa: PTH118  every append looks for the next segment
        self._lock_path = folder / "lock"
        self._notes_path = folder / "checkpoints.jsonl"
        self._write = write
        self._segment_bytes = segment_bytes
        self._salvage = salvage
        self._fd = -1
        self.torn: list[Torn] = []
        self.last_stored_at = ""
        if write and origin is not None:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # who may write here could exchange whole files
            self._events.mkdir(exist_ok=True, mode=0o700)
            (folder / "hashes").mkdir(exist_ok=True, mode=0o700)
            for place in (folder, folder.parent):
                sync_path(place)  # what is acknowledged later is of no use in a folder that a power failure takes
        if not self._events.is_dir():
            raise FormatError("no audit log is here", location=folder.name or str(folder))
        self.row_store = FileRows(folder / "hashes")
        with self.lock(wait_s) if write else contextlib.nullcontext():
            if write and origin is not None and not list_segments(self._events):
                self._begin(Header(origin, 0, CompactRange(), None, ""))
            self._load()

    survives_fork = True
    """Files that are only appended to, under a lock that is taken anew each time, may be shared with the parent."""

    # Reading

    def segments(self) -> list[Segment]:
        """Return the segments, oldest first."""
        return list_segments(self._events)

    def _load(self) -> None:
        segments = self.segments()
        if not segments:
            raise FormatError("no audit log is here", location=self.folder.name or str(self.folder))
        header = self._enter(segments[-1])
        self.origin = header.origin
        stored = Rows(self.row_store)
        self._stored = stored.size
        if self._salvage and all(segment.kind != "pruned" for segment in segments):
            self.rows = self._rebuild(segments, header, Rows(self.row_store, edge=CompactRange()))
        elif stored.size >= header.first and stored.edge(header.first).nodes == header.edge.nodes:
            self.rows = Rows(self.row_store, edge=header.edge)  # those of the last segment are made again from it
        else:
            self.rows = self._rebuild(segments, header, stored)
        self._known = header.first
        self.refresh()
        if self._stored > self._known:
            raise TamperedLogError(
                f"cut off: {self._stored} events were written, {self._known} are there",
                location=f"event {self._known}",
            )
        notes = self.notes()
        if notes:
            check_note(notes[-1], self.rows)

    def _enter(self, segment: Segment) -> Header:
        """Make a segment the one that is appended to."""
        fd = os.open(segment.path, _APPEND if self._write else os.O_RDONLY)
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = fd
        self._segment = segment
        with os.fdopen(os.dup(fd), "rb") as stream:
            stream.seek(0)
            header = Header.read(stream, segment)
            self._offset = stream.tell()
        self.last_stored_at = header.stored_at
        return header

    def _rebuild(self, segments: list[Segment], header: Header, stored: Rows) -> Rows:
        """Make hashes again that a crash took, from the events of closed segments; all of them where it need be."""
        _log.warning("hashes are missing or not those of the events; making them again")
        starts = [stored] if stored.size < header.first else []
        for rows in (*starts, Rows(self.row_store, edge=CompactRange())):
            for segment, following in pairwise(segments):
                if following.first > rows.size:
                    if segment.kind == "pruned":
                        raise IntegrityError("hashes of pruned events are missing or damaged", location="hashes")
                    leaves = [leaf_hash(line) for _, line in self._lines(segment)]
                    rows.extend(leaves[rows.size - segment.first :])
            if rows.head.nodes == header.edge.nodes:
                return rows
        raise TamperedLogError("events before it are not those that were written", location=f"event {header.first}")

    def refresh(self) -> None:
        """Take in what other processes have appended; a writer also sets aside what they left unfinished."""
        while True:
            there = os.fstat(self._fd)
            if not self._is_there(there):
                self._reenter()
                return
            size = there.st_size
            if size < self._offset:
                raise TamperedLogError("cut off while it was open", location=self._segment.path.name)
            if size > self._offset:
                with os.fdopen(os.dup(self._fd), "rb") as stream:
                    tail = read_tail(stream, self._offset, self.rows)
                    self._offset, self._known = tail.good, tail.size
                    if tail.last:
                        self.last_stored_at = stored_moment(tail.last)
                    if tail.rest and self._write:
                        self._set_aside(tail.rest, torn=tail.torn)
            if self._known == self._segment.first or not self._is_followed():
                return
            self._enter(Segment(self._known, segment_path(self._events, self._known), "jsonl"))

    def _is_there(self, open_file: os.stat_result) -> bool:
        """Whether the segment that is open is still the file of its name, and what is appended to it is kept."""
        try:
            return os.path.samestat(os.stat(self._segment.path), open_file)  # noqa: PTH116  every append asks
        except FileNotFoundError:
            return False

    def _reenter(self) -> None:
        """Go on from what is there now: others have closed this segment, and then compressed, pruned or moved it."""
        known, root = self._known, self.rows.root()
        self._load()
        if self.rows.size < known or self.rows.root(known) != root:
            raise TamperedLogError("not the log that was open any more", location=f"event {known}")

    def _is_followed(self) -> bool:
        """Whether somebody has begun a segment behind this one; without `pathlib`, since every append asks."""
        try:
            os.stat(f"{self._stem}{self._known:020d}.jsonl")  # noqa: PTH116
        except FileNotFoundError:
            return False
        return True

    def _set_aside(self, size: int, *, torn: bool) -> None:
        """Move what follows the last good batch into a file of its own; there first, and only then off the segment."""
        name = self._segment.path.name
        note = self.last_note()
        if note is not None:
            check_note(note, self.rows)
        if self._stored > self._known:
            raise TamperedLogError("cut off: hashes of later events are stored", location=f"event {self._known}")
        if not torn and not self._salvage:
            raise TamperedLogError(
                "damaged behind this event; nothing was changed. What is there can be set aside with salvage=True",
                location=f"{name}, event {self._known}",
            )
        with os.fdopen(os.dup(self._fd), "rb") as stream:
            stream.seek(self._offset)
            data = stream.read()
        folder = self.folder / "torn"
        folder.mkdir(exist_ok=True, mode=0o700)
        aside = folder / f"{self._segment.first:020d}-{self._offset}-{len(list(folder.iterdir()))}"
        replace_file(aside, data)
        os.ftruncate(self._fd, self._offset)
        os.fsync(self._fd)
        _log.warning("%s ended in an unfinished batch; set %d bytes aside in torn/%s", name, size, aside.name)
        self.torn.append(Torn(size, aside))

    def read(
        self, start: int = 0, stop: int | None = None, *, actor: str | None = None,
        resource: tuple[str, str] | None = None,
    ) -> Iterator[tuple[int, bytes | None]]:  # fmt: skip
        """Yield number and bytes of events; ``None`` for a body that was pruned.

        With ``actor`` or ``resource`` lines that do not even hold the id are passed over; the others may still be of
        somebody else.
        """
        wanted = [_quote(text).encode() for text in (actor, resource[1] if resource else None) if text is not None]
        stop = self.rows.size if stop is None else min(stop, self.rows.size)
        segments = self.segments()
        for segment, following in zip(segments, [*segments[1:], None], strict=True):
            end = stop if following is None else min(following.first, stop)
            if end <= start or segment.first >= stop:
                continue
            if segment.kind == "pruned":
                yield from ((seq, None) for seq in range(max(start, segment.first), end))
                continue
            for seq, line in self._lines(segment, start):
                if seq >= end:
                    break
                if seq >= start and all(text in line for text in wanted):
                    yield seq, line

    def _lines(self, segment: Segment, start: int = 0) -> Iterator[tuple[int, bytes]]:
        """Yield turn and event from ``start`` or somewhat before it on."""
        with open_segment(segment) as stream:
            seq = segment.first
            if start > seq and Path(stream.name).suffix == ".jsonl":
                seek_event(stream, os.fstat(stream.fileno()).st_size, start)
                at = stream.tell()
                seq = next((said for line in lines(stream) if (said := claimed_seq(line)) is not None), seq)
                stream.seek(at)
            for line in lines(stream):
                if line.startswith(EVENT) and line.endswith(b"\n"):
                    yield seq, line[:-1]
                    seq += 1

    def notes(self) -> list[bytes]:
        """Return the checkpoints, oldest first."""
        return read_notes(self._notes_path)

    def last_note(self) -> bytes | None:
        """Return the newest checkpoint."""
        return read_last_note(self._notes_path)

    # Writing

    def lock(self, wait_s: float) -> contextlib.AbstractContextManager[object]:
        """Hold the log against other writers."""
        return FileLock(self._lock_path, wait_s=wait_s)

    def append(self, events: list[bytes], *, sync: bool) -> None:
        """Write one batch: all of it or, after an error, none."""
        mark = self.rows.mark()
        self.rows.extend(map(leaf_hash, events))
        data = b"\n".join([*events, trailer(self.rows.head)])
        try:
            write_all(self._fd, data)
            if sync:
                os.fsync(self._fd)
        except BaseException:
            self.rows.take_back(mark)
            os.ftruncate(self._fd, self._offset)
            raise
        self._offset += len(data)
        self._known = self.rows.size

    def tidy(self, stored_at: str) -> None:
        """Do what need not be done with every batch: store hashes, begin a new segment."""
        self.last_stored_at = stored_at
        if self.rows.size - self.rows.stored >= FLUSH_LEAVES:
            self.rows.flush()
        if self._offset >= self._segment_bytes:
            self.rotate()

    def rotate(self) -> None:
        """Begin a new segment, unless this one has no event."""
        if self.rows.size == self._segment.first:
            return
        os.fsync(self._fd)
        note = self.last_note()
        checkpoint = None if note is None else note.decode()
        self._begin(Header(self.origin, self.rows.size, self.rows.head, checkpoint, self.last_stored_at))
        self._enter(Segment(self.rows.size, segment_path(self._events, self.rows.size), "jsonl"))

    def _begin(self, header: Header) -> None:
        replace_file(segment_path(self._events, header.first), header.to_bytes())

    def add_note(self, note: bytes) -> None:
        """Keep a checkpoint; what a crash left of another one is cut off."""
        fd = os.open(self._notes_path, CREATE, 0o600)
        try:
            end = end_of_lines(fd)
            os.ftruncate(fd, end)
            os.lseek(fd, end, os.SEEK_SET)
            write_all(fd, note_line(note))
        finally:
            os.close(fd)

    def prunable(self, before: str) -> int:
        """Return the event up to which whole segments hold only what was stored before then."""
        return prunable(self.segments(), before)

    def prune(self, end: int) -> int:
        """Destroy the bodies of the closed segments before event ``end``."""
        count = 0
        segments = self.segments()
        for segment, following in pairwise(segments):
            if following.first <= end and segment.kind != "pruned":
                prune_segment(self._events, segment)
                count += following.first - segment.first
        return count

    def compress(self) -> int:
        """Compress closed segments; return how many."""
        return sum(compress_segment(self._events, segment) for segment in self.segments()[:-1])

    def sync(self) -> None:
        """Store the hashes and force everything to disk."""
        self.rows.flush()
        self.row_store.sync()
        os.fsync(self._fd)
        if self._notes_path.exists():
            sync_path(self._notes_path)

    def close(self) -> None:
        """Let go of the files."""
        os.close(self._fd)
