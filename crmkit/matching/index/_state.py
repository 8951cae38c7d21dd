"""What an index knows: the mapped arrays of the table it was built from, and beside them what changed since."""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import TYPE_CHECKING, Any

import numpy as np

from crmkit.errors import InvalidValueError, NotFoundError
from crmkit.matching._reading._marks import mark
from crmkit.matching.comparisons import KINDS
from crmkit.normalize import text

from ._blocks import Around, RuleIndex
from ._build import WHOLE_NAMES, content_number
from ._fields import NEW, FieldIndex, KeyIndex, Value, WholeNameIndex
from ._keys import name_numbers
from ._query import Query
from ._vocabulary import Vocabulary, buffer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from crmkit.matching._kinds._fields import Comparison

    Texts = list[tuple[str | None, ...]]

__all__ = ["State", "part_of"]

_SOMEBODY = 3
"""Groups with a value from which on a record says enough to be somebody, so that its full copies count once."""

_NEIGHBORS = 3
_UNKNOWN_NAME = (-1, -1)
_LONGEST = (1 << 64) - 1


class State:
    """Records, values and blocks; every change keeps counts and blocks as if the table had been read with it."""

    def __init__(
        self, document: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], comparisons: Sequence[Comparison]
    ) -> None:
        self.rows = int(document["rows"])
        self.cap = int(document["block_cap"])
        self.effective = float(document["effective"])
        self.comparisons = tuple(comparisons)
        places, filled = document["places"], document["filled"]
        self.fields = [
            FieldIndex(
                one,
                part_of(arrays, f"field/{one.name}"),
                columns=tuple(places[one.name]),
                filled=filled[one.name],
                owned=KINDS[one.kind].is_owned(comparisons),
            )
            for one in comparisons
        ]
        by_name = {field.comparison.name: field for field in self.fields}
        place = {field.comparison.name: k for k, field in enumerate(self.fields)}
        self._given, self._family = place.get("given", -1), place.get("family", -1)
        self._has_several = any(len(field.columns) > 1 for field in self.fields)
        self.width = arrays["codes"].shape[1]
        self._codes = buffer(arrays["codes"].reshape(-1))
        self._marks = buffer(arrays["marks"].reshape(-1))
        self._worlds = buffer(arrays["worlds"])
        self._whole = buffer(arrays["whole"].reshape(-1)) if "whole" in arrays else None
        self.keys: dict[str, KeyIndex] = {
            name: KeyIndex(by_name[field], suffix, part_of(arrays, f"key/{name}"))
            for name, (field, suffix) in document["keys"].items()
        }
        self.whole_keys = [
            WholeNameIndex(part, arrays[f"key/{name}/numbers"]) for part, name in enumerate(WHOLE_NAMES)
        ] if self._whole is not None else []  # fmt: skip
        self.rules = [
            RuleIndex(rule["names"], rule["sizes"], part_of(arrays, f"rule/{place}"))
            for place, rule in enumerate(document["rules"])
        ]
        self._lay_slots()
        self._copies = buffer(arrays["copies"])
        self._copy_counts = buffer(arrays["copy_counts"])
        self._copy_changes: dict[int, int] = {}
        self.world_sizes = dict(enumerate(document["world_sizes"]))
        self.ids = _Ids(document["ids"], arrays, self.rows)
        self.version = 0
        """Changes when any frequency does."""
        self.added: list[tuple[int, ...]] = []
        self.added_marks: list[bytes] = []
        self.added_texts: list[Texts] = []
        self.added_worlds: list[int] = []
        self.added_whole: list[tuple[int, int]] = []
        self.gone: set[int] = set()

    def _lay_slots(self) -> None:
        """Give every key that a rule uses a place among the keys of a record."""
        used = {name for rule in self.rules for name in rule.names}
        places: dict[str, int] = {}
        several: set[int] = set()
        for field in self.fields:
            name, start = field.comparison.name, len(places)
            field.own_slot = name in used
            if field.own_slot:
                places[name] = start
            for key, index in self.keys.items():
                if index.field is field and key in used:
                    field.keys.append(index)
                    places[key] = len(places)
            field.slots = slice(start, len(places))
            if len(field.columns) > 1:
                several.update(range(start, len(places)))
        for name in WHOLE_NAMES:
            places[name] = len(places)
        self._no_keys: list[Any] = [() if slot in several else -1 for slot in range(len(places))]
        for rule in self.rules:
            rule.take_slots([places[name] for name in rule.names], several)
        self._simple = [rule for rule in self.rules if rule.is_simple]
        self._others = [rule for rule in self.rules if not rule.is_simple]

    def __len__(self) -> int:
        return self.rows + len(self.added) - len(self.gone)

    def codes_of(self, row: int) -> tuple[int, ...]:
        """Return the codes of a row."""
        if row >= self.rows:
            return self.added[row - self.rows]
        start = row * self.width
        return tuple(self._codes[start : start + self.width])

    def marks_of(self, row: int) -> bytes:
        """Return the marks of a row, by which it is ordered within its blocks."""
        if row >= self.rows:
            return self.added_marks[row - self.rows]
        start = 2 * row * self.width
        return self._marks[start : start + 2 * self.width].tobytes()

    def world_of(self, row: int) -> int:
        """Return the world of a row."""
        return self._worlds[row] if row < self.rows else self.added_worlds[row - self.rows]

    def whole_of(self, row: int) -> tuple[int, int]:
        """Return the numbers of a row's whole name."""
        if self._whole is None:
            return _UNKNOWN_NAME
        if row >= self.rows:
            return self.added_whole[row - self.rows]
        return (self._whole[2 * row], self._whole[2 * row + 1])

    def query(self, texts: Texts, world: int) -> Query:
        """Prepare a record for comparing it, as part of the file that it would make with this one."""
        values: list[Sequence[Value]] = []
        codes: list[int] = []
        slots = self._no_keys[:]
        for field, several in zip(self.fields, texts, strict=True):
            if len(several) > 1:
                values.append(self._several(field, several, codes, slots))
            elif (raw := several[0]) is None:
                values.append(())
                codes.append(-1)
            else:
                value = field.value(raw)
                values.append((value,))
                codes.append(value.code)
                slots[field.slots] = value.keys
        query = Query(self.fields, values, tuple(codes), world=world)
        if self._has_several:
            query.first_codes = tuple([codes[field.columns[0]] for field in self.fields])
        query.slots, query.texts = slots, texts
        self._measure(query, texts)
        if self.whole_keys:
            self._name(query)
        return query

    @staticmethod
    def _several(
        field: FieldIndex, several: Sequence[str | None], codes: list[int], slots: list[Any]
    ) -> Sequence[Value]:
        """Look up the values of several columns."""
        found = [None if text is None else field.value(text) for text in several]
        codes += [-1 if value is None else value.code for value in found]
        present = [value for value in found if value is not None]
        slots[field.slots] = zip(*[value.keys for value in present], strict=True) if present else [()] * (
            field.slots.stop - field.slots.start
        )  # fmt: skip
        return present

    def _measure(self, query: Query, texts: Texts) -> None:
        """Note how large the file with the record is."""
        query.version = self.version
        if NEW not in query.codes and self._has_copy(query.codes, texts):
            query.weight = 0.0
        records = query.records = self.effective + query.weight
        query.pairs = max(records * (records - 1.0) / 2.0, 1.0)
        world = query.world
        query.share = math.log((self.world_sizes.get(world, 0) + 1) / (len(self) + 1)) if world >= 0 else 0.0

    def _name(self, query: Query) -> None:
        """Note what is asked of the record's name."""
        given, family = self._given, self._family
        one, two = query.values[given], query.values[family]
        if one:
            query.single_given = len(one[0].text) == 1 and not text.has_han(one[0].text)
        as_family = self.fields[family].value(one[0].text).code if one else NEW
        as_given = self.fields[given].value(two[0].text).code if two else NEW
        query.swap = (as_family if as_family != NEW else -2, as_given if as_given != NEW else -2)
        numbers = self._whole_numbers(query.values)
        if numbers is not None:
            query.whole = (self.whole_keys[0].code(numbers[0]), self.whole_keys[1].code(numbers[1]))
            query.slots[-2:] = query.whole

    def _whole_numbers(self, values: Sequence[Sequence[Value]]) -> tuple[int, int] | None:
        """Return the numbers of a whole name: of its words in any order, and of its sound."""
        if not self.whole_keys or not values[self._given] or not values[self._family]:
            return None
        (words, sounds), (more_words, more_sounds) = (
            name_numbers(values[place][0].text) for place in (self._given, self._family)
        )
        return (words + more_words) & _LONGEST, (sounds + more_sounds) & _LONGEST

    def _is_somebody(self, texts: Texts) -> bool:
        filled = {
            one.group
            for one, several in zip(self.comparisons, texts, strict=True)
            if any(text is not None for text in several)
        }
        return len(filled) >= _SOMEBODY

    def _has_copy(self, codes: Sequence[int], texts: Texts) -> bool:
        return self._is_somebody(texts) and self._copies_of(content_number(codes)) > 0

    def _copies_of(self, number: int) -> int:
        changed = self._copy_changes.get(number, 0)
        place = bisect_left(self._copies, number)
        known = place < len(self._copies) and self._copies[place] == number
        return changed + (self._copy_counts[place] if known else 0)

    def candidates(self, query: Query) -> set[int]:
        """Return the rows that some rule puts beside the record."""
        found: set[int] = set()
        slots, cap = query.slots, self.cap
        around = Around(lambda: _marks(query.texts), self.marks_of, _NEIGHBORS, self.gone)
        for rule in self._simple:
            rule.gather(slots, cap, found, around)
        for rule in self._others:
            for key, times in rule.keys(slots).items():
                rule.collect(key, times, cap, found, around)
        return found - self.gone if self.gone else found

    def add(self, texts: Texts, world: int, record_id: object) -> None:
        """Add a record."""
        weight = self.query(texts, world).weight
        row = self.rows + len(self.added)
        for field, several in zip(self.fields, texts, strict=True):
            before = len(field.vocabulary)
            for one in several:
                if one is not None:
                    field.vocabulary.add(one)
            if len(field.vocabulary) > before:
                field.forget()
        for key in self.keys.values():
            key.grow()
        query = self.query(texts, world)
        numbers = self._whole_numbers(query.values)
        whole = _UNKNOWN_NAME
        if numbers is not None:
            whole = (self.whole_keys[0].add(numbers[0]), self.whole_keys[1].add(numbers[1]))
            query.slots[-2:] = whole
        self.ids.add(record_id, row)
        self.added.append(query.codes)
        self.added_marks.append(_marks(texts))
        self.added_texts.append(texts)
        self.added_worlds.append(world)
        self.added_whole.append(whole)
        self._count(query.codes, texts, world, 1, weight)
        for rule in self.rules:
            rule.add(rule.keys(query.slots), row, self.marks_of)

    def remove(self, record_id: object) -> None:
        """Take a record out."""
        row = self.ids.row_of(record_id)
        codes, world = self.codes_of(row), self.world_of(row)
        texts: Texts = [
            tuple(None if codes[column] < 0 else field.vocabulary.text(codes[column]) for column in field.columns)
            for field in self.fields
        ]
        is_copy = self._is_somebody(texts) and self._copies_of(content_number(codes)) > 1
        slots = self.query(texts, world).slots
        for rule in self.rules:
            rule.remove(rule.keys(slots))
        self.ids.remove(record_id)
        self.gone.add(row)
        self._count(codes, texts, world, -1, 0.0 if is_copy else 1.0)

    def _count(self, codes: Sequence[int], texts: Texts, world: int, sign: int, weight: float) -> None:
        """Count a record in or out of all frequencies."""
        self.version += 1
        if self._is_somebody(texts):
            number = content_number(codes)
            self._copy_changes[number] = self._copy_changes.get(number, 0) + sign
        if world >= 0:
            self.world_sizes[world] = self.world_sizes.get(world, 0) + sign
        self.effective += sign * weight
        for field in self.fields:
            present = {codes[column] for column in field.columns if codes[column] >= 0}
            for code in present:
                field.changed[code] = field.count(code) + sign * weight
            if present:
                field.filled += sign * weight


