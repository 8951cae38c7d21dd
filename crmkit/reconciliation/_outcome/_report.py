"""What a comparison of two tables found: rows, cells, causes, rates, and where they sit."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from crmkit import frames
from crmkit.errors import NotFoundError, SchemaError
from crmkit.issues import IssueTable, Report, at_least, message
from crmkit.reconciliation._causes._cause import CAUSES
from crmkit.reconciliation._pairing._rows import Rows
from crmkit.reconciliation._pairing._uncompared import Uncompared

from ._gate import Gate, judge
from ._html import report_html
from ._listing import cell_columns, issue_table, named_params
from ._segments import Segment, segments
from ._totals import Total, totals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from crmkit.frames import Table
    from crmkit.mapping import MappingReport
    from crmkit.reconciliation._causes._cause import Cause
    from crmkit.reconciliation._causes._cells import Differing
    from crmkit.reconciliation._pairing._settings import ColumnPair
    from crmkit.reconciliation._pairing._similar import SimilarPair
    from crmkit.typing import Frame, JSONValue, Language, Severity

__all__ = ["ColumnSummary", "ReconcileReport", "Rows", "Segment"]

MARKER = "crmkit-reconcile-report/1"


@attrs.frozen(kw_only=True)
class ColumnSummary:
    """How one column fared.

    Attributes:
        column: Name on the left.
        compared: Pairs of rows.
        differing: Cells that differ, whatever the cause.
        causes: Cause to cells, most frequent first.

    .. versionadded:: 0.1.0
    """

    column: str
    compared: int
    differing: int
    causes: Mapping[str, int] = attrs.field(hash=False)

    @property
    def rate(self) -> float:
        """Share of the compared cells that differ, 0 to 1."""
        return self.differing / self.compared if self.compared else 0.0


class ReconcileReport(Report):
    """Every difference between two tables, each with its cause.

    Made by :func:`reconcile`. Nothing here is judged: :meth:`gate` does that.

    Attributes:
        left: The left table.
        right: The right table.
        keys: Columns of the key.
        columns: Columns that were compared.
        run_id: ULID of the run.
        at: When, as an aware moment.
        similar: Missing and unexpected rows that are probably one record, where that was asked for.

    Example:
        >>> from crmkit.reconciliation import reconcile
        >>> report = reconcile([{"id": 1, "amount": 10.5}], [{"id": 1, "amount": 1050.0}], key="id")
        >>> report
        <ReconcileReport: 1 left, 1 right, 1 matched, 0 missing, 0 unexpected, 1 differing>
        >>> report.cells.to_dicts()[0]["cause"]
        'unit'

    .. versionadded:: 0.1.0
    """

    def __init__(
        self, *, left: Table, right: Table, keys: tuple[ColumnPair, ...], columns: tuple[ColumnPair, ...], rows: Rows,
        parts: tuple[Differing, ...], run_id: str, at: datetime, lang: Language,
        similar: tuple[SimilarPair, ...] = (), apart: Uncompared | None = None,
    ) -> None:  # fmt: skip
        self.left = left
        self.right = right
        self.keys = keys
        self.columns = columns
        self.run_id = run_id
        self.at = at
        self.lang: Language = lang
        self.rows = rows
        self.parts = parts
        self.similar = similar
        self.apart = Uncompared() if apart is None else apart

    @property
    def missing_columns(self) -> tuple[str, ...]:
        """Columns that hold something on the left and are not there on the right; none where ``only`` was given."""
        return self.apart.missing

    @property
    def unexpected_columns(self) -> tuple[str, ...]:
        """Columns that hold something on the right and are not there on the left; none where ``only`` was given."""
        return self.apart.unexpected

    @property
    def mapping(self) -> MappingReport | None:
        """What the mapping said that was given as ``columns``."""
        return self.apart.mapping

    # -- figures --------------------------------------------------------------------------------------------------

    @property
    def ok(self) -> bool:
        """Whether both tables hold the same records and columns, and no cell differs by a cause of severity ``error``.

        Columns that only the right table has do not count.
        """
        found = self.counts()
        if self.missing_columns or self.apart.is_alien:
            return False
        rows = ("missing", "unexpected", "doubled_left", "doubled_right", "no_key_left", "no_key_right")
        return not any(found[name] for name in rows) and not any(
            n and CAUSES[cause].severity == "error" for cause, n in self.causes().items()
        )

    def counts(self) -> dict[str, int]:
        """Return the figures of rows and cells.

        ``matched`` pairs of rows are ``equal`` or ``differing``; ``almost_key`` of them found each other only by a key
        that almost agrees. ``missing`` rows are only on the left, ``unexpected`` ones only on the right; those without
        any key are among them, and those that look ``similar``.
        """
        pairing = self.rows.pairing
        differing = len(self.differing_pairs)
        return {
            "left": len(self.left),
            "right": len(self.right),
            "matched": len(pairing.left),
            "equal": len(pairing.left) - differing,
            "differing": differing,
            "missing": len(pairing.missing),
            "unexpected": len(pairing.unexpected),
            "doubled_left": len(pairing.doubled_left),
            "doubled_right": len(pairing.doubled_right),
            "no_key_left": len(self.rows.no_key_left),
            "no_key_right": len(self.rows.no_key_right),
            "almost_key": len(self.rows.loosely),
            "similar": len(self.similar),
            "cells": sum(map(len, self.parts)),
        }

    @cached_property
    def differing_pairs(self) -> NDArray[np.int64]:
        pairs = [part.pair for part in self.parts]
        return np.unique(np.concatenate(pairs)) if pairs else np.empty(0, dtype=np.int64)

    def causes(self, column: str | None = None) -> dict[str, int]:
        """Count differing cells by cause, most frequent first.

        Args:
            column: Only those of one column, by its name on the left.

        Raises:
            SchemaError: The column was not compared.
        """
        tally: Counter[str] = Counter()
        for part in self._parts_of(column):
            for cause, n in zip(part.causes, part.counts().tolist(), strict=True):
                if n:
                    tally[cause.code] += n
        return dict(sorted(tally.items(), key=lambda item: (-item[1], item[0])))

    def _parts_of(self, column: str | None) -> Iterable[Differing]:
        if column is None:
            return self.parts
        names = [pair.name for pair in (*self.columns, *self.keys)]
        if column not in names:
            raise SchemaError(str(NotFoundError.of("compared column", column, names)))
        return [part for part in self.parts if names[part.column] == column]

    def by_column(self) -> list[ColumnSummary]:
        """Return every compared column with its rates, worst first."""
        found = []
        for pair in self.columns:
            causes = self.causes(pair.name)
            n = sum(causes.values())
            compared = len(self.rows.pairing.left)
            found.append(ColumnSummary(column=pair.name, compared=compared, differing=n, causes=causes))
        return sorted(found, key=lambda one: (-one.differing, one.column))

    def by(self, column: str, *, prefix: int | None = None, causes: Sequence[str] | None = None) -> list[Segment]:
        """Show where differences sit: by country, owner, source, or month of creation.

        Args:
            column: A column of the left table; where the right one has it too, unexpected rows count under it.
            prefix: Only so many characters of the value count: 7 groups ISO dates by month.
            causes: Only cells that differ from these causes.

        Returns:
            One segment for each value, the one with the most rows that do not agree first.

        Raises:
            SchemaError: The left table has no such column.
            NotFoundError: There is no such cause.

        Example:
            >>> from crmkit.reconciliation import reconcile
            >>> was = [{"id": n, "region": "north" if n < 3 else "south", "plan": "a"} for n in range(6)]
            >>> now = [{**row, "plan": "b" if row["region"] == "south" else "a"} for row in was]
            >>> [(one.rows, one.differing) for one in reconcile(was, now, key="id").by("region")]
            [(3, 3), (3, 0)]
        """
        return segments(self, column, prefix=prefix, causes=causes)

    def totals(self, columns: Sequence[str] | None = None, *, by: str | None = None) -> list[Total]:
        """Return control totals: count, sum, least and greatest of numbers on both sides.

        Args:
            columns: Columns of the left table that hold numbers; all compared ones that do where ``None``, but for
                those that are recognised as phones, ids and the like.
            by: A column of the left table to group by.

        Raises:
            SchemaError: A column that is not compared, or holds something else than numbers.
        """
        return totals(self, columns, by=by)

    def gate(
        self,
        *,
        min_matched: int = 1,
        max_missing: float = 0,
        max_unexpected: float | None = None,
        max_doubled: float = 0,
        max_missing_columns: int = 0,
        max_differing: float | Mapping[str, float] = 0,
        ignore: Sequence[str] = (),
        same_totals: Sequence[str] = (),
    ) -> Gate:
        """Judge the result: may the migration go on?

        A limit of 1 or more, and 0, is a number of rows or cells; one between 0 and 1 is a share.

        Args:
            min_matched: Pairs of rows that must be there to be compared, so that an empty export passes nothing.
            max_missing: Rows that only the left has.
            max_unexpected: Rows that only the right has; any number where ``None``.
            max_doubled: Rows of the right table whose key is there more than once.
            max_missing_columns: Columns that hold something on the left and are not there on the right.
            max_differing: Differing cells, in each column: one limit for all, or by column with ``"*"`` for the others.
            ignore: Causes that do not count.
            same_totals: Columns of numbers whose sums must agree exactly; a cell that is no number breaks the limit.

        A left table that is another system's, or holds another kind of record, than its mapping reads, passes nothing.

        Returns:
            The verdict, with every reason.

        Raises:
            NotFoundError: There is no such cause.
            SchemaError: A column that was not compared.
            ValueError: A limit below 0.

        Example:
            >>> from crmkit.reconciliation import reconcile
            >>> report = reconcile([{"id": 1, "name": "Ann "}], [{"id": 1, "name": "Ann"}], key="id")
            >>> report.gate().ok, report.gate(ignore=["whitespace"]).ok
            (False, True)
        """
        return judge(
            self, min_matched=min_matched, max_missing=max_missing, max_unexpected=max_unexpected,
            max_doubled=max_doubled, max_missing_columns=max_missing_columns, max_differing=max_differing,
            ignore=ignore, same_totals=same_totals,
        )  # fmt: skip

    # -- rows and cells -------------------------------------------------------------------------------------------

    def missing(self) -> Frame:
        """Return the rows that only the left table has, of its kind."""
        return self.left.take(self.rows.pairing.missing.tolist())

    def unexpected(self) -> Frame:
        """Return the rows that only the right table has, of its kind."""
        return self.right.take(self.rows.pairing.unexpected.tolist())

    @cached_property
    def cells(self) -> Any:
        """Every differing cell as a ``RecordSet``.

        Columns: ``record_id``, ``left_row``, ``right_row``, ``column``, ``left``, ``right``, ``cause``, ``severity``;
        in the order of the left table, then of the columns.
        """
        return frames.build(cell_columns(self))

    @cached_property
    def issues(self) -> IssueTable:
        """Everything that was found, as the issue table: ``row`` is that of the left table.

        Rows that only the right table has, or that are doubled there, have no row on the left: their ``row`` is null
        and ``params`` holds ``right_row``.
        """
        return issue_table(self)

    # -- handing on -----------------------------------------------------------------------------------------------

    def explain(self, lang: Language | None = None) -> list[str]:
        """Say in sentences what happened, the most frequent cause first; no value of a record is in them."""
        found: list[tuple[int, str]] = []
        for part in self.parts:
            name = (*self.columns, *self.keys)[part.column].name
            said: Counter[str] = Counter()
            for cause, n in zip(part.causes, part.counts().tolist(), strict=True):
                if n:
                    said[self.say(cause, lang)] += n
            found += [(n, f"{name}: {sentence} ({n:,})") for sentence, n in said.items()]
        told = self.apart.said(lang or self.lang)
        return told + [sentence for _, sentence in sorted(found, key=lambda item: -item[0])]

    def say(self, cause: Cause, lang: Language | None = None) -> str:
        """Return what a cause of one of the ``parts`` means, with its figures; no value of a record is in it."""
        return message(cause.code, named_params(self, cause.params), lang=self.lang if lang is None else lang)

    def in_language(self, lang: Language) -> ReconcileReport:
        """Return the same report with messages in another language."""
        return ReconcileReport(
            left=self.left, right=self.right, keys=self.keys, columns=self.columns, rows=self.rows,
            parts=self.parts, run_id=self.run_id, at=self.at, lang=lang, similar=self.similar, apart=self.apart,
        )  # fmt: skip

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return the issue table as a frame of the kind of ``like``, or of the left table."""
        return frames.build(self.issues.to_columns(), like=self.left.native if like is None else like)

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the figures as plain data, without values out of records."""
        return {
            "format": MARKER,
            "run_id": self.run_id,
            "at": self.at.isoformat(),
            "keys": [[pair.left, pair.right] for pair in self.keys],
            "counts": dict(self.counts()),
            "causes": dict(self.causes()),
            "missing_columns": list(self.missing_columns),
            "unexpected_columns": list(self.unexpected_columns),
            "columns": [
                {"column": one.column, "compared": one.compared, "differing": one.differing, "causes": dict(one.causes)}
                for one in self.by_column()
            ],
        }

    def __repr__(self) -> str:
        found = self.counts()
        figures = ", ".join(
            f"{found[name]:,} {name}" for name in ("left", "right", "matched", "missing", "unexpected", "differing")
        )
        return f"<ReconcileReport: {figures}>"

    def _repr_html_(self) -> str:
        return report_html(self)

    def _reason(self, severity: Severity) -> str | None:
        graded = at_least(severity)
        counted = self.issues.counts("severity")
        found = {word: counted[word] for word in graded if counted.get(word)}
        if not found:
            return None
        parts = ", ".join(f"{n:,} of severity {word}" for word, n in found.items())
        return f"the tables do not agree: {parts}; see .report"
