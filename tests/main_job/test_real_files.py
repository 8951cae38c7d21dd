"""Files that others made, straight from CSV: what the check says of them is what their owners would say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import crmkit as ck


@pytest.fixture(scope="module")
def data() -> Path:
    """Folder of open data sets; its place comes from ``CRMKIT_DATA``."""
    place = os.environ.get("CRMKIT_DATA")
    if not place:
        pytest.skip("CRMKIT_DATA is not set: it names the folder of open data sets")
    return Path(place)


def test_sites_of_chicago_have_local_phones_and_doubled_names_not_thousands_of_errors(data, run_job):
    job = run_job(ck.read_csv(data / "chicago_sites" / "records.csv"))
    counts = job.report.counts()
    assert counts["errors"] < 10
    assert job.report.issues.filter(path=["phone"]).counts("code")["phone_local"] > 3_000
    assert job.report.issues.filter(path=["site_name"]).counts("code")["duplicate"] > 2_000
    assert "phone" not in job.fixes.counts("path")  # nobody knows the area code
    assert 900 < len(job.golden) < 1_500  # 1,162 sites are known


def test_people_of_febrl_have_a_few_wrong_dates_and_nothing_else_wrong(data, run_job):
    job = run_job(ck.read_csv(data / "febrl3" / "records.csv"))
    assert job.report.issues.filter(severity=["error"]).counts("code").keys() <= {"date_invalid", "none_present"}
    assert job.report.counts()["errors"] < 100
    assert len(job.golden) == pytest.approx(2_000, abs=20)


def test_made_up_people_with_typing_errors(data, run_job):
    job = run_job(ck.read_csv(data / "fake_1000" / "records.csv"))
    errors = job.report.issues.filter(severity=["error"]).counts("code")
    assert errors["email_invalid"] == pytest.approx(30, abs=5)
    assert job.report.counts()["errors"] < 100


def test_chinese_companies_are_told_apart(data, run_job):
    job = run_job(ck.read_csv(data / "cn_listed_names" / "short_full.csv"), lang="zh")
    assert job.report.counts()["errors"] == 0
    assert job.report.counts()["warnings"] < 10
    assert len(job.golden) > 7_700
