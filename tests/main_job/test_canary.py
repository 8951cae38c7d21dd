"""No value of a person's record is in any message, log line, repr, warning or masked page."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import crmkit as ck
from crmkit import changes
from crmkit.errors import CrmkitError

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
PACKAGE = str(Path(ck.__file__).parents[1])
"""What the tests import, the source tree or the wheel, is what the script imports."""
SCRIPT = ROOT / "docs" / "tutorials" / "clean_contacts.py"

# Made so that no short part of one is an everyday word; each row breaks rules, or is a duplicate.
HEADER = "id,first_name,last_name,email,phone,birth_date,company_name,street,city,zip,country,website,notes,odd"
SECRETS = (
    ("QZID01", "Qxavzok", "Wyrblat", "qxavzok.wyrblat@zqmail.example", "+1 312 867 5309", "19610722",
     "Blorvex Zunt Ltd", "77 Krathmoor Lane", "Vlimburg", "QZ9 4XY", "Zemblatia", "https://zqsite.example/qx",
     "remembers Jyrrick", "vossk-1"),
    ("QZID02", " Qxavzok", "Wyrblat ", "qxavzok.wyrblat@gmial.com", "31286753", "1961-22-07", "Blorvex Zunt",
     "77 Krathmoor Ln", "Vlimburg", "0", "??", "zqsite", "=cmd|' /C zqcalc'!A0", "vossk-2\0"),
    ("QZID01", "QXAVZOK", "WYRBLAT", "QXAVZOK.WYRBLAT@ZQMAIL.EXAMPLE", "+13128675309", "1961-07-22", "BLORVEX ZUNT LTD",
     "77 Krathmoor Lane", "Vlimburg", "QZ94XY", "Zemblatia", "zqsite.example/qx", "", "vossk-3"),
    ("QZID04", "钱夔龘", "欧阳甪", "not-an-email-zqx", "see Jyrrick", "9999-99-99", "示例龘夔公司",
     "龘夔路17号", "夔州", "99999999", "夔国", "javascript:zq()", "\u200bJyrrick", "vossk-4"),
)  # fmt: skip
CANARIES = (
    "qxavzok", "wyrblat", "8675309", "867 5309", "31286753", "19610722", "1961-07-22", "1961-22-07", "blorvex",
    "krathmoor", "zqcalc", "jyrrick", "vossk", "qz9 4xy", "qz94xy", "钱夔龘", "欧阳甪", "示例龘", "龘夔路",
    "not-an-email-zqx",
)  # fmt: skip
"""What names a person. Messages name record ids; the page shows countries, and domains of masked addresses."""
EVERYTHING = (*CANARIES, "zqmail", "zqsite", "zemblatia", "vlimburg", "夔州")


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    lines = [HEADER, *(",".join(map(quoted, row)) for row in SECRETS)]
    place = tmp_path / "secret.csv"
    place.write_text("\n".join(lines) + "\nQZID05,Qxavzok\nQZID06" + ",Wyrblat" * 15 + "\n", encoding="utf-8")
    return place


def leaks(text: str, canaries: tuple[str, ...] = EVERYTHING) -> list[str]:
    folded = text.casefold()
    return [canary for canary in canaries if canary in folded]


def failing(call: Callable[[], object]) -> str:
    """Return the whole traceback of what must fail."""
    try:
        call()
    except (CrmkitError, ValueError, LookupError, TypeError) as error:
        # Source lines of the traceback are the library's and the test's own; what an error says is its last part.
        return "".join(traceback.format_exception_only(error)) + str(error.__cause__ or "") + str(vars(error))
    raise AssertionError("did not fail")


def test_nothing_that_is_shown_holds_a_value(secret_file, tmp_path, caplog, capfd):
    shown: list[str] = []
    caplog.set_level(logging.DEBUG)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        contacts = ck.read_csv(secret_file)
        report = ck.check(contacts)
        plan = report.fixes(min_confidence=0.0)
        clean, fixes = plan.apply(contacts)
        result = ck.dedupe(clean)
        golden, merges = result.merge()
        account = changes.account(contacts, golden, [fixes, merges])
        page = ck.report(report, fixes, result, merges)
        fixes.save(tmp_path / "fixes.jsonl")
        loaded = changes.ChangeLog.load(tmp_path / "fixes.jsonl")
        things: list[Any] = [
            contacts, report, report.schema, report.issues, plan, clean, fixes, result, golden, merges, account, page,
            loaded, *contacts.notes, *report.issues, *plan.rules, *fixes, *merges, *merges.conflicts,
        ]  # fmt: skip
        shown += [repr(thing) for thing in things] + [str(thing) for thing in things]
        shown += [str(report.counts()), str(report.assumed()), str(report.assumed("zh"))]
        shown += [str(message) for message in report.issues.column("message")]
        shown += list(plan.whys)
        # Wrong use after right use: nothing that is raised quotes what the tables hold.
        shown += [
            failing(lambda: report.raise_for("error")),
            failing(lambda: fixes.revert(contacts.head(2))),
            failing(lambda: fixes.revert(ck.check(clean).fixes(min_confidence=0).apply(clean)[0].head(1))),
            failing(lambda: changes.account(clean, golden, [fixes, merges]).raise_for()),
            failing(lambda: ck.frames.read([dict(zip("ab", row, strict=False)) for row in SECRETS]).column("c")),
            failing(lambda: ck.read_csv(secret_file, encoding="ascii")),
            failing(lambda: bool(report)),
        ]
        tables = [thing._repr_html_() for thing in things if hasattr(thing, "_repr_html_")]
    assert [(leaks(text, CANARIES), text[:300]) for text in tables if leaks(text, CANARIES)] == []
    assert len(tables) >= 8
    said = capfd.readouterr()
    shown += [str(warning.message) for warning in warned]
    shown += [record.getMessage() + str(record.args) for record in caplog.records]
    shown += [said.out, said.err]
    assert [(leaks(text), text[:300]) for text in shown if leaks(text)] == []


def test_the_page_masks_every_person_unless_asked_to_reveal(secret_file):
    contacts = ck.read_csv(secret_file)
    report = ck.check(contacts)
    clean, fixes = report.fixes(min_confidence=0.0).apply(contacts)
    result = ck.dedupe(clean)
    merges = result.merge()[1]
    for lang in ("en", "zh"):
        page = ck.report(report, fixes, result, merges, lang=lang).to_html()
        assert leaks(page, CANARIES) == []
    assert leaks(ck.report(report, fixes, result, merges, reveal=True).to_html()) != []


def test_the_script_prints_no_value(secret_file, tmp_path):
    environment = {**os.environ, "PYTHONPATH": PACKAGE, "PYTHONDEVMODE": "1"}
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(secret_file), "--out", str(tmp_path / "out")],
        env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert leaks(done.stdout + done.stderr) == []
    assert leaks((tmp_path / "out" / "cleanup.html").read_text(encoding="utf-8"), CANARIES) == []
    assert leaks((tmp_path / "out" / "issues.csv").read_text(encoding="utf-8")) != []
