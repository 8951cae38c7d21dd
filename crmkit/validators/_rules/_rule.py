"""Rules about a whole record or a whole column: one against the other, one if the other, at least one of several."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, get_args

import attrs
import numpy as np

from crmkit.validators._checks._arguments import column_names, one_of
from crmkit.validators._checks._conditions import AllTrue, AnyTrue, Condition, Present
from crmkit.validators._reading._custom import Custom

from ._wording import in_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from crmkit.issues import Dimension
    from crmkit.typing import JSONValue, Severity
    from crmkit.validators._reading._columns import Columns

__all__ = ["Demand", "Judgement", "Order", "Require", "Rule", "RunContext", "order", "require"]

_Mask: TypeAlias = "np.ndarray[Any, np.dtype[np.bool_]]"
Relation: TypeAlias = Literal["<=", "<", "==", ">=", ">"]
_RELATIONS = {"<=": np.less_equal, "<": np.less, "==": np.equal, ">=": np.greater_equal, ">": np.greater}


@attrs.frozen(kw_only=True)
class RunContext:
    """What a rule about records may look at.

    .. versionadded:: 0.1.0
    """

    columns: Columns
    ids: Sequence[str | None] | None
    tables: Mapping[str, Columns]
    customs: Mapping[str, Custom]
    now: datetime

    def custom(self, column: str) -> Custom:
        """Return how a column writes dates and numbers, from its check, or of numbers from what it holds."""
        known = self.customs.get(column)
        return Custom.of_numbers(self.columns.texts(column).values) if known is None else known


@attrs.frozen(kw_only=True, eq=False)
class Judgement:
    """What a rule says of the rows it was asked about.

    Attributes:
        failed: Rows that fail, ascending.
        skipped: For each reason the rows that could not be judged.
        crashed: For each type of exception the number of rows for which the rule crashed.
        params: For the message; one for all rows, or one for each failed row.
        related: For each failed row the ids of the other records it is about.
        fixes: For each failed row what the value should be.
        confidence: Of the fixes; one for all, or one for each failed row.
        also: What other columns of the failed rows should be, where one change needs another.

    .. versionadded:: 0.1.0
    """

    failed: np.ndarray[Any, np.dtype[np.int64]]
    skipped: Mapping[str, int] = attrs.field(factory=dict)
    crashed: Mapping[str, int] = attrs.field(factory=dict)
    params: Mapping[str, JSONValue] | list[Mapping[str, JSONValue]] = attrs.field(factory=dict)
    related: list[list[str]] | None = None
    fixes: Sequence[str | None] | None = None
    confidence: float | Sequence[float | None] | None = None
    also: Mapping[str | None, Sequence[str | None]] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Rule(ABC):
    """A rule about records, made by the lower-case functions; milder by ``.warn()``, limited by ``.when()``.

    Attributes:
        severity: Of a failure.
        condition: The rows it is asked about; all where absent.
        code: The code of a failure; the rule's own where absent.
        name: Names the rule in the report; made from its kind and columns where absent.
        messages: Its own messages by language.

    .. versionadded:: 0.1.0
    """

    severity: Severity = "error"
    condition: Condition | None = None
    code: str | None = None
    name: str | None = None
    messages: tuple[tuple[str, str], ...] = ()

    kind: ClassVar[str] = "rule"
    dimension: ClassVar[Dimension] = "consistency"
    row_local: ClassVar[bool] = False
    """Whether a row is judged by nothing but itself."""
    changes_several: ClassVar[bool] = False
    """Whether what it proposes for several cells of a row is right only together."""

    def __attrs_post_init__(self) -> None:
        """Refuse what is no name of a column, before it makes a name of a rule."""
        column_names(f"a rule of kind {self.kind!r}", self.columns)

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """The columns the rule reads, its condition's not counted."""

    @property
    @abstractmethod
    def default_code(self) -> str:
        """The code of a failure unless ``code`` says otherwise."""

    @abstractmethod
    def judge(self, run: RunContext, asked: _Mask) -> Judgement:
        """Judge the rows of ``asked``."""

    @property
    def path(self) -> str | None:
        """The column that an issue points at."""
        return self.columns[0] if self.columns else None

    @property
    def title(self) -> str:
        """The rule's name in the report."""
        return self.name or f"{self.kind}:{','.join(self.columns)}"

    @property
    def reads(self) -> tuple[str, ...]:
        """Every column that is read, the condition's included."""
        more = self.condition.columns if self.condition is not None else ()
        return tuple(dict.fromkeys((*self.columns, *more)))

    def when(self, condition: Condition) -> Rule:
        """Return the rule for the rows in which ``condition`` holds."""
        both = condition if self.condition is None else AllTrue((self.condition, condition))
        return attrs.evolve(self, condition=both)

    def warn(self) -> Rule:
        """Return the rule with severity ``warning``."""
        return attrs.evolve(self, severity="warning")

    def info(self) -> Rule:
        """Return the rule with severity ``info``."""
        return attrs.evolve(self, severity="info")

    def saying(self, *, en: str, zh: str | None = None) -> Rule:
        """Return the rule with a message of its own; ``{places}`` are filled from the issue's params."""
        return attrs.evolve(self, messages=(("en", en), *((("zh", zh),) if zh else ())))

    def rename(self, names: Mapping[str, str]) -> Rule:
        """Return the rule with columns renamed."""
        condition = None if self.condition is None else self.condition.rename(names)
        return attrs.evolve(self, condition=condition, **self._renamed(names))

    @abstractmethod
    def _renamed(self, names: Mapping[str, str]) -> dict[str, Any]:
        """Return the attributes that hold column names, renamed."""

    def _suffix(self) -> str:
        text = "" if self.condition is None else f".when({self.condition!r})"
        return text + {"error": "", "warning": ".warn()", "info": ".info()"}[self.severity]


