"""What an analysis found, how good that is as a whole, and what is done about it."""

from __future__ import annotations

import html
import json
from collections import Counter
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import attrs

from crmkit import _notebook
from crmkit._report import Report
from crmkit.errors import CheckFailedError, NotFoundError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from datetime import date

    from crmkit.typing import AuditSink, Frame, JSONValue, Language, Severity

    from ._detectors import Finding

__all__ = ["AuditReport", "Remediation", "RemediationStatus"]

RemediationStatus: TypeAlias = Literal["open", "in_progress", "done", "accepted"]
"""How far a remediation is; ``accepted`` means that the risk is."""

_LOSS = {"error": 1.0, "warning": 0.5, "info": 0.1}
_ORDER = list(_LOSS)
_MARKUP = "\\`*_[]|#!"
_TITLES = {
    "en": [
        "Audit",
        "Period",
        "Events",
        "Score",
        "Finding",
        "Severity",
        "Actor",
        "When",
        "Events",
        "Nothing was found.",
    ],
    "zh": ["审计", "期间", "事件", "得分", "发现", "严重程度", "操作者", "时间", "事件", "没有发现问题。"],
}


@attrs.frozen(kw_only=True)
class Remediation:
    """What is done about a finding. Made by `AuditReport.remediate`.

    Attributes:
        finding: Id of the finding.
        owner: Who sees to it.
        due: By when.
        status: How far it is.
        score_before: Health score when it was begun, 0 to 100.
        score_after: Health score without the finding; measured anew by `finish`.
        note: What was decided.

    .. versionadded:: 0.1.0
    """

    finding: str
    owner: str
    due: date
    status: RemediationStatus = "open"
    score_before: float
    score_after: float
    note: str | None = None

    def is_overdue(self, today: date) -> bool:
        """Whether the day has passed and it is neither done nor accepted."""
        return self.status in ("open", "in_progress") and today > self.due

    def move(
        self, status: RemediationStatus, *, actor: str, report: AuditReport | None = None, note: str | None = None,
        audit: AuditSink | None = None,
    ) -> Remediation:  # fmt: skip
        """Return it with another status, and record that.

        Args:
            status: The new one.
            actor: Who decided.
            report: A later report: ``score_after`` becomes its score, and ``done`` is refused while it still has the
                finding.
            note: What was decided.
            audit: Where to record it.

        Raises:
            CheckFailedError: It should be done and the later report still has the finding.
        """
        if status not in get_args(RemediationStatus):
            raise NotFoundError.of("status", status, get_args(RemediationStatus))
        if report is not None and status == "done" and any(item.id == self.finding for item in report):
            raise CheckFailedError("the later report still has the finding", report=report)
        after = self.score_after if report is None else report.score
        moved = attrs.evolve(self, status=status, score_after=after, note=note or self.note)
        moved._record(actor, audit)
        return moved

    def _record(self, actor: str, audit: AuditSink | None) -> None:
        if audit is not None:
            audit.record(
                "audit.remediation", actor=actor, resource=("finding", self.finding), outcome="ok",
                detail={
                    "status": self.status, "owner": self.owner, "due": self.due.isoformat(),
                    "score_before": str(self.score_before), "score_after": str(self.score_after),
                },
            )  # fmt: skip


