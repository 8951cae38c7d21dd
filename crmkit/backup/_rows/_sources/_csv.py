"""CSV files, whose types are given and whose quotes count."""

from __future__ import annotations

import itertools
from decimal import InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

from crmkit.errors import InvalidValueError, SchemaError

from ._base import BLOCK, ClientSource
from ._csv_cells import MARK, read_marked
from ._text import parser

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from crmkit._canonical import RowSchema


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
            lines = read_marked(stream, self._delimiter, self._path.name)
            header = ["" if cell == MARK else cell for cell in next(lines, [])]
            places = {}
            for name in schema.columns:
                if header.count(name) != 1:
                    raise SchemaError(f"{self._path.name} has no column {name!r}, or has it twice")
                places[name] = header.index(name)
            first = True
            while block := list(itertools.islice(lines, BLOCK)):
                columns = list(zip(*block, strict=True))
                yield {name: self._column(name, readers[name], columns[at]) for name, at in places.items()}
                first = False
            if first:
                yield {name: [] for name in places}

    def _column(self, name: str, read: Callable[[str], object], cells: Sequence[str]) -> Sequence[object]:
        distinct = set(cells)
        try:
            if len(distinct) * 2 > len(cells) and MARK not in distinct:
                return [read(cell) if cell else None for cell in cells]
            # Few values that come often: each is read once.
            known = {cell: read("" if cell == MARK else cell) if cell else None for cell in distinct}
            return list(map(known.__getitem__, cells))
        except (ValueError, InvalidOperation):
            raise InvalidValueError(f"{self._path.name}, column {name!r}: a cell is not of its type") from None
