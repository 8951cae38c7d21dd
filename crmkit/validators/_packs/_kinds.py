"""Ready-made rules for contacts, accounts, leads and deals under canonical field names.

How severe a failure is follows from what an analyst does with it. ``error``: the value cannot be used, or the record
cannot be told from others. ``warning``: likely wrong, somebody should look. ``info``: right but untidy.
An empty phone or e-mail alone is nothing; a contact that nobody can reach is a warning.

Source:
    Required minimum: the fields without which none of eleven CRM systems accepts a record, or without which it names
    nobody (docs/explanation/validation.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from crmkit.validators._checks._conditions import col, present
from crmkit.validators._contact._country import Country, Postcode
from crmkit.validators._contact._email import Email
from crmkit.validators._contact._phone import Phone
from crmkit.validators._contact._url import URL
from crmkit.validators._identifiers._duns import DUNS
from crmkit.validators._identifiers._lei import LEI
from crmkit.validators._identifiers._resident_id import ResidentId
from crmkit.validators._identifiers._uscc import USCC
from crmkit.validators._identifiers._vat import VAT
from crmkit.validators._rules._agree import agree
from crmkit.validators._rules._complete import complete
from crmkit.validators._rules._groups import any_of
from crmkit.validators._rules._misplaced import spill, swapped
from crmkit.validators._rules._relations import reference, unique
from crmkit.validators._rules._rule import order, require
from crmkit.validators._values._code import RecordId
from crmkit.validators._values._currency import Currency
from crmkit.validators._values._date import Date, DateTime
from crmkit.validators._values._language import Language
from crmkit.validators._values._names import CompanyName, PersonName
from crmkit.validators._values._number import Money, Number
from crmkit.validators._values._percentage import Percentage
from crmkit.validators._values._text import Required, Text

from ._draft import Draft

if TYPE_CHECKING:
    from crmkit.typing import RecordKind
    from crmkit.validators._checks._check import Check
    from crmkit.validators._rules._rule import Rule

__all__ = ["check_for", "pack"]

_OLDEST_BIRTH = "1900-01-02"  # the day before is what spreadsheets and forms make of nothing: a placeholder
_OLDEST_RECORD = "1970-01-01"

_PERSON_NAMES = ("full_name", "given_name", "middle_name", "family_name")
_EMAILS = ("email", "email_2")
_PHONES = ("phone", "mobile", "phone_home", "phone_other", "phone_assistant", "fax")
_TEXTS = ("prefix", "suffix", "nickname", "job_title", "department", "city", "district", "region", "industry",
          "other_city", "other_region", "lead_source", "stage", "status", "lost_reason", "next_step", "type", "subject",
          "direction", "location")  # fmt: skip
_OTHER_ADDRESS = ("other_street", "other_street_2", "other_city", "other_region", "other_postal_code",
                  "other_country")  # fmt: skip
_PERSON = (*_PERSON_NAMES, *_EMAILS, *_PHONES, "company_name", "job_title", "department", "prefix", "suffix", "street",
           "street_2", "city", "district", "region", "postal_code", "country", *_OTHER_ADDRESS, "website", "birth_date",
           "lead_source",
           "description", "owner_email", "created_at", "updated_at", "last_activity_at", "national_id",
           "language")  # fmt: skip
_COMPANY = ("name", "legal_name", "email", *_PHONES[:2], "phone_other", "fax", "street", "street_2", "city", "district",
            "region", "postal_code", "country", *_OTHER_ADDRESS, "website", "domain", "industry", "registration_id",
            "employee_count", "annual_revenue", "description", "owner_email", "created_at", "updated_at",
            "last_activity_at", "vat_id", "duns", "lei", "currency")  # fmt: skip
_DEAL = ("name", "account_id", "company_name", "stage", "status", "amount", "expected_amount", "probability",
         "close_date", "closed_at", "lead_source", "description", "owner_email", "created_at", "updated_at",
         "last_activity_at", "currency", "lost_reason", "next_step")  # fmt: skip
_ACTIVITY = ("type", "subject", "body", "status", "direction", "location", "start_at", "end_at", "due_at",
             "completed_at", "duration_s", "street", "city", "postal_code", "country", "owner_email", "created_at",
             "updated_at")  # fmt: skip
_MOMENTS_TO_COME = ("start_at", "end_at", "due_at")


def check_for(field: str, *, kind: RecordKind | None = None, country: str | None = None) -> Check | None:
    """Return the check of a canonical field, or ``None`` if nothing about it can be checked."""
    if field in _PERSON_NAMES or field == "owner_name":
        return PersonName()
    if field in _EMAILS or field == "owner_email":
        return Email()
    if field in _PHONES:
        return Phone(country=col("country"), default=country)
    if field in ("company_name", "legal_name", "trade_name") or (field == "name" and kind == "account"):
        return CompanyName()
    if field in _CHINESE:
        here = _IN_CHINA | ~present("country") if country == "CN" else _IN_CHINA
        return Text() & RecordId().when(~here) & _CHINESE[field].when(here).warn()
    if field in _MOMENTS_TO_COME:
        return DateTime(after=_OLDEST_RECORD).warn()
    if field in ("street", "street_2", "other_street", "other_street_2", "description", "body", "participants"):
        return Text(multiline=True)
    if field in ("amount", "expected_amount", "annual_revenue"):
        money = Money(currency=col("currency"), country=col("country"))
        return attrs.evolve(money, ge=0).warn() if field == "annual_revenue" else money
    if field in ("created_at", "updated_at", "last_activity_at", "closed_at", "converted_at", "completed_at"):
        return DateTime(after=_OLDEST_RECORD, before="now").warn()
    return _SINGLE.get(field) or (Text() if field in _TEXTS or field == "name" else None)


_IN_CHINA = col("country", normalize="country") == "CN"
_CHINESE: dict[str, Check] = {"registration_id": USCC(), "national_id": ResidentId()}
"""What the numbers of companies and people are in China; elsewhere there is no one form of them."""
_SINGLE: dict[str, Check] = {
    "country": Country(),
    "postal_code": Postcode(country=col("country")),
    "other_country": Country(),
    "other_postal_code": Postcode(country=col("other_country")),
    "website": URL(),
    "domain": URL(),
    "birth_date": Date(after=_OLDEST_BIRTH, before="now"),
    "close_date": Date(),
    "employee_count": Number(ge=0).warn(),
    "probability": Percentage(shares=False).warn(),
    "duration_s": Number(ge=0).warn(),
    "vat_id": Text() & VAT(country=col("country")).warn(),
    "duns": DUNS().warn(),
    "lei": LEI().warn(),
    "language": Language().warn(),
    "currency": Currency().warn(),
}


def pack(kind: RecordKind, *, country: str | None = None) -> Draft:
    """Return the rules for one kind of record, under canonical field names; absent columns are skipped."""
    fields, rules = {
        "contact": (_PERSON, _contact_rules()),
        "lead": (_PERSON, _lead_rules()),
        "account": (_COMPANY, _account_rules()),
        "deal": (_DEAL, _deal_rules()),
        "activity": (_ACTIVITY, _activity_rules()),
    }[kind]
    checks = {field: check for field in fields if (check := check_for(field, kind=kind, country=country)) is not None}
    for field in _REQUIRED.get(kind, ()):
        checks[field] = Required() & checks[field]
    return Draft(name=f"{kind}s", key="id", fields=checks, rules=(*rules, *_times()), absent="skip")


_REQUIRED: dict[str, tuple[str, ...]] = {"account": ("name",), "deal": ("name",)}


def _named() -> Rule:
    return any_of(present("family_name"), present("full_name"), present("given_name"), name="named")


def _contact_rules() -> list[Rule]:
    reached = [present(field) for field in (*_EMAILS, "phone", "mobile", "phone_home", "phone_other")]
    return [
        _named(),
        any_of(*reached, name="reachable", severity="warning"),
        unique("email", normalize="email", severity="warning"),
        reference("account_id", to="accounts.id"),
        complete("country", by="mobile", method="country_of_phone"),
        complete("country", by="phone", method="country_of_phone"),
        agree("birth_date", "national_id", "birth_date_of_resident_id"),
        complete("birth_date", by="national_id", method="birth_date_of_resident_id"),
        swapped("email", "phone", kinds=("email", "phone")),
        swapped("email", "mobile", kinds=("email", "phone")),
        spill("email", into="email_2", of="email"),
    ]


def _lead_rules() -> list[Rule]:
    reached = [present(field) for field in (*_EMAILS, "phone", "mobile", "phone_home", "phone_other")]
    return [
        _named(),
        any_of(*reached, name="reachable", severity="warning"),
        unique("email", normalize="email", severity="warning"),
        complete("country", by="mobile", method="country_of_phone"),
        complete("country", by="phone", method="country_of_phone"),
    ]


def _account_rules() -> list[Rule]:
    return [
        unique("registration_id", normalize="text"),
        unique("name", normalize="company", severity="warning"),
        unique("website", normalize="url", severity="info"),
    ]


def _deal_rules() -> list[Rule]:
    return [
        any_of(present("stage"), present("status"), name="staged", severity="warning"),
        reference("account_id", to="accounts.id"),
        order("created_at", "<=", "closed_at", severity="warning"),
        require("lost_reason", severity="info").when(_LOST),
        require("amount", severity="warning").when(_WON),
    ]


_LOST = col("stage", normalize="text").isin("lost", "closed lost", "closedlost", "输单", "丢单")
_WON = col("stage", normalize="text").isin("won", "closed won", "closedwon", "赢单")


def _activity_rules() -> list[Rule]:
    links = ("contact_id", "account_id", "lead_id", "deal_id", "related")
    return [
        any_of(*(present(field) for field in links), name="linked", severity="warning"),
        any_of(present("subject"), present("type"), present("body"), name="said", severity="warning"),
        reference("contact_id", to="contacts.id"),
        reference("account_id", to="accounts.id"),
        order("start_at", "<=", "end_at"),
        order("created_at", "<=", "completed_at", severity="info"),
    ]


def _times() -> list[Rule]:
    return [order("created_at", "<=", "updated_at", severity="warning")]
