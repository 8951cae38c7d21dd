"""Records that should leave the live system, with the reason, what refers to them, and what holds them back.

A plan only says what to do, in which order: back up first, prove the archive, take the records out, check. The archive
brings them back as they were.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from crmkit import _notebook, frames
from crmkit._called import check_called
from crmkit.columns import recognize
from crmkit.errors import ConflictError, SchemaError
from crmkit.issues import Report
from crmkit.normalize import dates
from crmkit.records import RecordSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from crmkit.frames import Table
    from crmkit.typing import AuditSink, Frame, JSONValue, Language
    from crmkit.validators import ValidationReport

__all__ = ["RetirementLog", "RetirementPlan", "RetirementRules", "plan_retirement"]

_REASONS = ("inactive", "bounced", "empty", "invalid")


@attrs.frozen(kw_only=True)
class RetirementRules:
    """When a record has had its day, and what keeps it anyway.

    Args:
        inactive_days: Days without activity.
        activity: Columns with the day of the last activity; the newest counts. Recognised where absent.
        bounced: A column that says whether mail came back (any value but no, false, 0).
        reachable_by: Columns of which one must be filled in, or nobody can be reached; recognised where absent.
        invalid: Whether a record with an error in a validation report is retired once it is inactive, too.
        hold: A column that says whether a legal hold is on the record (any value but no, false, 0).
        keep: Ids that stay whatever their state.

    Example:
        >>> RetirementRules(inactive_days=730, hold="legal_hold").inactive_days
        730

    .. versionadded:: 0.1.0
    """

    inactive_days: int | None = attrs.field(default=1095)
    activity: tuple[str, ...] = attrs.field(default=(), converter=tuple)
    bounced: str | None = None
    reachable_by: tuple[str, ...] = attrs.field(default=(), converter=tuple)
    invalid: bool = False
    hold: str | None = None
    keep: frozenset[str] = attrs.field(default=frozenset(), converter=frozenset, repr=False)

    @inactive_days.validator
    def _positive(self, _attribute: object, days: int | None) -> None:
        if days is not None and days <= 0:
            raise SchemaError("inactive_days= is a number of days above zero, or None")


_NO = frozenset({"", "no", "n", "false", "0", "none", "否", "无", "f"})
_STEPS = {
    "en": (
        "Back up the table and verify the backup.",
        "Write the archive: plan.archive(frame), and read it back; its rows must equal plan.rows.",
        "Retire: plan.apply(frame) takes the rows out where they are still what the plan was made for.",
        "Check: the remaining table passes its rules, and no other table refers to a retired record.",
        "To bring records back: log.revert(frame).",
    ),
    "zh": (
        "备份数据表并验证备份。",
        "写出归档：plan.archive(frame)，读回后其行应与 plan.rows 一致。",
        "执行归档：plan.apply(frame)，仅移出与计划一致的行。",
        "检查：剩余数据通过规则，且没有其他表引用已归档的记录。",
        "如需恢复：log.revert(frame)。",
    ),
}


class RetirementPlan(Report):
    """Which records to archive and why; which are held back and by what. Nothing is changed yet.

    Attributes:
        rows: 0-based rows to retire, ascending.
        record_ids: Their ids; empty texts where the table has none.
        reasons: For each the reasons: ``inactive``, ``bounced``, ``empty``, ``invalid``.
        held: Row to what keeps it: ``hold``, ``keep``, ``unknown_activity``, or ``referenced:TABLE``.
        key: The column of the ids.

    .. versionadded:: 0.1.0
    """

    def __init__(
        self, table: Table, *, rows: tuple[int, ...], reasons: tuple[tuple[str, ...], ...],
        held: Mapping[int, str], key: str | None, at: datetime,
    ) -> None:  # fmt: skip
        self._table = table
        self.rows = rows
        self.reasons = reasons
        self.held = held
        self.key = key
        self.at = at
        ids = table.column(key) if key is not None else [None] * len(table)
        self.record_ids = tuple("" if ids[row] is None else str(ids[row]) for row in rows)

    @property
    def ok(self) -> bool:
        """Whether there is nothing to retire."""
        return not self.rows

    def counts(self) -> dict[str, int]:
        """Return the number of records to retire, by reason, and of those held back."""
        found = {reason: sum(reason in each for each in self.reasons) for reason in _REASONS}
        return {"retire": len(self.rows), "held": len(self.held), **{name: n for name, n in found.items() if n}}

    def archive(self, frame: Frame | None = None) -> Frame:
        """Return the records to retire as a frame of the caller's kind: what to write into the archive first.

        Args:
            frame: A later state of the table; the one that the plan was made for where absent.

        Raises:
            ConflictError: If a record is no longer what the plan was made for.
        """
        table = self._table if frame is None else frames.read(frame)
        self._unchanged(table)
        return table.take(list(self.rows))

    def apply(
        self, frame: Frame, *, by: str | None = None, reason: str | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC), audit: AuditSink | None = None,
    ) -> tuple[Frame, RetirementLog]:  # fmt: skip
        """Take the records out of the frame.

        Args:
            frame: The frame that the plan was made for.
            by: Who does it.
            reason: Why; each record's own reasons are in the plan.
            now: The clock.
            audit: Where to record it, such as a ``crmkit.audit.Log``.

        Returns:
            The frame without them, of the caller's kind, and a log whose ``revert(frame)`` brings them back.

        Raises:
            ConflictError: If a record is no longer what the plan was made for; nothing is taken out then.
        """
        check_called(now=now)
        table = frames.read(frame)
        self._unchanged(table)
        kept = np.setdiff1d(np.arange(len(table)), np.array(self.rows, dtype=np.int64)).tolist()
        log = RetirementLog(
            native=table.native, kept=tuple(kept), taken=self.rows, record_ids=self.record_ids,
            reasons=self.reasons, by=by, reason=reason, at=now(),
        )  # fmt: skip
        left = table.take(kept)
        if audit is not None:
            audit.record(
                "records.retire", actor=by, resource=None, outcome="ok", count=len(self.rows), purpose=reason,
                detail={"reasons": dict(Counter(word for words in self.reasons for word in words))},
            )  # fmt: skip
        return left, log

    def _unchanged(self, table: Table) -> None:
        if len(table) != len(self._table) or table.columns != self._table.columns:
            raise ConflictError("the table has other rows or columns than the plan was made for; plan again")
        changed = [
            column
            for column in table.columns
            if any(table.column(column)[row] != self._table.column(column)[row] for row in self.rows)
        ]
        if changed:
            raise ConflictError(
                f"records of the plan were changed since, in {', '.join(changed[:5])}; plan again", conflicts=changed
            )

    def steps(self, lang: Language = "en") -> tuple[str, ...]:
        """Return what to do, in order, as sentences."""
        return _STEPS["zh" if lang == "zh" else "en"]

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return the plan as a frame: row, record id, reasons."""
        columns: dict[str, list[Any]] = {
            "row": list(self.rows), "record_id": list(self.record_ids),
            "reasons": [" ".join(each) for each in self.reasons],
        }  # fmt: skip
        return RecordSet(columns) if like is None else frames.build(columns, like=like)

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the plan as plain data, without values."""
        return {
            "at": self.at.isoformat(), "counts": dict(self.counts()), "rows": list(self.rows),
            "reasons": [list(each) for each in self.reasons],
            "held": {str(row): why for row, why in self.held.items()},
        }  # fmt: skip

    def __repr__(self) -> str:
        figures = ", ".join(f"{n} {name}" for name, n in self.counts().items())
        return f"RetirementPlan({figures})"

    def _repr_html_(self) -> str:
        return _notebook.sheet("Retirement", "", _notebook.facts(self.counts()))


@attrs.frozen(kw_only=True)
class RetirementLog:
    """What was taken out, and the way back; made by ``RetirementPlan.apply``.

    Attributes:
        taken: 0-based rows that were taken out.
        record_ids: Their ids.
        reasons: Why, for each of them.
        by: Who did it.
        reason: Why it was done.
        at: When.

    .. versionadded:: 0.1.0
    """

    native: Any = attrs.field(repr=False)
    kept: tuple[int, ...] = attrs.field(repr=False)
    taken: tuple[int, ...] = attrs.field(repr=False)
    record_ids: tuple[str, ...] = attrs.field(repr=False)
    reasons: tuple[tuple[str, ...], ...] = attrs.field(repr=False)
    by: str | None
    reason: str | None
    at: datetime

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return what was taken out (row, record_id, reasons) as a frame of the kind of ``like``."""
        columns: dict[str, list[object]] = {
            "row": list(self.taken), "record_id": list(self.record_ids),
            "reasons": [" ".join(each) for each in self.reasons],
        }  # fmt: skip
        return frames.build(columns, like=like)

    def to_dict(self) -> dict[str, JSONValue]:
        """Return who took out how many records and why as plain data, without ids."""
        reasons = dict(Counter(word for words in self.reasons for word in words))
        return {
            "rows": len(self.taken), "reasons": reasons, "by": self.by, "reason": self.reason,
            "at": self.at.isoformat(),
        }  # fmt: skip

    def revert(self, frame: Frame) -> Frame:
        """Return the table as it was: the frame's own rows, and the retired ones in their places.

        Raises:
            ConflictError: If the frame has lost or gained rows since.
        """
        there = frames.read(frame)
        before = frames.read(self.native)
        if len(there) != len(self.kept) or there.columns != before.columns:
            raise ConflictError("the frame has other rows or columns than retirement left; nothing was brought back")
        place = {row: at for at, row in enumerate(self.kept)}
        columns = {
            name: [
                there.column(name)[place[row]] if row in place else before.column(name)[row]
                for row in range(len(before))
            ]
            for name in before.columns
        }
        same = all(columns[name] == before.column(name) for name in before.columns)
        return before.native if same else frames.build(columns, like=before.native)


