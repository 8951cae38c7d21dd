"""Erasure by destroying a key, and the receipt that says what that covers and what it does not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import attrs

from crmkit import _notebook
from crmkit._canonical import json_bytes
from crmkit.encryption._octets._record_id import is_blank
from crmkit.errors import NotFoundError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crmkit.encryption._fields._field import Field
    from crmkit.encryption._values._row_seal import RowSeal
    from crmkit.encryption._values._subjects import SubjectStore
    from crmkit.typing import JSONValue, Signer

NOT_COVERED = (
    "plaintext in logs, exports, caches and search engines",
    "other processes until their cached keys expire",
    "backups of the subject store until the date above",
)
"""What no key destruction reaches; every receipt says it."""


@attrs.frozen
class ErasureReceipt:
    """What was destroyed for one person, and what is left to do; made by ``Box.shred``.

    Attributes:
        tenant: Whose data.
        subjects: The person's ids: the one asked for, and all that were merged with it.
        shredded_at: When, ISO 8601 in UTC.
        destroyed: How many keys were there to destroy; 0 if there was none or it was destroyed before.
        fields: Fields that can no longer be read for this person.
        still_to_null: Columns that hold data derived from those fields and must be set to NULL: blind indexes survive
            the key and are personal data, and so does a row seal.
        not_shredded: Encrypted fields of the same tables that are not under the person's key.
        backups_expire_at: When the last backup of the subject store that holds the key is gone; ``None``: nobody said.
        not_covered: What key destruction never reaches.

    .. versionadded:: 0.1.0
    """

    tenant: str
    subjects: tuple[str, ...]
    shredded_at: str
    destroyed: int
    fields: tuple[str, ...]
    still_to_null: tuple[str, ...]
    not_shredded: tuple[str, ...]
    backups_expire_at: str | None
    not_covered: tuple[str, ...] = NOT_COVERED

    def __repr__(self) -> str:
        left = f", {len(self.still_to_null)} columns still to set to NULL" if self.still_to_null else ""
        return f"<ErasureReceipt: {self.destroyed} keys destroyed, {len(self.fields)} fields unreadable{left}>"

    def _repr_html_(self) -> str:
        facts = {
            "when": datetime.fromisoformat(self.shredded_at),
            "keys destroyed": self.destroyed,
            "cannot be read any more": self.fields,
            "still to set to NULL": self.still_to_null,
            "not under the person's key": self.not_shredded,
            "last backup with the key gone": "nobody said"
            if self.backups_expire_at is None
            else datetime.fromisoformat(self.backups_expire_at),
        }
        return _notebook.sheet(
            "Erasure receipt", f"tenant {self.tenant}", _notebook.facts(facts),
            notes=[f"not covered: {one}" for one in self.not_covered],
        )  # fmt: skip

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the receipt as plain data."""
        return {"format": "crmkit-erasure/1"} | {
            name: list(value) if isinstance(value, tuple) else value for name, value in attrs.asdict(self).items()
        }

    def to_bytes(self) -> bytes:
        """Return the receipt as a ``crmkit-json/1`` document, which a signature can cover."""
        return json_bytes(self.to_dict())

    def signed(self, signer: Signer) -> tuple[bytes, bytes]:
        """Return the document and its signature."""
        document = self.to_bytes()
        return document, signer.sign(document)


def family(store: SubjectStore, tenant: str, subject: str) -> list[str]:
    """Return all ids of one person: up the merge pointers, and down to everybody who was merged."""
    root, seen = subject, {subject}
    while True:
        row = store.get_many(tenant, [root]).get(root)
        if row is None or row.merged_into is None or row.merged_into in seen:
            break
        root = row.merged_into
        seen.add(root)
    found = dict.fromkeys([subject, root])
    waiting = list(found)
    while waiting:
        for merged in store.merged_from(tenant, waiting.pop()):
            if merged not in found:
                found[merged] = None
                waiting.append(merged)
    return list(found)


def shred(
    store: SubjectStore,
    tenant: str,
    subject: str,
    fields: Iterable[Field],
    row_seal: RowSeal | None,
    now: Callable[[], datetime] | None = None,
) -> ErasureReceipt:
    """Destroy the keys of one person, and say what that covers."""
    if type(subject) is not str or is_blank(subject):  # which no key is under, and the receipt would say otherwise
        raise RefusedError("a person is named by text: shred('person:42')", rule="subject_missing")
    fields = list(fields)
    at = (datetime.now(UTC) if now is None else now()).astimezone(UTC)
    subjects = family(store, tenant, subject)
    if not store.get_many(tenant, subjects):  # a receipt would say of a mistyped name that somebody was erased
        raise NotFoundError("no person of this name ever had a key here; nothing was destroyed, and nothing is barred")
    before = store.tombstone(tenant, subjects, at.isoformat(timespec="seconds"))
    covered = [field for field in fields if field.subject]
    tables = {field.table for field in covered}
    derived = [f"{field.table}.{column}" for field in covered for column in field.index_columns.values()]
    if row_seal is not None and any(field.column in row_seal.columns for field in covered):
        derived.append(f"{row_seal.table}.{row_seal.column}")
    expires = None if store.backup_retention is None else at + store.backup_retention
    return ErasureReceipt(
        tenant=tenant,
        subjects=tuple(subjects),
        shredded_at=at.isoformat(timespec="seconds"),
        destroyed=sum(row.sealed is not None for row in before.values()),
        fields=tuple(field.name for field in covered),
        still_to_null=tuple(derived),
        not_shredded=tuple(field.name for field in fields if not field.subject and field.table in tables),
        backups_expire_at=None if expires is None else expires.isoformat(timespec="seconds"),
    )
