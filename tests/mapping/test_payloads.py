"""Records as API clients return and take them: in, mapped, and out again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmkit import frames, mapping
from crmkit.errors import CrmkitWarning, NotFoundError, SchemaError

RECORDED = json.loads((Path(__file__).parent / "payloads.json").read_text(encoding="utf-8"))


def texts(record: dict[str, Any]) -> dict[str, str]:
    return {
        name: frames.read([{"x": value}]).texts("x").values[0] for name, value in record.items() if value is not None
    }


def preset(system: str) -> mapping.Mapping:
    return mapping.preset(system, RECORDED[system]["kind"], zone="Asia/Shanghai")


@pytest.mark.parametrize("system", RECORDED)
def test_an_answer_becomes_canonical_records(system: str) -> None:
    flat = mapping.from_payload(RECORDED[system]["answer"], system)
    canonical, report = preset(system).apply(flat)
    found = texts(canonical[0])
    assert {name: found.get(name) for name in RECORDED[system]["canonical"]} == RECORDED[system]["canonical"]
    assert "system_unexpected" not in report.issues.counts("code")


def test_dynamics_takes_lookups_as_bindings_and_gives_them_back() -> None:
    guid = "C6DA77B6-D53E-E611-80B9-0050568A6C2D"
    rows = [{"lastname": "Lee", "parentcustomerid": guid, "_ownerid_value": guid, "transactioncurrencyid": "Euro"}]
    (sent,) = mapping.to_payload(rows, "dynamics", "contact")
    assert sent == {
        "lastname": "Lee",
        "parentcustomerid_account@odata.bind": f"/accounts({guid.lower()})",
        "ownerid@odata.bind": f"/systemusers({guid.lower()})",
        "transactioncurrencyid": "Euro",  # no id of a record: the service must refuse it, nobody guesses
    }
    read = mapping.from_payload({"value": [sent]}, "dynamics")
    assert read[0]["parentcustomerid"] == read[0]["ownerid"] == guid.lower()


@pytest.mark.parametrize("system", RECORDED)
def test_what_is_sent_reads_as_what_was_read(system: str) -> None:
    canonical, _ = preset(system).apply(mapping.from_payload(RECORDED[system]["answer"], system))
    written, _ = preset(system).inverse().apply(canonical)
    sent = mapping.to_payload(written, system, RECORDED[system]["kind"])
    json.dumps(sent)
    again, _ = preset(system).apply(mapping.from_payload(json.loads(json.dumps(sent)), system))
    found = texts(again[0])
    assert {name: found.get(name) for name in RECORDED[system]["canonical"]} == RECORDED[system]["canonical"]


@pytest.mark.parametrize("system", RECORDED)
def test_the_records_alone_read_as_the_whole_answer(system: str) -> None:
    answer = RECORDED[system]["answer"]
    whole = mapping.from_payload(answer, system)
    one = answer
    while not isinstance(one, list):
        one = next(inner for key, inner in one.items() if key in PATHS and isinstance(inner, dict | list))
    assert mapping.from_payload(one, system) == whole
    assert mapping.from_payload(iter(one), system) == whole
    assert mapping.from_payload([Record(one[0])], system) == whole
    assert mapping.from_payload(one[0], system) == whole


PATHS = {"records", "results", "data", "value", "result", "contacts", "dataList"}


class Record:
    """As the objects of HubSpot's client."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.fields = fields

    def to_dict(self) -> dict[str, Any]:
        return self.fields


def test_values_have_the_types_that_the_api_takes() -> None:
    deal = {"name": "Renewal", "amount": "1250.50", "probability": "0.35", "closed_at": "2024-01-15T08:00:00Z"}
    sent = mapping.to_payload(mapping.preset("neocrm", "deal").inverse().apply([deal])[0], "neocrm", "deal")
    assert sent == [{"opportunityName": "Renewal", "money": 1250.5, "winRate": 35, "closed_at": "2024-01-15T08:00:00Z"}]
    sent = mapping.to_payload([{"IsDeleted": "true", "LastName": "Lee", "Email": None}], "salesforce", "contact")
    assert sent == [{"IsDeleted": True, "LastName": "Lee"}]
    sent = mapping.to_payload([{"LastName": "Lee", "Email": None}], "salesforce", "contact", empty=True)
    assert sent == [{"LastName": "Lee", "Email": None}]
    sent = mapping.to_payload([{"amount": 12, "hs_is_closed": True, "hs_object_id": 9}], "hubspot", "deal")
    assert sent == [{"id": "9", "properties": {"amount": "12", "hs_is_closed": "true"}}]


