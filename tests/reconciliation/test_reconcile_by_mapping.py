"""Tables of two systems, compared through a mapping."""

from __future__ import annotations

import pytest

import crmkit as ck
from crmkit import mapping
from crmkit.errors import SchemaError

ZOHO = [
    {"id": str(n), "Last_Name": f"Lee{n}", "Company": "Acme", "Lead_Status": "Contacted", "Annual_Revenue": 100 + n,
     "Created_Time": f"2024-01-{n + 10}T15:26:49+05:30", "Ours": "x"}
    for n in range(5)
]  # fmt: skip
MOVE = mapping.preset("zoho", "lead") | mapping.preset("salesforce", "lead").inverse()


def loaded() -> list[dict[str, object]]:
    return [
        {"Lead ID": row["id"], "Last Name": row["Last_Name"], "Company": "Acme", "Lead Status": "Working - Contacted",
         "AnnualRevenue": row["Annual_Revenue"], "CreatedDate": f"2024-01-{n + 10}T09:56:49.000+0000", "Ours": "y"}
        for n, row in enumerate(ZOHO)
    ]  # fmt: skip


def test_a_faithful_migration_agrees_whatever_each_side_calls_and_writes_things() -> None:
    report = ck.reconcile(ZOHO, loaded(), key="id", columns=MOVE)
    assert report.counts()["matched"] == 5
    assert set(report.causes()) <= {"format"}
    assert {one.column for one in report.by_column()} >= {"LastName", "Status", "CreatedDate", "AnnualRevenue"}
    assert "Ours" not in {one.column for one in report.by_column()}  # no place in the mapping: not compared


def test_what_went_wrong_is_found_and_named() -> None:
    target = loaded()[:-1]
    target[0]["Lead Status"] = "Open - Not Contacted"
    target[1]["AnnualRevenue"] = 10100
    target[2]["Last Name"] = "Le"
    report = ck.reconcile(ZOHO, target, key="id", columns=MOVE)
    found = {(cell.path, cell.code) for cell in report.issues if cell.severity == "error"}
    assert ("AnnualRevenue", "unit") in found
    assert any(path == "Status" for path, _ in found)
    assert any(path == "LastName" for path, _ in found)
    assert report.counts()["missing"] == 1
    assert not report.gate(max_missing=0).ok


@pytest.mark.parametrize("key", ["id", "Id", ["id"]])
def test_settings_take_the_names_of_either_side(key: object) -> None:
    target = loaded()
    target[0]["AnnualRevenue"] = 100.4
    plain = ck.reconcile(ZOHO, target, key=key, columns=MOVE, only=["Annual_Revenue"])
    assert plain.counts()["differing"] == 1
    for name in ("Annual_Revenue", "AnnualRevenue"):
        loose = ck.reconcile(ZOHO, target, key=key, columns=MOVE, only=[name], tolerance={name: 0.5})
        assert loose.counts()["differing"] == 0
        assert ck.reconcile(ZOHO, target, key=key, columns=MOVE, kinds={name: "text"}).counts()["differing"] >= 1


def test_frames_of_different_kinds_are_compared_through_a_mapping() -> None:
    pd = pytest.importorskip("pandas", reason="frames of pandas")
    report = ck.reconcile(pd.DataFrame(ZOHO), loaded(), key="id", columns=MOVE, tolerance=0.01)
    assert set(report.causes()) <= {"format"}


def test_a_key_that_the_mapping_does_not_have_is_refused() -> None:
    with pytest.raises(SchemaError, match="left table: unknown column 'Ours'"):
        ck.reconcile(ZOHO, loaded(), key="Ours", columns=MOVE)
