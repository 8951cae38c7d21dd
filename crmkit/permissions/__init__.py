"""Who may do what with which records and fields: one policy, the same answer on a record, a dataframe and in SQL."""

from __future__ import annotations

from ._conditions import NOW, Condition, Custom, Operand, context, principal, record
from ._decision import Decision, DecisionCode, Leaf, NearMiss, Outcome
from ._engine import CustomPredicate, Engine
from ._fields import FieldViolation, ViolationCode
from ._load import load, loads
from ._model import Assignment, Exemption, FieldRule, Grant, OrgChart, Principal, Role, RoleKind, SoD
from ._plan import Plan
from ._policy import Policy
from ._problem import Problem
from ._read_data import policy_from_dict
from ._schema import Field, Level, Resource, Scope
from ._spec import json_schema
from ._sql import Dialect, ParamStyle
from ._types import Type
from ._view import View
from ._write import dump, dumps

__all__ = [
    "NOW",
    "Assignment",
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
    "Grant",
    "Leaf",
    "Level",
    "NearMiss",
    "Operand",
    "OrgChart",
    "Outcome",
    "ParamStyle",
    "Plan",
    "Policy",
    "Principal",
    "Problem",
    "Resource",
    "Role",
    "RoleKind",
    "Scope",
    "SoD",
    "Type",
    "View",
    "ViolationCode",
    "context",
    "dump",
    "dumps",
    "json_schema",
    "load",
    "loads",
    "policy_from_dict",
    "principal",
    "record",
]
