"""What people type into fields of a CRM, and what is to be said of it: cases that were found wanting once."""

import re

import pytest

from crmkit.quality import find_personal_data
from crmkit.validators import (
    Choice,
    CompanyName,
    Country,
    Currency,
    PersonName,
    Phone,
    ResidentId,
    Schema,
    depends,
    spill,
)  # fmt: skip
from crmkit.validators._identifiers._resident_id import birth_date_of, gender_of, province_of


def said(check, text):
    return [(finding.code, finding.fix) for finding in check.examine(text)]


@pytest.mark.parametrize("text", ["13800138000;13900139000", "13800138000；13900139000", "010-62770334;62770335"])
def test_a_number_behind_a_semicolon_is_a_second_number_and_no_extension(text):
    assert said(Phone(country="CN"), text) == [("phone_several", None)]
    table = {"phone": [text], "phone_2": [None]}
    fields = {"phone": Phone(country="CN")}
    rule = spill("phone", into="phone_2", of="phone")
    clean, log = Schema("s", fields=fields, rules=[rule]).check(table).fixes().apply(table)
    assert "ext" not in str(clean["phone"][0])
    assert log.revert(clean) == table


def test_a_few_digits_behind_a_semicolon_are_an_extension():
    assert said(Phone(country="CN"), "13800138000;123") == [("not_normalized", "+8613800138000 ext. 123")]


def test_the_cards_of_foreigners_with_permanent_residence_are_resident_ids():
    # Specimens of the National Immigration Administration, 2023.
    for number, born, gender, province in [
        ("911124198108030024", "1981-08-03", "female", "北京"),
        ("932682198501010017", "1985-01-01", "male", "江苏"),
    ]:
        assert ResidentId().is_valid(number)
        assert (birth_date_of(number), gender_of(number), province_of(number)) == (born, gender, province)
        found = find_personal_data([{"note": f"card {number}, called back"}] * 3)
        assert "national_id" in {finding["kind"] for finding in found.to_dict()["findings"]}
        pattern = Schema("s", fields={"n": ResidentId()}).to_json_schema()["properties"]["n"]["pattern"]
        assert re.match(pattern, number)
    assert said(ResidentId(), "911124198108030025") == [("resident_id_checksum", None)]
    assert said(ResidentId(), "999124198108030024") == [("resident_id_malformed", None)]


@pytest.mark.parametrize("text", ["先生", "Ms.", "Dr", " mr ", "女士"])
def test_a_form_of_address_alone_is_no_name(text):
    assert said(PersonName(), text) == [("placeholder", None)]


@pytest.mark.parametrize("text", ["张先生", "Drew", "Ms. Lee", "Mme Curie", "Prófit"])
def test_a_form_of_address_with_a_name_is_one(text):
    assert PersonName().is_valid(text)


@pytest.mark.parametrize(("text", "junk"), [("123456", True), ("0123456789", True), ("111111", True), ("360", False),
                                            ("3721", False), ("12306", False), ("8848", False)])  # fmt: skip
def test_figures_that_were_only_counted_are_no_company(text, junk):
    assert CompanyName().is_valid(text) == (not junk)


def test_a_slip_in_the_name_of_a_country_is_proposed_where_only_one_is_near():
    assert said(Country(), "Untied States") == [("country_unknown", "US")]
    assert said(Country(form="any"), "Grmany") == [("country_unknown", "Germany")]
    assert said(Country(), "Austrlia") == [("country_unknown", None)]  # Austria, Australia
    assert said(Country(), "Chian") == [("country_unknown", None)]
    assert said(Country(), "x" * 10_000) == [("country_unknown", None)]
    assert all(finding.confidence < 0.95 for finding in Country().examine("Untied States"))


def test_a_sign_of_several_currencies_is_told_as_such():
    assert said(Currency(), "$") == [("currency_shared", None)]
    assert said(Currency(), "quid") == [("currency_unknown", None)]
    assert said(Currency(), "$" * 100_000) == [("currency_unknown", None)]


def test_two_rows_that_disagree_are_not_said_to_differ_from_most():
    rows = [{"company": "Acme", "domain": "a.example"}, {"company": "Bolt", "domain": "a.example"}]
    for issue in Schema("s", rules=[depends("company", on="domain")]).check(rows):
        assert "most of" not in issue.message
        assert "2 rows, 1 with the most frequent value" in issue.message


@pytest.mark.parametrize("check", [PersonName(), CompanyName(), Phone(country="CN"), Country(), Choice(["new"])])
@pytest.mark.parametrize("text", ["x" * 2_000_000, "-" * 2_000_000, "1" * 2_000_000, "a." * 1_000_000])
def test_megabytes_in_a_cell_are_judged_without_walking_through_them_sign_by_sign(check, text):
    assert not check.is_valid(text) or isinstance(check, (PersonName, CompanyName))
