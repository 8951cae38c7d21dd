"""What a vendor's rules would find, and what crmkit finds beside it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.errors import InvalidValueError, NotFoundError, SchemaError
from crmkit.matching import VENDORS, Condition, DuplicateRules, Matcher, Same, Similar, compare_runs, vendor_rules
from crmkit.testing import generate
from crmkit.typing import RecordKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Person = dict[str, str | None]


def pairs(name: str, people: list[Person], kind: RecordKind = "contact") -> set[tuple[str, str]]:
    numbered = [{"id": chr(97 + place), **one} for place, one in enumerate(people)]
    return {(pair["left"], pair["right"]) for pair in vendor_rules(name, kind).find(numbered, key="id").pairs}


def test_pipedrive_needs_the_same_name_and_one_thing_more() -> None:
    people: list[Person] = [
        {"full_name": "Ann Lee", "email": "ann@a.example", "phone": "415 555 0123", "company_name": "Acme"},
        {"full_name": "ANN  LEE", "email": None, "phone": "(415) 555-0123", "company_name": None},
        {"full_name": "Ann Lee", "email": "ann.lee@b.example", "phone": None, "company_name": "acme"},
        {"full_name": "Anne Lee", "email": "ann@a.example", "phone": None, "company_name": "Acme"},
        {"full_name": "Ann Lee", "email": None, "phone": None, "company_name": None},
    ]
    assert pairs("pipedrive", people) == {("a", "b"), ("a", "c")}


def test_insightly_finds_no_nickname_and_no_initial() -> None:
    people: list[Person] = [
        {"given_name": "Robert", "family_name": "Lee", "email": "bob@a.example"},
        {"given_name": "Bob", "family_name": "Lee", "email": "bob@a.example"},
        {"given_name": "robert", "family_name": "lee", "email": "BOB@a.example"},
    ]
    assert pairs("insightly", people) == {("a", "c")}
    assert pairs("insightly", people, "lead") == {("a", "b"), ("a", "c"), ("b", "c")}


def test_hubspot_takes_secondary_addresses_and_zoho_does_not() -> None:
    people: list[Person] = [
        {"family_name": "Lee", "email": "ann@a.example", "email_2": "lee@b.example"},
        {"family_name": "Berg", "email": "lee@b.example", "email_2": None},
    ]
    assert pairs("hubspot", people) == {("a", "b")}
    assert pairs("zoho", people) == set()


def test_salesforce_keys_come_first_and_then_its_equation() -> None:
    columns = ("given_name", "family_name", "email", "company_name", "phone")
    people: list[Person] = [
        dict(zip(columns, values, strict=True))
        for values in [
            ("Jon", "Doe", "john_doe@us.ibm.example", "IBM", None),
            ("Jonathan", "Doe", "john_doe@us.ibm.example", None, None),
            ("Jonathan", "Doe", "johndoe@ibm.example", None, None),
            (None, "Doe", "john_doe@us.ibm.example", None, None),
            ("Raj", "Rao", "rao@a.example", None, "415-555-0123"),
            ("Raj", "Rao", "raj@b.example", None, "1 (415) 555-0123"),
        ]
    ]
    found = pairs("salesforce", people)
    assert ("a", "b") in found, "a name variant with an equal address"
    assert ("a", "c") not in found, "the key drops separators and subdomains, equality is on the full address"
    assert ("a", "d") in found, "a blank first name is ignored beside an e-mail"
    assert ("e", "f") not in found, "digits with a leading 1 are others; the key alone drops it"


BASE: Person = {
    "given_name": "Ann", "family_name": "Lee", "email": None, "phone": None, "street": None, "city": None,
    "postal_code": None, "job_title": None, "company_name": None,
}  # fmt: skip
FULL: Person = {
    "email": "ann@a.example", "phone": "415 555 0123", "street": "1 Main St", "city": "Springfield",
    "postal_code": "62701", "job_title": "Chief Executive Officer", "company_name": "Advanced Micro Devices",
}  # fmt: skip


def salesforce(shared: tuple[str, ...], one: Person, two: Person) -> bool:
    """Whether two people who have the same in some columns, and a phone or company for the key, are duplicates."""
    same = {name: FULL[name] for name in shared}
    return bool(pairs("salesforce", [BASE | same | one, BASE | same | two]))


@pytest.mark.parametrize(
    ("shared", "found"),
    [
        (("email",), True), (("phone",), True), (("street", "city", "company_name"), True),
        (("street", "postal_code", "company_name"), True), (("street", "job_title", "company_name"), True),
        (("job_title", "company_name"), True), (("company_name",), False), (("street", "company_name"), False),
        (("city", "postal_code", "company_name"), False), (("job_title",), False), ((), False),
    ],
)  # fmt: skip
def test_salesforce_equation_one_group_after_the_other(shared: tuple[str, ...], found: bool) -> None:
    assert salesforce(shared, {}, {}) is found
    assert salesforce(shared, {"given_name": "Zoe"}, {}) is False
    assert salesforce(shared, {"family_name": "Berg"}, {}) is False


@pytest.mark.parametrize(
    ("one", "two", "found"),
    [
        ({"given_name": "Jon"}, {"given_name": "Jonathan"}, True),
        ({"given_name": "Raj"}, {"given_name": "Rajesh"}, False),
        ({"given_name": "A."}, {"given_name": "ANN"}, True),
        ({"given_name": "Lee", "family_name": "Ann"}, {}, True),
        ({"given_name": None}, {}, True),
        ({"family_name": None}, {}, False),
        ({"given_name": "Lee", "family_name": None}, {}, False),
    ],
)
def test_salesforce_names_beside_an_equal_address(one: Person, two: Person, found: bool) -> None:
    assert salesforce(("email",), one, two) is found


def test_salesforce_a_blank_first_name_is_ignored_beside_an_address_alone() -> None:
    assert salesforce(("phone",), {"given_name": None}, {}) is False


def test_salesforce_titles_and_companies_by_their_initials() -> None:
    both = ("job_title", "company_name")
    assert salesforce(both, {"job_title": "CEO", "phone": "4155550100"}, {"phone": "4155550199"})
    assert not salesforce(both, {"job_title": "Chief Executive"}, {}), "a title is equal or an acronym, not alike"
    assert salesforce(both, {"company_name": "AMD", "phone": "4155550100"}, {"phone": "4155550199"})


@pytest.mark.parametrize(
    ("field", "form", "raw", "key"),
    [
        ("email", "e-mail key", "john_doe@us.ibm.com", "johndoe@ibm.com"),
        ("email", "e-mail key", "John.Doe@ibm.com", "johndoe@ibm.com"),
        ("email", "e-mail domain", "x@mail.salesforce.com", "salesforce.com"),
        ("given_name", "initial", "Marc", "m"),
        ("company_name", "company key", "Salesforce, Inc.", "sales"),
        ("company_name", "company key", "Advanced Micro Devices", "advanmicro"),
        ("phone", "phone key", "1 (415) 555-5123", "415555"),
        ("phone", "phone key", "415-555-5123", "415555"),
    ],
)
def test_salesforce_match_keys_are_those_of_its_examples(field: str, form: str, raw: str, key: str) -> None:
    assert any(one.form == form for each in vendor_rules("salesforce").keys for one in each.criteria)  # type: ignore[union-attr]
    assert Same(field, form=form).key(raw) == key


def test_salesforce_compares_only_what_shares_a_key() -> None:
    people = [{"given_name": "Ann", "family_name": name, **FULL, "email": None} for name in ("Lee", "Bee")]
    people[0]["phone"], people[1]["phone"] = "212 555 0123", "415 555 0123"
    assert pairs("salesforce", people) == set(), "Lee and Bee sound unlike"


@pytest.mark.parametrize(
    ("shared", "found"),
    [
        ({"email": "a@a.example"}, True), ({"phone": "415 555 0123"}, True), ({"company_name": "Acme"}, True),
        ({}, False),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("vendor", "kind"), [("pipedrive", "contact"), ("insightly", "contact"), ("insightly", "lead")]
)
def test_a_name_and_any_of_three(vendor: str, kind: RecordKind, shared: Person, found: bool) -> None:
    people = [BASE | shared, BASE | {"given_name": "ANN"} | shared]
    assert bool(pairs(vendor, people, kind)) is found
    other = [BASE | shared, BASE | {"family_name": "Berg"} | shared]
    assert bool(pairs(vendor, other, kind)) is (kind == "lead" and "email" in shared)


def test_insightly_takes_any_phone_but_that_of_an_assistant() -> None:
    columns = ("CONTACT_ID", "FIRST_NAME", "LAST_NAME", "PHONE", "PHONE_MOBILE", "PHONE_ASSISTANT")
    found = vendor_rules("insightly").find(
        [
            dict(zip(columns, row, strict=True))
            for row in [
                ("1", "Ann", "Lee", "4155550123", None, None), ("2", "Ann", "Lee", None, "(415) 555-0123", None),
                ("3", "Ann", "Lee", None, None, "4155550123"),
            ]
        ]
    )  # fmt: skip
    assert [(pair["left"], pair["right"]) for pair in found.pairs] == [("1", "2")]


def test_pipedrive_on_its_own_export_of_organizations() -> None:
    columns = ("Organization - ID", "Organization - Name", "Organization - Address")
    rows = [("1", "Acme", "1 Main St, Springfield"), ("2", "acme", "1 Main St, Springfield"), ("3", "Acme", "9 Elm St")]
    found = vendor_rules("pipedrive", "account").find([dict(zip(columns, row, strict=True)) for row in rows])
    assert [(pair["left"], pair["right"]) for pair in found.pairs] == [("1", "2")]
    assert "without what the table does not have: name and street" in found.notes
    same = {"name": "Acme", "street": "1 Main St"}
    assert pairs("pipedrive", [same | {"city": "Oslo"}, same | {"city": "Bergen"}], "account") == set()


def test_hubspot_takes_the_primary_domain_of_its_own_export_and_no_other() -> None:
    columns = ("Record ID", "Company name", "Company Domain Name", "Website URL", "Lifecycle Stage", "Company owner")
    rows = [
        ("1", "Acme", "acme.example", "https://shop.example", None, None),
        ("2", "Acme Ltd", "www.acme.example", None, None, None),
        ("3", "Shop", "shop.example", "https://acme.example", None, None),
    ]
    found = vendor_rules("hubspot", "account").find([dict(zip(columns, row, strict=True)) for row in rows])
    assert [(pair["left"], pair["right"]) for pair in found.pairs] == [("1", "2")]


@pytest.mark.parametrize("kind", ["contact", "lead", "account"])
def test_dynamics_and_zoho_compare_exactly(kind: RecordKind) -> None:
    name = {"name": "Acme"} if kind == "account" else {"family_name": "Lee"}
    mail = [{**name, "email": "ann@a.example"}, {**name, "email": "ANN@a.example"}, {**name, "email": "anne@a.example"}]
    everyone = {("a", "b"), ("a", "c"), ("b", "c")}
    assert pairs("dynamics", mail, kind) == (everyone if kind == "account" else {("a", "b")})
    assert pairs("zoho", mail, kind) == (everyone if kind == "account" else {("a", "b")})


@pytest.mark.parametrize(
    ("one", "two", "found"),
    [
        ({"name": "Acme"}, {"name": "ACME"}, True),
        ({"name": "Acme", "duns": "15-048-3782"}, {"name": "Other", "duns": "150483782"}, True),
        ({"name": "Acme", "city": "Spring"}, {"name": "Acme Tools", "city": "Springfield"}, True),
        ({"name": "Acme", "city": "Oslo"}, {"name": "Acme Tools", "city": "Bergen"}, False),
        ({"name": "Acme"}, {"name": "Acme Tools"}, False),
        ({"name": "Acme", "city": "Oslo"}, {"name": "The Acme", "city": "Oslo"}, False),
    ],
)
def test_sugar_accounts_one_rule_after_the_other(one: Person, two: Person, found: bool) -> None:
    empty: Person = dict.fromkeys(("name", "duns", "city"))
    assert bool(pairs("sugar", [empty | one, empty | two], "account")) is found


@pytest.mark.parametrize("city", ["billing_address_city", "shipping_address_city"])
def test_sugar_looks_at_the_city_of_either_address(city: str) -> None:
    cities: Person = {"billing_address_city": "Oslo", "shipping_address_city": None}
    people = [{"name": "Acme", **cities, city: "Spring"}, {"name": "Acme Tools", **cities, city: "Springfield"}]
    people[1]["billing_address_city"] = people[1]["billing_address_city"].replace("Oslo", "Bergen")
    assert pairs("sugar", people, "account") == {("a", "b")}


def test_dynamics_criteria_that_installations_use() -> None:
    three = (Same("family_name", form="cased text", first=3), Same("phone", last=4), Same("city", blank=True))
    rules = DuplicateRules(name="ours", kind="contact", conditions=(Condition(*three),))
    rows = [("1", "Leeson", "5550123", None), ("2", "Leeds", "7770123", None), ("3", "leeds", "7770123", None),
            ("4", "Leeds", "7770123", "Oslo")]  # fmt: skip
    people = [dict(zip(("id", "family_name", "phone", "city"), row, strict=True)) for row in rows]
    assert [(pair["left"], pair["right"]) for pair in rules.find(people).pairs] == [("1", "2")]
    with pytest.raises(InvalidValueError, match="everything with everything"):
        DuplicateRules(name="x", kind="contact", conditions=(Condition(Same("city", blank=True)),))
    with pytest.raises(InvalidValueError, match="about one field"):
        Same(("city", "region"), blank=True)


def test_accounts_by_name_address_and_domain() -> None:
    accounts: list[Person] = [
        {"name": "Acme", "website": "https://www.acme.example/about", "street": "1 Main St", "city": "Springfield"},
        {"name": "ACME", "website": "shop.acme.example", "street": "1 Main St", "city": "Springfield"},
        {"name": "Acme Tools", "website": "acme.example", "street": "2 Oak Ave", "city": "Spring"},
        {"name": "Acme", "website": None, "street": "9 Elm St", "city": "Shelbyville"},
    ]
    assert pairs("pipedrive", accounts, "account") == {("a", "b")}
    assert pairs("hubspot", accounts, "account") == {("a", "c")}
    assert pairs("insightly", accounts, "account") == {("a", "b"), ("a", "d"), ("b", "d")}
    assert pairs("sugar", accounts, "account") == {("a", "b"), ("a", "d"), ("b", "d"), ("a", "c"), ("b", "c")}


def test_what_is_not_documented_is_not_made_up() -> None:
    with pytest.raises(NotFoundError, match="not documented; known are account"):
        vendor_rules("sugar", "contact")
    with pytest.raises(NotFoundError, match="did you mean 'salesforce'"):
        vendor_rules("saleforce")
    for name, kinds in VENDORS.items():
        for kind in kinds:
            rules = vendor_rules(name, kind)
            assert rules.source
            assert str(rules).startswith(f"{name}, {kind}: two records are duplicates if they agree on")
    assert {kind for kinds in VENDORS.values() for kind in kinds} <= set(get_args(RecordKind))


def test_a_condition_whose_field_is_missing_is_left_out_with_a_note() -> None:
    people = [{"id": k, "full_name": "Ann Lee", "email": f"{k}@a.example"} for k in range(2)]
    found = vendor_rules("pipedrive").find(people)
    assert found.used == ("full_name and email or email_2",)
    assert sum("not used" in note for note in found.notes) == 2
    assert found.ok
    assert found.counts() == {"records": 2, "clusters": 2, "duplicates": 0, "pairs": 0}
    with pytest.raises(SchemaError, match="no condition of 'pipedrive' finds its columns"):
        vendor_rules("pipedrive").find([{"id": 1, "full_name": "Ann Lee"}])
    with pytest.raises(TypeError):
        bool(found)


@pytest.mark.parametrize(
    ("make", "error"),
    {
        "form": (lambda: Same("email", form="emial"), NotFoundError),
        "no characters": (lambda: Same("email", first=0), InvalidValueError),
        "measure": (lambda: Similar("city", measure="near"), NotFoundError),
        "no criterion": (lambda: Condition(), InvalidValueError),
        "no condition": (lambda: DuplicateRules(name="x", kind="contact", conditions=()), InvalidValueError),
        "everything with everything": (
            lambda: DuplicateRules(name="x", kind="contact", conditions=(Condition(Similar("city", measure="title")),)),
            InvalidValueError,
        ),
    }.values(),
    ids=["form", "no characters", "measure", "no criterion", "no condition", "everything with everything"],
)
def test_rules_that_cannot_work_are_refused(make: Callable[[], object], error: type[Exception]) -> None:
    with pytest.raises(error):
        make()


_TEXTS = st.sampled_from(["ann", "Ann ", "bo", "annie", "b", "", "1"]) | st.none()
_ROWS = st.lists(
    st.fixed_dictionaries({"full_name": _TEXTS, "email": _TEXTS, "email_2": _TEXTS, "city": _TEXTS}),
    min_size=1,
    max_size=9,
)


@settings(max_examples=60, deadline=None)
@given(_ROWS)
def test_pairs_and_clusters_are_those_of_comparing_everything_with_everything(
    rows: list[Mapping[str, str | None]],
) -> None:
    one = Condition(Same(("email", "email_2"), first=2), Similar("city", measure="first name", least=85))
    two = Condition(Same("full_name", form="cased text", last=2))
    rules = DuplicateRules(name="twin", kind="contact", conditions=(one, two))
    filled = [{"id": -1, "full_name": "zz", "email": "zy@z.example", "email_2": "zx@z.example", "city": "zw"}]
    table = [*filled, *({"id": place, **row} for place, row in enumerate(rows))]

    def texts(row: Mapping[str, object], criterion: Same) -> set[str]:
        found = (row[field] for field in criterion.fields)
        return {key for text in found if text is not None and (key := criterion.key(str(text)))}

    def holds(condition: Condition, a: Mapping[str, object], b: Mapping[str, object]) -> bool:
        return all(
            bool(texts(a, each) & texts(b, each))
            if isinstance(each, Same)
            else each.holds(a[each.field], b[each.field])  # type: ignore[arg-type]
            for each in condition.criteria
        )

    found = rules.find(table, key="id")
    want = {}
    for a, b in itertools.combinations(table, 2):
        met = [str(condition) for condition in (one, two) if holds(condition, a, b)]
        if met:
            want[a["id"], b["id"]] = met[0]
    assert {(pair["left"], pair["right"]): pair["condition"] for pair in found.pairs} == want
    labels = dict(zip(found.record_ids, found.labels.tolist(), strict=True))
    assert all(labels[a] == labels[b] for a, b in want)
    assert len(set(labels.values())) >= len(table) - len(want)


def test_a_placeholder_that_half_the_file_shares_stays_cheap() -> None:
    people = [{"id": k, "full_name": f"P{k}", "email": "none@none.example"} for k in range(3_000)]
    found = vendor_rules("hubspot").find(people, key="id")
    assert found.counts() == {"records": 3_000, "clusters": 1, "duplicates": 2_999, "pairs": 2_999}
    assert any("more than 400 records" in note for note in found.notes)


def test_a_vendor_and_crmkit_are_compared_on_the_same_file() -> None:
    known = generate.contacts(400, seed=2)
    theirs = vendor_rules("hubspot").find(known.columns)
    ours = Matcher.contacts().dedupe(known.columns)
    said = compare_runs(theirs, ours, known.truth.tolist())
    assert said.gained_right is not None
    assert said.gained_right > 0
    assert said.kept_pairs > 0
    assert "pairs gained" in str(said)
    assert theirs.to_dict()["rules"] == "hubspot"
    assert "hubspot" in theirs._repr_html_()
