"""What is known of the backups of a set: when, where, how large, and what was checked of each."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

import attrs

from crmkit.backup._manifest._entry import KINDS, BackupKind
from crmkit.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterable

SKEW: Final = dt.timedelta(minutes=5)
"""How far clocks may disagree before a backup counts as dated in the future."""


def check_moment(at: object) -> None:
    """Raise unless it is a moment that every reader takes for the same.

    Raises:
        ValueError: A naive moment, a date, or something else.
    """
    if not isinstance(at, dt.datetime):
        raise ValueError(f"at is {type(at).__name__}; give an aware moment, such as datetime.now(UTC)")  # noqa: TRY004  as below
    if at.tzinfo is None:
        raise ValueError("at is naive; give an aware moment, such as datetime.now(UTC)")


def _aware(_instance: object, attribute: attrs.Attribute[Any], value: dt.datetime | None) -> None:
    if value is not None and value.tzinfo is None:
        raise ValueError(f"{attribute.name} is naive; give an aware moment, such as datetime.now(UTC)")


@attrs.frozen(kw_only=True)
class CopyPlace:
    """Where one copy of a backup lies.

    Attributes:
        name: What it is called.
        medium: Kind of medium, such as ``"disk"``, ``"tape"``, ``"object store"``.
        offsite: Whether it is in another place than the data.
        offline_or_immutable: Whether nobody can change or delete it over the network.

    Example:
        >>> CopyPlace(name="vault", medium="object store", offsite=True, offline_or_immutable=True).offsite
        True

    .. versionadded:: 0.1.0
    """

    name: str
    medium: str
    offsite: bool = False
    offline_or_immutable: bool = False


@attrs.frozen(kw_only=True)
class BackupRecord:
    """One backup as the catalogue knows it.

    Attributes:
        backup_id: Its id.
        created: When its data is from.
        kind: ``"full"``, ``"incremental"`` or ``"differential"``.
        parent: Id of the backup that it builds on.
        size_bytes: Its size.
        succeeded: Whether it was finished: it has a statement.
        verified_at: When its content was last verified without error; ``None`` for never.
        verify_errors: Errors of the last verification, 0 if none.
        drilled_at: When it was last restored in a drill that passed.
        restore_time: How long that took.
        encrypted: Whether it is encrypted.
        schema: Fingerprint of the schema.
        places: Where copies lie.

    Example:
        >>> from datetime import UTC, datetime
        >>> BackupRecord(backup_id="b1", created=datetime(2026, 1, 1, tzinfo=UTC)).kind
        'full'

    .. versionadded:: 0.1.0
    """

    backup_id: str
    created: dt.datetime = attrs.field(validator=_aware)
    kind: BackupKind = "full"
    parent: str | None = None
    size_bytes: int = 0
    succeeded: bool = True
    verified_at: dt.datetime | None = attrs.field(default=None, validator=_aware)
    verify_errors: int = 0
    drilled_at: dt.datetime | None = attrs.field(default=None, validator=_aware)
    restore_time: dt.timedelta | None = None
    encrypted: bool = False
    schema: str | None = None
    places: tuple[CopyPlace, ...] = attrs.field(default=(), converter=tuple)

    def __attrs_post_init__(self) -> None:
        if self.kind not in KINDS or (self.kind == "full") != (self.parent is None):
            raise SchemaError("an incremental or differential backup has a parent, and a full one has none")

    @property
    def verified(self) -> bool:
        """Whether it was finished, and found good when it was last looked at."""
        return self.succeeded and self.verified_at is not None and not self.verify_errors


def chain_of(record: BackupRecord, by_id: dict[str, BackupRecord]) -> list[BackupRecord] | None:
    """Return a backup and everything that it builds on; ``None`` where a link is missing or goes in a circle."""
    chain = [record]
    while chain[-1].parent is not None:
        parent = by_id.get(chain[-1].parent)
        if parent is None or parent in chain:
            return None
        chain.append(parent)
    return chain


def restorable(records: Iterable[BackupRecord]) -> list[BackupRecord]:
    """Return finished, undamaged backups with an unbroken chain, oldest first."""
    by_id = {record.backup_id: record for record in records}
    found = []
    for record in by_id.values():
        chain = chain_of(record, by_id)
        if chain is not None and all(link.succeeded and not link.verify_errors for link in chain):
            found.append(record)
    return sorted(found, key=lambda record: (record.created, record.backup_id))
