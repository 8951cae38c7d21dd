from __future__ import annotations

import csv
import datetime as dt
import io
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmkit import _delimited
from crmkit.errors import SchemaError, ShapeError
from crmkit.files import read_csv, write_csv
from crmkit.records import RecordSet


def written(columns, **options) -> bytes:
    file = io.BytesIO()
    write_csv(columns, file, **options)
    return file.getvalue()


@given(st.text(max_size=12) | st.text("'=+-@\t\r 1.,", max_size=8))
@example("''=1")
@example("'")
def test_the_guard_is_taken_back_exactly(cell):
    assert _delimited.unguard(_delimited.guard(cell)) == cell


@given(st.text("'=+-@\t\r 1.,()x", max_size=8))
def test_nothing_guarded_is_a_formula_and_no_two_cells_become_one(cell):
    assert not _delimited.is_formula(_delimited.guard(cell))
    assert _delimited.guard(cell) in (cell, "'" + cell)


@pytest.mark.parametrize(
    "cell",
    [
        "=1",
        "=cmd|' /C calc'!A0",
        "@SUM(1)",
        "\tx",
        "\rx",
        "+cmd",
        "-cmd",
        "+",
        "-",
        "-1+cmd|x",
        "+1 (a)",
        "-1\n",
        "--1",
    ],
)
def test_formulas_are_guarded(cell):
    assert _delimited.guard(cell) == "'" + cell


@pytest.mark.parametrize(
    "cell",
    [
        "", "a=1", "-1", "+1", "-1.5", "-1,234.56", "+.5", "-1e-5", "-12%", "+49 30 1234567", "+1 (555) 010-0199",
        "+86 138 0013 8000", "+1-212-555-0199",
        "+86-13800138000", "+1 555 0100 ext. 12", "+86 21 55551234 转 8", "1-2", "'quoted'", "x@y.z",
    ],
)  # fmt: skip
def test_numbers_phones_and_plain_text_are_left_alone(cell):
    assert _delimited.guard(cell) == cell


def test_files_open_in_excel_and_are_rfc_4180():
    raw = written({"名": ["张", 'a "b"', "x,y", "p\nq", None]})
    assert raw == '\ufeff名\r\n张\r\n"a ""b"""\r\n"x,y"\r\n"p\nq"\r\n""\r\n'.encode()


def test_escaped_cells_are_returned_headers_first(tmp_path):
    table = RecordSet({"a": ["=1", "b"], "=h": ["x", "'+y"]})
    path = tmp_path / "t.csv"
    assert table.to_csv(path) == ((None, "=h"), (0, "a"), (1, "=h"))
    assert read_csv(path, unescape=True) == table
    assert read_csv(path).column("a") == ("'=1", "b")
    assert table.to_csv(path, guard=False) == ()
    assert read_csv(path) == table


def test_values_that_are_no_text_are_written_plainly_and_numbers_never_guarded():
    day = dt.datetime(2026, 5, 1, 9)
    values = [
        True,
        -7,
        7.5,
        Decimal("1E+2"),
        Decimal("-0.10"),
        day,
        day.date(),
        day.time(),
        b"\xff",
        None,
        ["-x"],
        "-x",
    ]
    assert list(csv.reader(io.StringIO(written({"v": values}, encoding="utf-8").decode())))[1:] == [
        [text]
        for text in (
            "true", "-7", "7.5", "100", "-0.10",
            "2026-05-01T09:00:00", "2026-05-01", "09:00:00", "ff", "", "['-x']", "'-x",
        )
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_many_chunks_have_one_byte_order_mark(encoding):
    columns = {"a": [f"张{i}" for i in range(_delimited.CHUNK * 2 + 1)]}
    raw = written(columns, encoding=encoding)
    assert raw.decode(encoding).count("\ufeff") == 0
    assert read_csv(raw, encoding=encoding) == RecordSet(columns)


def test_lone_surrogates_pass_and_characters_that_an_encoding_lacks_are_errors():
    assert read_csv(written({"a": ["\ud800"]})).column("a") == ("\ud800",)
    with pytest.raises(UnicodeEncodeError):
        written({"a": ["张"]}, encoding="cp1252")


def test_columns_must_be_even_and_delimiters_one_character():
    with pytest.raises(ShapeError):
        written({"a": ["1"], "b": []})
    with pytest.raises(ValueError, match="delimiter"):
        written({"a": []}, delimiter='"')


def test_tables_without_rows_or_columns_are_written(tmp_path):
    assert written({"a": [], "b": []}, encoding="utf-8") == b"a,b\r\n"
    assert written({}, encoding="utf-8") == b"\r\n"


def test_an_open_file_stays_open():
    file = io.BytesIO()
    write_csv({"a": ["1"]}, file, delimiter=";")
    assert not file.closed


@pytest.mark.parametrize(
    "cell",
    ["+123-4", "+123-4567", "-5+1", "+5-1", "+49/30/1234567", "\n=1", " =1", "＝1+1", "＠x", "\xa0=1", " +cmd|x"],
)
def test_arithmetic_and_hidden_starts_of_formulas_are_guarded_and_read_back(cell: str) -> None:
    assert _delimited.guard(cell) == "'" + cell
    assert _delimited.unguard(_delimited.guard(cell)) == cell
    out = io.BytesIO()
    assert len(_delimited.write(out, {"a": [cell, "x"]})) == 1


def frames_of_two():
    pd, pl, pa = pytest.importorskip("pandas"), pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    columns = {"a": ["x", None], "n": [1, None]}
    days = pd.DataFrame({
        "d": [pd.Timestamp("2024-01-01"), pd.NaT], "f": [1.5, float("nan")], "i": pd.array([1, None], dtype="Int64"),
        "s": ["=1", None],
    })  # fmt: skip
    return {
        "records": ([{"a": "x", "n": 1}, {"a": None}], b"a,n\r\nx,1\r\n,\r\n"),
        "pandas": (days, b"d,f,i,s\r\n2024-01-01,1.5,1,'=1\r\n,,,\r\n"),
        "polars": (pl.DataFrame(columns), b"a,n\r\nx,1\r\n,\r\n"),
        "arrow": (pa.table(columns), b"a,n\r\nx,1\r\n,\r\n"),
        "mapping": ({"a": ["x", float("nan")], "n": [1, None]}, b"a,n\r\nx,1\r\n,\r\n"),
    }


@pytest.mark.parametrize("kind", ["records", "pandas", "polars", "arrow", "mapping"])
def test_any_frame_is_written_and_missing_is_empty(kind):
    frame, expected = frames_of_two()[kind]
    assert written(frame, encoding="utf-8") == expected


@pytest.mark.parametrize("thing", [5, "export.csv", object()])
def test_what_is_no_frame_is_named(thing):
    with pytest.raises(SchemaError, match="is not a frame"):
        written(thing)
