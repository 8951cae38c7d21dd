"""Restore for real, into a place that cannot be the source, with a stopwatch, and ask what came out."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from crmkit import _notebook, frames
from crmkit._called import check_called
from crmkit.backup._findings._findings import Finding, texts
from crmkit.backup._findings._page import Section, fragment, page
from crmkit.backup._findings._recorded import record_backup
from crmkit.backup._manifest._create import meta_folder, utc_now
from crmkit.backup._manifest._keys import read_keys
from crmkit.backup._manifest._statement import moment_text
from crmkit.backup._rows._kept import read_snapshots
from crmkit.backup._verify._report import ordered, sentence
from crmkit.backup._verify._verify import verify
from crmkit.errors import CrmkitError, ManifestError
from crmkit.issues import Report

from ._checks import TableDigests, crashed
from ._restore import RestoreError
from ._scratch import ScratchFolder

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from crmkit.typing import AuditSink, Frame, JSONValue, Language, Verifier

    from ._checks import CheckResult, RestoreCheck
    from ._restore import Restore
    from ._scratch import Scratch


@attrs.frozen(kw_only=True, repr=False, eq=False)
class DrillReport(Report):
    """What a drill showed.

    Attributes:
        phases: Name to seconds, in order: verify, prepare, decrypt, restore, checks, teardown.
        checks: What each check found.
        findings: Every fault, of all phases.
        rto: How long it took until the restored system had answered every check.
        rpo: How old its newest data was when the drill began.
        started: When.
        rto_limit: What the policy allows.
        rpo_limit: What the policy allows.
        skipped: Checks that never ran, because the restore failed.

    .. versionadded:: 0.1.0
    """

    phases: Mapping[str, float]
    checks: tuple[CheckResult, ...]
    findings: tuple[Finding, ...]
    rto: dt.timedelta
    rpo: dt.timedelta | None
    started: dt.datetime
    rto_limit: dt.timedelta | None = None
    rpo_limit: dt.timedelta | None = None
    skipped: tuple[str, ...] = ()

    @property
    def within_rto(self) -> bool | None:
        """Whether it was fast enough; ``None`` without a limit."""
        return None if self.rto_limit is None else self.rto <= self.rto_limit

    @property
    def within_rpo(self) -> bool | None:
        """Whether its data was young enough; ``None`` without a limit or where nobody knows how old it was."""
        return None if self.rpo_limit is None or self.rpo is None else self.rpo <= self.rpo_limit

    @property
    def ok(self) -> bool:
        """Whether it restored, passed every check, kept its limits and left nothing behind."""
        known = self.rpo_limit is None or self.rpo is not None
        bad = any(finding.severity == "error" for finding in self.findings)
        return not bad and known and not self.skipped and self.within_rto is not False and self.within_rpo is not False

    def counts(self) -> dict[str, int]:
        """Return how many checks passed, failed and never ran."""
        passed = sum(check.passed for check in self.checks)
        return {"passed": passed, "failed": len(self.checks) - passed, "skipped": len(self.skipped)}

    def codes(self) -> tuple[str, ...]:
        """Return the classes that were found, each once, sorted."""
        return tuple(sorted({finding.code for finding in self.findings}))

    def to_dict(self, lang: Language = "en") -> dict[str, JSONValue]:
        """Return everything as plain data: the evidence for an auditor."""
        return {
            "ok": self.ok,
            "started": moment_text(self.started),
            "phases": dict(self.phases),
            "rto_seconds": self.rto.total_seconds(),
            "rpo_seconds": None if self.rpo is None else self.rpo.total_seconds(),
            "within_rto": self.within_rto,
            "within_rpo": self.within_rpo,
            "checks": [
                {"name": check.name, "passed": check.passed, "evidence": dict(check.evidence)} for check in self.checks
            ],
            "skipped": list(self.skipped),
            "findings": [finding.to_dict(lang) for finding in self.findings],
        }

    def to_json(self, lang: Language = "en") -> str:
        """Return everything as JSON."""
        return json.dumps(self.to_dict(lang), ensure_ascii=False, indent=2)

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return one row a check."""
        columns: dict[str, Sequence[object]] = {
            "check": [check.name for check in self.checks],
            "passed": [check.passed for check in self.checks],
            "codes": [" ".join(finding.code for finding in check.findings) for check in self.checks],
        }
        return frames.build(columns, like=like)

    def to_markdown(self, lang: Language = "en") -> str:
        """Return the report for people, as Markdown."""
        title, lead, sections = self._content(lang)
        return "\n\n".join([f"# {title}", lead, *(section.markdown() for section in sections)]) + "\n"

    def to_html(self, lang: Language = "en") -> str:
        """Return a page of its own: nothing is loaded, nothing runs."""
        title, lead, sections = self._content(lang)
        return page(title, lead, sections, good=self.ok, lang=lang)

    def _repr_html_(self) -> str:
        return fragment(*self._content("en"))

    def _content(self, lang: Language) -> tuple[str, str, list[Section]]:
        words: Mapping[str, Mapping[str, str]] = texts()["words"]  # type: ignore[assignment]  # a table of tables

        def word(name: str) -> str:
            return words[name][lang]

        facts = [
            (word("rto"), _shown(self.rto, self.rto_limit)),
            (word("rpo"), word("unknown") if self.rpo is None else _shown(self.rpo, self.rpo_limit)),
        ]
        checks = [
            (
                check.name,
                word("passed" if check.passed else "failed"),
                ", ".join(f"{k} {_short(v)}" for k, v in check.evidence.items()),
            )
            for check in self.checks
        ]
        checks += [(name, texts()["NOT_CHECKED"][lang], "") for name in self.skipped]
        found = [
            (finding.severity, finding.code, finding.path or "", sentence(finding, lang), finding.hint(lang))
            for finding in self.findings
        ]
        heads = tuple(word(name) for name in ("severity", "code", "path", "what", "next"))
        return (
            word("drill_title"),
            word("passed" if self.ok else "failed"),
            [
                Section(None, (), facts),
                Section(word("checks"), (word("check"), word("outcome"), word("evidence")), checks, empty=word("none")),
                Section(word("findings"), heads, found, empty=word("none")),
                Section(
                    word("phases"),
                    (word("phase"), word("seconds")),
                    [(name, f"{seconds:.3f}") for name, seconds in self.phases.items()],
                ),
            ],
        )

    def __repr__(self) -> str:
        figures = ", ".join(f"{name} {n}" for name, n in self.counts().items() if n)
        return (
            f"<DrillReport {'passed' if self.ok else 'failed'}: {figures or 'no checks'}; RTO {_shown(self.rto, None)}>"
        )


