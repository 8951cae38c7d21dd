"""Schemas as plain data: every check and rule is a name and its parameters.

Format ``crmkit-schema/1``. A callable has a place in it only under the name it was registered by.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import attrs

from crmkit.errors import FormatError, NotFoundError, SchemaError
from crmkit.validators._checks import _check as base
from crmkit.validators._checks._condition_data import condition_from_dict, condition_to_dict
from crmkit.validators._checks._conditions import Condition
from crmkit.validators._checks._references import Reference
from crmkit.validators._contact._chinese_phone import ChineseLandline, ChineseMobile
from crmkit.validators._contact._country import Country, Postcode
from crmkit.validators._contact._domain import Domain
from crmkit.validators._contact._email import Email
from crmkit.validators._contact._mailbox import Mailbox
from crmkit.validators._contact._phone import Phone
from crmkit.validators._contact._region import Region
from crmkit.validators._contact._street import City, Street
from crmkit.validators._contact._url import URL
from crmkit.validators._identifiers._bank_card import BankCard
from crmkit.validators._identifiers._bic import BIC
from crmkit.validators._identifiers._duns import DUNS
from crmkit.validators._identifiers._hong_kong_id import HongKongId
from crmkit.validators._identifiers._iban import IBAN
from crmkit.validators._identifiers._lei import LEI
from crmkit.validators._identifiers._macau_id import MacauId
from crmkit.validators._identifiers._resident_id import ResidentId
from crmkit.validators._identifiers._standard_number import StandardNumber
from crmkit.validators._identifiers._taiwan_id import TaiwanId
from crmkit.validators._identifiers._travel_permit import TravelPermit
from crmkit.validators._identifiers._uscc import USCC
from crmkit.validators._identifiers._vat import VAT
from crmkit.validators._packs._draft import Draft
from crmkit.validators._rules._adds_up import AddsUp
from crmkit.validators._rules._agree import Agree
from crmkit.validators._rules._cardinality import Cardinality
from crmkit.validators._rules._complete import Complete
from crmkit.validators._rules._dependency import Depends
from crmkit.validators._rules._fresh import Fresh
from crmkit.validators._rules._misplaced import Spill, Swapped
from crmkit.validators._rules._plausible import Plausible
from crmkit.validators._rules._relations import Passes, Refers, Unique
from crmkit.validators._rules._rule import Demand, Order, Require, Rule
from crmkit.validators._values._choice import Choice
from crmkit.validators._values._code import Code, RecordId
from crmkit.validators._values._currency import Currency
from crmkit.validators._values._date import Date, DateTime
from crmkit.validators._values._language import Language
from crmkit.validators._values._names import CompanyName, PersonName
from crmkit.validators._values._number import Money, Number
from crmkit.validators._values._percentage import Age, Percentage
from crmkit.validators._values._satisfies import Satisfies
from crmkit.validators._values._text import Blank, Required, Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit.typing import JSONValue
    from crmkit.validators._checks._check import Check

    from ._schema import Schema

__all__ = ["MARKER", "check_as_text", "content_hash", "rule_as_text", "schema_from_dict", "schema_to_dict"]

MARKER = "crmkit-schema/1"

_CHECKS: dict[str, type[Check]] = {
    kind.__name__: kind
    for kind in (
        Age, BIC, BankCard, Blank, ChineseLandline, ChineseMobile, Choice, City, Code, CompanyName, Country,
        Currency, DUNS, Date, DateTime, Domain, Email, HongKongId, IBAN, LEI, Language, MacauId, Mailbox, Money,
        Number, Percentage, PersonName, Phone, Postcode, RecordId, Region, Required, ResidentId, Satisfies,
        StandardNumber, Street, TaiwanId, Text, TravelPermit, URL, USCC, VAT,
    )
}  # fmt: skip
_RULES: dict[str, type[Rule]] = {
    kind.kind: kind
    for kind in (
        AddsUp,
        Agree,
        Cardinality,
        Complete,
        Demand,
        Depends,
        Fresh,
        Order,
        Passes,
        Plausible,
        Refers,
        Require,
        Spill,
        Swapped,
        Unique,
    )
}
_NOT_STORED = ("learned", "proven", "evidence", "serials")


def schema_to_dict(schema: Schema) -> dict[str, JSONValue]:
    """Return the schema as plain data."""
    return _whole(schema, _refuse)


def content_hash(schema: Schema) -> str:
    """Return the SHA-256 of the schema as data; a callable without a name counts by its qualified name."""
    text = json.dumps(_whole(schema, _qualified), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def check_as_text(check: Check) -> str:
    """Return what a check says, as text that is equal for checks that say the same."""
    return json.dumps(_check_to_data(check, _qualified), ensure_ascii=False, sort_keys=True)


def rule_as_text(rule: Rule) -> str:
    """Return what a rule says, as text that is equal for rules that say the same."""
    return json.dumps(_rule_to_data(rule, _qualified), ensure_ascii=False, sort_keys=True)


def _whole(schema: Schema, write: Callable[[Callable[..., object]], JSONValue]) -> dict[str, JSONValue]:
    return {
        "format": MARKER,
        "name": schema.name,
        **({} if schema.version is None else {"version": schema.version}),
        "key": schema.key,
        "absent": schema.absent,
        "fields": {field: _check_to_data(check, write) for field, check in schema.fields.items()},
        "rules": [_rule_to_data(rule, write) for rule in schema.rules],
    }


def _refuse(function: Callable[..., object]) -> JSONValue:
    name = getattr(function, "__name__", type(function).__name__)
    raise SchemaError(f"the function {name!r} has no registered name; call register() and use the name")


def _qualified(function: Callable[..., object]) -> JSONValue:
    return {"callable": f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', '')}"}


def _check_to_data(check: Check, write: Callable[[Callable[..., object]], JSONValue]) -> JSONValue:
    match check:
        case base.AllOf(checks):
            return {"all": [_check_to_data(part, write) for part in checks]}
        case base.AnyOf(checks):
            return {"any": [_check_to_data(part, write) for part in checks]}
        case base.Not(inner):
            return {"not": _check_to_data(inner, write)}
        case base.When(inner, condition):
            return {"when": condition_to_dict(condition), "check": _check_to_data(inner, write)}
        case base.Graded(inner, grade):
            return {"severity": grade, "check": _check_to_data(inner, write)}
        case base.Worded(inner, en, zh):
            return {"message": {"en": en, **({"zh": zh} if zh else {})}, "check": _check_to_data(inner, write)}
    name = type(check).__name__
    if _CHECKS.get(name) is not type(check):
        if write is _qualified:
            return {"class": f"{type(check).__module__}.{type(check).__qualname__}", "repr": repr(check)}
        raise SchemaError(f"{name} is not a check of the library; register its test and use Satisfies(name)")
    return {name: _parameters(check, write)}


def _parameters(thing: Check | Rule, write: Callable[[Callable[..., object]], JSONValue]) -> dict[str, JSONValue]:
    found: dict[str, JSONValue] = {}
    for attribute in attrs.fields(cast("Any", type(thing))):
        value = getattr(thing, attribute.name)
        if attribute.name not in _NOT_STORED and value != attribute.default:
            found[attribute.name] = _value_to_data(value, write)
    return found


def _value_to_data(value: object, write: Callable[[Callable[..., object]], JSONValue]) -> JSONValue:
    if isinstance(value, Reference):
        return {"col": value.column, "normalize": value.normalize}
    if isinstance(value, Condition):
        return condition_to_dict(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, tuple):
        return [_value_to_data(item, write) for item in value]
    if callable(value):
        return write(value)
    return value  # type: ignore[return-value]  # what is left is text, a number, a truth value or None


def _rule_to_data(rule: Rule, write: Callable[[Callable[..., object]], JSONValue]) -> JSONValue:
    return {rule.kind: _parameters(rule, write)}


def schema_from_dict(kind: type[object], data: Mapping[str, Any]) -> Schema:
    """Return the schema, of this class, that ``schema_to_dict`` wrote."""
    given: object = data  # what a file may hold
    if not isinstance(given, Mapping):
        raise FormatError(f"a schema is a mapping, not an object of type {type(given).__name__}")
    marker = data.get("format")
    if marker != MARKER:
        family, _, version = str(marker)[:40].partition("/")
        newer = family == MARKER.partition("/")[0] and version.isdecimal()
        hint = "; it was written by a newer crmkit: update, or write it again with this one" if newer else ""
        raise FormatError(f"not a schema of a known version: format is {str(marker)[:40]!r}, expected {MARKER!r}{hint}")
    unknown = set(data) - {"format", "name", "version", "key", "absent", "fields", "rules"}
    if unknown:
        raise FormatError(f"a schema has no part {min(unknown)!r}")
    try:
        draft = Draft(
            name=data["name"],
            key=data.get("key"),
            version=data.get("version"),
            absent=data.get("absent", "error"),
            fields={field: _check_from_data(check) for field, check in data.get("fields", {}).items()},
            rules=[_rule_from_data(rule) for rule in data.get("rules", [])],
        )
        return draft.made(kind)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        if isinstance(error, (SchemaError, FormatError, NotFoundError)):
            raise
        if isinstance(error, RecursionError):
            raise FormatError("the schema is nested too deeply") from None
        raise FormatError(f"the schema is damaged: {type(error).__name__}") from error


def _check_from_data(data: Mapping[str, Any]) -> Check:
    match dict(data):
        case {"all": [*parts], **rest} if not rest:
            return base.AllOf(tuple(map(_check_from_data, parts)))
        case {"any": [*parts], **rest} if not rest:
            return base.AnyOf(tuple(map(_check_from_data, parts)))
        case {"not": inner, **rest} if not rest:
            return base.Not(_check_from_data(inner))
        case {"when": condition, "check": inner, **rest} if not rest:
            return base.When(_check_from_data(inner), condition_from_dict(condition))
        case {"severity": "error" | "warning" | "info" as grade, "check": inner, **rest} if not rest:
            return base.Graded(_check_from_data(inner), grade)
        case {"message": words, "check": inner, **rest} if not rest:
            return base.Worded(_check_from_data(inner), words["en"], words.get("zh"))
    name, parameters = _only(data, "check")
    if name not in _CHECKS:
        raise NotFoundError.of("check", name, _CHECKS)
    return _CHECKS[name](**{key: _value_from_data(value) for key, value in parameters.items()})


def _rule_from_data(data: Mapping[str, Any]) -> Rule:
    name, parameters = _only(data, "rule")
    if name not in _RULES:
        raise NotFoundError.of("rule", name, _RULES)
    given = {key: _value_from_data(value) for key, value in parameters.items()}
    for key in ("condition", "demand"):
        if isinstance(parameters.get(key), dict):
            given[key] = condition_from_dict(parameters[key])
    if "messages" in given:
        given["messages"] = tuple(tuple(pair) for pair in given["messages"])
    return _RULES[name](**given)


def _only(data: Mapping[str, Any], what: str) -> tuple[str, Mapping[str, Any]]:
    if len(data) != 1:
        raise FormatError(f"a {what} is one name with its parameters, not {len(data)} names")
    name, parameters = next(iter(data.items()))
    return name, parameters


def _value_from_data(value: Any) -> Any:
    if isinstance(value, dict) and "col" in value and set(value) <= {"col", "normalize"}:
        return Reference(value["col"], value.get("normalize"))
    if isinstance(value, list):
        return tuple(_value_from_data(item) for item in value)
    return value
