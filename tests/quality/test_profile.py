"""Profiles: the counts of two halves are the counts of the whole, and no record can be read out of one."""

import json
import math
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmkit as ck
from crmkit.errors import FormatError, SchemaError
from crmkit.quality import Profile, profile, profile_chunks
from crmkit.quality._column import _bin, _middle
from crmkit.quality._shape import shape_of
from crmkit.testing.generate import contacts
from crmkit.validators import Email, Schema, unique

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CELLS = st.none() | st.sampled_from(["", " ", "a", "B1", "12", "-3.5", "1e5", "2024-01-05", "13.2.2020", "王", "0"])


def made(rows, schema=None):
    return profile(rows, schema, name="t", now=lambda: NOW)


@settings(deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS), max_size=30), st.integers(0, 30))
def test_two_halves_make_the_whole(rows, cut):
    columns = {"x": [row[0] for row in rows], "y": [row[1] for row in rows]}
    parts = [{name: values[:cut] for name, values in columns.items()}, {n: v[cut:] for n, v in columns.items()}]
    whole = made(columns)
    assert made(parts[0]).merge(made(parts[1])) == whole
    assert made(parts[1]).merge(made(parts[0])).columns == whole.columns


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text(max_size=8) | st.none(), max_size=60))
def test_counts_equal_an_obvious_count(values):
    found = made({"x": values}).columns["x"]
    present = [value for value in values if value is not None and value.strip()]
    assert found.missing == len(values) - len(present)
    assert found.distinct == len(set(present))
    assert found.shapes == dict(sorted(Counter(map(shape_of, present)).items()))
    assert sum(found.lengths.values()) == len(present)
    assert found.categories == dict(sorted(Counter(present).items()))


def test_a_profile_with_rules_adds_up_in_chunks():
    rows = contacts(600, seed=2, messy=True).records.to_dicts()
    schema = Schema("c", key="id", fields={"email": Email()}, rules=[unique("email")])
    chunks = [rows[at : at + 150] for at in range(0, 600, 150)]
    whole, parts = profile(rows, schema, now=lambda: NOW), profile_chunks(chunks, schema, now=lambda: NOW)
    assert parts.columns == whole.columns
    assert parts.rules["email:email"] == whole.rules["email:email"]
    assert "unique:email" in whole.rules
    assert "unique:email" not in parts.rules
    assert "unique:email" not in whole.merge(whole).rules
    assert 0 < whole.rules["email:email"].pass_rate < 1
    with pytest.raises(SchemaError):
        profile_chunks([])


def test_many_different_values_are_counted_to_a_few_percent_and_kept_nowhere():
    found = made({"x": [f"user{n}@example.com" for n in range(20_000)]})
    column = found.columns["x"]
    assert abs(column.distinct - 20_000) < 2_000
    assert column.categories is None
    assert "user1" not in json.dumps(found.to_dict())
    assert "user1" not in repr(found)


def test_a_rare_value_is_in_no_stored_profile():
    found = made({"x": ["common"] * 50 + ["canary-zk7"] * 2})
    assert "canary-zk7" not in json.dumps(found.to_dict())
    assert "common" in json.dumps(found.to_dict())


def test_a_stored_profile_reads_back_and_still_adds_up():
    found = made([{"a": "1", "b": "2024-01-01"}, {"a": "x", "b": None}] * 5)
    again = Profile.from_dict(json.loads(json.dumps(found.to_dict())))
    assert again.columns["a"].distinct == 2
    assert again.to_dict() == found.to_dict()
    both = again.merge(found)
    assert (both.rows, both.columns["a"].distinct) == (20, None)
    for bad in ({}, {"format": "crmkit-profile/9"}, {"format": "crmkit-profile/1"},
                {**found.to_dict(), "columns": {"a": {"colour": 1}}}):  # fmt: skip
        with pytest.raises(FormatError):
            Profile.from_dict(bad)


@settings(deadline=None)
@given(st.floats(min_value=1e-6, max_value=1e12) | st.floats(min_value=-1e12, max_value=-1e-6))
def test_a_bin_stands_for_numbers_within_ten_percent(figure):
    assert math.isclose(_middle(_bin(figure)), figure, rel_tol=0.1)
    assert _bin(0.0) == 0
    assert _middle(0) == 0.0


