"""Mappings for files of no known system: what is proposed, on what grounds, and how sure."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit import mapping, systems
from crmkit.errors import NotFoundError


def proposed(rows: list[dict[str, object]], **settings: Any) -> dict[str, tuple[str, str]]:
    return {item.column: (item.field, item.reason) for item in mapping.suggest(rows, **settings)}


SAP = {
    "KUNNR": "0000100017", "NAME1": "Acme GmbH", "STRAS": "Hauptstr. 1", "ORT01": "Berlin", "PSTLZ": "10115",
    "LAND1": "DE", "TELF1": "+49 30 901820", "STCEG": "DE123456789", "KTOKD": "0001", "ZZOURS": "x",
}  # fmt: skip


def test_a_customer_list_of_sap_is_read_by_its_field_names() -> None:
    found = mapping.suggest([SAP], name="sap")
    assert found.kind == "account"
    assert {item.column: item.field for item in found} == {
        "KUNNR": "account_number", "NAME1": "name", "STRAS": "street", "ORT01": "city", "PSTLZ": "postal_code",
        "LAND1": "country", "TELF1": "phone", "STCEG": "vat_id", "KTOKD": "account_type",
    }  # fmt: skip
    assert found.open == ("ZZOURS",)
    records, _ = (found.mapping() | mapping.preset("salesforce", "account").inverse()).apply([SAP])
    assert records[0]["AccountNumber"] == "0000100017"  # leading zeros and all
    assert records[0]["BillingCity"] == "Berlin"
    assert records[0]["ZZOURS"] == "x"


def test_customer_lists_of_chinese_erp_systems_are_read() -> None:
    row = {
        "客户编码": "K001",
        "客户全称": "示例科技有限公司",
        "纳税人识别号": "1",
        "公司电话": "010-66668888",
        "业务员": "李雷",
    }
    found = mapping.suggest([row])
    assert {item.column: item.field for item in found} == {
        "客户编码": "account_number",
        "客户全称": "name",
        "纳税人识别号": "tax_id",
        "公司电话": "phone",
        "业务员": "owner_name",
    }


def test_names_in_pinyin_are_read() -> None:
    row = {"xingming": "王伟", "shouji": "13800138000", "youxiang": "w@example.com", "zhiwu": "经理"}
    rows: list[dict[str, object]] = [dict(row)]
    found = proposed(rows)
    assert found["xingming"][0] == "full_name"
    assert found["shouji"][0] == "mobile"
    assert found["youxiang"][0] == "email"
    assert found["zhiwu"] == ("job_title", "pinyin")


def test_misspelt_and_decorated_names_are_read_with_less_confidence() -> None:
    rows = [{"Frist Name": "Ann", "Last Name": "Lee", "Adress": "1 High St", "E-mail": "a@example.com"}]
    sure = {item.column: item.confidence for item in mapping.suggest(rows)}
    fields = {item.column: item.field for item in mapping.suggest(rows)}
    assert fields == {"Frist Name": "given_name", "Last Name": "family_name", "Adress": "street", "E-mail": "email"}
    assert sure["Last Name"] > sure["Frist Name"]
    assert sure["E-mail"] > 0.9


def test_contents_that_refute_a_name_take_its_confidence() -> None:
    good = mapping.suggest([{"Email": f"a{n}@example.com", "Name": "Ann Lee"} for n in range(9)])
    bad = mapping.suggest([{"Email": f"see note {n}", "Name": "Ann Lee"} for n in range(9)])
    confidence = {item.field: item.confidence for item in good}["email"]
    assert confidence > 0.9
    assert {item.field: item.confidence for item in bad}["email"] < 0.5
    assert bad.mapping().to("Email") is None
    assert good.mapping().to("Email") == "email"


def test_columns_that_belong_to_somebody_else_keep_their_trap() -> None:
    found = mapping.suggest([{"Name": "Ann Lee", "Owner email": "boss@example.com", "Manager Phone": "1"}])
    link = {item.column: item for item in found}["Owner email"]
    assert (link.field, link.trap) == ("owner_email", "owner")
    assert "owner_email" not in found.mapping().match_keys
    assert "Manager Phone" in found.open


def test_times_get_the_zone_and_milliseconds_are_seen() -> None:
    rows = [{"Full name": "Ann Lee", "Created at": "3/15/2024 10:00", "Updated at": 1705305600000}]
    made, report = mapping.suggest(rows, zone="Asia/Shanghai").mapping().apply(rows)
    assert made[0]["created_at"] == "2024-03-15T02:00:00Z"
    assert made[0]["updated_at"] == "2024-01-15T08:00:00Z"
    assert report.ok
    _, report = mapping.suggest(rows).mapping().apply(rows)
    assert not report.ok


def test_an_export_of_a_known_system_is_said_to_be_one() -> None:
    rows = [{"Person - Name": "Ann Lee", "Person - Email - Work": "a@example.com", "Person - Organization": "Acme"}]
    found = mapping.suggest(rows)
    assert (found.system, found.kind) == ("pipedrive", "contact")
    assert found.mapping().to("Person - Name") == "full_name"


def test_suggestions_are_corrected_by_hand() -> None:
    found = mapping.suggest([{"Name": "Acme GmbH", "KdNr": "007", "Mail": "a@example.com"}], kind="account")
    found = found.set("KdNr", "account_number").set("Mail", None)
    assert found.mapping().to("KdNr") == "account_number"
    assert found.mapping().to("Mail") is None
    assert set(found.open) == {"Mail"}
    moved = found.set("Mail", "account_number")  # a field has one column
    assert moved.mapping().to("KdNr") is None
    assert "KdNr" in moved.open
    with pytest.raises(NotFoundError, match="did you mean 'KdNr'"):
        found.set("KdNrr", "name")
    with pytest.raises(NotFoundError, match="canonical field"):
        found.set("KdNr", "customer_no")
    with pytest.raises(ValueError, match="from 0 to 1"):
        found.mapping(min_confidence=80)
    assert found.to_frame().to_dicts()[0] == found.to_dict()["items"][0]
    assert found.to_frame(like=[{}])[0]["column"] == "Name"
    assert "account" in repr(found)
    assert len(found) == 2


@given(st.lists(st.dictionaries(st.text(max_size=12), st.text(max_size=8), max_size=6), max_size=3))
def test_any_table_gets_suggestions_that_make_a_mapping_and_no_field_twice(rows: list[dict[str, str]]) -> None:
    found = mapping.suggest(rows)
    fields = [item.field for item in found]
    assert len(set(fields)) == len(fields)
    assert all(0 <= item.confidence <= 1 and item.field in systems.canonical_fields() for item in found)
    made, _ = found.mapping(min_confidence=0).apply(rows)
    assert len(made) == len(rows)


def test_what_differs_between_two_mappings_is_said_by_column() -> None:
    old = mapping.preset("pipedrive", "deal")
    assert mapping.diff(old, old).is_empty
    new = mapping.preset("pipedrive", "deal", times="local", zone="Asia/Shanghai").with_values({"stage": {"a": "b"}})
    changes = mapping.diff(old, new)
    assert {change.what for change in changes} == {"form", "values"}
    assert [change.column for change in changes if change.what == "values"] == ["stage_id"]
    assert all(change.affects_records for change in changes)
    other = mapping.diff(mapping.preset("zoho", "lead").inverse(), mapping.preset("salesforce", "lead").inverse())
    what = {(change.column, change.what) for change in other}
    assert {("family_name", "retargeted"), ("nickname", "added")} & what
    assert ("mobile", "limit") in what
    assert {"added", "removed"} & {change.what for change in other}
    assert mapping.diff(old, new).explain("zh")[0].endswith("读写格式改变")
    assert not mapping.diff(mapping.preset("outlook"), mapping.preset("google_contacts")).is_empty
    data = other.to_dict()
    assert [row["column"] for row in other.to_frame(like=[{}])] == [one["column"] for one in data["changes"]]
    assert [row["message"] for row in other.to_frame(like=[{}])] == other.explain()
    assert json.loads(json.dumps(data)) == data
    assert repr(changes) == f"<MappingDiff: {len(changes)} changes>"
    assert len(changes) == len(list(changes))


def test_a_fact_that_changed_does_not_affect_records() -> None:
    import attrs

    old = mapping.preset("zoho", "lead")
    links = [
        attrs.evolve(link, source=attrs.evolve(link.source, fact="P: we asked")) if link.source else link
        for link in old.links
    ]
    changes = mapping.diff(old, attrs.evolve(old, links=links))
    assert {change.what for change in changes} == {"facts"}
    assert not any(change.affects_records for change in changes)
