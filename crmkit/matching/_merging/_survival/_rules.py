"""Which value survives when records are merged: one rule a class.

A rule scores the rows of every cluster for one column; the highest score wins, the next rule in a sequence decides
among equals, and the order of the input at the end. Rules see all clusters at once, as arrays.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Literal

import attrs
import numpy as np

from crmkit.errors import NotFoundError, SchemaError
from crmkit.frames import as_text
from crmkit.normalize import text

from ._members import used_codes
from ._refusals import meaning, refusing_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._members import Members, Scores

__all__ = [
    "FirstSeen",
    "Longest",
    "MostComplete",
    "MostFrequent",
    "MostRecent",
    "Newest",
    "Oldest",
    "RefusalWins",
    "ScoredBy",
    "SurvivorFirst",
    "SurvivorsOwn",
    "SurvivorshipRule",
    "TrustedSource",
    "Verified",
    "register_score",
]


def _texts(values: Iterable[object]) -> tuple[str, ...]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise SchemaError("several names are given as a list, such as ['erp', 'web']")
    return tuple(map(as_text, values))


@attrs.frozen
class SurvivorshipRule:
    """Scores rows for a column; higher survives.

    A cell that says nothing (empty, blanks, ``-``, ``n/a``, ``NULL``) never survives over one that says something,
    whatever the rule; only :class:`SurvivorsOwn` keeps it.

    Subclass it for a rule of your own. A rule that a program should be able to save is better :class:`ScoredBy` a
    registered function: only rules of the library can be written as data.

    .. versionadded:: 0.1.0
    """

    needs_value: ClassVar[bool] = True
    """Whether rows without a value are out; they are for every rule but the survivor's own."""
    highest: ClassVar[float | None] = None
    """The highest score there is, of a rule that is costly to ask and about single values; ``None`` for the others."""

    def scores(self, members: Members, column: str) -> Scores:
        """Return a score for each of ``members.rows``."""
        raise NotImplementedError


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
    """The value of the record with the most filled columns; ``n/a`` fills none.

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
        order = np.argsort(key, kind="stable")
        start = np.flatnonzero(np.diff(key[order], prepend=-1))  # of each value of each cluster
        counts = np.diff(np.append(start, len(key)))
        scores = np.empty(len(key))
        scores[order] = np.repeat(counts, counts)
        return scores


@attrs.frozen
class Longest(SurvivorshipRule):
    """The longest text: ``Robert`` before ``R.``.

    .. versionadded:: 0.1.0
    """

    def scores(self, members: Members, column: str) -> Scores:
        """Score by characters."""
        distinct = members.texts(column)
        codes = distinct.codes
        sizes = np.zeros(len(distinct) + 1)
        used = used_codes(codes, len(distinct))
        values = distinct.values
        texts = map(str, map(values.__getitem__, used.tolist()))
        sizes[used] = list(map(len, map(str.strip, texts)))
        return np.asarray(sizes[codes])


@attrs.frozen
class Oldest(SurvivorshipRule):
    """The earliest date or time: of the column itself, or the value of the record with the earliest in ``column``.

    .. versionadded:: 0.1.0
    """

    column: str | None = None

    def scores(self, members: Members, column: str) -> Scores:
        """Score by the date, earlier is higher."""
        moments = members.moments(self.column or column)
        return np.where(np.isfinite(moments), -moments, -np.inf)


@attrs.frozen
class Newest(SurvivorshipRule):
    """The latest date or time: of the column itself, or the value of the record with the latest in ``column``.

    .. versionadded:: 0.1.0
    """

    column: str | None = None

    def scores(self, members: Members, column: str) -> Scores:
        """Score by the date, later is higher."""
        return members.moments(self.column or column)


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
class SurvivorFirst(SurvivorshipRule):
    """The value of the record that stays, if it has one; else the next rule decides.

    .. versionadded:: 0.1.0
    """

    def scores(self, members: Members, column: str) -> Scores:  # noqa: ARG002  # the same for every column
        """Score 1 for the record that stays."""
        if members.survivor is None:
            raise SchemaError("SurvivorFirst cannot choose the survivor itself")
        return members.survivor.astype(np.float64)


@attrs.frozen
class Verified(SurvivorshipRule):
    """The value of a record whose ``column`` says that the value was checked, as ``Verified("email_verified")``.

    Args:
        column: A yes or no, or a state.
        values: What counts as checked, folded; without it the usual words for yes and for verified.

    .. versionadded:: 0.1.0
    """

    column: str
    values: tuple[str, ...] = attrs.field(default=(), converter=_texts)

    def scores(self, members: Members, column: str) -> Scores:  # noqa: ARG002  # the same for every column
        """Score 1 for checked, 0 for the rest."""
        wanted = frozenset(text.fold(value).strip() for value in self.values) or _CHECKED
        distinct = members.texts(self.column)
        ranks = [float(text.fold(str(value)).strip() in wanted) for value in distinct.values]
        return np.asarray(np.array([*ranks, 0.0])[distinct.codes])


@attrs.frozen
class TrustedSource(SurvivorshipRule):
    """The value of the record whose ``column`` comes first in ``order``, as ``TrustedSource("system", ["erp"])``.

    .. versionadded:: 0.1.0
    """

    column: str
    order: tuple[str, ...] = attrs.field(converter=_texts)

    def scores(self, members: Members, column: str) -> Scores:  # noqa: ARG002  # the same for every column
        """Score by place in the order; sources that are not in it come last."""
        distinct = members.texts(self.column)
        place = {name: float(len(self.order) - rank) for rank, name in enumerate(self.order)}
        ranks = np.array([place.get(str(value), 0.0) for value in distinct.values] + [0.0])
        return np.asarray(ranks[distinct.codes])


@attrs.frozen
class RefusalWins(SurvivorshipRule):
    """The value of a record that refuses: an opt-out that is set, or a consent that is not given.

    A refusal is the person's will, and no later record takes it back by leaving the box empty. A word that names what
    it says counts by itself, in whatever column: ``unsubscribed``, ``Opted out``, ``Do Not Allow``, ``不同意`` refuse;
    ``subscribed``, ``Opted in``, ``Allow``, ``已同意`` consent. What says neither (``pending``) loses to refusals only.

    Args:
        refusal: What a bare yes or no, true or false, 1 or 0 refuses by: ``"yes"`` in a column of opt-outs, ``"no"`` in
            one of consent. ``None`` tells it by the words of the column's name, as ``opt_out`` or ``newsletter``, in
            English and Chinese; it is ``"yes"`` where they tell nothing.

    Example:
        >>> from crmkit.matching import Matcher
        >>> people = [
        ...     {"id": "1", "name": "Ana Maier", "email": "ana@example.com", "news": "unsubscribed"},
        ...     {"id": "2", "name": "Ana Maier", "email": "ana@example.com", "news": "subscribed"},
        ... ]
        >>> golden, _ = Matcher.contacts().dedupe(people).merge(survivorship={"news": RefusalWins()})
        >>> golden[0]["news"]
        'unsubscribed'

    .. versionadded:: 0.1.0
    """

    refusal: Literal["yes", "no"] | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.in_(("yes", "no")))
    )

    def scores(self, members: Members, column: str) -> Scores:
        """Score 1 for a refusal, 0 for the opposite, between them for what is neither."""
        distinct = members.texts(column)
        refuses = self.refusal or refusing_answer(column) or "yes"
        allows = "no" if refuses == "yes" else "yes"
        ranks = np.zeros(len(distinct) + 1)
        for code in used_codes(distinct.codes, len(distinct)).tolist():
            said = meaning(str(distinct.values[code]))
            ranks[code] = 1.0 if said in {"refusal", refuses} else 0.0 if said in {"consent", allows} else 0.5
        return np.asarray(ranks[distinct.codes])


@attrs.frozen
class ScoredBy(SurvivorshipRule):
    """The value that a function of yours gives the highest number.

    Args:
        score: A function of the value's text, or the name of one that :func:`register_score` knows; only then the rule
            can be written as data.

    Raises:
        NotFoundError: Nobody registered the name.
        SchemaError: When merging: the function failed for a value, or gave no number; the value is not repeated.

    Example:
        >>> register_score("digits", lambda value: sum(map(str.isdigit, value)))
        >>> ScoredBy("digits")
        ScoredBy(score='digits')

    .. versionadded:: 0.1.0
    """

    score: Callable[[str], float] | str = attrs.field()

    @score.validator
    def _known(self, _attribute: object, score: object) -> None:
        if isinstance(score, str):
            if score not in _registered:
                raise NotFoundError.of("registered score", score, _registered)
        elif not callable(score):
            raise SchemaError("ScoredBy takes a function or the name of a registered one")

    def scores(self, members: Members, column: str) -> Scores:
        """Score by the function, asked once for each different value."""
        score = _registered[self.score] if isinstance(self.score, str) else self.score
        distinct = members.texts(column)
        codes = distinct.codes
        ranks = np.zeros(len(distinct) + 1)
        for code in used_codes(codes, len(distinct)).tolist():
            try:
                ranks[code] = score(str(distinct.values[code]))
            except Exception as error:  # noqa: BLE001  # whatever it says may quote the value
                reason = type(error).__name__
                raise SchemaError(f"the score of column {column!r} failed for some value: {reason}") from None
        if not np.isfinite(ranks).all():
            raise SchemaError(f"the score of column {column!r} is no number for some value")
        return np.asarray(ranks[codes])


_registered: dict[str, Callable[[str], float]] = {}


def register_score(name: str, score: Callable[[str], float]) -> None:
    """Make a function known by name, so that a rule which uses it can be written as data.

    Args:
        name: Any name; registering it again replaces it.
        score: The text of a value to a number, higher survives.

    Example:
        >>> register_score("capitals", lambda value: sum(map(str.isupper, value)))

    .. versionadded:: 0.1.0
    """
    _registered[name] = score


_CHECKED = frozenset({
    "1", "1.0", "true", "t", "yes", "y", "x", "on", "checked", "verified", "valid", "confirmed", "deliverable",
    "是", "对", "已验证", "已核实", "已认证", "有效",
})  # fmt: skip
