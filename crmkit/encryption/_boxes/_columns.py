"""Whole columns through a box: failures of single rows, and the sign that it is the key and not the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

from crmkit import _notebook, frames
from crmkit._report import Report
from crmkit.errors import CrmkitError, SystemicFailureError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.typing import Frame, JSONValue, Severity

OnError: TypeAlias = Literal["raise", "collect"]
"""What a token that cannot be opened does to a column call."""

_MOST_FAILED: Final = 10
_MOST_SHARE: Final = 0.01


@attrs.frozen
class Failure:
    """One row of a column that could not be opened.

    Attributes:
        row: Position, from 0.
        error: Name of the error's class.

    .. versionadded:: 0.1.0
    """

    row: int
    error: str


@attrs.frozen
class ColumnOutcome(Report):
    """What ``decrypt_column(..., on_error="collect")`` gives.

    Attributes:
        values: The column, of the kind that was passed; missing where a token could not be opened.
        failures: The rows that could not, in order.

    .. versionadded:: 0.1.0
    """

    values: Frame = attrs.field(repr=False)
    failures: tuple[Failure, ...]

    def _repr_html_(self) -> str:
        rows = [(failure.row, failure.error) for failure in self.failures[:20]]
        lead = "every token could be opened" if self.ok else f"{len(self.failures):,} tokens could not be opened"
        return _notebook.sheet("Column", lead, _notebook.table(("row", "error"), rows) if rows else "")

    @property
    def ok(self) -> bool:
        """Whether every token could be opened."""
        return not self.failures

    def counts(self) -> dict[str, int]:
        """Return how many rows failed with each error."""
        found: dict[str, int] = {}
        for failure in self.failures:
            found[failure.error] = found.get(failure.error, 0) + 1
        return found

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return the rows that failed (row, error) as a frame of the kind of ``like``; the column is ``.values``."""
        columns: dict[str, list[object]] = {
            "row": [failure.row for failure in self.failures], "error": [failure.error for failure in self.failures],
        }  # fmt: skip
        return frames.build(columns, like=like)

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the counts as plain data."""
        return {"ok": self.ok, "failed": len(self.failures), "counts": dict(self.counts())}

    def _reason(self, severity: Severity) -> str | None:
        del severity
        if self.ok:
            return None
        return f"{len(self.failures)} tokens could not be opened, the first in row {self.failures[0].row}"


def first_error(name: str, failed: Mapping[int, CrmkitError]) -> CrmkitError:
    """Return the error of the first row that failed, with its row in the message."""
    row = min(failed)
    error = failed[row]
    error.args = (f"{name}, row {row}: {error.args[0]}",)
    return error


def collected(name: str, failed: Mapping[int, CrmkitError], total: int) -> tuple[Failure, ...]:
    """Return failures in order, unless there are so many that the key must be wrong.

    Raises:
        SystemicFailureError: More than 10, and more than one in a hundred.
    """
    if len(failed) > _MOST_FAILED and len(failed) > _MOST_SHARE * total:
        raise SystemicFailureError(
            f"{name}: {len(failed)} of {total} tokens cannot be opened: that is another key, tenant or record column, "
            "not bad rows",
            failed=len(failed),
            total=total,
        )
    return tuple(Failure(row, type(failed[row]).__name__) for row in sorted(failed))
