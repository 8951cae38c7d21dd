"""Who may do what with which records and fields: one policy, the same answer on a record, a dataframe and in SQL."""

from __future__ import annotations

from . import authzen
from ._conditions._operands import NOW, Operand, context, principal, record
from ._conditions._schema import Field, Level, Resource, Scope
from ._conditions._tree import Condition, Custom
from ._conditions._types import Type
from ._decisions._constraints import Breach, constraint_breaches
from ._decisions._decision import Decision, DecisionCode, Leaf, NearMiss, Outcome
from ._decisions._engine import CustomPredicate, Engine
from ._decisions._fields import FieldViolation, ViolationCode
from ._decisions._listing import Listing
from ._decisions._plan import Plan
from ._decisions._search import Access, Permission
from ._decisions._session import Session
from ._decisions._view import View
from ._exchange._casbin import CasbinPolicy, from_casbin
from ._exchange._cedar import cedar_entities, to_cedar
from ._filters._sql import Dialect, ParamStyle
from ._policy._people import Assignment, OrgChart, Principal
from ._policy._policy import Policy
from ._policy._presets import Preset, preset, preset_text
from ._policy._problem import Problem
from ._policy._roles import Exemption, FieldRule, Grant, Role, RoleKind, SoD
from ._policy._spec import json_schema
from ._reviews._diff import AccessChange, PolicyDiff, Verdict, check_access_not_granted, check_no_new_access, diff
from ._reviews._least import LeastPrivilege, Suggestion, SuggestionKind, least_privilege, simulate
from ._reviews._lint import lint
from ._reviews._lint_report import LINT_CODES, Finding, LintReport
from ._reviews._offboard import Offboarding, offboard
from ._reviews._review import Review, ReviewDecision, review
from ._reviews._review_rows import FLAGS, ReviewRow
from ._reviews._simulation import Simulation

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
    "Listing",
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
    "ViolationCode",
    "authzen",
    "cedar_entities",
    "check_access_not_granted",
    "check_no_new_access",
    "constraint_breaches",
    "context",
    "diff",
    "from_casbin",
    "json_schema",
    "least_privilege",
    "lint",
    "offboard",
    "preset",
    "preset_text",
    "principal",
    "record",
    "review",
    "simulate",
    "to_cedar",
]