def plan_retirement(
    frame: Frame, rules: RetirementRules | None = None, *, key: str | None = None,
    references: Mapping[str, tuple[Frame, str]] | None = None, report: ValidationReport | None = None,
    now: Callable[[], datetime] | None = None,
) -> RetirementPlan:  # fmt: skip
    """Find records that are outdated, inactive, unreachable or empty, and what still needs them.

    Args:
        frame: Any frame that :mod:`crmkit.frames` reads.
        rules: When a record has had its day; three years without activity where absent.
        key: The column that names records; recognised where absent.
        references: Table name to ``(frame, column)``: a record whose id stands there is held back.
        report: A validation report of the same frame, for ``RetirementRules(invalid=True)``.
        now: The clock.

    Raises:
        SchemaError: If a column that the rules name is absent, or the report is about another number of rows.

    Example:
        >>> from datetime import UTC, datetime
        >>> people = [
        ...     {"id": "1", "email": "a@example.com", "last_activity_at": "2019-05-01"},
        ...     {"id": "2", "email": "b@example.com", "last_activity_at": "2026-02-01"},
        ... ]
        >>> plan = plan_retirement(people, now=lambda: datetime(2026, 3, 1, tzinfo=UTC))
        >>> plan.record_ids, plan.reasons
        (('1',), (('inactive',),))
        >>> kept, log = plan.apply(people)
        >>> log.revert(kept) == people
        True

    .. versionadded:: 0.1.0
    """
    check_called(now=now)
    moment = datetime.now(UTC) if now is None else now()
    table = frames.read(frame)
    wanted = RetirementRules() if rules is None else rules
    if not isinstance(wanted, RetirementRules):
        raise SchemaError(f"rules= takes RetirementRules(...), not {type(wanted).__name__}")
    found = recognize(table)
    fields = {canonical: column for column, canonical in found.fields.items()}
    key = found.key if key is None else key
    named = [*wanted.activity, *wanted.reachable_by, *filter(None, (wanted.bounced, wanted.hold, key))]
    for column in named:
        table.column(column)  # raises with the nearest name
    n = len(table)
    activity = wanted.activity or tuple(
        fields[name] for name in ("last_activity_at", "updated_at", "created_at") if name in fields
    )
    age = _age(table, activity, moment.date())
    flags: dict[str, Any] = {}
    if wanted.inactive_days is not None and activity:
        flags["inactive"] = age > wanted.inactive_days
    if wanted.bounced is not None:
        flags["bounced"] = _says_yes(table, wanted.bounced)
    reach = wanted.reachable_by or tuple(
        fields[name]
        for name in ("email", "email_2", "phone", "mobile", "phone_home", "phone_other", "street")
        if name in fields
    )
    if reach:
        flags["empty"] = ~np.any([_filled(table, column) for column in reach], axis=0)
    if wanted.invalid:
        if report is None or len(report.table) != n:
            raise SchemaError("invalid=True needs report=, a validation report of the same frame")
        wrong = np.zeros(n, dtype=bool)
        wrong[report.issues.filter(severity="error").rows] = True
        flags["invalid"] = wrong & flags.get("inactive", True)
    retire = np.any(list(flags.values()), axis=0) if flags else np.zeros(n, dtype=bool)
    held: dict[int, str] = {}
    if activity:  # nobody knows how old it is: silence is no proof of age
        for row in np.flatnonzero(retire & np.isnan(age)).tolist():
            held[row] = "unknown_activity"
    held.update(_holds(table, wanted, key, references or {}, np.flatnonzero(retire).tolist()))
    rows = tuple(row for row in np.flatnonzero(retire).tolist() if row not in held)
    reasons = tuple(tuple(reason for reason in _REASONS if reason in flags and flags[reason][row]) for row in rows)
    return RetirementPlan(table, rows=rows, reasons=reasons, held=dict(sorted(held.items())), key=key, at=moment)


