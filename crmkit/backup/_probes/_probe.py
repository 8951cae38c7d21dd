"""Is a file complete for its format? Cheap questions that each format can answer about itself."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from crmkit import _notebook, frames
from crmkit._report import Report
from crmkit.backup._findings._findings import Finding
from crmkit.backup._tree._paths import shown

from ._archives import COMPRESSED, probe_compressed, probe_tar, probe_zip
from ._databases import probe_parquet, probe_postgres_archive, probe_sqlite
from ._probed import HEAD, IncompleteError, Probed, UnknownError
from ._text import SQL_TRAILERS, probe_csv, probe_json_lines, probe_sql

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from crmkit.backup._manifest._entry import Entry
    from crmkit.typing import Frame, JSONValue, Severity

_ENVELOPES: Final = (b"age-encryption.org/", b"-----BEGIN PGP MESSAGE", b"-----BEGIN AGE ENCRYPTED", b"Salted__")
_BY_NAME: Final = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "json lines",
    ".ndjson": "json lines",
}


def format_of(head: bytes, name: str) -> str | None:
    r"""Return the format that the first octets say, else the one that the name says.

    Example:
        >>> format_of(b"PGDMP\x01\x0e", "crm.dump"), format_of(b"id,email", "contacts.csv")
        ('postgresql archive', 'csv')
    """
    for magic, kind in (
        *COMPRESSED.items(),
        (b"PK\x03\x04", "zip"),
        (b"PK\x05\x06", "zip"),
        (b"PGDMP", "postgresql archive"),
        (b"SQLite format 3\x00", "sqlite"),
        (b"PAR1", "parquet"),
    ):
        if head.startswith(magic):
            return kind
    if head[257:262] == b"ustar":
        return "tar"
    for kind, (opening, _) in SQL_TRAILERS.items():
        if any(text in head[:1024] for text in opening):
            return kind
    return _BY_NAME.get(Path(name).suffix.lower()) or _promised(name)


def _promised(name: str) -> str | None:
    """Return the format that the name of a file without its magic promises: such a file is damaged at its start."""
    suffix = Path(name).suffix.lower()
    return {
        ".gz": "gzip",
        ".tgz": "gzip",
        ".bz2": "bzip2",
        ".xz": "xz",
        ".zst": "zstd",
        ".zip": "zip",
        ".tar": "tar",
        ".sqlite": "sqlite",
        ".parquet": "parquet",
    }.get(suffix)


_PROBES: Final[dict[str, Callable[[Path], Probed]]] = {
    **dict.fromkeys(COMPRESSED.values(), probe_compressed),
    "zip": probe_zip,
    "tar": probe_tar,
    "postgresql archive": probe_postgres_archive,
    "sqlite": probe_sqlite,
    "parquet": probe_parquet,
    **dict.fromkeys(SQL_TRAILERS, probe_sql),
    "csv": probe_csv,
    "json lines": probe_json_lines,
}


@attrs.frozen(kw_only=True)
class ProbeReport(Report):
    """What a file says about its own completeness.

    Attributes:
        format: What it was taken for; ``None`` where no probe knows it.
        complete: Whether it is complete; ``None`` where nobody could tell, see `reason`.
        reason: Why not, or why nobody could tell.
        details: What was counted, such as rows or members.

    .. versionadded:: 0.1.0
    """

    format: str | None
    complete: bool | None
    reason: str | None = None
    details: dict[str, int] = attrs.field(factory=dict)

    def _repr_html_(self) -> str:
        word = {True: "complete", False: "not complete", None: "nobody can tell"}[self.complete]
        return _notebook.sheet(
            self.format or "unknown format", word, _notebook.facts({"why": self.reason, **self.details})
        )

    @property
    def ok(self) -> bool:
        """Whether it is complete; a file of which nobody can tell is not ok."""
        return self.complete is True

    def counts(self) -> dict[str, int]:
        """Return what was counted."""
        return dict(self.details)

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return what was counted (what, count) as a frame of the kind of ``like``."""
        return frames.build({"what": list(self.details), "count": list(self.details.values())}, like=like)

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the answer as plain data."""
        return {
            "format": self.format, "complete": self.complete, "reason": self.reason, "details": dict(self.details),
        }  # fmt: skip

    def _reason(self, severity: Severity) -> str | None:
        del severity
        return None if self.ok else f"{self.format or 'unknown format'}: {self.reason}"


def probe(path: str | os.PathLike[str]) -> ProbeReport:
    r"""Ask a file whether it is a complete one of its format.

    gzip, bzip2, xz and zstd are read to their end, and the dump or archive inside is looked at too; every member of a
    zip or tar is read; a PostgreSQL archive is decoded by ``pg_restore``; an SQL dump must have its last line; SQLite
    checks its pages; every page of a parquet file is read (with pyarrow); CSV has one number of columns and JSON Lines
    only JSON.

    Args:
        path: The file.

    Raises:
        OSError: It cannot be read.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "contacts.csv"
        >>> _ = path.write_text("id,email\n1,ana@example.com\n2")
        >>> probe(path).reason
        'the last line has no line feed'

    .. versionadded:: 0.1.0
    """
    path = Path(path)
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    kind = format_of(head, path.name)
    if kind is None:
        return ProbeReport(format=None, complete=None, reason="no probe knows this format")
    if not head:
        return ProbeReport(format=kind, complete=False, reason="it is empty")
    try:
        probed = _PROBES[kind](path)
    except IncompleteError as error:
        return ProbeReport(format=kind, complete=False, reason=str(error))
    except UnknownError as error:
        return ProbeReport(format=kind, complete=None, reason=str(error))
    return ProbeReport(format=probed.format or kind, complete=True, details=probed.details)


def plain_reason(head: bytes) -> str | None:
    r"""Say why the start of a file shows that it is not encrypted; ``None`` if nothing does.

    Nothing can prove that octets are encrypted: this finds the broken promise, not the kept one.

    Example:
        >>> plain_reason(b"id,email\n1,ana@example.com\n"), plain_reason(b"age-encryption.org/v1\n")
        ('it is text', None)
    """
    if not head or head.startswith(_ENVELOPES):
        return None
    kind = format_of(head, "")
    if kind is not None:
        return f"it is {kind}"
    if head[:1] in b"{[" and head.lstrip()[:1] in b"{[" and b'"' in head[:64]:
        return "it is text"
    sample = head[: len(head) - 4] if len(head) == HEAD else head  # a character may be cut
    try:
        text = sample.decode()
    except UnicodeDecodeError:
        text = ""
    if text and sum(character.isprintable() or character in "\r\n\t" for character in text) > 0.95 * len(text):
        return "it is text"
    if len(head) >= 2048 and entropy(head) < 7.0:
        return f"it has {entropy(head):.1f} bits of entropy an octet, encrypted data nearly 8"
    return None


def entropy(data: bytes) -> float:
    """Return the Shannon entropy in bits an octet."""
    total = len(data)
    return -sum(n / total * math.log2(n / total) for n in Counter(data).values()) if total else 0.0


def probe_entry(payload: Path, entry: Entry, *, encrypted: bool) -> tuple[list[Finding], bool]:
    """Probe one file of a backup; also say whether a probe knew it."""
    path = payload / Path(*map(_decoded, entry.path.split(b"/")))
    place = shown(entry.path)
    try:
        if encrypted:
            with path.open("rb") as stream:
                reason = plain_reason(stream.read(HEAD))
            return ([] if reason is None else [Finding(code="PLAINTEXT", path=place, detail=reason)]), True
        report = probe(path)
    except OSError as error:
        return [Finding(code="UNREADABLE", path=place, detail=f"errno {error.errno}: {error.strerror}")], True
    if report.complete is None:
        if report.format is None:
            return [], False
        detail = f"{report.format}: {report.reason}"
        return [Finding(code="NOT_CHECKED", path=place, severity="warning", detail=detail)], False
    if report.complete:
        return [], True
    return [Finding(code="PROBE_FAILED", path=place, detail=f"{report.format}: {report.reason}")], True


def _decoded(part: bytes) -> str:
    import os

    return os.fsdecode(part)
