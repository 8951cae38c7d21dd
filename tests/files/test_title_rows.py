"""A title above the header is no header; what is left out is said."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit import check
from crmkit.errors import FormatError
from crmkit.files import read_csv, read_excel

EXPORT = "客户资料导出,,\r\n编号,姓名,手机\r\n1,王小明,13900139000\r\n"
NAMES = ("编号", "姓名", "手机")


def codes(table):
    return [note.code for note in table.notes]


@pytest.mark.parametrize(
    "text",
    [
        EXPORT,
        "客户资料导出\n编号,姓名,手机\n1,王小明,13900139000\n",
        "\n客户资料导出,,\n2024-01-05,,\n\n编号,姓名,手机\n1,王小明,13900139000\n",
    ],
)
def test_known_names_below_titles_are_the_header(text):
    table = read_csv(text.encode())
    assert table.columns == NAMES
    assert table.to_dicts() == [{"编号": "1", "姓名": "王小明", "手机": "13900139000"}]
    assert "title_rows" in codes(table)
    assert "客户资料导出" not in str([note.params for note in table.notes])
    assert "title_rows" in {issue.code for issue in check(table).issues}


@pytest.mark.parametrize(
    "text",
    [
        "Name,,\nAnn,Lee,ann@lee.example\nBob,Ray,bob@ray.example\n",
        "Notes\nName,Phone\nName,Email\n",
        "a,,\n1,2,3\n4,5,6\n",
        "report\nann@lee.example,+12125550123\n",
        "id,email\n1,ann@lee.example\n",
    ],
)
def test_where_nothing_is_certain_the_first_row_stays_the_first(text):
    table = read_csv(text.encode(), delimiter=",")
    assert not {"title_rows", "header_below"} & {*codes(table)}
    cells = {cell for row in table.to_dicts() for cell in row.values()} | {*table.columns}
    assert {cell for line in text.split() for cell in line.split(",") if cell} <= cells


def test_unknown_names_below_a_title_are_a_question():
    table = read_csv(b"Report of May,,\nplan,fact,gap\n1,2,3\n4,5,6\n")
    assert table.columns[0] == "Report of May"
    note = next(note for note in table.notes if note.code == "header_below")
    assert note.params == {"row": 2}
    assert read_csv(b"Report of May,,\nplan,fact,gap\n1,2,3\n", header_row=2).to_dicts() == [
        {"plan": "1", "fact": "2", "gap": "3"}
    ]


HEADERS = [["ID", "Name", "Phone", "Email"], ["编号", "姓名", "手机", "邮箱"]]
RECORD = ["7", "Ann Lee", "+49 151 12345678", "ann@lee.example"]
CLEAR = [
    [["Customer list"], ["as of", "2025-01-01"]],
    [["Customer list"], ["as of", "2025-01-01"], []],
    [["Exported by:", "Admin"], []],
    [["Exported by:", "Admin", "Page: 1"]],
    [["客户列表"], ["导出时间：", "2025-01-01"]],
    [["导出时间：2025-01-01 10:00", "导出人：王小明"]],
    [["Rows", "1,200"], ["From:", "2025-01-01", "To:", "2025-02-01"], ["by Ann"]],
    [["Date", "01/02/2025"], ["Filter: Owner is Ann", "Status: open"]],
]
DOUBTFUL = [
    [["Customer list", "", "", "p. 1"], []],
    [["Exported on", "January 5th"], ["Customer list"]],
    [["Acme Ltd", "confidential"], ["as of", "2025-01-01"]],
]


def csv_of(rows):
    return "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows).encode()


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("titles", CLEAR)
def test_labels_and_dates_above_known_names_are_titles(titles, header):
    rows = [*titles, header, RECORD]
    for table in (read_csv(csv_of(rows), delimiter=","), read_excel(workbook(rows))):
        assert (table.columns, [*table.to_dicts()[0].values()]) == (tuple(header), RECORD)
        (note,) = [note for note in table.notes if note.code == "title_rows"]
        assert dict(note.params) == {"row": len(titles) + 1, "count": sum(map(bool, titles))}


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("titles", DOUBTFUL)
def test_other_pairs_above_known_names_are_a_question(titles, header):
    table = read_csv(csv_of([*titles, header, RECORD]), delimiter=",")
    assert table.columns[0] == titles[0][0]
    assert [dict(note.params) for note in table.notes if note.code == "header_below"] == [{"row": len(titles) + 1}]


def test_a_pair_of_names_below_a_pair_is_a_question_and_below_a_label_is_none():
    assert "header_below" in codes(read_csv(b"as of,2025-01-01\nName,Email\nAnn,a@b.example\n"))
    assert read_csv(b"Exported by:,Admin\nName,Email\nAnn,a@b.example\n").columns == ("Name", "Email")


def test_labels_above_unknown_names_are_a_question():
    rows = [["Report"], ["as of", "2025-01-01"], ["plan", "fact", "gap"], ["1", "2", "3"]]
    (note,) = [note for note in read_csv(csv_of(rows)).notes if note.code == "header_below"]
    assert dict(note.params) == {"row": 3}


@pytest.mark.parametrize(
    "lines",
    [
        ["api,label", "email,E-mail", "phone,Phone"],
        ["source_field,target_field,type", "name,email,phone", "a,b,c"],
        ["Name:,Phone:,Email:", "Ann,+12125550123,ann@lee.example"],
        ["product,2024-01-01,2024-01-02", "A,3,4", "B,5,6"],
        ["store,2024", "A,3", "B,4"],
        ["Ann,2024-03-05", "Bob,2023-01-01", "Cy,n/a"],
        ["Label:,Value", "Name,Ann", "Phone,+12125550123"],
        ["id,email", "Name,Phone", "1,2"],
        ["plan,fact", "1,2", "3,4"],
    ],
)
def test_no_first_row_of_a_table_is_taken_for_a_title(lines):
    table = read_csv("\n".join(lines).encode(), delimiter=",")
    assert not {"title_rows", "header_below"} & {*codes(table)}


@given(
    st.lists(st.lists(st.sampled_from(["Name", "Email", "as of", "2025-01-01", "Exported by:", "x", ""])), max_size=9)
)
def test_known_names_in_the_first_row_are_always_the_header(rows):
    table = read_csv(csv_of([HEADERS[0], *rows]), delimiter=",")
    assert table.columns[:4] == tuple(HEADERS[0])
    assert not {"title_rows", "header_below"} & {*codes(table)}


@given(st.lists(st.lists(st.sampled_from(["Name", "Email", "as of", "2025-01-01", "Exported by:", "x"]), min_size=1)))
def test_rows_are_left_out_with_their_number_and_never_below_the_names(rows):
    try:
        table = read_csv(csv_of(rows), delimiter=",")
    except FormatError:
        assert not any(map(any, rows))
        return
    left_out = sum(note.params["count"] for note in table.notes if note.code == "title_rows")
    unnamed = "no_header" in codes(table)
    assert left_out + len(table) + (not unnamed) == len(rows)


def test_the_caller_names_the_row():
    text = "\n".join([*(f"title {n},x,y" for n in range(2000)), "a,b,c", "1,2,3"])
    table = read_csv(text.encode(), header_row=2001)
    assert (table.columns, table.to_dicts()) == (("a", "b", "c"), [{"a": "1", "b": "2", "c": "3"}])
    assert [dict(note.params) for note in table.notes] == [{"row": 2001, "count": 2000}]
    assert read_csv(EXPORT.encode(), header_row=1).columns[0] == "客户资料导出"
    assert read_csv(EXPORT.encode(), has_header=True).columns[0] == "客户资料导出"


def test_rows_that_are_not_there_are_said():
    for wrong in (0, -1, True, "2"):
        with pytest.raises(ValueError, match="counted from 1"):
            read_csv(b"a,b\n", header_row=wrong)
    with pytest.raises(ValueError, match="has_header=False"):
        read_csv(b"a,b\n", header_row=1, has_header=False)
    for row in (2, 9):
        with pytest.raises(FormatError, match=f"row {row} has no cells"):
            read_csv(b"a,b\n\n1,2\n", header_row=row)


def workbook(rows, start=1):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for place, row in enumerate(rows, start=start):
        for column, cell in enumerate(row, start=2):
            book.active.cell(place, column, cell)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_workbooks_have_titles_too():
    rows = [
        ["客户资料导出"],
        [],
        ["编号", "姓名", "手机"],
        ["1", "王小明", "13900139000"],
        ["2", "#N/A", "13900139001"],
    ]
    table = read_excel(workbook(rows, start=3))
    assert table.columns == NAMES
    told = {note.code: dict(note.params) for note in table.notes}
    assert told == {"title_rows": {"row": 5, "count": 1}, "error_cells": {"count": 1, "places": "C7"}}
    assert read_excel(workbook(rows, start=3), header_row=6).columns == ("1", "王小明", "13900139000")
    with pytest.raises(FormatError, match="row 2 has no cells"):
        read_excel(workbook(rows, start=3), header_row=2)


ERRORS = ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"]


def test_errors_of_a_spreadsheet_are_no_values_in_csv_either():
    lines = ["id,name", *(f"{n},{error}" for n, error in enumerate(ERRORS)), "7,#hash", "", "8,#N/A"]
    table = read_csv("\n".join(lines).encode())
    assert table.column("name") == (*[None] * 7, "#hash", None)
    assert [(note.code, note.severity, note.column, dict(note.params)) for note in table.notes][:1] == [
        ("error_cells", "warning", "name", {"count": 8, "places": "B2, B3, B4, B5, B6, …"})
    ]
    lines = ["t,,", "编号,姓名,手机", "1,王小明,13900139000", "", "2,#N/A,13900139001"]
    assert {note.code: note.params.get("places") for note in read_csv("\n".join(lines).encode()).notes}[
        "error_cells"
    ] == "B5"


@pytest.mark.parametrize("at", [5, 21_000, 45_000])
def test_errors_are_found_in_columns_of_distinct_text(at):
    cells = [f"n{n}" for n in range(50_000)]
    cells[at] = "#REF!"
    table = read_csv("\n".join(["id,x", *(f"{cell},1" for cell in cells)]).encode())
    assert table.column("id")[at] is None
    assert [note.params["places"] for note in table.notes] == [f"A{at + 2}"]


def test_the_same_errors_score_the_same_from_both_kinds_of_file():
    rows = [["ID", "Name", "Email"], *[[str(n), f"Ann Lee{n}", error] for n, error in enumerate(ERRORS)]]
    from_csv = read_csv("\n".join(map(",".join, rows)).encode())
    from_excel = read_excel(workbook(rows))
    assert from_csv == from_excel
    scores = [check(table).score for table in (from_csv, from_excel)]
    assert scores[0] == scores[1]


@pytest.mark.parametrize("raw", [b",".join([b"a"] * 50_000) + b"\n", b"," * 50_000 + b"\n1\n"])
def test_a_wide_header_takes_no_square_of_its_names(raw):
    table = read_csv(raw)
    assert len(table.columns) == len({*table.columns}) == raw.count(b",") + 1


def test_names_that_are_given_are_never_given_again():
    assert read_csv(b"a,a_2,a,a,,column_5\n1,2,3,4,5,6\n").columns == (
        "a",
        "a_2",
        "a_3",
        "a_4",
        "column_5_2",
        "column_5",
    )
