"""A field's check, taken apart into rules."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import attrs

from ._check import AllOf, Check, Graded, When, Worded
from ._conditions import AllTrue, Condition

if TYPE_CHECKING:
    from crmkit.typing import Severity

__all__ = ["FieldRule", "field_rules"]


@attrs.frozen(kw_only=True)
class FieldRule:
    """One check of one field, with what was said about it."""

    name: str
    check: Check
    condition: Condition | None = None
    severity: Severity | None = None
    template: dict[str, str] | None = None

    @property
    def grade(self) -> Severity:
        """Severity of a failure that does not bring its own."""
        return self.severity or self.check.severity


def field_rules(field: str, check: Check) -> list[FieldRule]:
    """Take the check of a field apart at ``&`` into its rules, in order, each under a name of its own.

    Example:
        >>> from crmkit.validators import Email, Required, Text
        >>> [rule.name for rule in field_rules("email", Required() & Email() & Text(max_length=80).warn())]
        ['email:required', 'email:email', 'email:text']
    """
    rules: list[FieldRule] = []
    taken: Counter[str] = Counter()

    def add(part: Check, rule: FieldRule) -> None:
        match part:
            case AllOf(checks):
                for inner in checks:
                    add(inner, rule)
            case When(inner, condition):
                both = condition if rule.condition is None else AllTrue((rule.condition, condition))
                add(inner, attrs.evolve(rule, condition=both))
            case Graded(inner, grade):
                add(inner, attrs.evolve(rule, severity=rule.severity or grade))
            case Worded(inner, en, zh):
                words = {"en": en} if zh is None else {"en": en, "zh": zh}
                add(inner, attrs.evolve(rule, template=rule.template or words))
            case _:
                taken[part.slug] += 1
                number = "" if taken[part.slug] == 1 else f"_{taken[part.slug]}"
                rules.append(attrs.evolve(rule, name=f"{field}:{part.slug}{number}", check=part))

    add(check, FieldRule(name=field, check=check))
    return rules
