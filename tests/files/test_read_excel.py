from __future__ import annotations

import datetime as dt
import io
import sys

import pytest

from crmkit.errors import FormatError, MissingDependencyError, NotFoundError
from crmkit.files import read_excel
from crmkit.files._excel import cell_text

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
    assert [cell_text(value) for value in (7, 7.0, 1e15, 1e16, 1e300, -0.5)] == [
        "7",
        "7",
        "1000000000000000",
        "1e+16",
        "1e+300",
        "-0.5",
    ]
    assert cell_text(dt.timedelta(hours=1)) == "1:00:00"


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
