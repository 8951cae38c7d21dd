"""Which value survives when records are merged.

A rule scores the rows of every cluster for one column; the highest score wins, the next rule in a sequence decides
among equals, and the order of the input at the end. Rules see all clusters at once, as arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

import attrs
import numpy as np

from crmkit.errors import NotFoundError, SchemaError
from crmkit.normalize import dates, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from crmkit.frames import Table

    Scores = NDArray[np.float64]

__all__ = [
    "FirstSeen",
    "Longest",
    "Members",
    "MostComplete",
    "MostFrequent",
    "MostRecent",
    "Newest",
    "Oldest",
    "RefusalWins",
    "SurvivorsOwn",
    "Survivorship",
    "SurvivorshipRule",
    "TrustedSource",
    "best_rows",
]


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(values)


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
    _filled: Scores | None = None

    def codes(self, column: str) -> NDArray[np.int32]:
        """Return which distinct value of ``column`` each row holds, -1 for none."""
        return self.table.distinct(column).codes[self.rows]

    def moments(self, column: str) -> Scores:
        """Return a number for each row that grows with the date or time in ``column``; -inf where there is none."""
        distinct = self.table.texts(column)
        ranks = np.append(_moment_ranks([str(value) for value in distinct.values]), -np.inf)
        return np.asarray(ranks[distinct.codes[self.rows]])

    def filled(self) -> Scores:
        """Return how many columns each row has a value in."""
        if self._filled is None:
            self._filled = np.zeros(len(self.rows))
            for column in self.table.columns:
                self._filled += self.codes(column) >= 0
        return self._filled


def _moment_ranks(texts: Sequence[str]) -> Scores:
    """Order texts of dates and times: ISO by text, numbers by value, everything else by the day it names."""
    if all(one.isdecimal() for one in texts):
        return np.array([float(one) for one in texts])
    if all(len(one) >= 10 and one[:4].isdecimal() and one[4] == one[7] == "-" for one in texts):
        order = {one: float(rank) for rank, one in enumerate(sorted(set(texts)))}
        return np.array([order[one] for one in texts])
    order_of_parts = dates.infer_order(texts)
    days = (dates.parse(one, order=order_of_parts) for one in texts)
    return np.array([-np.inf if day is None else float(day.toordinal()) for day in days])


@attrs.frozen
class SurvivorshipRule:
    """Scores rows for a column; higher survives.

    .. versionadded:: 0.1.0
    """

    needs_value: ClassVar[bool] = True
    """Whether rows without a value are out; they are for every rule but the survivor's own."""

    def scores(self, members: Members, column: str) -> Scores:
        """Return a score for each of ``members.rows``."""
        raise NotImplementedError


Survivorship: TypeAlias = "Mapping[str, SurvivorshipRule | Sequence[SurvivorshipRule]]"
"""The rule of each column, or several of which the next decides among equals."""


@attrs.frozen
class MostRecent(SurvivorshipRule):
    """The value of the record that was changed last, by ``column`` or the recognized ``updated_at``.

    .. versionadded:: 0.1.0
    """

    column: str | None = None

    def scores(self, members: Members, column: str) -> Scores:  # noqa: ARG002  # the same for every column
        """Score by time of change; all alike where no column tells it."""
        when = self.column or members.updated
        return np.zeros(len(members.rows)) if when is None else members.moments(when)


@attrs.frozen
class MostComplete(SurvivorshipRule):
    """The value of the record with the most filled columns.

    .. versionadded:: 0.1.0
    """

    def scores(self, members: Members, column: str) -> Scores:  # noqa: ARG002  # the same for every column
        """Score by filled columns."""
        return members.filled()


@attrs.frozen
class MostFrequent(SurvivorshipRule):
    """The value that most records of the cluster have.

    .. versionadded:: 0.1.0
    """

    def scores(self, members: Members, column: str) -> Scores:
        """Score by how often the value occurs in the cluster."""
        codes = members.codes(column).astype(np.int64)
        key = members.cluster * (int(np.max(codes, initial=0)) + 2) + codes + 1
        _, back, counts = np.unique(key, return_inverse=True, return_counts=True)
        return np.asarray(counts[back.ravel()], dtype=np.float64)


@attrs.frozen
class Longest(SurvivorshipRule):
    """The longest text: ``Robert`` before ``R.``.

    .. versionadded:: 0.1.0
    """

    def scores(self, members: Members, column: str) -> Scores:
        """Score by characters."""
        distinct = members.table.texts(column)
        sizes = np.array([len(str(value).strip()) for value in distinct.values] + [0], dtype=np.float64)
        return np.asarray(sizes[distinct.codes[members.rows]])


@attrs.frozen
class Oldest(SurvivorshipRule):
    """The earliest date or time in the column itself.

    .. versionadded:: 0.1.0
    """

    def scores(self, members: Members, column: str) -> Scores:
        """Score by the value, earlier is higher."""
        moments = members.moments(column)
        return np.where(np.isfinite(moments), -moments, -np.inf)


@attrs.frozen
class Newest(SurvivorshipRule):
    """The latest date or time in the column itself.

    .. versionadded:: 0.1.0
    """

    def scores(self, members: Members, column: str) -> Scores:
        """Score by the value, later is higher."""
        return members.moments(column)


