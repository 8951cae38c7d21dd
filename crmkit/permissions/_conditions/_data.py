"""Conditions as nested tables, as they stand in policy files: ``{ eq = ["record.stage", "won"] }``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, Final, cast

import attrs

from crmkit._canonical import MAX_SAFE_INT
from crmkit.errors import NotFoundError, SchemaError

from ._atoms import OPERATORS, Atom, Compare, Contains, HasText, In, IsNull, Scalar, StartsWith, Under
from ._check_types import unknown
from ._operands import NOW, Context, Operand, PrincipalValue, RecordValue, compare, literal, scalar
from ._tree import FALSE, MAX_DEPTH, TRUE, All, Any, Condition, Const, Custom, Not

if TYPE_CHECKING:
    from crmkit.typing import JSONValue

    from ._check_types import Declared

__all__ = ["coerced", "condition_data", "read_condition"]

_KINDS: Final[dict[str, type[Operand]]] = {"record": RecordValue, "principal": PrincipalValue, "context": Context}
_TEXT: Final[dict[str, type[Atom]]] = {
    "contains": Contains, "has_text": HasText, "starts_with": StartsWith, "under": Under
}  # fmt: skip
_TAGS: Final[dict[str, Callable[[str], Scalar]]] = {
    "text": str, "int": int, "float": float, "decimal": Decimal,
    "date": dt.date.fromisoformat, "datetime": dt.datetime.fromisoformat,
}  # fmt: skip
_WORDS: Final = ("all", "any", "not", "always", "custom", "is_null", "in", *OPERATORS, *_TEXT)


def read_condition(data: object, depth: int = 0) -> Condition:
    """Read a condition out of plain data.

    Raises:
        SchemaError: It is none, with what is wrong.
    """
    if depth > MAX_DEPTH:
        raise SchemaError(f"a condition is nested deeper than {MAX_DEPTH} levels")
    if not isinstance(data, Mapping) or len(data) != 1:
        raise SchemaError("a condition is a table with one key, such as { eq = [operand, value] }")
    word, value = next(iter(data.items()))
    if word in ("all", "any"):
        parts = tuple(read_condition(part, depth + 1) for part in _list(word, value))
        if not parts:  # all of nothing would hold of every record, and an allow that lost its conditions would open it
            raise SchemaError(f"{word} needs a condition; write {{ always = true }} or false where it is meant")
        return All(parts) if word == "all" else Any(parts)
    if word == "not":
        return Not(read_condition(value, depth + 1))
    if word == "always":
        if not isinstance(value, bool):
            raise SchemaError("always is true or false")
        return TRUE if value else FALSE
    if word == "custom":
        if not isinstance(value, str):
            raise SchemaError("custom names a predicate")
        return Custom(value)
    if word == "is_null":
        found = _operand(value[0] if isinstance(value, list) and len(value) == 1 else value)
        if not isinstance(found, Operand):
            raise SchemaError("is_null names an operand, such as record.stage")
        return IsNull(found)
    return _read_atom(str(word), value)


def _read_atom(word: str, value: object) -> Condition:
    if word not in _WORDS:
        raise SchemaError(unknown("condition", word, _WORDS))
    pair = _list(word, value)
    if len(pair) != 2:
        raise SchemaError(f"{word} has an operand and a value: {{ {word} = [operand, value] }}")
    left = _operand(pair[0])
    if not isinstance(left, Operand):
        raise SchemaError(f"{word} begins with an operand, such as record.stage")
    if word == "in":
        if isinstance(pair[1], list):
            return In(left, tuple(scalar(_scalar(one)) for one in pair[1]))
        values = _operand(pair[1])
        if isinstance(values, Operand):
            return In(left, values)
        raise SchemaError("in has a list, or an operand that is one")
    right = _operand(pair[1])
    if word in _TEXT:
        return _TEXT[word](left, literal(right))
    return compare(cast("Any", word), left, right)  # type: ignore[arg-type]  # one of the operators


def _list(word: str, value: object) -> list[object]:
    if not isinstance(value, list):
        raise SchemaError(f"{word} has a list")
    return value


def _operand(value: object) -> object:
    """Return the operand that a text names, or the literal."""
    return _named(value) if type(value) is str else _scalar(value)


@lru_cache(maxsize=4096)
def _named(text: str) -> object:
    """Return the operand that a text names, or the text; large policies name few operands many times."""
    if text == "now":
        return NOW
    kind, dot, name = text.partition(".")
    return _KINDS[kind](name) if dot and name and kind in _KINDS else text


def _scalar(value: object) -> object:
    if isinstance(value, Mapping):
        tag, text = next(iter(value.items()), ("", ""))
        if len(value) != 1 or tag not in _TAGS or not isinstance(text, str):
            raise SchemaError(
                f'a value with its type is a table such as {{ date = "2026-01-31" }}; types: {", ".join(_TAGS)}'
            )
        try:
            return _TAGS[tag](text)
        except (ValueError, InvalidOperation):
            raise SchemaError(f"that is no {tag}") from None
    return value


def condition_data(condition: Condition) -> Mapping[str, JSONValue]:
    """Return the condition as plain data that :func:`read_condition` reads."""
    if isinstance(condition, (All, Any)):
        word = "all" if isinstance(condition, All) else "any"
        if not condition.parts:
            return {"always": word == "all"}
        return {word: [condition_data(part) for part in condition.parts]}
    if isinstance(condition, Not):
        return {"not": condition_data(condition.part)}
    if isinstance(condition, Const):
        return {"always": condition.value}
    if isinstance(condition, Custom):
        return {"custom": condition.name}
    atom = cast("Atom", condition)
    left = _name(atom.left)
    if isinstance(atom, IsNull):
        return {"is_null": left}
    if isinstance(atom, Compare):
        return {atom.operator: [left, _value(atom.right)]}
    if isinstance(atom, In):
        right = [_value(one) for one in atom.right] if isinstance(atom.right, tuple) else _value(atom.right)
        return {"in": [left, right]}
    word = next(word for word, kind in _TEXT.items() if type(atom) is kind)
    return {word: [left, _value(atom.right)]}


def _name(operand: Operand) -> str:
    kind = next((word for word, kind in _KINDS.items() if type(operand) is kind), None)
    return "now" if kind is None else f"{kind}.{operand.name}"


def _value(value: object) -> JSONValue:
    if isinstance(value, Operand):
        return _name(value)
    if isinstance(value, str):
        return value if _operand(value) == value else {"text": value}
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= MAX_SAFE_INT else {"int": str(value)}
    if isinstance(value, float):
        return {"float": repr(value)}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    tag = "datetime" if isinstance(value, dt.datetime) else "date"
    return {tag: cast("dt.date", value).isoformat()}


def coerced(condition: Condition, declared: Declared) -> Condition:
    """Return the condition with literals in the type that is declared, where a file could not write that type.

    TOML's fractions become exact decimals or floats, text becomes the date or moment that it spells.
    """
    if isinstance(condition, (All, Any)):
        return type(condition)(tuple(coerced(part, declared) for part in condition.parts))
    if isinstance(condition, Not):
        return Not(coerced(condition.part, declared))
    if not isinstance(condition, Atom) or isinstance(condition.right, Operand):
        return condition
    try:
        kind = declared.type_of(condition.left)
    except NotFoundError:
        return condition  # reported where names are checked
    if isinstance(condition.right, tuple):
        return attrs.evolve(condition, right=tuple(_coerce(one, kind) for one in condition.right))
    right = _coerce(condition.right, kind)
    return condition if right is condition.right else attrs.evolve(condition, right=right)


def _coerce(value: Scalar, kind: str) -> Scalar:
    if kind == "float" and isinstance(value, Decimal):
        return float(value)
    if kind in ("date", "datetime") and isinstance(value, str):
        try:
            return cast("Scalar", literal(_TAGS[kind](value)))
        except ValueError:
            return value  # reported as text where types are checked
    return value
