"""Checks of other kinds of value: languages, currencies, shares, ages, domains, codes, regions, Chinese phones."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.errors import NotFoundError, SchemaError
from crmkit.validators import (
    Age,
    ChineseLandline,
    ChineseMobile,
    Choice,
    City,
    Code,
    Currency,
    Domain,
    Email,
    Language,
    Mailbox,
    Percentage,
    Phone,
    Region,
    Schema,
    Street,
    Text,
    col,
)
from crmkit.validators._checks._verdict import Skipped
from crmkit.validators._contact._region import region_name
from crmkit.validators._reading._patterns import compile_pattern

CHECKS = [Age(), ChineseLandline(), ChineseMobile(), City(), Code(), Code(length=6), Currency(), Domain(), Language(),
          Mailbox(), Percentage(), Percentage(shares=True), Region(country="CN"), Region(country="US", form="code"),
          Street(), Street(po_box=False)]  # fmt: skip


def fixed(check, text, context=()):
    verdict = check.examine(text, context)
    return verdict[0].fix if verdict else text


def codes(check, text, context=()):
    return [finding.code for finding in check.examine(text, context)]


@settings(deadline=None)
@given(st.text(max_size=24) | st.from_regex(r"[0-9+% .,a-zA-Z-]{1,14}", fullmatch=True), st.sampled_from(CHECKS))
def test_no_check_crashes_and_every_proposed_value_is_right(text, check):
    verdict = check.examine(text)
    if isinstance(verdict, Skipped):
        return
    for finding in verdict:
        if finding.fix is not None and finding.code == "not_normalized":
            assert all(found.code != "not_normalized" for found in check.examine(finding.fix)), finding.fix


@pytest.mark.parametrize("text", ["a" * 100_000, "9" * 5000, "\ud800", "\x00", "％" * 300, "1e9999", "9" * 30 + "%"])
@pytest.mark.parametrize("check", CHECKS, ids=repr)
def test_hostile_values_are_judged_not_crashed_on(check, text):
    report = Schema("s", fields={"v": check}).check({"v": [text]})
    assert not report.crashed
    assert text not in repr(report.issues)


def test_languages_by_code_tag_and_name():
    assert [fixed(Language(), text) for text in ("de", "中文", "French", "EN", "zh_hans_cn")] == [
        "de", "zh", "fr", "en", "zh-Hans-CN",
    ]  # fmt: skip
    assert codes(Language(), "n/a") == ["placeholder"]
    assert codes(Language(), "xx-YY") == ["language_unknown"]


def test_currencies_by_code_and_name_but_not_by_a_shared_sign():
    assert [fixed(Currency(), text) for text in ("CNY", "eur", "人民币")] == ["CNY", "EUR", "CNY"]
    assert codes(Currency(), "¥") == ["currency_shared"]
    assert codes(Currency(), "none") == ["placeholder"]


def test_a_column_of_shares_is_read_as_percentages():
    assert fixed(Percentage().learn(["0.1", "0.25", "1"]), "0.25") == "25"
    assert codes(Percentage().learn(["10", "25", "0.5"]), "0.25") == []
    assert codes(Percentage(), "-1%") == ["too_small"]
    assert codes(Percentage(), "101") == ["too_large"]
    assert codes(Percentage(), "half") == ["percentage_invalid"]
    assert codes(Percentage(), "5 EUR") == ["percentage_invalid"]
    assert codes(Percentage(), "n/a") == ["placeholder"]
    assert codes(Percentage(le=None, ge=None), "250%") == ["not_normalized"]


def test_ages_are_whole_years():
    assert [fixed(Age(), text) for text in ("42", "42 years", "３０岁", "42.0")] == ["42", "42", "30", "42"]
    assert codes(Age(), "130") == ["too_large"]
    assert codes(Age(ge=18), "12") == ["too_small"]
    assert codes(Age(), "12.5") == ["age_invalid"]
    assert codes(Age(), "n/a") == ["placeholder"]


def test_domains_name_organizations():
    assert fixed(Domain(), "HTTP://WWW.Example.COM/x?y=1") == "example.com"
    assert fixed(Domain(), "@example.com") == "example.com"
    assert codes(Domain(), "qq.com") == ["domain_of_provider"]
    assert codes(Domain(free_mail=True), "qq.com") == []
    assert codes(Domain(), "10.0.0.1") == ["domain_invalid"]
    assert codes(Domain(), "无") == ["placeholder"]


def test_codes_keep_their_zeros():
    column = [f"{n:06d}" for n in range(50)] + ["1234"]
    learned = Code().learn(column)
    assert learned.examine("1234")[0].fix == "001234"
    assert learned.examine("1234")[0].confidence == 0.9
    assert codes(learned, "AB-1") == []
    assert codes(Code().learn([str(n) for n in range(1, 300)]), "7") == []
    assert codes(Code().learn(["12"]), "7") == []
    assert fixed(Code(), "1234.0") == "1234"
    assert codes(Code(length=4), "12345") == ["code_invalid"]
    assert codes(Code(length=4), "none") == ["placeholder"]
    assert codes(Code(pattern="[A-Z]{2}-[0-9]+"), "AB-12") == []
    assert codes(Code(pattern="[A-Z]{2}-[0-9]+"), "AB12") == ["pattern_mismatch"]
    with pytest.raises(SchemaError, match="Code"):
        Code(pattern="(")


def test_mailboxes_of_desks_and_of_free_or_disposable_providers():
    assert codes(Mailbox(), "sales@qq.com") == ["email_role", "email_free_mail"]
    assert codes(Mailbox("disposable"), "sales@qq.com") == []
    assert codes(Mailbox(), "no address") == []
    with pytest.raises(SchemaError, match="no kind of mailbox 'rolle'"):
        Mailbox(["rolle"])
    report = Schema("s", fields={"e": Email() & Mailbox()}).check({"e": ["info@example.com"]})
    assert [issue.severity for issue in report] == ["info"]
    assert report.ok


def test_regions_by_the_country_of_the_row():
    check = Region(country=col("country"))
    assert fixed(check, "广东", ("CN",)) == "广东省"
    assert fixed(check, "Bavaria", ("DE",)) == "Bayern"
    assert fixed(check, "ny", ("US",)) == "NY"
    assert codes(check, "Kantō", ("JP",)) == [] if isinstance(check.examine("x", ("JP",)), tuple) else True
    assert check.examine("x", ("JP",)) == Skipped("country_without_regions")
    assert check.examine("x", (None,)) == Skipped("country_missing")
    assert codes(check, "n/a", ("US",)) == ["placeholder"]
    assert codes(check, "Nowhere", ("US",)) == ["region_unknown"]
    assert check.rename({"country": "C"}) == Region(country=col("C"))
    assert Region(country="US").rename({"country": "C"}) == Region(country="US")
    assert region_name("台灣", "CN") == "台湾省"
    assert region_name("x", "CN") is None


def test_every_chinese_province_of_the_published_list_is_known(conformance):
    import csv

    with (conformance / "cn_divisions" / "provinces.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 31
    for row in rows:
        assert Region(country="CN").examine(row["name"]) == (), row["name"]


def test_every_city_and_district_of_the_published_list_can_be_a_city(conformance):
    import csv

    for name in ("cities", "areas"):
        with (conformance / "cn_divisions" / f"{name}.csv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                assert City().is_valid(row["name"]), row["name"]


def test_chinese_phones_by_their_own_plan():
    for prefix in ("134", "149", "166", "171", "175", "192", "198", "199"):
        assert ChineseMobile().is_valid(f"{prefix}00138000"), prefix
    assert fixed(ChineseMobile(), "(86) 138-0013-8000") == "+8613800138000"
    assert fixed(ChineseMobile(), "１３８００１３８０００") == "+8613800138000"
    assert ChineseMobile().examine("1380013800O")[0].fix == "+8613800138000"
    assert codes(ChineseMobile(), "11111111111") == ["placeholder"]
    assert codes(ChineseMobile(), "1380013800") == ["chinese_mobile_invalid"]
    assert fixed(ChineseLandline(), "010-62151234") == "+861062151234"
    assert fixed(ChineseLandline(), "+86 10 6215 1234 ext. 12") == "+861062151234 ext. 12"
    assert fixed(ChineseLandline(), "400-810-1234") == "+864008101234"
    assert codes(ChineseLandline(), "+864008101234") == []
    assert codes(ChineseLandline(), "62151234") == ["chinese_landline_invalid"]


def test_phones_of_a_type():
    assert codes(Phone(country="CN", types=["mobile"]), "+8613800138000") == []
    assert codes(Phone(country="CN", types="mobile"), "+861062151234") == ["phone_type"]
    assert codes(Phone(types=["mobile"]), "+12125550123"[:0] + "+12025550123") in ([], ["phone_invalid_international"])
    with pytest.raises(SchemaError, match="did you mean 'mobile'"):
        Phone(types=["mobil"])


def test_stages_and_statuses_of_common_systems_are_one_list():
    assert fixed(Choice.deal_stages(), "Closed Won") == "won"
    assert fixed(Choice.deal_stages(), "丢单") == "lost"
    assert fixed(Choice.lead_statuses(), "Open - Not Contacted") == "open"


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+b", "(a|a)*b", "(.*)*x", r"(\w+\s?)*$", "(?:a{1,50}){1,50}b", "(x+x+)+y", "(a?){30}a{30}", "(a*)*",
     r"^(([a-z])+.)+[A-Z]([a-z])+$", ".*.*.*.*.*.*.*a", "a" * 2000, "(", r"(a)(\1+)+"],
)  # fmt: skip
def test_patterns_that_could_take_for_ever_are_refused(pattern):
    with pytest.raises(SchemaError):
        Text(pattern=pattern)
    with pytest.raises(SchemaError):
        col("a").matches(pattern)


@pytest.mark.parametrize(
    ("pattern", "good"),
    [("[A-Z]{2}-[0-9]+", "AB-1"), ("[a-z]+(?:-[a-z]+)*", "a-b-c"), (r"\d+(\.\d+)?", "1.5"), ("[^@]+@[^@]+", "a@b"),
     ("(?:ab|cd)+", "abcd"), (r"(?:\w+\.)*\w+", "a.b.c"), ("(?:[a-z]+,)+", "a,b,"), (r"(?>a+)b", "aab"),
     (r"(?:\d{3}[ ]?){3}", "123 456 789")],
)  # fmt: skip
def test_everyday_patterns_are_taken_and_never_run_for_ever(pattern, good):
    match = compile_pattern(pattern, "it")
    assert match(good) is not None
    for char in "aA1.-@ ":
        match(char * 10_000 + "!")
        match(char * 400 + "!")
        match((good * 5000)[:9_999] + "!")


def test_names_of_streets_and_cities():
    assert codes(Street(), "1 High Street") == []
    assert codes(Street(), "https://example.com") == ["address_suspicious"]
    assert codes(Street(po_box=False), "PO Box 12, Springfield") == ["address_po_box"]
    assert codes(Street(), "=cmd|x") == ["formula"]
    assert codes(City(), "=cmd|x") == ["formula"]
    assert codes(City(), "Paris 75001") == ["city_suspicious"]
    assert fixed(City(), "  Paris ") == "Paris"
    with pytest.raises(NotFoundError):
        Schema("s", fields={"a": City()})["b"]


def test_shouted_names_have_a_quiet_form_that_is_never_sure():
    from crmkit.validators import PersonName

    check = PersonName()
    for typed, meant in (("JOHN SMITH", "John Smith"), ("O'BRIEN", "O'Brien"), ("MCDONALD", "McDonald"),
                         ("ANNA-LENA MÜLLER", "Anna-Lena Müller")):  # fmt: skip
        (finding,) = check.examine(typed)
        assert (finding.code, finding.fix, finding.confidence) == ("not_normalized", meant, 0.85)
        assert check.is_valid(typed)
    for fine in ("JR", "LI WEI", "王小明", "John Smith", "van der Berg"):
        assert check.examine(fine) == ()


def test_days_that_programs_put_in_for_no_day_are_no_days():
    from crmkit.validators import Date, DateTime

    assert codes(Date(), "1900-01-01") == ["date_default"]
    assert codes(DateTime(), "1900-01-01 00:00:00") == ["date_default"]
    assert codes(Date(), "1/1/1900") == ["date_default"]
    assert codes(Date(), "1900-01-02") == []
    assert codes(Date(after="1900-01-02"), "1900-01-01") == ["placeholder"]
    report = Schema("s", fields={"d": Date()}).check({"d": ["1900-01-01", "2024-05-17"]})
    assert [(issue.row, issue.code, issue.severity) for issue in report] == [(0, "date_default", "warning")]


def test_a_number_with_a_letter_in_it_is_never_sure():
    (finding,) = Phone().examine("+496943704l3")
    assert finding.confidence <= 0.8
    assert Phone().examine("+44 20 7946 0958 ext. 12")[0].confidence == 1.0
