"""The log: append, read, checkpoint, prove, erase. What it is stored in is behind it."""

from __future__ import annotations

import os
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Self, get_args

from crmkit._called import check_called
from crmkit.audit._events._commitment import opened
from crmkit.audit._events._event import moment, utc_now
from crmkit.audit._proofs._checkpoint import Checkpoint
from crmkit.audit._proofs._given import check_signer, read_keys, read_witnesses
from crmkit.audit._proofs._proof import Erasure, InclusionProof
from crmkit.audit._proofs._rows import export_tiles
from crmkit.audit._stores._jsonl import FileStore
from crmkit.audit._stores._sqlite import SQLiteStore
from crmkit.audit._stores._vault import DATABASES, ERASED, erased_events, vault_beside
from crmkit.errors import IntegrityError, InvalidValueError, NotFoundError

from ._reader import Reader
from ._recorder import Durability, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from types import TracebackType

    from crmkit.audit._events._commitment import Opening, Pseudonyms
    from crmkit.audit._proofs._note import NoteSigner, NoteVerifier
    from crmkit.audit._proofs._witness import Witness
    from crmkit.audit._verify._report import LogReport
    from crmkit.typing import Progress

__all__ = ["Log"]

_ERASED_AT_ONCE = 100_000
"""Ids that one event of an erasure names; an event has its greatest size."""
_open_logs: weakref.WeakSet[Log] = weakref.WeakSet()


