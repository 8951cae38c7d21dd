"""The rows of all clusters at once, as rules see them, and the choice of one row for each cluster."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import attrs
import numpy as np

from crmkit import frames
from crmkit.errors import ShapeError
from crmkit.frames import Distinct
from crmkit.normalize import _placeholders

from ._moments import moment_ranks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from crmkit.frames import Table

    from ._rules import SurvivorshipRule

    Scores = NDArray[np.float64]

__all__ = ["Members", "best_rows", "contested", "says_nothing", "used_codes"]


@attrs.define(eq=False)
class Members:
    """The rows of all clusters of two or more.

    Attributes:
        table: The table.
        rows: Rows, sorted by cluster, then by position.
        cluster: For each of ``rows`` its cluster, counted from 0 without gaps.
        updated: Column that says when a record was last changed, if there is one.
        survivor: Whether each of ``rows`` is the one that stays; set once it is chosen.

    Example:
        >>> from crmkit import frames
        >>> table = frames.read([{"city": "Oslo"}, {"city": None}])
        >>> Members(table=table, rows=np.array([0, 1]), cluster=np.array([0, 0])).codes("city").tolist()
        [0, -1]

    .. versionadded:: 0.1.0
    """

    table: Table
    rows: NDArray[np.int64]
    cluster: NDArray[np.int64]
    updated: str | None = None
    survivor: NDArray[np.bool_] | None = None
    _whole: Members | None = None
    _places: NDArray[np.int64] | None = None
    _filled: Scores | None = None
    _moments: dict[str, Scores] = attrs.field(factory=dict)
    _distinct: dict[str, Distinct] = attrs.field(factory=dict)
    _texts: dict[str, Distinct] = attrs.field(factory=dict)
    _said: dict[str, NDArray[np.bool_]] = attrs.field(factory=dict)
    _alone: _Alone | None = None
    _judged: dict[tuple[str, str], Scores] = attrs.field(factory=dict)

    @property
    def clusters(self) -> int:
        """How many clusters there are."""
        return int(self.cluster[-1]) + 1 if len(self.cluster) else 0

    @property
    def first(self) -> NDArray[np.int64]:
        """The place of the first row of each cluster."""
        return np.flatnonzero(np.diff(self.cluster, prepend=-1))

    def codes(self, column: str) -> NDArray[np.int32]:
        """Return which distinct value of ``column`` each row holds, -1 for none."""
        return self.distinct(column).codes

    def distinct(self, column: str) -> Distinct:
        """Return the distinct values of ``column`` that these rows hold, and which of them each row does.

        Note:
            Values may be among them that none of the rows holds. Other rows of the table are not looked at.
        """
        found = self._distinct.get(column)
        if found is None:
            if self._whole is None:
                found = self._rows_alone().distinct(column)
            else:
                whole = self._whole.distinct(column)
                found = Distinct(whole.values, whole.codes[self._places])
            self._distinct[column] = found
        return found

    def texts(self, column: str) -> Distinct:
        """Return the same with every value as a person would type it."""
        found = self._texts.get(column)
        if found is None:
            if self._whole is None:
                found = self._rows_alone().texts(column)
            else:
                whole = self._whole.texts(column)
                found = Distinct(whole.values, whole.codes[self._places])
            self._texts[column] = found
        return found

    def says(self, column: str) -> NDArray[np.bool_]:
        """Return whether the cell of each row says something: not empty, not blank, no ``n/a``."""
        found = self._said.get(column)
        if found is None:
            if self._whole is not None:
                return self._whole.says(column)[self._places]
            distinct = self.distinct(column)
            something = np.ones(len(distinct) + 1, dtype=bool)
            something[-1] = False  # for -1
            something[[code for code, value in enumerate(distinct.values) if says_nothing(value)]] = False
            found = self._said[column] = something[distinct.codes]
        return found

    def _rows_alone(self) -> _Alone:
        if self._alone is None:
            self._alone = _Alone(self.table, self.rows)
        return self._alone

    def judged(self, column: str, question: str) -> Scores:
        """Return what is known of the texts of a column, to be filled in; NaN where nothing is.

        Returns:
            One number for each of the column's distinct texts, and one more at the end for none.
        """
        if self._whole is not None:
            return self._whole.judged(column, question)
        found = self._judged.get((column, question))
        if found is None:
            size = len(self.texts(column)) + 1
            found = self._judged[column, question] = np.full(size, np.nan)
        return found

    def moments(self, column: str) -> Scores:
        """Return a number for each row that grows with the date or time in ``column``; -inf where there is none."""
        if self._whole is not None:
            return self._whole.moments(column)[self._places]
        if column not in self._moments:
            distinct = self.texts(column)
            codes = distinct.codes
            used = used_codes(codes, len(distinct))
            ranks = np.full(len(distinct) + 1, -np.inf)
            values = distinct.values
            ranks[used] = moment_ranks([str(values[code]) for code in used.tolist()])
            self._moments[column] = ranks[codes]
        return self._moments[column]

    def filled(self) -> Scores:
        """Return how many columns of each row say something."""
        if self._whole is not None:
            return self._whole.filled()[self._places]
        if self._filled is None:
            self._filled = np.zeros(len(self.rows))
            for column in self.table.columns:
                self._filled += self.says(column)
        return self._filled

    def places_in(self, whole: Members) -> NDArray[np.int64]:
        """Return where each row is among those of which these are a part."""
        if self._places is None or self._whole is not whole:
            raise ShapeError("these are no rows of the others", expected=len(whole.rows), actual=len(self.rows))
        return self._places

    def at(self, places: NDArray[np.int64]) -> Members:
        """Return single rows, each as a cluster of its own, to score no others."""
        chosen = Members(self.table, self.rows[places], np.arange(len(places)), self.updated)
        chosen._whole, chosen._places = self, places
        return chosen

    def only(self, clusters: NDArray[np.bool_]) -> tuple[Members, NDArray[np.int64]]:
        """Return the rows of some clusters, these counted anew, and the place of each row among all."""
        places = np.flatnonzero(clusters[self.cluster])
        numbers = np.cumsum(clusters) - 1
        survivor = None if self.survivor is None else self.survivor[places]
        chosen = Members(self.table, self.rows[places], numbers[self.cluster[places]], self.updated, survivor)
        chosen._whole, chosen._places = self, places  # what was computed for all rows is not computed again
        return chosen, places


def says_nothing(value: object) -> bool:
    """Say whether a cell might as well be empty: a blank, a marker such as ``n/a``, an empty list."""
    if isinstance(value, str):
        return _placeholders.says_nothing(value)
    return isinstance(value, list | tuple | dict | set | frozenset) and not value


_MOST = 0.8
"""Where more of a table's rows than this are in clusters, a table of them alone would only cost."""


