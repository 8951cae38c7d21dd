"""Keep two systems in step: what to write where, what only a person can decide, and whether it stays that way.

A plan is data: it can be read, saved, resolved, applied twice, and undone. crmkit sends nothing; steps are handed to
the client of the system that they are for, or applied to a frame.
"""

from ._agreed import Agreed
from ._apply import Applied
from ._decide import Authority, SyncRules
from ._make import plan_sync, plan_upsert
from ._monitor import Alarm, Consistency, Monitor
from ._plan import SyncPlan
from ._step import Step, SyncConflict

__all__ = [
    "Agreed",
    "Alarm",
    "Applied",
    "Authority",
    "Consistency",
    "Monitor",
    "Step",
    "SyncConflict",
    "SyncPlan",
    "SyncRules",
    "plan_sync",
    "plan_upsert",
]
