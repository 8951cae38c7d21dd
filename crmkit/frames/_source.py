"""What every kind of frame must be able to do; one subclass for each kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar, Final

import attrs
import numpy as np

from crmkit.errors import SchemaError

from ._marks import ABSENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    from crmkit.typing import Frame, JSONValue

    from ._distinct import Distinct


MISSING: Final = np.uint64(0x9E3779B97F4A7C15)
"""The hash of a missing cell."""


@attrs.frozen
class StoredRow:
    """A whole row exactly as a frame held it.

    Attributes:
        cells: Column name -> cell; a column that is not there was absent from the record.
        label: The pandas index label, or the class of a record object as ``module:name``.

    .. versionadded:: 0.1.0
    """

    cells: Mapping[str, object] = attrs.field(repr=False)
    label: object = attrs.field(default=None, repr=False)


@attrs.frozen
class StoredRows:
    """Whole rows, held column by column.

    Attributes:
        columns: Column name -> cells, ``ABSENT`` where a record had no such key.
        labels: One label a row, or ``None`` for a kind of frame that has none.

    .. versionadded:: 0.1.0
    """

    columns: Mapping[str, list[object]] = attrs.field(repr=False)
    labels: list[object] | None = attrs.field(repr=False)
    length: int

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, place: int) -> StoredRow:
        """Return one row."""
        cells = {name: column[place] for name, column in self.columns.items() if column[place] is not ABSENT}
        return StoredRow(cells, None if self.labels is None else self.labels[place])

    def take(self, places: Sequence[int]) -> StoredRows:
        """Return some of the rows."""
        columns = {name: [column[place] for place in places] for name, column in self.columns.items()}
        labels = None if self.labels is None else [self.labels[place] for place in places]
        return StoredRows(columns, labels, len(places))

    def erase(self, place: int) -> None:
        """Forget one row."""
        for column in self.columns.values():
            column[place] = None
        if self.labels is not None:
            self.labels[place] = None

    def cells(self, name: str) -> list[object]:
        """Return a column; ``None`` throughout where the rows do not have it."""
        found = self.columns.get(name)
        return [None] * self.length if found is None else [None if cell is ABSENT else cell for cell in found]

    @classmethod
    def of(cls, rows: Sequence[StoredRow], *, names: Iterable[str] = ()) -> StoredRows:
        """Hold rows column by column; ``names`` come first, in their order."""
        names = dict.fromkeys(names) | dict.fromkeys(name for row in rows for name in row.cells)
        columns = {name: [row.cells.get(name, ABSENT) for row in rows] for name in names}
        labels = [row.label for row in rows]
        return cls(columns, None if all(label is None for label in labels) else labels, len(rows))


class Source(ABC):
    """One native frame behind a :class:`~crmkit.frames.Table`. Rows are positions, columns are names as text."""

    kind: ClassVar[str]
    verbatim: ClassVar[bool] = False
    """Whether columns have no types, so that what is written is what is held."""
    typed: ClassVar[bool] = False
    """Whether the library's type of a column tells what it holds, so that no cell has to be looked at."""
    native: Frame
    columns: tuple[str, ...]
    length: int
    notes: tuple[object, ...] = ()

    @abstractmethod
    def values(self, name: str) -> list[object]:
        """Return a column with missing as ``None`` and no library's own scalars."""

    def distinct(self, name: str) -> Distinct | None:  # noqa: ARG002 - for those that can
        """Return the distinct values where the library finds them faster than Python does."""
        return None

    def cells(self, name: str) -> Sequence[object] | None:  # noqa: ARG002 - for those that can
        """Return a column like ``values``, but as it is held in little room and for all time; not changed by anyone."""
        return None

    @abstractmethod
    def stored(self, name: str, rows: Sequence[int]) -> list[object]:
        """Return cells exactly as the frame holds them, every missing marker as it is."""

    @abstractmethod
    def replace(self, cells: Mapping[str, Mapping[int, object]]) -> Frame:
        """Write ``cells`` into a copy that shares everything else."""

    def dtype(self, name: str, *, full: bool) -> JSONValue:  # noqa: ARG002 - for those whose columns have types
        """Describe a column's type; ``full`` with all that is needed to make it again."""
        return None

    def labels(self, rows: Sequence[int]) -> list[object] | None:  # noqa: ARG002 - for those that have some
        """Return what identifies rows beside their cells: pandas index labels, classes of record objects."""
        return None

    def pieces(self) -> Iterator[Any]:
        """Return the frame in parts, where its values are not Python's own and would take far more room as such."""
        yield self.native

    def next_labels(self, n: int) -> list[object] | None:  # noqa: ARG002 - for those that have some
        """Return labels for rows that come behind the last."""
        return None

    def type_of(self, name: str) -> object:  # noqa: ARG002 - most kinds have no types
        """Return the library's own type of a column, to be compared with ``==``; ``None`` where columns have none."""
        return None

    def numbers(self, name: str) -> npt.NDArray[np.float64] | None:  # noqa: ARG002 - for those whose columns have types
        """Return a column of numbers as floats, missing as NaN; ``None`` where it holds anything else."""
        return None

    def blank(self, name: str) -> npt.NDArray[np.bool_] | None:  # noqa: ARG002 - for those that can
        """Say which rows hold nothing, or blanks only, where the library finds them faster than Python does."""
        return None

    def text_numbers(self, name: str) -> npt.NDArray[np.float64] | None:  # noqa: ARG002 - for those that can
        """Return a column of text as floats, where the library reads it faster than Python does."""
        return None

    def hashes(self, name: str, seed: int) -> npt.NDArray[np.uint64] | None:  # noqa: ARG002 - for those that can
        """Return 64-bit hashes that are equal for equal cells of this type, where the library is fast at it."""
        return None

    def same_index(self, other: Any) -> bool:
        """Say whether a source of the same kind has the same row labels."""
        rows = range(self.length)
        return bool(self.labels(rows) == other.labels(rows))

    def index(self) -> JSONValue:
        """Describe what row labels are, where the frame has some."""
        return None

    @abstractmethod
    def restore(self, cells: Mapping[str, Mapping[int, object]], dtypes: Mapping[str, JSONValue]) -> Frame:
        """Write stored cells back and give columns their former type where all of their cells fit it again."""

    @abstractmethod
    def insert(self, rows: StoredRows, order: npt.NDArray[np.int64], index: JSONValue) -> Frame:
        """Append ``rows`` and bring all of them into ``order``."""

    @abstractmethod
    def take(self, rows: Sequence[int]) -> Frame:
        """Return the frame with these rows in this order."""


def column_names(names: Iterable[object]) -> tuple[str, ...]:
    """Return column names as text; raise if two are the same then.

    Raises:
        SchemaError: Two columns have one name.
    """
    texts = tuple(name if type(name) is str else str(name) for name in names)
    if len(set(texts)) != len(texts):
        doubled = [repr(name) for name, count in Counter(texts).items() if count > 1]
        listed = ", ".join(doubled[:5]) + (", ..." if len(doubled) > 5 else "")
        raise SchemaError(f"duplicate column names: {listed}; rename them so that each name means one column")
    return texts
