"""Backups that prove they restore: is this backup complete, unaltered, fresh, and does it restore, in how long.

Everything is values in, values out: no network that the caller did not open, no daemon, no scheduler; the clock and
the keys are arguments.  What a check did not look at, its report says.
"""

from . import formats
from ._checks import Canary, CheckResult, CustomCheck, Newest, Query, RestoreCheck, RowCounts, TableDigests
from ._content import Budget
from ._continuity import ContinuityRecords, DrillRecord, Incident, IncidentPlan
from ._copies import CopiesReport, CopyState, HealAction, HealPlan, compare_copies, plan_heal
from ._create import Manifest, countersign, create, read_statement, sign
from ._databases import DuckdbSource, PostgresSource, SqliteSource, register_sqlite
from ._differ import SnapshotComparison, compare
from ._downtime import Downtime, downtime
from ._drill import Drill, DrillReport, choose_backups
from ._entry import Header
from ._findings import Finding, NotChecked
from ._keys import SigningKey, VerifyingKey
from ._ledger import Accepted, TrustLedger
from ._manifest import Limits
from ._notices import render_notice
from ._policy import GFS, BackupPolicy, BackupRecord, CopyPlace, PolicyReport, Violation, check_policy
from ._probe import ProbeReport, probe
from ._recover import Recovery, RecoveryPlan, recover
from ._recover_write import RowRecovery
from ._report import Coverage, VerifyReport
from ._restore import FolderRestore, PgRestore, Restore, Restored, SqliteRestore
from ._retention import Preflight, PruneDecision, PrunePlan, plan_prune, preflight
from ._schema_checks import ForeignKeys, SchemaFingerprint, SchemaObjects, Sequences, schema_fingerprint, schema_objects
from ._scratch import Scratch, ScratchFolder, ScratchPostgres, SourceIdentity, postgres_identity
from ._snapshot import Snapshot, snapshot
from ._sources import CsvSource, FrameSource, ParquetSource, Source
from ._sql import row_schema, row_sql
from ._statement import Envelope, Statement, pae
from ._stores import FsspecStore, LocalStore, Store
from ._verify import verify

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
]
