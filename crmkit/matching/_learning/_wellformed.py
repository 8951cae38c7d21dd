"""Whether a saved model is one that could have been learned: every part there, of its type, shape and range.

A model that was edited or cut would otherwise score with it: zero chances are infinite odds, and a kappa that is no
number makes every probability one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crmkit.errors import FormatError
from crmkit.matching._kinds._channels import EMAIL_DIFFERENT
from crmkit.matching._settings._presets import CHANCE, DEPENDS, MATCH, changed, explanation_texts
from crmkit.matching.comparisons import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["check_comparisons", "check_model"]

_PARTS = (
    "format", "comparisons", "n", "pairs", "numbers", "rates", "errors", "chance", "namesake_email", "kappa",
    "correction",
)  # fmt: skip
_COMPARISON = {
    "name": str, "kind": str, "fields": list, "columns": list, "group": str, "nested": bool, "wide": (str, type(None)),
    "shared_by": (str, type(None)),
}  # fmt: skip
_ROUNDING = 1e-6


def check_model(document: Mapping[str, Any]) -> None:
    """Refuse a document that no fitted model writes.

    Raises:
        FormatError: A part is missing, unknown, or not what it should be; the location names it.
    """
    _has(document, _PARTS, "")
    comparisons = document["comparisons"]
    check_comparisons(comparisons, "comparisons")
    if not comparisons:
        raise FormatError("a model compares something", location="comparisons")
    _number(document["n"], "n", least=0.0)
    _number(document["pairs"], "pairs", least=1.0)
    _number(document["kappa"], "kappa", least=1.0)
    _explanations(document)
    sizes = {one["name"]: len(KINDS[one["kind"]].levels) for one in comparisons}
    for part in ("errors", "chance"):
        _has(document[part], sizes, part)
        for name, size in sizes.items():
            _shares(document[part][name], size, f"{part}.{name}")
    if document["namesake_email"] is not None:
        _shares(document["namesake_email"], EMAIL_DIFFERENT + 1, "namesake_email")
    _correction(document)


def check_comparisons(documents: object, location: str) -> None:
    """Refuse comparisons that no matcher writes.

    Raises:
        FormatError: They are not a list, or one is not whole, unknown, or named as another one is.
    """
    if not isinstance(documents, list):
        raise FormatError("comparisons are a list", location=location)
    names = set()
    for place, one in enumerate(documents):
        at = f"{location}[{place}]"
        _has(one, _COMPARISON, at)
        for part, kind in _COMPARISON.items():
            texts = one[part] if isinstance(one[part], list) else []
            if not isinstance(one[part], kind) or not all(isinstance(text, str) for text in texts):  # type: ignore[arg-type]  # types, or tuples of them
                raise FormatError("not what a comparison has there", location=f"{at}.{part}")
        if one["kind"] not in KINDS:
            raise FormatError("no such kind of comparison", location=f"{at}.kind")
        if one["shared_by"] not in {None, "household", "employer"}:
            raise FormatError("neither 'household' nor 'employer'", location=f"{at}.shared_by")
        if not one["name"] or not one["group"] or one["name"] in names:
            raise FormatError("each comparison has a name of its own, and a group", location=at)
        names.add(one["name"])


def _explanations(document: Mapping[str, Any]) -> None:
    numbers, rates = document["numbers"], document["rates"]
    groups = {one["group"] for one in document["comparisons"]}
    groups |= {one["wide"] for one in document["comparisons"] if one["wide"] is not None}
    groups |= {changed(group) for group in DEPENDS}
    if not isinstance(numbers, Mapping) or MATCH not in numbers:
        raise FormatError(f"a model has a number for {MATCH!r}", location="numbers")
    known = explanation_texts(()).keys() - {CHANCE}
    _has(rates, numbers, "rates")
    for name, number in numbers.items():
        if name not in known:
            raise FormatError("no such explanation", location=f"numbers.{name}")
        _number(number, f"numbers.{name}", least=0.0)
        if not isinstance(rates[name], Mapping):
            raise FormatError("not a rate for each group", location=f"rates.{name}")
        for group, rate in rates[name].items():
            if group not in groups:
                raise FormatError("no comparison is of this group", location=f"rates.{name}.{group}")
            _number(rate, f"rates.{name}.{group}", least=0.0, most=1.0)


def _correction(document: Mapping[str, Any]) -> None:
    weights = document["correction"]
    names = [f"against {name}" for name in (*document["numbers"], CHANCE) if name != MATCH]
    names += [f"{one['name']} {how}" for one in document["comparisons"] for how in ("equal", "differs")]
    if weights != {}:
        _has(weights, ("constant", *names), "correction")
        for name, weight in weights.items():
            _number(weight, f"correction.{name}", least=-math.inf)


def _has(document: object, parts: Iterable[str], location: str) -> None:
    """Refuse what has not exactly these parts."""
    at = f"{location}." if location else ""
    if not isinstance(document, Mapping):
        raise FormatError("not what it should be: a name and a value for each part", location=location)
    for part in parts:
        if part not in document:
            raise FormatError("this part is missing", location=f"{at}{part}")
    for part in document:
        if part not in parts:
            raise FormatError("no such part", location=f"{at}{part}")


def _number(value: object, location: str, *, least: float, most: float = math.inf) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise FormatError("not a number", location=location)
    if not least <= value <= most:
        raise FormatError(f"not in the range from {least:g} to {most:g}", location=location)


def _shares(values: object, size: int, location: str) -> None:
    """Refuse what are no probabilities of this many levels: each above 0, together 1."""
    if not isinstance(values, list) or len(values) != size:
        raise FormatError(f"not {size} probabilities, one for each level", location=location)
    for place, value in enumerate(values):
        _number(value, f"{location}[{place}]", least=math.ulp(0.0), most=1.0 + _ROUNDING)
    if abs(sum(values) - 1.0) > _ROUNDING:
        raise FormatError("the probabilities of the levels add up to 1", location=location)
