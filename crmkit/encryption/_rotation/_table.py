"""What a rotation reads, writes, remembers and reports."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import attrs

from crmkit import _notebook, frames
from crmkit._report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from crmkit.encryption._fields._field import Field
    from crmkit.typing import Frame, JSONValue, Severity


@attrs.frozen
class StoredToken:
    """One row of a column as a table holds it.

    Attributes:
        key: The row's primary key.
        token: What the column holds: a token, or what a migration reads.
        subject: The person, for fields with ``subject=True``.
        others: Further columns, for compound indexes and those that the field is bound to.

    .. versionadded:: 0.1.0
    """

    key: Any
    token: Any = attrs.field(repr=False)
    subject: str | None = None
    others: Mapping[str, object] = attrs.field(factory=dict, repr=False)


@attrs.frozen
class Rewrite:
    """One row that is to be written, if the column still holds what was read.

    Attributes:
        key: The row's primary key.
        old: What the column held.
        new: What it gets.
        indexes: Index columns and their terms.

    .. versionadded:: 0.1.0
    """

    key: Any
    old: Any = attrs.field(repr=False)
    new: Any = attrs.field(repr=False)
    indexes: Mapping[str, Any] = attrs.field(factory=dict, repr=False)


@attrs.frozen
class Checkpoint:
    """How far a rotation is; kept in the database, in the same transaction as the rows.

    Attributes:
        name: Of the rotation.
        after: The last key that was looked at.
        rewritten: As in :class:`RotationReport`, and so are the others.

    .. versionadded:: 0.1.0
    """

    name: str
    after: Any = None
    rewritten: int = 0
    current: int = 0
    conflicts: int = 0
    failed: int = 0
    done: bool = False

    def to_json(self) -> str:
        """Return the checkpoint as a table keeps it; a key of octets stands in hexadecimal under its own name."""
        after = {"octets": self.after.hex()} if isinstance(self.after, bytes) else self.after
        return json.dumps({**attrs.asdict(self), "after": after})

    @classmethod
    def from_json(cls, state: str) -> Checkpoint:
        """Undo :meth:`to_json`."""
        said = json.loads(state)
        if isinstance(said["after"], dict):
            said["after"] = bytes.fromhex(said["after"]["octets"])
        return cls(**said)


@runtime_checkable
class TokenTable(Protocol):
    """A column of tokens in a database, walked in the order of the primary key.

    :class:`SQLiteTokenTable` and :class:`SQLAlchemyTokenTable` are two.

    .. versionadded:: 0.1.0
    """

    def load(self, name: str) -> Checkpoint | None:
        """Return the checkpoint of that name."""
        ...

    def batch(self, after: Any, limit: int) -> Sequence[StoredToken]:
        """Return rows with a value, behind the key ``after`` (``None``: from the start), in the order of keys."""
        ...

    def write(self, rows: Sequence[Rewrite], checkpoint: Callable[[int], Checkpoint]) -> int:
        """Write rows that still hold what was read, and the checkpoint, all in one transaction.

        Args:
            rows: What to write.
            checkpoint: Called with how many rows were written; returns what to keep.

        Returns:
            How many rows were written.
        """
        ...

    def prefixes(self) -> Mapping[str, int]:
        """Return how many values begin with each 29 characters (18 bytes as hexadecimal, where raw)."""
        ...


@attrs.frozen
class TokenCount(Report):
    """How many tokens of a column there are under each key; made by ``Rotator.verify``.

    Attributes:
        field: The column.
        tags: Key tag in hexadecimal -> number of tokens.
        current: Tokens of the key that writes.
        stale: Tokens of other keys.
        foreign: Values that are no tokens.

    .. versionadded:: 0.1.0
    """

    field: Field
    tags: Mapping[str, int]
    current: int
    stale: int
    foreign: int

    def __repr__(self) -> str:
        found = f"{self.current:,} current, {self.stale:,} stale, {self.foreign:,} foreign"
        return f"<TokenCount of {self.field.name!r}: {found}>"

    def _repr_html_(self) -> str:
        facts = {
            "under the key that writes": self.current, "under other keys": self.stale, "no tokens": self.foreign,
            "keys in use": len(self.tags),
        }  # fmt: skip
        lead = "all under the key that writes" if self.ok else "rows are left to rewrite"
        return _notebook.sheet(f"Tokens of {self.field.name}", lead, _notebook.facts(facts))

    @property
    def ok(self) -> bool:
        """Whether every value is a token of the key that writes."""
        return not self.stale and not self.foreign

    def counts(self) -> dict[str, int]:
        """Return how many values are under the key that writes, under others, and no tokens at all."""
        return {"current": self.current, "stale": self.stale, "foreign": self.foreign}

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return the number of tokens under each key (tag, tokens) as a frame of the kind of ``like``."""
        return frames.build({"tag": list(self.tags), "tokens": list(self.tags.values())}, like=like)

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the counts as plain data."""
        return {"field": self.field.name, "ok": self.ok, "tags": dict(self.tags), **self.counts()}

    def _reason(self, severity: Severity) -> str | None:
        del severity
        left = f"{self.stale} tokens of other keys, {self.foreign} values that are none"
        return None if self.ok else f"{self.field.name}: {left}"


@attrs.frozen
class RotationReport(Report):
    """What a rotation did; made by ``Rotator.run``. Counts go over all runs since the first.

    Attributes:
        rewritten: Rows written.
        current: Rows that needed nothing.
        conflicts: Rows that somebody else wrote meanwhile: they have a newer value, and it stays.
        failed: Rows that could not be opened; they stay as they are.
        errors: Keys of the first of them in this run, with the name of the error's class.
        done: Whether the walk came to the end.

    .. versionadded:: 0.1.0
    """

    rewritten: int
    current: int
    conflicts: int
    failed: int
    errors: tuple[tuple[Any, str], ...]
    done: bool

    def _repr_html_(self) -> str:
        facts = {
            "rewritten": self.rewritten, "needed nothing": self.current, "written by others meanwhile": self.conflicts,
            "could not be opened": self.failed,
        }  # fmt: skip
        rows = [(key, error) for key, error in self.errors[:20]]
        return _notebook.sheet(
            "Rotation", "at its end" if self.done else "not at its end", _notebook.facts(facts),
            _notebook.table(("row", "error"), rows) if rows else "",
        )  # fmt: skip

    @property
    def ok(self) -> bool:
        """Whether the walk came to the end and every row could be opened."""
        return self.done and not self.failed

    def counts(self) -> dict[str, int]:
        """Return how many rows were written, needed nothing, were written by others, and could not be opened."""
        return {
            "rewritten": self.rewritten, "current": self.current, "conflicts": self.conflicts, "failed": self.failed,
        }  # fmt: skip

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return the first rows that could not be opened (key, error) as a frame of the kind of ``like``."""
        columns: dict[str, list[object]] = {
            "key": [key for key, _ in self.errors], "error": [error for _, error in self.errors],
        }  # fmt: skip
        return frames.build(columns, like=like)

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the counts as plain data, without keys of rows."""
        return {"ok": self.ok, "done": self.done, **self.counts()}

    def _reason(self, severity: Severity) -> str | None:
        del severity
        place = f"the walk is {'' if self.done else 'not '}at its end"
        return None if self.ok else f"{self.failed} rows could not be opened; {place}"
