from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.errors import InvalidValueError
from crmkit.normalize import numbers
from crmkit.values import Money


@pytest.mark.parametrize(
    ("raw", "amount", "currency"),
    [
        ("1,234.56", "1234.56", None), ("1.234,56", "1234.56", None), ("1 234,5", "1234.5", None), ("1'234.50",
        "1234.50", None),
        ("1,234,567", "1234567", None), ("1.234.567", "1234567", None), ("12,34,567", "1234567", None),
        ("1,2345,6789", "123456789", None),
        ("¥1,234", "1234", None), ("￥１，２３４．５０", "1234.50", None), ("1.2万", "12000", None), ("1.5亿元",
        "150000000", None), ("3萬", "30000", None),
        ("RMB 3万", "30000", "CNY"), ("人民币1000元", "1000", "CNY"), ("1,000 CNY", "1000", "CNY"), ("5美元", "5",
        "USD"), ("HK$ 5", "5", "HKD"),
        ("(1,234)", "-1234", None), ("($5)", "-5", None), ("-$5", "-5", None), ("$-5", "-5", None), ("5-", "-5",
        None), ("−5", "-5", None),
        ("€ 1.234,50", "1234.50", "EUR"), ("EUR5,-", "5", "EUR"), ("3 Mio. €", "3000000", "EUR"), ("£1.2bn",
        "1200000000", "GBP"), ("$3.5M", "3500000", None),
        ("USD 5 million", "5000000", "USD"), ("3k", "3000", None), ("USD$5", "5", "USD"), ("0,5", "0.5", None), (".5",
        "0.5", None), ("5.", "5", None),
        ("1.23456万", "12345.6", None), ("0", "0", None), ("+5", "5", None), ("9" * 40, "9" * 40, None),
        ("-" + "9" * 40 + "万", "-" + "9" * 40 + "0000", None),
    ],
)  # fmt: skip
def test_amounts_as_people_write_them(raw: str, amount: str, currency: str | None) -> None:
    found = numbers.parse(raw)
    assert found is not None
    assert (str(found.amount), found.currency) == (amount, currency)


@pytest.mark.parametrize(
    "raw",
    ["", "..", "12 apples", "5%", "1e5", "1.2E+10", "1,23,4", "1,234,56", "1,234.5.6", "EUR 5 USD", "--5", "(-5)",
    "-(5)", "$(5)", "5 5", "1 2 3",
     "1_000", "NaN", "Infinity", "约100", "12-13", "1/2", "3 kg", "2024-03-15", "1" * 65],
)  # fmt: skip
def test_other_text_is_no_amount(raw: str) -> None:
    assert numbers.parse(raw) is None
    assert not numbers.is_valid(raw)


def test_what_a_sign_means_is_said_or_known() -> None:
    assert numbers.is_ambiguous("1,234")
    assert numbers.is_ambiguous("1.234")
    assert not numbers.is_ambiguous("1,234.5")
    assert not numbers.is_ambiguous("0,500")
    assert numbers.validate("1,234").amount == 1234
    assert numbers.validate("1,234", decimal=",").amount == Decimal("1.234")
    assert numbers.validate("1.234").amount == Decimal("1.234")
    assert numbers.validate("1.234", decimal=",").amount == 1234


def test_a_shared_sign_is_never_lost_and_never_guessed() -> None:
    forms = [numbers.normalize(raw) for raw in ("￥1000", "1000元", "$1000", "USD 1000", "1000 kr", "Rs 1000", "1000")]
    assert forms == ["¥1000", "1000元", "$1000", "1000 USD", "1000 kr", "1000 Rs", "1000"]
    assert numbers.parse("￥1000", country="CN") == Money(Decimal(1000), "CNY")
    assert numbers.parse("$1000", country="CN") == Money(Decimal(1000))
    assert numbers.currencies("kr 5") == {"DKK", "ISK", "NOK", "SEK"}
    assert numbers.parse("¥5元") == Money(Decimal(5), "CNY")


@pytest.mark.parametrize("raw", ["$5 kr", "¥5 USD", "$5 EUR"])
def test_signs_that_contradict_each_other_make_no_amount(raw: str) -> None:
    assert numbers.parse(raw) is None


@pytest.mark.parametrize(
    ("raw", "code"),
    [("cny", "CNY"), ("US$", "USD"), ("EUR - Euro", "EUR"), ("Euro (EUR)", "EUR"), ("¥", None), ("soon", None)],
)
def test_a_cell_of_a_currency_column_names_one_currency(raw: str, code: str | None) -> None:
    assert numbers.currency(raw) == code


@settings(deadline=None)  # the first call reads tables and metadata
@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2), st.sampled_from([None, "CNY", "EUR", "USD"]))
def test_what_was_formatted_is_read_back(amount: Decimal, currency: str | None) -> None:
    value = Money(amount, currency)
    assert numbers.parse(numbers.format(value), decimal=".") == value


@settings(deadline=None)  # the first call reads tables and metadata
@given(st.text(max_size=30) | st.text("0123456789.,-()¥€$ 万kUSD'", max_size=20))
def test_normal_form_is_stable(raw: str) -> None:
    found = numbers.normalize(raw)
    if found is not None:
        assert numbers.normalize(found, decimal=".") == found
        assert numbers.parse(found, decimal=".") == numbers.parse(raw)


def test_hostile_text_neither_raises_nor_hangs() -> None:
    for text in (
        "\ud800",
        "\x00",
        "9" * 10_000_000,
        "," * 64,
        "1," * 32,
        "'" * 64,
        " " * 64 + "1",
        "万" * 64,
        "٣٤",
        "²",
        "1" + "亿" * 60,
        "½",
        "-" * 64,
    ):
        numbers.parse(text)
        numbers.normalize(text)
        numbers.is_ambiguous(text)
    assert numbers.validate("٣٤").amount == 34


def test_validate_says_nothing_of_the_value() -> None:
    with pytest.raises(InvalidValueError) as caught:
        numbers.validate("canary")
    assert "canary" not in str(caught.value)
