"""Excel workbooks in: every cell as the text a person sees or typed."""

from __future__ import annotations

import datetime as dt
import io
import os
from typing import IO, TYPE_CHECKING, Any

from crmkit._optional import require
from crmkit.errors import FormatError, NotFoundError

from ._build import TableBuilder
from ._notes import NoteList

if TYPE_CHECKING:
    from crmkit.records import RecordSet

MIDNIGHT = dt.time()


def read_excel(
    source: str | os.PathLike[str] | bytes | IO[bytes],
    *,
    sheet: str | int | None = None,
    has_header: bool = True,
) -> RecordSet:
    """Read one sheet of a workbook (xlsx, xlsm, xlsb, xls, ods) into a table of text columns.

    Numbers lose the ``.0`` that Excel stores and nobody typed, dates become ISO 8601, formulas are their results, and
    text stays as it is, with its leading zeros.  The empty cell is ``None``.

    Args:
        source: Path, bytes, or an open binary file.
        sheet: Name, or place counted from 0; ``None`` takes the first sheet that has cells.
        has_header: The first row with cells holds the column names; else they are ``column_1`` and so on.

    Raises:
        FormatError: Not a workbook, or nothing in it.
        NotFoundError: No such sheet.
        MissingDependencyError: The extra ``excel`` is not installed.

    .. versionadded:: 0.1.0
    """
    calamine = require("python_calamine", extra="excel", what="read_excel")
    location = None
    if isinstance(source, (str, os.PathLike)):
        location = os.path.basename(source)  # noqa: PTH119  also takes what is no Path yet
        with open(source, "rb") as stream:  # noqa: PTH123  as above
            content = stream.read()
    else:
        content = bytes(source) if isinstance(source, (bytes, bytearray, memoryview)) else source.read()
    if not content:
        raise FormatError("the file is empty", location=location)
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    except calamine.CalamineError as error:
        raise FormatError(
            f"not a workbook that can be read ({error}); use read_csv for text", location=location
        ) from error
    notes = NoteList()
    rows = _sheet_rows(book, sheet, notes)
    if not rows:
        raise FormatError("the sheet has no cells", location=location)
    texts = [[cell_text(value) for value in row] for row in rows]
    builder = TableBuilder(texts[0] if has_header else None, notes, width=len(texts[0]))
    body = texts[1:] if has_header else texts
    for start in range(0, len(body), builder.batch_rows):
        builder.add(body[start : start + builder.batch_rows])
    return builder.finish()


def _sheet_rows(book: Any, sheet: str | int | None, notes: NoteList) -> list[list[object]]:
    names: list[str] = book.sheet_names
    if isinstance(sheet, int):
        if not -len(names) <= sheet < len(names):
            raise NotFoundError(f"unknown sheet {sheet}; the workbook has {len(names)}", name=str(sheet))
        name = names[sheet]
    elif sheet is not None:
        if sheet not in names:
            raise NotFoundError.of("sheet", sheet, names)
        name = sheet
    else:
        filled = [name for name in names if _is_filled(book.get_sheet_by_name(name))]
        name = filled[0] if filled else names[0]
        if len(filled) > 1:
            notes.add("other_sheets", severity="info", params={"read": name, "count": len(filled) - 1})
    rows: list[list[object]] = book.get_sheet_by_name(name).to_python(skip_empty_area=True)
    return rows


def _is_filled(sheet: Any) -> bool:
    return bool(sheet.end)


def cell_text(value: object) -> str:
    """Return a cell as text.

    Example:
        >>> [cell_text(value) for value in (7.0, 0.1, True, dt.datetime(2026, 5, 1), "007", "")]
        ['7', '0.1', 'TRUE', '2026-05-01', '007', '']
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == MIDNIGHT else value.isoformat(sep=" ")
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    return str(value)
