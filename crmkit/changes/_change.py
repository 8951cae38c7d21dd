"""One line of the log, and what is asked to become lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from crmkit.errors import ShapeError

if TYPE_CHECKING:
    from collections.abc import Sequence

ChangeKind: TypeAlias = Literal["cell", "merge", "split", "drop", "restore", "rebind", "escape", "rename"]
"""What a change did."""


@attrs.frozen(kw_only=True)
class Change:
    """One line of a change log.

    Attributes:
        change_id: ``run_id`` and the number of the line in it.
        run_id: ULID of the run that made the change.
        kind: ``"cell"`` for one value, ``"merge"`` for a row that went into another; the rest for other areas.
        record_id: The key's value as text, where the run had a key. It may be an e-mail address: no repr shows it.
        row: 0-based position in the frame that the run was given.
        path: Column; ``None`` for whole rows.
        type: What ``before`` and ``after`` are, such as ``"text"`` or ``"int>text"``.
        before: The value before, as the frame held it; for a merge a mapping of the whole row.
        after: The value after; for a merge the survivor's record id, else its row as text.
        rule: Which rule asked for it.
        rule_version: The version of that rule.
        confidence: 0 to 1, as the rule gave it.
        by: Who applied the change.
        at: When, ISO 8601 in UTC.
        reason: Why, in the words of who applied it.
        survivor: The row that a merge went into; for a cell that a merge changed, its own row. So
            ``where={"survivor": 7}`` is everything that made up one golden record.
        redacted: Whether the values were erased from the log.

    .. versionadded:: 0.1.0
    """

    change_id: str
    run_id: str
    kind: str
    record_id: str | None = attrs.field(repr=False)
    row: int
    path: str | None
    type: str
    before: object = attrs.field(repr=False)
    after: object = attrs.field(repr=False)
    rule: str | None
    rule_version: str | None
    confidence: float | None
    by: str | None
    at: str
    reason: str | None
    survivor: int | None = None
    redacted: bool = False


@attrs.frozen(kw_only=True)
class Conflict:
    """A change that was not made because the frame holds something else than expected; never shows a value.

    Attributes:
        row: 0-based position; ``None`` for the frame as a whole.
        record_id: The key's value, where there is a key.
        path: Column; ``None`` for a whole row.
        reason: What was found, in words.

    .. versionadded:: 0.1.0
    """

    row: int | None
    record_id: str | None = attrs.field(repr=False)
    path: str | None
    reason: str


@attrs.frozen(kw_only=True)
class Edits:
    """Changes that somebody wants made, column by column; a single value stands for all lines.

    Attributes:
        path: Columns.
        row: 0-based rows.
        after: New values; ``None`` makes a cell missing.
        before: What each cell must hold for its edit to be made, as :meth:`crmkit.frames.Table.column` gives it; absent
            means "whatever it holds".
        rule: Which rule asks for it.
        rule_version: Its version.
        confidence: 0 to 1.
        reason: Why.
        group: Edits with one number are made all or none, such as the two sides of an exchange.
        kind: What the log calls it.

    Raises:
        ShapeError: The columns differ in length.

    Example:
        >>> len(Edits(path=["email", "email"], row=[0, 4], after=["ann@example.com", None], rule="email"))
        2

    .. versionadded:: 0.1.0
    """

    path: Sequence[str]
    row: Sequence[int]
    after: Sequence[object] = attrs.field(repr=False)
    before: Sequence[object] | None = attrs.field(default=None, repr=False)
    rule: Sequence[str | None] | str | None = None
    rule_version: Sequence[str | None] | str | None = None
    confidence: Sequence[float | None] | float | None = None
    reason: Sequence[str | None] | str | None = None
    group: Sequence[int | None] | None = None
    kind: ChangeKind = "cell"

    def __attrs_post_init__(self) -> None:
        """Check that all columns have one length."""
        for name in ("row", "after", "before", "rule", "rule_version", "confidence", "reason", "group"):
            column = getattr(self, name)
            if column is None or isinstance(column, str | float | int):
                continue
            if len(column) != len(self.path):
                raise ShapeError(
                    f"edits: {name} has {len(column)} values, path has {len(self.path)}",
                    expected=len(self.path),
                    actual=len(column),
                )

    def __len__(self) -> int:
        return len(self.path)
