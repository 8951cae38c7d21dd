"""Conditions as plain data: what a rule file holds of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from crmkit.errors import NotFoundError, SchemaError

from ._conditions import OPERATORS, AllTrue, AnyTrue, Comparison, Matches, Negation, OneOf, Present

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.typing import JSONValue

    from ._conditions import Condition, Operator

__all__ = ["condition_from_dict", "condition_to_dict"]


def condition_to_dict(condition: Condition) -> dict[str, JSONValue]:
    """Return the condition as plain data."""
    match condition:
        case Present(column):
            return {"present": column}
        case Comparison(column, symbol, value, normalize):
            return {"col": column, "is": symbol, "value": value, **({"normalize": normalize} if normalize else {})}
        case OneOf(column, values, normalize):
            return {"col": column, "in": list(values), **({"normalize": normalize} if normalize else {})}
        case Matches(column, pattern):
            return {"col": column, "matches": pattern}
        case Negation(inner):
            return {"not": condition_to_dict(inner)}
        case AllTrue(conditions):
            return {"all": [condition_to_dict(inner) for inner in conditions]}
        case AnyTrue(conditions):
            return {"any": [condition_to_dict(inner) for inner in conditions]}
    raise SchemaError(f"a {type(condition).__name__} cannot be written as data")


def condition_from_dict(data: Mapping[str, Any]) -> Condition:
    """Return the condition that ``condition_to_dict`` wrote."""
    match dict(data):
        case {"present": str(column), **rest} if not rest:
            return Present(column)
        case {"col": str(column), "is": str(symbol), "value": str(value), **rest} if symbol in OPERATORS:
            return Comparison(column, cast("Operator", symbol), value, **rest)
        case {"col": str(column), "in": [*values], **rest}:
            return OneOf(column, tuple(values), **rest)
        case {"col": str(column), "matches": str(pattern), **rest} if not rest:
            return Matches(column, pattern)
        case {"not": inner, **rest} if not rest:
            return Negation(condition_from_dict(inner))
        case {"all": [*inner], **rest} if not rest:
            return AllTrue(tuple(condition_from_dict(item) for item in inner))
        case {"any": [*inner], **rest} if not rest:
            return AnyTrue(tuple(condition_from_dict(item) for item in inner))
    raise NotFoundError(f"no condition is written with the keys {sorted(data)}")
