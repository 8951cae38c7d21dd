from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit import columns, frames, systems
from crmkit.systems import fold_header, header_words

PLAIN = ("pipedrive", "activity", False)
"""subject, type, due_date, note: the names that everybody uses. Without labels no answer is the right one."""
LEADS = "Lead ID,First Name,Last Name,Company,Email,Phone,Lead Status,Lead Source,Street,City,Country"
EVERYDAY = {
    ("freshsales", "account"): 14,
    ("nutshell", "account"): 10,
    ("nutshell", "activity"): 16,
    ("sugarcrm", "deal"): 12,
}
"""Objects of a dozen everyday names: with half of them gone or renamed, no answer is often the right one (of 20)."""
PAIRS = [(name, kind) for name in systems.names() for kind in systems.get(name).objects]


def found(headers: list[str]) -> tuple[str, str] | None:
    best = systems.identify(headers)
    return (best.system, best.kind) if best else None


@pytest.mark.parametrize("labels", [True, False])
@pytest.mark.parametrize(("system", "kind"), PAIRS)
def test_a_full_export_is_recognised(exports: Any, system: str, kind: str, labels: bool) -> None:
    assert found(exports.headers(system, kind, labels=labels)) == (system, kind)


@pytest.mark.parametrize("labels", [True, False])
@pytest.mark.parametrize(("system", "kind"), PAIRS)
def test_a_changed_export_is_recognised(exports: Any, system: str, kind: str, labels: bool) -> None:
    names = exports.headers(system, kind, labels=labels)
    answers = [found(exports.changed(names, random.Random(seed))) for seed in range(20)]
    assert answers.count((system, kind)) >= (0 if (system, kind, labels) == PLAIN else EVERYDAY.get((system, kind), 18))
    assert all(answer is None or answer[0] == system for answer in answers)  # never another system's


@pytest.mark.parametrize(("system", "kind"), PAIRS)
def test_case_blanks_and_width_do_not_matter(exports: Any, system: str, kind: str) -> None:
    names = exports.headers(system, kind, labels=True)
    wide = ["\ufeff" + name.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)}) for name in names]
    assert found(wide) == (system, kind)
    assert found([f" {name.upper()}  " for name in names]) == (system, kind)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        ["a", "b", "c"],
        ["name", "email", "phone"],
        ["First Name", "Last Name", "Email", "Phone", "Company", "Title", "City", "State", "Country", "Website"],
        ["id", "first_name", "last_name", "email", "phone", "address", "city", "state", "zip", "country", "company"],
        ["firstname", "lastname", "email", "phone", "company", "address", "city", "state", "zip", "country", "website"],
        ["FirstName", "LastName", "Email", "Phone", "Company"],
        ["姓名", "手机", "电话", "邮箱", "公司名称", "部门", "职务", "地址", "备注", "创建时间", "负责人"],
        ["公司名称", "联系人", "电话", "网址", "行业", "省份", "城市", "地址"],
        ["id", "source_file", "site_name", "address", "zip", "phone", "fax", "agency", "neighborhood", "website"],
        ["Customer Id", "First Name", "Last Name", "Company", "City", "Country", "Phone 1", "Phone 2", "Email"],
        ["Subject", "Due Date", "Status", "Priority", "Assigned To", "Related To"],
        ["Email 1", "Email 2", "Email 3", "Mobile 1", "Mobile 2", "Address 1 City", "Address 2 City"],
        [f"column {number}" for number in range(1000)],
    ],
)
def test_ordinary_headers_are_no_systems(headers: list[str]) -> None:
    assert systems.identify(headers) is None


@pytest.mark.parametrize(
    ("headers", "system"),
    [
        ("姓名,客户名称,部门,职务,手机1,手机2,电话1,邮件,性别,生日,负责人,创建时间,备注", "fxiaoke"),
        ("姓名,客户名称,部门,职务,手机1,手机2,电话1,邮件,性别,生日,负责人,创建时间,我们的列", "fxiaoke"),
        (
            "姓名,客户名称,职务,手机,电话,邮件,省,市,区,详细地址,负责人,创建时间,最后修改时间,生命状态",
            "fxiaoke",
        ),
        ("姓名,公司,职务,手机,电话,邮件,省,市,区,地址,线索来源,线索状态,负责人,创建时间,生命状态", "fxiaoke"),
        (f"{LEADS},Zip/Postal Code", "salesforce"),
        (f"{LEADS},Postal Code", None),
        ("First Name,Last Name,Email,Phone,Account Name,Mailing City,Contact Owner", "salesforce"),
        ("First Name,Last Name,Email,Phone,Our Own,Another,Mailing City,Contact Owner", None),
        ("First Name,Last Name,Email,Phone,Account Name", None),
    ],
)
def test_a_file_with_nothing_but_one_systems_headers_is_its_export(headers: str, system: str | None) -> None:
    best = systems.identify(headers.split(","))
    assert (best.system if best else None) == system


