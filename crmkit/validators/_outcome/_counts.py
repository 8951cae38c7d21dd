"""How often a rule passed, failed, crashed, or could not be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.issues import Dimension
    from crmkit.typing import JSONValue, Severity

__all__ = ["RuleOutcome"]


@attrs.frozen(kw_only=True)
class RuleOutcome:
    """What became of one rule over all rows: the four counts add up to the number of rows.

    Attributes:
        rule: The rule's name.
        path: The column it is about; ``None`` for a rule about the whole record.
        severity: Of its failures.
        dimension: Which quality it measures.
        passed: Rows that satisfy it.
        failed: Rows that do not.
        error: Rows for which the rule itself crashed; nothing is known about their data.
        skipped: Rows for which it was not asked.
        reasons: Why rows were skipped: ``empty``, ``condition_false``, ``country_missing``, ``column_missing``, ...
        exceptions: The types of the exceptions of a crashed rule; neither message nor value.

    .. versionadded:: 0.1.0
    """

    rule: str
    path: str | None
    severity: Severity
    dimension: Dimension
    passed: int
    failed: int
    error: int = 0
    skipped: int = 0
    reasons: Mapping[str, int] = attrs.field(factory=dict)
    exceptions: tuple[str, ...] = ()

    def plus(self, other: RuleOutcome) -> RuleOutcome:
        """Return the outcome over the rows of both."""
        reasons = {
            reason: self.reasons.get(reason, 0) + other.reasons.get(reason, 0)
            for reason in dict.fromkeys((*self.reasons, *other.reasons))
        }
        return attrs.evolve(
            self, passed=self.passed + other.passed, failed=self.failed + other.failed, error=self.error + other.error,
            skipped=self.skipped + other.skipped, reasons=reasons,
            exceptions=tuple(dict.fromkeys((*self.exceptions, *other.exceptions))),
        )  # fmt: skip

    @property
    def checked(self) -> int:
        """Rows for which the rule gave an answer."""
        return self.passed + self.failed

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the outcome as plain data."""
        return {**attrs.asdict(self, recurse=False), "reasons": dict(self.reasons), "exceptions": list(self.exceptions)}
