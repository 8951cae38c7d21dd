"""A matcher as data: settings and fitted model in a versioned document, without any value out of a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from crmkit.errors import CrmkitError, FormatError, InvalidValueError

from ._decisions._threshold import Precision, check_threshold
from ._kinds._fields import Comparison
from ._learning._model import MatchModel
from ._learning._wellformed import check_comparisons
from ._pairs._blocking import BlockingRule
from ._settings._chosen import as_country

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
        FormatError: Not a matcher, one of a later version, or one that was edited; the location names the part.
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
    if settings["comparisons"] is not None:
        check_comparisons(settings["comparisons"], "comparisons")
    for name, read in _READERS.items():
        try:
            settings[name] = read(settings[name])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            said = str(error) if isinstance(error, CrmkitError) else "not what a matcher writes there"
            raise FormatError(said, location=name) from error
    model = document["model"]
    try:
        return settings, None if model is None else MatchModel.from_dict(model)
    except FormatError as error:
        where = "model" if not error.location else f"model.{error.location}"
        raise FormatError(str(error).removeprefix(f"{error.location}: "), location=where) from None


def _kind(value: object) -> object:
    if value not in {"contact", "account", "lead"}:
        raise InvalidValueError("a matcher is for contacts, accounts or leads")
    return value


def _comparisons(value: Any) -> object:  # what a file holds
    return None if value is None else [Comparison.from_dict(one) for one in value]


def _rules(value: Any) -> object:
    if value is None:
        return None
    for rule in value:
        if (
            rule.keys() != {"keys", "loose"}
            or not isinstance(rule["keys"], list)
            or not isinstance(rule["loose"], bool)
        ):
            raise InvalidValueError("each rule has its keys, and whether it is loose")
        if not all(isinstance(key, str) for key in rule["keys"]):
            raise InvalidValueError("the keys of a rule are texts")
    return [BlockingRule(*rule["keys"], loose=rule["loose"]) for rule in value]


def _threshold(value: Any) -> object:
    cut = Precision(value["precision"]) if isinstance(value, Mapping) and value.keys() == {"precision"} else value
    check_threshold(cut)
    return cut


def _whole(least: int) -> Callable[[object], object]:
    def read(value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise InvalidValueError(f"a whole number from {least}")
        return value

    return read


_READERS: dict[str, Callable[[Any], object]] = {
    "kind": _kind, "comparisons": _comparisons, "blocking": _rules, "threshold": _threshold, "country": as_country,
    "block_cap": _whole(2), "seed": _whole(0),
}  # fmt: skip
