"""Several copies of one backup: which file is whole where, and how to make all of them whole again, chunk by chunk."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from crmkit import frames
from crmkit._called import check_called
from crmkit._merkle import root
from crmkit.backup._findings._findings import Finding, NotChecked
from crmkit.backup._manifest._file import CHUNKS, MANIFEST, STATEMENT, entries, scan
from crmkit.backup._manifest._keys import read_keys
from crmkit.backup._manifest._leaves import ChunkLeaves, file_sha256
from crmkit.backup._manifest._statement import parse_statement, read_envelope, require_trusted
from crmkit.backup._tree._paths import shown, unsafe
from crmkit.backup._verify._report import ordered
from crmkit.errors import ManifestError, SchemaError
from crmkit.issues import Report

from ._stores import require_distinct

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence

    from crmkit.backup._manifest._entry import Entry
    from crmkit.typing import Frame, JSONValue, Progress, Verifier

    from ._stores import Store

State: TypeAlias = Literal["good", "damaged", "missing", "unreadable"]


@attrs.frozen(kw_only=True)
class CopyState:
    """How one file is in one copy.

    Attributes:
        state: ``"good"``, ``"damaged"``, ``"missing"`` or ``"unreadable"``.
        size: Its size there.
        bad_chunks: Numbers of the chunks that are not as they should be, of a damaged file.

    .. versionadded:: 0.1.0
    """

    state: State
    size: int | None = None
    bad_chunks: tuple[int, ...] = ()


@attrs.frozen(kw_only=True)
class FileStates:
    """One file over all copies; kept only where they do not all hold it."""

    entry: Entry
    leaves: tuple[bytes, ...]
    states: Mapping[str, CopyState]


@attrs.frozen(kw_only=True, repr=False, eq=False)
class CopiesReport(Report):
    """How the copies of a backup are.

    Attributes:
        copies: Their names.
        files: Number of files.
        redundancy: Number of whole copies to number of files: ``{3: 998, 1: 2}`` means that two files exist once only.
        findings: One for each file that is not whole everywhere, and each that nowhere is.
        not_checked: What was not looked at.
        recoverable: Whether every file can be put together from what there is, chunk by chunk.

    .. versionadded:: 0.1.0
    """

    copies: tuple[str, ...]
    files: int
    redundancy: Mapping[int, int]
    findings: tuple[Finding, ...]
    not_checked: tuple[NotChecked, ...]
    recoverable: bool
    _bad: tuple[FileStates, ...] = ()
    _stores: Mapping[str, Store] = attrs.field(factory=dict)
    _chunk: int = 1 << 20

    @property
    def ok(self) -> bool:
        """Whether every copy is whole."""
        return not self.findings

    @property
    def diverging(self) -> tuple[str, ...]:
        """Files that are not whole in every copy."""
        return tuple(shown(file.entry.path) for file in self._bad)

    def states(self, path: str) -> Mapping[str, CopyState]:
        """Return how a diverging file is in each copy.

        Raises:
            KeyError: It is whole everywhere, or not in the manifest.
        """
        return {shown(file.entry.path): file.states for file in self._bad}[path]

    def counts(self) -> dict[str, int]:
        """Return files by how many whole copies they have."""
        return {"files": self.files, **{f"whole_copies_{n}": count for n, count in sorted(self.redundancy.items())}}

    def to_dict(self) -> dict[str, JSONValue]:
        """Return everything as plain data."""
        return {
            "ok": self.ok,
            "recoverable": self.recoverable,
            "copies": list(self.copies),
            **self.counts(),
            "findings": [finding.to_dict() for finding in self.findings],
            "not_checked": [item.to_dict() for item in self.not_checked],
        }

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return one row for each diverging file and copy."""
        lines = [
            (shown(file.entry.path), name, state.state) for file in self._bad for name, state in file.states.items()
        ]
        columns = {name: [line[at] for line in lines] for at, name in enumerate(("path", "copy", "state"))}
        return frames.build(columns, like=like)

    def _repr_html_(self) -> str:
        from crmkit.backup._findings._page import Section, fragment

        rows = [(shown(file.entry.path), *(file.states[name].state for name in self.copies)) for file in self._bad[:20]]
        return fragment("Copies", repr(self)[1:-1], [Section(None, ("file", *self.copies), rows, empty="all whole")])

    def __repr__(self) -> str:
        figures = ", ".join(f"{n} whole copies: {count} files" for n, count in sorted(self.redundancy.items()))
        return f"<CopiesReport {len(self.copies)} copies; {figures or 'no files'}>"


