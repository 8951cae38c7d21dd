"""Where tables come from: frames and files by Python, databases by their own SQL; one digest on every route."""

from __future__ import annotations

import abc
import datetime as dt
import hashlib
import itertools
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit import frames
from crmkit._canonical import LogicalType, RowSchema, rows
from crmkit._optional import require
from crmkit.errors import InvalidValueError, SchemaError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from crmkit.typing import Frame

BLOCK = 50_000
Pairs = tuple["Sequence[bytes]", "Sequence[bytes]"]


class Source(abc.ABC):
    """A table somewhere; the classes below say where.

    Attributes:
        name: What the table is called.
        key: Columns that tell rows apart.

    .. versionadded:: 0.1.0
    """

    def __init__(self, name: str, key: str | Sequence[str]) -> None:
        self.name = name
        self.key: tuple[str, ...] = (key,) if isinstance(key, str) else tuple(key)

    @abc.abstractmethod
    def schema(self) -> RowSchema:
        """Return the names and types of the columns."""

    @abc.abstractmethod
    def digests(self, schema: RowSchema) -> Iterable[Pairs]:
        """Yield blocks of key digests and row digests."""

    @abc.abstractmethod
    def blocks(self, schema: RowSchema) -> Iterable[Mapping[str, Sequence[object]]]:
        """Yield blocks of columns, as Python values that fit the schema."""

    def bounds(self, columns: Sequence[str]) -> Mapping[str, tuple[str, str]]:
        """Return the least and greatest value of columns as text; missing ones do not count."""
        found: dict[str, tuple[Any, Any]] = {}
        for block in self.blocks(self.schema()):
            for name in columns:
                values: list[Any] = [value for value in block[name] if value is not None]
                if values:
                    low, high = min(values), max(values)
                    if name in found:
                        low, high = min(low, found[name][0]), max(high, found[name][1])
                    found[name] = low, high
        return {name: (str(low), str(high)) for name, (low, high) in found.items()}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


def digest_block(schema: RowSchema, key: Sequence[str], block: Mapping[str, Sequence[object]]) -> Pairs:
    """Return key digests and row digests of a block; rows without a key are their own."""
    sha256 = hashlib.sha256
    digests = [sha256(row).digest() for row in rows(schema, block)]
    if not key:
        return digests, digests
    only = RowSchema({name: schema.columns[name] for name in key})
    return [sha256(row).digest() for row in rows(only, block)], digests


class ClientSource(Source):
    """A table whose rows Python reads and digests."""

    def digests(self, schema: RowSchema) -> Iterator[Pairs]:
        """Yield digests block by block."""
        done = 0
        for block in self.blocks(schema):
            try:
                yield digest_block(schema, self.key, block)
            except InvalidValueError as error:
                raise InvalidValueError(f"{self.name}, rows from {done}: {error}") from None
            done += len(next(iter(block.values()), ()))


_BY_TYPE: dict[type, LogicalType] = {
    bool: LogicalType(kind="bool"),
    int: LogicalType(kind="int"),
    float: LogicalType(kind="float64"),
    str: LogicalType(kind="text"),
    bytes: LogicalType(kind="bytes"),
    dt.date: LogicalType(kind="date"),
    UUID: LogicalType(kind="uuid"),
}


def infer(name: str, values: Iterable[object]) -> LogicalType:
    """Return the type that holds all values of a column exactly; a column without values is text.

    Raises:
        SchemaError: There is none, or several.
    """
    found: set[str] = set()
    scale = 0
    kinds: dict[str, LogicalType] = {}
    for value in values:
        if value is None:
            continue
        if isinstance(value, dt.datetime):
            kind = LogicalType(kind="timestamp" if value.utcoffset() is None else "timestamptz")
        elif isinstance(value, Decimal):
            exponent = value.as_tuple().exponent
            scale = max(scale, -exponent if isinstance(exponent, int) else 0)
            kind = LogicalType(kind="decimal", scale=0)
        else:
            known = next((known for base, known in _BY_TYPE.items() if isinstance(value, base)), None)
            if known is None:
                raise SchemaError(f"column {name!r} holds {type(value).__name__}; say its type with schema=")
            kind = known
        found.add(kind.kind)
        kinds[kind.kind] = kind
    if not found:
        return LogicalType(kind="text")
    if found == {"int", "float64"}:
        return LogicalType(kind="float64")
    if len(found) > 1:
        raise SchemaError(f"column {name!r} holds {' and '.join(sorted(found))}; say its type with schema=")
    [only] = kinds.values()
    return LogicalType(kind="decimal", scale=scale) if only.kind == "decimal" else only


