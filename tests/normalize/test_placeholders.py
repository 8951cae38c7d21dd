"""Values that stand for no value, told from one table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit._tables import read_rows
from crmkit.normalize import _placeholders, emails, names
from crmkit.validators import Email, Phone, Postcode

ROWS = read_rows("placeholders.tsv")


def test_every_word_stands_once_and_folded_and_is_of_a_known_kind():
    words = [word for word, _ in ROWS]
    assert len(set(words)) == len(words)
    assert all(word == word.strip().casefold() for word in words)
    assert {kind for _, kind in ROWS} == {"marker", "marker_or_name", "filler", "filler_or_name", "answer"}


@pytest.mark.parametrize(("word", "kind"), ROWS)
def test_a_word_is_told_where_its_kind_counts(word, kind):
    assert _placeholders.is_placeholder(word) or (word.isalnum() and any(char.isdecimal() for char in word))
    assert _placeholders.is_marker(f" {word.upper()} ") == kind.startswith("marker")
    assert names.is_placeholder(word) == (kind != "answer")
    if kind.endswith("_or_name"):
        assert not names.is_placeholder(word.capitalize())


@pytest.mark.parametrize("name", ["Na", "Nan", "Nat", "Bar", "No", "Test-Müller", "Testa", "吴", "无名英雄", "O'Nil"])
def test_names_that_look_like_a_word_are_names(name):
    assert not names.is_placeholder(name)


@pytest.mark.parametrize("text", ["noemail", "No Email", "no-email", "noemail provided", "N/A", "无", "none"])
def test_no_address_is_told_from_a_wrong_one(text):
    assert [finding.code for finding in Email().examine(text)] == ["placeholder"]


@pytest.mark.parametrize("address", ["no@email.com", "NO@mail.com", "nothing@none.com", "no@no.no", "blank@test.com"])
def test_addresses_that_deny_that_there_is_one(address):
    assert emails.is_placeholder(address)


@pytest.mark.parametrize("address", ["no@example.com", "no.reply@email.com", "nora@email.com", "na@email.com"])
def test_addresses_that_deny_nothing(address):
    assert not emails.is_placeholder(address)


@pytest.mark.parametrize(("check", "text"), [
    (Phone(country="US"), "0000000000"), (Phone(country="CN"), "99999999999"), (Phone(), "000-0000"),
    (Postcode(country="US"), "00000"), (Postcode(country="DE"), "00000"), (Postcode(country="CN"), "000000"),
])  # fmt: skip
def test_one_digit_over_and_over_is_a_placeholder(check, text):
    assert [finding.code for finding in check.examine(text)] == ["placeholder"]


@given(st.text(max_size=60))
def test_any_text_is_answered(text):
    for ask in (_placeholders.is_marker, _placeholders.is_placeholder, names.is_placeholder):
        assert ask(text) in (True, False)
    if _placeholders.is_filler_number(text):
        assert len({char for char in text if char.isdecimal()}) == 1
