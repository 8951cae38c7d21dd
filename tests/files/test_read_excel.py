from __future__ import annotations

import datetime as dt
import io
import sys
import zipfile

import pytest

from crmkit import check
from crmkit.errors import FormatError, MissingDependencyError, NotFoundError
from crmkit.files import read_excel
from crmkit.files._excel import cell_text
from crmkit.files._lost_cells import address, lost_cells

openpyxl = pytest.importorskip("openpyxl")


def workbook(*sheets: tuple[str, list[list[object]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_cells_are_the_text_a_person_sees_or_typed():
    raw = workbook(
        ("S", [
            ["id", "zip", "n", "x", "ok", "day", "at", "time", "empty", "名"],
            ["007", "01234", 7, 0.1, True, dt.date(2026, 5, 1), dt.datetime(2026, 5, 1, 9, 30), dt.time(8, 5),
             None, "张"],
            ["00350000012345678901", "9", 138001380001234, -2.5, False, None, None, None, None, "=not"],
        ]),
    )  # fmt: skip
    table = read_excel(raw)
    assert table.columns == ("id", "zip", "n", "x", "ok", "day", "at", "time", "empty", "名")
    first, second = (tuple(row.values()) for row in table.to_dicts())
    assert first == ("007", "01234", "7", "0.1", "TRUE", "2026-05-01", "2026-05-01 09:30:00", "08:05:00", None, "张")
    assert second[:4] == ("00350000012345678901", "9", "138001380001234", "-2.5")


def test_numbers_lose_only_the_point_that_nobody_typed():
    assert [cell_text(value) for value in (7, 7.0, 1e15, -1.234567890123457e17, 1e300, -0.5)] == [
        "7",
        "7",
        "1000000000000000",
        "-123456789012345700",
        "1e+300",
        "-0.5",
    ]
    assert cell_text(dt.timedelta(hours=1)) == "1:00:00"


def test_what_a_workbook_lost_is_counted_with_its_places():
    raw = workbook(
        ("Other", [["x"]]),
        ("S", [
            ["id", "made", "looked up", "ok"],
            [123456789012345678, '=A1&"x"', "#N/A", 1],
            [5, "=1/0", "#DIV/0!", 999999999999999],
            ["00123456789012345678", "text", None, "#hash"],
            *[[1e17, None, "#REF!", None] for _ in range(5)],
        ]),
    )  # fmt: skip
    table = read_excel(raw, sheet="S")
    assert table.column("id")[:3] == ("123456789012345700", "5", "00123456789012345678")
    assert table.column("made") == (None, None, "text", None, None, None, None, None)
    assert [(note.code, note.severity, note.column, dict(note.params)) for note in table.notes] == [
        ("error_cells", "warning", "looked up", {"count": 7, "places": "C2, C3, C5, C6, C7, …"}),
        ("formulas_without_value", "warning", "made", {"count": 2, "places": "B2, B3"}),
        ("long_numbers", "warning", "id", {"count": 6, "places": "A2, A5, A6, A7, A8, …"}),
    ]
    told = {issue.code: issue.message for issue in check(table) if issue.rule == "file"}
    assert told["error_cells"] == "cells with an error of the spreadsheet, taken as empty: 7 (C2, C3, C5, C6, C7, …)"


def sheet_of(xml: str) -> bytes:
    """Return a workbook whose sheet is this XML, as writers other than Excel make it."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(("S", [["x"]])))) as book, zipfile.ZipFile(file, "w") as made:
        for name in book.namelist():
            made.writestr(name, xml if name.startswith("xl/worksheets/") else book.read(name))
    return file.getvalue()


def test_results_that_are_there_are_not_lost_and_cells_need_no_address():
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    raw = sheet_of(
        f'<x:worksheet xmlns:x="{main}"><x:sheetData>'
        '<x:row><x:c t="inlineStr"><x:is><x:t>a</x:t></x:is></x:c>'
        '<x:c t="inlineStr"><x:is><x:t>b</x:t></x:is></x:c></x:row>'
        '<x:row><x:c><x:f>1+1</x:f><x:v>2</x:v></x:c><x:c t="e"><x:f>1/0</x:f><x:v>#DIV/0!</x:v></x:c></x:row>'
        '<x:row><x:c t="str"><x:f>""</x:f><x:v></x:v></x:c><x:c><x:f>1</x:f></x:c></x:row>'
        "</x:sheetData></x:worksheet>"
    )
    assert [(cell.loss, address(cell.row, cell.column)) for cell in lost_cells(raw, "S")] == [
        ("error_cells", "B2"),
        ("formulas_without_value", "B3"),
    ]
    assert lost_cells(raw, "T") == []


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04", sheet_of('<c t="e">'), b"\xd0\xcf\x11\xe0" + bytes(600)])
def test_what_is_no_workbook_of_xml_has_nothing_to_tell(raw):
    assert lost_cells(raw, "S") == []


def test_sheets_are_chosen_by_name_place_or_the_first_with_cells():
    raw = workbook(("Empty", []), ("A", [["x"], [1]]), ("B", [["y"], [2]]))
    table = read_excel(raw)
    assert table.columns == ("x",)
    assert [(n.code, n.params["read"], n.params["count"]) for n in table.notes] == [("other_sheets", "A", 1)]
    assert read_excel(raw, sheet="B").columns == ("y",)
    assert read_excel(raw, sheet="B").notes == ()
    assert read_excel(raw, sheet=-1).columns == ("y",)
    with pytest.raises(NotFoundError, match="unknown sheet 'C'"):
        read_excel(raw, sheet="C")
    with pytest.raises(NotFoundError, match="unknown sheet 3; the workbook has 3"):
        read_excel(raw, sheet=3)
    for sheet in ("Empty", 0):
        with pytest.raises(FormatError, match="the sheet has no cells"):
            read_excel(raw, sheet=sheet)
    with pytest.raises(FormatError, match="the sheet has no cells"):
        read_excel(workbook(("Only", [])))


def test_doubled_and_blank_names_are_changed_as_in_csv_and_headers_can_be_absent():
    raw = workbook(("S", [["a", "a", None], ["1", "2", "3"]]))
    table = read_excel(raw)
    assert table.columns == ("a", "a_2", "column_3")
    assert [note.code for note in table.notes] == ["duplicate_column", "blank_column_name"]
    assert read_excel(raw, has_header=False).column("column_1") == ("a", "1")


def test_paths_bytes_and_files_are_read_alike(tmp_path):
    raw = workbook(("S", [["a"], ["x"]]))
    path = tmp_path / "t.xlsx"
    path.write_bytes(raw)
    tables = [read_excel(source) for source in (path, str(path), raw, io.BytesIO(raw))]
    assert all(table == tables[0] for table in tables)


@pytest.mark.parametrize(("raw", "message"), [(b"", "the file is empty"), (b"a,b\n1,2\n", "use read_csv for text")])
def test_what_is_no_workbook_is_a_clear_error_with_the_name(tmp_path, raw, message):
    path = tmp_path / "t.xlsx"
    path.write_bytes(raw)
    with pytest.raises(FormatError, match=message) as caught:
        read_excel(path)
    assert caught.value.location == "t.xlsx"


def test_without_the_extra_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(MissingDependencyError, match=r"read_excel needs python_calamine.*crmkit\[excel\]"):
        read_excel(b"x")