class FrameSource(ClientSource):
    """A frame of any kind, or a list of dicts.

    NaN and missing are two values here, except in pandas columns, which have one mark for both: there it is missing.

    Args:
        frame: The frame.
        key: Columns that tell rows apart.
        name: What the table is called.
        schema: Types of the columns; found from the values where ``None``.

    Example:
        >>> FrameSource([{"id": 1}], key="id", name="contacts")
        FrameSource('contacts')

    .. versionadded:: 0.1.0
    """

    def __init__(
        self, frame: Frame, *, key: str | Sequence[str] = (), name: str = "table", schema: RowSchema | None = None
    ) -> None:
        super().__init__(name, key)
        self._table = frames.read(frame)
        self._schema = schema

    @property
    def table(self) -> frames.Table:
        """The frame, read column by column."""
        return self._table

    def schema(self) -> RowSchema:
        """Return the given types, or those of the values."""
        if self._schema is None:
            table = self._table
            self._schema = RowSchema({name: infer(name, self._column(name)) for name in table.columns})
        return self._schema

    def blocks(self, schema: RowSchema) -> Iterator[Mapping[str, Sequence[object]]]:
        """Yield the frame in slices."""
        columns = {name: self._column(name) for name in schema.columns}
        for start in range(0, max(1, len(self._table)), BLOCK):
            yield {name: column[start : start + BLOCK] for name, column in columns.items()}

    def _column(self, name: str) -> list[object]:
        """Return a column in which NaN is NaN: `frames` calls it missing, and a digest must tell the two apart."""
        values = self._table.column(name)
        if None not in values:
            return values
        native, kind = self._table.native, self._table.kind
        raw: Sequence[object]
        if kind == "mapping":
            raw = native[name]
        elif kind == "polars":
            raw = native.get_column(name).to_list()
        elif kind == "arrow" and hasattr(native, "column_names"):
            raw = native.column(name).to_pylist()
        elif kind == "recordset":
            raw = native.column(name)
        elif kind == "records" and all(type(record) is dict for record in native):
            raw = [record.get(name) for record in native]
        else:
            return values  # pandas has one mark for both
        return [
            found if value is None and isinstance(found, float | Decimal) else value
            for value, found in zip(values, raw, strict=True)
        ]


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
        from ._csv_cells import read_cells

        readers = {name: parser(kind) for name, kind in schema.columns.items()}
        with self._path.open(encoding=self._encoding, newline="") as stream:
            lines = read_cells(stream, self._delimiter, self._path.name)
            header = [cell or "" for cell in next(lines, [])]
            places = {}
            for name in schema.columns:
                if header.count(name) != 1:
                    raise SchemaError(f"{self._path.name} has no column {name!r}, or has it twice")
                places[name] = header.index(name)
            first = True
            while block := list(itertools.islice(lines, BLOCK)):
                yield {
                    name: self._column(name, readers[name], [row[at] for row in block]) for name, at in places.items()
                }
                first = False
            if first:
                yield {name: [] for name in places}

    def _column(self, name: str, read: Callable[[str], object], cells: Sequence[str | None]) -> Sequence[object]:
        try:
            return [None if cell is None else read(cell) for cell in cells]
        except (ValueError, InvalidOperation):
            raise InvalidValueError(f"{self._path.name}, column {name!r}: a cell is not of its type") from None


