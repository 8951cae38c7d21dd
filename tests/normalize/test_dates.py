from __future__ import annotations

from datetime import date, timedelta
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.errors import InvalidValueError
from crmkit.normalize import dates


@pytest.mark.parametrize(
    "raw",
    ["2024-03-15", "2024/3/15", "2024.3.15", "20240315", "2024-03-15T10:00:00Z", "2024-03-15T23:59:59+08:00",
    "2024-03-15 10:00:00.123456",
     "20240315T101010Z", "2024年3月15日", "2024年03月15号 10:30", "二〇二四年三月十五日", "24年3月15日",
     "２０２４年３月１５日", "2024-03-15 上午10:30",
     "2024-03-15 10时30分", "3/15/2024 2:30 PM", "15/3/2024", "15.03.2024", "15.3.24", "3/15/24", "15-Mar-2024",
     "15MAR2024", "March 15, 2024",
     "Mar. 15th, 2024", "Friday, March 15, 2024", "Fri, 15 Mar 2024 10:00:00 +0800", "15th of March 2024",
     "2024-Mar-15", "15 März 2024",
     "15 de marzo de 2024", "15 mars 2024", "1710460800000", "\u200e3/15/2024"],
)  # fmt: skip
def test_one_day_in_many_forms(raw: str) -> None:
    assert dates.parse(raw) == date(2024, 3, 15)
    assert dates.normalize(raw) == "2024-03-15"
    assert not dates.is_ambiguous(raw)


@pytest.mark.parametrize(
    "raw",
    ["0/0/00", "0000-00-00", "0000-01-01", "2023-02-29", "31/02/2024", "2024-13-01", "2024年2月30日", "10000-01-01",
    "--0412", "2024", "March 2024",
     "2024年3月", "2024-075", "45366", "1/2", "", "n/a", "2024-03-15 25", "1-1-1", "13/13/2024", "Foo 15, 2024",
     "99999999999999", "十年十月十日"],
)  # fmt: skip
def test_what_is_no_certain_day_is_none(raw: str) -> None:
    assert dates.parse(raw) is None
    assert not dates.is_valid(raw)


def test_years_at_the_edge() -> None:
    assert dates.parse("0001-01-01") == date(1, 1, 1)
    assert dates.parse("9999-12-31") == date(9999, 12, 31)
    assert dates.parse("31.12.9999") == date(9999, 12, 31)
    assert dates.parse("12/31/68") == date(2068, 12, 31)
    assert dates.parse("12/31/69") == date(1969, 12, 31)


@pytest.mark.parametrize(
    "raw",
    ["15.06.27", "15-Jun-27", "June 15, 27", "27年6月15日", "6/15/27", "6/15/27 10:00 +0800", "15.6.27 10.30+0800"],
)
def test_the_century_of_two_digits_can_be_said(raw: str) -> None:
    assert dates.parse(raw) == date(2027, 6, 15)
    assert dates.parse(raw, first_year=1927) == date(1927, 6, 15)
    assert dates.parse(raw, first_year=1928) == date(2027, 6, 15)
    assert dates.has_short_year(raw)


@pytest.mark.parametrize("raw", ["15.06.1927", "1927-06-15", "19270615", "June 15, 1927", "soon"])
def test_a_full_year_has_no_century_to_choose(raw: str) -> None:
    assert not dates.has_short_year(raw)
    assert dates.parse(raw) == dates.parse(raw, first_year=1800)


def test_the_order_decides_what_the_text_cannot() -> None:
    assert dates.parse("3/4/2024") is None
    assert dates.is_ambiguous("3/4/2024")
    assert dates.parse("3/4/2024", order="DMY") == date(2024, 4, 3)
    assert dates.parse("3/4/2024", order="MDY") == date(2024, 3, 4)
    assert dates.parse("15/3/2024", order="MDY") is None  # contradicts the order: not guessed
    assert dates.parse("2024-03-04", order="DMY") == date(2024, 3, 4)
    assert dates.parse("01-02-03", order="YMD") == date(2001, 2, 3)
    with pytest.raises(InvalidValueError, match="two days"):
        dates.validate("3/4/2024")
    with pytest.raises(InvalidValueError, match="no date"):
        dates.validate("canary")


@pytest.mark.parametrize(
    ("column", "order"),
    [
        (["1/2/2024", "3/15/2024", "unknown"], "MDY"),
        (["1/2/2024", "15/3/2024"], "DMY"),
        (["1/2/2024", "2/2/2024"], None),
        (["15/1/2024", "1/15/2024"], None),
        (["2024-01-02", "20240103"], "YMD"),
        (["2024-01-02", "1/2/2024"], None),
        (["15.03.2024", "01.02.2024"], "DMY"),
        ([], None),
        (["1/13/2024"] * 40 + ["13/1/2024"], "MDY"),
    ],
)
def test_order_of_a_column(column: list[str], order: str | None) -> None:
    assert dates.infer_order(column) == order


