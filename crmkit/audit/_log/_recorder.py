"""Writing to a log: events get their turn in batches, checkpoints are signed and handed to witnesses."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs

from crmkit._merkle import verify_consistency
from crmkit.audit._events._commitment import Opening, Pseudonyms
from crmkit.audit._events._event import Event, Outcome, complete, moment, utc_now
from crmkit.audit._proofs._checkpoint import Checkpoint
from crmkit.audit._proofs._note import open_note
from crmkit.audit._stores._vault import Vault
from crmkit.errors import IntegrityError, InvalidValueError, TamperedLogError

from ._commit import Committer, Receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from crmkit.audit._proofs._note import NoteSigner, NoteVerifier
    from crmkit.audit._proofs._witness import Witness
    from crmkit.audit._stores._jsonl import FileStore
    from crmkit.audit._stores._sqlite import SQLiteStore
    from crmkit.typing import JSONValue

__all__ = ["Durability", "Recorder", "Settings"]

Durability: TypeAlias = Literal["each", "group", "os"]
"""When an append is done: a write and fsync for ``each`` event, for a ``group`` of them, or when the ``os`` has it."""

GROUP_EVENTS = 1000
GROUP_WAIT_S = 0.02
_BEFORE: Literal["before"] = "before"
_AFTER: Literal["after"] = "after"
_CLOCK_SLACK = timedelta(seconds=1)
_log = logging.getLogger("crmkit.audit")


@attrs.frozen(kw_only=True)
class Settings:
    """What a log was opened with; see `Log.open`."""

    path: Path
    signer: NoteSigner | None
    former_keys: tuple[NoteVerifier, ...]
    witnesses: tuple[Witness, ...]
    durability: Durability
    checkpoint_events: int
    checkpoint_s: float
    pseudonyms: Pseudonyms | None
    vault: Path
    wait_s: float
    read_only: bool
    now: Callable[[], datetime]


def _is_pair(value: object) -> bool:
    return isinstance(value, tuple | list) and len(value) == 2


class Recorder:
    """The half of a `Log` that writes."""

    def __init__(self, store: FileStore | SQLiteStore, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._closed: str | None = None
        self._vault: Vault | None = None
        self._signed_at = time.monotonic()
        self._signed = self._last_signed()
        self._committer = Committer(
            self._commit,
            max_events=1 if settings.durability == "each" else GROUP_EVENTS,
            max_wait_s=GROUP_WAIT_S,
        )

    @property
    def vault(self) -> Vault:
        """Where salts and values stand."""
        if self._vault is None:
            self._vault = Vault(self._settings.vault, write=not self._settings.read_only)
        return self._vault

    def _locked(self) -> AbstractContextManager[object]:
        return self._store.lock(self._settings.wait_s)

    def record(
        self,
        action: str,
        *,
        actor: str | None,
        resource: tuple[str, str] | None,
        outcome: Outcome = "ok",
        fields: Sequence[str] = (),
        count: int = 1,
        purpose: str | None = None,
        at: datetime | None = None,
        detail: Mapping[str, JSONValue] | None = None,
    ) -> Receipt:
        """Append one event and return when it is stored: what `crmkit.typing.AuditSink` asks for.

        Args:
            action: What was done, as ``kind.verb``.
            actor: Who; an id.
            resource: To what; kind and id.
            outcome: How it ended.
            fields: Names of the fields that were touched.
            count: How many things it was done to.
            purpose: What for.
            at: When it happened; now by default.
            detail: Anything else, without personal data. Floats are stored as text, integers beyond 2^53 as
                hexadecimal text.

        Raises:
            InvalidValueError: Something that an event cannot hold; nothing is stored.
            OSError: The system did not take it, for instance because the disk is full; nothing is stored.
        """
        return self.append(
            Event(
                action=action, actor=actor, resource=resource, outcome=outcome, fields=fields, count=count,
                purpose=purpose, detail=detail or {}, at=utc_now() if at is None else at,
            )
        )  # fmt: skip

    def append(self, event: Event) -> Receipt:
        """Append one event and return when it is stored; see `record`."""
        receipt = self._receipt(event)
        self._committer.add([receipt])
        return receipt.wait()

    def extend(self, events: Iterable[Event]) -> list[Receipt]:
        """Append many events in batches and return when all are stored.

        Batches are whole: after an error those before it are stored, and every receipt says whether its event is.
        """
        receipts: list[Receipt] = []
        fresh: list[Receipt] = []
        for event in events:
            if len(fresh) == GROUP_EVENTS and self._settings.durability != "each":
                # The disk takes these while more are made; one by one two threads would only wait for each other.
                self._committer.submit(*fresh)
                receipts += fresh
                fresh = []
            fresh.append(self._receipt(event))
        self._committer.add(fresh)
        receipts += fresh
        for receipt in receipts:
            if receipt.seq is None:
                receipt.wait()
        return receipts

    def submit(self, action: str | Event, **said: Any) -> Receipt:
        """Hand in one event without waiting; it is stored within 20 ms or 1,000 events, whichever is sooner.

        Args:
            action: The event, or its action with the other attributes of `Event` by name.
            **said: Attributes of the event.

        Returns:
            A receipt to ``wait`` on. What was not waited for may be lost with the process.
        """
        event = action if isinstance(action, Event) else Event(action=action, **said)
        receipt = self._receipt(event)
        self._committer.submit(receipt)
        return receipt

    def record_change(
        self,
        action: str,
        *,
        actor: str | None,
        resource: tuple[str, str],
        changes: Mapping[str, tuple[JSONValue, JSONValue]],
        subject: tuple[str, str] | None = None,
        **said: Any,
    ) -> Receipt:
        """Append a change of values: the event holds commitments, the vault the values.

        Args:
            action: What was done.
            actor: Who.
            resource: To what.
            changes: Field to the values before and after.
            subject: Whom the values are about, for `erase`; the resource by default.
            **said: Other attributes of the event.
        """
        if not all(map(_is_pair, changes.values())):
            raise InvalidValueError("a change is a pair of values, before and after")
        openings = [
            Opening.new(field, side, value)
            for field, pair in changes.items()
            for side, value in ((_BEFORE, pair[0]), (_AFTER, pair[1]))
        ]
        change: dict[str, dict[str, str]] = {}
        for opening in openings:
            change.setdefault(opening.field, {})[opening.side] = opening.commitment()
        event = Event(
            action=action, actor=actor, resource=resource, change=change, fields=tuple(changes), **said
        )  # fmt: skip
        receipt = self._receipt(event)
        vault = self.vault
        vault.put(event.id, vault.pseudonyms.name(*(subject or resource)), openings)
        self._committer.add([receipt])
        try:
            return receipt.wait()
        except BaseException:
            if receipt.seq is None:
                vault.forget(event.id)
            raise

    def _require_writing(self) -> None:
        if self._closed or self._settings.read_only:
            raise InvalidValueError(self._closed or "the log was opened to be read only")

    def _receipt(self, event: Event, *, own: bool = False) -> Receipt:
        self._require_writing()
        if event.action.startswith("log.") and not own:
            raise InvalidValueError("actions that begin with 'log.' are the log's own")
        names = self._settings.pseudonyms
        if names is not None and not own:
            if event.resource is not None and "resource" in names.of:
                hidden: Any = attrs.evolve(event.resource, id=names.name(event.resource.type, event.resource.id))
                event = attrs.evolve(event, resource=hidden)
            if event.actor is not None and "actor" in names.of:
                hidden = attrs.evolve(event.actor, id=names.name(event.actor.type, event.actor.id))
                event = attrs.evolve(event, actor=hidden)
        return Receipt(self._committer, event.prefix(), event.id)

    def _commit(self, batch: list[Receipt]) -> None:
        """Give a batch its turn and write it; under the lock of the log."""
        store, settings = self._store, self._settings
        note = None
        with self._locked():
            store.refresh()
            stored_at = moment(settings.now())
            own = [
                Event(action="log.recovered", detail={"bytes": torn.size_bytes, "file": torn.path.name})
                for torn in store.torn
            ]
            if stored_at < store.last_stored_at:
                behind = datetime.fromisoformat(store.last_stored_at) - datetime.fromisoformat(stored_at)
                if behind > _CLOCK_SLACK:
                    own.append(Event(action="log.clock_went_back", detail={"clock": stored_at}))
                stored_at = store.last_stored_at
            first = store.rows.size
            prefixes = [*(event.prefix() for event in own), *(receipt._prefix for receipt in batch)]
            lines = complete(prefixes, first, stored_at)
            store.append(lines, sync=settings.durability != "os")
            store.torn.clear()
            try:
                store.tidy(stored_at)
                if self._is_due():
                    note = self._sign()
            except OSError as error:  # the events are stored; this is tried again with the next ones
                _log.warning("housekeeping of the log failed: %s", type(error).__name__)
        for place, receipt in enumerate(batch, start=first + len(own)):  # a database has stored it only by now
            receipt.seq, receipt.stored_at, receipt._prefix = place, stored_at, b""
        if note is not None:
            self._publish(note)

    def _append_own(self, action: str, **said: Any) -> Receipt:
        receipt = self._receipt(Event(action=action, **said), own=True)
        self._committer.add([receipt])
        return receipt.wait()

    # Checkpoints

    def checkpoint(self) -> bytes | None:
        """Sign a checkpoint now and hand it to the witnesses; ``None`` if the log is empty.

        Raises:
            InvalidValueError: The log has no signer.
            TamperedLogError: The log has not grown from its last checkpoint; nothing is signed.
        """
        if self._settings.signer is None or self._settings.read_only:
            raise InvalidValueError("to make checkpoints, open the log with signer=")
        self._committer.flush()
        with self._locked():
            self._store.refresh()
            self._store.sync()
            note = self._sign()
        if note is not None:
            self._publish(note)
        return note

    def checkpoints(self) -> list[bytes]:
        """Return every checkpoint of the log, oldest first, as signed notes."""
        return self._store.notes()

    def _last_signed(self) -> int:
        note = self._store.last_note()
        return 0 if note is None else Checkpoint.peek(note).size

    def _is_due(self) -> bool:
        """Whether it is time for a checkpoint; one that another process has made since counts too."""
        if self._settings.signer is None:
            return False
        if time.monotonic() - self._signed_at >= self._settings.checkpoint_s:
            return True
        size, step = self._store.rows.size, self._settings.checkpoint_events
        if size - self._signed >= step:
            self._signed = self._last_signed()
        return size - self._signed >= step

    def _sign(self) -> bytes | None:
        """Sign what is there, if it has grown from what was signed last."""
        rows, signer = self._store.rows, self._settings.signer
        before = self._store.last_note()
        if not rows.size or signer is None:
            return None
        root = rows.head.root()
        if before is not None:
            last = Checkpoint.open(before, [signer.verifier, *self._settings.former_keys])
            if last.size > rows.size:
                raise TamperedLogError("events are missing that were signed", location=f"event {rows.size}")
            verify_consistency(last.size, last.root, rows.size, root, rows.consistency_proof(last.size))
            if last.size == rows.size:
                self._signed, self._signed_at = rows.size, time.monotonic()
                return before
        if self._settings.durability == "os":
            self._store.sync()
        note = Checkpoint(self._store.origin, rows.size, root).sign([signer])
        self._store.add_note(note)
        self._signed, self._signed_at = rows.size, time.monotonic()
        return note

    def _publish(self, note: bytes) -> None:
        """Hand a checkpoint to the witnesses; one that cannot be reached gets the next."""
        size = Checkpoint.peek(note).size
        for witness in self._settings.witnesses:
            try:
                self._hand_on(witness, note, size)
            except TamperedLogError:
                raise
            except Exception as error:  # noqa: BLE001  witnesses are others' code, and the events are stored
                _log.warning("witness %s did not take a checkpoint: %s", witness.name, type(error).__name__)

    def _hand_on(self, witness: Witness, note: bytes, size: int) -> None:
        """Hand a checkpoint to one witness, which may get later ones from other writers at the same time."""
        while True:
            before = witness.latest()
            old = Checkpoint.peek(before).size if before is not None else 0
            if old >= size:
                return
            try:
                witness.observe(note, self._store.rows.consistency_proof(old, size) if old else [])
            except TamperedLogError:
                if witness.latest() == before:
                    raise
            else:
                return

    def _meet_witnesses(self) -> None:
        """Refuse a log that a witness knows to have been another one."""
        for witness in self._settings.witnesses:
            note = witness.latest()
            if note is None:
                if self._signed and witness.answers:  # a new one, or one that was wiped; from now on it is told
                    _log.warning("witness %s has nothing of this log, which has checkpoints", witness.name)
                continue
            seen = Checkpoint.peek(note)
            if seen.size > self._store.rows.size:
                what = f"rolled back: it had {seen.size} events and has {self._store.rows.size}"
            elif seen.origin != self._store.origin:
                what = "the witness is of another log"
            elif self._store.rows.root(seen.size) != seen.root:
                what = f"not the log whose first {seen.size} events were witnessed"
            else:
                continue
            raise TamperedLogError(what, location=f"witness {witness.name}")

    def _greet_key(self) -> None:
        """Record that another key signs from now on; refuse a log whose last checkpoint no known key signed."""
        signer, last = self._settings.signer, self._store.last_note()
        if signer is None or self._settings.read_only or last is None:
            return
        known = {(key.name, key.hash): key for key in (*self._settings.former_keys, signer.verifier)}
        try:
            note = open_note(last, known.values())
        except IntegrityError:
            raise IntegrityError(
                "the last checkpoint is not signed by a known key; give the keys before it as former_keys=",
                location="checkpoint",
            ) from None
        by = {(signature.name, signature.hash) for signature in note.signatures}
        if (signer.verifier.name, signer.verifier.hash) not in by:
            former = "+".join(next(iter(sorted(by))))
            self._append_own("log.key_changed", detail={"from": former, "to": signer.key_id})
