"""What changed between two rule sets, and what that does to the verdicts on a table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import attrs

from crmkit import _notebook, frames
from crmkit.errors import SchemaError
from crmkit.validators._checks._field_rules import field_rules

from ._as_data import check_as_text, rule_as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from crmkit.typing import Frame, JSONValue

    from ._schema import Schema

__all__ = ["SchemaDiff", "diff_schemas"]


@attrs.frozen(kw_only=True)
class SchemaDiff:
    """How one rule set differs from another.

    Attributes:
        added: Names of rules that only the new one has.
        removed: Names of rules that only the old one has.
        changed: Names of rules that both have and that say different things.
        rows: Rows of the table that was given; ``None`` without one.
        newly_failing: 0-based rows with an error under the new rules and none under the old.
        newly_passing: The other way round.
        by_rule: For each rule whose number of failures changed: failures before and after.

    .. versionadded:: 0.1.0
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    rows: int | None = None
    newly_failing: tuple[int, ...] = ()
    newly_passing: tuple[int, ...] = ()
    by_rule: Mapping[str, tuple[int, int]] = attrs.field(factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether both rule sets say the same."""
        return not (self.added or self.removed or self.changed)

    def __bool__(self) -> bool:
        raise TypeError("use .is_empty")

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the difference as plain data."""
        return {
            "added": list(self.added), "removed": list(self.removed), "changed": list(self.changed), "rows": self.rows,
            "newly_failing": list(self.newly_failing), "newly_passing": list(self.newly_passing),
            "by_rule": {name: list(counts) for name, counts in self.by_rule.items()},
        }  # fmt: skip

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return one row for each rule that differs or is judged differently, as a frame of the kind of ``like``.

        Columns: ``rule``, ``change`` (added, removed, changed or, where only other rules make it differ, missing),
        ``failed_before`` and ``failed_after`` (missing where no table was given or the number is the same).
        """
        change = {name: what for what in ("added", "removed", "changed") for name in getattr(self, what)}
        rules = list(dict.fromkeys([*change, *self.by_rule]))
        columns: dict[str, list[object]] = {
            "rule": list(rules), "change": [change.get(name) for name in rules],
            "failed_before": [self.by_rule[name][0] if name in self.by_rule else None for name in rules],
            "failed_after": [self.by_rule[name][1] if name in self.by_rule else None for name in rules],
        }  # fmt: skip
        return frames.build(columns, like=like)

    def _repr_html_(self) -> str:
        facts: dict[str, object] = {"added": self.added, "removed": self.removed, "changed": self.changed}
        if self.rows is not None:
            facts |= {"rows": self.rows, "fail now": len(self.newly_failing), "pass now": len(self.newly_passing)}
        rows = [(name, before, after) for name, (before, after) in list(self.by_rule.items())[:20]]
        return _notebook.sheet(
            "Rule sets", "the same" if self.is_empty else "differ", _notebook.facts(facts),
            _notebook.table(("rule", "failed before", "fail now"), rows) if rows else "",
        )  # fmt: skip

    def __repr__(self) -> str:
        parts = [f"{len(self.added)} added", f"{len(self.removed)} removed", f"{len(self.changed)} changed"]
        if self.rows is not None:
            parts.append(
                f"of {self.rows} rows {len(self.newly_failing)} fail now and {len(self.newly_passing)} pass now"
            )
        return f"SchemaDiff({', '.join(parts)})"


def diff_schemas(
    old: Schema, new: Schema, frame: Frame | None, *, tables: Mapping[str, Frame] | None,
    now: Callable[[], datetime] | None,
) -> SchemaDiff:  # fmt: skip
    """Compare two rule sets rule by rule, and on a table row by row."""
    given: object = new  # what callers without a type checker pass
    if not isinstance(given, type(old)):
        raise SchemaError(f"diff() takes another Schema, not {type(given).__name__}")
    before, after = _texts(old), _texts(new)
    found = SchemaDiff(
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        changed=tuple(name for name in after if name in before and before[name] != after[name]),
    )
    if frame is None:
        return found
    reports = [schema.check(frame, tables=tables, now=now) for schema in (old, new)]
    failing = [set(report.issues.filter(severity="error").rows.tolist()) for report in reports]
    failures = [{name: outcome.failed for name, outcome in report.outcomes.items()} for report in reports]
    names = dict.fromkeys([*failures[0], *failures[1]])
    counts = {name: (failures[0].get(name, 0), failures[1].get(name, 0)) for name in names}
    return attrs.evolve(
        found,
        rows=len(reports[1].table),
        newly_failing=tuple(sorted(failing[1] - failing[0])),
        newly_passing=tuple(sorted(failing[0] - failing[1])),
        by_rule={name: pair for name, pair in counts.items() if pair[0] != pair[1]},
    )


def _texts(schema: Schema) -> dict[str, str]:
    """Return what each rule says, by its name."""
    found: dict[str, str] = {}
    for field, check in schema.fields.items():
        for rule in field_rules(field, check):
            condition = "" if rule.condition is None else repr(rule.condition)
            said = [check_as_text(rule.check), condition, rule.severity, rule.template]
            found[rule.name] = json.dumps(said, ensure_ascii=False, sort_keys=True)
    return found | {rule.title: rule_as_text(rule) for rule in schema.all_rules}
