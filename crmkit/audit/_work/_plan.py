"""Audit work: what is asked, about which time; evidence that proves itself; analysis; each step recorded."""

from __future__ import annotations

import hashlib
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from crmkit._canonical import json_bytes
from crmkit.audit._events._event import Event, moment
from crmkit.audit._proofs._checkpoint import Checkpoint
from crmkit.audit._verify._export import verifier_source
from crmkit.errors import InvalidValueError

from ._detectors import Detector, default_detectors
from ._evidence import Evidence, write_evidence
from ._findings import AuditReport

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from datetime import datetime

    from crmkit.audit._log._log import Log
    from crmkit.audit._verify._report import LogReport
    from crmkit.typing import AuditSink

__all__ = ["AuditPlan"]


def _tuple(values: Iterable[str]) -> tuple[str, ...]:
    return (values,) if isinstance(values, str) else tuple(values)


@attrs.frozen(kw_only=True)
class AuditPlan:
    """What an audit looks at.

    Attributes:
        name: What it is called.
        since: First moment, aware.
        until: Moment after the last.
        auditor: Who does it.
        actions: Only these, as patterns: ``contact.*``; all by default.
        resources: Only these kinds of things; all by default.
        detectors: The questions that are asked.

    Example:
        >>> import tempfile
        >>> from datetime import UTC, datetime
        >>> from crmkit.audit import Log, NoteSigner
        >>> signer = NoteSigner.generate("example.com/log")
        >>> log = Log.open(tempfile.mkdtemp(), signer=signer)
        >>> receipt = log.record(
        ...     "role.assign", actor="u-1", resource=("user", "u-1"), at=datetime(2026, 3, 3, 9, tzinfo=UTC)
        ... )
        >>> plan = AuditPlan(
        ...     name="2026-Q1", auditor="audit",
        ...     since=datetime(2026, 1, 1, tzinfo=UTC), until=datetime(2026, 4, 1, tzinfo=UTC),
        ... )
        >>> evidence = plan.collect(log, Path(tempfile.mkdtemp()) / "evidence.zip", audit=log)
        >>> report = plan.analyse(evidence.verify([signer.verifier]), verified=True, audit=log)
        >>> [finding.detector for finding in report if finding.severity == "error"], report.score
        (['self_grant'], 81.2)
        >>> log.close()

    .. versionadded:: 0.1.0
    """

    name: str
    since: datetime
    until: datetime
    auditor: str
    actions: tuple[str, ...] = attrs.field(default=(), converter=_tuple)
    resources: tuple[str, ...] = attrs.field(default=(), converter=_tuple)
    detectors: tuple[Detector, ...] = attrs.field(factory=default_detectors)

    def __attrs_post_init__(self) -> None:
        if self.since.tzinfo is None or self.until.tzinfo is None or self.since >= self.until:
            raise InvalidValueError("a plan has a first and a later last moment, both aware")

    def covers(self, event: Event) -> bool:
        """Whether an event is in the plan's scope."""
        return (
            self.since <= event.at < self.until
            and (not self.actions or any(fnmatchcase(event.action, pattern) for pattern in self.actions))
            and (not self.resources or (event.resource is not None and event.resource.type in self.resources))
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON has it."""
        return {
            "name": self.name,
            "since": moment(self.since),
            "until": moment(self.until),
            "auditor": self.auditor,
            "actions": list(self.actions),
            "resources": list(self.resources),
            "detectors": [repr(detector) for detector in self.detectors],
        }

    def start(self, audit: AuditSink) -> object:
        """Record that the audit begins, with its scope, before anything is looked at."""
        detail = {name: value for name, value in self.to_dict().items() if name not in ("name", "auditor")}
        return self._record(audit, "audit.planned", detail=detail)

    def collect(self, log: Log, path: str | os.PathLike[str], *, audit: AuditSink | None = None) -> Evidence:
        """Write the events of the plan with their proofs, the checkpoint and a verifier into one zip.

        Args:
            log: The log; a checkpoint is made if it can sign, and covers every event that is taken.
            path: The zip to write.
            audit: Where to record it, with the zip's digest; usually the log itself.

        Returns:
            The evidence, as `Evidence.load` reads it.

        Raises:
            InvalidValueError: There is no checkpoint, or the two are in the wrong order.
        """
        if not hasattr(log, "checkpoints"):
            raise InvalidValueError("the log comes first, then the zip to write")
        notes = log.checkpoints()
        if log.can_sign:
            signed = log.checkpoint()
            notes = notes if signed is None else [signed]
        if not notes:
            raise InvalidValueError("evidence needs a checkpoint, and the log has none")
        size = Checkpoint.peek(notes[-1]).size
        events, paths = [], []
        for event in log.events(stop=size, since=self.since, until=self.until):
            if self.covers(event) and event.seq is not None:
                events.append(event.to_bytes())
                nodes = [node.hex() for node in log.inclusion_path(event.seq, size)]
                paths.append(json_bytes({"path": nodes, "seq": event.seq}))
        files = {
            "checkpoint.txt": notes[-1],
            "events.jsonl": b"".join(line + b"\n" for line in events),
            "plan.json": json_bytes(self.to_dict()),
            "proofs.jsonl": b"".join(line + b"\n" for line in paths),
            "verify_audit_log.py": verifier_source().encode(),
        }
        digest = write_evidence(path, files, count=len(events), origin=log.origin)
        if audit is not None:
            self._record(audit, "audit.collected", count=len(events), detail={"sha256": digest, "size": size})
        return Evidence.load(path)

    def analyse(
        self, events: Iterable[Event], *, verified: bool | LogReport, audit: AuditSink | None = None
    ) -> AuditReport:
        """Ask every detector about the events in scope.

        Args:
            events: Stored events, from evidence that was verified or from the log.
            verified: Whether they were proved; a `LogReport` says it itself.
            audit: Where to record it.
        """
        found = [event for event in events if self.covers(event)]
        proved = verified if isinstance(verified, bool) else verified.ok
        order = {"error": 0, "warning": 1, "info": 2}
        findings = [finding for detector in self.detectors for finding in detector.look(found)]
        report = AuditReport(
            plan=self.name, period=(moment(self.since), moment(self.until)), events=len(found), verified=proved,
            detectors=tuple(dict.fromkeys(detector.name for detector in self.detectors)),
            findings=tuple(sorted(findings, key=lambda item: (order[item.severity], item.at, item.detector))),
        )  # fmt: skip
        if audit is not None:
            detail = {"counts": report.counts(), "score": str(report.score), "verified": proved}
            self._record(audit, "audit.analysed", count=len(found), detail=detail)
        return report

    def publish(
        self, report: AuditReport, folder: str | os.PathLike[str], *, lang: Any = "en", audit: AuditSink | None = None
    ) -> list[Path]:
        """Write a report as Markdown, JSON and CSV, and record that.

        Args:
            report: The report.
            folder: Gets ``report.md``, ``report.json`` and ``findings.csv``.
            lang: ``en`` or ``zh``.
            audit: Where to record it, with the digest of the Markdown.
        """
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        paths = [place / "report.md", place / "report.json", place / "findings.csv"]
        paths[0].write_text(report.to_markdown(lang), encoding="utf-8")
        paths[1].write_text(report.to_json(lang), encoding="utf-8")
        report.to_csv(paths[2], lang=lang)
        if audit is not None:
            digest = hashlib.sha256(paths[0].read_bytes()).hexdigest()
            self._record(
                audit, "audit.reported", count=len(report), detail={"sha256": digest, "score": str(report.score)}
            )
        return paths

    def _record(self, audit: AuditSink, action: str, *, count: int = 1, detail: dict[str, Any]) -> object:
        return audit.record(
            action, actor=self.auditor, resource=("audit", self.name), outcome="ok", count=count, detail=detail
        )
