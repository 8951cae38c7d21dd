"""What a person decided becomes steps; steps of one row become one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from crmkit.errors import NotFoundError

from ._step import CONFLICTS, UNKNOWN, Step, SyncConflict, translated

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ._decide import Side
    from ._plan import SyncPlan

__all__ = ["merged", "resolve"]


def resolve(
    plan: SyncPlan, take: Side, *, reason: str | None, column: str | None,
    keys: Collection[tuple[str, ...] | str] | None,
) -> SyncPlan:  # fmt: skip
    """Decide conflicts by side; see :meth:`crmkit.sync.SyncPlan.resolve`."""
    if take not in ("left", "right"):
        raise NotFoundError.of("side", take, ("left", "right"))
    if reason is not None and reason not in CONFLICTS:
        raise NotFoundError.of("reason", reason, CONFLICTS)
    if column is not None and column not in plan.names:
        raise NotFoundError.of("column", column, plan.names)
    wanted = None if keys is None else {key if isinstance(key, tuple) else (str(key),) for key in keys}
    decided: list[SyncConflict] = []
    left_over: list[SyncConflict] = []
    for conflict in plan.conflicts:
        chosen = (
            bool(conflict.columns)
            and (reason is None or conflict.reason == reason)
            and (column is None or column in conflict.columns)
            and (wanted is None or conflict.key in wanted)
        )
        (decided if chosen else left_over).append(conflict)
    steps: list[Step] = list(plan.steps)
    for conflict in decided:
        step = _decided(plan, conflict, take)
        if step is None:
            left_over.append(conflict)
        elif step.side == "right" or not plan.one_way:
            steps.append(step)
    # What was decided is agreed on only when both sides are compared again: the state knows of no decision.
    return attrs.evolve(plan, steps=merged(steps), conflicts=tuple(left_over))


def _decided(plan: SyncPlan, conflict: SyncConflict, take: Side) -> Step | None:
    given, held = (conflict.left, conflict.right) if take == "left" else (conflict.right, conflict.left)
    side: Side = "right" if take == "left" else "left"
    columns = tuple(plan.names[name] if side == "right" else name for name in conflict.columns)
    common: dict[str, Any] = {"side": side, "key": conflict.key, "columns": columns}
    reason = f"decided:{conflict.reason}"
    if given is None:
        return Step(kind="delete", before=held or (), reasons=(reason,), **common)
    pairs = zip(conflict.columns, given, strict=True)
    after = tuple(
        translated(plan.values[name], value, to=side) if name in plan.values else value for name, value in pairs
    )
    if any(value is UNKNOWN for value in after):
        return None
    if held is None:
        return Step(kind="create", after=after, reasons=(reason,), **common)
    return Step(kind="update", before=held, after=after, reasons=(reason,) * len(columns), **common)


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
