"""A seal over a row: every cell that is emptied, exchanged or put back is noticed."""

import datetime as dt
from decimal import Decimal, localcontext
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit._canonical import encode_parts
from crmkit.encryption import Field, Index, Keyring, RowSeal
from crmkit.encryption._values._row_seal import _cell
from crmkit.errors import (
    IntegrityError,
    InvalidValueError,
    KeyDestroyedError,
    RefusedError,
    SchemaError,
    TokenFormatError,
    UnknownKeyError,
)

EMAIL, PHONE = Field("contacts.email"), Field("contacts.phone", hide_null=False)
SEAL = RowSeal("contacts", ["email", "phone", "owner_id", "version"])
ROW = {"id": 1, "email": "ana@example.com", "phone": None, "owner_id": 7, "version": 1, "note": "not covered"}


@pytest.fixture
def sealing(ring):
    return ring.box([EMAIL, PHONE], row_seal=SEAL)


def test_a_row_comes_back_and_its_seal_does_not(sealing):
    row = sealing.seal(ROW)
    assert len(row["row_seal"]) == 70
    assert row["row_seal"].startswith("crmr1.")
    assert sealing.open(row) == ROW
    assert sealing.open({**row, "note": "whatever"})["note"] == "whatever"
    assert "ana" not in row["row_seal"]


def test_every_change_of_a_covered_cell_is_noticed(sealing):
    row, again = sealing.seal(ROW), sealing.seal({**ROW, "email": "old@example.com", "version": 0})
    token = sealing.encrypt(EMAIL, "ana@example.com", record=1)
    assert sealing.open({**row, "email": token}) == ROW  # another token of the same value is the same value
    for change in (
        {"email": None},
        {"email": again["email"]},
        {"phone": sealing.encrypt(PHONE, "", record=1)},
        {"owner_id": 8},
        {"owner_id": "7"},
        {"owner_id": None},
        {"version": 0},
        {"version": True},
        {"row_seal": again["row_seal"]},
        {"row_seal": None},
    ):
        with pytest.raises(IntegrityError):
            sealing.open({**row, **change})
    assert sealing.open(again)["version"] == 0  # a whole older row fits: that is what the version is for


def test_rows_tables_and_tenants_are_told_apart(sealing, ring, wrapper, tmp_path):
    plain = Field("contacts.email", bind_record=False)
    box = ring.box([plain], row_seal=RowSeal("contacts", "email"))
    row = box.seal({"id": 1, "email": "x"})
    with pytest.raises(IntegrityError):
        box.open({**row, "id": 2})
    with pytest.raises(UnknownKeyError):
        ring.box([plain], row_seal=RowSeal("people", "email")).open(row)
    with pytest.raises(IntegrityError):
        ring.box([plain], row_seal=RowSeal("contacts", ["email", "id"])).open(row)
    globex = Keyring.create(tmp_path / "globex", wrapper=wrapper, tenant="globex")
    foreign = globex.box([], row_seal=SEAL).seal(ROW)["row_seal"]
    with pytest.raises(UnknownKeyError):
        sealing.open({**sealing.seal(ROW), "row_seal": foreign})


def test_every_flipped_bit_and_other_spelling_of_a_seal_is_noticed(ring):
    box = ring.box([], row_seal=RowSeal("t", "a"))
    row = box.seal({"id": 1, "a": 1})
    seal = row["row_seal"]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for place in range(6, len(seal)):
        for bit in range(6):
            char = alphabet[alphabet.index(seal[place]) ^ 1 << bit]
            with pytest.raises((IntegrityError, UnknownKeyError)):
                box.open({**row, "row_seal": seal[:place] + char + seal[place + 1 :]})
    for other in (seal[:-1], seal + "A", seal + "=", seal[:20] + "+" + seal[21:], seal[:20] + "é" + seal[21:], "x", 7):
        with pytest.raises(TokenFormatError):
            box.open({**row, "row_seal": other})


