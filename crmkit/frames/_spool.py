"""Files that do not fit into memory: written once as Arrow's own format, and mapped instead of loaded.

A mapped table is a table like any other. Its pages come from the disk when they are looked at, and the operating system
takes them back when it needs the room.
"""

from __future__ import annotations

import mmap
import os
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmkit._optional import require
from crmkit.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit.typing import Frame

__all__ = ["let_go", "spool"]

_MAPPED: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()
_ROWS = 100_000
_BLOCK = 1 << 22


def spool(
    source: str | os.PathLike[str], folder: str | os.PathLike[str], *, encoding: str = "utf-8", delimiter: str = ","
) -> Frame:
    """Map a parquet or CSV file as an Arrow table.

    Args:
        source: A file whose name ends in ``.parquet``, or in ``.csv``, ``.tsv`` or ``.txt``: then all columns are text,
            the first row has their names, and an empty cell is missing.
        folder: Where the copy goes; it must stay as long as the table is used, and has about the size that the table
            would have in memory.
        encoding: Of a text file.
        delimiter: Of a text file.

    Raises:
        FormatError: Another ending; not such a file; a row with too many or too few cells.
        MissingDependencyError: pyarrow is not installed.

    .. versionadded:: 0.1.0
    """
    pa: Any = require("pyarrow", extra="arrow", what="reconcile_files")
    ipc: Any = require("pyarrow.ipc", extra="arrow", what="reconcile_files")
    place = Path(source)
    if place.suffix.lower() == ".parquet":
        parts = _parquet(place)
    elif place.suffix.lower() in {".csv", ".tsv", ".txt"}:
        parts = _text(place, encoding, "\t" if place.suffix.lower() == ".tsv" else delimiter)
    else:
        raise FormatError("a file ends in .parquet, .csv, .tsv or .txt", location=place.name)
    target = Path(folder) / f"{place.stem}-{os.urandom(4).hex()}.arrow"
    try:
        schema = next(parts)
        with ipc.new_file(str(target), schema) as writer:
            for batch in parts:
                writer.write_batch(batch)
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        # What Arrow says of a row quotes it, so only the kind of trouble is told on.
        raise FormatError(_reason(str(error)), location=place.name) from None
    with target.open("rb") as file:
        pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    _MAPPED.add(pages)
    pa.default_memory_pool().release_unused()  # what reading took, which Arrow keeps for the next time
    with ipc.open_file(pa.BufferReader(pa.py_buffer(pages))) as opened:
        table: Frame = opened.read_all()
    return table


def let_go() -> None:
    """Tell the system that the pages of mapped files which were looked at are not needed now.

    It takes them back from a process that needs room anyway; but until then they count as its memory, and a container
    with a limit may be stopped for them. They come from the disk, or its cache, when they are looked at again.
    """
    advice = getattr(mmap, "MADV_DONTNEED", None)
    if advice is not None:
        for pages in _MAPPED:
            pages.madvise(advice)


def _reason(said: str) -> str:
    if "columns, got" in said:
        return "a row has too many or too few cells; read_csv reads such files"
    return "not such a file, or not whole"


def _parquet(place: Path) -> Iterator[Any]:
    """Give the schema, then the batches, dictionaries written out."""
    pa: Any = require("pyarrow", extra="arrow", what="reading parquet")
    parquet: Any = require("pyarrow.parquet", extra="arrow", what="reading parquet")
    with parquet.ParquetFile(place) as file:
        fields = [
            field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
            for field in file.schema_arrow
        ]
        schema = pa.schema(fields)
        yield schema
        for batch in file.iter_batches(batch_size=_ROWS):
            yield batch.cast(schema)


def _text(place: Path, encoding: str, delimiter: str) -> Iterator[Any]:
    """Give the schema, then the batches, of a text file: every column is text."""
    pa: Any = require("pyarrow", extra="arrow", what="reading CSV")
    csv: Any = require("pyarrow.csv", extra="arrow", what="reading CSV")
    parse = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    read = csv.ReadOptions(encoding=encoding, block_size=_BLOCK)
    with csv.open_csv(place, read_options=read, parse_options=parse) as opened:
        names = opened.schema.names
    convert = csv.ConvertOptions(
        column_types={name: pa.string() for name in names}, strings_can_be_null=True, null_values=[""]
    )
    with csv.open_csv(place, read_options=read, parse_options=parse, convert_options=convert) as opened:
        yield opened.schema
        yield from opened
