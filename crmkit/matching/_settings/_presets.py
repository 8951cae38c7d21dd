"""Presets: what contacts, accounts and leads are compared on, blocked by, and why else two of them may agree.

An *explanation* is a reason why two records agree: they are one party, or a household, or colleagues. For each group
of comparisons it says whether the cause is shared. Numbers are starts for the estimation, from the measurements in
``docs/explanation/matching.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from crmkit.matching import comparisons as c
from crmkit.matching._pairs._blocking import BlockingRule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crmkit.matching._kinds._fields import Comparison
    from crmkit.typing import RecordKind

__all__ = [
    "CHANCE",
    "DEPENDS",
    "MATCH",
    "Explanation",
    "Rate",
    "blocking_rules",
    "changed",
    "comparisons_of",
    "explanation_texts",
    "explanations_of",
]

MATCH = "match"
"""The explanation that is the answer: both records are the same party."""

CHANCE = "chance"
"""The explanation that is computed, not fitted: two parties that happen to agree."""


DEPENDS = {"email": "employer", "phone": "place"}
"""Groups that change with another one: a job takes its address along, a removal the land line."""


def changed(group: str) -> str:
    """Name the rate of a group where what it depends on is not shared.

    Example:
        >>> changed("email")
        'email, other employer'
    """
    return f"{group}, other {DEPENDS[group]}"


@attrs.frozen
class Rate:
    """How often a group's cause is shared under an explanation: where estimation starts, and its limits."""

    start: float
    free: bool = True
    least: float = 0.0
    most: float = 1.0


def _pinned(rate: float) -> Rate:
    return Rate(rate, free=False)


_SAME = _pinned(0.999)


@attrs.frozen(kw_only=True)
class Explanation:
    """One reason why two records agree.

    Attributes:
        name: A stable word, as in the ``explanation`` column of ``pairs``.
        text: The reason as a sentence's end, in English.
        share: Expected pairs as a share of the records, to start from.
        rates: For each group how often its cause is shared; a group left out is never shared.
        tied_to: With ``tie``, its number is ``tie`` times that of another explanation whenever the file cannot tell
            the two apart.
    """

    name: str
    text: str
    share: float
    rates: Mapping[str, Rate]
    tied_to: str | None = None
    tie: float = 0.0


_CONTACT_COMPARISONS = (
    c.given_name(),
    c.family_name(),
    c.generation(),
    c.date(),
    c.identifier(),
    c.email(),
    c.phone(),
    c.street(),
    attrs.evolve(c.street(), name="street_2", kind="text", fields=("street_2",)),
    c.postcode(),
    c.city(),
    c.region(),
    c.company(),
    c.domain(),
)

_ACCOUNT_COMPARISONS = (
    c.organization(),
    attrs.evolve(c.identifier(), name="registration_id", group="registration_id", fields=("registration_id",)),
    c.street(),
    c.postcode(),
    c.city(),
    c.region(),
    attrs.evolve(c.phone(), fields=("phone", "mobile", "phone_other")),
    attrs.evolve(c.phone(), name="fax", group="fax", fields=("fax",)),
    c.web(),
    c.email(),
)

_HOUSEHOLD_PHONE, _HOUSEHOLD_PLACE, _HOUSEHOLD_EMPLOYER = Rate(0.4), Rate(0.9), Rate(0.03)

_TWINS = _pinned(0.02)
"""Members of a household who were born on one day: of a thousand people born, thirty are twins (Martin et al. 2023,
Births: Final Data for 2021, National Vital Statistics Reports 72(1)), and who has a twin has parents and others too."""

_CONTACT_EXPLANATIONS = (
    Explanation(
        name=MATCH,
        text="they are the same person",
        share=0.15,
        rates={
            "given": _SAME,
            "family": Rate(0.95, least=0.7),
            "generation": _SAME,
            "birth_date": Rate(0.98, least=0.7),
            "national_id": _pinned(0.998),
            "email": Rate(0.8, least=0.3),
            "email, other employer": Rate(0.3),
            "phone": Rate(0.75, least=0.3),
            "phone, other place": Rate(0.5),
            "place": Rate(0.85, least=0.3),
            "area": Rate(0.8, least=0.1),
            "employer": Rate(0.85, least=0.1),
        },
    ),
    Explanation(
        name="household",
        text="they are two members of one household",
        share=0.1,
        rates={
            "family": _SAME,
            "birth_date": _TWINS,
            "email": Rate(0.05, least=0.02, most=0.2),
            "phone": _HOUSEHOLD_PHONE,
            "place": _HOUSEHOLD_PLACE,
            "area": Rate(0.8),
            "employer": _HOUSEHOLD_EMPLOYER,
        },
    ),
    Explanation(
        name="namesake in the household",
        text="they are two members of one household with one name, such as father and son",
        share=0.003,
        rates={
            "given": _SAME,
            "family": _SAME,
            "email": _pinned(0.02),
            "phone": _HOUSEHOLD_PHONE,
            "place": _HOUSEHOLD_PLACE,
            "area": Rate(0.8),
            "employer": _HOUSEHOLD_EMPLOYER,
        },
        tied_to="household",
        tie=0.03,
    ),
    Explanation(
        name="colleague",
        text="they are two people of one employer",
        share=0.5,
        rates={"phone": Rate(0.2), "place": Rate(0.4), "area": Rate(0.5), "employer": _SAME},
    ),
    Explanation(
        name="same place",
        text="they are two people at one address",
        share=0.05,
        rates={"email": Rate(0.02, most=0.2), "phone": Rate(0.2), "place": _SAME},
    ),
    Explanation(
        name="same mailbox",
        text="they are two people with one e-mail address",
        share=0.01,
        rates={"email": _SAME, "phone": Rate(0.3), "place": Rate(0.3), "employer": Rate(0.3)},
    ),
    Explanation(
        name="same phone", text="they are two people with one phone number", share=0.02, rates={"phone": _SAME}
    ),
)

