"""What values a field may hold, and the code that asks whether one does.

A value of another type than declared counts as missing: nothing is converted on the way to a decision.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["GUARD_NAMES", "TYPES", "WRONG", "Type", "clean", "fits", "guard", "is_missing", "member"]

Type: TypeAlias = Literal["str", "int", "float", "decimal", "bool", "date", "datetime", "list"]
"""What a field holds; a list is of texts or integers, a moment has a time zone, a float may be a whole number."""
TYPES: Final[tuple[Type, ...]] = get_args(Type)


def _is_aware(value: object) -> bool:
    return isinstance(value, dt.datetime) and value.utcoffset() is not None


def _is_float(value: object) -> bool:
    return (isinstance(value, float) and value == value) or (
        isinstance(value, int) and not isinstance(value, bool) and -(2**53) <= value <= 2**53
    )


def _is_decimal(value: object) -> bool:
    return (isinstance(value, Decimal) and not value.is_nan()) or (
        isinstance(value, int) and not isinstance(value, bool)
    )


_TESTS: Final[dict[Type, Callable[[object], bool]]] = {
    "str": lambda value: isinstance(value, str),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "float": _is_float,
    "decimal": _is_decimal,
    "bool": lambda value: isinstance(value, bool),
    "date": lambda value: isinstance(value, dt.date) and not isinstance(value, dt.datetime),
    "datetime": _is_aware,
    "list": lambda value: isinstance(value, (list, tuple, set, frozenset)),
}

_GUARDS: Final[dict[Type, str]] = {
    "str": "isinstance({0}, str)",
    "int": "isinstance({0}, int) and {0} is not True and {0} is not False",
    "float": "is_float({0})",
    "decimal": "is_decimal({0})",
    "bool": "({0} is True or {0} is False)",
    "date": "isinstance({0}, date) and not isinstance({0}, datetime)",
    "datetime": "is_aware({0})",
    "list": "isinstance({0}, LISTS)",
}


def fits(value: object, kind: Type) -> bool:
    """Say whether the value is there and of this type."""
    return _TESTS[kind](value)


class _Wrong:
    """Stands for a value of another type than declared: neither there nor missing."""


WRONG: Final = _Wrong()


def is_missing(value: object) -> bool:
    """Say whether there is no value: ``None`` or NaN."""
    if isinstance(value, Decimal):
        return value.is_nan()  # a signaling NaN is not to be compared, even with itself
    return value is None or (isinstance(value, float) and value != value)


def clean(value: object, kind: Type) -> object:
    """Return the value as conditions see it: ``None`` where missing, ``WRONG`` where it is of another type."""
    if is_missing(value):
        return None
    return value if _TESTS[kind](value) else WRONG


def member(values: object, value: object) -> bool | None:
    """Say whether a list has the member; ``None`` where it has not, but has a missing one.

    ``1``, ``1.0`` and ``True`` are three different members.
    """
    kind = type(value)
    unsure = False
    for one in values:  # type: ignore[attr-defined]  # a list, by its type
        if type(one) is kind and one == value:
            return True
        unsure = unsure or one is None
    return None if unsure else False


def guard(name: str, kind: Type) -> str:
    """Return the source that asks the same of a variable."""
    return _GUARDS[kind].format(name)


GUARD_NAMES: Final[dict[str, object]] = {
    "date": dt.date, "datetime": dt.datetime, "is_float": _is_float, "is_decimal": _is_decimal,
    "is_aware": _is_aware, "is_missing": is_missing, "member": member, "LISTS": (list, tuple, set, frozenset),
}  # fmt: skip
"""What generated code may call."""
