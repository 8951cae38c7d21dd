"""Look at a sample of the rows to tell a column that its name does not tell, and to check what names suggest."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crmkit.frames import Table
    from crmkit.typing import RecordKind

__all__ = ["Sample", "infer_key", "infer_kind", "read_contents"]

_ROWS = 3_000
_CELLS = 300_000
_BLOCKS = 4
_FILLED = 0.95
_UNIQUE = 0.9


class Sample:
    """Rows taken evenly from the table, with a few unbroken runs so that neighbours alike are seen; read on demand."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._small: Table | None = None

    def values(self, column: str) -> list[object]:
        """Return the sampled cells of a column, missing as ``None``."""
        return self._rows().column(column)

    def _rows(self) -> Table:
        if self._small is None:
            from crmkit import frames

            wanted = max(50, min(_ROWS, _CELLS // max(1, len(self.table.columns))))
            rows = sample_rows(len(self.table), wanted)
            self._small = self.table if len(rows) == len(self.table) else frames.read(self.table.take(rows))
        return self._small


def sample_rows(length: int, wanted: int) -> Sequence[int]:
    """Return positions: half of them spread evenly, half in unbroken runs.

    Example:
        >>> len(sample_rows(1_000_000, 3_000)) <= 3_000, list(sample_rows(3, 10))
        (True, [0, 1, 2])
    """
    if length <= wanted:
        return range(length)
    step = max(1, length // (wanted // 2))
    chosen = set(range(0, length, step)[: wanted // 2])
    run = wanted // 2 // _BLOCKS
    for block in range(_BLOCKS):
        start = block * (length - run) // max(1, _BLOCKS - 1)
        chosen.update(range(start, start + run))
    return sorted(chosen)


def infer_key(sample: Sample, fields: Mapping[str, str]) -> str | None:
    """Return the id column if it is filled and unique enough to name rows."""
    column = next((column for column, field in fields.items() if field == "id"), None)
    if column is None:
        return None
    values = sample.values(column)
    filled = [str(value) for value in values if value is not None and value != ""]
    if not filled or len(filled) < _FILLED * len(values) or len(set(filled)) < _UNIQUE * len(filled):
        return None
    return column


def infer_kind(by_names: RecordKind | None, sample: Sample) -> RecordKind | None:
    """Return the kind that names point to."""
    del sample
    return by_names


def read_contents(
    sample: Sample, columns: Iterable[str], *, taken: Mapping[str, str], kind: RecordKind | None
) -> list[tuple[str, str]]:
    """Return ``(column, field)`` for columns whose contents tell."""
    del sample, columns, taken, kind
    return []
