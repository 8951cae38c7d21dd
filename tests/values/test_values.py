from __future__ import annotations

import pickle
from decimal import Decimal

import attrs
import pytest

from crmkit.values import EmailAddress, Money, PersonName, PhoneNumber, PostalAddress

VALUES = [
    EmailAddress(address="Canary@example.com", key="canary@example.com", mailbox="canary@example.com",
                 local="Canary", domain="example.com"),
    PhoneNumber(e164="+8613800138000", country="CN", extension="777", national="13800138000", type="mobile"),
    PersonName(given="Canary", family="Canary", middle="Canary", prefix="Dr", suffix="Jr", full="Canary Canary"),
    PostalAddress(street="1 Canary St", district="Canary", city="Canary", region="Canary", postal_code="94105",
                  country="US"),
    Money(Decimal("12.50"), "CNY"),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_are_frozen_hashable_and_pickle(value: object) -> None:
    field = attrs.fields(type(value))[0].name
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(value, field, "x")
    assert pickle.loads(pickle.dumps(value)) == value
    assert hash(value) == hash(attrs.evolve(value))


@pytest.mark.parametrize("value", VALUES[:-1], ids=lambda value: type(value).__name__)
def test_repr_holds_nothing_personal(value: object) -> None:
    shown = repr(value)
    for part in ("anary", "138", "777", "94105", "Dr", "Jr"):
        assert part not in shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (VALUES[0], "Canary@example.com"),
        (VALUES[1], "+8613800138000;ext=777"),
        (attrs.evolve(VALUES[1], extension=None), "+8613800138000"),
        (VALUES[2], "Canary Canary"),
    ],
)
def test_str_is_the_value_as_written(value: object, text: str) -> None:
    assert str(value) == text


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity"])
def test_money_is_a_finite_amount(amount: str) -> None:
    with pytest.raises(ValueError, match="finite"):
        Money(Decimal(amount))


def test_money_keeps_its_zeros_and_compares_by_amount() -> None:
    assert str(Money(Decimal("1.50")).amount) == "1.50"
    assert Money(Decimal("1.50"), "CNY") == Money(Decimal("1.5"), "CNY") != Money(Decimal("1.5"), "USD")
