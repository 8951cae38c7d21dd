"""The closed language of conditions: one tree that a record, a dataframe and a database read alike.

Values are three-valued. An atom with a missing operand, or one of another type than declared, is UNKNOWN; only
``is_null`` looks at missing values, and membership of an empty list is FALSE whatever is asked. ``and``, ``or``
and ``not`` are Kleene's. There is no regular expression and no function on purpose: they have no meaning that every
back end shares. ``Custom`` names a predicate of the caller for what is left; it can be checked on records only.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

from crmkit.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "FALSE",
    "NOW",
    "TRUE",
    "All",
    "Any",
    "Compare",
    "Condition",
    "Const",
    "Contains",
    "Context",
    "Custom",
    "HasText",
    "In",
    "IsNull",
    "Not",
    "Now",
    "Operand",
    "PrincipalValue",
    "RecordValue",
    "Scalar",
    "StartsWith",
    "Under",
    "compare",
    "context",
    "literal",
    "principal",
    "record",
    "scalar",
]  # fmt: skip

MAX_DEPTH: Final = 64
"""Deepest nesting: far beyond what people write, and within what every back end can run."""

Scalar: TypeAlias = "str | int | float | Decimal | bool | dt.date | dt.datetime"
"""What a literal may be."""
Operator: TypeAlias = Literal["eq", "ne", "lt", "le", "gt", "ge"]
OPERATORS: Final[dict[str, str]] = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
OPPOSITE: Final[dict[Operator, Operator]] = {"eq": "ne", "ne": "eq", "lt": "ge", "ge": "lt", "gt": "le", "le": "gt"}
FLIPPED: Final[dict[Operator, Operator]] = {"eq": "eq", "ne": "ne", "lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}


@attrs.frozen
class Operand:
    """A value that is known when a condition is asked: of the record, the principal or the context.

    Example:
        >>> from crmkit.permissions import principal, record
        >>> record.owner_id.eq(principal.id)
        record.owner_id.eq(principal.id)

    .. versionadded:: 0.1.0
    """

    name: str

    def eq(self, value: Operand | Scalar) -> Condition:
        """Both are there and equal; text is compared exactly, upper and lower case apart."""
        return compare("eq", self, value)

    def ne(self, value: Operand | Scalar) -> Condition:
        """Both are there and differ."""
        return compare("ne", self, value)

    def lt(self, value: Operand | Scalar) -> Condition:
        """Less than; of text only where its field declares ``collation="binary"``."""
        return compare("lt", self, value)

    def le(self, value: Operand | Scalar) -> Condition:
        """Less than or equal."""
        return compare("le", self, value)

    def gt(self, value: Operand | Scalar) -> Condition:
        """Greater than."""
        return compare("gt", self, value)

    def ge(self, value: Operand | Scalar) -> Condition:
        """Greater than or equal."""
        return compare("ge", self, value)

    def is_in(self, values: Iterable[Scalar] | Operand) -> Condition:
        """Is one of these; of an empty list FALSE."""
        if isinstance(values, Operand):
            return In(self, values)
        if isinstance(values, (str, bytes)):
            raise SchemaError("in: the values must be a list")
        return In(self, tuple(scalar(value) for value in values))

    def contains(self, value: Operand | Scalar) -> Condition:
        """Is a list that has this member."""
        return Contains(self, literal(value))

    def has_text(self, value: Operand | str) -> Condition:
        """Is text with this text in it."""
        return HasText(self, literal(value))

    def starts_with(self, value: Operand | str) -> Condition:
        """Is text that starts so; of an empty prefix UNKNOWN."""
        return StartsWith(self, literal(value))

    def under(self, path: Operand | str) -> Condition:
        """Is this path, or one below it: ``emea/de`` is under ``emea``, ``emeax`` is not."""
        return Under(self, literal(path))

    def is_null(self) -> Condition:
        """Is missing."""
        return IsNull(self)


@attrs.frozen(repr=False)
class RecordValue(Operand):
    """A field of the record; written ``record.stage``."""

    def __repr__(self) -> str:
        return f"record.{self.name}"


@attrs.frozen(repr=False)
class PrincipalValue(Operand):
    """What is known of who asks; written ``principal.id``."""

    def __repr__(self) -> str:
        return f"principal.{self.name}"


@attrs.frozen(repr=False)
class Context(Operand):
    """What the caller says of the request; written ``context.channel``."""

    def __repr__(self) -> str:
        return f"context.{self.name}"


@attrs.frozen(repr=False)
class Now(Operand):
    """The moment at which the question is asked; written ``NOW``."""

    name: str = "now"

    def __repr__(self) -> str:
        return "NOW"


NOW: Final = Now()
"""The moment at which a question is asked."""


@attrs.frozen
class Namespace:
    """Makes operands by attribute or, for names that are no Python names, by item."""

    _kind: type[Operand]

    def __getattr__(self, name: str) -> Operand:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._kind(name)

    def __getitem__(self, name: str) -> Operand:
        return self._kind(name)


record: Final = Namespace(RecordValue)
"""Fields of the record: ``record.stage``, ``record["Amount (USD)"]``."""
principal: Final = Namespace(PrincipalValue)
"""Who asks: ``id``, ``tenant``, ``teams``, ``territories``, ``reports`` and the attributes that the policy declares."""
context: Final = Namespace(Context)
"""What the caller says of the request, as the policy declares it."""


@attrs.frozen
class Condition:
    """True, false or unknown of a record; combine with ``&``, ``|`` and ``~``.

    Example:
        >>> from crmkit.permissions import principal, record
        >>> record.stage.ne("won") & record.owner_id.eq(principal.id)
        record.stage.ne('won') & record.owner_id.eq(principal.id)

    .. versionadded:: 0.1.0
    """

    @property
    def children(self) -> tuple[Condition, ...]:
        """The conditions that this one joins."""
        return ()

    @property
    def operands(self) -> tuple[Operand, ...]:
        """The operands that this one itself reads."""
        return ()

    @property
    def depth(self) -> int:
        """How deep conditions are nested in it."""
        return 0

    def __and__(self, other: object) -> Condition:
        return All((*_flat(self, All), *_flat(other, All))) if isinstance(other, Condition) else NotImplemented

    def __or__(self, other: object) -> Condition:
        return Any((*_flat(self, Any), *_flat(other, Any))) if isinstance(other, Condition) else NotImplemented

    def __invert__(self) -> Condition:
        return Not(self)

    def __bool__(self) -> bool:
        raise TypeError("a condition has no truth of its own; combine conditions with &, | and ~")


def _flat(condition: Condition, kind: type[_Joined]) -> tuple[Condition, ...]:
    """Return the parts, so that a long chain of one sign is wide and not deep."""
    return condition.children if isinstance(condition, kind) else (condition,)


def _truthless(self: object) -> bool:
    return Condition.__bool__(self)  # type: ignore[arg-type]  # attrs makes classes with slots anew


@attrs.frozen(repr=False)
class Const(Condition):
    """TRUE or FALSE whatever the record is."""

    value: bool

    def __repr__(self) -> str:
        return "TRUE" if self.value else "FALSE"


TRUE: Final = Const(value=True)
"""The condition that always holds."""
FALSE: Final = Const(value=False)
"""The condition that never holds."""


@attrs.frozen(repr=False)
class _Joined(Condition):
    parts: tuple[Condition, ...]
    depth: int = attrs.field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        depth = 1 + max((part.depth for part in self.parts), default=0)
        if depth > MAX_DEPTH:
            raise SchemaError(f"a condition is nested deeper than {MAX_DEPTH} levels")
        object.__setattr__(self, "depth", depth)

    @property
    def children(self) -> tuple[Condition, ...]:
        return self.parts

    def _joined(self, sign: str) -> str:
        return sign.join(f"({part!r})" if isinstance(part, _Joined) else repr(part) for part in self.parts)


@attrs.frozen(repr=False)
class All(_Joined):
    """Every part holds; TRUE without parts."""

    def __repr__(self) -> str:
        return self._joined(" & ") or "TRUE"


@attrs.frozen(repr=False)
class Any(_Joined):
    """Some part holds; FALSE without parts."""

    def __repr__(self) -> str:
        return self._joined(" | ") or "FALSE"


@attrs.frozen(repr=False)
class Not(Condition):
    """The part is FALSE; of UNKNOWN it is UNKNOWN."""

    part: Condition
    depth: int = attrs.field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        if self.part.depth >= MAX_DEPTH:
            raise SchemaError(f"a condition is nested deeper than {MAX_DEPTH} levels")
        object.__setattr__(self, "depth", self.part.depth + 1)

    @property
    def children(self) -> tuple[Condition, ...]:
        return (self.part,)

    def __repr__(self) -> str:
        return f"~({self.part!r})"


@attrs.frozen
class _Atom(Condition):
    left: Operand
    right: Operand | Scalar | tuple[Scalar, ...] = ()

    @property
    def operands(self) -> tuple[Operand, ...]:
        return (self.left, self.right) if isinstance(self.right, Operand) else (self.left,)


@attrs.frozen(repr=False)
class Compare(_Atom):
    """Two values compare so."""

    operator: Operator = "eq"

    def __repr__(self) -> str:
        return f"{self.left!r}.{self.operator}({self.right!r})"


@attrs.frozen(repr=False)
class In(_Atom):
    """The value is one of a list."""

    def __repr__(self) -> str:
        return f"{self.left!r}.is_in({list(self.right) if isinstance(self.right, tuple) else self.right!r})"


@attrs.frozen(repr=False)
class Contains(_Atom):
    """The value is a list that has this member."""

    def __repr__(self) -> str:
        return f"{self.left!r}.contains({self.right!r})"


@attrs.frozen(repr=False)
class HasText(_Atom):
    """The text has this text in it."""

    def __repr__(self) -> str:
        return f"{self.left!r}.has_text({self.right!r})"


@attrs.frozen(repr=False)
class StartsWith(_Atom):
    """The text starts so."""

    def __repr__(self) -> str:
        return f"{self.left!r}.starts_with({self.right!r})"


@attrs.frozen(repr=False)
class Under(_Atom):
    """The text is this path or one below it."""

    def __repr__(self) -> str:
        return f"{self.left!r}.under({self.right!r})"


@attrs.frozen(repr=False)
class IsNull(_Atom):
    """The value is missing."""

    def __repr__(self) -> str:
        return f"{self.left!r}.is_null()"


@attrs.frozen(repr=False)
class Custom(Condition):
    """A predicate of the caller, given to the engine under this name.

    Example:
        >>> from crmkit.permissions import Custom
        >>> Custom("in_office_hours")
        Custom('in_office_hours')

    .. versionadded:: 0.1.0
    """

    name: str

    def __repr__(self) -> str:
        return f"Custom({self.name!r})"


for _class in (Const, _Joined, All, Any, Not, _Atom, Compare, In, Contains, HasText, StartsWith, Under, IsNull, Custom):
    _class.__bool__ = _truthless  # type: ignore[method-assign]


def literal(value: object) -> Operand | Scalar:
    """Return a literal, or raise: missing is asked for with ``is_null``, and a moment without a zone is none."""
    if value is None:
        raise SchemaError("a condition cannot compare with null; use is_null")
    if isinstance(value, dt.datetime) and value.utcoffset() is None:
        raise SchemaError("a moment in a condition needs a time zone")
    if isinstance(value, (float, Decimal)) and value != value:
        raise SchemaError("a condition cannot compare with NaN; use is_null")
    if isinstance(value, (Operand, str, int, float, Decimal, dt.date)):
        return value
    raise SchemaError(f"a condition cannot compare with {type(value).__name__}")


def scalar(value: object) -> Scalar:
    """Return a literal that is no operand."""
    found = literal(value)
    if isinstance(found, Operand):
        raise SchemaError("a list in a condition holds literals only")
    return found


def compare(operator: Operator, left: Operand, value: object) -> Condition:
    """Return the comparison with the record's side on the left."""
    right = literal(value)
    if isinstance(right, RecordValue) and not isinstance(left, RecordValue):
        return Compare(right, left, FLIPPED[operator])
    return Compare(left, right, operator)
