"""The audit log that can prove itself."""

from ._checkpoint import Checkpoint
from ._commit import Receipt
from ._commitment import Opening, Pseudonyms, commitment
from ._damage import Damage, DamageKind
from ._event import Actor, Event, Outcome, Resource
from ._log import Log, LoggedUsage
from ._log_report import LogReport
from ._note import Note, NoteSignature, NoteSigner, NoteVerifier, open_note, parse_note, sign_note
from ._proof import Erasure, InclusionProof
from ._recorder import Durability
from ._verify import verify
from ._witness import CallableWitness, FileWitness, SQLiteWitness, Witness

__all__ = [
    "Actor",
    "CallableWitness",
    "Checkpoint",
    "Damage",
    "DamageKind",
    "Durability",
    "Erasure",
    "Event",
    "FileWitness",
    "InclusionProof",
    "Log",
    "LogReport",
    "LoggedUsage",
    "Note",
    "NoteSignature",
    "NoteSigner",
    "NoteVerifier",
    "Opening",
    "Outcome",
    "Pseudonyms",
    "Receipt",
    "Resource",
    "SQLiteWitness",
    "Witness",
    "commitment",
    "open_note",
    "parse_note",
    "sign_note",
    "verify",
]
