r"""Columns of text of a long file, held in a fraction of the room that Python's own texts take.

A text of twenty letters is an object of eighty bytes and a place of eight for each row that has it. Text that repeats
is held once, with a number of four bytes a row; text that does not is held in octets, some hundreds of cells in one
piece.
"""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Iterator

__all__ = ["HeldColumn", "JoinedTexts", "RepeatedTexts"]

CELLS = 256
"""Cells of one piece: to look at a single one, all of them are read."""

_BETWEEN = "\x1f"


class HeldColumn(Sequence[str | None]):
    """What both ways of holding a column have in common: a sequence of text and ``None`` that nobody can change."""

    __slots__ = ()

    codes: array[int] | None
    """For each row the place of its text in ``values``, -1 is missing; ``None`` where text is not numbered."""

    @overload
    def __getitem__(self, place: int) -> str | None: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[str | None, ...]: ...
    def __getitem__(self, place: int | slice) -> str | tuple[str | None, ...] | None:
        if isinstance(place, slice):
            return tuple(self.take(range(len(self))[place]))
        return self._at(range(len(self))[place])

    @abstractmethod
    def _at(self, place: int) -> str | None: ...

    def index(self, value: object, start: int = 0, stop: int | None = None) -> int:
        """Return the first place of a value; every piece is read once."""
        for place, cell in itertools.islice(enumerate(self), *slice(start, stop).indices(len(self))):
            if cell == value:
                return place
        raise ValueError("no such cell")

    def take(self, places: Sequence[int]) -> list[str | None]:
        """Return some of the cells; where they are many, the whole column is read once."""
        if len(places) * CELLS < len(self):
            return list(map(self._at, places))
        every = tuple(self)
        return [every[place] for place in places]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HeldColumn | tuple):
            return NotImplemented
        return len(self) == len(other) and all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # compared by its cells, of which there are many

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self)} cells>"


class RepeatedTexts(HeldColumn):
    """A column in which text repeats.

    Attributes:
        values: The distinct texts, in the order in which they first appear.
        codes: For each row the place of its text in ``values``; -1 is missing. ``array("i")``.

    Example:
        >>> from array import array
        >>> column = RepeatedTexts(("Oslo", "Rome"), array("i", [1, -1, 0, 1]))
        >>> tuple(column)
        ('Rome', None, 'Oslo', 'Rome')
    """

    __slots__ = ("_cells", "codes", "values")

    def __init__(self, values: tuple[str, ...], codes: array[int]) -> None:
        self.values = values
        self.codes: array[int] = codes
        self._cells: tuple[str | None, ...] = (*values, None)  # where code -1 finds what is missing

    def __len__(self) -> int:
        return len(self.codes)

    def __iter__(self) -> Iterator[str | None]:
        return map(self._cells.__getitem__, self.codes)

    def _at(self, place: int) -> str | None:
        return self._cells[self.codes[place]]

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.values, self.codes)


class JoinedTexts(HeldColumn):
    """A column in which hardly any text repeats.

    Args:
        pieces: ``CELLS`` cells each, but for the last, as ``joined`` gives them.
        length: Cells of all pieces.

    Example:
        >>> column = JoinedTexts(joined([("ann@example.com", "bo@example.org", "")]), 3)
        >>> tuple(column)
        ('ann@example.com', 'bo@example.org', None)
    """

    __slots__ = ("_length", "_pieces")

    codes = None

    def __init__(self, pieces: Iterable[bytes | tuple[str, ...]], length: int) -> None:
        self._pieces = tuple(pieces)
        self._length = length

    def __len__(self) -> int:
        return self._length

    def cells(self) -> Iterator[str]:
        """Yield the cells, the missing ones as ``""``."""
        return itertools.chain.from_iterable(map(_apart, self._pieces))

    def __iter__(self) -> Iterator[str | None]:
        return itertools.chain.from_iterable(map(_or_none, map(_apart, self._pieces)))

    def _at(self, place: int) -> str | None:
        return _apart(self._pieces[place // CELLS])[place % CELLS] or None

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self._pieces, self._length)


def joined(cells: Iterable[Sequence[str]]) -> Iterator[bytes | tuple[str, ...]]:
    """Give ``CELLS`` cells each in one piece, but for the last; missing cells are ``""``."""
    every = itertools.chain.from_iterable(cells)
    while some := tuple(itertools.islice(every, CELLS)):
        yield _together(some)


def _together(cells: tuple[str, ...]) -> bytes | tuple[str, ...]:
    text = _BETWEEN.join(cells)
    if text.count(_BETWEEN) != len(cells) - 1:
        return cells
    return text.encode("utf-8", "surrogatepass")


def _apart(piece: bytes | tuple[str, ...]) -> Sequence[str]:
    return piece if isinstance(piece, tuple) else piece.decode("utf-8", "surrogatepass").split(_BETWEEN)


def _or_none(cells: Sequence[str]) -> Sequence[str | None]:
    return [cell or None for cell in cells] if "" in cells else cells
