"""The table that the rest of crmkit works on: read-only, column by column."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import numpy as np

from crmkit.errors import NotFoundError, SchemaError

from ._distinct import Distinct, as_texts
from ._hashes import finite, numbers_of
from ._marks import ABSENT
from ._source import StoredRows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    from crmkit.typing import Frame, JSONValue

    from ._source import Source

_CACHED_CELLS: Final = 2_000_000
_LONG: Final = 500_000
"""Longer tables of Arrow are gone through in parts."""


class Table:
    """A frame of any kind, read column by column.

    Made by :func:`crmkit.frames.read`. Missing values (``None``, ``NaN``, ``NaT``, ``pd.NA``) are ``None`` here, rows
    are positions from 0, and columns are addressed by name (a name that is not text by ``str(name)``).

    Attributes:
        kind: ``"pandas"``, ``"polars"``, ``"arrow"``, ``"records"``, ``"mapping"`` or ``"recordset"``.
        columns: The names, in the frame's order.
        notes: What reading a file found (``crmkit.records.Note``); empty for everything but a ``RecordSet``.

    Note:
        Lists of columns are kept up to two million cells, the least recently used go first; distinct values stay
        until :meth:`forget`.

    .. versionadded:: 0.1.0
    """

    __slots__ = ("_columns", "_distinct", "_names", "_source", "_texts", "columns", "kind", "notes")

    def __init__(self, source: Source) -> None:
        self._source = source
        self.kind: str = source.kind
        self.columns: tuple[str, ...] = source.columns
        self._names = frozenset(source.columns)
        self.notes = source.notes
        self._columns: OrderedDict[str, list[object]] = OrderedDict()
        self._distinct: dict[str, Distinct] = {}
        self._texts: dict[str, Distinct] = {}

    @property
    def native(self) -> Frame:
        """The frame itself."""
        return self._source.native

    @property
    def verbatim(self) -> bool:
        """Whether columns have no types, so that what :meth:`replace` is given is what the frame then holds."""
        return self._source.verbatim

    def __len__(self) -> int:
        return self._source.length

    def __repr__(self) -> str:
        return f"<Table {self.kind}: {len(self)} rows, {len(self.columns)} columns>"

    def column(self, name: str) -> list[object]:
        """Return one column, missing as ``None``. Do not change the list: it is shared.

        Raises:
            SchemaError: There is no such column.

        Example:
            >>> from crmkit import frames
            >>> frames.read([{"city": "Oslo"}, {"city": float("nan")}]).column("city")
            ['Oslo', None]
        """
        self._check(name)
        if name in self._columns:
            self._columns.move_to_end(name)
            return self._columns[name]
        known = self._distinct.get(name)
        values = self._source.values(name) if known is None else known.rows()
        self._columns[name] = values
        while len(self._columns) > 1 and len(self._columns) * len(self) > _CACHED_CELLS:
            self._columns.popitem(last=False)
        return values

    def cells(self, name: str) -> Sequence[object]:
        """Return one column, missing as ``None``, in the least room that it can be had in; for what is kept.

        A long column of a file stays as the file's table holds it, others are lists that nobody else has.

        Raises:
            SchemaError: There is no such column.
        """
        self._check(name)
        held = self._source.cells(name)
        return self._source.values(name) if held is None else held

    def distinct(self, name: str) -> Distinct:
        """Return the distinct values of a column and which of them each row holds.

        ``1``, ``1.0``, ``True``, ``"1"``, ``Decimal("1.0")`` and ``-0.0`` are never taken for one another, and cells
        that cannot be hashed (lists, dicts) are compared by their contents.

        Raises:
            SchemaError: There is no such column.
        """
        self._check(name)
        found = self._distinct.get(name)
        if found is None:
            found = None if name in self._columns else self._source.distinct(name)
            if found is None:
                found = Distinct.of(self._columns.get(name) or self._source.values(name))
            self._distinct[name] = found
        return found

    def texts(self, name: str) -> Distinct:
        """Return the distinct values as a person would type them.

        ``7.0`` is ``"7"``, ``True`` is ``"true"``, a ``Decimal`` is plain, dates and times are ISO 8601, a column of
        moments that are all midnight is one of dates, and text is itself. Values that read the same are one value.

        Raises:
            SchemaError: There is no such column.
        """
        found = self._texts.get(name)
        if found is None:
            found = self._texts[name] = as_texts(self.distinct(name))
        return found

    def replace(self, cells: Mapping[str, Mapping[int, object]]) -> Frame:
        """Return the frame with these cells changed: column name -> row -> new value; ``None`` makes it missing.

        The frame is of the caller's kind. Only these cells are written: columns and records without a changed cell are
        the very same objects. A value that a column's type cannot hold widens the column (see
        :doc:`/reference/frames`).

        Raises:
            SchemaError: No such column, a row outside of the frame, or a column that can neither hold nor be widened
                to hold the value.
        """
        wanted = {name: rows for name, rows in cells.items() if rows}
        for name, rows in wanted.items():
            self._check(name)
            self._check_rows(rows)
        return self._source.replace(wanted) if wanted else self._source.native

    def take(self, rows: Sequence[int]) -> Frame:
        """Return the frame of the caller's kind with these rows, in this order.

        Raises:
            SchemaError: A row is outside of the frame.
        """
        self._check_rows(rows)
        return self._source.take(rows)

    def stored(self, name: str, rows: Sequence[int]) -> list[object]:
        """Return cells exactly as the frame holds them: ``NaN``, ``NaT``, ``pd.NA`` and ``ABSENT`` as they are."""
        self._check(name)
        return self._source.stored(name, rows)

    def rows(self, rows: Sequence[int]) -> StoredRows:
        """Return whole rows exactly as the frame holds them, with their labels; for a log of what was taken away."""
        columns = {name: self._source.stored(name, rows) for name in self.columns}
        return StoredRows(columns, self._source.labels(rows), len(rows))

    def dtype(self, name: str) -> JSONValue:
        """Describe a column's type, so that :meth:`restore` can make it again; ``None`` for columns of anything."""
        self._check(name)
        return self._source.dtype(name, full=True)

    def type_of(self, name: str) -> object:
        """Return the library's own type of a column, to be compared with ``==``; ``None`` where columns have none."""
        self._check(name)
        return self._source.type_of(name)

    def numbers(self, name: str) -> npt.NDArray[np.float64] | None:
        """Return a column of numbers as floats, missing as NaN; ``None`` where it holds anything else.

        Integers beyond 2**53 lose digits here; look at :meth:`column` where that matters.

        Raises:
            SchemaError: There is no such column.
        """
        self._check(name)
        found = self._source.numbers(name)
        if found is not None or self._source.typed:
            return found
        values = self.column(name)
        kinds = set(map(type, values)) - {type(None)}
        if not kinds or not kinds <= {int, float}:
            return None
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)

    def text_numbers(self, name: str) -> npt.NDArray[np.float64] | None:
        """Return a column of text as floats, NaN where a text is no finite number; ``None`` where it is not all text.

        Raises:
            SchemaError: There is no such column.
        """
        self._check(name)
        found = self._source.text_numbers(name)
        if found is not None or self._source.typed:
            return found
        values = self.column(name)
        return finite(numbers_of(values)) if set(map(type, values)) <= {str, type(None)} else None

    def blank(self, name: str) -> npt.NDArray[np.bool_]:
        """Return which rows hold nothing, or nothing but blanks.

        Raises:
            SchemaError: There is no such column.

        Example:
            >>> from crmkit import frames
            >>> frames.read({"id": ["7", " ", None, 0]}).blank("id").tolist()
            [False, True, True, False]
        """
        self._check(name)
        found = self._source.blank(name)
        if found is not None:
            return found
        values = self.column(name)
        blank = (value is None or (isinstance(value, str) and not value.strip()) for value in values)
        return np.fromiter(blank, dtype=bool, count=len(values))

    def native_hashes(self, name: str, seed: int) -> npt.NDArray[np.uint64] | None:
        """Return hashes of a column that the frame's own library makes; ``None`` where it cannot, or is not faster.

        Raises:
            SchemaError: There is no such column.
        """
        self._check(name)
        return self._source.hashes(name, seed)

    def layout(self, touched: Iterable[str] = ()) -> dict[str, JSONValue]:
        """Describe the frame without its contents, as plain data.

        Args:
            touched: Columns that may get another type; theirs is described so that it can be made again.
        """
        full = set(touched)
        return {
            "kind": self.kind,
            "rows": len(self),
            "columns": [[name, self._source.dtype(name, full=name in full)] for name in self.columns],
            "index": self._source.index(),
        }

    def unlike(self, other: Table) -> list[tuple[str | None, str]]:
        """Say in what a frame of the same kind is laid out differently: a column, or ``None``, and what differs.

        Cells are not compared: only the order of columns, their types, and the index.
        """
        found: list[tuple[str | None, str]] = []
        if self.columns != other.columns:
            found.append((None, "the columns stand in another order"))
        found += [
            (name, "is of another type")
            for name in self.columns
            if name in other._names and self._source.type_of(name) != other._source.type_of(name)
        ]
        if len(self) == len(other) and not self._source.same_index(other._source):
            found.append((None, "the rows have another index"))
        return found

    def restore(self, cells: Mapping[str, Mapping[int, object]], dtypes: Mapping[str, JSONValue]) -> Frame:
        """Write stored cells back, as :meth:`replace` does, and undo the widening of their columns.

        Args:
            cells: As for :meth:`replace`, the values as :meth:`stored` gave them.
            dtypes: Column -> type out of :meth:`layout`; a column gets it again once all of its cells fit.
        """
        wanted = {name: rows for name, rows in cells.items() if rows}
        for name, rows in wanted.items():
            self._check(name)
            self._check_rows(rows)
        return self._source.restore(wanted, dtypes) if wanted else self._source.native

    def insert(self, rows: StoredRows, positions: Sequence[int], *, index: JSONValue = None) -> Frame:
        """Put rows back.

        Args:
            rows: As :meth:`rows` gave them.
            positions: Where each of them is in the result.
            index: The ``"index"`` of the :meth:`layout` that the frame had.
        """
        total = len(self) + len(rows)
        order = np.full(total, -1, dtype=np.int64)
        if len(rows) and not 0 <= min(positions) <= max(positions) < total:
            raise SchemaError(f"row out of range: the frame will have rows 0 to {total - 1}")
        order[np.asarray(positions, dtype=np.int64)] = np.arange(len(self), total)
        order[order < 0] = np.arange(len(self))
        return self._source.insert(rows, order, index)

    def pieces(self) -> Iterator[Table]:
        """Return the table in parts that lie one behind the other: itself, but for long tables of Arrow.

        What is cached for a part goes with it, so a pass over a column of millions of texts holds few of them.
        """
        from ._read import read

        parts = self._source.pieces() if len(self) > _LONG else iter([self.native])
        for part in parts:
            yield self if part is self.native else read(part)

    def append(self, records: Sequence[Mapping[str, object]]) -> Frame:
        """Return the frame with rows behind its own; a column that a record lacks is missing there.

        Numbered labels of a pandas index go on; rows of another index are labelled by their position. A frame without
        columns gets those of the records.

        Raises:
            SchemaError: A record has a column that the frame lacks, or a value that its column can never hold.

        Example:
            >>> from crmkit import frames
            >>> frames.read({"id": [1], "city": ["Oslo"]}).append([{"id": 2}])
            {'id': [1, 2], 'city': ['Oslo', None]}
        """
        names = dict.fromkeys(name for record in records for name in record)
        if not self.columns:
            columns = {name: [record.get(name) for record in records] for name in names}
            from ._read import build

            return build(columns, like=None if self.kind == "recordset" else self._source.native)
        for name in names:
            self._check(name)
        total = len(self) + len(records)
        lacking = ABSENT if self.kind == "records" else None
        columns = {name: [record.get(name, lacking) for record in records] for name in self.columns}
        rows = StoredRows(columns, self._source.next_labels(len(records)), len(records))
        return self._source.insert(rows, np.arange(total, dtype=np.int64), None)

    def forget(self, name: str | None = None) -> None:
        """Let go of what is cached for one column, or for all of them."""
        for cache in (self._columns, self._distinct, self._texts):
            if name is None:
                cache.clear()
            else:
                cache.pop(name, None)

    def _check(self, name: str) -> None:
        if name not in self._names:
            raise SchemaError(str(NotFoundError.of("column", name, self.columns)))

    def _check_rows(self, rows: Sequence[int] | Mapping[int, object]) -> None:
        if len(rows) and not (min(rows) >= 0 and max(rows) < len(self)):
            raise SchemaError(f"row out of range: the frame has rows 0 to {len(self) - 1}")
