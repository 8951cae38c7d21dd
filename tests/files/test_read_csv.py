from __future__ import annotations

import csv
import io
import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmkit.errors import FormatError, NotFoundError
from crmkit.files import read_csv, write_csv
from crmkit.records import RecordSet

CELLS = st.text(st.one_of(st.sampled_from("\"',;\t|\r\n=+-@' \0张é"), st.characters(exclude_categories=())), max_size=8)


def codes(table: RecordSet) -> list[str]:
    return [note.code for note in table.notes]


def test_everything_is_text_so_zeros_and_long_ids_survive():
    table = read_csv(b"id,zip,long\n007,01234,00350000012345678901\n")
    assert table.to_dicts() == [{"id": "007", "zip": "01234", "long": "00350000012345678901"}]
    assert table.notes == ()


def test_empty_cells_are_none_quoted_or_not():
    assert read_csv(b'a,b\n,""\n').to_dicts() == [{"a": None, "b": None}]


@pytest.mark.parametrize("raw", [b"", b"\n", b"\r\n\r\n"])
def test_nothing_to_read_is_a_clear_error(raw):
    with pytest.raises(FormatError, match="the file is empty"):
        read_csv(raw)


def test_errors_name_the_file(tmp_path):
    (tmp_path / "void.csv").touch()
    with pytest.raises(FormatError, match=r"^void\.csv: the file is empty"):
        read_csv(tmp_path / "void.csv")
    with pytest.raises(FileNotFoundError):
        read_csv(str(tmp_path / "none.csv"))


def test_header_only_is_a_table_without_rows():
    table = read_csv("姓名,电话".encode())
    assert (table.columns, len(table), table.notes) == (("姓名", "电话"), 0, ())


def test_one_row_and_no_final_line_end():
    assert read_csv(b"a,b\n1,2").to_dicts() == [{"a": "1", "b": "2"}]


def test_doubled_names_are_numbered_around_those_that_exist():
    table = read_csv(b"Email,Email,Email_2,Email\n1,2,3,4\n")
    assert table.to_dicts() == [{"Email": "1", "Email_3": "2", "Email_2": "3", "Email_4": "4"}]
    assert [(note.code, note.column, note.params["place"]) for note in table.notes] == [
        ("duplicate_column", "Email_3", 2),
        ("duplicate_column", "Email_4", 4),
    ]


def test_blank_names_get_their_place():
    table = read_csv(b"a,, ,column_2\n1,2,3,4\n")
    assert table.columns == ("a", "column_2_2", "column_3", "column_2")
    assert codes(table) == ["blank_column_name", "blank_column_name"]


def test_short_and_long_rows_keep_every_cell():
    table = read_csv(b'a,b\n1\n1,2,3,"x,y"\n1,2,,\n\n4,5\n')
    assert table.column("a") == ("1", "1", "1", "4")
    assert table.column("b") == (None, "2", "2", "5")
    assert table.column("_extra") == (None, '3,"x,y"', None, None)
    assert sorted((note.code, note.row) for note in table.notes if note.row is not None) == [
        ("long_row", 1),
        ("short_row", 0),
    ]
    assert {"blank_lines", "empty_extra_cells", "extra_column"} <= set(codes(table))


def test_many_notes_of_one_kind_are_counted_not_listed():
    table = read_csv(b"a,b\n" + b"1\n" * 1500)
    assert len(table.notes) == 1001
    assert table.notes[0].params == {"more": 500}


def test_files_without_a_header_number_their_columns():
    table = read_csv(b"1,2\n3,4\n", has_header=False)
    assert table.to_dicts() == [{"column_1": "1", "column_2": "2"}, {"column_1": "3", "column_2": "4"}]
    assert table.notes == ()


@pytest.mark.parametrize("ends", list(itertools.product(["\n", "\r", "\r\n"], repeat=3)))
def test_mixed_line_ends_are_line_ends_outside_quotes_only(ends):
    a, b, c = ends
    raw = f'x,y{a}"1{b}2",3{c}4,5'.encode()
    assert read_csv(raw).to_dicts() == [{"x": f"1{b}2", "y": "3"}, {"x": "4", "y": "5"}]


def test_nul_characters_are_kept_and_noted():
    table = read_csv(b"a,b\n1,x\0y\0\n2,z\n")
    assert table.column("b") == ("x\0y\0", "z")
    assert [(n.code, n.row, n.column, n.params["count"]) for n in table.notes] == [("nul_character", 0, "b", 2)]


def test_a_huge_cell_is_read_and_the_limit_of_others_is_left_alone():
    before = csv.field_size_limit()
    big, plain = ("x" * 99 + "\n") * 100_000, "y" * 10_000_000
    table = read_csv(f'a,b\n1,"{big}"\n2,{plain}\n3,z\n'.encode())
    assert table.column("b") == (big, plain, "z")
    assert table.notes == ()
    assert csv.field_size_limit() == before


def test_five_thousand_columns():
    names = [f"c{i}" for i in range(5000)]
    raw = "\n".join([",".join(names)] + [",".join(map(str, range(5000)))] * 60).encode()
    table = read_csv(raw)
    assert (len(table.columns), len(table)) == (5000, 60)
    assert table.column("c4999") == ("4999",) * 60


def test_a_quote_that_is_never_closed_swallows_nothing():
    table = read_csv(b'a,b\n1,"open\n2,fine\n3,"also, quoted"\n4,x\n')
    assert table.column("b") == ('"open', "fine", "also, quoted", "x")
    assert [(n.code, n.params["line"]) for n in table.notes] == [("unclosed_quote", 2)]


