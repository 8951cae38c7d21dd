"""CSV on the way out: cells that a spreadsheet will not run, and rows that every reader splits alike.

Only what writing needs; reading lives in `crmkit.files`, which takes the guard back with `unguard`.
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
import re
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence

CHUNK = 20_000

_NUMBER = r"(?:\d+(?:[.,]\d+)*|\.\d+)(?:[eE][+-]?\d+)?[ \xa0]?%?"
_ARITHMETIC = r"(?!\+\d+(?:-\d+)*-\d\b)(?!\+(?:\d-?){,9}\Z)"
_EXTENSION = r"(?:(?:[,;]? ?(?:ext\.?|x|#)|转|分机) ?\d{1,7})?"
_PHONE = rf"{_ARITHMETIC}(?=(?:\D*\d){{7}})\+ ?\(?\d[\d ().\xa0-]+{_EXTENSION}"
_HARMLESS = re.compile(rf"(?:[+-]{_NUMBER}|{_PHONE})\Z", re.IGNORECASE | re.ASCII)
_SUSPECT = "=@+-"
_LINE_OR_TAB = "\t\r\n"
_HALF_WIDTH = str.maketrans("＝＠＋－", "=@+-")


class Escaped(NamedTuple):
    """One cell that was written with a guard.

    Example:
        >>> Escaped(row=None, column="=total")
        Escaped(row=None, column='=total')

    .. versionadded:: 0.1.0
    """

    row: int | None
    """0-based row, ``None`` for the column name itself."""
    column: str


def is_formula(cell: str) -> bool:
    """Say whether a spreadsheet may take the cell for a formula.

    Source:
        OWASP, CSV Injection: ``=``, ``+``, ``-``, ``@``, also in full width or behind blanks, tab and line ends start
        a formula.  Signed numbers and international phone numbers are let through: they hold nothing that could be
        run.  ``+123-4`` is arithmetic, no phone number.

    Example:
        >>> [is_formula(cell) for cell in ("=1+1", "-2.50", "+49 30 1234567", "+cmd|x", "+123-4", " ＝1")]
        [True, False, False, True, True, True]
    """
    if not cell or cell[0].isalnum():
        return False
    if cell[0] in _LINE_OR_TAB:
        return True
    start = cell.lstrip()
    first = start[:1].translate(_HALF_WIDTH)
    if first in ("+", "-"):
        return _HARMLESS.match(first + start[1:]) is None
    return first != "" and first in _SUSPECT


def guard(cell: str) -> str:
    """Return the cell with a ``'`` before it if a spreadsheet might run it.

    A cell that has such a ``'`` of its own gets one more, so that `unguard` gives every cell back exactly.

    Example:
        >>> guard("=1+1"), guard("'=1+1"), guard("'quoted'")
        ("'=1+1", "''=1+1", "'quoted'")
    """
    return "'" + cell if is_formula(cell.lstrip("'")) else cell


def unguard(cell: str) -> str:
    """Undo `guard`.

    Example:
        >>> unguard("'=1+1"), unguard("''=1+1"), unguard("'quoted'")
        ('=1+1', "'=1+1", "'quoted'")
    """
    return cell[1:] if cell.startswith("'") and is_formula(cell.lstrip("'")) else cell


def text(value: object) -> str:
    """Return a value as a person would type it into a cell; ``None`` is the empty cell.

    Example:
        >>> [text(value) for value in (None, True, 7, 7.0, Decimal("1E+2"), dt.date(2026, 5, 1))]
        ['', 'true', '7', '7.0', '100', '2026-05-01']
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    return str(value)


def write(
    target: str | os.PathLike[str] | IO[bytes],
    columns: Mapping[str, Sequence[object]],
    *,
    encoding: str = "utf-8-sig",
    delimiter: str = ",",
    guarded: bool = True,
) -> tuple[Escaped, ...]:
    """Write columns of one length as CSV and return the cells that got a guard, column names first.

    Lines end in CRLF and cells are quoted where they must be (RFC 4180).  A character that the encoding lacks is an
    error, never a question mark; lone surrogates pass through in the Unicode encodings.

    Raises:
        UnicodeEncodeError: A character cannot be written in ``encoding``.
        ValueError: The delimiter is not one character, or is a quote or a line end.
    """
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise ValueError("delimiter must be one character, and neither a quote nor a line end")
    if isinstance(target, io.IOBase) or hasattr(target, "write"):
        return _write(target, columns, encoding, delimiter, guarded=guarded)  # type: ignore[arg-type]  # has write
    with Path(target).open("wb") as stream:
        return _write(stream, columns, encoding, delimiter, guarded=guarded)


def _write(
    stream: IO[bytes], columns: Mapping[str, Sequence[object]], encoding: str, delimiter: str, *, guarded: bool
) -> tuple[Escaped, ...]:
    unicode_form = encoding.lower().replace("_", "-").startswith("utf-")
    encode = codecs.getincrementalencoder(encoding)("surrogatepass" if unicode_form else "strict").encode
    names = list(columns)
    escaped = [Escaped(None, name) for name in names if guarded and guard(name) != name]
    stream.write(encode(_rows([[guard(name) for name in names] if guarded else names], delimiter)))
    length = len(next(iter(columns.values()), ()))
    for start in range(0, length, CHUNK):
        part = slice(start, start + CHUNK)
        cells = [_cells(values[part]) for values in columns.values()]
        if guarded:
            for name, values, column in zip(names, columns.values(), cells, strict=True):
                rows = _guard_all(column, values[part])
                escaped.extend(Escaped(start + row, name) for row in rows)
        stream.write(encode(_rows(zip(*cells, strict=True), delimiter)))
    return tuple(escaped)


def _rows(rows: Iterable[Sequence[str | None]], delimiter: str) -> str:
    lines = io.StringIO(newline="")
    csv.writer(lines, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return lines.getvalue()


def _cells(values: Sequence[object]) -> list[str | None]:
    if set(map(type, values)) <= {str, type(None)}:
        return list(values)  # type: ignore[arg-type]  # text or None: the writer takes both
    return [text(value) for value in values]


def _guard_all(cells: list[str | None], values: Sequence[object]) -> list[int]:
    """Guard cells in place, but no number, and return where."""
    suspects = {cell for cell in set(cells) if cell and not cell[0].isalnum() and guard(cell) != cell}
    if not suspects:
        return []
    rows = [
        row for row, cell in enumerate(cells) if cell in suspects and not isinstance(values[row], (int, float, Decimal))
    ]
    for row in rows:
        cells[row] = guard(cells[row] or "")
    return rows
