"""Watch quality over time: profiles that add up, drift, a health score, history, personal data, retirement.

A :class:`Profile` says what a table is like without keeping what it holds. Two of them show :func:`drift`; a validation
report, a profile and what came before make a :class:`Health` report with a trend.
"""

from ._column import ColumnProfile
from ._drift import DriftReport, drift
from ._health import Health, Rate, health
from ._history import History
from ._page import HealthPage
from ._personal_data import PersonalData, PersonalDataReport, find_personal_data
from ._profile import Profile, RuleCounts, profile, profile_chunks
from ._retirement import RetirementLog, RetirementPlan, RetirementRules, plan_retirement

__all__ = [
    "ColumnProfile",
    "DriftReport",
    "Health",
    "HealthPage",
    "History",
    "PersonalData",
    "PersonalDataReport",
    "Profile",
    "Rate",
    "RetirementLog",
    "RetirementPlan",
    "RetirementRules",
    "RuleCounts",
    "drift",
    "find_personal_data",
    "health",
    "plan_retirement",
    "profile",
    "profile_chunks",
]
