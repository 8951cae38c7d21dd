"""A matcher as data: settings and fitted model in a versioned document, without any value out of a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from crmkit.errors import FormatError

from ._decisions._threshold import Precision
from ._kinds._fields import Comparison
from ._learning._model import MatchModel
from ._pairs._blocking import BlockingRule

if TYPE_CHECKING:
    from ._matcher import Matcher

__all__ = ["FORMAT", "document_of", "settings_of"]

FORMAT = "crmkit-matcher/1"
_PARTS = ("format", "kind", "comparisons", "blocking", "threshold", "country", "block_cap", "seed", "model")


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


def settings_of(document: object) -> tuple[dict[str, object], MatchModel | None]:
    """Return the settings of a matcher and its model from what ``document_of`` made.

    Raises:
        FormatError: Not a matcher, or one of a later version.
    """
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise FormatError(f"not a {FORMAT} document; save matchers with to_dict()", location="format")
    for name in _PARTS:
        if name not in document:
            raise FormatError(f"this {FORMAT} document is not whole", location=name)
    for name in document:
        if name not in _PARTS:
            raise FormatError(f"a {FORMAT} document has no such part", location=str(name))
    settings = {name: document[name] for name in _PARTS if name not in {"format", "model"}}
    comparisons, blocking, threshold = (settings[name] for name in ("comparisons", "blocking", "threshold"))
    try:
        if isinstance(comparisons, list):
            settings["comparisons"] = [Comparison.from_dict(one) for one in comparisons]
        if isinstance(blocking, list):
            settings["blocking"] = [BlockingRule(*rule["keys"], loose=rule["loose"]) for rule in blocking]
        if isinstance(threshold, dict):
            settings["threshold"] = Precision(threshold["precision"])
        model = document["model"]
        return settings, MatchModel.from_dict(model) if isinstance(model, dict) else None
    except (AttributeError, KeyError, TypeError) as error:
        raise FormatError(f"this {FORMAT} document cannot be read: {type(error).__name__}", location="") from error
