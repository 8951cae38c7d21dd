"""What a verification found."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import attrs

from crmkit import _notebook
from crmkit._report import Report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit.typing import Frame, JSONValue, Language, Severity

    from ._damage import Damage

__all__ = ["LogReport"]


@attrs.frozen(kw_only=True)
class LogReport(Report):
    """What `verify` found. Iterating gives each `Damage`, the earliest event first.

    Attributes:
        origin: Which log.
        size: How many events are there.
        proved: How many of them a good checkpoint covers; those behind it could be cut off or changed unseen.
        witnessed: How many of them a checkpoint covers that was kept elsewhere.
        pruned: How many of them have hashes only.
        damage: What is wrong.
        deep: Whether every event was read and written again.
        checkpoint: The newest good checkpoint; what a later ``verify(since=...)`` goes on from.

    .. versionadded:: 0.1.0
    """

    origin: str | None
    size: int
    proved: int
    witnessed: int
    pruned: int
    damage: tuple[Damage, ...]
    deep: bool
    checkpoint: bytes | None = attrs.field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong and something was proved; an empty log has nothing to prove."""
        return not any(item.severity == "error" for item in self.damage) and (self.proved > 0 or self.size == 0)

    @property
    def first(self) -> Damage | None:
        """The earliest damage."""
        return self.damage[0] if self.damage else None

    def __iter__(self) -> Iterator[Damage]:
        return iter(self.damage)

    def _reason(self, severity: Severity) -> str | None:
        """Return the first damage of this severity or worse, or that nothing was proved."""
        bad = [item for item in self.damage if severity != "error" or item.severity == "error"]
        return bad[0].message() if bad else None if self.ok else "nothing was proved"

    def counts(self) -> dict[str, int]:
        """Count the damage by kind."""
        return dict(Counter(item.kind for item in self.damage))

    def to_frame(self, like: object = None, *, lang: Language = "en") -> Frame:
        """Return the damage as a frame of the kind of ``like``, or a ``RecordSet``."""
        from crmkit import frames

        columns: dict[str, list[object]] = {
            name: [getattr(item, name) for item in self.damage]
            for name in ("kind", "severity", "seq", "last", "location")
        }
        columns["message"] = [item.message(lang) for item in self.damage]
        return frames.build(columns, like=like)

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the report as JSON has it."""
        return {
            "origin": self.origin,
            "ok": self.ok,
            "size": self.size,
            "proved": self.proved,
            "witnessed": self.witnessed,
            "pruned": self.pruned,
            "deep": self.deep,
            "damage": [{**attrs.asdict(item), "message": item.message()} for item in self.damage],
        }

    def __repr__(self) -> str:
        state = "ok" if self.ok else self.damage[0].message() if self.damage else "nothing was proved"
        return f"<LogReport {self.origin!r}: {self.size:,} events, {self.proved:,} proved; {state}>"

    def _repr_html_(self) -> str:
        rows = [(item.severity, item.kind, item.message()) for item in self.damage[:20]]
        table = _notebook.table(("severity", "what", "in words"), rows) if rows else ""
        rest = _notebook.more(len(rows), len(self.damage), "findings")
        return _notebook.sheet("", repr(self)[1:-1], table, rest)
