"""What changed between the profiles of a table: columns, missing values, categories, shapes, numbers, rules, volume.

Every finding says how many rows it rests on, the figure before and after, and the size of the effect. A difference that
is certain but tiny is no finding, and neither is a large one of few rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from functools import reduce
from statistics import median
from typing import TYPE_CHECKING, Any

import attrs

from crmkit import frames
from crmkit._called import check_called
from crmkit.errors import SchemaError
from crmkit.issues import IssueTable, Report, at_least, new_run_id
from crmkit.records import RecordSet

from ._profile import Profile
from ._stats import cohens_h, ks_distance, psi, robust_z, two_proportions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from crmkit.issues import Dimension, Issue
    from crmkit.typing import Frame, JSONValue, Language, Severity

    from ._column import ColumnProfile

__all__ = ["DriftReport", "drift"]

_ALPHA = 0.001
_SMALL, _LARGE = 0.1, 0.35  # Cohen's h
_PSI_SOME, _PSI_MUCH = 0.2, 0.5
_KS = 0.1
_NEW_CATEGORY_SHARE = 0.01
_Z = 4.0
_WEEKS = 3


@attrs.frozen
class _Finding:
    path: str | None
    test: str
    code: str
    severity: Severity
    dimension: Dimension
    params: dict[str, JSONValue]


class DriftReport(Report):
    """What changed since the profiles before, as issues of the whole table.

    Attributes:
        current: The profile that was judged.
        baselines: What it was held against, oldest first.
        issues: What changed, with ``n``, ``before``, ``after`` and ``effect`` in the params.

    Example:
        >>> from crmkit.quality import profile
        >>> before = profile({"email": ["a@example.com"] * 300})
        >>> after = profile({"email": ["a@example.com"] * 200 + [None] * 100})
        >>> [(issue.path, issue.code) for issue in drift(after, [before])]
        [('email', 'drift_missing')]

    .. versionadded:: 0.1.0
    """

    def __init__(self, current: Profile, baselines: Sequence[Profile], issues: IssueTable) -> None:
        self.current = current
        self.baselines = tuple(baselines)
        self.issues = issues

    @property
    def ok(self) -> bool:
        """Whether nothing changed that stops a careful person (severity ``error``)."""
        return not len(self.issues.filter(severity="error"))

    def counts(self) -> dict[str, int]:
        """Return the number of findings by severity."""
        found = self.issues.counts("severity")
        return {f"{severity}s": found.get(severity, 0) for severity in ("error", "warning", "info")}

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return the findings as a frame of the kind of ``like``, or a ``RecordSet``."""
        columns = self.issues.to_columns()
        return RecordSet(columns) if like is None else frames.build(columns, like=like)

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the findings as plain data."""
        return {
            "name": self.current.name, "at": self.current.at.isoformat(), "baselines": len(self.baselines),
            "counts": dict(self.counts()),
            "issues": [
                {"path": issue.path, "code": issue.code, "severity": issue.severity, "params": dict(issue.params)}
                for issue in self.issues
            ],
        }  # fmt: skip

    def in_language(self, lang: Language) -> DriftReport:
        """Return the same report with messages in another language."""
        return DriftReport(self.current, self.baselines, self.issues.in_language(lang))

    def __iter__(self) -> Iterator[Issue]:
        return iter(self.issues)

    def __len__(self) -> int:
        return len(self.issues)

    def __repr__(self) -> str:
        return f"DriftReport({self.current.name!r}, {len(self.baselines)} before: {len(self)} findings)"

    def _repr_html_(self) -> str:
        from ._html import drift_html

        return drift_html(self)

    def _reason(self, severity: Severity) -> str | None:
        n = len(self.issues.filter(severity=at_least(severity)))
        return f"{self.current.name} drifted: {n} findings of severity {severity} or worse; see .report" if n else None


def drift(
    current: Profile, history: Profile | Iterable[Profile], *, min_rows: int = 100, lang: Language = "en",
    now: Callable[[], datetime] | None = None,
) -> DriftReport:  # fmt: skip
    """Say what is different from before.

    Args:
        current: Today's profile.
        history: One earlier profile or several, in any order; those of the future are left out.
        min_rows: The fewest rows on either side from which a share is judged.
        lang: Language of the messages.
        now: The clock.

    Returns:
        A report whose findings say n, before, after and effect size. Shares are tested (two proportions, p < 0.001)
        and must differ by Cohen's h of 0.1; distributions by a PSI of 0.2 or a KS distance of 0.1; volume by four
        robust standard deviations of the history, of the same weekday where that is long enough.

    Raises:
        SchemaError: If there is no earlier profile.

    Example:
        >>> from crmkit.quality import profile
        >>> drift(profile([{"a": "1"}]), profile([{"a": "2"}])).ok
        True

    .. versionadded:: 0.1.0
    """
    check_called(now=now)
    offered: object = history  # what callers without a type checker pass
    given = list(offered) if isinstance(offered, Iterable) else [offered]
    for item in (current, *given):
        if not isinstance(item, Profile):
            raise SchemaError(f"drift() takes profiles, as profile() makes them, not {type(item).__name__}")
    others = [item for item in given if isinstance(item, Profile) and item is not current]
    before = sorted(others, key=lambda item: item.at)
    baselines = [item for item in before if item.at <= current.at] or before
    if not baselines:
        raise SchemaError("drift() needs at least one earlier profile")
    base = reduce(Profile.merge, baselines)
    found = [*_schema_changes(current, baselines[-1]), *_volume(current, baselines)]
    for name, column in current.columns.items():
        if name in base.columns and name in baselines[-1].columns:
            known = [item.columns[name] for item in baselines if name in item.columns]
            found += _column(name, column, base.columns[name], known, min_rows)
            found += _freshness(name, column, known, current.at.date(), baselines)
    found += _rules(current, baselines, min_rows)
    table = IssueTable.of(
        rule=[f"drift:{item.path or ''}:{item.test}" for item in found], code=[item.code for item in found],
        row=[None] * len(found), path=[item.path for item in found], severity=[item.severity for item in found],
        dimension=[item.dimension for item in found], params=[item.params for item in found], lang=lang,
    )  # fmt: skip
    return DriftReport(current, baselines, table.stamped(new_run_id(now=now)))


def _schema_changes(current: Profile, last: Profile) -> list[_Finding]:
    found = [
        _Finding(name, "schema", "drift_column_gone", "error", "integrity", {"n": last.rows})
        for name in last.columns
        if name not in current.columns
    ]
    for name, column in current.columns.items():
        if name not in last.columns:
            found.append(_Finding(name, "schema", "drift_column_new", "info", "integrity", {"n": current.rows}))
            continue
        kinds, known = set(column.types), set(last.columns[name].types)
        if kinds and known and not kinds & known:
            params: dict[str, JSONValue] = {
                "before": ", ".join(sorted(known)), "after": ", ".join(sorted(kinds)), "n": column.present,
            }  # fmt: skip
            found.append(_Finding(name, "type", "drift_type", "warning", "integrity", params))
    return found


def _volume(current: Profile, baselines: Sequence[Profile]) -> list[_Finding]:
    same_day = [item.rows for item in baselines if item.at.weekday() == current.at.weekday()]
    rows = [item.rows for item in baselines]
    used = same_day if len(same_day) >= _WEEKS + 2 else rows
    usual = median(used)
    params: dict[str, JSONValue] = {"n": current.rows, "before": usual, "after": current.rows, "history": len(used)}
    if not usual:
        return []
    ratio = current.rows / usual
    z = robust_z(current.rows, used, least=0.02 * usual)
    if z is None:
        if 0.5 <= ratio <= 2:
            return []
        params["effect"] = round(ratio, 3)
    elif abs(z) < _Z:
        return []
    else:
        params["effect"] = round(z, 1)
    severity: Severity = "error" if ratio < 0.5 else "warning"
    return [_Finding(None, "volume", "drift_volume", severity, "completeness", params)]


def _share(
    path: str, test: str, code: str, dimension: Dimension, hits: int, n: int, base_hits: int, base_n: int,
    shares: Sequence[float], min_rows: int, *, worse: bool,
) -> list[_Finding]:  # fmt: skip
    """Report a share that moved, by a test of two proportions, and out of the range that it moved in before."""
    if n < min_rows or base_n < min_rows:
        return []
    share, base = hits / n, base_hits / base_n
    effect = cohens_h(share, base)
    if effect < _SMALL or two_proportions(hits, n, base_hits, base_n) > _ALPHA:
        return []
    z = robust_z(share, shares, least=0.005)
    if z is not None and abs(z) < _Z:
        return []
    bad = (share > base) == worse
    severity: Severity = "error" if bad and effect >= _LARGE else "warning" if bad else "info"
    params: dict[str, JSONValue] = {
        "n": n, "base_n": base_n, "before": round(base, 4), "after": round(share, 4), "effect": round(effect, 3),
    }  # fmt: skip
    return [_Finding(path, test, code, severity, dimension, params)]


def _column(
    name: str, column: ColumnProfile, base: ColumnProfile, known: Sequence[ColumnProfile], min_rows: int
) -> list[_Finding]:
    shares = [item.missing_share for item in known]
    found = _share(
        name, "missing", "drift_missing", "completeness", column.missing, column.rows, base.missing, base.rows, shares,
        min_rows, worse=True,
    )  # fmt: skip
    if column.present < min_rows or base.present < min_rows:
        return found
    if 2 * sum(column.months.values()) > column.present:
        return found  # days move on by nature; whether they do is asked elsewhere
    found += _distinct(name, column, known)
    if column.categories is not None and base.categories is not None and len(base.categories) <= 50:
        fresh = {
            value: n
            for value, n in column.categories.items()
            if value not in base.categories and n >= _NEW_CATEGORY_SHARE * column.present
        }
        if fresh:
            n = sum(fresh.values())
            params: dict[str, JSONValue] = {
                "n": column.present, "count": len(fresh), "before": 0.0, "after": round(n / column.present, 4),
                "effect": round(n / column.present, 4),
            }  # fmt: skip
            found.append(_Finding(name, "categories", "drift_new_values", "warning", "consistency", params))
        found += _moved(name, "distribution", "drift_distribution", column.categories, base.categories)
    elif column.shapes is not None and base.shapes is not None:
        found += _moved(name, "shapes", "drift_shapes", column.shapes, base.shapes)
    found += _moved(name, "lengths", "drift_lengths", column.lengths, base.lengths) if not found else []
    n, base_n = sum(column.numbers.values()), sum(base.numbers.values())
    if min(n, base_n) >= min_rows and column.categories is None:
        distance = ks_distance(column.numbers, base.numbers)
        if distance >= _KS and distance > 1.95 * ((n + base_n) / (n * base_n)) ** 0.5:  # alpha 0.001
            params = {
                "n": n, "base_n": base_n, "before": _rounded(base.quantile(0.5)),
                "after": _rounded(column.quantile(0.5)), "effect": round(distance, 3),
            }  # fmt: skip
            found.append(_Finding(name, "numbers", "drift_numbers", "warning", "accuracy", params))
    return found


def _distinct(name: str, column: ColumnProfile, known: Sequence[ColumnProfile]) -> list[_Finding]:
    """Report a column that was nearly all different values and is not, or the other way round."""
    now, last = column.distinct, known[-1].distinct
    if now is None or last is None or not column.present or not known[-1].present:
        return []
    after, before = now / column.present, last / known[-1].present
    z = robust_z(after, [item.distinct / item.present for item in known if item.distinct and item.present], least=0.01)
    if abs(after - before) < 0.2 or (z is not None and abs(z) < _Z):
        return []
    params: dict[str, JSONValue] = {
        "n": column.present, "before": round(before, 3), "after": round(after, 3), "effect": round(after - before, 3),
    }  # fmt: skip
    return [_Finding(name, "distinct", "drift_distinct", "warning", "uniqueness", params)]


def _moved(path: str, test: str, code: str, now: Any, base: Any) -> list[_Finding]:
    n, base_n = sum(now.values()), sum(base.values())
    index = psi(now, base)
    # What chance alone makes of the index: about (bins - 1) * (1/n + 1/base_n).
    noise = 3 * max(len({*now, *base}) - 1, 1) * (1 / n + 1 / base_n) if n and base_n else 0.0
    if index < _PSI_SOME + noise:
        return []
    severity: Severity = "warning" if index >= _PSI_MUCH + noise else "info"
    params: dict[str, JSONValue] = {"n": n, "base_n": base_n, "effect": round(index, 3)}
    return [_Finding(path, test, code, severity, "consistency", params)]


def _freshness(
    name: str, column: ColumnProfile, known: Sequence[ColumnProfile], today: date, baselines: Sequence[Profile]
) -> list[_Finding]:
    """Report a column whose newest date has stopped to move."""
    if column.last_day is None or sum(column.months.values()) < 0.5 * max(column.present, 1):
        return []
    ages = [
        (item.at.date() - date.fromisoformat(of.last_day)).days
        for item, of in zip(baselines[-len(known) :], known, strict=True)
        if of.last_day is not None
    ]
    age = (today - date.fromisoformat(column.last_day)).days
    z = robust_z(age, ages, least=1.0)
    if z is None or z < _Z or age < 3:
        return []
    params: dict[str, JSONValue] = {
        "n": column.present, "before": median(ages), "after": age, "effect": round(z, 1), "days": age,
    }  # fmt: skip
    return [_Finding(name, "freshness", "drift_freshness", "warning", "timeliness", params)]


def _rules(current: Profile, baselines: Sequence[Profile], min_rows: int) -> list[_Finding]:
    found: list[_Finding] = []
    for name, counts in current.rules.items():
        known = [item.rules[name] for item in baselines if name in item.rules]
        if counts.error and not any(item.error for item in known):
            params: dict[str, JSONValue] = {"n": counts.error, "rule": name}
            found.append(_Finding(None, f"rule:{name}", "drift_rule_crashes", "error", "validity", params))
        if not known:
            continue
        moved = _share(
            name, "rule", "drift_rule", "validity", counts.failed, counts.passed + counts.failed,
            sum(item.failed for item in known), sum(item.passed + item.failed for item in known),
            [1 - item.pass_rate for item in known if item.pass_rate is not None], min_rows, worse=True,
        )  # fmt: skip
        found += [
            attrs.evolve(item, path=None, test=f"rule:{name}", params={**item.params, "rule": name}) for item in moved
        ]
    return found


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else float(f"{figure:.3g}")
