"""Values of a customer record as objects: what ``validate`` of each kind of value returns.

All are frozen and compare by content. What identifies a person stays out of ``repr``, so a value that ends up in a
log line or a traceback tells its kind and its country and nothing else.
"""

from __future__ import annotations

from decimal import Decimal  # noqa: TC003 - attrs.resolve_types reads it at run time
from typing import Literal, TypeAlias

import attrs

__all__ = ["EmailAddress", "Money", "NameOrder", "PersonName", "PhoneNumber", "PhoneType", "PostalAddress"]

PhoneType: TypeAlias = Literal[
    "mobile",
    "fixed_line",
    "fixed_line_or_mobile",
    "toll_free",
    "premium_rate",
    "shared_cost",
    "voip",
    "personal",
    "pager",
    "uan",
    "voicemail",
    "unknown",
]
"""What a number is for, as its numbering plan says; ``fixed_line_or_mobile`` where the plan does not tell."""

NameOrder: TypeAlias = Literal["given_first", "family_first"]
"""Which part of a person's name is written first."""


@attrs.frozen(kw_only=True)
class EmailAddress:
    """An e-mail address in its three forms.

    Attributes:
        address: As it should be written: the normalized form of email-validator.
        key: For equality: domain as lower-case A-labels, local part case-folded.
        mailbox: For finding duplicates: ``key`` after the provider's own rules on dots, tags and domain aliases.
        local: Local part of ``address``.
        domain: Domain of ``address``.

    Example:
        >>> EmailAddress(address="A@example.com", key="a@example.com", mailbox="a@example.com", local="A",
        ...              domain="example.com")
        EmailAddress()

    .. versionadded:: 0.1.0
    """

    address: str = attrs.field(repr=False)
    key: str = attrs.field(repr=False)
    mailbox: str = attrs.field(repr=False)
    local: str = attrs.field(repr=False)
    domain: str = attrs.field(repr=False)

    def __str__(self) -> str:
        return self.address


@attrs.frozen(kw_only=True)
class PhoneNumber:
    """A phone number, its extension apart.

    Attributes:
        e164: ``+`` and digits, as ITU-T E.164 writes it.
        country: ISO 3166-1 alpha-2 code; ``None`` for a number that belongs to no country (+800, +883).
        extension: Digits behind the number, or ``None``.
        national: National significant number: the digits behind the calling code.
        type: What the numbering plan uses it for.

    Example:
        >>> PhoneNumber(e164="+8613800138000", country="CN", national="13800138000", type="mobile")
        PhoneNumber(country='CN', type='mobile')

    .. versionadded:: 0.1.0
    """

    e164: str = attrs.field(repr=False)
    country: str | None = None
    extension: str | None = attrs.field(default=None, repr=False)
    national: str = attrs.field(repr=False)
    type: PhoneType = "unknown"

    def __str__(self) -> str:
        return self.e164 if self.extension is None else f"{self.e164};ext={self.extension}"


@attrs.frozen(kw_only=True)
class PersonName:
    """A person's name in parts; parts that are not there are ``None``.

    Attributes:
        given: Given name or names.
        family: Family name with its particles (``van der Berg``).
        middle: Middle names or initials.
        prefix: Title before the name (``Dr``).
        suffix: What follows it (``Jr``, ``III``).
        full: The name as one text, in its own order.
        order: Which part is written first; Chinese, Japanese and Korean names are ``family_first``.

    Example:
        >>> PersonName(given="小明", family="欧阳", full="欧阳小明", order="family_first")
        PersonName(order='family_first')

    .. versionadded:: 0.1.0
    """

    given: str | None = attrs.field(default=None, repr=False)
    family: str | None = attrs.field(default=None, repr=False)
    middle: str | None = attrs.field(default=None, repr=False)
    prefix: str | None = attrs.field(default=None, repr=False)
    suffix: str | None = attrs.field(default=None, repr=False)
    full: str = attrs.field(default="", repr=False)
    order: NameOrder = "given_first"

    def __str__(self) -> str:
        return self.full


@attrs.frozen(kw_only=True)
class PostalAddress:
    """A postal address in parts; parts that are not there are ``None``.

    Attributes:
        street: Street, number and unit, as one text.
        district: 区 or 县 in China, suburb or borough elsewhere.
        city: Town.
        region: Province, state or canton.
        postal_code: Postal code in its written form.
        country: ISO 3166-1 alpha-2 code.

    Example:
        >>> PostalAddress(street="南京路1号", district="黄浦区", city="上海市", region="上海市", country="CN")
        PostalAddress(country='CN')

    .. versionadded:: 0.1.0
    """

    street: str | None = attrs.field(default=None, repr=False)
    district: str | None = attrs.field(default=None, repr=False)
    city: str | None = attrs.field(default=None, repr=False)
    region: str | None = attrs.field(default=None, repr=False)
    postal_code: str | None = attrs.field(default=None, repr=False)
    country: str | None = None


def _finite(_instance: Money, _attribute: attrs.Attribute[Decimal], value: Decimal) -> None:
    if not value.is_finite():
        raise ValueError("an amount of money is a finite number")


@attrs.frozen
class Money:
    """An amount and its currency.

    Attributes:
        amount: Exact, as written: ``Decimal("1.50")`` keeps its zero and equals ``Decimal("1.5")``.
        currency: ISO 4217 code, or ``None`` where nobody said.

    Example:
        >>> Money(Decimal("12.50"), "CNY")
        Money(amount=Decimal('12.50'), currency='CNY')

    .. versionadded:: 0.1.0
    """

    amount: Decimal = attrs.field(validator=_finite)
    currency: str | None = None
