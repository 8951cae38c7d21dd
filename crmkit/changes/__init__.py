"""The change log: every change crmkit makes is written down, verified, and undone exactly, all or in part.

Fixes and merges share one format. A change is compare-and-set when it is made and when it is undone, so nobody's later
work is overwritten. What decides on changes (fix plans, survivorship) is elsewhere; here they are applied.
"""

from ._account import Account, Discrepancy, account
from ._apply import apply_edits
from ._apply_merges import apply_merges
from ._change import Change, ChangeKind, Conflict, Edits
from ._escapes import escapes
from ._log import ChangeLog
from ._several import load, save

__all__ = [
    "Account",
    "Change",
    "ChangeKind",
    "ChangeLog",
    "Conflict",
    "Discrepancy",
    "Edits",
    "account",
    "apply_edits",
    "apply_merges",
    "escapes",
    "load",
    "save",
]
