"""The duplicate rules that vendors document, per record kind; what they do not document is not made up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from crmkit.errors import NotFoundError

from ._rules import Condition, DuplicateRules, Same, Similar

if TYPE_CHECKING:
    from crmkit.typing import RecordKind

__all__ = ["VENDORS", "vendor_rules"]

_PHONES = ("mobile", "phone", "phone_home", "phone_other")
_EMAILS = ("email", "email_2")
_ALIKE = 89
"""Raj and Rajesh, which are alike at 88, do not match; https://help.salesforce.com (the equation of 2016 says 85)."""
_FIRST = Similar("given_name", measure="first name", least=_ALIKE)
_LAST = Similar("family_name", measure="last name", least=90)
_EXCHANGED = Similar("given_name", measure="first name", least=_ALIKE, against="family_name")
_TITLE = Similar("job_title", measure="title", least=50)
_COMPANY = Similar("company_name", measure="company", least=70)
_INITIAL = Same("given_name", form="initial")
_SOUND = Same("family_name", form="sound")


def _salesforce(kind: RecordKind) -> DuplicateRules:
    street, phone, email = Same("street"), Same(_PHONES, form="digits"), Same("email")
    more = (
        (phone,), (street, Same("city")), (street, Same("postal_code")), (street, _TITLE), (_TITLE, _COMPANY),
    )  # fmt: skip
    return DuplicateRules(
        name="salesforce",
        kind=kind,
        conditions=(
            Condition(attrs.evolve(_FIRST, blank=True), _LAST, email),
            *(Condition(_FIRST, _LAST, *criteria) for criteria in more),
            *(Condition(_EXCHANGED, *criteria) for criteria in ((email,), *more)),
        ),
        keys=(
            Condition(Same("email", form="e-mail key")),
            Condition(_INITIAL, _SOUND, Same("email", form="e-mail domain")),
            Condition(_INITIAL, _SOUND, Same("company_name", form="company key")),
            Condition(_INITIAL, _SOUND, Same("phone", form="phone key")),
        ),
        source="help.salesforce.com, standard contact and lead matching rules and their match keys; equation of 2016",
        notes=(
            "Soundex and Jaro-Winkler stand in for Metaphone 3, double metaphone and keyboard distance",
            "Salesforce scores the 100 likeliest candidates of a record only; here all are",
        ),
    )


def _pipedrive(kind: RecordKind) -> DuplicateRules:
    source = "support.pipedrive.com, how the merge duplicates feature identifies duplicates"
    if kind == "account":
        conditions = (Condition(Same("name"), Same("street"), Same("city", optional=True)),)
        return DuplicateRules(
            name="pipedrive", kind=kind, source=source, conditions=conditions,
            notes=("the address is one field in Pipedrive; here street and city are the same, if there is a city",),
        )  # fmt: skip
    name = Same("full_name")
    return DuplicateRules(
        name="pipedrive",
        kind=kind,
        source=source,
        conditions=(
            Condition(name, Same(_PHONES, form="digits")),
            Condition(name, Same(_EMAILS)),
            Condition(name, Same("company_name")),
        ),
    )


def _insightly(kind: RecordKind) -> DuplicateRules:
    source = "support.insight.ly, articles 1208 (duplicate checks when importing) and 1279"
    if kind == "account":
        return DuplicateRules(name="insightly", kind=kind, source=source, conditions=(Condition(Same("name")),))
    both = (Same("given_name"), Same("family_name"))
    conditions = [
        Condition(*both, Same("email")),
        Condition(*both, Same(_PHONES, form="digits")),
        Condition(*both, Same("company_name")),
    ]
    if kind == "lead":
        conditions.append(Condition(Same("email")))
    return DuplicateRules(
        name="insightly", kind=kind, source=source, conditions=tuple(conditions),
        notes=("at manual entry Insightly also suggests names that sound alike",),
    )  # fmt: skip


def _hubspot(kind: RecordKind) -> DuplicateRules:
    domain = Same("domain", form="domain", otherwise="website")
    conditions = (Condition(domain),) if kind == "account" else (Condition(Same(_EMAILS)),)
    return DuplicateRules(
        name="hubspot",
        kind=kind,
        conditions=conditions,
        source="knowledge.hubspot.com, deduplication of contacts, companies, deals and tickets (2024-11)",
        notes=("paid plans also suggest duplicates for review, by a way that is not documented",),
    )


def _dynamics(kind: RecordKind) -> DuplicateRules:
    email = Condition(Same("email"))
    return DuplicateRules(
        name="dynamics",
        kind=kind,
        conditions=(email, Condition(Same("name"))) if kind == "account" else (email,),
        source="learn.microsoft.com, duplicate detection rules: the kinds of criteria",
        notes=(
            "which fields the default rules compare is not documented; these are the usual ones",
            "installations change them: copy them, with first=n, last=n, form='cased text' and blank=True of Same",
            "rules can leave inactive records out: filter them before",
            "criteria are exact; nothing is compared by likeness",
        ),
    )


def _zoho(kind: RecordKind) -> DuplicateRules:
    conditions = (Condition(Same("name")),) if kind == "account" else (Condition(Same("email")),)
    return DuplicateRules(
        name="zoho",
        kind=kind,
        conditions=conditions,
        source="zoho.com/crm help, unique fields; API v8, duplicate check fields of upsert",
        notes=("the second e-mail address is not looked at, and duplicates within one import file are not found",),
    )


def _sugar(kind: RecordKind) -> DuplicateRules:
    begins = (Same("name", first=3), Similar("name", measure="starts with"))
    return DuplicateRules(
        name="sugar",
        kind=kind,
        conditions=(
            Condition(Same("name")),
            Condition(Same("duns", form="digits")),
            Condition(*begins, Similar("city", measure="starts with")),
            Condition(*begins, Similar("other_city", measure="starts with")),
        ),
        source="SugarCRM 7, FilterDuplicateCheck and the duplicate_check of Accounts",
        notes=("one name must start with the other, so the first three letters are compared first",),
    )  # fmt: skip


_ALL: tuple[RecordKind, ...] = ("contact", "lead", "account")
_MAKERS = {
    "dynamics": (_dynamics, _ALL),
    "hubspot": (_hubspot, _ALL),
    "insightly": (_insightly, _ALL),
    "pipedrive": (_pipedrive, _ALL),
    "salesforce": (_salesforce, ("contact", "lead")),
    "sugar": (_sugar, ("account",)),
    "zoho": (_zoho, _ALL),
}

VENDORS = {name: kinds for name, (_, kinds) in _MAKERS.items()}
"""Names of vendors, each with the record kinds whose rules are documented.

.. versionadded:: 0.1.0
"""


def vendor_rules(name: str, kind: RecordKind = "contact") -> DuplicateRules:
    """Return the duplicate rules that a vendor documents.

    Args:
        name: A key of ``VENDORS``.
        kind: Record kind.

    Raises:
        NotFoundError: No such vendor, or none of its rules for the kind is documented.

    Example:
        >>> print(vendor_rules("hubspot", "account"))
        hubspot, account: two records are duplicates if they agree on
          domain, else website (domain)
        source: knowledge.hubspot.com, deduplication of contacts, companies, deals and tickets (2024-11)
        paid plans also suggest duplicates for review, by a way that is not documented

    .. versionadded:: 0.1.0
    """
    if name not in _MAKERS:
        raise NotFoundError.of("vendor", name, sorted(_MAKERS))
    make, kinds = _MAKERS[name]
    if kind not in kinds:
        raise NotFoundError(f"the rules of {name} for {kind!r} are not documented; known are {', '.join(kinds)}")
    return make(kind)
