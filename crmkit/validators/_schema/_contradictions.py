"""Rules that no value, or no table, could satisfy: told when the rule set is made, not row by row."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from crmkit.errors import SchemaError
from crmkit.validators._checks._check import AllOf, Check, Graded, When, Worded
from crmkit.validators._rules._cardinality import Cardinality
from crmkit.validators._rules._relations import Unique
from crmkit.validators._rules._rule import Order, Require
from crmkit.validators._values._choice import Choice
from crmkit.validators._values._date import Date, DateTime
from crmkit.validators._values._number import Money, Number
from crmkit.validators._values._percentage import Age, Percentage
from crmkit.validators._values._text import Blank, Required, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from crmkit.validators._rules._rule import Rule

__all__ = ["refuse_contradictions"]

_AGAINST = {"<": {">", ">=", "=="}, ">": {"<", "<=", "=="}, "<=": {">"}, ">=": {"<"}, "==": {"<", ">"}}
_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "=="}


def refuse_contradictions(fields: Mapping[str, Check], rules: Iterable[Rule]) -> None:
    """Raise where two rules can never hold together.

    Raises:
        SchemaError: Naming the field or rules.
    """
    for field, check in fields.items():
        always = list(_unconditional(check))
        kinds = {type(part) for part in always}
        if Blank in kinds and Required in kinds:
            raise SchemaError(f"field {field!r} must be filled in and must be blank; drop Required() or Blank()")
        for part in always:
            problem = _impossible(part)
            if problem is not None:
                raise SchemaError(f"field {field!r}: {part!r} can never hold: {problem}")
        problem = _impossible_together(always)
        if problem is not None:
            raise SchemaError(f"field {field!r}: its checks can never hold together: {problem}")
        lists = [set(part.values) for part in always if isinstance(part, Choice)]
        if len(lists) > 1 and not set.intersection(*lists):
            raise SchemaError(f"field {field!r}: two lists of values have none in common")
    rules = list(rules)
    _refuse_blanks(fields, rules)
    _refuse_orders(rules)
    _refuse_counts(rules)


def _unconditional(check: Check) -> Iterator[Check]:
    if isinstance(check, AllOf):
        for part in check.checks:
            yield from _unconditional(part)
    elif isinstance(check, (Graded, Worded)):
        yield from _unconditional(check.check)
    elif not isinstance(check, When):
        yield check


def _impossible(check: Check) -> str | None:
    if isinstance(check, Text):
        least, most = check.min_length, check.max_length
        return "min_length is above max_length" if None not in (least, most) and least > most else None  # type: ignore[operator]  # neither is None
    if isinstance(check, (Number, Money, Percentage, Age)):
        low, high = check.ge, check.le
        return "ge is above le" if low is not None and high is not None and low > high else None
    if isinstance(check, (Date, DateTime)):
        after, before = check.after, check.before
        known = after is not None and before is not None and "now" not in (after, before)
        return "after is later than before" if known and str(after) > str(before) else None
    if isinstance(check, Choice):
        return None if check.values else "the list of values is empty"
    return None


def _impossible_together(checks: Iterable[Check]) -> str | None:
    """Do as :func:`_impossible` for limits that stand in several checks of one field."""
    parts = list(checks)
    limited = [part for part in parts if isinstance(part, (Number, Money, Percentage, Age))]
    low = max((part.ge for part in limited if part.ge is not None), default=None)
    high = min((part.le for part in limited if part.le is not None), default=None)
    if low is not None and high is not None and low > high:
        return f"at least {low} and at most {high}"
    texts = [part for part in parts if isinstance(part, Text)]
    least = max((part.min_length for part in texts if part.min_length is not None), default=0)
    most = min((part.max_length for part in texts if part.max_length is not None), default=least)
    if least > most:
        return f"at least {least} characters and at most {most}"
    dated = [part for part in parts if isinstance(part, (Date, DateTime))]
    first = max((part.after for part in dated if part.after not in (None, "now")), default=None)
    last = min((part.before for part in dated if part.before not in (None, "now")), default=None)
    if first is not None and last is not None and first[:10] > last[:10]:
        return f"not before {first} and not after {last}"
    return None


def _refuse_blanks(fields: Mapping[str, Check], rules: Iterable[Rule]) -> None:
    blank = {field for field, check in fields.items() if any(isinstance(part, Blank) for part in _unconditional(check))}
    for rule in rules:
        if isinstance(rule, Require) and rule.condition is None and rule.field in blank:
            raise SchemaError(f"the rule {rule.title!r} demands what the check of {rule.field!r} forbids; drop one")


def _refuse_orders(rules: Iterable[Rule]) -> None:
    seen: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for rule in rules:
        if not isinstance(rule, Order) or rule.condition is not None:
            continue
        turned = rule.first > rule.second
        pair = (rule.second, rule.first) if turned else (rule.first, rule.second)
        relation = _TURNED[rule.relation] if turned else rule.relation
        for other, title in seen.get(pair, []):
            if other in _AGAINST[relation]:
                raise SchemaError(f"the rules {title!r} and {rule.title!r} can never hold together")
        seen.setdefault(pair, []).append((relation, rule.title))


def _refuse_counts(rules: Iterable[Rule]) -> None:
    once = Counter(rule.fields for rule in rules if isinstance(rule, Unique) and rule.condition is None)
    for rule in rules:
        if isinstance(rule, Cardinality) and rule.within is None and rule.at_least > 1 and once[rule.fields]:
            raise SchemaError(f"the rule {rule.title!r} demands several rows of what must be unique")
