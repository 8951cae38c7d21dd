"""A table that nobody described: what is recognised, what is assumed, and what is said about it."""

import pytest

from crmkit import check
from crmkit.columns import recognize
from crmkit.files import read_csv
from crmkit.frames import read
from crmkit.issues import catalog_codes
from crmkit.testing.generate import contacts
from crmkit.validators import Email, Phone, Schema, Text

CANARY = "zk7canaryq9"

SALESFORCE = {
    "Contact ID": ["003A", "003B", "003B"],
    "First Name": ["Ann", "Bob", "test"],
    "Last Name": ["Lee", "x" * 90, None],
    "Email": ["ann@gmial.com", "bob@example.com", "bob@example.com"],
    "Phone": ["(312) 555-0123", "+1 312 555 0188", "12"],
    "Mailing Country": ["USA", "United States", "Atlantis"],
    "Account Name": ["Acme", "Acme", None],
    "Contact Owner": ["Kim", "Kim", "Kim"],
    "Last Activity": ["3/4/2024", "3/14/2024", None],
    "Notes Of Ours": [" tidy me ", "JosÃ©", CANARY],
}


def test_a_vendor_export_brings_the_vendors_rules_and_says_so():
    schema = Schema.infer(SALESFORCE)
    report = schema.check(SALESFORCE)
    told = report.assumed()
    assert any("Salesforce" in text for text in told)
    assert "records taken for contacts" in told
    assert "length limits of Salesforce applied" in told
    codes = {(issue.row, issue.path, issue.code) for issue in report}
    assert {
        (0, "Email", "email_domain_typo"), (1, "Last Name", "too_long"), (2, "Last Name", "required"),
        (2, "First Name", "placeholder"), (2, "Mailing Country", "country_unknown"),
        (0, "Notes Of Ours", "not_normalized"),
        (1, "Notes Of Ours", "text_damaged"),
    } <= codes  # fmt: skip
    assert {path for _, path, code in codes if code.startswith("phone")} == {"Phone"}
    assert all(text != CANARY for text in told)
    assert report.assumed("zh") != told


def test_the_map_of_columns_alone_is_enough():
    found = recognize(read(SALESFORCE))
    assert dict(Schema.infer(found).fields).keys() == dict(Schema.infer(SALESFORCE).fields).keys()


def test_the_country_of_the_numbers_is_found_where_it_is_clear():
    mobiles = {"姓名": ["张三"] * 8, "手机": [f"138001380{i:02d}" for i in range(8)]}
    schema = Schema.infer(mobiles)
    assert isinstance(schema["手机"], Phone)
    assert schema["手机"].default == "CN"
    assert any(assumption.code == "default_country" for assumption in schema.assumptions)
    report = schema.check(mobiles)
    assert report.by("code")["not_normalized"].issues == 8
    unclear = {"name": ["a"] * 8, "phone": [f"55501{i:02d}" for i in range(8)]}
    assert not any(assumption.code == "default_country" for assumption in Schema.infer(unclear).assumptions)


def test_a_table_of_no_known_kind_is_still_checked_for_damage():
    odd = {"zorp": ["JosÃ©", "b", "c"], "blub": ["1", "2", "3"]}
    report = Schema.infer(odd).check(odd)
    assert [(issue.path, issue.code) for issue in report] == [("zorp", "text_damaged")]
    assert any("not recognized" in text for text in report.assumed())


def test_learned_date_order_is_an_assumption_and_makes_fixes_less_sure():
    columns = {"id": ["1", "2"], "email": ["a@b.example", "c@b.example"], "birth_date": ["13/4/1999", "3/4/1999"]}
    report = Schema.infer(columns).check(columns)
    assert "dates of column birth_date read as DMY" in report.assumed()
    fixes = {issue.row: (issue.fix, issue.confidence) for issue in report if issue.path == "birth_date"}
    assert fixes == {0: ("1999-04-13", 1.0), 1: ("1999-04-03", 0.8)}


