"""Conditions on a record: ``col("country") == "CN"``, ``present("email")``, joined by ``&``, ``|`` and ``~``.

They say for which rows a rule holds, and they are what ``any_of`` and ``all_of`` demand. A comparison with a missing
value is false, ``!=`` included; ``~`` is plain negation.
"""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from functools import reduce
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import attrs

from crmkit import frames
from crmkit.errors import SchemaError
from crmkit.validators._reading._named import normalizer
from crmkit.validators._reading._ordered import comparable
from crmkit.validators._reading._patterns import compile_pattern

from ._arguments import column_names, one_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from crmkit.validators._reading._columns import Columns

__all__ = ["OPERATORS", "AllTrue", "AnyTrue", "Column", "Comparison", "Condition", "Matches", "Negation", "OneOf",
           "Operator", "Present", "col", "present"]  # fmt: skip

Mask: TypeAlias = "np.ndarray[Any, np.dtype[np.bool_]]"
Operator: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">="]
OPERATORS = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt,
              ">=": operator.ge}  # fmt: skip


class Condition(ABC):
    """True or false of a row; combine with ``&``, ``|``, ``~``.

    .. versionadded:: 0.1.0
    """

    __slots__ = ()

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """The columns that are read, each once."""

    @abstractmethod
    def mask(self, columns: Columns) -> Mask:
        """Return for each row whether the condition holds."""

    @abstractmethod
    def rename(self, names: Mapping[str, str]) -> Condition:
        """Return the condition with columns renamed."""

    def __and__(self, other: object) -> Condition:
        return AllTrue((self, other)) if isinstance(other, Condition) else NotImplemented

    def __or__(self, other: object) -> Condition:
        return AnyTrue((self, other)) if isinstance(other, Condition) else NotImplemented

    def __invert__(self) -> Condition:
        return Negation(self)

    def __bool__(self) -> bool:
        raise TypeError("a condition has no truth of its own; combine conditions with &, | and ~")


@attrs.frozen
class Present(Condition):
    """The column is filled in: not missing, and not blank."""

    column: str

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    def mask(self, columns: Columns) -> Mask:
        return columns.present(self.column)

    def rename(self, names: Mapping[str, str]) -> Present:
        return Present(names.get(self.column, self.column))

    def __repr__(self) -> str:
        return f"present({self.column!r})"

    __bool__ = Condition.__bool__


@attrs.frozen
class Comparison(Condition):
    """The value, as text, number or date, compares so with a constant."""

    column: str
    operator: Operator = attrs.field(validator=one_of("comparison", get_args(Operator)))
    value: str
    normalize: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    def mask(self, columns: Columns) -> Mask:
        if self.operator in ("==", "!="):
            same = OPERATORS[self.operator]
            form = normalizer(self.normalize)
            return columns.where(
                self.column, lambda text: (found := form(text)) is not None and same(found, self.value)
            )
        constant = comparable(self.value)
        if constant is None:
            raise SchemaError(f"{self!r}: only numbers and dates have an order; compare text with == or .isin()")
        kind, bound = constant
        compare = OPERATORS[self.operator]

        def holds(text: str) -> bool:
            found = comparable(text)
            return found is not None and found[0] == kind and bool(compare(found[1], bound))

        return columns.where(self.column, holds)

    def rename(self, names: Mapping[str, str]) -> Comparison:
        return attrs.evolve(self, column=names.get(self.column, self.column))

    def __repr__(self) -> str:
        return f"{_column_repr(self.column, self.normalize)} {self.operator} {self.value!r}"

    __bool__ = Condition.__bool__


@attrs.frozen
class OneOf(Condition):
    """The value, as text, is one of several."""

    column: str
    values: tuple[str, ...]
    normalize: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    def mask(self, columns: Columns) -> Mask:
        form = normalizer(self.normalize)
        allowed = frozenset(self.values)
        return columns.where(self.column, lambda text: form(text) in allowed)

    def rename(self, names: Mapping[str, str]) -> OneOf:
        return attrs.evolve(self, column=names.get(self.column, self.column))

    def __repr__(self) -> str:
        values = ", ".join(repr(value) for value in self.values)
        return f"{_column_repr(self.column, self.normalize)}.isin({values})"

    __bool__ = Condition.__bool__


@attrs.frozen
class Matches(Condition):
    """The whole value, as text, matches a regular expression."""

    column: str
    pattern: str = attrs.field()

    @pattern.validator
    def _compiles(self, _attribute: object, pattern: str) -> None:
        compile_pattern(pattern, f"the pattern for {self.column!r}")

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    def mask(self, columns: Columns) -> Mask:
        full = compile_pattern(self.pattern, f"the pattern for {self.column!r}")
        return columns.where(self.column, lambda text: full(text) is not None)

    def rename(self, names: Mapping[str, str]) -> Matches:
        return attrs.evolve(self, column=names.get(self.column, self.column))

    def __repr__(self) -> str:
        return f"col({self.column!r}).matches({self.pattern!r})"

    __bool__ = Condition.__bool__


