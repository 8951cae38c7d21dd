"""Who may do what with which records and fields: one policy, the same answer on a record, a dataframe and in SQL."""

from __future__ import annotations

from . import authzen
from ._casbin import CasbinPolicy, from_casbin
from ._cedar import cedar_entities, to_cedar
from ._conditions import Condition, Custom
from ._constraints import Breach, constraint_breaches
from ._decision import Decision, DecisionCode, Leaf, NearMiss, Outcome
from ._diff import AccessChange, PolicyDiff, Verdict, check_access_not_granted, check_no_new_access, diff
from ._engine import CustomPredicate, Engine
from ._fields import FieldViolation, ViolationCode
from ._least import LeastPrivilege, Simulation, Suggestion, SuggestionKind, least_privilege, simulate
from ._lint import lint
from ._lint_report import LINT_CODES, Finding, LintReport
from ._load import load, loads
from ._offboard import Offboarding, offboard
from ._operands import NOW, Operand, context, principal, record
from ._people import Assignment, OrgChart, Principal
from ._plan import Plan
from ._policy import Policy
from ._presets import Preset, preset, preset_text
from ._problem import Problem
from ._read_data import policy_from_dict
from ._review import Review, ReviewDecision, review
from ._review_rows import FLAGS, ReviewRow
from ._roles import Exemption, FieldRule, Grant, Role, RoleKind, SoD
from ._schema import Field, Level, Resource, Scope
from ._search import Access, Permission, accessible, what_can, who_can
from ._separation import Violation, sod_violations
from ._session import Session
from ._spec import json_schema
from ._sql import Dialect, ParamStyle
from ._types import Type
from ._view import View
from ._write import dump, dumps

__all__ = [
    "FLAGS",
    "LINT_CODES",
    "NOW",
    "Access",
    "AccessChange",
    "Assignment",
    "Breach",
    "CasbinPolicy",
    "Condition",
    "Custom",
    "CustomPredicate",
    "Decision",
    "DecisionCode",
    "Dialect",
    "Engine",
    "Exemption",
    "Field",
    "FieldRule",
    "FieldViolation",
    "Finding",
    "Grant",
    "Leaf",
    "LeastPrivilege",
    "Level",
    "LintReport",
    "NearMiss",
    "Offboarding",
    "Operand",
    "OrgChart",
    "Outcome",
    "ParamStyle",
    "Permission",
    "Plan",
    "Policy",
    "PolicyDiff",
    "Preset",
    "Principal",
    "Problem",
    "Resource",
    "Review",
    "ReviewDecision",
    "ReviewRow",
    "Role",
    "RoleKind",
    "Scope",
    "Session",
    "Simulation",
    "SoD",
    "Suggestion",
    "SuggestionKind",
    "Type",
    "Verdict",
    "View",
    "Violation",
    "ViolationCode",
    "accessible",
    "authzen",
    "cedar_entities",
    "check_access_not_granted",
    "check_no_new_access",
    "constraint_breaches",
    "context",
    "diff",
    "dump",
    "dumps",
    "from_casbin",
    "json_schema",
    "least_privilege",
    "lint",
    "load",
    "loads",
    "offboard",
    "policy_from_dict",
    "preset",
    "preset_text",
    "principal",
    "record",
    "review",
    "simulate",
    "sod_violations",
    "to_cedar",
    "what_can",
    "who_can",
]