@attrs.frozen(kw_only=True)
class AuditReport(Report):
    """What `AuditPlan.analyse` found. Iterating gives each `Finding`, the worst first.

    Attributes:
        plan: Name of the plan.
        period: Its first moment and the moment after its last, as text.
        events: How many events were looked at.
        verified: Whether the log had proved itself.
        detectors: Which questions were asked.
        findings: What was found.

    .. versionadded:: 0.1.0
    """

    plan: str
    period: tuple[str, str]
    events: int
    verified: bool
    detectors: tuple[str, ...]
    findings: tuple[Finding, ...] = attrs.field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether the log was verified and nothing worse than an info was found."""
        return self.verified and all(item.severity == "info" for item in self.findings)

    @property
    def score(self) -> float:
        """Health score, 0 to 100: each question loses by the worst that was found; an unverified log scores 0."""
        return self._score(self.findings) if self.verified else 0.0

    def _score(self, findings: tuple[Finding, ...]) -> float:
        worst = dict.fromkeys(self.detectors, 0.0)
        for item in findings:
            worst[item.detector] = max(worst[item.detector], _LOSS[item.severity])
        return round(100 * (1 - sum(worst.values()) / len(worst)), 1) if worst else 100.0

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def _reason(self, severity: Severity) -> str | None:
        if not self.verified:
            return "the log was not verified"
        bad = [item for item in self.findings if _ORDER.index(item.severity) <= _ORDER.index(severity)]
        return f"{len(bad)} findings, the first: {bad[0].detector}" if bad else None

    def counts(self) -> dict[str, int]:
        """Count the findings by detector; questions without a finding are there with 0."""
        return dict.fromkeys(self.detectors, 0) | dict(Counter(item.detector for item in self.findings))

    def remediate(
        self, finding: str, *, owner: str, due: date, actor: str | None = None, audit: AuditSink | None = None
    ) -> Remediation:
        """Begin to do something about a finding, and record that.

        Args:
            finding: Its id.
            owner: Who sees to it.
            due: By when.
            actor: Who decided; the owner by default.
            audit: Where to record it.

        Raises:
            NotFoundError: There is no such finding.
        """
        rest = tuple(item for item in self.findings if item.id != finding)
        if len(rest) == len(self.findings):
            raise NotFoundError.of("finding", finding, [item.id for item in self.findings])
        after = self._score(rest) if self.verified else 0.0
        begun = Remediation(finding=finding, owner=owner, due=due, score_before=self.score, score_after=after)
        begun._record(actor or owner, audit)
        return begun

    def _columns(self, lang: Language) -> dict[str, list[object]]:
        columns: dict[str, list[object]] = {
            name: [getattr(item, name) for item in self.findings] for name in ("id", "detector", "severity", "actor")
        }
        columns["at"] = [item.at.isoformat() for item in self.findings]
        columns["events"] = [" ".join(map(str, item.events)) for item in self.findings]
        columns["message"] = [item.message(lang) for item in self.findings]
        return columns

    def to_frame(self, like: object = None, *, lang: Language = "en") -> Frame:
        """Return the findings as a frame of the kind of ``like``, or a ``RecordSet``."""
        from crmkit import frames

        return frames.build(self._columns(lang), like=like)

    def to_csv(self, path: str | os.PathLike[str], *, lang: Language = "en") -> None:
        """Write the findings as a file that spreadsheets read; formulas in names are guarded."""
        from crmkit.records import RecordSet

        RecordSet(self._columns(lang)).to_csv(path)

    def to_dict(self, lang: Language = "en") -> dict[str, JSONValue]:
        """Return the report as JSON has it."""
        columns = self._columns(lang)
        return {
            "plan": self.plan,
            "period": list(self.period),
            "events": self.events,
            "verified": self.verified,
            "score": self.score,
            "counts": self.counts(),
            "findings": [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)],
        }

    def to_json(self, lang: Language = "en") -> str:
        """Return the report as JSON text."""
        return json.dumps(self.to_dict(lang), ensure_ascii=False, indent=2) + "\n"

    def to_markdown(self, lang: Language = "en") -> str:
        """Return the report as Markdown."""
        title, period, events, score, finding, severity, actor, when, seqs, nothing = _TITLES[lang]
        lines = [
            f"# {title}: {_cell(self.plan)}", "",
            f"- {period}: {self.period[0]} – {self.period[1]}",
            f"- {events}: {self.events}", f"- {score}: {self.score}", "",
        ]  # fmt: skip
        if not self.findings:
            return "\n".join([*lines, nothing, ""])
        lines += [f"| {finding} | {severity} | {actor} | {when} | {seqs} |", "|---|---|---|---|---|"]
        for item in self.findings:
            shown = ", ".join(map(str, item.events[:5])) + (", ..." if len(item.events) > 5 else "")
            cells = (item.message(lang), item.severity, item.actor, item.at.isoformat(), shown)
            lines.append(f"| {' | '.join(map(_cell, cells))} |")
        return "\n".join([*lines, ""])

    def _repr_html_(self) -> str:
        rows = [(item.severity, item.detector, item.at, len(item.events)) for item in self.findings[:20]]
        word = "" if self.verified else "; the log did not prove itself"
        lead = f"{self.events:,} events, {len(self.findings):,} findings, score {self.score:g} of 100{word}"
        table = _notebook.table(("severity", "question", "when", "events"), rows) if rows else ""
        rest = _notebook.more(len(rows), len(self.findings), "findings")
        return _notebook.sheet(f"Audit {self.plan}", lead, table, rest)

    def __repr__(self) -> str:
        state = "" if self.verified else ", not verified"
        return f"<AuditReport {self.plan!r}: {self.events} events, {len(self.findings)} findings{state}>"


def _cell(text: str) -> str:
    """Write text so that Markdown takes it for nothing else."""
    escaped = html.escape(" ".join(text.split()), quote=False)
    return "".join(f"\\{character}" if character in _MARKUP else character for character in escaped)
