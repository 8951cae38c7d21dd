"""What a verification says: every finding, what was read, and what nobody looked at."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import attrs

from crmkit import _notebook, frames
from crmkit.backup._findings._findings import Finding, Level, NotChecked, texts
from crmkit.backup._findings._page import Section, fragment, page
from crmkit.backup._manifest._statement import moment_text
from crmkit.issues import Report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crmkit.backup._manifest._statement import Statement
    from crmkit.typing import Frame, JSONValue, Language, Severity

_RANK = {"error": 0, "warning": 1, "info": 2}
_MOST = 20


@attrs.frozen(kw_only=True)
class Coverage:
    """How much of the payload was read, in figures that were counted and not promised.

    Attributes:
        files: Files that the manifest lists.
        size_bytes: Bytes in them.
        files_read: Files whose whole content was read now.
        bytes_read: Bytes read now.
        files_ever: Files of this backup that were read and found good now or before, where a state file knows.

    .. versionadded:: 0.1.0
    """

    files: int = 0
    size_bytes: int = 0
    files_read: int = 0
    bytes_read: int = 0
    files_ever: int | None = None

    @property
    def complete(self) -> bool:
        """Whether the content of every file was read, now or, by the state file, before."""
        return max(self.files_read, self.files_ever or 0) >= self.files

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the figures as plain data."""
        return {**attrs.asdict(self), "complete": self.complete}


@attrs.frozen(kw_only=True, repr=False, eq=False)
class VerifyReport(Report):
    """What :func:`crmkit.backup.verify` found.

    Attributes:
        level: How deep it looked.
        findings: Every fault, worst first, then by path.
        not_checked: What it did not look at.
        coverage: How much was read.
        statement: What the backup says it is; believe it only if `ok`.
        trusted_keys: Ids of your keys whose signatures are good.

    .. versionadded:: 0.1.0
    """

    level: Level
    findings: tuple[Finding, ...]
    not_checked: tuple[NotChecked, ...]
    coverage: Coverage
    statement: Statement | None = None
    trusted_keys: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether no error was found *at this level*; `not_checked` says what that leaves open."""
        return not any(finding.severity == "error" for finding in self.findings)

    def counts(self) -> dict[str, int]:
        """Return how many findings there are of each class, and the number of things not checked."""
        counted = Counter(finding.code for finding in self.findings)
        return {**dict(sorted(counted.items())), "not_checked": len(self.not_checked)}

    def codes(self) -> tuple[str, ...]:
        """Return the classes that were found, each once, sorted."""
        return tuple(sorted({finding.code for finding in self.findings}))

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def _reason(self, severity: Severity) -> str | None:
        bad = [finding for finding in self.findings if _RANK[finding.severity] <= _RANK[severity]]
        if not bad:
            return None
        figures = ", ".join(f"{code} {n}" for code, n in Counter(finding.code for finding in bad).items())
        return f"the backup is not good at level {self.level}: {figures}"

    def to_dict(self, lang: Language = "en") -> dict[str, JSONValue]:
        """Return everything as plain data."""
        said = self.statement
        return {
            "ok": self.ok,
            "level": self.level,
            "findings": [finding.to_dict(lang) for finding in self.findings],
            "not_checked": [item.to_dict() for item in self.not_checked],
            "coverage": self.coverage.to_dict(),
            "trusted_keys": list(self.trusted_keys),
            "statement": None
            if said is None
            else {"set": said.set, "seq": said.seq, "backup_id": said.backup_id, "created": moment_text(said.created)},
        }

    def to_json(self, lang: Language = "en") -> str:
        """Return everything as JSON."""
        return json.dumps(self.to_dict(lang), ensure_ascii=False, indent=2)

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return the findings as a frame: code, severity, path, message, hint, expected, actual, ranges, detail."""
        lines = [finding.to_dict() for finding in self.findings]
        names = ("code", "severity", "path", "message", "hint", "expected", "actual", "ranges", "detail")
        columns = {name: [_cell(line[name]) for line in lines] for name in names}
        return frames.build(columns, like=like)

    def to_markdown(self, lang: Language = "en") -> str:
        """Return the report for people, as Markdown."""
        title, lead, sections = self._content(lang)
        parts = [f"# {title}", lead]
        parts += [section.markdown() for section in sections]
        return "\n\n".join(parts) + "\n"

    def to_html(self, lang: Language = "en") -> str:
        """Return a page of its own: nothing is loaded, nothing runs."""
        title, lead, sections = self._content(lang)
        return page(title, lead, sections, good=self.ok, lang=lang)

    def _repr_html_(self) -> str:
        title, lead, sections = self._content("en", most=_MOST)
        return fragment(title, lead, sections)

    def _content(self, lang: Language, most: int | None = None) -> tuple[str, str, list[Section]]:
        def word(name: str, **values: object) -> str:
            return texts()["words"][name][lang].format(**values)  # type: ignore[index]  # a table of tables

        errors = sum(finding.severity == "error" for finding in self.findings)
        lead = (
            word("good", level=self.level)
            if self.ok
            else word("bad", errors=errors, warnings=len(self.findings) - errors, level=self.level)
        )
        facts: list[tuple[str, ...]] = []
        if self.statement is not None:
            said = self.statement
            facts += [
                (word("set"), said.set),
                (word("backup"), f"{said.backup_id} (#{said.seq}, {said.kind})"),
                (word("created"), _notebook.shown(said.created)),
            ]
        figures = self.coverage
        facts += [
            (word("files"), f"{figures.files_read:,} {word('of')} {figures.files:,}"),
            (word("read"), f"{figures.bytes_read:,} {word('of')} {figures.size_bytes:,}"),
        ]
        shown = self.findings if most is None else self.findings[:most]
        rows = [
            (
                finding.severity,
                finding.code,
                finding.path or "",
                sentence(finding, lang),
                finding.hint(lang),
            )
            for finding in shown
        ]
        more = len(self.findings) - len(shown)
        return (
            word("title"),
            lead,
            [
                Section(None, (), facts),
                Section(
                    word("findings"),
                    tuple(word(name) for name in ("severity", "code", "path", "what", "next")),
                    rows,
                    note=word("more", n=more) if more else None,
                    empty=word("none"),
                ),
                Section(
                    word("not_checked"),
                    tuple(word(name) for name in ("what", "reason", "count")),
                    [
                        (item.what, item.reason, "" if item.count is None else f"{item.count:,}")
                        for item in self.not_checked
                    ],
                    empty=word("none"),
                ),
            ],
        )

    def __repr__(self) -> str:
        found = ", ".join(f"{code} {n}" for code, n in self.counts().items() if code != "not_checked")
        return f"<VerifyReport {self.level}: {found or 'nothing wrong'}; {len(self.not_checked)} not checked>"


def sentence(finding: Finding, lang: Language) -> str:
    """Return what a finding says, with where it is."""
    return str(texts()[finding.code][lang]) + _where(finding)


def _where(finding: Finding) -> str:
    parts = []
    if finding.ranges:
        shown = ", ".join(f"{start:,}-{end:,}" for start, end in finding.ranges[:5])
        parts.append(f"bytes {shown}{', …' if len(finding.ranges) > 5 else ''}")
    if finding.code in ("RENAMED", "NAME_NORMALIZED"):
        parts.append(f"→ {finding.actual}")
    if finding.detail:
        parts.append(finding.detail)
    return f" ({'; '.join(parts)})" if parts else ""


def _cell(value: JSONValue) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def ordered(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return findings worst first, then by path and code."""
    return tuple(sorted(findings, key=lambda found: (_RANK[found.severity], found.path or "", found.code)))