class _Alone:
    """The rows of clusters as a table of their own, so that finding distinct values does not touch the others."""

    def __init__(self, table: Table, rows: NDArray[np.int64]) -> None:
        self._table, self._rows = table, rows
        self._part, self._places = table, rows
        if len(rows) < _MOST * len(table):
            order = np.argsort(rows, kind="stable")
            self._part = frames.read(table.take(rows[order].tolist()))
            self._places = np.empty(len(rows), dtype=np.int64)
            self._places[order] = np.arange(len(rows))

    def distinct(self, column: str) -> Distinct:
        if self._is_empty(column):
            return Distinct([], np.full(len(self._rows), -1, dtype=np.int32))
        found = self._part.distinct(column)
        return Distinct(found.values, found.codes[self._places])

    def texts(self, column: str) -> Distinct:
        if self._is_empty(column):
            return self.distinct(column)
        distinct, found = self._part.distinct(column), self._part.texts(column)
        if found is not distinct and any(isinstance(value, dt.datetime | np.datetime64) for value in distinct.values):
            found = self._table.texts(column)  # whether they are dates is told by all moments of the column
            return Distinct(found.values, found.codes[self._rows])
        return Distinct(found.values, found.codes[self._places])

    def _is_empty(self, column: str) -> bool:
        """Say whether it is a key that other records have and none of these."""
        return column not in self._part.columns and column in self._table.columns


def used_codes(codes: NDArray[np.int32], size: int) -> NDArray[np.int64]:
    """Return the codes that occur, sorted, of a column of ``size`` distinct values."""
    occurs = np.zeros(size + 1, dtype=bool)
    occurs[codes] = True  # -1, for no value, is the last
    return np.flatnonzero(occurs[:-1])


