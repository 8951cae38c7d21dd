"""What linting says: codes, findings, and the report of them."""

from __future__ import annotations

import html
from collections import Counter
from typing import TYPE_CHECKING, Final

import attrs

from crmkit.issues import Report

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit.typing import Frame, JSONValue, Severity

__all__ = ["LINT_CODES", "Finding", "LintReport"]

LINT_CODES: Final[Mapping[str, tuple[Severity, str]]] = {
    "never_true": ("error", "no record can meet this condition"),
    "always_true": ("warning", "every record meets this condition"),
    "shadowed": ("error", "a deny that holds for every record takes it away again"),
    "redundant_in_role": ("warning", "another rule of the role allows the same or more"),
    "redundant_by_inheritance": ("info", "an inherited rule allows the same or more"),
    "deny_never_bites": ("info", "no role allows what this denies"),
    "cross_tenant": ("warning", "it reaches the records of every tenant"),
    "wildcard_sensitive": ("warning", "* shows sensitive fields in the clear"),
    "write_without_read": ("warning", "records may be changed that may not be read"),
    "sensitive_in_condition": ("info", "whoever is allowed learns something of a field that the role may not read"),
    "identical_roles": ("warning", "two roles have the same rules"),
    "empty_role": ("warning", "the role has no rule"),
    "role_without_members": ("info", "nobody holds the role"),
    "role_without_owner": ("info", "nobody answers for the role"),
    "granted_to_nobody": ("info", "no role allows this action"),
    "no_administrator": ("error", "nobody who is active holds a privileged role: who will mend the policy?"),
    "sod_violated": ("error", "somebody has duties that must be separated"),
    "sod_unsatisfiable": ("error", "a single role has duties that must be separated"),
    "permanent_privilege": ("warning", "a privileged role is held without an end"),
    "expired_assignment": ("info", "it is over and can be removed"),
    "duplicate_assignment": ("info", "the same role is held twice"),
    "too_many_members": ("error", "more principals hold the role than may"),
    "missing_prerequisite": ("error", "the role is held without another that it requires"),
    "unknown_member": ("error", "an assignment names a role or person that is not there"),
    "untranslatable": ("info", "not every back end can ask this condition"),
    "confusable_names": ("warning", "two roles have names that look alike"),
}
"""Code -> severity and what it means."""


@attrs.frozen
class Finding:
    """One thing that is probably a mistake.

    Attributes:
        code: A key of ``LINT_CODES``.
        severity: How bad it is.
        path: Where: the role, and the rule in it.
        message: A sentence for people.

    .. versionadded:: 0.1.0
    """

    code: str
    severity: Severity
    path: tuple[str | int, ...]
    message: str

    def __str__(self) -> str:
        return f"[{'.'.join(map(str, self.path))}] {self.message} [{self.code}]"


class LintReport(Report):
    """What :func:`lint` found.

    Attributes:
        findings: In the order of the policy.

    .. versionadded:: 0.1.0
    """

    __slots__ = ("findings",)

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)

    def __repr__(self) -> str:
        return f"<LintReport: {', '.join(f'{n} {code}' for code, n in self.counts().items()) or 'nothing found'}>"

    @property
    def ok(self) -> bool:
        """Whether there is no finding of severity ``error``."""
        return self._reason("error") is None

    def counts(self) -> Mapping[str, int]:
        """Return how many findings there are of each code."""
        return dict(Counter(finding.code for finding in self.findings))

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return the findings as a frame."""
        from crmkit import frames

        columns: dict[str, list[object]] = {
            "code": [one.code for one in self.findings],
            "severity": [one.severity for one in self.findings],
            "path": [".".join(map(str, one.path)) for one in self.findings],
            "message": [one.message for one in self.findings],
        }
        return frames.build(columns, like=like)

    def to_dict(self) -> Mapping[str, JSONValue]:
        """Return the findings as plain data."""
        found = [{**attrs.asdict(one), "path": list(one.path)} for one in self.findings]
        return {"findings": found}

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{one.severity}</td><td>{html.escape('.'.join(map(str, one.path)))}</td>"
            f"<td>{html.escape(one.message)}</td></tr>"
            for one in self.findings[:20]
        )
        return f"<table><tr><th>severity</th><th>where</th><th>what</th></tr>{rows}</table>"

    def _reason(self, severity: Severity) -> str | None:
        order = ("error", "warning", "info")
        bad = [one for one in self.findings if order.index(one.severity) <= order.index(severity)]
        return None if not bad else f"{len(bad)} findings; the first: {bad[0]}"
