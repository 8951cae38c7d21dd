"""Describe a folder: one reading of every byte, a manifest that is whole or not there, a statement written last."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import attrs

from crmkit import _notebook
from crmkit._called import check_called
from crmkit._disk import replacing
from crmkit._run_id import new_run_id
from crmkit.backup._findings._recorded import record_backup
from crmkit.backup._tree._hashing import ChangedError, Hashed, Reader, ReadError
from crmkit.backup._tree._paths import shown
from crmkit.backup._tree._walk import Ignore, Node, open_folder, walk
from crmkit.errors import ConflictError, FixityError, FormatError, SchemaError

from ._entry import Entry, Header
from ._file import BUCKETS, CHUNKS, MANIFEST, STATEMENT, ManifestWriter, scan
from ._leaves import file_sha256
from ._statement import Envelope, Statement, moment_of, moment_text, parse_statement, read_envelope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from crmkit.backup._rows._snapshot import Snapshot
    from crmkit.typing import AuditSink, Progress, Signer


def utc_now() -> dt.datetime:
    """Return the system's clock."""
    return dt.datetime.now(dt.UTC)


def meta_folder(payload: str | os.PathLike[str], meta: str | os.PathLike[str] | None) -> Path:
    """Return where the manifest of a payload is: beside it, as ``<name>.meta``, where nothing else is said."""
    path = Path(payload)
    if meta is not None:
        return Path(meta)
    place = path.resolve() if path.name in ("", "..") else path  # "." has no name of its own
    return place.with_name(path.resolve().name + ".meta")


class _Facts(NamedTuple):
    """What a statement says of a manifest, and the manifest's own digest, by which it is known again."""

    sha256: bytes
    header: Header
    root: str
    lines: int
    files: int
    size_bytes: int
    chunks: str
    buckets: str
    tables: Mapping[str, str]


@attrs.frozen(kw_only=True)
class Manifest:
    """A manifest on disk, as `create` left it.

    Attributes:
        folder: Where it is.
        header: What the backup is of.
        root: Root over its lines, hexadecimal.
        files: Number of files.
        size_bytes: Bytes in them.

    .. versionadded:: 0.1.0
    """

    folder: Path
    header: Header
    root: str
    files: int
    size_bytes: int
    _written: _Facts | None = attrs.field(default=None, repr=False, eq=False)

    def __repr__(self) -> str:
        return f"<Manifest of {self.header.set!r}: {self.files:,} files, {self.size_bytes:,} bytes>"

    def _repr_html_(self) -> str:
        facts = {
            "folder": self.folder.name, "kind": self.header.kind, "files": f"{self.files:,}",
            "bytes": f"{self.size_bytes:,}", "root": self.root,
        }  # fmt: skip
        return _notebook.sheet(f"Manifest of {self.header.set}", "", _notebook.facts(facts))

    @property
    def path(self) -> Path:
        """The manifest's file."""
        return self.folder / MANIFEST