@pytest.mark.parametrize("amount", ["12345678901234567890", "0.1234567890123456789", "1E+30", "NaN", "twelve"])
def test_a_number_that_json_cannot_hold_stays_text(amount: str) -> None:
    assert mapping.to_payload([{"Amount": amount}], "salesforce", "deal") == [{"Amount": amount}]


def test_many_phones_and_unknown_labels_lose_nothing() -> None:
    phones = [{"value": str(n), "label": label} for n, label in enumerate(["work", "work", "beach", "", "mobile"])]
    flat = mapping.from_payload([{"name": "Ann", "phone": phones}], "pipedrive")
    assert sorted(str(value) for name, value in flat[0].items() if name != "name") == ["0", "1", "2", "3", "4"]
    assert flat[0]["phone_mobile"] == "4"
    back = mapping.to_payload(flat, "pipedrive", "contact")
    assert sorted(item["value"] for item in back[0]["phone"]) == ["0", "1", "2", "3", "4"]
    assert sum(item["primary"] for item in back[0]["phone"]) == 1


@pytest.mark.parametrize(
    ("system", "answer"),
    [
        ("salesforce", [{"message": "Session expired", "errorCode": "INVALID_SESSION_ID"}]),
        ("hubspot", {"status": "error", "message": "m", "correlationId": "c", "category": "VALIDATION_ERROR"}),
        ("zoho", {"code": "INVALID_TOKEN", "details": {}, "message": "m", "status": "error"}),
        ("dynamics", {"error": {"code": "0x80060891", "message": "m"}}),
        ("pipedrive", {"success": False, "error": "unauthorized access", "errorCode": 401}),
        ("fxiaoke", {"errorCode": 20016, "errorMessage": "m"}),
        ("neocrm", {"code": "500", "msg": "m"}),
    ],
)
def test_an_answer_that_reports_an_error_is_no_record(system: str, answer: Any) -> None:
    with pytest.raises(SchemaError, match="reports an error"):
        mapping.from_payload(answer, system)


def test_what_holds_no_records_is_refused() -> None:
    with pytest.raises(SchemaError, match="holds no records"):
        mapping.from_payload("[]", "zoho")
    with pytest.raises(SchemaError, match="record 1 is a int"):
        mapping.from_payload([{"id": "1"}, 3], "zoho")
    with pytest.raises(NotFoundError, match="no API"):
        mapping.from_payload([], "outlook")
    with pytest.raises(NotFoundError, match="did you mean 'salesforce'"):
        mapping.from_payload([], "salesforcee")
    assert mapping.from_payload({"results": []}, "hubspot") == []


PARTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "id", "value", "x"]), inner),
    max_leaves=5,
)
KEYS = st.sampled_from(
    ["Owner", "Tag", "email", "phone", "org_id", "TAGS", "CUSTOMFIELDS", "emails", "sales_accounts", "x"]
)


@given(st.sampled_from(sorted(RECORDED)), st.lists(st.dictionaries(KEYS, PARTS, max_size=4), max_size=2))
@example("freshsales", [{"sales_accounts": [None]}, {"emails": [None]}])
@example("insightly", [{"CUSTOMFIELDS": [None]}])
def test_odd_shapes_never_break_the_reader(system: str, records: list[dict[str, Any]]) -> None:
    assert len(mapping.from_payload(records, system)) == len(records)


@pytest.mark.parametrize(
    ("system", "answer"),
    [
        ("salesforce", {"totalSize": 5, "done": False, "nextRecordsUrl": "/x-2000", "records": [{"Id": "1"}]}),
        ("hubspot", {"results": [{"id": "1", "properties": {}}], "paging": {"next": {"after": "2"}}}),
        ("zoho", {"data": [{"id": "1"}], "info": {"more_records": True}}),
        ("dynamics", {"value": [{"contactid": "1"}], "@odata.nextLink": "https://example.com/x"}),
        ("pipedrive", {"data": [{"id": 1}], "additional_data": {"pagination": {"more_items_in_collection": True}}}),
        ("pipedrive", {"data": [{"id": 1}], "additional_data": {"next_cursor": "abc"}}),
    ],
)
def test_a_page_of_several_is_warned_of(system: str, answer: Any) -> None:
    with pytest.warns(CrmkitWarning, match="one page of several"):
        assert len(mapping.from_payload(answer, system)) == 1


def test_the_last_page_is_not_warned_of() -> None:
    assert len(mapping.from_payload({"data": [{"id": "1"}], "info": {"more_records": False}}, "zoho")) == 1
    assert (
        len(mapping.from_payload({"done": True, "nextRecordsUrl": None, "records": [{"Id": "1"}]}, "salesforce")) == 1
    )
