"""A first row that is a record is never taken for the names of columns."""

from __future__ import annotations

import io

import pytest

from crmkit import check
from crmkit.columns import recognize
from crmkit.files import read_csv, read_excel
from crmkit.frames import read

PEOPLE = [
    "Ann,Lee,ann@lee.example,+12125550123",
    "Bob,Ray,bob@ray.example,+12125550124",
    "Cy,Dee,,+12125550125",
]


def table_of(*lines: str, **options: bool):
    return read_csv("\n".join(lines).encode(), delimiter=",", **options)


@pytest.mark.parametrize(
    "lines",
    [
        PEOPLE,
        ["Ann,Lee,ann@lee.example,+12125550123"],
        ["张三,138 0013 8000", "李四,13900139000", "王五,13700137000"],
        ["Ann,2024-03-05", "Bob,2023-01-01", "Cy,n/a"],
        ["1,Ann,Lee", "2,Bob,Ray", "3,Cy,Dee"],
        ["003A000001XyZ01,Ann", "003A000001XyZ02,Bob", "003A000001XyZ03,Cy"],
        ["100234,Ann", "100777,Bob", "100891,Cy"],
        ["Ann,https://ann.example.com", "Bob,www.bob.example.com"],
    ],
)
def test_a_first_row_like_the_rows_below_is_a_record(lines):
    table = table_of(*lines)
    assert [list(row.values()) for row in table.to_dicts()] == [
        [cell or None for cell in line.split(",")] for line in lines
    ]
    assert table.columns == tuple(f"column_{place}" for place in range(1, len(table.columns) + 1))
    assert [(note.code, note.severity) for note in table.notes] == [("no_header", "warning")]


@pytest.mark.parametrize(
    "lines",
    [
        ["first,last,email,phone", *PEOPLE],
        ["Ann,Lee", "Bob,Ray"],
        ["id,2023,2024,2025", "1,150,160,170", "2,250,260,270"],
        ["product,202401,202402", "A,100000,200000", "B,100001,200001"],
        ["product,2024-01-01,2024-01-02", "A,3,4", "B,5,6"],
        ["0,1,2", "Ann,Lee,x", "Bob,Ray,y"],
        ["1,2", "3,4"],
        ["id,email", "1,x", "2,y"],
        ["a"],
        ["a1b2c3d4,name", "12,Ann", "13,Bob"],
    ],
)
def test_names_stay_names_and_nothing_is_said(lines):
    table = table_of(*lines)
    assert table.columns == tuple(lines[0].split(","))
    assert table.notes == ()


def test_names_over_a_record_s_values_outvote_a_single_value():
    lines = ["name,mail,born,ann@lee.example", "Ann,ann@lee.example,1990-05-01,a@x.example"]
    table = table_of(*lines)
    assert table.columns[:3] == ("name", "mail", "born")
    assert [(note.code, dict(note.params)) for note in table.notes] == [("header_like_values", {"count": 1})]


def test_the_caller_decides():
    assert table_of(*PEOPLE, has_header=True).columns == tuple(PEOPLE[0].split(","))
    assert table_of(*PEOPLE, has_header=True).notes == ()
    assert len(table_of(*PEOPLE, has_header=False)) == 3
    assert table_of(*PEOPLE, has_header=False).notes == ()


def test_a_workbook_without_names_is_noticed_too():
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for line in PEOPLE:
        book.active.append([cell or None for cell in line.split(",")])
    file = io.BytesIO()
    book.save(file)
    table = read_excel(file.getvalue())
    assert (len(table), [note.code for note in table.notes]) == (3, ["no_header"])
    assert read_excel(file.getvalue(), has_header=True).columns == tuple(PEOPLE[0].split(","))


def test_the_note_becomes_an_issue():
    (issue,) = [issue for issue in check(table_of(*PEOPLE)) if issue.rule == "file"]
    assert issue.message.startswith("the first row holds a record, not column names; the 4 columns are called column_1")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_message_shows_names_that_are_a_person_s_values(lang):
    below = "Bob,Ray,b@ray.example,+12125550124,14/4/1991"
    table = table_of("Ann,Ann,ann@lee.example,+12125550123,13/4/1990", *[below] * 9, has_header=True)
    report = check(table)
    told = [*report.assumed(lang), *(str(issue.message) for issue in report), *recognize(read(table)).explain(lang)]
    told += [str(dict(note.params)) for note in table.notes] + [str(one.to_dict()) for one in report.assumptions]
    assert "#3" in "".join(told)
    assert not [text for text in told for value in ("Ann", "ann@", "555", "1990") if value in text]


WORDS = ["Lee,Ann,Sales Manager,Berlin", "Roe,Bob,Engineer,Paris", "Kim,Sue,Clerk,Rome", "Poe,Al,Engineer,Berlin"]


def test_a_word_that_stands_again_below_names_no_column():
    table = table_of(*WORDS)
    assert (len(table), [note.code for note in table.notes]) == (4, ["no_header"])
    named = table_of("Surname,First name,Job,City", *WORDS)
    assert (len(named), list(named.notes)) == (4, [])


def test_a_usual_name_outweighs_a_word_that_stands_again():
    table = table_of("City,Note", "Paris,Note", "City,a", "Rome,b")
    assert (table.columns, list(table.notes)) == (("City", "Note"), [])


def test_names_that_nobody_knows_are_said():
    table = table_of("Lee,Ann,Berlin", "Roe,Bob,Paris", "Kim,Sue,Rome", "Poe,Al,Oslo")
    assert table.columns == ("Lee", "Ann", "Berlin")
    assert [(note.code, note.severity) for note in table.notes] == [("header_unknown", "info")]
    assert list(table_of("Lee,Ann,Berlin", "Roe,Bob,Paris", "Kim,Sue,Rome", has_header=True).notes) == []