def _age(table: Table, columns: Iterable[str], today: date) -> Any:
    """Return days since the newest of the columns' dates; NaN where none can be read."""
    newest = np.full(len(table), np.nan)
    for column in columns:
        distinct = table.texts(column)
        order, _ = dates.order_evidence([str(text) for text in distinct.values])
        days = np.full(len(distinct.values) + 1, np.nan)
        for at, text in enumerate(distinct.values):
            day = dates.parse(str(text)[:10], order=order) or dates.parse(str(text), order=order)
            days[at] = np.nan if day is None else day.toordinal()
        newest = np.fmax(newest, days[distinct.codes])
    return today.toordinal() - newest


def _filled(table: Table, column: str) -> Any:
    distinct = table.texts(column)
    return np.array([bool(str(text).strip()) for text in distinct.values] + [False])[distinct.codes]


def _says_yes(table: Table, column: str) -> Any:
    distinct = table.texts(column)
    said = [str(text).strip().casefold() not in _NO for text in distinct.values]
    return np.array([*said, False])[distinct.codes]


def _holds(
    table: Table, rules: RetirementRules, key: str | None, references: Mapping[str, tuple[Frame, str]],
    rows: list[int],
) -> Iterable[tuple[int, str]]:  # fmt: skip
    """Yield rows that must stay, and why; a legal hold said last wins over the other reasons."""
    if key is None and (references or rules.keep):
        raise SchemaError("references and ids to keep need a key column; pass key=")
    ids = [None] * len(table) if key is None else [None if value is None else str(value) for value in table.column(key)]
    for name, (frame, column) in references.items():
        known = {str(value) for value in frames.read(frame).column(column) if value is not None}
        for row in rows:
            if ids[row] in known:
                yield row, f"referenced:{name}"
    for row in rows:
        if ids[row] in rules.keep:
            yield row, "keep"
    if rules.hold is not None:
        on_hold = _says_yes(table, rules.hold)
        for row in rows:
            if on_hold[row]:
                yield row, "hold"
