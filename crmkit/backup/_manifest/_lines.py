"""Lines of a manifest in blocks: read within limits, and parsed a block at a time where all are plain.

Nearly every line is a file or folder of the one form below, so one pass of one regular expression reads a thousand of
them.  Whatever else is in a block, or wrong with it, is left to `parse_entry`, line by line: the fast way only accepts.
"""

from __future__ import annotations

import operator
import re
from binascii import unhexlify
from typing import IO, TYPE_CHECKING, Final, NamedTuple

import attrs

from crmkit.errors import ManifestError

from ._entry import Entry, parse_entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_BLOCK: Final = 1 << 18
# Octet sequences that are canonical by construction, so that no JSON has to be read and written to know it.
_PLAIN: Final = re.compile(
    rb'^\{"mode":"([0-7]{4})","mtime":"(0|-?[1-9][0-9]{0,18})","path":"([^"\\\x00-\x1f\x7f]+)"'
    rb'(?:(?:,"root":"([0-9a-f]{64})")?(?:,"sha256":"([0-9a-f]{64})")?,"size":(0|[1-9][0-9]{0,14}),"type":"file"'
    rb'|,"type":"dir")\}$',
    re.MULTILINE,
)
_Line = tuple[bytes, bytes, bytes, bytes, bytes, bytes]


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


class Block(NamedTuple):
    """Whole lines that follow one another."""

    first: int
    """Number of the first line, from 1."""
    data: bytes
    lines: Sequence[bytes]
    """The same without line feeds."""


def blocks(stream: IO[bytes], name: str, limits: Limits) -> Iterator[Block]:
    """Read lines in blocks; memory is that of one block, or of one line that is as long as is allowed.

    Raises:
        ManifestError: A line is too long, there are too many, or the last has no line feed.
    """
    number, rest, longest = 0, b"", limits.line_bytes
    while data := stream.read(_BLOCK):
        cut = data.rfind(b"\n") + 1
        if not cut:
            rest += data
            if len(rest) > longest:
                break
            continue
        whole, rest = rest + data[:cut], data[cut:]
        lines = whole[:-1].split(b"\n")
        if max(map(len, lines)) > longest:
            number += next(at for at, line in enumerate(lines) if len(line) > longest)
            raise ManifestError("a line is longer than the limit", location=f"{name}, line {number + 1}")
        if number + len(lines) > limits.lines:
            raise ManifestError(f"more than {limits.lines} lines, the limit", location=name)
        yield Block(number + 1, whole, lines)
        number += len(lines)
    if rest:
        what = "a line is longer than the limit" if len(rest) > longest else "cut off, no line feed at the end"
        raise ManifestError(what, location=f"{name}, line {number + 1}")


class Plain(NamedTuple):
    """What a block of plain lines says, by column where that is cheaper."""

    paths: Sequence[bytes]
    files: int
    size_bytes: int


def plain(lines: Sequence[bytes], last: bytes | None, chunk: int) -> Plain | None:
    """Read lines that all are plain, in order and sound; ``None`` where one is not, for the slow way to say which."""
    found = _parsed(b"\n".join(lines), len(lines))
    if found is None:
        return None
    paths = [line[2] for line in found]
    if (last is not None and paths[0] <= last) or not all(map(operator.lt, paths, paths[1:])):
        return None
    files = total = 0
    for _, _, _, root, flat, octets in found:
        if octets:
            size = int(octets)
            files += 1
            total += size
            if not (root if size > chunk else flat and not root):
                return None
    return Plain(paths, files, total)


def _parsed(data: bytes, count: int) -> list[_Line] | None:
    """Return the parts of each line; a match is one whole line, so as many matches as lines are all of them."""
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError:
            return None
    found: list[_Line] = _PLAIN.findall(data)
    return found if len(found) == count else None


def read_entries(lines: Sequence[bytes], chunk: int) -> Iterator[Entry]:
    """Read the entries of lines that were found good before."""
    found = _parsed(b"\n".join(lines), len(lines))
    if found is None:
        for line in lines:
            yield parse_entry(line, chunk=chunk)
        return
    for mode, mtime, path, root, flat, octets in found:
        if octets:
            size = int(octets)
            sha256 = unhexlify(flat) if flat else None
            # A root stands where there is more than one chunk, and only there.
            digest = unhexlify(root) if root else sha256
            yield Entry(path, "file", int(mode, 8), int(mtime), size, digest or b"", sha256)
        else:
            yield Entry(path, "dir", int(mode, 8), int(mtime))
