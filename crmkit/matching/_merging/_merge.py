"""Golden records: one for each cluster, every value from a record that had it, everything undoable.

What belongs together survives together: an address comes from one record, and so does a name; what that record leaves
empty comes only from records that agree with it. Second e-mails
and phones are united where the table has a column for them. Everything that was dropped is in the log.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from crmkit.changes import apply_merges
from crmkit.normalize import emails, phones

from ._log._merge_log import MergeLog
from ._log._merging import Merging, Sources
from ._survival._members import Members, best_rows, says_nothing
from ._survival._rules import MostRecent, SurvivorshipRule, SurvivorsOwn
from ._survival._together import Known, from_one_record
from ._survival._united import United

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from crmkit.columns import ColumnMap
    from crmkit.frames import Table
    from crmkit.typing import AuditSink, Frame

    from ._cluster_ids import ClusterIds
    from ._survival._defaults import Group
    from ._survival._survivorship import Plan, Survivorship

    Places = NDArray[np.int64]

__all__ = ["Job", "merge_rows"]

_log = logging.getLogger("crmkit.matching")


def _email(value: str) -> str | None:
    return None if emails.is_placeholder(value) else emails.key(value)


_SECOND_PLACES: tuple[tuple[str, str, Callable[[str], str | None]], ...] = (
    ("email", "email_2", _email),
    ("phone", "phone_other", phones.last7),
    ("mobile", "phone_other", phones.last7),
)
"""First field, the field that takes another value of it, and the form in which two of them are one."""


@attrs.frozen(kw_only=True)
class Job:
    """What is merged, and who asks for it."""

    table: Table
    found: ColumnMap
    labels: NDArray[np.int64]
    """Cluster of each row, counted from 0 without gaps."""
    key: str | None
    ids: ClusterIds | None
    confidence: Callable[[Mapping[int, int]], Mapping[int, float]]
    preferred: frozenset[int] = frozenset()
    """Rows that stay, whatever the rules say."""
    earlier: tuple[MergeLog, ...] = ()
    by: str | None = None
    reason: str | None = None
    audit: AuditSink | None = None


def merge_rows(job: Job, survivorship: Survivorship) -> tuple[Frame, MergeLog]:
    """Merge every cluster into one golden record."""
    plan = survivorship.plan(job.table, job.found)
    members = _members(job)
    survivor = _survivors(members, plan, job.preferred)
    members.survivor = np.zeros(len(members.rows), dtype=bool)
    members.survivor[survivor] = True
    golden = _Golden(members, survivor)
    for group in plan.groups:
        if job.key not in group.columns:
            golden.together(group, plan.roles)
    for column in job.table.columns:
        if column not in golden.rules:
            golden.choose(column, (SurvivorsOwn(),) if column == job.key else plan.chains[column])
    _unite_seconds(job, golden)
    stays = members.rows[survivor]
    goes = ~members.survivor
    survivor_of = dict(zip(members.rows[goes].tolist(), stays[members.cluster[goes]].tolist(), strict=True))
    _log.info("merging %d records into %d", len(members.rows), len(stays))
    frame, log = apply_merges(
        job.table,
        survivor_of=survivor_of,
        cells={column: found for column, found in golden.cells.items() if found},
        rule="match",
        rule_version=survivorship.hash[:12],
        rules=golden.rules,
        confidence=job.confidence(survivor_of),
        key=job.key,
        by=job.by,
        reason=job.reason,
    )
    merges = MergeLog.of(log, Merging(ids=job.ids, rules=golden.rules, sources=golden.sources), earlier=job.earlier)
    if job.audit is not None:
        merges.record(job.audit)
    return frame, merges


def _members(job: Job) -> Members:
    sizes = np.bincount(job.labels)
    rows = np.flatnonzero(sizes[job.labels] > 1)
    rows = rows[np.argsort(job.labels[rows], kind="stable")]
    cluster = np.cumsum(np.diff(job.labels[rows], prepend=job.labels[rows[:1]]) != 0, dtype=np.int64)
    return Members(job.table, rows, cluster, job.found.column("updated_at"))


def _survivors(members: Members, plan: Plan, preferred: frozenset[int]) -> Places:
    chain: tuple[SurvivorshipRule, ...] = plan.survivor
    if preferred:
        chain = (Known(np.isin(members.rows, sorted(preferred)).astype(np.float64), members), *chain)
    anything = members.table.columns[0] if members.table.columns else ""
    return best_rows(members, anything, chain, needs_value=False)


class _Golden:
    """What the golden records get: cells that change, the row each came from, and by which rule."""

    def __init__(self, members: Members, survivor: Places) -> None:
        self.members = members
        self.survivor = survivor
        self.chosen: dict[str, Places] = {}
        self.cells: dict[str, dict[int, object]] = {}
        self.sources: dict[str, Sources] = {}
        self.rules: dict[str, str] = {}

    def together(self, group: Group, roles: Mapping[str, str]) -> None:
        """Take columns from one record, and what it lacks from records that agree with it."""
        rule = f"from one record: {', '.join(group.columns)}"
        for column, best in from_one_record(self.members, self.survivor, group, roles).items():
            self._take(column, best, rule)

    def choose(self, column: str, chain: Sequence[SurvivorshipRule]) -> None:
        """Take one value by its rules."""
        name = ", ".join(repr(rule) for rule in chain)
        if isinstance(chain[0], United):
            self._unite(column, chain[0])
            return
        if not chain[0].needs_value:
            self._take(column, best_rows(self.members, column, chain), name)
            return
        best, hot = self._uncontested(column)
        if hot.any():
            part, places = self.members.only(hot)
            best[hot] = places[best_rows(part, column, chain)]
        self._take(column, best, name)

    def _uncontested(self, column: str) -> tuple[Places, NDArray[np.bool_]]:
        """Return for each cluster a row with its value, the survivor's if it has one, and whether there are several."""
        members = self.members
        codes = members.codes(column).astype(np.int64)
        filled = np.flatnonzero(codes >= 0)
        best = np.full(members.clusters, -1, dtype=np.int64)
        best[members.cluster[filled[::-1]]] = filled[::-1]  # the first one is written last
        held = codes[best]
        several = np.zeros(members.clusters, dtype=bool)
        several[members.cluster[filled[codes[filled] != held[members.cluster[filled]]]]] = True
        own = codes[self.survivor] >= 0
        best[own] = self.survivor[own]
        return best, several

    def _take(self, column: str, best: Places, rule: str) -> None:
        """Note cells of survivors that get another value than they have, and where from."""
        members, survivor = self.members, self.survivor
        distinct = members.distinct(column)
        codes = members.codes(column)
        differs = np.flatnonzero((best >= 0) & (codes[best] != codes[survivor]))
        rows = members.rows[survivor[differs]].tolist()
        values: list[object] = [*distinct.values, None]
        self.cells[column] = dict(zip(rows, map(values.__getitem__, codes[best[differs]].tolist()), strict=True))
        held = (codes[best] >= 0) | (codes[survivor] >= 0)  # an emptied cell has a source, too
        elsewhere = np.flatnonzero((best >= 0) & (best != survivor) & held)
        self.sources[column] = Sources(members.rows[survivor[elsewhere]], members.rows[best[elsewhere]])
        self.chosen[column] = best
        self.rules[column] = rule

    def _unite(self, column: str, rule: United) -> None:
        best, several = self._uncontested(column)
        self._take(column, best, repr(rule))
        values, sources = rule.unite(self.members, column, several)
        distinct = self.members.distinct(column)
        codes = self.members.codes(column)
        for cluster, value in values.items():
            own = codes[self.survivor[cluster]]
            row = int(self.members.rows[self.survivor[cluster]])
            self.sources[column].several[row] = tuple(self.members.rows[sources[cluster]].tolist())
            if own < 0 or distinct.values[own] != value:
                self.cells[column][row] = value


