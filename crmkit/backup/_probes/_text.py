"""Files of text: dumps that say where they end, CSV and JSON Lines."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Final

from ._probed import HEAD, IncompleteError, Probed

if TYPE_CHECKING:
    from pathlib import Path

TAIL: Final = 4096
_LONGEST_LINE: Final = 1 << 28

SQL_TRAILERS: Final = {
    "postgresql dump": (
        (b"-- PostgreSQL database dump", b"-- PostgreSQL database cluster dump"),
        (b"-- PostgreSQL database dump complete", b"-- PostgreSQL database cluster dump complete"),
    ),
    "mysql dump": ((b"-- MySQL dump", b"-- MariaDB dump"), (b"-- Dump completed",)),
}


class Ends:
    """The first and last octets of what goes by, and how many there were."""

    def __init__(self) -> None:
        self.head = b""
        self.tail = b""
        self.total = 0

    def add(self, block: bytes) -> None:
        """Take the next octets."""
        if len(self.head) < HEAD:
            self.head += block[: HEAD - len(self.head)]
        self.tail = (self.tail + block)[-TAIL:] if len(block) < TAIL else block[-TAIL:]
        self.total += len(block)


def sql_complete(kind: str, tail: bytes) -> None:
    """Check that a dump has the line with which its program ends.

    Raises:
        IncompleteError: It has not.
    """
    if not any(line in tail for line in SQL_TRAILERS[kind][1]):
        raise IncompleteError("the line with which the dump program ends is missing")


def probe_sql(path: Path) -> Probed:
    """Look for the last line of a dump, and count statements that create and fill tables."""
    ends = Ends()
    tables = copies = 0
    with path.open("rb") as stream:
        for line in stream:
            ends.add(line)
            tables += line.startswith(b"CREATE TABLE")
            copies += line.startswith((b"COPY ", b"INSERT INTO"))
    kind = next(
        kind for kind, (opening, _) in SQL_TRAILERS.items() if any(text in ends.head[:1024] for text in opening)
    )
    sql_complete(kind, ends.tail)
    return Probed({"tables": tables, "copies": copies})


def probe_csv(path: Path) -> Probed:
    """Check that every row has the columns of the first, quotes are closed, and the last line ends."""
    with path.open("rb") as raw:
        head = raw.read(HEAD)
        raw.seek(-1, 2)
        ended = raw.read(1) in (b"\n", b"\r", b"\x00")  # a NUL is the second half of an UTF-16 line feed
    encoding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    first = head.split(b"\n", 1)[0].decode(encoding, "replace")
    delimiter = max(",;\t|", key=first.count)
    rows, width = 0, None
    limit = csv.field_size_limit(_LONGEST_LINE)
    try:
        with path.open(encoding=encoding, errors="surrogateescape", newline="") as stream:
            for row in csv.reader(stream, delimiter=delimiter, strict=True):
                if width is None:
                    width = len(row)
                elif row and len(row) != width:
                    raise IncompleteError(
                        f"row {rows} has {len(row)} columns, the first {width}" if ended else _NO_FEED
                    )
                rows += 1
    except (csv.Error, UnicodeError):
        raise IncompleteError("a quote is not closed, or a cell is malformed") from None
    finally:
        csv.field_size_limit(limit)
    if not ended:
        raise IncompleteError(_NO_FEED)
    return Probed({"rows": max(0, rows - 1), "columns": width or 0})


_NO_FEED: Final = "the last line has no line feed"


def probe_json_lines(path: Path) -> Probed:
    """Read every line as JSON."""
    rows = 0
    with path.open("rb") as stream:
        while line := stream.readline(_LONGEST_LINE):
            if not line.endswith(b"\n"):
                raise IncompleteError(_NO_FEED)
            if line.strip():
                try:
                    json.loads(line)
                except (ValueError, RecursionError):
                    raise IncompleteError(f"line {rows + 1} is not JSON") from None
            rows += 1
    return Probed({"rows": rows})