@attrs.frozen
class FirstSeen(SurvivorshipRule):
    """The value of the record that stands first in the input.

    .. versionadded:: 0.1.0
    """

    def scores(self, members: Members, column: str) -> Scores:  # noqa: ARG002  # the same for every column
        """Score by position, earlier is higher."""
        return -members.rows.astype(np.float64)


@attrs.frozen
class SurvivorsOwn(SurvivorshipRule):
    """The value of the record that stays, even if it is empty.

    .. versionadded:: 0.1.0
    """

    needs_value: ClassVar[bool] = False

    def scores(self, members: Members, column: str) -> Scores:  # noqa: ARG002  # the same for every column
        """Score 1 for the record that stays."""
        if members.survivor is None:
            raise SchemaError("SurvivorsOwn cannot choose the survivor itself")
        return members.survivor.astype(np.float64)


@attrs.frozen
class TrustedSource(SurvivorshipRule):
    """The value of the record whose ``column`` comes first in ``order``, as ``TrustedSource("system", ["erp"])``.

    .. versionadded:: 0.1.0
    """

    column: str
    order: tuple[str, ...] = attrs.field(converter=_texts)

    def scores(self, members: Members, column: str) -> Scores:  # noqa: ARG002  # the same for every column
        """Score by place in the order; sources that are not in it come last."""
        distinct = members.table.texts(self.column)
        place = {name: float(len(self.order) - rank) for rank, name in enumerate(self.order)}
        ranks = np.array([place.get(str(value), 0.0) for value in distinct.values] + [0.0])
        return np.asarray(ranks[distinct.codes[members.rows]])


@attrs.frozen
class RefusalWins(SurvivorshipRule):
    """The value of a record that says no: an opt-out that is set, or with ``refusal="no"`` a consent that is not given.

    A refusal is the person's will, and no later record takes it back by leaving the box empty.

    Example:
        >>> from crmkit.matching import Matcher
        >>> people = [
        ...     {"id": "1", "name": "Ana Maier", "email": "ana@example.com", "news": "unsubscribed"},
        ...     {"id": "2", "name": "Ana Maier", "email": "ana@example.com", "news": ""},
        ... ]
        >>> golden, _ = Matcher.contacts().dedupe(people).merge(survivorship={"news": RefusalWins()})
        >>> golden[0]["news"]
        'unsubscribed'

    .. versionadded:: 0.1.0
    """

    refusal: Literal["yes", "no"] = attrs.field(default="yes", validator=attrs.validators.in_(("yes", "no")))

    def scores(self, members: Members, column: str) -> Scores:
        """Score 1 for a refusal, 0 for the opposite, between them for what is neither."""
        distinct = members.table.texts(column)
        refusing, other = (_YES, _NO) if self.refusal == "yes" else (_NO, _YES)
        ranks = []
        for value in distinct.values:
            word = text.fold(str(value)).strip()
            ranks.append(1.0 if word in refusing else 0.0 if word in other else 0.5)
        return np.asarray(np.array([*ranks, 0.0])[distinct.codes[members.rows]])


_YES = frozenset({
    "1", "1.0", "true", "t", "yes", "y", "x", "on", "checked", "opt out", "opted out", "opt-out", "unsubscribed",
    "granted", "given", "opt in", "opted in", "opt-in", "subscribed", "是", "对", "已退订", "已同意", "同意",
})  # fmt: skip
_NO = frozenset({
    "0", "0.0", "false", "f", "no", "n", "off", "unchecked", "denied", "refused", "declined", "withdrawn", "revoked",
    "opt out", "opted out", "opt-out", "unsubscribed", "not given", "否", "不",
    "未同意", "不同意", "拒绝", "已退订", "已撤回",
})  # fmt: skip


def best_rows(
    members: Members, column: str, rules: Sequence[SurvivorshipRule], *, allowed: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Return for each cluster the place in ``members.rows`` whose value survives, -1 where none has a value.

    Note:
        One sort over the rows of all clusters.
    """
    clusters = int(members.cluster[-1]) + 1 if len(members.cluster) else 0
    open_ = np.ones(len(members.rows), dtype=bool) if allowed is None else allowed.copy()
    if rules[0].needs_value:
        open_ &= members.codes(column) >= 0
    chosen = np.flatnonzero(open_)
    keys = [-rule.scores(members, column)[chosen] for rule in rules]
    order = chosen[np.lexsort((chosen, *keys[::-1], members.cluster[chosen]))]
    found, first = np.unique(members.cluster[order], return_index=True)
    result = np.full(clusters, -1, dtype=np.int64)
    result[found] = order[first]
    return result


def as_rules(rules: SurvivorshipRule | Sequence[SurvivorshipRule]) -> tuple[SurvivorshipRule, ...]:
    """Return one rule or several as a tuple."""
    return (rules,) if isinstance(rules, SurvivorshipRule) else tuple(rules)


def check_columns(survivorship: Survivorship, table: Table) -> None:
    """Raise for a column that the table lacks.

    Raises:
        SchemaError: Names the column that was probably meant.
    """
    for column in survivorship:
        if column not in table.columns:
            raise SchemaError(str(NotFoundError.of("column", column, table.columns)))