def _unite_seconds(job: Job, golden: _Golden) -> None:
    """Give a golden record without a second e-mail or phone another one of its cluster, different as it is compared."""
    for first_field, second_field, normal in _SECOND_PLACES:
        first, second = job.found.column(first_field), job.found.column(second_field)
        if first is not None and second is not None and "United" not in golden.rules[first]:
            _unite_second(golden, first, second, normal)


def _unite_second(golden: _Golden, first: str, second: str, normal: Callable[[str], str | None]) -> None:
    members, survivor = golden.members, golden.survivor
    chosen, spare = golden.chosen[first], golden.chosen[second]
    empty = (spare < 0) | ~members.says(second)[spare]
    _, several = golden._uncontested(first)
    united = [row for row, value in golden.cells[second].items() if not says_nothing(value)]
    wanted = empty & several & ~np.isin(members.rows[survivor], united)
    if not wanted.any():
        return
    part, places = members.only(wanted)
    codes = _comparable(part, first, normal)
    taken = codes[np.searchsorted(places, chosen[wanted])]
    other = (codes >= 0) & (codes != taken[part.cluster])
    best = best_rows(part, first, (MostRecent(),), allowed=other)
    values: list[Any] = part.distinct(first).values
    stays = members.rows[survivor[wanted]]
    for cluster in np.flatnonzero(best >= 0).tolist():
        row, source = int(stays[cluster]), int(best[cluster])
        golden.cells[second][row] = values[part.codes(first)[source]]
        golden.sources[second].several[row] = (int(part.rows[source]),)
    golden.rules[second] += f"; else another {first}"


def _comparable(part: Members, column: str, normal: Callable[[str], str | None]) -> NDArray[np.int64]:
    """Return numbers of the comparable forms of the part's values; -1 for what has none."""
    distinct = part.texts(column)
    codes = distinct.codes
    numbers: dict[object, int] = {}
    lookup = np.full(len(distinct) + 1, -1, dtype=np.int64)
    for code in np.unique(codes[codes >= 0]).tolist():
        form = normal(str(distinct.values[code]))
        if form is not None:
            lookup[code] = numbers.setdefault(form, len(numbers))
    return lookup[codes]
