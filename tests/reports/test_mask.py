from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crmkit.reports._mask import _KINDS, _PLAIN, Masks
from crmkit.systems import canonical_fields

FIELDS = {"Mail": "email", "Phone": "phone", "Name": "full_name", "Land": "country", "Id": "national_id"}


def test_business_fields_are_shown_and_personal_ones_are_not() -> None:
    masks = Masks(FIELDS, reveal=False)
    assert masks.show("Land", "Deutschland") == "Deutschland"
    assert masks.show("Name", "Ana Maier") != "Ana Maier"


@given(st.text(min_size=1))
def test_a_column_that_nobody_recognised_never_shows_its_value(value: str) -> None:
    shown = Masks(FIELDS, reveal=False).show("Notes", value)
    assert shown == "***"


@given(st.sampled_from(["Mail", "Phone", "Name", "Id"]), st.text(min_size=1))
def test_a_personal_value_is_never_shown_whole(column: str, value: str) -> None:
    shown = Masks(FIELDS, reveal=False).show(column, value)
    assert shown is not None
    assert shown != value or set(value) <= {"*"}


def test_reveal_shows_values_but_not_endless_ones() -> None:
    masks = Masks(FIELDS, reveal=True)
    assert masks.show("Notes", "Ana owes us") == "Ana owes us"
    assert len(masks.show("Notes", "x" * 1000) or "") == 48


def test_missing_stays_missing() -> None:
    assert Masks(FIELDS, reveal=False).show("Mail", None) is None


def test_no_field_is_both_personal_and_plain() -> None:
    assert not _PLAIN & set(_KINDS)


def test_every_field_that_is_named_exists() -> None:
    assert (_PLAIN | set(_KINDS)) <= set(canonical_fields())
