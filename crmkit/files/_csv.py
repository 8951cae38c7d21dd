"""Delimited text in and out."""

from __future__ import annotations

import io
import itertools
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeAlias

import attrs

from crmkit import _delimited
from crmkit._called import check_called
from crmkit._elsewhere import takes_its_keywords
from crmkit.errors import FormatError
from crmkit.records import RecordSet

from ._build import TableBuilder, portions
from ._dialect import SAMPLE_CHARACTERS, SAMPLE_LINES, sniff
from ._encoding import detect, named
from ._header import has_names
from ._notes import NoteList
from ._rows import Columns, Lines, split
from ._title_rows import check_header_row, check_source, named_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crmkit.typing import Frame, JSONValue, Progress, Severity

    from ._encoding import Encoding

Source: TypeAlias = "str | os.PathLike[str] | bytes | IO[bytes] | IO[str]"
"""A path, the bytes themselves, or an open file."""

MAX_CELL = 1 << 26
_SEPARATOR_LINE = re.compile(r"sep=([,;\t|])\r?\n?\Z", re.IGNORECASE)


@takes_its_keywords
def read_csv(
    source: Source,
    *,
    encoding: str | None = None,
    errors: str = "strict",
    delimiter: str | None = None,
    has_header: bool | None = None,
    header_row: int | None = None,
    unescape: bool = False,
    max_cell: int = MAX_CELL,
    progress: Progress | None = None,
) -> RecordSet:
    r"""Read delimited text into a table of text columns; the empty cell is ``None``.

    Nothing is dropped without a word: short rows are filled, cells too many go to a column ``_extra``, doubled and
    blank column names are changed, stray quotes are kept as text, and each of these is a note of the result.

    Args:
        source: Path, bytes, or an open file, binary or text.
        encoding: Name of the encoding; ``None`` finds it among UTF-8, UTF-16, GB18030 and Windows-1252 by evidence.
        errors: What to do with bytes that a *named* encoding lacks; ``backslashreplace`` keeps them readable.
        delimiter: One character; ``None`` finds it among comma, semicolon, tab and bar.
        has_header: Whether the first row holds the column names; without it they are ``column_1`` and so on. ``None``
            takes it for names unless it looks like the rows below: e-mail addresses, phones, dates or ids in it.
        header_row: The row with the column names, counted from 1 as spreadsheets do; rows above are left out, with a
            note. ``None`` looks below titles for known names of columns, else takes the first row.
        unescape: Take back the ``'`` that crmkit's writers put before formula-like cells.
        max_cell: Longest cell over several lines, in characters, if above 131,072; a quote still open there is text.
        progress: Shows a step for each batch of rows, such as ``tqdm``.

    Returns:
        The table; ``.notes`` says what was found and done.

    Raises:
        FormatError: Empty, not text, not decodable, or of an encoding that cannot be told; says what to pass.
        NotFoundError: No such encoding.
        OSError: The file cannot be opened.

    Example:
        >>> table = read_csv(b"id,email\r\n007,ann@example.com\r\n008,\r\n")
        >>> table.to_dicts()
        [{'id': '007', 'email': 'ann@example.com'}, {'id': '008', 'email': None}]

    .. versionadded:: 0.1.0
    """
    check_called(progress=progress)
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise ValueError("delimiter must be one character, and neither a quote nor a line end")
    check_header_row(header_row, has_header=has_header)
    job = _Job(encoding, errors, delimiter, has_header, header_row, unescape, max_cell, progress)
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        with path.open("rb") as stream:
            try:
                return job.read(stream)
            except FormatError as error:
                raise FormatError(str(error), location=path.name) from error.__cause__
    check_source(source, "read_csv")
    return job.read(io.BytesIO(source) if isinstance(source, (bytes, bytearray, memoryview)) else source)


