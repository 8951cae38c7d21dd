"""What a check of a table found, and what can be done about it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from crmkit import frames
from crmkit.errors import SchemaError
from crmkit.issues import Report, at_least

from ._html import report_html
from ._scores import summaries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from crmkit.frames import Table
    from crmkit.issues import Issue, IssueTable
    from crmkit.typing import Frame, JSONValue, Language, Severity
    from crmkit.validators._schema._schema import Schema

    from ._assumptions import Assumption
    from ._counts import RuleOutcome
    from ._fixes import FixPlan
    from ._scores import Summary

__all__ = ["ValidationReport"]

MARKER = "crmkit-validation-report/1"


class ValidationReport(Report):
    """Every issue of a table, the counts of every rule, scores, and the way to fixes.

    Iterates over its issues. Made by :meth:`Schema.check`.

    Attributes:
        schema: The rule set that was asked.
        table: The table that was checked; of a table in pieces, the columns that had to be kept.
        n_rows: Number of its rows.
        columns: Names of its columns, of those too that were not kept.
        issues: What was found, one row for each issue.
        run_id: ULID of the run.
        at: When, as an aware moment.

    Example:
        >>> from crmkit.validators import Email, Schema
        >>> report = Schema("people", fields={"email": Email()}).check([{"email": "ann@example"}, {"email": None}])
        >>> report
        ValidationReport('people': 2 rows, 1 error, score 0.50)
        >>> report.outcomes["email:email"].failed, report.outcomes["email:email"].reasons
        (1, {'empty': 1})

    .. versionadded:: 0.1.0
    """

    def __init__(
        self, *, schema: Schema, table: Table, issues: IssueTable, outcomes: Iterable[RuleOutcome],
        assumptions: Iterable[Assumption], run_id: str, at: datetime, n_rows: int | None = None, whole: bool = True,
        columns: Sequence[str] | None = None,
    ) -> None:  # fmt: skip
        self.schema = schema
        self.table = table
        self.n_rows = len(table) if n_rows is None else n_rows
        self.columns = tuple(table.columns if columns is None else columns)
        self._whole = whole
        self.issues = issues
        self.run_id = run_id
        self.at = at
        self._outcomes = {outcome.rule: outcome for outcome in outcomes}
        self._assumptions = tuple(assumptions)

    @property
    def ok(self) -> bool:
        """Whether there is no error in the data and no rule crashed, so that nothing is left unknown."""
        return not len(self.issues.filter(severity="error")) and not self.crashed

    @property
    def outcomes(self) -> Mapping[str, RuleOutcome]:
        """For each rule how many rows passed, failed, crashed it, or were skipped."""
        return self._outcomes

    @property
    def crashed(self) -> tuple[str, ...]:
        """The rules that crashed on at least one row."""
        return tuple(name for name, outcome in self._outcomes.items() if outcome.error)

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        """What was taken for granted, such as the system recognised, date orders, absent columns."""
        return self._assumptions

    def assumed(self, lang: Language | None = None) -> list[str]:
        """Return the assumptions as sentences, in the language of the report unless another is asked for."""
        lang = self.issues.lang if lang is None else lang
        return [assumption.text(lang) for assumption in self._assumptions]

    # -- figures --------------------------------------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """Return rows, issues by severity, rules that crashed, and rows with an error."""
        found = self.issues.counts("severity")
        return {
            "rows": self.n_rows,
            "errors": found.get("error", 0),
            "warnings": found.get("warning", 0),
            "infos": found.get("info", 0),
            "crashed_rules": len(self.crashed),
            "rows_with_errors": len(self._rows_at("error")),
        }

    @cached_property
    def score(self) -> float:
        """How far the records are from having no issue; the mean over the dimensions that were checked."""
        scores = [summary.score for summary in self.by("dimension").values() if summary.score is not None]
        return sum(scores) / len(scores) if scores else 1.0

    @property
    def scores(self) -> dict[str, float]:
        """The score of each dimension that was checked, worst first.

        A record loses the weight of its worst issue of the dimension (error 1, warning 0.5, info 0.1); the score is 1
        minus the mean loss.
        """
        return {name: summary.score for name, summary in self.by("dimension").items() if summary.score is not None}

    def by(self, what: str) -> dict[str, Summary]:
        """Sum the report up, worst first.

        Args:
            what: ``rule``, ``field``, ``dimension``, ``code`` or ``severity``. By field, rules about whole records
                stand under ``""``.

        Raises:
            NotFoundError: If there is no such way to sum up.
        """
        return summaries(what, self.issues, self._outcomes.values(), self.n_rows)

    def score_at(self, severity: Severity) -> float:
        """Return the share of records without an issue at ``severity`` or worse."""
        n = self.n_rows
        return 1.0 - len(self._rows_at(severity)) / n if n else 1.0

    def worst_rules(self, n: int = 10) -> list[tuple[str, Summary]]:
        """Return the rules with the most errors, then warnings, then infos."""
        found = [(name, summary) for name, summary in self.by("rule").items() if summary.issues]
        found.sort(key=lambda item: (-item[1].errors, -item[1].warnings, -item[1].infos, item[0]))
        return found[:n]

    # -- the data -------------------------------------------------------------------------------------------------

    def _rows_at(self, severity: Severity) -> Any:
        return self.issues.filter(severity=at_least(severity)).rows

    def split(self, at: Severity = "error") -> tuple[Frame, Frame]:
        """Return the good rows and the bad ones, both of the caller's kind and in the caller's order.

        Args:
            at: A row is bad if it has an issue of this severity or worse. Issues of the whole table make no row bad.

        Raises:
            SchemaError: If the table came in pieces whose rows were not kept.
        """
        if not self._whole:
            raise SchemaError("the rows of the pieces were not kept; ask check_chunks(..., keep_rows=True) for them")
        bad = self._rows_at(at)
        good = np.setdiff1d(np.arange(self.n_rows), bad, assume_unique=True)
        return self.table.take(good.tolist()), self.table.take(bad.tolist())

    def valid(self) -> Frame:
        """Return the rows without an error."""
        return self.split("error")[0]

    def invalid(self) -> Frame:
        """Return the rows with an error."""
        return self.split("error")[1]

    def fixes(
        self, *, min_confidence: float = 0.95, codes: Iterable[str] | None = None, fields: Iterable[str] | None = None
    ) -> FixPlan:
        """Return the proposed changes that are sure enough, one for each cell; nothing is changed yet.

        Args:
            min_confidence: The least confidence, 0 to 1.
            codes: Only fixes of these codes.
            fields: Only fixes of these columns.

        Raises:
            NotFoundError: If a code or column is not among those checked.
            ValueError: If the confidence is outside 0 to 1.

        Example:
            >>> from crmkit.validators import Email, Schema
            >>> people = [{"email": " Ann@EXAMPLE.com"}]
            >>> plan = Schema("people", fields={"email": Email()}).check(people).fixes()
            >>> clean, changes = plan.apply(people)
            >>> clean
            [{'email': 'Ann@example.com'}]
            >>> changes.revert(clean) == people
            True
        """
        from ._fixes import FixPlan

        return FixPlan.of(self, min_confidence=min_confidence, codes=codes, fields=fields)

    # -- handing on -----------------------------------------------------------------------------------------------

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return the issues as a frame of the kind of ``like``, or of the table that was checked."""
        return frames.build(self.issues.to_columns(), like=self.table.native if like is None else like)

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the summary as plain data; no value of a record is in it."""
        return {
            "format": MARKER,
            "run_id": self.run_id,
            "at": self.at.isoformat(),
            "schema": self.schema.name,
            "schema_hash": self.schema.hash,
            "counts": dict(self.counts()),
            "score": self.score,
            "scores": dict(self.scores),
            "assumptions": [assumption.to_dict() for assumption in self._assumptions],
            "outcomes": [outcome.to_dict() for outcome in self._outcomes.values()],
            "codes": self.issues.counts("code"),
        }

    def in_language(self, lang: Language) -> ValidationReport:
        """Return the same report with messages in another language."""
        return ValidationReport(
            schema=self.schema, table=self.table, issues=self.issues.in_language(lang),
            outcomes=self._outcomes.values(), assumptions=self._assumptions, run_id=self.run_id, at=self.at,
            n_rows=self.n_rows, whole=self._whole,
        )  # fmt: skip

    def __iter__(self) -> Iterator[Issue]:
        return iter(self.issues)

    def __len__(self) -> int:
        return len(self.issues)

    def __repr__(self) -> str:
        counts = self.counts()
        words = [(counts["errors"], "error"), (counts["warnings"], "warning"), (counts["infos"], "info")]
        parts = [f"{n} {word}{'s' if n != 1 and word != 'info' else ''}" for n, word in words if n]
        if counts["crashed_rules"]:
            crashed = counts["crashed_rules"]
            parts.append(f"{crashed} rule{'s' if crashed != 1 else ''} crashed")
        rows = counts["rows"]
        figures = ", ".join([f"{rows} row{'s' if rows != 1 else ''}", *(parts or ["no issues"])])
        return f"ValidationReport({self.schema.name!r}: {figures}, score {self.score:.2f})"

    def _repr_html_(self) -> str:
        return report_html(self)

    def _reason(self, severity: Severity) -> str | None:
        counted = self.issues.counts("severity")
        found = {word: counted[word] for word in at_least(severity) if counted.get(word)}
        if not found and not self.crashed:
            return None
        parts = [f"{n} issue{'s' if n != 1 else ''} of severity {word}" for word, n in found.items()]
        if self.crashed:
            parts.append(f"rules that crashed: {', '.join(self.crashed)}")
        worst = [name for name, _ in self.worst_rules(3)]
        tail = f"; worst rules: {', '.join(worst)}" if worst else ""
        return f"{self.schema.name}: {'; '.join(parts)}{tail}; see .report"
