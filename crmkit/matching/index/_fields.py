"""One field of an index: its values with their frequencies, and the blocking keys derived from them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from crmkit.matching._kinds._fields import SEEN_ELSEWHERE, log_frequency
from crmkit.matching._kinds._values import COMPARED_WORDS, words_of
from crmkit.matching._reading._worlds import LOCAL_KINDS
from crmkit.matching.comparisons import KINDS
from crmkit.normalize import text

from ._keys import KEYS
from ._vocabulary import Vocabulary, buffer, vocabulary_arrays

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from crmkit.matching._kinds._fields import Comparison
    from crmkit.matching._reading._encode import Encoded

    from ._far import Far
    from ._query import Step

    Arrays = Mapping[str, NDArray[np.generic]]

__all__ = [
    "NEW",
    "FieldIndex",
    "KeyIndex",
    "Value",
    "field_arrays",
    "key_arrays",
]


NEW = 1 << 30
"""Code of a value that no record of the index has."""

NO_KEY = -1
"""Key of a value that says too little for one."""

_NEW_KEY = -2
"""Key that no record has."""

_REMEMBERED = 1 << 13
"""Values of a field that are kept with their codes and keys: names and places come again and again."""


def field_arrays(encoded: Encoded, name: str) -> dict[str, NDArray[np.generic]]:
    """Lay out one field's values and counts as arrays."""
    field = encoded.fields[name]
    arrays = vocabulary_arrays(field.values.tolist())
    return {**arrays, "counts": np.asarray(field.counts, dtype=np.float64)}


def key_arrays(kind: str, suffix: str, values: Sequence[str]) -> dict[str, NDArray[np.generic]]:
    """Lay out a derived key: its texts, and for each value of the field the code of its text, -1 for none."""
    place = KINDS[kind].keys.index(suffix)
    codes: dict[str, int] = {}
    table = np.fromiter(
        (codes.setdefault(text, len(codes)) if text else -1 for text in (KEYS[kind](value)[place] for value in values)),
        dtype=np.int32,
        count=len(values),
    )
    return {**vocabulary_arrays(codes), "table": table}


class Value:
    """A value of a record that is looked up, and what was found out about it.

    Attributes:
        text: Normalized.
        code: Its number in the vocabulary, ``NEW`` where no record has it.
        keys: Codes for the slots of its field, negative where no record has the key.
        stamp: State of the index and weight of the record that ``rarity`` and ``steps`` are of.
        rarity: Log frequency.
        steps: What is known of other values beside it, by the log share of the world that both records are of.
        far: State of the index, and what tells in it that other values are far from this one.
        sums: Numbers of a name that is a part of a whole one.
        exchanged: Code that a part of a name has as the other part, ``NEW`` for none; ``None``: not looked up yet.
    """

    __slots__ = ("code", "exchanged", "far", "keys", "rarity", "stamp", "steps", "sums", "text")

    def __init__(self, text: str, code: int, keys: tuple[int, ...]) -> None:
        self.text = text
        self.code = code
        self.keys = keys
        self.stamp = -1
        self.rarity = 0.0
        self.steps: dict[float, Step] = {}
        self.far: tuple[int, Far | None] | None = None
        self.sums: tuple[int, int] | None = None
        self.exchanged: int | None = None


