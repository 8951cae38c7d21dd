from __future__ import annotations

import numpy as np
import pytest

from crmkit import frames
from crmkit.errors import SchemaError
from crmkit.matching import (
    FirstSeen,
    Longest,
    Matcher,
    Members,
    MostComplete,
    MostFrequent,
    MostRecent,
    Newest,
    Oldest,
    RefusalWins,
    SurvivorsOwn,
    TrustedSource,
    WellFormed,
)
from crmkit.records import RecordSet
from crmkit.testing import generate

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

PEOPLE = {
    "id": ["a", "b", "c", "d"],
    "given_name": ["R.", "Robert", "Robert", "Mei"],
    "family_name": ["Stone", "Stone", "Stone", "Chen"],
    "email": ["robert.stone@example.org", "robert.stone@example.org", "bob@example.net", "mei@example.com"],
    "email_2": [None, None, None, None],
    "phone": ["+12025550123", "+12025550123", "+12025550123", None],
    "street": ["1 Main Street", None, "2 Oak Avenue", "9 Elm Road"],
    "city": ["Springfield", "Shelbyville", "Capital City", "Ogdenville"],
    "postal_code": ["62701", None, "62999", "11111"],
    "birth_date": ["1980-05-01", None, "1980-05-01", "1991-01-01"],
    "system": ["web", "erp", "web", "web"],
    "created_at": ["2020-01-01T00:00:00Z", "2019-01-01T00:00:00Z", "2021-01-01T00:00:00Z", "2020-01-01T00:00:00Z"],
    "updated_at": ["2022-01-01T00:00:00Z", "2021-01-01T00:00:00Z", "2024-01-01T00:00:00Z", "2020-01-01T00:00:00Z"],
}


@pytest.fixture(scope="module")
def report():
    found = Matcher.contacts().dedupe(PEOPLE)
    assert found.clusters["cluster_id"] == [0, 0, 0, 1]
    return found


def golden_of(report, **survivorship):
    golden, log = report.merge(survivorship=survivorship)
    assert log.revert(golden) == PEOPLE
    return {name: values[0] for name, values in golden.items()}


def test_a_golden_record_takes_each_value_by_the_rule_of_its_field(report):
    one = golden_of(report)
    assert one["given_name"] == "Robert"
    assert one["created_at"] == "2019-01-01T00:00:00Z"
    assert one["updated_at"] == "2024-01-01T00:00:00Z"
    assert one["birth_date"] == "1980-05-01"
    assert one["id"] in {"a", "b", "c"}


def test_an_address_comes_whole_from_one_record(report):
    one = golden_of(report)
    rows = list(zip(PEOPLE["street"], PEOPLE["city"], PEOPLE["postal_code"], strict=True))
    assert (one["street"], one["city"], one["postal_code"]) in rows[:3]
    assert one["street"] is not None


def test_a_second_address_is_kept_where_there_is_a_column_for_it(report):
    one = golden_of(report)
    assert one["email"] == "bob@example.net"
    assert one["email_2"] == "robert.stone@example.org"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (MostFrequent(), "robert.stone@example.org"),
        (MostRecent(), "bob@example.net"),
        (MostRecent("created_at"), "bob@example.net"),
        (Longest(), "robert.stone@example.org"),
        (FirstSeen(), "robert.stone@example.org"),
        ((TrustedSource("system", ["erp", "web"]), FirstSeen()), "robert.stone@example.org"),
        ((TrustedSource("system", ["web"]), MostRecent()), "bob@example.net"),
    ],
)
def test_a_rule_given_for_a_column_decides_there(report, rule, expected):
    assert golden_of(report, email=rule)["email"] == expected


def test_rules_about_the_value_itself_and_about_the_record(report):
    assert golden_of(report, updated_at=Oldest())["updated_at"] == "2021-01-01T00:00:00Z"
    assert golden_of(report, created_at=Newest())["created_at"] == "2021-01-01T00:00:00Z"
    complete = golden_of(report, system=MostComplete())
    own = golden_of(report, system=SurvivorsOwn())
    assert complete["system"] == own["system"] == PEOPLE["system"][PEOPLE["id"].index(own["id"])]


