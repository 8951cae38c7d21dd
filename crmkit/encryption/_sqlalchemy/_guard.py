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
    CollectionAggregate,
    ColumnElement,
    ExpressionClauseList,
    Grouping,
    Label,
    Null,
    Over,
    TypeCoerce,
    UnaryExpression,
    WithinGroup,
)

from crmkit.encryption._octets import _token
from crmkit.errors import RefusedError

from . import _bonds, _texts
from ._sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_OF_TOKENS = frozenset({"substr", "substring", "left", "length", "char_length", "octet_length", "count"})
"""Functions that answer of a token as they would of any text, where a cast says that the token is meant."""


def check(connection: Any, statement: Any, rows: Any, row: Any, _options: Any) -> None:
    """Refuse a statement in which a database would do more with an encrypted column than hand it out.

    Parameters are looked at too: the column type refuses plaintext as well, but then SQLAlchemy wraps its error in one
    that shows them.
    """
    if not isinstance(statement, visitors.ExternallyTraversible):
        return
    _check_parameters(statement, rows, row)
    _bonds.check(connection, statement, (*rows, row))
    parts = list(visitors.iterate(statement))
    for part in parts:
        for element in _used(part):
            _refuse(element if _is_encrypted(element) else _inside(element))
    if any(map(_texts.is_text, parts)):
        for element in _texts.named(parts):
            _refuse(element)


def _refuse(element: Any) -> None:
    if element is not None:
        raise RefusedError(
            f"{element.type.field.name} is encrypted: the database cannot sort, group or compute with it, nor "
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
            yield from _compared(part)
    elif isinstance(part, BooleanClauseList):
        yield from _operands(part.clauses)
    elif isinstance(part, Over | WithinGroup):
        yield from _columns([one for one in (part.order_by, getattr(part, "partition_by", None)) if one is not None])
    elif isinstance(part, Case):
        yield from _columns(part.get_children())
    elif isinstance(part, functions.FunctionElement) and not isinstance(part, functions.count):
        yield from _columns(part.clauses, tokens=not _is_of_tokens(part))


def _is_of_tokens(part: Any) -> bool:
    return isinstance(part, functions.FunctionElement) and getattr(part, "name", None) in _OF_TOKENS


def _told_apart(shown: Iterable[ColumnElement[Any]]) -> Iterable[ColumnElement[Any]]:
    """Return the columns by which rows are told apart: tokens alone do not tell it as their values would."""
    shown = list(shown)  # whole objects are told apart by their keys
    bare = [one.element if isinstance(one, Label) else one for one in shown]
    return bare if all(_is_encrypted(one) or _inside(one) is not None for one in bare) else ()


def _operands(clauses: Iterable[Any]) -> Iterator[ColumnElement[Any]]:
    """Yield what an operator is applied to; a subquery stands for the column that it gives."""
    for clause in clauses:
        if isinstance(clause, selectable.SelectBase):
            yield from clause.selected_columns
        elif isinstance(clause, Grouping | ClauseList | ExpressionClauseList | CollectionAggregate):
            yield from _operands(clause.get_children())
        elif isinstance(clause, ColumnElement) and not isinstance(clause, Cast | TypeCoerce):
            yield clause


def _compared(part: BinaryExpression[Any]) -> Iterator[Any]:
    """Yield the tokens, taken as text by a cast, that a comparison holds against something else than text of tokens."""
    sides = [] if part.operator is operators.collate else list(_leaves([part.left, part.right]))
    tokens = [one for one in map(_cast_in, sides) if one is not None]
    if not all(_cast_in(one) is not None or _is_text_of_token(one) for one in sides) or len(tokens) == len(sides):
        yield from tokens


def _leaves(clauses: Iterable[Any]) -> Iterator[Any]:
    for clause in clauses:
        if isinstance(clause, selectable.SelectBase | selectable.ScalarSelect):
            yield from getattr(clause, "element", clause).selected_columns
        elif isinstance(clause, Grouping | ClauseList | ExpressionClauseList | CollectionAggregate):
            yield from _leaves(clause.get_children())
        else:
            yield clause


def _cast_in(clause: Any) -> Any:
    """Return a cast of an encrypted column in an expression that is no comparison itself."""
    if isinstance(clause, BinaryExpression) and operators.is_comparison(clause.operator):
        return None
    return next((one for one in visitors.iterate(clause) if _inside(one) is not None), None)


def _is_text_of_token(clause: Any) -> bool:
    """Say whether it is a number, or begins as tokens do, as what `Box.prefix` gives does."""
    if not isinstance(clause, BindParameter):
        return isinstance(clause, Null)
    given = clause.value if isinstance(clause.value, list | tuple) else [clause.value]
    return not clause.required and all(map(_begins_as_token, given))


def _begins_as_token(value: Any) -> bool:
    if isinstance(value, str):
        return value.startswith(_token.MARKER)
    return value[:1] == bytes([_token.VERSION]) if isinstance(value, bytes) else isinstance(value, int | float | Sealed)


def _named(part: Any, clause: Any) -> Any:
    """Return the column that a clause names by text, as in ``order_by(desc("email"))``, or the clause."""
    inner = clause
    while isinstance(inner, UnaryExpression) and inner.modifier is not None:
        inner = inner.element
    name = inner.element if type(inner).__name__ == "_textual_label_reference" else None
    if not isinstance(name, str):
        return clause
    if name in part.selected_columns:
        return part.selected_columns[name]
    sources = [one for one in visitors.iterate(part) if isinstance(one, selectable.FromClause)]
    return next((one.c[name] for one in sources if name in one.c and _is_encrypted(one.c[name])), clause)


def _is_encrypted(element: Any) -> bool:
    return getattr(element.type, "crmkit_encrypted", False)


def _inside(element: Any) -> Any:
    """Return the encrypted column of which a cast takes the token, or ``None``."""
    if not isinstance(element, Cast | TypeCoerce):
        return None
    of: Any = element.clause
    while isinstance(of, Grouping | Label | Cast | TypeCoerce) and not _is_encrypted(of):
        of = of.clause if isinstance(of, Cast | TypeCoerce) else of.element
    return of if isinstance(of, ColumnElement) and _is_encrypted(of) else None


def _columns(clauses: Iterable[Any], *, tokens: bool = True) -> Iterator[ColumnElement[Any]]:
    """Yield the columns in expressions, but not those that are only asked whether they are NULL.

    Args:
        clauses: The expressions.
        tokens: Whether casts are among them, which take a token as it is: it can be measured and cut.
    """
    for clause in clauses:
        if isinstance(clause, Cast | TypeCoerce):
            if tokens:
                yield clause
            continue
        if isinstance(clause, BinaryExpression) and clause.operator in {operators.is_, operators.is_not}:
            continue
        if isinstance(clause, ColumnElement):
            yield clause
        kept = isinstance(clause, BinaryExpression) or _is_of_tokens(clause)
        yield from _columns(clause.get_children(), tokens=tokens and not kept)
