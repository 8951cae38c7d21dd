"""Hashes of rows, to tell in one pass which rows of two tables hold the same. For one run only: never stored.

Equal cells have equal hashes: that holds between any two kinds of frame, because cells are hashed as the text that a
person would type, unless both columns are of one library and one type, where the library hashes them much faster.
Unequal hashes prove nothing, as long as the caller compares such rows cell by cell.
"""

from __future__ import annotations

import math
import secrets
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from ._source import MISSING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ._table import Table

    Hashes = NDArray[np.uint64]

__all__ = ["Compared", "row_hashes"]

_SEED = secrets.randbits(63)
_FACTOR = np.uint64(secrets.randbits(64) | 1)
"""Joins columns; drawn for each process, so that no two changes of a row are known to cancel each other."""
_MULTIPLIERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


@attrs.frozen(kw_only=True)
class Compared:
    """A column of the left table and the one of the right table that it is held against.

    Attributes:
        left: Name on the left.
        right: Name on the right.
        tolerance: Numbers that lie in one step of this width may be taken for equal; 0 for none.
        values: What values on the left are called on the right; others have the same name.

    .. versionadded:: 0.1.0
    """

    left: str
    right: str
    tolerance: float = 0.0
    values: Mapping[str, str] | None = attrs.field(default=None, hash=False)


def row_hashes(
    left: Table, right: Table, columns: Sequence[Compared]
) -> tuple[Hashes, Hashes, NDArray[np.bool_], NDArray[np.bool_]]:
    """Hash the rows of two tables over some columns.

    Args:
        left: The one table.
        right: The other.
        columns: The columns, in an order that is the same for both.

    Returns:
        64-bit hashes of the rows on the left and on the right, and for each row whether any of its cells holds
        something.

    Example:
        >>> from crmkit import frames
        >>> one, other = frames.read([{"n": 1.0}]), frames.read({"n": ["1"]})
        >>> a, b, *_ = row_hashes(one, other, [Compared(left="n", right="n")])
        >>> bool(a[0] == b[0])
        True

    Note:
        O(cells). The seed is drawn for each process, so that nobody can prepare rows whose hashes meet.

    .. versionadded:: 0.1.0
    """
    one = np.full(len(left), _SEED, dtype=np.uint64)
    other = np.full(len(right), _SEED, dtype=np.uint64)
    filled, filled_other = np.zeros(len(left), dtype=bool), np.zeros(len(right), dtype=bool)
    for column in columns:
        a, b = _column_hashes(left, right, column)
        filled |= a != MISSING
        filled_other |= b != MISSING
        # A polynomial over well mixed hashes; the order of columns counts.
        one *= _FACTOR
        one += a
        other *= _FACTOR
        other += b
    return one, other, filled, filled_other


def _mixed(bits: Hashes) -> Hashes:
    """Mix the bits of numbers, of which many are the same in all of them; what is given is overwritten.

    Source:
        The finalizer of SplitMix64 (Steele, Lea & Flood 2014, Fast Splittable Pseudorandom Number Generators).
    """
    bits += np.uint64(_SEED)
    bits ^= bits >> np.uint64(30)
    bits *= _MULTIPLIERS[0]
    bits ^= bits >> np.uint64(27)
    bits *= _MULTIPLIERS[1]
    bits ^= bits >> np.uint64(31)
    return bits


def _column_hashes(left: Table, right: Table, column: Compared) -> tuple[Hashes, Hashes]:
    mine, yours = column.left, column.right
    if column.values is not None:
        named = left.texts(mine)
        named = named.map([column.values.get(str(value), value) for value in named.values])
        return _hashed(named.values)[named.codes], _text_hashes(right, yours)
    if column.tolerance > 0:
        a, b = _stepped(left, mine, column.tolerance), _stepped(right, yours, column.tolerance)
        if a is not None and b is not None:
            return a, b
    if left.kind == right.kind and left.type_of(mine) == right.type_of(yours):
        one, other = left.native_hashes(mine, _SEED), right.native_hashes(yours, _SEED)
        if one is not None and other is not None:
            return one, other
    return _text_hashes(left, mine), _text_hashes(right, yours)


