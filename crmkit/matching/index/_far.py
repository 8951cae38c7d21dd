"""Values that are beyond doubt unlike, told by the characters that they have, without reading the values.

Most candidates differ in most fields. A mark of 64 bits for the characters of a value bounds every likeness: there are
at least as many edits as characters that only one of two values has, and with few in common Jaro-Winkler stays low.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from crmkit.matching._kinds._people import BORNE, BORNE_SHARE, GIVEN_ANOTHER, GIVEN_DIFFERENT
from crmkit.matching.comparisons import KINDS

from ._fields import NEW, NO_KEY
from ._levels import given_features, street_parts
from ._vocabulary import buffer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from crmkit.matching._kinds._fields import EncodedField

    from ._fields import FieldIndex, Value
    from ._query import Query

    Arrays = Mapping[str, NDArray[np.generic]]

__all__ = ["Far", "Marks", "mark_arrays", "mark_of"]

_EVERY = (1 << 64) - 1
_LONGEST = 40
_LARGEST = 255
_MOST_EDITS = {"phone": 1, "email": 2, "given_name": 2, "family_name": 2, "street": 2}
_LEAST_ALIKE = {"given_name": 0.8, "family_name": 0.8, "street": 0.85}
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
    if kind == "given_name":
        arrays["known"] = field.traits["known"].astype(np.uint8)
    return arrays


def _fits(kind: str, text: str) -> bool:
    if kind in {"given_name", "family_name"}:
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


@lru_cache(maxsize=1 << 10)
def _needs(kind: str, size: int) -> bytes:
    """Return, by the size of the other value, of how many characters of its own a value of this size is unlike it.

    The other one has a character of its own, too, so that it is no part of the value.
    """
    return bytes([min(_need(kind, size, other), _LARGEST) for other in range(_LARGEST + 1)])


def _need(kind: str, size: int, other: int) -> int:
    least = _MOST_EDITS[kind] + 1
    alike = _LEAST_ALIKE.get(kind)
    if alike is None or other < 2:
        return least if alike is None else _LARGEST
    jaro = (alike - 0.4) / 0.6 - 1e-6  # with a common start of four characters
    for own in range(least, size + 1):
        matches = min(size - own, other - 1)
        if (matches / size + matches / other + 1.0) / 3.0 < jaro:
            return own
    return _LARGEST


Far: TypeAlias = (
    "tuple[int, bytes, memoryview, memoryview, int, memoryview | None, int, float, int, memoryview | None, float]"
)
"""What tells that a value is far from that of a record.

The mark of the record's value; how many characters of its own it must have, by the size of the other one; marks and
sizes of all values, and how many there are; their keys, ``None`` where no key must differ, and the record's own; what a
far value is worth, and its level, 0 where that is not sure; whether a value is a known name, ``None`` where that does
not matter, and what such a far name is worth.
"""


class Marks:
    """Marks of a field's values."""

    __slots__ = (
        "_known",
        "_level",
        "_marks",
        "_place",
        "_sizes",
        "_table",
        "_worth",
        "_worth_known",
        "field",
        "kind",
        "number",
    )

    def __init__(self, field: FieldIndex, place: int, arrays: Arrays, worths: list[float]) -> None:
        self.field, self.kind, self._place = field, field.comparison.kind, place
        self._marks, self._sizes = buffer(arrays["marks"]), buffer(arrays["sizes"])
        self._known = buffer(arrays["known"]) if "known" in arrays else None
        wanted = _KEY.get(self.kind)
        self._table: memoryview | None = None
        self.number = -1
        """Place, among the keys of a value, of the one that must differ."""
        for number, key in enumerate(field.keys):
            if wanted is not None and field.kind.keys[key.suffix] == wanted:
                self.number, self._table = number + field.own_slot, key.table
        different = KINDS[self.kind].different
        # Streets that are unlike may have one house number.
        self._worth = max(worths[different - 2 :]) if self.kind == "street" else worths[different]
        self._worth_known = self._worth
        self._level = 0 if self.kind in {"street", "given_name"} else different
        if self.kind == "given_name":
            self._worth, self._worth_known = worths[GIVEN_DIFFERENT], worths[GIVEN_ANOTHER]

    def of(self, query: Query, value: Value) -> Far | None:
        """Return what tells that values are far from that of a record; ``None`` where nothing does."""
        if value.far is None or value.far[0] != query.version:
            value.far = (query.version, self._of(query, value))
        return value.far[1]

    def _of(self, query: Query, value: Value) -> Far | None:
        key = 0
        if self.kind in _KEY:
            if self._table is None:
                return None
            key = value.keys[self.number]
            if key == NO_KEY and self.kind == "email":
                return None  # a short name or a role, which may be the other's, too
        text = street_parts(value.text)[1] if self.kind == "street" else value.text
        if value.code != NEW and value.code < len(self._marks):
            mark = self._marks[value.code]
        else:
            mark = mark_of(text) if _fits(self.kind, text) else _EVERY
        if mark == _EVERY:
            return None
        known = None
        if self._known is not None and (given_features(value.text)[2] or self._is_borne(query, value)):
            known = self._known
        needs = _needs(self.kind, len(text))
        return (
            mark, needs, self._marks, self._sizes, len(self._marks), self._table, key, self._worth, self._level, known,
            self._worth_known,
        )  # fmt: skip

    def _is_borne(self, query: Query, value: Value) -> bool:
        least = max(BORNE, BORNE_SHARE * query.filled(self._place))
        return self.field.count(value.code) + query.weight >= least
