"""What a reader found, gathered while it reads and kept within bounds."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from crmkit.records import Note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.typing import JSONValue, Severity

LIMIT = 1_000
"""Notes of one code; what comes after is counted, not listed."""


class NoteList:
    """Notes in the order found, at most `LIMIT` of each code and then one with the number of the rest."""

    def __init__(self) -> None:
        self._notes: list[Note] = []
        self._counts: Counter[str] = Counter()
        self._severities: dict[str, Severity] = {}

    def add(
        self,
        code: str,
        *,
        severity: Severity = "warning",
        row: int | None = None,
        column: str | None = None,
        params: Mapping[str, JSONValue] | None = None,
    ) -> None:
        """Add one note, or count it if there are many of its code."""
        self._counts[code] += 1
        self._severities[code] = severity
        if self._counts[code] <= LIMIT:
            self._notes.append(Note(code=code, severity=severity, row=row, column=column, params=params or {}))

    def finish(self) -> tuple[Note, ...]:
        """Return the notes; whole-file ones first, then by row."""
        for code, count in self._counts.items():
            if count > LIMIT:
                severity = self._severities[code]
                self._notes.append(Note(code=code, severity=severity, params={"more": count - LIMIT}))
        return tuple(sorted(self._notes, key=lambda note: -1 if note.row is None else note.row))
