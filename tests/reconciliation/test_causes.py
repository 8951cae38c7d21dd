"""Each cause from its textbook cases, and what must not be taken for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.issues import message
from crmkit.reconciliation import CAUSES, cause_of
from crmkit.reconciliation._causes._cause import KINDS

CASES = [
    # left, right, kind, cause
    ("Ann Lee", "Ann  Lee ", "text", "whitespace"),
    ("Ann\u00a0Lee", "Ann Lee", "text", "whitespace"),
    ("Ann\u200b", "Ann", "text", "whitespace"),
    ("ACME Corp", "Acme corp", "text", "case"),
    ("ＡＢＣ-1", "ABC-1", "text", "full_width"),
    ("ｶﾀｶﾅ", "カタカナ", "text", "full_width"),
    ("华为技术", "華為技術", "text", "traditional"),
    ("+86 138 0013 8000", "13800138000", "phone", "format"),
    ("(212) 555-0123", "+1 212-555-0123", "phone", "format"),
    ("0171 1234567", "+49 171 1234567", "phone", "format"),
    ("Ann@EXAMPLE.com", "Ann@example.com", "email", "case"),
    ("ann@münchen.example", "ann@xn--mnchen-3ya.example", "email", "format"),
    ("中国", "CN", "country", "format"),
    ("Germany", "DE", "country", "format"),
    ("1,234.50", "1234.5", "number", "format"),
    ("¥1,234", "1234", "number", "format"),
    ("1.50", "1.5", "text", "format"),
    ("2026-03-04", "4 March 2026", "date", "format"),
    ("2026年3月4日", "2026-03-04", "date", "format"),
    ("45000", "2023-03-15", "date", "format"),
    ("2026-03-04T10:00:00Z", "2026-03-04T12:00:00+02:00", "datetime", "format"),
    ("0.1", "0.10000000000000001", "number", "float_noise"),
    ("+12125550188", "+12125550177", "phone", "changed"),
    ("12125550188", "12125550177", "text", "changed"),
    ("1234567890.01", "1234567890.02", "number", "changed"),
    ("0.30000000000000004", "0.3", "number", "float_noise"),
    ("N/A", None, "text", "missing_marker"),
    ("", "无", "text", "missing_marker"),
    ("-", "null", "text", "missing_marker"),
    ("3.14159", "3.14", "number", "rounding"),
    ("2.675", "2.67", "number", "rounding"),
    ("19.99", "19", "number", "rounding"),
    ("19.5", "20", "number", "rounding"),
    ("2026-03-04 10:11:12", "2026-03-04", "datetime", "rounding"),
    ("2026-03-04T10:11:12", "2026-03-04T10:11:00", "datetime", "rounding"),
    ("2026-03-04T10:11:12.345", "2026-03-04T10:11:12", "datetime", "rounding"),
    ("12.5", "1250", "number", "unit"),
    ("1500000", "150", "number", "unit"),
    ("3", "3000", "number", "unit"),
    ("2026-01-01T10:00:00", "2026-01-01T18:00:00", "datetime", "time_zone"),
    ("2026-01-01 23:30", "2026-01-02 05:00", "datetime", "time_zone"),
    ("2026-03-04", "2026-04-03", "date", "day_month_swapped"),
    ("03/04/2026", "04/03/2026", "date", "day_month_swapped"),
    ("2026-03-04T08:00:00", "2026-04-03T08:00:00", "datetime", "day_month_swapped"),
    ("2026-03-04", "2030-03-05", "date", "date_system"),
    ("43538", "2023-03-15", "date", "date_system"),
    ("007", "7", "text", "leading_zeros_lost"),
    ("00123456789", "123456789", "text", "leading_zeros_lost"),
    ("007.5", "7.5", "text", "leading_zeros_lost"),
    ("12345678901", "1.23457E+10", "text", "digits_lost"),
    ("13800138000", "1.38E+10", "phone", "digits_lost"),
    ("1234567890123456789", "1234567890123450000", "text", "digits_lost"),
    ("110101199003071234", "110101199003071000", "text", "digits_lost"),
    ("张三", "ÕÅÈý", "text", "mojibake"),
    ("José", "JosÃ©", "text", "mojibake"),
    ("Müller", "M?ller", "text", "mojibake"),
    ("张三", "??", "text", "mojibake"),
    ("Müller", "M\ufffdller", "text", "mojibake"),
    ("中文", "涓\ue15f枃", "text", "mojibake"),
    ("gold", None, "text", "value_lost"),
    ("gold", "N/A", "text", "value_lost"),
    (None, "gold", "text", "value_added"),
    ("无", "gold", "text", "value_added"),
    ("gold", "silver", "text", "changed"),
    ("100", "250", "number", "changed"),
    ("2026-03-04", "2026-03-09", "date", "changed"),
    ("ann@example.com", "bob@example.com", "email", "changed"),
    ("+49 171 1234567", "+49 171 7654321", "phone", "changed"),
]


@pytest.mark.parametrize(
    ("left", "right", "kind", "cause"), CASES, ids=[f"{case[3]}-{n}" for n, case in enumerate(CASES)]
)
def test_a_textbook_case_gets_its_cause_whichever_side_is_damaged(left, right, kind, cause):
    mirrored = {"value_lost": "value_added", "value_added": "value_lost"}
    found, back = cause_of(left, right, kind), cause_of(right, left, kind)
    assert found is not None
    assert back is not None
    assert (found.code, back.code) == (cause, mirrored.get(cause, cause))


def test_the_cases_have_every_cause_that_a_pair_alone_can_prove():
    column_wide = {"truncated", "recoded", "value_map_miss", "swapped_columns"}
    assert {case[3] for case in CASES} | column_wide == set(CAUSES)


@pytest.mark.parametrize(
    ("left", "right", "params"),
    [
        ("12.5", "1250", {"factor": 100, "larger": "right"}),
        ("150000", "15", {"factor": 10_000, "larger": "left"}),
        ("2026-01-01T10:00:00", "2026-01-01T18:00:00", {"hours": 8}),
        ("2026-01-01T10:00:00", "2026-01-01T04:30:00", {"hours": -5.5}),
        ("3.14159", "3.14", {"digits": 2}),
        ("2.679", "2.67", {"digits": 2, "cut": True}),
        ("12345678901", "1.23457E+10", {"kept": 6}),
    ],
)
def test_a_cause_says_what_proves_it(left, right, params):
    found = cause_of(left, right)
    assert found is not None
    assert found.params == params


def test_one_beginning_with_the_other_is_a_cut_only_to_be_confirmed():
    found = cause_of("Beijing Long Street 15", "Beijing Lon")
    assert found is not None
    assert (found.code, found.to_confirm and found.to_confirm.code) == ("changed", "truncated")


@pytest.mark.parametrize("kind", KINDS)
@given(value=st.text(max_size=60))
def test_equal_cells_have_no_cause(kind, value):
    assert cause_of(value, value, kind) is None
    assert cause_of(None, None, kind) is None


@pytest.mark.parametrize("kind", KINDS)
@given(left=st.text(max_size=60) | st.none(), right=st.text(max_size=60) | st.none())
def test_any_two_texts_have_one_cause_of_the_list_and_the_mirror_has_its_mirror(kind, left, right):
    found, back = cause_of(left, right, kind), cause_of(right, left, kind)
    if left == right:
        assert found is back is None
        return
    assert found is not None
    assert back is not None
    mirrored = {"value_lost": "value_added", "value_added": "value_lost"}
    assert back.code == mirrored.get(found.code, found.code)
    assert found.code in CAUSES


NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12)


@given(left=NUMBERS, right=NUMBERS)
def test_numbers_never_crash_and_equal_ones_differ_in_form_alone(left, right):
    found = cause_of(format(left, "f"), format(right, "f"), "number")
    if left == right:
        assert found is None or found.code == "format"
    else:
        assert found is not None


@given(moment=st.datetimes(), other=st.datetimes())
def test_moments_never_crash(moment, other):
    found = cause_of(moment.isoformat(), other.isoformat(), "datetime")
    assert (found is None) == (moment.isoformat() == other.isoformat())


@pytest.mark.parametrize(
    "hostile", ["9" * 50_000, "1e" + "9" * 30, "\ud800", "=cmd|'/c'!A1", "A" * 10_000_000, "1E+999"]
)
def test_hostile_texts_get_a_cause_in_linear_time(hostile):
    assert cause_of(hostile, "Ann") is not None
    assert cause_of("张三", hostile) is not None


def test_every_cause_is_said_in_both_languages_and_no_message_holds_a_value():
    for code in CAUSES:
        said = {message(code, {"right": "s3cret"}, lang=lang) for lang in ("en", "zh")}
        assert len(said) == 2
        assert not any("s3cret" in text for text in said)
