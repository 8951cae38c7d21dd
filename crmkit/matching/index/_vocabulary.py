"""Texts and their codes in flat arrays that can be mapped from a file, with what was added since in a dict beside."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[np.generic]]

__all__ = ["Vocabulary", "buffer", "vocabulary_arrays"]


def buffer(array: NDArray[np.generic]) -> memoryview:
    """Return an array as a buffer, whose items come as Python's numbers and several times faster."""
    return memoryview(array)  # type: ignore[arg-type]  # arrays are buffers; the stubs say so from Python 3.12 on


def vocabulary_arrays(texts: Iterable[str]) -> dict[str, NDArray[np.generic]]:
    """Lay out distinct texts as arrays: their bytes end to end, and a table of buckets by CRC-32.

    Note:
        O(characters + texts). A lookup reads one bucket, which holds one text on average.
    """
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    buckets = 1 << max(len(encoded) - 1, 1).bit_length()
    marks = np.fromiter(map(zlib.crc32, encoded), dtype=np.uint32, count=len(encoded)) & np.uint32(buckets - 1)
    order = np.argsort(marks, kind="stable")
    starts = np.searchsorted(marks[order], np.arange(buckets + 1))
    return {
        "bytes": np.frombuffer(b"".join(encoded), dtype=np.uint8),
        "ends": ends,
        "order": order.astype(np.int32),
        "starts": starts.astype(np.int32),
    }


class Vocabulary:
    """Distinct texts, numbered; new ones get the next numbers."""

    __slots__ = ("_bytes", "_ends", "_mask", "_order", "_starts", "added", "size", "texts")

    def __init__(self, arrays: Arrays) -> None:
        self._bytes = buffer(arrays["bytes"])
        self._ends = buffer(arrays["ends"])
        self._order = buffer(arrays["order"])
        self._starts = buffer(arrays["starts"])
        self._mask = len(self._starts) - 2
        self.size = len(self._ends) - 1
        self.added: dict[str, int] = {}
        self.texts: list[str] = []

    def __len__(self) -> int:
        return self.size + len(self.texts)

    def code(self, text: str) -> int:
        """Return the number of a text, -1 if it is not there."""
        data = text.encode("utf-8", "surrogatepass")
        bucket = zlib.crc32(data) & self._mask
        ends = self._ends
        for place in range(self._starts[bucket], self._starts[bucket + 1]):
            code = self._order[place]
            if self._bytes[ends[code] : ends[code + 1]] == data:
                return code
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
