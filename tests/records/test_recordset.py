from __future__ import annotations

import copy
import pickle
from decimal import Decimal

import pytest

from crmkit.errors import NotFoundError, SchemaError, ShapeError
from crmkit.records import Account, Contact, Note, RecordRef, RecordSet

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")

CANARY = "canary.person@example.com"


def people() -> RecordSet:
    return RecordSet(
        {"id": ["1", "2", "3"], "email": [CANARY, None, "b@example.com"], "amount": [1, None, 2]},
        notes=[Note(code="encoding_guessed"), Note(code="short_row", row=2)],
    )


def test_columns_keep_order_and_length():
    table = people()
    assert table.columns == ("id", "email", "amount")
    assert len(table) == 3
    assert table.column("email") == (CANARY, None, "b@example.com")


def test_columns_given_as_lists_cannot_be_changed_from_outside():
    values = ["a"]
    table = RecordSet({"x": values})
    values.append("b")
    assert table.column("x") == ("a",)


def test_columns_given_as_tuples_are_the_same_objects():
    values = ("a", "b")
    assert RecordSet({"x": values}).column("x") is values


def test_columns_of_different_length_are_refused_with_both_lengths():
    with pytest.raises(ShapeError, match="'b' has 1 values, others 2") as caught:
        RecordSet({"a": ["1", "2"], "b": ["1"]})
    assert (caught.value.expected, caught.value.actual) == (2, 1)


@pytest.mark.parametrize("columns", [{1: ["a"]}, {"a": "text"}, {"a": b"bytes"}, {"a": {"b": 1}}])
def test_what_is_not_a_column_is_refused(columns):
    with pytest.raises(SchemaError):
        RecordSet(columns)


def test_unknown_column_names_the_nearest():
    with pytest.raises(NotFoundError, match="did you mean 'email'"):
        people().column("emial")


def test_head_keeps_notes_of_the_rows_it_shows():
    assert people().head(2).column("id") == ("1", "2")
    assert [note.code for note in people().head(2).notes] == ["encoding_guessed"]
    assert [note.code for note in people().head(3).notes] == ["encoding_guessed", "short_row"]
    assert len(people().head(-1)) == 2
    assert len(people().head(0)) == 0


def test_dicts_hold_every_cell():
    assert people().to_dicts()[1] == {"id": "2", "email": None, "amount": None}


def test_no_columns_is_no_rows():
    empty = RecordSet({})
    assert (len(empty), empty.columns, empty.to_dicts()) == (0, (), [])


def test_equality_is_of_names_order_and_values():
    assert people() == people()
    assert people() == RecordSet({name: people().column(name) for name in people().columns})
    assert people() != RecordSet({"email": [], "id": []})
    assert RecordSet({"a": ["1"], "b": ["2"]}) != RecordSet({"b": ["2"], "a": ["1"]})
    assert RecordSet({"a": ["1"]}) != RecordSet({"a": ["2"]})
    assert RecordSet({"a": ["1"]}) != {"a": ["1"]}


def test_tables_survive_copy_and_pickle_with_their_notes():
    for other in (pickle.loads(pickle.dumps(people())), copy.deepcopy(people())):
        assert other == people()
        assert other.notes == people().notes


def test_neither_repr_nor_html_shows_a_value_unasked():
    table = people()
    assert "canary" not in repr(table)
    assert "canary" not in table._repr_html_()
    assert CANARY in table.to_html(reveal=True)


def test_html_escapes_names_and_values_and_says_what_it_left_out():
    table = RecordSet({"<b>": ["<script>" + "é张 9" * 100] * 50, "\ud800": ["\ud800"] * 50})
    for page in (table.to_html(), table.to_html(reveal=True)):
        assert "<script>" not in page
        assert "<b>" not in page
        assert "first 10 rows" in page
    assert RecordSet({"a": ["张Ab9-"]}).to_html().count("文Xx9-") == 1
    assert "…" in table.to_html(reveal=True)


def test_pandas_gets_text_as_objects_and_none_as_none():
    frame = people().to_pandas()
    assert list(frame.columns) == ["id", "email", "amount"]
    assert frame["email"].tolist() == [CANARY, None, "b@example.com"]
    assert RecordSet({"n": [1, 2]}).to_pandas()["n"].dtype == "int64"
    assert RecordSet({"n": [None, None]}).to_pandas()["n"].tolist() == [None, None]
    assert RecordSet({}).to_pandas().shape == (0, 0)
    assert isinstance(frame, pd.DataFrame)


def test_polars_gets_text_numbers_and_mixed_columns():
    frame = RecordSet(
        {"t": ["a", None], "n": [1, 2], "d": [Decimal("1.5"), None], "m": ["a", 1], "e": [None, None]}
    ).to_polars()
    assert frame["t"].dtype == pl.String
    assert frame["n"].to_list() == [1, 2]
    assert frame["d"].to_list() == [Decimal("1.5"), None]
    assert frame["m"].to_list() == ["a", 1]
    assert frame["e"].dtype == pl.String


def test_records_show_their_id_and_nothing_personal():
    contact = Contact(id="7", email=CANARY, full_name="Canary Person")
    assert repr(contact) == "Contact(id='7', 3 fields)"
    assert repr(Account(name="Canary Ltd")) == "Account(id=None, 1 fields)"
    assert RecordRef("contact", "7") == RecordRef("contact", "7", None)


def test_notes_are_frozen_values():
    note = Note(code="x", params={"n": 1})
    with pytest.raises(TypeError):
        note.params["n"] = 2
    assert pickle.loads(pickle.dumps(note)) == note
    assert len({note, Note(code="x", params={"n": 1})}) == 1


def test_columns_by_name_and_a_way_on_for_everything_else():
    table = RecordSet({"id": ["1", "2"], "email": ["ann@example.com", None]})
    assert table["email"] == table.column("email")
    with pytest.raises(NotFoundError, match="email"):
        table["emial"]
    for wrong in (lambda: table[0], lambda: list(table), lambda: table[["id"]], lambda: "id" in table):
        with pytest.raises(TypeError, match=r"column\(.*to_dicts\(\).*to_pandas\(\)"):
            wrong()
    for name in ("shape", "tail", "iloc"):
        with pytest.raises(AttributeError, match=rf"{name}.*column\(.*to_dicts\(\).*to_pandas\(\)"):
            getattr(table, name)
    assert copy.deepcopy(table) == pickle.loads(pickle.dumps(table)) == table
