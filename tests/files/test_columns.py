"""Blocks that are cut into columns at once give the cells that reading row by row gives."""

from __future__ import annotations

import csv
from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmkit.files import _rows, read_csv
from crmkit.files._columns import columns_of

CELLS = st.sampled_from(
    ["", "a", "b c", '"', '""', '"a, b"', '"say ""hi"""', "张伟", "é", ",", "\x1f", "\x1e", "\0", 'x"y']
)
ENDS = st.sampled_from(["\n", "\r\n", "\r", "\n\n"])


def _text(rows: list[tuple[list[str], str]]) -> str:
    return "".join(",".join(cells) + end for cells, end in rows)


@given(st.lists(st.tuples(st.lists(CELLS, min_size=1, max_size=4), ENDS), max_size=12))
@example([(['"a', "b"], "\n"), (['c"', "d"], "\n")])
@example([(['"a""b"', '""""'], "\r\n")])
@example([(["a", '"b"c'], "\n")])
def test_a_file_reads_the_same_cut_at_once_and_row_by_row(rows: list[tuple[list[str], str]]) -> None:
    source = ("name,note\n" + "x,y\n" * 3 + _text(rows)).encode()
    with mock.patch.object(_rows, "FIRST_LINES", 2), mock.patch.object(_rows, "BLOCK_LINES", 3):
        fast = read_csv(source, delimiter=",", has_header=True)
        with mock.patch.object(_rows, "columns_of", return_value=None):
            slow = read_csv(source, delimiter=",", has_header=True)
    assert fast == slow
    assert fast.notes == slow.notes


@given(st.lists(st.lists(st.text(st.sampled_from('ab",é张 '), max_size=5), min_size=3, max_size=3), min_size=1))
def test_well_quoted_rows_are_cut_at_once_and_none_is_refused(rows: list[list[str]]) -> None:
    lines = [",".join('"' + cell.replace('"', '""') + '"' if set(cell) & set('",') else cell for cell in row) + "\r\n"
             for row in rows]  # fmt: skip
    assert columns_of(lines, "".join(lines), ",", 3) == [list(column) for column in zip(*rows, strict=True)]


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["a,b\n", "c\n"], "a row is short"),
        (["a,b\n", "c,d,e\n"], "a row is long"),
        (["a,b\n", "\n"], "a line is blank"),
        (['a,"b\n', 'c",d\n'], "a cell goes on in the next line"),
        (['a,b"c"\n'], "a quote is in the middle of a cell"),
        (['a,"b"c\n'], "text stands behind a quote"),
        (["a,b\r", "c,d\n"], "a line ends otherwise"),
        (["a\x1f,b\n"], "the mark is in a cell"),
    ],
)
def test_what_is_not_even_is_left_to_the_careful_reader(lines: list[str], why: str) -> None:
    assert columns_of(lines, "".join(lines), ",", 2) is None, why


def test_a_cell_above_the_limit_of_the_reader_is_left_to_it() -> None:
    line = "a," + "b" * (csv.field_size_limit() + 1) + "\n"
    assert columns_of([line], line, ",", 2) is None
