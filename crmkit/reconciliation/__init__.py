"""Do two tables agree, and if not, why: rows, cells, the cause of each difference, control totals, a gate.

For migrations, nightly syncs and restores. The function that most people call is ``crmkit.reconcile``; the package is
named apart from it, because a submodule of one name would hide it.
"""

from ._causes import CAUSES, Cause, ColumnKind, Grade
from ._files import reconcile_files
from ._gate import Gate, Limit
from ._reconcile import reconcile
from ._report import ColumnSummary, ReconcileReport
from ._segments import Segment
from ._settings import ColumnPair, read_both
from ._similar import SimilarPair
from ._tell import agree, cause_of
from ._totals import Side, Total

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
