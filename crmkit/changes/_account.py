"""The proof that nothing was lost: in = out + merged, cell by cell through the logs."""

from __future__ import annotations

from itertools import compress, repeat
from operator import is_, is_not
from typing import TYPE_CHECKING, Literal

import attrs
import numpy as np

from crmkit import _notebook, frames
from crmkit._report import Report
from crmkit.errors import ConflictError, SchemaError
from crmkit.frames import Table, identity

from ._change import Conflict
from ._reads import reads_as

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.typing import Frame, JSONValue, Severity

    from ._log import ChangeLog


@attrs.frozen(kw_only=True)
class Discrepancy:
    """Something that the logs do not explain; never shows a value.

    Attributes:
        row: 0-based position before the changes; ``None`` for the frame as a whole.
        path: Column; ``None`` for a row or the frame.
        reason: What does not agree, in words.

    .. versionadded:: 0.1.0
    """

    row: int | None
    path: str | None
    reason: str


@attrs.frozen(kw_only=True)
class Account(Report):
    """What went in, what came out, and how the logs explain the difference.

    Attributes:
        rows_in: Rows before.
        rows_out: Rows after.
        merged: Rows that went into others.
        cells_changed: Changes of cells in the logs.
        compared: ``"exact"`` where both frames are of one kind: types, markers of missing values, index, and order of
            columns and rows are the same too. ``"text"`` where they are of two kinds, such as a pandas frame and what
            was read back from a file: each cell reads the same, and types, index and order of columns are not proven.
        discrepancies: What they do not explain, at most 100; nothing was lost if there are none.

    .. versionadded:: 0.1.0
    """

    rows_in: int
    rows_out: int
    merged: int
    cells_changed: int
    compared: Literal["exact", "text"] = "exact"
    discrepancies: tuple[Discrepancy, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the logs explain every difference."""
        return not self.discrepancies

    def counts(self) -> dict[str, int]:
        """Return how many rows came in and went out, were merged, how many cells changed, and what is unexplained."""
        return {
            "rows_in": self.rows_in, "rows_out": self.rows_out, "merged": self.merged,
            "cells_changed": self.cells_changed, "discrepancies": len(self.discrepancies),
        }  # fmt: skip

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return the discrepancies (row, path, reason) as a frame of the kind of ``like``."""
        names = ("row", "path", "reason")
        return frames.build({name: [getattr(found, name) for found in self.discrepancies] for name in names}, like=like)

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the figures as plain data."""
        return {"ok": self.ok, "compared": self.compared, **self.counts()}

    def _repr_html_(self) -> str:
        facts = {
            "rows in": self.rows_in, "rows out": self.rows_out, "rows merged": self.merged,
            "cells changed": self.cells_changed, "compared": self.compared,
        }  # fmt: skip
        found = [(one.row, one.path, one.reason) for one in self.discrepancies[:20]]
        lead = "the logs explain every difference" if self.ok else f"{len(self.discrepancies)} differences unexplained"
        return _notebook.sheet(
            "Account", lead, _notebook.facts(facts), _notebook.table(("row", "column", "why"), found) if found else ""
        )

    def _reason(self, severity: Severity) -> str | None:
        del severity
        if self.ok:
            return None
        shown = "; ".join(
            (f"row {found.row} " if found.row is not None else "")
            + (f"column {found.path!r} " if found.path is not None else "")
            + found.reason
            for found in self.discrepancies[:5]
        )
        return f"the logs do not explain every difference: {shown}"


_MOST = 100


def account(before: Frame, after: Frame, logs: Sequence[ChangeLog]) -> Account:
    """Prove that ``after`` is ``before`` with the changes of ``logs`` and nothing else.

    Every row that went in came out or is in a log as merged, and every cell that differs is in a log, with the value
    it had and the value it has. The logs are undone in memory, last first, and what comes out must be ``before``: to
    the type and the marker of every cell where the frames are of one kind, as text where they are of two
    (``.compared`` says which).

    Args:
        before: The frame that went in.
        after: The frame that came out; of the same kind, or read back from a file of text.
        logs: All logs between the two, in the order in which they were made.

    Returns:
        The account; ``.ok`` or ``.raise_for()`` says whether it balances.

    Example:
        >>> from crmkit.changes import Edits, apply_edits
        >>> before = [{"a": "x "}, {"a": "y"}]
        >>> after, log = apply_edits(before, Edits(path=["a"], row=[0], after=["x"]))
        >>> account(before, after, [log]).ok
        True
        >>> account(before, after[:1], [log]).discrepancies[0].reason
        'the frame has 1 rows, not 2'

    .. versionadded:: 0.1.0
    """
    first, last = frames.read(before), frames.read(after)
    if not all(hasattr(log, "merged") for log in logs):
        raise SchemaError("logs are change logs, as apply() and merge() return them, in the order they were made")
    merged = sum(log.merged for log in logs)
    cells = sum(len(log) - log.merged for log in logs)
    found: list[Discrepancy] = []
    if len(first) != len(last) + merged:
        reason = f"{len(first)} rows went in, {len(last)} came out and {merged} were merged"
        found.append(Discrepancy(row=None, path=None, reason=reason))
    current: Frame = last.native
    try:
        for log in reversed(logs):
            current = log.revert(current)
    except ConflictError as error:
        found = [
            Discrepancy(row=conflict.row, path=conflict.path, reason=conflict.reason)
            for conflict in error.conflicts[:_MOST]
            if isinstance(conflict, Conflict)
        ] or found
    else:
        found = found or _differences(first, frames.read(current))
    return Account(
        rows_in=len(first),
        rows_out=len(last),
        merged=merged,
        cells_changed=cells,
        compared="exact" if first.kind == last.kind else "text",
        discrepancies=tuple(found[:_MOST]),
    )


def _differences(first: Table, again: Table) -> list[Discrepancy]:
    """Compare two tables cell by cell."""
    found = [
        Discrepancy(row=None, path=name, reason="did not come out")
        for name in first.columns
        if name not in again.columns
    ]
    found += [
        Discrepancy(row=None, path=name, reason="did not go in") for name in again.columns if name not in first.columns
    ]
    if found or len(first) != len(again):
        return found or [Discrepancy(row=None, path=None, reason=f"{len(again)} rows are left of {len(first)}")]
    if first.kind == again.kind:
        found = [Discrepancy(row=None, path=name, reason=reason) for name, reason in first.unlike(again)]
    for name in first.columns:
        rows = _rows_that_differ(first, again, name)
        if first.kind == again.kind:
            rows += _other_markers(first, again, name)
        found += [
            Discrepancy(row=row, path=name, reason="differs, and no log says why")
            for row in sorted(rows)[: max(0, _MOST - len(found))]
        ]
    return found


def _rows_that_differ(first: Table, again: Table, name: str) -> list[int]:
    here, there = first.column(name), again.column(name)
    if set(map(type, here)) | set(map(type, there)) <= {str, type(None)}:
        return [] if here == there else [row for row in range(len(here)) if here[row] != there[row]]
    if first.kind == again.kind:
        # Most cells are the very objects that went in; only the others have to be compared.
        before, after = first.column(name), again.column(name)
        others = list(compress(range(len(before)), map(is_not, before, after)))
        if len(others) < len(before) // 4:
            return [row for row in others if identity(before[row]) != identity(after[row])]
        left, right = first.distinct(name), again.distinct(name)
    else:
        left, right = first.texts(name), again.texts(name)
    numbers = {identity(value): number for number, value in enumerate(left.values)}
    lookup = np.array([numbers.get(identity(value), -2) for value in right.values] + [-1], dtype=np.int64)
    rows: list[int] = np.flatnonzero(left.codes != lookup[right.codes]).tolist()
    if first.kind == again.kind:
        return rows
    alike: dict[tuple[int, int], bool] = {}  # each pair of texts is asked about once
    for row in rows:
        pair = int(left.codes[row]), int(right.codes[row])
        if pair not in alike:
            alike[pair] = reads_as(there[row], here[row])
    return [row for row in rows if not alike[int(left.codes[row]), int(right.codes[row])]]


def _other_markers(first: Table, again: Table, name: str) -> list[int]:
    """Return rows in which a value is missing in both tables of one kind, but marked in another way."""
    before, after = first.column(name), again.column(name)
    missing = [row for row in compress(range(len(before)), map(is_, before, repeat(None))) if after[row] is None]
    markers = zip(missing, first.stored(name, missing), again.stored(name, missing), strict=True)
    return [row for row, one, other in markers if type(one) is not type(other)]
