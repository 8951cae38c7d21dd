"""One run of a rule set over one table: every rule asked, every answer counted, failures told as issues."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import attrs
import numpy as np

from crmkit import frames, systems
from crmkit._progress import steps
from crmkit.issues import IssueTable, new_run_id

from ._assumptions import Assumption
from ._check import walk
from ._columns import Columns
from ._date import Date, DateTime
from ._field_rules import FieldRule, field_rules
from ._field_run import FieldRun
from ._outcome import RuleOutcome
from ._phone import Phone
from ._repair import safely
from ._report import ValidationReport
from ._rules import RunContext
from ._verdict import failures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from crmkit.frames import Table
    from crmkit.normalize.dates import DateOrder
    from crmkit.records import Note
    from crmkit.typing import Frame, JSONValue, Language, Progress

    from ._check import Check
    from ._rules import Rule
    from ._schema import Schema

__all__ = ["run_schema"]


def run_schema(
    schema: Schema,
    frame: Frame,
    *,
    tables: Mapping[str, Frame],
    now: Callable[[], datetime] | None,
    run_id: str | None,
    progress: Progress | None,
    lang: Language,
) -> ValidationReport:
    """Ask every rule of ``schema`` about ``frame``."""
    moment = datetime.now(UTC) if now is None else now()
    table = frames.read(frame)
    columns = _open(schema, table)
    others = {name: Columns(frames.read(other)) for name, other in tables.items()}
    ids = _ids(columns, schema.key)
    outcomes: list[RuleOutcome] = []
    issues: list[IssueTable] = [_notes(table)]
    assumptions = list(schema.assumptions)
    orders: dict[str, DateOrder | None] = {}
    todo: list[tuple[str, Check] | Rule] = [*schema.fields.items(), *schema.all_rules]
    kept = _kept_columns(schema)
    shown_as = systems.shown_headers(table.columns)
    for item in steps(progress, todo, "check"):
        if isinstance(item, tuple):
            field, check = item
            found, tables_found, notes = _run_field(field, check, columns, moment, orders, shown_as)
            assumptions += notes
            if field not in kept:
                columns.forget(field)
        else:
            found, tables_found = _run_rule(item, columns, ids, others, orders, moment, schema.fields)
        outcomes += found
        issues += tables_found
    run = run_id or new_run_id(now=now)
    everything = IssueTable.concat(issues, lang=lang).in_language(lang).stamped(run, ids)
    return ValidationReport(
        schema=schema, table=table, issues=everything, outcomes=outcomes, assumptions=assumptions, run_id=run, at=moment
    )


def _open(schema: Schema, table: Table) -> Columns:
    wanted = schema.columns
    columns = Columns(table, optional=frozenset(wanted) if schema.absent == "skip" else frozenset())
    for name, by in wanted.items():
        columns.require(name, by)
    return columns


def _kept_columns(schema: Schema) -> frozenset[str]:
    """Columns that something after their own field still reads."""
    read = {name for rule in schema.all_rules for name in rule.reads}
    for check in schema.fields.values():
        for part in walk(check):
            read.update(reference.column for reference in part.references)
    return frozenset(read | ({schema.key} if schema.key else set()) | schema.condition_columns)


def _ids(columns: Columns, key: str | None) -> Sequence[str | None] | None:
    if key is None or not columns.has(key):
        return None
    texts = columns.texts(key)
    values = np.empty(len(texts.values) + 1, dtype=object)
    values[:-1] = texts.values
    return cast("list[str | None]", values[texts.codes].tolist())


def _notes(table: Table) -> IssueTable:
    """Tell what the reader of a file found, as issues."""
    notes = cast("tuple[Note, ...]", table.notes)
    if not notes:
        return IssueTable.empty()
    return IssueTable.of(
        rule="file",
        code=["more_notes" if "more" in note.params else note.code for note in notes],
        row=[note.row for note in notes],
        path=[note.column for note in notes],
        severity=[note.severity for note in notes],
        dimension="integrity",
        params=[_note_params(note) for note in notes],
    )


def _note_params(note: Note) -> dict[str, JSONValue]:
    return {**note.params, "kind": note.code} if "more" in note.params else dict(note.params)


def _run_field(
    field: str,
    check: Check,
    columns: Columns,
    moment: datetime,
    orders: dict[str, DateOrder | None],
    shown_as: Mapping[str, str],
) -> tuple[list[RuleOutcome], list[IssueTable], list[Assumption]]:
    rules = field_rules(field, check)
    if not columns.has(field):
        n = columns.n_rows
        reasons = {"column_missing": n}
        absent = [
            RuleOutcome(
                rule=rule.name, path=field, severity=rule.grade, dimension="validity", passed=0, failed=0, skipped=n,
                reasons=reasons,
            )
            for rule in rules
        ]  # fmt: skip
        return absent, [], [Assumption.of("absent_column", column=field)]
    rules = [attrs.evolve(rule, check=_at(rule.check, moment)) for rule in rules]
    run = FieldRun(field, rules, columns)
    notes = []
    for rule in run.rules:
        for part in walk(rule.check):
            if isinstance(part, (Date, DateTime)):
                orders[field] = part.order
                if part.learned:
                    notes.append(Assumption.of("date_order", column=shown_as[field], order=str(part.order)))
    outcomes, issues = run.run()
    return outcomes, [*issues, *_unchecked(field, run.rules, outcomes)], notes


def _unchecked(field: str, rules: Sequence[FieldRule], outcomes: Sequence[RuleOutcome]) -> list[IssueTable]:
    """Say once for the column how many phones nobody could judge: silence would read as praise."""
    asked = {rule.name for rule in rules if any(isinstance(part, Phone) for part in walk(rule.check))}
    found = [
        (outcome.rule, outcome.reasons["country_missing"])
        for outcome in outcomes
        if outcome.rule in asked and outcome.reasons.get("country_missing")
    ]
    return [
        IssueTable.of(
            rule=rule, code=["phones_unchecked"], row=[None], path=[field], severity="warning",
            dimension="completeness", params=[{"n": n}],
        )
        for rule, n in found
    ]  # fmt: skip


def _at(check: Check, moment: datetime) -> Check:
    return check.at(moment) if isinstance(check, (Date, DateTime)) else check


def _run_rule(
    rule: Rule,
    columns: Columns,
    ids: Sequence[str | None] | None,
    tables: Mapping[str, Columns],
    orders: Mapping[str, DateOrder | None],
    moment: datetime,
    checks: Mapping[str, Check],
) -> tuple[list[RuleOutcome], list[IssueTable]]:
    n = columns.n_rows
    present = [name for name in rule.columns if columns.has(name)]
    if len(present) < len(rule.columns) and not (rule.kind == "demand" and present):
        reasons = {"column_missing": n}
        return [_outcome(rule, passed=0, failed=0, skipped=n, reasons=reasons)], []
    asked = np.ones(n, dtype=bool) if rule.condition is None else rule.condition.mask(columns)
    context = RunContext(columns=columns, ids=ids, tables=tables, orders=orders, now=moment)
    n_asked = int(np.count_nonzero(asked))
    try:
        judged = rule.judge(context, asked)
    except ArithmeticError as error:  # a figure beyond every range: the rule's fault, not the data's
        return [
            _outcome(rule, passed=0, failed=0, error=n_asked, skipped=n - n_asked, exceptions=(type(error).__name__,))
        ], []
    reasons = dict(judged.skipped)
    if n_asked < n:
        reasons["condition_false"] = n - n_asked
    crashed = sum(judged.crashed.values())
    failed = len(judged.failed)
    outcome = _outcome(
        rule, passed=n_asked - failed - crashed - sum(judged.skipped.values()), failed=failed, error=crashed,
        skipped=n - n_asked + sum(judged.skipped.values()), reasons=reasons, exceptions=tuple(judged.crashed),
    )  # fmt: skip
    if not failed:
        return [outcome], []
    fixes: dict[str | None, Sequence[str | None] | None] = {rule.path: judged.fixes, **judged.also}
    wrong = _refused(fixes, checks)
    tables_found = []
    for path, proposed in fixes.items():
        shown = path is not None and (len(rule.columns) == 1 or proposed is not None)
        kept = None if proposed is None else [None if no else fix for fix, no in zip(proposed, wrong, strict=True)]
        tables_found.append(
            IssueTable.of(
                rule=rule.title, code=rule.code or rule.default_code, row=judged.failed, path=path,
                severity=rule.severity, dimension=rule.dimension,
                value=_values(columns, path, judged.failed) if path is not None and shown else None,
                params=judged.params, related=judged.related,
                templates={rule.title: dict(rule.messages)} if rule.messages else None, fix=kept,
                confidence=None if kept is None else _confidences(judged.confidence, kept),
            )
        )  # fmt: skip
    return [outcome], tables_found


def _confidences(given: float | Sequence[float | None] | None, fixes: Sequence[str | None]) -> list[float | None]:
    each = given if isinstance(given, Sequence) else [given] * len(fixes)
    return [None if fix is None else sure for fix, sure in zip(fixes, each, strict=True)]


def _refused(fixes: Mapping[str | None, Sequence[str | None] | None], checks: Mapping[str, Check]) -> list[bool]:
    """Return for each failed row whether one of its proposed values would itself fail the check of its field."""
    known: dict[tuple[str | None, str], bool] = {}
    columns = [(path, proposed) for path, proposed in fixes.items() if proposed is not None]
    refused = [False] * max((len(proposed) for _, proposed in columns), default=0)
    for path, proposed in columns:
        check = checks.get(path or "")
        parts = [] if check is None else [rule.check for rule in field_rules(path or "", check)]
        own = [part for part in parts if not part.references]
        for at, fix in enumerate(proposed):
            if fix is None or refused[at]:
                continue
            if (path, fix) not in known:
                known[path, fix] = any(failures(safely(part, fix, ())) for part in own)
            refused[at] = known[path, fix]
    return refused


def _values(columns: Columns, path: str, rows: np.ndarray[Any, Any]) -> list[str | None]:
    texts = columns.texts(path)
    return [None if code < 0 else texts.values[code] for code in texts.codes[rows].tolist()]


def _outcome(
    rule: Rule, *, passed: int, failed: int, error: int = 0, skipped: int = 0, reasons: Mapping[str, int] | None = None,
    exceptions: Iterable[str] = (),
) -> RuleOutcome:  # fmt: skip
    return RuleOutcome(
        rule=rule.title, path=rule.path, severity=rule.severity, dimension=rule.dimension, passed=passed, failed=failed,
        error=error, skipped=skipped, reasons=dict(reasons or {}), exceptions=tuple(exceptions),
    )  # fmt: skip