def test_a_column_that_is_not_there_is_refused_with_a_hint(report):
    with pytest.raises(SchemaError, match="did you mean 'email'"):
        report.merge(survivorship={"emial": Longest()})


def test_the_log_says_which_rule_chose_and_who_merged(report):
    _, log = report.merge(by="ann", reason="cleanup", survivorship={"email": Longest()})
    rules = {change.path: change.rule for change in log}
    assert rules["email"] == "Longest()"
    assert {change.by for change in log} == {"ann"}
    assert all(change.confidence > 0.5 for change in log if change.kind == "merge")


def test_without_duplicates_nothing_changes():
    alone = {name: values[2:] for name, values in PEOPLE.items()}
    golden, log = Matcher.contacts().dedupe(alone).merge()
    assert golden == alone
    assert len(log) == 0


def kinds(columns):
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return {
        "mapping": columns,
        "records": rows,
        "recordset": RecordSet(columns),
        "pandas": pd.DataFrame(columns).set_index(pd.Index([f"r{k}" for k in range(len(rows))])),
        "polars": pl.DataFrame(columns),
        "arrow": pa.table(columns),
    }


@pytest.mark.parametrize("kind", ["mapping", "records", "recordset", "pandas", "polars", "arrow"])
def test_merging_and_reverting_gives_the_input_back_in_every_kind_of_frame(kind):
    data = kinds(generate.contacts(300, seed=5).columns)[kind]
    report = Matcher.contacts().dedupe(data)
    golden, log = report.merge()
    assert type(golden) is type(data)
    assert len(log) > 0
    back = log.revert(golden)
    if kind == "pandas":
        pd.testing.assert_frame_equal(back, data)
    elif kind == "polars":
        assert back.equals(data)
    else:
        assert back == data


def test_every_cluster_has_one_golden_record_in_input_order():
    columns = generate.contacts(400, seed=9).columns
    report = Matcher.contacts().dedupe(columns)
    golden, _ = report.merge()
    assert len(golden["id"]) == len(report.cluster_sizes)
    place = {record_id: row for row, record_id in enumerate(columns["id"])}
    kept = [place[record_id] for record_id in golden["id"]]
    assert kept == sorted(kept)
    assert {int(report.labels[row]) for row in kept} == set(range(len(kept)))


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (("HasOptedOutOfEmail", "DoNotCall"), {"HasOptedOutOfEmail": "1", "DoNotCall": "true"}),
        (("Unsubscribed", "Do not call"), {"Unsubscribed": "1", "Do not call": "true"}),
        (("退订", "免打扰"), {"退订": "1", "免打扰": "true"}),
    ],
)
def test_a_refusal_survives_whichever_record_is_newer(columns, expected):
    first = {
        "id": "a",
        "FirstName": "Robert",
        "LastName": "Stone",
        "Email": "rs17@example.org",
        "Phone": "+12025550123",
    }
    rows = [
        first | {"LastModifiedDate": "2020-01-01T00:00:00Z", columns[0]: "1", columns[1]: "false"},
        first | {"id": "b", "LastModifiedDate": "2024-01-01T00:00:00Z", columns[0]: "0", columns[1]: "true"},
        first | {"id": "c", "LastModifiedDate": "2025-01-01T00:00:00Z", columns[0]: "0", columns[1]: "false"},
    ]
    golden, _ = Matcher.contacts().dedupe(rows).merge()
    assert len(golden) == 1
    assert {name: golden[0][name] for name in expected} == expected


def test_a_consent_that_was_refused_is_not_given_by_a_merge():
    person = {"first_name": "Robert", "last_name": "Stone", "email": "rs17@example.org", "phone": "+12025550123"}
    rows = [{"id": "a", **person, "consent": "No"}, {"id": "b", **person, "consent": "Yes"}]
    report = Matcher.contacts().dedupe(rows)
    assert report.merge()[0][0]["consent"] == "No"
    assert report.merge(survivorship={"consent": RefusalWins("yes")})[0][0]["consent"] == "Yes"


