"""The export of every system goes through the whole job, from CSV and from Excel, and the results say whose it is."""

from __future__ import annotations

from typing import Any

import pytest

import crmkit as ck
from crmkit import systems

EXPORTS = [
    ("salesforce", "contact"), ("salesforce", "account"), ("salesforce", "lead"), ("hubspot", "contact"),
    ("zoho", "contact"), ("zoho", "lead"), ("dynamics", "contact"), ("dynamics", "account"), ("pipedrive", "contact"),
    ("fxiaoke", "contact"), ("fxiaoke", "account"), ("neocrm", "contact"), ("neocrm", "account"),
    ("outlook", "contact"),
]  # fmt: skip


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize(("system", "kind"), EXPORTS)
def test_an_export_goes_through_and_the_page_says_whose_it_is(exports, run_job, tmp_path, system, kind, form):
    contacts: Any
    if form == "csv":
        contacts = ck.read_csv(exports.write_csv(tmp_path / "export.csv", system, kind))
    else:
        contacts = ck.read_excel(exports.write_excel(tmp_path / "export.xlsx", system, kind))
    title = systems.get(system).titles["en"]
    job = run_job(contacts)
    assert f"taken for an export of {title}" in job.report.assumed()
    assert title in job.page
    assert len(job.contacts) == 20
    assert job.report.counts()["crashed_rules"] == 0
    # The rows are right; what a rule calls an error in them would be a rule's error.
    assert job.report.counts()["errors"] == 0, job.report.issues.counts("code")


@pytest.mark.parametrize("system", ["fxiaoke", "neocrm"])
def test_chinese_exports_speak_chinese(exports, run_job, tmp_path, system):
    job = run_job(ck.read_csv(exports.write_csv(tmp_path / "export.csv", system, "contact", encoding="gbk")), lang="zh")
    title = systems.get(system).titles["zh"]
    assert any(title in sentence for sentence in job.report.assumed("zh"))
    assert title in job.page
    assert 'lang="zh' in job.page


def test_the_same_people_in_csv_and_excel_give_the_same_result(exports, run_job, tmp_path):
    from_csv = run_job(ck.read_csv(exports.write_csv(tmp_path / "export.csv", "salesforce", "contact")))
    from_excel = run_job(ck.read_excel(exports.write_excel(tmp_path / "export.xlsx", "salesforce", "contact")))
    assert from_csv.golden.to_dicts() == from_excel.golden.to_dicts()
    assert from_csv.report.issues.counts("code") == from_excel.report.issues.counts("code")