@attrs.frozen(repr=False)
class Order(Rule):
    """One column is before, or at most, another."""

    first: str = attrs.field(kw_only=False)
    relation: Relation = attrs.field(kw_only=False, validator=one_of("relation", get_args(Relation)))
    second: str = attrs.field(kw_only=False)

    kind: ClassVar[str] = "order"

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.first, self.second)

    @property
    def default_code(self) -> str:
        return "wrong_order"

    def judge(self, run: RunContext, asked: _Mask) -> Judgement:
        sides = [_figures(run, column) for column in self.columns]
        skipped: dict[str, int] = {}
        able = asked.copy()
        for column, (_, _, _, bad) in zip(self.columns, sides, strict=True):
            missing = able & ~run.columns.present(column)
            _count(skipped, "empty", missing)
            able &= ~missing
            _count(skipped, f"invalid:{column}", able & bad)
            able &= ~bad
        (a_kind, a_day, a_rest, _), (b_kind, b_day, b_rest, _) = sides
        mixed = able & (a_kind != b_kind)
        _count(skipped, "not_comparable", mixed)
        able &= ~mixed
        # A day without a time of day is compared as a day: 1 March is not before 1 March, 10:00.
        vague = np.isnan(a_rest) | np.isnan(b_rest)
        left = a_day + np.where(vague, 0.0, a_rest)
        right = b_day + np.where(vague, 0.0, b_rest)
        holds = _RELATIONS[self.relation](left, right)
        params: dict[str, JSONValue] = {"first": self.first, "relation": self.relation, "second": self.second}
        return Judgement(failed=np.flatnonzero(able & ~holds), skipped=skipped, params=params)

    def _renamed(self, names: Mapping[str, str]) -> dict[str, Any]:
        return {"first": names.get(self.first, self.first), "second": names.get(self.second, self.second)}

    def __repr__(self) -> str:
        return f"order({self.first!r}, {self.relation!r}, {self.second!r}){self._suffix()}"


def _figures(run: RunContext, column: str) -> tuple[Any, Any, Any, _Mask]:
    """Return for each row: is it a moment, its whole part, its rest (NaN: not known), could it not be read."""
    from crmkit.validators._reading._moments import parse_iso, parse_moment
    from crmkit.validators._reading._ordered import comparable

    texts = run.columns.texts(column)
    custom = run.custom(column)
    n = len(texts.values)
    moment, whole, rest, bad = np.zeros(n + 1, bool), np.zeros(n + 1), np.zeros(n + 1), np.zeros(n + 1, bool)
    for i, text in enumerate(texts.values):
        exact = parse_iso(text)
        if exact is not None:
            day, second = exact.utc
            moment[i], whole[i], rest[i] = True, day * 86_400.0, np.nan if second is None else second
            continue
        figure = comparable(text, custom)
        if figure is None:
            bad[i] = True
        elif figure[0] == "number":
            whole[i] = figure[1]
        else:
            read = parse_moment(text, order=custom.order)
            if read is not None:
                day, second = read.utc
                moment[i], whole[i], rest[i] = True, day * 86_400.0, np.nan if second is None else second
    return moment[texts.codes], whole[texts.codes], rest[texts.codes], bad[texts.codes]


