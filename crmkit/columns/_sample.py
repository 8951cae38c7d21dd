"""A sample of the rows, read on demand: enough to tell what columns hold, however long the table is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.frames import Table

__all__ = ["Sample", "infer_key", "sample_rows"]

_ROWS = 3_000
_FEWEST = 30
_CELLS = 150_000
_RUNS = 4
_VALUES = 400
_LONGEST = 300
_PLAIN = frozenset({str, int, type(None)})
_FILLED = 0.95
_REPEATED = 0.1
_FEW_REPEATED = 2


class Sample:
    """Rows taken evenly from the table, with a few unbroken runs so that neighbours alike are seen."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._small: Table | None = None

    def cells(self, column: str) -> list[object]:
        """Return the sampled cells of a column, missing as ``None``."""
        return self._rows().column(column)

    def texts(self, column: str) -> list[str]:
        """Return some hundred distinct values of a column as a person would type them, trimmed, none empty."""
        cells = self.cells(column)
        if not set(map(type, cells)) <= _PLAIN:
            cells = self._rows().texts(column).values
        distinct = dict.fromkeys(str(cell)[:_LONGEST].strip() for cell in cells if cell is not None)
        distinct.pop("", None)
        found = list(distinct)
        return found if len(found) <= _VALUES else found[:: -(-len(found) // _VALUES)]

    def _rows(self) -> Table:
        if self._small is None:
            from crmkit import frames

            wanted = max(_FEWEST, min(_ROWS, _CELLS // max(1, len(self.table.columns))))
            rows = sample_rows(len(self.table), wanted)
            self._small = self.table if len(rows) == len(self.table) else frames.read(self.table.take(rows))
        return self._small


def sample_rows(length: int, wanted: int) -> Sequence[int]:
    """Return positions in order: half of them spread evenly, half in unbroken runs.

    Example:
        >>> len(sample_rows(1_000_000, 3_000)) <= 3_000, list(sample_rows(3, 10))
        (True, [0, 1, 2])
    """
    if length <= wanted:
        return range(length)
    half = wanted // 2
    run = half // _RUNS
    chosen = set(range(0, length, -(-length // half)))
    for number in range(_RUNS):
        start = number * (length - run) // (_RUNS - 1)
        chosen.update(range(start, start + run))
    return sorted(chosen)


def infer_key(sample: Sample, fields: Mapping[str, str]) -> str | None:
    """Return the id column if it is filled and unique enough to name rows; a few ids may occur more than once."""
    column = next((column for column, field in fields.items() if field == "id"), None)
    if column is None:
        return None
    cells = sample.cells(column)
    filled = [str(cell) for cell in cells if cell is not None and cell != ""]
    repeated = len(filled) - len(set(filled))
    if not filled or len(filled) < _FILLED * len(cells) or repeated > max(_FEW_REPEATED, _REPEATED * len(filled)):
        return None
    return column
