"""Which side a differing cell is written to: source of truth, three-way compare, moments of change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import attrs

from crmkit.errors import NotFoundError
from crmkit.mapping._parts._form import zone_of
from crmkit.reconciliation import CAUSES

__all__ = ["Authority", "Decision", "Outcome", "Side", "SyncRules", "decide"]

Side: TypeAlias = Literal["left", "right"]
Authority: TypeAlias = Literal["left", "right", "newest", "both"]
"""Whose value counts: one side's always; the newest where both changed it; nobody's, so that a person decides."""
Outcome: TypeAlias = Literal["write_right", "write_left", "conflict", "skip"]
Deletions: TypeAlias = Literal["ask", "follow", "restore", "keep"]

_AUTHORITIES: Final = ("left", "right", "newest", "both")
_DELETIONS: Final = ("ask", "follow", "restore", "keep")


@attrs.frozen
class Decision:
    """What happens to a cell, and why."""

    outcome: Outcome
    reason: str


@attrs.frozen(kw_only=True)
class SyncRules:
    """What counts as a difference, whose value wins, and when a change is too young to be judged.

    Attributes:
        source: The source of truth: one for all fields, or by column of the left table with ``"*"`` for the others.
        ignore: Causes of :data:`crmkit.reconciliation.CAUSES` that are no difference: two ways to write one number
            would be written back and forth for ever.
        empty: Whether an empty cell of the side that counts empties the other (``"clear"``), or says nothing
            (``"keep"``).
        deletions: A row that was agreed and is gone on one side: left to a person (``"ask"``), deleted on the other
            side too unless it was changed there (``"follow"``), made again (``"restore"``), or left alone
            (``"keep"``).
        max_deletions: With ``"follow"``: more deletions than this, a number or a share of the agreed rows, are all left
            to a person. An export that came back empty deletes nothing.
        updated_at: Column with the moment of a row's last change, one name for both sides or two.
        zone: Time zone of moments that have none, such as ``"Asia/Shanghai"``; without it they cannot be read.
        settle: A row that changed less than this ago is pending, not wrong: the other side may not have it yet.
        skew: How far the clocks of both systems may be apart. Changes closer than this have no order.

    Raises:
        NotFoundError: No such authority, cause, time zone or way to treat deletions.
        ValueError: A negative duration or limit.

    Example:
        >>> SyncRules(source={"phone": "left", "balance": "right", "*": "both"}).authority("balance")
        'right'

    .. versionadded:: 0.1.0
    """

    source: Mapping[str, Authority] | Authority = attrs.field(default="both", hash=False)
    ignore: tuple[str, ...] = attrs.field(default=("format", "float_noise", "missing_marker"), converter=tuple)
    empty: Literal["clear", "keep"] = "clear"
    deletions: Deletions = "ask"
    max_deletions: float = 0.05
    updated_at: str | tuple[str, str] | None = None
    zone: str | None = None
    settle: dt.timedelta = dt.timedelta(0)
    skew: dt.timedelta = dt.timedelta(minutes=5)

    def __attrs_post_init__(self) -> None:
        given = self.source.values() if isinstance(self.source, Mapping) else [self.source]
        for word in given:
            if word not in _AUTHORITIES:
                raise NotFoundError.of("source of truth", word, _AUTHORITIES)
        for cause in self.ignore:
            if cause not in CAUSES:
                raise NotFoundError.of("cause", cause, CAUSES)
        if self.deletions not in _DELETIONS:
            raise NotFoundError.of("way to treat deletions", self.deletions, _DELETIONS)
        if self.empty not in ("clear", "keep"):
            raise NotFoundError.of("way to treat empty cells", self.empty, ("clear", "keep"))
        if self.settle < dt.timedelta(0) or self.skew < dt.timedelta(0) or not self.max_deletions >= 0:
            raise ValueError("settle, skew and max_deletions are from 0 up")
        if self.zone is not None:
            zone_of(self.zone)
        if self.updated_at is None and (self.settle or "newest" in given):
            raise ValueError("settle and the source 'newest' need updated_at=, the column with the moment of change")

    def authority(self, column: str) -> Authority:
        """Return whose value counts in a column of the left table."""
        if isinstance(self.source, Mapping):
            return self.source.get(column, self.source.get("*", "both"))
        return self.source

    def stamps(self) -> tuple[str, str] | None:
        """Return the columns with moments of change, left and right."""
        return (self.updated_at, self.updated_at) if isinstance(self.updated_at, str) else self.updated_at

    def may_delete(self, n: int, agreed: int) -> bool:
        """Whether so many deletions may be followed without a person."""
        return n <= (self.max_deletions * agreed if 0 < self.max_deletions < 1 else self.max_deletions)


def decide(
    authority: Authority, *, left_changed: bool | None, right_changed: bool | None, order: int | None
) -> Decision:
    """Decide one cell whose sides differ.

    Args:
        authority: Whose value counts.
        left_changed: Whether the left side is not as agreed; ``None`` where nothing was ever agreed.
        right_changed: The same of the right side.
        order: 1 where the left row changed later, -1 the right one, ``None`` where that cannot be told.
    """
    if authority in ("left", "right"):
        overruled = right_changed if authority == "left" else left_changed
        reason = "overruled" if overruled else "source_of_truth"
        return Decision("write_right" if authority == "left" else "write_left", reason)
    if left_changed is False and right_changed is False:
        return Decision("skip", "as_agreed")  # both still resemble what was agreed, if not each other
    if right_changed is False:
        return Decision("write_right", "left_changed")
    if left_changed is False:
        return Decision("write_left", "right_changed")
    if authority == "newest" and order is not None:
        return Decision("write_right" if order > 0 else "write_left", "newest")
    return Decision("conflict", "never_agreed" if left_changed is None else "both_changed")
