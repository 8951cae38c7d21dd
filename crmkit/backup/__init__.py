"""Backups that prove they restore: is this backup complete, unaltered, fresh, and does it restore, in how long.

Everything is values in, values out: no network that the caller did not open, no daemon, no scheduler; the clock and
the keys are arguments.  What a check did not look at, its report says.
"""

from . import formats
from ._continuity._downtime import Downtime, downtime
from ._continuity._notices import render_notice
from ._continuity._records import ContinuityRecords, DrillRecord, Incident, IncidentPlan
from ._copies._compare import CopiesReport, CopyState, compare_copies
from ._copies._heal import HealAction, HealPlan, plan_heal
from ._copies._stores import FsspecStore, LocalStore, Store
from ._copies._vote import CopiesVote, vote_copies
from ._drill._checks import Canary, CheckResult, CustomCheck, Newest, Query, RestoreCheck, RowCounts, TableDigests
from ._drill._choose import choose_backups
from ._drill._drill import Drill, DrillReport
from ._drill._restore import FolderRestore, PgRestore, Restore, Restored, SqliteRestore
from ._drill._schema_checks import (
    ForeignKeys,
    SchemaFingerprint,
    SchemaObjects,
    Sequences,
    schema_fingerprint,
    schema_objects,
)
from ._drill._scratch import Scratch, ScratchFolder, ScratchPostgres, SourceIdentity, postgres_identity
from ._findings._findings import Finding, NotChecked
from ._manifest._create import Manifest, countersign, create, read_statement, sign
from ._manifest._entry import Header
from ._manifest._keys import SigningKey, VerifyingKey
from ._manifest._ledger import Accepted, TrustLedger
from ._manifest._lines import Limits
from ._manifest._proof import FileProof, check_proof, prove
from ._manifest._statement import Envelope, Statement, pae
from ._policy._catalogue import BackupRecord, CopyPlace
from ._policy._policy import GFS, BackupPolicy, PolicyReport, Violation, check_policy
from ._policy._retention import Preflight, PruneDecision, PrunePlan, plan_prune, preflight
from ._probes._probe import ProbeReport, probe
from ._rows._differ import SnapshotComparison, compare
from ._rows._kept import read_snapshots
from ._rows._recover import Recovery, RecoveryPlan, recover
from ._rows._recover_write import RowRecovery
from ._rows._snapshot import Snapshot, snapshot
from ._rows._sources._base import Source
from ._rows._sources._csv import CsvSource
from ._rows._sources._duckdb import DuckdbSource
from ._rows._sources._frame import FrameSource
from ._rows._sources._parquet import ParquetSource
from ._rows._sources._postgres import PostgresSource
from ._rows._sources._sqlite import SqliteSource, register_sqlite
from ._rows._sql import row_schema, row_sql
from ._verify._content import Budget
from ._verify._report import Coverage, VerifyReport
from ._verify._verify import verify

__all__ = [
    "GFS",
    "Accepted",
    "BackupPolicy",
    "BackupRecord",
    "Budget",
    "Canary",
    "CheckResult",
    "ContinuityRecords",
    "CopiesReport",
    "CopiesVote",
    "CopyPlace",
    "CopyState",
    "Coverage",
    "CsvSource",
    "CustomCheck",
    "Downtime",
    "Drill",
    "DrillRecord",
    "DrillReport",
    "DuckdbSource",
    "Envelope",
    "FileProof",
    "Finding",
    "FolderRestore",
    "ForeignKeys",
    "FrameSource",
    "FsspecStore",
    "Header",
    "HealAction",
    "HealPlan",
    "Incident",
    "IncidentPlan",
    "Limits",
    "LocalStore",
    "Manifest",
    "Newest",
    "NotChecked",
    "ParquetSource",
    "PgRestore",
    "PolicyReport",
    "PostgresSource",
    "Preflight",
    "ProbeReport",
    "PruneDecision",
    "PrunePlan",
    "Query",
    "Recovery",
    "RecoveryPlan",
    "Restore",
    "RestoreCheck",
    "Restored",
    "RowCounts",
    "RowRecovery",
    "SchemaFingerprint",
    "SchemaObjects",
    "Scratch",
    "ScratchFolder",
    "ScratchPostgres",
    "Sequences",
    "SigningKey",
    "Snapshot",
    "SnapshotComparison",
    "Source",
    "SourceIdentity",
    "SqliteRestore",
    "SqliteSource",
    "Statement",
    "Store",
    "TableDigests",
    "TrustLedger",
    "VerifyReport",
    "VerifyingKey",
    "Violation",
    "check_policy",
    "check_proof",
    "choose_backups",
    "compare",
    "compare_copies",
    "countersign",
    "create",
    "downtime",
    "formats",
    "pae",
    "plan_heal",
    "plan_prune",
    "postgres_identity",
    "preflight",
    "probe",
    "prove",
    "read_snapshots",
    "read_statement",
    "recover",
    "register_sqlite",
    "render_notice",
    "row_schema",
    "row_sql",
    "schema_fingerprint",
    "schema_objects",
    "sign",
    "snapshot",
    "verify",
    "vote_copies",
]
