#!/usr/bin/env python3
"""Check an audit log of crmkit without crmkit: this file needs Python and the package ``cryptography``, nothing else.

    python verify_audit_log.py LOG --key "name+hash+key" [--checkpoint FILE ...]
    python verify_audit_log.py --proof FILE --key "name+hash+key"

LOG is the folder or database of a log; FILE is a signed checkpoint that you kept, or a proof of one event.
It reads everything, writes nothing, and says OK or what is wrong; its exit status is 0, 1, or 2 for wrong use.
It was written apart from the library, after the specification of its formats, so that the two check each other.
It proves the same events and refuses the same folders; of damage it says where the log stops being proved, while the
library tells kinds apart. Of a database it reads events and checkpoints, not the columns by which events are found.
"""
# ruff: noqa: T201

from __future__ import annotations

import argparse
import base64
import contextlib
import gzip
import hashlib
import json
import re
import sqlite3
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO


class Wrong(Exception):  # noqa: N818 - a verdict, not an error of this program
    """What is wrong with the log."""


def leaf(data: bytes) -> bytes:
    """RFC 6962, section 2.1."""
    return hashlib.sha256(b"\x00" + data).digest()


class Tree:
    """The right edge of an RFC 6962 tree."""

    def __init__(self) -> None:
        self.size = 0
        self.nodes: list[bytes] = []

    def add(self, node: bytes) -> list[bytes]:
        """Add a leaf hash; return it and the nodes of every fourth level that are complete with it."""
        size, level, kept = self.size, 0, [node]
        while size & 1:
            node = hashlib.sha256(b"\x01" + self.nodes.pop() + node).digest()
            size, level = size >> 1, level + 1
            if level % 4 == 0:
                kept.append(node)
        self.nodes.append(node)
        self.size += 1
        return kept

    def root(self) -> bytes:
        """Return the root."""
        if not self.nodes:
            return hashlib.sha256(b"").digest()
        result = self.nodes[-1]
        for node in self.nodes[-2::-1]:
            result = hashlib.sha256(b"\x01" + node + result).digest()
        return result


def read_key(text: str) -> tuple[str, bytes, bytes]:
    """Read ``name+hash+key`` (C2SP signed-note); return name, first four bytes of the hash, and the public key."""
    name, digits, encoded = text.strip().split("+", 2)
    data = base64.b64decode(encoded, validate=True)
    own = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
    if data[:1] != b"\x01" or len(data) != 33 or own.hex() != digits:
        raise ValueError
    return name, own, data[1:]


