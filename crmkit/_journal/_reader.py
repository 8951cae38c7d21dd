"""Reading a journal, verifying every line on the way."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from crmkit.errors import FormatError, IntegrityError, TamperedLogError

from ._line import FORMAT, GENESIS, Head, Line, decode

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

MAX_LINE = 1 << 28


def read(
    path: str | os.PathLike[str],
    *,
    kind: str,
    expect: Head | None = None,
    torn: Literal["raise", "skip"] = "raise",
) -> Iterator[Line]:
    """Yield the verified lines behind the header, oldest first.

    A line is yielded when it and all before it are proved; the error comes at the first that is not.

    Args:
        path: The journal.
        kind: What its header must say it is.
        expect: A head that was kept elsewhere: the journal must have had it.
        torn: What to do with an unfinished last line, left by a crash or just being written; opening the journal for
            writing moves it out of the way.

    Raises:
        FormatError: Not a journal, or one of another kind.
        TamperedLogError: Edited, cut, reordered or replaced; ``.location`` names file and line.
        IntegrityError: The last line is torn.
    """
    path = Path(path)
    with path.open("rb") as stream:
        head = Head(0, read_header(stream, path.name, kind)[1])
        _compare(head, expect, path.name)
        while raw := stream.readline(MAX_LINE):
            number = head.lines + 1
            if not raw.endswith(b"\n"):
                if len(raw) >= MAX_LINE:
                    raise TamperedLogError("a line beyond all measure", location=f"{path.name}, line {number}")
                if torn == "raise":
                    raise IntegrityError(
                        f"unfinished, {len(raw)} bytes; open the journal for writing to set them aside, "
                        "or read with torn='skip'",
                        location=f"{path.name}, line {number}",
                    )
                break
            line, _ = decode(raw, number, head.hash, path.name)
            head = Head(number, line.hash)
            _compare(head, expect, path.name)
            yield line
    if expect is not None and head.lines < expect.lines:
        raise TamperedLogError(
            f"cut off: {expect.lines} lines were written, {head.lines} are there",
            location=f"{path.name}, line {head.lines + 1}",
        )


def _compare(head: Head, expect: Head | None, name: str) -> None:
    if expect is not None and head.lines == expect.lines and head.hash != expect.hash:
        raise TamperedLogError("not the journal that the expected head is of", location=f"{name}, line {head.lines}")


def read_header(stream: IO[bytes], name: str, kind: str | None) -> tuple[Mapping[str, Any], str]:
    """Read the first line; return its body and hash."""
    raw = stream.readline(MAX_LINE)
    if not raw.startswith(b'{"body":{') or b'"format":"crmkit-journal/' not in raw:
        raise FormatError("not a journal", location=name)
    line, _ = decode(raw, 0, GENESIS, name)
    if line.body.get("format") != FORMAT:
        raise FormatError(f"a journal of format {line.body.get('format')!r}; this reads {FORMAT}", location=name)
    if kind is not None and line.body.get("kind") != kind:
        raise FormatError(f"a journal of {line.body.get('kind')!r}, not of {kind!r}", location=name)
    return line.body, line.hash


def header_of(path: str | os.PathLike[str]) -> Mapping[str, Any]:
    """Return the header: ``format``, ``kind``, and what its writer put there.

    Raises:
        FormatError: Not a journal.
    """
    path = Path(path)
    with path.open("rb") as stream:
        return read_header(stream, path.name, None)[0]