@attrs.frozen
class _Job:
    """One call of `read_csv`."""

    encoding: str | None
    errors: str
    delimiter: str | None
    has_header: bool | None
    header_row: int | None
    unescape: bool
    max_cell: int
    progress: Progress | None
    notes: NoteList = attrs.field(factory=NoteList)

    def read(self, stream: IO[bytes] | IO[str]) -> RecordSet:
        if isinstance(stream.read(0), str):
            return self._parse(io.StringIO(stream.read(), newline=""))  # type: ignore[arg-type]  # it reads text
        binary: IO[bytes] = stream  # type: ignore[assignment]  # it reads bytes
        if not binary.seekable():
            binary = io.BytesIO(binary.read())
        found = named(self.encoding, self.errors) if self.encoding is not None else detect(binary)
        self._tell(found)
        text = io.TextIOWrapper(binary, encoding=found.name, errors=found.errors, newline="")
        try:
            return self._parse(text)
        except UnicodeError as error:  # UTF-16 without a byte order mark is not a decode error
            reason = getattr(error, "reason", None) or error
            raise FormatError(
                f"not {found.name} all through: {reason}; pass another encoding=, "
                "or errors='backslashreplace' to keep such bytes visible"
            ) from None
        finally:
            text.detach()  # the stream stays open: it is the caller's

    def _tell(self, found: Encoding) -> None:
        if found.guessed:
            severity: Severity = "info" if found.confidence >= 0.9 else "warning"
            params: dict[str, JSONValue] = {"encoding": found.name, "confidence": found.confidence}
            self.notes.add("encoding_guessed", severity=severity, params=params)
        if found.damaged:
            params = {"encoding": found.name, "lines": found.damaged}
            self.notes.add("undecodable_bytes", severity="error", params=params)
        if found.surrogates:
            self.notes.add("lone_surrogates", params={"lines": found.surrogates})

    def _parse(self, text: Iterable[str]) -> RecordSet:
        stream = iter(text)
        sample, whole = _sample(stream)
        delimiter = self.delimiter
        if sample:
            sample[0] = sample[0].removeprefix("\ufeff")
            if (declared := _SEPARATOR_LINE.match(sample[0])) is not None:
                delimiter = delimiter or declared[1]
                del sample[0]
        if delimiter is None:
            delimiter = sniff(sample, whole=whole)
        lines = Lines(itertools.chain(sample, stream))
        blocks = split(lines, delimiter, max_cell=self.max_cell, notes=self.notes)
        rows = _first_rows(blocks, self.header_row or 0)
        at = named_row(rows, self.notes, header_row=self.header_row, has_header=self.has_header)
        del rows[:at]
        named = self.header_row is not None or self.has_header
        named = has_names(rows, self.notes) if named is None else named
        header = rows.pop(0) if named else None
        width = len(header or rows[0])
        builder = TableBuilder(
            header, self.notes, width=width, delimiter=delimiter, unescape=self.unescape, first_row=at + bool(named)
        )
        lines.width = width
        steps: Iterable[list[list[str]] | Columns] = itertools.chain([rows], blocks)
        for step in steps if self.progress is None else self.progress(steps, total=None, desc="read"):
            if isinstance(step, Columns):
                builder.extend(step.cells)
                continue
            for portion in portions(step, builder.batch_rows):
                builder.add(portion, look_for_nul=lines.saw_nul)
            lines.saw_nul = False
        return builder.finish()


def _first_rows(blocks: Iterator[list[list[str]] | Columns], wanted: int) -> list[list[str]]:
    """Return the rows of the first blocks: one that is not blank among them, and as many as are wanted."""
    rows: list[list[str]] = []
    for block in blocks:
        assert not isinstance(block, Columns)  # noqa: S101  # their number is not known yet
        filled = any(rows) or any(block)
        rows += block
        if filled and len(rows) >= wanted:
            return rows
    if not any(rows):
        raise FormatError("the file is empty: it holds nothing but line ends")
    return rows


def _sample(stream: Iterator[str]) -> tuple[list[str], bool]:
    """Return the first lines, and whether they are all."""
    sample: list[str] = []
    size = 0
    for line in stream:
        sample.append(line)
        size += len(line)
        if len(sample) >= SAMPLE_LINES or size >= SAMPLE_CHARACTERS:
            return sample, False
    return sample, True


@takes_its_keywords
def write_csv(
    table: Frame,
    target: str | os.PathLike[str] | IO[bytes],
    *,
    encoding: str = "utf-8-sig",
    delimiter: str = ",",
    guard: bool = True,
) -> tuple[_delimited.Escaped, ...]:
    r"""Write a table as CSV that a spreadsheet opens without running any cell.

    Args:
        table: Any frame that :mod:`crmkit.frames` reads, such as a pandas frame or a list of dicts. Missing cells of
            any kind (``None``, ``NaN``, ``NaT``, ``pd.NA``) are empty cells.
        target: Path, or an open binary file.
        encoding: ``utf-8-sig`` lets Excel show Chinese.
        delimiter: One character.
        guard: Put ``'`` before cells that a spreadsheet would take for a formula.

    Returns:
        The cells that got a guard; ``read_csv(unescape=True)`` takes it back.

    Raises:
        SchemaError: Not a frame.
        ShapeError: Columns differ in length.

    Example:
        >>> import io
        >>> file = io.BytesIO()
        >>> write_csv({"name": ["Ann", "=1+1"]}, file, encoding="utf-8")
        (Escaped(row=1, column='name'),)
        >>> file.getvalue()
        b"name\r\nAnn\r\n'=1+1\r\n"

    .. versionadded:: 0.1.0
    """
    from crmkit import frames  # what only reads needs no frames

    read = frames.read(table)
    as_given = isinstance(table, (RecordSet, Mapping))
    columns = {name: read.column(name) if as_given else read.texts(name).rows() for name in read.columns}
    return _delimited.write(target, columns, encoding=encoding, delimiter=delimiter, guarded=guard)
