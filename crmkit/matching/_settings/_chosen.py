"""What a matcher compares and blocks by: what the caller named, else the preset of its kind of record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.errors import InvalidValueError, NotFoundError, SchemaError
from crmkit.matching._kinds._fields import Comparison
from crmkit.matching._pairs._blocking import BlockingRule
from crmkit.matching.comparisons import KINDS
from crmkit.normalize import countries

from ._presets import blocking_rules, comparisons_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit.typing import RecordKind

__all__ = ["as_comparisons", "as_country", "as_rules", "chosen_comparisons", "chosen_rules"]


def as_comparisons(values: Iterable[Comparison] | None) -> tuple[Comparison, ...] | None:
    """Take comparisons, and nothing that only names one.

    Raises:
        InvalidValueError: Something else is among them.
    """
    found = None if values is None else (values,) if isinstance(values, Comparison) else tuple(values)
    if not all(isinstance(one, Comparison) for one in found or ()):
        raise InvalidValueError("comparisons are made with crmkit.matching.comparisons, such as comparisons.email()")
    return found


def as_rules(values: Iterable[BlockingRule] | None) -> tuple[BlockingRule, ...] | None:
    """Take blocking rules, and nothing that only names a key.

    Raises:
        InvalidValueError: Something else is among them.
    """
    found = None if values is None else tuple(values)
    if not all(isinstance(one, BlockingRule) for one in found or ()):
        raise InvalidValueError("blocking is a list of rules, such as [BlockingRule('email')]")
    return found


def as_country(country: object) -> str | None:
    """Return the code of a country that a caller names.

    Raises:
        InvalidValueError: It names none.
    """
    if country is None:
        return None
    code = countries.normalize(country) if isinstance(country, str) else None
    if code is None:
        raise InvalidValueError("country= is a code of ISO 3166-1 such as 'CN', or a country's name")
    return code


def chosen_comparisons(kind: RecordKind, named: tuple[Comparison, ...] | None) -> tuple[Comparison, ...]:
    """Return the comparisons, each with a name of its own.

    Raises:
        SchemaError: Two have one name.
    """
    chosen = comparisons_of(kind) if named is None else named
    names = [one.name for one in chosen]
    for one in chosen:
        if names.count(one.name) > 1:
            raise SchemaError(f"two comparisons are called {one.name!r}; give one another name=")
    return chosen


def chosen_rules(
    kind: RecordKind, comparisons: Sequence[Comparison], named: tuple[BlockingRule, ...] | None
) -> tuple[BlockingRule, ...]:
    """Return the blocking rules; to a preset's, one loose rule is added for each comparison that is not its own.

    Raises:
        NotFoundError: A rule of the caller's names a key that no comparison makes.
    """
    if named is None:
        own = {one.name for one in comparisons_of(kind)}
        added = [one.name for one in comparisons if one.name not in own]
        return (*blocking_rules(kind), *(BlockingRule(name, loose=True) for name in added))
    known = [
        name for one in comparisons for name in (one.name, *(f"{one.name}_{suffix}" for suffix in KINDS[one.kind].keys))
    ]
    known += ["whole_name", "whole_sound"]
    for rule in named:
        for name in rule.keys:
            if name not in known:
                raise NotFoundError.of("blocking key", name, known)
    return named
