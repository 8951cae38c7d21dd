"""The part of a verification that looks at the folder: everything's size, and the content of all or of a sample."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import attrs

from crmkit.backup._findings._findings import Finding, NotChecked
from crmkit.backup._manifest._file import CHUNKS, MANIFEST, Scanned, entries
from crmkit.backup._manifest._leaves import ChunkLeaves
from crmkit.backup._tree._hashing import ChangedError, Reader, ReadError
from crmkit.backup._tree._paths import shown
from crmkit.backup._tree._walk import Ignore, open_folder, open_parent, walk
from crmkit.errors import ManifestError

from ._compare import Comparison
from ._report import Coverage
from ._state import ScrubState, file_key

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable
    from pathlib import Path

    from crmkit.backup._findings._findings import Level
    from crmkit.backup._manifest._entry import Entry
    from crmkit.backup._manifest._lines import Limits
    from crmkit.backup._tree._walk import Node
    from crmkit.typing import Progress

_SAVE_EVERY_BYTES = 256 << 20


@attrs.frozen(kw_only=True)
class Budget:
    """How much of the content a sample reads; whichever is used up first ends it, but one file is always read.

    Attributes:
        read_bytes: Most bytes.
        seconds: Most seconds.
        files: Most files.

    Example:
        >>> Budget(seconds=600)
        Budget(read_bytes=None, seconds=600, files=None)

    .. versionadded:: 0.1.0
    """

    read_bytes: int | None = None
    seconds: float | None = None
    files: int | None = None


@attrs.frozen
class Sample:
    """What a sample needs to know."""

    state: str | os.PathLike[str] | None
    budget: Budget | None


class Contents:
    """Looks at the folder, for one verification."""

    def __init__(
        self,
        payload: Path,
        meta: Path,
        scanned: Scanned,
        level: Level,
        sample: Sample | None,
        moment: dt.datetime,
        *,
        leaves: bool,
    ) -> None:
        self._payload, self._scanned, self._level, self._moment = payload, scanned, level, moment
        self._manifest = meta / MANIFEST
        chunk = scanned.header.chunk_size
        self._reader = Reader(chunk)
        self._sample = sample
        self._state = ScrubState(sample.state, moment) if sample is not None and sample.state is not None else None
        self._candidates: list[tuple[int, bytes, Entry, int]] = []
        self._folder: int | None = None
        self.findings: list[Finding] = []
        self.not_checked: list[NotChecked] = []
        self._unprobed = 0
        self._comparison = Comparison(
            reader=self._reader if level in ("content", "probe") else None,
            leaves=ChunkLeaves(meta / CHUNKS, chunk) if leaves else None,
            chunk=chunk,
            good=self._remember if level == "sample" else self._probe if level == "probe" else None,
        )

    def run(self, progress: Progress | None, limits: Limits | None) -> None:
        """Look at everything that the level asks for."""
        self._folder = open_folder(self._payload)
        try:
            nodes = walk(self._payload, self._folder, Ignore(self._scanned.header.ignore))
            listed: Iterable[Entry] = entries(self._manifest, self._scanned, limits)
            if progress is not None:
                listed = progress(listed, total=self._scanned.entries, desc="verifying the backup")
            try:
                self._comparison.run(listed, nodes)
            except ManifestError as error:
                self.findings.append(Finding(code="MANIFEST_MALFORMED", path=MANIFEST, detail=str(error)))
            if self._sample is not None:
                self._read_sample(self._sample)
        finally:
            if self._folder is not None:
                os.close(self._folder)
        self.findings += self._comparison.findings
        if self._comparison.not_reached:
            self.not_checked.append(
                NotChecked(
                    what="files below a folder",
                    reason="the folder could not be listed",
                    count=self._comparison.not_reached,
                )
            )
        if self._level == "probe" and self._unprobed:
            self.not_checked.append(
                NotChecked(what="completeness by format", reason="no probe knows the format", count=self._unprobed)
            )
        self.not_checked.append(
            NotChecked(what="times, owners, extended attributes", reason="a copy may have others and be good")
        )
        if self._scanned.header.ignore:
            patterns = ", ".join(self._scanned.header.ignore)
            self.not_checked.append(NotChecked(what="ignored names", reason=f"the signed header ignores {patterns}"))

    def coverage(self) -> Coverage:
        """Return what was read."""
        ever = None
        if self._state is not None:
            backup = self._scanned.header.backup_id or ""
            ever = self._state.known([file_key(backup, entry) for _, _, entry, _ in self._candidates])
        return Coverage(
            files=self._scanned.files,
            size_bytes=self._scanned.size_bytes,
            files_read=self._comparison.files_read,
            bytes_read=self._reader.read_bytes,
            files_ever=ever,
        )

    # -- probing ------------------------------------------------------------------------------------------------------

    def _probe(self, entry: Entry, _node: Node, _offset: int) -> None:
        from crmkit.backup._probes._probe import probe_entry

        findings, known = probe_entry(self._payload, entry, encrypted=self._scanned.header.encryption is not None)
        self.findings += findings
        self._unprobed += not known

    # -- sampling -----------------------------------------------------------------------------------------------------

    def _remember(self, entry: Entry, _node: Node, offset: int) -> None:
        last = -1
        if self._state is not None:
            last = self._state.last(file_key(self._scanned.header.backup_id or "", entry))
        self._candidates.append((last, entry.path, entry, offset))

    def _read_sample(self, sample: Sample) -> None:
        """Read the files that were read longest ago, never read ones first."""
        budget = sample.budget or Budget()
        started, done, unsaved = time.monotonic(), 0, 0
        backup = self._scanned.header.backup_id or ""
        chosen = sorted(self._candidates, key=lambda item: item[:2])
        for done, (_, _, entry, offset) in enumerate(chosen):
            if done and (
                (budget.files is not None and done >= budget.files)
                or (budget.read_bytes is not None and self._reader.read_bytes + entry.size > budget.read_bytes)
                or (budget.seconds is not None and time.monotonic() - started >= budget.seconds)
            ):
                break
            good = self._read_one(entry, offset)
            if self._state is not None:
                key = file_key(backup, entry)
                if good:
                    self._state.saw(key, self._moment)
                else:
                    self._state.forget(key)
                unsaved += entry.size
                if unsaved >= _SAVE_EVERY_BYTES:
                    self._state.save()
                    unsaved = 0
        else:
            done = len(chosen)
        if self._state is not None:
            self._state.save()
        left = self._scanned.files - done
        if left:
            self.not_checked.append(NotChecked(what="content", reason="outside of this sample", count=left))

    def _read_one(self, entry: Entry, offset: int) -> bool:
        folder = self._folder
        before = len(self._comparison.findings)
        try:
            folder, name = open_parent(self._payload, self._folder, entry.path)
            read = self._reader.hash(name, folder=folder)
        except ReadError as error:
            self._unread(entry, f"errno {error.errno}: {error.reason}, at byte {error.offset}")
        except OSError as error:
            folder = self._folder
            self._unread(entry, f"errno {error.errno}: {error.strerror}")
        except ChangedError:
            self.findings.append(Finding(code="UNSTABLE", path=shown(entry.path)))
        else:
            self._comparison.judge(entry, read, offset)
            return len(self._comparison.findings) == before
        finally:
            if folder is not None and folder != self._folder:
                os.close(folder)
        return False

    def _unread(self, entry: Entry, detail: str) -> None:
        self.findings.append(Finding(code="UNREADABLE", path=shown(entry.path), detail=detail))
