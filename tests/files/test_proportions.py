"""Workbooks of a few kilobytes that would fill the memory are refused before anything is laid out."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest

import crmkit as ck
from crmkit.errors import FormatError
from crmkit.files._proportions import refuse_out_of_proportion

SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)
ODS = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
    "<table:table>{}</table:table></office:document-content>"
)
VALUE = '<table:table-cell office:value-type="string"><text:p>x</text:p></table:table-cell>'


def packed(name, content, **others):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as book:
        for part, text in [(name, content), *others.items()]:
            book.writestr(part, text)
    return made.getvalue()


def workbook(fill):
    openpyxl = pytest.importorskip("openpyxl", reason="writes the workbook")
    book = openpyxl.Workbook()
    fill(book.active)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


@pytest.mark.parametrize(("row", "column"), [(1_048_576, 16_384), (1_048_576, 200), (5_000, 16_384)])
def test_two_cells_far_apart_are_refused_and_not_laid_out(row, column):
    pytest.importorskip("python_calamine", reason="reads workbooks")

    def fill(sheet):
        sheet["A1"] = "id"
        sheet.cell(row, column, "x")

    with pytest.raises(FormatError, match="too far apart"):
        ck.read_excel(workbook(fill))


def test_a_sheet_that_is_full_or_nearly_so_is_read():
    pytest.importorskip("python_calamine", reason="reads workbooks")

    def fill(sheet):
        sheet.append(["id", "name"])
        for number in range(50):
            sheet.append([number, "x"])
        sheet.cell(12_000, 30, "far, and not too far")

    assert len(ck.read_excel(workbook(fill))) == 11_999


def test_what_is_packed_a_thousandfold_is_refused():
    bomb = packed(
        "xl/worksheets/sheet1.xml", SHEET.format("<row r='1'><c r='A1'><v>" + "1" * (70 << 20) + "</v></c></row>")
    )
    assert len(bomb) < 100_000
    with pytest.raises(FormatError, match="unpacks to more than 250 times"):
        refuse_out_of_proportion(bomb, None)


def test_single_quotes_prefixes_and_any_order_of_rows_are_seen():
    cells = "<x:row r='1048576'><x:c r='XFD1048576'/></x:row><x:row r='1'><x:c r='A1'/></x:row>"
    with pytest.raises(FormatError, match="0 in a grid of up to 1,048,576 rows and 16,384 columns"):
        refuse_out_of_proportion(packed("xl/worksheets/sheet9.xml", SHEET.format(cells)), None)


def record(kind, content):
    return bytes([kind, len(content)]) + content


def xlsb(records, name="xl/worksheets/sheet1.bin"):
    return packed(name, b"\x91\x01\0" + records, **{"xl/_rels/workbook.bin.rels": "<Relationships/>"})


@pytest.mark.parametrize("column", [3, 16_383])
def test_binary_sheets_are_walked(column):
    row = record(0, struct.pack("<I", 1_048_575) + bytes(13))
    cell = record(2, struct.pack("<I", column) + bytes(8))
    sheet = xlsb(row + cell)
    if column > 100:
        with pytest.raises(FormatError, match="too far apart"):
            refuse_out_of_proportion(sheet, None)
    else:
        refuse_out_of_proportion(sheet, None)


@pytest.mark.parametrize("cut", range(0, 30, 3))
def test_a_binary_sheet_cut_anywhere_is_left_to_the_reader(cut):
    row = record(0, struct.pack("<I", 5) + bytes(13)) + record(2, bytes(12))
    refuse_out_of_proportion(xlsb(row[:cut]), None)


def test_open_document_counts_what_is_filled_and_not_what_is_repeated_empty():
    empty = '<table:table-cell table:number-columns-repeated="16384"/>'
    trailing = f'<table:table-row table:number-rows-repeated="1048574">{empty}</table:table-row>'
    refuse_out_of_proportion(
        packed("content.xml", ODS.format(f"<table:table-row>{VALUE}</table:table-row>{trailing}")), None
    )
    far = f'<table:table-row><table:table-cell table:number-columns-repeated="16383"/>{VALUE}</table:table-row>'
    with pytest.raises(FormatError, match="1 in a grid of up to 1,048,575 rows"):
        refuse_out_of_proportion(packed("content.xml", ODS.format(trailing + far)), None)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a zip", packed("content.xml", "<a")])
def test_what_cannot_be_looked_through_is_refused(content):
    pytest.importorskip("python_calamine", reason="reads workbooks")
    with pytest.raises(FormatError, match="not a workbook that can be read") as caught:
        refuse_out_of_proportion(content, "t.xlsx")
    assert caught.value.location == "t.xlsx"
    with pytest.raises(FormatError):
        ck.read_excel(content)
