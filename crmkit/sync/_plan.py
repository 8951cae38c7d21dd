"""The plan: steps for either side, what a person must decide, and what is left alone; as data with a content hash."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

from crmkit import _notebook, frames
from crmkit.errors import FixityError, FormatError, NotFoundError
from crmkit.issues import Report, message

from ._step import CONFLICTS, UNKNOWN, Step, SyncConflict, translated

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Mapping, Sequence

    from crmkit.typing import AuditSink, Frame, JSONValue, Language

    from ._agreed import Agreed
    from ._apply import Applied
    from ._decide import Side

__all__ = ["SyncPlan", "merged"]

MARKER: Final = "crmkit-sync-plan/1"


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
    _agreed: Agreed | None = attrs.field(default=None)
    _before: Agreed | None = attrs.field(default=None)

    # -- figures --------------------------------------------------------------------------------------------------

    @property
    def ok(self) -> bool:
        """Whether nothing is left to a person."""
        return not self.conflicts

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
        """Say in sentences what a person must decide, the most frequent first; no value and no key is in them."""
        return [f"{message(f'sync_{reason}', lang=lang)} ({n:,})" for reason, n in self.conflict_counts().items()]

    @property
    def digest(self) -> str:
        """SHA-256 of what the plan would do: the same tables and rules give the same, whenever they are compared."""
        return hashlib.sha256(_json(self._content())).hexdigest()

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
        at = [] if self._before is None else [self._before.columns.index(name) for name in self._agreed.columns]
        for key in failed:
            rows.pop(key, None)
            if key in former:
                rows[key] = tuple(former[key][place] for place in at)
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
        if take not in ("left", "right"):
            raise NotFoundError.of("side", take, ("left", "right"))
        if reason is not None and reason not in CONFLICTS:
            raise NotFoundError.of("reason", reason, CONFLICTS)
        if column is not None and column not in self.names:
            raise NotFoundError.of("column", column, self.names)
        wanted = None if keys is None else {(key,) if isinstance(key, str) else tuple(key) for key in keys}
        decided: list[SyncConflict] = []
        left_over: list[SyncConflict] = []
        for conflict in self.conflicts:
            chosen = (
                bool(conflict.columns)
                and (reason is None or conflict.reason == reason)
                and (column is None or column in conflict.columns)
                and (wanted is None or conflict.key in wanted)
            )
            (decided if chosen else left_over).append(conflict)
        steps: list[Step] = list(self.steps)
        for conflict in decided:
            step = self._decided(conflict, take)
            if step is None:
                left_over.append(conflict)
            elif step.side == "right" or not self.one_way:
                steps.append(step)
        # What was decided is agreed on only when both sides are compared again: the state knows of no decision.
        return attrs.evolve(self, steps=merged(steps), conflicts=tuple(left_over))

    def _decided(self, conflict: SyncConflict, take: Side) -> Step | None:
        given, held = (conflict.left, conflict.right) if take == "left" else (conflict.right, conflict.left)
        side: Side = "right" if take == "left" else "left"
        columns = tuple(self.names[name] if side == "right" else name for name in conflict.columns)
        common: dict[str, Any] = {"side": side, "key": conflict.key, "columns": columns}
        reason = f"decided:{conflict.reason}"
        if given is None:
            return Step(kind="delete", before=held or (), reasons=(reason,), **common)
        pairs = zip(conflict.columns, given, strict=True)
        after = tuple(
            translated(self.values[name], value, to=side) if name in self.values else value for name, value in pairs
        )
        if any(value is UNKNOWN for value in after):
            return None
        if held is None:
            return Step(kind="create", after=after, reasons=(reason,), **common)
        return Step(kind="update", before=held, after=after, reasons=(reason,) * len(columns), **common)

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

    def _content(self) -> dict[str, Any]:
        return {
            "keys": [list(pair) for pair in self.keys],
            "names": [list(pair) for pair in self.names.items()],
            "values": [[name, [list(pair) for pair in pairs.items()]] for name, pairs in self.values.items()],
            "steps": [step.to_dict() for step in self.steps],
            "conflicts": [conflict.to_dict() for conflict in self.conflicts],
            "pending": [list(key) for key in self.pending],
            "one_way": self.one_way,
        }

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it as JSON with its digest; values are in the clear."""
        content = _json(self._content())
        head = {
            "format": MARKER, "at": self.at.isoformat(), "digest": hashlib.sha256(content).hexdigest(),
            "skipped": dict(self.skipped), "causes": dict(self.causes), "same": self.same, "ahead": self.ahead,
            "unreadable": self.unreadable,
        }  # fmt: skip
        target = Path(path)
        target.write_bytes(_json(head)[:-1] + b',"plan":' + content + b"}\n")
        return target

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> SyncPlan:
        """Read what :meth:`save` wrote.

        Raises:
            FormatError: Another kind of file, or of a newer version.
            FixityError: It was edited.
        """
        place = str(path)
        try:
            found: Any = json.loads(Path(path).read_bytes())
        except ValueError:
            raise FormatError("not a plan, or not whole", location=place) from None
        if not isinstance(found, dict) or found.get("format") != MARKER:
            raise FormatError("another kind of file, or one of a newer version of crmkit", location=place)
        try:
            return cls._from_document(found)
        except (LookupError, TypeError, ValueError, AttributeError):
            raise FormatError("not a plan, or not whole", location=place) from None

    @classmethod
    def _from_document(cls, found: Any) -> SyncPlan:
        plan = found["plan"]
        if hashlib.sha256(_json(plan)).hexdigest() != found["digest"]:
            raise FixityError("the plan was edited")
        return cls(
            keys=tuple(tuple(pair) for pair in plan["keys"]),
            names=dict(plan["names"]),
            values={name: dict(pairs) for name, pairs in plan["values"]},
            steps=tuple(Step.from_dict(step) for step in plan["steps"]),
            conflicts=tuple(SyncConflict.from_dict(conflict) for conflict in plan["conflicts"]),
            pending=tuple(tuple(key) for key in plan["pending"]),
            skipped=found["skipped"],
            same=found["same"],
            ahead=found["ahead"],
            unreadable=found["unreadable"],
            causes=found["causes"],
            at=dt.datetime.fromisoformat(found["at"]),
            one_way=plan["one_way"],
        )

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
        return f"<SyncPlan: {', '.join(said)}, {len(self.pending):,} pending>"

    def _repr_html_(self) -> str:
        kinds = {name.replace("_", " on the "): n for name, n in self.counts().items() if n and name != "conflicts"}
        kinds |= {f"conflict: {reason.replace('_', ' ')}": n for reason, n in self.conflict_counts().items()}
        written = dict.fromkeys(name for step in self.steps for name in step.columns)
        facts = _notebook.facts({**kinds, "columns written": tuple(written)}) if kinds else ""
        return _notebook.sheet("Plan", "" if self.steps else "nothing to write", facts)


def _json(value: object) -> bytes:
    """Return the one form that is hashed: ASCII, names in order, no blanks."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode()


def merged(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Put updates of one row together: a client writes a row once."""
    found: dict[tuple[str, tuple[str, ...], str], Step] = {}
    for step in steps:
        place = (step.side, step.key, step.kind)
        known = found.get(place)
        if known is None or step.kind != "update":
            found[place] = step
            continue
        found[place] = attrs.evolve(
            known, columns=(*known.columns, *step.columns), before=(*known.before, *step.before),
            after=(*known.after, *step.after), reasons=(*known.reasons, *step.reasons),
        )  # fmt: skip
    return tuple(found.values())
