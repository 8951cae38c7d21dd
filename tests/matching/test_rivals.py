"""People who agree on much and are not one: what a matcher must not join."""

from __future__ import annotations

import pytest

from crmkit.matching import Matcher
from crmkit.testing import generate

HOME = {"phone": "+1 503 555 0147", "street": "12 Orchard Lane", "city": "Portland"}


@pytest.fixture(scope="module")
def crowd():
    columns = generate.contacts(1_500, seed=11).columns
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def labels_among(crowd, *people):
    """Labels of some people put into a file of others."""
    names = dict.fromkeys([*(crowd[0] if crowd else ()), *(name for person in people for name in person)])
    rows = [*crowd, *({"id": f"x{k}", **person} for k, person in enumerate(people))]
    labels = Matcher.contacts().dedupe([{name: row.get(name) for name in names} for row in rows]).labels
    return labels[-len(people) :].tolist()


def person(given, family, **fields):
    return {"given_name": given, "family_name": family, **fields}


def test_placeholder_addresses_join_nobody(crowd):
    people = [person("Ann", "Marlow"), person("Ann", "Smith"), person("Anna", "Smithers")]
    found = labels_among(crowd, *(one | {"email": "none@none.com"} for one in people))
    assert len(set(found)) == 3


def test_a_desk_without_a_name_joins_nobody():
    desk = {"email": "info@acmecorp.example", "company_name": "Acme"}
    people = [person("Ann", "Foxhole", **desk), person("Bob", "Raybourn", **desk), person(None, None, **desk)]
    first, second, _ = labels_among([], *people)
    assert first != second
    assert len(set(labels_among([], *people[:2]))) == 2


def test_the_desk_of_one_person_still_counts_where_the_names_agree():
    desk = {"email": "info@acmecorp.example", "company_name": "Acme", "phone": "+1 503 555 0147"}
    found = labels_among([], person("Ann", "Foxhole", **desk), person("Ann", "Foxhole", **desk), person("Bo", "Berg"))
    assert found[0] == found[1]


def test_values_of_any_length_are_compared():
    long = "a@" * 5_000
    rows = [
        {"id": "1", "last_name": "y", "email": long, "street": long, "company": long},
        {"id": "2", "last_name": "y", "email": long + "x", "street": long + "x", "company": long + "x"},
    ]
    assert len(Matcher.contacts().dedupe(rows).labels) == 2  # nothing here may take the square of a length


def test_a_couple_with_one_mailbox_stays_two(crowd):
    home = HOME | {"email": "publicovers@home.example"}
    first, second = labels_among(crowd, person("Robert", "Publicover", **home), person("Susan", "Publicover", **home))
    assert first != second


def test_two_names_that_people_bear_are_no_typing_error(crowd):
    first, second = labels_among(crowd, person("Tom", "Publicover", **HOME), person("Tim", "Publicover", **HOME))
    assert first != second


@pytest.mark.parametrize(("first", "second"), [("Duncan", "Pamela"), ("Oliver", "Sophie"), ("Thomas", "Martin")])
def test_twins_who_differ_in_nothing_but_a_name_are_in_doubt(crowd, first, second):
    home = HOME | {"birth_date": "1987-05-14"}
    twins = [{"id": f"x{k}", **person(name, "Publicover", **home)} for k, name in enumerate((first, second))]
    names = dict.fromkeys([*crowd[0], *twins[0], *twins[1]])
    report = Matcher.contacts().dedupe([{name: row.get(name) for name in names} for row in [*crowd, *twins]])
    assert 0.2 < report.explain("x0", "x1").match_probability < 0.8


def test_one_person_of_a_household_is_still_found_by_her_birth_date(crowd):
    home = HOME | {"birth_date": "1987-05-14"}
    one, two = labels_among(crowd, person("Pamela", "Publicover", **home), person("Pamella", "Publicover", **home))
    assert one == two


def test_firms_behind_one_switchboard_stay_apart_where_the_file_has_offices_of_many_firms():
    columns = {name: list(values) for name, values in generate.accounts(1_500, seed=5).columns.items()}
    firms = ["Magnarun Machinery", "Crystal Light Hospitality", "Umbra Freight", "Northgate Dental", "Pinewood Legal"]
    office = {"street": "16 Park Boulevard", "city": "Seattle", "postal_code": "98170", "phone": "+1 206 437 0915"}
    for k, name in enumerate(firms):
        row = office | {"id": f"x{k}", "name": name, "country": "US", "region": "WA"}
        for column, values in columns.items():
            values.append(row.get(column))
    labels = Matcher.accounts().dedupe(columns).labels[-len(firms) :]
    assert len(set(labels.tolist())) == len(firms)


