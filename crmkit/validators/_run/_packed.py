"""Columns of text that must be kept until the last piece came: compressed, and read again only where needed."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["PackedTexts", "is_text"]

_FAST = 1
"""Level of compression: more saves little and takes several times as long."""
_MISSING = -1


def is_text(values: Sequence[object]) -> bool:
    """Return whether each value is text or missing."""
    return {*map(type, values)} <= {str, type(None)}


class PackedTexts:
    """A column of text that grows by pieces; each distinct text costs what it holds, not what an object takes."""

    def __init__(self) -> None:
        self._pieces: list[tuple[bytes, bytes]] = []
        self._starts = [0]

    def __len__(self) -> int:
        return self._starts[-1]

    def append(self, values: Sequence[Any]) -> None:
        """Add a piece of texts, missing as ``None``."""
        sizes = np.fromiter((_MISSING if text is None else len(text) for text in values), np.int32, len(values))
        joined = "".join([text for text in values if text is not None])
        data = joined.encode("utf-8", "surrogatepass")
        self._pieces.append((zlib.compress(data, _FAST), zlib.compress(sizes.tobytes(), _FAST)))
        self._starts.append(self._starts[-1] + len(values))

    def at(self, rows: Any) -> list[str | None]:
        """Return the texts of some rows, which ascend."""
        found: list[str | None] = []
        bounds = np.searchsorted(rows, self._starts)
        for number in range(len(self._pieces)):
            wanted = rows[bounds[number] : bounds[number + 1]]
            if len(wanted):
                texts = self._piece(number)
                start = self._starts[number]
                found += [texts[row - start] for row in wanted.tolist()]
        return found

    def ids_at(self, rows: Any) -> list[str | None]:
        """Do the same for ids of records: a blank one is none."""
        return [text if text is not None and text.strip() else None for text in self.at(rows)]

    def __iter__(self) -> Iterator[str | None]:
        for number in range(len(self._pieces)):
            yield from self._piece(number)

    def _piece(self, number: int) -> list[str | None]:
        data, packed = self._pieces[number]
        joined = zlib.decompress(data).decode("utf-8", "surrogatepass")
        sizes = np.frombuffer(zlib.decompress(packed), np.int32)
        ends = np.cumsum(np.maximum(sizes, 0))
        return [
            None if size < 0 else joined[end - size : end]
            for size, end in zip(sizes.tolist(), ends.tolist(), strict=True)
        ]
