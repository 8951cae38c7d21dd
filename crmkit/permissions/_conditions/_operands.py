"""What conditions compare: fields of the record, what is known of the principal and the request, and literals."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import attrs

from crmkit.errors import SchemaError

from ._atoms import FLIPPED, Compare, Contains, HasText, In, IsNull, Named, Operator, Scalar, StartsWith, Under

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._tree import Condition

__all__ = [
    "NOW",
    "Context",
    "Now",
    "Operand",
    "PrincipalValue",
    "RecordValue",
    "compare",
    "context",
    "literal",
    "principal",
    "record",
    "scalar",
]


@attrs.frozen
class Operand(Named):
    """A value that is known when a condition is asked: of the record, the principal or the context.

    Example:
        >>> from crmkit.permissions import principal, record
        >>> record.owner_id.eq(principal.id)
        record.owner_id.eq(principal.id)

    .. versionadded:: 0.1.0
    """

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


def literal(value: object) -> Operand | Scalar:
    """Return a literal, or raise: missing is asked for with ``is_null``, and a moment without a zone is none."""
    if value is None:
        raise SchemaError("a condition cannot compare with null; use is_null")
    if isinstance(value, dt.datetime) and value.utcoffset() is None:
        raise SchemaError("a moment in a condition needs a time zone")
    if (isinstance(value, float) and value != value) or (isinstance(value, Decimal) and value.is_nan()):
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