def test_the_address_of_a_person_makes_it_no_account() -> None:
    headers = ["姓名", "客户名称", "职务", "手机", "电话", "邮件", "省", "市", "区", "详细地址", "负责人", "生命状态"]
    found = columns.recognize(frames.read({header: [None] for header in headers}))
    assert (found.system, found.kind) == ("fxiaoke", "contact")
    assert [found.fields.get(header) for header in ("姓名", "客户名称", "省", "市", "区", "详细地址")] == [
        "full_name", "company_name", "region", "city", "district", "street",
    ]  # fmt: skip


def test_numbered_chinese_phones_are_usual_names() -> None:
    table = frames.read({"姓名": ["王伟"], "手机1": [None], "手机2": [None], "电话1": [None]})
    fields = columns.recognize(table).fields
    assert (fields["手机1"], fields["手机2"], fields["电话1"]) == ("mobile", "phone_other", "phone")


def test_two_systems_alike_are_no_answer() -> None:
    shared = ["First Name", "Last Name", "Mailing Street", "Mailing City", "Mailing State", "Mailing Country"]
    shared += ["Account Name", "Other Street", "Other City", "Home Phone", "Other Phone"]
    ranked = systems.recognize(shared)
    assert {ranked[0].system, ranked[1].system} == {"salesforce", "zoho"}
    assert ranked[0].score > 4
    assert systems.identify(shared) is None


def test_the_kind_can_be_given() -> None:
    headers = ["Lead ID", "First Name", "Last Name", "Company", "Lead Status", "Lead Owner", "Asst. Phone"]
    assert systems.recognize(headers)[0].kind == "lead"
    assert systems.recognize(headers, kind="contact")[0].kind == "contact"


def test_the_headers_that_spoke_stand_strongest_first() -> None:
    best = systems.recognize(["Email", "Mailing Zip/Postal Code", "First Name", "nothing"])[0]
    assert best.system == "salesforce"
    assert best.headers[0] == "Mailing Zip/Postal Code"
    assert "nothing" not in best.headers
    assert best.distinctive >= 1


@given(st.sampled_from(PAIRS), st.booleans(), st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_order_never_changes_the_ranking(
    exports: Any, pair: tuple[str, Any], labels: bool, seed: int, rng: random.Random
) -> None:
    names = exports.changed(exports.headers(*pair, labels=labels), random.Random(seed))
    shuffled = list(names)
    rng.shuffle(shuffled)
    assert systems.recognize(shuffled) == systems.recognize(names)
    assert systems.identify(shuffled) == systems.identify(names)


@given(st.lists(st.text(st.characters(codec=None), max_size=20)))
def test_any_headers_give_an_answer_and_no_error(headers: list[str]) -> None:
    for candidate in systems.recognize(headers):
        assert candidate.score > 0
        assert set(candidate.headers) <= set(headers)


@given(st.text(max_size=40))
@settings(max_examples=300)
def test_folding_twice_changes_nothing(header: str) -> None:
    folded = fold_header(header)
    assert fold_header(folded) == folded
    assert fold_header(f" {header}_") == folded


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("First Name", "firstName"), ("E-mail Address", "email_address"), ("Ｅｍａｉｌ", "email"), ("\ufeffId", "ID"),
        ("Zip/Postal Code", "zip_postal_code"), ("手机 号码", "手机号码"), ("Téléphone", "telephone"),
        ("STRASSE", "straße"), ("e\u0301tat", "état"),
    ],
)  # fmt: skip
def test_spellings_of_one_header_fold_alike(one: str, other: str) -> None:
    assert fold_header(one) == fold_header(other)


def test_words_part_at_case_digits_and_punctuation() -> None:
    assert header_words("HTTPServerID2") == ("http", "server", "id", "2")
    assert header_words("mobile_phone-1") == ("mobile", "phone", "1")
    assert header_words("手机号码（必填）") == ("手机号码", "必填")
    assert header_words("___") == ()


def test_a_very_long_header_costs_little() -> None:
    assert len(fold_header("x" * 10_000_000)) == 200