def open_note(note: bytes, keys: list[tuple[str, bytes, bytes]]) -> tuple[str, int, bytes]:
    """Verify a signed checkpoint; return origin, size and root."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        content = note.decode()
        at = content.rindex("\n\n")
        text, signed = content[: at + 1], False
        for line in content[at + 2 :].splitlines():
            mark, name, encoded = line.split(" ")
            raw = base64.b64decode(encoded, validate=True)
            for known, own, public in keys:
                if mark == "—" and name == known and raw[:4] == own:
                    Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], text.encode())
                    signed = True
        origin, size, root = text.split("\n")[:3]
        if str(int(size)) != size:
            signed = False
        found = (origin, int(size), base64.b64decode(root, validate=True))
    except InvalidSignature:
        raise Wrong("a checkpoint has a bad signature") from None
    except (ValueError, TypeError):
        raise Wrong("a checkpoint is malformed") from None
    if not signed:
        raise Wrong("a checkpoint is signed by no known key")
    return found


def canonical(said: object) -> bytes:
    """Return the line of a document in the one way in which it is written."""
    text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode() + b"\n"


def read_header(line: bytes, first: int) -> dict[str, object]:
    """Read the first line of a segment."""
    try:
        said: dict[str, object] = json.loads(line)
        texts = [said["origin"], said["stored_at"], "" if said["checkpoint"] is None else said["checkpoint"]]
        good = all(isinstance(text, str) for text in texts) and type(said["first"]) is int and said["first"] == first
        good = good and len(said) == 6 and said["format"] == "crmkit-audit/1" and canonical(said) == line
    except (ValueError, TypeError, LookupError, RecursionError):
        good = False
    if not good:
        raise Wrong(f"the header of the segment of event {first} is not what was written")
    return said


class Stored:
    """The hashes that a folder keeps beside its events: of leaves, and of every fourth level."""

    def __init__(self, folder: Path, opened: contextlib.ExitStack) -> None:
        self.files: list[BinaryIO] = []
        self.count = 0
        self.differs: int | None = None
        while (path := folder / "hashes" / f"{4 * len(self.files):02d}").exists():
            self.count = self.count or path.stat().st_size // 32
            self.files.append(opened.enter_context(path.open("rb")))

    def hold(self, nodes: list[bytes], seq: int) -> None:
        """Hold the next nodes against those that are kept, as far as they go."""
        for file, node in zip(self.files, nodes, strict=False):
            kept = file.read(32)
            if len(kept) == 32 and kept != node and self.differs is None:
                self.differs = seq

    def judge(self, size: int) -> None:
        """Say what did not agree, over a tree of so many events."""
        if self.differs is not None:
            raise Wrong(f"the hash that is stored for event {self.differs} is of another one")
        if self.count > size:
            raise Wrong(f"events from {size} to {self.count - 1} were stored and are not there")


def read_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield ``(kind, value)`` of each segment: header, events, trailers or hashes, ``end``; ``last`` of the newest."""
    segments = list_segments(folder)
    order = list(segments)
    for place, first in enumerate(order):
        path, kind = segments[first]
        with gzip.open(path, "rb") if kind == "jsonl.gz" else path.open("rb") as stream:
            header = stream.readline()
            read_header(header, first)
            yield "header", header
            if kind == "pruned":
                with (folder / "hashes" / "00").open("rb") as hashes:
                    hashes.seek(32 * first)
                    for _ in range(order[place + 1] - first):
                        yield "hash", hashes.read(32)
                continue
            for line in stream:
                if not line.endswith(b"\n"):
                    if first != order[-1]:
                        raise Wrong(f"{path.name} ends in the middle of a line")
                    yield "torn", line
                elif line.startswith(b'{"action":'):
                    yield "event", line[:-1]
                elif re.fullmatch(rb'\{"root":"[0-9a-f]{64}","size":[0-9]+\}\n', line):
                    yield "trailer", line
                else:
                    raise Wrong(f"{path.name} has a line that is neither event nor trailer")
            yield "last" if first == order[-1] else "end", b""


def list_segments(folder: Path) -> dict[int, tuple[Path, str]]:
    """Return path and kind of each segment by its first event, in order."""
    segments: dict[int, tuple[Path, str]] = {}
    for path in sorted((folder / "events").iterdir()):
        found = re.fullmatch(r"([0-9]{20})\.(jsonl|jsonl\.gz|pruned)", path.name)
        if found:
            segments.setdefault(int(found[1]), (path, found[2]))
    return dict(sorted(segments.items()))


def read_header_notes(folder: Path) -> list[bytes]:
    """Return the checkpoints that the headers of segments hold."""
    notes = []
    for first, (path, kind) in list_segments(folder).items():
        with gzip.open(path, "rb") if kind == "jsonl.gz" else path.open("rb") as stream:
            note = read_header(stream.readline(), first)["checkpoint"]
        if isinstance(note, str):
            notes.append(note.encode())
    return notes


def blob(value: object) -> bytes:
    """Return a column's bytes; SQLite keeps anything anywhere, and ``bytes`` of a number is as many zeros."""
    if not isinstance(value, bytes):
        raise Wrong("a column holds something else than bytes")
    return value


