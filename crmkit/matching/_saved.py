"""A matcher as data: settings and fitted model in a versioned document, without any value out of a record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.errors import FormatError

from ._blocking import BlockingRule
from ._fields import Comparison
from ._model import MatchModel
from ._threshold import Precision

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._matcher import Matcher

__all__ = ["FORMAT", "document_of", "settings_of"]

FORMAT = "crmkit-matcher/1"


def document_of(matcher: Matcher) -> dict[str, object]:
    """Return a matcher as plain data."""
    cut = matcher.threshold
    rules = matcher.blocking
    return {
        "format": FORMAT,
        "kind": matcher.kind,
        "comparisons": None if matcher.comparisons is None else [one.to_dict() for one in matcher.comparisons],
        "blocking": None if rules is None else [{"keys": list(rule.keys), "loose": rule.loose} for rule in rules],
        "threshold": {"precision": cut.target} if isinstance(cut, Precision) else cut,
        "country": matcher.country,
        "block_cap": matcher.block_cap,
        "seed": matcher.seed,
        "model": None if matcher.model_ is None else matcher.model_.to_dict(),
    }


def settings_of(document: Mapping[str, object]) -> tuple[dict[str, object], MatchModel | None]:
    """Return the settings of a matcher and its model from what ``document_of`` made.

    Raises:
        FormatError: Not a matcher, or one of a later version.
    """
    if document.get("format") != FORMAT:
        raise FormatError(f"not a {FORMAT} document; save matchers with to_dict()", location="format")
    settings = {name: value for name, value in document.items() if name not in {"format", "model"}}
    comparisons, blocking, threshold = (settings[name] for name in ("comparisons", "blocking", "threshold"))
    if isinstance(comparisons, list):
        settings["comparisons"] = [Comparison.from_dict(one) for one in comparisons]
    if isinstance(blocking, list):
        settings["blocking"] = [BlockingRule(*rule["keys"], loose=rule["loose"]) for rule in blocking]
    if isinstance(threshold, dict):
        settings["threshold"] = Precision(threshold["precision"])
    model = document["model"]
    return settings, MatchModel.from_dict(model) if isinstance(model, dict) else None
