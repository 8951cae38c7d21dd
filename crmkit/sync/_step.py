"""One step of a plan, and one thing that only a person can decide, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import attrs

from crmkit import frames

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ._decide import Side

__all__ = ["CONFLICTS", "UNKNOWN", "Step", "StepKind", "SyncConflict", "translated"]

StepKind: TypeAlias = Literal["create", "update", "delete"]
Cells: TypeAlias = "tuple[object, ...]"

CONFLICTS: Final = (
    "both_changed", "never_agreed", "deleted_on_left", "deleted_on_right", "deleted_and_changed", "too_many_deletions",
    "key_missing", "key_doubled", "key_scientific", "almost_key", "similar", "value_unknown", "not_fetched", "moved_on",
    "exists", "gone",
)  # fmt: skip
"""Why a step is left to a person."""


@attrs.frozen(kw_only=True)
class Step:
    """One row to write on one side.

    Attributes:
        side: The system that it is written to.
        kind: ``"create"``, ``"update"`` or ``"delete"``.
        key: The key's cells as text.
        columns: Names on that side; for a new row without those of the key.
        before: What the row must hold in them when the step is made; empty for a new row.
        after: What it holds then; empty for a deleted one.
        reasons: Why, one for each column; one for the whole row where it is made or deleted.

    .. versionadded:: 0.1.0
    """

    side: Side
    kind: StepKind
    key: tuple[str, ...] = attrs.field(repr=False)
    columns: tuple[str, ...]
    before: Cells = attrs.field(default=(), repr=False)
    after: Cells = attrs.field(default=(), repr=False)
    reasons: tuple[str, ...]

    def inverse(self) -> Step:
        """Return the step that undoes it."""
        kinds: dict[StepKind, StepKind] = {"create": "delete", "update": "update", "delete": "create"}
        return attrs.evolve(
            self, kind=kinds[self.kind], before=self.after, after=self.before, reasons=("undo",) * len(self.reasons)
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, values included."""
        return {
            "side": self.side, "kind": self.kind, "key": list(self.key), "columns": list(self.columns),
            "before": _coded(self.before), "after": _coded(self.after), "reasons": list(self.reasons),
        }  # fmt: skip

    @classmethod
    def from_dict(cls, data: Any) -> Step:
        """Read what :meth:`to_dict` gave."""
        return cls(
            side=data["side"], kind=data["kind"], key=tuple(data["key"]), columns=tuple(data["columns"]),
            before=_decoded(data["before"]), after=_decoded(data["after"]), reasons=tuple(data["reasons"]),
        )  # fmt: skip


@attrs.frozen(kw_only=True)
class SyncConflict:
    """What only a person can decide.

    Attributes:
        reason: ``both_changed``, ``never_agreed``, ``deleted_on_left``, ``deleted_on_right``, ``deleted_and_changed``,
            ``too_many_deletions``, ``key_missing``, ``key_doubled``, ``key_scientific``, ``almost_key``, ``similar``,
            ``value_unknown``, ``not_fetched``; of steps that could not be made ``moved_on``, ``exists`` and ``gone``.
        key: The key's cells as text, ``""`` for a missing one.
        columns: Names on the left; empty where no value is in question, and :meth:`SyncPlan.resolve` cannot help.
        left: What the left side holds in them; ``None`` where the row is not there.
        right: The same of the right side.
        agreed: What both last agreed on; ``None`` where they never did.

    .. versionadded:: 0.1.0
    """

    reason: str
    key: tuple[str, ...] = attrs.field(repr=False)
    columns: tuple[str, ...] = ()
    left: Cells | None = attrs.field(default=None, repr=False)
    right: Cells | None = attrs.field(default=None, repr=False)
    agreed: Cells | None = attrs.field(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, values included."""
        found: dict[str, Any] = {"reason": self.reason, "key": list(self.key), "columns": list(self.columns)}
        for name in ("left", "right", "agreed"):
            cells = getattr(self, name)
            found[name] = None if cells is None else _coded(cells)
        return found

    @classmethod
    def from_dict(cls, data: Any) -> SyncConflict:
        """Read what :meth:`to_dict` gave."""
        sides = {name: None if data[name] is None else _decoded(data[name]) for name in ("left", "right", "agreed")}
        return cls(reason=data["reason"], key=tuple(data["key"]), columns=tuple(data["columns"]), **sides)


class Unknown:
    """Stands for a value that the other side has no word for."""


UNKNOWN: Final = Unknown()


def translated(values: Mapping[str, str], value: object, *, to: Side) -> object:
    """Return a value as the other side calls it; ``UNKNOWN`` where it has no word for it, or several.

    Args:
        values: What values on the left are called on the right; one that is not there has its own name there.
        value: The value.
        to: The side that it is for.
    """
    if value is None:
        return None
    text = frames.as_text(value)
    if to == "right":
        return values.get(text, value)
    names = [mine for mine, yours in values.items() if yours == text]
    return names[0] if len(names) == 1 else UNKNOWN


def _coded(cells: Sequence[object]) -> list[list[str | None]]:
    return [list(frames.encode_cell(cell)) for cell in cells]


def _decoded(coded: Sequence[Sequence[Any]]) -> Cells:
    return tuple(frames.decode_cell(kind, text) for kind, text in coded)