_ACCOUNT_EXPLANATIONS = (
    Explanation(
        name=MATCH,
        text="they are the same organization",
        share=0.15,
        rates={
            "name": _pinned(0.99),
            "registration_id": _pinned(0.98),
            "place": Rate(0.9, least=0.75),
            "area": Rate(0.97, least=0.9),
            "phone": Rate(0.75, least=0.3),
            "phone, other place": Rate(0.5),
            "fax": Rate(0.7, least=0.3),
            "web": Rate(0.9, least=0.3),
            "email": Rate(0.6, least=0.1),
        },
    ),
    Explanation(
        name="branch",
        text="they are two branches of one organization",
        share=0.1,
        rates={
            "name": _SAME,
            "registration_id": Rate(0.7, most=0.95),
            "area": Rate(0.3),
            "phone": Rate(0.3),
            "fax": Rate(0.2),
            "web": Rate(0.7),
            "email": Rate(0.1),
        },
    ),
    Explanation(
        name="same place",
        text="they are two organizations at one address",
        share=0.05,
        rates={
            "name": _pinned(0.01),
            "place": _SAME,
            "phone": Rate(0.05, most=0.5),
            "fax": Rate(0.05, most=0.2),
            "web": _pinned(0.02),
            "email": _pinned(0.02),
        },
    ),
    Explanation(
        name="same phone", text="they are two organizations with one phone number", share=0.02, rates={"phone": _SAME}
    ),
)

_CONTACT_RULES = (
    "email", "phone", "national_id", "given_root + family", "whole_name", "whole_sound", "family_sound + postcode",
    "given_root + postcode", "street + family", "street + given_root", "birth_date + family_sound",
    "birth_date + given_root", "company + family", "company + given_root", "email_local + city",
    "birth_date + postcode", "family_sound + given_start + city", "street_house + family_sound",
    "street_house + postcode", "street_house + city", "company_start + postcode",
)  # fmt: skip
_CONTACT_LOOSE = (
    "street_start + given_start", "company + city", "birth_date", "street", "phone_tail", "email_local", "family",
    "family_sound", "company", "given", "postcode", "given_start + city", "city", "given_start", "domain",
)  # fmt: skip
_ACCOUNT_RULES = (
    "registration_id", "phone", "fax", "email", "name", "name_tokens", "street", "web", "street_house", "name_words",
    "name_start + postcode", "name_start + city", "street_start + name_start",
)  # fmt: skip
_ACCOUNT_LOOSE = ("name_start", "phone_tail", "street_start", "postcode", "city")


def comparisons_of(kind: RecordKind) -> tuple[Comparison, ...]:
    """Return the comparisons of a preset."""
    return _ACCOUNT_COMPARISONS if kind == "account" else _CONTACT_COMPARISONS


def blocking_rules(kind: RecordKind) -> tuple[BlockingRule, ...]:
    """Return the blocking rules of a preset: tight ones first, then those that are used only if they stay small."""
    tight, loose = (_ACCOUNT_RULES, _ACCOUNT_LOOSE) if kind == "account" else (_CONTACT_RULES, _CONTACT_LOOSE)
    return (
        *(BlockingRule(*keys.split(" + ")) for keys in tight),
        *(BlockingRule(*keys.split(" + "), loose=True) for keys in loose),
    )


def explanations_of(kind: RecordKind, comparisons: Sequence[Comparison]) -> tuple[Explanation, ...]:
    """Return the rival explanations for these comparisons; a group that no preset knows is the match's own."""
    preset = _ACCOUNT_EXPLANATIONS if kind == "account" else _CONTACT_EXPLANATIONS
    known = {group for explanation in preset for group in explanation.rates}
    extra: dict[str, dict[str, Rate]] = {explanation.name: {} for explanation in preset}
    for comparison in comparisons:
        if comparison.group in known:
            continue
        extra[MATCH][comparison.group] = Rate(0.9, least=0.3)
        for name in _SHARERS.get(comparison.shared_by or "", ()):
            if name in extra:
                extra[name][comparison.group] = Rate(0.8)
    return tuple(attrs.evolve(one, rates={**one.rates, **extra[one.name]}) for one in preset)


_SHARERS = {"household": ("household", "namesake in the household"), "employer": ("colleague", "branch")}


def explanation_texts(comparisons: Iterable[Comparison]) -> dict[str, str]:
    """Return each explanation as the end of a sentence, about organizations where their names are compared."""
    presets = (*_ACCOUNT_EXPLANATIONS, *_CONTACT_EXPLANATIONS)
    if any(one.kind == "organization" for one in comparisons):
        presets = (*_CONTACT_EXPLANATIONS, *_ACCOUNT_EXPLANATIONS)
    return {one.name: one.text for one in presets} | {CHANCE: "they agree by chance"}
