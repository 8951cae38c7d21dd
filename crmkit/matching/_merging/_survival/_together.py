"""What belongs together comes from one record, and what that lacks from others that agree with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from crmkit.normalize import text
from crmkit.systems import canonical_fields

from ._members import Members, best_rows, contested, used_codes
from ._rules import Longest, MostFrequent, MostRecent, SurvivorshipRule
from ._wellformed import WellFormed, is_placeholder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from ._defaults import Group
    from ._members import Scores

    Places = NDArray[np.int64]
    Flags = NDArray[np.bool_]
    Cells = list[str | None]

__all__ = ["Known", "from_one_record"]

_PARTS_OF_NAMES = frozenset({"given_name", "middle_name", "family_name"})


def from_one_record(members: Members, survivor: Places, group: Group, roles: Mapping[str, str]) -> Mapping[str, Places]:
    """Return for each column of a group, and each cluster, the row that its value comes from."""
    best = survivor.copy()
    hot = contested(members, group.columns)
    if not hot.any():
        return dict.fromkeys(group.columns, best)
    part, places = members.only(hot)
    best[hot] = places[_best_of_group(part, group.columns, roles, latest=group.latest)]
    return _filled_up(members, best, group, roles)


def _filled_up(members: Members, best: Places, group: Group, roles: Mapping[str, str]) -> Mapping[str, Places]:
    """Take what the best rows leave empty from other rows of their cluster that do not contradict them."""
    chosen = {column: best.copy() for column in group.columns}
    gaps = np.zeros(members.clusters, dtype=bool)
    for column in group.columns:
        says = members.says(column)
        told = np.zeros(members.clusters, dtype=bool)
        told[members.cluster[says]] = True
        gaps |= told & ~says[best]
    if not gaps.any():
        return chosen
    part, places = members.only(gaps)
    rows = list(zip(*(_folded(part, column) for column in group.columns), strict=True))
    agree = _Agreement(group, roles)
    first = [*part.first.tolist(), len(rows)]
    order = _fullest_first(part, group.columns).tolist()
    bests = np.searchsorted(places, best[gaps]).tolist()
    for number, cluster in enumerate(np.flatnonzero(gaps).tolist()):
        held = list(rows[bests[number]])
        for row, k in _givers(held, rows, order[first[number] : first[number + 1]], agree):
            chosen[group.columns[k]][cluster] = places[row]
    return chosen


def _givers(
    held: Cells, rows: Sequence[Sequence[str | None]], order: Sequence[int], agree: _Agreement
) -> Iterator[tuple[int, int]]:
    """Yield rows, and which cell each gives to ``held``; a placeholder is given where nobody has anything else."""
    for anything in (False, True):
        for row in order:
            lacks = [k for k, cell in enumerate(rows[row]) if cell is not None and held[k] is None]
            if not lacks or not agree(held, rows[row]):
                continue
            for k in lacks:
                cell = rows[row][k]
                if anything or not is_placeholder(cell or ""):
                    held[k] = cell
                    yield row, k


def _folded(part: Members, column: str) -> Cells:
    """Return the cells as they are compared; ``None`` for those that say nothing."""
    distinct = part.texts(column)
    forms: Cells = [None] * (len(distinct) + 1)
    for code in used_codes(distinct.codes, len(distinct)).tolist():
        forms[code] = text.fold(str(distinct.values[code]))
    return [
        forms[code] if says else None
        for code, says in zip(distinct.codes.tolist(), part.says(column).tolist(), strict=True)
    ]


def _fullest_first(part: Members, columns: Sequence[str]) -> Places:
    """Order rows by cluster, then by how much of the group they say, then the latest, then as they stand."""
    filled = sum(part.says(column).astype(np.int64) for column in columns)
    when = np.zeros(len(part.rows)) if part.updated is None else part.moments(part.updated)
    return np.lexsort((-when, -np.asarray(filled), part.cluster))


class _Agreement:
    """Whether a row may fill up another: where both say something they say the same, and enough of it.

    An initial agrees with its name, and a full name with the names in it.
    """

    def __init__(self, group: Group, roles: Mapping[str, str]) -> None:
        named = [roles.get(column) for column in group.columns]
        self.anchored = not group.anchors
        self.anchors = {k for k, column in enumerate(group.columns) if column in group.anchors}
        self.parts = [k for k, role in enumerate(named) if role in _PARTS_OF_NAMES]
        self.full = [k for k, role in enumerate(named) if role == "full_name"]

    def __call__(self, held: Sequence[str | None], row: Sequence[str | None]) -> bool:
        """Say whether ``row`` may fill up ``held``."""
        anchored = self.anchored
        for k, (one, other) in enumerate(zip(held, row, strict=True)):
            if one is None or other is None:
                continue
            if one != other and not (k in self.parts and _is_initial(one, other)):
                return False
            anchored = anchored or (k in self.anchors and not is_placeholder(one))
        return anchored and all(
            _is_part(part, full)
            for f in self.full
            for k in self.parts
            for full, part in ((held[f], row[k]), (row[f], held[k]))
            if full is not None and part is not None
        )


def _is_initial(one: str, other: str) -> bool:
    shorter, longer = sorted((one.rstrip("."), other.rstrip(".")), key=len)
    return len(shorter) == 1 and longer.startswith(shorter)


def _is_part(part: str, full: str) -> bool:
    return f" {part} " in f" {full.replace(',', ' ')} " or (not full.isascii() and part in full)


@attrs.frozen(eq=False)
class Known(SurvivorshipRule):
    """Scores of rows, known beforehand."""

    known: Scores
    of: Members

    def scores(self, members: Members, column: str) -> Scores:  # noqa: ARG002  # they are known
        """Return the scores."""
        return self.known if members is self.of else self.known[members.places_in(self.of)]


@attrs.frozen(eq=False)
class _Summed(SurvivorshipRule):
    """What a rule says of several columns, as one."""

    rule: SurvivorshipRule
    columns: Sequence[str]

    def scores(self, members: Members, column: str) -> Scores:  # noqa: ARG002  # it has its own columns
        """Add up the scores."""
        return np.asarray(sum(self.rule.scores(members, one) for one in self.columns))


def _best_of_group(members: Members, columns: Sequence[str], roles: Mapping[str, str], *, latest: bool) -> Places:
    """Return for each cluster the row that columns which belong together come from.

    The one with the most that can be right, then by use or by time. Whether a value can be right is costly to ask, so
    first all are taken to be; what wins then and is right has won, for no other can have more.
    """
    hot = {column: contested(members, [column]) for column in columns}
    filled = np.zeros(len(members.rows))
    for column in columns:
        filled += members.codes(column) >= 0
    best = _by_filled(members, columns, filled, latest=latest)
    doubtful = _well_filled(members, best, columns, roles, hot) < filled[best]
    if doubtful.any():
        asked = np.flatnonzero(doubtful[members.cluster])
        filled[asked] = _well_filled(members, asked, columns, roles, hot)
        part, places = members.only(doubtful)
        best[doubtful] = places[_by_filled(part, columns, filled[places], latest=latest)]
    return best


def _well_filled(
    members: Members, places: Places, columns: Sequence[str], roles: Mapping[str, str], hot: Mapping[str, Flags]
) -> Scores:
    """Return how many of the columns hold something that can be right, in some of the rows.

    Where all rows of a cluster hold the same in a column, it decides nothing and is not asked about.
    """
    fields = canonical_fields()
    score = np.zeros(len(places))
    for column in columns:
        kind = fields[roles[column]].type if roles.get(column) in fields else "text"
        filled = members.codes(column)[places] >= 0
        score += filled
        asked = np.flatnonzero(filled & hot[column][members.cluster[places]])
        score[asked] += WellFormed(kind).scores(members.at(places[asked]), column) - 1.0
    return score


def _by_filled(members: Members, columns: Sequence[str], filled: Scores, *, latest: bool) -> Places:
    by_use = (_Summed(MostFrequent(), columns), _Summed(Longest(), columns))
    rest = (MostRecent(), *by_use) if latest else (*by_use, MostRecent())
    return best_rows(members, columns[0], (Known(filled, members), *rest), needs_value=False)
