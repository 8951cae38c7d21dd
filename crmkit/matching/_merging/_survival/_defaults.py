"""What survives where nobody says otherwise, and how vendors' own merge functions decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from crmkit.systems import canonical_fields

from ._refusals import refusing_answer
from ._rules import (
    FirstSeen,
    Longest,
    MostFrequent,
    MostRecent,
    Newest,
    Oldest,
    RefusalWins,
    SurvivorFirst,
    SurvivorsOwn,
)
from ._united import United
from ._wellformed import WellFormed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from ._rules import SurvivorshipRule

__all__ = ["STYLES", "TOGETHER", "Group", "default_rules"]

_NAME = frozenset({"full_name", "given_name", "middle_name", "family_name", "prefix", "suffix"})
_ADDRESS = frozenset({"street", "street_2", "house_number", "district", "city", "region", "postal_code", "country"})
_OTHER_ADDRESS = frozenset(
    {"other_street", "other_street_2", "other_city", "other_region", "other_postal_code", "other_country"}
)
_PLACE = frozenset({"street", "city", "postal_code"})
_OTHER_PLACE = frozenset({"other_street", "other_city", "other_postal_code"})
_AMOUNT = frozenset({"amount", "expected_amount", "annual_revenue", "currency"})


@attrs.frozen
class Group:
    """Fields, or columns, that mean something only beside each other.

    Attributes:
        columns: Their names.
        latest: Whether the latest of them are the best; else those that most records have.
        anchors: Those of which a record has to hold one with the same value to fill up another; where there are none,
            records that do not contradict each other fill up each other.
    """

    columns: Sequence[str]
    latest: bool
    anchors: AbstractSet[str] = frozenset()

    def of(self, columns: Sequence[str], roles: Mapping[str, str]) -> Group:
        """Return the group of the columns of a table that have these fields."""
        found = tuple(column for column in columns if roles.get(column) in self.columns)
        # A table without any of the anchors keeps the names of their fields: there nothing agrees enough.
        anchors = {column for column in found if roles[column] in self.anchors} or self.anchors
        return Group(found, self.latest, anchors)


TOGETHER = (
    Group(tuple(_NAME), latest=False),
    Group(tuple(_ADDRESS), latest=False, anchors=_PLACE),
    Group(tuple(_OTHER_ADDRESS), latest=False, anchors=_OTHER_PLACE),
    Group(("account_id", "company_name", "job_title", "department"), latest=True),
    Group(("owner_id", "owner_name", "owner_email"), latest=True),
    Group(tuple(_AMOUNT), latest=True, anchors=_AMOUNT),
)
"""Fields that come from one record."""

_BY_FIELD: Mapping[str, tuple[SurvivorshipRule, ...]] = {
    "id": (SurvivorsOwn(),),
    "created_at": (Oldest(),),
    "updated_at": (Newest(),),
    "last_activity_at": (Newest(),),
    "name": (MostFrequent(), Longest(), MostRecent()),
    "company_name": (MostRecent(), Longest()),
    "opt_out_email": (RefusalWins("yes"), MostRecent()),
    "do_not_call": (RefusalWins("yes"), MostRecent()),
    "consent": (RefusalWins("no"), MostRecent()),
    "birth_date": (MostFrequent(), MostRecent()),
    "email": (MostRecent(), MostFrequent()),
    "phone": (MostRecent(), MostFrequent()),
    "mobile": (MostRecent(), MostFrequent()),
}
_JUDGE_THEMSELVES = (SurvivorsOwn, RefusalWins, Oldest, Newest)
"""Rules that look at the value itself, or must not."""
_OTHERS: tuple[SurvivorshipRule, ...] = (MostRecent(), MostFrequent(), Longest())


def default_rules(field: str | None, column: str) -> tuple[SurvivorshipRule, ...]:
    """Return the rules of a column without one by the caller: what cannot be right survives only where nothing else is.

    Args:
        field: The canonical field that the column holds, if one was recognised.
        column: Its name, which may speak of an opt-out or consent that no canonical field is for.
    """
    refuses = None if field else refusing_answer(column)
    if refuses is not None:
        return (RefusalWins(refuses), MostRecent())
    chain = _BY_FIELD.get(field or "", _OTHERS)
    known = canonical_fields().get(field or "")
    return chain if isinstance(chain[0], _JUDGE_THEMSELVES) else (WellFormed(known.type if known else "text"), *chain)


_CHANNELS = (
    "email", "email_2", "phone", "phone_home", "phone_other", "mobile", "fax", "website", "tags",
)  # fmt: skip
"""Fields of which the vendors keep several values in one record."""

_OWN_OR_FIRST = (SurvivorFirst(), FirstSeen())

STYLES: Mapping[str, Mapping[str, object]] = {
    # Empty fields of the master are filled, its own fields stay even if empty, background text is joined.
    # Source: support.insight.ly, article 1321 "Merging".
    "insightly": {
        "fields": {
            **{name: _OWN_OR_FIRST for name in canonical_fields() if name not in {"id", "description"}},
            "description": United("\n"),
        },
        "default": (SurvivorsOwn(),),
    },
    # Empty fields of the primary are filled from the secondary that was updated last; created is the oldest.
    # Source: Freshworks CRM support pages on duplicates.
    "freshsales": {"fields": {"created_at": Oldest()}, "default": (SurvivorFirst(), MostRecent())},
    # The primary's single values stay, fields of several values are joined.
    # Source: support.pipedrive.com on merging duplicates.
    "pipedrive": {"fields": dict.fromkeys(_CHANNELS, United(", ")), "default": _OWN_OR_FIRST},
    # Fields of several values are joined, empty usual fields are filled, custom fields keep the master's value.
    # Source: support.nutshell.com on merging duplicates.
    "nutshell": {
        "fields": {
            **{name: _OWN_OR_FIRST for name in canonical_fields() if name != "id"},
            **dict.fromkeys(_CHANNELS, United(", ")),
        },
        "default": (SurvivorsOwn(),),
    },
}
"""How vendors merge: arguments of :class:`Survivorship`."""
