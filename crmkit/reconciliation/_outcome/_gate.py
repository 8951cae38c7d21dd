"""The verdict on a migration: which limits hold, and by how much the others are broken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import attrs

from crmkit import _notebook
from crmkit.errors import NotFoundError, SchemaError
from crmkit.issues import Report
from crmkit.reconciliation._causes._cause import CAUSES

if TYPE_CHECKING:
    from crmkit.typing import Frame, JSONValue

    from ._report import ReconcileReport

__all__ = ["Gate", "Limit", "judge"]


@attrs.frozen(kw_only=True)
class Limit:
    """One thing that was asked, and what was found.

    Attributes:
        what: ``matched``, ``missing``, ``unexpected``, ``doubled``, ``columns`` (missing ones), ``differing``,
            ``total``, or ``headers`` (a table that is not what its mapping reads).
        column: The column, for ``differing`` and ``total``.
        allowed: The limit: a number, or a share between 0 and 1; for ``matched`` the least.
        found: Rows, columns or cells; for a total 0 where the sums agree, else 1.
        of: Out of how many.

    .. versionadded:: 0.1.0
    """

    what: str
    column: str | None = None
    allowed: float
    found: int
    of: int

    @property
    def ok(self) -> bool:
        """Whether the limit holds."""
        if self.what == "matched":
            return self.found >= self.allowed
        share = 0 < self.allowed < 1
        # A share of a count is a count, but for the last digit of a float: 0.29 of 100 is 28.999...
        return self.found <= (self.allowed * self.of + 1e-9 if share else self.allowed)

    def __str__(self) -> str:
        where = f" in {self.column!r}" if self.column is not None else ""
        if self.what == "total":
            return f"total{where} {'agrees' if self.ok else 'does not agree'}"
        if self.what == "headers":
            return f"the left table is {'' if self.ok else 'not '}what its mapping reads"
        if self.what == "matched":
            return f"matched: {self.found:,} of {self.of:,}, at least {self.allowed:,g}"
        allowed = f"{self.allowed:.2%}" if 0 < self.allowed < 1 else f"{self.allowed:,g}"
        return f"{self.what}{where}: {self.found:,} of {self.of:,}, allowed {allowed}"


class Gate(Report):
    """Pass or fail, with every reason. Made by :meth:`crmkit.reconciliation.ReconcileReport.gate`.

    Attributes:
        limits: Everything that was asked, in order.

    .. versionadded:: 0.1.0
    """

    def __init__(self, limits: Sequence[Limit]) -> None:
        self.limits = tuple(limits)

    @property
    def ok(self) -> bool:
        """Whether every limit holds."""
        return all(limit.ok for limit in self.limits)

    @property
    def reasons(self) -> tuple[str, ...]:
        """The limits that are broken, as sentences without values."""
        return tuple(str(limit) for limit in self.limits if not limit.ok)

    def counts(self) -> dict[str, int]:
        """Return how many limits were asked and how many are broken."""
        return {"limits": len(self.limits), "broken": len(self.reasons)}

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return one row for each limit."""
        from crmkit import frames

        columns: dict[str, list[object]] = {
            name: [getattr(limit, name) for limit in self.limits]
            for name in ("what", "column", "allowed", "found", "of", "ok")
        }
        return frames.build(columns, like=like)

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the verdict as plain data."""
        limits: list[JSONValue] = [{**attrs.asdict(limit), "ok": limit.ok} for limit in self.limits]
        return {"format": "crmkit-gate/1", "ok": self.ok, "limits": limits}

    def __repr__(self) -> str:
        return f"<Gate: {'pass' if self.ok else 'FAIL: ' + '; '.join(self.reasons)}>"

    def _repr_html_(self) -> str:
        rows = [("✗", str(limit)) for limit in self.limits if not limit.ok]
        kept = sum(limit.ok for limit in self.limits)
        rows += [("✓", f"{kept} of {len(self.limits)} limits are kept")] if kept else []
        return _notebook.sheet("Gate", "pass" if self.ok else "FAIL", _notebook.table((), rows))


def judge(
    report: ReconcileReport, *, min_matched: int, max_missing: float, max_unexpected: float | None, max_doubled: float,
    max_missing_columns: int, max_differing: float | Mapping[str, float], ignore: Sequence[str],
    same_totals: Sequence[str],
) -> Gate:  # fmt: skip
    """Hold a report against limits; see :meth:`crmkit.reconciliation.ReconcileReport.gate`."""
    for cause in ignore:
        if cause not in CAUSES:
            raise NotFoundError.of("cause", cause, CAUSES)
    counts, absent = report.counts(), len(report.missing_columns)
    limits = [Limit(what="headers", allowed=0, found=1, of=1)] if report.apart.is_alien else []
    limits.append(Limit(what="matched", allowed=min_matched, found=counts["matched"], of=counts["left"]))
    limits.append(Limit(what="missing", allowed=max_missing, found=counts["missing"], of=counts["left"]))
    if max_unexpected is not None:
        limits.append(Limit(what="unexpected", allowed=max_unexpected, found=counts["unexpected"], of=counts["right"]))
    limits.append(Limit(what="doubled", allowed=max_doubled, found=counts["doubled_right"], of=counts["right"]))
    limits.append(Limit(what="columns", allowed=max_missing_columns, found=absent, of=absent + len(report.columns)))
    by_name = max_differing if isinstance(max_differing, Mapping) else {"*": max_differing}
    names = [pair.name for pair in report.columns]
    for name in by_name:
        if name != "*" and name not in names:
            raise SchemaError(str(NotFoundError.of("compared column", name, names)))
    for name in names:
        allowed = by_name.get(name, by_name.get("*"))
        if allowed is None:
            continue
        found = sum(n for cause, n in report.causes(name).items() if cause not in ignore)
        limits.append(Limit(what="differing", column=name, allowed=allowed, found=found, of=counts["matched"]))
    for total in report.totals(list(same_totals)) if same_totals else ():
        # A cell that is no number is in no sum: text on both sides would agree without having been added up.
        others = total.left.other + total.right.other
        found = 0 if total.left.sum == total.right.sum and not others else 1
        limits.append(Limit(what="total", column=total.column, allowed=0, found=found, of=1))
    for limit in limits:
        if not limit.allowed >= 0:
            raise ValueError(f"the limit of {limit.what} is a number from 0 up, or a share")
    return Gate(limits)
