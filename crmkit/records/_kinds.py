"""The kinds of record that a CRM keeps, under one set of field names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from decimal import Decimal

    from crmkit.typing import JSONValue, RecordKind


@attrs.frozen
class RecordRef:
    """Points at one record: which kind, which id, and in which system.

    Example:
        >>> RecordRef("contact", "0035g00000XyZ")
        RecordRef(kind='contact', id='0035g00000XyZ', system=None)

    .. versionadded:: 0.1.0
    """

    kind: RecordKind
    id: str
    system: str | None = None


@attrs.frozen(kw_only=True, repr=False)
class _Record:
    """What every kind has; its ``repr`` shows the id and how many fields are filled, never a value."""

    id: str | None = None
    source_system: str | None = None
    source_id: str | None = None
    external_ids: Mapping[str, str] | None = None
    owner_id: str | None = None
    owner_name: str | None = None
    owner_email: str | None = None
    team_id: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    last_activity_at: datetime | None = None
    created_by: str | None = None
    updated_by: str | None = None
    deleted: bool | None = None
    merged_into_id: str | None = None
    status: str | None = None
    status_raw: str | None = None
    tags: tuple[str, ...] | None = None
    description: str | None = None
    custom: Mapping[str, JSONValue] | None = None
    raw: Mapping[str, JSONValue] | None = None

    def __repr__(self) -> str:
        filled = sum(getattr(self, field.name) is not None for field in attrs.fields(type(self)))
        return f"{type(self).__name__}(id={self.id!r}, {filled} fields)"


@attrs.frozen(kw_only=True, repr=False)
class _Reachable(_Record):
    """Somebody or something with an address: contacts, accounts and leads."""

    phonetic_name: str | None = None
    email: str | None = None
    email_2: str | None = None
    phone: str | None = None
    mobile: str | None = None
    phone_home: str | None = None
    phone_other: str | None = None
    phone_assistant: str | None = None
    fax: str | None = None
    street: str | None = None
    street_2: str | None = None
    house_number: str | None = None
    city: str | None = None
    district: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None
    other_street: str | None = None
    other_street_2: str | None = None
    other_city: str | None = None
    other_region: str | None = None
    other_postal_code: str | None = None
    other_country: str | None = None
    social: Mapping[str, str] | None = None
    lifecycle_stage: str | None = None
    lead_source: str | None = None
    campaign_id: str | None = None


@attrs.frozen(kw_only=True, repr=False)
class _Person(_Reachable):
    """A human being: contacts and leads."""

    full_name: str | None = None
    given_name: str | None = None
    middle_name: str | None = None
    family_name: str | None = None
    prefix: str | None = None
    suffix: str | None = None
    nickname: str | None = None
    job_title: str | None = None
    department: str | None = None
    role: str | None = None
    company_name: str | None = None
    account_id: str | None = None
    birth_date: date | None = None
    gender: str | None = None
    language: str | None = None
    time_zone: str | None = None
    national_id: str | None = None
    opt_out_email: bool | None = None
    do_not_call: bool | None = None
    consent: str | None = None


@attrs.frozen(kw_only=True, repr=False)
class Contact(_Person):
    """A person one does business with.

    Example:
        >>> Contact(id="17", given_name="Ann", email="ann@example.com")
        Contact(id='17', 3 fields)

    .. versionadded:: 0.1.0
    """

    website: str | None = None


@attrs.frozen(kw_only=True, repr=False)
class Account(_Reachable):
    """An organisation: customer, supplier, partner.

    Example:
        >>> Account(id="7", name="Example Ltd")
        Account(id='7', 2 fields)

    .. versionadded:: 0.1.0
    """

    name: str | None = None
    legal_name: str | None = None
    trade_name: str | None = None
    company_name: str | None = None
    account_number: str | None = None
    parent_account_id: str | None = None
    website: str | None = None
    domain: str | None = None
    industry: str | None = None
    employee_count: int | None = None
    annual_revenue: Decimal | None = None
    currency: str | None = None
    ownership: str | None = None
    tax_id: str | None = None
    vat_id: str | None = None
    registration_id: str | None = None
    duns: str | None = None
    lei: str | None = None
    account_type: str | None = None
    rating: str | None = None
    pool_id: str | None = None


@attrs.frozen(kw_only=True, repr=False)
class Lead(_Person):
    """A person or company that may become a customer, before it is one.

    Example:
        >>> Lead(id="7", email="ana@example.com")
        Lead(id='7', 2 fields)

    .. versionadded:: 0.1.0
    """

    website: str | None = None
    domain: str | None = None
    industry: str | None = None
    employee_count: int | None = None
    annual_revenue: Decimal | None = None
    currency: str | None = None
    tax_id: str | None = None
    vat_id: str | None = None
    registration_id: str | None = None
    rating: str | None = None
    pool_id: str | None = None
    contact_id: str | None = None
    converted_at: datetime | None = None
    converted_contact_id: str | None = None
    converted_account_id: str | None = None
    converted_deal_id: str | None = None


@attrs.frozen(kw_only=True, repr=False)
class Deal(_Record):
    """A sale in the making.

    Example:
        >>> Deal(id="7", name="Renewal")
        Deal(id='7', 2 fields)

    .. versionadded:: 0.1.0
    """

    name: str | None = None
    company_name: str | None = None
    account_id: str | None = None
    contact_id: str | None = None
    contact_ids: tuple[str, ...] | None = None
    stage: str | None = None
    stage_id: str | None = None
    pipeline: str | None = None
    pipeline_id: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    probability: float | None = None
    expected_amount: Decimal | None = None
    forecast_category: str | None = None
    close_date: date | None = None
    closed_at: datetime | None = None
    lost_reason: str | None = None
    next_step: str | None = None
    deal_type: str | None = None
    lead_source: str | None = None
    campaign_id: str | None = None


@attrs.frozen(kw_only=True, repr=False)
class Activity(_Record):
    """Something that was done or is planned: a call, a meeting, an e-mail, a task, a note, a visit.

    Example:
        >>> Activity(id="7", description="call")
        Activity(id='7', 2 fields)

    .. versionadded:: 0.1.0
    """

    type: str | None = None
    subject: str | None = None
    body: str | None = None
    start_at: datetime | None = None
    end_at: datetime | None = None
    due_at: datetime | None = None
    completed_at: datetime | None = None
    duration_s: float | None = None
    direction: str | None = None
    location: str | None = None
    participants: tuple[RecordRef, ...] | None = None
    related: tuple[RecordRef, ...] | None = None
    account_id: str | None = None
    contact_id: str | None = None
    street: str | None = None
    street_2: str | None = None
    city: str | None = None
    district: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None