@attrs.frozen
class Negation(Condition):
    """The condition does not hold."""

    condition: Condition

    @property
    def columns(self) -> tuple[str, ...]:
        return self.condition.columns

    def mask(self, columns: Columns) -> Mask:
        return ~self.condition.mask(columns)

    def rename(self, names: Mapping[str, str]) -> Negation:
        return Negation(self.condition.rename(names))

    def __repr__(self) -> str:
        return f"~({self.condition!r})"

    __bool__ = Condition.__bool__


@attrs.frozen
class _Joined(Condition):
    conditions: tuple[Condition, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for condition in self.conditions for name in condition.columns))

    __bool__ = Condition.__bool__


@attrs.frozen(repr=False)
class AllTrue(_Joined):
    """Every one of the conditions holds."""

    def mask(self, columns: Columns) -> Mask:
        return reduce(operator.and_, [condition.mask(columns) for condition in self.conditions])

    def rename(self, names: Mapping[str, str]) -> AllTrue:
        return AllTrue(tuple(condition.rename(names) for condition in self.conditions))

    def __repr__(self) -> str:
        return " & ".join(f"({condition!r})" for condition in self.conditions)


@attrs.frozen(repr=False)
class AnyTrue(_Joined):
    """At least one of the conditions holds."""

    def mask(self, columns: Columns) -> Mask:
        return reduce(operator.or_, [condition.mask(columns) for condition in self.conditions])

    def rename(self, names: Mapping[str, str]) -> AnyTrue:
        return AnyTrue(tuple(condition.rename(names) for condition in self.conditions))

    def __repr__(self) -> str:
        return " | ".join(f"({condition!r})" for condition in self.conditions)


class Column:
    """A column of the record that is checked, by name; compare it to get a condition.

    Made by :func:`col`.

    .. versionadded:: 0.1.0
    """

    __slots__ = ("name", "normalize")

    def __init__(self, name: str, *, normalize: str | None = None) -> None:
        normalizer(normalize)
        self.name = name
        self.normalize = normalize

    def _compare(self, symbol: Operator, value: object) -> Comparison:
        return Comparison(self.name, symbol, _constant(value), self.normalize)

    def __eq__(self, value: object) -> Comparison:  # type: ignore[override]  # a comparison of columns is a condition, as in dataframes
        return self._compare("==", value)

    def __ne__(self, value: object) -> Comparison:  # type: ignore[override]  # as above
        return self._compare("!=", value)

    def __lt__(self, value: object) -> Comparison:
        return self._compare("<", value)

    def __le__(self, value: object) -> Comparison:
        return self._compare("<=", value)

    def __gt__(self, value: object) -> Comparison:
        return self._compare(">", value)

    def __ge__(self, value: object) -> Comparison:
        return self._compare(">=", value)

    __hash__ = None  # type: ignore[assignment]  # equality makes a condition, so a column cannot be a key

    def isin(self, *values: object) -> Condition:
        """Return the condition that the value is one of ``values``, or of those of one list."""
        if len(values) == 1 and isinstance(values[0], (list, tuple, set, frozenset)):
            values = tuple(values[0])
        if not values:
            raise SchemaError(f"{self!r}.isin() needs at least one value")
        return OneOf(self.name, tuple(_constant(value) for value in values), self.normalize)

    def matches(self, pattern: str) -> Condition:
        """Return the condition that the whole text matches the regular expression."""
        return Matches(self.name, pattern)

    def present(self) -> Condition:
        """Return the condition that the value is filled in."""
        return Present(self.name)

    def __repr__(self) -> str:
        return _column_repr(self.name, self.normalize)


def col(name: str, *, normalize: str | None = None) -> Column:
    """Name a column of the record that is checked.

    Args:
        name: The column.
        normalize: Compare this form of the value: ``email``, ``phone``, ``country``, ``company``, ``text``, or a name
            of your own from :func:`crmkit.validators.register`.

    Raises:
        NotFoundError: If nobody registered the normal form.

    Example:
        >>> col("country") == "CN"
        col('country') == 'CN'
        >>> ~(col("stage").isin("won", "lost") & present("amount"))
        ~((col('stage').isin('won', 'lost')) & (present('amount')))

    .. versionadded:: 0.1.0
    """
    column_names("col()", [name])
    return Column(name, normalize=normalize)


def present(column: str) -> Condition:
    """Return the condition that the column is filled in: neither missing nor blank.

    Example:
        >>> present("email") | present("phone")
        (present('email')) | (present('phone'))

    .. versionadded:: 0.1.0
    """
    column_names("present()", [column])
    return Present(column)


def _constant(value: object) -> str:
    if isinstance(value, (list, tuple, set, frozenset, dict)):
        raise SchemaError("a column is compared with one value; for several write .isin(...)")
    texts = frames.read([{"value": value}]).texts("value").values
    if not texts:
        raise SchemaError("nothing equals a missing value; write ~present(column)")
    return str(texts[0])


def _column_repr(name: str, normalize: str | None) -> str:
    return f"col({name!r})" if normalize is None else f"col({name!r}, normalize={normalize!r})"