def compare_copies(
    meta: str | os.PathLike[str],
    copies: Mapping[str, Store],
    *,
    keys: Sequence[Verifier] = (),
    require_signed: bool = True,
    progress: Progress | None = None,
) -> CopiesReport:
    """Read every copy and hold it against the signed manifest, which is the judge: copies do not vote.

    Args:
        meta: Folder with a good manifest and statement; verify it before.
        copies: Name to place, such as ``{"nas": LocalStore("/mnt/nas/crm")}``.
        keys: Public keys that you trust.
        require_signed: Whether the statement must be signed by one of them.
        progress: Progress bar over files.

    Raises:
        IntegrityError: The manifest is malformed, not that of its statement, or not signed by a trusted key.
        SchemaError: There is no copy, or one and the same place under two names.
        InvalidValueError: One of ``keys`` is no public key.

    Example:
        >>> import pathlib, shutil, tempfile
        >>> from crmkit.backup import Header, LocalStore, SigningKey, create, sign
        >>> place = pathlib.Path(tempfile.mkdtemp())
        >>> (place / "dump").mkdir()
        >>> _ = (place / "dump" / "a.csv").write_text("a")
        >>> key = SigningKey.generate()
        >>> _ = sign(create(place / "dump", Header(set="crm")), key, seq=1)
        >>> _ = shutil.copytree(place / "dump", place / "nas")
        >>> _ = (place / "nas" / "a.csv").write_text("b")
        >>> stores = {name: LocalStore(place / name) for name in ("dump", "nas")}
        >>> report = compare_copies(place / "dump.meta", stores, keys=[key.public])
        >>> report.redundancy, report.diverging, report.recoverable
        ({1: 1}, ('a.csv',), True)

    .. versionadded:: 0.1.0
    """
    check_called(progress=progress)
    if not copies:
        raise SchemaError("no copy to compare")
    require_distinct(copies)
    keys = read_keys(keys)
    folder = Path(meta)
    scanned = scan(folder / MANIFEST)
    _judge(folder, scanned.root, scanned.chunks, keys, require_signed=require_signed)
    if file_sha256(folder / CHUNKS) != scanned.chunks:
        raise ManifestError("not those of the manifest", location=CHUNKS)
    chunk = scanned.header.chunk_size
    leaves = ChunkLeaves(folder / CHUNKS, chunk)
    histogram: Counter[int] = Counter()
    bad: list[FileStates] = []
    findings: list[Finding] = []
    recoverable = True
    offset = 0
    others = 0
    listed: Iterator[Entry] = entries(folder / MANIFEST, scanned)
    for entry in listed if progress is None else progress(listed, total=scanned.entries, desc="reading the copies"):
        if entry.type != "file":
            others += 1
            continue
        if unsafe(entry.path) is not None:
            findings.append(Finding(code="UNSAFE_PATH", path=shown(entry.path)))
            continue
        known = leaves.of(entry, offset)
        offset += -(-entry.size // chunk) if entry.size > chunk else 0
        states = {name: _state(store, entry, known, chunk) for name, store in copies.items()}
        whole = sum(state.state == "good" for state in states.values())
        histogram[whole] += 1
        if whole < len(copies):
            file = FileStates(entry=entry, leaves=known, states=states)
            bad.append(file)
            possible = bool(whole) or chunk_sources(file, copies) is not None
            recoverable &= possible
            where = ", ".join(f"{name}: {state.state}" for name, state in states.items() if state.state != "good")
            lost = None if possible else "no copy has it, not even in parts"
            detail = "; ".join(part for part in (where, lost) if part)
            findings.append(
                Finding(code="COPY_DIVERGES", path=shown(entry.path), expected=len(copies), actual=whole, detail=detail)
            )
    skipped = [NotChecked(what="files that only a copy has", reason="verify each copy for those")]
    if others:
        skipped.append(NotChecked(what="folders and links", reason="copies are compared by their files", count=others))
    return CopiesReport(
        copies=tuple(copies),
        files=scanned.files,
        redundancy=dict(histogram),
        findings=ordered(findings),
        not_checked=tuple(skipped),
        recoverable=recoverable,
        bad=tuple(bad),
        stores=dict(copies),
        chunk=chunk,
    )


def _judge(folder: Path, found: str, chunks: str, keys: Sequence[Verifier], *, require_signed: bool) -> None:
    envelope = read_envelope(folder / STATEMENT)
    statement = parse_statement(envelope.payload)
    if (statement.root, statement.chunks) != (found, chunks):
        raise ManifestError("the manifest is not the one that the statement speaks of", location=MANIFEST)
    if not require_signed:
        return
    require_trusted(envelope, keys)


def _state(store: Store, entry: Entry, leaves: tuple[bytes, ...], chunk: int) -> CopyState:
    try:
        size = store.size(entry.path)
        if size is None:
            return CopyState(state="missing")
        found: list[bytes] = []
        total = 0
        for block in store.read(entry.path, chunk):
            total += len(block)
            if entry.size > chunk:
                found.append(hashlib.sha256(b"\x00" + block).digest())
            else:
                found.append(hashlib.sha256(block).digest())
            if total > entry.size:
                break
    except OSError:
        return CopyState(state="unreadable")
    if total == entry.size and size == entry.size:
        digest = root(found) if entry.size > chunk else found[0] if found else hashlib.sha256().digest()
        if digest == entry.digest:
            return CopyState(state="good", size=size)
    bad = [number for number, leaf in enumerate(leaves) if number >= len(found) or found[number] != leaf]
    return CopyState(state="damaged", size=size, bad_chunks=tuple(bad) if leaves else (0,))


def chunk_sources(file: FileStates, copies: Mapping[str, object]) -> tuple[str, ...] | None:
    """Return for each chunk the copy to take it from; ``None`` if some chunk is good nowhere."""
    for name in copies:
        if file.states[name].state == "good":
            return (name,) * max(1, len(file.leaves))
    chosen = []
    for number in range(len(file.leaves)):
        source = next(
            (
                name
                for name in copies
                if file.states[name].state == "damaged" and number not in file.states[name].bad_chunks
            ),
            None,
        )
        if source is None:
            return None
        chosen.append(source)
    return tuple(chosen) or None
