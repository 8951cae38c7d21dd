"""Duplicate rules as CRM systems have them: what would that system find in this file?"""

from ._presets import VENDORS, vendor_rules
from ._report import RuleReport
from ._rules import Condition, DuplicateRules, Same, Similar

__all__ = ["VENDORS", "Condition", "DuplicateRules", "RuleReport", "Same", "Similar", "vendor_rules"]
