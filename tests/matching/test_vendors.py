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
