"""Conditions as SQLAlchemy expressions, so that they join a caller's own query."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, cast

from crmkit._optional import require
from crmkit.errors import NotFoundError, NotTranslatableError, SchemaError
from crmkit.permissions._conditions._atoms import Atom, Compare, Contains, HasText, In, IsNull, StartsWith
from crmkit.permissions._conditions._operands import Operand
from crmkit.permissions._conditions._tree import All, Condition, Const, Not
from crmkit.permissions._conditions._tree import Any as AnyOf

from ._column_types import check_column_type, check_column_type_on
from ._sql import check_columns, checked_literal, sqlite_type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.permissions._conditions._schema import Resource
    from crmkit.permissions._conditions._types import Type

__all__ = ["clause"]


def clause(condition: Condition, resource: Resource, table: Any, columns: Mapping[str, str]) -> Any:
    """Return a bound condition as an SQLAlchemy expression."""
    check_columns(columns, resource)
    return _Builder(require("sqlalchemy", extra="sql", what="to_sqlalchemy"), resource, table, columns).build(condition)


class _Builder:
    def __init__(self, sqlalchemy: Any, resource: Resource, table: Any, columns: Mapping[str, str]) -> None:
        self._sa = sqlalchemy
        self._exact, self._has_text, self._number, self._of_type = _elements()
        self._resource = resource
        self._table = table
        self._columns = columns

    def build(self, condition: Condition) -> Any:
        if isinstance(condition, Const):
            return self._sa.true() if condition.value else self._sa.false()
        if isinstance(condition, (All, AnyOf)):
            join = self._sa.and_ if isinstance(condition, All) else self._sa.or_
            return join(*(self.build(part) for part in condition.parts))
        negated = isinstance(condition, Not)
        atom = condition.part if isinstance(condition, Not) else condition
        if not isinstance(atom, Atom):
            raise NotTranslatableError(f"{atom!r} is a predicate of the caller; a database cannot be asked for it")
        for operand in atom.operands:
            column, nulls_only = self._raw(operand), isinstance(atom, IsNull)
            check_column_type(column, self._kind(operand), operand.name, nulls_only=nulls_only)
        if isinstance(atom, IsNull) and not negated:
            return self._column(atom.left).is_(None)
        typed = [self._of_type(self._raw(one), self._kind(one)) for one in atom.operands]
        if isinstance(atom, IsNull):
            return self._sa.and_(*typed, self._column(atom.left).is_not(None))
        found = self._atom(atom)
        return self._sa.and_(*typed, self._sa.not_(found) if negated else found)

    def _atom(self, atom: Atom) -> Any:
        column = self._column(atom.left)
        if isinstance(atom, Compare):
            other = self._column(atom.right) if isinstance(atom.right, Operand) else self._value(atom.right)
            return getattr(column, f"__{atom.operator}__")(other)
        if isinstance(atom, In):
            return column.in_([self._value(value) for value in cast("tuple[object, ...]", atom.right)])
        if isinstance(atom, Contains):
            raise NotTranslatableError("lists differ between databases; use to_sql for contains")
        part = str(atom.right)
        if isinstance(atom, HasText):
            return self._has_text(column, self._value(part)) > 0
        if isinstance(atom, StartsWith):
            return self._starts_with(column, part)
        path = part.rstrip("/")
        return self._sa.or_(column == self._value(path), self._starts_with(column, path + "/"))

    def _starts_with(self, column: Any, part: str) -> Any:
        return self._sa.func.substr(column, 1, len(part)) == self._value(part)

    def _value(self, value: object) -> Any:
        return self._sa.literal(checked_literal(value, ""))

    def _column(self, operand: Operand) -> Any:
        """Return the column as it compares exactly; NaN counts as missing."""
        kind, column = self._kind(operand), self._raw(operand)
        if kind == "str":
            return self._exact(column)
        return self._number(column, kind) if kind in ("float", "decimal", "datetime") else column

    def _kind(self, operand: Operand) -> Type:
        return self._resource.fields[operand.name].type

    def _raw(self, operand: Operand) -> Any:
        name = self._columns.get(operand.name, operand.name)
        known = getattr(self._table, "c", None)
        if known is None:
            known = self._sa.inspect(self._table).columns
        if name not in known:
            raise SchemaError(str(NotFoundError.of("column", name, known.keys())))
        return known[name]


@cache
def _elements() -> tuple[Any, Any, Any, Any]:
    """Make the parts that each database writes in its own way; a database without a tested way refuses to compile."""
    import sqlalchemy as sa
    from sqlalchemy.ext.compiler import compiles
    from sqlalchemy.sql.expression import ColumnElement

    class Exact(ColumnElement[Any]):
        """Text that is compared byte by byte."""

        inherit_cache = True
        type = sa.String()
        _traverse_internals = [("column", sa.sql.visitors.InternalTraversal.dp_clauseelement)]  # noqa: RUF012

        def __init__(self, column: Any) -> None:
            self.column = column

    class Position(ColumnElement[Any]):
        """Where a text stands in another, from 1, or 0."""

        inherit_cache = True
        type = sa.Integer()
        _traverse_internals = [  # noqa: RUF012
            ("column", sa.sql.visitors.InternalTraversal.dp_clauseelement),
            ("part", sa.sql.visitors.InternalTraversal.dp_clauseelement),
        ]

        def __init__(self, column: Any, part: Any) -> None:
            self.column, self.part = column, part

    class Number(ColumnElement[Any]):
        """A number or moment; NaN is null."""

        inherit_cache = True
        _traverse_internals = [  # noqa: RUF012
            ("column", sa.sql.visitors.InternalTraversal.dp_clauseelement),
            ("kind", sa.sql.visitors.InternalTraversal.dp_string),
        ]

        def __init__(self, column: Any, kind: str) -> None:
            self.column, self.kind, self.type = column, kind, column.type

    class OfType(ColumnElement[Any]):
        """That a cell is of its type, which in SQLite need not be."""

        inherit_cache = True
        type = sa.types.NullType()  # a truth value would be compared with 1
        _traverse_internals = Number._traverse_internals

        def __init__(self, column: Any, kind: str) -> None:
            self.column, self.kind = column, kind

    @compiles(OfType, "sqlite")
    def typed_sqlite(element: Any, compiler: Any, **options: Any) -> str:
        check_column_type_on(compiler.dialect, element.column, element.kind)
        return f"({sqlite_type(element.kind).format(compiler.process(element.column, **options))})"

    @compiles(OfType, "postgresql")
    def typed_postgres(element: Any, compiler: Any, **_options: Any) -> str:
        check_column_type_on(compiler.dialect, element.column, element.kind)
        return "true"

    @compiles(OfType)
    @compiles(Exact)
    @compiles(Position)
    @compiles(Number)
    def refuse(_element: Any, compiler: Any, **_options: Any) -> str:
        raise NotTranslatableError(f"no SQL for {compiler.dialect.name!r} is tested")

    @compiles(Exact, "sqlite")
    def exact_sqlite(element: Any, compiler: Any, **options: Any) -> str:
        return f"{compiler.process(element.column, **options)} COLLATE BINARY"

    @compiles(Exact, "postgresql")
    def exact_postgres(element: Any, compiler: Any, **options: Any) -> str:
        return f'{compiler.process(element.column, **options)}::text COLLATE "C"'

    @compiles(Position, "sqlite")
    def position_sqlite(element: Any, compiler: Any, **options: Any) -> str:
        return f"instr({compiler.process(element.column, **options)}, {compiler.process(element.part, **options)})"

    @compiles(Position, "postgresql")
    def position_postgres(element: Any, compiler: Any, **options: Any) -> str:
        return f"strpos({compiler.process(element.column, **options)}, {compiler.process(element.part, **options)})"

    @compiles(Number, "sqlite")
    def number_sqlite(element: Any, compiler: Any, **options: Any) -> str:
        if element.kind != "float":
            raise NotTranslatableError(f"SQLite has no {element.kind}, so it cannot be compared exactly")
        return str(compiler.process(element.column, **options))

    @compiles(Number, "postgresql")
    def number_postgres(element: Any, compiler: Any, **options: Any) -> str:
        column = compiler.process(element.column, **options)
        if element.kind == "datetime":
            return str(column)
        return f"NULLIF({column}, 'NaN'::{'double precision' if element.kind == 'float' else 'numeric'})"

    return Exact, Position, Number, OfType
