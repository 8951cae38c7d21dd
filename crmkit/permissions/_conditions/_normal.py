"""The negation normal form: what every back end translates.

Every ``Not`` stands directly before an atom. There, TRUE needs no third value: an atom is TRUE where its operands are
there and it holds, its negation where they are there and it does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from ._atoms import OPPOSITE, Compare, In, Scalar
from ._operands import Operand, RecordValue
from ._tree import FALSE, TRUE, All, Any, Condition, Const, Custom, Not

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["all_of", "any_of", "asks_caller", "fields_of", "merged", "negate", "normal", "walk"]

_MANY = 8


def all_of(parts: Iterable[Condition]) -> Condition:
    """Return the conjunction, flat and without what cannot change it."""
    flat: dict[Condition, None] = {}
    for part in parts:
        if part == FALSE:
            return FALSE
        flat.update(dict.fromkeys(part.parts if isinstance(part, All) else [part]))
    flat.pop(TRUE, None)
    return next(iter(flat)) if len(flat) == 1 else All(tuple(flat)) if flat else TRUE


def any_of(parts: Iterable[Condition]) -> Condition:
    """Return the disjunction, flat and without what cannot change it."""
    flat: dict[Condition, None] = {}
    for part in parts:
        if part == TRUE:
            return TRUE
        flat.update(dict.fromkeys(part.parts if isinstance(part, Any) else [part]))
    flat.pop(FALSE, None)
    return next(iter(flat)) if len(flat) == 1 else Any(tuple(flat)) if flat else FALSE


def negate(condition: Condition) -> Condition:
    """Return the negation with every ``Not`` directly before an atom."""
    if isinstance(condition, Not):
        return normal(condition.part)
    if isinstance(condition, Const):
        return FALSE if condition.value else TRUE
    if isinstance(condition, All):
        return any_of(negate(part) for part in condition.parts)
    if isinstance(condition, Any):
        return all_of(negate(part) for part in condition.parts)
    if isinstance(condition, Compare):
        return attrs.evolve(condition, operator=OPPOSITE[condition.operator])
    if isinstance(condition, In) and condition.right == ():
        return TRUE
    return Not(condition)


def normal(condition: Condition) -> Condition:
    """Return the negation normal form, constants folded: what every back end translates."""
    if isinstance(condition, All):
        return all_of(normal(part) for part in condition.parts)
    if isinstance(condition, Any):
        return any_of(normal(part) for part in condition.parts)
    if isinstance(condition, Not):
        return negate(condition.part)
    return FALSE if isinstance(condition, In) and condition.right == () else condition


def merged(condition: Condition) -> Condition:
    """Return a disjunction with comparisons of one field to many values as one membership.

    A policy of thousands of rules that differ in one value is then one look into a set, and one ``IN`` in SQL.
    """
    if not isinstance(condition, Any) or len(condition.parts) < _MANY:
        return condition
    values: dict[Operand, dict[Scalar, None]] = {}
    others: list[Condition] = []
    for part in condition.parts:
        value = part.right if isinstance(part, Compare) and part.operator == "eq" else None
        if isinstance(part, Compare) and isinstance(value, (str, int)) and not isinstance(value, bool):
            values.setdefault(part.left, {})[value] = None
        else:
            others.append(part)
    return any_of([*(In(left, tuple(found)) for left, found in values.items()), *others])


def walk(condition: Condition) -> Iterable[Condition]:
    """Yield the condition and all in it."""
    yield condition
    for child in condition.children:
        yield from walk(child)


def asks_caller(condition: Condition) -> bool:
    """Say whether a predicate of the caller is in it, which may read any field."""
    return any(isinstance(node, Custom) for node in walk(condition))


def fields_of(condition: Condition) -> tuple[str, ...]:
    """Return the record's fields that are read, each once, in order."""
    return tuple(dict.fromkeys(
        operand.name for node in walk(condition) for operand in node.operands if isinstance(operand, RecordValue)
    ))  # fmt: skip
