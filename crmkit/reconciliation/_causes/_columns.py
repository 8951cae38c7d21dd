"""Causes that one pair of cells cannot prove, and its column or its row can.

A value that is the beginning of the other was cut only if the column cuts there; a day's difference is a time zone only
if most of the column is off by that day; one stage that became another is a recoding only if it always became it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import attrs
import numpy as np

from ._cause import Cause

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from ._cells import Differing

__all__ = ["confirm", "find_swapped"]

_LEAST_SHIFTED = 3
_SHARE_OF_SHIFTED = 0.2
"""A shift of hours must be that of so many of the cells that differ; summer time makes two shifts of one zone."""
_SHARE_OF_DAYS = 0.8
_LEAST_DAYS = 5
_LONG_CUT = 8
"""A single cell as long as the column's longest is taken for cut from this length on."""
_LEAST_RECODED = 3
_SHARE_RECODED = 0.95
_MOST_CODES = 200


def confirm(
    part: Differing,
    *,
    longest: Mapping[str, tuple[int, int]],
    rows_with: Callable[[Collection[str]], Mapping[str, int]],
) -> Differing:
    """Decide over one column what its cells alone left open.

    Args:
        part: The differing cells of the column.
        longest: For ``"left"`` and ``"right"`` the most characters and the most UTF-8 bytes of any value there.
        rows_with: How many paired rows have each of some texts on the left.
    """
    counts = part.counts()
    causes = list(part.causes)
    _confirm_cuts(causes, counts, longest)
    _confirm_hours(causes, counts)
    _confirm_days(causes, counts)
    _find_recoded(causes, counts, part, rows_with)
    return attrs.evolve(part, causes=[_final(cause) for cause in causes])


def _final(cause: Cause) -> Cause:
    return cause if cause.to_confirm is None else attrs.evolve(cause, to_confirm=None)


def _confirm_cuts(causes: list[Cause], counts: NDArray[np.int64], longest: Mapping[str, tuple[int, int]]) -> None:
    by_length: dict[tuple[str, str, int], list[int]] = defaultdict(list)
    for place, cause in enumerate(causes):
        cut = cause.to_confirm
        if cut is None or cut.code != "truncated":
            continue
        side, length, size = str(cut.params["side"]), int(str(cut.params["length"])), int(str(cut.params["bytes"]))
        most, most_bytes = longest[side]
        if length == most:
            by_length[side, "characters", length].append(place)
        elif size > length and most_bytes - 3 < size <= most_bytes:
            by_length[side, "bytes", most_bytes].append(place)
    for (side, unit, length), places in by_length.items():
        if length >= _LONG_CUT or int(counts[places].sum()) >= 2:
            for place in places:
                causes[place] = Cause("truncated", {"length": length, "unit": unit, "side": side})


def _confirm_hours(causes: list[Cause], counts: NDArray[np.int64]) -> None:
    shifts: Counter[str] = Counter()
    for cause, n in zip(causes, counts.tolist(), strict=True):
        if cause.code == "time_zone":
            shifts[str(cause.params["hours"])] += n
    total = sum(n for cause, n in zip(causes, counts.tolist(), strict=True) if cause.code in {"time_zone", "changed"})
    shared = {
        shift
        for shift, n in shifts.items()
        if n >= min(_LEAST_SHIFTED, max(total, 2)) and n >= _SHARE_OF_SHIFTED * total
    }
    for place, cause in enumerate(causes):
        if cause.code == "time_zone" and str(cause.params["hours"]) not in shared:
            causes[place] = Cause("changed")


def _confirm_days(causes: list[Cause], counts: NDArray[np.int64]) -> None:
    shifted = [
        place
        for place, cause in enumerate(causes)
        if cause.to_confirm is not None and cause.to_confirm.code == "time_zone"
    ]
    n = int(counts[shifted].sum())
    open_ = int(sum(count for cause, count in zip(causes, counts.tolist(), strict=True) if cause.code == "changed"))
    directions = Counter(str(shift.params) for place in shifted if (shift := causes[place].to_confirm) is not None)
    if n >= _LEAST_DAYS and n >= _SHARE_OF_DAYS * open_ and len(directions) == 1:
        for place in shifted:
            shift = causes[place].to_confirm
            causes[place] = shift if shift is not None else causes[place]


def _find_recoded(
    causes: list[Cause],
    counts: NDArray[np.int64],
    part: Differing,
    rows_with: Callable[[Collection[str]], Mapping[str, int]],
) -> None:
    """Find values that always became one other value, as pick lists do when a target has other names for them."""
    became: dict[str, Counter[int]] = defaultdict(Counter)
    for place, (cause, value, n) in enumerate(zip(causes, part.left, counts.tolist(), strict=True)):
        if cause.code == "changed" and value is not None:
            became[value][place] += n
    often = {value: places for value, places in became.items() if places.most_common(1)[0][1] >= _LEAST_RECODED}
    if not often or len(often) > _MOST_CODES:
        return
    held = rows_with(often)
    for value, places in often.items():
        place, n = places.most_common(1)[0]
        if n >= _SHARE_RECODED * held[value]:
            causes[place] = Cause("recoded")


def find_swapped(parts: Sequence[Differing]) -> list[Differing]:
    """Find rows in which two columns hold each other's values, as after a mapping that crossed two fields.

    Note:
        O(differing cells).
    """
    by_row: dict[int, list[tuple[int, int]]] = defaultdict(list)
    open_ = [
        np.fromiter((cause.code in _MAY_BE_SWAPPED for cause in part.causes), dtype=bool, count=len(part.causes))
        for part in parts
    ]
    for number, part in enumerate(parts):
        for at in np.flatnonzero(open_[number][part.which]).tolist():
            by_row[int(part.pair[at])].append((number, at))
    swapped: dict[int, dict[int, int]] = defaultdict(dict)  # part -> cell -> the other column
    for cells in by_row.values():
        if len(cells) < 2:
            continue
        texts = {}
        for number, at in cells:
            which = int(parts[number].which[at])
            texts[number] = (at, parts[number].left[which], parts[number].right[which])
        for number, (at, left, right) in texts.items():
            for other, (_, other_left, other_right) in texts.items():
                crossed = left == other_right and right == other_left
                if number != other and crossed and (left is not None or right is not None):
                    swapped[number][at] = parts[other].column
    return [_marked(part, swapped[number]) if number in swapped else part for number, part in enumerate(parts)]


_MAY_BE_SWAPPED = frozenset({"changed", "value_lost", "value_added", "truncated", "recoded"})


def _marked(part: Differing, cells: Mapping[int, int]) -> Differing:
    """Give some cells of a column the cause that they hold another column's value."""
    left, right, causes = list(part.left), list(part.right), list(part.causes)
    which = part.which.copy()
    number: dict[tuple[int, int], int] = {}
    for at, other in cells.items():
        old = int(part.which[at])
        if (old, other) not in number:
            number[old, other] = len(left)
            left.append(part.left[old])
            right.append(part.right[old])
            causes.append(Cause("swapped_columns", {"with": other}))
        which[at] = number[old, other]
    return attrs.evolve(part, which=which, left=left, right=right, causes=causes)
