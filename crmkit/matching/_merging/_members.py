"""The rows of all clusters at once, as rules see them, and the choice of one row for each cluster."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import attrs
import numpy as np

from crmkit.normalize import dates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from crmkit.frames import Table

    from ._rules import SurvivorshipRule

    Scores = NDArray[np.float64]

__all__ = ["Members", "best_rows", "contested", "used_codes"]


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
    _codes: dict[str, NDArray[np.int32]] = attrs.field(factory=dict)
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
        found = self._codes.get(column)
        if found is None:
            found = self._codes[column] = self.table.distinct(column).codes[self.rows]
        return found

    def judged(self, column: str, question: str) -> Scores:
        """Return what is known of the texts of a column, to be filled in; NaN where nothing is.

        Returns:
            One number for each of the column's distinct texts, and one more at the end for none.
        """
        if self._whole is not None:
            return self._whole.judged(column, question)
        found = self._judged.get((column, question))
        if found is None:
            size = len(self.table.texts(column)) + 1
            found = self._judged[column, question] = np.full(size, np.nan)
        return found

    def moments(self, column: str) -> Scores:
        """Return a number for each row that grows with the date or time in ``column``; -inf where there is none."""
        if self._whole is not None:
            return self._whole.moments(column)[self._places]
        if column not in self._moments:
            distinct = self.table.texts(column)
            codes = distinct.codes[self.rows]
            used = used_codes(codes, len(distinct))
            ranks = np.full(len(distinct) + 1, -np.inf)
            values = distinct.values
            ranks[used] = _moment_ranks([str(values[code]) for code in used.tolist()])
            self._moments[column] = ranks[codes]
        return self._moments[column]

    def filled(self) -> Scores:
        """Return how many columns each row has a value in."""
        if self._whole is not None:
            return self._whole.filled()[self._places]
        if self._filled is None:
            self._filled = np.zeros(len(self.rows))
            for column in self.table.columns:
                self._filled += self.codes(column) >= 0
        return self._filled

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


_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?)?")
_ZERO, _NINE = ord("0"), ord("9")
_EXACT = 15
"""Digits that a float holds without loss."""


def _uniform(texts: Sequence[str]) -> Scores | None:
    """Return the digits of ISO dates or times as numbers, if all are written alike; text order is time order then."""
    if not texts or not _ISO.fullmatch(texts[0]) or set(map(len, texts)) != {len(texts[0])}:
        return None
    signs = np.array(texts).view(np.uint32).reshape(len(texts), -1)
    digit = np.array([char.isdigit() for char in texts[0]])
    digits = signs[:, digit]
    if int(digit.sum()) > _EXACT or not (signs[:, ~digit] == signs[0, ~digit]).all():
        return None
    if not ((digits >= _ZERO) & (digits <= _NINE)).all():
        return None
    return np.asarray((digits - _ZERO).astype(np.float64) @ 10.0 ** np.arange(digits.shape[1])[::-1])


def used_codes(codes: NDArray[np.int32], size: int) -> NDArray[np.int64]:
    """Return the codes that occur, sorted, of a column of ``size`` distinct values."""
    occurs = np.zeros(size + 1, dtype=bool)
    occurs[codes] = True  # -1, for no value, is the last
    return np.flatnonzero(occurs[:-1])


def _moment_ranks(texts: Sequence[str]) -> Scores:
    """Order texts of dates and times: ISO by moment, numbers by value, everything else by the day it names."""
    uniform = _uniform(texts)
    if uniform is not None:
        return uniform
    if all(map(str.isdecimal, texts)):
        return np.array([float(one) for one in texts])
    moments = [_iso(one) for one in texts]
    if None not in moments:
        return np.array(moments, dtype=np.float64)
    order = dates.infer_order(texts)
    days = (dates.parse(one, order=order) for one in texts)
    return np.array([-np.inf if day is None else float(day.toordinal()) for day in days])


def _iso(text: str) -> float | None:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
    return (moment - _EPOCH) / _TICK


_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_TICK = dt.timedelta(microseconds=1)


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
        One sort over the rows of all clusters.
    """
    if len(rules) > 1 and rules[0].highest is not None and allowed is None:
        return _best_of_the_rest_first(members, column, rules, needs_value=needs_value)
    open_ = np.ones(len(members.rows), dtype=bool) if allowed is None else allowed.copy()
    if rules[0].needs_value if needs_value is None else needs_value:
        open_ &= members.codes(column) >= 0
    chosen = np.flatnonzero(open_)
    keys = [-rule.scores(members, column)[chosen] for rule in rules]
    order = chosen[np.lexsort((chosen, *keys[::-1], members.cluster[chosen]))]
    first = order[np.flatnonzero(np.diff(members.cluster[order], prepend=-1))]
    result = np.full(members.clusters, -1, dtype=np.int64)
    result[members.cluster[first]] = first
    return result


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
