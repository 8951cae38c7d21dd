"""What is wrong, where, how bad, and what the value should be: one table for every area.

Validation, drift, mapping and reconciliation emit the same columns in the same order, so one page, one filter and one
export serve them all.
"""

from crmkit._report import Report
from crmkit._run_id import new_run_id

from ._columns import Coded
from ._issue import COLUMNS, DIMENSIONS, SEVERITIES, Dimension, Issue, at_least
from ._messages import catalog_codes, message
from ._table import IssueTable

__all__ = [
    "COLUMNS",
    "DIMENSIONS",
    "SEVERITIES",
    "Coded",
    "Dimension",
    "Issue",
    "IssueTable",
    "Report",
    "at_least",
    "catalog_codes",
    "message",
    "new_run_id",
]
