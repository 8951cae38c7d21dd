"""What a check says about one value."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.issues import Dimension
    from crmkit.typing import JSONValue, Severity

__all__ = ["NOT_NORMALIZED", "PASSED", "Finding", "Skipped", "Verdict", "failed", "normal", "stand_in"]

NOT_NORMALIZED = "not_normalized"
"""The code of a value that is right but not written in the normal form: no failure."""


_NO_PARAMS: Mapping[str, JSONValue] = {}  # one for all, and nobody writes into a finding


@attrs.frozen(slots=True)
class Finding:
    """One thing that a check found in one value.

    Attributes:
        code: Stable machine word.
        fix: What the value should be; personal data, not in the repr.
        confidence: Of the fix, 0 to 1.
        params: What the message needs; never the value.
        dimension: Which quality suffers.
        severity: How bad; ``None`` leaves it to the rule.

    Example:
        >>> from crmkit.validators import Email
        >>> Email().examine("ana@")
        (Finding(code='email_invalid', confidence=None, dimension='validity', severity=None),)

    .. versionadded:: 0.1.0
    """

    code: str
    fix: str | None = attrs.field(default=None, repr=False)
    confidence: float | None = None
    params: Mapping[str, JSONValue] = attrs.field(default=_NO_PARAMS, repr=False, hash=False)
    dimension: Dimension = "validity"
    severity: Severity | None = None


@attrs.frozen(slots=True)
class Skipped:
    """The check could not be made, and why: ``empty``, ``country_missing``, ``country_invalid``, ...

    Example:
        >>> from crmkit.validators import Phone, col
        >>> Phone(country=col("country")).examine("030 901820", (None,))
        Skipped(reason='country_missing')

    .. versionadded:: 0.1.0
    """

    reason: str


Verdict: TypeAlias = "tuple[Finding, ...] | Skipped"
"""No findings means passed, and written in the normal form."""

PASSED: tuple[Finding, ...] = ()


def failed(code: str, **params: JSONValue) -> tuple[Finding, ...]:
    """Return the verdict of one failure without a fix."""
    return (Finding(code, params=params),)


def stand_in(severity: Severity | None = None) -> tuple[Finding, ...]:
    """Return the verdict of a text that says that there is no value: ``n/a``, ``无``, ``asdf``."""
    return (Finding("placeholder", dimension="completeness", severity=severity),)


def normal(raw: str, form: str, *, confidence: float = 1.0) -> tuple[Finding, ...]:
    """Return the verdict of a right value whose normal form is ``form``."""
    if raw == form:
        return PASSED
    return (Finding(NOT_NORMALIZED, fix=form, confidence=confidence, dimension="consistency", severity="info"),)


def failures(verdict: Verdict) -> tuple[Finding, ...]:
    """Return the findings that are failures, without the remark that the form is not the normal one."""
    if isinstance(verdict, Skipped):
        return ()
    return tuple(finding for finding in verdict if finding.code != NOT_NORMALIZED)
