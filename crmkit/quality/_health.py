"""One score for a table, how it is made up, what pulls it down, who delivers what, and where it is going."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from crmkit._called import check_called
from crmkit.columns import recognize
from crmkit.errors import FormatError, SchemaError
from crmkit.issues import DIMENSIONS, at_least
from crmkit.validators import ValidationReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from crmkit.frames import Table
    from crmkit.typing import JSONValue, Language

    from ._page import HealthPage

__all__ = ["MARKER", "WEIGHTS", "Health", "Rate", "health"]

MARKER = "crmkit-health/1"

WEIGHTS: Mapping[str, float] = {
    "validity": 0.25, "completeness": 0.2, "uniqueness": 0.2, "consistency": 0.1, "integrity": 0.1, "timeliness": 0.1,
    "accuracy": 0.05,
}  # fmt: skip
"""How much each dimension counts; those that were not measured are left out and the others share their weight."""

_GROUPS = ("owner_name", "owner_email", "owner_id", "team_id", "lead_source")
_MOST_GROUPS = 50
_FEWEST = 30
_MOST_CAUSES = 10
_LOOKED_AT = 50
_Z95 = 1.96


@attrs.frozen(kw_only=True)
class Rate:
    """How one owner, team or source delivers.

    Attributes:
        column: The column that names it.
        value: Its name.
        rows: Its rows.
        wrong: Rows of it with an error.
        low: Lower bound of the share of wrong rows, 95 %.
        high: Upper bound.

    Example:
        >>> Rate.of("owner", "li", rows=100, wrong=7).share
        0.07

    .. versionadded:: 0.1.0
    """

    column: str
    value: str = attrs.field(repr=False)
    rows: int
    wrong: int
    low: float
    high: float

    @classmethod
    def of(cls, column: str, value: str, *, rows: int, wrong: int) -> Rate:
        """Return the rate with its interval.

        Source:
            Wilson (1927), Probable Inference, JASA 22(158), 209-212.
        """
        low, high = wilson(wrong, rows)
        return cls(column=column, value=value, rows=rows, wrong=wrong, low=low, high=high)

    @property
    def share(self) -> float:
        """Share of its rows with an error."""
        return self.wrong / self.rows if self.rows else 0.0

    @property
    def tells(self) -> bool:
        """Whether there are rows enough to say anything."""
        return self.rows >= _FEWEST


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share."""
    if not n:
        return 0.0, 1.0
    share = hits / n
    middle = share + _Z95**2 / (2 * n)
    spread = _Z95 * math.sqrt(share * (1 - share) / n + _Z95**2 / (4 * n * n))
    whole = 1 + _Z95**2 / n
    return max((middle - spread) / whole, 0.0), min((middle + spread) / whole, 1.0)


