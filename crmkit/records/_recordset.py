"""The plain table: columns of Python objects, immutable, free of frame libraries."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from crmkit import _delimited, _notebook
from crmkit._optional import require
from crmkit.errors import NotFoundError, SchemaError, ShapeError

from ._held import HeldColumn

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    import pandas as pd  # noqa: TID251  only the name of a result type; imported by nobody at run time
    import polars as pl  # noqa: TID251  as above

    from ._note import Note

_INSTEAD = (
    "a column is table['email'] or table.column('email'), all rows are table.to_dicts(), the first ones table.head(), "
    "a dataframe is table.to_pandas() or table.to_polars()"
)
SHOWN_ROWS = 10
SHOWN_COLUMNS = 30
SHOWN_CHARACTERS = 24


class RecordSet:
    """Rows under named columns, held column by column; missing is ``None``.

    Columns keep their order, names are unique text, and every column has the same length.  Columns given as tuples are
    taken as they are; other sequences are copied into one, so that nobody can change the table from outside.

    Args:
        columns: Name to values, in order.
        notes: What the reader of the file found.

    Raises:
        SchemaError: A column name is not text.
        ShapeError: Columns differ in length.

    Example:
        >>> people = RecordSet({"id": ["1", "2"], "email": ["ann@example.com", None]})
        >>> people
        RecordSet(2 rows, 2 columns)
        >>> people["email"]
        ('ann@example.com', None)

    .. versionadded:: 0.1.0
    """

    __slots__ = ("_columns", "_length", "_notes")

    def __init__(self, columns: Mapping[str, Sequence[object]], *, notes: Sequence[Note] = ()) -> None:
        held: dict[str, tuple[object, ...] | HeldColumn] = {}
        for name, values in columns.items():
            if not isinstance(name, str):
                raise SchemaError(f"column names are text, not {type(name).__name__}")
            if isinstance(values, (str, bytes, Mapping)):
                raise SchemaError(f"column {name!r} is one {type(values).__name__}, not a sequence of values")
            held[name] = values if type(values) is tuple or isinstance(values, HeldColumn) else tuple(values)
        lengths = {len(values) for values in held.values()}
        if len(lengths) > 1:
            longest = max(lengths)
            odd = next(name for name, values in held.items() if len(values) != longest)
            raise ShapeError(
                f"columns differ in length: {odd!r} has {len(held[odd])} values, others {longest}",
                expected=longest,
                actual=len(held[odd]),
            )
        self._columns = MappingProxyType(held)
        self._length = lengths.pop() if lengths else 0
        self._notes = tuple(notes)

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(self._columns)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What reading the file found, in file order; empty for a table made in memory."""
        return self._notes

    def column(self, name: str) -> tuple[object, ...]:
        """Return the values of one column.

        Raises:
            NotFoundError: There is no such column; the message names the nearest.
        """
        return tuple(self.held(name))

    def held(self, name: str) -> Sequence[object]:
        """Return the values of one column as the table holds them: a tuple, or what takes less room in a long file.

        Raises:
            NotFoundError: There is no such column; the message names the nearest.
        """
        try:
            return self._columns[name]
        except KeyError:
            raise NotFoundError.of("column", name, self._columns) from None

    def __getitem__(self, name: str) -> tuple[object, ...]:
        """Return the values of one column, as :meth:`column` does; rows have no places here.

        Raises:
            NotFoundError: There is no such column.
            TypeError: The name is no text; says how to get at rows.
        """
        if not isinstance(name, str):
            raise TypeError(f"a RecordSet is read column by column: {_INSTEAD}")
        return self.column(name)

    if not TYPE_CHECKING:  # a type checker shall go on finding names that are not there

        def __getattr__(self, name: str) -> object:
            raise AttributeError(f"a RecordSet has no {name!r}: {_INSTEAD}", name=name, obj=self)

    def head(self, n: int = 5) -> RecordSet:
        """Return the first ``n`` rows (all but the last ``-n`` if negative); notes about later rows are left out."""
        columns = {name: values[:n] for name, values in self._columns.items()}
        length = len(range(self._length)[:n])
        return RecordSet(columns, notes=[note for note in self._notes if note.row is None or note.row < length])

    def to_dicts(self) -> list[dict[str, object]]:
        """Return one dict a row; for a look at a few records, not for bulk work."""
        return list(self._rows())

    def _tuples(self) -> dict[str, tuple[object, ...]]:
        return {name: self.column(name) for name in self._columns}

    def _rows(self) -> Iterator[dict[str, object]]:
        names = self.columns
        for row in zip(*self._columns.values(), strict=True):
            yield dict(zip(names, row, strict=True))

    def to_csv(
        self, path: str | os.PathLike[str], *, encoding: str = "utf-8-sig", delimiter: str = ",", guard: bool = True
    ) -> tuple[_delimited.Escaped, ...]:
        """Write a CSV file that spreadsheets open without running any cell of it.

        Args:
            path: File to write; an existing one is replaced.
            encoding: ``utf-8-sig`` lets Excel show Chinese.
            delimiter: One character between cells.
            guard: Put ``'`` before cells that a spreadsheet would take for a formula; ``read_csv(unescape=True)``
                takes it back.

        Returns:
            The cells that got a guard: ``row`` (``None`` for a column name) and ``column``.
        """
        return _delimited.write(path, self._tuples(), encoding=encoding, delimiter=delimiter, guarded=guard)

    def to_pandas(self) -> pd.DataFrame:
        """Return a pandas frame; text and mixed columns as ``object``, missing as ``None``.

        Raises:
            MissingDependencyError: pandas is not installed.
        """
        pandas = require("pandas", extra=None, what="RecordSet.to_pandas")
        series = {
            name: pandas.Series(list(values), dtype="object" if _is_mixed(values) else None)
            for name, values in self._tuples().items()
        }
        frame: pd.DataFrame = pandas.DataFrame(series, index=range(self._length), columns=list(self._columns))
        return frame

    def to_polars(self) -> pl.DataFrame:
        """Return a polars frame; columns of mixed types as ``Object``.

        Raises:
            MissingDependencyError: polars is not installed.
        """
        polars = require("polars", extra=None, what="RecordSet.to_polars")
        columns = []
        for name in self._columns:
            values = self.column(name)
            kinds = {type(value) for value in values} - {type(None)}
            if not kinds or kinds == {str}:
                columns.append(polars.Series(name, values, dtype=polars.String))
            elif len(kinds) == 1:
                columns.append(polars.Series(name, values))
            else:
                columns.append(polars.Series(name, values, dtype=polars.Object))
        frame: pl.DataFrame = polars.DataFrame(columns)
        return frame

    def to_html(self, *, rows: int = SHOWN_ROWS, reveal: bool = False) -> str:
        """Return a static table of the first rows.

        Args:
            rows: At most this many.
            reveal: Show the values; else only their shape (``X``, ``x``, ``9`` for capitals, letters, digits), because
                any column may hold personal data.
        """
        names = self.columns[:SHOWN_COLUMNS]
        shown = min(rows, self._length)
        body = [[_cell(self._columns[name][row], reveal=reveal) for name in names] for row in range(shown)]
        said = f"{self._length:,} rows, {len(self._columns):,} columns"
        if shown < self._length or len(names) < len(self._columns):
            said += f"; first {shown:,} rows, {len(names):,} columns"
        if not reveal:
            said += "; values masked, to_html(reveal=True) shows them"
        return _notebook.sheet("", said, _notebook.table(names, body))

    def _repr_html_(self) -> str:
        return self.to_html()

    def __len__(self) -> int:
        return self._length

    def __repr__(self) -> str:
        return f"RecordSet({self._length:,} rows, {len(self._columns):,} columns)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RecordSet):
            return NotImplemented
        return self.columns == other.columns and self._length == other._length and self._columns == other._columns

    __hash__ = None  # type: ignore[assignment]  # a table may hold what cannot be hashed

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (dict(self._columns), self._notes)


def _restore(columns: dict[str, tuple[object, ...] | HeldColumn], notes: tuple[Note, ...]) -> RecordSet:
    return RecordSet(columns, notes=notes)


def _is_mixed(values: Sequence[object]) -> bool:
    kinds = {type(value) for value in values}
    return str in kinds or len(kinds) != 1


def _cell(value: object, *, reveal: bool) -> str:
    if value is None:
        return ""
    text = _delimited.text(value)
    if not reveal:
        text = "".join(map(_shape, text[:SHOWN_CHARACTERS]))
    elif len(text) > 10 * SHOWN_CHARACTERS:
        text = text[: 10 * SHOWN_CHARACTERS] + "…"
    return text


def _shape(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Lu":
        return "X"
    if category.startswith("N"):
        return "9"
    if category == "Lo":
        return "文"
    return "x" if category[0] in "LMC" else character