def test_quantiles_and_days():
    column = made({"x": [str(n) for n in range(1, 1001)], "d": ["2024-01-05"] * 999 + ["1 Feb 2025"]}).columns
    assert abs(column["x"].quantile(0.5) - 500) < 60
    assert (column["x"].least, column["x"].most) == (1.0, 1100.0)
    assert column["d"].quantile(0.5) is None
    assert column["d"].last_day == "2025-02-01"
    assert column["d"].months == {"2024-01": 999, "2025-02": 1}


@settings(deadline=None)
@given(st.lists(st.floats(-1e12, 1e12).map(lambda x: f"{x:.6f}"), min_size=1, max_size=20))
def test_no_number_is_outside_the_bounds_and_they_have_two_digits(texts):
    column, numbers = made({"x": texts}).columns["x"], [float(text) for text in texts]
    assert column.least <= min(numbers) * (1 - 1e-12 * (min(numbers) > 0) + 1e-12 * (min(numbers) < 0)) + 1e-12
    assert column.most >= max(numbers) * (1 - 1e-12 * (max(numbers) > 0) + 1e-12 * (max(numbers) < 0)) - 1e-12
    for bound in (column.least, column.most):
        assert float(f"{bound:.1e}") == bound


PEOPLE = [
    {
        "Phone": f"1390013{n:04}", "card": f"{4111111111111110 + n}", "客户编号": f"{8800123456 + n}",
        "born": f"{1950 + n % 50}-{n % 12 + 1:02}-{n % 28 + 1:02}", "Birthdate": f"199{n % 9}-03-{n % 28 + 1:02}",
        "switchboard": "13900139999", "contact mail": "sales@example.com", "Full Name": "Ann Example",
        "Created Date": f"2026-01-{n % 28 + 1:02}", "amount": str(1234 + n), "stage": "won",
    }
    for n in range(120)
]  # fmt: skip


def test_the_ends_of_a_column_are_nobodys_numbers_or_birth_dates():
    found = made(PEOPLE)
    stored = found.to_dict()
    shown = found._repr_html_().replace(",", "") + repr(found) + json.dumps(stored)
    for row in (PEOPLE[0], PEOPLE[-1]):
        for name in ("Phone", "card", "客户编号", "born", "Birthdate", "switchboard", "contact mail", "Full Name"):
            assert row[name] not in shown, name
    assert max(row["born"] for row in PEOPLE) not in shown
    assert max(row["Birthdate"] for row in PEOPLE) not in shown
    assert found.columns["Phone"].least == 12_000_000_000.0
    assert (found.columns["amount"].least, found.columns["amount"].most) == (1200.0, 1500.0)
    assert stored["columns"]["Created Date"]["newest"] == found.columns["Created Date"].last_day == "2026-01-28"
    assert stored["columns"]["stage"]["categories"] == {"won": 120}
    half = made(PEOPLE[:60]).merge(made(PEOPLE[60:]))
    assert half == found
    assert Profile.from_dict(stored).merge(found).columns["born"].last_day is None


def test_days_of_an_old_company_are_taken_for_birth_dates_and_a_long_history_is_not():
    long = {"x": [f"{year}-05-01" for year in range(1990, 2026)]}
    assert made(long).columns["x"].last_day == "2025-05-01"
    assert made({"x": [f"{year}-05-01" for year in range(1984, 2000)]}).columns["x"].last_day is None
    assert made({"x": [f"{year}-05-01" for year in range(1980, 1990)]}).columns["x"].last_day == "1989-05-01"


def test_shapes_say_how_and_not_what():
    assert shape_of("ＡＢ１") == "A9"
    assert shape_of("Ünïcode") == "Aa"
    assert shape_of("x" * 500) == "a"


def test_empty_tables_have_a_profile():
    for frame in ([], {"a": []}, [{"a": None}]):
        found = ck.profile(frame)
        assert found.rows == len(frame) or found.rows == 0
        assert found.merge(found).rows == 2 * found.rows
