"""Making the steps of a plan on a frame: compare-and-set, a row whole or not at all, undone exactly."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import attrs

from crmkit import _notebook, frames
from crmkit.changes import ChangeLog, Edits, apply_edits
from crmkit.errors import ConflictError, NotFoundError, SchemaError
from crmkit.frames import Table, as_text, is_missing, plain
from crmkit.issues import Report

from ._step import Step, SyncConflict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.typing import AuditSink, Frame, JSONValue

    from ._decide import Side
    from ._plan import SyncPlan

__all__ = ["Applied", "apply_steps"]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Applied(Report):
    """What was written on one side, and its undoing. Made by :meth:`crmkit.sync.SyncPlan.apply`.

    Attributes:
        frame: The new frame, of the caller's kind.
        steps: The steps that were made.
        already: How many were made before.
        conflicts: Rows that moved on since the plan was made; nothing of them was written.
        log: The changed cells.

    .. versionadded:: 0.1.0
    """

    frame: Frame = attrs.field(repr=False)
    steps: tuple[Step, ...]
    already: int
    conflicts: tuple[SyncConflict, ...]
    log: ChangeLog
    _original: Frame

    @property
    def ok(self) -> bool:
        """Whether every row was as the plan saw it."""
        return not self.conflicts

    def counts(self) -> dict[str, int]:
        """Return how many steps were made now, were made before, and could not be made."""
        return {"done": len(self.steps), "already": self.already, "conflicts": len(self.conflicts)}

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return one row for each step that was made: kind, key, columns; no values but the key."""
        columns: dict[str, Sequence[object]] = {
            "kind": [step.kind for step in self.steps],
            "key": [" ".join(step.key) for step in self.steps],
            "columns": [", ".join(step.columns) for step in self.steps],
        }
        return frames.build(columns, like=like)

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the figures as plain data."""
        return {"format": "crmkit-sync-applied/1", "run_id": self.log.run_id, "counts": dict(self.counts())}

    def revert(self, frame: Frame) -> Frame:
        """Undo it exactly: values, types, and rows in their places.

        This gives the frame back that the steps were made on; in another process, or for a system behind an API, apply
        :meth:`crmkit.sync.SyncPlan.inverse`.

        Args:
            frame: What :meth:`crmkit.sync.SyncPlan.apply` gave.

        Raises:
            ConflictError: It was changed since; nothing is undone.
        """
        now, then = frames.read(frame), frames.read(self.frame)
        if now.columns != then.columns or len(now) != len(then):
            raise ConflictError("cannot undo: rows or columns were added or removed since the steps were made")
        for name in then.columns:
            if now.texts(name).rows() != then.texts(name).rows():
                raise ConflictError(f"cannot undo: {name!r} was changed since the steps were made")
        return self._original

    def __repr__(self) -> str:
        found = self.counts()
        return f"<Applied: {found['done']:,} done, {found['already']:,} already, {found['conflicts']:,} conflicts>"

    def _repr_html_(self) -> str:
        return _notebook.sheet("Applied", "", _notebook.facts(self.counts()))


def apply_steps(plan: SyncPlan, frame: Frame, side: Side, *, by: str | None, audit: AuditSink | None) -> Applied:
    """Make the steps of one side; see :meth:`crmkit.sync.SyncPlan.apply`."""
    if side not in ("left", "right"):
        raise NotFoundError.of("side", side, ("left", "right"))
    table = frames.read(frame)
    steps = [step for step in plan.steps if step.side == side]
    names = [pair[0 if side == "left" else 1] for pair in plan.keys]
    whole = _completed(table, names, steps)
    run = _Run(whole, names, {step.key for step in steps})
    for step in steps:
        run.take(step)
    made = attrs.evolve(run.write(names, by=by), original=table.native)
    if audit is not None:
        counts: dict[str, JSONValue] = dict(Counter(step.kind for step in made.steps))
        audit.record(
            "sync.apply", actor=by, resource=None, outcome="ok", count=len(made.steps),
            fields=sorted({name for step in made.steps for name in step.columns}),
            detail={"digest": plan.digest, "side": side, "run_id": made.log.run_id, **counts, **made.counts()},
        )  # fmt: skip
    return made


def _completed(table: Table, names: Sequence[str], steps: Sequence[Step]) -> Table:
    """Return the table with all columns of the plan: dicts out of an API may lack a key that is empty in all of them.

    Raises:
        SchemaError: It lacks a column of the key, or another one and its records are no dicts.
    """
    if not len(table) and not table.columns:
        return table
    wanted = dict.fromkeys([*names, *(name for step in steps for name in step.columns)])
    lacking = [name for name in wanted if name not in table.columns]
    if not lacking:
        return table
    rows: Any = table.native
    if table.kind != "records" or lacking[0] in names or not all(isinstance(row, dict) for row in rows):
        raise SchemaError(str(NotFoundError.of("column", lacking[0], table.columns)))
    return frames.read(type(rows)({**row, **dict.fromkeys(lacking)} for row in rows))


class _Run:
    """Which steps can be made on a table, and the frame with them."""

    def __init__(self, table: Table, names: Sequence[str], keys: set[tuple[str, ...]]) -> None:
        self._table = table
        self._places: dict[tuple[str, ...], list[int]] = {}
        columns = [table.texts(name).rows() for name in names if name in table.columns]
        for row, key in enumerate(zip(*columns, strict=True)):
            if key in keys:
                self._places.setdefault(key, []).append(row)
        self._fits: dict[str, Any] = {}
        self.edits: list[tuple[str, int, object, object, str]] = []
        self.drops: list[int] = []
        self.creates: list[Step] = []
        self.done: list[Step] = []
        self.conflicts: list[SyncConflict] = []
        self.already = 0

    def take(self, step: Step) -> None:
        rows = self._places.get(step.key, [])
        if len(rows) > 1:
            self._refuse(step, "key_doubled")
        elif step.kind == "create":
            self._create(step, rows)
        elif not rows:
            if step.kind == "delete":
                self.already += 1
            else:
                self._refuse(step, "gone")
        elif step.kind == "delete":
            self._delete(step, rows[0])
        else:
            self._update(step, rows[0])

    def _refuse(self, step: Step, reason: str) -> None:
        self.conflicts.append(SyncConflict(reason=reason, key=step.key))

    def _held(self, row: int, columns: Sequence[str]) -> list[object]:
        return [self._table.stored(name, [row])[0] for name in columns]

    def _create(self, step: Step, rows: list[int]) -> None:
        if not rows:
            self.creates.append(step)
            self.done.append(step)
        elif all(map(_alike, self._held(rows[0], step.columns), step.after)):
            self.already += 1
        else:
            self._refuse(step, "exists")

    def _delete(self, step: Step, row: int) -> None:
        if all(map(_alike, self._held(row, step.columns), step.before)):
            self.drops.append(row)
            self.done.append(step)
        else:
            self._refuse(step, "moved_on")

    def _update(self, step: Step, row: int) -> None:
        held = self._held(row, step.columns)
        if all(map(_alike, held, step.after)):
            self.already += 1
            return
        cells = list(zip(step.columns, held, step.before, step.after, step.reasons, strict=True))
        if not all(_alike(now, before) or _alike(now, after) for _, now, before, after, _ in cells):
            self._refuse(step, "moved_on")
            return
        self.edits += [
            (name, row, now, self._fitting(name, after), reason)
            for name, now, _, after, reason in cells
            if not _alike(now, after)
        ]
        self.done.append(step)

    def _fitting(self, name: str, value: object) -> object:
        """Return the value as the column writes such values: text into text, a number into numbers."""
        if value is None or name not in self._table.columns:
            return value
        if name not in self._fits:
            kinds = {type(held) for held in self._table.distinct(name).values}
            self._fits[name] = str if kinds == {str} else int if kinds == {int} else float if kinds == {float} else None
        kind = self._fits[name]
        if kind is str:
            return as_text(value)
        if kind in (int, float) and isinstance(value, str):
            try:
                number = kind(value)
            except ValueError:
                return value
            return number if as_text(number) == value else value
        return value

    def write(self, names: Sequence[str], *, by: str | None) -> Applied:
        """Return the frame with the steps that can be made."""
        table = self._table
        paths, rows, _, after, reasons = (
            (list(part) for part in zip(*self.edits, strict=True)) if self.edits else ([],) * 5
        )
        edits = Edits(path=paths, row=rows, after=after, rule="sync", reason=reasons)
        changed, log = apply_edits(table, edits, key=names[0] if names[0] in table.columns else None, by=by)
        kept = frames.read(changed)
        if self.drops:
            gone = set(self.drops)
            kept = frames.read(kept.take([row for row in range(len(table)) if row not in gone]))
        return Applied(
            frame=self._with_new_rows(kept, names), steps=tuple(self.done), already=self.already,
            conflicts=tuple(self.conflicts), log=log, original=table.native,
        )  # fmt: skip

    def _with_new_rows(self, table: Table, names: Sequence[str]) -> Frame:
        if not self.creates:
            return table.native
        made = [
            {
                **{name: self._fitting(name, part) for name, part in zip(names, step.key, strict=True)},
                **{name: self._fitting(name, cell) for name, cell in zip(step.columns, step.after, strict=True)},
            }
            for step in self.creates
        ]
        return table.append(made)


def _alike(held: object, given: object) -> bool:
    """Whether a cell holds a value, whichever type its column gives it."""
    one, other = plain(held), plain(given)
    if is_missing(one) or is_missing(other):
        return is_missing(one) and is_missing(other)
    return frames.same(one, other) or as_text(one) == as_text(other)
