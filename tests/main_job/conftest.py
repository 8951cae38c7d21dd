"""The main job as the tutorial does it, with every proof that nothing was lost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest

import crmkit as ck
from crmkit import changes
from crmkit.records import RecordSet

if TYPE_CHECKING:
    from collections.abc import Callable


@attrs.frozen(kw_only=True)
class Job:
    """What went through the job and what came out."""

    contacts: RecordSet
    report: Any
    clean: RecordSet
    fixes: changes.ChangeLog
    result: Any
    golden: RecordSet
    merges: changes.ChangeLog
    page: str
    folder: Path

    def codes(self) -> set[str]:
        """Return the codes of all issues."""
        return set(self.report.issues.column("code"))

    def found(self) -> set[tuple[int | None, str | None, str]]:
        """Return row, column and code of every issue."""
        issues = self.report.issues
        return set(zip(issues.column("row"), issues.column("path"), issues.column("code"), strict=True))


def cells(table: RecordSet) -> dict[str, list[Any]]:
    """Return every cell, column by column; the blank text reads back as missing."""
    return {
        name: [None if cell is None else str(cell) or None for cell in table.column(name)] for name in table.columns
    }


@pytest.fixture
def run_job(tmp_path: Path) -> Callable[[RecordSet], Job]:
    """Runs the whole job, proves that nothing was lost, and reads back what was written."""

    def run(contacts: RecordSet, *, lang: Any = "en") -> Job:
        folder = tmp_path / "out"
        folder.mkdir(exist_ok=True)
        report = ck.check(contacts, lang=lang)
        clean, fixes = report.fixes(min_confidence=0.95).apply(contacts)
        result = ck.dedupe(clean)
        golden, merges = result.merge()
        assert isinstance(clean, RecordSet)
        assert isinstance(golden, RecordSet)
        changes.account(contacts, golden, [fixes, merges]).raise_for()
        assert fixes.revert(merges.revert(golden)) == contacts

        clean.to_csv(folder / "clean.csv")
        golden.to_csv(folder / "golden.csv")
        report.to_frame().to_csv(folder / "issues.csv")
        changes.save([fixes, merges], folder / "changes.jsonl")
        page = ck.report(report, fixes, result, merges, lang=lang)
        page.save(folder / "cleanup.html")

        for name, table in (("clean.csv", clean), ("golden.csv", golden), ("issues.csv", report.to_frame())):
            if table.columns:
                again = ck.read_csv(folder / name, unescape=True)
                assert cells(again) == cells(table), name
        # Another process would have only the files: the golden rows and the logs give the input back.
        if golden.columns:
            came_back = ck.read_csv(folder / "golden.csv", unescape=True)
            for log in reversed(changes.load(folder / "changes.jsonl")):
                came_back = log.revert(came_back)
            assert cells(came_back) == cells(contacts)
        return Job(
            contacts=contacts, report=report, clean=clean, fixes=fixes, result=result, golden=golden, merges=merges,
            page=(folder / "cleanup.html").read_text(encoding="utf-8"), folder=folder,
        )  # fmt: skip

    return run