def test_what_the_reader_of_a_file_found_shows_as_issues(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("email,email,\na@b.example,x\nb@b.example,y,z,more\n", encoding="utf-8")
    table = read_csv(path)
    report = Schema.infer(table).check(table, lang="zh")
    notes = report.issues.filter(rule="file")
    assert {"duplicate_column", "short_row", "long_row"} <= set(notes.counts("code"))
    assert all(code in catalog_codes() for code in notes.counts("code"))
    assert "…" not in "".join(notes.column("message"))


@pytest.mark.parametrize("columns", [{}, {"email": []}, {"email": [None]}, {f"c{i}": ["x"] for i in range(300)}])
def test_bare_tables_are_no_trouble(columns):
    report = Schema.infer(columns).check(columns)
    assert report.ok
    assert report._repr_html_()


def test_generated_contacts_have_few_errors_and_no_crash():
    frame = contacts(300, seed=9).columns
    report = Schema.infer(frame).check(frame)
    assert not report.crashed
    assert report.score_at("error") > 0.95
    worst = report.worst_rules()
    assert [summary.errors for _, summary in worst] == sorted((summary.errors for _, summary in worst), reverse=True)


def test_a_field_of_ones_own_takes_the_place_of_the_packs():
    schema = Schema.contacts().with_fields(email=Text(max_length=3)).without("birth_date", "unique:email")
    assert schema["email"] == Text(max_length=3)
    assert "birth_date" not in schema.fields
    assert "unique:email" not in schema.rule_names
    assert Schema.contacts()["email"] == Email()


def _phones(n: int, bad: int) -> dict[str, list[str]]:
    return {
        "name": [f"Ann {i}" for i in range(n)],
        "phone": [f"({area}) 73{i % 10}-50{i % 10 if i < bad else f'{i:02d}'}"
                  for i, area in zip(range(n), ["212", "415", "312", "617"] * n, strict=False)],
    }  # fmt: skip


def test_bad_numbers_do_not_hide_the_country_of_the_others():
    table = _phones(100, 12)
    report = Schema.infer(table).check(table)
    flagged = {issue.row for issue in report if issue.path == "phone" and issue.code != "not_normalized"}
    assert flagged == set(range(12))


def test_phones_without_a_country_are_not_passed_over_in_silence():
    table = {"name": ["Ann"] * 3, "phone": ["(212) 736-5000", "212 736 500", "+12127365000"]}
    report = Schema.infer(table).check(table)
    (issue,) = [issue for issue in report if issue.code == "phones_unchecked"]
    assert (issue.row, issue.path, issue.params["n"], issue.severity) == (None, "phone", 2, "warning")
    assert "no country is known: 2" in issue.message
    assert "1 warning" in repr(report)


def test_chinese_mobile_columns_belong_to_china_and_short_numbers_are_flagged():
    table = {"姓名": ["张伟"] * 6, "手机": ["17012345678", "13800138000", "1380013800", "15912345678", "1391234567", "18612345678"]}  # fmt: skip  # noqa: E501 - one table, one line
    schema = Schema.infer(table)
    flagged = {issue.row for issue in schema.check(table) if issue.path == "手机" and issue.code != "not_normalized"}
    assert schema["手机"].default == "CN"
    assert flagged == {2, 4}


def test_an_id_column_with_many_faults_is_still_asked_to_be_filled_and_unique():
    table = {"contact_id": ["1", "1", None], "email": ["a@x.example", "b@x.example", "c@x.example"]}
    schema = Schema.infer(table)
    report = schema.check(table)
    assert schema.key is None
    codes = {(issue.row, issue.code) for issue in report if issue.path == "contact_id"}
    assert {(0, "duplicate"), (1, "duplicate"), (2, "required")} <= codes
    assert any("contact_id" in text and "position" in text for text in report.assumed())


def test_countries_stay_names_where_names_are_what_the_file_holds():
    names = {"email": ["a@x.example"] * 3, "country": ["United States", "Germany", "UK"]}
    assert not [issue for issue in Schema.infer(names).check(names) if issue.path == "country"]
    vendor = {**SALESFORCE, "Mailing Country": ["US", "United States", "Germany"]}
    assert not [issue for issue in Schema.infer(vendor).check(vendor) if issue.path == "Mailing Country"]
    codes = {"email": ["a@x.example"] * 4, "country": ["US", "DE", "England", "中国"]}
    found = {i.row: (i.fix, i.confidence) for i in Schema.infer(codes).check(codes) if i.path == "country"}
    assert found == {2: ("GB", 0.7), 3: ("CN", 1.0)}


def test_a_report_tells_its_assumptions_in_its_own_language():
    report = Schema.infer(SALESFORCE).check(SALESFORCE, lang="zh")
    assert report.assumed() == report.assumed("zh") != report.assumed("en")


def test_no_sure_fix_of_an_amount_loses_its_currency():
    amounts = ["￥1,000.5", "1000元", "$1000", "USD 1000", "1000"]
    deals = {"Deal Name": list("abcde"), "Stage": ["won"] * 5, "Amount": amounts}
    fixed, _ = Schema.infer(deals).check(deals).fixes(min_confidence=0.95).apply(deals)
    assert fixed["Amount"] == ["¥1000.5", "1000元", "$1000", "1000 USD", "1000"]
    deals["Currency"] = ["CNY", "TWD", "usd", None, "EUR"]
    fixed, _ = Schema.infer(deals).check(deals).fixes(min_confidence=0.95).apply(deals)
    assert fixed["Amount"] == ["1000.5 CNY", "1000 TWD", "1000 USD", "1000 USD", "1000"]


def test_a_chinese_number_is_checked_where_no_country_is_named() -> None:
    wrong = [{"编号": "1", "姓名": "李娜", "身份证": "110105194912310021"}]
    assert "resident_id_checksum" in [issue.code for issue in check(wrong)]
    english = [{"id": "1", "full_name": "李娜", "national_id": "110105194912310021"}]
    assert "resident_id_checksum" not in [issue.code for issue in check(english)]
    assert "resident_id_checksum" in [issue.code for issue in check(english, country="CN")]
    abroad = [{"编号": "1", "姓名": "Ana", "身份证": "X1234567", "国家": "Spain"}]
    assert not [issue for issue in check(abroad) if issue.code.startswith("resident_id")]