def _short(evidence: object) -> str:
    """Write a figure, or the beginning of a digest."""
    text = _notebook.shown(evidence)
    return f"{text[:16]}…" if len(text) >= 64 and text.isalnum() else text


def _shown(span: dt.timedelta, limit: dt.timedelta | None) -> str:
    return _notebook.shown(span) if limit is None else f"{_notebook.shown(span)} / {_notebook.shown(limit)}"


@attrs.frozen(kw_only=True)
class Drill:
    """How to restore, where, and what to ask.

    Attributes:
        restore: How: `PgRestore`, `SqliteRestore`, `FolderRestore`.
        scratch: Where: `ScratchPostgres`, `ScratchFolder`.
        checks: What to ask afterwards.
        keys: Public keys that you trust; the backup is verified first.
        require_signed: Whether the backup must be signed by one of them.
        decrypt: Turns the payload into one that restores, in a folder it is given; timed as a phase of its own.
        rto_limit: How long everything may take.
        rpo_limit: How old the newest data may be.

    Example:
        >>> import pathlib, sqlite3, tempfile
        >>> from crmkit.backup import Header, RowCounts, ScratchFolder, SigningKey, SqliteRestore, create, sign
        >>> dump = pathlib.Path(tempfile.mkdtemp()) / "dump"
        >>> dump.mkdir()
        >>> database = sqlite3.connect(dump / "crm.sqlite")
        >>> _ = database.executescript("CREATE TABLE contacts (id INTEGER); INSERT INTO contacts VALUES (1);")
        >>> database.close()
        >>> key = SigningKey.generate()
        >>> _ = sign(create(dump, Header(set="crm")), key, seq=1)
        >>> drill = Drill(restore=SqliteRestore(), scratch=ScratchFolder(), checks=[RowCounts({"contacts": 1})],
        ...               keys=[key.public])
        >>> report = drill.run(dump)
        >>> report.ok, report.counts()
        (True, {'passed': 1, 'failed': 0, 'skipped': 0})

    .. versionadded:: 0.1.0
    """

    restore: Restore
    scratch: Scratch
    checks: Sequence[RestoreCheck] = ()
    keys: Sequence[Verifier] = attrs.field(default=(), converter=read_keys)
    require_signed: bool = True
    decrypt: Callable[[Path, Path], Path] | None = None
    rto_limit: dt.timedelta | None = None
    rpo_limit: dt.timedelta | None = None

    def run(
        self, payload: str | os.PathLike[str], meta: str | os.PathLike[str] | None = None, *,
        audit: AuditSink | None = None, by: str | None = None, now: Callable[[], dt.datetime] = utc_now,
    ) -> DrillReport:  # fmt: skip
        """Run the drill; the scratch place is taken down whatever happens.

        Args:
            payload: The backup.
            meta: Its manifest's folder; ``<payload>.meta`` where ``None``.
            audit: Log that the drill is recorded in.
            by: Who does it, for the log.
            now: The clock.

        Raises:
            RefusedError: The scratch place would touch the source; nothing was restored.
        """
        check_called(now=now)
        run = _Run(self, Path(payload), meta_folder(payload, meta), now())
        report = run.report()
        more: dict[str, JSONValue] = {"seconds": round(report.rto.total_seconds()), "checks": dict(report.counts())}
        record_backup(audit, "drill", run.backup_id, by=by, ok=report.ok, findings=report.findings, detail=more)
        return report