class FieldIndex:
    """Values of one comparison, how many records have each, and what the kind says of them."""

    __slots__ = (
        "_counts", "_known", "_remembers", "_texts", "changed", "columns", "comparison", "filled", "is_local", "keys",
        "kind", "known", "own_slot", "owned", "place", "read_texts", "roles", "roots", "slots", "vocabulary", "words",
    )  # fmt: skip

    def __init__(
        self,
        comparison: Comparison,
        arrays: Arrays,
        *,
        columns: tuple[int, ...],
        filled: float,
        among: Sequence[Comparison] = (),
    ) -> None:
        self.comparison = comparison
        self.kind = KINDS[comparison.kind]
        self.owned = self.kind.is_owned(among)
        """Whether a value belongs to one party, as ``Kind.is_owned`` says."""
        self.columns = columns
        """Places of its columns in the row of codes, one after the other."""
        self.place: int | slice = columns[0] if len(columns) == 1 else slice(columns[0], columns[-1] + 1)
        self.filled = filled
        self.vocabulary = Vocabulary(arrays)
        self._counts = buffer(arrays["counts"])
        self.changed: dict[int, float] = {}
        self.is_local = comparison.kind in LOCAL_KINDS
        """Whether a part of the file has a pool of values of its own."""
        self.words = WordCounts(self) if comparison.kind == "organization" else None
        self.known, self.roots, self.roles = (
            buffer(arrays[name]) if name in arrays else None for name in ("known", "roots", "roles")
        )
        """Which given names have short forms, and which are forms of one; which addresses are those of a desk."""
        self.keys: list[KeyIndex] = []
        """Derived keys that rules use."""
        self.own_slot = False
        """Whether a rule uses the value itself as a key."""
        self.slots = slice(0, 0)
        """Where its keys are among those of a record: the value itself, then what is derived from it."""
        self._known: dict[str, Value] = {}
        self.read_texts: dict[str, Value | None] = {}
        """Values by the texts that they were read from, for fields whose values come again and again."""
        self._texts: dict[int, str] = {}
        self._remembers = not (self.kind.owned or comparison.kind in {"phone", "street"})

    def read(self, raw: str, of_text: Callable[[str], str | None]) -> Value | None:
        """Return what the index knows of a text that is not normalized, ``None`` where it says nothing."""
        text = of_text(raw)
        found = None if text is None else self.value(text)
        if self._remembers:
            if len(self.read_texts) >= _REMEMBERED:
                self.read_texts.clear()
            self.read_texts[raw] = found
        return found

    def value(self, text: str) -> Value:
        """Return what the index knows of a text."""
        found = self._known.get(text)
        if found is None:
            code = self.vocabulary.code(text)
            found = Value(text, code if code >= 0 else NEW, self.keys_of(text, code))
            if self._remembers:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[text] = found
        return found

    def keys_of(self, text: str, code: int) -> tuple[int, ...]:
        """Return the codes of a value for the slots of the field."""
        own = (code,) if self.own_slot else ()
        if not self.keys:
            return own
        if code >= 0:
            return (*own, *[key.code_of_value(code) for key in self.keys])
        texts = KEYS[self.comparison.kind](text)
        return (*own, *[key.code_of_text(texts[key.suffix]) for key in self.keys])

    def forget(self) -> None:
        """Forget what was remembered of values: there are new ones."""
        self._known.clear()
        self.read_texts.clear()

    def count(self, code: int) -> float:
        """Return in how many records the value is; full copies of a record count once."""
        found = self.changed.get(code)
        if found is not None:
            return found
        return float(self._counts[code]) if 0 <= code < len(self._counts) else 0.0

    def log_frequency(self, count: float, filled: float) -> float:
        """Return the log frequency of a value that ``count`` records have, one of them this one's."""
        return log_frequency(count - 1.0, filled, owned=self.owned, common=self.kind.common)

    def text(self, code: int) -> str:
        """Return a value; those that come again and again are remembered."""
        if not self._remembers:
            return self.vocabulary.text(code)
        found = self._texts.get(code)
        if found is None:
            if len(self._texts) >= _REMEMBERED:
                self._texts.clear()
            found = self._texts[code] = self.vocabulary.text(code)
        return found


class WordCounts:
    """In how many values of a field each word is; kept for names of organizations."""

    __slots__ = ("_counts", "_field", "_values")

    def __init__(self, field: FieldIndex) -> None:
        self._field = field
        self._counts: dict[str, int] | None = None
        self._values = 0

    def _read(self) -> dict[str, int]:
        vocabulary = self._field.vocabulary
        if self._counts is None:
            self._counts = {}
        while self._values < len(vocabulary):
            for word in set(words(vocabulary.text(self._values))):
                self._counts[word] = self._counts.get(word, 0) + 1
            self._values += 1
        return self._counts

    def rarity(self, value: str, *, more: Sequence[str], values: int) -> list[tuple[str, float]]:
        """Return the rarest words of a name with their log frequency; ``more`` are words of a value not in it yet."""
        counts = self._read()
        size = self._values + values
        found = [
            (word, math.log((counts.get(word, 0) + (word in more) + 0.5) / (size + SEEN_ELSEWHERE)))
            for word in dict.fromkeys(words(value))
        ]
        return sorted(found, key=lambda one: one[1])[:COMPARED_WORDS]


def words(value: str) -> list[str]:
    """Return the words of an organization's name, as its kind counts them."""
    return words_of(value, text.has_han(value))


class KeyIndex:
    """A blocking key derived from the values of a field."""

    __slots__ = ("_added", "_vocabulary", "field", "suffix", "table")

    def __init__(self, field: FieldIndex, suffix: str, arrays: Arrays) -> None:
        self.field = field
        self.suffix = field.kind.keys.index(suffix)
        """Place of the key among those that the kind derives."""
        self._vocabulary = Vocabulary(arrays)
        self.table = buffer(arrays["table"])
        self._added: list[int] = []

    def code_of_value(self, code: int) -> int:
        """Return the key of a value of the field."""
        size = len(self.table)
        return self.table[code] if code < size else self._added[code - size]

    def code_of_text(self, text: str | None) -> int:
        """Return the number of a key."""
        if not text:
            return NO_KEY
        code = self._vocabulary.code(text)
        return code if code >= 0 else _NEW_KEY

    def grow(self) -> None:
        """Give keys to the values that were added to the field."""
        vocabulary = self.field.vocabulary
        for place in range(len(self._added), len(vocabulary.texts)):
            text = KEYS[self.field.comparison.kind](vocabulary.texts[place])[self.suffix]
            self._added.append(self._vocabulary.add(text) if text else -1)
