"""The distinct values of a field, and what is known of parts of them, in little room where they are many.

Millions of addresses would take a hundred octets each as Python's texts; a few thousand values in one text take their
letters and six octets. A value is cut out again when it is asked for, which bounds on likeness make rare.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

import attrs
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Texts = NDArray[np.object_]
    Places = NDArray[np.integer[Any]]

__all__ = ["OfParts", "Vocabulary"]

_MANY = 1 << 16
"""Values from which they are held in common texts."""

_BITS = 12
_PIECE = 1 << _BITS


class Vocabulary:
    """Texts that are taken by their place: one place gives a text, an array of places an array of texts.

    Example:
        >>> values = Vocabulary(["Oslo", "Rome"])
        >>> values[1], values[np.array([1, 0, 1])].tolist(), len(values)
        ('Rome', ['Rome', 'Oslo', 'Rome'], 2)
    """

    __slots__ = ("_ends", "_few", "_pieces", "_starts")

    def __init__(self, values: Sequence[str]) -> None:
        self._few: Texts | None = None
        if len(values) < _MANY:
            self._few = np.fromiter(values, dtype=object, count=len(values))
            return
        sizes = np.fromiter(map(len, values), dtype=np.int64, count=len(values))
        ends = np.cumsum(sizes)
        firsts = ends[::_PIECE] - sizes[::_PIECE]
        ends -= np.repeat(firsts, _PIECE)[: len(ends)]
        self._ends = ends.astype(np.uint32)
        self._starts = (ends - sizes).astype(np.uint32)
        self._pieces = ["".join(values[start : start + _PIECE]) for start in range(0, len(values), _PIECE)]

    def __len__(self) -> int:
        return len(self._ends) if self._few is None else len(self._few)

    def __repr__(self) -> str:
        return f"<Vocabulary: {len(self)} values>"

    @overload
    def __getitem__(self, places: int) -> str: ...
    @overload
    def __getitem__(self, places: Places) -> Texts: ...
    def __getitem__(self, places: int | Places) -> str | Texts:
        if not isinstance(places, np.ndarray):
            return str(self[np.array([places])][0])
        if self._few is not None:
            return self._few[places]
        spans = zip((places >> _BITS).tolist(), self._starts[places].tolist(), self._ends[places].tolist(), strict=True)
        pieces = self._pieces
        return np.fromiter([pieces[piece][start:end] for piece, start, end in spans], dtype=object, count=len(places))

    def __iter__(self) -> Iterator[str]:
        if self._few is not None:
            yield from self._few.tolist()
            return
        for piece, text in enumerate(self._pieces):
            part = slice(piece << _BITS, (piece + 1) << _BITS)
            spans = zip(self._starts[part].tolist(), self._ends[part].tolist(), strict=True)
            yield from [text[start:end] for start, end in spans]

    def tolist(self) -> list[str]:
        """Return all texts."""
        return list(self)


@attrs.frozen(eq=False, repr=False)
class OfParts:
    """An array over the values of a field of which many have the same part, held once for each part.

    Attributes:
        parts: What is known of each part.
        place: For each value which part it has.
    """

    parts: NDArray[Any]
    place: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.place)

    def __getitem__(self, codes: Places) -> NDArray[Any]:
        return np.asarray(self.parts[self.place[codes]])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: FBT001  as numpy calls it
        return np.asarray(self.parts[self.place], dtype=dtype)

    def tolist(self) -> list[Any]:
        """Return what is known of the part of every value."""
        found: list[Any] = np.asarray(self).tolist()
        return found