def create(
    payload: str | os.PathLike[str],
    header: Header,
    *,
    meta: str | os.PathLike[str] | None = None,
    tables: Sequence[Snapshot] = (),
    parent: Statement | None = None,
    also_sha256: bool = False,
    progress: Progress | None = None,
    audit: AuditSink | None = None,
    by: str | None = None,
    now: Callable[[], dt.datetime] = utc_now,
) -> Manifest:
    r"""Read a finished backup once and write its manifest beside it; `sign` then makes it count.

    Args:
        payload: Folder with the files of the backup, which nothing may write to meanwhile.
        header: What it is a backup of.
        meta: Folder for the manifest, not below ``payload``; ``<payload>.meta`` where ``None``.
        tables: Snapshots of the tables that were dumped, so that a restore can be compared row by row.
        parent: Statement of the backup that an incremental one builds on.
        also_sha256: Also take the plain SHA-256 of files beyond one chunk, for other programs; costs a second hash.
        progress: Progress bar.
        audit: Log that it is recorded in: ``crmkit.audit.Log``, or anything with its method.
        by: Who does it, for the log.
        now: The clock.

    Raises:
        ConflictError: ``meta`` holds the statement of a finished backup.
        FixityError: A file changed while it was read.
        FormatError: Something that is neither file, folder nor symbolic link; ignore it, or leave it out.
        OSError: Something could not be read or written; nothing half-made is left.
        SchemaError: ``meta`` lies in ``payload``.

    Example:
        >>> import pathlib, tempfile
        >>> from crmkit.backup import Header, SigningKey, create, sign, verify
        >>> dump = pathlib.Path(tempfile.mkdtemp()) / "dump"
        >>> dump.mkdir()
        >>> _ = (dump / "contacts.csv").write_text("id,email\n1,ana@example.com\n")
        >>> made = create(dump, Header(set="crm-prod"))
        >>> made.files, made.size_bytes
        (1, 27)
        >>> key = SigningKey.generate()
        >>> statement = sign(made, key, seq=1)
        >>> verify(dump, keys=[key.public]).ok
        True

    .. versionadded:: 0.1.0
    """
    check_called(now=now, progress=progress)
    top = Path(payload)
    folder = meta_folder(top, meta)
    if folder.resolve().is_relative_to(top.resolve()):
        raise SchemaError("the manifest's folder lies in the payload; give another one as meta=")
    if parent is not None:
        header = attrs.evolve(header, parent=parent.backup_id, parent_statement=parent.digest)
    given: object = header  # what callers without a type checker pass
    if not isinstance(given, Header):
        raise SchemaError(f"a backup is described by a Header, such as Header(set='crm'), not {type(given).__name__}")
    moment = now()
    header = attrs.evolve(
        header,
        backup_id=header.backup_id or new_run_id(now=lambda: moment),
        created=header.created or moment_text(moment),
        tool=header.tool or f"crmkit {_version()}",
    )
    moment_of(header.created or "")
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / STATEMENT).exists():
        raise ConflictError(f"{folder.name} holds the statement of a finished backup; give another folder as meta=")
    reader = Reader(header.chunk_size, also_flat=also_sha256)
    with contextlib.ExitStack() as stack:
        # Renamed in the order buckets, chunks, manifest: a manifest that is there has its leaves.
        manifest, chunks, buckets = (
            stack.enter_context(replacing(folder / name)) for name in (MANIFEST, CHUNKS, BUCKETS)
        )
        writer = ManifestWriter(manifest, chunks, buckets, header)
        for entry, leaves in _entries(top, header, reader, progress):
            writer.entry(entry, leaves)
        for snapshot in tables:
            writer.table(snapshot.entry(), snapshot.leaves)
        footer = writer.finish()
        facts = _Facts(
            writer.sha256,
            *(header, footer["root"], writer.lines, footer["files"], footer["bytes"]),
            *(footer["chunks"], footer["buckets"], dict(writer.table_roots)),
        )
    record_backup(
        audit, "create", header.backup_id, by=by, count=facts.files,
        detail={"set": header.set, "root": facts.root, "bytes": facts.size_bytes},
    )  # fmt: skip
    return Manifest(
        folder=folder, header=header, root=facts.root, files=facts.files, size_bytes=facts.size_bytes, written=facts
    )


def _facts(manifest: Manifest | Path) -> _Facts:
    """Return what is to be signed: of a manifest that still is, octet by octet, what was just written; else read it."""
    if isinstance(manifest, Manifest):
        known = manifest._written
        if known is not None and file_sha256(manifest.path) == known.sha256.hex():
            return known
        manifest = manifest.folder
    scanned = scan(manifest / MANIFEST)
    return _Facts(
        scanned.sha256,
        *(scanned.header, scanned.root, scanned.lines, scanned.files, scanned.size_bytes),
        *(scanned.chunks, scanned.buckets, {table.name: table.root.hex() for table in scanned.tables}),
    )


def _entries(
    top: Path, header: Header, reader: Reader, progress: Progress | None
) -> Iterable[tuple[Entry, tuple[bytes, ...]]]:
    fd = open_folder(top)
    try:
        nodes: Iterable[Node] = walk(top, fd, Ignore(header.ignore))
        if progress is not None:
            nodes = progress(nodes, desc="reading the backup")
        for node in nodes:
            yield _described(node, reader)
    finally:
        if fd is not None:
            os.close(fd)


