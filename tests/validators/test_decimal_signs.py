"""A column says which of its signs is the decimal one; ``1.234`` alone does not."""

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmkit as ck
from crmkit.normalize import numbers
from crmkit.validators import Money, Number, Required, Schema, Text

MACHINE = ["1.234", "0.125", "12.5", "1.23", "-3.5", "1234.567", "7", "0"]
COMMA = ["1,5", "1.234,50", "12.345.678", "0,125", "1.234,50 €", "-2,5"]
POINT = ["1.5", "1,234.50", "12,345,678", "0.125", "$1,234.50"]
EITHER = ["1.234", "1,234", "2.500", "-1.234", "€ 2.500"]
NEITHER = ["5", "1200", "none", "1'234", "5 EUR"]
AMOUNTS = st.lists(st.sampled_from([*COMMA, *POINT, *EITHER, *NEITHER]), max_size=12)


def told(values):
    rows = [
        {"Deal ID": str(at), "Deal Name": "a", "Amount": value, "Stage": "Won", "Close Date": "2024-01-01"}
        for at, value in enumerate(values)
    ]
    report = ck.check(rows)
    found = {issue.value: (issue.code, issue.fix) for issue in report.issues if issue.path == "Amount"}
    return found, [note.code for note in report.assumptions if note.code.startswith("decimal")]


@pytest.mark.parametrize(
    ("values", "fixes"),
    [
        (["1.234,50 €", "1.234 €"], {"1.234,50 €": "1234.50 EUR", "1.234 €": "1234 EUR"}),
        (["1.234,50", "1.234", "2.500"], {"1.234,50": "1234.50", "1.234": "1234", "2.500": "2500"}),
        (["12.345.678", "1.234"], {"12.345.678": "12345678", "1.234": "1234"}),
        (["1,5", "1,234"], {"1,5": "1.5", "1,234": "1.234"}),
        (["0,5", "-1.234"], {"0,5": "0.5", "-1.234": "-1234"}),
    ],
)
def test_other_cells_prove_a_decimal_comma(values, fixes):
    found, assumed = told(values)
    assert {value: fix for value, (_, fix) in found.items()} == fixes
    assert assumed == ["decimal_comma"]


@pytest.mark.parametrize("values", [MACHINE, ["1.234", "12.5"], ["1.234", "0.125"], ["1.234", "1234.567"]])
def test_plain_numbers_with_three_decimals_are_no_issue(values):
    assert told(values) == ({}, [])


def test_a_column_that_proves_nothing_has_one_assumption():
    assert told([f"{n}.{n}" for n in range(100, 900)]) == ({}, ["decimal_sign_open"])
    found, assumed = told(["1.234 €", "2.500 €"])
    assert assumed == ["decimal_sign_open"]
    assert set(found) == {"1.234 €", "2.500 €"}
    assert Money().examine("1.234 €")[0].confidence == 0.5


def test_a_column_of_both_signs_leaves_the_unclear_ones_alone():
    found, _ = told(["1,5", "1.5", "1.234", "2,500"])
    assert found["1.234"] == found["2,500"] == ("number_ambiguous", None)
    assert found["1,5"] == ("not_normalized", "1.5")


def test_numbers_as_a_type_have_no_sign():
    assert told([1.234, 2.5, 2.345]) == ({}, [])
    assert told([1.234, 2.345]) == ({}, [])


def test_one_odd_cell_among_many_does_not_turn_the_column():
    found, assumed = told([f"{n}.5" for n in range(60)] + ["1.234", "1,5"])
    assert "1.234" not in found
    assert assumed == []


@pytest.mark.parametrize("check", [Number(), Required() & Money(), Text() & Number(), Text() & Number(ge=0) & Money()])
def test_other_checks_of_the_field_do_not_turn_a_number(check):
    report = Schema("s", fields={"a": check}).check([{"a": "1,5"}, {"a": " 1,234"}, {"a": "1,234"}])
    assert {issue.fix for issue in report.issues} <= {"1.5", "1.234", None}
    assert report.issues


def test_a_given_sign_never_leads_past_its_own_form():
    schema = Schema("s", fields={"a": Required() & Number(decimal=",") & Text(max_length=9)})
    assert [issue.fix for issue in schema.check([{"a": "1,234"}]).issues] == [None]


@settings(max_examples=40)
@given(AMOUNTS, st.lists(st.integers(1, 4), min_size=1, max_size=3))
def test_pieces_say_what_the_whole_says(values, sizes):
    schema = Schema("s", fields={"a": Required() & Money(), "b": Number(ge=0)})
    rows = [{"a": value, "b": value} for value in values] or [{"a": None, "b": None}]
    pieces, at = [], 0
    while at < len(rows):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(rows[at : at + size])
        at += size
    whole, parts = schema.check(rows, run_id="r"), schema.check_chunks(pieces, run_id="r")
    assert parts.issues == whole.issues
    assert parts.assumptions == whole.assumptions


@settings(max_examples=60)
@given(AMOUNTS.filter(len))
def test_what_is_taken_over_means_what_it_meant(values):
    """Whatever certainty is asked for, nothing that is left changes its meaning."""
    schema = Schema("s", fields={"a": Number()})
    rows = [{"a": value} for value in values]
    sign = numbers.decimal_evidence(set(values)).sign

    def meant(value):
        found = numbers.parse(value, decimal=sign if numbers.is_ambiguous(value) else None)
        return None if found is None else found.amount

    for sure in (0.0, 0.9, 0.99):
        clean, _ = schema.check(rows).fixes(min_confidence=sure).apply(rows)
        for before, row in zip(values, clean, strict=True):
            if row["a"] != before:
                assert numbers.parse(row["a"]).amount == meant(before)
            elif sign == "," and numbers.is_ambiguous(before) and not numbers.currencies(before):
                assert numbers.decimal_evidence({row["a"] for row in clean}).sign == ","


def slow_evidence(values):
    found = [0, 0, 0]
    for value in values:
        point, comma = numbers.parse(value, decimal="."), numbers.parse(value, decimal=",")
        if point and not comma:
            found[0] += 1
        elif comma and not point:
            found[1] += 1
        elif point and comma and point.amount != comma.amount:
            found[2] += 1
    return tuple(found)


@given(st.lists(st.text(alphabet="0127.,-' €k万１，", max_size=10) | st.sampled_from([*COMMA, *POINT, *EITHER])))
def test_evidence_by_shapes_is_evidence_by_values(values):
    assert attrs.astuple(numbers.decimal_evidence(values)) == slow_evidence(values)


@given(st.lists(st.from_regex(r"-?(0|[1-9]\d{0,4})(\.\d{1,5})?", fullmatch=True), max_size=8))
def test_plain_columns_are_told_at_a_glance_as_by_each_number(values):
    point, comma, either = slow_evidence(values)
    learned = Number().learn(values).evidence
    assert comma == 0
    assert (learned is not None) == bool(either)
    if learned is not None:
        assert (learned.sign == ".") == bool(point)


@given(
    st.lists(
        st.from_regex(r"-?(0|[1-9]\d{0,4})(\.\d{1,5})?", fullmatch=True) | st.sampled_from([*COMMA, *EITHER, *POINT])
    )
)
def test_what_a_column_learns_is_what_its_numbers_show(values):
    learned, slow = Number().learn(values).evidence, slow_evidence(values)
    assert (learned is not None) == bool(slow[2])
    if learned is not None and slow[1]:
        assert attrs.astuple(learned) == slow
