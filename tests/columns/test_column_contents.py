from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from crmkit import columns, frames

R = random.Random(7)
GIVEN = ["Robert", "William", "Margaret", "Elizabeth", "James", "Thomas", "Susan", "Katherine", "Michael", "Daniel"]
FAMILY = ["Miller", "Okafor", "Garcia", "Novak", "Larsen", "Rossi", "Dubois", "Khan", "Tanaka", "O'Brien"]
HAN = ["王小明", "李雷", "韩梅梅", "张伟", "刘洋", "陈静", "杨帆", "赵敏", "黄磊", "欧阳娜娜", "周杰", "吴磊"]


def read(kind: str | None = None, **data: list[object]) -> columns.ColumnMap:
    return columns.recognize(frames.read(data), kind=kind)  # type: ignore[arg-type]


def emails(count: int = 20) -> list[object]:
    return [f"person{number}@example.com" for number in range(count)]


def mobiles(count: int = 20) -> list[object]:
    return [f"1{R.choice('356789')}{R.randrange(10)}{R.randrange(10**8):08d}" for _ in range(count)]


def test_a_column_of_addresses_is_an_email_column_whatever_its_name() -> None:
    found = read(foo=[*emails(16), "n/a", "none", "-", "see notes"], bar=list(range(20)))
    assert found.fields == {"foo": "email"}
    assert found.evidence == {"foo": "contents"}
    assert found.kind == "contact"


def test_under_four_fifths_is_no_email_column() -> None:
    assert not read(foo=[*emails(15), "n/a", "none", "-", "see notes", "ask"]).fields


def test_two_columns_of_addresses_are_the_first_and_second() -> None:
    assert read(foo=emails(), bar=emails()).fields == {"bar": "email", "foo": "email_2"}


def test_a_name_beats_contents() -> None:
    assert read(foo=emails(), email=emails()).fields == {"email": "email", "foo": "email_2"}


def test_chinese_mobiles_are_told_from_their_digits() -> None:
    assert read(foo=mobiles()).fields == {"foo": "mobile"}
    assert read(foo=[int(str(number)) for number in mobiles()]).fields == {"foo": "mobile"}
    assert read(foo=[f"138-0013-{8000 + number}" for number in range(20)]).fields == {"foo": "mobile"}


@pytest.mark.parametrize(
    "numbers",
    [
        [f"(212) 555-01{number:02d}" for number in range(20)],
        [f"212-555-01{number:02d} x{number}" for number in range(20)],
        [f"+1 212 555 01{number:02d}" for number in range(20)],
        [f"+44 20 7946 0{number:03d}" for number in range(20)],
        [f"010-8888{number:04d}" for number in range(20)],
        [f"555-01{number:02d}" for number in range(20)],
    ],
)
def test_phones_are_told_from_how_they_are_written(numbers: list[object]) -> None:
    assert read(foo=numbers, bar=emails()).fields == {"foo": "phone", "bar": "email"}


@pytest.mark.parametrize(
    "values",
    [
        [13_800_138_000 + number for number in range(200)],  # ids that count up through a mobile prefix
        [str(2_125_550_100 + number) for number in range(100)],
        [R.randrange(10**9, 10**10) for _ in range(200)],
        [R.randrange(10**10, 10**11) for _ in range(200)],
        [1_700_000_000_000 + R.randrange(10**9) for _ in range(200)],  # milliseconds
        [1_700_000_000 + R.randrange(10**6) for _ in range(200)],  # seconds
        [f"{R.randrange(10**3):03d}-{R.randrange(10**2):02d}-{R.randrange(10**4):04d}" for _ in range(200)],
        [f"192.0.2.{number}" for number in range(200)],
        [f"{R.randrange(1000)}.{R.randrange(100):02d}" for _ in range(200)],
        [f"INV-{R.randrange(10**7):07d}" for _ in range(200)],
        [(date(2020, 1, 1) + timedelta(days=number)).isoformat() for number in range(200)],
        [f"{R.randrange(16**32):032x}" for _ in range(200)],
        [True, False] * 50,
        [R.random() for _ in range(200)],
        list(range(1, 201)),
        [R.randrange(10_000, 99_999) for _ in range(200)],
    ],
)
def test_ids_amounts_and_moments_get_no_field(values: list[object]) -> None:
    assert not read(foo=values).fields
    assert not read(foo=values, email=["x@example.com"] * len(values)).fields.keys() - {"email"}


def test_days_of_birth_spread_over_a_generation() -> None:
    days = [date(1940, 1, 1) + timedelta(days=R.randrange(24_000)) for _ in range(100)]
    assert read(foo=days, email=emails(100)).column("birth_date") == "foo"
    assert read(foo=[f"{day.year}年{day.month}月{day.day}日" for day in days]).column("birth_date") == "foo"
    assert read(foo=[day.strftime("%Y%m%d") for day in days]).column("birth_date") == "foo"
    assert read("account", foo=days).column("birth_date") is None


def test_websites_and_domains() -> None:
    assert read(foo=[f"https://www.example.com/{n}" for n in range(9)], site_name=["a"] * 9).column("website") == "foo"
    assert read(foo=[f"site{n}.example.org" for n in range(9)], site_name=["a"] * 9).column("domain") == "foo"


