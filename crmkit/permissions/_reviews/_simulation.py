"""How a policy would have answered what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from crmkit import _notebook, frames
from crmkit._report import Report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.typing import Frame, JSONValue, Usage

__all__ = ["Simulation"]


@attrs.frozen
class Simulation(Report):
    """How a policy would have answered what was done.

    Attributes:
        allowed: How many uses it would have allowed.
        denied: Those that it would have denied.
        unsure: Those that depend on a record that was not given.

    .. versionadded:: 0.1.0
    """

    allowed: int
    denied: tuple[Usage, ...] = attrs.field(repr=False)
    unsure: tuple[Usage, ...] = attrs.field(repr=False)

    def __repr__(self) -> str:
        return f"<Simulation: {self.allowed} allowed, {len(self.denied)} denied, {len(self.unsure)} unsure>"

    def _repr_html_(self) -> str:
        facts = {"would be allowed": self.allowed, "would be denied": len(self.denied), "unsure": len(self.unsure)}
        rows = [(one.actor, one.action, one.at) for one in self.denied[:20]]
        denied = _notebook.table(("who", "denied", "when"), rows) if rows else ""
        return _notebook.sheet("Simulation", "", _notebook.facts(facts), denied)

    @property
    def ok(self) -> bool:
        """Whether nothing that was done would have been denied."""
        return not self.denied

    def counts(self) -> Mapping[str, int]:
        """Return how many uses would have been allowed, denied, and which nobody can tell."""
        return {"allowed": self.allowed, "denied": len(self.denied), "unsure": len(self.unsure)}

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return the uses that would not simply have been allowed as a frame of the kind of ``like``."""
        uses = [("denied", one) for one in self.denied] + [("unsure", one) for one in self.unsure]
        columns: dict[str, list[object]] = {
            "outcome": [outcome for outcome, _ in uses],
            "actor": [one.actor for _, one in uses],
            "action": [one.action for _, one in uses],
            "resource": [" ".join(one.resource) if one.resource else None for _, one in uses],
            "at": [one.at.isoformat() for _, one in uses],
        }
        return frames.build(columns, like=like)

    def to_dict(self) -> Mapping[str, JSONValue]:
        """Return the counts as plain data."""
        return {"ok": self.ok, **self.counts()}
