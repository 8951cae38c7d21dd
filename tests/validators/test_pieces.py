"""Uniqueness in pieces: hashes and packed texts say what the whole table says."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crmkit.errors import SchemaError
from crmkit.validators import Date, Email, Schema, col, depends, present, unique
from crmkit.validators._run import _unique_pieces
from crmkit.validators._run._packed import PackedTexts

TEXTS = st.none() | st.sampled_from(
    ["", " ", "a", "A", "b", "ä", "中", "\ud800", "a\nb", "Ann@EXAMPLE.com", "ann@example.com"]
)
ROWS = st.lists(st.fixed_dictionaries({"id": TEXTS, "email": TEXTS, "name": TEXTS}), min_size=1, max_size=14)


def cut(rows, sizes):
    pieces, at = [], 0
    while at < len(rows):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(rows[at : at + size])
        at += size
    return pieces


def same(schema, rows, sizes):
    whole = schema.check(rows, run_id="r")
    parts = schema.check_chunks(iter(cut(rows, sizes)), run_id="r")
    assert parts.issues == whole.issues
    assert parts.outcomes == whole.outcomes
    assert parts.fixes() == whole.fixes()
    return parts


SCHEMAS = [
    Schema("s", key="id"),
    Schema("s", key="id", rules=[unique("email", normalize="email"), unique("name", "email")]),
    Schema("s", rules=[unique("id", "name", normalize="text").warn()]),
    Schema("s", key="id", rules=[unique("name").when(present("email")), unique("email")]),
    Schema("s", key="id", fields={"email": Email()}, rules=[unique("name"), depends("email", on="name")]),
    Schema("s", key="id", fields={"name": Date()}, rules=[unique("name", name="once"), unique("email")]),
    Schema("s", key="id", absent="skip", fields={"day": Date()}, rules=[unique("gone"), depends("gone", on="away")]),
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=range(len(SCHEMAS)))
@settings(max_examples=20)
@given(rows=ROWS, sizes=st.lists(st.integers(1, 5), min_size=1, max_size=3))
@example(rows=[{"id": "a", "email": "b", "name": "b"}] * 9, sizes=[2])
def test_pieces_say_what_the_whole_says(schema, rows, sizes):
    same(schema, rows, sizes)


@settings(max_examples=10)
@given(rows=ROWS, numbers=st.lists(st.integers(0, 3) | st.booleans() | st.floats(0, 2), max_size=9))
def test_a_column_that_goes_on_as_something_else_is_kept_whole(rows, numbers):
    more = [{"id": number, "email": number, "name": None} for number in numbers]
    for schema in SCHEMAS[:5]:
        same(schema, [*rows, *more], [2, 3])


def test_texts_of_one_hash_are_told_apart(monkeypatch):
    monkeypatch.setattr(_unique_pieces, "hash", lambda text: len(text), raising=False)
    rows = [{"id": f"{at % 7}{at % 3}", "email": f"{at}"} for at in range(30)]
    report = same(Schema("s", key="id", rules=[unique("email")]), rows, [4])
    assert report.outcomes["unique:email"].failed == 0
    assert report.outcomes["unique:id"].failed == 18


def test_a_normal_form_that_crashes_is_the_rules_fault_in_pieces_too():
    def broken(text):
        raise RuntimeError(text)

    schema = Schema("s", rules=[unique("email", normalize=broken)])
    report = same(schema, [{"email": "canary-zk7"}] * 5, [2])
    assert report.outcomes["unique:email"].exceptions == ("RuntimeError",)
    assert report.outcomes["unique:email"].error == 5
    assert not report.ok
    assert "zk7" not in repr(report)


def test_nothing_is_kept_whole_for_uniqueness():
    rows = [{"id": str(at), "email": f"{at}@example.com", "note": "x"} for at in range(9)]
    schema = Schema("s", key="id", rules=[unique("email", normalize="email")])
    report = schema.check_chunks(cut(rows, [2]))
    assert len(report.table) == 0
    assert report.columns == ("id", "email", "note")
    with pytest.raises(SchemaError, match="keep_rows=True"):
        report.split()


def test_a_plan_from_pieces_finds_records_by_their_key():
    rows = [{"id": str(at), "email": f" {at}@example.com"} for at in range(5)]
    schema = Schema("s", key="id", fields={"email": Email()}, rules=[unique("email")])
    clean, log = schema.check_chunks(cut(rows, [2])).fixes().apply(rows[::-1])
    assert [row["email"] for row in clean] == [f"{at}@example.com" for at in (4, 3, 2, 1, 0)]
    assert log.revert(clean) == rows[::-1]


@given(st.lists(st.lists(TEXTS, max_size=6), max_size=5), st.data())
def test_packed_texts_come_back(pieces, data):
    packed, whole = PackedTexts(), []
    for piece in pieces:
        packed.append(piece)
        whole += piece
    assert list(packed) == whole
    assert len(packed) == len(whole)
    rows = sorted(data.draw(st.sets(st.integers(0, len(whole) - 1)))) if whole else []
    assert packed.at(np.array(rows, dtype=np.int64)) == [whole[row] for row in rows]


def test_conditions_still_limit_uniqueness():
    rows = [{"id": "1", "stage": "won"}, {"id": "1", "stage": "lost"}, {"id": "1", "stage": "won"}]
    schema = Schema("s", rules=[unique("id").when(col("stage") == "won")])
    assert [issue.row for issue in same(schema, rows, [1])] == [0, 2]
