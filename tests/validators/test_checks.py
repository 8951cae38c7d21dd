"""Each check on the values it is for, right ones, wrong ones and those in between."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import crmkit.validators
from crmkit.errors import SchemaError
from crmkit.issues import catalog_codes, message
from crmkit.validators import (
    URL,
    Blank,
    Choice,
    CompanyName,
    Country,
    Date,
    DateTime,
    Email,
    Money,
    Number,
    PersonName,
    Phone,
    Postcode,
    Required,
    Schema,
    Skipped,
    Text,
    all_of,
    any_of,
    col,
    optional,
    present,
)  # fmt: skip


def said(check, text, context=()):
    verdict = check.examine(text, context)
    if isinstance(verdict, Skipped):
        return verdict.reason
    return [(finding.code, finding.fix) for finding in verdict]


@pytest.mark.parametrize(
    ("check", "text", "wanted"),
    [
        (Email(), "a@b.example", []),
        (Email(), "a@b.example; c@d.example", [("email_several", None)]),
        (Email(), "无", [("placeholder", None)]),
        (Email(), "a@gmail,com", [("email_invalid", "a@gmail.com")]),
        (Phone(), "+86 138 0013 8000", [("not_normalized", "+8613800138000")]),
        (Phone(), "138 0013 8000", "country_missing"),
        (Phone(), "call me", [("phone_invalid_international", None)]),
        (Phone(), "+123", [("phone_invalid_international", None)]),
        (Phone(country="CN"), "010-62345678 ext. 12", [("not_normalized", "+861062345678 ext. 12")]),
        (Phone(country="CN"), "+861062345678 ext. 12", []),
        (Phone(country="CN"), "010-62345678-801", [("not_normalized", "+861062345678 ext. 801")]),
        (Phone(country="CN"), "62345678", [("phone_local", None)]),
        (Phone(country="CN"), "1.38E+10", [("phone_lossy", None)]),
        (Phone(country="CN"), "00000000", [("placeholder", None)]),
        (Phone(country="CN"), "13800138000/13900139000", [("phone_several", None)]),
        (Phone(country="US"), "8613800138000", [("phone_invalid", "+8613800138000")]),
        (Country(), "CN", []),
        (Country(), "n/a", [("placeholder", None)]),
        (Postcode(country="US"), "2134", [("postcode_invalid", "02134")]),
        (Postcode(country="AE"), "123", "country_without_codes"),
        (Postcode(), "123", "country_missing"),
        (Postcode(country="GB"), "无", [("placeholder", None)]),
        (Date(), "2024-03-05", []),
        (Date(), "3/4/2024", [("date_ambiguous", None)]),
        (Date(), "2023-02-29", [("date_invalid", None)]),
        (Date(), "0000-01-01", [("date_invalid", None)]),
        (Date(), "9999-12-31", []),
        (Date(before="2020-01-01"), "9999-12-31", [("too_late", None)]),
        (Date(), "2024-03-05 00:00", [("not_normalized", "2024-03-05")]),
        (Date(), "5 Mar 2024 14:30", [("not_normalized", "2024-03-05T14:30:00")]),
        (Date(), "-", [("placeholder", None)]),
        (DateTime(), "2024-03-05T25:00", [("datetime_invalid", None)]),
        (DateTime(), "2024-03-05T14:30:00.250+08:00", []),
        (DateTime(), "5 Mar 2024 2:30 PM +0800", [("not_normalized", "2024-03-05T14:30:00+08:00")]),
        (DateTime(), "1709649000000", [("not_normalized", "2024-03-05T14:30:00Z")]),
        (DateTime(after=datetime(2024, 3, 5, 12, tzinfo=UTC)), "2024-03-05T11:00:00Z", [("too_early", None)]),
        (DateTime(after=datetime(2024, 3, 5, 12, tzinfo=UTC)), "2024-03-05T13:00:00Z", []),
        (Number(ge=1, le=5), "6", [("too_large", None)]),
        (Number(), "EUR 5", [("number_invalid", None)]),
        (Number(), "1,234", [("not_normalized", "1234")]),
        (Money(currency="CNY"), "EUR 5", [("currency_unexpected", None), ("not_normalized", "5 EUR")]),
        (Money(currency="EUR"), "$5", [("currency_unexpected", None)]),
        (Money(), "n/a", [("placeholder", None)]),
        (Money(), "USD 1,000", [("not_normalized", "1000 USD")]),
        (Number(), "$5", [("number_invalid", None)]),
        (Choice(["won"]), "n/a", [("placeholder", None)]),
        (Choice(["closed won", "closed lost"]), "closed wom", [("choice_unknown", "closed won")]),
        (Choice(["closed won", "closed lost"]), "closed", [("choice_unknown", None)]),
        (URL(), "https://b\u00fccher.example/a?b#c", []),
        (URL(), "ftp://example.com", [("url_invalid", None)]),
        (URL(), "user@example.com", [("url_invalid", None)]),
        (URL(), "http://example.com:99999", [("url_invalid", None)]),
        (URL(), "http://1.2.3.4:80/x", []),
        (URL(), "1.2.3", [("url_invalid", None)]),
        (URL(), "http//example.com", [("url_invalid", "http://example.com")]),
        (PersonName(), "http://x.example", [("name_suspicious", None)]),
        (PersonName(), "Mary-Jane O'Neil", []),
        (PersonName(), "????", [("placeholder", None)]),
        (PersonName(), "+49 30 123456", [("name_is_phone", None)]),
        (PersonName(), "13800138000", [("name_is_phone", None)]),
        (PersonName(), "0000", [("placeholder", None)]),
        (CompanyName(), "360", []),
        (CompanyName(), "12345678", [("placeholder", None)]),
        (Text(min_length=3), "ab", [("too_short", None)]),
        (Text(), "a\ufffdb", [("text_damaged", None)]),
        (Text(), "锟斤拷", [("text_damaged", None)]),
        (PersonName(), "å¼ ä¸‰", [("text_damaged", "张三")]),
        (CompanyName(), "阿里巴巴（中国）有限公司", []),
        (Text(), "a\nb", [("not_normalized", "a b")]),
        (Text(multiline=True), "a \nb\n", [("not_normalized", "a\nb")]),
        (~Email(), "a@b.example", [("excluded", None)]),
        (~Phone(), "13800138000", "country_missing"),
        (Email() | Phone(), "13800138000", "country_missing"),
        (Required() & Phone(country=col("c")), "x1", [("phone_invalid_international", None)]),
    ],
    ids=repr,
)
def test_what_a_check_says(check, text, wanted):
    context = (None,) * len(check.references)
    assert said(check, text, context) == wanted


@pytest.mark.parametrize(
    ("text", "currency", "country", "form", "confidence"),
    [
        ("￥1,000.5", None, None, "¥1000.5", 1.0),
        ("1.2万元", None, None, "12000元", 1.0),
        ("¥1000", "JPY", None, "1000 JPY", 1.0),
        ("¥1000", None, "CN", "1000 CNY", 0.97),
        ("1000元", None, "TW", "1000 TWD", 0.97),
        ("$1000", None, "US", "1000 USD", 0.97),
        ("$1000", None, "CA", "1000 CAD", 0.8),
        ("$1,000", None, "DE", "$1000", 0.9),
        ("¥1000元", None, None, "1000 CNY", 1.0),
        ("-$ 1000", None, None, "-$1000", 1.0),
        ("5 000 kr", "SEK", "NO", "5000 SEK", 1.0),
    ],
)
def test_a_shared_sign_becomes_a_currency_only_where_the_row_settles_which(text, currency, country, form, confidence):
    check = Money(currency=col("currency"), country=col("country"))
    (finding,) = check.examine(text, (currency, country))
    assert (finding.fix, finding.confidence) == (form, confidence)
    assert check.examine(form, (currency, country)) == ()


def test_a_sign_that_nothing_settles_is_right_as_it_stands():
    check = Money(currency=col("currency"))
    assert all(check.examine(text, (None,)) == () for text in ("$1000", "¥1000", "1000元", "5 kr", "1000"))


def test_an_amount_that_contradicts_the_currency_of_its_row_is_told():
    check = Money(currency=col("currency"))
    assert said(check, "$5", ("CNY",)) == [("currency_unexpected", None)]
    assert said(check, "EUR 5", ("USD",)) == [("currency_unexpected", None), ("not_normalized", "5 EUR")]
    assert said(check, "5", ("USD",)) == []


def test_a_currency_is_a_code_or_a_column():
    assert Money(currency="人民币").currency == "CNY"
    with pytest.raises(SchemaError, match="no currency 'doubloons'"):
        Money(currency="doubloons")


@pytest.mark.parametrize(
    ("text", "fix", "confidence"),
    [
        ("15.06.85", "1985-06-15", 1.0),
        ("15.06.26", "2026-06-15", 0.8),
        ("05-13-12", "2012-05-13", 0.8),
        ("15.12.26", "1926-12-15", 0.9),
        ("15.06.27", "1927-06-15", 0.9),
        ("1 May 68", "1968-05-01", 0.9),
        ("15.06.1985", "1985-06-15", 1.0),
    ],
)
def test_two_digits_of_a_birth_year_lie_in_the_past(text, fix, confidence):
    check = Date(after="1900-01-02", before="2026-11-28")
    (finding,) = check.examine(text)
    assert (finding.code, finding.fix, finding.confidence) == ("not_normalized", fix, confidence)


def test_without_bounds_a_century_is_a_choice():
    assert [finding.confidence for finding in Date().examine("15.06.24")] == [0.9]
    recent = DateTime(after="1970-01-01", before="2026-11-28")
    assert [finding.confidence for finding in recent.examine("3/15/24 10:00")] == [1.0]
    assert said(Date(after="2030-01-01", before="2040-01-01"), "15.06.24")[0][0] == "too_early"


@pytest.mark.parametrize("text", ["1900-01-01", "01.01.1900", "1111-11-11"])
def test_days_that_stand_for_none_are_placeholders(text):
    check = Date(after="1900-01-02", before="2026-11-28")
    assert said(check, text) == [("placeholder", None)]
    assert said(check, "1899-05-05") == [("too_early", None)]


def test_phones_read_the_country_of_their_row():
    check = Phone(country=col("country"), default="CN")
    assert said(check, "(312) 555-0123", ("US",)) == [("not_normalized", "+13125550123")]
    confidences = [check.examine("13800138000", (country,))[0].confidence for country in ("CN", None, "")]
    assert confidences == [0.99, 0.95, 0.95]
    assert said(Phone(country=col("country")), "13800138000", ("",)) == "country_invalid"
    assert said(Postcode(country=col("country")), "200000", ("",)) == "country_invalid"


def test_missing_values_concern_only_the_checks_that_are_about_them():
    for check, wanted in [
        (Required(), False), (Blank(), True), (Email(), True), (~Required(), True), (Required() | Blank(), True),
        (Required() & Email(), False), (~Blank(), False), (Email() & Text(), True), (Blank() & Text(), True),
    ]:  # fmt: skip
        assert check.is_valid(None) == wanted, check
        assert check.is_valid("  ") == wanted, check


def test_optional_takes_the_demand_away():
    assert optional(Required() & Email()) == Email()
    assert optional((Required() & Email() & Text()).warn()) == (Email() & Text()).warn()
    with pytest.raises(SchemaError, match="checks nothing"):
        optional(Required())
    with pytest.raises(SchemaError, match="checks nothing"):
        optional(Required().warn())


def test_wrong_use_is_told_at_once():
    for wrong in (
        lambda: Phone(country="Atlantis"),
        lambda: Phone(default=col("country")),
        lambda: Text(pattern="("),
        lambda: col("a").matches("("),
        lambda: Date(after="soon"),
        lambda: Number(ge="many"),
        lambda: any_of(Email(), present("a")),
        lambda: all_of(),
        lambda: col("a") == None,  # noqa: E711 - that is what is tested
    ):
        with pytest.raises(SchemaError):
            wrong()
    schema = Schema("s", fields={"a": Text().when(col("a") < "soon")})
    with pytest.raises(SchemaError, match="have an order"):
        schema.check({"a": ["x"]})


def test_now_is_the_runs_clock():
    schema = Schema("s", fields={"d": Date(before="now")})
    early = schema.check({"d": ["2024-03-05"]}, now=lambda: datetime(2024, 3, 4, tzinfo=UTC))
    late = schema.check({"d": ["2024-03-05"]}, now=lambda: datetime(2024, 3, 5, 9, tzinfo=UTC))
    assert [issue.code for issue in early] == ["too_late"]
    assert late.ok
    assert Date(before="now").is_valid("2020-01-01")


def test_native_dates_and_numbers_have_no_written_form_to_object_to():
    schema = Schema("s", fields={"d": Date(), "n": Number(ge=2)})
    report = schema.check([{"d": date(2024, 3, 5), "n": 7.0}, {"d": date(2024, 3, 5), "n": 1}])
    assert [(issue.row, issue.code) for issue in report] == [(1, "too_small")]


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        (col("c") == "CN", [True, False, False, False]),
        (col("c") != "CN", [False, True, True, False]),
        (col("c", normalize="country") == "CN", [True, True, False, False]),
        (~(col("c") == "CN"), [False, True, True, True]),
        (col("n") >= 10, [True, False, False, False]),
        (col("n") < "2.5", [False, True, False, False]),
        (col("d") > date(2024, 1, 1), [False, True, False, False]),
        (col("c").isin("CN", "US") & present("n"), [True, False, False, False]),
        ((col("c") == "US") | (col("n") == 2), [False, True, True, False]),
        (col("c").matches("[A-Z]+"), [True, False, True, False]),
        (col("c").present(), [True, True, True, False]),
        (col("d") <= "2024-01-01", [True, False, False, False]),
        (col("n") > 1, [True, True, False, False]),
    ],
    ids=repr,
)
def test_conditions_on_rows(condition, wanted):
    from crmkit.frames import read
    from crmkit.validators._reading._columns import Columns

    table = {"c": ["CN", "中国", "US", None], "n": [10, 2, None, " "], "d": ["2024-01-01", "2024-01-02", "x", None]}
    assert condition.mask(Columns(read(table))).tolist() == wanted


@pytest.mark.parametrize("text", ["none@none.com", "noemail@noemail.com", "na@na.com", "test@test.com"])
def test_an_address_that_stands_for_none_is_reported_as_placeholder(text: str) -> None:
    one = Email().examine(text)
    assert [finding.code for finding in one] == ["placeholder"]
    assert Email().examine_many([text], [()]) == {0: one}


def test_a_postcode_that_became_a_number_is_asked_about():
    for text, country, meant in (("2139.0", "US", "02139"), ("1067.0", "DE", "01067")):
        (finding,) = Postcode(country=country).examine(text)
        assert (finding.code, finding.fix) == ("postcode_invalid", meant)
        assert finding.confidence < 0.95


def test_a_number_without_trunk_prefix_is_no_sure_number_of_an_open_plan():
    (finding,) = Phone(country=col("country")).examine("(212) 736-5000", ("DE",))
    assert finding.confidence < 0.95
    (finding,) = Phone(country=col("country")).examine("(212) 736-5000", ("US",))
    assert finding.confidence == 0.99


def test_a_chinese_mobile_without_country_is_not_called_american():
    assert said(Phone(), "17012345678") == "country_missing"


def test_damaged_text_is_repaired_before_blanks_are_tidied():
    (finding,) = PersonName().examine("å¼\xa0ä¼Ÿ")
    assert (finding.code, finding.fix) == ("text_damaged", "张伟")


def test_dates_of_a_column_with_one_odd_date_are_not_read_with_certainty():
    slashes = ["03/04/1981", "05/06/1982"]
    assert Date().learn([*slashes, "04.03.1979"]).examine(slashes[0])[0].code == "date_ambiguous"
    few = Date().learn([*slashes, "13/06/1982"])
    assert few.examine(slashes[0])[0].confidence == 0.8
    several = Date().learn([*slashes, "13/06/1982", "14/06/1982", "15/06/1982"])
    assert several.examine(slashes[0])[0].confidence == 0.98


def test_every_code_that_a_check_gives_has_a_message_in_both_languages():
    folder = Path(crmkit.validators.__file__).parent
    source = "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("_*.py"))
    used = set(re.findall(r'(?:Finding|failed)\(\s*"(\w+)"|code=\["(\w+)"', source))
    codes = {name for pair in used for name in pair if name}
    assert len(codes) > 20
    assert codes <= set(catalog_codes())
    assert all(message(code, {}, lang="en") != message(code, {}, lang="zh") for code in codes)
