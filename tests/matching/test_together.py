"""What belongs together: from one record, filled up from others that do not contradict it, every cell's origin told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.matching import Survivorship, merge_clusters


def merged(*rows, **settings):
    """The golden record of all rows, and for each column the record that its value came from."""
    names = dict.fromkeys(name for row in rows for name in row)
    table = [
        {"id": str(k), **{name: row.get(name) for name in names}, "updated_at": f"202{k}-01-01"}
        for k, row in enumerate(rows)
    ]
    golden, log = merge_clusters(table, [0] * len(table), key="id", kind="contact", **settings)
    assert log.revert(golden) == table
    origin = {row["path"]: row["source"] for row in log.provenance().to_dicts()}
    return {name: golden[0][name] for name in names}, origin


def test_a_name_in_two_halves_is_whole_again():
    rows = [
        {"id": "1", "first_name": "Ann", "last_name": None, "email": "a@x.org", "updated_at": "2024-01-01"},
        {"id": "2", "first_name": None, "last_name": "Lee", "email": "a@x.org", "updated_at": "2025-01-01"},
    ]
    golden, log = merge_clusters(rows, [0, 0], key="id")
    assert golden == [{**rows[1], "first_name": "Ann"}]
    origin = {row["path"]: row["source"] for row in log.provenance().to_dicts()}
    assert (origin["first_name"], origin["last_name"]) == ("1", "2")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([{"company": "Acme", "job_title": "CEO"}, {"company": "acme", "department": "IT"}], ("CEO", "IT")),
        ([{"job_title": "CEO"}, {"company": "Acme", "department": "IT"}], ("CEO", "IT")),
        ([{"company": "Old", "job_title": "CEO"}, {"company": "Acme", "department": "IT"}], (None, "IT")),
    ],
)
def test_an_employer_is_filled_up_as_long_as_it_is_the_same(rows, expected):
    golden, _ = merged(*rows)
    assert (golden["job_title"], golden["department"]) == expected


def test_an_owner_is_filled_up():
    golden, origin = merged({"owner_name": "Li Lei", "owner_id": ""}, {"owner_id": "u7", "owner_name": None})
    assert golden == {"owner_name": "Li Lei", "owner_id": "u7"}
    assert (origin["owner_name"], origin["owner_id"]) == ("0", "1")


PLACE = {"street": "1 Main Street", "city": "Oslo"}


@pytest.mark.parametrize(
    ("other", "filled"),
    [
        ({"postal_code": "0150", "city": "oslo"}, True),
        ({"postal_code": "0150", "city": "Bergen"}, False),
        ({"postal_code": "0150"}, False),  # nothing says that it is the same place
        ({"postal_code": "0150", "country": "NO"}, False),
        ({"postal_code": "0150", "city": "Oslo", "country": "SE"}, False),
        ({"postal_code": "0150", "city": "Oslo", "street": "2 Oak Avenue"}, False),
    ],
)
def test_an_address_is_filled_up_only_from_the_same_place(other, filled):
    here = {**PLACE, "country": "NO", "region": "Oslo"}
    golden, origin = merged(here, other)
    assert golden == {**here, "postal_code": "0150" if filled else None}
    assert origin["postal_code"] == ("1" if filled else "0")


def test_two_placeholders_are_no_place_and_give_nothing_that_another_knows():
    first = {"street": "1 Main Street", "city": "no email", "region": "Oslo"}
    assert merged(first, {"city": "no email", "postal_code": "0150"})[0]["postal_code"] is None
    rows = [{"job_title": "test", "company": "Acme"}, {"job_title": "CEO"}, {"company": "Acme", "department": "IT"}]
    assert merged(*rows)[0] == {"job_title": "CEO", "company": "Acme", "department": "IT"}


def test_an_amount_takes_no_currency_of_another_amount():
    known = {"amount": "100", "expected_amount": "80", "currency": None}
    assert merged({"amount": "70", "currency": "EUR"}, known)[0] == known
    assert merged({"currency": "EUR"}, known)[0] == known
    assert merged({"amount": "100", "currency": "EUR"}, known)[0] == {**known, "currency": "EUR"}


def test_a_full_name_and_its_parts_are_of_one_person_or_stay_apart():
    golden, _ = merged({"full_name": "Ann Lee"}, {"first_name": "Ann", "last_name": "Lee"})
    assert golden == {"full_name": "Ann Lee", "first_name": "Ann", "last_name": "Lee"}
    golden, _ = merged({"full_name": "Bob Stone"}, {"first_name": "Ann", "last_name": "Lee"})
    assert golden == {"full_name": None, "first_name": "Ann", "last_name": "Lee"}
    golden, _ = merged({"full_name": "王小明"}, {"first_name": "小明", "last_name": "王"})
    assert golden == {"full_name": "王小明", "first_name": "小明", "last_name": "王"}


def test_an_initial_contradicts_no_name():
    golden, _ = merged({"first_name": "A.", "middle_name": "Mei"}, {"first_name": "Ann", "last_name": "Lee"})
    assert golden == {"first_name": "Ann", "middle_name": "Mei", "last_name": "Lee"}


def test_a_cell_that_the_merge_emptied_comes_from_the_record_that_has_it_empty():
    golden, origin = merged(
        {"company": "Old", "job_title": "CEO", "phone": "1", "city": "Oslo"}, {"company": "Acme", "department": "IT"}
    )
    assert golden["job_title"] is None
    assert (origin["company"], origin["job_title"], origin["department"]) == ("1", "1", "1")
    assert origin["city"] == "0"


def test_groups_of_ones_own_are_filled_up_from_records_that_agree():
    rules = Survivorship(together=[["a", "b", "c"]])
    first = {"a": "1", "b": "2", "c": None}
    assert merged(first, {"a": "1", "c": "3"}, survivorship=rules)[0] == {"a": "1", "b": "2", "c": "3"}
    assert merged(first, {"c": "3"}, survivorship=rules)[0] == first
    assert merged(first, {"a": "9", "c": "3"}, survivorship=rules)[0] in (first, {"a": "9", "b": None, "c": "3"})


CELL = st.sampled_from([None, "", "n/a", "Ann", "Lee"])


@given(
    st.lists(
        st.fixed_dictionaries({"first_name": CELL, "middle_name": CELL, "last_name": CELL}), min_size=2, max_size=5
    )
)
def test_no_part_of_a_name_that_nothing_contradicts_is_lost(rows):
    columns = {name: {row[name] for row in rows} - {None, "", "n/a"} for name in rows[0]}
    golden, origin = merged(*rows)
    for name, values in columns.items():
        assert golden[name] in values | {None, "", "n/a"}
        if all(len(one) <= 1 for one in columns.values()):
            assert {golden[name]} == values or not values
        source = rows[int(origin[name])][name]
        assert golden[name] == source
