"""What people hand over by mistake is refused in a sentence of crmkit's own, which shows nothing of the data."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

import crmkit as ck
from crmkit import (
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
    "a number as text": (lambda: backup.GFS(daily="7"), "daily is a number of backups to keep"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_in_a_sentence(mistake: str) -> None:
    make, said = MISTAKES[mistake]
    with pytest.raises((CrmkitError, TypeError, ValueError), match=said) as caught:
        make()
    assert CANARY not in str(caught.value)


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
