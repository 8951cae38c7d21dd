"""CSV files, whose types are given and whose quotes count."""

from __future__ import annotations

from decimal import InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crmkit.errors import InvalidValueError, SchemaError

from ._base import ClientSource
from ._csv_cells import MARK, read_blocks
from ._text import parser, read_at_once

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from crmkit._canonical import LogicalType, RowSchema

_ROWS: Final = 2000
"""Rows that are read at once: few, so that their cells are still in the processor's cache when they are digested."""


class CsvSource(ClientSource):
    r"""A CSV file. An empty cell is missing, a quoted empty one is an empty text; no library may blur the two.

    Args:
        path: The file.
        schema: Types of the columns; a file of text does not say them.
        key: Columns that tell rows apart.
        name: What the table is called; the file's name where ``None``.
        encoding: Of the file.
        delimiter: Between cells.

    Raises:
        FormatError: A row has more or fewer cells than the header, or a quote is not closed.

    Example:
        >>> import pathlib, tempfile
        >>> from crmkit.backup import row_schema
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "contacts.csv"
        >>> _ = path.write_text('id,note\n1,""\n2,\n')
        >>> source = CsvSource(path, schema=row_schema({"id": "int", "note": "text"}), key="id")
        >>> list(source.blocks(source.schema()))
        [{'id': [1, 2], 'note': ['', None]}]

    .. versionadded:: 0.1.0
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        schema: RowSchema,
        key: str | Sequence[str] = (),
        name: str | None = None,
        encoding: str = "utf-8-sig",
        delimiter: str = ",",
    ) -> None:
        self._path = Path(path)
        super().__init__(name if name is not None else self._path.stem, key)
        self._schema, self._encoding, self._delimiter = schema, encoding, delimiter

    def schema(self) -> RowSchema:
        """Return the given types."""
        return self._schema

    def blocks(self, schema: RowSchema) -> Iterator[Mapping[str, Sequence[object]]]:
        """Read the file in blocks of rows."""
        readers = {name: parser(kind) for name, kind in schema.columns.items()}
        with self._path.open(encoding=self._encoding, newline="") as stream:
            rows = read_blocks(stream, self._delimiter, self._path.name, size=_ROWS)
            [first_row] = next(rows, [[]])
            header = ["" if cell == MARK else cell for cell in first_row]
            places = {}
            for name in schema.columns:
                if header.count(name) != 1:
                    raise SchemaError(f"{self._path.name} has no column {name!r}, or has it twice")
                places[name] = header.index(name)
            first = True
            for block in rows:
                columns = list(zip(*block, strict=True))
                yield {
                    name: self._column(name, kind, readers[name], columns[places[name]])
                    for name, kind in schema.columns.items()
                }
                first = False
            if first:
                yield {name: [] for name in places}

    def _column(
        self, name: str, kind: LogicalType, read: Callable[[str], object], cells: Sequence[str]
    ) -> Sequence[object]:
        if MARK not in cells:
            if kind.kind == "text":
                return cells if "" not in cells else [cell or None for cell in cells]
            known_all = read_at_once(kind, cells) if "" not in cells else None
            if known_all is not None:
                return known_all
        distinct = set(cells)
        try:
            if len(distinct) * 2 > len(cells) and MARK not in distinct:
                return [read(cell) if cell else None for cell in cells]
            # Few values that come often: each is read once.
            known = {cell: read("" if cell == MARK else cell) if cell else None for cell in distinct}
            return list(map(known.__getitem__, cells))
        except (ValueError, InvalidOperation):
            raise InvalidValueError(f"{self._path.name}, column {name!r}: a cell is not of its type") from None
