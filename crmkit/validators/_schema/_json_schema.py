"""A rule set as JSON Schema: what a form or an API can ask of one record before it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit.validators._checks._conditions import AllTrue, AnyTrue, Comparison, Condition, Negation, OneOf, Present
from crmkit.validators._checks._field_rules import field_rules
from crmkit.validators._rules._rule import Demand, Require
from crmkit.validators._values._text import Required

if TYPE_CHECKING:
    from ._schema import Schema

__all__ = ["to_json_schema"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def to_json_schema(schema: Schema) -> dict[str, Any]:
    """Return the part of the rule set that JSON Schema can say; the rest is named under ``x-crmkit-more``."""
    properties, required = {}, []
    more: list[str] = []
    for field, check in schema.fields.items():
        found: dict[str, Any] = {}
        must = field == schema.key
        for rule in field_rules(field, check):
            if rule.grade == "info":
                continue
            if rule.condition is not None:
                more.append(rule.name)
            elif isinstance(rule.check, Required):
                must = True
            else:
                said, whole = rule.check.in_json_schema()
                found.update(said)
                if not whole:
                    more.append(rule.name)
        numeric = found.pop("type", None) == "number"
        kinds = ["string", "number"] if numeric else ["string"]
        properties[field] = {"type": kinds if must else [*kinds, "null"], **found}
        if must:
            required.append(field)
            if not numeric:
                properties[field].setdefault("minLength", 1)
        elif "enum" in found:
            properties[field]["enum"] = [*found["enum"], None]
    if schema.key is not None and schema.key not in properties:
        properties[schema.key] = {"type": "string", "minLength": 1}
        required.append(schema.key)
    across: list[dict[str, Any]] = []
    for one in schema.rules:
        demand = _across(one) if one.severity == "error" else None
        if demand is None:
            more.append(one.title)
        else:
            across.append(demand)
    data: dict[str, Any] = {"$schema": _DIALECT, "title": schema.name, "type": "object", "properties": properties}
    if required:
        data["required"] = required
    if across:
        data["allOf"] = across
    return {**data, "x-crmkit-more": more, "x-crmkit-hash": schema.hash}


def _across(rule: object) -> dict[str, Any] | None:
    if isinstance(rule, Require):
        then = _holds(Present(rule.field))
        if rule.condition is None:
            return then
        given = _holds(rule.condition)
        return None if given is None else {"if": given, "then": then}
    if isinstance(rule, Demand):
        return _holds(rule.demand)
    return None


def _holds(condition: Condition) -> dict[str, Any] | None:
    match condition:
        case Present(column):
            return {"properties": {column: {"not": {"type": "null"}, "pattern": "\\S"}}, "required": [column]}
        case Comparison(column, "==", value, None):
            return {"properties": {column: {"const": value}}, "required": [column]}
        case OneOf(column, values, None):
            return {"properties": {column: {"enum": list(values)}}, "required": [column]}
        case Negation(inner):
            said = _holds(inner)
            return None if said is None else {"not": said}
        case AllTrue(conditions) | AnyTrue(conditions):
            parts = [_holds(one) for one in conditions]
            if any(part is None for part in parts):
                return None
            return {"allOf" if isinstance(condition, AllTrue) else "anyOf": parts}
    return None
