"""What an index knows: the mapped arrays of the table it was built from, and beside them what changed since."""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import TYPE_CHECKING, Any

import numpy as np

from crmkit.errors import InvalidValueError, NotFoundError
from crmkit.matching._marks import mark

from ._blocks import Around, RuleIndex
from ._build import WHOLE_NAMES, content_number
from ._fields import FieldIndex, KeyIndex, WholeNameIndex
from ._keys import whole_numbers
from ._query import NEW, Query
from ._vocabulary import Vocabulary, buffer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from crmkit.matching._fields import Comparison

    Texts = list[tuple[str | None, ...]]

__all__ = ["State"]

_SOMEBODY = 3
"""Groups with a value from which on a record says enough to be somebody, so that its full copies count once."""

_NEIGHBORS = 3
_ONE_KEY, _TWO_KEYS = 1, 2


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
                one, _part(arrays, f"field/{one.name}"), columns=tuple(places[one.name]), filled=filled[one.name]
            )
            for one in comparisons
        ]
        by_name = {field.comparison.name: field for field in self.fields}
        self._place = {field.comparison.name: k for k, field in enumerate(self.fields)}
        self.width = arrays["codes"].shape[1]
        self._codes = buffer(arrays["codes"].reshape(-1))
        self._marks = buffer(arrays["marks"].reshape(-1))
        self._worlds = buffer(arrays["worlds"])
        self._whole = buffer(arrays["whole"].reshape(-1)) if "whole" in arrays else None
        self.keys: dict[str, KeyIndex] = {
            name: KeyIndex(by_name[field], suffix, _part(arrays, f"key/{name}"))
            for name, (field, suffix) in document["keys"].items()
        }
        self.whole_keys = [
            WholeNameIndex(part, arrays[f"key/{name}/numbers"]) for part, name in enumerate(WHOLE_NAMES)
        ] if self._whole is not None else []  # fmt: skip
        self.rules = [
            RuleIndex(rule["names"], rule["sizes"], _part(arrays, f"rule/{place}"))
            for place, rule in enumerate(document["rules"])
        ]
        self._derived: list[tuple[str, tuple[int, ...], int, KeyIndex | None]] = []
        """Keys that rules use: name, columns, place of the comparison, and how the key is derived from it."""
        for name in dict.fromkeys(name for rule in self.rules for name in rule.names):
            key = self.keys.get(name)
            if key is not None:
                self._derived.append((name, key.field.columns, self._place[key.field.comparison.name], key))
            elif name in self._place:
                place = self._place[name]
                self._derived.append((name, self.fields[place].columns, place, None))
        several = {name for name, columns, _, _ in self._derived if len(columns) > 1}
        self._plans = [
            (rule, rule.names, 0 if several.intersection(rule.names) else len(rule.names)) for rule in self.rules
        ]
        self._copies = buffer(arrays["copies"])
        self._copy_counts = buffer(arrays["copy_counts"])
        self._copy_changes: dict[int, int] = {}
        self.world_sizes = dict(enumerate(document["world_sizes"]))
        self.ids = _Ids(document["ids"], arrays, self.rows)
        self.added: list[list[int]] = []
        self.added_marks: list[bytes] = []
        self.added_texts: list[Texts] = []
        self.added_worlds: list[int] = []
        self.added_whole: list[tuple[int, int]] = []
        self.gone: set[int] = set()

    def __len__(self) -> int:
        return self.rows + len(self.added) - len(self.gone)

    def codes_of(self, row: int) -> list[int]:
        """Return the codes of a row."""
        if row >= self.rows:
            return self.added[row - self.rows]
        start = row * self.width
        found: list[int] = self._codes[start : start + self.width].tolist()
        return found

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
            return (-1, -1)
        if row >= self.rows:
            return self.added_whole[row - self.rows]
        return (self._whole[2 * row], self._whole[2 * row + 1])

    def query(self, texts: Texts, world: int) -> Query:
        """Prepare a record for comparing it, as part of the file that it would make with this one."""
        codes = [NEW if text is not None else -1 for several in texts for text in several]
        for field, several in zip(self.fields, texts, strict=True):
            for column, text in zip(field.columns, several, strict=True):
                if text is not None and (code := field.vocabulary.code(text)) >= 0:
                    codes[column] = code
        weight = 0.0 if self._has_copy(codes, texts) else 1.0
        size = self.world_sizes.get(world, 0)
        share = math.log((size + 1) / (len(self) + 1)) if world >= 0 else 0.0
        query = Query(
            self.fields,
            texts,
            codes,
            world=world,
            share=share,
            weight=weight,
            records=self.effective + weight,
            whole=self._whole_codes(texts),
        )
        if self.whole_keys:
            query.name(self._place["given"], self._place["family"], self.fields)
        return query

    def _whole_codes(self, texts: Texts) -> tuple[int, int]:
        numbers = self._whole_numbers(texts)
        if numbers is None:
            return (-1, -1)
        return (self.whole_keys[0].code(numbers[0]), self.whole_keys[1].code(numbers[1]))

    def _whole_numbers(self, texts: Texts) -> tuple[int, int] | None:
        if not self.whole_keys:
            return None
        given, family = texts[self._place["given"]][0], texts[self._place["family"]][0]
        return None if given is None or family is None else whole_numbers(given, family)

    def _is_somebody(self, texts: Texts) -> bool:
        filled = {
            one.group
            for one, several in zip(self.comparisons, texts, strict=True)
            if any(text is not None for text in several)
        }
        return len(filled) >= _SOMEBODY

    def _has_copy(self, codes: Sequence[int], texts: Texts) -> bool:
        return NEW not in codes and self._is_somebody(texts) and self._copies_of(content_number(codes)) > 0

    def _copies_of(self, number: int) -> int:
        changed = self._copy_changes.get(number, 0)
        place = bisect_left(self._copies, number)
        known = place < len(self._copies) and self._copies[place] == number
        return changed + (self._copy_counts[place] if known else 0)

    def _key_codes(self, query: Query) -> dict[str, tuple[int, ...]]:
        """Return the codes of a record for every key that a rule uses, one for each of its columns."""
        found: dict[str, tuple[int, ...]] = {}
        codes, texts = query.codes, query.texts
        for name, columns, place, key in self._derived:
            if len(columns) == 1:
                code = codes[columns[0]]
                if key is None:
                    found[name] = (code if code != NEW else -1,)
                elif code == NEW:
                    found[name] = (key.code(texts[place][0] or ""),)
                else:
                    found[name] = (key.code_of_value(code) if code >= 0 else -1,)
                continue
            several = []
            for column, text in zip(columns, texts[place], strict=True):
                code = codes[column]
                if key is None or code < 0:
                    several.append(code if code != NEW else -1)
                else:
                    several.append(key.code(text or "") if code == NEW else key.code_of_value(code))
            found[name] = tuple(several)
        for part, name in enumerate(WHOLE_NAMES):
            found[name] = (query.whole[part],)
        return found

    def candidates(self, query: Query) -> set[int]:
        """Return the rows that some rule puts beside the record."""
        found: set[int] = set()
        codes = self._key_codes(query)
        around = Around(_marks(query.texts), self.marks_of, _NEIGHBORS, self.gone)
        cap = self.cap
        for rule, names, single in self._plans:
            if single == _ONE_KEY:
                code = codes[names[0]][0]
                if code >= 0:
                    rule.collect((code,), 1, cap, found, around)
            elif single == _TWO_KEYS:
                code, other = codes[names[0]][0], codes[names[1]][0]
                if code >= 0 and other >= 0:
                    rule.collect((code, other), 1, cap, found, around)
            else:
                for key, times in rule.keys(codes).items():
                    rule.collect(key, times, cap, found, around)
        return found - self.gone if self.gone else found

    def add(self, texts: Texts, world: int, record_id: object) -> None:
        """Add a record."""
        query = self.query(texts, world)
        row = self.rows + len(self.added)
        codes = list(query.codes)
        for field, several in zip(self.fields, texts, strict=True):
            for column, text in zip(field.columns, several, strict=True):
                if text is not None:
                    codes[column] = field.vocabulary.add(text)
        for key in self.keys.values():
            key.grow()
        numbers = self._whole_numbers(texts)
        whole = (-1, -1)
        if numbers is not None:
            whole = (self.whole_keys[0].add(numbers[0]), self.whole_keys[1].add(numbers[1]))
        self.ids.add(record_id, row)
        self.added.append(codes)
        self.added_marks.append(_marks(texts))
        self.added_texts.append(texts)
        self.added_worlds.append(world)
        self.added_whole.append(whole)
        self._count(codes, texts, world, 1, query.weight)
        query.codes, query.whole = codes, whole
        key_codes = self._key_codes(query)
        for rule in self.rules:
            rule.add(rule.keys(key_codes), row, self.marks_of)

    def remove(self, record_id: object) -> None:
        """Take a record out."""
        row = self.ids.row_of(record_id)
        codes, world = self.codes_of(row), self.world_of(row)
        texts: Texts = [
            tuple(None if codes[column] < 0 else field.vocabulary.text(codes[column]) for column in field.columns)
            for field in self.fields
        ]
        is_copy = self._is_somebody(texts) and self._copies_of(content_number(codes)) > 1
        query = self.query(texts, world)
        query.codes, query.whole = codes, self.whole_of(row)
        key_codes = self._key_codes(query)
        for rule in self.rules:
            rule.remove(rule.keys(key_codes))
        self.ids.remove(record_id)
        self.gone.add(row)
        self._count(codes, texts, world, -1, 0.0 if is_copy else 1.0)

    def _count(self, codes: list[int], texts: Texts, world: int, sign: int, weight: float) -> None:
        """Count a record in or out of all frequencies."""
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


def _marks(texts: Texts) -> bytes:
    return b"".join(mark(text).to_bytes(2, "big") for several in texts for text in several)


def _part(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    start = f"{prefix}/"
    return {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}


class _Ids:
    """Record ids and their rows."""

    def __init__(self, held: str, arrays: Mapping[str, NDArray[Any]], rows: int) -> None:
        self.held = held
        self.rows = rows
        self._texts = Vocabulary(_part(arrays, "ids")) if held == "texts" else None
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