def parser(kind: LogicalType) -> Callable[[str], object]:
    """Return what reads a cell of text as a type."""

    def boolean(text: str) -> bool:
        return {"t": True, "true": True, "1": True, "f": False, "false": False, "0": False}[text.lower()]

    def moment(text: str) -> object:
        if text in ("infinity", "inf", "-infinity", "-inf"):
            return float(text.replace("infinity", "inf"))
        return dt.datetime.fromisoformat(text)

    def octets(text: str) -> bytes:
        return bytes.fromhex(text.removeprefix("\\x"))

    def document(text: str) -> object:
        import json

        return json.loads(text)

    readers: dict[str, Callable[[str], object]] = {
        "int": int,
        "decimal": Decimal,
        "float64": float,
        "bool": boolean,
        "date": dt.date.fromisoformat,
        "timestamp": moment,
        "timestamptz": moment,
        "text": str,
        "bytes": octets,
        "uuid": UUID,
        "json": document,
    }
    if kind.kind not in readers:
        raise SchemaError(f"CSV has no form for {kind.kind}")
    if kind.kind == "bool":

        def checked(text: str) -> bool:
            try:
                return boolean(text)
            except KeyError:
                raise ValueError from None

        return checked
    return readers[kind.kind]


class ParquetSource(ClientSource):
    """A parquet file, read with pyarrow row group by row group.

    Args:
        path: The file.
        key: Columns that tell rows apart.
        name: What the table is called; the file's name where ``None``.
        schema: Types of the columns; those of the file where ``None``.

    Raises:
        MissingDependencyError: pyarrow is not installed.

    Example:
        >>> ParquetSource("contacts.parquet", key="id")
        ParquetSource('contacts')

    .. versionadded:: 0.1.0
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        key: str | Sequence[str] = (),
        name: str | None = None,
        schema: RowSchema | None = None,
    ) -> None:
        self._path = Path(path)
        super().__init__(name if name is not None else self._path.stem, key)
        self._schema = schema

    def schema(self) -> RowSchema:
        """Return the given types, or those of the file."""
        if self._schema is None:
            parquet = require("pyarrow.parquet", extra="arrow", what="ParquetSource")
            fields = parquet.read_schema(self._path)
            self._schema = RowSchema({field.name: _of_arrow(field.name, field.type) for field in fields})
        return self._schema

    def blocks(self, schema: RowSchema) -> Iterator[Mapping[str, Sequence[object]]]:
        """Read the file in batches."""
        parquet = require("pyarrow.parquet", extra="arrow", what="ParquetSource")
        with parquet.ParquetFile(self._path) as file:
            for batch in file.iter_batches(batch_size=BLOCK, columns=list(schema.columns)):
                yield {name: _arrow_column(batch.column(name), schema.columns[name]) for name in schema.columns}


def _arrow_column(array: Any, kind: LogicalType) -> Sequence[object]:
    values: list[object] = array.to_pylist()
    if kind.kind == "uuid":
        return [UUID(bytes=value) if isinstance(value, bytes) else value for value in values]
    return values


def _of_arrow(name: str, kind: Any) -> LogicalType:
    types = require("pyarrow.types", extra="arrow", what="ParquetSource")
    if types.is_timestamp(kind):
        if kind.unit == "ns":
            raise SchemaError(f"column {name!r} has nanoseconds; say its type with schema=")
        return LogicalType(kind="timestamptz" if kind.tz else "timestamp")
    if types.is_decimal(kind):
        return LogicalType(kind="decimal", scale=max(0, kind.scale))
    for test, found in (
        (types.is_boolean, "bool"),
        (types.is_integer, "int"),
        (types.is_floating, "float64"),
        (types.is_string, "text"),
        (types.is_large_string, "text"),
        (types.is_binary, "bytes"),
        (types.is_large_binary, "bytes"),
        (types.is_date32, "date"),
    ):
        if test(kind):
            return LogicalType(kind=found)  # type: ignore[arg-type]  # from the table above
    raise SchemaError(f"column {name!r} is of a type without exact text; say its type with schema=")
