"""One key for each person, in a table of its own, so that a person's values can be destroyed by destroying the key."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

import attrs
from cryptography.exceptions import InvalidTag

from crmkit.encryption._keys._aead import siv
from crmkit.encryption._keys._derive import ROOT_BYTES, derive, parts, tag_root
from crmkit.encryption._keys._secret import SecretKey, Unpicklable
from crmkit.errors import IntegrityError, KeyDestroyedError, NotFoundError, RefusedError, SubjectShreddedError

from ._cipher import FieldCipher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from crmkit.encryption._fields._field import Field
    from crmkit.encryption._keys._keyset import Keyset

_MOST_CACHED: Final = 50_000


@attrs.frozen
class SubjectRow:
    """What a subject store keeps of one person.

    Attributes:
        subject: The person's id.
        generation: Version of the subject key of the keyset that sealed this one.
        sealed: The person's key, sealed; ``None`` once it is destroyed.
        created_at: When the key was made, ISO 8601.
        shredded_at: When it was destroyed; ``None`` while it is there.
        merged_into: The person that this one turned out to be.

    .. versionadded:: 0.1.0
    """

    subject: str
    generation: int
    sealed: bytes | None = attrs.field(repr=False)
    created_at: str
    shredded_at: str | None = None
    merged_into: str | None = None


@runtime_checkable
class SubjectStore(Protocol):
    """Where the keys of persons are kept: best in a database of its own, whose backups are kept for a short time.

    Erasure is only as complete as the oldest backup of this table.

    .. versionadded:: 0.1.0
    """

    @property
    def backup_retention(self) -> timedelta | None:
        """How long backups of the table are kept; ``None`` if nobody said."""
        ...

    def get_many(self, tenant: str, subjects: Sequence[str]) -> Mapping[str, SubjectRow]:
        """Return the rows of those that have one."""
        ...

    def put_many(self, tenant: str, rows: Sequence[SubjectRow]) -> Mapping[str, SubjectRow]:
        """Add rows for those that have none; return the rows that are there now, whoever put them."""
        ...

    def rewrap(self, tenant: str, rows: Sequence[tuple[SubjectRow, SubjectRow]]) -> int:
        """Replace rows that are still as the first of each pair by the second; return how many were."""
        ...

    def tombstone(self, tenant: str, subjects: Sequence[str], at: str) -> Mapping[str, SubjectRow]:
        """Destroy keys, for good and in one step; return the rows as they were. A subject without a row gets one."""
        ...

    def merge(self, tenant: str, subject: str, into: str) -> None:
        """Note that one person turned out to be another."""
        ...

    def merged_from(self, tenant: str, subject: str) -> Sequence[str]:
        """Return those that were merged straight into this one."""
        ...

    def page(self, tenant: str, after: str, limit: int) -> Sequence[SubjectRow]:
        """Return rows in the order of their subjects, behind ``after``; for walking through all of them."""
        ...


class _Entry(Unpicklable):
    """The key of one person; no attrs class, because those are written out by serializers."""

    __slots__ = ("ciphers", "key", "tags", "until")

    def __init__(self, until: float, key: SecretKey, tags: bytes) -> None:
        self.until = until
        self.key = key
        self.tags = tags
        self.ciphers: dict[str, FieldCipher] = {}


class SubjectKeys:
    """The keys of persons of one tenant, fetched from a store and kept for a while.

    Args:
        store: Where they are.
        keyset: Gives the keyset of the moment.
        ttl: How long a key is kept; so long after a shredding another process may still decrypt.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        store: SubjectStore,
        keyset: Callable[[], Keyset],
        *,
        ttl: timedelta,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store = store
        self._keyset = keyset
        self._ttl = ttl.total_seconds()
        self._clock = clock
        self._cache: dict[str, _Entry] = {}

    def ciphers(self, field: Field, subjects: Iterable[str], *, create: bool) -> dict[str, FieldCipher]:
        """Return a cipher of a field for each subject.

        Args:
            field: Which field.
            subjects: Whose.
            create: Whether persons without a key get one.

        Raises:
            SubjectShreddedError: The key of one was destroyed; it is never made again.
            NotFoundError: One has no key and none is to be made.
        """
        now = self._clock()
        wanted = dict.fromkeys(subjects)
        cached = {subject: entry for subject in wanted if (entry := self._cache.get(subject)) is not None}
        entries = {subject: entry for subject, entry in cached.items() if entry.until > now}
        entries |= self._fetch([subject for subject in wanted if subject not in entries], create=create)
        tenant = self._keyset().tenant
        found = {}
        for subject, entry in entries.items():
            cipher = entry.ciphers.get(field.name)
            if cipher is None:
                cipher = FieldCipher.of_subject(field, tenant, subject, entry.key.reveal(), entry.tags)
                entry.ciphers[field.name] = cipher
            found[subject] = cipher
        return found

    def evict(self, subjects: Iterable[str]) -> None:
        """Forget keys."""
        for subject in subjects:
            self._cache.pop(subject, None)

    def rewrap(self, batch: int = 1000) -> int:
        """Seal every person's key under the active subject key; return how many were not yet.

        No value changes. Afterwards an older subject key of the keyset can be destroyed.
        """
        keyset, done, after = self._keyset(), 0, ""
        current = keyset.active("subject").version
        while rows := self.store.page(keyset.tenant, after, batch):
            after = rows[-1].subject
            stale = [row for row in rows if row.sealed is not None and row.generation != current]
            pairs = [
                (row, self._sealed(keyset, row.subject, self._unseal(keyset, row), row.created_at, row))
                for row in stale
            ]
            done += self.store.rewrap(keyset.tenant, pairs) if pairs else 0
        return done

    def _fetch(self, subjects: list[str], *, create: bool) -> dict[str, _Entry]:
        if not subjects:
            return {}
        if not all(type(subject) is str and subject for subject in subjects):
            raise RefusedError("this field is encrypted for a person: give subject= as text", rule="subject_missing")
        keyset = self._keyset()
        rows = dict(self.store.get_many(keyset.tenant, subjects))
        absent = [subject for subject in subjects if subject not in rows]
        if absent and not create:
            raise NotFoundError("the subject has no key")
        if absent:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            fresh = [self._sealed(keyset, subject, os.urandom(ROOT_BYTES), now) for subject in absent]
            rows.update(self.store.put_many(keyset.tenant, fresh))
        until = self._clock() + self._ttl
        found = {}
        for subject in subjects:
            row = rows[subject]
            if row.sealed is None:
                self.evict([subject])
                raise SubjectShreddedError(
                    f"the key of subject {subject!r} was destroyed; nothing can be read or written for it",
                    subject=subject,
                )
            key = self._unseal(keyset, row)
            found[subject] = _Entry(until, SecretKey(key), tag_root(key))
        if len(self._cache) + len(found) > _MOST_CACHED:
            self._cache = {}
        self._cache.update(found)
        return found

    def _sealed(
        self, keyset: Keyset, subject: str, key: bytes, created_at: str, row: SubjectRow | None = None
    ) -> SubjectRow:
        root = keyset.active("subject")
        box = siv(derive(root.reveal(), 64, "subject-wrap", keyset.tenant))
        sealed = box.encrypt(key, [parts("subject", keyset.tenant, subject, root.version)])
        if row is not None:
            return attrs.evolve(row, generation=root.version, sealed=sealed)
        return SubjectRow(subject, root.version, sealed, created_at)

    def _unseal(self, keyset: Keyset, row: SubjectRow) -> bytes:
        root = keyset.key("subject", row.generation)
        if root.material is None:
            raise KeyDestroyedError(
                f"the subject key {root.version} that sealed the key of {row.subject!r} was destroyed"
            )
        box = siv(derive(root.reveal(), 64, "subject-wrap", keyset.tenant))
        try:
            return box.decrypt(row.sealed or b"", [parts("subject", keyset.tenant, row.subject, row.generation)])
        except (InvalidTag, TypeError, ValueError):  # text is no octets either
            raise IntegrityError(f"the key of subject {row.subject!r} is not what this keyring sealed") from None
