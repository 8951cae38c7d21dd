"""One issue, and the words that grade it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from crmkit.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.typing import JSONValue, Severity

__all__ = ["COLUMNS", "DIMENSIONS", "SEVERITIES", "Dimension", "Issue", "at_least"]

Dimension: TypeAlias = Literal[
    "completeness", "validity", "accuracy", "consistency", "uniqueness", "integrity", "timeliness"
]
"""Which quality suffers."""

COLUMNS = (
    "run_id", "record_id", "row", "path", "rule", "code", "severity", "dimension", "value", "message", "params",
    "related", "fix", "confidence",
)  # fmt: skip
"""The columns of version 1, in order."""

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""Worst first."""

DIMENSIONS: tuple[Dimension, ...] = (
    "completeness", "validity", "accuracy", "consistency", "uniqueness", "integrity", "timeliness",
)  # fmt: skip
"""What can be wrong with data."""


def at_least(severity: Severity) -> tuple[Severity, ...]:
    """Return the severities as bad as ``severity`` or worse.

    Example:
        >>> at_least("warning")
        ('error', 'warning')

    .. versionadded:: 0.1.0
    """
    if severity not in SEVERITIES:
        raise NotFoundError.of("severity", severity, SEVERITIES)
    return SEVERITIES[: SEVERITIES.index(severity) + 1]


@attrs.frozen(kw_only=True)
class Issue:
    """One thing that is wrong with one value, record or table: one row of the issue table.

    ``value``, ``fix`` and ``params`` may be personal data and stay out of the repr.

    Example:
        >>> Issue(rule="email", code="email_invalid", path="email", value="a@b@c.example")
        Issue(rule='email', code='email_invalid', path='email', row=None, severity='error', dimension='validity')

    .. versionadded:: 0.1.0
    """

    rule: str
    code: str
    path: str | None = None
    row: int | None = None
    severity: Severity = "error"
    dimension: Dimension = "validity"
    message: str = attrs.field(default="", repr=False)
    value: str | None = attrs.field(default=None, repr=False)
    fix: str | None = attrs.field(default=None, repr=False)
    confidence: float | None = attrs.field(default=None, repr=False)
    params: Mapping[str, JSONValue] = attrs.field(factory=dict, repr=False, hash=False)
    related: tuple[str, ...] = attrs.field(default=(), repr=False)
    record_id: str | None = attrs.field(default=None, repr=False)
    run_id: str = attrs.field(default="", repr=False)
