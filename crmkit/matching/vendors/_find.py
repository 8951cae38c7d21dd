"""Find the pairs of a table that meet conditions: equal keys first, then what has to be alike."""

from __future__ import annotations

import itertools
from functools import lru_cache
from typing import TYPE_CHECKING

import attrs
import numpy as np

from crmkit.normalize import names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from crmkit.columns import ColumnMap
    from crmkit.frames import Table

    from ._rules import Condition, Same, Similar

__all__ = ["Found", "Reader", "find"]

_LISTED = 400
"""Records of a block whose pairs are all listed; of a larger one each is listed with the first."""


class Reader:
    """Reads canonical fields of a table as texts, row by row."""

    def __init__(self, table: Table, columns: ColumnMap) -> None:
        self._table = table
        self._columns: dict[str, list[str]] = {}
        for column, field in columns.fields.items():
            if columns.is_matchable(column):
                self._columns.setdefault(field, []).append(column)
        self._read: dict[str, list[list[str | None]]] = {}
        self.size = len(table)

    def _sources(self, field: str) -> list[list[str | None]]:
        found = self._read.get(field)
        if found is None:
            found = self._read[field] = [self._column(name) for name in self._columns.get(field, ())]
            if not found and field in {"given_name", "family_name"}:
                found += [[_part(text, field) for text in whole] for whole in map(self._column, self._whole())]
            if not found and field == "full_name":
                found += self._joined()
        return found

    def _whole(self) -> list[str]:
        return self._columns.get("full_name", [])

    def _joined(self) -> list[list[str | None]]:
        given, family = (self._columns.get(name) for name in ("given_name", "family_name"))
        if not given or not family:
            return []
        one, two = self._column(given[0]), self._column(family[0])
        return [[" ".join(filter(None, parts)) or None for parts in zip(one, two, strict=True)]]

    def _column(self, name: str) -> list[str | None]:
        distinct = self._table.texts(name)
        values: list[str | None] = [*map(str, distinct.values), None]
        return [values[code] for code in distinct.codes.tolist()]

    def has(self, criterion: Same | Similar) -> bool:
        """Whether the table has a column for a criterion."""
        return bool(self._fields_of(criterion))

    def _fields_of(self, criterion: Same | Similar) -> tuple[str, ...]:
        """Return the fields of a criterion that the table has; all that it compares, or none."""
        from ._rules import Same

        if isinstance(criterion, Same):
            found = tuple(filter(self._sources, criterion.fields))
            return found or tuple(filter(self._sources, criterion.otherwise))
        wanted = (criterion.field, criterion.against or criterion.field)
        return wanted if all(map(self._sources, wanted)) else ()

    def texts(self, field: str) -> list[str | None]:
        """Return the first column of a field."""
        return self._sources(field)[0]

    def keys(self, criterion: Same) -> NDArray[np.int32]:
        """Return codes of what a criterion compares, one column for each source; -1 for none."""
        numbers: dict[str, int] = {}
        made: dict[str, int] = {}
        columns = []
        nothing = numbers.setdefault("", 0) if criterion.blank else -1
        for texts in itertools.chain.from_iterable(self._sources(field) for field in self._fields_of(criterion)):
            codes = []
            for text in texts:
                if text is None:
                    codes.append(nothing)
                    continue
                code = made.get(text)
                if code is None:
                    key = criterion.key(text)
                    code = made[text] = nothing if not key else numbers.setdefault(key, len(numbers))
                codes.append(code)
            columns.append(codes)
        return np.array(columns, dtype=np.int32)


@lru_cache(maxsize=1 << 16)
def _split(text: str) -> tuple[str | None, str | None]:
    found = names.split(text)
    return found.given, found.family


def _part(text: str | None, field: str) -> str | None:
    return None if text is None else _split(text)[0 if field == "given_name" else 1]


