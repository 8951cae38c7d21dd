"""``any_of``, ``all_of`` and ``optional``: the words for combining, for checks and for conditions alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

import attrs

from crmkit.errors import SchemaError
from crmkit.validators._checks._check import AllOf, AnyOf, Check, Graded, When, Worded
from crmkit.validators._checks._conditions import AllTrue, AnyTrue, Condition
from crmkit.validators._values._text import Required

from ._rule import Demand, Rule

if TYPE_CHECKING:
    from crmkit.typing import Severity

__all__ = ["all_of", "any_of", "optional"]


@overload
def any_of(*parts: Check) -> Check: ...
@overload
def any_of(*parts: Condition, code: str | None = ..., name: str | None = ..., severity: Severity = ...) -> Rule: ...
def any_of(
    *parts: Check | Condition, code: str | None = None, name: str | None = None, severity: Severity = "error"
) -> Check | Rule:
    """Demand at least one of several: checks of one value, or conditions on a row.

    Args:
        parts: All checks (the same as ``a | b``), or all conditions (a rule about rows).
        code: For a rule about rows: a code of your own.
        name: For a rule about rows: its name in the report.
        severity: For a rule about rows: of a failure.

    Example:
        >>> from crmkit.validators import present
        >>> any_of(present("email"), present("phone"), code="no_way_to_reach")
        any_of(present('email'), present('phone'))

    .. versionadded:: 0.1.0
    """
    checks, conditions = _sorted(parts, "any_of")
    if checks:
        return AnyOf(checks)
    return Demand(AnyTrue(conditions), code=code, name=name, severity=severity)


@overload
def all_of(*parts: Check) -> Check: ...
@overload
def all_of(*parts: Condition, code: str | None = ..., name: str | None = ..., severity: Severity = ...) -> Rule: ...
def all_of(
    *parts: Check | Condition, code: str | None = None, name: str | None = None, severity: Severity = "error"
) -> Check | Rule:
    """Demand all of several: checks of one value (the same as ``a & b``), or conditions on a row.

    Args:
        parts: All checks, or all conditions.
        code: For a rule about rows: a code of your own.
        name: For a rule about rows: its name in the report.
        severity: For a rule about rows: of a failure.

    Example:
        >>> from crmkit.validators import present
        >>> all_of(present("city"), present("country"))
        all_of(present('city'), present('country'))

    .. versionadded:: 0.1.0
    """
    checks, conditions = _sorted(parts, "all_of")
    if checks:
        return AllOf(checks)
    return Demand(AllTrue(conditions), code=code, name=name, severity=severity)


def _sorted(parts: tuple[Check | Condition, ...], word: str) -> tuple[tuple[Check, ...], tuple[Condition, ...]]:
    checks = tuple(part for part in parts if isinstance(part, Check))
    conditions = tuple(part for part in parts if isinstance(part, Condition))
    if not parts or len(checks) not in (0, len(parts)) or len(checks) + len(conditions) != len(parts):
        raise SchemaError(f"{word}() takes checks, or conditions such as present('email'); at least one, and not both")
    return checks, conditions


def optional(check: Check) -> Check:
    """Return the check without its demand that there be a value.

    Example:
        >>> from crmkit.validators import Email, Required
        >>> optional(Required() & Email())
        Email()

    Raises:
        SchemaError: If nothing but the demand is left to be checked.

    .. versionadded:: 0.1.0
    """
    left = _without_required(check)
    if left is None:
        raise SchemaError("optional(Required()) checks nothing; leave the field out")
    return left


def _without_required(check: Check) -> Check | None:
    match check:
        case Required():
            return None
        case AllOf(checks):
            left = tuple(part for part in map(_without_required, checks) if part is not None)
            return left[0] if len(left) == 1 else AllOf(left) if left else None
        case When() | Graded() | Worded():
            inner = _without_required(check.check)
            return None if inner is None else attrs.evolve(check, check=inner)
    return check
