"""Taking golden records apart again, also when other merges came after."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from crmkit import frames
from crmkit.changes import Conflict
from crmkit.errors import ConflictError, NotFoundError
from crmkit.masking import shown_id

from ._merging import Undone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from crmkit.typing import AuditSink, Frame

    from ._merge_log import MergeLog

    Merge: TypeAlias = tuple[int, int]
    """Number of the run, and the row of the golden record in its table."""

__all__ = ["taken_apart", "undo"]


def undo(
    log: MergeLog,
    frame: Frame,
    records: object | Iterable[object] | None,
    *,
    run_id: str | None,
    together: bool,
    apart: bool | None,
    by: str | None,
    reason: str | None,
    now: Callable[[], dt.datetime] | None,
    audit: AuditSink | None,
) -> tuple[Frame, MergeLog]:
    """Undo merges; see :meth:`MergeLog.undo`."""
    parts = _Parts(log)
    chosen = parts.named(records, run_id)
    named = set(chosen) if (records is not None if apart is None else apart) else set()
    later = parts.dependents(chosen)
    if later and not together:
        raise _refusal(parts, later)
    chosen |= later
    order = _order(log)
    current = frames.read(frame).native
    for number in sorted({run for run, _ in chosen}, reverse=True):
        run = log.runs[number]
        survivors = [row for one, row in chosen if one == number]
        lines = np.flatnonzero(np.isin(run._lines.survivor, survivors)).tolist()
        current = run._revert_lines(current, lines, order)
    moment = (now() if now is not None else dt.datetime.now(dt.UTC)).astimezone(dt.UTC)
    at = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    undone = [
        Undone(run_id=log.runs[run].run_id, survivor=row, at=at, by=by, reason=reason, apart=(run, row) in named)
        for run, row in sorted(chosen)
    ]
    made = type(log).of(log, log._merging, earlier=log._earlier, undone=(*log.undone, *undone))
    if audit is not None:
        _record(audit, log, parts, chosen, by=by, reason=reason, at=moment)
    return current, made


class _Parts:
    """Which records took part in which merges that were not undone."""

    def __init__(self, log: MergeLog) -> None:
        self.log = log
        self.members: dict[Merge, list[str]] = {}
        self.merges: dict[str, list[Merge]] = {}
        for number, run in enumerate(log.runs):
            lines = run._lines
            for line in run._active(log.undone).tolist():
                merge = (number, int(lines.survivor[line]))
                if merge not in self.members:
                    self._add(merge, run._name_of(merge[1]))
                self._add(merge, run._name_of(int(lines.row[line])))

    def _add(self, merge: Merge, name: str) -> None:
        self.members.setdefault(merge, []).append(name)
        self.merges.setdefault(name, []).append(merge)

    def named(self, records: object | Iterable[object] | None, run_id: str | None) -> set[Merge]:
        """Return the merges that record ids name."""
        runs = [run.run_id for run in self.log.runs]
        if run_id is not None and run_id not in runs:
            raise NotFoundError.of("run", run_id, runs)
        if records is None:
            return {merge for merge in self.members if run_id is None or runs[merge[0]] == run_id}
        wanted = list(records) if isinstance(records, Iterable) and not isinstance(records, str) else [records]
        found = set()
        for record in wanted:
            merges = self.merges.get(frames.as_text(record), [])
            merges = [merge for merge in merges if run_id is None or runs[merge[0]] == run_id]
            if not merges:
                raise NotFoundError(
                    "a record took part in no merge that is not undone yet; .to_frame(what='merges') lists them"
                )
            found.add(merges[-1])
        return found

    def dependents(self, chosen: set[Merge]) -> set[Merge]:
        """Return the later merges that records of these took part in, and those that depend on them in turn."""
        found: set[Merge] = set()
        waiting = list(chosen)
        while waiting:
            merge = waiting.pop()
            for name in self.members[merge]:
                for other in self.merges[name]:
                    if other[0] > merge[0] and other not in chosen and other not in found:
                        found.add(other)
                        waiting.append(other)
        return found


def taken_apart(log: MergeLog) -> list[tuple[str, ...]]:
    """Return the records of each merge that was undone because they are different parties; see :class:`MergeLog`."""
    found = []
    for run in log.runs:
        for one in log.undone:
            if one.apart and one.run_id == run.run_id:
                gone = run._lines.row[run._of_kind("merge") & (run._lines.survivor == one.survivor)]
                found.append(tuple(run._name_of(int(row)) for row in (one.survivor, *gone.tolist())))
    return found


def _order(log: MergeLog) -> Sequence[str] | None:
    """Return all records that any run had, in an order in which those of each run stand as they stood then."""
    order: list[str] = []
    for run in log.runs:
        ids = run._merging.ids
        if ids is None:
            return None
        order = _joined(order, ids.records)
    return order


def _joined(order: Sequence[str], records: Sequence[str]) -> list[str]:
    """Put records that are new before the record that they stand before; what was added last stays last."""
    known = set(order)
    before: dict[str | None, list[str]] = {}
    new: list[str] = []
    for record in records:
        if record in known:
            before[record], new = new, []
        else:
            new.append(record)
    joined: list[str] = []
    for record in order:
        joined += before.get(record, ())
        joined.append(record)
    return joined + new


def _refusal(parts: _Parts, later: Iterable[Merge]) -> ConflictError:
    conflicts = []
    for number, row in sorted(later):
        run = parts.log.runs[number]
        names = parts.members[number, row]
        reason = f"run {run.run_id} at {run._header.at} merged {len(names)} records here"
        conflicts.append(Conflict(row=row, record_id=names[0], path=None, reason=reason))
    shown = "; ".join(f"{conflict.reason} (record {shown_id(conflict.record_id)})" for conflict in conflicts[:5])
    return ConflictError(
        f"cannot undo: {len(conflicts)} later merge(s) build on it: {shown}; undo them first, or pass together=True",
        conflicts=conflicts,
    )


def _record(
    audit: AuditSink,
    log: MergeLog,
    parts: _Parts,
    chosen: set[Merge],
    *,
    by: str | None,
    reason: str | None,
    at: dt.datetime,
) -> None:
    runs: Mapping[str, int] = {
        log.runs[number].run_id: sum(run == number for run, _ in chosen) for number in {run for run, _ in chosen}
    }
    audit.record(
        "records.unmerge",
        actor=by,
        resource=("run", log.run_id),
        outcome="ok",
        count=sum(len(parts.members[merge]) - 1 for merge in chosen),
        purpose=reason,
        at=at,
        detail={"merges": len(chosen), "runs": dict(sorted(runs.items()))},
    )
