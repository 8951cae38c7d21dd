"""Checkpoints: size and root of a log at one moment, signed.

Source:
    C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint).
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

import attrs

from crmkit._merkle import HASH_BYTES
from crmkit.errors import FormatError

from ._note import open_note, parse_note, sign_note

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._note import NoteSigner, NoteVerifier

__all__ = ["Checkpoint"]

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@attrs.frozen
class Checkpoint:
    """What a log was at one moment. Kept elsewhere, it proves every event up to then.

    Attributes:
        origin: Which log.
        size: How many events.
        root: The Merkle root over them, 32 bytes.

    Example:
        >>> from crmkit.audit import NoteSigner
        >>> signer = NoteSigner.generate("crm.example.com/audit")
        >>> note = Checkpoint("crm.example.com/audit", 7, bytes(32)).sign([signer])
        >>> Checkpoint.open(note, [signer.verifier]).size
        7

    .. versionadded:: 0.1.0
    """

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def sign(self, signers: Iterable[NoteSigner]) -> bytes:
        """Return the signed note."""
        return sign_note(self.text(), signers)

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read a checkpoint's text; lines behind the third are extensions and are passed over.

        Raises:
            FormatError: Something else.
        """
        lines = text.split("\n")
        try:
            root = base64.b64decode(lines[2], validate=True)
            known = _SIZE.fullmatch(lines[1]) is not None and base64.b64encode(root).decode() == lines[2]
        except (IndexError, ValueError, binascii.Error):
            known, root = False, b""
        if not known or len(lines) < 4 or not lines[0] or len(root) != HASH_BYTES:
            raise FormatError("not a checkpoint")
        return cls(lines[0], int(lines[1]), root)

    @classmethod
    def peek(cls, note: bytes) -> Checkpoint:
        """Read a signed checkpoint without verifying it."""
        return cls.parse(parse_note(note)[0])

    @classmethod
    def open(cls, note: bytes, verifiers: Iterable[NoteVerifier]) -> Checkpoint:
        """Verify a signed checkpoint; see `open_note` for what can be wrong."""
        return cls.parse(open_note(note, verifiers).text)