def read_database(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield ``(kind, value)`` of a database."""
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        (pruned,) = database.execute("SELECT pruned FROM about").fetchone()
        left = pruned
        for (hashes,) in database.execute("SELECT hashes FROM hashes WHERE row = 0 ORDER BY tile"):
            for at in range(0, len(blob(hashes)), 32):
                if left > 0:
                    yield "hash", hashes[at : at + 32]
                    left -= 1
        for (body,) in database.execute("SELECT body FROM events ORDER BY seq"):
            yield "event", blob(body)
    finally:
        database.close()


def read_notes(path: Path) -> list[bytes]:
    """Return the log's own checkpoints."""
    if path.is_dir():
        file = path / "checkpoints.jsonl"
        notes = []
        for line in file.read_bytes().split(b"\n")[:-1] if file.exists() else []:  # an unfinished one is none yet
            said = json.loads(line)
            if list(said) != ["note"] or canonical(said) != line + b"\n":
                raise Wrong("checkpoints.jsonl has a line that is no checkpoint")
            notes.append(said["note"].encode())
        return notes
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        return [blob(row[0]) for row in database.execute("SELECT note FROM checkpoints ORDER BY number")]
    finally:
        database.close()


class Walk:
    """What was read of a log so far: its tree, and how far checkpoints prove it."""

    def __init__(self, wanted: dict[int, set[bytes]], origins: set[str], stored: Stored | None) -> None:
        self.wanted, self.origins, self.stored = wanted, origins, stored
        self.tree, self.pruned, self.reach, self.proved = Tree(), 0, 0, 0
        self.allowed: list[tuple[int, int]] = []
        self.batch: list[bytes] = []
        self.last = ""

    def take(self, kind: str, value: bytes) -> None:
        """Take the next thing that the log holds."""
        if kind == "header":
            self.header(json.loads(value))
        elif kind == "event" and self.stored is not None:
            self.batch.append(value)  # of a folder it counts once the trailer is there
        elif kind == "event":
            self.event(value)
        elif kind == "trailer":
            for event in self.batch:
                self.event(event)
            self.batch = []
            if value != b'{"root":"%b","size":%d}\n' % (self.tree.root().hex().encode(), self.tree.size):
                raise Wrong(f"the events before event {self.tree.size} are not those that were written")
        elif kind == "end" and self.batch:
            raise Wrong(f"the segment that ends at event {self.tree.size + len(self.batch)} has no trailer")
        elif kind == "hash":
            self.pruned, self.last = self.pruned + 1, ""
            self.add(value)
            self.reach = self.tree.size

    def header(self, said: dict[str, object]) -> None:
        """Hold the beginning of a segment against the end of the one before."""
        same = said["origin"] in self.origins and said["first"] == self.tree.size
        same = same and (not self.last or said["stored_at"] == self.last)
        if not same or said["edge"] != [node.hex() for node in self.tree.nodes]:
            raise Wrong(f"a segment does not go on where the one before ended, at event {self.tree.size}")
        self.last = str(said["stored_at"])

    def event(self, value: bytes) -> None:
        """Take an event."""
        said, seq = json.loads(value), self.tree.size
        if said["seq"] != seq:
            raise Wrong(f"event {seq} says that it is event {said['seq']}")
        if said["stored_at"] < self.last:
            raise Wrong(f"the clock goes back at event {seq}")
        self.last = said["stored_at"]
        if said["action"] == "log.pruned":
            self.allowed.append((seq, said["detail"]["before"]))
        self.add(leaf(value))

    def add(self, node: bytes) -> None:
        """Take a leaf hash, and hold the tree against what was signed and what is stored."""
        nodes, size = self.tree.add(node), self.tree.size
        if size in self.wanted:
            if self.wanted[size] != {self.tree.root()}:
                raise Wrong(f"events from {self.proved} to {size - 1} are not those that were signed")
            self.proved = size
        if self.stored is not None:
            self.stored.hold(nodes, size - 1)


def check_log(path: Path, keys: list[tuple[str, bytes, bytes]], kept: list[bytes]) -> str:
    """Check a whole log; return what was proved."""
    wanted: dict[int, set[bytes]] = {}
    origins = set()
    own, before = read_notes(path), 0
    for number, note in enumerate([*own, *(read_header_notes(path) if path.is_dir() else []), *kept]):
        origin, size, root = open_note(note, keys)
        if number < len(own) and size < before:
            raise Wrong(f"checkpoint {number + 1} is of fewer events than the one before it")
        before = size
        wanted.setdefault(size, set()).add(root)
        origins.add(origin)
    if len(origins) != 1:
        raise Wrong(
            "checkpoints are of several logs" if origins else "there is no checkpoint, so nothing can be proved"
        )
    with contextlib.ExitStack() as opened:
        log = Walk(wanted, origins, Stored(path, opened) if path.is_dir() else None)
        for kind, value in read_files(path) if path.is_dir() else read_database(path):
            log.take(kind, value)
    tree, proved = log.tree, log.proved
    if max(wanted) > tree.size:
        raise Wrong(f"events from {tree.size} to {max(wanted) - 1} were signed and are not there")
    if log.reach > max((before for seq, before in log.allowed if seq < proved), default=0):
        raise Wrong(f"bodies of events before {log.reach} are gone, and the log does not say why")
    if log.stored is not None:
        log.stored.judge(tree.size)
    rest = f", {tree.size - proved} behind the last checkpoint" if tree.size > proved else ""
    return f"{origins.pop()}: {tree.size} events, {proved} proved{rest}, {log.pruned} without bodies"


def check_proof(data: bytes, keys: list[tuple[str, bytes, bytes]]) -> str:
    """Check the proof of one event (RFC 9162, section 2.1.3.2); return the event."""
    said = json.loads(data)
    event = base64.b64decode(said["event"])
    _, size, root = open_note(said["checkpoint"].encode(), keys)
    node, last, result = said["seq"], size - 1, leaf(event)
    if not 0 <= node <= last:
        raise Wrong("the checkpoint does not cover the event")
    for step in (bytes.fromhex(digits) for digits in said["path"]):
        if last == 0:
            raise Wrong("the path is too long")
        if node & 1 or node == last:
            result = hashlib.sha256(b"\x01" + step + result).digest()
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            result = hashlib.sha256(b"\x01" + result + step).digest()
        node, last = node >> 1, last >> 1
    if last or result != root or json.loads(event)["seq"] != said["seq"]:
        raise Wrong("the event is not in the log of the checkpoint")
    return event.decode()


def main(arguments: list[str]) -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", nargs="?", type=Path)
    parser.add_argument("--key", action="append", required=True, help="public key; may be given several times")
    parser.add_argument("--checkpoint", action="append", default=[], type=Path, help="a checkpoint that you kept")
    parser.add_argument("--proof", type=Path, help="a proof of one event")
    options = parser.parse_args(arguments)
    if (options.log is None) == (options.proof is None):
        parser.error("give a log or a proof")
    try:
        keys = [read_key(text) for text in options.key]
    except ValueError:
        parser.error("a key is name+hash+key")
    try:
        if options.proof is not None:
            said = check_proof(options.proof.read_bytes(), keys)
        else:
            said = check_log(options.log, keys, [path.read_bytes() for path in options.checkpoint])
    except Wrong as wrong:
        print(f"WRONG: {wrong}")
        return 1
    except (
        OSError, EOFError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError,
        MemoryError, sqlite3.Error, zlib.error,
    ) as error:  # fmt: skip
        print(f"WRONG: the log cannot be read ({type(error).__name__})")
        return 1
    print(f"OK {said}")
    return 0


if __name__ == "__main__":  # pragma: no cover  the tests call main, and run the file where nothing is measured
    sys.exit(main(sys.argv[1:]))
