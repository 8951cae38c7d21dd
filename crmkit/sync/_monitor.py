"""Whether two systems stay in step: every comparison kept, and held against limits and against what was usual."""

from __future__ import annotations

import datetime as dt
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import attrs

from crmkit import _notebook
from crmkit.errors import FormatError
from crmkit.issues import Report, message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.quality import History
    from crmkit.typing import Frame, JSONValue, Language

    from ._plan import SyncPlan

__all__ = ["Alarm", "Consistency", "Monitor"]

MARKER: Final = "crmkit-consistency/1"
_LEAST_OBSERVED: Final = 3
"""From so many observations on there is something usual."""
_FEW: Final = 10
"""So many rows that are off are never unusual."""


@attrs.frozen
class Alarm:
    """Something that is wrong between two systems: a code and what its message needs.

    .. versionadded:: 0.1.0
    """

    code: str
    params: Mapping[str, JSONValue] = attrs.field(factory=dict, hash=False)


@attrs.frozen(kw_only=True, repr=False)
class Consistency(Report):
    """How far two systems agreed at one moment; figures only, no value and no key of any record.

    Attributes:
        name: Which pair of systems.
        at: When.
        rows: Rows that either side has.
        off: Rows that need a step or a decision.
        pending: Rows that changed too recently to be judged.
        conflicts: What only a person can decide.
        causes: Causes of differing cells.
        alarms: What is wrong.

    .. versionadded:: 0.1.0
    """

    name: str
    at: dt.datetime
    rows: int
    off: int
    pending: int
    conflicts: int
    causes: Mapping[str, int] = attrs.field(factory=dict, hash=False)
    alarms: tuple[Alarm, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.alarms

    @property
    def rate(self) -> float:
        """Share of rows that agree or are pending, 0 to 1."""
        return 1 - self.off / self.rows if self.rows else 1.0

    def counts(self) -> dict[str, int]:
        """Return the figures."""
        return {"rows": self.rows, "off": self.off, "pending": self.pending, "conflicts": self.conflicts}

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return one row for each cause."""
        from crmkit import frames

        return frames.build({"cause": list(self.causes), "cells": list(self.causes.values())}, like=like)

    def to_dict(self) -> dict[str, JSONValue]:
        """Return it as plain data."""
        alarms: list[JSONValue] = [{"code": one.code, "params": dict(one.params)} for one in self.alarms]
        return {
            "format": MARKER, "name": self.name, "at": self.at.isoformat(), **self.counts(),
            "causes": dict(self.causes), "alarms": alarms,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Consistency:
        """Read what :meth:`to_dict` gave.

        Raises:
            FormatError: Another kind of data, or of a newer version.
        """
        if data.get("format") != MARKER:
            raise FormatError("not the consistency of two systems, or of a newer version of crmkit")
        figures = {name: data[name] for name in ("name", "rows", "off", "pending", "conflicts", "causes")}
        alarms = tuple(Alarm(one["code"], one["params"]) for one in data["alarms"])
        return cls(at=dt.datetime.fromisoformat(data["at"]), alarms=alarms, **figures)

    def explain(self, lang: Language = "en") -> list[str]:
        """Say in sentences what is wrong."""
        return [message(one.code, one.params, lang=lang) for one in self.alarms]

    def __repr__(self) -> str:
        said = "ok" if self.ok else f"alarms: {', '.join(one.code for one in self.alarms)}"
        return f"<Consistency {self.name}: {self.rate:.2%} of {self.rows:,} rows, {self.pending:,} pending, {said}>"

    def _repr_html_(self) -> str:
        return _notebook.sheet("Consistency", f"{self.rate:.2%} of the rows agree", notes=self.explain())


@attrs.frozen(kw_only=True)
class Monitor:
    """Watches one pair of systems.

    Attributes:
        history: Where observations are kept.
        name: Which pair of systems.
        least_rate: Share of rows that must agree.
        most_conflicts: How many may wait for a person.
        times_usual: An alarm when so many times the usual number of rows is off.
        last: How many observations make what is usual.

    Example:
        >>> import tempfile
        >>> from crmkit.quality import History
        >>> from crmkit.sync import plan_sync
        >>> history = History(tempfile.mkdtemp() + "/sync.jsonl")
        >>> monitor = Monitor(history=history, name="crm-erp", least_rate=0.9)
        >>> plan = plan_sync([{"id": 1, "city": "Oslo"}], [{"id": 1, "city": "Bergen"}], key="id")
        >>> monitor.observe(plan).explain()
        ['rows that agree: 0.00%, at least 90.00% should', 'conflicts that wait for a person: 1, at most 0 should']

    .. versionadded:: 0.1.0
    """

    history: History
    name: str
    least_rate: float = 0.99
    most_conflicts: int = 0
    times_usual: float = 3.0
    last: int = 14

    def observe(self, plan: SyncPlan) -> Consistency:
        """Judge a plan, keep the result, and return it."""
        before = self.observations(last=self.last)
        keys = {step.key for step in plan.steps} | {conflict.key for conflict in plan.conflicts}
        rows = plan.same + len(keys | set(plan.pending)) + plan.skipped.get("only_right", 0)
        found = Consistency(
            name=self.name, at=plan.at, rows=rows,
            off=len(keys), pending=len(plan.pending), conflicts=len(plan.conflicts), causes=plan.causes,
        )  # fmt: skip
        found = attrs.evolve(found, alarms=(*self._limits(found, plan), *self._unusual(found, before)))
        self.history.add(found)
        return found

    def observations(self, *, last: int | None = None) -> list[Consistency]:
        """Return what was observed, oldest first."""
        return [Consistency.from_dict(data) for data in self.history.documents(MARKER, self.name, last=last)]

    def _limits(self, found: Consistency, plan: SyncPlan) -> list[Alarm]:
        said = []
        if found.rate < self.least_rate:
            said.append(Alarm("sync_rate", {"rate": f"{found.rate:.2%}", "least": f"{self.least_rate:.2%}"}))
        if found.conflicts > self.most_conflicts:
            said.append(Alarm("sync_conflicts", {"n": found.conflicts, "most": self.most_conflicts}))
        if plan.ahead:
            said.append(Alarm("sync_clock_ahead", {"n": plan.ahead}))
        return said

    def _unusual(self, found: Consistency, before: Sequence[Consistency]) -> list[Alarm]:
        if len(before) < _LEAST_OBSERVED:
            return []
        said = []
        usual = median(one.off for one in before)
        if found.off > max(self.times_usual * usual, _FEW):
            said.append(Alarm("sync_unusual", {"n": found.off, "usual": f"{usual:g}"}))
        known = {cause for one in before for cause in one.causes}
        said += [Alarm("sync_new_cause", {"cause": cause}) for cause in found.causes if cause not in known]
        waiting = [one.pending for one in before[-2:]]
        if all(waiting) and found.pending > waiting[1] > waiting[0]:
            said.append(Alarm("sync_behind", {"n": found.pending}))
        return said
