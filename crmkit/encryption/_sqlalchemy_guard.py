"""Statements that would sort, group or compute with tokens are refused before they reach the database.

What a comparator sees raises while a query is built; it does not see ``order_by(Contact.email)`` and
``func.max(Contact.email)``, which would give an answer without any meaning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.sql import functions, operators, selectable, visitors
from sqlalchemy.sql.elements import BinaryExpression, ColumnElement, Over, WithinGroup

from crmkit.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def check(_connection: Any, statement: Any, *_: Any) -> None:
    """Refuse a statement in which a database would do more with an encrypted column than hand it out."""
    if not isinstance(statement, visitors.ExternallyTraversible):
        return
    for part in visitors.iterate(statement):
        for element in _used(part):
            if _is_encrypted(element):
                encrypted: Any = element.type
                raise RefusedError(
                    f"{encrypted.field.name} is encrypted: the database cannot sort, group or compute with it; load "
                    "the objects and do that in Python",
                    rule="operator",
                )


def _used(part: Any) -> Iterator[ColumnElement[Any]]:
    """Yield the columns that a part of a statement sorts by, groups by, or computes with."""
    yield from _columns(getattr(part, "_distinct_on", ()))  # of a Select, or of an extension to one
    if isinstance(part, selectable.GenerativeSelect):
        yield from _columns([_named(part, one) for one in (*part._order_by_clauses, *part._group_by_clauses)])
    if isinstance(part, selectable.Select):
        yield from _columns(part._distinct_on)
        shown = list(part.selected_columns) if part._distinct else []
        # Whole objects are told apart by their keys; nothing tells tokens alone apart as their values are.
        yield from shown if all(map(_is_encrypted, shown)) else ()
    elif isinstance(part, Over | WithinGroup):
        yield from _columns([one for one in (part.order_by, getattr(part, "partition_by", None)) if one is not None])
    elif isinstance(part, functions.FunctionElement) and not isinstance(part, functions.count):
        yield from _columns(part.clauses)


def _named(part: Any, clause: Any) -> Any:
    """Return the column that a clause names by text, as in ``order_by("email")``, or the clause."""
    name = clause.element if type(clause).__name__ == "_textual_label_reference" else None
    return part.selected_columns.get(name, clause) if isinstance(name, str) else clause


def _is_encrypted(element: Any) -> bool:
    return getattr(element.type, "crmkit_encrypted", False)


def _columns(clauses: Iterable[Any]) -> Iterator[ColumnElement[Any]]:
    """Yield the columns in expressions, but not those that are only asked whether they are NULL."""
    for clause in clauses:
        if isinstance(clause, BinaryExpression) and clause.operator in {operators.is_, operators.is_not}:
            continue
        if isinstance(clause, ColumnElement):
            yield clause
        yield from _columns(clause.get_children())
