"""What a look-up answers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs

from crmkit import _notebook, frames
from crmkit._report import Report
from crmkit.masking import shown_id
from crmkit.matching._results._explain import UNCOUNTED

if TYPE_CHECKING:
    from crmkit.matching._results._explain import PairExplanation
    from crmkit.typing import Frame

__all__ = ["DuplicateCheck", "Hit"]

_LN2 = math.log(2.0)
_DIFFERENT = ("different", "another name")


@attrs.frozen(kw_only=True)
class Hit:
    """A record of an index that may be the same party as the one that was looked up.

    Attributes:
        record_id: Its id.
        log_odds: Natural log odds of a match.
        explanation: The most probable reason why the two agree, as in the ``explanation`` column of ``pairs``.

    Example:
        >>> Hit(record_id="a", log_odds=0.0, explanation="match").match_probability
        0.5

    .. versionadded:: 0.1.0
    """

    record_id: object
    log_odds: float = attrs.field(repr=False)
    explanation: str

    @property
    def match_weight(self) -> float:
        """Log2 odds of a match."""
        return self.log_odds / _LN2

    @property
    def match_probability(self) -> float:
        """The same as a probability, 0..1."""
        return 1.0 / (1.0 + math.exp(-min(max(self.log_odds, -700.0), 700.0)))


@attrs.frozen(kw_only=True, repr=False)
class DuplicateCheck(Report):
    """Whether a record looks like one that is there already.

    Attributes:
        hits: What it looks like, most probable first.
        explanations: For each of them why.
        threshold: Match probability from which a record counted.

    Example:
        >>> print(DuplicateCheck(hits=(), explanations=(), threshold=0.5))
        this looks like no record that is there

    .. versionadded:: 0.1.0
    """

    hits: tuple[Hit, ...]
    explanations: tuple[PairExplanation, ...]
    threshold: float

    @property
    def ok(self) -> bool:
        """Whether the record looks like none that is there."""
        return not self.hits

    def counts(self) -> dict[str, int]:
        """Return how many records it looks like."""
        return {"hits": len(self.hits)}

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return the hits (record_id, match_probability, match_weight, explanation) as a frame of ``like``'s kind."""
        names = ("record_id", "match_probability", "match_weight", "explanation")
        return frames.build({name: [getattr(hit, name) for hit in self.hits] for name in names}, like=like)

    def __repr__(self) -> str:
        return f"<DuplicateCheck: {len(self.hits)} hits; threshold {self.threshold:g}>"

    def _repr_html_(self) -> str:
        rows = [
            (shown_id(hit.record_id), f"{hit.match_probability:.1%}", why.text)
            for hit, why in zip(self.hits, self.explanations, strict=True)
        ]
        lead = "this looks like:" if self.hits else "this looks like no record that is there"
        table = _notebook.table(("record", "match probability", "because"), rows) if rows else ""
        return _notebook.sheet("", lead, table)

    def __str__(self) -> str:
        if not self.hits:
            return "this looks like no record that is there"
        lines = ["this looks like:"]
        for hit, why in zip(self.hits, self.explanations, strict=True):
            lines.append(f"  {hit.record_id}  {hit.match_probability:.1%}: {why.text}")
            agree = [name for step in why.steps for name, level in step.levels if level == "exact"]
            alike = [
                f"{name} ({level})"
                for step in why.steps
                for name, level in step.levels
                if level not in {"exact", *UNCOUNTED, *_DIFFERENT}
            ]
            differ = [name for step in why.steps for name, level in step.levels if level in _DIFFERENT]
            for word, names in (("same", agree), ("alike", alike), ("different", differ)):
                if names:
                    lines.append(f"      {word}: {', '.join(names)}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain data: record ids and figures, no value out of any record."""
        return {
            "ok": self.ok,
            "threshold": self.threshold,
            "hits": [
                {
                    "record_id": hit.record_id,
                    "match_probability": hit.match_probability,
                    "match_weight": hit.match_weight,
                    "explanation": hit.explanation,
                    "text": why.text,
                    "evidence": why.to_dict()["steps"],
                }
                for hit, why in zip(self.hits, self.explanations, strict=True)
            ],
        }