def merged(**values):
    """The golden record of two records that are surely one person."""
    rows = len(next(iter(values.values())))
    table = {
        "id": [str(row) for row in range(rows)],
        "name": ["Ann Lee"] * rows,
        "birth_date": ["1970-03-04"] * rows,
        "mobile": ["+12125550123"] * rows,
        **values,
    }
    golden, log = Matcher.contacts().dedupe(table).merge()
    assert len(golden["id"]) == 1
    assert log.revert(golden) == table
    return {name: column[0] for name, column in golden.items()}


def test_a_later_value_that_cannot_be_right_survives_no_good_one():
    days = ["2024-01-01", "2024-06-01"]
    assert merged(email=["ann@lee.example", "noemail"], updated_at=days)["email"] == "ann@lee.example"
    assert merged(email=["ann@lee.example", "none@none.com"], updated_at=days)["email"] == "ann@lee.example"
    assert merged(phone=["+12125550188", "unknown"], updated_at=days)["phone"] == "+12125550188"
    assert merged(phone=["+13038210548", "3.03821E+09"], updated_at=days)["phone"] == "+13038210548"
    assert merged(city=["Austin", "???"], updated_at=days)["city"] == "Austin"
    assert merged(company=["Globex Corporation", "n/a"], updated_at=days)["company"] == "Globex Corporation"


def test_an_empty_date_of_a_program_survives_no_birth_date():
    assert merged(birth_date=["3/14/1970", "0/0/00"])["birth_date"] == "3/14/1970"


def test_a_value_that_cannot_be_right_stays_where_there_is_no_other():
    assert merged(email=["noemail", None], updated_at=["2024-01-01", "2024-06-01"])["email"] == "noemail"


@pytest.mark.parametrize(
    ("kind", "value", "score"),
    [
        ("email", "ann@example.com", 1.0), ("email", "none@none.com", 0.0), ("email", "noemail", 0.0),
        ("phone", "+14155550123", 1.0), ("phone", "0171 1234567", 0.5), ("phone", "1.3E+10", 0.0),
        ("phone", "n/a", 0.0),
        ("date", "1970-03-04", 1.0), ("date", "3/4/1970", 1.0), ("date", "1900-01-01", 0.0), ("date", "0/0/00", 0.0),
        ("person", "Ann", 1.0), ("person", "ann", 0.9), ("person", "LEE", 1.0),
        ("person", "test", 0.0), ("company", "华为技术有限公司", 1.0), ("company", "无", 0.0),
        ("text", "???", 0.0), ("text", "7", 1.0), ("text", "Oslo", 1.0), ("number", "Oslo", 1.0),
    ],
)  # fmt: skip
def test_what_can_be_right_is_judged_by_the_form_of_the_field(kind, value, score):
    members = Members(frames.read({"x": [value, None]}), np.array([0, 1]), np.array([0, 0]))
    assert WellFormed(kind).scores(members, "x").tolist() == [score, 0.5]


@pytest.mark.parametrize(
    ("columns", "pairs"),
    [
        ({"Amount": ["1,234.50", "990,000.25"], "Currency": ["USD", "JPY"]}, ("Amount", "Currency")),
        ({"Account ID": ["0015g00000AAAAA", "0015g00000AAAAB"], "Account Name": ["Acme", "Globex Corporation"]},
         ("Account ID", "Account Name")),
        ({"Owner ID": ["005A", "005B"], "Owner Name": ["Al Long", "Roberta Longname"]}, ("Owner ID", "Owner Name")),
        ({"Company": ["Globex Corporation International", "Acme"], "Job Title": ["VP", "Senior Director of Sales"]},
         ("Company", "Job Title")),
    ],
)  # fmt: skip
def test_what_means_something_only_together_comes_from_one_record(columns, pairs):
    one = merged(email=["ann@lee.example"] * 2, **columns)
    assert tuple(one[name] for name in pairs) in set(zip(*(columns[name] for name in pairs), strict=True))


def test_of_two_ways_to_write_a_name_the_careful_one_stays():
    people = {
        "id": ["1", "2"], "first_name": ["john", "John"], "last_name": ["SMITH", "Smith"],
        "email": ["john.smith@example.com"] * 2,
    }  # fmt: skip
    golden, _ = Matcher.contacts().dedupe(people).merge()
    assert (golden["first_name"], golden["last_name"]) == (["John"], ["Smith"])
