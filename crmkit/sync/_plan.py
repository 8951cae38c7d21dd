"""The plan: steps for either side, what a person must decide, and what is left alone; as data with a content hash."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import attrs

from crmkit import _notebook, frames
from crmkit.errors import NotFoundError
from crmkit.issues import Report, message

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from crmkit.typing import AuditSink, Frame, JSONValue, Language

    from ._agreed import Agreed
    from ._apply import Applied
    from ._decide import Side
    from ._step import Step, SyncConflict

__all__ = ["SyncPlan"]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SyncPlan(Report):
    """What would be written where; nothing happens before :meth:`apply`.

    Made by :func:`plan_sync` and :func:`plan_upsert`. Two plans of the same tables have the same :attr:`digest`.

    Attributes:
        keys: Columns of the key: name on the left, name on the right.
        names: The other columns: name on the left -> name on the right.
        values: Columns with closed lists: what values on the left are called on the right.
        steps: What to write: changed rows column by column, then rows to make and to delete.
        conflicts: What only a person can decide.
        pending: Keys of rows that changed too recently to be judged.
        skipped: Why cells and rows that differ are left alone -> how many.
        same: Pairs of rows that need nothing.
        ahead: Rows whose moment of change is in the future: a clock is wrong.
        unreadable: Rows whose moment of change cannot be read.
        causes: Causes of the differing cells, most frequent first.
        at: When it was made.
        one_way: Whether nothing is ever written to the left.
        left_out: Columns of the records that hold something and that the target does not have: they are not written.

    Example:
        >>> from crmkit.sync import plan_upsert
        >>> plan = plan_upsert([{"id": 1, "phone": "+12125550123"}], [{"id": 1, "phone": None}], key="id")
        >>> plan
        <SyncPlan: 1 update on the right, 0 conflicts, 0 pending>
        >>> applied = plan.apply([{"id": 1, "phone": None}], "right")
        >>> applied.frame
        [{'id': 1, 'phone': '+12125550123'}]
        >>> plan.apply(applied.frame, "right").counts()["done"]
        0

    .. versionadded:: 0.1.0
    """

    keys: tuple[tuple[str, str], ...]
    names: Mapping[str, str] = attrs.field(hash=False)
    values: Mapping[str, Mapping[str, str]] = attrs.field(factory=dict)
    steps: tuple[Step, ...]
    conflicts: tuple[SyncConflict, ...] = ()
    pending: tuple[tuple[str, ...], ...] = ()
    skipped: Mapping[str, int] = attrs.field(factory=dict)
    same: int = 0
    ahead: int = 0
    unreadable: int = 0
    causes: Mapping[str, int] = attrs.field(factory=dict)
    at: dt.datetime
    one_way: bool = False
    left_out: tuple[str, ...] = ()
    _agreed: Agreed | None = attrs.field(default=None)
    _before: Agreed | None = attrs.field(default=None)

    # -- figures --------------------------------------------------------------------------------------------------

    @property
    def ok(self) -> bool:
        """Whether nothing is left to a person, and no column left out."""
        return not self.conflicts and not self.left_out

    @property
    def is_empty(self) -> bool:
        """Whether both sides agree: nothing to write and nothing to decide."""
        return not self.steps and not self.conflicts and not self.pending

    def counts(self) -> dict[str, int]:
        """Return how many rows are made, updated and deleted on each side, skipped, pending, and in conflict."""
        found = Counter(f"{step.kind}_{step.side}" for step in self.steps)
        kinds = [f"{kind}_{side}" for side in ("left", "right") for kind in ("create", "update", "delete")]
        return {
            **{name: found[name] for name in kinds},
            "same": self.same,
            "skipped": sum(self.skipped.values()),
            "pending": len(self.pending),
            "conflicts": len(self.conflicts),
            "overruled": sum(step.reasons.count("overruled") for step in self.steps),
            "ahead": self.ahead,
            "unreadable": self.unreadable,
        }

    def conflict_counts(self) -> dict[str, int]:
        """Count conflicts by reason, most frequent first."""
        return dict(Counter(conflict.reason for conflict in self.conflicts).most_common())

    def explain(self, lang: Language = "en") -> list[str]:
        """Say in sentences what is left out and what a person must decide; no value and no key is in them."""
        left_out = [f"{name}: {message('sync_left_out', lang=lang)}" for name in self.left_out]
        reasons = self.conflict_counts().items()
        return left_out + [f"{message(f'sync_{reason}', lang=lang)} ({n:,})" for reason, n in reasons]

    @property
    def digest(self) -> str:
        """SHA-256 of what the plan would do: the same tables and rules give the same, whenever they are compared."""
        from ._document import digest_of

        return digest_of(self)

    @property
    def agreed(self) -> Agreed:
        """What both sides agree on once every step is made; save it then, and not before.

        Where steps failed, use :meth:`agreed_without`.

        Raises:
            NotFoundError: The plan was read from a file; compare both sides once more to get it.
        """
        return self.agreed_without(())

    def agreed_without(self, failed: Collection[tuple[str, ...]]) -> Agreed:
        """Return what both sides agree on if the steps of some rows were not made.

        Args:
            failed: Keys of those rows; they stay as they were agreed before.
        """
        if self._agreed is None:
            raise NotFoundError("a plan from a file does not hold what both sides agree on; compare them once more")
        if not failed:
            return self._agreed
        rows = dict(self._agreed.rows)
        former = {} if self._before is None else self._before.rows
        before = self._before
        for key in failed:
            rows.pop(key, None)
            if key in former and before is not None:
                rows[key] = tuple(before.cell(key, name) for name in self._agreed.columns)
        mark = None if self._before is None else self._before.watermark
        return attrs.evolve(self._agreed, rows=rows, watermark=mark)

    # -- deciding, and handing on ---------------------------------------------------------------------------------

    def resolve(
        self,
        take: Side,
        *,
        reason: str | None = None,
        column: str | None = None,
        keys: Collection[tuple[str, ...] | str] | None = None,
    ) -> SyncPlan:
        """Decide conflicts: one side's value counts.

        Args:
            take: The side that is right. Where it does not have the row, the other side's is deleted. Taking the
                target's side of an upsert leaves the target as it is.
            reason: Only conflicts of this reason.
            column: Only those of this column of the left table.
            keys: Only those of these rows.

        Returns:
            A plan with more steps and fewer conflicts. What has no value to take, such as a key that is there twice,
            stays a conflict.

        Raises:
            NotFoundError: No such side, reason or column.
        """
        from ._resolve import resolve

        return resolve(self, take, reason=reason, column=column, keys=keys)

    def inverse(self) -> SyncPlan:
        """Return the plan that undoes it, the last step first; rows that were deleted come back with compared columns.

        :meth:`crmkit.sync.Applied.revert` gives a frame back exactly; this is for systems behind an API.
        """
        steps = tuple(step.inverse() for step in reversed(self.steps))
        return attrs.evolve(self, steps=steps, conflicts=(), pending=(), agreed=None, before=None)

    def records(self, side: Side, kind: str) -> list[dict[str, object]]:
        """Return the steps of one kind as records, as the client of a system takes them.

        Args:
            side: The system.
            kind: ``"create"``, ``"update"`` (the key and what changes) or ``"delete"`` (the key).

        Example:
            >>> from crmkit.sync import plan_upsert
            >>> plan_upsert([{"id": 1, "city": "Oslo"}], [], key="id").records("right", "create")
            [{'id': '1', 'city': 'Oslo'}]
        """
        names = [pair[0 if side == "left" else 1] for pair in self.keys]
        return [
            {**dict(zip(names, step.key, strict=True)), **dict(zip(step.columns, step.after, strict=False))}
            for step in self.steps
            if step.side == side and step.kind == kind
        ]

    def apply(self, frame: Frame, side: Side, *, by: str | None = None, audit: AuditSink | None = None) -> Applied:
        """Make the steps of one side on a frame, compare-and-set, row by row.

        A row that is as the step leaves it is done already; one that is neither as the plan saw it nor as the step
        leaves it is a conflict, and nothing of it is written. So a plan that is applied twice, or again after a crash,
        does nothing more.

        Args:
            frame: The side's table as it is now.
            side: Which side it is.
            by: Who does it, for the audit log.
            audit: Where to record it: counts and column names, no values.

        Raises:
            SchemaError: A column of the plan is not there.
        """
        from ._apply import apply_steps

        return apply_steps(self, frame, side, by=by, audit=audit)

    def outstanding(self, frame: Frame, side: Side) -> SyncPlan:
        """Return what of one side is still to be done: after a crash in the middle of calls to an API.

        Args:
            frame: The side's table as it is now.
            side: Which side it is.

        Returns:
            The plan with the steps of this side that are not made yet; rows that moved on are among its conflicts.
        """
        done = self.apply(frame, side)
        conflicts = (*self.conflicts, *done.conflicts)
        return attrs.evolve(self, steps=done.steps, conflicts=conflicts, agreed=None, before=None)

    # -- as data --------------------------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it as JSON with its digest; values are in the clear."""
        from ._document import save

        return save(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> SyncPlan:
        """Read what :meth:`save` wrote.

        Raises:
            FormatError: Another kind of file, or of a newer version.
            FixityError: It was edited.
        """
        from ._document import load

        return load(path)

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return one row for each step and conflict: side, kind, key, columns, reasons; no values but the key."""
        rows: list[tuple[str, str, str, str, str]] = [
            (step.side, step.kind, " ".join(step.key), ", ".join(step.columns), ", ".join(dict.fromkeys(step.reasons)))
            for step in self.steps
        ]
        rows += [
            ("", "conflict", " ".join(conflict.key), ", ".join(conflict.columns), conflict.reason)
            for conflict in self.conflicts
        ]
        heads = ("side", "kind", "key", "columns", "reasons")
        columns: dict[str, Sequence[object]] = {name: [row[at] for row in rows] for at, name in enumerate(heads)}
        return frames.build(columns, like=like)

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the figures as plain data, without values or keys."""
        return {
            "format": "crmkit-sync/1", "at": self.at.isoformat(), "digest": self.digest, "counts": dict(self.counts()),
            "conflicts": dict(self.conflict_counts()), "skipped": dict(self.skipped), "causes": dict(self.causes),
        }  # fmt: skip

    def __repr__(self) -> str:
        found = Counter((step.kind, step.side) for step in self.steps)
        said = [f"{n:,} {kind}{'' if n == 1 else 's'} on the {side}" for (kind, side), n in sorted(found.items())] or [
            "nothing to write"
        ]
        n = len(self.conflicts)
        said.append(f"{n:,} conflict{'' if n == 1 else 's'}")
        if self.left_out:
            said.append(f"{len(self.left_out):,} column{'' if len(self.left_out) == 1 else 's'} left out")
        return f"<SyncPlan: {', '.join(said)}, {len(self.pending):,} pending>"

    def _repr_html_(self) -> str:
        kinds = {name.replace("_", " on the "): n for name, n in self.counts().items() if n and name != "conflicts"}
        kinds |= {f"conflict: {reason.replace('_', ' ')}": n for reason, n in self.conflict_counts().items()}
        written = dict.fromkeys(name for step in self.steps for name in step.columns)
        facts = _notebook.facts({**kinds, "columns written": tuple(written)}) if kinds else ""
        return _notebook.sheet("Plan", "" if self.steps else "nothing to write", facts)