def test_company_names_are_told_by_their_legal_forms() -> None:
    forms = ["Ltd", "GmbH", "Inc.", "LLC", "S.p.A.", "AG", "PLC", "B.V.", "Corp", "K.K."]
    names = [f"{family} {form}" for family, form in zip(FAMILY, forms, strict=True)]
    assert read(foo=names).fields == {"foo": "name"}
    assert read(foo=names).kind == "account"
    assert read(foo=names, first_name=GIVEN).fields["foo"] == "company_name"
    chinese = [f"示例{char}科技有限公司" for char in "甲乙丙丁戊己庚辛"]
    assert read(foo=chinese).fields == {"foo": "name"}


def test_a_name_column_that_holds_companies_is_a_list_of_accounts() -> None:
    names = [f"{family} Ltd" for family in FAMILY]
    found = read(name=names, email=emails(10), phone=["555-0100"] * 10)
    assert found.kind == "account"
    assert found.fields["name"] == "name"
    persons = [f"{given} {family}" for given, family in zip(GIVEN, FAMILY, strict=True)]
    found = read(name=persons, email=emails(10), phone=["555-0100"] * 10)
    assert found.kind == "contact"
    assert found.fields["name"] == "full_name"


def test_names_of_persons_need_known_names() -> None:
    persons = [f"{given} {family}" for given, family in zip(GIVEN, FAMILY, strict=True)]
    assert read(foo=persons, email=emails(10)).fields["foo"] == "full_name"
    assert read(foo=HAN).fields == {"foo": "full_name"}
    products = ["Blue Widget", "Red Widget", "Large Gadget", "Small Gadget", "Steel Bolt", "Brass Nut"]
    assert not read(foo=products).fields
    words = ["已成交", "未成交", "跟进中", "待处理", "已转换", "进行中", "无效的", "北京市", "上海市", "四川省"]
    assert not read(foo=words).fields


def test_postcodes_need_a_table_with_places() -> None:
    codes = [f"{R.randrange(501, 99950):05d}" for _ in range(50)]
    assert read(foo=codes, city=["Springfield"] * 50, email=emails(50)).column("postal_code") == "foo"
    assert read(foo=codes, email=emails(50)).column("postal_code") is None
    amounts = [str(100 * R.randrange(100, 999)) for _ in range(50)]
    assert read(foo=amounts, city=["Springfield"] * 50).column("postal_code") is None
    orders = [str(10_000 + number) for number in range(50)]
    assert read(foo=orders, city=["Springfield"] * 50).column("postal_code") is None


def test_countries_by_name_and_never_by_two_letters_alone() -> None:
    assert read(foo=["Germany", "France", "中国", "USA", "Japan"] * 4, email=emails()).column("country") == "foo"
    assert read(foo=["CA", "DE", "IN", "CO", "AL"] * 4, email=emails()).column("country") is None


def test_chinese_company_codes_and_citizens_numbers() -> None:
    codes = [f"91110108MA{R.randrange(10**8):08d}" for _ in range(10)]
    assert read("account", foo=codes).fields == {"foo": "registration_id"}

    def citizen(number: int) -> str:
        body = f"110101{1950 + number}0307{number:03d}"
        return body + "10X98765432"[sum(int(d) * pow(2, 17 - i, 11) for i, d in enumerate(body)) % 11]

    assert read(foo=[citizen(number) for number in range(20)]).fields == {"foo": "national_id"}
    assert not read(foo=[f"{R.randrange(10**17, 10**18)}" for _ in range(50)]).fields


def test_a_title_that_is_a_form_of_address_is_no_job() -> None:
    found = read(first_name=GIVEN, title=["Mr", "Ms.", "Dr", None, "mrs", "Mr", "Mr", "Ms", "Prof.", "Dr"])
    assert found.fields["title"] == "prefix"
    assert found.evidence["title"] == "contents"
    found = read(first_name=GIVEN, title=["Engineer", "Buyer"] * 5)
    assert found.fields["title"] == "job_title"


def test_a_state_that_is_open_or_closed_is_no_place() -> None:
    assert read(first_name=["a"] * 4, state=["open", "closed", "Open", "won"]).fields["state"] == "status"
    assert read(first_name=["a"] * 4, state=["nsw", "vic", "qld", "sa"]).fields["state"] == "region"


def test_a_column_that_a_header_names_is_not_looked_into() -> None:
    found = read(**{"first name": GIVEN, "manager email": emails(10)})
    assert found.traps == {"manager email": "superior"}
    assert "manager email" not in found.fields


def test_empty_and_odd_columns_do_not_disturb() -> None:
    found = read(a=[None] * 6, b=["", " ", "\ufeff", "\u200b", "\x00", None], c=[[1], {2: 3}, None, b"x", object(), 1j])
    assert not found.fields
    assert read(a=["\ud800", "x" * 100_000, "@" * 1_000, "1" * 5_000, "中" * 1_000]).fields == {}


def test_a_header_only_table_is_recognised_by_its_names() -> None:
    assert read(email=[], phone=[]).fields == {"email": "email", "phone": "phone"}