@attrs.frozen(kw_only=True)
class Health:
    """The health of a table at one time.

    Made by :func:`health`.

    Attributes:
        name: What it is the health of.
        at: When.
        rows: Rows.
        score: The weighted mean of the dimensions that were measured, 0 to 1.
        scores: Score by dimension.
        weights: What each of them counts, summing to 1.
        duplicate_rate: Share of rows that repeat another one; ``None`` where nobody looked.
        causes: The rules that cost most: rule, code, rows, share.
        rates: Shares of wrong rows by owner, team and source, the worst first.
        trend: Earlier points: ``at``, ``score``, ``scores``, ``duplicate_rate``, oldest first.

    .. versionadded:: 0.1.0
    """

    name: str
    at: datetime
    rows: int
    score: float
    scores: Mapping[str, float]
    weights: Mapping[str, float] = attrs.field(repr=False)
    duplicate_rate: float | None = None
    causes: tuple[Mapping[str, JSONValue], ...] = attrs.field(default=(), repr=False)
    rates: tuple[Rate, ...] = attrs.field(default=(), repr=False)
    trend: tuple[Mapping[str, Any], ...] = attrs.field(default=(), repr=False)

    @property
    def change(self) -> float | None:
        """How far the score moved since the last point of the trend; ``None`` without one."""
        return self.score - float(self.trend[-1]["score"]) if self.trend else None

    def page(self, *, lang: Language = "en", reveal: bool = False, title: str | None = None) -> HealthPage:
        """Return the health report as a self-contained page; ``.save("health.html")``.

        Args:
            lang: ``en`` or ``zh``.
            reveal: Show names of owners, teams and sources as they are; without it they are masked.
            title: The heading.
        """
        from ._page import HealthPage

        return HealthPage(self, lang=lang, reveal=reveal, title=title)

    def __repr__(self) -> str:
        return f"<Health of {self.name!r}: score {self.score:.3f}, {self.rows:,} rows, {self.at:%Y-%m-%d %H:%M}>"

    def _repr_html_(self) -> str:
        return str(self.page()._repr_html_())

    def point(self) -> dict[str, JSONValue]:
        """Return what a later trend shows of this report."""
        return {
            "at": self.at.isoformat(), "score": self.score, "scores": dict(self.scores),
            "duplicate_rate": self.duplicate_rate, "rows": self.rows,
        }  # fmt: skip

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the report as plain data, format ``crmkit-health/1``; its trend is what the history holds anyway."""
        return {
            "format": MARKER, "name": self.name, **self.point(), "weights": dict(self.weights),
            "causes": [dict(cause) for cause in self.causes],
            "rates": [attrs.asdict(rate) for rate in self.rates],
        }  # fmt: skip

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Health:
        """Return the report that :meth:`to_dict` wrote.

        Raises:
            FormatError: If it is no health report of a known version.
        """
        if data.get("format") != MARKER:
            raise FormatError(f"not a health report of a known version: {str(data.get('format'))[:40]!r}")
        try:
            return cls(
                name=data["name"], at=datetime.fromisoformat(data["at"]), rows=data["rows"], score=data["score"],
                scores=data["scores"], weights=data["weights"], duplicate_rate=data["duplicate_rate"],
                causes=tuple(data["causes"]), rates=tuple(Rate(**rate) for rate in data["rates"]),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"the health report is damaged: {type(error).__name__}") from None


def health(
    report: ValidationReport, *, duplicates: Any = None, before: Iterable[Health] = (),
    by: Iterable[str] | None = None, weights: Mapping[str, float] | None = None,
    accuracy: tuple[int, int] | None = None, name: str | None = None, now: Callable[[], datetime] | None = None,
) -> Health:  # fmt: skip
    """Sum a validation report up to one score with its make-up, causes, rates by owner and source, and trend.

    Args:
        report: What ``schema.check(frame)`` gave.
        duplicates: A match report of the same rows (anything with ``.labels``, one cluster number a row), or the share
            of rows that repeat another one.
        before: Earlier health reports, for the trend.
        by: Columns by which rates are told; the recognised owner, team and source where absent.
        weights: Dimension to weight, in place of :data:`WEIGHTS`.
        accuracy: ``(right, looked_at)`` of a sample that somebody compared with reality.
        name: What it is the health of; the schema's name where absent.
        now: The clock; the moment of the report where absent.

    Raises:
        SchemaError: If a weight names no dimension, or a column is absent.

    Example:
        >>> from crmkit.validators import Email, Required, Schema
        >>> rows = [{"email": "a@example.com", "owner": "li"}, {"email": None, "owner": "wu"}]
        >>> found = health(Schema("people", fields={"email": Required() & Email()}).check(rows), by=["owner"])
        >>> round(found.score, 2), [rate.wrong for rate in found.rates]
        (0.82, [1, 0])

    .. versionadded:: 0.1.0
    """
    check_called(now=now)
    given: object = report  # what callers without a type checker pass
    if not isinstance(given, ValidationReport):
        raise SchemaError(f"health() takes the report of schema.check(frame), not {type(given).__name__}")
    scores = dict(report.scores)
    rate = _duplicate_rate(duplicates, report.n_rows)
    if rate is not None:
        scores["uniqueness"] = min(scores.get("uniqueness", 1.0), 1.0 - rate)
    if accuracy is not None:
        right, looked_at = accuracy
        if not 0 <= right <= looked_at or not looked_at:
            raise SchemaError("accuracy= takes how many values were right, and how many were looked at")
        scores["accuracy"] = right / looked_at
    asked = dict(WEIGHTS if weights is None else weights)
    unknown = sorted(set(asked) - set(DIMENSIONS))
    if unknown or any(not value >= 0 for value in asked.values()):
        raise SchemaError(f"weights= takes dimensions ({', '.join(DIMENSIONS)}) and numbers from 0 on")
    used = {dimension: asked.get(dimension, 0.0) for dimension in scores}
    whole = sum(used.values())
    shares = {dimension: value / whole for dimension, value in used.items()} if whole else {}
    score = sum(scores[dimension] * share for dimension, share in shares.items()) if shares else 1.0
    trend = sorted((item.point() for item in before), key=lambda point: str(point["at"]))
    return Health(
        name=name or report.schema.name, at=report.at if now is None else now(), rows=report.n_rows, score=score,
        scores=dict(sorted(scores.items(), key=lambda item: item[1])), weights=shares, duplicate_rate=rate,
        causes=_causes(report), rates=_rates(report, by), trend=tuple(trend),
    )  # fmt: skip


def _duplicate_rate(duplicates: Any, rows: int) -> float | None:
    if duplicates is None:
        return None
    if isinstance(duplicates, (int, float)):
        if not 0 <= duplicates <= 1:
            raise SchemaError("duplicates= takes a share from 0 to 1, or a match report")
        return float(duplicates)
    labels = getattr(duplicates, "labels", None)
    if labels is None:
        raise SchemaError("duplicates= takes a share from 0 to 1, or a match report with .labels")
    if len(labels) != rows:
        raise SchemaError(f"the match report is about {len(labels)} rows, the validation report about {rows}")
    return (rows - len(np.unique(labels))) / rows if rows else 0.0


def _causes(report: ValidationReport) -> tuple[Mapping[str, JSONValue], ...]:
    n = max(report.n_rows, 1)
    found: list[Mapping[str, JSONValue]] = []
    for rule, summary in report.worst_rules(_MOST_CAUSES):
        codes = report.issues.filter(rule=rule).counts("code")
        severity = "error" if summary.errors else "warning" if summary.warnings else "info"
        field = next(iter(report.issues.filter(rule=rule).counts("field")), "")
        code = next(iter(codes))
        said = {json.dumps(dict(issue.params)) for issue in report.issues.filter(rule=rule, code=code).head(_LOOKED_AT)}
        found.append(
            {"rule": rule, "field": field, "code": code, "severity": severity, "rows": summary.rows,
             "share": summary.rows / n, "params": json.loads(said.pop()) if len(said) == 1 else {}}
        )  # fmt: skip
    return tuple(found)


def _rates(report: ValidationReport, by: Iterable[str] | None) -> tuple[Rate, ...]:
    table = report.table
    if len(table) != report.n_rows:  # a table in pieces whose rows were let go
        if by is not None:
            raise SchemaError("rates by a column need the rows; ask check_chunks(..., keep_rows=True) for them")
        return ()
    columns = _group_columns(table) if by is None else [by] if isinstance(by, str) else list(by)
    wrong = np.zeros(len(table), dtype=bool)
    wrong[report.issues.filter(severity=at_least("error")).rows] = True
    found: list[Rate] = []
    for column in columns:
        distinct = table.texts(column)
        codes = distinct.codes
        rows = np.bincount(codes[codes >= 0], minlength=len(distinct.values))
        bad = np.bincount(codes[(codes >= 0) & wrong], minlength=len(distinct.values))
        order = np.argsort(-rows, kind="stable")[:_MOST_GROUPS].tolist()
        rates = [Rate.of(column, str(distinct.values[i]), rows=int(rows[i]), wrong=int(bad[i])) for i in order]
        found += sorted(rates, key=lambda rate: (not rate.tells, -rate.low, -rate.share, rate.value))
    return tuple(found)


def _group_columns(table: Table) -> list[str]:
    fields = recognize(table).fields
    named = {canonical: column for column, canonical in fields.items()}
    owner = next((named[name] for name in _GROUPS[:3] if name in named), None)
    return [column for column in (owner, named.get("team_id"), named.get("lead_source")) if column is not None]
