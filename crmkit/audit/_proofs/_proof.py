"""Proofs that leave the log: one event for an auditor, and an erasure that changed nothing."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import attrs

from crmkit._canonical import json_bytes
from crmkit._merkle import leaf_hash, verify_consistency, verify_inclusion
from crmkit.audit._events._event import Event
from crmkit.errors import FormatError, IntegrityError

from ._checkpoint import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._note import NoteVerifier

__all__ = ["Erasure", "InclusionProof"]

FORMAT = "crmkit-audit-proof/1"


@attrs.frozen(kw_only=True)
class InclusionProof:
    """One event with what proves that it is in the log of a checkpoint. Made by `Log.prove`.

    Attributes:
        seq: The event's turn.
        event: Its bytes.
        path: Hashes from the leaf to the root, 32 bytes each.
        checkpoint: The signed note.

    .. versionadded:: 0.1.0
    """

    seq: int
    event: bytes = attrs.field(repr=False)
    path: tuple[bytes, ...] = attrs.field(repr=False)
    checkpoint: bytes = attrs.field(repr=False)

    def verify(self, keys: Iterable[NoteVerifier]) -> Event:
        """Check signature, path and turn; return the event.

        Raises:
            IntegrityError: Something does not hold.
            FormatError: Not an event, or not a checkpoint.

        Example:
            >>> import tempfile
            >>> from crmkit.audit import Log, NoteSigner
            >>> signer = NoteSigner.generate("example.com/log")
            >>> with Log.open(tempfile.mkdtemp(), signer=signer) as log:
            ...     receipt = log.record("contact.read", actor="u-17", resource=("contact", "42"))
            ...     note = log.checkpoint()
            ...     proof = log.prove(receipt.seq)
            >>> proof.verify([signer.verifier]).action
            'contact.read'
        """
        checkpoint = Checkpoint.open(self.checkpoint, keys)
        verify_inclusion(leaf_hash(self.event), self.seq, checkpoint.size, self.path, checkpoint.root)
        event = Event.parse(self.event)
        if event.seq != self.seq:
            raise IntegrityError("the event says that it has another turn", location=f"event {self.seq}")
        return event

    def to_bytes(self) -> bytes:
        """Return the proof as a ``crmkit-audit-proof/1`` document."""
        said = {
            "checkpoint": self.checkpoint.decode(),
            "event": base64.b64encode(self.event).decode(),
            "format": FORMAT,
            "path": [node.hex() for node in self.path],
            "seq": self.seq,
        }
        return json_bytes(said)

    @classmethod
    def parse(cls, data: bytes) -> InclusionProof:
        """Read what `to_bytes` wrote; nothing is verified.

        Raises:
            FormatError: Something else.
        """
        try:
            said = json.loads(data)
            proof = cls(
                seq=said["seq"],
                event=base64.b64decode(said["event"]),
                path=tuple(bytes.fromhex(node) for node in said["path"]),
                checkpoint=said["checkpoint"].encode(),
            )
            known = proof.to_bytes() == data
        except (ValueError, TypeError, KeyError, AttributeError):
            known = False
        if not known:
            raise FormatError(f"not a document of {FORMAT}")
        return proof


@attrs.frozen(kw_only=True)
class Erasure:
    """What an erasure did, with the proof that no event changed. Made by `Log.erase`.

    Attributes:
        erased: How many values were destroyed.
        pseudonym: What the event calls the person.
        seq: Turn of the event that records it.
        size: Events before.
        root: Root over them.
        size_after: Events after.
        root_after: Root over them.
        path: Consistency proof from the one to the other.

    .. versionadded:: 0.1.0
    """

    erased: int
    pseudonym: str
    seq: int
    size: int
    root: bytes = attrs.field(repr=False)
    size_after: int
    root_after: bytes = attrs.field(repr=False)
    path: tuple[bytes, ...] = attrs.field(repr=False)

    def verify(self) -> None:
        """Check that everything from before the erasure is still in the tree, as it was.

        Raises:
            IntegrityError: It is not.

        Example:
            >>> import tempfile
            >>> from crmkit.audit import Log
            >>> log = Log.open(tempfile.mkdtemp(), origin="example.com/log")
            >>> changed = log.record_change(
            ...     "contact.update", actor="u-17", resource=("contact", "42"), changes={"email": (None, "a@b.example")}
            ... )
            >>> erasure = log.erase(("contact", "42"))
            >>> erasure.erased, log.disclose(changed.seq)
            (2, [])
            >>> erasure.verify()
            >>> log.close()
        """
        if self.size:
            verify_consistency(self.size, self.root, self.size_after, self.root_after, self.path)