@attrs.frozen(eq=False, kw_only=True)
class Found:
    """Pairs of rows, the condition that made each, and the clusters that they make."""

    pairs: NDArray[np.int64]
    conditions: NDArray[np.int64]
    labels: NDArray[np.int64]
    notes: tuple[str, ...]


def find(reader: Reader, conditions: Sequence[Condition], keys: Sequence[Condition]) -> Found:
    """Find the pairs of rows that meet one of the conditions, each once, with the first condition that it meets."""
    parents = list(range(reader.size))
    seen: dict[tuple[int, int], int] = {}
    cut = 0
    for blocks, numbers in _plans(reader, conditions, keys):
        tests = [(number, [_test(reader, one) for one in criteria]) for number, criteria in numbers]
        for block in blocks:
            whole = len(block) <= _LISTED
            cut += not whole
            for pair in itertools.combinations(block, 2) if whole else ((block[0], other) for other in block[1:]):
                if pair in seen:
                    continue
                found = next((number for number, several in tests if all(test(*pair) for test in several)), None)
                if found is not None:
                    seen[pair] = found
                    _join(parents, *pair)
    ordered = sorted(seen)
    labels: dict[int, int] = {}
    return Found(
        pairs=np.array(ordered, dtype=np.int64).reshape(-1, 2),
        conditions=np.array([seen[pair] for pair in ordered], dtype=np.int64),
        labels=np.array([labels.setdefault(_root(parents, row), len(labels)) for row in range(reader.size)], np.int64),
        notes=(f"{cut} groups of more than {_LISTED} records: each is listed with the first only",) if cut else (),
    )


def _plans(
    reader: Reader, conditions: Sequence[Condition], keys: Sequence[Condition]
) -> Iterator[tuple[Iterable[list[int]], list[tuple[int, Sequence[Same | Similar]]]]]:
    """Yield blocks, and what their pairs are still to be tested for: all conditions, or what is not the block's."""
    from ._rules import Same

    if keys:
        several = (_blocks(reader, [one for one in key.criteria if isinstance(one, Same)]) for key in keys)
        yield itertools.chain.from_iterable(several), [(k, one.criteria) for k, one in enumerate(conditions)]
        return
    for number, condition in enumerate(conditions):
        same = [one for one in condition.criteria if isinstance(one, Same)]
        yield _blocks(reader, same), [(number, [one for one in condition.criteria if not isinstance(one, Same)])]


def _test(reader: Reader, criterion: Same | Similar) -> Callable[[int, int], bool]:
    """Return what tells whether a criterion holds for two rows."""
    from ._rules import Same

    if isinstance(criterion, Same):
        rows = [[code for code in codes if code >= 0] for codes in reader.keys(criterion).T.tolist()]
        return lambda a, b: any(code in rows[b] for code in rows[a])
    texts = reader.texts(criterion.field)
    if criterion.against is None:
        return lambda a, b: criterion.holds(texts[a], texts[b])
    other = reader.texts(criterion.against)
    return lambda a, b: criterion.holds(texts[a], other[b]) and criterion.holds(other[a], texts[b])


def _blocks(reader: Reader, criteria: Sequence[Same]) -> Iterator[list[int]]:
    """Yield the rows that agree on all criteria, ascending."""
    codes = [reader.keys(one) for one in criteria]
    groups: dict[tuple[int, ...], list[int]] = {}
    for combination in itertools.product(*codes):
        for row, key in enumerate(zip(*[column.tolist() for column in combination], strict=True)):
            if min(key) >= 0:
                members = groups.setdefault(key, [])
                if not members or members[-1] != row:
                    members.append(row)
    for members in groups.values():
        if len(members) > 1:
            rows = sorted(set(members))
            if len(rows) > 1:
                yield rows


def _root(parents: list[int], row: int) -> int:
    while parents[row] != row:
        parents[row] = parents[parents[row]]
        row = parents[row]
    return row


def _join(parents: list[int], a: int, b: int) -> None:
    one, two = _root(parents, a), _root(parents, b)
    if one != two:
        parents[max(one, two)] = min(one, two)
