"""Going through one part of a log: every line hashed and held against what is stored beside it."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import zlib
from typing import TYPE_CHECKING, Literal

import attrs

from crmkit._merkle import HASH_BYTES, CompactRange, leaf_hash
from crmkit.audit._events._event import Event
from crmkit.audit._proofs._rows import Rows
from crmkit.audit._stores._segment import EVENT, read_trailer, stored_moment
from crmkit.errors import CrmkitError, FormatError

from ._damage import WINDOW, Damage, classify

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from crmkit.audit._proofs._rows import RowStore

    from ._damage import DamageKind
    from ._source import Part, Source

__all__ = ["UNREADABLE", "Scan", "scan"]

CHUNK = 4096
UNREADABLE = (
    OSError, EOFError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, MemoryError,
    sqlite3.Error, zlib.error, CrmkitError,
)  # fmt: skip
"""What reading a broken file can end in, besides a wrong answer."""
_PRUNED = b'{"action":"log.pruned"'


@attrs.define
class Scan:
    """What going through a part gave.

    Attributes:
        start: The tree's right edge before the first event, which is believed here and held against the part before.
        end: Event behind the last.
        edge: The tree's right edge over all events up to there, as they are.
        roots: Size to root, for the sizes that were asked for.
        differs: First event that is not the one that the stored hashes are of.
        kind: What happened there, if the stored hashes are right.
        found: Damage that shows without any signature.
        pruned: Turns of the events that say so, with how many events they say were pruned.
        stored_at: When the last event was stored.
    """

    start: CompactRange
    end: int
    edge: CompactRange
    roots: dict[int, bytes] = attrs.field(factory=dict)
    differs: int | None = None
    kind: DamageKind = "edited"
    found: list[Damage] = attrs.field(factory=list)
    pruned: list[tuple[int, int]] = attrs.field(factory=list)
    stored_at: str = ""

    def say(self, kind: DamageKind, seq: int, location: str) -> None:
        """Note damage; the first of a kind says enough."""
        if not any(damage.kind == kind for damage in self.found):
            severity: Literal["error", "warning"] = "warning" if kind == "torn" else "error"
            self.found.append(Damage(kind=kind, seq=seq, location=location, severity=severity))


def scan(source: Source, part: Part, end: int | None, sizes: Collection[int], counts: list[int], *, deep: bool) -> Scan:
    """Go through a part.

    Args:
        source: The log.
        part: The part.
        end: First event of the part behind; ``None`` for the last part.
        counts: How many hashes were stored before the parts were listed; a writer may be at work.
        sizes: Sizes whose roots are wanted.
        deep: Read every event and write it again.
    """
    with source.rows() as store:
        edge = part.edge
        if edge is None:
            whole = Rows(store)
            edge = whole.edge(part.first) if part.first <= whole.size else CompactRange()
        result = Scan(edge, part.first, edge, stored_at=part.stored_at)
        walk = _Walk(part, store, edge, {size for size in sizes if size > part.first}, result, end, counts, deep=deep)
        try:
            if part.kind == "pruned":
                walk.go_by_hashes()
            else:
                walk.go(source.lines(part))
        except UNREADABLE:
            result.say("unreadable", walk.seq, part.name)
        result.end, result.edge = walk.rows.size, walk.rows.head
        limit = walk.stored if end is None else min(walk.stored, end)
        if result.differs is None and result.end < limit:
            result.differs, result.kind = result.end, "truncated" if end is None else "removed"
            result.found = [item for item in result.found if item.kind != "frame"]
        elif result.differs is not None:
            with contextlib.suppress(*UNREADABLE):  # it was said already
                result.kind = _explain(source.lines(part), part, store, result.differs, limit)
            result.found = [item for item in result.found if item.seq is None or item.seq < result.differs]
    return result


class _Walk:
    """The lines of a part, one after the other."""

    def __init__(
        self, part: Part, store: RowStore, edge: CompactRange, sizes: set[int], result: Scan, end: int | None,
        counts: list[int], *, deep: bool,
    ) -> None:  # fmt: skip
        self.part, self.result, self.end, self.deep = part, result, end, deep
        self.sizes = sorted(sizes, reverse=True)
        self.counts = counts
        self.stored = self.counts[0] if self.counts else 0
        self.store = store
        self.rows = Rows(store, edge=edge)
        self.seq = part.first
        self.agrees = True

    def go_by_hashes(self) -> None:
        """Take stored hashes for events whose bodies are gone."""
        self.result.stored_at = ""  # bodies say it, and they are gone
        stop = self.stored if self.end is None else self.end
        for start in range(self.part.first, stop, CHUNK):
            data = self.store.read(0, start, min(CHUNK, stop - start))
            self.take([data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)])
            self.seq = self.rows.size

    def go(self, lines: Iterator[bytes]) -> None:
        """Take the lines of a part whose bodies are there."""
        batch: list[bytes] = []
        seq, before, name = self.seq, self.result.stored_at, self.part.name
        framed = self.part.kind == "segment"
        for line in lines:
            if not line.startswith(EVENT) or not line.endswith(b"\n"):
                self.frame(line, batch, seq)
                batch = []
                continue
            batch.append(leaf_hash(line[:-1]))
            if b',"seq":%d,"stored_at":"' % seq not in line[-90:]:
                self.result.say("gap", seq, name)
            now = stored_moment(line)
            if now < before:
                self.result.say("clock_back", seq, name)
            before = now
            if self.deep:
                self.read(line[:-1], seq)
            if line.startswith(_PRUNED):
                self.announce(line, seq)
            seq += 1
            self.seq = seq
            if not framed and len(batch) == CHUNK:
                self.take(batch)
                batch = []
        if not framed:
            self.take(batch)
        elif batch:
            self.unfinished(batch, seq)
        self.result.stored_at = before

    def frame(self, line: bytes, batch: list[bytes], seq: int) -> None:
        """Take a batch and the line behind it, which should be its trailer."""
        if not line.endswith(b"\n") and self.end is None:
            self.unfinished(batch, seq)
            return
        self.take(batch)
        ended = read_trailer(line)
        if ended is None or (self.agrees and ended != (self.rows.head.root(), seq)):
            self.agrees = False
            self.result.say("frame", seq, self.part.name)

    def unfinished(self, batch: list[bytes], seq: int) -> None:
        """Note a batch without a trailer; in the last part nobody was told that it is there, whatever it holds."""
        first = seq - len(batch)
        if self.end is None:
            self.result.found = [item for item in self.result.found if item.seq is None or item.seq < first]
            self.result.say("torn", first, self.part.name)
        else:
            self.take(batch)
            self.result.say("frame", first, self.part.name)

    def take(self, leaves: list[bytes]) -> None:
        """Take leaf hashes into the tree, note the roots that are wanted, and compare with what is stored."""
        first = self.rows.size
        at = 0
        while self.sizes and self.sizes[-1] <= first + len(leaves):
            size = self.sizes.pop()
            self.rows.extend(leaves[at : size - first])
            at = size - first
            self.result.roots[size] = self.rows.head.root()
        self.rows.extend(leaves[at:])
        differs = self.rows.compare(self.counts)
        if differs is not None and self.result.differs is None:
            if differs[0]:
                self.result.say("hashes", first, f"hashes, level {4 * differs[0]}")
            else:
                self.result.differs = differs[1]

    def read(self, data: bytes, seq: int) -> None:
        """Read an event and write it again."""
        try:
            Event.parse(data)
        except FormatError:
            self.result.say("not_canonical", seq, self.part.name)

    def announce(self, line: bytes, seq: int) -> None:
        """Note how far the log says that it was pruned."""
        try:
            self.result.pruned.append((seq, int(json.loads(line)["detail"]["before"])))
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            self.result.say("not_canonical", seq, self.part.name)


def _explain(lines: Iterator[bytes], part: Part, store: RowStore, differs: int, stored: int) -> DamageKind:
    """Look at what stands around the first difference."""
    found: list[bytes] = []
    seq, claimed = part.first, 0
    for line in lines:
        if line.startswith(EVENT):
            if seq >= differs:
                if not found:
                    claimed = _claim(line, differs)
                found.append(leaf_hash(line[:-1]))
                if len(found) == WINDOW:
                    break
            seq += 1

    def hashes(start: int, stop: int) -> list[bytes]:
        data = store.read(0, start, stop - start) if stop > start else b""
        return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]

    written = hashes(differs, min(stored, differs + max(WINDOW, claimed + 1)))
    return classify(found, written, hashes(max(0, differs - WINDOW), differs), claimed)


def _claim(line: bytes, seq: int) -> int:
    """Return how many turns further on than ``seq`` an event says it is."""
    digits = line[line.rfind(b',"seq":') + 7 :].partition(b",")[0]
    return min(int(digits) - seq, 1 << 20) if digits.isdigit() and len(digits) < 20 else 0
