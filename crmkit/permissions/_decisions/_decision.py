"""Answers that say why: the decision, what failed, and which rules nearly matched."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

if TYPE_CHECKING:
    import datetime as dt

    from crmkit.permissions._conditions._schema import Scope
    from crmkit.typing import JSONValue

__all__ = ["Decision", "DecisionCode", "Leaf", "NearMiss", "Outcome"]

DecisionCode: TypeAlias = Literal[
    "allowed", "inactive", "explicit_deny", "no_matching_allow", "separation", "audit_failed"
]
"""Why a decision is what it is."""


class Outcome(Enum):
    """What holds for all records of a resource.

    Example:
        >>> Outcome.DEPENDS
        <Outcome.DEPENDS: 'depends'>

    .. versionadded:: 0.1.0
    """

    ALWAYS = "always"
    """Allowed on every record that there can be."""
    NEVER = "never"
    """Allowed on none."""
    DEPENDS = "depends"
    """Depends on the record."""

    def __bool__(self) -> bool:
        raise TypeError("an outcome is one of three; compare it, or ask may() or allows()")


@attrs.frozen
class Leaf:
    """One comparison that kept a rule from matching.

    Attributes:
        text: The comparison, with what the principal brings to it.
        field: The field of the record that was asked.
        found: What the record holds; ``None`` where it is missing or too sensitive to be shown.
        why: ``"false"``, ``"missing"``, ``"type"`` (a value of another type than declared), ``"error"``, or
            ``"hidden"`` of a field of which not even that may be said.

    .. versionadded:: 0.1.0
    """

    text: str
    field: str | None
    found: str | None
    why: Literal["false", "missing", "type", "error", "hidden"]

    def __str__(self) -> str:
        tail = {"missing": "; it is missing", "type": "; it is of another type", "error": "; it failed"}.get(
            self.why, ""
        )
        return f"{self.text}{tail}" if self.found is None else f"{self.text}; it is {self.found}"


@attrs.frozen
class NearMiss:
    """An allow of a role that the principal has, and what kept it from matching.

    .. versionadded:: 0.1.0
    """

    rule: str
    role: str
    leaves: tuple[Leaf, ...]

    def __str__(self) -> str:
        return f"{self.rule} would match but for: " + ", ".join(map(str, self.leaves[:4]))


@attrs.frozen(kw_only=True)
class Decision:
    """One decision with its reasons; true where the action is allowed.

    Attributes:
        allowed: The answer.
        code: Why, as a stable word.
        principal: Who asked.
        action: For what.
        resource: On what kind of record.
        rule: The rule that decided, where one did.
        rules: Every rule that decided likewise.
        role_path: From a role that is assigned to the one that has the rule.
        scope_level: The narrowest scope that was enough.
        reason: What the rule gives as its reason.
        errors: Predicates that failed and were taken as UNKNOWN, by name.
        near_misses: Rules that would have allowed it, the nearest first.
        granting_roles: Roles, not assigned, that would allow it on this record, but for those that ask for fields whose
            values may not be shown.
        policy_digest: Which policy decided.
        valid_until: Until when the grants stay as they are.
        at: When it was asked.

    .. versionadded:: 0.1.0
    """

    allowed: bool
    code: DecisionCode
    principal: str
    action: str
    resource: str
    rule: str | None = None
    rules: tuple[str, ...] = ()
    role_path: tuple[str, ...] = ()
    scope_level: Scope | None = None
    reason: str | None = None
    errors: tuple[str, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()
    granting_roles: tuple[str, ...] = ()
    policy_digest: str = attrs.field(repr=False)
    valid_until: dt.datetime | None = None
    at: dt.datetime = attrs.field(repr=False)

    def __bool__(self) -> bool:
        return self.allowed

    def __str__(self) -> str:
        word = "ALLOW" if self.allowed else "DENY"
        lines = [f"{word} {self.action} on {self.resource} to {self.principal}: {_SENTENCES[self.code]}"]
        if self.rule is not None:
            lines.append(f"  rule {self.rule}" + (f" by {' -> '.join(self.role_path)}" if self.role_path else ""))
        if self.scope_level is not None:
            lines.append(f"  narrowest scope that is enough: {self.scope_level}")
        if self.reason is not None:
            lines.append(f"  reason: {self.reason}")
        lines += [f"  {miss}" for miss in self.near_misses[:3]]
        if self.granting_roles:
            lines.append(f"  roles that would allow it: {', '.join(self.granting_roles[:5])}")
        if self.errors:
            lines.append(f"  failed and taken as unknown: {', '.join(self.errors)}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the decision as plain data."""
        return {
            "allowed": self.allowed, "code": self.code, "principal": self.principal, "action": self.action,
            "resource": self.resource, "rule": self.rule, "rules": list(self.rules),
            "role_path": list(self.role_path), "scope_level": self.scope_level, "reason": self.reason,
            "errors": list(self.errors),
            "near_misses": [
                {"rule": miss.rule, "role": miss.role, "failed": [attrs.asdict(leaf) for leaf in miss.leaves]}
                for miss in self.near_misses
            ],
            "granting_roles": list(self.granting_roles), "policy_digest": self.policy_digest,
            "valid_until": None if self.valid_until is None else self.valid_until.isoformat(),
            "at": self.at.isoformat(),
        }  # fmt: skip


_SENTENCES = {
    "allowed": "a rule allows it and none denies it",
    "inactive": "the principal is not active",
    "explicit_deny": "a rule denies it",
    "no_matching_allow": "no rule allows it",
    "separation": "separation of duties",
    "audit_failed": "it could not be written to the audit log",
}
