"""What people hand over by mistake is refused in a sentence of crmkit's own, which shows nothing of the data."""

from __future__ import annotations

import datetime as dt
import importlib
import inspect
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import crmkit as ck
from crmkit import (
    _elsewhere,
    backup,
    changes,
    columns,
    encryption,
    frames,
    mapping,
    masking,
    matching,
    permissions,
    quality,
    reconciliation,
    sync,
    validators,
)  # fmt: skip
from crmkit.errors import CrmkitError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CANARY = "canary-7f3a"
PEOPLE: Any = [{"id": "1", "email": f"{CANARY}@example.com"}, {"id": "2", "email": "bo@example.com"}]
SCHEMA = validators.Schema("people", fields={"email": validators.Email()})
WEEK = dt.timedelta(days=7)
LATER: Any = "2026-01-01"
DAY: Any = dt.date(2026, 1, 1)
REPORT: Any = SCHEMA.check(PEOPLE)
FIXED: Any = REPORT.fixes().apply(PEOPLE)
POLICY = backup.BackupPolicy(rpo=WEEK, rto=WEEK)

MISTAKES: dict[str, tuple[Callable[[], Any], str]] = {
    "a table where a file belongs": (lambda: ck.read_csv(PEOPLE), "read_csv takes a path, bytes or an open file"),
    "a dict where a workbook belongs": (lambda: ck.read_excel(PEOPLE[0]), "read_excel takes a path, bytes"),
    "tables without names": (lambda: ck.check(PEOPLE, SCHEMA, tables=PEOPLE), "tables by name, such as"),
    "a kind beside a schema": (lambda: ck.check(PEOPLE, SCHEMA, kind="contact"), "where no schema= is given"),
    "a list of checks": (lambda: ck.Schema("x", fields=[validators.Email()]), "column to check, such as"),  # type: ignore[arg-type]
    "a check without brackets": (lambda: validators.Required() & validators.Email, r"write Email\(\)"),
    "a table as one record": (lambda: SCHEMA.check_record(PEOPLE), r"check\(\) takes tables"),
    "a list of columns to compare": (lambda: ck.reconcile(PEOPLE, PEOPLE, columns=["email"]), r"only=\[...\]"),
    "a report instead of its labels": (lambda: matching.evaluate(ck.dedupe(PEOPLE), [1, 2]), "one label a record"),  # type: ignore[arg-type]
    "a path as a table": (lambda: columns.recognize("export.csv"), "is not a frame; read a file with"),
    "a class as a frame": (lambda: frames.build({"a": [1]}, like=dict), r"such as dict\(\), not the class"),
    "the name of a library": (lambda: frames.build({"a": [1]}, like="pandas"), "not its name"),
    "a schema without a name for its fields": (lambda: ck.Schema("x", {"a": validators.Email()}), "is its key"),  # type: ignore[arg-type]
    "records as columns": (lambda: frames.build(PEOPLE), "a mapping of name to values, not list"),
    "reports as logs": (lambda: changes.account(PEOPLE, PEOPLE, [SCHEMA.check(PEOPLE)]), "logs are change logs"),  # type: ignore[list-item]
    "names of mappings": (lambda: mapping.diff("a.json", "b.json"), "mappings are compared, not str"),  # type: ignore[arg-type]
    "records behind the system": (lambda: mapping.to_payload("hubspot", PEOPLE), "comes after the records, not list"),
    "no key to sync by": (lambda: sync.plan_sync(PEOPLE, PEOPLE, key=None), "nothing is synced by position"),  # type: ignore[arg-type]
    "no key to upsert by": (lambda: sync.plan_upsert(PEOPLE, PEOPLE, key=[]), "nothing is synced by position"),
    "rules as a dict": (lambda: sync.plan_sync(PEOPLE, PEOPLE, key="id", rules={"empty": "keep"}), r"SyncRules\(...\)"),  # type: ignore[arg-type]
    "retirement by a dict": (lambda: quality.plan_retirement(PEOPLE, {"keep": ["1"]}), r"RetirementRules\(...\)"),  # type: ignore[arg-type]
    "a number to mask": (lambda: masking.mask(13800138000, "phone"), "a value to mask is text, not int"),  # type: ignore[arg-type]
    "an index without brackets": (
        lambda: encryption.Field("c.email", indexes=[encryption.Index.unique]),
        "takes indexes",
    ),  # type: ignore[list-item]
    "the name of a policy": (lambda: permissions.to_cedar("salesforce"), "the policy is a Policy"),  # type: ignore[arg-type]
    "a policy without people": (
        lambda: permissions.offboard(permissions.preset("salesforce"), "ann"),
        "takes an Engine",
    ),  # type: ignore[arg-type]
    "a frame to snapshot": (lambda: backup.snapshot(PEOPLE), "a table is a Source, such as FrameSource"),
    "frames to recover from": (lambda: backup.recover(PEOPLE, PEOPLE, keys=["1"]), "a table is a Source"),
    "a moment as text": (lambda: backup.plan_prune(POLICY, [], at=LATER), "at is str; give an aware moment"),
    "a day as a moment": (lambda: backup.check_policy(POLICY, [], at=DAY), "at is date; give an aware moment"),
    "hours as a number": (lambda: backup.BackupPolicy(rpo=24, rto=WEEK), "rpo is a length of time"),  # type: ignore[arg-type]
    "a dialling code as a country": (lambda: ck.check(PEOPLE, country=86), "a country is its ISO 3166-1 code"),  # type: ignore[arg-type]
    "a table and its log": (lambda: ck.dedupe(FIXED), "apply.. and merge.. return both; write table, log = "),
    "a table and its merges": (lambda: ck.check(ck.dedupe(PEOPLE).merge()), "write table, log = "),  # type: ignore[arg-type]
    "a report to dedupe": (lambda: ck.dedupe(REPORT), "a ValidationReport is what was found, not a table"),
    "a report to check": (lambda: ck.check(ck.dedupe(PEOPLE)), "a MatchReport is what was found, not a table"),  # type: ignore[arg-type]
    "a report to link": (lambda: ck.link(PEOPLE, REPORT), "a ValidationReport is what was found"),
    "a report to reconcile": (lambda: ck.reconcile(REPORT, PEOPLE), "a ValidationReport is what was found"),
    "a share as text": (lambda: ck.reconcile(PEOPLE, PEOPLE, key="id", tolerance="1%"), "tolerance= is a number"),
    "one kind for all": (lambda: ck.reconcile(PEOPLE, PEOPLE, key="id", kinds="email"), "kinds= is by column"),
    "a number as text": (lambda: backup.GFS(daily="7"), "daily is a number of backups to keep"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_in_a_sentence(mistake: str) -> None:
    make, said = MISTAKES[mistake]
    if "workbook" in mistake:
        pytest.importorskip("python_calamine", reason="reads workbooks")
    with pytest.raises((CrmkitError, TypeError, ValueError), match=said) as caught:
        make()
    assert CANARY not in str(caught.value)


KEYWORDS: dict[str, tuple[Callable[..., Any], str]] = {
    "sep": (ck.read_csv, "use delimiter="),
    "encoding_errors": (ck.read_csv, "use errors="),
    "header": (ck.read_csv, "use has_header= or header_row="),
    "delimitre": (ck.read_csv, "did you mean 'delimiter'"),
    "sheet_name": (ck.read_excel, "use sheet="),
    "on": (ck.dedupe, "use comparisons= or key="),
    "subset": (ck.dedupe, "use comparisons= or key="),
    "keep": (ck.dedupe, "rules of merge"),
    "treshold": (ck.dedupe, "did you mean 'threshold'"),
    "rules": (ck.check, "use schema="),
    "atol": (ck.reconcile, "use tolerance="),
}


@pytest.mark.parametrize("word", KEYWORDS)
def test_a_word_of_another_library_is_answered_with_the_one_here(word: str) -> None:
    function, said = KEYWORDS[word]
    tables = (PEOPLE, PEOPLE) if function is ck.reconcile else (PEOPLE,)
    with pytest.raises(TypeError, match=said) as caught:
        function(*tables, **{word: CANARY})
    assert word in str(caught.value)
    assert CANARY not in str(caught.value)


def test_every_keyword_that_is_named_instead_exists() -> None:
    functions = (ck.read_csv, ck.read_excel, ck.check, ck.dedupe, matching.Matcher, reconciliation.reconcile)
    taken = {name for function in functions for name in inspect.signature(function).parameters}
    assert {name for meant in _elsewhere._KEYWORDS.values() for name in meant} <= taken
    assert not _elsewhere._SAID.keys() & taken


NAMES = {
    "chek": "did you mean 'check'",
    "validators_": "did you mean 'validators'",
    "deduplicate": "use crmkit.dedupe",
    "find_duplicates": "use crmkit.dedupe",
    "write_csv": "use crmkit.files.write_csv",
    "merge": r"use result.merge\(\)",
    "validate": "use crmkit.check",
    "open_csv": "use crmkit.read_csv",
    "zzz": "no attribute 'zzz'$",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_not_there_is_answered_with_where_it_lives(name: str) -> None:
    with pytest.raises(AttributeError, match=NAMES[name]):
        getattr(ck, name)


def test_every_place_that_is_named_instead_exists() -> None:
    for name, said in _elsewhere._NAMES.items():
        (place,) = re.findall(r"crmkit[.\w]*", said)
        area, _, last = place.rpartition(".")
        assert hasattr(importlib.import_module(area), last), place
        assert name not in ck.__all__


def test_a_good_import_does_not_load_the_hints() -> None:
    code = "import sys, crmkit; crmkit.errors; sys.exit('crmkit._elsewhere' in sys.modules or 'difflib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


CALLED: dict[str, Callable[..., Any]] = {
    "check": lambda **given: ck.check(PEOPLE, **given),
    "profile": lambda **given: ck.profile(PEOPLE, **given),
    "reconcile": lambda **given: reconciliation.reconcile(PEOPLE, PEOPLE, **given),
    "plan_sync": lambda **given: sync.plan_sync(PEOPLE, PEOPLE, key="id", **given),
    "plan_upsert": lambda **given: sync.plan_upsert(PEOPLE, PEOPLE, key="id", **given),
    "create": lambda **given: backup.create("nowhere", backup.Header(set="crm"), **given),
    "verify": lambda **given: backup.verify("nowhere", **given),
}
NOW: dict[str, Callable[..., Any]] = {
    "apply": lambda **given: REPORT.fixes().apply(PEOPLE, **given),
    "report": lambda **given: ck.report(REPORT, **given),
    "check_record": lambda **given: SCHEMA.check_record(PEOPLE[0], **given),
    "drift": lambda **given: ck.drift(ck.profile(PEOPLE), ck.profile(PEOPLE), **given),
}
SHOWN: dict[str, Callable[..., Any]] = {
    "read_csv": lambda **given: ck.read_csv(b"id\n1\n", **given),
    "dedupe": lambda **given: ck.dedupe(PEOPLE, **given),
    "link": lambda **given: ck.link(PEOPLE, PEOPLE, **given),
    "find_personal_data": lambda **given: quality.find_personal_data(PEOPLE, **given),
}


@pytest.mark.parametrize("name", [*CALLED, *NOW])
def test_a_moment_is_no_clock(name: str) -> None:
    with pytest.raises(TypeError, match=r"now= takes a function that gives the moment, .* not datetime"):
        {**CALLED, **NOW}[name](now=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))


@pytest.mark.parametrize("name", [*CALLED, *SHOWN])
def test_true_is_no_progress_bar(name: str) -> None:
    with pytest.raises(TypeError, match=r"progress= takes a function around an iterable, .* not bool"):
        {**CALLED, **SHOWN}[name](progress=True)


@pytest.mark.parametrize("name", ["page.html", "page.HTM", "page"])
def test_a_page_is_saved_under_the_names_of_pages(tmp_path: Path, name: str) -> None:
    assert ck.report(REPORT).save(tmp_path / name).read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_page_under_another_name_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"ends in \.html, not \.pdf"):
        ck.report(REPORT).save(tmp_path / "page.pdf")
    assert not list(tmp_path.iterdir())


def test_a_backup_without_a_manifest_says_how_to_get_one(tmp_path: Path) -> None:
    (tmp_path / "crm").mkdir()
    with pytest.raises(FileNotFoundError, match=r"looked for the folder crm\.meta in .*backup\.create\(") as caught:
        backup.verify(tmp_path / "crm")
    assert "Errno" not in str(caught.value)


def test_a_class_in_the_place_of_a_wrapper_is_told(tmp_path: Path) -> None:
    wrapper: Any = encryption.LocalKeyFile
    with pytest.raises(CrmkitError, match="not the class"):
        encryption.Keyring.create(tmp_path / "a.keyset", wrapper=wrapper)


def test_what_keeps_a_name_is_kept_and_nothing_else(tmp_path: Path) -> None:
    report: Any = SCHEMA.check(PEOPLE)
    with pytest.raises(CrmkitError, match="not ValidationReport"):
        quality.History(tmp_path / "history.jsonl").add(report)


def test_one_is_as_good_as_a_list_of_one() -> None:
    one: Any = matching.comparisons.email("email")
    assert matching.Matcher(comparisons=one).comparisons == (one,)
    rule: Any = validators.unique("email")
    fields = {"email": validators.Email()}
    assert validators.Schema("x", fields=fields, rules=rule) == validators.Schema("x", fields=fields, rules=[rule])
    index: Any = encryption.Index.unique()
    assert encryption.Field("c.email", indexes=index).indexes == encryption.Field("c.email", indexes=[index]).indexes


def test_the_folder_that_one_stands_in_is_a_payload_like_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "crm" / "inside"
    inside.mkdir(parents=True)
    (tmp_path / "crm" / "a.csv").write_text("id\n1\n")
    for place, written in ((inside.parent, "."), (inside, "..")):
        monkeypatch.chdir(place)
        assert backup.create(written, backup.Header(set="crm")).folder == tmp_path / "crm.meta"
        assert backup.verify(written, require_signed=False).coverage.files == 1
        for path in sorted((tmp_path / "crm.meta").iterdir()):
            path.unlink()
        (tmp_path / "crm.meta").rmdir()