def test_an_initial_does_not_join_two_members_of_a_household(crowd):
    people = (person(given, "Publicover", **HOME) for given in ("J.", "Jane", "John"))
    _, second, third = labels_among(crowd, *people)
    assert second != third


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (person("John Q", "Public Jr."), person("John Q", "Public Sr.")),
        (person("John Q", "Public", suffix="Jr."), person("John Q", "Public", suffix="Sr.")),
        (person("John Q", "Public Jr.", birth_date="1980-01-04"), person("John Q", "Public", suffix="III")),
    ],
)
def test_a_generation_tells_namesakes_of_one_house_apart(crowd, first, second):
    found = labels_among(crowd, HOME | first | {"email": "jr7@a.example"}, HOME | second | {"email": "old9@b.example"})
    assert found[0] != found[1]


def test_an_equal_generation_does_not_part_one_person(crowd):
    mail = {"email": "jqpublic@a.example"}
    first = HOME | mail | person("John", "Public, Junior")
    assert len(set(labels_among(crowd, first, HOME | mail | person("John", "Public", suffix="Jr.")))) == 1


@pytest.mark.parametrize("alone", [False, True])
def test_a_name_alone_joins_nobody(crowd, alone):
    found = labels_among([] if alone else crowd, *[person("Maria", "Garcia")] * 2, person("Bo", "Berg"))
    assert len(set(found)) == 3


@pytest.mark.parametrize("others", [0, 8, 18, 48])
@pytest.mark.parametrize("with_email", [True, False])
def test_namesakes_whose_every_contact_differs_stay_apart_in_a_file_of_any_size(others, with_email):
    people = [
        {"id": "1", "name": "Ann Lee", "email": "ann.lee@acme.example", "phone": "+12125550123", "company": "Acme"},
        {"id": "2", "name": "Ann Lee", "email": "ann.lee@globex.example", "phone": "+13105550188", "company": "Globex"},
    ]
    given, family = ("Bob", "Carol", "Dan", "Eve", "Frank", "Grace"), ("Stone", "Reed", "Hill", "Marsh", "Wood", "Kerr")
    for n in range(others):
        name = f"{given[n % 6]} {family[n // 6 % 6]}son{n // 36}"
        people.append({
            "id": str(10 + n), "name": name, "email": f"{name.lower().replace(' ', '.')}@c{n}.example",
            "phone": f"+1415555{n:04d}", "company": f"Company {n}",
        })  # fmt: skip
    if not with_email:
        people = [{key: value for key, value in person.items() if key != "email"} for person in people]
    labels = Matcher.contacts().dedupe(people).labels
    assert labels[0] != labels[1]


def test_four_chinese_namesakes_with_four_mobiles_and_employers_are_four_people():
    employers = ("北京华信科技有限公司", "上海大众汽车有限公司", "深圳南方贸易有限公司", "广州海珠商贸有限公司")
    people = [
        {"id": str(n), "姓名": "张伟", "手机": f"13{n}0013800{n}", "公司": company}
        for n, company in enumerate(employers)
    ]
    assert len(set(Matcher.contacts().dedupe(people).labels.tolist())) == 4


SMALL = [
    ({"姓名": "陈强", "手机": "13851972594", "邮箱": "cq@baidu.example", "公司": "百度", "城市": "北京"},
     {"姓名": "刘强", "手机": "18667680100", "邮箱": "lq@tencent.example", "公司": "腾讯", "城市": "北京"}),
    ({"Name": "Bob Stone", "Mobile": "+1 212 732 4134", "Email": "bob@globex.example", "City": "Boston"},
     {"Name": "Bob Hill", "Mobile": "+1 415 861 9978", "Email": "rhill@initech.example", "City": "Boston"}),
    ({"Name": "Ann Lee", "Mobile": "+1 212 732 4134", "Email": "ann.lee@globex.example", "City": "Boston"},
     {"Name": "Ann Lee", "Mobile": "+1 415 861 9978", "Email": "ale77@initech.example", "City": "Boston"}),
    ({"Name": "Ann Lee", "Mobile": "+1 212 732 4134", "Email": "ann.lee@globex.example", "Zip": "02110"},
     {"Name": "Ann Lee", "Mobile": "+1 415 861 9978", "Email": "ale77@initech.example", "Zip": "02110"}),
    ({"Name": "Tom Lee", "Birthday": "1950-02-03", "Phone": "+1 212 555 0131", "Street": "1 Main St"},
     {"Name": "Tom Lee", "Birthday": "1980-09-13", "Phone": "+1 212 555 0131", "Street": "1 Main St"}),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SMALL)
def test_a_file_of_two_learns_nothing_from_its_one_pair(one, other):
    assert len(set(Matcher.contacts().dedupe([one, other]).labels.tolist())) == 2


@pytest.mark.parametrize(
    "change", [{}, {"Name": "Robert Stone"}, {"Mobile": "+1 212 732 4135"}, {"Email": None}, {"City": "Cambridge"}]
)
def test_a_file_of_two_still_finds_its_duplicate(change):
    one = {"Name": "Bob Stone", "Mobile": "+1 212 732 4134", "Email": "bob@globex.example", "City": "Boston"}
    assert len(set(Matcher.contacts().dedupe([one, one | change]).labels.tolist())) == 1
