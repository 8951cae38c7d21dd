"""Conditions on dataframes: one narwhals expression where columns have the declared types, row by row elsewhere.

The expression asks for missing values itself and never relies on what a library makes of comparing them: pandas'
object columns say that ``None != "boss"``.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final, cast

from crmkit.errors import NotTranslatableError
from crmkit.permissions._conditions._atoms import OPERATORS, Atom, Compare, HasText, In, IsNull, StartsWith, Under
from crmkit.permissions._conditions._normal import asks_caller, fields_of, walk
from crmkit.permissions._conditions._operands import Operand, RecordValue
from crmkit.permissions._conditions._tree import All, Condition, Const, Not
from crmkit.permissions._conditions._tree import Any as AnyOf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from crmkit.permissions._conditions._schema import Resource
    from crmkit.permissions._conditions._types import Type
    from crmkit.typing import Frame

__all__ = ["cells_of", "expression", "fits_frame", "kept"]

_KINDS: Final[dict[Type, str]] = {
    "str": "String", "int": "Int", "float": "Float64", "bool": "Boolean", "date": "Date", "datetime": "Datetime",
}  # fmt: skip


def expression(condition: Condition, resource: Resource, columns: Mapping[str, str]) -> Any:
    """Return a bound condition as a narwhals expression that is true or false of every row, and never null.

    Raises:
        NotTranslatableError: It asks for a decimal, a list or a predicate of the caller.
    """
    from crmkit import frames

    return _Builder(frames.expressions(), resource, columns).build(condition)


class _Builder:
    def __init__(self, narwhals: Any, resource: Resource, columns: Mapping[str, str]) -> None:
        self._narwhals = narwhals
        self._resource = resource
        self._columns = columns

    def build(self, condition: Condition) -> Any:
        if isinstance(condition, (All, AnyOf)):
            parts = [self.build(part) for part in condition.parts]
            join = self._narwhals.all_horizontal if isinstance(condition, All) else self._narwhals.any_horizontal
            return join(*parts, ignore_nulls=False)
        if isinstance(condition, Const):
            some = self._narwhals.any_horizontal(self._narwhals.all().is_null(), ignore_nulls=False)
            return some | ~some if condition.value else some & ~some  # a bare constant has not the frame's length
        negated = isinstance(condition, Not)
        atom = condition.part if isinstance(condition, Not) else condition
        if not isinstance(atom, Atom):
            raise NotTranslatableError(f"{atom!r} is a predicate of the caller; a dataframe cannot be asked for it")
        return self._atom(atom, negated=negated)

    def _atom(self, atom: Atom, *, negated: bool) -> Any:
        column, there = self._column(atom.left)
        if isinstance(atom, IsNull):
            return there if negated else ~there
        if isinstance(atom, In):
            found = column.is_in([_literal(value) for value in cast("tuple[object, ...]", atom.right)])
            return there & (~found if negated else found)
        if isinstance(atom, Compare):
            return self._compare(atom, column, there)
        text = column.fill_null("")
        part = cast("str", atom.right)
        if isinstance(atom, HasText):
            found = text.str.contains(part, literal=True)
        elif isinstance(atom, StartsWith):
            found = text.str.starts_with(part)
        else:
            part = part.rstrip("/") if isinstance(atom, Under) else part
            found = (text == part) | text.str.starts_with(part + "/")
        return there & (~found if negated else found)

    def _compare(self, atom: Compare, column: Any, there: Any) -> Any:
        symbol = OPERATORS[atom.operator]
        is_text = self._type(atom.left) == "str"
        other: Any
        if isinstance(atom.right, Operand):
            other, other_there = self._column(atom.right)
            there = there & other_there
            other = other.fill_null("") if is_text else other
        else:
            other = _literal(atom.right)
        column = column.fill_null("") if is_text else column
        compare: Callable[[Any], Any] = getattr(column, _METHODS[symbol])
        return there & compare(other)

    def _type(self, operand: Operand) -> Type:
        return self._resource.fields[operand.name].type

    def _column(self, operand: Operand) -> tuple[Any, Any]:
        kind = self._type(operand)
        if kind not in _KINDS:
            raise NotTranslatableError(f"field {operand.name!r} is {kind}, which dataframes compare in different ways")
        column = self._narwhals.col(self._columns.get(operand.name, operand.name))
        there = ~column.is_null()
        return column, there & ~column.is_nan() if kind == "float" else there


_METHODS: Final = {"==": "__eq__", "!=": "__ne__", "<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__"}


def _literal(value: object) -> object:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC)
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise NotTranslatableError("text with a lone surrogate cannot be compared in a dataframe") from None
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise NotTranslatableError("an integer beyond 64 bits cannot be compared in a dataframe")
    return value


def fits_frame(
    types: Mapping[str, Any], resource: Resource, condition: Condition, columns: Mapping[str, str], *, pandas: bool
) -> bool:
    """Say whether every column has the type that its field declares, so that an expression means what it says.

    Libraries bring a literal to the precision of the column: a tenth would equal the nearest float of 32 bits, and a
    moment would lose what is below a millisecond. So floats have 64 bits and moments microseconds, as Python has them;
    pandas' nanoseconds are nanoseconds in its cells too, as far as they reach.
    """
    for name in fields_of(condition):
        kind = resource.fields[name].type
        found = types.get(columns.get(name, name))
        word = str(found)
        if kind not in _KINDS or not word.removeprefix("U").startswith(_KINDS[kind]):
            return False
        if kind == "datetime":
            unit = getattr(found, "time_unit", None)
            fine = unit == "us" or (unit == "ns" and pandas and _in_reach(name, condition))
            if getattr(found, "time_zone", None) != "UTC" or not fine:
                return False
    return True


def _in_reach(name: str, condition: Condition) -> bool:
    """Say whether nanoseconds in 64 bits reach the moments that a field is compared with."""
    asked = (node.right for node in walk(condition) if isinstance(node, Compare) and node.left == RecordValue(name))
    return all(_FIRST_YEAR <= moment.year <= _LAST_YEAR for moment in asked if isinstance(moment, dt.datetime))


_FIRST_YEAR, _LAST_YEAR = 1678, 2261


def kept(
    rows: Frame,
    condition: Condition,
    resource: Resource,
    check: Callable[[dict[str, object]], bool],
    columns: Mapping[str, str] | None = None,
) -> list[int]:
    """Return the rows of which the condition is true, one record after the other.

    Args:
        rows: A frame as :func:`crmkit.frames.read` gives it.
        condition: What ``check`` asks.
        resource: The resource that it is about.
        check: The condition as code.
        columns: Field -> column, where they have other names.
    """
    cells = cells_of(rows, [condition], resource, columns)
    if not cells:
        return [row for row in range(len(rows)) if check({})]
    return [
        row
        for row, values in enumerate(zip(*cells.values(), strict=True))
        if check(dict(zip(cells, values, strict=True)))
    ]


def cells_of(
    rows: Frame, conditions: Iterable[Condition], resource: Resource, columns: Mapping[str, str] | None = None
) -> dict[str, list[object]]:
    """Return the fields that conditions read, column by column; all there are where a predicate of the caller asks.

    Of a field that is declared as integer, whole floats are integers.
    """
    asked = list(conditions)
    names = columns or {}
    if any(asks_caller(condition) for condition in asked):  # nobody knows which fields it reads
        fields = {column: name for name, column in names.items()}
        wanted = {fields.get(column, column): column for column in rows.columns}
    else:
        wanted = {name: names.get(name, name) for condition in asked for name in fields_of(condition)}
    found: dict[str, list[object]] = {}
    for name, column in wanted.items():
        if column in rows.columns:
            declared = resource.fields.get(name)
            values = rows.column(column)
            found[name] = _whole(values) if declared is not None and declared.type == "int" else values
    return found


def _whole(cells: list[object]) -> list[object]:
    """Return floats that are whole as integers: pandas makes floats of integers as soon as one is missing."""
    return [int(cell) if isinstance(cell, float) and cell.is_integer() else cell for cell in cells]
