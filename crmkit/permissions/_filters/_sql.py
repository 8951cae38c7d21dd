"""Conditions as SQL: ``(text, parameters)`` for databases that the tests really run.

Three-valued logic is SQL's own, so that what is UNKNOWN is not returned. Identifiers come from the policy or the
caller's map and are quoted; every value is a parameter. Text is compared byte by byte whatever the column's collation
is, and a prefix with ``substr`` or a function made for it, because ``LIKE`` is not case-sensitive everywhere.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast, get_args

from crmkit.errors import NotFoundError, NotTranslatableError, SchemaError
from crmkit.permissions._conditions._atoms import OPERATORS, Atom, Compare, Contains, HasText, In, IsNull, StartsWith
from crmkit.permissions._conditions._operands import Operand
from crmkit.permissions._conditions._tree import All, Any, Condition, Const, Not

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.permissions._conditions._schema import Resource
    from crmkit.permissions._conditions._types import Type

__all__ = ["Dialect", "ParamStyle", "check_columns", "checked_literal", "sql", "sqlite_type"]

Dialect: TypeAlias = Literal["sqlite", "postgres", "duckdb"]
"""The databases whose answers are tested to be the same as those on records."""
ParamStyle: TypeAlias = Literal["qmark", "numeric", "dollar", "named", "format", "pyformat"]
"""How parameters are written: ``?``, ``:1``, ``$1``, ``:p0``, ``%s``, ``%(p0)s``."""

_MARKS: Final[dict[ParamStyle, str]] = {
    "qmark": "?", "numeric": ":{1}", "dollar": "${1}", "named": ":p{0}", "format": "%s", "pyformat": "%(p{0})s"
}  # fmt: skip
_MAX_PARAMETERS: Final[dict[Dialect, int]] = {"sqlite": 32_766, "postgres": 65_535, "duckdb": 65_535}
_OF_TYPE: Final[dict[Type, str]] = {
    "str": "typeof({0}) = 'text'",
    "int": "typeof({0}) = 'integer'",
    # Of an integer beyond 53 bits nobody can say which float it is.
    "float": f"(typeof({{0}}) = 'real' OR typeof({{0}}) = 'integer' AND {{0}} BETWEEN {-(2**53)} AND {2**53})",
    "bool": "typeof({0}) = 'integer' AND {0} IN (0, 1)",
    "date": "date({0}, '+0 days') = {0}",
}
_SQL_OPERATORS: Final = {**OPERATORS, "eq": "=", "ne": "<>"}


def sql(
    condition: Condition,
    resource: Resource,
    *,
    dialect: Dialect,
    paramstyle: ParamStyle,
    columns: Mapping[str, str | Sequence[str]],
) -> tuple[str, list[object] | dict[str, object]]:
    """Return a bound condition as SQL text and its parameters."""
    if dialect not in get_args(Dialect):
        raise NotTranslatableError(f"no SQL for {dialect!r} is tested; dialects: {', '.join(get_args(Dialect))}")
    if paramstyle not in _MARKS:
        raise NotFoundError.of("paramstyle", paramstyle, _MARKS)
    check_columns(columns, resource)
    writer = _Writer(resource, dialect, paramstyle, columns)
    text = writer.write(condition)
    if len(writer.values) > _MAX_PARAMETERS[dialect]:
        raise NotTranslatableError(f"{dialect} takes at most {_MAX_PARAMETERS[dialect]} parameters")
    if paramstyle in ("named", "pyformat"):
        return text, {f"p{place}": value for place, value in enumerate(writer.values)}
    return text, writer.values


def check_columns(columns: Mapping[str, object], resource: Resource) -> None:
    """Raise if the map names a field that the resource has not.

    Raises:
        NotFoundError: It does.
        SchemaError: A column is no name.
    """
    for name, column in columns.items():
        if name not in resource.fields:
            raise NotFoundError.of(f'field of resource "{resource.name}"', name, resource.fields)
        parts = [column] if isinstance(column, str) else column
        if not (isinstance(parts, Sequence) and parts and all(isinstance(part, str) and part for part in parts)):
            raise SchemaError(f'the column of field "{name}" must be a name, or the parts of one')


def checked_literal(value: object, dialect: str) -> object:
    """Return a value as a driver takes it.

    Raises:
        NotTranslatableError: The database cannot hold it or compares it otherwise.
    """
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise NotTranslatableError("text with a lone surrogate cannot be sent to a database") from None
        if "\0" in value:
            raise NotTranslatableError("text with a NUL cannot be compared alike in every database")
    elif isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**63:
        raise NotTranslatableError("an integer beyond 64 bits cannot be sent to a database")
    elif dialect == "sqlite" and isinstance(value, dt.date):
        return value.isoformat()
    return value


def sqlite_type(kind: Type) -> str:
    """Return what asks SQLite whether a cell is of a type, ``{0}`` for the cell.

    Raises:
        NotTranslatableError: SQLite has no such type.
    """
    if kind not in _OF_TYPE:
        raise NotTranslatableError(f"SQLite has no {kind}, so it cannot be compared exactly")
    return _OF_TYPE[kind]


class _Writer:
    def __init__(
        self, resource: Resource, dialect: Dialect, style: ParamStyle, columns: Mapping[str, str | Sequence[str]]
    ) -> None:
        self._resource = resource
        self._dialect = dialect
        self._style = style
        self._columns = columns
        self.values: list[object] = []
        self._known: dict[str, str] = {}
        self._typed: dict[str, str] = {}

    def write(self, condition: Condition) -> str:
        if isinstance(condition, Const):
            return "1 = 1" if condition.value else "1 = 0"
        if isinstance(condition, (All, Any)):
            sign = " AND " if isinstance(condition, All) else " OR "
            return _balanced([self.write(part) for part in condition.parts], sign)
        negated = isinstance(condition, Not)
        atom = condition.part if isinstance(condition, Not) else condition
        if not isinstance(atom, Atom):
            raise NotTranslatableError(f"{atom!r} is a predicate of the caller; a database cannot be asked for it")
        if isinstance(atom, IsNull) and not negated:
            return f"{self._column(atom.left)} IS NULL"
        text = self._said(atom, negated=negated)
        if self._dialect != "sqlite":
            return text
        for operand in atom.operands:
            text = f"{self._of_type(operand)} AND {text}"
        return f"({text})"

    def _said(self, atom: Atom, *, negated: bool) -> str:
        if isinstance(atom, IsNull):
            return f"{self._column(atom.left)} IS NOT NULL"
        if isinstance(atom, In):
            values = [self._value(value) for value in cast("tuple[object, ...]", atom.right)]
            return f"{self._exact(atom.left)} {'NOT ' if negated else ''}IN ({', '.join(values)})"
        text = self._atom(atom)
        return f"NOT ({text})" if negated else text

    def _of_type(self, operand: Operand) -> str:
        """Return what asks SQLite for the type of a cell: its columns hold anything, and any text is over a number."""
        found = self._typed.get(operand.name)
        if found is None:
            found = sqlite_type(self._type(operand)).replace("{0}", self._column(operand))
            self._typed[operand.name] = found
        return found

    def _atom(self, atom: Atom) -> str:
        if isinstance(atom, Compare):
            right = self._exact(atom.right) if isinstance(atom.right, Operand) else None
            left = self._exact(atom.left)
            return f"{left} {_SQL_OPERATORS[atom.operator]} {right or self._value(atom.right)}"
        if isinstance(atom, Contains):
            return self._contains(atom)
        column = self._exact(atom.left)
        part = str(atom.right)
        if isinstance(atom, HasText):
            function = "instr" if self._dialect == "sqlite" else "strpos"
            return f"{function}({column}, {self._value(part)}) > 0"
        if isinstance(atom, StartsWith):
            return self._starts_with(column, part)
        path = part.rstrip("/")
        return f"({column} = {self._value(path)} OR {self._starts_with(column, path + '/')})"

    def _starts_with(self, column: str, part: str) -> str:
        if self._dialect == "duckdb":
            return f"starts_with({column}, {self._value(part)})"
        return f"substr({column}, 1, {len(part)}) = {self._value(part)}"

    def _contains(self, atom: Contains) -> str:
        column = self._column(atom.left)
        if self._dialect == "sqlite":
            raise NotTranslatableError("SQLite has no lists, so contains cannot be asked of it")
        if self._dialect == "postgres":
            exact = ' COLLATE "C"' if isinstance(atom.right, str) else ""
            return f"{self._value(atom.right)}{exact} = ANY({column})"
        found = f"list_contains({column}, {self._value(atom.right)})"
        # DuckDB says FALSE of a list that lacks the member and holds a null; SQL, and we, do not know.
        return f"CASE WHEN {found} THEN TRUE WHEN len({column}) = list_count({column}) THEN FALSE END"

    def _type(self, operand: Operand) -> Type:
        return self._resource.fields[operand.name].type

    def _exact(self, operand: Operand) -> str:
        """Return the column as it compares exactly."""
        column = self._column(operand)
        if self._type(operand) != "str":
            return column
        if self._dialect == "postgres":
            return f'{column}::text COLLATE "C"'
        return f"{column} COLLATE {'BINARY' if self._dialect == 'sqlite' else 'C'}"

    def _column(self, operand: Operand) -> str:
        """Return the quoted column; of fractions NaN counts as missing."""
        found = self._known.get(operand.name)
        if found is None:
            found = self._known[operand.name] = self._written(operand)
        return found

    def _written(self, operand: Operand) -> str:
        kind = self._type(operand)
        if self._dialect == "sqlite" and kind in ("decimal", "datetime"):
            raise NotTranslatableError(f"SQLite has no {kind}, so field {operand.name!r} cannot be compared exactly")
        names = self._columns.get(operand.name, operand.name)
        column = ".".join(self._quoted(name) for name in ([names] if isinstance(names, str) else names))
        if self._dialect != "sqlite" and kind == "float":
            return f"NULLIF({column}, 'NaN'::double precision)"
        if self._dialect == "postgres" and kind == "decimal":
            return f"NULLIF({column}, 'NaN'::numeric)"
        return column

    def _quoted(self, name: str) -> str:
        checked_literal(name, self._dialect)
        # SQLite takes a name in double quotes for text where there is no such column, which would be unlike any value.
        mark = "`" if self._dialect == "sqlite" else '"'
        quoted = mark + name.replace(mark, mark * 2) + mark
        return quoted.replace("%", "%%") if self._style in ("format", "pyformat") else quoted

    def _value(self, value: object) -> str:
        self.values.append(checked_literal(value, self._dialect))
        return _MARKS[self._style].format(len(self.values) - 1, len(self.values))


def _balanced(parts: list[str], sign: str) -> str:
    """Join parts so that thousands of them are not nested thousands deep, which SQLite refuses."""
    while len(parts) > 400:
        parts = [f"({sign.join(parts[start : start + 100])})" for start in range(0, len(parts), 100)]
    return f"({sign.join(parts)})"
