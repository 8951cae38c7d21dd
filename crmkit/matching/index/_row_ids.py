"""Which row of an index has which record id: those that it was built with, and what changed since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from crmkit.errors import InvalidValueError, NotFoundError

from ._vocabulary import Vocabulary, part_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["RowIds"]


class RowIds:
    """Record ids and their rows."""

    def __init__(self, held: str, arrays: Mapping[str, NDArray[Any]], rows: int) -> None:
        self.held = held
        self.rows = rows
        self._texts = Vocabulary(part_of(arrays, "ids")) if held == "texts" else None
        self._numbers = arrays["ids"] if held == "numbers" else None
        self._sorted: NDArray[np.intp] | None = None
        self.added: dict[object, int] = {}
        self._by_row: dict[int, object] = {}
        self.removed: set[object] = set()

    def of(self, row: int) -> object:
        """Return the id of a row."""
        if row >= self.rows:
            return self._by_row[row]
        if self._texts is not None:
            return self._texts.text(row)
        return row if self._numbers is None else int(self._numbers[row])

    def _first_row(self, record_id: object) -> int:
        """Return the row that the index was built with, -1 if there is none."""
        if self._texts is not None:
            return self._texts.code(record_id) if isinstance(record_id, str) else -1
        if type(record_id) is not int:
            return -1
        if self._numbers is None:
            return record_id if 0 <= record_id < self.rows else -1
        if self._sorted is None:
            self._sorted = np.argsort(self._numbers, kind="stable")
        place = int(np.searchsorted(self._numbers, record_id, sorter=self._sorted))
        found = place < self.rows and self._numbers[self._sorted[place]] == record_id
        return int(self._sorted[place]) if found else -1

    def __contains__(self, record_id: object) -> bool:
        if type(record_id) not in {str, int}:  # ids of an index are of no other type, and a list cannot be looked up
            return False
        return record_id in self.added or (record_id not in self.removed and self._first_row(record_id) >= 0)

    def row_of(self, record_id: object) -> int:
        """Return the row of an id.

        Raises:
            NotFoundError: No record has it; the message does not repeat the id.
        """
        if type(record_id) not in {str, int}:
            raise NotFoundError("no record of the index has this id; ids are texts or whole numbers")
        row = self.added.get(record_id, -1)
        if row < 0 and record_id not in self.removed:
            row = self._first_row(record_id)
        if row < 0:
            raise NotFoundError("no record of the index has this id")
        return row

    def add(self, record_id: object, row: int) -> None:
        """Note the id of a new row.

        Raises:
            InvalidValueError: Not of the kind of the others, or one that is there.
        """
        if self.held == "open" and type(record_id) in {str, int}:
            self.held = "texts" if isinstance(record_id, str) else "numbers"
        wanted = str if self.held == "texts" else int
        if type(record_id) is not wanted:
            said = "texts or whole numbers" if self.held == "open" else f"of type {wanted.__name__}"
            raise InvalidValueError(f"record ids of this index are {said}")
        if record_id in self:
            raise InvalidValueError("a record of the index has this id already; put() takes its place")
        self.added[record_id] = row
        self._by_row[row] = record_id

    def remove(self, record_id: object) -> None:
        """Forget an id."""
        if self.added.pop(record_id, None) is None:
            self.removed.add(record_id)
