"""Texts or numbers and their codes, in flat arrays that can be mapped from a file; a dict beside for what was added."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[np.generic]]

__all__ = ["Numbers", "Vocabulary", "buffer", "number_arrays", "part_of", "vocabulary_arrays"]


_NUMBER = (1 << 32) - 1


def buffer(array: NDArray[np.generic]) -> memoryview:
    """Return an array as a buffer, whose items come as Python's numbers and several times faster."""
    return memoryview(array)  # type: ignore[arg-type]  # arrays are buffers; the stubs say so from Python 3.12 on


def part_of(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """Return the arrays under a prefix by the rest of their names."""
    start = f"{prefix}/"
    return {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}


def vocabulary_arrays(texts: Iterable[str]) -> dict[str, NDArray[np.generic]]:
    """Lay out distinct texts as arrays: their bytes end to end, and a hash table of their numbers.

    Returns:
        ``bytes``; ``ends``, where each text begins and ends in them; and ``hashes``: the text number ``c`` is in the
        place that the low bits of its CRC-32 name, or the next free one, as CRC-32 << 32 | c + 1; 0 is free. The last
        place always is.

    Note:
        O(characters + texts log texts). A text that is not there costs one place to read, mostly.
    """
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    marks = np.fromiter(map(zlib.crc32, encoded), dtype=np.uint64, count=len(encoded))
    order, taken, size = _laid(marks)
    hashes = np.zeros(size, dtype=np.uint64)
    hashes[taken] = (marks[order] << np.uint64(32)) | (order + 1).astype(np.uint64)
    return {"bytes": np.frombuffer(b"".join(encoded), dtype=np.uint8), "ends": ends, "hashes": hashes}


def number_arrays(numbers: NDArray[np.uint64]) -> dict[str, NDArray[np.generic]]:
    """Lay out distinct numbers, whose low bits are as good as random, with a hash table of their places.

    Returns:
        ``numbers`` as they are; ``places``: ``c + 1`` for the number ``c``, in the place that its low bits name or the
        next free one; 0 is free. The last place always is.
    """
    order, taken, size = _laid(numbers)
    places = np.zeros(size, dtype=np.int32)
    places[taken] = order + 1
    return {"numbers": numbers, "places": places}


def _laid(marks: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.int64], int]:
    """Return the order in which marks are laid, the place of each, and how many places there are."""
    places = _places(len(marks))
    first = (marks & np.uint64(places - 1)).astype(np.int64)
    order = np.argsort(first, kind="stable")
    number = np.arange(len(order))
    taken = np.maximum.accumulate(first[order] - number) + number
    return order, taken, max(places, int(np.max(taken, initial=0)) + 1) + 1


def _places(texts: int) -> int:
    """Return how many places the low bits of a hash can name: three to six for four texts."""
    return 1 << (texts * 4 // 3).bit_length()


class Vocabulary:
    """Distinct texts, numbered; new ones get the next numbers."""

    __slots__ = ("_bytes", "_ends", "_hashes", "_mask", "added", "size", "texts")

    def __init__(self, arrays: Arrays) -> None:
        self._bytes = buffer(arrays["bytes"])
        self._ends = buffer(arrays["ends"])
        self._hashes = buffer(arrays["hashes"])
        self._mask = _places(len(self._ends) - 1) - 1
        self.size = len(self._ends) - 1
        self.added: dict[str, int] = {}
        self.texts: list[str] = []

    def __len__(self) -> int:
        return self.size + len(self.texts)

    def code(self, text: str) -> int:
        """Return the number of a text, -1 if it is not there."""
        data = text.encode("utf-8", "surrogatepass")
        mark = zlib.crc32(data)
        place = mark & self._mask
        hashes = self._hashes
        while entry := hashes[place]:
            if entry >> 32 == mark:
                code = (entry & _NUMBER) - 1
                if self._bytes[self._ends[code] : self._ends[code + 1]] == data:
                    return int(code)
            place += 1
        return self.added.get(text, -1)

    def text(self, code: int) -> str:
        """Return the text of a number."""
        if code >= self.size:
            return self.texts[code - self.size]
        return str(self._bytes[self._ends[code] : self._ends[code + 1]], "utf-8", "surrogatepass")

    def add(self, text: str) -> int:
        """Return the number of a text, a new one if it was not there."""
        code = self.code(text)
        if code < 0:
            code = self.added[text] = len(self)
            self.texts.append(text)
        return code


class Numbers:
    """Distinct large numbers, numbered; new ones get the next numbers."""

    __slots__ = ("_added", "_mask", "_numbers", "_places")

    def __init__(self, arrays: Arrays) -> None:
        self._numbers = buffer(arrays["numbers"])
        self._places = buffer(arrays["places"])
        self._mask = _places(len(self._numbers)) - 1
        self._added: dict[int, int] = {}

    def code(self, number: int) -> int:
        """Return the code of a number, -1 if it is not there."""
        place = number & self._mask
        while entry := self._places[place]:
            if self._numbers[entry - 1] == number:
                return int(entry - 1)
            place += 1
        return self._added.get(number, -1) if self._added else -1

    def add(self, number: int) -> int:
        """Return the code of a number, a new one if it was not there."""
        code = self.code(number)
        if code < 0:
            code = self._added[number] = len(self._numbers) + len(self._added)
        return code
