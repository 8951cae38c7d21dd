from __future__ import annotations

import csv
import io
import pickle
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit import frames
from crmkit.files import _build, read_csv
from crmkit.records import RecordSet, _held
from crmkit.records._held import HeldColumn, JoinedTexts, RepeatedTexts, joined

CELLS = st.lists(
    st.one_of(st.sampled_from(["", "a", "上海", "\x1f", "\ud800", "b\nc"]), st.text(max_size=4)), max_size=40
)


def held(cells):
    values = list(dict.fromkeys(cell for cell in cells if cell))
    codes = array("i", [values.index(cell) if cell else -1 for cell in cells])
    return JoinedTexts(joined([cells]), len(cells)), RepeatedTexts(tuple(values), codes)


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch):
    for module in (_held, _build):
        monkeypatch.setattr(module, "CELLS", 3)
    monkeypatch.setattr(_build, "_LONG", 6)
    monkeypatch.setattr(_build, "_TRIAL", 4)


@given(CELLS, st.data())
def test_a_held_column_reads_as_the_tuple_that_it_stands_for(cells, data):
    whole = tuple(cell or None for cell in cells)
    for column in held(cells):
        assert (len(column), tuple(column)) == (len(whole), whole)
        assert [column[place] for place in range(-len(whole), len(whole))] == [*whole, *whole]
        part = data.draw(st.slices(len(whole)))
        assert column[part] == whole[part]
        rows = data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=5)) if whole else []
        assert column.take(rows) == [whole[row] for row in rows]
        assert column == whole
        assert pickle.loads(pickle.dumps(column)) == column
        for cell in whole:
            assert column.index(cell) == whole.index(cell)


def test_a_place_outside_is_an_error_and_nothing_is_shown():
    for column in held(["a", "secret", ""]):
        with pytest.raises(IndexError):
            column[3]
        assert "secret" not in repr(column)
        with pytest.raises(TypeError):
            hash(column)
        assert column != ("a", "secret")
        assert column != 7


@given(
    st.lists(st.tuples(st.sampled_from(["x", "y", ""]), st.text('ab,"\n\x1f上', max_size=3)), min_size=1, max_size=60)
)
def test_a_long_file_is_the_same_table_as_a_short_one(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("kind", "word"), *rows])
    table = read_csv(text.getvalue().encode(), delimiter=",", has_header=True, encoding="utf-8")
    wanted = {"kind": [kind or None for kind, _ in rows], "word": [word or None for _, word in rows]}
    assert {name: list(table.column(name)) for name in table.columns} == wanted
    again = RecordSet(wanted)
    assert table == again
    assert pickle.loads(pickle.dumps(table)) == again
    assert table.to_dicts() == again.to_dicts()
    assert table.head(2) == again.head(2)
    one, other = frames.read(table), frames.read(again)
    for name in wanted:
        mine, theirs = one.distinct(name), other.distinct(name)
        assert (mine.values, mine.codes.tolist()) == (theirs.values, theirs.codes.tolist())
        assert (one.column(name), one.texts(name).values) == (other.column(name), other.texts(name).values)
        assert one.stored(name, [0]) == other.stored(name, [0])
    assert one.take([len(rows) - 1, 0]) == other.take([len(rows) - 1, 0])


def test_text_that_repeats_is_numbered_and_text_that_does_not_is_joined():
    lines = [f"{row % 2},{row},{row if row > 40 else row % 2}" for row in range(90)]
    table = read_csv("\n".join(["a,b,c", *lines]).encode(), has_header=True, delimiter=",")
    kinds = [type(table.held(name)) for name in table.columns]
    assert kinds == [RepeatedTexts, JoinedTexts, JoinedTexts]
    assert all(isinstance(table.held(name), HeldColumn) for name in table.columns)
    assert table.column("c") == tuple(str(row if row > 40 else row % 2) for row in range(90))