class Log(Reader):
    """An append-only log that can prove it was not edited, cut or written anew. Made by `open`.

    It is an `crmkit.typing.AuditSink` (`record`) and a `crmkit.typing.UsageSource` (`usage`, `verified`). One object
    may be used by many threads, and many processes may write to one log; each batch takes the lock for itself.

    Attributes:
        verified: Whether `verify` was called on this object and found nothing.

    Example:
        >>> import tempfile
        >>> from crmkit.audit import Log, NoteSigner
        >>> signer = NoteSigner.generate("crm.example.com/audit")
        >>> with Log.open(tempfile.mkdtemp(), signer=signer) as log:
        ...     receipt = log.record("contact.read", actor="u-17", resource=("contact", "42"), outcome="ok")
        ...     note = log.checkpoint()
        ...     report = log.verify()
        >>> receipt.seq, report.ok
        (0, True)

    .. versionadded:: 0.1.0
    """

    def __init__(self, store: FileStore | SQLiteStore, settings: Settings) -> None:
        super().__init__(store, settings)
        self.verified = False
        self._meet_witnesses()
        _open_logs.add(self)
        self._greet_key()

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        origin: str | None = None,
        signer: NoteSigner | None = None,
        former_keys: Sequence[NoteVerifier] = (),
        witnesses: Sequence[Witness] = (),
        durability: Durability = "group",
        checkpoint_events: int = 10_000,
        checkpoint_s: float = 60.0,
        segment_bytes: int = 1 << 24,
        pseudonyms: Pseudonyms | None = None,
        vault: str | os.PathLike[str] | None = None,
        wait_s: float = 30.0,
        read_only: bool = False,
        salvage: bool = False,
        now: Callable[[], datetime] = utc_now,
    ) -> Log:
        """Open a log, or make one.

        Args:
            path: A folder; or a file whose name ends in ``.sqlite``, ``.sqlite3`` or ``.db``, for a SQLite database.
            origin: Name of the log, such as ``crm.example.com/audit``; the signer's name by default. A log that is
                there must have the same.
            signer: Signs checkpoints. Without one the log proves nothing against somebody who can write to it.
            former_keys: Public keys that signed before ``signer`` did; the change is recorded.
            witnesses: Get every checkpoint, and are asked at once whether this is the log that they know.
            durability: When `append` returns: see `Durability`.
            checkpoint_events: A checkpoint is made when so many events were added since the last,
            checkpoint_s: or an event is added so long after it, in seconds; and when the log is closed.
            segment_bytes: When a file store begins a new segment.
            pseudonyms: Replaces ids of resources and actors in what is recorded.
            vault: Database of salts and values; beside the log by default.
            wait_s: How long to wait for other writers, in seconds.
            read_only: Change nothing, and need no right to.
            salvage: Set aside events behind a damage that no checkpoint covers, instead of refusing to open, and make
                all stored hashes again from the events.
            now: The clock.

        Raises:
            FormatError: Something else is there, or nothing and no origin.
            InvalidValueError: Something else than a signer, public keys and witnesses was given.
            TamperedLogError: The log contradicts its hashes, its last checkpoint, or a witness.
            LockedError: Another writer kept the lock too long.
        """
        check_called(now=now)
        if durability not in get_args(Durability):
            raise NotFoundError.of("durability", durability, get_args(Durability))
        check_signer(signer)
        formerly, seen = read_keys(former_keys, "former_keys"), read_witnesses(witnesses)
        path = Path(path)
        name = origin or (signer.verifier.name if signer is not None else None)
        if name is not None and (not name.isprintable() or name != name.strip()):
            raise InvalidValueError("an origin is printable text without blanks at its ends")
        store: FileStore | SQLiteStore
        made = None if read_only else name
        if path.suffix in DATABASES:
            sync = durability != "os"
            store = SQLiteStore(path, origin=made, write=not read_only, salvage=salvage, wait_s=wait_s, sync=sync)
        else:
            store = FileStore(
                path, origin=made, write=not read_only, salvage=salvage, wait_s=wait_s, segment_bytes=segment_bytes
            )
        try:
            _check_origin(store.origin, name)
            settings = Settings(
                path=path, signer=signer, former_keys=formerly, witnesses=seen,
                durability=durability, checkpoint_events=checkpoint_events, checkpoint_s=checkpoint_s,
                pseudonyms=pseudonyms, vault=Path(vault) if vault is not None else vault_beside(path), wait_s=wait_s,
                read_only=read_only, now=now,
            )  # fmt: skip
            return cls(store, settings)
        except BaseException:
            store.close()
            raise

    # Proving

    def prove(self, seq: int) -> InclusionProof:
        """Return everything an auditor needs to check one event: its bytes, the path, and a signed checkpoint.

        Raises:
            IndexError: There is no such event.
            InvalidValueError: No checkpoint covers it yet.
        """
        data = next((data for _, data in self._store.read(seq, seq + 1)), None) if seq < self.size else None
        if data is None:
            raise IndexError("there is no such event, or its body was pruned")
        note = self._store.last_note()
        size = 0 if note is None else Checkpoint.peek(note).size
        if note is None or seq >= size:
            raise InvalidValueError("no checkpoint covers this event yet; make one with log.checkpoint()")
        path = self._store.rows.inclusion_proof(seq, size)
        return InclusionProof(seq=seq, event=data, path=tuple(path), checkpoint=note)

    def inclusion_path(self, seq: int, size: int) -> list[bytes]:
        """Return the hashes from an event's leaf to the root over the first ``size`` events."""
        return self._store.rows.inclusion_proof(seq, size)

    def export_tiles(self, folder: str | os.PathLike[str]) -> int:
        """Write the tree as C2SP tlog-tiles, up to the newest checkpoint, with that beside them.

        Returns:
            How many tiles there are.

        Raises:
            InvalidValueError: There is no checkpoint.
        """
        note = self._store.last_note()
        if note is None:
            raise InvalidValueError("tiles are published with a checkpoint, and the log has none")
        count = export_tiles(self._store.rows, Checkpoint.peek(note).size, folder)
        Path(folder, "checkpoint").write_bytes(note)
        return count

    def consistency_proof(self, first: int, second: int | None = None) -> list[bytes]:
        """Return the hashes that prove the first ``first`` events to be a prefix of the first ``second``."""
        return self._store.rows.consistency_proof(first, second)

    def verify(
        self,
        *,
        keys: Sequence[NoteVerifier] = (),
        witnesses: Sequence[Witness] = (),
        trusted: Sequence[bytes] = (),
        deep: bool = False,
        since: bytes | None = None,
        workers: int = 1,
        progress: Progress | None = None,
    ) -> LogReport:
        """Verify the log; see `crmkit.audit.verify`. The own key and witnesses are known besides those given."""
        from crmkit.audit._verify._verify import verify

        self._committer.flush()
        signer = self._settings.signer
        known = [*keys, *([signer.verifier] if signer is not None else [])]
        seen = [*self._settings.witnesses, *witnesses]
        report = verify(
            self.path, keys=known, witnesses=seen, trusted=trusted, deep=deep, vault=self._settings.vault, since=since,
            workers=workers, progress=progress,
        )  # fmt: skip
        self.verified = report.ok
        return report

    # Personal data and retention

    def disclose(self, seq: int) -> list[Opening]:
        """Return what opens the commitments of an event, checked; nothing where it was erased.

        Raises:
            IntegrityError: The vault is gone, or does not hold what the event commits to, and no erasure says why.
            IndexError: There is no such event, or its body was pruned.
        """
        event = self[seq]
        openings = self.vault.get(event.id)
        try:
            whole = opened(event.change, openings)
        except IntegrityError as error:
            raise IntegrityError(str(error), location=f"event {seq}") from None
        if not whole and not self._was_erased(event.id, seq):
            raise IntegrityError(
                "the vault does not hold what the event commits to, and no erasure says why", location=f"event {seq}"
            )
        return openings

    def _was_erased(self, event_id: str, seq: int) -> bool:
        return any(
            event_id in erased_events(data)
            for _, data in self._store.read(seq + 1, None)
            if data is not None and data.startswith(ERASED)
        )

    def erase(self, subject: tuple[str, str], *, actor: str | None = None, request: str | None = None) -> Erasure:
        """Destroy the values and salts that are about one person; the tree stays as it is, and a proof says so.

        The event that records it names the events whose values are gone, so that a vault that was lost or emptied
        cannot pass for an erasure.

        Args:
            subject: Kind and id, as they were given to `record_change`.
            actor: Who does it.
            request: Id of the erasure request.

        Returns:
            How many values were destroyed, the event that says so, and the proof.
        """
        self._require_writing()  # before anything is destroyed
        self._committer.flush()
        with self._locked():
            self._store.refresh()
            before, root = self._store.rows.size, self._store.rows.head.root()
        name = self.vault.pseudonyms.name(*subject)
        erased, ids = self.vault.erase(name)
        for start in range(0, max(1, len(ids)), _ERASED_AT_ONCE):
            some = ids[start : start + _ERASED_AT_ONCE]
            receipt = self._append_own(
                "log.erased", actor=actor, resource=("subject", name), count=0 if start else erased, request=request,
                detail={"events": some} if some else {},
            )  # fmt: skip
        self.vault.said(name)
        with self._locked():  # other threads go on appending
            rows = self._store.rows
            path = rows.consistency_proof(before) if before else []
            return Erasure(
                erased=erased, pseudonym=name, seq=receipt.seq or 0, size=before, root=root, size_after=rows.size,
                root_after=rows.root(), path=tuple(path),
            )  # fmt: skip

    def prune(self, before: datetime, *, actor: str | None = None) -> int:
        """Destroy the bodies of closed segments whose events were all stored before then; hashes and proofs stay.

        Returns:
            How many bodies were destroyed.

        Raises:
            InvalidValueError: The log has checkpoints, and no ``signer`` to sign the event that says so.
        """
        self._require_writing()
        if self._store.last_note() is not None and not self.can_sign:
            raise InvalidValueError("to prune a log that is signed, open it with signer=")
        self._committer.flush()
        with self._locked():
            self._store.refresh()
            self._store.sync()
            end = self._store.prunable(moment(before))
        if not end:
            return 0
        self._append_own("log.pruned", actor=actor, count=end, detail={"before": end})
        if self.can_sign:
            self.checkpoint()  # only what is signed allows bodies to be missing
        with self._locked():
            return self._store.prune(end)

    def rotate(self) -> None:
        """Begin a new segment now, for instance every day; a database has none."""
        self._require_writing()
        self._committer.flush()
        with self._locked():
            self._store.refresh()
            self._store.rotate()

    def compress(self) -> int:
        """Compress closed segments; return how many. A database compresses nothing."""
        self._require_writing()
        with self._locked():
            return self._store.compress()

    def close(self) -> None:
        """Store what is waiting, sign a last checkpoint, and let go of the files."""
        if self._closed:
            return
        try:
            if not self._settings.read_only:
                self._committer.close()
                if self._settings.signer is not None:
                    self.checkpoint()
                else:
                    with self._locked():
                        self._store.refresh()
                        self._store.sync()
        finally:
            self._closed = "the log is closed"
            self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _check_origin(there: str, asked: str | None) -> None:
    if asked is not None and there != asked:
        raise InvalidValueError(f"the log here is {there!r}, not {asked!r}")


def _after_fork() -> None:
    """Give logs in a forked process locks of their own, and files that share nothing with the parent's."""
    for log in list(_open_logs):
        log._committer.reset()
        if not log._store.survives_fork:
            log._closed = "open a database anew in a forked process"


if hasattr(os, "register_at_fork"):  # pragma: no branch  Windows has none
    os.register_at_fork(after_in_child=_after_fork)