def test_a_quote_left_open_further_than_a_cell_may_be_long_is_text():
    raw = b'a\n"open\n' + b"x\n" * 100_000 + b'end"\n'
    assert len(read_csv(raw, max_cell=150_000)) == 100_002
    assert len(read_csv(raw)) == 1


def test_quotes_inside_a_quoted_cell_are_text():
    table = read_csv(b'a,b\n"Ann "Bee" Cee",2\n"x""y" ,3\n"p""q "r" s"\n""""\n"over\n"two" lines",z\n')
    assert table.column("a")[:4] == ('Ann "Bee" Cee', '"x""y" ', 'p"q "r" s', '"')
    assert "unclosed_quote" in codes(table)
    assert codes(table).count("stray_quote") == 3


def test_malformed_records_keep_their_good_multi_line_cells():
    table = read_csv(b'a,b,c\n"one\ntwo ""q""\n",x,"st"ray"\n5,6,7\n')
    assert table.to_dicts() == [{"a": 'one\ntwo "q"\n', "b": "x", "c": 'st"ray'}, {"a": "5", "b": "6", "c": "7"}]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_found_past_quoted_ones_and_quoted_line_ends(delimiter):
    rows = [["name", "note", "city"], ["Ann; Bee, Cee", "x|y\nz,\t;;,,||", "A"], ["D", "", "B"]]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    assert read_csv(text.getvalue().encode()).columns == ("name", "note", "city")


def test_one_column_has_no_delimiter_to_find():
    assert read_csv(b"name\nAnn\nBob\n").column("name") == ("Ann", "Bob")


def test_the_separator_line_of_excel_is_obeyed():
    assert read_csv(b"sep=|\r\na|b,c\r\n1|2\r\n").columns == ("a", "b,c")


def test_a_huge_first_cell_does_not_stop_the_search():
    assert read_csv(b"a;b\n1;2\n" + b'"' + b"x" * 200_000 + b'";3\n').columns == ("a", "b")


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n"])
def test_impossible_delimiters_are_refused(delimiter):
    with pytest.raises(ValueError, match="delimiter must be one character"):
        read_csv(b"a", delimiter=delimiter)


def test_sources_of_every_kind_give_one_table(tmp_path):
    raw = "a,b\r\n张,2\r\n".encode()
    path = tmp_path / "t.csv"
    path.write_bytes(raw)

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with path.open("rb") as binary, path.open(newline="", encoding="utf-8") as text:
        tables = [
            read_csv(source)
            for source in (path, str(path), raw, bytearray(raw), binary, text, io.StringIO(raw.decode()), Pipe(raw))
        ]
        assert not binary.closed
        assert not text.closed
    assert all(table == tables[0] for table in tables)
    assert tables[0].column("a") == ("张",)


def test_an_open_file_is_read_from_where_it_stands():
    stream = io.BytesIO(b"junk\na,b\n1,2\n")
    stream.readline()
    assert read_csv(stream).columns == ("a", "b")


def test_progress_sees_every_batch():
    seen = []

    def progress(iterable, *, total=None, desc=None):
        for item in iterable:
            seen.append((desc, len(item)))
            yield item

    table = read_csv(b"a,b\n" + b"1,2\n" * 250_000, progress=progress)
    assert sum(count for _, count in seen) == len(table) == 250_000
    assert len(seen) > 10


def test_repeated_text_is_held_once_and_unique_text_is_not_remembered():
    table = read_csv(b"a,b\n" + "".join(f"same,{i}\n" for i in range(60_000)).encode())
    assert len({id(value) for value in table.column("a")}) == 1
    assert table.column("b")[-1] == "59999"


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=6), st.booleans())
@example([["=1", "'=1"], ["'", "''+x"]], True)
def test_what_was_written_is_read_back(rows, guard):
    columns = {"a": [row[0] for row in rows], "=b": [row[1] for row in rows]}
    file = io.BytesIO()
    write_csv(columns, file, guard=guard)
    back = read_csv(file.getvalue(), delimiter=",", unescape=guard, encoding="utf-8", errors="surrogatepass")
    assert back.columns == ("a", "=b")
    assert [list(row.values()) for row in back.to_dicts()] == [[cell or None for cell in row] for row in rows]


@given(st.lists(st.lists(st.text('ab",\n', max_size=6), min_size=1, max_size=3), min_size=1, max_size=6))
def test_well_formed_files_are_read_as_the_csv_module_reads_them(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    table = read_csv(text.getvalue().encode(), delimiter=",", has_header=False)
    width = len(rows[0])
    expected = [tuple((cell or None) for cell in (row + [""] * width)[:width]) for row in rows]
    assert [tuple(row.values())[:width] for row in table.to_dicts()] == expected


@given(st.text('ab",\n', max_size=30))
def test_malformed_files_lose_no_letter(text):
    try:
        table = read_csv(("h,i\n" + text).encode(), delimiter=",")
    except FormatError:
        raise AssertionError from None
    kept = "".join(value or "" for row in table.to_dicts() for value in row.values())
    assert [c for c in kept if c in "ab"] == [c for c in text if c in "ab"]


def test_unknown_encodings_suggest_a_known_one():
    with pytest.raises(NotFoundError, match="did you mean 'gb18030'"):
        read_csv(b"a", encoding="gb18031")
    with pytest.raises(NotFoundError):
        read_csv(b"a", encoding="utf-8", errors="no-such-handler")


def test_utf_16_without_a_byte_order_mark_is_a_clear_error():
    with pytest.raises(FormatError, match="not utf-16 all through"):
        read_csv("Name,Email\nAnn,a@b.example\n".encode("utf-16-le"), encoding="utf-16")
