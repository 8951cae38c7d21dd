"""One run of a rule set over one table: every rule asked, every answer counted, failures told as issues."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import attrs
import numpy as np

from crmkit import frames, systems
from crmkit._progress import steps
from crmkit.errors import SchemaError
from crmkit.issues import IssueTable, new_run_id
from crmkit.validators._checks._check import walk
from crmkit.validators._checks._field_rules import field_rules
from crmkit.validators._checks._verdict import failures
from crmkit.validators._contact._phone import Phone
from crmkit.validators._outcome._assumptions import Assumption
from crmkit.validators._outcome._counts import RuleOutcome
from crmkit.validators._outcome._report import ValidationReport
from crmkit.validators._reading._columns import Columns
from crmkit.validators._reading._custom import Custom
from crmkit.validators._rules._rule import RunContext
from crmkit.validators._values._date import Date, DateTime
from crmkit.validators._values._number import Money, Number

from ._crashed import Crashed, answered
from ._field import FieldRun
from ._repair import safely

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from crmkit.frames import Table
    from crmkit.records import Note
    from crmkit.typing import Frame, JSONValue, Language, Progress
    from crmkit.validators._checks._check import Check
    from crmkit.validators._checks._field_rules import FieldRule
    from crmkit.validators._rules._rule import Rule
    from crmkit.validators._schema._schema import Schema

__all__ = ["Item", "Part", "Run", "judge_rule", "run_schema"]

logger = logging.getLogger("crmkit.validators")


Item: TypeAlias = "tuple[str, Check] | Rule"
"""A field with its check, or a rule."""


@attrs.frozen(kw_only=True)
class Run:
    """One run of a rule set; its table may come in pieces.

    Attributes:
        schema: The rule set.
        others: The other tables that rules name.
        moment: What counts as now.
        run_id: ULID.
        lang: Language of the messages.
    """

    schema: Schema
    others: Mapping[str, Columns]
    moment: datetime
    run_id: str
    lang: Language

    @classmethod
    def of(
        cls, schema: Schema, *, tables: Mapping[str, Frame] | None, now: Callable[[], datetime] | None,
        run_id: str | None, lang: Language,
    ) -> Run:  # fmt: skip
        """Begin a run; the arguments are those of :meth:`Schema.check`."""
        if tables is not None and not hasattr(tables, "items"):
            what = type(tables).__name__
            raise SchemaError(f"tables= takes tables by name, such as {{'accounts': accounts}}, not {what}")
        others = {name: Columns(frames.read(other)) for name, other in (tables or {}).items()}
        return cls(
            schema=schema, others=others, moment=datetime.now(UTC) if now is None else now(),
            run_id=run_id or new_run_id(now=now), lang=lang,
        )  # fmt: skip

    @property
    def items(self) -> tuple[Item, ...]:
        """All that is asked, in its order."""
        return (*self.schema.fields.items(), *self.schema.all_rules)

    def part(
        self, table: Table, places: Sequence[int], *, progress: Progress | None = None, known: bool = False,
        piece: bool = False,
    ) -> Part:  # fmt: skip
        """Ask some of the ``items``, by their places, about one table.

        Args:
            table: The whole table, or a piece.
            places: Which of ``items``, ascending.
            progress: A step is an item.
            known: Whether it is known already that the columns are there that must be.
            piece: Whether it is one of several pieces; typed fields among the items have text in some piece.
        """
        schema, items = self.schema, self.items
        columns = _open(schema, table, known=known)
        ids = _ids(columns, schema.key)
        outcomes: dict[int, list[RuleOutcome]] = {}
        issues: list[IssueTable] = [IssueTable.empty() if known else _notes(table)]
        assumptions: dict[int, list[Assumption]] = {}
        customs: dict[str, Custom] = {}
        kept = _kept_columns(schema)
        shown_as = systems.shown_headers(table.columns)
        for place in steps(progress, list(places), "check"):
            item = items[place]
            if isinstance(item, tuple):
                field, check = item
                found, tables_found, assumptions[place] = _run_field(
                    field, check, columns, self.moment, customs, shown_as, written=piece
                )
                if field not in kept:
                    columns.forget(field)
            else:
                found, tables_found = _run_rule(item, columns, ids, self.others, customs, self.moment, schema.fields)
            outcomes[place] = found
            issues += tables_found
        return Part(outcomes, IssueTable.concat(issues).stamped(self.run_id, ids), assumptions)

    def report(
        self, part: Part, table: Table, *, n_rows: int, whole: bool = True, columns: Sequence[str] | None = None
    ) -> ValidationReport:
        """Return the report of everything that was found."""
        places = range(len(self.items))
        outcomes = [outcome for place in places for outcome in part.outcomes.get(place, ())]
        silent = {outcome.rule: n for outcome in outcomes if (n := outcome.reasons.get("country_missing"))}
        unchecked = [_unchecked(field, check, silent) for field, check in self.schema.fields.items()] if silent else []
        issues = IssueTable.concat([part.issues, *(table.stamped(self.run_id) for table in unchecked)], lang=self.lang)
        assumed = (assumption for place in places for assumption in part.assumptions.get(place, ()))
        return ValidationReport(
            schema=self.schema, table=table, issues=issues.in_language(self.lang), outcomes=outcomes,
            assumptions=dict.fromkeys((*self.schema.assumptions, *assumed)), run_id=self.run_id, at=self.moment,
            n_rows=n_rows, whole=whole, columns=columns,
        )  # fmt: skip


@attrs.frozen(eq=False)
class Part:
    """What was found in a table or a piece of it; outcomes and assumptions by the place of their item."""

    outcomes: dict[int, list[RuleOutcome]]
    issues: IssueTable
    assumptions: dict[int, list[Assumption]]


def run_schema(run: Run, frame: Frame, *, progress: Progress | None) -> ValidationReport:
    """Ask every rule about a whole table."""
    table = frames.read(frame)
    return run.report(run.part(table, range(len(run.items)), progress=progress), table, n_rows=len(table))


def _open(schema: Schema, table: Table, *, known: bool) -> Columns:
    wanted = schema.columns
    columns = Columns(table, optional=frozenset(wanted) if known or schema.absent == "skip" else frozenset())
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
    customs: dict[str, Custom],
    shown_as: Mapping[str, str],
    *,
    written: bool,
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
    masks, crashed = _masks(rules, columns)
    asked = [rule for rule in rules if rule.name not in crashed]
    run = FieldRun(field, asked, columns, masks=[masks[rule.name] for rule in asked], written=written)
    notes = []
    for rule in run.rules:
        for part in walk(rule.check):
            if isinstance(part, (Date, DateTime)):
                customs[field] = Custom(order=part.order)
                if part.learned:
                    notes.append(Assumption.of("date_order", column=shown_as[field], order=str(part.order)))
            elif isinstance(part, (Number, Money)):
                if part.custom is not None:
                    customs[field] = part.custom
                if run.by_form and (code := part.assumed) is not None:
                    notes.append(Assumption.of(code, column=shown_as[field]))
    outcomes, issues = run.run()
    for place, rule in enumerate(rules):
        if rule.name in crashed:
            outcomes.insert(place, _crashed(rule, field, columns.n_rows, crashed[rule.name]))
    return outcomes, issues, notes


def _masks(
    rules: Sequence[FieldRule], columns: Columns
) -> tuple[dict[str, np.ndarray[Any, Any] | None], dict[str, str]]:
    """Return for each rule where its condition holds, and by which exception some conditions crashed."""
    masks: dict[str, np.ndarray[Any, Any] | None] = {}
    crashed: dict[str, str] = {}
    for rule in rules:
        condition = rule.condition
        mask = None if condition is None else answered(partial(condition.mask, columns))
        if isinstance(mask, Crashed):
            crashed[rule.name] = mask.exception
            logger.warning("the condition of rule %s crashed: %s", rule.name, mask.exception)
        else:
            masks[rule.name] = mask
    return masks, crashed


def _crashed(rule: FieldRule, field: str, n: int, exception: str) -> RuleOutcome:
    return RuleOutcome(
        rule=rule.name, path=field, severity=rule.grade, dimension="validity", passed=0, failed=0, error=n, skipped=0,
        exceptions=(exception,),
    )  # fmt: skip


def _unchecked(field: str, check: Check, silent: Mapping[str, int]) -> IssueTable:
    """Say once for the column how many phones nobody could judge: silence would read as praise."""
    asked = [
        rule.name for rule in field_rules(field, check) if any(isinstance(part, Phone) for part in walk(rule.check))
    ]
    found = [(rule, silent[rule]) for rule in asked if rule in silent]
    if not found:
        return IssueTable.empty()
    return IssueTable.of(
        rule=[rule for rule, _ in found], code="phones_unchecked", row=[None] * len(found), path=field,
        severity="warning", dimension="completeness", params=[{"n": n} for _, n in found],
    )  # fmt: skip


def _at(check: Check, moment: datetime) -> Check:
    return check.at(moment) if isinstance(check, (Date, DateTime)) else check


def _run_rule(
    rule: Rule,
    columns: Columns,
    ids: Sequence[str | None] | None,
    tables: Mapping[str, Columns],
    customs: Mapping[str, Custom],
    moment: datetime,
    checks: Mapping[str, Check],
) -> tuple[list[RuleOutcome], list[IssueTable]]:
    n = columns.n_rows
    present = [name for name in rule.columns if columns.has(name)]
    if len(present) < len(rule.columns) and not (rule.kind == "demand" and present):
        reasons = {"column_missing": n}
        return [_outcome(rule, passed=0, failed=0, skipped=n, reasons=reasons)], []
    context = RunContext(columns=columns, ids=ids, tables=tables, customs=customs, now=moment)
    asked = np.ones(n, dtype=bool) if rule.condition is None else answered(partial(rule.condition.mask, columns))
    n_asked = n if isinstance(asked, Crashed) else int(np.count_nonzero(asked))
    judged = asked if isinstance(asked, Crashed) else answered(partial(rule.judge, context, asked))
    if isinstance(judged, Crashed):
        logger.warning("rule %s crashed: %s", rule.title, judged.exception)
        return [
            _outcome(rule, passed=0, failed=0, error=n_asked, skipped=n - n_asked, exceptions=(judged.exception,))
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


def judge_rule(
    run: Run, rule: Rule, columns: Columns, ids: Sequence[str | None] | None, checks: Mapping[str, Check]
) -> tuple[list[RuleOutcome], list[IssueTable]]:
    """Ask one rule about some columns; rows of the issues count within them."""
    return _run_rule(rule, columns, ids, run.others, {}, run.moment, checks)


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