@settings(deadline=None)  # the first call reads tables and metadata
@given(st.dates(), st.sampled_from(["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y%m%d"]))
def test_what_is_written_in_a_known_order_is_read(day: date, form: str) -> None:
    text = form.replace("%Y", f"{day.year:04d}").replace("%m", f"{day.month:02d}").replace("%d", f"{day.day:02d}")
    order = {"%m/%d/%Y": "MDY", "%d/%m/%Y": "DMY"}.get(form)
    assert dates.parse(text, order=order) == day
    assert dates.parse(dates.format(day)) == day


@settings(deadline=None)  # the first call reads tables and metadata
@given(st.dates(min_value=date(1900, 3, 1)))
def test_serials_count_days(day: date) -> None:
    serial = (day - date(1899, 12, 30)).days
    assert dates.from_serial(serial) == day
    assert dates.parse(f"{serial}.5", serial=True) == day
    assert dates.from_serial(serial + 1) in (day + timedelta(days=1) if day < date.max else None, None)


def test_serials_at_the_edge() -> None:
    assert [dates.from_serial(number) for number in (0, 1, 59, 60, 61, 2_958_465, 2_958_466)] == [
        None, date(1900, 1, 1), date(1900, 2, 28), None, date(1900, 3, 1), date(9999, 12, 31), None,
    ]  # fmt: skip


def test_dates_without_a_year() -> None:
    assert dates.month_day("--0229") == (2, 29)
    assert dates.month_day("--0230") is None
    assert dates.month_day("--1") is None


@settings(deadline=None)  # the first call reads tables and metadata
@given(st.text(max_size=40) | st.text("0123456789/-.年月日 TZ:+AMar", max_size=30))
def test_normal_form_is_stable(raw: str) -> None:
    found = dates.normalize(raw)
    assert found is None or dates.normalize(found) == found
    assert not (found is not None and dates.is_ambiguous(raw))


def test_hostile_text_neither_raises_nor_hangs() -> None:
    for text in ("\ud800", "\x00", "1" * 10_000_000, "1/" * 40, "-9999999999999", "9999999999999", "年月日", "-" * 80,
    "1 " * 40,
                 "一" * 80, "²⁰²⁴-01-01", "٢٠٢٤-٠٣-١٥", "Mon, " * 16, "2024-03-15T" + "1" * 60):  # fmt: skip
        for name in ("parse", "normalize", "is_valid", "is_ambiguous", "month_day"):
            getattr(dates, name)(text)
        dates.infer_order([text])
        dates.parse(text, serial=True)
    assert dates.parse("٢٠٢٤-٠٣-١٥") == date(2024, 3, 15)


def test_points_say_nothing_about_slashes():
    slashes = ["03/04/1981", "05/06/1982"]
    assert dates.infer_order([*slashes, "04.03.1979"]) is None
    assert dates.infer_order([*slashes, "13/06/1982", "04.03.1979"]) == "DMY"
    assert dates.infer_order([*slashes, "06/13/1982", "24.03.1979"]) == "MDY"
    assert dates.parse("24.03.1979", order="MDY") == date(1979, 3, 24)


def test_an_order_is_proven_by_several_dates_and_none_against():
    some = ["13/4/2024", "14/4/2024", "15/4/2024"]
    assert dates.order_evidence(some) == ("DMY", {"/"})
    assert dates.order_evidence(some[:2]) == ("DMY", set())
    many = [f"{day}/{month}/2024" for day in range(13, 28) for month in range(1, 4)]
    assert dates.order_evidence([*many, "1/13/2024"]) == ("DMY", set())
    assert dates.order_evidence([*some, "1-2-2024", "1-13-2024"]) == ("MDY", set())


_WRITTEN = st.sampled_from(
    ["2024-01-02", "2024-02-31", "2024-1-2", "3/4/2024", "13/4/2024", "4/13/2024", "n/a", "13.4.2024"]
)


@given(st.lists(_WRITTEN, max_size=8))
def test_dates_with_the_year_first_say_the_same_of_a_column_read_or_passed_over(values):
    quick = dates.order_evidence(values)
    with mock.patch.object(dates, "_YEAR_MONTH_DAY", return_value=None):
        assert dates.order_evidence(values) == quick
