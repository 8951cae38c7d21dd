"""What an index knows: the mapped arrays of the table it was built from, and beside them what changed since."""

from __future__ import annotations

import math
from struct import Struct
from typing import TYPE_CHECKING, Any

from crmkit.matching._kinds._channels import company_domain
from crmkit.matching._reading._worlds import script_of
from crmkit.normalize import text

from ._blocks import Around, Blocks, RuleIndex, marks_in
from ._build import RECORD_EXTRA, WHOLE_NAMES, ContentNumber
from ._fields import NEW, FieldIndex, KeyIndex, Value
from ._keys import name_numbers
from ._query import Query
from ._row_ids import RowIds
from ._vocabulary import Numbers, buffer, part_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from crmkit.matching._kinds._fields import Comparison

    from ._reader import RecordReader

    Texts = list[tuple[str | None, ...]]

__all__ = ["State"]

_SOMEBODY = 3
"""Groups with a value from which on a record says enough to be somebody, so that its full copies count once."""

_NEIGHBORS = 3
_UNREAD = Value("", NEW, ())
"""Stands for a text that was not read yet."""

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
            FieldIndex(one, part_of(arrays, f"field/{one.name}"), columns=tuple(places[one.name]),
                       filled=filled[one.name], among=comparisons)
            for one in comparisons
        ]  # fmt: skip
        by_name = {field.comparison.name: field for field in self.fields}
        place = {field.comparison.name: k for k, field in enumerate(self.fields)}
        self._given, self._family = place.get("given", -1), place.get("family", -1)
        self.width = arrays["records"].shape[1] - RECORD_EXTRA
        layout = Struct(f"={self.width + RECORD_EXTRA}i")
        self._records, self._size, self._unpack = buffer(arrays["records"].reshape(-1)), layout.size, layout.unpack_from
        self._marks = buffer(arrays["marks"].reshape(-1))
        self.keys: dict[str, KeyIndex] = {
            name: KeyIndex(by_name[field], suffix, part_of(arrays, f"key/{name}"))
            for name, (field, suffix) in document["keys"].items()
        }
        self._whole_keys = [Numbers(part) for name in WHOLE_NAMES if (part := part_of(arrays, f"key/{name}"))]
        """Keys made of given and family name together, if there are both."""
        self._blocks = self._lay_blocks(
            [
                RuleIndex(rule["names"], rule["sizes"], part_of(arrays, f"rule/{place}"))
                for place, rule in enumerate(document["rules"])
            ]
        )
        copies = part_of(arrays, "copies")
        self._copies, self._copy_counts = Numbers(copies), buffer(copies["counts"])
        self._content_number = ContentNumber(self.width)
        self._copy_changes: dict[int, int] = {}
        self.world_sizes = dict(enumerate(document["world_sizes"]))
        self.ids = RowIds(document["ids"], arrays, self.rows)
        self.version = 0
        """Changes when any frequency does."""
        self.added: list[tuple[int, ...]] = []
        self.added_marks: list[bytes] = []
        self.added_texts: list[Texts] = []
        self.gone: set[int] = set()

    def _lay_blocks(self, rules: Sequence[RuleIndex]) -> Blocks:
        """Give every key that a rule uses a place among the keys of a record."""
        used = {name for rule in rules for name in rule.names}
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
        for rule in rules:
            rule.slots = tuple([places[name] for name in rule.names])
        return Blocks(rules, {key: index.field.comparison.name for key, index in self.keys.items()}, several)

    def __len__(self) -> int:
        return self.rows + len(self.added) - len(self.gone)

    def record_of(self, row: int) -> tuple[int, ...]:
        """Return the codes of a row, behind them the numbers of its whole name, and last its world."""
        if row >= self.rows:
            return self.added[row - self.rows]
        return self._unpack(self._records, row * self._size)

    def marks_of(self, row: int) -> bytes:
        """Return the marks of a row, by which it is ordered within its blocks."""
        if row >= self.rows:
            return self.added_marks[row - self.rows]
        start = 2 * row * self.width
        return self._marks[start : start + 2 * self.width].tobytes()

    def query(self, texts: Texts, world: int) -> Query:
        """Prepare a record for comparing it, as part of the file that it would make with this one."""
        query = Query(self.fields, self._no_keys[:])
        for field, several in zip(self.fields, texts, strict=True):
            if len(several) > 1:
                self._take_several(query, field, several)
            else:
                self._take(query, field, None if several[0] is None else field.value(several[0]))
        return self._finished(query, world)

    def read(self, record: Mapping[str, str], reader: RecordReader) -> Query:
        """Prepare a record as its columns have it; the same as ``query``, in fewer steps."""
        query = Query(self.fields, self._no_keys[:])
        values, codes, slots = query.values, query.codes, query.slots
        for field, ways in zip(self.fields, reader.ways, strict=True):
            if len(ways) > 1:
                self._take_several(query, field, [way.read(record) for way in ways])
                continue
            if not ways:  # the employer's domain, read off the first address
                value = self._domain(query, field, reader.email)
            else:
                column, of_text, read = ways[0]
                if column is None or of_text is None:
                    text = read(record)
                    value = None if text is None else field.value(text)
                elif (raw := record.get(column)) is None:
                    value = None
                elif (value := field.read_texts.get(raw, _UNREAD)) is _UNREAD:
                    value = field.read(raw, of_text)
            if value is None:
                values.append(())
                codes.append(-1)
            else:
                values.append((value,))
                codes.append(value.code)
                slots[field.slots] = value.keys
        if reader.world_names is not None:
            return self._finished(query, reader.world(record))
        world = -1
        for k in reader.named:
            if codes[self.fields[k].columns[0]] != -1:
                world = script_of(ord(values[k][0].text[0]))
        return self._finished(query, world)

    @staticmethod
    def _take(query: Query, field: FieldIndex, value: Value | None) -> None:
        """Put the value of a field, or that there is none, into a query."""
        query.values.append(() if value is None else (value,))
        query.codes.append(-1 if value is None else value.code)
        if value is not None:
            query.slots[field.slots] = value.keys

    @staticmethod
    def _take_several(query: Query, field: FieldIndex, texts: Sequence[str | None]) -> None:
        """Put the values of several columns into a query."""
        found = [None if text is None else field.value(text) for text in texts]
        query.codes += [-1 if value is None else value.code for value in found]
        present = [value for value in found if value is not None]
        query.slots[field.slots] = zip(*[value.keys for value in present], strict=True) if present else [()] * (
            field.slots.stop - field.slots.start
        )  # fmt: skip
        query.values.append(present)

    def _domain(self, query: Query, field: FieldIndex, email: int) -> Value | None:
        if query.codes[self.fields[email].columns[0]] == -1:
            return None
        domain = query.values[email][0].text.rpartition("@")[2]
        found = field.read_texts.get(domain, _UNREAD)
        return field.read(domain, company_domain) if found is _UNREAD else found

    def _finished(self, query: Query, world: int) -> Query:
        """Note what its name says, and how large the file with the record is."""
        if self._whole_keys and query.values[self._given] and query.values[self._family]:
            self._name(query)
        if NEW not in query.codes and self._has_copy(query):
            query.weight = 0.0
        query.stamp = 2 * self.version + (query.weight > 0.0)
        records = query.records = self.effective + query.weight
        query.pairs = max(records * (records - 1.0) / 2.0, 1.0)
        query.world = world
        if world >= 0:
            query.share = math.log((self.world_sizes.get(world, 0) + 1) / (len(self) + 1))
        return query

    def _name(self, query: Query) -> None:
        """Note what is asked of the two parts of the record's name."""
        given, family = query.values[self._given][0], query.values[self._family][0]
        query.single_given = len(given.text) == 1 and not text.has_han(given.text)
        parts = ((given, self.fields[self._family]), (family, self.fields[self._given]))
        for value, other in parts:
            if value.exchanged is None:
                value.exchanged = other.vocabulary.code(value.text)
        query.swap = (_or_never(given.exchanged), _or_never(family.exchanged))
        numbers = self._whole_numbers(given, family)
        whole = query.whole = (self._whole_keys[0].code(numbers[0]), self._whole_keys[1].code(numbers[1]))
        query.slots[-2:] = whole
        query.may_be_exchanged = max(whole) >= 0 or max(query.swap) >= 0

    @staticmethod
    def _whole_numbers(given: Value, family: Value) -> tuple[int, int]:
        """Return the numbers of a whole name: of its words in any order, and of its sound."""
        if given.sums is None:
            given.sums = name_numbers(given.text)
        if family.sums is None:
            family.sums = name_numbers(family.text)
        (words, sounds), (more_words, more_sounds) = given.sums, family.sums
        return (words + more_words) & _LONGEST, (sounds + more_sounds) & _LONGEST

    def _is_somebody(self, codes: Sequence[int]) -> bool:
        filled = {
            field.comparison.group for field in self.fields if any(codes[column] != -1 for column in field.columns)
        }
        return len(filled) >= _SOMEBODY

    def _has_copy(self, query: Query) -> bool:
        return self._copies_of(self._content_number(query.codes)) > 0 and self._is_somebody(query.codes)

    def _copies_of(self, number: int) -> int:
        code = self._copies.code(number)
        return self._copy_changes.get(number, 0) + (self._copy_counts[code] if code >= 0 else 0)

    def candidates(self, query: Query) -> set[int]:
        """Return the rows that some rule puts beside the record."""
        return self._blocks.candidates(
            query.slots, self.cap, Around(query, self.marks_of, _NEIGHBORS, self.gone)
        )  # fmt: skip

    def add(self, texts: Texts, world: int, record_id: object) -> None:
        """Add a record."""
        weight = self.query(texts, world).weight
        row = self.rows + len(self.added)
        self.ids.add(record_id, row)
        before = sum([len(field.vocabulary) for field in self.fields])
        for field, several in zip(self.fields, texts, strict=True):
            for one in several:
                if one is not None:
                    field.vocabulary.add(one)
        if sum([len(field.vocabulary) for field in self.fields]) > before:
            for field in self.fields:  # a new family name may be a given name that is remembered without one
                field.forget()
        for key in self.keys.values():
            key.grow()
        query = self.query(texts, world)
        whole = query.whole
        if self._whole_keys and query.values[self._given] and query.values[self._family]:
            numbers = self._whole_numbers(query.values[self._given][0], query.values[self._family][0])
            whole = (self._whole_keys[0].add(numbers[0]), self._whole_keys[1].add(numbers[1]))
            query.slots[-2:] = whole
        self.added.append((*query.codes, *whole, world))
        self.added_marks.append(marks_in(query.texts()))
        self.added_texts.append(texts)
        self._count(query.codes, world, 1, weight)
        self._blocks.add(query.slots, row, self.marks_of)

    def remove(self, record_id: object) -> None:
        """Take a record out."""
        row = self.ids.row_of(record_id)
        record = self.record_of(row)
        codes, world = record[: self.width], record[-1]
        texts: Texts = [
            tuple(None if codes[column] < 0 else field.vocabulary.text(codes[column]) for column in field.columns)
            for field in self.fields
        ]
        is_copy = self._is_somebody(codes) and self._copies_of(self._content_number(codes)) > 1
        self._blocks.remove(self.query(texts, world).slots)
        self.ids.remove(record_id)
        self.gone.add(row)
        self._count(codes, world, -1, 0.0 if is_copy else 1.0)

    def _count(self, codes: Sequence[int], world: int, sign: int, weight: float) -> None:
        """Count a record in or out of all frequencies."""
        self.version += 1
        if self._is_somebody(codes):
            number = self._content_number(codes)
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


def _or_never(code: int | None) -> int:
    """Return a code, or for none a number that no record has in its place."""
    return -2 if code is None or code < 0 else code