def test_seals_outlive_a_rotation_and_not_their_key(sealing, ring):
    row = sealing.seal(ROW)
    ring.rotate("data")
    assert sealing.open(row) == ROW
    assert not SEAL.is_current(ring.keyset, row["row_seal"])
    assert SEAL.is_current(ring.keyset, sealing.seal(ROW)["row_seal"])
    plain = ring.box([], row_seal=RowSeal("contacts", "owner_id"))
    before = plain.seal(ROW)
    count = _count(ring)
    ring.rotate("data")
    ring.destroy("data", 2, counts=[count], backups_gone=True)
    with pytest.raises(KeyDestroyedError):
        plain.open(before)


def _count(ring):
    from crmkit.encryption import TokenCount

    return TokenCount(EMAIL, {}, 0, 0, 0)


def test_wrong_use_is_told(sealing, ring):
    for wrong in ({"table": ""}, {"columns": []}, {"columns": ["a", "a"]}, {"columns": ["row_seal"]}):
        with pytest.raises(RefusedError):
            RowSeal(**{"table": "t", "columns": ["a"], **wrong})
    assert RowSeal("t", "name").columns == ("name",)
    with pytest.raises(SchemaError, match="owner_id"):
        sealing.seal({"id": 1, "email": "x", "phone": None})
    row = sealing.seal(ROW)
    row.pop("row_seal")
    with pytest.raises(SchemaError, match="row_seal"):
        sealing.open(row)
    box = ring.box([], row_seal=RowSeal("t", "a"))
    for value, error in ((1.5, RefusedError), (Decimal("Infinity"), RefusedError), ("\ud800canary", InvalidValueError)):
        with pytest.raises(error, match="'a'") as caught:
            box.seal({"id": 1, "a": value})
        assert "canary" not in str(caught.value)


def test_a_guarded_box_leaves_the_seal_out(sealing):
    class Reader:
        def level(self, resource, field, record):
            return "read"

    assert sealing.for_principal(Reader()).open(sealing.seal(ROW)) == ROW


def test_the_receipt_of_an_erasure_lists_the_seal(ring, store):
    note = Field("contacts.note", subject=True, indexes=[Index.unique()])
    box = ring.box([note], subjects=store, row_seal=RowSeal("contacts", ["note", "owner_id"]))
    box.encrypt(note, "x", record=1, subject="p:1")
    assert box.shred("p:1").still_to_null == ("contacts.note_unique", "contacts.row_seal")
    other = ring.box([note], subjects=store, row_seal=RowSeal("contacts", "owner_id"))
    assert other.shred("p:1").still_to_null == ("contacts.note_unique",)


VALUES = st.one_of(
    st.none(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    st.binary(max_size=5),
    st.booleans(),
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.dates(),
    st.datetimes(),
    st.uuids(),
    st.lists(st.integers(-5, 5), max_size=3),
)


@given(VALUES, VALUES)
def test_two_values_have_one_form_only_if_they_are_equal(one, other):
    same = type(one) is type(other) and one == other
    assert (_cell("a", one) == _cell("a", other)) == same


def test_one_value_has_one_form_whatever_the_database_made_of_it():
    assert _cell("a", Decimal("1.50")) == _cell("a", Decimal("1.5"))
    assert _cell("a", Decimal("-0.0")) == _cell("a", Decimal(0))
    assert _cell("a", np.int64(3)) == _cell("a", 3)
    assert _cell("a", np.bool_(1)) == _cell("a", True)
    assert _cell("a", memoryview(b"x")) == _cell("a", bytearray(b"x")) == _cell("a", b"x")
    paris = dt.timezone(dt.timedelta(hours=1))
    assert _cell("a", dt.datetime(2026, 1, 1, 1, tzinfo=paris)) == _cell("a", dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    assert _cell("a", UUID(int=1)) != _cell("a", UUID(int=1).bytes)
    assert encode_parts([_cell("a", (1, 2))]) == encode_parts([_cell("a", [1, 2])])


def test_long_numbers_are_covered_to_their_last_digit_in_every_context(ring):
    box = ring.box([], row_seal=RowSeal("deals", ["amount"]))
    amount = Decimal("1." + "0" * 40 + "1")
    row = box.seal({"id": 1, "amount": amount})
    with pytest.raises(IntegrityError):
        box.open({**row, "amount": Decimal("1." + "0" * 40 + "2")})
    with localcontext() as context:
        context.prec = 3
        assert box.open(row)["amount"] == amount