def _marks(texts: Sequence[Sequence[str | None]]) -> bytes:
    return b"".join(mark(text).to_bytes(2, "big") for several in texts for text in several)


def part_of(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """Return the arrays under a prefix by the rest of their names."""
    start = f"{prefix}/"
    return {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}


class _Ids:
    """Record ids and their rows."""

    def __init__(self, held: str, arrays: Mapping[str, NDArray[Any]], rows: int) -> None:
        self.held = held
        self.rows = rows
        self._texts = Vocabulary(part_of(arrays, "ids")) if held == "texts" else None
        self._numbers = arrays["ids"] if held == "numbers" else None
        self._sorted: NDArray[np.intp] | None = None
        self.added: dict[object, int] = {}
        self._by_row: dict[int, object] = {}
        self.removed: set[object] = set()

    def of(self, row: int) -> object:
        """Return the id of a row."""
        if row >= self.rows:
            return self._by_row[row]
        if self._texts is not None:
            return self._texts.text(row)
        return row if self._numbers is None else int(self._numbers[row])

    def _first_row(self, record_id: object) -> int:
        """Return the row that the index was built with, -1 if there is none."""
        if self._texts is not None:
            return self._texts.code(record_id) if isinstance(record_id, str) else -1
        if type(record_id) is not int:
            return -1
        if self._numbers is None:
            return record_id if 0 <= record_id < self.rows else -1
        if self._sorted is None:
            self._sorted = np.argsort(self._numbers, kind="stable")
        place = int(np.searchsorted(self._numbers, record_id, sorter=self._sorted))
        found = place < self.rows and self._numbers[self._sorted[place]] == record_id
        return int(self._sorted[place]) if found else -1

    def row_of(self, record_id: object) -> int:
        """Return the row of an id.

        Raises:
            NotFoundError: No record has it; the message does not repeat the id.
        """
        if type(record_id) not in {str, int}:  # ids of an index are of no other type, and a list cannot be looked up
            raise NotFoundError("no record of the index has this id; ids are texts or whole numbers")
        row = self.added.get(record_id, -1)
        if row < 0 and record_id not in self.removed:
            row = self._first_row(record_id)
        if row < 0:
            raise NotFoundError("no record of the index has this id")
        return row

    def add(self, record_id: object, row: int) -> None:
        """Note the id of a new row.

        Raises:
            InvalidValueError: Not of the kind of the others, or one that is there.
        """
        wanted = str if self.held == "texts" else int
        if type(record_id) is not wanted:
            raise InvalidValueError(f"record ids of this index are of type {wanted.__name__}")
        if record_id in self.added or (record_id not in self.removed and self._first_row(record_id) >= 0):
            raise InvalidValueError("a record of the index has this id already; remove it first")
        self.added[record_id] = row
        self._by_row[row] = record_id

    def remove(self, record_id: object) -> None:
        """Forget an id."""
        if self.added.pop(record_id, None) is None:
            self.removed.add(record_id)