def _count(skipped: dict[str, int], reason: str, rows: _Mask) -> None:
    n = int(np.count_nonzero(rows))
    if n:
        skipped[reason] = skipped.get(reason, 0) + n


@attrs.frozen(repr=False)
class Require(Rule):
    """A column is filled in; with ``.when()``, wherever the condition holds."""

    field: str = attrs.field(kw_only=False)

    kind: ClassVar[str] = "require"
    row_local: ClassVar[bool] = True
    dimension: ClassVar[Dimension] = "completeness"

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.field,)

    @property
    def default_code(self) -> str:
        return "required" if self.condition is None else "required_when"

    def judge(self, run: RunContext, asked: _Mask) -> Judgement:
        params: dict[str, JSONValue] = {}
        if self.condition is not None:
            params = {
                "condition": repr(self.condition),
                "condition_en": in_words(self.condition, "en"),
                "condition_zh": in_words(self.condition, "zh"),
            }
        return Judgement(failed=np.flatnonzero(asked & ~run.columns.present(self.field)), params=params)

    def _renamed(self, names: Mapping[str, str]) -> dict[str, Any]:
        return {"field": names.get(self.field, self.field)}

    def __repr__(self) -> str:
        return f"require({self.field!r}){self._suffix()}"


@attrs.frozen(repr=False)
class Demand(Rule):
    """Every row satisfies a condition: what ``any_of`` and ``all_of`` make of conditions."""

    demand: Condition = attrs.field(kw_only=False)

    kind: ClassVar[str] = "demand"
    row_local: ClassVar[bool] = True

    @property
    def columns(self) -> tuple[str, ...]:
        return self.demand.columns

    @property
    def path(self) -> str | None:
        return None

    @property
    def title(self) -> str:
        word = "any_of" if isinstance(self.demand, AnyTrue) else "all_of"
        return self.name or f"{word}:{','.join(self.columns)}"

    @property
    def _presence(self) -> tuple[str, ...]:
        """The fields, if the demand is about presence only."""
        parts = self.demand.conditions if isinstance(self.demand, (AnyTrue, AllTrue)) else (self.demand,)
        fields = [part.column for part in parts if isinstance(part, Present)]
        return tuple(fields) if len(fields) == len(parts) else ()

    @property
    def default_code(self) -> str:
        if not self._presence:
            return "rule_failed"
        return "none_present" if isinstance(self.demand, AnyTrue) else "not_all_present"

    def judge(self, run: RunContext, asked: _Mask) -> Judgement:
        failed = np.flatnonzero(asked & ~self.demand.mask(run.columns))
        fields = [name for name in self._presence if run.columns.has(name)]
        params: dict[str, JSONValue] = {"fields": fields} if fields else {"condition": repr(self.demand)}
        return Judgement(failed=failed, params=params)

    def _renamed(self, names: Mapping[str, str]) -> dict[str, Any]:
        return {"demand": self.demand.rename(names)}

    def __repr__(self) -> str:
        if isinstance(self.demand, (AnyTrue, AllTrue)):
            word = "any_of" if isinstance(self.demand, AnyTrue) else "all_of"
            return f"{word}({', '.join(map(repr, self.demand.conditions))}){self._suffix()}"
        return f"all_of({self.demand!r}){self._suffix()}"


def order(
    first: str, relation: Relation, second: str, *, code: str | None = None, name: str | None = None,
    severity: Severity = "error",
) -> Rule:  # fmt: skip
    """Demand that one column is before, or at most, another; dates with dates, numbers with numbers.

    Args:
        first: A column.
        relation: ``<=``, ``<``, ``==``, ``>=`` or ``>``.
        second: Another column.
        code: A code of your own; ``wrong_order`` where absent.
        name: Names the rule in the report.
        severity: Of a failure.

    Returns:
        A rule; rows in which either side is empty, unreadable or of another kind are skipped, with the reason.

    Example:
        >>> order("created_at", "<=", "closed_at").warn()
        order('created_at', '<=', 'closed_at').warn()

    .. versionadded:: 0.1.0
    """
    return Order(first, relation, second, code=code, name=name, severity=severity)


def require(field: str, *, code: str | None = None, name: str | None = None, severity: Severity = "error") -> Rule:
    """Demand that a column is filled in; with ``.when(condition)``, where the condition holds.

    Example:
        >>> from crmkit.validators import col
        >>> require("lost_reason").when(col("stage") == "lost").warn()
        require('lost_reason').when(col('stage') == 'lost').warn()

    .. versionadded:: 0.1.0
    """
    return Require(field, code=code, name=name, severity=severity)
