"""Excel workbooks in: every cell as the text a person sees or typed."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import os
from collections import defaultdict
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any

from crmkit._elsewhere import takes_its_keywords
from crmkit._optional import require
from crmkit.errors import CrmkitError, FormatError, NotFoundError

from ._build import SHOWN, TableBuilder
from ._header import has_names
from ._lost_cells import address, lost_cells
from ._notes import NoteList
from ._proportions import refuse_out_of_proportion
from ._title_rows import check_header_row, check_source, named_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crmkit.records import RecordSet

MIDNIGHT = dt.time()
MOST_EXACT = 1e15
"""A spreadsheet keeps 15 digits of a number (ECMA-376 part 1, 18.3.1.96; IEEE 754); of longer ones zeros."""
LONGEST_PLAIN = 1e30
"""Whole numbers below are written in plain digits: they are ids and accounts, not measures."""


@takes_its_keywords
def read_excel(
    source: str | os.PathLike[str] | bytes | IO[bytes],
    *,
    sheet: str | int | None = None,
    has_header: bool | None = None,
    header_row: int | None = None,
) -> RecordSet:
    """Read one sheet of a workbook (xlsx, xlsm, xlsb, xls, ods) into a table of text columns.

    Numbers lose the ``.0`` that Excel stores and nobody typed, dates become ISO 8601, formulas are their results, and
    text stays as it is, with its leading zeros.  The empty cell is ``None``.

    Cells with an error (``#N/A``) and formulas that no program has computed yet are ``None`` too, and a note of the
    result says how many and where (of xlsx and xlsm; the other formats do not let them be told from empty cells). So
    does a note for numbers of more than 15 digits, of which a spreadsheet keeps no more.

    Args:
        source: Path, bytes, or an open binary file.
        sheet: Name, or place counted from 0; ``None`` takes the first sheet that has cells.
        has_header: Whether the first row with cells holds the column names; as for :func:`read_csv`.
        header_row: The number of the row with the column names, as a spreadsheet shows it; as for :func:`read_csv`.

    Raises:
        FormatError: Not a workbook, nothing in it, or out of all proportion: a few cells so far apart, or so much
            packed into so little, that reading it would fill the memory.
        NotFoundError: No such sheet.
        MissingDependencyError: The extra ``excel`` is not installed.

    .. versionadded:: 0.1.0
    """
    check_header_row(header_row, has_header=has_header)
    calamine = require("python_calamine", extra="excel", what="read_excel")
    location = None
    if isinstance(source, (str, os.PathLike)):
        location = os.path.basename(source)  # noqa: PTH119  also takes what is no Path yet
        with open(source, "rb") as stream:  # noqa: PTH123  as above
            content = stream.read()
    else:
        check_source(source, "read_excel")
        content = bytes(source) if isinstance(source, (bytes, bytearray, memoryview)) else source.read()
    if not content:
        raise FormatError("the file is empty", location=location)
    refuse_out_of_proportion(content, location)
    notes = NoteList()
    with _errors_told(calamine, location):
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        name = _sheet_name(book, sheet, notes)
        read = book.get_sheet_by_name(name)
        rows: list[list[object]] = read.to_python(skip_empty_area=True)
    if not rows:
        raise FormatError("the sheet has no cells", location=location)
    texts = [[cell_text(value) for value in row] for row in rows]
    at = named_row(texts, notes, header_row=header_row, has_header=has_header, above=read.start[0])
    del texts[:at]
    told = header_row is not None or has_header
    named = has_names(texts, notes) if told is None else told
    first_row = read.start[0] + at + bool(named)
    builder = TableBuilder(
        texts[0] if named else None, notes, width=len(texts[0]), first_row=first_row, first_column=read.start[1]
    )
    places = _long_numbers(rows, read.start)
    for cell in lost_cells(content, name):
        places[cell.loss, cell.column].append(address(cell.row, cell.column))
    _tell(places, builder.names, first_column=read.start[1], notes=notes)
    body = texts[1:] if named else texts
    for start in range(0, len(body), builder.batch_rows):
        builder.add(body[start : start + builder.batch_rows])
    return builder.finish()


@contextlib.contextmanager
def _errors_told(calamine: Any, location: str | None) -> Iterator[None]:
    """Make one error of whatever the reader of workbooks raises: its own, one of a value, or a fault within it."""
    try:
        yield
    except CrmkitError:
        raise
    except (calamine.CalamineError, ValueError, ArithmeticError, OSError) as error:
        raise FormatError(
            f"not a workbook that can be read ({error}); use read_csv for text", location=location
        ) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of the runtime that the reader is built on; no Exception
            raise
        raise FormatError("not a workbook that can be read; use read_csv for text", location=location) from error


def _sheet_name(book: Any, sheet: str | int | None, notes: NoteList) -> str:
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
    return name


def _long_numbers(rows: list[list[object]], start: tuple[int, int]) -> defaultdict[tuple[str, int], list[str]]:
    """Return for each column where its numbers are that had more digits than a spreadsheet keeps."""
    found: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
    for row, values in enumerate(rows, start=start[0]):
        for column, value in enumerate(values, start=start[1]):
            if isinstance(value, float) and MOST_EXACT <= abs(value) < LONGEST_PLAIN:
                found["long_numbers", column].append(address(row, column))
    return found


def _tell(places: Mapping[tuple[str, int], list[str]], names: list[str], *, first_column: int, notes: NoteList) -> None:
    """Note once for each column what its cells lost, how often, and where the first ones are."""
    for (code, column), found in sorted(places.items()):
        at = column - first_column
        shown = ", ".join(found[:SHOWN]) + (", …" if len(found) > SHOWN else "")
        notes.add(
            code,
            column=names[at] if 0 <= at < len(names) else None,
            params={"count": len(found), "places": shown},
        )


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
        return f"{Decimal(repr(value)):.0f}" if value.is_integer() and abs(value) < LONGEST_PLAIN else repr(value)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == MIDNIGHT else value.isoformat(sep=" ")
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    return str(value)
