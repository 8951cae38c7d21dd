from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.reports._mask import _KINDS, _SHAPES, Masks
from crmkit.systems import canonical_fields

FIELDS = {
    "Web": "website",
    "City": "city",
    "Job": "job_title",
    "Made": "created_at",
    "Sum": "amount",
    "Mail": "email",
    "Phone": "phone",
    "Name": "full_name",
    "Land": "country",
    "Id": "national_id",
}


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
    assert not set(_SHAPES) & set(_KINDS)


def test_every_field_that_is_named_exists() -> None:
    assert (set(_SHAPES) | set(_KINDS)) <= set(canonical_fields())


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("Land", "+49 171 1234567"), ("Land", "anna.secret@example.com"), ("City", "12 Secretstreet  "),
        ("Job", "anna.secret@example.com "), ("Web", "https://social.example/in/anna-secret"),
        ("Web", "anna@secret.example"), ("Made", "138-0013-8000"), ("Made", "078-05-1120"), ("Sum", "13800138000"),
        ("Made", "2024-01-02 secret"), ("City", "secret " * 9),
    ],
)  # fmt: skip
def test_a_value_in_the_wrong_column_is_masked(column: str, value: str) -> None:
    assert Masks(FIELDS, reveal=False).show(column, value) == "***"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("Land", "中国"), ("Land", " Côte d'Ivoire"), ("City", "St. Gallen"), ("Job", "VP, Sales & Marketing (EMEA)"),
        ("Web", "https://www.example.com/"), ("Made", "2024年3月5日"), ("Made", "3/15/2024 2:30 PM"),
        ("Made", "2024-01-15T15:26:49+05:30"), ("Made", "31/02/2024"), ("Sum", "¥1,234.56"), ("Sum", "1.234,50 EUR"),
    ],
)  # fmt: skip
def test_a_business_value_of_the_right_shape_is_shown(column: str, value: str) -> None:
    assert Masks(FIELDS, reveal=False).show(column, value) == value
