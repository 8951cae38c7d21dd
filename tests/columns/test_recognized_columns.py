from __future__ import annotations

import json

import pytest

from crmkit import columns, frames
from crmkit.errors import NotFoundError


def recognize(**data: list[object]) -> columns.ColumnMap:
    return columns.recognize(frames.read(data))


def headers(*names: str) -> columns.ColumnMap:
    return columns.recognize(frames.read({name: [None] for name in names}))


def test_a_list_of_sites_is_a_list_of_accounts() -> None:
    found = headers(
        "id", "source_file", "site_name", "address", "zip", "phone", "fax", "program_name", "length_of_day", "agency",
        "neighborhood", "website",
    )  # fmt: skip
    assert found.system is None
    assert found.kind == "account"
    assert found.fields == {
        "id": "id", "site_name": "name", "address": "street", "zip": "postal_code", "phone": "phone", "fax": "fax",
        "agency": "company_name", "neighborhood": "district", "website": "website",
    }  # fmt: skip
    assert set(found.evidence.values()) == {"name"}


def test_a_list_of_persons_with_an_address_in_parts_is_a_list_of_contacts() -> None:
    found = headers(
        "id", "given_name", "surname", "street_number", "address_1", "address_2", "suburb", "postcode", "state",
        "date_of_birth", "soc_sec_id",
    )  # fmt: skip
    assert found.kind == "contact"
    assert found.fields == {
        "id": "id", "given_name": "given_name", "surname": "family_name", "street_number": "house_number",
        "address_1": "street", "address_2": "street_2", "suburb": "city", "postcode": "postal_code", "state": "region",
        "date_of_birth": "birth_date", "soc_sec_id": "national_id",
    }  # fmt: skip


def test_short_names_of_columns_are_known() -> None:
    found = headers("id", "first_name", "surname", "dob", "city", "email")
    assert list(found.fields.values()) == ["id", "given_name", "family_name", "birth_date", "city", "email"]


def test_short_and_full_names_of_companies_are_no_persons() -> None:
    found = recognize(short_name=["万科A"], full_name=["万科企业股份有限公司"])
    assert found.kind == "account"
    assert found.fields == {"short_name": "trade_name", "full_name": "name"}


def test_a_chinese_sheet_is_read() -> None:
    found = headers("姓名*", "手机号码（必填）", "电子邮箱", "公司名称", "职务", "省份", "城市", "负责人", "备注")
    assert found.kind == "contact"
    assert found.fields == {
        "姓名*": "full_name", "手机号码（必填）": "mobile", "电子邮箱": "email", "公司名称": "company_name",
        "职务": "job_title", "省份": "region", "城市": "city", "负责人": "owner_name", "备注": "description",
    }  # fmt: skip
    assert found.traps == {"负责人": "owner"}


def test_a_second_column_of_a_kind_gets_the_second_place_and_a_third_is_spare() -> None:
    found = headers("email", "customer e-mail", "mail address", "phone", "telephone", "tel")
    assert found.fields == {
        "email": "email", "mail address": "email_2", "phone": "phone", "telephone": "phone_other",
    }  # fmt: skip
    assert found.spare == {"customer e-mail": "email", "tel": "phone"}


def test_what_is_not_the_value_itself_is_left_alone() -> None:
    found = headers("email", "email_verified", "email_opt_in_date", "phone_type", "number of phones", "city_id")
    assert found.fields == {"email": "email"}
    assert not found.spare


@pytest.mark.parametrize(
    ("header", "trap"),
    [
        ("Manager Email", "superior"), ("assistant_phone", "assistant"), ("emergencyContactPhone", "relative"),
        ("Spouse Name", "relative"), ("parent company", "parent"), ("referred by", "linked_record"),
        ("紧急联系人电话", "relative"), ("Company Main Phone", "company_phone"),
    ],
)  # fmt: skip
def test_identity_of_somebody_else_gets_no_field(header: str, trap: str) -> None:
    found = headers("first name", "last name", "email", header)
    assert found.traps == {header: trap}
    assert header not in found.fields


def test_the_owners_address_is_known_and_still_a_trap() -> None:
    found = headers("first name", "email", "owner email")
    assert found.column("owner_email") == "owner email"
    assert found.traps == {"owner email": "owner"}


def test_nothing_recognised_is_an_empty_map() -> None:
    found = headers("x1", "x2", "")
    assert (found.system, found.kind, found.key, dict(found.fields)) == (None, None, None, {})
    assert "not clear" in " ".join(found.explain())


def test_a_table_without_columns_is_an_empty_map() -> None:
    assert columns.recognize(frames.read({})).columns == ()


def test_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(NotFoundError, match="did you mean 'contact'"):
        columns.recognize(frames.read({"a": [1]}), kind="contacts")  # type: ignore[arg-type]


def test_the_map_survives_json() -> None:
    found = headers("Contact ID", "First Name", "Last Name", "Mailing Street", "Asst. Phone", "Contact Owner", "x")
    assert found.system == "salesforce"
    assert columns.ColumnMap.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_the_map_is_frozen() -> None:
    found = headers("email")
    with pytest.raises(AttributeError):
        found.kind = "lead"  # type: ignore[misc]
    with pytest.raises(TypeError):
        found.fields["email"] = "phone"  # type: ignore[index]


def test_the_key_is_the_filled_and_unique_id_column() -> None:
    assert recognize(id=["a", "b"], email=["x@example.com", None]).key == "id"
    assert recognize(id=["a", "a"] * 20, email=[None] * 40).key is None
    assert recognize(id=["a", None], email=[None] * 2).key is None
    assert recognize(email=["x@example.com"]).key is None


