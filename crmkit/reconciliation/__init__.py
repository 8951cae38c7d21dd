"""Do two tables agree, and if not, why: rows, cells, the cause of each difference, control totals, a gate.

For migrations, nightly syncs and restores. The function that most people call is ``crmkit.reconcile``; the package is
named apart from it, because a submodule of one name would hide it.
"""

from ._causes._cause import CAUSES, Cause, ColumnKind, Grade
from ._causes._tell import agree, cause_of
from ._files import reconcile_files
from ._outcome._gate import Gate, Limit
from ._outcome._report import ColumnSummary, ReconcileReport
from ._outcome._segments import Segment
from ._outcome._totals import Side, Total
from ._pairing._settings import ColumnPair, read_both
from ._pairing._similar import SimilarPair
from ._reconcile import reconcile

__all__ = [
    "CAUSES",
    "Cause",
    "ColumnKind",
    "ColumnPair",
    "ColumnSummary",
    "Gate",
    "Grade",
    "Limit",
    "ReconcileReport",
    "Segment",
    "Side",
    "SimilarPair",
    "Total",
    "agree",
    "cause_of",
    "read_both",
    "reconcile",
    "reconcile_files",
]
