"""The audit log that can prove itself: who did what, and that nobody changed the record of it.

An append-only log over a Merkle tree whose signed checkpoints are kept elsewhere; verification that names what was done
to it; personal data as commitments that can be erased; and audit work on top: plan, collect, analyse, report, remedy.
"""

from ._checkpoint import Checkpoint
from ._commit import Receipt
from ._commitment import Opening, Pseudonyms, commitment
from ._config import ConfigChange, config_changes
from ._damage import Damage, DamageKind
from ._detectors import (
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
from ._event import Actor, Event, Outcome, Resource
from ._evidence import Evidence
from ._export import write_verifier
from ._findings import AuditReport, Remediation, RemediationStatus
from ._log import Log
from ._log_report import LogReport
from ._note import Note, NoteSignature, NoteSigner, NoteVerifier, open_note, parse_note, sign_note
from ._ocsf import to_ocsf
from ._plan import AuditPlan
from ._proof import Erasure, InclusionProof
from ._reader import LoggedUsage
from ._recorder import Durability
from ._verify import verify
from ._witness import CallableWitness, FileWitness, SQLiteWitness, Witness

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
