"""However a workbook spells where a cell is, and wherever in the archive: it is seen before anything is laid out."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile

import pytest

import crmkit as ck
from crmkit.errors import FormatError
from crmkit.files._proportions import refuse_out_of_proportion

FAR = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
SHEET = "xl/worksheets/sheet1.xml"


@pytest.fixture(scope="module")
def parts():
    openpyxl = pytest.importorskip("openpyxl", reason="writes the workbook")
    pytest.importorskip("python_calamine", reason="reads workbooks")
    book = openpyxl.Workbook()
    for row in (["id", "name"], ["1", "Ann"]):
        book.active.append(row)
    made = io.BytesIO()
    book.save(made)
    with zipfile.ZipFile(made) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts, method=zipfile.ZIP_DEFLATED):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in parts.items() if isinstance(parts, dict) else parts:
            archive.writestr(name, content)
    return made.getvalue()


def with_rows(parts, rows):
    return {**parts, SHEET: parts[SHEET].replace(b"</sheetData>", rows + b"</sheetData>")}


def refused(content, match="workbook|sheet"):
    with pytest.raises(FormatError, match=match):
        refuse_out_of_proportion(content, None)
    with pytest.raises(FormatError, match=match):
        ck.read_excel(content)


@pytest.mark.parametrize(
    "rows",
    [
        FAR,
        b'<row r="99999999"><c r="A99999999"><v>1</v></c></row>',
        b'<row r="3"><c r="A99999999999999999999"><v>1</v></c></row>',
        b'<row r="1048577"><c><v>1</v></c></row>',
        b'<row r="4294967295"><c r="A3"><v>1</v></c></row>',
        b'<row><c r = "XFD1048576"><v>1</v></c></row>',
        b'<row><c r="xfd1048576"><v>1</v></c></row>',
        b'<row><c r="ZZZZ999999"><v>1</v></c></row>',
        b'<row><c r="XFE1"><v>1</v></c></row>',
        b"<row><c r='XFD1048576'><v>1</v></c></row>",
        b'<row><c\n\tr\n=\n"XFD1048576"\n><v>1</v></c></row>',
        b'<row><c s="0" r="XFD1048576"><v>1</v></c></row>',
        b'<row><c r="&#88;FD1048576"><v>1</v></c></row>',
        b'<row><c r="A1" r="XFD1048576"><v>1</v></c></row>',
        b'<row><c x="<" r="XFD1048576"><v>1</v></c></row>',
        b'<x:row xmlns:x="urn:x"><x:c r="XFD1048576"><x:v>1</x:v></x:c></x:row>',
        b'<row r="1048576"><c r="A1048576"/><c r="XFC3"/><c><v>1</v></c></row>',
        b'<row r="1048575"/><row><c r="XFD3"/><c r="A3"/></row><row r="1048575"/><row><c><v>1</v></c></row>',
        b'<row r="1048576">' + b"<c/>" * 16_384 + b"</row>",
        b'<row r="9">' + b"<c/>" * 16_385 + b"</row>",
        b'<row r="1"><row r="1048576"><c r="A1048576"><v>1</v></c><c r="XFD1"><v>1</v></c></row></row>',
        b"<!-- " + FAR + b' --><![CDATA[<c r="A1"/>]]>' + FAR,
    ],
)
def test_every_spelling_of_a_far_cell_is_refused(parts, rows):
    refused(zipped(with_rows(parts, rows)))


def test_cells_at_the_same_place_or_behind_the_data_fill_nothing(parts):
    much = b'<row r="2">' + b'<c r="A2"><v>1</v></c>' * 30_000 + b"</row>"
    far = b'<row r="1048000"><c r="A1048000"><v>1</v></c><c r="T3"><v>1</v></c></row>'
    refused(zipped(with_rows(parts, much + far)), "too far apart")


@pytest.mark.parametrize(
    "rows",
    [
        b'<row r="1048576" ht="12"></row>',
        b"<row><c><v>1</v></c></row>",
        b'<row spans="1:2" r="3"><c s="0" r="a3" t="str"><v>x:c r</v></c></row>',
        b'<row r="12000"><c r="AD12000"><v>1</v></c></row>',
    ],
)
def test_unusual_spelling_alone_is_read(parts, rows):
    assert ck.read_excel(zipped(with_rows(parts, rows))).columns[:2] == ("id", "name")


@pytest.mark.parametrize("last", [b"S1048576", b"B1048576", b"XFD1200"])
def test_a_long_or_a_wide_sheet_is_not_refused(parts, last):
    rows = b'<row r="5"><c r="' + last + b'"><v>1</v></c></row>'
    refuse_out_of_proportion(zipped(with_rows(parts, rows)), None)


@pytest.mark.parametrize("place", ["xl/other/sheet1.xml", "data.bin", "xl/media/image1.png", "XL\\Worksheets\\S.XML"])
def test_a_sheet_is_seen_wherever_it_stands(parts, place):
    moved = {
        place if name == SHEET else name: content.replace(b"worksheets/sheet1.xml", place.encode())
        for name, content in with_rows(parts, FAR).items()
    }
    refused(zipped(moved), "too far apart")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_sheet_in_utf_16_is_refused(parts, encoding):
    text = with_rows(parts, FAR)[SHEET].decode()
    refused(zipped({**parts, SHEET: text.encode(encoding)}), "not in UTF-8")


@pytest.mark.parametrize("encoding", [b"ISO-2022-JP", b"utf-7", b"cp037", b"x-user-defined"])
def test_an_encoding_that_may_hide_elements_is_refused(parts, encoding):
    declared = b'<?xml version="1.0" encoding="' + encoding + b'"?>'
    refused(zipped({**parts, SHEET: declared + parts[SHEET].split(b"?>", 1)[-1]}), "not in UTF-8")


def test_a_byte_order_mark_and_a_declaration_are_no_fault(parts):
    text = with_rows(parts, b"<row><c><v>1</v></c></row>")[SHEET]
    declared = b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8" standalone="yes"?>' + text.split(b"?>", 1)[-1]
    assert len(ck.read_excel(zipped({**parts, SHEET: declared}))) == 2


def test_a_document_type_and_broken_xml_are_refused(parts):
    entities = b'<!DOCTYPE x [<!ENTITY a "a"><!ENTITY c "&a;&a;">]>'
    cell = b'<row r="3"><c r="A3" t="inlineStr"><is><t>&c;</t></is></c></row>'
    text = with_rows(parts, cell)[SHEET]
    for content in (entities + text, with_rows(parts, b"<row><c></row>")[SHEET]):
        with pytest.raises(FormatError, match="not a workbook that can be read"):
            ck.read_excel(zipped({**parts, SHEET: content}))
    refused(zipped(with_rows(parts, b"<row><c s='1'></row>")), "broken")
    refused(zipped({**parts, SHEET: entities + with_rows(parts, b"<row></row>")[SHEET]}), "document type")


@pytest.mark.parametrize("name", [SHEET, SHEET.upper(), SHEET.replace("/", "\\"), f"/{SHEET}"])
def test_a_part_that_stands_twice_is_refused(parts, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a name stands twice, which is the point
        content = zipped([*parts.items(), (name, with_rows(parts, FAR)[SHEET])])
    refused(content)


def test_an_archive_that_readers_may_understand_in_two_ways_is_refused(parts):
    good, far = zipped(parts), zipped(with_rows(parts, FAR))
    assert len(ck.read_excel(good)) == 1
    for content in (far + good, good + far, good + b"\0" * 100_000, b"x" + good, good[:-30], good[:-22]):
        refused(content)
    end = good.rfind(b"PK\x05\x06")
    refused(good[: end + 20] + struct.pack("<H", len(far)) + far)


def test_a_part_that_is_longer_than_it_says_is_refused(parts):
    content = bytearray(zipped(with_rows(parts, FAR)))
    at = 0
    while (at := content.find(b"PK\x01\x02", at + 1)) > 0:
        if content[at + 46 :].startswith(SHEET.encode()):
            content[at + 24 : at + 28] = struct.pack("<I", 60)
    refused(bytes(content), "not as long")


def test_packed_and_unpacked_archives_are_read(parts):
    assert ck.read_excel(zipped(parts, zipfile.ZIP_STORED)) == ck.read_excel(zipped(parts))


@pytest.mark.parametrize(
    "sheet",
    [
        b'<row r="3"><c r="A3" t="s"><v>99999999</v></c></row>',
        b'<row r="3"><c r="A3" t="e"><v>#WHAT!</v></c></row>',
        b'<row r="3"><c r="A3" t="zzz"><v>1</v></c></row>',
        b'<row r="3"><c r=""><v>1</v></c></row>',
    ],
)
def test_whatever_the_reader_says_of_a_sheet_is_a_format_error(parts, sheet, tmp_path):
    path = tmp_path / "book.xlsx"
    path.write_bytes(zipped(with_rows(parts, sheet)))
    with pytest.raises(FormatError) as caught:
        ck.read_excel(path)
    assert caught.value.location == "book.xlsx"


ODS = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>{}'
    "</office:spreadsheet></office:body></office:document-content>"
)
TYPE = "application/vnd.oasis.opendocument.spreadsheet"
MANIFEST = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'


def ods(*tables):
    named = [f'<table:table table:name="T{place}">{rows}</table:table>' for place, rows in enumerate(tables)]
    parts = {"mimetype": TYPE, "content.xml": ODS.format("".join(named)), "META-INF/manifest.xml": MANIFEST}
    return zipped(parts)


def cell(text="x", **attributes):
    given = "".join(f' table:number-{key}-repeated="{value}"' for key, value in attributes.items())
    return f'<table:table-cell office:value-type="string"{given}><text:p>{text}</text:p></table:table-cell>'


def row(cells, repeated=None):
    given = "" if repeated is None else f' table:number-rows-repeated="{repeated}"'
    return f"<table:table-row{given}>{cells}</table:table-row>"


def empty(many):
    return f'<table:table-cell table:number-columns-repeated="{many}"/>'


FORMULA = '<table:table-cell table:formula="of:=1"/>'


def test_an_ordinary_document_is_read():
    pytest.importorskip("python_calamine", reason="reads workbooks")
    rows = row(cell("id") + cell("name") + empty(16_382)) + row(cell("1") + cell("Ann")) + row(empty(16_384), 1_048_574)
    assert ck.read_excel(ods(rows, rows)).to_dicts() == [{"id": "1", "name": "Ann"}]


@pytest.mark.parametrize(
    "tables",
    [
        [row(cell()) + row(empty(16_384), 1_048_000) + row(empty(16_000) + cell())],
        [row(cell(), "+1048576") + row(empty(16_000) + cell())],
        [row(cell(), "99999999999999")],
        [row(empty("4000000000") + cell())],
        [row(empty("4000000000") + empty(1))],
        [(row(empty(16_000) + empty(1))) * 2_000],
        [row(cell(columns=16_384)) * 2_000],
        [row(cell(columns=16_384), 1_048_576)],
        [row(cell()) + row(empty(16_384), 1_048_000) + row(empty(16_000) + FORMULA)],
        [row(cell()) + row(empty(900), 20_000) + row(empty(900) + cell())] * 3,
        [row(cell()) + row(empty(16_384), 1_048_000) + row(empty(16_000) + cell()) + "<table:table/>"],
        [row(cell("y" * 100_000, columns=16_000))],
        [row(cell("y" * 10_000), 900_000)],
        [row(cell('<text:s text:c="4000000000"/>'))],
        [row(cell('<text:s text:c="1000000"/>'), 900_000)],
    ],
)
def test_every_way_to_repeat_too_much_in_a_document_is_refused(tables):
    pytest.importorskip("python_calamine", reason="reads workbooks")
    refused(ods(*tables))


@pytest.mark.parametrize("place", ["xl/worksheets/sheet1.bin", "elsewhere", "xl/media/a.png"])
@pytest.mark.parametrize(("row", "column"), [(1_048_575, 16_383), (4_000_000_000, 0), (0, 4_000_000_000)])
def test_binary_sheets_are_seen_wherever_they_stand(place, row, column):
    pytest.importorskip("python_calamine", reason="reads workbooks")

    def record(kind, content):
        return kind + bytes([len(content)]) + content

    sheet = record(b"<", b"?" * 60) + record(b"\x91\x01", b"") + record(b"\0", struct.pack("<I", row) + bytes(13))
    sheet += record(b"\x05", struct.pack("<II", column, 0) + bytes(8))
    refused(zipped({place: sheet, "xl/_rels/Workbook.bin.rels": "<Relationships/>"}), "too far apart")


def xls(*records, sector=512):
    stream = b"".join(struct.pack("<HH", kind, len(content)) + content for kind, content in records)
    stream = stream.ljust(4096, b"\0")
    n_sectors = len(stream) // sector
    table = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, 2 + n_sectors), 0xFFFFFFFE]
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 62, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<8I", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE) + struct.pack("<I", 0)
    header += struct.pack("<I", 0) + b"\xff" * 432

    def entry(name, kind, start, size, child=0xFFFFFFFF):
        text = f"{name}\0".encode("utf-16-le")
        whole = text.ljust(64, b"\0") + struct.pack("<HBB", len(text), kind, 1) + b"\xff" * 8
        return whole + struct.pack("<I", child) + bytes(36) + struct.pack("<IQ", start, size)

    directory = entry("Root Entry", 5, 0xFFFFFFFE, 0, 1) + entry("Workbook", 2, 2, len(stream))
    whole = header[:512] + struct.pack(f"<{len(table)}I", *table).ljust(512, b"\xff") + directory.ljust(512, b"\0")
    return whole + stream


def xls_sheet(row, column, pointed_into=b""):
    globals_ = [(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0)), (0x42, struct.pack("<H", 1200))]
    at = sum(4 + len(content) for _, content in globals_) + 4 + 10 + 4
    at += 20 + 2 * 18 + 4 + 4 + 8 if pointed_into else 0  # behind the sheet, within the record of a text
    bound = (0x85, struct.pack("<IBBBB", at, 0, 0, 2, 0) + b"S1")
    begin = (0x809, struct.pack("<HHHHII", 0x600, 16, 0, 0, 0, 0))
    cells = [(0x203, struct.pack("<HHHd", *place, 0, 7.0)) for place in ((0, 0), (row, column))]
    begun = struct.pack("<HH", begin[0], len(begin[1])) + begin[1]
    text = (0x1C, bytes(8) + begun + pointed_into + b"\x0a\0\0\0")
    return xls(*globals_, bound, (0x0A, b""), begin, *cells, (0x0A, b""), text)


def test_an_old_workbook_has_no_cell_beyond_its_format():
    pytest.importorskip("python_calamine", reason="reads workbooks")
    assert ck.read_excel(xls_sheet(1, 3), has_header=False).to_dicts()[1]["column_4"] == "7"
    refused(xls_sheet(65_535, 65_535), "no more than 256 columns")
    hidden = xls_sheet(1, 3, pointed_into=struct.pack("<HHHHHd", 0x203, 14, 65_535, 65_535, 0, 7.0))
    refused(hidden, "no more than 256 columns")
    for cut in range(8, 1_600, 50):
        with pytest.raises(FormatError):
            ck.read_excel(xls_sheet(1, 3)[:cut])


@pytest.mark.parametrize(("at", "number"), [(512 + 4 * 9, 2), (512 + 4 * 9, 9), (512 + 4, 1), (512 + 4 * 40, 40)])
def test_an_old_workbook_whose_sectors_have_no_end_is_refused(at, number):
    pytest.importorskip("python_calamine", reason="reads workbooks")
    content = bytearray(xls_sheet(1, 3))
    content[at : at + 4] = struct.pack("<I", number)
    refused(bytes(content), "in a ring")


def test_an_old_workbook_whose_table_has_no_end_is_refused():
    pytest.importorskip("python_calamine", reason="reads workbooks")
    content = bytearray(xls_sheet(1, 3))
    content[68:76] = struct.pack("<II", 3, 1)
    content[512 * 5 - 4 : 512 * 5] = struct.pack("<I", 3)
    refused(bytes(content), "no end")