@pytest.mark.parametrize(
    ("names", "kind", "fields"),
    [
        (
            ["Billing Address Line 1", "Billing City", "Billing ZIP", "Full Name", "Work Phone", "Cell Phone"],
            "contact",
            ["street", "city", "postal_code", "full_name", "phone", "mobile"],
        ),
        (
            ["CustomerID", "CompanyName", "ContactName", "ContactTitle", "Address", "Region", "PostalCode"],
            "contact",
            ["id", "company_name", "full_name", "job_title", "street", "region", "postal_code"],
        ),
        (
            ["Organization Id", "Name", "Website", "Industry", "Number of employees"],
            "account",
            ["id", "name", "website", "industry", "employee_count"],
        ),
        (
            ["公司全称", "统一社会信用代码", "注册地址", "所属行业", "联系电话"],
            "account",
            ["name", "registration_id", "street", "industry", "phone"],
        ),
        (["Deal Name", "Stage", "Amount", "Close Date"], "deal", ["name", "stage", "amount", "close_date"]),
        (["Subject", "Due Date", "Status"], "activity", ["subject", "due_at", "status"]),
        (["Lead Status", "First Name", "Company"], "lead", ["status", "given_name", "company_name"]),
    ],
)
def test_usual_sheets_are_read(names: list[str], kind: str, fields: list[str]) -> None:
    found = headers(*names)
    assert (found.system, found.kind) == (None, kind)
    assert [found.fields.get(name) for name in names] == fields


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        ("Full Name,Email,Amount,Stage", "contact"),
        ("name,phone,email,stage,owner", "contact"),
        ("First Name,Last Name,Mobile,Deal Size,Pipeline,Probability", "contact"),
        ("姓名,手机,金额,销售阶段,预计成交日期", "contact"),
        ("Contact,Email,Amount,Stage,Close Date", "contact"),
        ("Lead Status,First Name,Email,Amount,Stage", "lead"),
        ("Deal Name,Contact,Email,Amount,Stage", "deal"),
        ("Opportunity ID,Contact Name,Email,Amount", "deal"),
        ("Name,Email,Amount,Stage,Close Date", "deal"),
        ("Full Name,Amount,Stage", "deal"),
        ("商机名称,联系人,手机,金额,阶段", "deal"),
    ],
)
def test_people_with_an_amount_or_a_stage_are_people_unless_a_column_names_the_deal(names: str, kind: str) -> None:
    assert headers(*names.split(",")).kind == kind


DEAL_COLUMNS = {"Amount": ["100", "250"], "Stage": ["new", "won"], "Close Date": ["2026-01-02", "2026-02-02"]}


@pytest.mark.parametrize(("names", "channel", "kind"), [
    (["Ann Lee", "Bob Roe"], {"Email": ["ann@example.com", "bob@example.com"]}, "contact"),
    (["王伟", "李娜"], {"Mobile": ["13800138000", "13900139000"]}, "contact"),
    (["Acme renewal", "Bolt upgrade"], {"Email": ["ann@example.com", "bob@example.com"]}, "deal"),
    (["Ann Lee", "Bob Roe"], {"Owner Email": ["ann@example.com", "bob@example.com"]}, "deal"),
])  # fmt: skip
def test_people_with_amounts_and_stages_are_people(names, channel, kind):
    assert columns.recognize(frames.read({"Name": names, **channel, **DEAL_COLUMNS})).kind == kind


def test_a_deal_that_has_its_own_name_is_a_deal_whoever_stands_beside_it():
    people = {"Contact Name": ["Ann Lee", "Bob Roe"], "Email": ["ann@example.com", "bob@example.com"]}
    assert (
        columns.recognize(frames.read({"Deal Name": ["Ann Lee", "Bob Roe"], **people, **DEAL_COLUMNS})).kind == "deal"
    )


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        (["Email", "Phone", "Amount"], "contact"),
        (["客户编号", "E-mail", "Phone", "Amount"], "account"),
        (["邮箱", "手机", "金额"], "contact"),
        (["Email", "Phone", "Amount", "Stage"], "deal"),
        (["Email", "Amount"], "deal"),
        (["Deal Name", "Email", "Phone", "Amount"], "deal"),
    ],
)
def test_two_ways_to_reach_somebody_outweigh_one_amount(headers, kind):
    assert columns.recognize(frames.read([dict.fromkeys(headers, "")] * 2)).kind == kind


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("姓名 Name", "full_name"),
        ("Name/姓名", "full_name"),
        ("姓名(Name)", "full_name"),
        ("姓名（Full Name）", "full_name"),
        ("Birthday 生日", "birth_date"),
        ("手机 Mobile", "mobile"),
        ("手机 Phone", "mobile"),
        ("备注 Notes", "description"),
        ("E-mail 邮箱", "email"),
        ("配偶 Name", None),
        ("紧急 Phone", None),
        ("姓名 Phone", None),
        ("IP地址", None),
    ],
)
def test_a_name_in_two_languages_is_what_both_say(header, field):
    found = columns.recognize(frames.read([{header: "", "公司": "", "职务": ""}] * 2), kind="contact")
    assert found.fields.get(header) == field


def test_names_in_two_languages_tell_the_kind_and_the_owner():
    found = columns.recognize(frames.read([{"姓名 Name": "", "手机 Mobile": "", "负责人 Owner": ""}] * 2))
    assert (found.kind, found.fields["负责人 Owner"], found.traps["负责人 Owner"]) == (
        "contact", "owner_name", "owner",
    )  # fmt: skip
