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


@dataclass(frozen=True)
class Found:
    """What a contact looks like, and what it cost to know."""

    hits: Sequence[Hit]
    cpu_ms: float


class Duplicates:
    """An index of all contacts in memory; it learns anew whenever there are twice as many as it has learnt from."""

    def __init__(self, contacts: Iterable[Contact]) -> None:
        self._known = {str(contact.id): _entry(contact) for contact in contacts}
        self._learnt_from = 0
        self._index: MatchIndex | None = None
        self._learn()

    def like(self, contact: Contact) -> Found:
        """Return the contacts that are probably the same person."""
        start = time.thread_time_ns()
        hits = [] if self._index is None else self._index.search(_entry(contact))
        probable = [hit for hit in hits if hit.match_probability >= PROBABLE]
        return Found(probable, (time.thread_time_ns() - start) / 1e6)

    def keep(self, contact: Contact) -> None:
        """Take in a new contact, or what one is by now."""
        key, entry = str(contact.id), _entry(contact)
        if self._index is not None:
            if key in self._known:
                self._index.remove(key)
            self._index.add(entry, key)
        self._known[key] = entry
        if len(self._known) >= 2 * self._learnt_from:
            self._learn()

    def _learn(self) -> None:
        if self._known:
            table = [entry | {"id": key} for key, entry in self._known.items()]
            self._index = Matcher.contacts().fit(table).index(table, key="id")
            self._learnt_from = len(table)


def _entry(contact: Contact) -> dict[str, str | None]:
    return {name: getattr(contact, name) for name in FIELDS}
