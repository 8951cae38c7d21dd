"""Values that are beyond doubt unlike, told by the characters that they have, without reading the values.

Most candidates differ in most fields. A mark of 64 bits for the characters of a value bounds every likeness: there are
at least as many edits as characters that only one of two values has, and with few in common Jaro-Winkler stays low.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from crmkit.matching._kinds._people import BORNE, BORNE_SHARE, GIVEN_ANOTHER, GIVEN_DIFFERENT
from crmkit.matching._kinds._places import split_streets
from crmkit.matching.comparisons import KINDS

from ._fields import NO_KEY
from ._levels import given_features, street_parts
from ._vocabulary import buffer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from crmkit.matching._kinds._fields import EncodedField

    from ._fields import FieldIndex, Value
    from ._query import Query

    Arrays = Mapping[str, NDArray[np.generic]]

__all__ = ["Far", "Marks", "mark_arrays", "mark_of", "number_mark"]

_EVERY = (1 << 64) - 1
_START = 4
"""Characters of a common start that Jaro-Winkler counts."""

_LONGEST = 40
_LARGEST = 255
_MOST_EDITS = {"phone": 1, "email": 2, "given_name": 2, "family_name": 2, "street": 2}
_LEAST_ALIKE = {"given_name": 0.8, "family_name": 0.8, "street": 0.85}
_NAMES = {"given_name", "family_name"}
_LONG_NAME, _SHORT_NAME = 7, 4
"""As ``_levels`` takes names: two edits count from the first number of letters on, Jaro-Winkler from the second."""

_KEY = {"phone": "tail", "email": "local", "given_name": "root"}
"""Derived key whose equality alone makes two different values of a kind alike."""


def mark_arrays(kind: str, field: EncodedField) -> dict[str, NDArray[np.generic]]:
    """Lay out the marks of a field's values; one of every bit says that a value is not for marks.

    Of names these are all that are not one word of ASCII letters: parts of names may be each other's, and Han names
    sound alike. Of streets the marks are of the words without the number.
    """
    if kind not in _MOST_EDITS:
        return {}
    prefix = "words_" if kind == "street" else ""
    texts = field.traits["words"] if prefix else field.values
    fits = np.fromiter((_fits(kind, text) for text in texts.tolist()), dtype=bool, count=len(texts))
    marks = np.where(fits, field.traits[f"{prefix}outline"], np.uint64(_EVERY))
    sizes = field.traits[f"{prefix}length"]
    arrays: dict[str, NDArray[np.generic]] = {
        "marks": marks.astype(np.uint64), "sizes": np.minimum(sizes, _LARGEST).astype(np.uint8)
    }  # fmt: skip
    if kind in _NAMES:
        arrays["firsts"] = np.where(fits, field.traits["first"], 0).astype(np.uint8)
    if kind == "given_name":
        arrays["known"], arrays["roots"] = field.traits["known"].astype(np.uint8), field.traits["root"]
    if kind == "email":
        arrays["roles"] = field.traits["role"].astype(np.uint8)
    if kind == "street":
        numbers = (number_mark(number) for number, _ in split_streets(field.values.tolist()))
        arrays["numbers"] = np.fromiter(numbers, dtype=np.int32, count=len(field.values))
    return arrays


def number_mark(number: str | None) -> int:
    """Return a mark of a house number, 0 for none: two numbers with different marks are not the same.

    Example:
        >>> number_mark(None), number_mark("12") == number_mark("12"), number_mark("12") == number_mark("12a")
        (0, True, False)
    """
    return 0 if not number else zlib.crc32(number.encode("utf-8", "surrogatepass")) >> 1 | 1


def _fits(kind: str, text: str) -> bool:
    if kind in _NAMES:
        return text.isascii() and text.isalpha() and len(text) < _LARGEST
    if kind == "street":
        words = text.split()
        return text.isascii() and len(text) <= _LONGEST and len(set(words)) == len(words)
    return len(text) < _LARGEST


def mark_of(text: str) -> int:
    """Return a mark of the characters of a text, one bit of 64 for each.

    Example:
        >>> mark_of("ab").bit_count(), mark_of("abba") == mark_of("ba")
        (2, True)
    """
    mark = 0
    for char in set(text):
        mark |= 1 << (ord(char) & 63)
    return mark


_NEVER = bytes([_LARGEST]) * (_LARGEST + 1)


@lru_cache(maxsize=1 << 10)
def _needs(kind: str, size: int, start: int) -> bytes:
    """Return, by the size of the other value, of how many characters of its own a value of this size is unlike it.

    The other one has a character of its own, too, so that it is no part of the value. At most ``start`` characters of
    their common start count for Jaro-Winkler.
    """
    return bytes([min(_need(kind, size, other, start), _LARGEST) for other in range(_LARGEST + 1)])


def _need(kind: str, size: int, other: int, start: int) -> int:
    least = _MOST_EDITS[kind] + 1
    shorter = min(size, other)
    if kind in _NAMES:
        least -= shorter < _LONG_NAME  # two typing errors are taken for one name in long names only
    alike = _LEAST_ALIKE.get(kind)
    if alike is None or (kind in _NAMES and 1 < shorter < _SHORT_NAME):
        return least
    if other < 2:
        return _LARGEST
    bonus = 0.1 * start
    jaro = (alike - bonus) / (1.0 - bonus) - 1e-6
    for own in range(least, size + 1):
        matches = min(size - own, other - 1)
        if (matches / size + matches / other + 1.0) / 3.0 < jaro:
            return own
    return _LARGEST


class Far:
    """Tells that values are far from that of a record.

    Attributes:
        mark: Of the record's value; of every bit where it is not for marks.
        needs: How many characters of its own it must have, by the size of the other one.
        first: First letter of a name, 0 where that is not for marks.
        needs_apart: The same as ``needs`` where the first letters differ.
        key: Its derived key, which must differ, where the kind has one.
        number: Mark of its house number, 0 for none.
        level: Of a far value, 0 where that is not sure.
    """

    __slots__ = ("_is_known", "_of", "first", "key", "level", "mark", "needs", "needs_apart", "number")

    def __init__(self, of: Marks, mark: int, size: int, key: int, *, is_known: bool, first: int, number: int) -> None:
        self._of, self.mark, self.key, self.number, self.first = of, mark, key, number, first
        self.needs = self.needs_apart = _needs(of.kind, size, _START) if mark != _EVERY else _NEVER
        if first:
            self.needs_apart = _needs(of.kind, size, 0)
        self._is_known = is_known
        self.level = of.level

    def worth(self, code: int) -> float | None:
        """Return what a far value is worth, ``None`` where it may be near."""
        of = self._of
        if code >= of.count:
            return None
        if self.number and of.numbers is not None:
            number = of.numbers[code]
            if number and number != self.number:
                return of.worth_elsewhere
        other = of.marks[code]
        if not other & ~self.mark or (of.table is not None and of.table[code] == self.key):
            return None
        needs = self.needs
        if of.firsts is not None and of.firsts[code] != self.first:
            needs = self.needs_apart
        if (self.mark & ~other).bit_count() < needs[of.sizes[code]]:
            return None
        return of.worth_known if self._is_known and of.known is not None and of.known[code] else of.worth


class Marks:
    """Marks of a field's values."""

    __slots__ = (
        "_place", "count", "field", "firsts", "kind", "known", "level", "marks", "number", "numbers", "sizes", "table",
        "worth", "worth_elsewhere", "worth_known",
    )  # fmt: skip

    def __init__(self, field: FieldIndex, place: int, arrays: Arrays, worths: list[float]) -> None:
        self.field, self.kind, self._place = field, field.comparison.kind, place
        self.marks, self.sizes = buffer(arrays["marks"]), buffer(arrays["sizes"])
        self.count = len(self.marks)
        self.known = buffer(arrays["known"]) if "known" in arrays else None
        self.numbers = buffer(arrays["numbers"]) if "numbers" in arrays else None
        self.firsts = buffer(arrays["firsts"]) if "firsts" in arrays else None
        wanted = _KEY.get(self.kind)
        self.table: memoryview | None = None
        self.number = -1
        """Place, among the keys of a value, of the one that must differ."""
        for number, key in enumerate(field.keys):
            if wanted is not None and field.kind.keys[key.suffix] == wanted:
                self.number, self.table = number + field.own_slot, key.table
        different = KINDS[self.kind].different
        self.worth = self.worth_known = worths[different]
        self.worth_elsewhere = max(worths[different - 1 :])
        """What two streets with different numbers are worth."""
        self.level = 0 if self.kind in {"street", "given_name"} else different
        if self.kind == "street":  # streets that are unlike may have one house number
            self.worth = self.worth_known = max(worths[different - 2 :])
        if self.kind == "given_name":
            self.worth, self.worth_known = worths[GIVEN_DIFFERENT], worths[GIVEN_ANOTHER]

    def of(self, query: Query, value: Value) -> Far | None:
        """Return what tells that values are far from that of a record; ``None`` where nothing does."""
        if value.far is None or value.far[0] != query.stamp:
            value.far = (query.stamp, self._of(query, value))
        return value.far[1]

    def _of(self, query: Query, value: Value) -> Far | None:
        key = number = first = 0
        if self.kind in _KEY:
            if self.table is None:
                return None
            key = value.keys[self.number]
            if key == NO_KEY and self.kind == "email":
                return None  # a short name or a role, which may be the other's, too
        code = value.code
        if code < self.count:
            mark, size = self.marks[code], self.sizes[code]
            number = 0 if self.numbers is None else self.numbers[code]
        else:
            text = value.text
            if self.kind == "street":
                written, text = street_parts(text)
                number = number_mark(written)
            mark, size = mark_of(text) if _fits(self.kind, text) else _EVERY, len(text)
        if mark == _EVERY and not number:
            return None
        if self.firsts is not None:
            first = ord(value.text[0])
        is_known = self.known is not None and (given_features(value.text)[2] or self._is_borne(query, value))
        return Far(self, mark, size, key, is_known=is_known, first=first, number=number)

    def _is_borne(self, query: Query, value: Value) -> bool:
        least = max(BORNE, BORNE_SHARE * query.filled(self._place))
        return self.field.count(value.code) + query.weight >= least
