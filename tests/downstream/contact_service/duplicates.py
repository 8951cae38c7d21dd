"""Is this contact there already? Asked while it is entered."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmkit.matching import Matcher

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit.matching import Hit, MatchIndex

    from .storage import Contact

FIELDS = ("full_name", "email", "phone", "company_name", "city", "country")
PROBABLE = 0.5
FIRST = 50
"""Contacts from which a model is learnt; with fewer it is the one that learning starts from."""


@dataclass(frozen=True)
class Found:
    """What a contact looks like, and what it cost to know."""

    hits: Sequence[Hit]
    cpu_ms: float


class Duplicates:
    """An index of all contacts in memory; it learns anew whenever there are twice as many as it has learnt from."""

    def __init__(self, contacts: Iterable[Contact]) -> None:
        self._known = {str(contact.id): _entry(contact) for contact in contacts}
        self._index = self._learn()

    def like(self, contact: Contact) -> Found:
        """Return the contacts that are probably the same person."""
        start = time.thread_time_ns()
        probable = [hit for hit in self._index.search(_entry(contact)) if hit.match_probability >= PROBABLE]
        return Found(probable, (time.thread_time_ns() - start) / 1e6)

    def keep(self, contact: Contact) -> None:
        """Take in a new contact, or what one is by now."""
        key, entry = str(contact.id), _entry(contact)
        self._index.put(entry, key)
        self._known[key] = entry
        if len(self._known) >= max(2 * self._learnt_from, FIRST):
            self._index = self._learn()

    def _learn(self) -> MatchIndex:
        enough = self._known if len(self._known) >= FIRST else {}
        contacts: dict[str, list[str | None]] = {"id": list(enough)}
        contacts |= {name: [entry[name] for entry in enough.values()] for name in FIELDS}
        index = Matcher.contacts().fit(contacts).index(contacts, key="id")
        for key in self._known.keys() - enough.keys():
            index.put(self._known[key], key)
        self._learnt_from = len(enough)
        return index


def _entry(contact: Contact) -> dict[str, str | None]:
    return {name: getattr(contact, name) for name in FIELDS}
