"""Statements that would sort, group, compare or compute with tokens are refused before they reach the database.

What a comparator sees raises while a query is built; it does not see ``order_by(Contact.email)``,
``func.max(Contact.email)`` and ``Lead.email == Contact.email``, which would give an answer without any meaning. Neither
does it see what an expression of SQL would write into the column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.sql import dml, functions, operators, selectable, visitors
from sqlalchemy.sql.elements import (
    BinaryExpression,
    BindParameter,
    BooleanClauseList,
    Case,
    Cast,
    ClauseElement,
    ClauseList,
    ColumnElement,
    ExpressionClauseList,
    Grouping,
    Null,
    Over,
    TypeCoerce,
    WithinGroup,
)

from crmkit.errors import RefusedError

from . import _bonds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def check(connection: Any, statement: Any, rows: Any, row: Any, _options: Any) -> None:
    """Refuse a statement in which a database would do more with an encrypted column than hand it out.

    Parameters are looked at too: the column type refuses plaintext as well, but then SQLAlchemy wraps its error in one
    that shows them.
    """
    if not isinstance(statement, visitors.ExternallyTraversible):
        return
    _check_parameters(statement, rows, row)
    _bonds.check(connection, statement, (*rows, row))
    for part in visitors.iterate(statement):
        for element in _used(part):
            if _is_encrypted(element):
                encrypted: Any = element.type
                raise RefusedError(
                    f"{encrypted.field.name} is encrypted: the database cannot sort, group or compute with it, nor "
                    "compare it with an expression; load the objects and do that in Python",
                    rule="operator",
                )


def _check_parameters(statement: Any, rows: Any, row: Any) -> None:
    changes = isinstance(statement, dml.Insert | dml.Update)
    known = {one.key: one.type for one in statement.table.c if _is_encrypted(one)} if changes else {}
    pairs = list(_assigned(statement)) if changes else []
    for kind, value in pairs:
        _check_expression(kind, value)
    pairs += [(part.type, part) for part in visitors.iterate(statement) if isinstance(part, BindParameter)]
    for kind, value in pairs:
        if not getattr(kind, "crmkit_encrypted", False):
            continue
        if not isinstance(value, BindParameter):
            _check_value(kind, value)
            continue
        known[value.key] = kind
        if value.callable is None and not value.required:
            _check_value(kind, value.value)
    for given in (*rows, row) if known else ():
        for name in known.keys() & given.keys():
            _check_value(known[name], given[name])


def _check_expression(kind: Any, value: Any) -> None:
    """Refuse what the database would compute for an encrypted column, or take out of one: nobody has encrypted that."""
    value = value.__clause_element__() if hasattr(value, "__clause_element__") else value
    if not isinstance(value, ClauseElement) or isinstance(value, BindParameter | Null):
        return
    given = getattr(getattr(value, "type", None), "crmkit_encrypted", False)
    wanted = getattr(kind, "crmkit_encrypted", False)
    if (wanted or given) and not (wanted and given and kind.field == value.type.field):  # type: ignore[attr-defined]
        name = kind.field.name if wanted else value.type.field.name  # type: ignore[attr-defined]
        raise RefusedError(
            f"{name} is encrypted: an expression of SQL would be stored as it is; encrypt with the box and write the "
            "token",
            rule="record_missing",
        )


def _check_value(kind: Any, value: Any) -> None:
    if not isinstance(value, ClauseElement | list | tuple):
        kind.stored(value)


def _assigned(statement: Any) -> Iterator[tuple[Any, Any]]:
    """Yield type and value of each column that ``values()`` was called with; no visitor goes there."""
    columns = statement.table.c
    several = [one for rows in getattr(statement, "_multi_values", ()) for one in rows]
    conflict = getattr(statement, "_post_values_clause", None)  # of an upsert
    several += [dict(getattr(conflict, name, None) or ()) for name in ("update_values_to_set", "update")]
    if getattr(statement, "select", None) is not None:
        several.append(dict(zip(statement._select_names, statement.select.selected_columns, strict=False)))
    for values in (dict(statement._values or {}), dict(getattr(statement, "_ordered_values", None) or ()), *several):
        for column, value in dict(values).items():
            found = columns.get(column) if isinstance(column, str) else column
            yield getattr(found, "type", None), value


def _used(part: Any) -> Iterator[ColumnElement[Any]]:
    """Yield the columns that a part of a statement sorts by, groups by, or computes with."""
    yield from _columns(getattr(part, "_distinct_on", ()))  # of a Select, or of an extension to one
    if isinstance(part, selectable.GenerativeSelect):
        yield from _columns([_named(part, one) for one in (*part._order_by_clauses, *part._group_by_clauses)])
    if isinstance(part, selectable.CompoundSelect) and part.keyword.name != "UNION_ALL":
        yield from _told_apart(part.selected_columns)
    if isinstance(part, selectable.Select | dml.Update | dml.Delete):
        yield from _operands(part._where_criteria)
    if isinstance(part, selectable.Select):
        yield from _columns(part._distinct_on)
        yield from _told_apart(part.selected_columns) if part._distinct else ()
    elif isinstance(part, BinaryExpression):
        if not (part.operator in {operators.is_, operators.is_not} and isinstance(part.right, Null)):
            yield from _operands([part.left, part.right])
    elif isinstance(part, BooleanClauseList):
        yield from _operands(part.clauses)
    elif isinstance(part, Over | WithinGroup):
        yield from _columns([one for one in (part.order_by, getattr(part, "partition_by", None)) if one is not None])
    elif isinstance(part, Case):
        yield from _columns(part.get_children())
    elif isinstance(part, functions.FunctionElement) and not isinstance(part, functions.count):
        yield from _columns(part.clauses)


def _told_apart(shown: Iterable[ColumnElement[Any]]) -> Iterable[ColumnElement[Any]]:
    """Return the columns by which rows are told apart: tokens alone do not tell it as their values would."""
    shown = list(shown)  # whole objects are told apart by their keys
    return shown if all(map(_is_encrypted, shown)) else ()


def _operands(clauses: Iterable[Any]) -> Iterator[ColumnElement[Any]]:
    """Yield what an operator is applied to; a subquery stands for the column that it gives."""
    for clause in clauses:
        if isinstance(clause, selectable.SelectBase):
            yield from clause.selected_columns
        elif isinstance(clause, Grouping | ClauseList | ExpressionClauseList):
            yield from _operands(clause.get_children())
        elif isinstance(clause, ColumnElement) and not isinstance(clause, Cast | TypeCoerce):
            yield clause


def _named(part: Any, clause: Any) -> Any:
    """Return the column that a clause names by text, as in ``order_by("email")``, or the clause."""
    name = clause.element if type(clause).__name__ == "_textual_label_reference" else None
    return part.selected_columns.get(name, clause) if isinstance(name, str) else clause


def _is_encrypted(element: Any) -> bool:
    return getattr(element.type, "crmkit_encrypted", False)


def _columns(clauses: Iterable[Any]) -> Iterator[ColumnElement[Any]]:
    """Yield the columns in expressions, but not those that are only asked whether they are NULL, or for their token."""
    for clause in clauses:
        if isinstance(clause, Cast | TypeCoerce):
            continue
        if isinstance(clause, BinaryExpression) and clause.operator in {operators.is_, operators.is_not}:
            continue
        if isinstance(clause, ColumnElement):
            yield clause
        yield from _columns(clause.get_children())