def _described(node: Node, reader: Reader) -> tuple[Entry, tuple[bytes, ...]]:
    if node.type == "file":
        try:
            read = reader.hash(node.name, folder=node.folder)
        except ReadError as error:
            raise OSError(error.errno, f"{error.reason} at byte {error.offset}", shown(node.path)) from None
        except ChangedError:
            raise FixityError("it changed while it was read", location=shown(node.path)) from None
        return file_entry(node.path, read), read.leaves
    place = shown(node.path)
    if node.type == "unreadable":
        raise OSError(getattr(node.error, "errno", None), "this folder cannot be listed", place or ".")
    if node.type == "other":
        raise FormatError("neither file, folder nor symbolic link; ignore it in the header", location=place)
    found = node.stat()
    target = node.target() if node.type == "symlink" else None
    kind = "symlink" if node.type == "symlink" else "dir"
    return Entry(node.path, kind, found.st_mode & 0o7777, found.st_mtime_ns, target=target), ()  # type: ignore[arg-type]


def file_entry(path: bytes, read: Hashed) -> Entry:
    """Make the entry of a file that was read."""
    flat = read.sha256 if read.is_root else None
    return Entry(path, "file", read.mode & 0o7777, read.mtime_ns, read.size, read.digest, flat or read.sha256)


def _version() -> str:
    try:
        return version("crmkit")
    except PackageNotFoundError:  # pragma: no cover  run from a source tree that was never installed
        return "source"


def sign(
    manifest: Manifest | str | os.PathLike[str],
    *signers: Signer,
    seq: int,
    prev: Statement | str | None = None,
    expires: dt.datetime | None = None,
) -> Statement:
    """Write the statement of a manifest, signed: from here on the backup counts as finished.

    Args:
        manifest: What `create` returned, or its folder.
        signers: Who signs; none gives a statement that only ``require_signed=False`` takes.
        seq: Number in the series, one more than the backup before: ``ledger.next_seq(set)``.
        prev: The statement before it, or its digest: ``ledger.head(set).digest``.
        expires: When it is no longer to be taken for the newest.

    Returns:
        The statement.

    Raises:
        ManifestError: The manifest does not agree with itself.
        ConflictError: There is a statement already.

    Note:
        `create` and :doc:`/how-to/verify-a-backup` show it.

    .. versionadded:: 0.1.0
    """
    folder = manifest.folder if isinstance(manifest, Manifest) else Path(manifest)
    if seq < 1:
        raise ValueError("seq counts from 1")
    facts = _facts(manifest if isinstance(manifest, Manifest) else folder)
    header = facts.header
    statement = Statement(
        set=header.set,
        seq=seq,
        backup_id=header.backup_id or "",
        kind=header.kind,
        created=moment_of(header.created or ""),
        expires=expires,
        prev=prev.digest if isinstance(prev, Statement) else prev,
        parent=header.parent,
        parent_statement=header.parent_statement,
        root=facts.root,
        lines=facts.lines,
        files=facts.files,
        size_bytes=facts.size_bytes,
        chunks=facts.chunks,
        buckets=facts.buckets,
        tables=facts.tables,
    )
    path = folder / STATEMENT
    if path.exists():
        raise ConflictError(f"{folder.name} has a statement already; a second person signs with countersign")
    envelope = Envelope(payload=statement.payload())
    for signer in signers:
        envelope = envelope.signed_by(signer)
    with replacing(path) as stream:
        stream.write(envelope.to_json())
    return statement


def countersign(meta: str | os.PathLike[str], signer: Signer) -> Statement:
    """Add a signature to a statement that is there: a second holder of a key says that it saw this backup.

    Raises:
        ManifestError: The statement is malformed.

    Note:
        :doc:`/how-to/verify-a-backup` shows it.

    .. versionadded:: 0.1.0
    """
    path = Path(meta) / STATEMENT
    envelope = read_envelope(path)
    statement = parse_statement(envelope.payload)
    with replacing(path) as stream:
        stream.write(envelope.signed_by(signer).to_json())
    return statement


def read_statement(meta: str | os.PathLike[str]) -> Statement:
    """Read a statement without believing it: `verify` checks signatures.

    Raises:
        ManifestError: It is malformed.

    Note:
        :doc:`/how-to/verify-a-backup` shows it.

    .. versionadded:: 0.1.0
    """
    path = Path(meta)
    envelope = read_envelope(path / STATEMENT if path.is_dir() else path)
    return parse_statement(envelope.payload)
