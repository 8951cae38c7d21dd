"""The audit log that can prove itself: who did what, and that nobody changed the record of it.

An append-only log over a Merkle tree whose signed checkpoints are kept elsewhere; verification that names what was done
to it; personal data as commitments that can be erased; and audit work on top: plan, collect, analyse, report, remedy.
"""

from ._events._commitment import Opening, Pseudonyms, commitment
from ._events._config import ConfigChange, config_changes
from ._events._event import Actor, Event, Outcome, Resource
from ._events._ocsf import to_ocsf
from ._log._commit import Receipt
from ._log._log import Log
from ._log._reader import LoggedUsage
from ._log._recorder import Durability
from ._proofs._checkpoint import Checkpoint
from ._proofs._note import Note, NoteSignature, NoteSigner, NoteVerifier, open_note, parse_note, sign_note
from ._proofs._proof import Erasure, InclusionProof
from ._proofs._witness import CallableWitness, FileWitness, SQLiteWitness, Witness
from ._verify._damage import Damage, DamageKind
from ._verify._export import write_verifier
from ._verify._report import LogReport
from ._verify._verify import verify
from ._work._detectors import (
    BulkExport,
    ChangeWithoutTicket,
    Detector,
    DormantAccount,
    Finding,
    GainedThenUsed,
    OffHours,
    RepeatedDenials,
    SelfGrant,
    SeparationOfDuties,
)
from ._work._evidence import Evidence
from ._work._findings import AuditReport, Remediation, RemediationStatus
from ._work._plan import AuditPlan

__all__ = [
    "Actor",
    "AuditPlan",
    "AuditReport",
    "BulkExport",
    "CallableWitness",
    "ChangeWithoutTicket",
    "Checkpoint",
    "ConfigChange",
    "Damage",
    "DamageKind",
    "Detector",
    "DormantAccount",
    "Durability",
    "Erasure",
    "Event",
    "Evidence",
    "FileWitness",
    "Finding",
    "GainedThenUsed",
    "InclusionProof",
    "Log",
    "LogReport",
    "LoggedUsage",
    "Note",
    "NoteSignature",
    "NoteSigner",
    "NoteVerifier",
    "OffHours",
    "Opening",
    "Outcome",
    "Pseudonyms",
    "Receipt",
    "Remediation",
    "RemediationStatus",
    "RepeatedDenials",
    "Resource",
    "SQLiteWitness",
    "SelfGrant",
    "SeparationOfDuties",
    "Witness",
    "commitment",
    "config_changes",
    "open_note",
    "parse_note",
    "sign_note",
    "to_ocsf",
    "verify",
    "write_verifier",
]
