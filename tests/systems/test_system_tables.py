from __future__ import annotations

import copy
import tomllib
from importlib import resources
from typing import Any

import attrs
import pytest

from crmkit import records, systems
from crmkit.errors import FormatError, NotFoundError
from crmkit.systems import fold_header

CLASSES = {
    "contact": records.Contact,
    "account": records.Account,
    "lead": records.Lead,
    "deal": records.Deal,
    "activity": records.Activity,
}
EXPECTED = {
    *("dynamics", "freshsales", "fxiaoke", "google_contacts", "hubspot", "insightly", "neocrm", "nutshell", "outlook"),
    *("pipedrive", "salesforce", "sugarcrm", "vcard", "zoho"),
}
PAIRS = [(name, kind) for name in systems.names() for kind in systems.get(name).objects]


def read(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files("crmkit").joinpath("data", "systems", name).read_text(encoding="utf-8"))


def test_every_system_loads() -> None:
    assert set(systems.names()) == EXPECTED
    assert all(systems.get(name).objects for name in systems.names())


def test_an_unknown_system_is_an_error_with_a_suggestion() -> None:
    with pytest.raises(NotFoundError, match="did you mean 'salesforce'"):
        systems.get("salesforec")


@pytest.mark.parametrize(("name", "kind"), PAIRS)
def test_every_fact_has_a_listed_source_and_every_canonical_name_exists(name: str, kind: Any) -> None:
    system = systems.get(name)
    known = systems.canonical_fields()
    for field in system.objects[kind].fields:
        assert field.source in system.sources
        assert field.label_source in system.sources
        assert field.canonical is None or field.canonical in known
        assert field.trap is None or field.trap in systems.TRAPS
        assert field.confirmed <= (system.sources[field.source][0] in {"P", "S"})
        assert field.max_length is None or field.max_length > 0


@pytest.mark.parametrize(("name", "kind"), PAIRS)
def test_no_two_fields_of_an_object_share_a_header(name: str, kind: Any) -> None:
    folded = [{fold_header(header) for header in field.headers} for field in systems.get(name).objects[kind].fields]
    assert sum(map(len, folded)) == len(set().union(*folded))


@pytest.mark.parametrize(("name", "kind"), PAIRS)
def test_every_object_has_something_to_recognise_a_record_by(name: str, kind: Any) -> None:
    canonical = {field.canonical for field in systems.get(name).objects[kind].fields}
    assert canonical & {"full_name", "family_name", "name", "subject", "body", "contact_id"}


@pytest.mark.parametrize("kind", systems.KINDS)
def test_canonical_fields_of_a_kind_are_fields_of_its_record_class(kind: Any) -> None:
    of_kind = {field.name for field in systems.canonical_fields().values() if kind in field.kinds}
    assert of_kind <= {field.name for field in attrs.fields(CLASSES[kind])}


@pytest.mark.parametrize(
    ("system", "kind", "header", "trap"),
    [
        ("salesforce", "contact", "AssistantPhone", "assistant"),
        ("salesforce", "contact", "ReportsToId", "superior"),
        ("salesforce", "contact", "OwnerId", "owner"),
        ("salesforce", "account", "Account Site", "place_label"),
        ("salesforce", "account", "Parent Account", "parent"),
        ("hubspot", "contact", "Associated Company", "linked_account"),
        ("dynamics", "contact", "company", "company_phone"),
        ("dynamics", "contact", "_parentcustomerid_value", "linked_account"),
        ("zoho", "contact", "Reporting To", "superior"),
        ("pipedrive", "contact", "Person - Organization", "linked_account"),
        ("pipedrive", "deal", "Deal - Title", "deal_title"),
        ("outlook", "contact", "Company Main Phone", "company_phone"),
        ("fxiaoke", "account", "created_by", "author"),
    ],
)
def test_columns_that_name_somebody_else_are_marked(system: str, kind: Any, header: str, trap: str) -> None:
    field = systems.field_of(system, kind, header)
    assert field is not None
    assert field.trap == trap
    assert field.canonical not in {"website", "email", "phone", "mobile"}


@pytest.mark.parametrize(
    ("system", "kind", "canonical", "limit"),
    [
        ("salesforce", "contact", "given_name", 40),
        ("salesforce", "contact", "family_name", 80),
        ("salesforce", "lead", "company_name", 255),
        ("dynamics", "contact", "family_name", 50),
        ("dynamics", "lead", "mobile", 20),
        ("zoho", "contact", "phone", 30),
        ("zoho", "lead", "company_name", 100),
        ("hubspot", "contact", "given_name", None),
    ],
)
def test_limits_are_those_that_the_sources_give(system: str, kind: Any, canonical: str, limit: int | None) -> None:
    field = systems.get(system).objects[kind].by_canonical(canonical)
    assert field is not None
    assert field.max_length == limit


def test_one_label_means_different_things_in_different_systems() -> None:
    def canonical(system: str, kind: Any, header: str) -> str | None:
        field = systems.field_of(system, kind, header)
        assert field is not None
        return field.canonical

    assert canonical("salesforce", "contact", "Title") == "job_title"
    assert canonical("outlook", "contact", "Title") == "prefix"
    assert canonical("pipedrive", "deal", "Deal - Title") == "name"
    assert canonical("salesforce", "lead", "Company") == "company_name"
    assert canonical("dynamics", "contact", "Company") is None


BREAKS = {
    "an unlisted source": lambda row: row.update(source="XX"),
    "no source": lambda row: row.pop("source"),
    "an unknown canonical field": lambda row: row.update(canonical="emial"),
    "an unknown trap": lambda row: row.update(trap="nobody"),
    "an unknown key": lambda row: row.update(lenght=3),
    "a header twice": lambda row: row.update(aliases=["Last Name"]),
}


@pytest.mark.parametrize("what", BREAKS)
def test_a_table_that_does_not_hold_together_is_refused(what: str) -> None:
    document = copy.deepcopy(read("salesforce.toml"))
    BREAKS[what](document["shared"]["person"][0])
    with pytest.raises(FormatError, match="salesforce"):
        systems.parse(document, location="salesforce.toml")


@pytest.mark.parametrize(
    "change",
    [
        {"times": {"family": "sundial", "source": "SF1"}},
        {"times": {"family": "iso-z", "source": "XX"}},
        {"sources": {"SF1": {"mark": "A", "text": "?"}}},
        {"objects": {"invoice": {"name": "Invoice", "fields": []}}},
    ],
)
def test_a_table_with_an_unknown_family_mark_or_kind_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(FormatError, match=r"salesforce\.toml"):
        systems.parse(read("salesforce.toml") | change, location="salesforce.toml")


def test_every_table_says_where_when_and_under_which_licence() -> None:
    folder = resources.files("crmkit").joinpath("data", "systems")
    tables = [*folder.iterdir(), resources.files("crmkit").joinpath("data", "canonical.toml")]
    for table in tables:
        head = table.read_text(encoding="utf-8").split("format = 1")[0]
        assert {"Source:", "Date:", "Licence:", "To refresh:"} <= set(head.replace("# ", " ").split()) | {
            word for word in ("To refresh:",) if word in head
        }, table.name


def test_unknown_field_of_an_object_is_an_error_with_a_suggestion() -> None:
    with pytest.raises(NotFoundError, match="did you mean 'FirstName'"):
        systems.get("salesforce").objects["contact"].field("FristName")