def contested(members: Members, columns: Sequence[str]) -> NDArray[np.bool_]:
    """Return for each cluster whether its rows hold different values in ``columns``, nothing counting as one."""
    first = members.first[members.cluster]
    differs = np.zeros(members.clusters, dtype=bool)
    for column in columns:
        codes = members.codes(column)
        differs[members.cluster[codes != codes[first]]] = True
    return differs


def best_rows(
    members: Members,
    column: str,
    rules: Sequence[SurvivorshipRule],
    *,
    allowed: NDArray[np.bool_] | None = None,
    needs_value: bool | None = None,
) -> NDArray[np.int64]:
    """Return for each cluster the place in ``members.rows`` whose value survives, -1 where none has a value.

    Note:
        Where a value is needed, a cell that says nothing, such as ``n/a``, never wins over one that says something.
        A rule is asked about the clusters in which the rules before it left several rows, and only about these.
    """
    if len(rules) > 1 and rules[0].highest is not None and allowed is None:
        return _best_of_the_rest_first(members, column, rules, needs_value=needs_value)
    open_ = np.ones(len(members.rows), dtype=bool) if allowed is None else allowed.copy()
    if rules[0].needs_value if needs_value is None else needs_value:
        open_ &= members.codes(column) >= 0
        open_ = _telling(members, column, open_)
    left = np.flatnonzero(open_)
    for rule in rules:
        tied = np.bincount(members.cluster[left], minlength=members.clusters) > 1
        if not tied.any():
            break
        among = tied[members.cluster[left]]
        part, places = (members, None) if tied.all() else members.only(tied)
        scores = np.asarray(rule.scores(part, column))
        if scores.shape != part.rows.shape or scores.dtype.kind not in "fiub":
            size = len(part.rows)
            raise ShapeError(
                f"{type(rule).__name__} gave no number for each of {size} rows", expected=size, actual=scores.size
            )
        chosen = left[among]
        best = _highest(
            members.cluster[chosen],
            scores.astype(np.float64)[chosen if places is None else np.searchsorted(places, chosen)],
        )
        among[among] = ~best
        left = left[~among]
    first = left[np.diff(members.cluster[left], prepend=-1) != 0]
    result = np.full(members.clusters, -1, dtype=np.int64)
    result[members.cluster[first]] = first
    return result


def _telling(members: Members, column: str, open_: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the open rows without those that say nothing, as long as others of their cluster say something."""
    says = members.says(column) & open_
    told = np.zeros(members.clusters, dtype=bool)
    told[members.cluster[says]] = True
    return open_ & (says | ~told[members.cluster])


def _highest(cluster: NDArray[np.int64], scores: Scores) -> NDArray[np.bool_]:
    """Return which rows, sorted by cluster, have the highest score of theirs; what is no number is below all."""
    start = np.flatnonzero(np.diff(cluster, prepend=-1))
    highest = np.repeat(np.fmax.reduceat(scores, start), np.diff(np.append(start, len(cluster))))
    return np.asarray((scores == highest) | np.isnan(highest))


def _best_of_the_rest_first(
    members: Members, column: str, rules: Sequence[SurvivorshipRule], *, needs_value: bool | None
) -> NDArray[np.int64]:
    """Return what :func:`best_rows` does without asking a costly first rule about every value.

    What the other rules choose wins if the first rule gives it its highest score; only where it does not, the others
    of the cluster have to be asked too.
    """
    costly = rules[0]
    highest = -np.inf if costly.highest is None else costly.highest
    needed = costly.needs_value if needs_value is None else needs_value
    best = best_rows(members, column, rules[1:], needs_value=needed)
    found = np.flatnonzero(best >= 0)
    doubtful = np.zeros(members.clusters, dtype=bool)
    doubtful[found] = costly.scores(members.at(best[found]), column) < highest
    if doubtful.any():
        part, places = members.only(doubtful)
        allowed = np.ones(len(part.rows), dtype=bool)
        best[doubtful] = places[best_rows(part, column, rules, allowed=allowed, needs_value=needed)]
    return best
