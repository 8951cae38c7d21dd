"""A rule set as JSON Schema: what a form or an API can ask of one record before it is sent."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ._check import AnyOf
from ._choice import Choice
from ._conditions import AllTrue, AnyTrue, Comparison, Condition, Negation, OneOf, Present
from ._field_rules import field_rules
from ._number import Money, Number
from ._percentage import Age, Percentage
from ._rules import Demand, Require
from ._text import Blank, Required, Text

if TYPE_CHECKING:
    from ._check import Check
    from ._schema import Schema

__all__ = ["text_schema", "to_json_schema"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FORMATS = {"Email": "email", "URL": "uri-reference", "Date": "date", "DateTime": "date-time", "Domain": "hostname"}
_PATTERNS = {
    "USCC": "^[1-9ANY][0-9A-HJ-NPQRTUWXY][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$",
    "ResidentId": "^([1-9][0-9]{16}[0-9Xx]|[1-8][0-9]{14})$", "DUNS": "^[0-9]{9}$", "LEI": "^[A-Z0-9]{18}[0-9]{2}$",
    "ChineseMobile": "^(\\+?86)?1[3-9][0-9]{9}$",
}  # fmt: skip


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
            elif not _add(found, rule.check):
                more.append(rule.name)
        numeric = found.pop("numeric", False)
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
        said = _across(one) if one.severity == "error" else None
        if said is None:
            more.append(one.title)
        else:
            across.append(said)
    data: dict[str, Any] = {"$schema": _DIALECT, "title": schema.name, "type": "object", "properties": properties}
    if required:
        data["required"] = required
    if across:
        data["allOf"] = across
    return {**data, "x-crmkit-more": more, "x-crmkit-hash": schema.hash}


def text_schema(check: Check) -> dict[str, Any]:
    """Return what JSON Schema can say of a text that the check takes."""
    found: dict[str, Any] = {}
    for rule in field_rules("value", check):
        if rule.condition is None and rule.grade != "info" and not isinstance(rule.check, Required):
            _add(found, rule.check)
    return {} if found.pop("numeric", False) else found


def _add(found: dict[str, Any], check: Check) -> bool:
    """Add what can be said; return whether that is all of it."""
    name = type(check).__name__
    if name in _FORMATS:
        found["format"] = _FORMATS[name]
        return False
    if name in _PATTERNS:
        found["pattern"] = _PATTERNS[name]
        return False
    if isinstance(check, Choice):
        found["enum"] = list(dict.fromkeys([*check.values, *(word for word, _ in check.synonyms)]))
        return not check.synonyms
    if isinstance(check, Text):
        bounds = {"minLength": check.min_length, "maxLength": check.max_length}
        found.update({word: bound for word, bound in bounds.items() if bound is not None})
        if check.pattern is not None:
            found["pattern"] = f"^(?:{check.pattern})$"
        return False
    if isinstance(check, (Number, Money, Percentage, Age)):
        found["numeric"] = True
        for limit, word in ((check.ge, "minimum"), (check.le, "maximum")):
            if limit is not None:
                found[word] = float(limit) if isinstance(limit, Decimal) else limit
        return False
    if isinstance(check, Blank):
        found["maxLength"] = 0
        return True
    if isinstance(check, AnyOf):
        parts: list[dict[str, Any]] = []
        for part in check.checks:
            one: dict[str, Any] = {}
            _add(one, part)
            one.pop("numeric", None)
            parts.append(one)
        if all(parts):
            found["anyOf"] = parts
        return False
    return False


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
