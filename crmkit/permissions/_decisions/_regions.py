"""Records that stand for all others: enough of them that two conditions which agree on these agree on every record.

Atoms compare a field with known values, so a field's values fall into few regions between which no atom can tell
apart. One value of each region, combined over the fields, decides equality. Where regions cannot be listed (text in
text, order of text, one field against another by order, predicates) or are too many, the answer is marked incomplete:
a difference that was found is real, but none that was found means nothing.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import attrs

from crmkit.permissions._conditions._atoms import Atom, Compare, HasText, StartsWith, Under
from crmkit.permissions._conditions._normal import walk
from crmkit.permissions._conditions._operands import RecordValue
from crmkit.permissions._conditions._tree import Condition, Custom

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crmkit.permissions._conditions._schema import Resource
    from crmkit.permissions._conditions._types import Type

__all__ = ["Regions", "regions"]

_MAX_RECORDS: Final = 20_000
_MAX_MEMBERS: Final = 6
_FRESH: Final = "\u2063other"
"""A text that no policy is likely to name: it begins with an invisible separator."""


@attrs.frozen
class Regions:
    """Values of each field that is asked for, and whether they stand for all."""

    values: Mapping[str, tuple[object, ...]]
    complete: bool

    def records(self) -> Iterator[dict[str, object]]:
        """Yield the combinations, at most as many as can be looked at."""
        names = list(self.values)
        combinations = itertools.product(*(self.values[name] for name in names))
        for cells in itertools.islice(combinations, _MAX_RECORDS):
            yield dict(zip(names, cells, strict=True))


def regions(conditions: tuple[Condition, ...], resource: Resource) -> Regions:
    """Return the regions of some bound conditions on one resource."""
    seen: dict[str, dict[object, None]] = {}
    joined: dict[str, set[str]] = {}
    complete = True
    for condition in conditions:
        for node in walk(condition):
            if isinstance(node, Custom):
                complete = False
            elif isinstance(node, Atom):
                name = node.left.name
                marks = seen.setdefault(name, {})
                if isinstance(node.right, RecordValue):
                    seen.setdefault(node.right.name, {})
                    _join(joined, name, node.right.name)
                    complete = complete and isinstance(node, Compare) and node.operator in ("eq", "ne")
                else:
                    marks.update(dict.fromkeys(_marks(node)))
                text = resource.fields[name].type == "str"
                ordered = isinstance(node, Compare) and node.operator not in ("eq", "ne")
                complete = complete and not isinstance(node, HasText) and not (text and ordered)
    for names in joined.values():  # fields that are compared with each other share what they are compared with
        pool = {mark: None for name in sorted(names) for mark in seen[name]}
        for name in names:
            seen[name] = dict(pool)
    for name, known in seen.items():  # of list members every subset is a region: more than a few are too many
        if resource.fields[name].type == "list" and len(known) > _MAX_MEMBERS:
            seen[name], complete = dict(itertools.islice(known.items(), _MAX_MEMBERS)), False
    spread: dict[str, tuple[object, ...]] = {
        name: tuple(_spread(list(known), resource.fields[name].type, max(1, len(joined.get(name, ())))))
        for name, known in seen.items()
    }
    return Regions(spread, complete and math.prod(len(values) for values in spread.values()) <= _MAX_RECORDS)


def _join(joined: dict[str, set[str]], one: str, other: str) -> None:
    """Put two fields, and all that they are compared with, into one group."""
    group = joined.get(one, {one}) | joined.get(other, {other})
    for name in group:
        joined[name] = group


def _marks(atom: Atom) -> tuple[object, ...]:
    value: Any = atom.right
    if isinstance(atom, (StartsWith, HasText)):
        return (value, value + _FRESH)
    if isinstance(atom, Under):
        path = value.rstrip("/")
        return (path, f"{path}/{_FRESH}")
    return value if isinstance(value, tuple) else (value,)


def _spread(marks: list[Any], kind: Type, fresh: int) -> Iterator[object]:
    """Yield missing, each mark, and a value in each gap between them."""
    yield None
    if kind == "bool":
        yield from (True, False)
    elif kind == "str":
        yield from marks
        yield from (f"{_FRESH}{number}" for number in range(fresh))
    elif kind == "list":
        for size in range(len(marks) + 1):
            for some in itertools.combinations(marks, size):
                yield [*some]
                yield [*some, None]
    else:
        yield from _ordered(sorted(set(marks)), kind, fresh)


def _ordered(marks: list[Any], kind: Type, fresh: int) -> Iterator[object]:
    step: Any = {"int": 1, "float": 1.0, "decimal": Decimal(1), "date": dt.timedelta(days=1),
                 "datetime": dt.timedelta(seconds=1)}[kind]  # fmt: skip
    if not marks:
        zero: Any = {"int": 0, "float": 0.0, "decimal": Decimal(0), "date": dt.date(2026, 1, 1),
                     "datetime": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}[kind]  # fmt: skip
        yield from (zero + step * number for number in range(fresh))
        return
    yield marks[0] - step
    for mark, after in itertools.pairwise([*marks, None]):
        yield mark
        if after is None:
            yield from (mark + step * number for number in range(1, fresh + 1))
        else:
            between = mark + step if kind in ("int", "date") else mark + (after - mark) / 2
            if mark < between < after:
                yield between
