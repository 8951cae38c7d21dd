"""Lines with any number of stray quotes are read in time that grows with their length, and as the plain rules say."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.files import _rows, read_csv
from crmkit.files._notes import NoteList


def plain_literal(text, at, delimiter, _last_close):
    """The same rule with nothing remembered."""
    end = text.find(f'"{delimiter}', at + 1)
    if end < 0 and text.endswith('"') and len(text) - 1 > at:
        end = len(text) - 1
    if end >= 0:
        return text[at + 1 : end].replace('""', '"'), end + 1, True
    end = text.find(delimiter, at)
    end = len(text) if end < 0 else end
    return text[at:end], end, False


def cells_of(text):
    notes = NoteList()
    lines = _rows.Lines(io.StringIO(text, newline=""))
    blocks = list(_rows.split(lines, ",", max_cell=1 << 20, notes=notes))
    return [row for block in blocks for row in block], [(note.code, dict(note.params)) for note in notes.finish()]


@given(st.text(alphabet='"",,a\n', max_size=40), st.text(alphabet='"",,a\n', max_size=40))
def test_what_is_remembered_of_a_line_changes_no_cell(before, after):
    text = f'{before}"a"b,"c\nd",{after}'
    found = cells_of(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_rows, "_literal", plain_literal)
        assert cells_of(text) == found


MANY = 60_000


@pytest.mark.parametrize(
    "line",
    [
        b'"a"b,' * MANY,
        b'""x,' * MANY,
        b'"x,' * MANY,
        b"x" * 5 * MANY + b"," + b'"a"b,' * MANY,
        b'"' + b'x"y ' * MANY + b'",1',
        b'"a"b,"c\nd",' * (MANY // 2),
    ],
)
def test_stray_quotes_take_no_square_of_their_number(line):
    """Each took a minute or more when every cell looked through the rest of its line."""
    (row,) = read_csv(b"a,b\n" + line).to_dicts()
    assert sum(len(cell or "") for cell in row.values()) > MANY