class _Run:
    """One drill."""

    def __init__(self, drill: Drill, payload: Path, meta: Path, started: dt.datetime) -> None:
        self._drill, self._payload, self._meta, self._started = drill, payload, meta, started
        self._phases: dict[str, float] = {}
        self._results: list[CheckResult] = []
        self._findings: list[Finding] = []
        self._created: dt.datetime | None = None
        self._tables: Mapping[str, str] = {}
        self.backup_id: str | None = None

    @contextlib.contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            self._phases[name] = time.monotonic() - started

    def report(self) -> DrillReport:
        """Go through the phases."""
        drill = self._drill
        with self._phase("verify"):
            verified = verify(
                self._payload,
                self._meta,
                keys=drill.keys,
                require_signed=drill.require_signed,
                now=lambda: self._started,
            )
        self._findings += verified.findings
        if verified.statement is not None:
            self._created, self.backup_id = verified.statement.created, verified.statement.backup_id
            self._tables = verified.statement.tables
        if verified.ok:
            drill.scratch.keep_out_of(self._payload, self._meta)
            try:
                with self._phase("prepare"):
                    drill.scratch.prepare()
                self._restore_and_ask()
            finally:
                with self._phase("teardown"):
                    self._teardown()
        took = sum(seconds for name, seconds in self._phases.items() if name != "teardown")
        newest = max((result.newest for result in self._results if result.newest is not None), default=self._created)
        done = {result.name for result in self._results}
        return DrillReport(
            phases=self._phases,
            checks=tuple(self._results),
            findings=ordered(self._findings),
            rto=dt.timedelta(seconds=took),
            rpo=None if newest is None else self._started - newest,
            started=self._started,
            rto_limit=drill.rto_limit,
            rpo_limit=drill.rpo_limit,
            skipped=tuple(check.name for check in drill.checks if check.name not in done),
        )

    def _restore_and_ask(self) -> None:
        drill = self._drill
        with contextlib.ExitStack() as stack:
            source = self._payload
            try:
                if drill.decrypt is not None:
                    plain = stack.enter_context(ScratchFolder())
                    with self._phase("decrypt"):
                        source = drill.decrypt(self._payload, plain.folder)
                with self._phase("restore"):
                    drill.restore.run(source, drill.scratch)
            except (RestoreError, OSError, CrmkitError) as error:
                self._findings.append(Finding(code="RESTORE_FAILED", detail=_reason(error)))
                return
            if not drill.checks:
                self._findings.append(Finding(code="NOT_CHECKED", detail="the restored system was asked nothing"))
            with self._phase("checks"), drill.restore.opened(drill.scratch) as restored:
                for check in drill.checks:
                    try:
                        result = self._ready(check).run(restored, self._started)
                    except Exception as error:  # noqa: BLE001  a check that crashes has failed, whatever it raised
                        result = crashed(check.name, error)
                    self._results.append(result)
                    self._findings += result.findings

    def _ready(self, check: RestoreCheck) -> RestoreCheck:
        """Give a check that asks for what the manifest keeps its snapshots; they must be those that were signed."""
        if not isinstance(check, TableDigests) or check.snapshots is not None:
            return check
        kept = read_snapshots(self._meta)
        if {one.name: one.root.hex() for one in kept} != dict(self._tables):
            raise ManifestError("it was changed after it was verified")
        return TableDigests(kept)

    def _teardown(self) -> None:
        try:
            self._drill.scratch.teardown()
        except Exception as error:  # noqa: BLE001  what is left behind is customer data: it is said, whatever happened
            self._findings.append(Finding(code="TEARDOWN_FAILED", detail=type(error).__name__))


def _reason(error: Exception) -> str:
    """Say what failed; a restore program's own words may quote rows, so only its first line without values is kept."""
    if isinstance(error, RestoreError):
        first = next((line for line in str(error).splitlines() if "error" in line.lower()), "")
        return first.split("DETAIL")[0].split('"')[0][:200] or "the restore program failed"
    return f"{type(error).__name__}: {error}" if isinstance(error, CrmkitError) else type(error).__name__
