"""Golden records: one for each cluster, every value from a record that had it, everything undoable.

What belongs together survives together: an address comes whole from one record, and so does a name. Second e-mails
and phones are united where the table has a column for them. Everything that was dropped is in the change log.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, ClassVar

import attrs
import numpy as np

from crmkit.changes import apply_merges
from crmkit.systems import canonical_fields, fold_header

from ._rules import (
    Longest,
    Members,
    MostFrequent,
    MostRecent,
    Newest,
    Oldest,
    RefusalWins,
    SurvivorshipRule,
    SurvivorsOwn,
    as_rules,
    best_rows,
    check_columns,
)
from ._wellformed import WellFormed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from crmkit.changes import ChangeLog
    from crmkit.typing import AuditSink, Frame

    from crmkit.matching._report import MatchReport
    from ._rules import Scores, Survivorship

__all__ = ["merge_clusters"]

_log = logging.getLogger("crmkit.matching")

_NAME = frozenset({"full_name", "given_name", "middle_name", "family_name", "prefix", "suffix"})
_ADDRESS = frozenset({"street", "street_2", "house_number", "district", "city", "region", "postal_code", "country"})
_TOGETHER = (
    (_NAME, False),
    (_ADDRESS, False),
    (frozenset({"account_id", "company_name", "job_title", "department"}), True),
    (frozenset({"owner_id", "owner_name", "owner_email"}), True),
    (frozenset({"amount", "expected_amount", "annual_revenue", "currency"}), True),
)
"""Fields that mean something only beside each other, and whether the latest of them are the best."""

_BY_FIELD: dict[str, tuple[SurvivorshipRule, ...]] = {
    "id": (SurvivorsOwn(),),
    "created_at": (Oldest(),),
    "updated_at": (Newest(),),
    "last_activity_at": (Newest(),),
    "name": (MostFrequent(), Longest(), MostRecent()),
    "company_name": (MostRecent(), Longest()),
    "opt_out_email": (RefusalWins(), MostRecent()),
    "do_not_call": (RefusalWins(), MostRecent()),
    "consent": (RefusalWins("no"), MostRecent()),
    "birth_date": (MostFrequent(), MostRecent()),
    "email": (MostRecent(), MostFrequent()),
    "phone": (MostRecent(), MostFrequent()),
    "mobile": (MostRecent(), MostFrequent()),
}
_MONEY = {
    "amount": "amount", "金额": "amount", "currency": "currency", "currencyisocode": "currency", "币种": "currency",
}  # fmt: skip
_JUDGE_THEMSELVES = (SurvivorsOwn, RefusalWins, Oldest, Newest)
"""Rules that look at the value itself, or must not."""
_OTHERS: tuple[SurvivorshipRule, ...] = (MostRecent(), MostFrequent(), Longest())

_SECOND_PLACES = (("email", "email", "email_2"), ("phone", "phone", "phone_other"), ("phone", "mobile", "phone_other"))
"""Comparison, first field, and the field that takes another value of it."""


def merge_clusters(
    report: MatchReport,
    survivorship: Survivorship,
    *,
    by: str | None = None,
    reason: str | None = None,
    audit: AuditSink | None = None,
) -> tuple[Frame, ChangeLog]:
    """Merge every cluster of the report into one golden record; see ``MatchReport.merge``."""
    source = report.run.sources[0]
    table, fields = source.table, source.map.fields
    check_columns(survivorship, table)
    roles = {column: role for column in table.columns if (role := fields.get(column) or _role(column)) is not None}
    members = _members(report)
    survivor = best_rows(members, "", (_Known(members.filled()), MostRecent()))
    members.survivor = np.zeros(len(members.rows), dtype=bool)
    members.survivor[survivor] = True
    chosen: dict[str, NDArray[np.int64]] = {}
    rules: dict[str, str] = {}
    for together, latest in _TOGETHER:
        columns = [column for column in table.columns if roles.get(column) in together and column not in survivorship]
        if len(columns) > 1:
            best = best_rows(members, columns[0], _together(members, columns, roles, latest=latest))
            chosen |= dict.fromkeys(columns, best)
            rules |= dict.fromkeys(columns, f"from one record: {', '.join(columns)}")
    for column in table.columns:
        if column not in chosen:
            given = survivorship.get(column)
            chain = _default(fields.get(column)) if given is None else as_rules(given)
            if column == source.map.key or column == report.run.keys[0]:
                chain = (SurvivorsOwn(),)
            chosen[column] = best_rows(members, column, chain)
            rules[column] = ", ".join(repr(rule) for rule in chain)
    cells = {column: _changed(members, column, best, survivor) for column, best in chosen.items()}
    _unite_seconds(report, members, chosen, survivor, cells, rules)
    stays = members.rows[survivor]
    survivor_of = {
        row: int(stays[cluster])
        for row, cluster, is_survivor in zip(
            members.rows.tolist(), members.cluster.tolist(), members.survivor.tolist(), strict=True
        )
        if not is_survivor
    }
    _log.info("merging %d records into %d", len(members.rows), len(stays))
    return apply_merges(
        table,
        survivor_of=survivor_of,
        cells={column: found for column, found in cells.items() if found},
        rule="match",
        rules=rules,
        confidence=_confidence(report, survivor_of),
        key=report.run.keys[0],
        by=by,
        reason=reason,
        audit=audit,
    )


def _members(report: MatchReport) -> Members:
    sizes = report.cluster_sizes
    rows = np.flatnonzero(sizes[report.labels] > 1)
    rows = rows[np.argsort(report.labels[rows], kind="stable")]
    _, cluster = np.unique(report.labels[rows], return_inverse=True)
    source = report.run.sources[0]
    updated = source.map.column("updated_at")
    return Members(source.table, rows.astype(np.int64), cluster.ravel().astype(np.int64), updated)


@attrs.frozen(eq=False)
class _Known(SurvivorshipRule):
    """Scores of whole records, known beforehand: a record without a value in the column is not out."""

    needs_value: ClassVar[bool] = False
    known: Scores

    def scores(self, members: Members, column: str) -> Scores:  # noqa: ARG002  # they are known
        """Return the scores."""
        return self.known


def _role(column: str) -> str | None:
    """Tell amounts and currencies by their headers where the kind of record has no such field."""
    return _MONEY.get(fold_header(column))


def _default(field: str | None) -> tuple[SurvivorshipRule, ...]:
    """Rules of a column without a rule by the caller: what cannot be right survives only where nothing else is."""
    chain = _BY_FIELD.get(field or "", _OTHERS)
    known = canonical_fields().get(field or "")
    return chain if isinstance(chain[0], _JUDGE_THEMSELVES) else (WellFormed(known.type if known else "text"), *chain)


def _together(
    members: Members, columns: Sequence[str], fields: Mapping[str, str], *, latest: bool
) -> tuple[SurvivorshipRule, ...]:
    """Rules for columns that must come from one record: the most that can be right, then by use or by time."""
    canonical = canonical_fields()
    filled = sum(
        (members.codes(column) >= 0) * WellFormed(canonical[fields[column]].type).scores(members, column)
        for column in columns
    )
    frequency = sum(MostFrequent().scores(members, column) for column in columns)
    length = sum(Longest().scores(members, column) for column in columns)
    by_use = (_Known(np.asarray(frequency)), _Known(np.asarray(length)))
    rest = (MostRecent(), *by_use) if latest else (*by_use, MostRecent())
    return (_Known(np.asarray(filled)), *rest)


def _changed(members: Members, column: str, best: NDArray[np.int64], survivor: NDArray[np.int64]) -> dict[int, object]:
    """Cells of survivors that get another value than they have."""
    distinct = members.table.distinct(column)
    codes = members.codes(column)
    differs = np.flatnonzero((best >= 0) & (codes[best] != codes[survivor]))
    return {
        row: distinct.values[code] if code >= 0 else None
        for row, code in zip(members.rows[survivor[differs]].tolist(), codes[best[differs]].tolist(), strict=True)
    }


def _unite_seconds(
    report: MatchReport,
    members: Members,
    chosen: dict[str, NDArray[np.int64]],
    survivor: NDArray[np.int64],
    cells: dict[str, dict[int, object]],
    rules: dict[str, str],
) -> None:
    """Give a golden record without a second e-mail or phone another one of its cluster, different as it is compared."""
    columns = report.run.sources[0].map
    for comparison, first_field, second_field in _SECOND_PLACES:
        field = report.run.encoded.fields.get(comparison)
        first, second = columns.column(first_field), columns.column(second_field)
        if field is None or first is None or second is None or not len(members.rows):
            continue
        readings = [reading.column for reading in report.run.sources[0].columns[comparison]]
        if first not in readings:
            continue
        codes = field.columns[readings.index(first)][members.rows]
        taken = np.where(chosen[first] >= 0, codes[chosen[first]], -2)
        other = (codes >= 0) & (codes != taken[members.cluster])
        best = best_rows(members, first, (MostRecent(),), allowed=other)
        empty = (chosen[second] < 0) | (members.codes(second)[chosen[second]] < 0)
        distinct = members.table.distinct(first)
        for cluster in np.flatnonzero(empty & (best >= 0)).tolist():
            row = int(members.rows[survivor[cluster]])
            cells[second].setdefault(row, distinct.values[members.codes(first)[best[cluster]]])
        rules[second] += f"; else another {first}"


def _confidence(report: MatchReport, survivor_of: dict[int, int]) -> dict[int, float]:
    """The best match probability of each merged record with any other of its cluster."""
    scored = report.scored
    inside = np.flatnonzero(report.labels[scored.left] == report.labels[scored.right])
    best = np.full(len(report.labels), -np.inf)
    np.maximum.at(best, scored.left[inside], scored.log_odds[inside])
    np.maximum.at(best, scored.right[inside], scored.log_odds[inside])
    chances = 1.0 / (1.0 + np.exp(-np.clip(best, -700.0, 700.0)))
    return {row: float(chances[row]) for row in survivor_of if np.isfinite(best[row])}