def _hashed(texts: Sequence[object]) -> Hashes:
    """Return the hashes of texts and, behind them, that of a missing one."""
    found = np.empty(len(texts) + 1, dtype=np.int64)
    found[:-1] = np.fromiter(map(hash, texts), dtype=np.int64, count=len(texts))
    hashes = found.view(np.uint64)
    hashes[-1] = MISSING
    return hashes


def _stepped(table: Table, name: str, width: float) -> Hashes | None:
    """Return hashes of the steps that numbers lie in, as text or not; ``None`` for a column of other types."""
    numbers = table.numbers(name)
    if numbers is not None:
        return _steps(numbers, width)
    numbers = table.text_numbers(name)
    if numbers is None:
        return None
    hashes, odd = _steps(numbers, width), np.isnan(numbers)
    if odd.any():
        hashes[odd] = _text_hashes(table, name)[odd]
    return hashes


def _steps(numbers: NDArray[np.float64], width: float) -> Hashes:
    missing = np.isnan(numbers)
    with np.errstate(invalid="ignore", over="ignore"):
        steps = np.floor(numbers / width)
    hashes = _mixed(np.where(missing, 0.0, steps + 0.0).view(np.uint64))
    hashes[missing] = MISSING
    return hashes


def _text_hashes(table: Table, name: str) -> Hashes:
    made = [_piece_hashes(piece, name) for piece in table.pieces()]
    return made[0] if len(made) == 1 else np.concatenate(made)


def _piece_hashes(table: Table, name: str) -> Hashes:
    values = table.column(name)
    kinds = set(map(type, values))
    if kinds <= {str, type(None)}:
        hashes = _hashed(values)[:-1]
        if type(None) in kinds:
            hashes[np.fromiter((value is None for value in values), dtype=bool, count=len(values))] = MISSING
        return hashes
    texts = table.texts(name)
    return _hashed(texts.values)[texts.codes]


def numbers_of(texts: Sequence[object]) -> NDArray[np.float64]:
    """Return texts as floats, NaN where they are none."""

    def number(text: object) -> float:
        try:
            return float(text)  # type: ignore[arg-type]  # what is no text is no number either
        except (TypeError, ValueError):
            return math.nan

    return np.fromiter(map(number, texts), dtype=np.float64, count=len(texts))


def finite(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return NaN for what is infinite as well: two infinities are no distance apart that could be told."""
    numbers[np.isinf(numbers)] = math.nan
    return numbers


def text_hashes(texts: NDArray[np.object_], missing: NDArray[np.bool_] | None) -> Hashes:
    """Return hashes of an array of ``str``, in which what is missing may be anything that can be hashed."""
    hashes = np.fromiter(map(hash, texts), dtype=np.int64, count=len(texts)).view(np.uint64)
    if missing is not None:
        hashes[missing] = MISSING
    return hashes


def number_hashes(numbers: NDArray[Any], missing: NDArray[np.bool_] | None = None) -> Hashes:
    """Return hashes of numbers or moments of one numpy type: their bits; a missing one apart, 0.0 and -0.0 alike."""
    if numbers.dtype.kind == "f":
        wide = numbers.astype(np.float64) + 0.0
        missing = np.isnan(wide)
        bits = wide.view(np.uint64)
    elif numbers.dtype.kind == "M":
        missing = np.isnat(numbers)
        bits = numbers.astype(np.int64).view(np.uint64)  # a copy: mixing overwrites it
    else:
        bits = numbers.astype(np.int64).view(np.uint64)
    hashes = _mixed(bits)
    if missing is not None:
        hashes[missing] = MISSING
    return hashes
