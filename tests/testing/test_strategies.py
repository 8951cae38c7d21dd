from __future__ import annotations

import phonenumbers
import pytest
from email_validator import validate_email
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from crmkit import frames
from crmkit.errors import NotFoundError
from crmkit.records import RecordSet
from crmkit.testing import strategies as our


@given(our.emails())
def test_emails_are_what_email_validator_accepts(address):
    validate_email(address, check_deliverability=False)


@pytest.mark.parametrize("country", ["US", "GB", "CA", "AU", "DE", "FR", "ES", "CN", "BG"])
@given(data=st.data())
@settings(max_examples=25)
def test_phones_are_valid_in_their_country(country, data):
    raw = data.draw(our.phones(country))
    assert phonenumbers.is_valid_number(phonenumbers.parse(raw, country))


@given(our.phones())
def test_phones_of_any_country_carry_their_calling_code(raw):
    assert phonenumbers.is_valid_number(phonenumbers.parse(raw))


def test_a_country_without_numbers_is_refused():
    with pytest.raises(NotFoundError, match="unknown country 'XX'"):
        our.phones("XX")


@given(our.chinese_names())
def test_chinese_names_are_two_to_four_characters(name):
    assert 2 <= len(name) <= 4
    assert all("\u4e00" <= sign <= "\u9fff" for sign in name)


@given(our.person_names(), our.companies(), our.dates_text())
def test_names_and_dates_are_not_blank(name, company, day):
    assert name.strip()
    assert company.strip()
    assert any(sign.isdigit() for sign in day)


@pytest.mark.parametrize("wanted", ["\ud800", "\x00", "=1+1", "\u200b"])
def test_messy_text_reaches_what_breaks_programs(wanted):
    assert wanted in find(
        our.messy_text(), lambda text: wanted in text, settings=settings(max_examples=5_000, phases=[Phase.generate])
    )


@given(our.duplicate_pairs())
def test_a_duplicate_pair_has_one_shape_and_differs_in_few_fields(pair):
    first, second = pair
    assert first.keys() == second.keys()
    assert sum(first[field] != second[field] for field in first) <= 3


@given(our.record_sets(max_rows=4))
def test_record_sets_have_equal_columns(table):
    assert isinstance(table, RecordSet)
    assert len(table) <= 4
    assert {len(table.column(name)) for name in table.columns} == {len(table)}


@pytest.mark.parametrize("kind", ["recordset", "mapping", "records", "pandas", "polars", "arrow"])
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_frames_are_of_the_kind_asked_for(kind, data):
    pytest.importorskip({"arrow": "pyarrow"}.get(kind, kind if kind in ("pandas", "polars") else "crmkit"))
    frame = data.draw(our.frames(kinds=[kind], max_rows=4))
    assert frames.read(frame).kind == kind


def test_an_unknown_kind_of_frame_is_refused():
    with pytest.raises(NotFoundError, match="did you mean 'polars'"):
        our.frames(kinds=["polar"])
